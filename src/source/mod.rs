//! Where content comes from.
pub mod objects;
pub mod tree;
use crate::blob::Origin;
use crate::finding::{Coverage, Repository};
use std::path::PathBuf;
/// A listing.
#[derive(Debug)]
pub struct Listing {
    /// f
    pub files: Vec<TreeFile>,
    /// c
    pub coverage: Coverage,
    /// r
    pub repository: Option<Repository>,
}
/// A file.
#[derive(Debug)]
pub struct TreeFile {
    /// p
    pub path: PathBuf,
    /// o
    pub origin: Origin,
}
/// E
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(String);
