//! One pack with its index. Owns: where each entry is, what it is a delta of, and unpacking it. Must not: look beyond the pack.
//!
//! Formats: gitformat-pack(5).

use std::io::Read;
use std::path::Path;

use gix::objs::Kind;
use gix::odb::pack::data::File as PackData;
use gix::odb::pack::index::File as PackIndexFile;
use sirocco::Format;
use sirocco::inflate::{Decoder, Reader};

use super::{NONE, delta};
use crate::source::git::causes;

/// A pack whose entries are in order of their offsets.
pub(crate) struct Pack {
    data: PackData,
    /// Where each entry starts, and where the last one ends.
    offsets: Vec<u64>,
    /// Checksum of each entry as stored; empty for an index of version 1.
    crc32: Vec<u32>,
    /// The object that each entry holds.
    objects: Vec<u32>,
    /// The kind of object each entry holds; none for one whose chain of bases does not end.
    kinds: Vec<Option<Kind>>,
    /// The entry that each entry is stored as a change to.
    bases: Vec<u32>,
    /// Entry `e` is the base of `children[first_child[e]..first_child[e + 1]]`.
    first_child: Vec<u32>,
    children: Vec<u32>,
    /// Bytes stored for an entry and everything below it, cut off at the greatest number.
    weights: Vec<u32>,
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
    #[error("its entry in the pack is damaged")]
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
        order.sort_unstable();
        if order.last().is_some_and(|&(last, _)| last >= end) {
            return Err("the pack ends before the last of its objects".to_owned());
        }
        let crc32 = order.iter().filter_map(|&(_, at)| index.crc32_at_index(at)).collect();
        let objects = order.iter().map(|&(_, at)| numbers[at as usize]).collect();
        let offsets = order.iter().map(|&(offset, _)| offset).chain([end]).collect();
        let mut pack = Self {
            data,
            offsets,
            crc32,
            objects,
            kinds: Vec::new(),
            bases: Vec::new(),
            first_child: Vec::new(),
            children: Vec::new(),
            weights: Vec::new(),
        };
        pack.connect(|id| order_of(index, id, &order));
        Ok(pack)
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.objects.len()).expect("because a pack counts its objects in 32 bits")
    }

    /// Bytes of memory that the tables take, about.
    pub(crate) fn bytes(&self) -> usize {
        // Offsets, then six tables of 32 bits, then kinds.
        self.objects.len() * (8 + 6 * 4 + 1)
    }

    /// The object that an entry holds.
    pub(crate) fn object(&self, entry: u32) -> u32 {
        self.objects[entry as usize]
    }

    /// The kind of object that an entry holds; none where its chain of bases does not end in this pack.
    pub(crate) fn kind(&self, entry: u32) -> Option<Kind> {
        self.kinds[entry as usize]
    }

    /// The entries that are stored as changes to `entry`.
    pub(crate) fn children(&self, entry: u32) -> &[u32] {
        let entry = entry as usize;
        &self.children[self.first_child[entry] as usize..self.first_child[entry + 1] as usize]
    }

    /// Bytes stored for the entry and everything below it.
    pub(crate) fn weight(&self, entry: u32) -> u32 {
        self.weights[entry as usize]
    }

    /// The entry that this one is stored as a change to; none for one that is stored whole.
    pub(crate) fn base(&self, entry: u32) -> Option<u32> {
        Some(self.bases[entry as usize]).filter(|&base| base != NONE)
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
        if self.crc32.get(entry as usize).is_some_and(|&crc32| crc32fast::hash(stored) != crc32) {
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
        self.data.entry_slice(self.offsets[entry]..self.offsets[entry + 1]).unwrap_or_default()
    }

    fn header(&self, entry: u32) -> Option<Header> {
        read_header(self.stored(entry), self.offsets[entry as usize], self.data.object_hash().len_in_bytes())
    }

    /// Finds each entry's base, then kinds and weights from the roots down.
    fn connect(&mut self, entry_of_id: impl Fn(&[u8]) -> Option<u32>) {
        let count = self.len();
        let mut kinds = vec![None; count as usize];
        let mut bases = vec![NONE; count as usize];
        for entry in 0..count {
            let Some(header) = self.header(entry) else { continue };
            bases[entry as usize] = match header.stored {
                Stored::Whole(kind) => {
                    kinds[entry as usize] = Some(kind);
                    NONE
                }
                Stored::DeltaAt(offset) => before(&self.offsets[..entry as usize], offset).unwrap_or(NONE),
                Stored::DeltaOf => {
                    let id = &self.stored(entry)[header.len - self.data.object_hash().len_in_bytes()..header.len];
                    entry_of_id(id).unwrap_or(NONE)
                }
            };
        }
        (self.first_child, self.children) = by_base(&bases);
        let mut order: Vec<u32> = (0..count).filter(|&entry| kinds[entry as usize].is_some()).collect();
        let mut next = 0;
        while let Some(&entry) = order.get(next) {
            next += 1;
            for at in self.first_child[entry as usize]..self.first_child[entry as usize + 1] {
                let child = self.children[at as usize];
                kinds[child as usize] = kinds[entry as usize];
                order.push(child);
            }
        }
        let mut weights: Vec<u32> = self.offsets.windows(2).map(|pair| u32::try_from(pair[1] - pair[0]).unwrap_or(u32::MAX)).collect();
        for &entry in order.iter().rev().filter(|&&entry| bases[entry as usize] != NONE) {
            let base = bases[entry as usize] as usize;
            weights[base] = weights[base].saturating_add(weights[entry as usize]);
        }
        self.bases = bases;
        self.kinds = kinds;
        self.weights = weights;
    }
}

/// The entry of an id in the index's pack.
fn order_of(index: &PackIndexFile, id: &[u8], order: &[(u64, u32)]) -> Option<u32> {
    let at = index.lookup(gix::oid::try_from_bytes(id).ok()?)?;
    let offset = index.pack_offset_at_index(at);
    order.binary_search_by_key(&offset, |&(offset, _)| offset).ok().and_then(|entry| u32::try_from(entry).ok())
}

/// The position of `offset` in the sorted `offsets`; most bases are near the end.
fn before(offsets: &[u64], offset: u64) -> Option<u32> {
    let mut width = 32;
    loop {
        let start = offsets.len().saturating_sub(width);
        if start == 0 || offsets[start] <= offset {
            let at = start + offsets[start..].binary_search(&offset).ok()?;
            return u32::try_from(at).ok();
        }
        width *= 4;
    }
}

/// The entries that have each entry as their base, as ranges of one list.
fn by_base(bases: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0_u32; bases.len() + 2];
    for &base in bases.iter().filter(|&&base| base != NONE) {
        first[base as usize + 2] += 1;
    }
    for at in 2..first.len() {
        first[at] += first[at - 1];
    }
    let mut children = vec![0; first[first.len() - 1] as usize];
    for (entry, &base) in (0_u32..).zip(bases).filter(|&(_, &base)| base != NONE) {
        let slot = &mut first[base as usize + 1];
        children[*slot as usize] = entry;
        *slot += 1;
    }
    first.pop();
    (first, children)
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
