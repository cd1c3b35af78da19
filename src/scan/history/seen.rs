//! Text that was looked at before and holds nothing. Owns: telling such lines from others. Must not: know patterns, or what holds something.
//!
//! Where a repository is packed badly, a change brings the same lines again and again. So what changed is cut into stretches of a few lines, at
//! lines whose own text says so: a stretch that comes again is cut out again, whatever stands before it. One that gave nothing, read in the
//! same manner and between the same two lines, gives nothing again, for the reason that holds for [`lines`](super::lines).

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lines::{MARGIN, after_line};
use foldhash::quality::SeedableRandomState;

/// Bytes of text that are looked at without asking whether they are known.
const WORTH: usize = 256;
/// Fewest and, but for its last line, most bytes of a stretch.
const STRETCH: Range<usize> = 128..2048;
/// Of the lines after the fewest bytes, one in two to this power ends a stretch.
const ONE_IN: u32 = 2;
/// Stretches that are asked about one right after the other: the memory that answers is slow, and gives several answers as fast as one.
const AT_ONCE: usize = 16;
/// Fewest stretches that are remembered.
const FEWEST: usize = 1 << 12;

/// Remembers stretches, for all threads. A stretch is known by 64 bits of a hash that no other run of the program has; one may take another's
/// place, and is then looked at again.
pub(super) struct Seen {
    slots: Box<[AtomicU64]>,
    hash: SeedableRandomState,
}

/// Where a text lies that is asked about.
pub(super) struct At {
    /// Offset in what is searched.
    pub(super) place: usize,
    /// Offset in the blob.
    pub(super) to: usize,
    /// Whether the blob starts and ends with it.
    pub(super) ends: [bool; 2],
    /// How the blob is read.
    pub(super) manner: u64,
}

/// What has to be looked at.
#[derive(Default)]
pub(super) struct Unseen {
    /// Parts of what is searched, in order. Those next to each other are one, with what is between them.
    pub(super) parts: Vec<Range<usize>>,
    /// Stretches among them, by their place in the blob, and what they are known by.
    fresh: Vec<(Range<usize>, u64)>,
    /// Stretches of the text at hand with what they are known by, and which of them are known.
    asked: Vec<(Range<usize>, u64)>,
    are_known: Vec<bool>,
}

impl Seen {
    /// Takes about so many bytes of memory.
    pub(super) fn new(bytes: usize) -> Self {
        Self::known_by(SeedableRandomState::random(), bytes)
    }

    fn known_by(hash: SeedableRandomState, bytes: usize) -> Self {
        let slots = (bytes / size_of::<u64>()).max(FEWEST);
        let slots = 1 << slots.ilog2();
        Self { slots: (0..slots).map(|_| AtomicU64::new(0)).collect(), hash }
    }

    fn slot(&self, key: u64) -> &AtomicU64 {
        let slots = self.slots.len() as u64;
        &self.slots[usize::try_from(key & (slots - 1)).expect("because it is below the number of slots")]
    }

    fn holds(&self, key: u64) -> bool {
        self.slot(key).load(Ordering::Relaxed) == key
    }

    /// Remembers the stretches of `unseen` in which, as `holds_something` says, is nothing.
    pub(super) fn remember(&self, unseen: &mut Unseen, holds_something: impl Fn(&Range<usize>) -> bool) {
        for (range, key) in unseen.fresh.drain(..) {
            if !holds_something(&range) {
                self.slot(key).store(key, Ordering::Relaxed);
            }
        }
    }

    /// What a stretch of `text` is known by, with the lines around it.
    fn key(&self, text: &[u8], stretch: &Range<usize>, around: &Range<usize>, at: &At) -> u64 {
        let mut hasher = self.hash.build_hasher();
        hasher.write(&text[around.clone()]);
        hasher.write_usize(stretch.start - around.start);
        hasher.write_usize(around.end - stretch.end);
        let [starts, ends] = at.ends;
        hasher.write_u8(u8::from(starts && around.start == 0) | u8::from(ends && around.end == text.len()) << 1);
        hasher.write_u64(at.manner);
        // Zero is what a slot starts with.
        hasher.finish().max(1)
    }
}

impl Unseen {
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.fresh.clear();
    }

    /// Adds what is not known of whole lines of a blob. Lines that end the text, but not the blob, are never known: what stands beyond them
    /// counts too.
    pub(super) fn add(&mut self, seen: &Seen, text: &[u8], at: &At) {
        if text.len() < WORTH {
            return self.part(at.place..at.place + text.len());
        }
        let [starts, ends] = at.ends;
        let first = if starts { 0 } else { line_end(text, 0) };
        let last = if ends { text.len() } else { memchr::memrchr(b'\n', &text[..text.len() - 1]).map_or(0, |end| end + 1) };
        if first >= last {
            return self.part(at.place..at.place + text.len());
        }
        self.part(at.place..at.place + first);
        let mut line_before = 0;
        let mut start = first;
        while start < last {
            let (end, last_line) = stretch(text, start, last);
            let around = line_before..line_end(text, end);
            self.asked.push((start..end, seen.key(text, &(start..end), &around, at)));
            (line_before, start) = (last_line, end);
            if self.asked.len() == AT_ONCE || start >= last {
                self.ask(seen, at);
            }
        }
        self.part(at.place + last..at.place + text.len());
    }

    /// Adds those of the stretches that are not known.
    fn ask(&mut self, seen: &Seen, at: &At) {
        self.are_known.clear();
        self.are_known.extend(self.asked.iter().map(|&(_, key)| seen.holds(key)));
        for number in 0..self.asked.len() {
            if !self.are_known[number] {
                let (stretch, key) = self.asked[number].clone();
                self.part(at.place + stretch.start..at.place + stretch.end);
                self.fresh.push((at.to + stretch.start..at.to + stretch.end, key));
            }
        }
        self.asked.clear();
    }

    /// Adds a part behind the others.
    fn part(&mut self, part: Range<usize>) {
        match self.parts.last_mut() {
            _ if part.is_empty() => {}
            Some(last) if part.start - last.end <= 2 * MARGIN => last.end = part.end,
            _ => self.parts.push(part),
        }
    }
}

/// Where the stretch that starts at `start` ends, at `to`, the end of a line, at the latest, and where its last line starts.
fn stretch(text: &[u8], start: usize, to: usize) -> (usize, usize) {
    // Lines that end before this do not end it.
    let fewest = (start + STRETCH.start - 1).min(to - 1);
    let mut line = memchr::memrchr(b'\n', &text[start..fewest]).map_or(start, |end| start + end + 1);
    let mut end = line_end(text, fewest);
    while end < to && end - start < STRETCH.end && !ends_stretch(&text[..end]) {
        (line, end) = (end, line_end(text, end));
    }
    (end, line)
}

/// Whether the last line of `text` ends a stretch.
fn ends_stretch(text: &[u8]) -> bool {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    text.last_chunk().is_some_and(|&last| u64::from_le_bytes(last).wrapping_mul(MIX) >> (u64::BITS - ONE_IN) == 0)
}

/// The end of the line that `at` is in, with its line end.
fn line_end(text: &[u8], at: usize) -> usize {
    after_line(text, at).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// One in which the stretches of these tests do not take each other's places, whatever the run.
    fn memory() -> Seen {
        Seen::known_by(SeedableRandomState::fixed(), 1 << 20)
    }

    /// What of `text`, a whole blob, has to be looked at; it holds nothing.
    fn unseen(seen: &Seen, text: &str) -> String {
        let mut unseen = Unseen::default();
        unseen.add(seen, text.as_bytes(), &At { place: 0, to: 0, ends: [true; 2], manner: 7 });
        let parts = unseen.parts.iter().map(|part| &text[part.clone()]).collect();
        seen.remember(&mut unseen, |_| false);
        parts
    }

    /// What [`stretch`] gives, line by line.
    fn plain_stretch(text: &[u8], start: usize, to: usize) -> (usize, usize) {
        let mut line = start;
        loop {
            let end = line_end(text, line);
            if end >= to || end - start >= STRETCH.end || end - start >= STRETCH.start && ends_stretch(&text[..end]) {
                return (end, line);
            }
            line = end;
        }
    }

    proptest! {
        #[test]
        fn a_stretch_is_lines_one_after_the_other(lines in vec("[ab]{0,60}|[ab]{100,300}|[ab]{2000,2200}", 1..40), first in 0..3_usize, has_last_end: bool) {
            let mut text = lines.join("\n").into_bytes();
            text.extend(has_last_end.then_some(b'\n'));
            let start = lines.iter().take(first).map(|line| line.len() + 1).sum();
            for to in (start + 1..=text.len()).filter(|&to| to == text.len() || text[to - 1] == b'\n') {
                prop_assert_eq!(stretch(&text, start, to), plain_stretch(&text, start, to));
            }
        }
    }

    fn lines(from: usize, to: usize) -> String {
        (from..to).flat_map(|line| ["the line with the number ".to_owned(), format!("{line:04}\n")]).collect()
    }

    #[test]
    fn what_was_seen_is_not_looked_at_again() {
        let seen = memory();
        let text = lines(0, 400);
        assert_eq!(unseen(&seen, &text), text);
        assert_eq!(unseen(&seen, &text), "");
        // What comes before and after does not matter, but for the lines next to it.
        let moved = unseen(&seen, &format!("{}{text}{}", lines(900, 901), lines(901, 902)));
        assert!(moved.starts_with(&lines(900, 901)) && moved.ends_with(&lines(901, 902)) && moved.len() < text.len() / 4, "{moved}");
        let changed = unseen(&seen, &text.replace("0200", "changed"));
        assert!(changed.contains("changed") && changed.len() < text.len() / 4, "{changed}");
    }

    #[test]
    fn the_lines_around_and_the_manner_count() {
        let seen = memory();
        let text = lines(0, 60);
        assert_eq!(unseen(&seen, &text), text);
        let mut other = Unseen::default();
        other.add(&seen, text.as_bytes(), &At { place: 5, to: 0, ends: [true; 2], manner: 8 });
        assert_eq!(other.parts.iter().map(|part| (part.start, part.end)).collect::<Vec<_>>(), [(5, 5 + text.len())]);
        // The last line is followed by more.
        other.clear();
        other.add(&seen, text.as_bytes(), &At { place: 0, to: 0, ends: [true, false], manner: 7 });
        assert_eq!(other.parts.last().map(|part| part.end), Some(text.len()));
    }

    #[test]
    fn what_holds_something_is_looked_at_again() {
        let seen = memory();
        let text = lines(0, 400);
        let at = At { place: 0, to: 1000, ends: [true; 2], manner: 7 };
        let mut parts = Unseen::default();
        parts.add(&seen, text.as_bytes(), &at);
        seen.remember(&mut parts, |range| range.contains(&3000));
        parts.clear();
        parts.add(&seen, text.as_bytes(), &at);
        assert!(parts.parts.len() == 1 && parts.parts[0].contains(&2000), "{:?}", parts.parts);
    }
}
