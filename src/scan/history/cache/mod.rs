//! What is kept from one scan of a history to the next. Owns: where, and that nothing half written, damaged or made by another judge is used.
//! Must not: hold a secret.
//!
//! Four files: [`whole`] has the outcome of one scan, for a repository in which nothing changed; [`ledger`] has what it takes to carry that
//! outcome on where commits came in; [`blobs`] has what each blob turned out to hold, so that whatever else changed only what is new is
//! looked at; a small one where HEAD mentions secrets that it does not hold ([`mentions`](super::mentions)). A file is written under another name and then takes its own: whoever is killed while writing leaves the old one.

pub(super) mod blobs;
mod ids;
pub(super) mod ledger;
pub(super) mod whole;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::fsx::{self, own};
use crate::keyed::Key;
use crate::scan::Scanner;
use crate::settings::{Cache, Settings};

/// Changes with the form of the files and with whatever else makes older ones useless.
const FORMAT: u8 = 6;
/// A larger file is neither read nor written.
const MOST_BYTES: usize = 256 << 20;
/// Temporary files that are older were left by somebody who was killed.
const ABANDONED: Duration = Duration::from_hours(1);
/// Bytes of a key and of a seal, which come before the content.
const KEY: usize = 32;
const SEAL: usize = size_of::<Seal>();

/// A keyed hash of a file's name, key and content: who does not have the key of the cabinet cannot make one, and damage shows.
pub(super) type Seal = [u8; 32];

/// The file with the cabinet's key, where the cabinet has a directory of its own.
const KEY_FILE: &str = "key";
/// More than the hex digits of a key take.
const MOST_KEY_BYTES: u64 = 100;

/// The files that are kept of one repository.
pub(super) struct Cabinet {
    directory: PathBuf,
    seals: Key,
    /// Names all that decides what a text holds: the patterns, the judge, the settings.
    judged_by: [u8; KEY],
}

impl Cabinet {
    /// None where nothing is to be kept.
    pub(super) fn new(scanner: &Scanner, cache: &Cache, common_dir: &Path) -> Option<Self> {
        let (directory, key) = match cache {
            Cache::Off => return None,
            Cache::GitDirectory { key } => {
                let directory = common_dir.join("unleak");
                // What a stranger can write tells nothing, and leads elsewhere while it is looked at.
                let is_ours = |path: &Path| gix::sec::identity::is_path_owned_by_current_user(path).unwrap_or(false);
                if !is_ours(common_dir) || directory.symlink_metadata().is_ok() && !is_ours(&directory) {
                    return None;
                }
                (directory, key.clone())
            }
            // Several repositories can share a directory.
            Cache::At(directory) => {
                let git_dir = common_dir.canonicalize().ok()?;
                let name = data_encoding::HEXLOWER.encode(&Sha256::digest(git_dir.as_os_str().as_encoded_bytes())[..16]);
                (directory.join(name), directory.join(KEY_FILE))
            }
        };
        // Reasons are for people who ask; they are found by looking.
        if scanner.settings.explain {
            return None;
        }
        if directory.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            fsx::sweep(&directory, ABANDONED);
        }
        let Settings { min_confidence, marks, max_file_size, threads: _, explain: _, memory: _ } = &scanner.settings;
        let mut digest = Sha256::new_with_prefix([FORMAT]);
        digest.update(concat!(env!("CARGO_PKG_VERSION"), " ", env!("UNLEAK_JUDGE"), " "));
        digest.update(scanner.catalogue.digest());
        digest.update(format!("{min_confidence:?} {marks:?} {max_file_size:?}"));
        Some(Self { directory, seals: kept_key(&key)?, judged_by: digest.finalize().into() })
    }

    fn seal(&self, name: &str, key: &[u8; KEY], content: &[u8]) -> Seal {
        self.seals.hash([name.as_bytes(), b"\0", key, content]).bytes()
    }

    /// The content of a file that was sealed by whoever has the cabinet's key, whole and under the same key, and its seal.
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str, key: &[u8; KEY]) -> Option<(T, Seal)> {
        let bytes = own::read(&self.directory.join(name), MOST_BYTES as u64).ok()?;
        let (seal, content) = bytes.strip_prefix(key)?.split_first_chunk::<SEAL>()?;
        if self.seal(name, key, content) != *seal {
            return None;
        }
        Some((postcard::from_bytes(content).ok()?, *seal))
    }

    /// Writes a file and gives its seal. That it cannot be kept is no failure of the scan.
    pub(super) fn write(&self, name: &str, key: &[u8; KEY], content: &impl Serialize) -> Option<Seal> {
        let mut bytes = vec![0; KEY + SEAL];
        bytes[..KEY].copy_from_slice(key);
        let mut bytes = postcard::to_extend(content, bytes).ok()?;
        let seal = self.seal(name, key, &bytes[KEY + SEAL..]);
        bytes[KEY..KEY + SEAL].copy_from_slice(&seal);
        if bytes.len() > MOST_BYTES {
            return None;
        }
        own::write(&self.directory.join(name), &bytes).ok()?;
        Some(seal)
    }
}

/// The key in a file; a new one where there is no file yet. None where it cannot be kept.
fn kept_key(file: &Path) -> Option<Key> {
    match own::read(file, MOST_KEY_BYTES) {
        Ok(text) => std::str::from_utf8(&text).ok().and_then(|text| Key::from_hex(text.trim_end())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = Key::random();
            own::write(file, format!("{}\n", key.to_hex()).as_bytes()).ok()?;
            Some(key)
        }
        Err(_) => None,
    }
}
