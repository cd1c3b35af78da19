//! What is taken where a setting is missing: `getenv("NAME") || "x"`, `config("NAME", default="x")`, `${NAME-x}`. Owns: the writings between the
//! setting's name and that. Must not: read values or judge.

use super::cursor::Cursor;
use super::operator::Place;

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
    let found = if quoted { instead(&mut next) || argument(&mut next) } else { FILTERS.iter().any(|filter| next.eat(filter)) };
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
