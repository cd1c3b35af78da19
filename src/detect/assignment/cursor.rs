//! Walking over text. Owns: the cursor, quotes in all their spellings. Must not: know names, operators or credentials.

use std::ops::Range;

/// Blanks skipped at a time, at most: columns are aligned, but not across a page.
pub const MAX_BLANKS: usize = 80;
/// Bytes of a quoted text, at most.
pub const MAX_QUOTED: usize = 4096;

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'v> {
    bytes: &'v [u8],
    /// The byte that is looked at next.
    pub at: usize,
}

/// An opening quote as it is spelled: `"`, `'''`, `\"`, `&quot;`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote<'v> {
    /// The spelling.
    pub text: &'v [u8],
    /// The character that it stands for.
    pub mark: u8,
}

impl Quote<'_> {
    /// Whether a text in such quotes may have several lines.
    #[must_use]
    pub const fn spans_lines(&self) -> bool {
        self.text.len() == 3 || self.mark == b'`'
    }

    /// Whether the quote is a character of an outer quoted text, so escaped or doubled.
    #[must_use]
    pub const fn is_nested(&self) -> bool {
        self.text.len() > 1 && self.text.len() != 3
    }
}

const ENTITIES: [(&[u8], u8); 8] = [
    (b"&quot;", b'"'),
    (b"&#34;", b'"'),
    (b"&#x22;", b'"'),
    (b"&apos;", b'\''),
    (b"&#39;", b'\''),
    (b"&#x27;", b'\''),
    ("\u{201c}".as_bytes(), b'"'),
    ("\u{2018}".as_bytes(), b'\''),
];

impl<'v> Cursor<'v> {
    /// A cursor at `at`; nothing behind the end of `bytes` is looked at.
    #[must_use]
    pub const fn new(bytes: &'v [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// What is left.
    #[must_use]
    pub fn rest(&self) -> &'v [u8] {
        &self.bytes[self.at.min(self.bytes.len())..]
    }

    /// The text that it walks over.
    #[must_use]
    pub const fn text(&self) -> &'v [u8] {
        self.bytes
    }

    /// The text from `start` up to the cursor.
    #[must_use]
    pub fn between(&self, start: usize) -> &'v [u8] {
        &self.bytes[start..self.at]
    }

    /// The next byte.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The byte `ahead` of the next one.
    #[must_use]
    pub fn ahead(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Steps over `text` if it comes next.
    pub fn eat(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Steps over `word`, in any case, if it comes next and no letter follows.
    pub fn eat_word(&mut self, word: &[u8]) -> bool {
        let rest = self.rest();
        let found = rest.len() >= word.len()
            && rest[..word.len()].eq_ignore_ascii_case(word)
            && rest.get(word.len()).is_none_or(|next| !next.is_ascii_alphanumeric());
        if found {
            self.at += word.len();
        }
        found
    }

    /// Steps over spaces and tabs and says how many they were.
    pub fn blanks(&mut self) -> usize {
        let count = self.rest().iter().take(MAX_BLANKS).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.at += count;
        count
    }

    /// Steps over a line end and the blanks around it, if one comes next.
    pub fn line_end(&mut self) -> bool {
        let mut next = *self;
        next.blanks();
        next.eat(b"\r");
        if !next.eat(b"\n") {
            return false;
        }
        next.blanks();
        *self = next;
        true
    }

    /// Steps over an opening quote.
    pub fn quote(&mut self) -> Option<Quote<'v>> {
        let rest = self.rest();
        let (length, mark) = match *rest.first()? {
            mark @ (b'"' | b'\'' | b'`') => {
                let run = rest.iter().take(9).take_while(|&&byte| byte == mark).count();
                let filled = rest.get(run).is_some_and(u8::is_ascii_alphanumeric);
                (if run == 3 || run % 2 == 0 && run <= 8 && filled { run } else { 1 }, mark)
            }
            b'\\' => {
                let slashes = rest.iter().take(9).take_while(|&&byte| byte == b'\\').count();
                match *rest.get(slashes)? {
                    mark @ (b'"' | b'\'') => (slashes + 1, mark),
                    b'u' if rest[slashes..].starts_with(b"u0022") => (slashes + 5, b'"'),
                    _ => return None,
                }
            }
            b'&' | 0xE2 => ENTITIES.iter().find(|(text, _)| rest.starts_with(text)).map(|&(text, mark)| (text.len(), mark))?,
            _ => return None,
        };
        self.at += length;
        Some(Quote { text: &rest[..length], mark })
    }

    /// Steps over the rest of a quoted text and its closing quote, and says where the text stands. None where it does not end.
    pub fn quoted(&mut self, quote: Quote<'_>) -> Option<Range<usize>> {
        let start = self.at;
        let text = &self.rest()[..self.rest().len().min(MAX_QUOTED)];
        let length = match quote.text {
            [mark] => plain_length(text, *mark)?,
            [0xE2, ..] => text.iter().position(|&byte| byte == 0xE2 || byte == b'\n').filter(|&end| text[end] != b'\n')?,
            [b'\\', ..] => escaped_length(text, quote)?,
            _ => {
                let end = memchr::memmem::find(text, quote.text)?;
                let one_line = quote.text.len() != 3;
                (!one_line || memchr::memchr(b'\n', &text[..end]).is_none()).then_some(end)?
            }
        };
        self.at = (start + length + quote.text.len()).min(self.bytes.len());
        Some(start..start + length)
    }
}

/// Bytes before the closing `mark`: escapes are stepped over, and so are doubled single quotes.
fn plain_length(text: &[u8], mark: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' if mark != b'`' => return None,
            b'\'' if mark == b'\'' && at > 0 && text.get(at + 1) == Some(&b'\'') => at += 2,
            _ if byte == mark => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// Bytes before the closing quote of a text inside a text: the one with just as many backslashes.
fn escaped_length(text: &[u8], quote: Quote<'_>) -> Option<usize> {
    let slashes = quote.text.iter().take_while(|&&byte| byte == b'\\').count();
    let tail = &quote.text[slashes..];
    let mut at = 0;
    loop {
        let start = at;
        while text.get(at) == Some(&b'\\') {
            at += 1;
        }
        let found = at - start;
        if text.get(at..)?.starts_with(tail) && (found > 0 || tail.len() == 1) {
            match found.cmp(&slashes) {
                std::cmp::Ordering::Less => return None,
                std::cmp::Ordering::Equal => return Some(start),
                std::cmp::Ordering::Greater => {}
            }
        }
        if *text.get(at)? == b'\n' {
            return None;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> Option<&str> {
        let mut cursor = Cursor::new(text.as_bytes(), 0);
        let quote = cursor.quote()?;
        cursor.quoted(quote).map(|span| &text[span])
    }

    #[test]
    fn every_spelling_of_quotes() {
        assert_eq!(quoted(r#""a\"b" c"#), Some(r#"a\"b"#));
        assert_eq!(quoted("'it''s' c"), Some("it''s"));
        assert_eq!(quoted("''x'' c"), Some("x"));
        assert_eq!(quoted("'' c"), Some(""));
        assert_eq!(quoted("\"\"\"a\nb\"\"\" c"), Some("a\nb"));
        assert_eq!(quoted(r#"\"x\", \"y\""#), Some("x"));
        assert_eq!(quoted(r#"\\\"x\\\" \"y\""#), Some("x"));
        assert_eq!(quoted("&quot;x&quot; y"), Some("x"));
        assert_eq!(quoted("\u{201c}x\u{201d}"), Some("x"));
        assert_eq!(quoted("\\u0022x\\u0022"), Some("x"));
        assert_eq!(quoted("`a\nb`"), Some("a\nb"));
    }

    #[test]
    fn what_does_not_end_is_nothing() {
        assert_eq!(quoted("\"abc"), None);
        assert_eq!(quoted("\"a\nb\""), None);
        assert_eq!(quoted(r#"\"abc" d"#), None);
    }
}
