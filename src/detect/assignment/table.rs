//! Tables with a column of passwords: CSV whose first line names its columns, tables of Markdown and Gherkin, the secrets of PPP. Owns: which cell
//! belongs to which column. Must not: judge.

use std::ops::Range;

use super::cursor::Cursor;
use super::literal::Literal;
use super::name::{self, Class};
use super::operator::Place;
use crate::file_kind::FileKind;

/// Bytes of a table that are read.
const TABLE: usize = 16 * 1024;
/// Bytes of the line with the names of the columns, at most.
const HEADER: usize = 1024;
/// Columns of a table, at most.
const COLUMNS: usize = 64;
/// Bytes of the name of a column, at most.
const NAME: usize = 40;
/// Words of the columns that say whose the passwords are.
const OWNERS: [&[u8]; 9] = [b"user", b"login", b"mail", b"name", b"host", b"url", b"account", b"server", b"client"];

/// What stands between the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Apart {
    /// A sign.
    By(u8),
    /// A sign, also before the first cell and behind the last.
    Framed,
    /// Blanks.
    Blanks,
}

/// Calls `each` for the cells below the name at `place`, if that is the column of a table. Gives whether it is, and some cells with it.
pub fn read(bytes: &[u8], place: &Place<'_>, each: &mut dyn FnMut(Literal)) -> bool {
    let Some(start) = line_start(place.before()) else { return false };
    let Some(apart) = apart(place, start) else { return false };
    let bytes = &bytes[..bytes.len().min(start + TABLE)];
    let header = line(bytes, start);
    if header.len() > HEADER || header.end == bytes.len() {
        return false;
    }
    let names = cells(bytes, header.clone(), apart);
    let Some(column) = names.iter().position(|cell| cell.span.contains(&place.name.start)) else { return false };
    let is_table = names.len() > 1
        && names.len() <= COLUMNS
        && names.iter().all(|cell| is_name(&bytes[cell.span.clone()]))
        && names.iter().any(|cell| is_owner(&bytes[cell.span.clone()]))
        && names[column].span == place.name
        && name::read(place.text()).is_some_and(|name| name.denies.is_none() && (name.class == Class::Password || apart == Apart::Blanks));
    is_table && rows(bytes, place, header.end, apart, (column, names.len()), each)
}

/// Reads the rows behind the line that ends at `at`.
fn rows(
    bytes: &[u8],
    place: &Place<'_>,
    mut at: usize,
    apart: Apart,
    (column, count): (usize, usize),
    each: &mut dyn FnMut(Literal),
) -> bool {
    let mut found = false;
    while at < bytes.len() {
        let row = line(bytes, at + 1);
        at = row.end;
        place.looked(at + 1);
        let text = bytes[row.clone()].trim_ascii();
        let passed_over = match apart {
            Apart::Framed => text.iter().all(|byte| b"|-: +".contains(byte)) && !text.is_empty(),
            Apart::Blanks => text.is_empty() || text.starts_with(b"#"),
            Apart::By(_) => false,
        };
        if passed_over {
            continue;
        }
        let mut cells = cells(bytes, row, apart);
        let fits = if apart == Apart::Blanks { cells.len() > column } else { cells.len() == count };
        if !fits || apart == Apart::Framed && !text.starts_with(b"|") {
            break;
        }
        found = true;
        let cell = cells.swap_remove(column);
        if !cell.span.is_empty() {
            each(cell);
        }
    }
    found
}

/// Where the line starts that `before` ends with, if it is not too long for one of names.
fn line_start(before: &[u8]) -> Option<usize> {
    let from = before.len().saturating_sub(HEADER);
    memchr::memrchr(b'\n', &before[from..]).map(|end| from + end + 1).or_else(|| (from == 0).then_some(0))
}

/// How the cells of the line at `start` stand apart, if it can be one of the names of columns.
fn apart(place: &Place<'_>, start: usize) -> Option<Apart> {
    let before = place.before()[start..].trim_ascii();
    if before.starts_with(b"|") {
        return matches!(place.kind, FileKind::Doc | FileKind::Config).then_some(Apart::Framed);
    }
    if let Some(comment) = before.strip_prefix(b"#") {
        let words = comment.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let of_ppp = place.text().eq_ignore_ascii_case(b"secret") && words.eq([&b"client"[..], b"server"]);
        return of_ppp.then_some(Apart::Blanks);
    }
    if start != 0 || !matches!(place.kind, FileKind::Data | FileKind::Doc | FileKind::Config) {
        return None;
    }
    let beside = [before.last().copied(), place.bytes.get(place.name.end).copied(), place.bytes.get(place.name.end + 1).copied()];
    let signs = place.before()[start..].iter().chain(&place.bytes[place.name.end..]).take(HEADER).take_while(|byte| **byte != b'\n');
    let sign = signs.copied().find(|byte| b",;\t".contains(byte))?;
    let touches = sign == b'\t' || beside.contains(&Some(sign)) || before.ends_with(b"\"");
    touches.then_some(Apart::By(sign))
}

/// The line at `start`, without its end.
fn line(bytes: &[u8], start: usize) -> Range<usize> {
    let start = start.min(bytes.len());
    start..memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |end| start + end)
}

/// The cells of a line, without blanks and quotes around them.
fn cells(bytes: &[u8], line: Range<usize>, apart: Apart) -> Vec<Literal> {
    let sign = match apart {
        Apart::By(sign) => sign,
        Apart::Framed => b'|',
        Apart::Blanks => b' ',
    };
    let line = if apart == Apart::Framed { framed(bytes, line) } else { line };
    let is_sign = |byte: u8| byte == sign || apart == Apart::Blanks && byte.is_ascii_whitespace();
    let mut cells = Vec::new();
    let comment = usize::from(apart == Apart::Blanks && bytes[line.clone()].starts_with(b"#"));
    let mut start = line.start + comment;
    let mut at = start;
    while at <= line.end && cells.len() <= COLUMNS {
        if at == line.end || is_sign(bytes[at]) {
            cells.push(cell(bytes, start..at, apart));
            start = at + 1;
        } else if bytes[at] == b'"' && bytes[start..at].trim_ascii().is_empty() {
            let mut quoted = Cursor::new(&bytes[..line.end], at);
            let closed = quoted.quote().and_then(|quote| quoted.quoted(quote));
            at = closed.map_or(at, |_| quoted.at - 1);
        }
        at += 1;
    }
    if apart == Apart::Blanks {
        cells.retain(|cell| !cell.span.is_empty());
    }
    cells
}

/// What stands between the signs at the ends of a line.
fn framed(bytes: &[u8], line: Range<usize>) -> Range<usize> {
    let text = bytes[line.clone()].trim_ascii_end();
    let end = line.start + text.strip_suffix(b"|").unwrap_or(text).len();
    let indent = bytes[line.start..end].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = line.start + indent;
    start + usize::from(bytes[start..end].starts_with(b"|"))..end
}

/// The cell at `span` without what is around its text.
fn cell(bytes: &[u8], span: Range<usize>, apart: Apart) -> Literal {
    let around = |byte: &u8| byte.is_ascii_whitespace() || apart == Apart::Framed && matches!(byte, b'`' | b'*');
    let text = &bytes[span.clone()];
    let start = span.start + text.iter().take_while(|byte| around(byte)).count();
    let end = span.end - bytes[start..span.end].iter().rev().take_while(|byte| around(byte)).count();
    match &bytes[start..end] {
        [b'"', .., b'"'] => Literal { span: start + 1..end - 1, mark: Some(b'"'), ..Literal::default() },
        _ => Literal { span: start..end, ..Literal::default() },
    }
}

/// Whether a text can be the name of a column.
fn is_name(text: &[u8]) -> bool {
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_- ./()".contains(byte) || *byte >= 0x80;
    text.len() <= NAME && text.iter().all(of_name)
}

/// Whether a column says whose the passwords are.
fn is_owner(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    OWNERS.iter().any(|word| memchr::memmem::find(&name, word).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read_all, reads};
    use crate::detect::assignment::operator::Operator;

    #[test]
    fn columns_of_passwords_are_read() {
        let (one, two) = (&[(Operator::Cell, "abc1")][..], &[(Operator::Cell, "abc1"), (Operator::Cell, "abc2")][..]);
        for (path, text, expected) in [
            ("a.csv", "name,email,password\nann,ann@x.io,abc1\nbob,,abc2\n", two),
            ("a.csv", "id;login;password;role\r\n1;ann;abc1;admin\r\n", one),
            ("a.csv", "\"user\",\"password\"\n\"ann, b\",\"abc1\"", one),
            ("a.csv", "password,user\nabc1,ann", one),
            ("a.tsv", "user\tpassword\nann\tabc1\nbob\tabc2", two),
            ("a.txt", "user,password\nann,abc1", one),
            ("a.md", "text\n\n| User | Password |\n|------|:---|\n| ann | `abc1` |\n| bob | abc2 |\n\n| x | abc3 |", two),
            ("a.feature", "  | username | password |\n  | ann | abc1 |\n", one),
            ("chap-secrets", "# client\tserver\tsecret\tIP addresses\nann\t*\t\"abc1\"\t*\n\n# more\nbob * abc2 *\n", two),
        ] {
            reads(path, text, expected);
        }
    }

    #[test]
    fn other_tables_are_not() {
        for (path, text) in [
            ("a.csv", "rank,password\n1,abc1\n2,abc2"),
            ("a.csv", "user,password_hash\nann,abc1"),
            ("a.csv", "user,password\nann,abc1,x\n"),
            ("a.csv", "ann,password\n"),
            ("a.csv", "x,y\nuser,password\nann,abc1"),
            ("a.py", "user, password\nx, abc1"),
            ("a.md", "| user | password |\ntext abc1"),
            ("a.sh", "# the secret\nann * abc1"),
        ] {
            let values: Vec<_> = read_all(path, text).into_iter().filter(|(_, value)| value.starts_with("abc")).collect();
            assert_eq!(values, [], "{path}: {text}");
        }
    }
}
