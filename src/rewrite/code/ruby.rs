//! Ruby. Owns: its literals, here documents and regular expressions as far as they must not be mistaken, reads of the environment with a
//! default. Must not: evaluate.

use std::ops::Range;

use super::Language;
use super::client::Client;
use super::lexer::{self, Kind, Lexicon, Rule, Token};
use super::lexical::{self, Found, Spot};
use super::place::Place;
use crate::rewrite::literal::{self, Numeric, RAW, Syntax, Unknown, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct Ruby;

const SINGLE: Syntax = Syntax { escape: Some('\\'), itself: "\\'", unknown: Unknown::Kept, unix_lines: true, ..RAW };
const DOUBLE: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrtabvfe",
    itself: "\\'\"#`",
    numeric: &[Numeric::byte('x', 1, 2), Numeric::exact('u', 4), Numeric::braced('u')],
    octal: 3,
    continues: true,
    unix_lines: true,
    interpolates: is_hole,
    ..RAW
};

fn is_hole(rest: &str) -> bool {
    rest.starts_with("#{") || rest.starts_with("#@") || rest.starts_with("#$")
}

pub(super) const LEXICON: Lexicon = Lexicon {
    line_comments: &["#"],
    block_comments: &[],
    nested: false,
    rules: &[
        Rule { open: "'", close: "'", syntax: &SINGLE, hole: None, lines: true },
        Rule { open: "\"", close: "\"", syntax: &DOUBLE, hole: Some("#{"), lines: true },
    ],
    special,
    word: "_@$",
    operators: &["||=", "===", "==", "!=", "=>", "->", "=~", "||", "&&", "::", "&."],
};

/// What looks like other things: here documents, percent literals, regular expressions, commands, documentation, data.
fn special(text: &str, at: usize, tokens: &[Token]) -> Option<Token> {
    let rest = &text[at..];
    let line_starts = at == 0 || text[..at].ends_with('\n');
    if line_starts && rest.starts_with("=begin") {
        let end = rest.find("\n=end").map_or(rest.len(), |end| end + "\n=end".len());
        return Some(Token::new(Kind::Comment, at..at + end));
    }
    if line_starts && rest.starts_with("__END__") && rest["__END__".len()..].trim_start_matches('\r').starts_with(['\n']) {
        return Some(Token::new(Kind::Outside, at..text.len()));
    }
    if rest.starts_with('\n') {
        let bodies = documents(text, at, tokens);
        return (bodies > at + 1).then(|| Token::new(Kind::Together, at..bodies));
    }
    if let Some(inner) = rest.strip_prefix('`') {
        let end = inner.find('`').map_or(rest.len(), |end| end + 2);
        return Some(Token::new(Kind::Together, at..at + end));
    }
    let operand = is_operand(text, at, tokens);
    if rest.starts_with('/') && operand || rest.starts_with('%') && operand && percent(rest).is_some() {
        let end = if rest.starts_with('/') { regex(rest) } else { percent(rest) };
        return end.map(|end| Token::new(Kind::Together, at..at + end));
    }
    // `?x` is a character.
    let mut characters = rest.strip_prefix('?').filter(|_| operand)?.chars();
    let first = characters.next().filter(|first| !first.is_whitespace())?;
    let next = characters.next();
    next.is_none_or(|next| !next.is_alphanumeric() && next != '_').then(|| Token::new(Kind::Word, at..at + 1 + first.len_utf8()))
}

/// Whether what begins here is a value and not the rest of an operation.
fn is_operand(text: &str, at: usize, tokens: &[Token]) -> bool {
    let Some(last) = tokens.last() else { return true };
    let word = &text[last.span.clone()];
    match last.kind {
        Kind::Line => true,
        Kind::Mark => !matches!(word, ")" | "]" | "}"),
        Kind::Word => {
            let keywords = ["if", "unless", "when", "and", "or", "not", "return", "puts", "in", "while", "until", "elsif", "p"];
            // `sub %r{a}, "b"`: as Ruby does, what is set apart before and not after is the argument of a method.
            let is_argument = last.span.end < at
                && !word.starts_with(|first: char| first.is_ascii_digit())
                && !text[at..].chars().nth(1).is_none_or(|next| next.is_whitespace() || next == '=');
            is_argument || keywords.contains(&word)
        }
        _ => false,
    }
}

/// The end of a regular expression on this line.
fn regex(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'\n' => return None,
            b'/' if !escaped => return Some(index + 1),
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    None
}

/// The end of `%q(…)`, `%w[…]` and such.
fn percent(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('%')?;
    let letter = usize::from(after.starts_with(['q', 'Q', 'w', 'W', 'i', 'I', 'r', 'x', 's']));
    let open = after[letter..].chars().next().filter(|open| "([{<|!/".contains(*open))?;
    let close = match open {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        other => other,
    };
    let mut depth = 0_usize;
    let mut escaped = false;
    for (index, character) in rest.char_indices().skip(1 + letter) {
        if !escaped && character == close && (depth == 1 || open == close && depth > 0) {
            return Some(index + 1);
        }
        match character {
            _ if escaped => {}
            _ if character == open => depth += 1,
            _ if character == close => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = character == '\\' && !escaped;
    }
    None
}

/// The end of the here documents that the line ending at `at` opens; `at` + 1 where it opens none.
fn documents(text: &str, at: usize, tokens: &[Token]) -> usize {
    let line = super::line_start(text, at);
    let on_line = tokens.iter().rev().take_while(|token| token.span.start >= line);
    let mut openings: Vec<usize> = on_line
        .filter(|token| token.kind == Kind::Mark && &text[token.span.clone()] == "<" && text[token.span.end..].starts_with('<'))
        .map(|token| token.span.end + 1)
        .collect();
    openings.reverse();
    let mut end = at + 1;
    for opening in openings {
        let word = text[opening..at].trim_start_matches(['~', '-']);
        let quoted = word.strip_prefix(['\'', '"']);
        let name: String =
            quoted.unwrap_or(word).chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
        // `a << b` shifts; a document is named in capitals, or in quotes.
        if name.is_empty() || quoted.is_none() && !name.starts_with(|first: char| first.is_ascii_uppercase()) {
            continue;
        }
        let mut start = end;
        loop {
            let next = super::next_line(text, start);
            let found = text[start..next].trim() == name;
            start = next;
            if found || next >= text.len() {
                break;
            }
        }
        end = start;
    }
    end
}

impl Language for Ruby {
    fn name(&self) -> &'static str {
        "ruby"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let mut spot = match lexical::find(text, &LEXICON, span, &["+"])? {
            Found::Prose(place) => return Ok(place),
            Found::Literal(spot) => spot,
        };
        allowed(&spot, text)?;
        default(&mut spot)?;
        spot.place.name = spot.name();
        Ok(spot.place)
    }

    fn lookup(&self, variable: &str, place: &Place, text: &str) -> String {
        let single = place.parts.first().is_some_and(|part| text[part.token.clone()].starts_with('\''));
        let quote = if single { '\'' } else { '"' };
        format!("ENV.fetch({quote}{variable}{quote})")
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
fn allowed(spot: &Spot<'_>, text: &str) -> Result<(), Manual> {
    if spot.tokens.is_text(spot.last + 1) && !spot.tokens.breaks(spot.last + 1)
        || spot.first > 0 && spot.tokens.is_text(spot.first - 1) && !spot.tokens.breaks(spot.first)
    {
        return Err(manual("literals that stand side by side are one", "join them with +, then migrate again"));
    }
    let start = spot.place.whole.start;
    let end = spot.place.whole.end;
    if spot.after(1) == "=>" || text[end..].starts_with(':') && !text[end..].starts_with("::") {
        return Err(manual("it is the key of a hash", "keep the value in a variable and look it up by that"));
    }
    if text[..start].ends_with(':') && !text[..start].ends_with("::") {
        return Err(manual("it is a symbol", "look at the place"));
    }
    if matches!(spot.before(1), "require" | "require_relative" | "load" | "alias") {
        return Err(manual("it names a file", "take the value out of the name"));
    }
    if spot.before(1) == "in" {
        return Err(manual("a pattern must be a literal", "compare with ==, then migrate again"));
    }
    if spot.after(1) == "%" {
        return Err(literal::template());
    }
    if spot.after(1) == "." && (spot.first != spot.last || matches!(spot.after(2), "freeze" | "concat") && spot.after(2) == "concat") {
        return Err(manual("a method takes part of the joined literal", "join the literals first, then migrate again"));
    }
    Ok(())
}

/// Finds the read of the environment that the literal is the default of.
fn default(spot: &mut Spot<'_>) -> Result<(), Manual> {
    let open = spot.tokens.around(spot.first).next();
    let fetches =
        |at: usize| at >= 3 && spot.tokens.at(at - 3) == "ENV" && spot.tokens.at(at - 2) == "." && spot.tokens.at(at - 1) == "fetch";
    if let Some(open) = open.filter(|open| fetches(*open) && spot.tokens.at(*open) == "(" && spot.first == *open + 3) {
        let variable = spot.tokens.plain(open + 1).unwrap_or_default();
        let close = spot.tokens.closing(open).unwrap_or(spot.last);
        spot.reads(variable)?;
        spot.replace(open - 3, close);
        return Ok(());
    }
    // `ENV.fetch("X") { "…" }`
    if let Some(block) = open.filter(|open| spot.tokens.at(*open) == "{" && spot.first == *open + 1 && *open >= 6 && fetches(*open - 3)) {
        let variable = spot.tokens.plain(block - 2).unwrap_or_default();
        let close = spot.tokens.closing(block).unwrap_or(spot.last);
        spot.reads(variable)?;
        spot.replace(block - 6, close);
        return Ok(());
    }
    if spot.before(1) == "||" && spot.before(2) == "]" && spot.before(4) == "[" && spot.before(5) == "ENV" {
        let variable = spot.tokens.plain(spot.first - 3).unwrap_or_default();
        spot.reads(variable)?;
        spot.replace(spot.first - 5, spot.last);
    }
    Ok(())
}
