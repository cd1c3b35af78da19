//! What a command reads instead of asking: `echo x |` before it, `<<< x` and `<<EOF` behind it, a list of logins. Owns: finding it. Must not:
//! know which commands ask for a password, or judge.

use std::ops::Range;

use super::command::{self, LINE, command_line, value};
use super::cursor::Cursor;

/// Logins of a list, at most.
const LOGINS: usize = 32;
/// Lines of settings before a list of logins, at most.
const SETTINGS: usize = 4;

/// What the command at `hit` is given, on its line or the next.
#[must_use]
pub(super) fn given(bytes: &[u8], hit: &Range<usize>) -> Option<Range<usize>> {
    let before = piped(bytes, hit.start).filter(|span| bytes[span.end..=hit.start].contains(&b'|'));
    before.or_else(|| behind(bytes, hit.end))
}

/// What `echo VALUE |` or `printf '%s' VALUE |` before the command gives it, up to the end of its first line.
#[must_use]
pub(super) fn piped(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let head = &bytes[at.saturating_sub(LINE)..at];
    let line = at - head.len() + memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
    let last = |command: &[u8]| memchr::memmem::rfind(&bytes[line..at], command).map(|start| line + start + command.len());
    let mut cursor = Cursor::new(bytes, last(b"echo ").max(last(b"printf "))?);
    while cursor.eat(b"-") {
        cursor.at += cursor.rest().iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        cursor.blanks();
    }
    let first = value(cursor)?;
    let is_format = memchr::memmem::find(&bytes[first.clone()], b"%s").is_some();
    let span = if is_format { value(second(cursor)?)? } else { first };
    let length = memchr::memmem::find(&bytes[span.clone()], b"\\n").unwrap_or(span.len());
    (span.end < at && length > 0).then_some(span.start..span.start + length)
}

/// The cursor at the value after the one in quotes at the cursor.
fn second(mut cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let quote = cursor.quote()?;
    cursor.quoted(quote)?;
    (cursor.blanks() > 0).then_some(cursor)
}

/// What `<<< VALUE` or `<<EOF` and the next line give the command whose options start at `at`.
#[must_use]
pub(super) fn behind(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let bytes = &bytes[..bytes.len().min(at + 2 * LINE)];
    let line = command_line(bytes, at);
    let sign = line.start + memchr::memmem::find(&bytes[line], b"<<")?;
    let mut cursor = Cursor::new(bytes, sign);
    if cursor.eat(b"<<<") {
        cursor.blanks();
        return value(cursor);
    }
    let next = next_line(bytes, sign)?;
    let words = bytes[next.clone()].trim_ascii();
    let start = next.start + bytes[next].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    (!words.contains(&b' ')).then(|| value(Cursor::new(bytes, start))).flatten().filter(|span| span.len() == words.len())
}

/// Calls `each` for the passwords of the logins that `chpasswd` at `hit` is given: piped, in a text behind it, or in the list of cloud-init. Any
/// of `bytes` counts.
pub(super) fn logins(bytes: &[u8], hit: &Range<usize>, each: &mut dyn FnMut(Range<usize>)) {
    let listed = if bytes[hit.end..].starts_with(b":") { list(bytes, hit.end) } else { text(bytes, hit) };
    let Some(mut at) = listed else {
        let login = given(bytes, hit).and_then(|login| command::after(b':', bytes, login));
        return login.into_iter().for_each(each);
    };
    for _ in 0..LOGINS {
        let Some(line) = next_line(bytes, at) else { return };
        at = line.end;
        let Some(password) = login(bytes, line) else { return };
        each(password);
    }
}

/// A place on the line before the logins of `chpasswd <<EOF`, or of `cat <<EOF | chpasswd`.
fn text(bytes: &[u8], hit: &Range<usize>) -> Option<usize> {
    let head = &bytes[hit.start.saturating_sub(LINE)..hit.start];
    let start = hit.start - head.len() + memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
    let end = hit.end + memchr::memchr(b'\n', &bytes[hit.end..])?;
    let line = &bytes[start..end];
    let sign = memchr::memmem::find(line, b"<<")?;
    (!line[sign..].starts_with(b"<<<")).then_some(hit.end)
}

/// A place on the line before the logins below `chpasswd:` and `list:`.
fn list(bytes: &[u8], at: usize) -> Option<usize> {
    let mut line = next_line(bytes, at)?;
    for _ in 0..SETTINGS {
        if bytes[line.clone()].trim_ascii_start().starts_with(b"list:") {
            return Some(line.start);
        }
        line = next_line(bytes, line.start)?;
    }
    None
}

/// The password of a line `user:password`, perhaps an item of a list. One that is to be made up says so.
fn login(bytes: &[u8], line: Range<usize>) -> Option<Range<usize>> {
    const RANDOM: [&[u8]; 2] = [b"R", b"RANDOM"];
    let around = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'');
    let text = &bytes[line.clone()];
    let head = text.iter().take_while(|byte| around(byte) || **byte == b'-').count();
    let end = text.iter().rposition(|byte| !around(byte)).map_or(head, |last| last + 1);
    let text = text.get(head..end)?;
    let user = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    let password = text[user..].strip_prefix(b":")?;
    let plain = !password.is_empty() && !password.iter().any(u8::is_ascii_whitespace) && !b"$<{[*!".contains(&password[0]);
    let start = line.start + head + user + 1;
    (user > 0 && plain && !RANDOM.contains(&password)).then_some(start..start + password.len())
}

/// The line after the one that holds `at`, without its end.
fn next_line(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + memchr::memchr(b'\n', &bytes[at..])? + 1;
    Some(start..memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |end| start + end))
}
