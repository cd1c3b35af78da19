//! What a detector proposes. Owns: `Candidate`, and the order in which overlapping ones win. Must not: decide what is reported.

use std::borrow::Cow;
use std::ops::Range;

use super::rule::{Begins, Distance, Naming};
use crate::finding::{ChecksumStatus, Encoding};
use crate::patterns::PatternIndex;

/// A possible credential in a text, borrowed from it while hot.
#[derive(Clone)]
pub struct Candidate<'v> {
    /// The pattern that proposes it.
    pub pattern: PatternIndex,
    /// The value; owned where it had to be decoded.
    pub secret: Cow<'v, [u8]>,
    /// Bytes of the view's text; the encoded text, where the secret was encoded.
    pub span: Range<usize>,
    /// Probability that this is a live credential's spelling.
    pub probability: f32,
    /// What an offline check said.
    pub checksum: ChecksumStatus,
    /// What can be read off the value. Never the secret.
    pub facts: Vec<(&'static str, String)>,
    /// Named reasons for the probability.
    pub evidence: Vec<&'static str>,
    /// The named reason why it is no credential, where there is one.
    pub dropped: Option<&'static str>,
    /// How a word near by names it.
    pub naming: Naming,
    /// Whether it claims its text no more than a guess does, whatever its pattern.
    pub yields: bool,
    /// Encodings undone to see it, outermost first.
    pub encodings: Vec<Encoding>,
}

impl<'v> Candidate<'v> {
    /// A candidate with nothing said for or against it yet.
    #[must_use]
    pub const fn new(pattern: PatternIndex, secret: Cow<'v, [u8]>, span: Range<usize>, probability: f32) -> Self {
        Self {
            pattern,
            secret,
            span,
            probability,
            checksum: ChecksumStatus::None,
            facts: Vec::new(),
            evidence: Vec::new(),
            dropped: None,
            naming: Naming { distance: Distance::Close, begins: Begins::Name, length: 0 },
            yields: false,
            encodings: Vec::new(),
        }
    }

    /// The same candidate as seen from the text that holds the encoded form at `span`.
    #[must_use]
    pub fn lifted(self, span: Range<usize>, encoding: Encoding) -> Candidate<'static> {
        let mut encodings = self.encodings;
        encodings.insert(0, encoding);
        Candidate {
            pattern: self.pattern,
            secret: Cow::Owned(self.secret.into_owned()),
            span,
            probability: self.probability,
            checksum: self.checksum,
            facts: self.facts,
            evidence: self.evidence,
            dropped: self.dropped,
            naming: self.naming,
            yields: self.yields,
            encodings,
        }
    }

    /// Sets the probability to `probability` for a named reason.
    pub fn set(&mut self, probability: f32, reason: &'static str) {
        self.probability = probability;
        self.evidence.insert(0, reason);
    }

    /// Multiplies the odds by `factor` for a named reason: above 1 speaks for a credential, below 1 against.
    pub fn weigh(&mut self, factor: f32, reason: &'static str) {
        let odds = self.probability / (1.0 - self.probability).max(1e-6) * factor;
        self.probability = odds / (1.0 + odds);
        self.evidence.push(reason);
    }
}

/// No raw value in debug output.
impl std::fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate")
            .field("pattern", &self.pattern)
            .field("secret", &crate::secret::mask(&self.secret))
            .field("span", &self.span)
            .field("probability", &self.probability)
            .field("checksum", &self.checksum)
            .field("evidence", &self.evidence)
            .field("dropped", &self.dropped)
            .field("encodings", &self.encodings)
            .finish_non_exhaustive()
    }
}
