//! Who asks Google Cloud. Owns: key files, the grants they are for, the metadata server. Must not: know secrets.

use std::time::{SystemTime, UNIX_EPOCH};

use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::super::StoreError;
use super::super::assertion::{self, key};
use super::super::endpoint::{is_local, require_private};
use super::super::http::{Asked, Http};
use super::super::oauth::{self, Fresh, Kept};
use super::super::rest;
use crate::secret::Secret;

/// What tokens are for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Where tokens are had, unless the key file says another place.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
/// Hosts of the metadata server; it has no TLS, and is part of the machine.
const METADATA: [&str; 2] = ["metadata.google.internal", "169.254.169.254"];
/// Seconds that a signed claim holds.
const LASTS: u64 = 3_600;
const WHOSE: &str = "Google Cloud";

/// Who asks.
#[derive(Debug, Clone)]
pub enum GcpCredentials {
    /// An access token.
    Token(Secret),
    /// The content of a key file: of a service account, or what `gcloud auth application-default login` leaves.
    File(Secret),
    /// The metadata server of the machine, by its host.
    Metadata(String),
}

/// How tokens are had.
enum Grant {
    Given(Zeroizing<String>),
    ServiceAccount { email: String, key_id: Option<String>, key: Box<RsaKeyPair>, url: String },
    User { id: String, secret: Zeroizing<String>, refresh: Zeroizing<String>, url: String },
    Metadata(String),
}

/// Somebody who asks, with the token in use.
pub(super) struct Identity {
    grant: Grant,
    kept: Kept,
    /// The project that the key file names.
    pub(super) project: Option<String>,
    /// The project that pays for what a user asks.
    pub(super) quota_project: Option<String>,
}

impl Identity {
    /// # Errors
    /// A token that is none, a key file that is not understood, or one that would send its secrets in the clear.
    pub(super) fn new(credentials: &GcpCredentials) -> Result<Self, StoreError> {
        let of = |grant| Self { grant, kept: Kept::default(), project: None, quota_project: None };
        match credentials {
            GcpCredentials::Token(token) => Ok(of(Grant::Given(rest::token(WHOSE, token)?))),
            GcpCredentials::Metadata(host) => {
                let url = format!("http://{host}");
                if METADATA.contains(&host.as_str()) || is_local(&url) {
                    return Ok(of(Grant::Metadata(url)));
                }
                Err(StoreError::Unusable(format!("{host} is no metadata server: that is {} or {}", METADATA[0], METADATA[1])))
            }
            GcpCredentials::File(content) => Self::of_file(content),
        }
    }

    fn of_file(content: &Secret) -> Result<Self, StoreError> {
        let unfit = |what: &str| StoreError::Unusable(format!("the key file of Google Cloud cannot be used: {what}"));
        let mut file: Value = serde_json::from_slice(content.expose()).map_err(|_| unfit("it is no JSON"))?;
        let text = |file: &Value, name: &str| file[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let url = text(&file, "token_uri").unwrap_or_else(|| TOKEN_URL.to_owned());
        require_private(&url)?;
        let mut secret = |name: &str| match file[name].take() {
            Value::String(text) => Some(Zeroizing::new(text)),
            _ => None,
        };
        let (private_key, client_secret, refresh) = (secret("private_key"), secret("client_secret"), secret("refresh_token"));
        let grant = match (file["type"].as_str(), private_key, client_secret, refresh) {
            (Some("service_account"), Some(pem), ..) => Grant::ServiceAccount {
                email: text(&file, "client_email").ok_or_else(|| unfit("client_email is missing"))?,
                key_id: text(&file, "private_key_id"),
                key: Box::new(key(&pem).ok_or_else(|| unfit("private_key is no RSA key in PKCS #8"))?),
                url,
            },
            (Some("authorized_user"), _, Some(secret), Some(refresh)) => {
                Grant::User { id: text(&file, "client_id").ok_or_else(|| unfit("client_id is missing"))?, secret, refresh, url }
            }
            (Some("service_account" | "authorized_user"), ..) => return Err(unfit("its secrets are missing")),
            _ => return Err(unfit("its type is neither service_account nor authorized_user")),
        };
        Ok(Self { grant, kept: Kept::default(), project: text(&file, "project_id"), quota_project: text(&file, "quota_project_id") })
    }

    /// The token in use.
    pub(super) fn token(&self, http: &Http) -> Result<Zeroizing<String>, StoreError> {
        match &self.grant {
            Grant::Given(token) => Ok(token.clone()),
            _ => self.kept.current(&|| self.fetch(http)),
        }
    }

    fn fetch(&self, http: &Http) -> Result<Fresh, StoreError> {
        match &self.grant {
            Grant::Given(_) => unreachable!("because a token that is given is not fetched"),
            Grant::ServiceAccount { email, key_id, key, url } => {
                let claim = signed(email, key_id.as_deref(), key, url)?;
                let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", claim.as_str())];
                oauth::grant(http, WHOSE, url, &form)
            }
            Grant::User { id, secret, refresh, url } => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", id.as_str()),
                    ("client_secret", secret.as_str()),
                    ("refresh_token", refresh.as_str()),
                ];
                oauth::grant(http, WHOSE, url, &form)
            }
            Grant::Metadata(host) => {
                let url = format!("{host}/computeMetadata/v1/instance/service-accounts/default/token");
                let headers = [("metadata-flavor", "Google")];
                let make = || Asked { method: "GET", url: &url, headers: &headers, body: b"" }.request(&[]);
                oauth::fresh(WHOSE, &http.direct()?.ask("the metadata server", &make, &|_| false)?)
            }
        }
    }
}

/// What a service account says of itself, signed: RFC 7523.
fn signed(email: &str, key_id: Option<&str>, key: &RsaKeyPair, url: &str) -> Result<Zeroizing<String>, StoreError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = key_id {
        header["kid"] = json!(id);
    }
    let claims = json!({"iss": email, "scope": SCOPE, "aud": url, "iat": now, "exp": now + LASTS});
    let unable = || StoreError::Unusable("the key of the service account cannot sign".to_owned());
    assertion::signed(&header, &claims, key, &RSA_PKCS1_SHA256).ok_or_else(unable)
}
