//! Tokens whose inside can be decoded. Owns: what each family's structure is, and making up one for examples. Must not: judge.
//!
//! A structure that decodes is `Valid` only where random text of the same shape would not decode. A structure that does not is `Invalid`,
//! save for families of which live tokens in another form may exist.

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding};
use serde_json::Value;

use crate::detect::fact::{self, Facts, tell, tell_member};
use crate::detect::wire::take;
use crate::finding::ChecksumStatus;
use crate::patterns::schema::Checksum;

type Verdict = (ChecksumStatus, Facts);

const INVALID: Verdict = (ChecksumStatus::Invalid, Facts::new());
const OPENAI_MARKER: &[u8] = b"T3BlbkFJ";

/// The body is base32 and its first 40 bits hold the account number, except in keys from before 2019 (`AKIAI…`, `AKIAJ…`).
/// Any base32 text decodes, so this proves nothing.
pub fn aws_key_id(value: &[u8]) -> Verdict {
    let mut facts = Facts::new();
    let Some(bytes) = value.get(4..).and_then(|body| BASE32_NOPAD.decode(body).ok()) else { return INVALID };
    let Some(first) = bytes.first_chunk::<6>() else { return INVALID };
    if !matches!(value[4], b'I' | b'J') {
        let bits = first.iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        let account = (bits & 0x7fff_ffff_ff80) >> 7;
        tell(&mut facts, "account", &format!("{account:012}"));
    }
    (ChecksumStatus::None, facts)
}

/// Ids that a GitLab routable token carries: lines of `letter:number`, the number in base 36.
pub fn gitlab(value: &[u8]) -> Facts {
    let mut facts = Facts::new();
    let payload = memchr::memchr(b'-', value).and_then(|start| value[start + 1..].split(|&byte| byte == b'.').next());
    let Some(decoded) = payload.and_then(|payload| decode(&BASE64URL_NOPAD, payload)) else { return facts };
    // Random bytes and their number follow the lines.
    let Some(lines) = decoded.last().and_then(|&random| decoded.get(..decoded.len().checked_sub(usize::from(random) + 1)?)) else {
        return facts;
    };
    for line in lines.split(|&byte| byte == b'\n') {
        let name = match line.first() {
            Some(b'g') => "group",
            Some(b'o') => "organisation",
            Some(b'p') => "project",
            Some(b'u') => "user",
            _ => continue,
        };
        let number =
            line.get(2..).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| u64::from_str_radix(digits, 36).ok());
        if let Some(number) = number {
            tell(&mut facts, name, &number.to_string());
        }
    }
    facts
}

/// A version 2 macaroon: location, identifier, caveats, signature, each as type, length and bytes. The signature's key is the server's.
fn pypi(value: &[u8]) -> Verdict {
    let mut facts = Facts::new();
    let decoded = value.strip_prefix(b"pypi-").and_then(|body| decode(&BASE64URL_NOPAD, body));
    match decoded.as_deref().and_then(|bytes| macaroon(bytes, &mut facts)) {
        Some(()) => (ChecksumStatus::Valid, facts),
        None => (ChecksumStatus::None, Facts::new()),
    }
}

fn macaroon(bytes: &[u8], facts: &mut Facts) -> Option<()> {
    const LOCATION: u8 = 1;
    const IDENTIFIER: u8 = 2;
    const SIGNATURE: u8 = 6;
    let mut rest = bytes.strip_prefix(&[2])?;
    let (field, location) = packet(&mut rest)?;
    let (next, _) = packet(&mut rest)?;
    if field != LOCATION || next != IDENTIFIER || take(&mut rest, 1)? != [0] {
        return None;
    }
    tell(facts, "host", std::str::from_utf8(location).ok()?);
    // Each caveat ends with a zero, the list of them with another.
    while rest.first() != Some(&0) {
        let (field, caveat) = packet(&mut rest)?;
        if let (IDENTIFIER, Ok(text)) = (field, std::str::from_utf8(caveat)) {
            tell(facts, "restriction", text);
        }
        if rest.first() == Some(&0) {
            take(&mut rest, 1)?;
        }
    }
    take(&mut rest, 1)?;
    let (field, signature) = packet(&mut rest)?;
    (field == SIGNATURE && signature.len() == 32 && rest.is_empty()).then_some(())
}

/// One field of a macaroon: a type, a length in seven-bit groups, as many bytes.
fn packet<'b>(rest: &mut &'b [u8]) -> Option<(u8, &'b [u8])> {
    let field = take(rest, 1)?[0];
    let low = take(rest, 1)?[0];
    let mut length = usize::from(low & 0x7f);
    if low & 0x80 != 0 {
        length |= usize::from(take(rest, 1)?[0]) << 7;
    }
    (field != 0).then_some((field, take(rest, length)?))
}

/// The base64 of `OpenAI` stands inside. The shapes ask for it already, so it proves nothing more.
fn openai(value: &[u8]) -> ChecksumStatus {
    if memchr::memmem::find(value, OPENAI_MARKER).is_some() { ChecksumStatus::None } else { ChecksumStatus::Invalid }
}

/// `glc_` tokens have the members o, n, k, m; the older API keys k, n, id.
fn grafana(value: &[u8]) -> Verdict {
    let body = value.strip_prefix(b"glc_").unwrap_or(value);
    let Some(object) = json(&BASE64_NOPAD, body).filter(|object| object.get("k").is_some_and(Value::is_string)) else { return INVALID };
    let mut facts = Facts::new();
    tell_member(&mut facts, "organisation", &object, "o");
    tell_member(&mut facts, "organisation", &object, "id");
    tell_member(&mut facts, "name", &object, "n");
    if let Some(more) = object.get("m") {
        tell_member(&mut facts, "region", more, "r");
    }
    (ChecksumStatus::Valid, facts)
}

/// `sntrys_`, JSON with iat, url, region_url and org, an underscore, the random part.
fn sentry(value: &[u8]) -> Verdict {
    let body = value.strip_prefix(b"sntrys_").and_then(|body| body.get(..memchr::memrchr(b'_', body)?));
    let object = body.and_then(|body| json(&BASE64_NOPAD, body));
    let Some(object) = object.filter(|object| object.get("iat").is_some() && object.get("org").is_some()) else { return INVALID };
    let mut facts = Facts::new();
    tell_member(&mut facts, "organisation", &object, "org");
    tell_member(&mut facts, "host", &object, "region_url");
    #[expect(clippy::cast_possible_truncation, reason = "fractions of a second and absurd years are not told")]
    if let Some(date) = object.get("iat").and_then(Value::as_f64).and_then(|seconds| fact::date(seconds as i64)) {
        tell(&mut facts, "issued", &date);
    }
    (ChecksumStatus::Valid, facts)
}

/// `sk.`, JSON with the user u and the token's id a, a dot, the signature.
fn mapbox(value: &[u8]) -> Verdict {
    let object = value.split(|&byte| byte == b'.').nth(1).and_then(|body| json(&BASE64URL_NOPAD, body));
    let Some(object) = object.filter(|object| object.get("u").is_some_and(Value::is_string)) else { return INVALID };
    let mut facts = Facts::new();
    tell_member(&mut facts, "user", &object, "u");
    (ChecksumStatus::Valid, facts)
}

/// `reftkn:01:<expiry, ten digits>:<random>`; an expiry of zeros means none.
fn jfrog(value: &[u8]) -> Verdict {
    let Some(decoded) = decode(&BASE64_NOPAD, value) else { return INVALID };
    let text = decoded.strip_prefix(b"reftkn:").and_then(|rest| std::str::from_utf8(rest).ok());
    let mut parts = text.unwrap_or_default().splitn(3, ':');
    let (Some(_version), Some(expiry), Some(random)) = (parts.next(), parts.next(), parts.next()) else { return INVALID };
    if expiry.len() != 10 || !random.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return INVALID;
    }
    let Ok(seconds) = expiry.parse::<i64>() else { return INVALID };
    let mut facts = Facts::new();
    if let Some(date) = fact::date(seconds).filter(|_| seconds != 0) {
        tell(&mut facts, "expires", &date);
    }
    (ChecksumStatus::Valid, facts)
}

/// `ops_` and JSON with the address and e-mail of the account beside its keys.
fn onepassword(value: &[u8]) -> Verdict {
    let object = value.strip_prefix(b"ops_").and_then(|body| json(&BASE64URL_NOPAD, body));
    let Some(object) = object.filter(|object| object.get("email").is_some()) else { return INVALID };
    let mut facts = Facts::new();
    tell_member(&mut facts, "host", &object, "signInAddress");
    tell_member(&mut facts, "user", &object, "email");
    (ChecksumStatus::Valid, facts)
}

/// An id in digits, a colon, 20 random bytes, in base64, after `BBDC-` in Bitbucket. Other forms may exist.
fn atlassian(value: &[u8]) -> Verdict {
    let body = value.strip_prefix(b"BBDC-").unwrap_or(value);
    let decoded = decode(&BASE64_NOPAD, body).unwrap_or_default();
    let digits = decoded.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_token = digits >= 6 && decoded.get(digits) == Some(&b':') && decoded.len() == digits + 21;
    (if is_token { ChecksumStatus::Valid } else { ChecksumStatus::None }, Facts::new())
}

/// The bot's id in digits, in base64, before the first dot. Users' tokens look the same.
fn discord(value: &[u8]) -> Verdict {
    let id = value.split(|&byte| byte == b'.').next().and_then(|id| decode(&BASE64URL_NOPAD, id)).unwrap_or_default();
    match std::str::from_utf8(&id) {
        Ok(digits) if (17..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let mut facts = Facts::new();
            tell(&mut facts, "bot", digits);
            (ChecksumStatus::Valid, facts)
        }
        _ => (ChecksumStatus::None, Facts::new()),
    }
}

/// The bytes behind `text` without its padding. Issuers are not strict about the bits that encode nothing.
pub(in crate::detect) fn decode(encoding: &Encoding, text: &[u8]) -> Option<Vec<u8>> {
    let mut lenient = encoding.specification();
    lenient.check_trailing_bits = false;
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    lenient.encoding().expect("because only a check was switched off").decode(&text[..text.len() - padding]).ok()
}

/// The JSON object behind `text`.
pub(in crate::detect) fn json(encoding: &Encoding, text: &[u8]) -> Option<Value> {
    serde_json::from_slice(&decode(encoding, text)?).ok().filter(Value::is_object)
}

/// The verdict of a check of a structure, and what the structure tells.
#[must_use]
pub fn verify(check: Checksum, value: &[u8]) -> (ChecksumStatus, Facts) {
    match check {
        Checksum::AwsKeyId => aws_key_id(value),
        Checksum::PypiMacaroon => pypi(value),
        Checksum::OpenaiMarker => (openai(value), Facts::new()),
        Checksum::GrafanaStructure => grafana(value),
        Checksum::SentryStructure => sentry(value),
        Checksum::MapboxStructure => mapbox(value),
        Checksum::JfrogStructure => jfrog(value),
        Checksum::OnepasswordStructure => onepassword(value),
        Checksum::AtlassianStructure => atlassian(value),
        Checksum::DiscordStructure => discord(value),
        _ => (ChecksumStatus::None, Facts::new()),
    }
}

/// Puts a made-up structure of about the same length in the place of `value`, its random characters used again.
pub fn seal(check: Checksum, value: &mut Vec<u8>) -> bool {
    let sealed = match check {
        Checksum::PypiMacaroon => made_macaroon(value),
        Checksum::OpenaiMarker => made_openai(value),
        Checksum::GrafanaStructure if value.starts_with(b"glc_") => {
            made_json(&BASE64_NOPAD, value, 4..value.len(), (r#"{"o":"4711","n":"ci","k":""#, r#"","m":{"r":"us"}}"#))
        }
        Checksum::GrafanaStructure => made_json(&BASE64_NOPAD, value, 0..value.len(), (r#"{"k":""#, r#"","n":"ci","id":1}"#)),
        Checksum::SentryStructure => memchr::memrchr(b'_', value)
            .filter(|&end| end >= 7)
            .and_then(|end| made_json(&BASE64_NOPAD, value, 7..end, (r#"{"iat":1700000000.5,"url":"https://sentry.io","org":""#, r#""}"#))),
        Checksum::MapboxStructure => memchr::memrchr(b'.', value)
            .filter(|&end| end >= 3)
            .and_then(|end| made_json(&BASE64URL_NOPAD, value, 3..end, (r#"{"u":"acme","a":""#, r#""}"#))),
        Checksum::AtlassianStructure => made_atlassian(value),
        Checksum::DiscordStructure => made_discord(value),
        Checksum::JfrogStructure => made_json(&BASE64_NOPAD, value, 0..value.len(), ("reftkn:01:1900000000:", "")),
        _ => made_json(
            &BASE64URL_NOPAD,
            value,
            4..value.len(),
            (r#"{"signInAddress":"acme.1password.com","email":"ci@1passwordserviceaccounts.com","srpX":""#, r#""}"#),
        ),
    };
    sealed.is_some_and(|sealed| {
        *value = sealed;
        true
    })
}

/// `value` with the text at `place` replaced by the encoding of `around` with random characters between, as long as before if they fit.
fn made_json(encoding: &Encoding, value: &[u8], place: std::ops::Range<usize>, around: (&str, &str)) -> Option<Vec<u8>> {
    const FEWEST: usize = 20;
    let (before, after) = (value.get(..place.start)?, value.get(place.end..)?);
    let length = (place.len() * 3 / 4).saturating_sub(around.0.len() + around.1.len()).max(FEWEST);
    let inside = [around.0.as_bytes(), &letters(value, length)?, around.1.as_bytes()].concat();
    Some([before, encoding.encode(&inside).as_bytes(), after].concat())
}

fn made_macaroon(value: &[u8]) -> Option<Vec<u8>> {
    const AROUND: usize = 38;
    let body = value.strip_prefix(b"pypi-")?;
    let location: &[u8] = if body.starts_with(b"AgENdGVzdC5weXBpLm9yZw") { b"test.pypi.org" } else { b"pypi.org" };
    let length = (body.len() * 3 / 4).saturating_sub(AROUND + location.len() + 2).clamp(14, 500);
    let random = letters(value, length + 32)?;
    let (identifier, signature) = random.split_at(length);
    let mut bytes = vec![2, 1, u8::try_from(location.len()).ok()?];
    bytes.extend(location);
    bytes.push(2);
    let low = u8::try_from(length & 0x7f).ok()?;
    match u8::try_from(length >> 7).ok()? {
        0 => bytes.push(low),
        high => bytes.extend([low | 0x80, high]),
    }
    bytes.extend(identifier);
    bytes.extend([0, 0, 6, 32]);
    bytes.extend(signature);
    Some([b"pypi-", BASE64URL_NOPAD.encode(&bytes).as_bytes()].concat())
}

fn made_atlassian(value: &[u8]) -> Option<Vec<u8>> {
    const ID: usize = 12;
    let start = if value.starts_with(b"BBDC-") { 5 } else { 0 };
    let random = letters(value, ID + 20)?;
    let bytes = [&digits(&random[..ID])[..], b":", &random[ID..]].concat();
    Some([&value[..start], BASE64_NOPAD.encode(&bytes).as_bytes()].concat())
}

fn made_discord(value: &[u8]) -> Option<Vec<u8>> {
    let end = memchr::memchr(b'.', value)?;
    let id = digits(&letters(value, end * 3 / 4)?);
    Some([BASE64URL_NOPAD.encode(&id).as_bytes(), &value[end..]].concat())
}

/// A digit for each byte, no zero at the start.
fn digits(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| b'1' + byte % 9).collect()
}

fn made_openai(value: &[u8]) -> Option<Vec<u8>> {
    let mut made = value.to_vec();
    if openai(value) == ChecksumStatus::Invalid {
        let start = (value.len() / 2).checked_sub(OPENAI_MARKER.len() / 2)?;
        made[start..start + OPENAI_MARKER.len()].copy_from_slice(OPENAI_MARKER);
    }
    Some(made)
}

/// `length` letters and digits out of `value`'s tail, repeated where they do not suffice.
fn letters(value: &[u8], length: usize) -> Option<Vec<u8>> {
    let own: Vec<u8> = value.iter().rev().copied().filter(u8::is_ascii_alphanumeric).collect();
    (!own.is_empty()).then(|| own.iter().copied().cycle().take(length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(verdict: Verdict) -> Vec<(&'static str, String)> {
        assert_eq!(verdict.0, ChecksumStatus::Valid);
        verdict.1
    }

    /// The key id and account of a published description of the encoding.
    #[test]
    fn aws_account_of_a_key_id() {
        let id = ["ASIA", "QNZGKIQY56JQ7WML"].concat();
        assert_eq!(aws_key_id(id.as_bytes()), (ChecksumStatus::None, vec![("account", "029608264753".to_owned())]));
        let old = ["AKIA", "JNZGKIQY56JQ7WML"].concat();
        assert_eq!(aws_key_id(old.as_bytes()), (ChecksumStatus::None, vec![]));
        assert_eq!(aws_key_id(b"AKIA0189018901890189").0, ChecksumStatus::Invalid);
    }

    #[test]
    fn gitlab_ids_are_base_36() {
        let payload = [&b"c:1\no:1\np:zz\nu:a"[..], &[7; 16], &[16]].concat();
        let token = format!("glpat-{}.01.000000000", BASE64URL_NOPAD.encode(&payload));
        let expected = [("organisation", "1"), ("project", "1295"), ("user", "10")].map(|(name, text)| (name, text.to_owned()));
        assert_eq!(gitlab(token.as_bytes()), expected);
        assert_eq!(gitlab(b"glpat-____.01.000000000"), vec![]);
    }

    #[test]
    fn macaroon_tells_host_and_restriction() {
        let caveat = br#"{"version": 1, "permissions": "user"}"#;
        let mut bytes = b"\x02\x01\x08pypi.org\x02\x03abc\x00\x02".to_vec();
        bytes.push(u8::try_from(caveat.len()).unwrap());
        bytes.extend(caveat);
        bytes.extend(b"\x00\x00\x06\x20");
        bytes.extend([9; 32]);
        let token = |bytes: &[u8]| format!("pypi-{}", BASE64URL_NOPAD.encode(bytes)).into_bytes();
        let expected = vec![("host", "pypi.org".to_owned()), ("restriction", String::from_utf8(caveat.to_vec()).unwrap())];
        assert_eq!(told(pypi(&token(&bytes))), expected);
        bytes.pop();
        assert_eq!(pypi(&token(&bytes)), (ChecksumStatus::None, vec![]));
    }

    #[test]
    fn json_tokens_tell_whose_they_are() {
        let token =
            |prefix: &str, json: &str, tail: &str| format!("{prefix}{}{tail}", BASE64URL_NOPAD.encode(json.as_bytes())).into_bytes();
        let glc = token("glc_", r#"{"o":"12","n":"ci","k":"x","m":{"r":"eu"}}"#, "");
        assert_eq!(told(grafana(&glc)), [("organisation", "12".to_owned()), ("name", "ci".to_owned()), ("region", "eu".to_owned())]);
        let sntrys = token("sntrys_", r#"{"iat":1700000000.2,"url":"u","region_url":"https://us.sentry.io","org":"acme"}"#, "_abc");
        let expected = [("organisation", "acme"), ("host", "https://us.sentry.io"), ("issued", "2023-11-14")]
            .map(|(name, text)| (name, text.to_owned()));
        assert_eq!(told(sentry(&sntrys)), expected);
        assert_eq!(told(mapbox(&token("sk.", r#"{"u":"acme","a":"x"}"#, ".sig"))), [("user", "acme".to_owned())]);
        let ops = token("ops_", r#"{"email":"a@b.c","secretKey":"hidden"}"#, "");
        assert_eq!(told(onepassword(&ops)), [("user", "a@b.c".to_owned())]);
        assert_eq!(told(jfrog(&token("", "reftkn:01:1735689599:abcDEF123", ""))), [("expires", "2024-12-31".to_owned())]);
        assert_eq!(told(jfrog(&token("", "reftkn:01:0000000000:abcDEF123", ""))), []);
    }
}
