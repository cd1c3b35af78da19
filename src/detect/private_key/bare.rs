//! Private keys in base64 without BEGIN and END lines, as settings and tests hold them. Owns: where such a key starts and ends. Must not: believe
//! anything that is not a whole key by its structure.

use data_encoding::BASE64_NOPAD;

use super::{Inside, KeyBlock, der};
use crate::detect::checksum;
use crate::detect::view::View;

/// Pattern of these keys.
const ID: &str = "private-key-bare";
/// Characters between a key's start and the end of an anchor, at most.
const HEAD: usize = 48;
/// Characters of a key, at most: 16,384 bits of RSA.
const LONGEST: usize = 12 * 1024;
/// Characters of a line that the next one goes on with, at least.
const LINE: usize = 60;
/// Bytes before a key in which a BEGIN line may stand, with headers after it.
const ARMOUR: usize = 256;

/// The key around the end of an anchor at `to`; none where it is no whole key, or stands in armour.
#[must_use]
pub fn read(view: &View<'_>, to: usize) -> Option<KeyBlock> {
    let bytes = view.bytes;
    let head = bytes[..to].iter().rev().take(HEAD).take_while(|byte| is_base64(**byte)).count();
    let start = (to - head..to).find(|&at| bytes[at] == b'M' && view.starts_token(at))?;
    let before = &bytes[start.saturating_sub(ARMOUR)..start];
    let is_armoured =
        memchr::memmem::rfind(before, b"-----BEGIN ").is_some_and(|at| memchr::memmem::find(&before[at..], b"-----END ").is_none());
    if is_armoured {
        return None;
    }
    let mut secret = Vec::new();
    let mut at = start;
    let end = loop {
        let length = bytes[at..].iter().take(LONGEST).take_while(|byte| is_base64(**byte)).count();
        secret.extend(&bytes[at..at + length]);
        at += length;
        let gap = bytes[at..].iter().take(LINE).take_while(|byte| byte.is_ascii_whitespace()).count();
        let goes_on = length >= LINE && gap > 0 && bytes.get(at + gap).is_some_and(|next| is_base64(*next));
        if !goes_on || secret.len() > LONGEST {
            break at;
        }
        at += gap;
    };
    let decoded = checksum::decode(&BASE64_NOPAD, &secret[..whole(&secret)])?;
    let padding = bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
    secret.extend(&bytes[end..end + padding]);
    let inside = der::read(&decoded);
    matches!(inside, Inside::Whole(_)).then_some(KeyBlock { id: ID, span: start..end + padding, secret, inside })
}

/// Characters that are whole bytes.
const fn whole(text: &[u8]) -> usize {
    if text.len() % 4 == 1 { text.len() - 1 } else { text.len() }
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}
