//! Names in markup: tags, attributes, cells of tables. Owns: how each of them ties a value to its name. Must not: read values or judge.

use super::cursor::Cursor;
use super::operator::{Operator, Place, is_no_word};

/// Attributes and cells.
#[must_use]
pub(super) fn markup<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>, quoted: bool) -> Option<Operator> {
    if quoted && cursor.peek() == Some(b' ') {
        return attribute(cursor).or_else(|| argument(place, cursor));
    }
    let mut next = *cursor;
    let mut tags = 0;
    let mut has_own_name = false;
    next.blanks();
    while next.peek() == Some(b'<') && tags < 4 {
        let end = memchr::memchr(b'>', &next.rest()[..next.rest().len().min(100)])?;
        has_own_name = names_or_heads(&next.rest()[..end]);
        next.at += end + 1;
        next.line_end();
        next.blanks();
        tags += 1;
    }
    if tags > 0 {
        *cursor = next;
    }
    (tags >= 2 && !has_own_name && !matches!(next.peek(), Some(b'=' | b':' | b',' | b'('))).then_some(Operator::Cell)
}

/// Whether a tag names what it holds, or makes it the head of a table: `<string name="confirm"`, `<th`. It is no value of the text before.
fn names_or_heads(tag: &[u8]) -> bool {
    tag.starts_with(b"<th") || [&b" name=\""[..], b" key=\""].iter().any(|attribute| memchr::memmem::find(tag, attribute).is_some())
}

/// Whether the name is the value of an attribute that names: `name="password"`.
#[must_use]
pub(super) fn is_attribute(place: &Place<'_>) -> bool {
    [&b" name=\""[..], b" key=\"", b" id=\""].iter().any(|attribute| place.before().ends_with(attribute))
}

/// Whether the name is a tag's: `<password` or `<ns:password`.
#[must_use]
pub(super) fn opens_tag(place: &Place<'_>) -> bool {
    let before = place.before();
    let prefix = before.iter().rev().take(32).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b':').count();
    before[..before.len() - prefix].ends_with(b"<")
}

/// Whether the element whose attribute has the name holds a word for people: `<label for="password">Password:</label>`.
#[must_use]
pub(super) fn is_caption(place: &Place<'_>, cursor: Cursor<'_>) -> bool {
    let of_element = [&b" id=\""[..], b" for=\""].iter().any(|attribute| place.before().ends_with(attribute));
    let text = &cursor.rest()[..cursor.rest().iter().position(|byte| matches!(byte, b'<' | b'\n')).unwrap_or(0)];
    let word = text.trim_ascii().strip_suffix(b":").unwrap_or(text.trim_ascii());
    let is_word = word.split_first().is_some_and(|(first, rest)| first.is_ascii_uppercase() && rest.iter().all(u8::is_ascii_lowercase));
    of_element && is_word
}

/// `value=` further on in the tag.
fn attribute(cursor: &mut Cursor<'_>) -> Option<Operator> {
    const TAG: usize = 160;
    let rest = &cursor.rest()[..cursor.rest().len().min(TAG)];
    let tag = &rest[..memchr::memchr(b'>', rest).unwrap_or(rest.len())];
    let at = [&b" value="[..], b" Value=", b" content="].iter().find_map(|word| Some(memchr::memmem::find(tag, word)? + word.len()))?;
    cursor.at += at;
    Some(Operator::Named)
}

/// The value of an argument of a request, as JMeter writes it: `<elementProp name="password" …>` and `<stringProp name="Argument.value">` below.
fn argument<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>) -> Option<Operator> {
    const ELEMENT: usize = 320;
    const VALUE: &[u8] = b"<stringProp name=\"Argument.value\">";
    if !place.before().ends_with(b"<elementProp name=\"") {
        return None;
    }
    let text = &place.whole[cursor.at..place.whole.len().min(cursor.at + ELEMENT)];
    place.looked(cursor.at + 5 * ELEMENT);
    let text = &text[..memchr::memmem::find(text, b"</elementProp").unwrap_or(text.len())];
    *cursor = place.far(cursor.at + memchr::memmem::find(text, VALUE)? + VALUE.len());
    Some(Operator::Element)
}

/// Whether a Markdown cell that ends at `next` holds the name and nothing before it; or words before it, and the next cell no word.
#[must_use]
pub(super) fn is_cell(place: &Place<'_>, mut next: Cursor<'_>) -> bool {
    let text = place.before().iter().rev().take(64);
    let first = |of_cell: fn(&u8) -> bool| text.clone().find(|byte| !of_cell(byte)) == Some(&b'|');
    if first(|byte| b" `*".contains(byte)) {
        return true;
    }
    next.at += 1;
    next.blanks();
    next.eat(b"`");
    first(|byte| byte.is_ascii_alphanumeric() || b" `*_-.".contains(byte)) && is_no_word(next.rest())
}
