//! HTTP for stores that are asked without an SDK. Owns: connections, attempts, pauses between them. Must not: know stores, or log.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::StoreError;

/// How often a request is made, at most.
pub(super) const ATTEMPTS: u32 = 6;
/// The first pause between attempts, doubled each time and shortened by chance.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause that a server can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(30);
/// An attempt, at most.
pub(super) const ATTEMPT: Duration = Duration::from_secs(20);
/// Bytes of an answer, at most: more than any store answers with.
const LARGEST_ANSWER: usize = 16 << 20;
/// How a certificate starts.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// What everything of a store runs on.
pub(super) fn runtime() -> Result<Arc<Runtime>, StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map(Arc::new).map_err(|error| StoreError::Unusable(format!("the client cannot be started: {error}")))
}

/// A request; it is made anew for each attempt.
pub(super) struct Asked<'a> {
    pub(super) method: &'static str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: &'a [u8],
}

/// An answer.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Zeroizing<Vec<u8>>,
    /// How long the server asks to be left alone.
    retry_after: Option<Duration>,
}

impl Answered {
    /// The body as JSON; null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A client.
pub(super) struct Http {
    runtime: Arc<Runtime>,
    connector: Connector,
}

impl Http {
    /// With the system's certificates, or these in their place, as PEM; proxies are those of the environment.
    ///
    /// # Errors
    /// Certificates that are none.
    pub(super) fn new(runtime: Arc<Runtime>, certificates: Option<Vec<u8>>) -> Result<Self, StoreError> {
        Self::through(ProxyConfig::from_env(), runtime, certificates)
    }

    /// Another one, for what is on this machine: no proxy sees it.
    #[cfg(any(feature = "gcp", feature = "azure"))]
    pub(super) fn direct(&self) -> Result<Self, StoreError> {
        Self::through(ProxyConfig::disabled(), self.runtime.clone(), None)
    }

    fn through(proxy: ProxyConfig, runtime: Arc<Runtime>, certificates: Option<Vec<u8>>) -> Result<Self, StoreError> {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let mut builder = Connector::builder().proxy_config(proxy).tls_provider(provider);
        if let Some(pem) = certificates {
            if !pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE) {
                return Err(StoreError::Unusable("the certificates to trust are no PEM".to_owned()));
            }
            let context = tls::TlsContext::builder().with_trust_store(tls::TrustStore::empty().with_pem_certificate(pem)).build();
            let unfit = |error| StoreError::Unusable(format!("the certificates to trust cannot be used: {}", cause(&error)));
            builder = builder.tls_context(context.map_err(unfit)?);
        }
        Ok(Self { runtime, connector: builder.build() })
    }

    /// Asks until there is an answer that another attempt would not change. `make` gives the request of an attempt. Pauses are never shorter than
    /// the server asks for, up to [`LONGEST_ASKED`].
    ///
    /// # Errors
    /// What `make` says, [`StoreError::Throttled`] and [`StoreError::Unreachable`] with `what` was asked.
    pub(super) fn ask(
        &self,
        what: &str,
        make: &dyn Fn() -> Result<HttpRequest, StoreError>,
        is_throttled: &dyn Fn(&Answered) -> bool,
    ) -> Result<Answered, StoreError> {
        for attempt in 1.. {
            let request = make()?;
            let at = origin(request.uri()).to_owned();
            let answer = self.runtime.block_on(self.attempt(request));
            let asked = answer.as_ref().ok().and_then(|answer| answer.retry_after).unwrap_or_default().min(LONGEST_ASKED);
            let last = match answer {
                Ok(answer) if answer.status == 429 || is_throttled(&answer) => StoreError::Throttled(what.to_owned()),
                Ok(answer) if answer.status >= 500 => {
                    StoreError::Unreachable(format!("{what} answered {} without a reason", answer.status))
                }
                Ok(answer) => return Ok(answer),
                Err(error) => StoreError::Unreachable(no_answer(&at, what, &error)),
            };
            if attempt == ATTEMPTS {
                return Err(last);
            }
            std::thread::sleep(pause_after(attempt, chance(), asked));
        }
        unreachable!("because the last attempt returns")
    }

    async fn attempt(&self, request: HttpRequest) -> Result<Answered, String> {
        let asked = async {
            let response = self.connector.call(request).await.map_err(|error| cause(&error))?;
            read(response).await
        };
        tokio::time::timeout(ATTEMPT, asked).await.unwrap_or_else(|_| Err("it took too long".to_owned()))
    }
}

/// The pause after an attempt, shortened by chance (a half to one), and never shorter than the server asked for.
fn pause_after(attempt: u32, chance: f64, asked: Duration) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << (attempt - 1)).min(LONGEST_PAUSE).mul_f64(chance).max(asked)
}

impl Asked<'_> {
    /// The request with more headers.
    pub(super) fn request(&self, more: &[(&str, &str)]) -> Result<HttpRequest, StoreError> {
        let unfit = |_| StoreError::Unusable(format!("{} is no address of a store", self.url));
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        request.set_method(self.method).map_err(unfit)?;
        request.set_uri(self.url).map_err(unfit)?;
        for (name, value) in self.headers.iter().chain(more) {
            // A value that is no header would be a broken token; it is not said.
            let unfit = |_| StoreError::Unusable(format!("the header {name} cannot be sent: it has characters that headers do not have"));
            request.headers_mut().try_insert((*name).to_owned(), (*value).to_owned()).map(drop).map_err(unfit)?;
        }
        Ok(request)
    }
}

/// What is said where a store gave no answer.
pub(super) fn no_answer(at: &str, action: &str, cause: &str) -> String {
    format!("{at} did not answer {action}: {cause}")
}

/// The scheme and host of an address.
fn origin(uri: &str) -> &str {
    let rest = uri.find("://").map_or(0, |at| at + 3);
    uri[rest..].find(['/', '?']).map_or(uri, |end| &uri[..rest + end])
}

/// The last of the causes of an error, in its first line: the others say where in a client it came up.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let last = std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string).unwrap_or_default();
    let line = last.lines().next().unwrap_or_default();
    line.split(" (os error").next().unwrap_or_default().trim_end_matches([' ', ':', '.']).to_owned()
}

async fn read(response: HttpResponse) -> Result<Answered, String> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
    let mut body = Zeroizing::new(Vec::new());
    let mut stream = ByteStream::new(response.into_body());
    while let Some(bytes) = stream.next().await {
        body.extend_from_slice(&bytes.map_err(|error| cause(&error))?);
        if body.len() > LARGEST_ANSWER {
            return Err("the answer has no end".to_owned());
        }
    }
    Ok(Answered { status, body, retry_after })
}

/// Between a half and one.
fn chance() -> f64 {
    let mut byte = [0];
    getrandom::fill(&mut byte).expect("because every supported system has a random number generator");
    0.5 + f64::from(byte[0]) / 512.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_differ_by_chance_and_are_what_the_server_asks_for() {
        let pauses = |chance: f64| [1, 2, 3, 6, 7, 30].map(|attempt| pause_after(attempt, chance, Duration::ZERO).as_millis());
        assert_eq!(pauses(1.0), [100, 200, 400, 3_200, 5_000, 5_000]);
        assert_eq!(pauses(0.5), [50, 100, 200, 1_600, 2_500, 2_500]);
        assert_eq!(pause_after(1, 0.5, Duration::from_secs(7)), Duration::from_secs(7));
        let chances: Vec<f64> = std::iter::repeat_with(chance).take(100).collect();
        assert!(chances.iter().all(|chance| (0.5..1.0).contains(chance)), "{chances:?}");
        assert!(chances.iter().any(|chance| chance.to_bits() != chances[0].to_bits()), "{chances:?}");
    }
}
