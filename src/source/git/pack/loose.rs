//! Loose objects: one file each. Owns: listing and unpacking them. Must not: know packs.
//!
//! Format: gitformat-loose(5): zlib data of `kind SP size NUL content`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::Kind;
use sirocco::Format;
use sirocco::inflate::Reader;

use super::packed::Broken;

/// Longest header of a loose object, in bytes.
const HEADER_MAX: usize = 32;

/// The ids of the loose objects below `directory`, in no particular order.
pub(crate) fn list(directory: &Path, hash: gix::hash::Kind) -> io::Result<Vec<ObjectId>> {
    let mut ids = Vec::new();
    for first in 0..=u8::MAX {
        let start = format!("{first:02x}");
        let files = match std::fs::read_dir(directory.join(&start)) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for file in files {
            let name = file?.file_name();
            // Other names are files being written.
            let Some(rest) = name.to_str().filter(|rest| rest.len() + 2 == hash.len_in_hex()) else { continue };
            ids.extend(ObjectId::from_hex(format!("{start}{rest}").as_bytes()));
        }
    }
    Ok(ids)
}

/// A loose object whose header is read.
pub(crate) struct Loose {
    /// What it is.
    pub(crate) kind: Kind,
    /// Bytes of its content.
    pub(crate) size: u64,
    content: Reader<io::BufReader<File>>,
}

impl Loose {
    /// Opens the object's file.
    pub(crate) fn open(directory: &Path, id: &ObjectId) -> Result<Self, Broken> {
        let file = File::open(path(directory, id)).map_err(|_| Broken::Damaged)?;
        let mut content = Reader::new(Format::Zlib, io::BufReader::new(file));
        let (kind, size) = header(&mut content).ok_or(Broken::Damaged)?;
        Ok(Self { kind, size, content })
    }

    /// Unpacks the content into `out`.
    pub(crate) fn read(mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        out.clear();
        // One byte more than is announced, to notice when there is more.
        self.content.by_ref().take(self.size + 1).read_to_end(out).map_err(|_| Broken::Damaged)?;
        if out.len() as u64 == self.size { Ok(()) } else { Err(Broken::Damaged) }
    }

    /// The content as it is unpacked.
    pub(crate) fn into_reader(self) -> impl Read {
        self.content
    }
}

fn path(directory: &Path, id: &ObjectId) -> PathBuf {
    let hex = id.to_hex().to_string();
    directory.join(&hex[..2]).join(&hex[2..])
}

fn header(content: &mut impl Read) -> Option<(Kind, u64)> {
    let mut text = Vec::with_capacity(HEADER_MAX);
    loop {
        let mut byte = [0];
        content.read_exact(&mut byte).ok()?;
        if byte == [0] {
            break;
        }
        text.push(byte[0]);
        if text.len() > HEADER_MAX {
            return None;
        }
    }
    let (kind, size) = std::str::from_utf8(&text).ok()?.split_once(' ')?;
    Some((Kind::from_bytes(kind.as_bytes()).ok()?, size.parse().ok()?))
}
