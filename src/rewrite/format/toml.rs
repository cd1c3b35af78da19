//! TOML. Owns: its four kinds of strings. Must not: write TOML from a parsed form.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::scalar::{Quote, Scalar};
use super::{File, Format, Place};
use crate::rewrite::code::line_start;
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, decode, manual};
use crate::rewrite::{Manual, Splice};

const BASIC: Syntax = Syntax {
    escape: Some('\\'),
    letters: "btnfre",
    itself: "\"\\",
    numeric: &[Numeric::exact('x', 2), Numeric::exact('u', 4), Numeric::exact('U', 8)],
    ..RAW
};
const LONG_BASIC: Syntax = Syntax { continues: true, trims: true, unix_lines: true, ..BASIC };
const LONG_LITERAL: Syntax = Syntax { unix_lines: true, ..RAW };

/// TOML files.
pub(super) struct Toml;

/// A value of a document.
struct Leaf {
    path: Vec<String>,
    span: Range<usize>,
    /// Its text if it is a string.
    string: Option<zeroize::Zeroizing<String>>,
}

fn leaves(text: &str) -> Result<Vec<Leaf>, Manual> {
    let broken = |_| manual("the file is no valid TOML", "mend it, then migrate again");
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let table = DeTable::parse(&text[mark..]).map_err(broken)?;
    let mut out = Vec::new();
    let mut path = Vec::new();
    walk_table(table.get_ref(), mark, &mut path, &mut out);
    Ok(out)
}

fn walk_table(table: &DeTable<'_>, mark: usize, path: &mut Vec<String>, out: &mut Vec<Leaf>) {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        walk(value, mark, path, out);
        path.pop();
    }
}

fn walk(value: &toml::Spanned<DeValue<'_>>, mark: usize, path: &mut Vec<String>, out: &mut Vec<Leaf>) {
    match value.get_ref() {
        DeValue::Table(table) => walk_table(table, mark, path, out),
        DeValue::Array(array) => array.iter().for_each(|value| walk(value, mark, path, out)),
        other => {
            let string = other.as_str().map(|text| text.to_owned().into());
            let span = value.span();
            out.push(Leaf { path: path.clone(), span: span.start + mark..span.end + mark, string });
        }
    }
}

fn quoting(token: &str) -> Option<(Quoting, Quote)> {
    let kinds = [("\"\"\"", &LONG_BASIC, "\""), ("'''", &LONG_LITERAL, "'"), ("\"", &BASIC, "\""), ("'", &RAW, "'")];
    let (quote, syntax, short) = kinds.into_iter().find(|(quote, ..)| token.starts_with(quote) && token.len() >= 2 * quote.len())?;
    let rest = &token[quote.len()..];
    let line_end = if quote.len() < 3 { 0 } else { ["\r\n", "\n"].into_iter().find(|end| rest.starts_with(end)).map_or(0, str::len) };
    Some((Quoting::new(quote.len() + line_end, quote.len(), syntax), Quote::Around(short)))
}

impl Format for Toml {
    fn name(&self) -> &'static str {
        "toml"
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let text = file.text;
        let within = |leaf: &Leaf| leaf.span.start <= span.start && span.end <= leaf.span.end;
        let Some(leaf) = leaves(text)?.into_iter().find(within) else {
            if text[line_start(text, span.start)..span.start].contains('#') {
                return Ok(Place::prose(text, span.clone()));
            }
            return Err(manual("it is not a value", "replace it by hand"));
        };
        let (Some(string), Some((quoting, quote))) = (&leaf.string, quoting(&text[leaf.span.clone()])) else {
            return Err(manual(
                "the value is not a string, and a reference is one",
                "put it in quotes if its reader takes text, then migrate again",
            ));
        };
        let decode = decode(text, &[Part { token: leaf.span.clone(), quoting }])?;
        if decode.value.expose() != string.as_bytes() {
            return Err(manual("readers disagree about the value", "write it on one line, then migrate again"));
        }
        Ok(Place::of_file(Scalar { token: leaf.span, decode, path: leaf.path, quote, line_end: None }))
    }

    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        let list = |text: &str| -> Vec<(String, Range<usize>)> {
            leaves(text).map_or_else(|_| Vec::new(), |leaves| leaves.into_iter().map(|leaf| (leaf.path.join("\0"), leaf.span)).collect())
        };
        leaves(after)?;
        super::lines_differ_only(before, after, splices, list)
    }
}
