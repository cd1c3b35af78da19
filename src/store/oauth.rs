//! Access tokens of authorization servers. Owns: asking for one by a grant, keeping it while it lasts. Must not: know stores, or log.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use zeroize::Zeroizing;

use super::StoreError;
use super::http::{Answered, Asked, Http};
use super::rest::shortened;

/// Tokens that end before this are fetched anew.
const SPARE: Duration = Duration::from_mins(5);
/// How long a token lasts where the server does not say.
const UNSAID: Duration = Duration::from_mins(10);

/// A token, and when it ends.
pub(super) struct Fresh {
    token: Zeroizing<String>,
    end: Instant,
}

impl Fresh {
    /// One of which nobody says how long it lasts.
    #[cfg(feature = "azure")]
    pub(super) fn unsaid(token: Zeroizing<String>) -> Self {
        Self { token, end: Instant::now() + UNSAID }
    }
}

/// The token in use.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<Fresh>>);

impl Kept {
    /// The token, fetched where there is none that lasts.
    pub(super) fn current(&self, fetch: &dyn Fn() -> Result<Fresh, StoreError>) -> Result<Zeroizing<String>, StoreError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.as_ref().filter(|known| known.end > Instant::now() + SPARE) {
            return Ok(known.token.clone());
        }
        Ok(kept.insert(fetch()?).token.clone())
    }
}

/// Asks an authorization server with the members of a form. None of them is in an error.
pub(super) fn grant(http: &Http, whose: &str, url: &str, form: &[(&str, &str)]) -> Result<Fresh, StoreError> {
    let mut body = Zeroizing::new(String::with_capacity(form.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum()));
    for (name, value) in form {
        let sign = if body.is_empty() { "" } else { "&" };
        let _ = write!(body, "{sign}{name}=");
        encode(value, &mut body);
    }
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let make = || Asked { method: "POST", url, headers: &headers, body: body.as_bytes() }.request(&[]);
    fresh(whose, &http.ask(&format!("{whose} ({url})"), &make, &|_| false)?)
}

/// The token of an answer.
pub(super) fn fresh(whose: &str, answer: &Answered) -> Result<Fresh, StoreError> {
    let mut json = answer.json();
    // Some write the number as a text.
    let lasts = json["expires_in"].as_u64().or_else(|| json["expires_in"].as_str()?.parse().ok());
    let lasts = lasts.map_or(UNSAID, Duration::from_secs);
    match json["access_token"].take() {
        Value::String(token) if answer.status == 200 => Ok(Fresh { token: Zeroizing::new(token), end: Instant::now() + lasts }),
        _ => {
            let reason = json["error_description"].as_str().or(json["error"].as_str()).unwrap_or("it gave no reason");
            Err(StoreError::Unusable(format!("{whose} gives no token ({}): {}", answer.status, shortened(reason))))
        }
    }
}

/// A text as forms and queries have it.
pub(super) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
