//! Judging the value that a connection, a header or a credential file names as a credential. Owns: the drops and weights that these
//! detectors share. Must not: look for values.

use bstr::ByteSlice;

use super::candidate::Candidate;
use super::{entropy, judge, placeholder};
use crate::finding::Encoding;

/// Shortest token that a service issues.
const TOKEN_MIN: usize = 8;
/// Shortest token that needs nothing else to be believed.
const TOKEN_LONG: usize = 16;
/// Probability of a value that looks made up: below the default threshold.
const DOUBTFUL: f32 = 0.2;
/// Longest password that counts as a word.
const WORD_MAX: usize = 12;

/// Names that stand for any name.
const METASYNTACTIC: [&str; 10] = ["foo", "bar", "baz", "qux", "quux", "foobar", "foobaz", "barbaz", "hoge", "fuga"];

/// Users that documentation and tests make up.
const MADE_UP_USERS: [&str; 18] = [
    "user",
    "username",
    "usr",
    "user1",
    "name",
    "login",
    "u",
    "me",
    "foo",
    "bar",
    "test",
    "tester",
    "testuser",
    "test_user",
    "alice",
    "bob",
    "john",
    "someone",
];

/// Names for any host.
const ANY_HOST: [&str; 12] =
    ["host", "hostname", "server", "servername", "domain", "url", "address", "endpoint", "ip", "yourhost", "myhost", "somehost"];

/// Who a password belongs to and where it opens something; empty where nobody said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Login<'l> {
    /// Account name.
    pub user: &'l [u8],
    /// Host name or address without port.
    pub host: &'l [u8],
}

impl Login<'_> {
    /// Whether the account or the host is one that documentation asks the reader to fill in: `myUsername`, `myServer`.
    fn is_asked_for(self) -> bool {
        is_asked_for(self.user) || [b"my".as_slice(), b"your"].iter().any(|start| self.host.to_ascii_lowercase().starts_with(start))
    }
}

/// Judges a password that a syntax for passwords holds: people choose them, so weak ones count.
pub fn judge_password(candidate: &mut Candidate<'_>, login: Login<'_>) {
    let value = &*candidate.secret;
    let refused = placeholder::refuse(value)
        .or_else(|| is_word_of(value, &METASYNTACTIC).then_some("metasyntactic word"))
        .or_else(|| (is_asked_for(value) && login.is_asked_for()).then_some("user and password are placeholders"));
    if let Some(reason) = refused {
        match doubt(reason, login, candidate.encodings.contains(&Encoding::Base64)) {
            Some((probability, reason)) => candidate.set(probability, reason),
            None => candidate.dropped = Some(reason),
        }
        return;
    }
    let is_short = value.len() <= 2;
    let (is_plain, is_mixed) = (is_plain(value), is_mixed(value));
    let is_alike = is_alike(login.user, value);
    let is_default = !login.user.is_empty() && value == login.user;
    if is_short {
        candidate.weigh(0.05, "it has one or two characters");
    }
    match Host::of(login.host) {
        Host::Reserved if is_mixed => candidate.weigh(0.1, "the host is reserved for documentation"),
        Host::Reserved => candidate.weigh(0.04, "the host is reserved for documentation"),
        Host::AnyName => candidate.weigh(0.08, "the host is a word for any host"),
        Host::Loopback if is_default => candidate.weigh(0.12, "a default password on this machine only"),
        Host::Loopback if is_plain => candidate.weigh(0.25, "a plain word on this machine only"),
        Host::Loopback => candidate.weigh(0.6, "it opens this machine only"),
        Host::Other if is_default => candidate.weigh(0.4, "user and password are the same"),
        Host::Other => {}
    }
    if is_plain && is_word_of(login.user, &MADE_UP_USERS) {
        candidate.weigh(0.08, "user and password are words of documentation");
    } else if is_alike {
        candidate.weigh(0.06, "user and password are made up alike");
    }
}

/// Probability of a word for any password where account and host are real, and the reason. None where they are not. What is encoded, nobody
/// reads as a word to be replaced.
fn doubt(refused: &str, login: Login<'_>, is_encoded: bool) -> Option<(f32, &'static str)> {
    if refused != placeholder::WORD || login.user.is_empty() || is_word_of(login.user, &MADE_UP_USERS) {
        return None;
    }
    if is_encoded {
        return Some((0.55, "a word for any password, but encoded"));
    }
    let is_real = !login.host.is_empty() && matches!(Host::of(login.host), Host::Other | Host::Loopback);
    is_real.then_some((0.35, "a word for any password"))
}

/// Judges a token that a syntax for tokens holds: services make them, so words are none.
pub fn judge_token(candidate: &mut Candidate<'_>) {
    let value = &*candidate.secret;
    let refused = placeholder::refuse(value)
        .or_else(|| (value.len() < TOKEN_MIN).then_some("too short for a token"))
        .or_else(|| reads_like_words(value).then_some("it reads like words"));
    if let Some(reason) = refused {
        candidate.dropped = Some(reason);
    } else if let Some(reason) = judge::made_up(value) {
        candidate.set(DOUBTFUL, reason);
    } else if value.len() < TOKEN_LONG {
        candidate.weigh(0.08, "it is short for a token");
    }
}

/// Whether a password says that the user is the token, as services have it that take tokens where others take logins.
#[must_use]
pub fn is_no_password(password: &[u8]) -> bool {
    matches!(password, b"" | b"x" | b"x-oauth-basic" | b"x-oauth-token" | b"x-access-token")
}

/// Whether `value` is long and mixed enough to be a token that a service made.
#[must_use]
pub fn is_tokenlike(value: &[u8]) -> bool {
    value.len() >= TOKEN_LONG && !reads_like_words(value) && entropy::shannon(value) >= 2.8
}

/// Whether `value` is three base64url parts of which the first is a JSON object: the detector of JSON Web Tokens judges those.
#[must_use]
pub fn is_jwt(value: &[u8]) -> bool {
    value.starts_with(b"eyJ") && value.find_iter(b".").count() == 2
}

/// What follows the one word with a digit inside that names of programs begin with: `K8sResources`.
#[must_use]
pub fn kubernetes(name: &[u8]) -> Option<&[u8]> {
    name.strip_prefix(b"K8s").or_else(|| name.strip_prefix(b"k8s"))
}

/// How many words are written together: between a small and a capital letter a new one starts.
#[must_use]
pub fn camel_words(letters: &[u8]) -> usize {
    1 + letters.windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count()
}

/// Whether `value` is letters in words, a number at the end of a word at most.
fn reads_like_words(value: &[u8]) -> bool {
    value.split(|byte| !byte.is_ascii_alphanumeric()).all(|part| {
        let part = kubernetes(part).unwrap_or(part);
        let letters = part.trim_end_with(|character| character.is_ascii_digit());
        let digits = part.len() - letters.len();
        // Words of random letters are short.
        let words = camel_words(letters);
        letters.iter().all(u8::is_ascii_alphabetic) && digits <= 4 && (words == 1 || letters.len() >= 4 * words)
    })
}

fn is_asked_for(value: &[u8]) -> bool {
    value.to_str().is_ok_and(|text| placeholder::is_joined(&text.to_ascii_lowercase()))
}

/// Whether user and password differ in nothing but the words for themselves: `cacheuser` and `cachepass`, `user2` and `password2`.
fn is_alike(user: &[u8], password: &[u8]) -> bool {
    let rest = |value: &[u8], words: &[&str]| {
        let value = value.to_ascii_lowercase();
        words.iter().find(|word| value.contains_str(word)).map(|word| value.replace(word, b""))
    };
    rest(user, &["username", "user", "login"])
        .is_some_and(|user| rest(password, &["password", "passwd", "pass", "pwd"]).is_some_and(|password| user == password))
}

/// Letters and digits mixed, and not few: nobody makes such a password up for documentation.
fn is_mixed(value: &[u8]) -> bool {
    let counts = value.windows(2).filter(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic()).count();
    value.len() >= 8 && counts > 0
}

fn is_plain(value: &[u8]) -> bool {
    value.len() <= WORD_MAX && value.iter().all(|&byte| byte.is_ascii_lowercase() || b"_-".contains(&byte))
}

fn is_word_of(value: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// What kind of host a name or address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    /// Names of RFC 2606 and 6761, addresses of RFC 5737 and 3849.
    Reserved,
    /// `host`, `server.com`, `your.domain.com`.
    AnyName,
    /// This machine.
    Loopback,
    /// Everything else, and none.
    Other,
}

impl Host {
    fn of(host: &[u8]) -> Self {
        let host = host.to_ascii_lowercase();
        let host = host.as_slice();
        let ends = |names: &[&str]| {
            names.iter().any(|name| host.strip_suffix(name.as_bytes()).is_some_and(|head| head.is_empty() || head.ends_with(b".")))
        };
        let starts = |names: &[&str]| names.iter().any(|name| host.starts_with(name.as_bytes()));
        if ends(&["localhost"]) || host == b"::1" || host == b"0.0.0.0" || host == b"host.docker.internal" || host.starts_with(b"127.") {
            return Self::Loopback;
        }
        if ends(&["example.com", "example.org", "example.net", "example.edu", "example", "test", "invalid"])
            || starts(&["192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"])
        {
            return Self::Reserved;
        }
        let mut labels = host.rsplit(|&byte| byte == b'.');
        let last = labels.next().unwrap_or_default();
        let name = labels.next().unwrap_or(last);
        if is_word_of(name, &ANY_HOST) || is_word_of(name, &METASYNTACTIC) || starts(&["your", "<", "my.", "some."]) {
            return Self::AnyName;
        }
        Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::each;
    use proptest::prelude::*;

    /// Pieces of the syntaxes whose values this module judges.
    const PIECES: [&str; 48] = [
        "://",
        "http",
        "redis",
        "jdbc:oracle:thin:",
        "user",
        ":",
        "@",
        "/",
        "[",
        "]",
        "%4",
        "%41",
        "?password=",
        ";Pwd=",
        "Server=db;",
        "'",
        "\"",
        "\\\"",
        "\\",
        "{",
        "}",
        "&quot;",
        "@tcp(",
        "new PDO(",
        ",",
        ")",
        "LoginModule required password=",
        "Basic ",
        "YTpiY2RlZg==",
        "Bearer ",
        "Authorization: ",
        "x-api-key",
        "Cookie: sid=",
        "machine h.x ",
        "login ",
        "password ",
        ":5432:",
        ":*:*:",
        "//:_authToken=",
        "_auth=",
        "[distutils]\n[x]\npassword=",
        "kind: Config\n  token: ",
        "\"auths\":{",
        "<server><password>",
        "<Pass>",
        "é",
        "\n",
        " ",
    ];

    proptest! {
        #[test]
        fn hostile_texts_do_no_harm(picked in prop::collection::vec(0..PIECES.len(), 0..24)) {
            let text: String = picked.iter().map(|&index| PIECES[index]).collect();
            each(&text, |_, candidate| assert!(candidate.span.end <= text.len() && candidate.span.start < candidate.span.end, "{text}"));
        }
    }

    #[test]
    fn hosts_have_kinds() {
        for (host, kind) in [
            ("localhost", Host::Loopback),
            ("127.0.0.1", Host::Loopback),
            ("::1", Host::Loopback),
            ("db.example.com", Host::Reserved),
            ("EXAMPLE.org", Host::Reserved),
            ("a.test", Host::Reserved),
            ("203.0.113.7", Host::Reserved),
            ("host", Host::AnyName),
            ("server.com", Host::AnyName),
            ("your.domain.com", Host::AnyName),
            ("foo.com", Host::AnyName),
            ("myexample.com", Host::Other),
            ("db.internal", Host::Other),
            ("latest", Host::Other),
            ("", Host::Other),
        ] {
            assert_eq!(Host::of(host.as_bytes()), kind, "{host}");
        }
    }

    #[test]
    fn pairs_are_made_up_alike() {
        for (user, password) in
            [("cacheuser", "cachepass"), ("user2", "password2"), ("test_user", "test_password"), ("home-user", "home-pass")]
        {
            assert!(is_alike(user.as_bytes(), password.as_bytes()), "{user}");
        }
        for (user, password) in [("root", "password2"), ("user2", "password3"), ("root", "root"), ("", "pass")] {
            assert!(!is_alike(user.as_bytes(), password.as_bytes()), "{user}");
        }
    }

    #[test]
    fn words_are_no_tokens() {
        for words in
            ["some-token", "accessToken", "my.access.token", "token123", "integration-test-token-2", "AUTHENTICATION", "MyBearerTokenValue"]
        {
            assert!(reads_like_words(words.as_bytes()), "{words}");
        }
        for token in ["6158833b8c760b72b4b8efff", "aXbYcZqWeRtYuIoP", "kQzXvBnMlKjHgFdS", "a1b2c3d4"] {
            assert!(!reads_like_words(token.as_bytes()), "{token}");
        }
    }
}
