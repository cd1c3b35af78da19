//! Values written as numbers, one a byte: `[]byte{0x2a, …}`, `new byte[] {42, …}`, `bytes([42, …])`. Owns: where such a list stands, and what it
//! spells. Must not: judge it.

use std::ops::Range;

use super::cursor::Cursor;
use super::operator::Place;
use crate::file_kind::FileKind;

/// Bytes of an expression in which the list may open.
const HEAD: usize = 64;
/// Fewest bytes: a shorter list is a version, a colour, an address.
const FEWEST: usize = 8;
/// Most bytes that are read.
const MOST: usize = 256;
/// What separates two bytes, at most: a comma, a line end and blanks.
const GAP: usize = 96;

/// A list of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// The numbers as written, without brackets.
    pub span: Range<usize>,
    /// What they spell: the text itself where all of it can be printed, else two hex digits a byte.
    pub text: Vec<u8>,
}

/// The list that the expression at the cursor opens with; data has no expressions.
#[must_use]
pub fn read(place: &Place<'_>, cursor: Cursor<'_>) -> Option<Array> {
    let reach = match place.kind {
        FileKind::Code => HEAD,
        FileKind::Data | FileKind::Config => 1,
        _ => return None,
    };
    let far = place.far(cursor.at);
    let head = &far.rest()[..far.rest().len().min(reach)];
    let end = head.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"_.:&*!<> \t\r\n[]({".contains(byte));
    let mut opened = head[..end.unwrap_or(head.len())].iter().enumerate().filter(|(_, byte)| b"[({".contains(byte)).take(4);
    opened.find_map(|(at, _)| {
        place.looked(far.at + HEAD + GAP);
        list(place, place.far(far.at + at + 1))
    })
}

/// The bytes up to the closing bracket.
fn list(place: &Place<'_>, mut cursor: Cursor<'_>) -> Option<Array> {
    let mut bytes = Vec::new();
    skip(&mut cursor);
    let start = cursor.at;
    let mut end = start;
    while let Some(byte) = element(&mut cursor) {
        bytes.push(byte);
        end = cursor.at;
        skip(&mut cursor);
        let more = cursor.eat(b",");
        skip(&mut cursor);
        if !more || bytes.len() == MOST {
            break;
        }
    }
    place.looked(cursor.at + GAP);
    let closed = matches!(cursor.peek(), Some(b'}' | b']' | b')'));
    if bytes.len() < FEWEST || !closed {
        return None;
    }
    let printed = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let text = if printed { bytes } else { data_encoding::HEXLOWER.encode(&bytes).into_bytes() };
    Some(Array { span: start..end, text })
}

/// Steps over blanks and line ends.
fn skip(cursor: &mut Cursor<'_>) {
    cursor.at += cursor.rest().iter().take(GAP).take_while(|byte| byte.is_ascii_whitespace()).count();
}

/// One byte: `0x2a`, `42`, `-42`, `'*'`, `(byte) 0x2a`, `0x2au8`.
fn element(cursor: &mut Cursor<'_>) -> Option<u8> {
    if cursor.eat(b"(byte)") {
        cursor.blanks();
    }
    if let [b'\'', byte, b'\'', ..] = *cursor.rest() {
        cursor.at += 3;
        return Some(byte);
    }
    let negative = cursor.eat(b"-");
    let radix = if cursor.eat(b"0x") || cursor.eat(b"0X") { 16 } else { 10 };
    let digits = cursor.rest().iter().take(4).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let number = std::str::from_utf8(&cursor.rest()[..digits]).ok().and_then(|digits| i16::from_str_radix(digits, radix).ok())?;
    cursor.at += digits;
    let _ = cursor.eat(b"u8");
    // Java's bytes are signed.
    if negative { i8::try_from(-number).ok().map(i8::cast_unsigned) } else { u8::try_from(number).ok() }
}

/// Whether bytes are nothing but a count: `0, 1, 2, 3, …`, or a few values again and again.
#[must_use]
pub fn is_counted(text: &[u8]) -> bool {
    let Ok(bytes) = data_encoding::HEXLOWER.decode(text) else { return false };
    let steps = |step: u8| bytes.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) == step).count();
    [0, 1, 0x11, 0xFF].into_iter().any(|step| steps(step) * 4 >= bytes.len() * 3 - 4)
}
