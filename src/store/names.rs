//! Names in stores that take fewer characters than AWS. Owns: how a name is spelled there, and which are refused. Must not: ask a store.
//!
//! A spelling is not taken back: two names can have the same one, and whoever chooses names has to refuse the second.

use super::StoreError;
use super::limits::invalid;
use crate::reference::{Backend, is_in_key_vault, is_in_project};

/// Characters of the name of a secret of Google Cloud, at most.
const LONGEST_GCP: usize = 255;
/// Characters of the name of a secret of Azure, at most.
const LONGEST_AZURE: usize = 127;

/// A name, without what all names of the store start with, in the characters that the store takes.
#[must_use]
pub fn spelled(backend: Backend, own: &str) -> String {
    match backend {
        Backend::Gcp => own.replace(['/', '.', '+', '=', '@'], "-"),
        // Capital letters do not tell names apart there.
        Backend::Azure => own.to_ascii_lowercase().replace(['/', '.', '_', '+', '=', '@'], "-"),
        Backend::Local | Backend::Aws | Backend::Ssm | Backend::Vault | Backend::File => own.to_owned(),
    }
}

/// What stands between a name and a number that tells it from others.
#[must_use]
pub const fn joint(backend: Backend) -> &'static str {
    if matches!(backend, Backend::Azure) { "-" } else { "_" }
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
        Backend::Azure if own.is_empty() || own.len() > LONGEST_AZURE || !own.chars().all(is_in_key_vault) => {
            Err(invalid(own, format!("a secret of Azure has 1 to {LONGEST_AZURE} letters, digits and - in its name")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelled_is_taken() {
        for (backend, spelling) in
            [(Backend::Aws, "prod/Shop/db.main_1"), (Backend::Gcp, "prod-Shop-db-main_1"), (Backend::Azure, "prod-shop-db-main-1")]
        {
            assert_eq!(spelled(backend, "prod/Shop/db.main_1"), spelling);
            check(backend, spelling).unwrap();
            check(backend, &format!("{spelling}{}2", joint(backend))).unwrap();
        }
        for wrong in ["", "a/b", "a.b", "\u{e4}", &"a".repeat(256)] {
            assert!(matches!(check(Backend::Gcp, wrong), Err(StoreError::Invalid { .. })), "{wrong}");
        }
        for wrong in ["", "a/b", "a.b", "a_b", &"a".repeat(128)] {
            assert!(matches!(check(Backend::Azure, wrong), Err(StoreError::Invalid { .. })), "{wrong}");
        }
    }
}
