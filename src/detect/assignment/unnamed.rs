//! Anchors that are no names: what stands there says by itself that a value is a credential. Owns: which they are. Must not: read values.

use std::ops::Range;

use super::call::{self, Call};
use super::literal::Literal;
use super::name::{self, Name};
use super::operator::Operator;
use super::{command, insert, login};
use crate::file_kind::FileKind;

/// A value that is a credential by where it stands.
#[derive(Debug, Clone)]
pub struct Taken<'v> {
    /// What the place says.
    pub name: Name,
    /// The words for it.
    pub text: &'v [u8],
    /// How it is tied to the value.
    pub operator: Operator,
    /// The value.
    pub literal: Literal,
}

/// The names that arguments of calls would have.
const PASSWORD: &[u8] = b"password";
const JWT: &[u8] = b"jwt_secret";
const HMAC: &[u8] = b"hmac_secret";
const CIPHER: &[u8] = b"encryption_key";
/// Calls that take a credential, as their anchors spell them.
const CALLS: [(&[u8], Call, &[u8]); 27] = [
    (b".login(", Call::Login, PASSWORD),
    (b"wifi.begin(", Call::Key(1), PASSWORD),
    (b"dbi->connect(", Call::Key(2), PASSWORD),
    (b"jwt.sign(", Call::Key(1), JWT),
    (b"jwt.verify(", Call::Key(1), JWT),
    (b"jwt.encode(", Call::Key(1), JWT),
    (b"jwt.decode(", Call::Key(1), JWT),
    (b"jwt.encode ", Call::Key(1), JWT),
    (b"jwt::encode(", Call::Key(1), JWT),
    (b"jwt::decode(", Call::Key(1), JWT),
    (b"hmac256(", Call::Key(0), JWT),
    (b"hmac384(", Call::Key(0), JWT),
    (b"hmac512(", Call::Key(0), JWT),
    (b"hmac.new(", Call::Hmac, HMAC),
    (b"createhmac(", Call::Key(1), HMAC),
    (b"hash_hmac(", Call::Key(2), HMAC),
    (b".tochararray()", Call::Characters, PASSWORD),
    (b"pgp_sym_encrypt(", Call::Key(1), CIPHER),
    (b"pgp_sym_decrypt(", Call::Key(1), CIPHER),
    (b"aes_encrypt(", Call::Key(1), CIPHER),
    (b"aes_decrypt(", Call::Key(1), CIPHER),
    (b"hmacsha256(", Call::OnlyOrSecond, HMAC),
    // The CDK's, in the spellings of its languages.
    (b"unsafeplaintext(", Call::Only, PASSWORD),
    (b"unsafe_plain_text(", Call::Only, PASSWORD),
    (b"secretvalue.plaintext(", Call::Only, PASSWORD),
    (b"secretvalue.plain_text(", Call::Only, PASSWORD),
    (b"secretvalue_plaintext(", Call::Only, PASSWORD),
];

/// Calls `each` for the values at `hit`, and gives the end of what was read; none where the anchor is one of a name.
#[must_use]
pub fn read<'v>(bytes: &'v [u8], hit: Range<usize>, kind: FileKind, each: &mut dyn FnMut(Taken<'v>)) -> Option<usize> {
    // The anchors of names are shorter, and common.
    if hit.len() < 5 || matches!(bytes[hit.end - 1], b't' | b'T' | b'n' | b'N') && hit.len() <= 6 {
        return None;
    }
    let anchor = &bytes[hit.clone()];
    if let Some(taken) = command::read(bytes, hit.clone()) {
        if let Some(span) = taken.span {
            let literal = Literal { span, ..Literal::default() };
            each(Taken { name: Name::PASSWORD, text: anchor, operator: Operator::Command, literal });
        }
        return Some(taken.end);
    }
    if anchor.eq_ignore_ascii_case(b"insert into") {
        return Some(insert::read(bytes, hit.end, &mut |cell| {
            each(Taken { name: cell.name, text: cell.text, operator: Operator::Assign, literal: cell.literal });
        }));
    }
    if anchor.eq_ignore_ascii_case(b"login:") {
        return Some(login::said(bytes, hit, kind, &mut |literal| {
            each(Taken { name: Name::PASSWORD, text: anchor, operator: Operator::Colon, literal });
        }));
    }
    let &(_, call, text) = CALLS.iter().find(|(known, ..)| anchor.eq_ignore_ascii_case(known))?;
    let name = name::read(text)?;
    Some(call::read(bytes, hit, call, &mut |literal| each(Taken { name, text, operator: Operator::Call, literal })))
}
