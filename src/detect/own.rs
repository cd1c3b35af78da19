//! What this program writes itself and reads again. Owns: telling the key and the hashes of a baseline, and names of patterns, from credentials.
//! Must not: know paths.
//!
//! A baseline is known by its lines, wherever they stand: it has other names too, and a history holds old ones. All else on such a line, a
//! reason for instance, is looked at as everywhere.

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
    if is_baseline(text, span) {
        return Some("it is the key or a hash of an unleak baseline");
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

/// Whether the text at `span` is the key or a hash of a baseline, or a part of one.
fn is_baseline(text: &[u8], span: &Range<usize>) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !text.get(span.start).is_some_and(is_digit) {
        return false;
    }
    let before = text[span.start.saturating_sub(DIGITS)..span.start].iter().rev().take_while(|byte| is_digit(byte)).count();
    let start = span.start - before;
    let digits = text[start..].iter().take(DIGITS + 1).take_while(|byte| is_digit(byte)).count();
    digits == DIGITS
        && span.end <= start + DIGITS
        && LINES.iter().any(|(opening, closing)| {
            let line = text[..start].strip_suffix(*opening);
            line.is_some_and(|above| above.last().is_none_or(|&byte| byte == b'\n')) && text[start + DIGITS..].starts_with(closing)
        })
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
        let all = is_baseline(text.as_bytes(), &(start..start + DIGITS));
        assert_eq!(all, is_baseline(text.as_bytes(), &(start + 20..start + 60)), "a part is as the whole");
        all
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
    fn names_of_patterns_are_known_whole() {
        let catalogue = Catalogue::builtin();
        let is_own = |text: &str, span: Range<usize>| reason(&catalogue, text.as_bytes(), &span).is_some();
        assert!(is_own("disable = ['generic-password']", 12..28) && is_own("disable = ['generic-password']", 14..20));
        assert!(!is_own("disable = ['generic-passwords']", 12..28) && !is_own("disable = ['generic-password']", 11..28));
    }

    #[test]
    fn more_than_the_digits_is_something_else() {
        let text = format!("{{\"mac\":\"{}\",\"verdict\":\"real\"}}", digits());
        assert!(is_baseline(text.as_bytes(), &(8..72)));
        assert!(!is_baseline(text.as_bytes(), &(8..73)) && !is_baseline(text.as_bytes(), &(7..72)));
    }
}
