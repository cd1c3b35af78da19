//! Generic credentials: a name, an operator, a value. Owns: the way from an anchor to a judged candidate. Must not: know any provider's format.
//!
//! 1. [`reader`](read) turns the text around an anchor into [`Assignment`]s: `operator` finds what ties name and value, `literal` and
//!    `bare` read the value, `context` says what surrounds them. Most anchors of source code end here, after a look at a few bytes.
//! 2. [`name`] says what the name speaks of.
//! 3. `judge` drops what is certainly no credential for a named reason; what is left goes to the [learned judge](super::learned).

mod argument;
mod array;
mod bare;
mod call;
mod command;
pub mod context;
mod cursor;
mod fallback;
mod input;
mod insert;
mod judge;
pub mod literal;
mod login;
mod markup;
mod member;
pub mod name;
pub mod operator;
mod page;
mod prompt;
mod robot;
mod row;
mod setting;
mod statement;
mod table;
mod unnamed;
pub mod value;
mod vocabulary;
pub mod words;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::ops::Range;

use super::learned::Case;
use super::learned::around::{self, Around};
use super::{Sink, View};
use crate::file_kind::{FileKind, PathClass};
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
    /// Where it starts.
    pub start: usize,
    /// What ties them.
    pub operator: Operator,
    /// The value as written, without its quotes; what a list of bytes spells.
    pub value: Cow<'v, [u8]>,
    /// How it is written.
    pub literal: Literal,
    /// What surrounds it on its line.
    pub context: Context,
    /// What the path says of the text.
    pub class: PathClass,
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
    let class = sink.class();
    if matches!(class.kind, FileKind::Generated | FileKind::Lock) {
        return;
    }
    let view = sink.view;
    let start = hit.start;
    let end = read(view, class, hit, &mut |assignment| {
        let id = pattern(assignment.name.class);
        let span = assignment.literal.span.clone();
        match judge::judge(&assignment) {
            Verdict::Nothing => {}
            Verdict::Dropped(reason) => sink.propose_as(id, span, |candidate| candidate.dropped = Some(reason)),
            Verdict::Open => {
                if memchr::memchr(b'\n', &view.bytes[start.min(span.end)..span.end]).is_some() {
                    sink.depends_on(start..span.end + around::SPAN);
                }
                sink.propose_case(id, &assignment.case(view), span);
            }
        }
    });
    sink.depends_on(start..end);
}

impl<'v> Assignment<'v> {
    /// The assignment as the learned judge takes it.
    fn case<'c>(&'c self, view: &View<'v>) -> Case<'c>
    where
        'v: 'c,
    {
        Case {
            operator: self.operator,
            name: self.name,
            text: self.text,
            value: &self.value,
            literal: &self.literal,
            context: self.context,
            class: self.class,
            minified: self.minified,
            around: Around::of(view, self.start, &self.literal.span),
        }
    }
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

/// Calls `each` for the assignments whose name holds the anchor at `hit`. Gives the end of what it read: nothing behind the line after the
/// anchor's, for most.
pub fn read<'v>(view: &View<'v>, class: PathClass, hit: Range<usize>, each: &mut dyn FnMut(Assignment<'v>)) -> usize {
    let whole = &view.bytes[..view.bytes.len().min(hit.end + REACH)];
    let unnamed = unnamed::read(whole, hit.clone(), class.kind, &mut |taken| {
        let (start, value, context) = (hit.start, Cow::Borrowed(&whole[taken.literal.span.clone()]), Context::Plain);
        let minified = taken.operator == Operator::Call && class.kind == FileKind::Code && is_minified(view, hit.end);
        let (name, text, operator, literal) = (taken.name, taken.text, taken.operator, taken.literal);
        each(Assignment { name, text, start, operator, value, literal, context, class, minified });
    });
    if let Some(end) = unnamed {
        return end;
    }
    // `pw =` is an anchor with its operator.
    let letters = whole[hit.clone()].iter().rposition(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80).map_or(0, |last| last + 1);
    let hit = hit.start..hit.start + letters;
    let Some(end) = name_end(whole, hit.end) else { return hit.end };
    let default = default_after(whole, hit.start, hit.end..end);
    let end = default.unwrap_or(end);
    if !whole.get(end).is_some_and(|&next| default.is_some() || may_follow(next)) || holds_anchor(&whole[hit.start + 1..end]) {
        return end;
    }
    let bytes = &whole[..next_line_end(whole, end)];
    let place = Place { bytes, whole, end: Cell::new(end), name: name_start(bytes, hit.start)..end, hit, kind: class.kind };
    if !cells(view, &place, class, each) {
        assignments(view, &place, class, each);
    }
    place.end.get()
}

/// Calls `each` for the values below the name at `place`, if it is that of a column. Gives whether it is.
fn cells<'v>(view: &View<'v>, place: &Place<'v>, class: PathClass, each: &mut dyn FnMut(Assignment<'v>)) -> bool {
    table::read(view.bytes, place, &mut |literal| {
        let Some(name) = name::read(place.text()).map(|name| Name { class: Class::Password, ..name }) else { return };
        let value = Cow::Borrowed(&view.bytes[literal.span.clone()]);
        let (text, start, operator, context) = (place.text(), literal.span.start, Operator::Cell, Context::Plain);
        each(Assignment { name, text, start, operator, value, literal, context, class, minified: false });
    })
}

/// The end of the line after the one that holds `at`.
fn next_line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr_iter(b'\n', &bytes[at..]).nth(1).map_or(bytes.len(), |end| at + end + 1)
}

/// Calls `each` for the values of the name at `place`.
fn assignments<'v>(view: &View<'v>, place: &Place<'v>, class: PathClass, each: &mut dyn FnMut(Assignment<'v>)) {
    let mut cursor = Cursor::new(place.bytes, place.name.end);
    let Some(operator) = operator::after(place, &mut cursor) else { return };
    let context = context::of(place);
    // Few names have a value beside them that is written out, and to read a name takes longer than to see that.
    let read = OnceCell::new();
    literal::after(place, &cursor, operator, context, &mut |mut literal| {
        let Some(name) = *read.get_or_init(|| name::read(place.text())) else { return };
        // `HTTPDigestAuth("user", "…")` speaks of no digest.
        let denies = name.denies.filter(|_| operator != Operator::Call);
        // What a statement says is a password, `message-digest-key 1 md5 …`, is one by any name.
        let name = match operator {
            Operator::Command => Name { class: Class::Password, denies: None, ..name },
            _ if literal.paired => Name { class: Class::Password, denies, ..name },
            _ => name,
        };
        let value = if let Some(bytes) = &literal.array {
            Cow::Owned(bytes.clone())
        } else {
            if let Some(value) = fallback::of_expansion(&place.whole[literal.span.clone()]).filter(|(name, _)| !holds_anchor(name)) {
                literal = Literal { span: literal.span.start + value.1.start..literal.span.start + value.1.end, fallback: true, ..literal };
            }
            literal.span = narrowed(place.whole, literal.span, name.class);
            // Spring Security says so of a password that is no hash.
            literal.span.start += if place.whole[literal.span.clone()].starts_with(b"{noop}") { b"{noop}".len() } else { 0 };
            Cow::Borrowed(&place.whole[literal.span.clone()])
        };
        let minified = place.kind == FileKind::Code && (context == Context::Unknown || is_minified(view, place.name.end));
        each(Assignment { name, text: place.text(), start: place.name.start, operator, value, literal, context, class, minified });
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
            | b';'
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

/// The dash between a name that an anchor at `hit` stands in and what is taken without it, which looks like more of the name: `${NAME-value}`.
fn default_after(bytes: &[u8], hit: usize, rest: Range<usize>) -> Option<usize> {
    let dash = rest.start + memchr::memchr(b'-', &bytes[rest])?;
    bytes[..name_start(bytes, hit)].ends_with(b"${").then_some(dash)
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
