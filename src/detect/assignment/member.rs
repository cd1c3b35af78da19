//! Values that are members of something that has the name: `name: PASSWORD` and `value: x` beside it, `password: { value: "x" }`, a variable's
//! `default =`. Owns: finding the member. Must not: read values or judge.

use super::cursor::Cursor;
use super::operator::{Operator, Place};
use crate::file_kind::FileKind;

/// Members that hold the value.
const VALUES: [&[u8]; 5] = [b"value", b"val", b"content", b"default", b"defaultvalue"];
/// Bytes of a value on a line that is not near the name, at most.
const VALUE: usize = 1024;
/// Bytes of an object before the member.
const OBJECT: usize = 160;

/// A name that is itself a value: `name: PASSWORD` and `value: x` after it, `variable "password" { default = "x" }`.
pub fn named<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>, quoted: bool) -> Option<Operator> {
    let before = place.before();
    let before = if quoted { before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before) } else { before };
    if before.ends_with(b"variable ") {
        return variable_default(place, cursor);
    }
    let introduced = before.iter().rev().find(|byte| **byte != b' ').is_some_and(|byte| matches!(byte, b':' | b'=' | b'>'));
    if !introduced || !quoted && place.kind != FileKind::Config {
        return None;
    }
    let mut next = *cursor;
    next.blanks();
    next.eat(b",");
    next.line_end();
    next.blanks();
    let mark = [&b"\""[..], b"'"].into_iter().find(|mark| next.eat(mark)).unwrap_or_default();
    if !VALUES.iter().any(|word| next.eat_word(word)) || !next.eat(mark) {
        return None;
    }
    next.blanks();
    if !(next.eat(b"=>") || next.eat(b":") || next.eat(b"=")) {
        return None;
    }
    *cursor = next;
    Some(Operator::Named)
}

/// The default of a Terraform variable: somewhere in its block, before the block ends.
fn variable_default<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>) -> Option<Operator> {
    const BLOCK: usize = 600;
    let block = &place.whole[cursor.at..place.whole.len().min(cursor.at + BLOCK)];
    place.looked(cursor.at + block.len() + VALUE);
    let block = &block[..memchr::memmem::find(block, b"\n}").unwrap_or(block.len())];
    let at = memchr::memmem::find_iter(block, b"default").find(|&at| at > 0 && matches!(block[at - 1], b' ' | b'\t' | b'\n'))?;
    let mut value = place.far(cursor.at + at + b"default".len());
    value.blanks();
    let found = value.eat(b"=");
    *cursor = value;
    found.then_some(Operator::Named)
}

/// Steps to the value in an object or a block after the operator: `{ type: "string", value: `, a line end and `value: `.
pub fn object<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>) -> bool {
    let mut next = *cursor;
    next.blanks();
    let block = place.kind == FileKind::Config && next.line_end();
    if !block && !next.eat(b"{") {
        return false;
    }
    let start = next.at;
    let text = &place.whole[start..place.whole.len().min(start + OBJECT)];
    place.looked(start + text.len() + VALUE);
    let ends = |byte: &u8| matches!(byte, b'}' | b'{' | b'[') || block && *byte == b'\n';
    let text = &text[..text.iter().position(ends).unwrap_or(text.len())];
    let lower = text.to_ascii_lowercase();
    let found =
        VALUES.iter().find_map(|word| memchr::memmem::find_iter(&lower, word).find_map(|at| member(place, start + at, word, start)));
    if let Some(found) = found {
        *cursor = found;
    }
    found.is_some()
}

/// Steps to the default of an option that a parser of commands is told of: `add_argument("--password", default="x")`.
pub fn option_default<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>) -> bool {
    let text = &cursor.rest()[..cursor.rest().len().min(OBJECT)];
    let text = &text[..memchr::memchr2(b'\n', b')', text).unwrap_or(text.len())];
    let Some(at) = memchr::memmem::find(text, b"default=").filter(|&at| at > 0 && matches!(text[at - 1], b' ' | b',')) else {
        return false;
    };
    let mut value = Cursor::new(place.bytes, cursor.at + at + b"default=".len());
    let start = value;
    let found = value.quote().is_some();
    if found {
        *cursor = start;
    }
    found
}

/// Steps over the tag of a value inside of an element: `<password>` and `<value>` on the same line or the next.
pub fn value_tag(cursor: &mut Cursor<'_>) {
    const TAG: &[u8] = b"<value>";
    let mut next = *cursor;
    next.blanks();
    next.line_end();
    let rest = next.rest();
    if rest.len() > TAG.len() && rest[..TAG.len()].eq_ignore_ascii_case(TAG) {
        next.at += TAG.len();
        *cursor = next;
    }
}

/// The place after the operator of the member `word` at `at`, if it is one.
fn member<'v>(place: &Place<'v>, at: usize, word: &[u8], start: usize) -> Option<Cursor<'v>> {
    let last = place.whole[start..at].last().copied().unwrap_or(b' ');
    let mut next = place.far(at + word.len());
    let quoted = matches!(last, b'"' | b'\'');
    let closed = !quoted || next.peek() == Some(last);
    if !closed || !quoted && !b" \t\n,:{".contains(&last) {
        return None;
    }
    next.at += usize::from(quoted);
    next.blanks();
    (next.eat(b"=>") || next.eat(b":") || next.eat(b"=")).then_some(next)
}
