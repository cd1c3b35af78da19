//! A strict fake of Azure Key Vault, with what gives tokens: it enforces the limits of names, values and tags, keeps soft deletion with its delays, and
//! fails on request. Owns: its state and rules. Source: the REST reference of secrets, version 7.4, and what its error codes are said to be, as of 2026.

use std::collections::BTreeMap;
use std::sync::Mutex;

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Map, Value, json};

use super::http::{Answer, Request};
use super::served::{Fault, Rules, Served, Trouble};

/// What requests are sent with.
pub const TOKEN: &str = "a-token-of-tests";
/// The key vault.
pub const VAULT: &str = "my-vault";
/// The secret of the application, what an issuer signed for the workload, and the header of the service.
pub const PROOFS: [&str; 3] = ["s~ecret.of/tests", "signed.by.issuer", "header-of-tests"];
/// Secrets, or versions, of a page.
const PAGE: usize = 7;
/// Seconds since 1970, before anything is done.
const BEGIN: i64 = 1_767_225_600;

type Refusal = (u16, &'static str, &'static str, String);

#[derive(Default)]
pub struct State {
    /// By name; capital letters do not tell names apart.
    secrets: BTreeMap<String, Kept>,
    pub trouble: Trouble,
    pub grants: Vec<String>,
    /// Whether deletion is for good.
    pub has_no_soft_delete: bool,
    /// What somebody else sets right before the next secret is set.
    pub rival: Option<&'static str>,
    /// What is asked for when requests are turned away.
    pub retry_after: u64,
    /// The public key of an application's certificate, and the hash of that.
    pub trusted: Option<(Vec<u8>, String)>,
    clock: i64,
    count: u128,
}

#[derive(Default, PartialEq)]
enum Phase {
    #[default]
    Live,
    Deleting,
    Deleted,
    Recovering,
}

#[derive(Default)]
struct Kept {
    versions: Vec<Version>,
    phase: Phase,
}

struct Version {
    id: String,
    value: String,
    tags: Map<String, Value>,
    is_enabled: bool,
    created: i64,
}

/// The server.
pub type FakeAzure = Served<State>;

impl Rules for State {
    fn trouble(&mut self) -> &mut Trouble {
        &mut self.trouble
    }

    fn answer(state: &Mutex<Self>, request: &Request) -> Answer {
        answer(state, request)
    }
}

impl FakeAzure {
    /// The values of a secret, in order.
    pub fn kept(&self, name: &str) -> Vec<String> {
        let state = self.state();
        state.secrets.get(name).map(|kept| kept.versions.iter().map(|version| version.value.clone()).collect()).unwrap_or_default()
    }

    /// What the last version of a secret has besides its value.
    pub fn tags(&self, name: &str) -> Value {
        self.state().secrets[name].versions.last().unwrap().tags.clone().into()
    }

    /// Sets a secret as somebody else does, so many seconds after the version before, and gives the id of its version.
    pub fn put(&self, name: &str, value: &str, later: i64) -> String {
        let mut state = self.state();
        state.clock += later;
        state.add(name, value, Map::new())
    }

    /// Switches the last version off.
    pub fn disable(&self, name: &str) {
        self.state().secrets.get_mut(name).unwrap().versions.last_mut().unwrap().is_enabled = false;
    }
}

fn reply(json: &Value) -> Answer {
    Answer::Reply(200, "application/json", json.to_string().into_bytes())
}

fn error((status, code, inner, message): Refusal) -> Answer {
    let mut error = json!({"code": code, "message": message});
    if !inner.is_empty() {
        error["innererror"] = json!({"code": inner});
    }
    Answer::Reply(status, "application/json", json!({"error": error}).to_string().into_bytes())
}

fn refuse<T>(status: u16, code: &'static str, inner: &'static str, message: &str) -> Result<T, Refusal> {
    Err((status, code, inner, message.to_owned()))
}

fn missing<T>(name: &str) -> Result<T, Refusal> {
    refuse(404, "SecretNotFound", "", &format!("A secret with (name/id) {name} was not found in this key vault."))
}

/// What is asked for, and the action that has to be allowed for it.
fn call(method: &str, parts: &[&str]) -> Option<(&'static str, &'static str)> {
    Some(match (method, parts) {
        ("PUT", ["secrets", _]) => ("set", "setSecret/action"),
        ("GET", ["secrets", _, "versions"]) => ("versions", "readMetadata/action"),
        ("GET", ["secrets" | "deletedsecrets"]) => ("list", "readMetadata/action"),
        ("GET", ["secrets", _] | ["secrets", _, _]) => ("get", "getSecret/action"),
        ("GET", ["deletedsecrets", _]) => ("getDeleted", "getSecret/action"),
        ("PATCH", ["secrets", _, _]) => ("update", "update/action"),
        ("DELETE", ["secrets", _]) => ("delete", "delete"),
        ("POST", ["deletedsecrets", _, "recover"]) => ("recover", "recover/action"),
        _ => return None,
    })
}

fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    let head = String::from_utf8_lossy(&request.head);
    let mut line = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut state = state.lock().unwrap();
    if let Some(answer) = state.grant(path, query, request) {
        return answer;
    }
    if request.header("authorization").as_deref() != Some(&format!("Bearer {TOKEN}")) {
        return error((401, "Unauthorized", "", "AKV10022: Invalid audience.".to_owned()));
    }
    if !query.split('&').any(|pair| pair == "api-version=7.4") {
        return error((400, "BadParameter", "", "The api-version is missing.".to_owned()));
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let Some((call, action)) = call(method, &parts) else { return error((405, "BadParameter", "", "Method not allowed.".to_owned())) };
    let fault = state.trouble.next(call);
    if let Some(answer) = fault.and_then(Fault::before) {
        return answer;
    }
    if fault == Some(Fault::Throttle) {
        let head = format!("HTTP/1.1 429 x\r\nretry-after: {}\r\ncontent-length: 0\r\n\r\n", state.retry_after);
        return Answer::Raw(head.into_bytes());
    }
    if fault == Some(Fault::Denied) || state.trouble.denied.contains(action) {
        let message =
            format!("Caller is not authorized to perform action on resource.\r\nAction: 'Microsoft.KeyVault/vaults/secrets/{action}'");
        return error((403, "Forbidden", "ForbiddenByRbac", message));
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match state.run(call, &parts, query, &body) {
        Ok(done) => {
            let done = reply(&done);
            if let Some(fault) = fault { fault.after(done) } else { done }
        }
        Err(refusal) => error(refusal),
    }
}

fn of_query<'q>(query: &'q str, name: &str) -> &'q str {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
}

fn page(list: &str, all: &[Value], query: &str) -> Value {
    let start = of_query(query, "$skiptoken").strip_prefix("a%2Bb").map_or(0, |number| number.parse().unwrap());
    let end = all.len().min(start + PAGE);
    let link = format!("https://{VAULT}.vault.azure.net:443/{list}?api-version=7.4&$skiptoken=a%2Bb{end}&maxresults={PAGE}");
    json!({"value": all[start..end], "nextLink": if end < all.len() { json!(link) } else { Value::Null }})
}

impl State {
    /// Names of all secrets, deleted ones too.
    #[cfg(feature = "aws")]
    pub fn secrets(&self) -> Vec<&String> {
        self.secrets.keys().collect()
    }

    fn given(&mut self, grant: &str, lasts: &Value) -> Answer {
        self.grants.push(grant.to_owned());
        reply(&json!({"access_token": TOKEN, "expires_in": lasts, "token_type": "Bearer"}))
    }

    /// What gives tokens; none where it is not asked.
    fn grant(&mut self, path: &str, query: &str, request: &Request) -> Option<Answer> {
        let denied = |what: &str| {
            let answer = json!({"error": "invalid_client", "error_description": what});
            Answer::Reply(401, "application/json", answer.to_string().into_bytes())
        };
        let resource = "https%3A%2F%2Fvault.azure.net";
        let is_meant = of_query(query, "resource") == resource;
        Some(match path {
            "/tenant.of-tests/oauth2/v2.0/token" => {
                let form = String::from_utf8_lossy(&request.body).into_owned();
                let begin = format!("grant_type=client_credentials&client_id=client&scope={resource}%2F.default&client_");
                match form.strip_prefix(&begin) {
                    Some("secret=s~ecret.of%2Ftests") => self.given("secret", &json!(3_599)),
                    Some(
                        "assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=signed.by.issuer",
                    ) => self.given("assertion", &json!(3_599)),
                    Some(proof) if self.is_signed(proof, request) => self.given("certificate", &json!(3_599)),
                    Some(proof) if proof.starts_with("assertion_type=") => {
                        denied("AADSTS700027: Client assertion failed signature validation.")
                    }
                    _ => denied("AADSTS7000215: Invalid client secret provided."),
                }
            }
            "/msi/token" => match request.header("x-identity-header").as_deref() {
                Some(header) if header == PROOFS[2] && is_meant && of_query(query, "api-version") == "2019-08-01" => {
                    self.given("service", &Value::Null)
                }
                _ => denied("no header"),
            },
            "/metadata/identity/oauth2/token" => match request.header("metadata").as_deref() {
                Some("true") if is_meant && of_query(query, "api-version") == "2018-02-01" => {
                    self.given(&format!("machine {}", of_query(query, "client_id")), &json!("86399"))
                }
                _ => denied("no metadata"),
            },
            _ => return None,
        })
    }

    /// Whether the certificate of the application signed who it is, for this place and now.
    fn is_signed(&self, proof: &str, request: &Request) -> bool {
        let Some((key, hash)) = &self.trusted else { return false };
        let check = || {
            let token = proof.split_once("client_assertion=")?.1;
            let (said, signature) = token.rsplit_once('.')?;
            let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
            UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key).verify(said.as_bytes(), &signature).ok()?;
            let part = |text: &str| serde_json::from_slice::<Value>(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok();
            let (header, claims) = said.split_once('.')?;
            let (header, claims) = (part(header)?, part(claims)?);
            let url = format!("http://{}/tenant.of-tests/oauth2/v2.0/token", request.header("host")?);
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
            let is_now = claims["nbf"].as_u64()? <= now && (now + 1..=now + 600).contains(&claims["exp"].as_u64()?);
            let says = claims["aud"] == url.as_str() && claims["iss"] == "client" && claims["sub"] == "client" && claims["jti"].is_string();
            Some(header["alg"] == "PS256" && header["x5t#S256"] == hash.as_str() && says && is_now)
        };
        check().unwrap_or(false)
    }

    fn add(&mut self, name: &str, value: &str, tags: Map<String, Value>) -> String {
        // Ids tell no order.
        self.count += 1;
        let id = format!("{:032x}", self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let version = Version { id: id.clone(), value: value.to_owned(), tags, is_enabled: true, created: BEGIN + self.clock };
        self.secrets.entry(name.to_ascii_lowercase()).or_default().versions.push(version);
        id
    }

    fn run(&mut self, call: &str, parts: &[&str], query: &str, body: &Value) -> Result<Value, Refusal> {
        let name = parts.get(1).copied().unwrap_or_default().to_ascii_lowercase();
        let level = if self.has_no_soft_delete { "Purgeable" } else { "Recoverable+Purgeable" };
        match call {
            "list" => Ok(self.list(parts[0], query, level)),
            "set" => self.set(&name, body, level),
            "delete" if self.has_no_soft_delete => self.secrets.remove(&name).map_or_else(|| missing(&name), |_| Ok(json!({}))),
            _ => match self.secrets.get_mut(&name) {
                Some(kept) => kept.run(call, &name, parts.get(2).copied(), query, body, level),
                // The list of nothing's versions is empty.
                None if call == "versions" => Ok(page("secrets", &[], query)),
                None => missing(&name),
            },
        }
    }

    fn list(&self, list: &str, query: &str, level: &str) -> Value {
        let is_deleted = list == "deletedsecrets";
        let own = self.secrets.iter().filter(|(_, kept)| kept.phase == if is_deleted { Phase::Deleted } else { Phase::Live });
        let item = |(name, kept): (&String, &Kept)| {
            let mut item = kept.versions.last().unwrap().shown(name, level);
            item["id"] = json!(format!("https://{VAULT}.vault.azure.net/secrets/{name}"));
            if is_deleted {
                item["recoveryId"] = json!(format!("https://{VAULT}.vault.azure.net/deletedsecrets/{name}"));
                item["deletedDate"] = json!(BEGIN);
            }
            item
        };
        page(list, &own.map(item).collect::<Vec<_>>(), query)
    }

    fn set(&mut self, name: &str, body: &Value, level: &str) -> Result<Value, Refusal> {
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '-';
        if !(1..=127).contains(&name.len()) || !name.chars().all(is_name) {
            return refuse(400, "BadParameter", "", "The request URI contains an invalid name.");
        }
        let tags = checked(body)?;
        let value = body["value"].as_str().unwrap_or_default().to_owned();
        if value.is_empty() || value.len() > 25_600 || body["attributes"] != json!({"enabled": true}) {
            return refuse(400, "BadParameter", "", "Property has invalid value");
        }
        if let Some(rival) = self.rival.take() {
            self.add(name, rival, Map::new());
        }
        let conflict = |inner, message: &str| refuse(409, "Conflict", inner, &format!("Secret {name} is currently {message}"));
        match self.secrets.get(name).map(|kept| &kept.phase) {
            Some(Phase::Deleting) => return conflict("ObjectIsBeingDeleted", "being deleted."),
            Some(Phase::Recovering) => return conflict("ObjectIsBeingRecovered", "being recovered."),
            Some(Phase::Deleted) => {
                return conflict("ObjectIsDeletedButRecoverable", "in a deleted but recoverable state, and its name cannot be reused.");
            }
            Some(Phase::Live) | None => {}
        }
        self.add(name, &value, tags);
        Ok(self.secrets[name].versions.last().unwrap().bundle(name, level))
    }
}

/// Checks tags.
fn checked(body: &Value) -> Result<Map<String, Value>, Refusal> {
    let tags = body["tags"].as_object().cloned().unwrap_or_default();
    let fits = |(key, value): (&String, &Value)| [key.as_str(), value.as_str().unwrap()].iter().all(|text| text.chars().count() <= 256);
    if tags.len() > 15 || !tags.iter().all(fits) {
        return refuse(400, "BadParameter", "", "The tags are too many or too long.");
    }
    Ok(tags)
}

impl Kept {
    fn run(&mut self, call: &str, name: &str, version: Option<&str>, query: &str, body: &Value, level: &str) -> Result<Value, Refusal> {
        let last = self.versions.len() - 1;
        match (call, &self.phase) {
            // What was asked for is done when it is looked at for the second time.
            ("getDeleted", Phase::Deleting) => {
                self.phase = Phase::Deleted;
                refuse(404, "SecretNotFound", "", &format!("Deleted Secret not found: {name}"))
            }
            ("get", Phase::Recovering) => {
                self.phase = Phase::Live;
                missing(name)
            }
            ("getDeleted", Phase::Deleted) => {
                let mut deleted = self.versions[last].shown(name, level);
                deleted["deletedDate"] = json!(BEGIN);
                Ok(deleted)
            }
            ("recover", Phase::Deleted) => {
                self.phase = Phase::Recovering;
                Ok(self.versions[last].shown(name, level))
            }
            ("delete", Phase::Live) => {
                self.phase = Phase::Deleting;
                Ok(self.versions[last].shown(name, level))
            }
            ("versions", Phase::Live) => {
                let mut shown: Vec<Value> = self.versions.iter().map(|version| version.shown(name, level)).collect();
                shown.sort_by_key(|version| version["id"].as_str().map(str::to_owned));
                Ok(page(&format!("secrets/{name}/versions"), &shown, query))
            }
            ("versions", _) => Ok(page("secrets", &[], query)),
            ("get" | "update", Phase::Live) => {
                let at = version.map_or(Some(last), |id| self.versions.iter().position(|version| version.id == id));
                let Some(found) = at.map(|at| &mut self.versions[at]) else { return missing(name) };
                if call == "update" {
                    found.tags = checked(body)?;
                    return Ok(found.shown(name, level));
                }
                if !found.is_enabled {
                    return refuse(403, "Forbidden", "SecretDisabled", "Operation get is not allowed on a disabled secret.");
                }
                Ok(found.bundle(name, level))
            }
            _ => missing(name),
        }
    }
}

impl Version {
    fn shown(&self, name: &str, level: &str) -> Value {
        let attributes = json!({"enabled": self.is_enabled, "created": self.created, "updated": self.created, "recoveryLevel": level});
        let id = format!("https://{VAULT}.vault.azure.net/secrets/{name}/{}", self.id);
        json!({"id": id, "attributes": attributes, "tags": self.tags})
    }

    fn bundle(&self, name: &str, level: &str) -> Value {
        let mut bundle = self.shown(name, level);
        bundle["value"] = json!(self.value);
        bundle
    }
}
