//! How the objects of a repository hang together: which commit holds which tree, which tree which blob. Owns: tables of all of it in
//! memory, by object number, and what follows from them: what can be reached, at which path, and how far a secret got. Must not: look
//! at content.

pub(crate) mod between;
pub(crate) mod bits;
pub(crate) mod commits;
pub(crate) mod folders;
mod holders;
pub(crate) mod load;
mod met;
pub(crate) mod named;
pub(crate) mod outermost;
mod places;
pub(crate) mod provenance;
pub(crate) mod reach;
#[cfg(test)]
mod tests;
mod tree_changes;
pub(crate) mod trees;
mod waiting;

/// A table of what is looked up often, with a fast hash, seeded at random.
type Quick<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// No object, no place.
const NONE: u32 = u32::MAX;

/// The place of a number in a sorted list.
fn place_of(sorted: &[u32], number: u32) -> Option<u32> {
    sorted.binary_search(&number).ok().and_then(|place| u32::try_from(place).ok())
}

/// All commits and trees of a repository.
pub(crate) struct History {
    pub(crate) commits: commits::Commits,
    pub(crate) trees: trees::Trees,
    /// How many objects there are.
    pub(crate) objects: u32,
    /// Parents that are not there or cannot be read, each after the commit, by object, that names it.
    pub(crate) cut: Vec<(u32, gix::ObjectId)>,
    /// Root trees that are not there, likewise.
    pub(crate) missing: Vec<(u32, gix::ObjectId)>,
    /// Commits and trees that cannot be unpacked, by object.
    pub(crate) broken: Vec<(u32, crate::source::git::pack::packed::Broken)>,
}

impl History {
    /// Bytes of memory that the tables take, about, with what [`reach::reach`] makes of them.
    pub(crate) fn bytes(&self) -> usize {
        self.commits.len() * 32 + self.trees.bytes() + self.trees.len() * 4 + self.objects as usize * 9
    }
}
