//! PowerShell. Owns: its literals and here strings, arguments of commands, reads of the environment with a default. Must not: evaluate.

use std::ops::Range;

use super::Language;
use super::lexer::{self, Kind, Lexicon, Rule, Token};
use super::lexical::{self, Found, Spot};
use super::place::Place;
use crate::rewrite::literal::{self, Quoting, RAW, Syntax, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct PowerShell;

const SINGLE: Syntax = Syntax { doubled: &["''"], ..RAW };
const DOUBLE: Syntax = Syntax { escape: Some('`'), doubled: &["\"\""], itself: "`\"'$ #@(){}", interpolates: is_variable, ..RAW };
const HERE: Syntax = Syntax { doubled: &[], ..DOUBLE };

fn is_variable(rest: &str) -> bool {
    rest.strip_prefix('$').and_then(|rest| rest.chars().next()).is_some_and(|next| next.is_alphanumeric() || "_{(?^$:".contains(next))
}

const LEXICON: Lexicon = Lexicon {
    line_comments: &[],
    block_comments: &[("<#", "#>")],
    nested: false,
    rules: &[
        Rule { open: "'", close: "'", syntax: &SINGLE, hole: None, lines: true },
        Rule { open: "\"", close: "\"", syntax: &DOUBLE, hole: Some("$("), lines: true },
    ],
    special,
    word: "_$-:",
    operators: &["??", "+=", "::", "@{", "@(", "$("],
};

/// Comments, which start where a word could, and here strings.
fn special(text: &str, at: usize, _tokens: &[Token]) -> Option<Token> {
    let rest = &text[at..];
    if rest.starts_with('#') && (at == 0 || text[..at].ends_with([' ', '\t', '\n', ';', '(', ')', '{', '}', '\u{feff}'])) {
        return Some(Token::new(Kind::Comment, at..at + rest.find('\n').unwrap_or(rest.len())));
    }
    if let Some(next) = rest.strip_prefix('`') {
        // The line goes on.
        let length = if next.starts_with("\r\n") { 3 } else { 1 + next.chars().next().map_or(0, char::len_utf8) };
        return Some(Token::new(Kind::Comment, at..at + length));
    }
    if rest.starts_with("@{") || rest.starts_with("@(") || rest.starts_with("$(") {
        return Some(Token::new(Kind::Mark, at..at + 2));
    }
    let (close, syntax) = match () {
        () if rest.starts_with("@'") => ("\n'@", &RAW),
        () if rest.starts_with("@\"") => ("\n\"@", &HERE),
        () => return None,
    };
    let open = rest.find('\n').filter(|end| rest[2..*end].trim().is_empty())? + 1;
    // The line end before the closing quote is not of the value; an empty string has only one.
    let end = rest[open - 1..].find(close)? + open - 1;
    if end < open {
        return Some(Token::new(Kind::Together, at..at + end + 3));
    }
    let carriage = usize::from(rest[..end].ends_with('\r'));
    let span = at..at + end + 3;
    Some(Token { kind: Kind::Text, span, quoting: Some(Quoting::new(open, 3 + carriage, syntax)) })
}

impl Language for PowerShell {
    fn name(&self) -> &'static str {
        "powershell"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let mut spot = match lexical::find(text, &LEXICON, span, &["+"])? {
            Found::Prose(place) => return Ok(place),
            Found::Literal(spot) => spot,
        };
        allowed(&spot)?;
        let reads = spot.before(1) == "??" && spot.before(2).to_ascii_lowercase().starts_with("$env:");
        if reads {
            spot.reads(&spot.before(2)["$env:".len()..])?;
            spot.replace(spot.first - 2, spot.last);
        }
        spot.place.name = spot.name().map(|name| name.trim_start_matches('$').to_owned());
        Ok(spot.place)
    }

    fn lookup(&self, variable: &str, _place: &Place, _text: &str) -> String {
        format!("$(if ($null -eq $env:{variable}) {{ throw '{variable} is not set' }} else {{ $env:{variable} }})")
    }

    fn surroundings(&self, _source: Source<'_>, _text: &str, _places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        Ok(Rewritten::default())
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        lexer::verify(&LEXICON, before, after, splices)
    }
}

/// Whether an expression may stand here.
fn allowed(spot: &Spot<'_>) -> Result<(), Manual> {
    let attribute = spot.tokens.around(spot.first).any(|open| {
        spot.tokens.at(open) == "("
            && spot.tokens.around(open).next().is_some_and(|outer| spot.tokens.at(outer) == "[")
            && spot.tokens.is_word(open - 1)
    });
    if attribute {
        return Err(manual("an argument of an attribute must be a constant", "take the value out of the attribute"));
    }
    let in_table = spot.tokens.around(spot.first).next().is_some_and(|open| spot.tokens.at(open) == "@{");
    if in_table && spot.after(1) == "=" {
        return Err(manual("it is the key of a table", "keep the value in a variable and look it up by that"));
    }
    if spot.after(1) == "{" {
        return Err(manual("it is a case of a switch", "compare with -eq, then migrate again"));
    }
    if spot.before(1) == "&" || spot.before(1) == "." {
        return Err(manual("it is the name of a command", "look at the place"));
    }
    if matches!(spot.before(1).to_ascii_lowercase().as_str(), "-f" | "-match" | "-replace" | "-notmatch") || spot.after(1) == "-f" {
        return Err(literal::template());
    }
    Ok(())
}
