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
    /// The text before, if a call for keys takes it.
    Characters,
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

/// The credential of the call whose name, up to its bracket, stands at `hit`. Gives the end of what was read.
#[must_use]
pub fn read(bytes: &[u8], hit: Range<usize>, call: Call, each: &mut dyn FnMut(Literal)) -> usize {
    let mut cursor = Cursor::new(bytes, hit.end);
    let literal = match call {
        Call::Characters => characters(bytes, hit.start),
        Call::Login => login(&mut cursor),
        Call::Key(place) => nth(&mut cursor, place),
        Call::Hmac => hmac(&mut cursor),
        Call::Only => nth(&mut cursor, 0),
        Call::OnlyOrSecond => only_or_second(&mut cursor),
    };
    let Some(literal) = literal else {
        // What ended the list, or the text in quotes that had no end, counts too.
        return cursor.at + MAX_QUOTED;
    };
    let signs = !matches!(call, Call::Login | Call::Only | Call::Characters);
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

/// The password of a login. A word is one after something that is a user only: `login("google", "popup")` has another meaning.
fn login(cursor: &mut Cursor<'_>) -> Option<Literal> {
    const USERS: [&[u8]; 8] = [b"user", b"mail", b"name", b"login", b"account", b"from", b"addr", b"@"];
    let bytes = cursor.text();
    let user = argument::next(cursor).filter(|argument| !argument.last && argument.span.len() > 2)?;
    let password = argument::next(cursor)?;
    let literal = literal::whole(bytes, password.span)?;
    let user = bytes[user.span].to_ascii_lowercase();
    let named = USERS.iter().any(|word| memchr::memmem::find(&user, word).is_some());
    let telling = matches!(value::form(&bytes[literal.span.clone()]), Form::Coded | Form::Signed | Form::Random);
    (named || telling).then_some(Literal { paired: true, ..literal })
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
