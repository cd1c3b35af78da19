//! What stands around a candidate. Owns: the words of its line, the line before and the line after, and what they speak of. Must not: look further.

use std::ops::Range;

use memchr::{memchr, memrchr};

use crate::detect::View;

/// Bytes of a line that are read, on each side.
const REACH: usize = 240;

/// What is read behind a value, at most: the rest of its line and the line after.
pub const SPAN: usize = 2 * REACH + 1;

/// What words speak of; each is a bit of a mask.
pub const TOPICS: usize = 8;
const USER: u8 = 1;
const HOST: u8 = 2;
const TESTING: u8 = 4;
const CODE: u8 = 8;
const EXAMPLE: u8 = 16;
const WRONG: u8 = 32;
const SECRET: u8 = 64;
const LABEL: u8 = 128;

/// Words in lower case, those of more than eight letters cut, with what they speak of.
#[rustfmt::skip]
const WORDS: [(&str, u8); 136] = [
    ("account", USER), ("actual", TESTING), ("addr", HOST), ("address", HOST), ("admin", USER), ("allow", TESTING), ("api", HOST),
    ("assert", TESTING), ("auth", SECRET), ("bad", WRONG), ("bearer", SECRET), ("broker", HOST), ("change", EXAMPLE), ("class", CODE),
    ("client", HOST), ("cluster", HOST), ("config", CODE), ("confirm", LABEL), ("connect", HOST), ("connecti", HOST), ("const", CODE),
    ("context", TESTING), ("cred", SECRET), ("credenti", SECRET), ("data", HOST), ("database", HOST), ("datasour", HOST), ("db", HOST),
    ("dbname", HOST), ("def", CODE), ("default", EXAMPLE), ("demo", EXAMPLE), ("describe", TESTING), ("descript", LABEL),
    ("domain", HOST), ("driver", HOST), ("dsn", HOST), ("dummy", EXAMPLE), ("eg", EXAMPLE), ("email", USER), ("empty", WRONG),
    ("end", CODE), ("endpoint", HOST), ("enter", LABEL), ("env", CODE), ("equal", TESTING), ("error", WRONG), ("errors", WRONG),
    ("example", EXAMPLE), ("examples", EXAMPLE), ("expect", TESTING), ("expected", TESTING), ("export", CODE), ("fail", WRONG),
    ("failed", WRONG), ("fails", WRONG), ("fake", EXAMPLE), ("false", CODE), ("field", LABEL), ("final", CODE), ("foo", EXAMPLE),
    ("for", CODE), ("func", CODE), ("function", CODE), ("generate", EXAMPLE), ("get", CODE), ("given", TESTING), ("hint", LABEL),
    ("host", HOST), ("hostname", HOST), ("id", USER), ("if", CODE), ("import", CODE), ("incorrec", WRONG), ("input", LABEL),
    ("instead", EXAMPLE), ("invalid", WRONG), ("it", TESTING), ("jdbc", HOST), ("key", SECRET), ("label", LABEL), ("let", CODE),
    ("localhos", HOST), ("login", USER), ("mail", USER), ("message", LABEL), ("method", CODE), ("missing", WRONG), ("mock", TESTING),
    ("must", WRONG), ("my", EXAMPLE), ("name", USER), ("new", CODE), ("nil", CODE), ("not", WRONG), ("null", CODE), ("param", CODE),
    ("pass", SECRET), ("password", SECRET), ("placehol", LABEL), ("port", HOST), ("private", CODE), ("protecte", CODE), ("public", CODE),
    ("pwd", SECRET), ("raise", WRONG), ("raises", WRONG), ("replace", EXAMPLE), ("required", WRONG), ("return", CODE), ("returns", CODE),
    ("sample", EXAMPLE), ("secret", SECRET), ("server", HOST), ("should", TESTING), ("some", EXAMPLE), ("spec", TESTING),
    ("static", CODE), ("string", CODE), ("stub", TESTING), ("test", TESTING), ("tests", TESTING), ("text", LABEL), ("throws", WRONG),
    ("title", LABEL), ("token", SECRET), ("true", CODE), ("type", LABEL), ("uri", HOST), ("url", HOST), ("usage", EXAMPLE),
    ("user", USER), ("username", USER), ("var", CODE), ("wrong", WRONG), ("your", EXAMPLE),
];

/// The words as numbers, in order.
const KEYS: [u64; WORDS.len()] = {
    let mut keys = [0; WORDS.len()];
    let mut at = 0;
    while at < WORDS.len() {
        keys[at] = key(WORDS[at].0.as_bytes());
        at += 1;
    }
    keys
};

/// Up to eight letters as a number that keeps the order of words.
const fn key(word: &[u8]) -> u64 {
    let mut key = 0;
    let mut at = 0;
    while at < 8 {
        key = key << 8 | if at < word.len() { word[at] as u64 } else { 0 };
        at += 1;
    }
    key
}

/// The text around a candidate.
#[derive(Debug, Clone, Copy)]
pub struct Around<'v> {
    /// Its line before the name.
    pub head: &'v [u8],
    /// Its line after the value.
    pub tail: &'v [u8],
    /// The line before.
    pub above: &'v [u8],
    /// The line after.
    pub below: &'v [u8],
}

impl<'v> Around<'v> {
    /// Cuts the text around the name that starts at `name` and the value at `value`.
    #[must_use]
    pub fn of(view: &View<'v>, name: usize, value: &Range<usize>) -> Self {
        let bytes = view.bytes;
        let line_before = |end: usize| {
            let window = end.saturating_sub(REACH)..end;
            let start = memrchr(b'\n', &bytes[window.clone()]).map_or(window.start, |at| window.start + at + 1);
            start..end
        };
        let line_after = |start: usize| {
            let window = start.min(bytes.len())..bytes.len().min(start + REACH);
            let end = memchr(b'\n', &bytes[window.clone()]).map_or(window.end, |at| window.start + at);
            window.start..end
        };
        let head = line_before(name.min(value.start));
        let tail = line_after(value.end);
        let above = if head.start > 0 && bytes[head.start - 1] == b'\n' { line_before(head.start - 1) } else { 0..0 };
        let below = if bytes.get(tail.end) == Some(&b'\n') { line_after(tail.end + 1) } else { 0..0 };
        Self { head: &bytes[head], tail: &bytes[tail], above: &bytes[above], below: &bytes[below] }
    }
}

/// What the words of `text` speak of, a bit each.
#[must_use]
pub fn topics(text: &[u8]) -> u8 {
    let mut topics = 0;
    let mut word = 0_u64;
    let mut length = 0_u32;
    let mut last = 0;
    for &byte in text.iter().chain(b" ") {
        let starts = byte.is_ascii_uppercase() && last > b'Z';
        if length > 0 && (starts || !byte.is_ascii_alphabetic()) {
            let left = word << (8 * 8_u32.saturating_sub(length));
            if let Ok(at) = KEYS.binary_search(&left) {
                topics |= WORDS[at].1;
            }
            (word, length) = (0, 0);
        }
        if byte.is_ascii_alphabetic() {
            if length < 8 {
                word = word << 8 | u64::from(byte | 0x20);
            }
            length += 1;
        }
        last = byte;
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;
    use bstr::BStr;

    #[test]
    fn words_are_sorted() {
        assert!(KEYS.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn words_speak_of_something() {
        assert_eq!(topics(b"db.userName = 'x'"), HOST | USER);
        assert_eq!(topics(b"INVALID credentials"), WRONG | SECRET);
        assert_eq!(topics(b"xuser users"), 0);
    }

    #[test]
    fn lines_around_are_cut() {
        let text = "zero\none\nab name = value;\ntwo\nthree";
        let view = View { bytes: text.as_bytes(), path: BStr::new("a"), binary: false, depth: 0 };
        let (name, value) = (text.find("name").unwrap(), text.find("value").unwrap());
        let around = Around::of(&view, name, &(value..value + 5));
        assert_eq!((around.head, around.tail), (&b"ab "[..], &b";"[..]));
        assert_eq!((around.above, around.below), (&b"one"[..], &b"two"[..]));
    }
}
