//! Packs with whatever is wanted in them, and their indexes. Ids are made up: readers of packs do not compute them. The fuzz target uses this
//! file, too, so that it needs nothing but the standard library.

#![expect(clippy::disallowed_methods, clippy::cast_possible_truncation, reason = "packs are made up here, of bytes")]

use std::path::Path;

/// An id, which is the same byte all over.
pub fn hex(id: u8) -> String {
    format!("{id:02x}").repeat(20)
}

/// What git calls kinds of entries.
pub const COMMIT: u8 = 1;
pub const TREE: u8 = 2;
pub const BLOB: u8 = 3;
pub const OFS_DELTA: u8 = 6;
pub const REF_DELTA: u8 = 7;

/// An entry of a pack, before it is one.
pub struct Entry {
    pub id: u8,
    pub kind: u8,
    /// Unpacked bytes, as the header says.
    pub size: u64,
    /// What stands between the header and the deflated content: the base of a delta.
    pub base: Vec<u8>,
    pub deflated: Vec<u8>,
    /// What is wrong with the checksum.
    pub crc_error: u32,
    /// Where the index says that the entry is, in place of where it is.
    pub offset: Option<u64>,
}

impl Entry {
    /// An object that is stored whole.
    pub fn whole(id: u8, kind: u8, content: &[u8]) -> Self {
        Self { id, kind, size: content.len() as u64, base: Vec::new(), deflated: stored(content), crc_error: 0, offset: None }
    }

    /// A change to the object with an id.
    pub fn change(id: u8, base: u8, payload: &[u8]) -> Self {
        Self { kind: REF_DELTA, base: vec![base; 20], ..Self::whole(id, BLOB, payload) }
    }

    /// A change to what starts so many bytes before.
    pub fn change_before(id: u8, distance: u64, payload: &[u8]) -> Self {
        let mut base = vec![(distance & 0x7F) as u8];
        let mut rest = distance >> 7;
        while rest > 0 {
            rest -= 1;
            base.insert(0, 0x80 | (rest & 0x7F) as u8);
            rest >>= 7;
        }
        Self { kind: OFS_DELTA, base, ..Self::whole(id, BLOB, payload) }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = self.size >> 4;
        bytes.push((self.kind & 7) << 4 | (self.size & 0x0F) as u8 | if rest > 0 { 0x80 } else { 0 });
        while rest > 0 {
            bytes.push((rest & 0x7F) as u8 | if rest > 0x7F { 0x80 } else { 0 });
            rest >>= 7;
        }
        bytes.extend(&self.base);
        bytes.extend(&self.deflated);
        bytes
    }
}

/// A delta of these instructions: copies `(offset, length)` of up to 2^24 - 1 bytes, or text.
pub fn delta(base_len: usize, len: usize, ops: &[Result<(u32, u32), &[u8]>]) -> Vec<u8> {
    let mut payload = Vec::new();
    for number in [base_len, len] {
        let mut rest = number;
        while rest > 0x7F {
            payload.push((rest & 0x7F) as u8 | 0x80);
            rest >>= 7;
        }
        payload.push(rest as u8);
    }
    for op in ops {
        match op {
            Ok((from, len)) => {
                payload.push(0xFF);
                payload.extend(from.to_le_bytes());
                payload.extend(&len.to_le_bytes()[..3]);
            }
            Err(text) => {
                for part in text.chunks(127) {
                    payload.push(part.len() as u8);
                    payload.extend(part);
                }
            }
        }
    }
    payload
}

/// Zlib data that is not compressed.
pub fn stored(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut parts = content.chunks(0xFFFF).peekable();
    if content.is_empty() {
        out.extend([1, 0, 0, 0xFF, 0xFF]);
    }
    while let Some(part) = parts.next() {
        out.push(u8::from(parts.peek().is_none()));
        out.extend((part.len() as u16).to_le_bytes());
        out.extend((!(part.len() as u16)).to_le_bytes());
        out.extend(part);
    }
    out.extend(adler32(content.iter().copied()).to_be_bytes());
    out
}

/// Zlib data of `1 + 258 * repeats` times the letter `x`, a hundredth as long.
pub fn bomb(repeats: usize) -> Vec<u8> {
    let (mut out, mut buffer, mut filled) = (vec![0x78, 0x01], 0_u32, 0);
    // Codes are stored from their highest bit on.
    let mut bits = |value: u32, len: u32, reversed: bool| {
        let value = if reversed { value.reverse_bits() >> (32 - len) } else { value };
        buffer |= value << filled;
        filled += len;
        while filled >= 8 {
            out.push(buffer as u8);
            buffer >>= 8;
            filled -= 8;
        }
    };
    bits(0b011, 3, false);
    bits(0x30 + u32::from(b'x'), 8, true);
    for _ in 0..repeats {
        bits(0b1100_0101, 8, true);
        bits(0, 5, true);
    }
    bits(0, 7, true);
    bits(0, 7, false);
    out.extend(adler32(std::iter::repeat_n(b'x', 1 + 258 * repeats)).to_be_bytes());
    out
}

fn adler32(content: impl Iterator<Item = u8>) -> u32 {
    let (a, b) = content.fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 }))
}

/// Writes a bare repository whose only pack has these entries, in this order; HEAD is `head`.
pub fn write(directory: &Path, head: u8, entries: &[Entry]) -> std::io::Result<()> {
    let packs = directory.join("objects/pack");
    std::fs::create_dir_all(&packs)?;
    std::fs::create_dir_all(directory.join("refs/heads"))?;
    std::fs::write(directory.join("config"), "[core]\nrepositoryformatversion = 0\nbare = true\n")?;
    std::fs::write(directory.join("HEAD"), "ref: refs/heads/main\n")?;
    std::fs::write(directory.join("refs/heads/main"), hex(head) + "\n")?;
    let mut pack = [&b"PACK"[..], &2_u32.to_be_bytes(), &(entries.len() as u32).to_be_bytes()].concat();
    let mut index: Vec<(u8, u32, u64)> = Vec::new();
    for entry in entries {
        let bytes = entry.bytes();
        index.push((entry.id, crc32(&bytes) ^ entry.crc_error, entry.offset.unwrap_or(pack.len() as u64)));
        pack.extend(bytes);
    }
    pack.extend([0; 20]);
    std::fs::write(packs.join("pack-0.pack"), pack)?;
    std::fs::write(packs.join("pack-0.idx"), index_of(index))
}

/// An index of version 2: ids, checksums, offsets.
fn index_of(mut entries: Vec<(u8, u32, u64)>) -> Vec<u8> {
    entries.sort_unstable();
    let mut out = [&b"\xFFtOc"[..], &2_u32.to_be_bytes()].concat();
    for first in 0..=u8::MAX {
        let below = entries.iter().filter(|(id, ..)| *id <= first).count() as u32;
        out.extend(below.to_be_bytes());
    }
    out.extend(entries.iter().flat_map(|(id, ..)| [*id; 20]));
    out.extend(entries.iter().flat_map(|(_, crc, _)| crc.to_be_bytes()));
    let large: Vec<u64> = entries.iter().map(|&(.., offset)| offset).filter(|&offset| offset > 0x7FFF_FFFF).collect();
    let mut next_large = 0x8000_0000_u32;
    for (.., offset) in &entries {
        let offset = u32::try_from(*offset).ok().filter(|&offset| offset <= 0x7FFF_FFFF).unwrap_or_else(|| {
            next_large += 1;
            next_large - 1
        });
        out.extend(offset.to_be_bytes());
    }
    out.extend(large.iter().flat_map(|offset| offset.to_be_bytes()));
    out.extend([0; 40]);
    out
}

/// A commit with a tree of these files.
pub fn commit_of(commit: u8, tree: u8, files: &[(&str, u8)]) -> [Entry; 2] {
    let text = format!("tree {}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm\n", hex(tree));
    let entries: Vec<u8> = files.iter().flat_map(|(name, id)| [format!("100644 {name}\0").as_bytes(), &[*id; 20]].concat()).collect();
    [Entry::whole(commit, COMMIT, text.as_bytes()), Entry::whole(tree, TREE, &entries)]
}
