//! Finds credentials in source trees and git history.
//!
//! ```text
//! source ─► Blob ─► View ─► Candidate ─judge─► Sighting ─► Finding ─► Report ─► a format
//! ```

pub mod blob;
pub mod detect;
pub mod evaluate;
pub mod file_kind;
pub mod finding;
pub mod fsx;
pub mod gather;
pub mod keyed;
pub mod line_hash;
#[cfg(feature = "migrate")]
pub mod migrate;
pub mod patterns;
pub mod place;
#[cfg(feature = "migrate")]
pub mod reference;
pub mod report;
#[cfg(feature = "migrate")]
pub mod resolve;
#[cfg(feature = "migrate")]
pub mod rewrite;
pub mod scan;
pub mod secret;
pub mod settings;
pub mod source;
#[cfg(feature = "migrate")]
pub mod store;
pub mod suppress;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
