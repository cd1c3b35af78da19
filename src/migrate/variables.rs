//! Variables of `.unleak.env`. Owns: which one a reference gets, and reading the file. Must not: write it.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;

use super::name;
use crate::reference::Reference;

/// The variables that references get.
pub struct Variables<'k> {
    /// Those of the file, and what they are set to.
    known: &'k BTreeMap<String, String>,
    taken: BTreeSet<String>,
    /// Those that other files of variables set.
    set: BTreeSet<String>,
    of: BTreeMap<Reference, String>,
}

impl<'k> Variables<'k> {
    /// None yet, beside those that are `known` and those that other files `set`.
    #[must_use]
    pub fn new(known: &'k BTreeMap<String, String>, set: BTreeSet<String>) -> Self {
        Self { known, taken: known.keys().cloned().collect(), set, of: BTreeMap::new() }
    }

    /// The variable of a reference: the one that is set to it, the one that a place reads, or a new one. That is none which a file of variables sets
    /// to something else, and so hides.
    pub fn of(
        &mut self,
        reference: &Reference,
        read: impl Fn() -> Option<String>,
        wanted: impl Fn() -> String,
        is_own: impl Fn(&str) -> bool,
    ) -> String {
        if let Some(name) = self.of.get(reference) {
            return name.clone();
        }
        let text = reference.to_string();
        let set = self.known.iter().find(|(_, set)| **set == text).map(|(name, _)| name.clone());
        let name = set.or_else(read).unwrap_or_else(|| {
            let wanted = name::variable(&wanted());
            let hidden = self.set.iter().filter(|name| !is_own(name));
            let mut taken: BTreeSet<String> = self.taken.iter().chain(hidden).cloned().collect();
            let secret = of_secret(reference);
            if taken.contains(&wanted) && !taken.contains(&secret) { secret } else { name::unique(wanted, &mut taken) }
        });
        self.taken.insert(name.clone());
        self.of.insert(reference.clone(), name.clone());
        name
    }
}

/// The variable that is called as the secret is, of which there is one.
fn of_secret(reference: &Reference) -> String {
    let last = reference.name.rsplit('/').next().unwrap_or_default();
    name::variable(&reference.key.as_ref().map_or_else(|| last.to_owned(), |key| format!("{last}_{key}")))
}

/// Variables that a file sets, and to what.
pub fn lines(text: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().filter_map(|line| line.to_str().ok()).map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
}
