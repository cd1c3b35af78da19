//! What blobs turned out to hold: for each, the secrets and what becomes of them. Owns: keeping that small. Must not: hold secrets; a
//! fingerprint names each.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use bstr::BStr;

use crate::blob::Origin;
use crate::detect::Candidate;
use crate::gather::{Fate, Sighting};
use crate::scan::Scanner;
use crate::secret::Fingerprint;
use crate::source::git::pack::packed::Broken;

/// Most secrets kept of one blob; more is no source text but an attack or a list of passwords.
const MOST_SECRETS: usize = 20_000;

/// What becomes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Outcome {
    /// It is no credential.
    Dropped,
    /// It is reported, or for a reason is not.
    Secret(Fingerprint, Verdict),
}

/// Whether a secret is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Verdict {
    Report,
    Suppressed(crate::finding::Suppression),
    BelowThreshold,
}

impl Outcome {
    /// The outcome of a candidate with this fate.
    pub(super) fn of(fate: Fate, candidate: &Candidate<'_>) -> Self {
        Self::with(&fate, || Fingerprint::of(&candidate.secret))
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

/// The outcomes of many blobs.
#[derive(Default)]
pub(super) struct Outcomes {
    /// Blobs that hold something, with the number of their set.
    pub(super) blobs: Vec<(u32, u32)>,
    /// Sets of secrets; many versions of a file have the same.
    pub(super) sets: HashMap<SecretSet, u32>,
    /// Blobs looked at.
    pub(super) scanned: u64,
    /// Bytes of those.
    pub(super) bytes: u64,
    /// Blobs that could not be read.
    pub(super) broken: Vec<(u32, Broken)>,
}

impl Outcomes {
    /// Notes what a blob of `len` bytes holds.
    pub(super) fn add<'o>(&mut self, object: u32, len: usize, outcomes: impl IntoIterator<Item = &'o Outcome>) {
        self.scanned += 1;
        self.bytes += len as u64;
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

    /// Looks at a blob that is too large to have in memory.
    pub(super) fn stream(&mut self, scanner: &Scanner, object: u32, path: &BStr, content: &mut dyn Read) {
        let origin = Arc::new(Origin::File { path: path.to_owned() });
        match scanner.stream(&origin, content, &mut Vec::new()) {
            Ok(gathered) => {
                let of = |sighting: &Sighting| Outcome::with(&sighting.fate, || Fingerprint::of(sighting.secret.expose()));
                let outcomes: Vec<Outcome> = gathered.sightings.iter().map(of).collect();
                let len = usize::try_from(gathered.coverage.bytes).unwrap_or(usize::MAX);
                self.add(object, len, &outcomes);
            }
            Err(_) => self.broken.push((object, Broken::Damaged)),
        }
    }
}
