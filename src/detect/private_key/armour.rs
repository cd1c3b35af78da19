//! Blocks between BEGIN and END lines. Owns: reading one out of whatever surrounds it. Must not: know what a body means.

use std::ops::Range;

use memchr::memmem;

use super::unfold::{Unfolded, Writing, unfold};
use crate::detect::view::{REACH, View};

/// Longest label between the dashes.
const LABEL: usize = 48;
/// Shortest run that is a body and no word, where no END tells.
const RUN: usize = 16;

/// A block as it stands in a text.
#[derive(Debug)]
pub struct Block {
    /// `RSA PRIVATE KEY`.
    pub label: String,
    /// Lines such as `DEK-Info: …` before the body.
    pub headers: Vec<(String, String)>,
    /// The body without line ends.
    pub body: Vec<u8>,
    /// The four characters of an OpenPGP checksum line.
    pub sum: Option<Vec<u8>>,
    /// Whether something else than body text ends the body: dots, a placeholder, prose.
    pub broken_off: bool,
    /// Whether the END line was found.
    pub closed: bool,
    /// From BEGIN to the end of the END line, else of the body.
    pub span: Range<usize>,
}

impl Block {
    /// The block as its own program writes it, with lines of `width` characters and no line end at its end.
    #[must_use]
    pub fn canonical(&self, width: usize) -> Vec<u8> {
        let dashes = if self.label.starts_with("SSH2") { ["---- ", " ----"] } else { ["-----", "-----"] };
        let mut text = format!("{}BEGIN {}{}", dashes[0], self.label, dashes[1]).into_bytes();
        for (name, value) in &self.headers {
            text.extend(format!("\n{name}: {value}").bytes());
        }
        if !self.headers.is_empty() || self.label.starts_with("PGP") {
            text.push(b'\n');
        }
        for line in self.body.chunks(width) {
            text.push(b'\n');
            text.extend(line);
        }
        if let Some(sum) = &self.sum {
            text.extend(b"\n=");
            text.extend(sum);
        }
        if self.closed {
            text.extend(format!("\n{}END {}{}", dashes[0], self.label, dashes[1]).bytes());
        }
        text
    }
}

/// The label of the BEGIN line at `at` and where the line ends; none where it is no such line.
#[must_use]
pub fn label(view: &View<'_>, at: usize) -> Option<(String, usize)> {
    let line = &view.bytes[at..view.bytes.len().min(at + LABEL + 20)];
    let start = memmem::find(line, b"BEGIN ")? + 6;
    let length = memmem::find(&line[start..], b"----")?;
    let label = std::str::from_utf8(&line[start..start + length]).ok()?.trim();
    let is_label = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
    let dashes = line[start + length..].iter().take(5).take_while(|&&byte| byte == b'-').count();
    is_label.then(|| (label.to_owned(), at + start + length + dashes))
}

/// The block whose BEGIN line, with `label` and end `body`, stands at `at`.
#[must_use]
pub fn read(view: &View<'_>, at: usize, label: String, body: usize) -> Block {
    let limit = view.bytes.len().min(at + REACH);
    let (stop, end) = boundary(&view.bytes[..limit], body);
    let writing = Writing { decoration: decoration(view, at), closed: end.is_some() };
    let unfolded = unfold(view.bytes, body..stop, writing);
    let mut block = Block {
        label,
        headers: Vec::new(),
        body: Vec::new(),
        sum: None,
        broken_off: false,
        closed: end.is_some(),
        span: at..end.unwrap_or(body),
    };
    let taken = fill(&mut block, &unfolded);
    if end.is_none() {
        block.span.end = taken.checked_sub(1).map_or(body, |last| unfolded.ends[last]);
    }
    block
}

/// Where the text after a BEGIN line stops, and the end of the END line where that is why.
fn boundary(bytes: &[u8], from: usize) -> (usize, Option<usize>) {
    let mut at = from;
    while let Some(found) = memmem::find(&bytes[at..], b"----") {
        let start = at + found;
        let dashes = bytes[start..].iter().take_while(|&&byte| byte == b'-').count();
        let word = start + dashes + usize::from(bytes.get(start + dashes) == Some(&b' '));
        if bytes[word..].starts_with(b"BEGIN ") {
            return (start, None);
        }
        if bytes[word..].starts_with(b"END ") {
            let line = &bytes[word..bytes.len().min(word + LABEL + 20)];
            let closing = memmem::find(line, b"----").unwrap_or(3);
            let dashes = line[closing..].iter().take(5).take_while(|&&byte| byte == b'-').count();
            return (start, Some(word + closing + dashes));
        }
        at = start + dashes;
    }
    (bytes.len(), None)
}

/// What stands before the BEGIN line in its line, where it is the mark of a comment, a quote or a diff.
fn decoration<'v>(view: &View<'v>, at: usize) -> &'v [u8] {
    let before = view.bytes[view.line(at, 16, 0).start..at].trim_ascii();
    if before.len() <= 3 && before.iter().all(|byte| b"#/*>+-;%!|".contains(byte)) { before } else { b"" }
}

/// Reads headers and body out of the unfolded text and returns how much of it they take.
fn fill(block: &mut Block, unfolded: &Unfolded) -> usize {
    let mut taken = 0;
    let mut at = 0;
    for line in unfolded.text.split(|&byte| byte == b'\n') {
        let mut rest = at;
        at += line.len() + 1;
        if let Some((name, value)) = header(line).filter(|_| block.body.is_empty()) {
            let body = body_in(value);
            let text = String::from_utf8_lossy(value[..body].trim_ascii()).into_owned();
            block.headers.push((name.to_owned(), text));
            rest += line.len() - value.len() + body;
        }
        for word in words(&unfolded.text, rest..rest.max(at - 1)) {
            let run = word.start + unfolded.text[word.clone()].iter().take_while(|&&byte| is_body(byte)).count();
            let (text, is_whole) = (&unfolded.text[word.start..run], run == word.end);
            if is_whole && text.len() == 5 && text[0] == b'=' && !block.body.is_empty() {
                block.sum = Some(text[1..].to_vec());
                taken = run;
                continue;
            }
            if block.closed || text.len() >= RUN || is_whole && text.ends_with(b"=") && !block.body.is_empty() {
                block.body.extend(text);
                taken = run;
            } else {
                block.broken_off = !is_whole;
                return taken;
            }
            if !is_whole {
                block.broken_off = true;
                return taken;
            }
        }
    }
    taken
}

/// Name and value of a line such as `Proc-Type: 4,ENCRYPTED`.
fn header(line: &[u8]) -> Option<(&str, &[u8])> {
    let line = line.trim_ascii_start();
    let colon = line.iter().take(32).position(|&byte| byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let is_name = name.len() >= 3 && name[0].is_ascii_alphabetic() && name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| std::str::from_utf8(name).ok().map(|name| (name, value)))?
}

/// Where the body starts in a header's value: the whole key may stand in one line.
fn body_in(value: &[u8]) -> usize {
    let long = |word: &Range<usize>| word.len() >= 40 && value[word.clone()].iter().all(|&byte| is_body(byte));
    words(value, 0..value.len()).find(long).map_or(value.len(), |word| word.start)
}

/// The runs of `text[within]` between white space.
fn words(text: &[u8], within: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = within.start;
    std::iter::from_fn(move || {
        let start = at + text[at..within.end].iter().position(|byte| !byte.is_ascii_whitespace())?;
        let length = text[start..within.end].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        at = start + length;
        Some(start..at)
    })
}

fn is_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}
