//! Who asks Azure. Owns: the grants of Entra ID, managed identities, the token of the Azure CLI. Must not: know secrets, or try what nobody named.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use zeroize::Zeroizing;

use super::super::StoreError;
use super::super::endpoint::{is_of_machine, is_private, require_private};
use super::super::http::{Asked, Http};
use super::super::oauth::{self, Fresh, Kept, encode};
use super::super::rest;
use super::AzureSettings;
use super::call::Cloud;
use super::certificate;
use crate::secret::Secret;

/// Where virtual machines of Azure are told who they are; it has no TLS, and is part of the machine.
pub const OF_MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
const WHOSE: &str = "Azure";
/// What stands for a secret where another issuer signs who asks: RFC 7523.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Bytes that the Azure CLI says, at most.
const LONGEST_SAID: usize = 64 << 10;

/// Who asks.
#[derive(Debug, Clone)]
pub enum AzureCredentials {
    /// An access token for key vaults.
    Token(Secret),
    /// An application with a secret.
    Application {
        /// The directory it is in.
        tenant: String,
        /// Its id.
        client: String,
        /// Its secret.
        secret: Secret,
    },
    /// An application with a certificate.
    Certificate {
        /// The directory it is in.
        tenant: String,
        /// Its id.
        client: String,
        /// Certificate and RSA key, in PEM.
        file: PathBuf,
    },
    /// An application for which another issuer signs: workload identity.
    Federated {
        /// The directory it is in.
        tenant: String,
        /// Its id.
        client: String,
        /// What the issuer signed; read anew for each token.
        file: PathBuf,
    },
    /// The identity of the machine or the service that this runs on.
    Managed {
        /// Who tells it, such as [`OF_MACHINE`].
        endpoint: String,
        /// What a service of Azure wants to see for it; a machine wants nothing.
        header: Option<Secret>,
        /// The id of an identity that was assigned, where there are several.
        client: Option<String>,
    },
    /// Whoever is logged in with the Azure CLI.
    Cli {
        /// The program.
        program: PathBuf,
        /// Variables that it does not get.
        without: &'static [&'static str],
    },
}

/// Somebody who asks, with the tokens in use.
pub(super) struct Identity {
    credentials: AzureCredentials,
    authority: Option<String>,
    kept: [Kept; Cloud::ALL.len()],
}

impl Identity {
    /// # Errors
    /// Credentials that are none, or an authority or a metadata server that would see secrets in the clear.
    pub(super) fn new(settings: &AzureSettings) -> Result<Self, StoreError> {
        let unusable = |what: String| Err(StoreError::Unusable(what));
        match &settings.credentials {
            AzureCredentials::Token(token) => drop(rest::token(WHOSE, token)?),
            AzureCredentials::Application { tenant, .. }
            | AzureCredentials::Certificate { tenant, .. }
            | AzureCredentials::Federated { tenant, .. } => {
                let takes = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
                if tenant.is_empty() || !tenant.bytes().all(takes) {
                    return unusable(format!("{tenant:?} is no tenant of Azure"));
                }
            }
            AzureCredentials::Managed { endpoint, .. } if !is_of_machine(endpoint) && !is_private(endpoint) => {
                return unusable(format!("{endpoint} tells nobody's identity: that is on this machine, or has TLS"));
            }
            AzureCredentials::Managed { .. } | AzureCredentials::Cli { .. } => {}
        }
        let authority = settings.authority.as_deref().map(|host| {
            let scheme = if host.contains("://") { "" } else { "https://" };
            format!("{scheme}{}", host.trim_end_matches('/'))
        });
        authority.as_deref().map_or(Ok(()), require_private)?;
        Ok(Self { credentials: settings.credentials.clone(), authority, kept: Default::default() })
    }

    /// The token in use, for the key vaults of a cloud.
    pub(super) fn token(&self, http: &Http, cloud: Cloud) -> Result<Zeroizing<String>, StoreError> {
        match &self.credentials {
            AzureCredentials::Token(token) => rest::token(WHOSE, token),
            _ => self.kept[cloud as usize].current(&|| self.fetch(http, cloud)),
        }
    }

    fn fetch(&self, http: &Http, cloud: Cloud) -> Result<Fresh, StoreError> {
        match &self.credentials {
            AzureCredentials::Token(_) => unreachable!("because a token that is given is not fetched"),
            AzureCredentials::Application { tenant, client, secret } => {
                let secret = rest::token("the application in Azure (AZURE_CLIENT_SECRET)", secret)?;
                self.grant(http, cloud, (tenant, client), &[("client_secret", secret.as_str())])
            }
            AzureCredentials::Certificate { tenant, client, file } => {
                let assertion = certificate::assertion(file, client, &self.token_url(cloud, tenant))?;
                let proof = [("client_assertion_type", ASSERTION), ("client_assertion", assertion.as_str())];
                self.grant(http, cloud, (tenant, client), &proof)
            }
            AzureCredentials::Federated { tenant, client, file } => {
                let unread = |error| StoreError::Unusable(format!("cannot read {}: {error}", file.display()));
                let bytes = Zeroizing::new(std::fs::read(file).map_err(unread)?);
                let assertion = rest::token(&format!("the workload ({})", file.display()), &Secret::new(&bytes))?;
                let proof = [("client_assertion_type", ASSERTION), ("client_assertion", assertion.as_str())];
                self.grant(http, cloud, (tenant, client), &proof)
            }
            AzureCredentials::Managed { endpoint, header, client } => {
                managed(http, endpoint, header.as_ref(), client.as_deref(), &cloud.resource())
            }
            AzureCredentials::Cli { program, without } => of_cli(program, without, &cloud.resource()),
        }
    }

    /// What Entra ID gives an application.
    fn grant(&self, http: &Http, cloud: Cloud, (tenant, client): (&str, &str), proof: &[(&str, &str)]) -> Result<Fresh, StoreError> {
        let scope = format!("{}/.default", cloud.resource());
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("scope", scope.as_str())];
        oauth::grant(http, WHOSE, &self.token_url(cloud, tenant), &[&form, proof].concat())
    }

    /// Where an application gets its tokens.
    fn token_url(&self, cloud: Cloud, tenant: &str) -> String {
        let authority = self.authority.as_deref().unwrap_or(cloud.authority());
        format!("{authority}/{tenant}/oauth2/v2.0/token")
    }
}

/// The token of a managed identity: a service of Azure wants to see a header for it, and a machine that the request was meant for it.
fn managed(http: &Http, endpoint: &str, header: Option<&Secret>, client: Option<&str>, resource: &str) -> Result<Fresh, StoreError> {
    let version = if header.is_some() { "2019-08-01" } else { "2018-02-01" };
    let mut url = format!("{endpoint}?api-version={version}&resource=");
    encode(resource, &mut url);
    if let Some(client) = client {
        url.push_str("&client_id=");
        encode(client, &mut url);
    }
    let header = header.map(|header| rest::token("the managed identity (IDENTITY_HEADER)", header)).transpose()?;
    let headers = [header.as_ref().map_or(("metadata", "true"), |header| ("x-identity-header", header.as_str()))];
    let make = || Asked { method: "GET", url: &url, headers: &headers, body: b"" }.request(&[]);
    oauth::fresh(WHOSE, &http.direct()?.ask("the managed identity", &make, &|_| false)?)
}

/// The token of whoever is logged in with the Azure CLI, which renews it by itself.
fn of_cli(program: &Path, without: &[&str], resource: &str) -> Result<Fresh, StoreError> {
    let failed = |what: String| StoreError::Unusable(format!("the Azure CLI gives no token: {what}; try `az login`"));
    let mut command = Command::new(program);
    command.args(["account", "get-access-token", "--output", "json", "--resource", resource]);
    for name in without {
        command.env_remove(name);
    }
    command.env("AZURE_CORE_COLLECT_TELEMETRY", "false").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(format!("{} cannot be run: {error}", program.display())))?;
    let mut said = Zeroizing::new(Vec::with_capacity(LONGEST_SAID));
    let read = child.stdout.take().map(|out| out.take(LONGEST_SAID as u64).read_to_end(&mut said));
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    let json: Value = read.and_then(Result::ok).and_then(|_| serde_json::from_slice(&said).ok()).unwrap_or_default();
    match json {
        Value::Object(mut members) => match members.remove("accessToken") {
            Some(Value::String(token)) => {
                let token = Zeroizing::new(token);
                Ok(Fresh::unsaid(rest::token(WHOSE, &Secret::new(token.as_bytes()))?))
            }
            _ => Err(failed("there is none in what it says".to_owned())),
        },
        _ => Err(failed("what it says is no JSON".to_owned())),
    }
}
