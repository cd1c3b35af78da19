//! A set of small numbers. Owns: one bit for each. Must not: grow.

/// Which of the numbers below a limit are in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// An empty set of numbers below `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self(vec![0; limit.div_ceil(64)])
    }

    /// Whether the number is in. One beyond the limit never is.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    /// Puts a number in and tells whether it is new. One beyond the limit stays out.
    pub(crate) fn add(&mut self, number: u32) -> bool {
        let Some(word) = self.0.get_mut(number as usize / 64) else { return false };
        let bit = 1 << (number % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// The numbers that are in, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().zip(0_u32..).flat_map(|(&word, at)| ones(word).map(move |bit| at * 64 + bit))
    }
}

/// The places of the ones in a word, lowest first.
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_in_once() {
        let mut bits = Bits::new(130);
        assert!(bits.add(0) && bits.add(64) && bits.add(129) && !bits.add(64));
        assert!(bits.has(129) && !bits.has(128) && !bits.has(5000) && !bits.add(5000));
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 64, 129]);
    }
}
