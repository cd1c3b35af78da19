//! The JSON document and the records that JSON formats share. Owns: the schema in docs/report-formats.md. Must not: judge.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use data_encoding::BASE64;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::summary::Summary;
use super::{Options, advice, date, escape};
use crate::blob::{Origin, Span, visible};
use crate::finding::{
    ChecksumStatus, Commit, Confidence, Coverage, Decision, Dropped, Encoding, Excerpt, Exposure, Finding, Introduction, Location, Place,
    Problem, Report, Severity, SkipReason,
};
use crate::patterns::schema::StoreAdvice;
use crate::secret::Fingerprint;

/// Version of the schema; it grows when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

/// Writes the whole report as one document, one finding at a time.
pub fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool: ToolRecord::of(options),
        findings: Each { items: &report.findings, record: |finding| FindingRecord::of(finding, options) },
        dropped: options.explain.then_some(Each { items: &report.dropped, record: DroppedRecord::of }),
        summary: Summary::of(report),
        coverage: CoverageRecord::of(&report.coverage),
        problems: Each { items: &report.coverage.problems, record: ProblemRecord::of },
    };
    escape::write_line(&document, out)
}

#[derive(Serialize)]
#[serde(bound = "Each<'r, Finding, F>: Serialize, Each<'r, Dropped, D>: Serialize, Each<'r, Problem, P>: Serialize")]
struct Document<'r, F, D, P> {
    schema_version: u32,
    tool: ToolRecord<'r>,
    findings: Each<'r, Finding, F>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<Each<'r, Dropped, D>>,
    summary: Summary<'r>,
    coverage: CoverageRecord<'r>,
    problems: Each<'r, Problem, P>,
}

/// A list whose records are made as they are written.
pub struct Each<'r, T, F> {
    /// What is written.
    pub items: &'r [T],
    /// Makes an item's record.
    pub record: F,
}

impl<'r, T, R: Serialize, F: Fn(&'r T) -> R> Serialize for Each<'r, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.items.len()))?;
        for item in self.items {
            list.serialize_element(&(self.record)(item))?;
        }
        list.end()
    }
}

/// The program that made the report.
#[derive(Serialize)]
pub struct ToolRecord<'r> {
    name: &'static str,
    version: &'r str,
}

impl<'r> ToolRecord<'r> {
    /// The record of this program.
    pub fn of(options: &'r Options) -> Self {
        Self { name: "unleak", version: &options.tool_version }
    }
}

/// A finding as JSON formats write it.
#[derive(Serialize)]
pub struct FindingRecord<'r> {
    fingerprint: Fingerprint,
    pattern: &'r str,
    provider: &'r str,
    title: &'r str,
    severity: Severity,
    confidence: ConfidenceRecord,
    checksum: ChecksumStatus,
    masked: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'r str>,
    /// Base64, in place of `secret` where that is no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_bytes: Option<String>,
    facts: BTreeMap<&'r str, Cow<'r, str>>,
    evidence: &'r [&'static str],
    places: Vec<PlaceRecord<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure: Option<ExposureRecord<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'r Decision>,
    opens: &'r str,
    revoke: &'r str,
    store: StoreAdvice,
    advice: String,
}

impl<'r> FindingRecord<'r> {
    /// The record of `finding`.
    pub fn of(finding: &'r Finding, options: &Options) -> Self {
        let pattern = &*finding.pattern;
        let raw = options.show_secrets.then(|| finding.secret.expose());
        let secret = raw.and_then(|raw| std::str::from_utf8(raw).ok());
        Self {
            fingerprint: finding.fingerprint,
            pattern: &pattern.def.id,
            provider: &pattern.provider,
            title: &pattern.def.title,
            severity: finding.severity,
            confidence: ConfidenceRecord::of(finding.confidence),
            checksum: finding.checksum,
            masked: finding.secret.masked(),
            secret,
            secret_bytes: raw.filter(|_| secret.is_none()).map(|raw| BASE64.encode(raw)),
            facts: facts(finding),
            evidence: &finding.evidence,
            places: finding.places.iter().map(PlaceRecord::of).collect(),
            exposure: finding.exposure.as_ref().map(ExposureRecord::of),
            decision: finding.decision.as_ref(),
            opens: &pattern.def.opens,
            revoke: &pattern.def.revoke,
            store: pattern.def.store,
            advice: advice::next_step(pattern),
        }
    }
}

#[derive(Serialize)]
struct ExposureRecord<'r> {
    introduced: Vec<IntroductionRecord<'r>>,
    introductions: u64,
    removed: Vec<CommitRecord<'r>>,
    removals: u64,
    live: Vec<LocationRecord>,
    mentioned: Vec<LocationRecord>,
    commits: u64,
    blobs: u64,
    references: Vec<String>,
    reference_count: u64,
    reached_remote: bool,
}

impl<'r> ExposureRecord<'r> {
    fn of(exposure: &'r Exposure) -> Self {
        let introduction =
            |of: &'r Introduction| IntroductionRecord { commit: CommitRecord::of(&of.commit), location: LocationRecord::of(&of.location) };
        Self {
            introduced: exposure.introduced.iter().map(introduction).collect(),
            introductions: exposure.introductions,
            removed: exposure.removed.iter().map(CommitRecord::of).collect(),
            removals: exposure.removals,
            live: exposure.live.iter().map(LocationRecord::of).collect(),
            mentioned: exposure.mentioned.iter().map(LocationRecord::of).collect(),
            commits: exposure.commits,
            blobs: exposure.blobs,
            references: exposure.references.iter().map(|name| visible(name.as_bytes())).collect(),
            reference_count: exposure.reference_count,
            reached_remote: exposure.reached_remote,
        }
    }
}

#[derive(Serialize)]
struct IntroductionRecord<'r> {
    #[serde(flatten)]
    commit: CommitRecord<'r>,
    #[serde(flatten)]
    location: LocationRecord,
}

#[derive(Serialize)]
struct CommitRecord<'r> {
    commit: &'r str,
    date: String,
    author: &'r str,
}

impl<'r> CommitRecord<'r> {
    fn of(commit: &'r Commit) -> Self {
        Self { commit: &commit.id, date: date::rfc3339(commit.seconds, commit.offset), author: &commit.author }
    }
}

#[derive(Serialize)]
struct LocationRecord {
    #[serde(flatten)]
    path: PathRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

impl LocationRecord {
    fn of(location: &Location) -> Self {
        Self { path: PathRecord::of(&location.path), line: location.line }
    }
}

/// The facts by name; those of one name are joined.
fn facts(finding: &Finding) -> BTreeMap<&str, Cow<'_, str>> {
    let mut facts = BTreeMap::<&str, Cow<'_, str>>::new();
    for (name, value) in &finding.facts {
        facts.entry(name).and_modify(|joined| *joined = Cow::Owned(format!("{joined}, {value}"))).or_insert(Cow::Borrowed(value));
    }
    facts
}

#[derive(Serialize)]
struct ConfidenceRecord {
    level: &'static str,
    probability: f64,
}

impl ConfidenceRecord {
    fn of(confidence: Confidence) -> Self {
        Self { level: confidence.level().name(), probability: probability(confidence) }
    }
}

/// The probability to three digits.
pub fn probability(confidence: Confidence) -> f64 {
    (f64::from(confidence.0) * 1000.0).round() / 1000.0
}

#[derive(Serialize)]
struct PathRecord {
    path: String,
    /// Base64 of the path where `path` had to escape something.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

impl PathRecord {
    fn of(raw: &[u8]) -> Self {
        let path = visible(raw);
        let path_bytes = (path.as_bytes() != raw).then(|| BASE64.encode(raw));
        Self { path, path_bytes }
    }
}

#[derive(Serialize)]
struct PlaceRecord<'r> {
    #[serde(flatten)]
    path: PathRecord,
    origin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'r str>,
    line: u64,
    column: u64,
    column_byte: u64,
    end_line: u64,
    end_column: u64,
    end_column_byte: u64,
    span: Span,
    encodings: &'r [Encoding],
    confidence: ConfidenceRecord,
    test_or_example: bool,
    excerpt: ExcerptRecord<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_hash: Option<&'r str>,
}

impl<'r> PlaceRecord<'r> {
    fn of(place: &'r Place) -> Self {
        let origin: &Origin = &place.origin;
        Self {
            path: PathRecord::of(origin.path()),
            origin: origin.kind(),
            commit: origin.commit(),
            object: origin.object(),
            line: place.start.line,
            column: place.start.column_char,
            column_byte: place.start.column_byte,
            end_line: place.end.line,
            end_column: place.end.column_char,
            end_column_byte: place.end.column_byte,
            span: place.span,
            encodings: &place.encodings,
            confidence: ConfidenceRecord::of(place.confidence),
            test_or_example: place.test_or_example,
            excerpt: ExcerptRecord::of(&place.excerpt),
            line_hash: place.line_hash.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct ExcerptRecord<'r> {
    before: &'r str,
    masked: &'r str,
    after: &'r str,
}

impl<'r> ExcerptRecord<'r> {
    fn of(excerpt: &'r Excerpt) -> Self {
        Self { before: &excerpt.before, masked: &excerpt.masked, after: &excerpt.after }
    }
}

/// A dropped candidate as JSON formats write it.
#[derive(Serialize)]
pub struct DroppedRecord<'r> {
    pattern: &'r str,
    reason: &'static str,
    place: PlaceRecord<'r>,
}

impl<'r> DroppedRecord<'r> {
    /// The record of `dropped`.
    pub fn of(dropped: &'r Dropped) -> Self {
        Self { pattern: &dropped.pattern.def.id, reason: dropped.reason, place: PlaceRecord::of(&dropped.place) }
    }
}

/// Coverage as JSON formats write it; the problems stand beside it.
#[derive(Serialize)]
pub struct CoverageRecord<'r> {
    scanned: u64,
    bytes: u64,
    binary: u64,
    compressed: u64,
    skipped: &'r BTreeMap<SkipReason, u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    submodules: Vec<PathRecord>,
}

impl<'r> CoverageRecord<'r> {
    /// The record of `coverage`.
    pub fn of(coverage: &'r Coverage) -> Self {
        let submodules = coverage.submodules.iter().map(|path| PathRecord::of(path)).collect();
        let Coverage { scanned, bytes, binary, compressed, ref skipped, .. } = *coverage;
        Self { scanned, bytes, binary, compressed, skipped, submodules }
    }
}

/// A problem as JSON formats write it.
#[derive(Serialize)]
pub struct ProblemRecord<'r> {
    #[serde(flatten)]
    path: PathRecord,
    kind: &'static str,
    detail: &'r str,
}

impl<'r> ProblemRecord<'r> {
    /// The record of `problem`.
    pub fn of(problem: &'r Problem) -> Self {
        Self { path: PathRecord::of(&problem.path), kind: problem.kind.name(), detail: &problem.detail }
    }
}
