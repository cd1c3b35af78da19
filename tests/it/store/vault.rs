//! Vault, against the strict fake. There is no server of it among the tools of the tests.

use serde_json::json;
use unleak::secret::Secret;
use unleak::store::vault::{VaultSettings, VaultStore};
use unleak::store::{Action, CURRENT, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version};

use super::fake_vault::{FakeVault, TOKEN};
use super::served::Fault;
use super::{contract, new, token};

fn settings(address: String) -> VaultSettings {
    VaultSettings {
        address,
        token: Secret::new(TOKEN.as_bytes()),
        namespace: None,
        mount: "secret".to_owned(),
        certificates: None,
        allow_insecure_endpoint: false,
    }
}

fn client(url: String) -> VaultStore {
    VaultStore::open(settings(url)).unwrap()
}

fn create(store: &VaultStore, name: &str) -> Result<Stored, StoreError> {
    store.create(&new(name, &Secret::new(b"value"), &Tags::new(), &token(1)))
}

#[test]
fn the_strict_fake_sees_the_contract_kept() {
    let fake = FakeVault::start();
    contract(&client(fake.url()), "t", &[]);
    let other =
        VaultStore::open(VaultSettings { mount: "kv/".to_owned(), namespace: Some("team".to_owned()), ..settings(fake.url() + "/") });
    let other = other.unwrap();
    contract(&other, "t", &[]);
    assert_eq!(other.identity().unwrap(), format!("{} team kv", fake.url()));
}

#[test]
fn objects_are_kept_as_members_and_texts_as_one() {
    let fake = FakeVault::start();
    let store = client(fake.url());
    let keep = |name: &str, value: &str| store.create(&new(name, &Secret::new(value.as_bytes()), &Tags::new(), &token(1))).unwrap();
    keep("secret/db", r#"{"username":"app","password":"p","port":5432}"#);
    assert_eq!(fake.kept("secret/db"), [json!({"username": "app", "password": "p", "port": 5432})]);
    assert_eq!(store.read("secret/db", &Version::Stage(CURRENT)).unwrap().expose(), br#"{"password":"p","port":5432,"username":"app"}"#);
    keep("secret/account", "{\n  \"type\": \"service\"\n}\n");
    assert_eq!(fake.kept("secret/account"), [json!({"value": "{\n  \"type\": \"service\"\n}\n"})]);
}

#[test]
fn versions_that_others_made_are_read_and_never_taken_for_ours() {
    let fake = FakeVault::start();
    let store = client(fake.url());
    for number in 1..=3 {
        fake.put("secret/a", json!({"value": number.to_string()}));
    }
    let read = |version: Version<'_>| String::from_utf8(store.read("secret/a", &version).unwrap().expose().to_vec()).unwrap();
    assert_eq!(
        (read(Version::Stage(CURRENT)), read(Version::Stage(PREVIOUS)), read(Version::Id("1"))),
        ("3".into(), "2".into(), "1".into())
    );
    assert!(matches!(store.read("secret/a", &Version::Id("4")), Err(StoreError::NotFound { .. })));
    assert!(matches!(create(&store, "secret/a"), Err(StoreError::Exists { .. })));
    assert_eq!(fake.kept("secret/a").len(), 3);
    let known = store.describe("secret/a").unwrap().unwrap();
    assert_eq!((known.created, known.changed, known.tags.len()), (Some(1_767_225_601), Some(1_767_225_601), 0));
    for name in ["secret", "secret/", "secret/a//b", "secret/../sys"] {
        assert!(matches!(store.read(name, &Version::Stage(CURRENT)), Err(StoreError::Invalid { .. })), "{name}");
    }
}

#[test]
fn a_lost_answer_is_asked_for_again_and_makes_no_second_version() {
    for fault in [Fault::HtmlAfter, Fault::DropAfter, Fault::HtmlBefore, Fault::DropBefore, Fault::Throttle, Fault::Slow] {
        for call in ["POST data", "POST metadata", "GET metadata"] {
            let fake = FakeVault::start();
            let store = client(fake.url());
            fake.fail(call, &[fault, fault]);
            let stored = create(&store, "secret/a").unwrap_or_else(|error| panic!("{call} {fault:?}: {error}"));
            assert_eq!((stored.version.as_str(), fake.kept("secret/a").len()), ("1", 1), "{call} {fault:?}");
        }
    }
}

#[test]
fn attempts_are_bounded_and_errors_say_what_to_do() {
    let fake = FakeVault::start();
    let store = client(fake.url());
    fake.fail("POST data", &[Fault::Throttle; 20]);
    let error = create(&store, "secret/a").unwrap_err();
    assert!(matches!(error, StoreError::Throttled(_)), "{error}");
    assert_eq!(fake.calls().iter().filter(|call| *call == "POST data").count(), 6);

    let (value, tags, name) = (Secret::new(b"v"), Tags::new(), token(1));
    for (kind, action, missing) in [
        ("data", Action::Create, "create on secret/data/*"),
        ("metadata", Action::Create, "create on secret/metadata/*"),
        ("data", Action::Read, "read on secret/data/*"),
        ("metadata", Action::Describe, "read on secret/metadata/*"),
        ("metadata", Action::Tag, "update on secret/metadata/*"),
        ("delete", Action::Delete, "update on secret/delete/*"),
        ("undelete", Action::Restore, "update on secret/undelete/*"),
    ] {
        let fake = FakeVault::start();
        let store = client(fake.url());
        store.probe(action, &new("secret/a", &value, &tags, &name)).unwrap();
        fake.deny(kind);
        let error = store.probe(action, &new("secret/a", &value, &tags, &name)).unwrap_err();
        assert_eq!(error.to_string(), format!("secret/a: access denied: the identity needs {missing}"));
        assert!(store.permission(action).contains(missing));
        assert_eq!(fake.names().len(), 0);
    }
    fake.deny("data");
    let error = store.read("secret/b", &Version::Stage(CURRENT)).unwrap_err();
    assert_eq!(error.to_string(), "secret/b: access denied: the identity needs read on secret/data/*");
    let wrong = VaultStore::open(VaultSettings { token: Secret::new(b"another"), ..settings(fake.url()) }).unwrap();
    let error = wrong.describe("secret/a").unwrap_err().to_string();
    assert_eq!(error, "Vault does not take this token: permission denied; invalid token");
    let gone = FakeVault::start().url();
    assert!(matches!(create(&client(gone), "secret/a").unwrap_err(), StoreError::Unreachable(_)));
}

#[test]
fn secrets_and_tokens_never_leave_in_the_clear() {
    let open = |settings: VaultSettings| VaultStore::open(settings).map(drop).map_err(|error| error.to_string());
    let far = || settings("http://vault.example:8200".to_owned());
    assert_eq!(open(far()), Err("http://vault.example:8200 would carry secrets in the clear; use https".to_owned()));
    assert_eq!(open(VaultSettings { allow_insecure_endpoint: true, ..far() }), Ok(()));
    let near = || settings("https://vault.example:8200".to_owned());
    assert_eq!(open(near()), Ok(()));
    let broken = open(VaultSettings { token: Secret::new(b"secret-part\nx"), ..near() }).unwrap_err();
    assert_eq!(broken, "the token of Vault is none: it has characters that tokens do not have");
    let certificates = open(VaultSettings { certificates: Some(b"none".to_vec()), ..near() }).unwrap_err();
    assert_eq!(certificates, "the certificates to trust are no PEM");
}
