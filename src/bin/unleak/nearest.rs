//! Spelling hints. Owns: the likeliest word for a mistyped one. Must not: know where words come from.

/// The candidate that differs least from `word`, if it differs in no more than a third of its letters.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let limit = word.len().div_ceil(3);
    let measured = candidates.into_iter().map(|candidate| (distance(word.as_bytes(), candidate.as_bytes()), candidate));
    measured.filter(|&(distance, _)| distance <= limit).min_by_key(|&(distance, _)| distance).map(|(_, candidate)| candidate)
}

/// Letters to change, add or take away (Levenshtein).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let keys = ["exclude", "enable", "disable", "min-confidence"];
        assert_eq!(nearest("exlude", keys), Some("exclude"));
        assert_eq!(nearest("min_confidence", keys), Some("min-confidence"));
        assert_eq!(nearest("threads", keys), None);
        assert_eq!(nearest("", keys), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
    }
}
