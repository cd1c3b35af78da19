//! Text of several lines inside source code. Owns: undoing how languages write line ends and join quoted lines. Must not: know key formats.

use std::ops::Range;

/// Longest code between two quoted lines, in bytes.
const GAP: usize = 120;

/// The text as a program would see it, with the place each byte comes from.
#[derive(Debug, Default)]
pub struct Unfolded {
    /// Text with `\n` as line end.
    pub text: Vec<u8>,
    /// For each byte of the text, where its spelling ends.
    pub ends: Vec<usize>,
}

impl Unfolded {
    fn push(&mut self, byte: u8, end: usize) {
        self.text.push(byte);
        self.ends.push(end);
    }
}

/// How the text to unfold is written.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'w> {
    /// What each line starts with beside white space: `#`, `//`, `*`, `>` or `+`; empty for nothing.
    pub decoration: &'w [u8],
    /// Whether the end of the text is known, so that any code may stand between quoted lines.
    pub closed: bool,
}

/// Unfolds `range` of `raw`: escapes of any depth (`\n`, `\\n`, `\u000a`), character references (`&#10;`), quoted lines joined by code,
/// line comments and diffs. Time and memory grow with the range.
#[must_use]
pub fn unfold(raw: &[u8], range: Range<usize>, writing: Writing<'_>) -> Unfolded {
    let mut out = Unfolded::default();
    let raw = &raw[..range.end];
    let mut at = range.start;
    while let Some(&byte) = raw.get(at) {
        at = match byte {
            b'\\' => escape(raw, at, &mut out),
            b'&' => reference(raw, at, &mut out),
            b'"' | b'\'' | b'`' => {
                let next = next_quoted(raw, at + 1, writing.closed);
                out.push(b'\n', next);
                next
            }
            b'\n' => {
                out.push(b'\n', at + 1);
                undecorated(raw, at + 1, writing.decoration)
            }
            _ => {
                out.push(byte, at + 1);
                at + 1
            }
        };
    }
    out
}

/// Pushes what the backslashes at `at` spell and returns where it ends.
fn escape(raw: &[u8], at: usize, out: &mut Unfolded) -> usize {
    let start = at + raw[at..].iter().take_while(|&&byte| byte == b'\\').count();
    let rest = &raw[start..];
    let (byte, length) = match rest.first() {
        Some(b'n' | b'r') => (b'\n', 1),
        Some(b't') => (b' ', 1),
        Some(b'u') => (hex(rest.get(1..5)), 5),
        Some(b'x') => (hex(rest.get(1..3)), 3),
        Some(b'0') if rest.starts_with(b"012") || rest.starts_with(b"015") => (b'\n', 3),
        // A line continuation, or an escaped slash or quote, stands for what follows.
        _ => return start,
    };
    if byte == 0 {
        return start;
    }
    out.push(byte, start + length);
    start + length
}

/// The ASCII character that hex digits name; 0 where they name none.
fn hex(digits: Option<&[u8]>) -> u8 {
    let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
    let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii).unwrap_or(0);
    if code == b'\r' { b'\n' } else { code }
}

/// Pushes what the character reference at `at` spells, or the `&` itself.
fn reference(raw: &[u8], at: usize, out: &mut Unfolded) -> usize {
    let name = raw[at..].iter().take(8).position(|&byte| byte == b';').map(|end| &raw[at + 1..at + end]);
    let code = match name {
        Some([b'#', b'x' | b'X', digits @ ..]) => hex(Some(digits)),
        Some([b'#', digits @ ..]) => {
            std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).filter(u8::is_ascii).unwrap_or(0)
        }
        _ => 0,
    };
    match (name, code) {
        (None, _) | (_, 0) => {
            out.push(b'&', at + 1);
            at + 1
        }
        (Some(name), code) => {
            let end = at + name.len() + 2;
            out.push(if code == b'\r' { b'\n' } else { code }, end);
            end
        }
    }
}

/// Where the next quoted line starts after the quote that ended at `at`; `at` itself where there is none.
fn next_quoted(raw: &[u8], at: usize, closed: bool) -> usize {
    let window = &raw[at..raw.len().min(at + GAP)];
    let Some(length) = window.iter().position(|byte| matches!(byte, b'"' | b'\'' | b'`')) else { return at };
    let is_glue = |byte: &u8| byte.is_ascii_whitespace() || b"+.,&\\;()<|".contains(byte);
    if closed || window[..length].iter().all(is_glue) { at + length + 1 } else { at }
}

/// The start of a line's text after its indentation and `decoration`.
fn undecorated(raw: &[u8], at: usize, decoration: &[u8]) -> usize {
    if decoration.is_empty() {
        return at;
    }
    let start = at + raw[at..].iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
    if raw[start..].starts_with(decoration) { start + decoration.len() } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str, decoration: &str, closed: bool) -> String {
        let unfolded = unfold(raw.as_bytes(), 0..raw.len(), Writing { decoration: decoration.as_bytes(), closed });
        assert_eq!(unfolded.text.len(), unfolded.ends.len());
        String::from_utf8(unfolded.text).unwrap()
    }

    #[test]
    fn spellings_of_a_line_end() {
        for spelled in ["\n", "\\n", "\\\\n", "\\r", "\\u000a", "\\u000D", "\\x0a", "\\012", "&#10;", "&#xA;", "&#xD;"] {
            assert_eq!(text(&format!("a{spelled}b"), "", false), "a\nb", "{spelled:?}");
        }
    }

    #[test]
    fn escaped_characters_stand_for_themselves() {
        assert_eq!(text("a\\/b\\u002bc\\u003d", "", false), "a/b+c=");
        assert_eq!(text("a\\\nb", "", false), "a\nb");
        assert_eq!(text("a & b &amp; c", "", false), "a & b &amp; c");
    }

    #[test]
    fn quoted_lines_are_joined() {
        assert_eq!(text("ab\\n\" +\n  \"cd\\n\" .\n 'ef", "", false), "ab\n\ncd\n\nef");
        assert_eq!(text("ab\");\n s.append(\"cd", "", true), "ab\ncd");
        assert_eq!(text("ab\", \"other\": \"cd", "", false), "ab\nother\n: \ncd");
        assert_eq!(text("ab\" is not \"cd", "", false), "ab\n is not \ncd");
    }

    #[test]
    fn decoration_is_cut() {
        assert_eq!(text("a\n  # b\n# c", "#", false), "a\n b\n c");
        assert_eq!(text("a\n+b\n+/c", "+", false), "a\nb\n/c");
    }

    #[test]
    fn ends_point_into_the_raw_text() {
        let unfolded = unfold(b"xx a\\nb", 3..7, Writing { decoration: b"", closed: false });
        assert_eq!(unfolded.ends, [4, 6, 7]);
    }
}
