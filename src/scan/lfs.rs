//! What a pointer of git LFS stands for. Owns: scanning it where it is, counting it where it is not. Must not: fetch it.

use std::path::{Path, PathBuf};

use super::Scanner;
use crate::blob::Origin;
use crate::finding::{Coverage, SkipReason};
use crate::gather::Gathered;
use crate::source::git::lfs;
use crate::source::tree::Place;

impl Scanner {
    /// The content behind `bytes` if they are a pointer; `directory` tells where git LFS would keep it. None for anything else.
    pub(super) fn behind_pointer(&self, origin: &Origin, bytes: &[u8], directory: impl FnOnce() -> Option<PathBuf>) -> Option<Gathered> {
        let oid = lfs::pointer(bytes)?;
        if let Some(path) = directory().and_then(|directory| lfs::local(&directory, oid)) {
            return Some(self.file_alone(origin, Place::Path(&path), &mut Vec::new()));
        }
        let mut coverage = Coverage::default();
        coverage.skip(SkipReason::LfsContent);
        Some(Gathered { coverage, ..Gathered::default() })
    }

    /// The same for a file of a work tree.
    pub(super) fn behind_file(&self, origin: &Origin, place: Place<'_>, bytes: &[u8]) -> Option<Gathered> {
        self.behind_pointer(origin, bytes, || lfs::directory_around(&place.path()))
    }

    /// The same for an object of a repository.
    pub(super) fn behind_object(&self, origin: &Origin, bytes: &[u8], directory: &Path) -> Option<Gathered> {
        self.behind_pointer(origin, bytes, || Some(directory.to_owned()))
    }
}
