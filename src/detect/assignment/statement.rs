//! Names that are clauses of a statement which makes a user. Owns: the statements of databases, routers and proxies. Must not: read values.

use super::cursor::Cursor;
use super::operator::Place;

/// Bytes before a name in which its statement starts.
const STATEMENT: usize = 160;

/// The line before the name, or its last part.
pub(super) fn line_before<'v>(place: &Place<'v>) -> &'v [u8] {
    let before = place.before();
    let window = &before[before.len().saturating_sub(STATEMENT)..];
    &window[memchr::memrchr(b'\n', window).map_or(0, |end| end + 1)..]
}

/// Whether the name is the clause of a statement: `CREATE ROLE x LOGIN PASSWORD value`.
#[must_use]
pub(super) fn makes_user(place: &Place<'_>) -> bool {
    if !place.text().eq_ignore_ascii_case(b"password") {
        return false;
    }
    let line = line_before(place);
    let holds = |words: &[&[u8]]| words.iter().any(|word| memchr::memmem::find(line, word).is_some());
    holds(&[b"CREATE ", b"ALTER ", b"create ", b"alter "]) && holds(&[b" USER ", b" ROLE ", b" LOGIN ", b" user ", b" role ", b" login "])
}

/// Starts of a router's lines that end with a key or a password.
const OF_ROUTER: [&[&[u8]]; 9] = [
    &[b"enable", b"password"],
    &[b"enable", b"secret"],
    &[b"tacacs-server", b"key"],
    &[b"tacacs-server", b"host", b"", b"key"],
    &[b"radius-server", b"key"],
    &[b"radius-server", b"host", b"", b"key"],
    &[b"neighbor", b"", b"password"],
    &[b"ppp", b"chap", b"password"],
    &[b"crypto", b"isakmp", b"key"],
];

/// Whether the line is one of a router's about a key: `tacacs-server key value`, `neighbor 10.0.0.1 password value`.
fn is_of_router(line: &[u8], name: &[u8]) -> bool {
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).chain([name]);
    let words: Vec<_> = words.collect();
    OF_ROUTER
        .iter()
        .any(|known| known.len() == words.len() && known.iter().zip(&words).all(|(known, word)| known.is_empty() || known == word))
}

/// Whether a line of a router's or a proxy's configuration says it: `username admin password 0 value`, `user admin insecure-password value`.
#[must_use]
pub(super) fn names_user_of_device(place: &Place<'_>, cursor: &mut Cursor<'_>) -> bool {
    let line = line_before(place);
    if line.len() == STATEMENT {
        return false;
    }
    if is_of_router(line, place.text()) {
        let plain = cursor.eat_word(b"0");
        cursor.blanks();
        let value = &cursor.rest()[..memchr::memchr(b'\n', cursor.rest()).unwrap_or(cursor.rest().len())];
        let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        // Other numbers stand before hashes.
        let numbered = !plain && (value.starts_with(b"7 ") || value.starts_with(b"6 "));
        return !numbered && words.next().is_some() && words.next().is_none_or(|word| word == b"address");
    }
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (verb, user) = (words.next(), words.next());
    // `username and password of`
    if user.is_none_or(|user| [&b"and"[..], b"or", b"&"].contains(&user)) {
        return false;
    }
    if verb == Some(b"user") && place.text() == b"insecure-password" {
        return words.next().is_none();
    }
    let is_router = verb == Some(b"username") && [&b"password"[..], b"secret"].contains(&place.text());
    let is_whole = words.next().is_none_or(|word| word == b"privilege" && words.nth(1).is_none());
    if !is_router || !is_whole {
        return false;
    }
    if cursor.eat_word(b"0") {
        cursor.blanks();
    }
    // Other numbers stand before hashes.
    let value = &cursor.rest()[..memchr::memchr(b'\n', cursor.rest()).unwrap_or(cursor.rest().len())];
    !value.trim_ascii().contains(&b' ')
}
