//! Compiled rules. Owns: matching one pattern around one anchor. Must not: read the rest of the text or judge the match.

mod shapes;

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::judge;
use super::prefilter::Literal;
use super::view::View;
use crate::patterns::anchors;
use crate::patterns::exception::ExceptionError;
use crate::patterns::schema::PatternDef;
use crate::patterns::shape::ShapeError;
pub use shapes::{Shape, Shapes, is_uuid};

/// Bytes of a line before an anchor that an expression sees.
const REGEX_BEFORE: usize = 256;
/// Bytes of a line from an anchor on that an expression sees.
const REGEX_AFTER: usize = 2048;
/// Bytes of a line before an anchor where a shape that holds it may start.
const AROUND_BEFORE: usize = 256;
/// Distance of a word, in times of the pattern's `within`, at which it may still mean the value.
const FAR: usize = 3;
/// Most bytes between a word and a value that is far from it.
const FAR_BYTES: usize = 200;
/// Most bytes between a word that only hints at a value and the value: what the field's rules allow at most.
const HINT_BYTES: usize = 64;
/// Lines above and below a word on which a value may still be meant by it.
const AROUND_LINES: u8 = 4;

/// A pattern ready to match.
#[derive(Debug)]
pub enum Rule {
    /// A shape that starts where its anchor stands.
    Token(Shapes),
    /// A shape that holds its anchor further on.
    Around {
        /// Alternatives.
        shapes: Shapes,
        /// Words one of which must stand before the value; none if empty.
        near: Vec<String>,
        /// Distance of those in bytes.
        within: usize,
    },
    /// A shape in the `within` bytes after a word.
    Near {
        /// Alternatives.
        shapes: Shapes,
        /// Distance in bytes.
        within: usize,
        /// Those of the words, in lower case, that only hint at the value.
        hints: Vec<String>,
    },
    /// An expression with the group `secret`.
    Regex {
        /// The expression.
        regex: Box<Regex>,
        /// What a value looks like after a word that hints at it; none if empty.
        shapes: Shapes,
        /// Those of the anchors, in lower case, that hint at a value.
        hints: Vec<String>,
    },
    /// Nothing to match by itself: a detector in code reports it.
    Detector,
}

/// A secret that a rule sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Bytes of the secret.
    pub span: Range<usize>,
    /// How a word near by names it.
    pub naming: Naming,
}

/// How well a word near a value names it; the better of two is the greater. Without a word it is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Naming {
    /// Where the value stands, as seen from the word.
    pub distance: Distance,
    /// What the word begins.
    pub begins: Begins,
    /// Bytes of the word.
    pub length: usize,
}

impl Default for Naming {
    fn default() -> Self {
        Self { distance: Distance::Close, begins: Begins::Name, length: 0 }
    }
}

/// Where a value stands, as seen from a word that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Distance {
    /// Before the word, or lines below it: only a value that can hardly be anything else is meant.
    Around,
    /// Behind the word, but farther than the pattern asks for, or the word only hints at it.
    Far,
    /// Behind the word, within the pattern's distance.
    Close,
}

/// What a word begins where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Begins {
    /// Nothing: it stands inside of a longer word, as `box` does in `scraperbox`.
    Nothing,
    /// A word of a name, as `box` in `my_box` and `myBox`.
    Word,
    /// A name.
    Name,
}

impl Begins {
    fn at(view: &View<'_>, start: usize) -> Self {
        let (before, first) = (view.before(start).unwrap_or(b' '), view.at(start).unwrap_or(b' '));
        if view.ends_escape(start) {
            Self::Name
        } else if before.is_ascii_alphabetic() {
            if before.is_ascii_lowercase() && first.is_ascii_uppercase() { Self::Word } else { Self::Nothing }
        } else if before.is_ascii_digit() || matches!(before, b'_' | b'-' | b'.') {
            Self::Word
        } else {
            Self::Name
        }
    }
}

/// Why a pattern cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// A shape, anchor or template is wrong.
    #[error("shape: {0}")]
    Shape(#[from] ShapeError),
    /// The expression is wrong.
    #[error("regex: {0}")]
    Regex(#[from] Box<regex::Error>),
    /// The expression has no group `secret`.
    #[error("regex: it needs the group (?P<secret>…)")]
    NoSecretGroup,
    /// None or several of shape, regex and detector.
    #[error("it needs exactly one of shape, regex and detector")]
    OneOf,
    /// An expression or detector without anchors, or a shape without a literal start, anchors and `near` words.
    #[error("it has no anchors: give `anchors`, `near` or a shape that starts with three literal characters")]
    NoAnchors,
    /// An anchor that the filter cannot hold.
    #[error("the anchor {0:?} must have 3 to 250 bytes")]
    AnchorLength(String),
    /// An expression of a path is wrong.
    #[error("paths: {0}")]
    Paths(Box<regex::Error>),
    /// An exception is wrong.
    #[error(transparent)]
    Allow(ExceptionError),
    /// More patterns than an index can name.
    #[error("there are too many patterns")]
    TooMany,
}

impl Rule {
    /// Compiles what `def` says.
    ///
    /// # Errors
    /// See [`RuleError`].
    pub fn compile(def: &PatternDef) -> Result<Self, RuleError> {
        let is_hinted = def.regex.is_some() && !def.hint.is_empty();
        let kinds =
            usize::from(!def.shape.is_empty() && !is_hinted) + usize::from(def.regex.is_some()) + usize::from(def.detector.is_some());
        if kinds != 1 {
            return Err(RuleError::OneOf);
        }
        let literals = anchors::literals(def)?;
        if literals.is_empty() {
            return Err(RuleError::NoAnchors);
        }
        let wrong_length = |literal: &&Literal| !(3..=250).contains(&literal.bytes.len());
        if let Some(literal) = literals.iter().find(wrong_length) {
            return Err(RuleError::AnchorLength(String::from_utf8_lossy(&literal.bytes).into_owned()));
        }
        if def.detector.is_some() {
            return Ok(Self::Detector);
        }
        let shapes = Shapes::compile(&def.shape)?;
        if let Some(regex) = &def.regex {
            let compiled = RegexBuilder::new(regex).unicode(false).size_limit(4 << 20).build().map_err(Box::new)?;
            if compiled.capture_names().flatten().all(|name| name != "secret") {
                return Err(RuleError::NoSecretGroup);
            }
            return Ok(Self::Regex { regex: Box::new(compiled), shapes, hints: lowered(&def.hint) });
        }
        let within = usize::from(def.within);
        if def.anchors.is_empty() {
            return match (def.near.is_empty(), shapes.find_themselves()) {
                (false, _) => Ok(Self::Near { shapes, within, hints: lowered(&def.hint) }),
                (true, true) => Ok(Self::Token(shapes)),
                (true, false) => Err(RuleError::NoAnchors),
            };
        }
        if anchors::are_tokens(def, literals.iter().map(|literal| literal.bytes.as_slice()), |anchor| shapes.start_with(anchor)) {
            return Ok(Self::Token(shapes));
        }
        Ok(Self::Around { shapes, near: lowered(&def.near), within })
    }

    /// Whether a match is telling enough to be believed in a binary file.
    #[must_use]
    pub const fn is_distinctive(&self) -> bool {
        matches!(self, Self::Token(_))
    }

    /// Whether a word near a value is all that tells it from a hash.
    #[must_use]
    pub fn goes_by_words(&self) -> bool {
        matches!(self, Self::Near { .. }) || matches!(self, Self::Around { near, .. } if !near.is_empty())
    }

    /// Calls `found` with the secrets that this rule sees because of the anchor at `anchor`.
    pub fn matches(&self, view: &View<'_>, anchor: Range<usize>, mut found: impl FnMut(Match)) {
        match self {
            Self::Detector => {}
            Self::Token(shapes) => {
                if let Some(span) = shapes.match_at(view, anchor.start) {
                    found(Match { span, naming: Naming::default() });
                }
            }
            Self::Around { shapes, near, within } => {
                let from = view.line(anchor.start, AROUND_BEFORE, 0).start;
                let covering = (from..=anchor.start).find_map(|at| {
                    let span = shapes.match_at(view, at)?;
                    (span.end >= anchor.end).then_some(span)
                });
                match covering {
                    Some(span) if near.is_empty() => found(Match { span, naming: Naming::default() }),
                    Some(span) => {
                        if let Some(naming) = word_before(view, span.start, near, *within) {
                            found(Match { span, naming });
                        }
                    }
                    None => {}
                }
            }
            Self::Near { shapes, within, hints } => {
                let within = (!is_one_of(hints, view, &anchor)).then_some(*within);
                named_values(view, shapes, &anchor, within, found);
            }
            Self::Regex { regex, shapes, hints } => {
                if is_inside_run(view, &anchor) {
                    return;
                }
                let line = view.line(anchor.start, REGEX_BEFORE, REGEX_AFTER);
                if is_one_of(hints, view, &anchor) {
                    named_values(view, shapes, &anchor, None, &mut found);
                }
                for captures in regex.captures_iter(&view.bytes[line.clone()]) {
                    let whole = captures.get(0).expect("because group 0 is the match");
                    let holds_anchor = line.start + whole.start() <= anchor.start && anchor.end <= line.start + whole.end();
                    if let Some(secret) = captures.name("secret").filter(|_| holds_anchor) {
                        let span = line.start + secret.start()..line.start + secret.end();
                        found(Match { span, naming: Naming::default() });
                    }
                }
            }
        }
    }

    /// The text that decides what this rule sees because of the anchor at `anchor`, where that may be more than the lines next to it.
    #[must_use]
    pub fn reads(&self, view: &View<'_>, anchor: &Range<usize>) -> Option<Range<usize>> {
        let within = match self {
            Self::Near { within, .. } => far(*within),
            Self::Regex { hints, .. } if is_one_of(hints, view, anchor) => HINT_BYTES,
            _ => return None,
        };
        let end = view.bytes.len().min(anchor.end + within.max(FAR_BYTES) + 1);
        Some(anchor.start.saturating_sub(FAR_BYTES + 1)..view.line(end, 0, REGEX_AFTER).end)
    }

    /// The first value of this rule's shape or expression in `window`, without its `near` words: how companions are looked for.
    #[must_use]
    pub fn first_in(&self, view: &View<'_>, window: Range<usize>) -> Option<Range<usize>> {
        match self {
            Self::Token(shapes) | Self::Around { shapes, .. } | Self::Near { shapes, .. } => shapes.first_in(view, window),
            Self::Regex { regex, .. } => {
                let found = regex.captures(view.bytes.get(window.clone())?)?.name("secret")?.range();
                Some(window.start + found.start..window.start + found.end)
            }
            Self::Detector => None,
        }
    }
}

/// Whether an anchor of one repeated byte stands inside of a longer run of it, which has the anchor at each of its places: its start is enough.
fn is_inside_run(view: &View<'_>, anchor: &Range<usize>) -> bool {
    view.before(anchor.start).is_some_and(|before| view.bytes[anchor.clone()].iter().all(|&byte| byte == before))
}

/// Whether the text at `anchor` is one of `words`, whatever its case.
fn is_one_of(words: &[String], view: &View<'_>, anchor: &Range<usize>) -> bool {
    words.iter().any(|word| view.bytes[anchor.clone()].eq_ignore_ascii_case(word.as_bytes()))
}

fn lowered(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.to_ascii_lowercase()).collect()
}

/// Calls `found` with the values of `shapes` that the word at `anchor` may mean. A close one is the only one; without `within` the word hints only.
fn named_values(view: &View<'_>, shapes: &Shapes, anchor: &Range<usize>, within: Option<usize>, mut found: impl FnMut(Match)) {
    let begins = Begins::at(view, anchor.start);
    let mut tell = |span, distance| found(Match { span, naming: Naming { distance, begins, length: anchor.len() } });
    let close = within.map(|within| starts_after(view, anchor.end, within));
    if let Some(span) = close.and_then(|close| shapes.first_in(view, close)) {
        return tell(span, Distance::Close);
    }
    let far = starts_after(view, anchor.end, within.map_or(HINT_BYTES, far));
    let around = around(view, anchor);
    let tells = |text: &Range<usize>| begins != Begins::Nothing && judge::may_hold_telling(&view.bytes[text.clone()]);
    let (before, below) = (around.start..anchor.start, far.end..far.end.max(around.end));
    if let Some(span) = shapes.first_in(view, far) {
        tell(span, Distance::Far);
    } else if let Some(span) = Some(below).filter(tells).and_then(|below| shapes.first_in(view, below)) {
        tell(span, Distance::Around);
    }
    if let Some(span) = Some(before).filter(tells).and_then(|before| shapes.last_in(view, before)) {
        tell(span, Distance::Around);
    }
}

/// The text around a word in which a value may still be meant by it.
fn around(view: &View<'_>, word: &Range<usize>) -> Range<usize> {
    view.lines(word.start, AROUND_LINES, FAR_BYTES).start..view.lines(word.end, AROUND_LINES, FAR_BYTES).end
}

/// The distance in bytes that is far where `within` is close.
const fn far(within: usize) -> usize {
    let far = if within * FAR < FAR_BYTES { within * FAR } else { FAR_BYTES };
    if far > within { far } else { within }
}

/// The starts that a value after a word may have: `within` bytes on the rest of the line and the next line that is not blank, a few lines below at most.
fn starts_after(view: &View<'_>, from: usize, within: usize) -> Range<usize> {
    let to = view.bytes.len().min(from + within + 1);
    let mut line_ends = memchr::memchr_iter(b'\n', &view.bytes[from..to]).map(|found| from + found);
    let Some(first) = line_ends.next() else { return from..to };
    let is_blank = |end: usize| view.bytes[first..end].trim_ascii().is_empty();
    let next = (1..).zip(line_ends).find(|&(below, end)| below == AROUND_LINES || !is_blank(end));
    from..next.map_or(to, |(_, end)| end)
}

/// How the best of `words` (in lower case) names a value at `at`, on its line or the one above: a close one ends at most `within` bytes before.
fn word_before(view: &View<'_>, at: usize, words: &[String], within: usize) -> Option<Naming> {
    let longest = words.iter().map(String::len).max().unwrap_or(0);
    let start = view.lines(at, 1, far(within) + longest).start;
    let text = view.bytes[start..at].to_ascii_lowercase();
    let naming = |word: &String| {
        let found = memchr::memmem::rfind(&text, word.as_bytes())?;
        let distance = text.len() - (found + word.len());
        let far = if distance <= within { Distance::Close } else { Distance::Far };
        (distance <= self::far(within)).then(|| Naming { distance: far, begins: Begins::at(view, start + found), length: word.len() })
    };
    words.iter().filter_map(naming).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bstr::BStr;

    fn near(within: usize) -> Rule {
        Rule::Near { shapes: Shapes::compile(&["{digit:4}".to_owned()]).unwrap(), within, hints: vec!["hint".to_owned()] }
    }

    /// The value that the first `acme` of the text names best, and how.
    fn named<'t>(rule: &Rule, text: &'t str) -> Option<(&'t str, Naming)> {
        let view = View { bytes: text.as_bytes(), path: BStr::new("a"), binary: false, depth: 0 };
        let at = text.to_ascii_lowercase().find("acme").unwrap();
        let mut found = Vec::new();
        rule.matches(&view, at..at + 4, |hit| found.push((&text[hit.span], hit.naming)));
        found.into_iter().max_by_key(|&(_, naming)| naming)
    }

    #[test]
    fn a_word_that_only_hints_never_names_a_value_closely() {
        let mut rule = near(100);
        let Rule::Near { hints, .. } = &mut rule else { panic!("a rule with words") };
        hints.push("acme".to_owned());
        let seen = |bytes: usize| named(&rule, &format!("Acme{}1234", " ".repeat(bytes))).map(|(_, naming)| naming.distance);
        assert_eq!([seen(0), seen(64), seen(65)], [Some(Distance::Far), Some(Distance::Far), Some(Distance::Around)]);
    }

    #[test]
    fn an_expression_misses_what_a_hint_still_shows() {
        let text = r#"
            id = "acme-token"
            title = "t"
            severity = "low"
            opens = "o"
            revoke = "https://example.com"
            store = "secrets-manager"
            regex = "acme=(?P<secret>[0-9]{4})"
            anchors = ["acme"]
            shape = ["{digit:4}"]
            hint = ["acme"]
            positive = ["acme={secret}", "acme={secret}"]
            negative = ["acme=1", "acme=2"]
        "#;
        let rule = Rule::compile(&toml::from_str(text).unwrap()).unwrap();
        let seen = |text| named(&rule, text).map(|(value, naming)| (value, naming.distance));
        assert_eq!(seen("acme=1234"), Some(("1234", Distance::Close)));
        assert_eq!(seen("ACME: 1234"), Some(("1234", Distance::Far)));
    }

    #[test]
    fn a_value_may_stand_farther_from_its_word_at_a_price() {
        let seen = |bytes: usize| named(&near(10), &format!("acme{}1234", " ".repeat(bytes))).map(|(_, naming)| naming.distance);
        assert_eq!(
            [seen(0), seen(10), seen(11), seen(30), seen(31)],
            [Distance::Close, Distance::Close, Distance::Far, Distance::Far, Distance::Around].map(Some)
        );
        let far = |bytes: usize| named(&near(100), &format!("acme{}1234", " ".repeat(bytes))).map(|(_, naming)| naming.distance);
        assert_eq!([far(100), far(200), far(201)], [Some(Distance::Close), Some(Distance::Far), None]);
        // What is close comes first.
        assert_eq!(named(&near(10), "acme 1111 22222 3333").map(|(value, _)| value), Some("1111"));
    }

    #[test]
    fn a_value_may_stand_before_its_word_or_lines_below() {
        let seen = |text| named(&near(10), text).map(|(value, naming)| (value, naming.distance));
        for text in ["1234 is of acme", "1234\n\nacme", "acme\na\nb\nc\n1234", "7777 1234\nacme"] {
            assert_eq!(seen(text), Some(("1234", Distance::Around)), "{text:?}");
        }
        for text in ["1234\n\n\n\n\nacme", "acme\na\nb\nc\nd\n1234", "acme\n\n\n\n\n1234"] {
            assert_eq!(seen(text), None, "{text:?}");
        }
        // A line that is blank parts nothing.
        for text in ["acme\n1234", "acme:\n\n1234", "acme:\r\n\r\n  1234"] {
            assert_eq!(seen(text), Some(("1234", Distance::Close)), "{text:?}");
        }
        assert_eq!(seen("acme\na\n1234"), Some(("1234", Distance::Around)));
    }

    #[test]
    fn words_before_a_value_are_measured_alike() {
        let rule =
            |within| Rule::Around { shapes: Shapes::compile(&["x{digit:4}".to_owned()]).unwrap(), near: vec!["acme".to_owned()], within };
        let seen = |bytes: usize| {
            let text = format!("acme{}x1234", " ".repeat(bytes));
            let view = View { bytes: text.as_bytes(), path: BStr::new("a"), binary: false, depth: 0 };
            let mut found = None;
            rule(10).matches(&view, 4 + bytes..5 + bytes, |hit| found = Some(hit.naming.distance));
            found
        };
        assert_eq!([seen(10), seen(11), seen(30), seen(31)], [Some(Distance::Close), Some(Distance::Far), Some(Distance::Far), None]);
    }

    #[test]
    fn a_word_that_begins_a_name_names_best() {
        let begins = |text: &str| named(&near(10), text).unwrap().1.begins;
        for text in ["acme=1234", " acme=1234", "\"acme\": 1234", "\\nacme=1234"] {
            assert_eq!(begins(text), Begins::Name, "{text}");
        }
        for text in ["my_acme=1234", "myAcme=1234", "my-ACME=1234", "v2acme=1234"] {
            assert_eq!(begins(text), Begins::Word, "{text}");
        }
        for text in ["tacme=1234", "TACME=1234", "nacme=1234"] {
            assert_eq!(begins(text), Begins::Nothing, "{text}");
        }
        assert!(Begins::Name > Begins::Word && Begins::Word > Begins::Nothing);
    }
}
