//! The first pass over every byte: the places of literals in a text. Owns: the loop over the text and the confirmation of a marked window.
//! Must not: judge a hit, or build tables.

#[cfg(target_arch = "x86_64")]
mod avx2;

use std::ops::Range;

use super::prefilter::{FILTER_WORDS, FOLD, NO_CASE, Prefilter, entry_range, has, marks, side, slot_of};
use super::view;

/// The bit table of a [`Prefilter`].
type Filter = [u32; FILTER_WORDS];

/// Bytes whose windows are looked up in one step.
const BLOCK: usize = 64;
/// Bytes whose marked windows are collected before they are looked at more closely.
const PIECE: usize = 64 * BLOCK;
/// Longest text whose marked windows get little room.
const SHORT: usize = 4 * BLOCK;
/// Windows of a block.
const WINDOWS: usize = BLOCK / 2;
/// Marked windows of a block that are noted without asking whether there are as many; more are rare.
const USUAL: usize = 4;
/// What a step reads: the last window of a block starts in its second last byte.
const REACH: usize = BLOCK + 2;

impl Prefilter {
    /// Calls `hit(literal, start)` for each occurrence of each literal, by ascending position of the window that gave it away.
    #[inline]
    pub fn find(&self, haystack: &[u8], hit: impl FnMut(usize, usize)) {
        let filter: &Filter = self.filter.as_ref().try_into().expect("because every constructor makes a table of this size");
        #[cfg(target_arch = "x86_64")]
        if avx2::is_available() {
            return avx2::find(self, filter, haystack, hit);
        }
        self.find_by(filter, haystack, marked, hit);
    }

    /// As [`Prefilter::find`], for the literals that lie in `range` as a whole. Starts count from the start of `haystack`.
    ///
    /// # Panics
    /// If the range is not in the haystack.
    #[inline]
    pub fn find_in(&self, haystack: &[u8], range: Range<usize>, mut hit: impl FnMut(usize, usize)) {
        let from = range.start;
        self.find(&haystack[range], |literal, start| hit(literal, from + start));
    }

    /// Finds literals; `marked` gives the marked windows of a block as bits, the window at byte 2n as bit n.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it has to be compiled with the instructions of whoever calls it")]
    fn find_by(&self, filter: &Filter, haystack: &[u8], marked: impl Fn(&Filter, &[u8; REACH]) -> u32, hit: impl FnMut(usize, usize)) {
        // The room has to be cleared, which takes longer than a look at a line, and most texts of a history are lines.
        if haystack.len() <= SHORT {
            self.find_in_pieces(filter, haystack, &mut [0; SHORT / 2 + WINDOWS], marked, hit);
        } else {
            self.find_in_pieces(filter, haystack, &mut [0; PIECE / 2 + WINDOWS], marked, hit);
        }
    }

    /// As [`Prefilter::find`], with room for the marked windows of a piece and one block more.
    ///
    /// Each step over a piece of the text is a loop of its own that does not branch on what it finds: how a window turns out is nothing that a
    /// processor can guess.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `find_by`")]
    fn find_in_pieces(
        &self,
        filter: &Filter,
        haystack: &[u8],
        places: &mut [u16],
        marked: impl Fn(&Filter, &[u8; REACH]) -> u32,
        mut hit: impl FnMut(usize, usize),
    ) {
        let mut start = 0;
        while start < haystack.len() {
            let piece = &haystack[start..];
            let mut count = 0;
            for at in (0..PIECE.min(piece.len())).step_by(BLOCK) {
                let rest = &piece[at..];
                let marks = if let Some(block) = rest.first_chunk() {
                    marked(filter, block)
                } else {
                    // The end, and zeros behind it as `window_at` has them; no window starts there.
                    let mut block = [0; REACH];
                    block[..rest.len()].copy_from_slice(rest);
                    marked(filter, &block) & u32::MAX >> (WINDOWS - rest.len().div_ceil(2).min(WINDOWS))
                };
                count += note(&mut places[count..], marks, at);
            }
            let mut kept = 0;
            for n in 0..count {
                let place = places[n];
                places[kept] = place;
                kept += usize::from(self.may_stand(haystack, start + usize::from(place)));
            }
            for &place in &places[..kept] {
                self.confirm(haystack, start + usize::from(place), &mut hit);
            }
            start += PIECE;
        }
    }

    /// Whether the bytes beside a marked window may stand there. Where some lie beyond an end, the comparison has to tell.
    #[inline]
    fn may_stand(&self, haystack: &[u8], at: usize) -> bool {
        let around = at.checked_sub(2).and_then(|first| haystack.get(first..)?.first_chunk::<8>());
        let Some(&[first, before, a, b, c, d, after, last]) = around else { return true };
        let known = self.slots[self.slot(u32::from_le_bytes([a, b, c, d]) | FOLD)];
        let beside = [first, before, after, last].map(side);
        known.iter().zip(beside).fold(1, |may, (known, beside)| may & u8::from(known & beside != 0)) == 1
    }

    /// The slot of a window, or of another one where it has none.
    #[inline]
    fn slot(&self, window: u32) -> usize {
        slot_of(window, &self.seeds, self.slots.len())
    }

    /// Compares the literals that the window at `at` may belong to.
    #[inline]
    fn confirm(&self, haystack: &[u8], at: usize, hit: &mut impl FnMut(usize, usize)) {
        let range = self.ranges[self.slot(window_at(haystack, at))];
        let after = if at + 4 < haystack.len() { window_at(haystack, at + 4) } else { 0 };
        for &[place, next] in &self.entries[entry_range(range)] {
            // Every byte of `next` that stands for one of the literal has this bit.
            let known = ((next & FOLD) >> 5) * 0xFF;
            if after & known != next {
                continue;
            }
            let literal = (place >> 8) as usize;
            let Some(start) = (at + 1).checked_sub((place & 0xFF) as usize) else { continue };
            if self.stands_at(literal, haystack, start) && self.is_in_place(literal, haystack, start) {
                hit(literal, start);
            }
        }
    }

    #[inline]
    fn stands_at(&self, literal: usize, haystack: &[u8], start: usize) -> bool {
        let bytes = self.literal(literal);
        let Some(found) = haystack.get(start..start + bytes.len()) else { return false };
        // Most windows of ordinary text belong to other words: the ends tell before a call does.
        let differs = |at: usize| (found[at] ^ bytes[at]) & !0x20 != 0;
        if differs(0) || differs(bytes.len() - 1) {
            return false;
        }
        // Short as they are, comparing them here is faster than calling a function that compares.
        let is_same = |(a, b): (&u8, &u8)| a == b || (a ^ b == 0x20 && a.is_ascii_alphabetic());
        if self.starts[literal] & NO_CASE == 0 { found == bytes } else { found.iter().zip(bytes).all(is_same) }
    }

    /// Whether what a literal needs may stand around it: what lies beyond the ends of `haystack` may be anything.
    #[inline]
    fn is_in_place(&self, literal: usize, haystack: &[u8], start: usize) -> bool {
        let needs = self.needs(literal);
        let rest = &haystack[start + self.literal(literal).len()..];
        let is_followed = rest.iter().take(usize::from(needs.run)).all(|&byte| has(&needs.after, byte));
        is_followed && (!needs.starts_token || start < view::LONGEST_ESCAPE || view::starts_token(haystack, start))
    }
}

/// Writes the places of the marked windows of a block that starts at `at` into `places`, and gives their number.
#[inline]
fn note(places: &mut [u16], mut marks: u32, at: usize) -> usize {
    let count = marks.count_ones() as usize;
    let mut next = || {
        let place = at + 2 * (marks.trailing_zeros() as usize & (WINDOWS - 1));
        marks &= marks.wrapping_sub(1);
        u16::try_from(place).expect("because a piece is short")
    };
    let (usual, more) = places.split_at_mut(USUAL);
    for place in usual {
        *place = next();
    }
    if count > USUAL {
        for place in &mut more[..count - USUAL] {
            *place = next();
        }
    }
    count
}

/// The folded window at `at`, padded with zeros: it may reach past the end for three-byte literals.
#[inline]
fn window_at(haystack: &[u8], at: usize) -> u32 {
    let bytes = haystack[at..].first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; 4];
        let rest = &haystack[at..];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes
    });
    u32::from_le_bytes(bytes) | FOLD
}

/// The marked windows of a block.
#[inline]
fn marked(filter: &Filter, block: &[u8; REACH]) -> u32 {
    let mut marks = 0;
    for (step, bytes) in block[..BLOCK].chunks_exact(16).enumerate() {
        let end = 16 * step + 16;
        let low = u64::from_le_bytes(bytes[..8].try_into().expect("because the chunk has 16 bytes"));
        let high = u64::from_le_bytes(bytes[8..].try_into().expect("because the chunk has 16 bytes"));
        let beyond = u64::from(u16::from_le_bytes([block[end], block[end + 1]]));
        let found = windows_of(low, high, beyond).map(|window| is_marked(filter, window));
        if found.iter().fold(0, |any, one| any | one) != 0 {
            marks |= found.iter().rev().fold(0, |marks, one| marks << 1 | one) << (8 * step);
        }
    }
    marks
}

/// The eight windows that start at the even bytes of 16.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "taking the low half is the point")]
const fn windows_of(low: u64, high: u64, beyond: u64) -> [u32; 8] {
    [
        low as u32,
        (low >> 16) as u32,
        (low >> 32) as u32,
        (low >> 48 | high << 16) as u32,
        high as u32,
        (high >> 16) as u32,
        (high >> 32) as u32,
        (high >> 48 | beyond << 16) as u32,
    ]
}

/// Whether a window may be one of a literal's (1) or is none (0).
#[inline]
const fn is_marked(filter: &Filter, window: u32) -> u32 {
    let (word, first, second) = marks(window);
    (filter[word] >> first) & (filter[word] >> second) & 1
}

#[cfg(test)]
mod tests {
    use super::super::prefilter::{Literal, Needs};
    use super::*;
    use proptest::prelude::*;

    fn literals() -> Vec<Literal> {
        [("key", true), ("AKIA", false), ("ghp_", false), ("password", true), ("aXa", false), ("aaaa", true), ("-----BEGIN", false)]
            .map(|(text, ignore_case)| Literal { bytes: text.into(), ignore_case, needs: Needs::NOTHING })
            .to_vec()
    }

    /// Every occurrence by the obvious way.
    fn naive(literals: &[Literal], haystack: &[u8]) -> Vec<(usize, usize)> {
        let mut hits = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            for (at, window) in haystack.windows(literal.bytes.len()).enumerate() {
                if window == literal.bytes || literal.ignore_case && window.eq_ignore_ascii_case(&literal.bytes) {
                    hits.push((index, at));
                }
            }
        }
        hits.sort_unstable();
        hits
    }

    fn found(haystack: &[u8]) -> Vec<(usize, usize)> {
        let mut hits = Vec::new();
        let (first, more) = (&literals()[..3], &literals()[3..]);
        Prefilter::new(first).extended(more).unwrap().find(haystack, |literal, at| hits.push((literal, at)));
        hits.sort_unstable();
        hits
    }

    const LOWER: [u64; 4] = [0, 0x07FF_FFFE_0000_0000, 0, 0];

    /// Literals of every length that need something around them.
    fn needing() -> Vec<Literal> {
        let each = [("ab_", true, 1), ("kEy_", false, 3), ("key", true, 0), ("pat", true, 4), ("sk-x", true, 2), ("TEST-", true, 2)];
        let needs =
            |starts_token, run| if run > 0 { Needs { starts_token, after: LOWER, run } } else { Needs { starts_token, ..Needs::NOTHING } };
        each.map(|(text, starts_token, run)| Literal { bytes: text.into(), ignore_case: false, needs: needs(starts_token, run) }).to_vec()
    }

    /// Whether what a literal needs stands around it, by the words of its definition.
    fn has_needs(literal: &Literal, haystack: &[u8], at: usize) -> bool {
        let run = haystack[at + literal.bytes.len()..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        run >= usize::from(literal.needs.run) && (!literal.needs.starts_token || view::starts_token(haystack, at))
    }

    #[test]
    fn what_a_literal_needs_is_asked_for() {
        let filter = Prefilter::new(&needing());
        for (text, expected) in [
            ("   ab_x 12ab_x ab_X", vec![(0, 3)]),
            ("  kEy_abc kEy_ab1 xkEy_abc", vec![(1, 2), (1, 19)]),
            ("path a/patabcd \\npatabcd compatible", vec![(3, 7), (3, 17)]),
            ("test-ab TEST-ab TEST-Ab", vec![(5, 8)]),
        ] {
            let mut hits = Vec::new();
            filter.find(text.as_bytes(), |literal, at| hits.push((literal, at)));
            hits.sort_unstable();
            assert_eq!(hits, expected, "{text}");
        }
    }

    #[test]
    fn a_token_is_seen_after_whatever_ends_an_escape() {
        let filter = Prefilter::new(&needing());
        let mut some = 0;
        for before in 0..=u8::MAX {
            for start in [&b"       "[..], b"     \\", b"    %3", b"    \\x3", b"    =3", b"\\u003", b"  \x1b[0", b"  \x1b[31"] {
                let text = [start, &[before], b"patabcd "].concat();
                let at = start.len() + 1;
                let mut hits = Vec::new();
                filter.find(&text, |literal, at| hits.push((literal, at)));
                let expected = view::starts_token(&text, at).then_some((3, at));
                assert_eq!(hits, expected.into_iter().collect::<Vec<_>>(), "{:?}", text.escape_ascii().to_string());
                some += usize::from(expected.is_some() && before.is_ascii_alphanumeric());
            }
        }
        assert!(some > 50, "letters and digits end escapes, too");
    }

    #[test]
    fn beyond_the_ends_anything_may_stand() {
        let filter = Prefilter::new(&needing());
        let mut hits = Vec::new();
        filter.find(b"npatabcd pata", |literal, at| hits.push((literal, at)));
        assert_eq!(hits, [(3, 1), (3, 9)], "the `n` may end an escape, the run may go on");
    }

    #[test]
    fn short_literals_at_both_ends() {
        assert_eq!(found(b"key"), [(0, 0)]);
        assert_eq!(found(b"xKEY"), [(0, 1)]);
        assert_eq!(found(b"AKIAkey"), [(0, 4), (1, 0)]);
    }

    proptest! {
        #[test]
        fn same_hits_as_the_obvious_way(pieces in prop::collection::vec(prop_oneof![
            "[aAkKeEyY_gGhHpPXx-]{0,6}",
            Just("password".to_owned()), Just("PassWord".to_owned()), Just("-----BEGIN".to_owned()),
            Just("AKIA".to_owned()), Just("ghp_".to_owned()), Just("key".to_owned()), Just("aaaaa".to_owned()),
        ], 0..30)) {
            let haystack = pieces.concat();
            prop_assert_eq!(found(haystack.as_bytes()), naive(&literals(), haystack.as_bytes()));
        }

        #[test]
        fn no_hit_is_lost_that_has_what_it_needs(pieces in prop::collection::vec(prop_oneof![
            "[abkKeEyY_pPtTsSxX\\\\n%3D= -]{0,5}",
            prop::sample::select(needing()).prop_map(|literal| String::from_utf8(literal.bytes).unwrap()),
            "[a-z]{1,5}",
        ], 0..30)) {
            let haystack = pieces.concat();
            let literals = needing();
            let is_due = |&(literal, at): &(usize, usize)| has_needs(&literals[literal], haystack.as_bytes(), at);
            let mut hits = Vec::new();
            Prefilter::new(&literals).find(haystack.as_bytes(), |literal, at| hits.push((literal, at)));
            hits.sort_unstable();
            let due: Vec<_> = naive(&literals, haystack.as_bytes()).into_iter().filter(is_due).collect();
            let is_inside = |&(literal, at): &(usize, usize)| {
                let end = at + literals[literal].bytes.len() + usize::from(literals[literal].needs.run);
                at >= view::LONGEST_ESCAPE && end <= haystack.len()
            };
            hits.retain(|hit| is_inside(hit) || is_due(hit));
            prop_assert_eq!(hits, due);
        }
    }
}
