//! The first pass over every byte: where does any of thousands of literals stand? Owns: the hash filter and its tables. Must not: judge a hit.
//!
//! Every literal is known by two neighbouring four-byte windows, case folded. The scan hashes the window at every second byte into a bit
//! table, so each occurrence is seen exactly once (one of the two windows stands at an even position), and
//! neither the number of literals nor the length of a state chain slows the loop down. A hit in the bit table is looked up exactly and compared.
//! The build script includes this file and stores the tables of the built-in literals, so it may use nothing of the crate.

use std::borrow::Cow;

/// Words of the filter: 128 KiB, which the second-level cache holds beside the text. Two bits in one word stand for a window.
const FILTER_WORDS: usize = 1 << 15;
/// Multiplier of the window hash: 2^32 divided by the golden ratio, odd.
const MULTIPLIER: u32 = 0x9E37_79B1;
/// Sets bit 5 of each byte: ASCII letters lose their case, other bytes may collide, which the comparison sorts out.
const FOLD: u32 = 0x2020_2020;

/// A literal to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Its bytes, three or more.
    pub bytes: Vec<u8>,
    /// Whether ASCII case counts for nothing.
    pub ignore_case: bool,
    /// The bytes that may follow it, as a bit set, where that is known: it makes short literals rarer.
    pub after: Option<[u64; 4]>,
}

/// Tables over a list of literals; hits name a literal by its index in that list.
#[derive(Debug, Clone)]
pub struct Prefilter {
    filter: Cow<'static, [u32]>,
    /// Open addressing: `[window, first entry << 8 | number of entries]` per slot, a slot with no entries is free.
    slots: Cow<'static, [[u32; 2]]>,
    /// `literal << 8 | offset of the window in the literal`, the offset plus one (0 stands for one byte before the literal).
    entries: Cow<'static, [u32]>,
    /// Start of each literal in `text`, one more at the end; the top bit says that case does not count.
    starts: Cow<'static, [u32]>,
    text: Cow<'static, [u8]>,
}

/// The tables as plain numbers, for the build script to write out.
#[derive(Debug)]
pub struct Tables<'t> {
    /// Bit table.
    pub filter: &'t [u32],
    /// Hash slots.
    pub slots: &'t [[u32; 2]],
    /// Windows' literals.
    pub entries: &'t [u32],
    /// Literals' starts.
    pub starts: &'t [u32],
    /// Literals' bytes.
    pub text: &'t [u8],
}

const NO_CASE: u32 = 1 << 31;

impl Prefilter {
    /// Wraps tables that the build script made with [`Prefilter::new`].
    #[must_use]
    pub const fn from_tables(tables: &Tables<'static>) -> Self {
        Self {
            filter: Cow::Borrowed(tables.filter),
            slots: Cow::Borrowed(tables.slots),
            entries: Cow::Borrowed(tables.entries),
            starts: Cow::Borrowed(tables.starts),
            text: Cow::Borrowed(tables.text),
        }
    }

    /// The tables behind this filter.
    #[must_use]
    pub fn tables(&self) -> Tables<'_> {
        Tables { filter: &self.filter, slots: &self.slots, entries: &self.entries, starts: &self.starts, text: &self.text }
    }

    /// Builds the tables.
    ///
    /// # Panics
    /// If a literal is shorter than three bytes or longer than 250, or there are more than 2^24, or 256 that share four bytes: the pattern lint refuses those.
    #[must_use]
    pub fn new(literals: &[Literal]) -> Self {
        Self::build(Vec::new(), vec![0], Vec::new(), literals).expect("because fewer than 256 literals share a window")
    }

    /// The same literals and, after them, `more`; none where more than 255 literals share four bytes.
    ///
    /// # Panics
    /// If a literal is shorter than three bytes or longer than 250.
    #[must_use]
    pub fn extended(&self, more: &[Literal]) -> Option<Self> {
        let of_slot = |&[window, range]: &[u32; 2]| {
            let windows = self.entries[entry_range(range)].iter().map(move |&entry| (window, entry));
            windows.collect::<Vec<_>>()
        };
        Self::build(self.slots.iter().flat_map(of_slot).collect(), self.starts.to_vec(), self.text.to_vec(), more)
    }

    /// Builds the tables from the windows, starts and text of known literals, and more literals.
    fn build(mut windows: Vec<(u32, u32)>, mut starts: Vec<u32>, mut text: Vec<u8>, more: &[Literal]) -> Option<Self> {
        for literal in more {
            assert!((3..=250).contains(&literal.bytes.len()), "anchor of {} bytes", literal.bytes.len());
            let index = starts.len() - 1;
            starts[index] |= if literal.ignore_case { NO_CASE } else { 0 };
            text.extend_from_slice(&literal.bytes);
            starts.push(position(&text));
            add_windows(literal, u32::try_from(index).expect("because there are fewer than 2^24 literals"), &mut windows);
        }
        windows.sort_unstable();
        windows.dedup();
        let mut filter = vec![0; FILTER_WORDS];
        let mut slots = vec![[0; 2]; (windows.len() * 3 / 2).next_power_of_two().max(2)];
        let mut entries = Vec::with_capacity(windows.len());
        for group in windows.chunk_by(|a, b| a.0 == b.0) {
            if group.len() > 255 {
                return None;
            }
            let window = group[0].0;
            let (word, first, second) = marks(window);
            filter[word] |= 1 << first | 1 << second;
            let mut slot = slot_of(window, slots.len());
            while slots[slot][1] != 0 {
                slot = (slot + 1) & (slots.len() - 1);
            }
            slots[slot] = [window, position(&entries) << 8 | position(group)];
            entries.extend(group.iter().map(|&(_, entry)| entry));
        }
        Some(Self { filter: filter.into(), slots: slots.into(), entries: entries.into(), starts: starts.into(), text: text.into() })
    }

    /// Number of literals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no literals.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `hit(literal, start)` for each occurrence of each literal, by ascending position of the window that gave it away.
    #[inline]
    pub fn find(&self, haystack: &[u8], mut hit: impl FnMut(usize, usize)) {
        let filter: &[u32; FILTER_WORDS] = self.filter.as_ref().try_into().expect("because every constructor makes a table of this size");
        let mut at = 0;
        // Sixteen bytes a step: eight windows, one branch.
        while let Some(block) = haystack.get(at..at + 20) {
            let low = u64::from_le_bytes(block[0..8].try_into().expect("because the block has 20 bytes"));
            let middle = u64::from_le_bytes(block[8..16].try_into().expect("because the block has 20 bytes"));
            let high = u32::from_le_bytes(block[16..20].try_into().expect("because the block has 20 bytes"));
            let windows = windows_of(low, middle, high);
            let mut marked = windows.iter().rev().fold(0, |marked, &window| marked << 1 | is_marked(filter, window));
            while marked != 0 {
                let step = marked.trailing_zeros() as usize;
                marked &= marked - 1;
                self.confirm(haystack, at + 2 * step, windows[step], &mut hit);
            }
            at += 16;
        }
        // The last bytes, padded: a window may reach past the end for three-byte literals.
        while at < haystack.len() {
            let mut bytes = [0; 4];
            let rest = &haystack[at..haystack.len().min(at + 4)];
            bytes[..rest.len()].copy_from_slice(rest);
            let window = u32::from_le_bytes(bytes) | FOLD;
            if is_marked(filter, window) == 1 {
                self.confirm(haystack, at, window, &mut hit);
            }
            at += 2;
        }
    }

    /// Looks a window up exactly and compares the literals it may belong to.
    #[inline]
    fn confirm(&self, haystack: &[u8], at: usize, window: u32, hit: &mut impl FnMut(usize, usize)) {
        let mask = self.slots.len() - 1;
        let mut slot = slot_of(window, self.slots.len());
        let range = loop {
            let [known, range] = self.slots[slot];
            if range == 0 {
                return;
            }
            if known == window {
                break range;
            }
            slot = (slot + 1) & mask;
        };
        for &entry in &self.entries[entry_range(range)] {
            let literal = (entry >> 8) as usize;
            let Some(start) = (at + 1).checked_sub((entry & 0xFF) as usize) else { continue };
            if self.stands_at(literal, haystack, start) {
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
        if self.starts[literal] & NO_CASE == 0 { found == bytes } else { found.eq_ignore_ascii_case(bytes) }
    }

    /// The bytes of a literal.
    #[inline]
    #[must_use]
    pub fn literal(&self, literal: usize) -> &[u8] {
        &self.text[(self.starts[literal] & !NO_CASE) as usize..(self.starts[literal + 1] & !NO_CASE) as usize]
    }
}

/// The eight folded windows that start at the even bytes of a 16-byte block.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "taking the low half is the point")]
const fn windows_of(low: u64, middle: u64, high: u32) -> [u32; 8] {
    [
        low as u32 | FOLD,
        (low >> 16) as u32 | FOLD,
        (low >> 32) as u32 | FOLD,
        (low >> 48) as u32 | (middle << 16) as u32 | FOLD,
        middle as u32 | FOLD,
        (middle >> 16) as u32 | FOLD,
        (middle >> 32) as u32 | FOLD,
        (middle >> 48) as u32 | high << 16 | FOLD,
    ]
}

/// Registers the literal under two neighbouring windows, so that one of them stands at an even position wherever the literal does.
fn add_windows(literal: &Literal, index: u32, windows: &mut Vec<(u32, u32)>) {
    let mut add = |window: [u8; 4], offset: usize| {
        let offset = u32::try_from(offset).expect("because literals are short");
        windows.push((u32::from_le_bytes(window) | FOLD, index << 8 | offset));
    };
    let next = || (0..=u8::MAX).filter(|&byte| literal.after.is_none_or(|set| set[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1));
    match *literal.bytes {
        [a, b, c] => {
            next().for_each(|next| add([a, b, c, next], 1));
            (0..=u8::MAX).for_each(|before| add([before, a, b, c], 0));
        }
        [a, b, c, d] => {
            add([a, b, c, d], 1);
            next().for_each(|next| add([b, c, d, next], 2));
        }
        ref bytes => {
            let offset = rarest(bytes);
            for at in [offset, offset + 1] {
                add(bytes[at..at + 4].try_into().expect("because the window lies in the literal"), at + 1);
            }
        }
    }
}

/// Offset of the five bytes that source code holds least often.
fn rarest(bytes: &[u8]) -> usize {
    let commonness = |at: usize| -> u32 { bytes[at..at + 5].windows(2).map(|pair| commonness(pair[0], pair[1])).sum() };
    (0..=bytes.len() - 5).min_by_key(|&at| commonness(at)).unwrap_or(0)
}

/// How common a pair of bytes is in source code, case folded: 1.6 times log2 of its share in a million.
fn commonness(first: u8, second: u8) -> u32 {
    u32::from(PAIRS[class(first)][class(second)] - b'a')
}

/// Row and column of [`PAIRS`].
fn class(byte: u8) -> usize {
    const MARKS: &[u8; 8] = b"_-./\"=: ";
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => usize::from(byte.to_ascii_lowercase() - b'a'),
        b'0'..=b'9' => 26,
        _ => 27 + MARKS.iter().position(|&mark| mark == byte).unwrap_or(MARKS.len()),
    }
}

/// Pairs of bytes by class, counted over 9 MB of C, Ruby, Java, PHP, Rust and shell: `a` is rarest, `z` most common.
const PAIRS: [&[u8; 36]; 36] = [
    b"jrtrimrjrfntstkrfutvqpmnqjmnkmkjeiqo",
    b"qjliqhieoogrkgqhdnonrfegpemkjmkkejno",
    b"siojskjspdrrnhujfqmtpjggldlnkkjjflqo",
    b"rnlpukiisiinkkqmfnpkpkiilclpmojmints",
    b"sottqrploiksruorqvvumpqspjnsormokovu",
    b"qijlopkdtciojmrjfpnopddflblmknfjgjsp",
    b"mjlisnlnreenjpnjcqolpkgcihiolpllhksq",
    b"shjjuhfgsefjlkrminmpmfgdjeknllhmglqq",
    b"ppsrqrrfldktrvtpiqtuiqdnbqikikjifgno",
    b"nddhocdchdfdhfnidemdlegcbcgighadaajj",
    b"lhijrijeodejhjkfefnjjfgcfbjmkohkdioo",
    b"smlquokiuejsljsmclqqrlkcpfkolnjljlrr",
    b"tnjmtjgerejlqlrrhgokoidhmbinjlkjeiqo",
    b"slsttqtjqhnonpsnilsuqpkfnfjpmpknimus",
    b"oqrrlroipkorsvqrhuqssopkijiomljkfkrp",
    b"sgmmsimnodirlirqdsorqhijmdjollkjfkpp",
    b"dcdcfbfcbbcldhcecfgdqddccbhifgbccejl",
    b"tnppvnrhtepoprtlcrrsqokeqekpmpkmints",
    b"pipmvlkqsfmnolqrlltvrklenilqproojput",
    b"tkqnvnkvuijonltpftrrrknmqglsoqmnknut",
    b"pqpornnbpacsqsiqbsrshecmehkkffdfbgnl",
    b"reifsdgdpccjgioecdjicgdddbkikihgffkm",
    b"pehipgdpqceiempggomieeldcggljmghdipo",
    b"mfnhnhfgmddgkggpdhiqddeiidknkkgkeino",
    b"kjjilhhgkfflllnpclonfijbehholnhlgksr",
    b"jddeqfbdkcafgdkcaehdibcchhgffffhabik",
    b"mllllkghghghiifjfhihihfjfhvmnrjnflrt",
    b"poqoqpmnpklpooopjqqqnmnhdjllafadabhk",
    b"mmnlmnkknghmmnlnhmnnljkidjoathfffaor",
    b"pnqnnnonomjmnnnnfoqomjmhggrgcnllebps",
    b"lmlmjklkkidllilldmmlhgkhcekcmirideps",
    b"nlmlkmmlliilllklfmnnkjjggglflkkkdopt",
    b"hghdggfdeaadfgeeafggbebadajaecblpasp",
    b"llmklljjlgdjkmllflmmjjidddmgfdmheqro",
    b"ustsstqqtonssstsltuurqslnkslrnqsspzx",
    b"rpsqqqqormnqqqprmssspppljjsmprrrooyz",
];

/// Whether a window may be one of a literal's (1) or is none (0).
#[inline]
const fn is_marked(filter: &[u32; FILTER_WORDS], window: u32) -> u32 {
    let (word, first, second) = marks(window);
    (filter[word] >> first) & (filter[word] >> second) & 1
}

/// The word of the filter and the two bits in it that stand for a window.
#[inline]
const fn marks(window: u32) -> (usize, u32, u32) {
    let hash = window.wrapping_mul(MULTIPLIER);
    ((hash >> (32 - FILTER_WORDS.trailing_zeros())) as usize, hash >> 8 & 31, hash >> 3 & 31)
}

/// The upper bits of the product: its lower ones repeat with the windows' letters.
const fn slot_of(window: u32, slots: usize) -> usize {
    (window.wrapping_mul(MULTIPLIER) >> (32 - slots.trailing_zeros())) as usize
}

const fn entry_range(range: u32) -> std::ops::Range<usize> {
    let first = (range >> 8) as usize;
    first..first + (range & 0xFF) as usize
}

fn position<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).expect("because the tables are far smaller than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literals() -> Vec<Literal> {
        [("key", true), ("AKIA", false), ("ghp_", false), ("password", true), ("aXa", false), ("aaaa", true), ("-----BEGIN", false)]
            .map(|(text, ignore_case)| Literal { bytes: text.into(), ignore_case, after: None })
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

    #[test]
    fn a_known_next_byte_loses_no_hit() {
        let digits = Some([0x03FF_0000_0000_0000, 0, 0, 0]);
        let filter = Prefilter::new(&["ab_", "key_"].map(|text| Literal { bytes: text.into(), ignore_case: false, after: digits }));
        let mut hits = Vec::new();
        filter.find(b"ab_1xab_2key_3xkey_4", |literal, at| hits.push((literal, at)));
        hits.sort_unstable();
        assert_eq!(hits, [(0, 0), (0, 5), (1, 9), (1, 15)]);
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
    }
}
