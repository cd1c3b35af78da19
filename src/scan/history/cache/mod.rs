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
use crate::scan::Scanner;
use crate::settings::{Cache, Settings};

/// Changes with the form of the files and with whatever else makes older ones useless.
const FORMAT: u8 = 5;
/// A larger file is neither read nor written.
const MOST_BYTES: usize = 256 << 20;
/// Temporary files that are older were left by somebody who was killed.
const ABANDONED: Duration = Duration::from_hours(1);
/// Bytes of a key and of a checksum, which come before the content.
const KEY: usize = 32;
const CHECKSUM: usize = size_of::<Checksum>();

/// Tells one content of a file from another.
pub(super) type Checksum = [u8; 4];

/// The files that are kept of one repository.
pub(super) struct Cabinet {
    directory: PathBuf,
    /// Names all that decides what a text holds: the patterns, the judge, the settings.
    judged_by: [u8; KEY],
}

impl Cabinet {
    /// None where nothing is to be kept.
    pub(super) fn new(scanner: &Scanner, cache: &Cache, common_dir: &Path) -> Option<Self> {
        let directory = match cache {
            Cache::Off => return None,
            Cache::GitDirectory => {
                let directory = common_dir.join("unleak");
                // What a stranger can write tells nothing, and leads elsewhere while it is looked at.
                let is_ours = |path: &Path| gix::sec::identity::is_path_owned_by_current_user(path).unwrap_or(false);
                if !is_ours(common_dir) || directory.symlink_metadata().is_ok() && !is_ours(&directory) {
                    return None;
                }
                directory
            }
            // Several repositories can share a directory.
            Cache::At(directory) => {
                let git_dir = common_dir.canonicalize().ok()?;
                directory.join(data_encoding::HEXLOWER.encode(&Sha256::digest(git_dir.as_os_str().as_encoded_bytes())[..16]))
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
        Some(Self { directory, judged_by: digest.finalize().into() })
    }

    /// The content of a file that was written whole and under the same key, and its checksum.
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str, key: &[u8; KEY]) -> Option<(T, Checksum)> {
        let bytes = own::read(&self.directory.join(name), MOST_BYTES as u64).ok()?;
        let (checksum, rest) = bytes.strip_prefix(key)?.split_first_chunk::<CHECKSUM>()?;
        if crc32fast::hash(rest).to_le_bytes() != *checksum {
            return None;
        }
        Some((postcard::from_bytes(rest).ok()?, *checksum))
    }

    /// Writes a file and gives its checksum. That it cannot be kept is no failure of the scan.
    pub(super) fn write(&self, name: &str, key: &[u8; KEY], content: &impl Serialize) -> Option<Checksum> {
        let mut bytes = vec![0; KEY + CHECKSUM];
        bytes[..KEY].copy_from_slice(key);
        let mut bytes = postcard::to_extend(content, bytes).ok()?;
        let checksum = crc32fast::hash(&bytes[KEY + CHECKSUM..]).to_le_bytes();
        bytes[KEY..KEY + CHECKSUM].copy_from_slice(&checksum);
        if bytes.len() > MOST_BYTES {
            return None;
        }
        own::write(&self.directory.join(name), &bytes).ok()?;
        Some(checksum)
    }
}
