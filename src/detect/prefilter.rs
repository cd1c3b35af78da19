//! The tables of the first pass over every byte: where does any of thousands of literals stand? Owns: the hash filter and how it is built.
//! Must not: read text, which `search` does.
//!
//! Every literal is known by two neighbouring four-byte windows, case folded. The scan hashes the window at every second byte into a bit
//! table, so each occurrence is seen exactly once (one of the two windows stands at an even position), and
//! neither the number of literals nor the length of a state chain slows the loop down. A window that is marked there has one slot of its own
//! in a perfect hash table ("Hash, displace, and compress", Belazzougui, Botelho and Dietzfelbinger, 2009), which says what bytes may stand on
//! both sides of it and turns most of what is left away. The rest is compared.
//! The build script includes this file and stores the tables of the built-in literals, so it may use nothing of the crate.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Words of the filter: 256 KiB, which most second-level caches hold beside the text. Two bits in one word stand for a window.
pub const FILTER_WORDS: usize = 1 << 16;
/// Multiplier of the window hash: 2^32 divided by the golden ratio, odd.
pub const MULTIPLIER: u32 = 0x9E37_79B1;
/// Multiplier of the hash that leads to a window's slot: 2^32 divided by the square root of three, odd.
const SLOT_MULTIPLIER: u32 = 0x93CD_3A2D;
/// Sets bit 5 of each byte: ASCII letters lose their case, other bytes may collide, which the comparison sorts out.
pub const FOLD: u32 = 0x2020_2020;

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
    pub(super) filter: Cow<'static, [u32]>,
    /// Numbers that lead windows to different slots.
    pub(super) seeds: Cow<'static, [u16]>,
    pub(super) slots: Cow<'static, [Slot]>,
    /// The window that has each slot, to build larger tables from.
    windows: Cow<'static, [u32]>,
    pub(super) entries: Cow<'static, [Entry]>,
    /// Start of each literal in `text`, one more at the end; the top bit says that case does not count.
    pub(super) starts: Cow<'static, [u32]>,
    text: Cow<'static, [u8]>,
}

/// What is known of a window: `[sides, first entry << 8 | number of entries]`. The lower half of `sides` is the set of bytes that may stand
/// before the window, the upper half of those after it, both by the bytes' lower four bits; there are none in a slot that no window has.
pub type Slot = [u32; 2];

/// A literal that has a window: `[literal << 8 | offset, next]`. The offset is that of the window in the literal plus one (0 stands for one
/// byte before the literal). `next` holds the literal's four bytes after the window, case folded, and zero for those beyond its end.
pub type Entry = [u32; 2];

/// The tables as plain numbers, for the build script to write out.
#[derive(Debug)]
pub struct Tables<'t> {
    /// Bit table.
    pub filter: &'t [u32],
    /// Numbers that lead windows to slots.
    pub seeds: &'t [u16],
    /// Windows' slots.
    pub slots: &'t [Slot],
    /// The slots' windows.
    pub windows: &'t [u32],
    /// Windows' literals.
    pub entries: &'t [Entry],
    /// Literals' starts.
    pub starts: &'t [u32],
    /// Literals' bytes.
    pub text: &'t [u8],
}

/// A window of a literal.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    bytes: u32,
    entry: Entry,
    sides: u32,
}

/// Marks a literal whose case does not count, in `starts`.
pub const NO_CASE: u32 = 1 << 31;
/// Any byte may stand on a side of a window.
const ANY: u32 = 0xFFFF;

impl Prefilter {
    /// Wraps tables that the build script made with [`Prefilter::new`].
    #[must_use]
    pub const fn from_tables(tables: &Tables<'static>) -> Self {
        Self {
            filter: Cow::Borrowed(tables.filter),
            seeds: Cow::Borrowed(tables.seeds),
            slots: Cow::Borrowed(tables.slots),
            windows: Cow::Borrowed(tables.windows),
            entries: Cow::Borrowed(tables.entries),
            starts: Cow::Borrowed(tables.starts),
            text: Cow::Borrowed(tables.text),
        }
    }

    /// The tables behind this filter.
    #[must_use]
    pub fn tables(&self) -> Tables<'_> {
        Tables {
            filter: &self.filter,
            seeds: &self.seeds,
            slots: &self.slots,
            windows: &self.windows,
            entries: &self.entries,
            starts: &self.starts,
            text: &self.text,
        }
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
        let of_slot = |(&[sides, range], &bytes): (&Slot, &u32)| {
            self.entries[entry_range(range)].iter().map(move |&entry| Window { bytes, entry, sides }).collect::<Vec<_>>()
        };
        let windows = self.slots.iter().zip(self.windows.iter()).flat_map(of_slot).collect();
        Self::build(windows, self.starts.to_vec(), self.text.to_vec(), more)
    }

    /// Builds the tables from the windows, starts and text of known literals, and more literals.
    fn build(mut windows: Vec<Window>, mut starts: Vec<u32>, mut text: Vec<u8>, more: &[Literal]) -> Option<Self> {
        for literal in more {
            assert!((3..=250).contains(&literal.bytes.len()), "anchor of {} bytes", literal.bytes.len());
            let index = starts.len() - 1;
            starts[index] |= if literal.ignore_case { NO_CASE } else { 0 };
            text.extend_from_slice(&literal.bytes);
            starts.push(position(&text));
            add_windows(literal, u32::try_from(index).expect("because there are fewer than 2^24 literals"), &mut windows);
        }
        windows.sort_unstable();
        windows.dedup_by_key(|window| (window.bytes, window.entry[0]));
        let groups: Vec<&[Window]> = windows.chunk_by(|a, b| a.bytes == b.bytes).collect();
        if groups.iter().any(|group| group.len() > 255) {
            return None;
        }
        let distinct: Vec<u32> = groups.iter().map(|group| group[0].bytes).collect();
        let (seeds, len) = displace(&distinct);
        let (mut filter, mut slots, mut windows) = (vec![0; FILTER_WORDS], vec![[0; 2]; len], vec![0; len]);
        let mut entries = Vec::new();
        for group in groups {
            let window = group[0].bytes;
            let (word, first, second) = marks(window);
            filter[word] |= 1 << first | 1 << second;
            let slot = slot_of(window, &seeds, len);
            let sides = group.iter().fold(0, |sides, window| sides | window.sides);
            slots[slot] = [sides, position(&entries) << 8 | position(group)];
            windows[slot] = window;
            entries.extend(group.iter().map(|window| window.entry));
        }
        Some(Self {
            filter: filter.into(),
            seeds: seeds.into(),
            slots: slots.into(),
            windows: windows.into(),
            entries: entries.into(),
            starts: starts.into(),
            text: text.into(),
        })
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

    /// The bytes of a literal.
    #[inline]
    #[must_use]
    pub fn literal(&self, literal: usize) -> &[u8] {
        &self.text[(self.starts[literal] & !NO_CASE) as usize..(self.starts[literal + 1] & !NO_CASE) as usize]
    }
}

/// Registers the literal under two neighbouring windows, so that one of them stands at an even position wherever the literal does.
fn add_windows(literal: &Literal, index: u32, windows: &mut Vec<Window>) {
    let all = literal.bytes.as_slice();
    let next = || (0..=u8::MAX).filter(|&byte| literal.after.is_none_or(|set| set[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1));
    let after_literal = next().fold(0, |set, byte| set | side(byte));
    // `offset` is one more than the place of the window in the literal.
    let mut add = |window: [u8; 4], offset: usize| {
        let bytes = folded(window);
        let before = if let Some(at) = offset.checked_sub(2) { side(all[at]) } else { ANY };
        let after = match (offset + 3).cmp(&all.len()) {
            Ordering::Less => side(all[offset + 3]),
            Ordering::Equal => after_literal,
            Ordering::Greater => ANY,
        };
        let rest = all.get(offset + 3..).unwrap_or_default();
        let next = std::array::from_fn(|at| rest.get(at).map_or(0, |byte| byte | 0x20));
        let place = index << 8 | u32::try_from(offset).expect("because literals are short");
        windows.push(Window { bytes, entry: [place, u32::from_le_bytes(next)], sides: before | after << 16 });
    };
    match *all {
        [a, b, c] => {
            next().for_each(|next| add([a, b, c, next], 1));
            (0..=u8::MAX).for_each(|before| add([before, a, b, c], 0));
        }
        [a, b, c, d] => {
            add([a, b, c, d], 1);
            if literal.after.is_none() && commonness(a, b) < commonness(c, d) {
                (0..=u8::MAX).for_each(|before| add([before, a, b, c], 0));
            } else {
                next().for_each(|next| add([b, c, d, next], 2));
            }
        }
        _ => {
            let offset = rarest(all);
            for at in [offset, offset + 1] {
                add(all[at..at + 4].try_into().expect("because the window lies in the literal"), at + 1);
            }
        }
    }
}

/// The bit of a byte in one of the sets of neighbours; case does not change it.
#[must_use]
pub const fn side(byte: u8) -> u32 {
    1 << (byte & 15)
}

/// Offset of the five bytes whose two windows source code holds least often. A window that has a byte of the literal on both sides is more
/// often turned away by them, so it weighs less.
fn rarest(bytes: &[u8]) -> usize {
    let last = bytes.len() - 5;
    let weight = |at: usize, is_outer: bool| share(&bytes[at..at + 4]) * if is_outer { 12 } else { 9 };
    let windows = |at: usize| weight(at, at == 0) + weight(at + 1, at == last);
    let pairs = |at: usize| -> u32 { bytes[at..at + 5].windows(2).map(|pair| commonness(pair[0], pair[1])).sum() };
    (0..=last).min_by_key(|&at| (windows(at), pairs(at))).unwrap_or(0)
}

/// How often a window stands in source code, in a million; 0 for one that is rare.
fn share(window: &[u8]) -> u32 {
    static SHARES: LazyLock<HashMap<u32, u32>> = LazyLock::new(|| {
        // As `examples/count-windows.rs` wrote it, over sources in C, Go, Java, JavaScript, PHP, Python, Ruby and Rust.
        let lines = include_str!("windows.txt").lines();
        lines.filter_map(|line| Some((folded(*line.as_bytes().first_chunk()?), line.get(5..)?.parse().ok()?))).collect()
    });
    window.first_chunk().and_then(|window| SHARES.get(&folded(*window))).copied().unwrap_or(0)
}

/// A window as the tables know it.
const fn folded(window: [u8; 4]) -> u32 {
    u32::from_le_bytes(window) | FOLD
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

/// The word of the filter and the two bits in it that stand for a window. The lower bits of the product know its first bytes only.
#[inline]
#[must_use]
pub const fn marks(window: u32) -> (usize, u32, u32) {
    let hash = window.wrapping_mul(MULTIPLIER);
    ((hash >> (32 - FILTER_WORDS.trailing_zeros())) as usize, hash >> 8 & 31, (hash >> 3 ^ window >> 16) & 31)
}

/// Seeds that lead each of the windows to a slot of its own, and how many slots there are: a quarter to two and a half times more than windows.
///
/// Windows with the same seed are placed together, those of which there are most first, while there is room.
fn displace(windows: &[u32]) -> (Vec<u16>, usize) {
    let mut len = (windows.len() * 5 / 4).next_power_of_two().max(2);
    let mut groups = vec![Vec::new(); (windows.len() / 3).next_power_of_two().max(2)];
    for &window in windows {
        let group = seed_of(window, groups.len());
        groups[group].push(window);
    }
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(groups[group].len()));
    'larger: loop {
        let (mut seeds, mut is_taken) = (vec![0; groups.len()], vec![false; len]);
        for &group in &order {
            let mut places = Vec::with_capacity(groups[group].len());
            let seed = (0..=u16::MAX).find(|&seed| {
                places.clear();
                places.extend(groups[group].iter().map(|&window| place(window, seed, len)));
                places.iter().enumerate().all(|(n, place)| !is_taken[*place] && !places[..n].contains(place))
            });
            let Some(seed) = seed else {
                len *= 2;
                continue 'larger;
            };
            seeds[group] = seed;
            for place in places {
                is_taken[place] = true;
            }
        }
        return (seeds, len);
    }
}

/// The slot of a window. A window that has none is led to any.
#[inline]
#[must_use]
pub fn slot_of(window: u32, seeds: &[u16], slots: usize) -> usize {
    place(window, seeds[seed_of(window, seeds.len())], slots)
}

/// The upper bits of the product: its lower ones repeat with the windows' letters.
#[inline]
const fn seed_of(window: u32, seeds: usize) -> usize {
    (window.wrapping_mul(MULTIPLIER) >> (32 - seeds.trailing_zeros())) as usize
}

#[inline]
const fn place(window: u32, seed: u16, slots: usize) -> usize {
    let mixed = window ^ (seed as u32).wrapping_mul(MULTIPLIER);
    ((mixed ^ mixed >> 15).wrapping_mul(SLOT_MULTIPLIER) >> (32 - slots.trailing_zeros())) as usize
}

/// The entries of a slot.
#[must_use]
pub const fn entry_range(range: u32) -> std::ops::Range<usize> {
    let first = (range >> 8) as usize;
    first..first + (range & 0xFF) as usize
}

fn position<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).expect("because the tables are far smaller than 4 GiB")
}
