//! Credentials in HTTP headers, as dumps, recorded exchanges, command lines and code write them. Owns: finding the value of a header and the
//! credential in it. Must not: judge the value.
//!
//! Formats: RFC 7617 (Basic), RFC 6750 (Bearer), RFC 6265 (Cookie).

use std::borrow::Cow;
use std::ops::Range;

use bstr::{BStr, ByteSlice};

use super::credential::{self, Login};
use super::run::{back, on};
use super::{Sink, decode, placeholder};
use crate::blob::visible;
use crate::finding::Encoding;

/// Longest token, in bytes.
const TOKEN_MAX: usize = 2048;
/// Bytes that are read either way: names, gaps and a value.
pub(super) const REACH: usize = 2 * TOKEN_MAX;
/// Bytes between a header's name and its value: quotes, separators, a line end and the `"value":` of recorded exchanges.
const GAP_MAX: usize = 96;
/// Shortest base64 of `user:password` that is looked at.
const BASIC_MIN: usize = 8;
/// Bytes of a cookie header that are read.
const COOKIE_MAX: usize = 2048;

/// Schemes of `Authorization` whose parameter proves possession without giving the secret away.
const PROOFS: [&str; 8] = ["digest", "signature", "hmac", "aws4-hmac-sha256", "negotiate", "ntlm", "hawk", "sharedkey"];

/// Names of cookies that hold a login.
const SESSIONS: [&str; 21] = [
    "session",
    "sessionid",
    "session_id",
    "session-id",
    "sid",
    "connect.sid",
    "phpsessid",
    "jsessionid",
    "asp.net_sessionid",
    ".aspxauth",
    ".aspnetcore.cookies",
    ".aspnetcore.identity.application",
    "laravel_session",
    "_session_id",
    "auth",
    "auth_token",
    "access_token",
    "token",
    "remember_token",
    "sessiontoken",
    "user_session",
];

/// Looks at the anchor at `hit`.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric();
    if sink.view.before(hit.start).is_some_and(is_part) {
        return;
    }
    match sink.view.bytes[hit.clone()].to_ascii_lowercase().as_slice() {
        b"basic " => basic(sink, hit.end),
        b"bearer " => bearer(sink, &hit),
        b"authorization" => authorization(sink, hit.end),
        b"cookie:" => cookies(sink, hit.end),
        _ => named(sink, hit.end),
    }
}

/// `Basic dXNlcjpwYXNzd29yZA==`: the base64 is the span, the password in it the secret.
fn basic(sink: &mut Sink<'_, '_>, from: usize) {
    let bytes = sink.view.bytes;
    let length = on(bytes, from, TOKEN_MAX, |byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
    if length < BASIC_MIN || length % 4 == 1 {
        return;
    }
    let span = from..from + length + on(bytes, from + length, 2, |byte| byte == b'=');
    let plain = decode::base64(&bytes[from..from + length]);
    // Words after "basic" decode to control characters and no colon.
    let Some((user, password)) = plain.split_once_str(b":").filter(|_| !plain.iter().any(u8::is_ascii_control)) else { return };
    if plain.to_str().is_err() && plain.iter().filter(|byte| !byte.is_ascii()).count() * 3 > plain.len() {
        return;
    }
    sink.propose_as("http-basic-auth", span, |candidate| {
        candidate.encodings.push(Encoding::Base64);
        // APIs take their key as the user and no password.
        if credential::is_no_password(password) {
            candidate.secret = Cow::Owned(user.to_vec());
            credential::judge_token(candidate);
        } else {
            candidate.secret = Cow::Owned(password.to_vec());
            candidate.facts.push(("user", visible(BStr::new(user))));
            credential::judge_password(candidate, Login { user, host: b"" });
        }
        if is_rfc_example(user, password) {
            candidate.dropped = Some("example of a standard");
        }
    });
}

/// The examples of RFC 7617 and its forerunners.
fn is_rfc_example(user: &[u8], password: &[u8]) -> bool {
    user == b"Aladdin" && [b"open sesame".as_slice(), b"OpenSesame"].contains(&password)
}

/// `Bearer TOKEN`.
fn bearer(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let span = token_at(bytes, hit.end + on(bytes, hit.end, 3, |byte| byte == b' '));
    let value = &bytes[span.clone()];
    let gap = back(bytes, hit.start, 4, |byte| byte == b' ');
    // In prose, what follows is a word; the start of a value or a list item speaks for a header.
    let is_header = hit.start.checked_sub(gap + 1).is_some_and(|before| b":=\"'`-,([>".contains(&bytes[before]));
    if value.is_empty() || credential::is_jwt(value) || !is_header && !credential::is_tokenlike(value) {
        return;
    }
    propose_token(sink, "http-bearer-token", span);
}

/// `Authorization: Token abc`, `Authorization: abc`; Basic and Bearer have anchors of their own.
fn authorization(sink: &mut Sink<'_, '_>, from: usize) {
    let bytes = sink.view.bytes;
    let Some(value) = value_after(bytes, from) else { return };
    let first = token_at(bytes, value);
    let mut span = first.clone();
    if bytes.get(first.end) == Some(&b' ') {
        let scheme = bytes[first.clone()].to_ascii_lowercase();
        let is_other = matches!(scheme.as_slice(), b"basic" | b"bearer") || PROOFS.iter().any(|proof| scheme.starts_with(proof.as_bytes()));
        if is_other || !scheme.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return;
        }
        span = token_at(bytes, first.end + 1);
    }
    // `Token token="abc"`, `GenieKey=abc`.
    if let Some(equals) = bytes[span.clone()].find_byte(b'=').filter(|&equals| equals < 16 && equals + 2 < span.len()) {
        // Signatures of AWS name the access key there, which has a pattern of its own.
        if bytes[span.start..span.start + equals].eq_ignore_ascii_case(b"Credential") {
            return;
        }
        span.start += equals + 1;
    } else if bytes[span.clone()].ends_with(b"=") && bytes.get(span.end).is_some_and(|byte| b"\"\\".contains(byte)) {
        let start = span.end + on(bytes, span.end, 2, |byte| b"\"\\".contains(&byte));
        span = token_at(bytes, start);
    }
    let value = &bytes[span.clone()];
    // `localStorage.getItem("token")`
    let is_call = bytes.get(span.end) == Some(&b'(');
    if credential::is_tokenlike(value) && !credential::is_jwt(value) && !is_call {
        propose_token(sink, "http-credential-header", span);
    }
}

/// `X-Api-Key: abc` and other headers whose whole value is the credential.
fn named(sink: &mut Sink<'_, '_>, from: usize) {
    let bytes = sink.view.bytes;
    let Some(value) = value_after(bytes, from) else { return };
    let span = token_at(bytes, value);
    if !span.is_empty() && !credential::is_jwt(&bytes[span.clone()]) {
        propose_token(sink, "http-credential-header", span);
    }
}

/// `Cookie: a=b; session=abc`.
fn cookies(sink: &mut Sink<'_, '_>, from: usize) {
    let bytes = sink.view.bytes;
    let end = from + on(bytes, from, COOKIE_MAX, |byte| !b"\r\n\"'`".contains(&byte));
    let mut start = from;
    while start < end {
        let pair = start..start + on(&bytes[..end], start, COOKIE_MAX, |byte| byte != b';');
        if let Some((name, value)) = bytes[pair.clone()].split_once_str(b"=") {
            let lower = name.trim_ascii().to_ascii_lowercase();
            let is_session = SESSIONS.iter().any(|session| session.as_bytes() == lower) || lower.ends_with(b"_session");
            if is_session && credential::is_tokenlike(value) && !credential::is_jwt(value) {
                propose_token(sink, "http-session-cookie", pair.end - value.len()..pair.end);
            }
        }
        start = pair.end + 1;
    }
}

fn propose_token(sink: &mut Sink<'_, '_>, id: &str, span: Range<usize>) {
    sink.propose_as(id, span, credential::judge_token);
}

/// The token that starts at `start`; a template is taken whole, so that it can be named.
fn token_at(bytes: &[u8], start: usize) -> Range<usize> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/=|:%$@#!*&-{}<>[]".contains(&byte);
    let text = &bytes[start..start + on(bytes, start, TOKEN_MAX, is_token)];
    // What closes the text around, or ends a sentence.
    let end = text.trim_end_with(|character| ".,:;".contains(character)).len();
    let end = text[..end].find(b"</").unwrap_or(end);
    let open = text.first().is_some_and(|byte| b"$<{[#%".contains(byte));
    start
        ..start
            + if open || placeholder::reference(&text[..end]).is_some() { end } else { text[..end].find_byteset(b"<>[]{}").unwrap_or(end) }
}

/// Where the value of the header whose name ends at `from` starts: behind `: `, `", "`, `' => '`, `=`, `":["`, `", "value": "` or on the next line as a
/// list item. `None` where the value is an expression.
fn value_after(bytes: &[u8], from: usize) -> Option<usize> {
    let is_quote = |byte: u8| b"\"'`\\".contains(&byte);
    let mut at = from + on(bytes, from, 2, is_quote);
    let name_quoted = at > from;
    at += on(bytes, at, 2, |byte| b" ])".contains(&byte));
    let separator = on(bytes, at, 3, |byte| b":=>,".contains(&byte));
    // An unquoted name before a comma is one of a list of names.
    if separator == 0 || !name_quoted && bytes[at] == b',' {
        return None;
    }
    at += separator;
    let gap = on(bytes, at, GAP_MAX, |byte| byte.is_ascii_whitespace() || byte == b'[');
    let breaks = bytes[at..at + gap].contains(&b'\n');
    at += gap;
    if let Some(rest) = bytes[at..].strip_prefix(b"\"value\"").filter(|_| name_quoted) {
        let skip = on(rest, 0, GAP_MAX, |byte| byte.is_ascii_whitespace() || byte == b':');
        at = bytes.len() - rest.len() + skip;
    } else if breaks && bytes[at..].starts_with(b"- ") {
        at += 2;
        return Some(at + on(bytes, at, 2, is_quote));
    } else if breaks && !name_quoted {
        return None;
    }
    let quotes = on(bytes, at, 2, is_quote);
    (quotes > 0 || !name_quoted).then_some(at + quotes)
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::{each, found, refused, secret, wrong_examples};
    use crate::patterns::schema::Detector;

    const FAMILY: [&str; 1] = ["http-"];

    fn basic_of(text: &str) -> String {
        data_encoding::BASE64.encode(text.replace('§', &secret()).as_bytes())
    }

    #[test]
    fn examples_are_judged_as_their_patterns_say() {
        assert_eq!(wrong_examples(Detector::HttpHeader), []);
    }

    #[test]
    fn basic_tells_user_and_password() {
        let text = format!("Authorization: Basic {}", basic_of("jane:§:x"));
        let mut seen = Vec::new();
        each(&text, |_, candidate| {
            seen.push((candidate.facts.clone(), candidate.secret.to_vec(), candidate.span.clone()));
        });
        assert_eq!(seen, [(vec![("user", "jane".to_owned())], format!("{}:x", secret()).into_bytes(), 21..text.len())]);
    }

    #[test]
    fn basic_is_found_without_its_header() {
        for (plain, secret_of) in [("api:§", "§"), ("§:", "§"), ("test2:test1111", "test1111"), ("té:motdépasse", "motdépasse")] {
            for text in [format!("    - Basic {}", basic_of(plain)), format!("b\"basic {}\",", basic_of(plain).trim_end_matches('='))] {
                assert_eq!(found(&FAMILY, &text), [("http-basic-auth".to_owned(), secret_of.replace('§', &secret()))], "{plain}");
            }
        }
    }

    #[test]
    fn values_stand_in_many_syntaxes() {
        for (text, id) in [
            ("Authorization: Bearer §", "http-bearer-token"),
            ("'Authorization' => 'Bearer §',", "http-bearer-token"),
            ("{\\\"Authorization\\\": \\\"Bearer §\\\"}", "http-bearer-token"),
            ("the token is: Bearer §.", "http-bearer-token"),
            ("X-Api-Key:\n      - §", "http-credential-header"),
            ("X-API-KEY=§", "http-credential-header"),
            ("{\"X-Auth-Token\":[\"§\"]}", "http-credential-header"),
            ("{\"key\": \"X-Api-Key\",\n \"value\": \"§\"}", "http-credential-header"),
            ("headers['x-access-token'] = '§'", "http-credential-header"),
            ("{\\\"x-api-key\\\":\\\"§\\\"}", "http-credential-header"),
            ("<b>x-api-key: §</b>", "http-credential-header"),
            ("Authorization: Token token=\"§\"", "http-credential-header"),
            ("Authorization: GenieKey §", "http-credential-header"),
            ("authorization: '§'", "http-credential-header"),
        ] {
            assert_eq!(found(&FAMILY, text), [(id.to_owned(), secret())], "{text}");
        }
    }

    #[test]
    fn what_is_no_token_is_dropped_with_its_reason() {
        for (text, reason) in [
            ("Authorization: Bearer ${TOKEN}", "variable reference"),
            ("Authorization: `Bearer ${auth.getToken()}`", "variable reference"),
            ("Authorization: `Bearer ${getToken()}`", "variable reference"),
            ("Authorization: Bearer {{token}}", "template"),
            ("Authorization: Bearer <token>", "placeholder in brackets"),
            ("Authorization: Bearer my-secret-token", "placeholder word"),
            ("Authorization: Bearer good-integration-token", "it reads like words"),
            ("Authorization: Bearer abc", "too short for a token"),
            ("Authorization: Bearer abc123def4", "it is short for a token"),
            ("X-Api-Key: %API_KEY%", "variable reference"),
            ("X-Api-Key: xxxxxxxxxxxx", "masked value"),
        ] {
            assert_eq!(refused(&FAMILY, text).into_iter().map(|(_, reason)| reason).collect::<Vec<_>>(), [reason], "{text}");
        }
        assert_eq!(refused(&FAMILY, &format!("Basic {}", basic_of("user:password"))).len(), 1);
    }

    #[test]
    fn prose_code_and_tokens_of_other_detectors_are_not_looked_at() {
        for text in [
            "the bearer of this letter",
            "basic implementation of x",
            "Basic dXNlcm5hbWU=",
            "authorization: required",
            "req.Header.Get(\"X-Api-Key\")",
            "const name = \"X-Api-Key\", other = §",
            "setHeader('X-Auth-Token', token)",
            "Authorization: Digest username=\"x\", nonce=\"§\"",
            "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.§",
            "Authorization: algorithm Credential=§/scope, \\",
            "Forbearer §",
            "Cookie: theme=§",
            "cookie:",
            "authorization",
            "x-api-key:",
            "Bearer ",
        ] {
            assert_eq!(found(&FAMILY, text), [], "{text}");
            assert_eq!(refused(&FAMILY, text), [], "{text}");
        }
    }
}
