//! The passphrase of a key in the keyring of the system: the kernel's on Linux, the keychain of macOS, the credential manager of Windows.
//! Owns: keeping it there, finding it, taking it out. Must not: ask people, or keep a key there: the kernel forgets, and a key is not had twice.

use std::path::Path;
use std::sync::Arc;

use age::secrecy::{ExposeSecret, SecretString};
use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::KeyError;

/// Under what the passphrases are kept; the file of the key is the user.
const SERVICE: &str = "unleak";

/// How the keyring is called, and how long it keeps a passphrase.
pub const LASTS: &str = if cfg!(target_os = "linux") {
    "in the kernel's keyring, until `unleak store lock`, a restart, or days without use"
} else {
    "in the system's keyring, until `unleak store lock`"
};

/// A keyring.
pub struct Keyring(Arc<CredentialStore>);

impl Keyring {
    /// That of the system.
    ///
    /// # Errors
    /// [`KeyError::Keyring`] where there is none.
    pub fn of_system() -> Result<Self, KeyError> {
        #[cfg(target_os = "linux")]
        let store = linux_keyutils_keyring_store::Store::new();
        #[cfg(target_os = "macos")]
        let store = apple_native_keyring_store::keychain::Store::new();
        #[cfg(windows)]
        let store = windows_native_keyring_store::Store::new();
        #[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
        let store = Err::<Arc<CredentialStore>, _>(Error::NoDefaultStore);
        Ok(Self(store.map_err(|error| failed(&error))?))
    }

    fn entry(&self, file: &Path) -> Result<Entry, KeyError> {
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        Entry::new_in_store(&self.0, SERVICE, &file.to_string_lossy()).map_err(|error| failed(&error))
    }

    /// The passphrase of a key, if it is there.
    ///
    /// # Errors
    /// [`KeyError::Keyring`].
    pub fn passphrase(&self, file: &Path) -> Result<Option<SecretString>, KeyError> {
        match self.entry(file)?.get_secret().map(Zeroizing::new) {
            Ok(bytes) => Ok(std::str::from_utf8(&bytes).ok().map(|text| SecretString::from(text.to_owned()))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Keeps the passphrase of a key.
    ///
    /// # Errors
    /// [`KeyError::Keyring`].
    pub fn keep(&self, file: &Path, passphrase: &SecretString) -> Result<(), KeyError> {
        let entry = self.entry(file)?;
        // Without a session of its own a process gives the kernel what it cannot get back: seen with a text that is no secret.
        entry.set_secret(b"unleak").and_then(|()| entry.get_secret()).map_err(|error| failed(&error))?;
        entry.set_secret(passphrase.expose_secret().as_bytes()).map_err(|error| failed(&error))
    }

    /// Takes the passphrase of a key out, and says whether it was there.
    ///
    /// # Errors
    /// [`KeyError::Keyring`].
    pub fn forget(&self, file: &Path) -> Result<bool, KeyError> {
        match self.entry(file)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// The kinds of errors in words of ours: some of them carry what was read.
fn failed(error: &Error) -> KeyError {
    KeyError::Keyring(match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => cause.to_string(),
        Error::NoDefaultStore => "this system has none that is known".to_owned(),
        Error::TooLong(..) => "it does not take a passphrase of this length".to_owned(),
        _ => "it does not take or give such an entry".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_kept_for_its_key_alone_until_it_is_taken_out() {
        let keyring = Keyring(keyring_core::mock::Store::new().unwrap());
        let (one, two) = (Path::new("/none/one.txt"), Path::new("/none/two.txt"));
        let found = |file| keyring.passphrase(file).unwrap().map(|passphrase| passphrase.expose_secret().to_owned());
        assert_eq!(found(one), None);
        keyring.keep(one, &SecretString::from("p\u{e4}ss".to_owned())).unwrap();
        assert_eq!((found(one).as_deref(), found(two)), (Some("p\u{e4}ss"), None));
        assert_eq!((keyring.forget(one).unwrap(), keyring.forget(one).unwrap(), found(one)), (true, false, None));
    }

    #[test]
    fn errors_of_keyrings_say_nothing_of_what_they_hold() {
        let error = failed(&Error::BadEncoding(b"pass".to_vec())).to_string();
        assert_eq!(error, "the keyring cannot be used: it does not take or give such an entry");
    }
}
