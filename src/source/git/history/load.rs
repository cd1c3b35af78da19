//! Filling the tables from the object database. Owns: the visitors of commits and trees. Must not: look objects up one by one.

use std::io::Read;

use gix::ObjectId;
use gix::objs::Kind;

use super::History;
use super::commits::{CommitReader, Commits};
use super::trees::{Frame, Places, TreeReader, Trees};
use crate::source::git::pack::Inventory;
use crate::source::git::pack::packed::Broken;
use crate::source::git::pack::walk::{Version, Visitor, walk};

/// Bytes of a commit or a tree that is read, at most.
const MOST: u64 = 1 << 30;

/// Is shown every commit as it is unpacked.
pub(crate) trait Listener: Send {
    /// A commit, by object, and its bytes.
    fn commit(&mut self, object: u32, bytes: &[u8]);
}

/// Reads all commits and all trees, on so many threads; each thread shows its commits to a listener.
pub(crate) fn load<L: Listener>(inventory: &Inventory, threads: usize, listen: impl Fn() -> L) -> (History, Vec<L>) {
    let number = |id: &[u8]| inventory.number_of(id);
    let start = || CommitVisitor { reader: CommitReader::default(), number, listener: listen(), broken: Vec::new() };
    let mut readers = Vec::new();
    let mut listeners = Vec::new();
    let mut broken = Vec::new();
    for visitor in walk(inventory, Kind::Commit, MOST, threads, start) {
        readers.push(visitor.reader);
        listeners.push(visitor.listener);
        broken.extend(visitor.broken);
    }
    let commits = Commits::new(&readers);
    let cut = readers.iter().flat_map(|reader| {
        let absent = reader.cut.iter().filter_map(|(commit, id)| Some((*commit, ObjectId::try_from(id.as_slice()).ok()?)));
        absent.chain(reader.unread(&commits).map(|(commit, parent)| (commit, inventory.id(parent).to_owned())))
    });
    let mut cut: Vec<(u32, ObjectId)> = cut.collect();
    cut.sort_unstable();
    cut.dedup();
    let mut missing: Vec<(u32, ObjectId)> = readers
        .iter()
        .flat_map(|reader| &reader.missing)
        .filter_map(|(commit, id)| Some((*commit, ObjectId::try_from(id.as_slice()).ok()?)))
        .collect();
    missing.sort_unstable();
    drop(readers);
    let is_tree = |&object: &u32| inventory.kind(object) == Some(Kind::Tree);
    let places = Places::new(inventory.len(), (0..inventory.len()).filter(is_tree));
    let visitors = walk(inventory, Kind::Tree, MOST, threads, || TreeVisitor {
        reader: TreeReader::new(&places, inventory.id_len(), number),
        broken: Vec::new(),
    });
    let (parts, lost): (Vec<_>, Vec<_>) = visitors.into_iter().map(|visitor| (visitor.reader.into_part(), visitor.broken)).unzip();
    broken.extend(lost.concat());
    broken.sort_unstable_by_key(|&(object, _)| object);
    let trees = Trees::new(places, parts);
    (History { commits, trees, objects: inventory.len(), cut, missing, broken }, listeners)
}

struct CommitVisitor<N, L> {
    reader: CommitReader,
    number: N,
    listener: L,
    broken: Vec<(u32, Broken)>,
}

impl<N: Fn(&[u8]) -> Option<u32> + Send, L: Listener> Visitor for CommitVisitor<N, L> {
    type Frame = ();

    fn whole(&mut self, object: u32, bytes: &[u8], _has_changes: bool) {
        self.reader.read(object, bytes, &self.number);
        self.listener.commit(object, bytes);
    }

    fn changed(&mut self, _base: &(), version: &mut Version<'_>) -> Option<()> {
        let object = version.object;
        self.whole(object, version.bytes(), true);
        Some(())
    }

    fn large(&mut self, object: u32, size: u64, _content: &mut dyn Read) {
        self.broken.push((object, Broken::TooLarge(size)));
    }

    fn broken(&mut self, object: u32, why: Broken) {
        self.broken.push((object, why));
    }
}

struct TreeVisitor<'p, N> {
    reader: TreeReader<'p, N>,
    broken: Vec<(u32, Broken)>,
}

impl<N: Fn(&[u8]) -> Option<u32> + Send> Visitor for TreeVisitor<'_, N> {
    type Frame = Frame;

    fn whole(&mut self, object: u32, bytes: &[u8], _has_changes: bool) -> Frame {
        self.reader.whole(object, bytes)
    }

    fn changed(&mut self, base: &Frame, version: &mut Version<'_>) -> Option<Frame> {
        Some(self.reader.changed(version.object, base, version.base, &version.delta, version.has_changes))
    }

    fn large(&mut self, object: u32, size: u64, _content: &mut dyn Read) {
        self.broken.push((object, Broken::TooLarge(size)));
    }

    fn broken(&mut self, object: u32, why: Broken) {
        self.broken.push((object, why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::time::Instant;

    fn cpu() -> f64 {
        let text = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<&str> = text.rsplit(") ").next().unwrap().split(' ').collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    fn memory(what: &str) -> String {
        let text = std::fs::read_to_string("/proc/self/status").unwrap();
        text.lines().filter(|line| line.starts_with("RssAnon") || line.starts_with("VmHWM")).collect::<Vec<_>>().join(" ") + what
    }

    #[test]
    #[ignore = "measures a repository that is named by UNLEAK_REPO"]
    #[expect(clippy::disallowed_methods, reason = "a measurement is told its input by the environment")]
    fn measure() {
        let Ok(path) = std::env::var("UNLEAK_REPO") else { return };
        let threads = std::env::var("UNLEAK_THREADS").map_or(2, |threads| threads.parse().unwrap());
        let step = |what: &str, from: (Instant, f64)| {
            println!("{what}: cpu {:.2} wall {:.2} {}", cpu() - from.1, from.0.elapsed().as_secs_f64(), memory(""));
            (Instant::now(), cpu())
        };
        let at = (Instant::now(), cpu());
        let inventory = Inventory::open(&[PathBuf::from(path).join(".git/objects")], gix::hash::Kind::Sha1);
        let at = step("inventory", at);
        let history = load(&inventory, threads);
        let _ = step("load", at);
        let edits: usize = (0..history.trees.len() as u32).map(|tree| history.trees.edits(tree).len()).sum();
        let roots = (0..history.trees.len() as u32).filter(|&tree| history.trees.base(tree).is_none()).count();
        println!(
            "{} commits {} trees {roots} roots {edits} edits {} names {} missing {:?} broken",
            history.commits.len(),
            history.trees.len(),
            history.trees.names(),
            history.trees.missing.len(),
            history.trees.broken
        );
    }
}
