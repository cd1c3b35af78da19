//! Calls that take a credential though their names do not say so: `smtp.login(user, "…")`, `jwt.sign(payload, "…")`, `createHmac(x, "…")`,
//! `keyStore.load(stream, "…".toCharArray())`. Owns: which calls, and which argument it is. Must not: judge.

use std::ops::Range;

use super::argument;
use super::cursor::{Cursor, MAX_QUOTED};
use super::literal::{self, Literal};
use super::value::{self, Form};

/// Which argument of a call is the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// The password after a user.
    Login,
    /// The argument after so many others.
    Key(usize),
    /// The key of an HMAC: Python gives it first, Go after the function, as bytes.
    Hmac,
    /// The only argument in .NET, the second in JavaScript.
    OnlyOrSecond,
    /// The only argument, which is kept as it is.
    Only,
    /// The first argument, or the text in quotes before `|`, where the call is a filter of a template.
    Filtered,
    /// The text before, if a call for keys takes it.
    Characters,
    /// The password after a host and a user.
    Connect,
    /// What stands behind the user in the one text that is the argument after so many others: `user:password`.
    Pair(usize),
}

/// Ends of the names of functions that take a password as an array of characters.
const PROTECTED: [&[u8]; 12] = [
    b"load",
    b"store",
    b"init",
    b"getkey",
    b"getentry",
    b"setkeyentry",
    b"setentry",
    b"pbekeyspec",
    b"passwordprotection",
    b"loadkeymaterial",
    b"loadtrustmaterial",
    b"passwordauthentication",
];
/// Bytes before a text in which its call is looked for.
const BEFORE: usize = 300;

/// The credential of the call whose name, with its bracket, stands at `hit`. Gives the end of what was read.
#[must_use]
pub fn read(bytes: &[u8], hit: Range<usize>, call: Call, each: &mut dyn FnMut(Literal)) -> usize {
    // An anchor may go on into the first argument: `.bind("cn=`.
    let bracket = memchr::memrchr(b'(', &bytes[hit.clone()]).map_or(hit.end, |at| hit.start + at + 1);
    let mut cursor = Cursor::new(bytes, bracket);
    let literal = match call {
        Call::Characters => characters(bytes, hit.start),
        Call::Login => login(&mut cursor),
        Call::Connect => connect(&mut cursor),
        Call::Pair(place) => pair(&mut cursor, place),
        Call::Key(place) => nth(&mut cursor, place),
        Call::Hmac => hmac(&mut cursor),
        Call::Only => nth(&mut cursor, 0),
        Call::Filtered => match filtered(bytes, hit.start) {
            Some(end) => quoted_before(bytes, end),
            None => nth(&mut cursor, 0),
        },
        Call::OnlyOrSecond => only_or_second(&mut cursor),
    };
    let Some(literal) = literal else {
        // What ended the list, or the text in quotes that had no end, counts too.
        return cursor.at + MAX_QUOTED;
    };
    let signs = matches!(call, Call::Key(_) | Call::Hmac | Call::OnlyOrSecond);
    each(Literal { signs, ..literal });
    cursor.at
}

/// The literal that is the argument after `place` others.
fn nth(cursor: &mut Cursor<'_>, place: usize) -> Option<Literal> {
    for _ in 0..place {
        argument::next(cursor).filter(|argument| !argument.last && !argument.span.is_empty())?;
    }
    let argument = argument::next(cursor)?;
    literal::whole(cursor.text(), argument.span)
}

/// Where the text ends that is filtered at `at`; none where nothing is.
fn filtered(bytes: &[u8], at: usize) -> Option<usize> {
    let trim = |end: usize| end - bytes[..end].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some(trim(bytes[..trim(at)].strip_suffix(b"|")?.len()))
}

/// The text in quotes that ends at `end`.
fn quoted_before(bytes: &[u8], end: usize) -> Option<Literal> {
    let (&mark, text) = bytes[..end].split_last().filter(|(mark, _)| matches!(mark, b'"' | b'\''))?;
    let start = text.len().saturating_sub(BEFORE);
    let open = memchr::memrchr2(mark, b'\n', &text[start..]).filter(|&open| text[start + open] == mark)?;
    Some(Literal { span: start + open + 1..text.len(), mark: Some(mark), ..Literal::default() })
}

/// The password of a login. A word is one after something that is a user only: `login("google", "popup")` has another meaning.
fn login(cursor: &mut Cursor<'_>) -> Option<Literal> {
    let bytes = cursor.text();
    let user = argument::next(cursor).filter(|argument| !argument.last && argument.span.len() > 2)?;
    let password = argument::next(cursor)?;
    let literal = literal::whole(bytes, password.span)?;
    (names_user(&bytes[user.span]) || is_telling(&bytes[literal.span.clone()])).then_some(Literal { paired: true, ..literal })
}

/// Whether an argument speaks of a user.
fn names_user(argument: &[u8]) -> bool {
    const USERS: [&[u8]; 8] = [b"user", b"mail", b"name", b"login", b"account", b"from", b"addr", b"@"];
    let argument = argument.to_ascii_lowercase();
    USERS.iter().any(|word| memchr::memmem::find(&argument, word).is_some())
}

/// Whether a value is no word.
fn is_telling(value: &[u8]) -> bool {
    matches!(value::form(value), Form::Coded | Form::Signed | Form::Random)
}

/// The password of `connect(host, 22, user, "…")`: behind a host or an address, a port or none, and a user. A word is one only behind what is named
/// as a user.
fn connect(cursor: &mut Cursor<'_>) -> Option<Literal> {
    let bytes = cursor.text();
    let host = argument::next(cursor).filter(|argument| !argument.last && !argument.span.is_empty())?;
    let mut user = argument::next(cursor).filter(|argument| !argument.last)?;
    if is_port(&bytes[user.span.clone()]) {
        user = argument::next(cursor).filter(|argument| !argument.last)?;
    }
    let password = argument::next(cursor)?;
    let literal = literal::whole(bytes, password.span)?;
    let named = is_variable(&bytes[user.span.clone()]) && names_user(&bytes[user.span.clone()]);
    let is_host = memchr::memchr2(b'.', b':', &bytes[host.span.clone()]).is_some();
    let quoted = is_host && [host, user].into_iter().all(|argument| literal::whole(bytes, argument.span).is_some());
    (named || quoted && is_telling(&bytes[literal.span.clone()])).then_some(Literal { paired: true, ..literal })
}

/// Whether an argument is a port: a number, or something of that name.
fn is_port(argument: &[u8]) -> bool {
    argument.iter().all(u8::is_ascii_digit) || argument.to_ascii_lowercase().ends_with(b"port")
}

/// Whether an argument is a variable, or a member of one.
fn is_variable(argument: &[u8]) -> bool {
    argument.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.$->".contains(byte))
}

/// The password of a text `user:password` that is the argument after `place` others.
fn pair(cursor: &mut Cursor<'_>, place: usize) -> Option<Literal> {
    let literal = nth(cursor, place)?;
    let span = literal.span.clone();
    let text = &cursor.text()[span.clone()];
    let user =
        text.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"_.@-".contains(byte)).filter(|&at| at > 0 && text[at] == b':')?;
    let password = &text[user + 1..];
    let fits = is_telling(password) && !password.contains(&b' ') && !password.contains(&b':') && !password.starts_with(b"//");
    fits.then_some(Literal { span: span.start + user + 1..span.end, paired: true, ..literal })
}

/// The key of `hmac.new(b"…", …)` and of `hmac.New(sha256.New, []byte("…"))`.
fn hmac(cursor: &mut Cursor<'_>) -> Option<Literal> {
    let bytes = cursor.text();
    let first = argument::next(cursor).filter(|argument| !argument.last)?;
    if let Some(literal) = literal::whole(bytes, first.span) {
        return Some(literal);
    }
    let second = argument::next(cursor)?.span;
    bytes[second.clone()].starts_with(b"[]byte(").then(|| literal::whole(bytes, second)).flatten()
}

/// The key of `new HMACSHA256(Encoding.UTF8.GetBytes("…"))` and of `HmacSHA256(text, "…")`.
fn only_or_second(cursor: &mut Cursor<'_>) -> Option<Literal> {
    let first = argument::next(cursor)?;
    let key = if first.last { first } else { argument::next(cursor)? };
    literal::whole(cursor.text(), key.span)
}

/// The text in quotes that ends at `end`, if a call for keys or accounts takes it.
fn characters(bytes: &[u8], end: usize) -> Option<Literal> {
    // No further than the line before, which a scan of the history looks at anyway.
    let from = end.saturating_sub(BEFORE);
    let from = memchr::memrchr_iter(b'\n', &bytes[from..end]).nth(1).map_or(from, |at| from + at);
    let text = bytes[from..end].strip_suffix(b"\"")?;
    let open = from + memchr::memrchr(b'"', text)?;
    let before = bytes[from..open].trim_ascii_end();
    matches!(before.last(), Some(b',' | b'(')).then_some(())?;
    let name = &before[..opening(before)?];
    let length = name.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = name[name.len() - length..].to_ascii_lowercase();
    PROTECTED.iter().any(|known| name.ends_with(known)).then(|| Literal { span: open + 1..end - 1, mark: Some(b'"'), ..Literal::default() })
}

/// The bracket that is open at the end of `text`.
fn opening(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 0 => return Some(at),
            b'(' => depth -= 1,
            b';' | b'{' | b'}' => return None,
            _ => {}
        }
    }
    None
}
