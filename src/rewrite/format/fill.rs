//! Values in place of the references of a file, in memory, for `unleak run --file`. Owns: where references are values, and how a value is spelled
//! in each syntax. Must not: write a file, or ask a store.

use std::fmt::Write as _;
use std::ops::Range;

use bstr::{BStr, BString};
use zeroize::Zeroizing;

use super::choice;
use super::scalar::Quote;
use super::{File, Format, Place, dotenv, ini};
use crate::reference::{self, Reference};
use crate::rewrite::{Manual, Splice, Strategy, Style, Tree};
use crate::secret::Secret;

/// A reference of a file.
pub struct Slot {
    /// What it refers to.
    pub reference: Reference,
    /// Its line, from 1.
    pub line: usize,
    /// The bytes that its value comes in place of.
    span: Range<usize>,
    /// What is around them.
    quotes: Option<char>,
}

/// How values are spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// Between double quotes with JSON's escapes, which YAML and TOML have, too.
    Quoted,
    /// With the escapes of Java's properties.
    Property,
    /// As they are, where all readers of INI files agree about them.
    Bare,
}

/// A tree of one file.
struct Alone;

impl Tree for Alone {
    fn read(&self, _: &BStr) -> Option<Vec<u8>> {
        None
    }

    fn named(&self, _: &[&str]) -> Vec<BString> {
        Vec::new()
    }
}

/// The syntax of a file, by its name.
fn syntax(path: &str) -> Result<(&'static dyn Format, Writing), String> {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    if dotenv::is(name) || dotenv::is_docker(name) {
        return Err("it is a file of variables; give it to --env-file".to_owned());
    }
    Ok(match name.rsplit('.').next().unwrap_or_default() {
        "json" | "jsonc" => (&choice::JSON, Writing::Quoted),
        "yml" | "yaml" => (&choice::YAML, Writing::Quoted),
        "toml" => (&super::toml::Toml, Writing::Quoted),
        "properties" => (&choice::PROPERTIES, Writing::Property),
        "ini" | "cfg" | "cnf" => (&choice::INI, Writing::Bare),
        "conf" => (&choice::CONF, Writing::Bare),
        _ => return Err("its syntax is not known; JSON, YAML, TOML, INI and properties are, by the file's name".to_owned()),
    })
}

/// The references of a file that are values there; those in comments are none.
///
/// # Errors
/// Lines and what is wrong with them; the line is 0 where it is the whole file.
pub fn slots(path: &str, text: &str) -> Result<Vec<Slot>, Vec<(usize, String)>> {
    let (format, writing) = syntax(path).map_err(|error| vec![(0, error)])?;
    let file = File { path, text, tree: &Alone, style: Style::Auto };
    let (mut slots, mut wrong) = (Vec::new(), Vec::new());
    for (span, parsed) in reference::find_all(text.as_bytes()) {
        let line = 1 + text[..span.start].matches('\n').count();
        let slot = format.place(&file, &span).map_err(|manual| manual.reason).and_then(|place| slot(&place, text, &span, writing));
        match (parsed, slot) {
            (_, Ok(None)) => {}
            (Ok(reference), Ok(Some((span, quotes)))) => slots.push(Slot { reference, line, span, quotes }),
            (Err(error), Ok(Some(_))) => wrong.push((line, error.to_string())),
            (_, Err(reason)) => wrong.push((line, reason)),
        }
    }
    if wrong.is_empty() { Ok(slots) } else { Err(wrong) }
}

/// Bytes that a value comes in place of, and the quotes around them.
type Room = (Range<usize>, Option<char>);

/// Which bytes make room for the value of the reference at `span`; none where it is prose.
fn slot(place: &Place, text: &str, span: &Range<usize>, writing: Writing) -> Result<Option<Room>, String> {
    let scalar = &place.scalar;
    if place.strategy == Strategy::Placeholder {
        return Ok(None);
    }
    if scalar.quote == Quote::Block {
        return Err("the reference stands in a block; write it on the line of its key".to_owned());
    }
    if scalar.decode.value.expose() != text[span.clone()].as_bytes() {
        return Err("the reference is a part of a longer value".to_owned());
    }
    if writing == Writing::Quoted {
        return Ok(Some((scalar.token.clone(), None)));
    }
    let quotes = text[..span.start].chars().next_back().filter(|quote| matches!(quote, '"' | '\'') && text[span.end..].starts_with(*quote));
    Ok(Some((span.clone(), quotes)))
}

/// A file with values.
pub struct Filled {
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// The values as they are spelled in it, without quotes.
    pub spelled: Vec<Secret>,
}

/// The file with values in place of its references.
///
/// # Errors
/// A line, and why its value cannot be spelled there.
pub fn filled(path: &str, text: &str, slots: &[Slot], values: &[Secret]) -> Result<Filled, (usize, String)> {
    let (format, writing) = syntax(path).map_err(|error| (0, error))?;
    let mut splices = Vec::new();
    for (slot, value) in slots.iter().zip(values) {
        let spelled = std::str::from_utf8(value.expose())
            .map_err(|_| "the value is no UTF-8".to_owned())
            .and_then(|value| spelled(value, writing, slot.quotes))
            .map_err(|error| (slot.line, error))?;
        splices.push(Splice { span: slot.span.clone(), text: spelled.into() });
    }
    let bytes = Zeroizing::new(crate::rewrite::splice(text.as_bytes(), &splices));
    let read_again = std::str::from_utf8(&bytes).is_ok_and(|after| {
        let mut moved = 0;
        let same = slots.iter().zip(&splices).zip(values).all(|((_, splice), value)| {
            let start = splice.span.start + moved - splice_shift(&splices, splice);
            moved += splice.text.len();
            is_value(format, path, after, start..start + splice.text.len(), writing, value)
        });
        same && format.verify(text, after, &splices).is_ok()
    });
    if read_again {
        let bare = |splice: &Splice| {
            Secret::new(splice.text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(&splice.text))
        };
        Ok(Filled { spelled: splices.iter().map(bare).collect(), bytes })
    } else {
        Err((0, "readers could see another value than the store has".to_owned()))
    }
}

/// Bytes that the splices before one take out.
fn splice_shift(splices: &[Splice], of: &Splice) -> usize {
    splices.iter().take_while(|splice| splice.span.start < of.span.start).map(|splice| splice.span.len()).sum()
}

/// Whether the format reads this value at a span of the new text.
fn is_value(format: &dyn Format, path: &str, after: &str, span: Range<usize>, writing: Writing, value: &Secret) -> bool {
    if value.is_empty() {
        return true;
    }
    let inside = if writing == Writing::Quoted { span.start + 1..span.end - 1 } else { span };
    let place: Result<Place, Manual> = format.place(&File { path, text: after, tree: &Alone, style: Style::Auto }, &inside);
    place.is_ok_and(|place| place.scalar.decode.value.expose() == value.expose())
}

/// A value as the syntax spells it.
fn spelled(value: &str, writing: Writing, quotes: Option<char>) -> Result<String, String> {
    let mut out = String::with_capacity(value.len() * 6 + 2);
    match writing {
        Writing::Quoted => {
            out.push('"');
            for character in value.chars() {
                match character {
                    '"' | '\\' => out.extend(['\\', character]),
                    // What JSON, YAML or TOML do not take as it is.
                    '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                        let _ = write!(out, "\\u{:04x}", u32::from(character));
                    }
                    other => out.push(other),
                }
            }
            out.push('"');
        }
        Writing::Property => {
            for (at, character) in value.chars().enumerate() {
                match character {
                    '\\' => out.push_str("\\\\"),
                    ' ' if at == 0 => out.push_str("\\ "),
                    ' '..='~' => out.push(character),
                    other => {
                        for unit in other.encode_utf16(&mut [0; 2]) {
                            let _ = write!(out, "\\u{unit:04x}");
                        }
                    }
                }
            }
        }
        Writing::Bare => {
            let ends = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '#' | ';' | '`');
            let is_odd = match quotes {
                Some(quote) => value.contains(quote),
                None => value.is_empty() || value.starts_with(ends) || value.ends_with(ends),
            };
            if is_odd || value.contains(char::is_control) {
                return Err("readers of such files disagree about the characters of the value".to_owned());
            }
            ini::is_clear(value).map_err(|manual| manual.reason)?;
            out.push_str(value);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(path: &str, text: &str, value: &str) -> Result<String, (usize, String)> {
        let slots = slots(path, text).map_err(|wrong| wrong[0].clone())?;
        let values = vec![Secret::new(value.as_bytes()); slots.len()];
        filled(path, text, &slots, &values).map(|filled| String::from_utf8(filled.bytes.to_vec()).unwrap())
    }

    #[test]
    fn values_are_spelled_as_each_syntax_has_them() {
        let value = "p\"ä\\ s: #'\n\u{7f}";
        let json = "p\\\"ä\\\\ s: #'\\u000a\\u007f";
        for (path, text, expected) in [
            (
                "a.json",
                "{\"b\": \"ref+unleak://x\", \"c\": \"ref+unleak://y#/z\"}\n",
                format!("{{\"b\": \"{json}\", \"c\": \"{json}\"}}\n"),
            ),
            (
                "a.yaml",
                "# ref+unleak://x\na: ref+unleak://x\r\nb: ['ref+unleak://x', c]\n",
                format!("# ref+unleak://x\na: \"{json}\"\r\nb: [\"{json}\", c]\n"),
            ),
            ("a.toml", "a = 'ref+unleak://x'\n[b]\nc = \"ref+unleak://x\"\n", format!("a = \"{json}\"\n[b]\nc = \"{json}\"\n")),
            ("a.properties", "a.b=ref+unleak://x\n", "a.b=p\"\\u00e4\\\\ s: #'\\u000a\\u007f\n".to_owned()),
        ] {
            assert_eq!(fill(path, text, value).unwrap(), expected, "{path}");
        }
        let json: serde_json::Value = serde_json::from_str(&fill("a.json", "{\"b\": \"ref+unleak://x\"}", value).unwrap()).unwrap();
        assert_eq!(json["b"], value);
        let toml: toml::Table = fill("a.toml", "b = 'ref+unleak://x'", value).unwrap().parse().unwrap();
        assert_eq!(toml["b"].as_str(), Some(value));
        assert_eq!(fill("a.ini", "[a]\nb = ref+unleak://x\nc = \"ref+unleak://x\"\n", "p!x=1").unwrap(), "[a]\nb = p!x=1\nc = \"p!x=1\"\n");
    }

    #[test]
    fn what_readers_could_see_otherwise_is_an_error() {
        let odd = "readers of such files disagree about the characters of the value";
        for (path, text, value, line, error) in [
            ("a.ini", "[a]\nb = ref+unleak://x\n", "two\nlines", 2, odd),
            ("a.ini", "b = ref+unleak://x\n", "'quoted'", 1, odd),
            ("a.ini", "b = \"ref+unleak://x\"\n", "a\"b", 1, odd),
            ("a.ini", "b = ref+unleak://x\n", "50%", 1, "readers of such files disagree about a percent sign in a value"),
            ("a.json", "{\n\"b\": \"x-ref+unleak://x\"}\n", "v", 2, "the reference is a part of a longer value"),
            ("a.json", "{\"ref+unleak://x\": 1}\n", "v", 1, "it is the key of an object"),
            ("a.yaml", "a: |\n  ref+unleak://x\n", "v", 2, "the reference stands in a block; write it on the line of its key"),
            ("a.json", "{\"b\": \"ref+unleak://\"}", "v", 1, "the name of the secret is missing after ://"),
            (".env", "A=ref+unleak://x", "v", 0, "it is a file of variables; give it to --env-file"),
            ("a.bin", "ref+unleak://x", "v", 0, "its syntax is not known; JSON, YAML, TOML, INI and properties are, by the file's name"),
        ] {
            assert_eq!(fill(path, text, value), Err((line, error.to_owned())), "{path} {text}");
        }
    }
}
