//! What people and tools wrote into commits: authors, committers, messages. Owns: looking at it as commits are unpacked. Must not: know
//! which commits count.

use std::sync::Arc;

use gix::objs::Kind;

use crate::blob::Origin;
use crate::finding::Coverage;
use crate::gather::{Gathered, Sighting};
use crate::scan::Scanner;
use crate::source::git::history::load::Listener;
use crate::source::git::pack::Inventory;
use crate::source::objects::written_by_people;

/// What one thread found in commits.
pub(super) struct Messages<'s> {
    scanner: &'s Scanner,
    inventory: &'s Inventory,
    /// Stands in until something is found.
    nowhere: Arc<Origin>,
    /// Each commit's object, and the bytes looked at.
    lengths: Vec<(u32, u32)>,
    found: Vec<(u32, Vec<Sighting>)>,
}

impl<'s> Messages<'s> {
    pub(super) fn new(scanner: &'s Scanner, inventory: &'s Inventory) -> Self {
        let nowhere = Arc::new(Origin::CommitMessage { commit: String::new() });
        Self { scanner, inventory, nowhere, lengths: Vec::new(), found: Vec::new() }
    }

    /// What was found in the commits that count; those that no reference leads to are marked.
    pub(super) fn gathered(self, counts: impl Fn(u32) -> bool, is_reached: impl Fn(u32) -> bool) -> Gathered {
        let lengths = self.lengths.iter().filter(|&&(commit, _)| counts(commit));
        let (scanned, bytes) = lengths.fold((0, 0), |(scanned, bytes), &(_, len)| (scanned + 1, bytes + u64::from(len)));
        let mut found = self.found;
        found.retain(|&(commit, _)| counts(commit));
        for (commit, sightings) in found.iter_mut().filter(|(commit, _)| !is_reached(*commit)) {
            let id = self.inventory.id(*commit).to_string();
            let origin = Arc::new(Origin::Unreachable { id, path: self.nowhere.path().to_owned() });
            sightings.iter_mut().for_each(|sighting| sighting.place.origin = Arc::clone(&origin));
        }
        let coverage = Coverage { scanned, bytes, ..Coverage::default() };
        Gathered { sightings: found.into_iter().flat_map(|(_, sightings)| sightings).collect(), coverage, ..Gathered::default() }
    }
}

impl Listener for Messages<'_> {
    fn commit(&mut self, object: u32, bytes: &[u8]) {
        let text = written_by_people(bytes, Kind::Commit);
        self.lengths.push((object, u32::try_from(text.len()).unwrap_or(u32::MAX)));
        if self.scanner.whole(&self.nowhere, &text).sightings.is_empty() {
            return;
        }
        let origin = Arc::new(Origin::CommitMessage { commit: self.inventory.id(object).to_string() });
        self.found.push((object, self.scanner.whole(&origin, &text).sightings));
    }
}
