//! Git repositories as sources. Owns: opening them without trusting their configuration, and listing what they hold.
//! Must not: write into them, run programs, or use the network.

pub mod checkout;
pub mod protocol;
pub mod range;
pub mod staged;

mod absent;
pub(crate) mod causes;
mod commit_graph;
pub(crate) mod config;
pub(crate) mod database;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod lfs;
pub(crate) mod open;
pub(crate) mod pack;
pub(crate) mod plain;
pub(crate) mod refs;
mod revision;
pub(crate) mod submodules;
pub(crate) mod trees;
pub(crate) mod worktree;

pub use crate::settings::GitEnvironment;
