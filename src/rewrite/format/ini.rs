//! Files of lines `key = value`: INI and its kin, and Java's properties. Owns: sections, separators, comments, continued lines.
//! Must not: decide where the readers of such files disagree.

use std::ops::Range;

use super::scalar::{Quote, Scalar};
use super::{File, Format, Place, Together};
use crate::rewrite::code::{line_start, next_line, tree};
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, Unknown, decode, manual};
use crate::rewrite::{Manual, Rewritten, Splice, Wanted};

/// Values of properties.
const PROPERTY: Syntax = Syntax {
    escape: Some('\\'),
    letters: "tnrf",
    unknown: Unknown::Dropped,
    numeric: &[Numeric::unit('u')],
    continues: true,
    trims: true,
    ..RAW
};

/// A dialect of such files.
pub(super) struct Lines {
    pub name: &'static str,
    /// What starts a comment at the start of a line.
    pub comments: &'static [char],
    /// What ends a key.
    pub separators: &'static [char],
    /// Whether it is Java's format, with escapes.
    pub properties: bool,
    /// What becomes of a value.
    pub place: fn(&File<'_>, Scalar) -> Result<Place, Manual>,
    /// What several places need together.
    pub together: Together,
}

/// Any such file: the value is a token.
#[expect(clippy::unnecessary_wraps, reason = "one of the functions that a table holds")]
pub(super) fn generic(_: &File<'_>, scalar: Scalar) -> Result<Place, Manual> {
    Ok(Place::of_file(scalar))
}

/// A key with its value.
pub(super) struct Entry {
    /// The section and the key.
    pub path: Vec<String>,
    /// The bytes of the value.
    pub value: Range<usize>,
    /// Whether the next line goes on with it.
    goes_on: bool,
}

impl Lines {
    pub fn entries(&self, text: &str) -> Vec<Entry> {
        let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut section = None;
        let mut found: Vec<Entry> = Vec::new();
        while at < text.len() {
            let end = if self.properties { logical_end(text, at) } else { next_line(text, at) };
            let line = text[at..end].trim_end_matches(['\r', '\n']);
            let trimmed = line.trim();
            let is_indented = line.starts_with([' ', '\t']);
            if trimmed.is_empty() || trimmed.starts_with(self.comments) {
            } else if !self.properties && trimmed.starts_with('[') {
                section = Some(trimmed.trim_matches(['[', ']']).to_owned());
            } else if let Some((key, value)) = self.split(line) {
                if is_indented && !self.properties {
                    found.iter_mut().last().into_iter().for_each(|entry| entry.goes_on = true);
                }
                let path = section.iter().cloned().chain(std::iter::once(key)).collect();
                found.push(Entry { path, value: at + value.start..at + value.end, goes_on: false });
            } else if is_indented {
                found.iter_mut().last().into_iter().for_each(|entry| entry.goes_on = true);
            }
            at = end;
        }
        found
    }

    /// Whether the lines that no splice touches say what they said, where whole lines come and go.
    fn is_same_elsewhere(&self, before: &str, after: &str, splices: &[Splice]) -> bool {
        let outside = |text: &str, spans: &[Range<usize>]| -> Vec<(String, String)> {
            let is_apart = |entry: &Entry| {
                let line = line_start(text, entry.value.start)..next_line(text, entry.value.end);
                spans.iter().all(|span| span.end <= line.start || line.end <= span.start)
            };
            let entries = self.entries(text).into_iter().filter(is_apart);
            entries.map(|entry| (entry.path.join("\0"), text[entry.value].to_owned())).collect()
        };
        let old: Vec<Range<usize>> = splices.iter().map(|splice| splice.span.clone()).collect();
        outside(before, &old) == outside(after, &tree::moved(splices))
    }

    /// Key and place of the value in a line.
    fn split(&self, line: &str) -> Option<(String, Range<usize>)> {
        let start = line.len() - line.trim_start().len();
        let mut escaped = false;
        let is_end = |character: char| self.separators.contains(&character) || self.properties && matches!(character, ' ' | '\t');
        let separator = line[start..].char_indices().find(|&(_, character)| {
            let ends = is_end(character) && !escaped;
            escaped = self.properties && character == '\\' && !escaped;
            ends
        });
        let at = start + separator?.0;
        let rest = line[at..].trim_start_matches([' ', '\t']);
        let rest = rest.strip_prefix(self.separators).unwrap_or(rest).trim_start_matches([' ', '\t']);
        let value = line.len() - rest.len();
        let end = if self.properties { line.len() } else { value + rest.trim_end().len() };
        let key = line[start..at].trim();
        (!key.is_empty()).then(|| (key.to_owned(), value..end))
    }
}

/// The end of a line of properties, with the lines that it goes on in.
fn logical_end(text: &str, start: usize) -> usize {
    let mut end = next_line(text, start);
    let is_comment = text[start..end].trim_start().starts_with(['#', '!']);
    while !is_comment && end < text.len() {
        let line = text[start..end].trim_end_matches(['\r', '\n']);
        if line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 0 {
            break;
        }
        end = next_line(text, end);
    }
    end
}

/// Refuses what readers of INI files read differently.
pub(super) fn is_clear(value: &str) -> Result<(), Manual> {
    let odd =
        [("\\", "a backslash"), (" #", "a # after a blank"), (" ;", "a ; after a blank"), ("%", "a percent sign"), ("${", "a variable")];
    match odd.into_iter().find(|(text, _)| value.contains(text)) {
        Some((_, what)) => Err(manual(format!("readers of such files disagree about {what} in a value"), "replace it by hand")),
        None => Ok(()),
    }
}

impl Format for Lines {
    fn name(&self) -> &'static str {
        self.name
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let text = file.text;
        let within = |entry: &Entry| entry.value.start <= span.start && span.end <= entry.value.end;
        let Some(entry) = self.entries(text).into_iter().find(within) else {
            let line = text[line_start(text, span.start)..span.start].trim_start_matches('\u{feff}').trim_start();
            if line.starts_with(self.comments) {
                return Ok(Place::prose(text, span.clone()));
            }
            return Err(manual("it is not the value of a key", "replace it by hand"));
        };
        if entry.goes_on {
            return Err(manual("the value goes on in the next line", "write it on one line, then migrate again"));
        }
        let value = &text[entry.value.clone()];
        let quoted = ['"', '\''].into_iter().any(|quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote));
        let quoting = if self.properties {
            if !value.is_ascii() {
                return Err(manual(
                    "readers of properties disagree about characters beyond ASCII",
                    "write them as \\u escapes, then migrate again",
                ));
            }
            Quoting::new(0, 0, &PROPERTY)
        } else {
            is_clear(value)?;
            Quoting::new(usize::from(quoted), usize::from(quoted), &RAW)
        };
        let decode = decode(text, &[Part { token: entry.value, quoting }])?;
        (self.place)(file, Scalar { token: decode.span.clone(), decode, path: entry.path, quote: Quote::Raw, line_end: None })
    }

    fn together(&self, file: &File<'_>, places: &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual> {
        (self.together)(file, places)
    }

    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        let list = |text: &str| self.entries(text).into_iter().map(|entry| (entry.path.join("\0"), entry.value)).collect();
        let same = super::lines_differ_only(before, after, splices, list);
        if same.is_ok() || self.name != "spring-properties" || !self.is_same_elsewhere(before, after, splices) {
            return same;
        }
        Ok(())
    }
}
