//! Made-up credentials for the examples of patterns. Owns: filling templates from a seed. Must not: hold a finished value anywhere in its source.
//!
//! The same seed gives the same text on every machine. docs/adding-a-pattern.md explains the placeholders.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::schema::{Checksum, PatternDef};
use super::shape::{self, Charset, Part, ShapeError};
use super::{Catalogue, PatternIndex, expression};
use crate::detect::{checksum, entropy, judge, sample};
use crate::finding::ChecksumStatus;

/// Values tried before a shape counts as one that gives no plausible value.
const TRIES: usize = 64;
/// Most bytes of a generated expression.
const LONGEST: usize = 8192;
/// Repeats above the minimum where an expression sets no upper bound.
const UNBOUNDED_EXTRA: u32 = 8;

/// Why a template cannot be filled.
#[derive(Debug, thiserror::Error)]
pub enum ExampleError {
    /// A placeholder is wrong.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The expression is wrong.
    #[error("regex: {0}")]
    Regex(#[from] Box<regex_syntax::Error>),
    /// A detector in code has no generator for this pattern.
    #[error("no sample: the detector cannot make up a value of this pattern, so its templates cannot use {{secret}}")]
    NoSample,
    /// Every value that was tried would be dropped as a placeholder.
    #[error("no value of its shape is plausible: {0}")]
    Implausible(&'static str),
    /// `{badsum}` where there is no checksum.
    #[error("{{badsum}} needs a pattern with a checksum")]
    NoChecksum,
    /// No change of a value makes the check fail.
    #[error("{{badsum}}: no value of its shape fails the checksum")]
    Unbreakable,
}

/// Fills a template of a pattern. Every `{secret}` in it is the same value.
///
/// # Errors
/// See [`ExampleError`].
pub fn fill(catalogue: &Catalogue, pattern: PatternIndex, template: &str, seed: u64) -> Result<Vec<u8>, ExampleError> {
    fill_for(&catalogue.pattern(pattern).def, template, seed)
}

/// As [`fill`], for a pattern that is in no catalogue.
pub(super) fn fill_for(def: &PatternDef, template: &str, seed: u64) -> Result<Vec<u8>, ExampleError> {
    let mut random = Random(seed);
    let mut secret: Option<Vec<u8>> = None;
    let mut text = Vec::new();
    for part in shape::parse(template)? {
        match part {
            Part::Secret => {
                let value = match secret.take() {
                    Some(value) => value,
                    None => make_secret(def, &mut random)?,
                };
                text.extend_from_slice(&value);
                secret = Some(value);
            }
            Part::BadChecksum => {
                let check = def.checksum.ok_or(ExampleError::NoChecksum)?;
                let value = make_secret(def, &mut random)?;
                text.extend(break_checksum(check, value, &mut random)?);
            }
            other => text.extend(plausible_part(def, &other, &mut random)),
        }
    }
    Ok(text)
}

/// A path of a file that the pattern looks into.
pub(super) fn path(def: &PatternDef) -> Vec<u8> {
    let made = def.paths.first().and_then(|regex| {
        let mut random = Random(1);
        let mut sampler = Sampler { random: &mut random, text: Vec::new(), secret: None };
        sampler.run(&expression::parse(regex).ok()?)?;
        Some(sampler.text)
    });
    made.unwrap_or_else(|| b"check".to_vec())
}

/// The positive examples of a pattern, filled.
///
/// # Errors
/// See [`ExampleError`].
pub fn positives(catalogue: &Catalogue, pattern: PatternIndex, seed: u64) -> Result<Vec<Vec<u8>>, ExampleError> {
    fill_all(catalogue, pattern, &catalogue.pattern(pattern).def.positive, seed)
}

/// The negative examples of a pattern, filled.
///
/// # Errors
/// See [`ExampleError`].
pub fn negatives(catalogue: &Catalogue, pattern: PatternIndex, seed: u64) -> Result<Vec<Vec<u8>>, ExampleError> {
    fill_all(catalogue, pattern, &catalogue.pattern(pattern).def.negative, seed)
}

fn fill_all(catalogue: &Catalogue, pattern: PatternIndex, templates: &[String], seed: u64) -> Result<Vec<Vec<u8>>, ExampleError> {
    let mut seeds = Random(seed);
    templates.iter().map(|template| fill(catalogue, pattern, template, seeds.next())).collect()
}

/// A small generator (splitmix64, Steele and others, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which must not be 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("because usize has 64 bits at most");
        usize::try_from(self.next() % bound).expect("because it is below a usize")
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// A value that the pattern reports, its checksum right where there is one.
fn make_secret(def: &PatternDef, random: &mut Random) -> Result<Vec<u8>, ExampleError> {
    if def.detector.is_some() {
        return made_by_detector(&def.id, random).ok_or(ExampleError::NoSample);
    }
    if let Some(regex) = &def.regex {
        let hir = expression::parse(regex)?;
        return plausible(def, random, |random| sample_group(&hir, random));
    }
    let mut failure = ExampleError::NoSample;
    for shape in &def.shape {
        let parts = shape::parse(shape)?;
        match plausible(def, random, |random| Some(parts.iter().flat_map(|part| sample_part(part, random)).collect())) {
            Ok(value) => return Ok(value),
            Err(error) => failure = error,
        }
    }
    // A checksum that is a whole structure cannot be sealed into random text.
    made_by_detector(&def.id, random).ok_or(failure)
}

/// A value of a pattern whose format only a detector in code knows.
fn made_by_detector(id: &str, random: &mut Random) -> Option<Vec<u8>> {
    sample::sample(id, &mut || random.next())
}

/// The first made value that the judge would take for a real one.
fn plausible(def: &PatternDef, random: &mut Random, mut make: impl FnMut(&mut Random) -> Option<Vec<u8>>) -> Result<Vec<u8>, ExampleError> {
    let mut reason = "the group `secret` is never reached";
    for _ in 0..TRIES {
        let Some(value) = make(random) else { continue };
        match sealed(def, value) {
            Ok(value) => return Ok(value),
            Err(objection) => reason = objection,
        }
    }
    Err(ExampleError::Implausible(reason))
}

/// The value with its checksum made right, or why it would not be reported even so.
fn sealed(def: &PatternDef, mut value: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    if let Some(check) = def.checksum {
        // The verdict counts, not whether there was anything to rewrite.
        let _ = checksum::seal(check, &mut value);
        match checksum::verify(check, &value).0 {
            ChecksumStatus::Invalid => return Err("its checksum is wrong"),
            ChecksumStatus::Valid => return Ok(value),
            ChecksumStatus::None => {}
        }
    }
    if def.entropy.is_some_and(|floor| entropy::shannon(&value) < floor) {
        return Err("its entropy is below the floor");
    }
    judge::made_up_for(def, &value).map_or(Ok(value), Err)
}

/// Changes one character of the value so that the check says it is wrong.
fn break_checksum(check: Checksum, mut value: Vec<u8>, random: &mut Random) -> Result<Vec<u8>, ExampleError> {
    let checkable = checksum::verify(check, &value).0 != ChecksumStatus::None;
    for at in (0..value.len()).rev() {
        let right = value[at];
        let Some(wrong) = other_of_its_kind(right, random) else { continue };
        value[at] = wrong;
        if !checkable || checksum::verify(check, &value).0 == ChecksumStatus::Invalid {
            return Ok(value);
        }
        value[at] = right;
    }
    Err(ExampleError::Unbreakable)
}

/// Another character that every usual alphabet with `byte` in it has too (hex, base32, base58, bech32).
fn other_of_its_kind(byte: u8, random: &mut Random) -> Option<u8> {
    let kind: &[u8] = match byte {
        b'0'..=b'9' => b"234567",
        b'a'..=b'f' => b"acdef",
        b'g'..=b'z' => b"ghjkmnpqrstuvwxyz",
        b'A'..=b'F' => b"ACDEF",
        b'G'..=b'Z' => b"GHJKMNPQRSTUVWXYZ",
        _ => return None,
    };
    let others: Vec<u8> = kind.iter().copied().filter(|&other| other != byte).collect();
    Some(random.pick(&others))
}

/// A part of a template outside the secret, without runs and sequences as far as its characters allow that.
fn plausible_part(def: &PatternDef, part: &Part, random: &mut Random) -> Vec<u8> {
    let mut value = sample_part(part, random);
    if !matches!(part, Part::Literal(_)) {
        for _ in 0..TRIES {
            if judge::made_up_for(def, &value).is_none() {
                break;
            }
            value = sample_part(part, random);
        }
    }
    value
}

fn sample_part(part: &Part, random: &mut Random) -> Vec<u8> {
    match part {
        Part::Literal(bytes) => bytes.clone(),
        Part::Run(charset, ranges) => {
            let (min, max) = random.pick(ranges);
            let length = usize::from(min) + random.below(usize::from(max - min) + 1);
            sample_run(*charset, length, random)
        }
        Part::Uuid => {
            let hex = Charset::of(b"0123456789abcdef");
            let mut value = sample_run(hex, 36, random);
            for at in [8, 13, 18, 23] {
                value[at] = b'-';
            }
            value[14] = b'4';
            value[19] = random.pick(b"89ab");
            value
        }
        // A shape has none, and templates fill them before they get here.
        Part::Secret | Part::BadChecksum => Vec::new(),
    }
}

fn sample_run(charset: Charset, length: usize, random: &mut Random) -> Vec<u8> {
    let members: Vec<u8> = charset.bytes().collect();
    (0..length).map(|_| random.pick(&members)).collect()
}

/// The group `secret` of a random match; none where the match went another way or grew too long.
fn sample_group(hir: &Hir, random: &mut Random) -> Option<Vec<u8>> {
    let mut sampler = Sampler { random, text: Vec::new(), secret: None };
    sampler.run(hir)?;
    let span = sampler.secret?;
    Some(sampler.text[span].to_vec())
}

/// Writes a random match of an expression. Assertions write nothing: they look at what stands around the secret.
struct Sampler<'r> {
    random: &'r mut Random,
    text: Vec<u8>,
    secret: Option<std::ops::Range<usize>>,
}

impl Sampler<'_> {
    fn run(&mut self, hir: &Hir) -> Option<()> {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.extend_from_slice(&literal.0),
            HirKind::Class(class) => {
                let choices = choices(class);
                self.text.push(*choices.get(self.random.below(choices.len().max(1)))?);
            }
            HirKind::Repetition(repetition) => {
                let max = repetition.max.unwrap_or_else(|| repetition.min.saturating_add(UNBOUNDED_EXTRA));
                let extra = usize::try_from(max - repetition.min).ok()?;
                let count = usize::try_from(repetition.min).ok()? + self.random.below(extra + 1);
                for _ in 0..count {
                    let before = self.text.len();
                    self.run(&repetition.sub)?;
                    if self.text.len() == before {
                        break;
                    }
                }
            }
            HirKind::Capture(capture) => {
                let start = self.text.len();
                self.run(&capture.sub)?;
                if capture.name.as_deref() == Some("secret") {
                    self.secret = Some(start..self.text.len());
                }
            }
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.run(part))?,
            HirKind::Alternation(parts) => {
                let chosen = self.random.below(parts.len());
                self.run(&parts[chosen])?;
            }
        }
        (self.text.len() <= LONGEST).then_some(())
    }
}

/// The characters to choose from: visible ASCII; of a class that says what it is not, letters and digits only.
fn choices(class: &Class) -> Vec<u8> {
    let (members, has_others) = expression::ascii_members(class);
    let visible: Vec<u8> =
        members.iter().copied().filter(|byte| byte.is_ascii_graphic() && (!has_others || byte.is_ascii_alphanumeric())).collect();
    if visible.is_empty() { members } else { visible }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
provider = "unit"
name = "Unit"
docs = "https://docs.example.com"

[[pattern]]
id = "unit-key"
title = "Unit key"
severity = "low"
opens = "Nothing."
revoke = "https://example.com"
store = "secrets-manager"
shape = ["unit_{hex-any:30,40}"]
checksum = "atlassian-crc32"
positive = ["A={secret}", '{"a": "{secret}"}']
negative = ["A={badsum}", "A=unit_{hex:3}{}x{uuid}"]

[[pattern]]
id = "unit-url"
title = "Unit URL"
severity = "low"
opens = "Nothing."
revoke = "https://example.com"
store = "secrets-manager"
regex = '(?:^|[&\s])unit://[^@]{1,9}:(?P<secret>(?:[a-z]{4}-){3}(?:on|off))@(?:a|b)\b'
anchors = ["unit://"]
entropy = 2.5
positive = ["{secret} {secret}", "u={secret}"]
negative = ["{badsum}", "x"]

[[pattern]]
id = "unit-dull"
title = "Unit dull"
severity = "low"
opens = "Nothing."
revoke = "https://example.com"
store = "secrets-manager"
shape = ["dull{[01]:30}"]
positive = ["{secret}", "u={secret}"]
negative = ["{[01]:30}", "x"]
"#;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::builtin();
        catalogue.add("unit.toml", FILE).unwrap();
        catalogue
    }

    fn filled(id: &str, template: &str, seed: u64) -> Result<String, ExampleError> {
        let catalogue = catalogue();
        let index = catalogue.index_of(id).unwrap();
        fill(&catalogue, index, template, seed).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_seed_gives_one_text() {
        assert_eq!(filled("unit-key", "A={secret}", 7).unwrap(), filled("unit-key", "A={secret}", 7).unwrap());
        assert_ne!(filled("unit-key", "A={secret}", 7).unwrap(), filled("unit-key", "A={secret}", 8).unwrap());
    }

    #[test]
    fn shapes_give_every_allowed_length() {
        let mut lengths: Vec<usize> = (0..32).map(|seed| filled("unit-key", "{secret}", seed).unwrap().len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        assert_eq!(lengths, [35, 45]);
        let value = filled("unit-key", "{secret}", 1).unwrap();
        let body = value.strip_prefix("unit_").unwrap();
        assert!(body.bytes().all(|byte| byte.is_ascii_hexdigit()), "{body} is not hex");
    }

    #[test]
    fn templates_keep_what_is_no_placeholder() {
        let text = filled("unit-key", r#"{"a": "{digit:2}{}x{uuid}"}"#, 3).unwrap();
        assert_eq!((&text[..7], &text[9..10], &text[46..]), (r#"{"a": ""#, "x", r#""}"#));
        assert!(crate::detect::rule::is_uuid(&text.as_bytes()[10..46]), "{text}");
    }

    #[test]
    fn expressions_give_their_secret_group_and_one_value_a_template() {
        for seed in 0..20 {
            let text = filled("unit-url", "{secret} {secret}", seed).unwrap();
            let (first, second) = text.split_once(' ').unwrap();
            assert_eq!(first, second);
            let words: Vec<&str> = first.split('-').collect();
            assert_eq!(words.iter().map(|word| word.len()).collect::<Vec<_>>()[..3], [4, 4, 4], "{first}");
            assert!(["on", "off"].contains(&words[3]), "{first}");
        }
    }

    #[test]
    fn a_broken_checksum_differs_from_the_right_one_and_keeps_the_shape() {
        let broken = filled("unit-key", "{badsum}", 5).unwrap();
        let body = broken.strip_prefix("unit_").unwrap();
        assert!([30, 40].contains(&body.len()) && body.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let right = filled("unit-key", "{secret}", 5).unwrap();
        assert_eq!(checksum::verify(Checksum::AtlassianCrc32, right.as_bytes()).0, ChecksumStatus::Valid);
        assert_eq!(checksum::verify(Checksum::AtlassianCrc32, broken.as_bytes()).0, ChecksumStatus::Invalid);
        assert!(matches!(filled("unit-url", "{badsum}", 5), Err(ExampleError::NoChecksum)));
    }

    #[test]
    fn a_shape_without_plausible_values_is_an_error() {
        assert!(matches!(filled("unit-dull", "{secret}", 1), Err(ExampleError::Implausible(_))));
        assert_eq!(filled("unit-dull", "{[01]:30}", 1).unwrap().len(), 30);
    }

    #[test]
    fn detectors_without_a_sample_say_so() {
        let catalogue = Catalogue::builtin();
        let index = catalogue.indices().find(|&index| catalogue.pattern(index).def.detector.is_some());
        if let Some(index) = index {
            let unknown = PatternDef { id: "nobody-knows".to_owned(), ..catalogue.pattern(index).def.clone() };
            assert!(matches!(make_secret(&unknown, &mut Random(1)), Err(ExampleError::NoSample)));
        }
    }

    #[test]
    fn negated_classes_give_letters_and_digits() {
        let hir = expression::parse("[^a]").unwrap();
        let HirKind::Class(class) = hir.kind() else { panic!("one class, not {hir:?}") };
        let members = choices(class);
        assert!(members.iter().all(u8::is_ascii_alphanumeric));
        assert_eq!(members.len(), 61);
    }
}
