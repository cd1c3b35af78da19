//! The line hashes by which GitHub code scanning follows an alert over commits. Owns: `primaryLocationLineHash`. Must not: read files.
//!
//! Facts of the algorithm: `src/fingerprints.ts` of github/codeql-action. A line is named by a polynomial hash of the first 100
//! UTF-16 code units from its start that are no space and no tab, running on into the lines below. CR and CRLF count as LF.
//! U+FFFF ends the text, zeros fill it up to 100. A colon and the number of lines so far with the same hash follow.
//! A lone CR ends a line there, though nowhere else in this crate: the numbers are the ones that GitHub would look up.

use std::collections::{BTreeMap, VecDeque};

use bstr::decode_utf8;
use memchr::memchr2;

/// Code units that a hash covers.
const WINDOW: usize = 100;
/// Base of the polynomial.
const BASE: u64 = 37;
/// Stands for the end of the text.
const END: u16 = 0xffff;

/// The hashes of the lines with these numbers (from 1), in the order asked for. `text` is the whole content as stored; invalid UTF-8
/// is read as U+FFFD. A line that does not exist has an empty hash. Reads the text twice and keeps one count a line asked for.
#[must_use]
pub fn line_hashes(text: &[u8], lines: &[u64]) -> Vec<String> {
    let Some(&last) = lines.iter().max() else { return Vec::new() };
    let mut hashes: BTreeMap<u64, u64> = lines.iter().map(|&line| (line, 0)).collect();
    let mut counts = BTreeMap::new();
    each_line(text, last, |line, hash| {
        if let Some(wanted) = hashes.get_mut(&line) {
            *wanted = hash;
            counts.insert(hash, 0_u64);
        }
    });
    let mut names = BTreeMap::new();
    each_line(text, last, |line, hash| {
        let Some(count) = counts.get_mut(&hash) else { return };
        *count += 1;
        if hashes.contains_key(&line) {
            names.insert(line, format!("{hash:x}:{count}"));
        }
    });
    lines.iter().map(|line| names.get(line).cloned().unwrap_or_default()).collect()
}

/// Calls `found` with number and hash of each line up to number `last`, in order.
fn each_line(text: &[u8], last: u64, found: impl FnMut(u64, u64)) {
    let mut roller = Roller::new(found);
    let mut at = 0;
    let mut after_cr = false;
    while at < text.len() {
        if roller.hashed >= last {
            return;
        }
        if roller.is_idle() {
            // No line is waiting for more of its units, so nothing counts before the next line end.
            let Some(skipped) = memchr2(b'\r', b'\n', &text[at..]) else { break };
            at += skipped;
        }
        let byte = text[at];
        let ends_crlf = after_cr && byte == b'\n';
        after_cr = byte == b'\r';
        at += 1;
        match byte {
            b' ' | b'\t' => {}
            b'\n' if ends_crlf => {}
            b'\r' => roller.push(u16::from(b'\n')),
            0..=0x7F => roller.push(byte.into()),
            _ => {
                let (decoded, size) = decode_utf8(&text[at - 1..]);
                at += size - 1;
                let character = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
                character.encode_utf16(&mut [0; 2]).iter().for_each(|&unit| roller.push(unit));
            }
        }
    }
    roller.push(END);
    while !roller.is_idle() {
        roller.push(0);
    }
}

/// The polynomial over all units, and the lines that began within the last [`WINDOW`] of them.
struct Roller<F> {
    found: F,
    hash: u64,
    /// Units pushed so far.
    pushed: usize,
    /// `BASE` to the power of `WINDOW`: the weight of what was before a window.
    before: u64,
    at_line_start: bool,
    /// Number of the latest line that began.
    line: u64,
    /// Number of the latest line that had its hash.
    hashed: u64,
    /// Each line that has not had its hash yet.
    waiting: VecDeque<Waiting>,
    /// Units after which the first of them has it.
    due: usize,
}

/// A line that began.
struct Waiting {
    line: u64,
    /// Units before it, and their polynomial.
    pushed: usize,
    hash: u64,
}

impl<F: FnMut(u64, u64)> Roller<F> {
    fn new(found: F) -> Self {
        let before = (0..WINDOW).fold(1_u64, |power, _| power.wrapping_mul(BASE));
        Self { found, hash: 0, pushed: 0, before, at_line_start: true, line: 0, hashed: 0, waiting: VecDeque::new(), due: usize::MAX }
    }

    /// Whether units before the next line end make no difference: what was pushed before a line began does not count for its hash.
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.at_line_start
    }

    fn push(&mut self, unit: u16) {
        if self.at_line_start {
            self.line += 1;
            self.waiting.push_back(Waiting { line: self.line, pushed: self.pushed, hash: self.hash });
            self.set_due();
        }
        self.at_line_start = unit == u16::from(b'\n');
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(u64::from(unit));
        self.pushed += 1;
        if self.pushed == self.due
            && let Some(Waiting { line, hash, .. }) = self.waiting.pop_front()
        {
            self.hashed = line;
            (self.found)(line, self.hash.wrapping_sub(self.before.wrapping_mul(hash)));
            self.set_due();
        }
    }

    fn set_due(&mut self) {
        self.due = self.waiting.front().map_or(usize::MAX, |first| first.pushed + WINDOW);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hashes of all lines, the one that begins after a final line end too. The expected ones come from Microsoft's SARIF Multitool
    /// (`rewrite --insert RollingHashPartialFingerprints`), but for the line with the byte order mark: it drops the mark, GitHub does not.
    fn all(text: impl AsRef<[u8]>) -> Vec<String> {
        let most = u64::try_from(text.as_ref().len()).expect("because tests are short") + 1;
        let lines: Vec<u64> = (1..=most).collect();
        let mut hashes = line_hashes(text.as_ref(), &lines);
        hashes.retain(|hash| !hash.is_empty());
        hashes
    }

    #[test]
    fn line_ends_of_every_kind() {
        let crlf = ["1dc30450b9d92c34:1", "7690ca5e3287dc80:1", "91de6b3b48815568:1", "1d05598b7b90c59e:1", "11ed3aa3dafbd3d8:1"];
        let crlf_rest = ["fe2be582c6296f40:1", "c129715d7a2bc9a3:1"];
        assert_eq!(all("one\r\ntwo\r\n\r\nthree\r\ntwo\r\nend\r\n"), [&crlf[..], &crlf_rest].concat());
        assert_eq!(all("one\ntwo\n\nthree\ntwo\nend\n"), [&crlf[..], &crlf_rest].concat());
        let cr = ["b626c2e1ab95aa00:1", "fd77b0f771fb698c:1", "e2eb6fd00d583db4:1", "d3e7030beea0589a:1", "4da779dc861ebbb4:1"];
        assert_eq!(all("one\rtwo\r\rthree\r \ntwo\rend"), [&cr[..], &["411476d963508e9a:1", "43b6461eda086fe2:1"]].concat());
        assert_eq!(all("one\ntwo"), ["7380e4cc9846ad91:1", "7926ff05c299dd0d:1"]);
        assert_eq!(all("single"), ["a53e7e38c7bbeb09:1"]);
    }

    #[test]
    fn blanks_do_not_count() {
        let tail = ["d1b2637975409306:1", "5b5d4caf73a13177:1", "3c5bef55b72b93c9:1", "c129715d7a2bc9a3:1"];
        assert_eq!(all("a\n\n\n   "), tail);
        assert_eq!(all("\ta \n \n\t\n"), tail);
    }

    #[test]
    fn code_units_are_of_utf16() {
        let astral = ["d9a6736ec8761a30:1", "8633980bc5063e99:1", "f232f791fea1fc61:1", "771e474199a5c51a:1", "c129715d7a2bc9a3:1"];
        assert_eq!(all("𝔘𝔫𝔦 = \"𝒳\"\n😀😀\nnaïve ü\n𝔘𝔫𝔦 = \"𝒳\"\n"), astral);
        let invalid = ["344ff8d2f8858f87:1", "2091c552e20366f3:1", "719ad88e2491e8cf:1", "ddf15aa47bfe89f7:1", "c129715d7a2bc9a3:1"];
        assert_eq!(all(b"ok\n\xff\xfe bad \xe2\x82 x\n\xf0\x9f\x98 y\nok\n"), invalid);
        let mark = ["dd0ea1ee5fdae91a:1", "bb9181293489048f:1", "f24741a93d04f387:1", "c129715d7a2bc9a3:1"];
        assert_eq!(all("\u{feff}one\ntwo\none\n"), mark);
    }

    #[test]
    fn long_lines_and_repeated_ones() {
        let same = ["52b56201ffb58620:1", "52b56201ffb58620:2", "52b56201ffb58620:3", "52b56201ffb58620:4", "52b56201ffb58620:5"];
        let text = format!("{}\n", "x".repeat(120)).repeat(5);
        assert_eq!(all(&text), [&same[..], &["c129715d7a2bc9a3:1"]].concat());
        assert_eq!(line_hashes(text.as_bytes(), &[4, 2]), ["52b56201ffb58620:4", "52b56201ffb58620:2"]);
        let [a, b, c, d] = [("a", 150), ("b", 99), ("c", 100), ("d", 101)].map(|(text, times)| text.repeat(times));
        let long = ["871f6af4d0d4dd7c:1", "ff47544e6eb21c20:1", "776f3da80c8f5b74:1", "ef972701aa6c9a70:1", "819e358fe3527b34:1"];
        let text = format!("{a}\n{b}\n{c}\n{d}\nshort\n{a}\n{a}");
        assert_eq!(all(text), [&long[..], &["871f6af4d0d4dd7c:2", "871f6af4d0d4dd7c:3"]].concat());
        let skipped = ["7ccfa04147831bc6:1", "1e6227532aeafde4:1", "99e008eaea8cd3c:1", "ecaa393e8ad54149:1"];
        assert_eq!(all(format!("{}\r\nnext\r{}\r\ntail", "a b ".repeat(200), "q".repeat(300))), skipped);
    }

    #[test]
    fn lines_that_are_not_there() {
        assert_eq!(line_hashes(b"a", &[0, 2]), ["", ""]);
        assert_eq!(line_hashes(b"a", &[]), [""; 0]);
        assert_eq!(line_hashes(b"", &[1]), ["c129715d7a2bc9a3:1"]);
    }
}
