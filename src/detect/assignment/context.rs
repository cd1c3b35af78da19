//! What surrounds a name on its line. Owns: telling code, comments and quoted text apart. Must not: look beyond the line.

use super::cursor::Cursor;
use super::operator::Place;
use super::page;
use crate::file_kind::FileKind;

/// What surrounds a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Nothing in particular.
    Plain,
    /// A comment.
    Comment,
    /// A text in these quotes.
    Text(u8),
    /// The line is too long to tell.
    Unknown,
}

/// Bytes of a line before a name that are read.
const REACH: usize = 600;

/// What surrounds the name.
#[must_use]
pub fn of(place: &Place<'_>) -> Context {
    if page::is_in_selector(Cursor::new(place.bytes, place.name.end)) {
        return Context::Plain;
    }
    // The quotes of a quoted name are its own.
    let before = match (place.before_selector().split_last(), place.bytes.get(place.name.end)) {
        (Some((mark, head)), Some(next)) if mark == next && matches!(mark, b'"' | b'\'' | b'`') => head,
        _ => place.before().strip_suffix(b"\"${").unwrap_or(place.before()),
    };
    let window = &before[before.len().saturating_sub(REACH)..];
    let line = match memchr::memrchr(b'\n', window) {
        Some(end) => &window[end + 1..],
        None if window.len() == before.len() => window,
        None => return Context::Unknown,
    };
    if starts_comment(line.trim_ascii_start(), place.kind) {
        return Context::Comment;
    }
    let mut open = None;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        match (open, byte) {
            (_, b'\\') => at += 1,
            (Some(mark), _) if mark == byte => open = None,
            (None, b'\'') if at > 0 && line[at - 1].is_ascii_alphanumeric() => {}
            (None, b'"' | b'\'' | b'`') => open = Some(byte),
            (None, b'/') if at > 0 && line[at - 1] != b':' && line[at..].starts_with(b"//") => return Context::Comment,
            (None, b'#') if at > 0 && line[at - 1].is_ascii_whitespace() && line.get(at + 1) == Some(&b' ') => return Context::Comment,
            (None, b'-') if line[at..].starts_with(b"-- ") => return Context::Comment,
            _ => {}
        }
        at += 1;
    }
    open.map_or(Context::Plain, Context::Text)
}

/// Whether a line that starts so is a comment as a whole.
pub(super) fn starts_comment(line: &[u8], kind: FileKind) -> bool {
    const DIRECTIVES: [&[u8]; 5] = [b"define", b"if", b"el", b"[", b"{"];
    match line {
        [b'/', b'/' | b'*', ..] | [b'*', b' ' | b'\t' | b'*', ..] | [b'<', b'!', b'-', ..] => true,
        [b'#', rest @ ..] => kind != FileKind::Doc && !DIRECTIVES.iter().any(|word| rest.starts_with(word)),
        [b'-', b'-', b' ', ..] | [b';', ..] => matches!(kind, FileKind::Code | FileKind::Config),
        [b'r' | b'R', b'e' | b'E', b'm' | b'M', b' ', ..] => kind == FileKind::Script,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn context(text: &str, kind: FileKind) -> Context {
        let start = text.find("NAME").unwrap();
        let bytes = text.as_bytes();
        of(&Place { bytes, whole: bytes, end: Cell::new(0), name: start..start + 4, hit: start..start + 4, kind })
    }

    #[test]
    fn lines_tell_their_context() {
        assert_eq!(context("let NAME = 1", FileKind::Code), Context::Plain);
        assert_eq!(context("x = \"NAME=1", FileKind::Code), Context::Text(b'"'));
        assert_eq!(context("x = \"a\\\"\" + 'NAME", FileKind::Code), Context::Text(b'\''));
        assert_eq!(context("x[\"NAME\"] = 1", FileKind::Code), Context::Plain);
        assert_eq!(context("it's NAME", FileKind::Doc), Context::Plain);
        assert_eq!(context("x(); // NAME", FileKind::Code), Context::Comment);
        assert_eq!(context("see http://a NAME", FileKind::Doc), Context::Plain);
        assert_eq!(context("  # NAME", FileKind::Config), Context::Comment);
        assert_eq!(context("#define NAME 1", FileKind::Code), Context::Plain);
        assert_eq!(context(&format!("{}NAME", "a".repeat(700)), FileKind::Data), Context::Unknown);
    }
}
