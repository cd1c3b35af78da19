//! References to secrets in a store, in the syntax of [vals](https://github.com/helmfile/vals): `ref+awssecrets://prod/app/db#/password`.
//! A path of Parameter Store that stands for a secret, `/aws/reference/secretsmanager/NAME`, is read as that secret.
//! Owns: the parts of a reference, reading and writing it. Must not: ask a store.

pub mod native;

use std::fmt;

/// The store that a reference leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The encrypted file of this machine, `ref+unleak://`: the one scheme of our own, since vals knows none for it.
    Local,
    /// AWS Secrets Manager, `ref+awssecrets://`.
    Aws,
    /// Parameter Store of AWS Systems Manager, `ref+awsssm://`.
    Ssm,
    /// HashiCorp Vault or OpenBao, `ref+vault://`.
    Vault,
    /// Google Secret Manager, `ref+gcpsecrets://`.
    Gcp,
    /// Azure Key Vault, `ref+azurekeyvault://`.
    Azure,
    /// Plain files in a folder, `ref+file://`.
    File,
}

impl Backend {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Local, Self::Aws, Self::Ssm, Self::Vault, Self::Gcp, Self::Azure, Self::File];

    /// The scheme of its references, without `://`.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Local => "ref+unleak",
            Self::Aws => "ref+awssecrets",
            Self::Ssm => "ref+awsssm",
            Self::Vault => "ref+vault",
            Self::Gcp => "ref+gcpsecrets",
            Self::Azure => "ref+azurekeyvault",
            Self::File => "ref+file",
        }
    }

    /// The name that commands and plans use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Aws => "aws",
            Self::Ssm => "ssm",
            Self::Vault => "vault",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
            Self::File => "file",
        }
    }

    /// The store as people call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Local => "the local store",
            Self::Aws => "AWS Secrets Manager",
            Self::Ssm => "Parameter Store",
            Self::Vault => "Vault",
            Self::Gcp => "Google Secret Manager",
            Self::Azure => "Azure Key Vault",
            Self::File => "a folder of files",
        }
    }

    /// Whether its references name a region.
    #[must_use]
    pub fn has_regions(self) -> bool {
        self.parameters().contains(&"region")
    }

    /// Whether its names begin with where it is: the mount of Vault, the project of Google Cloud, the key vault of Azure, the folder. The identity ends with it.
    #[must_use]
    pub const fn has_root(self) -> bool {
        matches!(self, Self::Vault | Self::Gcp | Self::Azure | Self::File)
    }

    /// The parameters that its references have.
    const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Local | Self::Aws => &["region", "role_arn", "version_stage", "version_id"],
            Self::Ssm => &["region", "role_arn", "version", "mode"],
            Self::Vault | Self::Gcp => &["version"],
            // The version is a part of the path, and a file has no other one.
            Self::Azure | Self::File => &[],
        }
    }
}

/// Where a value is kept. It holds no secret and can be committed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The store.
    pub backend: Backend,
    /// Name of the secret, or its ARN; with the mount of Vault, the project of Google Cloud or the key vault of Azure before it; or the path of a file.
    pub name: String,
    /// Region, where it is not the one of the environment.
    pub region: Option<String>,
    /// Role to assume for reading, as an ARN.
    pub role_arn: Option<String>,
    /// Staging label; none means `AWSCURRENT`.
    pub version_stage: Option<String>,
    /// Id of a version; not together with a staging label.
    pub version_id: Option<String>,
    /// Member of the secret's JSON object; none means the whole value, which Vault has as the member `value`.
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
        let is_parameter = self.backend == Backend::Ssm;
        let has_stages = self.backend.parameters().contains(&"version_stage");
        let (stage, id) = if has_stages { ("version_stage", "version_id") } else { ("version", "version") };
        let parameters = [
            ("region", self.region.as_deref()),
            ("role_arn", self.role_arn.as_deref()),
            (stage, self.version_stage.as_deref()),
            (id, self.version_id.as_deref()),
            ("mode", self.key.as_ref().filter(|_| is_parameter).map(|_| WHOLE_PARAMETER)),
        ];
        if let Some(version) = self.version_id.as_deref().filter(|_| self.backend == Backend::Azure) {
            write!(f, "/{version}")?;
        }
        let mut sign = '?';
        for (name, value) in parameters.into_iter().filter(|_| self.backend != Backend::Azure) {
            if let Some(value) = value {
                write!(f, "{sign}{name}={value}")?;
                sign = '&';
            }
        }
        let whole = (self.backend == Backend::Vault).then_some(MEMBER_OF_WHOLE);
        self.key.as_deref().or(whole).iter().try_for_each(|key| write!(f, "#/{key}"))
    }
}

/// Why a text is no reference. No message holds more of the text than the part that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It does not start with a scheme that is known.
    #[error("a reference starts with {}", schemes())]
    Scheme,
    /// There is no name after the scheme.
    #[error("the name of the secret is missing after ://")]
    NoName,
    /// The name has a character that no store takes.
    #[error("{0:?} cannot stand in the name of a secret")]
    Name(char),
    /// The path of a file depends on where it is read.
    #[error("the path of a file is absolute: ref+file:///FOLDER/NAME")]
    Relative,
    /// A parameter is not known.
    #[error("there is no parameter {0:?}; {known}", known = known(.1))]
    Parameter(String, &'static [&'static str]),
    /// A mode of Parameter Store other than the one that is read.
    #[error("mode is {WHOLE_PARAMETER} or not there")]
    Mode,
    /// A parameter has no value, or stands twice.
    #[error("the parameter {0} needs one value")]
    Value(&'static str),
    /// Both a staging label and a version id.
    #[error("version_stage and version_id exclude each other")]
    TwoVersions,
    /// There is no key after `#`.
    #[error("the key is missing after #/")]
    NoKey,
}

/// All schemes, in words.
fn schemes() -> String {
    let [own, others @ ..] = Backend::ALL.map(|backend| format!("{}://", backend.scheme()));
    format!("{} or {own}", others.join(", "))
}

/// The parameters that there are, in words.
fn known(parameters: &[&str]) -> String {
    if parameters.is_empty() { "such a reference has none".to_owned() } else { format!("known are {}", parameters.join(", ")) }
}

/// How Parameter Store names a secret.
pub const POINTER: &str = "/aws/reference/secretsmanager/";
/// The scheme of vals for Parameter Store.
const PARAMETER_STORE: &str = "ref+awsssm://";

/// What tells vals that `#/KEY` is a member of the parameter's value, and not another parameter below its name.
const WHOLE_PARAMETER: &str = "singleparam";

/// The member that Vault has a value in which is no object: it keeps members only.
pub const MEMBER_OF_WHOLE: &str = "value";

/// Whether a character can stand in the name of a secret: those of AWS, and `:` of ARNs.
const fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '/' | '_' | '+' | '=' | '.' | '@' | '-' | ':')
}

/// Whether a character can stand in the name of a secret of Azure.
pub(crate) const fn is_in_key_vault(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-'
}

/// Whether a character can stand in the name of a secret of Google Cloud.
pub(crate) const fn is_in_project(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

impl std::str::FromStr for Reference {
    type Err = ReferenceError;

    /// Reads a whole text as a reference; `#key` is read like `#/key`.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if let Some(rest) = pointed(text) {
            return Self::parse(Backend::Aws, rest).map(Self::without_version_in_name);
        }
        let (backend, rest) = Backend::ALL
            .into_iter()
            .find_map(|backend| Some((backend, text.strip_prefix(backend.scheme())?.strip_prefix("://")?)))
            .ok_or(ReferenceError::Scheme)?;
        // vals gives the name of a parameter its first slash.
        let is_parameter = backend == Backend::Ssm;
        Self::parse(backend, if is_parameter { rest.trim_start_matches('/') } else { rest })
    }
}

/// What follows a path of Parameter Store that stands for a secret; none where the text is no such path.
fn pointed(text: &str) -> Option<&str> {
    let Some(path) = text.strip_prefix(PARAMETER_STORE) else { return text.strip_prefix(POINTER) };
    path.strip_prefix(POINTER).or_else(|| path.strip_prefix(&POINTER[1..]))
}

impl Reference {
    /// What follows the scheme.
    fn parse(backend: Backend, rest: &str) -> Result<Self, ReferenceError> {
        let (rest, key) = match rest.split_once('#') {
            Some((rest, key)) => (rest, Some(key.strip_prefix('/').unwrap_or(key).to_owned())),
            None => (rest, None),
        };
        if key.as_ref().is_some_and(String::is_empty) {
            return Err(ReferenceError::NoKey);
        }
        let (name, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if name.is_empty() {
            return Err(ReferenceError::NoName);
        }
        if let Some(wrong) = name.chars().find(|&character| !is_name(character)) {
            return Err(ReferenceError::Name(wrong));
        }
        let (name, key, version_id) = match backend {
            Backend::Vault => in_vault(name, key).map(|(name, key)| (name, key, None))?,
            Backend::Gcp => (in_project(name)?, key, None),
            Backend::Azure => in_key_vault(name).map(|(name, version)| (name, key, version))?,
            Backend::File if !name.starts_with('/') => return Err(ReferenceError::Relative),
            Backend::Local | Backend::Aws | Backend::Ssm | Backend::File => (name, key, None),
        };
        let mut reference = Self { version_id, key, ..Self::to(backend, name.to_owned()) };
        let mut is_whole = backend != Backend::Ssm;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.strip_prefix("mode=").filter(|_| !is_whole) {
                Some(WHOLE_PARAMETER) => is_whole = true,
                Some(_) => return Err(ReferenceError::Mode),
                None => reference.set(parameter)?,
            }
        }
        if let Some(below) = reference.key.take_if(|_| !is_whole) {
            reference.name = format!("{}/{below}", reference.name);
        }
        if reference.version_stage.is_some() && reference.version_id.is_some() {
            return Err(ReferenceError::TwoVersions);
        }
        Ok(reference)
    }

    /// Parameter Store has the version after the name: `NAME:LABEL` or `NAME:ID`.
    fn without_version_in_name(mut self) -> Self {
        let Some((name, version)) = self.name.split_once(':') else { return self };
        let is_id = version.len() >= 32;
        let field = if is_id { &mut self.version_id } else { &mut self.version_stage };
        *field = Some(version.to_owned());
        self.name = name.to_owned();
        self
    }

    fn set(&mut self, parameter: &str) -> Result<(), ReferenceError> {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let known = self.backend.parameters();
        let known = known.iter().find(|known| **known == name).ok_or_else(|| ReferenceError::Parameter(name.to_owned(), known))?;
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let field = match *known {
            "region" => &mut self.region,
            "role_arn" => &mut self.role_arn,
            "version_stage" => &mut self.version_stage,
            // A parameter has labels, and a secret of Google Cloud aliases of versions.
            "version" if !is_number && self.backend == Backend::Vault => return Err(ReferenceError::Value("version")),
            "version" if !is_number => &mut self.version_stage,
            _ => &mut self.version_id,
        };
        if value.is_empty() || field.is_some() {
            return Err(ReferenceError::Value(known));
        }
        *field = Some(value.to_owned());
        Ok(())
    }
}

/// Vault has members only: without one in the fragment, it is the last part of the name, as vals has it.
fn in_vault(name: &str, key: Option<String>) -> Result<(&str, Option<String>), ReferenceError> {
    let (name, key) = match key {
        Some(key) => (name, key),
        None => name.rsplit_once('/').map(|(name, key)| (name, key.to_owned())).ok_or(ReferenceError::NoKey)?,
    };
    if key.is_empty() {
        return Err(ReferenceError::NoKey);
    }
    let is_path = name.split_once('/').is_some_and(|(mount, path)| !mount.is_empty() && !path.is_empty());
    if is_path { Ok((name, Some(key).filter(|key| key != MEMBER_OF_WHOLE))) } else { Err(ReferenceError::NoName) }
}

/// Google Cloud has secrets in projects, and no slash in their names.
fn in_project(name: &str) -> Result<&str, ReferenceError> {
    let (project, id) = name.split_once('/').ok_or(ReferenceError::NoName)?;
    match id.chars().find(|&character| !is_in_project(character)) {
        Some(wrong) => Err(ReferenceError::Name(wrong)),
        None if project.is_empty() || id.is_empty() => Err(ReferenceError::NoName),
        None => Ok(name),
    }
}

/// Azure has secrets in key vaults, each with its version after it where one is named, as vals has it.
fn in_key_vault(name: &str) -> Result<(&str, Option<String>), ReferenceError> {
    let (vault, path) = name.strip_suffix('/').unwrap_or(name).split_once('/').ok_or(ReferenceError::NoName)?;
    let (id, version) = path.split_once('/').map_or((path, None), |(id, version)| (id, Some(version)));
    let mut characters = id.chars().chain(version.unwrap_or_default().chars());
    match characters.find(|&character| !is_in_key_vault(character)) {
        Some(wrong) => Err(ReferenceError::Name(wrong)),
        None if vault.is_empty() || id.is_empty() || version == Some("") => Err(ReferenceError::NoName),
        None => Ok((&name[..vault.len() + 1 + id.len()], version.map(str::to_owned))),
    }
}

/// The references that stand in a text, with their bytes: each from its scheme to the first character that no reference holds. What starts
/// like one and is none is given with its error.
pub fn find_all(text: &[u8]) -> impl Iterator<Item = (std::ops::Range<usize>, Result<Reference, ReferenceError>)> + '_ {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let schemes = memchr::memmem::find_iter(text, b"ref+").filter(move |&start| !text[..start].last().is_some_and(is_word));
    let mut starts: Vec<usize> = schemes.chain(memchr::memmem::find_iter(text, POINTER)).collect();
    starts.sort_unstable();
    let mut covered = 0;
    starts.into_iter().filter_map(move |start| {
        let is_part = |byte: u8| is_name(char::from(byte)) || matches!(byte, b'?' | b'&' | b'#');
        let length = text[start..].iter().take_while(|&&byte| is_part(byte)).count();
        if start < covered || !is_start(&text[start..], length) {
            return None;
        }
        covered = start + length;
        // A full stop or colon after it belongs to the sentence.
        let found = text[start..start + length].trim_ascii_end();
        let found = found.strip_suffix(b".").or(found.strip_suffix(b":")).unwrap_or(found);
        let parsed = std::str::from_utf8(found).map_err(|_| ReferenceError::Scheme).and_then(str::parse);
        Some((start..start + found.len(), parsed))
    })
}

/// Whether a text begins like a reference of so many bytes. A path that goes on as a pattern or a template stands for no secret, and neither does a
/// file of the tree, which others name by a path that is not absolute.
fn is_start(text: &[u8], length: usize) -> bool {
    let of_scheme = |scheme: &str| text.strip_prefix(scheme.as_bytes()).is_some_and(|rest| rest.starts_with(b"://"));
    if text.starts_with(POINTER.as_bytes()) {
        return length > POINTER.len() && !matches!(text.get(length), Some(b'*' | b'$' | b'{' | b'<' | b'%'));
    }
    let is_relative = of_scheme(Backend::File.scheme()) && !text[Backend::File.scheme().len()..].starts_with(b":///");
    Backend::ALL.iter().any(|backend| of_scheme(backend.scheme())) && !is_relative
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Reference, ReferenceError> {
        text.parse()
    }

    #[test]
    fn both_spellings_of_a_key_are_read_and_one_is_written() {
        for text in ["ref+awssecrets://prod/app/db#/password", "ref+awssecrets://prod/app/db#password"] {
            let reference = read(text).unwrap();
            assert_eq!(reference, Reference::to(Backend::Aws, "prod/app/db".to_owned()).with_key("password"));
            assert_eq!(reference.to_string(), "ref+awssecrets://prod/app/db#/password");
        }
        let arn = "ref+awssecrets://arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/app-AbCdEf?region=eu-west-1&version_stage=AWSPREVIOUS";
        let reference = read(arn).unwrap();
        assert_eq!(reference.version_stage.as_deref(), Some("AWSPREVIOUS"));
        assert_eq!(reference.to_string(), arn);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, error) in [
            ("ref+op://a", ReferenceError::Scheme),
            ("ref+gcpsecrets://a", ReferenceError::NoName),
            ("ref+gcpsecrets://project/", ReferenceError::NoName),
            ("ref+gcpsecrets:///a", ReferenceError::NoName),
            ("ref+gcpsecrets://project/a/b", ReferenceError::Name('/')),
            ("ref+gcpsecrets://project/a?version=1&version=x", ReferenceError::TwoVersions),
            ("ref+gcpsecrets://project/a?region=x", ReferenceError::Parameter("region".to_owned(), Backend::Gcp.parameters())),
            ("ref+azurekeyvault://vault", ReferenceError::NoName),
            ("ref+azurekeyvault://vault/", ReferenceError::NoName),
            ("ref+azurekeyvault:///a", ReferenceError::NoName),
            ("ref+azurekeyvault://vault//b", ReferenceError::NoName),
            ("ref+azurekeyvault://vault/a_b", ReferenceError::Name('_')),
            ("ref+azurekeyvault://vault/a/1/2", ReferenceError::Name('/')),
            ("ref+azurekeyvault://vault/a?version=1", ReferenceError::Parameter("version".to_owned(), &[])),
            ("ref+file://values.yaml#/a", ReferenceError::Relative),
            ("ref+file:///a?encode=base64", ReferenceError::Parameter("encode".to_owned(), &[])),
            ("awssecrets://a", ReferenceError::Scheme),
            ("ref+unleak://", ReferenceError::NoName),
            ("ref+unleak://#/a", ReferenceError::NoName),
            ("ref+unleak://a b", ReferenceError::Name(' ')),
            ("ref+unleak://a#", ReferenceError::NoKey),
            ("ref+unleak://a#/", ReferenceError::NoKey),
            ("ref+awssecrets://a?regoin=x", ReferenceError::Parameter("regoin".to_owned(), Backend::Aws.parameters())),
            ("ref+awsssm://a?version_id=1", ReferenceError::Parameter("version_id".to_owned(), Backend::Ssm.parameters())),
            ("ref+awsssm://a?version=1&version=a", ReferenceError::TwoVersions),
            ("ref+awsssm://a?mode=multi", ReferenceError::Mode),
            ("ref+awsssm:///", ReferenceError::NoName),
            ("ref+vault://secret", ReferenceError::NoKey),
            ("ref+vault://secret/a", ReferenceError::NoName),
            ("ref+vault://secret#/a", ReferenceError::NoName),
            ("ref+vault://secret/a/", ReferenceError::NoKey),
            ("ref+vault://secret/a?version=x#/b", ReferenceError::Value("version")),
            // Whoever wrote the tree does not say where the token goes.
            ("ref+vault://secret/a?address=https://x#/b", ReferenceError::Parameter("address".to_owned(), Backend::Vault.parameters())),
            ("ref+awssecrets://a?region=", ReferenceError::Value("region")),
            ("ref+awssecrets://a?region=a&region=b", ReferenceError::Value("region")),
            ("ref+awssecrets://a?version_stage=A&version_id=B", ReferenceError::TwoVersions),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
    }

    #[test]
    fn paths_of_parameter_store_stand_for_secrets() {
        for text in [
            "/aws/reference/secretsmanager/prod/db",
            "ref+awsssm:///aws/reference/secretsmanager/prod/db",
            "ref+awsssm://aws/reference/secretsmanager/prod/db",
        ] {
            let reference = read(&format!("{text}?region=eu-west-1#/password")).unwrap();
            assert_eq!(reference.to_string(), "ref+awssecrets://prod/db?region=eu-west-1#/password", "{text}");
        }
        let version = |version: &str| read(&format!("/aws/reference/secretsmanager/a:{version}")).unwrap().to_string();
        assert_eq!(version("AWSPREVIOUS"), "ref+awssecrets://a?version_stage=AWSPREVIOUS");
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(version(id), format!("ref+awssecrets://a?version_id={id}"));
        assert_eq!(read("/aws/reference/secretsmanager/"), Err(ReferenceError::NoName));
        assert_eq!(read("/aws/reference/other/a"), Err(ReferenceError::Scheme));
        let text = b"valueFrom: arn:aws:ssm:eu-west-1:1:parameter/aws/reference/secretsmanager/a\nB=ref+awsssm:///aws/reference/secretsmanager/b\n\
            \"parameter/aws/reference/secretsmanager/*\" /aws/reference/secretsmanager/${name} ref+awsssm://other";
        let found: Vec<String> = find_all(text).map(|(_, parsed)| parsed.unwrap().to_string()).collect();
        assert_eq!(found, ["ref+awssecrets://a", "ref+awssecrets://b", "ref+awsssm://other"]);
    }

    #[test]
    fn parameters_are_read_as_vals_reads_them() {
        for (text, written) in [
            ("ref+awsssm:///prod/db", "ref+awsssm://prod/db"),
            ("ref+awsssm://prod/db?version=3&region=eu-west-1", "ref+awsssm://prod/db?region=eu-west-1&version=3"),
            ("ref+awsssm://prod/db?version=live", "ref+awsssm://prod/db?version=live"),
            ("ref+awsssm://prod/db?mode=singleparam#password", "ref+awsssm://prod/db?mode=singleparam#/password"),
            // Without the mode the key is another parameter, below the name.
            ("ref+awsssm://prod/db#/password", "ref+awsssm://prod/db/password"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), written, "{text}");
        }
        let labelled = read("ref+awsssm://prod/db?version=live").unwrap();
        assert_eq!((labelled.version_stage.as_deref(), labelled.version_id), (Some("live"), None));
    }

    #[test]
    fn members_in_vault_are_read_as_vals_reads_them() {
        for (text, key, written) in [
            ("ref+vault://secret/db#/password", Some("password"), "ref+vault://secret/db#/password"),
            ("ref+vault://secret/db/password", Some("password"), "ref+vault://secret/db#/password"),
            ("ref+vault://secret/token?version=2#value", None, "ref+vault://secret/token?version=2#/value"),
        ] {
            let reference = read(text).unwrap();
            assert_eq!((reference.key.as_deref(), reference.to_string().as_str()), (key, written), "{text}");
        }
    }

    #[test]
    fn secrets_of_google_cloud_are_read_as_vals_reads_them() {
        for (text, stage, id) in [
            ("ref+gcpsecrets://my-project/db_password-1", None, None),
            ("ref+gcpsecrets://example.com:shop/db?version=3#/password", None, Some("3")),
            ("ref+gcpsecrets://123456789012/db?version=live", Some("live"), None),
        ] {
            let reference = read(text).unwrap();
            assert_eq!((reference.version_stage.as_deref(), reference.version_id.as_deref()), (stage, id));
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn secrets_of_azure_are_read_as_vals_reads_them() {
        let version = "ba4f196b15f644cd9e949896a21bab0d";
        for (text, name, id) in [
            ("ref+azurekeyvault://my-vault/secret-a".to_owned(), "my-vault/secret-a", None),
            (format!("ref+azurekeyvault://my-vault/secret-a/{version}#/password"), "my-vault/secret-a", Some(version)),
            ("ref+azurekeyvault://gov.vault.usgovcloudapi.net/b".to_owned(), "gov.vault.usgovcloudapi.net/b", None),
        ] {
            let reference = read(&text).unwrap();
            assert_eq!((reference.name.as_str(), reference.version_id.as_deref()), (name, id));
            assert_eq!(reference.to_string(), text);
        }
        assert_eq!(read("ref+azurekeyvault://v/a/").unwrap().to_string(), "ref+azurekeyvault://v/a");
        let error = read("ref+azurekeyvault://v/a?version=1").unwrap_err().to_string();
        assert_eq!(error, "there is no parameter \"version\"; such a reference has none");
    }

    #[test]
    fn references_are_found_in_text() {
        let text = b"A=ref+unleak://a/b#/c\nsee ref+awssecrets://x. xref+unleak://no \"ref+unleak://?\" ref+op://y ref+file://y ref+file:///z/y#/k";
        let found: Vec<_> = find_all(text).map(|(span, parsed)| (&text[span], parsed.is_ok())).collect();
        assert_eq!(
            found,
            [(&b"ref+unleak://a/b#/c"[..], true), (b"ref+awssecrets://x", true), (b"ref+unleak://?", false), (b"ref+file:///z/y#/k", true)]
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            backend in proptest::sample::select(&Backend::ALL[..]),
            name in "[a-z0-9_.@+=:-][a-z0-9/_.@+=:-]{0,39}",
            region in proptest::option::of("[a-z0-9-]{1,12}"),
            role_arn in proptest::option::of("arn:aws:iam::[0-9]{12}:role/[a-z]{1,8}"),
            version in proptest::option::of(("[A-Za-z][A-Za-z0-9-]{0,39}", "[0-9]{1,9}", any::<bool>())),
            key in proptest::option::of("[A-Zb-z0-9_.-]{1,20}"),
        ) {
            let (version_stage, version_id) = match version {
                Some((stage, _, true)) => (Some(stage), None),
                Some((_, id, false)) => (None, Some(id)),
                None => (None, None),
            };
            let reference = match backend {
                Backend::Vault => Reference { version_id, key, ..Reference::to(backend, format!("m/{name}")) },
                Backend::Gcp => {
                    let id: String = name.chars().filter(|&character| is_in_project(character)).collect();
                    Reference { version_stage, version_id, key, ..Reference::to(backend, format!("p/x{id}")) }
                }
                Backend::Azure => {
                    let id: String = name.chars().filter(|&character| is_in_key_vault(character)).collect();
                    Reference { version_id, key, ..Reference::to(backend, format!("v/x{id}")) }
                }
                Backend::File => Reference { key, ..Reference::to(backend, format!("/{name}")) },
                Backend::Local | Backend::Aws | Backend::Ssm => Reference { backend, name, region, role_arn, version_stage, version_id, key },
            };
            prop_assert_eq!(reference.to_string().parse(), Ok(reference));
        }
    }
}
