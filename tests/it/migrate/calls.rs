//! In which order a migration asks the store, how often, and what it does where a call is denied. Owns: the calls as the strict fake got them.

use std::process::Output;

use serde_json::Value;

use crate::cli::{Sandbox, assert_exit, put, text};
use crate::made_up;
use crate::rewrite::client::files_of;
use crate::store::aws::VARIABLES;
use crate::store::fake::Fake;
use crate::store::served::Fault;

const NAME: &str = "prod/shop/db-password";

/// A program with a password, and a store.
struct Shop {
    sandbox: Sandbox,
    fake: Fake,
    source: String,
    value: String,
}

impl Shop {
    fn new() -> Self {
        let value = made_up::password(130);
        let source = format!("DB_PASSWORD = \"{value}\"\n");
        Self { sandbox: Sandbox::new(&[("app.py", &source)]), fake: Fake::start(), source, value }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let home = self.sandbox.directory.path().join(".home");
        self.sandbox.command(arguments).env("HOME", home).envs(VARIABLES).env("AWS_ENDPOINT_URL", self.fake.url()).output().unwrap()
    }

    fn migrate(&self, arguments: &[&str]) -> Output {
        self.run(&[&["-q", "migrate", "--store", "aws", "--app", "shop", "--env", "prod", "--yes"], arguments].concat())
    }

    /// Calls with their bodies.
    fn calls(&self) -> Vec<(String, Value)> {
        let bodies = self.fake.bodies().into_iter().map(|body| serde_json::from_str(&body).unwrap_or_default());
        self.fake.calls().into_iter().zip(bodies).collect()
    }

    fn count(&self, operation: &str) -> usize {
        self.fake.calls().iter().filter(|call| *call == operation).count()
    }

    /// Nothing is in the code but what was, and nothing beside it.
    #[track_caller]
    fn assert_untouched(&self) {
        assert_eq!(self.sandbox.read("app.py"), self.source);
        assert!(!self.sandbox.directory.path().join(".unleak.env").exists());
    }

    fn current(&self) -> String {
        text(&self.run(&["get", &format!("ref+awssecrets://{NAME}")]).stdout)
    }
}

#[test]
fn a_new_version_is_read_back_before_the_label_moves() {
    let shop = Shop::new();
    shop.fake.put(NAME, Some("old"));
    assert_exit(&shop.migrate(&["--new-version"]), 4);
    let all = shop.calls();
    let put = all.iter().position(|(call, _)| call == "PutSecretValue").unwrap();
    assert_eq!(all[put].1["VersionStages"], serde_json::json!(["AWSPENDING"]));
    let version = &all[put].1["ClientRequestToken"];
    // Whoever moves a label looks first where it is.
    let after: Vec<&(String, Value)> = all[put + 1..].iter().filter(|(call, _)| call != "DescribeSecret").collect();
    let read = |(call, body): &(String, Value), key: &str, value: &Value| call == "GetSecretValue" && body[key] == *value;
    assert!(read(after[0], "VersionId", version), "{:?}", after[0].0);
    for (at, label, to) in [(1, "AWSCURRENT", version), (2, "AWSPENDING", &Value::Null)] {
        assert_eq!((after[at].0.as_str(), &after[at].1["VersionStage"]), ("UpdateSecretVersionStage", &label.into()));
        assert_eq!(after[at].1["MoveToVersionId"], *to);
    }
    assert!(
        read(after[3], "VersionId", version) && read(after[4], "VersionStage", &"AWSCURRENT".into()),
        "proved as what readers get, too"
    );
    assert_eq!((shop.current(), shop.count("PutSecretValue")), (shop.value.clone(), 1));
}

#[test]
fn a_new_version_that_cannot_be_read_back_is_never_what_readers_get() {
    let shop = Shop::new();
    shop.fake.put(NAME, Some("old"));
    // The first look is at what is there.
    shop.fake.fail("GetSecretValue", &[Fault::Slow, Fault::Denied]);
    let output = shop.migrate(&["--new-version"]);
    assert_exit(&output, 5);
    assert_eq!((shop.count("PutSecretValue"), shop.count("UpdateSecretVersionStage")), (1, 0));
    assert_eq!(shop.current(), "old");
    shop.assert_untouched();
    assert_exit(&shop.run(&["migrate", "resume", "--yes"]), 4);
    assert_eq!((shop.current(), shop.fake.secrets()[NAME]), (shop.value.clone(), 2));
}

/// An operation, the options that make a migration call it, and what was done before.
type Step<'a> = (&'a str, &'a [&'a str], fn(&Shop));

#[test]
fn whatever_step_is_denied_no_file_is_rewritten_and_the_action_is_named() {
    let (new_version, replica) = (["--new-version"], ["--replica-region", "eu-west-2"]);
    let steps: [Step<'_>; 7] = [
        ("CreateSecret", &[], |_| ()),
        ("GetSecretValue", &[], |_| ()),
        ("DescribeSecret", &[], |shop| shop.fake.put(NAME, Some(&shop.value))),
        ("PutSecretValue", &new_version, |shop| shop.fake.put(NAME, Some("old"))),
        ("UpdateSecretVersionStage", &new_version, |shop| shop.fake.put(NAME, Some("old"))),
        ("RestoreSecret", &[], taken_back),
        ("ReplicateSecretToRegions", &replica, taken_back),
    ];
    for (operation, options, before) in steps {
        let shop = Shop::new();
        before(&shop);
        shop.fake.fail(operation, &[Fault::Denied]);
        let output = shop.migrate(options);
        assert_exit(&output, 5);
        let said = text(&output.stderr);
        assert!(said.contains(&format!("needs secretsmanager:{operation}")), "{operation}: {said}");
        assert!(!said.contains(&shop.value), "{operation}");
        shop.assert_untouched();
        // Allowed again it goes on to the same end.
        assert_exit(&shop.run(&["migrate", "resume", "--yes"]), 4);
        assert_eq!(shop.current(), shop.value, "{operation}");
        assert_ne!(shop.sandbox.read("app.py"), shop.source, "{operation}");
    }
    // Who asks is unknown: that is before anything is begun.
    let shop = Shop::new();
    shop.fake.fail("GetCallerIdentity", &[Fault::Denied]);
    let output = shop.migrate(&[]);
    assert_exit(&output, 5);
    assert!(text(&output.stderr).contains("needs sts:GetCallerIdentity"), "{}", text(&output.stderr));
    assert_eq!(shop.fake.calls(), ["GetCallerIdentity"]);
    shop.assert_untouched();
}

/// Migrates and takes it back.
fn taken_back(shop: &Shop) {
    assert_exit(&shop.migrate(&[]), 4);
    assert_exit(&shop.run(&["migrate", "undo", "--yes"]), 0);
    assert_eq!(shop.sandbox.read("app.py"), shop.source);
}

#[test]
fn what_is_done_again_after_an_undo_is_restored_and_no_second_one_is_made() {
    let shop = Shop::new();
    let plan = ["-q", "migrate", "plan", "--store", "aws", "--app", "shop", "--env", "prod", "-o", "plan.json"];
    assert_exit(&shop.run(&plan), 0);
    let apply = || assert_exit(&shop.run(&["migrate", "apply", "plan.json", "--yes"]), 4);
    apply();
    assert_eq!((shop.count("CreateSecret"), shop.count("RestoreSecret")), (1, 0));
    // The same plan twice is one secret with one version.
    apply();
    assert_eq!(shop.fake.secrets().into_iter().collect::<Vec<_>>(), [(NAME.to_owned(), 1)]);
    assert_exit(&shop.run(&["migrate", "undo", "--yes"]), 0);
    apply();
    assert_eq!((shop.count("RestoreSecret"), shop.count("PutSecretValue")), (1, 0));
    assert_eq!(shop.fake.secrets().into_iter().collect::<Vec<_>>(), [(NAME.to_owned(), 1)]);
    assert_eq!(shop.current(), shop.value);
}

#[test]
fn many_references_to_a_secret_are_one_call() {
    let shop = Shop::new();
    shop.fake.put("db", Some("{\"username\":\"u\",\"password\":\"p\"}"));
    shop.fake.put("token", Some("t"));
    let names: Vec<String> =
        (0..30).map(|number| format!("V{number}=ref+awssecrets://db#/{}\n", ["username", "password"][number % 2])).collect();
    put(&shop.sandbox.directory.path().join("v.env"), &names.concat());
    let output = shop.run(&["run", "--env-file", "v.env", "--", "/bin/sh", "-c", "printf %s \"$V0$V29\""]);
    assert_eq!((text(&output.stdout), shop.fake.calls().len()), ("up".to_owned(), 1), "{:?}", shop.fake.calls());
    put(&shop.sandbox.directory.path().join("v.env"), &(names.concat() + "T=ref+awssecrets://token\n"));
    let output = shop.run(&["run", "--env-file", "v.env", "--", "/bin/sh", "-c", "printf %s \"$V1$T\""]);
    assert_eq!((text(&output.stdout), shop.fake.calls().len()), ("pt".to_owned(), 2), "{:?}", shop.fake.calls());
}

#[test]
fn a_command_gets_its_values_and_nothing_is_written() {
    let shop = Shop::new();
    assert_exit(&shop.migrate(&[]), 4);
    let root = shop.sandbox.directory.path();
    std::fs::create_dir(root.join("tmp")).unwrap();
    let all = || {
        let mut found = std::collections::BTreeMap::new();
        files_of(root, root, &mut found);
        found
    };
    let before = all();
    for mask in [&[][..], &["--mask"]] {
        let mut command = shop.sandbox.command(&[&["run"], mask, &["--", "/bin/sh", "-c", "printf %s \"$DB_PASSWORD\""]].concat());
        command.env("HOME", root.join(".home")).env("TMPDIR", root.join("tmp")).envs(VARIABLES).env("AWS_ENDPOINT_URL", shop.fake.url());
        let said = text(&command.output().unwrap().stdout);
        assert_eq!(said, if mask.is_empty() { shop.value.clone() } else { "********".to_owned() });
        assert!(all() == before, "no file came, went or changed");
    }
}

#[test]
fn no_value_is_said_at_the_level_of_traces_in_any_spelling() {
    let shop = Shop::new();
    let root = shop.sandbox.directory.path();
    let traces = crate::canary::spellings(&shop.value);
    let has_trace = |bytes: &[u8]| traces.iter().any(|trace| memchr::memmem::find(bytes, trace).is_some());
    assert!(has_trace(shop.source.as_bytes()), "the search finds what is there");
    shop.fake.put(NAME, Some("old"));
    shop.fake.fail("PutSecretValue", &[Fault::HtmlAfter, Fault::Throttle, Fault::DropAfter]);
    let migrate = ["migrate", "--store", "aws", "--app", "shop", "--env", "prod", "--yes", "--new-version"];
    let others: [&[&str]; 6] = [
        &["check"],
        &["migrate", "status"],
        &["migrate", "audit"],
        &["migrate", "policies", "-o", "policies"],
        &["store", "list", "aws"],
        &["run", "--mask", "--", "/bin/sh", "-c", "echo \"$DB_PASSWORD\""],
    ];
    for arguments in std::iter::once(&migrate[..]).chain(others) {
        let mut command = shop.sandbox.command(arguments);
        command.env("HOME", root.join(".home")).envs(VARIABLES).env("AWS_ENDPOINT_URL", shop.fake.url());
        let output = command.envs([("RUST_LOG", "trace"), ("LOG_SIGNABLE_BODY", "true"), ("RUST_BACKTRACE", "1")]).output().unwrap();
        assert!(output.status.code().is_some_and(|code| matches!(code, 0 | 1 | 4)), "{arguments:?}: {output:?}");
        assert!(!has_trace(&output.stdout) && !has_trace(&output.stderr), "{arguments:?}");
    }
    // The code, its references, the journal and the policies.
    let mut all = std::collections::BTreeMap::new();
    files_of(root, root, &mut all);
    assert!(all.len() > 5 && all.iter().all(|(_, bytes)| !has_trace(bytes)), "{:?}", all.keys());
    assert_eq!(shop.current(), shop.value);
}

#[test]
fn the_account_is_shown_before_anything_is_asked_of_it() {
    let shop = Shop::new();
    let output = shop.run(&["-q", "migrate", "plan", "--store", "aws", "--app", "shop", "--env", "prod"]);
    assert_exit(&output, 0);
    assert!(text(&output.stdout).contains("123456789012 eu-west-1"), "{}", text(&output.stdout));
    assert_eq!(shop.fake.calls(), ["GetCallerIdentity"]);
}

#[test]
fn a_value_of_as_many_bytes_as_the_store_takes_moves_and_of_one_more_does_not() {
    let url = |bytes: usize| {
        let start = format!("postgres://shop:{}@db.acme.io/orders?application_name=", made_up::password(131));
        let rest = bytes - start.len();
        // It has fewer letters than bytes.
        start + &"\u{e9}".repeat(rest / 2) + &"x".repeat(rest % 2)
    };
    for (bytes, exit) in [(65_536, 4), (65_537, 2)] {
        let shop = Shop::new();
        let source = format!("DATABASE_URL = \"{}\"\n", url(bytes));
        put(&shop.sandbox.directory.path().join("app.py"), &source);
        let output = shop.migrate(&[]);
        assert_exit(&output, exit);
        let said = text(&output.stderr);
        assert_eq!(shop.count("CreateSecret"), usize::from(exit == 4));
        if exit == 4 {
            let stored = text(&shop.run(&["get", "ref+awssecrets://prod/shop/database-url"]).stdout);
            assert!(stored == url(bytes), "it is stored as it is");
            assert_exit(&shop.run(&["migrate", "undo", "--yes"]), 0);
        } else {
            assert!(said.contains("\n  prod/shop/database-url: the value has 65537 bytes, and the store takes 1 to 65536; undo"), "{said}");
            let plan = shop.run(&["-q", "migrate", "plan", "--store", "aws"]);
            let warning = "the value has 65537 bytes and the store takes 65536; encrypt the file with KMS and keep it in object storage";
            assert!(text(&plan.stdout).contains(warning), "{}", text(&plan.stdout));
        }
        assert!(shop.sandbox.read("app.py") == source, "{bytes}: the file is as it was");
    }
}

#[test]
fn keys_of_many_lines_are_stored_to_the_last_byte() {
    let key = made_up::fill("private-key-openssh", "{secret}", 9);
    let escaped = key.replace('\n', "\\n");
    for (file, source) in [
        ("deploy.py", format!("DEPLOY_KEY = \"\"\"{key}\n\"\"\"\n")),
        ("deploy.js", format!("const deployKey = `{key}\n`;\nconnect(deployKey);\n")),
        ("deploy.json", format!("{{\"deploy_key\": \"{escaped}\\n\"}}\n")),
        ("deploy.yaml", format!("deploy_key: |\n  {}\nother: 1\n", key.replace('\n', "\n  "))),
        (".env", format!("DEPLOY_KEY=\"{escaped}\\n\"\n")),
    ] {
        let shop = Shop::new();
        std::fs::remove_file(shop.sandbox.directory.path().join("app.py")).unwrap();
        put(&shop.sandbox.directory.path().join(file), &source);
        assert_exit(&shop.migrate(&[]), 4);
        let [name] = &shop.fake.secrets().into_keys().collect::<Vec<_>>()[..] else { panic!("{file}: one secret") };
        let stored = text(&shop.run(&["get", &format!("ref+awssecrets://{name}")]).stdout);
        assert!(stored == format!("{key}\n"), "{file}: {} bytes are not the {} of the key", stored.len(), key.len() + 1);
        assert_exit(&shop.run(&["migrate", "undo", "--yes"]), 0);
        assert!(shop.sandbox.read(file) == source, "{file}");
    }
}
