//! Git repositories as sources. Owns: opening them without trusting their configuration, and listing what they hold.
//! Must not: write into them, run programs, or use the network.

pub mod range;
pub mod staged;

pub(crate) mod config;
pub(crate) mod database;
pub(crate) mod open;
pub(crate) mod pack;
mod trees;
pub(crate) mod worktree;

pub use open::GitEnvironment;
