//! Made-up values of the formats that detectors in code read, for examples and tests. Owns: building them. Must not: hold a real key.
//!
//! Every value is random bytes in the format's clothes: it decodes, and opens nothing.

use data_encoding::{BASE64, BASE64URL_NOPAD, Encoding, HEXLOWER};

use super::private_key::pgp::crc24;

/// A value that the pattern `pattern_id` reports; none where the pattern's detector needs no made-up value.
#[must_use]
pub fn sample(pattern_id: &str, random: &mut impl FnMut() -> u64) -> Option<Vec<u8>> {
    let mut random = Random(random);
    let text = match pattern_id {
        "private-key-rsa" => pem("RSA PRIVATE KEY", &rsa(&mut random)),
        "private-key-ec" => pem("EC PRIVATE KEY", &ec(&mut random)),
        "private-key-dsa" => pem("DSA PRIVATE KEY", &dsa(&mut random)),
        "private-key-pkcs8" => pem("PRIVATE KEY", &pkcs8(&mut random)),
        "private-key-pem" => pem("ANY PRIVATE KEY", &pkcs8(&mut random)),
        "private-key-bare" => BASE64.encode(&pkcs8(&mut random)),
        "private-key-openssh" => block(DASHES, "OPENSSH PRIVATE KEY", "", &wrapped(&openssh(&mut random), 70)),
        "private-key-ssh2" => block(["---- ", " ----"], "SSH2 ENCRYPTED PRIVATE KEY", "", &wrapped(&ssh2(&mut random), 70)),
        "private-key-openvpn" => block(DASHES, "OpenVPN Static key V1", "", &folded(&HEXLOWER.encode(&random.bytes(256)), 32)),
        "private-key-pgp" => pgp(&mut random),
        "private-key-putty" => putty(&mut random),
        "private-key-jwk" => jwk(&mut random),
        "jwt-token" => jwt(&mut random),
        "google-service-account-key" => service_account(&mut random),
        "bip39-seed-phrase" => bip39::Mnemonic::from_entropy(&random.bytes(16)).ok()?.to_string(),
        _ => return None,
    };
    Some(text.into_bytes())
}

/// Random bytes out of random words.
struct Random<'r, R: FnMut() -> u64>(&'r mut R);

impl<R: FnMut() -> u64> Random<'_, R> {
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        // The low bits of a simple generator are poor.
        std::iter::repeat_with(|| (self.0() >> 32).to_be_bytes()[7]).take(length).collect()
    }

    /// A positive number of exactly `length` bytes, odd.
    fn number(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = self.bytes(length);
        bytes[0] |= 0x80;
        bytes[length - 1] |= 1;
        bytes
    }
}

const DASHES: [&str; 2] = ["-----", "-----"];

fn pem(label: &str, der: &[u8]) -> String {
    block(DASHES, label, "", &wrapped(der, 64))
}

/// The words are put together here, so that no file of the project holds a BEGIN line with a body.
fn block([open, close]: [&str; 2], label: &str, head: &str, body: &str) -> String {
    format!("{open}BEGIN {label}{close}\n{head}{body}\n{open}END {label}{close}")
}

fn wrapped(bytes: &[u8], width: usize) -> String {
    folded(&BASE64.encode(bytes), width)
}

fn folded(text: &str, width: usize) -> String {
    let lines: Vec<String> = text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    lines.join("\n")
}

/// Type, length and value.
fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|&&byte| byte == 0).count().min(length.len() - 1)..];
    let mut out = vec![kind];
    if value.len() >= 0x80 {
        out.push(0x80 | u8::try_from(significant.len()).expect("because a length has eight bytes"));
    }
    out.extend(significant);
    out.extend(value);
    out
}

fn integer(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number[0] & 0x80 == 0 { &[] } else { &[0] };
    tlv(0x02, &[sign, number].concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// PKCS#1 of 2,048 bits.
fn rsa<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> Vec<u8> {
    let mut parts = vec![integer(&[0]), integer(&random.number(256)), integer(&[1, 0, 1]), integer(&random.number(256))];
    parts.extend((0..5).map(|_| integer(&random.number(128))));
    sequence(&parts)
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

fn pkcs8<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> Vec<u8> {
    let algorithm = sequence(&[tlv(0x06, RSA), tlv(0x05, &[])]);
    sequence(&[integer(&[0]), algorithm, tlv(0x04, &rsa(random))])
}

/// SEC 1 on the curve P-256.
fn ec<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> Vec<u8> {
    let point = [&[0, 4][..], &random.bytes(64)].concat();
    sequence(&[integer(&[1]), tlv(0x04, &random.bytes(32)), tlv(0xa0, &tlv(0x06, P256)), tlv(0xa1, &tlv(0x03, &point))])
}

fn dsa<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> Vec<u8> {
    let numbers = [128, 20, 128, 128, 20].map(|length| integer(&random.number(length)));
    sequence(&[&[integer(&[0])][..], &numbers].concat())
}

/// SSH's string: length and bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("because samples are small");
    [&length.to_be_bytes()[..], bytes].concat()
}

fn openssh<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> Vec<u8> {
    let point = random.bytes(32);
    let public = [string(b"ssh-ed25519"), string(&point)].concat();
    let check = random.bytes(4);
    let mut private = [&check[..], &check, &public, &string(&[random.bytes(32), point].concat()), &string(b"ci@acme.dev")].concat();
    private.extend((1..=8).take((8 - private.len() % 8) % 8));
    [b"openssh-key-v1\0", &string(b"none")[..], &string(b"none"), &string(b""), &[0, 0, 0, 1], &string(&public), &string(&private)].concat()
}

fn ssh2<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> Vec<u8> {
    let kind = string(b"if-modn{sign{rsa-pkcs1-sha1},encrypt{rsa-pkcs1v2-oaep}}");
    let rest = [kind, string(b"none"), string(&random.bytes(600))].concat();
    let length = u32::try_from(rest.len() + 8).expect("because samples are small");
    [&[0x3f, 0x6f, 0xf9, 0xeb][..], &length.to_be_bytes(), &rest].concat()
}

/// OpenPGP's number: bits and bytes.
fn mpi(number: &[u8]) -> Vec<u8> {
    let bits = u16::try_from(super::wire::bits(number)).expect("because samples are small");
    [&bits.to_be_bytes()[..], number].concat()
}

fn pgp<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> String {
    let secret = [256, 128, 128, 128].map(|length| mpi(&random.number(length))).concat();
    let sum = secret.iter().fold(0_u16, |sum, &byte| sum.wrapping_add(u16::from(byte)));
    let created = random.bytes(4);
    let key = [&[4][..], &created, &[1], &mpi(&random.number(256)), &mpi(&[1, 0, 1]), &[0], &secret, &sum.to_be_bytes()].concat();
    let length = u16::try_from(key.len()).expect("because samples are small");
    let packets = [&[0x95][..], &length.to_be_bytes(), &key, &[0xb4, 11], b"ci@acme.dev"].concat();
    let body = format!("{}\n={}", wrapped(&packets, 64), BASE64.encode(&crc24(&packets)));
    block(DASHES, "PGP PRIVATE KEY BLOCK", "\n", &body)
}

fn putty<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> String {
    let public = [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&[vec![0], random.number(256)].concat())].concat();
    let private = [256, 128, 128, 128].map(|length| string(&[vec![0], random.number(length)].concat())).concat();
    let lines = |bytes: &[u8]| {
        let text = wrapped(bytes, 64);
        format!("{}\n{text}", text.lines().count())
    };
    format!(
        "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: deploy\nPublic-Lines: {}\nPrivate-Lines: {}\nPrivate-MAC: {}",
        lines(&public),
        lines(&private),
        HEXLOWER.encode(&random.bytes(32))
    )
}

fn jwk<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> String {
    let [d, x, y] = [(); 3].map(|()| BASE64URL_NOPAD.encode(&random.bytes(32)));
    format!(r#"{{"kty":"EC","crv":"P-256","kid":"signing-1","d":"{d}","x":"{x}","y":"{y}"}}"#)
}

fn jwt<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> String {
    let text = |encoding: &Encoding, text: &str| encoding.encode(text.as_bytes());
    let subject = HEXLOWER.encode(&random.bytes(8));
    let header = text(&BASE64URL_NOPAD, r#"{"alg":"HS256","typ":"JWT"}"#);
    let payload = text(&BASE64URL_NOPAD, &format!(r#"{{"iss":"https://id.acme.dev","sub":"{subject}","exp":2208988800}}"#));
    format!("{header}.{payload}.{}", BASE64URL_NOPAD.encode(&random.bytes(32)))
}

/// The file as Google's console hands it out.
fn service_account<R: FnMut() -> u64>(random: &mut Random<'_, R>) -> String {
    let key = pem("PRIVATE KEY", &pkcs8(random)).replace('\n', "\\n");
    let id = HEXLOWER.encode(&random.bytes(20));
    let account = "deploy@acme-prod.iam.gserviceaccount.com";
    format!(
        r#"{{
  "type": "service_account",
  "project_id": "acme-prod",
  "private_key_id": "{id}",
  "private_key": "{key}\n",
  "client_email": "{account}",
  "token_uri": "https://oauth2.googleapis.com/token"
}}"#
    )
}

/// What other modules' tests need: samples, and what a scan says of a text.
#[cfg(test)]
pub(super) mod testing {
    use super::sample;
    use crate::detect::{Candidate, View, scan};
    use crate::patterns::Catalogue;
    use bstr::BStr;

    /// A sample as text; equal seeds give equal samples.
    pub fn text(id: &str, seed: u64) -> String {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        };
        String::from_utf8(sample(id, &mut random).unwrap()).unwrap()
    }

    /// Candidates of the patterns whose id starts with one of `ids`, each with its pattern's id.
    pub fn found<'t>(ids: &[&str], text: &'t [u8], binary: bool) -> Vec<(String, Candidate<'t>)> {
        let catalogue = Catalogue::builtin();
        let view = View { bytes: text, path: BStr::new("a.txt"), binary, depth: 0 };
        let named = scan(&catalogue, &view).into_iter().map(|candidate| (catalogue.pattern(candidate.pattern).def.id.clone(), candidate));
        named.filter(|(id, _)| ids.iter().any(|wanted| id.starts_with(wanted))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{found, text};
    use crate::finding::ChecksumStatus;

    const IDS: [&str; 13] = [
        "private-key-rsa",
        "private-key-ec",
        "private-key-dsa",
        "private-key-pkcs8",
        "private-key-pem",
        "private-key-openssh",
        "private-key-ssh2",
        "private-key-openvpn",
        "private-key-pgp",
        "private-key-putty",
        "private-key-jwk",
        "jwt-token",
        "google-service-account-key",
    ];

    #[test]
    fn each_sample_is_found_once_as_what_it_is() {
        for id in IDS {
            for seed in 0..8 {
                let text = text(id, seed);
                let candidates = found(&["private-key", "jwt", "google"], text.as_bytes(), false);
                let [(as_id, candidate)] = candidates.as_slice() else { panic!("{id}: {candidates:?}") };
                assert_eq!(as_id, id);
                assert_eq!(candidate.dropped, None, "{id}");
                if id == "jwt-token" {
                    assert!((candidate.probability - 0.92).abs() < 1e-3, "{id}: {}", candidate.probability);
                } else {
                    assert_eq!(candidate.checksum, ChecksumStatus::Valid, "{id}");
                    assert!(candidate.probability >= 0.99, "{id}: {}", candidate.probability);
                }
            }
        }
    }

    #[test]
    fn other_patterns_have_no_sample() {
        assert_eq!(super::sample("assignment-password", &mut || 1), None);
    }
}
