//! Files of environment variables: `.env` and its kin. Owns: their lines, quotes and escapes, and Docker's literal reading of them.
//! Must not: decide where the readers of such files disagree.

use std::ops::Range;

use super::scalar::{Quote, Scalar};
use super::{File, Format, Place};
use crate::rewrite::code::{line_start, next_line};
use crate::rewrite::literal::{Part, Quoting, RAW, Syntax, Unknown, decode, manual};
use crate::rewrite::{Manual, Splice};

/// `.env` files; `docker` where the file is read by `docker run --env-file`.
pub(super) struct Dotenv {
    pub docker: bool,
}

/// Whether a lower-case file name is one of an environment file.
pub(super) fn is(name: &str) -> bool {
    name.starts_with(".env")
        || name.rsplit_once('.').is_some_and(|(_, last)| last == "env")
        || matches!(name, ".envrc" | "env.local" | ".flaskenv")
}

/// Whether it is one that Docker reads as it is.
pub(super) fn is_docker(name: &str) -> bool {
    matches!(name, "env.list" | "docker.env" | ".docker.env" | ".env.docker" | "env-file")
}

/// Between double quotes: the escapes that all readers have; they disagree about `\"` and `\\`.
const DOUBLE: Syntax = Syntax { escape: Some('\\'), letters: "nr", unix_lines: true, interpolates: is_variable, ..RAW };
/// Between single quotes: all is itself, and line ends are line feeds.
const SINGLE: Syntax = Syntax { escape: Some('\\'), unknown: Unknown::Kept, unix_lines: true, ..RAW };
/// Without quotes.
const BARE: Syntax = Syntax { escape: Some('\\'), interpolates: is_variable, ..RAW };

fn is_variable(rest: &str) -> bool {
    rest.strip_prefix('$').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_alphabetic() || "_{(".contains(next)))
        || rest.starts_with('`')
}

/// A line `KEY=value`, or several where the value is quoted.
pub(super) struct Entry<'t> {
    pub key: &'t str,
    /// The value with its quotes.
    pub token: Range<usize>,
    quoting: Quoting,
    /// Start of the next entry's line.
    pub end: usize,
}

impl Dotenv {
    /// The entries of a file; comments and lines of other kinds are none.
    pub fn entries<'t>(&self, text: &'t str) -> Vec<Entry<'t>> {
        let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut found = Vec::new();
        while at < text.len() {
            let entry = self.entry(text, at);
            at = entry.as_ref().map_or_else(|| next_line(text, at), |entry| entry.end);
            found.extend(entry);
        }
        found
    }

    /// The entry on the line that starts there.
    pub fn entry<'t>(&self, text: &'t str, start: usize) -> Option<Entry<'t>> {
        let line = &text[start..next_line(text, start)];
        let line = line.trim_end_matches(['\r', '\n']);
        let (before, after) = line.split_once('=')?;
        let key = before.trim();
        let key = key.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map_or(key, str::trim_start);
        let is_key = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-');
        if key.is_empty() || !key.chars().all(is_key) || key.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let from = start + before.len() + 1;
        if self.docker {
            return Some(Entry { key, token: from..start + line.len(), quoting: Quoting::new(0, 0, &RAW), end: next_line(text, from) });
        }
        let from = from + (after.len() - after.trim_start_matches([' ', '\t']).len());
        if let Some((token, syntax)) = quoted(text, from) {
            let end = next_line(text, token.end);
            return Some(Entry { key, token, quoting: Quoting::new(1, 1, syntax), end });
        }
        let value = &text[from..start + line.len()];
        let comment = if value.starts_with('#') { Some(0) } else { value.find(" #").into_iter().chain(value.find("\t#")).min() };
        let value = value[..comment.unwrap_or(value.len())].trim_end();
        Some(Entry { key, token: from..from + value.len(), quoting: Quoting::new(0, 0, &BARE), end: next_line(text, from) })
    }
}

/// The quoted value that starts at `from` and has nothing but a comment after it on its last line.
fn quoted(text: &str, from: usize) -> Option<(Range<usize>, &'static Syntax)> {
    let quote = text[from..].chars().next()?;
    let syntax = match quote {
        '"' => &DOUBLE,
        '\'' => &SINGLE,
        '`' => &RAW,
        _ => return None,
    };
    let mut escaped = false;
    let end = text[from + 1..].char_indices().find(|&(_, character)| {
        let ends = character == quote && !escaped;
        escaped = character == '\\' && !escaped && quote != '`';
        ends
    })?;
    let end = from + 1 + end.0 + 1;
    let rest = text[end..next_line(text, end)].trim();
    (rest.is_empty() || rest.starts_with('#')).then_some((from..end, syntax))
}

impl Format for Dotenv {
    fn name(&self) -> &'static str {
        if self.docker { "docker-env" } else { "dotenv" }
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let text = file.text;
        let entries = self.entries(text);
        let within = |entry: &&Entry<'_>| entry.token.start <= span.start && span.end <= entry.token.end;
        let Some(entry) = entries.iter().find(within) else {
            let line = &text[line_start(text, span.start)..span.start];
            if line.trim_start_matches('\u{feff}').trim_start().starts_with('#') || line.contains(" #") || line.contains("\t#") {
                return Ok(Place::prose(text, span.clone()));
            }
            return Err(manual("it is not the value of a variable", "replace it by hand"));
        };
        let content = &text[entry.token.clone()];
        if content.starts_with('\'') && (content.contains("\\'") || content.contains("\\\\")) {
            return Err(manual(
                "readers of such files disagree about a backslash in single quotes",
                "write it in double quotes, then migrate again",
            ));
        }
        let path = vec![entry.key.to_owned()];
        let decode = decode(text, &[Part { token: entry.token.clone(), quoting: entry.quoting }])?;
        let reason = "`unleak run --env-file` gives the program the variable with its value";
        Ok(Place::token(Scalar { token: decode.span.clone(), decode, path, quote: Quote::Raw, line_end: None }, reason))
    }

    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        let list = |text: &str| self.entries(text).iter().map(|entry| (entry.key.to_owned(), entry.token.clone())).collect();
        super::lines_differ_only(before, after, splices, list)
    }
}
