//! Words in quotes side by side: pairs of names and values, or a row. Owns: telling these apart. Must not: judge.

use bstr::ByteSlice;

use super::cursor::Cursor;

/// Whether a name in quotes is one of a row of words, `["host", "user", "password", "database"]`, and not a key that stands after pairs of others.
/// Whoever has it as an argument, `set("db", "password", "x")`, ends the row after its value. `before` is the text up to and with the name's first
/// quote, `value` stands behind its comma.
pub(super) fn is_in_row(before: &[u8], mut value: Cursor<'_>) -> bool {
    value.blanks();
    let Some(quote) = value.quote() else { return false };
    let Some(word) = value.quoted(quote) else { return false };
    let is_word = value.text()[word].iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_');
    value.blanks();
    let goes_on = match value.peek() {
        Some(b',') => {
            value.at += 1;
            value.blanks();
            value.quote().is_some()
        }
        next => next == Some(b']'),
    };
    let (count, row) = words_before(before);
    let is_list = row.ends_with(b"[") && (count > 0 || value.peek() != Some(b']'));
    is_word && goes_on && (is_list || count % 2 == 1)
}

/// How many words in quotes stand in a row, on one line, before the quote that ends `text`, and what stands before them.
fn words_before(text: &[u8]) -> (usize, &[u8]) {
    const FURTHEST: usize = 256;
    let text = &text[text.len().saturating_sub(FURTHEST)..];
    let Some((mark, mut before)) = text.split_last() else { return (0, text) };
    let mut count = 0;
    while let Some(row) = before.trim_end_with(|blank| matches!(blank, ' ' | '\t')).strip_suffix(b",") {
        let word = row.strip_suffix(&[*mark]);
        let Some(start) = word.and_then(|word| memchr::memrchr2(*mark, b'\n', word)).filter(|&start| row[start] == *mark) else { break };
        before = &row[..start];
        count += 1;
    }
    (count, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_quotes_are_counted_up_to_what_is_none() {
        for (text, count) in [
            ("[\"", 0),
            ("[\"host\", \"", 1),
            ("of(\"user\", \"ann\",\t\"", 2),
            ("f(x, \"a\", \"", 1),
            ("['a', \"", 0),
            ("\"a\",\n\"", 0),
            ("a\", \"", 0),
            ("", 0),
        ] {
            assert_eq!(words_before(text.as_bytes()).0, count, "{text}");
        }
    }
}
