//! A store for tests that outlives processes: one file, in the clear. Owns: the semantics of a store, step by step, and refusals on request.
//! Must not: be used for anything but made-up values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use unleak::fsx::Steps;
use unleak::reference::Backend;
use unleak::secret::Secret;
use unleak::store::{Action, CURRENT, Description, NewSecret, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version};

/// A secret of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub versions: BTreeMap<String, (Vec<u8>, Vec<String>)>,
    pub tags: Tags,
    pub deleted: bool,
    #[serde(default)]
    pub replicas: Vec<String>,
}

/// The store.
pub struct TestStore<'s> {
    path: PathBuf,
    steps: &'s dyn Steps,
    lock: Mutex<()>,
    /// Actions that are denied, and secrets of which everything is.
    pub denied: BTreeSet<String>,
    /// What `read` gives in place of the value.
    pub lies: bool,
    /// What it says that it is.
    pub backend: Backend,
}

pub const IDENTITY: &str = "123456789012 eu-west-1";

impl<'s> TestStore<'s> {
    pub fn at(path: &Path, steps: &'s dyn Steps) -> Self {
        Self { path: path.to_owned(), steps, lock: Mutex::new(()), denied: BTreeSet::new(), lies: false, backend: Backend::Local }
    }

    /// All it holds.
    pub fn all(&self) -> BTreeMap<String, Kept> {
        std::fs::read(&self.path).map_or_else(|_| BTreeMap::new(), |text| serde_json::from_slice(&text).unwrap())
    }

    /// Puts a secret there that the migration did not make.
    pub fn put(&self, name: &str, value: &[u8]) {
        self.change(|all| {
            let versions = BTreeMap::from([("first".to_owned(), (value.to_vec(), vec![CURRENT.to_owned()]))]);
            all.insert(name.to_owned(), Kept { versions, ..Kept::default() });
        });
    }

    /// Puts a secret there that an earlier plan made, and undo deleted.
    pub fn put_deleted(&self, name: &str, value: &[u8]) {
        self.put(name, value);
        self.change(|all| {
            let kept = all.get_mut(name).unwrap();
            kept.deleted = true;
            kept.tags.insert("unleak:plan".to_owned(), "0123456789abcdef".to_owned());
        });
    }

    /// The current version of a secret, its value, and whether it waits for its deletion.
    pub fn current(&self, name: &str) -> (String, Vec<u8>, bool) {
        let kept = self.all().remove(name).unwrap();
        let (version, (value, _)) = kept.versions.into_iter().find(|(_, (_, stages))| stages.iter().any(|stage| stage == CURRENT)).unwrap();
        (version, value, kept.deleted)
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Kept>) -> T) -> T {
        let _held = self.lock.lock().unwrap();
        let mut all = self.all();
        let changed = change(&mut all);
        unleak::fsx::write_atomically(&self.path, |out| out.write_all(&serde_json::to_vec(&all).unwrap())).unwrap();
        changed
    }

    fn call<T>(
        &self,
        name: &str,
        action: &'static str,
        call: impl FnOnce(&mut BTreeMap<String, Kept>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.denied.contains(action) || self.denied.contains(name) {
            return Err(StoreError::Denied { name: name.to_owned(), action: format!("secretsmanager:{action}") });
        }
        self.steps.at("before a call to the store");
        let done = self.change(call);
        self.steps.at("after a call to the store");
        done
    }
}

fn missing(name: &str) -> StoreError {
    StoreError::NotFound { name: name.to_owned() }
}

/// Moves a label, and what was current becomes the previous version.
fn label(kept: &mut Kept, stage: &str, to: &str) {
    let from = kept.versions.iter().find(|(_, (_, stages))| stages.iter().any(|known| known == stage)).map(|(id, _)| id.clone());
    let take = |kept: &mut Kept, stage: &str, to: &str| {
        kept.versions.values_mut().for_each(|(_, stages)| stages.retain(|known| known != stage));
        kept.versions.get_mut(to).unwrap().1.push(stage.to_owned());
    };
    take(kept, stage, to);
    if let Some(from) = from.filter(|from| stage == CURRENT && from != to) {
        take(kept, PREVIOUS, &from);
    }
}

impl SecretStore for TestStore<'_> {
    fn backend(&self) -> Backend {
        self.backend
    }

    fn identity(&self) -> Result<String, StoreError> {
        Ok(IDENTITY.to_owned())
    }

    fn permission(&self, action: Action) -> String {
        action.iam().to_owned()
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        self.call(new.name, "CreateSecret", |all| {
            let stored = Stored { id: format!("arn:{}", new.name), version: new.token.to_owned() };
            match all.get(new.name) {
                Some(kept) if kept.deleted => Err(StoreError::PendingDeletion { name: new.name.to_owned() }),
                Some(kept) if kept.versions.get(new.token).is_some_and(|(value, _)| value == new.value.expose()) => Ok(stored),
                Some(_) => Err(StoreError::Exists { name: new.name.to_owned() }),
                None => {
                    let versions = BTreeMap::from([(new.token.to_owned(), (new.value.expose().to_vec(), vec![CURRENT.to_owned()]))]);
                    all.insert(
                        new.name.to_owned(),
                        Kept { versions, tags: new.tags.clone(), deleted: false, replicas: new.replica_regions.to_vec() },
                    );
                    Ok(stored)
                }
            }
        })
    }

    fn put_version(&self, name: &str, value: &Secret, token: &str, stages: &[&str]) -> Result<Stored, StoreError> {
        self.call(name, "PutSecretValue", |all| {
            let kept = all.get_mut(name).filter(|kept| !kept.deleted).ok_or_else(|| missing(name))?;
            if !kept.versions.contains_key(token) {
                kept.versions.insert(token.to_owned(), (value.expose().to_vec(), Vec::new()));
                for stage in stages {
                    label(kept, stage, token);
                }
            }
            Ok(Stored { id: format!("arn:{name}"), version: token.to_owned() })
        })
    }

    fn move_stage(&self, name: &str, stage: &str, to: &str) -> Result<(), StoreError> {
        self.call(name, "UpdateSecretVersionStage", |all| {
            let kept = all.get_mut(name).filter(|kept| kept.versions.contains_key(to)).ok_or_else(|| missing(name))?;
            label(kept, stage, to);
            Ok(())
        })
    }

    fn drop_stage(&self, name: &str, stage: &str, from: &str) -> Result<(), StoreError> {
        self.call(name, "UpdateSecretVersionStage", |all| {
            let kept = all.get_mut(name).ok_or_else(|| missing(name))?;
            kept.versions.get_mut(from).ok_or_else(|| missing(name))?.1.retain(|known| known != stage);
            Ok(())
        })
    }

    fn replicate(&self, name: &str, regions: &[String]) -> Result<(), StoreError> {
        self.call(name, "ReplicateSecretToRegions", |all| {
            let kept = all.get_mut(name).filter(|kept| !kept.deleted).ok_or_else(|| missing(name))?;
            assert!(!regions.iter().any(|region| kept.replicas.contains(region)), "{name} has a replica there");
            kept.replicas.extend_from_slice(regions);
            Ok(())
        })
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        if self.lies {
            return Ok(Secret::new(b"something else"));
        }
        self.call(name, "GetSecretValue", |all| {
            let kept = all.get(name).filter(|kept| !kept.deleted).ok_or_else(|| missing(name))?;
            let found = match version {
                Version::Id(id) => kept.versions.get(*id),
                Version::Stage(stage) => kept.versions.values().find(|(_, stages)| stages.iter().any(|known| known == stage)),
            };
            found.map(|(value, _)| Secret::new(value)).ok_or_else(|| missing(name))
        })
    }

    fn read_current(&self, names: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        Ok(names.iter().map(|name| self.read(name, &Version::Stage(CURRENT))).collect())
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        self.call(name, "DescribeSecret", |all| {
            Ok(all.get(name).map(|kept| Description {
                name: name.to_owned(),
                id: format!("arn:{name}"),
                tags: kept.tags.clone(),
                versions: kept.versions.iter().map(|(id, (_, stages))| (id.clone(), stages.clone())).collect(),
                deleted: kept.deleted.then_some(1),
                replica_regions: kept.replicas.clone(),
                ..Description::default()
            }))
        })
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        let has = |kept: &Kept| tags.iter().all(|tag| kept.tags.get(tag.0) == Some(tag.1));
        let names: Vec<String> = self.all().into_iter().filter(|(_, kept)| has(kept)).map(|(name, _)| name).collect();
        names.iter().filter_map(|name| self.describe(name).transpose()).collect()
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        self.call(name, "TagResource", |all| {
            all.get_mut(name).ok_or_else(|| missing(name))?.tags.extend(tags.clone());
            Ok(())
        })
    }

    fn set_policy(&self, name: &str, _policy: &str) -> Result<(), StoreError> {
        Err(StoreError::Invalid { name: name.to_owned(), detail: "there are no policies".to_owned() })
    }

    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        assert_eq!(recovery_days, 7);
        self.call(name, "DeleteSecret", |all| {
            let kept = all.get_mut(name).ok_or_else(|| missing(name))?;
            // With replicas nothing is deleted.
            kept.replicas.clear();
            kept.deleted = true;
            Ok(())
        })
    }

    fn restore(&self, name: &str) -> Result<(), StoreError> {
        self.call(name, "RestoreSecret", |all| {
            all.get_mut(name).ok_or_else(|| missing(name))?.deleted = false;
            Ok(())
        })
    }

    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        let denied = action.iam();
        let is_denied = self.denied.iter().any(|known| denied.strip_prefix("secretsmanager:") == Some(known) || known == new.name);
        if is_denied { Err(StoreError::Denied { name: new.name.to_owned(), action: denied.to_owned() }) } else { Ok(()) }
    }
}
