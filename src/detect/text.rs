//! Bytes to text. Owns: telling UTF-16 and binary content apart from other text, and mapping positions back. Must not: scan.
//!
//! UTF-8, Latin-1 and mixtures of them are scanned as they are: every pattern is ASCII. UTF-16 is turned into UTF-8 first. Content with NUL
//! bytes that is not UTF-16 is binary; stretches of wide characters in it (`a\0b\0`: PowerShell appending to a file, strings of Windows
//! programs) are read as a second text.

use std::borrow::Cow;

/// Bytes looked at to tell UTF-16 without a byte order mark.
const SAMPLE: usize = 4096;
/// Shortest stretch of wide characters that is worth reading, in characters.
const WIDE_RUN: usize = 8;
/// Offset of the last pair of the shortest stretch.
const LAST_PAIR: usize = 2 * (WIDE_RUN - 1);

/// How a blob's bytes spell its text. Decided on its first bytes, so that a stream keeps one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text in ASCII or a superset of it, or binary content.
    Bytes,
    /// Two bytes a code unit.
    Utf16 {
        /// Low byte first.
        little: bool,
    },
}

impl Form {
    /// The form of content that starts with `head`.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0xFF, 0xFE, rest @ ..] if !rest.starts_with(&[0, 0]) => return Self::Utf16 { little: true },
            [0xFE, 0xFF, ..] => return Self::Utf16 { little: false },
            _ => {}
        }
        let sample = &head[..head.len().min(SAMPLE)];
        if memchr::memchr(0, sample).is_none() {
            return Self::Bytes;
        }
        let pairs = sample.len() / 2;
        let nul = |offset: usize| sample.chunks_exact(2).filter(|pair| pair[offset] == 0 && pair[1 - offset] != 0).count();
        let both = sample.chunks_exact(2).filter(|pair| **pair == [0, 0]).count();
        let mostly = |count: usize| pairs >= 4 && both == 0 && count * 10 >= pairs * 8;
        if mostly(nul(1)) {
            Self::Utf16 { little: true }
        } else if mostly(nul(0)) {
            Self::Utf16 { little: false }
        } else {
            Self::Bytes
        }
    }
}

/// Whether a blob that starts with `head` is an archive or a compressed file: zip (and what is made of it, such as JAR and DOCX), gzip, bzip2,
/// xz, Zstandard, 7-Zip, RAR and LZ4, by the first bytes that their descriptions ask for.
#[must_use]
pub fn is_compressed(head: &[u8]) -> bool {
    const STARTS: [&[u8]; 8] = [
        b"PK\x03\x04",
        b"\x1F\x8B\x08",
        b"\xFD7zXZ\0",
        b"\x28\xB5\x2F\xFD",
        b"7z\xBC\xAF\x27\x1C",
        b"Rar!\x1A\x07",
        b"\x04\x22\x4D\x18",
        b"PK\x05\x06",
    ];
    let is_bzip2 = head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY");
    is_bzip2 || STARTS.iter().any(|start| head.starts_with(start))
}

/// A text of a blob, and how its positions map to the blob's bytes.
#[derive(Debug)]
pub struct Text<'b> {
    /// UTF-8 or a superset of ASCII.
    pub bytes: Cow<'b, [u8]>,
    /// Whether the blob has NUL bytes and is not UTF-16.
    pub binary: bool,
    map: Map,
}

#[derive(Debug)]
enum Map {
    /// Text and blob are the same bytes.
    Same,
    /// The whole blob was turned into UTF-8.
    Utf16,
    /// Stretches: `(start in the text, start in the blob)`.
    Wide(Vec<(usize, usize)>),
}

/// The texts of `bytes`: one, and a second one for binary content with wide characters.
#[must_use]
pub fn of(bytes: &[u8], form: Form) -> Vec<Text<'_>> {
    if let Form::Utf16 { little } = form {
        return vec![Text { bytes: Cow::Owned(from_utf16(bytes, little)), binary: false, map: Map::Utf16 }];
    }
    let Some(first_nul) = memchr::memchr(0, bytes) else {
        return vec![Text { bytes: Cow::Borrowed(bytes), binary: false, map: Map::Same }];
    };
    let mut texts = vec![Text { bytes: Cow::Borrowed(bytes), binary: true, map: Map::Same }];
    let (wide, stretches) = wide_stretches(bytes, first_nul);
    if !stretches.is_empty() {
        texts.push(Text { bytes: Cow::Owned(wide), binary: true, map: Map::Wide(stretches) });
    }
    texts
}

impl Text<'_> {
    /// The blob's offset for offset `at` of the text. `known` is an earlier answer, `(offset in the text, in the blob)`, to count on from.
    #[must_use]
    pub fn raw(&self, known: (usize, usize), at: usize) -> usize {
        match &self.map {
            Map::Same => at,
            Map::Utf16 => known.1 + utf16_len(&self.bytes[known.0..at]),
            Map::Wide(stretches) => {
                let index = stretches.partition_point(|&(text, _)| text <= at).saturating_sub(1);
                let (text, raw) = stretches[index];
                raw + 2 * (at - text)
            }
        }
    }

    /// The text's offset for offset `raw` of the blob; only for texts that cover the whole blob.
    #[must_use]
    pub fn offset_of_raw(&self, raw: usize) -> usize {
        let Map::Utf16 = self.map else { return raw };
        let mut left = raw;
        let mut offset = 0;
        for (start, end, _) in bstr::ByteSlice::char_indices(&*self.bytes) {
            let units = if end - start == 4 { 4 } else { 2 };
            if left < units {
                return start;
            }
            left -= units;
            offset = end;
        }
        offset
    }

    /// Whether lines and columns of the text are those of the blob.
    #[must_use]
    pub const fn has_lines(&self) -> bool {
        !matches!(self.map, Map::Wide(_))
    }
}

/// Bytes that text takes in UTF-16: four-byte characters are surrogate pairs, every other one is one unit.
fn utf16_len(text: &[u8]) -> usize {
    text.iter()
        .map(|&byte| {
            if byte >= 0xF0 {
                4
            } else if !(0x80..0xC0).contains(&byte) {
                2
            } else {
                0
            }
        })
        .sum()
}

/// UTF-16 as UTF-8, a lone surrogate as U+FFFD. A byte order mark stays, so that offsets map.
fn from_utf16(bytes: &[u8], little: bool) -> Vec<u8> {
    let units = bytes.chunks(2).map(|pair| {
        let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    let mut text = Vec::with_capacity(bytes.len() / 2 + 16);
    for character in char::decode_utf16(units) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    text
}

/// The stretches of `a\0b\0…` in `bytes`, one a line, and where each starts in the text and in `bytes`.
fn wide_stretches(bytes: &[u8], first_nul: usize) -> (Vec<u8>, Vec<(usize, usize)>) {
    let is_text = |byte: u8| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t';
    let mut text = Vec::new();
    let mut stretches = Vec::new();
    let mut at = first_nul.saturating_sub(1);
    while let Some(last) = bytes.get(at + LAST_PAIR..at + LAST_PAIR + 2) {
        // A run that starts here or before the pair takes one byte of the pair for a character and the other for its zero.
        if (last[0] == 0) == (last[1] == 0) {
            at += LAST_PAIR + 1;
            continue;
        }
        let run = bytes[at..].chunks_exact(2).take_while(|pair| is_text(pair[0]) && pair[1] == 0).count();
        if run >= WIDE_RUN {
            stretches.push((text.len(), at));
            text.extend(bytes[at..at + 2 * run].iter().step_by(2));
            text.push(b'\n');
        }
        at += (2 * run).max(1);
    }
    (text, stretches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn forms_are_told_apart() {
        let text = "password = secret\r\n";
        for little in [true, false] {
            let form = Form::Utf16 { little };
            assert_eq!(Form::of(&utf16(text, little)), form, "without a mark");
            assert_eq!(Form::of(&utf16(&format!("\u{feff}{text}"), little)), form, "with a mark");
        }
        assert_eq!(Form::of(text.as_bytes()), Form::Bytes);
        assert_eq!(Form::of(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"), Form::Bytes);
    }

    #[test]
    fn wide_stretches_of_binary_content_are_read() {
        let bytes = [b"plain\n".as_slice(), &utf16("password=abc", true), b"\n\0\0\x01"].concat();
        let texts = of(&bytes, Form::of(&bytes));
        assert_eq!(texts.len(), 2);
        assert_eq!(&*texts[1].bytes, b"password=abc\n");
        assert_eq!(texts[1].raw((0, 0), 9), 24);
    }

    proptest! {
        #[test]
        fn positions_map_back(text in "\\PC{0,40}", little: bool, cut in 0..40_usize) {
            let bytes = utf16(&text, little);
            let texts = of(&bytes, Form::Utf16 { little });
            prop_assert_eq!(&*texts[0].bytes, text.as_bytes());
            let at = text.char_indices().nth(cut).map_or(text.len(), |(at, _)| at);
            let raw = texts[0].raw((0, 0), at);
            prop_assert_eq!(&bytes[..raw], utf16(&text[..at], little));
            prop_assert_eq!(texts[0].offset_of_raw(raw), at);
        }
    }
}
