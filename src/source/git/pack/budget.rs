//! How much memory texts may take. Owns: counting it for all threads, and who waits. Must not: know what the texts are.
//!
//! There are two purses. From the one for texts that are kept for later nobody waits for anything: who gets nothing forgets the text and
//! unpacks it again when its turn comes. From the one for work at hand everybody who waits holds nothing, so that somebody always goes on.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Memory for texts.
pub(crate) struct Budget {
    pub(super) kept: Purse,
    pub(super) at_hand: Purse,
}

/// A texts' work takes this much at least, whatever the limit.
const LEAST: usize = 24 << 20;

/// How many times the length of a text those take who look at it.
pub(super) const SCRATCH: u64 = 2;

impl Budget {
    /// So many bytes, for both.
    pub(crate) fn new(bytes: usize) -> Self {
        let bytes = bytes.max(LEAST);
        Self { kept: Purse::new(bytes / 4), at_hand: Purse::new(bytes - bytes / 4) }
    }

    /// The same, but for work at hand that takes up to `most` where there is such: few texts are so long.
    pub(crate) fn with_large(bytes: usize, most: usize) -> Self {
        let Self { kept, at_hand } = Self::new(bytes);
        Self { kept, at_hand: Purse::new(most.max(at_hand.bytes)) }
    }

    /// Bytes that it takes to look at a text of so many.
    pub(crate) const fn needed(len: u64) -> u64 {
        len.saturating_mul(1 + SCRATCH)
    }

    /// Bytes of the longest text that can be looked at.
    pub(crate) fn longest(&self) -> u64 {
        self.at_hand.bytes as u64 / (1 + SCRATCH)
    }
}

/// Bytes that are shared out.
pub(super) struct Purse {
    pub(super) bytes: usize,
    taken: Mutex<usize>,
    given_back: Condvar,
}

/// A part of a purse, which is given back on drop.
pub(super) struct Share<'p> {
    purse: &'p Purse,
    bytes: usize,
}

impl Purse {
    fn new(bytes: usize) -> Self {
        Self { bytes, taken: Mutex::new(0), given_back: Condvar::new() }
    }

    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many bytes if they are there.
    pub(super) fn try_take(&self, bytes: usize) -> Option<Share<'_>> {
        let mut taken = self.taken();
        let after = taken.checked_add(bytes).filter(|&after| after <= self.bytes)?;
        *taken = after;
        Some(Share { purse: self, bytes })
    }

    /// So many bytes, of which there are enough once everybody else has given back; the caller must hold none.
    pub(super) fn take(&self, bytes: usize) -> Share<'_> {
        let bytes = bytes.min(self.bytes);
        let waiting = self.given_back.wait_while(self.taken(), |taken| *taken + bytes > self.bytes);
        *waiting.unwrap_or_else(PoisonError::into_inner) += bytes;
        Share { purse: self, bytes }
    }
}

impl Share<'_> {
    /// Gives back all but so many bytes.
    pub(super) fn lessened(mut self, bytes: usize) -> Self {
        self.try_set(bytes.min(self.bytes));
        self
    }

    /// Makes it so many bytes if they are there.
    pub(super) fn try_set(&mut self, bytes: usize) -> bool {
        let mut taken = self.purse.taken();
        let after = *taken - self.bytes + bytes;
        if after > self.purse.bytes {
            return false;
        }
        *taken = after;
        let less = bytes < self.bytes;
        self.bytes = bytes;
        drop(taken);
        if less {
            self.purse.given_back.notify_all();
        }
        true
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.purse.taken() -= self.bytes;
        self.purse.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_than_is_there() {
        let purse = Purse::new(100);
        let mut first = purse.try_take(60).unwrap();
        assert!(purse.try_take(41).is_none() && !first.try_set(101));
        let second = purse.try_take(40).unwrap();
        assert!(!first.try_set(61) && first.try_set(10));
        drop(second);
        assert!(first.try_set(100));
        drop(first);
        assert_eq!(*purse.taken(), 0);
    }

    #[test]
    fn whoever_waits_gets_it_in_the_end() {
        let purse = Purse::new(100);
        let held = purse.take(70);
        std::thread::scope(|scope| {
            let purse = &purse;
            let others = [50, 100, 1000].map(|bytes| scope.spawn(move || drop(purse.take(bytes))));
            drop(held);
            for other in others {
                other.join().unwrap();
            }
        });
        assert_eq!(*purse.taken(), 0);
    }
}
