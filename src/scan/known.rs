//! Values that are known: where they are left in a tree and in everything a repository holds. Owns: their spellings and the search. Must not: judge,
//! or keep a value longer than the search.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use gix::objs::Kind;

use crate::blob::Origin;
use crate::secret::Secret;
use crate::settings::{GitEnvironment, MEMORY, TreeSettings};
use crate::source::git::open;
use crate::source::git::pack::Inventory;
use crate::source::git::pack::budget::Budget;
use crate::source::git::pack::packed::Broken;
use crate::source::git::pack::walk::{Limits, Version, Visitor, walk};
use crate::source::{SourceError, tree};

/// Bytes that are looked at together.
const WINDOW: usize = 4 << 20;
/// Objects of more bytes are read piece by piece.
const LARGE: u64 = 64 << 20;
/// The shortest value that is looked for: shorter ones stand everywhere.
pub const SHORTEST: usize = 6;

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

/// Looks for `values` in all spellings: in the files below `root`, ignored ones too, and in every object of the repository around it, if there is one.
///
/// # Errors
/// The tree or the repository cannot be listed.
pub fn search(values: &[Secret], root: &Path, environment: &GitEnvironment, threads: usize) -> Result<Search, SourceError> {
    let needles = Needles::new(values);
    let mut found = files(&needles, root)?;
    match open::open(root, environment) {
        Err(SourceError::NoRepository { .. }) => {}
        Err(error) => return Err(error),
        Ok(opened) => {
            let inventory = Inventory::open(&opened.object_directories, opened.repository.object_hash());
            let budget = Budget::new(MEMORY.saturating_sub(inventory.bytes()));
            let limits = Limits { most: LARGE, budget: &budget, threads };
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

/// Looks for `values` in all spellings in the files below `root`, ignored ones too.
///
/// # Errors
/// The tree cannot be listed.
pub fn search_files(values: &[Secret], root: &Path) -> Result<Search, SourceError> {
    let mut found = files(&Needles::new(values), root)?;
    found.unread.sort();
    Ok(found)
}

fn files(needles: &Needles, root: &Path) -> Result<Search, SourceError> {
    let found = Mutex::new(Search::default());
    let settings = TreeSettings { no_ignore: true, exclude: Vec::new(), roots: vec![PathBuf::from(root)] };
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
    /// The value of each spelling.
    values: Vec<usize>,
    longest: usize,
}

impl Needles {
    pub(super) fn new(values: &[Secret]) -> Self {
        let spelled: Vec<(usize, Vec<u8>)> = values
            .iter()
            .enumerate()
            .flat_map(|(index, value)| spellings(value.expose()).into_iter().map(move |text| (index, text)))
            .collect();
        let automaton =
            AhoCorasick::new(spelled.iter().map(|(_, text)| text)).expect("because a few thousand spellings are no limit of the automaton");
        Self {
            automaton,
            longest: spelled.iter().map(|(_, text)| text.len()).max().unwrap_or(0),
            values: spelled.into_iter().map(|(index, _)| index).collect(),
        }
    }

    /// Adds the indices of the values that `bytes` hold.
    pub(super) fn look(&self, bytes: &[u8], found: &mut BTreeSet<usize>) {
        found.extend(self.automaton.find_overlapping_iter(bytes).map(|hit| self.values[hit.pattern().as_usize()]));
    }

    /// Looks through content of any length in windows that overlap by the longest spelling.
    fn look_through(&self, content: &mut dyn Read, found: &mut BTreeSet<usize>) -> io::Result<()> {
        let mut buffer = Vec::new();
        loop {
            let read = content.take(WINDOW as u64).read_to_end(&mut buffer)?;
            self.look(&buffer, found);
            if read == 0 {
                return Ok(());
            }
            let overlap = self.longest.min(buffer.len());
            buffer.drain(..buffer.len() - overlap);
        }
    }
}

/// How a value can be spelled, each once: as it is, in base64 wherever it starts in a longer text, in hex, percent-encoded, escaped as in JSON and XML,
/// and in UTF-16.
fn spellings(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::from([value.to_vec(), HEXLOWER.encode(value).into_bytes(), HEXUPPER.encode(value).into_bytes()]);
    for lead in 0..3 {
        let text = [&[0; 2][..lead], value].concat();
        let (first, last) = ((lead * 8).div_ceil(6), text.len() * 8 / 6);
        all.extend([BASE64_NOPAD, BASE64URL_NOPAD].map(|base64| base64.encode(&text).as_bytes()[first..last].to_vec()));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let percent = |upper: bool| -> Vec<u8> {
        let escaped = |byte: u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        value.iter().flat_map(|&byte| if is_plain(byte) { vec![byte] } else { escaped(byte).into_bytes() }).collect()
    };
    all.extend([percent(true), percent(false)]);
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
        all.extend([unquoted, &ascii, &xml, &quoted].map(|spelled| spelled.as_bytes().to_vec()));
        all.insert(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        all.insert(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
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
