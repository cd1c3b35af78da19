//! An application of Azure that proves who it is with its certificate. Owns: the file, and what is signed. Must not: ask anybody.
//!
//! Source: "Microsoft identity platform application authentication certificate credentials"
//! (<https://learn.microsoft.com/entra/identity-platform/certificate-credentials>).

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ring::digest::{SHA256, digest};
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use serde_json::json;
use zeroize::Zeroizing;

use super::super::StoreError;
use super::super::assertion::{block, key, signed};

/// Seconds that what is signed holds.
const LASTS: u64 = 600;

/// What the application signs for who gives tokens at `url`. The file is read anew for each token: certificates are renewed.
pub(super) fn assertion(file: &Path, client: &str, url: &str) -> Result<Zeroizing<String>, StoreError> {
    let unusable = |what: &str| StoreError::Unusable(format!("{}: {what}", file.display()));
    let bytes = std::fs::read(file)
        .map(Zeroizing::new)
        .map_err(|error| StoreError::Unusable(format!("cannot read {}: {error}", file.display())))?;
    let pem = std::str::from_utf8(&bytes).map_err(|_| unusable(NO_PEM))?;
    let certificate = block(pem, "CERTIFICATE").ok_or_else(|| unusable(NO_PEM))?;
    let key = own_key(pem).ok_or_else(|| unusable("it has no RSA key without a password, which is what is read"))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let thumbprint = BASE64URL_NOPAD.encode(digest(&SHA256, &certificate).as_ref());
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
    let claims = json!({"aud": url, "iss": client, "sub": client, "jti": once(), "nbf": now, "iat": now, "exp": now + LASTS});
    signed(&header, &claims, &key, &RSA_PSS_SHA256).ok_or_else(|| unusable("its key cannot sign"))
}

/// Why a file is none that is read.
const NO_PEM: &str = "it is no PEM file with a certificate and its key; `openssl pkcs12 -in FILE -nodes` makes one of a PFX file";

fn own_key(pem: &str) -> Option<RsaKeyPair> {
    key(pem).or_else(|| RsaKeyPair::from_der(&block(pem, "RSA PRIVATE KEY")?).ok())
}

/// What no other token has.
fn once() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("because every supported system has a random number generator");
    HEXLOWER.encode(&bytes)
}
