//! Lists of arguments and of values. Owns: where each of them ends. Must not: know calls or names.

use std::ops::Range;

use super::cursor::Cursor;

/// Bytes of an argument, at most.
const LONGEST: usize = 2048;

/// An argument, without the blanks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Where it stands.
    pub span: Range<usize>,
    /// Whether it is the last one.
    pub last: bool,
}

/// The argument at the cursor, which is left behind the comma or the bracket after it. None where no list goes on here.
#[must_use]
pub fn next(cursor: &mut Cursor<'_>) -> Option<Argument> {
    skip_space(cursor);
    let start = cursor.at;
    let mut depth = 0_usize;
    while cursor.at < start + LONGEST {
        let byte = cursor.peek()?;
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b',' | b')' if depth == 0 => {
                let text = cursor.between(start).trim_ascii_end().len();
                cursor.at += 1;
                return Some(Argument { span: start..start + text, last: byte == b')' });
            }
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b';' => return None,
            _ => {
                if let Some(quote) = cursor.quote() {
                    cursor.quoted(quote)?;
                    continue;
                }
            }
        }
        cursor.at += 1;
    }
    None
}

/// Steps over blanks and line ends.
pub fn skip_space(cursor: &mut Cursor<'_>) {
    while cursor.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
        cursor.at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&str> {
        let mut cursor = Cursor::new(text.as_bytes(), 0);
        let mut found = Vec::new();
        while let Some(argument) = next(&mut cursor) {
            found.push(&text[argument.span]);
            if argument.last {
                break;
            }
        }
        found
    }

    #[test]
    fn arguments_end_at_commas_of_their_own() {
        assert_eq!(all("a, b )"), ["a", "b"]);
        assert_eq!(all("{ a: 1, b: f(2, 3) },\n  'x, )' )"), ["{ a: 1, b: f(2, 3) }", "'x, )'"]);
        assert_eq!(all(r"1, \'a,b\', NOW())"), ["1", r"\'a,b\'", "NOW()"]);
        assert_eq!(all("'it''s', '')"), ["'it''s'", "''"]);
        assert_eq!(all(")"), [""]);
        for text in ["a; b, c", "'a", "a", "]", ""] {
            assert_eq!(all(text), [""; 0], "{text}");
        }
    }
}
