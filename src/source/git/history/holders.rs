//! Which trees hold which of a few blobs, as tables that share what they have in common. Owns: those tables. Must not: know secrets.
//!
//! Of each tree only the entries that lead to one of the blobs are kept, as a binary trie over the numbers of their names. The trie of a tree
//! is that of its base but for the nodes on the way to what is changed, so that all of them take memory in proportion to the changes.
//! Nodes are in an order in which each comes after everything it leads to.

use super::bits::Bits;
use super::met::Met;
use super::reach::Reached;
use super::trees::{Class, Edit, Trees};
use super::{History, NONE, place_of};

/// The tries of all trees that were reached.
pub(crate) struct Holders {
    /// The blobs, by object.
    blobs: Vec<u32>,
    nodes: Vec<Node>,
    /// The trie of each tree.
    roots: Vec<u32>,
}

/// A fork, or an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    /// Of a fork the bits that all names below have in common, then a one at the bit by which they differ; of an entry its name.
    key: u32,
    /// Of a fork the names with a zero at that bit; of an entry the tree's place or the blob's place among all.
    left: u32,
    /// Of a fork the names with a one.
    right: u32,
}

/// In place of a right side: the node is an entry with a blob.
const BLOB: u32 = NONE;
/// In place of a right side: the node is an entry with a tree.
const TREE: u32 = NONE - 1;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// An entry with a blob, by its place among the blobs.
    Blob { name: u32, blob: u32 },
    /// An entry with a tree.
    Tree { name: u32, tree: u32 },
    /// Two nodes.
    Fork(u32, u32),
}

/// An entry to put into a trie, or to take out of it.
#[derive(Debug, Clone, Copy)]
struct Change {
    name: u32,
    /// Sides of the entry's node.
    entry: Option<(u32, u32)>,
}

/// A node that is there, or one to make.
#[derive(Debug, Clone, Copy)]
enum Item {
    There { name: u32, node: u32 },
    New(Node),
}

impl Item {
    /// A name that is or could be in it.
    fn name(self) -> u32 {
        match self {
            Self::There { name, .. } | Self::New(Node { key: name, .. }) => name,
        }
    }
}

impl Holders {
    /// The tables for `blobs`, which are objects, in order.
    pub(crate) fn new(history: &History, reached: &Reached, blobs: Vec<u32>) -> Self {
        let mut wanted = Bits::new(history.objects as usize);
        for &blob in &blobs {
            wanted.add(blob);
        }
        let holders = Self { blobs, nodes: Vec::new(), roots: vec![NONE; history.trees.len()] };
        let mut building = Building::new(holders, &history.trees, wanted);
        for &tree in history.trees.by_storage() {
            if reached.objects.has(history.trees.object(tree)) {
                building.tree(tree);
            }
        }
        building.holders
    }

    /// The blobs, by object, in order.
    pub(crate) fn blobs(&self) -> &[u32] {
        &self.blobs
    }

    /// The first node of a tree; none for one that holds none of the blobs.
    pub(crate) fn root(&self, tree: u32) -> Option<u32> {
        Some(self.roots[tree as usize]).filter(|&root| root != NONE)
    }

    /// What a node is.
    pub(crate) fn part(&self, node: u32) -> Part {
        let Node { key: name, left, right } = self.nodes[node as usize];
        match right {
            BLOB => Part::Blob { name, blob: left },
            TREE => Part::Tree { name, tree: left },
            _ => Part::Fork(left, right),
        }
    }

    /// For each node the union of what `of_blob` says of the blobs it leads to.
    pub(crate) fn unions(&self, of_blob: &[u64]) -> Vec<u64> {
        let mut unions = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            unions.push(match node.right {
                BLOB => of_blob[node.left as usize],
                TREE => self.root(node.left).map_or(0, |root| unions[root as usize]),
                _ => unions[node.left as usize] | unions[node.right as usize],
            });
        }
        unions
    }

    fn push(&mut self, node: Node) -> u32 {
        let at = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        // Beyond what 32 bits count, less the two that mean something else, entries are left out.
        if at >= TREE {
            return NONE;
        }
        self.nodes.push(node);
        at
    }

    /// The trie that `changes`, in order of names, make of the one at `node`.
    fn update(&mut self, node: u32, changes: &[Change]) -> u32 {
        if changes.is_empty() {
            return node;
        }
        let Some(&Node { key, left, right }) = self.nodes.get(node as usize) else {
            let items: Vec<Item> = changes.iter().filter_map(new_item).collect();
            return self.build(&items);
        };
        let is_fork = right < TREE;
        // The bits of names above the one by which a fork's names differ; all bits for an entry.
        let shift = if is_fork { key.trailing_zeros() + 1 } else { 0 };
        let prefix = |name: u32| name.checked_shr(shift).unwrap_or(0);
        let start = changes.partition_point(|change| prefix(change.name) < prefix(key));
        let end = changes.partition_point(|change| prefix(change.name) <= prefix(key));
        let within = &changes[start..end];
        let kept = if within.is_empty() {
            node
        } else if is_fork {
            let bit = shift - 1;
            let middle = within.partition_point(|change| change.name >> bit & 1 == 0);
            let sides = (self.update(left, &within[..middle]), self.update(right, &within[middle..]));
            match sides {
                (NONE, only) | (only, NONE) => only,
                (l, r) if (l, r) == (left, right) => node,
                (left, right) => self.push(Node { key, left, right }),
            }
        } else {
            match within[0].entry {
                None => NONE,
                Some(entry) if entry == (left, right) => node,
                Some((left, right)) => self.push(Node { key, left, right }),
            }
        };
        if start == 0 && end == changes.len() {
            return kept;
        }
        let name = if is_fork { key & (key - 1) } else { key };
        let there = (kept != NONE).then_some(Item::There { name, node: kept });
        let items: Vec<Item> =
            changes[..start].iter().filter_map(new_item).chain(there).chain(changes[end..].iter().filter_map(new_item)).collect();
        self.build(&items)
    }

    /// A trie of these, which are in order of names and differ in them.
    fn build(&mut self, items: &[Item]) -> u32 {
        match items {
            [] => NONE,
            [Item::There { node, .. }] => *node,
            [Item::New(node)] => self.push(*node),
            [first, .., last] => {
                let bit = (first.name() ^ last.name()).ilog2();
                let middle = items.partition_point(|item| item.name() >> bit & 1 == 0);
                let (left, right) = (self.build(&items[..middle]), self.build(&items[middle..]));
                match (left, right) {
                    (NONE, only) | (only, NONE) => only,
                    (left, right) => self.push(Node { key: last.name() >> bit << bit, left, right }),
                }
            }
        }
    }
}

fn new_item(change: &Change) -> Option<Item> {
    change.entry.map(|(left, right)| Item::New(Node { key: change.name, left, right }))
}

/// How far a tree is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// It waits for others.
    Open,
    Done,
}

/// A tree that waits for others.
struct Waiting {
    tree: u32,
    /// All entries, where the base cannot be waited for.
    whole: Option<Vec<Edit>>,
    /// Whether it is the base that is waited for.
    for_base: bool,
    next: usize,
}

/// Trees are done after their base and their subtrees. Where that goes round in circles, because the base of a tree has it somewhere below,
/// the tree is put together instead of waiting for its base.
struct Building<'t> {
    holders: Holders,
    trees: &'t Trees,
    wanted: Bits,
    /// Names that are in a trie.
    names: Bits,
    states: Vec<State>,
    /// Trees that are put together.
    whole: Bits,
    stack: Vec<Waiting>,
    changes: Vec<Change>,
    /// How many more edits may be looked at to get out of circles.
    work: usize,
    met: Met,
}

impl<'t> Building<'t> {
    fn new(holders: Holders, trees: &'t Trees, wanted: Bits) -> Self {
        Self {
            holders,
            trees,
            wanted,
            names: Bits::new(trees.names()),
            states: vec![State::New; trees.len()],
            whole: Bits::new(trees.len()),
            stack: Vec::new(),
            changes: Vec::new(),
            work: trees.most_work(),
            met: Met::default(),
        }
    }

    /// Makes the trie of a tree, and of all that it takes.
    fn tree(&mut self, tree: u32) {
        if self.states[tree as usize] == State::New {
            self.open(tree);
        }
        while !self.stack.is_empty() {
            if !self.waits() {
                self.finish();
            }
        }
    }

    fn open(&mut self, tree: u32) {
        self.states[tree as usize] = State::Open;
        let whole = self.whole.has(tree).then(|| self.entries(tree));
        self.stack.push(Waiting { tree, whole, for_base: false, next: 0 });
    }

    /// All entries of a tree; only its changes where getting out of circles took too much already.
    fn entries(&mut self, tree: u32) -> Vec<Edit> {
        if self.work == 0 {
            return self.trees.edits(tree).to_vec();
        }
        let mut entries = Vec::new();
        let work = self.trees.entries(tree, |_| false, |_| true, &mut self.met, &mut entries);
        self.work = self.work.saturating_sub(work);
        entries
    }

    /// Puts the next thing that the last tree of the stack waits for on top of it; false if there is none.
    fn waits(&mut self) -> bool {
        let trees = self.trees;
        let Some(top) = self.stack.last_mut() else { return false };
        let tree = top.tree;
        top.for_base = false;
        if let (None, 0, Some(base)) = (&top.whole, top.next, trees.base(tree)) {
            match self.states[base as usize] {
                State::Done => {}
                State::New => {
                    top.for_base = true;
                    self.open(base);
                    return true;
                }
                State::Open => self.untie(self.stack.len() - 1),
            }
        }
        let Some(top) = self.stack.last_mut() else { return false };
        let entries = top.whole.as_deref().unwrap_or(trees.edits(tree));
        let is_subtree = |edit: &&Edit| edit.class() == Class::Tree && self.states[edit.child as usize] != State::Done;
        let Some((at, child)) =
            entries.iter().enumerate().skip(top.next).find(|(_, edit)| is_subtree(edit)).map(|(at, edit)| (at, edit.child))
        else {
            return false;
        };
        top.next = at + 1;
        if self.states[child as usize] == State::New {
            self.open(child);
            return true;
        }
        // It waits itself for the tree at hand, over a base or, in a damaged repository, because it is below itself.
        let from = self.stack.iter().rposition(|waiting| waiting.tree == child).unwrap_or_default();
        self.work = self.work.saturating_sub(self.stack.len() - from);
        let over_base = self.stack[from..].iter().rposition(|waiting| waiting.for_base).filter(|_| self.work > 0);
        if let Some(at) = over_base {
            self.untie(from + at);
        }
        true
    }

    /// Has the tree at a place of the stack not wait for its base; those above it begin anew.
    fn untie(&mut self, at: usize) {
        for above in self.stack.drain(at + 1..) {
            self.states[above.tree as usize] = State::New;
        }
        let tree = self.stack[at].tree;
        self.whole.add(tree);
        let whole = Some(self.entries(tree));
        self.stack[at] = Waiting { tree, whole, for_base: false, next: 0 };
    }

    /// Makes the trie of the last tree of the stack.
    fn finish(&mut self) {
        let Some(Waiting { tree, whole, .. }) = self.stack.pop() else { return };
        let base = self.trees.base(tree).filter(|_| whole.is_none()).map_or(NONE, |base| self.holders.roots[base as usize]);
        self.changes.clear();
        for &edit in whole.as_deref().unwrap_or(self.trees.edits(tree)) {
            let entry = self.entry(edit);
            if entry.is_some() {
                self.names.add(edit.name());
            } else if base == NONE || !self.names.has(edit.name()) {
                continue;
            }
            self.changes.push(Change { name: edit.name(), entry });
        }
        // Names out of order can be there twice.
        self.changes.sort_by_key(|change| (change.name, change.entry.is_none()));
        self.changes.dedup_by_key(|change| change.name);
        let changes = std::mem::take(&mut self.changes);
        self.holders.roots[tree as usize] = self.holders.update(base, &changes);
        self.changes = changes;
        self.states[tree as usize] = State::Done;
    }

    /// The sides of the node of an entry that leads to one of the blobs.
    fn entry(&self, edit: Edit) -> Option<(u32, u32)> {
        match edit.class() {
            Class::File | Class::Link if self.wanted.has(edit.child) => Some((place_of(&self.holders.blobs, edit.child)?, BLOB)),
            Class::Tree => self.holders.root(edit.child).map(|_| (edit.child, TREE)),
            _ => None,
        }
    }
}
