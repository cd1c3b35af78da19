//! Filling the tables from the object database. Owns: the visitors of commits and trees. Must not: look objects up one by one.

use std::io::Read;

use gix::ObjectId;
use gix::objs::Kind;

use super::History;
use super::commits::{CommitPart, CommitReader, Commits};
use super::places::Places;
use super::trees::{Frame, TreeReader, Trees};
use crate::source::git::pack::Inventory;
use crate::source::git::pack::budget::Budget;
use crate::source::git::pack::packed::Broken;
use crate::source::git::pack::walk::{Limits, Version, Visitor, walk};

/// Is shown every commit as it is unpacked.
pub(crate) trait Listener: Send {
    /// A commit, by object, and its bytes.
    fn commit(&mut self, object: u32, bytes: &[u8]);
}

/// Reads all commits and all trees; each thread shows its commits to a listener. What `then` makes of the commits it makes while trees are read.
pub(crate) fn load<L: Listener, T: Send>(
    inventory: &Inventory,
    limits: Limits<'_>,
    listen: impl Fn() -> L,
    then: impl FnOnce(&Commits) -> T + Send,
) -> (History, Vec<L>, T) {
    let numbers = |ids: &[u8]| inventory.numbers_of(ids);
    let start = || CommitVisitor { reader: CommitReader::new(inventory.id_len(), numbers), listener: listen(), broken: Vec::new() };
    let mut parts = Vec::new();
    let mut listeners = Vec::new();
    let mut broken = Vec::new();
    for visitor in walk(inventory, Kind::Commit, limits, |_| true, start) {
        parts.push(visitor.reader.into_part());
        listeners.push(visitor.listener);
        broken.extend(visitor.broken);
    }
    let join = || {
        let commits = Commits::new(&parts);
        let gaps = gaps(inventory, &parts, &commits);
        let made = then(&commits);
        (commits, gaps, made)
    };
    let ((trees, lost), (commits, (cut, missing), made)) = limits.pool.join(|| trees(inventory, limits), join);
    broken.extend(lost);
    broken.sort_unstable_by_key(|&(object, _)| object);
    broken.dedup_by_key(|&mut (object, _)| object);
    (History { commits, trees, objects: inventory.len(), cut, missing, broken }, listeners, made)
}

/// What commits name and what cannot be had, each after the commit: parents, and root trees.
type Gaps = (Vec<(u32, ObjectId)>, Vec<(u32, ObjectId)>);

fn gaps(inventory: &Inventory, parts: &[CommitPart], commits: &Commits) -> Gaps {
    let named = |(commit, id): &(u32, Vec<u8>)| Some((*commit, ObjectId::try_from(id.as_slice()).ok()?));
    let absent = parts.iter().flat_map(|part| &part.cut).filter_map(named);
    let unread = parts.iter().flat_map(|part| part.unread(commits));
    let mut cut: Vec<_> = absent.chain(unread.map(|(commit, parent)| (commit, inventory.id(parent).to_owned()))).collect();
    let mut missing: Vec<_> = parts.iter().flat_map(|part| &part.missing).filter_map(named).collect();
    for gaps in [&mut cut, &mut missing] {
        gaps.sort_unstable();
        gaps.dedup();
    }
    (cut, missing)
}

/// All trees, and those that cannot be unpacked.
fn trees(inventory: &Inventory, limits: Limits<'_>) -> (Trees, Vec<(u32, Broken)>) {
    let numbers = |ids: &[u8]| inventory.numbers_of(ids);
    let is_tree = |&object: &u32| inventory.kind(object) == Some(Kind::Tree);
    let places = Places::new(inventory.len(), (0..inventory.len()).filter(is_tree));
    let start = || TreeVisitor { reader: TreeReader::new(&places, inventory.id_len(), numbers), broken: Vec::new() };
    let (parts, broken): (Vec<_>, Vec<_>) = walk(inventory, Kind::Tree, limits, |_| true, start)
        .into_iter()
        .map(|visitor| (visitor.reader.into_part(), visitor.broken))
        .unzip();
    (Trees::new(places, parts), broken.concat())
}

struct CommitVisitor<N, L> {
    reader: CommitReader<N>,
    listener: L,
    broken: Vec<(u32, Broken)>,
}

impl<N: Fn(&[u8]) -> Vec<Option<u32>> + Send, L: Listener> Visitor for CommitVisitor<N, L> {
    type Frame = ();

    fn whole(&mut self, object: u32, bytes: &[u8], _has_changes: bool) {
        self.reader.read(object, bytes);
        self.listener.commit(object, bytes);
    }

    fn changed(&mut self, _base: &(), version: &mut Version<'_>) -> Option<()> {
        let object = version.object;
        self.whole(object, version.bytes(), true);
        Some(())
    }

    fn large(&mut self, object: u32, size: u64, _content: &mut dyn Read) {
        self.broken.push((object, Broken::NoMemory(Budget::needed(size))));
    }

    fn broken(&mut self, object: u32, why: Broken) {
        self.broken.push((object, why));
    }
}

struct TreeVisitor<'p, N> {
    reader: TreeReader<'p, N>,
    broken: Vec<(u32, Broken)>,
}

impl<N: Fn(&[u8]) -> Vec<Option<u32>> + Send> Visitor for TreeVisitor<'_, N> {
    type Frame = Frame;

    fn whole(&mut self, object: u32, bytes: &[u8], _has_changes: bool) -> Frame {
        self.reader.whole(object, bytes)
    }

    fn changed(&mut self, base: &Frame, version: &mut Version<'_>) -> Option<Frame> {
        Some(self.reader.changed(version.object, base, version.base, &version.delta, version.has_changes))
    }

    fn large(&mut self, object: u32, size: u64, _content: &mut dyn Read) {
        self.broken.push((object, Broken::NoMemory(Budget::needed(size))));
    }

    fn broken(&mut self, object: u32, why: Broken) {
        self.broken.push((object, why));
    }
}
