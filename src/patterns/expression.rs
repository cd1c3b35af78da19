//! Regular expressions as data. Owns: reading them the way the rules do. Must not: match.

use regex_syntax::hir::{Class, Hir};

/// Reads an expression as [`crate::detect::rule`] compiles it: over bytes, ASCII classes.
///
/// # Errors
/// The parser's message.
pub(super) fn parse(regex: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).map_err(Box::new)
}

/// The ASCII members of a class, and whether it has others too (as every class that says what it is not).
pub(super) fn ascii_members(class: &Class) -> (Vec<u8>, bool) {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Bytes(class) => class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect(),
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let has = |byte: u8| ranges.iter().any(|&(first, last)| (first..=last).contains(&byte.into()));
    ((0..=127).filter(|&byte| has(byte)).collect(), ranges.iter().any(|&(_, last)| last > 127))
}
