//! Passwords that follow their user: `SetBasicAuth("user", "password")`, `auth=("user", "password")`,
//! `login: user / password` in prose. Owns: which calls, names and sentences hold both. Must not: judge.

use std::ops::Range;

use super::context::{self, Context};
use super::cursor::{Cursor, MAX_QUOTED};
use super::literal::{Literal, quoted};
use super::operator::{Operator, Place};
use super::value::{self, Form};
use super::vocabulary::ACCOUNTS;
use super::{bare, name};
use crate::file_kind::FileKind;

/// Ends of the names of functions that take a login, without underscores, with the number of arguments before the password.
const CALLS: [(&[u8], usize); 19] = [
    (b"ssh2userauthpassword", 2),
    (b"sshuserauthpassword", 2),
    (b".userauthpassword", 1),
    (b"ssh2authpassword", 2),
    (b"keyring.setpassword", 2),
    (b"basicauth", 1),
    (b"digestauth", 1),
    (b"andpassword", 1),
    (b"userpassword", 1),
    (b"usernamepassword", 1),
    (b"usernamepasswordcredentials", 1),
    (b"passwordauthentication", 1),
    (b"passwordauthenticationmethod", 1),
    (b"authorizationbasic", 1),
    (b"withcredentials", 1),
    (b"keytar.setpassword", 2),
    (b"plainauth", 2),
    (b"usernamepasswordtoken", 1),
    // Of sbt, the last one: others are pairs.
    (b"credentials", 3),
];
/// Bytes of an argument that is no literal.
const ARGUMENT: usize = 48;

/// The password of a login whose arguments stand at the cursor.
#[must_use]
pub fn password<'v>(place: &Place<'v>, mut cursor: Cursor<'v>, operator: Operator) -> Option<Literal> {
    let skipped = match operator {
        Operator::Call | Operator::Space => skipped(place.text())?,
        Operator::Assign | Operator::Colon if is_pair(place.text()) && cursor.eat(b"(") => 1,
        Operator::Assign | Operator::Colon | Operator::Arrow if is_pair(place.text()) => return listed(place, cursor),
        _ => return None,
    };
    for _ in 0..skipped {
        argument(place, &mut cursor)?;
        cursor.blanks();
        cursor.eat(b",").then_some(())?;
        cursor.blanks();
    }
    cursor.eat(b"Some(");
    quoted(place, &mut cursor, Context::Plain)
}

/// The password of `auth: ["user", "password"]`. A word is none: scopes are listed so, too.
fn listed<'v>(place: &Place<'v>, mut cursor: Cursor<'v>) -> Option<Literal> {
    cursor.eat(b"[").then_some(())?;
    quoted(place, &mut cursor, Context::Plain)?;
    cursor.eat(b",").then_some(())?;
    cursor.blanks();
    let password = quoted(place, &mut cursor, Context::Plain)?;
    let telling = matches!(value::form(&place.bytes[password.span.clone()]), Form::Coded | Form::Signed | Form::Random);
    (telling && cursor.eat(b"]")).then_some(password)
}

/// Bytes of a user, at most.
const USER: usize = 40;

/// The password of a login that a text for people states: `credentials: admin / …`, `username/password: admin/…`.
#[must_use]
pub fn stated<'v>(place: &Place<'v>, cursor: Cursor<'v>, operator: Operator, context: Context) -> Option<Literal> {
    const LOGINS: [&[u8]; 3] = [b"credentials", b"credential", b"creds"];
    let text = place.kind == FileKind::Doc || context == Context::Comment;
    let both = match operator {
        Operator::Colon | Operator::Prose if LOGINS.iter().any(|name| place.text().eq_ignore_ascii_case(name)) => text,
        Operator::Colon | Operator::Prose | Operator::Assign => text && names_user(place.before()),
        _ => false,
    };
    both.then(|| pair(cursor)).flatten()
}

/// Calls `each` for the password of `login: admin / …` at `hit`, in a text for people. Gives the end of what was read.
pub fn said(bytes: &[u8], hit: Range<usize>, kind: FileKind, each: &mut dyn FnMut(Literal)) -> usize {
    let line = &bytes[..hit.start];
    let line = &line[memchr::memrchr(b'\n', line).map_or(0, |end| end + 1)..];
    let starts = line.last().is_none_or(|last| !last.is_ascii_alphanumeric() && !matches!(last, b'_' | b'.' | b'-'));
    if starts && (kind == FileKind::Doc || context::starts_comment(line.trim_ascii_start(), kind)) {
        pair(Cursor::new(bytes, hit.end)).into_iter().for_each(each);
    }
    hit.end + MAX_QUOTED
}

/// Whether `user /` or its like comes before a name.
fn names_user(before: &[u8]) -> bool {
    const USERS: [&[u8]; 6] = [b"user", b"username", b"login", b"email", b"name", b"account"];
    let Some(head) = before.trim_ascii_end().strip_suffix(b"/") else { return false };
    let head = head.trim_ascii_end();
    let length = head.iter().rev().take(USER).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    USERS.iter().any(|word| head[head.len() - length..].eq_ignore_ascii_case(word))
}

/// The password of `admin / …`, `admin/…` or `admin:…` at the end of a sentence. A word is one after the name of an account only.
fn pair(mut cursor: Cursor<'_>) -> Option<Literal> {
    while cursor.eat(b"*") {}
    cursor.blanks();
    let bytes = cursor.text();
    let user = part(&mut cursor, |rest| {
        rest.iter().take(USER).take_while(|byte| byte.is_ascii_alphanumeric() || b"_.@+-".contains(byte)).count()
    })?;
    let spaced = cursor.blanks() > 0;
    (cursor.eat(b"/") || !spaced && cursor.eat(b":")).then_some(())?;
    if cursor.blanks() > 0 && !spaced {
        return None;
    }
    let password = part(&mut cursor, bare::word)?;
    let ends = cursor.rest().first().is_none_or(|next| b"\r\n.,)*|<(".contains(next));
    let (user, value) = (&bytes[user.span], &bytes[password.span.clone()]);
    let account = ACCOUNTS.iter().any(|account| user.eq_ignore_ascii_case(account.as_bytes()));
    let telling = matches!(value::form(value), Form::Coded | Form::Signed | Form::Random);
    // A path has further slashes.
    let path = !spaced && value.contains(&b'/');
    let fits = ends && !path && user[0].is_ascii_alphabetic() && value[0] != b'/' && name::read(value).is_none() && (account || telling);
    fits.then_some(password)
}

/// A part of a stated login, in quotes or without.
fn part(cursor: &mut Cursor<'_>, length: impl Fn(&[u8]) -> usize) -> Option<Literal> {
    if let Some(quote) = cursor.quote() {
        let span = cursor.quoted(quote).filter(|span| !span.is_empty())?;
        return Some(Literal { span, mark: Some(quote.mark), ..Literal::default() });
    }
    let start = cursor.at;
    cursor.at += length(&cursor.rest()[..cursor.rest().len().min(MAX_QUOTED)]);
    (cursor.at > start).then(|| Literal { span: start..cursor.at, ..Literal::default() })
}

/// Arguments before the password, where the name is one of a function that takes a login.
fn skipped(name: &[u8]) -> Option<usize> {
    let mut lower = [0; 32];
    let mut length = 0;
    for byte in name[name.len().saturating_sub(lower.len())..].iter().filter(|byte| **byte != b'_') {
        lower[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    CALLS.iter().find(|(end, _)| lower[..length].ends_with(end)).map(|&(_, skipped)| skipped)
}

/// Whether a name takes user and password in brackets.
fn is_pair(name: &[u8]) -> bool {
    // `remote-auth = ["ldap", "saml2"]` lists ways, or packages.
    name.len() >= 4 && name[name.len() - 4..].eq_ignore_ascii_case(b"auth") && !name.contains(&b'-')
}

/// Steps over an argument: a literal, or a name.
fn argument<'v>(place: &Place<'v>, cursor: &mut Cursor<'v>) -> Option<()> {
    if quoted(place, cursor, Context::Plain).is_some() {
        return Some(());
    }
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.:$@->".contains(byte);
    let length = cursor.rest().iter().take(ARGUMENT).take_while(part).count();
    cursor.at += length;
    (length > 0).then_some(())
}
