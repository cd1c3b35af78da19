//! What many commits brought, in the order in which it is stored. Owns: which of the items that were listed an object is. Must not: find
//! anything else than looking at each item by itself would.
//!
//! Most blobs hold nothing, which their changes tell. What holds something is looked at in full while it is at hand, once for each item.

use std::io::Read;

use bstr::BString;
use gix::objs::Kind;

use super::MOST;
use super::standing::{Manners, Paths, Wanted};
use super::versions::Blobs;
use crate::finding::Coverage;
use crate::gather::Gathered;
use crate::scan::{Progress, Scanner, Silent};
use crate::source::git::pack::Inventory;
use crate::source::git::pack::packed::Broken;
use crate::source::git::pack::walk::{self, Limits, Version, Visitor};
use crate::source::objects::{Content, ObjectItem, Objects};

/// The items that are stored objects of one kind.
struct Stored<'o> {
    objects: &'o Objects,
    /// Objects by number, each with the place of an item.
    items: Vec<(u32, usize)>,
    manners: Manners,
}

impl Stored<'_> {
    /// The items that an object is.
    fn of(&self, object: u32) -> impl Iterator<Item = &ObjectItem> {
        let first = self.items.partition_point(|&(other, _)| other < object);
        self.items[first..].iter().take_while(move |&&(other, _)| other == object).map(|&(_, item)| &self.objects.items[item])
    }

    fn has(&self, object: u32) -> bool {
        self.items.binary_search_by_key(&object, |&(object, _)| object).is_ok()
    }
}

impl Paths for Stored<'_> {
    fn standing(&self, object: u32) -> Wanted {
        let paths: Vec<BString> = self.of(object).map(|item| item.origin.path().to_owned()).collect();
        if paths.is_empty() { Wanted::No } else { Wanted::At(self.manners.standing(paths)) }
    }

    fn path(&self, object: u32) -> BString {
        self.of(object).next().map(|item| item.origin.path().to_owned()).unwrap_or_default()
    }
}

impl Scanner {
    /// What the items hold, which are stored in `inventory`.
    pub(in crate::scan) fn gather_stored(&self, objects: &Objects, inventory: &Inventory, progress: &dyn Progress) -> Gathered {
        progress.total(objects.items.len() as u64);
        let manners = Manners::of(self);
        let stored = || Stored { objects, items: Vec::new(), manners };
        let (mut blobs, mut commits, mut others) = (stored(), stored(), Vec::new());
        for (at, item) in objects.items.iter().enumerate() {
            let (id, kind, stored) = match item.content {
                Content::Blob(id) => (id, Kind::Blob, &mut blobs),
                Content::Commit(id) => (id, Kind::Commit, &mut commits),
                Content::Tag(_) | Content::Name => {
                    others.push(item);
                    continue;
                }
            };
            match inventory.number(&id).filter(|&object| inventory.kind(object) == Some(kind)) {
                Some(object) => stored.items.push((object, at)),
                None => others.push(item),
            }
        }
        blobs.items.sort_unstable();
        commits.items.sort_unstable();
        let (seen, budget) = self.purses(inventory.bytes() + objects.items.len() * size_of::<ObjectItem>());
        let pool = walk::pool(self.threads());
        let limits = Limits { most: MOST, budget: &budget, pool: &pool };
        let start = || Looking::new(self, &blobs, Some(Blobs::new(self, &blobs, &Silent, true, &seen)), progress);
        let mut looked = walk::walk(inventory, Kind::Blob, limits, |object| blobs.has(object), start);
        let start = || Looking::new(self, &commits, None, progress);
        looked.extend(walk::walk(inventory, Kind::Commit, limits, |object| commits.has(object), start));
        let mut gathered = Gathered { coverage: objects.coverage.clone(), ..Gathered::default() };
        for part in looked {
            gathered = gathered.merge(part.gathered);
            others.extend(part.later);
        }
        gathered.merge(self.gather_each(objects, &others, progress))
    }
}

/// Looks at items; for one thread.
struct Looking<'s, 'o> {
    scanner: &'s Scanner,
    items: &'s Stored<'o>,
    /// Tells which blobs hold something; none: each item is looked at.
    blobs: Option<Blobs<'s, Stored<'o>>>,
    progress: &'s dyn Progress,
    gathered: Gathered,
    /// Items that are not at hand whole.
    later: Vec<&'s ObjectItem>,
}

impl<'s, 'o> Looking<'s, 'o> {
    fn new(scanner: &'s Scanner, items: &'s Stored<'o>, blobs: Option<Blobs<'s, Stored<'o>>>, progress: &'s dyn Progress) -> Self {
        Self { scanner, items, blobs, progress, gathered: Gathered::default(), later: Vec::new() }
    }

    /// What the visitor of blobs said of the object at hand: what counts of a blob that holds nothing, none for what is to be looked at in full.
    fn said(&mut self) -> Option<Coverage> {
        let outcomes = std::mem::take(&mut self.blobs.as_mut()?.outcomes);
        match outcomes.numbered() {
            [(looked, None)] if !looked.is_pointer => Some(Coverage {
                scanned: 1,
                bytes: looked.len,
                binary: looked.is_binary.into(),
                compressed: looked.is_compressed.into(),
                ..Coverage::default()
            }),
            _ => None,
        }
    }

    /// Notes the items that an object is: what counts of one without secrets, else what is in them.
    fn look(&mut self, object: u32, empty: Option<&Coverage>, bytes: &[u8]) {
        let items = self.items;
        for item in items.of(object) {
            let scanned = match empty {
                Some(coverage) => Gathered { coverage: coverage.clone(), ..Gathered::default() },
                None => self.scanner.item(items.objects, item, bytes),
            };
            self.progress.advance(1, scanned.coverage.bytes);
            self.gathered = std::mem::take(&mut self.gathered).merge(scanned);
        }
    }

    fn leave(&mut self, object: u32) {
        let items = self.items;
        self.later.extend(items.of(object));
    }
}

impl<'s, 'o> Visitor for Looking<'s, 'o> {
    type Frame = <Blobs<'s, Stored<'o>> as Visitor>::Frame;

    fn whole(&mut self, object: u32, bytes: &[u8], has_changes: bool) -> Self::Frame {
        let frame = self.blobs.as_mut().map(|blobs| blobs.whole(object, bytes, has_changes)).unwrap_or_default();
        let empty = self.said();
        self.look(object, empty.as_ref(), bytes);
        frame
    }

    fn changed(&mut self, base: &Self::Frame, version: &mut Version<'_>) -> Option<Self::Frame> {
        let frame = match &mut self.blobs {
            Some(blobs) => blobs.changed(base, version),
            None => Some(Self::Frame::default()),
        };
        let object = version.object;
        if !self.items.has(object) {
            return frame;
        }
        let empty = self.said();
        let bytes = if empty.is_some() { &[] } else { version.bytes() };
        self.look(object, empty.as_ref(), bytes);
        frame
    }

    fn large(&mut self, object: u32, _size: u64, _content: &mut dyn Read) {
        self.leave(object);
    }

    fn broken(&mut self, object: u32, _why: Broken) {
        self.leave(object);
    }
}
