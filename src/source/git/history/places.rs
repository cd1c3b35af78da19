//! The places of trees among all trees. Owns: numbers. Must not: know what trees hold.

use super::NONE;

/// Which objects are trees.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The place of each object; none for what is no tree.
    of: Vec<u32>,
    objects: Vec<u32>,
}

impl Places {
    /// For a repository of `count` objects, of which `trees`, in order, are trees.
    pub(crate) fn new(count: u32, trees: impl Iterator<Item = u32>) -> Self {
        let objects: Vec<u32> = trees.collect();
        let mut of = vec![NONE; count as usize];
        for (&object, place) in objects.iter().zip(0..) {
            of[object as usize] = place;
        }
        Self { of, objects }
    }

    pub(super) fn get(&self, object: u32) -> Option<u32> {
        self.of.get(object as usize).copied().filter(|&place| place != NONE)
    }

    /// The object that a tree is.
    pub(super) fn object(&self, tree: u32) -> u32 {
        self.objects[tree as usize]
    }

    /// How many trees there are.
    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// Bytes of memory that this takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.of.len() * size_of::<u32>()
    }
}
