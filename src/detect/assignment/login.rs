//! Passwords that follow their user: `SetBasicAuth("user", "password")`, `auth=("user", "password")`. Owns: which calls and names take both.
//! Must not: judge.

use super::context::Context;
use super::cursor::Cursor;
use super::literal::{Literal, quoted};
use super::operator::{Operator, Place};

/// Ends of the names of functions that take a login, without underscores, with the number of arguments before the password.
const CALLS: [(&[u8], usize); 5] =
    [(b"basicauth", 1), (b"andpassword", 1), (b"usernamepassword", 1), (b"passwordauthentication", 1), (b"plainauth", 2)];
/// Bytes of an argument that is no literal.
const ARGUMENT: usize = 48;

/// The password of a login whose arguments stand at the cursor.
#[must_use]
pub fn password<'v>(place: &Place<'v>, mut cursor: Cursor<'v>, operator: Operator) -> Option<Literal> {
    let skipped = match operator {
        Operator::Call | Operator::Space => skipped(place.text())?,
        Operator::Assign | Operator::Colon if is_pair(place.text()) && cursor.eat(b"(") => 1,
        _ => return None,
    };
    for _ in 0..skipped {
        argument(place, &mut cursor)?;
        cursor.blanks();
        cursor.eat(b",").then_some(())?;
        cursor.blanks();
    }
    quoted(place, &mut cursor, Context::Plain)
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
    name.len() >= 4 && name[name.len() - 4..].eq_ignore_ascii_case(b"auth")
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
