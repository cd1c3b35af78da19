//! Parameter Store of AWS Systems Manager: each secret is one parameter of type SecureString. Owns: what of a store's words parameters have.
//! Must not: be built where no store is asked for; it starts a runtime.
//!
//! A parameter `/prod/db` is the secret `prod/db`. Its last version is the current one as soon as it is put, and deletion is at once and for good:
//! what needs more than that is refused (see [`super::limits::refused`]). The service has no token for creations, so a tag holds it.

mod call;

use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::aws::AwsSettings;
use super::limits::{self, invalid};
use super::{
    Action, CURRENT, Description, NewSecret, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version, has_tags, read_in_batches, stage_of,
};
use crate::reference::Backend;
use crate::secret::Secret;
use call::Service;

/// The tag that holds the token of a creation.
const TOKEN_TAG: &str = "unleak:token";
/// Parameters of one GetParameters.
const BATCH: usize = 10;
/// Parameters, or versions, of a page.
const PAGE: u8 = 50;
/// A version that no parameter has: the service keeps a hundred.
const NO_VERSION: &str = "999999999";

/// Parameter Store in one account and region.
pub struct SsmStore(Service);

impl SsmStore {
    /// A client. Nothing is asked yet, but for what the credential chain needs. `endpoint` is the service's alone, and comes after that of the
    /// settings.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] without a region, or with an endpoint that would send secrets in the clear.
    pub fn open(settings: &AwsSettings, endpoint: Option<&str>) -> Result<Self, StoreError> {
        Service::open(settings, endpoint).map(Self)
    }

    /// The content of a creation.
    fn creation(new: &NewSecret<'_>, key: Option<&str>) -> Result<Value, StoreError> {
        let text = std::str::from_utf8(new.value.expose())
            .map_err(|_| invalid(new.name, "a parameter holds text, and the value is no UTF-8".to_owned()))?;
        let mut content = json!({
            "Name": wire(new.name), "Value": text, "Type": "SecureString", "Description": new.description, "Overwrite": false,
            "Tier": "Standard", "Tags": wire_tags(new.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain([(TOKEN_TAG, new.token)])),
        });
        if let Some(key) = key {
            content["KeyId"] = json!(key);
        }
        Ok(content)
    }

    /// The parameter, if a creation with this token and value made it.
    fn is_ours(&self, new: &NewSecret<'_>) -> Result<Option<Stored>, StoreError> {
        if self.tags(new.name)?.get(TOKEN_TAG).map(String::as_str) != Some(new.token) {
            return Ok(None);
        }
        let stored = stored(new.name, 1);
        let value = self.read(new.name, &Version::Id(&stored.version))?;
        let is_equal: bool = value.expose().ct_eq(new.value.expose()).into();
        Ok(is_equal.then_some(stored))
    }

    /// All tags, the token's too.
    fn tags(&self, name: &str) -> Result<Tags, StoreError> {
        let answer = self.0.ask("ListTagsForResource", name, &json!({"ResourceType": "Parameter", "ResourceId": wire(name)}))?;
        let tag = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
        Ok(answer["TagList"].as_array().into_iter().flatten().filter_map(tag).collect())
    }

    fn shown_tags(&self, name: &str) -> Result<Tags, StoreError> {
        let mut tags = self.tags(name)?;
        tags.remove(TOKEN_TAG);
        Ok(tags)
    }

    /// All pages of an operation, the members of `list` in them.
    fn pages(&self, operation: &str, name: &str, content: &Value, list: &str) -> Result<Vec<Value>, StoreError> {
        let (mut all, mut content) = (Vec::new(), content.clone());
        content["MaxResults"] = json!(PAGE);
        loop {
            let mut page = self.0.ask(operation, name, &content)?;
            if let Value::Array(found) = page[list].take() {
                all.extend(found);
            }
            match page["NextToken"].take() {
                Value::String(next) if !next.is_empty() => content["NextToken"] = json!(next),
                _ => return Ok(all),
            }
        }
    }

    /// A value by what selects its version.
    fn get(&self, name: &str, selector: &str) -> Result<Secret, StoreError> {
        let mut answer = self.0.ask("GetParameter", name, &json!({"Name": wire(name) + selector, "WithDecryption": true}))?;
        value(&mut answer["Parameter"]).ok_or_else(|| not_found(name))
    }

    fn read_batch(&self, names: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        let asked: Vec<String> = names.iter().map(|name| wire(name)).collect();
        let mut answer = self.0.ask("GetParameters", "AWS", &json!({"Names": asked, "WithDecryption": true}))?;
        let mut found: Vec<Value> = answer["Parameters"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let mut one = |name: &&str| {
            let is_it = |known: &&mut Value| known["Name"].as_str() == Some(wire(name).as_str()) || known["ARN"].as_str() == Some(name);
            found.iter_mut().find(is_it).and_then(value).ok_or_else(|| not_found(name))
        };
        Ok(names.iter().map(&mut one).collect())
    }
}

/// The name of the parameter.
fn wire(name: &str) -> String {
    if name.starts_with("arn:") || name.starts_with('/') { name.to_owned() } else { format!("/{name}") }
}

fn wire_tags<'t>(tags: impl Iterator<Item = (&'t str, &'t str)>) -> Value {
    tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// The value of a parameter, taken out of an answer.
fn value(parameter: &mut Value) -> Option<Secret> {
    match parameter["Value"].take() {
        Value::String(text) => Some(Secret::new(zeroize::Zeroizing::new(text).as_bytes())),
        _ => None,
    }
}

fn stored(name: &str, version: u64) -> Stored {
    Stored { id: name.to_owned(), version: version.to_string() }
}

fn not_found(name: &str) -> StoreError {
    StoreError::NotFound { name: name.to_owned() }
}

/// Seconds since 1970 of a time in an answer.
#[expect(clippy::cast_possible_truncation, reason = "a time of day is far from the end of the type")]
fn seconds(time: &Value) -> Option<i64> {
    time.as_f64().map(|seconds| seconds as i64)
}

/// What the versions of a parameter tell of it, in their order.
fn described(name: &str, versions: &[Value]) -> Description {
    let number = |version: &Value| version["Version"].as_u64().unwrap_or_default();
    let last = versions.last().unwrap_or(&Value::Null);
    let stages = |version: &Value| {
        let own = version["Labels"].as_array().into_iter().flatten().filter_map(Value::as_str);
        stage_of(number(version), number(last)).into_iter().chain(own).map(ToOwned::to_owned).collect()
    };
    Description {
        name: name.to_owned(),
        id: last["ARN"].as_str().unwrap_or(name).to_owned(),
        description: last["Description"].as_str().unwrap_or_default().to_owned(),
        versions: versions.iter().map(|version| (number(version).to_string(), stages(version))).collect(),
        kms_key: last["KeyId"].as_str().filter(|key| *key != "alias/aws/ssm").map(ToOwned::to_owned),
        created: versions.first().filter(|first| number(first) == 1).and_then(|first| seconds(&first["LastModifiedDate"])),
        changed: seconds(&last["LastModifiedDate"]),
        ..Description::default()
    }
}

impl SecretStore for SsmStore {
    fn backend(&self) -> Backend {
        Backend::Ssm
    }

    fn identity(&self) -> Result<String, StoreError> {
        self.0.account.identity()
    }

    fn permission(&self, action: Action) -> String {
        let operation = match action {
            Action::Create | Action::AddVersion | Action::MoveStage | Action::Replicate => "PutParameter",
            Action::Describe => "GetParameterHistory",
            Action::Read => "GetParameter",
            Action::Tag => "AddTagsToResource",
            Action::Delete | Action::Restore => "DeleteParameter",
        };
        format!("ssm:{operation}")
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        limits::new_parameter(new)?;
        match self.0.ask("PutParameter", new.name, &Self::creation(new, new.kms_key)?) {
            Ok(answer) => Ok(stored(new.name, answer["Version"].as_u64().unwrap_or(1))),
            // There since before, or done before the answer was lost.
            Err(StoreError::Exists { name }) => self.is_ours(new)?.ok_or(StoreError::Exists { name }),
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        match version {
            Version::Stage(CURRENT) => self.get(name, ""),
            Version::Stage(PREVIOUS) => {
                let known = self.describe(name)?.ok_or_else(|| not_found(name))?;
                self.get(name, &format!(":{}", known.version_at(PREVIOUS).ok_or_else(|| not_found(name))?))
            }
            Version::Stage(selector) | Version::Id(selector) => self.get(name, &format!(":{selector}")),
        }
    }

    fn read_current(&self, names: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        // Several at once are an action of their own, which a reader may lack, and one that is denied denies all.
        let is_of_batches =
            |error: &StoreError| matches!(error, StoreError::Denied { .. } | StoreError::Invalid { .. } | StoreError::NotFound { .. });
        read_in_batches(self, names, BATCH, &|batch| self.read_batch(batch), &is_of_batches)
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        let content = json!({"Name": wire(name), "WithDecryption": false});
        let versions = match self.pages("GetParameterHistory", name, &content, "Parameters") {
            Err(StoreError::NotFound { .. }) => return Ok(None),
            versions => versions?,
        };
        let tags = match self.shown_tags(name) {
            Err(StoreError::NotFound { .. }) => return Ok(None),
            tags => tags?,
        };
        Ok((!versions.is_empty()).then(|| Description { tags, ..described(name, &versions) }))
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        let kind = json!({"Key": "Type", "Option": "Equals", "Values": ["SecureString"]});
        let tagged = tags.iter().map(|(key, value)| json!({"Key": format!("tag:{key}"), "Option": "Equals", "Values": [value]}));
        let filters: Vec<Value> = [kind].into_iter().chain(tagged).collect();
        let mut all = Vec::new();
        for found in self.pages("DescribeParameters", "AWS", &json!({"ParameterFilters": filters}), "Parameters")? {
            // A name without a slash at its start is none that references have.
            let Some(name) = found["Name"].as_str().and_then(|name| name.strip_prefix('/')) else { continue };
            let known = match self.shown_tags(name) {
                Err(StoreError::NotFound { .. }) => continue,
                known => known?,
            };
            if has_tags(&known, tags) {
                all.push(Description { tags: known, ..described(name, std::slice::from_ref(&found)) });
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        limits::tags(name, tags)?;
        let tags = wire_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let content = json!({"ResourceType": "Parameter", "ResourceId": wire(name), "Tags": tags});
        self.0.ask("AddTagsToResource", name, &content).map(drop)
    }

    fn set_policy(&self, name: &str, _policy: &str) -> Result<(), StoreError> {
        Err(invalid(name, "a parameter has no resource policy; policies of the readers name it".to_owned()))
    }

    /// Creating is asked with a key that does not exist, reading with a version that does not; tags are asked for with the creation.
    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        match action {
            Action::Create => {
                let key = format!("alias/unleak-check-{}", data_encoding::HEXLOWER.encode(&random()));
                match self.0.ask("PutParameter", new.name, &Self::creation(new, Some(&key))?) {
                    // An emulator that does not look at keys: what was not to be is taken back.
                    Ok(_) => self.0.ask("DeleteParameter", new.name, &json!({"Name": wire(new.name)})).map(drop),
                    other => may(other.map(drop)),
                }
            }
            Action::Read => may(self.get(new.name, &format!(":{NO_VERSION}")).map(drop)),
            Action::Describe => may(self.describe(new.name).map(drop)).and_then(|()| may(self.tags(new.name).map(drop))),
            _ => Ok(()),
        }
    }
}

/// The service looks at permissions first: whatever else stands in the way says that they are there.
fn may(answer: Result<(), StoreError>) -> Result<(), StoreError> {
    match answer {
        Err(StoreError::NotFound { .. } | StoreError::Exists { .. } | StoreError::Invalid { .. } | StoreError::Key { .. }) => Ok(()),
        other => other,
    }
}

fn random() -> [u8; 6] {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).expect("because every supported system has a random number generator");
    bytes
}
