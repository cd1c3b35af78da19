//! Values without quotes. Owns: where a bare value ends in each syntax that has them. Must not: judge them.

use std::ops::Range;

use super::context::Context;
use super::cursor::Cursor;
use super::operator::{Operator, Place};
use super::statement::line_above;
use super::value::{self, Form};
use crate::file_kind::FileKind;

/// Bytes of a bare value, at most: a longer run is data, and is left alone.
const MAX: usize = 1024;
/// Bytes of the line before a setting that are read.
const MAX_NEIGHBOUR: usize = 160;

/// The bare value at the cursor, where the syntax has such values.
#[must_use]
pub fn read(place: &Place<'_>, cursor: Cursor<'_>, operator: Operator, context: Context) -> Option<Range<usize>> {
    let first = cursor.peek()?;
    if operator != Operator::Element && b"${<([|>\"'`&\\,;=)\n\r".contains(&first) {
        return None;
    }
    let start = cursor.at;
    // A colon of full width has its space in it.
    let spaced = start > 0 && matches!(place.whole[start - 1], b' ' | b'\t' | 0x80..);
    let rest = &cursor.rest()[..cursor.rest().len().min(MAX)];
    let in_text = matches!(context, Context::Text(_));
    // A shell has neither of them.
    let is_make =
        || place.kind == FileKind::Script && [&b"?="[..], b":="].iter().any(|sign| place.whole[..start].trim_ascii_end().ends_with(sign));
    let length = match operator {
        Operator::Element => element(rest)?,
        Operator::Cell => cell(rest)?,
        Operator::Query | Operator::Flag | Operator::Prose | Operator::Command => word(rest),
        Operator::Default => rest.iter().position(|byte| matches!(byte, b'}' | b'\n'))?,
        Operator::Tight => tight(rest, place)?,
        Operator::Colon if !spaced && first.is_ascii() => return None,
        _ if in_text => word(rest),
        Operator::Colon | Operator::Named if place.kind == FileKind::Config => line(rest, place),
        Operator::Assign
            if spaced
                && (place.kind == FileKind::Config || place.kind == FileKind::Script && place.text().contains(&b'.') || is_make()) =>
        {
            line(rest, place)
        }
        Operator::Assign if spaced && context != Context::Comment && place.kind != FileKind::Doc => return None,
        _ => word(rest),
    };
    let length = if operator == Operator::Assign && !spaced { before_option(&rest[..length]) } else { length };
    // `password length: …` is a title.
    if operator == Operator::Space && rest.get(length) == Some(&b':') {
        return None;
    }
    // `:autocomplete => 'current-password', autofocus: true` goes on with another name.
    if operator == Operator::Comma && rest.get(length) == Some(&b':') {
        return None;
    }
    // `PASSWORD=value command` is no sentence.
    let shell =
        operator == Operator::Assign && !spaced && (place.kind == FileKind::Script || !place.text().iter().any(u8::is_ascii_lowercase));
    let sentence = matches!(operator, Operator::Assign | Operator::Colon | Operator::Space) && !place.text().starts_with(b"-") && !shell;
    let is_logged = || operator == Operator::Assign && !spaced && value::form(&rest[..length]) == Form::Random;
    // `passphrase requester. This is …`
    let stop = usize::from(operator == Operator::Space && rest[length..].starts_with(b". "));
    let phrase = sentence && goes_on(&rest[length + stop..]) && !is_logged();
    (length > 0 && length < MAX && !phrase && !rest[..length].contains(&b' ')).then_some(start..start + length)
}

/// Bytes of a value that is one of a list of options: `username=ann,password=value,uid=1000`.
fn before_option(value: &[u8]) -> usize {
    let is_option = |text: &[u8]| {
        let name = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
        name > 1 && text.get(name) == Some(&b'=') && text.len() > name + 1 && text[0].is_ascii_alphabetic()
    };
    memchr::memchr_iter(b',', value).find(|&comma| is_option(&value[comma + 1..])).unwrap_or(value.len())
}

/// A bare value in a file of code that fills the line with its name, and looks random or has settings beside it: a text over several lines.
#[must_use]
pub fn lone(place: &Place<'_>, cursor: Cursor<'_>, operator: Operator) -> Option<Range<usize>> {
    let settles = matches!(operator, Operator::Colon | Operator::Assign) && place.before().trim_ascii_end().len() < place.before().len();
    let head = place.before().iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
    let rest = &cursor.rest()[..cursor.rest().len().min(MAX)];
    let length = word(rest);
    let whole = matches!(rest.get(length), None | Some(b'\n' | b'\r' | b'`'));
    let alone = settles && head == Some(&b'\n') && whole;
    (alone && (value::form(&rest[..length]) == Form::Random || is_among_settings(place, cursor.at)))
        .then_some(cursor.at..cursor.at + length)
}

/// The bare value that has the line at the cursor for itself, below the tag of its element or, if it looks random, below its name.
#[must_use]
pub fn on_next_line(place: &Place<'_>, cursor: Cursor<'_>, operator: Operator) -> Option<Range<usize>> {
    let rest = &cursor.rest()[..cursor.rest().len().min(MAX)];
    let length = word(rest);
    let is_whole = length > 0 && matches!(rest.get(length), None | Some(b'\n' | b'\r'));
    let padding = rest[..length].iter().rev().take_while(|byte| **byte == b'=').count();
    let value = &rest[..length - padding];
    let is_value = match operator {
        Operator::Element => true,
        Operator::Assign => {
            place.kind != FileKind::Code && value::form(value) == Form::Random && memchr::memchr2(b'=', b':', value).is_none()
        }
        _ => false,
    };
    (is_whole && is_value).then_some(cursor.at..cursor.at + length)
}

/// Whether the line before or after is written as this one and as no code is: `name=value` without blanks, an item of a list in YAML. Or it opens
/// or closes a text over several lines.
fn is_among_settings(place: &Place<'_>, value: usize) -> bool {
    let is_tight = place.bytes[..value].ends_with(b"=");
    let is_other = |line: &[u8]| {
        let line = line.trim_ascii();
        let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
        let is_setting = name > 0 && line.get(name) == Some(&b'=') && line[name..].iter().all(|byte| !b" \t\"'`,;(){}[]\\".contains(byte));
        if is_tight { is_setting } else { line.starts_with(b"- ") && !line.ends_with(b",") && !line.ends_with(b";") }
    };
    let above = line_above(place, MAX_NEIGHBOUR);
    let rest = &place.bytes[value..];
    let below = &rest[memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)..];
    let below = &below[..memchr::memchr(b'\n', below).unwrap_or(below.len())];
    let marks = [&b"`"[..], b"\"\"\"", b"'''"];
    let closes = marks.iter().any(|mark| below.trim_ascii().starts_with(mark));
    let opens = marks.iter().any(|mark| above.trim_ascii().ends_with(mark) && above.trim_ascii().len() > mark.len());
    is_other(above) || is_other(below) || opens || closes
}

/// Whether a text goes on with words that are no further assignment, option or comment.
#[must_use]
pub fn goes_on(rest: &[u8]) -> bool {
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let [b' ' | b'\t', ..] = line else { return false };
    let word = line.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    word.first().is_some_and(|first| first.is_ascii_alphabetic() || *first >= 0x80)
        && !word.iter().any(|byte| matches!(byte, b'=' | b':' | b'/'))
}

/// Bytes of the value of `name:value` in one word: letters and digits mixed, or an option such as `/password:value`.
fn tight(rest: &[u8], place: &Place<'_>) -> Option<usize> {
    let length = word(rest);
    let value = &rest[..length];
    let mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic) && !value.contains(&b':');
    (mixed || place.before().ends_with(b" /")).then_some(length)
}

/// Bytes of a word: up to a blank, a quote, or a sign that ends words in shells, queries and sentences.
#[must_use]
pub fn word(rest: &[u8]) -> usize {
    let ends = |at: usize| match rest[at] {
        b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'`' | b';' | b'&' | b'<' | b'>' | b'|' | b')' => true,
        b'\'' => at == 0 || rest.get(at + 1).is_none_or(|next| !next.is_ascii_alphanumeric()),
        b'\\' => !rest.get(at + 1).is_some_and(|next| next.is_ascii_punctuation() && !matches!(next, b'"' | b'\'' | b'\\')),
        b',' | b'}' | b']' => rest.get(at + 1).is_none_or(|next| !next.is_ascii_alphanumeric()),
        _ => false,
    };
    let length = (0..rest.len()).find(|&at| ends(at)).unwrap_or(rest.len());
    let trimmed = rest[..length].iter().rev().take_while(|byte| matches!(byte, b'.' | b',' | b':' | b'*')).count();
    length - trimmed
}

/// Bytes of a line's rest without its comment; up to the next comma inside braces.
fn line(rest: &[u8], place: &Place<'_>) -> usize {
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
    let line = &rest[..end];
    let before = &place.before()[place.before().len().saturating_sub(600)..];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let flow = before[line_start..].contains(&b'{');
    let comment = line.windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#' | b';'])).unwrap_or(line.len());
    let line = &line[..comment];
    let line = if flow { &line[..line.iter().position(|byte| matches!(byte, b',' | b'}')).unwrap_or(line.len())] } else { line };
    let line = line.trim_ascii_end();
    // JSON in a block of text.
    let ends: &[u8] = if place.bytes[place.name.end..].starts_with(b"\"") { b"," } else { b";" };
    let line = line.strip_suffix(ends).unwrap_or(line);
    line.strip_suffix(b"\\").unwrap_or(line).trim_ascii_end().len()
}

/// Bytes of an element's text, if the element holds nothing else.
fn element(rest: &[u8]) -> Option<usize> {
    let end = memchr::memchr2(b'<', b'\n', rest)?;
    let text = rest[..end].strip_suffix(b"]]>").unwrap_or(&rest[..end]);
    (rest[end..].starts_with(b"</") && !text.is_empty()).then_some(text.len())
}

/// Bytes of a table cell that is a single word.
fn cell(rest: &[u8]) -> Option<usize> {
    let length = word(rest);
    let after = rest[length..].trim_ascii_start();
    matches!(after.first(), Some(b'|' | b'<')).then_some(length)
}
