//! The text that detectors look at. Owns: `View`, line and boundary questions. Must not: hold patterns or candidates.
//!
//! Every decision about a candidate depends on bytes within [`REACH`] of its anchor only. Streaming and the delta-aware scan of
//! history rely on that.

use std::ops::Range;

use bstr::BStr;
use memchr::{memchr, memrchr};

/// How far from an anchor a detector may look, in bytes either way.
pub const REACH: usize = 64 * 1024;

/// Distance of a NUL byte that makes content binary.
const BINARY_REACH: usize = 2048;

/// A text in UTF-8 or any superset of ASCII, and what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// The text.
    pub bytes: &'v [u8],
    /// Path that names the content; its ending tells the file kind.
    pub path: &'v BStr,
    /// Whether the content has NUL bytes: near them only distinctive tokens and private keys are looked for.
    pub binary: bool,
    /// How many encodings were undone to get this text.
    pub depth: u8,
}

impl View<'_> {
    /// The line around `at` without its line end, at most `before` bytes back and `after` bytes on.
    #[must_use]
    pub fn line(&self, at: usize, before: usize, after: usize) -> Range<usize> {
        let from = at.saturating_sub(before);
        let to = self.bytes.len().min(at + after);
        let start = memrchr(b'\n', &self.bytes[from..at]).map_or(from, |found| from + found + 1);
        let end = memchr(b'\n', &self.bytes[at..to]).map_or(to, |found| at + found);
        start..end
    }

    /// The lines around `at`: `lines` above and below, at most `reach` bytes either way.
    #[must_use]
    pub fn lines(&self, at: usize, lines: u8, reach: usize) -> Range<usize> {
        let from = at.saturating_sub(reach);
        let to = self.bytes.len().min(at + reach);
        let start = memchr::memrchr_iter(b'\n', &self.bytes[from..at]).nth(usize::from(lines)).map_or(from, |found| from + found + 1);
        let end = memchr::memchr_iter(b'\n', &self.bytes[at..to]).nth(usize::from(lines)).map_or(to, |found| at + found);
        start..end
    }

    /// Whether the content around `at` is binary, so that words and assignments mean nothing there.
    #[must_use]
    pub fn is_binary_at(&self, at: usize) -> bool {
        let around = at.saturating_sub(BINARY_REACH)..self.bytes.len().min(at + BINARY_REACH);
        self.binary && (self.depth > 0 || memchr(0, &self.bytes[around]).is_some())
    }

    /// The byte before `at`.
    #[must_use]
    pub fn before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1).and_then(|at| self.bytes.get(at)).copied()
    }

    /// The byte at `at`.
    #[must_use]
    pub fn at(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Whether a token may start at `at`: the byte before is no letter, digit or `_`, or it ends an escape (`\n`, `%3D`, `=3D`, `\u003d`, `\x1b[0m`).
    #[must_use]
    pub fn starts_token(&self, at: usize) -> bool {
        starts_token(self.bytes, at)
    }

    /// Whether `span` is a part of a longer run of base64 text, as pictures in a document are: chance writes any four letters there.
    #[must_use]
    pub fn is_in_base64(&self, span: &Range<usize>) -> bool {
        const NEAR: usize = 128;
        const LONG: usize = 64;
        let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let before = self.bytes[span.start.saturating_sub(NEAR)..span.start].iter().rev().take_while(is_base64).count();
        let after = self.bytes[span.end..].iter().take(NEAR).take_while(is_base64).count();
        // A path of a URL is such a run too, but for the plus sign.
        before + after >= LONG && self.bytes[span.start - before..span.end + after].contains(&b'+')
    }

    /// Whether `span` comes behind a name and a dot: `com.example.Name`.
    #[must_use]
    pub fn ends_dotted_name(&self, span: &Range<usize>) -> bool {
        let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        matches!(self.bytes[..span.start], [.., a, b, b'.'] if of_name(a) && b.is_ascii_lowercase())
    }

    /// Whether the value at `span` has a name of its own right before it that is one of a hash: `"sha": "…"`.
    #[must_use]
    pub fn is_named_hash(&self, span: &Range<usize>) -> bool {
        const NAMES: [&[u8]; 9] = [b"sha", b"sha1", b"sha256", b"md5", b"checksum", b"digest", b"integrity", b"etag", b"commit"];
        const BETWEEN: usize = 6;
        let head = &self.bytes[..span.start];
        let gap = head.iter().rev().take(BETWEEN).take_while(|byte| b"\"': =\\".contains(byte)).count();
        let head = &head[..head.len() - gap];
        let length = head.iter().rev().take(16).take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)).count();
        gap > 0 && NAMES.iter().any(|name| head[head.len() - length..].eq_ignore_ascii_case(name))
    }

    /// Whether `at` stands inside of an escape, after its first character (`\n`, `%3D`, `\x1b[0m`): what follows the escape is a text of its own.
    #[must_use]
    pub fn splits_escape(&self, at: usize) -> bool {
        let text = &self.bytes[at..self.bytes.len().min(at + 3)];
        match self.before(at) {
            Some(b'\\') => matches!(text, [b'n' | b't' | b'r', ..]),
            Some(b'%') => matches!(text, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()),
            Some(b'[') => {
                at >= 2 && self.bytes[at - 2] == 0x1b && matches!(text, [b'0'..=b'9', b'm', ..] | [b'0'..=b'9', b'0'..=b'9', b'm'])
            }
            _ => false,
        }
    }

    /// Whether the bytes before `at` are an escape: their last letters are no part of a run that starts at `at`.
    #[must_use]
    pub fn ends_escape(&self, at: usize) -> bool {
        ends_escape(self.bytes, at)
    }
}

/// As [`View::starts_token`], in `bytes`.
#[inline]
#[must_use]
pub fn starts_token(bytes: &[u8], at: usize) -> bool {
    let Some(&before) = at.checked_sub(1).and_then(|before| bytes.get(before)) else { return true };
    !before.is_ascii_alphanumeric() && before != b'_' || ends_escape(bytes, at)
}

/// Bytes of the longest escape.
pub const LONGEST_ESCAPE: usize = 6;

fn ends_escape(bytes: &[u8], at: usize) -> bool {
    let head = &bytes[at.saturating_sub(LONGEST_ESCAPE)..at];
    let hex = |tail: &[u8]| tail.iter().all(u8::is_ascii_hexdigit);
    match head {
        [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f' | b'v' | b'0']
        | [.., b'=', b'3', b'D']
        | [.., b'[', b'0'..=b'9', b'm']
        | [.., b'[', b'0'..=b'9', b'0'..=b'9', b'm'] => true,
        [.., b'%', a, b] | [.., b'\\', b'x', a, b] => hex(&[*a, *b]),
        [b'\\', b'u', rest @ ..] => rest.len() == 4 && hex(rest),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(text: &str) -> View<'_> {
        View { bytes: text.as_bytes(), path: BStr::new("a"), binary: false, depth: 0 }
    }

    #[test]
    fn lines_are_bounded() {
        let text = view("one\ntwo\nthree\n");
        assert_eq!(text.line(5, 99, 99), 4..7);
        assert_eq!(text.line(10, 1, 2), 9..12);
        assert_eq!(text.lines(5, 1, 99), 0..13);
    }

    #[test]
    fn a_token_in_base64_is_chance() {
        let run = "iVBORw0KGgoAAAANSUhEUgAAAZAAAAEsCAYAAADtt+XCAAAACXBIWXMAAA/";
        for (text, expected) in [
            (format!("{run}EAAAtoken/{run}"), true),
            (format!("{}EAAAtoken/{}", run.replace('+', "-"), run.replace('+', "-")), false),
            (format!("{run} EAAAtoken {run}"), false),
            ("a+/EAAAtoken/b".to_owned(), false),
        ] {
            let start = text.find("EAAAtoken").unwrap();
            assert_eq!(view(&text).is_in_base64(&(start..start + 9)), expected, "{text}");
        }
    }

    #[test]
    fn what_an_escape_holds_starts_nothing() {
        for (text, at) in [("\\nabc", 1), ("%3Dabc", 1), ("\x1b[0mabc", 2), ("\x1b[31mabc", 2)] {
            assert!(view(text).splits_escape(at), "{text:?}");
        }
        for (text, at) in [("\\qabc", 1), ("%abq", 3), ("[0mabc", 1), ("nabc", 0), ("\\", 1)] {
            assert!(!view(text).splits_escape(at), "{text:?}");
        }
    }

    #[test]
    fn escapes_end_before_a_token() {
        for head in ["", "=", " ", "\\n", "%3D", "=3D", "\\u003d", "\\x3d", "\x1b[0m", "\x1b[31m"] {
            let text = format!("{head}ghp_");
            assert!(view(&text).starts_token(head.len()), "{head:?}");
        }
        for head in ["a", "_", "n", "3D", "xu003d"] {
            let text = format!("{head}ghp_");
            assert!(!view(&text).starts_token(head.len()), "{head:?}");
        }
    }
}
