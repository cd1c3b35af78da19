//! The default of a variable that a platform puts into text: `${X:-value}`. Owns: finding it. Must not: know what a platform does without it.

use std::ops::Range;

use super::scalar::{Quote, Scalar};
use crate::rewrite::Spelling;
use crate::rewrite::literal::Decode;
use crate::secret::Secret;

/// The variable that is put into a value once, and its default; [`Scalar::token`] of that begins with the one of `signs` that stands between the two.
/// None where anything else is put in.
pub(super) fn of(text: &str, scalar: &Scalar, signs: &[&str], is_name: fn(char) -> bool) -> Option<(String, Scalar)> {
    let start = scalar.decode.span.start;
    let value = text.get(scalar.decode.span.clone()).filter(|_| scalar.decode.spelling == Spelling::Plain)?;
    let (before, rest) = value.split_once("${")?;
    let (inner, after) = rest.split_once('}')?;
    let (name, with_sign) = inner.split_at(inner.find(|character| !is_name(character))?);
    let default = signs.iter().find_map(|sign| with_sign.strip_prefix(sign))?;
    let is_plain = |text: &str| !text.contains(['$', '#', '{', '`']);
    if name.is_empty() || default.is_empty() || ![before, default, after].into_iter().all(is_plain) {
        return None;
    }
    let token = range(start + before.len() + "${".len() + name.len(), with_sign.len());
    let span = range(token.end - default.len(), default.len());
    let decode = Decode { value: Secret::new(default.as_bytes()), span, spelling: Spelling::Plain };
    Some((name.to_owned(), Scalar { token, decode, path: scalar.path.clone(), quote: Quote::Around(""), line_end: None }))
}

const fn range(start: usize, length: usize) -> Range<usize> {
    start..start + length
}
