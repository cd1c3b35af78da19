//! How far each secret got, in the words of reports. Owns: turning objects into ids, names and lines. Must not: follow secrets itself.

use std::collections::{BTreeMap, HashMap};

use bstr::{BString, ByteSlice};

use super::Known;
use crate::blob::Origin;
use crate::finding::{Commit, Exposure, Introduction, Location};
use crate::gather::{Fate, Gathered};
use crate::secret::Fingerprint;
use crate::source::git::database::DatabaseReader;
use crate::source::git::history::provenance::{Spot, Trace};

/// The first line of each secret in each commit's version of a file, or its message.
type Lines<'g> = HashMap<(Fingerprint, &'g Origin), u64>;

/// The exposure of each secret that was followed. Lines are known of what is among the sightings of `parts`.
pub(super) fn exposures(
    known: &Known<'_>,
    traces: impl Iterator<Item = (Fingerprint, Trace)>,
    parts: [&Gathered; 2],
) -> BTreeMap<Fingerprint, Exposure> {
    let mut lines = Lines::new();
    for sighting in parts.iter().flat_map(|part| &part.sightings).filter(|sighting| sighting.fate == Fate::Report) {
        let line = lines.entry((Fingerprint::of(sighting.secret.expose()), &*sighting.place.origin)).or_insert(u64::MAX);
        *line = sighting.place.start.line.min(*line);
    }
    let mut writing = Writing { known, reader: known.database.reader(), buffer: Vec::new(), commits: HashMap::new(), lines };
    traces.map(|(secret, trace)| (secret, writing.exposure(secret, &trace))).collect()
}

struct Writing<'w, 'k> {
    known: &'w Known<'k>,
    reader: DatabaseReader,
    buffer: Vec<u8>,
    /// Commits that were looked at, by object.
    commits: HashMap<u32, Commit>,
    lines: Lines<'w>,
}

impl Writing<'_, '_> {
    fn exposure(&mut self, secret: Fingerprint, trace: &Trace) -> Exposure {
        let introduced = trace.introduced.iter();
        let introduced = introduced
            .map(|spot| Introduction { commit: self.commit(spot.commit), location: self.location(secret, spot, trace) })
            .collect();
        let names = trace.references.iter().filter_map(|&tip| self.known.tip_names.get(tip as usize));
        Exposure {
            introduced,
            introductions: trace.introductions,
            removed: trace.removed.iter().map(|&commit| self.commit(commit)).collect(),
            removals: trace.removals,
            live: trace.live.iter().map(|spot| self.location(secret, spot, trace)).collect(),
            commits: trace.commits,
            blobs: trace.objects,
            references: names.map(|name: &&BString| name.to_string()).collect(),
            reference_count: trace.reference_count,
            reached_remote: trace.reached_remote,
        }
    }

    /// Where a spot is.
    fn location(&self, secret: Fingerprint, spot: &Spot, trace: &Trace) -> Location {
        let origin = self.origin(spot);
        // What came in and is live without a change is looked at once.
        let same = trace.introduced.iter().find(|first| first.object == spot.object && first.path == spot.path);
        let line = |origin: &Origin| self.lines.get(&(secret, origin)).copied();
        let line = line(&origin).or_else(|| line(&self.origin(same?)));
        Location { path: origin.path().to_owned(), line }
    }

    fn origin(&self, spot: &Spot) -> Origin {
        let commit = self.known.inventory.id(spot.commit).to_string();
        if spot.object == spot.commit { Origin::CommitMessage { commit } } else { Origin::Commit { commit, path: spot.path.clone() } }
    }

    /// What reports say of a commit; only its id if it cannot be read.
    fn commit(&mut self, object: u32) -> Commit {
        if let Some(commit) = self.commits.get(&object) {
            return commit.clone();
        }
        let id = self.known.inventory.id(object);
        let mut commit = Commit { id: id.to_string(), author: String::new(), seconds: 0, offset: 0 };
        let found = self.reader.find(id, &mut self.buffer).ok().and_then(|object| object.try_into_commit_iter());
        if let Some(author) = found.and_then(|commit| commit.author().ok()) {
            commit.author = author.name.to_str_lossy().into_owned();
            if let Ok(time) = author.time() {
                (commit.seconds, commit.offset) = (time.seconds, time.offset);
            }
        }
        self.commits.insert(object, commit.clone());
        commit
    }
}
