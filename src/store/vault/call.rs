//! Calls to Vault. Owns: the token, paths, what answers mean. Must not: know what is kept.

use serde_json::Value;
use zeroize::Zeroizing;

use super::super::StoreError;
use super::super::endpoint::require_private;
use super::super::http::{self, Answered, Asked, Http};
use super::super::limits::invalid;
use super::super::rest::{self, About, shortened};
use super::VaultSettings;

/// A server, and who asks it.
pub(super) struct Service {
    http: Http,
    settings: VaultSettings,
    token: Zeroizing<String>,
}

impl Service {
    pub(super) fn open(settings: VaultSettings) -> Result<Self, StoreError> {
        let address = settings.address.trim_end_matches('/').to_owned();
        if !settings.allow_insecure_endpoint {
            require_private(&address)?;
        }
        let token = rest::token("Vault", &settings.token)?;
        let http = Http::new(http::runtime()?, settings.certificates.clone())?;
        Ok(Self { http, settings: VaultSettings { address, ..settings }, token })
    }

    /// The server and namespace, as plans show them.
    pub(super) fn shown(&self) -> String {
        let namespace = self.settings.namespace.iter().map(String::as_str);
        [self.settings.address.as_str()].into_iter().chain(namespace).collect::<Vec<_>>().join(" ")
    }

    /// Asks; none where there is nothing there. The content of the request is never in an error.
    pub(super) fn ask(
        &self,
        about: About<'_>,
        method: &'static str,
        path: &str,
        content: Option<&Value>,
    ) -> Result<Option<Value>, StoreError> {
        understood(about, &self.answer(about, method, path, content)?)
    }

    /// The answer itself, also where there is nothing.
    pub(super) fn answer(
        &self,
        about: About<'_>,
        method: &'static str,
        path: &str,
        content: Option<&Value>,
    ) -> Result<Answered, StoreError> {
        let url = format!("{}/v1/{path}", self.settings.address);
        let body = rest::body(content);
        let mut headers = vec![("x-vault-token", self.token.as_str()), ("x-vault-request", "true"), ("content-type", "application/json")];
        headers.extend(self.settings.namespace.iter().map(|namespace| ("x-vault-namespace", namespace.as_str())));
        let make = || Asked { method, url: &url, headers: &headers, body: &body }.request(&[]);
        self.http.ask(&format!("Vault ({})", about.permission), &make, &|_| false)
    }
}

/// What an answer means; none: there is nothing there.
pub(super) fn understood(about: About<'_>, answer: &Answered) -> Result<Option<Value>, StoreError> {
    let json = answer.json();
    let reason = reason(&json);
    let name = about.name.to_owned();
    match answer.status {
        200 | 204 => Ok(Some(json)),
        404 => Ok(None),
        403 if reason.contains("invalid token") || reason.contains("bad token") => {
            Err(StoreError::Unusable(format!("Vault does not take this token: {reason}")))
        }
        403 => Err(StoreError::Denied { name, action: about.permission.to_owned() }),
        400 if reason.contains("check-and-set") => Err(StoreError::Exists { name }),
        status if reason.is_empty() => Err(invalid(about.name, format!("Vault answered {status} without a reason"))),
        status => Err(invalid(about.name, format!("Vault answered {status}: {reason}"))),
    }
}

fn reason(json: &Value) -> String {
    let errors = json["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
    shortened(&errors.collect::<Vec<_>>().join("; "))
}
