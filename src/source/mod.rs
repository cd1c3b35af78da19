//! Where content comes from: files of a tree, what is staged, what a range of commits brings. Owns: finding content and naming it.
//! Must not: look for secrets, or write anything, into a repository least of all.

pub mod directory;
pub mod git;
pub mod objects;
pub mod tree;

use std::path::{Path, PathBuf};

use crate::blob::{Origin, visible};
use crate::finding::{Coverage, Repository};

/// Files of a tree to scan, before any is read, in order of their origins.
#[derive(Debug, Default)]
pub struct Listing {
    /// What to read.
    pub files: Vec<TreeFile>,
    /// What was left out and what could not be listed.
    pub coverage: Coverage,
    /// Facts of the first root's repository, where it is in one.
    pub repository: Option<Repository>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// The path to open.
    pub path: PathBuf,
    /// What reports call it: the path below the work tree's root where it is in one, else below the directory that was asked for.
    pub origin: Origin,
}

/// Why a source cannot be listed at all. What cannot be read inside of one is a [`Problem`](crate::finding::Problem) instead.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A path that was asked for does not exist or cannot be looked at.
    #[error("{}: {}", shown(.path), in_words(.source))]
    Root {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A path that was asked for is neither a file nor a directory.
    #[error("{} is a pipe, a socket or a device; pass its content on standard input (--stdin)", shown(.path))]
    Special {
        /// The path as given.
        path: PathBuf,
    },
    /// A bare repository or a `.git` directory was given as a tree.
    #[error("{} is a git directory and has no files of its own; give its work tree, or scan what was committed with --history", shown(.path))]
    GitDirectory {
        /// The path as given.
        path: PathBuf,
    },
    /// There is no git repository.
    #[error("{} is not in a git repository", shown(.path))]
    NoRepository {
        /// The directory looked at.
        path: PathBuf,
    },
    /// What is staged was asked for in a repository without a work tree.
    #[error("{} is a bare repository, where nothing is staged; --history scans what was committed", shown(.path))]
    Bare {
        /// The git directory.
        path: PathBuf,
    },
    /// A git repository is there, but it cannot be read.
    #[error("the git repository at {} cannot be read: {detail}", shown(.path))]
    Repository {
        /// The git directory or the work tree.
        path: PathBuf,
        /// The cause in words.
        detail: String,
    },
    /// A range of commits that is not written as `A..B`.
    #[error("`{range}` is not a range of commits: {detail}")]
    Range {
        /// The range as given.
        range: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// An end of a range that is no commit.
    #[error("`{revision}` is not a commit")]
    NoCommit {
        /// The end as given.
        revision: String,
    },
    /// A hook was given something that is not git's.
    #[error("line {line} of standard input is not what git tells a {hook} hook")]
    Hook {
        /// The hook.
        hook: &'static str,
        /// Line number, from 1.
        line: usize,
    },
    /// The document of an event that brings no range.
    #[error("the event cannot be scanned: {detail}")]
    Event {
        /// What is wrong with it.
        detail: String,
    },
    /// An end of a range is the branch that is checked out, and that leads to no commit.
    #[error("`{revision}` leads to no commit: {}", .branch.as_ref().map_or_else(|| "HEAD is broken".to_owned(), |branch| format!("{branch} has none yet")))]
    Unborn {
        /// The end of the range as given.
        revision: String,
        /// The branch; none where that cannot be told.
        branch: Option<String>,
    },
    /// Less memory is allowed than the tables of a history take.
    #[error("the tables of this history take more memory than it may: --memory has to be {} or more", mebibytes(*least))]
    Memory {
        /// The least that is enough, in bytes.
        least: u64,
    },
    /// An end of a range is not in the repository.
    #[error("`{revision}` is not in this repository; `{fetch}` may bring it")]
    MissingRevision {
        /// The end of the range as given.
        revision: String,
        /// The command that would bring it.
        fetch: String,
    },
}

/// What went wrong, as people say it.
fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        kind => kind.to_string(),
    }
}

/// A number of bytes as options take it.
fn mebibytes(bytes: u64) -> String {
    format!("{}M", bytes.div_ceil(1 << 20))
}

/// A path that is safe to show.
fn shown(path: &Path) -> String {
    visible(path.as_os_str().as_encoded_bytes())
}
