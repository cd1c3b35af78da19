//! What a tree has that others have not, read off the tables. Owns: comparing two trees by their changes to the base that they share. Must not:
//! give anything where the tables do not hold all that comparing the trees themselves would: whoever asks does that then.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bstr::{BStr, ByteSlice};
use gix::ObjectId;
use gix::objs::Kind;
use gix::objs::tree::name_order;
use rayon::ThreadPool;

use super::load::{self, Listener};
use super::trees::{Class, Edit, Trees};
use super::{History, NONE};
use crate::source::git::graph::Commit;
use crate::source::git::pack::Inventory;
use crate::source::git::pack::budget::Budget;
use crate::source::git::pack::walk::Limits;

/// All commits and trees of a repository, to be asked by id.
pub(crate) struct Tables {
    pub(crate) inventory: Inventory,
    history: History,
    scratch: RefCell<Scratch>,
}

/// An entry that a tree has and the others have not, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference<'t> {
    /// Its name.
    pub(crate) name: &'t BStr,
    /// Whether it is a tree.
    pub(crate) is_tree: bool,
    /// The object.
    pub(crate) id: ObjectId,
    /// The trees that the others have under the name of a tree that is new.
    pub(crate) below: Vec<ObjectId>,
}

/// What trees differ by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences<'t> {
    /// Entries that none of the others has, in order of names.
    pub(crate) new: Vec<Difference<'t>>,
    /// Entries of the others that the tree has not; subtrees only where it has none of the name.
    pub(crate) removed: Vec<Difference<'t>>,
}

/// What is reused from one comparison to the next.
struct Scratch {
    /// For each name the comparison that met it last, and its place among `pairs`.
    met: Vec<(u32, u32)>,
    /// For each tree the comparison that met it last.
    on_way: Vec<u32>,
    turn: u32,
    pairs: Vec<Pair>,
    /// How many more edits may be looked at.
    work: usize,
}

/// What a tree and another one have under a name.
type Sides = (Option<Edit>, Option<Edit>);

/// What two trees have under a name; none: what they share, or nothing.
#[derive(Clone, Copy)]
struct Pair {
    name: u32,
    ours: Option<Edit>,
    theirs: Option<Edit>,
}

/// A tree is compared with its parents', so that more is looked at than to put each tree together once.
const MOST_TIMES: usize = 64;

/// Wants to hear of no commit.
struct Deaf;

impl Listener for Deaf {
    fn commit(&mut self, _object: u32, _bytes: &[u8]) {}
}

impl Tables {
    /// Reads all commits and trees; `memory` is what texts may take besides the tables, in bytes. None where not all could be read.
    pub(crate) fn load(inventory: Inventory, pool: &ThreadPool, memory: usize) -> Option<Self> {
        let budget = Budget::new(memory);
        let limits = Limits { most: budget.longest(), budget: &budget, pool };
        let (history, ..) = load::load(&inventory, limits, || Deaf, |_| ());
        let trees = &history.trees;
        let is_whole = inventory.problems.is_empty() && history.broken.is_empty() && trees.broken.is_empty() && !trees.is_odd;
        let scratch = Scratch {
            met: vec![(0, 0); trees.names()],
            on_way: vec![0; trees.len()],
            turn: 0,
            pairs: Vec::new(),
            work: trees.most_work().saturating_mul(MOST_TIMES),
        };
        is_whole.then(|| Self { scratch: RefCell::new(scratch), inventory, history })
    }

    /// A commit; none where it is not there, or names what is not there.
    pub(crate) fn commit(&self, id: &ObjectId) -> Option<Commit> {
        let object = self.inventory.number(id)?;
        let commits = &self.history.commits;
        let commit = commits.place(object)?;
        let names_missing = |list: &[(u32, ObjectId)]| list.binary_search_by_key(&object, |&(commit, _)| commit).is_ok();
        if names_missing(&self.history.cut) || names_missing(&self.history.missing) {
            return None;
        }
        let id = |object: u32| self.inventory.id(object).to_owned();
        let parents = commits.parents(commit).iter().map(|&parent| id(commits.object(parent)));
        Some(Commit::new(id(commits.tree(commit)?), parents.collect(), commits.time(commit)))
    }

    /// What a tree has that none of the others has, and what they have instead.
    pub(crate) fn compare(&self, tree: &ObjectId, others: &[ObjectId]) -> Option<Differences<'_>> {
        let trees = &self.history.trees;
        let place = |id: &ObjectId| trees.place(self.inventory.number(id)?);
        let tree = place(tree)?;
        let mut scratch = self.scratch.borrow_mut();
        let mut names: BTreeMap<u32, Vec<Sides>> = BTreeMap::new();
        for other in others {
            scratch.pairs(trees, tree, Some(place(other)?))?;
            for pair in scratch.pairs.iter().filter(|pair| !pair.is_same()) {
                names.entry(pair.name).or_default().push((pair.ours, pair.theirs));
            }
        }
        if others.is_empty() {
            scratch.pairs(trees, tree, None)?;
            names.extend(scratch.pairs.iter().map(|pair| (pair.name, vec![(pair.ours, None)])));
        }
        let mut found = Differences::default();
        for (name, pairs) in &names {
            self.note(*name, pairs, pairs.len() == others.len().max(1), &mut found)?;
        }
        found.new.sort_by(|a, b| name_order(a.name, a.is_tree, b.name, b.is_tree));
        Some(found)
    }

    /// Notes what is under a name that the tree and some of the others, or all of them, do not share. None where that cannot be said.
    fn note<'t>(&'t self, name: u32, pairs: &[Sides], all: bool, found: &mut Differences<'t>) -> Option<()> {
        let name = self.history.trees.name(name).as_bstr();
        let difference = |edit: Edit| {
            let is_tree = edit.class() == Class::Tree;
            Some(Difference { name, is_tree, id: self.inventory.id(self.object(edit)?).to_owned(), below: Vec::new() })
        };
        let ours = pairs.iter().find_map(|(ours, _)| *ours);
        let mut below = Vec::new();
        for theirs in pairs.iter().filter_map(|(_, theirs)| *theirs) {
            let theirs = difference(theirs)?;
            if theirs.is_tree && ours.is_some() {
                below.push(theirs.id);
            } else {
                found.removed.push(theirs);
            }
        }
        if let Some(ours) = ours {
            let ours = difference(ours)?;
            if all {
                found.new.push(Difference { below, ..ours });
            }
        }
        Some(())
    }

    /// The object that an entry leads to; none for a submodule, for what is not there and for what is no file.
    fn object(&self, edit: Edit) -> Option<u32> {
        match edit.class() {
            Class::Tree => Some(self.history.trees.object(edit.child)),
            Class::File | Class::Link => Some(edit.child).filter(|&object| self.inventory.kind(object) == Some(Kind::Blob)),
            Class::Submodule | Class::Missing | Class::Gone => None,
        }
    }
}

impl Pair {
    /// Whether both trees have the same object. Of submodules that is not known.
    fn is_same(&self) -> bool {
        match (self.ours, self.theirs) {
            (Some(ours), Some(theirs)) => {
                let is_tree = |edit: Edit| edit.class() == Class::Tree;
                let is_known = |edit: Edit| matches!(edit.class(), Class::File | Class::Link | Class::Tree);
                is_known(ours) && is_known(theirs) && is_tree(ours) == is_tree(theirs) && ours.child == theirs.child
            }
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }
    }
}

impl Scratch {
    /// Fills `pairs` with what `tree` and `other` have under names that they may not share; with all of `tree` where there is no other. None
    /// if that takes too long.
    fn pairs(&mut self, trees: &Trees, tree: u32, other: Option<u32>) -> Option<()> {
        self.turn = self.turn.checked_add(1)?;
        self.pairs.clear();
        let mut base = None;
        if let Some(other) = other {
            for on_way in way(trees, Some(tree)) {
                self.spend(1)?;
                self.on_way[on_way as usize] = self.turn;
            }
            for on_way in way(trees, Some(other)) {
                self.spend(1)?;
                if self.on_way[on_way as usize] == self.turn {
                    base = Some(on_way);
                    break;
                }
            }
        }
        self.follow(trees, Some(tree), base, |pair| &mut pair.ours)?;
        self.follow(trees, other, base, |pair| &mut pair.theirs)?;
        let mut pairs = std::mem::take(&mut self.pairs);
        for pair in &mut pairs {
            if pair.ours.is_none() || pair.theirs.is_none() {
                let shared = self.shared(trees, base, pair.name);
                pair.ours = pair.ours.or(shared);
                pair.theirs = pair.theirs.or(shared);
            }
            let there = |edit: Option<Edit>| edit.filter(|edit| edit.class() != Class::Gone);
            (pair.ours, pair.theirs) = (there(pair.ours), there(pair.theirs));
        }
        pairs.retain(|pair| pair.ours.is_some() || pair.theirs.is_some());
        self.pairs = pairs;
        (self.work > 0).then_some(())
    }

    /// Notes what is changed on the way from a tree to the base. The nearest change of a name counts.
    fn follow(&mut self, trees: &Trees, tree: Option<u32>, base: Option<u32>, side: impl Fn(&mut Pair) -> &mut Option<Edit>) -> Option<()> {
        for on_way in way(trees, tree).take_while(|&on_way| Some(on_way) != base) {
            let edits = trees.edits(on_way);
            self.spend(edits.len())?;
            for edit in edits {
                let met = &mut self.met[edit.name() as usize];
                if met.0 != self.turn {
                    *met = (self.turn, u32::try_from(self.pairs.len()).unwrap_or(NONE));
                    self.pairs.push(Pair { name: edit.name(), ours: None, theirs: None });
                }
                side(&mut self.pairs[met.1 as usize]).get_or_insert(*edit);
            }
        }
        Some(())
    }

    /// What the base has under a name. Nothing counts once no work is left.
    fn shared(&mut self, trees: &Trees, base: Option<u32>, name: u32) -> Option<Edit> {
        way(trees, base).find_map(|on_way| {
            let edits = trees.edits(on_way);
            // Looking at an edit is next to nothing here; only endless chains count.
            self.work = self.work.saturating_sub(1 + edits.len() / 64);
            if self.work == 0 { Some(None) } else { edits.iter().find(|edit| edit.name() == name).map(|edit| Some(*edit)) }
        })?
    }

    fn spend(&mut self, work: usize) -> Option<()> {
        self.work = self.work.checked_sub(work)?;
        Some(())
    }
}

/// A tree, its base, the base of that, and so on.
fn way(trees: &Trees, tree: Option<u32>) -> impl Iterator<Item = u32> {
    std::iter::successors(tree, |&tree| trees.base(tree))
}

#[cfg(test)]
mod tests {
    use super::super::trees::tests::{Plain, trees};
    use super::*;
    use proptest::prelude::*;

    const FILE: u32 = 0o100_644;
    const LINK: u32 = 0o120_000;

    /// What a tree has under each name: class and object.
    type Shown = BTreeMap<String, (Class, u32)>;

    fn scratch(trees: &Trees, work: usize) -> Scratch {
        Scratch { met: vec![(0, 0); trees.names()], on_way: vec![0; trees.len()], turn: 0, pairs: Vec::new(), work }
    }

    fn shown(tree: &Plain) -> Shown {
        let class = |mode: u32| if mode == LINK { Class::Link } else { Class::File };
        tree.2.iter().map(|(mode, name, object)| (name.clone(), (class(*mode), *object))).collect()
    }

    /// What two trees have under the names that they do not share, by the obvious way.
    fn plain(ours: &Shown, theirs: &Shown) -> BTreeMap<String, [Option<(Class, u32)>; 2]> {
        let names = ours.keys().chain(theirs.keys());
        let pairs = names.map(|name| (name.clone(), [ours.get(name).copied(), theirs.get(name).copied()]));
        pairs.filter(|(_, [ours, theirs])| ours.map(|(_, object)| object) != theirs.map(|(_, object)| object)).collect()
    }

    /// The same, read off the tables.
    fn compared(scratch: &mut Scratch, trees: &Trees, tree: u32, other: Option<u32>) -> BTreeMap<String, [Option<(Class, u32)>; 2]> {
        scratch.pairs(trees, tree, other).expect("there is work left");
        let side = |edit: Option<Edit>| edit.map(|edit| (edit.class(), edit.child));
        let name = |pair: &Pair| String::from_utf8(trees.name(pair.name).to_vec()).unwrap();
        scratch.pairs.iter().filter(|pair| !pair.is_same()).map(|pair| (name(pair), [side(pair.ours), side(pair.theirs)])).collect()
    }

    /// Trees out of changes to earlier ones: a base, and what is put and taken away.
    fn made() -> impl Strategy<Value = Vec<Plain>> {
        let change = ("[a-e]{1,2}", prop::option::weighted(0.7, (prop::bool::ANY, 0..5_u32)));
        let tree = (prop::option::weighted(0.8, any::<prop::sample::Index>()), prop::collection::vec(change, 0..5));
        prop::collection::vec(tree, 2..9).prop_map(|list| {
            let mut trees: Vec<Plain> = Vec::new();
            for (at, (base, changes)) in list.into_iter().enumerate() {
                let base = base.filter(|_| at > 0).map(|base| base.index(at));
                let mut entries: BTreeMap<String, (u32, u32)> = BTreeMap::new();
                entries.extend(base.iter().flat_map(|&base| &trees[base].2).map(|(mode, name, object)| (name.clone(), (*mode, *object))));
                for (name, put) in changes {
                    entries.remove(&name);
                    entries.extend(put.map(|(is_link, object)| (name, (if is_link { LINK } else { FILE }, 100 + object))));
                }
                let entries = entries.into_iter().map(|(name, (mode, object))| (mode, name, object)).collect();
                trees.push((u32::try_from(at).unwrap(), base, entries));
            }
            trees
        })
    }

    proptest! {
        #[test]
        fn trees_differ_by_what_their_entries_differ_by(made in made()) {
            let trees = trees(&made);
            let mut scratch = scratch(&trees, usize::MAX);
            let place = |tree: &Plain| trees.place(tree.0).unwrap();
            for ours in &made {
                prop_assert_eq!(compared(&mut scratch, &trees, place(ours), None), plain(&shown(ours), &Shown::new()));
                for theirs in &made {
                    let expected = plain(&shown(ours), &shown(theirs));
                    prop_assert_eq!(compared(&mut scratch, &trees, place(ours), Some(place(theirs))), expected);
                }
            }
        }
    }

    #[test]
    fn without_work_left_nothing_is_said() {
        let entry = |name: &str, object| (FILE, name.to_owned(), object);
        let made: [Plain; 2] = [(0, None, vec![entry("a", 100), entry("b", 101)]), (1, Some(0), vec![entry("a", 102), entry("b", 101)])];
        let trees = trees(&made);
        assert!((0..4).all(|work| scratch(&trees, work).pairs(&trees, 1, Some(0)).is_none()));
        assert!(scratch(&trees, 100).pairs(&trees, 1, Some(0)).is_some());
    }
}
