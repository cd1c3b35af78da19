//! Places in the languages that are only split into tokens. Owns: what they share: names of places, constants, brackets around them.
//! Must not: know one language.

use std::ops::Range;

use super::lexer::{Lexicon, Tokens, Where};
use super::place::{Place, is_login, is_no_template, last_word};
use crate::rewrite::Manual;
use crate::rewrite::literal::manual;

/// A literal and its neighbours.
pub(super) struct Spot<'t> {
    /// The file.
    pub tokens: Tokens<'t>,
    /// Number of the first token of the literal.
    pub first: usize,
    /// Number of its last token.
    pub last: usize,
    /// The place so far.
    pub place: Place,
}

/// A place as far as its tokens tell.
pub(super) enum Found<'t> {
    /// In a comment: done.
    Prose(Place),
    /// In a literal.
    Literal(Box<Spot<'t>>),
}

/// Finds the literal that holds `span`, with those that `joins` joins it to.
///
/// # Errors
/// It is in no literal.
pub(super) fn find<'t>(text: &'t str, lexicon: &Lexicon, span: Range<usize>, joins: &[&str]) -> Result<Found<'t>, Manual> {
    let (tokens, at) = Tokens::to(text, lexicon, &span)?;
    let Where::Token(at) = at else { return Ok(Found::Prose(Place::prose(span))) };
    let (parts, first, last) = tokens.joined(at, joins);
    let place = Place::code(parts);
    if tokens.before(first, 1) == "(" && tokens.at(last + 1) == "," {
        is_no_template(tokens.before(first, 2), &text[place.whole.clone()])?;
    }
    Ok(Found::Literal(Box::new(Spot { tokens, first, last, place })))
}

impl<'t> Spot<'t> {
    /// Text of the token `back` before the literal.
    pub fn before(&self, back: usize) -> &'t str {
        self.tokens.before(self.first, back)
    }

    /// Text of the token `on` after the literal.
    pub fn after(&self, on: usize) -> &'t str {
        self.tokens.at(self.last + on)
    }

    /// Replaces the tokens `from` to `to` whole.
    pub fn replace(&mut self, from: usize, to: usize) {
        self.place.whole = self.tokens.all[from].span.start..self.tokens.all[to].span.end;
    }

    /// Notes that the place is the default of this variable.
    pub fn reads(&mut self, variable: &str) -> Result<(), Manual> {
        let is_name = !variable.is_empty() && variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(manual("it is the default of a variable whose name is not understood", "take the default out by hand"));
        }
        self.place.variable = Some(variable.to_owned());
        Ok(())
    }

    /// The words of the statement that holds the literal, up to it; the number of its first token too.
    pub fn head(&self, lines: bool) -> (usize, Vec<&'t str>) {
        let start = self.tokens.statement(self.first, lines);
        (start, (start..self.first).map(|index| self.tokens.at(index)).collect())
    }

    /// The heads of the statements around the literal, the innermost first: up to the literal, then up to each bracket.
    pub fn heads(&self) -> Vec<Vec<&'t str>> {
        let up_to = |index: usize| {
            let start = self.tokens.statement(index, false);
            (start..index).map(|index| self.tokens.at(index)).collect::<Vec<_>>()
        };
        std::iter::once(self.first).chain(self.tokens.around(self.first)).map(up_to).collect()
    }

    /// What the literal is called, by the tokens before it.
    pub fn name(&self) -> Option<String> {
        let starts = |token: &super::lexer::Token| token.span.start < self.place.whole.start;
        let first = if self.place.variable.is_none() { self.first } else { self.tokens.all.partition_point(starts) };
        let back = |count: usize| self.tokens.before(first, count);
        let literal = |count: usize| first.checked_sub(count).and_then(|index| self.tokens.plain(index));
        let found = match back(1) {
            "=" | "+=" | "||=" | "??=" => {
                // `val name: Type? = …`
                let kind = if back(2) == "?" { 3 } else { 2 };
                let target = if back(kind + 1) == ":" { back(kind + 2) } else { back(2) };
                if target == "]" { literal(3).and_then(last_word) } else { last_word(target) }
            }
            ":" | "=>" | "->" | "to" | "==" | "!=" | "===" | "-eq" => literal(2).or_else(|| Some(back(2))).and_then(last_word),
            "," if self.callee(first).is_some_and(|callee| is_login(&callee)) => self.callee(first),
            "," => literal(2).and_then(last_word).or_else(|| self.callee(first)),
            "(" => self.callee(first),
            word => last_word(word.trim_start_matches('-')).filter(|_| !matches!(word, "return" | "when" | "case" | "puts" | "echo")),
        };
        found.or_else(|| self.place.variable.clone())
    }

    fn callee(&self, first: usize) -> Option<String> {
        let open = self.tokens.around(first).next()?;
        last_word(self.tokens.before(open, 1))
    }
}
