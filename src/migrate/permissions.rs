//! What the identity lacks for a plan, before anything is done. Owns: which actions a plan needs. Must not: change the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::ApplyError;
use super::plan::{Existing, Plan, PlannedSecret};
use super::storing::{Pace, at_once};
use crate::reference::Backend;
use crate::secret::Secret;
use crate::store::{Action, NewSecret, SecretStore, StoreError, limits};

/// What the store said.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// What the identity may do to every secret that takes it, in the store's words.
    pub allowed: BTreeSet<String>,
    /// What it lacks, with the secrets.
    pub missing: BTreeMap<String, BTreeSet<String>>,
    /// What cannot be asked without doing it.
    pub unasked: BTreeSet<String>,
}

/// The actions that applying and undoing a plan takes on a secret.
#[must_use]
pub fn needed(secret: &PlannedSecret) -> Vec<Action> {
    let mut actions = vec![Action::Create, Action::Describe, Action::Read, Action::Tag, Action::Delete, Action::Restore];
    if secret.existing == Existing::NewVersion {
        actions.extend([Action::AddVersion, Action::MoveStage]);
    }
    if !secret.replica_regions.is_empty() {
        actions.push(Action::Replicate);
    }
    actions
}

/// Asks the store about every secret of the plan.
///
/// # Errors
/// It is another store than that of the plan, or cannot be asked.
pub fn check(plan: &Plan, store: &dyn SecretStore) -> Result<Checked, ApplyError> {
    super::apply::right_store(plan, store)?;
    let pace = Pace::of(store.backend());
    let checked = Mutex::new(Checked::default());
    at_once(&plan.secrets, |secret| {
        let value = Secret::new(b"unleak asks for permissions; this is no value");
        let new = NewSecret {
            name: &secret.name,
            value: &value,
            description: &secret.description,
            tags: &secret.tags,
            kms_key: secret.kms_key.as_deref(),
            replica_regions: &secret.replica_regions,
            external_type: secret.external_type.as_deref(),
            token: &plan.id,
        };
        let does = |action: &Action| limits::refused(store.backend(), *action).is_none();
        for action in needed(secret).into_iter().filter(does) {
            // These are asked slowly for what writes alone, and Google Cloud and Azure for nothing that does.
            let is_write = match store.backend() {
                Backend::Ssm => action == Action::Create,
                Backend::Gcp | Backend::Azure => false,
                Backend::Local | Backend::Aws | Backend::Vault | Backend::File => true,
            };
            if is_write {
                pace.wait();
            }
            let answer = store.probe(action, &new);
            let mut checked = checked.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Ok(()) if limits::is_unasked(store.backend(), action) => drop(checked.unasked.insert(store.permission(action))),
                Ok(()) => drop(checked.allowed.insert(store.permission(action))),
                Err(StoreError::Denied { action, .. }) => drop(checked.missing.entry(action).or_default().insert(secret.name.clone())),
                Err(error) => return Err(ApplyError::store(error)),
            }
        }
        if let Some(key) = &secret.kms_key {
            let unasked = match store.backend() {
                Backend::Gcp => format!("roles/cloudkms.cryptoKeyEncrypterDecrypter of {key}, for the service agent of Secret Manager"),
                _ => format!("kms:GenerateDataKey and kms:Decrypt of {key}"),
            };
            checked.lock().unwrap_or_else(PoisonError::into_inner).unasked.insert(unasked);
        }
        Ok(())
    })?;
    let mut checked = checked.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Checked { allowed, missing, .. } = &mut checked;
    allowed.retain(|action| !missing.contains_key(action));
    Ok(checked)
}
