//! A place of a credential in code. Owns: what is replaced there, with what around it, and how it is called. Must not: find it.

use std::ops::Range;

use bstr::ByteSlice as _;

use super::Secret;
use super::cdk::Resolved;
use crate::rewrite::literal::{self, Decode, Part};
use crate::rewrite::{Manual, Spelling, Splice};

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A literal that becomes an expression.
    Code,
    /// A comment or documentation, in which the value is replaced by its name.
    Prose,
}

/// What the expression in a place gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// One value.
    Value,
    /// A connection URL that is put together of several.
    Url,
}

/// A place of a credential.
pub(super) struct Place {
    /// Prose or code.
    pub kind: Kind,
    /// The tokens of the literal; none in prose and where a stretch of text is replaced.
    pub parts: Vec<Part>,
    /// What the expression takes the place of.
    pub whole: Range<usize>,
    /// Text around the expression.
    pub around: (&'static str, &'static str),
    /// Whether the expression stands within quotes that stay.
    pub bare: bool,
    /// Whether it is evaluated each time that a function runs.
    pub in_function: bool,
    /// Whether an operator that binds closely belongs to it: `"…".length`.
    pub is_operand: bool,
    /// What its expression gives.
    pub gives: Gives,
    /// What comes in its place where the program is one of the CDK.
    pub resolved: Option<Box<Resolved>>,
    /// The type that its expression has to be converted to.
    pub converts: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// The variable that the place reads already.
    pub variable: Option<String>,
    /// What else changes.
    pub edits: Vec<Splice>,
}

impl Place {
    /// A literal of these tokens that becomes an expression.
    pub fn code(parts: Vec<Part>) -> Self {
        let start = parts.first().map_or(0, |part| part.token.start);
        let end = parts.last().map_or(0, |part| part.token.end);
        Self {
            kind: Kind::Code,
            parts,
            whole: start..end,
            around: ("", ""),
            bare: false,
            in_function: false,
            is_operand: false,
            gives: Gives::Value,
            resolved: None,
            converts: None,
            name: None,
            variable: None,
            edits: Vec::new(),
        }
    }

    /// A stretch of prose.
    pub const fn prose(span: Range<usize>) -> Self {
        Self {
            kind: Kind::Prose,
            parts: Vec::new(),
            whole: span,
            around: ("", ""),
            bare: false,
            in_function: false,
            is_operand: false,
            gives: Gives::Value,
            resolved: None,
            converts: None,
            name: None,
            variable: None,
            edits: Vec::new(),
        }
    }

    /// A stretch of text, spelled as it is, that becomes an expression.
    pub fn stretch(span: Range<usize>) -> Self {
        let mut place = Self::prose(span);
        place.kind = Kind::Code;
        place
    }

    /// Its value and spelling.
    ///
    /// # Errors
    /// What is not understood.
    pub fn decode(&self, text: &str) -> Result<Decode, Manual> {
        if self.parts.is_empty() {
            let value = Secret::new(text[self.whole.clone()].as_bytes());
            return Ok(Decode { value, span: self.whole.clone(), spelling: Spelling::Plain });
        }
        literal::decode(text, &self.parts)
    }

    /// The quote that its literal ends with: the one that code here uses.
    pub fn quote(&self, text: &str) -> char {
        let single = self.parts.first().is_some_and(|part| text[part.token.clone()].ends_with('\''));
        if single { '\'' } else { '"' }
    }

    /// The splices that put `expression` here.
    pub fn splices(&self, expression: &str) -> Vec<Splice> {
        let converted = self.converts.as_ref().map(|name| format!("{name}({expression})"));
        let expression = converted.as_deref().unwrap_or(expression);
        let elsewhere = self.edits.iter().any(|edit| edit.text.contains(&HERE));
        let inside = if elsewhere { "" } else { expression };
        let whole = format!("{}{inside}{}", self.around.0, self.around.1);
        let filled = |edit: &Splice| Splice { span: edit.span.clone(), text: edit.text.replace([HERE], expression).into() };
        std::iter::once(Splice { span: self.whole.clone(), text: whole.into() }).chain(self.edits.iter().map(filled)).collect()
    }
}

/// Stands in [`Place::edits`] where the expression goes if not in place of the literal.
pub(super) const HERE: u8 = 0;

/// Functions that put text out: what they are called says nothing of it.
const OUTPUT: &str = "print println printf sprintf fprintf fprintln fprint sprint sprintln print_r eprint eprintln dbg puts fputs p pp echo log logf logln \
                      trace debug debugf info infof warn warnf warning error errorf fatal fatalf fatalln panic write writeline writehost writeoutput";

/// Whether a name is that of a function that puts text out, and so is no name for what it is given.
pub(super) fn is_output(name: &str) -> bool {
    let plain: String = name.chars().filter(|character| *character != '-').map(|character| character.to_ascii_lowercase()).collect();
    OUTPUT.split_whitespace().any(|known| known == plain)
}

/// Whether a function logs somebody in: its first text is who, and does not say what the next one is.
pub(super) fn is_login(function: &str) -> bool {
    let lower = function.to_ascii_lowercase();
    ["auth", "basic", "connect", "credential", "login"].iter().any(|word| lower.contains(word))
}

/// Functions that put values into a text.
const FORMATS: [&str; 7] = ["format", "sprintf", "vsprintf", "printf", "fprintf", "errorf", "appendformat"];

/// Refuses the first text of a function that puts values into it: the credential is a part of what comes out.
///
/// # Errors
/// It is one.
pub(super) fn is_no_template(function: &str, literal: &str) -> Result<(), Manual> {
    let holes = |sign: char| {
        literal.match_indices(sign).any(|(at, _)| literal[at + 1..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '+'))
    };
    let name = last_word(function).unwrap_or_default().to_ascii_lowercase();
    if FORMATS.contains(&name.as_str()) && (holes('%') || holes('{')) {
        return Err(literal::template());
    }
    Ok(())
}

/// The last identifier of a text such as `settings.DB["password"]`.
pub(super) fn last_word(text: &str) -> Option<String> {
    let is_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    let end = text.rfind(is_word).map(|at| at + text[at..].chars().next().map_or(1, char::len_utf8))?;
    let start = text[..end].rfind(|character| !is_word(character)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let word = text[start..end].trim_matches('-');
    (word.len() <= 64 && word.starts_with(|first: char| first.is_alphabetic() || first == '_')).then(|| word.to_owned())
}
