package unleak

import com.amazonaws.secretsmanager.caching.SecretCache
import software.amazon.awssdk.protocols.jsoncore.JsonNode

private val cache = SecretCache()

/** The current value of a secret of AWS Secrets Manager, or of one key of its JSON: read when it is asked for, and cached. */
fun secret(name: String, key: String? = null): String {
    val value = cache.getSecretString(name) ?: error("the secret $name is not text")
    if (key == null) return value
    val found = JsonNode.parser().parse(value).asObject()[key] ?: error("the secret $name has no key $key")
    return found.asString()
}
