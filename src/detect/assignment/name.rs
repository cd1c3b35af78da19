//! What a name says of its value. Owns: splitting names into words and the lists of words. Must not: look at values.

use super::vocabulary::{
    ABOUT, ACCOUNTS, ASKS, GATEWAYS, HASHED, NEUTRAL, NO_KEY, NO_PASS, OPENING, POSITION, PUBLIC, REPEATS, ROUNDS, SYSTEMS, TABLE, TESTS,
};

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
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each of them evidence by itself")]
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
    /// Words of the name.
    pub words: u8,
    /// Bytes of the word that speaks of the credential.
    pub head: u8,
    /// Its place among the words; the first one is 0.
    pub position: u8,
    /// Whether it names a kind of system: a database, mail.
    pub system: bool,
    /// Whether it names what a service hands out: a client, an API.
    pub service: bool,
    /// Whether it names an account: root, admin.
    pub account: bool,
    /// Whether the value is given once more, or is an old or a new one.
    pub repeat: bool,
}

impl Name {
    /// The name that a syntax for passwords stands for.
    pub const PASSWORD: Self = Self {
        class: Class::Password,
        bare: false,
        trails: false,
        test: false,
        denies: None,
        words: 0,
        head: 0,
        position: 0,
        system: false,
        service: false,
        account: false,
        repeat: false,
    };
}

/// Words for a password in other languages than English.
const IN_LATIN_LETTERS: [&str; 10] =
    ["jelszo", "lozinka", "heslo", "haslo", "wachtwoord", "contrasena", "senha", "kennwort", "passwort", "passe"];
/// The same in other letters, where they are all that is read of a name.
const IN_OTHER_LETTERS: [&str; 9] = ["contraseña", "hasło", "пароль", "密码", "密碼", "口令", "パスワード", "비밀번호", "암호"];

/// Words of a name, at most; the last ones count.
const MAX_WORDS: usize = 12;
/// Bytes of a name that are read, at most; the last ones count.
const MAX_NAME: usize = 96;

/// Reads a name; none if no word of it speaks of a credential.
#[must_use]
pub fn read(name: &[u8]) -> Option<Name> {
    let name = &name[name.len().saturating_sub(MAX_NAME)..];
    let mut buffer = [0; MAX_NAME];
    let lower = &mut buffer[..name.len()];
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let lower = std::str::from_utf8(lower).ok()?;
    if IN_OTHER_LETTERS.contains(&lower) {
        return Some(Name { bare: true, words: 1, head: u8::try_from(lower.len()).unwrap_or(u8::MAX), ..Name::PASSWORD });
    }
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
        && before.iter().any(|word| holds(OPENING, trim_digits(word)) || class_of(word).is_some_and(|class| class != Class::Key))
    {
        class = Class::ApiKey;
    }
    // A key that people make up and type: of Wi-Fi, of a tunnel.
    if matches!(before, [.., "pre", "shared"] | [.., "preshared" | "wep"]) && class == Class::ApiKey || words[head] == "presharedkey" {
        class = Class::Password;
    }
    Some(Name {
        class,
        bare: count == 1,
        trails: after.iter().any(|word| !is_neutral(word)),
        test: words.iter().any(|word| holds(TESTS, trim_digits(word))),
        denies: denial(class, before, words[head], after),
        words: u8::try_from(count).unwrap_or(u8::MAX),
        head: u8::try_from(words[head].len()).unwrap_or(u8::MAX),
        position: u8::try_from(head).unwrap_or(u8::MAX),
        system: any(before, SYSTEMS),
        service: any(before, OPENING),
        account: any(before, ACCOUNTS),
        repeat: any(before, REPEATS) || any(after, REPEATS),
    })
}

/// Whether one of the words is in a list, with its digits or without.
fn any(words: &[&str], list: &[&str]) -> bool {
    words.iter().any(|word| holds(list, trim_digits(word)) || holds(list, word))
}

fn is_neutral(word: &str) -> bool {
    let stem = trim_digits(word);
    holds(NEUTRAL, word) || stem.len() <= 1 || holds(NEUTRAL, stem)
}

/// Why a name with these words before and after its class does not name a credential.
fn denial(class: Class, before: &[&str], head: &str, after: &[&str]) -> Option<&'static str> {
    if any(after, HASHED) || any(before, HASHED) {
        return Some("its name says that it is a hash or encrypted");
    }
    if any(after, ABOUT) && !(head == "secret" && after == ["id"]) {
        return Some("its name speaks of something about a credential");
    }
    if before.first().is_some_and(|word| matches!(*word, "description" | "desc" | "label" | "title")) {
        return Some("its name speaks of something about a credential");
    }
    if before.first().is_some_and(|word| holds(ASKS, word)) {
        return Some("its name asks a question");
    }
    let last = before.last().copied().unwrap_or_default();
    if matches!(head, "nopasswd" | "nopassword" | "nopass") || class == Class::Password && last == "disabled" {
        return Some("its name says that there is none");
    }
    if matches!((last, head), ("nord" | "kee" | "proton" | "last", "pass") | ("one", "password") | ("apple", "passwords")) {
        return Some("it is the name of a password manager");
    }
    if head == "pass" && holds(ROUNDS, last) {
        return Some("its name says one of several rounds");
    }
    if head == "pass" && holds(GATEWAYS, last) {
        return Some("its name says where requests go");
    }
    if any(before, PUBLIC) || head.starts_with("pub") {
        return Some("its name says that it is public");
    }
    if class == Class::Key && holds(TABLE, last) {
        return Some("it is a key of a table");
    }
    if class == Class::Token && last == "authenticity" {
        return Some("it is the token of one request");
    }
    if class == Class::Token && holds(POSITION, last) {
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
        "pass" | "pw" | "pwd" | "psw" | "pswd" | "psk" | "passphrase" | "passcode" | "masterauth" => return Some(Class::Password),
        singular if IN_LATIN_LETTERS.contains(&singular) && word != "passes" => return Some(Class::Password),
        "secret" | "totp" | "hotp" => return Some(Class::Secret),
        "token" => return Some(Class::Token),
        "key" | "pkey" | "nkey" | "xkey" | "skey" => return Some(Class::Key),
        // Several of them are what somebody may do.
        "authorization" if word != singular => {}
        "auth" | "oauth" | "authorization" | "cred" | "credential" => return Some(Class::Auth),
        _ => {}
    }
    let singular_ends = |ending: &str| singular.ends_with(ending);
    if singular_ends("password")
        || singular_ends("passwd")
        || singular_ends("passphrase")
        || ends("pwd")
        || word.strip_prefix("password").is_some_and(|tail| holds(NEUTRAL, tail))
    {
        return Some(Class::Password);
    }
    if (ends("pass") || ends("passw")) && !holds(NO_PASS, word) || word.len() <= 8 && ends("pw") {
        return Some(Class::Password);
    }
    if singular_ends("secret") {
        return Some(Class::Secret);
    }
    if singular_ends("token") {
        return Some(Class::Token);
    }
    let stem = singular.strip_suffix("key").filter(|_| !holds(NO_KEY, singular))?;
    let opens = OPENING.iter().any(|opening| stem.ends_with(opening) && (opening.len() >= 3 || stem == *opening));
    Some(if opens { Class::ApiKey } else { Class::Key })
}

/// Whether a sorted list holds a word.
fn holds(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
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
            ("wpa2-pre-shared-key", Class::Password),
            ("PresharedKey", Class::Password),
            ("wep_key0", Class::Password),
            ("shared_key", Class::ApiKey),
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
            "scaleFirstPass",
            "UserSecretsId",
            "WeakPasswordReasons",
            "passes",
            "AUTH_PASSWORD_BROKER",
            "monkey",
            "pubkey",
            "author",
            "compass",
            "passed",
            "tokenize",
            "keyword",
            "authenticate",
            "password_file",
            "DESCRIPTION_MAIL_PASSWORD",
            "NordPass",
            "OnePassword",
            "secretName",
            "tokenType",
            "keyId",
            "PublicKeyToken",
            "primary_key",
            "nextPageToken",
            "authorizations",
            "passwordHash",
            "hashedPassword",
            "isPasswordEmpty",
            "show_password",
            "api_key_name",
            "NOPASSWD",
            "password_scheme",
        ] {
            assert_eq!(class(name), None, "{name}");
        }
    }
}
