//! From a byte range to a place a person can open. Owns: lines, columns and excerpts. Must not: judge.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};

use crate::blob::{Position, visible};
use crate::finding::Excerpt;
use crate::secret::mask;

/// Bytes of a line shown before and after a secret, at most.
const CONTEXT: usize = 100;

/// Walks forward through a text and knows line and column at every step.
#[derive(Debug, Clone, Copy)]
pub struct Cursor {
    /// Offset in the text at hand.
    offset: usize,
    position: Position,
}

impl Default for Cursor {
    /// The start of a text.
    fn default() -> Self {
        Self { offset: 0, position: Position { line: 1, column_byte: 1, column_char: 1 } }
    }
}

impl Cursor {
    /// Moves on to `offset` of `text`, which must not lie behind, and tells the position there.
    pub fn advance(&mut self, text: &[u8], offset: usize) -> Position {
        let passed = &text[self.offset..offset];
        self.offset = offset;
        let tail = match memrchr(b'\n', passed) {
            Some(last) => {
                self.position.line += memchr_iter(b'\n', passed).count() as u64;
                self.position.column_byte = 1;
                self.position.column_char = 1;
                &passed[last + 1..]
            }
            None => passed,
        };
        self.position.column_byte += tail.len() as u64;
        self.position.column_char += characters(tail);
        self.position
    }

    /// The same position, where the text at hand now starts at it.
    #[must_use]
    pub const fn rebased(self) -> Self {
        Self { offset: 0, position: self.position }
    }
}

/// Code points in `text`; a byte that is no UTF-8 counts as one.
fn characters(text: &[u8]) -> u64 {
    if text.is_ascii() { text.len() as u64 } else { bstr::ByteSlice::chars(text).count() as u64 }
}

/// The excerpt for the secret at `span`: its line, with every one of `secrets` masked (ranges of the text, disjoint and ascending).
#[must_use]
pub fn excerpt(text: &[u8], span: &Range<usize>, value: &[u8], secrets: &[Range<usize>]) -> Excerpt {
    let from = span.start.saturating_sub(CONTEXT);
    let start = memrchr(b'\n', &text[from..span.start]).map_or(from, |found| from + found + 1);
    let to = text.len().min(span.end + CONTEXT);
    let multi_line = memchr(b'\n', &text[span.clone()]).is_some();
    let end = if multi_line { span.end } else { memchr(b'\n', &text[span.end..to]).map_or(to, |found| span.end + found) };
    Excerpt {
        before: masked(text, start..span.start, secrets).trim_start().to_owned(),
        masked: mask(value),
        after: masked(text, span.end..end, secrets).trim_end().to_owned(),
    }
}

/// `range` of the text with the parts that belong to `secrets` masked.
fn masked(text: &[u8], range: Range<usize>, secrets: &[Range<usize>]) -> String {
    let first = secrets.partition_point(|secret| secret.end <= range.start);
    let mut shown = String::new();
    let mut at = range.start;
    for secret in secrets[first..].iter().take_while(|secret| secret.start < range.end) {
        shown += &visible(&text[at..secret.start.max(at)]);
        shown += &mask(&text[secret.clone()]);
        at = secret.end.min(range.end);
    }
    shown + &visible(&text[at..range.end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_bytes_and_characters() {
        let text = "a\nñb\r\n\u{1f600}c".as_bytes();
        let mut cursor = Cursor::default();
        let at = |line, column_byte, column_char| Position { line, column_byte, column_char };
        assert_eq!(cursor.advance(text, 0), at(1, 1, 1));
        assert_eq!(cursor.advance(text, 4), at(2, 3, 2));
        assert_eq!(cursor.advance(text, text.len() - 1), at(3, 5, 2));
    }

    #[test]
    fn other_secrets_of_the_line_are_masked() {
        let text = b"x\nuser=alpha-secret-1 pass=beta-secret-22 end\ny";
        let (first, second) = (7..21, 27..41);
        assert_eq!(&text[first.clone()], b"alpha-secret-1");
        let shown = excerpt(text, &second, &text[second.clone()], &[first, second.clone()]);
        assert_eq!(shown.before, "user=alp******** pass=");
        assert_eq!(shown.after, " end");
    }
}
