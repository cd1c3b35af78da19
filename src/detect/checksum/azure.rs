//! Azure's identifiable keys. Owns: Marvin32, the signatures and their seeds. Must not: judge.
//!
//! Source: Microsoft's published description of identifiable secrets. A key is random bytes, then a signature that reads as text in base64,
//! then four bytes of Marvin32 over all before, little-endian. The seed depends on the service and on what the key is for.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, Encoding, Specification};

use crate::detect::fact::{Facts, tell};
use crate::finding::ChecksumStatus;
use crate::patterns::schema::Checksum;

/// Seeds of a service and what a key made with each is for.
type Seeds = &'static [(&'static [u8; 8], &'static str)];
/// A service's signature and its seeds.
type Family = (&'static [u8; 4], Seeds);

const FAMILIES: [Family; 15] = [
    (b"+ASt", &[(b"Default0", "")]),
    (
        b"ACDb",
        &[
            (b"MastRW00", "master, read and write"),
            (b"MastRO00", "master, read only"),
            (b"SystRW00", "system, read and write"),
            (b"SystRO00", "system, read only"),
            (b"SysAll00", "system, all"),
            (b"Resour00", "resource token"),
            (b"Encryp00", "encryption"),
        ],
    ),
    (b"+ABa", &[(b"AbAcct00", "")]),
    (b"+AMC", &[(b"Classic0", "")]),
    (
        b"APIM",
        &[
            (b"IoTHub00", "subscription"),
            (b"Tenant00", "direct management"),
            (b"Gatewy00", "self-hosted gateway"),
            (b"GitKey00", "repository"),
        ],
    ),
    (b"AzCa", &[(b"Access00", "")]),
    (b"+ASb", MESSAGING),
    (b"+AEh", MESSAGING),
    (b"+ARm", MESSAGING),
    (b"AIoT", &[(b"IoTHub00", "hub"), (b"DpsKey00", "device provisioning"), (b"Device00", "device")]),
    (b"AZEG", &[(b"Default0", "")]),
    (b"+ACR", &[(b"ACRDflt0", "")]),
    (b"AzSe", &[(b"PAdmin00", "admin"), (b"Query000", "query")]),
    (b"AzFu", &[(b"Functi00", "function"), (b"Master00", "master"), (b"System00", "system")]),
    (b"+SQL", &[(b"UsrPwd00", "")]),
];

const MESSAGING: Seeds =
    &[(b"Manage00", "manage"), (b"Send0000", "send"), (b"Listen00", "listen"), (b"System00", "system"), (b"Unknown0", "")];

/// Whether the sum at the end of the key is right for one of its service's seeds, and what the key is for.
pub fn verify(check: Checksum, value: &[u8]) -> (ChecksumStatus, Facts) {
    let mut facts = Facts::new();
    let is_exact = |bytes: &[u8]| layout(check).0.encode(bytes).as_bytes() == value;
    let Some((bytes, seeds)) = open(check, value).filter(|(bytes, _)| is_exact(bytes)) else { return (ChecksumStatus::Invalid, facts) };
    let (covered, sum) = bytes.split_at(bytes.len() - 4);
    match seeds.iter().find(|(seed, _)| marvin32(covered, u64::from_be_bytes(**seed)).to_le_bytes() == sum) {
        Some((_, role)) => {
            tell(&mut facts, "role", role);
            (ChecksumStatus::Valid, facts)
        }
        None => (ChecksumStatus::Invalid, facts),
    }
}

/// Writes the sum for the service's first seed; `false` where the value is no key of the check's form.
pub fn seal(check: Checksum, value: &mut Vec<u8>) -> bool {
    let Some((mut bytes, seeds)) = open(check, value) else { return false };
    let covered = bytes.len() - 4;
    let sum = marvin32(&bytes[..covered], u64::from_be_bytes(*seeds[0].0));
    bytes[covered..].copy_from_slice(&sum.to_le_bytes());
    *value = layout(check).0.encode(&bytes).into_bytes();
    true
}

/// The encoding of a check's keys, their length in bytes and the place of the signature in the text.
fn layout(check: Checksum) -> (Encoding, usize, usize) {
    match check {
        Checksum::Azure64 => (BASE64, 64, 76),
        Checksum::Azure32 => (BASE64, 32, 33),
        Checksum::Azure39 => (BASE64_NOPAD, 39, 42),
        _ => (BASE64URL, 40, 44),
    }
}

/// The bytes of a key and the seeds of its signature. Bits of the last character that encode nothing may have any value.
fn open(check: Checksum, value: &[u8]) -> Option<(Vec<u8>, Seeds)> {
    let (encoding, length, place) = layout(check);
    let signature = value.get(place..place + 4)?;
    let (_, seeds) = FAMILIES.iter().find(|(known, _)| known.as_slice() == signature)?;
    let mut lenient: Specification = encoding.specification();
    lenient.check_trailing_bits = false;
    let lenient = lenient.encoding().expect("because only a check was switched off");
    lenient.decode(value).ok().filter(|bytes| bytes.len() == length).map(|bytes| (bytes, *seeds))
}

/// Marvin32, as .NET's string hash: 64 bits of state, folded to 32.
pub fn marvin32(bytes: &[u8], seed: u64) -> u32 {
    let state = marvin64(bytes, seed);
    let [low, high] = halves(state);
    low ^ high
}

fn halves(word: u64) -> [u32; 2] {
    let bytes = word.to_le_bytes();
    [0, 4].map(|at| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]))
}

fn marvin64(bytes: &[u8], seed: u64) -> u64 {
    let [mut low, mut high] = halves(seed);
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    for word in words.iter().chain([&last, &[0; 4]]) {
        low = low.wrapping_add(u32::from_le_bytes(*word));
        high ^= low;
        low = low.rotate_left(20).wrapping_add(high);
        high = high.rotate_left(9) ^ low;
        low = low.rotate_left(27).wrapping_add(high);
        high = high.rotate_left(19);
    }
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of .NET's own tests.
    #[test]
    fn marvin_vectors() {
        let vectors: [(&[u8], u64); 7] = [
            (&[], 0x30ED_35C1_00CD_3C7D),
            (&[0xAF], 0x48E7_3FC7_7D75_DDC1),
            (&[0xE7, 0x0F], 0xB5F6_E1FC_485D_BFF8),
            (&[0x37, 0xF4, 0x95], 0xF0B0_7C78_9B8C_F7E8),
            (&[0x86, 0x42, 0xDC, 0x59], 0x7008_F2E8_7E9C_F556),
            (&[0x15, 0x3F, 0xB7, 0x98, 0x26], 0xE6C0_8C6D_A2AF_A997),
            (&[0x09, 0x32, 0xE6, 0x24, 0x6C, 0x47], 0x6F04_BF1A_5EA2_4060),
        ];
        for (bytes, expected) in vectors {
            assert_eq!(marvin64(bytes, 0x004F_B61A_001B_DBCC), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn the_seed_tells_the_role() {
        let mut value = [&[b'x'; 42][..], b"AzSeAxxxxx"].concat();
        assert!(seal(Checksum::Azure39, &mut value));
        assert_eq!(verify(Checksum::Azure39, &value), (ChecksumStatus::Valid, vec![("role", "admin".to_owned())]));
        value[0] = b'y';
        assert_eq!(verify(Checksum::Azure39, &value), (ChecksumStatus::Invalid, vec![]));
    }
}
