//! Comparing trees by id. Owns: which blobs a tree has that others do not have at the same path. Must not: detect renames, or read blobs.
//!
//! Trees can be hostile: nested without end, or the same subtree named so often that its paths cannot be counted. Nothing here recurses,
//! depth is limited, and no pair of trees is compared twice.

use std::collections::HashSet;

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;
use gix::objs::tree::{EntryRef, name_order};
use gix::objs::{Kind, TreeRefIter};

use crate::finding::{Coverage, Problem, ProblemKind, SkipReason};
use crate::source::git::database::{DatabaseReader, LookupError};

/// Trees nested deeper than this are a problem; git has the same limit by default.
const MAX_DEPTH: usize = 2048;

/// A tree's entries in order, read alongside another sorted list.
pub(crate) struct Cursor<'a> {
    entries: TreeRefIter<'a>,
    next: Option<EntryRef<'a>>,
    broken: bool,
}

impl<'a> Cursor<'a> {
    /// Reads the tree into `buffer`.
    pub(crate) fn open(database: &DatabaseReader, id: ObjectId, buffer: &'a mut Vec<u8>) -> Result<Self, LookupError> {
        let object = database.find(&id, buffer)?;
        if object.kind != Kind::Tree {
            return Err(LookupError::unexpected(&id, "tree"));
        }
        let mut cursor = Self { entries: TreeRefIter::from_bytes(object.data, object.object_hash), next: None, broken: false };
        cursor.advance();
        Ok(cursor)
    }

    fn advance(&mut self) -> Option<EntryRef<'a>> {
        let next = self.entries.next();
        self.broken |= matches!(next, Some(Err(_)));
        std::mem::replace(&mut self.next, next.and_then(Result::ok))
    }

    /// The entry with this name and kind. Those before it go to `passed`; they are not looked at again.
    pub(crate) fn seek(&mut self, name: &BStr, tree: bool, mut passed: impl FnMut(EntryRef<'a>)) -> Option<EntryRef<'a>> {
        while let Some(entry) = self.next {
            match name_order(entry.filename, entry.mode.is_tree(), name, tree) {
                std::cmp::Ordering::Less => {
                    passed(entry);
                    self.advance();
                }
                std::cmp::Ordering::Equal => return self.advance(),
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }
}

impl<'a> Iterator for Cursor<'a> {
    type Item = EntryRef<'a>;

    fn next(&mut self) -> Option<EntryRef<'a>> {
        self.advance()
    }
}

/// What a tree has that the trees it was compared with do not have.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Blobs and symbolic links, with their paths.
    pub(crate) blobs: Vec<(ObjectId, BString)>,
    /// Paths of submodules, and of directories whose files are known from elsewhere.
    others: Vec<BString>,
    /// Submodules and what could not be read.
    pub(crate) coverage: Coverage,
    /// Blobs and trees that the others have where this tree has something else: what a renamed file was.
    removed_blobs: HashSet<ObjectId>,
    removed_trees: Vec<ObjectId>,
}

/// Compares trees.
pub(crate) struct Comparison<'d> {
    database: &'d DatabaseReader,
    /// Trees that were listed whole; their blobs are known.
    listed: HashSet<ObjectId>,
}

/// A tree to compare.
struct Step {
    tree: ObjectId,
    others: Vec<ObjectId>,
    path: BString,
    depth: usize,
}

impl<'d> Comparison<'d> {
    pub(crate) fn new(database: &'d DatabaseReader) -> Self {
        Self { database, listed: HashSet::new() }
    }

    /// The blobs of `tree`, which stands at `path`, that differ from what each of `others` has at the same path. A tree that none of them
    /// has is listed once in the life of this value.
    pub(crate) fn changes(&mut self, tree: ObjectId, others: Vec<ObjectId>, path: BString) -> Changes {
        let mut changes = Changes::default();
        if others.contains(&tree) {
            return changes;
        }
        let mut compared = HashSet::new();
        let mut steps = vec![Step { tree, others, path, depth: 0 }];
        while let Some(step) = steps.pop() {
            let new =
                if step.others.is_empty() { self.listed.insert(step.tree) } else { compared.insert((step.tree, step.others.clone())) };
            if !new {
                changes.others.push(step.path);
            } else if let Err(problem) = self.compare(&step, &mut changes, &mut steps) {
                changes.coverage.problems.push(problem);
            }
        }
        changes
    }

    fn compare(&self, step: &Step, changes: &mut Changes, steps: &mut Vec<Step>) -> Result<(), Problem> {
        let mut buffer = Vec::new();
        let mut buffers = vec![Vec::new(); step.others.len()];
        let mut entries = Cursor::open(self.database, step.tree, &mut buffer).map_err(|error| error.at(step.path.as_bstr()))?;
        // What cannot be read of the others only makes more of this tree new.
        let mut others: Vec<_> =
            step.others.iter().zip(&mut buffers).filter_map(|(&id, buffer)| Cursor::open(self.database, id, buffer).ok()).collect();
        for entry in entries.by_ref() {
            let tree = entry.mode.is_tree();
            let mut known = false;
            let mut below = Vec::new();
            for other in &mut others {
                let same_name = other.seek(entry.filename, tree, |passed| changes.removed(&passed));
                let Some(theirs) = same_name else { continue };
                if theirs.oid == entry.oid {
                    known = true;
                } else if tree {
                    below.push(theirs.oid.to_owned());
                } else {
                    changes.removed(&theirs);
                }
            }
            if known {
                continue;
            }
            if entry.mode.is_commit() {
                changes.coverage.skip(SkipReason::NestedRepository);
            }
            let path = joined(step.path.as_bstr(), entry.filename);
            if entry.mode.is_commit() {
                changes.others.push(path);
            } else if !tree {
                changes.blobs.push((entry.oid.to_owned(), path));
            } else if step.depth < MAX_DEPTH {
                steps.push(Step { tree: entry.oid.to_owned(), others: below, path, depth: step.depth + 1 });
            } else {
                return Err(Problem { path, kind: ProblemKind::OverLimit, detail: format!("nested deeper than {MAX_DEPTH} directories") });
            }
        }
        for other in others {
            other.for_each(|left| changes.removed(&left));
        }
        if entries.broken { Err(LookupError::unexpected(&step.tree, "whole tree").at(step.path.as_bstr())) } else { Ok(()) }
    }

    /// Takes out of `changes` what the other trees had at another path: a renamed file brings nothing.
    pub(crate) fn without_renames(&self, changes: &mut Changes) {
        if changes.blobs.is_empty() {
            return;
        }
        let mut seen = HashSet::new();
        let mut trees = std::mem::take(&mut changes.removed_trees);
        while let Some(tree) = trees.pop() {
            let mut buffer = Vec::new();
            if !seen.insert(tree) {
                continue;
            }
            let Ok(entries) = Cursor::open(self.database, tree, &mut buffer) else { continue };
            entries.for_each(|entry| changes.removed(&entry));
            trees.append(&mut changes.removed_trees);
        }
        let removed = &changes.removed_blobs;
        changes.blobs.retain(|(id, _)| !removed.contains(id));
    }
}

impl Changes {
    /// The paths that are new, in order; those below a directory whose files are known from elsewhere left to its name.
    pub(crate) fn paths(&mut self) -> Vec<BString> {
        let mut paths = std::mem::take(&mut self.others);
        paths.extend(self.blobs.iter().map(|(_, path)| path.clone()));
        paths.sort_unstable();
        paths
    }

    fn removed(&mut self, entry: &EntryRef<'_>) {
        if entry.mode.is_tree() {
            self.removed_trees.push(entry.oid.to_owned());
        } else {
            self.removed_blobs.insert(entry.oid.to_owned());
        }
    }
}

/// `directory/name`.
fn joined(directory: &BStr, name: &BStr) -> BString {
    let mut path = BString::new(Vec::with_capacity(directory.len() + 1 + name.len()));
    if !directory.is_empty() {
        path.extend_from_slice(directory);
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}
