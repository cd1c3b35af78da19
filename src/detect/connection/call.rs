//! Functions that connect and take user and password as arguments. Owns: reading argument lists. Must not: judge the password.

use std::ops::Range;

use bstr::BStr;

use super::REACH;
use crate::blob::visible;
use crate::detect::Sink;
use crate::detect::credential::{self, Login};
use crate::detect::run::on;

/// Place of the password among the arguments; the user stands before it.
const PASSWORD: usize = 2;

/// Looks at the `name(` at `hit`: `new PDO(dsn, user, password)`, `mysqli_connect(host, user, password)` and their like.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let bytes = sink.view.bytes;
    let mut user: &[u8] = b"";
    let mut at = hit.end;
    let limit = bytes.len().min(hit.end + REACH);
    for place in 0..=PASSWORD {
        at += on(bytes, at, REACH, |byte| byte.is_ascii_whitespace());
        let Some((literal, end)) = argument(&bytes[..limit], at) else { return };
        if place == PASSWORD {
            if let Some(password) = literal.filter(|range| !range.is_empty()) {
                propose(sink, password, user);
            }
            return;
        }
        if let Some(literal) = literal.filter(|_| place + 1 == PASSWORD) {
            user = &bytes[literal];
        }
        if bytes.get(end) != Some(&b',') {
            return;
        }
        at = end + 1;
    }
}

/// The argument at `at`: its text where it is one string literal, and the offset of the `,` or `)` behind it.
fn argument(bytes: &[u8], at: usize) -> Option<(Option<Range<usize>>, usize)> {
    let mut depth = 0;
    let mut literals = Vec::new();
    let mut index = at;
    while let Some(&byte) = bytes.get(index) {
        match byte {
            b'"' | b'\'' => {
                let start = index + 1;
                let mut end = start;
                while *bytes.get(end)? != byte {
                    end += 1 + usize::from(bytes[end] == b'\\');
                }
                literals.push(start..end);
                index = end;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b',' | b')' if depth == 0 => {
                let whole = literals.pop().filter(|literal| {
                    literals.is_empty() && literal.start == at + 1 && bytes[literal.end + 1..index].trim_ascii().is_empty()
                });
                return Some((whole, index));
            }
            b')' | b']' | b'}' => depth -= 1,
            b';' if depth == 0 => return None,
            _ => {}
        }
        index += 1;
    }
    None
}

fn propose(sink: &mut Sink<'_, '_>, password: Range<usize>, user: &[u8]) {
    sink.propose_as("database-connect-call", password, |candidate| {
        if !user.is_empty() {
            candidate.facts.push(("user", visible(BStr::new(user))));
        }
        credential::judge_password(candidate, Login { user, host: b"" });
    });
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::{found, secret};

    #[test]
    fn the_third_argument_is_the_password() {
        for text in [
            "new PDO(\"mysql:host=$h;dbname=x\", 'app', '§')",
            "mysqli_connect($config['host'], f(1, 2), \"§\", \"shop\")",
            "DriverManager.getConnection(\n  \"jdbc:x\",\n  \"app\",\n  \"§\")",
        ] {
            assert_eq!(found(&["database-"], text), [("database-connect-call".to_owned(), secret())], "{text}");
        }
        for text in [
            "mysqli_connect('a', 'b')",
            "mysqli_connect('a', 'b', $x . '§')",
            "mysqli_connect('a', 'b', f('§'))",
            "mysqli_connect('a', \"unterminated",
            "mysqli_connect('a', 'b\\",
            "mysqli_connect(",
        ] {
            assert_eq!(found(&["database-"], text), [], "{text}");
        }
    }
}
