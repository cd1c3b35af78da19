//! Every option of the library as plain structs with defaults. Owns: data. Must not: parse arguments or files.

use std::path::PathBuf;

use crate::finding::Level;
use crate::suppress::marks::Marks;

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
}

impl Default for Settings {
    fn default() -> Self {
        Self { min_confidence: Level::Medium, marks: Marks::All, max_file_size: None, threads: None, explain: false }
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
