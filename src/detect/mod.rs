//! Bytes in, candidates out. Owns: the order of work in one text. Must not: read files, know git, or decide what is reported.
//!
//! 1. [`prefilter`] finds the anchors of all patterns in one pass.
//! 2. Each anchor runs its pattern's [`rule`], a detector in code, or the decoder, in a bounded window around it.
//! 3. `nested` decodes long runs that look encoded twice.
//! 4. [`judge`] weighs each candidate; nothing is dropped without a named reason.

pub mod assignment;
pub mod candidate;
pub mod checksum;
pub mod connection;
mod credential;
pub mod credential_file;
pub mod decode;
pub mod entropy;
pub mod fact;
pub mod http_header;
pub mod judge;
pub mod jwt;
pub mod learned;
mod nested;
mod own;
pub mod placeholder;
pub mod prefilter;
pub mod private_key;
pub mod rule;
mod run;
pub mod sample;
mod search;
mod seed_phrase;
mod service_account;
pub mod text;
pub mod view;
pub mod wire;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::file_kind::{FileKind, PathClass, path_class};
pub use candidate::Candidate;
use learned::features::{self, Features};
use learned::{Case, Opinion};
use rule::{Distance, Match};
pub use view::{REACH, View};

use crate::patterns::anchors::{self, Spelling};
use crate::patterns::schema::Detector;
use crate::patterns::{Catalogue, PatternIndex};

/// How many encodings are undone, one inside the other.
pub const MAX_DEPTH: u8 = 2;
/// Bytes around a match in which its other half may stand.
const COMPANION_REACH: usize = 4096;
/// Probability of a value that stands farther from the word that names it than the pattern asks for: shown at `--min-confidence low` only.
const FAR: f32 = 0.25;
/// What the odds are multiplied by where chance may have written a token.
const IN_BASE64: f32 = 0.02;
/// What the odds are multiplied by where the rest of a token is left out.
const CUT_OFF: f32 = 0.02;
/// Probability below which a case of the learned judge is not worth a word.
const FLOOR: f32 = 0.05;

/// Finds and judges every candidate of a text, in no particular order.
#[must_use]
pub fn scan<'v>(catalogue: &Catalogue, view: &View<'v>) -> Vec<Candidate<'v>> {
    Sink::new(catalogue, view).filled().found
}

/// As [`scan`], for a text that was read out of the one of a sink.
fn scan_inside<'d, 'v: 'd>(outer: &Sink<'_, 'v>, view: &View<'d>) -> Vec<Candidate<'d>> {
    Sink::of_class(outer.catalogue, view, outer.class.get().copied()).filled().found
}

/// Calls `each(anchor, start)` for everything in a text that is worth a look by [`Sink::look`].
pub fn anchors_of(catalogue: &Catalogue, text: &[u8], mut each: impl FnMut(usize, usize)) {
    catalogue.prefilter().find(text, &mut each);
    nested::runs(text, |run| each(nested::ANCHOR, run.start));
}

/// Bytes of an anchor.
#[must_use]
pub fn anchor_len(catalogue: &Catalogue, anchor: usize) -> usize {
    if anchor == nested::ANCHOR { 1 } else { catalogue.prefilter().literal(anchor).len() }
}

/// Something that the learned judge was asked about.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where the value stands.
    pub span: Range<usize>,
    /// What was known of it.
    pub features: Features,
    /// The answer.
    pub opinion: Opinion,
}

/// As [`scan`], with all that the learned judge was asked about, however unlikely: what it learns from, and what explains it.
#[must_use]
pub fn scan_and_tell<'v>(catalogue: &Catalogue, view: &View<'v>) -> (Vec<Candidate<'v>>, Vec<Asked>) {
    let sink = Sink { asked: Some(Vec::new()), ..Sink::new(catalogue, view) }.filled();
    (sink.found, sink.asked.unwrap_or_default())
}

/// Where detectors put their candidates.
#[derive(Debug)]
pub struct Sink<'s, 'v> {
    /// The patterns of the scan.
    pub catalogue: &'s Catalogue,
    /// The text.
    pub view: &'s View<'v>,
    /// What the path says of the text.
    class: OnceCell<PathClass>,
    decoded: decode::Memory,
    found: Vec<Candidate<'v>>,
    looked: Range<usize>,
    /// What the learned judge was asked about, where somebody wants to know.
    asked: Option<Vec<Asked>>,
}

impl<'s, 'v> Sink<'s, 'v> {
    /// A sink without candidates.
    #[must_use]
    pub fn new(catalogue: &'s Catalogue, view: &'s View<'v>) -> Self {
        Self { catalogue, view, class: OnceCell::new(), decoded: decode::Memory::default(), found: Vec::new(), looked: 0..0, asked: None }
    }

    /// A sink for a text of whose path the class is known, if it is: the view's path then only counts for patterns that are limited to paths.
    #[must_use]
    pub(crate) fn of_class(catalogue: &'s Catalogue, view: &'s View<'v>, class: Option<PathClass>) -> Self {
        Self { class: class.map_or_else(OnceCell::new, OnceCell::from), ..Self::new(catalogue, view) }
    }

    /// The sink after every anchor of the text was looked at.
    fn filled(mut self) -> Self {
        anchors_of(self.catalogue, self.view.bytes, |anchor, start| self.look(anchor, start));
        self
    }

    /// Runs whatever goes by the anchor `anchor`, which stands at `start`.
    pub fn look(&mut self, anchor: usize, start: usize) {
        let catalogue = self.catalogue;
        let hit = start..start + anchor_len(catalogue, anchor);
        self.looked = hit.clone();
        if anchor == nested::ANCHOR {
            return nested::look(self, start);
        }
        for &target in catalogue.targets(anchor) {
            if let Some(spelling) = Spelling::of_target(target) {
                decode::around(self, hit.clone(), spelling);
            } else if let Some(detector) = anchors::detector_of_target(target) {
                self.detect(detector, hit.clone());
            } else {
                self.match_pattern(PatternIndex(target), hit.clone());
            }
        }
    }

    /// What the anchor looked at last gave: the text that depends on, and the candidates.
    pub fn taken(&mut self) -> (Range<usize>, std::vec::Drain<'_, Candidate<'v>>) {
        (self.looked.clone(), self.found.drain(..))
    }

    /// Says that what becomes of the anchor being looked at depends on the text of `range` too. A detector calls it before it returns, with
    /// all that it read, whether or not it proposed something. What lies on the anchor's line, the line before and the line after need not
    /// be said. The scan of history relies on it: it looks again at an anchor of an older version of a file only when such text changed.
    pub fn depends_on(&mut self, range: Range<usize>) {
        self.looked = self.looked.start.min(range.start)..self.looked.end.max(range.end.min(self.view.bytes.len()));
    }

    /// What the path says of the text; found out when first asked, since most texts hold nothing to ask it for.
    fn class(&self) -> PathClass {
        *self.class.get_or_init(|| path_class(self.view.path))
    }

    fn match_pattern(&mut self, index: PatternIndex, hit: Range<usize>) {
        let catalogue = self.catalogue;
        let rule = catalogue.rule(index);
        if !catalogue.is_enabled(index) || !rule.is_distinctive() && self.view.is_binary_at(hit.start) {
            return;
        }
        if !catalogue.looks_into(index, self.view.path) {
            return;
        }
        if let Some(reads) = rule.reads(self.view, &hit) {
            self.depends_on(reads);
        }
        rule.matches(self.view, hit, |Match { span, naming }| {
            let is_close = naming.distance == Distance::Close;
            if is_close && !self.companions(index, span.clone()) {
                return;
            }
            if naming.distance == Distance::Around && !self.is_meant(&span) {
                return;
            }
            let by_chance = self.view.is_in_base64(&span);
            let is_cut = [&b"..."[..], "…".as_bytes()].iter().any(|dots| self.view.bytes[span.end..].starts_with(dots));
            let is_hash = rule.goes_by_words() && (self.class().kind == FileKind::Lock || self.view.is_named_hash(&span));
            let is_called = rule.goes_by_words() && self.view.bytes.get(span.end) == Some(&b'(');
            let is_name = rule.goes_by_words() && self.view.ends_dotted_name(&span);
            self.propose_with(index, span, |candidate| {
                candidate.naming = naming;
                if !is_close {
                    candidate.set(FAR, "its name stands far away or only hints at it");
                    candidate.yields = true;
                }
                if by_chance {
                    candidate.weigh(IN_BASE64, "it stands in the middle of base64 text");
                }
                if is_cut {
                    candidate.weigh(CUT_OFF, "dots say that it goes on");
                }
                if is_hash {
                    candidate.dropped = Some("a hash by its name or in a lock file");
                }
                if is_called {
                    candidate.dropped = Some("it is the name of a function");
                }
                if is_name {
                    candidate.dropped = Some("it is the end of a dotted name");
                }
            });
        });
    }

    /// Whether the value at `span` can hardly stand around a word for another reason than being a credential.
    fn is_meant(&self, span: &Range<usize>) -> bool {
        // What a workflow pins an action to is a commit.
        let is_version = self.view.before(span.start) == Some(b'@');
        !self.view.binary && !is_version && judge::is_telling(&self.view.bytes[span.clone()])
    }

    /// Looks for the other halves of a two-part credential in the lines around its first half; tells whether those that it needs are there.
    fn companions(&mut self, index: PatternIndex, span: Range<usize>) -> bool {
        let mut complete = true;
        for companion in &self.catalogue.pattern(index).def.companions {
            let Some(other) = self.catalogue.index_of(&companion.pattern) else { continue };
            // What is needed is looked for even where it is not reported.
            let is_enabled = self.catalogue.is_enabled(other);
            if !is_enabled && !companion.required {
                continue;
            }
            let around = self.view.lines(span.start, companion.within_lines, COMPANION_REACH);
            self.depends_on(around.clone());
            let rule = self.catalogue.rule(other);
            let after = rule.first_in(self.view, span.end..around.end);
            let found = after.or_else(|| rule.first_in(self.view, around.start..span.start));
            complete &= found.is_some() || !companion.required;
            if let Some(found) = found.filter(|_| is_enabled) {
                self.propose_with(other, found, |candidate| candidate.weigh(6.0, "its other half stands near by"));
            }
        }
        complete
    }

    fn detect(&mut self, detector: Detector, hit: Range<usize>) {
        if detector != Detector::PrivateKey && self.view.is_binary_at(hit.start) {
            return;
        }
        self.depends_on(self.reach_of(detector, &hit));
        match detector {
            Detector::PrivateKey => private_key::detect(self, hit),
            Detector::Jwt => jwt::detect(self, hit),
            Detector::ConnectionString => connection::detect(self, hit),
            Detector::HttpHeader => http_header::detect(self, hit),
            Detector::CredentialFile => credential_file::detect(self, hit),
            Detector::ServiceAccount => service_account::detect(self, hit),
            Detector::SeedPhrase => seed_phrase::detect(self, hit),
            Detector::Assignment => assignment::detect(self, hit),
        }
    }

    /// What a detector may read around an anchor beyond the lines next to it. Anchors that are common say it more closely themselves.
    fn reach_of(&self, detector: Detector, hit: &Range<usize>) -> Range<usize> {
        let reach = match detector {
            Detector::PrivateKey | Detector::ServiceAccount => REACH,
            Detector::CredentialFile => credential_file::REACH,
            Detector::HttpHeader => http_header::REACH,
            Detector::ConnectionString if !self.view.bytes[hit.clone()].contains(&b'/') => connection::REACH,
            Detector::ConnectionString | Detector::Jwt | Detector::SeedPhrase | Detector::Assignment => 0,
        };
        hit.start.saturating_sub(reach)..hit.end + reach
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

    /// Proposes the text at `span` for the pattern called `id` with the probability that the learned judge gives the case.
    pub fn propose_case(&mut self, id: &str, case: &Case<'_>, span: Range<usize>) {
        let features = features::of(case);
        let model = self.catalogue.model();
        let score = model.score(&features);
        if self.asked.is_none() && learned::probability(model, case, score) < FLOOR {
            return;
        }
        let opinion = learned::judge(model, case, &features, score);
        if let Some(asked) = &mut self.asked {
            asked.push(Asked { span: span.clone(), features, opinion: opinion.clone() });
        }
        self.propose_as(id, span, |candidate| {
            candidate.probability = opinion.probability;
            candidate.evidence = opinion.reasons.iter().map(|(reason, _)| *reason).collect();
        });
    }

    fn propose_with(&mut self, index: PatternIndex, span: Range<usize>, shape: impl FnOnce(&mut Candidate<'v>)) {
        let def = &self.catalogue.pattern(index).def;
        let mut candidate = Candidate::new(index, Cow::Borrowed(&self.view.bytes[span.clone()]), span, def.confidence.probability());
        shape(&mut candidate);
        judge::weigh(&mut candidate, def);
        candidate.dropped = candidate.dropped.or_else(|| own::reason(self.catalogue, self.view.bytes, &candidate.span));
        self.found.push(candidate);
    }

    /// Takes candidates of a decoded text over.
    fn adopt(&mut self, candidate: Candidate<'static>) {
        self.found.push(candidate);
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! What tests of detectors share. The texts of tests hold no credential: `§` stands for one that is put together at run time.

    use bstr::BStr;

    use super::{Candidate, View};
    use crate::finding::Level;
    use crate::patterns::Catalogue;
    use crate::patterns::schema::Detector;
    use crate::patterns::shape::{self, Part};

    /// A password as a machine makes it.
    pub(crate) fn secret() -> String {
        ["Zq7mK2", "vX9rTa", "3wLpQ8"].concat()
    }

    /// `text` with [`secret`] for each `§`.
    pub(crate) fn filled(text: &str) -> String {
        text.replace('§', &secret())
    }

    /// Calls `look` with each candidate in `text`, dropped ones too, in order of place.
    pub(crate) fn each(text: &str, mut look: impl FnMut(&Catalogue, &Candidate<'_>)) {
        let catalogue = Catalogue::builtin();
        let text = filled(text);
        let view = View { bytes: text.as_bytes(), path: BStr::new("a"), binary: false, depth: 0 };
        for candidate in &crate::scan::resolve(&catalogue, super::scan(&catalogue, &view)) {
            look(&catalogue, candidate);
        }
    }

    /// Pattern and secret of each candidate of a `family` of patterns (the start of their ids) that reaches the default threshold.
    pub(crate) fn found(family: &[&str], text: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        each(text, |catalogue, candidate| {
            let id = &catalogue.pattern(candidate.pattern).def.id;
            if candidate.dropped.is_none()
                && candidate.probability >= Level::Medium.floor()
                && family.iter().any(|start| id.starts_with(start))
            {
                found.push((id.clone(), String::from_utf8_lossy(&candidate.secret).into_owned()));
            }
        });
        found
    }

    /// Pattern and reason of each candidate of a `family` that is dropped, or the first evidence of one below the default threshold.
    pub(crate) fn refused(family: &[&str], text: &str) -> Vec<(String, &'static str)> {
        let mut refused = Vec::new();
        each(text, |catalogue, candidate| {
            let id = &catalogue.pattern(candidate.pattern).def.id;
            let weak =
                (candidate.probability < Level::Medium.floor()).then(|| candidate.evidence.first().copied().unwrap_or("no evidence"));
            if let Some(reason) = candidate.dropped.or(weak).filter(|_| family.iter().any(|start| id.starts_with(start))) {
                refused.push((id.clone(), reason));
            }
        });
        refused
    }

    /// Each example of the patterns of `detector` that is judged wrongly: its pattern's id and the template.
    pub(crate) fn wrong_examples(detector: Detector) -> Vec<(String, String)> {
        let catalogue = Catalogue::builtin();
        let mut wrong = Vec::new();
        for def in catalogue.indices().map(|index| &catalogue.pattern(index).def).filter(|def| def.detector == Some(detector)) {
            let is_found = |template: &&String| found(&[&def.id], &example(template)).iter().any(|(id, _)| *id == def.id);
            let missed = def.positive.iter().filter(|template| !is_found(template));
            wrong.extend(missed.chain(def.negative.iter().filter(is_found)).map(|template| (def.id.clone(), template.clone())));
        }
        wrong
    }

    /// `template` with its runs filled by a fixed sequence.
    fn example(template: &str) -> String {
        let mut state = 1_u32;
        let mut text = Vec::new();
        for part in shape::parse(template).unwrap() {
            match part {
                Part::Literal(bytes) => text.extend(bytes),
                Part::Run(charset, ranges) => {
                    let bytes: Vec<u8> = charset.bytes().collect();
                    text.extend((0..ranges[0].0).map(|_| {
                        state = state.wrapping_mul(0x9E37_79B1).wrapping_add(0x7F4A_7C15);
                        bytes[(state >> 16) as usize % bytes.len()]
                    }));
                }
                Part::Uuid => text.extend(b"3f2b8c1d-9a4e-4d17-b6c0-52e7a1f08d94"),
                Part::Secret | Part::BadChecksum => panic!("a template of a detector in code spells its values out: {template}"),
            }
        }
        String::from_utf8(text).unwrap()
    }
}
