//! The commits that came in. Owns: finding and reading them, and giving them their places after those that are known. Must not: look at trees.

use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::Kind;

use crate::scan::history::cache::ledger::Chain;
use crate::source::git::database::DatabaseReader;
use crate::source::git::graph::oldest_first;
use crate::source::git::history::commits::committer_time;
use crate::source::objects::written_by_people;

/// With more new commits than this all are read anew, from the packs' beginning to their end.
const MOST: usize = 2000;

/// A commit that came in.
pub(super) struct New {
    pub(super) id: ObjectId,
    pub(super) tree: ObjectId,
    /// Their places; new commits come after those that were known.
    pub(super) parents: Vec<u32>,
    /// Seconds since 1970 by the committer's clock.
    pub(super) time: i64,
    /// What people wrote into it.
    pub(super) text: Vec<u8>,
}

/// A commit as it is read.
struct Read {
    id: ObjectId,
    tree: ObjectId,
    parents: Vec<ObjectId>,
    time: i64,
    text: Vec<u8>,
}

fn read(reader: &DatabaseReader, id: ObjectId) -> Option<Read> {
    let mut buffer = Vec::new();
    let object = reader.find(&id, &mut buffer).ok().filter(|object| object.kind == Kind::Commit)?;
    let (data, text) = (object.data, written_by_people(object.data, Kind::Commit));
    let time = committer_time(data).unwrap_or_default();
    let commit = object.try_into_commit_iter()?;
    Some(Read { id, tree: commit.clone().tree_id().ok()?, parents: commit.parent_ids().collect(), time, text })
}

/// The tree of a commit.
pub(super) fn tree_of(reader: &DatabaseReader, id: ObjectId) -> Option<ObjectId> {
    read(reader, id).map(|commit| commit.tree)
}

/// What `tips` lead to and `chain` does not have, parents before children, else older before newer. None where something is missing or there
/// are too many.
pub(super) fn since(reader: &DatabaseReader, chain: &Chain, tips: impl IntoIterator<Item = ObjectId>) -> Option<Vec<New>> {
    let mut found: HashMap<ObjectId, Read> = HashMap::new();
    let mut waiting: Vec<ObjectId> = tips.into_iter().filter(|tip| chain.place(tip).is_none()).collect();
    while let Some(id) = waiting.pop() {
        if found.contains_key(&id) {
            continue;
        }
        let commit = read(reader, id)?;
        waiting.extend(commit.parents.iter().filter(|parent| chain.place(parent).is_none()));
        found.insert(id, commit);
        if found.len() > MOST {
            return None;
        }
    }
    ordered(chain, found)
}

fn ordered(chain: &Chain, mut found: HashMap<ObjectId, Read>) -> Option<Vec<New>> {
    let order = oldest_first(&found.iter().map(|(&id, commit)| (id, (commit.time, commit.parents.as_slice()))).collect());
    let places: HashMap<ObjectId, u32> = order.iter().copied().zip(u32::try_from(chain.len()).ok()?..).collect();
    let place = |parent: &ObjectId| chain.place(parent).or_else(|| places.get(parent).copied());
    let new = |id: &ObjectId| {
        let Read { id, tree, parents, time, text } = found.remove(id)?;
        Some(New { id, tree, parents: parents.iter().map(place).collect::<Option<_>>()?, time, text })
    };
    let new: Vec<New> = order.iter().map(new).collect::<Option<_>>()?;
    // Commits in a circle have no order.
    found.is_empty().then_some(new)
}
