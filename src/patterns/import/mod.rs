//! Rules of other tools as our patterns. Owns: what carries over, and saying what does not. Must not: read files.
//!
//! Formats are those of the tools' public documentation: gitleaks and betterleaks (TOML), kingfisher and trufflehog (YAML, which the program
//! parses). Each format gives [`rule::ForeignRule`]s, [`carry`] turns these into a file of patterns.

mod carry;
mod dialect;
pub mod gitleaks;
pub mod kingfisher;
mod literals;
mod rewrite;
pub mod rule;
mod templates;
pub mod trufflehog;
mod write;

pub use carry::{Import, Remark, carry};
