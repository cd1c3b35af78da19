//! Shapes: literal text with `{charset:length}` placeholders. Owns: the grammar and the charsets. Must not: match or generate.
//!
//! The build script includes this file, so it may use nothing of the crate.

use std::fmt;

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Charset([u64; 4]);

impl Charset {
    /// The empty set.
    pub const EMPTY: Self = Self([0; 4]);

    /// Whether `byte` belongs to the set.
    #[inline]
    #[must_use]
    pub const fn has(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 == 1
    }

    /// The set as 256 bits.
    #[must_use]
    pub const fn bits(self) -> [u64; 4] {
        self.0
    }

    const fn with_range(mut self, first: u8, last: u8) -> Self {
        let mut byte = first as usize;
        while byte <= last as usize {
            self.0[byte >> 6] |= 1 << (byte & 63);
            byte += 1;
        }
        self
    }

    const fn with(self, bytes: &[u8]) -> Self {
        let mut set = self;
        let mut at = 0;
        while at < bytes.len() {
            set = set.with_range(bytes[at], bytes[at]);
            at += 1;
        }
        set
    }

    /// The set of these bytes.
    #[must_use]
    pub const fn of(bytes: &[u8]) -> Self {
        Self::EMPTY.with(bytes)
    }

    /// The bytes of either set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    /// Members in ascending order.
    pub fn bytes(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&byte| self.has(byte))
    }

    /// The set that a name of the grammar stands for.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let digit = Self::EMPTY.with_range(b'0', b'9');
        let lower = Self::EMPTY.with_range(b'a', b'z');
        let upper = Self::EMPTY.with_range(b'A', b'Z');
        let alnum = digit.with_range(b'a', b'z').with_range(b'A', b'Z');
        Some(match name {
            "digit" => digit,
            "lower" => lower,
            "upper" => upper,
            "alpha" => lower.with_range(b'A', b'Z'),
            "alnum" => alnum,
            "alnum-lower" => digit.with_range(b'a', b'z'),
            "alnum-upper" => digit.with_range(b'A', b'Z'),
            "hex" => digit.with_range(b'a', b'f'),
            "hex-upper" => digit.with_range(b'A', b'F'),
            "hex-any" => digit.with_range(b'a', b'f').with_range(b'A', b'F'),
            "base32" => upper.with_range(b'2', b'7'),
            "base58" => Self::EMPTY
                .with_range(b'1', b'9')
                .with_range(b'A', b'H')
                .with_range(b'J', b'N')
                .with_range(b'P', b'Z')
                .with_range(b'a', b'k')
                .with_range(b'm', b'z'),
            "base64" => alnum.with(b"+/"),
            "base64url" => alnum.with(b"-_"),
            "word" => alnum.with(b"_"),
            _ => return None,
        })
    }

    /// A bracketed list such as `a-z0-9._~-`; a `-` at either end stands for itself.
    fn listed(list: &str) -> Option<Self> {
        let bytes = list.as_bytes();
        let mut set = Self::EMPTY;
        let mut at = 0;
        while at < bytes.len() {
            if at + 2 < bytes.len() && bytes[at + 1] == b'-' {
                if bytes[at] > bytes[at + 2] {
                    return None;
                }
                set = set.with_range(bytes[at], bytes[at + 2]);
                at += 3;
            } else {
                set = set.with(&bytes[at..=at]);
                at += 1;
            }
        }
        (set != Self::EMPTY).then_some(set)
    }
}

impl fmt::Debug for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().try_for_each(|byte| write!(f, "{}", byte.escape_ascii()))
    }
}

/// One part of a shape or template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it stands.
    Literal(Vec<u8>),
    /// A run of `charset`; each `(min, max)` is an allowed range of lengths, ascending.
    Run(Charset, Vec<(u16, u16)>),
    /// A UUID in one case.
    Uuid,
    /// `{secret}`: in templates only.
    Secret,
    /// `{badsum}`: in templates only.
    BadChecksum,
}

/// The literal text that a shape of these parts starts with; empty where it starts otherwise.
#[must_use]
pub fn literal_start(parts: &[Part]) -> &[u8] {
    if let Some(Part::Literal(bytes)) = parts.first() { bytes } else { b"" }
}

/// Why a shape or template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{{{placeholder}}}: {problem}")]
pub struct ShapeError {
    placeholder: String,
    problem: &'static str,
}

/// Splits a template into its parts. Braces that hold no placeholder stand for themselves.
///
/// # Errors
/// A placeholder with a known charset but a wrong length, or an unknown charset with a length.
pub fn parse(template: &str) -> Result<Vec<Part>, ShapeError> {
    let mut parts = Vec::new();
    let mut literal = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        literal.extend_from_slice(&rest.as_bytes()[..open]);
        rest = &rest[open..];
        let Some((part, length)) = placeholder(rest)? else {
            literal.push(b'{');
            rest = &rest[1..];
            continue;
        };
        if let Some(part) = part {
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part);
        }
        rest = &rest[length..];
    }
    literal.extend_from_slice(rest.as_bytes());
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

/// The placeholder that `text` starts with and its length in bytes; no part for the empty placeholder, `None` for a plain brace.
fn placeholder(text: &str) -> Result<Option<(Option<Part>, usize)>, ShapeError> {
    let close =
        if text.starts_with("{[") { text.find("]:").and_then(|at| text[at..].find('}').map(|end| at + end)) } else { text.find('}') };
    let Some(close) = close else { return Ok(None) };
    let inner = &text[1..close];
    let part = match inner {
        "" => None,
        "secret" => Some(Part::Secret),
        "badsum" => Some(Part::BadChecksum),
        "uuid" => Some(Part::Uuid),
        _ => match run(inner)? {
            Some(part) => Some(part),
            None => return Ok(None),
        },
    };
    Ok(Some((part, close + 1)))
}

/// `charset:lengths`, or `None` where the text is not meant as a placeholder.
fn run(inner: &str) -> Result<Option<Part>, ShapeError> {
    let error = |problem| ShapeError { placeholder: inner.to_owned(), problem };
    let (charset, lengths) = if let Some(list) = inner.strip_prefix('[') {
        let Some((list, lengths)) = list.rsplit_once("]:") else { return Ok(None) };
        (Charset::listed(list).ok_or_else(|| error("the list of characters is empty or a range runs backwards"))?, lengths)
    } else {
        let Some((name, lengths)) = inner.split_once(':') else { return Ok(None) };
        let is_length = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || b",-".contains(&byte));
        match Charset::named(name) {
            Some(charset) => (charset, lengths),
            None if is_length(lengths) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') => {
                return Err(error("no such charset"));
            }
            None => return Ok(None),
        }
    };
    let ranges =
        lengths.split(',').map(range).collect::<Option<Vec<_>>>().ok_or_else(|| error("the length is not N, N-M or a list of them"))?;
    if ranges.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
        return Err(error("lengths must ascend"));
    }
    Ok(Some(Part::Run(charset, ranges)))
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (min, max) = text.split_once('-').unwrap_or((text, text));
    let (min, max) = (min.parse().ok()?, max.parse().ok()?);
    (0 < min && min <= max).then_some((min, max))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_of(name: &str, ranges: &[(u16, u16)]) -> Part {
        Part::Run(Charset::named(name).expect("a charset of the test"), ranges.to_vec())
    }

    #[test]
    fn literals_and_runs() {
        assert_eq!(
            parse("exc_{alnum:3}-{hex:2-4}").unwrap(),
            [Part::Literal(b"exc_".to_vec()), run_of("alnum", &[(3, 3)]), Part::Literal(b"-".to_vec()), run_of("hex", &[(2, 4)])]
        );
        assert_eq!(parse("{hex:32,40}").unwrap(), [run_of("hex", &[(32, 32), (40, 40)])]);
    }

    #[test]
    fn plain_braces_stand_for_themselves() {
        assert_eq!(
            parse(r#"{"key": "{secret}"}"#).unwrap(),
            [Part::Literal(br#"{"key": ""#.to_vec()), Part::Secret, Part::Literal(br#""}"#.to_vec())]
        );
        assert_eq!(parse("${HOME} AK{}IA").unwrap(), [Part::Literal(b"${HOME} AKIA".to_vec())]);
    }

    #[test]
    fn lists_keep_dashes_at_the_ends() {
        let parts = parse("{[a-c._-]:5}").unwrap();
        let [Part::Run(set, _)] = parts.as_slice() else { panic!("one run, not {parts:?}") };
        assert_eq!(set.bytes().collect::<Vec<_>>(), b"-._abc");
    }

    #[test]
    fn wrong_placeholders_are_errors() {
        for wrong in ["{alnun:32}", "{hex:0}", "{hex:9-3}", "{hex:}", "{hex:8,4}", "{[c-a]:3}"] {
            assert!(parse(wrong).is_err(), "{wrong} should not parse");
        }
    }
}
