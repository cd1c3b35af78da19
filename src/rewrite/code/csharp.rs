//! C#. Owns: its literals, constants that become read-only fields, where constants are needed, reads of the environment with a default.
//! Must not: evaluate.

use std::ops::Range;

use super::Language;
use super::cdk;
use super::client::Client;
use super::lexer::{self, Kind, Lexicon, Rule, Token};
use super::lexical::{self, Found, Spot};
use super::place::Place;
use crate::rewrite::literal::{Block, Numeric, RAW, Syntax, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct CSharp;

const STRING: Syntax =
    Syntax { escape: Some('\\'), letters: "nrtabvf0", itself: "\\'\"", numeric: &[Numeric::unit('u'), Numeric::exact('U', 8)], ..RAW };
const VERBATIM: Syntax = Syntax { doubled: &["\"\""], ..RAW };
const FORMATTED: Syntax = Syntax { doubled: &["{{", "}}"], ..STRING };
const FORMATTED_VERBATIM: Syntax = Syntax { doubled: &["\"\"", "{{", "}}"], ..RAW };

pub(super) const LEXICON: Lexicon = Lexicon {
    line_comments: &["//"],
    block_comments: &[("/*", "*/")],
    nested: false,
    rules: &[
        Rule { open: "$@\"", close: "\"", syntax: &FORMATTED_VERBATIM, hole: Some("{"), lines: true },
        Rule { open: "@$\"", close: "\"", syntax: &FORMATTED_VERBATIM, hole: Some("{"), lines: true },
        Rule { open: "$\"", close: "\"", syntax: &FORMATTED, hole: Some("{"), lines: false },
        Rule { open: "@\"", close: "\"", syntax: &VERBATIM, hole: None, lines: true },
        Rule { open: "\"", close: "\"", syntax: &STRING, hole: None, lines: false },
    ],
    special,
    word: "_@",
    operators: &["??=", "=>", "??", "==", "!=", "?."],
};

/// Raw strings with any number of quotes, characters, and instructions to the preprocessor.
fn special(text: &str, at: usize, tokens: &[Token]) -> Option<Token> {
    let rest = &text[at..];
    if rest.starts_with('#') && tokens.last().is_none_or(|last| last.kind == Kind::Line) {
        return Some(Token::new(Kind::Mark, at..at + rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with('\'') {
        return lexer::character(text, at);
    }
    let holes = rest.bytes().take_while(|byte| *byte == b'$').count();
    let quotes = rest[holes..].bytes().take_while(|byte| *byte == b'"').count();
    if quotes < 3 {
        return None;
    }
    let open = holes + quotes;
    let close = rest[open..].find(&"\"".repeat(quotes))? + open;
    let more = rest[close..].bytes().take_while(|byte| *byte == b'"').count();
    let span = at..at + close + more;
    if holes > 0 {
        return Some(Token::new(Kind::Together, span));
    }
    let is_block = rest[open..close].contains('\n');
    let quoting = lexer::block(open, quotes, &RAW, if is_block { Block::Closing } else { Block::No });
    Some(Token { kind: Kind::Text, span, quoting: Some(quoting) })
}

impl Language for CSharp {
    fn name(&self) -> &'static str {
        "csharp"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let mut spot = match lexical::find(text, &LEXICON, span, &["+"])? {
            Found::Prose(place) => return Ok(place),
            Found::Literal(spot) => spot,
        };
        allowed(&spot)?;
        let read = ["Environment", ".", "GetEnvironmentVariable", "("];
        if spot.before(1) == "??" && spot.before(2) == ")" && spot.first >= 7 {
            let start = spot.first - 7;
            if (0..4).all(|index| spot.tokens.at(start + index) == read[index]) {
                let variable = spot.tokens.plain(start + 4).unwrap_or_default();
                let from = if spot.tokens.before(start, 2) == "System" { start - 2 } else { start };
                spot.reads(variable)?;
                spot.replace(from, spot.last);
            }
        }
        constant(&mut spot)?;
        spot.place.name = spot.name();
        let ends =
            matches!(spot.after(1), ";" | "," | ")" | "}") && matches!(spot.before(1), "=" | "(" | "," | "=>" | "return" | ":" | "??");
        if !ends || spot.place.variable.is_some() && !matches!(spot.after(1), ";" | "," | ")" | "}") {
            spot.place.around = ("(", ")");
        }
        let of_resource = cdk::of_initializer(&spot);
        cdk::CSHARP.fit(&mut spot.place, text, of_resource)?;
        if spot.place.resolved.is_some() {
            spot.place.around = ("", "");
        }
        Ok(spot.place)
    }

    fn lookup(&self, variable: &str, _place: &Place, text: &str) -> String {
        let system = if text.contains("using System;") { "" } else { "System." };
        format!(
            "{system}Environment.GetEnvironmentVariable(\"{variable}\") ?? throw new {system}InvalidOperationException(\"{variable} is not set\")"
        )
    }

    fn surroundings(&self, _source: Source<'_>, _text: &str, _places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        Ok(Rewritten::default())
    }

    fn client(&self) -> Option<&dyn Client> {
        Some(self)
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        lexer::verify(&LEXICON, before, after, splices)
    }
}

/// Whether the bracket at `open` opens an attribute.
fn is_attribute(spot: &Spot<'_>, open: usize) -> bool {
    spot.tokens.at(open) == "["
        && matches!(spot.tokens.before(open, 1), "" | ";" | "{" | "}" | "]" | "(" | ",")
        && spot.tokens.is_word(open + 1)
        && !matches!(spot.tokens.before(open, 2), "=" | "return")
}

/// Whether an expression may stand here.
fn allowed(spot: &Spot<'_>) -> Result<(), Manual> {
    if spot.tokens.around(spot.first).any(|open| is_attribute(spot, open)) {
        return Err(manual("an argument of an attribute must be a constant", "read a setting of the configuration there"));
    }
    if matches!(spot.before(1), "case" | "is" | "or" | "and" | "not") || spot.after(1) == "=>" {
        return Err(manual("a pattern must be a constant", "compare with ==, then migrate again"));
    }
    if spot.after(1) == "u8" {
        return Err(manual("it is a literal of bytes", "read the variable and take its bytes"));
    }
    let in_parentheses = spot.tokens.around(spot.first).next().is_some_and(|open| spot.tokens.at(open) == "(");
    let typed = spot.first >= 3 && (spot.tokens.is_word(spot.first - 3) || matches!(spot.before(3), "?" | ">" | "]"));
    if in_parentheses && spot.before(1) == "=" && typed {
        return Err(manual("the default of a parameter must be a constant", "make it null, and read the variable in the method"));
    }
    if spot.before(1) == "[" || spot.before(1) == "{" && spot.after(1) == "," && spot.before(2) == "{" {
        return Err(manual("it is a key", "keep the value in a variable and look it up by that"));
    }
    Ok(())
}

/// Turns a constant into a read-only field, or a local one into a variable.
fn constant(spot: &mut Spot<'_>) -> Result<(), Manual> {
    let (start, head) = spot.head(false);
    let Some(offset) = head.iter().position(|token| *token == "const") else { return Ok(()) };
    let simple = spot.before(1) == "=" && spot.after(1) == ";" && head.len() == offset + 4;
    if !simple {
        return Err(manual("it is part of an expression that must be constant", "make it a read-only field, then migrate again"));
    }
    let at = start + offset;
    let name = spot.before(2);
    let own = spot.first - 2;
    let wrong = |index: usize| {
        let statement = spot.tokens.statement(index, false);
        let in_const = (statement..index).any(|token| spot.tokens.at(token) == "const");
        let attribute = spot.tokens.around(index).any(|open| is_attribute(spot, open));
        in_const
            || attribute
            || matches!(spot.tokens.before(index, 1), "case" | "is" | "or")
            || spot.tokens.before(index, 1) == "=" && spot.tokens.around(index).next().is_some_and(|open| spot.tokens.at(open) == "(")
    };
    if spot.tokens.uses(name, own, wrong) {
        return Err(manual(
            format!("the constant {name} is used where the language needs a constant"),
            "take it out there, then migrate again",
        ));
    }
    let block = spot.tokens.around(spot.first).find(|open| spot.tokens.at(*open) == "{");
    let types = ["class", "struct", "record", "interface"];
    let member = block.is_some_and(|block| {
        let from = spot.tokens.statement(block, false);
        (from..block).any(|index| types.contains(&spot.tokens.at(index)))
    });
    let keyword = spot.tokens.all[at].span.clone();
    let next = spot.tokens.all[at + 1].span.start;
    let edit = if member {
        Splice { span: keyword, text: "static readonly".into() }
    } else {
        Splice { span: keyword.start..next, text: "".into() }
    };
    spot.place.edits.push(edit);
    Ok(())
}
