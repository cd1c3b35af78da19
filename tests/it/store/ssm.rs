//! Parameter Store, against the strict fake and against moto.

use unleak::secret::Secret;
use unleak::store::aws::AwsSettings;
use unleak::store::ssm::SsmStore;
use unleak::store::{CURRENT, NewSecret, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version};

use super::aws::isolated;
use super::fake::Fake;
use super::moto::Moto;
use super::proxy::{Cut, Proxy};
use super::served::Fault;
use super::{contract, new, token};

fn client(url: String) -> SsmStore {
    SsmStore::open(&AwsSettings { endpoint_url: Some(url), ..AwsSettings::default() }, None).unwrap()
}

fn create(store: &SsmStore, name: &str) -> Result<Stored, StoreError> {
    store.create(&new(name, &Secret::new(b"value"), &Tags::new(), &token(1)))
}

#[test]
fn the_strict_fake_sees_the_contract_kept() {
    isolated("store::ssm::the_strict_fake_sees_the_contract_kept", || {
        let fake = Fake::start();
        let store = client(fake.url());
        contract(&store, "t", &[]);
        assert_eq!(store.identity().unwrap(), "123456789012 eu-west-1");
        assert_eq!(store.read("t/a", &Version::Id("arn")).unwrap_err().to_string(), "t/a: there is no such secret or version");
    });
}

#[test]
fn moto_sees_the_contract_kept() {
    isolated("store::ssm::moto_sees_the_contract_kept", || {
        let moto = Moto::start();
        contract(&client(moto.url()), "t", &[]);
    });
}

#[test]
fn versions_and_labels_that_others_made_are_read() {
    isolated("store::ssm::versions_and_labels_that_others_made_are_read", || {
        let fake = Fake::start();
        let store = client(fake.url());
        create(&store, "prod/a").unwrap();
        for value in ["two", "three"] {
            fake.ask_ssm(
                "PutParameter",
                &serde_json::json!({"Name": "/prod/a", "Value": value, "Type": "SecureString", "Tier": "Standard", "Overwrite": true}),
            );
        }
        fake.ask_ssm("LabelParameterVersion", &serde_json::json!({"Name": "/prod/a", "ParameterVersion": 2, "Labels": ["live"]}));
        let read = |version: Version<'_>| String::from_utf8(store.read("prod/a", &version).unwrap().expose().to_vec()).unwrap();
        let stages = [CURRENT, PREVIOUS, "live"].map(|stage| read(Version::Stage(stage)));
        assert_eq!((stages.join(" "), read(Version::Id("1"))), ("three two two".to_owned(), "value".to_owned()));
        let known = store.describe("prod/a").unwrap().unwrap();
        let stages: Vec<(&str, String)> = known.versions.iter().map(|(id, stages)| (id.as_str(), stages.join(","))).collect();
        assert_eq!(stages, [("1", String::new()), ("2", format!("{PREVIOUS},live")), ("3", CURRENT.to_owned())]);
        assert_eq!((known.created, known.changed), (Some(1_700_000_001), Some(1_700_000_003)));
    });
}

#[test]
fn a_lost_answer_is_asked_for_again_and_makes_no_second_parameter() {
    isolated("store::ssm::a_lost_answer_is_asked_for_again_and_makes_no_second_parameter", || {
        for fault in [Fault::HtmlAfter, Fault::DropAfter, Fault::HtmlBefore, Fault::DropBefore, Fault::Throttle, Fault::Slow] {
            let fake = Fake::start();
            let store = client(fake.url());
            fake.fail("PutParameter", &[fault, fault]);
            let stored = create(&store, "a").unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            assert_eq!((stored.version.as_str(), fake.parameters()["/a"]), ("1", 1), "{fault:?}");
            fake.fail("GetParameter", &[fault]);
            assert_eq!(store.read("a", &Version::Stage(CURRENT)).unwrap().expose(), b"value", "{fault:?}");
        }
        let moto = Moto::start();
        for cut in [Cut::BeforeRequest, Cut::AfterRequest, Cut::MidAnswer] {
            let proxy = Proxy::start(moto.url(), cut, 1);
            let (store, name) = (client(proxy.url()), format!("{cut:?}"));
            create(&store, &name).unwrap_or_else(|error| panic!("{cut:?}: {error}"));
            assert_eq!(store.describe(&name).unwrap().unwrap().versions.len(), 1, "{cut:?}");
        }
    });
}

#[test]
fn attempts_are_bounded_and_errors_say_what_to_do() {
    isolated("store::ssm::attempts_are_bounded_and_errors_say_what_to_do", || {
        let fake = Fake::start();
        let store = client(fake.url());
        fake.fail("PutParameter", &[Fault::Throttle; 20]);
        let error = create(&store, "a").unwrap_err();
        assert_eq!(error.to_string(), "the store kept turning requests away (ssm:PutParameter); try again later");
        assert_eq!(fake.calls().len(), 6);

        let fake = Fake::start();
        let store = client(fake.url());
        fake.fail("PutParameter", &[Fault::Denied, Fault::Key]);
        assert_eq!(create(&store, "a").unwrap_err().to_string(), "a: access denied: the identity needs ssm:PutParameter");
        assert!(matches!(create(&store, "a").unwrap_err(), StoreError::Key { .. }));
        let (value, tags, name) = (Secret::new(b"v"), Tags::new(), token(1));
        for action in [unleak::store::Action::Create, unleak::store::Action::Read, unleak::store::Action::Describe] {
            let permission = store.permission(action);
            let operation =
                ["PutParameter", "GetParameter", "GetParameterHistory"].into_iter().find(|name| permission.ends_with(name)).unwrap();
            fake.fail(operation, &[Fault::Denied]);
            let error = store.probe(action, &new("a", &value, &tags, &name)).unwrap_err();
            assert_eq!(error.to_string(), format!("a: access denied: the identity needs {permission}"));
        }
        // Several at once are an action of their own.
        create(&store, "a").unwrap();
        create(&store, "b").unwrap();
        fake.fail("GetParameters", &[Fault::Denied]);
        assert!(store.read_current(&["a", "b"]).unwrap().iter().all(|value| value.as_ref().unwrap().expose() == b"value"));
        let gone = Fake::start().url();
        assert!(matches!(create(&client(gone), "a").unwrap_err(), StoreError::Unreachable(_)));
    });
}

#[test]
fn keys_are_passed_on_and_secrets_never_leave_in_the_clear() {
    isolated("store::ssm::keys_are_passed_on_and_secrets_never_leave_in_the_clear", || {
        let fake = Fake::start();
        let store = client(fake.url());
        let (value, tags, name) = (Secret::new(b"{}"), Tags::new(), token(1));
        store.create(&NewSecret { kms_key: Some("alias/app"), ..new("a", &value, &tags, &name) }).unwrap();
        assert_eq!(store.describe("a").unwrap().unwrap().kms_key.as_deref(), Some("alias/app"));
        let region = ["eu-west-2".to_owned()];
        let refused = store.create(&NewSecret { replica_regions: &region, ..new("b", &value, &tags, &name) }).unwrap_err();
        assert_eq!(refused.to_string(), "b: Parameter Store has no replicas");
        let open = |url: Option<&str>, own: Option<&str>| {
            let settings = AwsSettings { endpoint_url: url.map(str::to_owned), ..AwsSettings::default() };
            SsmStore::open(&settings, own).map(drop).map_err(|error| error.to_string())
        };
        for (url, own) in [(Some("http://store.example"), None), (None, Some("http://store.example"))] {
            assert_eq!(open(url, own), Err("http://store.example would carry secrets in the clear; use https".to_owned()));
        }
        assert_eq!(open(None, None), Ok(()));
    });
}
