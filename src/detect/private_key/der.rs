//! Private keys in DER: PKCS#1, SEC 1, DSA, PKCS#8. Owns: a bounded walk over types, lengths and values. Must not: decide what is reported.

use super::Inside;
use crate::detect::fact::{Facts, tell};
use crate::detect::wire::{bits, number, take};

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// Most parts of one sequence that are looked at; no key has more.
const PARTS: usize = 16;

/// Object identifiers of key types, with the name people use.
const ALGORITHMS: [(&[u8], &str); 9] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], "RSA"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "RSA-PSS"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "EC"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "DSA"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01], "DH"),
    (&[0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
    (&[0x2b, 0x65, 0x6e], "X25519"),
    (&[0x2b, 0x65, 0x6f], "X448"),
];

/// Object identifiers of curves.
const CURVES: [(&[u8], &str); 8] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "P-256"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "P-384"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "P-521"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x21], "P-224"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01], "P-192"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1"),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07], "brainpoolP256r1"),
    (&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d], "SM2"),
];

/// What a DER text holds.
#[must_use]
pub fn read(der: &[u8]) -> Inside {
    let mut rest = der;
    let Some((SEQUENCE, want)) = head(&mut rest) else { return Inside::Unknown };
    if want > rest.len() {
        return Inside::Cut { have: rest.len(), want };
    }
    let Some(parts) = parts(&rest[..want]) else { return Inside::Unknown };
    let mut facts = Facts::new();
    let known = match parts.as_slice() {
        [(INTEGER, _), (SEQUENCE, algorithm), (OCTETS, key), ..] => pkcs8(algorithm, key, &mut facts),
        [(SEQUENCE, scheme), (OCTETS, _)] => return encrypted(scheme),
        _ => bare(&parts, &mut facts),
    };
    if known.is_some() { Inside::Whole(facts) } else { Inside::Unknown }
}

/// PKCS#1, SEC 1 and DSA keys, which name no algorithm.
fn bare(parts: &[(u8, &[u8])], facts: &mut Facts) -> Option<()> {
    let integers = parts.iter().take_while(|part| part.0 == INTEGER).count();
    match (integers, parts) {
        // Keys of more than two primes end with a sequence.
        (9, [_, modulus, _, _, _, _, _, _, _] | [_, modulus, _, _, _, _, _, _, _, (SEQUENCE, _)]) => sized("RSA", modulus.1, facts),
        (6, [_, prime, _, _, _, _]) => sized("DSA", prime.1, facts),
        (1, [_, (OCTETS, number), rest @ ..]) => {
            tell(facts, "kind", "EC");
            let named = rest.iter().find(|part| part.0 == 0xa0).and_then(|part| curve(part.1));
            tell(facts, "curve", named.unwrap_or_default());
            (number.len() >= 16).then_some(())
        }
        _ => None,
    }
}

/// A key whose size is that of one of its numbers.
fn sized(kind: &str, number: &[u8], facts: &mut Facts) -> Option<()> {
    tell(facts, "kind", kind);
    tell(facts, "bits", &bits(number).to_string());
    (bits(number) >= 256).then_some(())
}

/// A key with its algorithm before it.
fn pkcs8(algorithm: &[u8], key: &[u8], facts: &mut Facts) -> Option<()> {
    let algorithm = parts(algorithm)?;
    let (OID, id) = *algorithm.first()? else { return None };
    let kind = ALGORITHMS.iter().find(|(known, _)| *known == id).map(|(_, name)| *name);
    if let Some("RSA" | "RSA-PSS") = kind {
        let mut rest = key;
        let (SEQUENCE, length) = head(&mut rest)? else { return None };
        return bare(&parts(rest.get(..length)?)?, facts);
    }
    tell(facts, "kind", kind.unwrap_or("other"));
    match (kind, algorithm.get(1)) {
        (Some("EC"), Some((OID, id))) => tell(facts, "curve", name_of_curve(id).unwrap_or_default()),
        // The prime of the group comes first.
        (Some("DSA" | "DH"), Some((SEQUENCE, group))) => {
            if let Some(&(INTEGER, prime)) = parts(group)?.first() {
                tell(facts, "bits", &bits(prime).to_string());
            }
        }
        _ => {}
    }
    (key.len() >= 16).then_some(())
}

/// PKCS#8 under a passphrase: the scheme's identifier comes first.
fn encrypted(scheme: &[u8]) -> Inside {
    match parts(scheme).as_deref() {
        Some([(OID, _), ..]) => Inside::Encrypted(Facts::new()),
        _ => Inside::Unknown,
    }
}

/// The curve in SEC 1's optional parameters.
fn curve(parameters: &[u8]) -> Option<&'static str> {
    let parts = parts(parameters)?;
    let (OID, id) = *parts.first()? else { return None };
    name_of_curve(id)
}

fn name_of_curve(id: &[u8]) -> Option<&'static str> {
    CURVES.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

/// The values of a sequence, in order, with their types.
fn parts(body: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut rest = body;
    let mut parts = Vec::new();
    while !rest.is_empty() && parts.len() < PARTS {
        let (kind, length) = head(&mut rest)?;
        parts.push((kind, take(&mut rest, length)?));
    }
    Some(parts)
}

/// Type and length of the value that follows; none for forms that no key uses.
fn head(rest: &mut &[u8]) -> Option<(u8, usize)> {
    let kind = take(rest, 1)?[0];
    let first = usize::from(take(rest, 1)?[0]);
    let length = match first {
        0..=0x7f => first,
        0x81..=0x84 => number(rest, first - 0x80)?,
        _ => return None,
    };
    (kind & 0x1f != 0x1f).then_some((kind, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_foreign_structures_are_no_keys() {
        assert_eq!(read(&[]), Inside::Unknown);
        assert_eq!(read(&[0x30, 0x80, 0, 0]), Inside::Unknown);
        assert_eq!(read(&[0x30, 0x03, 0x02, 0x01, 0x00]), Inside::Unknown);
        // A public key: algorithm and bit string.
        assert_eq!(read(&[0x30, 0x08, 0x30, 0x02, 0x06, 0x00, 0x03, 0x02, 0x00, 0x01]), Inside::Unknown);
        assert_eq!(read(&[0x30, 0x82, 0x04, 0xa4, 0x02, 0x01, 0x00]), Inside::Cut { have: 3, want: 0x4a4 });
    }

    #[test]
    fn an_ed25519_key_is_known_by_its_identifier() {
        let der =
            [&[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20][..], &[7; 32]].concat();
        assert_eq!(read(&der), Inside::Whole(vec![("kind", "Ed25519".to_owned())]));
    }
}
