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
    ]);
}
