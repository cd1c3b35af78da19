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
    /// The line end that the token ends with.
    pub line_end: Option<&'static str>,
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
    /// In place of a block of YAML, with a line end where the block's last one was of the value.
    Block,
}

impl Scalar {
    /// A stretch of text that is spelled as it is.
    pub fn raw(text: &str, span: Range<usize>) -> Self {
        let value = Secret::new(text[span.clone()].as_bytes());
        let decode = Decode { value, span: span.clone(), spelling: Spelling::Plain };
        Self { token: span, decode, path: Vec::new(), quote: Quote::Raw, line_end: None }
    }

    /// The splice that puts `text` in place of the token.
    pub fn put(&self, text: &str) -> Splice {
        let span = if self.quote == Quote::Raw { self.decode.span.clone() } else { self.token.clone() };
        let mut new = self.quote.spell(text);
        if let (Quote::Block, Some(line_end)) = (self.quote, self.line_end) {
            new += line_end;
        }
        Splice { span, text: new.into() }
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
            Self::Block => Self::Plain { flow: false }.spell(text),
            Self::Plain { flow } if is_plain(text, flow) => text.to_owned(),
            Self::Plain { .. } => Self::Single.spell(text),
        }
    }
}

/// Whether YAML reads a plain scalar as this text and not as a number, boolean, comment or collection.
fn is_plain(text: &str, flow: bool) -> bool {
    let inner = text.chars().all(|character| character.is_ascii_graphic() && !(flow && ",[]{}".contains(character)));
    text.starts_with(|first: char| first.is_ascii_alphabetic() || "$<".contains(first)) && text.len() > 5 && inner && !text.ends_with(':')
}
