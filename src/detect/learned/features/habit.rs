//! What people write in place of a password. Owns: the words, and the features that tell of them. Must not: judge.

use super::{Form, Row, Shape, contains};

/// What stands for any password in texts, and what products come with.
const STAND_INS: [&[u8]; 26] = [
    b"password",
    b"passwd",
    b"pass",
    b"pwd",
    b"pw",
    b"secret",
    b"token",
    b"key",
    b"admin",
    b"root",
    b"user",
    b"sa",
    b"test",
    b"foo",
    b"bar",
    b"asdf",
    b"abc",
    b"abc123",
    b"123",
    b"1234",
    b"12345",
    b"123456",
    b"1234567",
    b"12345678",
    b"123456789",
    b"changeit",
];
const DEFAULTS: [&[u8]; 16] = [
    b"guest",
    b"changeme",
    b"postgres",
    b"vagrant",
    b"welcome1",
    b"qwerty",
    b"letmein",
    b"p@ssw0rd",
    b"passw0rd",
    b"toor",
    b"mysql",
    b"oracle",
    b"elastic",
    b"minioadmin",
    b"hunter2",
    b"mypassword",
];
const EXAMPLES: [&[u8]; 17] = [
    b"test", b"dummy", b"fake", b"sample", b"demo", b"mock", b"foo", b"bar", b"baz", b"abc", b"asdf", b"some", b"invalid", b"wrong",
    b"random", b"temp", b"xyz",
];
const STARTS: [&[u8]; 6] = [b"my", b"the", b"a-", b"some", b"new", b"old"];
/// What tests call a password by: the one that is wrong, the next one.
const TELLING: [&[u8]; 14] = [
    b"another",
    b"other",
    b"different",
    b"short",
    b"long",
    b"valid",
    b"correct",
    b"incorrect",
    b"bad",
    b"good",
    b"default",
    b"current",
    b"secure",
    b"strong",
];

/// Words that people put together to a password that says what it is: `mysecretpassword`. A word stands before those it starts with.
const COMMON: [&[u8]; 40] = [
    b"passphrase",
    b"password",
    b"passwd",
    b"pass",
    b"pwd",
    b"secret",
    b"token",
    b"key",
    b"username",
    b"user",
    b"admin",
    b"root",
    b"test",
    b"my",
    b"some",
    b"new",
    b"old",
    b"another",
    b"other",
    b"wrong",
    b"invalid",
    b"correct",
    b"super",
    b"secure",
    b"strong",
    b"top",
    b"auth",
    b"api",
    b"db",
    b"foo",
    b"bar",
    b"example",
    b"default",
    b"the",
    b"your",
    b"not",
    b"real",
    b"fake",
    b"dummy",
    b"sample",
];
/// Words of examples that random text hardly holds.
const TELLTALES: [&[u8]; 10] = [b"test", b"fake", b"dummy", b"sample", b"demo", b"mock", b"notreal", b"invalid", b"random", b"secret"];

/// Bytes of a text that [`COMMON`] words do not cover, and digits among them.
fn beyond_words(lower: &[u8]) -> (usize, usize) {
    let (mut at, mut rest, mut digits) = (0, 0, 0);
    while at < lower.len() {
        if let Some(word) = COMMON.iter().find(|word| lower[at..].starts_with(word)) {
            at += word.len();
            continue;
        }
        rest += 1;
        digits += usize::from(lower[at].is_ascii_digit());
        at += 1;
    }
    (rest, digits)
}

/// Adds the features.
pub(super) fn habit(value: &[u8], shape: &Shape, form: Form, row: &mut Row) {
    for number in [shape.repeat, shape.sequence, shape.keyboard] {
        row.number(number);
    }
    let mut buffer = [0; 64];
    let lower = &mut buffer[..value.len().min(64)];
    lower.copy_from_slice(&value[..value.len().min(64)]);
    lower.make_ascii_lowercase();
    let words = form != Form::Random;
    row.flags([
        STAND_INS.contains(&&*lower),
        DEFAULTS.contains(&&*lower),
        words && EXAMPLES.iter().any(|word| contains(lower, word)),
        words && STARTS.iter().any(|start| lower.starts_with(start)),
        words && TELLING.iter().any(|word| contains(lower, word)),
        !words && TELLTALES.iter().any(|word| contains(lower, word)),
    ]);
    let (rest, digits) = beyond_words(lower);
    row.number(rest);
    row.share(rest, lower.len());
    row.number(digits);
}
