//! Opening stores for commands. Owns: where the local store and its key are, and what is said about AWS. Must not: read a value.

#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "gcp")]
mod gcp;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use clap::Args;
use unleak::reference::Backend;
use unleak::resolve::Access;
#[cfg(any(feature = "vault", feature = "gcp"))]
use unleak::secret::Secret;
#[cfg(feature = "network")]
use unleak::store::endpoint::is_local;
#[cfg(feature = "aws")]
use unleak::store::endpoint::require_private;
use unleak::store::file::FileStore;
use unleak::store::local::keyring::Keyring;
use unleak::store::local::{Key, KeyError, LocalStore};
use unleak::store::{SecretStore, StoreError};

use crate::config::Config;
use crate::env::Environment;
use crate::failure::{Failure, note};
use crate::migrate_failure::store_failure;
#[cfg(feature = "network")]
use crate::store_config::StoreDefaults;

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

/// Options of whatever asks a store.
#[derive(Debug, Clone, Default, Args)]
pub struct StoreOptions {
    /// Region of the store, where no reference says another; a plan writes it into references
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "REGION", global = true, help_heading = "Store")]
    pub region: Option<String>,
    /// Profile of the shared AWS configuration files
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "PROFILE", global = true, help_heading = "Store")]
    pub profile: Option<String>,
    /// Another endpoint than that of the cloud, such as http://127.0.0.1:5000 of an emulator, or the address of Vault in place of VAULT_ADDR
    #[cfg(feature = "network")]
    #[arg(long, value_name = "URL", global = true, help_heading = "Store")]
    pub endpoint_url: Option<String>,
    /// Where Vault's KV engine is mounted [default: secret]
    #[cfg(feature = "vault")]
    #[arg(long, value_name = "PATH", global = true, help_heading = "Store")]
    pub mount: Option<String>,
    /// Project of Google Cloud, in place of GOOGLE_CLOUD_PROJECT
    #[cfg(feature = "gcp")]
    #[arg(long, value_name = "ID", global = true, help_heading = "Store")]
    pub project: Option<String>,
    /// Key vault of Azure, in place of AZURE_KEY_VAULT_NAME: its name, or its host outside of the public cloud
    #[cfg(feature = "azure")]
    #[arg(long, value_name = "VAULT", global = true, help_heading = "Store")]
    pub key_vault: Option<String>,
    /// Folder of plain files, in place of UNLEAK_STORE_DIR
    #[arg(long, value_name = "DIR", global = true, help_heading = "Store")]
    pub store_dir: Option<PathBuf>,
    /// Use no configuration file, also not its policy of migrations, and no baseline
    #[arg(long, global = true, help_heading = "Store")]
    pub no_config: bool,
}

impl StoreOptions {
    /// The region that was given.
    #[cfg(feature = "aws")]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// There is none without a store that has regions.
    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_self, reason = "stores with regions look into it")]
    pub const fn region(&self) -> Option<&str> {
        None
    }

    /// The configuration that holds for `path`.
    ///
    /// # Errors
    /// One that cannot be used.
    pub fn config(&self, path: &Path) -> Result<Config, Failure> {
        if self.no_config { Ok(Config::default()) } else { Config::find(path) }
    }
}

/// Opens stores, by what the command line, the environment and the configuration say, in this order.
pub struct Stores<'a> {
    environment: &'a Environment,
    options: &'a StoreOptions,
    #[cfg(feature = "network")]
    defaults: StoreDefaults,
}

impl<'a> Stores<'a> {
    /// By the options, and `[store]` of the configuration.
    pub fn new(options: &'a StoreOptions, config: &Config, environment: &'a Environment) -> Self {
        #[cfg(not(feature = "network"))]
        let _ = config;
        Self {
            environment,
            options,
            #[cfg(feature = "network")]
            defaults: config.store.clone(),
        }
    }

    /// By the options, and the configuration that holds for `path`.
    ///
    /// # Errors
    /// A configuration that cannot be used.
    pub fn at(path: &Path, options: &'a StoreOptions, environment: &'a Environment) -> Result<Self, Failure> {
        Ok(Self::new(options, &options.config(path)?, environment))
    }

    /// Opens a store; `region` is that of the plan or of the references, where they name one.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn open(&self, backend: Backend, region: Option<&str>) -> Result<Box<dyn SecretStore>, Failure> {
        match backend {
            Backend::Local => local(self.environment),
            Backend::Aws | Backend::Ssm => self.aws(backend, region, None),
            Backend::Vault => self.vault(),
            Backend::Gcp => self.gcp(),
            Backend::Azure => self.azure(),
            Backend::File => self.files(),
        }
    }

    /// Opens the store that references need.
    ///
    /// # Errors
    /// It cannot be used; the words of the failure are those of the error.
    pub fn open_for(&self, access: &Access) -> Result<Box<dyn SecretStore>, StoreError> {
        let opened = match access.backend {
            Backend::Local => local(self.environment),
            backend @ (Backend::Aws | Backend::Ssm) => self.aws(backend, access.region.as_deref(), access.role_arn.as_deref()),
            Backend::Vault => self.vault(),
            Backend::Gcp => self.gcp(),
            Backend::Azure => self.azure(),
            Backend::File => self.files(),
        };
        opened.map_err(|failure| StoreError::Unusable(failure.error))
    }

    #[cfg(feature = "aws")]
    fn aws(&self, backend: Backend, region: Option<&str>, role: Option<&str>) -> Result<Box<dyn SecretStore>, Failure> {
        use unleak::store::aws::{AwsSettings, AwsStore};
        use unleak::store::ssm::SsmStore;
        let (given, default, known) = (self.options, &self.defaults, &self.environment.aws);
        let own = if backend == Backend::Ssm { &known.ssm_endpoint_url } else { &known.own_endpoint_url };
        let said = own.as_ref().or(known.endpoint_url.as_ref());
        if let Some(endpoint) = said.filter(|_| given.endpoint_url.is_none()) {
            require_private(endpoint).map_err(store_failure)?;
        }
        let settings = AwsSettings {
            region: region
                .map(str::to_owned)
                .or_else(|| given.region.clone())
                .or_else(|| unless(known.has_region, default.region.as_ref())),
            profile: given.profile.clone().or_else(|| unless(known.has_identity, default.profile.as_ref())),
            endpoint_url: given
                .endpoint_url
                .clone()
                .or_else(|| unless(said.is_some(), self.endpoint_of_file(&[Backend::Aws, Backend::Ssm]))),
            role_arn: role.map(str::to_owned),
            allow_insecure_endpoint: false,
        };
        if backend == Backend::Ssm {
            return Ok(Box::new(
                SsmStore::open(&settings, own.as_deref().filter(|_| given.endpoint_url.is_none())).map_err(store_failure)?,
            ));
        }
        Ok(Box::new(AwsStore::open(&settings).map_err(store_failure)?))
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_self, reason = "the store looks into it where there is one")]
    fn aws(&self, backend: Backend, _region: Option<&str>, _role: Option<&str>) -> Result<Box<dyn SecretStore>, Failure> {
        Err(missing(backend, "aws"))
    }
}

impl Stores<'_> {
    /// The folder is said by the command line and the environment, and never by a tree: it could lead to any file.
    fn files(&self) -> Result<Box<dyn SecretStore>, Failure> {
        let said = self.options.store_dir.as_ref().or(self.environment.store_dir.as_ref());
        let unset = || store_failure(StoreError::Unusable("files need their folder: --store-dir or UNLEAK_STORE_DIR".to_owned()));
        let folder = said.ok_or_else(unset)?;
        // Only the system knows where `..` leads.
        let goes_up = folder.components().any(|part| part == std::path::Component::ParentDir);
        let made = || match (folder.parent(), folder.file_name()) {
            (Some(parent), Some(name)) => parent.canonicalize().map(|parent| parent.join(name)),
            _ => folder.canonicalize(),
        };
        let whole = if goes_up { folder.canonicalize().or_else(|_| made()) } else { std::path::absolute(folder) };
        let folder = whole.map_err(|error| Failure::with_file("find", folder, &error))?;
        Ok(Box::new(FileStore::open(&folder).map_err(store_failure)?))
    }

    /// The endpoint that the configuration says for these stores. A tree does not say where a token goes, unless that is this machine.
    #[cfg(feature = "network")]
    fn endpoint_of_file(&self, backends: &[Backend]) -> Option<&String> {
        let is_of = |kind: Option<Backend>| {
            let kind = kind.filter(|kind| *kind != Backend::Local).unwrap_or(Backend::Aws);
            backends.contains(&kind)
        };
        let url = self.defaults.endpoint_url.as_ref().filter(|_| is_of(self.defaults.kind));
        url.filter(|url| backends.contains(&Backend::Aws) || is_local(url))
    }

    #[cfg(feature = "vault")]
    fn vault(&self) -> Result<Box<dyn SecretStore>, Failure> {
        use unleak::store::vault::{VaultSettings, VaultStore};
        let (known, default) = (&self.environment.vault, &self.defaults);
        let address = self.options.endpoint_url.as_ref().or(known.address.as_ref()).or_else(|| self.endpoint_of_file(&[Backend::Vault]));
        let unset = |what: &str| store_failure(StoreError::Unusable(format!("Vault needs {what}")));
        let token = match (&known.token, &known.token_file) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(file)) => secret_file(file)?,
            (None, None) => None,
        };
        let certificates = match &known.certificates {
            Some(file) => Some(std::fs::read(file).map_err(|error| Failure::with_file("read", file, &error))?),
            None => None,
        };
        let settings = VaultSettings {
            address: address.ok_or_else(|| unset("its address: VAULT_ADDR or --endpoint-url"))?.clone(),
            token: token.ok_or_else(|| unset("a token: VAULT_TOKEN, or `vault login`"))?,
            namespace: known.namespace.clone(),
            mount: self.options.mount.as_ref().or(default.mount.as_ref()).map_or("secret", String::as_str).to_owned(),
            certificates,
            allow_insecure_endpoint: false,
        };
        Ok(Box::new(VaultStore::open(settings).map_err(store_failure)?))
    }

    #[cfg(not(feature = "vault"))]
    #[expect(clippy::unused_self, reason = "with the feature it is asked")]
    fn vault(&self) -> Result<Box<dyn SecretStore>, Failure> {
        Err(missing(Backend::Vault, "vault"))
    }

    #[cfg(not(feature = "gcp"))]
    #[expect(clippy::unused_self, reason = "with the feature it is asked")]
    fn gcp(&self) -> Result<Box<dyn SecretStore>, Failure> {
        Err(missing(Backend::Gcp, "gcp"))
    }

    #[cfg(not(feature = "azure"))]
    #[expect(clippy::unused_self, reason = "with the feature it is asked")]
    fn azure(&self) -> Result<Box<dyn SecretStore>, Failure> {
        Err(missing(Backend::Azure, "azure"))
    }
}

/// The failure where a build was made without a store.
#[cfg(not(all(feature = "aws", feature = "vault", feature = "gcp", feature = "azure")))]
fn missing(backend: Backend, feature: &str) -> Failure {
    Failure::new(&format_args!("this build has no {} (feature `{feature}`)", backend.title()))
}

/// A file of somebody's own that holds a secret; none where it is not there.
#[cfg(any(feature = "vault", feature = "gcp"))]
fn secret_file(file: &Path) -> Result<Option<Secret>, Failure> {
    match std::fs::read(file).map(zeroize::Zeroizing::new) {
        Ok(bytes) => Ok(Some(Secret::new(&bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::with_file("read", file, &error)),
    }
}

/// The value of the configuration, if the environment does not say it.
#[cfg(feature = "aws")]
fn unless(said: bool, value: Option<&String>) -> Option<String> {
    value.filter(|_| !said).cloned()
}

/// Where the key of the local store is, or will be.
pub fn identity_file(environment: &Environment) -> Option<PathBuf> {
    key(environment).ok().map(|key| key.file)
}

/// Makes the key of the local store and says where it is.
///
/// # Errors
/// There is one already, or a store that another key opens, or it cannot be written.
pub fn new_key(environment: &Environment) -> Result<PathBuf, Failure> {
    let key = key(environment)?;
    let directory = directory(environment)?;
    if LocalStore::is_in(&directory) && !key.file.exists() {
        return Err(lost(&key, &directory));
    }
    key.create().map_err(|error| Failure::new(&error))?;
    Ok(key.file)
}

/// Makes the key of the local store, for whoever stores there next, if neither of them is there yet; says whether the store has to be opened anew.
///
/// # Errors
/// It cannot be written.
pub fn make_key_if_new(backend: Backend, environment: &Environment) -> Result<bool, Failure> {
    if backend != Backend::Local || LocalStore::is_in(&directory(environment)?) {
        return Ok(false);
    }
    let key = key(environment)?;
    match key.create() {
        Ok(()) => note(&format!("the key of the local store is {}; keep a copy of it where you keep keys", key.file.display())),
        // Somebody else's that came just now is as good.
        Err(KeyError::Exists(_)) => {}
        Err(error) => return Err(Failure::new(&error)),
    }
    Ok(true)
}

/// The directory of the local store.
fn directory(environment: &Environment) -> Result<PathBuf, Failure> {
    Ok(environment.data_home.as_ref().ok_or_else(nowhere)?.join("unleak"))
}

/// The failure where the key of a store is gone.
fn lost(key: &Key, directory: &Path) -> Failure {
    let (file, store) = (key.file.display(), directory.display());
    Failure::new(&format_args!("{file}: there is no key, and the local store in {store} opens with the one that was there"))
        .hint("put the copy of the key there, or set UNLEAK_IDENTITY to where it is; a new key could not open the store")
        .hint(format!("without a copy nothing in it can be read: move {store} away, then `unleak store init` makes a key for a new store"))
}

/// The local store; where neither it nor its key is there yet it is empty.
fn local(environment: &Environment) -> Result<Box<dyn SecretStore>, Failure> {
    let directory = directory(environment)?;
    let mut key = key(environment)?;
    match Key::needs_passphrase(&key.file) {
        Err(KeyError::Missing(_)) if LocalStore::is_in(&directory) => return Err(lost(&key, &directory)),
        Ok(true) if key.passphrase.is_none() => key.passphrase = kept_or_asked(&key)?,
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

/// The passphrase from the keyring of the system, else from whoever sits at the terminal.
fn kept_or_asked(key: &Key) -> Result<Option<SecretString>, Failure> {
    // Where there is no keyring, nothing is in it.
    let kept = Keyring::of_system().and_then(|keyring| keyring.passphrase(&key.file)).unwrap_or_default();
    if kept.is_none() && std::io::stdin().is_terminal() { asked(key).map(Some) } else { Ok(kept) }
}

/// Puts the passphrase of the key into the keyring of the system, after it opened the key; says which file it is for.
///
/// # Errors
/// The key needs none, it is the wrong one, or there is no keyring.
pub fn unlock(environment: &Environment) -> Result<PathBuf, Failure> {
    let mut key = key(environment)?;
    if !Key::needs_passphrase(&key.file).map_err(|error| Failure::new(&error))? {
        return Err(Failure::new(&format_args!("{}: the key has no passphrase", key.file.display())));
    }
    if key.passphrase.is_none() && std::io::stdin().is_terminal() {
        key.passphrase = Some(asked(&key)?);
    }
    key.identity().map_err(|error| Failure::new(&error))?;
    let passphrase = key.passphrase.as_ref().expect("because it opened the key");
    Keyring::of_system().and_then(|keyring| keyring.keep(&key.file, passphrase)).map_err(|error| Failure::new(&error))?;
    Ok(key.file)
}

/// Takes the passphrase of the key out of the keyring of the system; says for which file, and whether it was there.
///
/// # Errors
/// There is no keyring.
pub fn lock(environment: &Environment) -> Result<(PathBuf, bool), Failure> {
    let key = key(environment)?;
    let was_there = Keyring::of_system().and_then(|keyring| keyring.forget(&key.file)).map_err(|error| Failure::new(&error))?;
    Ok((key.file, was_there))
}

/// The passphrase, typed at the terminal and not shown.
fn asked(key: &Key) -> Result<SecretString, Failure> {
    let typed = rpassword::prompt_password(format!("Passphrase of {}: ", key.file.display()));
    typed.map(SecretString::from).map_err(|error| Failure::new(&format_args!("cannot read the passphrase: {error}")))
}
