//! Encodings in one another. Owns: finding long runs whose content is encoded once more. Must not: look into text that is encoded once, which
//! [`decode`] does.
//!
//! Anchors are spelled in each encoding, but not in every pair of two: that would be thousands. A run that is long enough to hold a token twice
//! encoded is decoded a little way instead, and all the way if that gives the letters of an encoded text. Both are rare.

use std::ops::Range;

use super::{Sink, decode};
use crate::finding::Encoding;

/// Bytes of text that are looked at together.
const BLOCK: usize = 32;
/// Distance of two blocks. A token of 36 letters that is encoded twice gives a longer run than both together.
const STRIDE: usize = 64;
/// Shortest run that is decoded: one that is found wherever it starts.
const SHORTEST: usize = BLOCK + STRIDE - 1;
/// Longest run that is decoded in one piece; a multiple of every encoding's width.
const PIECE: usize = 48 * 1024;
/// Encoded bytes that tell the encoding of a run.
const SAMPLE: usize = 64;
/// Fewest digits in those: paths, names and rulers have less, whatever is encoded twice has more.
const DIGITS: usize = 4;
/// Most letters before an encoded text that are taken off it.
const MOST_BEFORE: usize = 3;
/// Fewest decoded bytes of a sample that tell anything.
const TELLING: usize = 20;

/// Stands for the literals that such runs do not have, where anchors are named by a number.
pub const ANCHOR: usize = u32::MAX as usize;

/// Calls `each` for every long run of a text.
pub fn runs(bytes: &[u8], mut each: impl FnMut(Range<usize>)) {
    let mut next = 0;
    while let Some(run) = next_run(bytes, next) {
        next = run.end;
        each(run);
    }
}

/// Proposes what stands in two encodings in the run that starts at `start`.
pub fn look(sink: &mut Sink<'_, '_>, start: usize) {
    if sink.view.depth > 0 {
        return;
    }
    let run = start..start + sink.view.bytes[start..].iter().take_while(|&&byte| is_encoded(byte)).count();
    sink.depends_on(run.clone());
    for start in run.clone().step_by(PIECE) {
        piece(sink, start..run.end.min(start + PIECE));
    }
}

/// The first run of encoded letters that holds a whole block at or after `from`, unless it is too short.
fn next_run(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let mut end = from;
    loop {
        let is_run = |chunk: &[u8]| chunk.first_chunk().is_some_and(|block| is_dense(block) && block.iter().all(|&byte| is_encoded(byte)));
        let found = end + bytes[end..].chunks(STRIDE).position(is_run)? * STRIDE;
        let start = found - bytes[end..found].iter().rev().take(STRIDE).take_while(|&&byte| is_encoded(byte)).count();
        end = found + bytes[found..].iter().take_while(|&&byte| is_encoded(byte)).count();
        if end - start >= SHORTEST {
            return Some(start..end);
        }
    }
}

/// Whether a block has no byte up to `$`: white space, quotes, control characters. Nearly every block is turned away by this, which takes
/// a few instructions. A byte above 127 may count as one.
fn is_dense(block: &[u8; BLOCK]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let words = block.as_chunks::<8>().0;
    // Where a byte is less, the subtraction borrows into its upper bit.
    let less = |word: u64| word.wrapping_sub(EACH * (u64::from(b'$') + 1)) & (EACH << 7);
    words.iter().fold(0, |any, &word| any | less(u64::from_ne_bytes(word))) == 0
}

/// Whether a byte occurs in one of the encodings.
const fn is_encoded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'%' | b'\\')
}

/// Decodes a run where its beginning decodes to encoded letters.
fn piece(sink: &mut Sink<'_, '_>, run: Range<usize>) {
    let encoded = &sink.view.bytes[run.clone()];
    let sample = &encoded[..encoded.len().min(SAMPLE)];
    if sample.iter().filter(|byte| byte.is_ascii_digit()).count() < DIGITS {
        return;
    }
    // Letters before the encoded text belong to the run, and would put every group out of step.
    let begins = (0..=MOST_BEFORE.min(sample.len())).find_map(|skip| {
        let encoding = encoding_of(&sample[skip..]);
        is_encoded_again(&encoded[skip..], encoding).then_some((skip, encoding))
    });
    let Some((skip, encoding)) = begins else { return };
    let decoded = decode::decode(&encoded[skip..], encoding);
    let twice = decode::scan(sink, &decoded).into_iter().filter(|candidate| !candidate.encodings.is_empty());
    for candidate in twice.collect::<Vec<_>>() {
        sink.adopt(candidate.lifted(run.start + skip..run.end, encoding));
    }
}

/// The encoding that a run is in, if it is in any.
fn encoding_of(sample: &[u8]) -> Encoding {
    if memchr::memmem::find(sample, b"\\u00").is_some() {
        Encoding::Unicode
    } else if sample.contains(&b'%') {
        Encoding::Percent
    } else if sample.iter().all(u8::is_ascii_hexdigit) {
        Encoding::Hex
    } else {
        Encoding::Base64
    }
}

/// Whether the start of `encoded` decodes to encoded letters, up to padding.
fn is_encoded_again(encoded: &[u8], encoding: Encoding) -> bool {
    let telling = match encoding {
        Encoding::Base64 => 40,
        Encoding::Hex => 60,
        Encoding::Percent => 90,
        Encoding::Unicode => 180,
    };
    let decoded = decode::decode(&encoded[..encoded.len().min(telling)], encoding);
    // The sample may end in the middle of an escape.
    let whole = &decoded[..decoded.len().saturating_sub(6)];
    let letters = whole.iter().take_while(|&&byte| is_encoded(byte)).count();
    letters >= TELLING && whole[letters..].iter().all(|byte| matches!(byte, b'=' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_whole_wherever_they_start() {
        for lead in 0..150 {
            let text = [" ".repeat(lead), "aB3/".repeat(24), " ,".to_owned(), "x".repeat(40), "\n".to_owned()].concat();
            assert_eq!(next_run(text.as_bytes(), 0), Some(lead..lead + 96));
            assert_eq!(next_run(text.as_bytes(), lead + 96), None, "forty are too few");
        }
        assert_eq!(next_run(&b"-".repeat(100), 0), Some(0..100));
        assert_eq!(next_run(b"short", 0), None);
    }

    #[test]
    fn text_that_is_encoded_once_does_not_look_encoded_again() {
        let text = "user: somebody\npassword: something\nand so on\n";
        let base64 = data_encoding::BASE64.encode(text.as_bytes());
        assert!(!is_encoded_again(base64.as_bytes(), Encoding::Base64));
        let twice = data_encoding::BASE64.encode(base64.as_bytes());
        assert!(is_encoded_again(twice.as_bytes(), Encoding::Base64));
        assert!(!is_encoded_again(&twice.as_bytes()[1..], Encoding::Base64), "out of step");
    }
}
