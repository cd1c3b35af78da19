//! Values that must not be seen, in a plan or in what a command writes. Owns: one search for all of them. Must not: show one.

use std::ops::Range;

use aho_corasick::AhoCorasick;

/// Values, and the search for them.
pub struct Known<'v> {
    values: Vec<&'v [u8]>,
    automaton: AhoCorasick,
}

impl<'v> Known<'v> {
    /// These values, ready to be looked for.
    #[must_use]
    pub fn new(values: &[&'v [u8]]) -> Self {
        let values: Vec<&[u8]> = values.iter().copied().filter(|value| !value.is_empty()).collect();
        let automaton = AhoCorasick::new(&values).expect("because the values of a tree are no limit of the automaton");
        Self { values, automaton }
    }

    /// Whether one stands in the text by itself, of those that count.
    #[must_use]
    pub fn stands_in(&self, text: &str, counts: impl Fn(&[u8]) -> bool) -> bool {
        let text = text.as_bytes();
        let apart = |at: Option<&u8>| at.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        self.automaton.find_overlapping_iter(text).any(|hit| {
            let is_apart = apart(hit.start().checked_sub(1).and_then(|before| text.get(before))) && apart(text.get(hit.end()));
            is_apart && counts(self.values[hit.pattern().as_usize()])
        })
    }

    /// Where they stand; those that overlap are one.
    #[must_use]
    pub fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        self.spans_of(text, |_, _| true)
    }

    fn spans_of(&self, text: &[u8], counts: impl Fn(&Range<usize>, &[u8]) -> bool) -> Vec<Range<usize>> {
        let hits = self.automaton.find_overlapping_iter(text).map(|hit| (hit.range(), self.values[hit.pattern().as_usize()]));
        merged(hits.filter(|(span, value)| counts(span, value)).map(|(span, _)| span).collect())
    }

    /// The text with a mask in place of each.
    #[must_use]
    pub fn masked(&self, text: Vec<u8>, mask: &[u8]) -> Vec<u8> {
        self.masked_if(text, mask, |_, _| true)
    }

    /// The same of those that count, by where they stand and what they are.
    #[must_use]
    pub fn masked_if(&self, text: Vec<u8>, mask: &[u8], counts: impl Fn(&Range<usize>, &[u8]) -> bool) -> Vec<u8> {
        let spans = self.spans_of(&text, counts);
        if spans.is_empty() {
            return text;
        }
        let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
        for span in spans {
            out.extend_from_slice(&text[at..span.start]);
            out.extend_from_slice(mask);
            at = span.end;
        }
        out.extend_from_slice(&text[at..]);
        out
    }
}

/// Ascending and disjoint.
pub(super) fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_inside_and_across_others_are_masked_as_one() {
        let known = Known::new(&[b"abcd", b"bc", b"cdef", b"", b"x"]);
        assert_eq!(known.masked(b"-abcdef- bc xx".to_vec(), b"*"), b"-*- * **");
        assert_eq!(known.masked(b"nothing".to_vec(), b"*"), b"nothing");
        assert_eq!(known.masked_if(b"bc abcd bc".to_vec(), b"*", |span, value| span.start > 0 && value != b"bc"), b"bc * bc");
        assert!(known.stands_in("a (bc)", |_| true));
        assert!(!known.stands_in("abcz bcz", |_| true) && !known.stands_in("bc", |value| value.len() > 2));
    }
}
