//! What this program writes itself and reads again. Owns: telling the key and the hashes of a baseline, the key and the names of a plan of
//! `migrate`, and names of patterns, from credentials. Must not: know paths.
//!
//! A baseline and a plan are known by their lines, wherever they stand: they have other names too, and a history holds old ones. All else on
//! such a line, a reason for instance, is looked at as everywhere.

use std::ops::Range;

use crate::patterns::Catalogue;

/// Longest name of a pattern.
const LONGEST_NAME: usize = 128;
/// Digits of a key or a hash.
const DIGITS: usize = 64;
/// What stands before and after the digits: the start of the line, and what follows.
const LINES: [(&[u8], &[u8]); 2] = [(br#"{"unleak-baseline":1,"key":""#, br#""}"#), (br#"{"mac":""#, br#"","verdict":""#)];

/// Why the text at `span` is none, if it is of our own.
pub fn reason(catalogue: &Catalogue, text: &[u8], span: &Range<usize>) -> Option<&'static str> {
    if let Some(reason) = digits(text, span).and_then(|start| of_baseline(text, start).or_else(|| of_plan(text, start))) {
        return Some(reason);
    }
    if is_secret_name(text, span) {
        return Some("it is the name of a secret in a store");
    }
    is_name(catalogue, text, span).then_some("it is the name of a pattern")
}

/// Whether the text at `span` is the name of a pattern, or a part of one.
fn is_name(catalogue: &Catalogue, text: &[u8], span: &Range<usize>) -> bool {
    let is_part = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if span.len() > LONGEST_NAME || !text[span.clone()].iter().all(is_part) {
        return false;
    }
    let before = text[..span.start].iter().rev().take(LONGEST_NAME).take_while(|byte| is_part(byte)).count();
    let after = text[span.end..].iter().take(LONGEST_NAME).take_while(|byte| is_part(byte)).count();
    std::str::from_utf8(&text[span.start - before..span.end + after]).is_ok_and(|name| catalogue.index_of(name).is_some())
}

/// Whether the text at `span` is the name of a secret in a plan or in its journal.
fn is_secret_name(text: &[u8], span: &Range<usize>) -> bool {
    const NEAR: usize = 160;
    let before = &text[span.start.saturating_sub(NEAR)..span.start];
    let Some(end) = memchr::memrchr(b'\n', before) else { return false };
    let (above, line) = (&before[..end], &before[end + 1..]);
    let event = line.strip_prefix(b"{\"event\":\"").and_then(|line| line.strip_suffix(b"\",\"secret\":\""));
    let journal = event.is_some_and(|event| event.iter().all(|&byte| byte.is_ascii_lowercase() || byte == b'-'));
    let next = text[span.end..].strip_prefix(b"\",\n").map(|next| &next[..next.len().min(NEAR)]);
    let plan = line.trim_ascii_start() == b"\"secret\": \""
        && above.ends_with(b"\"value\": {")
        && next.is_some_and(|next| next.trim_ascii_start().starts_with(b"\"key\": "));
    journal || plan
}

/// Where the 64 digits start that the text at `span` is, or is a part of.
fn digits(text: &[u8], span: &Range<usize>) -> Option<usize> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !text.get(span.start).is_some_and(is_digit) {
        return None;
    }
    let before = text[span.start.saturating_sub(DIGITS)..span.start].iter().rev().take_while(|byte| is_digit(byte)).count();
    let start = span.start - before;
    let digits = text[start..].iter().take(DIGITS + 1).take_while(|byte| is_digit(byte)).count();
    (digits == DIGITS && span.end <= start + DIGITS).then_some(start)
}

/// Whether the digits at `start` are those of a baseline.
fn of_baseline(text: &[u8], start: usize) -> Option<&'static str> {
    let own = LINES.iter().any(|(opening, closing)| {
        let line = text[..start].strip_suffix(*opening);
        line.is_some_and(|above| above.last().is_none_or(|&byte| byte == b'\n')) && text[start + DIGITS..].starts_with(closing)
    });
    own.then_some("it is the key or a hash of an unleak baseline")
}

/// Whether the digits at `start` are the key of a plan: by the lines before and after, which a scan of the history looks at too.
fn of_plan(text: &[u8], start: usize) -> Option<&'static str> {
    const ID: usize = 16;
    let above = text[..start].strip_suffix(b"\",\n  \"key\": \"")?;
    let (head, id) = above.split_at_checked(above.len().checked_sub(ID)?)?;
    let own = head.ends_with(b"\n  \"id\": \"")
        && id.iter().all(u8::is_ascii_hexdigit)
        && text[start + DIGITS..].starts_with(b"\",\n  \"tool\": \"");
    own.then_some("it is the key of a plan of unleak migrate")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits() -> String {
        "0123456789abcdef".repeat(4)
    }

    /// Whether the 64 digits of `line`, with something before and after it, are those of a baseline.
    fn is_own(line: &str) -> bool {
        let text = format!("x\n{}\ny", line.replace('§', &digits()));
        let start = text.find(&digits()).unwrap();
        let own = |span| reason(&Catalogue::builtin(), text.as_bytes(), &span).is_some();
        assert_eq!(own(start..start + DIGITS), own(start + 20..start + 60), "a part is as the whole");
        own(start..start + DIGITS)
    }

    #[test]
    fn lines_of_a_baseline_are_known_by_their_form() {
        assert!(is_own(r#"{"unleak-baseline":1,"key":"§"}"#));
        assert!(is_own(r#"{"mac":"§","verdict":"false","pattern":"a"}"#));
        for other in [
            r#"{"key":"§"}"#,
            r#" {"mac":"§","verdict":"false"}"#,
            r#"[{"mac":"§","verdict":"false"}]"#,
            r#"{"mac":"§0","verdict":"false"}"#,
            r#"{"mac":"§"}"#,
            r#"{"mac":"a","verdict":"false","pattern":"a","reason":"§"}"#,
            "token = §",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn the_key_of_a_plan_is_known_by_the_lines_around() {
        let id = "0123456789abcdef";
        assert!(is_own(&format!("  \"id\": \"{id}\",\n  \"key\": \"§\",\n  \"tool\": \"0.1.0\"")));
        for other in [
            format!("  \"id\": \"{id}\",\n  \"key\": \"§\",\n  \"name\": \"a\""),
            format!("  \"id\": \"{id}0\",\n  \"key\": \"§\",\n  \"tool\": \"a\""),
            format!("  \"id\": \"{id}\",\n  \"token\": \"§\",\n  \"tool\": \"a\""),
            "  \"key\": \"§\",\n  \"tool\": \"a\"".to_owned(),
        ] {
            assert!(!is_own(&other), "{other}");
        }
    }

    #[test]
    fn names_of_secrets_are_known_by_their_lines() {
        let own = |text: &str| {
            let start = text.find("prod/").unwrap();
            reason(&Catalogue::builtin(), text.as_bytes(), &(start..start + 9)).is_some()
        };
        assert!(own("x\n{\"event\":\"storing\",\"secret\":\"prod/abcd\"}"));
        assert!(own("  \"value\": {\n    \"secret\": \"prod/abcd\",\n    \"key\": null"));
        for other in [
            "x\n{\"name\":\"storing\",\"secret\":\"prod/abcd\"}",
            "  \"data\": {\n    \"secret\": \"prod/abcd\",\n    \"key\": null",
            "  \"value\": {\n    \"secret\": \"prod/abcd\",\n    \"name\": null",
            "secret: \"prod/abcd\"",
        ] {
            assert!(!own(other), "{other}");
        }
    }

    #[test]
    fn names_of_patterns_are_known_whole() {
        let catalogue = Catalogue::builtin();
        let is_own = |text: &str, span: Range<usize>| reason(&catalogue, text.as_bytes(), &span).is_some();
        assert!(is_own("disable = ['generic-password']", 12..28) && is_own("disable = ['generic-password']", 14..20));
        assert!(!is_own("disable = ['generic-passwords']", 12..28) && !is_own("disable = ['generic-password']", 11..28));
    }

    #[test]
    fn more_than_the_digits_is_something_else() {
        let text = format!("{{\"mac\":\"{}\",\"verdict\":\"real\"}}", digits());
        let own = |span| reason(&Catalogue::builtin(), text.as_bytes(), &span).is_some();
        assert!(own(8..72));
        assert!(!own(8..73) && !own(7..72));
    }
}
