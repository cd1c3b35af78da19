//! All trees in memory, each as changes to another one, as they are stored. Owns: those tables, and the names in trees. Must not: decide
//! which trees are looked at.
//!
//! A repository's trees have hundreds of entries each, of which neighbours share all but a few; so what is kept of a tree is its base
//! and what it has that the base has not. A tree's place is its place among all trees in order of their object numbers.

use bstr::BString;
use gix::ObjectId;

use super::met::Met;
use super::places::Places;
use super::tree_changes::{Change, Differ, Entry, Layout, Order};
use super::waiting::Waiting;
use super::{NONE, Quick};
use crate::source::git::pack::delta::Delta;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// A file.
    File = 0,
    /// A symbolic link.
    Link = 1,
    /// A tree; the child is its place.
    Tree = 2,
    /// A submodule; there is no child.
    Submodule = 3,
    /// The object is not in the repository; the child is its place among all that are missing.
    Missing = 4,
    /// Not there, whatever the base has.
    Gone = 5,
}

/// An entry of a tree, or the lack of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The object's number, unless [`Class`] says otherwise.
    pub(crate) child: u32,
    /// Name and class.
    key: u32,
}

/// Bits of an edit's key that hold the class.
const CLASS_BITS: u32 = 3;
/// Names that can be told apart.
const MOST_NAMES: usize = 1 << (32 - CLASS_BITS);

impl Edit {
    fn new(name: u32, class: Class, child: u32) -> Self {
        Self { child, key: name << CLASS_BITS | class as u32 }
    }

    /// The same with other numbers for names and missing objects.
    fn renumbered(self, names: &[u32], missing: &[u32]) -> Self {
        let class = self.class();
        let child = if class == Class::Missing { missing[self.child as usize] } else { self.child };
        Self::new(names[self.name() as usize], class, child)
    }

    /// The entry's name, as a number. A file and a subtree of one name have different numbers.
    pub(crate) fn name(self) -> u32 {
        self.key >> CLASS_BITS
    }

    /// What the entry is.
    pub(crate) fn class(self) -> Class {
        [Class::File, Class::Link, Class::Tree, Class::Submodule, Class::Missing].get(self.key as usize & 7).copied().unwrap_or(Class::Gone)
    }
}

/// What has to be known of a tree to read a change to it.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    tree: u32,
    /// Empty for a tree that cannot be a base here: its changes are read whole.
    layout: Layout,
}

/// What a thread read of trees. `N` tells the numbers of the objects with ids, which stand one behind the other.
#[derive(Debug)]
pub(crate) struct TreeReader<'p, N> {
    numbers: N,
    /// Edits whose children are not known yet, with their modes.
    waiting: Waiting<(usize, u32)>,
    places: &'p Places,
    differ: Differ,
    names: [Quick<Box<[u8]>, u32>; 2],
    missing: Quick<Box<[u8]>, u32>,
    records: Vec<Record>,
    edits: Vec<Edit>,
    /// How many more entries of trees whose names are out of order can be kept.
    disordered: usize,
    broken: Vec<u32>,
    is_odd: bool,
}

/// Trees that a thread has read; names and missing objects have numbers of its own.
#[derive(Debug)]
pub(crate) struct TreePart {
    names: [Quick<Box<[u8]>, u32>; 2],
    missing: Quick<Box<[u8]>, u32>,
    records: Vec<Record>,
    edits: Vec<Edit>,
    broken: Vec<u32>,
    is_odd: bool,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    tree: u32,
    base: u32,
    first: u32,
    len: u32,
}

/// Longest path that is put together, in bytes; of longer ones the end is kept.
pub(crate) const MOST_PATH: usize = 64 << 10;

/// Entries of trees with names out of order that a thread keeps; such a tree is kept whole, which must not fill the memory.
const MOST_DISORDERED: usize = 4 << 20;

impl<'p, N: Fn(&[u8]) -> Vec<Option<u32>>> TreeReader<'p, N> {
    /// A reader of trees whose ids have `id_len` bytes.
    pub(crate) fn new(places: &'p Places, id_len: usize, numbers: N) -> Self {
        Self {
            numbers,
            waiting: Waiting::new(id_len),
            places,
            differ: Differ::new(id_len),
            names: <[_; 2]>::default(),
            missing: Quick::default(),
            records: Vec::new(),
            edits: Vec::new(),
            disordered: MOST_DISORDERED,
            broken: Vec::new(),
            is_odd: false,
        }
    }

    /// Reads a tree that is stored whole. The frame is of use where changes to it follow.
    pub(crate) fn whole(&mut self, object: u32, bytes: &[u8]) -> Frame {
        let order = self.differ.whole(bytes);
        self.read_whole(object, order)
    }

    /// Reads the tree that `delta` makes of the tree of `base`.
    pub(crate) fn changed(&mut self, object: u32, base: &Frame, base_bytes: &[u8], delta: &Delta<'_>, has_changes: bool) -> Frame {
        let order = self.differ.changed(base_bytes, &base.layout, delta, has_changes);
        let tree = self.places.get(object);
        if base.layout.is_empty() {
            return self.read_whole(object, order);
        }
        let (Some(Order::Right), Some(tree)) = (order, tree) else {
            let order = self.differ.changed(base_bytes, &[], delta, false);
            return self.read_whole(object, order);
        };
        let differ = std::mem::replace(&mut self.differ, Differ::new(0));
        let first = self.edits.len();
        differ.changes(base_bytes, &base.layout, |change| match change {
            Change::Put(entry) => self.put(entry),
            Change::Gone(entry) => {
                let name = self.name(&entry);
                self.edits.push(Edit::new(name, Class::Gone, NONE));
            }
        });
        self.record(tree, base.tree, first);
        let layout = if has_changes { differ.layout().to_vec() } else { Layout::new() };
        self.differ = differ;
        Frame { tree, layout }
    }

    /// Keeps every entry of the tree at hand.
    fn read_whole(&mut self, object: u32, order: Option<Order>) -> Frame {
        let (Some(order), Some(tree)) = (order, self.places.get(object)) else {
            self.broken(object);
            return Frame::default();
        };
        let differ = std::mem::replace(&mut self.differ, Differ::new(0));
        let first = self.edits.len();
        differ.entries().for_each(|entry| self.put(entry));
        let layout = if order == Order::Right { differ.layout().to_vec() } else { Layout::new() };
        let frame = Frame { tree, layout };
        self.differ = differ;
        let len = self.edits.len() - first;
        self.is_odd |= order == Order::Wrong;
        if order == Order::Wrong && len > self.disordered {
            self.settle();
            self.edits.truncate(first);
            self.broken(object);
            return frame;
        }
        self.disordered -= if order == Order::Wrong { len } else { 0 };
        self.record(tree, NONE, first);
        frame
    }

    /// Notes an object that is no whole tree.
    pub(crate) fn broken(&mut self, object: u32) {
        self.broken.push(object);
    }

    /// What was read, without what it took to read it.
    pub(crate) fn into_part(mut self) -> TreePart {
        self.settle();
        TreePart {
            names: self.names,
            missing: self.missing,
            records: self.records,
            edits: self.edits,
            broken: self.broken,
            is_odd: self.is_odd,
        }
    }

    fn record(&mut self, tree: u32, base: u32, first: usize) {
        match (u32::try_from(first), u32::try_from(self.edits.len() - first)) {
            (Ok(first), Ok(len)) => self.records.push(Record { tree, base, first, len }),
            _ => self.broken.push(self.places.object(tree)),
        }
    }

    fn put(&mut self, entry: Entry<'_>) {
        let name = self.name(&entry);
        self.edits.push(Edit::new(name, Class::Submodule, NONE));
        if entry.mode & 0o170_000 != 0o160_000 && self.waiting.add(entry.id, (self.edits.len() - 1, entry.mode)) {
            self.settle();
        }
    }

    /// Looks up what edits lead to.
    fn settle(&mut self) {
        let Self { numbers, waiting, places, missing, edits, is_odd, .. } = self;
        waiting.settle(&*numbers, |(edit, mode), id, number| {
            let (class, child) = match (mode & 0o170_000, number) {
                (_, None) => (Class::Missing, missing_place(missing, id)),
                (0o040_000, Some(object)) => places.get(object).map_or((Class::File, object), |place| (Class::Tree, place)),
                (0o120_000, Some(object)) => (Class::Link, object),
                (_, Some(object)) => (Class::File, object),
            };
            *is_odd |= mode & 0o170_000 == 0o040_000 && class == Class::File;
            edits[edit] = Edit::new(edits[edit].name(), class, child);
        });
    }

    /// The number of an entry's name. There are more names than numbers only in repositories made for it, where the last ones become one.
    fn name(&mut self, entry: &Entry<'_>) -> u32 {
        let next = (self.names[0].len() + self.names[1].len()).min(MOST_NAMES - 1);
        let names = &mut self.names[usize::from(entry.is_tree())];
        if let Some(&name) = names.get(entry.name) {
            return name;
        }
        let next = u32::try_from(next).unwrap_or_default();
        names.insert(entry.name.into(), next);
        next
    }
}

fn missing_place(missing: &mut Quick<Box<[u8]>, u32>, id: &[u8]) -> u32 {
    let next = u32::try_from(missing.len()).unwrap_or(u32::MAX);
    *missing.entry(id.into()).or_insert(next)
}

/// The trees of a repository.
#[derive(Debug, Default)]
pub(crate) struct Trees {
    places: Places,
    bases: Vec<u32>,
    first: Vec<u32>,
    len: Vec<u32>,
    edits: Vec<Edit>,
    /// All trees in the order of their edits in memory, most of them right after their base.
    by_storage: Vec<u32>,
    names: Names,
    most_work: usize,
    /// The ids of all objects that trees name and that are not there, in order.
    pub(crate) missing: Vec<ObjectId>,
    /// Objects that are no whole trees, in order.
    pub(crate) broken: Vec<u32>,
    /// Whether a tree's names are out of order, or one lists as a tree what is none.
    pub(crate) is_odd: bool,
}

/// Names, one behind the other in order.
#[derive(Debug, Default)]
struct Names {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Trees {
    /// Joins what the threads read; `places` is what their readers were made with.
    pub(crate) fn new(places: Places, parts: Vec<TreePart>) -> Self {
        let count = places.len();
        let mut trees = Self { places, bases: vec![NONE; count], first: vec![0; count], len: vec![NONE; count], ..Self::default() };
        let names = trees.join_names(&parts);
        let missing = trees.join_missing(&parts);
        trees.edits.reserve_exact(parts.iter().map(|part| part.edits.len()).sum());
        for (part, (names, missing)) in parts.into_iter().zip(names.iter().zip(&missing)) {
            let start = trees.edits.len();
            trees.edits.extend(part.edits.into_iter().map(|edit| edit.renumbered(names, missing)));
            trees.broken.extend(part.broken);
            trees.is_odd |= part.is_odd;
            for record in part.records {
                trees.take(start, record);
            }
        }
        trees.cut_circles();
        trees.most_work = (16 << 20) + trees.edits.len() * 8;
        trees.first.iter_mut().zip(&mut trees.len).filter(|(_, len)| **len == NONE).for_each(|(first, len)| (*first, *len) = (0, 0));
        trees.by_storage = (0..).take(count).collect();
        trees.by_storage.sort_unstable_by_key(|&tree| trees.first[tree as usize]);
        trees.broken.sort_unstable();
        trees.broken.dedup();
        trees
    }

    /// Notes where a tree's edits are. One that several packs hold is read several times: what depends on the least counts.
    fn take(&mut self, start: usize, record: Record) {
        let tree = record.tree as usize;
        let known = (self.len[tree] != NONE).then(|| (self.bases[tree] != NONE, self.bases[tree]));
        if known.is_some_and(|known| known <= (record.base != NONE, record.base)) {
            return;
        }
        let Ok(first) = u32::try_from(start + record.first as usize) else {
            self.broken.push(self.places.object(record.tree));
            return;
        };
        (self.bases[tree], self.first[tree], self.len[tree]) = (record.base, first, record.len);
    }

    /// Packs can hold one tree as a change to another and the other way round. Chains of bases must end; where one does not, a tree is lost.
    fn cut_circles(&mut self) {
        let mut seen = vec![NONE; self.bases.len()];
        for start in (0..).take(self.bases.len()) {
            let mut tree = start;
            while seen[tree as usize] == NONE {
                seen[tree as usize] = start;
                let base = self.bases[tree as usize];
                if base == NONE {
                    break;
                }
                if seen[base as usize] == start {
                    self.bases[tree as usize] = NONE;
                    self.broken.push(self.places.object(tree));
                    break;
                }
                tree = base;
            }
        }
    }

    /// Gives all names numbers in their order, and a table from each part's own numbers to these.
    fn join_names(&mut self, parts: &[TreePart]) -> Vec<Vec<u32>> {
        let mut all: Vec<(&[u8], usize, usize, u32)> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            for (kind, names) in part.names.iter().enumerate() {
                all.extend(names.iter().map(|(name, &number)| (&**name, kind, at, number)));
            }
        }
        all.sort_unstable();
        let mut tables: Vec<Vec<u32>> = parts.iter().map(|part| vec![0; part.names[0].len() + part.names[1].len()]).collect();
        let mut last = None;
        for (name, kind, part, number) in all {
            if last != Some((name, kind)) && self.names.ends.len() < MOST_NAMES {
                self.names.bytes.extend_from_slice(name);
                self.names.ends.push(self.names.bytes.len());
                last = Some((name, kind));
            }
            tables[part][number as usize] = u32::try_from(self.names.ends.len() - 1).unwrap_or_default();
        }
        tables
    }

    /// Gives the ids of what is missing places in their order, and a table from each part's own places to these.
    fn join_missing(&mut self, parts: &[TreePart]) -> Vec<Vec<u32>> {
        let ids =
            parts.iter().flat_map(|part| part.missing.keys()).filter_map(|id| gix::oid::try_from_bytes(id).ok().map(ToOwned::to_owned));
        let mut all: Vec<ObjectId> = ids.collect();
        all.sort_unstable();
        all.dedup();
        let place = |id: &[u8]| all.binary_search_by(|other| other.as_bytes().cmp(id)).map_or(NONE, |at| u32::try_from(at).unwrap_or(NONE));
        let mut tables: Vec<Vec<u32>> = parts.iter().map(|part| vec![NONE; part.missing.len()]).collect();
        for (part, table) in parts.iter().zip(&mut tables) {
            part.missing.iter().for_each(|(id, &number)| table[number as usize] = place(id));
        }
        self.missing = all;
        tables
    }

    /// How many trees there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Bytes of memory that the tables take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.places.bytes() + self.bases.len() * 5 * 4 + self.edits.len() * size_of::<Edit>() + self.names.bytes.len()
    }

    /// All trees, in the order in which their edits are looked at the fastest.
    pub(crate) fn by_storage(&self) -> &[u32] {
        &self.by_storage
    }

    /// The place of the tree that is this object.
    pub(crate) fn place(&self, object: u32) -> Option<u32> {
        self.places.get(object)
    }

    /// The object that a tree is.
    pub(crate) fn object(&self, tree: u32) -> u32 {
        self.places.object(tree)
    }

    /// The tree that the edits of this one change.
    pub(crate) fn base(&self, tree: u32) -> Option<u32> {
        Some(self.bases[tree as usize]).filter(|&base| base != NONE)
    }

    /// What a tree has that its base has not, and what it has not.
    pub(crate) fn edits(&self, tree: u32) -> &[Edit] {
        &self.edits[self.first[tree as usize] as usize..][..self.len[tree as usize] as usize]
    }

    /// A name as bytes.
    pub(crate) fn name(&self, name: u32) -> &[u8] {
        let start = if name == 0 { 0 } else { self.names.ends[name as usize - 1] };
        &self.names.bytes[start..self.names.ends[name as usize]]
    }

    /// The path of the entry with a name in a tree, `(NONE, _)` for none, where `via` tells in which entry a tree is itself.
    pub(crate) fn path(&self, entry: (u32, u32), via: impl Fn(u32) -> (u32, u32)) -> BString {
        let mut names = Vec::new();
        let mut len = 0;
        let mut at = entry;
        while at.0 != NONE && len < MOST_PATH {
            names.push(self.name(at.1));
            len += self.name(at.1).len() + 1;
            at = via(at.0);
        }
        names.reverse();
        names.join(&b'/').into()
    }

    /// How many names there are.
    pub(crate) fn names(&self) -> usize {
        self.names.ends.len()
    }

    /// How many edits may be looked at to put trees together from their bases. It is far more than real repositories need; packs can be made
    /// so that a short chain of bases is not to be had.
    pub(crate) fn most_work(&self) -> usize {
        self.most_work
    }

    /// Another limit than the usual one.
    #[cfg(test)]
    pub(crate) fn set_most_work(&mut self, most: usize) {
        self.most_work = most;
    }

    /// Every entry of a tree that is `wanted`, in order of names, in `entries`. Looks no further than the first base that `stop` says yes to,
    /// whose entries are left out where they are unchanged. Gives the number of edits looked at.
    pub(crate) fn entries(
        &self,
        tree: u32,
        stop: impl Fn(u32) -> bool,
        wanted: impl Fn(&Edit) -> bool,
        met: &mut Met,
        entries: &mut Vec<Edit>,
    ) -> usize {
        entries.clear();
        met.start(self.names());
        let mut looked_at = 0;
        let mut next = Some(tree);
        let mut depth = 0;
        while let Some(tree) = next.filter(|&tree| depth == 0 || !stop(tree)) {
            let edits = self.edits(tree);
            let are_in = edits.iter().filter(|edit| met.is_first(edit.name(), depth) && edit.class() != Class::Gone && wanted(edit));
            entries.extend(are_in);
            looked_at += edits.len();
            depth += 1;
            next = self.base(tree);
        }
        entries.sort_by_key(|entry| entry.name());
        looked_at
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::tree_changes::tests::{delta, tree};
    use super::*;
    use proptest::prelude::*;

    /// The object that has `id`, where objects from 900 on are missing.
    fn number(id: &[u8]) -> Option<u32> {
        Some(u32::from_be_bytes(id[16..].try_into().unwrap())).filter(|&number| number < 900)
    }

    /// A tree as tests write it: its object, its base's place in the list, and its entries `(mode, name, object)`.
    pub(crate) type Plain = (u32, Option<usize>, Vec<(u32, String, u32)>);

    fn numbers(ids: &[u8]) -> Vec<Option<u32>> {
        ids.chunks_exact(20).map(number).collect()
    }

    /// The tables of `plain`, which is in order of bases; read by two threads.
    pub(crate) fn trees(plain: &[Plain]) -> Trees {
        let mut objects: Vec<u32> = plain.iter().map(|(object, ..)| *object).collect();
        objects.sort_unstable();
        let places = Places::new(900, objects.into_iter());
        let mut readers = [TreeReader::new(&places, 20, numbers), TreeReader::new(&places, 20, numbers)];
        let bytes: Vec<Vec<u8>> = plain.iter().map(|(_, _, entries)| bytes_of(entries)).collect();
        let mut frames: Vec<Frame> = Vec::new();
        for (at, (object, base, _)) in plain.iter().enumerate() {
            let reader = &mut readers[at % 2];
            frames.push(match base {
                None => reader.whole(*object, &bytes[at]),
                Some(base) => {
                    let (payload, ops) = delta(&bytes[*base], &bytes[at], 6);
                    let delta = Delta { payload: &payload, ops: &ops, len: bytes[at].len() };
                    reader.changed(*object, &frames[*base], &bytes[*base], &delta, true)
                }
            });
        }
        let parts = readers.into_iter().map(TreeReader::into_part).collect();
        Trees::new(places, parts)
    }

    fn bytes_of(entries: &[(u32, String, u32)]) -> Vec<u8> {
        let entries: Vec<_> = entries.iter().map(|(mode, name, object)| (*mode, name.as_str(), *object)).collect();
        tree(&entries)
    }

    fn shown(trees: &Trees, object: u32) -> Vec<(String, Class, u32)> {
        let mut entries = Vec::new();
        trees.entries(trees.place(object).unwrap(), |_| false, |_| true, &mut Met::default(), &mut entries);
        let name = |edit: &Edit| String::from_utf8(trees.name(edit.name()).to_vec()).unwrap();
        entries.iter().map(|edit| (name(edit), edit.class(), edit.child)).collect()
    }

    #[test]
    fn entries_are_of_every_class() {
        let entries = [
            (0o160_000, "a", 5),
            (0o100_644, "b", 6),
            (0o120_000, "c", 7),
            (0o040_000, "d", 2),
            (0o100_755, "e", 950),
            (0o040_000, "f", 6),
        ];
        let trees = trees(&[(2, None, vec![]), (3, None, entries.map(|(mode, name, object)| (mode, name.to_owned(), object)).to_vec())]);
        let expected = [
            ("a", Class::Submodule, NONE),
            ("b", Class::File, 6),
            ("c", Class::Link, 7),
            ("d", Class::Tree, 0),
            ("e", Class::Missing, 0),
            ("f", Class::File, 6),
        ];
        assert_eq!(shown(&trees, 3), expected.map(|(name, class, child)| (name.to_owned(), class, child)));
        assert_eq!(trees.missing.iter().map(|id| number(&[&id.as_bytes()[..18], &[0, 1]].concat())).collect::<Vec<_>>(), [Some(1)]);
    }

    #[test]
    fn trees_out_of_order_keep_every_entry() {
        let file = |name: &str, object| (0o100_644, name.to_owned(), object);
        let wrong = vec![file("b", 5), file("a", 6), file("b", 7)];
        let changed = vec![file("b", 5), file("a", 8), file("b", 7)];
        let trees = trees(&[(1, None, wrong), (2, Some(0), changed.clone()), (3, Some(1), vec![file("a", 8), file("b", 5)])]);
        let entry = |name: &str, object| (name.to_owned(), Class::File, object);
        assert_eq!(shown(&trees, 1), [entry("a", 6), entry("b", 5), entry("b", 7)]);
        assert_eq!(shown(&trees, 2), [entry("a", 8), entry("b", 5), entry("b", 7)]);
        assert_eq!(shown(&trees, 3), [entry("a", 8), entry("b", 5)]);
    }

    #[test]
    fn broken_trees_are_named_and_do_not_spread() {
        let places = Places::new(9, [1, 2, 4].into_iter());
        let mut reader = TreeReader::new(&places, 20, numbers);
        let good = tree(&[(0o100_644, "a", 5)]);
        let base = reader.whole(1, b"cut");
        let (payload, ops) = delta(b"cut", &good, 4);
        reader.changed(2, &base, b"cut", &Delta { payload: &payload, ops: &ops, len: good.len() }, false);
        reader.whole(7, &good);
        let trees = Trees::new(Places::new(9, [1, 2, 4].into_iter()), vec![reader.into_part()]);
        assert_eq!(trees.broken, [1, 7]);
        assert_eq!((shown(&trees, 1), shown(&trees, 2), shown(&trees, 4)), (vec![], vec![("a".to_owned(), Class::File, 5)], vec![]));
    }

    #[test]
    fn bases_in_a_circle_are_cut() {
        let places = || Places::new(9, [1, 2].into_iter());
        let record = |tree, base| Record { tree, base, first: 0, len: 0 };
        let part = TreePart {
            names: <[_; 2]>::default(),
            missing: Quick::default(),
            records: vec![record(0, 1), record(1, 0)],
            edits: vec![],
            broken: vec![],
            is_odd: false,
        };
        let trees = Trees::new(places(), vec![part]);
        assert_eq!((trees.base(0), trees.base(1), &trees.broken[..]), (Some(1), None, &[2][..]));
    }

    proptest! {
        #[test]
        fn entries_are_those_of_the_objects(list in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::btree_map("[a-d]{1,2}", 0..40_u32, 0..9)), 1..8)) {
            let plain: Vec<Plain> = list.iter().enumerate().map(|(at, (base, entries))| {
                let base = (at > 0 && base.index(3) > 0).then(|| base.index(at.max(1)));
                (u32::try_from(at * 3 % 40).unwrap(), base, entries.iter().map(|(name, object)| (0o100_644, name.clone(), object + 40)).collect())
            }).collect();
            let trees = trees(&plain);
            for (object, _, entries) in &plain {
                let expected: Vec<_> = entries.iter().map(|(_, name, object)| (name.clone(), Class::File, *object)).collect();
                prop_assert_eq!(shown(&trees, *object), expected);
            }
        }
    }
}
