//! Inline marks: comments that say a secret is known and meant. Owns: which marks count and where. Must not: count or report them.
//!
//! A mark counts on the line of the secret. On the line above it counts if that line is a comment that starts with the mark: in
//! `# password: x  # unleak:allow` the mark speaks of its own line only. `unleak:allow[pattern-id, …]` speaks of these patterns only.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr, memmem, memrchr};

use crate::finding::Suppression;

/// Bytes of a line that are looked at on either side of a secret.
const REACH: usize = 4096;
/// Longest reason that is kept, in bytes.
const LONGEST_REASON: usize = 200;

/// Which marks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marks {
    /// `unleak:allow` and those of other tools.
    #[default]
    All,
    /// `unleak:allow` only.
    Own,
    /// None.
    None,
}

/// A mark and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Whose mark it is.
    pub suppression: Suppression,
    /// The patterns it is limited to; none: it holds for all.
    pub patterns: Vec<String>,
    /// The text after it, if any.
    pub reason: Option<String>,
}

/// Whether a mark speaks of the secret at `span`, found by pattern `pattern`.
#[must_use]
pub fn mark(text: &[u8], span: Range<usize>, pattern: &str, which: Marks) -> Option<Suppression> {
    if which == Marks::None {
        return None;
    }
    let speaks = |mark: &Mark| mark.patterns.is_empty() || mark.patterns.iter().any(|id| id == pattern);
    let counts = |mark: &Mark| which == Marks::All || mark.suppression == Suppression::InlineMark;
    find(text, span).into_iter().filter(|mark| counts(mark) && speaks(mark)).map(|mark| mark.suppression).min()
}

/// The marks around the secret at `span`, those of the line above last.
#[must_use]
pub fn find(text: &[u8], span: Range<usize>) -> Vec<Mark> {
    let lines = Lines::around(text, &span);
    let mut marks = Vec::new();
    for line in lines.same {
        marks.extend(on_line(&text[line], Place::Same));
    }
    if let Some(comment) = lines.above.and_then(|above| comment(&text[above])) {
        marks.extend(on_line(comment, Place::Above));
    }
    marks
}

/// Where a mark can stand: the secret's own text is left out.
struct Lines {
    same: Vec<Range<usize>>,
    above: Option<Range<usize>>,
}

impl Lines {
    fn around(text: &[u8], span: &Range<usize>) -> Self {
        let from = span.start.saturating_sub(REACH);
        let line_break = memrchr(b'\n', &text[from..span.start]).map(|found| from + found);
        let start = line_break.map_or(from, |found| found + 1);
        let to = text.len().min(span.end + REACH);
        let end = memchr(b'\n', &text[span.end..to]).map_or(to, |found| span.end + found);
        let mut same = Vec::from([start..span.start, span.end..end]);
        // The first line of a secret of several lines belongs to it, and may have a comment.
        let first_line = &text[span.start..span.end.min(span.start + REACH)];
        if let Some(found) = memchr(b'\n', first_line) {
            same.push(span.start..span.start + found);
        }
        let above = line_break.map(|found| {
            let from = found.saturating_sub(REACH);
            // A line that is cut at the front is no comment from its start on.
            match memrchr(b'\n', &text[from..found]) {
                Some(start) => from + start + 1..found,
                None if from == 0 => 0..found,
                None => found..found,
            }
        });
        Self { same, above }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Same,
    Above,
}

/// How the text after a mark is read.
#[derive(Debug, Clone, Copy)]
enum After {
    /// A reason, after `[ids]` perhaps.
    Own,
    /// A reason.
    Reason,
    /// Nothing, or rules of the other tool of which one must be about secrets.
    Rules,
    /// Rules of the other tool, one of which must be about secrets.
    SomeRules,
}

struct Spelling {
    text: &'static str,
    after: After,
    /// Whether `pragma:` must stand before it.
    pragma: bool,
    /// The one place where it counts; none: both.
    only: Option<Place>,
}

const fn spelling(text: &'static str, after: After) -> Spelling {
    Spelling { text, after, pragma: false, only: None }
}

const fn pragma(text: &'static str, only: Option<Place>) -> Spelling {
    Spelling { text, after: After::Reason, pragma: true, only }
}

/// Every mark, in lower case, as the tools' own manuals write them.
const SPELLINGS: [Spelling; 20] = [
    spelling("unleak:allow", After::Own),
    spelling("gitleaks:allow", After::Reason),
    spelling("betterleaks:allow", After::Reason),
    spelling("trufflehog:ignore", After::Reason),
    spelling("kingfisher:ignore", After::Reason),
    spelling("ggignore", After::Reason),
    spelling("ggshield:ignore", After::Reason),
    pragma("allowlist secret", None),
    pragma("allowlist-secret", None),
    pragma("whitelist secret", None),
    pragma("whitelist-secret", None),
    pragma("allowlist nextline secret", Some(Place::Above)),
    pragma("allowlist-nextline-secret", Some(Place::Above)),
    pragma("whitelist nextline secret", Some(Place::Above)),
    pragma("whitelist-nextline-secret", Some(Place::Above)),
    Spelling { text: "secretlint-disable-line", after: After::Reason, pragma: false, only: Some(Place::Same) },
    Spelling { text: "secretlint-disable-next-line", after: After::Reason, pragma: false, only: Some(Place::Above) },
    spelling("nosemgrep", After::Rules),
    spelling("noqa", After::SomeRules),
    spelling("nosec", After::SomeRules),
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .ascii_case_insensitive(true)
        .build(SPELLINGS.map(|spelling| spelling.text))
        .expect("because the list is short")
});

/// The marks that count on this line, or in this comment of the line above.
fn on_line(line: &[u8], place: Place) -> Vec<Mark> {
    let mut marks = Vec::new();
    for found in FINDER.find_iter(line) {
        let spelling = &SPELLINGS[found.pattern().as_usize()];
        let (mut before, after) = (&line[..found.start()], &line[found.end()..]);
        if spelling.pragma {
            let Some(head) = without_pragma(before) else { continue };
            before = head;
        }
        let stands_alone = !before.last().is_some_and(|&byte| is_word(byte)) && !after.first().is_some_and(|&byte| is_word(byte));
        let starts = place == Place::Same || before.trim_ascii().is_empty();
        let counts_here = spelling.only.is_none_or(|only| only == place);
        if stands_alone && starts && counts_here {
            marks.extend(read(spelling.after, after));
        }
    }
    marks
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The text before `pragma:`, which must end `before`.
fn without_pragma(before: &[u8]) -> Option<&[u8]> {
    let head = before.trim_ascii_end().strip_suffix(b":")?;
    let at = head.len().checked_sub(b"pragma".len())?;
    head[at..].eq_ignore_ascii_case(b"pragma").then(|| &head[..at])
}

/// What the text after a mark makes of it; none if it speaks of something else.
fn read(kind: After, after: &[u8]) -> Option<Mark> {
    match kind {
        After::Own => {
            let Some(list) = after.strip_prefix(b"[") else { return Some(Mark::new(Suppression::InlineMark, Vec::new(), after)) };
            let end = memchr(b']', list)?;
            let ids: Vec<String> = list[..end]
                .split(|byte| b", \t".contains(byte))
                .filter(|id| !id.is_empty())
                .map(|id| String::from_utf8_lossy(id).into_owned())
                .collect();
            (!ids.is_empty()).then(|| Mark::new(Suppression::InlineMark, ids, &list[end + 1..]))
        }
        After::Reason => Some(Mark::new(Suppression::ForeignMark, Vec::new(), after)),
        After::Rules => {
            let rules = after.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
            rules.is_none_or(is_about_secrets).then(|| Mark::new(Suppression::ForeignMark, Vec::new(), after))
        }
        After::SomeRules => is_about_secrets(after).then(|| Mark::new(Suppression::ForeignMark, Vec::new(), after)),
    }
}

/// Whether a list of rules names one about secrets: words of their names, or the codes of Bandit, Ruff and gosec.
fn is_about_secrets(rules: &[u8]) -> bool {
    const WORDS: [&[u8]; 7] = [b"secret", b"credential", b"password", b"token", b"api-key", b"private-key", b"hardcoded"];
    const CODES: [&[u8]; 7] = [b"s105", b"s106", b"s107", b"b105", b"b106", b"b107", b"g101"];
    let rules = rules[..rules.len().min(LONGEST_REASON)].to_ascii_lowercase();
    WORDS.iter().any(|word| memmem::find(&rules, word).is_some())
        || rules.split(|byte| !byte.is_ascii_alphanumeric()).any(|code| CODES.contains(&code))
}

impl Mark {
    fn new(suppression: Suppression, patterns: Vec<String>, after: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&after[..after.len().min(LONGEST_REASON)]);
        let is_frame = |character: char| character.is_whitespace() || ":-–—*/#>}\"',;)]".contains(character);
        let reason = text.trim_matches(is_frame);
        Self { suppression, patterns, reason: (!reason.is_empty()).then(|| reason.to_owned()) }
    }
}

/// The text of a line that is nothing but a comment.
fn comment(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    for (open, close) in [("/*", "*/"), ("<!--", "-->"), ("{#", "#}"), ("{{!", "}}"), ("(*", "*)"), ("<%--", "--%>")] {
        if let Some(text) = line.strip_prefix(open.as_bytes()) {
            // What follows the end of the comment is code.
            let end = memmem::find(text, close.as_bytes()).unwrap_or(text.len());
            return text[(end + close.len()).min(text.len())..].trim_ascii().is_empty().then(|| text[..end].trim_ascii_start());
        }
    }
    for open in [b"//".as_slice(), b"#", b";", b"%", b"::"] {
        if let Some(text) = line.strip_prefix(open) {
            let text = text.trim_ascii_start();
            let is_code = open == b"#" && [b"[".as_slice(), b"define ", b"include"].iter().any(|head| text.starts_with(head));
            return (!is_code).then_some(text);
        }
    }
    // These open other things too where no space follows: options, pointers, strings.
    let spaced = [b"-- ".as_slice(), b"* ", b"' ", b"REM ", b"rem ", b"@rem ", b"dnl ", b".. "];
    spaced.iter().find_map(|head| line.strip_prefix(*head)).map(<[u8]>::trim_ascii_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict on the secret `S3CRET` in `text`, for pattern `unit-key`.
    fn verdict(text: &str, which: Marks) -> Option<Suppression> {
        let start = text.find("S3CRET").unwrap();
        mark(text.as_bytes(), start..start + 6, "unit-key", which)
    }

    fn allowed(text: &str) -> bool {
        verdict(text, Marks::All).is_some()
    }

    fn reason(text: &str) -> Option<String> {
        let start = text.find("S3CRET").unwrap();
        find(text.as_bytes(), start..start + 6).into_iter().find_map(|mark| mark.reason)
    }

    #[test]
    fn own_mark_on_the_line_in_every_comment_style() {
        for line in [
            "key = S3CRET # unleak:allow",
            "key = S3CRET // unleak:allow reason",
            "/* unleak:allow */ key = S3CRET",
            "<a key='S3CRET'/> <!-- unleak:allow -->",
            "SELECT 'S3CRET' -- unleak:allow",
            "\"k\": \"S3CRET\", \"note\": \"unleak:allow\"",
            "key=S3CRET#UNLEAK:ALLOW",
        ] {
            assert_eq!(verdict(line, Marks::Own), Some(Suppression::InlineMark), "{line}");
            assert_eq!(verdict(line, Marks::None), None, "{line}");
        }
    }

    #[test]
    fn words_around_a_mark_make_it_something_else() {
        for line in
            ["S3CRET # unleak:allowed", "S3CRET # not-unleak:allow", "S3CRET # unleak:allow-list", "S3CRET # unleak: allow", "S3CRET"]
        {
            assert!(!allowed(line), "{line}");
        }
    }

    #[test]
    fn the_line_above_counts_if_it_is_a_comment_that_starts_with_the_mark() {
        for above in [
            "# unleak:allow",
            "    // unleak:allow test key",
            "/* unleak:allow */",
            " * unleak:allow",
            "<!-- unleak:allow: sample -->",
            "{# unleak:allow #}",
            "-- unleak:allow",
            "; unleak:allow",
            "REM unleak:allow",
            "(* unleak:allow *)",
            "# gitleaks:allow\r",
        ] {
            assert!(allowed(&format!("x = 1\n{above}\nkey = S3CRET")), "{above}");
        }
        for above in [
            "x = 1 # unleak:allow",
            "/* unleak:allow */ x = 1",
            "#define X // unleak:allow",
            "#[cfg(x)] // unleak:allow",
            "*p = unleak:allow",
            "--flag unleak:allow",
            "# password: hunter2  # unleak:allow",
            "unleak:allow",
            "# unleak:allow\n",
        ] {
            assert!(!allowed(&format!("x = 1\n{above}\nkey = S3CRET")), "{above}");
        }
    }

    #[test]
    fn the_line_below_never_counts() {
        assert!(!allowed("key = S3CRET\n# unleak:allow"));
    }

    #[test]
    fn ids_limit_the_own_mark() {
        assert!(allowed("S3CRET # unleak:allow[unit-key]"));
        assert!(allowed("S3CRET # unleak:allow[other-key, unit-key] both"));
        for line in ["S3CRET # unleak:allow[other-key]", "S3CRET # unleak:allow[]", "S3CRET # unleak:allow[unit-key"] {
            assert!(!allowed(line), "{line}");
        }
    }

    #[test]
    fn marks_of_other_tools() {
        for mark in [
            "gitleaks:allow",
            "betterleaks:allow",
            "trufflehog:ignore",
            "kingfisher:ignore",
            "ggignore",
            "ggshield:ignore",
            "pragma: allowlist secret",
            "pragma:allowlist secret",
            "pragma: whitelist secret",
            "pragma: allowlist-secret",
            "secretlint-disable-line",
            "nosemgrep",
            "nosemgrep: generic.secrets.security.detected-aws-key",
            "noqa: S105",
            "noqa: E501,S106",
            "noqa: secret",
            "nosec B105",
            "#nosec G101",
        ] {
            let line = format!("key = S3CRET  # {mark}");
            assert_eq!(verdict(&line, Marks::All), Some(Suppression::ForeignMark), "{line}");
            assert_eq!(verdict(&line, Marks::Own), None, "{line}");
        }
        for mark in [
            "noqa",
            "noqa: E501",
            "nosec",
            "nosec B602",
            "nosemgrep: python.sqli",
            "allowlist secret",
            "pragma: allowlist nextline secret",
            "ggignored",
        ] {
            let line = format!("key = S3CRET  # {mark}");
            assert!(!allowed(&line), "{line}");
        }
    }

    #[test]
    fn marks_for_the_next_line() {
        for mark in ["pragma: allowlist nextline secret", "secretlint-disable-next-line", "pragma: allowlist secret", "nosemgrep"] {
            assert!(allowed(&format!("# {mark}\nkey = S3CRET")), "{mark}");
        }
        assert!(!allowed("# secretlint-disable-line\nkey = S3CRET"));
        assert!(!allowed("key = S3CRET # secretlint-disable-next-line"));
    }

    #[test]
    fn the_own_mark_is_named_before_another_tools() {
        assert_eq!(verdict("S3CRET # gitleaks:allow unleak:allow", Marks::All), Some(Suppression::InlineMark));
    }

    #[test]
    fn reasons_are_kept_without_their_frame() {
        assert_eq!(reason("S3CRET /* unleak:allow - a test key */").as_deref(), Some("a test key"));
        assert_eq!(reason("S3CRET # unleak:allow[unit-key]: rotated").as_deref(), Some("rotated"));
        assert_eq!(reason("S3CRET # unleak:allow"), None);
        assert_eq!(reason("<!-- pragma: allowlist nextline secret: sample -->\nS3CRET").as_deref(), Some("sample"));
    }

    #[test]
    fn a_secret_cannot_allow_itself_but_its_first_line_can() {
        let text = b"p = 'unleak:allow'";
        assert_eq!(mark(text, 5..17, "unit-key", Marks::All), None);
        let text = b"-----BEGIN X----- # unleak:allow\nabc\n-----END X-----";
        assert_eq!(mark(text, 0..text.len(), "unit-key", Marks::All), Some(Suppression::InlineMark));
    }

    #[test]
    fn long_lines_are_looked_at_near_the_secret_only() {
        let far = format!("unleak:allow{}S3CRET", " ".repeat(REACH));
        assert!(!allowed(&far));
        let near = format!("{}unleak:allow S3CRET", "x ".repeat(REACH));
        assert!(allowed(&near));
        let cut = format!("{}# unleak:allow\nS3CRET", "x".repeat(REACH));
        assert!(!allowed(&cut));
    }
}
