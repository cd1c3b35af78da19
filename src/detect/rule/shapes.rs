//! Compiled shapes. Owns: matching a shape at a place and finding the next match. Must not: know patterns or anchors.

use std::ops::Range;

use crate::detect::view::View;
use crate::patterns::shape::{self, Charset, Part, ShapeError};

/// Longest single match of a shape.
const SHAPE_MAX: usize = 8192;
/// Steps after which matching one shape at one place is given up; only a shape that the lint refuses gets there.
const SHAPE_STEPS: u32 = 20_000;

/// Shapes that are alternatives.
#[derive(Debug)]
pub struct Shapes {
    alternatives: Vec<Shape>,
    /// Bytes that every match has at least.
    shortest: usize,
    /// What those bytes are of.
    of: Charset,
}

impl Shapes {
    /// Reads shapes.
    ///
    /// # Errors
    /// A wrong placeholder.
    pub fn compile(shapes: &[String]) -> Result<Self, ShapeError> {
        let alternatives = shapes.iter().map(|shape| Shape::compile(shape)).collect::<Result<Vec<_>, _>>()?;
        let shortest = alternatives.iter().map(|shape| shape.parts.iter().map(shortest).sum()).min().unwrap_or(0);
        let parts = alternatives.iter().flat_map(|shape| &shape.parts);
        let of = parts.fold(Charset::EMPTY, |of, part| of.or(bytes_of(part)));
        Ok(Self { alternatives, shortest, of })
    }

    /// Whether each starts with enough literal text to be its own anchor.
    #[must_use]
    pub fn find_themselves(&self) -> bool {
        self.alternatives.iter().all(|shape| shape::literal_start(&shape.parts).len() >= 3)
    }

    /// Whether every match of one of them starts with `literal`.
    #[must_use]
    pub fn start_with(&self, literal: &[u8]) -> bool {
        self.alternatives.iter().any(|shape| shape::literal_start(&shape.parts).starts_with(literal))
    }

    /// The match of the first of them that matches at `start`.
    #[must_use]
    pub fn match_at(&self, view: &View<'_>, start: usize) -> Option<Range<usize>> {
        self.alternatives.iter().find_map(|shape| shape.match_at(view, start))
    }

    /// The first match that starts in `window`.
    #[must_use]
    pub fn first_in(&self, view: &View<'_>, window: Range<usize>) -> Option<Range<usize>> {
        // No match lies over a byte that none of them holds: most starts are passed over with a look at few bytes.
        let (mut at, mut known) = (window.start, window.start);
        while at < window.end {
            let needed = at + self.shortest;
            let unknown = view.bytes.get(known.max(at)..needed)?;
            if let Some(other) = unknown.iter().rposition(|&byte| !self.of.has(byte)) {
                at = known.max(at) + other + 1;
                continue;
            }
            known = needed;
            if let Some(found) = self.match_at(view, at) {
                return Some(found);
            }
            at += 1;
        }
        None
    }

    /// The last match that lies in `window`, of those that do not overlap.
    #[must_use]
    pub fn last_in(&self, view: &View<'_>, window: Range<usize>) -> Option<Range<usize>> {
        let next = |from: usize| self.first_in(view, from..window.end).filter(|found| found.end <= window.end);
        std::iter::successors(next(window.start), |found| next(found.end)).last()
    }
}

/// Bytes that a part of a shape takes at least.
fn shortest(part: &Part) -> usize {
    match part {
        Part::Literal(bytes) => bytes.len(),
        Part::Run(_, ranges) => ranges.first().map_or(0, |&(min, _)| usize::from(min)),
        Part::Uuid => UUID,
        Part::Secret | Part::BadChecksum => 0,
    }
}

/// The bytes that a part of a shape may hold.
fn bytes_of(part: &Part) -> Charset {
    match part {
        Part::Literal(bytes) => Charset::of(bytes),
        Part::Run(charset, _) => *charset,
        Part::Uuid => Charset::of(b"0123456789abcdefABCDEF-"),
        Part::Secret | Part::BadChecksum => Charset::EMPTY,
    }
}

/// Bytes of a UUID.
const UUID: usize = 36;

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
            // `key=` and `key:` end a name also where the value could hold them.
            Some(Part::Run(..)) if view.splits_escape(start) => false,
            Some(Part::Run(charset, _)) => {
                view.before(start).is_none_or(|before| !charset.has(before) || matches!(before, b'=' | b':')) || view.ends_escape(start)
            }
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
            let end = at + UUID;
            let whole = is_uuid(bytes.get(at..end)?) && bytes.get(end).is_none_or(|next| !next.is_ascii_alphanumeric());
            whole.then(|| match_parts(rest, bytes, end, steps))?
        }
        Part::Secret | Part::BadChecksum => None,
    }
}

/// Whether `text` is a UUID in one case.
#[must_use]
pub fn is_uuid(text: &[u8]) -> bool {
    text.len() == UUID
        && text.iter().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
        && !(text.iter().any(u8::is_ascii_lowercase) && text.iter().any(u8::is_ascii_uppercase))
}

#[cfg(test)]
mod tests {
    use bstr::BStr;
    use proptest::prelude::*;

    use super::*;

    fn view(text: &str) -> View<'_> {
        View { bytes: text.as_bytes(), path: BStr::new("a"), binary: false, depth: 0 }
    }

    fn matched<'t>(shape: &str, text: &'t str) -> Option<&'t str> {
        let shape = Shape::compile(shape).unwrap();
        (0..text.len()).find_map(|at| shape.match_at(&view(text), at)).map(|span| &text[span])
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

    proptest! {
        #[test]
        fn the_first_match_is_found_as_by_trying_every_place(
            pieces in prop::collection::vec(prop_oneof!["[0-9a-f]{1,12}", "[ x=\\n-]{1,3}", Just("exc_".to_owned()), "[g-z]{1,9}"], 0..30),
            shapes in prop::sample::subsequence(vec!["{hex:8}", "exc_{digit:2-6}", "{digit:3}-{hex:2,5}", "{alnum:6-9}x", "{hex:2}-{digit:1-3}"], 1..4),
            from in 0..40_usize,
        ) {
            let text = pieces.concat();
            let shapes = Shapes::compile(&shapes.into_iter().map(str::to_owned).collect::<Vec<_>>()).unwrap();
            let window = from..text.len().max(from);
            let naive = window.clone().find_map(|at| shapes.match_at(&view(&text), at));
            prop_assert_eq!(shapes.first_in(&view(&text), window), naive);
        }
    }
}
