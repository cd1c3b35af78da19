//! JSON Web Keys with private members. Owns: finding the members of one key. Must not: decide what is reported.

use std::ops::Range;

use data_encoding::BASE64URL_NOPAD;
use memchr::{memchr2, memmem, memrchr2};

use super::Inside;
use crate::detect::checksum;
use crate::detect::fact::{Facts, tell};
use crate::detect::view::View;
use crate::detect::wire::bits;

/// Bytes before and after the key's type in which its members stand.
const WINDOW: usize = 16 * 1024;
/// The members that must not be seen: the exponent or symmetric key first.
const PRIVATE: [&str; 7] = ["d", "k", "p", "q", "dp", "dq", "qi"];
/// How the keys printed in RFC 7515, 7517 and 8037 start.
const EXAMPLES: [&[u8]; 6] = [b"AyM1SysPpb", b"870MB6gfuT", b"X4cTteJY_g", b"Eq5xpGnNCi", b"GawgguFyGr", b"nWGxne_9Wm"];

/// A private JSON Web Key.
#[derive(Debug)]
pub struct Jwk {
    /// From the first private member's value to the end of the last one's.
    pub span: Range<usize>,
    /// The value of `d` or `k`.
    pub secret: Range<usize>,
    /// What it holds.
    pub inside: Inside,
}

/// The private key whose type is named at `hit`; none for public keys.
#[must_use]
pub fn read(view: &View<'_>, hit: Range<usize>) -> Option<Jwk> {
    let window = window(view.bytes, &hit);
    let found = |name: &str| member(view.bytes, window.clone(), name);
    let text = |range: Range<usize>| &view.bytes[range];
    let kind = found("kty").map(text)?;
    let name = match kind {
        b"oct" => "k",
        b"RSA" | b"EC" | b"OKP" => "d",
        _ => return None,
    };
    let secret = found(name)?;
    let private: Vec<Range<usize>> = PRIVATE.iter().filter_map(|name| found(name)).collect();
    let start = private.iter().map(|range| range.start).min()?;
    let end = private.iter().map(|range| range.end).max()?;
    let curve = found("crv").map(text).unwrap_or_default();
    let modulus = found("n").map(text).unwrap_or_default();
    let inside = inside(kind, text(secret.clone()), curve, modulus);
    Some(Jwk { span: start..end, secret, inside })
}

/// The text around `hit` that can belong to the same key: up to a brace, an empty line or another key's type.
fn window(bytes: &[u8], hit: &Range<usize>) -> Range<usize> {
    let mark = &bytes[hit.clone()];
    let before = &bytes[hit.start.saturating_sub(WINDOW)..hit.start];
    let after = &bytes[hit.end..bytes.len().min(hit.end + WINDOW)];
    // Nearest first: in a text full of keys each looks at its own stretch only.
    let last = memmem::rfind(before, mark);
    let before = &before[last.unwrap_or(0)..];
    let after = &after[..memmem::find(after, mark).unwrap_or(after.len())];
    // With no brace between, what stands before belongs to the other key.
    let start = memrchr2(b'{', b'}', before).unwrap_or(if last.is_some() { before.len() } else { 0 });
    let before = &before[start..];
    let after = &after[..memchr2(b'{', b'}', after).unwrap_or(after.len())];
    let before = &before[memmem::rfind(before, b"\n\n").unwrap_or(0)..];
    let after = &after[..memmem::find(after, b"\n\n").unwrap_or(after.len())];
    hit.start - before.len()..hit.end + after.len()
}

/// The value of the member `name` in `window`, under any way of quoting.
fn member(bytes: &[u8], window: Range<usize>, name: &str) -> Option<Range<usize>> {
    let text = &bytes[window.clone()];
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\');
    let skip = |at: usize, wanted: &dyn Fn(&u8) -> bool| at + text[at..].iter().take(16).take_while(|byte| wanted(byte)).count();
    memmem::find_iter(text, name.as_bytes()).find_map(|at| {
        if at.checked_sub(1).is_some_and(|before| text[before].is_ascii_alphanumeric() || b"_-.".contains(&text[before])) {
            return None;
        }
        let colon = skip(skip(at + name.len(), &is_quote), &u8::is_ascii_whitespace);
        let value = match &text[colon..] {
            [b'=', b'>', ..] => colon + 2,
            [b':', ..] => colon + 1,
            _ => return None,
        };
        let start = skip(skip(value, &u8::is_ascii_whitespace), &is_quote);
        let length = text[start..].iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_').count();
        (length > 0).then_some(window.start + start..window.start + start + length)
    })
}

fn inside(kind: &[u8], secret: &[u8], curve: &[u8], modulus: &[u8]) -> Inside {
    if EXAMPLES.iter().any(|example| secret.starts_with(example)) {
        return Inside::NoSecret("documentation example");
    }
    let Some(key) = checksum::decode(&BASE64URL_NOPAD, secret).filter(|key| key.len() >= 16) else {
        return Inside::NoSecret("elided or placeholder body");
    };
    let mut facts = Facts::new();
    tell(&mut facts, "kind", &String::from_utf8_lossy(kind));
    tell(&mut facts, "curve", &String::from_utf8_lossy(curve));
    let size = match kind {
        b"RSA" => checksum::decode(&BASE64URL_NOPAD, modulus).map_or(0, |modulus| bits(&modulus)),
        b"oct" => key.len() * 8,
        _ => 0,
    };
    if size > 0 {
        tell(&mut facts, "bits", &size.to_string());
    }
    let fits = match (kind, curve) {
        (b"RSA", _) => size >= 512 && key.len() * 8 <= size + 8,
        (b"EC", b"P-256" | b"secp256k1") | (b"OKP", b"Ed25519" | b"X25519") => key.len() == 32,
        (b"EC", b"P-384") => key.len() == 48,
        (b"EC", b"P-521") => key.len() == 66,
        (b"OKP", b"Ed448" | b"X448") => matches!(key.len(), 56 | 57),
        (b"oct", _) => true,
        _ => false,
    };
    if fits { Inside::Whole(facts) } else { Inside::Unknown }
}
