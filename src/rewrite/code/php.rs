//! PHP. Owns: its literals, the text around the code, where constants are needed, reads of the environment with a default. Must not: evaluate.

use std::ops::Range;

use super::Language;
use super::client::Client;
use super::lexer::{self, Kind, Lexicon, Rule, Token};
use super::lexical::{self, Found, Spot};
use super::place::Place;
use crate::rewrite::literal::{Numeric, RAW, Syntax, Unknown, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct Php;

const SINGLE: Syntax = Syntax { escape: Some('\\'), itself: "\\'", unknown: Unknown::Kept, ..RAW };
const DOUBLE: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrtvef",
    itself: "\\\"$",
    unknown: Unknown::Kept,
    numeric: &[Numeric::byte('x', 1, 2), Numeric::braced('u')],
    octal: 3,
    interpolates: is_variable,
    ..RAW
};

fn is_variable(rest: &str) -> bool {
    let after = |sign: &str| rest.strip_prefix(sign).and_then(|rest| rest.chars().next());
    rest.starts_with("{$") || after("$").is_some_and(|next| next.is_alphabetic() || matches!(next, '_' | '{'))
}

pub(super) const LEXICON: Lexicon = Lexicon {
    line_comments: &[],
    block_comments: &[("/*", "*/")],
    nested: false,
    rules: &[
        Rule { open: "'", close: "'", syntax: &SINGLE, hole: None, lines: true },
        Rule { open: "\"", close: "\"", syntax: &DOUBLE, hole: Some("{$"), lines: true },
    ],
    special,
    word: "_$\\",
    operators: &["??=", "===", "!==", "==", "!=", "=>", "->", "::", "??", "?:", "#["],
};

/// The text around the code, comments that its end ends too, here documents and commands.
fn special(text: &str, at: usize, _tokens: &[Token]) -> Option<Token> {
    let rest = &text[at..];
    let outside = |from: usize| {
        let ends = ["<?php", "<?="].into_iter().filter_map(|open| text[from..].find(open).map(|at| from + at + open.len()));
        ends.min().unwrap_or(text.len())
    };
    if at == 0 {
        return Some(Token::new(Kind::Outside, 0..outside(0)));
    }
    if rest.starts_with("?>") {
        return Some(Token::new(Kind::Outside, at..outside(at)));
    }
    if rest.starts_with("//") || rest.starts_with('#') && !rest.starts_with("#[") {
        let line = rest.find('\n').unwrap_or(rest.len());
        return Some(Token::new(Kind::Comment, at..at + rest[..line].find("?>").unwrap_or(line)));
    }
    if let Some(inner) = rest.strip_prefix('`') {
        let end = inner.find('`').map_or(rest.len(), |end| end + 2);
        return Some(Token::new(Kind::Together, at..at + end));
    }
    let opening = rest.strip_prefix("<<<")?;
    let name = opening.trim_start_matches([' ', '"', '\'']);
    let name: String = name.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
    let mut end = super::next_line(text, at);
    while end < text.len() {
        let line = text[end..super::next_line(text, end)].trim_start();
        let after = line.strip_prefix(name.as_str()).filter(|after| !after.starts_with(|next: char| next.is_alphanumeric() || next == '_'));
        if let Some(after) = after.filter(|_| !name.is_empty()) {
            let next = super::next_line(text, end);
            return Some(Token::new(Kind::Together, at..next - after.len()));
        }
        end = super::next_line(text, end);
    }
    Some(Token::new(Kind::Together, at..text.len()))
}

impl Language for Php {
    fn name(&self) -> &'static str {
        "php"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let mut spot = match lexical::find(text, &LEXICON, span, &["."])? {
            Found::Prose(place) => return Ok(place),
            Found::Literal(spot) => spot,
        };
        allowed(&spot)?;
        default(&mut spot)?;
        spot.place.name = spot.name().map(|name| name.trim_start_matches('$').to_owned());
        // How far away what stands around the expression is.
        let (before, after) = if is_call(&spot) { (5, 2) } else { (1, 1) };
        if !matches!(spot.after(after), ";" | "," | ")" | "]")
            || !matches!(spot.before(before), "=" | "(" | "," | "=>" | "return" | "?:" | "??" | "[")
        {
            spot.place.around = ("(", ")");
        }
        Ok(spot.place)
    }

    fn lookup(&self, variable: &str, place: &Place, text: &str) -> String {
        // Laravel's reads `.env`, too, and gives null where a variable is missing.
        let read = if text[place.whole.clone()].starts_with("env(") {
            format!("env('{variable}') ??")
        } else {
            format!("getenv('{variable}') ?:")
        };
        format!("{read} throw new \\RuntimeException('{variable} is not set')")
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

/// Whether an expression may stand here.
fn allowed(spot: &Spot<'_>) -> Result<(), Manual> {
    if spot.tokens.around(spot.first).any(|open| spot.tokens.at(open) == "#[") {
        return Err(manual("an argument of an attribute must be a constant", "read a setting of the configuration there"));
    }
    for head in spot.heads() {
        let has = |word: &str| head.contains(&word);
        let assigns = has("=");
        if has("const") && assigns {
            return Err(manual(
                "a constant must not be computed when the program runs",
                "make it a method that reads the variable, or use define()",
            ));
        }
        let modifiers = ["public", "private", "protected", "var", "readonly", "static"];
        if head.iter().take(4).any(|word| modifiers.contains(word)) && assigns && !has("function") && !has("fn") && !has("(") {
            return Err(manual("the default of a property must be a constant", "set it in the constructor, then migrate again"));
        }
        if head.first() == Some(&"case") && assigns {
            return Err(manual("a case of an enum must be a constant", "make it a method that reads the variable"));
        }
    }
    let is_function = |open: usize| {
        let name = spot.tokens.before(open, 1);
        spot.tokens.at(open) == "(" && (matches!(name, "function" | "fn") || matches!(spot.tokens.before(open, 2), "function" | "&"))
    };
    if spot.before(1) == "=" && spot.tokens.around(spot.first).next().is_some_and(is_function) {
        return Err(manual("the default of a parameter must be a constant", "make it null, and read the variable in the function"));
    }
    if spot.after(1) == "=>" {
        return Err(manual("it is the key of an array", "keep the value in a variable and look it up by that"));
    }
    if spot.before(1) == "[" && spot.after(1) == "]" && (spot.before(2).starts_with('$') || spot.before(2) == "]") {
        return Err(manual("it is a key", "keep the value in a variable and look it up by that"));
    }
    if matches!(spot.before(1), "include" | "require" | "include_once" | "require_once" | "namespace" | "declare") {
        return Err(manual("it names a file", "take the value out of the name"));
    }
    Ok(())
}

/// Whether the literal is the default of Laravel's `env('X', 'value')`.
fn is_call(spot: &Spot<'_>) -> bool {
    let is_method = matches!(spot.before(5), "->" | "?->" | "::" | "function");
    spot.before(1) == "," && spot.before(3) == "(" && spot.before(4) == "env" && spot.after(1) == ")" && !is_method
}

/// Finds the read of the environment that the literal is the default of.
fn default(spot: &mut Spot<'_>) -> Result<(), Manual> {
    if spot.before(1) == "?:" && spot.before(2) == ")" && spot.before(4) == "(" && matches!(spot.before(5), "getenv" | "\\getenv") {
        let variable = spot.tokens.plain(spot.first - 3).unwrap_or_default();
        spot.reads(variable)?;
        spot.replace(spot.first - 5, spot.last);
        return Ok(());
    }
    if spot.before(1) == "??" && spot.before(2) == "]" && spot.before(4) == "[" && matches!(spot.before(5), "$_ENV" | "$_SERVER") {
        let variable = spot.tokens.plain(spot.first - 3).unwrap_or_default();
        spot.reads(variable)?;
        spot.replace(spot.first - 5, spot.last);
        return Ok(());
    }
    if is_call(spot) {
        let variable = spot.tokens.plain(spot.first - 2).unwrap_or_default();
        spot.reads(variable)?;
        spot.replace(spot.first - 4, spot.last + 1);
    }
    Ok(())
}
