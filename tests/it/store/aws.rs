//! The client of AWS Secrets Manager, against the strict fake and against moto.

use std::process::Command;

use unleak::secret::Secret;
use unleak::store::aws::{AwsSettings, AwsStore};
use unleak::store::{Action, CURRENT, NewSecret, SecretStore, StoreError, Tags, Version};

use crate::tools::variable;

use super::fake::Fake;
use super::moto::Moto;
use super::proxy::{Cut, Proxy};
use super::served::Fault;
use super::{Leniency, contract, new, token};

/// The environment of everything that uses the SDK in tests: dummy credentials, no shared files, no way to any metadata service, so that nothing
/// but loopback is ever asked.
pub const VARIABLES: [(&str, &str); 7] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("AWS_REGION", "eu-west-1"),
    ("NO_PROXY", "127.0.0.1"),
];

/// Says to a process of this test binary that it has [`VARIABLES`] and no other ones.
const ISOLATED: &str = "UNLEAK_TEST_ISOLATED";

/// Runs a test in a process of its own with [`VARIABLES`]: a process cannot safely change its own.
pub fn isolated(test: &str, run: impl FnOnce()) {
    if variable(ISOLATED).is_some() {
        return run();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env_clear().env(ISOLATED, "1").envs(VARIABLES);
    for name in ["PATH", "UNLEAK_TEST_TOOLS"] {
        command.envs(variable(name).map(|value| (name, value)));
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn client(url: String) -> AwsStore {
    AwsStore::open(&AwsSettings { endpoint_url: Some(url), ..AwsSettings::default() }).unwrap()
}

fn create(store: &AwsStore, name: &str) -> Result<unleak::store::Stored, StoreError> {
    store.create(&new(name, &Secret::new(b"value"), &Tags::new(), &token(1)))
}

#[test]
fn the_strict_fake_sees_the_contract_kept() {
    isolated("store::aws::the_strict_fake_sees_the_contract_kept", || {
        let fake = Fake::start();
        let store = client(fake.url());
        contract(&store, "t", &[]);
        assert_eq!(store.identity().unwrap(), "123456789012 eu-west-1");
        // Names and stages are always told, never left to the server.
        for body in fake.bodies().iter().filter(|body| body.contains("VersionI") || body.contains("VersionS")) {
            assert!(!body.contains("\"VersionStage\":\"\""), "{body}");
        }
    });
}

#[test]
fn moto_sees_the_contract_kept() {
    isolated("store::aws::moto_sees_the_contract_kept", || {
        let moto = Moto::start();
        let store = client(moto.url());
        contract(&store, "t", &[Leniency::WritesWhileDeleted, Leniency::ReusesTokens]);
        let policy = store.set_policy("t/a", "{}").unwrap_err();
        assert!(matches!(policy, StoreError::Unreachable(_)), "it has no ValidateResourcePolicy and answers 500: {policy}");
    });
}

#[test]
fn a_lost_answer_is_asked_for_again_and_makes_no_second_secret() {
    isolated("store::aws::a_lost_answer_is_asked_for_again_and_makes_no_second_secret", || {
        for fault in [Fault::HtmlAfter, Fault::DropAfter, Fault::HtmlBefore, Fault::DropBefore, Fault::Throttle, Fault::Slow] {
            let fake = Fake::start();
            let store = client(fake.url());
            fake.fail("CreateSecret", &[fault, fault]);
            let stored = create(&store, "a").unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            assert_eq!(stored.version, token(1), "{fault:?}");
            assert_eq!(fake.secrets().into_iter().collect::<Vec<_>>(), [("a".to_owned(), 1)], "{fault:?}");
            fake.fail("GetSecretValue", &[fault]);
            assert_eq!(store.read("a", &Version::Stage(CURRENT)).unwrap().expose(), b"value", "{fault:?}");
            fake.fail("PutSecretValue", &[fault]);
            store.put_version("a", &Secret::new(b"2"), &token(2), &[CURRENT]).unwrap();
            assert_eq!(fake.secrets()["a"], 2, "{fault:?}");
        }
    });
}

#[test]
fn attempts_are_bounded_and_errors_say_what_to_do() {
    isolated("store::aws::attempts_are_bounded_and_errors_say_what_to_do", || {
        let fake = Fake::start();
        let store = client(fake.url());
        fake.fail("CreateSecret", &[Fault::Throttle; 20]);
        let error = create(&store, "a").unwrap_err();
        assert!(matches!(error, StoreError::Throttled(_)), "{error}");
        assert_eq!(fake.calls().len(), 6);

        let fake = Fake::start();
        let store = client(fake.url());
        fake.fail("CreateSecret", &[Fault::Denied, Fault::Key]);
        assert_eq!(create(&store, "a").unwrap_err().to_string(), "a: access denied: the identity needs secretsmanager:CreateSecret");
        assert!(matches!(create(&store, "a").unwrap_err(), StoreError::Key { .. }));
        fake.fail("DescribeSecret", &[Fault::Denied]);
        assert_eq!(store.describe("a").unwrap_err().to_string(), "a: access denied: the identity needs secretsmanager:DescribeSecret");
    });
}

#[test]
fn a_value_that_is_too_large_is_refused_before_anybody_is_asked() {
    isolated("store::aws::a_value_that_is_too_large_is_refused_before_anybody_is_asked", || {
        let fake = Fake::start();
        let store = client(fake.url());
        let (largest, tags) = ("\u{e9}".repeat(32_768), Tags::new());
        let larger = largest.clone() + "x";
        assert_eq!((largest.len(), larger.len(), larger.chars().count()), (65_536, 65_537, 32_769), "bytes count, and not letters");
        let error = store.create(&new("a", &Secret::new(larger.as_bytes()), &tags, &token(1))).unwrap_err();
        assert_eq!(error.to_string(), "a: the value has 65537 bytes, and 65536 are the most");
        assert_eq!(fake.calls(), [""; 0]);
        store.create(&new("a", &Secret::new(largest.as_bytes()), &tags, &token(1))).unwrap();
        let error = store.put_version("a", &Secret::new(larger.as_bytes()), &token(2), &[CURRENT]).unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
        assert_eq!(fake.calls(), ["CreateSecret"]);
        assert_eq!(store.read("a", &Version::Stage(CURRENT)).unwrap().expose(), largest.as_bytes());
    });
}

#[test]
fn a_reader_without_batches_reads_one_by_one() {
    isolated("store::aws::a_reader_without_batches_reads_one_by_one", || {
        let fake = Fake::start();
        let store = client(fake.url());
        create(&store, "a").unwrap();
        create(&store, "b").unwrap();
        fake.fail("BatchGetSecretValue", &[Fault::Denied]);
        let values = store.read_current(&["a", "b"]).unwrap();
        assert!(values.iter().all(|value| value.as_ref().unwrap().expose() == b"value"));
        assert_eq!(fake.calls()[2..], ["BatchGetSecretValue", "GetSecretValue", "GetSecretValue"]);
    });
}

#[test]
fn policies_are_validated_and_never_broad() {
    isolated("store::aws::policies_are_validated_and_never_broad", || {
        let fake = Fake::start();
        let store = client(fake.url());
        create(&store, "a").unwrap();
        for policy in ["{", r#"{"Statement":[{"Principal":"*"}]}"#] {
            let error = store.set_policy("a", policy).unwrap_err();
            assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
        }
        let narrow = r#"{"Statement":[{"Principal":{"AWS":"arn:aws:iam::123456789012:role/a"}}]}"#;
        store.set_policy("a", narrow).unwrap();
        assert_eq!(fake.policy("a").as_deref(), Some(narrow));
        assert!(fake.bodies().last().unwrap().contains("\"BlockPublicPolicy\":true"));
    });
}

#[test]
fn each_missing_permission_is_named() {
    isolated("store::aws::each_missing_permission_is_named", || {
        let fake = Fake::start();
        let store = client(fake.url());
        let (value, tags, regions) = (Secret::new(b"v"), Tags::from([("a".to_owned(), "b".to_owned())]), ["eu-west-2".to_owned()]);
        let name = token(1);
        let secret = NewSecret { replica_regions: &regions, ..new("a/b", &value, &tags, &name) };
        for action in Action::ALL {
            let operation = action.iam().strip_prefix("secretsmanager:").unwrap();
            fake.fail(operation, &[Fault::Denied]);
            let error = store.probe(action, &secret).unwrap_err();
            assert_eq!(error.to_string(), format!("a/b: access denied: the identity needs secretsmanager:{operation}"));
            assert_eq!(fake.calls().last().map(String::as_str), Some(operation));
            store.probe(action, &secret).unwrap();
            // A server that cannot be asked says nothing about permissions.
            fake.fail(operation, &[Fault::Throttle; 6]);
            assert!(matches!(store.probe(action, &secret).unwrap_err(), StoreError::Throttled(_)));
        }
        fake.deny("a/b");
        assert!(Action::ALL.iter().all(|action| matches!(store.probe(*action, &secret), Err(StoreError::Denied { .. }))));
        assert_eq!(fake.secrets().len(), 0);
    });
}

#[test]
fn keys_replicas_and_types_are_passed_on() {
    isolated("store::aws::keys_replicas_and_types_are_passed_on", || {
        let fake = Fake::start();
        let store = client(fake.url());
        let (value, tags, regions) = (Secret::new(b"{}"), Tags::new(), ["us-east-1".to_owned()]);
        let secret = NewSecret {
            kms_key: Some("alias/app"),
            replica_regions: &regions,
            external_type: Some("SnowflakePat"),
            ..new("a", &value, &tags, "0123456789abcdef0123456789abcdef")
        };
        store.create(&secret).unwrap();
        let known = store.describe("a").unwrap().unwrap();
        assert_eq!((known.kms_key.as_deref(), known.external_type.as_deref()), (Some("alias/app"), Some("SnowflakePat")));
        assert_eq!(known.replica_regions, regions);
        assert_eq!(known.id, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf");
        // What was asked for by name is found by ARN.
        assert_eq!(store.read(&known.id, &Version::Stage(CURRENT)).unwrap(), value);
    });
}

#[test]
fn connections_that_break_anywhere_lose_and_double_nothing() {
    isolated("store::aws::connections_that_break_anywhere_lose_and_double_nothing", || {
        let moto = Moto::start();
        for cut in [Cut::BeforeRequest, Cut::AfterRequest, Cut::MidAnswer] {
            let proxy = Proxy::start(moto.url(), cut, 1);
            let store = client(proxy.url());
            let name = format!("{cut:?}");
            create(&store, &name).unwrap_or_else(|error| panic!("{cut:?}: {error}"));
            assert_eq!(store.describe(&name).unwrap().unwrap().versions.len(), 1, "{cut:?}");
            assert_eq!(store.read(&name, &Version::Stage(CURRENT)).unwrap().expose(), b"value");
        }
    });
}

#[test]
fn secrets_never_leave_in_the_clear_and_nobody_is_asked_without_a_server() {
    isolated("store::aws::secrets_never_leave_in_the_clear_and_nobody_is_asked_without_a_server", || {
        let open = |url: &str, allow_insecure_endpoint| {
            AwsStore::open(&AwsSettings { endpoint_url: Some(url.to_owned()), allow_insecure_endpoint, ..AwsSettings::default() }).map(drop)
        };
        let error = open("http://store.example", false).unwrap_err().to_string();
        assert_eq!(error, "http://store.example would carry secrets in the clear; use https");
        open("http://store.example", true).unwrap();
        let gone = Fake::start().url();
        let error = create(&client(gone), "a").unwrap_err();
        assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
    });
}
