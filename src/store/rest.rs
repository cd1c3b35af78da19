//! What stores share that are asked with a token and answer with JSON. Owns: tokens in headers, bodies, reasons, times, texts in answers. Must not: ask.

#[cfg(any(feature = "vault", feature = "gcp"))]
use aws_smithy_types::{DateTime, date_time::Format};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{StoreError, Tags};
use crate::secret::Secret;

/// Characters of a server's reason that are repeated, at most.
const REASON: usize = 300;

/// What is asked for, in words for errors.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    /// The secret.
    pub(super) name: &'a str,
    /// What has to be allowed, as the store calls it.
    pub(super) permission: &'a str,
}

/// A token as headers take it.
///
/// # Errors
/// It is none; its characters are not said.
pub(super) fn token(whose: &str, token: &Secret) -> Result<Zeroizing<String>, StoreError> {
    let text = std::str::from_utf8(token.expose()).map(|token| Zeroizing::new(token.trim().to_owned())).ok();
    let text = text.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
    text.ok_or_else(|| StoreError::Unusable(format!("the token of {whose} is none: it has characters that tokens do not have")))
}

/// The body of a request.
#[cfg(any(feature = "vault", feature = "gcp"))]
pub(super) fn body(content: Option<&Value>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(content.map(Value::to_string).unwrap_or_default().into_bytes())
}

/// A server's reason in one line that is not too long.
pub(super) fn shortened(reason: &str) -> String {
    reason.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(REASON).collect()
}

/// Seconds since 1970 of a time in an answer; none where it is empty.
#[cfg(any(feature = "vault", feature = "gcp"))]
pub(super) fn seconds(time: &Value) -> Option<i64> {
    DateTime::from_str(time.as_str()?, Format::DateTimeWithOffset).ok().map(|time| time.secs())
}

/// The texts of an object.
pub(super) fn texts(object: &Value) -> Tags {
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
