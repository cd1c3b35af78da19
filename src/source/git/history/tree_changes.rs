//! What one tree object has that another has not, read off the delta between them. Owns: the format of tree objects, and finding their
//! entries without reading what a delta copies. Must not: know objects.
//!
//! Format: `MODE SP NAME NUL ID` for each entry, the mode in octal, in order of names, where those of subtrees count as if they ended in `/`.

use std::cmp::Ordering;

use bstr::ByteSlice;
use gix::objs::tree::name_order;

use crate::source::git::pack::delta::{Delta, Op};

/// An entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'t> {
    /// As in the file system: type and permissions.
    pub(crate) mode: u32,
    /// Its name.
    pub(crate) name: &'t [u8],
    /// The object's id.
    pub(crate) id: &'t [u8],
}

impl Entry<'_> {
    /// Whether it says to be a subtree.
    pub(crate) fn is_tree(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }

    fn cmp(&self, other: &Entry<'_>) -> Ordering {
        name_order(self.name.as_bstr(), self.is_tree(), other.name.as_bstr(), other.is_tree())
    }
}

/// The entry at the start of `bytes`, and its length.
fn first_entry(bytes: &[u8], id_len: usize) -> Option<(Entry<'_>, usize)> {
    let mut mode = 0_u32;
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            b' ' if at > 0 => break,
            digit @ b'0'..=b'7' if mode < 1 << 24 => mode = mode << 3 | u32::from(digit - b'0'),
            _ => return None,
        }
        at += 1;
    }
    let name = at + 1;
    let end = name + memchr::memchr(0, &bytes[name..])?;
    let len = end + 1 + id_len;
    Some((Entry { mode, name: &bytes[name..end], id: bytes.get(end + 1..len)? }, len))
}

/// Where the entries of a tree start, in order, and where the last one ends.
pub(crate) type Layout = Vec<u32>;

/// How a tree was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Its names are in order, so each is there once.
    Right,
    /// They are not.
    Wrong,
}

/// What is done to one tree to get another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change<'t> {
    /// The entry is there, whatever the other tree has under the name.
    Put(Entry<'t>),
    /// The other tree's entry is not there.
    Gone(Entry<'t>),
}

/// Compares trees; keeps its buffers for the next ones.
#[derive(Debug)]
pub(crate) struct Differ {
    id_len: usize,
    /// The entries that were read, not copied, one behind the other, and where each starts.
    text: Vec<u8>,
    read: Vec<u32>,
    /// Runs of the base's entries that were copied, by their places, in order.
    kept: Vec<(u32, u32)>,
    layout: Layout,
}

/// A position in the object that a delta makes.
#[derive(Clone, Copy, Default)]
struct Cursor {
    op: usize,
    /// Bytes of the operation that are passed.
    within: usize,
}

impl Differ {
    /// For ids of `id_len` bytes.
    pub(crate) fn new(id_len: usize) -> Self {
        Self { id_len, text: Vec::new(), read: Vec::new(), kept: Vec::new(), layout: Layout::new() }
    }

    /// The layout of the tree that was read last.
    pub(crate) fn layout(&self) -> &[u32] {
        &self.layout
    }

    /// Reads a tree that is stored whole. None where it is no tree, or cut off.
    pub(crate) fn whole(&mut self, bytes: &[u8]) -> Option<Order> {
        let len = bytes.len();
        let op = [Op::Insert { from: 0, len }];
        let ops = if bytes.is_empty() { &[][..] } else { &op };
        self.changed(&[], &[], &Delta { payload: bytes, ops, len }, true)
    }

    /// Reads the tree that `delta` makes of `base`. The layout is that of the base; an empty one has each entry read. Whether this tree's own
    /// layout is noted is up to `wants_layout`. None where it is no tree, or cut off.
    pub(crate) fn changed(&mut self, base: &[u8], layout: &[u32], delta: &Delta<'_>, wants_layout: bool) -> Option<Order> {
        u32::try_from(delta.len).ok()?;
        self.text.clear();
        self.read.clear();
        self.kept.clear();
        self.layout.clear();
        let starts = &layout[..layout.len().saturating_sub(1)];
        let mut cursor = Cursor::default();
        let mut at = 0_u32;
        let mut next_kept = 0;
        let mut order = Order::Right;
        // The entry before, as bytes of the base or of `text`.
        let mut before: Option<(bool, usize)> = None;
        while let Some(op) = delta.ops.get(cursor.op) {
            let len = match *op {
                Op::Copy { from, len } => {
                    let (start, end) = (from + cursor.within, from + len);
                    if let Some((first, last)) = whole_entries(starts, layout, next_kept, start, end) {
                        if self.compare(base, before, base, layout[first] as usize) != Ordering::Less {
                            order = Order::Wrong;
                        }
                        before = Some((true, layout[last - 1] as usize));
                        if wants_layout {
                            self.layout.extend(layout[first..last].iter().map(|entry| entry - layout[first] + at));
                        }
                        self.kept.push((place(first), place(last)));
                        next_kept = last;
                        let len = layout[last] - layout[first];
                        at += len;
                        cursor.within += len as usize;
                        if cursor.within == op_len(op) {
                            cursor = Cursor { op: cursor.op + 1, within: 0 };
                        }
                        continue;
                    }
                    len
                }
                Op::Insert { len, .. } => len,
            };
            debug_assert!(cursor.within < len, "because an operation that is done is left");
            if wants_layout {
                self.layout.push(at);
            }
            let start = self.text.len();
            at += self.read_entry(base, delta, &mut cursor)?;
            if self.compare(base, before, &self.text, start) != Ordering::Less {
                order = Order::Wrong;
            }
            before = Some((false, start));
            self.read.push(place(start));
        }
        self.layout.push(at);
        Some(order)
    }

    /// Compares the entry before, which starts at `before.1` in the base (if `before.0`) or the text, with the one at `start` of `bytes`.
    fn compare(&self, base: &[u8], before: Option<(bool, usize)>, bytes: &[u8], start: usize) -> Ordering {
        let Some((in_base, at)) = before else { return Ordering::Less };
        let earlier = first_entry(if in_base { &base[at..] } else { &self.text[at..] }, self.id_len);
        match (earlier, first_entry(&bytes[start..], self.id_len)) {
            (Some((earlier, _)), Some((later, _))) => earlier.cmp(&later),
            _ => Ordering::Equal,
        }
    }

    /// Appends the entry at the cursor to the text, moves on, and gives its length.
    fn read_entry(&mut self, base: &[u8], delta: &Delta<'_>, cursor: &mut Cursor) -> Option<u32> {
        let start = self.text.len();
        let mut ahead = *cursor;
        // Most entries are shorter than this.
        let mut want = 64 + self.id_len;
        let len = loop {
            let before = self.text.len();
            while self.text.len() < start + want {
                let Some(op) = delta.ops.get(ahead.op) else { break };
                let left = op_len(op) - ahead.within;
                let take = left.min(start + want - self.text.len());
                let source = match *op {
                    Op::Copy { from, .. } => &base[from + ahead.within..][..take],
                    Op::Insert { from, .. } => &delta.payload[from + ahead.within..][..take],
                };
                self.text.extend_from_slice(source);
                ahead = if take == left { Cursor { op: ahead.op + 1, within: 0 } } else { Cursor { within: ahead.within + take, ..ahead } };
            }
            if let Some((_, len)) = first_entry(&self.text[start..], self.id_len) {
                break len;
            }
            if self.text.len() == before {
                return None;
            }
            want *= 2;
        };
        self.text.truncate(start + len);
        let mut left = len;
        while left > 0 {
            let rest = op_len(&delta.ops[cursor.op]) - cursor.within;
            if left < rest {
                cursor.within += left;
                break;
            }
            left -= rest;
            *cursor = Cursor { op: cursor.op + 1, within: 0 };
        }
        u32::try_from(len).ok()
    }

    /// Every entry that was read. It is every entry of the tree where nothing was copied.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.read.iter().filter_map(|&start| Some(first_entry(&self.text[start as usize..], self.id_len)?.0))
    }

    /// What the tree that was read last is, as changes to its base; both must be in order.
    pub(crate) fn changes<'t>(&'t self, base: &'t [u8], layout: &'t [u32], mut change: impl FnMut(Change<'t>)) {
        let mut put = self.entries().peekable();
        let count = place(layout.len().saturating_sub(1));
        let gaps = std::iter::once((0, 0)).chain(self.kept.iter().copied()).zip(self.kept.iter().copied().chain([(count, count)]));
        let gone = gaps.flat_map(|((_, from), (to, _))| from..to);
        for entry in gone.filter_map(|at| Some(first_entry(&base[layout[at as usize] as usize..], self.id_len)?.0)) {
            while let Some(earlier) = put.next_if(|put| put.cmp(&entry) == Ordering::Less) {
                change(Change::Put(earlier));
            }
            match put.next_if(|put| put.cmp(&entry) == Ordering::Equal) {
                Some(same) if same.id == entry.id && same.mode == entry.mode => {}
                Some(other) => change(Change::Put(other)),
                None => change(Change::Gone(entry)),
            }
        }
        put.for_each(|entry| change(Change::Put(entry)));
    }
}

/// The run of the base's entries, not before `next`, that starts at offset `start` and ends by `end`; none where no entry starts there.
fn whole_entries(starts: &[u32], layout: &[u32], next: usize, start: usize, end: usize) -> Option<(usize, usize)> {
    let first = next + starts.get(next..)?.binary_search_by(|&entry| (entry as usize).cmp(&start)).ok()?;
    let last = first + layout[first..].partition_point(|&entry| entry as usize <= end) - 1;
    (last > first).then_some((first, last))
}

fn op_len(op: &Op) -> usize {
    match *op {
        Op::Copy { len, .. } | Op::Insert { len, .. } => len,
    }
}

/// A place in a tree, of which 32 bits count the bytes.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use bstr::BStr;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const ID: usize = 20;

    /// A tree object of entries `(mode, name, number)`.
    pub(crate) fn tree(entries: &[(u32, &str, u32)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (mode, name, number) in entries {
            bytes.extend_from_slice(format!("{mode:o} {name}\0").as_bytes());
            bytes.extend_from_slice(&[0; ID - 4]);
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// A delta that makes `target` of `base`, with copies of at least `least` bytes.
    pub(crate) fn delta(base: &[u8], target: &[u8], least: usize) -> (Vec<u8>, Vec<Op>) {
        let (mut payload, mut ops) = (vec![0; 3], Vec::new());
        let mut at = 0;
        while at < target.len() {
            let matching = |from: usize| base[from..].iter().zip(&target[at..]).take_while(|(a, b)| a == b).count();
            let best = (0..base.len()).map(|from| (matching(from), from)).max().filter(|&(len, _)| len >= least);
            let (op, len) = if let Some((len, from)) = best {
                (Op::Copy { from, len }, len)
            } else {
                payload.push(target[at]);
                (Op::Insert { from: payload.len() - 1, len: 1 }, 1)
            };
            ops.push(op);
            at += len;
        }
        (payload, ops)
    }

    fn plain(bytes: &[u8]) -> Option<Vec<Entry<'_>>> {
        let mut entries = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (entry, len) = first_entry(rest, ID)?;
            entries.push(entry);
            rest = &rest[len..];
        }
        Some(entries)
    }

    type Key = (Vec<u8>, bool);

    fn key(entry: &Entry<'_>) -> Key {
        (entry.name.to_vec(), entry.is_tree())
    }

    fn arbitrary_tree() -> impl Strategy<Value = BTreeMap<String, (u32, u32)>> {
        let mode = prop::sample::select(vec![0o100_644, 0o100_755, 0o120_000, 0o040_000, 0o160_000]);
        prop::collection::btree_map("[ab]{1,3}|file[0-9]{1,2}\\.c", (mode, 0..5_u32), 0..14)
    }

    fn bytes_of(entries: &BTreeMap<String, (u32, u32)>) -> Vec<u8> {
        let mut list: Vec<_> = entries.iter().map(|(name, &(mode, number))| (mode, name.as_str(), number)).collect();
        list.sort_by(|a, b| name_order(BStr::new(a.1), a.0 == 0o040_000, BStr::new(b.1), b.0 == 0o040_000));
        tree(&list)
    }

    #[test]
    fn only_what_changed_is_read() {
        let names: Vec<String> = (10..60).map(|number| format!("file{number}")).collect();
        let mut entries: Vec<(u32, &str, u32)> = names.iter().map(|name| (0o100_644, name.as_str(), 7)).collect();
        let base = tree(&entries);
        entries[20].2 = 8;
        entries.remove(30);
        let target = tree(&entries);
        let mut differ = Differ::new(ID);
        assert_eq!(differ.whole(&base), Some(Order::Right));
        let layout = differ.layout().to_vec();
        let (payload, ops) = delta(&base, &target, 8);
        differ.changed(&base, &layout, &Delta { payload: &payload, ops: &ops, len: target.len() }, true);
        assert!(differ.read.len() <= 2, "{}", differ.read.len());
        let mut changes = Vec::new();
        differ.changes(&base, &layout, |change| changes.push(change));
        let id = |number: u8| [vec![0; ID - 1], vec![number]].concat();
        let put = Entry { mode: 0o100_644, name: b"file30", id: &id(8) };
        let gone = Entry { mode: 0o100_644, name: b"file40", id: &id(7) };
        assert_eq!(changes, [Change::Put(put), Change::Gone(gone)]);
    }

    #[test]
    fn wrong_order_is_noticed() {
        let mut differ = Differ::new(ID);
        let file = |name| (0o100_644, name, 1);
        assert_eq!(differ.whole(&tree(&[file("a"), file("b")])), Some(Order::Right));
        assert_eq!(differ.whole(&tree(&[file("b"), file("a")])), Some(Order::Wrong));
        assert_eq!(differ.whole(&tree(&[file("a"), file("a")])), Some(Order::Wrong));
        // A subtree comes where its name with a slash belongs.
        assert_eq!(differ.whole(&tree(&[file("a"), file("a.b"), (0o040_000, "a", 1)])), Some(Order::Right));
        assert_eq!(differ.whole(&tree(&[(0o040_000, "a", 1), file("a.b")])), Some(Order::Wrong));
        assert_eq!(differ.whole(b""), Some(Order::Right));
        for cut in ["", "100644", "100644 ", "100644 a", "100644 a\0", "x a\0", " a\0"] {
            assert_eq!(differ.whole(format!("{cut}123456789").as_bytes()), None, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn changes_are_those_that_plain_reading_gives(base in arbitrary_tree(), edits in prop::collection::vec((arbitrary_tree(), any::<bool>()), 1..3), least in 1..40_usize) {
            let mut target = base.clone();
            for (entries, add) in edits {
                if add { target.extend(entries) } else { target.retain(|name, _| !entries.contains_key(name)) }
            }
            let (base, target) = (bytes_of(&base), bytes_of(&target));
            let mut differ = Differ::new(ID);
            prop_assert_eq!(differ.whole(&base), Some(Order::Right));
            let layout = differ.layout().to_vec();
            let (payload, ops) = delta(&base, &target, least);
            let delta = Delta { payload: &payload, ops: &ops, len: target.len() };
            prop_assert_eq!(differ.changed(&base, &layout, &delta, true), Some(Order::Right));
            let own_layout = differ.layout().to_vec();
            let mut made: BTreeMap<Key, Entry<'_>> = plain(&base).unwrap().into_iter().map(|entry| (key(&entry), entry)).collect();
            let mut double = Vec::new();
            differ.changes(&base, &layout, |change| match change {
                Change::Put(entry) => double.extend(made.insert(key(&entry), entry).filter(|old| *old == entry)),
                Change::Gone(entry) => assert_eq!(made.remove(&key(&entry)), Some(entry)),
            });
            let expected: BTreeMap<Key, Entry<'_>> = plain(&target).unwrap().into_iter().map(|entry| (key(&entry), entry)).collect();
            prop_assert_eq!(made, expected);
            prop_assert_eq!(double, []);
            prop_assert_eq!(differ.whole(&target), Some(Order::Right));
            prop_assert_eq!(differ.layout(), &own_layout);
        }

        #[test]
        fn anything_is_read_without_harm(
            base in prop::collection::vec((prop::sample::select(vec![0o100_644_u32, 0o040_000]), "[ab]{1,2}", 0..3_u32), 0..8),
            copies in prop::collection::vec((any::<prop::sample::Index>(), 0..60_usize, prop::collection::vec(any::<u8>(), 0..30)), 0..6),
        ) {
            let entries: Vec<_> = base.iter().map(|(mode, name, number)| (*mode, name.as_str(), *number)).collect();
            let base = tree(&entries);
            let (mut payload, mut ops) = (Vec::new(), Vec::new());
            for (from, len, inserted) in copies {
                if !base.is_empty() {
                    let from = from.index(base.len());
                    let len = len.min(base.len() - from);
                    ops.extend((len > 0).then_some(Op::Copy { from, len }));
                }
                ops.extend((!inserted.is_empty()).then_some(Op::Insert { from: payload.len(), len: inserted.len() }));
                payload.extend(inserted);
            }
            let len = ops.iter().map(op_len).sum();
            let delta = Delta { payload: &payload, ops: &ops, len };
            let mut target = Vec::new();
            delta.apply(&base, &mut target);
            let mut differ = Differ::new(ID);
            let layout = match differ.whole(&base) {
                Some(Order::Right) => differ.layout().to_vec(),
                _ => Vec::new(),
            };
            let order = differ.changed(&base, &layout, &delta, true);
            let expected = plain(&target).map(|entries| if entries.is_sorted_by(|a, b| a.cmp(b) == Ordering::Less) { Order::Right } else { Order::Wrong });
            prop_assert_eq!(order, expected);
            // Without a layout every entry is read.
            prop_assert_eq!(differ.changed(&base, &[], &delta, false), expected);
            if let Some(expected) = plain(&target) {
                prop_assert_eq!(differ.entries().collect::<Vec<_>>(), expected);
            }
        }
    }
}
