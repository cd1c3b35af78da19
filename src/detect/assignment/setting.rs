//! Lines of settings and statements that hold a password without a name for it: SNMP communities, `allow user:password`, `CONNECT user/password@db`.
//! Owns: their syntax. Must not: judge.

use std::ops::Range;

use super::command::{Taken, after, command_line, login_of_oracle, starts_line, value_behind, value_of_word};
use super::value::{self, Form};

/// Looks for the line that an anchor starts; none where the anchor is no such line's.
pub(super) fn read(anchor: &[u8], bytes: &[u8], hit: &Range<usize>) -> Option<Taken> {
    if anchor == b" obj= " {
        return Some(Taken::at(hit, value_behind(b"password=", bytes, hit.end)));
    }
    if !starts_line(bytes, hit.start) {
        return None;
    }
    let word = |place: usize| value_of_word(bytes, hit.end, place);
    let span = match anchor {
        b"rocommunity" | b"rwcommunity" => community(bytes, word(usize::from(bytes[hit.end..].starts_with(b"6 ")))),
        b"snmp-server community " => community(bytes, word(0)),
        b"com2sec " => community(bytes, word(2)),
        b"monitorrole" | b"controlrole" => word(0).filter(|span| !is_right(&bytes[span.clone()])),
        b"allow " => word(0).and_then(|login| pair(bytes, login)),
        b"connect " | b"conn " => login_of_oracle(bytes, hit.end).filter(|span| is_login(bytes, hit.end, span)),
        b"[basicauth]" => below(bytes, hit.end),
        _ => return None,
    };
    Some(Taken::at(hit, span))
}

/// A community of SNMP that not everybody knows.
fn community(bytes: &[u8], span: Option<Range<usize>>) -> Option<Range<usize>> {
    span.filter(|span| !matches!(&bytes[span.clone()], b"public" | b"private" | b"default"))
}

/// Whether a word says what a role of JMX may do, as files of rights beside those of passwords have it.
fn is_right(word: &[u8]) -> bool {
    matches!(word, b"readonly" | b"readwrite")
}

/// The password of `user:password`. Other rules have a port, an address or a word there.
fn pair(bytes: &[u8], login: Range<usize>) -> Option<Range<usize>> {
    let user = login.start..login.start + memchr::memchr(b':', &bytes[login.clone()])?;
    let span = after(b':', bytes, login)?;
    let password = &bytes[span.clone()];
    let telling = matches!(value::form(password), Form::Coded | Form::Signed | Form::Random);
    (is_user(&bytes[user]) && telling && !password.iter().any(|byte| b":/*".contains(byte))).then_some(span)
}

/// Whether what stands before the password at `span` is a user, and what comes behind it a database.
fn is_login(bytes: &[u8], from: usize, span: &Range<usize>) -> bool {
    let user = bytes[from..span.start - 1].trim_ascii();
    is_user(user.strip_prefix(b"\"").unwrap_or(user)) && bytes.get(span.end) == Some(&b'@')
}

fn is_user(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-$#".contains(byte))
}

/// The password of `user: password` on the line below the name of a section.
fn below(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, bytes.len().min(command_line(bytes, from).end + 1));
    let colon = memchr::memchr(b':', &bytes[line.clone()])?;
    is_user(bytes[line.start..line.start + colon].trim_ascii()).then(|| value_of_word(bytes, line.start + colon + 1, 0)).flatten()
}
