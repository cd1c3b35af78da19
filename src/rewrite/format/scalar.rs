//! Scalars of configuration. Owns: how a new text is put in the place of one, in its own quotes. Must not: find scalars; each format does.

use std::ops::Range;

use crate::rewrite::literal::Decode;
use crate::rewrite::{Spelling, Splice};
use crate::secret::Secret;

/// A value in a file.
pub(super) struct Scalar {
    /// The whole token, quotes included.
    pub token: Range<usize>,
    /// What it stands for.
    pub decode: Decode,
    /// Keys from the root of the document to it; numbers of list items are left out.
    pub path: Vec<String>,
    /// How new text is spelled.
    pub quote: Quote,
}

/// How text is written as a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    /// As it is, within what is around it.
    Raw,
    /// As it is, between these.
    Around(&'static str),
    /// In a string with JSON's escapes.
    Json,
    /// In YAML, plain where that is the same text, else in single quotes; `flow` within `[]` or `{}`.
    Plain {
        /// Whether it is within brackets.
        flow: bool,
    },
    /// In YAML's or HCL-like single quotes, doubled inside.
    Single,
    /// As XML text or attribute.
    Entities,
}

impl Scalar {
    /// A stretch of text that is spelled as it is.
    pub fn raw(text: &str, span: Range<usize>) -> Self {
        let value = Secret::new(text[span.clone()].as_bytes());
        let decode = Decode { value, span: span.clone(), spelling: Spelling::Plain };
        Self { token: span, decode, path: Vec::new(), quote: Quote::Raw }
    }

    /// The splice that puts `text` in place of the token.
    pub fn put(&self, text: &str) -> Splice {
        let span = if self.quote == Quote::Raw { self.decode.span.clone() } else { self.token.clone() };
        Splice { span, text: self.quote.spell(text).into() }
    }
}

impl Quote {
    /// The token for a text without control characters.
    pub fn spell(self, text: &str) -> String {
        match self {
            Self::Raw => text.to_owned(),
            Self::Around(quote) => format!("{quote}{text}{quote}"),
            Self::Json => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            Self::Single => format!("'{}'", text.replace('\'', "''")),
            Self::Plain { flow } if is_plain(text, flow) => text.to_owned(),
            Self::Plain { .. } => Self::Single.spell(text),
            Self::Entities => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
        }
    }
}

/// Whether YAML reads a plain scalar as this text and not as a number, boolean, comment or collection.
fn is_plain(text: &str, flow: bool) -> bool {
    let inner = text.chars().all(|character| character.is_ascii_graphic() && !(flow && ",[]{}".contains(character)));
    text.starts_with(|first: char| first.is_ascii_alphabetic() || "$<".contains(first)) && text.len() > 5 && inner && !text.ends_with(':')
}
