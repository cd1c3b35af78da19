//! All objects of a repository, numbered. Owns: which objects there are and where each is stored. Must not: decide which are looked at.
//!
//! Objects are named by their number: their place among all ids in order. So what is known of each is an array. [`walk`] unpacks all
//! objects of a kind, each one from its base while that is in memory; nothing is looked up object by object.

pub(crate) mod delta;
mod loose;
pub(crate) mod packed;
pub(crate) mod walk;

use std::path::{Path, PathBuf};

use gix::hash::Kind as HashKind;
use gix::objs::Kind;
use gix::odb::pack::index::File as PackIndexFile;
use gix::{ObjectId, oid};

use crate::blob::visible;
use crate::finding::{Problem, ProblemKind};
use packed::Pack;

/// No object, no entry.
pub(crate) const NONE: u32 = u32::MAX;

/// The objects of a repository.
pub(crate) struct Inventory {
    hash: HashKind,
    /// All ids in order, one behind the other.
    ids: Vec<u8>,
    kinds: Vec<Option<Kind>>,
    packs: Vec<Pack>,
    loose: Vec<LooseObject>,
    directories: Vec<PathBuf>,
    /// What could not be opened.
    pub(crate) problems: Vec<Problem>,
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
    /// Takes stock of the object directories `directories` and of those their `info/alternates` name.
    pub(crate) fn open(directories: &[PathBuf], hash: HashKind) -> Self {
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
        let mut inventory = Self { hash, ids, kinds: Vec::new(), packs: Vec::new(), loose: Vec::new(), directories: Vec::new(), problems };
        inventory.take(found, loose, directories);
        inventory
    }
}

impl Inventory {
    /// Opens the packs and notes where every object is; the first place found counts.
    fn take(&mut self, found: Vec<Found>, loose: Vec<(ObjectId, usize)>, directories: Vec<PathBuf>) {
        self.kinds = vec![None; self.len() as usize];
        for Found { path, index } in found {
            let ids = &*self;
            match Pack::open(&index, &path, |at, id| if ids.id(at).as_bytes() == id { Some(at) } else { ids.number_of(id) }) {
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
            if self.kinds[number as usize].is_none() {
                self.kinds[number as usize] = loose::Loose::open(&directories[directory], &id).ok().map(|object| object.kind);
                self.loose.push(LooseObject { number, directory });
            }
        }
        self.directories = directories;
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ids.len() / self.hash.len_in_bytes()).expect("because the ids are fewer than 32 bits count")
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

    /// The kind of an object; none where it cannot be read.
    pub(crate) fn kind(&self, number: u32) -> Option<Kind> {
        self.kinds[number as usize]
    }

    /// [`number`](Self::number) for an id's bytes. Ids are evenly spread, so that two or three guesses come close.
    pub(crate) fn number_of(&self, id: &[u8]) -> Option<u32> {
        let head = |at: usize| u64::from_be_bytes(self.ids[at..at + 8].try_into().expect("because an id is longer"));
        let len = self.hash.len_in_bytes();
        if id.len() != len {
            return None;
        }
        let wanted = u64::from_be_bytes(id[..8].try_into().expect("because an id is longer"));
        let (mut low, mut high) = (0, self.ids.len() / len);
        let (mut low_head, mut high_head) = (0, u64::MAX);
        while low < high {
            let guess = if high - low > 8 && high_head > low_head {
                let share = (u128::from(wanted - low_head) * (high - low) as u128 / (u128::from(high_head - low_head) + 1)) as usize;
                low + share
            } else {
                usize::midpoint(low, high)
            };
            let found = head(guess * len);
            match found.cmp(&wanted).then_with(|| self.ids[guess * len..][..len].cmp(id)) {
                std::cmp::Ordering::Equal => return u32::try_from(guess).ok(),
                std::cmp::Ordering::Less => (low, low_head) = (guess + 1, found),
                std::cmp::Ordering::Greater => (high, high_head) = (guess, found),
            }
        }
        None
    }
}

/// The directories and their alternates, each once.
fn with_alternates(directories: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for directory in directories {
        all.push(directory.clone());
        match gix::odb::alternate::resolve(directory.clone(), Path::new(".")) {
            Ok(alternates) => all.extend(alternates),
            Err(error) => problems.push(problem(&directory.join("info/alternates"), &error)),
        }
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
            Err(error) => problems.push(problem(&path, &error)),
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
