//! The environment. Owns: every variable that the program itself reads. Must not: act on them.
//!
//! Colours follow `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM`, which `anstream` reads.

use std::ffi::OsString;
use std::path::PathBuf;

use unleak::secret::Secret;
use unleak::settings::Cache;
use unleak::source::git::GitEnvironment;

/// What opens the key of the local store; no command that is run gets it.
pub const PASSPHRASE: &str = "UNLEAK_PASSPHRASE";

#[cfg(feature = "aws")]
const AWS_REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
#[cfg(feature = "aws")]
const AWS_IDENTITY: [&str; 6] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// What the program knows of its surroundings.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// What git tells its hooks.
    pub git: GitEnvironment,
    /// What pre-commit tells in place of git when something is pushed.
    pub pre_commit: PreCommit,
    /// Whether this is a build service, where nobody watches.
    pub is_ci: bool,
    /// Whether the terminal can move its cursor.
    pub is_dumb: bool,
    /// Whether the terminal is known to show hyperlinks.
    pub has_hyperlinks: bool,
    /// `VISUAL`, else `EDITOR`: what opens a file, for a shell.
    pub editor: Option<OsString>,
    /// `USER`, `LOGNAME` or `USERNAME`: who works here.
    pub user: Option<String>,
    /// `XDG_STATE_HOME`, else `~/.local/state`: where journals of trees outside of git are, and the key of what is kept of histories.
    pub state_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`, else `~/.local/share`: where the local store is.
    pub data_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, else `~/.config`: where its key is.
    pub config_home: Option<PathBuf>,
    /// `UNLEAK_IDENTITY`: where that key is instead.
    pub identity: Option<PathBuf>,
    /// `UNLEAK_PASSPHRASE`: what opens that key.
    pub passphrase: Option<Secret>,
    /// `UNLEAK_STORE_DIR`: the folder of plain files.
    pub store_dir: Option<PathBuf>,
    /// What it says about Vault.
    #[cfg(feature = "vault")]
    pub vault: VaultEnvironment,
    /// What it says about Google Cloud.
    #[cfg(feature = "gcp")]
    pub gcp: GcpEnvironment,
    /// What it says about Azure.
    #[cfg(feature = "azure")]
    pub azure: AzureEnvironment,
    /// What it says about AWS; the SDK reads it for itself.
    #[cfg(feature = "aws")]
    pub aws: AwsEnvironment,
}

/// What the environment says about AWS: it comes before the configuration file.
#[cfg(feature = "aws")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsEnvironment {
    /// Whether `AWS_REGION` or `AWS_DEFAULT_REGION` says where.
    pub has_region: bool,
    /// Whether a profile, a key, a token or a container says who.
    pub has_identity: bool,
    /// `AWS_ENDPOINT_URL`: of all services.
    pub endpoint_url: Option<String>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
    pub own_endpoint_url: Option<String>,
    /// `AWS_ENDPOINT_URL_SSM`.
    pub ssm_endpoint_url: Option<String>,
}

/// What the environment says about Vault, or OpenBao, whose `BAO_…` come first.
#[cfg(feature = "vault")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VaultEnvironment {
    /// `VAULT_ADDR`.
    pub address: Option<String>,
    /// `VAULT_TOKEN`.
    pub token: Option<Secret>,
    /// `~/.vault-token`: where `vault login` leaves one.
    pub token_file: Option<PathBuf>,
    /// `VAULT_NAMESPACE`.
    pub namespace: Option<String>,
    /// `VAULT_CACERT`: certificates to trust.
    pub certificates: Option<PathBuf>,
}

/// What the environment says about Google Cloud, in the words of its own programs.
#[cfg(feature = "gcp")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcpEnvironment {
    /// `GOOGLE_OAUTH_ACCESS_TOKEN`, else `CLOUDSDK_AUTH_ACCESS_TOKEN`.
    pub token: Option<Secret>,
    /// `GOOGLE_APPLICATION_CREDENTIALS`: a key file.
    pub key_file: Option<PathBuf>,
    /// Where `gcloud auth application-default login` leaves one: in `CLOUDSDK_CONFIG`, else `~/.config/gcloud`.
    pub login_file: Option<PathBuf>,
    /// `GCE_METADATA_HOST`: the metadata server, which is asked only where this is set.
    pub metadata_host: Option<String>,
    /// `GOOGLE_CLOUD_PROJECT`, else `CLOUDSDK_CORE_PROJECT`.
    pub project: Option<String>,
    /// `CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER`.
    pub endpoint_url: Option<String>,
    /// `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER`.
    pub projects_endpoint_url: Option<String>,
}

#[cfg(feature = "gcp")]
impl GcpEnvironment {
    fn from(get: &impl Fn(&str) -> Option<OsString>) -> Self {
        let either = |names: [&str; 2]| names.into_iter().find_map(get);
        let text = |value: OsString| value.to_string_lossy().into_owned();
        let home = get("CLOUDSDK_CONFIG").map(PathBuf::from);
        let home = home.or_else(|| get("APPDATA").map(|folder| PathBuf::from(folder).join("gcloud")));
        let home = home.or_else(|| get("HOME").map(|home| PathBuf::from(home).join(".config/gcloud")));
        Self {
            token: either(["GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"]).map(|token| Secret::new(token.as_encoded_bytes())),
            key_file: get("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from),
            login_file: home.map(|home| home.join("application_default_credentials.json")),
            metadata_host: get("GCE_METADATA_HOST").map(text),
            project: either(["GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"]).map(text),
            endpoint_url: get("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER").map(text),
            projects_endpoint_url: get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER").map(text),
        }
    }
}

/// What the environment says about Azure, in the words of its own libraries.
#[cfg(feature = "azure")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AzureEnvironment {
    /// `AZURE_KEY_VAULT_NAME`, else `KEY_VAULT_NAME`.
    pub vault: Option<String>,
    /// `AZURE_ACCESS_TOKEN`: a token for key vaults.
    pub token: Option<Secret>,
    /// `AZURE_TENANT_ID`.
    pub tenant: Option<String>,
    /// `AZURE_CLIENT_ID`.
    pub client: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub secret: Option<Secret>,
    /// `AZURE_CLIENT_CERTIFICATE_PATH`: certificate and key of an application.
    pub certificate: Option<PathBuf>,
    /// Whether it has a password: `AZURE_CLIENT_CERTIFICATE_PASSWORD`.
    pub certificate_has_password: bool,
    /// `AZURE_FEDERATED_TOKEN_FILE`: what another issuer signed for this workload.
    pub federated: Option<PathBuf>,
    /// `AZURE_AUTHORITY_HOST`: who gives tokens.
    pub authority: Option<String>,
    /// `IDENTITY_ENDPOINT`: who tells a service of Azure its identity.
    pub identity_endpoint: Option<String>,
    /// `IDENTITY_HEADER`: what that wants to see.
    pub identity_header: Option<Secret>,
    /// `AZURE_TOKEN_CREDENTIALS`: which of these are tried.
    pub tried: Option<String>,
    /// `PATH`, where the Azure CLI can be.
    pub programs: Vec<PathBuf>,
}

#[cfg(feature = "azure")]
impl AzureEnvironment {
    fn from(get: &impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| get(name).map(|value| value.to_string_lossy().into_owned());
        let secret = |name: &str| get(name).map(|value| Secret::new(value.as_encoded_bytes()));
        Self {
            vault: text("AZURE_KEY_VAULT_NAME").or_else(|| text("KEY_VAULT_NAME")),
            token: secret("AZURE_ACCESS_TOKEN"),
            tenant: text("AZURE_TENANT_ID"),
            client: text("AZURE_CLIENT_ID"),
            secret: secret("AZURE_CLIENT_SECRET"),
            certificate: get("AZURE_CLIENT_CERTIFICATE_PATH").map(PathBuf::from),
            certificate_has_password: text("AZURE_CLIENT_CERTIFICATE_PASSWORD").is_some(),
            federated: get("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            authority: text("AZURE_AUTHORITY_HOST"),
            identity_endpoint: text("IDENTITY_ENDPOINT"),
            identity_header: secret("IDENTITY_HEADER"),
            tried: text("AZURE_TOKEN_CREDENTIALS"),
            programs: get("PATH").map(|list| std::env::split_paths(&list).collect()).unwrap_or_default(),
        }
    }
}

/// The variables of pre-commit's push hooks, of one reference that is pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreCommit {
    /// `PRE_COMMIT_FROM_REF`: what the remote has; not set for a new branch.
    pub from: Option<String>,
    /// `PRE_COMMIT_TO_REF`: what is pushed; not set for a new branch.
    pub to: Option<String>,
    /// `PRE_COMMIT_LOCAL_BRANCH`: the name of what is pushed.
    pub local_branch: Option<String>,
    /// `PRE_COMMIT_REMOTE_BRANCH`: its full name there.
    pub remote_branch: Option<String>,
    /// `PRE_COMMIT_REMOTE_NAME`.
    pub remote_name: Option<String>,
    /// `PRE_COMMIT_REMOTE_URL`.
    pub remote_url: Option<String>,
}

impl Environment {
    /// Where scans of a history keep what they saw: in the git directory, if there is a home for the key that it is sealed with.
    #[must_use]
    pub fn cache(&self) -> Cache {
        self.state_home.as_ref().map_or(Cache::Off, |state| Cache::GitDirectory { key: state.join("unleak/cache-key") })
    }

    /// Reads the variables of the process.
    pub fn read() -> Self {
        Self::from(variable)
    }

    /// Reads variables through `get`; an empty one counts as not set.
    fn from(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let path = |name: &str| get(name).map(PathBuf::from);
        let text = |name: &str| get(name).map(|value| value.to_string_lossy().into_owned());
        let pre_commit = |name: &str| text(&format!("PRE_COMMIT_{name}"));
        #[cfg(feature = "vault")]
        let of_vault = |name: &str| get(&format!("BAO_{name}")).or_else(|| get(&format!("VAULT_{name}")));
        #[cfg(feature = "vault")]
        let text_of_vault = |name: &str| of_vault(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            git: GitEnvironment {
                git_dir: path("GIT_DIR"),
                index_file: path("GIT_INDEX_FILE"),
                object_directory: path("GIT_OBJECT_DIRECTORY"),
                alternate_object_directories: get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
                    .map(|list| GitEnvironment::directories(&list))
                    .unwrap_or_default(),
            },
            pre_commit: PreCommit {
                from: pre_commit("FROM_REF"),
                to: pre_commit("TO_REF"),
                local_branch: pre_commit("LOCAL_BRANCH"),
                remote_branch: pre_commit("REMOTE_BRANCH"),
                remote_name: pre_commit("REMOTE_NAME"),
                remote_url: pre_commit("REMOTE_URL"),
            },
            is_ci: get("CI").is_some_and(|value| value != "false" && value != "0"),
            is_dumb: get("TERM").is_none_or(|value| value == "dumb"),
            has_hyperlinks: shows_hyperlinks(&get),
            editor: get("VISUAL").or_else(|| get("EDITOR")),
            user: ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(&get).map(|name| name.to_string_lossy().into_owned()),
            data_home: path("XDG_DATA_HOME").or_else(|| path("HOME").map(|home| home.join(".local/share"))),
            config_home: path("XDG_CONFIG_HOME").or_else(|| path("HOME").map(|home| home.join(".config"))),
            identity: path("UNLEAK_IDENTITY"),
            store_dir: path("UNLEAK_STORE_DIR"),
            #[cfg(feature = "vault")]
            vault: VaultEnvironment {
                address: text_of_vault("ADDR"),
                token: of_vault("TOKEN").map(|token| Secret::new(token.as_encoded_bytes())),
                token_file: path("HOME").map(|home| home.join(".vault-token")),
                namespace: text_of_vault("NAMESPACE"),
                certificates: of_vault("CACERT").map(PathBuf::from),
            },
            #[cfg(feature = "gcp")]
            gcp: GcpEnvironment::from(&get),
            #[cfg(feature = "azure")]
            azure: AzureEnvironment::from(&get),
            #[cfg(feature = "aws")]
            aws: AwsEnvironment {
                has_region: AWS_REGION.into_iter().any(|name| get(name).is_some()),
                has_identity: AWS_IDENTITY.into_iter().any(|name| get(name).is_some()),
                endpoint_url: text("AWS_ENDPOINT_URL"),
                own_endpoint_url: text("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
                ssm_endpoint_url: text("AWS_ENDPOINT_URL_SSM"),
            },
            passphrase: get(PASSPHRASE).map(|value| Secret::new(value.as_encoded_bytes())),
            state_home: path("XDG_STATE_HOME").or_else(|| path("HOME").map(|home| home.join(".local/state"))),
        }
    }
}

/// Terminals that say who they are and show OSC 8 links.
fn shows_hyperlinks(get: &impl Fn(&str) -> Option<OsString>) -> bool {
    const PROGRAMS: [&str; 6] = ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby"];
    // VTE has had them since 0.50.
    let vte = get("VTE_VERSION").and_then(|value| value.to_str()?.parse::<u32>().ok()).is_some_and(|version| version >= 5000);
    vte || get("TERM_PROGRAM").is_some_and(|value| PROGRAMS.iter().any(|known| value == *known))
        || get("TERM").is_some_and(|value| value == "xterm-kitty" || value == "foot")
        || get("WT_SESSION").is_some()
}

/// All variables, for commands that hand them on.
pub fn all() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

#[expect(clippy::disallowed_methods, reason = "this is the one file that reads the environment")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::from(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn nothing_set_is_a_plain_dumb_terminal() {
        let environment = environment(&[("GIT_DIR", ""), ("CI", "")]);
        assert_eq!(environment.git, GitEnvironment::default());
        assert!(environment.is_dumb && !environment.is_ci && !environment.has_hyperlinks);
    }

    #[test]
    fn git_tells_its_hooks_where_things_are() {
        let git = environment(&[("GIT_DIR", ".git"), ("GIT_INDEX_FILE", ".git/index.lock")]).git;
        assert_eq!((git.git_dir, git.index_file), (Some(".git".into()), Some(".git/index.lock".into())));
    }

    #[test]
    fn pre_commit_tells_one_push() {
        let said = environment(&[("PRE_COMMIT_TO_REF", "b"), ("PRE_COMMIT_REMOTE_NAME", "origin"), ("PRE_COMMIT_FROM_REF", "")]).pre_commit;
        assert_eq!(said, PreCommit { to: Some("b".to_owned()), remote_name: Some("origin".to_owned()), ..PreCommit::default() });
    }

    #[cfg(feature = "aws")]
    #[test]
    fn the_environment_says_where_and_who_on_aws() {
        assert_eq!(environment(&[("AWS_CONFIG_FILE", "x")]).aws, AwsEnvironment::default());
        let said = environment(&[("AWS_DEFAULT_REGION", "x"), ("AWS_PROFILE", "y"), ("AWS_ENDPOINT_URL", "z")]).aws;
        assert_eq!(
            said,
            AwsEnvironment { has_region: true, has_identity: true, endpoint_url: Some("z".to_owned()), ..AwsEnvironment::default() }
        );
    }

    #[cfg(feature = "gcp")]
    #[test]
    fn the_environment_says_where_and_who_on_google_cloud() {
        let none = environment(&[]).gcp;
        assert_eq!(none, GcpEnvironment::default());
        let said = environment(&[
            ("HOME", "/home/a"),
            ("CLOUDSDK_AUTH_ACCESS_TOKEN", "second"),
            ("GOOGLE_OAUTH_ACCESS_TOKEN", "first"),
            ("CLOUDSDK_CORE_PROJECT", "p"),
        ]);
        let expected = GcpEnvironment {
            token: Some(Secret::new(b"first")),
            login_file: Some("/home/a/.config/gcloud/application_default_credentials.json".into()),
            project: Some("p".to_owned()),
            ..none
        };
        assert_eq!(said.gcp, expected);
    }

    #[cfg(feature = "azure")]
    #[test]
    fn the_environment_says_where_and_who_on_azure() {
        let none = environment(&[]).azure;
        assert_eq!(none, AzureEnvironment::default());
        let said = environment(&[("KEY_VAULT_NAME", "second"), ("AZURE_KEY_VAULT_NAME", "first"), ("AZURE_CLIENT_SECRET", "s")]);
        let expected = AzureEnvironment { vault: Some("first".to_owned()), secret: Some(Secret::new(b"s")), ..none };
        assert_eq!(said.azure, expected);
    }

    #[test]
    fn terminals_and_services_are_known() {
        assert!(environment(&[("CI", "true")]).is_ci);
        assert!(!environment(&[("CI", "false")]).is_ci);
        assert!(!environment(&[("TERM", "xterm-256color")]).is_dumb);
        assert!(environment(&[("VTE_VERSION", "7600")]).has_hyperlinks);
        assert!(!environment(&[("VTE_VERSION", "4900")]).has_hyperlinks);
        assert!(environment(&[("TERM_PROGRAM", "WezTerm")]).has_hyperlinks);
    }
}
