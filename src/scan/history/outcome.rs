//! What blobs turned out to hold: for each, the secrets and what becomes of them. Owns: keeping that small, and joining what threads found.
//! Must not: hold secrets; a fingerprint names each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::detect::Candidate;
use crate::finding::{Coverage, SkipReason, Suppression};
use crate::gather::{Fate, Sighting};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub(super) fn of(fate: Fate, candidate: &Candidate<'_>) -> Self {
        Self::with(&fate, || Fingerprint::of(&candidate.secret))
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
type SecretSet = Vec<(Fingerprint, Verdict)>;

/// The outcomes of many blobs.
#[derive(Default)]
pub(super) struct Outcomes {
    /// Blobs that hold something, with the number of their set.
    blobs: Vec<(u32, u32)>,
    /// Sets of secrets; many versions of a file have the same.
    sets: HashMap<SecretSet, u32>,
    /// What was looked at.
    pub(super) coverage: Coverage,
    /// Blobs that could not be read.
    pub(super) broken: Vec<(u32, Broken)>,
    /// Blobs over the limit that the user set, and their sizes.
    pub(super) over_limit: Vec<(u32, u64)>,
    /// Blobs that stand for large files elsewhere.
    pub(super) pointers: Vec<u32>,
}

impl Outcomes {
    /// Notes what a blob of `len` bytes holds.
    pub(super) fn add<'o>(&mut self, object: u32, len: u64, outcomes: impl IntoIterator<Item = &'o Outcome>) {
        self.coverage.scanned += 1;
        self.coverage.bytes += len;
        let secrets = outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Dropped => None,
            Outcome::Secret(fingerprint, verdict) => Some((*fingerprint, *verdict)),
        });
        let mut set: SecretSet = secrets.take(MOST_SECRETS).collect();
        if set.is_empty() {
            return;
        }
        set.sort_unstable();
        set.dedup();
        let next = u32::try_from(self.sets.len()).expect("because sets are fewer than blobs");
        let set = *self.sets.entry(set).or_insert(next);
        self.blobs.push((object, set));
    }

    /// All secrets of all blobs.
    #[cfg(test)]
    pub(super) fn secrets(&self) -> BTreeSet<(u32, Fingerprint, Verdict)> {
        let of_set = |set: u32| self.sets.iter().find(|&(_, &number)| number == set).map_or(&[][..], |(secrets, _)| secrets);
        self.blobs.iter().flat_map(|&(blob, set)| of_set(set).iter().map(move |&(secret, verdict)| (blob, secret, verdict))).collect()
    }

    /// Notes that a blob's path is excluded.
    pub(super) fn leave_out(&mut self) {
        self.coverage.skip(SkipReason::Excluded);
    }
}

/// The secrets of all blobs.
#[derive(Default)]
pub(super) struct Found {
    /// Secrets to report, each with the blobs that hold it.
    pub(super) secrets: BTreeMap<Fingerprint, Vec<u32>>,
    /// How many secrets are reported nowhere because somebody said so.
    pub(super) suppressed: BTreeMap<Suppression, u64>,
    /// How many are reported nowhere because they are not sure enough.
    pub(super) below_threshold: u64,
    /// What was looked at.
    pub(super) coverage: Coverage,
    /// See [`Outcomes`].
    pub(super) broken: Vec<(u32, Broken)>,
    /// See [`Outcomes`].
    pub(super) over_limit: Vec<(u32, u64)>,
    /// See [`Outcomes`].
    pub(super) pointers: Vec<u32>,
}

impl Found {
    /// Joins what the threads found.
    pub(super) fn new(parts: Vec<Outcomes>) -> Self {
        let mut found = Self::default();
        let mut unreported: BTreeSet<(Fingerprint, Verdict)> = BTreeSet::new();
        for part in parts {
            let mut sets = vec![&[][..]; part.sets.len()];
            part.sets.iter().for_each(|(set, &number)| sets[number as usize] = set);
            for &(object, set) in &part.blobs {
                for &(fingerprint, verdict) in sets[set as usize] {
                    if verdict == Verdict::Report {
                        found.secrets.entry(fingerprint).or_default().push(object);
                    } else {
                        unreported.insert((fingerprint, verdict));
                    }
                }
            }
            found.coverage.merge(part.coverage);
            found.broken.extend(part.broken);
            found.over_limit.extend(part.over_limit);
            found.pointers.extend(part.pointers);
        }
        found.secrets.values_mut().for_each(|blobs| {
            blobs.sort_unstable();
            blobs.dedup();
        });
        found.pointers.sort_unstable();
        let mut last = None;
        for (fingerprint, verdict) in unreported {
            if found.secrets.contains_key(&fingerprint) || last == Some(fingerprint) {
                continue;
            }
            last = Some(fingerprint);
            match verdict {
                Verdict::Suppressed(by) => *found.suppressed.entry(by).or_default() += 1,
                Verdict::BelowThreshold => found.below_threshold += 1,
                Verdict::Report => {}
            }
        }
        found
    }
}
