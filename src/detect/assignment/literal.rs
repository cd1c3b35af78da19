//! The value after an operator. Owns: quoted, wrapped and bare values of all syntaxes. Must not: judge them.

use std::ops::Range;

use super::context::Context;
use super::cursor::{Cursor, MAX_BLANKS, MAX_QUOTED, Quote};
use super::name::{self, Class};
use super::operator::{Operator, Place};
use super::value::{self, Form};
use super::{argument, array, bare, fallback, login};
use crate::file_kind::FileKind;

/// A value as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each of them evidence by itself")]
pub struct Literal {
    /// The value without its quotes.
    pub span: Range<usize>,
    /// The quotes, where there are some.
    pub mark: Option<u8>,
    /// Whether the quotes are escaped: a text in a text.
    pub nested: bool,
    /// Whether more text is joined to it.
    pub joined: bool,
    /// Whether it is what is taken when a setting is missing.
    pub fallback: bool,
    /// Whether it is one of a list.
    pub listed: bool,
    /// Whether it is the password of a user who stands before it.
    pub paired: bool,
    /// Whether a call takes it that signs with it.
    pub signs: bool,
    /// What it spells, where it is a list of bytes.
    pub array: Option<Vec<u8>>,
}

/// Bytes behind a value that tell what follows, at most.
const AFTER: usize = 2 * MAX_BLANKS + 16;
/// Values of a list that are read.
const MAX_LIST: usize = 16;
/// Bytes of an expression before its first quote.
const MAX_EXPRESSION: usize = 96;
/// Bytes of the first line of a text over several lines.
const MAX_LINE: usize = 512;

/// Calls `each` for the values after the operator.
pub fn after<'v>(place: &Place<'v>, cursor: &Cursor<'v>, operator: Operator, context: Context, each: &mut dyn FnMut(Literal)) {
    let mut next = *cursor;
    next.blanks();
    // `{password, <<"…">>}` of Erlang.
    if operator == Operator::Comma {
        next.eat(b"<<");
    }
    let may_break = matches!(operator, Operator::Assign | Operator::Arrow | Operator::Call | Operator::Colon | Operator::Element);
    if may_break && next.line_end() && (operator == Operator::Element || !starts_quote(next)) {
        if let Some(span) = bare::on_next_line(place, next, operator) {
            each(Literal { span, ..Literal::default() });
        }
        return;
    }
    if place.kind == FileKind::Doc {
        while next.eat(b"*") {}
        next.blanks();
    }
    if let Some(literal) = login::password(place, next, operator) {
        return each(Literal { paired: true, ..literal });
    }
    if let Some(literal) = login::stated(place, next, operator, context) {
        return each(Literal { paired: true, ..literal });
    }
    if starts_quote(next) {
        let literal = quoted(place, &mut next, context);
        // `"password", "other": …` goes on with another name.
        if operator == Operator::Comma && next.peek() == Some(b':') {
            return;
        }
        if let Some(literal) = literal.filter(|_| operator != Operator::Call || matches!(next.peek(), Some(b')' | b',' | b'.'))) {
            each(literal);
        }
        return;
    }
    if let Some(span) = raw(next).filter(|_| matches!(operator, Operator::Assign | Operator::Arrow | Operator::Colon)) {
        return each(Literal { span, mark: Some(b'\''), ..Literal::default() });
    }
    let list = next.peek() == Some(b'[') && matches!(operator, Operator::Assign | Operator::Colon | Operator::Arrow);
    if list && starts_quote(place.far(next.at + 1)) {
        next.at += 1;
        return elements(place, &mut next, each);
    }
    if matches!(operator, Operator::Assign | Operator::Colon | Operator::Arrow | Operator::Call)
        && let Some(array) = array::read(place, next)
    {
        return each(Literal { span: array.span, array: Some(array.text), ..Literal::default() });
    }
    let expression = place.kind == FileKind::Code && !matches!(context, Context::Text(_) | Context::Comment);
    let called = next.rest().iter().take(24).find(|byte| !byte.is_ascii_alphabetic()) == Some(&b'(');
    if operator == Operator::Call
        || called
        || expression
            && !matches!(
                operator,
                Operator::Query | Operator::Flag | Operator::Element | Operator::Space | Operator::Command | Operator::Default
            )
    {
        if let Some(span) = bare::lone(place, next, operator) {
            return each(Literal { span, ..Literal::default() });
        }
        return wrapped(place, next, each);
    }
    if let Some(span) = bare::read(place, next, operator, context) {
        each(Literal { span, ..Literal::default() });
    }
}

/// The text in Lua's long brackets or in Perl's `q(…)`, if it is one and no word: `[[key]]` and `q(id)` are expressions elsewhere.
fn raw(cursor: Cursor<'_>) -> Option<Range<usize>> {
    const OPENINGS: [(&[u8], &[u8]); 9] = [
        (b"[[", b"]]"),
        (b"q(", b")"),
        (b"qq(", b")"),
        (b"q{", b"}"),
        (b"qq{", b"}"),
        (b"q[", b"]"),
        (b"qq[", b"]"),
        (b"q|", b"|"),
        (b"q/", b"/"),
    ];
    let rest = &cursor.rest()[..cursor.rest().len().min(MAX_EXPRESSION)];
    let (opening, closing) = OPENINGS.iter().find(|(opening, _)| rest.starts_with(opening))?;
    let text = &rest[opening.len()..];
    let text = &text[..memchr::memmem::find(text, closing)?];
    let after = rest[opening.len() + text.len() + closing.len()..].iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    let ends = after.is_none_or(|after| matches!(after, b';' | b',' | b'}' | b')' | b'\n' | b'\r'));
    let plain = !text.iter().any(|byte| b"\n\"',[]() ".contains(byte));
    let telling = matches!(value::form(text), Form::Coded | Form::Signed | Form::Random);
    let start = cursor.at + opening.len();
    (ends && plain && telling).then_some(start..start + text.len())
}

/// Whether a quote or a prefixed quote comes next.
fn starts_quote(mut cursor: Cursor<'_>) -> bool {
    skip_prefix(&mut cursor);
    cursor.quote().is_some()
}

/// Steps over what may stand before a quote and belongs to it: `b"`, `@"`, `r#"`, `$"`, `N'`.
fn skip_prefix(cursor: &mut Cursor<'_>) {
    let prefix = cursor.rest().iter().take(4).take_while(|byte| matches!(byte, b'@' | b'$' | b'#') || byte.is_ascii_alphabetic()).count();
    let letters = cursor.rest()[..prefix].iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if letters <= 2 && matches!(cursor.ahead(prefix), Some(b'"' | b'\'' | b'`')) {
        cursor.at += prefix;
    }
}

pub(super) fn quoted<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>, context: Context) -> Option<Literal> {
    let mut next = *cursor;
    skip_prefix(&mut next);
    let quote = next.quote()?;
    let closes_outer = context == Context::Text(quote.mark) && !quote.is_nested();
    let command = quote.mark == b'`' && place.kind == FileKind::Script;
    if closes_outer || command {
        return None;
    }
    let here = place.kind == FileKind::Script && next.text()[..next.at].ends_with(&[b'@', quote.mark]);
    let span = match quoted_text(place, &mut next, quote) {
        Some(span) => span,
        None if here => here_string(place, &mut next, quote.mark)?,
        None => first_line(&mut next)?,
    };
    *cursor = next;
    let glued = next.rest().starts_with(b"\\\n");
    next.blanks();
    let rest = next.rest();
    let joined =
        glued || [&b"+ "[..], b". ", b"<< ", b".. ", b"% ", b"%(", b".format", b"+\n", b".\n"].iter().any(|sign| rest.starts_with(sign));
    Some(Literal { span, mark: Some(quote.mark), nested: quote.is_nested(), joined, ..Literal::default() })
}

/// The text in quotes; one that may go on over lines is followed beyond those near.
fn quoted_text<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>, quote: Quote<'_>) -> Option<Range<usize>> {
    if let Some(span) = cursor.quoted(quote) {
        return Some(span);
    }
    if !quote.spans_lines() {
        return None;
    }
    let mut far = place.far(cursor.at);
    let span = far.quoted(quote);
    place.looked(if span.is_some() { far.at + AFTER } else { far.at + MAX_QUOTED + AFTER });
    if span.is_some() {
        *cursor = far;
    }
    span
}

/// The one line of a here-string of PowerShell, whose quotes stand on the lines around it.
fn here_string<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>, mark: u8) -> Option<Range<usize>> {
    place.looked(cursor.at + 2 * MAX_LINE);
    let mut far = place.far(cursor.at);
    let opened = far.line_end();
    let length = memchr::memchr(b'\n', &far.rest()[..far.rest().len().min(MAX_LINE)])?;
    let span = far.at..far.at + far.rest()[..length].trim_ascii_end().len();
    far.at += length + 1;
    (opened && far.eat(&[mark, b'@'])).then(|| {
        *cursor = far;
        span
    })
}

/// The first line of a long text that goes on over several lines.
fn first_line(cursor: &mut Cursor<'_>) -> Option<Range<usize>> {
    let start = cursor.at;
    let length = cursor.rest().iter().take(MAX_LINE).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).count();
    cursor.at += length;
    (length >= 48 && cursor.peek() == Some(b'\n')).then_some(start..start + length)
}

/// The quoted values of a list.
fn elements<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>, each: &mut dyn FnMut(Literal)) {
    *cursor = place.far(cursor.at);
    for _ in 0..MAX_LIST {
        skip_space(cursor);
        place.looked(cursor.at + MAX_QUOTED);
        let Some(literal) = quoted(place, cursor, Context::Plain) else { return };
        skip_space(cursor);
        if cursor.rest().starts_with(b"=>") {
            return;
        }
        each(Literal { listed: true, ..literal });
        if !cursor.eat(b",") {
            break;
        }
    }
    place.looked(cursor.at + AFTER);
}

/// Steps over blanks and line ends, a few of each.
fn skip_space(cursor: &mut Cursor<'_>) {
    const MOST: usize = 8;
    for _ in 0..MOST {
        if cursor.blanks() == 0 && !cursor.line_end() {
            return;
        }
    }
}

/// A literal inside an expression: `Some("x")`, `base64.decode("x")`, `getenv("NAME") || "x"`.
fn wrapped<'v>(place: &Place<'v>, mut cursor: Cursor<'v>, each: &mut dyn FnMut(Literal)) {
    let rest = &cursor.rest()[..cursor.rest().len().min(MAX_EXPRESSION)];
    let Some(mark) = rest.iter().position(|byte| matches!(byte, b'"' | b'\'' | b'\n' | b';' | b',')) else { return };
    if !matches!(rest[mark], b'"' | b'\'') {
        return;
    }
    let head = rest[..mark].trim_ascii_end();
    let head = head.strip_suffix(b"b").filter(|head| head.ends_with(b"(")).unwrap_or(head);
    cursor.at += mark;
    if [&b"[]string{"[..], b"[] {", b"[]{"].iter().any(|list| head.ends_with(list)) {
        return elements(place, &mut cursor, each);
    }
    let path = |head: &&[u8]| head.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.:<>[](&*!$ ".contains(byte));
    let function = head.strip_suffix(b"(").or_else(|| head.strip_suffix(b"[")).filter(path);
    let Some(function) = function else {
        if let Some(literal) = fallback::ends_with_or(head).then(|| quoted(place, &mut cursor, Context::Plain)).flatten() {
            each(Literal { fallback: true, ..literal });
        }
        return;
    };
    let Some(literal) = quoted(place, &mut cursor, Context::Plain) else { return };
    let wrapper =
        if function.ends_with(b"env::var") || function.starts_with(b"env.") { Wrapper::Setting } else { wrapper(last_word(function)) };
    match wrapper {
        Wrapper::Same => each(literal),
        Wrapper::Setting => {
            let found = fallback::of_setting(&mut cursor).then(|| quoted(place, &mut cursor, Context::Plain)).flatten();
            if let Some(literal) = found {
                each(Literal { fallback: true, ..literal });
            }
        }
        Wrapper::Other if hashes(last_word(function)) && speaks_of_password(place) => each(literal),
        Wrapper::Other => {}
    }
}

/// Whether the name is one of a password: what a hash is made of then is the password.
fn speaks_of_password(place: &Place<'_>) -> bool {
    name::read(place.text()).is_some_and(|name| name.class == Class::Password && name.denies.is_none())
}

/// The literal that an argument or a value consists of, with what only changes its form: `b"x"`, `"x".encode()`, `[]byte("x")`.
pub(super) fn whole(bytes: &[u8], span: Range<usize>) -> Option<Literal> {
    let mut cursor = Cursor::new(&bytes[..span.end], span.start);
    skip_prefix(&mut cursor);
    if let Some(quote) = cursor.quote() {
        let inner = cursor.quoted(quote)?;
        let rest = cursor.rest().trim_ascii();
        let method = rest.strip_prefix(b".").map(|rest| last_word(&rest[..memchr::memchr(b'(', rest).unwrap_or(0)]));
        let same = rest.is_empty() || rest.ends_with(b")") && method.is_some_and(turns);
        return same.then(|| Literal { span: inner, mark: Some(quote.mark), nested: quote.is_nested(), ..Literal::default() });
    }
    let open = memchr::memchr(b'(', cursor.rest())?;
    let same = matches!(wrapper(last_word(&cursor.rest()[..open])), Wrapper::Same);
    let inner = cursor.at + open + 1..span.end - 1;
    (same && cursor.rest().ends_with(b")") && is_quoted(&bytes[inner.clone()])).then(|| whole(bytes, inner)).flatten()
}

/// Whether a text starts as a literal.
fn is_quoted(text: &[u8]) -> bool {
    starts_quote(Cursor::new(text, 0))
}

/// Whether a method gives its text in another form.
fn turns(method: &[u8]) -> bool {
    const METHODS: [&[u8]; 8] = [b"encode", b"getbytes", b"tochararray", b"as_bytes", b"as_ref", b"into", b"to_string", b"bytes"];
    METHODS.iter().any(|known| method.eq_ignore_ascii_case(known))
}

/// The text that a function makes a hash of: `MD5('x')`, `crypt('x', gen_salt('bf'))`.
pub(super) fn hashed(bytes: &[u8], span: Range<usize>) -> Option<Literal> {
    let text = &bytes[span.clone()];
    let open = memchr::memchr(b'(', text).filter(|&open| hashes(last_word(&text[..open])))?;
    let first = argument::next(&mut Cursor::new(bytes, span.start + open + 1))?;
    whole(bytes, first.span)
}

/// Whether a function makes a hash of its argument.
fn hashes(function: &[u8]) -> bool {
    const HASHING: [&[u8]; 11] =
        [b"md5", b"md5hex", b"sha", b"sha1", b"sha2", b"sha256", b"sha512", b"sha256hex", b"crypt", b"password", b"old_password"];
    HASHING.iter().any(|known| function.eq_ignore_ascii_case(known))
}

/// What a function makes of its literal.
enum Wrapper {
    /// The value in another form.
    Same,
    /// The value of the setting that the literal names.
    Setting,
    /// Something else.
    Other,
}

fn wrapper(function: &[u8]) -> Wrapper {
    const SETTINGS: [&[u8]; 17] = [
        b"getenv",
        b"get",
        b"env",
        b"_env",
        b"get_env",
        b"fetch",
        b"environ",
        b"environment",
        b"getenvironmentvariable",
        b"fromenvironment",
        b"getordefault",
        b"getproperty",
        b"findproperty",
        b"property",
        b"config",
        b"getvalue",
        b"os_env",
    ];
    const SAME: [&[u8]; 18] = [
        b"some",
        b"just",
        b"ok",
        b"of",
        b"from",
        b"str",
        b"text",
        b"raw",
        b"lit",
        b"literal",
        b"value",
        b"valueof",
        b"b",
        b"ptr",
        b"pointer",
        b"byte",
        b"buffer",
        b"getbytes",
    ];
    const PARTS: [&[u8]; 12] =
        [b"base64", b"b64", b"hex", b"decode", b"string", b"bytes", b"secret", b"password", b"secure", b"sensitive", b"encode", b"utf8"];
    const ASKS: [&[u8]; 9] = [b"get", b"read", b"load", b"find", b"fetch", b"has", b"is", b"tostring", b"to_string"];
    const ABOUT: [&[u8]; 9] = [b"name", b"field", b"rule", b"message", b"label", b"ref", b"fromjson", b"from_json", b"generated"];
    let lower = function[function.len().saturating_sub(48)..].to_ascii_lowercase();
    if SETTINGS.contains(&lower.as_slice()) {
        return Wrapper::Setting;
    }
    let holds = |parts: &[&[u8]]| parts.iter().any(|part| memchr::memmem::find(&lower, part).is_some());
    let part = || holds(&PARTS) && !holds(&ABOUT) && !ASKS.iter().any(|verb| lower.starts_with(verb));
    if SAME.contains(&lower.as_slice()) || part() { Wrapper::Same } else { Wrapper::Other }
}

/// The last identifier of a path such as `[]byte`, `a::B::new`, `new Foo<T>`.
fn last_word(path: &[u8]) -> &[u8] {
    const MAKERS: [&[u8]; 4] = [b"::new", b".new", b"::from", b".from"];
    let path = MAKERS.iter().find_map(|maker| path.strip_suffix(*maker)).unwrap_or(path);
    let end = path.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
    let length = path[..end].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    &path[end - length..end]
}
