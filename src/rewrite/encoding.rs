//! Files that are not UTF-8: rewriters work on UTF-8, the file keeps its own encoding. Owns: conversion both ways, and the spans.
//! Must not: change a byte outside of a splice.

use std::ops::Range;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::literal::manual;
use super::{Manual, Splice};
use crate::secret::Secret;

/// How a file spells its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileEncoding {
    /// UTF-8, with a byte order mark or without; the mark is part of the text.
    Utf8,
    /// UTF-16, little endian, with its mark.
    Utf16Le,
    /// UTF-16, big endian, with its mark.
    Utf16Be,
    /// One byte a character.
    Latin1,
}

/// A file's text as UTF-8, and the way back.
pub struct Text {
    encoding: FileEncoding,
    utf8: Vec<u8>,
    /// Of every character of `utf8`: where it starts, and where it starts in the file. Empty where both are the same.
    starts: Vec<(usize, usize)>,
}

impl Text {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// Bytes that the encoding would not give back equally.
    pub fn new(bytes: &[u8]) -> Result<Self, Manual> {
        let encoding = encoding_of(bytes);
        if encoding == FileEncoding::Utf8 {
            return Ok(Self { encoding, utf8: bytes.to_vec(), starts: Vec::new() });
        }
        let text = match encoding {
            FileEncoding::Utf16Le => utf16(UTF_16LE, &bytes[2..])?,
            FileEncoding::Utf16Be => utf16(UTF_16BE, &bytes[2..])?,
            FileEncoding::Latin1 | FileEncoding::Utf8 => encoding_rs::mem::decode_latin1(bytes).into_owned(),
        };
        let mut starts = Vec::with_capacity(text.len());
        let mut at = mark(encoding).len();
        for (start, character) in text.char_indices() {
            starts.push((start, at));
            at += width(encoding, character);
        }
        starts.push((text.len(), at));
        let text = Self { encoding, utf8: text.into_bytes(), starts };
        if file(encoding, &text.utf8).is_none_or(|again| again != bytes) {
            return Err(manual("the file mixes encodings", "save it as UTF-8 first"));
        }
        Ok(text)
    }

    /// Reads a file's bytes where they are sure to be text: UTF-8 or UTF-16, and not one byte a character, which anything could be.
    #[must_use]
    pub fn unicode(bytes: &[u8]) -> Option<Self> {
        Self::new(bytes).ok().filter(|text| text.encoding != FileEncoding::Latin1)
    }

    /// The text as UTF-8.
    #[must_use]
    pub fn utf8(&self) -> &[u8] {
        &self.utf8
    }

    /// How the file is encoded.
    #[must_use]
    pub const fn encoding(&self) -> FileEncoding {
        self.encoding
    }

    /// The span in the UTF-8 text of a span of the file; none where it cuts a character.
    #[must_use]
    pub fn inward(&self, span: &Range<usize>) -> Option<Range<usize>> {
        if self.starts.is_empty() {
            return Some(span.clone());
        }
        let at = |offset: usize| self.starts.binary_search_by_key(&offset, |(_, file)| *file).ok().map(|index| self.starts[index].0);
        Some(at(span.start)?..at(span.end)?)
    }

    /// The span in the file of a span of the UTF-8 text; none where it cuts a character.
    #[must_use]
    pub fn outward(&self, span: &Range<usize>) -> Option<Range<usize>> {
        if self.starts.is_empty() {
            return Some(span.clone());
        }
        let at = |offset: usize| self.starts.binary_search_by_key(&offset, |(text, _)| *text).ok().map(|index| self.starts[index].1);
        Some(at(span.start)?..at(span.end)?)
    }

    /// UTF-8 text in the file's encoding, without a byte order mark; none where it has characters that the encoding lacks.
    #[must_use]
    pub fn encode(&self, utf8: &[u8]) -> Option<Vec<u8>> {
        encode(self.encoding, utf8)
    }

    /// Splices of the UTF-8 text as splices of the file.
    ///
    /// # Errors
    /// A character that the encoding lacks.
    pub fn splices(&self, splices: &[Splice]) -> Result<Vec<Splice>, Manual> {
        let lacking = || manual("the file's encoding lacks a character of the new text", "save it as UTF-8 first");
        let convert = |splice: &Splice| Some(Splice { span: self.outward(&splice.span)?, text: self.encode(&splice.text)?.into() });
        splices.iter().map(|splice| convert(splice).ok_or_else(lacking)).collect()
    }

    /// Whether the value is the same text for the program that reads this file: what is not ASCII in a file of one byte a character is not sure.
    ///
    /// # Errors
    /// That it is not sure.
    pub fn is_sure(&self, value: &Secret) -> Result<(), Manual> {
        if self.encoding == FileEncoding::Latin1 && !value.expose().is_ascii() {
            return Err(manual("the value has characters that are spelled differently in UTF-8", "save the file as UTF-8 first"));
        }
        Ok(())
    }
}

/// UTF-8 text in this encoding, without a byte order mark.
#[must_use]
pub fn encode(encoding: FileEncoding, utf8: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(utf8);
    match encoding {
        FileEncoding::Utf8 => Some(utf8.to_vec()),
        FileEncoding::Utf16Le => Some(text.ok()?.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        FileEncoding::Utf16Be => Some(text.ok()?.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        FileEncoding::Latin1 => text.ok()?.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect(),
    }
}

/// UTF-8 text as a file of this encoding has it, with its byte order mark.
#[must_use]
pub fn file(encoding: FileEncoding, utf8: &[u8]) -> Option<Vec<u8>> {
    Some([mark(encoding), &encode(encoding, utf8)?].concat())
}

fn encoding_of(bytes: &[u8]) -> FileEncoding {
    match bytes {
        [0xff, 0xfe, ..] => FileEncoding::Utf16Le,
        [0xfe, 0xff, ..] => FileEncoding::Utf16Be,
        _ if std::str::from_utf8(bytes).is_ok() => FileEncoding::Utf8,
        _ => FileEncoding::Latin1,
    }
}

fn utf16(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, Manual> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(std::borrow::Cow::into_owned).ok_or_else(|| manual("the file is no valid UTF-16", "save it as UTF-8 first"))
}

const fn mark(encoding: FileEncoding) -> &'static [u8] {
    match encoding {
        FileEncoding::Utf16Le => &[0xff, 0xfe],
        FileEncoding::Utf16Be => &[0xfe, 0xff],
        FileEncoding::Utf8 | FileEncoding::Latin1 => &[],
    }
}

const fn width(encoding: FileEncoding, character: char) -> usize {
    match encoding {
        FileEncoding::Utf8 => character.len_utf8(),
        FileEncoding::Utf16Le | FileEncoding::Utf16Be => character.len_utf16() * 2,
        FileEncoding::Latin1 => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(bytes: &[u8], encoding: FileEncoding) {
        let text = Text::new(bytes).unwrap();
        assert_eq!(text.encoding(), encoding);
        let at = text.utf8().windows(6).position(|window| window == b"secret").unwrap();
        let splice = Splice { span: at..at + 6, text: "x[\"Y\"]".into() };
        let outside = text.splices(std::slice::from_ref(&splice)).unwrap();
        assert_eq!(text.inward(&outside[0].span).unwrap(), splice.span);
        let after = super::super::splice(bytes, &outside);
        let undo = Splice {
            span: outside[0].span.start..outside[0].span.start + outside[0].text.len(),
            text: text.encode(b"secret").unwrap().into(),
        };
        assert_eq!(Text::new(&after).unwrap().utf8(), super::super::splice(text.utf8(), &[splice]));
        assert_eq!(super::super::splice(&after, &[undo]), bytes);
    }

    #[test]
    fn every_encoding_is_edited_in_itself() {
        let text = "é = 1 # 😀\r\np = \"secret\"\r\n";
        let wide = |mark: u16, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            std::iter::once(mark).chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        there_and_back(text.as_bytes(), FileEncoding::Utf8);
        there_and_back(format!("\u{feff}{text}").as_bytes(), FileEncoding::Utf8);
        there_and_back(&wide(0xfeff, u16::to_le_bytes), FileEncoding::Utf16Le);
        there_and_back(&wide(0xfeff, u16::to_be_bytes), FileEncoding::Utf16Be);
        there_and_back(b"\xe9 = 1\np = 'secret'\n", FileEncoding::Latin1);
    }

    #[test]
    fn what_is_not_sure_is_refused() {
        assert!(Text::new(b"\xff\xfea").is_err(), "half a unit");
        assert!(Text::new(b"\xff\xfe\x00\xd8a\x00").is_err(), "half a pair");
        let latin = Text::new(b"p = '\xe9'").unwrap();
        assert!(latin.is_sure(&Secret::new("é".as_bytes())).is_err() && latin.is_sure(&Secret::new(b"e")).is_ok());
        assert!(latin.splices(&[Splice { span: 0..1, text: "€".into() }]).is_err());
    }
}
