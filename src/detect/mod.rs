//! Bytes in, candidates out. Owns: the order of work in one text. Must not: read files, know git, or decide what is reported.
//!
//! 1. [`prefilter`] finds the anchors of all patterns in one pass.
//! 2. Each anchor runs its pattern's [`rule`], a detector in code, or the decoder, in a bounded window around it.
//! 3. [`judge`] weighs each candidate; nothing is dropped without a named reason.

pub mod assignment;
pub mod candidate;
pub mod checksum;
pub mod connection;
pub mod credential_file;
pub mod decode;
pub mod entropy;
pub mod http_header;
pub mod judge;
pub mod jwt;
pub mod kind;
pub mod prefilter;
pub mod private_key;
pub mod rule;
pub mod service_account;
pub mod text;
pub mod view;

use std::borrow::Cow;
use std::ops::Range;

pub use candidate::Candidate;
pub use view::View;

use crate::patterns::anchors::{self, Spelling};
use crate::patterns::schema::{Detector, Likelihood};
use crate::patterns::{Catalogue, PatternIndex};

/// How many encodings are undone, one inside the other.
pub const MAX_DEPTH: u8 = 2;
/// Bytes around a match in which its other half may stand.
const COMPANION_REACH: usize = 4096;

/// Finds and judges every candidate of a text, in no particular order.
#[must_use]
pub fn scan<'v>(catalogue: &Catalogue, view: &View<'v>) -> Vec<Candidate<'v>> {
    let mut sink = Sink { catalogue, view, kind: kind::file_kind(view.path), found: Vec::new() };
    let mut decoded = decode::Memory::default();
    catalogue.prefilter().find(view.bytes, |literal, start| {
        let hit = start..start + catalogue.prefilter().literal(literal).len();
        for &target in catalogue.targets(literal) {
            if let Some(spelling) = Spelling::of_target(target) {
                decode::around(&mut sink, &mut decoded, hit.clone(), spelling);
            } else if let Some(detector) = anchors::detector_of_target(target) {
                sink.detect(detector, hit.clone());
            } else {
                sink.match_pattern(PatternIndex(target), hit.clone());
            }
        }
    });
    sink.found
}

/// Where detectors put their candidates.
#[derive(Debug)]
pub struct Sink<'s, 'v> {
    /// The patterns of the scan.
    pub catalogue: &'s Catalogue,
    /// The text.
    pub view: &'s View<'v>,
    /// What the path says of the text.
    pub kind: kind::FileKind,
    found: Vec<Candidate<'v>>,
}

impl<'v> Sink<'_, 'v> {
    fn match_pattern(&mut self, index: PatternIndex, hit: Range<usize>) {
        let catalogue = self.catalogue;
        let rule = catalogue.rule(index);
        if !catalogue.is_enabled(index) || self.view.binary && !rule.is_distinctive() {
            return;
        }
        rule.matches(self.view, hit, |span| {
            self.companions(index, span.clone());
            self.propose(index, span);
        });
    }

    /// Looks for the other halves of a two-part credential in the lines around its first half.
    fn companions(&mut self, index: PatternIndex, span: Range<usize>) {
        for companion in &self.catalogue.pattern(index).def.companions {
            let Some(other) = self.catalogue.index_of(&companion.pattern).filter(|&other| self.catalogue.is_enabled(other)) else {
                continue;
            };
            let around = self.view.lines(span.start, companion.within_lines, COMPANION_REACH);
            let rule = self.catalogue.rule(other);
            let after = rule.first_in(self.view, span.end..around.end);
            if let Some(found) = after.or_else(|| rule.first_in(self.view, around.start..span.start)) {
                self.propose_with(other, found, |candidate| candidate.weigh(6.0, "its other half stands near by"));
            }
        }
    }

    fn detect(&mut self, detector: Detector, hit: Range<usize>) {
        if self.view.binary && detector != Detector::PrivateKey {
            return;
        }
        match detector {
            Detector::PrivateKey => private_key::detect(self, hit),
            Detector::Jwt => jwt::detect(self, hit),
            Detector::ConnectionString => connection::detect(self, hit),
            Detector::HttpHeader => http_header::detect(self, hit),
            Detector::CredentialFile => credential_file::detect(self, hit),
            Detector::ServiceAccount => service_account::detect(self, hit),
            Detector::Assignment => assignment::detect(self, hit),
        }
    }

    /// Proposes the text at `span` as a secret of pattern `index`, judged as the pattern says.
    pub fn propose(&mut self, index: PatternIndex, span: Range<usize>) {
        self.propose_with(index, span, |_| {});
    }

    /// Proposes the text at `span` for the pattern called `id`; `shape` adds what the detector knows before the judge looks at it.
    /// Nothing happens where the pattern is switched off.
    pub fn propose_as(&mut self, id: &str, span: Range<usize>, shape: impl FnOnce(&mut Candidate<'v>)) {
        let index = self.catalogue.index_of(id).filter(|&index| self.catalogue.is_enabled(index));
        if let Some(index) = index {
            self.propose_with(index, span, shape);
        }
    }

    fn propose_with(&mut self, index: PatternIndex, span: Range<usize>, shape: impl FnOnce(&mut Candidate<'v>)) {
        let def = &self.catalogue.pattern(index).def;
        let probability = match def.confidence {
            Likelihood::High => 0.92,
            Likelihood::Medium => 0.7,
            Likelihood::Low => 0.4,
        };
        let mut candidate = Candidate::new(index, Cow::Borrowed(&self.view.bytes[span.clone()]), span, probability);
        shape(&mut candidate);
        judge::weigh(&mut candidate, def, self.view);
        self.found.push(candidate);
    }

    /// Takes candidates of a decoded text over.
    fn adopt(&mut self, candidate: Candidate<'static>) {
        self.found.push(candidate);
    }
}
