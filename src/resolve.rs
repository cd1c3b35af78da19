//! From references to values. Owns: which store is asked for what, in few requests, and members of JSON secrets. Must not: print, or run a program.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::reference::{Backend, MEMBER_OF_WHOLE, Reference};
use crate::secret::Secret;
use crate::store::{CURRENT, SecretStore, StoreError, Version, object};

/// Which store a reference needs: two references with the same access are read together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The store.
    pub backend: Backend,
    /// Region that the reference asks for.
    pub region: Option<String>,
    /// Role that the reference asks for.
    pub role_arn: Option<String>,
}

impl Access {
    /// What a reference needs.
    #[must_use]
    pub fn of(reference: &Reference) -> Self {
        Self { backend: reference.backend, region: reference.region.clone(), role_arn: reference.role_arn.clone() }
    }
}

/// Why a reference has no value. No message holds a value.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The store did not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A member is asked for, and the secret is no JSON object.
    #[error("{name}: it is no JSON object, so it has no {key:?}")]
    NoObject {
        /// The secret.
        name: String,
        /// The member.
        key: String,
    },
    /// The secret has no such member.
    #[error("{name}: it has no {key:?}; its keys are {}", known.join(", "))]
    NoKey {
        /// The secret.
        name: String,
        /// The member.
        key: String,
        /// The members it has.
        known: Vec<String>,
    },
    /// The member is an object, a list or null.
    #[error("{name}: {key:?} is no text, number or boolean")]
    NoScalar {
        /// The secret.
        name: String,
        /// The member.
        key: String,
    },
}

/// Opens the store that an access needs.
pub type Open<'o> = dyn FnMut(&Access) -> Result<Box<dyn SecretStore>, StoreError> + 'o;

/// The values of references, in their order. `open` gives the store for an access; each is opened once.
pub fn resolve(references: &[Reference], open: &mut Open<'_>) -> Vec<Result<Secret, ResolveError>> {
    let mut by_access: BTreeMap<Access, Vec<usize>> = BTreeMap::new();
    for (index, reference) in references.iter().enumerate() {
        by_access.entry(Access::of(reference)).or_default().push(index);
    }
    let mut values: Vec<Option<Result<Secret, ResolveError>>> = references.iter().map(|_| None).collect();
    for (access, indices) in by_access {
        match open(&access) {
            Ok(store) => {
                let current = read_current(store.as_ref(), references, &indices);
                for index in indices {
                    values[index] = Some(one(store.as_ref(), &references[index], &current));
                }
            }
            Err(error) => {
                let said = error.to_string();
                for index in indices {
                    values[index] = Some(Err(StoreError::Unusable(said.clone()).into()));
                }
            }
        }
    }
    values.into_iter().map(|value| value.expect("because every reference has an access")).collect()
}

type Current<'r> = BTreeMap<&'r str, Result<Secret, StoreError>>;

fn is_current(reference: &Reference) -> bool {
    reference.version_id.is_none() && reference.version_stage.as_deref().is_none_or(|stage| stage == CURRENT)
}

/// The current versions that are asked for, each secret once.
fn read_current<'r>(store: &dyn SecretStore, references: &'r [Reference], indices: &[usize]) -> Current<'r> {
    let mut names: Vec<&str> = indices
        .iter()
        .map(|&index| &references[index])
        .filter(|reference| is_current(reference))
        .map(|reference| reference.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    match store.read_current(&names) {
        Ok(values) => names.into_iter().zip(values).collect(),
        Err(error) => names.into_iter().map(|name| (name, Err(StoreError::Unreachable(error.to_string())))).collect(),
    }
}

fn one(store: &dyn SecretStore, reference: &Reference, current: &Current<'_>) -> Result<Secret, ResolveError> {
    let value = match current.get(reference.name.as_str()).filter(|_| is_current(reference)) {
        Some(Ok(value)) => value.clone(),
        Some(Err(error)) => return Err(again(error).into()),
        None => store.read(
            &reference.name,
            &match (&reference.version_id, &reference.version_stage) {
                (Some(id), _) => Version::Id(id),
                (None, stage) => Version::Stage(stage.as_deref().unwrap_or(CURRENT)),
            },
        )?,
    };
    match &reference.key {
        Some(key) => member(&reference.name, key, &value),
        None if reference.backend == Backend::Vault && object::has_members(value.expose()) => {
            member(&reference.name, MEMBER_OF_WHOLE, &value)
        }
        None => Ok(value),
    }
}

/// The same error once more: several references can share one.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::NotFound { name } => StoreError::NotFound { name: name.clone() },
        StoreError::PendingDeletion { name } => StoreError::PendingDeletion { name: name.clone() },
        StoreError::Denied { name, action } => StoreError::Denied { name: name.clone(), action: action.clone() },
        other => StoreError::Unreachable(other.to_string()),
    }
}

/// A member of a JSON secret as text.
fn member(name: &str, key: &str, value: &Secret) -> Result<Secret, ResolveError> {
    let (name, key) = (name.to_owned(), key.to_owned());
    let Ok(Value::Object(members)) = serde_json::from_slice(value.expose()) else { return Err(ResolveError::NoObject { name, key }) };
    match members.get(&key) {
        Some(Value::String(text)) => Ok(Secret::new(text.as_bytes())),
        Some(scalar @ (Value::Number(_) | Value::Bool(_))) => Ok(Secret::new(scalar.to_string().as_bytes())),
        Some(_) => Err(ResolveError::NoScalar { name, key }),
        None => Err(ResolveError::NoKey { name, key, known: members.keys().cloned().collect() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::local::{Key, LocalStore};
    use crate::store::{NewSecret, PREVIOUS, Tags};

    const TOKENS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];

    fn put(store: &LocalStore, name: &str, value: &str) {
        let (value, tags) = (Secret::new(value.as_bytes()), Tags::new());
        let new = NewSecret {
            name,
            value: &value,
            description: "",
            tags: &tags,
            kms_key: None,
            replica_regions: &[],
            external_type: None,
            token: TOKENS[0],
        };
        store.create(&new).unwrap();
    }

    #[test]
    fn values_members_and_versions_are_found_and_each_store_is_opened_once() {
        let directory = tempfile::tempdir().unwrap();
        let key = Key { file: directory.path().join("identity.txt"), passphrase: None };
        key.create().unwrap();
        let store = LocalStore::open(directory.path(), &key).unwrap();
        put(&store, "db", r#"{"username":"app","port":5432,"tls":true,"more":{}}"#);
        put(&store, "token", "one");
        store.put_version("token", &Secret::new(b"two"), TOKENS[1], &[CURRENT]).unwrap();
        let references: Vec<Reference> = [
            "ref+unleak://db#/username",
            "ref+unleak://db#/port",
            "ref+unleak://db#tls",
            "ref+unleak://token",
            &format!("ref+unleak://token?version_stage={PREVIOUS}"),
            &format!("ref+unleak://token?version_id={}", TOKENS[0]),
            "ref+unleak://db#/more",
            "ref+unleak://db#/none",
            "ref+unleak://token#/a",
            "ref+unleak://none",
            "ref+awssecrets://x",
        ]
        .map(|text| text.parse().unwrap())
        .to_vec();
        let mut opened = Vec::new();
        let values = resolve(&references, &mut |access| {
            opened.push(access.backend);
            match access.backend {
                Backend::Local => LocalStore::open(directory.path(), &key).map(|store| Box::new(store) as Box<dyn SecretStore>),
                _ => Err(StoreError::Unusable("no region".to_owned())),
            }
        });
        assert_eq!(opened, [Backend::Local, Backend::Aws]);
        let said: Vec<String> = values
            .into_iter()
            .map(|value| match value {
                Ok(value) => String::from_utf8(value.expose().to_vec()).unwrap(),
                Err(error) => error.to_string(),
            })
            .collect();
        let expected = [
            "app",
            "5432",
            "true",
            "two",
            "one",
            "one",
            "db: \"more\" is no text, number or boolean",
            "db: it has no \"none\"; its keys are more, port, tls, username",
            "token: it is no JSON object, so it has no \"a\"",
            "none: there is no such secret or version",
            "no region",
        ];
        assert_eq!(said, expected);
    }
}
