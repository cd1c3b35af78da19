//! What blobs turned out to hold: for each, the secrets and what becomes of them. Owns: keeping that small, and joining what threads found.
//! Must not: hold secrets; a fingerprint names each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::detect::Candidate;
use crate::finding::{Coverage, SkipReason, Suppression};
use crate::gather::{Fate, Sighting, Unreported};
use crate::secret::Fingerprint;
use crate::source::git::pack::packed::Broken;

/// Most secrets kept of one blob; more is no source text but an attack or a list of passwords.
const MOST_SECRETS: usize = 20_000;

/// What becomes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is no credential.
    Dropped,
    /// It is reported, or for a reason is not.
    Secret(Fingerprint, Verdict),
}

/// Whether a secret is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Verdict {
    /// It is.
    Report,
    /// Somebody said not to.
    Suppressed(Suppression),
    /// It is not sure enough.
    BelowThreshold,
}

impl Outcome {
    /// The outcome of a candidate with this fate.
    pub(super) fn of(fate: &Fate, candidate: &Candidate<'_>) -> Self {
        Self::with(fate, || Fingerprint::of(&candidate.secret))
    }

    /// The outcome of a sighting.
    pub(super) fn of_sighting(sighting: &Sighting) -> Self {
        Self::with(&sighting.fate, || Fingerprint::of(sighting.secret.expose()))
    }

    fn with(fate: &Fate, fingerprint: impl FnOnce() -> Fingerprint) -> Self {
        let verdict = match fate {
            Fate::Dropped(_) => return Self::Dropped,
            Fate::Report => Verdict::Report,
            Fate::Suppressed(by) => Verdict::Suppressed(*by),
            Fate::BelowThreshold => Verdict::BelowThreshold,
        };
        Self::Secret(fingerprint(), verdict)
    }
}

/// The secrets of a blob, in order, each once.
pub(super) type SecretSet = Vec<(Fingerprint, Verdict)>;

/// A blob that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) object: u32,
    /// Bytes.
    pub(super) len: u64,
    /// What its paths had to say to those who looked; see [`super::versions::Manners`].
    pub(super) manner: u64,
    pub(super) is_binary: bool,
    pub(super) is_compressed: bool,
    /// Whether it stands for a large file elsewhere.
    pub(super) is_pointer: bool,
}

/// The outcomes of many blobs.
#[derive(Default)]
pub(super) struct Outcomes {
    /// Blobs that were looked at, each with the number of its set; none for one that holds nothing.
    blobs: Vec<(Looked, Option<NonZeroU32>)>,
    /// Sets of secrets, numbered from 1; many versions of a file have the same.
    sets: HashMap<SecretSet, NonZeroU32>,
    /// Blobs whose paths are excluded.
    pub(super) excluded: Vec<u32>,
    /// Blobs that could not be read.
    pub(super) broken: Vec<(u32, Broken)>,
    /// Blobs over the limit that the user set, and their sizes.
    pub(super) over_limit: Vec<(u32, u64)>,
    /// Blobs with more secrets than are kept.
    pub(super) crowded: Vec<u32>,
    /// Blobs too large to be looked at as at each of their paths, and their sizes.
    pub(super) one_sided: Vec<(u32, u64)>,
}

impl Outcomes {
    /// Notes what a blob holds.
    pub(super) fn add<'o>(&mut self, looked: Looked, outcomes: impl IntoIterator<Item = &'o Outcome>) {
        let secrets = outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Dropped => None,
            Outcome::Secret(fingerprint, verdict) => Some((*fingerprint, *verdict)),
        });
        let mut set: SecretSet = secrets.take(MOST_SECRETS + 1).collect();
        if set.len() > MOST_SECRETS {
            set.pop();
            self.crowded.push(looked.object);
        }
        set.sort_unstable();
        set.dedup();
        let number = self.number(set);
        self.blobs.push((looked, number));
    }

    /// Blobs that were not looked at as they should be.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = u32> {
        self.crowded.iter().copied().chain(self.one_sided.iter().map(|&(blob, _)| blob))
    }

    /// The number of a set; none for one without secrets.
    pub(super) fn number(&mut self, set: SecretSet) -> Option<NonZeroU32> {
        if set.is_empty() {
            return None;
        }
        let next = u32::try_from(self.sets.len()).ok().and_then(|last| NonZeroU32::MIN.checked_add(last));
        Some(*self.sets.entry(set).or_insert(next.expect("because sets are fewer than blobs")))
    }

    /// Notes what a blob holds, by the number of a set.
    pub(super) fn add_known(&mut self, looked: Looked, set: Option<NonZeroU32>) {
        self.blobs.push((looked, set));
    }

    /// Notes that what is known of a blob holds at more paths.
    pub(super) fn widen(&mut self, object: u32, manner: u64) {
        self.blobs.iter_mut().filter(|(looked, _)| looked.object == object).for_each(|(looked, _)| looked.manner = manner);
    }

    /// The blobs that were looked at, each with the number of its set.
    pub(super) fn numbered(&self) -> &[(Looked, Option<NonZeroU32>)] {
        &self.blobs
    }

    /// All sets, in order of their numbers.
    pub(super) fn sets(&self) -> Vec<&[(Fingerprint, Verdict)]> {
        let mut sets = vec![&[][..]; self.sets.len()];
        self.sets.iter().for_each(|(set, number)| sets[number.get() as usize - 1] = set);
        sets
    }

    /// The blobs that were looked at, and their secrets.
    pub(super) fn looked(&self) -> impl Iterator<Item = (&Looked, &[(Fingerprint, Verdict)])> {
        let sets = self.sets();
        self.blobs.iter().map(move |(looked, set)| (looked, set.map_or(&[][..], |set| sets[set.get() as usize - 1])))
    }

    /// All secrets of all blobs.
    #[cfg(test)]
    pub(super) fn secrets(&self) -> BTreeSet<(u32, Fingerprint, Verdict)> {
        self.looked().flat_map(|(blob, set)| set.iter().map(|&(secret, verdict)| (blob.object, secret, verdict))).collect()
    }
}

/// The secrets of all blobs.
#[derive(Default)]
pub(super) struct Found {
    /// Secrets to report, each with the blobs that hold it.
    pub(super) secrets: BTreeMap<Fingerprint, Vec<u32>>,
    /// How many secrets are reported nowhere.
    pub(super) unreported: Unreported,
    /// What was looked at, and what was left out.
    pub(super) coverage: Coverage,
    /// See [`Outcomes`].
    pub(super) excluded: Vec<u32>,
    /// See [`Outcomes`].
    pub(super) broken: Vec<(u32, Broken)>,
    /// See [`Outcomes`].
    pub(super) over_limit: Vec<(u32, u64)>,
    /// See [`Outcomes`].
    pub(super) crowded: Vec<u32>,
    /// See [`Outcomes`].
    pub(super) one_sided: Vec<(u32, u64)>,
    /// Blobs that stand for large files elsewhere.
    pub(super) pointers: Vec<u32>,
}

impl Found {
    /// Joins what the threads found.
    pub(super) fn new(parts: &[Outcomes]) -> Self {
        let mut found = Self::default();
        let mut unreported: BTreeSet<(Fingerprint, Verdict)> = BTreeSet::new();
        for part in parts {
            for (looked, set) in part.looked() {
                found.coverage.scanned += 1;
                found.coverage.bytes += looked.len;
                found.coverage.binary += u64::from(looked.is_binary);
                found.coverage.compressed += u64::from(looked.is_compressed);
                found.pointers.extend(looked.is_pointer.then_some(looked.object));
                for &(fingerprint, verdict) in set {
                    if verdict == Verdict::Report {
                        found.secrets.entry(fingerprint).or_default().push(looked.object);
                    } else {
                        unreported.insert((fingerprint, verdict));
                    }
                }
            }
            part.excluded.iter().for_each(|_| found.coverage.skip(SkipReason::Excluded));
            found.excluded.extend(&part.excluded);
            found.broken.extend(&part.broken);
            found.over_limit.extend(&part.over_limit);
            found.crowded.extend(&part.crowded);
            found.one_sided.extend(&part.one_sided);
        }
        found.secrets.values_mut().for_each(|blobs| {
            blobs.sort_unstable();
            blobs.dedup();
        });
        found.pointers.sort_unstable();
        found.unreported = unreported_of(&unreported, |secret| found.secrets.contains_key(secret));
        found
    }
}

/// How many secrets are reported nowhere, of all those that some blob does not report.
pub(super) fn unreported_of(unreported: &BTreeSet<(Fingerprint, Verdict)>, is_reported: impl Fn(&Fingerprint) -> bool) -> Unreported {
    let mut counts = Unreported::default();
    let mut last = None;
    for &(fingerprint, verdict) in unreported {
        if is_reported(&fingerprint) || last == Some(fingerprint) {
            continue;
        }
        last = Some(fingerprint);
        match verdict {
            Verdict::Suppressed(by) => *counts.suppressed.entry(by).or_default() += 1,
            Verdict::BelowThreshold => counts.below_threshold += 1,
            Verdict::Report => {}
        }
    }
    counts
}
