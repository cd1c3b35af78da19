//! From sightings to a report. Owns: joining places of one secret, the order of findings, the last masking of excerpts. Must not: look at blobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use bstr::{BStr, BString, ByteSlice};

use crate::blob::{Origin, visible};
use crate::finding::{ChecksumStatus, Coverage, Dropped, Finding, Place, Problem, Report, Suppression};
use crate::patterns::Pattern;
use crate::patterns::exception::{Exception, Seen};
use crate::secret::{Fingerprint, Secret, mask};

/// Shortest secret that is masked wherever its text turns up in an excerpt; shorter ones would blank out ordinary words.
const MASKED_EVERYWHERE: usize = 6;

/// One judged candidate in one place.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// The pattern that recognised it.
    pub pattern: Arc<Pattern>,
    /// The value.
    pub secret: Secret,
    /// Where.
    pub place: Place,
    /// What an offline check said.
    pub checksum: ChecksumStatus,
    /// What can be read off the value.
    pub facts: Vec<(&'static str, String)>,
    /// Named reasons for the confidence.
    pub evidence: Vec<&'static str>,
    /// Why it is no finding, where it is none.
    pub fate: Fate,
}

/// What becomes of a sighting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is reported.
    Report,
    /// Its confidence is below the threshold.
    BelowThreshold,
    /// Somebody said so.
    Suppressed(Suppression),
    /// It is no credential, for a named reason.
    Dropped(&'static str),
}

/// Everything that scanning a part of the input gave.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Judged candidates.
    pub sightings: Vec<Sighting>,
    /// What was looked at.
    pub coverage: Coverage,
}

impl Gathered {
    /// Joins two parts.
    #[must_use]
    pub fn merge(mut self, mut other: Self) -> Self {
        if self.sightings.len() < other.sightings.len() {
            std::mem::swap(&mut self.sightings, &mut other.sightings);
        }
        self.sightings.append(&mut other.sightings);
        self.coverage.merge(other.coverage);
        self
    }

    /// The report; its order depends on the content alone. `explain` keeps the candidates that are no findings.
    #[must_use]
    pub fn into_report(mut self, explain: bool) -> Report {
        mask_everywhere(&mut self.sightings);
        mask_paths(&mut self.sightings, &mut self.coverage.problems);
        let_pass(&mut self.sightings);
        self.sightings.sort_by(|a, b| order(a).cmp(&order(b)));
        self.coverage.problems.sort();
        let mut report = Report { coverage: self.coverage, ..Report::default() };
        let mut secrets: BTreeMap<Fingerprint, Finding> = BTreeMap::new();
        for sighting in self.sightings {
            match sighting.fate {
                Fate::Report => add(&mut secrets, sighting),
                Fate::Suppressed(by) => *report.suppressed.entry(by).or_default() += 1,
                Fate::BelowThreshold => {
                    report.below_threshold += 1;
                    if explain {
                        report.dropped.push(Dropped {
                            pattern: sighting.pattern,
                            place: sighting.place,
                            reason: sighting.evidence.first().copied().unwrap_or("its confidence is below the threshold"),
                        });
                    }
                }
                Fate::Dropped(reason) => {
                    if explain {
                        report.dropped.push(Dropped { pattern: sighting.pattern, place: sighting.place, reason });
                    }
                }
            }
        }
        report.findings = secrets.into_values().map(with_severity).collect();
        report.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| place_order(&a.places[0]).cmp(&place_order(&b.places[0]))));
        report
    }
}

type PlaceOrder<'p> = (&'p Origin, u64, u64);

fn place_order(place: &Place) -> PlaceOrder<'_> {
    (&place.origin, place.span.start, place.span.end)
}

fn order(sighting: &Sighting) -> (PlaceOrder<'_>, &str) {
    (place_order(&sighting.place), &sighting.pattern.def.id)
}

/// Adds a sighting to the finding of its secret; the most confident sighting names the pattern.
fn add(secrets: &mut BTreeMap<Fingerprint, Finding>, sighting: Sighting) {
    let fingerprint = Fingerprint::of(sighting.secret.expose());
    let confidence = sighting.place.confidence;
    match secrets.entry(fingerprint) {
        std::collections::btree_map::Entry::Vacant(entry) => {
            entry.insert(Finding {
                severity: sighting.pattern.def.severity,
                pattern: sighting.pattern,
                secret: sighting.secret,
                fingerprint,
                confidence,
                checksum: sighting.checksum,
                facts: sighting.facts,
                evidence: sighting.evidence,
                places: vec![sighting.place],
            });
        }
        std::collections::btree_map::Entry::Occupied(mut entry) => {
            let finding = entry.get_mut();
            finding.places.push(sighting.place);
            if confidence > finding.confidence {
                finding.severity = sighting.pattern.def.severity;
                finding.pattern = sighting.pattern;
                finding.confidence = confidence;
                finding.checksum = sighting.checksum;
                finding.facts = sighting.facts;
                finding.evidence = sighting.evidence;
            }
        }
    }
}

/// Lowers the severity of a secret that stands in tests and examples only.
fn with_severity(mut finding: Finding) -> Finding {
    if finding.places.iter().all(|place| place.test_or_example) {
        finding.severity = finding.severity.lowered();
        finding.evidence.push("it stands in tests or examples only");
    }
    finding
}

/// Masks in every path what was seen as a secret in the name of one or of a reference. Other secrets are left alone there: a password can be
/// a plain word.
fn mask_paths(sightings: &mut [Sighting], problems: &mut [Problem]) {
    let in_names = sightings.iter().filter(|sighting| {
        matches!(*sighting.place.origin, Origin::PathName { .. } | Origin::RefName { .. }) && !matches!(sighting.fate, Fate::Dropped(_))
    });
    let secrets: Vec<Vec<u8>> = in_names.map(|sighting| sighting.secret.expose().to_vec()).collect();
    if secrets.is_empty() {
        return;
    }
    let Ok(finder) = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&secrets) else { return };
    let masked = |path: &BStr| {
        let mut shown = Vec::with_capacity(path.len());
        finder.replace_all_with_bytes(path, &mut shown, |_, found, out| {
            out.extend_from_slice(mask(found).as_bytes());
            true
        });
        (shown != path.as_bytes()).then(|| BString::from(shown))
    };
    for sighting in sightings {
        let path = sighting.place.origin.path_in_tree().and_then(masked);
        if let Some(path) = path {
            sighting.place.origin = Arc::new(sighting.place.origin.with_path(path));
        }
    }
    for problem in problems {
        problem.path = masked(problem.path.as_bstr()).unwrap_or_else(|| std::mem::take(&mut problem.path));
    }
}

/// Suppresses what the exceptions of a sighting's own pattern speak of.
fn let_pass(sightings: &mut [Sighting]) {
    let mut compiled: BTreeMap<String, Vec<Exception>> = BTreeMap::new();
    for sighting in sightings.iter_mut().filter(|sighting| sighting.fate == Fate::Report && !sighting.pattern.def.allow.is_empty()) {
        let def = &sighting.pattern.def;
        // What does not compile was refused when the pattern was added.
        let compile = || def.allow.iter().filter_map(|allow| Exception::compile(allow).ok()).collect();
        let exceptions = compiled.entry(def.id.clone()).or_insert_with(compile);
        let place = &sighting.place;
        let seen = Seen {
            path: place.origin.path(),
            commit: place.origin.commit(),
            secret: sighting.secret.expose(),
            before: place.excerpt.before.as_bytes(),
            after: place.excerpt.after.as_bytes(),
            regex: def.regex.as_deref(),
        };
        if exceptions.iter().any(|exception| exception.holds(&seen)) {
            sighting.fate = Fate::Suppressed(Suppression::Config);
        }
    }
}

/// Masks every secret of the scan in every excerpt, also where no pattern recognised it there.
fn mask_everywhere(sightings: &mut [Sighting]) {
    let mut texts: Vec<String> = Vec::new();
    for sighting in sightings.iter().filter(|sighting| !matches!(sighting.fate, Fate::Dropped(_))) {
        let lines = sighting.secret.expose().split(|&byte| byte == b'\n').map(|line| visible(line.trim_ascii()));
        texts.extend(lines.filter(|line| line.len() >= MASKED_EVERYWHERE && !line.starts_with("-----")));
    }
    texts.sort_unstable();
    texts.dedup();
    let Ok(finder) = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts) else { return };
    let masked = |text: &str| {
        let mut shown = String::with_capacity(text.len());
        finder.replace_all_with(text, &mut shown, |_, found, out| {
            out.push_str(&mask(found.as_bytes()));
            true
        });
        shown
    };
    for sighting in sightings {
        let excerpt = &mut sighting.place.excerpt;
        excerpt.before = masked(&excerpt.before);
        excerpt.after = masked(&excerpt.after);
    }
}
