//! All commits in memory, by number. Owns: reading their headers, their order, what can be reached. Must not: keep what people wrote.
//!
//! A commit's place is its place among all commits in order of their object numbers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use data_encoding::HEXLOWER_PERMISSIVE;

use super::bits::Bits;
use super::waiting::Waiting;
use super::{NONE, place_of};

/// Reads commits, for one thread. `N` tells the numbers of the objects with ids, which stand one behind the other.
#[derive(Debug)]
pub(crate) struct CommitReader<N> {
    numbers: N,
    id_len: usize,
    waiting: Waiting<Link>,
    part: CommitPart,
}

/// Commits that a thread has read.
#[derive(Debug, Default)]
pub(crate) struct CommitPart {
    read: Vec<Read>,
    /// Those that are not there are [`NONE`].
    parents: Vec<u32>,
    /// The ids of trees that are not there, with the object that names each.
    pub(crate) missing: Vec<(u32, Vec<u8>)>,
    /// The same for parents.
    pub(crate) cut: Vec<(u32, Vec<u8>)>,
    /// Objects that are no whole commits.
    pub(crate) broken: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Read {
    object: u32,
    tree: u32,
    first_parent: u32,
    parents: u32,
    time: i64,
}

/// What an id is wanted for.
#[derive(Debug, Clone, Copy)]
struct Link {
    /// The commit that has it, by object.
    object: u32,
    to: To,
}

/// What a commit names, by its place in a [`CommitPart`].
#[derive(Debug, Clone, Copy)]
enum To {
    Tree(usize),
    Parent(usize),
}

impl<N: Fn(&[u8]) -> Vec<Option<u32>>> CommitReader<N> {
    /// A reader of commits in a repository whose ids have `id_len` bytes.
    pub(crate) fn new(id_len: usize, numbers: N) -> Self {
        Self { numbers, id_len, waiting: Waiting::new(id_len), part: CommitPart::default() }
    }

    /// Reads the header of a commit.
    pub(crate) fn read(&mut self, object: u32, bytes: &[u8]) {
        let Some((tree, mut rest)) = id_line(bytes, b"tree ") else { return self.part.broken.push(object) };
        let Ok(first_parent) = u32::try_from(self.part.parents.len()) else { return self.part.broken.push(object) };
        let mut is_time = self.link(&tree, Link { object, to: To::Tree(self.part.read.len()) });
        while let Some((parent, after)) = id_line(rest, b"parent ") {
            rest = after;
            let place = self.part.parents.len();
            self.part.parents.push(NONE);
            is_time |= self.link(&parent, Link { object, to: To::Parent(place) });
        }
        let parents = u32::try_from(self.part.parents.len()).unwrap_or(u32::MAX) - first_parent;
        let time = committer_time(rest).unwrap_or_default();
        self.part.read.push(Read { object, tree: NONE, first_parent, parents, time });
        if is_time {
            self.settle();
        }
    }

    /// Has an id looked up, if it can be one here; tells whether it is time to settle.
    fn link(&mut self, id: &Id, link: Link) -> bool {
        let id = id.as_bytes();
        if id.len() == self.id_len {
            return self.waiting.add(id, link);
        }
        self.part.unknown(link, id);
        false
    }

    /// Looks up what commits name.
    fn settle(&mut self) {
        let part = &mut self.part;
        self.waiting.settle(&self.numbers, |link, id, number| match (link.to, number) {
            (To::Tree(read), Some(tree)) => part.read[read].tree = tree,
            (To::Parent(place), Some(parent)) => part.parents[place] = parent,
            (_, None) => part.unknown(link, id),
        });
    }

    /// What was read, without what it took to read it.
    pub(crate) fn into_part(mut self) -> CommitPart {
        self.settle();
        self.part
    }
}

impl CommitPart {
    fn unknown(&mut self, link: Link, id: &[u8]) {
        let of = if matches!(link.to, To::Tree(_)) { &mut self.missing } else { &mut self.cut };
        of.push((link.object, id.to_vec()));
    }

    /// Parents that are there and cannot be read, each after the commit that names it.
    pub(crate) fn unread<'r>(&'r self, commits: &'r Commits) -> impl Iterator<Item = (u32, u32)> {
        let is_unread = |&&parent: &&u32| parent != NONE && commits.place(parent).is_none();
        self.read.iter().flat_map(move |read| {
            let parents = &self.parents[read.first_parent as usize..][..read.parents as usize];
            parents.iter().filter(is_unread).map(move |&parent| (read.object, parent))
        })
    }
}

/// An id that text spells.
struct Id {
    bytes: [u8; MOST_ID],
    len: usize,
}

/// Bytes of the longest id.
const MOST_ID: usize = 32;

impl Id {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The id in a line `name HEX`, and what follows the line.
fn id_line<'b>(bytes: &'b [u8], name: &[u8]) -> Option<(Id, &'b [u8])> {
    let rest = bytes.strip_prefix(name)?;
    let end = memchr::memchr(b'\n', &rest[..rest.len().min(2 * MOST_ID + 1)])?;
    let mut id = Id { bytes: [0; MOST_ID], len: HEXLOWER_PERMISSIVE.decode_len(end).ok()? };
    HEXLOWER_PERMISSIVE.decode_mut(&rest[..end], &mut id.bytes[..id.len]).ok()?;
    Some((id, &rest[end + 1..]))
}

/// Seconds since 1970 in the committer line, which comes after the author's.
pub(crate) fn committer_time(header: &[u8]) -> Option<i64> {
    let line = header.split(|&byte| byte == b'\n').take_while(|line| !line.is_empty()).find(|line| line.starts_with(b"committer "))?;
    let after_mail = &line[memchr::memrchr(b'>', line)? + 1..];
    let seconds = after_mail.split(|&byte| byte == b' ').find(|word| !word.is_empty())?;
    std::str::from_utf8(seconds).ok()?.parse().ok()
}

/// The commits of a repository.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    objects: Vec<u32>,
    trees: Vec<u32>,
    times: Vec<i64>,
    first_parent: Vec<u32>,
    parents: Vec<u32>,
}

impl Commits {
    /// Joins what the threads read.
    pub(crate) fn new(parts: &[CommitPart]) -> Self {
        let mut all: Vec<(Read, &CommitPart)> = parts.iter().flat_map(|part| part.read.iter().map(move |read| (*read, part))).collect();
        all.sort_unstable_by_key(|(read, _)| read.object);
        all.dedup_by_key(|(read, _)| read.object);
        let mut commits = Self {
            objects: all.iter().map(|(read, _)| read.object).collect(),
            trees: all.iter().map(|(read, _)| read.tree).collect(),
            times: all.iter().map(|(read, _)| read.time).collect(),
            ..Self::default()
        };
        for (read, part) in all {
            commits.first_parent.push(u32::try_from(commits.parents.len()).unwrap_or(u32::MAX));
            let parents = &part.parents[read.first_parent as usize..][..read.parents as usize];
            commits.parents.extend(parents.iter().filter_map(|&object| place_of(&commits.objects, object)));
        }
        commits.first_parent.push(u32::try_from(commits.parents.len()).unwrap_or(u32::MAX));
        commits
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The place of the commit that is this object.
    pub(crate) fn place(&self, object: u32) -> Option<u32> {
        place_of(&self.objects, object)
    }

    /// The object that a commit is.
    pub(crate) fn object(&self, commit: u32) -> u32 {
        self.objects[commit as usize]
    }

    /// The object that a commit's tree is; none where it is missing.
    pub(crate) fn tree(&self, commit: u32) -> Option<u32> {
        Some(self.trees[commit as usize]).filter(|&tree| tree != NONE)
    }

    /// Seconds since 1970 by the committer's clock.
    pub(crate) fn time(&self, commit: u32) -> i64 {
        self.times[commit as usize]
    }

    /// Its parents, those that are there.
    pub(crate) fn parents(&self, commit: u32) -> &[u32] {
        &self.parents[self.first_parent[commit as usize] as usize..self.first_parent[commit as usize + 1] as usize]
    }

    /// The commits in the histories of `tips`.
    pub(crate) fn reached(&self, tips: impl IntoIterator<Item = u32>) -> Bits {
        let mut reached = Bits::new(self.len());
        let mut waiting: Vec<u32> = tips.into_iter().filter(|&tip| reached.add(tip)).collect();
        while let Some(commit) = waiting.pop() {
            waiting.extend(self.parents(commit).iter().filter(|&&parent| reached.add(parent)));
        }
        reached
    }

    /// Those of `wanted`, parents before children, else older before newer. Damaged histories that go round in circles have no such
    /// order; their commits come last.
    pub(crate) fn oldest_first(&self, wanted: &Bits) -> Vec<u32> {
        let (first_child, children) = self.children(wanted);
        let mut waiting_for: Vec<u32> = vec![0; self.len()];
        let mut ready = BinaryHeap::new();
        for commit in wanted.iter() {
            let parents = self.parents(commit).iter().filter(|&&parent| wanted.has(parent)).count();
            waiting_for[commit as usize] = u32::try_from(parents).unwrap_or(u32::MAX);
            if parents == 0 {
                ready.push(Reverse((self.times[commit as usize], commit)));
            }
        }
        let mut order = Vec::new();
        while let Some(Reverse((_, commit))) = ready.pop() {
            order.push(commit);
            for &child in &children[first_child[commit as usize] as usize..first_child[commit as usize + 1] as usize] {
                waiting_for[child as usize] -= 1;
                if waiting_for[child as usize] == 0 {
                    ready.push(Reverse((self.times[child as usize], child)));
                }
            }
        }
        order.extend(wanted.iter().filter(|&commit| waiting_for[commit as usize] != 0));
        order
    }

    /// The children of each commit, as ranges of one list.
    fn children(&self, wanted: &Bits) -> (Vec<u32>, Vec<u32>) {
        let edges = || wanted.iter().flat_map(|child| self.parents(child).iter().map(move |&parent| (parent, child)));
        let mut first = vec![0_u32; self.len() + 2];
        for (parent, _) in edges() {
            first[parent as usize + 2] += 1;
        }
        for at in 2..first.len() {
            first[at] += first[at - 1];
        }
        let mut children = vec![0; first[first.len() - 1] as usize];
        for (parent, child) in edges() {
            let slot = &mut first[parent as usize + 1];
            children[*slot as usize] = child;
            *slot += 1;
        }
        first.pop();
        (first, children)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A table of commits `(object, tree, parents' objects, time)`.
    pub(crate) fn commits(of: &[(u32, u32, Vec<u32>, i64)]) -> Commits {
        let hex = |object: u32| format!("{object:040x}");
        let number = |id: &[u8]| Some(u32::from_be_bytes(id[16..].try_into().unwrap()));
        let numbers = |ids: &[u8]| ids.chunks_exact(20).map(number).collect();
        let mut readers = [CommitReader::new(20, numbers), CommitReader::new(20, numbers)];
        for (at, (object, tree, parents, time)) in of.iter().enumerate() {
            let parents = parents.iter().map(|&parent| format!("parent {}\n", hex(parent))).collect::<Vec<_>>().concat();
            let text = format!("tree {}\n{parents}author A <a> 7 +0000\ncommitter C> <c> {time} +0100\n\nparent {}\n", hex(*tree), hex(1));
            readers[at % 2].read(*object, text.as_bytes());
        }
        let parts = readers.map(CommitReader::into_part);
        assert!(parts.iter().all(|part| part.broken.is_empty() && part.missing.is_empty()));
        Commits::new(&parts)
    }

    #[test]
    fn headers_are_read_and_nothing_else() {
        let commits = commits(&[(9, 1, vec![5, 7], -3), (5, 2, vec![], 4), (7, 3, vec![5], 1 << 40)]);
        assert_eq!((0..3).map(|commit| commits.object(commit)).collect::<Vec<_>>(), [5, 7, 9]);
        assert_eq!((0..3).map(|commit| commits.tree(commit)).collect::<Vec<_>>(), [Some(2), Some(3), Some(1)]);
        assert_eq!((0..3).map(|commit| commits.parents(commit).to_vec()).collect::<Vec<_>>(), [vec![], vec![0], vec![0, 1]]);
        assert_eq!(commits.times, [4, 1 << 40, -3]);
        assert_eq!((commits.place(7), commits.place(6)), (Some(1), None));
    }

    #[test]
    fn what_is_missing_or_broken_is_named() {
        let mut reader = CommitReader::new(20, |ids: &[u8]| vec![None; ids.len() / 20]);
        let id = "12".repeat(20);
        reader.read(3, format!("tree {id}\nparent {id}\nparent 1234\nauthor").as_bytes());
        reader.read(4, b"parent");
        reader.read(5, b"tree 12\xff\n");
        reader.read(6, format!("tree {}\n", "1".repeat(39)).as_bytes());
        let part = reader.into_part();
        assert_eq!(part.missing, [(3, vec![0x12; 20])]);
        assert_eq!(part.cut, [(3, vec![0x12, 0x34]), (3, vec![0x12; 20])]);
        assert_eq!(part.broken, [4, 5, 6]);
        let commits = Commits::new(&[part]);
        assert_eq!((commits.len(), commits.tree(0), commits.parents(0)), (1, None, &[][..]));
    }

    #[test]
    fn circles_end() {
        let commits = commits(&[(1, 0, vec![2], 0), (2, 0, vec![1], 0), (3, 0, vec![], 0), (4, 0, vec![3, 2, 3], 0)]);
        let reached = commits.reached([3]);
        assert_eq!(reached.iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(commits.oldest_first(&reached), [2, 0, 1, 3]);
    }

    proptest! {
        #[test]
        fn parents_come_before_children(edges in prop::collection::vec((prop::collection::vec(0..30_u32, 0..4), 0..50_i64), 1..30), tip in 0..30_u32) {
            let all: Vec<_> = edges.iter().zip(0_u32..).map(|((parents, time), at)| {
                let parents = parents.iter().copied().filter(|&parent| parent < at).collect::<Vec<_>>();
                // Numbers that are not in the order of the history.
                (at * 7 % 31, 0, parents.iter().map(|parent| parent * 7 % 31).collect(), *time)
            }).collect();
            let commits = commits(&all);
            let reached = commits.reached(commits.place(tip));
            let order = commits.oldest_first(&reached);
            prop_assert_eq!(order.len(), reached.iter().count());
            for (at, &commit) in order.iter().enumerate() {
                for parent in commits.parents(commit) {
                    prop_assert!(order[..at].contains(parent));
                }
            }
        }
    }
}
