//! What became of every candidate of one text, reported or not. Owns: the list for those who measure or explain judgement. Must not: judge.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use bstr::BStr;

use super::{Scanner, resolve};
use crate::detect::text::{self, Form};
use crate::detect::{self, Asked, Candidate, View};
use crate::patterns::Pattern;
use crate::secret::mask;

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
    /// What the reasons add to the log odds, where the learned judge gave them.
    pub weights: Vec<(&'static str, f32)>,
    /// The value's mask.
    pub masked: String,
    /// A number that candidates with the same value share.
    pub value: usize,
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
            let (candidates, asked) = detect::scan_and_tell(&self.catalogue, &view);
            let mut values = BTreeMap::new();
            for candidate in resolve(&self.catalogue, candidates) {
                let first = line_at(candidate.span.start);
                let inside = &text.bytes[candidate.span.start..candidate.span.end.max(candidate.span.start + 1) - 1];
                let next = values.len();
                judged.push(Judged {
                    value: *values.entry(candidate.secret.clone()).or_insert(next),
                    pattern: Arc::clone(self.catalogue.pattern(candidate.pattern)),
                    lines: first..=first + memchr::memchr_iter(b'\n', inside).count() as u64,
                    probability: candidate.probability,
                    weights: weights(&candidate, &asked),
                    masked: mask(&candidate.secret),
                    evidence: candidate.evidence,
                    dropped: candidate.dropped,
                });
            }
        }
        judged
    }
}

/// The weights of a candidate's reasons; none where something else than the learned judge gave them.
fn weights(candidate: &Candidate<'_>, asked: &[Asked]) -> Vec<(&'static str, f32)> {
    let reasons = |asked: &&Asked| asked.opinion.reasons.iter().map(|(reason, _)| *reason).eq(candidate.evidence.iter().copied());
    let own = asked.iter().filter(|asked| asked.span == candidate.span && !candidate.evidence.is_empty()).find(reasons);
    own.map_or_else(Vec::new, |asked| asked.opinion.reasons.clone())
}
