//! Values that are known: where they are left in a tree and in everything a repository holds. Owns: their spellings and the search. Must not: judge,
//! or keep a value longer than the search.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use gix::objs::Kind;
use rayon::prelude::*;

use crate::blob::Origin;
use crate::secret::Secret;
use crate::settings::{GitEnvironment, MEMORY, TreeSettings};
use crate::source::git::open;
use crate::source::git::pack::Inventory;
use crate::source::git::pack::budget::Budget;
use crate::source::git::pack::packed::Broken;
use crate::source::git::pack::walk::{Limits, Version, Visitor, pool, walk};
use crate::source::{SourceError, tree};

/// Bytes that are looked at together.
const WINDOW: usize = 4 << 20;
/// Objects of more bytes are read piece by piece.
const LARGE: u64 = 64 << 20;
/// The shortest value that is looked for: shorter ones stand everywhere.
pub const SHORTEST: usize = 6;

/// Places of one file that are told, at most: a file with more of them is no text that somebody edits.
const MOST_PLACES: usize = 1_000;
/// The shortest value that is told from the middle of a longer word.
const LONG: usize = 16;

/// A place of a value in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stand {
    /// Its bytes in the file.
    pub span: (usize, usize),
    /// The index of the value.
    pub value: usize,
    /// Its line, from 1.
    pub line: u64,
    /// How it is spelled, in words; nothing where it stands as it is.
    pub form: &'static str,
}

/// Where a value is left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// In a file of the tree, by its path.
    File(String),
    /// In an object of the repository: its kind and id. What is staged, stashed, committed, and what no reference leads to are such objects.
    Object(&'static str, String),
}

/// The outcome of a search.
#[derive(Debug, Default)]
pub struct Search {
    /// The index of each value that is left, and where.
    pub left: BTreeSet<(usize, Left)>,
    /// Files and objects that could not be looked at.
    pub unread: Vec<String>,
}

impl Search {
    /// The files in which a value is left.
    pub fn files(&self) -> impl Iterator<Item = &bstr::BStr> {
        self.left.iter().filter_map(|(_, place)| if let Left::File(path) = place { Some(path.as_str().into()) } else { None })
    }
}

/// Looks for `values` in all spellings: in the files below `root`, ignored ones too, and in every object of the repository around it, if there is one.
///
/// # Errors
/// The tree or the repository cannot be listed.
pub fn search(values: &[Secret], root: &Path, environment: &GitEnvironment, threads: usize) -> Result<Search, SourceError> {
    let needles = Needles::new(values);
    let mut found = files(&needles, root, &[])?;
    match open::open(root, environment) {
        Err(SourceError::NoRepository { .. }) => {}
        Err(error) => return Err(error),
        Ok(opened) => {
            let pool = pool(threads);
            let inventory = Inventory::open(&opened.object_directories, opened.repository.object_hash(), &pool);
            let budget = Budget::new(MEMORY.saturating_sub(inventory.bytes()));
            let limits = Limits { most: LARGE, budget: &budget, pool: &pool };
            for (kind, name) in [(Kind::Blob, "blob"), (Kind::Commit, "commit"), (Kind::Tag, "tag")] {
                for looker in
                    walk(&inventory, kind, limits, |_| true, || Looker { needles: &needles, found: BTreeSet::new(), unread: Vec::new() })
                {
                    let id = |object: u32| inventory.id(object).to_string();
                    found.left.extend(looker.found.into_iter().map(|(value, object)| (value, Left::Object(name, id(object)))));
                    found.unread.extend(looker.unread.into_iter().map(id));
                }
            }
            found.unread.extend(inventory.problems.iter().map(|problem| problem.path.to_string()));
        }
    }
    found.unread.sort();
    Ok(found)
}

/// Looks for `values` in all spellings in the files below `root`, ignored ones too, but for those that are excluded.
///
/// # Errors
/// The tree cannot be listed.
pub fn search_files(values: &[Secret], root: &Path, exclude: &[String]) -> Result<Search, SourceError> {
    let mut found = files(&Needles::new(values), root, exclude)?;
    found.unread.sort();
    Ok(found)
}

/// Where `values` stand in each of the files, in all spellings; nothing of a file that cannot be read. Of places that overlap the longest counts.
#[must_use]
pub fn stands(values: &[Secret], files: &[PathBuf]) -> Vec<Vec<Stand>> {
    let needles = Needles::new(values);
    let of = |path: &PathBuf| {
        let mut found = BTreeSet::new();
        let read = std::fs::File::open(path).and_then(|mut file| needles.stands(&mut file, &mut found));
        if read.is_ok() { apart(found) } else { Vec::new() }
    };
    files.par_iter().map(of).collect()
}

/// Those that lie in no other one, in order.
fn apart(found: BTreeSet<Stand>) -> Vec<Stand> {
    let mut all: Vec<Stand> = found.into_iter().collect();
    all.sort_by_key(|stand| (stand.span.0, std::cmp::Reverse(stand.span.1)));
    let mut kept: Vec<Stand> = Vec::new();
    for stand in all {
        if kept.last().is_none_or(|last| last.span.1 <= stand.span.0) {
            kept.push(stand);
        }
    }
    kept
}

fn files(needles: &Needles, root: &Path, exclude: &[String]) -> Result<Search, SourceError> {
    let found = Mutex::new(Search::default());
    let settings = TreeSettings { no_ignore: true, exclude: exclude.to_vec(), roots: vec![PathBuf::from(root)] };
    let listing = tree::walk(&settings, &|origin: Origin, place: tree::Place<'_>| {
        let path = crate::blob::visible(origin.path());
        let mut values = BTreeSet::new();
        let read = place.open().and_then(|mut file| needles.look_through(&mut file, &mut values));
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.left.extend(values.into_iter().map(|value| (value, Left::File(path.clone()))));
        if read.is_err() {
            found.unread.push(path);
        }
    })?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.unread.extend(listing.coverage.problems.iter().map(|problem| problem.path.to_string()));
    Ok(found)
}

/// All spellings of all values.
pub(super) struct Needles {
    automaton: AhoCorasick,
    /// The value of each spelling, and what it is called.
    values: Vec<(usize, &'static str)>,
    longest: usize,
}

impl Needles {
    pub(super) fn new(values: &[Secret]) -> Self {
        let spelled: Vec<(Vec<u8>, (usize, &'static str))> = values
            .iter()
            .enumerate()
            .flat_map(|(index, value)| spellings(value.expose()).into_iter().map(move |(text, form)| (text, (index, form))))
            .collect();
        let automaton =
            AhoCorasick::new(spelled.iter().map(|(text, _)| text)).expect("because a few thousand spellings are no limit of the automaton");
        Self {
            automaton,
            longest: spelled.iter().map(|(text, _)| text.len()).max().unwrap_or(0),
            values: spelled.into_iter().map(|(_, value)| value).collect(),
        }
    }

    /// Adds the indices of the values that `bytes` hold.
    pub(super) fn look(&self, bytes: &[u8], found: &mut BTreeSet<usize>) {
        // Whether there is any is known faster than which.
        if !self.automaton.is_match(bytes) {
            return;
        }
        found.extend(self.automaton.find_overlapping_iter(bytes).map(|hit| self.values[hit.pattern().as_usize()].0));
    }

    /// Looks through content of any length.
    fn look_through(&self, content: &mut dyn Read, found: &mut BTreeSet<usize>) -> io::Result<()> {
        self.windows(content, |bytes, _, _| self.look(bytes, found))
    }

    /// The places in content of any length. A short value in the middle of a word is another word.
    fn stands(&self, content: &mut dyn Read, found: &mut BTreeSet<Stand>) -> io::Result<()> {
        self.windows(content, |bytes, offset, lines| {
            let (mut at, mut line) = (0, lines + 1);
            for hit in self.automaton.find_overlapping_iter(bytes) {
                let (value, form) = self.values[hit.pattern().as_usize()];
                let is_word = |beside: Option<&u8>| beside.is_some_and(u8::is_ascii_alphanumeric);
                let inside = is_word(hit.start().checked_sub(1).and_then(|before| bytes.get(before))) || is_word(bytes.get(hit.end()));
                if found.len() >= MOST_PLACES || (form.is_empty() && hit.len() < LONG && inside) {
                    continue;
                }
                // Hits come in order of their ends.
                let start = hit.start();
                if start >= at {
                    line += newlines(&bytes[at..start]);
                } else {
                    line -= newlines(&bytes[start..at]);
                }
                at = start;
                found.insert(Stand { span: (offset + start, offset + hit.end()), value, line, form });
            }
        })
    }

    /// Hands content over in windows that overlap by the longest spelling, each with the number of bytes and of lines before it.
    fn windows(&self, content: &mut dyn Read, mut each: impl FnMut(&[u8], usize, u64)) -> io::Result<()> {
        let mut buffer = Vec::new();
        let (mut offset, mut lines) = (0, 0);
        loop {
            let read = content.take(WINDOW as u64).read_to_end(&mut buffer)?;
            each(&buffer, offset, lines);
            if read == 0 {
                return Ok(());
            }
            let done = buffer.len() - self.longest.min(buffer.len());
            lines += newlines(&buffer[..done]);
            offset += done;
            buffer.drain(..done);
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// How a value can be spelled, each once and with what it is called: as it is, in base64 wherever it starts in a longer text, in hex, percent-encoded, escaped as in JSON and XML,
/// and in UTF-16.
fn spellings(value: &[u8]) -> BTreeMap<Vec<u8>, &'static str> {
    let mut all = BTreeMap::from([(value.to_vec(), "")]);
    let mut add = |text: Vec<u8>, form: &'static str| {
        all.entry(text).or_insert(form);
    };
    add(HEXLOWER.encode(value).into_bytes(), "in hex");
    add(HEXUPPER.encode(value).into_bytes(), "in hex");
    for lead in 0..3 {
        let text = [&[0; 2][..lead], value].concat();
        let (first, last) = ((lead * 8).div_ceil(6), text.len() * 8 / 6);
        for base64 in [BASE64_NOPAD, BASE64URL_NOPAD] {
            add(base64.encode(&text).as_bytes()[first..last].to_vec(), "in base64");
        }
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let percent = |upper: bool| -> Vec<u8> {
        let escaped = |byte: u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        value.iter().flat_map(|&byte| if is_plain(byte) { vec![byte] } else { escaped(byte).into_bytes() }).collect()
    };
    add(percent(true), "percent-encoded");
    add(percent(false), "percent-encoded");
    if let Ok(text) = std::str::from_utf8(value) {
        let json = serde_json::Value::from(text).to_string();
        let unquoted = &json[1..json.len() - 1];
        let mut units = [0; 2];
        let ascii: String = unquoted
            .chars()
            .flat_map(|character| match character {
                ' '..='~' => vec![character.to_string()],
                other => other.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
            })
            .collect();
        let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let quoted = xml.replace('"', "&quot;").replace('\'', "&apos;");
        for spelled in [unquoted, &ascii, &xml, &quoted] {
            add(spelled.as_bytes().to_vec(), "escaped");
        }
        add(text.encode_utf16().flat_map(u16::to_le_bytes).collect(), "in UTF-16");
        add(text.encode_utf16().flat_map(u16::to_be_bytes).collect(), "in UTF-16");
    }
    all
}

/// Looks through objects.
struct Looker<'n> {
    needles: &'n Needles,
    found: BTreeSet<(usize, u32)>,
    unread: Vec<u32>,
}

impl Looker<'_> {
    fn look(&mut self, object: u32, bytes: &[u8]) {
        let mut values = BTreeSet::new();
        self.needles.look(bytes, &mut values);
        self.found.extend(values.into_iter().map(|value| (value, object)));
    }
}

impl Visitor for Looker<'_> {
    type Frame = ();

    fn whole(&mut self, object: u32, bytes: &[u8], _has_changes: bool) {
        self.look(object, bytes);
    }

    fn changed(&mut self, (): &(), version: &mut Version<'_>) -> Option<()> {
        let object = version.object;
        self.look(object, version.bytes());
        Some(())
    }

    fn large(&mut self, object: u32, _size: u64, content: &mut dyn Read) {
        let mut values = BTreeSet::new();
        if self.needles.look_through(content, &mut values).is_err() {
            self.unread.push(object);
        }
        self.found.extend(values.into_iter().map(|value| (value, object)));
    }

    fn broken(&mut self, object: u32, _why: Broken) {
        self.unread.push(object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_with_line_and_spelling_also_across_windows() {
        let value = Secret::new(b"k7-Xq2+v9");
        let needles = Needles::new(std::slice::from_ref(&value));
        let stands = |text: &[u8]| {
            let mut found = BTreeSet::new();
            needles.stands(&mut &*text, &mut found).unwrap();
            apart(found).into_iter().map(|stand| (stand.span, stand.line, stand.form)).collect::<Vec<_>>()
        };
        let text = format!("a k7-Xq2+v9\n\nxk7-Xq2+v9 k7-Xq2%2Bv9\n{}", data_encoding::BASE64.encode(b"user:k7-Xq2+v9!"));
        assert_eq!(stands(text.as_bytes()), [((2, 11), 1, ""), ((24, 35), 3, "percent-encoded"), ((43, 54), 4, "in base64")]);
        let long = [vec![b'\n'; WINDOW - 5], b"k7-Xq2+v9".to_vec(), vec![b'\n'; 10]].concat();
        assert_eq!(stands(&long), [((WINDOW - 5, WINDOW + 4), WINDOW as u64 - 4, "")]);
    }

    #[test]
    fn values_are_found_in_every_spelling_and_across_windows() {
        let value = Secret::new("p\u{e4}ss & \"w\u{f6}rd\"".as_bytes());
        let needles = Needles::new(std::slice::from_ref(&value));
        let found = |text: &[u8]| {
            let mut values = BTreeSet::new();
            needles.look(text, &mut values);
            !values.is_empty()
        };
        let raw = value.expose();
        for lead in 0..4 {
            assert!(found(data_encoding::BASE64.encode(&[&b"user:"[..lead], raw, b"!"].concat()).as_bytes()), "{lead}");
        }
        assert!(found(data_encoding::BASE64URL.encode(raw).as_bytes()));
        assert!(found(b"q=p%C3%A4ss%20%26%20%22w%C3%B6rd%22&x"));
        assert!(found(br#"{"a":"p\u00e4ss & \"w\u00f6rd\""}"#));
        assert!(found("<a>p\u{e4}ss &amp; \"w\u{f6}rd\"</a>".as_bytes()));
        assert!(found(&"x p\u{e4}ss & \"w\u{f6}rd\"".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()));
        assert!(!found("p\u{e4}ss & word".as_bytes()));

        let long = [vec![b'x'; WINDOW - 5], raw.to_vec(), vec![b'y'; 10]].concat();
        let mut values = BTreeSet::new();
        needles.look_through(&mut long.as_slice(), &mut values).unwrap();
        assert_eq!(values, BTreeSet::from([0]));
    }
}
