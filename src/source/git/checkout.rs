//! How files of a work tree stand towards git, for those who are about to change them. Owns: finding the work tree and its git directory,
//! tracked or not, changed or not. Must not: run git, or change anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};

use crate::blob::Origin;
use crate::settings::GitEnvironment;
use crate::source::SourceError;
use crate::source::git::open::{self, Enclosing};
use crate::source::git::{config, staged, worktree};

/// A work tree.
pub struct Checkout {
    root: PathBuf,
    git_dir: PathBuf,
    name: Option<String>,
    index: gix::index::State,
    hash: gix::hash::Kind,
    /// Paths whose staged content is not that of HEAD.
    staged: BTreeSet<BString>,
    /// Work trees inside that were asked for, by their roots.
    inside: Mutex<BTreeMap<PathBuf, Option<Arc<Self>>>>,
}

/// What git knows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// It is not tracked, ignored or not.
    Untracked,
    /// HEAD has this content.
    Clean,
    /// It differs from HEAD, staged or not.
    Changed,
}

impl Checkout {
    /// The work tree around a directory or file; none if there is none.
    ///
    /// # Errors
    /// The repository is there and cannot be read.
    pub fn around(path: &Path) -> Result<Option<Self>, SourceError> {
        let canonical = path.canonicalize().map_err(|source| SourceError::Root { path: path.to_owned(), source })?;
        let Enclosing::WorkTree(root) = open::enclosing(&canonical) else { return Ok(None) };
        let repository = open::open_at(&root, false)?;
        let git_dir = repository.git_dir().to_owned();
        let hash = repository.object_hash();
        let index = worktree::read_index(&git_dir.join("index"), hash).map_err(|error| open::failure(&git_dir, &error))?;
        let staged = staged::list(&root, &GitEnvironment::default())?.items.into_iter().filter_map(|item| match item.origin {
            Origin::Index { path } => Some(path),
            _ => None,
        });
        let url = config::facts(&repository).url;
        let name = url.and_then(|url| url.trim_end_matches(['/']).trim_end_matches(".git").rsplit('/').next().map(str::to_owned));
        Ok(Some(Self { root, git_dir, name, index, hash, staged: staged.collect(), inside: Mutex::default() }))
    }

    /// Its canonical root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its own git directory, not the one that several work trees share.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// What the repository is called at its remote.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What git knows of the file at `path`, below the root, that has this content. In a submodule, or another repository inside, that is what git knows there.
    #[must_use]
    pub fn state(&self, path: &BStr, content: &[u8]) -> FileState {
        match self.index.entry_by_path(path) {
            None => self.inside(path).map_or(FileState::Untracked, |(checkout, path)| checkout.state(path, content)),
            Some(entry) if !self.staged.contains(path) && self.has_form_of(entry, content) => FileState::Clean,
            Some(_) => FileState::Changed,
        }
    }

    /// Whether the index has exactly this content for the file at `path`: no attribute, and no filter, makes anything else of it.
    #[must_use]
    pub fn has(&self, path: &BStr, content: &[u8]) -> bool {
        match self.index.entry_by_path(path) {
            None => self.inside(path).is_some_and(|(checkout, path)| checkout.has(path, content)),
            Some(entry) => self.is_content(entry, content),
        }
    }

    fn is_content(&self, entry: &gix::index::Entry, content: &[u8]) -> bool {
        gix::objs::compute_hash(self.hash, gix::objs::Kind::Blob, content).is_ok_and(|id| id == entry.id)
    }

    /// The same in a form that attributes make git store: UTF-16 as UTF-8 (`working-tree-encoding`), lines with other ends (`text`), keywords
    /// that are not filled in (`ident`).
    fn has_form_of(&self, entry: &gix::index::Entry, content: &[u8]) -> bool {
        if self.is_content(entry, content) {
            return true;
        }
        let utf8 = utf8_of(content);
        let text = utf8.as_ref().map_or(content, |text| text.as_bytes()).replace(b"\r\n", b"\n");
        self.is_content(entry, &text) || self.is_content(entry, &without_idents(&text))
    }

    /// The directories above these paths, below the root, that are repositories of their own and no part of this one: neither a submodule nor with a
    /// file that is tracked here. A scan leaves them out.
    #[must_use]
    pub fn nested<'p>(&self, paths: impl Iterator<Item = &'p BStr>) -> BTreeSet<BString> {
        let above = |path: &'p BStr| path.find_iter(b"/").map(move |end| path[..end].as_bstr());
        let directories: BTreeSet<&BStr> = paths.flat_map(above).collect();
        let is_nested = |directory: &BStr| {
            let at = |path: &BStr| self.index.entry_index_by_path(path).unwrap_or_else(|at| at);
            let prefix = [directory.as_bytes(), b"/"].concat();
            let tracked = |path: &BStr| self.index.entries().get(at(path)).is_some_and(|entry| entry.path(&self.index).starts_with(path));
            let is_submodule = self.index.entry_by_path(directory).is_some();
            directory.to_path().is_ok_and(|path| open::is_git(&self.root.join(path).join(".git")))
                && !is_submodule
                && !tracked(prefix.as_bstr())
        };
        directories.into_iter().filter(|directory| is_nested(directory)).map(ToOwned::to_owned).collect()
    }

    /// The work tree inside of this one that a file is in, and its path there; none where there is no such work tree, or it cannot be read.
    fn inside<'p>(&self, path: &'p BStr) -> Option<(Arc<Self>, &'p BStr)> {
        let full = self.root.join(path.to_path().ok()?);
        let inner =
            full.ancestors().skip(1).take_while(|directory| *directory != self.root).find(|directory| directory.join(".git").exists())?;
        let root = inner.canonicalize().ok()?;
        let mut known = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || Self::around(&root).ok().flatten().filter(|found| found.root == root).map(Arc::new);
        let checkout = known.entry(root.clone()).or_insert_with(open).clone()?;
        drop(known);
        let depth = inner.strip_prefix(&self.root).ok()?.components().count();
        Some((checkout, path.splitn_str(depth + 1, "/").last()?.as_bstr()))
    }
}

/// A text in UTF-16 that begins with a byte order mark, without the mark.
fn utf8_of(content: &[u8]) -> Option<String> {
    let (text, unit): (_, fn([u8; 2]) -> u16) = match content {
        [0xFF, 0xFE, text @ ..] => (text, u16::from_le_bytes),
        [0xFE, 0xFF, text @ ..] => (text, u16::from_be_bytes),
        _ => return None,
    };
    let pairs = text.chunks_exact(2);
    let is_whole = pairs.remainder().is_empty();
    let units: Vec<u16> = pairs.map(|pair| unit([pair[0], pair[1]])).collect();
    is_whole.then(|| String::from_utf16(&units).ok()).flatten()
}

/// The text with each `$Id: …$` of a line as `$Id$`.
fn without_idents(text: &[u8]) -> Vec<u8> {
    const KEYWORD: &[u8] = b"$Id:";
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(KEYWORD) {
        out.extend_from_slice(&rest[..at]);
        let filled = &rest[at + KEYWORD.len()..];
        let end = filled.find_byteset(b"$\n").filter(|&end| filled[end] == b'$');
        out.extend_from_slice(if end.is_some() { b"$Id$" } else { KEYWORD });
        rest = &filled[end.map_or(0, |end| end + 1)..];
    }
    out.extend_from_slice(rest);
    out
}
