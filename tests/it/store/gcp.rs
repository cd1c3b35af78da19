//! Google Secret Manager, against the strict fake. There is no server of it among the tools of the tests.

use std::process::Command;

use ring::signature::RsaKeyPair;
use serde_json::json;
use unleak::secret::Secret;
use unleak::store::gcp::{GcpCredentials, GcpSettings, GcpStore};
use unleak::store::{Action, CURRENT, NewSecret, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version};

use super::fake_gcp::{FakeGcp, PROJECTS, TOKEN};
use super::served::Fault;
use super::{contract, new, token};
use crate::tools::tool;

/// Prints a new RSA key as PKCS #8; the library came with moto.
const MAKE_KEY: &str = "
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())
";

fn settings(url: String) -> GcpSettings {
    GcpSettings {
        project: Some(PROJECTS[0].to_owned()),
        credentials: GcpCredentials::Token(Secret::new(TOKEN.as_bytes())),
        endpoint_url: Some(url.clone()),
        projects_endpoint_url: Some(url),
        allow_insecure_endpoint: false,
    }
}

fn client(url: String) -> GcpStore {
    GcpStore::open(&settings(url)).unwrap()
}

fn create(store: &GcpStore, name: &str) -> Result<Stored, StoreError> {
    store.create(&new(name, &Secret::new(b"value"), &Tags::new(), &token(1)))
}

/// A key of a service account in PEM, made for this test, and the part of it that is public.
pub fn service_key() -> (String, Vec<u8>) {
    let output = Command::new(tool("moto/venv/bin/python")).args(["-c", MAKE_KEY]).output().unwrap();
    assert!(output.status.success(), "making a key: {}", String::from_utf8_lossy(&output.stderr));
    let pem = String::from_utf8(output.stdout).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&data_encoding::BASE64.decode(body.as_bytes()).unwrap()).unwrap();
    (pem, key.public().as_ref().to_vec())
}

/// A key file of a service account.
pub fn service_account(url: &str, pem: &str) -> String {
    let file = json!({
        "type": "service_account", "project_id": PROJECTS[0], "private_key_id": "k1", "private_key": pem,
        "client_email": "shop@my-project.example", "token_uri": format!("{url}/token"),
    });
    file.to_string()
}

#[test]
fn the_strict_fake_sees_the_contract_kept() {
    let fake = FakeGcp::start();
    let store = client(fake.url());
    contract(&store, "t", &[]);
    assert_eq!((store.identity().unwrap(), store.root()), ("my-project".to_owned(), "my-project/".to_owned()));
}

#[test]
fn labels_regions_and_keys_are_where_google_has_them() {
    let fake = FakeGcp::start();
    let store = client(fake.url());
    let (value, regions) = (Secret::new(b"v"), ["europe-west1".to_owned(), "europe-west4".to_owned()]);
    let tags = Tags::from([("team", "pay"), ("unleak:plan", "p")].map(|(key, value)| (key.to_owned(), value.to_owned())));
    let (first, key) = (token(1), "projects/my-project/locations/global/keyRings/r/cryptoKeys/k");
    store.create(&new("my-project/plain", &value, &tags, &first)).unwrap();
    let about = fake.about("plain");
    assert_eq!((&about["labels"], &about["replication"]), (&json!({"team": "pay"}), &json!({"automatic": {}})));
    let annotations = json!({"description": "a description", "unleak-tags": "{\"unleak:plan\":\"p\"}", "unleak-token": first});
    assert_eq!(about["annotations"], annotations);
    store.create(&NewSecret { replica_regions: &regions, ..new("my-project/regions", &value, &tags, &first) }).unwrap();
    store.create(&NewSecret { kms_key: Some(key), ..new("my-project/key", &value, &tags, &first) }).unwrap();
    let known = |name: &str| store.describe(name).unwrap().unwrap();
    assert_eq!(known("my-project/regions").replica_regions, regions);
    assert_eq!(known("my-project/key").kms_key.as_deref(), Some(key));
    let both = NewSecret { kms_key: Some(key), replica_regions: &regions, ..new("my-project/both", &value, &tags, &first) };
    assert!(matches!(store.create(&both), Err(StoreError::Invalid { .. })));
    let plain = known("my-project/plain");
    assert_eq!((plain.created, plain.changed), (Some(1_767_225_601), Some(1_767_225_602)));
}

#[test]
fn versions_that_others_made_are_read_and_never_taken_for_ours() {
    let fake = FakeGcp::start();
    let store = client(fake.url());
    for number in 1..=9 {
        fake.put(PROJECTS[0], "a", Some(&number.to_string()));
        fake.put(PROJECTS[1], "b", Some("of the other"));
    }
    let read =
        |name: &str, version: Version<'_>| store.read(name, &version).map(|value| String::from_utf8(value.expose().to_vec()).unwrap());
    let own = |version: Version<'_>| read("my-project/a", version);
    assert_eq!(own(Version::Stage(CURRENT)).unwrap(), "9");
    assert_eq!((own(Version::Stage(PREVIOUS)).unwrap(), own(Version::Id("1")).unwrap()), ("8".to_owned(), "1".to_owned()));
    assert!(matches!(own(Version::Id("10")), Err(StoreError::NotFound { .. })));
    assert!(matches!(own(Version::Stage("no-alias")), Err(StoreError::NotFound { .. })));
    assert!(matches!(own(Version::Stage("../../b/versions/1")), Err(StoreError::NotFound { .. })));
    assert!(matches!(create(&store, "my-project/a"), Err(StoreError::Exists { .. })));
    fake.put(PROJECTS[0], "empty", None);
    assert!(matches!(create(&store, "my-project/empty"), Err(StoreError::Exists { .. })));
    fake.set_state("a", 9, "DISABLED");
    assert_eq!(
        own(Version::Stage(CURRENT)).unwrap_err().to_string(),
        "my-project/a: Google Cloud answered 400: Secret Version is in DISABLED state."
    );
    fake.set_state("a", 9, "DESTROYED");
    let known = store.describe("my-project/a").unwrap().unwrap();
    assert_eq!((known.versions.len(), known.version_at(CURRENT), known.version_at(PREVIOUS)), (8, None, Some("8")));
    // Other projects are read, and never written.
    assert_eq!(read("other-project/b", Version::Stage(CURRENT)).unwrap(), "of the other");
    for error in [create(&store, "other-project/c").map(drop), store.tag("other-project/b", &Tags::new())] {
        assert_eq!(error.unwrap_err().to_string().split_once(": ").unwrap().1, "it is not in the project my-project, which is written to");
    }
}

#[test]
fn a_lost_answer_is_asked_for_again_and_makes_no_second_version() {
    for fault in [Fault::HtmlAfter, Fault::DropAfter, Fault::HtmlBefore, Fault::DropBefore, Fault::Throttle, Fault::Slow] {
        for call in ["secrets.create", "versions.add"] {
            let fake = FakeGcp::start();
            let store = client(fake.url());
            fake.fail(call, &[fault, fault]);
            let stored = create(&store, "my-project/a").unwrap_or_else(|error| panic!("{call} {fault:?}: {error}"));
            assert_eq!((stored.version.as_str(), fake.kept("a").len()), ("1", 1), "{call} {fault:?}");
        }
    }
    // Stopped between the secret and its value.
    let fake = FakeGcp::start();
    let store = client(fake.url());
    fake.fail("versions.add", &[Fault::Denied]);
    assert!(matches!(create(&store, "my-project/a"), Err(StoreError::Denied { .. })));
    assert_eq!(store.describe("my-project/a").unwrap().unwrap().versions.len(), 0);
    assert_eq!(create(&store, "my-project/a").unwrap().version, "1");
}

#[test]
fn attempts_are_bounded_and_errors_say_what_to_do() {
    let fake = FakeGcp::start();
    let store = client(fake.url());
    fake.fail("secrets.create", &[Fault::Throttle; 20]);
    let error = create(&store, "my-project/a").unwrap_err();
    assert!(matches!(error, StoreError::Throttled(_)), "{error}");
    assert_eq!(fake.calls(), ["secrets.create"; 6]);

    let (value, tags, name) = (Secret::new(b"v"), Tags::new(), token(1));
    for (action, missing) in [
        (Action::Create, "secretmanager.secrets.create"),
        (Action::Create, "secretmanager.versions.add"),
        (Action::Describe, "secretmanager.secrets.get"),
        (Action::Describe, "secretmanager.versions.list"),
        (Action::Read, "secretmanager.versions.access"),
        (Action::Tag, "secretmanager.secrets.update"),
    ] {
        let fake = FakeGcp::start();
        let store = client(fake.url());
        store.probe(action, &new("my-project/a", &value, &tags, &name)).unwrap();
        fake.deny(missing);
        let denied = format!("my-project/a: access denied: the identity needs {missing}");
        assert_eq!(store.probe(action, &new("my-project/a", &value, &tags, &name)).unwrap_err().to_string(), denied);
        assert!(store.permission(action).contains(missing) && fake.calls().is_empty());
        fake.put(PROJECTS[0], "b", Some("v"));
        let done = match action {
            Action::Create => create(&store, "my-project/a").map(drop),
            Action::Describe => store.describe("my-project/b").map(drop),
            Action::Read => store.read("my-project/b", &Version::Stage(CURRENT)).map(drop),
            _ => store.tag("my-project/b", &Tags::new()),
        };
        assert!(done.unwrap_err().to_string().ends_with(&format!("the identity needs {missing}")));
    }
    let fake = FakeGcp::start();
    let open = |change: &dyn Fn(&mut GcpSettings)| {
        let mut settings = settings(fake.url());
        change(&mut settings);
        GcpStore::open(&settings)
    };
    let wrong = open(&|settings| settings.credentials = GcpCredentials::Token(Secret::new(b"another"))).unwrap();
    let error = wrong.describe("my-project/a").unwrap_err().to_string();
    assert_eq!(error, "Google Cloud does not take this token: Request had invalid authentication credentials.");
    let none = open(&|settings| settings.project = Some("no-project".to_owned())).unwrap();
    let error = create(&none, "no-project/a").unwrap_err().to_string();
    assert_eq!(error, "Google Cloud cannot be used: Project 'no-project' not found or deleted.");
    let unset = open(&|settings| settings.project = None).unwrap();
    assert_eq!(unset.identity().unwrap_err().to_string(), "Google Cloud needs a project: --project or GOOGLE_CLOUD_PROJECT");
    let unfit = open(&|settings| settings.project = Some("a/b".to_owned())).map(drop).unwrap_err();
    assert_eq!(unfit.to_string(), "\"a/b\" is no project of Google Cloud");
    let gone = FakeGcp::start().url();
    assert!(matches!(create(&client(gone), "my-project/a").unwrap_err(), StoreError::Unreachable(_)));
}

#[test]
fn tokens_are_had_by_key_files_and_from_the_metadata_server() {
    let fake = FakeGcp::start();
    let (pem, public) = service_key();
    fake.trust(&public);
    let url = fake.url();
    let with = |credentials: GcpCredentials| GcpStore::open(&GcpSettings { credentials, project: None, ..settings(url.clone()) });
    let file = |text: &str| GcpCredentials::File(Secret::new(text.as_bytes()));
    let account = with(file(&service_account(&url, &pem))).unwrap();
    create(&account, "my-project/a").unwrap();
    assert_eq!(account.identity().unwrap(), "my-project");
    let user = json!({
        "type": "authorized_user", "client_id": "id", "client_secret": "s/ecret", "refresh_token": "1//refresh",
        "quota_project_id": "payer", "token_uri": format!("{url}/token"),
    });
    let value = |store: &GcpStore| store.read("my-project/a", &Version::Stage(CURRENT)).unwrap().expose().to_vec();
    assert_eq!(value(&with(file(&user.to_string())).unwrap()), b"value");
    let host = url.strip_prefix("http://").unwrap();
    assert_eq!(value(&with(GcpCredentials::Metadata(host.to_owned())).unwrap()), b"value");
    // One token for all that a client asks.
    let (grants, payers) = fake.asked();
    assert_eq!(grants, ["service_account", "refresh_token", "metadata"]);
    assert_eq!(payers.into_iter().collect::<Vec<_>>(), ["payer"]);

    let other = with(file(&service_account(&url, &service_key().0))).unwrap();
    let error = other.describe("my-project/a").unwrap_err().to_string();
    assert_eq!(error, "Google Cloud gives no token (400): Invalid JWT Signature.");
    let said = |credentials: GcpCredentials| with(credentials).map(drop).unwrap_err().to_string();
    for (text, reason) in [
        ("no-json", "it is no JSON"),
        ("{}", "its type is neither service_account nor authorized_user"),
        (r#"{"type":"authorized_user","client_id":"id"}"#, "its secrets are missing"),
        (r#"{"type":"service_account","client_email":"a","private_key":"secret-part"}"#, "private_key is no RSA key in PKCS #8"),
    ] {
        assert_eq!(said(file(text)), format!("the key file of Google Cloud cannot be used: {reason}"));
    }
    let far = service_account("http://tokens.example", &pem);
    assert_eq!(said(file(&far)), "http://tokens.example/token would carry secrets in the clear; use https");
    assert!(said(GcpCredentials::Metadata("metadata.example".to_owned())).starts_with("metadata.example is no metadata server"));
    let broken = said(GcpCredentials::Token(Secret::new(b"secret-part\nx")));
    assert_eq!(broken, "the token of Google Cloud is none: it has characters that tokens do not have");
    let clear = GcpStore::open(&settings("http://secrets.example".to_owned())).map(drop).unwrap_err();
    assert_eq!(clear.to_string(), "http://secrets.example would carry secrets in the clear; use https");
}
