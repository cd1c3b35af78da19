//! Keys of OpenSSH and ssh.com. Owns: reading their binary bodies. Must not: decide what is reported.

use super::Inside;
use crate::detect::fact::{Facts, tell};
use crate::detect::wire::{bits, number, string, take};

/// A body that starts with `openssh-key-v1`, as OpenSSH's PROTOCOL.key describes it.
#[must_use]
pub fn read(body: &[u8]) -> Inside {
    let Some(mut rest) = body.strip_prefix(b"openssh-key-v1\0") else { return Inside::Unknown };
    let mut facts = Facts::new();
    let known = (|| {
        let cipher = string(&mut rest)?;
        let (_kdf, _options) = (string(&mut rest)?, string(&mut rest)?);
        let keys = number(&mut rest, 4)?;
        public(string(&mut rest)?, &mut facts)?;
        (keys == 1).then_some(cipher)
    })();
    let Some(cipher) = known else { return Inside::Unknown };
    let Some(length) = number(&mut rest, 4) else { return Inside::Cut { have: body.len(), want: body.len() * 2 } };
    let Some(mut private) = take(&mut rest, length) else {
        return Inside::Cut { have: body.len(), want: body.len() - rest.len() + length };
    };
    if cipher != b"none" {
        return Inside::Encrypted(facts);
    }
    // The same random number twice shows that nothing is encrypted.
    match (number(&mut private, 4), number(&mut private, 4)) {
        (Some(first), Some(second)) if first == second => Inside::Whole(facts),
        _ => Inside::Unknown,
    }
}

/// Type and size out of a public key in SSH's wire format.
pub fn public(key: &[u8], facts: &mut Facts) -> Option<()> {
    let mut rest = key;
    let kind = std::str::from_utf8(string(&mut rest)?).ok().filter(|kind| kind.bytes().all(|byte| byte.is_ascii_graphic()))?;
    tell(facts, "kind", kind);
    match kind {
        "ssh-rsa" => {
            let _exponent = string(&mut rest)?;
            tell(facts, "bits", &bits(string(&mut rest)?).to_string());
        }
        "ssh-dss" => tell(facts, "bits", &bits(string(&mut rest)?).to_string()),
        _ => {}
    }
    Some(())
}

/// A body of ssh.com's format: a mark, the length of all, the key's type, the cipher, the private part.
#[must_use]
pub fn read_ssh2(body: &[u8]) -> Inside {
    let Some(mut rest) = body.strip_prefix(&[0x3f, 0x6f, 0xf9, 0xeb]) else { return Inside::Unknown };
    let Some(want) = number(&mut rest, 4) else { return Inside::Unknown };
    if want > body.len() {
        return Inside::Cut { have: body.len(), want };
    }
    let (kind, cipher, private) = (string(&mut rest), string(&mut rest), string(&mut rest));
    let (Some(kind), Some(cipher), Some(_)) = (kind, cipher, private) else { return Inside::Unknown };
    let mut facts = Facts::new();
    tell(&mut facts, "kind", &String::from_utf8_lossy(kind));
    if cipher == b"none" { Inside::Whole(facts) } else { Inside::Encrypted(facts) }
}
