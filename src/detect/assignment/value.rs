//! What a value looks like. Owns: its form, and the rules for values that are certainly none. Must not: weigh.

use std::ops::Range;

use super::vocabulary::{FILE_ENDINGS, RULES, SETTINGS};
use super::words::wordness;
use crate::detect::{entropy, placeholder, rule};

/// The form of a value; the order is the column in the table of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// One word in one case.
    Word,
    /// Several words: `my-secret-token`, `githubToken`.
    Joined,
    /// `UPPER_CASE`.
    Constant,
    /// Letters that are no word.
    Letters,
    /// Letters and digits, short.
    Coded,
    /// With signs that words and identifiers do not have.
    Signed,
    /// Long and without words.
    Random,
    /// Digits only.
    Digits,
    /// Words with blanks.
    Phrase,
    /// A UUID.
    Uuid,
}

/// Wordness above which letters count as words.
const WORDS: f32 = 4.6;

/// The form of a value.
#[must_use]
pub fn form(value: &[u8]) -> Form {
    let count = |is: fn(&u8) -> bool| value.iter().filter(|byte| is(byte)).count();
    let (lower, upper, digits) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase), count(u8::is_ascii_digit));
    let joints = count(|byte| matches!(byte, b'_' | b'-' | b'.'));
    let letters = lower + upper;
    if rule::is_uuid(value) {
        return Form::Uuid;
    }
    if value.contains(&b' ') {
        return Form::Phrase;
    }
    if is_random(value, letters, digits) {
        return Form::Random;
    }
    if digits == value.len() {
        return Form::Digits;
    }
    if letters + digits + joints < value.len() {
        return Form::Signed;
    }
    if digits > 0 && (letters > 0 || joints > 0) {
        let last = value.iter().rposition(|byte| !byte.is_ascii_digit()).unwrap_or(0);
        let counted = digits == value.len() - last - 1 && digits <= 2 && joints > 0;
        return if counted { Form::Joined } else { Form::Coded };
    }
    if wordness(value) < WORDS && letters > 3 {
        return Form::Letters;
    }
    if joints > 0 || value.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()) {
        return if lower == 0 { Form::Constant } else { Form::Joined };
    }
    if upper > 1 && lower == 0 { Form::Constant } else { Form::Word }
}

/// Whether a value is long and mixed enough to be generated.
fn is_random(value: &[u8], letters: usize, digits: usize) -> bool {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-.:~%".contains(byte);
    if value.len() < 15 || !value.iter().all(inside) || letters == 0 {
        return false;
    }
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    let enough = entropy::shannon(value) >= if hex { 2.6 } else { 3.0 };
    let mixed = digits * 8 >= value.len() && !is_counted(value);
    enough && (hex && digits > 0 || mixed || wordness(value) < 4.2)
}

/// The longest part of a text that looks random: the token in `Bearer …`, the value in JSON inside a string.
#[must_use]
pub fn random_part(value: &[u8]) -> Option<Range<usize>> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(byte);
    let parts = value.chunk_by(|a, b| inside(a) == inside(b)).scan(0, |at, part| {
        let span = *at..*at + part.len();
        *at = span.end;
        Some(span)
    });
    parts.filter(|span| form(&value[span.clone()]) == Form::Random).max_by_key(Range::len)
}

/// Whether a value is a number such as `-0.7`.
fn is_below_zero(value: &[u8]) -> bool {
    let parts = value.strip_prefix(b"-").map(|digits| digits.split(|byte| *byte == b'.'));
    parts.is_some_and(|parts| parts.clone().count() == 2 && parts.flatten().all(u8::is_ascii_digit))
}

/// Whether the digits are only counts after words: `user1-key2-name3`.
fn is_counted(value: &[u8]) -> bool {
    value.split(|byte| !byte.is_ascii_alphanumeric()).all(|part| {
        let stem = part.len() - part.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        part[..stem].iter().all(u8::is_ascii_alphabetic) && (stem < 3 || wordness(&part[..stem]) > WORDS)
    })
}

/// Why a value certainly stands for another one, where it does.
#[must_use]
pub fn reference(value: &[u8]) -> Option<&'static str> {
    const TEMPLATES: [&[u8]; 9] = [b"${", b"$(", b"{{", b"}}", b"<%", b"#{", b"%{", b"@{", b"$["];
    const STORES: [&[u8]; 24] = [
        b"env:",
        b"env.",
        b"ENV[",
        b"ENV.",
        b"process.env",
        b"os.environ",
        b"os.getenv",
        b"getenv",
        b"secrets.",
        b"secret:",
        b"vault:",
        b"arn:",
        b"op://",
        b"ssm:",
        b"kms:",
        b"ref:",
        b"ref+",
        b"file:",
        b"classpath:",
        b"((",
        b"@Microsoft.KeyVault",
        b"ENC[",
        b"ENC(",
        b"!Ref",
    ];
    let starts = |list: &[&[u8]]| list.iter().any(|start| value.starts_with(start));
    if TEMPLATES.iter().any(|mark| memchr::memmem::find(value, mark).is_some()) || in_braces(value) {
        return Some("it is a template");
    }
    let identifier = |text: &[u8]| !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.:>-[]'".contains(byte));
    let windows = memchr::memchr_iter(b'%', value).nth(1).is_some()
        && value
            .split(|&byte| byte == b'%')
            .skip(1)
            .step_by(2)
            .any(|name| name.len() > 2 && name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'));
    let variable = match value {
        [b'$', rest @ .., b'$'] => rest.len() > 2 && identifier(rest) && wordness(rest) > WORDS,
        // `"$user:$password"`.
        [b'$', rest @ ..] if rest.contains(&b'$') => {
            rest.split(|&byte| byte == b'$').all(|part| identifier(part) && part[0].is_ascii_lowercase() && wordness(part) > WORDS)
        }
        // `"$directory/name"`.
        [b'$', rest @ ..] if rest.contains(&b'/') => {
            rest.split(|&byte| byte == b'/').all(|part| identifier(part) && part[0].is_ascii_alphabetic() && wordness(part) > WORDS)
        }
        [b'$', rest @ ..] => identifier(rest) && rest[0] != b'-' && (wordness(rest) >= 3.5 || rest.contains(&b'_')),
        [b'%', rest @ .., b'%'] | [b'@', rest @ .., b'@'] => identifier(rest),
        [b':' | b'@', rest @ ..] => rest.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_') && wordness(rest) > WORDS,
        _ => false,
    };
    if variable || windows || starts(&STORES) {
        return Some("it refers to a variable or a store");
    }
    if is_format(value) {
        return Some("it is a format string");
    }
    is_call(value).then_some("it is a function call")
}

/// `{name}` or `{0}` somewhere in the value.
fn in_braces(value: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'{', value) else { return false };
    let Some(length) = memchr::memchr(b'}', &value[open..]) else { return false };
    let inner = &value[open + 1..open + length];
    inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.:- ".contains(byte))
        && (inner.iter().all(u8::is_ascii_digit) || wordness(inner) > 4.0)
}

/// `%s`, `%1$s`, `%d` … with nothing random around.
fn is_format(value: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'%', value) else { return false };
    let rest = &value[at + 1..];
    if rest.starts_with(b".*s") {
        return true;
    }
    let rest = &rest[rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'$' | b'.' | b'+' | b'#' | b'(')).count()..];
    let conversion = matches!(rest.first(), Some(b's' | b'd' | b'v' | b'q' | b'@' | b'x' | b'i' | b'u'));
    let words = value.contains(&b' ') || wordness(value) > WORDS;
    conversion && rest.get(1).is_none_or(|next| !next.is_ascii_alphanumeric()) && (value.len() < 8 || words || at == 0 || rest.len() == 1)
}

/// Whether a value without quotes is an expression: brackets, variables, further assignments.
#[must_use]
pub fn is_expression(bare: &[u8]) -> bool {
    let name = bare.iter().take_while(|byte| byte.is_ascii_alphabetic() || b"_.,".contains(byte)).count();
    let named = name > 2 && wordness(&bare[..name]) > WORDS;
    named && matches!(bare.get(name), Some(b'(' | b'[' | b'{' | b'$' | b'"' | b'=')) || bare.contains(&b'(') && bare.len() > 12
}

/// `name(…)`.
fn is_call(value: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'(', value) else { return false };
    let name = &value[..open];
    value.ends_with(b")")
        && name.len() > 2
        && name.iter().all(|byte| byte.is_ascii_alphabetic() || b"_.:".contains(byte))
        && wordness(name) > 4.0
}

/// Why a value certainly stands for one to be filled in, where it does.
#[must_use]
pub fn placeholder(value: &[u8]) -> Option<&'static str> {
    const WORDS: [&[u8]; 14] = [
        b"your",
        b"example",
        b"placeholder",
        b"redacted",
        b"replace",
        b"insert",
        b"fill",
        b"-here",
        b"_here",
        b"todo",
        b"fixme",
        b"undefined",
        b"unspecified",
        b"alphanumeric",
    ];
    if let [b'<', .., b'>'] | [b'[', .., b']'] | [b'#', b'#', ..] = value {
        return Some("it is a placeholder in brackets");
    }
    let masked = |mark: u8| value.windows(3).any(|three| three.iter().all(|&byte| byte == mark));
    if masked(b'*')
        || masked(b'.')
        || memchr::memmem::find(value, "…".as_bytes()).is_some()
        || memchr::memmem::find(value, "••".as_bytes()).is_some()
    {
        return Some("it is masked or elided");
    }
    let lower = value[..value.len().min(96)].to_ascii_lowercase();
    let signs: Vec<u8> = lower.iter().copied().filter(|byte| !matches!(byte, b'-' | b'_' | b' ' | b':' | b'.')).collect();
    if entropy::distinct(&signs) <= 1 || memchr::memmem::find(&lower, b"xxxx").is_some() {
        return Some("it is one character repeated");
    }
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some()).then_some("it holds a word of placeholders")
}

/// Starts of the hashes of passwords.
const HASHES: [&[u8]; 17] = [
    b"$2a$", b"$2b$", b"$2y$", b"$1$", b"$5$", b"$6$", b"$argon2", b"{SHA", b"{SSHA", b"sha1$", b"sha1:", b"sha256:", b"argon2:",
    b"pbkdf2_", b"pbkdf2:", b"scrypt:", b"$apr1$",
];
/// Starts of public keys: those of SSH, then DER in base64 (Ed25519, Ed448, P-256, P-384, RSA), then PEM in base64 with a certificate or a key.
const PUBLIC_KEYS: [&[u8]; 16] = [
    b"ssh-rsa",
    b"ssh-ed25519",
    b"ssh-dss",
    b"ecdsa-sha2",
    b"AAAAB3NzaC1",
    b"AAAAC3NzaC1",
    b"MCowBQYDK2V",
    b"MEMwBQYDK2V",
    b"MEIwBQYDK2V",
    b"MFkwEwYHKoZIzj0CAQ",
    b"MHYwEAYHKoZIzj0CAQ",
    b"MIGfMA0GCSqGSIb3DQEBAQUAA4",
    b"MIIBIjANBgkqhkiG9w0BAQEFAAOC",
    b"MIICIjANBgkqhkiG9w0BAQEFAAOC",
    b"LS0tLS1CRUdJTiBDRVJU",
    b"LS0tLS1CRUdJTiBQVUJMSUMg",
];
/// What regular expressions hold.
const EXPRESSIONS: [&[u8]; 3] = [b"\\d", b"[^", b"a-z"];

/// Why a value is certainly something else, where it is.
#[must_use]
pub fn harmless(value: &[u8]) -> Option<&'static str> {
    let starts = |list: &[&[u8]]| list.iter().any(|start| value.starts_with(start));
    let holds = |part: &[u8]| memchr::memmem::find(value, part).is_some();
    let option = value.starts_with(b"--") && value.get(2).is_some_and(u8::is_ascii_lowercase);
    let reasons: [(bool, &'static str); 17] = [
        (is_setting(value), "it is a word of types and settings"),
        (are_rules(value), "it is a list of rules for a field"),
        (starts(&HASHES) || placeholder::hashed(value), "it is the hash of a password"),
        (starts(&PUBLIC_KEYS), "it is a public key"),
        (option, "it is an option of a command"),
        (is_below_zero(value), "it is a number"),
        (!value.iter().any(u8::is_ascii_alphanumeric), "it has no letters or digits"),
        (holds(b"://"), "it is a URL"),
        (counts_on(value), "it is a sequence"),
        (is_periodic(value), "it repeats a few digits"),
        (has_few_characters(value), "it has hardly any different characters"),
        (is_path(value), "it is a path"),
        (holds(b"-HMAC-SHA"), "it is the name of an algorithm"),
        (is_scope(value), "it is the scope of a signature"),
        (is_dotted(value), "it is a dotted name"),
        (value.iter().any(u8::is_ascii_control), "it holds control characters"),
        (EXPRESSIONS.iter().any(|part| holds(part)), "it is a regular expression"),
    ];
    reasons.into_iter().find_map(|(is, reason)| is.then_some(reason))
}

/// Whether most of a value counts on, `1234567890abcdefghij`, or a whole alphabet stands in it.
fn counts_on(value: &[u8]) -> bool {
    const LONG: usize = 10;
    const ALPHABET: usize = 26;
    let run = entropy::longest_sequence(value);
    run >= LONG && run * 2 >= value.len() || run >= ALPHABET
}

/// Whether a value is rules for a field, perhaps the first of them: `required|min:8`, `nullable|`, `min:8`.
fn are_rules(value: &[u8]) -> bool {
    let mut rules = value.split(|&byte| byte == b'|').filter(|rule| !rule.is_empty());
    let is_rule = |rule: &[u8]| {
        let name = rule.split(|&byte| byte == b':').next().unwrap_or_default();
        std::str::from_utf8(name).is_ok_and(|name| RULES.binary_search(&name).is_ok())
    };
    let joins = |byte: &u8| matches!(byte, b'|' | b':');
    value.iter().any(joins) && rules.next().is_some_and(is_rule)
}

/// Whether a long value has two or three different characters, or one of a few more than half of the time.
fn has_few_characters(value: &[u8]) -> bool {
    let distinct = entropy::distinct(value);
    let half = || value.iter().any(|byte| memchr::memchr_iter(*byte, value).count() * 2 > value.len());
    value.len() >= 16 && (distinct <= 3 || distinct <= 6 && half())
}

/// Whether a value is up to eight hex digits again and again: `deadbeefdeadbeefdeadbeef`.
fn is_periodic(value: &[u8]) -> bool {
    value.len() >= 16
        && value.iter().all(u8::is_ascii_hexdigit)
        && (1..=8).any(|period| value.len() >= 3 * period && value[period..].iter().zip(value).all(|(a, b)| a == b))
}

/// Whether a value is a word for a type or a setting, perhaps with a type's mark behind it.
fn is_setting(value: &[u8]) -> bool {
    let word = value.strip_suffix(b"!").or_else(|| value.strip_suffix(b"?")).unwrap_or(value);
    // `login(user : String, password : String)`
    let word = word.strip_suffix(b")").filter(|word| !word.contains(&b'(')).unwrap_or(word);
    // `VARCHAR2(64)`, of which the bracket that closes may be left out.
    let length = memchr::memchr(b'(', word).filter(|&open| word[open..].iter().all(|byte| byte.is_ascii_digit() || b"(),".contains(byte)));
    let word = &word[..length.unwrap_or(word.len())];
    let mut lower = [0; 12];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).is_ok_and(|lower| SETTINGS.binary_search(&lower).is_ok())
}

/// A path by its start or a file name by its ending.
fn is_path(value: &[u8]) -> bool {
    if [&b"./"[..], b"../", b"~/", b"C:\\", b"\\\\", b"@/"].iter().any(|start| value.starts_with(start)) {
        return true;
    }
    if value.starts_with(b"/") && (value.len() < 24 || memchr::memchr(b'=', value).is_none() && wordness(value) > 4.2) {
        return true;
    }
    let Some(dot) = memchr::memrchr(b'.', value) else { return false };
    let (stem, ending) = (&value[..dot], &value[dot + 1..]);
    let named = stem.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(byte));
    named && FILE_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known.as_bytes())) && (stem.len() < 3 || wordness(stem) > 4.0)
}

/// What a signature of AWS is made for: key id, date, region, service.
fn is_scope(value: &[u8]) -> bool {
    let is_date = |part: &[u8]| part.len() == 8 && part.iter().all(u8::is_ascii_digit);
    memchr::memchr_iter(b'/', value).count() > 2 && value.split(|&byte| byte == b'/').skip(1).any(is_date)
}

/// Words joined by dots, two slashes or `::`: a property, a class, a domain.
fn is_dotted(value: &[u8]) -> bool {
    let dots = value.iter().filter(|byte| matches!(byte, b'.' | b'/' | b':')).count();
    let named = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:*".contains(byte));
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let version = value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') && dots > 1;
    version
        || dots > 0
            && named
            && digits * 6 < value.len()
            && value.iter().rev().take(1).all(u8::is_ascii_alphanumeric)
            && wordness(value) > 4.8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_a_form() {
        for (value, expected) in [
            ("dignity", Form::Word),
            ("Welcome", Form::Word),
            ("githubToken", Form::Joined),
            ("my-secret-token", Form::Joined),
            ("API_PASSWORD", Form::Constant),
            ("gwxwkon", Form::Letters),
            ("Welcome3", Form::Coded),
            ("P@ssw0rd!", Form::Signed),
            ("0a1b2c3d4e5f60718293a4b5c6d7e8f9", Form::Random),
            ("HGPAI2APXCGQ7ERQ", Form::Random),
            ("123456", Form::Digits),
            ("open sesame", Form::Phrase),
            ("0a1b2c3d-0000-4000-8000-0123456789ab", Form::Uuid),
        ] {
            assert_eq!(form(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn values_that_stand_for_others() {
        for value in [
            "${X}",
            "$PASSWORD",
            "{{ token }}",
            "%s",
            "%PASS%",
            "$value[0]:$value[1]",
            "$encrypted$",
            "env:TOKEN",
            "process.env.TOKEN",
            "getPassword()",
            "{password}",
            "arn:aws:kms:x",
        ] {
            assert!(reference(value.as_bytes()).is_some(), "{value}");
        }
        for value in ["P@$$w0rd", "$2wq!9xK", "a%sb1cd9", "pass(word", "a{b}c!9xQ7z"] {
            assert_eq!(reference(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn values_to_be_filled_in() {
        for value in ["<password>", "##PASSWORD", "YOUR_TOKEN", "********", "xxxxxxxx-xxxx", "abc...", "your-token-here", "[secret]"] {
            assert!(placeholder(value.as_bytes()).is_some(), "{value}");
        }
        for value in ["hunter2", "a*b*c", "changeit"] {
            assert_eq!(placeholder(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn values_that_are_something_else() {
        for value in [
            "true",
            "String",
            "https://a/b",
            "./key.pem",
            "server.key",
            "/403",
            "template.users.data.password",
            "1.3.0",
            "[^a-z]+",
            "apps/v1",
            "1234567890abcdefghij",
            "deadbeefdeadbeefdeadbeef",
            "AAAA%2FAAA%3DAAAAAAAA",
        ] {
            assert!(harmless(value.as_bytes()).is_some(), "{value}");
        }
        for value in ["hunter2", "guest", "q7Rt2/Lw9Z+bPx/vfiCYzkk", "P@ss.word9", "b64:9xQ=="] {
            assert_eq!(harmless(value.as_bytes()), None, "{value}");
        }
    }
}
