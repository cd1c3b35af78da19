//! The raw secret and its fingerprint. Owns: masking, wiping, hashing. Must not: print, serialise or compare secrets anywhere else.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The bytes of a credential. `Debug` shows the mask, the memory is wiped on drop, and there is no `Display` and no `Serialize`:
/// whoever wants the value has to call [`Secret::expose`] and answer for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes a copy of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The raw value. Call it only where `--show-secrets` was typed or a store is written.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length of the value in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the value has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// At most four leading characters and never more than a quarter of the value, then stars.
    /// The number of stars is capped and does not tell the length of a long value.
    #[must_use]
    pub fn masked(&self) -> String {
        mask(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Stars shown for the hidden part of a secret, whatever its length.
const STARS: &str = "********";

/// The mask of a value: see [`Secret::masked`]. Only printable ASCII is ever shown.
#[must_use]
pub fn mask(value: &[u8]) -> String {
    let shown = (value.len() / 4).min(4);
    let head: String = value.iter().take(shown).take_while(|byte| byte.is_ascii_graphic()).map(|&byte| char::from(byte)).collect();
    format!("{head}{STARS}")
}

/// Names a secret without holding it: the first 16 bytes of SHA-256 over a fixed label and the value, as 32 hex digits.
///
/// Equal secrets have equal fingerprints wherever they stand, so places of one secret can be joined and followed over time.
/// A short password can be guessed from its fingerprint by trying; treat a report as you treat the code it speaks of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a value.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(b"unleak fingerprint 1\0").chain_update(value).finalize();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Self(short)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The fingerprint with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_never_shows_more_than_a_quarter_or_four() {
        assert_eq!(mask(b"abc"), "********");
        assert_eq!(mask(b"abcdefgh"), "ab********");
        assert_eq!(mask(&[b'x'; 100]), "xxxx********");
        assert_eq!(mask("ééééééé".as_bytes()), "********");
    }

    #[test]
    fn debug_hides_the_value() {
        assert_eq!(format!("{:?}", Secret::new(b"correct horse")), "cor********");
    }

    #[test]
    fn equal_values_have_equal_fingerprints() {
        assert_eq!(Fingerprint::of(b"a"), Fingerprint::of(b"a"));
        assert_ne!(Fingerprint::of(b"a"), Fingerprint::of(b"b"));
        assert_eq!(Fingerprint::of(b"a").to_string().len(), 32);
    }
}
