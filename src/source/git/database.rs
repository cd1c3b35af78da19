//! A repository's objects: packs, loose objects, alternates, quarantine. Owns: lookup by id. Must not: follow `refs/replace`, which
//! would let a repository show other content than the one it gives away, nor obey its configuration.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bstr::BStr;
use gix::objs::{Data, Exists, Find, FindHeader, Kind};
use gix::odb::pack::cache::DecodeEntry;
use gix::odb::store::init::Options;
use gix::{ObjectId, odb, oid};

use crate::finding::{Problem, ProblemKind};
use crate::source::git::absent::Absent;
use crate::source::git::causes;
use crate::source::git::plain::{self, Plain, Recents};

/// Object directories, in the order they are asked; shared between threads.
#[derive(Clone)]
pub(crate) struct Database {
    stores: Vec<Store>,
    absent: Arc<Absent>,
}

/// One object directory and its alternates.
#[derive(Clone)]
enum Store {
    Whole(Arc<odb::Store>),
    Plain(Arc<Plain>),
}

/// A store as one thread sees it.
enum Handle {
    Whole(Box<odb::HandleArc>),
    Plain(Arc<Plain>, Box<RefCell<Recents>>),
}

impl Store {
    fn open(directory: PathBuf, hash: gix::hash::Kind) -> std::io::Result<Self> {
        let (directories, wrong) = plain::directories(&directory);
        if wrong.is_some() {
            return Ok(Self::Plain(Arc::new(Plain::open(directories, hash))));
        }
        odb::Store::at_opts(directory, hash, &mut std::iter::empty(), Options::default()).map(|store| Self::Whole(Arc::new(store)))
    }

    fn handle(&self) -> Handle {
        match self {
            Self::Whole(store) => Handle::Whole(Box::new(store.to_cache_arc().with_pack_cache(|| Box::<Recent>::default()))),
            Self::Plain(store) => Handle::Plain(Arc::clone(store), Box::default()),
        }
    }

    fn directory(&self) -> &Path {
        match self {
            Self::Whole(store) => store.path(),
            Self::Plain(store) => &store.directory,
        }
    }
}

impl Handle {
    fn find<'b>(&self, id: &oid, buffer: &'b mut Vec<u8>) -> Result<Option<Data<'b>>, gix::Error> {
        match self {
            Self::Whole(handle) => handle.try_find(id, buffer),
            Self::Plain(store, recent) => store.find(id, recent, buffer),
        }
    }

    /// Kind, and size in bytes.
    fn header(&self, id: &oid) -> Result<Option<(Kind, u64)>, gix::Error> {
        match self {
            Self::Whole(handle) => Ok(handle.try_header(id)?.map(|header| (header.kind, header.size))),
            Self::Plain(store, recent) => store.header(id, recent),
        }
    }

    fn has(&self, id: &oid) -> bool {
        match self {
            Self::Whole(handle) => handle.exists(id),
            Self::Plain(store, _) => store.has(id),
        }
    }

    fn packed(&self) -> u64 {
        match self {
            Self::Whole(handle) => handle.packed_object_count().unwrap_or(0),
            Self::Plain(store, _) => store.packed(),
        }
    }
}

impl Database {
    /// Opens each directory; the ones that its `info/alternates` names are part of it.
    pub(crate) fn open(directories: Vec<PathBuf>, hash: gix::hash::Kind) -> std::io::Result<Self> {
        let stores = directories.iter().map(|directory| Store::open(directory.clone(), hash)).collect::<Result<_, _>>()?;
        Ok(Self { stores, absent: Arc::new(Absent::new(directories)) })
    }

    /// That an object is not there, in words.
    pub(crate) fn missing(&self, id: &oid) -> String {
        self.absent.in_words(id)
    }

    /// A reader, for one thread.
    pub(crate) fn reader(&self) -> DatabaseReader {
        DatabaseReader { handles: self.stores.iter().map(Store::handle).collect(), absent: Arc::clone(&self.absent) }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.stores.iter().map(Store::directory)).finish()
    }
}

/// Objects just unpacked from a pack. They are what the next ones are deltas of, above all trees of neighbouring commits.
#[derive(Default)]
pub(super) struct Recent {
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
    handles: Vec<Handle>,
    absent: Arc<Absent>,
}

impl DatabaseReader {
    /// The object, unpacked into `buffer`.
    pub(crate) fn find<'a>(&self, id: &oid, buffer: &'a mut Vec<u8>) -> Result<Data<'a>, LookupError> {
        let found = self.handle(id)?.find(id, buffer).map_err(|error| LookupError::broken(id, &error))?;
        found.ok_or_else(|| self.missing(id))
    }

    /// The object's size in bytes, which is read without unpacking it.
    pub(crate) fn size(&self, id: &oid) -> Result<u64, LookupError> {
        let found = self.handle(id)?.header(id).map_err(|error| LookupError::broken(id, &error))?;
        found.map(|(_, size)| size).ok_or_else(|| self.missing(id))
    }

    /// How many objects packs hold, about; what several hold counts for each.
    pub(crate) fn packed(&self) -> usize {
        usize::try_from(self.handles.iter().map(Handle::packed).sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// Whether the object is there.
    pub(crate) fn has(&self, id: &oid) -> bool {
        self.handles.iter().any(|handle| handle.has(id))
    }

    /// The object's kind; none where it cannot be read.
    pub(crate) fn kind(&self, id: &oid) -> Option<Kind> {
        self.handle(id).ok()?.header(id).ok()?.map(|(kind, _)| kind)
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
    fn handle(&self, id: &oid) -> Result<&Handle, LookupError> {
        match self.handles.as_slice() {
            [only] => Ok(only),
            several => several.iter().find(|handle| handle.has(id)).ok_or_else(|| self.missing(id)),
        }
    }

    fn missing(&self, id: &oid) -> LookupError {
        LookupError { detail: self.absent.in_words(id), missing: true }
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
    fn broken(id: &oid, error: &gix::Error) -> Self {
        Self { detail: format!("object {id} is broken: {}", causes::all(error)), missing: false }
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
