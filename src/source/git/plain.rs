//! Object directories whose alternates lead round in a circle, or cannot be made out. Owns: which directories there are, each once, and looking
//! objects up in them. Must not: be used where the library that reads repositories can do it.
//!
//! git passes over what it has looked at already; the library takes such a repository for damaged.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gix::objs::{Data, Kind};
use gix::odb::pack::Bundle;
use gix::odb::{alternate, loose};
use gix::oid;

use super::causes;
use super::database::Recent;

/// More alternates than this are not followed.
const MOST_DIRECTORIES: usize = 1000;

/// The object directories below and beside one, each once, and in words what is wrong with how they name each other.
pub(crate) fn directories(directory: &Path) -> (Vec<PathBuf>, Option<String>) {
    let wrong = match alternate::resolve(directory.to_owned(), Path::new(".")) {
        Ok(others) => return (std::iter::once(directory.to_owned()).chain(others).collect(), None),
        Err(error) if error.downcast_any_ref::<alternate::Cycle>().is_some() => {
            "its alternates lead round in a circle; each directory was looked at once".to_owned()
        }
        Err(error) => causes::all(&error),
    };
    let mut seen = HashSet::new();
    let mut found: Vec<PathBuf> = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        if found.len() == MOST_DIRECTORIES || !next.is_dir() || !seen.insert(next.canonicalize().unwrap_or_else(|_| next.clone())) {
            continue;
        }
        let named = std::fs::read(next.join("info/alternates")).ok().and_then(|text| alternate::parse(&text).ok());
        waiting.extend(named.unwrap_or_default().into_iter().rev().map(|path| directory.join(path)));
        found.push(next);
    }
    (found, Some(wrong))
}

/// Packs and loose objects of some directories.
pub(super) struct Plain {
    packs: Vec<Bundle>,
    loose: Vec<loose::Store>,
    pub(super) directory: PathBuf,
}

impl Plain {
    /// Opens what can be opened of these directories, the first of which is the repository's own.
    pub(super) fn open(directories: Vec<PathBuf>, hash: gix::hash::Kind) -> Self {
        let indexes = |directory: &PathBuf| std::fs::read_dir(directory.join("pack")).into_iter().flatten().filter_map(Result::ok);
        let mut indexes: Vec<PathBuf> = directories.iter().flat_map(indexes).map(|entry| entry.path()).collect();
        indexes.retain(|path| path.extension().is_some_and(|ending| ending == "idx"));
        indexes.sort_unstable();
        let packs = indexes.iter().filter_map(|path| Bundle::at(path, hash).ok()).collect();
        let loose = directories.iter().map(|directory| loose::Store::at(directory, hash)).collect();
        Self { packs, loose, directory: directories.into_iter().next().unwrap_or_default() }
    }

    /// How many objects packs hold.
    pub(super) fn packed(&self) -> u64 {
        self.packs.iter().map(|pack| u64::from(pack.index.num_objects())).sum()
    }

    pub(super) fn has(&self, id: &oid) -> bool {
        self.packs.iter().any(|pack| pack.index.lookup(id).is_some()) || self.loose.iter().any(|store| store.contains(id))
    }

    /// The object, unpacked into `buffer`.
    pub(super) fn find<'b>(&self, id: &oid, recent: &RefCell<Recents>, buffer: &'b mut Vec<u8>) -> Result<Option<Data<'b>>, gix::Error> {
        for (at, pack) in self.packs.iter().enumerate() {
            if pack.index.lookup(id).is_none() {
                continue;
            }
            let Recents { packs, inflate } = &mut *recent.borrow_mut();
            packs.resize_with(self.packs.len(), Recent::default);
            if let Some((data, _)) = pack.find(id, buffer, inflate, &mut packs[at])? {
                let (kind, object_hash) = (data.kind, data.object_hash);
                return Ok(Some(Data { kind, data: buffer, object_hash }));
            }
        }
        match self.loose.iter().find(|store| store.contains(id)) {
            Some(store) => store.try_find(id, buffer),
            None => Ok(None),
        }
    }

    /// The object's kind and its size in bytes.
    pub(super) fn header(&self, id: &oid, recent: &RefCell<Recents>) -> Result<Option<(Kind, u64)>, gix::Error> {
        let mut buffer = Vec::new();
        Ok(self.find(id, recent, &mut buffer)?.map(|object| (object.kind, object.data.len() as u64)))
    }
}

/// What was unpacked last, of each pack; for one thread.
#[derive(Default)]
pub(super) struct Recents {
    packs: Vec<Recent>,
    inflate: gix::zlib::Inflate,
}
