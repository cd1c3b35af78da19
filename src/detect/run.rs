//! Runs of bytes that satisfy a condition. Owns: bounded counting. Must not: know what is looked for.

/// Number of bytes from `from` on, at most `max`, that `is` holds for.
#[must_use]
pub fn on(bytes: &[u8], from: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
    let count = bytes.get(from..).map_or(0, |rest| rest.iter().take(max).take_while(|&&byte| is(byte)).count());
    #[cfg(test)]
    count::add(count);
    count
}

/// Number of bytes before `from`, at most `max`, that `is` holds for.
#[must_use]
pub fn back(bytes: &[u8], from: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
    let count = bytes[..from].iter().rev().take(max).take_while(|&&byte| is(byte)).count();
    #[cfg(test)]
    count::add(count);
    count
}

#[cfg(test)]
pub use count::counted;

#[cfg(test)]
mod count {
    //! How many bytes runs had, for tests that a text does not cost more than it should.

    use std::cell::Cell;

    thread_local! {
        static BYTES: Cell<usize> = const { Cell::new(0) };
    }

    pub fn add(bytes: usize) {
        BYTES.set(BYTES.get() + bytes);
    }

    /// What `work` gives, and the bytes of all runs that it counted.
    pub fn counted<T>(work: impl FnOnce() -> T) -> (T, usize) {
        let before = BYTES.get();
        let done = work();
        (done, BYTES.get() - before)
    }
}
