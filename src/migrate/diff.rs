//! An edit as people read it. Owns: the unified diff with every value masked. Must not: show a value, or change anything.

use std::ops::Range;

use similar::TextDiff;

use super::edits::is_word;
use super::known::{Known, merged};
use crate::blob::visible;
use crate::rewrite::Splice;

/// What stands for a value.
pub(super) const MASK: &str = "********";
/// Bytes of a line that are shown, at most; of a longer one its start is.
const LONGEST_LINE: usize = 1_000;
/// Lines shown around a change.
const CONTEXT: usize = 2;

/// The diff of `before` with the splices; `secrets` are all spans of values in it, `values` all values, wherever they stand.
#[must_use]
pub fn unified(path: &str, before: Option<&[u8]>, splices: &[Splice], secrets: &[Range<usize>], values: &Known<'_>) -> String {
    let bytes = before.unwrap_or_default();
    let secrets = merged(secrets.to_vec());
    let old = masked(bytes, 0..bytes.len(), &secrets);
    let mut new = Vec::new();
    // What the plan itself writes: a word in there is of a name, even if somebody's password is that word.
    let mut written: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for splice in splices {
        new.extend(masked(bytes, at..splice.span.start, &secrets));
        written.push(new.len()..new.len() + splice.text.len());
        new.extend_from_slice(&splice.text);
        at = splice.span.end;
    }
    new.extend(masked(bytes, at..bytes.len(), &secrets));
    let is_name =
        |span: &Range<usize>, value: &[u8]| is_word(value) && written.iter().any(|own| own.start <= span.start && span.end <= own.end);
    let old = lines(&values.masked(old, MASK.as_bytes()));
    let new = lines(&values.masked_if(new, MASK.as_bytes(), |span, value| !is_name(span, value)));
    let path = visible(path.as_bytes());
    let from = if before.is_some() { path.as_str() } else { "/dev/null" };
    TextDiff::from_lines(&old, &new).unified_diff().context_radius(CONTEXT).header(from, &path).to_string()
}

fn masked(bytes: &[u8], range: Range<usize>, secrets: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = range.start;
    for secret in secrets.iter().filter(|secret| secret.start < range.end && secret.end > range.start) {
        out.extend_from_slice(&bytes[at..secret.start.clamp(at, range.end)]);
        out.extend_from_slice(MASK.as_bytes());
        at = secret.end.min(range.end);
    }
    out.extend_from_slice(&bytes[at..range.end]);
    out
}

/// A line, if it is not too long to be read.
fn cut(line: String) -> String {
    if line.len() <= LONGEST_LINE {
        return line;
    }
    let kept: String = line.chars().take(LONGEST_LINE / 4).collect();
    format!("{kept}… ({} bytes)", line.len())
}

/// Lines that a terminal shows as they are.
#[must_use]
pub fn lines(text: &[u8]) -> String {
    let mut out = String::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let shown = visible(content.strip_suffix(b"\r").unwrap_or(content));
        // A tab moves the cursor only.
        out += &cut(shown.replace("\\u{9}", "\t"));
        if line.ends_with(b"\n") {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked_where_they_change_and_where_they_stay() {
        let before = b"A=1\nTOKEN=alpha-value\nOTHER=beta-value\n# alpha-value and gamma-value\n";
        let splices = [Splice { span: 10..21, text: "ref+unleak://a".into() }];
        let shown = unified("x.env", Some(before), &splices, &[10..21, 28..38], &Known::new(&[b"alpha-value", b"gamma-value"]));
        assert_eq!(
            shown,
            "--- x.env\n+++ x.env\n@@ -1,4 +1,4 @@\n A=1\n-TOKEN=********\n+TOKEN=ref+unleak://a\n OTHER=********\n # ******** and ********\n"
        );
    }

    #[test]
    fn a_word_that_is_a_password_is_masked_but_for_the_names_that_the_plan_writes() {
        let before = b"# the password\nDB_PASSWORD=password\n";
        let splices = [Splice { span: 27..35, text: "ref+unleak://shop/db-password".into() }];
        let shown = unified("x.env", Some(before), &splices, &[splices[0].span.clone()], &Known::new(&[b"password"]));
        assert!(shown.ends_with(" # the ********\n-DB_PASSWORD=********\n+DB_PASSWORD=ref+unleak://shop/db-password\n"), "{shown}");
    }

    #[test]
    fn a_new_file_is_all_plus() {
        let splices = [Splice { span: 0..0, text: "A=ref+unleak://a\n".into() }];
        assert_eq!(
            unified("a\n\u{1b}[31m.env", None, &splices, &[], &Known::new(&[])),
            "--- /dev/null\n+++ a\\u{a}\\u{1b}[31m.env\n@@ -0,0 +1 @@\n+A=ref+unleak://a\n"
        );
    }
}
