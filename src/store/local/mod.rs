//! The local store: one encrypted file outside of the tree, for those without a cloud. Owns: versions, labels, tags and deletion windows as
//! other stores have them. Must not: choose where the file is, or ask for a passphrase.
//!
//! The file is JSON, encrypted with [age](https://age-encryption.org/v1) to one X25519 identity. It is read and written whole under a lock, and
//! replaced in one step, so that a killed process leaves the old content or the new. `key` holds where the identity comes from, `keyring`
//! where its passphrase can be.

mod content;
mod key;
pub mod keyring;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use content::Content;
pub use key::{Key, KeyError};

use super::limits::{self, invalid};
use super::{Action, Description, NewSecret, SecretStore, StoreError, Stored, Tags, Version};
use crate::fsx::{self, Steps, Unwatched};
use crate::reference::Backend;
use crate::secret::Secret;

/// The file with the secrets, below the store's directory.
const FILE: &str = "store.age";
/// The file that is locked while the store is read or written.
const LOCK: &str = "store.lock";

/// Temporary files that are older than this are nobody's, where the system does not say whose they are.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

/// A store in a directory of this machine.
pub struct LocalStore {
    directory: PathBuf,
    /// None where there is neither a key nor a store yet, and the error for whoever wants to write there.
    identity: Result<age::x25519::Identity, String>,
    /// One thread at a time: a lock on the file holds between processes only.
    turn: Mutex<()>,
    /// Is told each step of writing.
    steps: &'static dyn Steps,
}

impl LocalStore {
    /// Opens the store in `directory`; the file is made by the first write. Where there is neither a key nor a file the store is empty, and nothing
    /// can be put there.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where the key does not open the file, or the file is broken.
    pub fn open(directory: &Path, key: &Key) -> Result<Self, StoreError> {
        let identity = match key.identity() {
            Ok(identity) => Ok(identity),
            Err(error @ KeyError::Missing(_)) if !Self::is_in(directory) => Err(error.to_string()),
            Err(error) => return Err(StoreError::Unusable(error.to_string())),
        };
        let store = Self { directory: directory.to_owned(), identity, turn: Mutex::new(()), steps: &Unwatched };
        store.view(|_| Ok(()))?;
        Ok(store)
    }

    /// The store, which tells each step of writing.
    #[must_use]
    pub const fn watched(mut self, steps: &'static dyn Steps) -> Self {
        self.steps = steps;
        self
    }

    /// Whether there is a store in this directory.
    #[must_use]
    pub fn is_in(directory: &Path) -> bool {
        directory.join(FILE).exists()
    }

    fn identity(&self) -> Result<&age::x25519::Identity, StoreError> {
        self.identity.as_ref().map_err(|missing| StoreError::Unusable(missing.clone()))
    }

    fn file(&self) -> PathBuf {
        self.directory.join(FILE)
    }

    /// The directory of the file, or the one that it will be made in.
    fn parent(&self) -> &Path {
        self.directory.ancestors().find(|directory| directory.is_dir()).unwrap_or(&self.directory)
    }

    fn unusable(&self, what: &str, error: &dyn std::fmt::Display) -> StoreError {
        StoreError::Unusable(format!("{}: {what}: {error}", self.file().display()))
    }

    /// Holds off other threads and other processes.
    fn lock(&self) -> Result<(MutexGuard<'_, ()>, std::fs::File), StoreError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.directory.join(LOCK);
        let file = fsx::open_lock(&path).map_err(|error| self.unusable("its lock cannot be opened", &error))?;
        file.lock().map_err(|error| self.unusable("it cannot be locked", &error))?;
        // While the lock is held nobody else writes here: what is left was somebody's who was killed.
        fsx::sweep(&self.directory, LEFT_BEHIND);
        Ok((turn, file))
    }

    fn read_content(&self) -> Result<Content, StoreError> {
        let encrypted = match std::fs::read(self.file()) {
            Ok(encrypted) => encrypted,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(self.unusable("it cannot be read", &error)),
        };
        let plain = age::decrypt(self.identity()?, &encrypted).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => self.unusable("it is encrypted for another key", &error),
            _ => self.unusable("it is damaged or no store", &error),
        })?;
        let plain = zeroize::Zeroizing::new(plain);
        Content::parse(&plain).map_err(|error| self.unusable("it is no store that this version reads", &error))
    }

    fn view<T>(&self, look: impl FnOnce(&Content) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.file().exists() {
            return look(&Content::default());
        }
        let _lock = self.lock()?;
        let mut content = self.read_content()?;
        content.forget_deleted(now());
        look(&content)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Content) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let identity = self.identity()?;
        let _lock = self.lock()?;
        let mut content = self.read_content()?;
        content.forget_deleted(now());
        let done = change(&mut content)?;
        let encrypted =
            age::encrypt(&identity.to_public(), &content.to_json()).map_err(|error| self.unusable("it cannot be encrypted", &error))?;
        fsx::write_private_watched(&self.file(), &encrypted, self.steps).map_err(|error| self.unusable("it cannot be written", &error))?;
        Ok(done)
    }
}

impl LocalStore {
    /// Reads values; a store notes that, one that is not made yet has none.
    fn read_values<T>(&self, read: impl FnOnce(&mut Content) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.identity.is_err() { read(&mut Content::default()) } else { self.change(read) }
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)
}

impl SecretStore for LocalStore {
    fn backend(&self) -> Backend {
        Backend::Local
    }

    fn identity(&self) -> Result<String, StoreError> {
        Ok(self.file().display().to_string())
    }

    /// Reading takes it, too: the store notes when a value was read.
    fn permission(&self, _action: Action) -> String {
        format!("to write in {}", self.parent().display())
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        limits::new_secret(new)?;
        self.change(|content| content.create(new, now()))
    }

    fn put_version(&self, name: &str, value: &Secret, token: &str, stages: &[&str]) -> Result<Stored, StoreError> {
        limits::value(name, value)?;
        limits::token(name, token)?;
        self.change(|content| content.put(name, value, token, stages, now()))
    }

    fn move_stage(&self, name: &str, stage: &str, to: &str) -> Result<(), StoreError> {
        self.change(|content| content.live(name)?.move_stage(name, stage, to))
    }

    fn drop_stage(&self, name: &str, stage: &str, from: &str) -> Result<(), StoreError> {
        self.change(|content| {
            content.live(name)?.drop_stage(stage, from);
            Ok(())
        })
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        self.read_values(|content| content.read(name, version, now()))
    }

    fn read_current(&self, names: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        self.read_values(|content| Ok(names.iter().map(|name| content.read(name, &Version::Stage(super::CURRENT), now())).collect()))
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        self.view(|content| Ok(content.describe(name)))
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        self.view(|content| Ok(content.list(tags)))
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        self.change(|content| {
            let secret = content.live(name)?;
            let mut all = secret.tags.clone();
            all.extend(tags.clone());
            limits::tags(name, &all)?;
            secret.tags = all;
            Ok(())
        })
    }

    fn set_policy(&self, name: &str, _policy: &str) -> Result<(), StoreError> {
        Err(invalid(name, "the local store has no resource policies; who can read its key can read all of it".to_owned()))
    }

    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        limits::recovery_days(name, recovery_days)?;
        self.change(|content| content.delete(name, recovery_days, now()))
    }

    fn restore(&self, name: &str) -> Result<(), StoreError> {
        self.change(|content| content.restore(name))
    }

    /// Whoever has opened the store can read it; all else takes a directory to write in.
    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        fsx::try_write_in(self.parent()).map_err(|_| StoreError::Denied { name: new.name.to_owned(), action: self.permission(action) })
    }
}

#[cfg(test)]
mod tests;
