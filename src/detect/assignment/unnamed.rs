//! Anchors that are no names: what stands there says by itself that a value is a credential. Owns: which they are. Must not: read values.

use std::ops::Range;

use super::call::{self, Call};
use super::literal::Literal;
use super::name::{self, Name};
use super::operator::Operator;
use super::{command, input, insert, login};
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
const SESSION: &[u8] = b"session_secret";
/// Calls that take a credential, as their anchors spell them.
const CALLS: [(&[u8], Call, &[u8]); 102] = [
    (b".login(", Call::Login, PASSWORD),
    (b"wifi.begin(", Call::Key(1), PASSWORD),
    (b"dbi->connect(", Call::Key(2), PASSWORD),
    (b"->login(", Call::Login, PASSWORD),
    (b".auth(", Call::Login, PASSWORD),
    (b"authenticate(", Call::Login, PASSWORD),
    (b"basicauthenticator(", Call::Key(1), PASSWORD),
    (b".connect(", Call::Connect, PASSWORD),
    (b"->connect(", Call::Connect, PASSWORD),
    (b":connect(", Call::Connect, PASSWORD),
    (b"sftpclient(", Call::Connect, PASSWORD),
    (b"sshclient(", Call::Connect, PASSWORD),
    (b"mysqldb.connect(", Call::Key(2), PASSWORD),
    (b"pymysql.connect(", Call::Key(2), PASSWORD),
    (b"oracle.connect(", Call::Key(1), PASSWORD),
    (b"mysql_real_connect(", Call::Key(3), PASSWORD),
    (b"oci_connect(", Call::Key(1), PASSWORD),
    (b"odbc_connect(", Call::Key(2), PASSWORD),
    (b"new sequelize(", Call::Key(2), PASSWORD),
    (b"sql.newinstance(", Call::Key(2), PASSWORD),
    (b"ftplib.ftp(", Call::Key(2), PASSWORD),
    (b"ftplib.ftp_tls(", Call::Key(2), PASSWORD),
    (b"net::ftp.open(", Call::Key(2), PASSWORD),
    (b"net::ftp.new(", Call::Key(2), PASSWORD),
    (b"net::smtp.start(", Call::Key(4), PASSWORD),
    (b"gomail.newdialer(", Call::Key(3), PASSWORD),
    (b"ftp_login(", Call::Key(2), PASSWORD),
    (b"imap_open(", Call::Key(2), PASSWORD),
    (b"ldap_bind(", Call::Key(2), PASSWORD),
    (b"ldap_simple_bind_s(", Call::Key(2), PASSWORD),
    (b".simple_bind_s(", Call::Key(1), PASSWORD),
    (b"plaincredentials(", Call::Key(1), PASSWORD),
    (b"username_pw_set(", Call::Key(1), PASSWORD),
    (b"smbconnection(", Call::Key(1), PASSWORD),
    (b"setsaslauthdata(", Call::Key(1), PASSWORD),
    (b"authtokens.basic(", Call::Key(1), PASSWORD),
    (b"credentials.basic(", Call::Key(1), PASSWORD),
    (b"auth().basic(", Call::Key(1), PASSWORD),
    (b"preemptive().basic(", Call::Key(1), PASSWORD),
    (b"create_superuser(", Call::Key(2), PASSWORD),
    (b"objects.create_user(", Call::Key(2), PASSWORD),
    (b"redis.auth(", Call::Only, PASSWORD),
    (b"redis->auth(", Call::Only, PASSWORD),
    (b"jedis.auth(", Call::Only, PASSWORD),
    (b"networkcredential]::new(", Call::Key(1), PASSWORD),
    (b"hash::make(", Call::Only, PASSWORD),
    (b"bcrypt(", Call::Only, PASSWORD),
    (b"bcrypt.hash(", Call::Only, PASSWORD),
    (b"bcrypt.hashsync(", Call::Only, PASSWORD),
    (b"argon2.hash(", Call::Only, PASSWORD),
    (b"hashpw(", Call::Only, PASSWORD),
    (b"password_hash(", Call::Filtered, PASSWORD),
    (b"pwd_context.hash(", Call::Only, PASSWORD),
    (b"generatefrompassword(", Call::Only, PASSWORD),
    (b"passwordencoder.encode(", Call::Only, PASSWORD),
    (b"passwordencoder().encode(", Call::Only, PASSWORD),
    (b".bind(\"cn=", Call::Key(1), PASSWORD),
    (b".bind('cn=", Call::Key(1), PASSWORD),
    (b".bind(\"uid=", Call::Key(1), PASSWORD),
    (b".bind('uid=", Call::Key(1), PASSWORD),
    (b"multi.addap(", Call::Key(1), PASSWORD),
    (b"wifi.softap(", Call::Key(1), PASSWORD),
    (b"wlan.connect(", Call::Key(1), PASSWORD),
    (b"sta_if.connect(", Call::Key(1), PASSWORD),
    (b"wifi.sta.config(", Call::Key(1), PASSWORD),
    (b"btoa(", Call::Pair(0), PASSWORD),
    (b"b64encode(", Call::Pair(0), PASSWORD),
    (b"base64_encode(", Call::Pair(0), PASSWORD),
    (b"addauthinfo(", Call::Pair(1), PASSWORD),
    (b".signedstring(", Call::Only, JWT),
    (b"newcookiestore(", Call::Only, SESSION),
    (b"cookieparser(", Call::Only, SESSION),
    (b"aes.encrypt(", Call::Key(1), CIPHER),
    (b"aes.decrypt(", Call::Key(1), CIPHER),
    (b"createcipher(", Call::Key(1), CIPHER),
    (b"createdecipher(", Call::Key(1), CIPHER),
    (b"createcipheriv(", Call::Key(1), CIPHER),
    (b"createdecipheriv(", Call::Key(1), CIPHER),
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
    let of_command = |span| {
        let literal = Literal { span, ..Literal::default() };
        Taken { name: Name::PASSWORD, text: anchor, operator: Operator::Command, literal }
    };
    if let Some(taken) = command::read(bytes, hit.clone()) {
        taken.span.map(of_command).into_iter().for_each(each);
        return Some(taken.end);
    }
    if anchor.eq_ignore_ascii_case(b"chpasswd") && command::starts_command(bytes, hit.start) {
        input::logins(bytes, &hit, &mut |span| each(of_command(span)));
        return Some(bytes.len());
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
    if is_end_of_another(bytes, &hit) {
        return Some(hit.end);
    }
    let name = name::read(text)?;
    Some(call::read(bytes, hit, call, &mut |literal| each(Taken { name, text, operator: Operator::Call, literal })))
}

/// Whether the call at `hit` is one that is known by a longer name: `.connect(` of `pymysql.connect(`.
fn is_end_of_another(bytes: &[u8], hit: &Range<usize>) -> bool {
    CALLS.iter().any(|(known, ..)| {
        let start = hit.end.checked_sub(known.len()).filter(|&start| start < hit.start);
        start.is_some_and(|start| bytes[start..hit.end].eq_ignore_ascii_case(known))
    })
}
