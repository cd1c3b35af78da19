//! Literals of strings: how a syntax spells characters, decoding to the value and its spelling. Owns: escapes, doubled quotes, line ends,
//! literals in several parts. Must not: find literals in a file; each language does.

use std::ops::Range;

use super::spelling::{self, Decoded};
use super::{Form, Manual, Spelling};
use crate::secret::Secret;

/// How a kind of string literal spells characters.
pub struct Syntax {
    /// The character that starts an escape.
    pub escape: Option<char>,
    /// Doubled texts that stand for one half of themselves: `''`, `{{`.
    pub doubled: &'static [&'static str],
    /// Letters that stand for control characters after the escape.
    pub letters: &'static str,
    /// Characters that stand for themselves after the escape.
    pub itself: &'static str,
    /// Characters that start an escape which is not decoded here: `\N{…}`.
    pub refused: &'static str,
    /// What the escape means before any other character.
    pub unknown: Unknown,
    /// Escapes in hex digits.
    pub numeric: &'static [Numeric],
    /// Most octal digits after the escape; 0 for none.
    pub octal: usize,
    /// Whether the escape before a line end takes both out.
    pub continues: bool,
    /// Whether blanks after that line end go too.
    pub trims: bool,
    /// Whether CRLF in the file is one line feed in the value.
    pub unix_lines: bool,
    /// Whether the text from here on is put together at run time, such as `${`.
    pub interpolates: fn(&str) -> bool,
}

/// The meaning of an escape before a character that no rule names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Both characters are of the value.
    Kept,
    /// The character alone is.
    Dropped,
    /// It is not decided here.
    Refused,
}

/// An escape in hex digits.
pub struct Numeric {
    /// The letter after the escape.
    pub letter: char,
    /// Fewest digits.
    pub least: usize,
    /// Most digits.
    pub most: usize,
    /// Whether the digits are in braces.
    pub braces: bool,
    /// Whether it is a byte rather than a character.
    pub bytes: bool,
    /// Whether two surrogates make one character.
    pub surrogates: bool,
}

impl Numeric {
    /// A character in exactly `digits` digits.
    #[must_use]
    pub const fn exact(letter: char, digits: usize) -> Self {
        Self { letter, least: digits, most: digits, braces: false, bytes: false, surrogates: false }
    }

    /// A UTF-16 unit in four digits.
    #[must_use]
    pub const fn unit(letter: char) -> Self {
        Self { letter, least: 4, most: 4, braces: false, bytes: false, surrogates: true }
    }

    /// A byte in one to `most` digits, at least `least`.
    #[must_use]
    pub const fn byte(letter: char, least: usize, most: usize) -> Self {
        Self { letter, least, most, braces: false, bytes: true, surrogates: false }
    }

    /// A character in braces.
    #[must_use]
    pub const fn braced(letter: char) -> Self {
        Self { letter, least: 1, most: 6, braces: true, bytes: false, surrogates: false }
    }
}

/// No text is put together at run time.
#[must_use]
pub const fn never(_: &str) -> bool {
    false
}

/// A syntax in which every character stands for itself.
pub const RAW: Syntax = Syntax {
    escape: None,
    doubled: &[],
    letters: "",
    itself: "",
    refused: "",
    unknown: Unknown::Refused,
    numeric: &[],
    octal: 0,
    continues: false,
    trims: false,
    unix_lines: false,
    interpolates: never,
};

/// A token's quotes and what is between them.
#[derive(Clone, Copy)]
pub struct Quoting {
    /// Bytes of prefix and opening quote.
    pub open: usize,
    /// Bytes of the closing quote.
    pub close: usize,
    /// How characters are spelled between.
    pub syntax: &'static Syntax,
    /// Whether common indentation is taken off.
    pub block: Block,
}

/// Whether a literal is a block of lines that loses its indentation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// It is not.
    No,
    /// By the least indented line, the closing one too; trailing blanks of lines go, the last line end stays (Java).
    Least,
    /// By the line of the closing quote; the last line end goes too (C#).
    Closing,
}

impl Quoting {
    /// Quotes of these lengths.
    #[must_use]
    pub const fn new(open: usize, close: usize, syntax: &'static Syntax) -> Self {
        Self { open, close, syntax, block: Block::No }
    }
}

/// A string literal token.
#[derive(Clone)]
pub struct Part {
    /// The whole token.
    pub token: Range<usize>,
    /// Its quotes.
    pub quoting: Quoting,
}

impl Part {
    /// The bytes between the quotes.
    #[must_use]
    pub const fn content(&self) -> Range<usize> {
        self.token.start + self.quoting.open..self.token.end - self.quoting.close
    }
}

/// What one literal, or several that are joined, stand for.
pub struct Decode {
    /// The value.
    pub value: Secret,
    /// From the first character of the first part to the last of the last.
    pub span: Range<usize>,
    /// How the span spells the value.
    pub spelling: Spelling,
}

/// A place that people have to look at.
#[must_use]
pub fn manual(reason: impl Into<String>, advice: impl Into<String>) -> Manual {
    Manual { reason: reason.into(), advice: advice.into() }
}

/// A literal that other values are put into.
#[must_use]
pub fn template() -> Manual {
    manual("the literal is a template", "give the secret part a variable of its own, then migrate that")
}

/// Decodes a literal in one or more parts.
///
/// # Errors
/// What is put together at run time, or cannot be spelled again.
pub fn decode(text: &str, parts: &[Part]) -> Result<Decode, Manual> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Err(manual("no string literal holds it", "look at the place"));
    };
    let span = first.content().start..last.content().end;
    let mut decoded = Decoded::default();
    let mut end = span.start;
    for part in parts {
        let content = part.content();
        if content.start > content.end || content.start < end {
            return Err(manual("the literal is not understood", "replace it by hand"));
        }
        if content.start > end {
            decoded.between(&text[end..content.start]);
        }
        let inside = &text[content.clone()];
        match part.quoting.block {
            Block::No => characters(inside, part.quoting.syntax, &mut decoded)?,
            Block::Least | Block::Closing => block(inside, &part.quoting, &mut decoded)?,
        }
        end = content.end;
    }
    let unclear = || manual("the spelling of the literal could not be restored by undo", "write it without escapes, or replace it by hand");
    let (value, spelling) = decoded.finish(text[span.clone()].as_bytes()).ok_or_else(unclear)?;
    if std::str::from_utf8(value.expose()).is_err() {
        return Err(manual("the value is not text", "keep it in a file that the deployment provides"));
    }
    Ok(Decode { value, span, spelling })
}

/// Adds what a stretch of a literal stands for.
///
/// # Errors
/// What is put together at run time, or is no escape of the syntax.
pub fn characters(text: &str, syntax: &Syntax, out: &mut Decoded) -> Result<(), Manual> {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if (syntax.interpolates)(rest) {
            return Err(manual(
                "the text is put together at run time",
                "move the parts that are secret into a variable of their own, then migrate that",
            ));
        }
        let taken = if let Some(pair) = syntax.doubled.iter().find(|pair| rest.starts_with(**pair)) {
            let (half, itself) = pair.split_at(pair.len() / 2);
            out.push(itself.as_bytes(), Form::Prefixed(half.to_owned()));
            pair.len()
        } else if syntax.escape == Some(first) {
            let after = &rest[first.len_utf8()..];
            first.len_utf8() + escaped(first, after, syntax, out)?
        } else if syntax.unix_lines && rest.starts_with("\r\n") {
            out.push(b"\n", Form::Prefixed("\r".to_owned()));
            2
        } else {
            out.push(&rest.as_bytes()[..first.len_utf8()], Form::Plain);
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    Ok(())
}

/// Decodes what follows an escape; how many bytes that were.
fn escaped(escape: char, after: &str, syntax: &Syntax, out: &mut Decoded) -> Result<usize, Manual> {
    let Some(next) = after.chars().next() else {
        return Err(manual("the literal ends in an escape", "replace it by hand"));
    };
    let own = |out: &mut Decoded| {
        out.push(&after.as_bytes()[..next.len_utf8()], Form::Prefixed(escape.to_string()));
        next.len_utf8()
    };
    if syntax.continues && (next == '\n' || after.starts_with("\r\n")) {
        let blank = after.len() - after.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let length = if syntax.trims { blank } else { after.find('\n').map_or(0, |end| end + 1) };
        out.between(&format!("{escape}{}", &after[..length]));
        return Ok(length);
    }
    if let Some(length) = numeric(escape, after, syntax, out)? {
        return Ok(length);
    }
    let octal = after.bytes().take(syntax.octal).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    if octal > 0 && (octal > 1 || !syntax.letters.contains('0')) {
        return octal_digits(&after[..octal], out).map(|()| octal);
    }
    if escape == '\\' && syntax.letters.contains(next) {
        let control = spelling::control(next).expect("because tables name letters that stand for control characters");
        out.push(control.encode_utf8(&mut [0; 4]).as_bytes(), Form::Letter);
        return Ok(next.len_utf8());
    }
    if syntax.itself.contains(next) {
        return Ok(own(out));
    }
    let unclear = || {
        let reason = format!("the escape {escape}{} is not understood", next.escape_default());
        manual(reason, "write the character itself, then migrate again")
    };
    match syntax.unknown {
        _ if syntax.refused.contains(next) => Err(unclear()),
        Unknown::Dropped if !next.is_ascii_digit() => Ok(own(out)),
        Unknown::Kept => {
            out.push(escape.encode_utf8(&mut [0; 4]).as_bytes(), Form::Plain);
            Ok(0)
        }
        Unknown::Dropped | Unknown::Refused => Err(unclear()),
    }
}

fn octal_digits(digits: &str, out: &mut Decoded) -> Result<(), Manual> {
    let code = u8::from_str_radix(digits, 8).ok().filter(u8::is_ascii);
    let Some(code) = code else {
        return Err(manual("an octal escape is no ASCII character", "write the character itself, then migrate again"));
    };
    out.push(&[code], Form::Octal { digits: u8::try_from(digits.len()).expect("because three digits are the most") });
    Ok(())
}

/// Decodes an escape in hex digits, if it is one; how many bytes it took after the escape.
fn numeric(escape: char, after: &str, syntax: &Syntax, out: &mut Decoded) -> Result<Option<usize>, Manual> {
    for rule in syntax.numeric {
        let Some(rest) = after.strip_prefix(rule.letter) else { continue };
        let Some(digits) = digits(rest, rule) else { continue };
        let wrong = || manual("a numeric escape is no character", "write the character itself, then migrate again");
        let number = |digits: &str| u32::from_str_radix(digits, 16).map_err(|_| wrong());
        let form = |bytes: bool| Form::Hex {
            before: format!("{escape}{}{}", rule.letter, if rule.braces { "{" } else { "" }),
            after: if rule.braces { "}" } else { "" }.to_owned(),
            digits: u8::try_from(digits.len()).expect("because eight digits are the most"),
            upper: digits.bytes().any(|byte| byte.is_ascii_uppercase()),
            bytes,
            surrogates: rule.surrogates,
        };
        let code = number(digits)?;
        let length = rule.letter.len_utf8() + digits.len() + if rule.braces { 2 } else { 0 };
        if rule.bytes {
            out.push(&[u8::try_from(code).map_err(|_| wrong())?], form(true));
            return Ok(Some(length));
        }
        if rule.surrogates && (0xd800..0xdc00).contains(&code) {
            let low = after[length..].strip_prefix(escape).and_then(|rest| rest.strip_prefix(rule.letter)).and_then(|rest| rest.get(..4));
            let low = number(low.ok_or_else(wrong)?)?;
            let pair = [code, low].map(|unit| u16::try_from(unit).unwrap_or_default());
            let both = String::from_utf16(&pair).map_err(|_| wrong())?;
            let spelled_upper = after[..=length * 2].bytes().any(|byte| matches!(byte, b'A'..=b'F'));
            let Form::Hex { before, after, digits, bytes, surrogates, .. } = form(false) else { return Err(wrong()) };
            out.push(both.as_bytes(), Form::Hex { before, after, digits, upper: spelled_upper, bytes, surrogates });
            return Ok(Some(length * 2 + escape.len_utf8()));
        }
        let character = char::from_u32(code).ok_or_else(wrong)?;
        out.push(character.encode_utf8(&mut [0; 4]).as_bytes(), form(false));
        return Ok(Some(length));
    }
    Ok(None)
}

fn digits<'t>(rest: &'t str, rule: &Numeric) -> Option<&'t str> {
    let rest = if rule.braces { rest.strip_prefix('{')? } else { rest };
    let count = rest.bytes().take(rule.most).take_while(u8::is_ascii_hexdigit).count();
    (count >= rule.least && (!rule.braces || rest[count..].starts_with('}'))).then(|| &rest[..count])
}

/// Decodes a block of lines without its indentation; the block starts with a line end.
fn block(text: &str, quoting: &Quoting, out: &mut Decoded) -> Result<(), Manual> {
    let start = text.find('\n').ok_or_else(|| manual("a block of text starts on the line of its quotes", "replace it by hand"))? + 1;
    out.between(&text[..start]);
    let lines: Vec<&str> = text[start..].split_inclusive('\n').collect();
    let closing = if text.ends_with('\n') { "" } else { lines.last().copied().unwrap_or_default() };
    let blank = |line: &str| line.trim().is_empty();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let depth = match quoting.block {
        Block::Closing => indent(closing),
        Block::Least | Block::No => {
            let filled = lines.iter().filter(|line| !blank(line)).map(|line| indent(line));
            filled.chain(blank(closing).then(|| indent(closing))).min().unwrap_or_default()
        }
    };
    if quoting.block == Block::Closing && !blank(closing) {
        return Err(manual("a raw block of text does not end on a line of its own", "replace it by hand"));
    }
    for (number, line) in lines.iter().enumerate() {
        let (indentation, rest) = line.split_at(depth.min(indent(line)));
        let body = rest.trim_end_matches(['\r', '\n']);
        let kept = if quoting.block == Block::Least { body.trim_end_matches([' ', '\t']) } else { body };
        if !indentation.is_empty() {
            out.between(indentation);
        }
        let is_last = number + 2 == lines.len() && quoting.block == Block::Closing;
        let trailing = &body[kept.len()..];
        if trailing.is_empty() && !is_last {
            characters(rest, quoting.syntax, out)?;
            continue;
        }
        characters(kept, quoting.syntax, out)?;
        out.between(trailing);
        let line_end = &rest[body.len()..];
        if is_last { out.between(line_end) } else { characters(line_end, quoting.syntax, out)? }
    }
    Ok(())
}
