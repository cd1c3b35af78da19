//! Places of planned values that no pattern sees: bare arguments, prose, other spellings. Owns: which values are looked for, and which of their places
//! can become references. Must not: read a literal, or change one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use super::edits::is_word;
use crate::blob::visible;
use crate::finding::Finding;
use crate::rewrite::spelling::Decoded;
use crate::rewrite::{Form, Located, Manual, Piece, Spelling, Strategy};
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

/// Why the literal with this value, which holds such a place of a `found` one, does not become a reference to one of the values that are `moved`.
#[must_use]
pub fn refused(value: &[u8], found: &Secret, moved: &BTreeSet<Fingerprint>) -> Option<Manual> {
    if !moved.contains(&Fingerprint::of(value)) {
        return Some(if found.expose() == value { not_by_itself() } else { part_of_more() });
    }
    (value.len() < SURE).then(|| Manual {
        reason: "it is short enough to stand here by chance".to_owned(),
        advice: "look at the place, and replace it by hand if it is the credential".to_owned(),
    })
}

/// Why a place is left: the value is there, and there will be no secret that is the value.
fn not_by_itself() -> Manual {
    Manual {
        reason: "no secret of this plan is that value alone: its other place is left to you, or moves as a whole that it is a part of"
            .to_owned(),
        advice: "if it is the credential, and not a name that happens to be the same, replace both by hand".to_owned(),
    }
}

/// Why a place is left: what stands there is more than the value.
#[must_use]
pub fn part_of_more() -> Manual {
    Manual {
        reason: "it is a part of what stands there, or encoded".to_owned(),
        advice: "have the program put it together from the reference".to_owned(),
    }
}

/// Makes prose that spells a value which is `used` elsewhere in base64, in hex or percent-encoded a place of that value: whoever reads the text gets the name of one
/// secret. Code and settings take the encoded text as it is, and keep it as a secret of their own.
pub fn fold(located: &mut Located, used: &BTreeMap<Fingerprint, Secret>) {
    if located.strategy != Strategy::Placeholder || located.spelling != Spelling::Plain {
        return;
    }
    let text = located.value.expose();
    let same = |(value, spelling): (Vec<u8>, Spelling)| {
        let known = used.get(&Fingerprint::of(&value))?;
        (spelling.spell(&value).as_deref() == Some(text)).then(|| (known.clone(), spelling))
    };
    if let Some((value, spelling)) = decoded(text).into_iter().find_map(same) {
        (located.value, located.spelling) = (value, spelling);
    }
}

/// The values that a text can spell, and how.
fn decoded(text: &[u8]) -> Vec<(Vec<u8>, Spelling)> {
    let encodings = [(BASE64, false, true), (BASE64_NOPAD, false, false), (BASE64URL, true, true), (BASE64URL_NOPAD, true, false)];
    let mut all: Vec<_> = encodings
        .into_iter()
        .filter_map(|(encoding, url, padded)| Some((encoding.decode(text).ok()?, Spelling::Base64 { url, padded })))
        .collect();
    if let Ok(value) = HEXLOWER_PERMISSIVE.decode(text) {
        let upper = text.iter().any(u8::is_ascii_uppercase);
        let form = Form::Hex { before: String::new(), after: String::new(), digits: 2, upper, bytes: true, surrogates: false };
        all.push((value.clone(), Spelling::Pieces(vec![Piece { length: value.len(), form }])));
    }
    all.extend(percent(text));
    all
}

/// The value of a text with bytes that are spelled as `%` and two digits, and its spelling; none where there is no such byte.
fn percent(text: &[u8]) -> Option<(Vec<u8>, Spelling)> {
    let mut decoded = Decoded::default();
    let mut rest = text;
    while let Some(at) = rest.find_byte(b'%') {
        let digits = rest.get(at + 1..at + 3)?;
        let upper = digits.iter().any(u8::is_ascii_uppercase);
        let form = Form::Hex { before: "%".to_owned(), after: String::new(), digits: 2, upper, bytes: true, surrogates: false };
        decoded.push(&rest[..at], Form::Plain);
        decoded.push(&HEXLOWER_PERMISSIVE.decode(digits).ok()?, form);
        rest = &rest[at + 3..];
    }
    if rest.len() == text.len() {
        return None;
    }
    decoded.push(rest, Form::Plain);
    decoded.finish(text).map(|(value, spelling)| (value.expose().to_vec(), spelling))
}

/// Warnings of secrets that are another one in another encoding.
pub fn encodings<'v>(values: impl Iterator<Item = (&'v str, &'v Secret)> + Clone) -> Vec<String> {
    let known: BTreeMap<Fingerprint, &str> = values.clone().map(|(name, value)| (Fingerprint::of(value.expose()), name)).collect();
    let of = |value: &Secret| decoded(value.expose()).into_iter().find_map(|(value, _)| known.get(&Fingerprint::of(&value)).copied());
    let said = |(name, value): (&str, &Secret)| {
        let other = of(value).filter(|other| *other != name)?;
        Some(format!("{name} is the value of {other} in another encoding: whoever renews one writes the other again"))
    };
    values.filter_map(said).collect()
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
