//! A strict fake of Secrets Manager: it enforces the limits, token rules and states of the real one, and fails on request. Owns: its state and
//! rules. Source: the API reference and quotas of AWS Secrets Manager as documented in 2026; emulators are more lenient.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::fake_ssm::Parameters;
use super::http::{Answer, Request};
use super::served::{Fault, Rules, Served, Trouble};

#[derive(Default)]
pub struct State {
    secrets: BTreeMap<String, Secret>,
    parameters: Parameters,
    trouble: Trouble,
    bodies: Vec<String>,
}

#[derive(Default, Clone)]
struct Secret {
    description: String,
    tags: BTreeMap<String, String>,
    versions: BTreeMap<String, Version>,
    kms_key: Option<Value>,
    replicas: Vec<String>,
    policy: Option<String>,
    kind: Option<Value>,
    deleted: bool,
}

#[derive(Default, Clone)]
struct Version {
    text: Option<Value>,
    binary: Option<Value>,
    stages: Vec<String>,
}

/// The server.
pub type Fake = Served<State>;

impl Rules for State {
    fn trouble(&mut self) -> &mut Trouble {
        &mut self.trouble
    }

    fn answer(state: &Mutex<Self>, request: &Request) -> Answer {
        answer(state, request)
    }
}

pub type Refusal = (u16, &'static str, String);

pub fn refuse<T>(code: &'static str, message: &str) -> Result<T, Refusal> {
    Err((400, code, message.to_owned()))
}

impl Fake {
    /// Puts a secret there, in place of any that was: with this value, or waiting for its deletion.
    pub fn put(&self, name: &str, value: Option<&str>) {
        let version = Version { text: Some(json!(value.unwrap_or("old"))), binary: None, stages: vec!["AWSCURRENT".to_owned()] };
        // As long as the API has it.
        let versions = BTreeMap::from([("first".repeat(8), version)]);
        self.state().secrets.insert(name.to_owned(), Secret { versions, deleted: value.is_none(), ..Secret::default() });
    }

    /// Takes a secret away, at once.
    pub fn forget(&self, name: &str) {
        self.state().secrets.remove(name);
    }

    /// The bodies of all requests.
    pub fn bodies(&self) -> Vec<String> {
        self.state().bodies.clone()
    }

    /// The regions with a replica of a secret.
    pub fn replicas(&self, name: &str) -> Vec<String> {
        self.state().secrets.get(name).map(|secret| secret.replicas.clone()).unwrap_or_default()
    }

    /// The resource policy of a secret.
    pub fn policy(&self, name: &str) -> Option<String> {
        self.state().secrets.get(name)?.policy.clone()
    }

    /// Names of all parameters with the number of their versions.
    pub fn parameters(&self) -> BTreeMap<String, usize> {
        self.state().parameters.names()
    }

    /// Does something as somebody else does it.
    pub fn ask_ssm(&self, operation: &str, body: &Value) {
        self.state().parameters.run(operation, body).unwrap();
    }

    /// Names of all secrets with the number of their versions.
    pub fn secrets(&self) -> BTreeMap<String, usize> {
        self.state().secrets.iter().map(|(name, secret)| (name.clone(), secret.versions.len())).collect()
    }
}

fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    let is_sts = request.target.is_empty();
    let operation = if is_sts { "GetCallerIdentity" } else { request.target.rsplit('.').next().unwrap_or_default() };
    let mut state = state.lock().unwrap();
    state.bodies.push(String::from_utf8_lossy(&request.body).into_owned());
    let fault = state.trouble.next(operation);
    if let Some(answer) = fault.and_then(Fault::before) {
        return answer;
    }
    match fault {
        Some(Fault::Throttle) => return error((400, "ThrottlingException", "Rate exceeded".to_owned())),
        // STS speaks XML.
        Some(Fault::Denied) if is_sts => {
            let xml = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform this</Message></Error></ErrorResponse>";
            return Answer::Reply(403, "text/xml", xml.as_bytes().to_vec());
        }
        Some(Fault::Denied) => return error((400, "AccessDeniedException", "not authorized to perform this".to_owned())),
        Some(Fault::Key) => return error((400, "EncryptionFailure", "the key is disabled".to_owned())),
        _ => {}
    }
    if is_sts {
        let xml = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
        return Answer::Reply(200, "text/xml", xml.as_bytes().to_vec());
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return error((400, "SerializationException", "no JSON".to_owned()));
    };
    if ["Name", "SecretId"].iter().any(|key| state.trouble.denied.contains(named(string(&body, key)))) {
        return error((400, "AccessDeniedException", "not authorized to perform this".to_owned()));
    }
    let is_ssm = request.target.starts_with("AmazonSSM.");
    let done = if is_ssm { state.parameters.run(operation, &body) } else { state.run(operation, &body) };
    drop(state);
    match done {
        Ok(value) => {
            let done = Answer::Reply(200, "application/x-amz-json-1.1", value.to_string().into_bytes());
            if let Some(fault) = fault { fault.after(done) } else { done }
        }
        Err(refusal) => error(refusal),
    }
}

fn error((status, code, message): Refusal) -> Answer {
    Answer::Reply(status, "application/x-amz-json-1.1", json!({"__type": code, "message": message}).to_string().into_bytes())
}

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf")
}

/// The name that an id means: itself, or that of an ARN.
fn named(id: &str) -> &str {
    let of_arn = id.strip_prefix("arn:").and_then(|rest| rest.split_once(":secret:")?.1.rsplit_once('-'));
    of_arn.map_or(id, |(name, _)| name)
}

pub fn string<'v>(body: &'v Value, key: &str) -> &'v str {
    body[key].as_str().unwrap_or_default()
}

impl State {
    fn run(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        match operation {
            "CreateSecret" => self.create(body),
            "ListSecrets" => Ok(self.list(body)),
            "BatchGetSecretValue" => self.batch(body),
            "ValidateResourcePolicy" => Ok(validated(string(body, "ResourcePolicy"))),
            _ => {
                let id = string(body, "SecretId").to_owned();
                let name = self.secrets.keys().find(|name| **name == id || arn(name) == id).cloned();
                let Some(name) = name else {
                    return refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
                };
                let secret = self.secrets.get_mut(&name).unwrap();
                let works_deleted = matches!(operation, "DescribeSecret" | "RestoreSecret" | "DeleteSecret");
                if secret.deleted && !works_deleted {
                    return refuse(
                        "InvalidRequestException",
                        "You can't perform this operation on the secret because it was marked for deletion.",
                    );
                }
                secret.run(operation, body, &name)
            }
        }
    }

    fn create(&mut self, body: &Value) -> Result<Value, Refusal> {
        let (name, token) = (string(body, "Name").to_owned(), string(body, "ClientRequestToken").to_owned());
        let is_name = |character: char| character.is_ascii_alphanumeric() || "/_+=.@-".contains(character);
        if name.is_empty() || name.len() > 512 || !name.chars().all(is_name) {
            return refuse("ValidationException", "Invalid name.");
        }
        let version = version(body, &token)?;
        let tags = tags(body)?;
        if string(body, "KmsKeyId").starts_with("alias/unleak-check-") {
            return refuse("EncryptionFailure", "There is no such key.");
        }
        if let Some(known) = self.secrets.get(&name) {
            if known.deleted {
                return refuse(
                    "InvalidRequestException",
                    "You can't create this secret because a secret with this name is already scheduled for deletion.",
                );
            }
            let same = known.versions.get(&token).is_some_and(|old| old.text == version.text && old.binary == version.binary);
            return if same {
                Ok(written(&name, &token))
            } else {
                refuse("ResourceExistsException", "A resource with the ID you requested already exists.")
            };
        }
        let replicas = body["AddReplicaRegions"].as_array().into_iter().flatten().map(|region| string(region, "Region").to_owned());
        let mut secret = Secret {
            description: string(body, "Description").to_owned(),
            tags,
            kms_key: body.get("KmsKeyId").cloned(),
            replicas: replicas.collect(),
            kind: body.get("Type").cloned(),
            ..Secret::default()
        };
        secret.versions.insert(token.clone(), version);
        secret.label("AWSCURRENT", &token)?;
        self.secrets.insert(name.clone(), secret);
        Ok(written(&name, &token))
    }

    fn list(&self, body: &Value) -> Value {
        let filters = body["Filters"].as_array().cloned().unwrap_or_default();
        let fits = |secret: &Secret| {
            filters.iter().all(|filter| {
                let mut wanted = filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
                match string(filter, "Key") {
                    "tag-key" => wanted.any(|start| secret.tags.keys().any(|key| key.starts_with(start))),
                    "tag-value" => wanted.any(|start| secret.tags.values().any(|value| value.starts_with(start))),
                    _ => false,
                }
            })
        };
        // Two a page, so that pages are seen.
        let from: usize = string(body, "NextToken").parse().unwrap_or(0);
        let found: Vec<Value> = self.secrets.iter().filter(|(_, secret)| fits(secret)).map(|(name, secret)| secret.entry(name)).collect();
        let next = if found.len() > from + 2 { json!((from + 2).to_string()) } else { Value::Null };
        json!({"SecretList": found.into_iter().skip(from).take(2).collect::<Vec<_>>(), "NextToken": next})
    }

    fn batch(&mut self, body: &Value) -> Result<Value, Refusal> {
        let ids: Vec<String> =
            body["SecretIdList"].as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        if ids.is_empty() || ids.len() > 20 {
            return refuse("ValidationException", "SecretIdList has 1 to 20 ids.");
        }
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for id in ids {
            match self.run("GetSecretValue", &json!({"SecretId": id, "VersionStage": "AWSCURRENT"})) {
                Ok(value) => values.push(value),
                Err((_, code, message)) => errors.push(json!({"SecretId": id, "ErrorCode": code, "Message": message})),
            }
        }
        Ok(json!({"SecretValues": values, "Errors": errors}))
    }
}

impl Secret {
    fn run(&mut self, operation: &str, body: &Value, name: &str) -> Result<Value, Refusal> {
        match operation {
            "PutSecretValue" => self.put(body, name),
            "GetSecretValue" => self.get(body, name),
            "DescribeSecret" => Ok(self.describe(name)),
            "UpdateSecretVersionStage" => self.move_stage(body, name),
            "TagResource" => {
                let mut all = self.tags.clone();
                all.extend(tags(body)?);
                if all.len() > 50 {
                    return refuse("InvalidParameterException", "Too many tags.");
                }
                self.tags = all;
                Ok(json!({}))
            }
            "PutResourcePolicy" => {
                if body["BlockPublicPolicy"] == json!(true) && string(body, "ResourcePolicy").contains("\"*\"") {
                    return refuse("PublicPolicyException", "The policy grants broad access.");
                }
                self.policy = Some(string(body, "ResourcePolicy").to_owned());
                Ok(json!({"ARN": arn(name), "Name": name}))
            }
            "DeleteSecret" => {
                if !(7..=30).contains(&body["RecoveryWindowInDays"].as_i64().unwrap_or(0)) {
                    return refuse("InvalidParameterException", "The window has 7 to 30 days.");
                }
                if self.deleted {
                    return refuse("InvalidRequestException", "The secret was already marked deleted.");
                }
                if !self.replicas.is_empty() {
                    return refuse("InvalidParameterException", "You can't delete a secret that still has replica regions.");
                }
                self.deleted = true;
                Ok(json!({"ARN": arn(name), "Name": name, "DeletionDate": 1.0}))
            }
            "RemoveRegionsFromReplication" => {
                let gone: Vec<&str> = body["RemoveReplicaRegions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                self.replicas.retain(|region| !gone.contains(&region.as_str()));
                Ok(json!({"ARN": arn(name)}))
            }
            "ReplicateSecretToRegions" => {
                let new: Vec<&str> =
                    body["AddReplicaRegions"].as_array().into_iter().flatten().map(|region| string(region, "Region")).collect();
                if new.is_empty() || new.iter().any(|region| self.replicas.iter().any(|known| known == region)) {
                    return refuse("InvalidParameterException", "The secret has a replica in the region.");
                }
                self.replicas.extend(new.into_iter().map(ToOwned::to_owned));
                Ok(json!({"ARN": arn(name)}))
            }
            "RestoreSecret" => {
                self.deleted = false;
                Ok(json!({"ARN": arn(name), "Name": name}))
            }
            _ => refuse("UnknownOperationException", "unknown"),
        }
    }

    fn put(&mut self, body: &Value, name: &str) -> Result<Value, Refusal> {
        let token = string(body, "ClientRequestToken").to_owned();
        let new = version(body, &token)?;
        if let Some(old) = self.versions.get(&token) {
            let same = old.text == new.text && old.binary == new.binary;
            return if same {
                Ok(written(name, &token))
            } else {
                refuse("ResourceExistsException", "The token was used with another value.")
            };
        }
        self.versions.insert(token.clone(), new);
        let stages: Vec<String> = body["VersionStages"].as_array().map_or_else(
            || vec!["AWSCURRENT".to_owned()],
            |stages| stages.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
        );
        for stage in &stages {
            self.label(stage, &token)?;
        }
        Ok(written(name, &token))
    }

    fn get(&self, body: &Value, name: &str) -> Result<Value, Refusal> {
        let missing = "Secrets Manager can't find the specified secret value.";
        let found = match (body["VersionId"].as_str(), body["VersionStage"].as_str()) {
            (Some(id), _) => self.versions.get_key_value(id),
            (None, stage) => {
                let stage = stage.unwrap_or("AWSCURRENT");
                self.versions.iter().find(|(_, version)| version.stages.iter().any(|own| own == stage))
            }
        };
        let Some((id, version)) = found else { return refuse("ResourceNotFoundException", missing) };
        let mut value = json!({"ARN": arn(name), "Name": name, "VersionId": id, "VersionStages": version.stages});
        if let Some(text) = &version.text {
            value["SecretString"] = text.clone();
        }
        if let Some(binary) = &version.binary {
            value["SecretBinary"] = binary.clone();
        }
        Ok(value)
    }

    fn move_stage(&mut self, body: &Value, name: &str) -> Result<Value, Refusal> {
        let (stage, to) = (string(body, "VersionStage").to_owned(), string(body, "MoveToVersionId").to_owned());
        let holder = self.versions.iter().find(|(_, version)| version.stages.contains(&stage)).map(|(id, _)| id.clone());
        if body["MoveToVersionId"].is_null() && stage != "AWSCURRENT" {
            let from = self.versions.get_mut(string(body, "RemoveFromVersionId")).filter(|version| version.stages.contains(&stage));
            let Some(from) = from else { return refuse("InvalidParameterException", "The version does not have the staging label.") };
            from.stages.retain(|own| *own != stage);
            return Ok(json!({"ARN": arn(name), "Name": name}));
        }
        if !self.versions.contains_key(&to) {
            return refuse("ResourceNotFoundException", "no such version");
        }
        if holder.is_some() && holder.as_deref() != body["RemoveFromVersionId"].as_str() {
            return refuse("InvalidParameterException", "The staging label is attached to another version.");
        }
        self.label(&stage, &to)?;
        Ok(json!({"ARN": arn(name), "Name": name}))
    }

    fn label(&mut self, stage: &str, to: &str) -> Result<(), Refusal> {
        let loser =
            self.versions.iter().find(|(id, version)| *id != to && version.stages.iter().any(|own| own == stage)).map(|(id, _)| id.clone());
        for version in self.versions.values_mut() {
            version.stages.retain(|own| own != stage);
        }
        self.versions.get_mut(to).unwrap().stages.push(stage.to_owned());
        if let Some(loser) = loser.filter(|_| stage == "AWSCURRENT") {
            self.label("AWSPREVIOUS", &loser)?;
        }
        let labels = self.versions.values().map(|version| version.stages.len()).sum::<usize>();
        if labels > 20 { refuse("LimitExceededException", "20 staging labels are the most.") } else { Ok(()) }
    }

    fn describe(&self, name: &str) -> Value {
        let mut value = self.entry(name);
        value["VersionIdsToStages"] = value["SecretVersionsToStages"].take();
        value["ReplicationStatus"] = self.replicas.iter().map(|region| json!({"Region": region, "Status": "InSync"})).collect();
        value
    }

    fn entry(&self, name: &str) -> Value {
        let tags: Vec<Value> = self.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let stages: BTreeMap<&String, &Vec<String>> =
            self.versions.iter().filter(|(_, version)| !version.stages.is_empty()).map(|(id, version)| (id, &version.stages)).collect();
        let mut value = json!({
            "ARN": arn(name), "Name": name, "Description": self.description, "Tags": tags, "SecretVersionsToStages": stages,
            "CreatedDate": 1_700_000_000.0, "LastChangedDate": 1_700_000_000.0, "LastAccessedDate": 1_700_000_000.0,
        });
        for (key, known) in [("KmsKeyId", &self.kms_key), ("Type", &self.kind)] {
            if let Some(known) = known {
                value[key] = known.clone();
            }
        }
        if self.deleted {
            value["DeletedDate"] = json!(1_700_000_000.0);
        }
        value
    }
}

fn written(name: &str, version: &str) -> Value {
    json!({"ARN": arn(name), "Name": name, "VersionId": version})
}

fn validated(policy: &str) -> Value {
    match serde_json::from_str::<Value>(policy) {
        Err(_) => json!({"PolicyValidationPassed": false, "ValidationErrors": [{"CheckName": "JSON", "ErrorMessage": "no JSON"}]}),
        Ok(_) if policy.contains("\"*\"") => {
            json!({"PolicyValidationPassed": false, "ValidationErrors": [{"CheckName": "PUBLIC", "ErrorMessage": "broad access"}]})
        }
        Ok(_) => json!({"PolicyValidationPassed": true, "ValidationErrors": []}),
    }
}

fn version(body: &Value, token: &str) -> Result<Version, Refusal> {
    if !(32..=64).contains(&token.len()) {
        return refuse("ValidationException", "ClientRequestToken has 32 to 64 characters.");
    }
    let (text, binary) = (body.get("SecretString").cloned(), body.get("SecretBinary").cloned());
    let length = match (&text, &binary) {
        (Some(text), None) => text.as_str().map_or(0, str::len),
        (None, Some(binary)) => data_encoding::BASE64.decode(binary.as_str().unwrap_or_default().as_bytes()).map_or(0, |bytes| bytes.len()),
        _ => return refuse("InvalidParameterException", "Give one of SecretString and SecretBinary."),
    };
    if !(1..=65_536).contains(&length) {
        return refuse("ValidationException", "A value has 1 to 65536 bytes.");
    }
    Ok(Version { text, binary, stages: Vec::new() })
}

pub fn tags(body: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let mut all = BTreeMap::new();
    for tag in body["Tags"].as_array().into_iter().flatten() {
        let (key, value) = (string(tag, "Key").to_owned(), string(tag, "Value").to_owned());
        if key.is_empty() || key.len() > 128 || value.len() > 256 || key.to_ascii_lowercase().starts_with("aws:") {
            return refuse("InvalidParameterException", "Invalid tag.");
        }
        if all.insert(key, value).is_some() {
            return refuse("InvalidParameterException", "Duplicate tag.");
        }
    }
    if all.len() > 50 { refuse("InvalidParameterException", "Too many tags.") } else { Ok(all) }
}
