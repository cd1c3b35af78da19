//! A repository's objects: packs, loose objects, alternates, quarantine. Owns: lookup by id. Must not: follow `refs/replace`, which
//! would let a repository show other content than the one it gives away, nor obey its configuration.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use bstr::BStr;
use gix::objs::{Data, Exists, Find, FindHeader, Kind};
use gix::odb::pack::cache::DecodeEntry;
use gix::odb::store::init::Options;
use gix::{ObjectId, odb, oid};

use crate::blob::visible;
use crate::finding::{Problem, ProblemKind};

/// Object directories, in the order they are asked; shared between threads.
#[derive(Clone)]
pub(crate) struct Database {
    stores: Vec<Arc<odb::Store>>,
}

impl Database {
    /// Opens each directory; the ones that its `info/alternates` names are part of it.
    pub(crate) fn open(directories: Vec<PathBuf>, hash: gix::hash::Kind) -> std::io::Result<Self> {
        let open = |path| odb::Store::at_opts(path, hash, &mut std::iter::empty(), Options::default()).map(Arc::new);
        Ok(Self { stores: directories.into_iter().map(open).collect::<Result<_, _>>()? })
    }

    /// A reader, for one thread.
    pub(crate) fn reader(&self) -> DatabaseReader {
        let handle = |store: &Arc<odb::Store>| store.to_cache_arc().with_pack_cache(|| Box::<Recent>::default());
        DatabaseReader { handles: self.stores.iter().map(handle).collect() }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.stores.iter().map(|store| store.path())).finish()
    }
}

/// Objects just unpacked from a pack. They are what the next ones are deltas of, above all trees of neighbouring commits.
#[derive(Default)]
struct Recent {
    objects: HashMap<(u32, u64), (Kind, usize, Vec<u8>)>,
    bytes: usize,
}

/// How many bytes of objects a reader keeps, and how large one of them may be.
const RECENT_BYTES: usize = 16 << 20;
const RECENT_OBJECT: usize = 256 << 10;

impl DecodeEntry for Recent {
    fn put(&mut self, pack: u32, offset: u64, data: &[u8], kind: Kind, compressed_size: usize) {
        if data.len() > RECENT_OBJECT {
            return;
        }
        if self.bytes > RECENT_BYTES {
            self.objects.clear();
            self.bytes = 0;
        }
        self.bytes += data.len();
        self.objects.insert((pack, offset), (kind, compressed_size, data.to_vec()));
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let (kind, compressed_size, data) = self.objects.get(&(pack, offset))?;
        out.clear();
        out.extend_from_slice(data);
        Some((*kind, *compressed_size))
    }
}

/// What an object is when tags are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peeled {
    /// The object that is no tag.
    pub(crate) id: ObjectId,
    /// Its kind.
    pub(crate) kind: Kind,
    /// The tags on the way, outermost first.
    pub(crate) tags: Vec<ObjectId>,
}

/// Longest chain of tags of tags that is followed.
const MAX_TAGS: usize = 64;

/// Finds objects; for one thread.
pub(crate) struct DatabaseReader {
    handles: Vec<odb::HandleArc>,
}

impl DatabaseReader {
    /// The object, unpacked into `buffer`.
    pub(crate) fn find<'a>(&self, id: &oid, buffer: &'a mut Vec<u8>) -> Result<Data<'a>, LookupError> {
        let found = self.handle(id)?.try_find(id, buffer).map_err(|error| LookupError::broken(id, &error))?;
        found.ok_or_else(|| LookupError::missing(id))
    }

    /// The object's size in bytes, which is read without unpacking it.
    pub(crate) fn size(&self, id: &oid) -> Result<u64, LookupError> {
        let found = self.handle(id)?.try_header(id).map_err(|error| LookupError::broken(id, &error))?;
        found.map(|header| header.size).ok_or_else(|| LookupError::missing(id))
    }

    /// Whether the object is there.
    pub(crate) fn has(&self, id: &oid) -> bool {
        self.handles.iter().any(|handle| handle.exists(id))
    }

    /// The object's kind; none where it cannot be read.
    pub(crate) fn kind(&self, id: &oid) -> Option<Kind> {
        self.handle(id).ok()?.try_header(id).ok()?.map(|header| header.kind)
    }

    /// Follows tags.
    pub(crate) fn peel(&self, id: ObjectId) -> Result<Peeled, LookupError> {
        let mut tags = Vec::new();
        let mut id = id;
        let mut buffer = Vec::new();
        loop {
            let object = self.find(&id, &mut buffer)?;
            if object.kind != Kind::Tag {
                return Ok(Peeled { id, kind: object.kind, tags });
            }
            if tags.len() == MAX_TAGS {
                let detail = format!("object {id} is behind more than {MAX_TAGS} tags of tags");
                return Err(LookupError { detail, missing: false });
            }
            tags.push(id);
            let target = object.try_into_tag_iter().and_then(|tag| tag.target_id().ok());
            id = target.ok_or_else(|| LookupError::unexpected(&id, "whole tag"))?;
        }
    }

    /// The first store that holds the object; the only one is not asked twice.
    fn handle(&self, id: &oid) -> Result<&odb::HandleArc, LookupError> {
        match self.handles.as_slice() {
            [only] => Ok(only),
            several => several.iter().find(|handle| handle.exists(id)).ok_or_else(|| LookupError::missing(id)),
        }
    }
}

impl std::fmt::Debug for DatabaseReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseReader").finish_non_exhaustive()
    }
}

/// Why an object cannot be had, in words that name its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LookupError {
    detail: String,
    missing: bool,
}

impl LookupError {
    fn missing(id: &oid) -> Self {
        Self { detail: format!("object {id} is not in the repository"), missing: true }
    }

    fn broken(id: &oid, error: &gix::Error) -> Self {
        Self { detail: format!("object {id} is broken: {}", visible(error.to_string().as_bytes())), missing: false }
    }

    /// An object that is there and is not what it has to be.
    pub(crate) fn unexpected(id: &oid, what: &str) -> Self {
        Self { detail: format!("object {id} is not a {what}"), missing: false }
    }

    /// Whether the object is just not there.
    pub(crate) const fn is_missing(&self) -> bool {
        self.missing
    }

    /// The problem this is for the content at `path`.
    pub(crate) fn at(self, path: &BStr) -> Problem {
        Problem { path: path.to_owned(), kind: ProblemKind::MissingObject, detail: self.detail }
    }
}
