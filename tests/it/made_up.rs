//! Credentials made up at run time. Owns: values for tests. Must not: hold a finished credential in its source.

use unleak::blob::Origin;
use unleak::finding::{Finding, Report};
use unleak::patterns::{Catalogue, example};
use unleak::scan::Scanner;
use unleak::settings::Settings;

/// `template` of the pattern `id`, filled from `seed`.
pub fn fill(id: &str, template: &str, seed: u64) -> String {
    let catalogue = Catalogue::builtin();
    let index = catalogue.index_of(id).unwrap();
    String::from_utf8(example::fill(&catalogue, index, template, seed).unwrap()).unwrap()
}

/// A bare value of the pattern `id`.
pub fn secret(id: &str, seed: u64) -> String {
    fill(id, "{secret}", seed)
}

/// A GitHub token with a right checksum: it is recognised wherever it stands.
pub fn token(seed: u64) -> String {
    secret("github-personal-access-token", seed)
}

/// A password of 20 letters and digits as a machine makes it.
pub fn password(seed: u64) -> String {
    const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(ALPHABET[usize::try_from(state % 56).unwrap()])
    };
    (0..20).map(|_| next()).collect()
}

/// Scans `bytes` as content of `path` with the defaults.
pub fn scan(path: &str, bytes: &[u8]) -> Report {
    Scanner::new(Catalogue::builtin(), Settings::default()).bytes(Origin::Stdin { name: path.into() }, bytes)
}

/// The one finding of `value` in `report`.
#[track_caller]
pub fn finding<'r>(report: &'r Report, value: &str) -> &'r Finding {
    let mut holders = report.findings.iter().filter(|finding| finding.secret.expose() == value.as_bytes());
    let found = holders.next().expect("because the value is planted");
    assert!(holders.next().is_none(), "two findings of one value");
    found
}

/// `text` in escapes such as `\u0041`; ASCII only.
pub fn unicode(text: &str) -> String {
    text.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<Vec<_>>().concat()
}
