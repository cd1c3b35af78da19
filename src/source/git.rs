//! Stand-in.
use std::path::{Path, PathBuf};

use super::SourceError;
use super::objects::Objects;

/// Stand-in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitEnvironment {
    /// `GIT_DIR`
    pub git_dir: Option<PathBuf>,
    /// `GIT_INDEX_FILE`
    pub index_file: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY`
    pub object_directory: Option<PathBuf>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`
    pub alternate_object_directories: Vec<PathBuf>,
}

/// Stand-in.
pub mod staged {
    use super::{GitEnvironment, Objects, Path, SourceError};
    /// Stand-in.
    pub fn list(_directory: &Path, _environment: &GitEnvironment) -> Result<Objects, SourceError> {
        Err(SourceError("not yet".into()))
    }
}

/// Stand-in.
pub mod range {
    use super::{GitEnvironment, Objects, Path, SourceError};
    /// Stand-in.
    pub fn list(_directory: &Path, _range: &str, _environment: &GitEnvironment) -> Result<Objects, SourceError> {
        Err(SourceError("not yet".into()))
    }
}
