//! What people say is no finding. Owns: inline marks, rules of the configuration and of other tools' files, the baseline, globs. Must not: judge by itself.

pub mod allow;
pub mod baseline;
pub mod foreign;
pub mod globs;
mod left;
pub mod marks;
pub mod passed;
