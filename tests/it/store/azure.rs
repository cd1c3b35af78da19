//! Azure Key Vault, against the strict fake. There is no server of it among the tools of the tests.

use std::time::{Duration, Instant};

use ring::signature::RsaKeyPair;
use serde_json::json;
use unleak::secret::Secret;
use unleak::store::azure::{AzureCredentials, AzureSettings, AzureStore};
use unleak::store::{Action, CURRENT, NewSecret, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version};

use super::fake_azure::{FakeAzure, PROOFS, TOKEN, VAULT};
use super::served::Fault;
use super::{contract, new, token};
use crate::cli::put;
use crate::tools::tool;

/// Prints a new RSA key, as PKCS #8 or as older tools write it, and a certificate of it; the library came with moto.
const MAKE_CERTIFICATE: &str = "
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'tests')])
day = datetime.datetime(2026, 1, 1)
builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
certificate = builder.not_valid_before(day).not_valid_after(day + datetime.timedelta(days=9999)).sign(key, hashes.SHA256())
form = s.PrivateFormat.PKCS8 if sys.argv[1] == 'new' else s.PrivateFormat.TraditionalOpenSSL
print(key.private_bytes(s.Encoding.PEM, form, s.NoEncryption()).decode() + certificate.public_bytes(s.Encoding.PEM).decode())
";

fn settings(url: String) -> AzureSettings {
    AzureSettings {
        vault: Some(VAULT.to_owned()),
        credentials: AzureCredentials::Token(Secret::new(TOKEN.as_bytes())),
        authority: Some(url.clone()),
        endpoint_url: Some(url),
        allow_insecure_endpoint: false,
    }
}

fn client(url: String) -> AzureStore {
    AzureStore::open(&settings(url)).unwrap()
}

fn create(store: &AzureStore, name: &str) -> Result<Stored, StoreError> {
    store.create(&new(name, &Secret::new(b"value"), &Tags::new(), &token(1)))
}

fn some_tags(count: usize) -> Tags {
    (0..count).map(|number| (format!("key{number}"), "v".to_owned())).collect()
}

#[test]
fn the_strict_fake_sees_the_contract_kept() {
    let fake = FakeAzure::start();
    let store = client(fake.url());
    contract(&store, "t", &[]);
    assert_eq!((store.identity().unwrap(), store.root()), ("my-vault".to_owned(), "my-vault/".to_owned()));
}

#[test]
fn what_azure_does_not_take_is_refused_before_it_is_asked() {
    let fake = FakeAzure::start();
    let store = client(fake.url());
    let (value, first, regions) = (Secret::new(b"v"), token(1), ["westeurope".to_owned()]);
    let long = Tags::from([("a".to_owned(), "b".repeat(257))]);
    let (most, more, own) = (some_tags(13), some_tags(14), Tags::from([("unleak:token".to_owned(), "x".to_owned())]));
    let plain = |tags| new("my-vault/a", &value, tags, &first);
    let none = Tags::new();
    for (new, reason) in [
        (plain(&long), "the value at most 256"),
        (plain(&more), "16 tags are too many in Azure, 15 are the most, with two of our own"),
        (plain(&own), "unleak:token is a tag of our own in Azure"),
        (NewSecret { kms_key: Some("k"), ..plain(&none) }, "Azure encrypts every key vault with keys of its own"),
        (NewSecret { replica_regions: &regions, ..plain(&none) }, "Azure replicates a key vault and not single secrets"),
    ] {
        let error = store.create(&new).unwrap_err().to_string();
        assert!(error.contains(reason) || error.contains("its value at most 256"), "{error}");
    }
    assert!(fake.calls().is_empty());
    let description = "\u{e4}".repeat(300);
    store.create(&NewSecret { description: &description, ..plain(&most) }).unwrap();
    assert_eq!(fake.tags("a")["description"], json!("\u{e4}".repeat(256)));
    store.tag("my-vault/a", &Tags::from([("key0".to_owned(), "w".to_owned())])).unwrap();
    assert_eq!((fake.tags("a")["key0"].clone(), fake.tags("a").as_object().unwrap().len()), (json!("w"), 15));
    assert!(store.tag("my-vault/a", &Tags::from([("more".to_owned(), "w".to_owned())])).unwrap_err().to_string().contains("too many"));
}

#[test]
fn versions_that_others_made_are_read_and_never_taken_for_ours() {
    let fake = FakeAzure::start();
    let store = client(fake.url());
    let ids: Vec<String> = (1..=9).map(|number| fake.put("a", &number.to_string(), 1)).collect();
    let read = |version: Version<'_>| store.read("my-vault/a", &version).map(|value| String::from_utf8(value.expose().to_vec()).unwrap());
    assert_eq!(read(Version::Stage(CURRENT)).unwrap(), "9");
    assert_eq!((read(Version::Stage(PREVIOUS)).unwrap(), read(Version::Id(&ids[0])).unwrap()), ("8".to_owned(), "1".to_owned()));
    for wrong in [token(9).as_str(), "versions", "", "../b", "9"] {
        assert!(matches!(read(Version::Id(wrong)), Err(StoreError::NotFound { .. })), "{wrong}");
    }
    assert!(matches!(read(Version::Stage("no-stage")), Err(StoreError::NotFound { .. })));
    assert!(matches!(create(&store, "my-vault/A"), Err(StoreError::Exists { .. })));
    assert_eq!(fake.kept("a").len(), 9);
    let known = store.describe("my-vault/a").unwrap().unwrap();
    assert_eq!((known.created, known.changed, known.versions.len()), (Some(1_767_225_601), Some(1_767_225_609), 9));
    // Of several in one second the service says which is the last.
    let last = fake.put("a", "10", 0);
    let known = store.describe("my-vault/a").unwrap().unwrap();
    assert_eq!((known.version_at(CURRENT), known.version_at(PREVIOUS)), (Some(last.as_str()), Some(ids[8].as_str())));
    fake.disable("a");
    let disabled = read(Version::Stage(CURRENT)).unwrap_err().to_string();
    assert_eq!(disabled, "my-vault/a: it is disabled in Azure; enable it, or take a version that is not");
    // The address that was given is that of one key vault.
    let other = store.read("other-vault/a", &Version::Stage(CURRENT)).unwrap_err().to_string();
    assert_eq!(other, format!("{} is the address of the key vault my-vault, not of other-vault", fake.url()));
    for error in [create(&store, "other-vault/c").map(drop), store.tag("other-vault/b", &Tags::new()), store.delete("other-vault/b", 7)] {
        assert_eq!(error.unwrap_err().to_string().split_once(": ").unwrap().1, "it is not in the key vault my-vault, which is written to");
    }
}

#[test]
fn whoever_sets_a_secret_in_the_same_moment_is_told_of() {
    let fake = FakeAzure::start();
    let store = client(fake.url());
    fake.state().rival = Some("of somebody else");
    let error = create(&store, "my-vault/a").unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    assert!(error.to_string().starts_with("my-vault/a: somebody else set it at the same moment: look at the versions "), "{error}");
    assert_eq!(fake.kept("a"), ["of somebody else", "value"]);
    // Asked again, it is somebody else's.
    assert!(matches!(create(&store, "my-vault/a"), Err(StoreError::Exists { .. })));
    assert_eq!(fake.kept("a").len(), 2);
}

#[test]
fn a_lost_answer_is_asked_for_again_and_makes_no_second_version() {
    for fault in [Fault::HtmlAfter, Fault::DropAfter, Fault::HtmlBefore, Fault::DropBefore, Fault::Throttle, Fault::Slow] {
        for call in ["set", "versions"] {
            let fake = FakeAzure::start();
            let store = client(fake.url());
            fake.fail(call, &[fault, fault]);
            let stored = create(&store, "my-vault/a").unwrap_or_else(|error| panic!("{call} {fault:?}: {error}"));
            let known = store.describe("my-vault/a").unwrap().unwrap();
            assert_eq!((known.version_at(CURRENT), fake.kept("a").len()), (Some(stored.version.as_str()), 1), "{call} {fault:?}");
        }
        let fake = FakeAzure::start();
        let store = client(fake.url());
        create(&store, "my-vault/a").unwrap();
        fake.fail("delete", &[fault]);
        store.delete("my-vault/a", 7).unwrap_or_else(|error| panic!("delete {fault:?}: {error}"));
        fake.fail("recover", &[fault]);
        store.restore("my-vault/a").unwrap_or_else(|error| panic!("recover {fault:?}: {error}"));
        assert_eq!(store.read("my-vault/a", &Version::Stage(CURRENT)).unwrap().expose(), b"value", "{fault:?}");
    }
}

#[test]
fn only_what_can_be_given_back_is_deleted() {
    let fake = FakeAzure::start();
    let store = client(fake.url());
    create(&store, "my-vault/a").unwrap();
    fake.state().has_no_soft_delete = true;
    let error = store.delete("my-vault/a", 7).unwrap_err().to_string();
    assert_eq!(error, "my-vault/a: its key vault has no soft delete: it would be gone at once and for good");
    assert_eq!(fake.kept("a"), ["value"]);
    fake.state().has_no_soft_delete = false;
    store.delete("my-vault/a", 7).unwrap();
    let known = store.list(&Tags::new()).unwrap();
    assert_eq!((known.len(), known[0].name.as_str(), known[0].deleted), (1, "my-vault/a", Some(1_767_225_600)));
    store.restore("my-vault/a").unwrap();
    // What is there is no error, and what never was is one.
    store.restore("my-vault/a").unwrap();
    for error in [store.restore("my-vault/none"), store.delete("my-vault/none", 7)] {
        assert!(matches!(error, Err(StoreError::NotFound { .. })));
    }
}

#[test]
fn servers_are_left_alone_for_as_long_as_they_ask() {
    let fake = FakeAzure::start();
    let store = client(fake.url());
    fake.state().retry_after = 1;
    fake.fail("get", &[Fault::Throttle]);
    let begun = Instant::now();
    assert!(matches!(store.read("my-vault/a", &Version::Stage(CURRENT)), Err(StoreError::NotFound { .. })));
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn attempts_are_bounded_and_errors_say_what_to_do() {
    let fake = FakeAzure::start();
    let store = client(fake.url());
    fake.fail("set", &[Fault::Throttle; 20]);
    let error = create(&store, "my-vault/a").unwrap_err();
    assert!(matches!(error, StoreError::Throttled(_)), "{error}");
    assert_eq!(fake.calls().iter().filter(|call| *call == "set").count(), 6);

    let (value, tags, name) = (Secret::new(b"v"), Tags::new(), token(1));
    for (action, missing, role) in [
        (Action::Create, "setSecret/action", "Key Vault Secrets Officer; Set"),
        (Action::Describe, "readMetadata/action", "Key Vault Secrets User; List"),
        (Action::Read, "getSecret/action", "Key Vault Secrets User; Get"),
        (Action::Tag, "update/action", "Key Vault Secrets Officer; Set"),
        (Action::Delete, "delete", "Key Vault Secrets Officer; Delete"),
        (Action::Restore, "recover/action", "Key Vault Secrets Officer; Recover"),
    ] {
        let fake = FakeAzure::start();
        let store = client(fake.url());
        fake.put("b", "v", 1);
        store.probe(action, &new("my-vault/b", &value, &tags, &name)).unwrap();
        fake.deny(missing);
        let missing = format!("Microsoft.KeyVault/vaults/secrets/{missing} (role {role} in an access policy)");
        let denied = format!("my-vault/b: access denied: the identity needs {missing}");
        assert_eq!(store.probe(action, &new("my-vault/b", &value, &tags, &name)).unwrap_err().to_string(), denied);
        assert_eq!((store.permission(action), fake.kept("b")), (missing.clone(), vec!["v".to_owned()]));
        let done = match action {
            Action::Create => create(&store, "my-vault/a").map(drop),
            Action::Describe => store.describe("my-vault/b").map(drop),
            Action::Read => store.read("my-vault/b", &Version::Stage(CURRENT)).map(drop),
            Action::Tag => store.tag("my-vault/b", &Tags::new()),
            Action::Delete => store.delete("my-vault/b", 7),
            _ => store.delete("my-vault/b", 7).and_then(|()| store.restore("my-vault/b")),
        };
        assert!(done.unwrap_err().to_string().ends_with(&format!("the identity needs {missing}")));
    }
    let open = |change: &dyn Fn(&mut AzureSettings)| {
        let mut settings = settings(fake.url());
        change(&mut settings);
        AzureStore::open(&settings)
    };
    let said = |change: &dyn Fn(&mut AzureSettings)| open(change).map(drop).unwrap_err().to_string();
    let wrong = open(&|settings| settings.credentials = AzureCredentials::Token(Secret::new(b"another"))).unwrap();
    assert_eq!(wrong.describe("my-vault/a").unwrap_err().to_string(), "Azure does not take this token: AKV10022: Invalid audience.");
    let unset = open(&|settings| (settings.vault, settings.endpoint_url) = (None, None)).unwrap();
    assert_eq!(unset.identity().unwrap_err().to_string(), "Azure needs a key vault: --key-vault or AZURE_KEY_VAULT_NAME");
    assert!(said(&|settings| settings.vault = None).ends_with(" is the address of one key vault: --key-vault says which"));
    assert!(said(&|settings| settings.vault = Some("evil.example".to_owned())).starts_with("\"evil.example\" is no key vault of Azure"));
    let far = || Some("http://vault.example".to_owned());
    for clear in [said(&|settings| settings.endpoint_url = far()), said(&|settings| settings.authority = far())] {
        assert_eq!(clear, "http://vault.example would carry secrets in the clear; use https");
    }
    assert_eq!(open(&|settings| settings.vault = Some("My-Vault".to_owned())).unwrap().root(), "my-vault/");
    let gone = FakeAzure::start().url();
    assert!(matches!(create(&client(gone), "my-vault/a").unwrap_err(), StoreError::Unreachable(_)));
}

/// A certificate with its key, the key's public part and the certificate's hash.
fn certificate(form: &str) -> (String, Vec<u8>, String) {
    let output = std::process::Command::new(tool("moto/venv/bin/python")).args(["-c", MAKE_CERTIFICATE, form]).output().unwrap();
    assert!(output.status.success(), "making a certificate: {}", String::from_utf8_lossy(&output.stderr));
    let pem = String::from_utf8(output.stdout).unwrap();
    let blocks: Vec<Vec<u8>> = pem
        .split("-----BEGIN ")
        .skip(1)
        .map(|block| {
            let body: String = block.lines().skip(1).take_while(|line| !line.starts_with('-')).collect();
            data_encoding::BASE64.decode(body.as_bytes()).unwrap()
        })
        .collect();
    let key = RsaKeyPair::from_pkcs8(&blocks[0]).or_else(|_| RsaKeyPair::from_der(&blocks[0])).unwrap();
    let hash = data_encoding::BASE64URL_NOPAD.encode(ring::digest::digest(&ring::digest::SHA256, &blocks[1]).as_ref());
    (pem, key.public().as_ref().to_vec(), hash)
}

#[test]
fn an_application_proves_itself_with_its_certificate() {
    let fake = FakeAzure::start();
    fake.put("a", "value", 1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    let open = || {
        let credentials =
            AzureCredentials::Certificate { tenant: "tenant.of-tests".to_owned(), client: "client".to_owned(), file: file.clone() };
        AzureStore::open(&AzureSettings { credentials, ..settings(fake.url()) }).unwrap()
    };
    let value = |store: &AzureStore| store.read("my-vault/a", &Version::Stage(CURRENT)).map(|value| value.expose().to_vec());
    for form in ["new", "old"] {
        let (pem, public, hash) = certificate(form);
        fake.state().trusted = Some((public, hash));
        put(&file, &pem);
        let store = open();
        assert_eq!((value(&store).unwrap(), value(&store).unwrap()), (b"value".to_vec(), b"value".to_vec()), "{form}");
    }
    assert_eq!(fake.state().grants, ["certificate", "certificate"], "one token for all that a client asks");
    let (other, public, _) = certificate("new");
    put(&file, &other);
    let denied = "Azure gives no token (401): AADSTS700027: Client assertion failed signature validation.";
    assert_eq!(value(&open()).unwrap_err().to_string(), denied);
    fake.state().trusted = Some((public, "of another certificate".to_owned()));
    assert_eq!(value(&open()).unwrap_err().to_string(), denied);
    let at = file.display();
    let (key, own) = other.split_once("-----BEGIN CERT").unwrap();
    for (text, reason) in [
        (key.to_owned(), "it is no PEM file with a certificate and its key; `openssl pkcs12 -in FILE -nodes` makes one of a PFX file"),
        (format!("-----BEGIN CERT{own}"), "it has no RSA key without a password, which is what is read"),
    ] {
        put(&file, &text);
        assert_eq!(value(&open()).unwrap_err().to_string(), format!("{at}: {reason}"));
    }
    std::fs::remove_file(&file).unwrap();
    assert!(value(&open()).unwrap_err().to_string().starts_with(&format!("cannot read {at}: ")));
}

#[test]
fn tokens_are_had_in_each_of_azures_ways() {
    let fake = FakeAzure::start();
    fake.put("a", "value", 1);
    let url = fake.url();
    let with = |credentials: AzureCredentials| AzureStore::open(&AzureSettings { credentials, ..settings(url.clone()) });
    let value = |store: &AzureStore| store.read("my-vault/a", &Version::Stage(CURRENT)).map(|value| value.expose().to_vec());
    let text = |text: &str| text.to_owned();
    let application = |secret: &str| AzureCredentials::Application {
        tenant: text("tenant.of-tests"),
        client: text("client"),
        secret: Secret::new(secret.as_bytes()),
    };
    let folder = tempfile::tempdir().unwrap();
    let (file, az) = (folder.path().join("token"), folder.path().join("az"));
    put(&file, &format!("{}\n", PROOFS[1]));
    let managed = |endpoint: String, header: Option<&str>, client: Option<&str>| AzureCredentials::Managed {
        endpoint,
        header: header.map(|header| Secret::new(header.as_bytes())),
        client: client.map(text),
    };
    for credentials in [
        application(PROOFS[0]),
        AzureCredentials::Federated { tenant: text("tenant.of-tests"), client: text("client"), file: file.clone() },
        managed(format!("{url}/msi/token"), Some(PROOFS[2]), None),
        managed(format!("{url}/metadata/identity/oauth2/token"), None, Some("own")),
    ] {
        let store = with(credentials).unwrap();
        // One token for all that a client asks.
        assert_eq!((value(&store).unwrap(), value(&store).unwrap()), (b"value".to_vec(), b"value".to_vec()));
    }
    // The service does not say how long its token lasts; it is asked again before it could have ended.
    assert_eq!(fake.state().grants, ["secret", "assertion", "service", "machine own"]);

    let failed = |credentials: AzureCredentials| value(&with(credentials).unwrap()).unwrap_err().to_string();
    assert_eq!(failed(application("another")), "Azure gives no token (401): AADSTS7000215: Invalid client secret provided.");
    assert!(failed(application("secret-part\nx")).ends_with("is none: it has characters that tokens do not have"));
    std::fs::remove_file(&file).unwrap();
    let gone = AzureCredentials::Federated { tenant: text("t"), client: text("c"), file };
    assert!(failed(gone).starts_with("cannot read "));
    let refused = |credentials: AzureCredentials| with(credentials).map(drop).unwrap_err().to_string();
    assert!(
        refused(managed(text("http://192.0.2.1/token"), Some(PROOFS[2]), None))
            .starts_with("http://192.0.2.1/token tells nobody's identity")
    );
    let odd = AzureCredentials::Application { tenant: text("a/b"), client: text("c"), secret: Secret::new(b"s") };
    assert_eq!(refused(odd), "\"a/b\" is no tenant of Azure");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let cli = |script: &str| {
            put(&az, &format!("#!/bin/sh\n{script}\n"));
            std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o700)).unwrap();
            AzureCredentials::Cli { program: az.clone(), without: &["HOME"] }
        };
        let said = format!(
            "test \"$*\" = 'account get-access-token --output json --resource https://vault.azure.net' && test -z \"$HOME\" && \
                            echo '{{\"accessToken\": \"{TOKEN}\", \"expiresOn\": \"2026-01-01 00:00:00\"}}'"
        );
        assert_eq!(value(&with(cli(&said)).unwrap()).unwrap(), b"value");
        for (script, what) in [
            ("echo secret-part >&2; exit 1", "exit status: 1"),
            ("echo secret-part", "what it says is no JSON"),
            ("echo '{\"secret-part\": 1}'", "there is none in what it says"),
        ] {
            assert_eq!(failed(cli(script)), format!("the Azure CLI gives no token: {what}; try `az login`"));
        }
    }
    let none = AzureCredentials::Cli { program: folder.path().join("none"), without: &[] };
    assert!(failed(none).contains("cannot be run"));
}
