//! Encoded text around an anchor's encoded form. Owns: finding the run, undoing the encoding, scanning the result. Must not: match patterns itself.

use std::ops::Range;

use super::{Candidate, MAX_DEPTH, Sink, View};
use crate::finding::Encoding;
use crate::patterns::anchors::Spelling;

/// Encoded bytes before an anchor that are decoded with it.
const BEFORE: usize = 4 * 1024;
/// Encoded bytes from an anchor on that are decoded.
const AFTER: usize = 16 * 1024;
/// Fewest decoded bytes worth a look.
const SHORTEST: usize = 12;

/// The run that was decoded last in each encoding, so that one run is not decoded again for each anchor in it.
#[derive(Debug, Default)]
pub struct Memory {
    last: Vec<(Encoding, Range<usize>)>,
}

/// Decodes the run around the encoded anchor at `hit` and scans the result; candidates point at the encoded run.
pub fn around(sink: &mut Sink<'_, '_>, hit: Range<usize>, spelling: Spelling) {
    let encoding = match spelling {
        Spelling::Base64(_) => Encoding::Base64,
        Spelling::Hex => Encoding::Hex,
        Spelling::Percent => Encoding::Percent,
        Spelling::Unicode => Encoding::Unicode,
    };
    if sink.view.depth >= MAX_DEPTH {
        return;
    }
    let seen = sink.decoded.last.iter().find(|(known, run)| *known == encoding && run.start <= hit.start && hit.end <= run.end);
    if let Some((_, run)) = seen {
        let run = run.clone();
        return sink.depends_on(run);
    }
    let bytes = sink.view.bytes;
    let run = match spelling {
        Spelling::Base64(phase) => base64_run(bytes, hit.clone(), usize::from(phase)),
        Spelling::Hex => hex_run(bytes, hit.clone()),
        Spelling::Percent => wide_run(bytes, hit.clone(), percent_at, 3),
        Spelling::Unicode => wide_run(bytes, hit.clone(), unicode_at, 6),
    };
    let encoded = &bytes[run.clone()];
    let decoded = decode(encoded, encoding);
    sink.depends_on(run.clone());
    sink.decoded.last.retain(|(known, _)| *known != encoding);
    sink.decoded.last.push((encoding, run.clone()));
    if decoded.len() < SHORTEST {
        return;
    }
    for candidate in scan(sink, &decoded) {
        sink.adopt(candidate.lifted(run.clone(), encoding));
    }
}

/// Undoes an encoding; what is not in it is left out or, between escapes, stays.
pub fn decode(encoded: &[u8], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Base64 => base64(encoded),
        Encoding::Hex => encoded.chunks_exact(2).filter_map(hex_pair).collect(),
        Encoding::Percent => unescape(encoded, percent_at),
        Encoding::Unicode => unescape(encoded, unicode_at),
    }
}

/// The candidates in a decoded text.
pub fn scan<'d, 'v: 'd>(sink: &Sink<'_, 'v>, decoded: &'d [u8]) -> Vec<Candidate<'d>> {
    let view = View { bytes: decoded, path: sink.view.path, binary: is_binary(decoded), depth: sink.view.depth + 1 };
    super::scan_inside(sink, &view)
}

/// Whether decoded bytes are no text: then only distinctive tokens are believed.
fn is_binary(decoded: &[u8]) -> bool {
    decoded.iter().any(|&byte| byte < 9 || (14..32).contains(&byte))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The run of base64 around `hit`, cut to groups of four; `phase` is the hit's place in its group.
fn base64_run(bytes: &[u8], hit: Range<usize>, phase: usize) -> Range<usize> {
    let back = bytes[..hit.start].iter().rev().take(BEFORE).take_while(|&&byte| is_base64(byte)).count();
    let on = bytes[hit.end..].iter().take(AFTER).take_while(|&&byte| is_base64(byte)).count();
    let lead = back.checked_sub(phase).map_or(0, |whole| whole / 4 * 4 + phase);
    hit.start - lead..hit.end + on
}

/// Decodes base64 of either alphabet; a last group that is not whole gives what it can.
#[must_use]
pub fn base64(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    for group in encoded.chunks(4) {
        let mut bits = 0_u32;
        for &byte in group {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                _ => 63,
            };
            bits = bits << 6 | u32::from(value);
        }
        let missing = 4 - group.len();
        bits <<= 6 * missing;
        let [_, whole @ ..] = bits.to_be_bytes();
        decoded.extend_from_slice(&whole[..3 - missing.min(3)]);
    }
    decoded
}

/// The run of hex digits around `hit`, in whole pairs as the hit stands.
fn hex_run(bytes: &[u8], hit: Range<usize>) -> Range<usize> {
    let is_hex = |byte: &&u8| byte.is_ascii_hexdigit();
    let back = bytes[..hit.start].iter().rev().take(BEFORE).take_while(is_hex).count() / 2 * 2;
    let on = bytes[hit.end..].iter().take(AFTER).take_while(is_hex).count() / 2 * 2;
    hit.start - back..hit.end + on
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?).ok()
}

/// The byte that `%41` at the start of `text` spells, and the escape's length.
#[must_use]
pub fn percent_at(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'%', pair @ ..] => Some((hex_pair(pair)?, 3)),
        _ => None,
    }
}

/// The byte that `\u0041` at the start of `text` spells, and the escape's length; ASCII only.
#[must_use]
pub fn unicode_at(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', b'u', b'0', b'0', pair @ ..] => Some((hex_pair(pair)?, 6)).filter(|(byte, _)| byte.is_ascii()),
        _ => None,
    }
}

type Escape = fn(&[u8]) -> Option<(u8, usize)>;

/// The text around `hit` that escapes of `width` bytes and plain token characters make up.
fn wide_run(bytes: &[u8], hit: Range<usize>, escape: Escape, width: usize) -> Range<usize> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~');
    let mut start = hit.start;
    while start > hit.start.saturating_sub(BEFORE) {
        if start >= width && escape(&bytes[start - width..]).is_some() {
            start -= width;
        } else if is_plain(bytes[start - 1]) {
            start -= 1;
        } else {
            break;
        }
    }
    let mut end = hit.end;
    while end < bytes.len().min(hit.end + AFTER) {
        match escape(&bytes[end..]) {
            Some((_, length)) => end += length,
            None if is_plain(bytes[end]) => end += 1,
            None => break,
        }
    }
    start..end
}

/// Undoes escapes, other bytes stay.
#[must_use]
pub fn unescape(mut encoded: &[u8], escape: Escape) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(&first) = encoded.first() {
        let (byte, length) = escape(encoded).unwrap_or((first, 1));
        decoded.push(byte);
        encoded = &encoded[length..];
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            for encoded in [data_encoding::BASE64_NOPAD.encode(&bytes), data_encoding::BASE64URL_NOPAD.encode(&bytes)] {
                prop_assert_eq!(base64(encoded.as_bytes()), &bytes[..]);
            }
            let percent: Vec<u8> = bytes.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect();
            prop_assert_eq!(unescape(&percent, percent_at), &bytes[..]);
            let ascii: Vec<u8> = bytes.iter().map(|byte| byte & 0x7F).collect();
            let unicode: Vec<u8> = ascii.iter().flat_map(|byte| format!("\\u{byte:04x}").into_bytes()).collect();
            prop_assert_eq!(unescape(&unicode, unicode_at), ascii);
        }
    }
}
