//! JSON Web Tokens. Owns: finding the parts around the dot, decoding them, and knowing which tokens are worth nothing. Must not: check signatures.

use std::ops::Range;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::fact::{self, Facts, tell, tell_member};
use super::view::{REACH, View};
use super::{Candidate, Sink, checksum, entropy};

const ID: &str = "jwt-token";
/// Longest header in characters: certificates may stand in it.
const HEADER: usize = 8192;
/// Places in the text before the dot that are tried as the token's start.
const STARTS: usize = 4;
/// 1 January 2020: what expired before it opens nothing any more, but tells whom a service trusted, and with which key.
const LONG_AGO: i64 = 1_577_836_800;

/// Looks at the dot at `hit` between header and payload.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let Some(token) = read(sink.view, hit.start) else { return };
    sink.propose_as(ID, token.span.clone(), |candidate| describe(&token, candidate));
}

/// A token's parts.
struct Token<'v> {
    span: Range<usize>,
    header: Value,
    algorithm: String,
    payload: Option<Value>,
    signature: &'v [u8],
}

/// The token whose first dot is at `dot`; none where the text before it is no header, or the header of an encrypted token.
fn read<'v>(view: &View<'v>, dot: usize) -> Option<Token<'v>> {
    let bytes = view.bytes;
    let run = bytes[..dot].iter().rev().take(HEADER).take_while(|&&byte| is_part(byte)).count();
    let starts = (dot - run..dot).filter(|&at| starts_header(&bytes[at..dot]) && view.starts_token(at)).take(STARTS);
    let (start, header) = starts.into_iter().find_map(|at| Some((at, checksum::json(&BASE64URL_NOPAD, &bytes[at..dot])?)))?;
    let algorithm = header.get("alg")?.as_str()?.to_owned();
    if header.get("enc").is_some() {
        return None;
    }
    let payload = part(bytes, dot + 1);
    let signature = if bytes.get(payload.end) == Some(&b'.') { part(bytes, payload.end + 1) } else { payload.end..payload.end };
    Some(Token {
        span: start..signature.end,
        header,
        algorithm,
        payload: checksum::json(&BASE64URL_NOPAD, &bytes[payload]),
        signature: &bytes[signature],
    })
}

/// Whether `text` can be base64 of an object's start: `{"`, or a brace and white space.
fn starts_header(text: &[u8]) -> bool {
    [&b"eyJ"[..], b"eyA", b"ewo", b"ewk", b"ew0"].iter().any(|start| text.starts_with(start))
}

fn part(bytes: &[u8], start: usize) -> Range<usize> {
    let length = bytes[start..].iter().take(REACH / 2).take_while(|&&byte| is_part(byte)).count();
    start..start + length
}

const fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Gives a candidate all that the token says of itself.
fn describe(token: &Token<'_>, candidate: &mut Candidate<'_>) {
    let mut facts = Facts::new();
    tell(&mut facts, "algorithm", &token.algorithm);
    candidate.facts.extend(facts);
    if token.algorithm.eq_ignore_ascii_case("none") || token.signature.is_empty() {
        candidate.dropped = Some("unsigned JWT");
        return;
    }
    let Some(payload) = &token.payload else {
        candidate.set(0.3, "its payload does not decode");
        return;
    };
    tell_claims(payload, &mut candidate.facts);
    if is_example(payload) || is_example(&token.header) {
        candidate.dropped = Some("documentation example");
    } else if entropy::shannon(token.signature) < 4.0 {
        candidate.dropped = Some("placeholder signature");
    } else if !fits(&token.algorithm, token.signature.len()) {
        candidate.set(0.3, "its signature is too short or too long for its algorithm");
    } else if payload.get("role").and_then(Value::as_str) == Some("anon") {
        candidate.set(0.2, "its role is anonymous: public by design");
    } else if is_of_example(payload) {
        candidate.set(0.5, "its subject is the one of examples");
    } else if expiry(payload).is_some_and(|seconds| seconds < LONG_AGO) {
        candidate.set(0.55, "it expired before 2020");
    }
}

fn expiry(payload: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "fractions of a second do not matter and absurd years have no date")]
    payload.get("exp").and_then(Value::as_f64).map(|seconds| seconds as i64)
}

/// Issuer, expiry, role and, where it is a machine's, the subject. People's names and addresses are nobody's business.
fn tell_claims(payload: &Value, facts: &mut Facts) {
    tell_member(facts, "issuer", payload, "iss");
    tell_member(facts, "role", payload, "role");
    if let Some(subject) = payload.get("sub").and_then(Value::as_str).filter(|subject| subject.starts_with("system:serviceaccount:")) {
        tell(facts, "subject", subject);
    }
    tell(facts, "expires", &expiry(payload).and_then(fact::date).unwrap_or_default());
}

/// Whether a claim names the people and places of documentation.
fn is_example(object: &Value) -> bool {
    const NAMES: [&str; 5] = ["john doe", "jane doe", "example.com", "example.org", "example.net"];
    let is_name = |text: &str| {
        let text = text.to_ascii_lowercase();
        text == "joe" || NAMES.iter().any(|name| text.contains(name) && (text == *name || name.contains(' ') || name.contains('.')))
    };
    ["sub", "name", "iss", "email", "aud", "username", "preferred_username", "jku"]
        .iter()
        .filter_map(|claim| object.get(claim))
        .any(|value| value.as_str().is_some_and(is_name))
}

/// Whether the subject is that of the example that people start from, with claims of their own beside it.
fn is_of_example(payload: &Value) -> bool {
    payload.get("sub").is_some_and(|subject| subject.as_str() == Some("1234567890") || subject.as_u64() == Some(1_234_567_890))
}

/// Whether `length` base64 characters are a signature of `algorithm` (RFC 7518, section 3; RFC 8037).
fn fits(algorithm: &str, length: usize) -> bool {
    match algorithm {
        "HS256" => length == 43,
        "HS384" => length == 64,
        "HS512" | "ES256" | "ES256K" | "EdDSA" | "Ed25519" => length == 86,
        "ES384" => length == 128,
        "ES512" => length == 176,
        // 1,024 bits and more.
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => length >= 171,
        _ => length >= 20,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::testing::{found, text};
    use super::*;

    /// 43 characters, as HS256 makes them.
    const SIGNATURE: &str = "Zp3kV0x7QmT9sLwB2nYcR8uHdJ4gFaE6vKiOq1XtM5o";

    fn token(header: &str, payload: &str, signature: &str) -> String {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.{signature}", encode(header), encode(payload))
    }

    fn hs256(payload: &str) -> String {
        token(r#"{"alg":"HS256"}"#, payload, SIGNATURE)
    }

    fn only(text: &str) -> Candidate<'_> {
        let mut candidates = found(&["jwt"], text.as_bytes(), false);
        assert_eq!(candidates.len(), 1, "{text}: {candidates:?}");
        candidates.remove(0).1
    }

    #[test]
    fn claims_are_told_and_people_are_not() {
        let text = hs256(r#"{"iss":"https://id.acme.dev","sub":"ann@acme.dev","role":"service_role","exp":1900000000}"#);
        let expected = [("algorithm", "HS256"), ("issuer", "https://id.acme.dev"), ("role", "service_role"), ("expires", "2030-03-17")];
        let candidate = only(&text);
        assert_eq!(candidate.facts, expected.map(|(name, text)| (name, text.to_owned())));
        assert_eq!((candidate.dropped, candidate.span), (None, 0..text.len()));
        assert!((candidate.probability - 0.92).abs() < 1e-6);
    }

    #[test]
    fn worthless_tokens_are_dropped_with_a_reason() {
        let claims = r#"{"sub":"4711"}"#;
        for (text, reason) in [
            (token(r#"{"alg":"none"}"#, claims, ""), "unsigned JWT"),
            (token(r#"{"alg":"None"}"#, claims, SIGNATURE), "unsigned JWT"),
            (token(r#"{"alg":"HS256"}"#, claims, ""), "unsigned JWT"),
            (token(r#"{"alg":"HS256"}"#, claims, "...").replace("...", ""), "unsigned JWT"),
            (hs256(r#"{"sub":"1234567890","name":"John Doe"}"#), "documentation example"),
            (hs256(r#"{"name":"John Doe"}"#), "documentation example"),
            (hs256(r#"{"iss":"https://auth.example.com/"}"#), "documentation example"),
            (hs256(r#"{"iss":"joe"}"#), "documentation example"),
            (token(r#"{"alg":"HS256"}"#, claims, "signature"), "placeholder signature"),
        ] {
            assert_eq!(only(&text).dropped, Some(reason), "{text}");
        }
    }

    #[test]
    fn doubtful_tokens_fall_to_the_threshold_and_below() {
        for (text, probability) in [
            (hs256(r#"{"iss":"supabase","role":"anon","exp":1900000000}"#), 0.2),
            (token(r#"{"alg":"RS256"}"#, r#"{"sub":"4711"}"#, SIGNATURE), 0.3),
            (hs256(r#"{"sub":"1234567890","name":"Ann"}"#), 0.5),
            (hs256(r#"{"sub":1234567890}"#), 0.5),
            (format!("{}.eyJhbc.{SIGNATURE}", BASE64URL_NOPAD.encode(br#"{"alg":"HS256"}"#)), 0.3),
        ] {
            let candidate = only(&text);
            assert!(candidate.dropped.is_none() && (candidate.probability - probability).abs() < 1e-6, "{text}: {candidate:?}");
        }
    }

    #[test]
    fn tokens_that_expired_long_ago_are_just_worth_a_look() {
        let text = hs256(r#"{"sub":"4711","exp":1500000000}"#);
        let candidate = only(&text);
        assert!((candidate.probability - 0.55).abs() < 1e-6, "{candidate:?}");
        assert_eq!(candidate.evidence.first(), Some(&"it expired before 2020"));
    }

    #[test]
    fn encrypted_tokens_and_other_dotted_text_are_none() {
        let jwe = token(r#"{"alg":"dir","enc":"A256GCM"}"#, r#"{"x":1}"#, "abc.def.ghi");
        let headless = format!("sk.eyJ1IjoiYWNtZSJ9.{SIGNATURE}");
        let no_algorithm = token(r#"{"typ":"JWT"}"#, r#"{"x":1}"#, SIGNATURE);
        for text in [&jwe, &headless, &no_algorithm, "import x.eyJ", ".eyJ", "eyJ.eyJ.eyJ"] {
            assert!(found(&["jwt"], text.as_bytes(), false).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_token_is_cut_out_of_its_surroundings() {
        let token = text("jwt-token", 1);
        for text in [
            format!("Authorization: Bearer {token}"),
            format!("\\n{token}\\n"),
            format!("?t=%20{token}&x=1"),
            format!("\"{token}\".trim()"),
        ] {
            let candidate = only(&text);
            assert_eq!(text[candidate.span.clone()], token, "{text}");
        }
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        for piece in [".eyJ", "eyJ", "eyJhbGciOiJIUzI1NiJ9.eyJ", "."] {
            let text = piece.repeat(300_000 / piece.len());
            let started = std::time::Instant::now();
            let count = found(&["jwt"], text.as_bytes(), false).len();
            assert!(started.elapsed().as_secs() < 10, "{piece:?}: {count} in {:?}", started.elapsed());
        }
    }
}
