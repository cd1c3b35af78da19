//! What a migration asks of the store: what was asked for, and nothing else. Owns: requests as the strict fake got them.

use std::process::Output;

use serde_json::{Value, json};

use crate::cli::{Sandbox, assert_exit, text};
use crate::made_up;
use crate::store::aws::VARIABLES;
use crate::store::fake::{Fake, Fault};

struct Trial {
    sandbox: Sandbox,
    fake: Fake,
}

impl Trial {
    fn new(source: &str) -> Self {
        Self { sandbox: Sandbox::new(&[("app.py", source)]), fake: Fake::start() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let home = self.sandbox.directory.path().join(".home");
        self.sandbox.command(arguments).env("HOME", home).envs(VARIABLES).env("AWS_ENDPOINT_URL", self.fake.url()).output().unwrap()
    }

    fn migrate(&self, arguments: &[&str]) -> Output {
        self.run(&[&["-q", "migrate", "--store", "aws", "--app", "shop", "--env", "prod", "--yes"], arguments].concat())
    }

    /// The requests of an operation.
    fn requests(&self, operation: &str) -> Vec<Value> {
        let calls = self.fake.calls().into_iter().zip(self.fake.bodies());
        calls.filter(|(call, _)| call == operation).map(|(_, body)| serde_json::from_str(&body).unwrap()).collect()
    }
}

fn source(value: &str) -> String {
    format!("DB_PASSWORD = \"{value}\"\n")
}

#[test]
fn nothing_is_asked_that_costs_unless_it_was_asked_for() {
    let value = made_up::password(91);
    let trial = Trial::new(&source(&value));
    assert_exit(&trial.migrate(&[]), 4);
    let [create] = &trial.requests("CreateSecret")[..] else { panic!("one secret is created") };
    let mut keys: Vec<&String> = create.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["ClientRequestToken", "Description", "Name", "SecretString", "Tags"]);
    assert_eq!((&create["Name"], &create["SecretString"]), (&json!("prod/shop/db-password"), &json!(value)));
    assert!(!create["Description"].as_str().unwrap().contains(&value));
    let tags: Vec<&str> = create["Tags"].as_array().unwrap().iter().filter_map(|tag| tag["Key"].as_str()).collect();
    assert_eq!(tags, ["application", "environment", "managed-by", "unleak:pattern", "unleak:plan", "unleak:source"]);
    // Whoever reads gets the current version, now and after a rotation.
    let reads = trial.requests("GetSecretValue");
    assert_eq!(reads.iter().filter(|read| read["VersionStage"] == "AWSCURRENT").count(), 1, "{reads:?}");
    assert!(trial.sandbox.read(".unleak.env").ends_with("\nDB_PASSWORD=ref+awssecrets://prod/shop/db-password\n"));
    // What is taken back can be had back.
    assert_exit(&trial.run(&["migrate", "undo", "--yes"]), 0);
    assert_eq!(trial.requests("DeleteSecret"), [json!({"SecretId": "prod/shop/db-password", "RecoveryWindowInDays": 7})]);
    assert_eq!(trial.sandbox.read("app.py"), source(&value));
}

#[test]
fn a_key_replicas_a_type_and_tags_are_passed_on() {
    let trial = Trial::new(&source(&made_up::password(92)));
    let options =
        ["--kms-key", "alias/a", "--replica-region", "eu-west-2", "--replica-region", "us-east-1", "--external-type", "SnowflakePat"];
    assert_exit(&trial.migrate(&[&options[..], &["--tag", "owner=ann"]].concat()), 4);
    let [create] = &trial.requests("CreateSecret")[..] else { panic!("one secret is created") };
    assert_eq!((&create["KmsKeyId"], &create["Type"]), (&json!("alias/a"), &json!("SnowflakePat")));
    assert_eq!(create["AddReplicaRegions"], json!([{"Region": "eu-west-2"}, {"Region": "us-east-1"}]));
    assert!(create["Tags"].as_array().unwrap().contains(&json!({"Key": "owner", "Value": "ann"})));
}

#[test]
fn nothing_goes_to_another_account() {
    let trial = Trial::new(&source(&made_up::password(93)));
    let refused = trial.migrate(&["--expect-account", "999999999999"]);
    assert_exit(&refused, 7);
    assert_eq!(text(&refused.stderr), "unleak: error: the plan is for 123456789012 eu-west-1, not for account 999999999999\n");
    assert!(trial.fake.calls().iter().all(|call| call == "GetCallerIdentity"), "{:?}", trial.fake.calls());
    assert_exit(&trial.migrate(&["--expect-account", "123456789012"]), 4);
}

#[test]
fn a_connection_string_is_stored_as_its_fields_and_put_together_again() {
    let value = made_up::password(94);
    let source = format!("DATABASE_URL = \"postgres://shop:{value}@db.acme.io:5433/orders\"\n");
    let trial = Trial::new(&source);
    assert_exit(&trial.migrate(&["--split-url"]), 4);
    let [create] = &trial.requests("CreateSecret")[..] else { panic!("one secret is created") };
    let stored: Value = serde_json::from_str(create["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(stored["username"], "shop");
    assert_eq!((&stored["password"], &stored["host"], &stored["port"]), (&json!(value), &json!("db.acme.io"), &json!(5433)));
    assert_eq!(stored["url"], format!("postgres://shop:{value}@db.acme.io:5433/orders"));
    let run = trial.run(&["run", "--env-file", ".unleak.env", "--", "/bin/sh", "-c", "printf %s \"$DATABASE_URL\""]);
    assert_eq!(text(&run.stdout), stored["url"].as_str().unwrap());
    assert_exit(&trial.run(&["migrate", "undo", "--yes"]), 0);
    assert_eq!(trial.sandbox.read("app.py"), source);
}

#[test]
fn permissions_are_asked_for_before_anything_is_done() {
    let value = made_up::password(95);
    let trial = Trial::new(&source(&value));
    let check = |options: &[&str]| {
        trial.run(
            &[&["-q", "migrate", "--check", "--store", "aws", "--app", "shop", "--env", "prod", "--kms-key", "alias/shop"], options]
                .concat(),
        )
    };
    let output = check(&[]);
    assert_exit(&output, 0);
    let said = text(&output.stdout);
    let (head, rest) = said.split_once('\n').unwrap();
    assert!(head.starts_with("Asked 123456789012 eu-west-1 for what 1 secret of plan "), "{head}");
    let expected = "  allowed  secretsmanager:CreateSecret
  allowed  secretsmanager:DeleteSecret
  allowed  secretsmanager:DescribeSecret
  allowed  secretsmanager:GetSecretValue
  allowed  secretsmanager:RestoreSecret
  allowed  secretsmanager:TagResource

Not asked, since only using the key shows it:
- kms:GenerateDataKey and kms:Decrypt of alias/shop
";
    assert_eq!(rest, expected);
    trial.fake.fail("TagResource", &[Fault::Denied]);
    trial.fake.fail("UpdateSecretVersionStage", &[Fault::Denied]);
    let output = check(&["--new-version", "--replica-region", "eu-west-2"]);
    assert_exit(&output, 5);
    let said = text(&output.stdout);
    assert!(said.contains("  allowed  secretsmanager:ReplicateSecretToRegions\n"), "{said}");
    assert!(said.contains("  missing  secretsmanager:TagResource  (prod/shop/db-password)\n"), "{said}");
    assert!(text(&output.stderr).starts_with(
        "unleak: error: the identity needs secretsmanager:TagResource, secretsmanager:UpdateSecretVersionStage\n  hint: `unleak migrate policies`"
    ));
    // Also for a plan that was reviewed, and nothing of it is done.
    assert_exit(&trial.run(&["-q", "migrate", "plan", "--store", "aws", "-o", "plan.json"]), 0);
    assert_exit(&trial.run(&["migrate", "apply", "plan.json", "--check"]), 0);
    assert_eq!(trial.fake.secrets().len(), 0);
    assert!(trial.fake.bodies().iter().all(|body| !body.contains(&value)));
    assert_eq!(trial.sandbox.read("app.py"), source(&value));
    assert!(text(&trial.run(&["migrate", "status"]).stdout).starts_with("Nothing was migrated"));
}
