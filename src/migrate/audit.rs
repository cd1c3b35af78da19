//! What became of migrated secrets, from what the store tells without their values. Owns: the checks. Must not: change anything.
//!
//! The numbers are those of Security Hub: SecretsManager.1 rotation is enabled, .2 it succeeds, .3 the secret is used, .4 it was rotated in time.

use super::journal::{StoredBy, StoredSecret};
use super::plan::PlannedSecret;
use super::storing::with_stage;
use crate::reference::Backend;
use crate::store::{CURRENT, Description};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Something about a secret that should be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The secret.
    pub secret: String,
    /// A short name of the check.
    pub check: &'static str,
    /// What is wrong.
    pub detail: String,
}

/// What the store shows of one secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audited {
    /// What should be otherwise.
    pub complaints: Vec<Complaint>,
    /// Whether readers get another version than the one that leaked.
    pub rotated: bool,
}

/// Checks a secret; `now` in seconds since 1970, `days` until it has to be rotated or counts as unused.
#[must_use]
pub fn check(
    backend: Backend,
    secret: &PlannedSecret,
    stored: &StoredSecret,
    description: Option<&Description>,
    now: i64,
    days: u32,
) -> Audited {
    // Security Hub's names are those of Secrets Manager; no other store rotates by itself.
    let by_itself = backend == Backend::Aws;
    let (unused, age) = if by_itself { ("SecretsManager.3", "SecretsManager.4") } else { ("unused", "age") };
    let mut complaints = Vec::new();
    let mut complain = |check: &'static str, detail: String| complaints.push(Complaint { secret: secret.name.clone(), check, detail });
    let Some(description) = description else {
        complain("missing", "it is not in the store any more".to_owned());
        return Audited { complaints, rotated: false };
    };
    if description.deleted.is_some() {
        complain("deleted", "it is scheduled for deletion".to_owned());
    }
    let current = with_stage(description, CURRENT).map(|(_, version)| version);
    let rotated = current.is_some_and(|current| current != stored.version) && stored.origin != StoredBy::Reused;
    if !rotated {
        complain("leaked-version", "readers still get the value that was in the code; rotate it".to_owned());
    }
    if by_itself && !description.rotation_enabled {
        complain("SecretsManager.1", "it has no automatic rotation".to_owned());
    }
    let overdue = |at: Option<i64>| at.is_some_and(|at| at < now - DAY);
    if description.rotation_enabled && overdue(description.next_rotation) {
        complain("SecretsManager.2", "a rotation was due and did not happen".to_owned());
    }
    let older = |at: Option<i64>| at.is_some_and(|at| now - at > i64::from(days) * DAY);
    let tells_reads = matches!(backend, Backend::Aws | Backend::Local);
    if tells_reads && description.accessed.map_or_else(|| older(description.created), |at| older(Some(at))) {
        complain(unused, format!("nobody read it for {days} days"));
    }
    if older(description.rotated.or(description.changed).or(description.created)) {
        complain(age, format!("its value is older than {days} days"));
    }
    let missing: Vec<&str> =
        secret.tags.iter().filter(|(key, value)| description.tags.get(*key) != Some(value)).map(|(key, _)| key.as_str()).collect();
    if !missing.is_empty() && stored.origin == StoredBy::Created {
        complain("tags", format!("it lacks tags of the plan: {}", missing.join(", ")));
    }
    let regions: Vec<&str> =
        secret.replica_regions.iter().filter(|region| !description.replica_regions.contains(region)).map(String::as_str).collect();
    if !regions.is_empty() {
        complain("replicas", format!("it has no replica in {}", regions.join(", ")));
    }
    if secret.kms_key.is_some() && description.kms_key != secret.kms_key {
        complain("key", "it is encrypted with another key than planned".to_owned());
    }
    Audited { complaints, rotated }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::plan::Existing;
    use std::collections::BTreeMap;

    fn secret() -> PlannedSecret {
        PlannedSecret {
            name: "prod/a".to_owned(),
            description: String::new(),
            tags: BTreeMap::from([("owner".to_owned(), "x".to_owned())]),
            kms_key: Some("alias/a".to_owned()),
            replica_regions: vec!["eu-west-2".to_owned()],
            external_type: None,
            existing: Existing::Refuse,
            members: Vec::new(),
            findings: Vec::new(),
            patterns: Vec::new(),
            service: String::new(),
            revoke: String::new(),
            rotation: String::new(),
        }
    }

    fn checks_of(backend: Backend, description: Option<&Description>, now: i64) -> Vec<&'static str> {
        let stored = StoredSecret { id: String::new(), version: "v1".to_owned(), origin: StoredBy::Created };
        check(backend, &secret(), &stored, description, now, 90).complaints.into_iter().map(|complaint| complaint.check).collect()
    }

    fn checks(description: Option<&Description>, now: i64) -> Vec<&'static str> {
        checks_of(Backend::Aws, description, now)
    }

    #[test]
    fn every_check_can_fail_and_pass() {
        let stage = |version: &str| BTreeMap::from([(version.to_owned(), vec![CURRENT.to_owned()])]);
        let fresh = Description { versions: stage("v1"), created: Some(0), changed: Some(0), ..Description::default() };
        assert_eq!(checks(None, 0), ["missing"]);
        assert_eq!(checks(Some(&fresh), 10), ["leaked-version", "SecretsManager.1", "tags", "replicas", "key"]);
        let old = Description { rotation_enabled: true, next_rotation: Some(0), deleted: Some(1), ..fresh };
        let late = 91 * DAY;
        assert_eq!(
            checks(Some(&old), late),
            ["deleted", "leaked-version", "SecretsManager.2", "SecretsManager.3", "SecretsManager.4", "tags", "replicas", "key"]
        );
        let good = Description {
            versions: stage("v2"),
            tags: secret().tags,
            kms_key: secret().kms_key,
            replica_regions: secret().replica_regions,
            rotation_enabled: true,
            rotated: Some(late - DAY),
            next_rotation: Some(late + DAY),
            accessed: Some(late - DAY),
            created: Some(0),
            ..Description::default()
        };
        assert_eq!(checks(Some(&good), late), Vec::<&str>::new());
        // Other stores neither rotate nor, some of them, say when a value was read.
        let unread = Description { rotation_enabled: false, rotated: None, accessed: None, ..good };
        assert_eq!(checks_of(Backend::Local, Some(&unread), late), ["unused", "age"]);
        assert_eq!(checks_of(Backend::Ssm, Some(&unread), late), ["age"]);
        assert_eq!(checks_of(Backend::Vault, Some(&unread), late), ["age"]);
        assert_eq!(checks_of(Backend::Gcp, Some(&unread), late), ["age"]);
        assert_eq!(checks_of(Backend::Azure, Some(&unread), late), ["age"]);
    }
}
