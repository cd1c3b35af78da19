//! The key of the local store: an age identity. Owns: reading it from a file, opening it with a passphrase, making a new one. Must not: ask
//! people, or read the environment.

use std::io;
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::fsx::private;

/// Most work that a passphrase may take, as a power of two: a minute, and as much memory as a large machine has.
const MOST_WORK: u8 = 22;

/// The largest file that is taken for an identity, in bytes.
const LARGEST: u64 = 1 << 16;
/// How every age file starts.
const ENCRYPTED: &[u8] = b"age-encryption.org/";
/// How the line with an identity starts.
const PREFIX: &str = concat!("AGE-SECRET", "-KEY-1");

/// Where the identity comes from: a file as `age-keygen` writes it, or that file encrypted with a passphrase (`age -p`).
#[derive(Clone)]
pub struct Key {
    /// The file.
    pub file: PathBuf,
    /// What opens it, if it is encrypted.
    pub passphrase: Option<SecretString>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such file.
    #[error("{0}: there is no key yet; `unleak store init` makes one")]
    Missing(String),
    /// The file cannot be read or written.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// The file is encrypted and no passphrase was given.
    #[error(
        "{0}: the key is encrypted, and there is no passphrase; set UNLEAK_PASSPHRASE, run it at a terminal, or `unleak store unlock` first"
    )]
    NoPassphrase(String),
    /// The passphrase is wrong, or the file damaged.
    #[error("{0}: the passphrase does not open the key, or the file is damaged")]
    WrongPassphrase(String),
    /// There is no identity in it.
    #[error("{0}: it holds no age identity")]
    NoIdentity(String),
    /// The file exists already.
    #[error("{0}: there is a key already; it is not replaced, since the store could not be read without it")]
    Exists(String),
    /// The system has no keyring, or does not let it be used.
    #[error("the keyring cannot be used: {0}")]
    Keyring(String),
    /// Others can read it.
    #[error("{0}: others can read this key; make it yours alone (chmod 600)")]
    Open(String),
}

impl Key {
    fn shown(&self) -> String {
        self.file.display().to_string()
    }

    /// Whether the file exists and needs a passphrase.
    ///
    /// # Errors
    /// [`KeyError::Missing`] and [`KeyError::File`].
    pub fn needs_passphrase(file: &Path) -> Result<bool, KeyError> {
        Ok(Self { file: file.to_owned(), passphrase: None }.read()?.starts_with(ENCRYPTED))
    }

    fn read(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => KeyError::Missing(self.shown()),
            _ => KeyError::File(self.shown(), error),
        };
        let metadata = std::fs::metadata(&self.file).map_err(failed)?;
        if metadata.len() > LARGEST {
            return Err(KeyError::NoIdentity(self.shown()));
        }
        Ok(Zeroizing::new(std::fs::read(&self.file).map_err(failed)?))
    }

    /// The identity.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn identity(&self) -> Result<age::x25519::Identity, KeyError> {
        let raw = self.read()?;
        let is_encrypted = raw.starts_with(ENCRYPTED);
        if !is_encrypted && is_open_to_others(&self.file) {
            return Err(KeyError::Open(self.shown()));
        }
        let text = if is_encrypted {
            let passphrase = self.passphrase.clone().ok_or_else(|| KeyError::NoPassphrase(self.shown()))?;
            let mut identity = age::scrypt::Identity::new(passphrase);
            // Without a limit of its own it measures the machine, and one that is busy refuses what it wrote when it was not.
            identity.set_max_work_factor(MOST_WORK);
            let opened = age::decrypt(&identity, &raw);
            Zeroizing::new(opened.map_err(|_| KeyError::WrongPassphrase(self.shown()))?)
        } else {
            raw
        };
        let line = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).find(|line| line.starts_with(PREFIX.as_bytes()));
        let line = line.and_then(|line| std::str::from_utf8(line).ok());
        line.and_then(|line| line.parse().ok()).ok_or_else(|| KeyError::NoIdentity(self.shown()))
    }

    /// Makes a new identity in the file, which only its owner may read; encrypted if there is a passphrase. It takes the place of no other, also where
    /// two make one at the same time.
    ///
    /// # Errors
    /// [`KeyError::Exists`] and [`KeyError::File`].
    pub fn create(&self) -> Result<(), KeyError> {
        if self.file.exists() {
            return Err(KeyError::Exists(self.shown()));
        }
        let identity = age::x25519::Identity::generate();
        let public = identity.to_public();
        let line = identity.to_string();
        let text = Zeroizing::new(format!("# public key: {public}\n{}\n", line.expose_secret()));
        let written = match &self.passphrase {
            None => private::create(&self.file, text.as_bytes()),
            Some(passphrase) => age::encrypt(&age::scrypt::Recipient::new(passphrase.clone()), text.as_bytes())
                .map_err(io::Error::other)
                .and_then(|encrypted| private::create(&self.file, &encrypted)),
        };
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(self.shown()),
            _ => KeyError::File(self.shown(), error),
        })
    }
}

#[cfg(unix)]
fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
const fn is_open_to_others(_file: &Path) -> bool {
    false
}
