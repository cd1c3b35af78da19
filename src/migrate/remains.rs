//! What stands against calling a value rotated: places that still use the old one. Owns: which values are looked for, and which files wait.
//! Must not: search.

use super::ApplyError;
use super::journal::{Progress, StoredSecret};
use super::plan::{Plan, PlannedSecret};
use super::value;
use crate::secret::Secret;
use crate::store::{SecretStore, Version};

/// The values of a secret that open something, as the store has them under the version that leaked.
///
/// # Errors
/// The store does not give that version, or it is not what the plan speaks of.
pub fn leaked(plan: &Plan, secret: &PlannedSecret, stored: &StoredSecret, store: &dyn SecretStore) -> Result<Vec<Secret>, ApplyError> {
    let whole = store.read(&secret.name, &Version::Id(&stored.version)).map_err(ApplyError::store)?;
    let mut parts = value::parts(plan, secret, &whole)?;
    Ok(secret.members.iter().filter(|member| member.opens_something()).filter_map(|member| parts.remove(&member.key)).collect())
}

/// Files with the old value of a secret that the migration has not rewritten yet.
#[must_use]
pub fn unwritten<'p>(plan: &'p Plan, progress: &Progress, secret: &str) -> Vec<&'p str> {
    let needs = plan.files.iter().filter(|file| file.has_places() && file.secrets.iter().any(|name| name == secret));
    needs.map(|file| file.path.as_str()).filter(|path| !progress.rewritten.contains(*path)).collect()
}
