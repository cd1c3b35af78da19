//! Plain files in a folder outside of the tree, one a secret, as containers get mounted ones. Owns: where a secret and what is known of it stand, and
//! who may see them. Must not: be taken for encryption: whoever reads the folder reads all of it.
//!
//! The name of a secret is the path of its file, as vals writes it. What a file cannot hold stands beside, below `.unleak` of the folder: the description,
//! tags and what made it, and the files that wait for their end. Files that others put there are read, too.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::limits::{self, invalid};
use super::{Action, CURRENT, Description, NewSecret, SecretStore, StoreError, Stored, Tags, Version, has_tags};
use crate::fsx::{self, private};
use crate::reference::Backend;
use crate::secret::Secret;

/// What stands beside the secrets.
const BESIDE: &str = ".unleak";
/// The version of a file that somebody else made.
const UNKNOWN: &str = "unknown";
const DAY: i64 = 24 * 60 * 60;

/// A folder.
pub struct FileStore {
    folder: PathBuf,
    /// One thread at a time: a lock on a file holds between processes only.
    turn: Mutex<()>,
}

/// What is known of a secret.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    description: String,
    tags: Tags,
    token: Option<String>,
    created: Option<i64>,
    /// When deletion was asked for, and when it is for good.
    deleted: Option<(i64, i64)>,
}

/// A secret, by where it stands.
struct Place {
    name: String,
    file: PathBuf,
    about: PathBuf,
    deleted: PathBuf,
}

impl Place {
    fn not_found(&self) -> StoreError {
        StoreError::NotFound { name: self.name.clone() }
    }

    fn failed(&self, what: &str, error: &io::Error) -> StoreError {
        match error.kind() {
            io::ErrorKind::AlreadyExists => StoreError::Exists { name: self.name.clone() },
            io::ErrorKind::PermissionDenied => StoreError::Denied { name: self.name.clone(), action: format!("to {what} it") },
            _ => invalid(&self.name, format!("cannot {what} it: {error}")),
        }
    }

    /// What is known; nothing of a file that somebody else made.
    fn known(&self) -> Result<About, StoreError> {
        match fs::read(&self.about) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| invalid(&self.name, format!("{} is damaged", self.about.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(About::default()),
            Err(error) => Err(self.failed("read what is known of", &error)),
        }
    }

    fn note(&self, about: &About) -> Result<(), StoreError> {
        let json = serde_json::to_vec(about).expect("because maps with text keys can be written as JSON");
        fsx::own::private_directory(self.about.parent().unwrap_or(Path::new(".")))
            .and_then(|()| fsx::write_private(&self.about, &json))
            .map_err(|error| self.failed("note what is known of", &error))
    }

    fn value(&self) -> Result<Secret, StoreError> {
        match fs::read(&self.file).map(Zeroizing::new) {
            Ok(bytes) => Ok(Secret::new(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.deleted.is_file() => {
                Err(StoreError::PendingDeletion { name: self.name.clone() })
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory) => {
                Err(self.not_found())
            }
            Err(error) => Err(self.failed("read", &error)),
        }
    }

    fn describe(&self) -> Result<Option<Description>, StoreError> {
        let (is_live, is_deleted) = (self.file.is_file(), self.deleted.is_file());
        if !is_live && !is_deleted {
            return Ok(None);
        }
        let About { description, tags, token, created, deleted } = self.known()?;
        Ok(Some(Description {
            name: self.name.clone(),
            id: self.name.clone(),
            description,
            tags,
            versions: [(token.unwrap_or_else(|| UNKNOWN.to_owned()), vec![CURRENT.to_owned()])].into(),
            created,
            changed: fs::metadata(&self.file).and_then(|metadata| metadata.modified()).ok().map(seconds),
            deleted: deleted.map(|(asked, _)| asked).filter(|_| !is_live),
            ..Description::default()
        }))
    }
}

impl FileStore {
    /// A folder, which is made by the first write. Reading asks nothing of it: it can be one that is mounted.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where its path is not absolute, or has characters that no reference has.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let takes = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
        let is_plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
        let text = folder.to_str().map(|text| text.trim_end_matches('/')).filter(|text| text.starts_with('/') && text.bytes().all(takes));
        match text.filter(|_| folder.components().all(is_plain)) {
            Some(text) => Ok(Self { folder: PathBuf::from(text), turn: Mutex::new(()) }),
            None => Err(StoreError::Unusable(format!(
                "{} cannot be the folder of secrets: references to them take an absolute path of letters, digits and /_+=.@- only",
                folder.display()
            ))),
        }
    }

    fn place(&self, name: &str) -> Result<Place, StoreError> {
        let own = Path::new(name).strip_prefix(&self.folder).ok().and_then(Path::to_str);
        let own = own.ok_or_else(|| invalid(name, format!("it is not in {}, the folder of secrets", self.folder.display())))?;
        limits::name(own)?;
        if own.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
            return Err(invalid(name, "no part of the name of a file of secrets is empty, or starts with a dot".to_owned()));
        }
        let beside = self.folder.join(BESIDE);
        Ok(Place {
            name: name.to_owned(),
            file: self.folder.join(own),
            about: beside.join("about").join(own),
            deleted: beside.join("deleted").join(own),
        })
    }

    fn unusable(&self, what: &str) -> StoreError {
        StoreError::Unusable(format!("{} {what}", self.folder.display()))
    }

    /// Makes sure that nobody but the owner, and no repository, gets to see what is written.
    fn is_fit(&self) -> Result<(), StoreError> {
        let there = self.parent().canonicalize().map_err(|error| self.unusable(&format!("cannot be used: {error}")))?;
        if let Some(worktree) = there.ancestors().find(|folder| folder.join(".git").exists()) {
            let what = format!("is in the worktree of git at {}: secrets in it would be committed one day", worktree.display());
            return Err(self.unusable(&what));
        }
        #[cfg(unix)]
        if let Ok(metadata) = fs::metadata(&self.folder) {
            let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
            if mode & 0o077 != 0 {
                return Err(self.unusable("can be seen by others, and files in it are not encrypted: chmod 700"));
            }
        }
        Ok(())
    }

    /// Holds off other threads and processes from a folder that is fit to be written to.
    fn lock(&self) -> Result<(MutexGuard<'_, ()>, File), StoreError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_fit()?;
        let lock = self.folder.join(BESIDE).join("lock");
        let opened = fsx::own::private_directory(&self.folder.join(BESIDE)).and_then(|()| fsx::open_lock(&lock));
        let file = opened.and_then(|file| file.lock().map(|()| file));
        let file = file.map_err(|error| self.unusable(&format!("cannot be locked: {error}")))?;
        Ok((turn, file))
    }

    /// The folder, or the one that it will be made in.
    fn parent(&self) -> &Path {
        self.folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(&self.folder)
    }

    /// The files below a folder, with their paths below the one of all.
    fn files(&self, below: &Path, root: &Path, found: &mut Vec<String>) -> Result<(), StoreError> {
        let entries = match fs::read_dir(below) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::Unusable(format!("{}: {error}", below.display()))),
        };
        for entry in entries.flatten().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".")) {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                self.files(&path, root, found)?;
            } else if path.is_file() {
                let own = path.strip_prefix(root).ok().map(|own| self.folder.join(own));
                found.extend(own.and_then(|path| path.to_str().map(str::to_owned)));
            }
        }
        Ok(())
    }

    /// Takes away for good what was deleted and whose window has ended.
    fn sweep(&self) -> Result<(), StoreError> {
        let (mut names, deleted) = (Vec::new(), self.folder.join(BESIDE).join("deleted"));
        self.files(&deleted, &deleted, &mut names)?;
        for place in names.iter().filter_map(|name| self.place(name).ok()) {
            let is_over = place.known().is_ok_and(|about| about.deleted.is_some_and(|(_, end)| end <= now()));
            if is_over && !place.file.exists() {
                let gone = private::remove(&place.deleted).and_then(|()| private::remove(&place.about));
                gone.map_err(|error| place.failed("take away", &error))?;
            }
        }
        Ok(())
    }
}

fn seconds(time: SystemTime) -> i64 {
    let passed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)
}

fn now() -> i64 {
    seconds(SystemTime::now())
}

impl SecretStore for FileStore {
    fn backend(&self) -> Backend {
        Backend::File
    }

    fn root(&self) -> String {
        format!("{}/", self.folder.display())
    }

    /// Only a folder that is fit to be written to has one: others are read.
    fn identity(&self) -> Result<String, StoreError> {
        self.is_fit()?;
        Ok(self.folder.display().to_string())
    }

    fn permission(&self, _action: Action) -> String {
        format!("to write in {}", self.parent().display())
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        let place = self.place(new.name)?;
        limits::new_secret(new)?;
        if let Some(reason) = new.kms_key.and_then(|_| limits::key_refused(Backend::File, new.replica_regions)) {
            return Err(invalid(new.name, reason.to_owned()));
        }
        if !new.replica_regions.is_empty() {
            return Err(limits::refusal(Backend::File, Action::Replicate, new.name));
        }
        let _lock = self.lock()?;
        self.sweep()?;
        let known = place.known()?;
        let stored = Stored { id: new.name.to_owned(), version: new.token.to_owned() };
        match place.value() {
            Ok(value) if known.token.as_deref() == Some(new.token) && bool::from(value.expose().ct_eq(new.value.expose())) => Ok(stored),
            Ok(_) => Err(StoreError::Exists { name: new.name.to_owned() }),
            Err(StoreError::NotFound { .. }) => {
                // First what says whose it is: a stop in between leaves no secret, and no question.
                place.note(&About {
                    description: new.description.to_owned(),
                    tags: new.tags.clone(),
                    token: Some(new.token.to_owned()),
                    created: Some(now()),
                    deleted: None,
                })?;
                private::create(&place.file, new.value.expose()).map_err(|error| place.failed("write", &error))?;
                Ok(stored)
            }
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        let place = self.place(name)?;
        let is_there = match version {
            Version::Stage(stage) => *stage == CURRENT,
            Version::Id(id) => place.known()?.token.as_deref().unwrap_or(UNKNOWN) == *id,
        };
        if is_there { place.value() } else { Err(place.not_found()) }
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        self.place(name)?.describe()
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        let (mut names, deleted) = (Vec::new(), self.folder.join(BESIDE).join("deleted"));
        self.files(&self.folder, &self.folder, &mut names)?;
        self.files(&deleted, &deleted, &mut names)?;
        names.sort();
        names.dedup();
        let mut all = Vec::new();
        for name in names {
            // Others have files of any name.
            let Ok(place) = self.place(&name) else { continue };
            all.extend(place.describe()?.filter(|known| has_tags(&known.tags, tags)));
        }
        Ok(all)
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        let place = self.place(name)?;
        let _lock = self.lock()?;
        if !place.file.is_file() {
            return Err(place.not_found());
        }
        let mut about = place.known()?;
        about.tags.extend(tags.clone());
        limits::tags(name, &about.tags)?;
        place.note(&about)
    }

    fn set_policy(&self, name: &str, _policy: &str) -> Result<(), StoreError> {
        Err(invalid(name, "a file has no resource policy; who may read its folder is for the system to say".to_owned()))
    }

    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        limits::recovery_days(name, recovery_days)?;
        let place = self.place(name)?;
        let _lock = self.lock()?;
        self.sweep()?;
        match place.value() {
            Ok(_) => {}
            Err(StoreError::PendingDeletion { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        let asked = now();
        place.note(&About { deleted: Some((asked, asked + i64::from(recovery_days) * DAY)), ..place.known()? })?;
        private::relocate(&place.file, &place.deleted).map_err(|error| place.failed("delete", &error))
    }

    fn restore(&self, name: &str) -> Result<(), StoreError> {
        let place = self.place(name)?;
        let _lock = self.lock()?;
        match place.value() {
            Err(StoreError::PendingDeletion { .. }) => {}
            other => return other.map(drop),
        }
        private::relocate(&place.deleted, &place.file).map_err(|error| place.failed("give back", &error))?;
        place.note(&About { deleted: None, ..place.known()? })
    }

    /// Whatever is done takes a folder to write in, and one that nobody else sees.
    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        self.place(new.name)?;
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_fit()?;
        fsx::try_write_in(self.parent()).map_err(|_| StoreError::Denied { name: new.name.to_owned(), action: self.permission(action) })
    }
}
