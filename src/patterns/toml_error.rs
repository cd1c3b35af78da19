//! What is wrong with a TOML file, in words that may be printed. Owns: leaving the file's own text out of them. Must not: read files.
//!
//! The parser's message quotes the line or the value it stumbled over. Where somebody names a wrong file, that is a password.

use std::fmt;

use crate::secret::mask;

/// A parser's message without the values it quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TomlError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The message.
    pub message: String,
}

impl TomlError {
    /// The error of reading `text`.
    #[must_use]
    pub fn new(text: &str, error: &toml::de::Error) -> Self {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        Self { line, column, message: without_values(error.message()) }
    }
}

impl fmt::Display for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for TomlError {}

/// Line and column of an offset in a text, in characters from 1.
#[must_use]
pub fn position(text: &str, offset: usize) -> (usize, usize) {
    let head = &text[..text.floor_char_boundary(offset)];
    let line_start = head.rfind('\n').map_or(0, |found| found + 1);
    (head.matches('\n').count() + 1, head[line_start..].chars().count() + 1)
}

/// `message` with the value it quotes masked: strings always, names where they are no plain word, as every key and choice is.
fn without_values(message: &str) -> String {
    let is_word = |text: &str| text.len() <= 30 && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'));
    for (before, after) in [("unknown field `", "`, expected"), ("unknown variant `", "`, expected"), ("string \"", "\", expected")] {
        // From the right: what the schema knows comes last, and a value may hold anything.
        let Some((head, rest)) = message.split_once(before) else { continue };
        if let Some((value, tail)) = rest.rsplit_once(after).filter(|(value, _)| before.ends_with('"') || !is_word(value)) {
            return format!("{head}{before}{}{after}{tail}", mask(value.as_bytes()));
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Keys {
        #[expect(dead_code, reason = "only its type counts")]
        list: Vec<String>,
    }

    fn error(text: &str) -> String {
        TomlError::new(text, &toml::from_str::<Keys>(text).unwrap_err()).to_string()
    }

    #[test]
    fn words_are_named_and_values_are_not() {
        assert_eq!(error("\nlits = []"), "2:1: unknown field `lits`, expected `list`");
        assert_eq!(error("\"K7x`, 9Qw2\" = []"), "1:1: unknown field `K7********`, expected `list`");
        assert_eq!(error("list = 'K7x 9Qw2'"), "1:8: invalid type: string \"K7********\", expected a sequence");
    }
}
