//! Places of planned values that no pattern sees: bare arguments, prose, other spellings. Owns: which values are looked for, and which of their places
//! can become references. Must not: read a literal, or change one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::edits::is_word;
use crate::blob::visible;
use crate::finding::Finding;
use crate::rewrite::Manual;
use crate::scan::known;
use crate::secret::{Fingerprint, Secret};

/// What the reason of such a place says after why it has its form.
pub const ALSO: &str = "; also here, where no pattern sees it";
/// The shortest value that does not stand somewhere by chance.
const SURE: usize = 12;

/// A place of a value that was found elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Also {
    /// The finding, by number.
    pub finding: usize,
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// Its line, from 1.
    pub line: u64,
    /// How it is spelled, in words; nothing where it stands as it is.
    form: &'static str,
    /// Where the finding is.
    of: String,
}

impl Also {
    /// What a person is told about it.
    #[must_use]
    pub fn by_hand(&self, manual: &Manual) -> Manual {
        let form = if self.form.is_empty() { String::new() } else { format!(", {}", self.form) };
        Manual { reason: format!("the value of {} is also here{form}; {}", self.of, manual.reason), advice: manual.advice.clone() }
    }
}

/// Why the literal with this value, which holds such a place, does not become a reference to one of the values that are `moved`.
#[must_use]
pub fn refused(value: &[u8], moved: &BTreeSet<Fingerprint>) -> Option<Manual> {
    if !moved.contains(&Fingerprint::of(value)) {
        return Some(part_of_more());
    }
    (value.len() < SURE).then(|| Manual {
        reason: "it is short enough to stand here by chance".to_owned(),
        advice: "look at the place, and replace it by hand if it is the credential".to_owned(),
    })
}

/// Why a place is left: what stands there is more than the value.
#[must_use]
pub fn part_of_more() -> Manual {
    Manual {
        reason: "it is a part of what stands there, or encoded".to_owned(),
        advice: "have the program put it together from the reference".to_owned(),
    }
}

/// Where the values of the chosen findings, numbered, stand in the files below `root`, by path: at their own places, too.
#[must_use]
pub fn places(root: &Path, paths: &[BString], chosen: &[(usize, &Finding)]) -> BTreeMap<String, Vec<Also>> {
    let is_looked_for = |value: &[u8]| value.len() >= known::SHORTEST && !is_word(value);
    let chosen: Vec<_> = chosen.iter().filter(|(_, finding)| is_looked_for(finding.secret.expose())).collect();
    let values: Vec<Secret> = chosen.iter().map(|(_, finding)| finding.secret.clone()).collect();
    let names: Vec<&str> = if values.is_empty() { Vec::new() } else { paths.iter().filter_map(|path| path.to_str().ok()).collect() };
    let files: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
    let found = names.iter().zip(known::stands(&values, &files)).filter(|(_, stands)| !stands.is_empty());
    let also = |stand: known::Stand| {
        let (finding, found) = chosen[stand.value];
        let first = &found.places[0];
        let of = format!("{}:{}", visible(first.origin.path()), first.start.line);
        Also { finding: *finding, span: stand.span.0..stand.span.1, line: stand.line, form: stand.form, of }
    };
    found.map(|(name, stands)| ((*name).to_owned(), stands.into_iter().map(also).collect())).collect()
}
