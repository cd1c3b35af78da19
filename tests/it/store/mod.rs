//! Stores: the same contract for each, and what the clients do when servers fail.

mod commands;
#[cfg(feature = "aws")]
pub mod fake;
#[cfg(feature = "azure")]
mod fake_azure;
#[cfg(feature = "gcp")]
mod fake_gcp;
#[cfg(feature = "aws")]
mod fake_ssm;
#[cfg(feature = "vault")]
mod fake_vault;
#[cfg(feature = "network")]
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "the strict fake of AWS can do more than the others"))]
pub mod http;
#[cfg(feature = "aws")]
pub mod moto;
#[cfg(feature = "aws")]
mod options;
#[cfg(feature = "aws")]
mod proxy;
#[cfg(feature = "network")]
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "the strict fake of AWS can do more than the others"))]
pub mod served;
#[cfg(feature = "aws")]
mod servers;

use std::collections::BTreeMap;

use unleak::secret::Secret;
use unleak::store::local::{Key, LocalStore};
use unleak::store::{Action, CURRENT, NewSecret, PENDING, PREVIOUS, SecretStore, StoreError, Tags, Version, limits, names};

/// What some server is known not to do; what is not listed here is checked on every store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leniency {
    /// Deletion does not hold off writes.
    WritesWhileDeleted,
    /// A token can be used again with another value.
    ReusesTokens,
}

pub fn token(number: u8) -> String {
    format!("{number:032x}")
}

pub fn new<'a>(name: &'a str, value: &'a Secret, tags: &'a Tags, token: &'a str) -> NewSecret<'a> {
    NewSecret { name, value, description: "a description", tags, kms_key: None, replica_regions: &[], external_type: None, token }
}

fn read(store: &dyn SecretStore, name: &str, stage: &str) -> Vec<u8> {
    store.read(name, &Version::Stage(stage)).unwrap().expose().to_vec()
}

/// What every store does.
fn contract(store: &dyn SecretStore, prefix: &str, leniencies: &[Leniency]) {
    let name = |what: &str| store.root() + &names::spelled(store.backend(), &format!("{prefix}/{what}"));
    creation(store, &name);
    versions(store, &name("versions"), leniencies.contains(&Leniency::ReusesTokens));
    deletion(store, &name("deleted"), leniencies.contains(&Leniency::WritesWhileDeleted));
    lists(store, &name);
    probes(store, &name);
    assert!(!store.identity().unwrap().is_empty());
}

fn creation(store: &dyn SecretStore, name: &dyn Fn(&str) -> String) {
    let tags = Tags::from([("app".to_owned(), "a b".to_owned())]);
    let a = name("a");
    assert_eq!(store.describe(&a).unwrap(), None);
    let value = Secret::new("p\u{e4}ss \"w\u{f6}rd\"\n\u{1f600}".as_bytes());
    let first = store.create(&new(&a, &value, &tags, &token(1))).unwrap();
    assert_eq!(store.create(&new(&a, &value, &tags, &token(1))).unwrap(), first, "asked again");
    let other = Secret::new(b"other");
    for (value, token) in [(&other, token(1)), (&value, token(2)), (&other, token(2))] {
        let error = store.create(&new(&a, value, &tags, &token)).unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    }
    assert_eq!(read(store, &a, CURRENT), value.expose());
    assert_eq!(store.read(&a, &Version::Id(&first.version)).unwrap(), value);
    let known = store.describe(&a).unwrap().unwrap();
    assert_eq!((known.name.as_str(), known.description.as_str(), &known.tags), (a.as_str(), "a description", &tags));
    assert_eq!(known.versions, BTreeMap::from([(first.version, vec![CURRENT.to_owned()])]));
    assert_eq!(known.deleted, None);

    let binary = Secret::new(&[0, 0xff, 0xfe, 10]);
    let made = store.create(&new(&name("binary"), &binary, &Tags::new(), &token(1)));
    if limits::is_text_only(store.backend()) {
        assert!(matches!(made, Err(StoreError::Invalid { .. })));
    } else {
        assert_eq!(read(store, &name("binary"), CURRENT), binary.expose());
    }
    let largest = limits::largest_value(store.backend());
    let large = Secret::new(&vec![b'x'; largest]);
    store.create(&new(&name("large"), &large, &Tags::new(), &token(1))).unwrap();
    assert_eq!(read(store, &name("large"), CURRENT).len(), largest);

    let refused = [(name("a b"), value.clone()), (name("c"), Secret::new(&vec![b'x'; largest + 1])), (name("c"), Secret::new(b""))];
    for (name, value) in refused {
        let error = store.create(&new(&name, &value, &Tags::new(), &token(1))).unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
    let missing = store.read(&name("none"), &Version::Stage(CURRENT)).unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { .. }), "{missing}");
}

fn versions(store: &dyn SecretStore, name: &str, reuses_tokens: bool) {
    let (one, two) = (Secret::new(b"one"), Secret::new(b"two"));
    let first = store.create(&new(name, &one, &Tags::new(), &token(1))).unwrap().version;
    if let Some(reason) = limits::refused(store.backend(), Action::AddVersion) {
        let before = store.describe(name).unwrap();
        let put = store.put_version(name, &two, &token(2), &[PENDING]).unwrap_err();
        let moved = store.move_stage(name, CURRENT, &first).unwrap_err();
        assert_eq!((put.to_string(), moved.to_string()), (format!("{name}: {reason}"), format!("{name}: {reason}")));
        assert_eq!((store.describe(name).unwrap(), read(store, name, CURRENT)), (before, b"one".to_vec()));
        return;
    }
    let second = store.put_version(name, &two, &token(2), &[PENDING]).unwrap().version;
    assert_eq!(store.put_version(name, &two, &token(2), &[PENDING]).unwrap().version, second, "asked again");
    assert_eq!((read(store, name, CURRENT), read(store, name, PENDING)), (b"one".to_vec(), b"two".to_vec()));
    store.move_stage(name, CURRENT, &second).unwrap();
    store.move_stage(name, CURRENT, &second).unwrap();
    assert_eq!((read(store, name, CURRENT), read(store, name, PREVIOUS)), (b"two".to_vec(), b"one".to_vec()));
    let other = format!("{name}-too");
    store.create(&new(&other, &one, &Tags::new(), &token(1))).unwrap();
    let current: Vec<Vec<u8>> =
        store.read_current(&[name, &other]).unwrap().into_iter().map(|value| value.unwrap().expose().to_vec()).collect();
    assert_eq!(current, [b"two", b"one"], "in one request, too");
    store.move_stage(name, CURRENT, &first).unwrap();
    assert_eq!((read(store, name, CURRENT), read(store, name, PREVIOUS)), (b"one".to_vec(), b"two".to_vec()));
    assert_eq!(store.describe(name).unwrap().unwrap().version_at(PENDING), Some(second.as_str()));
    store.drop_stage(name, PENDING, &first).unwrap();
    assert_eq!(read(store, name, PENDING), b"two", "another version has it");
    store.drop_stage(name, PENDING, &second).unwrap();
    store.drop_stage(name, PENDING, &second).unwrap();
    assert_eq!(store.describe(name).unwrap().unwrap().version_at(PENDING), None);
    assert_eq!((read(store, name, CURRENT), read(store, name, PREVIOUS)), (b"one".to_vec(), b"two".to_vec()));
    let missing = store.move_stage(name, CURRENT, &token(9)).unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { .. } | StoreError::Invalid { .. }), "{missing}");
    if !reuses_tokens {
        let other = store.put_version(name, &one, &token(2), &[PENDING]).unwrap_err();
        assert!(matches!(other, StoreError::Exists { .. }), "{other}");
    }
}

fn deletion(store: &dyn SecretStore, name: &str, writes_while_deleted: bool) {
    let value = Secret::new(b"v");
    store.create(&new(name, &value, &Tags::new(), &token(1))).unwrap();
    for days in [6, 31] {
        let error = store.delete(name, days).unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
    if let Some(reason) = limits::refused(store.backend(), Action::Delete) {
        let refused = [store.delete(name, 7).unwrap_err(), store.restore(name).unwrap_err()];
        assert_eq!(refused.map(|error| error.to_string()), [format!("{name}: {reason}"), format!("{name}: {reason}")]);
        assert_eq!(read(store, name, CURRENT), b"v");
        return;
    }
    store.delete(name, 7).unwrap();
    store.delete(name, 7).unwrap();
    assert!(store.describe(name).unwrap().unwrap().deleted.is_some());
    let read = store.read(name, &Version::Stage(CURRENT)).unwrap_err();
    assert!(matches!(read, StoreError::PendingDeletion { .. }), "{read}");
    if !writes_while_deleted {
        let create = store.create(&new(name, &value, &Tags::new(), &token(1))).unwrap_err();
        assert!(matches!(create, StoreError::PendingDeletion { .. }), "{create}");
        if limits::refused(store.backend(), Action::AddVersion).is_none() {
            let put = store.put_version(name, &value, &token(2), &[PENDING]).unwrap_err();
            assert!(matches!(put, StoreError::PendingDeletion { .. }), "{put}");
        }
    }
    store.restore(name).unwrap();
    assert_eq!(self::read(store, name, CURRENT), b"v");
}

fn lists(store: &dyn SecretStore, name: &dyn Fn(&str) -> String) {
    let tags = |value: &str| Tags::from([("unleak:plan".to_owned(), value.to_owned()), ("x".to_owned(), "y".to_owned())]);
    let names: Vec<String> = (0..25).map(|number| name(&format!("list/{number:02}"))).collect();
    for (number, name) in names.iter().enumerate() {
        let plan = if number % 5 == 0 { "p1" } else { "p10" };
        store.create(&new(name, &Secret::new(name.as_bytes()), &tags(plan), &token(1))).unwrap();
    }
    let listed: Vec<String> =
        store.list(&Tags::from([("unleak:plan".to_owned(), "p1".to_owned())])).unwrap().into_iter().map(|known| known.name).collect();
    assert_eq!(listed, names.iter().step_by(5).cloned().collect::<Vec<_>>());
    store.tag(&names[1], &Tags::from([("unleak:plan".to_owned(), "p1".to_owned())])).unwrap();
    let known = store.describe(&names[1]).unwrap().unwrap();
    assert_eq!(known.tags, tags("p1"));
    let missing = name("list/none");
    let asked: Vec<&str> = names.iter().map(String::as_str).chain([missing.as_str()]).collect();
    let values = store.read_current(&asked).unwrap();
    assert_eq!(values.len(), 26);
    for (name, value) in names.iter().zip(&values) {
        assert_eq!(value.as_ref().unwrap().expose(), name.as_bytes());
    }
    assert!(matches!(values[25], Err(StoreError::NotFound { .. })));
}

/// Asking for permissions changes nothing, whatever there is of the name.
fn probes(store: &dyn SecretStore, name: &dyn Fn(&str) -> String) {
    let (value, tags) = (Secret::new(b"v"), Tags::from([("a".to_owned(), "b".to_owned())]));
    for what in ["live", "gone", "none"] {
        let (name, first, second) = (name(&format!("probe/{what}")), token(1), token(2));
        if what != "none" {
            store.create(&new(&name, &value, &tags, &first)).unwrap();
        }
        if what == "gone" && limits::refused(store.backend(), Action::Delete).is_none() {
            store.delete(&name, 7).unwrap();
        }
        let before = store.describe(&name).unwrap();
        for action in Action::ALL {
            store.probe(action, &new(&name, &value, &tags, &second)).unwrap();
            assert_eq!(store.describe(&name).unwrap(), before, "{action:?} of what is {what}");
        }
    }
}

#[test]
fn the_local_store_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let key = Key { file: directory.path().join("identity.txt"), passphrase: None };
    key.create().unwrap();
    let store = LocalStore::open(directory.path(), &key).unwrap();
    contract(&store, "t", &[]);
    let policy = store.set_policy("t/a", "{}").unwrap_err();
    assert!(policy.to_string().contains("no resource policies"), "{policy}");
    let (value, tags, token) = (Secret::new(b"v"), Tags::new(), token(1));
    // Several at a time do not stand in each other's way, and nothing is left.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| store.probe(Action::Create, &new("t/b", &value, &tags, &token)).unwrap()));
        }
    });
    assert!(std::fs::read_dir(directory.path()).unwrap().all(|entry| !entry.unwrap().file_name().to_string_lossy().contains("check")));
    // Nobody makes files there.
    #[cfg(target_os = "linux")]
    {
        let store = LocalStore::open(std::path::Path::new("/proc/none"), &key).unwrap();
        let denied = store.probe(Action::Create, &new("t/b", &value, &tags, &token)).unwrap_err();
        assert_eq!(denied.to_string(), "t/b: access denied: the identity needs to write in /proc");
    }
}

mod file;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "gcp")]
mod gcp;
#[cfg(feature = "aws")]
mod ssm;
#[cfg(feature = "vault")]
mod vault;
