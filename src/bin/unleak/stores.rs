//! Opening stores for commands. Owns: where the local store and its key are. Must not: read a value.

use unleak::reference::Backend;
use unleak::store::SecretStore;
use unleak::store::local::{Key, KeyError, LocalStore};

use crate::env::Environment;
use crate::failure::{Failure, note};
use crate::migrate_cmd::store_failure;

/// Opens a store; `region` is that of the references, where they name one.
///
/// # Errors
/// It cannot be used.
pub fn open(backend: Backend, region: Option<&str>, environment: &Environment) -> Result<Box<dyn SecretStore>, Failure> {
    match backend {
        Backend::Local => local(environment),
        Backend::Aws => aws(region),
    }
}

/// The local store; its key is made when neither of them is there yet.
fn local(environment: &Environment) -> Result<Box<dyn SecretStore>, Failure> {
    let nowhere = || Failure::new(&"there is no HOME for the local store").hint("set XDG_DATA_HOME and XDG_CONFIG_HOME");
    let directory = environment.data_home.as_ref().ok_or_else(nowhere)?.join("unleak");
    let file = environment.config_home.as_ref().ok_or_else(nowhere)?.join("unleak/identity.txt");
    let passphrase = match environment.passphrase.as_ref().map(|passphrase| std::str::from_utf8(passphrase.expose())) {
        None => None,
        Some(Ok(text)) => Some(age::secrecy::SecretString::from(text.to_owned())),
        Some(Err(_)) => return Err(Failure::new(&"UNLEAK_PASSPHRASE is no UTF-8")),
    };
    let key = Key { file, passphrase };
    if matches!(key.identity(), Err(KeyError::Missing(_))) && !directory.join("store.age").exists() {
        key.create().map_err(|error| Failure::new(&error))?;
        note(&format!("the key of the local store is {}; keep a copy of it where you keep keys", key.file.display()));
    }
    Ok(Box::new(LocalStore::open(&directory, &key).map_err(store_failure)?))
}

#[cfg(feature = "aws")]
fn aws(region: Option<&str>) -> Result<Box<dyn SecretStore>, Failure> {
    use unleak::store::aws::{AwsSettings, AwsStore};
    let settings = AwsSettings { region: region.map(str::to_owned), ..AwsSettings::default() };
    Ok(Box::new(AwsStore::open(&settings).map_err(store_failure)?))
}

#[cfg(not(feature = "aws"))]
fn aws(_region: Option<&str>) -> Result<Box<dyn SecretStore>, Failure> {
    Err(Failure::new(&"this build has no AWS Secrets Manager (feature `aws`)"))
}
