//! Secrets of AWS Secrets Manager, read when they are asked for and cached for five minutes.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use tokio::runtime::{Builder, Runtime};

const LIFETIME: Duration = Duration::from_secs(300);

static KNOWN: LazyLock<Mutex<HashMap<String, Known>>> = LazyLock::new(Mutex::default);
static STORE: LazyLock<(Runtime, Client)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime of tokio can be made");
    let settings = runtime.block_on(aws_config::load_defaults(aws_config::BehaviorVersion::latest()));
    (runtime, Client::new(&settings))
});

/// What was read. Values stay in memory for good, so that they can stand where literals stood; a new one comes with each rotation.
struct Known {
    text: &'static str,
    keys: HashMap<String, &'static str>,
    until: Instant,
}

/// The current value of a secret.
///
/// # Panics
/// It cannot be read.
pub fn get(name: &str) -> &'static str {
    current(&mut known(), name).text
}

/// The current value of one key of a secret's JSON.
///
/// # Panics
/// It cannot be read.
pub fn get_key(name: &str, key: &str) -> &'static str {
    let mut known = known();
    let known = current(&mut known, name);
    if let Some(value) = known.keys.get(key) {
        return value;
    }
    let all: serde_json::Value = serde_json::from_str(known.text).unwrap_or_default();
    let value = all.get(key).and_then(serde_json::Value::as_str).unwrap_or_else(|| panic!("the secret {name} has no key {key}"));
    let value = value.to_owned().leak();
    known.keys.insert(key.to_owned(), value);
    value
}

fn known() -> MutexGuard<'static, HashMap<String, Known>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn current<'k>(known: &'k mut HashMap<String, Known>, name: &str) -> &'k mut Known {
    let now = Instant::now();
    let old = known.remove(name);
    let fresh = match old {
        Some(old) if now < old.until => old,
        old => match (read(name), old) {
            (Ok(text), Some(old)) if text == old.text => Known { until: now + LIFETIME, ..old },
            (Ok(text), _) => Known { text: text.leak(), keys: HashMap::new(), until: now + LIFETIME },
            // What was read before is used for as long again.
            (Err(_), Some(old)) => Known { until: now + LIFETIME, ..old },
            (Err(error), None) => panic!("the secret {name}: {error}"),
        },
    };
    known.entry(name.to_owned()).or_insert(fresh)
}

/// In a thread of its own: within a runtime of tokio nothing may wait for another.
fn read(name: &str) -> Result<String, String> {
    let ask = || {
        let (runtime, client) = &*STORE;
        let asked = client.get_secret_value().secret_id(name).version_stage("AWSCURRENT").send();
        let answer = runtime.block_on(asked).map_err(|error| DisplayErrorContext(error).to_string())?;
        answer.secret_string.ok_or_else(|| "it is not text".to_owned())
    };
    std::thread::scope(|scope| scope.spawn(ask).join()).unwrap_or_else(|_| Err("reading it failed".to_owned()))
}
