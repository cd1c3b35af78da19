//! OpenPGP secret keys. Owns: reading the first packet and the armour's checksum. Must not: decide what is reported.

use super::Inside;
use crate::detect::fact::{Facts, tell};
use crate::detect::wire::{bits, number, take};

/// Packet type of a secret key (RFC 9580, section 5).
const SECRET_KEY: u8 = 5;

/// What the packets of an armoured block hold; `sum` are the four characters of the checksum line.
#[must_use]
pub fn read(packets: &[u8], sum: Option<&[u8]>) -> Inside {
    let mut rest = packets;
    let Some((SECRET_KEY, want)) = head(&mut rest) else { return Inside::Unknown };
    if want > rest.len() {
        return Inside::Cut { have: rest.len(), want };
    }
    if sum.is_some_and(|sum| sum != data_encoding::BASE64.encode(&crc24(packets)).as_bytes()) {
        return Inside::WrongSum;
    }
    let mut facts = Facts::new();
    match usage(&rest[..want], &mut facts) {
        Some(0) => Inside::Whole(facts),
        Some(_) => Inside::Encrypted(facts),
        None => Inside::Unknown,
    }
}

/// Type and length of the first packet.
fn head(rest: &mut &[u8]) -> Option<(u8, usize)> {
    let first = take(rest, 1)?[0];
    if first & 0xc0 == 0xc0 {
        let length = number(rest, 1)?;
        let length = match length {
            0..=191 => length,
            192..=223 => ((length - 192) << 8) + number(rest, 1)? + 192,
            255 => number(rest, 4)?,
            _ => return None,
        };
        return Some((first & 0x3f, length));
    }
    let length = match first & 3 {
        0 => number(rest, 1)?,
        1 => number(rest, 2)?,
        2 => number(rest, 4)?,
        _ => rest.len(),
    };
    (first & 0x80 != 0).then_some((first >> 2 & 15, length))
}

/// The octet after the public part of a version 4 key: 0 where the secret part is not encrypted.
fn usage(packet: &[u8], facts: &mut Facts) -> Option<u8> {
    let mut rest = packet;
    let version = take(&mut rest, 1)?[0];
    let _created = take(&mut rest, 4)?;
    let algorithm = take(&mut rest, 1)?[0];
    if version != 4 {
        return None;
    }
    let (kind, numbers) = match algorithm {
        1..=3 => ("RSA", 2),
        16 | 20 => ("Elgamal", 3),
        17 => ("DSA", 4),
        19 => ("ECDSA", 1),
        22 => ("EdDSA", 1),
        25 => ("X25519", 0),
        27 => ("Ed25519", 0),
        _ => return None,
    };
    tell(facts, "kind", kind);
    match algorithm {
        19 | 22 => {
            let length = number(&mut rest, 1)?;
            let _curve = take(&mut rest, length)?;
        }
        25 | 27 => {
            let _public = take(&mut rest, 32)?;
        }
        _ => {}
    }
    for index in 0..numbers {
        let length = number(&mut rest, 2)?.div_ceil(8);
        let value = take(&mut rest, length)?;
        if index == 0 && numbers > 1 {
            tell(facts, "bits", &bits(value).to_string());
        }
    }
    Some(take(&mut rest, 1)?[0])
}

/// The armour's CRC-24 (RFC 9580, section 6.1).
pub(in crate::detect) fn crc24(bytes: &[u8]) -> [u8; 3] {
    let sum = bytes.iter().fold(0x00b7_04ce_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 16, |sum, _| {
            let shifted = sum << 1;
            if shifted & 0x0100_0000 == 0 { shifted } else { shifted ^ 0x0186_4cfb }
        })
    });
    let [_, a, b, c] = sum.to_be_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-24/OPENPGP.
    #[test]
    fn crc_of_the_digits() {
        assert_eq!(crc24(b"123456789"), [0x21, 0xcf, 0x02]);
    }

    #[test]
    fn packet_lengths_of_both_forms() {
        for (bytes, expected) in [
            (&[0x95, 0x03, 0x98][..], Some((5, 0x398))),
            (&[0xc5, 0x20], Some((5, 0x20))),
            (&[0xc5, 0xc0, 0x01], Some((5, 193))),
            (&[0xc5, 0xff, 0, 1, 0, 0], Some((5, 0x1_0000))),
            (&[0x15, 0x03], None),
            (&[0xc5, 0xe0], None),
        ] {
            assert_eq!(head(&mut &bytes[..]), expected, "{bytes:x?}");
        }
    }
}
