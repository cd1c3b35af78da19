//! A candidate as a row of small numbers. Owns: what is told of it, and in which order. Must not: weigh.
//!
//! Values are told by shape, never by their words: apart from short lists of default passwords and of words that examples hold, a word counts by
//! its letter pairs only.

mod habit;

use super::Case;
use super::around::{self, TOPICS};
use super::shape::Shape;
use crate::detect::assignment::context::Context;
use crate::detect::assignment::name::Class;
use crate::detect::assignment::operator::Operator;
use crate::detect::assignment::value::{self, Form};
use crate::detect::assignment::words::wordness;
use crate::detect::placeholder;
use crate::file_kind::{FileKind, Setting};

/// A row of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features(pub [u8; COUNT]);

impl Default for Features {
    fn default() -> Self {
        Self([0; COUNT])
    }
}

/// What a run of features tells; the reasons of a verdict are given by group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// The words of the name.
    Name,
    /// What ties name and value.
    Operator,
    /// Quotes and what stands beside the value.
    Writing,
    /// Comment, text or code.
    Context,
    /// The file.
    File,
    /// The lines around.
    Around,
    /// Letters, digits and signs of the value.
    Shape,
    /// Whether the value is made of words.
    Words,
    /// Likeness of the value to its name and to what stands near.
    Likeness,
    /// Runs and well-known values.
    Habit,
}

/// The features' names by group, in order.
#[rustfmt::skip]
pub const TABLE: [(Group, &[&str]); 10] = [
    (Group::Name, &[
        "password", "secret", "api key", "token", "auth", "key", "bare", "trails", "test", "words", "length", "head length", "upper", "mixed",
        "dots", "dashes", "underscores", "digit last", "system", "service", "account", "repeat", "position",
    ]),
    (Group::Operator, &[
        "assign", "colon", "arrow", "compare", "comma", "call", "space", "flag", "element", "named", "cell", "prose", "query", "command",
        "tight", "default",
    ]),
    (Group::Writing, &[
        "bare value", "double quotes", "single quotes", "backticks", "nested", "joined", "fallback", "listed", "byte array", "before: line start",
        "before: blank", "before: quote", "before: bracket", "before: dot", "before: sign", "after: line end", "after: comma", "after: bracket",
        "after: semicolon", "after: blank", "tail length", "head length on line",
    ]),
    (Group::Context, &["comment", "text", "unknown", "minified"]),
    (Group::File, &["code", "script", "config", "data", "markup", "prose", "test file", "example file"]),
    (Group::Around, &[
        "line: user", "line: host", "line: testing", "line: code", "line: example", "line: wrong", "line: secret", "line: label", "above: user",
        "above: host", "above: testing", "above: code", "above: example", "above: wrong", "above: secret", "above: label", "below: user",
        "below: host", "below: testing", "below: code", "below: example", "below: wrong", "below: secret", "below: label", "above empty",
        "below empty", "indent", "line length", "quotes", "open brackets", "open braces", "commas before", "commas after", "equals signs",
        "colons", "command line", "goes on",
    ]),
    (Group::Shape, &[
        "value length", "lower share", "upper share", "digit share", "sign share", "foreign", "joints", "strong signs", "code signs", "blanks",
        "slashes", "changes", "change share", "longest letters", "longest number", "entropy", "distinct", "distinct share", "capital first",
        "digits last", "hex", "usual length", "base64", "padded", "runs of letters", "form: word", "form: joined", "form: constant",
        "form: letters", "form: coded", "form: signed", "form: random", "form: digits", "form: phrase", "form: uuid",
    ]),
    (Group::Words, &["wordness", "wordness of letters", "vowel share", "consonants"]),
    (Group::Likeness, &[
        "repeats name", "in name", "name in it", "common start", "credential word", "credential words only", "again on line", "again above",
        "again below", "kin on line", "kin above", "kin below",
    ]),
    (Group::Habit, &[
        "repeat", "sequence", "keyboard", "stand-in", "default password", "example word", "made-up start", "telling word", "telltale",
        "beyond words", "beyond words share", "digits beyond words",
    ]),
];

/// Number of features.
pub const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < TABLE.len() {
        count += TABLE[at].1.len();
        at += 1;
    }
    count
};

/// Changes when the features change: a model belongs to one set of them.
#[must_use]
pub fn checksum() -> u32 {
    let names = TABLE.iter().flat_map(|(_, names)| names.iter()).flat_map(|name| name.bytes().chain([0]));
    names.fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The features of a case.
#[must_use]
pub fn of(case: &Case<'_>) -> Features {
    let mut row = Row { features: Features::default(), at: 0 };
    name(case, &mut row);
    row.one_of(case.operator as usize, Operator::COUNT);
    writing(case, &mut row);
    row.flags([
        case.context == Context::Comment,
        matches!(case.context, Context::Text(_)),
        case.context == Context::Unknown,
        case.minified,
    ]);
    let (kind, setting) = (case.class.kind, case.class.setting);
    let kinds = [FileKind::Code, FileKind::Script, FileKind::Config, FileKind::Data, FileKind::Markup, FileKind::Doc];
    row.flags(kinds.map(|known| known == kind));
    row.flags([setting == Setting::Test, setting == Setting::Example]);
    surroundings(case, &mut row);
    let shape = Shape::of(case.value);
    let form = value::form(case.value);
    shape_of(case.value, &shape, form, &mut row);
    words(case.value, &shape, &mut row);
    likeness(case, form, &mut row);
    habit::habit(case.value, &shape, form, &mut row);
    debug_assert_eq!(row.at, COUNT, "because the table names every feature");
    row.features
}

/// A row being filled from left to right.
struct Row {
    features: Features,
    at: usize,
}

impl Row {
    fn number(&mut self, number: usize) {
        self.features.0[self.at] = u8::try_from(number).unwrap_or(u8::MAX);
        self.at += 1;
    }

    /// `part` of `whole`, in 255ths.
    fn share(&mut self, part: usize, whole: usize) {
        self.number(part * 255 / whole.max(1));
    }

    fn flags<const N: usize>(&mut self, flags: [bool; N]) {
        for flag in flags {
            self.number(usize::from(flag));
        }
    }

    /// One of `count` is so.
    fn one_of(&mut self, which: usize, count: usize) {
        for at in 0..count {
            self.number(usize::from(at == which));
        }
    }

    /// A measure of letter pairs, in 24ths.
    fn wordness(&mut self, text: &[u8]) {
        let measure = (wordness(text) * 24.0).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 216")]
        self.number(measure as usize);
    }
}

fn name(case: &Case<'_>, row: &mut Row) {
    let (name, text) = (&case.name, case.text);
    let classes = [Class::Password, Class::Secret, Class::ApiKey, Class::Token, Class::Auth, Class::Key];
    row.flags(classes.map(|class| class == name.class));
    row.flags([name.bare, name.trails, name.test]);
    row.number(usize::from(name.words));
    row.number(text.len());
    row.number(usize::from(name.head));
    let (lower, upper) = (text.iter().any(u8::is_ascii_lowercase), text.iter().any(u8::is_ascii_uppercase));
    row.flags([
        upper && !lower,
        upper && lower,
        text.contains(&b'.'),
        text.contains(&b'-'),
        text.contains(&b'_'),
        text.last().is_some_and(u8::is_ascii_digit),
        name.system,
        name.service,
        name.account,
        name.repeat,
    ]);
    row.number(usize::from(name.words.saturating_sub(name.position)));
}

fn writing(case: &Case<'_>, row: &mut Row) {
    let literal = case.literal;
    row.flags([
        literal.mark.is_none(),
        literal.mark == Some(b'"'),
        literal.mark == Some(b'\''),
        literal.mark == Some(b'`'),
        literal.nested,
        literal.joined,
        literal.fallback,
        literal.listed,
        literal.array.is_some(),
    ]);
    let before = case.around.head.trim_ascii_end();
    let last = before.last().copied();
    row.flags([
        last.is_none(),
        last.is_some() && before.len() < case.around.head.len(),
        matches!(last, Some(b'"' | b'\'' | b'`')),
        matches!(last, Some(b'(' | b'{' | b'[' | b'<' | b',')),
        last == Some(b'.'),
        last.is_some_and(|last| last.is_ascii_punctuation()),
    ]);
    let tail = case.around.tail;
    let tail = if literal.mark.is_some() && !tail.is_empty() { &tail[1..] } else { tail };
    let next = tail.trim_ascii_start().first().copied();
    row.flags([
        next.is_none(),
        next == Some(b','),
        matches!(next, Some(b')' | b'}' | b']' | b'>')),
        next == Some(b';'),
        next.is_some() && tail[0] == b' ',
    ]);
    row.number(tail.trim_ascii().len());
    row.number(case.around.head.len());
}

fn surroundings(case: &Case<'_>, row: &mut Row) {
    let around = &case.around;
    let line = around::topics(around.head) | around::topics(around.tail);
    for topics in [line, around::topics(around.above), around::topics(around.below)] {
        for bit in 0..TOPICS {
            row.number(usize::from(topics >> bit & 1));
        }
    }
    row.flags([around.above.trim_ascii().is_empty(), around.below.trim_ascii().is_empty()]);
    layout(around.head, around.tail, row);
}

/// What the line is built of on both sides of the assignment.
fn layout(head: &[u8], tail: &[u8], row: &mut Row) {
    let mut before = [0_usize; 256];
    let mut after = [0_usize; 256];
    for &byte in head {
        before[usize::from(byte)] += 1;
    }
    for &byte in tail {
        after[usize::from(byte)] += 1;
    }
    let both = |byte: u8| before[usize::from(byte)] + after[usize::from(byte)];
    let open = |opening: u8, closing: u8| before[usize::from(opening)].saturating_sub(before[usize::from(closing)]);
    row.number(head.len() - head.trim_ascii_start().len());
    row.number(head.len() + tail.len());
    row.number(both(b'"') + both(b'\''));
    row.number(open(b'(', b')'));
    row.number(open(b'{', b'}'));
    row.number(before[usize::from(b',')]);
    row.number(after[usize::from(b',')]);
    row.number(both(b'='));
    row.number(both(b':'));
    let commands: [&[u8]; 5] = [b"docker ", b"export ", b"curl ", b" -e ", b"$ "];
    row.flags([commands.iter().any(|word| contains(head, word)), tail.trim_ascii_end().ends_with(b"\\")]);
}

fn shape_of(value: &[u8], shape: &Shape, form: Form, row: &mut Row) {
    const USUAL: [usize; 9] = [16, 20, 22, 24, 32, 36, 40, 44, 64];
    row.number(value.len());
    let signs = shape.length - shape.all_letters() - shape.digits;
    for part in [shape.lower, shape.upper, shape.digits, signs] {
        row.share(part, shape.length);
    }
    for number in [shape.foreign, shape.joints, shape.strong, shape.code, shape.blanks, shape.slashes, shape.changes] {
        row.number(number);
    }
    row.share(shape.changes, shape.length);
    for number in [shape.letters.1, shape.number, shape.entropy, shape.distinct] {
        row.number(number);
    }
    row.share(shape.distinct, shape.length);
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    let base64 = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
    row.flags([value.first().is_some_and(u8::is_ascii_uppercase)]);
    row.number(value.iter().rev().take_while(|byte| byte.is_ascii_digit()).count());
    row.flags([hex, USUAL.contains(&value.len()), base64 && value.len().is_multiple_of(4), value.ends_with(b"=")]);
    row.number(shape.words);
    row.one_of(form as usize, 10);
}

fn words(value: &[u8], shape: &Shape, row: &mut Row) {
    let (start, length) = shape.letters;
    row.wordness(&value[..shape.length]);
    row.wordness(&value[start..start + length]);
    row.share(shape.vowels, shape.all_letters());
    row.number(shape.consonants);
}

/// Letters and digits in lower case, at most 64, at the front of the buffer.
fn fold<'b>(text: &[u8], buffer: &'b mut [u8; 64]) -> &'b [u8] {
    let mut length = 0;
    for &byte in text.iter().filter(|byte| byte.is_ascii_alphanumeric()).take(64) {
        buffer[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    &buffer[..length]
}

/// Whether a short text holds a part; a search that prepares itself takes longer than the search.
fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn likeness(case: &Case<'_>, form: Form, row: &mut Row) {
    const WORDS: [&[u8]; 8] = [b"pass", b"pwd", b"secret", b"token", b"key", b"auth", b"cred", b"user"];
    let (mut first, mut second) = ([0; 64], [0; 64]);
    let (value, name) = (fold(case.value, &mut first), fold(case.text, &mut second));
    let holds = |text: &[u8], part: &[u8]| part.len() > 2 && contains(text, part);
    let head = &name[name.len() - usize::from(case.name.head).min(name.len())..];
    row.flags([value == name || value == head, holds(name, value), holds(value, head)]);
    row.number(value.iter().zip(name).take_while(|(a, b)| a == b).count());
    let only = || std::str::from_utf8(value).is_ok_and(placeholder::is_joined);
    row.flags([form != Form::Random && WORDS.iter().any(|word| holds(value, word)), value.len() < 30 && only()]);
    let again = |text: &[u8]| case.value.len() > 2 && memchr::memmem::find(text, case.value).is_some();
    let around = &case.around;
    row.flags([again(around.head) || again(around.tail), again(around.above), again(around.below)]);
    // `my_password` below `my_user`: whoever wrote it made all of it up.
    let first = case.value.iter().position(|byte| matches!(byte, b'_' | b'-' | b'.')).map_or(0, |joint| joint + 1);
    let kin = |text: &[u8]| (3..16).contains(&first) && contains(text, &case.value[..first]);
    row.flags([kin(around.head) || kin(around.tail), kin(around.above), kin(around.below)]);
}
