//! Comparing trees by id. Owns: which blobs a tree has that others do not have at the same path. Must not: detect renames, or read blobs.
//!
//! Trees can be hostile: nested without end, or the same subtree named so often that its paths cannot be counted. Nothing here recurses,
//! depth is limited, and no pair of trees is compared twice.

use std::collections::HashSet;

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;
use gix::objs::tree::{EntryRef, name_order};
use gix::objs::{Kind, TreeRefIter};

use crate::file_kind::{Folder, PathClass, path_class};
use crate::finding::{Coverage, Problem, ProblemKind, SkipReason};
use crate::source::git::database::{DatabaseReader, LookupError};
use crate::source::git::history::between::{Difference, Tables};

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
    /// What the others have where this tree has something else, with its path: what a renamed file was.
    removed: Vec<Removed>,
}

/// A blob or a tree at a path.
#[derive(Debug)]
struct Removed {
    id: ObjectId,
    is_tree: bool,
    path: BString,
}

/// What counts of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    Folder(Folder),
    Class(PathClass),
    Path(BString),
}

/// With more trees than this only the classes of their paths count: a repository can be made so that they are at endless many.
const MOST_LISTED: usize = 1 << 16;

/// Compares trees.
pub(crate) struct Comparison<'d> {
    database: &'d DatabaseReader,
    /// All trees, where reading each would take longer.
    tables: Option<&'d Tables>,
    /// Whether all of a path counts, not only its class.
    each_path: bool,
    /// Trees that were listed whole; their blobs are known.
    listed: HashSet<(ObjectId, Counted)>,
}

/// A tree to compare.
struct Step {
    tree: ObjectId,
    others: Vec<ObjectId>,
    path: BString,
    depth: usize,
}

impl Step {
    /// Goes on with a tree in this one.
    fn enter(&self, tree: ObjectId, others: Vec<ObjectId>, path: BString, steps: &mut Vec<Self>) -> Result<(), Problem> {
        if self.depth >= MAX_DEPTH {
            let detail = format!("nested deeper than {MAX_DEPTH} directories");
            return Err(Problem { path, kind: ProblemKind::OverLimit, detail });
        }
        steps.push(Self { tree, others, path, depth: self.depth + 1 });
        Ok(())
    }
}

impl<'d> Comparison<'d> {
    pub(crate) fn new(database: &'d DatabaseReader, each_path: bool) -> Self {
        Self { database, tables: None, each_path, listed: HashSet::new() }
    }

    /// Looks trees up in tables from now on.
    pub(crate) fn look_up_in(&mut self, tables: &'d Tables) {
        self.tables = Some(tables);
    }

    /// Another one that knows no tree yet.
    pub(crate) fn anew(&self) -> Self {
        Self { listed: HashSet::new(), ..*self }
    }

    /// What counts of a file's path.
    pub(crate) fn file(&self, path: &BString) -> Counted {
        if self.each_path { Counted::Path(path.clone()) } else { Counted::Class(path_class(path.as_bstr())) }
    }

    /// What counts of a tree's path, where so many are known.
    fn folder(&self, path: &BString, known: usize) -> Counted {
        if self.each_path && known < MOST_LISTED { Counted::Path(path.clone()) } else { Counted::Folder(Folder::at(path.as_bstr())) }
    }

    /// The blobs of `tree`, which stands at `path`, that differ from what each of `others` has at the same path. A tree that none of them
    /// has is listed once in the life of this value, for each kind of path that counts.
    pub(crate) fn changes(&mut self, tree: ObjectId, others: Vec<ObjectId>, path: BString) -> Changes {
        let mut changes = Changes::default();
        if others.contains(&tree) {
            return changes;
        }
        let mut compared = HashSet::new();
        let mut is_cut_short = false;
        let mut steps = vec![Step { tree, others, path, depth: 0 }];
        while let Some(step) = steps.pop() {
            let folder = self.folder(&step.path, self.listed.len() + compared.len());
            is_cut_short |= self.each_path && matches!(folder, Counted::Folder(_));
            let new = if step.others.is_empty() {
                self.listed.insert((step.tree, folder))
            } else {
                compared.insert((step.tree, step.others.clone(), folder))
            };
            if !new {
                changes.others.push(step.path);
            } else if let Err(problem) = self.compare(&step, &mut changes, &mut steps) {
                changes.coverage.problems.push(problem);
            }
        }
        if is_cut_short {
            changes.coverage.problems.push(too_many_paths(tree.to_string().into()));
        }
        changes
    }

    fn compare(&self, step: &Step, changes: &mut Changes, steps: &mut Vec<Step>) -> Result<(), Problem> {
        if let Some(differences) = self.tables.and_then(|tables| tables.compare(&step.tree, &step.others)) {
            for Difference { name, is_tree, id, .. } in differences.removed {
                changes.removed.push(Removed { id, is_tree, path: joined(step.path.as_bstr(), name) });
            }
            for Difference { name, is_tree, id, below } in differences.new {
                let path = joined(step.path.as_bstr(), name);
                if is_tree {
                    step.enter(id, below, path, steps)?;
                } else {
                    changes.blobs.push((id, path));
                }
            }
            return Ok(());
        }
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
                let same_name = other.seek(entry.filename, tree, |passed| changes.removed(&step.path, &passed));
                let Some(theirs) = same_name else { continue };
                if theirs.oid == entry.oid {
                    known = true;
                } else if tree {
                    below.push(theirs.oid.to_owned());
                } else {
                    changes.removed(&step.path, &theirs);
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
            } else {
                step.enter(entry.oid.to_owned(), below, path, steps)?;
            }
        }
        for other in others {
            other.for_each(|left| changes.removed(&step.path, &left));
        }
        if entries.broken { Err(LookupError::unexpected(&step.tree, "whole tree").at(step.path.as_bstr())) } else { Ok(()) }
    }

    /// Takes out of `changes` what the other trees had at another path of which the same counts: a renamed file brings nothing.
    pub(crate) fn without_renames(&self, changes: &mut Changes) {
        if changes.blobs.is_empty() {
            return;
        }
        let mut seen = HashSet::new();
        let mut files = HashSet::new();
        while let Some(removed) = changes.removed.pop() {
            let mut buffer = Vec::new();
            if !removed.is_tree {
                files.insert((removed.id, self.file(&removed.path)));
            } else if seen.insert((removed.id, self.folder(&removed.path, seen.len()))) {
                if let Some(entries) = self.tables.and_then(|tables| tables.compare(&removed.id, &[])) {
                    let below = |Difference { name, is_tree, id, .. }| Removed { id, is_tree, path: joined(removed.path.as_bstr(), name) };
                    changes.removed.extend(entries.new.into_iter().map(below));
                    continue;
                }
                let Ok(entries) = Cursor::open(self.database, removed.id, &mut buffer) else { continue };
                entries.for_each(|entry| changes.removed(&removed.path, &entry));
            }
        }
        changes.blobs.retain(|(id, path)| !files.contains(&(*id, self.file(path))));
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

    fn removed(&mut self, directory: &BString, entry: &EntryRef<'_>) {
        let path = joined(directory.as_bstr(), entry.filename);
        self.removed.push(Removed { id: entry.oid.to_owned(), is_tree: entry.mode.is_tree(), path });
    }
}

/// The problem of trees that stand at more paths than are followed.
pub(crate) fn too_many_paths(path: BString) -> Problem {
    let detail = "its trees stand at too many paths: content was not looked at as at each of them".to_owned();
    Problem { path, kind: ProblemKind::OverLimit, detail }
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
