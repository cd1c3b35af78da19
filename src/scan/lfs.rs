//! What a pointer of git LFS stands for. Owns: scanning it where it is, counting it where it is not. Must not: fetch it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Scanner;
use crate::blob::Origin;
use crate::finding::{Coverage, SkipReason};
use crate::gather::Gathered;
use crate::source::TreeFile;
use crate::source::git::lfs;

impl Scanner {
    /// The content behind `bytes` if they are a pointer; `directory` tells where git LFS would keep it. None for anything else.
    pub(super) fn behind_pointer(
        &self,
        origin: &Arc<Origin>,
        bytes: &[u8],
        directory: impl FnOnce() -> Option<PathBuf>,
    ) -> Option<Gathered> {
        let oid = lfs::pointer(bytes)?;
        if let Some(path) = directory().and_then(|directory| lfs::local(&directory, oid)) {
            return Some(self.file_alone(&TreeFile { path, origin: Origin::clone(origin) }, &mut Vec::new()));
        }
        let mut coverage = Coverage::default();
        coverage.skip(SkipReason::LfsContent);
        Some(Gathered { coverage, ..Gathered::default() })
    }

    /// The same for a file of a work tree.
    pub(super) fn behind_file(&self, file: &TreeFile, bytes: &[u8]) -> Option<Gathered> {
        self.behind_pointer(&Arc::new(file.origin.clone()), bytes, || lfs::directory_around(&file.path))
    }

    /// The same for an object of a repository.
    pub(super) fn behind_object(&self, origin: &Arc<Origin>, bytes: &[u8], directory: &Path) -> Option<Gathered> {
        self.behind_pointer(origin, bytes, || Some(directory.to_owned()))
    }
}
