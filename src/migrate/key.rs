//! The plan's own random key and what is hashed with it. Owns: what is hashed, and tokens. Must not: keep a value.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::keyed::Key;
pub use crate::keyed::KeyedHash as Hash;

/// Whoever has no plan cannot test guesses of a value against its hashes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanKey(Key);

impl PlanKey {
    /// A new key.
    ///
    /// # Panics
    /// If the system has no randomness.
    #[must_use]
    pub fn random() -> Self {
        Self(Key::random())
    }

    /// The hash of these parts, each with its length before it.
    fn hash(&self, parts: &[&[u8]]) -> Hash {
        let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_le_bytes()).collect();
        self.0.hash(lengths.iter().zip(parts).flat_map(|(length, part)| [length.as_slice(), part]))
    }

    /// The hash of a value.
    #[must_use]
    pub fn of_value(&self, value: &[u8]) -> Hash {
        self.hash(&[b"unleak value 1", value])
    }

    /// The hash of a file's content.
    #[must_use]
    pub fn of_file(&self, content: &[u8]) -> Hash {
        self.hash(&[b"unleak file 1", content])
    }

    /// The ClientRequestToken for a version of a secret: 64 characters, the same at each retry of the plan, and of no value.
    #[must_use]
    pub fn token(&self, identity: &str, name: &str, version: u32) -> String {
        let version = version.to_string();
        self.hash(&[b"unleak token 1", identity.as_bytes(), name.as_bytes(), version.as_bytes()]).to_string()
    }
}

/// Whether two values are the same, in a time that does not depend on where they differ.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
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
}
