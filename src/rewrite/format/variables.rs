//! Files of environment variables as `unleak run --env-file` hands them on. Owns: what a line gives its variable, and where readers of such files
//! disagree too much to say. Must not: ask the environment or a store.

use super::dotenv::{self, Dotenv};
use crate::rewrite::code::next_line;

/// A variable of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What its value is put together from.
    pub value: Vec<Piece>,
}

/// A part of a value.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// The value of another variable: `${NAME}` and `${NAME:-default}`.
    Other {
        /// Its name.
        name: String,
        /// What stands for it where it is unset or empty.
        default: String,
    },
}

const NO_VARIABLE: &str = "it is not NAME=VALUE";
const OPEN: &str = "a quote does not end, or has more after it";
const DOLLAR: &str = "readers of such files disagree about this $; write ${NAME}, or the value in single quotes";
const BACKSLASH: &str = "readers of such files disagree about this backslash; write it otherwise";

/// The variables of a file, in order. The last part of its path says how Docker's are told from others.
///
/// # Errors
/// A line, from 1, and what is wrong with it; never its text.
pub fn read(path: &str, text: &str) -> Result<Vec<Variable>, (usize, &'static str)> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let file = Dotenv { docker: dotenv::is_docker(&name) };
    let mut variables = Vec::new();
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    while at < text.len() {
        let wrong = |error| (1 + text[..at].matches('\n').count(), error);
        if let Some(entry) = file.entry(text, at) {
            let value = value(&text[entry.token.clone()], file.docker).map_err(wrong)?;
            variables.push(Variable { name: entry.key.to_owned(), value });
            at = entry.end;
        } else {
            let end = next_line(text, at);
            let line = text[at..end].trim();
            if !line.is_empty() && !line.starts_with('#') {
                return Err(wrong(NO_VARIABLE));
            }
            at = end;
        }
    }
    Ok(variables)
}

/// The names that a file of variables sets; none for other files, and for examples of such files.
#[must_use]
pub fn set_in(path: &str, text: &str) -> Vec<String> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let is_example = || ["example", "sample", "template", "dist"].iter().any(|word| name.contains(word));
    if !(dotenv::is(&name) || dotenv::is_docker(&name)) || is_example() {
        return Vec::new();
    }
    Dotenv { docker: dotenv::is_docker(&name) }.entries(text).iter().map(|entry| entry.key.to_owned()).collect()
}

/// What a value with its quotes stands for.
fn value(token: &str, docker: bool) -> Result<Vec<Piece>, &'static str> {
    let quote = token.chars().next().filter(|first| !docker && matches!(first, '"' | '\'' | '`'));
    let Some(quote) = quote else {
        return if docker { Ok(vec![Piece::Text(token.to_owned())]) } else { pieces(token, false) };
    };
    let inside = token[1..].strip_suffix(quote).filter(|inside| !is_left_open(inside, quote)).ok_or(OPEN)?.replace("\r\n", "\n");
    match quote {
        '"' => pieces(&inside, true),
        '\'' if inside.contains("\\'") => Err(BACKSLASH),
        _ => Ok(vec![Piece::Text(inside)]),
    }
}

/// Whether the quote ends before the end of what is between.
fn is_left_open(inside: &str, quote: char) -> bool {
    let mut escaped = false;
    let ends_early = inside.chars().any(|character| {
        let ends = character == quote && !escaped;
        escaped = character == '\\' && !escaped && quote != '`';
        ends
    });
    ends_early || escaped
}

/// Text with other variables in it, with the escapes of double quotes or without any.
fn pieces(text: &str, escapes: bool) -> Result<Vec<Piece>, &'static str> {
    let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = after;
        match first {
            '\\' if escapes => {
                let sign = after.chars().next().ok_or(BACKSLASH)?;
                plain.push(match sign {
                    'n' => '\n',
                    'r' => '\r',
                    '"' | '\\' | '$' => sign,
                    _ => return Err(BACKSLASH),
                });
                rest = &after[sign.len_utf8()..];
            }
            '$' if after.starts_with('{') => {
                let (inside, behind) = after[1..].split_once('}').ok_or(DOLLAR)?;
                let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
                if !is_name(name) || default.contains(['$', '\\', '"']) {
                    return Err(DOLLAR);
                }
                pieces.extend((!plain.is_empty()).then(|| Piece::Text(std::mem::take(&mut plain))));
                pieces.push(Piece::Other { name: name.to_owned(), default: default.to_owned() });
                rest = behind;
            }
            '$' if after.starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '_' | '(')) => return Err(DOLLAR),
            other => plain.push(other),
        }
    }
    pieces.extend((!plain.is_empty()).then_some(Piece::Text(plain)));
    Ok(pieces)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        let variables = read("app/.env", line).unwrap_or_else(|error| panic!("{line}: {error:?}"));
        let [Variable { name, value }] = variables.as_slice() else { panic!("{line}: {variables:?}") };
        assert_eq!(name, "A", "{line}");
        value.iter().map(|piece| if let Piece::Text(text) = piece { text.as_str() } else { panic!("{line}: {piece:?}") }).collect()
    }

    #[test]
    fn a_line_is_what_most_readers_make_of_it() {
        let lines = [
            ("A=b", "b"),
            ("\u{feff}A=b\r\n", "b"),
            ("  export A = b # comment", "b"),
            ("A=", ""),
            ("A=hello, world", "hello, world"),
            ("A=it's fine", "it's fine"),
            ("A={\"a\": 1}", "{\"a\": 1}"),
            ("A=C:\\Users\\new", "C:\\Users\\new"),
            ("A=x#y", "x#y"),
            ("A=5$ and $5", "5$ and $5"),
            ("A='pa$word $(x)' # comment", "pa$word $(x)"),
            ("A=\"x \\\"y\\\" \\$z\\n\"", "x \"y\" $z\n"),
            ("A=\"1\r\n2\"", "1\n2"),
            ("A=`ref+unleak://x`", "ref+unleak://x"),
            ("# comment\n\nA=日本", "日本"),
        ];
        for (line, expected) in lines {
            assert_eq!(value(line), expected, "{line}");
        }
        let docker = read("docker.env", "A=\"x\" # $y").unwrap();
        assert_eq!(docker, [Variable { name: "A".to_owned(), value: vec![Piece::Text("\"x\" # $y".to_owned())] }]);
    }

    #[test]
    fn names_are_those_of_real_files() {
        let text = "A=1\nnot a line\nexport B='x\ny'\n";
        assert_eq!(set_in("app/.env.local", text), ["A", "B"]);
        for other in [".env.example", "a.py"] {
            assert!(set_in(other, text).is_empty(), "{other}");
        }
    }

    #[test]
    fn others_are_named_by_a_value() {
        let read = read(".env", "A=x${B}/${C_1:-d e}").unwrap();
        let other = |name: &str, default: &str| Piece::Other { name: name.to_owned(), default: default.to_owned() };
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(read[0].value, [text("x"), other("B", ""), text("/"), other("C_1", "d e")]);
    }

    #[test]
    fn where_readers_disagree_the_line_is_told_and_not_its_text() {
        for (line, expected) in [
            ("A", NO_VARIABLE),
            ("A: b", NO_VARIABLE),
            ("A=$B", DOLLAR),
            ("A=\"x$B\"", DOLLAR),
            ("A=$(date)", DOLLAR),
            ("A=${B", DOLLAR),
            ("A=${B:?no}", DOLLAR),
            ("A=\"b", OPEN),
            ("A=\"a\"b", OPEN),
            ("A='a'b'", OPEN),
            ("A=\"a\\tb\"", BACKSLASH),
            ("A='a\\'b'", BACKSLASH),
        ] {
            assert_eq!(read(".env", &format!("Z=1\n{line}\n")), Err((2, expected)), "{line}");
        }
    }
}
