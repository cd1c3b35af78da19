//! What the next commit adds or changes. Owns: comparing the index with HEAD. Must not: look at the work tree, or read blobs.

use std::ops::Range;
use std::path::Path;

use bstr::{BStr, ByteSlice};
use gix::ObjectId;
use gix::index::entry::{Flags, Mode};
use gix::index::extension::Tree;
use gix::index::{Entry, State};
use gix::objs::tree::EntryRef;

use crate::blob::Origin;
use crate::finding::{Coverage, Problem, ProblemKind, SkipReason};
use crate::settings::GitEnvironment;
use crate::source::SourceError;
use crate::source::git::database::{DatabaseReader, LookupError};
use crate::source::git::open;
use crate::source::git::trees::{Comparison, Cursor};
use crate::source::git::{config, lfs, refs, worktree};
use crate::source::objects::{Content, ObjectItem, Objects};

/// Lists the blobs that the index has and HEAD does not have at the same path, and the new paths; all of them before the first commit. A change of the
/// executable bit alone is none. What a merge left unmerged is a problem, a changed submodule is counted.
///
/// # Errors
/// If there is no repository, or it or its index cannot be read.
pub fn list(directory: &Path, environment: &GitEnvironment) -> Result<Objects, SourceError> {
    let opened = open::open(directory, environment)?;
    if opened.repository.is_bare() && !opened.index_file.exists() {
        return Err(SourceError::Bare { path: opened.repository.git_dir().to_owned() });
    }
    let index = worktree::read_index(&opened.index_file, opened.repository.object_hash())
        .map_err(|error| open::failure(&opened.index_file, &error))?;
    let head = refs::head(&opened.repository).map_err(|error| open::failure(opened.repository.git_dir(), &error))?;
    let reader = opened.database.reader();
    let mut staged = Staged { index: &index, reader: &reader, items: Vec::new(), coverage: Coverage::default() };
    staged.compare(head.id);
    let Staged { mut items, mut coverage, .. } = staged;
    items.sort_unstable_by(|a, b| a.origin.cmp(&b.origin));
    coverage.problems.sort_unstable();
    let repository = Some(config::facts(&opened.repository));
    let lfs = lfs::directory(opened.repository.common_dir());
    let configuration = config::files(&opened.repository);
    Ok(Objects { items, coverage, repository, configuration, lfs, database: opened.database, stored: None })
}

/// The comparison under way.
struct Staged<'s> {
    index: &'s State,
    reader: &'s DatabaseReader,
    items: Vec<ObjectItem>,
    coverage: Coverage,
}

/// A directory to compare.
struct Step<'s> {
    /// The index entries below it.
    entries: Range<usize>,
    /// The length of its path, with the slash.
    base: usize,
    /// The tree that HEAD has there.
    head: ObjectId,
    /// What the index knows of the tree that it would write there.
    cached: Option<&'s Tree>,
}

impl<'s> Staged<'s> {
    /// Compares the whole index with a commit. What cannot be read of the commit is a problem, and everything staged there counts as new.
    /// Directories wait in a list: how deep they are is the repository's choice and must not cost stack.
    fn compare(&mut self, head: Option<ObjectId>) {
        let all = 0..self.index.entries().len();
        let root = head.map(|id| self.root_tree(id).map_err(|error| error.at(BStr::new("HEAD"))));
        let mut steps = match root {
            Some(Ok(head)) => vec![Step { entries: all, base: 0, head, cached: self.index.tree() }],
            Some(Err(problem)) => return self.all_new(all, Some(problem)),
            None => return self.all_new(all, None),
        };
        while let Some(step) = steps.pop() {
            // An invalid entry of the cache has no count.
            if step.cached.is_some_and(|tree| tree.num_entries.is_some() && tree.id == step.head) {
                continue;
            }
            let mut buffer = Vec::new();
            match Cursor::open(self.reader, step.head, &mut buffer) {
                Ok(cursor) => self.directory(&step, cursor, &mut steps),
                Err(error) => {
                    let problem =
                        self.index.entries().get(step.entries.start).map(|entry| error.at(self.path(entry)[..step.base].as_bstr()));
                    self.all_new(step.entries, problem);
                }
            }
        }
    }

    fn root_tree(&self, commit: ObjectId) -> Result<ObjectId, LookupError> {
        let mut buffer = Vec::new();
        let object = self.reader.find(&commit, &mut buffer)?;
        let tree = object.try_into_commit_iter().and_then(|mut commit| commit.tree_id().ok());
        tree.ok_or_else(|| LookupError::unexpected(&commit, "commit"))
    }

    fn all_new(&mut self, entries: Range<usize>, problem: Option<Problem>) {
        self.coverage.problems.extend(problem);
        entries.for_each(|at| self.entry(at, None));
    }

    /// Compares the entries of one directory; both sides are in the same order.
    fn directory(&mut self, step: &Step<'s>, mut head: Cursor<'_>, steps: &mut Vec<Step<'s>>) {
        let entries = self.index.entries();
        let mut at = step.entries.start;
        while at < step.entries.end {
            let path = self.path(&entries[at]);
            let rest = path.get(step.base..).unwrap_or_default().as_bstr();
            let slash = rest.find_byte(b'/');
            let name = rest[..slash.unwrap_or(rest.len())].as_bstr();
            let Some(slash) = slash.filter(|_| !entries[at].mode.is_sparse()) else {
                let theirs = head.seek(name, entries[at].mode.is_sparse(), |_| ());
                self.entry(at, theirs);
                at += 1;
                continue;
            };
            let base = step.base + slash + 1;
            let inside = entries[at..step.entries.end].partition_point(|entry| self.path(entry).starts_with(&path[..base])).max(1);
            let below = at..at + inside;
            at = below.end;
            match head.seek(name, true, |_| ()) {
                Some(tree) => {
                    let cached = step.cached.and_then(|cached| child(cached, name));
                    steps.push(Step { entries: below, base, head: tree.oid.to_owned(), cached });
                }
                None => self.all_new(below, None),
            }
        }
    }

    /// Adds an index entry if it is not what HEAD has at its path.
    fn entry(&mut self, at: usize, head: Option<EntryRef<'_>>) {
        let entry = &self.index.entries()[at];
        let path = self.path(entry).to_owned();
        if entry.stage_raw() != 0 {
            let known = self.coverage.problems.last().is_some_and(|last| last.kind == ProblemKind::Unmerged && last.path == path);
            if !known {
                let detail = "it has conflicts that are not resolved".to_owned();
                self.coverage.problems.push(Problem { path, kind: ProblemKind::Unmerged, detail });
            }
            return;
        }
        if entry.flags.contains(Flags::INTENT_TO_ADD) || head.is_some_and(|head| is_same(entry, &head)) {
            return;
        }
        if entry.mode.is_submodule() {
            self.coverage.skip(SkipReason::NestedRepository);
        } else if entry.mode.is_sparse() {
            self.sparse_directory(entry, head);
        } else {
            if head.is_none() {
                let origin = Origin::PathName { commit: String::new(), path: path.clone() };
                self.items.push(ObjectItem { origin, content: Content::Name });
            }
            self.items.push(ObjectItem { origin: Origin::Index { path }, content: Content::Blob(entry.id) });
        }
    }

    /// A directory that a sparse checkout leaves out; it changes when a merge brings it.
    fn sparse_directory(&mut self, entry: &Entry, head: Option<EntryRef<'_>>) {
        let path = self.path(entry);
        let path = path.strip_suffix(b"/").unwrap_or(path).into();
        let others = head.map(|head| head.oid.to_owned()).into_iter().collect();
        let changes = Comparison::new(self.reader, true).changes(entry.id, others, path);
        let item = |(id, path)| ObjectItem { origin: Origin::Index { path }, content: Content::Blob(id) };
        self.items.extend(changes.blobs.into_iter().map(item));
        self.coverage.merge(changes.coverage);
    }

    fn path(&self, entry: &Entry) -> &'s BStr {
        entry.path(self.index)
    }
}

/// Whether the entry is what HEAD has, the executable bit aside.
fn is_same(entry: &Entry, head: &EntryRef<'_>) -> bool {
    let kind = match entry.mode {
        Mode::SYMLINK => head.mode.is_link(),
        Mode::COMMIT => head.mode.is_commit(),
        Mode::DIR => head.mode.is_tree(),
        _ => head.mode.is_blob(),
    };
    kind && entry.id == head.oid
}

/// The cached tree of a directory in another one.
fn child<'t>(tree: &'t Tree, name: &BStr) -> Option<&'t Tree> {
    let at = tree.children.binary_search_by(|child| child.name.as_slice().cmp(name)).ok()?;
    tree.children.get(at)
}
