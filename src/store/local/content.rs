//! What the local store holds, in memory. Owns: the rules of versions, labels and deletion, and the JSON form. Must not: read or write files.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::super::limits::invalid;
use super::super::{CURRENT, Description, NewSecret, PREVIOUS, StoreError, Stored, Tags, Version, has_tags};
use crate::secret::Secret;

/// The format that is written; others are refused.
const FORMAT: u32 = 1;
/// Versions without a staging label that are kept, the newest; as many as AWS promises to keep.
const UNLABELLED: usize = 100;
const DAY: i64 = 24 * 60 * 60;

/// All secrets.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    format: u32,
    secrets: BTreeMap<String, Kept>,
}

impl Default for Content {
    fn default() -> Self {
        Self { format: FORMAT, secrets: BTreeMap::new() }
    }
}

/// A secret.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    description: String,
    pub(super) tags: Tags,
    versions: BTreeMap<String, KeptVersion>,
    created: i64,
    changed: i64,
    accessed: Option<i64>,
    deleted: Option<i64>,
    /// When it is gone for good, once deletion was asked for.
    gone: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptVersion {
    value: Encoded,
    stages: Vec<String>,
    created: i64,
    /// Counts the versions of a secret, for their order.
    number: u64,
}

/// Base64 of a value; wiped on drop.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Encoded(String);

impl Drop for Encoded {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl KeptVersion {
    fn value(&self) -> Option<Secret> {
        BASE64.decode(self.value.0.as_bytes()).ok().map(|bytes| Secret::new(&Zeroizing::new(bytes)))
    }

    fn has_value(&self, value: &Secret) -> bool {
        self.value().is_some_and(|own| own.expose().ct_eq(value.expose()).into())
    }
}

/// Why a decrypted file is no content.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContentError {
    #[error("it is not the JSON of a store")]
    Json,
    #[error("it has the format {0}, and this version knows {FORMAT}")]
    Format(u32),
}

impl Content {
    /// Reads the JSON form. The error says nothing of the text, which holds secrets.
    pub(super) fn parse(json: &[u8]) -> Result<Self, ContentError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(json).map_err(|_| ContentError::Json)?;
        if head.format != FORMAT {
            return Err(ContentError::Format(head.format));
        }
        serde_json::from_slice(json).map_err(|_| ContentError::Json)
    }

    pub(super) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(serde_json::to_vec(self).expect("because maps with text keys can be written as JSON"))
    }

    /// Drops what was deleted and whose window has ended.
    pub(super) fn forget_deleted(&mut self, now: i64) {
        self.secrets.retain(|_, secret| secret.gone.is_none_or(|gone| now < gone));
    }

    pub(super) fn create(&mut self, new: &NewSecret<'_>, now: i64) -> Result<Stored, StoreError> {
        let name = new.name.to_owned();
        if let Some(known) = self.secrets.get(new.name) {
            return match known.versions.get(new.token) {
                _ if known.deleted.is_some() => Err(StoreError::PendingDeletion { name }),
                Some(version) if version.has_value(new.value) => Ok(stored(new.name, new.token)),
                _ => Err(StoreError::Exists { name }),
            };
        }
        let mut secret = Kept {
            description: new.description.to_owned(),
            tags: new.tags.clone(),
            versions: BTreeMap::new(),
            created: now,
            changed: now,
            accessed: None,
            deleted: None,
            gone: None,
        };
        secret.add(new.value, new.token, &[CURRENT], now);
        self.secrets.insert(name, secret);
        Ok(stored(new.name, new.token))
    }

    pub(super) fn put(&mut self, name: &str, value: &Secret, token: &str, stages: &[&str], now: i64) -> Result<Stored, StoreError> {
        let secret = self.live(name)?;
        match secret.versions.get(token) {
            Some(version) if version.has_value(value) => {}
            Some(_) => return Err(StoreError::Exists { name: name.to_owned() }),
            None => secret.add(value, token, stages, now),
        }
        Ok(stored(name, token))
    }

    pub(super) fn read(&mut self, name: &str, version: &Version<'_>, now: i64) -> Result<Secret, StoreError> {
        let secret = self.live(name)?;
        let found = match version {
            Version::Id(id) => secret.versions.get(*id),
            Version::Stage(stage) => secret.versions.values().find(|version| version.stages.iter().any(|own| own == stage)),
        };
        let value = found.and_then(KeptVersion::value).ok_or_else(|| StoreError::NotFound { name: name.to_owned() })?;
        // As in AWS the day counts, not the second.
        secret.accessed = Some(now - now.rem_euclid(DAY));
        Ok(value)
    }

    /// A secret that is not waiting for its deletion.
    pub(super) fn live(&mut self, name: &str) -> Result<&mut Kept, StoreError> {
        match self.secrets.get_mut(name) {
            None => Err(StoreError::NotFound { name: name.to_owned() }),
            Some(secret) if secret.deleted.is_some() => Err(StoreError::PendingDeletion { name: name.to_owned() }),
            Some(secret) => Ok(secret),
        }
    }

    pub(super) fn describe(&self, name: &str) -> Option<Description> {
        self.secrets.get(name).map(|secret| secret.describe(name))
    }

    pub(super) fn list(&self, tags: &Tags) -> Vec<Description> {
        self.secrets.iter().filter(|(_, secret)| has_tags(&secret.tags, tags)).map(|(name, secret)| secret.describe(name)).collect()
    }

    pub(super) fn delete(&mut self, name: &str, days: u8, now: i64) -> Result<(), StoreError> {
        let secret = self.secrets.get_mut(name).ok_or_else(|| StoreError::NotFound { name: name.to_owned() })?;
        if secret.deleted.is_none() {
            secret.deleted = Some(now);
            secret.gone = Some(now + i64::from(days) * DAY);
        }
        Ok(())
    }

    pub(super) fn restore(&mut self, name: &str) -> Result<(), StoreError> {
        let secret = self.secrets.get_mut(name).ok_or_else(|| StoreError::NotFound { name: name.to_owned() })?;
        (secret.deleted, secret.gone) = (None, None);
        Ok(())
    }
}

impl Kept {
    fn add(&mut self, value: &Secret, token: &str, stages: &[&str], now: i64) {
        let number = self.versions.values().map(|version| version.number + 1).max().unwrap_or(0);
        let value = Encoded(BASE64.encode(value.expose()));
        self.versions.insert(token.to_owned(), KeptVersion { value, stages: Vec::new(), created: now, number });
        for stage in stages {
            self.give_stage(stage, token);
        }
        self.changed = now;
        self.forget_unlabelled();
    }

    pub(super) fn move_stage(&mut self, name: &str, stage: &str, to: &str) -> Result<(), StoreError> {
        if !self.versions.contains_key(to) {
            return Err(StoreError::NotFound { name: name.to_owned() });
        }
        if stage.is_empty() {
            return Err(invalid(name, "a staging label has a name".to_owned()));
        }
        self.give_stage(stage, to);
        Ok(())
    }

    pub(super) fn drop_stage(&mut self, stage: &str, from: &str) {
        if let Some(version) = self.versions.get_mut(from) {
            version.stages.retain(|own| own != stage);
        }
        self.forget_unlabelled();
    }

    /// Moves a label; the version that loses `AWSCURRENT` becomes `AWSPREVIOUS`, as in AWS.
    fn give_stage(&mut self, stage: &str, to: &str) {
        let mut loser = None;
        for (id, version) in &mut self.versions {
            let before = version.stages.len();
            version.stages.retain(|own| own != stage);
            if version.stages.len() < before && id != to {
                loser = Some(id.clone());
            }
        }
        if let Some(version) = self.versions.get_mut(to) {
            version.stages.push(stage.to_owned());
            version.stages.sort();
        }
        if let Some(loser) = loser.filter(|_| stage == CURRENT) {
            self.give_stage(PREVIOUS, &loser);
        }
    }

    fn forget_unlabelled(&mut self) {
        let mut numbers: Vec<u64> =
            self.versions.values().filter(|version| version.stages.is_empty()).map(|version| version.number).collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(&oldest) = numbers.get(UNLABELLED) {
            self.versions.retain(|_, version| !version.stages.is_empty() || version.number > oldest);
        }
    }

    fn describe(&self, name: &str) -> Description {
        Description {
            name: name.to_owned(),
            id: name.to_owned(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            versions: self.versions.iter().map(|(id, version)| (id.clone(), version.stages.clone())).collect(),
            created: Some(self.created),
            changed: Some(self.changed),
            accessed: self.accessed,
            deleted: self.deleted,
            ..Description::default()
        }
    }
}

fn stored(name: &str, version: &str) -> Stored {
    Stored { id: name.to_owned(), version: version.to_owned() }
}
