//! From sightings to a report. Owns: joining places of one secret, the order of findings, the last masking of excerpts. Must not: look at blobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use bstr::{BStr, BString, ByteSlice};

use crate::blob::{Origin, visible};
use crate::finding::{ChecksumStatus, Coverage, Dropped, Exposure, Finding, Place, Problem, Report, Suppression};
use crate::patterns::Pattern;
use crate::patterns::exception::{Exception, Seen};
use crate::secret::{Fingerprint, Secret, mask};

/// Shortest secret that is masked wherever its text turns up in an excerpt; shorter ones would blank out ordinary words.
const MASKED_EVERYWHERE: usize = 6;

/// Words that names of credentials are made of, sorted. As values they are everybody's first guess, and without them no line could be read.
const WORDS_OF_NAMES: [&str; 10] =
    ["api-key", "api_key", "apikey", "credential", "credentials", "passphrase", "passwd", "password", "secret", "username"];

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
    /// Secrets that are not reported, beyond those among the sightings.
    pub unreported: Unreported,
}

/// How many secrets are not reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unreported {
    /// By who said so.
    pub suppressed: BTreeMap<Suppression, u64>,
    /// Because they are not sure enough.
    pub below_threshold: u64,
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
        self.unreported.below_threshold += other.unreported.below_threshold;
        for (by, count) in other.unreported.suppressed {
            *self.unreported.suppressed.entry(by).or_default() += count;
        }
        self
    }

    /// Puts a directory before every path: the content is that of a submodule there.
    pub(crate) fn move_below(&mut self, directory: &BStr) {
        if directory.is_empty() {
            return;
        }
        let below = |path: &BStr| BString::from([directory.as_bytes(), b"/", path.as_bytes()].concat());
        for sighting in &mut self.sightings {
            if let Some(path) = sighting.place.origin.path_in_tree() {
                sighting.place.origin = Arc::new(sighting.place.origin.with_path(below(path)));
            }
        }
        for problem in &mut self.coverage.problems {
            problem.path = below(problem.path.as_bstr());
        }
    }

    /// The report; its order depends on the content alone. `explain` keeps the candidates that are no findings.
    #[must_use]
    pub fn into_report(mut self, explain: bool) -> Report {
        mask_everywhere(&mut self.sightings);
        mask_paths(&mut self.sightings, &mut self.coverage.problems);
        let_pass(&mut self.sightings);
        self.sightings.sort_by(|a, b| order(a).cmp(&order(b)));
        self.coverage.problems.sort();
        let Unreported { suppressed, below_threshold } = self.unreported;
        let mut report = Report { coverage: self.coverage, suppressed, below_threshold, ..Report::default() };
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

/// Gives findings their exposure, and puts the place to look at first: where the secret stands at the commit `head`, else where the oldest
/// commit brought it.
pub fn expose(report: &mut Report, head: Option<&str>, mut exposures: BTreeMap<Fingerprint, Exposure>) {
    let seen_in = |of: fn(&Origin) -> bool| {
        let found = report.findings.iter().filter(|finding| finding.places.iter().any(|place| of(&place.origin)));
        Names::new(&found.map(|finding| finding.secret.expose()).collect::<Vec<_>>())
    };
    let names = seen_in(is_name);
    let people = seen_in(|origin| matches!(origin, Origin::CommitMessage { .. } | Origin::Unreachable { .. }));
    for finding in &mut report.findings {
        let Some(mut exposure) = exposures.remove(&finding.fingerprint) else { continue };
        names.mask_exposure(&mut exposure, &people);
        let live = exposure.live.first().and_then(|location| Some((head?, location)));
        let first = live.or_else(|| exposure.introduced.first().map(|first| (first.commit.id.as_str(), &first.location)));
        let is_first = |place: &Place| {
            first.is_some_and(|(commit, location)| {
                place.origin.commit() == Some(commit) && place.origin.path() == location.path && Some(place.start.line) == location.line
            })
        };
        if let Some(at) = finding.places.iter().position(is_first) {
            finding.places[..=at].rotate_right(1);
        }
        match &mut finding.exposure {
            Some(known) => known.merge(exposure),
            unknown => *unknown = Some(exposure),
        }
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
                exposure: None,
                decision: None,
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

/// Whether the content is the name of a file or a reference.
pub(crate) const fn is_name(origin: &Origin) -> bool {
    matches!(origin, Origin::PathName { .. } | Origin::RefName { .. })
}

/// Secrets that names hold.
struct Names(Option<AhoCorasick>);

impl Names {
    fn new(secrets: &[&[u8]]) -> Self {
        let finder = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(secrets).ok();
        Self(if secrets.is_empty() { None } else { finder() })
    }

    /// The text with masks in place of secrets; none where it holds none.
    fn masked(&self, text: &BStr) -> Option<BString> {
        let mut shown = Vec::with_capacity(text.len());
        self.0.as_ref()?.replace_all_with_bytes(text, &mut shown, |_, found, out| {
            out.extend_from_slice(mask(found).as_bytes());
            true
        });
        (shown != text.as_bytes()).then(|| BString::from(shown))
    }

    fn mask_text(&self, text: &mut String) {
        if let Some(masked) = self.masked(BStr::new(text)) {
            *text = masked.to_string();
        }
    }

    /// Masks what an exposure names; `people` holds what the names of authors hold.
    fn mask_exposure(&self, exposure: &mut Exposure, people: &Self) {
        exposure.references.iter_mut().for_each(|name| self.mask_text(name));
        for commit in exposure.commits_mut() {
            people.mask_text(&mut commit.author);
        }
        for location in exposure.locations_mut() {
            location.path = self.masked(location.path.as_bstr()).unwrap_or_else(|| std::mem::take(&mut location.path));
        }
    }
}

/// Masks in every path what was seen as a secret in the name of one or of a reference. Other secrets are left alone there: a password can be
/// a plain word.
fn mask_paths(sightings: &mut [Sighting], problems: &mut [Problem]) {
    let in_names = sightings.iter().filter(|sighting| is_name(&sighting.place.origin) && !matches!(sighting.fate, Fate::Dropped(_)));
    let names = Names::new(&in_names.map(|sighting| sighting.secret.expose()).collect::<Vec<_>>());
    let masked = |path: &BStr| names.masked(path);
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
        let is_name = |line: &str| WORDS_OF_NAMES.binary_search(&line.to_ascii_lowercase().as_str()).is_ok();
        texts.extend(lines.filter(|line| line.len() >= MASKED_EVERYWHERE && !line.starts_with("-----") && !is_name(line)));
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
