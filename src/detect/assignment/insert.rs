//! `INSERT INTO users (name, password) VALUES ('bob', '…')`. Owns: which value belongs to which column. Must not: judge.

use super::argument::{self, skip_space};
use super::cursor::Cursor;
use super::literal::{self, Literal};
use super::name::{self, Class, Name};

/// Columns of a statement, at most.
const MAX_COLUMNS: usize = 64;
/// Bytes of a list of columns, at most.
const MAX_LIST: usize = 2048;
/// Bytes of the name of a table, at most.
const MAX_TABLE: usize = 160;
/// Bytes between two parts of a statement, at most.
const MAX_JOINT: usize = 80;

/// A value and the name of its column.
#[derive(Debug, Clone)]
pub struct Cell<'v> {
    /// What the column's name says.
    pub name: Name,
    /// The column.
    pub text: &'v [u8],
    /// The value.
    pub literal: Literal,
}

/// Calls `each` for the values of columns that speak of credentials, of the statement whose table stands at `at`. Gives the end of what was
/// read.
pub fn read<'v>(bytes: &'v [u8], at: usize, each: &mut dyn FnMut(Cell<'v>)) -> usize {
    let mut cursor = Cursor::new(bytes, at);
    if rows(&mut cursor, each).is_none() {
        return cursor.at + MAX_LIST;
    }
    cursor.at + MAX_JOINT
}

fn rows<'v>(cursor: &mut Cursor<'v>, each: &mut dyn FnMut(Cell<'v>)) -> Option<()> {
    let columns = columns(cursor)?;
    if columns.iter().all(|(_, name)| name.is_none()) {
        return Some(());
    }
    joint(cursor, b"values")?;
    loop {
        skip_space(cursor);
        cursor.eat(b"(").then_some(())?;
        row(cursor, &columns, each)?;
        skip_space(cursor);
        if !cursor.eat(b",") {
            return Some(());
        }
    }
}

/// The columns of a statement, and what each says.
fn columns<'v>(cursor: &mut Cursor<'v>) -> Option<Vec<(&'v [u8], Option<Name>)>> {
    skip_space(cursor);
    let of_table = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.`\"'[]\\${}%-".contains(byte);
    cursor.at += cursor.rest().iter().take(MAX_TABLE).take_while(of_table).count();
    skip_space(cursor);
    cursor.eat(b"(").then_some(())?;
    let list = &cursor.rest()[..cursor.rest().len().min(MAX_LIST)];
    let list = &list[..memchr::memchr2(b')', b'(', list).filter(|&end| list[end] == b')')?];
    cursor.at += list.len() + 1;
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let columns = list.split(|byte| *byte == b',').map(|column| {
        let start = column.iter().position(of_name).unwrap_or(0);
        let end = column.iter().rposition(of_name).map_or(start, |last| last + 1);
        (&column[start..end], name::read(&column[start..end]))
    });
    let columns: Vec<_> = columns.take(MAX_COLUMNS + 1).collect();
    (columns.len() <= MAX_COLUMNS).then_some(columns)
}

/// Steps over a keyword and what stands before it: blanks, and where a text in code is joined.
fn joint(cursor: &mut Cursor<'_>, keyword: &[u8]) -> Option<()> {
    let between = |byte: &&u8| byte.is_ascii_whitespace() || b"\"'+.\\&".contains(byte);
    cursor.at += cursor.rest().iter().take(MAX_JOINT).take_while(between).count();
    cursor.eat_word(keyword).then_some(())
}

/// One row of values.
fn row<'v>(cursor: &mut Cursor<'v>, columns: &[(&'v [u8], Option<Name>)], each: &mut dyn FnMut(Cell<'v>)) -> Option<()> {
    for (index, &(text, name)) in columns.iter().enumerate() {
        let argument = argument::next(cursor)?;
        // A list of another length is of something else.
        if argument.last != (index + 1 == columns.len()) {
            return None;
        }
        let Some(name) = name else { continue };
        if let Some((name, literal)) = value(cursor.text(), argument.span, name) {
            each(Cell { name, text, literal });
        }
    }
    Some(())
}

/// The text of a value: a literal, or the password that a function makes a hash of.
fn value(bytes: &[u8], span: std::ops::Range<usize>, name: Name) -> Option<(Name, Literal)> {
    let literal = literal::whole(bytes, span.clone()).or_else(|| literal::hashed(bytes, span))?;
    let text = &bytes[literal.span.clone()];
    // A text in code that is joined from parts.
    if text.contains(&b'"') {
        return None;
    }
    let denies = name.denies.or_else(|| (name.class == Class::Password && is_hash(text)).then_some("it is the hash of a password"));
    Some((Name { denies, ..name }, literal))
}

/// Whether a column of passwords holds a hash here.
fn is_hash(text: &[u8]) -> bool {
    const DIGITS: [usize; 7] = [16, 32, 40, 56, 64, 96, 128];
    let digits = text.strip_prefix(b"*").or_else(|| text.strip_prefix(b"0x")).unwrap_or(text);
    DIGITS.contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit)
}
