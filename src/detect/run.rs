//! Runs of bytes that satisfy a condition. Owns: bounded counting. Must not: know what is looked for.

/// Number of bytes from `from` on, at most `max`, that `is` holds for.
#[must_use]
pub fn on(bytes: &[u8], from: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes.get(from..).map_or(0, |rest| rest.iter().take(max).take_while(|&&byte| is(byte)).count())
}

/// Number of bytes before `from`, at most `max`, that `is` holds for.
#[must_use]
pub fn back(bytes: &[u8], from: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes[..from].iter().rev().take(max).take_while(|&&byte| is(byte)).count()
}
