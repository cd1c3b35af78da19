//! Names in stores that take fewer characters than AWS. Owns: how a name is spelled there, and which are refused. Must not: ask a store.
//!
//! A spelling is not taken back: two names can have the same one, and whoever chooses names has to refuse the second.

use super::StoreError;
use super::limits::invalid;
use crate::reference::{Backend, is_in_project};

/// Characters of the name of a secret of Google Cloud, at most.
const LONGEST_GCP: usize = 255;

/// A name, without what all names of the store start with, in the characters that the store takes.
#[must_use]
pub fn spelled(backend: Backend, own: &str) -> String {
    match backend {
        Backend::Gcp => own.replace(['/', '.', '+', '=', '@'], "-"),
        Backend::Local | Backend::Aws | Backend::Ssm | Backend::Vault => own.to_owned(),
    }
}

/// Checks a name without what all names of the store start with.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn check(backend: Backend, own: &str) -> Result<(), StoreError> {
    match backend {
        Backend::Gcp if own.is_empty() || own.len() > LONGEST_GCP || !own.chars().all(is_in_project) => {
            Err(invalid(own, format!("a secret of Google Cloud has 1 to {LONGEST_GCP} letters, digits, _ and - in its name")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelled_is_taken() {
        for (backend, spelling) in [(Backend::Aws, "prod/shop/db.main_1"), (Backend::Gcp, "prod-shop-db-main_1")] {
            assert_eq!(spelled(backend, "prod/shop/db.main_1"), spelling);
            check(backend, spelling).unwrap();
        }
        for wrong in ["", "a/b", "a.b", "\u{e4}", &"a".repeat(256)] {
            assert!(matches!(check(Backend::Gcp, wrong), Err(StoreError::Invalid { .. })), "{wrong}");
        }
    }
}
