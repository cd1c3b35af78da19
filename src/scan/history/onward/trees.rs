//! What commits changed. Owns: comparing a tree with the one before. Must not: read blobs, or know what is in them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bstr::{BString, ByteSlice};
use gix::ObjectId;
use gix::objs::tree::{EntryMode, EntryRef, name_order};
use gix::objs::{Kind, TreeRefIter};

use crate::source::git::database::DatabaseReader;

/// Entries that are looked at in all; a repository with more is read from its packs.
const MOST_ENTRIES: usize = 4 << 20;
/// Directories within directories.
const MOST_DEPTH: usize = 256;

/// A path with zero bytes between its parts, so that paths are in order of the names of their parts.
pub(super) type Parts = BString;

/// The path as people write it.
pub(super) fn path_of(parts: &Parts) -> BString {
    parts.replace(b"\0", b"/").into()
}

/// A difference between two trees.
pub(super) enum Change {
    /// A file or a symbolic link is there, or is another one.
    Put(Parts, ObjectId),
    /// A file is gone.
    Gone(Parts),
    /// A directory is gone with everything in it.
    GoneBelow(Parts),
}

/// Compares trees.
pub(super) struct Trees<'d> {
    pub(super) reader: &'d DatabaseReader,
    left: usize,
    /// Names that came in; some may have been there elsewhere.
    pub(super) names: BTreeSet<BString>,
}

struct Step {
    before: Option<ObjectId>,
    after: ObjectId,
    path: Parts,
    depth: usize,
}

struct Entry {
    name: BString,
    mode: EntryMode,
    id: ObjectId,
}

impl Entry {
    fn is_file(&self) -> bool {
        !self.mode.is_tree() && !self.mode.is_commit()
    }

    fn order(&self, other: &Self) -> Ordering {
        name_order(self.name.as_bstr(), self.mode.is_tree(), other.name.as_bstr(), other.mode.is_tree())
    }
}

impl<'d> Trees<'d> {
    pub(super) const fn new(reader: &'d DatabaseReader) -> Self {
        Self { reader, left: MOST_ENTRIES, names: BTreeSet::new() }
    }

    /// What `after` has that is not in `before`, and the other way round. None where a tree is missing, damaged or too large.
    pub(super) fn changes(&mut self, before: Option<ObjectId>, after: ObjectId) -> Option<Vec<Change>> {
        let mut changes = Vec::new();
        let mut steps = vec![Step { before, after, path: Parts::default(), depth: 0 }];
        while let Some(step) = steps.pop() {
            if step.depth > MOST_DEPTH {
                return None;
            }
            if step.before != Some(step.after) {
                self.step(&step, &mut changes, &mut steps)?;
            }
        }
        Some(changes)
    }

    fn step(&mut self, step: &Step, changes: &mut Vec<Change>, steps: &mut Vec<Step>) -> Option<()> {
        let before = step.before.map_or_else(|| Some(Vec::new()), |tree| self.entries(tree))?;
        let after = self.entries(step.after)?;
        let mut before = before.into_iter().peekable();
        let gone = |changes: &mut Vec<Change>, entry: &Entry| {
            let path = joined(&step.path, &entry.name);
            if entry.mode.is_tree() {
                changes.push(Change::GoneBelow(path));
            } else if entry.is_file() {
                changes.push(Change::Gone(path));
            }
        };
        for entry in after {
            while let Some(earlier) = before.next_if(|earlier| earlier.order(&entry).is_lt()) {
                gone(changes, &earlier);
            }
            let same = before.next_if(|same| same.order(&entry).is_eq());
            if same.as_ref().is_some_and(|same| same.id == entry.id && same.is_file() == entry.is_file()) {
                continue;
            }
            if same.is_none() {
                self.names.insert(entry.name.clone());
            }
            let path = joined(&step.path, &entry.name);
            if entry.mode.is_tree() {
                steps.push(Step { before: same.map(|same| same.id), after: entry.id, path, depth: step.depth + 1 });
            } else if entry.is_file() {
                changes.push(Change::Put(path, entry.id));
            } else if let Some(same) = same.filter(Entry::is_file) {
                gone(changes, &same);
            }
        }
        before.for_each(|left| gone(changes, &left));
        Some(())
    }

    fn entries(&mut self, tree: ObjectId) -> Option<Vec<Entry>> {
        let mut buffer = Vec::new();
        let object = self.reader.find(&tree, &mut buffer).ok().filter(|object| object.kind == Kind::Tree)?;
        let entries = TreeRefIter::from_bytes(object.data, object.object_hash);
        let entry = |entry: EntryRef<'_>| Entry { name: entry.filename.into(), mode: entry.mode, id: entry.oid.to_owned() };
        let entries: Vec<Entry> = entries.map(|found| found.map(entry)).collect::<Result<_, _>>().ok()?;
        self.left = self.left.checked_sub(entries.len())?;
        entries.is_sorted_by(|a, b| a.order(b).is_lt()).then_some(entries)
    }
}

/// Where the files that matter stand in a commit.
pub(super) type Standing = BTreeMap<Parts, ObjectId>;

/// Does to `standing` what a commit did, as far as files matter.
pub(super) fn apply(standing: &mut Standing, changes: &[Change], matters: impl Fn(&ObjectId) -> bool) {
    // What is gone first: a directory may have taken a file's place.
    for change in changes {
        match change {
            Change::Gone(path) | Change::Put(path, _) => {
                standing.remove(path);
            }
            Change::GoneBelow(directory) => {
                let start = joined(directory, &BString::default());
                let inside = standing.range(start.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&start));
                let paths: Vec<Parts> = inside.cloned().collect();
                for path in &paths {
                    standing.remove(path);
                }
            }
        }
    }
    for change in changes {
        if let Change::Put(path, id) = change
            && matters(id)
        {
            standing.insert(path.clone(), *id);
        }
    }
}

fn joined(directory: &Parts, name: &BString) -> Parts {
    if directory.is_empty() { name.clone() } else { [directory.as_slice(), b"\0", name.as_slice()].concat().into() }
}
