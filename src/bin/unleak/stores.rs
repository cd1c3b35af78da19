//! Opening stores for commands. Owns: where the local store and its key are. Must not: read a value.

use unleak::reference::Backend;
use unleak::store::SecretStore;
use unleak::store::local::{LocalStore, Location};

use crate::env::Environment;
use crate::failure::Failure;
use crate::migrate_cmd::store_failure;

/// Opens a store.
///
/// # Errors
/// It cannot be used.
pub fn open(backend: Backend, environment: &Environment) -> Result<Box<dyn SecretStore>, Failure> {
    match backend {
        Backend::Local => {
            let nowhere = || Failure::new(&"there is no HOME for the local store").hint("set XDG_DATA_HOME and XDG_CONFIG_HOME");
            let data = environment.data_home.as_ref().ok_or_else(nowhere)?;
            let config = environment.config_home.as_ref().ok_or_else(nowhere)?;
            let location = Location { store: data.join("unleak/store.age"), identity: config.join("unleak/identity.txt") };
            let store = LocalStore::open(location, environment.passphrase.as_ref()).map_err(store_failure)?;
            Ok(Box::new(store))
        }
        Backend::Aws => Err(Failure::new(&"AWS Secrets Manager is not part of this build")),
    }
}
