//! How a value is spelled in a file. Owns: spelling a value again, and noting the spelling while a literal is decoded. Must not: know any
//! language; each rewriter decodes its own literals.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding};

use super::{Form, Piece, Spelling};

/// Control characters and the letters that stand for them after a backslash.
const LETTERS: [(char, char); 9] =
    [('\n', 'n'), ('\r', 'r'), ('\t', 't'), ('\0', '0'), ('\u{7}', 'a'), ('\u{8}', 'b'), ('\u{b}', 'v'), ('\u{c}', 'f'), ('\u{1b}', 'e')];

/// The control character that `letter` stands for after a backslash in the C family.
#[must_use]
pub fn control(letter: char) -> Option<char> {
    LETTERS.into_iter().find(|(_, known)| *known == letter).map(|(control, _)| control)
}

impl Spelling {
    /// The bytes that spell `value`; none where it cannot be spelled this way.
    #[must_use]
    pub fn spell(&self, value: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Plain => Some(value.to_vec()),
            Self::Base64 { url, padded } => Some(base64(*url, *padded).encode(value).into_bytes()),
            Self::Pieces(pieces) => {
                let mut out = Vec::new();
                let mut rest = value;
                for piece in pieces {
                    let (stretch, after) = rest.split_at_checked(piece.length)?;
                    rest = after;
                    piece.form.spell(stretch, &mut out)?;
                }
                rest.is_empty().then_some(out)
            }
        }
    }
}

const fn base64(url: bool, padded: bool) -> Encoding {
    match (url, padded) {
        (false, true) => BASE64,
        (false, false) => BASE64_NOPAD,
        (true, true) => BASE64URL,
        (true, false) => BASE64URL_NOPAD,
    }
}

impl Form {
    fn spell(&self, stretch: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Plain => out.extend_from_slice(stretch),
            Self::Between(text) | Self::Folded(text) => out.extend_from_slice(text.as_bytes()),
            Self::Entity(name) => out.extend(format!("&{name};").bytes()),
            Self::Hex { before, after, digits, upper, bytes: true, .. } => {
                for &byte in stretch {
                    out.extend(hex(u32::from(byte), before, after, *digits, *upper).bytes());
                }
            }
            Self::Prefixed(_) | Self::Letter | Self::Hex { .. } | Self::Octal { .. } => {
                for character in std::str::from_utf8(stretch).ok()?.chars() {
                    out.extend(self.spell_character(character)?.bytes());
                }
            }
        }
        Some(())
    }

    fn spell_character(&self, character: char) -> Option<String> {
        Some(match self {
            Self::Prefixed(prefix) => format!("{prefix}{character}"),
            Self::Letter => format!("\\{}", LETTERS.into_iter().find(|(control, _)| *control == character)?.1),
            Self::Octal { digits } => format!("\\{:0width$o}", u32::from(character), width = usize::from(*digits)),
            Self::Hex { before, after, digits, upper, surrogates, .. } => {
                let mut units = [0; 2];
                let codes: Vec<u32> = if *surrogates {
                    character.encode_utf16(&mut units).iter().map(|&unit| u32::from(unit)).collect()
                } else {
                    vec![u32::from(character)]
                };
                codes.into_iter().map(|code| hex(code, before, after, *digits, *upper)).collect()
            }
            Self::Plain | Self::Entity(_) | Self::Folded(_) | Self::Between(_) => return None,
        })
    }
}

fn hex(code: u32, before: &str, after: &str, digits: u8, upper: bool) -> String {
    let width = usize::from(digits);
    if upper { format!("{before}{code:0width$X}{after}") } else { format!("{before}{code:0width$x}{after}") }
}

/// Collects a decoded value and its spelling, piece by piece.
#[derive(Debug, Default)]
pub struct Decoded {
    value: zeroize::Zeroizing<Vec<u8>>,
    pieces: Vec<Piece>,
}

impl Decoded {
    /// Adds a part of the value that is spelled in this form.
    pub fn push(&mut self, part: &[u8], form: Form) {
        self.value.extend_from_slice(part);
        match self.pieces.last_mut() {
            Some(last) if last.form == form && !matches!(form, Form::Between(_) | Form::Folded(_) | Form::Entity(_)) => {
                last.length += part.len();
            }
            _ => self.pieces.push(Piece { length: part.len(), form }),
        }
    }

    /// Adds text that is between parts of the value.
    pub fn between(&mut self, text: &str) {
        self.push(b"", Form::Between(text.to_owned()));
    }

    /// The value and its spelling; none where the spelling does not give `raw` back, so that undo could not.
    #[must_use]
    pub fn finish(self, raw: &[u8]) -> Option<(crate::secret::Secret, Spelling)> {
        let plain = self.pieces.iter().all(|piece| piece.form == Form::Plain);
        let spelling = if plain { Spelling::Plain } else { Spelling::Pieces(self.pieces) };
        (spelling.spell(&self.value)? == raw).then(|| (crate::secret::Secret::new(&self.value), spelling))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoded_literal_is_spelled_again_byte_for_byte() {
        let raw = r"p\x41\u00e9\n\\q%C3%A9";
        let mut decoded = Decoded::default();
        let hex = |before: &str, digits, bytes| Form::Hex {
            before: before.to_owned(),
            after: String::new(),
            digits,
            upper: bytes,
            bytes,
            surrogates: false,
        };
        decoded.push(b"p", Form::Plain);
        decoded.push(b"A", hex(r"\x", 2, false));
        decoded.push("é".as_bytes(), hex(r"\u", 4, false));
        decoded.push(b"\n", Form::Letter);
        decoded.push(b"\\", Form::Prefixed("\\".to_owned()));
        decoded.push(b"q", Form::Plain);
        decoded.push("é".as_bytes(), hex("%", 2, true));
        let (value, spelling) = decoded.finish(raw.as_bytes()).unwrap();
        assert_eq!(value.expose(), "pAé\n\\qé".as_bytes());
        assert_eq!(spelling.spell(value.expose()).unwrap(), raw.as_bytes());
        assert_eq!(spelling.spell(b"short"), None);
    }

    #[test]
    fn pieces_apart_are_joined_and_base64_keeps_its_alphabet() {
        let mut decoded = Decoded::default();
        decoded.push(b"ab", Form::Plain);
        decoded.between("\" + \"");
        decoded.push(b"cd", Form::Plain);
        let (value, spelling) = decoded.finish(b"ab\" + \"cd").unwrap();
        assert_eq!(value.expose(), b"abcd");
        assert_eq!(spelling.spell(b"abcd").unwrap(), b"ab\" + \"cd");
        assert_eq!(Spelling::Base64 { url: true, padded: false }.spell(&[0xff, 0xfe]).unwrap(), b"__4");
    }

    #[test]
    fn what_cannot_be_spelled_again_is_none() {
        let mut decoded = Decoded::default();
        decoded.push(b"a", Form::Plain);
        assert!(decoded.finish(b"b").is_none());
    }
}
