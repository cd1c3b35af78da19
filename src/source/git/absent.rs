//! What is said of objects that are not there. Owns: telling a partial clone, which leaves objects out until they are asked for. Must not: fetch any.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix::oid;

use super::plain;

/// Object directories, and whether objects of theirs were left with another repository; that is looked up when something is missing.
#[derive(Debug, Default)]
pub(super) struct Absent {
    directories: Vec<PathBuf>,
    is_partial: OnceLock<bool>,
}

impl Absent {
    pub(super) fn new(directories: Vec<PathBuf>) -> Self {
        Self { directories, is_partial: OnceLock::new() }
    }

    /// That an object is missing, in words.
    pub(super) fn in_words(&self, id: &oid) -> String {
        let is_partial = *self
            .is_partial
            .get_or_init(|| self.directories.iter().flat_map(|own| plain::directories(own).0).any(|directory| is_partial(&directory)));
        let more = if is_partial { ", which is a partial clone; `git fetch --refetch --no-filter` may bring it" } else { "" };
        format!("object {id} is not in the repository{more}")
    }
}

/// Whether a pack is marked as one that leaves out what another repository promised to keep (git-repack(1), "promisor").
fn is_partial(directory: &Path) -> bool {
    let packs = std::fs::read_dir(directory.join("pack")).into_iter().flatten().filter_map(Result::ok);
    packs.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|ending| ending == "promisor"))
}
