//! A strict fake of Google Secret Manager, with what gives tokens and knows permissions: it enforces the limits of names, labels, annotations and
//! values, and fails on request. Owns: its state and rules. Source: the REST reference of the service, version 1, as of 2026.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Map, Value, json};

use super::http::{Answer, Request};
use super::served::{Fault, Rules, Served, Trouble};

/// What requests are sent with.
pub const TOKEN: &str = "a-token-of-tests";
/// The projects there are.
pub const PROJECTS: [&str; 2] = ["my-project", "other-project"];
/// Secrets, or versions, of a page.
const PAGE: usize = 7;

type Refusal = (u16, &'static str, String);

#[derive(Default)]
pub struct State {
    /// By project and id.
    secrets: BTreeMap<(String, String), Secret>,
    trouble: Trouble,
    /// The key of the service account.
    key: Vec<u8>,
    grants: Vec<String>,
    /// Who pays for requests.
    payers: BTreeSet<String>,
}

#[derive(Default)]
struct Secret {
    about: Map<String, Value>,
    versions: Vec<(String, &'static str)>,
    etag: usize,
}

/// The server.
pub type FakeGcp = Served<State>;

impl Rules for State {
    fn trouble(&mut self) -> &mut Trouble {
        &mut self.trouble
    }

    fn answer(state: &Mutex<Self>, request: &Request) -> Answer {
        answer(state, request)
    }
}

impl FakeGcp {
    /// Knows the service account by this key.
    pub fn trust(&self, key: &[u8]) {
        self.state().key = key.to_vec();
    }

    /// The values of a secret of the first project.
    pub fn kept(&self, id: &str) -> Vec<String> {
        let state = self.state();
        let secret = state.secrets.get(&(PROJECTS[0].to_owned(), id.to_owned()));
        let text = |data: &String| String::from_utf8(BASE64.decode(data.as_bytes()).unwrap()).unwrap();
        secret.map(|secret| secret.versions.iter().map(|(data, _)| text(data)).collect()).unwrap_or_default()
    }

    /// What there is of a secret of the first project besides its values.
    pub fn about(&self, id: &str) -> Value {
        self.state().secrets[&(PROJECTS[0].to_owned(), id.to_owned())].about.clone().into()
    }

    /// Adds a version, as somebody else does; none adds the secret alone.
    pub fn put(&self, project: &str, id: &str, value: Option<&str>) {
        let mut state = self.state();
        let secret = state.secrets.entry((project.to_owned(), id.to_owned())).or_default();
        secret.versions.extend(value.map(|value| (BASE64.encode(value.as_bytes()), "ENABLED")));
    }

    /// Sets the state of a version of the first project, such as `DISABLED`.
    pub fn set_state(&self, id: &str, number: usize, to: &'static str) {
        self.state().secrets.get_mut(&(PROJECTS[0].to_owned(), id.to_owned())).unwrap().versions[number - 1].1 = to;
    }

    /// The grants that tokens were given for, and who pays for requests.
    pub fn asked(&self) -> (Vec<String>, BTreeSet<String>) {
        let state = self.state();
        (state.grants.clone(), state.payers.clone())
    }
}

fn reply(json: &Value) -> Answer {
    Answer::Reply(200, "application/json", json.to_string().into_bytes())
}

fn error((status, code, message): Refusal) -> Answer {
    let reason = if code == "CONSUMER_INVALID" { json!([{"reason": code}]) } else { json!([]) };
    let error = json!({"error": {"code": status, "message": message, "status": code, "details": reason}});
    Answer::Reply(status, "application/json", error.to_string().into_bytes())
}

fn refuse<T>(status: u16, code: &'static str, message: &str) -> Result<T, Refusal> {
    Err((status, code, message.to_owned()))
}

fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    let head = String::from_utf8_lossy(&request.head);
    let mut line = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut state = state.lock().unwrap();
    if path == "/token" {
        return state.token(request);
    }
    if path == "/computeMetadata/v1/instance/service-accounts/default/token" {
        let is_asked = request.header("metadata-flavor").as_deref() == Some("Google");
        return if is_asked { state.grant("metadata") } else { error((403, "PERMISSION_DENIED", "no Metadata-Flavor".to_owned())) };
    }
    if request.header("authorization").as_deref() != Some(&format!("Bearer {TOKEN}")) {
        return error((401, "UNAUTHENTICATED", "Request had invalid authentication credentials.".to_owned()));
    }
    state.payers.extend(request.header("x-goog-user-project"));
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let Some(path) = path.strip_prefix("/v1/projects/") else { return error((404, "NOT_FOUND", "no such path".to_owned())) };
    if let Some(project) = path.strip_suffix(":testIamPermissions") {
        return state.permissions(project, &body);
    }
    let Some((project, rest)) = path.split_once("/secrets") else { return error((404, "NOT_FOUND", "no such path".to_owned())) };
    let (id, verb) = rest.strip_prefix('/').unwrap_or_default().split_once([':', '/']).unwrap_or((rest.trim_start_matches('/'), ""));
    let call = match (method, id, verb) {
        ("POST", "", "") => "secrets.create",
        ("GET", "", "") => "secrets.list",
        ("GET", _, "") => "secrets.get",
        ("PATCH", _, "") => "secrets.update",
        ("POST", _, "addVersion") => "versions.add",
        ("GET", _, "versions") => "versions.list",
        ("GET", _, verb) if verb.ends_with(":access") => "versions.access",
        _ => return error((404, "NOT_FOUND", "no such method".to_owned())),
    };
    let fault = state.trouble.next(call);
    if let Some(answer) = fault.and_then(Fault::before) {
        return answer;
    }
    if fault == Some(Fault::Throttle) {
        return error((429, "RESOURCE_EXHAUSTED", "Quota exceeded".to_owned()));
    }
    if !PROJECTS.contains(&project) {
        return error((403, "CONSUMER_INVALID", format!("Project '{project}' not found or deleted.")));
    }
    let permission = format!("secretmanager.{call}");
    if fault == Some(Fault::Denied) || state.trouble.denied.contains(&permission) {
        return error((403, "PERMISSION_DENIED", format!("Permission '{permission}' denied on resource (or it may not exist).")));
    }
    match state.run(call, (project, id), verb, query, &body) {
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
    // Tokens have characters that a query does not take as they are.
    let start = of_query(query, "pageToken").strip_prefix("a%2Bb%3D").map_or(0, |number| number.parse().unwrap());
    let end = all.len().min(start + PAGE);
    let next = if end < all.len() { format!("a+b={end}") } else { String::new() };
    json!({list: all[start..end], "nextPageToken": next})
}

impl State {
    fn grant(&mut self, grant: &str) -> Answer {
        self.grants.push(grant.to_owned());
        reply(&json!({"access_token": TOKEN, "expires_in": 3_599, "token_type": "Bearer"}))
    }

    /// The grants of a key file.
    fn token(&mut self, request: &Request) -> Answer {
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let denied = |what: &str| {
            let answer = json!({"error": "invalid_grant", "error_description": what});
            Answer::Reply(400, "application/json", answer.to_string().into_bytes())
        };
        match of_query(&form, "grant_type") {
            "refresh_token" => {
                let is_known = form.ends_with("&client_id=id&client_secret=s%2Fecret&refresh_token=1%2F%2Frefresh");
                if is_known { self.grant("refresh_token") } else { denied("Bad Request") }
            }
            "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer" => match self.claims(of_query(&form, "assertion")) {
                Some(claims) if claims["aud"] == json!(format!("http://{}/token", request.header("host").unwrap_or_default())) => {
                    self.grant("service_account")
                }
                _ => denied("Invalid JWT Signature."),
            },
            _ => denied("unsupported_grant_type"),
        }
    }

    /// What a service account says of itself, if it signed that.
    fn claims(&self, assertion: &str) -> Option<Value> {
        let (said, signature) = assertion.rsplit_once('.')?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.key).verify(said.as_bytes(), &signature).ok()?;
        let part = |text: &str| serde_json::from_slice::<Value>(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap();
        let (header, claims) = said.split_once('.').map(|(header, claims)| (part(header), part(claims)))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let (begin, end) = (claims["iat"].as_u64()?, claims["exp"].as_u64()?);
        let is_right = header == json!({"alg": "RS256", "typ": "JWT", "kid": "k1"})
            && claims["iss"] == json!("shop@my-project.example")
            && claims["scope"] == json!("https://www.googleapis.com/auth/cloud-platform")
            && now.abs_diff(begin) < 60
            && end <= begin + 3_600;
        is_right.then_some(claims)
    }

    fn permissions(&self, project: &str, body: &Value) -> Answer {
        if !PROJECTS.contains(&project) {
            return error((403, "PERMISSION_DENIED", "The caller does not have permission".to_owned()));
        }
        let asked = body["permissions"].as_array().unwrap().iter().filter_map(Value::as_str);
        let allowed: Vec<&str> = asked.filter(|permission| !self.trouble.denied.contains(*permission)).collect();
        reply(&if allowed.is_empty() { json!({}) } else { json!({"permissions": allowed}) })
    }

    fn run(&mut self, call: &str, (project, id): (&str, &str), verb: &str, query: &str, body: &Value) -> Result<Value, Refusal> {
        if call == "secrets.list" {
            let own = self.secrets.iter().filter(|((of, _), _)| of == project);
            return Ok(page("secrets", &own.map(|((_, id), secret)| secret.shown(id)).collect::<Vec<_>>(), query));
        }
        let new = of_query(query, "secretId");
        let key = (project.to_owned(), if call == "secrets.create" { new } else { id }.to_owned());
        if call == "secrets.create" {
            if self.secrets.contains_key(&key) {
                return refuse(409, "ALREADY_EXISTS", "Secret already exists.");
            }
            let secret = Secret::new(new, body)?;
            let shown = secret.shown(new);
            self.secrets.insert(key, secret);
            return Ok(shown);
        }
        let Some(secret) = self.secrets.get_mut(&key) else {
            return refuse(404, "NOT_FOUND", "Secret not found or has no versions.");
        };
        match call {
            "secrets.get" => Ok(secret.shown(id)),
            "secrets.update" => secret.update(id, query, body),
            "versions.add" => secret.add(id, body),
            "versions.list" => {
                Ok(page("versions", &(1..=secret.versions.len()).rev().map(|number| secret.version(id, number)).collect::<Vec<_>>(), query))
            }
            _ => secret.access(id, verb.trim_start_matches("versions/").trim_end_matches(":access")),
        }
    }
}

fn is_key(key: &str, more: &str, starts: fn(char) -> bool) -> bool {
    let takes = |character: char| character.is_ascii_alphanumeric() || more.contains(character);
    (1..=63).contains(&key.len()) && key.chars().all(takes) && key.starts_with(starts)
}

/// Checks labels and annotations.
fn checked(body: &Value) -> Result<(), Refusal> {
    let is_lower = |text: &str| !text.chars().any(|character| character.is_ascii_uppercase());
    let is_lower_first = |character: char| character.is_ascii_lowercase();
    let labels: Vec<(&String, &str)> = pairs(&body["labels"]);
    let is_label = |(key, value): &(&String, &str)| {
        is_key(key, "_-", is_lower_first) && is_lower(key) && is_lower(value) && (value.is_empty() || is_key(value, "_-", |_| true))
    };
    if labels.len() > 64 || !labels.iter().all(is_label) {
        return refuse(400, "INVALID_ARGUMENT", "Label keys and values have lower case letters, digits, _ and - only.");
    }
    let annotations = pairs(&body["annotations"]);
    let is_plain = |character: char| character.is_ascii_alphanumeric();
    let bytes: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes >= 16_384 || !annotations.iter().all(|(key, _)| is_key(key, "_-.", is_plain) && key.ends_with(is_plain)) {
        return refuse(400, "INVALID_ARGUMENT", "The annotations are invalid.");
    }
    Ok(())
}

fn pairs(object: &Value) -> Vec<(&String, &str)> {
    object.as_object().into_iter().flatten().map(|(key, value)| (key, value.as_str().unwrap())).collect()
}

impl Secret {
    fn new(id: &str, body: &Value) -> Result<Self, Refusal> {
        if id.is_empty() || id.len() > 255 || !id.chars().all(|character| character.is_ascii_alphanumeric() || "_-".contains(character)) {
            return refuse(400, "INVALID_ARGUMENT", "The secret id is invalid.");
        }
        if body["replication"].as_object().is_none_or(|replication| replication.len() != 1) {
            return refuse(400, "INVALID_ARGUMENT", "Field [replication] is required.");
        }
        checked(body)?;
        Ok(Self { about: body.as_object().unwrap().clone(), versions: Vec::new(), etag: 1 })
    }

    fn shown(&self, id: &str) -> Value {
        let mut shown = self.about.clone();
        shown.insert("name".to_owned(), json!(format!("projects/123456789012/secrets/{id}")));
        shown.insert("createTime".to_owned(), json!("2026-01-01T00:00:01.123456Z"));
        shown.insert("etag".to_owned(), json!(format!("\"{}\"", self.etag)));
        shown.into()
    }

    fn update(&mut self, id: &str, query: &str, body: &Value) -> Result<Value, Refusal> {
        if body.get("etag").is_some_and(|etag| etag != &json!(format!("\"{}\"", self.etag))) {
            return refuse(400, "FAILED_PRECONDITION", "The etag provided does not match.");
        }
        checked(body)?;
        for field in of_query(query, "updateMask").split(',') {
            self.about.insert(field.to_owned(), body[field].clone());
        }
        self.etag += 1;
        Ok(self.shown(id))
    }

    fn version(&self, id: &str, number: usize) -> Value {
        let name = format!("projects/123456789012/secrets/{id}/versions/{number}");
        json!({"name": name, "createTime": "2026-01-01T00:00:02Z", "state": self.versions[number - 1].1})
    }

    fn add(&mut self, id: &str, body: &Value) -> Result<Value, Refusal> {
        let data = body["payload"]["data"].as_str().unwrap_or_default();
        match BASE64.decode(data.as_bytes()) {
            Ok(bytes) if bytes.len() <= 65_536 => self.versions.push((data.to_owned(), "ENABLED")),
            _ => return refuse(400, "INVALID_ARGUMENT", "The payload is invalid or too large."),
        }
        Ok(self.version(id, self.versions.len()))
    }

    fn access(&self, id: &str, version: &str) -> Result<Value, Refusal> {
        let aliased = self.about.get("versionAliases").and_then(|aliases| aliases[version].as_str()).unwrap_or(version);
        let number = if version == "latest" { Some(self.versions.len()) } else { aliased.parse().ok() };
        let Some((data, state)) = number.and_then(|number: usize| self.versions.get(number.checked_sub(1)?)) else {
            return refuse(404, "NOT_FOUND", "Secret Version not found.");
        };
        if *state != "ENABLED" {
            return refuse(400, "FAILED_PRECONDITION", &format!("Secret Version is in {state} state."));
        }
        Ok(json!({"name": format!("projects/123456789012/secrets/{id}/versions/{}", number.unwrap()), "payload": {"data": data}}))
    }
}
