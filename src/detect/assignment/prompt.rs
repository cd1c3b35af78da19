//! What a script answers when it is asked for a password: `expect "assword:"` and `send "x\\r"`. Owns: telling answers to that from others. Must
//! not: judge.

use std::ops::Range;

use super::cursor::Cursor;

/// Bytes before an answer in which it is asked for.
const BEFORE: usize = 200;
/// Escapes at the end of an answer that send it.
const ENTERS: [&[u8]; 3] = [b"\\r\\n", b"\\r", b"\\n"];

/// The text that is sent by the call or command at `hit`, if a password was asked for on its line or the one before.
#[must_use]
pub fn answer(bytes: &[u8], hit: Range<usize>) -> Option<Range<usize>> {
    let from = hit.start.saturating_sub(BEFORE);
    let before = &bytes[from..hit.start];
    let before = &before[memchr::memrchr_iter(b'\n', before).nth(1).map_or(0, |end| end + 1)..];
    let before = before.to_ascii_lowercase();
    [&b"assword"[..], b"assphrase"].iter().any(|asked| memchr::memmem::find(&before, asked).is_some()).then_some(())?;
    let is_call = bytes[hit.end - 1] == b'(';
    let mut cursor = Cursor::new(bytes, if is_call { hit.end } else { hit.end - 1 });
    if is_call && cursor.ahead(1).is_some_and(|next| matches!(next, b'"' | b'\'')) {
        let _ = cursor.eat(b"b") || cursor.eat(b"f");
    }
    let quote = cursor.quote()?;
    let span = cursor.quoted(quote)?;
    let text = &bytes[span.clone()];
    let enter = ENTERS.iter().find(|enter| text.ends_with(enter)).map_or(0, |enter| enter.len());
    let is_sent = is_call || enter > 0;
    (is_sent && span.len() > enter).then_some(span.start..span.end - enter)
}
