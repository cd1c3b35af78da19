//! Findings and the report that holds them: owned data, no behaviour beyond ordering and names. Must not: format or print.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::blob::{Origin, Position, Span};
use crate::patterns::Pattern;
use crate::secret::{Fingerprint, Secret};

pub use crate::patterns::schema::Severity;

/// How sure we are that the text is a live credential's spelling, as a probability of 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub struct Confidence(pub f32);

/// The named steps of [`Confidence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// 0.15 and above: shown on request.
    Low,
    /// 0.5 and above: the default threshold.
    Medium,
    /// 0.8 and above.
    High,
    /// 0.97 and above: a checksum or a decoded structure proves the format.
    Certain,
}

impl Level {
    /// The lowest probability that has this level.
    #[must_use]
    pub const fn floor(self) -> f32 {
        match self {
            Self::Low => 0.15,
            Self::Medium => 0.5,
            Self::High => 0.8,
            Self::Certain => 0.97,
        }
    }

    /// The level's name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Certain => "certain",
        }
    }
}

impl Confidence {
    /// The highest level whose floor is reached; `Low` below all of them.
    #[must_use]
    pub fn level(self) -> Level {
        [Level::Certain, Level::High, Level::Medium].into_iter().find(|level| self.0 >= level.floor()).unwrap_or(Level::Low)
    }
}

/// What an offline check of the value said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChecksumStatus {
    /// The format has no checksum or decodable structure.
    None,
    /// The check passed.
    Valid,
    /// The check failed: an example, or an edited token.
    Invalid,
}

/// An encoding that had to be undone to see the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Base64, either alphabet.
    Base64,
    /// Pairs of hex digits.
    Hex,
    /// `%41`.
    Percent,
    /// `\u0041`.
    Unicode,
}

/// One secret found, with every place that holds it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The pattern that recognised it; where several did, the most specific one.
    pub pattern: Arc<Pattern>,
    /// The value.
    pub secret: Secret,
    /// The value's name in reports and baselines.
    pub fingerprint: Fingerprint,
    /// Harm if it is live: the pattern's, lowered where every place is a test or an example.
    pub severity: Severity,
    /// The highest confidence of its places.
    pub confidence: Confidence,
    /// Result of the offline check.
    pub checksum: ChecksumStatus,
    /// What can be read off the value without a network: user, host, account number, key size … Never the secret.
    pub facts: Vec<(&'static str, String)>,
    /// Named reasons that raised or lowered the confidence, strongest first.
    pub evidence: Vec<&'static str>,
    /// Where it stands, in order of origin and position; never empty. With an exposure the place to look at comes first: the one at HEAD, else
    /// the one that brought it.
    pub places: Vec<Place>,
    /// How far it got, where a whole history was scanned.
    pub exposure: Option<Exposure>,
    /// What a person said of it, where the baseline knows.
    pub decision: Option<Decision>,
}

impl Finding {
    /// Whether a person's decision keeps it out of reports.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| matches!(decision.verdict, Verdict::False | Verdict::Accepted))
    }
}

/// What a person said of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The word.
    pub verdict: Verdict,
    /// Why; may be empty.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When: `2026-01-31`.
    pub date: String,
    /// The pattern that had found it. It comes last where this is written: what follows the word `password` can look like one.
    pub pattern: String,
}

/// The word of a [`Decision`], the most cautious last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is no credential.
    False,
    /// It is one, or may be, and is meant to stand there.
    Accepted,
    /// It is a credential that must go.
    Real,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::False, Self::Accepted, Self::Real];

    /// The word in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::False => "false",
            Self::Accepted => "accepted",
            Self::Real => "real",
        }
    }
}

/// How far a secret got in a repository's history. Lists are cut to what people read; the counts are not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// Where the commits that brought it have it, the oldest ten, oldest first; in each one place.
    pub introduced: Vec<Introduction>,
    /// How many commits brought it.
    pub introductions: u64,
    /// The last ten commits that took it out, oldest first.
    pub removed: Vec<Commit>,
    /// How many commits took it out.
    pub removals: u64,
    /// Where it stands at HEAD, at most a hundred places.
    pub live: Vec<Location>,
    /// Where its text stands at HEAD though nothing there says that it is a secret, at most a hundred places; looked for only where it is not live.
    pub mentioned: Vec<Location>,
    /// How many commits hold it.
    pub commits: u64,
    /// How many distinct blobs and messages hold it.
    pub blobs: u64,
    /// Full names of the references whose histories hold it, at most a hundred.
    pub references: Vec<String>,
    /// How many references that are.
    pub reference_count: u64,
    /// Whether one of them says what a remote has.
    pub reached_remote: bool,
}

/// A commit that brought a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// The commit.
    pub commit: Commit,
    /// Where it has the secret.
    pub location: Location,
}

/// What reports say of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id in hex.
    pub id: String,
    /// The author's name, without the address.
    pub author: String,
    /// When it was written, in seconds since 1970.
    pub seconds: i64,
    /// How far the author's clock is from UTC, in seconds.
    pub offset: i32,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The file's path, or what stands for it.
    pub path: bstr::BString,
    /// The line, from 1, where it is known: only versions that are places of the finding are looked at for it.
    pub line: Option<u64>,
}

impl Exposure {
    /// How many introductions and removals are named.
    pub const COMMITS: usize = 10;
    /// How many places at HEAD are named.
    pub const LIVE: usize = 100;
    /// How many references are named.
    pub const REFERENCES: usize = 100;

    /// Adds what another repository knows of the secret.
    pub fn merge(&mut self, other: Self) {
        self.introduced.extend(other.introduced);
        self.introduced.sort_by(|a, b| (a.commit.seconds, &a.commit.id).cmp(&(b.commit.seconds, &b.commit.id)));
        self.introduced.truncate(Self::COMMITS);
        self.introductions += other.introductions;
        self.removed.extend(other.removed);
        self.removed.sort_by(|a, b| (a.seconds, &a.id).cmp(&(b.seconds, &b.id)));
        self.removed.drain(..self.removed.len().saturating_sub(Self::COMMITS));
        self.removals += other.removals;
        self.live.extend(other.live);
        self.live.sort();
        self.live.truncate(Self::LIVE);
        self.mentioned.extend(other.mentioned);
        self.mentioned.sort();
        self.mentioned.truncate(Self::LIVE);
        self.commits += other.commits;
        self.blobs += other.blobs;
        self.references.extend(other.references);
        self.references.truncate(Self::REFERENCES);
        self.reference_count += other.reference_count;
        self.reached_remote |= other.reached_remote;
    }

    /// All its locations.
    pub(crate) fn locations_mut(&mut self) -> impl Iterator<Item = &mut Location> {
        self.introduced.iter_mut().map(|introduction| &mut introduction.location).chain(&mut self.live).chain(&mut self.mentioned)
    }

    /// All its commits.
    pub(crate) fn commits_mut(&mut self) -> impl Iterator<Item = &mut Commit> {
        self.introduced.iter_mut().map(|introduction| &mut introduction.commit).chain(&mut self.removed)
    }
}

/// One place of a secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The content it stands in.
    pub origin: Arc<Origin>,
    /// Bytes of the stored content; of the encoded text, where the secret was encoded.
    pub span: Span,
    /// Where the span starts.
    pub start: Position,
    /// Where the span ends, exclusive.
    pub end: Position,
    /// Encodings undone to see it, outermost first.
    pub encodings: Vec<Encoding>,
    /// Confidence of this place.
    pub confidence: Confidence,
    /// Whether the place is a test, a fixture, an example or documentation.
    pub test_or_example: bool,
    /// The line of the start, every secret in it masked.
    pub excerpt: Excerpt,
    /// GitHub's `primaryLocationLineHash` of the line, where the whole file was at hand.
    pub line_hash: Option<String>,
}

/// A line of text that is safe to show: secrets masked, control characters made visible, long lines cut around the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Text before the masked secret.
    pub before: String,
    /// The secret's mask.
    pub masked: String,
    /// Text after it.
    pub after: String,
}

/// A candidate that is not reported because somebody said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suppression {
    /// `unleak:allow`.
    InlineMark,
    /// Another tool's inline mark.
    ForeignMark,
    /// A path or pattern switched off in the configuration, or an exception of a pattern.
    Config,
    /// A file of another tool, such as `.gitleaks.toml`.
    ForeignFile,
    /// A decision of the baseline.
    Baseline,
}

/// Something that was asked for and not scanned, or not scanned whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What it is about.
    pub path: bstr::BString,
    /// The kind, for counting.
    pub kind: ProblemKind,
    /// The cause in words, without any content of the file.
    pub detail: String,
}

/// Why something asked for was not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The file or directory could not be opened or read.
    Unreadable,
    /// It changed or shrank while it was read.
    Changed,
    /// Larger than `--max-file-size`.
    OverLimit,
    /// The object is not in the repository (shallow or partial clone, corruption).
    MissingObject,
    /// A staged path still has conflict stages.
    Unmerged,
}

impl ProblemKind {
    /// The kind's name as reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Changed => "changed",
            Self::OverLimit => "over-limit",
            Self::MissingObject => "missing-object",
            Self::Unmerged => "unmerged",
        }
    }
}

/// Why something is left out by design; counted, not a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Ignored by git (a directory counts once and is not entered).
    Ignored,
    /// Excluded by `--exclude` or the configuration.
    Excluded,
    /// A symbolic link; its target is scanned only where it is itself inside the tree.
    Symlink,
    /// A FIFO, socket or device.
    Special,
    /// A repository of its own (submodule or nested clone).
    NestedRepository,
    /// The entry under `.git` (its config is looked at).
    GitDirectory,
    /// Content that git LFS keeps elsewhere and that is not here; the pointer to it is scanned.
    LfsContent,
}

impl SkipReason {
    /// The reason's name as reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Excluded => "excluded",
            Self::Symlink => "symlink",
            Self::Special => "special",
            Self::NestedRepository => "nested-repository",
            Self::GitDirectory => "git-directory",
            Self::LfsContent => "lfs-content",
        }
    }
}

/// The coverage receipt: what was looked at and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Files, staged blobs or other items scanned to their end.
    pub scanned: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Of the scanned ones, those with NUL bytes, in which only distinctive tokens and private keys are looked for.
    pub binary: u64,
    /// Of the binary ones, archives and compressed files: what they hold is not unpacked.
    pub compressed: u64,
    /// Items left out by design.
    pub skipped: std::collections::BTreeMap<SkipReason, u64>,
    /// Submodules whose history was scanned too, by their paths.
    pub submodules: Vec<bstr::BString>,
    /// Items asked for and not scanned.
    pub problems: Vec<Problem>,
}

impl Coverage {
    /// Counts an item left out.
    pub fn skip(&mut self, reason: SkipReason) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Adds another receipt to this one.
    pub fn merge(&mut self, other: Self) {
        self.scanned += other.scanned;
        self.bytes += other.bytes;
        self.binary += other.binary;
        self.compressed += other.compressed;
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        self.submodules.extend(other.submodules);
        self.problems.extend(other.problems);
    }
}

/// The outcome of a scan, in an order that depends on the input alone.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Secrets at or above the confidence threshold, by severity, then place.
    pub findings: Vec<Finding>,
    /// Secrets that the baseline hides, in the same order; their places count as suppressed.
    pub hidden: Vec<Finding>,
    /// How many places were left out, by who said so.
    pub suppressed: std::collections::BTreeMap<Suppression, u64>,
    /// Places below the confidence threshold.
    pub below_threshold: u64,
    /// Files of other tools that were used.
    pub foreign_files: Vec<ForeignFile>,
    /// What was looked at.
    pub coverage: Coverage,
    /// The repository the tree belongs to, for SARIF's version control provenance.
    pub repository: Option<Repository>,
    /// Why candidates are not findings; filled only on request (`--explain`).
    pub dropped: Vec<Dropped>,
}

/// A file of another tool that the scanned repository brought and that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForeignFile {
    /// Its name in the repository.
    pub path: String,
    /// Rules that were used as patterns.
    pub rules: u64,
    /// Rules that could not be.
    pub left_out: u64,
    /// Places that it took out of the report.
    pub suppressed: u64,
    /// Whether it lets everything pass.
    pub allows_everything: bool,
}

/// A candidate that was judged not to be a credential.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// The pattern that had proposed it.
    pub pattern: Arc<Pattern>,
    /// Where.
    pub place: Place,
    /// The named reason.
    pub reason: &'static str,
}

/// Facts of the git repository that was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// URL of the remote with any userinfo removed, where there is one.
    pub url: Option<String>,
    /// Commit id of HEAD, where there is one.
    pub revision: Option<String>,
    /// Branch checked out, where there is one.
    pub branch: Option<String>,
}
