//! The words of names and values. Owns: data. Must not: decide what follows from a word.

/// Words after the class that turn the name into something about a credential.
#[rustfmt::skip]
pub(super) const ABOUT: &[&str] = &[
    "action", "age", "alg", "algo", "algorithm", "allowed", "api", "arg", "args", "arn", "array", "at", "attempts", "audience",
    "authenticator", "authority", "board", "body", "box", "broker", "builder", "button", "callback", "chain", "change", "changed", "check",
    "checker", "class", "code", "codes", "column", "command", "config", "configuration", "context", "count", "created", "date", "desc",
    "description", "details", "dialog", "dir", "directory", "disabled", "domain", "down", "duration", "empty", "enabled", "encoder",
    "encoding", "endpoint", "entry", "err", "error", "errors", "eval", "event", "exception", "exists", "exp", "expiration", "expire",
    "expired", "expires", "expiry", "factory", "failed", "failure", "field", "fields", "file", "filename", "files", "fingerprint", "flag",
    "folder", "form", "format", "func", "function", "generation", "generator", "group", "handler", "header", "headers", "help", "helper",
    "hint", "host", "icon", "id", "identifier", "ids", "idx", "image", "index", "info", "input", "issued", "issuer", "iterations", "kid",
    "kind", "label", "len", "length", "level", "lifetime", "limit", "link", "list", "listener", "location", "logger", "manager", "map",
    "mapping", "mask", "match", "max", "message", "messages", "method", "min", "mode", "module", "msg", "name", "named", "names",
    "needed", "num", "number", "object", "offset", "option", "options", "owner", "pad", "page", "param", "parameter", "params", "parser",
    "path", "paths", "pattern", "permission", "permissions", "phrases", "placeholder", "plugin", "policy", "port", "position", "prefix",
    "present", "press", "pressed", "program", "prompt", "properties", "property", "provided", "provider", "reason", "reasons", "ref", "reference", "refs",
    "regex", "regexp", "region", "request", "required", "requirements", "reset", "resource", "response", "retries", "ring", "role",
    "rotation", "rounds", "rule", "rules", "schema", "scheme", "scope", "scopes", "screen", "script", "selector", "separator", "server", "service",
    "settings", "size", "source", "spec", "state", "status", "stdin", "store", "stored", "strategy", "strength", "success", "suffix", "table",
    "tag", "target", "template", "test", "through", "thru", "time", "timeout", "title", "tooltip", "ttl", "type", "types", "up", "updated", "uri", "url",
    "urls", "usage", "user", "username", "users", "using", "util", "utils", "valid", "validation", "validator", "var", "variable",
    "variables", "vault", "version", "view", "visible", "word", "words", "yes",
];

/// Words after the class that leave the name's meaning as it is.
#[rustfmt::skip]
pub(super) const NEUTRAL: &[&str] = &[
    "again", "b64", "base", "base64", "bytes", "confirm", "confirmation", "constant", "current", "data", "default", "dev", "development",
    "encoded", "env", "hex", "literal", "live", "local", "new", "old", "plain", "plaintext", "prod", "production", "raw", "repeat",
    "staging", "str", "string", "text", "txt", "val", "value",
];

/// Words that say the value is a hash or ciphertext.
#[rustfmt::skip]
pub(super) const HASHED: &[&str] = &[
    "checksum", "crc", "digest", "encrypted", "etag", "hash", "hashed", "hashes", "integrity", "md5", "salted", "sha", "sha1", "sha2",
    "sha256", "sha512",
];

/// First words that make the name a question or an order.
#[rustfmt::skip]
pub(super) const ASKS: &[&str] = &[
    "allow", "allows", "ask", "can", "change", "delete", "disable", "empty", "enable", "find", "forgot", "forgotten", "gen", "generate", "get",
    "has", "hide", "hint", "is", "missing", "need", "needs", "no", "prompt", "remove", "require", "required", "requires", "should", "show",
    "unauthorized", "validate", "without",
];

/// Words before `key` that make it a credential.
#[rustfmt::skip]
pub(super) const OPENING: &[&str] = &[
    "access", "account", "admin", "aes", "api", "apikey", "app", "application", "auth", "authentication", "authorization", "bearer",
    "certificate", "cipher", "client", "consumer", "cookie", "cred", "credential", "credentials", "crypt", "crypto", "decryption",
    "deploy", "des", "encrypt", "encryption", "hmac", "jwt", "licence", "license", "login", "master", "oauth", "pass", "passphrase",
    "password", "preshared", "priv", "private", "rest", "rsa", "secret", "security", "service", "session", "shared", "sign", "signature", "signing",
    "ssh", "subscription", "token", "webhook", "wep", "wrapped",
];

/// Words before `key` that make it one of a table.
#[rustfmt::skip]
pub(super) const TABLE: &[&str] = &[
    "arrow", "attribute", "bucket", "by", "cache", "child", "column", "composite", "context", "data", "dict", "down", "enter", "entity",
    "event", "field", "foreign", "group", "hash", "header", "hot", "i18n", "index", "item", "json", "keyboard", "label", "lang", "left",
    "locale", "lookup", "map", "menu", "message", "meta", "metadata", "natural", "next", "object", "order", "param", "parent",
    "partition", "prefix", "press", "prev", "primary", "property", "query", "range", "record", "registry", "resource", "right", "route",
    "routing", "row", "section", "setting", "short", "sort", "state", "tab", "template", "text", "translation", "unique", "up",
];

/// Words before `token` that make it a place in a list or a piece of text.
#[rustfmt::skip]
pub(super) const POSITION: &[&str] = &[
    "cancel", "cancellation", "continuation", "continue", "cursor", "end", "eof", "first", "last", "lex", "marker", "next", "page",
    "pagination", "parse", "parser", "peek", "prev", "previous", "resume", "start", "stop", "sync", "syntax",
];

/// Words before `pass` that say which round of a job it is.
pub(super) const ROUNDS: &[&str] =
    &["compiler", "depth", "first", "multi", "one", "optimization", "render", "second", "shader", "single", "third", "two"];

/// Words before `pass` that say where requests go on to, as web servers have it.
pub(super) const GATEWAYS: &[&str] = &["fastcgi", "grpc", "memcached", "scgi", "uwsgi"];

/// Words that say the value is made up for a test.
#[rustfmt::skip]
pub(super) const TESTS: &[&str] = &[
    "bad", "bogus", "dummy", "example", "fake", "foo", "incorrect", "invalid", "mock", "sample", "test", "testing", "wrong",
];

/// Words for a kind of system.
#[rustfmt::skip]
pub(super) const SYSTEMS: &[&str] = &[
    "amqp", "broker", "cache", "cluster", "database", "datasource", "db", "elastic", "elasticsearch", "email", "ftp", "git", "imap", "jdbc",
    "kafka", "keystore", "ldap", "mail", "mariadb", "mongo", "mongodb", "mssql", "mysql", "neo4j", "oracle", "pg", "postgres", "postgresql",
    "proxy", "rabbitmq", "redis", "registry", "sa", "sftp", "smtp", "sql", "ssh", "ssl", "truststore", "vnc", "wifi", "wpa",
];

/// Words for an account.
#[rustfmt::skip]
pub(super) const ACCOUNTS: &[&str] = &["account", "admin", "administrator", "bind", "guest", "login", "manager", "root", "super", "user"];

/// Words for a value that is given once more or changes.
#[rustfmt::skip]
pub(super) const REPEATS: &[&str] = &[
    "again", "confirm", "confirmation", "confirmed", "current", "new", "old", "previous", "repeat", "repeated", "retype", "verify",
];

/// Words that end in `pass` and are none.
#[rustfmt::skip]
pub(super) const NO_PASS: &[&str] = &[
    "askpass", "buypass", "bypass", "compass", "encompass", "multipass", "overpass", "surpass", "trespass", "underpass",
];

/// Words that end in `key` and are none.
#[rustfmt::skip]
pub(super) const NO_KEY: &[&str] = &[
    "disney", "donkey", "flunkey", "hockey", "hotkey", "jockey", "monkey", "turkey", "whiskey",
];

/// Values that are types, settings or schemes.
#[rustfmt::skip]
pub(super) const SETTINGS: &[&str] = &[
    "always", "anonymous", "any", "array", "ascii", "aws4_request", "basic", "bearer", "bool", "boolean", "byte", "bytes", "char", "compat", "confirmed", "credentials",
    "disabled", "double",
    "enabled", "false", "float", "function", "hash", "hidden", "include", "int", "int32", "int64", "integer", "json", "jwt", "long",
    "md5", "never", "nil", "no", "none", "nopasswd", "null", "nullable", "number", "nvarchar", "oauth", "oauth2", "object", "off", "omit", "on", "on_create", "optional", "required",
    "return", "self", "sha1", "sha256", "sometimes", "static", "str", "string", "text", "this", "true", "type", "undef", "undefined", "unknown", "username", "users",
    "utf-8", "utf8", "uuid", "value", "varchar", "varchar2", "void", "yes",
];

/// Words with which rules for a form's field begin, as frameworks write them: `required|min:8|confirmed`.
#[rustfmt::skip]
pub(super) const RULES: &[&str] = &[
    "bail", "between", "confirmed", "current_password", "different", "filled", "max", "min", "nullable", "present", "regex", "required", "required_if",
    "required_unless", "required_with", "required_without", "same", "size", "sometimes", "string", "unique",
];

/// Endings of file names.
#[rustfmt::skip]
pub(super) const FILE_ENDINGS: &[&str] = &[
    "c", "cer", "cfg", "conf", "cpp", "crt", "csv", "db", "env", "go", "h", "html", "ini", "java", "jks", "js", "json", "key", "keystore", "log", "md",
    "p12", "pem", "pfx", "php", "png", "properties", "pub", "py", "rb", "sh", "svg", "ts", "txt", "xml", "yaml", "yml",
];

/// Words that say a key is public.
pub(super) const PUBLIC: &[&str] = &["pub", "pubkey", "public", "publickey", "recv"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        for list in [
            ABOUT,
            NEUTRAL,
            HASHED,
            ASKS,
            OPENING,
            TABLE,
            POSITION,
            ROUNDS,
            GATEWAYS,
            PUBLIC,
            TESTS,
            SYSTEMS,
            ACCOUNTS,
            REPEATS,
            NO_PASS,
            NO_KEY,
            SETTINGS,
            RULES,
            FILE_ENDINGS,
        ] {
            assert!(list.is_sorted_by(|a, b| a < b), "{:?}", list.first());
        }
    }
}
