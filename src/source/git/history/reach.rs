//! What can be reached from references, and at which path. Owns: following commits to trees and trees to blobs. Must not: choose where to start.
//!
//! Trees are known as changes to other trees. What a tree shares with one that was looked at before is reached already, so that mostly
//! changes are looked at. Which path an object gets depends on commits and trees alone: how they are stored may change from one scan to the next.

use bstr::BString;

use super::bits::Bits;
use super::met::Met;
use super::trees::{Class, Edit, MOST_PATH, Trees};
use super::{History, NONE};

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
    /// The tree that each object was first seen in, and its name there.
    via: Vec<(u32, u32)>,
    missing_via: Vec<(u32, u32)>,
}

/// Follows `tips`, which are objects of any kind but tags. Paths are those of `head`, a commit's object, where it holds a blob.
pub(crate) fn reach(history: &History, head: Option<u32>, tips: &[u32]) -> Reached {
    let History { commits, trees, .. } = history;
    let all = || head.iter().chain(tips).copied();
    let reached = commits.reached(all().filter_map(|object| commits.place(object)));
    let mut spreading = Spreading::new(trees, history.objects);
    if let Some(root) = head.and_then(|head| commits.tree(commits.place(head)?)) {
        spreading.follow(root);
    }
    let oldest_first = commits.oldest_first(&reached);
    for root in oldest_first.iter().rev().filter_map(|&commit| commits.tree(commit)) {
        spreading.follow(root);
    }
    for object in all().filter(|&object| commits.place(object).is_none()) {
        spreading.follow(object);
    }
    let Spreading { objects, missing, submodules, via, missing_via, .. } = spreading;
    Reached { commits: reached, oldest_first, objects, missing, submodules, via, missing_via }
}

impl Reached {
    /// A path of an object that was reached; empty for one that a reference names.
    pub(crate) fn path(&self, trees: &Trees, object: u32) -> BString {
        trees.path(self.via[object as usize], |tree| self.via[trees.object(tree) as usize])
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
    objects: Bits,
    missing: Bits,
    submodules: Bits,
    via: Vec<(u32, u32)>,
    missing_via: Vec<(u32, u32)>,
    /// Trees that are not looked at yet.
    waiting: Vec<u32>,
    /// Trees, by place, that were looked at.
    seen: Bits,
    entries: Vec<Edit>,
    met: Met,
    /// How many more edits may be looked at to put trees together.
    work: usize,
}

impl<'t> Spreading<'t> {
    fn new(trees: &'t Trees, objects: u32) -> Self {
        Self {
            trees,
            objects: Bits::new(objects as usize),
            missing: Bits::new(trees.missing.len()),
            submodules: Bits::new(trees.names()),
            via: vec![(NONE, NONE); objects as usize],
            missing_via: vec![(NONE, NONE); trees.missing.len()],
            waiting: Vec::new(),
            seen: Bits::new(trees.len()),
            entries: Vec::new(),
            met: Met::default(),
            work: trees.most_work(),
        }
    }

    /// Follows an object until there is nothing new behind it.
    fn follow(&mut self, object: u32) {
        if self.objects.add(object) {
            self.waiting.extend(self.trees.place(object));
        }
        while let Some(tree) = self.waiting.pop() {
            self.look(tree);
        }
    }

    /// Sees everything in a tree that is in none of the trees that were looked at and that it is a change to, in order of names.
    fn look(&mut self, tree: u32) {
        let trees = self.trees;
        let (mut entries, mut met) = (std::mem::take(&mut self.entries), std::mem::take(&mut self.met));
        let base = trees.base(tree).filter(|&base| !self.seen.has(base));
        match base {
            Some(base) if self.work == 0 => {
                // A repository made to be expensive: what its trees have in common is taken for reached.
                if self.objects.add(trees.object(base)) {
                    self.via[trees.object(base) as usize] = self.via[trees.object(tree) as usize];
                    self.waiting.push(base);
                }
                trees.entries(tree, |_| true, |&entry| !self.knows(entry), &mut met, &mut entries);
            }
            _ => {
                let looked_at = trees.entries(tree, |base| self.seen.has(base), |&entry| !self.knows(entry), &mut met, &mut entries);
                self.work = self.work.saturating_sub(if base.is_some() { looked_at } else { 0 });
            }
        }
        self.seen.add(tree);
        entries.drain(..).for_each(|entry| self.see(tree, entry));
        (self.entries, self.met) = (entries, met);
    }

    /// Whether an entry leads to nothing new.
    fn knows(&self, entry: Edit) -> bool {
        match entry.class() {
            Class::File | Class::Link | Class::Tree => self.objects.has(self.object(entry)),
            Class::Missing => self.missing.has(entry.child),
            Class::Submodule => self.submodules.has(entry.name()),
            Class::Gone => true,
        }
    }

    /// What an entry of a file, a link or a tree leads to.
    fn object(&self, entry: Edit) -> u32 {
        if entry.class() == Class::Tree { self.trees.object(entry.child) } else { entry.child }
    }

    /// Notes an entry of a tree.
    fn see(&mut self, tree: u32, entry: Edit) {
        let object = match entry.class() {
            Class::File | Class::Link | Class::Tree => self.object(entry),
            Class::Missing => {
                if self.missing.add(entry.child) {
                    self.missing_via[entry.child as usize] = (tree, entry.name());
                }
                return;
            }
            Class::Submodule => {
                self.submodules.add(entry.name());
                return;
            }
            Class::Gone => return,
        };
        if self.objects.add(object) {
            self.via[object as usize] = (tree, entry.name());
            // Whatever the entry says it is.
            self.waiting.extend(self.trees.place(object));
        }
    }
}
