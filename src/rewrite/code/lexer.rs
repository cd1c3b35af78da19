//! One lexer for the languages without a grammar here. Owns: comments, strings with their escapes and holes, words, marks, by a table for each
//! language. Must not: know a language beyond its table.

use std::ops::Range;

use crate::rewrite::literal::{Block, Part, Quoting, Syntax, manual};
use crate::rewrite::{Manual, Splice};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword or a number.
    Word,
    /// A string literal that is understood.
    Text,
    /// Something in quotes that is put together at run time or not understood.
    Together,
    /// A comment.
    Comment,
    /// An operator or a bracket.
    Mark,
    /// The end of a line.
    Line,
    /// Text that is no code, such as the HTML around PHP.
    Outside,
}

/// A token.
#[derive(Clone)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub span: Range<usize>,
    /// Its quotes, where it is a text.
    pub quoting: Option<Quoting>,
}

impl Token {
    /// A token without quotes.
    pub const fn new(kind: Kind, span: Range<usize>) -> Self {
        Self { kind, span, quoting: None }
    }
}

/// A kind of string.
pub(super) struct Rule {
    /// Its prefix and opening quote.
    pub open: &'static str,
    /// Its closing quote.
    pub close: &'static str,
    /// How characters are spelled.
    pub syntax: &'static Syntax,
    /// Opens an expression within the string; its closing bracket is that of its last character.
    pub hole: Option<&'static str>,
    /// Whether it may go over lines.
    pub lines: bool,
}

/// The table of a language.
pub(super) struct Lexicon {
    /// Comments to the end of the line.
    pub line_comments: &'static [&'static str],
    /// Comments between two marks.
    pub block_comments: &'static [(&'static str, &'static str)],
    /// Whether these nest.
    pub nested: bool,
    /// Strings, those with the longest opening first.
    pub rules: &'static [Rule],
    /// Tokens that no table describes, such as here documents.
    pub special: fn(&str, usize, &[Token]) -> Option<Token>,
    /// Characters of words besides letters and digits.
    pub word: &'static str,
    /// Operators of more than one character that are needed to understand places.
    pub operators: &'static [&'static str],
}

/// Most tokens that are looked at for the start of a statement.
const LONGEST_STATEMENT: usize = 20_000;

/// Most uses of a constant that are looked at.
const MOST_USES: usize = 1_000;

/// Deepest nesting of strings in expressions in strings.
const DEEPEST: usize = 40;

/// The tokens of a file.
///
/// # Errors
/// Nesting that is too deep.
pub(super) fn lex(text: &str, lexicon: &Lexicon) -> Result<Vec<Token>, Manual> {
    let mut lexer = Lexer { text, lexicon, tokens: Vec::new() };
    lexer.run(0, None, 0)?;
    Ok(lexer.tokens)
}

struct Lexer<'t> {
    text: &'t str,
    lexicon: &'t Lexicon,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    /// Reads tokens from `at` to the end, or past the bracket that closes the one before `at`.
    fn run(&mut self, mut at: usize, closing: Option<char>, depth: usize) -> Result<usize, Manual> {
        if depth > DEEPEST {
            return Err(manual("strings are nested too deeply", "replace it by hand"));
        }
        let mut open = 0_usize;
        while let Some(first) = self.text[at..].chars().next() {
            if let Some(closing) = closing {
                let opening = if closing == ')' { '(' } else { '{' };
                if first == closing && open == 0 {
                    return Ok(at + 1);
                }
                open = match first {
                    _ if first == opening => open + 1,
                    _ if first == closing => open - 1,
                    _ => open,
                };
            }
            let token = self.token(at, first, depth)?;
            at = token.span.end;
            if token.span.len() > first.len_utf8() || !first.is_whitespace() || first == '\n' {
                self.tokens.push(token);
            }
        }
        Ok(at)
    }

    fn token(&mut self, at: usize, first: char, depth: usize) -> Result<Token, Manual> {
        let rest = &self.text[at..];
        if let Some(token) = (self.lexicon.special)(self.text, at, &self.tokens) {
            return Ok(token);
        }
        if first == '\n' {
            return Ok(Token::new(Kind::Line, at..at + 1));
        }
        if let Some(length) = self.comment(rest) {
            return Ok(Token::new(Kind::Comment, at..at + length));
        }
        if let Some(rule) = self.lexicon.rules.iter().find(|rule| rest.starts_with(rule.open)) {
            return self.string(at, rule, depth);
        }
        let is_word = |character: char| character.is_alphanumeric() || self.lexicon.word.contains(character);
        if is_word(first) {
            let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
            return Ok(Token::new(Kind::Word, at..at + length));
        }
        let operator = self.lexicon.operators.iter().find(|operator| rest.starts_with(**operator));
        Ok(Token::new(Kind::Mark, at..at + operator.map_or(first.len_utf8(), |operator| operator.len())))
    }

    fn comment(&self, rest: &str) -> Option<usize> {
        if self.lexicon.line_comments.iter().any(|open| rest.starts_with(open)) {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        let (open, close) = self.lexicon.block_comments.iter().find(|(open, _)| rest.starts_with(open))?;
        let mut at = open.len();
        let mut depth = 1;
        while depth > 0 {
            let end = rest[at..].find(close).map(|end| at + end)?;
            let inner = rest[at..end].find(open).filter(|_| self.lexicon.nested).map(|inner| at + inner);
            (at, depth) = inner.map_or((end + close.len(), depth - 1), |inner| (inner + open.len(), depth + 1));
        }
        Some(at)
    }

    fn string(&mut self, start: usize, rule: &Rule, depth: usize) -> Result<Token, Manual> {
        let mut at = start + rule.open.len();
        let mut kind = Kind::Text;
        while let Some(next) = self.text[at..].chars().next() {
            let rest = &self.text[at..];
            if rule.syntax.escape == Some(next) {
                at += next.len_utf8() + rest[next.len_utf8()..].chars().next().map_or(0, char::len_utf8);
            } else if let Some(pair) = rule.syntax.doubled.iter().find(|pair| rest.starts_with(**pair)) {
                at += pair.len();
            } else if rest.starts_with(rule.close) {
                // `""""`: the quotes that close are the last ones.
                let more =
                    if rule.close.len() == 3 { rest[3..].bytes().take_while(|byte| rule.close.as_bytes()[0] == *byte).count() } else { 0 };
                let span = start..at + rule.close.len() + more;
                let quoting = Quoting::new(rule.open.len(), rule.close.len(), rule.syntax);
                return Ok(Token { kind, span, quoting: (kind == Kind::Text).then_some(quoting) });
            } else if let Some(hole) = rule.hole.filter(|hole| rest.starts_with(hole)) {
                kind = Kind::Together;
                let closing = if hole.ends_with('(') { ')' } else { '}' };
                let outer = std::mem::take(&mut self.tokens);
                let end = self.run(at + hole.len(), Some(closing), depth + 1);
                self.tokens = outer;
                at = end?;
            } else if next == '\n' && !rule.lines {
                break;
            } else {
                at += next.len_utf8();
            }
        }
        Ok(Token::new(Kind::Together, start..at))
    }
}

/// The tokens of a file, and one of them.
pub(super) struct Tokens<'t> {
    text: &'t str,
    /// All that mean something: no comments, no line ends.
    pub all: Vec<Token>,
    /// Whether a line ends before each.
    breaks: Vec<bool>,
    /// For each the bracket that it is in.
    inside: Vec<Option<usize>>,
}

/// Where a finding is.
pub(super) enum Where {
    /// In a comment.
    Comment,
    /// In the token with this number.
    Token(usize),
}

impl<'t> Tokens<'t> {
    /// Reads a file and finds what holds `span`.
    ///
    /// # Errors
    /// It is not in one literal.
    pub fn to(text: &'t str, lexicon: &Lexicon, span: &Range<usize>) -> Result<(Self, Where), Manual> {
        let tokens = lex(text, lexicon)?;
        let holder = tokens.iter().find(|token| token.span.start <= span.start && span.end <= token.span.end);
        let is_comment = match holder.map(|token| token.kind) {
            Some(Kind::Comment) => true,
            Some(Kind::Text) => false,
            Some(Kind::Together) => {
                return Err(manual(
                    "the text is put together at run time",
                    "give the secret part a variable of its own, then migrate that",
                ));
            }
            Some(Kind::Outside) => return Err(manual("it is outside of the code", "take it out: it is part of what everybody is sent")),
            Some(Kind::Word | Kind::Mark | Kind::Line) | None => {
                return Err(manual("it is not in a string literal", "look at the place: the value may be a name or a number"));
            }
        };
        let start = holder.map_or(0, |token| token.span.start);
        let this = Self::new(text, tokens)?;
        let found = if is_comment { Where::Comment } else { Where::Token(this.all.partition_point(|token| token.span.start < start)) };
        Ok((this, found))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Its brackets do not match.
    pub fn of(text: &'t str, lexicon: &Lexicon) -> Result<Self, Manual> {
        Self::new(text, lex(text, lexicon)?)
    }

    fn new(text: &'t str, tokens: Vec<Token>) -> Result<Self, Manual> {
        let mut this = Self { text, all: Vec::new(), breaks: Vec::new(), inside: Vec::new() };
        let mut open: Vec<usize> = Vec::new();
        let mut line = true;
        for token in tokens {
            match token.kind {
                Kind::Line => line = true,
                Kind::Comment => {}
                _ => {
                    let mark = if token.kind == Kind::Mark { &text[token.span.clone()] } else { "" };
                    if matches!(mark, ")" | "]" | "}") && open.pop().is_none() {
                        return Err(manual("the brackets of the file do not match", "mend the code, then migrate again"));
                    }
                    this.inside.push(open.last().copied());
                    this.breaks.push(std::mem::take(&mut line));
                    if mark.ends_with(['(', '[', '{']) {
                        open.push(this.all.len());
                    }
                    this.all.push(token);
                }
            }
        }
        Ok(this)
    }

    /// Text of the token at `index`; empty outside of the file.
    pub fn at(&self, index: usize) -> &'t str {
        self.all.get(index).map_or("", |token| &self.text[token.span.clone()])
    }

    /// Text of the token `back` before `index`.
    pub fn before(&self, index: usize, back: usize) -> &'t str {
        index.checked_sub(back).map_or("", |index| self.at(index))
    }

    /// Whether the token is a text.
    pub fn is_text(&self, index: usize) -> bool {
        self.all.get(index).is_some_and(|token| token.kind == Kind::Text)
    }

    /// Whether the token is a word.
    pub fn is_word(&self, index: usize) -> bool {
        self.all.get(index).is_some_and(|token| token.kind == Kind::Word)
    }

    /// What a text spells, where it is spelled as it is.
    pub fn plain(&self, index: usize) -> Option<&'t str> {
        let token = self.all.get(index).filter(|token| token.kind == Kind::Text)?;
        let quoting = token.quoting?;
        self.text.get(token.span.start + quoting.open..token.span.end - quoting.close)
    }

    /// Whether a line ends before the token.
    pub fn breaks(&self, index: usize) -> bool {
        self.breaks.get(index).copied().unwrap_or(true)
    }

    /// The brackets around a token, the innermost first.
    pub fn around(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.inside.get(index).copied().flatten(), |open| self.inside[*open])
    }

    /// The first token of the statement that holds `index`, within the same brackets: after `;`, `{`, `}`, and after a line end where `lines`.
    pub fn statement(&self, index: usize, lines: bool) -> usize {
        let level = self.inside.get(index).copied().flatten();
        let mut start = index;
        for before in (0..index).rev().take(LONGEST_STATEMENT) {
            if Some(before) == level {
                break;
            }
            if self.inside[before] != level {
                continue;
            }
            if self.all[before].kind == Kind::Outside
                || matches!(self.at(before), ";" | "}")
                || lines && self.breaks(start) && self.at(start) != "." && !matches!(self.before(start, 1), "=" | "+" | "?:")
            {
                break;
            }
            start = before;
        }
        start
    }

    /// The parts of the literal at `index` with those that `joins` joins it to; the numbers of the first and last token.
    pub fn joined(&self, index: usize, joins: &[&str]) -> (Vec<Part>, usize, usize) {
        let mut first = index;
        while first >= 2 && joins.contains(&self.at(first - 1)) && self.is_text(first - 2) {
            first -= 2;
        }
        let mut last = index;
        while joins.contains(&self.at(last + 1)) && self.is_text(last + 2) {
            last += 2;
        }
        let part = |token: &Token| Some(Part { token: token.span.clone(), quoting: token.quoting? });
        (self.all[first..=last].iter().filter_map(part).collect(), first, last)
    }

    /// The bracket that closes the one at `open`.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let level = self.inside[open];
        (open + 1..self.all.len()).find(|index| self.inside[*index] == level && matches!(self.at(*index), ")" | "]" | "}"))
    }

    /// Whether the word `name` stands anywhere but at `except` where `wrong` says so, or too often to look.
    pub fn uses(&self, name: &str, except: usize, wrong: impl Fn(usize) -> bool) -> bool {
        let mut found = (0..self.all.len()).filter(|index| *index != except && self.is_word(*index) && self.at(*index) == name);
        found.by_ref().take(MOST_USES).any(wrong) || found.next().is_some()
    }
}

/// Checks that the tokens are the same except where the splices are.
///
/// # Errors
/// What differs.
pub(super) fn verify(lexicon: &Lexicon, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
    let outside = |text: &str, stretches: &[Range<usize>]| -> Result<Vec<(Kind, String)>, Manual> {
        let kept = |token: &Token| {
            let next = stretches.partition_point(|stretch| stretch.end <= token.span.start);
            stretches.get(next).is_none_or(|stretch| token.span.end <= stretch.start)
        };
        Ok(lex(text, lexicon)?.iter().filter(|token| kept(token)).map(|token| (token.kind, text[token.span.clone()].to_owned())).collect())
    };
    let tokens = lex(before, lexicon)?;
    let spans = tokens.iter().map(|token| token.span.clone()).collect::<Vec<_>>();
    let (old, new) = super::tree::stretches(splices, &spans);
    if outside(before, &old)? != outside(after, &new)? {
        return Err(manual("rewriting would change the meaning of other code", "replace it by hand"));
    }
    Ok(())
}

/// A character in single quotes at `at`.
pub(super) fn character(text: &str, at: usize) -> Option<Token> {
    let inner = text[at..].strip_prefix('\'')?;
    let first = if inner.starts_with('\\') { 2 } else { inner.chars().next()?.len_utf8() };
    let end = inner.get(first..)?.find('\'')?;
    Some(Token::new(Kind::Word, at..at + first + end + 2))
}

/// A block of text in raw quotes.
pub(super) const fn block(open: usize, close: usize, syntax: &'static Syntax, block: Block) -> Quoting {
    Quoting { open, close, syntax, block }
}
