//! Azure Key Vault. Owns: what of a store's words it has. Must not: be built where no store is asked for; it starts a runtime.
//!
//! The name of a secret is `VAULT/SECRET`, as vals writes it. Tags are those of the last version, which is the current one as soon as it is there; two
//! of them say what made the secret and describe it. Deletion can be taken back until the key vault's own window ends.
//!
//! Nothing in the service says "create, or else fail": setting a secret that exists adds a version to it
//! (<https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret/set-secret>). So a creation looks first, and looks again afterwards: a version that
//! is not its own shows that somebody else was at it in the same moment. No version is lost then, the older one is no longer the current one, and the
//! error names both.

mod call;
mod certificate;
mod credentials;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::limits::{self, invalid};
use super::rest::{About, texts};
use super::{Action, CURRENT, Description, NewSecret, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version, has_tags, names};
use crate::reference::Backend;
use crate::secret::Secret;
use call::{Service, located};
pub use credentials::{AzureCredentials, OF_MACHINE};

/// Tags that are ours.
const TOKEN: &str = "unleak:token";
const DESCRIPTION: &str = "description";
/// Characters of a tag, at most.
const LONGEST_TAG: usize = 256;
/// Characters of the id of a version.
const VERSION: usize = 32;
/// How long a deletion, or taking one back, is waited for: it is done some seconds after it was asked for.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Which key vault, and who asks.
#[derive(Debug, Clone)]
pub struct AzureSettings {
    /// The key vault that secrets are written to: its name, or its host outside of the public cloud.
    pub vault: Option<String>,
    /// Who asks.
    pub credentials: AzureCredentials,
    /// Who gives tokens, where it is not the one of the cloud.
    pub authority: Option<String>,
    /// Another address of the key vault.
    pub endpoint_url: Option<String>,
    /// Whether plain HTTP may leave this machine.
    pub allow_insecure_endpoint: bool,
}

/// One key vault; others are read, too.
pub struct AzureStore {
    service: Service,
    vault: Option<String>,
}

/// A secret, by the parts of its name.
#[derive(Clone, Copy)]
struct Named<'a> {
    name: &'a str,
    vault: &'a str,
    id: &'a str,
}

impl Named<'_> {
    fn about<'a>(&'a self, permission: &'a str) -> About<'a> {
        About { name: self.name, permission }
    }

    fn not_found(&self) -> StoreError {
        StoreError::NotFound { name: self.name.to_owned() }
    }
}

/// What actions take: the data action of a role, with a role that has it and what it is called in an access policy.
const GET: &str = "Microsoft.KeyVault/vaults/secrets/getSecret/action (role Key Vault Secrets User; Get in an access policy)";
const LIST: &str = "Microsoft.KeyVault/vaults/secrets/readMetadata/action (role Key Vault Secrets User; List in an access policy)";
const SET: &str = "Microsoft.KeyVault/vaults/secrets/setSecret/action (role Key Vault Secrets Officer; Set in an access policy)";
const UPDATE: &str = "Microsoft.KeyVault/vaults/secrets/update/action (role Key Vault Secrets Officer; Set in an access policy)";
const DELETE: &str = "Microsoft.KeyVault/vaults/secrets/delete (role Key Vault Secrets Officer; Delete in an access policy)";
const RECOVER: &str = "Microsoft.KeyVault/vaults/secrets/recover/action (role Key Vault Secrets Officer; Recover in an access policy)";

impl AzureStore {
    /// A client. Nothing is asked yet.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with an address that would send secrets in the clear, credentials that are none, or a key vault that is none.
    pub fn open(settings: &AzureSettings) -> Result<Self, StoreError> {
        if let Some(wrong) = settings.vault.as_deref().filter(|vault| located(vault).is_none()) {
            return Err(StoreError::Unusable(format!("{wrong:?} is no key vault of Azure: that is a name, or a name with its domain")));
        }
        // Capital letters do not tell hosts apart.
        let vault = settings.vault.as_deref().map(str::to_ascii_lowercase);
        let settings = AzureSettings { vault: vault.clone(), ..settings.clone() };
        Ok(Self { service: Service::open(&settings)?, vault })
    }

    /// The key vault that is written to.
    fn vault(&self) -> Result<&str, StoreError> {
        let unset = || StoreError::Unusable("Azure needs a key vault: --key-vault or AZURE_KEY_VAULT_NAME".to_owned());
        self.vault.as_deref().ok_or_else(unset)
    }

    /// The parts of a name in any key vault: for reading.
    fn named(name: &str) -> Result<Named<'_>, StoreError> {
        let parts = name.split_once('/').filter(|(vault, _)| located(vault).is_some());
        let (vault, id) =
            parts.ok_or_else(|| invalid(name, "a secret of Azure is named VAULT/SECRET in references and plans".to_owned()))?;
        names::check(Backend::Azure, id)?;
        Ok(Named { name, vault, id })
    }

    /// The same, in the own key vault alone: a plan does not say where secrets go.
    fn own<'n>(&self, name: &'n str) -> Result<Named<'n>, StoreError> {
        let (named, own) = (Self::named(name)?, self.vault()?);
        if named.vault == own { Ok(named) } else { Err(invalid(name, format!("it is not in the key vault {own}, which is written to"))) }
    }

    fn ask(&self, named: Named<'_>, permission: &str, method: &'static str, path: &str, body: &[u8]) -> Result<Option<Value>, StoreError> {
        self.service.ask(named.about(permission), named.vault, method, path, body)
    }

    /// All versions of a secret that is there and not deleted.
    fn versions(&self, named: Named<'_>) -> Result<Vec<Value>, StoreError> {
        let found = self.service.pages(named.about(LIST), named.vault, &format!("secrets/{}/versions", named.id))?;
        Ok(found.unwrap_or_default())
    }

    /// What is told of a secret that is deleted.
    fn deleted(&self, named: Named<'_>) -> Result<Option<Description>, StoreError> {
        let answer = self.ask(named, GET, "GET", &format!("deletedsecrets/{}", named.id), &[])?;
        Ok(answer.map(|answer| gone(named.name, &wiped(answer))))
    }

    /// The id of the current version: the newest. Times are told by the second, so that of several in one the service is asked.
    fn current(&self, named: Named<'_>, versions: &[Value]) -> Result<Option<String>, StoreError> {
        let Some(last) = versions.iter().map(created).max() else { return Ok(None) };
        let mut newest = versions.iter().filter(|version| created(version) == last);
        if let (Some(only), None) = (newest.next(), newest.next()) {
            return Ok(Some(id_of(only).to_owned()));
        }
        let answer = self.ask(named, GET, "GET", &format!("secrets/{}", named.id), &[])?;
        Ok(answer.map(|answer| id_of(&wiped(answer)).to_owned()))
    }

    fn described(&self, named: Named<'_>, versions: &[Value]) -> Result<Description, StoreError> {
        let current = self.current(named, versions)?;
        let of_current = versions.iter().find(|version| Some(id_of(version)) == current.as_deref()).unwrap_or(&Value::Null);
        let mut tags = texts(&of_current["tags"]);
        tags.remove(TOKEN);
        Ok(Description {
            name: named.name.to_owned(),
            id: named.name.to_owned(),
            description: tags.remove(DESCRIPTION).unwrap_or_default(),
            tags,
            versions: staged(versions, current.as_deref()),
            created: versions.iter().map(created).min(),
            changed: versions.iter().map(created).max(),
            ..Description::default()
        })
    }

    /// Adds the first version. An answer that was lost is not asked for again where a version is there.
    fn add_first(&self, named: Named<'_>, new: &NewSecret<'_>, text: &str, tags: &Tags) -> Result<Stored, StoreError> {
        let body = body(text, tags);
        let again = || match self.versions(named)?.as_slice() {
            [] => Ok(()),
            _ => Err(StoreError::Exists { name: named.name.to_owned() }),
        };
        let path = format!("secrets/{}", named.id);
        match self.service.ask_unless(named.about(SET), named.vault, ("PUT", &path, &body), &again) {
            Ok(Some(answer)) => self.alone(named, new, id_of(&wiped(answer))),
            Ok(None) => Err(StoreError::Unusable(format!("there is no key vault {} in Azure", named.vault))),
            Err(StoreError::Exists { .. }) => self.there(named, new, &self.versions(named)?),
            Err(error) => Err(error),
        }
    }

    /// Makes sure that nobody else set the secret between the look at it and its creation.
    fn alone(&self, named: Named<'_>, new: &NewSecret<'_>, own: &str) -> Result<Stored, StoreError> {
        match self.versions(named)?.iter().find(|version| !is_by(version, new.token)) {
            None => Ok(stored(named.name, own)),
            Some(other) => {
                let detail = format!(
                    "somebody else set it at the same moment: look at the versions {} and {own}, of which the last one is in force now",
                    id_of(other)
                );
                Err(invalid(named.name, detail))
            }
        }
    }

    /// What a creation finds where there is something: what it made itself before, or something that stands in its way.
    fn there(&self, named: Named<'_>, new: &NewSecret<'_>, versions: &[Value]) -> Result<Stored, StoreError> {
        let current = self.current(named, versions)?.filter(|_| versions.iter().all(|version| is_by(version, new.token)));
        if let Some(current) = current {
            let value = self.read(named.name, &Version::Id(&current))?;
            let is_equal: bool = value.expose().ct_eq(new.value.expose()).into();
            if is_equal {
                return Ok(stored(named.name, &current));
            }
        }
        Err(StoreError::Exists { name: named.name.to_owned() })
    }

    /// Setting is asked for without a value, which nobody may set: a key vault that looks at who asks first denies it. One that sets it loses it.
    fn probe_setting(&self, nobody: Named<'_>, path: &str) -> Result<(), StoreError> {
        match self.ask(nobody, SET, "PUT", path, b"{}") {
            Err(StoreError::Invalid { .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => self.ask(nobody, DELETE, "DELETE", path, &[]).map(drop),
        }
    }

    /// Waits until something is done that was asked for.
    fn wait(named: Named<'_>, what: &str, is_done: &dyn Fn() -> Result<bool, StoreError>) -> Result<(), StoreError> {
        let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
        while !is_done()? {
            if begun.elapsed() > LONGEST_WAIT {
                return Err(StoreError::Unreachable(format!("{}: Azure has not {what} it yet; ask again later", named.name)));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(())
    }
}

/// What is sent to set a secret; the value is written into it once.
fn body(text: &str, tags: &Tags) -> Zeroizing<Vec<u8>> {
    let about = json!({"attributes": {"enabled": true}, "tags": tags}).to_string();
    // A character has six bytes in JSON, at most.
    let mut body = Zeroizing::new(Vec::with_capacity(6 * text.len() + about.len() + 16));
    body.extend_from_slice(b"{\"value\":");
    serde_json::to_writer(&mut *body, text).expect("because a text can be written as JSON");
    body.push(b',');
    body.extend_from_slice(&about.as_bytes()[1..]);
    body
}

/// An answer without the value that came with it.
fn wiped(mut answer: Value) -> Value {
    if let Some(Value::String(value)) = answer.get_mut("value").map(Value::take) {
        drop(Zeroizing::new(value));
    }
    answer
}

/// The end of what identifies a version, or a secret in a list.
fn id_of(item: &Value) -> &str {
    item["id"].as_str().and_then(|id| id.rsplit('/').next()).unwrap_or_default()
}

/// When a version was made, in seconds since 1970.
fn created(version: &Value) -> i64 {
    version["attributes"]["created"].as_i64().unwrap_or_default()
}

fn is_by(version: &Value, token: &str) -> bool {
    version["tags"][TOKEN].as_str() == Some(token)
}

fn stored(name: &str, version: &str) -> Stored {
    Stored { id: name.to_owned(), version: version.to_owned() }
}

/// Versions with their stages. The previous one is known where it is the only one of its second.
fn staged(versions: &[Value], current: Option<&str>) -> BTreeMap<String, Vec<String>> {
    let others = || versions.iter().filter(|version| Some(id_of(version)) != current);
    let before = others().map(created).max();
    let mut newest = others().filter(|version| Some(created(version)) == before).map(id_of);
    let previous = newest.next().filter(|_| newest.next().is_none());
    let stages = |id: &str| match id {
        _ if Some(id) == current => vec![CURRENT.to_owned()],
        _ if Some(id) == previous => vec![PREVIOUS.to_owned()],
        _ => Vec::new(),
    };
    versions.iter().map(|version| (id_of(version).to_owned(), stages(id_of(version)))).collect()
}

/// What is told of a secret that is deleted.
fn gone(name: &str, deleted: &Value) -> Description {
    let mut tags = texts(&deleted["tags"]);
    tags.remove(TOKEN);
    let version = deleted["id"].as_str().and_then(|id| id.split("/secrets/").nth(1)?.split_once('/'));
    Description {
        name: name.to_owned(),
        id: name.to_owned(),
        description: tags.remove(DESCRIPTION).unwrap_or_default(),
        tags,
        versions: version.map(|(_, version)| (version.to_owned(), vec![CURRENT.to_owned()])).into_iter().collect(),
        created: Some(created(deleted)),
        deleted: Some(deleted["deletedDate"].as_i64().unwrap_or_default()),
        ..Description::default()
    }
}

/// A name that no secret has.
fn nobody() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("because every supported system has a random number generator");
    format!("unleak-check-{:016x}", u64::from_le_bytes(bytes))
}

impl SecretStore for AzureStore {
    fn backend(&self) -> Backend {
        Backend::Azure
    }

    fn root(&self) -> String {
        self.vault.as_ref().map(|vault| format!("{vault}/")).unwrap_or_default()
    }

    fn identity(&self) -> Result<String, StoreError> {
        self.vault().map(str::to_owned)
    }

    fn permission(&self, action: Action) -> String {
        let permission = match action {
            Action::Create => SET,
            Action::Describe => LIST,
            Action::Read => GET,
            Action::Tag => UPDATE,
            Action::Delete => DELETE,
            Action::Restore => RECOVER,
            Action::AddVersion | Action::MoveStage | Action::Replicate => "",
        };
        permission.to_owned()
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        limits::new_secret(new)?;
        let named = self.own(new.name)?;
        let text = std::str::from_utf8(new.value.expose());
        let text = text.map_err(|_| invalid(new.name, "Azure holds text, and the value is no UTF-8".to_owned()))?;
        if let Some(taken) = [TOKEN, DESCRIPTION].into_iter().find(|key| new.tags.contains_key(*key)) {
            return Err(invalid(new.name, format!("{taken} is a tag of our own in Azure")));
        }
        let mut tags = new.tags.clone();
        tags.insert(TOKEN.to_owned(), new.token.to_owned());
        if !new.description.is_empty() {
            tags.insert(DESCRIPTION.to_owned(), new.description.chars().take(LONGEST_TAG).collect());
        }
        limits::in_key_vault(new, &tags)?;
        match self.versions(named)?.as_slice() {
            [] => self.add_first(named, new, text, &tags),
            known => self.there(named, new, known),
        }
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        let named = Self::named(name)?;
        let known;
        let version = match version {
            Version::Stage(CURRENT) => "",
            Version::Stage(stage) => {
                known = self.describe(name)?.ok_or_else(|| named.not_found())?;
                known.version_at(stage).ok_or_else(|| named.not_found())?
            }
            Version::Id(id) if id.len() == VERSION && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => id,
            Version::Id(_) => return Err(named.not_found()),
        };
        let path = format!("secrets/{}/{version}", named.id);
        match self.ask(named, GET, "GET", path.trim_end_matches('/'), &[])? {
            Some(mut answer) => match answer.get_mut("value").map(Value::take) {
                Some(Value::String(value)) => Ok(Secret::new(Zeroizing::new(value).as_bytes())),
                _ => Err(StoreError::Unreachable(format!("{name}: the answer of Azure has no value"))),
            },
            // Whoever may read only is not told why it is not there.
            None => match self.deleted(named) {
                Ok(Some(_)) => Err(StoreError::PendingDeletion { name: name.to_owned() }),
                Ok(None) | Err(StoreError::Denied { .. }) => Err(named.not_found()),
                Err(error) => Err(error),
            },
        }
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        let named = Self::named(name)?;
        match self.versions(named)?.as_slice() {
            [] => self.deleted(named),
            versions => self.described(named, versions).map(Some),
        }
    }

    /// Those that are deleted, too.
    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        let vault = self.vault()?;
        let about = About { name: vault, permission: LIST };
        let pages = |path: &str| Ok::<_, StoreError>(self.service.pages(about, vault, path)?.unwrap_or_default());
        let has_all = |item: &Value| has_tags(&texts(&item["tags"]), tags);
        let mut all = Vec::new();
        for item in pages("secrets")?.iter().filter(|item| has_all(item)) {
            let name = format!("{vault}/{}", id_of(item));
            let named = Self::named(&name)?;
            let versions = self.versions(named)?;
            // One that was deleted in the meantime has none.
            if !versions.is_empty() {
                all.push(self.described(named, &versions)?);
            }
        }
        for item in pages("deletedsecrets")?.iter().filter(|item| has_all(item)) {
            let id = item["recoveryId"].as_str().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
            all.push(gone(&format!("{vault}/{id}"), item));
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The service takes all tags at once: what somebody else sets in the same moment can be lost.
    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        limits::tags(name, tags)?;
        let named = self.own(name)?;
        let versions = self.versions(named)?;
        let current = self.current(named, &versions)?.ok_or_else(|| named.not_found())?;
        let of_current = versions.iter().find(|version| id_of(version) == current).ok_or_else(|| named.not_found())?;
        let mut all = texts(&of_current["tags"]);
        all.extend(tags.clone());
        limits::key_vault_tags(name, &all)?;
        let content = json!({"tags": all}).to_string();
        let answer = self.ask(named, UPDATE, "PATCH", &format!("secrets/{}/{current}", named.id), content.as_bytes())?;
        answer.map(|answer| drop(wiped(answer))).ok_or_else(|| named.not_found())
    }

    fn set_policy(&self, name: &str, _policy: &str) -> Result<(), StoreError> {
        Err(invalid(name, "unleak assigns no roles in Azure; give readers one on the secret".to_owned()))
    }

    /// The window is that of the key vault: 7 to 90 days. One without is left alone.
    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        limits::recovery_days(name, recovery_days)?;
        let named = self.own(name)?;
        let versions = self.versions(named)?;
        let level = |version: &Value| version["attributes"]["recoveryLevel"].as_str().unwrap_or_default().to_owned();
        match versions.first() {
            None => return self.deleted(named)?.map(drop).ok_or_else(|| named.not_found()),
            Some(first) if !level(first).contains("Recoverable") => {
                return Err(invalid(name, "its key vault has no soft delete: it would be gone at once and for good".to_owned()));
            }
            Some(_) => {}
        }
        match self.ask(named, DELETE, "DELETE", &format!("secrets/{}", named.id), &[]) {
            // Done before the answer was lost, or under way.
            Ok(_) | Err(StoreError::PendingDeletion { .. }) => Self::wait(named, "deleted", &|| Ok(self.deleted(named)?.is_some())),
            Err(error) => Err(error),
        }
    }

    fn restore(&self, name: &str) -> Result<(), StoreError> {
        let named = self.own(name)?;
        if self.deleted(named)?.is_none() {
            return if self.versions(named)?.is_empty() { Err(named.not_found()) } else { Ok(()) };
        }
        match self.ask(named, RECOVER, "POST", &format!("deletedsecrets/{}/recover", named.id), &[]) {
            // Under way, or asked for before the answer was lost.
            Ok(_) | Err(StoreError::PendingDeletion { .. }) => {}
            Err(error) => return Err(error),
        }
        Self::wait(named, "given back", &|| match self.read(name, &Version::Stage(CURRENT)) {
            Ok(_) | Err(StoreError::Denied { .. } | StoreError::Invalid { .. }) => Ok(true),
            Err(StoreError::NotFound { .. } | StoreError::PendingDeletion { .. }) => Ok(false),
            Err(error) => Err(error),
        })
    }

    /// Each action is asked for on a secret that nobody has: a role on single secrets is not seen.
    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        let named = self.own(new.name)?;
        let id = nobody();
        let nobody = Named { id: &id, ..named };
        let path = format!("secrets/{id}");
        let answer = match action {
            Action::AddVersion | Action::MoveStage | Action::Replicate => return Ok(()),
            Action::Create => return self.probe_setting(nobody, &path),
            Action::Describe => {
                self.versions(nobody)?;
                return self.deleted(nobody).map(drop);
            }
            Action::Read => self.ask(nobody, GET, "GET", &path, &[]),
            Action::Tag => self.ask(nobody, UPDATE, "PATCH", &format!("{path}/{}", "0".repeat(VERSION)), b"{\"tags\":{}}"),
            Action::Delete => self.ask(nobody, DELETE, "DELETE", &path, &[]),
            Action::Restore => self.ask(nobody, RECOVER, "POST", &format!("deletedsecrets/{id}/recover"), &[]),
        };
        answer.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_a_key_vault_and_a_secret() {
        for name in ["my-vault/a-B-1", "my-vault.vault.azure.cn/a", "my-vault.vault.azure.net/a"] {
            assert!(AzureStore::named(name).is_ok(), "{name}");
        }
        for name in ["a", "/a", "my-vault/", "my-vault/a/b", "my-vault/a.b", "evil.example/a", "../a", "v?x/a", ""] {
            assert!(matches!(AzureStore::named(name), Err(StoreError::Invalid { .. })), "{name}");
        }
    }

    #[test]
    fn the_last_version_is_the_current_one() {
        let version = |id: &str, created: i64| json!({"id": format!("https://v/secrets/a/{id}"), "attributes": {"created": created}});
        let stages =
            |versions: &[Value], current| staged(versions, current).into_iter().map(|(id, at)| id + &at.join("")).collect::<Vec<_>>();
        let all = [version("1", 5), version("2", 7), version("3", 6)];
        assert_eq!(stages(&all, Some("2")), ["1", "2AWSCURRENT", "3AWSPREVIOUS"]);
        // Nobody tells which of two was the previous one.
        let all = [version("1", 5), version("2", 7), version("3", 5)];
        assert_eq!(stages(&all, Some("2")), ["1", "2AWSCURRENT", "3"]);
    }

    #[test]
    fn a_value_stands_in_what_is_sent_once_and_as_it_is() {
        let tags = Tags::from([("a".to_owned(), "b".to_owned())]);
        let text = "p\u{e4}ss \"w\"\n\u{0}\u{1f600}";
        let sent: Value = serde_json::from_slice(&body(text, &tags)).unwrap();
        assert_eq!(sent, json!({"value": text, "attributes": {"enabled": true}, "tags": {"a": "b"}}));
        let room = body(text, &tags).capacity();
        assert!(room >= body(&"\u{0}".repeat(text.len()), &tags).len(), "nothing is left behind by growing");
    }
}
