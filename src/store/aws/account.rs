//! An account and region of AWS. Owns: settings, credentials, the runtime that everything runs on. Must not: ask a store.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls;
use tokio::runtime::Runtime;

use super::super::endpoint::{is_service, require_private};
use super::super::http::{ATTEMPT, ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE};
use super::super::{StoreError, http};
use super::error::{Call, failed};

const CONNECT: Duration = Duration::from_secs(5);

/// Which account and endpoint.
#[derive(Debug, Clone, Default)]
pub struct AwsSettings {
    /// Region; none: that of the environment or profile.
    pub region: Option<String>,
    /// Profile of the shared configuration files.
    pub profile: Option<String>,
    /// Another endpoint, such as `http://127.0.0.1:5000`: of all services that are asked, unless it is that of the store's service by its name.
    pub endpoint_url: Option<String>,
    /// Whether plain HTTP may leave this machine.
    pub allow_insecure_endpoint: bool,
    /// Role to assume.
    pub role_arn: Option<String>,
}

/// The caller's account.
pub(in super::super) struct Account {
    pub(in super::super) runtime: Arc<Runtime>,
    pub(in super::super) config: SdkConfig,
    /// The endpoint that is the store's service's alone.
    pub(in super::super) own_endpoint: Option<String>,
    /// Where the store's service is.
    pub(in super::super) at: String,
    /// Account and partition of the caller, once they were asked for.
    caller: OnceLock<(String, String)>,
}

impl Account {
    /// Reads the settings. Nothing is asked yet, but for what the credential chain needs.
    pub(in super::super) fn open(settings: &AwsSettings, service: &str) -> Result<Self, StoreError> {
        let runtime = http::runtime()?;
        let is_own = |endpoint: &&String| is_service(endpoint, service);
        let (own, general) = (settings.endpoint_url.as_ref().filter(is_own), settings.endpoint_url.as_ref().filter(|url| !is_own(url)));
        let config = runtime.block_on(configuration(settings, general));
        if config.region().is_none() {
            return Err(StoreError::Unusable("no AWS region is set; use --region, AWS_REGION or a profile".to_owned()));
        }
        if let Some(endpoint) = own.map(String::as_str).or(config.endpoint_url()).filter(|_| !settings.allow_insecure_endpoint) {
            require_private(endpoint)?;
        }
        let said = own.map(String::as_str).or(config.endpoint_url());
        let at = said.map_or_else(|| public_endpoint(&config, service), |url| url.trim_end_matches('/').to_owned());
        Ok(Self { own_endpoint: own.cloned(), at, runtime, config, caller: OnceLock::new() })
    }

    pub(in super::super) fn region(&self) -> String {
        self.config.region().map(ToString::to_string).unwrap_or_default()
    }

    /// Account and partition of whoever asks.
    pub(in super::super) fn caller(&self) -> Result<&(String, String), StoreError> {
        if let Some(known) = self.caller.get() {
            return Ok(known);
        }
        let sts = aws_sdk_sts::Client::new(&self.config);
        let at = self.config.endpoint_url().map_or_else(|| public_endpoint(&self.config, "sts"), str::to_owned);
        let call = Call { at: at.trim_end_matches('/'), name: "AWS", action: "sts:GetCallerIdentity" };
        let caller = self.runtime.block_on(sts.get_caller_identity().send()).map_err(|error| failed(call, &error))?;
        let partition = caller.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
        Ok(self.caller.get_or_init(|| (caller.account().unwrap_or("unknown account").to_owned(), partition.to_owned())))
    }

    /// As plans show it.
    pub(in super::super) fn identity(&self) -> Result<String, StoreError> {
        let (account, _) = self.caller()?;
        Ok(format!("{account} {}", self.region()))
    }
}

/// The endpoint of a service in the region.
pub(in super::super) fn public_endpoint(config: &SdkConfig, service: &str) -> String {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let fips = if config.use_fips() == Some(true) { "-fips" } else { "" };
    let domain = match config.use_dual_stack() {
        Some(true) => "api.aws",
        _ if region.starts_with("cn-") => "amazonaws.com.cn",
        _ => "amazonaws.com",
    };
    format!("https://{service}{fips}.{region}.{domain}")
}

async fn configuration(settings: &AwsSettings, endpoint: Option<&String>) -> SdkConfig {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    let retry = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE).with_max_backoff(LONGEST_PAUSE);
    let timeout = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http).retry_config(retry).timeout_config(timeout);
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    let Some(role) = &settings.role_arn else { return config };
    let provider = aws_config::sts::AssumeRoleProvider::builder(role).session_name("unleak").configure(&config).build().await;
    config.into_builder().credentials_provider(aws_sdk_secretsmanager::config::SharedCredentialsProvider::new(provider)).build()
}
