//! What stands between a name and its value. Owns: the operators of all syntaxes. Must not: read values or judge.

use std::cell::Cell;
use std::ops::Range;

use super::bare;
use super::cursor::Cursor;
use super::markup::{is_attribute, is_caption, is_cell, markup, opens_tag};
use super::member::{named, object, option_default, value_tag};
use super::page;
use super::statement::{line_before, makes_user, names_user_of_device, qualifies_key};
use super::value::{self, Form};
use super::{fallback, input, robot, row};
use crate::file_kind::FileKind;

/// Bytes of a sentence between a name and what it is said to be, at most, and of that.
const SENTENCE: usize = 40;

/// How a value is tied to its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`, `:=`, `::=`, `||=`, `?=`, `+=`, `.=`.
    Assign,
    /// `:`
    Colon,
    /// `=>`
    Arrow,
    /// `==`, `!=`, `===`.
    Compare,
    /// `"name", "value"`
    Comma,
    /// `name("value")`
    Call,
    /// `name "value"`, `ENV NAME value`
    Space,
    /// `--name value`
    Flag,
    /// `<name>value</name>`
    Element,
    /// `name="password" value="…"`, the next line's `value:`, a variable's `default =`.
    Named,
    /// `| name | value |` or cells of HTML.
    Cell,
    /// `the name is value`
    Prose,
    /// `?name=value&`
    Query,
    /// `mysql -pvalue`, `IDENTIFIED BY 'value'`: the command says it.
    Command,
    /// `name:value` in one word.
    Tight,
    /// `${name:value}`, `${name:-value}`, `getenv("name") || "value"`.
    Default,
}

impl Operator {
    /// Number of operators.
    pub const COUNT: usize = 16;
}

/// Where a name stands.
#[derive(Debug, Clone)]
pub struct Place<'v> {
    /// The text up to the end of the line after the name's.
    pub bytes: &'v [u8],
    /// The text up to the reader's limit. Who reads more of it than of `bytes` [says so](Place::looked).
    pub whole: &'v [u8],
    /// Where the text that was read ends.
    pub end: Cell<usize>,
    /// The name with its dots and dashes, without quotes.
    pub name: Range<usize>,
    /// The anchor in it.
    pub hit: Range<usize>,
    /// What the path says of the text.
    pub kind: FileKind,
}

impl<'v> Place<'v> {
    /// The name.
    #[must_use]
    pub fn text(&self) -> &'v [u8] {
        &self.bytes[self.name.clone()]
    }

    /// A cursor at `at` that sees more than the next line.
    #[must_use]
    pub fn far(&self, at: usize) -> Cursor<'v> {
        Cursor::new(self.whole, at)
    }

    /// Notes that text up to `end` counts.
    pub fn looked(&self, end: usize) {
        self.end.set(self.end.get().max(end));
    }

    /// What stands before the name.
    #[must_use]
    pub fn before(&self) -> &'v [u8] {
        &self.bytes[..self.name.start]
    }

    /// What stands before the name and the sign that makes it an element of a page: `#password`.
    #[must_use]
    pub fn before_selector(&self) -> &'v [u8] {
        self.before().strip_suffix(b"#").unwrap_or(self.before())
    }

    /// The word before the name and one blank.
    fn word_before(&self) -> &'v [u8] {
        let before = self.before();
        let Some((b' ' | b'\t', head)) = before.split_last() else { return b"" };
        let length = head.iter().rev().take(16).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        &head[head.len() - length..]
    }

    /// Whether a sentence can mean what one does: `pass to`, `Pass 'x' to`.
    fn is_verb(&self) -> bool {
        self.text().eq_ignore_ascii_case(b"pass")
            && (self.kind != FileKind::Config || line_before(self).trim_ascii_start().starts_with(b"#"))
    }

    /// Whether two words name a public key.
    fn is_public_key(&self) -> bool {
        self.text().eq_ignore_ascii_case(b"key") && self.word_before().eq_ignore_ascii_case(b"public")
    }

    /// Whether the name is of a text that is translated, or its end: `t("settings.password")`.
    fn is_translated(&self) -> bool {
        let before = self.before();
        let Some((b'"' | b'\'', head)) = before.split_last() else { return false };
        let calls = [&b"t("[..], b"_(", b"trans(", b"gettext("];
        let call = calls.iter().find_map(|call| head.strip_suffix(*call));
        call.is_some_and(|rest| rest.last().is_none_or(|last| !last.is_ascii_alphanumeric()))
    }

    fn is_flag(&self) -> bool {
        let joined = matches!(self.before().last(), Some(b'&' | b'/' | b'%' | b'+' | b'*' | b')'));
        self.text().starts_with(b"-") && !joined
    }
}

/// The operator after the name, where there is one. The cursor starts behind the name and ends behind the operator.
#[must_use]
pub fn after<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>) -> Option<Operator> {
    if place.is_public_key() || place.is_translated() {
        return None;
    }
    let quoted = close_name(place, cursor)?;
    if cursor.peek() == Some(b'>') && (quoted && (place.kind == FileKind::Markup || is_attribute(place)) || opens_tag(place)) {
        cursor.at += 1;
        if is_caption(place, *cursor) {
            return None;
        }
        value_tag(cursor);
        cursor.eat(b"<![CDATA[");
        return Some(Operator::Element);
    }
    let marked_up = matches!(place.kind, FileKind::Markup | FileKind::Doc);
    if let Some(operator) = marked_up.then(|| markup(place, cursor, quoted)).flatten() {
        return Some(operator);
    }
    if fallback::after(place, cursor, quoted) {
        return Some(Operator::Default);
    }
    let start = cursor.at;
    let blanks = cursor.blanks();
    let found = match cursor.peek()? {
        b'=' => assign(place, cursor, blanks),
        b':' => colon(place, cursor),
        b'!' if cursor.eat(b"!=") => {
            cursor.eat(b"=");
            Some(Operator::Compare)
        }
        b'|' if place.kind == FileKind::Doc && is_cell(place, *cursor) => {
            cursor.at += 1;
            Some(Operator::Cell)
        }
        b'.' if quoted => page::types(cursor),
        b'"' if quoted && blanks > 0 && place.kind == FileKind::Config => Some(Operator::Space),
        b'|' | b'?' | b'+' | b'.' => [&b"||="[..], b"?=", b"+=", b".="].iter().any(|sign| cursor.eat(sign)).then_some(Operator::Assign),
        b'<' | b'-' => points(cursor),
        b't' if quoted => points(cursor),
        b'w' if quoted => page::says(cursor),
        b'(' => call(place, cursor, quoted),
        b',' => comma(place, cursor, quoted),
        0xEF => cursor.eat("\u{ff1a}".as_bytes()).then_some(Operator::Colon),
        b'\n' | b'\r' => None,
        _ if quoted => None,
        b'"' | b'\'' if blanks > 0 && place.is_verb() => None,
        b'`' if blanks > 0 && place.kind == FileKind::Doc && !place.is_verb() => Some(Operator::Prose),
        b'@' if blanks > 0 && place.kind == FileKind::Code && cursor.ahead(1) == Some(b'"') => Some(Operator::Space),
        b'"' | b'\'' if blanks > 0 => Some(if place.is_flag() { Operator::Flag } else { Operator::Space }),
        _ if blanks > 0 => words(place, cursor),
        _ => None,
    };
    let Some(operator) = found else {
        cursor.at = start;
        return named(place, cursor, quoted);
    };
    if operator == Operator::Assign && fallback::otherwise(cursor) {
        return Some(Operator::Default);
    }
    let opens = matches!(operator, Operator::Assign | Operator::Colon | Operator::Arrow) && object(place, cursor);
    Some(if opens { Operator::Named } else { operator })
}

/// Steps over what closes the name: its quote, its index bracket, an array's length. None where a quote is not the name's own.
fn close_name(place: &Place<'_>, cursor: &mut Cursor<'_>) -> Option<bool> {
    match cursor.peek()? {
        b'[' => {
            cursor.at += 1;
            while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                cursor.at += 1;
            }
            cursor.eat(b"]").then_some(false)
        }
        b']' => {
            cursor.at += 1;
            Some(page::close_selector(cursor))
        }
        b'?' if cursor.ahead(1) == Some(b':') => {
            cursor.at += 1;
            Some(false)
        }
        b'*' => {
            while cursor.eat(b"*") {}
            Some(false)
        }
        b'}' if place.kind == FileKind::Config && robot::closes(place, cursor) => Some(false),
        b'}' if place.kind == FileKind::Script && place.before().ends_with(b"${") => {
            cursor.at += 1;
            cursor.eat(b"\"");
            Some(false)
        }
        _ => {
            let Some(quote) = cursor.quote() else { return Some(false) };
            let before = place.before_selector();
            let own = if quote.text[0] >= 0x80 { *before.last()? >= 0x80 } else { before.ends_with(quote.text) };
            while own && matches!(cursor.peek(), Some(b']' | b')')) {
                cursor.at += 1;
            }
            if own {
                page::close_selector(cursor);
            }
            own.then_some(true)
        }
    }
}

fn assign(place: &Place<'_>, cursor: &mut Cursor<'_>, blanks: usize) -> Option<Operator> {
    cursor.at += 1;
    match cursor.peek()? {
        b'=' => {
            cursor.at += 1;
            cursor.eat(b"=");
            Some(Operator::Compare)
        }
        b'>' => {
            cursor.at += 1;
            Some(Operator::Arrow)
        }
        b'~' => None,
        b' ' | b'\t' => Some(Operator::Assign),
        // Who may see a picture of numbers is no secret, nor is what a page shows by its link.
        _ if blanks == 0 && [&b"badge.svg?"[..], b"?alt=media&", b"?alt=media&amp;"].iter().any(|link| place.before().ends_with(link)) => {
            None
        }
        _ if blanks == 0 && [&b"?"[..], b"&", b"&amp;"].iter().any(|sign| place.before().ends_with(sign)) => Some(Operator::Query),
        _ => Some(Operator::Assign),
    }
}

fn colon(place: &Place<'_>, cursor: &mut Cursor<'_>) -> Option<Operator> {
    cursor.at += 1;
    let next = cursor.peek()?;
    if place.before().ends_with(b"${") {
        if matches!(next, b'+' | b'?') {
            return None;
        }
        cursor.at += usize::from(matches!(next, b'-' | b'='));
        return Some(Operator::Default);
    }
    match next {
        // A variable of make; the rules of grammars are written so, too, and have other names.
        b':' if cursor.ahead(1) == Some(b'=') && !place.text().iter().any(u8::is_ascii_lowercase) => {
            cursor.at += 2;
            return Some(Operator::Assign);
        }
        b':' => return None,
        b'=' => {
            cursor.at += 1;
            return Some(Operator::Assign);
        }
        _ => {}
    }
    let ternary = place.before().iter().rev().find(|byte| !matches!(byte, b' ' | b'"' | b'\'')) == Some(&b'?');
    if ternary {
        return None;
    }
    if skip_type_of(place, cursor) {
        return Some(Operator::Assign);
    }
    let before = place.before();
    let before = before.strip_suffix(b"'").or_else(|| before.strip_suffix(b"\"")).unwrap_or(before);
    if [&b"-passin "[..], b"-passout ", b"-pass "].iter().any(|option| before.ends_with(option)) {
        return Some(Operator::Command);
    }
    let tight = next.is_ascii_alphanumeric() && matches!(place.kind, FileKind::Config | FileKind::Doc | FileKind::Script);
    let starts = matches!(place.before().last(), None | Some(b' ' | b'\t' | b'\n' | b'{' | b'[' | b',' | b'(' | b'/'));
    Some(if tight && starts { Operator::Tight } else { Operator::Colon })
}

/// Steps over the type of a variable and the `=` after it; in a text that may be no code only before a literal.
fn skip_type_of(place: &Place<'_>, cursor: &mut Cursor<'_>) -> bool {
    let mut typed = *cursor;
    let is_typed = matches!(place.kind, FileKind::Code | FileKind::Doc) && skip_type(&mut typed);
    let mut value = typed;
    value.blanks();
    let found = is_typed && (place.kind == FileKind::Code || value.quote().is_some());
    if found {
        *cursor = typed;
    }
    found
}

/// `name <- "value"` of R, `"name" -> "value"` of Scala and `"name" to "value"` of Kotlin.
fn points(cursor: &mut Cursor<'_>) -> Option<Operator> {
    let mut next = *cursor;
    let operator = if next.eat(b"<-") { Operator::Assign } else { (next.eat(b"->") || next.eat(b"to ")).then_some(Operator::Arrow)? };
    *cursor = next;
    next.blanks();
    next.quote().is_some().then_some(operator)
}

/// Steps over a type and the `=` after it.
fn skip_type(cursor: &mut Cursor<'_>) -> bool {
    const LONGEST: usize = 48;
    let of_type = |byte: &u8| byte.is_ascii_alphanumeric() || b" _&<>[]?*.|;".contains(byte);
    let rest = cursor.rest();
    let length = rest.iter().take(LONGEST).take_while(|byte| of_type(byte)).count();
    // A semicolon stands in arrays' types only: `[u8; 32]`.
    let one_type = !rest[..length].contains(&b';') || rest.trim_ascii_start().starts_with(b"[");
    // The `=` that pads base64 follows a letter and ends its word.
    let apart = length > 0 && matches!(rest[length - 1], b' ' | b'>' | b']') || matches!(rest.get(length + 1), Some(b'"' | b'\''));
    let count = |byte| memchr::memchr_iter(byte, &rest[..length]).count();
    let closed = count(b'<') == count(b'>');
    let found = apart && one_type && closed && rest.get(length) == Some(&b'=') && !matches!(rest.get(length + 1), Some(b'=' | b'>'));
    if found {
        cursor.at += length + 1;
    }
    found
}

/// `setPassword("x")`: the last part of the name must be the one that speaks of a credential.
fn call(place: &Place<'_>, cursor: &mut Cursor<'_>, quoted: bool) -> Option<Operator> {
    let tail = &place.bytes[place.hit.end..place.name.end];
    // `password (or "ask" …)` explains.
    let apart = cursor.at > place.name.end && !matches!(cursor.ahead(1), Some(b'"' | b'\'' | b'@' | b'$'));
    if quoted || apart || tail.contains(&b'.') && tail != b".new" {
        return None;
    }
    cursor.at += 1;
    Some(Operator::Call)
}

fn comma<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>, quoted: bool) -> Option<Operator> {
    if let Some(operator) = named(place, cursor, quoted) {
        return Some(operator);
    }
    cursor.at += 1;
    let symbol = matches!(place.before().last(), Some(b':' | b'{'));
    if quoted && page::fills_in(line_before(place), cursor) {
        return Some(Operator::Assign);
    }
    match (quoted, place.is_flag()) {
        (true, true) if option_default(place, cursor) => Some(Operator::Named),
        (true, true) => Some(Operator::Flag),
        (true, false) => (!row::is_in_row(place.before(), *cursor)).then_some(Operator::Comma),
        (false, false) if symbol => Some(Operator::Comma),
        _ => None,
    }
}

/// Whether a short option has its value joined to it, as `-pPASSWORD` in the usage of a command.
fn is_joined(option: &[u8]) -> bool {
    matches!(option, [b'-', letter, rest @ ..] if letter.is_ascii_lowercase() && rest.len() > 1 && rest.iter().all(u8::is_ascii_uppercase))
}

/// Operators that are words, and values that follow a blank.
fn words(place: &Place<'_>, cursor: &mut Cursor<'_>) -> Option<Operator> {
    const IS: [&[u8]; 4] = [b"is", b"was", b"to", b"as"];
    const SETS: [&[u8]; 5] = [b"set", b"SET", b"ENV", b"ARG", b"setenv"];
    const SETS_IN_FISH: [&[u8]; 3] = [b"set -x ", b"set -gx ", b"set -Ux "];
    if place.is_flag() {
        let long = place.text().starts_with(b"--") || place.text()[1..].first().is_some_and(u8::is_ascii_uppercase);
        let free = place.kind != FileKind::Markup && (place.kind != FileKind::Code || long);
        // What stands after `-pass pass:` is read there.
        let value = cursor.peek() != Some(b'-') && !cursor.rest().starts_with(b"pass:");
        return (free && value && !is_joined(place.text())).then_some(Operator::Flag);
    }
    if skip_type_of(place, cursor) {
        return Some(Operator::Assign);
    }
    let sets = SETS.contains(&place.word_before()) && (place.kind != FileKind::Code || place.before().ends_with(b"\\set "));
    if sets || SETS_IN_FISH.iter().any(|set| place.before().ends_with(set)) {
        return Some(Operator::Space);
    }
    if makes_user(place) && !is_in_sentence(cursor.rest()) || names_user_of_device(place, cursor) {
        return Some(Operator::Command);
    }
    if place.kind == FileKind::Script
        && place.text() == b"passwd"
        && let Some(span) = input::behind(place.bytes, cursor.at)
    {
        // A quote before it is read again.
        cursor.at = span.start - usize::from(matches!(place.bytes[span.start - 1], b'"' | b'\''));
        return Some(Operator::Command);
    }
    // `SELECT password AS name`.
    let renamed = cursor.rest().starts_with(b"AS ") || place.is_verb();
    if matches!(place.kind, FileKind::Doc | FileKind::Code)
        && !renamed
        && let Some(&word) = IS.iter().find(|word| cursor.eat_word(word))
    {
        cursor.eat(b":");
        return (cursor.blanks() > 0 && !(word == b"to" && is_in_sentence(cursor.rest()))).then_some(Operator::Prose);
    }
    if matches!(place.kind, FileKind::Doc | FileKind::Code) && names_token(cursor.rest()) {
        return Some(Operator::Prose);
    }
    if place.kind == FileKind::Doc && names_owner(cursor) {
        return Some(Operator::Colon);
    }
    if place.kind == FileKind::Doc && !place.is_verb() && says(place, cursor) {
        return Some(Operator::Prose);
    }
    if place.kind == FileKind::Config && robot::sets(place, cursor) {
        return Some(Operator::Space);
    }
    let starts_line = matches!(place.before().iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')), None | Some(b'\n'));
    let opens_block = cursor.rest().split(|&byte| byte == b'\n').next().is_some_and(|line| line.trim_ascii_end().ends_with(b" {"));
    (place.kind == FileKind::Config && starts_line && !opens_block && !qualifies_key(place, *cursor)).then_some(Operator::Space)
}

/// Whether what comes next is a word of a sentence that goes on: `the password to avoid questions`.
fn is_in_sentence(rest: &[u8]) -> bool {
    let rest = &rest[..rest.len().min(SENTENCE)];
    let (word, more) = rest.split_at(bare::word(rest));
    !word.is_empty() && word.iter().all(u8::is_ascii_lowercase) && bare::goes_on(more)
}

/// Steps over whose password it is: `password for root: …`.
fn names_owner(cursor: &mut Cursor<'_>) -> bool {
    let mut next = *cursor;
    if !next.eat(b"for ") {
        return false;
    }
    let of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.@/- ".contains(byte);
    next.at += next.rest().iter().take(SENTENCE).take_while(of_name).count();
    let found = next.eat(b": ");
    if found {
        *cursor = next;
    }
    found
}

/// Whether a sentence goes on with a value that is no word: `with password abc1`, `the password of the box is abc1`.
fn says(place: &Place<'_>, cursor: &mut Cursor<'_>) -> bool {
    let mut next = *cursor;
    if ![&b"with"[..], b"and"].contains(&place.word_before()) {
        let rest = &next.rest()[..next.rest().len().min(SENTENCE)];
        let Some(is) = memchr::memmem::find(rest, b" is ") else { return false };
        if !rest[..is].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ') {
            return false;
        }
        next.at += is + b" is ".len();
    }
    let says = is_no_word(next.rest());
    if says {
        *cursor = next;
    }
    says
}

/// Whether a long run of letters and digits comes next: `the token 0a1b2c…`.
fn names_token(rest: &[u8]) -> bool {
    const LONG: usize = 20;
    rest.get(..LONG).is_some_and(|head| head.iter().all(u8::is_ascii_alphanumeric) && head.iter().any(u8::is_ascii_digit))
}

/// Whether a value of a few characters comes next that is no word.
pub(super) fn is_no_word(rest: &[u8]) -> bool {
    let word = &rest[..bare::word(&rest[..rest.len().min(SENTENCE)])];
    word.len() >= 4 && matches!(value::form(word), Form::Coded | Form::Signed | Form::Random) && !word.contains(&b'(')
}
