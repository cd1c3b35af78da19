//! PuTTY's key files. Owns: finding their lines and reading them. Must not: decide what is reported.

use std::ops::Range;

use data_encoding::BASE64_NOPAD;
use memchr::memmem;

use super::unfold::{Writing, unfold};
use super::{Inside, KeyBlock, openssh};
use crate::detect::checksum;
use crate::detect::fact::{Facts, tell};
use crate::detect::view::{REACH, View};

const START: &[u8] = b"PuTTY-User-Key-File-";
/// Most hex digits of a Private-MAC.
const MAC: usize = 64;

/// The key file whose first line starts at `at`; none where the mark is only mentioned.
#[must_use]
pub fn read(view: &View<'_>, at: usize) -> Option<KeyBlock> {
    let limit = view.bytes.len().min(at + REACH);
    let next = memmem::find(&view.bytes[at + START.len()..limit], START).map_or(limit, |found| at + START.len() + found);
    let (end, closed) = mac(view.bytes, at..next).map_or((next, false), |end| (end, true));
    let unfolded = unfold(view.bytes, at..end, Writing { decoration: b"", closed });
    let mut file = File::default();
    let mut taken = 0;
    let mut start = 0;
    for line in unfolded.text.split(|&byte| byte == b'\n') {
        start += line.len() + 1;
        let Ok(text) = std::str::from_utf8(line.trim_ascii()) else { break };
        if text.is_empty() {
            continue;
        }
        if !file.line(text) {
            break;
        }
        taken = start - 1;
    }
    let last = taken.checked_sub(1)?;
    file.is_begun().then(|| KeyBlock {
        id: "private-key-putty",
        span: at..if closed { end } else { unfolded.ends[last] },
        secret: file.text.join("\n").into_bytes(),
        inside: file.inside(closed),
    })
}

/// Where the digits of the MAC line end.
fn mac(bytes: &[u8], within: Range<usize>) -> Option<usize> {
    let text = &bytes[within.clone()];
    let (found, length) = [&b"Private-MAC:"[..], b"Private-Hash:"].iter().find_map(|name| Some((memmem::find(text, name)?, name.len())))?;
    let spaces = text[found + length..].iter().take_while(|&&byte| byte == b' ').count();
    let start = found + length + spaces;
    let digits = text[start..].iter().take(MAC).take_while(|byte| byte.is_ascii_hexdigit()).count();
    Some(within.start + start + digits)
}

/// The lines of a file, as far as they were read.
#[derive(Debug, Default)]
struct File {
    text: Vec<String>,
    kind: String,
    encryption: String,
    public: String,
    private: String,
    /// Body lines still to come, and whether they are the private ones.
    missing: usize,
    in_private: bool,
}

impl File {
    /// Takes a line; `false` where it belongs to no key file.
    fn line(&mut self, line: &str) -> bool {
        if self.missing > 0 {
            if !line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)) {
                return false;
            }
            self.missing -= 1;
            let body = if self.in_private { &mut self.private } else { &mut self.public };
            body.push_str(line);
            self.text.push(line.to_owned());
            return true;
        }
        let Some((name, value)) = line.split_once(':') else { return false };
        let value = value.trim();
        match name {
            _ if name.starts_with("PuTTY-User-Key-File-") => value.clone_into(&mut self.kind),
            "Encryption" => value.clone_into(&mut self.encryption),
            "Public-Lines" | "Private-Lines" => {
                self.in_private = name == "Private-Lines";
                self.missing = value.parse().unwrap_or(0);
            }
            "Comment" | "Private-MAC" | "Private-Hash" => {}
            // `Key-Derivation: Argon2id` and its parameters.
            _ if name.starts_with("Key-Derivation") || name.starts_with("Argon2-") => {}
            _ => return false,
        }
        self.text.push(format!("{name}: {value}"));
        true
    }

    /// Whether this is a file and no mention of one.
    fn is_begun(&self) -> bool {
        !self.kind.is_empty() && !self.encryption.is_empty()
    }

    fn inside(&self, closed: bool) -> Inside {
        let decode = |text: &str| checksum::decode(&BASE64_NOPAD, text.as_bytes());
        let mut facts = Facts::new();
        if self.private.is_empty() {
            return Inside::NoSecret("no key body follows");
        }
        if self.missing > 0 || !closed {
            return Inside::NoSecret("elided or placeholder body");
        }
        let public = decode(&self.public).and_then(|key| openssh::public(&key, &mut facts));
        if public.is_none() || decode(&self.private).is_none_or(|key| key.len() < 16) {
            return Inside::Unknown;
        }
        if self.encryption == "none" {
            return Inside::Whole(facts);
        }
        tell(&mut facts, "cipher", &self.encryption);
        Inside::Encrypted(facts)
    }
}
