//! `[store]` in `.unleak.toml`: where the secrets of a tree are, where nobody says otherwise. Owns: its keys. Must not: open a store.

use serde::Deserialize;
use unleak::reference::Backend;
use unleak::store::endpoint::{is_aws_store, is_local};

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StoreDefaults {
    /// The store that migrations write to.
    pub kind: Option<Backend>,
    /// Region.
    pub region: Option<String>,
    /// Profile of the shared AWS configuration files.
    pub profile: Option<String>,
    /// Endpoint.
    pub endpoint_url: Option<String>,
    /// Where Vault's engine is mounted.
    pub mount: Option<String>,
}

impl StoreDefaults {
    /// What is wrong with them.
    ///
    /// # Errors
    /// In words. A tree brings its configuration: it must not lead secrets to somebody else.
    pub fn check(&self) -> Result<(), String> {
        match &self.endpoint_url {
            Some(url) if !is_local(url) && !is_aws_store(url) => {
                Err(format!("endpoint-url: {url:?} is neither on this machine nor a store of AWS; --endpoint-url takes others"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_does_not_lead_secrets_elsewhere() {
        let to = |url: &str| StoreDefaults { endpoint_url: Some(url.to_owned()), ..StoreDefaults::default() }.check();
        assert_eq!(to("http://127.0.0.1:4566"), Ok(()));
        assert_eq!(to("https://vpce-0a.secretsmanager.eu-west-1.vpce.amazonaws.com"), Ok(()));
        assert!(to("https://secrets.example").unwrap_err().contains("--endpoint-url"));
    }
}
