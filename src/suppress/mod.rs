//! What people say is no finding. Owns: inline marks, rules of the configuration and of other tools' files, globs. Must not: judge by itself.

pub mod allow;
pub mod foreign;
pub mod globs;
mod left;
pub mod marks;
