//! What stands where a credential could and is none. Owns: references, placeholders and password hashes, for every detector.
//! Must not: weigh. Only what is certain belongs here; what is merely likely is evidence for a judge.

use bstr::ByteSlice;

use super::credential;

/// Bytes of a value that are looked at; a longer one is judged by its start.
const MAX: usize = 1024;

/// Openings and closings of text that something else fills in later, anywhere in a value.
const TEMPLATES: [(&[u8], &[u8], &str); 7] = [
    (b"{{", b"}}", "template"),
    (b"${", b"}", "variable reference"),
    (b"$(", b")", "command substitution"),
    (b"#{", b"}", "template"),
    (b"%{", b"}", "template"),
    (b"<%", b"%>", "template"),
    (b"%(", b")s", "template"),
];

/// Starts of values that name a place where the secret is kept.
const STORES: [&[u8]; 18] = [
    b"arn:aws:secretsmanager:",
    b"arn:aws:ssm:",
    b"arn:aws:kms:",
    b"@Microsoft.KeyVault(",
    b"op://",
    b"vault://",
    b"ref+",
    b"sm://",
    b"ssm://",
    b"secretsmanager://",
    b"keyvault://",
    b"env://",
    b"file:/",
    b"/run/secrets/",
    b"/var/run/secrets/",
    b"!Ref ",
    b"!secret ",
    b"!vault",
];

/// Starts of values that are encrypted: the key to them is elsewhere.
const ENCRYPTED: [&[u8]; 5] = [b"ENC(", b"ENC[", b"{cipher}", b"$ANSIBLE_VAULT", b"AQICAHh"];

/// First names of dotted paths that read a variable or a setting.
const SCOPES: [&str; 18] = [
    "process",
    "os",
    "env",
    "ENV",
    "System",
    "Environment",
    "self",
    "this",
    "var",
    "local",
    "secrets",
    "vars",
    "config",
    "settings",
    "params",
    "args",
    "options",
    "props",
];

/// Starts of password hashes in the formats of crypt(3), LDAP, Django and passlib.
const HASHES: [&[u8]; 17] = [
    b"$1$",
    b"$2a$",
    b"$2b$",
    b"$2x$",
    b"$2y$",
    b"$5$",
    b"$6$",
    b"$y$",
    b"$7$",
    b"$apr1$",
    b"$argon2",
    b"$scrypt$",
    b"$pbkdf2",
    b"pbkdf2_sha",
    b"{SHA",
    b"{SSHA",
    b"{CRYPT}",
];

/// Words for a credential itself.
const NOUNS: [&str; 30] = [
    "password",
    "passwd",
    "passwort",
    "pass",
    "pwd",
    "pw",
    "passphrase",
    "passcode",
    "pin",
    "secret",
    "secrets",
    "token",
    "key",
    "apikey",
    "username",
    "user",
    "login",
    "credential",
    "credentials",
    "value",
    "string",
    "bearer",
    "auth",
    "id",
    "api",
    "access",
    "client",
    "private",
    "db",
    "database",
];

/// Words that ask the reader to put something there; the first [`TELLING`] do so alone.
const FILLERS: [&str; 37] = [
    "your",
    "my",
    "here",
    "enter",
    "insert",
    "replace",
    "replaceme",
    "change",
    "changeme",
    "changethis",
    "put",
    "example",
    "sample",
    "dummy",
    "fake",
    "placeholder",
    "redacted",
    "the",
    "a",
    "an",
    "with",
    "me",
    "this",
    "add",
    "set",
    "use",
    "some",
    "actual",
    "real",
    "goes",
    "in",
    "to",
    "be",
    "of",
    "random",
    "account",
    "own",
];

/// Number of leading [`FILLERS`] that no other word has to stand beside.
const TELLING: usize = 17;

/// Values that say there is none, or that it was taken out.
const NOTHING: [&str; 15] = [
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "todo",
    "tbd",
    "fixme",
    "hidden",
    "masked",
    "removed",
    "filtered",
    "censored",
    "n/a",
];

/// Why `value` refers to a credential kept elsewhere: a variable, a template, a function call, a store, an encrypted value.
#[must_use]
pub fn reference(value: &[u8]) -> Option<&'static str> {
    let value = value[..value.len().min(MAX)].trim_ascii();
    let template = TEMPLATES.iter().find(|(open, close, _)| encloses(value, open, close)).map(|&(_, _, reason)| reason);
    template
        .or_else(|| is_variable(value).then_some("variable reference"))
        .or_else(|| is_format(value).then_some("template"))
        .or_else(|| STORES.iter().any(|start| value.starts_with(start)).then_some("reference to a store or file"))
        .or_else(|| ENCRYPTED.iter().any(|start| value.starts_with(start)).then_some("encrypted value"))
        .or_else(|| is_lookup(value).then_some("variable reference"))
        .or_else(|| is_call(value).then_some("function call"))
}

/// Why a word for a credential itself is none.
pub const WORD: &str = "placeholder word";

/// Why `value` is no value at all: empty, masked, a word for what belongs there, an example of documentation.
#[must_use]
pub fn placeholder(value: &[u8]) -> Option<&'static str> {
    let value = value[..value.len().min(MAX)].trim_ascii();
    if value.is_empty() {
        return Some("empty value");
    }
    if is_masked(value) {
        return Some("masked value");
    }
    if is_bracketed(value) {
        return Some("placeholder in brackets");
    }
    if [b"example".as_slice(), b"placeholder", b"redacted"].iter().any(|word| value.to_ascii_lowercase().contains_str(word)) {
        return Some("word of documentation");
    }
    is_words(value).then_some(WORD)
}

/// Whether `value` is nothing but words for a credential and words that ask for one: `your-api-key-here`.
#[must_use]
pub fn is_words(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let core = lower.trim_with(|character| !character.is_ascii_alphanumeric()).to_str().unwrap_or_default();
    is_placeholder_text(core, value)
}

/// Why `value` cannot be a credential at all, where that is certain.
#[must_use]
pub fn refuse(value: &[u8]) -> Option<&'static str> {
    reference(value).or_else(|| placeholder(value)).or_else(|| hashed(value).then_some("password hash"))
}

/// Whether `value` is a one-way hash of a password: nobody can log in with it.
#[must_use]
pub fn hashed(value: &[u8]) -> bool {
    let is_hash = |value: &[u8]| HASHES.iter().any(|start| value.starts_with(start));
    // Compose files double the sign, each time that they are read.
    let single = || {
        let mut single = value.to_vec();
        single.dedup_by(|a, b| *a == b'$' && *b == b'$');
        single
    };
    value.len() >= 20 && (is_hash(value) || value.starts_with(b"$$") && is_hash(&single()))
}

/// Whether `open` stands in `value` and `close` somewhere after it, with text between.
fn encloses(value: &[u8], open: &[u8], close: &[u8]) -> bool {
    let Some(start) = value.find(open).map(|at| at + open.len()) else { return false };
    value[start..].find(close).is_some_and(|length| length > 0)
}

/// `$NAME`, `$1`, `$env:NAME`, `$row['pass']`, `$this->pass`, `%NAME%`, each as the whole value, escaped or not.
fn is_variable(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"\\").or_else(|| value.strip_prefix(b"`")).unwrap_or(value);
    if let [b'%', name @ .., b'%'] = value {
        return is_name(name);
    }
    let Some(name) = value.strip_prefix(b"$") else { return false };
    // The closing bracket may have ended the value.
    if let [b'(' | b'{', name @ ..] = name {
        return is_path(name) && (name.contains(&b'_') || name.contains(&b'.') || is_camel(name));
    }
    let name = name.strip_prefix(b"env:").or_else(|| name.strip_prefix(b"Env:")).unwrap_or(name);
    let end = name.iter().position(|&byte| !is_word(byte)).unwrap_or(name.len());
    let (head, rest) = name.split_at(end);
    let continues = rest.is_empty() || rest.starts_with(b"->") || rest.starts_with(b"[") && rest.ends_with(b"]") || is_dotted_tail(rest);
    continues && (is_name(head) || head.len() == 1 && head[0].is_ascii_digit())
}

/// Whether a small letter comes before a capital in a name without digits: `getToken`.
fn is_camel(name: &[u8]) -> bool {
    name.iter().all(u8::is_ascii_alphabetic) && credential::camel_words(name) > 1 && name.len() >= 8
}

/// `%s`, `%-20v`, `{}`, `{0}`, `{user.password}`, `((name))`, `@NAME@`, `__NAME__`, each as the whole value.
fn is_format(value: &[u8]) -> bool {
    match value {
        [b'%', flags @ .., b's' | b'd' | b'v' | b'q' | b'x' | b'i' | b'@'] => {
            flags.iter().all(|&byte| byte.is_ascii_digit() || b"-+.#$*".contains(&byte))
        }
        [b'(', b'(', name @ .., b')', b')'] | [b'@', name @ .., b'@'] | [b'_', b'_', name @ .., b'_', b'_'] => is_path(name),
        [b'{', name @ .., b'}'] => name.iter().all(u8::is_ascii_digit) || is_path(name),
        _ => false,
    }
}

/// `process.env.NAME`, `secrets.NAME`, `ENV["NAME"]`: a path that starts at a known scope, as the whole value.
fn is_lookup(value: &[u8]) -> bool {
    let end = value.iter().position(|&byte| !is_word(byte)).unwrap_or(value.len());
    let (scope, rest) = value.split_at(end);
    SCOPES.iter().any(|known| known.as_bytes() == scope) && (is_dotted_tail(rest) || rest.starts_with(b"[") && rest.ends_with(b"]"))
}

/// `name(…)`, `module.name(…)`, `Type::name(…)`, as the whole value.
fn is_call(value: &[u8]) -> bool {
    let Some(open) = value.find_byte(b'(') else { return false };
    let end = value.trim_end_with(|character| character == ';');
    open >= 2
        && end.ends_with(b")")
        && value[0].is_ascii_alphabetic()
        && value[..open].iter().all(|&byte| is_word(byte) || b".:".contains(&byte))
}

/// A name that people give to variables: no digit stands before a letter, as it does in `pa55word`.
fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'_')
        && name.iter().all(|&byte| is_word(byte))
        && !name.windows(2).any(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic())
}

/// Names joined by `.` or `-`.
fn is_path(path: &[u8]) -> bool {
    path.split(|byte| b".-".contains(byte)).all(is_name)
}

/// `.name.name`, at least one.
fn is_dotted_tail(rest: &[u8]) -> bool {
    rest.strip_prefix(b".").is_some_and(|path| path.split(|&byte| byte == b'.').all(is_name))
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the value, or a part of it that cannot be chance, is a mask.
fn is_masked(value: &[u8]) -> bool {
    const DOTS: &[u8] = "••".as_bytes();
    const ELLIPSIS: &[u8] = "…".as_bytes();
    let repeats = |byte: u8, times: usize| value.chunk_by(|a, b| a == b).any(|run| run[0] == byte && run.len() >= times);
    let only = |set: &[u8]| value.len() >= 3 && value.iter().all(|byte| set.contains(byte));
    only(b"xX-_ ")
        || only(b"*.-_#? ")
        || value.len() >= 8 && only(b"0-")
        || repeats(b'*', 3)
        || repeats(b'x', 4)
        || repeats(b'X', 4)
        || value.ends_with(b"...")
        || value.find(DOTS).is_some()
        || value.find(ELLIPSIS).is_some()
}

/// `<password>`, `[your token]`, `{api-key}`: letters in brackets, as the whole value.
fn is_bracketed(value: &[u8]) -> bool {
    let inner = match value {
        [b'<', inner @ .., b'>'] | [b'&', b'l', b't', b';', inner @ .., b'&', b'g', b't', b';'] => return !inner.is_empty(),
        [b'[', inner @ .., b']'] | [b'{', inner @ .., b'}'] => inner,
        _ => return false,
    };
    inner.len() >= 2 && inner.iter().all(|&byte| byte.is_ascii_alphabetic() || b" -_./'".contains(&byte))
}

/// Whether `core` (lower case) is made of words for a credential and of words that ask for one. `value` is as written.
fn is_placeholder_text(core: &str, value: &[u8]) -> bool {
    if NOTHING.contains(&core) {
        return true;
    }
    let words = || core.split(['-', '_', '.', ' ', '/']).filter(|word| !word.is_empty());
    let known = |word: &str| NOUNS.contains(&word) || FILLERS.contains(&word);
    // A name in capitals, such as DB_PASSWORD, stands for the value that belongs there.
    let is_constant = value.contains(&b'_') && value.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'_');
    // `account` or `real` alone are passwords like others.
    let is_telling = |word: &str| NOUNS.contains(&word) || FILLERS[..TELLING].contains(&word);
    words().any(is_telling) && words().all(known)
        || is_constant && words().any(|word| NOUNS[..14].contains(&word))
        || core.strip_prefix("your").or_else(|| core.strip_prefix("enter")).is_some_and(is_joined)
}

/// Whether `text`, in lower case, is words for a credential and words that ask for one, written without a break: `mypassword`. People do choose
/// such passwords.
#[must_use]
pub fn is_joined(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut reached = [false; 65];
    if bytes.is_empty() || bytes.len() >= reached.len() {
        return false;
    }
    reached[0] = true;
    for start in 0..bytes.len() {
        if reached[start] {
            for word in NOUNS.iter().chain(&FILLERS).filter(|word| bytes[start..].starts_with(word.as_bytes())) {
                reached[start + word.len()] = true;
            }
        }
    }
    reached[bytes.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_named() {
        for (value, reason) in [
            ("${DB_PASS}", "variable reference"),
            ("pre-${DB_PASS}", "variable reference"),
            ("$PASS", "variable reference"),
            ("\\$PASS", "variable reference"),
            ("$env:PASS", "variable reference"),
            ("$row['pass']", "variable reference"),
            ("$(DB_PASS", "variable reference"),
            ("$this->pass", "variable reference"),
            ("%DB_PASS%", "variable reference"),
            ("process.env.DB_PASS", "variable reference"),
            ("ENV['X']", "variable reference"),
            ("$(cat file)", "command substitution"),
            ("{{ .Values.pass }}", "template"),
            ("#{pass}", "template"),
            ("<%= pass %>", "template"),
            ("%(password)s", "template"),
            ("%s", "template"),
            ("{password}", "template"),
            ("{}", "template"),
            ("((pass))", "template"),
            ("@PASS@", "template"),
            ("op://vault/item", "reference to a store or file"),
            ("ENC(abc)", "encrypted value"),
            ("get_password('x')", "function call"),
            ("os.getenv(\"X\")", "function call"),
        ] {
            assert_eq!(reference(value.as_bytes()), Some(reason), "{value}");
        }
    }

    #[test]
    fn passwords_are_no_references() {
        for value in ["$ecr3t", "pa$$word1", "a%b%c", "{x9}2", "hunter2", "$", "%", "Tr(ub4dor", "abc{d", "$1$", "", "my.pass.word1"] {
            assert_eq!(reference(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn placeholders_are_named() {
        for (value, reason) in [
            ("", "empty value"),
            ("***", "masked value"),
            ("xxxxxx", "masked value"),
            ("sk-XXXXXXXX", "masked value"),
            ("abc...", "masked value"),
            ("00000000-0000-0000-0000-000000000000", "masked value"),
            ("••••", "masked value"),
            ("<password>", "placeholder in brackets"),
            ("&lt;password&gt;", "placeholder in brackets"),
            ("[your token]", "placeholder in brackets"),
            ("wJalrEXAMPLEKEY", "word of documentation"),
            ("password", "placeholder word"),
            ("PASS", "placeholder word"),
            ("!ChangeMe!", "placeholder word"),
            ("my_password", "placeholder word"),
            ("your-api-key-here", "placeholder word"),
            ("YOURPASSWORDHERE", "placeholder word"),
            ("POSTGRES_PASSWORD", "placeholder word"),
            ("null", "placeholder word"),
        ] {
            assert_eq!(placeholder(value.as_bytes()), Some(reason), "{value}");
        }
    }

    #[test]
    fn weak_passwords_are_no_placeholders() {
        for value in
            ["password1", "hunter2", "postgres", "supersecret", "mypassword", "redis_pwd", "0000", "letmein", "x", "a-b", "account"]
        {
            assert_eq!(placeholder(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn hashes_are_known() {
        assert!(hashed(b"$2y$10$abcdefghijklmnopqrstuv"));
        assert!(hashed(b"$$2y$$10$$abcdefghijklmnopqrstuv") && hashed(b"$$$$2y$$$$10$$$$abcdefghijklmnopqrstuv"));
        assert!(!hashed(b"$2y$"));
        assert!(!hashed(b"$$ecret$$money$$in$$the$$bank"));
        assert!(!hashed(b"correct horse battery staple"));
    }
}
