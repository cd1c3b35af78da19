//! Keyed hashes (HMAC-SHA-256) and their random keys. Owns: making both, and their hex. Must not: keep a value.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

/// 32 random bytes. Whoever lacks them cannot test guesses of a value against hashes made with them.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// A keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyedHash([u8; 32]);

impl Key {
    /// A new key.
    ///
    /// # Panics
    /// If the system has no randomness.
    #[must_use]
    pub fn random() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("because every supported system has a random number generator");
        Self(key)
    }

    /// The hash of all parts, one after the other.
    #[must_use]
    pub fn hash<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> KeyedHash {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("because a key of any length will do");
        parts.into_iter().for_each(|part| mac.update(part));
        KeyedHash(mac.finalize().into_bytes().into())
    }

    /// The key with these 64 lower case hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    /// Its 64 lower case hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl KeyedHash {
    /// The hash's bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// The hash with these 64 lower case hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl fmt::Display for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl Serialize for KeyedHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    from_hex(&String::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("it must be 64 lower case hex digits"))
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for KeyedHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_hmac_sha_256() {
        // RFC 4231, test case 2, whose key HMAC fills up with zeros.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let hash = Key(key).hash([b"what do ya want ".as_slice(), b"for nothing?"]).to_string();
        assert_eq!(hash, ["5bdcc146bf60754e6a042426089575c7", "5a003f089d2739839dec58b964ec3843"].concat());
    }

    #[test]
    fn hex_comes_back_and_nothing_else_is_read() {
        let key = Key::random();
        let hash = key.hash([b"a".as_slice()]);
        assert_eq!(KeyedHash::from_hex(&hash.to_string()), Some(hash));
        let read: Key = serde_json::from_str(&serde_json::to_string(&key).unwrap()).unwrap();
        assert_eq!(read.hash([b"a".as_slice()]), hash);
        for wrong in ["", "abc", &hash.to_string()[1..], &hash.to_string().to_uppercase(), &format!("{hash}00")] {
            assert_eq!(KeyedHash::from_hex(wrong), None, "{wrong}");
        }
        assert!(serde_json::from_str::<KeyedHash>("\"abc\"").is_err());
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", Key::random()), "Key");
    }
}
