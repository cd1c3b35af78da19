//! What a name says of its value. Owns: splitting names into words and the lists of words. Must not: look at values.

/// What kind of credential a name speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A password or passphrase.
    Password,
    /// A secret without a closer name.
    Secret,
    /// A key that opens or encrypts something.
    ApiKey,
    /// A token.
    Token,
    /// Credentials in one string.
    Auth,
    /// A key of any kind: most often one of a table.
    Key,
}

/// A name, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// What it speaks of.
    pub class: Class,
    /// Whether the class is all it says.
    pub bare: bool,
    /// Whether it goes on with words that change its meaning in an unknown way.
    pub trails: bool,
    /// Whether it speaks of a test or a wrong value.
    pub test: bool,
    /// Why the value is no credential, where the name says so.
    pub denies: Option<&'static str>,
}

/// Words of a name, at most; the last ones count.
const MAX_WORDS: usize = 12;
/// Bytes of a name that are read, at most; the last ones count.
const MAX_NAME: usize = 96;

/// Words after the class that turn the name into something about a credential.
const ABOUT: &[&str] = &[
    "action",
    "age",
    "alg",
    "algo",
    "algorithm",
    "allowed",
    "api",
    "arg",
    "args",
    "arn",
    "array",
    "at",
    "attempts",
    "audience",
    "authority",
    "authenticator",
    "board",
    "body",
    "box",
    "builder",
    "button",
    "callback",
    "chain",
    "change",
    "changed",
    "check",
    "checker",
    "class",
    "code",
    "codes",
    "column",
    "command",
    "config",
    "configuration",
    "context",
    "count",
    "created",
    "date",
    "desc",
    "description",
    "details",
    "dialog",
    "dir",
    "directory",
    "disabled",
    "domain",
    "down",
    "duration",
    "empty",
    "enabled",
    "encoder",
    "encoding",
    "endpoint",
    "entry",
    "err",
    "error",
    "errors",
    "eval",
    "event",
    "exception",
    "exists",
    "exp",
    "expiration",
    "expire",
    "expired",
    "expires",
    "expiry",
    "factory",
    "failed",
    "failure",
    "field",
    "fields",
    "file",
    "filename",
    "files",
    "fingerprint",
    "flag",
    "folder",
    "form",
    "format",
    "func",
    "function",
    "generation",
    "generator",
    "group",
    "handler",
    "header",
    "headers",
    "help",
    "helper",
    "hint",
    "host",
    "icon",
    "id",
    "identifier",
    "ids",
    "idx",
    "image",
    "index",
    "info",
    "input",
    "issuer",
    "issued",
    "iterations",
    "kid",
    "kind",
    "label",
    "length",
    "len",
    "level",
    "lifetime",
    "limit",
    "link",
    "list",
    "listener",
    "location",
    "logger",
    "manager",
    "map",
    "mapping",
    "mask",
    "match",
    "max",
    "message",
    "messages",
    "method",
    "min",
    "mode",
    "module",
    "msg",
    "name",
    "named",
    "names",
    "needed",
    "num",
    "number",
    "object",
    "offset",
    "option",
    "options",
    "owner",
    "pad",
    "page",
    "param",
    "parameter",
    "params",
    "parser",
    "path",
    "paths",
    "pattern",
    "permission",
    "permissions",
    "phrases",
    "placeholder",
    "plugin",
    "policy",
    "port",
    "position",
    "prefix",
    "present",
    "press",
    "pressed",
    "program",
    "prompt",
    "properties",
    "property",
    "provided",
    "provider",
    "ref",
    "reference",
    "refs",
    "regex",
    "regexp",
    "region",
    "request",
    "required",
    "requirements",
    "reset",
    "resource",
    "response",
    "retries",
    "ring",
    "role",
    "rotation",
    "rounds",
    "rule",
    "rules",
    "schema",
    "scope",
    "scopes",
    "screen",
    "script",
    "selector",
    "separator",
    "server",
    "service",
    "settings",
    "size",
    "source",
    "spec",
    "state",
    "status",
    "store",
    "stored",
    "strategy",
    "strength",
    "success",
    "suffix",
    "table",
    "tag",
    "target",
    "template",
    "test",
    "time",
    "timeout",
    "title",
    "tooltip",
    "ttl",
    "type",
    "types",
    "up",
    "updated",
    "uri",
    "url",
    "urls",
    "usage",
    "user",
    "username",
    "users",
    "using",
    "util",
    "utils",
    "valid",
    "validation",
    "validator",
    "var",
    "variable",
    "variables",
    "vault",
    "version",
    "view",
    "visible",
    "word",
    "words",
    "yes",
];
/// Words after the class that leave the name's meaning as it is.
const NEUTRAL: &[&str] = &[
    "again",
    "b64",
    "base",
    "base64",
    "bytes",
    "confirm",
    "confirmation",
    "constant",
    "current",
    "data",
    "default",
    "dev",
    "development",
    "encoded",
    "env",
    "hex",
    "literal",
    "live",
    "local",
    "new",
    "old",
    "plain",
    "plaintext",
    "prod",
    "production",
    "raw",
    "repeat",
    "staging",
    "str",
    "string",
    "text",
    "txt",
    "val",
    "value",
];
/// Words that say the value is a hash or ciphertext.
const HASHED: &[&str] = &[
    "checksum",
    "crc",
    "digest",
    "encrypted",
    "etag",
    "hash",
    "hashed",
    "hashes",
    "integrity",
    "md5",
    "salted",
    "sha",
    "sha1",
    "sha2",
    "sha256",
    "sha512",
];
/// First words that make the name a question or an order.
const ASKS: &[&str] = &[
    "allow",
    "allows",
    "ask",
    "can",
    "change",
    "delete",
    "disable",
    "empty",
    "enable",
    "find",
    "forgot",
    "forgotten",
    "generate",
    "get",
    "has",
    "hide",
    "is",
    "missing",
    "need",
    "needs",
    "no",
    "prompt",
    "remove",
    "require",
    "required",
    "requires",
    "should",
    "show",
    "unauthorized",
    "validate",
    "without",
];
/// Words before `key` that make it a credential.
const OPENING: &[&str] = &[
    "access",
    "account",
    "admin",
    "aes",
    "api",
    "apikey",
    "app",
    "application",
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "certificate",
    "cipher",
    "client",
    "consumer",
    "cookie",
    "cred",
    "credential",
    "credentials",
    "crypt",
    "crypto",
    "decryption",
    "deploy",
    "des",
    "encrypt",
    "encryption",
    "hmac",
    "jwt",
    "license",
    "licence",
    "login",
    "master",
    "oauth",
    "pass",
    "passphrase",
    "password",
    "private",
    "priv",
    "rest",
    "rsa",
    "secret",
    "security",
    "service",
    "session",
    "shared",
    "sign",
    "signature",
    "signing",
    "ssh",
    "storage",
    "subscription",
    "token",
    "webhook",
    "wrapped",
];
/// Words before `key` that make it one of a table.
const TABLE: &[&str] = &[
    "arrow",
    "attribute",
    "bucket",
    "by",
    "cache",
    "child",
    "column",
    "composite",
    "context",
    "data",
    "dict",
    "down",
    "enter",
    "entity",
    "event",
    "field",
    "foreign",
    "group",
    "hash",
    "header",
    "hot",
    "i18n",
    "index",
    "item",
    "json",
    "keyboard",
    "label",
    "lang",
    "left",
    "locale",
    "lookup",
    "map",
    "menu",
    "message",
    "meta",
    "metadata",
    "natural",
    "next",
    "object",
    "order",
    "param",
    "parent",
    "partition",
    "prefix",
    "press",
    "prev",
    "primary",
    "property",
    "query",
    "range",
    "record",
    "registry",
    "resource",
    "right",
    "route",
    "routing",
    "row",
    "section",
    "setting",
    "short",
    "sort",
    "state",
    "tab",
    "template",
    "text",
    "translation",
    "unique",
    "up",
];
/// Words before `token` that make it a place in a list or a piece of text.
const POSITION: &[&str] = &[
    "cancel",
    "cancellation",
    "continuation",
    "continue",
    "cursor",
    "end",
    "eof",
    "first",
    "last",
    "lex",
    "marker",
    "next",
    "page",
    "pagination",
    "parse",
    "parser",
    "peek",
    "prev",
    "previous",
    "resume",
    "start",
    "stop",
    "sync",
    "syntax",
];
const TESTS: &[&str] =
    &["bad", "bogus", "dummy", "example", "fake", "foo", "incorrect", "invalid", "mock", "sample", "test", "testing", "wrong"];
/// Words that end in `pass` and are none.
const NO_PASS: &[&str] = &["bypass", "compass", "encompass", "overpass", "surpass", "trespass", "underpass", "multipass"];
/// Words that end in `key` and are none.
const NO_KEY: &[&str] = &["disney", "donkey", "flunkey", "hockey", "hotkey", "jockey", "monkey", "turkey", "whiskey"];

/// Reads a name; none if no word of it speaks of a credential.
#[must_use]
pub fn read(name: &[u8]) -> Option<Name> {
    let name = &name[name.len().saturating_sub(MAX_NAME)..];
    let mut buffer = [0; MAX_NAME];
    let lower = &mut buffer[..name.len()];
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let lower = std::str::from_utf8(lower).ok()?;
    let mut words = [""; MAX_WORDS];
    let mut count = 0;
    split(name, |start, end| {
        if count == MAX_WORDS {
            words.rotate_left(1);
            count -= 1;
        }
        words[count] = &lower[start..end];
        count += 1;
    });
    let words = &words[..count];
    let head = words.iter().rposition(|word| class_of(word).is_some())?;
    let (before, after) = (&words[..head], &words[head + 1..]);
    let mut class = class_of(words[head])?;
    if class == Class::Key
        && before.iter().any(|word| OPENING.contains(&trim_digits(word)) || class_of(word).is_some_and(|class| class != Class::Key))
    {
        class = Class::ApiKey;
    }
    Some(Name {
        class,
        bare: count == 1,
        trails: after.iter().any(|word| !is_neutral(word)),
        test: words.iter().any(|word| TESTS.contains(&trim_digits(word))),
        denies: denial(class, before, words[head], after),
    })
}

fn is_neutral(word: &str) -> bool {
    let stem = trim_digits(word);
    NEUTRAL.contains(&word) || stem.len() <= 1 || NEUTRAL.contains(&stem)
}

/// Why a name with these words before and after its class does not name a credential.
fn denial(class: Class, before: &[&str], head: &str, after: &[&str]) -> Option<&'static str> {
    let any = |words: &[&str], list: &[&str]| words.iter().any(|word| list.contains(&trim_digits(word)) || list.contains(word));
    if any(after, HASHED) || any(before, HASHED) {
        return Some("its name says that it is a hash or encrypted");
    }
    if any(after, ABOUT) && !(class == Class::Secret && after == ["id"]) {
        return Some("its name speaks of something about a credential");
    }
    if before.first().is_some_and(|word| ASKS.contains(word)) {
        return Some("its name asks a question");
    }
    let last = before.last().copied().unwrap_or_default();
    if any(before, &["public", "pub", "pubkey", "publickey", "recv"]) || head.starts_with("pub") {
        return Some("its name says that it is public");
    }
    if class == Class::Key && TABLE.contains(&last) {
        return Some("it is a key of a table");
    }
    if class == Class::Token && last == "authenticity" {
        return Some("it is the token of one request");
    }
    if class == Class::Token && POSITION.contains(&last) {
        return Some("it is a token of a list or a parser");
    }
    None
}

/// What a single word in lower case speaks of.
fn class_of(word: &str) -> Option<Class> {
    let word = trim_digits(word);
    let ends = |ending: &str| word.ends_with(ending);
    let singular = word.strip_suffix('s').filter(|word| !word.ends_with('s')).unwrap_or(word);
    match singular {
        "pass" | "pw" | "pwd" | "psw" | "pswd" | "passphrase" | "passcode" | "passwort" | "kennwort" | "senha" | "contrase" => {
            return Some(Class::Password);
        }
        "secret" | "totp" | "hotp" => return Some(Class::Secret),
        "token" => return Some(Class::Token),
        "key" | "pkey" | "nkey" | "xkey" | "skey" => return Some(Class::Key),
        "auth" | "oauth" | "authorization" | "cred" | "credential" => return Some(Class::Auth),
        _ => {}
    }
    let singular_ends = |ending: &str| singular.ends_with(ending);
    if singular_ends("password")
        || singular_ends("passwd")
        || singular_ends("passphrase")
        || ends("pwd")
        || word.strip_prefix("password").is_some_and(|tail| NEUTRAL.contains(&tail))
    {
        return Some(Class::Password);
    }
    if (ends("pass") || ends("passw")) && !NO_PASS.contains(&word) || word.len() <= 8 && ends("pw") {
        return Some(Class::Password);
    }
    if singular_ends("secret") {
        return Some(Class::Secret);
    }
    if singular_ends("token") {
        return Some(Class::Token);
    }
    let stem = singular.strip_suffix("key").filter(|_| !NO_KEY.contains(&singular))?;
    let opens = OPENING.iter().any(|opening| stem.ends_with(opening) && (opening.len() >= 3 || stem == *opening));
    Some(if opens { Class::ApiKey } else { Class::Key })
}

fn trim_digits(word: &str) -> &str {
    let stem = word.trim_end_matches(|last: char| last.is_ascii_digit());
    if stem.is_empty() { word } else { stem }
}

/// Calls `word(start, end)` for each word: at signs, at `aA`, before the last capital of `AAa`, after digits.
fn split(name: &[u8], mut word: impl FnMut(usize, usize)) {
    let mut start = 0;
    for at in 0..=name.len() {
        let Some(&byte) = name.get(at).filter(|byte| byte.is_ascii_alphanumeric()) else {
            if start < at {
                word(start, at);
            }
            start = at + 1;
            continue;
        };
        let Some(&last) = at.checked_sub(1).and_then(|before| name.get(before)) else { continue };
        let next_is_lower = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let camel = byte.is_ascii_uppercase() && (last.is_ascii_lowercase() || last.is_ascii_uppercase() && next_is_lower);
        if start < at && (camel || last.is_ascii_digit() && byte.is_ascii_alphabetic()) {
            word(start, at);
            start = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(name: &str) -> Vec<&str> {
        let mut words = Vec::new();
        split(name.as_bytes(), |start, end| words.push(&name[start..end]));
        words
    }

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("APIKey2Value"), ["API", "Key2", "Value"]);
        assert_eq!(words("--db.root_password"), ["db", "root", "password"]);
        assert_eq!(words("awsSecretACCESSKey"), ["aws", "Secret", "ACCESS", "Key"]);
        assert_eq!(words("__"), [""; 0]);
    }

    fn class(name: &str) -> Option<Class> {
        let name = read(name.as_bytes())?;
        name.denies.is_none().then_some(name.class)
    }

    #[test]
    fn names_have_a_class() {
        for (name, expected) in [
            ("password", Class::Password),
            ("DB_PASS", Class::Password),
            ("userpassword2", Class::Password),
            ("spring.datasource.password", Class::Password),
            ("ses_smtp_password_v4", Class::Password),
            ("bindpw", Class::Password),
            ("clientSecret", Class::Secret),
            ("secret_id", Class::Secret),
            ("secret_key_base", Class::ApiKey),
            ("APIKEY", Class::ApiKey),
            ("aws_secret_access_key", Class::ApiKey),
            ("masterkey", Class::ApiKey),
            ("SetAuthToken", Class::Token),
            ("refreshTokens", Class::Token),
            ("Authorization", Class::Auth),
            ("key", Class::Key),
        ] {
            assert_eq!(class(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn names_about_credentials_are_none() {
        for name in [
            "bypass",
            "monkey",
            "pubkey",
            "author",
            "compass",
            "passed",
            "tokenize",
            "keyword",
            "authenticate",
            "password_file",
            "secretName",
            "tokenType",
            "keyId",
            "PublicKeyToken",
            "primary_key",
            "nextPageToken",
            "passwordHash",
            "hashedPassword",
            "isPasswordEmpty",
            "show_password",
            "api_key_name",
        ] {
            assert_eq!(class(name), None, "{name}");
        }
    }
}
