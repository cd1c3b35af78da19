//! The store of this machine: one file, encrypted with age. Owns: its format, its key, versions and labels. Must not: write a value in the
//! clear, or print a key.
//!
//! The key is an age identity in a file of its own; with a passphrase that file is encrypted too. The store's file is read and written
//! whole, under a lock, so that several programs can use it.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use age::secrecy::{ExposeSecret, SecretString};
use age::x25519::Identity;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{CURRENT, Description, LARGEST_VALUE, NewSecret, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version};
use crate::fsx::{self, log::Lock};
use crate::reference::Backend;
use crate::secret::Secret;

/// The format of the file.
const FORMAT: u32 = 1;
/// How long another program may hold the lock: each holds it for one call.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// Labels of a version, at most, as in AWS.
const MOST_LABELS: usize = 20;

/// Where a local store is.
#[derive(Debug, Clone)]
pub struct Location {
    /// The encrypted file.
    pub store: PathBuf,
    /// The file with the key; made when it is first needed.
    pub identity: PathBuf,
}

/// An open local store.
pub struct LocalStore {
    location: Location,
    identity: Identity,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    secrets: BTreeMap<String, Kept>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    description: String,
    tags: Tags,
    versions: BTreeMap<String, KeptVersion>,
    created: i64,
    changed: i64,
    accessed: Option<i64>,
    /// When deletion was asked for, and when the window ends.
    deleted: Option<(i64, i64)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptVersion {
    /// Base64.
    value: String,
    stages: Vec<String>,
}

impl Drop for KeptVersion {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unusable(format!("the local store: {}: {error}", path.display()))
}

impl LocalStore {
    /// Opens the store; makes its key if there is none, encrypted with the passphrase if one is given.
    ///
    /// # Errors
    /// [`StoreError::Unusable`]: the key cannot be read or made, or the passphrase is another one.
    pub fn open(location: Location, passphrase: Option<&Secret>) -> Result<Self, StoreError> {
        let path = &location.identity;
        let identity = match fs::read(path) {
            Ok(bytes) => read_identity(path, &Zeroizing::new(bytes), passphrase)?,
            Err(error) if error.kind() == ErrorKind::NotFound && location.store.exists() => {
                return Err(unusable(path, &"the store's key is gone; without it the store cannot be read"));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => make_identity(path, passphrase)?,
            Err(error) => return Err(unusable(path, &error)),
        };
        Ok(Self { location, identity })
    }

    fn read_all(&self) -> Result<Content, StoreError> {
        let path = &self.location.store;
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content { format: FORMAT, ..Content::default() }),
            Err(error) => return Err(unusable(path, &error)),
        };
        let plain = Zeroizing::new(age::decrypt(&self.identity, &bytes).map_err(|error| unusable(path, &error))?);
        let content: Content = serde_json::from_slice(&plain).map_err(|_| unusable(path, &"its content makes no sense"))?;
        if content.format == FORMAT { Ok(content) } else { Err(unusable(path, &"it was written by another version of unleak")) }
    }

    fn write_all(&self, content: &Content) -> Result<(), StoreError> {
        let path = &self.location.store;
        let plain = Zeroizing::new(serde_json::to_vec(content).map_err(|error| unusable(path, &error))?);
        let encrypted = age::encrypt(&self.identity.to_public(), &plain).map_err(|error| unusable(path, &error))?;
        fsx::write_private(path, &encrypted).map_err(|error| unusable(path, &error))
    }

    fn lock(&self) -> Result<Lock, StoreError> {
        let path = self.location.store.with_extension("lock");
        let directory = path.parent().unwrap_or(Path::new("."));
        fsx::log::private_directory(directory).map_err(|error| unusable(&path, &error))?;
        let started = std::time::Instant::now();
        loop {
            match Lock::take(&path).map_err(|error| unusable(&path, &error))? {
                Some(lock) => return Ok(lock),
                None if started.elapsed() > PATIENCE => return Err(StoreError::Throttled("another program uses the local store".to_owned())),
                None => std::thread::sleep(std::time::Duration::from_millis(2)),
            }
        }
    }

    /// Changes the store; an error changes nothing.
    fn change<T>(&self, change: impl FnOnce(&mut Content) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _held = self.lock()?;
        let mut content = self.read_all()?;
        let time = now();
        content.secrets.retain(|_, kept| kept.deleted.is_none_or(|(_, end)| time < end));
        let changed = change(&mut content)?;
        self.write_all(&content)?;
        Ok(changed)
    }

    fn look<T>(&self, look: impl FnOnce(&Content) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _held = self.lock()?;
        let mut content = self.read_all()?;
        let time = now();
        content.secrets.retain(|_, kept| kept.deleted.is_none_or(|(_, end)| time < end));
        look(&content)
    }
}

fn read_identity(path: &Path, bytes: &[u8], passphrase: Option<&Secret>) -> Result<Identity, StoreError> {
    let text = if bytes.starts_with(b"age-encryption.org/") {
        let passphrase = passphrase.ok_or_else(|| unusable(path, &"the key is encrypted; set UNLEAK_PASSPHRASE"))?;
        let identity = age::scrypt::Identity::new(secret_string(path, passphrase)?);
        age::decrypt(&identity, bytes).map_err(|_| unusable(path, &"the passphrase does not open the key"))?
    } else {
        bytes.to_vec()
    };
    let text = Zeroizing::new(text);
    let text = std::str::from_utf8(&text).map_err(|_| unusable(path, &"it is no age identity"))?;
    let line = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-"));
    line.and_then(|line| line.trim().parse().ok()).ok_or_else(|| unusable(path, &"it is no age identity"))
}

fn make_identity(path: &Path, passphrase: Option<&Secret>) -> Result<Identity, StoreError> {
    let identity = Identity::generate();
    let line = identity.to_string();
    let plain = Zeroizing::new(format!("# The key of unleak's local store\n{}\n", line.expose_secret()).into_bytes());
    let bytes = match passphrase {
        None => plain,
        Some(passphrase) => {
            let recipient = age::scrypt::Recipient::new(secret_string(path, passphrase)?);
            Zeroizing::new(age::encrypt(&recipient, &plain).map_err(|error| unusable(path, &error))?)
        }
    };
    fsx::write_private(path, &bytes).map_err(|error| unusable(path, &error))?;
    Ok(identity)
}

fn secret_string(path: &Path, passphrase: &Secret) -> Result<SecretString, StoreError> {
    let text = std::str::from_utf8(passphrase.expose()).map_err(|_| unusable(path, &"the passphrase is no UTF-8"))?;
    Ok(SecretString::from(text.to_owned()))
}

fn missing(name: &str) -> StoreError {
    StoreError::NotFound { name: name.to_owned() }
}

fn invalid(name: &str, detail: impl Into<String>) -> StoreError {
    StoreError::Invalid { name: name.to_owned(), detail: detail.into() }
}

fn check(name: &str, value: &Secret, token: &str) -> Result<(), StoreError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    if name.is_empty() || name.len() > 512 || !name.bytes().all(allowed) {
        return Err(invalid(name, "a name has 1 to 512 letters, digits and / _ + = . @ -"));
    }
    if value.is_empty() || value.len() > LARGEST_VALUE {
        return Err(invalid(name, format!("a value has 1 to {LARGEST_VALUE} bytes")));
    }
    if (32..=64).contains(&token.len()) { Ok(()) } else { Err(invalid(name, "a token has 32 to 64 characters")) }
}

impl KeptVersion {
    fn value(&self) -> Option<Secret> {
        BASE64.decode(self.value.as_bytes()).ok().map(Zeroizing::new).map(|bytes| Secret::new(&bytes))
    }

    fn of(value: &Secret, stages: Vec<String>) -> Self {
        Self { value: BASE64.encode(value.expose()), stages }
    }
}

impl Kept {
    /// Moves a label; what was current becomes the previous version.
    fn label(&mut self, stage: &str, to: &str) {
        let has = |version: &KeptVersion| version.stages.iter().any(|known| known == stage);
        let from = self.versions.iter().find(|(_, version)| has(version)).map(|(id, _)| id.clone());
        self.set(stage, to);
        if let Some(from) = from.filter(|from| stage == CURRENT && from != to) {
            self.set(PREVIOUS, &from);
        }
    }

    fn set(&mut self, stage: &str, to: &str) {
        self.versions.values_mut().for_each(|version| version.stages.retain(|known| known != stage));
        if let Some(version) = self.versions.get_mut(to) {
            version.stages.push(stage.to_owned());
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
            deleted: self.deleted.map(|(at, _)| at),
            ..Description::default()
        }
    }
}

/// A secret that is not waiting for its deletion.
fn alive<'c>(content: &'c mut Content, name: &str) -> Result<&'c mut Kept, StoreError> {
    let kept = content.secrets.get_mut(name).ok_or_else(|| missing(name))?;
    if kept.deleted.is_some() { Err(StoreError::PendingDeletion { name: name.to_owned() }) } else { Ok(kept) }
}

impl SecretStore for LocalStore {
    fn backend(&self) -> Backend {
        Backend::Local
    }

    fn identity(&self) -> Result<String, StoreError> {
        Ok(self.location.store.display().to_string())
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        check(new.name, new.value, new.token)?;
        self.change(|content| {
            let stored = Stored { id: new.name.to_owned(), version: new.token.to_owned() };
            match content.secrets.get(new.name) {
                Some(kept) if kept.deleted.is_some() => Err(StoreError::PendingDeletion { name: new.name.to_owned() }),
                Some(kept) if kept.versions.get(new.token).and_then(KeptVersion::value).as_ref() == Some(new.value) => Ok(stored),
                Some(_) => Err(StoreError::Exists { name: new.name.to_owned() }),
                None => {
                    let version = KeptVersion::of(new.value, vec![CURRENT.to_owned()]);
                    let kept = Kept {
                        description: new.description.to_owned(),
                        tags: new.tags.clone(),
                        versions: BTreeMap::from([(new.token.to_owned(), version)]),
                        created: now(),
                        changed: now(),
                        ..Kept::default()
                    };
                    content.secrets.insert(new.name.to_owned(), kept);
                    Ok(stored)
                }
            }
        })
    }

    fn put_version(&self, name: &str, value: &Secret, token: &str, stages: &[&str]) -> Result<Stored, StoreError> {
        check(name, value, token)?;
        if stages.len() > MOST_LABELS {
            return Err(invalid(name, format!("a version has up to {MOST_LABELS} labels")));
        }
        self.change(|content| {
            let kept = alive(content, name)?;
            let stored = Stored { id: name.to_owned(), version: token.to_owned() };
            match kept.versions.get(token).map(KeptVersion::value) {
                Some(known) if known.as_ref() == Some(value) => return Ok(stored),
                Some(_) => return Err(StoreError::Exists { name: name.to_owned() }),
                None => {}
            }
            kept.versions.insert(token.to_owned(), KeptVersion::of(value, Vec::new()));
            stages.iter().for_each(|stage| kept.label(stage, token));
            kept.changed = now();
            Ok(stored)
        })
    }

    fn move_stage(&self, name: &str, stage: &str, to: &str) -> Result<(), StoreError> {
        self.change(|content| {
            let kept = alive(content, name)?;
            if !kept.versions.contains_key(to) {
                return Err(missing(name));
            }
            kept.label(stage, to);
            kept.changed = now();
            Ok(())
        })
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        self.look(|content| {
            let kept = content.secrets.get(name).ok_or_else(|| missing(name))?;
            if kept.deleted.is_some() {
                return Err(StoreError::PendingDeletion { name: name.to_owned() });
            }
            let found = match version {
                Version::Id(id) => kept.versions.get(*id),
                Version::Stage(stage) => kept.versions.values().find(|version| version.stages.iter().any(|known| known == stage)),
            };
            found.and_then(KeptVersion::value).ok_or_else(|| missing(name))
        })
    }

    fn read_current(&self, names: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        Ok(names.iter().map(|name| self.read(name, &Version::Stage(CURRENT))).collect())
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        self.look(|content| Ok(content.secrets.get(name).map(|kept| kept.describe(name))))
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        let has = |kept: &Kept| tags.iter().all(|(key, value)| kept.tags.get(key) == Some(value));
        self.look(|content| Ok(content.secrets.iter().filter(|(_, kept)| has(kept)).map(|(name, kept)| kept.describe(name)).collect()))
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        self.change(|content| {
            alive(content, name)?.tags.extend(tags.clone());
            Ok(())
        })
    }

    fn set_policy(&self, name: &str, _policy: &str) -> Result<(), StoreError> {
        Err(invalid(name, "the local store has no policies: whoever has its key reads all of it"))
    }

    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        if !(7..=30).contains(&recovery_days) {
            return Err(invalid(name, "a deletion waits 7 to 30 days"));
        }
        self.change(|content| {
            let kept = content.secrets.get_mut(name).ok_or_else(|| missing(name))?;
            let time = now();
            kept.deleted.get_or_insert((time, time + i64::from(recovery_days) * 86_400));
            Ok(())
        })
    }

    fn restore(&self, name: &str) -> Result<(), StoreError> {
        self.change(|content| {
            content.secrets.get_mut(name).ok_or_else(|| missing(name))?.deleted = None;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(directory: &Path) -> Location {
        Location { store: directory.join("data/store.age"), identity: directory.join("config/identity.txt") }
    }

    #[test]
    fn values_are_encrypted_and_the_key_opens_them() {
        let directory = tempfile::tempdir().unwrap();
        let location = location(directory.path());
        let token = "7".repeat(64);
        let value = Secret::new(b"a value that is long enough to be found");
        let tags = Tags::new();
        let new = NewSecret {
            name: "prod/a",
            value: &value,
            description: "",
            tags: &tags,
            kms_key: None,
            replica_regions: &[],
            external_type: None,
            token: &token,
        };
        let passphrase = Secret::new(b"open sesame");
        let store = LocalStore::open(location.clone(), Some(&passphrase)).unwrap();
        store.create(&new).unwrap();
        store.create(&new).unwrap();
        assert!(LocalStore::open(location.clone(), None).is_err());
        assert!(LocalStore::open(location.clone(), Some(&Secret::new(b"other"))).is_err());
        let again = LocalStore::open(location.clone(), Some(&passphrase)).unwrap();
        assert_eq!(again.read("prod/a", &Version::Stage(CURRENT)).unwrap().expose(), value.expose());
        for path in [&location.store, &location.identity] {
            let bytes = fs::read(path).unwrap();
            assert!(memchr::memmem::find(&bytes, b"long enough").is_none() && memchr::memmem::find(&bytes, b"AGE-SECRET").is_none());
        }
        fs::remove_file(&location.identity).unwrap();
        assert!(LocalStore::open(location, None).is_err(), "a new key would not read the old store");
    }
}
