//! The tables of the first pass over every byte: where does any of thousands of literals stand? Owns: the hash filter and how it is built.
//! Must not: read text, which `search` does.
//!
//! Every literal is known by two neighbouring four-byte windows, case folded. The scan hashes the window at every second byte into a bit
//! table, so each occurrence is seen exactly once (one of the two windows stands at an even position), and
//! neither the number of literals nor the length of a state chain slows the loop down. Whether a window has capitals counts too, where the
//! literal's case does. A window that is marked there has one slot of its own in a perfect hash table ("Hash, displace, and compress",
//! Belazzougui, Botelho and Dietzfelbinger, 2009), which says what bytes may stand on both sides of it and turns most of what is left away.
//! The rest is compared, and what the literal needs around it is asked for.
//! The build script includes this file and stores the tables of the built-in literals, so it may use nothing of the crate.

// Where the build script includes this file, its modules are looked for elsewhere.
#[path = "prefilter/rarity.rs"]
mod rarity;

use std::borrow::Cow;

use rarity::{commonness, rarest};

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
    /// What is known of the text around it: it makes short literals rarer.
    pub needs: Needs,
}

/// What has to stand around a literal for it to be worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needs {
    /// Whether a token has to start with it (`View::starts_token`).
    pub starts_token: bool,
    /// The bytes that may follow it, as a bit set.
    pub after: [u64; 4],
    /// How many of those follow at least.
    pub run: u8,
}

impl Needs {
    /// Any text will do.
    pub const NOTHING: Self = Self { starts_token: false, after: [u64::MAX; 4], run: 0 };

    /// What is needed where one of both is enough.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.run.min(other.run) == 0 {
            return Self { starts_token: self.starts_token && other.starts_token, ..Self::NOTHING };
        }
        let after = std::array::from_fn(|at| self.after[at] | other.after[at]);
        Self { starts_token: self.starts_token && other.starts_token, after, run: self.run.min(other.run) }
    }

    /// The bytes that may stand before a literal.
    fn before(self) -> impl Iterator<Item = u8> {
        // The letters and digits are those that end an escape, as in `\n`, `%3D` and `\x1b[0m`.
        let ends_escape = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b'n' | b't' | b'r' | b'v' | b'm');
        let may_stand = move |byte: u8| !self.starts_token || ends_escape(byte) || !byte.is_ascii_alphanumeric() && byte != b'_';
        (0..=u8::MAX).filter(move |&byte| may_stand(byte))
    }

    /// The bytes that may follow a literal.
    fn after(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&byte| has(&self.after, byte))
    }
}

/// Whether a set of bytes has one.
#[inline]
#[must_use]
pub const fn has(set: &[u64; 4], byte: u8) -> bool {
    set[(byte >> 6) as usize] >> (byte & 63) & 1 == 1
}

/// Tables over a list of literals; hits name a literal by its index in that list.
#[derive(Debug, Clone)]
pub struct Prefilter {
    pub(super) filter: Cow<'static, [u32]>,
    /// Numbers that lead windows to different slots.
    pub(super) seeds: Cow<'static, [u16]>,
    pub(super) slots: Cow<'static, [Slot]>,
    /// The entries of each slot: `first << 8 | number`.
    pub(super) ranges: Cow<'static, [u32]>,
    /// All windows, to build larger tables from.
    windows: Cow<'static, [u32]>,
    pub(super) entries: Cow<'static, [Entry]>,
    /// Start of each literal in `text`, one more at the end; the top bit says that case does not count.
    pub(super) starts: Cow<'static, [u32]>,
    text: Cow<'static, [u8]>,
    /// What each literal needs: its place in `kinds`.
    needs: Cow<'static, [u16]>,
    kinds: Cow<'static, [Needs]>,
}

/// What is known of a window: the sets of bytes that may stand two and one before it, and one and two after it, as [`side`] has them. They are
/// empty in a slot that no window has.
pub type Slot = [u16; 4];

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
    /// The slots' entries.
    pub ranges: &'t [u32],
    /// Windows.
    pub windows: &'t [u32],
    /// Windows' literals.
    pub entries: &'t [Entry],
    /// Literals' starts.
    pub starts: &'t [u32],
    /// Literals' bytes.
    pub text: &'t [u8],
    /// What literals need: places in `kinds`.
    pub needs: &'t [u16],
    /// All different needs.
    pub kinds: &'t [Needs],
}

/// A window of a literal.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    bytes: u32,
    entry: Entry,
    sides: Slot,
}

/// Marks a literal whose case does not count, in `starts`.
pub const NO_CASE: u32 = 1 << 31;
/// Any byte may stand on a side of a window.
const ANY: u16 = u16::MAX;

impl Prefilter {
    /// Wraps tables that the build script made with [`Prefilter::new`].
    #[must_use]
    pub const fn from_tables(tables: &Tables<'static>) -> Self {
        Self {
            filter: Cow::Borrowed(tables.filter),
            seeds: Cow::Borrowed(tables.seeds),
            slots: Cow::Borrowed(tables.slots),
            ranges: Cow::Borrowed(tables.ranges),
            windows: Cow::Borrowed(tables.windows),
            entries: Cow::Borrowed(tables.entries),
            starts: Cow::Borrowed(tables.starts),
            text: Cow::Borrowed(tables.text),
            needs: Cow::Borrowed(tables.needs),
            kinds: Cow::Borrowed(tables.kinds),
        }
    }

    /// The tables behind this filter.
    #[must_use]
    pub fn tables(&self) -> Tables<'_> {
        Tables {
            filter: &self.filter,
            seeds: &self.seeds,
            slots: &self.slots,
            ranges: &self.ranges,
            windows: &self.windows,
            entries: &self.entries,
            starts: &self.starts,
            text: &self.text,
            needs: &self.needs,
            kinds: &self.kinds,
        }
    }

    /// Builds the tables.
    ///
    /// # Panics
    /// If a literal is shorter than three bytes or longer than 250, or there are more than 2^24, or 256 that share four bytes: the pattern lint refuses those.
    #[must_use]
    pub fn new(literals: &[Literal]) -> Self {
        let tables = Tables {
            filter: &[],
            seeds: &[],
            slots: &[],
            ranges: &[],
            windows: &[],
            entries: &[],
            starts: &[0],
            text: &[],
            needs: &[],
            kinds: &[],
        };
        let none = Self { filter: vec![0; FILTER_WORDS].into(), ..Self::from_tables(&tables) };
        none.extended(literals).expect("because fewer than 256 literals share a window")
    }

    /// The same literals and, after them, `more`; none where more than 255 literals share four bytes.
    ///
    /// # Panics
    /// If a literal is shorter than three bytes or longer than 250.
    #[must_use]
    pub fn extended(&self, more: &[Literal]) -> Option<Self> {
        let mut extended = self.clone();
        let mut windows = self.known_windows();
        for literal in more {
            assert!((3..=250).contains(&literal.bytes.len()), "anchor of {} bytes", literal.bytes.len());
            extended.add(literal, &mut windows);
        }
        windows.sort_unstable();
        windows.dedup_by_key(|window| (window.bytes, window.entry[0]));
        extended.place(&windows).then_some(extended)
    }

    /// The windows of all literals, from their slots.
    fn known_windows(&self) -> Vec<Window> {
        let of_window = |&bytes: &u32| {
            let slot = slot_of(bytes, &self.seeds, self.slots.len());
            self.entries[entry_range(self.ranges[slot])].iter().map(move |&entry| Window { bytes, entry, sides: self.slots[slot] })
        };
        self.windows.iter().flat_map(of_window).collect()
    }

    /// Adds a literal to the tables that name literals, marks its windows in the filter, and adds them to `windows`.
    fn add(&mut self, literal: &Literal, windows: &mut Vec<Window>) {
        let index = u32::try_from(self.len()).expect("because there are fewer than 2^24 literals");
        let (starts, text) = (self.starts.to_mut(), self.text.to_mut());
        *starts.last_mut().expect("because there is one more than literals") |= if literal.ignore_case { NO_CASE } else { 0 };
        text.extend_from_slice(&literal.bytes);
        starts.push(position(text));
        let kind = self.kinds.iter().position(|kind| *kind == literal.needs).unwrap_or_else(|| {
            self.kinds.to_mut().push(literal.needs);
            self.kinds.len() - 1
        });
        self.needs.to_mut().push(u16::try_from(kind).expect("because there are fewer than 65,536 literals"));
        let filter = self.filter.to_mut();
        each_window(literal, |bytes, offset, sides| {
            for (word, first, second) in all_marks(bytes, literal.ignore_case) {
                filter[word] |= 1 << first | 1 << second;
            }
            let rest = literal.bytes.get(offset + 3..).unwrap_or_default();
            let next = std::array::from_fn(|at| rest.get(at).map_or(0, |byte| byte | 0x20));
            let place = index << 8 | u32::try_from(offset).expect("because literals are short");
            windows.push(Window { bytes: folded(bytes), entry: [place, u32::from_le_bytes(next)], sides });
        });
    }

    /// Gives each window a slot; tells whether no more than 255 literals share one.
    fn place(&mut self, windows: &[Window]) -> bool {
        let groups: Vec<&[Window]> = windows.chunk_by(|a, b| a.bytes == b.bytes).collect();
        let distinct: Vec<u32> = groups.iter().map(|group| group[0].bytes).collect();
        let (seeds, len) = displace(&distinct);
        let (mut slots, mut ranges) = (vec![[0; 4]; len], vec![0; len]);
        let mut entries = Vec::new();
        for group in &groups {
            let slot = slot_of(group[0].bytes, &seeds, len);
            slots[slot] = group.iter().fold([0; 4], |known, window| std::array::from_fn(|at| known[at] | window.sides[at]));
            ranges[slot] = position(&entries) << 8 | position(group) & 0xFF;
            entries.extend(group.iter().map(|window| window.entry));
        }
        (self.seeds, self.slots, self.ranges) = (seeds.into(), slots.into(), ranges.into());
        (self.windows, self.entries) = (distinct.into(), entries.into());
        groups.iter().all(|group| group.len() <= 255)
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

    /// What has to stand around a literal.
    #[inline]
    #[must_use]
    pub fn needs(&self, literal: usize) -> &Needs {
        &self.kinds[usize::from(self.needs[literal])]
    }
}

/// Calls `add` with two neighbouring windows of the literal, so that one of them stands at an even position wherever the literal does; with
/// the offset of the window in the literal plus one; and with what may stand on both sides of it.
fn each_window(literal: &Literal, mut add: impl FnMut([u8; 4], usize, Slot)) {
    let all = literal.bytes.as_slice();
    let needs = literal.needs;
    let set = |bytes: &mut dyn Iterator<Item = u8>| bytes.fold(0, |set, byte| set | side(byte));
    let (before_literal, after_literal) = (set(&mut needs.before()), set(&mut needs.after()));
    // What may stand at a place of the literal, whose own first byte is at 0, or around it.
    let at = |place: isize| match usize::try_from(place).map(|place| (all.get(place), place - all.len().min(place))) {
        Ok((Some(&byte), _)) => side(byte),
        Ok((None, beyond)) if beyond < usize::from(needs.run).max(1) => after_literal,
        Err(_) if place == -1 => before_literal,
        _ => ANY,
    };
    let mut add = |window: [u8; 4], offset: usize| {
        let first = offset.cast_signed() - 1;
        add(window, offset, [first - 2, first - 1, first + 4, first + 5].map(at));
    };
    match *all {
        [a, b, c] => {
            needs.after().for_each(|next| add([a, b, c, next], 1));
            needs.before().for_each(|before| add([before, a, b, c], 0));
        }
        [a, b, c, d] => {
            add([a, b, c, d], 1);
            if needs.run == 0 && commonness(a, b) < commonness(c, d) {
                needs.before().for_each(|before| add([before, a, b, c], 0));
            } else {
                needs.after().for_each(|next| add([b, c, d, next], 2));
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

/// The marks of a window as it may be written.
fn all_marks(window: [u8; 4], ignore_case: bool) -> impl Iterator<Item = (usize, u32, u32)> {
    let is_open = |byte: u8| ignore_case && byte.is_ascii_alphabetic();
    let may_be_low = window.iter().all(|&byte| is_open(byte) || byte & 0x20 != 0);
    let may_be_other = window.iter().any(|&byte| is_open(byte) || byte & 0x20 == 0);
    let low = folded(window);
    // Any capital makes it another one: the first byte that may be one.
    let other = window.iter().position(|&byte| is_open(byte) || byte & 0x20 == 0).map_or(low, |at| low & !(0x20 << (8 * at)));
    [may_be_low.then_some(low), may_be_other.then_some(other)].into_iter().flatten().map(marks)
}

/// The bit of a byte in a set of neighbours; case does not change it.
#[inline]
#[must_use]
pub const fn side(byte: u8) -> u16 {
    SIDES[byte as usize]
}

/// The bit of each byte. Letters that may end an escape share theirs with each other only: no other letter stands before a token.
const SIDES: [u16; 256] = {
    const GROUPS: [&[u8]; 15] =
        [b"af", b"eb", b"tv", b"nm", b"rc", b"d0123456789", b"oq", b"iz", b"sj", b"lx", b"uk", b"hw", b"py", b"g_", b"-./\\@+&?,"];
    let mut sides = [1 << GROUPS.len(); 256];
    let mut group = 0;
    while group < GROUPS.len() {
        let mut at = 0;
        while at < GROUPS[group].len() {
            let byte = GROUPS[group][at];
            sides[byte as usize] = 1 << group;
            sides[byte.to_ascii_uppercase() as usize] = 1 << group;
            at += 1;
        }
        group += 1;
    }
    sides
};

/// A window as the tables know it.
const fn folded(window: [u8; 4]) -> u32 {
    u32::from_le_bytes(window) | FOLD
}

/// The word of the filter and the two bits in it that stand for a window as it is written. The lower bits of the product know its first bytes
/// only. A window with a capital, a `_` or the like has another second bit than one without.
#[inline]
#[must_use]
pub const fn marks(written: u32) -> (usize, u32, u32) {
    let window = written | FOLD;
    let hash = window.wrapping_mul(MULTIPLIER);
    let turned = if written == window { u32::MAX } else { 0 };
    ((hash >> (32 - FILTER_WORDS.trailing_zeros())) as usize, hash >> 8 & 31, (hash >> 3 ^ window >> 16 ^ turned) & 31)
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
