//! References to secrets in a store, in the syntax of [vals](https://github.com/helmfile/vals): `ref+awssecrets://prod/app/db#/password`.
//! Owns: the parts of a reference, reading and writing it. Must not: ask a store.

use std::fmt;

/// The store that a reference leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The encrypted file of this machine, `ref+unleak://`: the one scheme of our own, since vals knows none for it.
    Local,
    /// AWS Secrets Manager, `ref+awssecrets://`.
    Aws,
}

impl Backend {
    /// The scheme of its references, without `://`.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Local => "ref+unleak",
            Self::Aws => "ref+awssecrets",
        }
    }

    /// The name that commands and plans use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Aws => "aws",
        }
    }
}

/// Where a value is kept. It holds no secret and can be committed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The store.
    pub backend: Backend,
    /// Name of the secret, or its ARN.
    pub name: String,
    /// Region, where it is not the one of the environment.
    pub region: Option<String>,
    /// Role to assume for reading, as an ARN.
    pub role_arn: Option<String>,
    /// Staging label; none means `AWSCURRENT`.
    pub version_stage: Option<String>,
    /// Id of a version; not together with a staging label.
    pub version_id: Option<String>,
    /// Member of the secret's JSON object; none means the whole value.
    pub key: Option<String>,
}

impl Reference {
    /// The current version of a secret, whole.
    #[must_use]
    pub const fn to(backend: Backend, name: String) -> Self {
        Self { backend, name, region: None, role_arn: None, version_stage: None, version_id: None, key: None }
    }

    /// The same secret's member `key`.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.backend.scheme(), self.name)?;
        let parameters = [
            ("region", &self.region),
            ("role_arn", &self.role_arn),
            ("version_stage", &self.version_stage),
            ("version_id", &self.version_id),
        ];
        let mut sign = '?';
        for (name, value) in parameters {
            if let Some(value) = value {
                write!(f, "{sign}{name}={value}")?;
                sign = '&';
            }
        }
        self.key.iter().try_for_each(|key| write!(f, "#/{key}"))
    }
}
