//! Generic credentials: a name, an operator, a value. Owns: the way from an anchor to a judged candidate. Must not: know any provider's format.
//!
//! 1. [`reader`](read) turns the text around an anchor into [`Assignment`]s: `operator` finds what ties name and value, `literal` and
//!    `bare` read the value, `context` says what surrounds them. Most anchors of source code end here, after a look at a few bytes.
//! 2. [`name`] says what the name speaks of.
//! 3. [`judge`] adds named reasons (numbers in `weights`) to a probability, or drops the value for a named reason.

mod bare;
mod command;
pub mod context;
mod cursor;
pub mod judge;
mod literal;
pub mod name;
pub mod operator;
pub mod value;
mod vocabulary;
mod weights;
mod words;

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::kind::FileKind;
use super::{Sink, View};
use context::Context;
use cursor::Cursor;
use judge::Verdict;
use literal::Literal;
use name::{Class, Name};
use operator::{Operator, Place};

/// A value with its name, read from a text.
#[derive(Debug, Clone)]
pub struct Assignment<'v> {
    /// What the name says.
    pub name: Name,
    /// The name as written.
    pub text: &'v [u8],
    /// What ties them.
    pub operator: Operator,
    /// The value as written, without its quotes.
    pub value: &'v [u8],
    /// How it is written.
    pub literal: Literal,
    /// What surrounds it on its line.
    pub context: Context,
    /// What the path says of the text.
    pub kind: FileKind,
    /// Whether it stands on a very long line of code.
    pub minified: bool,
}

/// Bytes of a name, at most.
const MAX_NAME: usize = 80;
/// Bytes after an anchor that are read.
const REACH: usize = 8 * 1024;
/// A line of code with more bytes on one side of a name is minified.
const MINIFIED: usize = 500;
/// The anchors of names; the last one in a name reads the assignment.
const NAME_ANCHORS: [&[u8]; 7] = [b"pass", b"pwd", b"secret", b"token", b"key", b"auth", b"cred"];

/// Looks at the anchor at `hit`.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    if sink.kind() == FileKind::Generated {
        return;
    }
    let (view, kind) = (sink.view, sink.kind());
    read(view, kind, hit, &mut |assignment| {
        let id = pattern(assignment.name.class);
        match judge::judge(&assignment) {
            Verdict::Nothing => {}
            Verdict::Dropped(reason) => sink.propose_as(id, assignment.literal.span, |candidate| candidate.dropped = Some(reason)),
            Verdict::Probable(probability, reasons) => sink.propose_as(id, assignment.literal.span, |candidate| {
                candidate.probability = probability;
                candidate.evidence = reasons;
            }),
        }
    });
}

/// The pattern that reports a class.
const fn pattern(class: Class) -> &'static str {
    match class {
        Class::Password => "generic-password",
        Class::Secret => "generic-secret",
        Class::ApiKey | Class::Key => "generic-api-key",
        Class::Token => "generic-token",
        Class::Auth => "generic-credentials",
    }
}

/// Calls `each` for the assignments whose name holds the anchor at `hit`.
pub fn read<'v>(view: &View<'v>, kind: FileKind, hit: Range<usize>, each: &mut dyn FnMut(Assignment<'v>)) {
    let bytes = &view.bytes[..view.bytes.len().min(hit.end + REACH)];
    if let Some(span) = command::read(bytes, hit.clone()) {
        let name = Name { class: Class::Password, bare: false, trails: false, test: false, denies: None };
        let (text, value) = (&bytes[hit], &bytes[span.clone()]);
        let literal = Literal { span, ..Literal::default() };
        return each(Assignment {
            name,
            text,
            operator: Operator::Command,
            value,
            literal,
            context: Context::Plain,
            kind,
            minified: false,
        });
    }
    // `pw =` is an anchor with its operator.
    let letters = bytes[hit.clone()].iter().rposition(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80).map_or(0, |last| last + 1);
    let hit = hit.start..hit.start + letters;
    let Some(end) = name_end(bytes, hit.end) else { return };
    if !bytes.get(end).is_some_and(|&next| may_follow(next)) || holds_anchor(&bytes[hit.start + 1..end]) {
        return;
    }
    let place = Place { bytes, name: name_start(bytes, hit.start)..end, hit, kind };
    let mut cursor = Cursor::new(bytes, end);
    let Some(operator) = operator::after(&place, &mut cursor) else { return };
    let Some(name) = name::read(place.text()) else { return };
    let context = context::of(&place);
    literal::after(&place, &cursor, operator, context, &mut |mut literal| {
        literal.span = narrowed(bytes, literal.span, name.class);
        let value = &bytes[literal.span.clone()];
        let minified = kind == FileKind::Code && (context == Context::Unknown || is_minified(view, end));
        each(Assignment { name, text: place.text(), operator, value, literal, context, kind, minified });
    });
}

/// The random part of a text that holds more: a scheme before a token, JSON in a string. Passwords are taken as they are.
fn narrowed(bytes: &[u8], span: Range<usize>, class: Class) -> Range<usize> {
    let value = &bytes[span.clone()];
    let more = class != Class::Password && (value.contains(&b' ') || value.starts_with(b"{")) && value::harmless(value).is_none();
    let part = if more { value::random_part(value) } else { None };
    part.map_or(span.clone(), |part| span.start + part.start..span.start + part.end)
}

/// Whether an operator can start with `next`.
const fn may_follow(next: u8) -> bool {
    matches!(
        next,
        b'=' | b':'
            | b'!'
            | b' '
            | b'\t'
            | b'"'
            | b'\''
            | b'`'
            | b'\\'
            | b'&'
            | b'('
            | b','
            | b'>'
            | b'|'
            | b'<'
            | b'['
            | b']'
            | b'*'
            | b'?'
            | b'\n'
            | b'\r'
            | b'}'
            | 0xE2
            | 0xEF
    )
}

/// Where the name around an anchor ends: dots and dashes count where the name goes on after them.
fn name_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < from + MAX_NAME {
        match bytes.get(at)? {
            byte if byte.is_ascii_alphanumeric() || *byte == b'_' => at += 1,
            b'.' | b'-' if bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_') => at += 2,
            _ => return Some(at),
        }
    }
    None
}

/// Where the name around an anchor starts.
fn name_start(bytes: &[u8], to: usize) -> usize {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'$' | b'@');
    to - bytes[to.saturating_sub(MAX_NAME)..to].iter().rev().take_while(part).count()
}

/// Whether an anchor of a name stands in `text`.
fn holds_anchor(text: &[u8]) -> bool {
    (0..text.len()).any(|at| {
        NAME_ANCHORS.iter().any(|anchor| text.len() >= at + anchor.len() && text[at..at + anchor.len()].eq_ignore_ascii_case(anchor))
    })
}

/// Whether the rest of the line is as long as in minified code.
fn is_minified(view: &View<'_>, at: usize) -> bool {
    let end = view.bytes.len().min(at + MINIFIED);
    end == at + MINIFIED && memchr::memchr(b'\n', &view.bytes[at..end]).is_none()
}
