//! Opening Google Secret Manager. Owns: which project, and whose credentials. Must not: read a value.

use unleak::reference::Backend;
use unleak::store::gcp::{GcpCredentials, GcpSettings, GcpStore};
use unleak::store::{SecretStore, StoreError};

use super::{Stores, secret_file};
use crate::failure::Failure;
use crate::migrate_failure::store_failure;

impl Stores<'_> {
    /// The project is said by the command line, the environment and the key file, and never by a tree: it could lead secrets to somebody else.
    pub(super) fn gcp(&self) -> Result<Box<dyn SecretStore>, Failure> {
        let (given, known) = (self.options, &self.environment.gcp);
        let of_file = self.endpoint_of_file(&[Backend::Gcp]);
        let endpoint = |said: &Option<String>| given.endpoint_url.as_ref().or(said.as_ref()).or(of_file).cloned();
        let settings = GcpSettings {
            project: given.project.as_ref().or(known.project.as_ref()).cloned(),
            credentials: self.gcp_credentials()?,
            endpoint_url: endpoint(&known.endpoint_url),
            projects_endpoint_url: endpoint(&known.projects_endpoint_url),
            allow_insecure_endpoint: false,
        };
        Ok(Box::new(GcpStore::open(&settings).map_err(store_failure)?))
    }

    fn gcp_credentials(&self) -> Result<GcpCredentials, Failure> {
        let known = &self.environment.gcp;
        if let Some(token) = &known.token {
            return Ok(GcpCredentials::Token(token.clone()));
        }
        if let Some(file) = &known.key_file {
            let missing = || Failure::with_file("read", file, &"there is no such file");
            return Ok(GcpCredentials::File(secret_file(file)?.ok_or_else(missing)?));
        }
        if let Some(host) = &known.metadata_host {
            return Ok(GcpCredentials::Metadata(host.clone()));
        }
        let unset = || {
            let what = "Google Cloud needs credentials: GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_OAUTH_ACCESS_TOKEN, or \
                        `gcloud auth application-default login`";
            store_failure(StoreError::Unusable(what.to_owned()))
        };
        let of_login = known.login_file.as_deref().map_or(Ok(None), secret_file)?;
        of_login.map(GcpCredentials::File).ok_or_else(unset)
    }
}
