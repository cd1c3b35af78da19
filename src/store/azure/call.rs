//! Calls to Azure Key Vault. Owns: the clouds of Azure and their addresses, the token in requests, what answers mean. Must not: know what is kept.
//!
//! Source: the REST reference of secrets, version 7.4 (<https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups>), and "Azure Key Vault
//! REST API Error Codes" (<https://learn.microsoft.com/azure/key-vault/general/rest-error-codes>).

use serde_json::Value;
use zeroize::Zeroizing;

use super::super::StoreError;
use super::super::endpoint::require_private;
use super::super::http::{self, Answered, Asked, Http};
use super::super::limits::invalid;
use super::super::rest::{About, shortened};
use super::AzureSettings;
use super::credentials::Identity;
use crate::reference::is_in_key_vault;

/// The version of the interface that is spoken.
const VERSION: &str = "api-version=7.4";

/// A cloud of Azure. Each has addresses of its own, and tokens of one are none in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cloud {
    Public,
    China,
    Government,
}

impl Cloud {
    pub(super) const ALL: [Self; 3] = [Self::Public, Self::China, Self::Government];

    /// What the addresses of its key vaults end with.
    const fn domain(self) -> &'static str {
        match self {
            Self::Public => "vault.azure.net",
            Self::China => "vault.azure.cn",
            Self::Government => "vault.usgovcloudapi.net",
        }
    }

    /// What tokens are for.
    pub(super) fn resource(self) -> String {
        format!("https://{}", self.domain())
    }

    /// Where tokens are had.
    pub(super) const fn authority(self) -> &'static str {
        match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::China => "https://login.chinacloudapi.cn",
            Self::Government => "https://login.microsoftonline.us",
        }
    }
}

/// The cloud and the host of a key vault, which is named or has its whole host for a name, as vals has it. A tree can name it: the token goes to
/// hosts of Azure alone.
pub(super) fn located(vault: &str) -> Option<(Cloud, String)> {
    let (name, domain) = vault.split_once('.').unwrap_or((vault, Cloud::Public.domain()));
    let is_name = (3..=24).contains(&name.len()) && name.chars().all(is_in_key_vault);
    let cloud = Cloud::ALL.into_iter().find(|cloud| cloud.domain() == domain).filter(|_| is_name)?;
    Some((cloud, format!("{name}.{domain}")))
}

/// The service, and who asks it.
pub(super) struct Service {
    http: Http,
    identity: Identity,
    /// The address of one key vault in place of its own, with that vault.
    endpoint: Option<(String, String)>,
}

impl Service {
    pub(super) fn open(settings: &AzureSettings) -> Result<Self, StoreError> {
        let endpoint = match (&settings.endpoint_url, &settings.vault) {
            (None, _) => None,
            (Some(url), Some(vault)) => {
                if !settings.allow_insecure_endpoint {
                    require_private(url)?;
                }
                Some((url.trim_end_matches('/').to_owned(), vault.clone()))
            }
            (Some(url), None) => {
                return Err(StoreError::Unusable(format!("{url} is the address of one key vault: --key-vault says which")));
            }
        };
        Ok(Self { endpoint, identity: Identity::new(settings)?, http: Http::new(http::runtime()?, None)? })
    }

    /// Asks a key vault; none where there is nothing there. The content of the request is never in an error.
    pub(super) fn ask(
        &self,
        about: About<'_>,
        vault: &str,
        method: &'static str,
        path: &str,
        body: &[u8],
    ) -> Result<Option<Value>, StoreError> {
        self.ask_unless(about, vault, (method, path, body), &|| Ok(()))
    }

    /// The same with `again` before each attempt but the first: whether another one is fine.
    pub(super) fn ask_unless(
        &self,
        about: About<'_>,
        vault: &str,
        (method, path, body): (&'static str, &str, &[u8]),
        again: &dyn Fn() -> Result<(), StoreError>,
    ) -> Result<Option<Value>, StoreError> {
        let (cloud, address) = self.address(vault)?;
        let sign = if path.contains('?') { '&' } else { '?' };
        let version = if path.contains(VERSION) { String::new() } else { format!("{sign}{VERSION}") };
        let url = format!("{address}/{path}{version}");
        let is_first = std::cell::Cell::new(true);
        let make = || {
            if !is_first.replace(false) {
                again()?;
            }
            let bearer = Zeroizing::new(format!("Bearer {}", self.identity.token(&self.http, cloud)?.as_str()));
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            Asked { method, url: &url, headers: &headers, body }.request(&[])
        };
        understood(about, &self.http.ask(&format!("the key vault {vault}"), &make, &|_| false)?)
    }

    /// All pages of a list.
    pub(super) fn pages(&self, about: About<'_>, vault: &str, path: &str) -> Result<Option<Vec<Value>>, StoreError> {
        let (mut all, mut next) = (Vec::new(), path.to_owned());
        loop {
            let Some(mut page) = self.ask(about, vault, "GET", &next, &[])? else { return Ok(None) };
            if let Some(Value::Array(found)) = page.get_mut("value").map(Value::take) {
                all.extend(found);
            }
            let Some(link) = page["nextLink"].as_str().filter(|link| !link.is_empty()) else { return Ok(Some(all)) };
            let unfit = || StoreError::Unreachable(format!("the key vault {vault} names a next page that is none"));
            followed(link).ok_or_else(unfit)?.clone_into(&mut next);
        }
    }

    fn address(&self, vault: &str) -> Result<(Cloud, String), StoreError> {
        let unfit = || StoreError::Unusable(format!("{vault:?} is no key vault of Azure: that is a name, or a name with its domain"));
        let (cloud, host) = located(vault).ok_or_else(unfit)?;
        match &self.endpoint {
            None => Ok((cloud, format!("https://{host}"))),
            Some((url, own)) if own == vault => Ok((cloud, url.clone())),
            Some((url, own)) => Err(StoreError::Unusable(format!("{url} is the address of the key vault {own}, not of {vault}"))),
        }
    }
}

/// The path of a link to a next page. Its server is not asked for: the token stays with the key vault.
fn followed(link: &str) -> Option<&str> {
    let path = link.split_once("://")?.1.split_once('/')?.1.trim_start_matches('/');
    ["secrets", "deletedsecrets"].iter().any(|list| path.starts_with(list)).then_some(path)
}

/// What an answer means; none: there is nothing there.
fn understood(about: About<'_>, answer: &Answered) -> Result<Option<Value>, StoreError> {
    let json = answer.json();
    let error = &json["error"];
    let reason = shortened(error["message"].as_str().unwrap_or_default());
    let inner = error["innererror"]["code"].as_str().or(error["code"].as_str()).unwrap_or_default();
    let name = about.name.to_owned();
    match (answer.status, inner) {
        (200, _) => Ok(Some(json)),
        (404, _) => Ok(None),
        (401, _) => Err(StoreError::Unusable(format!("Azure does not take this token: {reason}"))),
        (403, "SecretDisabled") => Err(invalid(about.name, "it is disabled in Azure; enable it, or take a version that is not".to_owned())),
        (403, "ForbiddenByFirewall" | "ForbiddenByConnection") => {
            Err(StoreError::Unusable(format!("the key vault does not take requests from here: {reason}")))
        }
        (403, _) => Err(StoreError::Denied { name, action: about.permission.to_owned() }),
        (409, "ObjectIsDeletedButRecoverable" | "ObjectIsBeingDeleted" | "ObjectIsBeingRecovered") => {
            Err(StoreError::PendingDeletion { name })
        }
        (status, _) if reason.is_empty() => Err(invalid(about.name, format!("Azure answered {status} without a reason"))),
        (status, _) => Err(invalid(about.name, format!("Azure answered {status}: {reason}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_vaults_are_hosts_of_azure_and_no_others() {
        for (vault, cloud, host) in [
            ("my-vault", Cloud::Public, "my-vault.vault.azure.net"),
            ("my-vault.vault.azure.net", Cloud::Public, "my-vault.vault.azure.net"),
            ("my-vault.vault.azure.cn", Cloud::China, "my-vault.vault.azure.cn"),
            ("v01.vault.usgovcloudapi.net", Cloud::Government, "v01.vault.usgovcloudapi.net"),
        ] {
            assert_eq!(located(vault), Some((cloud, host.to_owned())));
        }
        for vault in ["", "ab", "evil.example", "a.b.vault.azure.net", "my-vault.vault.azure.net.evil.example", "a@evil", "my-vault:8443"] {
            assert_eq!(located(vault), None, "{vault}");
        }
    }

    #[test]
    fn the_server_of_a_next_page_is_not_followed() {
        let page = "secrets?api-version=7.4&$skiptoken=x";
        for link in [format!("https://my-vault.vault.azure.net:443/{page}"), format!("https://evil.example/{page}")] {
            assert_eq!(followed(&link), Some(page));
        }
        assert_eq!(followed("https://my-vault.vault.azure.net/keys?x"), None);
        assert_eq!(followed("evil"), None);
    }
}
