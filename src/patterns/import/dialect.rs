//! Expressions in Go's, RE2's and PCRE's spelling. Owns: spelling them for `regex-syntax`. Must not: change what they match.

use std::iter::Peekable;
use std::str::Chars;

/// The expression as `regex-syntax` reads it, and what had to be taken another way. What cannot be said there stays as it is, for the
/// parser to refuse.
#[must_use]
pub fn translate(text: &str) -> (String, Vec<&'static str>) {
    let mut writer = Writer { chars: text.chars().peekable(), out: String::new(), remarks: Vec::new(), verbose: false };
    writer.run();
    writer.remarks.sort_unstable();
    writer.remarks.dedup();
    (writer.out, writer.remarks)
}

struct Writer<'t> {
    chars: Peekable<Chars<'t>>,
    out: String,
    remarks: Vec<&'static str>,
    /// Whether blanks and comments count for nothing, as `(?x)` says.
    verbose: bool,
}

impl Writer<'_> {
    fn run(&mut self) {
        // Whether something stands before that a repetition can repeat.
        let mut repeatable = false;
        while let Some(next) = self.chars.next() {
            match next {
                '\\' => self.escape(),
                '[' => self.class(),
                '{' => {
                    if !(repeatable && self.is_counted()) {
                        self.out.push('\\');
                    }
                    self.out.push('{');
                }
                '#' if self.verbose => {
                    self.chars.by_ref().take_while(|&skipped| skipped != '\n').for_each(drop);
                    continue;
                }
                '(' => {
                    self.out.push('(');
                    self.note_flags();
                }
                other => self.out.push(other),
            }
            repeatable = !matches!(next, '(' | '|' | '^');
        }
    }

    /// Whether `n}`, `n,}` or `n,m}` comes next.
    fn is_counted(&self) -> bool {
        let inside: String = self.chars.clone().take_while(|&next| next != '}').take(12).collect();
        let closed = self.chars.clone().nth(inside.chars().count()) == Some('}');
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (min, max) = inside.split_once(',').unwrap_or((&inside, ""));
        closed && is_number(min) && (max.is_empty() || is_number(max))
    }

    /// Notes whether the group that starts switches blanks off.
    fn note_flags(&mut self) {
        let mut ahead = self.chars.clone();
        if ahead.next() == Some('?') {
            let flags: String = ahead.take_while(char::is_ascii_alphabetic).collect();
            let ends = self.chars.clone().nth(1 + flags.len());
            if flags.contains('x') && matches!(ends, Some(')' | ':' | '-')) {
                self.verbose = true;
            }
        }
    }

    fn escape(&mut self) {
        match self.chars.next() {
            Some('Q') => self.quoted(),
            // Ends of a quotation that was not begun say nothing.
            Some('E') => {}
            // Where `regex-syntax` has word boundaries, the others have the characters.
            Some(angle @ ('<' | '>')) => self.out.push(angle),
            Some('Z') => {
                self.remarks.push("`\\Z` is taken as `\\z`");
                self.out.push_str("\\z");
            }
            Some('e') => self.out.push_str("\\x1B"),
            Some(other) => {
                self.out.extend(['\\', other]);
                if matches!(other, 'x' | 'p' | 'P') && self.chars.peek() == Some(&'{') {
                    let name = self.braced();
                    self.out.push_str(&name);
                }
            }
            None => self.out.push('\\'),
        }
    }

    /// The rest of the text up to a closing brace, with it.
    fn braced(&mut self) -> String {
        let mut text = String::new();
        while let Some(inner) = self.chars.next_if(|&inner| inner != '}') {
            text.push(inner);
        }
        text.extend(self.chars.next());
        text
    }

    /// The text of `\Q…\E`.
    fn quoted(&mut self) {
        while let Some(next) = self.chars.next() {
            if next == '\\' && self.chars.peek() == Some(&'E') {
                self.chars.next();
                return;
            }
            self.out.push_str(&regex_syntax::escape(next.encode_utf8(&mut [0; 4])));
        }
    }

    /// A class, `[` read already. Only there do brackets, `&`, `~` and `-` mean more to `regex-syntax` than to others.
    fn class(&mut self) {
        self.out.push('[');
        if self.chars.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        while let Some(next) = self.chars.next() {
            if next == ']' && !first {
                self.out.push(']');
                return;
            }
            first = false;
            let (low, is_set) = self.member(next);
            self.out.push_str(&low);
            let mut ahead = self.chars.clone();
            let is_range = !is_set && ahead.next() == Some('-') && ahead.next().is_some_and(|end| end != ']');
            if is_range {
                self.chars.next();
                self.out.push('-');
                if let Some(end) = self.chars.next() {
                    let (high, _) = self.member(end);
                    self.out.push_str(&high);
                }
            }
        }
    }

    /// One member of a class, and whether it stands for several characters.
    fn member(&mut self, next: char) -> (String, bool) {
        match next {
            '[' if self.chars.peek() == Some(&':') => {
                let mut text = String::from("[");
                while let Some(inner) = self.chars.next_if(|&inner| inner != ']') {
                    text.push(inner);
                }
                text.extend(self.chars.next());
                (text, true)
            }
            '\\' => match self.chars.next() {
                Some(angle @ ('<' | '>')) => (angle.to_string(), false),
                Some('e') => ("\\x1B".to_owned(), false),
                Some('x') => (self.hexadecimal(), false),
                Some(set @ ('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P')) => (format!("\\{set}"), true),
                // In a class `\b` is the backspace, for those who have it at all.
                Some('b') => ("\\x08".to_owned(), false),
                Some(other) => (format!("\\{other}"), false),
                None => ("\\".to_owned(), false),
            },
            '[' | ']' | '&' | '~' | '-' => (format!("\\{next}"), false),
            other => (other.to_string(), false),
        }
    }

    /// `\x41` or `\x{41}`, the `\x` read already.
    fn hexadecimal(&mut self) -> String {
        let mut text = String::from("\\x");
        if self.chars.peek() == Some(&'{') {
            text.push_str(&self.braced());
        } else {
            for _ in 0..2 {
                text.extend(self.chars.next_if(char::is_ascii_hexdigit));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::bytes::Regex;

    fn spelled(text: &str) -> String {
        translate(text).0
    }

    fn matches(expression: &str, text: &str) -> bool {
        Regex::new(&spelled(expression)).unwrap_or_else(|error| panic!("{expression}: {error}")).is_match(text.as_bytes())
    }

    #[test]
    fn what_means_the_same_stays() {
        for same in [r"(?i)\bkey\s*[:=]\s*([a-z0-9]{32})\b", r"a{2}b{2,}c{2,3}?", r"(?P<n>x)|\x60\.\/", r"[[:alnum:]_a-f\d]"] {
            assert_eq!(spelled(same), same);
        }
    }

    #[test]
    fn braces_that_count_nothing_are_text() {
        assert!(matches(r#"^{"key": "x{1,2}"}$"#, r#"{"key": "xx"}"#));
        assert!(matches(r"^a{,3}$", "a{,3}"));
        assert!(matches(r"^({a})$", "{a}"));
        assert!(matches(r"^\x{41}{2}$", "AA"));
        assert!(matches(r"^\p{Greek}{2}$", "\u{3b1}\u{3b2}"));
    }

    #[test]
    fn classes_are_flat() {
        assert!(matches(r"^[a[]$", "["));
        assert!(matches(r"^[a&&b]$", "&"));
        assert!(matches(r"^[a~~b]$", "~"));
        assert!(matches(r"^[\w-.]$", "-"));
        assert!(matches(r"^[+--]$", ","));
        assert!(matches(r"^[^]a]$", "b") && !matches(r"^[^]a]$", "]"));
        assert!(matches(r"^[\x2b-\x2d]$", ","));
        assert!(matches(r"^[\x{2b}-]$", "-"));
        assert!(matches(r"^[\<\>]$", "<"));
    }

    #[test]
    fn quotations_and_ends() {
        assert!(matches(r"^\Qa.b\E.$", "a.bc") && !matches(r"^\Qa.b\E$", "axb"));
        assert!(matches(r"^\<a\>$", "<a>"));
        assert_eq!(translate(r"a\Z"), (r"a\z".to_owned(), vec![r"`\Z` is taken as `\z`"]));
    }

    #[test]
    fn comments_of_verbose_expressions_go() {
        assert!(matches("(?x) ^ a # [ ( {\n b $", "ab"));
        assert!(matches("^(?i)a#b$", "A#B"));
    }
}
