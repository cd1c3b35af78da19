//! Opening Azure Key Vault. Owns: which key vault, and whose credentials. Must not: read a value.

use std::path::PathBuf;

use unleak::reference::Backend;
use unleak::secret::Secret;
use unleak::store::azure::{AzureCredentials, AzureSettings, AzureStore, OF_MACHINE};
use unleak::store::{SecretStore, StoreError};

use super::Stores;
use crate::env::{AzureEnvironment, PASSPHRASE};
use crate::failure::Failure;
use crate::migrate_failure::store_failure;

/// Ways to credentials, in the words of `AZURE_TOKEN_CREDENTIALS`, in the order in which they are tried.
const ENVIRONMENT: &str = "EnvironmentCredential";
const WORKLOAD: &str = "WorkloadIdentityCredential";
const MANAGED: &str = "ManagedIdentityCredential";
const CLI: &str = "AzureCliCredential";
/// All but the last, and the last alone.
const GROUPS: [&str; 2] = ["prod", "dev"];
/// How the Azure CLI is called on each system.
const PROGRAMS: &[&str] = if cfg!(windows) { &["az.cmd", "az.exe"] } else { &["az"] };

impl Stores<'_> {
    /// The key vault is said by the command line and the environment, and never by a tree: it could lead secrets to somebody else.
    pub(super) fn azure(&self) -> Result<Box<dyn SecretStore>, Failure> {
        let (given, known) = (self.options, &self.environment.azure);
        let of_file = self.endpoint_of_file(&[Backend::Azure]);
        let settings = AzureSettings {
            vault: given.key_vault.as_ref().or(known.vault.as_ref()).cloned(),
            credentials: credentials(known).map_err(|what| store_failure(StoreError::Unusable(what)))?,
            authority: known.authority.clone(),
            endpoint_url: given.endpoint_url.as_ref().or(of_file).cloned(),
            allow_insecure_endpoint: false,
        };
        Ok(Box::new(AzureStore::open(&settings).map_err(store_failure)?))
    }
}

/// The first ones that the environment names. A machine is asked for its identity where that is named alone.
fn credentials(known: &AzureEnvironment) -> Result<AzureCredentials, String> {
    if let Some(token) = &known.token {
        return Ok(AzureCredentials::Token(token.clone()));
    }
    let tried = known.tried.as_deref().map(|tried| tried_of(tried)).transpose()?;
    let is_tried = |way: &str| match tried {
        None => true,
        Some("prod") => way != CLI,
        Some("dev") => way == CLI,
        Some(only) => way == only,
    };
    let application = || known.tenant.clone().zip(known.client.clone()).ok_or("Azure needs AZURE_TENANT_ID and AZURE_CLIENT_ID");
    if let Some(secret) = known.secret.as_ref().filter(|_| is_tried(ENVIRONMENT)) {
        let (tenant, client) = application()?;
        return Ok(AzureCredentials::Application { tenant, client, secret: secret.clone() });
    }
    if let Some(file) = known.certificate.as_ref().filter(|_| is_tried(ENVIRONMENT)) {
        if known.certificate_has_password {
            let file = file.display();
            return Err(format!(
                "{file} has a password (AZURE_CLIENT_CERTIFICATE_PASSWORD), and such certificates are not read: give one without, in PEM"
            ));
        }
        let (tenant, client) = application()?;
        return Ok(AzureCredentials::Certificate { tenant, client, file: file.clone() });
    }
    if let Some(file) = known.federated.as_ref().filter(|_| is_tried(WORKLOAD)) {
        let (tenant, client) = application()?;
        return Ok(AzureCredentials::Federated { tenant, client, file: file.clone() });
    }
    let managed = |endpoint: &str, header: Option<&Secret>| AzureCredentials::Managed {
        endpoint: endpoint.to_owned(),
        header: header.cloned(),
        client: known.client.clone(),
    };
    if let Some(endpoint) = known.identity_endpoint.as_ref().filter(|_| is_tried(MANAGED)) {
        return Ok(managed(endpoint, known.identity_header.as_ref()));
    }
    if tried == Some(MANAGED) {
        return Ok(managed(OF_MACHINE, None));
    }
    match program(known).filter(|_| is_tried(CLI)) {
        Some(program) => Ok(AzureCredentials::Cli { program, without: &[PASSPHRASE] }),
        None => Err("Azure needs credentials: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or \
                     AZURE_FEDERATED_TOKEN_FILE, a managed identity (IDENTITY_ENDPOINT), or `az login`"
            .to_owned()),
    }
}

/// What is tried, however it is written.
fn tried_of(said: &str) -> Result<&'static str, String> {
    let ways = [ENVIRONMENT, WORKLOAD, MANAGED, CLI].into_iter().chain(GROUPS);
    let found = ways.clone().find(|way| way.eq_ignore_ascii_case(said));
    found.ok_or_else(|| format!("AZURE_TOKEN_CREDENTIALS is none that is known: {}", ways.collect::<Vec<_>>().join(", ")))
}

/// The Azure CLI, from a folder that does not depend on where this runs.
fn program(known: &AzureEnvironment) -> Option<PathBuf> {
    let folders = known.programs.iter().filter(|folder| folder.is_absolute());
    folders.flat_map(|folder| PROGRAMS.iter().map(|name| folder.join(name))).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_named_asks() {
        let text = |text: &str| Some(text.to_owned());
        let secret = || Some(Secret::new(b"s"));
        let mut known = AzureEnvironment { identity_header: secret(), ..AzureEnvironment::default() };
        let said = |known: &AzureEnvironment| match credentials(known) {
            Ok(AzureCredentials::Token(_)) => "token".to_owned(),
            Ok(AzureCredentials::Application { tenant, .. }) => format!("application in {tenant}"),
            Ok(AzureCredentials::Certificate { file, .. }) => format!("certificate {}", file.display()),
            Ok(AzureCredentials::Federated { file, .. }) => format!("federated by {}", file.display()),
            Ok(AzureCredentials::Managed { endpoint, .. }) => format!("managed by {endpoint}"),
            Ok(AzureCredentials::Cli { program, .. }) => format!("cli {}", program.display()),
            Err(what) => what.split(':').next().unwrap_or_default().to_owned(),
        };
        assert_eq!(said(&known), "Azure needs credentials");
        known.programs = vec![".".into(), "bin".into()];
        assert_eq!(said(&known), "Azure needs credentials");
        let folder = tempfile::tempdir().unwrap();
        let az = folder.path().join(PROGRAMS[0]);
        std::fs::OpenOptions::new().write(true).create_new(true).open(&az).unwrap();
        known.programs.push(folder.path().to_owned());
        assert_eq!(said(&known), format!("cli {}", az.display()));
        known.tried = text("managedidentitycredential");
        assert_eq!(said(&known), format!("managed by {OF_MACHINE}"));
        known.tried = text("prod");
        assert_eq!(said(&known), "Azure needs credentials");
        known.tried = text("VisualStudioCredential");
        assert_eq!(said(&known), "AZURE_TOKEN_CREDENTIALS is none that is known");
        known.tried = None;
        known.identity_endpoint = text("http://localhost:1");
        assert_eq!(said(&known), "managed by http://localhost:1");
        known.federated = Some("/token".into());
        assert_eq!(said(&known), "Azure needs AZURE_TENANT_ID and AZURE_CLIENT_ID");
        (known.tenant, known.client) = (text("t"), text("c"));
        assert_eq!(said(&known), "federated by /token");
        known.certificate = Some("/c.pem".into());
        assert_eq!(said(&known), "certificate /c.pem");
        known.certificate_has_password = true;
        assert_eq!(said(&known), "/c.pem has a password (AZURE_CLIENT_CERTIFICATE_PASSWORD), and such certificates are not read");
        known.secret = secret();
        assert_eq!(said(&known), "application in t");
        known.tried = text("dev");
        assert_eq!(said(&known), format!("cli {}", az.display()));
        known.token = secret();
        assert_eq!(said(&known), "token");
    }
}
