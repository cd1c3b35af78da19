//! Where an id stands among all ids in order. Owns: the tables that find it. Must not: know objects.
//!
//! Trees name millions of ids, in no order, and the list of all is larger than what a processor has at hand. Ids are evenly spread: their first
//! bits lead to a few places, and the bits after these, of all ids in a small table of their own, to one. Only that one is read in full, to see
//! that it is the same, which it nearly always is; so a processor goes on before it has come from memory.

use std::hint::black_box;

/// Finds ids in a list that is in order.
#[derive(Debug)]
pub(super) struct Finder {
    /// How many ids have a start below each value of their first bits, and how many there are.
    fan: Vec<u32>,
    /// Of each id the bits after the first ones; then some more.
    heads: Vec<u32>,
}

/// The places of ids that share their first bits, and what tells one of them from the others.
#[derive(Debug, Clone, Copy)]
struct Near {
    low: usize,
    high: usize,
    head: u32,
}

/// Places that are looked at in one step. Nearly always that is all that share their first bits.
const AT_ONCE: usize = 8;

impl Finder {
    /// For the ids of `id_len` bytes that stand one behind the other, in order.
    pub(super) fn new(ids: &[u8], id_len: usize) -> Self {
        let count = ids.len() / id_len;
        let bits = count.checked_ilog2().unwrap_or(0).saturating_sub(1).clamp(1, 24);
        let mut fan = vec![0; (1 << bits) + 1];
        let mut heads = Vec::with_capacity(count + AT_ONCE);
        for id in ids.chunks_exact(id_len) {
            let (first, head) = parts(id, bits);
            fan[first + 1] += 1;
            heads.push(head);
        }
        for at in 1..fan.len() {
            fan[at] += fan[at - 1];
        }
        heads.resize(count + AT_ONCE, u32::MAX);
        Self { fan, heads }
    }

    /// The place of `id` among `ids`, which are those that this was made for; it is as long as they are.
    pub(super) fn find(&self, ids: &[u8], id: &[u8]) -> Option<u32> {
        let near = self.near(id);
        self.same(ids, id, near, self.start(near))
    }

    /// [`find`](Self::find) for each of the ids that stand one behind the other in `wanted`. Each step is a loop of its own, in which nothing waits
    /// for what comes before it, so that the memory answers for many ids at a time.
    pub(super) fn find_all(&self, ids: &[u8], wanted: &[u8], id_len: usize) -> Vec<Option<u32>> {
        let near: Vec<Near> = wanted.chunks_exact(id_len).map(|id| self.near(id)).collect();
        let starts: Vec<usize> = near.iter().map(|&near| self.start(near)).collect();
        // Comparing is too much work for the processor to look far ahead while it waits: what is compared is fetched before.
        black_box(starts.iter().fold(0, |all, start| all ^ ids.get(start * id_len).copied().unwrap_or_default()));
        let found = wanted.chunks_exact(id_len).zip(near).zip(starts);
        found.map(|((id, near), start)| self.same(ids, id, near, start)).collect()
    }

    /// Where the ids with the first bits of `id` are.
    fn near(&self, id: &[u8]) -> Near {
        let (first, head) = parts(id, (self.fan.len() - 1).ilog2());
        Near { low: self.fan[first] as usize, high: self.fan[first + 1] as usize, head }
    }

    /// The first place of those whose head is not below.
    fn start(&self, Near { low, high, head }: Near) -> usize {
        match self.heads[low..].first_chunk::<AT_ONCE>() {
            // Heads behind the last one of these are not below it, or do not count.
            Some(heads) if high - low <= AT_ONCE => {
                let below = heads.iter().zip(0..).map(|(&other, at)| usize::from(other < head) & usize::from(at < high - low));
                low + below.sum::<usize>()
            }
            _ => low + self.heads[low..high].partition_point(|&other| other < head),
        }
    }

    /// The place of `id`, of the places from `start` on with its head.
    fn same(&self, ids: &[u8], id: &[u8], near: Near, start: usize) -> Option<u32> {
        let mut same = (start..near.high).take_while(|&at| self.heads[at] == near.head);
        same.find(|&at| ids[at * id.len()..][..id.len()] == *id).and_then(|at| u32::try_from(at).ok())
    }

    /// Bytes of memory that the tables take.
    pub(super) fn bytes(&self) -> usize {
        (self.fan.len() + self.heads.len()) * size_of::<u32>()
    }
}

/// The number that the first `bits` bits of an id make, of at most 32, and the one that the next 32 make.
fn parts(id: &[u8], bits: u32) -> (usize, u32) {
    let start = id.first_chunk().copied().map_or(0, u64::from_be_bytes);
    (((start >> 32) as u32 >> (32 - bits)) as usize, (start << bits >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_its_place() {
        for count in [0_u32, 1, 2, 3, 50, 3000] {
            // Evenly spread, but for some that share their first bits, and of these some that share the next ones too.
            let mut ids: Vec<[u8; 20]> = (0..count)
                .map(|number| {
                    let mut id = [7; 20];
                    let spread = if number % 5 == 0 { 0x1234_0000 } else { number.wrapping_mul(0x9E37_79B9) };
                    id[..4].copy_from_slice(&spread.to_be_bytes());
                    id[if number % 10 == 0 { 4 } else { 16 }..][..4].copy_from_slice(&number.to_be_bytes());
                    id
                })
                .collect();
            ids.sort_unstable();
            let bytes = ids.concat();
            let finder = Finder::new(&bytes, 20);
            let mut wanted = Vec::new();
            let mut places = Vec::new();
            for (id, place) in ids.iter().zip(0..) {
                assert_eq!(finder.find(&bytes, id), Some(place));
                let mut other = *id;
                other[15] ^= 1;
                assert_eq!(finder.find(&bytes, &other), None);
                wanted.extend([*id, other].concat());
                places.extend([Some(place), None]);
            }
            assert_eq!(finder.find_all(&bytes, &wanted, 20), places);
            assert_eq!((finder.find(&bytes, &[0; 20]), finder.find(&bytes, &[255; 20])), (None, None));
        }
    }
}
