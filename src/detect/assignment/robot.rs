//! Robot Framework, whose words are apart by two blanks: `${PASSWORD}    value`, `Input Password    id:field    value`. Owns: which of its
//! lines state a value. Must not: read it.

use super::cursor::Cursor;
use super::operator::Place;
use super::statement::line_before;

/// Keywords that give the name before them, or after them, a value.
const SETS: [&[u8]; 4] = [b"Set Variable", b"Set Test Variable", b"Set Suite Variable", b"Set Global Variable"];
/// Keywords that type a text into the field that comes next.
const TYPES: [&[u8]; 6] = [b"Input Password", b"Input Text", b"Fill Text", b"Fill Secret", b"Type Text", b"Type Secret"];

/// Steps over what closes the variable `${NAME}`, or `${NAME}=`, if another word comes after it.
#[must_use]
pub(super) fn closes(place: &Place<'_>, cursor: &mut Cursor<'_>) -> bool {
    let mut next = *cursor;
    let closed = before_variable(place).is_some() && next.eat(b"}");
    next.eat(b"=");
    let found = closed && matches!(next.rest(), [b' ', b' ', ..] | [b'\t', ..]);
    if found {
        *cursor = next;
    }
    found
}

/// What stands on the line before the variable in whose braces the name is.
fn before_variable<'v>(place: &Place<'v>) -> Option<&'v [u8]> {
    let line = line_before(place);
    let open = memchr::memrchr(b'$', line)?;
    let name = line[open + 1..].strip_prefix(b"{")?;
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_')).then(|| line[..open].trim_ascii())
}

/// Steps to the value behind the name at `place`, and the blanks after it, if the line states one.
#[must_use]
pub(super) fn sets(place: &Place<'_>, cursor: &mut Cursor<'_>) -> bool {
    if !is_apart(*cursor) {
        return false;
    }
    if let Some(line) = before_variable(place) {
        let set = SETS.iter().find(|keyword| cursor.eat(keyword));
        return if line.is_empty() { set.is_none() || cursor.blanks() > 0 } else { SETS.contains(&line) };
    }
    let line = line_before(place).trim_ascii_start();
    let typed = TYPES.iter().find(|keyword| line.starts_with(keyword));
    // `Input Password    id:field    value` has a name in its keyword.
    typed.is_some() || line == b"Input " && place.text() == b"Password" && next_word(cursor)
}

/// Whether the cursor stands behind blanks that set words apart.
fn is_apart(cursor: Cursor<'_>) -> bool {
    let before = &cursor.text()[..cursor.at];
    before.ends_with(b"  ") || before.ends_with(b"\t")
}

/// Steps over a word and the blanks that set it apart.
fn next_word(cursor: &mut Cursor<'_>) -> bool {
    let line = &cursor.rest()[..memchr::memchr(b'\n', cursor.rest()).unwrap_or(cursor.rest().len())];
    let Some(length) = memchr::memmem::find(line, b"  ").or_else(|| memchr::memchr(b'\t', line)) else { return false };
    cursor.at += length;
    cursor.blanks() > 0
}
