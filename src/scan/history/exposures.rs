//! Exposure records: how far each secret got, in words that a report can use. Owns: turning numbers into ids, names and lines. Must not: follow
//! secrets itself.

use std::collections::{BTreeMap, HashMap};

use gix::objs::CommitRef;
use gix::oid;

use super::Known;
use super::places::{Lines, Secrets};
use crate::blob::visible;
use crate::finding::{Commit, Exposure, Introduction, Location};
use crate::secret::Fingerprint;
use crate::source::git::database::DatabaseReader;
use crate::source::git::history::provenance::{Spot, Trace};

/// The exposure of each secret of `secrets`.
pub(super) fn exposures(known: &Known<'_>, secrets: &Secrets, traces: &[Trace], lines: &Lines) -> BTreeMap<Fingerprint, Exposure> {
    let mut commits = Commits { known, reader: known.database.reader(), read: HashMap::new() };
    let exposure = |(&fingerprint, trace): (&Fingerprint, &Trace)| {
        let location = |spot: &Spot| Location {
            path: if spot.object == spot.commit { "COMMIT_MESSAGE".into() } else { spot.path.clone() },
            line: lines.of(spot.object, fingerprint),
        };
        let name = |&tip: &u32| known.ends.names.get(tip as usize).map(|name| visible(name));
        let exposure = Exposure {
            introduced: trace
                .introduced
                .iter()
                .map(|spot| Introduction { commit: commits.get(spot.commit), location: location(spot) })
                .collect(),
            introductions: trace.introductions,
            removed: trace.removed.iter().map(|&commit| commits.get(commit)).collect(),
            removals: trace.removals,
            live: trace.live.iter().map(location).collect(),
            mentioned: Vec::new(),
            commits: trace.commits,
            blobs: trace.objects,
            references: trace.references.iter().filter_map(name).collect(),
            reference_count: trace.reference_count,
            reached_remote: trace.reached_remote,
        };
        (fingerprint, exposure)
    };
    secrets.fingerprints.iter().zip(traces).map(exposure).collect()
}

/// What reports say of commits, each read once.
struct Commits<'k> {
    known: &'k Known<'k>,
    reader: DatabaseReader,
    read: HashMap<u32, Commit>,
}

impl Commits<'_> {
    fn get(&mut self, object: u32) -> Commit {
        if let Some(commit) = self.read.get(&object) {
            return commit.clone();
        }
        let commit = read_commit(&self.reader, self.known.inventory.id(object));
        self.read.insert(object, commit.clone());
        commit
    }
}

/// What reports say of a commit; of one that cannot be read only the id.
pub(super) fn read_commit(reader: &DatabaseReader, id: &oid) -> Commit {
    let mut commit = Commit { id: id.to_string(), author: String::new(), seconds: 0, offset: 0 };
    let mut buffer = Vec::new();
    if let Ok(found) = reader.find(id, &mut buffer)
        && let Ok(parsed) = CommitRef::from_bytes(found.data, found.object_hash)
        && let Ok(author) = parsed.author()
    {
        commit.author = visible(author.name);
        if let Ok(time) = author.time() {
            (commit.seconds, commit.offset) = (time.seconds, time.offset);
        }
    }
    commit
}
