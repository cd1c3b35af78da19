//! Names along a chain of trees. Owns: telling those that an earlier tree of the chain has. Must not: know trees.

/// The names that were met on the way from a tree to its last base.
#[derive(Debug, Default)]
pub(crate) struct Met {
    way: u32,
    /// For each name the last way it was met on, and at which step.
    names: Vec<(u32, u32)>,
}

impl Met {
    /// Starts on the next way, of trees with so many names.
    pub(super) fn start(&mut self, names: usize) {
        self.way += 1;
        self.names.resize(names, (0, 0));
    }

    /// Whether no earlier step met the name. Of one tree all entries count: its names can be out of order and there more than once.
    pub(super) fn is_first(&mut self, name: u32, step: u32) -> bool {
        let last = &mut self.names[name as usize];
        let is_first = last.0 != self.way || last.1 == step;
        if is_first {
            *last = (self.way, step);
        }
        is_first
    }
}
