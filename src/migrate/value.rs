//! The value of a secret, from its parts. Owns: reading parts from files by position, checking them, the JSON object. Must not: store it.

use std::collections::BTreeMap;
use std::path::Path;

use bstr::ByteSlice;

use super::inventory::DiskTree;
use super::key::same;
use super::plan::{Member, Plan, PlannedSecret};
use crate::rewrite::encoding::Text;
use crate::rewrite::{self, Source};
use crate::secret::Secret;

/// Why a value is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// Its file is not what it was.
    #[error("{path} changed since the plan was made")]
    Changed {
        /// The file.
        path: String,
    },
    /// Parts that are no text cannot be joined.
    #[error("{name}: a part of the JSON value is no UTF-8")]
    NoText {
        /// The secret.
        name: String,
    },
    /// What the store has is not what the plan speaks of.
    #[error("{name}: the store has another value than the plan")]
    Other {
        /// The secret.
        name: String,
    },
}

/// The field that is a number.
const PORT: &str = "port";

fn is_number(text: &[u8]) -> bool {
    (1..=5).contains(&text.len()) && text[0] != b'0' && text.iter().all(u8::is_ascii_digit)
}

/// A port that stands as a number: no text, and so nothing that a rewriter finds.
#[must_use]
pub fn port(key: Option<&str>, text: &[u8]) -> Option<Secret> {
    (key == Some(PORT) && is_number(text)).then(|| Secret::new(text))
}

/// The value of these parts: itself, or a JSON object in this order. None where a part of an object is no text.
pub fn assemble<'p>(parts: impl Iterator<Item = (Option<&'p str>, &'p Secret)>) -> Option<Secret> {
    let mut json = zeroize::Zeroizing::new(Vec::with_capacity(256));
    for (key, value) in parts {
        let Some(key) = key else { return Some(value.clone()) };
        let text = std::str::from_utf8(value.expose()).ok()?;
        let sign = if json.is_empty() { b'{' } else { b',' };
        json.push(sign);
        serde_json::to_writer(&mut *json, key).ok()?;
        json.push(b':');
        // A port is a number in the store's own objects.
        if key == PORT && is_number(text.as_bytes()) {
            json.extend_from_slice(text.as_bytes());
        } else {
            serde_json::to_writer(&mut *json, text).ok()?;
        }
    }
    json.push(b'}');
    Some(Secret::new(&json))
}

/// The parts of a stored value that the plan speaks of, checked.
///
/// # Errors
/// It has none of them, or others.
pub fn parts(plan: &Plan, secret: &PlannedSecret, stored: &Secret) -> Result<BTreeMap<Option<String>, Secret>, ValueError> {
    let other = || ValueError::Other { name: secret.name.clone() };
    let mut parts = BTreeMap::new();
    let object: Option<serde_json::Map<String, serde_json::Value>> =
        if secret.is_json() { Some(serde_json::from_slice(stored.expose()).map_err(|_| other())?) } else { None };
    for member in &secret.members {
        let value = match (&member.key, &object) {
            (Some(key), Some(object)) => match object.get(key) {
                Some(serde_json::Value::String(text)) => Secret::new(text.as_bytes()),
                Some(serde_json::Value::Number(number)) => Secret::new(number.to_string().as_bytes()),
                _ => return Err(other()),
            },
            _ => stored.clone(),
        };
        if plan.key.of_value(value.expose()) != member.hash {
            return Err(other());
        }
        parts.insert(member.key.clone(), value);
    }
    Ok(parts)
}

/// Files that values are read from, each once.
pub struct Reader<'a> {
    plan: &'a Plan,
    root: &'a Path,
    tree: DiskTree,
    files: BTreeMap<String, zeroize::Zeroizing<Vec<u8>>>,
}

impl<'a> Reader<'a> {
    /// A reader below `root`; `tree` is what the plan was made with.
    #[must_use]
    pub const fn new(plan: &'a Plan, root: &'a Path, tree: DiskTree) -> Self {
        Self { plan, root, tree, files: BTreeMap::new() }
    }

    /// The value of a secret.
    ///
    /// # Errors
    /// A file changed.
    pub fn value(&mut self, secret: &PlannedSecret) -> Result<Secret, ValueError> {
        let mut parts = Vec::new();
        for member in &secret.members {
            parts.push((member.key.as_deref(), self.member(member)?));
        }
        let value = assemble(parts.iter().map(|(key, value)| (*key, value)));
        value.ok_or_else(|| ValueError::NoText { name: secret.name.clone() })
    }

    fn member(&mut self, member: &Member) -> Result<Secret, ValueError> {
        let changed = || ValueError::Changed { path: member.path.clone() };
        if !self.files.contains_key(&member.path) {
            let bytes = zeroize::Zeroizing::new(std::fs::read(self.root.join(&member.path)).map_err(|_| changed())?);
            let text = Text::new(&bytes).map_err(|_| changed())?;
            self.files.insert(member.path.clone(), zeroize::Zeroizing::new(text.utf8().to_vec()));
        }
        let source = Source { path: member.path.as_bytes().as_bstr(), bytes: &self.files[&member.path] };
        if member.start >= member.end || member.end > source.bytes.len() {
            return Err(changed());
        }
        let span = member.start..member.end;
        let rewriter = rewrite::for_source(source).ok_or_else(changed)?;
        let value = match (rewriter.locate(source, span.clone(), self.plan.style, &self.tree), &member.field) {
            (Ok(located), None) => located.value,
            (Ok(located), Some(field)) => {
                located.fields.into_iter().find(|(name, _)| name == field).map(|(_, value)| value).ok_or_else(changed)?
            }
            (Err(_), _) => port(member.key.as_deref(), &source.bytes[span]).ok_or_else(changed)?,
        };
        if self.plan.key.of_value(value.expose()) == member.hash { Ok(value) } else { Err(changed()) }
    }
}

/// Whether two values are the same.
#[must_use]
pub fn equal(a: &Secret, b: &Secret) -> bool {
    same(a.expose(), b.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_in_order_and_escaped() {
        let parts = [("username", "app"), ("password", "a\"b\\é\n"), ("port", "5432"), ("dbname", "05")]
            .map(|(key, text)| (key, Secret::new(text.as_bytes())));
        let value = assemble(parts.iter().map(|(key, value)| (Some(*key), value))).unwrap();
        assert_eq!(value.expose(), "{\"username\":\"app\",\"password\":\"a\\\"b\\\\é\\n\",\"port\":5432,\"dbname\":\"05\"}".as_bytes());
        let binary = Secret::new(&[0xff]);
        assert_eq!(assemble([(None, &binary)].into_iter()).unwrap().expose(), [0xff]);
        assert!(assemble([(Some("a"), &binary)].into_iter()).is_none());
    }
}
