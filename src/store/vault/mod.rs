//! HashiCorp Vault and OpenBao: the KV secrets engine, version 2. Owns: what of a store's words it has. Must not: be built where no store is asked
//! for; it starts a runtime.
//!
//! The name of a secret is `MOUNT/PATH`, as vals writes it. Objects are kept as their members (see [`super::object`]). The last version is the
//! current one; deletion can be taken back until somebody destroys the version. Custom metadata holds tags, the description, and the token of the
//! creation, since the engine has none.

mod call;

use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::limits::{self, invalid};
use super::rest::{About, seconds, texts};
use super::{Action, CURRENT, Description, NewSecret, SecretStore, StoreError, Stored, Tags, Version, has_tags, object, stage_of};
use crate::reference::Backend;
use crate::secret::Secret;
use call::{Service, understood};

/// Members of the custom metadata that are not tags.
const TOKEN: &str = "unleak:token";
const DESCRIPTION: &str = "description";
/// Bytes of a member of the custom metadata, at most.
const LONGEST_METADATA: usize = 512;

/// Which server, and who asks.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    /// Its address, such as `https://vault.example:8200`.
    pub address: String,
    /// The token.
    pub token: Secret,
    /// The namespace.
    pub namespace: Option<String>,
    /// Where the engine is mounted.
    pub mount: String,
    /// Certificates to trust in place of the system's, as PEM.
    pub certificates: Option<Vec<u8>>,
    /// Whether plain HTTP may leave this machine.
    pub allow_insecure_endpoint: bool,
}

/// One engine of a server.
pub struct VaultStore {
    service: Service,
    mount: String,
}

impl VaultStore {
    /// A client. Nothing is asked yet.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with an address that would send secrets in the clear, or a token that is none.
    pub fn open(settings: VaultSettings) -> Result<Self, StoreError> {
        let mount = settings.mount.trim_matches('/').to_owned();
        if mount.is_empty() {
            return Err(StoreError::Unusable("the mount of Vault has no name".to_owned()));
        }
        Ok(Self { service: Service::open(settings)?, mount })
    }

    /// The mount and the path of a name. One of another mount has it up to the first slash.
    fn split<'n>(&'n self, name: &'n str) -> Result<(&'n str, &'n str), StoreError> {
        let own = name.strip_prefix(self.mount.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let split = own.map(|path| (self.mount.as_str(), path)).or_else(|| name.split_once('/'));
        let is_path = |path: &str| path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let fits = split.filter(|(mount, path)| is_path(mount) && is_path(path));
        fits.ok_or_else(|| invalid(name, "a secret of Vault is named MOUNT/PATH, and no part of it is empty or a dot".to_owned()))
    }

    /// Asks about one secret, at one of the engine's kinds of paths.
    fn ask(&self, name: &str, method: &'static str, kind: Kind, content: Option<&Value>) -> Result<Option<Value>, StoreError> {
        let (mount, path) = self.split(name)?;
        let permission = kind.permission(mount);
        self.service.ask(About { name, permission: &permission }, method, &format!("{mount}/{}/{path}", kind.path), content)
    }

    fn metadata(&self, name: &str) -> Result<Option<Value>, StoreError> {
        Ok(self.ask(name, "GET", READ_METADATA, None)?.map(|mut answer| answer["data"].take()))
    }

    /// What a creation finds where there is something: what it made itself before, or something that stands in its way.
    fn there(&self, new: &NewSecret<'_>, metadata: &Value) -> Result<Stored, StoreError> {
        let name = || new.name.to_owned();
        if described(new.name, metadata).deleted.is_some() {
            return Err(StoreError::PendingDeletion { name: name() });
        }
        let is_same_token = metadata["custom_metadata"][TOKEN].as_str() == Some(new.token);
        if is_same_token {
            let value = self.read(new.name, &Version::Id("1"))?;
            let is_equal: bool = value.expose().ct_eq(object::normal(Backend::Vault, new.value).expose()).into();
            if is_equal {
                return Ok(Stored { id: name(), version: "1".to_owned() });
            }
        }
        Err(StoreError::Exists { name: name() })
    }

    /// Sets the custom metadata. None is there yet, or it was just read.
    fn describe_as(&self, name: &str, custom: &Tags) -> Result<(), StoreError> {
        self.ask(name, "POST", WRITE_METADATA, Some(&json!({"custom_metadata": custom}))).map(drop)
    }

    /// Names below a path of the mount, all the way down.
    fn names(&self, below: &str, found: &mut Vec<String>) -> Result<(), StoreError> {
        let permission = format!("list on {}/metadata/*", self.mount);
        let path = format!("{}/metadata/{below}?list=true", self.mount);
        let answer = self.service.ask(About { name: "Vault", permission: &permission }, "GET", &path, None)?;
        let keys = answer.unwrap_or_default();
        for key in keys["data"]["keys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if key.ends_with('/') {
                self.names(&format!("{below}{key}"), found)?;
            } else {
                found.push(format!("{}/{below}{key}", self.mount));
            }
        }
        Ok(())
    }

    /// The versions of a secret, asked to be deleted or taken back.
    fn each_version(&self, name: &str, kind: Kind) -> Result<(), StoreError> {
        let metadata = self.metadata(name)?.ok_or_else(|| StoreError::NotFound { name: name.to_owned() })?;
        let versions: Vec<u64> = numbers(&metadata).collect();
        self.ask(name, "POST", kind, Some(&json!({"versions": versions}))).map(drop)
    }
}

/// A kind of paths of the engine, and what a policy has to allow there.
#[derive(Clone, Copy)]
struct Kind {
    path: &'static str,
    capability: &'static str,
}

const READ: Kind = Kind { path: "data", capability: "read" };
const WRITE: Kind = Kind { path: "data", capability: "create" };
const READ_METADATA: Kind = Kind { path: "metadata", capability: "read" };
const WRITE_METADATA: Kind = Kind { path: "metadata", capability: "create" };
const CHANGE_METADATA: Kind = Kind { path: "metadata", capability: "update" };
const DELETE: Kind = Kind { path: "delete", capability: "update" };
const UNDELETE: Kind = Kind { path: "undelete", capability: "update" };

impl Kind {
    /// What an action takes.
    const fn all(action: Action) -> &'static [Self] {
        match action {
            Action::Create => &[WRITE, WRITE_METADATA],
            Action::Describe => &[READ_METADATA],
            Action::Read => &[READ],
            Action::Tag => &[CHANGE_METADATA],
            Action::Delete => &[DELETE],
            Action::Restore => &[UNDELETE],
            Action::AddVersion | Action::MoveStage | Action::Replicate => &[],
        }
    }

    fn permission(self, mount: &str) -> String {
        format!("{} on {mount}/{}/*", self.capability, self.path)
    }
}

/// Versions that are not destroyed.
fn numbers(metadata: &Value) -> impl Iterator<Item = u64> + '_ {
    let versions = metadata["versions"].as_object().into_iter().flatten();
    versions.filter(|(_, version)| version["destroyed"] != json!(true)).filter_map(|(number, _)| number.parse().ok())
}

fn described(name: &str, metadata: &Value) -> Description {
    let current = metadata["current_version"].as_u64().unwrap_or_default();
    let stages = |number: u64| stage_of(number, current).map(str::to_owned).into_iter().collect();
    let mut tags = texts(&metadata["custom_metadata"]);
    tags.remove(TOKEN);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let deleted = seconds(&metadata["versions"][current.to_string()]["deletion_time"]);
    Description {
        name: name.to_owned(),
        id: name.to_owned(),
        description: tags.remove(DESCRIPTION).unwrap_or_default(),
        tags,
        versions: numbers(metadata).map(|number| (number.to_string(), stages(number))).collect(),
        created: seconds(&metadata["created_time"]),
        changed: seconds(&metadata["updated_time"]),
        // A version can have an end that is still to come.
        deleted: deleted.filter(|time| u64::try_from(*time).is_ok_and(|time| time <= now)),
        ..Description::default()
    }
}

/// The start of a text that metadata holds.
fn shortened(text: &str) -> &str {
    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
    &text[..ends.take_while(|end| *end <= LONGEST_METADATA).last().unwrap_or_default()]
}

impl SecretStore for VaultStore {
    fn backend(&self) -> Backend {
        Backend::Vault
    }

    fn root(&self) -> String {
        format!("{}/", self.mount)
    }

    fn identity(&self) -> Result<String, StoreError> {
        Ok(format!("{} {}", self.service.shown(), self.mount))
    }

    fn permission(&self, action: Action) -> String {
        Kind::all(action).iter().map(|kind| kind.permission(&self.mount)).collect::<Vec<_>>().join(", ")
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        limits::new_secret(new)?;
        self.split(new.name)?;
        let data = object::kept(new.value).ok_or_else(|| invalid(new.name, "Vault holds text, and the value is no UTF-8".to_owned()))?;
        if new.tags.contains_key(DESCRIPTION) {
            return Err(invalid(new.name, format!("{DESCRIPTION} is no tag in Vault: it is the description")));
        }
        let known = self.metadata(new.name)?.unwrap_or_default();
        if known["current_version"].as_u64() > Some(0) {
            return self.there(new, &known);
        }
        // First what says whose it is: a stop in between leaves no secret, and no question.
        let mut custom = texts(&known["custom_metadata"]);
        custom.extend(new.tags.clone());
        custom.insert(TOKEN.to_owned(), new.token.to_owned());
        if !new.description.is_empty() {
            custom.insert(DESCRIPTION.to_owned(), shortened(new.description).to_owned());
        }
        self.describe_as(new.name, &custom)?;
        match self.ask(new.name, "POST", WRITE, Some(&json!({"options": {"cas": 0}, "data": data}))) {
            Ok(answer) => {
                let version = answer.as_ref().and_then(|answer| answer["data"]["version"].as_u64()).unwrap_or(1);
                Ok(Stored { id: new.name.to_owned(), version: version.to_string() })
            }
            // Done before the answer was lost, or somebody else was faster.
            Err(StoreError::Exists { name }) => self.there(new, &self.metadata(&name)?.unwrap_or_default()),
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        let not_found = || StoreError::NotFound { name: name.to_owned() };
        let number = match version {
            Version::Stage(CURRENT) => String::new(),
            Version::Stage(stage) => self.describe(name)?.ok_or_else(not_found)?.version_at(stage).ok_or_else(not_found)?.to_owned(),
            Version::Id(id) => id.parse::<u64>().map_err(|_| not_found())?.to_string(),
        };
        let (mount, path) = self.split(name)?;
        let query = if number.is_empty() { String::new() } else { format!("?version={number}") };
        let (permission, path) = (READ.permission(mount), format!("{mount}/data/{path}{query}"));
        let about = About { name, permission: &permission };
        let answer = self.service.answer(about, "GET", &path, None)?;
        if let Some(mut found) = understood(about, &answer)? {
            return object::given(found["data"]["data"].take()).ok_or_else(not_found);
        }
        // What is deleted is answered like what is not there, but for its metadata.
        let known = answer.json();
        let metadata = &known["data"]["metadata"];
        let is_deleted = seconds(&metadata["deletion_time"]).is_some() && metadata["destroyed"] != json!(true);
        Err(if is_deleted { StoreError::PendingDeletion { name: name.to_owned() } } else { not_found() })
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        let known = self.metadata(name)?.filter(|metadata| metadata["current_version"].as_u64() > Some(0));
        Ok(known.map(|metadata| described(name, &metadata)))
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        let mut names = Vec::new();
        self.names("", &mut names)?;
        names.sort();
        let mut all = Vec::new();
        for name in names {
            all.extend(self.describe(&name)?.filter(|known| has_tags(&known.tags, tags)));
        }
        Ok(all)
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        limits::tags(name, tags)?;
        let metadata = self.metadata(name)?.ok_or_else(|| StoreError::NotFound { name: name.to_owned() })?;
        let mut custom = texts(&metadata["custom_metadata"]);
        custom.extend(tags.clone());
        self.describe_as(name, &custom)
    }

    fn set_policy(&self, name: &str, _policy: &str) -> Result<(), StoreError> {
        Err(invalid(name, "Vault has no policies of secrets; policies of tokens name their paths".to_owned()))
    }

    /// The window does not end: what is deleted can be had back until somebody destroys it.
    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        limits::recovery_days(name, recovery_days)?;
        self.each_version(name, DELETE)
    }

    fn restore(&self, name: &str) -> Result<(), StoreError> {
        self.each_version(name, UNDELETE)
    }

    /// The server says what the token may, for each path.
    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        let (mount, path) = self.split(new.name)?;
        for kind in Kind::all(action) {
            let (permission, path) = (kind.permission(mount), format!("{mount}/{}/{path}", kind.path));
            let about = About { name: new.name, permission: "update on sys/capabilities-self" };
            let answer = self.service.ask(about, "POST", "sys/capabilities-self", Some(&json!({"paths": [path]})))?.unwrap_or_default();
            let capabilities = answer["data"][&path].as_array().or(answer[&path].as_array()).into_iter().flatten();
            if !capabilities.filter_map(Value::as_str).any(|known| known == "root" || known == kind.capability) {
                return Err(StoreError::Denied { name: new.name.to_owned(), action: permission });
            }
        }
        Ok(())
    }
}
