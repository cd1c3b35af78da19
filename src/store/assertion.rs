//! What an identity signs of itself: JSON Web Tokens with an RSA key. Owns: reading keys from PEM, signing. Must not: know who asks for what.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::rand::SystemRandom;
use ring::signature::{RsaEncoding, RsaKeyPair};
use serde_json::Value;
use zeroize::Zeroizing;

/// The content of the first block of a text in PEM that has this label.
pub(super) fn block(pem: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = pem.split_once(&format!("-----BEGIN {label}-----"))?.1.split_once(&format!("-----END {label}-----"))?.0;
    let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
    base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    BASE64.decode(&base64).ok().map(Zeroizing::new)
}

/// The key of a text in PEM, in PKCS #8.
pub(super) fn key(pem: &str) -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(&block(pem, "PRIVATE KEY")?).ok()
}

/// The token with this header and these claims; none where the key cannot sign.
pub(super) fn signed(header: &Value, claims: &Value, key: &RsaKeyPair, how: &'static dyn RsaEncoding) -> Option<Zeroizing<String>> {
    let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    let mut token = Zeroizing::new(format!("{header}.{claims}"));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(how, &SystemRandom::new(), token.as_bytes(), &mut signature).ok()?;
    token.push('.');
    token.push_str(&BASE64URL_NOPAD.encode(&signature));
    Some(token)
}
