//! Offline checks of values. Owns: every checksum and decodable structure, with its source. Must not: know patterns or findings' order.

use crate::finding::ChecksumStatus;
use crate::patterns::schema::Checksum;

/// The verdict of `check` on `value`, and facts that the structure tells (never the secret itself).
#[must_use]
pub fn verify(check: Checksum, value: &[u8]) -> (ChecksumStatus, Vec<(&'static str, String)>) {
    let _ = (check, value);
    (ChecksumStatus::None, Vec::new())
}

/// Rewrites the check digits of `value` so that [`verify`] passes; `false` where the check is not one that can be made to pass (a structure).
#[must_use]
pub fn seal(check: Checksum, value: &mut [u8]) -> bool {
    let _ = (check, value);
    false
}
