//! Google Secret Manager. Owns: what of a store's words it has. Must not: be built where no store is asked for; it starts a runtime.
//!
//! The name of a secret is `PROJECT/SECRET`, as vals writes it. Its last version is the current one as soon as it is added, and deletion is at once
//! and for good: what needs more than that is refused (see [`super::limits::refused`]). Tags that labels can hold are labels; all others stand in
//! one annotation, and two more hold the description and the token of the creation, since the service has none.

mod call;
mod credentials;

use data_encoding::BASE64;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::limits::{self, invalid};
use super::rest::{About, seconds, texts};
use super::{Action, CURRENT, Description, NewSecret, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version, has_tags, names, stage_of};
use crate::reference::{Backend, is_in_project};
use crate::secret::Secret;
use call::{Service, no_project};
pub use credentials::GcpCredentials;

/// Annotations that are ours.
const TOKEN: &str = "unleak-token";
const TAGS: &str = "unleak-tags";
const DESCRIPTION: &str = "description";
/// Bytes of all annotations, at most.
const LARGEST_ANNOTATIONS: usize = 16_384;
/// Characters of a label, at most.
const LONGEST_LABEL: usize = 63;

/// Which project, and who asks.
#[derive(Debug, Clone)]
pub struct GcpSettings {
    /// The project that secrets are written to; none: that of the key file.
    pub project: Option<String>,
    /// Who asks.
    pub credentials: GcpCredentials,
    /// Another endpoint of Secret Manager.
    pub endpoint_url: Option<String>,
    /// Another endpoint of the Resource Manager, which knows permissions.
    pub projects_endpoint_url: Option<String>,
    /// Whether plain HTTP may leave this machine.
    pub allow_insecure_endpoint: bool,
}

/// Secret Manager in one project; it reads from others, too.
pub struct GcpStore {
    service: Service,
    project: Option<String>,
}

/// A secret, by the parts of its name.
#[derive(Clone, Copy)]
struct Named<'a> {
    name: &'a str,
    project: &'a str,
    id: &'a str,
}

impl Named<'_> {
    fn about<'a>(&'a self, permission: &'a str) -> About<'a> {
        About { name: self.name, permission }
    }

    fn path(&self) -> String {
        format!("projects/{}/secrets/{}", self.project, self.id)
    }

    fn not_found(&self) -> StoreError {
        StoreError::NotFound { name: self.name.to_owned() }
    }
}

/// What actions take.
const CREATE: &str = "secretmanager.secrets.create";
const GET: &str = "secretmanager.secrets.get";
const LIST: &str = "secretmanager.secrets.list";
const UPDATE: &str = "secretmanager.secrets.update";
const ADD_VERSION: &str = "secretmanager.versions.add";
const LIST_VERSIONS: &str = "secretmanager.versions.list";
const ACCESS: &str = "secretmanager.versions.access";

const fn permissions(action: Action) -> &'static [&'static str] {
    match action {
        Action::Create | Action::Replicate => &[CREATE, ADD_VERSION],
        Action::Describe => &[GET, LIST_VERSIONS],
        Action::Read => &[ACCESS],
        Action::Tag => &[UPDATE],
        Action::AddVersion | Action::MoveStage | Action::Delete | Action::Restore => &[],
    }
}

impl GcpStore {
    /// A client. Nothing is asked yet.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with an endpoint that would send secrets in the clear, credentials that are none, or a project that is none.
    pub fn open(settings: &GcpSettings) -> Result<Self, StoreError> {
        let service = Service::open(settings)?;
        let project = settings.project.clone().or_else(|| service.identity.project.clone());
        match project.as_deref().filter(|project| !is_project(project)) {
            Some(wrong) => Err(StoreError::Unusable(format!("{wrong:?} is no project of Google Cloud"))),
            None => Ok(Self { service, project }),
        }
    }

    /// The project that is written to.
    fn project(&self) -> Result<&str, StoreError> {
        let unset = || StoreError::Unusable("Google Cloud needs a project: --project or GOOGLE_CLOUD_PROJECT".to_owned());
        self.project.as_deref().ok_or_else(unset)
    }

    /// The parts of a name of any project: for reading.
    fn named(name: &str) -> Result<Named<'_>, StoreError> {
        let parts = name.split_once('/').filter(|(project, _)| is_project(project));
        let (project, id) =
            parts.ok_or_else(|| invalid(name, "a secret of Google Cloud is named PROJECT/SECRET in references and plans".to_owned()))?;
        names::check(Backend::Gcp, id)?;
        Ok(Named { name, project, id })
    }

    /// The same, of the own project alone: a plan does not say where secrets go.
    fn own<'n>(&self, name: &'n str) -> Result<Named<'n>, StoreError> {
        let (named, own) = (Self::named(name)?, self.project()?);
        if named.project == own { Ok(named) } else { Err(invalid(name, format!("it is not in the project {own}, which is written to"))) }
    }

    /// What the service tells of a secret.
    fn secret(&self, named: Named<'_>) -> Result<Option<Value>, StoreError> {
        self.service.ask(named.about(GET), "GET", &named.path(), None)
    }

    /// All versions, destroyed ones too; none where there is no secret.
    fn versions(&self, named: Named<'_>) -> Result<Option<Vec<Value>>, StoreError> {
        self.service.pages(named.about(LIST_VERSIONS), &format!("{}/versions", named.path()), "versions")
    }

    /// Adds the first version. An answer that was lost is not asked for again where the version is there.
    fn add_first(&self, named: Named<'_>, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        let mut body = Zeroizing::new(String::from("{\"payload\":{\"data\":\""));
        body.reserve_exact(BASE64.encode_len(new.value.len()) + 3);
        BASE64.encode_append(new.value.expose(), &mut body);
        body.push_str("\"}}");
        let again = || match self.versions(named)? {
            Some(versions) if !versions.is_empty() => Err(StoreError::Exists { name: named.name.to_owned() }),
            _ => Ok(()),
        };
        let path = format!("{}:addVersion", named.path());
        match self.service.post_unless(named.about(ADD_VERSION), &path, body.as_bytes(), &again) {
            Ok(Some(answer)) => Ok(stored(named.name, number(&answer))),
            Ok(None) => Err(named.not_found()),
            Err(StoreError::Exists { .. }) => self.there(named, new),
            Err(error) => Err(error),
        }
    }

    /// What a creation finds where there is something: what it made itself before, or something that stands in its way.
    fn there(&self, named: Named<'_>, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        let exists = || StoreError::Exists { name: named.name.to_owned() };
        let known = self.secret(named)?.unwrap_or_default();
        if known["annotations"][TOKEN].as_str() != Some(new.token) {
            return Err(exists());
        }
        match self.versions(named)?.unwrap_or_default().as_slice() {
            [] => self.add_first(named, new),
            [first] if number(first) == 1 => {
                let value = self.read(named.name, &Version::Id("1"))?;
                let is_equal: bool = value.expose().ct_eq(new.value.expose()).into();
                if is_equal { Ok(stored(named.name, 1)) } else { Err(exists()) }
            }
            _ => Err(exists()),
        }
    }

    fn described(&self, named: Named<'_>, secret: &Value) -> Result<Description, StoreError> {
        let versions = self.versions(named)?.unwrap_or_default();
        let last = versions.iter().max_by_key(|version| number(version)).unwrap_or(&Value::Null);
        let live = versions.iter().filter(|version| version["state"] != json!("DESTROYED"));
        let stages = |number| stage_of(number, self::number(last)).map(str::to_owned).into_iter().collect();
        Ok(Description {
            versions: live.map(|version| (number(version).to_string(), stages(number(version)))).collect(),
            changed: seconds(&last["createTime"]),
            ..entry(named.name, secret)
        })
    }
}

/// What the service tells of a secret by itself: not its versions.
fn entry(name: &str, secret: &Value) -> Description {
    let replicas = secret["replication"]["userManaged"]["replicas"].as_array().into_iter().flatten();
    let key = &secret["replication"]["automatic"]["customerManagedEncryption"]["kmsKeyName"];
    Description {
        name: name.to_owned(),
        id: name.to_owned(),
        description: secret["annotations"][DESCRIPTION].as_str().unwrap_or_default().to_owned(),
        tags: tags(secret),
        kms_key: key.as_str().map(str::to_owned),
        replica_regions: replicas.filter_map(|replica| Some(replica["location"].as_str()?.to_owned())).collect(),
        created: seconds(&secret["createTime"]),
        ..Description::default()
    }
}

/// Whether a text can be the id or the number of a project, also one below a domain.
fn is_project(text: &str) -> bool {
    let takes = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(takes) && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// The number of a version: the end of its name.
fn number(version: &Value) -> u64 {
    let name = version["name"].as_str().unwrap_or_default();
    name.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn stored(name: &str, version: u64) -> Stored {
    Stored { id: name.to_owned(), version: version.to_string() }
}

/// All tags of a secret.
fn tags(secret: &Value) -> Tags {
    let mut tags = texts(&secret["labels"]);
    tags.extend(unlabelled(secret));
    tags
}

/// The tags that no label can hold.
fn unlabelled(secret: &Value) -> Tags {
    secret["annotations"][TAGS].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Whether a tag can be a label as it is.
fn is_label(key: &str, value: &str) -> bool {
    let takes = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let fits = |text: &str| text.len() <= LONGEST_LABEL && text.bytes().all(takes);
    key.starts_with(|first: char| first.is_ascii_lowercase()) && fits(key) && fits(value)
}

/// Sets tags in what the service tells of a secret; gives its labels and annotations.
fn tagged(name: &str, secret: &Value, new: &Tags) -> Result<(Tags, Tags), StoreError> {
    let (mut labels, mut annotations, mut rest) = (texts(&secret["labels"]), texts(&secret["annotations"]), unlabelled(secret));
    for (key, value) in new {
        labels.remove(key);
        rest.remove(key);
        if is_label(key, value) { &mut labels } else { &mut rest }.insert(key.clone(), value.clone());
    }
    annotations.remove(TAGS);
    if !rest.is_empty() {
        annotations.insert(TAGS.to_owned(), json!(rest).to_string());
    }
    sized(name, &annotations)?;
    Ok((labels, annotations))
}

fn sized(name: &str, annotations: &Tags) -> Result<(), StoreError> {
    let bytes: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    let detail = || format!("its tags and description have {bytes} bytes, and {LARGEST_ANNOTATIONS} are the most in Google Cloud");
    if bytes < LARGEST_ANNOTATIONS { Ok(()) } else { Err(invalid(name, detail())) }
}

/// Where the value is kept: wherever Google keeps it, or in these regions alone.
fn replication(new: &NewSecret<'_>) -> Value {
    match (new.replica_regions, new.kms_key) {
        ([], None) => json!({"automatic": {}}),
        ([], Some(key)) => json!({"automatic": {"customerManagedEncryption": {"kmsKeyName": key}}}),
        (regions, _) => {
            let replicas: Vec<Value> = regions.iter().map(|region| json!({"location": region})).collect();
            json!({"userManaged": {"replicas": replicas}})
        }
    }
}

impl SecretStore for GcpStore {
    fn backend(&self) -> Backend {
        Backend::Gcp
    }

    fn root(&self) -> String {
        self.project.as_ref().map(|project| format!("{project}/")).unwrap_or_default()
    }

    fn identity(&self) -> Result<String, StoreError> {
        self.project().map(str::to_owned)
    }

    fn permission(&self, action: Action) -> String {
        permissions(action).join(", ")
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        limits::new_secret(new)?;
        let named = self.own(new.name)?;
        if let Some(reason) = new.kms_key.and_then(|_| limits::key_refused(Backend::Gcp, new.replica_regions)) {
            return Err(invalid(new.name, reason.to_owned()));
        }
        let mut annotations = Tags::from([(TOKEN.to_owned(), new.token.to_owned())]);
        if !new.description.is_empty() {
            annotations.insert(DESCRIPTION.to_owned(), new.description.to_owned());
        }
        let (labels, annotations) = tagged(new.name, &json!({"annotations": annotations}), new.tags)?;
        let content = json!({"replication": replication(new), "labels": labels, "annotations": annotations});
        let path = format!("projects/{}/secrets?secretId={}", named.project, named.id);
        match self.service.ask(named.about(CREATE), "POST", &path, Some(&content)) {
            Ok(Some(_)) => self.add_first(named, new),
            Ok(None) => Err(no_project(named.project)),
            // There since before, or done before the answer was lost.
            Err(StoreError::Exists { .. }) => self.there(named, new),
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        let named = Self::named(name)?;
        let known;
        let version = match version {
            Version::Stage(CURRENT) => "latest",
            Version::Stage(PREVIOUS) => {
                known = self.describe(name)?.ok_or_else(|| named.not_found())?;
                known.version_at(PREVIOUS).ok_or_else(|| named.not_found())?
            }
            Version::Stage(other) | Version::Id(other) => other,
        };
        if version.is_empty() || !version.chars().all(is_in_project) {
            return Err(named.not_found());
        }
        let path = format!("{}/versions/{version}:access", named.path());
        let answer = self.service.ask(named.about(ACCESS), "GET", &path, None)?;
        let Value::String(data) = answer.ok_or_else(|| named.not_found())?["payload"]["data"].take() else {
            // A version without a byte.
            return Ok(Secret::new(b""));
        };
        let unfit = |_| StoreError::Unreachable(format!("{name}: the answer of Google Cloud is not base64"));
        Ok(Secret::new(&Zeroizing::new(BASE64.decode(Zeroizing::new(data).as_bytes()).map_err(unfit)?)))
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        let named = Self::named(name)?;
        self.secret(named)?.map(|secret| self.described(named, &secret)).transpose()
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        let project = self.project()?;
        let found = self.service.pages(About { name: project, permission: LIST }, &format!("projects/{project}/secrets"), "secrets")?;
        let mut all = Vec::new();
        for secret in found.ok_or_else(|| no_project(project))? {
            let id = secret["name"].as_str().and_then(|name| name.rsplit('/').next()).unwrap_or_default();
            let name = format!("{project}/{id}");
            Self::named(&name)?;
            all.push(entry(&name, &secret));
        }
        all.retain(|known| has_tags(&known.tags, tags));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        limits::tags(name, tags)?;
        let named = self.own(name)?;
        let known = self.secret(named)?.ok_or_else(|| named.not_found())?;
        let (labels, annotations) = tagged(name, &known, tags)?;
        let content = json!({"labels": labels, "annotations": annotations, "etag": known["etag"]});
        let path = format!("{}?updateMask=labels,annotations", named.path());
        self.service.ask(named.about(UPDATE), "PATCH", &path, Some(&content))?.map(drop).ok_or_else(|| named.not_found())
    }

    fn set_policy(&self, name: &str, _policy: &str) -> Result<(), StoreError> {
        Err(invalid(name, "unleak sets no IAM policies of Google Cloud; give readers a role on the secret".to_owned()))
    }

    /// The project is asked: the service says nothing of secrets that are not there yet.
    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        let needed = permissions(action);
        if needed.is_empty() {
            return Ok(());
        }
        let named = self.own(new.name)?;
        let about = named.about("resourcemanager.projects.get");
        let answer = self.service.permissions(about, named.project, &json!({"permissions": needed}))?;
        let has = |permission: &&&str| answer["permissions"].as_array().is_some_and(|all| all.iter().any(|one| one == **permission));
        match needed.iter().find(|permission| !has(permission)) {
            Some(missing) => Err(StoreError::Denied { name: new.name.to_owned(), action: (*missing).to_owned() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tags_are_labels_where_they_fit_and_stand_in_one_annotation_else() {
        let secret =
            json!({"labels": {"team": "pay", "gr\u{f6}\u{df}e": "x"}, "annotations": {"other": "stays", TAGS: "{\"app\":\"A b\"}"}});
        let new = set(&[("app", "shop"), ("team", "Pay"), ("unleak:plan", "p")]);
        let (labels, annotations) = tagged("a", &secret, &new).unwrap();
        assert_eq!(labels, set(&[("app", "shop"), ("gr\u{f6}\u{df}e", "x")]));
        assert_eq!(annotations, set(&[("other", "stays"), (TAGS, "{\"team\":\"Pay\",\"unleak:plan\":\"p\"}")]));
        let expected = set(&[("app", "shop"), ("gr\u{f6}\u{df}e", "x"), ("team", "Pay"), ("unleak:plan", "p")]);
        assert_eq!(tags(&json!({"labels": labels, "annotations": annotations})), expected);
        for (key, value, fits) in
            [("a", "", true), ("1a", "b", false), ("a", &"b".repeat(64), false), ("a:b", "c", false), ("a", "B", false)]
        {
            assert_eq!(is_label(key, value), fits, "{key} {value}");
        }
        let large: Tags = (0..50).map(|number| (number.to_string(), "\u{e4}".repeat(200))).collect();
        assert!(tagged("a", &json!({}), &large).unwrap_err().to_string().contains("16384 are the most"));
    }

    #[test]
    fn names_are_a_project_and_a_secret() {
        for name in ["my-project-1/a_B-c", "123456789012/a", "example.com:shop/a"] {
            assert!(GcpStore::named(name).is_ok(), "{name}");
        }
        for name in ["a", "/a", "p/", "p/a/b", "p/a.b", "P/a", "../a", "p?x/a", ""] {
            assert!(matches!(GcpStore::named(name), Err(StoreError::Invalid { .. })), "{name}");
        }
    }
}
