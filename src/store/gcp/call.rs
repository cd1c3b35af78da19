//! Calls to Google Cloud. Owns: addresses, the token in requests, what answers mean. Must not: know what is kept.

use serde_json::Value;
use zeroize::Zeroizing;

use super::super::StoreError;
use super::super::endpoint::require_private;
use super::super::http::{self, Answered, Asked, Http};
use super::super::limits::invalid;
use super::super::oauth::encode;
use super::super::rest::{self, About, shortened};
use super::GcpSettings;
use super::credentials::Identity;

/// Where secrets are.
const SECRETS: &str = "https://secretmanager.googleapis.com";
/// Where permissions in a project are asked for.
const PROJECTS: &str = "https://cloudresourcemanager.googleapis.com";

/// The service, and who asks it.
pub(super) struct Service {
    http: Http,
    pub(super) identity: Identity,
    secrets: String,
    projects: String,
}

impl Service {
    pub(super) fn open(settings: &GcpSettings) -> Result<Self, StoreError> {
        let address = |said: &Option<String>, public: &str| {
            let url = said.as_deref().unwrap_or(public).trim_end_matches('/').to_owned();
            if settings.allow_insecure_endpoint { Ok(url) } else { require_private(&url).map(|()| url) }
        };
        Ok(Self {
            secrets: address(&settings.endpoint_url, SECRETS)?,
            projects: address(&settings.projects_endpoint_url, PROJECTS)?,
            identity: Identity::new(&settings.credentials)?,
            http: Http::new(http::runtime()?, None)?,
        })
    }

    /// Asks; none where there is nothing there. The content of the request is never in an error.
    pub(super) fn ask(
        &self,
        about: About<'_>,
        method: &'static str,
        path: &str,
        content: Option<&Value>,
    ) -> Result<Option<Value>, StoreError> {
        let body = rest::body(content);
        self.send(about, method, &format!("{}/v1/{path}", self.secrets), &body, &|| Ok(()))
    }

    /// Asks with a body, and `again` before each attempt but the first: whether another one is fine.
    pub(super) fn post_unless(
        &self,
        about: About<'_>,
        path: &str,
        body: &[u8],
        again: &dyn Fn() -> Result<(), StoreError>,
    ) -> Result<Option<Value>, StoreError> {
        self.send(about, "POST", &format!("{}/v1/{path}", self.secrets), body, again)
    }

    /// All pages, the members of `list` in them.
    pub(super) fn pages(&self, about: About<'_>, path: &str, list: &str) -> Result<Option<Vec<Value>>, StoreError> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let mut query = format!("{path}?pageSize=500");
            if !token.is_empty() {
                query.push_str("&pageToken=");
                encode(&token, &mut query);
            }
            let Some(mut page) = self.ask(about, "GET", &query, None)? else { return Ok(None) };
            if let Value::Array(found) = page[list].take() {
                all.extend(found);
            }
            match page["nextPageToken"].take() {
                Value::String(next) if !next.is_empty() => token = next,
                _ => return Ok(Some(all)),
            }
        }
    }

    /// Which of these permissions the identity has in a project.
    pub(super) fn permissions(&self, about: About<'_>, project: &str, asked: &Value) -> Result<Value, StoreError> {
        let url = format!("{}/v1/projects/{project}:testIamPermissions", self.projects);
        let answer = self.send(about, "POST", &url, asked.to_string().as_bytes(), &|| Ok(()))?;
        answer.ok_or_else(|| no_project(project))
    }

    fn send(
        &self,
        about: About<'_>,
        method: &'static str,
        url: &str,
        body: &[u8],
        again: &dyn Fn() -> Result<(), StoreError>,
    ) -> Result<Option<Value>, StoreError> {
        let is_first = std::cell::Cell::new(true);
        let make = || {
            if !is_first.replace(false) {
                again()?;
            }
            let bearer = Zeroizing::new(format!("Bearer {}", self.identity.token(&self.http)?.as_str()));
            let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
            headers.extend(self.identity.quota_project.as_deref().map(|project| ("x-goog-user-project", project)));
            Asked { method, url, headers: &headers, body }.request(&[])
        };
        understood(about, &self.http.ask(&format!("Google Cloud ({})", about.permission), &make, &|_| false)?)
    }
}

/// The error for a project that is none.
pub(super) fn no_project(project: &str) -> StoreError {
    StoreError::Unusable(format!("there is no project {project} in Google Cloud"))
}

/// What an answer means; none: there is nothing there.
fn understood(about: About<'_>, answer: &Answered) -> Result<Option<Value>, StoreError> {
    let json = answer.json();
    let error = &json["error"];
    let reason = shortened(error["message"].as_str().unwrap_or_default());
    let name = about.name.to_owned();
    match (answer.status, error["status"].as_str().unwrap_or_default()) {
        (200, _) => Ok(Some(json)),
        (404, _) => Ok(None),
        (401, _) => Err(StoreError::Unusable(format!("Google Cloud does not take this token: {reason}"))),
        (403, _) if is_of_project(error) => Err(StoreError::Unusable(format!("Google Cloud cannot be used: {reason}"))),
        (403, _) => Err(StoreError::Denied { name, action: about.permission.to_owned() }),
        (_, "ALREADY_EXISTS") => Err(StoreError::Exists { name }),
        (_, "ABORTED") => Err(StoreError::Unreachable(format!("{name}: somebody else changed it at the same time; try again"))),
        (_, "FAILED_PRECONDITION") if reason.contains("KMS") => Err(StoreError::Key { name, detail: reason }),
        (status, _) if reason.is_empty() => Err(invalid(about.name, format!("Google Cloud answered {status} without a reason"))),
        (status, _) => Err(invalid(about.name, format!("Google Cloud answered {status}: {reason}"))),
    }
}

/// Whether it is the project that cannot be used, such as one in which the service is switched off.
fn is_of_project(error: &Value) -> bool {
    let reasons = error["details"].as_array().into_iter().flatten().filter_map(|detail| detail["reason"].as_str());
    reasons.into_iter().any(|reason| matches!(reason, "SERVICE_DISABLED" | "BILLING_DISABLED" | "CONSUMER_INVALID" | "USER_PROJECT_DENIED"))
}
