//! Ids that wait to be looked up together, which is faster than one by one. Owns: them, and when they are enough. Must not: look them up.

/// Ids that are looked up in one go: as many as the memory can answer for at a time, some times over.
const TOGETHER: usize = 256;

/// Ids, each with what it is wanted for.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    id_len: usize,
    ids: Vec<u8>,
    wanted_for: Vec<T>,
}

impl<T> Waiting<T> {
    /// For ids of `id_len` bytes.
    pub(super) const fn new(id_len: usize) -> Self {
        Self { id_len, ids: Vec::new(), wanted_for: Vec::new() }
    }

    /// Adds an id; tells whether it is time to [settle](Self::settle).
    ///
    /// # Panics
    /// If the id has another length than was said.
    pub(super) fn add(&mut self, id: &[u8], wanted_for: T) -> bool {
        assert_eq!(id.len(), self.id_len, "an id of another kind");
        self.ids.extend_from_slice(id);
        self.wanted_for.push(wanted_for);
        self.wanted_for.len() >= TOGETHER
    }

    /// Calls `each` with what every id is wanted for, the id and its number, in the order in which they came. `numbers` gives those of the ids
    /// that stand one behind the other.
    pub(super) fn settle(&mut self, numbers: impl Fn(&[u8]) -> Vec<Option<u32>>, mut each: impl FnMut(T, &[u8], Option<u32>)) {
        let ids = self.ids.chunks_exact(self.id_len.max(1));
        for ((wanted_for, id), number) in self.wanted_for.drain(..).zip(ids).zip(numbers(&self.ids)) {
            each(wanted_for, id, number);
        }
        self.ids.clear();
    }
}
