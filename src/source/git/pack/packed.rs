//! One pack with its index. Owns: where each entry is, what it is a delta of, and unpacking it. Must not: look beyond the pack.
//!
//! Formats: gitformat-pack(5).

use std::io::Read;
use std::path::Path;

use gix::objs::Kind;
use gix::odb::pack::data::File as PackData;
use gix::odb::pack::index::File as PackIndexFile;
use rayon::prelude::*;
use sirocco::Format;
use sirocco::inflate::{Decoder, Reader};

use super::{NONE, delta};
use crate::source::git::causes;

/// A pack whose entries are in order of their offsets.
pub(crate) struct Pack {
    data: PackData,
    /// One more than there are, for where the last one ends.
    entries: Vec<Entry>,
    /// Whether the index has checksums; one of version 1 has none.
    has_crc32: bool,
    /// Changes to entries: `children[first_child..]` up to the `first_child` of the next.
    children: Vec<u32>,
}

/// What is known of an entry, side by side: entries are looked at in no order that a processor could foresee.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Where it starts.
    offset: u64,
    /// Checksum of what is stored.
    crc32: u32,
    /// The object that it holds.
    object: u32,
    /// The entry that it is stored as a change to.
    base: u32,
    first_child: u32,
    /// Bytes stored for it and everything below it, cut off at the greatest number.
    weight: u32,
    /// The kind of object; none for one whose chain of bases does not end.
    kind: Option<Kind>,
}

impl Entry {
    const fn at(offset: u64, object: u32, crc32: u32) -> Self {
        Self { offset, crc32, object, base: NONE, first_child: 0, weight: 0, kind: None }
    }
}

/// More bytes than the two lengths that a delta starts with.
const LENGTHS: usize = 20;

/// How an entry is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    Whole(Kind),
    DeltaAt(u64),
    DeltaOf,
}

/// An entry's header.
struct Header {
    stored: Stored,
    /// Unpacked bytes: of the object, or of the delta.
    size: u64,
    /// Bytes before the deflated data, the base's id included.
    len: usize,
}

/// Why an entry cannot be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("what is stored of it is damaged")]
    Damaged,
    #[error("its entry in the pack does not match the checksum of the pack's index")]
    Checksum,
    #[error("it is stored as a change to an object that cannot be read")]
    Base,
    #[error("unpacking it takes {0} bytes of memory, more than may be used; `--memory` allows more")]
    NoMemory(u64),
    #[error("unpacking it in so little memory takes too long; `--memory` allows more")]
    Costly,
}

impl Pack {
    /// Opens the pack of the index at `path`, whose ids have these `numbers`.
    pub(crate) fn open(index: &PackIndexFile, path: &Path, numbers: &[u32]) -> Result<Self, String> {
        let pack_path = path.with_extension("pack");
        let data = PackData::at(&pack_path, index.object_hash()).map_err(|error| causes::all(&error))?;
        let count = index.num_objects();
        let end = data.pack_end() as u64;
        let mut order: Vec<(u64, u32)> = (0..count).map(|at| (index.pack_offset_at_index(at), at)).collect();
        order.par_sort_unstable();
        if order.last().is_some_and(|&(last, _)| last >= end) {
            return Err("the pack ends before the last of its objects".to_owned());
        }
        let entry = |&(offset, at): &(u64, u32)| Entry::at(offset, numbers[at as usize], index.crc32_at_index(at).unwrap_or_default());
        let entries = order.iter().map(entry).chain([Entry::at(end, NONE, 0)]).collect();
        let has_crc32 = order.first().is_some_and(|&(_, at)| index.crc32_at_index(at).is_some());
        let mut pack = Self { data, entries, has_crc32, children: Vec::new() };
        pack.connect(|id| order_of(index, id, &order));
        Ok(pack)
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.entries.len() - 1).expect("because a pack counts its objects in 32 bits")
    }

    /// Bytes of memory that the tables take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.len() * (size_of::<Entry>() + size_of::<u32>())
    }

    /// The object that an entry holds.
    pub(crate) fn object(&self, entry: u32) -> u32 {
        self.entries[entry as usize].object
    }

    /// The kind of object that an entry holds; none where its chain of bases does not end in this pack.
    pub(crate) fn kind(&self, entry: u32) -> Option<Kind> {
        self.entries[entry as usize].kind
    }

    /// The entries that are stored as changes to `entry`.
    pub(crate) fn children(&self, entry: u32) -> &[u32] {
        let entry = entry as usize;
        &self.children[self.entries[entry].first_child as usize..self.entries[entry + 1].first_child as usize]
    }

    /// Bytes stored for the entry and everything below it.
    pub(crate) fn weight(&self, entry: u32) -> u32 {
        self.entries[entry as usize].weight
    }

    /// The entry that this one is stored as a change to; none for one that is stored whole.
    pub(crate) fn base(&self, entry: u32) -> Option<u32> {
        Some(self.entries[entry as usize].base).filter(|&base| base != NONE)
    }

    /// Bytes of what an entry stores when they are unpacked, as it says itself.
    pub(crate) fn size(&self, entry: u32) -> Option<u64> {
        self.header(entry).map(|header| header.size)
    }

    /// Bytes of the object that an entry stored as a change makes, as it says itself.
    pub(crate) fn announced(&self, entry: u32) -> Option<u64> {
        let header = self.header(entry)?;
        let mut start = Vec::with_capacity(LENGTHS);
        Reader::new(Format::Zlib, self.stored(entry).get(header.len..)?).take(LENGTHS as u64).read_to_end(&mut start).ok()?;
        delta::announced(&start).map(|len| len as u64)
    }

    /// The deflated bytes of an entry, which are what the index says.
    pub(crate) fn sound(&self, entry: u32) -> Result<&[u8], Broken> {
        self.checked(entry).map(|(_, deflated)| deflated)
    }

    /// The header of an entry and its deflated bytes, which are what the index says.
    fn checked(&self, entry: u32) -> Result<(Header, &[u8]), Broken> {
        let stored = self.stored(entry);
        if self.has_crc32 && crc32fast::hash(stored) != self.entries[entry as usize].crc32 {
            return Err(Broken::Checksum);
        }
        let header = self.header(entry).ok_or(Broken::Damaged)?;
        let deflated = &stored[header.len..];
        Ok((header, deflated))
    }

    /// Unpacks what the entry stores, an object or a delta, into the start of `out`, and says how many bytes it has.
    pub(crate) fn inflate(&self, entry: u32, decoder: &mut Decoder, out: &mut Vec<u8>) -> Result<usize, Broken> {
        let (header, deflated) = self.checked(entry)?;
        let size = usize::try_from(header.size).map_err(|_| Broken::Damaged)?;
        inflate(decoder, deflated, size, out).ok_or(Broken::Damaged)?;
        Ok(size)
    }

    fn stored(&self, entry: u32) -> &[u8] {
        let entry = entry as usize;
        self.data.entry_slice(self.entries[entry].offset..self.entries[entry + 1].offset).unwrap_or_default()
    }

    fn header(&self, entry: u32) -> Option<Header> {
        read_header(self.stored(entry), self.entries[entry as usize].offset, self.data.object_hash().len_in_bytes())
    }

    /// Finds each entry's base, then kinds from the roots down and weights from the ends up.
    fn connect(&mut self, entry_of_id: impl Fn(&[u8]) -> Option<u32> + Sync) {
        let count = self.len();
        let starts = Starts::new(&self.entries);
        let entry_at = |offset| starts.entry(&self.entries, offset);
        let stored = (0..count).into_par_iter().map(|entry| self.kind_or_base(entry, entry_at, &entry_of_id));
        let stored: Vec<(Option<Kind>, u32)> = stored.collect();
        for (entry, (kind, base)) in self.entries.iter_mut().zip(stored) {
            (entry.kind, entry.base) = (kind, base);
        }
        self.list_children();
        let order = self.bases_first();
        for &entry in &order {
            if let Some(base) = self.base(entry) {
                self.entries[entry as usize].kind = self.kind(base);
            }
        }
        for entry in 0..count as usize {
            let stored = self.entries[entry + 1].offset - self.entries[entry].offset;
            self.entries[entry].weight = u32::try_from(stored).unwrap_or(u32::MAX);
        }
        for &entry in order.iter().rev() {
            let Entry { base, weight, .. } = self.entries[entry as usize];
            if base != NONE {
                let of_base = &mut self.entries[base as usize].weight;
                *of_base = of_base.saturating_add(weight);
            }
        }
    }

    /// What the header of an entry says: the kind of one that is stored whole, or the entry that it is stored as a change to.
    fn kind_or_base(
        &self,
        entry: u32,
        entry_at: impl Fn(u64) -> Option<u32>,
        entry_of_id: impl Fn(&[u8]) -> Option<u32>,
    ) -> (Option<Kind>, u32) {
        let Some(header) = self.header(entry) else { return (None, NONE) };
        let base = match header.stored {
            Stored::Whole(kind) => return (Some(kind), NONE),
            Stored::DeltaAt(offset) => entry_at(offset),
            Stored::DeltaOf => entry_of_id(&self.stored(entry)[header.len - self.data.object_hash().len_in_bytes()..header.len]),
        };
        (None, base.unwrap_or(NONE))
    }

    /// The entries whose chain of bases ends, each after its base. That is how packs are stored, but for some whose changes name their bases by id.
    fn bases_first(&self) -> Vec<u32> {
        let has_end = |&entry: &u32| self.kind(entry).is_some() || self.base(entry).is_some();
        let storage = 0..self.len();
        if storage.clone().all(|entry| self.base(entry).is_none_or(|base| base < entry)) {
            return storage.filter(has_end).collect();
        }
        let mut order: Vec<u32> = storage.filter(|&entry| self.kind(entry).is_some()).collect();
        let mut next = 0;
        while let Some(&entry) = order.get(next) {
            next += 1;
            order.extend_from_slice(self.children(entry));
        }
        order
    }

    /// Lists the entries that have each entry as their base.
    fn list_children(&mut self) {
        let entries = &mut self.entries;
        for at in 0..entries.len() {
            let base = entries[at].base as usize;
            if let Some(base) = entries.get_mut(base) {
                base.first_child += 1;
            }
        }
        let mut end = 0;
        for entry in entries.iter_mut() {
            end += entry.first_child;
            entry.first_child = end;
        }
        // Each range is filled from its end: when all are in, what said where it ends says where it starts.
        self.children = vec![0; end as usize];
        for at in (0..entries.len()).rev() {
            let base = entries[at].base as usize;
            if let Some(base) = entries.get_mut(base) {
                base.first_child -= 1;
                self.children[base.first_child as usize] = u32::try_from(at).unwrap_or(NONE);
            }
        }
    }
}

/// The entry of an id in the index's pack.
fn order_of(index: &PackIndexFile, id: &[u8], order: &[(u64, u32)]) -> Option<u32> {
    let at = index.lookup(gix::oid::try_from_bytes(id).ok()?)?;
    let offset = index.pack_offset_at_index(at);
    order.binary_search_by_key(&offset, |&(offset, _)| offset).ok().and_then(|entry| u32::try_from(entry).ok())
}

/// Which entry starts at an offset: entries are about evenly long, so that the first bits of an offset lead to a few.
struct Starts {
    shift: u32,
    /// For each value of these bits the first entry that starts there or later.
    first: Vec<u32>,
}

impl Starts {
    fn new(entries: &[Entry]) -> Self {
        let end = entries.last().map_or(0, |end| end.offset);
        let shift = (end / entries.len().max(1) as u64).checked_ilog2().unwrap_or(0);
        let mut first = Vec::new();
        for (entry, at) in entries.iter().zip(0..) {
            let bits = usize::try_from(entry.offset >> shift).unwrap_or(usize::MAX);
            first.resize(first.len().max(bits + 1), at);
        }
        Self { shift, first }
    }

    fn entry(&self, entries: &[Entry], offset: u64) -> Option<u32> {
        let first = *self.first.get(usize::try_from(offset >> self.shift).ok()?)?;
        let found = entries[first as usize..].iter().zip(first..).find(|(entry, _)| entry.offset >= offset);
        found.filter(|(entry, _)| entry.offset == offset).map(|(_, at)| at)
    }
}

fn read_header(bytes: &[u8], offset: u64, id_len: usize) -> Option<Header> {
    let first = *bytes.first()?;
    let mut len = 1;
    let mut size = u64::from(first & 0x0F);
    let mut shift = 4;
    let mut byte = first;
    while byte & 0x80 != 0 {
        byte = *bytes.get(len)?;
        size |= u64::from(byte & 0x7F).checked_shl(shift)?;
        shift += 7;
        len += 1;
    }
    let stored = match first >> 4 & 7 {
        1 => Stored::Whole(Kind::Commit),
        2 => Stored::Whole(Kind::Tree),
        3 => Stored::Whole(Kind::Blob),
        4 => Stored::Whole(Kind::Tag),
        6 => {
            let mut byte = *bytes.get(len)?;
            len += 1;
            let mut distance = u64::from(byte & 0x7F);
            while byte & 0x80 != 0 {
                byte = *bytes.get(len)?;
                len += 1;
                distance = distance.checked_add(1)?.checked_mul(128)? | u64::from(byte & 0x7F);
            }
            Stored::DeltaAt(offset.checked_sub(distance).filter(|_| distance > 0)?)
        }
        7 => {
            len += id_len;
            Stored::DeltaOf
        }
        _ => return None,
    };
    (len <= bytes.len()).then_some(Header { stored, size, len })
}

/// Unpacks zlib data of exactly `size` bytes into the start of `out`, which is only ever made longer: clearing it costs as much as filling it.
fn inflate(decoder: &mut Decoder, deflated: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
    // One byte more than is announced, to notice when there is more.
    if out.len() <= size {
        out.resize(size + 1, 0);
    }
    let unpacked = decoder.decompress(deflated, &mut out[..=size], true);
    let whole = unpacked.as_ref().is_ok_and(|progress| progress.done && progress.output.len() == size);
    if !whole {
        decoder.reset();
    }
    whole.then_some(())
}

/// A decoder for entries of packs and loose objects.
pub(crate) const fn decoder() -> Decoder {
    Decoder::new(Format::Zlib)
}
