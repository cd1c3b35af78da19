//! From splices to edits that can be taken back. Owns: old text as segments, and the check that none of them holds a value.
//! Must not: choose what is spliced.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use bstr::ByteSlice;

use super::journal::StoredSecret;
use super::known::Known;
use super::plan::{Arn, Edit, Segment};
use crate::reference::Reference;
use crate::rewrite::encoding::{FileEncoding, Text, encode};
use crate::rewrite::{Spelling, Splice, arn_of};

/// A value in a file: where it is spelled, and where it will be.
pub struct Moved<'a> {
    /// Its bytes.
    pub span: Range<usize>,
    /// How they spell it.
    pub spelling: &'a Spelling,
    /// Where it will be.
    pub reference: &'a Reference,
}

/// Edits for the splices of a file; `moved` in order.
///
/// # Errors
/// Why the file cannot be rewritten so that undo needs no copy: a value that no splice covers, or one that would stand in a plan.
pub fn of(bytes: &[u8], splices: &[Splice], moved: &[Moved<'_>], values: &Known<'_>) -> Result<Vec<Edit>, String> {
    let inside =
        |place: &&Moved<'_>| splices.iter().any(|splice| splice.span.start <= place.span.start && place.span.end <= splice.span.end);
    if moved.iter().filter(inside).count() < moved.len() {
        return Err("the value would stay where it is".to_owned());
    }
    let edits: Vec<Edit> = splices.iter().map(|splice| edit(bytes, splice, moved)).collect::<Option<_>>().ok_or("the text is no UTF-8")?;
    for edit in &edits {
        let texts = edit.old.iter().filter_map(|segment| match segment {
            Segment::Text(text) => Some(text.as_str()),
            Segment::Value { .. } => None,
        });
        let mut in_old = texts.filter(|text| values.stands_in(text, |_| true));
        let in_new = || values.stands_in(&edit.new, |value| !is_word(value));
        if in_old.next().is_some() || in_new() {
            return Err("another credential stands in the text that changes".to_owned());
        }
    }
    Ok(edits)
}

/// Whether a value can be part of a name: `postgres` is what databases, their users and, sadly, passwords are called.
pub(super) fn is_word(value: &[u8]) -> bool {
    value.len() < 12 && value.iter().all(u8::is_ascii_lowercase)
}

fn edit(bytes: &[u8], splice: &Splice, moved: &[Moved<'_>]) -> Option<Edit> {
    let Range { start, end } = splice.span;
    let text = |range: Range<usize>| std::str::from_utf8(&bytes[range]).map(|text| Segment::Text(text.to_owned())).ok();
    let mut old = Vec::new();
    let mut at = start;
    for place in moved.iter().filter(|place| start <= place.span.start && place.span.end <= end) {
        if at < place.span.start {
            old.push(text(at..place.span.start)?);
        }
        let Reference { name, key, .. } = place.reference;
        old.push(Segment::Value { secret: name.clone(), key: key.clone(), spelling: place.spelling.clone() });
        at = place.span.end;
    }
    if at < end {
        old.push(text(at..end)?);
    }
    Some(Edit { start, end, old, new: std::str::from_utf8(&splice.text).ok()?.to_owned(), about: None, arns: Vec::new() })
}

/// Where a text names the ARNs of these secrets.
pub(super) fn arns(text: &str, secrets: &[String]) -> Vec<Arn> {
    let of = |secret: &str| text.match_indices(&arn_of(secret)).map(|(at, _)| Arn { at, secret: secret.to_owned() }).collect::<Vec<_>>();
    let mut all: Vec<Arn> = secrets.iter().flat_map(|secret| of(secret)).collect();
    all.sort_by_key(|arn| arn.at);
    all
}

/// The edits with the ARNs that the store gave.
///
/// # Errors
/// The secret whose ARN is not known.
pub fn filled<'e>(edits: &'e [Edit], stored: &BTreeMap<String, StoredSecret>) -> Result<Cow<'e, [Edit]>, String> {
    if edits.iter().all(|edit| edit.arns.is_empty()) {
        return Ok(Cow::Borrowed(edits));
    }
    edits.iter().map(|edit| edit_filled(edit, stored)).collect::<Result<_, _>>().map(Cow::Owned)
}

fn edit_filled(edit: &Edit, stored: &BTreeMap<String, StoredSecret>) -> Result<Edit, String> {
    // It goes into a quoted text of the file.
    let is_arn = |id: &str| id.starts_with("arn:") && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_+=.@-".contains(&byte));
    let (mut new, mut at) = (String::with_capacity(edit.new.len() * 2), 0);
    for arn in &edit.arns {
        let id = stored.get(&arn.secret).map(|stored| stored.id.as_str()).filter(|id| is_arn(id)).ok_or_else(|| arn.secret.clone())?;
        new.push_str(&edit.new[at..arn.at]);
        new.push_str(id);
        at = arn.at + arn_of(&arn.secret).len();
    }
    new.push_str(&edit.new[at..]);
    Ok(Edit { new, arns: Vec::new(), ..edit.clone() })
}

/// The file after the edits with the ARNs in it as the plan spells them; none where another text stands in the place of an edit.
#[must_use]
pub fn without_arns(bytes: &[u8], encoding: FileEncoding, edits: &[Edit], stored: &BTreeMap<String, StoredSecret>) -> Option<Vec<u8>> {
    let text = decoded(encoding, bytes)?;
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut before): (usize, usize) = (0, 0);
    for (edit, filled) in edits.iter().zip(filled(edits, stored).ok()?.iter()) {
        let start = at.checked_add(edit.start.checked_sub(before)?)?;
        out.extend_from_slice(text.get(at..start)?);
        text[start..].strip_prefix(filled.new.as_bytes())?;
        out.extend_from_slice(edit.new.as_bytes());
        (at, before) = (start + filled.new.len(), edit.end);
    }
    out.extend_from_slice(text.get(at..)?);
    encoded(encoding, &out)
}

/// The text of a file as UTF-8; none where it is not of this encoding.
fn decoded(encoding: FileEncoding, bytes: &[u8]) -> Option<Vec<u8>> {
    match encoding {
        FileEncoding::Utf8 => Some(bytes.to_vec()),
        // What is left of a file of one byte a character can look like another encoding.
        FileEncoding::Latin1 => Some(encoding_rs::mem::decode_latin1(bytes).into_owned().into_bytes()),
        FileEncoding::Utf16Le | FileEncoding::Utf16Be => {
            Text::new(bytes).ok().filter(|text| text.encoding() == encoding).map(|text| text.utf8().to_vec())
        }
    }
}

/// A text as the bytes of a file.
fn encoded(encoding: FileEncoding, text: &[u8]) -> Option<Vec<u8>> {
    let mark: &[u8] = match encoding {
        FileEncoding::Utf8 | FileEncoding::Latin1 => &[],
        FileEncoding::Utf16Le => &[0xff, 0xfe],
        FileEncoding::Utf16Be => &[0xfe, 0xff],
    };
    Some([mark, &encode(encoding, text)?].concat())
}

/// The file with the edits done; none where they do not fit.
#[must_use]
pub fn applied(bytes: &[u8], encoding: FileEncoding, edits: &[Edit]) -> Option<Vec<u8>> {
    let text = zeroize::Zeroizing::new(decoded(encoding, bytes)?);
    let splices: Vec<Splice> = edits.iter().map(|edit| Splice { span: edit.span(), text: edit.new.as_str().into() }).collect();
    let fits = splices.last().is_none_or(|last| last.span.end <= text.len());
    if fits { encoded(encoding, &crate::rewrite::splice(&text, &splices)) } else { None }
}

/// Values by name of the secret and key.
pub type Values = BTreeMap<(String, Option<String>), crate::secret::Secret>;

/// The file before the edits, from the file after them; none where a value is missing or cannot be spelled.
#[must_use]
pub fn undone(bytes: &[u8], encoding: FileEncoding, edits: &[Edit], values: &Values) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let text = text_undone(&decoded(encoding, bytes)?, edits, values)?;
    encoded(encoding, &text).map(zeroize::Zeroizing::new)
}

fn text_undone(bytes: &[u8], edits: &[Edit], values: &Values) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let mut out = zeroize::Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
    let mut at: usize = 0;
    // The end of the last edit, as it was before.
    let mut before = 0;
    for edit in edits {
        let kept = edit.start.checked_sub(before)?;
        out.extend_from_slice(bytes.get(at..at.checked_add(kept)?)?);
        at += kept + edit.new.len();
        before = edit.end;
        for segment in &edit.old {
            match segment {
                Segment::Text(text) => out.extend_from_slice(text.as_bytes()),
                Segment::Value { secret, key, spelling } => {
                    let value = values.get(&(secret.clone(), key.clone()))?;
                    out.extend_from_slice(&zeroize::Zeroizing::new(spelling.spell(value.expose())?));
                }
            }
        }
    }
    out.extend_from_slice(bytes.get(at..)?);
    Some(out)
}

/// What became of text that edits added to a file, in bytes in which other text changed since.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// All of it stands there as it was written, each stretch once: the bytes without it.
    There(Vec<u8>),
    /// None of it does.
    Gone,
    /// Neither, or the edits did more than to add text.
    Unclear,
}

impl Added {
    /// Looks at the bytes of a file in UTF-8.
    #[must_use]
    pub fn of(bytes: &[u8], edits: &[Edit]) -> Self {
        let is_added = |edit: &Edit| edit.start == edit.end && edit.old.is_empty() && !edit.new.trim().is_empty();
        if edits.is_empty() || !edits.iter().all(is_added) {
            return Self::Unclear;
        }
        if edits.iter().all(|edit| bytes.find(edit.new.trim()).is_none()) {
            return Self::Gone;
        }
        let mut stretches: Vec<Splice> = edits.iter().filter_map(|edit| once(bytes, &edit.new)).collect();
        stretches.sort_by_key(|stretch| stretch.span.start);
        let apart = stretches.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
        if stretches.len() < edits.len() || !apart {
            return Self::Unclear;
        }
        Self::There(crate::rewrite::splice(bytes, &stretches))
    }
}

/// The splice that takes text out which stands in the bytes once, from the start of a line or from a mark that nothing before it can be part of.
fn once(bytes: &[u8], text: &str) -> Option<Splice> {
    let mut all = bytes.find_iter(text);
    let at = all.next().filter(|_| all.next().is_none())?;
    let begins = at == 0 || bytes[at - 1] == b'\n' || text.starts_with(['\n', '\r', ',', '<', '"', '\'']);
    begins.then(|| Splice { span: at..at + text.len(), text: Vec::new().into() })
}

/// Which of the edits of a file whose lines are added one by one are done in these bytes; whoever asks has to take them back to be sure.
#[must_use]
pub fn present(bytes: &[u8], encoding: FileEncoding, edits: &[Edit]) -> Option<Vec<Edit>> {
    let text = decoded(encoding, bytes)?;
    // Bytes that were added so far.
    let mut added = 0;
    let mut done = Vec::new();
    for edit in edits {
        if text.get(edit.start + added..)?.starts_with(edit.new.as_bytes()) {
            added += edit.new.len();
            done.push(edit.clone());
        }
    }
    Some(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Backend;
    use crate::secret::Secret;

    #[test]
    fn edits_are_done_and_undone_without_a_copy() {
        let bytes = b"a = \"p\\x41ss\"; b = 'beta'\n";
        let spelled = Spelling::Base64 { url: false, padded: true };
        let (first, second) = (Reference::to(Backend::Local, "a".to_owned()), Reference::to(Backend::Local, "b".to_owned()).with_key("k"));
        let moved = [
            Moved { span: 5..12, spelling: &Spelling::Plain, reference: &first },
            Moved { span: 20..24, spelling: &spelled, reference: &second },
        ];
        let splices = [
            Splice { span: 0..0, text: "import os\n".into() },
            Splice { span: 4..13, text: "env(A)".into() },
            Splice { span: 19..25, text: "env(B)".into() },
        ];
        let edits = of(bytes, &splices, &moved, &Known::new(&[b"p\\x41ss"])).unwrap();
        assert_eq!(edits[1].old[0], Segment::Text("\"".to_owned()));
        let after = applied(bytes, FileEncoding::Utf8, &edits).unwrap();
        assert_eq!(after, b"import os\na = env(A); b = env(B)\n");
        let decoded = data_encoding::BASE64.decode(b"beta").unwrap();
        let mut values = Values::from([(("a".to_owned(), None), Secret::new(b"p\\x41ss"))]);
        assert!(undone(&after, FileEncoding::Utf8, &edits, &values).is_none());
        values.insert(("b".to_owned(), Some("k".to_owned())), Secret::new(&decoded));
        assert_eq!(undone(&after, FileEncoding::Utf8, &edits, &values).unwrap().as_slice(), bytes);
    }

    #[test]
    fn arns_are_put_in_and_known_again_and_only_arns_are() {
        let new = format!("[{}:password::, {}]", arn_of("a"), arn_of("a/b"));
        let arns = arns(&new, &["a/b".to_owned(), "a".to_owned()]);
        let places: Vec<(usize, &str)> = arns.iter().map(|arn| (arn.at, arn.secret.as_str())).collect();
        assert_eq!(places, [(1, "a"), (new.find("<ARN of a/b>").unwrap(), "a/b")]);
        let edits = [Edit { start: 2, end: 3, old: vec![Segment::Text("x".to_owned())], new, about: None, arns }];
        let stored = |a: &str, b: &str| {
            let one =
                |id: &str| StoredSecret { id: id.to_owned(), version: String::new(), origin: super::super::journal::StoredBy::Created };
            BTreeMap::from([("a".to_owned(), one(a)), ("a/b".to_owned(), one(b))])
        };
        let known = stored("arn:aws:s:a-AbCdEf", "arn:aws:s:a/b-GhIjKl");
        let full = filled(&edits, &known).unwrap();
        let after = applied(b"p x q", FileEncoding::Utf8, &full).unwrap();
        assert_eq!(after, b"p [arn:aws:s:a-AbCdEf:password::, arn:aws:s:a/b-GhIjKl] q");
        assert_eq!(undone(&after, FileEncoding::Utf8, &full, &Values::new()).unwrap().as_slice(), b"p x q");
        let as_planned = applied(b"p x q", FileEncoding::Utf8, &edits).unwrap();
        assert_eq!(without_arns(&after, FileEncoding::Utf8, &edits, &known), Some(as_planned.clone()));
        // Another ARN of the same length, or none, is not what the plan makes of the file.
        let other = stored("arn:aws:s:a-AbCdEg", "arn:aws:s:a/b-GhIjKl");
        for (bytes, known) in [(&after, &other), (&as_planned, &known), (&b"p x q".to_vec(), &known), (&after, &BTreeMap::new())] {
            assert_eq!(without_arns(bytes, FileEncoding::Utf8, &edits, known), None);
        }
        for id in ["a", "arn:a\"b", "arn:a\\", ""] {
            assert_eq!(filled(&edits, &stored("arn:aws:s:a-AbCdEf", id)), Err("a/b".to_owned()), "{id}");
        }
    }

    #[test]
    fn what_was_added_is_taken_out_of_what_changed_since_if_it_is_there_as_it_was_written() {
        let added = |new: &[&str]| -> Vec<Edit> {
            new.iter()
                .map(|new| Edit { start: 3, end: 3, old: Vec::new(), new: (*new).to_owned(), about: None, arns: Vec::new() })
                .collect()
        };
        let of = |text: &str, new: &[&str]| match Added::of(text.as_bytes(), &added(new)) {
            Added::There(rest) => String::from_utf8(rest).unwrap(),
            other => format!("{other:?}"),
        };
        assert_eq!(of("a 1\nb 2\nc 3\n", &["b 2\n"]), "a 1\nc 3\n");
        assert_eq!(of("[\"a\", \"b\", \"c\"]", &[", \"b\""]), "[\"a\", \"c\"]");
        assert_eq!(of("c\nx\na\n", &["a\n", "c\n"]), "x\n");
        // Another version, twice, the end of another line, one of two, the same text for two: nobody knows.
        for (text, new) in [
            ("b 3\n", &["b 2\n"][..]),
            ("b 2\nb 2\n", &["b 2\n"]),
            ("lib-b 2\n", &["b 2\n"]),
            ("a\nx\n", &["a\n", "c\n"]),
            ("a\n", &["a\n", "a\n"]),
        ] {
            let unclear = if text == "b 3\n" { "Gone" } else { "Unclear" };
            assert_eq!(of(text, new), unclear, "{text}");
        }
        let replaced =
            Edit { start: 0, end: 1, old: vec![Segment::Text("x".to_owned())], new: "a\n".to_owned(), about: None, arns: Vec::new() };
        assert_eq!(Added::of(b"a\n", &[replaced]), Added::Unclear);
    }

    #[test]
    fn a_file_keeps_its_encoding_also_where_the_rest_of_it_looks_like_another() {
        // As UTF-8 what is left reads `é`; the file says `Ã©`.
        let bytes = b"\xc3\xa9 = '\xe9'";
        let reference = Reference::to(Backend::Local, "a".to_owned());
        let text = decoded(FileEncoding::Latin1, bytes).unwrap();
        let moved = [Moved { span: 8..10, spelling: &Spelling::Plain, reference: &reference }];
        let edits = of(&text, &[Splice { span: 7..11, text: "A".into() }], &moved, &Known::new(&[])).unwrap();
        let after = applied(bytes, FileEncoding::Latin1, &edits).unwrap();
        assert_eq!(after, b"\xc3\xa9 = A");
        let values = Values::from([(("a".to_owned(), None), Secret::new("é".as_bytes()))]);
        assert_eq!(undone(&after, FileEncoding::Latin1, &edits, &values).unwrap().as_slice(), bytes);
    }

    #[test]
    fn a_value_in_the_text_around_or_outside_of_all_splices_is_refused() {
        let reference = Reference::to(Backend::Local, "a".to_owned());
        let moved = [Moved { span: 4..9, spelling: &Spelling::Plain, reference: &reference }];
        let splice = |span: Range<usize>| [Splice { span, text: "x".into() }];
        let bytes = b"a = alpha, beta-value\n";
        assert!(of(bytes, &splice(4..9), &moved, &Known::new(&[b"beta-value"])).is_ok());
        assert!(of(bytes, &splice(4..21), &moved, &Known::new(&[b"beta-value"])).is_err());
        assert!(of(bytes, &splice(0..3), &moved, &Known::new(&[])).is_err());
    }
}
