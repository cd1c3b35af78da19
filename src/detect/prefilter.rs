//! The tables of the first pass over every byte: where does any of thousands of literals stand? Owns: the hash filter and how it is built.
//! Must not: read text, which `search` does.
//!
//! Every literal is known by two neighbouring four-byte windows, case folded. The scan hashes the window at every second byte into a bit
//! table, so each occurrence is seen exactly once (one of the two windows stands at an even position), and
//! neither the number of literals nor the length of a state chain slows the loop down. A second table says which bytes may stand on both
//! sides of a window and turns most of what is left away. The rest is looked up exactly and compared.
//! The build script includes this file and stores the tables of the built-in literals, so it may use nothing of the crate.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::LazyLock;

/// Words of the filter: 256 KiB, which most second-level caches hold beside the text. Two bits in one word stand for a window.
pub const FILTER_WORDS: usize = 1 << 16;
/// Words of the table of neighbours: the lower half of one is the set of bytes that may stand before a window, the upper half of those
/// after it, both by the bytes' lower four bits.
pub const NEIGHBOURS: usize = 1 << 16;
/// Multiplier of the window hash: 2^32 divided by the golden ratio, odd.
pub const MULTIPLIER: u32 = 0x9E37_79B1;
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
    pub(super) neighbours: Cow<'static, [u32]>,
    /// Open addressing; a slot with no entries is free.
    pub(super) slots: Cow<'static, [Slot]>,
    pub(super) entries: Cow<'static, [Entry]>,
    /// Start of each literal in `text`, one more at the end; the top bit says that case does not count.
    pub(super) starts: Cow<'static, [u32]>,
    text: Cow<'static, [u8]>,
}

/// What is known of a window: `[window, first entry << 8 | number of entries]`.
pub type Slot = [u32; 2];

/// A literal that has a window: `[literal << 8 | offset, next]`. The offset is that of the window in the literal plus one (0 stands for one
/// byte before the literal). `next` holds the literal's four bytes after the window, case folded, and zero for those beyond its end.
pub type Entry = [u32; 2];

/// The tables as plain numbers, for the build script to write out.
#[derive(Debug)]
pub struct Tables<'t> {
    /// Bit table.
    pub filter: &'t [u32],
    /// Bytes beside windows.
    pub neighbours: &'t [u32],
    /// Hash slots.
    pub slots: &'t [Slot],
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
}

/// What [`add_windows`] fills.
#[derive(Debug)]
struct Windows {
    all: Vec<Window>,
    neighbours: Vec<u32>,
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
            neighbours: Cow::Borrowed(tables.neighbours),
            slots: Cow::Borrowed(tables.slots),
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
            neighbours: &self.neighbours,
            slots: &self.slots,
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
        let windows = Windows { all: Vec::new(), neighbours: vec![0; NEIGHBOURS] };
        Self::build(windows, vec![0], Vec::new(), literals).expect("because fewer than 256 literals share a window")
    }

    /// The same literals and, after them, `more`; none where more than 255 literals share four bytes.
    ///
    /// # Panics
    /// If a literal is shorter than three bytes or longer than 250.
    #[must_use]
    pub fn extended(&self, more: &[Literal]) -> Option<Self> {
        let of_slot =
            |&[bytes, range]: &Slot| self.entries[entry_range(range)].iter().map(move |&entry| Window { bytes, entry }).collect::<Vec<_>>();
        let windows = Windows { all: self.slots.iter().flat_map(of_slot).collect(), neighbours: self.neighbours.to_vec() };
        Self::build(windows, self.starts.to_vec(), self.text.to_vec(), more)
    }

    /// Builds the tables from the windows, starts and text of known literals, and more literals.
    fn build(mut windows: Windows, mut starts: Vec<u32>, mut text: Vec<u8>, more: &[Literal]) -> Option<Self> {
        for literal in more {
            assert!((3..=250).contains(&literal.bytes.len()), "anchor of {} bytes", literal.bytes.len());
            let index = starts.len() - 1;
            starts[index] |= if literal.ignore_case { NO_CASE } else { 0 };
            text.extend_from_slice(&literal.bytes);
            starts.push(position(&text));
            add_windows(literal, u32::try_from(index).expect("because there are fewer than 2^24 literals"), &mut windows);
        }
        let Windows { all: mut windows, neighbours } = windows;
        windows.sort_unstable();
        windows.dedup_by_key(|window| (window.bytes, window.entry[0]));
        let distinct = windows.chunk_by(|a, b| a.bytes == b.bytes).count();
        let mut filter = vec![0; FILTER_WORDS];
        let mut slots = vec![[0; 2]; (distinct * 4 / 3).next_power_of_two().max(2)];
        let mut entries = Vec::with_capacity(windows.len());
        for group in windows.chunk_by(|a, b| a.bytes == b.bytes) {
            if group.len() > 255 {
                return None;
            }
            let window = group[0].bytes;
            let (word, first, second) = marks(window);
            filter[word] |= 1 << first | 1 << second;
            let mut slot = slot_of(window, slots.len());
            while slots[slot][1] != 0 {
                slot = (slot + 1) & (slots.len() - 1);
            }
            slots[slot] = [window, position(&entries) << 8 | position(group)];
            entries.extend(group.iter().map(|window| window.entry));
        }
        Some(Self {
            filter: filter.into(),
            neighbours: neighbours.into(),
            slots: slots.into(),
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
fn add_windows(literal: &Literal, index: u32, windows: &mut Windows) {
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
        windows.neighbours[neighbours_of(bytes)] |= before | after << 16;
        let rest = all.get(offset + 3..).unwrap_or_default();
        let next = std::array::from_fn(|at| rest.get(at).map_or(0, |byte| byte | 0x20));
        let place = index << 8 | u32::try_from(offset).expect("because literals are short");
        windows.all.push(Window { bytes, entry: [place, u32::from_le_bytes(next)] });
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

/// Offset of the five bytes that source code holds least often.
fn rarest(bytes: &[u8]) -> usize {
    let pairs = |at: usize| -> u32 { bytes[at..at + 5].windows(2).map(|pair| commonness(pair[0], pair[1])).sum() };
    let words = |at: usize| [at, at + 1].into_iter().filter(|&at| is_in_common_word(&bytes[at..at + 4])).count();
    (0..=bytes.len() - 5).min_by_key(|&at| (words(at), pairs(at))).unwrap_or(0)
}

/// Whether one of the commonest words of source code holds the window.
fn is_in_common_word(window: &[u8]) -> bool {
    static WINDOWS: LazyLock<Vec<u32>> = LazyLock::new(|| {
        let mut windows: Vec<u32> = COMMON_WORDS.array_windows().map(|window| folded(*window)).collect();
        windows.sort_unstable();
        windows
    });
    window.first_chunk().is_some_and(|window| WINDOWS.binary_search(&folded(*window)).is_ok())
}

/// A window as the tables know it.
const fn folded(window: [u8; 4]) -> u32 {
    u32::from_le_bytes(window) | FOLD
}

/// Words that source code and its comments are full of.
const COMMON_WORDS: &[u8] =
    b" access action address after allow always application array assert associated async author base basic because \
    before between block boolean break buffer build call cannot case catch char check class client close code color command common \
    community company compile component config connection const constructor container content context continue control copyright count \
    create current data database datetime debug declare default define delete description device different digital directory display \
    distributed document domain double else email enable endif entry enum environment error event example except execute expect export \
    extend external false field file filter final find first float follow foreach form format found from func function general generate \
    global group handle hash header height hook html http https:// identifier image implement import include index information initial \
    input insert install instance integer interface internal into iterator java json just keyword kind label language last layer length \
    library license like line link linux list load local location long make manager match memory message method mock model modified \
    module multiple must name native need network node none note null number object offset only open operation option order other \
    output override package page panel param parent parse path pattern permission phone platform point position prefix present previous \
    private process product program project property protected provide public query random range read receive record reference register \
    release remote remove render replace request require resource response result return right root runtime sample schema script search \
    section select self send sequence serialize server service session setting should should_ show sign simple single size socket software \
    some source spec stack standard start state static status stream string struct style submit such super support switch symbol system \
    table tag target task template test text than that them then there these this thread throw time title token tools transaction \
    translate true type undefined under unit update user util valid value variable vector version view void warning when where which while \
    will window with without word would write xmlns your ";

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

/// The word of the neighbours of a window.
#[inline]
#[must_use]
pub const fn neighbours_of(window: u32) -> usize {
    slot_of(window, NEIGHBOURS)
}

/// The upper bits of the product: its lower ones repeat with the windows' letters.
#[inline]
#[must_use]
pub const fn slot_of(window: u32, slots: usize) -> usize {
    (window.wrapping_mul(MULTIPLIER) >> (32 - slots.trailing_zeros())) as usize
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
