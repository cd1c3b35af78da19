//! Compiled rules. Owns: matching one pattern around one anchor. Must not: read the rest of the text or judge the match.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::prefilter::Literal;
use super::view::View;
use crate::patterns::anchors;
use crate::patterns::exception::ExceptionError;
use crate::patterns::schema::PatternDef;
use crate::patterns::shape::{self, Charset, Part, ShapeError};

/// Bytes of a line before an anchor that an expression sees.
const REGEX_BEFORE: usize = 256;
/// Bytes of a line from an anchor on that an expression sees.
const REGEX_AFTER: usize = 2048;
/// Bytes of a line before an anchor where a shape that holds it may start.
const AROUND_BEFORE: usize = 256;
/// Longest single match of a shape.
const SHAPE_MAX: usize = 8192;
/// Steps after which matching one shape at one place is given up; only a shape that the lint refuses gets there.
const SHAPE_STEPS: u32 = 20_000;

/// A pattern ready to match.
#[derive(Debug)]
pub enum Rule {
    /// A shape that starts where its anchor stands.
    Token(Vec<Shape>),
    /// A shape that holds its anchor further on.
    Around {
        /// Alternatives.
        shapes: Vec<Shape>,
        /// Words one of which must stand before the value; none if empty.
        near: Vec<String>,
        /// Distance of those in bytes.
        within: usize,
    },
    /// A shape in the `within` bytes after a word.
    Near {
        /// Alternatives.
        shapes: Vec<Shape>,
        /// Distance in bytes.
        within: usize,
    },
    /// An expression with the group `secret`.
    Regex(Box<Regex>),
    /// Nothing to match by itself: a detector in code reports it.
    Detector,
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
        let kinds = usize::from(!def.shape.is_empty()) + usize::from(def.regex.is_some()) + usize::from(def.detector.is_some());
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
        if let Some(regex) = &def.regex {
            let compiled = RegexBuilder::new(regex).unicode(false).size_limit(4 << 20).build().map_err(Box::new)?;
            if compiled.capture_names().flatten().all(|name| name != "secret") {
                return Err(RuleError::NoSecretGroup);
            }
            return Ok(Self::Regex(Box::new(compiled)));
        }
        let shapes = def.shape.iter().map(|shape| Shape::compile(shape)).collect::<Result<Vec<_>, _>>()?;
        let within = usize::from(def.within);
        if def.anchors.is_empty() {
            return match (def.near.is_empty(), shapes.iter().all(Shape::finds_itself)) {
                (false, _) => Ok(Self::Near { shapes, within }),
                (true, true) => Ok(Self::Token(shapes)),
                (true, false) => Err(RuleError::NoAnchors),
            };
        }
        let at_start = |literal: &Literal| shapes.iter().any(|shape| shape.starts_with(&literal.bytes));
        if def.near.is_empty() && !def.ignore_case && literals.iter().all(at_start) {
            return Ok(Self::Token(shapes));
        }
        let near = def.near.iter().map(|word| word.to_ascii_lowercase()).collect();
        Ok(Self::Around { shapes, near, within })
    }

    /// Whether a match is telling enough to be believed in a binary file.
    #[must_use]
    pub const fn is_distinctive(&self) -> bool {
        matches!(self, Self::Token(_))
    }

    /// The secrets that this rule sees because of the anchor at `anchor`.
    pub fn matches(&self, view: &View<'_>, anchor: Range<usize>, mut found: impl FnMut(Range<usize>)) {
        match self {
            Self::Detector => {}
            Self::Token(shapes) => {
                if let Some(span) = shapes.iter().find_map(|shape| shape.match_at(view, anchor.start)) {
                    found(span);
                }
            }
            Self::Around { shapes, near, within } => {
                let from = view.line(anchor.start, AROUND_BEFORE, 0).start;
                let covering = (from..=anchor.start).find_map(|at| {
                    let span = shapes.iter().find_map(|shape| shape.match_at(view, at))?;
                    (span.end >= anchor.end).then_some(span)
                });
                if let Some(span) = covering.filter(|span| near.is_empty() || word_before(view, span.start, near, *within)) {
                    found(span);
                }
            }
            Self::Near { shapes, within } => {
                let window = near_window(view, anchor.end, *within);
                if let Some(span) = first_in(shapes, view, window) {
                    found(span);
                }
            }
            Self::Regex(regex) => {
                let line = view.line(anchor.start, REGEX_BEFORE, REGEX_AFTER);
                for captures in regex.captures_iter(&view.bytes[line.clone()]) {
                    let whole = captures.get(0).expect("because group 0 is the match");
                    let holds_anchor = line.start + whole.start() <= anchor.start && anchor.end <= line.start + whole.end();
                    if let Some(secret) = captures.name("secret").filter(|_| holds_anchor) {
                        found(line.start + secret.start()..line.start + secret.end());
                    }
                }
            }
        }
    }

    /// The first value of this rule's shape or expression in `window`, without its `near` words: how companions are looked for.
    #[must_use]
    pub fn first_in(&self, view: &View<'_>, window: Range<usize>) -> Option<Range<usize>> {
        match self {
            Self::Token(shapes) | Self::Around { shapes, .. } | Self::Near { shapes, .. } => first_in(shapes, view, window),
            Self::Regex(regex) => {
                let found = regex.captures(view.bytes.get(window.clone())?)?.name("secret")?.range();
                Some(window.start + found.start..window.start + found.end)
            }
            Self::Detector => None,
        }
    }
}

/// The starts that a value near a word may have: the rest of the line and the next line.
fn near_window(view: &View<'_>, from: usize, within: usize) -> Range<usize> {
    let to = view.bytes.len().min(from + within + 1);
    let mut line_ends = memchr::memchr_iter(b'\n', &view.bytes[from..to]);
    from..line_ends.nth(1).map_or(to, |found| from + found)
}

/// Whether one of `words` (in lower case) ends at most `within` bytes before `at`, on its line or the one above.
fn word_before(view: &View<'_>, at: usize, words: &[String], within: usize) -> bool {
    let longest = words.iter().map(String::len).max().unwrap_or(0);
    let start = view.lines(at, 1, within + longest).start;
    let text = view.bytes[start..at].to_ascii_lowercase();
    words.iter().any(|word| memchr::memmem::rfind(&text, word.as_bytes()).is_some_and(|found| text.len() - (found + word.len()) <= within))
}

/// The first match of any of `shapes` that starts in `window`.
fn first_in(shapes: &[Shape], view: &View<'_>, window: Range<usize>) -> Option<Range<usize>> {
    window.into_iter().find_map(|at| shapes.iter().find_map(|shape| shape.match_at(view, at)))
}

/// A compiled shape.
#[derive(Debug, Clone)]
pub struct Shape {
    parts: Vec<Part>,
    /// Bytes a match can start with.
    first: Charset,
}

impl Shape {
    /// Reads a shape.
    ///
    /// # Errors
    /// A wrong placeholder.
    pub fn compile(shape: &str) -> Result<Self, ShapeError> {
        let parts = shape::parse(shape)?;
        let first = match parts.first() {
            Some(Part::Literal(bytes)) => Charset::of(&bytes[..1]),
            Some(Part::Run(charset, _)) => *charset,
            _ => Charset::named("hex-any").expect("because the grammar has it"),
        };
        Ok(Self { parts, first })
    }

    /// Whether the shape starts with enough literal text to be its own anchor.
    fn finds_itself(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Literal(bytes)) if bytes.len() >= 3)
    }

    /// Whether every match starts with `literal`.
    fn starts_with(&self, literal: &[u8]) -> bool {
        matches!(self.parts.first(), Some(Part::Literal(bytes)) if bytes.starts_with(literal))
    }

    /// The match that starts at `start` and is not part of a longer run, if any.
    #[must_use]
    pub fn match_at(&self, view: &View<'_>, start: usize) -> Option<Range<usize>> {
        let bytes = &view.bytes[..view.bytes.len().min(start + SHAPE_MAX)];
        if !self.first.has(*bytes.get(start)?) || !self.may_start(view, start) {
            return None;
        }
        let mut steps = SHAPE_STEPS;
        let end = match_parts(&self.parts, bytes, start, &mut steps)?;
        Some(start..end)
    }

    fn may_start(&self, view: &View<'_>, start: usize) -> bool {
        match self.parts.first() {
            Some(Part::Run(charset, _)) => view.before(start).is_none_or(|before| !charset.has(before)) || view.ends_escape(start),
            Some(Part::Literal(bytes)) if !bytes[0].is_ascii_alphanumeric() => true,
            _ => view.starts_token(start),
        }
    }
}

/// The end of the longest match of `parts` at `at`. Runs are tried longest first; a run that ends the shape must be a whole run.
fn match_parts(parts: &[Part], bytes: &[u8], at: usize, steps: &mut u32) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(at) };
    *steps = steps.checked_sub(1)?;
    match part {
        Part::Literal(literal) => {
            let end = at + literal.len();
            let ends_well = !rest.is_empty()
                || !literal[literal.len() - 1].is_ascii_alphanumeric()
                || bytes.get(end).is_none_or(|next| !next.is_ascii_alphanumeric());
            (bytes.get(at..end)? == literal.as_slice() && ends_well).then(|| match_parts(rest, bytes, end, steps))?
        }
        Part::Run(charset, ranges) => {
            let longest = usize::from(ranges.last()?.1);
            let run = bytes[at..].iter().take(longest + 1).take_while(|&&byte| charset.has(byte)).count();
            ranges.iter().rev().find_map(|&(min, max)| {
                let (min, max) = (usize::from(min), usize::from(max));
                if rest.is_empty() {
                    return (min..=max).contains(&run).then_some(at + run);
                }
                (min..=max.min(run)).rev().find_map(|length| match_parts(rest, bytes, at + length, steps))
            })
        }
        Part::Uuid => {
            let end = at + 36;
            let whole = is_uuid(bytes.get(at..end)?) && bytes.get(end).is_none_or(|next| !next.is_ascii_alphanumeric());
            whole.then(|| match_parts(rest, bytes, end, steps))?
        }
        Part::Secret | Part::BadChecksum => None,
    }
}

/// Whether `text` is a UUID in one case.
#[must_use]
pub fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
        && !(text.iter().any(u8::is_ascii_lowercase) && text.iter().any(u8::is_ascii_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bstr::BStr;

    fn matched<'t>(shape: &str, text: &'t str) -> Option<&'t str> {
        let view = View { bytes: text.as_bytes(), path: BStr::new("a"), binary: false, depth: 0 };
        let shape = Shape::compile(shape).unwrap();
        (0..text.len()).find_map(|at| shape.match_at(&view, at)).map(|span| &text[span])
    }

    #[test]
    fn lengths_are_exact() {
        assert_eq!(matched("exc_{digit:4}", "a exc_1234 b"), Some("exc_1234"));
        assert_eq!(matched("exc_{digit:4}", "a exc_12345 b"), None);
        assert_eq!(matched("exc_{digit:4}", "a exc_123 b"), None);
        assert_eq!(matched("exc_{digit:4}", "mexc_1234"), None);
        assert_eq!(matched("{hex:4,8}", "=0123456."), None);
        assert_eq!(matched("{hex:4,8}", "=01234567."), Some("01234567"));
    }

    #[test]
    fn ranges_give_back_what_a_literal_needs() {
        assert_eq!(matched("{alnum:2-9}AA", "xyzAA"), Some("xyzAA"));
        assert_eq!(matched("{digit:2-3}-{digit:2}", "12-34"), Some("12-34"));
    }

    #[test]
    fn uuids_have_one_case() {
        assert_eq!(matched("k:{uuid}", "k:0a1b2c3d-0000-4000-8000-0123456789ab"), Some("k:0a1b2c3d-0000-4000-8000-0123456789ab"));
        assert_eq!(matched("k:{uuid}", "k:0a1b2c3D-0000-4000-8000-0123456789ab"), None);
    }
}
