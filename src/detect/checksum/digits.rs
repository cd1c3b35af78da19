//! Checksums written as digits inside the token. Owns: where each family's check digits stand and what they must be. Must not: judge.

use std::ops::Range;

use data_encoding::{BASE32, BASE32_NOPAD, BASE64};
use sha2::{Digest, Sha256};

use super::azure;
use crate::finding::ChecksumStatus;
use crate::patterns::schema::Checksum;

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Base 62 with small letters first.
const BASE62_LOWER: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE66: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~";
const HEX_UPPER: &[u8] = b"0123456789ABCDEF";
/// Also base 36.
const HEX: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BECH32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Whether the check digits of `value` are the expected ones.
pub fn verify(check: Checksum, value: &[u8]) -> ChecksumStatus {
    match expected(check, value) {
        Some((place, digits)) if value[place.clone()] == digits => ChecksumStatus::Valid,
        None if has_no_digits(check, value) => ChecksumStatus::None,
        _ => ChecksumStatus::Invalid,
    }
}

/// Whether `value` has a form of its family that carries no check digits.
fn has_no_digits(check: Checksum, value: &[u8]) -> bool {
    match check {
        Checksum::ApifyCrc32 => value.len() != 46,
        Checksum::SaladcloudCrc32 => body(value).len() != 49,
        Checksum::PolarCrc32 => {
            let body = value.splitn(3, |&byte| byte == b'_').last().unwrap_or_default();
            body.len() != 43 || !body.iter().all(u8::is_ascii_alphanumeric)
        }
        _ => false,
    }
}

/// What follows the last underscore.
fn body(value: &[u8]) -> Range<usize> {
    memchr::memrchr(b'_', value).map_or(0, |found| found + 1)..value.len()
}

/// Writes the check digits into `value`; `false` where its form has none.
pub fn seal(check: Checksum, value: &mut [u8]) -> bool {
    if check == Checksum::GitlabRoutable && !write_gitlab_length(value) {
        return false;
    }
    let Some((place, digits)) = expected(check, value) else { return false };
    value[place].copy_from_slice(&digits);
    true
}

/// Where the check digits stand in `value` and what they must be; none where it has not the family's form.
fn expected(check: Checksum, value: &[u8]) -> Option<(Range<usize>, Vec<u8>)> {
    if has_no_digits(check, value) {
        return None;
    }
    let tail = |digits: usize| Some(value.len().checked_sub(digits)?..value.len());
    let crc = |covered: Range<usize>| Some(crc32fast::hash(value.get(covered)?));
    match check {
        // GitHub's announcement of its token formats (2021-04-05); npm's (2021-09-23) and Vercel's follow it. The prefix is not covered.
        Checksum::GithubCrc32 | Checksum::NpmCrc32 | Checksum::VercelCrc32 => {
            let place = tail(6)?;
            Some((place.clone(), positional(crc(4..place.start)?, BASE62, 6)))
        }
        Checksum::GithubFineGrained => {
            let digest = Sha256::digest(value.get(..77)?);
            value.get(77..85).map(|_| (77..85, BASE32.encode(&digest).into_bytes()[..8].to_vec()))
        }
        // GitLab's design of routable tokens: everything before is covered, the prefix too.
        Checksum::GitlabRoutable => {
            let place = tail(7)?;
            Some((place.clone(), positional(crc(0..place.start)?, HEX, 7)))
        }
        // The digits follow an underscore that is not covered; the bytes of the sum are reversed.
        Checksum::GrafanaCrc32 => {
            let place = tail(8)?;
            let sum = crc(0..place.start.checked_sub(1)?)?;
            Some((place, positional(sum.swap_bytes(), &HEX[..16], 8)))
        }
        Checksum::AtlassianCrc32 => {
            let place = tail(8)?;
            Some((place.clone(), positional(crc(0..place.start)?, HEX_UPPER, 8)))
        }
        // Found by trying sums over samples: everything before is covered.
        Checksum::CanvaCrc32 => {
            let place = tail(8)?;
            Some((place.clone(), positional(crc(0..place.start)?, &HEX[..16], 8)))
        }
        Checksum::WandbCrc32 => {
            let place = tail(6)?;
            Some((place.clone(), positional(crc(0..place.start)?, BASE62, 6)))
        }
        Checksum::ApifyCrc32 => {
            let place = tail(6)?;
            Some((place.clone(), positional(crc(0..place.start)?, BASE62_LOWER, 6)))
        }
        // Found likewise, and Polar's published source: the body after the prefix is covered.
        Checksum::SaladcloudCrc32 | Checksum::PolarCrc32 => {
            let place = tail(6)?;
            Some((place.clone(), positional(crc(body(value).start..place.start)?, BASE62, 6)))
        }
        // Cloudflare's documentation of token formats: the body between prefix and digits is covered.
        Checksum::CloudflareCrc32 => {
            let place = tail(8)?;
            let body = memchr::memchr(b'_', value)? + 1;
            Some((place.clone(), positional(crc(body..place.start)?, &HEX[..16], 8)))
        }
        Checksum::PlanningCenterCrc32 => {
            let place = tail(8)?;
            Some((place.clone(), positional(crc(body(value).start..place.start)?, &HEX[..16], 8)))
        }
        // `zpka_`, the body, an underscore, the digits.
        Checksum::ZuploCrc32 => {
            let place = tail(8)?;
            Some((place.clone(), positional(crc(5..place.start.checked_sub(1)?)?, &HEX[..16], 8)))
        }
        // `cflt`, the body, the first six characters of the sum in base64, its bytes reversed.
        Checksum::ConfluentCrc32 => {
            let place = tail(6)?;
            let sum = BASE64.encode(&crc(4..place.start)?.to_le_bytes());
            Some((place, sum.into_bytes()[..6].to_vec()))
        }
        Checksum::NatsCrc16 => nats(value),
        Checksum::AgeBech32 => bech32(value),
        // Microsoft's description of identifiable secrets: the first three of six base-66 digits.
        Checksum::AzureClientSecret => {
            let place = tail(3)?;
            let sum = azure::marvin32(&value[..place.start], u64::from_be_bytes(*b"AadPwd00"));
            Some((place, positional(sum, BASE66, 6)[..3].to_vec()))
        }
        _ => None,
    }
}

/// `number` in the base of `alphabet`, most significant digit first, padded with its zero to `width`.
fn positional(number: u32, alphabet: &[u8], width: usize) -> Vec<u8> {
    let base = alphabet.len();
    let mut rest = number as usize;
    let mut digits = vec![alphabet[0]; width];
    for digit in digits.iter_mut().rev() {
        *digit = alphabet[rest % base];
        rest /= base;
    }
    digits
}

/// Writes the two base-36 digits that hold the length of a GitLab token's payload, before the seven of the sum.
fn write_gitlab_length(value: &mut [u8]) -> bool {
    let (Some(start), Some(end)) = (memchr::memchr(b'-', value), memchr::memchr(b'.', value)) else { return false };
    let (Some(length), Some(place)) = (end.checked_sub(start + 1), value.len().checked_sub(9)) else { return false };
    let Ok(length) = u32::try_from(length) else { return false };
    value[place..place + 2].copy_from_slice(&positional(length, HEX, 2));
    true
}

/// NATS's description of nkeys: two bytes of prefix, 32 of seed, two of CRC-16/XMODEM, little-endian, in base32.
fn nats(value: &[u8]) -> Option<(Range<usize>, Vec<u8>)> {
    let mut bytes = super::decode(&BASE32_NOPAD, value).filter(|bytes| bytes.len() == 36)?;
    let sum = crc16(&bytes[..34]);
    bytes.truncate(34);
    bytes.extend(sum.to_le_bytes());
    Some((54..58, BASE32_NOPAD.encode(&bytes).into_bytes()[54..58].to_vec()))
}

/// CRC-16 with the polynomial of CCITT, from zero, not reflected (XMODEM).
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum: u16, &byte| {
        let mixed = sum ^ u16::from(byte) << 8;
        (0..8).fold(mixed, |sum, _| if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 })
    })
}

/// BIP-173 without its length limit, as C2SP's age.md uses it, written in upper case.
fn bech32(value: &[u8]) -> Option<(Range<usize>, Vec<u8>)> {
    let separator = memchr::memrchr(b'1', value)?;
    let place = value.len().checked_sub(6).filter(|&start| start > separator)?..value.len();
    let prefix = value[..separator].to_ascii_lowercase();
    if value.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    let mut symbols: Vec<u8> = prefix.iter().map(|byte| byte >> 5).collect();
    symbols.push(0);
    symbols.extend(prefix.iter().map(|byte| byte & 31));
    for byte in &value[separator + 1..place.start] {
        let symbol = BECH32.iter().position(|known| *known == byte.to_ascii_lowercase())?;
        symbols.push(u8::try_from(symbol).expect("because the alphabet has 32 characters"));
    }
    symbols.extend([0; 6]);
    let sum = polymod(&symbols) ^ 1;
    let digits = (0..6).map(|at| BECH32[(sum >> (5 * (5 - at)) & 31) as usize].to_ascii_uppercase());
    Some((place, digits.collect()))
}

fn polymod(symbols: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    symbols.iter().fold(1, |sum, &symbol| {
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(symbol);
        (0..5).filter(|bit| sum >> (25 + bit) & 1 == 1).fold(shifted, |sum, bit| sum ^ GENERATOR[bit])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positional_digits() {
        assert_eq!(positional(0, BASE62, 6), b"000000");
        assert_eq!(positional(61, BASE62, 6), b"00000z");
        assert_eq!(positional(u32::MAX, BASE62, 6), b"4gfFC3");
        assert_eq!(positional(u32::MAX, HEX, 7), b"1z141z3");
        assert_eq!(positional(0xbeef, HEX_UPPER, 8), b"0000BEEF");
    }

    /// The CRC-32 of `123456789` is cbf43926 by definition of the algorithm.
    #[test]
    fn families_place_the_same_sum_differently() {
        let placed = |check, value: &[u8]| expected(check, value).unwrap().1;
        assert_eq!(placed(Checksum::CloudflareCrc32, b"cfk_123456789--------"), b"cbf43926");
        assert_eq!(placed(Checksum::AtlassianCrc32, b"123456789--------"), b"CBF43926");
        assert_eq!(placed(Checksum::GrafanaCrc32, b"123456789_--------"), b"2639f4cb");
        assert_eq!(placed(Checksum::GithubCrc32, b"ghp_123456789------"), positional(0xcbf4_3926, BASE62, 6));
        assert_eq!(placed(Checksum::GitlabRoutable, b"123456789-------"), positional(0xcbf4_3926, HEX, 7));
        assert_eq!(placed(Checksum::CanvaCrc32, b"123456789--------"), b"cbf43926");
        assert_eq!(placed(Checksum::WandbCrc32, b"123456789------"), positional(0xcbf4_3926, BASE62, 6));
        assert_eq!(placed(Checksum::PlanningCenterCrc32, b"pco_pat_123456789--------"), b"cbf43926");
        assert_eq!(placed(Checksum::ZuploCrc32, b"zpka_123456789_--------"), b"cbf43926");
        assert_eq!(placed(Checksum::ConfluentCrc32, b"cflt123456789------"), b"Jjn0yw");
    }

    /// Forms of these families that carry digits have one length.
    #[test]
    fn some_forms_carry_no_digits() {
        for (check, prefix, length) in [
            (Checksum::ApifyCrc32, "apify_api_", 36),
            (Checksum::SaladcloudCrc32, "salad_cloud_user_", 49),
            (Checksum::PolarCrc32, "polar_oat_", 43),
        ] {
            let value = |length: usize| [prefix, &"q".repeat(length)].concat().into_bytes();
            assert_eq!(verify(check, &value(length)), ChecksumStatus::Invalid);
            assert_eq!(verify(check, &value(length + 1)), ChecksumStatus::None);
            let mut sealed = value(length);
            assert!(seal(check, &mut sealed));
            assert_eq!(verify(check, &sealed), ChecksumStatus::Valid);
        }
    }

    /// The check value of CRC-16/XMODEM.
    #[test]
    fn crc16_of_the_catalogue_of_sums() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }

    /// `A12UEL5L` is the shortest valid string of BIP-173.
    #[test]
    fn bech32_of_the_specification() {
        assert_eq!(verify(Checksum::AgeBech32, b"A12UEL5L"), ChecksumStatus::Valid);
        assert_eq!(verify(Checksum::AgeBech32, b"A12UEL5M"), ChecksumStatus::Invalid);
        assert_eq!(verify(Checksum::AgeBech32, b"A12uel5l"), ChecksumStatus::Invalid);
    }

    #[test]
    fn gitlab_length_is_that_of_the_payload() {
        let mut value = [&b"glpat-"[..], &[b'x'; 40], b".01.000000000"].concat();
        assert!(seal(Checksum::GitlabRoutable, &mut value));
        assert_eq!(value[50..52], *b"14");
        assert_eq!(verify(Checksum::GitlabRoutable, &value), ChecksumStatus::Valid);
    }
}
