package unleak;

import com.amazonaws.secretsmanager.caching.SecretCache;
import java.util.Objects;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/** Secrets of AWS Secrets Manager, read when they are asked for and cached. */
public final class Secrets {
    private static final SecretCache CACHE = new SecretCache();

    private Secrets() {
    }

    /** The current value of a secret. */
    public static String get(String name) {
        return Objects.requireNonNull(CACHE.getSecretString(name), () -> "the secret " + name + " is not text");
    }

    /** The current value of one key of a secret's JSON. */
    public static String get(String name, String key) {
        JsonNode value = JsonNode.parser().parse(get(name)).asObject().get(key);
        return Objects.requireNonNull(value, () -> "the secret " + name + " has no key " + key).asString();
    }
}
