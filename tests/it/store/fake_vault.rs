//! A strict fake of Vault's KV engine, version 2, mounted at `secret` and `kv`: it keeps check-and-set, soft deletion and the limits of custom
//! metadata, and fails on request. Owns: its state and rules. Source: the API documentation of the engine as of 2026.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::{Map, Value, json};

use super::http::{Answer, Request};
use super::served::{Fault, Rules, Served, Trouble};

/// What requests are sent with.
pub const TOKEN: &str = "a-token-of-tests";
const DELETED: &str = "2026-01-01T00:00:02.123456789Z";

#[derive(Default)]
pub struct State {
    secrets: BTreeMap<String, Secret>,
    trouble: Trouble,
}

#[derive(Default)]
struct Secret {
    custom: Map<String, Value>,
    versions: Vec<Version>,
}

#[derive(Default)]
struct Version {
    data: Value,
    is_deleted: bool,
}

/// The server.
pub type FakeVault = Served<State>;

impl Rules for State {
    fn trouble(&mut self) -> &mut Trouble {
        &mut self.trouble
    }

    fn answer(state: &Mutex<Self>, request: &Request) -> Answer {
        answer(state, request)
    }
}

impl FakeVault {
    /// What is kept under a name, in its versions.
    pub fn kept(&self, name: &str) -> Vec<Value> {
        let state = self.state();
        state.secrets.get(name).map(|secret| secret.versions.iter().map(|version| version.data.clone()).collect()).unwrap_or_default()
    }

    /// Puts a version there, as somebody else does.
    pub fn put(&self, name: &str, data: Value) {
        self.state().secrets.entry(name.to_owned()).or_default().versions.push(Version { data, is_deleted: false });
    }

    pub fn names(&self) -> Vec<String> {
        self.state().secrets.keys().cloned().collect()
    }
}

fn reply(status: u16, json: &Value) -> Answer {
    Answer::Reply(status, "application/json", if json.is_null() { Vec::new() } else { json.to_string().into_bytes() })
}

fn error(status: u16, reason: &str) -> Answer {
    reply(status, &json!({"errors": if reason.is_empty() { vec![] } else { vec![reason] }}))
}

fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    let head = String::from_utf8_lossy(&request.head);
    let mut line = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if request.header("x-vault-token").as_deref() != Some(TOKEN) {
        return error(403, "permission denied; invalid token");
    }
    let Some(path) = path.strip_prefix("/v1/") else { return error(404, "") };
    let mut state = state.lock().unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    if path == "sys/capabilities-self" {
        let path = body["paths"][0].as_str().unwrap();
        let is_denied = state.trouble.denied.iter().any(|kind| path.contains(&format!("/{kind}/")));
        let capabilities = if is_denied { json!(["deny"]) } else { json!(["create", "read", "update", "delete", "list"]) };
        return reply(200, &json!({"data": {path: capabilities}}));
    }
    let Some((mount, (kind, name))) = path.split_once('/').and_then(|(mount, rest)| Some((mount, rest.split_once('/')?))) else {
        return error(404, "no handler for route");
    };
    let call = format!("{method} {kind}");
    let fault = state.trouble.next(&call);
    if let Some(answer) = fault.and_then(Fault::before) {
        return answer;
    }
    match fault {
        Some(Fault::Throttle) => return error(429, "request path quota exceeded"),
        Some(Fault::Denied) => return error(403, "1 error occurred:\n\t* permission denied\n\n"),
        _ => {}
    }
    if state.trouble.denied.contains(kind) {
        return error(403, "1 error occurred:\n\t* permission denied\n\n");
    }
    if !["secret", "kv"].contains(&mount) {
        return error(404, "no handler for route");
    }
    let done = state.run(&call, mount, name, query, &body);
    drop(state);
    if let Some(fault) = fault { fault.after(done) } else { done }
}

impl State {
    fn run(&mut self, call: &str, mount: &str, path: &str, query: &str, body: &Value) -> Answer {
        let name = format!("{mount}/{path}");
        match call {
            "POST data" => self.write(name, body),
            "GET data" => self.read(&name, query),
            "GET metadata" if query == "list=true" => self.list(&name),
            "GET metadata" => {
                self.secrets.get(&name).map_or_else(|| error(404, ""), |secret| reply(200, &json!({"data": secret.metadata()})))
            }
            "POST metadata" => {
                let custom = body["custom_metadata"].as_object().cloned().unwrap_or_default();
                let fits = |(key, value): (&String, &Value)| key.len() <= 128 && value.as_str().is_some_and(|value| value.len() <= 512);
                if custom.len() > 64 || !custom.iter().all(fits) {
                    return error(400, "custom_metadata validation failed");
                }
                self.secrets.entry(name).or_default().custom = custom;
                reply(204, &Value::Null)
            }
            "POST delete" | "POST undelete" => {
                let Some(secret) = self.secrets.get_mut(&name) else { return error(404, "") };
                for number in body["versions"].as_array().into_iter().flatten().filter_map(Value::as_u64) {
                    secret.versions[usize::try_from(number).unwrap() - 1].is_deleted = call == "POST delete";
                }
                reply(204, &Value::Null)
            }
            _ => error(405, "unsupported operation"),
        }
    }

    fn write(&mut self, name: String, body: &Value) -> Answer {
        let Some(data) = body["data"].as_object() else { return error(400, "no data provided") };
        let secret = self.secrets.entry(name).or_default();
        if body["options"]["cas"].as_u64() != u64::try_from(secret.versions.len()).ok() {
            return error(400, "check-and-set parameter did not match the current version");
        }
        secret.versions.push(Version { data: data.clone().into(), is_deleted: false });
        reply(200, &json!({"data": secret.version(secret.versions.len())}))
    }

    fn read(&self, name: &str, query: &str) -> Answer {
        let Some(secret) = self.secrets.get(name).filter(|secret| !secret.versions.is_empty()) else { return error(404, "") };
        let number = query.strip_prefix("version=").map_or(secret.versions.len(), |number| number.parse().unwrap());
        let Some(version) = number.checked_sub(1).and_then(|at| secret.versions.get(at)) else { return error(404, "") };
        let (status, data) = if version.is_deleted { (404, Value::Null) } else { (200, version.data.clone()) };
        reply(status, &json!({"data": {"data": data, "metadata": secret.version(number)}}))
    }

    fn list(&self, below: &str) -> Answer {
        let below = if below.ends_with('/') { below.to_owned() } else { format!("{below}/") };
        let rests = self.secrets.keys().filter_map(|name| name.strip_prefix(&below));
        let keys: BTreeSet<String> =
            rests.map(|rest| rest.split_once('/').map_or_else(|| rest.to_owned(), |(directory, _)| format!("{directory}/"))).collect();
        if keys.is_empty() { error(404, "") } else { reply(200, &json!({"data": {"keys": keys}})) }
    }
}

impl Secret {
    fn version(&self, number: usize) -> Value {
        let deleted = if self.versions[number - 1].is_deleted { DELETED } else { "" };
        json!({"version": number, "created_time": "2026-01-01T00:00:01.5Z", "deletion_time": deleted, "destroyed": false, "custom_metadata": self.custom})
    }

    fn metadata(&self) -> Value {
        let versions: Map<String, Value> = (1..=self.versions.len()).map(|number| (number.to_string(), self.version(number))).collect();
        json!({
            "created_time": "2026-01-01T00:00:01Z", "updated_time": "2026-01-01T00:00:01.5Z", "current_version": self.versions.len(),
            "custom_metadata": self.custom, "versions": versions,
        })
    }
}
