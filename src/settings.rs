//! Every option of the library as plain structs with defaults. Owns: data. Must not: parse arguments or files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};

use crate::finding::Level;
use crate::suppress::globs::Globs;
use crate::suppress::marks::Marks;
use crate::suppress::passed::PassedPaths;

/// What a scan reports and how much it may use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Findings below this level are counted, not reported.
    pub min_confidence: Level,
    /// Which inline marks suppress findings.
    pub marks: Marks,
    /// Files larger than this many bytes are not scanned; none: all sizes.
    pub max_file_size: Option<u64>,
    /// Threads; none: one per core.
    pub threads: Option<usize>,
    /// Whether candidates that are no findings are reported with their reason.
    pub explain: bool,
    /// Bytes of memory that a scan of a history takes, about; none: [`MEMORY`], or what it takes at least. Fewer than that are an error.
    pub memory: Option<usize>,
}

/// Bytes of memory that a scan of a history takes where nothing else is said, files that are mapped apart. It is a limit for the texts of
/// objects: tables of all objects take what is needed for them, about 150 bytes an object, and texts the rest.
pub const MEMORY: usize = 250 << 20;

impl Default for Settings {
    fn default() -> Self {
        Self { min_confidence: Level::Medium, marks: Marks::All, max_file_size: None, threads: None, explain: false, memory: None }
    }
}

/// Which files of a tree are scanned.
#[derive(Debug, Clone, Default)]
pub struct TreeSettings {
    /// Whether files that git ignores are scanned too.
    pub no_ignore: bool,
    /// Globs, as in a `.gitignore`, of paths to leave out.
    pub exclude: Vec<String>,
    /// Paths to scan, files or directories.
    pub roots: Vec<PathBuf>,
}

/// What of a repository's history is scanned, and how.
#[derive(Debug, Clone)]
pub struct HistorySettings {
    /// A directory in the repository.
    pub repository: PathBuf,
    /// What git says of it through the environment.
    pub environment: GitEnvironment,
    /// Whether what no reference leads to is scanned too: what logs name, and what is left over.
    pub unreachable: bool,
    /// Only what commits bring that are not older, in seconds since 1970 by the committer's clock.
    pub since: Option<i64>,
    /// Paths to leave out.
    pub exclude: Globs,
    /// Paths whose places are taken out of the report when it is made: of a secret that stands elsewhere too, that is shown.
    pub let_pass: PassedPaths,
    /// Whether of a blob that is stored as a change of another one only what changes is scanned. The findings are the same.
    pub delta: bool,
    /// Where to keep what was scanned, for the next time.
    pub cache: Cache,
}

impl HistorySettings {
    /// All that references lead to in the repository that holds `directory`; nothing is kept.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self {
            repository: directory,
            environment: GitEnvironment::default(),
            unreachable: false,
            since: None,
            exclude: Globs::default(),
            let_pass: PassedPaths::default(),
            delta: true,
            cache: Cache::Off,
        }
    }
}

/// Where it is kept which blobs were scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cache {
    /// Nowhere.
    Off,
    /// In the repository's git directory. What is kept there is sealed with the key in a file elsewhere, which is made where it is not there: a
    /// git directory can come from a stranger with everything that is in it.
    GitDirectory {
        /// The key's file.
        key: PathBuf,
    },
    /// In this directory, which has the key too: whoever can write there is believed.
    At(PathBuf),
}

/// What git tells its hooks through the environment. The program fills it from the variables named here; the default is none of them.
/// Relative paths are relative to the current directory, as git means them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitEnvironment {
    /// `GIT_DIR`: the git directory, instead of the one around the scanned directory.
    pub git_dir: Option<PathBuf>,
    /// `GIT_INDEX_FILE`: the index of the commit being made, such as `.git/index.lock` in `git commit -a`.
    pub index_file: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY`: where objects are; in `pre-receive` it is the quarantine.
    pub object_directory: Option<PathBuf>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`: further places of objects.
    pub alternate_object_directories: Vec<PathBuf>,
}

impl GitEnvironment {
    /// The directories in `GIT_ALTERNATE_OBJECT_DIRECTORIES`, as git writes and reads it: one that holds a separator is in quotes, with the
    /// escapes of C; one that begins with `#` is none.
    #[must_use]
    pub fn directories(list: &OsStr) -> Vec<PathBuf> {
        const SEPARATOR: u8 = if cfg!(windows) { b';' } else { b':' };
        let mut rest = BStr::new(list.as_encoded_bytes());
        let mut found = Vec::new();
        while !rest.is_empty() {
            let quoted = if rest.starts_with(b"\"") { gix::quote::ansi_c::undo(rest).ok() } else { None };
            let (name, end) = quoted.unwrap_or_else(|| {
                let end = rest.find_byte(SEPARATOR).unwrap_or(rest.len());
                (rest[..end].as_bstr().into(), end)
            });
            found.extend(name.to_path().ok().filter(|_| !name.is_empty() && !name.starts_with(b"#")).map(Path::to_owned));
            rest = rest.get(end + 1..).unwrap_or_default().as_bstr();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_directories_are_those_of_git() {
        let directories = |list: &str| GitEnvironment::directories(OsStr::new(list));
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(directories("/a:b/c"), paths(&["/a", "b/c"]));
        assert_eq!(directories(""), paths(&[]));
        assert_eq!(directories(r#""/a:b \" \303\244/objects":/c"#), paths(&["/a:b \" ä/objects", "/c"]));
        assert_eq!(directories("::#/a:/b\"c:"), paths(&["/b\"c"]));
        // What is no whole quotation is a name.
        assert_eq!(directories("\"/a:/b"), paths(&["\"/a", "/b"]));
    }
}
