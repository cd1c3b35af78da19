//! What is taken where a setting is missing: `getenv("NAME") || "x"`, `config("NAME", default="x")`, `${NAME-x}`. Owns: the writings between the
//! setting's name and that. Must not: read values or judge.

use std::ops::Range;

use super::cursor::Cursor;
use super::operator::Place;
use super::statement::line_before;

/// Bytes of a line in which the other branch of a condition is looked for.
const CONDITION: usize = 400;

/// Operators before it where the left side may be missing.
const OR: [&[u8]; 5] = [b"||", b"??", b"?:", b"or ", b"//"];
/// Calls that take it, as they go on behind the one that asks for the setting.
const CALLS: [&[u8]; 9] = [
    b".unwrap_or(",
    b".unwrap_or_else(|_| ",
    b".orElse(",
    b".orElseGet(() -> ",
    b".getOrElse(",
    b".get_or_else(",
    b".or_else(|| ",
    b".withDefault(",
    b".defaultTo(",
];
/// Names of the argument that is it.
const NAMES: [&[u8]; 8] =
    [b"default=", b"default =", b"default: ", b"default => ", b"fallback=", b"fallback: ", b"defaultValue: ", b"default_value="];
/// Filters of templates that take it.
const FILTERS: [&[u8]; 6] = [b"| default ", b"|default ", b"| default(", b"|default(", b"| d(", b"| default: "];

/// Whether a text is an operator, or ends with one, that what is taken instead stands behind.
pub fn ends_with_or(text: &[u8]) -> bool {
    OR.iter().any(|or| text.ends_with(or.trim_ascii_end()))
}

/// Steps from a name to what is taken where it names nothing, but for the argument that follows it without a name.
pub fn after(place: &Place<'_>, cursor: &mut Cursor<'_>, quoted: bool) -> bool {
    let mut next = *cursor;
    if !quoted && place.before().ends_with(b"${") && next.eat(b"-") {
        *cursor = next;
        return true;
    }
    next.blanks();
    let found = if quoted {
        instead(&mut next) || argument(&mut next) || is_in_or(place, next)
    } else {
        FILTERS.iter().any(|filter| next.eat(filter))
    };
    found && step(cursor, next)
}

/// Steps from behind the name of a setting, as an argument or in brackets, to what is taken where it is missing.
pub fn of_setting(cursor: &mut Cursor<'_>) -> bool {
    let mut next = *cursor;
    while next.eat(b")") || next.eat(b"]") {}
    next.blanks();
    let found = instead(&mut next) || argument(&mut next) || next.eat(b",");
    found && step(cursor, next)
}

/// Steps over what leads from a call or an index to what is taken instead of it.
fn instead(cursor: &mut Cursor<'_>) -> bool {
    let is_closed = matches!(cursor.text()[..cursor.at].trim_ascii_end().last(), Some(b')' | b']'));
    is_closed && (OR.iter().chain(&CALLS).any(|or| cursor.eat(or)) || cursor.eat(b"{ "))
}

/// Whether the name is that of a setting which a Lisp asks for first: `(or (System/getenv "NAME") "x")`.
fn is_in_or(place: &Place<'_>, cursor: Cursor<'_>) -> bool {
    let is_closed = cursor.text()[..cursor.at].trim_ascii_end().ends_with(b")");
    is_closed && memchr::memmem::find(line_before(place), b"(or (").is_some()
}

/// Steps from an operator to what the other branch of a condition gives: `if (…) { … } else { "x" }`.
pub fn otherwise(cursor: &mut Cursor<'_>) -> bool {
    let mut next = *cursor;
    next.blanks();
    if !next.eat_word(b"if") && !next.eat(b"if(") {
        return false;
    }
    let line = &next.rest()[..memchr::memchr(b'\n', next.rest()).unwrap_or(next.rest().len())];
    let Some(branch) = memchr::memmem::rfind(&line[..line.len().min(CONDITION)], b"else ") else { return false };
    next.at += branch + b"else ".len();
    next.blanks();
    next.eat(b"{");
    step(cursor, next)
}

/// The name in `${name:-value}` and where the value stands, if that is all of a text; its bracket may have ended the text.
pub fn of_expansion(text: &[u8]) -> Option<(&[u8], Range<usize>)> {
    let inner = text.strip_prefix(b"${")?;
    let inner = inner.strip_suffix(b"}").unwrap_or(inner);
    let name = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let sign = [&b":-"[..], b"-", b":="].iter().find(|sign| inner[name..].starts_with(sign))?.len();
    let value = &inner[name + sign..];
    let start = b"${".len() + name + sign;
    (name > 0 && !value.iter().any(|byte| b"${}".contains(byte))).then_some((&inner[..name], start..start + value.len()))
}

/// Steps over a comma and the name of the argument that is taken instead.
fn argument(cursor: &mut Cursor<'_>) -> bool {
    let mut next = *cursor;
    let found = next.eat(b",") && {
        next.blanks();
        NAMES.iter().any(|name| next.eat(name))
    };
    if found {
        *cursor = next;
    }
    found
}

/// Moves a cursor on to a text in quotes, if one comes next.
fn step<'v>(cursor: &mut Cursor<'v>, mut next: Cursor<'v>) -> bool {
    next.blanks();
    let found = { next }.quote().is_some();
    if found {
        *cursor = next;
    }
    found
}
