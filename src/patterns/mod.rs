//! Patterns: what is looked for. Owns: the schema, the built-in catalogue and its compiled forms. Must not: look at scanned content.

pub mod anchors;
pub mod catalogue;
pub mod check;
mod coverage;
pub mod example;
pub mod exception;
mod expression;
pub mod import;
pub mod reference;
pub mod schema;
pub mod shape;
pub mod toml_error;

pub use catalogue::{Catalogue, CatalogueError, PatternIndex};
pub use schema::Pattern;

use crate::detect::prefilter;
