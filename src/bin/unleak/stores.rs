//! Opening stores for commands. Owns: where the local store and its key are. Must not: read a value.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use age::secrecy::SecretString;
use unleak::reference::Backend;
use unleak::resolve::Access;
use unleak::store::local::{Key, KeyError, LocalStore};
use unleak::store::{SecretStore, StoreError};

use crate::env::Environment;
use crate::failure::{Failure, note};
use crate::migrate_failure::store_failure;

/// Values are in this process: no core file and no debugger of the same user gets them.
pub fn keep_out_of_dumps() {
    #[cfg(target_os = "linux")]
    {
        // Where the system refuses, values are as safe as before.
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    }
}

/// Opens a store; `region` is that of the references, where they name one.
///
/// # Errors
/// It cannot be used.
pub fn open(backend: Backend, region: Option<&str>, environment: &Environment) -> Result<Box<dyn SecretStore>, Failure> {
    match backend {
        Backend::Local => local(environment),
        Backend::Aws => aws(region, None),
    }
}

/// Opens the store that references need.
///
/// # Errors
/// It cannot be used; the words of the failure are those of the error.
pub fn open_for(access: &Access, environment: &Environment) -> Result<Box<dyn SecretStore>, StoreError> {
    let failed = |failure: Failure| StoreError::Unusable(failure.error);
    match access.backend {
        Backend::Local => local(environment).map_err(failed),
        Backend::Aws => aws(access.region.as_deref(), access.role_arn.as_deref()).map_err(failed),
    }
}

/// Makes the key of the local store and says where it is.
///
/// # Errors
/// There is one already, or it cannot be written.
pub fn new_key(environment: &Environment) -> Result<PathBuf, Failure> {
    let key = key(environment)?;
    key.create().map_err(|error| Failure::new(&error))?;
    Ok(key.file)
}

/// The local store; its key is made when neither of them is there yet.
fn local(environment: &Environment) -> Result<Box<dyn SecretStore>, Failure> {
    let directory = environment.data_home.as_ref().ok_or_else(nowhere)?.join("unleak");
    let mut key = key(environment)?;
    match Key::needs_passphrase(&key.file) {
        Err(KeyError::Missing(_)) if !directory.join("store.age").exists() => {
            key.create().map_err(|error| Failure::new(&error))?;
            note(&format!("the key of the local store is {}; keep a copy of it where you keep keys", key.file.display()));
        }
        Ok(true) if key.passphrase.is_none() && std::io::stdin().is_terminal() => key.passphrase = Some(asked(&key)?),
        _ => {}
    }
    Ok(Box::new(LocalStore::open(&directory, &key).map_err(store_failure)?))
}

fn nowhere() -> Failure {
    Failure::new(&"there is no HOME for the local store").hint("set XDG_DATA_HOME and XDG_CONFIG_HOME")
}

/// Where the key of the local store is, and what opens it.
fn key(environment: &Environment) -> Result<Key, Failure> {
    let file = match &environment.identity {
        Some(file) => file.clone(),
        None => environment.config_home.as_ref().ok_or_else(nowhere)?.join("unleak/identity.txt"),
    };
    let passphrase = match environment.passphrase.as_ref().map(|passphrase| std::str::from_utf8(passphrase.expose())) {
        None => None,
        Some(Ok(text)) => Some(SecretString::from(text.to_owned())),
        Some(Err(_)) => return Err(Failure::new(&"UNLEAK_PASSPHRASE is no UTF-8")),
    };
    Ok(Key { file, passphrase })
}

/// The passphrase, typed at the terminal and not shown.
fn asked(key: &Key) -> Result<SecretString, Failure> {
    let typed = rpassword::prompt_password(format!("Passphrase of {}: ", key.file.display()));
    typed.map(SecretString::from).map_err(|error| Failure::new(&format_args!("cannot read the passphrase: {error}")))
}

#[cfg(feature = "aws")]
fn aws(region: Option<&str>, role: Option<&str>) -> Result<Box<dyn SecretStore>, Failure> {
    use unleak::store::aws::{AwsSettings, AwsStore};
    let settings = AwsSettings { region: region.map(str::to_owned), role_arn: role.map(str::to_owned), ..AwsSettings::default() };
    Ok(Box::new(AwsStore::open(&settings).map_err(store_failure)?))
}

#[cfg(not(feature = "aws"))]
fn aws(_region: Option<&str>, _role: Option<&str>) -> Result<Box<dyn SecretStore>, Failure> {
    Err(Failure::new(&"this build has no AWS Secrets Manager (feature `aws`)"))
}
