//! What a rule can match, read off its text. Owns: longest matches and the proof that an anchor stands in every match. Must not: match.

use regex_syntax::hir::{Hir, HirKind};

use super::anchors;
use super::expression;
use super::schema::PatternDef;
use super::shape::{self, Part};

/// Spellings of an expression that are told apart; where there are more, nothing is claimed about its anchors.
const MAX_SPELLINGS: usize = 512;
/// Copies of a counted repetition that are written out.
const MAX_COPIES: u32 = 16;
/// Members of a class that are written out one by one.
const MAX_MEMBERS: usize = 10;

/// What is wrong with the rule's reach: matches over `longest` bytes, unbounded repetition, anchors that a match can lack.
#[must_use]
pub(super) fn complaints(def: &PatternDef, longest: usize) -> Vec<String> {
    let mut found = Vec::new();
    let rule = if let Some(regex) = &def.regex {
        let Ok(hir) = expression::parse(regex) else { return found };
        match hir.properties().maximum_len() {
            None => found.push("regex: a repetition has no upper bound".to_owned()),
            Some(length) if length > longest => found.push(format!("regex: a match can have {length} bytes, more than {longest}")),
            Some(_) => {}
        }
        Spelled::Regex(hir)
    } else {
        let shapes: Vec<Vec<Part>> = def.shape.iter().filter_map(|shape| shape::parse(shape).ok()).collect();
        let length = shapes.iter().map(|parts| parts.iter().map(longest_part).sum()).max().unwrap_or(0);
        if length > longest {
            found.push(format!("shape: a match can have {length} bytes, more than {longest}"));
        }
        Spelled::Shapes(shapes)
    };
    if !def.anchors.is_empty() && def.detector.is_none() && lacks_anchor(&rule, def) {
        found.push("anchors: a match can stand without any of them".to_owned());
    }
    found
}

/// Whether some match is known to hold none of the anchors.
fn lacks_anchor(rule: &Spelled, def: &PatternDef) -> bool {
    let Ok(anchors) = anchors::literals(def) else { return false };
    let covers = |spelling: &Spelling| anchors.iter().any(|anchor| contains(spelling, &anchor.bytes, anchor.ignore_case));
    let covered = |members| rule.spellings(members).map(|spellings| spellings.iter().all(covers));
    // Most expressions are decided without writing their classes out, which multiplies the spellings.
    covered(1) != Some(true) && covered(MAX_MEMBERS) == Some(false)
}

/// A rule as its author spelled it.
enum Spelled {
    Regex(Hir),
    Shapes(Vec<Vec<Part>>),
}

impl Spelled {
    /// Every way to write a match, classes of up to `members` characters written out; none where there are too many.
    fn spellings(&self, members: usize) -> Option<Vec<Spelling>> {
        match self {
            Self::Regex(hir) => spell(hir, members),
            Self::Shapes(shapes) => {
                let mut all = Vec::new();
                for parts in shapes {
                    all.extend(parts.iter().try_fold(vec![Vec::new()], |heads, part| product(&heads, &spell_part(part, members)))?);
                }
                Some(all)
            }
        }
    }
}

fn longest_part(part: &Part) -> usize {
    match part {
        Part::Literal(bytes) => bytes.len(),
        Part::Run(_, ranges) => ranges.last().map_or(0, |&(_, max)| max.into()),
        Part::Uuid => 36,
        Part::Secret | Part::BadChecksum => 0,
    }
}

/// One way to write a match, as far as it is fixed.
type Spelling = Vec<Item>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    /// This byte.
    Byte(u8),
    /// This letter in either case, held in lower case.
    Letter(u8),
    /// Anything, of any length.
    Gap,
}

impl Item {
    /// Whether the item can only be `byte`, or either case of it where case does not count.
    const fn is(self, byte: u8, ignore_case: bool) -> bool {
        match self {
            Self::Byte(own) => own == byte || ignore_case && own.eq_ignore_ascii_case(&byte),
            Self::Letter(own) => ignore_case && own == byte.to_ascii_lowercase(),
            Self::Gap => false,
        }
    }
}

fn contains(spelling: &[Item], anchor: &[u8], ignore_case: bool) -> bool {
    spelling.windows(anchor.len()).any(|window| window.iter().zip(anchor).all(|(item, &byte)| item.is(byte, ignore_case)))
}

fn spell_part(part: &Part, members: usize) -> Vec<Spelling> {
    match part {
        Part::Literal(bytes) => vec![bytes.iter().map(|&byte| Item::Byte(byte)).collect()],
        Part::Run(charset, ranges) if *ranges == [(1, 1)] => one_of(&charset.bytes().collect::<Vec<_>>(), members),
        Part::Run(..) | Part::Uuid | Part::Secret | Part::BadChecksum => vec![vec![Item::Gap]],
    }
}

/// One of these bytes, written out if there are at most `most`.
fn one_of(bytes: &[u8], most: usize) -> Vec<Spelling> {
    match bytes {
        [upper, lower] if upper.is_ascii_uppercase() && upper.to_ascii_lowercase() == *lower => vec![vec![Item::Letter(*lower)]],
        _ if (1..=most).contains(&bytes.len()) => bytes.iter().map(|&byte| vec![Item::Byte(byte)]).collect(),
        _ => vec![vec![Item::Gap]],
    }
}

/// Every way to write a match; none where there are too many.
fn spell(hir: &Hir, members: usize) -> Option<Vec<Spelling>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => Some(vec![literal.0.iter().map(|&byte| Item::Byte(byte)).collect()]),
        HirKind::Class(class) => match expression::ascii_members(class) {
            (bytes, false) => Some(one_of(&bytes, members)),
            (_, true) => Some(vec![vec![Item::Gap]]),
        },
        HirKind::Capture(capture) => spell(&capture.sub, members),
        HirKind::Concat(parts) => parts.iter().try_fold(vec![Vec::new()], |heads, part| product(&heads, &spell(part, members)?)),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(spell(part, members)?);
            }
            (all.len() <= MAX_SPELLINGS).then_some(all)
        }
        HirKind::Repetition(repetition) => {
            let sub = spell(&repetition.sub, members)?;
            if sub.iter().flatten().all(|&item| item == Item::Gap) {
                return Some(vec![vec![Item::Gap]]);
            }
            match (repetition.min, repetition.max) {
                (0, Some(1)) => Some([vec![Vec::new()], sub].concat()),
                (0, _) => Some(vec![vec![Item::Gap]]),
                (min, max) => {
                    let copies = min.min(MAX_COPIES);
                    let written = (0..copies).try_fold(vec![Vec::new()], |heads, _| product(&heads, &sub))?;
                    if max == Some(copies) { Some(written) } else { product(&written, &[vec![Item::Gap]]) }
                }
            }
        }
    }
}

/// Every head followed by every tail; none where there are too many.
fn product(heads: &[Spelling], tails: &[Spelling]) -> Option<Vec<Spelling>> {
    let joined = heads.iter().flat_map(|head| tails.iter().map(|tail| [head.as_slice(), tail].concat()));
    (heads.len() * tails.len() <= MAX_SPELLINGS).then(|| joined.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::schema;

    fn def(rule: &str) -> PatternDef {
        let text = format!(
            "provider = 'u'\nname = 'U'\ndocs = 'd'\n[[pattern]]\nid = 'u-k'\ntitle = 't'\nseverity = 'low'\nopens = 'o'\nrevoke = 'r'\nstore = 'kms'\npositive = []\nnegative = []\n{rule}"
        );
        schema::parse(&text).unwrap().patterns.swap_remove(0)
    }

    fn regex(regex: &str, anchors: &str) -> Vec<String> {
        complaints(&def(&format!("regex = '{regex}'\nanchors = {anchors}\n")), 100)
    }

    const LACKS: &str = "anchors: a match can stand without any of them";

    #[test]
    fn matches_are_bounded() {
        assert_eq!(regex("abc(?P<secret>[a-z]{9})+", "['abc']"), ["regex: a repetition has no upper bound"]);
        assert_eq!(regex("abc(?P<secret>[a-z]*)", "['abc']"), ["regex: a repetition has no upper bound"]);
        assert_eq!(regex("abc(?P<secret>[a-z]{98})", "['abc']"), ["regex: a match can have 101 bytes, more than 100"]);
        assert_eq!(regex("abc(?P<secret>[a-z]{97})", "['abc']"), [""; 0]);
        assert_eq!(complaints(&def("shape = ['abc{hex:90}{uuid}']"), 100), ["shape: a match can have 129 bytes, more than 100"]);
    }

    #[test]
    fn every_alternative_has_an_anchor() {
        assert_eq!(regex("(?:key|pass)=(?P<secret>[a-z]{9})", "['key=']"), [LACKS]);
        assert_eq!(regex("(?:key|pass)=(?P<secret>[a-z]{9})", "['key=', 'pass=']"), [""; 0]);
        assert_eq!(regex("a(?:b)?cd(?P<secret>[a-z]{9})", "['abcd']"), [LACKS]);
        assert_eq!(regex("a(?:b)?cd(?P<secret>[a-z]{9})", "['abcd', 'acd']"), [""; 0]);
        assert_eq!(regex("(?P<secret>(?:abc){0,4}[a-z]{9})", "['abc']"), [LACKS]);
        assert_eq!(regex("(?P<secret>(?:abc){1,4}[a-z]{9})", "['abc']"), [""; 0]);
        assert_eq!(regex("(?P<secret>A{20}[a-z]{9})", "['AAAAAA']"), [""; 0]);
    }

    #[test]
    fn case_counts_unless_the_anchor_says_otherwise() {
        assert_eq!(regex("(?i:key)=(?P<secret>[a-z]{9})", "['key=']"), [LACKS]);
        assert_eq!(regex("(?i:key)=(?P<secret>[a-z]{9})", "['key=']\nignore_case = true"), [""; 0]);
    }

    #[test]
    fn small_classes_are_written_out() {
        assert_eq!(regex("(?P<secret>[a-z]{9})-us[1-3]", "['-us1', '-us2']"), [LACKS]);
        assert_eq!(regex("(?P<secret>[a-z]{9})-us[1-3]", "['-us1', '-us2', '-us3']"), [""; 0]);
        assert_eq!(complaints(&def("shape = ['{hex:9}.ab{[xy]:1}']\nanchors = ['.abx']"), 100), [LACKS]);
        assert_eq!(complaints(&def("shape = ['{hex:9}.ab{[xy]:1}']\nanchors = ['.abx', '.aby']"), 100), [""; 0]);
    }

    #[test]
    fn too_many_spellings_claim_nothing() {
        let many = "(?:abcd|bcde)?".repeat(10);
        assert_eq!(regex(&format!("{many}(?P<secret>[a-z]{{9}})"), "['xyz']"), [""; 0]);
    }

    #[test]
    fn anchors_of_shapes_stand_in_them() {
        assert_eq!(complaints(&def("shape = ['{hex:9}.abc.{hex:9}', '{hex:8}']\nanchors = ['.abc.']"), 100), [LACKS]);
        assert_eq!(complaints(&def("shape = ['{hex:9}.abc.{hex:9}']\nanchors = ['.abc.']"), 100), [""; 0]);
    }
}
