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

/// The line above the name's, or its last `most` bytes.
pub(super) fn line_above<'v>(place: &Place<'v>, most: usize) -> &'v [u8] {
    let before = place.before();
    let above = &before[..memchr::memrchr(b'\n', before).unwrap_or(0)];
    let above = &above[above.len().saturating_sub(most)..];
    &above[memchr::memrchr(b'\n', above).map_or(0, |end| end + 1)..]
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

/// Starts of the lines of routers and other devices that state a key or a password, up to its name, and what stands between the name and the
/// value: `*` is any word.
const OF_DEVICES: [(&str, &str); 29] = [
    ("enable password", ""),
    ("enable secret", ""),
    ("tacacs-server key", ""),
    ("tacacs-server host * key", ""),
    ("radius-server key", ""),
    ("radius-server host * key", ""),
    ("radius-server host * auth-port * acct-port * key", ""),
    ("neighbor * password", ""),
    ("ppp chap password", ""),
    ("crypto isakmp key", ""),
    ("snmp-server user * * v3 auth", "*"),
    ("snmp-server user * * auth", "*"),
    ("ip ospf authentication-key", ""),
    ("ip ospf message-digest-key", "* md5"),
    ("area * virtual-link * authentication-key", ""),
    ("area * virtual-link * message-digest-key", "* md5"),
    ("standby * authentication md5 key-string", ""),
    ("isis password", ""),
    ("ntp authentication-key", "* md5"),
    ("key-string", ""),
    ("pre-shared-key", "local"),
    ("pre-shared-key", "remote"),
    ("pre-shared-key", "ascii-text"),
    ("pre-shared-key address * key", ""),
    ("pre-shared-key address * * key", ""),
    ("ikev1 pre-shared-key", ""),
    ("set system login user * authentication plain-text-password-value", ""),
    ("sentinel auth-pass", "*"),
    ("sentinel sentinel-pass", ""),
];
/// Words that go on after the value of such a line.
const MORE: [&[u8]; 2] = [b"address", b"priv"];

/// Steps to the value of a line of a device about a key, if it is one: `tacacs-server key value`, `neighbor 10.0.0.1 password value`.
fn is_of_device(line: &[u8], place: &Place<'_>, cursor: &mut Cursor<'_>) -> bool {
    let words = |text| <[u8]>::split(text, u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let fits = |known: &str, text: &[&[u8]]| {
        let mut known = known.split(' ').filter(|word| !word.is_empty());
        text.iter().all(|word| known.next().is_some_and(|known| known == "*" || known.as_bytes() == *word)) && known.next().is_none()
    };
    let start: Vec<_> = words(line).chain([place.text()]).collect();
    OF_DEVICES.iter().filter(|(known, _)| fits(known, &start)).any(|(_, between)| {
        let mut next = *cursor;
        let skipped = between.split(' ').filter(|word| !word.is_empty()).all(|word| {
            let length = next.rest().iter().take(STATEMENT).take_while(|byte| !byte.is_ascii_whitespace()).count();
            let found = length > 0 && (word == "*" || next.rest()[..length] == *word.as_bytes());
            next.at += length;
            found && next.blanks() > 0
        });
        let found = skipped && is_plain(&mut next);
        if found {
            *cursor = next;
        }
        found
    }) || place.text() == b"key" && line.trim_ascii().is_empty() && is_below_server(place) && is_plain(cursor)
}

/// Whether a word comes next that says whose key it is, or how it is written: `pre-shared-key address 10.0.0.1 key …`.
#[must_use]
pub(super) fn qualifies_key(place: &Place<'_>, mut cursor: Cursor<'_>) -> bool {
    const WORDS: [&[u8]; 5] = [b"address", b"local", b"remote", b"ascii-text", b"hostname"];
    place.text() == b"pre-shared-key" && WORDS.iter().any(|word| cursor.eat_word(word))
}

/// Whether the line before is one of those that describe a server which the key is for.
fn is_below_server(place: &Place<'_>) -> bool {
    const SERVERS: [&[u8]; 3] = [b"address ipv4 ", b"tacacs server ", b"radius server "];
    let above = line_above(place, STATEMENT).trim_ascii_start();
    SERVERS.iter().any(|start| above.starts_with(start))
}

/// Steps over the `0` before a value that is written as it is. Other numbers stand before hashes, and a sentence has further words.
fn is_plain(cursor: &mut Cursor<'_>) -> bool {
    let plain = cursor.eat_word(b"0");
    cursor.blanks();
    let value = &cursor.rest()[..memchr::memchr(b'\n', cursor.rest()).unwrap_or(cursor.rest().len())];
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let numbered = !plain && (value.starts_with(b"7 ") || value.starts_with(b"6 "));
    !numbered && words.next().is_some() && words.next().is_none_or(|word| MORE.contains(&word))
}

/// Whether a line of a router's or a proxy's configuration says it: `username admin password 0 value`, `user admin insecure-password value`.
#[must_use]
pub(super) fn names_user_of_device(place: &Place<'_>, cursor: &mut Cursor<'_>) -> bool {
    let line = line_before(place);
    if line.len() == STATEMENT {
        return false;
    }
    if is_of_device(line, place, cursor) {
        return true;
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
