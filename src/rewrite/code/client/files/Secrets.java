package unleak;

import com.amazonaws.secretsmanager.caching.SecretCache;
import java.io.UnsupportedEncodingException;
import java.net.URLEncoder;
import java.util.Map;
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

    /** The connection URL of a secret with the standard fields of a database. */
    public static String url(String scheme, String name) {
        Map<String, JsonNode> fields = JsonNode.parser().parse(get(name)).asObject();
        JsonNode port = fields.get("port");
        String address = get(name, "host");
        if (port != null) {
            address += ":" + (port.isNumber() ? port.asNumber() : port.asString());
        }
        if (fields.containsKey("dbname")) {
            address += "/" + get(name, "dbname");
        }
        return scheme + "://" + encoded(get(name, "username")) + ":" + encoded(get(name, "password")) + "@" + address;
    }

    private static String encoded(String part) {
        try {
            return URLEncoder.encode(part, "UTF-8").replace("+", "%20");
        } catch (UnsupportedEncodingException error) {
            throw new IllegalStateException(error);
        }
    }
}
