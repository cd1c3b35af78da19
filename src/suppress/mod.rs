//! What people say is no finding. Owns: inline marks, rules of the configuration, globs. Must not: judge by itself.

pub mod allow;
pub mod globs;
pub mod marks;
