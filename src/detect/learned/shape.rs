//! Measures of a value. Owns: counting letters, digits, signs and what they form, in whole numbers. Must not: decide what they mean.

use crate::detect::entropy;

/// Bytes of a value that are measured; the length itself is known beyond.
pub const MEASURED: usize = 128;

/// Rows of keys on a keyboard.
const ROWS: [&[u8]; 5] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm", b"qwertzuiop", b"azertyuiop"];

/// n times the binary logarithm of n, in 1024ths.
const N_LOG_N: [u32; MEASURED + 1] = {
    let mut table = [0; MEASURED + 1];
    let mut n: u32 = 1;
    while n as usize <= MEASURED {
        table[n as usize] = n * log2(n as u64);
        n += 1;
    }
    table
};

/// The binary logarithm of `n`, in 1024ths.
const fn log2(n: u64) -> u32 {
    let whole = n.ilog2();
    let mut part = n << (31 - whole);
    let mut bits = 0;
    let mut left = 10;
    while left > 0 {
        part = (part * part) >> 31;
        bits <<= 1;
        if part >= 1 << 32 {
            part >>= 1;
            bits |= 1;
        }
        left -= 1;
    }
    whole << 10 | bits
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// Bytes that were measured.
    pub length: usize,
    /// Small letters.
    pub lower: usize,
    /// Capital letters.
    pub upper: usize,
    /// Digits.
    pub digits: usize,
    /// Vowels among the letters.
    pub vowels: usize,
    /// Bytes beyond ASCII.
    pub foreign: usize,
    /// `_`, `-` and `.`.
    pub joints: usize,
    /// Signs that people add to passwords: `!@#$%^&*?+`.
    pub strong: usize,
    /// Brackets, quotes and other signs of code.
    pub code: usize,
    /// Blanks.
    pub blanks: usize,
    /// `/`
    pub slashes: usize,
    /// Changes between small letters, capitals, digits and signs; a capital before a small letter is none.
    pub changes: usize,
    /// Longest run of letters: start and length.
    pub letters: (usize, usize),
    /// Longest run of digits.
    pub number: usize,
    /// Longest run of consonants.
    pub consonants: usize,
    /// Runs of letters.
    pub words: usize,
    /// Different bytes.
    pub distinct: usize,
    /// Shannon entropy in 32nds of a bit.
    pub entropy: usize,
    /// Longest run of one byte.
    pub repeat: usize,
    /// Longest run such as `1234` or `dcba`.
    pub sequence: usize,
    /// Longest run along a row of the keyboard.
    pub keyboard: usize,
}

impl Shape {
    /// Measures a value.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let value = &value[..value.len().min(MEASURED)];
        let mut shape = Self { length: value.len(), ..Self::default() };
        let mut counts = [0_u8; 256];
        let (mut letters, mut digits, mut consonants) = (0, 0, 0);
        let mut last = 0;
        for (at, &byte) in value.iter().enumerate() {
            counts[usize::from(byte)] += 1;
            let is_letter = byte.is_ascii_alphabetic();
            let is_vowel = matches!(byte | 0x20, b'a' | b'e' | b'i' | b'o' | b'u' | b'y') && is_letter;
            shape.count(byte);
            shape.vowels += usize::from(is_vowel);
            shape.words += usize::from(is_letter && letters == 0);
            letters = if is_letter { letters + 1 } else { 0 };
            digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
            consonants = if is_letter && !is_vowel { consonants + 1 } else { 0 };
            if letters > shape.letters.1 {
                shape.letters = (at + 1 - letters, letters);
            }
            shape.number = shape.number.max(digits);
            shape.consonants = shape.consonants.max(consonants);
            let class = class(byte);
            shape.changes += usize::from(at > 0 && class != last && (last, class) != (CAPITAL, SMALL));
            last = class;
        }
        let used = || counts.iter().map(|&count| usize::from(count)).filter(|&count| count > 0);
        shape.distinct = used().count();
        let spread: u32 = used().map(|count| N_LOG_N[count]).sum();
        if let Ok(length) = u32::try_from(value.len())
            && length > 0
        {
            shape.entropy = usize::try_from((N_LOG_N[value.len()] - spread) / length / 32).unwrap_or_default();
        }
        shape.repeat = entropy::longest_repeat(value);
        shape.sequence = entropy::longest_sequence(value);
        shape.keyboard = keyboard(value);
        shape
    }

    fn count(&mut self, byte: u8) {
        let counter = match byte {
            b'a'..=b'z' => &mut self.lower,
            b'A'..=b'Z' => &mut self.upper,
            b'0'..=b'9' => &mut self.digits,
            b'_' | b'-' | b'.' => &mut self.joints,
            b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'?' | b'+' => &mut self.strong,
            b' ' => &mut self.blanks,
            b'/' => &mut self.slashes,
            0x80.. => &mut self.foreign,
            _ => &mut self.code,
        };
        *counter += 1;
    }

    /// Letters.
    #[must_use]
    pub const fn all_letters(&self) -> usize {
        self.lower + self.upper
    }
}

const SMALL: u8 = 0;
const CAPITAL: u8 = 1;

const fn class(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => SMALL,
        b'A'..=b'Z' => CAPITAL,
        b'0'..=b'9' => 2,
        _ => 3,
    }
}

/// The letters beside each letter on a keyboard, a bit each.
const BESIDE: [u32; 26] = {
    let mut beside = [0; 26];
    let mut row = 0;
    while row < ROWS.len() {
        let mut at = 1;
        while at < ROWS[row].len() {
            let (a, b) = (ROWS[row][at - 1] - b'a', ROWS[row][at] - b'a');
            beside[a as usize] |= 1 << b;
            beside[b as usize] |= 1 << a;
            at += 1;
        }
        row += 1;
    }
    beside
};

/// Bytes of the longest run along a row of the keyboard, either way; runs of digits are sequences.
fn keyboard(value: &[u8]) -> usize {
    let letter = |byte: u8| byte.is_ascii_alphabetic().then(|| (byte | 0x20) - b'a');
    let beside = |a: &u8, b: &u8| matches!((letter(*a), letter(*b)), (Some(a), Some(b)) if BESIDE[usize::from(a)] >> b & 1 == 1);
    value.chunk_by(beside).map(<[u8]>::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right() {
        for (n, expected) in [(1, 0), (2, 1024), (3, 1623), (10, 3401), (128, 7168)] {
            assert_eq!(log2(n), expected, "{n}");
        }
    }

    #[test]
    fn values_are_measured() {
        let shape = Shape::of(b"Welcome-123!");
        assert_eq!((shape.lower, shape.upper, shape.digits, shape.joints, shape.strong), (6, 1, 3, 1, 1));
        assert_eq!((shape.letters, shape.number, shape.words, shape.changes), ((0, 7), 3, 1, 3));
        assert_eq!((shape.consonants, shape.sequence, shape.vowels), (2, 3, 3));
        assert_eq!(Shape::of(b"abcd").entropy, 64);
        assert_eq!(Shape::of(b"xqwerty").keyboard, 6);
        assert_eq!(Shape::of(b""), Shape { sequence: 0, ..Shape::default() });
        assert_eq!(Shape::of(&[b'a'; 900]).length, MEASURED);
    }
}
