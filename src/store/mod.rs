//! Secrets stores behind one trait. Owns: what a store can do, and its errors. Must not: decide what is stored under which name.
//!
//! The words are those of AWS Secrets Manager: a secret has a name, a description, tags and versions; staging labels (`AWSCURRENT`,
//! `AWSPREVIOUS`, `AWSPENDING`) move between versions; deletion waits for a recovery window. Other stores do the same under other words.

#[cfg(any(feature = "gcp", feature = "azure"))]
mod assertion;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
pub mod endpoint;
pub mod file;
#[cfg(feature = "gcp")]
pub mod gcp;
#[cfg(feature = "network")]
mod http;
pub mod limits;
pub mod local;
pub mod names;
#[cfg(any(feature = "gcp", feature = "azure"))]
mod oauth;
pub mod object;
#[cfg(any(feature = "vault", feature = "gcp", feature = "azure"))]
mod rest;
#[cfg(feature = "aws")]
pub mod ssm;
#[cfg(feature = "vault")]
pub mod vault;

use std::collections::BTreeMap;

use crate::reference::Backend;
use crate::secret::Secret;

/// The staging label of the version that readers get.
pub const CURRENT: &str = "AWSCURRENT";
/// The staging label of the version before it.
pub const PREVIOUS: &str = "AWSPREVIOUS";
/// The staging label of a version that is not in force yet.
pub const PENDING: &str = "AWSPENDING";
/// Tags of a secret.
pub type Tags = BTreeMap<String, String>;

/// Whether a secret with the tags `known` has all that are wanted.
fn has_tags(known: &Tags, wanted: &Tags) -> bool {
    wanted.iter().all(|(key, value)| known.get(key) == Some(value))
}

/// A secret to create.
#[derive(Debug)]
pub struct NewSecret<'a> {
    /// Its name: `[a-z0-9/_.-]` where we choose it.
    pub name: &'a str,
    /// The value; text unless it is no UTF-8.
    pub value: &'a Secret,
    /// What it is, without the value.
    pub description: &'a str,
    /// Its tags.
    pub tags: &'a Tags,
    /// Id or ARN of the KMS key; none: the store's own key.
    pub kms_key: Option<&'a str>,
    /// Regions that get a replica.
    pub replica_regions: &'a [String],
    /// Type of a managed external secret, such as `SnowflakePat`.
    pub external_type: Option<&'a str>,
    /// ClientRequestToken: 32 to 64 characters. Asking again with the same token and value is no second secret.
    pub token: &'a str,
}

/// A version that a write left in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// ARN, or what names the secret in full elsewhere.
    pub id: String,
    /// Id of the version.
    pub version: String,
}

/// Which version to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version<'a> {
    /// The one with this staging label.
    Stage(&'a str),
    /// The one with this id.
    Id(&'a str),
}

/// Something that a migration does to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Create it, with its tags.
    Create,
    /// Describe it.
    Describe,
    /// Read its value.
    Read,
    /// Set tags.
    Tag,
    /// Add a version.
    AddVersion,
    /// Move a staging label.
    MoveStage,
    /// Make replicas.
    Replicate,
    /// Schedule its deletion.
    Delete,
    /// Take that back.
    Restore,
}

/// The IAM action of AWS for taking replicas away, which deleting a secret that has some takes, too.
pub const REMOVE_REPLICAS: &str = "secretsmanager:RemoveRegionsFromReplication";

impl Action {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Create,
        Self::Describe,
        Self::Read,
        Self::Tag,
        Self::AddVersion,
        Self::MoveStage,
        Self::Replicate,
        Self::Delete,
        Self::Restore,
    ];

    /// The IAM action of AWS.
    #[must_use]
    pub const fn iam(self) -> &'static str {
        match self {
            Self::Create => "secretsmanager:CreateSecret",
            Self::Describe => "secretsmanager:DescribeSecret",
            Self::Read => "secretsmanager:GetSecretValue",
            Self::Tag => "secretsmanager:TagResource",
            Self::AddVersion => "secretsmanager:PutSecretValue",
            Self::MoveStage => "secretsmanager:UpdateSecretVersionStage",
            Self::Replicate => "secretsmanager:ReplicateSecretToRegions",
            Self::Delete => "secretsmanager:DeleteSecret",
            Self::Restore => "secretsmanager:RestoreSecret",
        }
    }
}

/// What a store tells of a secret without its value. Times are seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// ARN, or what names the secret in full elsewhere.
    pub id: String,
    /// What it is.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
    /// Id of each version with its staging labels.
    pub versions: BTreeMap<String, Vec<String>>,
    /// KMS key, where it is not the store's own.
    pub kms_key: Option<String>,
    /// Regions with a replica.
    pub replica_regions: Vec<String>,
    /// Whether it is rotated by the store.
    pub rotation_enabled: bool,
    /// When it was created.
    pub created: Option<i64>,
    /// When a version was last put.
    pub changed: Option<i64>,
    /// When it was last rotated.
    pub rotated: Option<i64>,
    /// When it is rotated next.
    pub next_rotation: Option<i64>,
    /// Day it was last read.
    pub accessed: Option<i64>,
    /// When deletion was asked for; it can be restored until the window ends.
    pub deleted: Option<i64>,
    /// Type of a managed external secret.
    pub external_type: Option<String>,
}

impl Description {
    /// The version that has a staging label.
    #[must_use]
    pub fn version_at(&self, stage: &str) -> Option<&str> {
        let mut versions = self.versions.iter();
        versions.find(|(_, stages)| stages.iter().any(|known| known == stage)).map(|(version, _)| version.as_str())
    }
}

/// The staging label of a version where the last one is in force at once, by their numbers.
#[cfg(any(feature = "aws", feature = "vault", feature = "gcp"))]
const fn stage_of(number: u64, last: u64) -> Option<&'static str> {
    match last.checked_sub(number) {
        Some(0) => Some(CURRENT),
        Some(1) => Some(PREVIOUS),
        _ => None,
    }
}

/// Why a store did not do what was asked. No message holds a value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such secret, or no such version of it.
    #[error("{name}: there is no such secret or version")]
    NotFound {
        /// The secret.
        name: String,
    },
    /// A secret of this name exists, and was not made by this token.
    #[error("{name}: a secret of this name exists")]
    Exists {
        /// The secret.
        name: String,
    },
    /// A secret of this name is waiting for its deletion.
    #[error("{name}: a secret of this name is scheduled for deletion; restore it or wait for the end of its recovery window")]
    PendingDeletion {
        /// The secret.
        name: String,
    },
    /// The identity may not do this.
    #[error("{name}: access denied: the identity needs {action}")]
    Denied {
        /// The secret.
        name: String,
        /// What is missing, as the store calls it, such as `secretsmanager:CreateSecret`.
        action: String,
    },
    /// The store turned requests away for too long.
    #[error("the store kept turning requests away ({0}); try again later")]
    Throttled(String),
    /// The key does not work.
    #[error("{name}: the encryption key cannot be used: {detail}")]
    Key {
        /// The secret.
        name: String,
        /// What the store says.
        detail: String,
    },
    /// A name, tag, policy or value is outside of what the store takes.
    #[error("{name}: {detail}")]
    Invalid {
        /// The secret.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// No credentials, no region, wrong endpoint, wrong passphrase: the store cannot be used at all.
    #[error("{0}")]
    Unusable(String),
    /// The store could not be reached, or its answer made no sense; the request may or may not have taken effect.
    #[error("{0}")]
    Unreachable(String),
}

/// What reading several values gives.
#[cfg(feature = "aws")]
type ReadValues = Result<Vec<Result<Secret, StoreError>>, StoreError>;

/// Reads current values, `size` at a time; one by one where it is the batch that cannot be had. One alone is asked for as itself: that takes fewer
/// permissions.
#[cfg(feature = "aws")]
fn read_in_batches(
    store: &dyn SecretStore,
    names: &[&str],
    size: usize,
    read_batch: &dyn Fn(&[&str]) -> ReadValues,
    is_of_batches: &dyn Fn(&StoreError) -> bool,
) -> ReadValues {
    let mut all = Vec::with_capacity(names.len());
    for batch in names.chunks(size) {
        let together = if batch.len() > 1 { Some(read_batch(batch)) } else { None };
        match together {
            Some(Ok(values)) => all.extend(values),
            Some(Err(error)) if !is_of_batches(&error) => return Err(error),
            Some(Err(_)) | None => all.extend(batch.iter().map(|name| store.read(name, &Version::Stage(CURRENT)))),
        }
    }
    Ok(all)
}

/// A secrets store. All calls block; each is retried inside with backoff and jitter where that is safe.
pub trait SecretStore: Send + Sync {
    /// Which store this is.
    fn backend(&self) -> Backend;

    /// What every name of the store starts with; secrets that are copied to another store get its own instead.
    fn root(&self) -> String {
        String::new()
    }

    /// The account or file that secrets go to, as plans show it: `123456789012 eu-west-1`, or a path.
    ///
    /// # Errors
    /// The store cannot be used or reached.
    fn identity(&self) -> Result<String, StoreError>;

    /// What an action takes, as whoever gives permissions names it: an IAM action, a right in a directory.
    fn permission(&self, action: Action) -> String;

    /// Creates a secret; never overwrites. The same token with the same value is the same secret, also after a lost answer.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where another secret has the name, and all others.
    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError>;

    /// Adds a version with these staging labels to a secret; a store that cannot refuses ([`limits::refused`]).
    ///
    /// # Errors
    /// As [`SecretStore::create`].
    fn put_version(&self, name: &str, _value: &Secret, _token: &str, _stages: &[&str]) -> Result<Stored, StoreError> {
        Err(limits::refusal(self.backend(), Action::AddVersion, name))
    }

    /// Moves a staging label to a version, off the one that has it; a store that cannot refuses.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and all others.
    fn move_stage(&self, name: &str, _stage: &str, _to: &str) -> Result<(), StoreError> {
        Err(limits::refusal(self.backend(), Action::MoveStage, name))
    }

    /// Takes a staging label off a version; nothing happens where the version does not have it. A store that cannot refuses.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and all others.
    fn drop_stage(&self, name: &str, _stage: &str, _from: &str) -> Result<(), StoreError> {
        Err(limits::refusal(self.backend(), Action::MoveStage, name))
    }

    /// Makes replicas of a secret in regions in which it has none; a store that cannot refuses.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and all others.
    fn replicate(&self, name: &str, _regions: &[String]) -> Result<(), StoreError> {
        Err(limits::invalid(name, "where a secret is kept is chosen when it is made".to_owned()))
    }

    /// Reads a value.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and all others.
    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError>;

    /// Reads the current values of several secrets, in their order; in as few requests as the store allows.
    ///
    /// # Errors
    /// The store cannot be used or reached; what is wrong with one secret is its own result.
    fn read_current(&self, names: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        Ok(names.iter().map(|name| self.read(name, &Version::Stage(CURRENT))).collect())
    }

    /// What is known of a secret, one that waits for its deletion too; none where there is none.
    ///
    /// # Errors
    /// The store cannot be used or reached, or denies it.
    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError>;

    /// All secrets that have these tags, in order of name; what the store's list does not tell, such as the versions in Google Cloud, only
    /// [`SecretStore::describe`] does.
    ///
    /// # Errors
    /// The store cannot be used or reached, or denies it.
    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError>;

    /// Sets tags; others stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and all others.
    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError>;

    /// Sets the resource policy, after the store validated it and found no broad access.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where the policy is wrong or the store has none, and all others.
    fn set_policy(&self, name: &str, policy: &str) -> Result<(), StoreError>;

    /// Schedules deletion after 7 to 30 days. Asking again is no error. A store that deletes at once and for good refuses.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for another window, and all others.
    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        limits::recovery_days(name, recovery_days)?;
        Err(limits::refusal(self.backend(), Action::Delete, name))
    }

    /// Takes a scheduled deletion back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and all others.
    fn restore(&self, name: &str) -> Result<(), StoreError> {
        Err(limits::refusal(self.backend(), Action::Restore, name))
    }

    /// Whether the identity may do this to such a secret; the store is afterwards as it was.
    ///
    /// # Errors
    /// [`StoreError::Denied`] with what is missing; the store cannot be used or reached.
    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError>;
}
