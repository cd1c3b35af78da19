//! One blob, or one window of it: candidates to sightings. Owns: which of overlapping candidates wins, and what becomes of each. Must not: read.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bstr::BStr;

use super::Scanner;
use crate::blob::{Origin, Span};
use crate::detect::rule::Begins;
use crate::detect::text::{self, Form, Text};
use crate::detect::{self, Candidate, View};
use crate::file_kind;
use crate::finding::{ChecksumStatus, Confidence, Coverage, Place, Problem, ProblemKind};
use crate::gather::{Fate, Gathered, Sighting};
use crate::line_hash;
use crate::patterns::schema::{Detector, PatternDef};
use crate::patterns::{Catalogue, PatternIndex};
use crate::place::{Cursor, excerpt};
use crate::secret::Secret;
use crate::suppress::marks;

/// Most sightings kept of one window; more is no source text but an attack or a list of passwords, and is said to be cut.
const MOST_SIGHTINGS: usize = 20_000;

/// A window of a blob; the whole of it, for most.
#[derive(Debug)]
pub struct Window<'w> {
    /// Where the blob comes from.
    pub origin: &'w Origin,
    /// The window's bytes.
    pub bytes: &'w [u8],
    /// The blob's spelling.
    pub form: Form,
    /// Offset of the window in the blob.
    pub base: u64,
    /// Starts of secrets that this window answers for; other windows answer for the rest.
    pub accept: Range<usize>,
    /// Line and column of the window's first byte.
    pub cursor: Cursor,
    /// Whether the window is the whole blob.
    pub whole: bool,
}

impl Scanner {
    /// Scans a blob that is in memory whole.
    pub(super) fn whole(&self, origin: &Origin, bytes: &[u8]) -> Gathered {
        let window =
            Window { origin, bytes, form: Form::of(bytes), base: 0, accept: 0..bytes.len() + 1, cursor: Cursor::default(), whole: true };
        let mut gathered = Gathered::default();
        let texts = self.window(&window, &mut gathered);
        gathered.coverage.scanned = 1;
        gathered.coverage.bytes = bytes.len() as u64;
        gathered.coverage.binary = u64::from(texts[0].binary);
        gathered.coverage.compressed = u64::from(texts[0].binary && text::is_compressed(bytes));
        gathered
    }

    /// Scans a window and adds what it answers for; gives the texts back for whoever goes on from here.
    pub(super) fn window<'w>(&self, window: &Window<'w>, gathered: &mut Gathered) -> Vec<Text<'w>> {
        let texts = text::of(window.bytes, window.form);
        for text in &texts {
            let view = View { bytes: &text.bytes, path: window.origin.path(), binary: text.binary, depth: 0 };
            let candidates = detect::scan(&self.catalogue, &view);
            if !candidates.is_empty() {
                self.sightings(window, text, resolve(&self.catalogue, candidates), gathered);
            }
        }
        texts
    }

    /// Turns the winning candidates of a text, in order of their start, into sightings.
    fn sightings(&self, window: &Window<'_>, text: &Text<'_>, candidates: Vec<Candidate<'_>>, gathered: &mut Gathered) {
        let masked: Vec<Range<usize>> =
            candidates.iter().filter(|candidate| candidate.dropped.is_none()).map(|candidate| candidate.span.clone()).collect();
        let origin = Arc::new(window.origin.clone());
        let test_or_example = file_kind::is_test_or_example(window.origin.path());
        let first = gathered.sightings.len();
        let mut known = (0, 0);
        let mut cursor = window.cursor;
        for candidate in candidates {
            let start = text.raw(known, candidate.span.start);
            known = (candidate.span.start, start);
            if !window.accept.contains(&start) || candidate.dropped.is_some() && !self.settings.explain {
                continue;
            }
            if gathered.sightings.len() - first >= MOST_SIGHTINGS {
                gathered.coverage.problems.push(too_many(window.origin.path()));
                break;
            }
            let raw = start..text.raw(known, candidate.span.end);
            let (in_lines, range) = if text.has_lines() { (&*text.bytes, candidate.span.clone()) } else { (window.bytes, raw.clone()) };
            let position = cursor.advance(in_lines, range.start);
            let place = Place {
                origin: Arc::clone(&origin),
                span: Span { start: window.base + raw.start as u64, end: window.base + raw.end as u64 },
                start: position,
                end: cursor.clone().advance(in_lines, range.end),
                encodings: candidate.encodings.clone(),
                confidence: Confidence(candidate.probability),
                test_or_example,
                excerpt: excerpt(&text.bytes, &candidate.span, &candidate.secret, &masked),
                line_hash: None,
            };
            let fate = self.fate(&candidate, &text.bytes);
            gathered.sightings.push(Sighting {
                pattern: Arc::clone(self.catalogue.pattern(candidate.pattern)),
                secret: Secret::new(&candidate.secret),
                place,
                checksum: candidate.checksum,
                facts: candidate.facts,
                evidence: candidate.evidence,
                fate,
            });
        }
        if window.whole && text.has_lines() {
            add_line_hashes(&text.bytes, &mut gathered.sightings[first..]);
        }
    }

    pub(super) fn fate(&self, candidate: &Candidate<'_>, text: &[u8]) -> Fate {
        if let Some(reason) = candidate.dropped {
            return Fate::Dropped(reason);
        }
        if candidate.probability < self.settings.min_confidence.floor() {
            return Fate::BelowThreshold;
        }
        let id = &self.catalogue.pattern(candidate.pattern).def.id;
        match marks::mark(text, candidate.span.clone(), id, self.settings.marks) {
            Some(suppression) => Fate::Suppressed(suppression),
            None => Fate::Report,
        }
    }
}

/// GitHub's line fingerprints for the sightings of a whole text.
fn add_line_hashes(text: &[u8], sightings: &mut [Sighting]) {
    let mut lines: Vec<u64> =
        sightings.iter().filter(|sighting| sighting.fate == Fate::Report).map(|sighting| sighting.place.start.line).collect();
    lines.dedup();
    let hashes: BTreeMap<u64, String> = lines.iter().copied().zip(line_hash::line_hashes(text, &lines)).collect();
    for sighting in sightings {
        sighting.place.line_hash = hashes.get(&sighting.place.start.line).cloned();
    }
}

/// The problem of content with more possible secrets than are reported.
pub(super) fn too_many(path: &BStr) -> Problem {
    Problem {
        path: path.to_owned(),
        kind: ProblemKind::OverLimit,
        detail: "it has too many possible secrets; only the first ones are reported".to_owned(),
    }
}

impl Gathered {
    /// Nothing but a problem.
    pub(super) fn of_problem(problem: Problem) -> Self {
        Self { coverage: Coverage { problems: vec![problem], ..Coverage::default() }, ..Self::default() }
    }
}

/// The candidates that are left when each piece of text belongs to one: the most specific pattern wins, then the most probable candidate,
/// then the longest. They are in order of their start.
pub(crate) fn resolve<'v>(catalogue: &Catalogue, candidates: Vec<Candidate<'v>>) -> Vec<Candidate<'v>> {
    let claimed = candidates.into_iter().map(|candidate| (Claim::of(catalogue, &candidate), candidate)).collect();
    resolve_claims(claimed, |(claim, _)| claim).into_iter().map(|(_, candidate)| candidate).collect()
}

/// What decides which of several candidates a piece of text belongs to.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    /// A valid checksum, then how specific the pattern is, then what its word begins.
    strength: (bool, u8, Begins),
    probability: f32,
    /// Bytes of the word that names the value.
    word: usize,
    pattern: PatternIndex,
    /// Whether nothing else may have the text. What a guess drops, another pattern may still take.
    excludes: bool,
}

impl Claim {
    /// The claim of a candidate.
    pub(super) fn of(catalogue: &Catalogue, candidate: &Candidate<'_>) -> Self {
        let def = &catalogue.pattern(candidate.pattern).def;
        Self {
            span: candidate.span.clone(),
            strength: (
                candidate.checksum == ChecksumStatus::Valid,
                if candidate.yields { 0 } else { specificity(def) },
                if candidate.yields { Begins::Name } else { candidate.naming.begins },
            ),
            probability: candidate.probability,
            word: candidate.naming.length,
            pattern: candidate.pattern,
            excludes: candidate.dropped.is_none() || !is_guess(def),
        }
    }

    /// The same claim of other text.
    pub(super) fn at(&self, span: Range<usize>) -> Self {
        Self { span, ..self.clone() }
    }
}

/// Those of `items` that get the text they claim, in order of its start.
pub(super) fn resolve_claims<T>(mut items: Vec<T>, claim: impl Fn(&T) -> &Claim) -> Vec<T> {
    if items.len() > 1 {
        items.sort_by(|a, b| {
            let (a, b) = (claim(a), claim(b));
            (b.strength.cmp(&a.strength))
                .then(b.probability.total_cmp(&a.probability))
                .then(b.word.cmp(&a.word))
                .then(b.span.len().cmp(&a.span.len()))
                .then(a.span.start.cmp(&b.span.start))
                .then(a.pattern.cmp(&b.pattern))
        });
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        items.retain(|item| {
            let Claim { span, excludes, .. } = claim(item);
            let free = taken.range(..span.end).next_back().is_none_or(|(_, &end)| end <= span.start);
            if free && *excludes {
                taken.insert(span.start, span.end);
            }
            free
        });
    }
    items.sort_by_key(|item| (claim(item).span.start, claim(item).span.end));
    items
}

/// How much a match of the pattern says about what the text is.
fn specificity(def: &PatternDef) -> u8 {
    match def.detector {
        Some(Detector::Assignment) => 0,
        Some(Detector::HttpHeader | Detector::CredentialFile) => 1,
        Some(Detector::ConnectionString) => 2,
        None if !def.near.is_empty() => 2,
        Some(Detector::Jwt) | None => 3,
        Some(Detector::PrivateKey | Detector::ServiceAccount | Detector::SeedPhrase) => 4,
    }
}

/// Whether the pattern goes by names and words: what it drops, another pattern may still take.
fn is_guess(def: &PatternDef) -> bool {
    def.detector == Some(Detector::Assignment) || !def.near.is_empty()
}
