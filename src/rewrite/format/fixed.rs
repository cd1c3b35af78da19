//! Files that a tool of somebody else opens by a fixed name, and that have no references. Owns: the table, and what people are told instead. Must
//! not: change anything.

use super::Config;
use super::refused::{Refused, refused};

const READ_BY_NAME: &str = "its tool opens the file by this name and knows no references";
const OF_CI: &str = "the CI system reads the file itself and knows no references";
const A_CI_VARIABLE: &str = "make it a secret variable of the CI system, and delete it here";
const A_VARIABLE: &str = "have the tool take it from a variable of its environment, or move it out of this file";

const fn lines(name: &'static str, advice: &'static str) -> Refused {
    refused(name, "#", READ_BY_NAME, advice)
}

static NETRC: Refused = refused("netrc", "#", ".netrc has no references", "delete the entry and let a credential helper provide it");
static PYPIRC: Refused = lines("pypirc", "delete the line; twine takes TWINE_USERNAME and TWINE_PASSWORD, which `unleak run` can set");
static MYSQL: Refused = lines("my-cnf", "delete the line; keep the login with `mysql_config_editor set`, or give it by `--defaults-file`");
static AWS: Refused = lines("aws-credentials", "delete the keys; use roles, SSO, or a credential_process");
static BOTO: Refused = lines("boto", "delete the keys; use a role, or the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
static PIP: Refused = lines("pip", "delete the line; pip takes PIP_INDEX_URL, or asks the keyring");
static GRADLE: Refused = lines("gradle", "delete the line; Gradle takes the property NAME from the variable ORG_GRADLE_PROJECT_NAME");
static CARGO: Refused = lines("cargo", "delete the line; cargo takes CARGO_REGISTRY_TOKEN, or asks a credential provider");
static COMPOSER: Refused = refused("composer", "", READ_BY_NAME, "delete the file; Composer takes COMPOSER_AUTH");
static GEM: Refused = lines("gem", "delete the line; RubyGems takes GEM_HOST_API_KEY");
static RCLONE: Refused = lines("rclone", "delete the line; rclone takes RCLONE_CONFIG_REMOTE_KEY, or asks with --password-command");
static GH: Refused = lines("gh", "log in again with the system's keyring, or set GH_TOKEN");
static CI: Refused = refused("ci", "#", OF_CI, A_CI_VARIABLE);
static TOOL: Refused = lines("tool", A_VARIABLE);
static TOOL_JSON: Refused = refused("tool-json", "//", READ_BY_NAME, A_VARIABLE);

/// Ends of paths, in lower-case letters, and what is said of such files.
static FILES: [(&[&str], Config); 15] = [
    (&[".netrc", "_netrc"], Config(&NETRC)),
    (&[".pypirc"], Config(&PYPIRC)),
    (&[".my.cnf", "my.cnf", ".mylogin.cnf"], Config(&MYSQL)),
    (&["credentials", ".aws/config"], Config(&AWS)),
    (&[".boto", ".s3cfg"], Config(&BOTO)),
    (&["pip.conf", "pip.ini", ".pip/pip.conf"], Config(&PIP)),
    (&["gradle.properties"], Config(&GRADLE)),
    (&[".cargo/credentials.toml", ".cargo/credentials", ".cargo/config.toml", ".cargo/config"], Config(&CARGO)),
    (&["auth.json"], Config(&COMPOSER)),
    (&[".gem/credentials", ".bundle/config"], Config(&GEM)),
    (&["rclone.conf"], Config(&RCLONE)),
    (&["gh/hosts.yml"], Config(&GH)),
    (
        &[
            ".circleci/config.yml",
            ".travis.yml",
            "azure-pipelines.yml",
            "bitbucket-pipelines.yml",
            ".drone.yml",
            "appveyor.yml",
            "buildspec.yml",
            "cloudbuild.yaml",
        ],
        Config(&CI),
    ),
    (
        &[
            "pyproject.toml",
            "cargo.toml",
            "setup.cfg",
            "tox.ini",
            "pytest.ini",
            "mkdocs.yml",
            ".pre-commit-config.yaml",
            "netlify.toml",
            "wrangler.toml",
        ],
        Config(&TOOL),
    ),
    (
        &["package.json", "composer.json", "tsconfig.json", "firebase.json", ".mcp.json", ".vscode/settings.json", ".vscode/launch.json"],
        Config(&TOOL_JSON),
    ),
];

/// The rewriter that tells what to do, for a path of lower-case letters.
pub(super) fn of(path: &str) -> Option<&'static Config> {
    let ends = |end: &&str| path.strip_suffix(*end).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    // The longest end is the most exact one.
    let fits =
        FILES.iter().filter_map(|(ends_with, config)| Some((ends_with.iter().filter(|end| ends(end)).map(|end| end.len()).max()?, config)));
    fits.max_by_key(|(length, _)| *length).map(|(_, config)| config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::Rewriter as _;

    #[test]
    fn files_are_known_by_the_ends_of_their_paths() {
        for (path, name) in [
            (".pypirc", Some("pypirc")),
            ("home/.pypirc", Some("pypirc")),
            ("x.pypirc", None),
            (".gem/credentials", Some("gem")),
            (".aws/credentials", Some("aws-credentials")),
            ("android/gradle.properties", Some("gradle")),
            ("config.yml", None),
        ] {
            assert_eq!(of(path).map(Config::name), name, "{path}");
        }
    }
}
