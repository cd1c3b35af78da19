//! References in the reftable format (git's `technical/reftable`). Owns: the records of a stack of tables. Must not: follow references, or
//! take a table that is not whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bstr::{BString, ByteSlice};
use gix::ObjectId;
use sirocco::Format;
use sirocco::inflate::Reader;

use super::Target;
use crate::source::git::open::is_file;

/// What a stack says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stack {
    /// The references by name.
    pub(super) references: BTreeMap<BString, Target>,
    /// The objects that logs name.
    pub(super) logged: BTreeSet<ObjectId>,
    /// What they say about a change, with an object that is left of it.
    pub(super) log_messages: Vec<(BString, ObjectId)>,
    /// What the log of `refs/stash` says that was put away, newest first.
    pub(super) stashed: Vec<ObjectId>,
}

/// More than the tables of a million references take, in bytes.
const MAX_TABLE_BYTES: u64 = 1 << 30;
/// More than all their names take, in bytes; names can be shared so that a small table has large ones.
const MAX_NAME_BYTES: usize = 256 << 20;
/// How often the list is read again because a table of it was replaced meanwhile.
const TRIES: usize = 8;
/// Kind and length before the records of a block.
const BLOCK_HEADER: usize = 4;

/// Reads the tables that `tables.list` names, oldest first; what a later one says counts.
///
/// # Errors
/// A table that cannot be read or is not whole, with its name.
pub(super) fn read(directory: &Path, hash: gix::hash::Kind) -> Result<Stack, String> {
    let mut why = String::new();
    for _ in 0..TRIES {
        let list = contents(&directory.join("tables.list")).map_err(|error| format!("tables.list: {error}"))?;
        match stack(directory, &list, hash) {
            Err((name, error)) if error.kind() == io::ErrorKind::NotFound => why = format!("{name}: {error}"),
            other => return other.map_err(|(name, error)| format!("{name}: {error}")),
        }
    }
    Err(why)
}

fn stack(directory: &Path, list: &[u8], hash: gix::hash::Kind) -> Result<Stack, (String, io::Error)> {
    let mut tables = Records::default();
    for name in list.lines() {
        let shown = crate::blob::visible(name);
        let file = name.to_os_str().map_err(|_| (shown.clone(), io::ErrorKind::InvalidFilename.into()))?;
        let bytes = contents(&directory.join(file)).map_err(|error| (shown.clone(), error))?;
        let whole = Table::new(&bytes, hash).and_then(|table| table.read(&mut tables));
        whole.ok_or_else(|| (shown, io::Error::new(io::ErrorKind::InvalidData, "it is not a whole table")))?;
    }
    let Records { references, logs, .. } = tables;
    // A log's records have the name, a zero, and a number that is the smaller the later it was.
    let of_stash = logs.iter().filter(|(key, _)| key.starts_with(b"refs/stash\0")).filter_map(|(_, change)| Some(change.as_ref()?.ids));
    let changes = || logs.values().flatten();
    let latest = |change: &Change| change.ids.into_iter().rfind(|id| !id.is_null());
    Ok(Stack {
        stashed: of_stash.map(|[_, new]| new).filter(|id| !id.is_null()).collect(),
        // Others, such as ORIG_HEAD, are what commands note for themselves.
        references: references.into_iter().filter_map(|(name, target)| is_reference(&name).then_some((name, target?))).collect(),
        logged: changes().flat_map(|change| change.ids).filter(|id| !id.is_null()).collect(),
        log_messages: changes().filter_map(|change| Some((change.message.clone(), latest(change)?))).collect(),
    })
}

fn is_reference(name: &BString) -> bool {
    name == "HEAD" || name.starts_with(b"refs/")
}

/// A file's bytes, if it is one.
fn contents(path: &Path) -> io::Result<Vec<u8>> {
    if !is_file(path) {
        return Err(path.metadata().err().unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is not a file")));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_TABLE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_TABLE_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// The records of the tables so far; nothing where the last one takes a record away.
#[derive(Default)]
struct Records {
    references: BTreeMap<BString, Option<Target>>,
    logs: BTreeMap<BString, Option<Change>>,
    name_bytes: usize,
}

/// A record of a log: the objects before and after, and why.
struct Change {
    ids: [ObjectId; 2],
    message: BString,
}

impl Records {
    /// Counts a name; nothing if there are too many.
    fn count(&mut self, name: &BString) -> Option<BString> {
        self.name_bytes += name.len();
        (self.name_bytes <= MAX_NAME_BYTES).then(|| name.clone())
    }
}

/// One table.
struct Table<'t> {
    /// Everything but the footer.
    bytes: &'t [u8],
    header: usize,
    /// What blocks are filled up to; 0 if they are not.
    block_size: usize,
    hash: gix::hash::Kind,
}

impl<'t> Table<'t> {
    /// Checks header and footer.
    fn new(bytes: &'t [u8], hash: gix::hash::Kind) -> Option<Self> {
        let mut start = Cursor(bytes);
        (start.take(4)? == b"REFT").then_some(())?;
        let version = start.take(1)?[0];
        let block_size = start.number(3)?;
        start.take(16)?;
        let (header, made_for) = match (version, start.take(4)?) {
            (1, _) => (24, gix::hash::Kind::Sha1),
            (2, b"sha1") => (28, gix::hash::Kind::Sha1),
            (2, b"s256") => (28, gix::hash::Kind::Sha256),
            _ => return None,
        };
        let (bytes, footer) = bytes.split_at_checked(bytes.len().checked_sub(header + 44)?)?;
        let (noted, sum) = footer.split_at(header + 40);
        let is_whole = made_for == hash && bytes.get(..header)? == &noted[..header] && crc32fast::hash(noted).to_be_bytes() == sum;
        is_whole.then_some(Self { bytes, header, block_size, hash })
    }

    /// Reads all blocks, in their order.
    fn read(&self, into: &mut Records) -> Option<()> {
        let mut at = 0;
        while at < self.bytes.len() {
            let header = if at == 0 { self.header } else { 0 };
            let block = &self.bytes[at..];
            let mut start = Cursor(block.get(header..)?);
            if start.0.is_empty() {
                break;
            }
            let kind = start.take(1)?[0];
            // Counted from the start of the file in the first block.
            let length = start.number(3)?;
            let records = header + BLOCK_HEADER..length;
            at += match kind {
                b'r' => self.references(block.get(records)?, into)?,
                b'g' => self.logs(block.get(records.start..)?, length.checked_sub(records.start)?, into)? + records.start,
                b'o' | b'i' => 0,
                _ => return None,
            };
            if kind != b'g' {
                at += self.filled(block, length)?;
            }
        }
        Some(())
    }

    /// Where the block after one of `length` bytes starts: blocks are filled up with zeros, or follow each other.
    fn filled(&self, block: &[u8], length: usize) -> Option<usize> {
        let follows = block.get(length).is_some_and(|&byte| byte != 0);
        (length > 0).then_some(if follows { length } else { length.max(self.block_size) })
    }

    fn references(&self, block: &[u8], into: &mut Records) -> Option<usize> {
        let mut records = Cursor(without_restarts(block)?);
        let mut name = BString::default();
        while !records.0.is_empty() {
            let kind = records.key(&mut name)?;
            records.varint()?;
            let target = match kind {
                0 => None,
                1 => Some(Target::Object(records.id(self.hash)?)),
                2 => {
                    let tag = records.id(self.hash)?;
                    records.id(self.hash)?;
                    Some(Target::Object(tag))
                }
                3 => Some(Target::Name(records.text()?.into())),
                _ => return None,
            };
            let counted = into.count(&name)?;
            into.references.insert(counted, target);
        }
        Some(0)
    }

    /// Reads a block of logs, which is `length` bytes when unpacked; the number of bytes that it takes packed.
    fn logs(&self, packed: &[u8], length: usize, into: &mut Records) -> Option<usize> {
        let mut unpacked = Vec::new();
        let mut reader = Reader::new(Format::Zlib, packed);
        reader.by_ref().take(length as u64 + 1).read_to_end(&mut unpacked).ok()?;
        (unpacked.len() == length).then_some(())?;
        let mut records = Cursor(without_restarts(&unpacked)?);
        let mut key = BString::default();
        while !records.0.is_empty() {
            let change = match records.key(&mut key)? {
                0 => None,
                1 => {
                    let ids = [records.id(self.hash)?, records.id(self.hash)?];
                    // Who, their address, when in seconds, from where, and why.
                    records.text()?;
                    records.text()?;
                    records.varint()?;
                    records.take(2)?;
                    let message = records.text()?.trim_end().into();
                    Some(Change { ids, message })
                }
                _ => return None,
            };
            let counted = into.count(&key)?;
            into.logs.insert(counted, change);
        }
        usize::try_from(reader.decoder().total_in()).ok()
    }
}

/// The records of a block, without the list of places behind them where names are written out.
fn without_restarts(block: &[u8]) -> Option<&[u8]> {
    let (rest, count) = block.split_last_chunk::<2>()?;
    rest.get(..rest.len().checked_sub(3 * usize::from(u16::from_be_bytes(*count)))?)
}

/// What is left to read.
struct Cursor<'c>(&'c [u8]);

impl<'c> Cursor<'c> {
    fn take(&mut self, count: usize) -> Option<&'c [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of `count` bytes, the highest first.
    fn number(&mut self, count: usize) -> Option<usize> {
        Some(self.take(count)?.iter().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    /// A number in groups of seven bits, the highest first; as offsets in packs are written.
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        loop {
            let byte = self.take(1)?[0];
            number = number.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            number = number.checked_add(1)?;
        }
    }

    /// The next name, which shares its start with the one before, and the kind of its record.
    fn key(&mut self, name: &mut BString) -> Option<u64> {
        let shared = usize::try_from(self.varint()?).ok().filter(|&shared| shared <= name.len())?;
        let rest = self.varint()?;
        name.truncate(shared);
        name.extend_from_slice(self.take(usize::try_from(rest >> 3).ok()?)?);
        Some(rest & 7)
    }

    fn id(&mut self, hash: gix::hash::Kind) -> Option<ObjectId> {
        ObjectId::try_from(self.take(hash.len_in_bytes())?).ok()
    }

    fn text(&mut self) -> Option<&'c [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(which: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reftable").join(which)
    }

    #[test]
    fn later_tables_count() {
        let stack = read(&kept("sha1/main"), gix::hash::Kind::Sha1).unwrap();
        let names: Vec<_> = stack.references.keys().map(ToString::to_string).collect();
        assert!(!names.iter().any(|name| name == "refs/heads/topic/d" || name == "refs/tags/v-e"), "{names:?}");
        assert_eq!((names.len(), stack.logged.len()), (43, 23));
        assert_eq!(stack.references.get(&BString::from("HEAD")), Some(&Target::Name("refs/heads/topic/c".into())));
        let object = |name: &str| match stack.references.get(&BString::from(name)) {
            Some(Target::Object(id)) => *id,
            other => panic!("{name}: {other:?}"),
        };
        assert_ne!(object("refs/tags/v-a"), object("refs/heads/topic/a"));
        assert!(read(&kept("sha1/main"), gix::hash::Kind::Sha256).is_err());
        assert!(read(&kept("sha256/w"), gix::hash::Kind::Sha256).is_ok());
    }

    /// A table of one block of logs: key, and the ids before and after; none where the record is taken away.
    fn of_logs(records: &[(&[u8], Option<[u8; 2]>)]) -> Vec<u8> {
        let mut block = Vec::new();
        for (key, ids) in records {
            let start = u8::try_from(key.len() << 3).unwrap() | u8::from(ids.is_some());
            block.extend(if start < 128 { vec![0, start] } else { vec![0, 0x80, start - 128] });
            block.extend(*key);
            for id in ids.iter().flatten() {
                block.extend([*id; 20]);
            }
            block.extend(ids.iter().flat_map(|_| [0; 6]));
        }
        block.extend([0, 0]);
        let header = [&b"REFT\x01\0\0\0"[..], &[0; 16]].concat();
        let length = u32::try_from(header.len() + BLOCK_HEADER + block.len()).unwrap();
        let stored = u16::try_from(block.len()).unwrap();
        let (low, high) =
            block.iter().fold((1, 0), |(low, high), &byte| ((low + u32::from(byte)) % 65521, (high + low + u32::from(byte)) % 65521));
        let mut table =
            [&header[..], b"g", &length.to_be_bytes()[1..], &[0x78, 1, 1], &stored.to_le_bytes(), &(!stored).to_le_bytes()].concat();
        table.extend(block.into_iter().chain((high << 16 | low).to_be_bytes()));
        let footer = [&header[..], &[0; 40]].concat();
        [table, footer.clone(), crc32fast::hash(&footer).to_be_bytes().to_vec()].concat()
    }

    #[test]
    fn the_log_of_the_stash_is_read_newest_first() {
        let directory = tempfile::tempdir().unwrap();
        let key = |number: u8| [&b"refs/stash\0\xff\xff\xff\xff\xff\xff\xff"[..], &[number]].concat();
        let [newest, second, dropped, oldest] = [1, 2, 3, 4].map(key);
        let first = of_logs(&[
            (b"refs/stas\0", Some([7, 8])),
            (&dropped, Some([1, 2])),
            (&oldest, Some([0, 1])),
            (b"refs/stashes\0", Some([7, 8])),
        ]);
        let later = of_logs(&[(&newest, Some([4, 5])), (&second, Some([1, 4])), (&dropped, None)]);
        for (name, bytes) in [("a", first.as_slice()), ("b", &later), ("tables.list", b"a\nb\n")] {
            crate::fsx::write_atomically(&directory.path().join(name), |out| out.write_all(bytes)).unwrap();
        }
        let stack = read(directory.path(), gix::hash::Kind::Sha1).unwrap();
        assert_eq!(stack.stashed, [5, 4, 1].map(|byte| ObjectId::from_bytes_or_panic(&[byte; 20])));
        assert_eq!(stack.logged.len(), 5);
    }

    #[test]
    fn what_is_damaged_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let outcome = || read(directory.path(), gix::hash::Kind::Sha1);
        assert!(outcome().unwrap_err().starts_with("tables.list: "));
        std::os::unix::fs::symlink("/dev/zero", directory.path().join("tables.list")).unwrap();
        assert_eq!(outcome().unwrap_err(), "tables.list: it is not a file");
        std::fs::remove_file(directory.path().join("tables.list")).unwrap();
        crate::fsx::write_atomically(&directory.path().join("tables.list"), |out| write!(out, "gone.ref")).unwrap();
        assert!(outcome().unwrap_err().starts_with("gone.ref: "));
    }

    #[test]
    fn no_damage_stops_it() {
        for table in std::fs::read_dir(kept("sha1/main")).unwrap().map(|entry| entry.unwrap().path()) {
            let whole = std::fs::read(table).unwrap();
            let is_read =
                |bytes: &[u8]| Table::new(bytes, gix::hash::Kind::Sha1).and_then(|table| table.read(&mut Records::default())).is_some();
            if !whole.starts_with(b"REFT") {
                continue;
            }
            assert!(is_read(&whole));
            assert_eq!((0..whole.len()).find(|&length| is_read(&whole[..length])), None);
            for at in (0..whole.len()).step_by(3) {
                for byte in [0, 0x80, 0xff, b'g'] {
                    let mut damaged = whole.clone();
                    damaged[at] = byte;
                    is_read(&damaged);
                }
            }
        }
    }
}
