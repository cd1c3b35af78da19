//! How text looks on a terminal. Owns: colours, links, and how many columns text takes. Must not: know what is written.

use std::borrow::Cow;

use crate::finding::Severity;

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Headings.
    Strong,
    /// Lines around an excerpt.
    Frame,
    /// Nothing was found and all was scanned.
    Good,
    /// Something is amiss with the scan.
    Warning,
    /// A finding.
    Severity(Severity),
}

/// The looks of one report.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether colours are used.
    pub color: bool,
    /// Whether URLs become links.
    pub hyperlinks: bool,
}

impl Style {
    /// The text in its tone.
    #[must_use]
    pub fn paint(self, tone: Tone, text: &str) -> Cow<'_, str> {
        if !self.color || text.is_empty() {
            return Cow::Borrowed(text);
        }
        let code = match tone {
            Tone::Strong => "1",
            Tone::Frame => "34",
            Tone::Good => "32",
            Tone::Warning | Tone::Severity(Severity::Medium) => "33",
            Tone::Severity(Severity::Low) => "36",
            Tone::Severity(Severity::High) => "31",
            Tone::Severity(Severity::Critical) => "1;31",
        };
        Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
    }

    /// The text with each `url` in it made a link. `url` comes from a pattern file, so it is taken only where it is plain.
    #[must_use]
    pub fn link<'t>(self, text: &'t str, url: &str) -> Cow<'t, str> {
        let plain = url.starts_with("https://") && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.hyperlinks || !plain {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace(url, &format!("\x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\")))
    }
}

/// Columns that text takes on a terminal.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The start of the text in at most `room` columns, with an ellipsis where it was cut.
#[must_use]
pub fn keep_start(text: &str, room: usize) -> Cow<'_, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    let mut kept = fitting(text.chars(), room.saturating_sub(1));
    kept.push('…');
    Cow::Owned(kept)
}

/// The end of the text in at most `room` columns, with an ellipsis where it was cut.
#[must_use]
pub fn keep_end(text: &str, room: usize) -> Cow<'_, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    let mut kept = fitting(text.chars().rev(), room.saturating_sub(1));
    kept.push('…');
    Cow::Owned(kept.chars().rev().collect())
}

/// The first characters that fit into `room` columns.
fn fitting(characters: impl Iterator<Item = char>, room: usize) -> String {
    let mut taken = 0;
    characters
        .take_while(|&character| {
            taken += columns_of(character);
            taken <= room
        })
        .collect()
}

/// Columns of a character: the large blocks of combining and of wide characters in Unicode's EastAsianWidth.txt (UAX #11).
const fn columns_of(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// A whole number with its thousands apart: `1,234`.
#[must_use]
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes in the unit that leaves one to three digits before the point: `56.2 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return counted(bytes, "byte", "bytes");
    }
    let mut unit = 0;
    let mut tenths = bytes / 100;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    match tenths % 10 {
        tenth @ 1.. if tenths < 1000 => format!("{}.{tenth} {}", tenths / 10, UNITS[unit]),
        _ => format!("{} {}", tenths / 10, UNITS[unit]),
    }
}

/// The number with the noun in singular or plural.
#[must_use]
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 999, 1000, 1550].map(size), ["0 bytes", "1 byte", "999 bytes", "1 kB", "1.5 kB"]);
        assert_eq!([99_900, 123_999, 999_999, 1_000_000, u64::MAX].map(size), ["99.9 kB", "123 kB", "999 kB", "1 MB", "18.4 EB"]);
        assert_eq!([counted(1, "file", "files"), counted(2, "file", "files")], ["1 file", "2 files"]);
    }

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(columns("日本e\u{301}"), 5);
        assert_eq!(keep_start("abcdef", 6), "abcdef");
        assert_eq!(keep_start("abcdef", 4), "abc…");
        assert_eq!(keep_end("abcdef", 4), "…def");
        assert_eq!(keep_end("日本語", 4), "…語");
        assert_eq!(keep_start("abcdef", 0), "…");
    }

    #[test]
    fn only_plain_urls_become_links() {
        let style = Style { color: false, hyperlinks: true };
        assert_eq!(
            style.link("at https://a.test/x.", "https://a.test/x"),
            "at \x1b]8;;https://a.test/x\x1b\\https://a.test/x\x1b]8;;\x1b\\."
        );
        assert_eq!(style.link("at https://a\x1b", "https://a\x1b"), "at https://a\x1b");
        assert_eq!(style.link("at javascript:x", "javascript:x"), "at javascript:x");
        assert_eq!(style.link("anything", ""), "anything");
    }
}
