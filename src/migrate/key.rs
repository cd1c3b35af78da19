//! The plan's own random key and what is hashed with it. Owns: keyed hashes and tokens. Must not: keep a value.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// 32 random bytes. Whoever has no plan cannot test guesses of a value against its hashes.
#[derive(Clone)]
pub struct PlanKey([u8; 32]);

/// A keyed hash of a value or of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl PlanKey {
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

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("because a key of any length will do");
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The hash of a value.
    #[must_use]
    pub fn of_value(&self, value: &[u8]) -> Hash {
        Hash(self.mac(&[b"unleak value 1", value]))
    }

    /// The hash of a file's content.
    #[must_use]
    pub fn of_file(&self, content: &[u8]) -> Hash {
        Hash(self.mac(&[b"unleak file 1", content]))
    }

    /// The ClientRequestToken for a version of a secret: 64 characters, the same at each retry of the plan, and of no value.
    #[must_use]
    pub fn token(&self, identity: &str, name: &str, version: u32) -> String {
        let version = version.to_string();
        data_encoding::HEXLOWER.encode(&self.mac(&[b"unleak token 1", identity.as_bytes(), name.as_bytes(), version.as_bytes()]))
    }
}

impl std::fmt::Debug for PlanKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlanKey")
    }
}

/// Whether two values are the same, in a time that does not depend on where they differ.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

impl Serialize for PlanKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let decoded = data_encoding::HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    decoded.ok_or_else(|| serde::de::Error::custom("it must be 64 lower case hex digits"))
}

impl<'de> Deserialize<'de> for PlanKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_of_their_kind_and_their_plan() {
        let (key, other) = (PlanKey::random(), PlanKey::random());
        assert_eq!(key.of_value(b"a"), key.of_value(b"a"));
        assert_ne!(key.of_value(b"a"), key.of_file(b"a"));
        assert_ne!(key.of_value(b"a"), other.of_value(b"a"));
        let read: PlanKey = serde_json::from_str(&serde_json::to_string(&key).unwrap()).unwrap();
        assert_eq!(read.of_value(b"a"), key.of_value(b"a"));
        assert!(serde_json::from_str::<Hash>("\"abc\"").is_err());
    }

    #[test]
    fn tokens_fit_the_limits_and_tell_versions_apart() {
        let key = PlanKey::random();
        let token = key.token("1 eu-west-1", "prod/a", 1);
        assert_eq!(token.len(), 64);
        assert_eq!(token, key.token("1 eu-west-1", "prod/a", 1));
        assert_ne!(token, key.token("1 eu-west-1", "prod/a", 2));
        assert_ne!(token, key.token("1 eu-west-1", "prod/b", 1));
        assert_ne!(key.token("a", "bc", 1), key.token("ab", "c", 1));
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", PlanKey::random()), "PlanKey");
    }
}
