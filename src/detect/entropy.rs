//! Measures of a value's shape. Owns: entropy and repetition. Must not: decide anything.

/// Shannon entropy of the bytes' frequencies in bits per byte; 0 for an empty value.
#[must_use]
pub fn shannon(value: &[u8]) -> f32 {
    let mut counts = [0_u32; 256];
    for &byte in value {
        counts[usize::from(byte)] += 1;
    }
    let total = value.len() as f32;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = count as f32 / total;
            -share * share.log2()
        })
        .sum()
}

/// Length of the longest run of one byte repeated.
#[must_use]
pub fn longest_repeat(value: &[u8]) -> usize {
    value.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0)
}

/// Length of the longest run in which each byte follows the one before (`abcd`, `4321`).
#[must_use]
pub fn longest_sequence(value: &[u8]) -> usize {
    let run = |step: i16| value.chunk_by(|&a, &b| i16::from(b) - i16::from(a) == step).map(<[u8]>::len).max().unwrap_or(0);
    run(1).max(run(-1))
}

/// Number of different bytes.
#[must_use]
pub fn distinct(value: &[u8]) -> usize {
    let mut seen = [false; 256];
    for &byte in value {
        seen[usize::from(byte)] = true;
    }
    seen.iter().filter(|&&seen| seen).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures() {
        assert!((shannon(b"abcd") - 2.0).abs() < 1e-6);
        assert!(shannon(b"aaaa").abs() < 1e-6);
        assert_eq!(longest_repeat(b"abbbc"), 3);
        assert_eq!(longest_sequence(b"x1234y"), 4);
        assert_eq!(longest_sequence(b"9876"), 4);
        assert_eq!(distinct(b"abca"), 3);
    }
}
