//! What can be reached from references, and at which path. Owns: following commits to trees and trees to blobs. Must not: choose where to start.
//!
//! Trees are known as changes to other trees. What a tree shares with one that was looked at before is reached already, so that mostly
//! changes are looked at. Which path an object gets depends on commits and trees alone: how they are stored may change from one scan to the next.

mod join;

use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::hint::black_box;

use bstr::BString;

use super::bits::Bits;
use super::commits::Commits;
use super::folders::{Counts, FolderId, Folders, ROOT};
use super::met::Met;
use super::trees::{Class, Edit, MOST_PATH, Trees};
use super::{History, NONE, Quick};
use crate::file_kind::PathClass;

/// What can be reached.
pub(crate) struct Reached {
    /// Commits, by place.
    pub(crate) commits: Bits,
    /// The same commits, parents before children, else older before newer.
    pub(crate) oldest_first: Vec<u32>,
    /// Trees, blobs and whatever else trees and references name, by object.
    pub(crate) objects: Bits,
    /// Objects that trees name and that are not in the repository, by their place among [`Trees::missing`].
    pub(crate) missing: Bits,
    /// Names of submodules.
    pub(crate) submodules: Bits,
    /// Whether objects are at more paths than were followed.
    pub(crate) is_cut_short: bool,
    /// The tree that each object was first seen in, and its name there.
    via: Vec<(u32, u32)>,
    /// The number of the class of each blob at that path, where classes count.
    classes: Vec<u8>,
    missing_via: Vec<(u32, u32)>,
    /// The folder that each tree, by place, was first seen as.
    folders: Vec<FolderId>,
    /// Where trees were seen as other folders.
    trees: Quick<(u32, FolderId), Via>,
    /// Where blobs were seen that count as others, by object.
    others: Vec<(u32, Via)>,
}

/// A tree, by place, as a folder, and a name in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Via {
    tree: u32,
    folder: FolderId,
    name: u32,
}

impl Via {
    /// Nothing is above.
    const TOP: Self = Self { tree: NONE, folder: NONE, name: NONE };
}

/// The number of no class.
const NO_CLASS: u8 = u8::MAX;

/// Edits of a tree that are fetched; most have no more.
const FIRST_EDITS: usize = 16;

/// A repository may be made so that its objects are at endless many paths; more than this many times the number of objects are not followed.
const MOST_OTHERS: usize = 4;
/// So many are followed in any case.
const FEW_OTHERS: usize = 1 << 18;

/// Where to begin, and the commits behind it.
#[derive(Debug)]
pub(crate) struct Start {
    head: Option<u32>,
    /// Objects that are no commits.
    others: Vec<u32>,
    /// See [`Reached`].
    commits: Bits,
    oldest_first: Vec<u32>,
}

impl Start {
    /// To follow `tips`, which are objects of any kind but tags, and `head`, a commit's object.
    pub(crate) fn new(commits: &Commits, head: Option<u32>, tips: &[u32]) -> Self {
        let all = || head.iter().chain(tips).copied();
        let reached = commits.reached(all().filter_map(|object| commits.place(object)));
        let oldest_first = commits.oldest_first(&reached);
        let others = all().filter(|&object| commits.place(object).is_none()).collect();
        Self { head, others, commits: reached, oldest_first }
    }
}

/// Commits whose trees are fetched from memory at a time.
const TOGETHER: usize = 32;

/// Follows everything behind a start, on two threads of the pool that this is called in. Paths are those of its head, where that holds a blob; `counts` says of which objects there are more.
pub(crate) fn reach(history: &History, start: Start, counts: Counts) -> Reached {
    let History { commits, trees, .. } = history;
    let Start { head, others, commits: reached, oldest_first } = start;
    let root = head.and_then(|head| commits.tree(commits.place(head)?));
    let newest_first: Vec<u32> = root.into_iter().chain(oldest_first.iter().rev().filter_map(|&commit| commits.tree(commit))).collect();
    // However many threads there are, so that what is seen is the same.
    let (newer, older) = newest_first.split_at(newest_first.len().div_ceil(2));
    let follow = |roots: &[u32], others: &[u32]| {
        let mut spreading = Spreading::new(trees, history.objects, counts);
        for roots in roots.chunks(TOGETHER).chain(others.chunks(TOGETHER)) {
            spreading.fetch(roots);
            for &root in roots {
                spreading.follow(root);
            }
        }
        spreading
    };
    let (mut spreading, older) = rayon::join(|| follow(newer, &[]), || follow(older, &others));
    spreading.take(&older);
    spreading.reached(reached, oldest_first)
}

impl Reached {
    /// A path of an object that was reached; empty for one that a reference names.
    pub(crate) fn path(&self, trees: &Trees, object: u32) -> BString {
        trees.path(self.via[object as usize], |tree| self.via[trees.object(tree) as usize])
    }

    /// The class of a blob at its path; none where more than classes counts, or no tree led to it.
    pub(crate) fn class(&self, blob: u32) -> Option<PathClass> {
        PathClass::numbered(u32::from(*self.classes.get(blob as usize)?))
    }

    /// Whether a blob has other paths that count as others.
    pub(crate) fn has_others(&self, object: u32) -> bool {
        self.others.get(self.others.partition_point(|&(other, _)| other < object)).is_some_and(|&(other, _)| other == object)
    }

    /// Other paths of a blob that count as others, in order, each with the tree, by object, that it starts in.
    pub(crate) fn others<'r>(&'r self, trees: &'r Trees, object: u32) -> impl Iterator<Item = (BString, u32)> + 'r {
        let first = self.others.partition_point(|&(other, _)| other < object);
        self.others[first..].iter().take_while(move |&&(other, _)| other == object).map(|(_, via)| self.path_via(trees, *via))
    }

    /// The path that ends with a name in a tree that was seen as a certain folder.
    fn path_via(&self, trees: &Trees, via: Via) -> (BString, u32) {
        let mut names = vec![via.name];
        let mut above = BString::default();
        let Via { mut tree, mut folder, .. } = via;
        let mut root = trees.object(tree);
        while names.len() < MOST_PATH {
            if folder == self.folders[tree as usize] {
                above = self.path(trees, root);
                root = self.root(trees, root);
                break;
            }
            let Some(next) = self.trees.get(&(tree, folder)).filter(|next| next.tree != NONE) else { break };
            names.push(next.name);
            (tree, folder) = (next.tree, next.folder);
            root = trees.object(tree);
        }
        let names = names.iter().rev().map(|&name| trees.name(name));
        let parts: Vec<&[u8]> = Some(above.as_slice()).filter(|above| !above.is_empty()).into_iter().chain(names).collect();
        (parts.join(&b'/').into(), root)
    }

    /// The name at the end of that path.
    pub(crate) fn name(&self, object: u32) -> Option<u32> {
        let (_, name) = self.via[object as usize];
        Some(name).filter(|&name| name != NONE)
    }

    /// The tree, by object, that the path starts in; the object itself where it has none.
    pub(crate) fn root(&self, trees: &Trees, object: u32) -> u32 {
        let mut at = object;
        for _ in 0..MOST_PATH {
            let (tree, _) = self.via[at as usize];
            if tree == NONE {
                break;
            }
            at = trees.object(tree);
        }
        at
    }

    /// The name at the end of the path of an object that is not there.
    pub(crate) fn missing_name(&self, missing: u32) -> Option<u32> {
        let (_, name) = self.missing_via[missing as usize];
        Some(name).filter(|&name| name != NONE)
    }

    /// A path of an object that is not there.
    pub(crate) fn missing_path(&self, trees: &Trees, missing: u32) -> BString {
        trees.path(self.missing_via[missing as usize], |tree| self.via[trees.object(tree) as usize])
    }
}

/// Trees that are being followed.
struct Spreading<'t> {
    trees: &'t Trees,
    folders: Folders<'t>,
    objects: Bits,
    missing: Bits,
    submodules: Bits,
    via: Vec<(u32, u32)>,
    classes: Vec<u8>,
    missing_via: Vec<(u32, u32)>,
    /// See [`Reached`].
    first: Vec<FolderId>,
    more_trees: Quick<(u32, FolderId), Via>,
    /// Blobs, by object, and what they count as there.
    more_blobs: Quick<(u32, u64), Via>,
    most_more: usize,
    is_cut_short: bool,
    /// Trees that are not looked at yet, and the folders that they are seen as.
    waiting: Vec<(u32, FolderId)>,
    /// Trees, by place, that were looked at as what they were first seen as, and as others.
    seen: Bits,
    seen_more: HashSet<(u32, FolderId), foldhash::fast::RandomState>,
    entries: Vec<Edit>,
    met: Met,
    /// How many more edits may be looked at to put trees together.
    work: usize,
}

impl<'t> Spreading<'t> {
    fn new(trees: &'t Trees, objects: u32, counts: Counts) -> Self {
        Self {
            trees,
            folders: Folders::new(trees, counts),
            objects: Bits::new(objects as usize),
            missing: Bits::new(trees.missing.len()),
            submodules: Bits::new(trees.names()),
            via: vec![(NONE, NONE); objects as usize],
            classes: if counts == Counts::Class { vec![NO_CLASS; objects as usize] } else { Vec::new() },
            missing_via: vec![(NONE, NONE); trees.missing.len()],
            first: vec![NONE; trees.len()],
            more_trees: Quick::default(),
            more_blobs: Quick::default(),
            most_more: objects as usize * MOST_OTHERS + FEW_OTHERS,
            is_cut_short: false,
            waiting: Vec::new(),
            seen: Bits::new(trees.len()),
            seen_more: HashSet::default(),
            entries: Vec::new(),
            met: Met::default(),
            work: trees.most_work(),
        }
    }

    fn reached(self, commits: Bits, oldest_first: Vec<u32>) -> Reached {
        let Self { objects, missing, submodules, via, classes, missing_via, is_cut_short, first, more_trees, more_blobs, .. } = self;
        let mut others: Vec<(u32, u64, Via)> = more_blobs.into_iter().map(|((object, file), via)| (object, file, via)).collect();
        others.sort_unstable();
        let others = others.into_iter().map(|(object, _, via)| (object, via)).collect();
        Reached {
            commits,
            oldest_first,
            objects,
            missing,
            submodules,
            is_cut_short,
            via,
            classes,
            missing_via,
            folders: first,
            trees: more_trees,
            others,
        }
    }

    /// Reads what looking at these trees, by object, will read. One after the other each would be waited for; these come from memory together,
    /// since none of the loops waits for the one before.
    fn fetch(&self, objects: &[u32]) {
        let trees = self.trees;
        let places: Vec<u32> = objects.iter().filter_map(|&object| trees.place(object)).collect();
        let bases: Vec<u32> = places.iter().filter_map(|&tree| trees.base(tree)).collect();
        black_box(bases.iter().fold(0, |all, &base| all ^ self.first[base as usize]));
        let first = |tree: u32| trees.edits(tree).iter().take(FIRST_EDITS).copied();
        let edits: Vec<Edit> = places.iter().flat_map(|&tree| first(tree)).collect();
        self.fetch_children(&edits);
        let inside = edits.iter().filter(|edit| edit.class() == Class::Tree).map(|edit| edit.child);
        self.fetch_children(&inside.flat_map(first).collect::<Vec<_>>());
    }

    /// Reads what is known of what edits lead to.
    fn fetch_children(&self, edits: &[Edit]) {
        let known = |edit: &Edit| match edit.class() {
            Class::Tree => self.first[edit.child as usize],
            Class::File | Class::Link => self.classes.get(edit.child as usize).copied().unwrap_or_default().into(),
            Class::Submodule | Class::Missing | Class::Gone => 0,
        };
        black_box(edits.iter().fold(0, |all, edit| all ^ known(edit)));
    }

    /// Follows an object, which is at the top, until there is nothing new behind it.
    fn follow(&mut self, object: u32) {
        self.objects.add(object);
        if let Some(tree) = self.trees.place(object) {
            self.meet(tree, ROOT, None);
        }
        while let Some((tree, folder)) = self.waiting.pop() {
            // What is in a tree is first seen in what the tree is first seen as.
            for folder in [self.first[tree as usize], folder] {
                if !self.has_seen(tree, folder) {
                    self.look(tree, folder);
                }
            }
        }
    }

    /// A tree is seen as a folder.
    fn meet(&mut self, tree: u32, folder: FolderId, via: Option<Via>) {
        let first = &mut self.first[tree as usize];
        if *first == NONE {
            *first = folder;
            self.waiting.push((tree, folder));
        } else if *first != folder {
            let more = self.more_trees.len();
            let Entry::Vacant(vacant) = self.more_trees.entry((tree, folder)) else { return };
            if more < self.most_more {
                // A tree at the top that was seen below is at no other path above it.
                vacant.insert(via.unwrap_or(Via::TOP));
                self.waiting.push((tree, folder));
            } else {
                self.is_cut_short = true;
            }
        }
    }

    /// Whether a tree was looked at as a folder.
    fn has_seen(&self, tree: u32, folder: FolderId) -> bool {
        if self.first[tree as usize] == folder { self.seen.has(tree) } else { self.seen_more.contains(&(tree, folder)) }
    }

    /// Sees everything in a tree that is in none of the trees that were looked at and that it is a change to, in order of names.
    fn look(&mut self, tree: u32, folder: FolderId) {
        let trees = self.trees;
        let (mut entries, mut met) = (std::mem::take(&mut self.entries), std::mem::take(&mut self.met));
        let base = trees.base(tree).filter(|&base| !self.has_seen(base, folder));
        match base {
            Some(base) if self.work == 0 => {
                // A repository made to be expensive: what its trees have in common is taken for reached.
                if self.objects.add(trees.object(base)) {
                    self.via[trees.object(base) as usize] = self.via[trees.object(tree) as usize];
                }
                let above = self.more_trees.get(&(tree, folder)).copied();
                self.meet(base, folder, above);
                trees.entries(tree, |_| true, |&entry| !self.knows(folder, entry), &mut met, &mut entries);
            }
            Some(_) => {
                let is_new = |entry: &Edit| !self.knows(folder, *entry);
                let looked_at = trees.entries(tree, |base| self.has_seen(base, folder), is_new, &mut met, &mut entries);
                self.work = self.work.saturating_sub(looked_at);
            }
            None => {
                entries.extend_from_slice(trees.edits(tree));
                self.fetch_children(&entries);
                entries.retain(|&entry| entry.class() != Class::Gone && !self.knows(folder, entry));
                entries.sort_by_key(|entry| entry.name());
            }
        }
        if self.first[tree as usize] == folder {
            self.seen.add(tree);
        } else {
            self.seen_more.insert((tree, folder));
        }
        entries.drain(..).for_each(|entry| self.see(tree, folder, entry));
        (self.entries, self.met) = (entries, met);
    }

    /// Whether an entry of a tree that is seen as a folder leads to nothing new.
    fn knows(&self, folder: FolderId, entry: Edit) -> bool {
        match entry.class() {
            Class::Tree => {
                let inside = self.folders.enter(folder, entry.name());
                self.first[entry.child as usize] == inside || self.more_trees.contains_key(&(entry.child, inside))
            }
            Class::File | Class::Link => self.knows_file(folder, entry),
            Class::Missing => self.missing.has(entry.child),
            Class::Submodule => self.submodules.has(entry.name()),
            Class::Gone => true,
        }
    }

    /// Whether a blob was seen as the file that an entry is in a folder.
    fn knows_file(&self, folder: FolderId, entry: Edit) -> bool {
        let file = self.folders.file(folder, entry.name());
        self.first_file(entry.child) == Some(file) || self.objects.has(entry.child) && self.more_blobs.contains_key(&(entry.child, file))
    }

    /// What a blob was first seen as; none if something else than a tree led to it.
    fn first_file(&self, blob: u32) -> Option<u64> {
        if let Some(&class) = self.classes.get(blob as usize) {
            return (class != NO_CLASS).then_some(class.into());
        }
        let (tree, name) = self.via[blob as usize];
        (tree != NONE).then(|| self.folders.file(self.first[tree as usize], name))
    }

    /// Notes an entry of a tree that is seen as a folder.
    fn see(&mut self, tree: u32, folder: FolderId, entry: Edit) {
        let name = entry.name();
        match entry.class() {
            Class::Tree => {
                self.note(self.trees.object(entry.child), tree, name);
                self.meet(entry.child, self.folders.enter(folder, name), Some(Via { tree, folder, name }));
            }
            Class::File | Class::Link => {
                let via = Via { tree, folder, name };
                if self.note(entry.child, tree, name) {
                    if let Some(class) = self.classes.get_mut(entry.child as usize) {
                        *class = u8::try_from(self.folders.file(self.first[tree as usize], name)).unwrap_or(NO_CLASS);
                    }
                    // Whatever the entry says it is.
                    if let Some(inside) = self.trees.place(entry.child) {
                        self.meet(inside, self.folders.enter(folder, name), Some(via));
                    }
                } else if !self.knows_file(folder, entry) {
                    self.meet_blob(entry.child, self.folders.file(folder, name), via);
                }
            }
            Class::Missing => {
                if self.missing.add(entry.child) {
                    self.missing_via[entry.child as usize] = (tree, name);
                }
            }
            Class::Submodule => drop(self.submodules.add(name)),
            Class::Gone => {}
        }
    }

    /// Notes where an object is first seen, if this is it.
    fn note(&mut self, object: u32, tree: u32, name: u32) -> bool {
        let is_new = self.objects.add(object);
        if is_new {
            self.via[object as usize] = (tree, name);
        }
        is_new
    }

    /// A blob is seen as another file than before.
    fn meet_blob(&mut self, blob: u32, file: u64, via: Via) {
        if self.more_blobs.len() < self.most_more {
            self.more_blobs.insert((blob, file), via);
        } else {
            self.is_cut_short = true;
        }
    }
}
