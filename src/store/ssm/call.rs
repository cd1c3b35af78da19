//! Calls to Systems Manager. Owns: signing, the endpoint, what its answers mean. Must not: know parameters.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;
use zeroize::Zeroizing;

use super::super::StoreError;
use super::super::aws::error::{Call, no_credentials, of_code};
use super::super::aws::{Account, AwsSettings, public_endpoint};
use super::super::endpoint::require_private;
use super::super::http::{Asked, Http};

/// The name of the service in endpoints and signatures.
const SERVICE: &str = "ssm";
/// Credentials that end before this are fetched anew.
const SPARE: Duration = Duration::from_mins(5);

/// The service, for one account and region.
pub(super) struct Service {
    pub(super) account: Account,
    http: Http,
    url: String,
    /// The credentials in use: providers do not keep them.
    credentials: Mutex<Option<Credentials>>,
}

impl Service {
    pub(super) fn open(settings: &AwsSettings, endpoint: Option<&str>) -> Result<Self, StoreError> {
        let account = Account::open(settings, SERVICE)?;
        let own = account.own_endpoint.as_deref().or(endpoint).or(account.config.endpoint_url());
        let url = own.map_or_else(|| public_endpoint(&account.config, SERVICE), |own| own.trim_end_matches('/').to_owned());
        if !settings.allow_insecure_endpoint {
            require_private(&url)?;
        }
        let http = Http::new(account.runtime.clone(), None)?;
        Ok(Self { http, url: url + "/", account, credentials: Mutex::new(None) })
    }

    /// Asks for an operation. The content of the request is never in an error.
    pub(super) fn ask(&self, operation: &str, name: &str, content: &Value) -> Result<Value, StoreError> {
        let action = format!("ssm:{operation}");
        let body = Zeroizing::new(serde_json::to_vec(content).expect("because maps with text keys can be written as JSON"));
        let make = || self.signed(operation, &body);
        let answer = self.http.ask(&action, &make, &|answer| is_throttled(&code(&answer.json())))?;
        let json = answer.json();
        if answer.status == 200 && json.is_object() {
            return Ok(json);
        }
        let message = json["message"].as_str().or(json["Message"].as_str()).unwrap_or_default();
        Err(of_code(Call { at: &self.url, name, action: &action }, &code(&json), message, answer.status))
    }

    fn credentials(&self) -> Result<Identity, StoreError> {
        let none = || StoreError::Unusable("there are no AWS credentials to use".to_owned());
        let mut kept = self.credentials.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let soon = SystemTime::now() + SPARE;
        if let Some(known) = kept.as_ref().filter(|known| known.expiry().is_none_or(|end| end > soon)) {
            return Ok(known.clone().into());
        }
        let provider = self.account.config.credentials_provider().ok_or_else(none)?;
        let found = self.account.runtime.block_on(provider.provide_credentials());
        let found = found.map_err(|error| no_credentials(&error))?;
        Ok(kept.insert(found).clone().into())
    }

    fn signed(&self, operation: &str, body: &[u8]) -> Result<HttpRequest, StoreError> {
        let target = format!("AmazonSSM.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let (identity, region) = (self.credentials()?, self.account.region());
        let unfit = |error: &dyn std::fmt::Display| StoreError::Unusable(format!("the request cannot be signed: {error}"));
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unfit(&error))?
            .into();
        let request = SignableRequest::new("POST", self.url.as_str(), headers.into_iter(), SignableBody::Bytes(body))
            .map_err(|error| unfit(&error))?;
        let (instructions, _) = sign(request, &parameters).map_err(|error| unfit(&error))?.into_parts();
        let signature: Vec<(&str, &str)> = instructions.headers().collect();
        Asked { method: "POST", url: &self.url, headers: &headers, body }.request(&signature)
    }
}

/// The code of an error: what follows the `#` of its type.
fn code(json: &Value) -> String {
    let kind = json["__type"].as_str().unwrap_or_default();
    kind.rsplit('#').next().unwrap_or_default().to_owned()
}

fn is_throttled(code: &str) -> bool {
    matches!(code, "ThrottlingException" | "Throttling" | "TooManyUpdates" | "RequestLimitExceeded")
}
