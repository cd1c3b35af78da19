//! Submodules that are checked out: repositories of their own inside of a work tree. Owns: finding them. Must not: follow paths out of the
//! work tree, or visit a repository twice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use crate::settings::GitEnvironment;
use crate::source::SourceError;
use crate::source::git::{open, worktree};

/// Submodules in submodules in submodules … no deeper than this.
const MAX_DEPTH: usize = 16;

/// A submodule that is checked out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Submodule {
    /// Path below the outermost work tree.
    pub(crate) path: BString,
    /// The root of its own work tree.
    pub(crate) root: PathBuf,
}

/// The submodules that are checked out in the work tree of a repository, and theirs, by path.
///
/// # Errors
/// If there is no repository. An index that cannot be read names no submodules.
pub(crate) fn checked_out(directory: &Path, environment: &GitEnvironment) -> Result<Vec<Submodule>, SourceError> {
    let opened = open::open(directory, environment)?;
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([opened.repository.git_dir().canonicalize().unwrap_or_default()]);
    let mut waiting = vec![(opened.repository, BString::default(), 0)];
    while let Some((repository, base, depth)) = waiting.pop() {
        let Some(root) = repository.workdir().and_then(|root| root.canonicalize().ok()) else { continue };
        let index = worktree::read_index(&repository.git_dir().join("index"), repository.object_hash());
        let Ok(index) = index else { continue };
        for entry in index.entries().iter().filter(|entry| entry.mode.is_submodule()) {
            let relative = entry.path(&index);
            let Some(inner) = inside(&root, relative).filter(|inner| open::is_git(&inner.join(".git"))) else { continue };
            let Ok(submodule) = open::open_at(&inner, false) else { continue };
            if !seen.insert(submodule.git_dir().canonicalize().unwrap_or_default()) {
                continue;
            }
            let path = if base.is_empty() { relative.to_owned() } else { BString::from([base.as_bytes(), b"/", relative].concat()) };
            found.push(Submodule { path: path.clone(), root: inner });
            if depth < MAX_DEPTH {
                waiting.push((submodule, path, depth + 1));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The directory at a path of the index, if it is below the root and no link leads there.
fn inside(root: &Path, relative: &BStr) -> Option<PathBuf> {
    let path = root.join(relative.to_path().ok()?);
    (path.canonicalize().ok()? == path && path.starts_with(root) && path.is_dir()).then_some(path)
}
