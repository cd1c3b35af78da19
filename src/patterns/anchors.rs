//! Which literals give a pattern away, plain and encoded. Owns: the anchor table of a list of patterns. Must not: scan.
//!
//! The build script includes this file, so it may use nothing of the crate but its siblings `schema` and `shape`
//! and the `prefilter`'s literal type.

use std::collections::BTreeMap;

use super::prefilter::{Literal, Needs};
use super::schema::{Detector, PatternDef};
use super::shape::{self, Charset, Part, ShapeError};

/// Shortest anchor worth looking for in encoded form; shorter ones would stand in any base64 text.
const MIN_ENCODED: usize = 4;
/// Bytes of an anchor that are spelled out; more tell nothing new.
const MAX_ENCODED: usize = 12;
/// Targets from here on are detectors in code: this number plus the detector's index.
pub const DETECTOR: u16 = 0xF000;
/// Targets from here on are encoded anchors: this number plus the encoding's index.
pub const ENCODED: u16 = 0xF100;

/// How an encoded anchor is spelled. The order is the index in targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spelling {
    /// Base64; the number of characters between the start of a group of four and the literal.
    Base64(u8),
    /// Pairs of hex digits.
    Hex,
    /// `%67%68`.
    Percent,
    /// `\u0067\u0068`.
    Unicode,
}

impl Spelling {
    const ALL: [Self; 7] = [Self::Base64(0), Self::Base64(1), Self::Base64(2), Self::Base64(3), Self::Hex, Self::Percent, Self::Unicode];

    /// The target that stands for this spelling.
    #[must_use]
    pub fn target(self) -> u16 {
        let index = Self::ALL.iter().position(|&spelling| spelling == self).expect("because ALL lists every spelling");
        ENCODED + u16::try_from(index).expect("because there are seven")
    }

    /// The spelling that a target stands for.
    #[must_use]
    pub fn of_target(target: u16) -> Option<Self> {
        Self::ALL.get(usize::from(target.checked_sub(ENCODED)?)).copied()
    }
}

/// The detectors in the order of their targets.
const DETECTORS: [Detector; 8] = [
    Detector::PrivateKey,
    Detector::Jwt,
    Detector::ConnectionString,
    Detector::HttpHeader,
    Detector::CredentialFile,
    Detector::ServiceAccount,
    Detector::SeedPhrase,
    Detector::Assignment,
];

/// The detector that a target stands for.
#[must_use]
pub fn detector_of_target(target: u16) -> Option<Detector> {
    DETECTORS.get(usize::from(target.checked_sub(DETECTOR)?)).copied()
}

fn detector_target(detector: Detector) -> u16 {
    let index = DETECTORS.iter().position(|&known| known == detector).expect("because DETECTORS lists every detector");
    DETECTOR + u16::try_from(index).expect("because there are few")
}

/// Literals and, for each, what to run where it stands.
#[derive(Debug, Default)]
pub struct Table {
    /// What to look for.
    pub literals: Vec<Literal>,
    /// Pattern indices, or [`DETECTOR`] and [`ENCODED`] targets.
    pub targets: Vec<Vec<u16>>,
}

/// What is known of a literal that several patterns share.
struct Found {
    needs: Needs,
    targets: Vec<u16>,
}

/// The anchor table of `patterns`, each with its index.
///
/// # Errors
/// A shape that cannot be read.
///
/// # Panics
/// If an index is 61,000 or more.
pub fn table<'p>(patterns: impl Iterator<Item = (usize, &'p PatternDef)>) -> Result<Table, ShapeError> {
    let mut found: BTreeMap<(Vec<u8>, bool), Found> = BTreeMap::new();
    for (index, def) in patterns {
        let index = u16::try_from(index).ok().filter(|&index| index < DETECTOR).expect("because there are fewer than 61,000 patterns");
        for (literal, target) in of_pattern(def, index)? {
            let known = found.entry((literal.bytes, literal.ignore_case)).or_insert(Found { needs: literal.needs, targets: Vec::new() });
            known.needs = known.needs.or(literal.needs);
            known.targets.push(target);
        }
    }
    let mut table = Table::default();
    for ((bytes, ignore_case), Found { needs, mut targets }) in found {
        targets.sort_unstable();
        targets.dedup();
        table.literals.push(Literal { bytes, ignore_case, needs });
        table.targets.push(targets);
    }
    Ok(table)
}

/// The literals of one pattern, plain and encoded, each with its target. `index` is the pattern's.
///
/// # Errors
/// A shape that cannot be read.
pub fn of_pattern(def: &PatternDef, index: u16) -> Result<Vec<(Literal, u16)>, ShapeError> {
    let target = def.detector.map_or(index, detector_target);
    let mut found = Vec::new();
    for literal in literals(def)? {
        if is_worth_encoding(def, &literal) {
            let spelled = encoded(&literal.bytes).into_iter();
            found.extend(spelled.map(|(bytes, ignore_case, spelling)| {
                (Literal { bytes, ignore_case, needs: needs_of_spelled(spelling) }, spelling.target())
            }));
        }
        found.push((literal, target));
    }
    Ok(found)
}

/// The literals of a pattern: its anchors, else its `near` and `hint` words, else the literal starts of its shapes.
///
/// # Errors
/// A shape that cannot be read.
pub fn literals(def: &PatternDef) -> Result<Vec<Literal>, ShapeError> {
    let written: Vec<&String> =
        if def.anchors.is_empty() { def.near.iter().chain(&def.hint).collect() } else { def.anchors.iter().collect() };
    let shapes = def.shape.iter().map(|shape| shape::parse(shape)).collect::<Result<Vec<_>, _>>()?;
    if written.is_empty() {
        let starts = shapes.iter().map(|parts| shape::literal_start(parts)).filter(|start| !start.is_empty());
        return Ok(starts.map(|bytes| Literal { bytes: bytes.to_vec(), ignore_case: false, needs: needs_at(bytes, &shapes) }).collect());
    }
    let ignore_case = def.ignore_case || !def.near.is_empty();
    let anchors = written.into_iter().map(|anchor| unbroken(anchor)).collect::<Result<Vec<_>, _>>()?;
    let starts_shape = |anchor: &[u8]| shapes.iter().any(|parts| shape::literal_start(parts).starts_with(anchor));
    let is_token = are_tokens(def, anchors.iter().map(Vec::as_slice), starts_shape);
    let literal = |bytes: Vec<u8>| {
        let needs = if is_token { needs_at(&bytes, &shapes) } else { Needs::NOTHING };
        Literal { bytes, ignore_case, needs }
    };
    Ok(anchors.into_iter().map(literal).collect())
}

/// Whether each value starts where an anchor stands: the anchors are all that tells it, and each of them starts a shape, as `starts_shape` says.
/// Where they do, what an anchor needs around it is known.
pub fn are_tokens<'a>(def: &PatternDef, mut anchors: impl Iterator<Item = &'a [u8]>, starts_shape: impl Fn(&[u8]) -> bool) -> bool {
    let is_alone = def.near.is_empty() && def.regex.is_none() && !def.ignore_case;
    is_alone && !def.anchors.is_empty() && anchors.all(starts_shape)
}

/// What has to stand around an anchor with which values of these shapes start.
fn needs_at(anchor: &[u8], shapes: &[Vec<Part>]) -> Needs {
    let after = shapes.iter().filter_map(|parts| needs_after(anchor, parts)).reduce(Needs::or).unwrap_or(Needs::NOTHING);
    let starts_token = anchor[0].is_ascii_alphanumeric() && shapes.iter().all(|parts| !shape::literal_start(parts).is_empty());
    Needs { starts_token, ..after }
}

/// What has to stand after an anchor for a value of this shape to start with it; nothing where none does.
fn needs_after(anchor: &[u8], parts: &[Part]) -> Option<Needs> {
    let start = shape::literal_start(parts);
    let (after, run) = match (start.strip_prefix(anchor), parts.get(1)) {
        (None, _) => return anchor.starts_with(start).then_some(Needs::NOTHING),
        (Some([next, ..]), _) => (Charset::of(&[*next]), 1),
        (Some([]), Some(Part::Run(charset, ranges))) => (*charset, ranges.first().map_or(0, |&(min, _)| min)),
        (Some([]), _) => return Some(Needs::NOTHING),
    };
    Some(Needs { starts_token: false, after: after.bits(), run: u8::try_from(run).unwrap_or(u8::MAX) })
}

/// An anchor without the empty placeholders that break it up in the file.
fn unbroken(anchor: &str) -> Result<Vec<u8>, ShapeError> {
    let parts = shape::parse(anchor)?;
    Ok(parts.into_iter().flat_map(|part| if let Part::Literal(bytes) = part { bytes } else { Vec::new() }).collect())
}

/// Words and generic names are not looked for in encoded form: they would be found in any text.
fn is_worth_encoding(def: &PatternDef, literal: &Literal) -> bool {
    !literal.ignore_case && literal.bytes.len() >= MIN_ENCODED && def.near.is_empty() && def.detector != Some(Detector::Assignment)
}

/// Every spelling of `literal` that does not depend on what stands around it, and whether its case counts for nothing.
fn encoded(literal: &[u8]) -> Vec<(Vec<u8>, bool, Spelling)> {
    let literal = &literal[..literal.len().min(MAX_ENCODED)];
    let hex = |separator: &str| literal.iter().flat_map(|byte| format!("{separator}{byte:02x}").into_bytes()).collect();
    let mut spelled = vec![(hex(""), true, Spelling::Hex), (hex("%"), true, Spelling::Percent), (hex("\\u00"), true, Spelling::Unicode)];
    for (once, phase) in base64(literal) {
        spelled.extend(
            base64(&once).into_iter().filter(|(twice, _)| twice.len() >= 6).map(|(twice, phase)| (twice, false, Spelling::Base64(phase))),
        );
        spelled.push((once, false, Spelling::Base64(phase)));
    }
    spelled.retain(|(bytes, ..)| bytes.len() >= MIN_ENCODED);
    spelled
}

/// What follows an encoded anchor: more of the same encoding.
fn needs_of_spelled(spelling: Spelling) -> Needs {
    match spelling {
        Spelling::Base64(_) => {
            Needs { after: Charset::named("base64").expect("because the grammar has it").bits(), run: 1, ..Needs::NOTHING }
        }
        _ => Needs::NOTHING,
    }
}

/// The characters that stand for `literal` in base64 at each of three alignments, and their place in a group of four.
fn base64(literal: &[u8]) -> Vec<(Vec<u8>, u8)> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut variants = Vec::new();
    for lead in 0..3_usize {
        let bit = |at: usize| literal.get(at / 8).map(|byte| byte >> (7 - at % 8) & 1);
        // Characters whose six bits all lie in the literal.
        let first = (lead * 8).div_ceil(6);
        let last = (lead + literal.len()) * 8 / 6;
        let characters = (first..last).map(|character| {
            let start = character * 6 - lead * 8;
            let value = (start..start + 6).fold(0, |value, at| value << 1 | bit(at).unwrap_or(0));
            ALPHABET[usize::from(value)]
        });
        variants.push((characters.collect(), u8::try_from(first % 4).expect("because it is below four")));
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_variants_stand_in_the_encoded_text() {
        for lead in 0..3 {
            let text = [&b"xyz"[..lead], b"ghp_1234"].concat();
            let whole = data_encoding::BASE64.encode(&text);
            let (variant, phase) = base64(b"ghp_").swap_remove(lead);
            let at = whole.find(std::str::from_utf8(&variant).unwrap()).unwrap();
            assert_eq!(at % 4, usize::from(phase), "phase of {whole}");
        }
    }

    #[test]
    fn an_anchor_needs_what_every_shape_that_starts_with_it_has() {
        let needs = |anchor: &str, shapes: &[&str]| {
            needs_at(anchor.as_bytes(), &shapes.iter().map(|shape| shape::parse(shape).unwrap()).collect::<Vec<_>>())
        };
        let some = |starts_token, after: &str, run| Needs { starts_token, after: Charset::named(after).unwrap().bits(), run };
        assert_eq!(needs("abc_", &["abc_{digit:4-6}"]), some(true, "digit", 4));
        assert_eq!(needs("_abc", &["_abc{digit:300}"]), some(false, "digit", 255));
        assert_eq!(needs("abc_", &["abc_{hex:8}", "abc_{digit:3}-{hex:2}", "xyz_{digit:1}"]), some(true, "hex", 3));
        assert_eq!(needs("abc", &["abcd{digit:3}"]), Needs { starts_token: true, after: Charset::of(b"d").bits(), run: 1 });
        for shapes in [["abc_{digit:4}", "ab{alnum:6}"], ["abc_{digit:4}", "abc_{uuid}"]] {
            assert_eq!(needs("abc_", &shapes), Needs { starts_token: true, ..Needs::NOTHING }, "{shapes:?}");
        }
        assert_eq!(needs("abc_", &["abc_{digit:4}", "{alnum:6}"]), Needs::NOTHING);
    }

    #[test]
    fn spellings_and_targets_agree() {
        for spelling in Spelling::ALL {
            assert_eq!(Spelling::of_target(spelling.target()), Some(spelling));
        }
        for detector in DETECTORS {
            assert_eq!(detector_of_target(detector_target(detector)), Some(detector));
        }
        assert_eq!(detector_of_target(5), None);
    }
}
