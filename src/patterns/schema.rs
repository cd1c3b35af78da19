//! The schema of `patterns/*.toml`. Owns: the data types and their parsing. Must not: compile or match anything.
//!
//! The build script includes this file, so it may use nothing of the crate but its sibling `shape`.
//! docs/adding-a-pattern.md explains every key to authors.

use serde::{Deserialize, Serialize};

/// One provider's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderFile {
    /// Kebab-case name, equal to the file's name for built-in patterns.
    pub provider: String,
    /// The name as people write it.
    pub name: String,
    /// Where the credential or its format is described.
    pub docs: String,
    /// The tool whose rules these were; nobody wrote examples or links for them.
    #[serde(default)]
    pub imported: Option<String>,
    /// Values and places that none of the file's patterns reports.
    #[serde(default)]
    pub allow: Vec<Exception>,
    /// The provider's credential types.
    #[serde(rename = "pattern")]
    pub patterns: Vec<PatternDef>,
}

/// One credential type as its author wrote it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternDef {
    /// Unique, kebab-case, provider first.
    pub id: String,
    /// What a report calls it.
    pub title: String,
    /// Harm if it is live.
    pub severity: Severity,
    /// What the credential opens.
    pub opens: String,
    /// URL where it is issued and revoked.
    pub revoke: String,
    /// Which service should hold it.
    pub store: StoreAdvice,
    /// Alternatives of a fixed shape; the whole shape is the secret.
    #[serde(default)]
    pub shape: Vec<String>,
    /// Words that must stand before the shape.
    #[serde(default)]
    pub near: Vec<String>,
    /// Words, such as the provider's bare name, that only hint at the shape: it is shown at low confidence.
    #[serde(default)]
    pub hint: Vec<String>,
    /// Bytes between the end of a `near` word and the value's start, at most.
    #[serde(default = "default_within")]
    pub within: u16,
    /// Bounded expression with the group `secret`, in place of a shape.
    #[serde(default)]
    pub regex: Option<String>,
    /// Detector in code, in place of a shape.
    #[serde(default)]
    pub detector: Option<Detector>,
    /// Literals, one of which stands in every match.
    #[serde(default)]
    pub anchors: Vec<String>,
    /// Whether anchors match in any case.
    #[serde(default)]
    pub ignore_case: bool,
    /// How sure a bare match is.
    #[serde(default)]
    pub confidence: Likelihood,
    /// Offline check of the value.
    #[serde(default)]
    pub checksum: Option<Checksum>,
    /// Floor of the Shannon entropy in bits per character.
    #[serde(default)]
    pub entropy: Option<f32>,
    /// Expressions one of which fits the path of each file the pattern looks into; none: all files.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Values and places that are not reported.
    #[serde(default)]
    pub allow: Vec<Exception>,
    /// Other halves to look for around a match.
    #[serde(default)]
    pub companions: Vec<Companion>,
    /// One sentence in place of the usual next step.
    #[serde(default)]
    pub advice: Option<String>,
    /// Templates, each of which must be reported as this pattern.
    pub positive: Vec<String>,
    /// Templates, none of which may be.
    pub negative: Vec<String>,
    /// Off unless asked for by id.
    #[serde(default)]
    pub opt_in: bool,
}

/// A pattern together with what its file says of the provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pattern {
    /// Kebab-case name of the provider.
    pub provider: String,
    /// The provider's name as people write it.
    pub provider_name: String,
    /// Where the credential or its format is described.
    pub docs: String,
    /// The tool whose rule this was.
    pub imported: Option<String>,
    /// The pattern itself.
    pub def: PatternDef,
}

impl ProviderFile {
    /// The file's patterns, each with its provider.
    pub fn into_patterns(self) -> impl Iterator<Item = Pattern> {
        let Self { provider, name, docs, imported, allow, patterns } = self;
        patterns.into_iter().map(move |mut def| {
            def.allow.extend(allow.iter().cloned());
            Pattern { provider: provider.clone(), provider_name: name.clone(), docs: docs.clone(), imported: imported.clone(), def }
        })
    }
}

const fn default_within() -> u16 {
    48
}

/// Harm if the credential is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Little: a test account, an identifier.
    Low,
    /// A narrow or revocable loss.
    Medium,
    /// Data or money of one service.
    High,
    /// An account, an organisation or its infrastructure.
    Critical,
}

impl Severity {
    /// The name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// One step down, for tests and examples.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// How sure a bare match is, before checksum, entropy and context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// The text can hardly be anything else.
    #[default]
    High,
    /// A hash or an id could look like it.
    Medium,
    /// What opens nothing by itself, such as a key that is public by design, or a guess: below the default threshold.
    Low,
}

impl Likelihood {
    /// The probability that a bare match is a credential.
    #[must_use]
    pub const fn probability(self) -> f32 {
        match self {
            Self::High => 0.92,
            Self::Medium => 0.7,
            Self::Low => 0.4,
        }
    }
}

/// The service that should hold the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreAdvice {
    /// AWS Secrets Manager or its like.
    SecretsManager,
    /// No key at all: an IAM role.
    IamRole,
    /// A key management service.
    Kms,
    /// A certificate manager.
    Acm,
    /// Session access in place of an SSH key.
    SsmSession,
    /// A parameter store, for plain settings.
    ParameterStore,
    /// CI and cluster identities in place of the token.
    WorkloadIdentity,
}

impl StoreAdvice {
    /// The advice as a noun phrase for people.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::SecretsManager => "a secrets manager",
            Self::IamRole => "no store: an IAM role replaces the key",
            Self::Kms => "a key management service (KMS)",
            Self::Acm => "a certificate manager (ACM)",
            Self::SsmSession => "no store: SSM Session Manager or EC2 Instance Connect replaces the key",
            Self::ParameterStore => "a parameter store",
            Self::WorkloadIdentity => "no store: workload identity (OIDC) replaces the token",
        }
    }
}

/// A detector in code; each is one file of `src/detect/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// PEM, PuTTY, PGP and age key blocks, JWK members.
    PrivateKey,
    /// JSON Web Tokens.
    Jwt,
    /// Userinfo in URLs and connection strings of databases and brokers.
    ConnectionString,
    /// `Authorization` and other credential headers.
    HttpHeader,
    /// `.netrc`, `.npmrc`, `.pypirc`, `.dockercfg`, kubeconfig and their like.
    CredentialFile,
    /// Google service-account JSON.
    ServiceAccount,
    /// Words of a wallet's seed phrase.
    SeedPhrase,
    /// Name, operator, value: the reader of assignments.
    Assignment,
}

/// An offline check of a value; `src/detect/checksum/` has the algorithms and their sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// GitHub's five short prefixes: base62 CRC-32 of the body.
    GithubCrc32,
    /// GitHub fine-grained: base32 SHA-256.
    GithubFineGrained,
    /// npm: as GitHub's short ones.
    NpmCrc32,
    /// GitLab routable tokens.
    GitlabRoutable,
    /// Grafana service accounts: CRC-32, bytes reversed.
    GrafanaCrc32,
    /// Grafana cloud: base64 JSON.
    GrafanaStructure,
    /// Atlassian and Bitbucket: hex CRC-32 of everything before.
    AtlassianCrc32,
    /// Cloudflare: hex CRC-32 of the body.
    CloudflareCrc32,
    /// Vercel: base62 CRC-32 of the body.
    VercelCrc32,
    /// Apify tokens of 46 characters: base62 CRC-32 of everything before.
    ApifyCrc32,
    /// Canva client secrets: hex CRC-32 of everything before.
    CanvaCrc32,
    /// Confluent Cloud secrets: base64 of the CRC-32 of the body, bytes reversed.
    ConfluentCrc32,
    /// Planning Center tokens: hex CRC-32 of the body.
    PlanningCenterCrc32,
    /// Polar tokens with a body of 43: base62 CRC-32 of the body.
    PolarCrc32,
    /// SaladCloud keys with a body of 49: base62 CRC-32 of the body.
    SaladcloudCrc32,
    /// Weights & Biases keys: base62 CRC-32 of everything before.
    WandbCrc32,
    /// Zuplo keys: hex CRC-32 of the body.
    ZuploCrc32,
    /// NATS seeds: CRC-16 in base32.
    NatsCrc16,
    /// age identities: bech32.
    AgeBech32,
    /// Azure 64-byte keys: Marvin32.
    #[serde(rename = "azure-64")]
    Azure64,
    /// Azure 32-byte keys: Marvin32.
    #[serde(rename = "azure-32")]
    Azure32,
    /// Azure 39-byte keys: Marvin32.
    #[serde(rename = "azure-39")]
    Azure39,
    /// Azure Functions keys: Marvin32.
    AzureFunctions,
    /// Entra client secrets: Marvin32 in base66.
    AzureClientSecret,
    /// AWS access key ids: base32 with the account number.
    AwsKeyId,
    /// PyPI: macaroon version 2.
    PypiMacaroon,
    /// OpenAI: base64 of its name inside.
    OpenaiMarker,
    /// Sentry organisation tokens: base64 JSON.
    SentryStructure,
    /// Mapbox: base64url JSON.
    MapboxStructure,
    /// `JFrog` reference tokens.
    JfrogStructure,
    /// 1Password service accounts: base64 JSON.
    OnepasswordStructure,
    /// Jira, Confluence and Bitbucket data centre tokens: base64 of an id and random bytes.
    AtlassianStructure,
    /// Discord bots: base64 of the bot's id.
    DiscordStructure,
}

/// The other half of a two-part credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// Id of the pattern whose shape to look for.
    pub pattern: String,
    /// Lines above and below the match to look in, at most 10.
    pub within_lines: u8,
    /// Whether a match without the other half is none.
    #[serde(default)]
    pub required: bool,
}

/// Values and places that are not reported. One of the lists must fit; with `all`, each that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exception {
    /// Expressions of paths.
    pub paths: Vec<String>,
    /// Starts of commit ids, seven digits or more.
    pub commits: Vec<String>,
    /// Expressions of the secret.
    pub values: Vec<String>,
    /// Expressions of all that the pattern's expression matches.
    pub matches: Vec<String>,
    /// Expressions of the line, of which 100 bytes on either side of the secret count.
    pub lines: Vec<String>,
    /// Texts in the secret, in any case.
    pub words: Vec<String>,
    /// Whether every list that is given must fit.
    pub all: bool,
}

/// Reads one provider's file.
///
/// # Errors
/// The TOML parser's message with line and column: a syntax error, an unknown or a missing key.
pub fn parse(text: &str) -> Result<ProviderFile, toml::de::Error> {
    toml::from_str(text)
}
