//! What a range of commits brings. Owns: which commits, which of their blobs are new, which commit brought each. Must not: read blobs, or
//! fetch what is missing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;

use crate::blob::Origin;
use crate::finding::{Coverage, Problem, ProblemKind};
use crate::source::SourceError;
use crate::source::git::config;
use crate::source::git::database::{DatabaseReader, LookupError};
use crate::source::git::open::{self, GitEnvironment, Opened};
use crate::source::git::trees::Comparison;
use crate::source::objects::{Content, ObjectItem, Objects};

/// Lists what the commits of `A..B` bring, those reachable from `B` and not from `A`, oldest first: the message of each commit, and each
/// blob that none of its parents has at the same path. A blob is listed once, with the first commit that brings it; a renamed file brings
/// nothing. If `A` is all zeros, everything reachable from `B` is listed; an empty end is `HEAD`.
///
/// Where the history is cut off inside of the range (a shallow clone) that is a problem, and the last commit there is counts as bringing
/// what it does not share with `A`.
///
/// # Errors
/// If there is no repository, or the range is not of that form, or one of its ends is missing.
pub fn list(directory: &Path, range: &str, environment: &GitEnvironment) -> Result<Objects, SourceError> {
    let opened = open::open(directory, environment)?;
    let reader = opened.database.reader();
    let (from, to) = ends(range, &opened, &reader)?;
    let mut graph = Graph::new(&reader);
    graph.paint(to, Paint { wanted: true, unwanted: false });
    if let Some(from) = from {
        graph.paint(from, Paint { wanted: false, unwanted: true });
    }
    graph.walk();
    let (items, mut coverage) = brought(&graph, from);
    coverage.problems.sort_unstable();
    let repository = Some(config::facts(&opened.repository));
    Ok(Objects { items, coverage, repository, database: opened.database })
}

/// The items of the range's commits.
fn brought(graph: &Graph<'_>, from: Option<ObjectId>) -> (Vec<ObjectItem>, Coverage) {
    let mut items = Vec::new();
    let mut coverage = Coverage::default();
    let mut seen = HashSet::new();
    let mut comparison = Comparison::new(graph.database);
    for id in graph.oldest_first() {
        let Some(commit) = graph.commits.get(&id) else { continue };
        items.push(ObjectItem { origin: Origin::CommitMessage { commit: id.to_string() }, content: Content::Commit(id) });
        let mut others = Vec::with_capacity(commit.parents.len());
        for parent in &commit.parents {
            if let Some(parent) = graph.commits.get(parent) {
                others.push(parent.tree);
            } else {
                coverage.problems.push(cut(&id, parent));
                others.extend(from.and_then(|from| graph.commits.get(&from)).map(|from| from.tree));
            }
        }
        let mut changes = comparison.changes(commit.tree, others, "".into());
        comparison.without_renames(&mut changes);
        changes.blobs.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        for (blob, path) in changes.blobs {
            if seen.insert(blob) {
                items.push(ObjectItem { origin: Origin::Commit { commit: id.to_string(), path }, content: Content::Blob(blob) });
            }
        }
        coverage.merge(changes.coverage);
    }
    (items, coverage)
}

fn cut(commit: &ObjectId, parent: &ObjectId) -> Problem {
    let detail = format!("the history is cut off: its parent {parent} is not in the repository; `git fetch --unshallow` may bring it");
    Problem { path: commit.to_string().into(), kind: ProblemKind::MissingObject, detail }
}

/// The commits of the two ends; none for a first end of zeros.
fn ends(range: &str, opened: &Opened, reader: &DatabaseReader) -> Result<(Option<ObjectId>, ObjectId), SourceError> {
    let malformed = |detail| SourceError::Range { range: range.to_owned(), detail };
    let (from, to) = range.split_once("..").ok_or_else(|| malformed("write it as A..B"))?;
    if to.starts_with('.') {
        return Err(malformed("three dots mean something else; write it as A..B"));
    }
    if is_zeros(to) {
        return Err(malformed("its second end is a deletion, which brings nothing"));
    }
    let resolve = |revision: &str| resolve(if revision.is_empty() { "HEAD" } else { revision }, opened, reader);
    let not_a_commit = || malformed("its ends have to be commits");
    let to = resolve(to)?.ok_or_else(not_a_commit)?;
    let from = if is_zeros(from) { None } else { Some(resolve(from)?.ok_or_else(not_a_commit)?) };
    Ok((from, to))
}

/// Whether git means "nothing" by this id, in either length.
fn is_zeros(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte == b'0')
}

/// The commit that a revision names, tags followed; none if it names something else.
fn resolve(revision: &str, opened: &Opened, reader: &DatabaseReader) -> Result<Option<ObjectId>, SourceError> {
    let missing = || SourceError::MissingRevision { revision: revision.to_owned(), fetch: fetch_command(&opened.repository, revision) };
    // A whole id needs no search, and can name an object in quarantine, of which gix knows nothing.
    let whole = revision.len() == opened.repository.object_hash().len_in_hex();
    let id = match ObjectId::from_hex(revision.as_bytes()) {
        Ok(id) if whole => Some(id),
        _ => opened.repository.rev_parse_single(revision).ok().map(gix::Id::detach),
    };
    let mut id = id.ok_or_else(missing)?;
    let mut buffer = Vec::new();
    loop {
        let object = reader.find(&id, &mut buffer).map_err(|_| missing())?;
        match object.kind {
            Kind::Commit => return Ok(Some(id)),
            Kind::Tag => id = object.try_into_tag_iter().and_then(|tag| tag.target_id().ok()).ok_or_else(missing)?,
            Kind::Tree | Kind::Blob => return Ok(None),
        }
    }
}

/// The command that would bring a revision. Only harmless names are put into it: people paste it into a shell.
fn fetch_command(repository: &gix::Repository, revision: &str) -> String {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    if revision.starts_with('-') || !revision.bytes().all(is_name) {
        let deepen = if repository.is_shallow().unwrap_or(false) { "--unshallow" } else { "--all" };
        return format!("git fetch {deepen}");
    }
    match revision.split_once('/') {
        Some((remote, branch)) if repository.config_snapshot().string(&format!("remote.{remote}.url")).is_some() => {
            format!("git fetch {remote} {branch}")
        }
        _ => format!("git fetch origin {revision}"),
    }
}

/// From which ends a commit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Paint {
    wanted: bool,
    unwanted: bool,
}

impl Paint {
    /// Whether nothing more can be learned.
    fn is_both(self) -> bool {
        self.wanted && self.unwanted
    }
}

/// A commit, as far as walking needs it.
struct Commit {
    tree: ObjectId,
    parents: Vec<ObjectId>,
    /// Seconds since 1970 by the committer's clock.
    time: i64,
    paint: Paint,
    queued: bool,
}

/// The commits seen. Newer ones are visited first, so that few below the common history are.
struct Graph<'d> {
    database: &'d DatabaseReader,
    commits: HashMap<ObjectId, Commit>,
    queue: BinaryHeap<(i64, ObjectId)>,
    /// How many in the queue are not painted from both ends.
    undecided: usize,
}

impl<'d> Graph<'d> {
    fn new(database: &'d DatabaseReader) -> Self {
        Self { database, commits: HashMap::new(), queue: BinaryHeap::new(), undecided: 0 }
    }

    /// Reads a commit that was not seen yet.
    fn load(&self, id: &ObjectId) -> Result<Commit, LookupError> {
        let mut buffer = Vec::new();
        let object = self.database.find(id, &mut buffer)?;
        let commit = object.try_into_commit_iter().ok_or_else(|| LookupError::unexpected(id, "commit"))?;
        let tree = commit.clone().tree_id().map_err(|_| LookupError::unexpected(id, "whole commit"))?;
        let time = commit.committer().map(|committer| committer.seconds()).unwrap_or_default();
        let paint = Paint { wanted: false, unwanted: false };
        Ok(Commit { tree, parents: commit.parent_ids().collect(), time, paint, queued: false })
    }

    /// Notes from where a commit is reached; what is news has to be passed on to its parents. A missing commit is left out.
    fn paint(&mut self, id: ObjectId, paint: Paint) {
        if !self.commits.contains_key(&id) {
            let Ok(commit) = self.load(&id) else { return };
            self.commits.insert(id, commit);
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
            self.queue.push((commit.time, id));
        } else if new.is_both() {
            self.undecided -= 1;
        }
    }

    /// Passes the paint on until every commit has all of it. Below the common history only what clocks make look newer than a wanted
    /// commit is visited.
    fn walk(&mut self) {
        let mut oldest_wanted = i64::MAX;
        while let Some((time, id)) = self.queue.pop() {
            if self.undecided == 0 && time < oldest_wanted {
                return;
            }
            let Some(commit) = self.commits.get_mut(&id) else { continue };
            commit.queued = false;
            let paint = commit.paint;
            if !paint.is_both() {
                self.undecided -= 1;
            }
            if !paint.unwanted {
                oldest_wanted = oldest_wanted.min(time);
            }
            for parent in commit.parents.clone() {
                self.paint(parent, paint);
            }
        }
    }

    /// The commits of the range, parents before children and older before newer.
    fn oldest_first(&self) -> Vec<ObjectId> {
        let in_range = |commit: &Commit| commit.paint == Paint { wanted: true, unwanted: false };
        let mut waiting_for = HashMap::new();
        let mut children: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
        let mut ready = BinaryHeap::new();
        for (&id, commit) in self.commits.iter().filter(|(_, commit)| in_range(commit)) {
            let inside = |parent: &&ObjectId| self.commits.get(*parent).is_some_and(in_range);
            let parents: Vec<_> = commit.parents.iter().filter(inside).collect();
            if parents.is_empty() {
                ready.push(Reverse((commit.time, id)));
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
                    let time = self.commits.get(&child).map_or(0, |commit| commit.time);
                    ready.push(Reverse((time, child)));
                }
            }
        }
        out
    }
}
