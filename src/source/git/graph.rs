//! The graph of commits, as far as a range needs it. Owns: which commits are reachable from some and not from others. Must not: look at
//! trees.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use gix::ObjectId;

use crate::source::git::commit_graph::Noted;
use crate::source::git::database::{DatabaseReader, LookupError};
use crate::source::git::history::between::Tables;

/// From which ends a commit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    wanted: bool,
    unwanted: bool,
}

impl Paint {
    /// Reached from what is asked for.
    pub(crate) const WANTED: Self = Self { wanted: true, unwanted: false };
    /// Reached from what is known already.
    pub(crate) const UNWANTED: Self = Self { wanted: false, unwanted: true };

    /// Whether nothing more can be learned.
    fn is_both(self) -> bool {
        self.wanted && self.unwanted
    }
}

/// A commit, as far as walking needs it.
pub(crate) struct Commit {
    /// Its tree.
    pub(crate) tree: ObjectId,
    /// Its parents, which need not be there.
    pub(crate) parents: Vec<ObjectId>,
    /// Seconds since 1970 by the committer's clock.
    pub(crate) time: i64,
    paint: Paint,
    queued: bool,
}

impl Commit {
    /// A commit that was not reached yet.
    pub(crate) const fn new(tree: ObjectId, parents: Vec<ObjectId>, time: i64) -> Self {
        Self { tree, parents, time, paint: Paint { wanted: false, unwanted: false }, queued: false }
    }

    /// The commit with an id.
    pub(crate) fn read(database: &DatabaseReader, id: &ObjectId) -> Result<Self, LookupError> {
        let mut buffer = Vec::new();
        let object = database.find(id, &mut buffer)?;
        let commit = object.try_into_commit_iter().ok_or_else(|| LookupError::unexpected(id, "commit"))?;
        let tree = commit.clone().tree_id().map_err(|_| LookupError::unexpected(id, "whole commit"))?;
        let time = commit.committer().map(|committer| committer.seconds()).unwrap_or_default();
        Ok(Self::new(tree, commit.parent_ids().collect(), time))
    }
}

/// The commits seen. Newer ones are visited first, so that few below the common history are.
pub(crate) struct Graph<'d> {
    database: &'d DatabaseReader,
    noted: Option<Noted>,
    tables: Option<&'d Tables>,
    commits: HashMap<ObjectId, Commit>,
    /// Commits that cannot be read, and why.
    lost: HashMap<ObjectId, LookupError>,
    queue: BinaryHeap<(i64, ObjectId)>,
    /// How many in the queue are not painted from both ends.
    undecided: usize,
    /// How many of those are wanted as far as is known.
    wanted: usize,
    /// The time of the oldest commit that is wanted, and how many known ones below it are visited still.
    oldest_wanted: i64,
    patience: usize,
}

/// How many known commits that seem too old to matter are visited all the same: clocks can be wrong. If that is not enough, known commits
/// count as wanted, and more is scanned than has to be.
const PATIENCE: usize = 1024;

impl<'d> Graph<'d> {
    /// An empty graph; what is noted of commits is not read from them.
    pub(crate) fn new(database: &'d DatabaseReader, noted: Option<Noted>) -> Self {
        Self {
            database,
            noted,
            tables: None,
            commits: HashMap::new(),
            lost: HashMap::new(),
            queue: BinaryHeap::new(),
            undecided: 0,
            wanted: 0,
            oldest_wanted: i64::MAX,
            patience: PATIENCE,
        }
    }

    /// Looks commits up in tables from now on.
    pub(crate) fn look_up_in(&mut self, tables: &'d Tables) {
        self.tables = Some(tables);
    }

    /// Reads a commit that was not seen yet.
    fn load(&self, id: &ObjectId) -> Result<Commit, LookupError> {
        let noted = || self.noted.as_ref().and_then(|noted| noted.commit(id));
        if let Some(commit) = self.tables.and_then(|tables| tables.commit(id)).or_else(noted) {
            return Ok(commit);
        }
        Commit::read(self.database, id)
    }

    /// A commit that was reached and could be read.
    pub(crate) fn get(&self, id: &ObjectId) -> Option<&Commit> {
        self.commits.get(id)
    }

    /// Why a commit that was reached could not be read.
    pub(crate) fn why_lost(&self, id: &ObjectId) -> Option<&LookupError> {
        self.lost.get(id)
    }

    /// Notes from where a commit is reached; what is news has to be passed on to its parents.
    pub(crate) fn paint(&mut self, id: ObjectId, paint: Paint) {
        if self.lost.contains_key(&id) {
            return;
        }
        if !self.commits.contains_key(&id) {
            match self.load(&id) {
                Ok(commit) => self.commits.insert(id, commit),
                Err(error) => return drop(self.lost.insert(id, error)),
            };
        }
        let Some(commit) = self.commits.get_mut(&id) else { return };
        let old = commit.paint;
        let new = Paint { wanted: old.wanted || paint.wanted, unwanted: old.unwanted || paint.unwanted };
        if old == new {
            return;
        }
        commit.paint = new;
        if !commit.queued {
            commit.queued = true;
            self.undecided += usize::from(!new.is_both());
            self.wanted += usize::from(new == Paint::WANTED);
            self.queue.push((commit.time, id));
        } else if new.is_both() {
            self.undecided -= 1;
            self.wanted -= usize::from(old == Paint::WANTED);
        }
    }

    /// Passes the paint on until every commit has all of it. Below the common history only what clocks make look newer than a wanted
    /// commit is visited, and a little more. Stops where `most` commits or more were seen, and says whether there is more to do.
    pub(crate) fn walk(&mut self, most: usize) -> bool {
        while let Some((time, id)) = self.queue.pop() {
            if self.wanted > 0 {
                self.patience = PATIENCE;
            } else if time < self.oldest_wanted {
                if self.undecided == 0 || self.patience == 0 {
                    self.queue.push((time, id));
                    return false;
                }
                self.patience -= 1;
            }
            let Some(commit) = self.commits.get_mut(&id) else { continue };
            commit.queued = false;
            let paint = commit.paint;
            self.undecided -= usize::from(!paint.is_both());
            self.wanted -= usize::from(paint == Paint::WANTED);
            if !paint.unwanted {
                self.oldest_wanted = self.oldest_wanted.min(time);
            }
            for parent in commit.parents.clone() {
                self.paint(parent, paint);
            }
            if self.commits.len() >= most {
                return true;
            }
        }
        false
    }

    /// How many commits are in the range.
    pub(crate) fn len(&self) -> usize {
        self.commits.values().filter(|commit| commit.paint == Paint::WANTED).count()
    }

    /// The commits of the range, parents before children and older before newer.
    pub(crate) fn oldest_first(&self) -> Vec<ObjectId> {
        let in_range = self.commits.iter().filter(|(_, commit)| commit.paint == Paint::WANTED);
        oldest_first(&in_range.map(|(&id, commit)| (id, (commit.time, commit.parents.as_slice()))).collect())
    }
}

/// These commits, each with its time and its parents, parents before children and older before newer. Parents that are none of them do not count.
pub(crate) fn oldest_first(commits: &HashMap<ObjectId, (i64, &[ObjectId])>) -> Vec<ObjectId> {
    let mut waiting_for = HashMap::new();
    let mut children: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
    let mut ready = BinaryHeap::new();
    for (&id, (time, parents)) in commits {
        let parents: Vec<_> = parents.iter().filter(|parent| commits.contains_key(*parent)).collect();
        if parents.is_empty() {
            ready.push(Reverse((*time, id)));
        }
        waiting_for.insert(id, parents.len());
        for parent in parents {
            children.entry(*parent).or_default().push(id);
        }
    }
    let mut out = Vec::with_capacity(waiting_for.len());
    while let Some(Reverse((_, id))) = ready.pop() {
        out.push(id);
        for child in children.remove(&id).unwrap_or_default() {
            let Some(count) = waiting_for.get_mut(&child) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.push(Reverse((commits.get(&child).map_or(0, |(time, _)| *time), child)));
            }
        }
    }
    out
}
