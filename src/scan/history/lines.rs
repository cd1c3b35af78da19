//! Which lines of a text a change leaves alone. Owns: clean ranges of a delta. Must not: know patterns.
//!
//! A line is clean if the change copies it whole, with the line before it and the line after it: what is found on a line may depend on its
//! neighbours. Everything else has to be looked at again.

use std::ops::Range;

use memchr::{memchr, memrchr};

use crate::source::git::pack::delta::{Delta, Op};
use crate::source::git::pack::walk::Version;

/// A stretch of a text that was copied from its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Copied {
    /// Offset in the base.
    pub(super) from: usize,
    /// Offset in the text.
    pub(super) to: usize,
    /// Bytes.
    pub(super) len: usize,
    /// First byte of the stretch that is on a clean line, counted from its start.
    pub(super) clean_start: usize,
    /// One past the last such byte; equal to the start if there is none.
    pub(super) clean_end: usize,
}

impl Copied {
    /// The clean lines in the base.
    pub(super) const fn clean_in_base(&self) -> Range<usize> {
        self.from + self.clean_start..self.from + self.clean_end
    }

    /// The clean lines in the text.
    pub(super) const fn clean_in_text(&self) -> Range<usize> {
        self.to + self.clean_start..self.to + self.clean_end
    }

    /// Whether text of the base that was looked at, `range`, is in the stretch. Where it ends with the base, it might have gone on; it counts
    /// only if the text ends there too. Likewise at the start.
    pub(super) const fn keeps(&self, range: &Range<usize>, base_len: usize, text_len: usize) -> bool {
        let starts = range.start > 0 || self.to == 0;
        let ends = range.end < base_len || self.to + self.len == text_len;
        self.from <= range.start && range.end <= self.from + self.len && starts && ends
    }
}

/// The stretches of a delta that hold clean lines, in order.
pub(super) fn copied(base: &[u8], delta: &Delta<'_>, out: &mut Vec<Copied>) {
    out.clear();
    let mut to = 0;
    let mut before = b'\n';
    for op in delta.ops {
        match *op {
            Op::Copy { from, len } => {
                let stretch = clean(base, from, to, len, before, delta.len);
                if stretch.clean_start < stretch.clean_end {
                    out.push(stretch);
                }
                to += len;
                before = base[from + len - 1];
            }
            Op::Insert { from, len } => {
                to += len;
                before = delta.payload[from + len - 1];
            }
        }
    }
}

/// The clean lines of a copy; `before` is the byte before it in the text.
fn clean(base: &[u8], from: usize, to: usize, len: usize, before: u8, text_len: usize) -> Copied {
    let text = &base[from..from + len];
    let at_start = from == 0 && to == 0;
    let at_end = from + len == base.len() && to + len == text_len;
    let starts_line = before == b'\n' && (from == 0 || base[from - 1] == b'\n');
    // Whole lines, then without the first and the last of them.
    let start = if at_start {
        Some(0)
    } else if starts_line {
        after_line(text, 0)
    } else {
        after_line(text, 0).and_then(|line| after_line(text, line))
    };
    let line_before = |end: usize| memrchr(b'\n', &text[..end]);
    // Most copies that are short have no clean line, which one end tells.
    let end = if at_end { Some(len) } else { start.and_then(|_| line_before(line_before(len)?)).map(|end| end + 1) };
    let (clean_start, clean_end) = match (start, end) {
        (Some(start), Some(end)) if start < end => (start, end),
        _ => (0, 0),
    };
    Copied { from, to, len, clean_start, clean_end }
}

/// Where the line after the one at `at` starts.
pub(super) fn after_line(text: &[u8], at: usize) -> Option<usize> {
    memchr(b'\n', &text[at..]).map(|end| at + end + 1)
}

/// The ranges of a text of `len` bytes between the clean lines, in order, none of them empty.
pub(super) fn dirty(copied: &[Copied], len: usize) -> impl Iterator<Item = Range<usize>> {
    let ends = copied.iter().map(Copied::clean_in_text);
    let mut at = 0;
    ends.chain(std::iter::once(len..len)).filter_map(move |clean| {
        let gap = at..clean.start;
        at = clean.end;
        (gap.start < gap.end).then_some(gap)
    })
}

/// Bytes beyond a range that the filter may need to see a literal in it.
pub(super) const MARGIN: usize = 8;

/// The text of a version between its clean lines, gathered without putting the version together.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The ranges, one behind the other, each with some bytes around it.
    pub(super) text: Vec<u8>,
    /// Of each range: where its text starts in `text`, what that is a copy of, and the range.
    parts: Vec<(usize, Range<usize>, Range<usize>)>,
}

impl Gathered {
    /// Gathers the text of `version` that is not in the clean lines of `copied`.
    pub(super) fn take(&mut self, version: &Version<'_>, copied: &[Copied]) {
        self.text.clear();
        self.parts.clear();
        let len = version.delta.len;
        for range in dirty(copied, len) {
            let wide = range.start.saturating_sub(MARGIN)..len.min(range.end + MARGIN);
            self.parts.push((self.text.len(), wide.clone(), range));
            self.text.resize(self.text.len() + wide.len(), 0);
        }
        let mut cursor = version.delta.reader(version.base);
        for (at, wide, _) in &self.parts {
            cursor.part(wide.start, &mut self.text[*at..*at + wide.len()]);
        }
    }

    /// Where the text of each range starts, and the range.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.parts.iter().map(|(at, wide, range)| (at + range.start - wide.start, range.clone()))
    }

    /// Where in the version the literal at `found` in the text starts; none if it is not in one of the ranges.
    pub(super) fn place(&self, found: Range<usize>) -> Option<usize> {
        let part = self.parts.partition_point(|(at, ..)| *at <= found.start).checked_sub(1)?;
        let (at, wide, range) = &self.parts[part];
        let start = found.start - at + wide.start;
        (range.contains(&start) && found.end - at + wide.start <= wide.end).then_some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dirty ranges of a text made of these copies and insertions, as text.
    fn dirty_of(base: &str, parts: &[Result<Range<usize>, &str>]) -> Vec<String> {
        let mut payload = Vec::new();
        let mut ops = Vec::new();
        for part in parts {
            match part {
                Ok(range) => ops.push(Op::Copy { from: range.start, len: range.len() }),
                Err(text) => {
                    ops.push(Op::Insert { from: payload.len(), len: text.len() });
                    payload.extend_from_slice(text.as_bytes());
                }
            }
        }
        let len = ops
            .iter()
            .map(|op| match op {
                Op::Copy { len, .. } | Op::Insert { len, .. } => *len,
            })
            .sum();
        let delta = Delta { payload: &payload, ops: &ops, len };
        let mut text = Vec::new();
        delta.apply(base.as_bytes(), &mut text);
        let mut out = Vec::new();
        copied(base.as_bytes(), &delta, &mut out);
        dirty(&out, len).map(|range| String::from_utf8(text[range].to_vec()).unwrap()).collect()
    }

    const BASE: &str = "one\ntwo\nthree\nfour\nfive\nsix\n";

    #[test]
    fn an_insertion_dirties_its_neighbours() {
        assert_eq!(dirty_of(BASE, &[Ok(0..14), Err("new\n"), Ok(14..28)]), ["three\nnew\nfour\n"]);
        // In the middle of a line.
        assert_eq!(dirty_of(BASE, &[Ok(0..10), Err("X"), Ok(10..28)]), ["two\nthXree\nfour\n"]);
    }

    #[test]
    fn a_deletion_dirties_what_it_joins() {
        assert_eq!(dirty_of(BASE, &[Ok(0..8), Ok(14..28)]), ["two\nfour\n"]);
    }

    #[test]
    fn nothing_changed_is_nothing_dirty() {
        assert_eq!(dirty_of(BASE, &[Ok(0..28)]), Vec::<String>::new());
    }

    #[test]
    fn ends_count_only_where_both_texts_have_them() {
        assert_eq!(dirty_of(BASE, &[Ok(0..24)]), ["five\n"]);
        assert_eq!(dirty_of(BASE, &[Ok(4..28)]), ["two\n"]);
        assert_eq!(dirty_of("a\nb\nc", &[Ok(0..5), Err("d")]), ["b\ncd"]);
        assert_eq!(dirty_of("x", &[Err("y\n"), Ok(0..1)]), ["y\nx"]);
    }

    #[test]
    fn what_was_looked_at_must_be_copied_whole() {
        let stretch = Copied { from: 10, to: 20, len: 30, clean_start: 0, clean_end: 30 };
        assert!(stretch.keeps(&(10..40), 50, 60));
        assert!(!stretch.keeps(&(9..40), 50, 60));
        assert!(!stretch.keeps(&(10..40), 40, 60));
        assert!(stretch.keeps(&(10..40), 40, 50));
        assert!(!Copied { from: 0, ..stretch }.keeps(&(0..4), 50, 60));
    }
}
