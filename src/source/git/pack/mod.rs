//! All objects of a repository, numbered. Owns: which objects there are and where each is stored. Must not: decide which are looked at.
//!
//! Objects are named by their number: their place among all ids in order. So what is known of each is an array. [`walk`] unpacks all
//! objects of a kind, each one from its base while that is in memory; nothing is looked up object by object.

pub(crate) mod budget;
pub(crate) mod delta;
mod finder;
mod forest;
mod loose;
pub(crate) mod packed;
pub(crate) mod walk;
mod worker;

use std::path::{Path, PathBuf};

use gix::hash::Kind as HashKind;
use gix::objs::Kind;
use gix::odb::pack::index::File as PackIndexFile;
use gix::{ObjectId, oid};
use rayon::ThreadPool;

use crate::blob::visible;
use crate::finding::{Problem, ProblemKind};
use crate::source::git::{causes, plain};
use finder::Finder;
use packed::Pack;

/// No object, no entry.
pub(crate) const NONE: u32 = u32::MAX;

/// The objects of a repository.
pub(crate) struct Inventory {
    hash: HashKind,
    /// All ids in order, one behind the other.
    ids: Vec<u8>,
    finder: Finder,
    kinds: Vec<Option<Kind>>,
    packs: Vec<Pack>,
    loose: Vec<LooseObject>,
    directories: Vec<PathBuf>,
    /// What could not be opened.
    pub(crate) problems: Vec<Problem>,
}

impl std::fmt::Debug for Inventory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inventory").field("objects", &self.len()).finish_non_exhaustive()
    }
}

/// An object with a file of its own.
struct LooseObject {
    number: u32,
    directory: usize,
}

/// A pack's index, before the packs are joined.
struct Found {
    path: PathBuf,
    index: PackIndexFile,
}

impl Inventory {
    /// Takes stock of the object directories `directories` and of those their `info/alternates` name, on the threads of `pool`.
    pub(crate) fn open(directories: &[PathBuf], hash: HashKind, pool: &ThreadPool) -> Self {
        let mut problems = Vec::new();
        let directories = with_alternates(directories, &mut problems);
        let mut found = Vec::new();
        let mut loose = Vec::new();
        for (number, directory) in directories.iter().enumerate() {
            found.extend(indexes(directory, hash, &mut problems));
            match loose::list(directory, hash) {
                Ok(ids) => loose.extend(ids.into_iter().map(|id| (id, number))),
                Err(error) => problems.push(problem(directory, &error)),
            }
        }
        loose.sort_unstable();
        loose.dedup_by(|a, b| a.0 == b.0);
        let ids = merged(&found, &loose, hash);
        let finder = Finder::new(&ids, hash.len_in_bytes());
        let mut inventory =
            Self { hash, ids, finder, kinds: Vec::new(), packs: Vec::new(), loose: Vec::new(), directories: Vec::new(), problems };
        pool.install(|| inventory.take(found, loose, directories));
        inventory
    }
}

impl Inventory {
    /// Opens the packs and notes where every object is; the first place found counts.
    fn take(&mut self, found: Vec<Found>, loose: Vec<(ObjectId, usize)>, directories: Vec<PathBuf>) {
        self.kinds = vec![None; self.len() as usize];
        for Found { path, index } in found {
            let numbers = self.numbers(&index);
            match Pack::open(&index, &path, &numbers) {
                Ok(pack) => self.packs.push(pack),
                Err(detail) => self.problems.push(problem(&path.with_extension("pack"), &detail)),
            }
        }
        for pack in &self.packs {
            for entry in 0..pack.len() {
                let kind = &mut self.kinds[pack.object(entry) as usize];
                *kind = kind.or(pack.kind(entry));
            }
        }
        for (id, directory) in loose {
            let number = self.number(&id).expect("because the ids are those of the objects");
            let kind = &mut self.kinds[number as usize];
            if kind.is_none() {
                *kind = loose::Loose::open(&directories[directory], &id).ok().map(|object| object.kind);
            }
            self.loose.push(LooseObject { number, directory });
        }
        self.directories = directories;
    }

    /// The number of each id of an index.
    fn numbers(&self, index: &PackIndexFile) -> Vec<u32> {
        let count = index.num_objects();
        if count == self.len() {
            return (0..count).collect();
        }
        let mut next = 0;
        let ids = (0..count).map(|at| index.oid_at_index(at));
        // Both are in order, so that most are found by going on from the last.
        ids.map(|id| {
            while next < self.len() && self.id(next) < id {
                next += 1;
            }
            if next < self.len() && self.id(next) == id { next } else { self.number(id).expect("because the inventory holds every id") }
        })
        .collect()
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ids.len() / self.hash.len_in_bytes()).expect("because the ids are fewer than 32 bits count")
    }

    /// Bytes of an id.
    pub(crate) fn id_len(&self) -> usize {
        self.hash.len_in_bytes()
    }

    /// The id of an object.
    pub(crate) fn id(&self, number: u32) -> &oid {
        let len = self.hash.len_in_bytes();
        oid::from_bytes_unchecked(&self.ids[number as usize * len..][..len])
    }

    /// The number of the object with this id; none where it is not in the repository.
    pub(crate) fn number(&self, id: &oid) -> Option<u32> {
        self.number_of(id.as_bytes())
    }

    /// Bytes of memory that all of this takes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.ids.len() + self.finder.bytes() + self.kinds.len() * 2 + self.packs.iter().map(Pack::bytes).sum::<usize>()
    }

    /// The kind of an object; none where it cannot be read.
    pub(crate) fn kind(&self, number: u32) -> Option<Kind> {
        self.kinds[number as usize]
    }

    /// [`number`](Self::number) for an id's bytes.
    pub(crate) fn number_of(&self, id: &[u8]) -> Option<u32> {
        (id.len() == self.hash.len_in_bytes()).then(|| self.finder.find(&self.ids, id)).flatten()
    }

    /// [`number`](Self::number) for each of the ids that stand one behind the other in `ids`: a lot faster than one by one.
    pub(crate) fn numbers_of(&self, ids: &[u8]) -> Vec<Option<u32>> {
        self.finder.find_all(&self.ids, ids, self.id_len())
    }
}

/// The directories and their alternates, each once.
pub(crate) fn with_alternates(directories: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for directory in directories {
        let (found, wrong) = plain::directories(directory);
        all.extend(found);
        problems.extend(wrong.map(|wrong| problem(&directory.join("info/alternates"), &wrong)));
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|directory| seen.insert(directory.canonicalize().unwrap_or_else(|_| directory.clone())));
    all
}

/// The indexes of the packs below `directory`, in order of their names.
fn indexes(directory: &Path, hash: HashKind, problems: &mut Vec<Problem>) -> Vec<Found> {
    let packs = directory.join("pack");
    let files = match std::fs::read_dir(&packs) {
        Ok(files) => files,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problems.push(problem(&packs, &error));
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> = files
        .filter_map(Result::ok)
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "idx"))
        .collect();
    paths.sort_unstable();
    let mut found = Vec::new();
    for path in paths {
        match PackIndexFile::at(&path, hash) {
            Ok(index) => found.push(Found { path, index }),
            Err(error) => problems.push(problem(&path, &causes::all(&error))),
        }
    }
    found
}

/// All ids in order, each once, one behind the other.
fn merged(found: &[Found], loose: &[(ObjectId, usize)], hash: HashKind) -> Vec<u8> {
    let packed = found.iter().flat_map(|Found { index, .. }| (0..index.num_objects()).map(|at| index.oid_at_index(at)));
    let all: Vec<&oid> = packed.chain(loose.iter().map(|(id, _)| id.as_ref())).collect();
    let mut ids = Vec::with_capacity(all.len() * hash.len_in_bytes());
    let mut add = |all: &[&oid]| {
        for (at, id) in all.iter().enumerate() {
            if at == 0 || all[at - 1] != *id {
                ids.extend_from_slice(id.as_bytes());
            }
        }
    };
    if all.is_sorted() {
        add(&all);
    } else {
        let mut sorted = all;
        sorted.sort();
        add(&sorted);
    }
    ids
}

fn problem(path: &Path, cause: &dyn std::fmt::Display) -> Problem {
    let path = path.as_os_str().as_encoded_bytes().into();
    Problem { path, kind: ProblemKind::Unreadable, detail: visible(cause.to_string().as_bytes()) }
}
