//! JSON without a character that a terminal would act on. Owns: the formatter and the one way to write a JSON document.
//! Must not: know what is written.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::blob::is_harmless;

/// Writes `value` as compact JSON and ends the line. Control, bidirectional and zero-width characters are `\u` escapes, so readers of
/// JSON get them as they are and terminals do not get them.
///
/// # Errors
/// Those of `out`.
pub fn write_line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Harmless))?;
    out.write_all(b"\n")
}

/// Compact JSON, harmless on a terminal.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|character| !is_harmless(character)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let character = rest[at..].chars().next().expect("because find gives the start of a character");
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + character.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_are_escaped_and_come_back() {
        let hostile = "a\u{1b}[31m\u{9b}\u{7f}é\u{202e}\u{e0041}z";
        let mut out = Vec::new();
        write_line(&hostile, &mut out).unwrap();
        assert_eq!(String::from_utf8(out.clone()).unwrap(), "\"a\\u001b[31m\\u009b\\u007fé\\u202e\\udb40\\udc41z\"\n");
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), hostile);
    }
}
