//! What became of every candidate of one text, reported or not. Owns: the list for those who measure or explain judgement. Must not: judge.

use std::ops::RangeInclusive;
use std::sync::Arc;

use bstr::BStr;

use super::{Scanner, resolve};
use crate::detect::text::{self, Form};
use crate::detect::{self, View};
use crate::patterns::Pattern;

/// A candidate that no other one beat, and what was thought of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The pattern that proposed it.
    pub pattern: Arc<Pattern>,
    /// Lines of the text that it stands on; the first line is 1.
    pub lines: RangeInclusive<u64>,
    /// Probability that it is a live credential's spelling.
    pub probability: f32,
    /// Named reasons for the probability.
    pub evidence: Vec<&'static str>,
    /// The named reason why it is none, where there is one.
    pub dropped: Option<&'static str>,
}

impl Scanner {
    /// Every candidate of a text, in order of place. Texts with wide characters inside binary content have no lines and are left out.
    #[must_use]
    pub fn judged(&self, path: &BStr, bytes: &[u8]) -> Vec<Judged> {
        let texts = text::of(bytes, Form::of(bytes));
        let mut judged = Vec::new();
        for text in texts.iter().filter(|text| text.has_lines()) {
            let view = View { bytes: &text.bytes, path, binary: text.binary, depth: 0 };
            let mut known = (0, 1);
            let mut line_at = |at: usize| {
                known = (at, known.1 + memchr::memchr_iter(b'\n', &text.bytes[known.0..at]).count() as u64);
                known.1
            };
            for candidate in resolve(&self.catalogue, detect::scan(&self.catalogue, &view)) {
                let first = line_at(candidate.span.start);
                let inside = &text.bytes[candidate.span.start..candidate.span.end.max(candidate.span.start + 1) - 1];
                judged.push(Judged {
                    pattern: Arc::clone(self.catalogue.pattern(candidate.pattern)),
                    lines: first..=first + memchr::memchr_iter(b'\n', inside).count() as u64,
                    probability: candidate.probability,
                    evidence: candidate.evidence,
                    dropped: candidate.dropped,
                });
            }
        }
        judged
    }
}
