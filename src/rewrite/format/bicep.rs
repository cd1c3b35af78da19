//! Bicep's files of parameters: a variable of the environment, which these files can read and templates cannot. Owns: texts in single quotes
//! there. Must not: touch templates; `refused` says what to do with them.

use std::ops::Range;

use super::scalar::{Quote, Scalar};
use super::{File, Format, Place, lines_differ_only, with_variable};
use crate::rewrite::code::{line_start, next_line};
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, decode, manual};
use crate::rewrite::{Companion, Manual, Rewritten, Splice, Wanted};

const TEXT: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrt",
    itself: "\\'$",
    numeric: &[Numeric::braced('u')],
    interpolates: |rest| rest.starts_with("${"),
    ..RAW
};

/// Files `*.bicepparam`.
pub(super) struct Parameters;

/// What stands in a line.
struct Line {
    /// Texts with their quotes.
    texts: Vec<Range<usize>>,
    /// Where a comment begins.
    comment: Option<usize>,
}

/// The texts of the line that begins at `start`; none is understood from three quotes on.
fn line(text: &str, start: usize) -> Line {
    let mut found = Line { texts: Vec::new(), comment: None };
    let (end, mut at) = (next_line(text, start), start);
    while at < end {
        let rest = &text[at..end];
        if rest.starts_with("'''") {
            break;
        }
        if rest.starts_with("//") {
            found.comment = Some(at);
            break;
        }
        if !rest.starts_with('\'') {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let mut escaped = false;
        let close = rest.char_indices().skip(1).find(|&(_, character)| {
            let closes = character == '\'' && !escaped;
            escaped = character == '\\' && !escaped;
            closes
        });
        let Some((close, _)) = close else { break };
        found.texts.push(at..at + close + 1);
        at += close + 1;
    }
    found
}

/// What a text is called: the word before the sign before it.
fn name(text: &str, token: &Range<usize>) -> Option<String> {
    let before = text[line_start(text, token.start)..token.start].trim_end();
    let before = before.strip_suffix(['=', ':'])?.trim_end();
    let word = before.rsplit(|character: char| !(character.is_ascii_alphanumeric() || character == '_')).next()?;
    (!word.is_empty()).then(|| word.to_owned())
}

impl Format for Parameters {
    fn name(&self) -> &'static str {
        "bicepparam"
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let text = file.text;
        let found = line(text, line_start(text, span.start));
        if found.comment.is_some_and(|comment| comment <= span.start) {
            return Ok(Place::prose(text, span.clone()));
        }
        let is_long = text[..span.start].matches("'''").count() % 2 == 1;
        let within = |token: &&Range<usize>| token.start < span.start && span.end < token.end;
        let Some(token) = found.texts.iter().find(within).filter(|_| !is_long).cloned() else {
            return Err(manual("it is no text on one line", "write readEnvironmentVariable('NAME') in its place by hand"));
        };
        let decode = decode(text, &[Part { token: token.clone(), quoting: Quoting::new(1, 1, &TEXT) }])?;
        let path = name(text, &token).into_iter().collect();
        let scalar = Scalar { token, decode, path, quote: Quote::Around(""), line_end: None };
        Ok(Place::environment(scalar, "Bicep's parameters read the environment, and fail without the variable", to_variable))
    }

    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        lines_differ_only(before, after, splices, |text| {
            let starts = std::iter::successors(Some(0), |start| Some(next_line(text, *start)).filter(|next| *next < text.len()));
            let texts = starts.flat_map(|start| line(text, start).texts);
            texts
                .map(|token| (text[line_start(text, token.start)..].split(['=', ':']).next().unwrap_or_default().to_owned(), token))
                .collect()
        })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "other formats refuse here")]
fn to_variable(_: &File<'_>, place: &Place, wanted: &Wanted<'_>) -> Result<Rewritten, Manual> {
    let mut new = with_variable(place, wanted, &format!("readEnvironmentVariable('{}')", wanted.variable));
    let advice = "deploy by `unleak run --env-file .unleak.env -- az deployment group create --parameters FILE.bicepparam`; the parameter has to be \
                  @secure() in its template, and what `bicep build-params` writes holds the value";
    new.companions.push(Companion::Advice(advice.to_owned()));
    Ok(new)
}
