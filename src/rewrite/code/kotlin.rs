//! Kotlin. Owns: its literals, constants that lose `const`, annotations, reads of the environment with a default. Must not: evaluate.

use std::ops::Range;

use super::Language;
use super::client::Client;
use super::jdbc::{self, Dialect};
use super::lexer::{self, Lexicon, Rule};
use super::lexical::{self, Found, Spot};
use super::place::Place;
use crate::rewrite::literal::{Numeric, RAW, Syntax, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct Kotlin;

const STRING: Syntax =
    Syntax { escape: Some('\\'), letters: "nrtb", itself: "\\'\"$", numeric: &[Numeric::unit('u')], interpolates: is_template, ..RAW };
const VERBATIM: Syntax = Syntax { unix_lines: true, interpolates: is_template, ..RAW };

fn is_template(rest: &str) -> bool {
    rest.strip_prefix('$').and_then(|rest| rest.chars().next()).is_some_and(|next| next.is_alphabetic() || matches!(next, '_' | '{' | '`'))
}

pub(super) const LEXICON: Lexicon = Lexicon {
    line_comments: &["//", "#!"],
    block_comments: &[("/*", "*/")],
    nested: true,
    rules: &[
        Rule { open: "\"\"\"", close: "\"\"\"", syntax: &VERBATIM, hole: Some("${"), lines: true },
        Rule { open: "\"", close: "\"", syntax: &STRING, hole: Some("${"), lines: false },
    ],
    special: |text, at, _| lexer::character(text, at),
    word: "_",
    operators: &["?:", "->", "===", "==", "!=", "?.", "::"],
};

impl Language for Kotlin {
    fn name(&self) -> &'static str {
        "kotlin"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let mut spot = match lexical::find(text, &LEXICON, span, &["+"])? {
            Found::Prose(place) => return Ok(place),
            Found::Literal(spot) => spot,
        };
        if spot.tokens.around(spot.first).any(|open| is_annotation(&spot, open)) {
            return Err(manual("an argument of an annotation must be a constant", "read a property of the configuration there"));
        }
        if spot.after(1) == "." && spot.first != spot.last {
            return Err(manual("a method takes part of the joined literal", "join the literals first, then migrate again"));
        }
        if spot.before(1) == "[" || spot.after(1) == "to" {
            return Err(manual("it is a key", "keep the value in a variable and look it up by that"));
        }
        if spot.before(1) == "?:" && spot.before(2) == ")" && spot.first >= 7 {
            let start = spot.first - 7;
            if ["System", ".", "getenv", "("].into_iter().enumerate().all(|(index, token)| spot.tokens.at(start + index) == token) {
                let variable = spot.tokens.plain(start + 4).unwrap_or_default();
                spot.reads(variable)?;
                spot.replace(start, spot.last);
            }
        }
        constant(&mut spot)?;
        spot.place.name = spot.name();
        let ends = spot.tokens.breaks(spot.last + 1) && spot.after(1) != "." && spot.after(1) != "?."
            || matches!(spot.after(1), "," | ")" | "}" | ";");
        if !ends || !matches!(spot.before(1), "=" | "(" | "," | "return" | "?:" | "->") {
            spot.place.around = ("(", ")");
        }
        Ok(spot.place)
    }

    fn lookup(&self, variable: &str, _place: &Place, _text: &str) -> String {
        format!("System.getenv(\"{variable}\") ?: error(\"{variable} is not set\")")
    }

    fn surroundings(&self, _source: Source<'_>, _text: &str, _places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        Ok(Rewritten::default())
    }

    fn client(&self) -> Option<&dyn Client> {
        Some(self)
    }

    fn jdbc(&self) -> Option<&'static Dialect> {
        Some(&Dialect { lexicon: &LEXICON, lines: true, loads: jdbc::loaded_in_place })
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        lexer::verify(&LEXICON, before, after, splices)
    }
}

/// Whether the bracket at `open` opens the arguments of an annotation.
fn is_annotation(spot: &Spot<'_>, open: usize) -> bool {
    let mut name = open;
    while name >= 2 && matches!(spot.tokens.before(name, 2), "." | ":") {
        name -= 2;
    }
    spot.tokens.at(open) == "(" && spot.tokens.before(name, 2) == "@"
}

/// Takes `const` off.
fn constant(spot: &mut Spot<'_>) -> Result<(), Manual> {
    let (start, head) = spot.head(true);
    let Some(offset) = head.iter().position(|token| *token == "const") else { return Ok(()) };
    let value = head.iter().position(|token| *token == "val").unwrap_or_default();
    let name = head.get(value + 1).copied().unwrap_or_default();
    if spot.before(1) != "=" || !spot.tokens.breaks(spot.last + 1) && spot.after(1) != ";" {
        return Err(manual("it is part of an expression that must be constant", "take `const` off, then migrate again"));
    }
    let wrong = |index: usize| {
        let statement = spot.tokens.statement(index, true);
        spot.tokens.around(index).any(|open| is_annotation(spot, open)) || (statement..index).any(|token| spot.tokens.at(token) == "const")
    };
    if spot.tokens.uses(name, start + value + 1, wrong) {
        return Err(manual(
            format!("the constant {name} is used where the language needs a constant"),
            "take it out there, then migrate again",
        ));
    }
    let at = start + offset;
    let span = spot.tokens.all[at].span.start..spot.tokens.all[at + 1].span.start;
    spot.place.edits.push(Splice { span, text: "".into() });
    Ok(())
}
