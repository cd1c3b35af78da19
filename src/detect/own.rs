//! What this program writes itself and reads again. Owns: telling the key and the hashes of a baseline from credentials. Must not: know paths.
//!
//! It goes by the line alone, wherever it stands: baselines have other names too, and a history holds old ones. All else on such a line, a
//! reason for instance, is looked at as everywhere.

use std::ops::Range;

/// Why such a candidate is none.
pub const REASON: &str = "it is the key or a hash of an unleak baseline";

/// Digits of a key or a hash.
const DIGITS: usize = 64;
/// What stands before and after the digits: the start of the line, and what follows.
const LINES: [(&[u8], &[u8]); 2] = [(br#"{"unleak-baseline":1,"key":""#, br#""}"#), (br#"{"mac":""#, br#"","verdict":""#)];

/// Whether the text at `span` is the key or a hash of a baseline, or a part of one.
pub fn is_baseline(text: &[u8], span: &Range<usize>) -> bool {
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
    fn more_than_the_digits_is_something_else() {
        let text = format!("{{\"mac\":\"{}\",\"verdict\":\"real\"}}", digits());
        assert!(is_baseline(text.as_bytes(), &(8..72)));
        assert!(!is_baseline(text.as_bytes(), &(8..73)) && !is_baseline(text.as_bytes(), &(7..72)));
    }
}
