//! The lines of a baseline file. Owns: reading and writing one. Must not: quote a line that cannot be read, or know what decisions do.
//!
//! ```json
//! {"unleak-baseline":1,"key":"…"}
//! {"mac":"…","verdict":"accepted","reason":"…","by":"…","date":"2026-01-31","pattern":"generic-password"}
//! ```

use serde::Serialize;
use serde_json::{Map, Value};

use crate::finding::{Decision, Verdict};
use crate::keyed::{Key, KeyedHash};

/// Version of the format.
const VERSION: u64 = 1;
/// The member that the header is known by.
const HEADER: &str = "unleak-baseline";
/// What git leaves in a file of a merge that is not done.
const CONFLICTS: [&str; 3] = ["<<<<<<<", "=======", ">>>>>>>"];

/// The first line.
#[derive(Serialize)]
pub(super) struct Header<'k> {
    #[serde(rename = "unleak-baseline")]
    version: u64,
    key: &'k Key,
}

impl<'k> Header<'k> {
    /// The header with this key.
    pub(super) const fn new(key: &'k Key) -> Self {
        Self { version: VERSION, key }
    }
}

/// Any other line.
#[derive(Serialize)]
pub(super) struct Line<'d> {
    /// The keyed hash of the secret.
    pub(super) mac: KeyedHash,
    /// What was said of it.
    #[serde(flatten)]
    pub(super) decision: &'d Decision,
}

/// The key of a header.
pub(super) fn header(line: &str) -> Result<Key, String> {
    let mut members = members(line)?;
    match members.remove(HEADER) {
        Some(version) if version == VERSION => {}
        Some(Value::Number(version)) => {
            return Err(format!("this is version {version} of the format, and {VERSION} is the one known here"));
        }
        Some(_) => return Err(format!("`{HEADER}` must be the version of the format, a number")),
        None => return Err(format!("the header with `{HEADER}` and `key` is missing")),
    }
    let key = Key::from_hex(&text(&mut members, "key")?).ok_or("`key` must be 64 lower case hex digits")?;
    nothing_more(&members)?;
    Ok(key)
}

/// The secret and the decision of any other line.
pub(super) fn decision(line: &str) -> Result<(KeyedHash, Decision), String> {
    let mut members = members(line)?;
    if members.contains_key(HEADER) {
        return Err("a second header: baselines that were begun apart have other keys and cannot be joined; decide anew in one".to_owned());
    }
    let mac = KeyedHash::from_hex(&text(&mut members, "mac")?).ok_or("`mac` must be 64 lower case hex digits")?;
    let verdict = text(&mut members, "verdict")?;
    let verdict =
        Verdict::ALL.into_iter().find(|known| known.name() == verdict).ok_or("`verdict` must be `false`, `accepted` or `real`")?;
    let [pattern, reason, by, date] = ["pattern", "reason", "by", "date"].map(|name| text(&mut members, name));
    let decision = Decision { verdict, reason: reason?, by: by?, date: date?, pattern: pattern? };
    if !is_date(&decision.date) {
        return Err("`date` must be a day such as 2026-01-31".to_owned());
    }
    nothing_more(&members)?;
    Ok((mac, decision))
}

fn members(line: &str) -> Result<Map<String, Value>, String> {
    if CONFLICTS.iter().any(|mark| line.starts_with(mark)) {
        return Err("a merge is not done here: keep the lines of both sides and remove the marks".to_owned());
    }
    match serde_json::from_str(line) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("it is no JSON object".to_owned()),
        // Its own message may quote the text.
        Err(error) => Err(format!("it is no JSON (column {})", error.column())),
    }
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    match members.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("`{name}` must be text")),
        None => Err(format!("`{name}` is missing")),
    }
}

fn nothing_more(members: &Map<String, Value>) -> Result<(), String> {
    if members.is_empty() { Ok(()) } else { Err("it has a member that is not known here".to_owned()) }
}

/// Whether the text is written as a day.
fn is_date(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}
