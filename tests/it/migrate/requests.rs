//! What a migration asks of the store: what was asked for, and nothing else. Owns: requests as the strict fake got them.

use std::process::Output;

use serde_json::{Value, json};

use crate::cli::{Sandbox, assert_exit, put, text};
use crate::made_up;
use crate::store::aws::VARIABLES;
use crate::store::fake::Fake;
use crate::store::moto::Moto;
use crate::store::served::Fault;

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

/// A server that answers for the store, and a tree, a home and a way to run the program there.
fn at(trial: &Trial, url: &str, arguments: &[&str], exit: i32) -> String {
    let home = trial.sandbox.directory.path().join(".home");
    let mut command = trial.sandbox.command(arguments);
    let output = command.env("HOME", home).envs(VARIABLES).env("AWS_ENDPOINT_URL", url).output().unwrap();
    assert_exit(&output, exit);
    text(&output.stdout)
}

#[test]
fn what_undo_deleted_is_migrated_again_in_every_store_that_deletes() {
    let (value, moto) = (made_up::password(97), Moto::start());
    let trial = Trial::new(&source(&value));
    for (store, url) in [("local", trial.fake.url()), ("aws", trial.fake.url()), ("aws", moto.url())] {
        let run = |arguments: &[&str], exit| at(&trial, &url, arguments, exit);
        let plan = ["-q", "migrate", "plan", "--store", store, "--app", "shop", "--env", "prod", "-o"];
        run(&[&plan[..], &["one.json"]].concat(), 0);
        run(&[&plan[..], &["two.json"]].concat(), 0);
        let state = |state: &str| {
            let said = run(&["store", "list", store], 0);
            assert!(said.starts_with(&format!("prod/shop/db-password\t{state}\t1 versions\t")), "{store} {url}: {said}");
        };
        let back = "waited for its deletion, and is back";
        for (plan, outcome) in [("one.json", "created"), ("one.json", "created"), ("two.json", back), ("two.json", back)] {
            let said = run(&["-q", "migrate", "apply", plan, "--yes"], 4);
            assert!(said.contains(&format!("\n  prod/shop/db-password  {outcome}\n")), "{store} {url} {plan}: {said}");
            state("live");
            let start = ["run", "--env-file", ".unleak.env", "--", "/bin/sh", "-c", "printf %s \"$DB_PASSWORD\""];
            assert_eq!(run(&start, 0), value);
            assert_eq!(run(&["migrate", "undo", "--yes"], 0), "Undone: 2 files restored, 1 secret taken back\n");
            state("deleted");
            assert!(!run(&["migrate", "status"], 0).contains("not finished"));
            assert_eq!(trial.sandbox.read("app.py"), source(&value));
        }
    }
}

#[test]
fn every_reference_that_a_migration_wrote_is_checked_whatever_its_form() {
    let [one, two, three, four, five, six] = [101, 102, 103, 104, 105, 120].map(made_up::password);
    let template = format!(
        "Resources:\n  Db:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      Engine: postgres\n      MasterUserPassword: {two}\n"
    );
    let files = [
        ("app.py", source(&one)),
        ("template.yaml", template),
        ("main.tf", format!("resource \"aws_db_instance\" \"a\" {{\n  password = \"{three}\"\n}}\n")),
        ("playbook.yml", format!("- hosts: all\n  vars:\n    db_password: {four}\n  tasks: []\n")),
        (".gitlab-ci.yml", format!("job:\n  variables:\n    DB_PASSWORD: {five}\n  script: [make]\n")),
        ("secret.yaml", format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: cache\nstringData:\n  CACHE_PASSWORD: {six}\n")),
    ];
    for style in ["auto", "sdk"] {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let trial = Trial { sandbox: Sandbox::new(&files), fake: Fake::start() };
        assert_exit(&trial.migrate(&["--style", style]), 4);
        let checked = trial.run(&["check"]);
        assert_exit(&checked, 0);
        assert!(text(&checked.stdout).contains(", 0 do not resolve\n6 moved values looked for, 0 places"), "{}", text(&checked.stdout));
        for name in trial.fake.secrets().into_keys() {
            trial.fake.put(&name, None);
        }
        let checked = trial.run(&["check"]);
        assert_exit(&checked, 1);
        let said = text(&checked.stdout);
        for (file, _) in &files {
            assert!(said.contains(&format!("\n{file}:")) || said.starts_with(&format!("{file}:")), "{style}: {file}: {said}");
            assert!(!trial.sandbox.read(file).contains("ref+"), "{file} has a form of its own");
        }
        assert!(said.contains("is scheduled for deletion"), "{said}");
        // Also where nothing is on record, as in another checkout.
        let elsewhere = tempfile::tempdir().unwrap();
        let mut command = trial.sandbox.command(&["check"]);
        let output = command.env("HOME", elsewhere.path()).envs(VARIABLES).env("AWS_ENDPOINT_URL", trial.fake.url()).output().unwrap();
        assert_exit(&output, 1);
        let elsewhere = text(&output.stdout);
        let forms = files.iter().map(|(file, _)| *file).filter(|file| style == "sdk" || *file != "app.py");
        forms.for_each(|file| assert!(format!("\n{elsewhere}").contains(&format!("\n{file}:")), "{style}: {file}: {elsewhere}"));
        // One file alone.
        let said = text(&trial.run(&["check", "main.tf"]).stdout);
        assert!(said.starts_with("main.tf:") && said.contains("\n1 references to 1 values, 1 do not resolve\n"), "{said}");
    }
}

#[test]
fn a_store_that_cannot_be_reached_is_named_and_nothing_is_called_begun() {
    let value = made_up::password(106);
    let trial = Trial::new(&source(&value));
    assert_exit(&trial.run(&["-q", "migrate", "plan", "--store", "aws", "-o", "plan.json"]), 0);
    // Nobody listens there, and no server of another test is given this port.
    let gone = "127.0.0.1:1";
    let apply = |variables: &[(&str, &str)], without: &[&str], arguments: &[&str]| {
        let mut command = trial.sandbox.command(arguments);
        command.env("HOME", trial.sandbox.directory.path().join(".home")).envs(VARIABLES).envs(variables.iter().copied());
        for name in without {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        assert_exit(&output, 2);
        text(&output.stderr)
    };
    let url = format!("http://{gone}");
    let arguments = ["migrate", "apply", "plan.json", "--yes"];
    let said = apply(&[("AWS_ENDPOINT_URL", &url)], &[], &arguments);
    assert_eq!(said, format!("unleak: error: {url} did not answer sts:GetCallerIdentity: Connection refused\n"));
    let said = apply(&[("AWS_ENDPOINT_URL", &url)], &[], &["store", "list", "aws"]);
    assert_eq!(said, format!("unleak: error: {url} did not answer secretsmanager:ListSecrets: Connection refused\n"));
    let said = apply(&[("AWS_ENDPOINT_URL", &url)], &[], &["store", "list", "ssm"]);
    assert_eq!(said, format!("unleak: error: {url} did not answer ssm:DescribeParameters: Connection refused\n"));
    let real = trial.fake.url();
    let said = apply(&[("AWS_ENDPOINT_URL", &real)], &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], &arguments);
    let expected = "unleak: error: there are no AWS credentials to use (no credentials found in chain): sign in (aws sso login, aws login), set \
                    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile\n";
    assert_eq!(said, expected);
    let said = apply(&[("AWS_ENDPOINT_URL", &real)], &[], &["migrate", "resume", "--yes"]);
    assert_eq!(said, "unleak: error: nothing was begun that is not finished\n");
    assert_eq!(trial.sandbox.read("app.py"), source(&value));
    // What is begun is called so.
    trial.fake.fail("CreateSecret", &[Fault::DropBefore; 6]);
    let output = trial.run(&arguments);
    assert_exit(&output, 8);
    let said = text(&output.stderr);
    assert!(said.starts_with(&format!("unleak: error: {real} did not answer secretsmanager:CreateSecret: ")), "{said}");
    assert!(said.ends_with("\n  hint: `unleak migrate resume` goes on, `unleak migrate undo` takes it back\n"), "{said}");
    assert_exit(&trial.run(&["migrate", "resume", "--yes"]), 4);
}

#[test]
fn undo_of_changed_files_and_status_say_what_helps() {
    let trial = Trial::new(&source(&made_up::password(109)));
    assert_exit(&trial.migrate(&[]), 4);
    let status = text(&trial.run(&["migrate", "status"]).stdout);
    assert!(status.contains("the old value stood in a file in the clear (where it is checked)\n"), "{status}");
    let app = trial.sandbox.directory.path().join("app.py");
    let migrated = trial.sandbox.read("app.py");
    put(&app, "changed\n");
    let output = trial.run(&["migrate", "undo", "--yes"]);
    assert_exit(&output, 6);
    let said = text(&output.stderr);
    assert!(
        said.ends_with("\n  hint: take these changes back; then `unleak migrate undo` goes on\n") && !said.contains("plan again"),
        "{said}"
    );
    put(&app, &migrated);
    assert_exit(&trial.run(&["migrate", "undo", "--yes"]), 0);
}

#[test]
fn no_version_is_left_pending() {
    let (value, other, moto) = (made_up::password(98), made_up::password(99), Moto::start());
    let trial = Trial::new("");
    for url in [trial.fake.url(), moto.url()] {
        let run = |arguments: &[&str], exit| at(&trial, &url, arguments, exit);
        let app = trial.sandbox.directory.path().join("app.py");
        put(&app, &source(&value));
        let migrate = ["-q", "migrate", "--store", "aws", "--app", "shop", "--env", "prod", "--yes"];
        run(&migrate, 4);
        put(&app, &source(&other));
        run(&[&migrate[..], &["--new-version"]].concat(), 4);
        let now = || run(&["get", "ref+awssecrets://prod/shop/db-password"], 0);
        let pending = || run(&["get", "ref+awssecrets://prod/shop/db-password?version_stage=AWSPENDING"], 78);
        assert_eq!((now(), pending()), (other.clone(), String::new()));
        run(&["migrate", "undo", "--yes"], 0);
        assert_eq!((now(), pending()), (value.clone(), String::new()));
        std::fs::remove_file(trial.sandbox.directory.path().join(".unleak.env")).unwrap();
    }
}

#[test]
fn what_is_shown_before_the_question_says_what_each_secret_will_have() {
    let trial = Trial::new(&source(&made_up::password(93)));
    let options = ["--kms-key", "alias/secrets", "--replica-region", "eu-west-2", "--tag", "owner=shop-team"];
    let output = trial.run(&[&["-q", "migrate", "plan", "--store", "aws", "--app", "shop", "--env", "prod"], &options[..]].concat());
    let said = text(&output.stdout);
    let lines: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("  tags ")).take(4).collect();
    assert!(
        lines[0].starts_with("  tags application=shop, environment=prod, managed-by=unleak, owner=shop-team, unleak:pattern="),
        "{said}"
    );
    assert_eq!(lines[1..3], ["  encrypted with alias/secrets", "  replicas in eu-west-2"], "{said}");
    assert!(lines[3].starts_with("  rotation: Set a new one where it is checked"), "{said}");
    let cost = "Estimate: $0.81 a month (1000 calls to the store), $0.40 of it for replicas in 1 region, from public examples\n";
    assert!(said.ends_with(cost), "{said}");
    put(&trial.sandbox.directory.path().join(".unleak.toml"), "[migrate]\nprices = { secret = 1, calls = 0 }\n");
    let said = text(&trial.run(&["-q", "migrate", "plan", "--store", "aws"]).stdout);
    assert!(said.ends_with("\nEstimate: $1.00 a month (1000 calls to the store), from public examples\n"), "{said}");
}

#[test]
fn secrets_are_tagged_with_the_owners_of_their_files() {
    let value = made_up::password(119);
    let trial = Trial::new(&source(&value));
    let root = trial.sandbox.directory.path();
    put(&root.join(".unleak.toml"), "[migrate]\nrequired-tags = ['owner']\n");
    let plan = |arguments: &[&str], exit: i32| {
        let output = trial.run(&[&["-q", "migrate", "plan", "--store", "aws"], arguments].concat());
        assert_exit(&output, exit);
        text(&output.stdout) + &text(&output.stderr)
    };
    assert!(plan(&[], 2).contains("requires tags that are not given: owner"));
    put(&root.join("CODEOWNERS"), "*.py @acme/shop ann@acme.example\n");
    let said = plan(&[], 0);
    assert!(said.contains(", owner=@acme/shop ann@acme.example, "), "{said}");
    let said = plan(&["--tag", "owner=ben"], 0);
    assert!(said.contains(", owner=ben, "), "{said}");
    // A value is no owner.
    put(&root.join("CODEOWNERS"), &format!("*.py @{value}\n"));
    assert!(!plan(&[], 7).contains(&value));
    // The file of GitHub's folder comes first, and says nothing of this one.
    std::fs::create_dir(root.join(".github")).unwrap();
    put(&root.join(".github/CODEOWNERS"), "*.js @acme/web\n");
    assert!(plan(&[], 7).contains("db-password: the tag owner is missing or another"));
}

#[test]
fn a_tree_with_nothing_to_migrate_has_no_plan_and_no_price() {
    let shown = |source: &str| {
        let output = Trial::new(source).migrate(&[]);
        assert_exit(&output, 0);
        text(&output.stdout)
    };
    assert_eq!(shown("x = 1\n"), "Nothing to migrate.\n");
    let key = made_up::fill("aws-access-key-id", "{secret}", 5);
    let said = shown(&format!("KEY = \"{key}\"\n"));
    assert!(said.starts_with("Nothing to migrate but what is listed here.\n\nNot migrated:\n- app.py:1 (aws-access-key-id): "), "{said}");
    assert!(!said.contains('$'), "{said}");
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
    for days in ["6", "31", "soon"] {
        let refused = trial.run(&["migrate", "undo", "--yes", "--recovery-days", days]);
        assert_exit(&refused, 2);
        assert!(text(&refused.stderr).contains("--recovery-days"), "{}", text(&refused.stderr));
    }
    assert!(trial.requests("DeleteSecret").is_empty(), "nothing is done before");
    // A secret that has replicas cannot be deleted.
    assert_exit(&trial.run(&["migrate", "undo", "--yes", "--recovery-days", "30"]), 0);
    assert_eq!(trial.requests("DeleteSecret"), [json!({"SecretId": "prod/shop/db-password", "RecoveryWindowInDays": 30})]);
    let [removed] = &trial.requests("RemoveRegionsFromReplication")[..] else { panic!("replicas are removed once") };
    assert_eq!(removed["RemoveReplicaRegions"], json!(["eu-west-2", "us-east-1"]));
    assert_eq!(trial.requests("DeleteSecret").len(), 1);
}

#[test]
fn what_is_restored_gets_its_replicas_again() {
    let moto = Moto::start();
    let trial = Trial::new(&source(&made_up::password(92)));
    let regions = ["--replica-region", "eu-west-2", "--replica-region", "us-east-1"];
    for url in [trial.fake.url(), moto.url()] {
        let run = |arguments: &[&str], exit| at(&trial, &url, arguments, exit);
        let plan = |file| {
            let plan = ["-q", "migrate", "plan", "--store", "aws", "--app", "shop", "--env", "prod", "-o", file];
            drop(run(&[&plan[..], &regions].concat(), 0));
        };
        plan("one.json");
        plan("two.json");
        for plan in ["one.json", "one.json", "two.json", "two.json"] {
            run(&["-q", "migrate", "apply", plan, "--yes"], 4);
            let audit = run(&["-q", "migrate", "audit"], 4);
            assert!(!audit.contains("replica"), "{plan} {url}: {audit}");
            if url == trial.fake.url() {
                assert_eq!(trial.fake.replicas("prod/shop/db-password"), ["eu-west-2", "us-east-1"], "{plan}");
            }
            run(&["migrate", "undo", "--yes"], 0);
        }
    }
    assert_eq!(trial.requests("ReplicateSecretToRegions").len(), 3);
    // One that was not ours is as it was.
    trial.fake.put("prod/shop/db-password", Some(&made_up::password(92)));
    assert_exit(&trial.migrate(&regions), 4);
    assert!(trial.fake.replicas("prod/shop/db-password").is_empty());
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
    let keys: Vec<&String> = stored.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["dbname", "engine", "host", "password", "port", "username"], "no place needs the whole of it");
    let shown = "printf %s \"$DATABASE_URL_USERNAME:$DATABASE_URL_PASSWORD@$DATABASE_URL_HOST:$DATABASE_URL_PORT/$DATABASE_URL_DBNAME\"";
    let run = trial.run(&["run", "--env-file", ".unleak.env", "--", "/bin/sh", "-c", shown]);
    assert_eq!(text(&run.stdout), format!("shop:{value}@db.acme.io:5433/orders"));
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

Not asked, since only doing it shows whether it is allowed:
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

const READER: &str = "arn:aws:iam::999999999999:role/app";

#[test]
fn another_account_reads_with_a_key_of_ones_own_only() {
    let trial = Trial::new(&source(&made_up::password(96)));
    let refused = trial.migrate(&["--reader-role", READER]);
    assert_exit(&refused, 7);
    let said = text(&refused.stderr);
    assert!(
        said.contains("999999999999:role/app is of another account, and prod/shop/db-password is encrypted with AWS's own key"),
        "{said}"
    );
    assert_exit(&trial.migrate(&["--reader-role", READER, "--kms-key", "alias/aws/secretsmanager"]), 7);
    assert_exit(&trial.migrate(&["--reader-role", "*"]), 7);
    assert_exit(&trial.migrate(&["--reader-role", READER, "--store", "local"]), 2);
    assert_eq!(trial.fake.secrets().len(), 0);
    // With a key it is a warning, and documents that say so.
    let key = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000001";
    let migrated = trial.run(&[
        "-q",
        "migrate",
        "--store",
        "aws",
        "--app",
        "shop",
        "--env",
        "prod",
        "--yes",
        "--reader-role",
        READER,
        "--kms-key",
        key,
    ]);
    assert_exit(&migrated, 4);
    let plan = trial.run(&["migrate", "plan", "--store", "aws", "--include-tests"]);
    assert!(!text(&plan.stdout).contains("another account"));
    let policies = trial.run(&["migrate", "policies", "-o", "policies", "--reader-role", "arn:aws:iam::123456789012:role/own"]);
    assert_exit(&policies, 0);
    let said = text(&policies.stdout);
    let document = |name: &str| -> Value { serde_json::from_str(&trial.sandbox.read(&format!("policies/{name}"))).unwrap() };
    let readers = &document("resource-policy.json")["Statement"][0]["Principal"]["AWS"];
    assert_eq!(readers, &json!(["arn:aws:iam::123456789012:role/own", READER]));
    let statement = document("key-statement.json");
    assert_eq!(statement["Principal"]["AWS"], json!([READER]));
    assert_eq!(statement["Condition"]["StringEquals"]["kms:ViaService"], "secretsmanager.eu-west-1.amazonaws.com");
    assert_eq!(document("reader.json")["Statement"][2]["Resource"], json!([key]));
    assert_eq!(document("reader-prod-shop-db-password.json"), document("reader.json"), "there is one secret");
    assert_eq!(document("migrator.json")["Statement"][1]["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey"]));
    let by_tag = document("reader-by-tag.json");
    assert_eq!(by_tag["Statement"][0]["Condition"]["ForAnyValue:StringEquals"], json!({"secretsmanager:VersionStage": "AWSCURRENT"}));
    assert_eq!(by_tag["Statement"][2]["Resource"], json!([key]));
    // Without these every principal reads every secret of the account.
    let tags = json!({"aws:ResourceTag/application": "${aws:PrincipalTag/application}", "aws:ResourceTag/managed-by": "unleak"});
    for statement in [0, 1] {
        assert_eq!(by_tag["Statement"][statement]["Condition"]["StringEquals"], tags, "{statement}");
        assert_eq!(by_tag["Statement"][statement]["Resource"], json!(["arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"]));
    }
    let own = json!(["arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/shop/db-password-??????"]);
    assert_eq!(document("migrator.json")["Statement"][0]["Resource"], own);
    for command in [
        "  aws iam put-role-policy --role-name own --policy-name reader-prod-shop-db-password --policy-document \
         file://policies/reader-prod-shop-db-password.json\n",
        "  aws secretsmanager put-resource-policy --secret-id prod/shop/db-password --block-public-policy --resource-policy \
         file://policies/resource-policy.json --region eu-west-1\n",
    ] {
        assert!(said.contains(command), "{said}");
    }
    // Nothing of it for readers of the same account.
    let trial = Trial::new(&source(&made_up::password(96)));
    assert_exit(&trial.migrate(&["--reader-role", "arn:aws:iam::123456789012:role/own"]), 4);
    assert_exit(&trial.run(&["migrate", "policies", "-o", "policies"]), 0);
    assert!(trial.sandbox.directory.path().join("policies/resource-policy.json").exists());
    assert!(!trial.sandbox.directory.path().join("policies/key-statement.json").exists());
    assert_exit(&trial.run(&["migrate", "policies", "-o", "policies", "--reader-role", READER]), 7);
}

#[test]
fn policies_of_readers_are_by_arns_or_by_tags_alone_where_that_is_wanted() {
    let trial = Trial::new(&source(&made_up::password(98)));
    assert_exit(&trial.migrate(&[]), 4);
    let names = |kind: &str| {
        let output =
            trial.run(&["migrate", "policies", "--policy", kind, "-o", kind, "--reader-role", "arn:aws:iam::123456789012:role/own"]);
        assert_exit(&output, 0);
        let files = std::fs::read_dir(trial.sandbox.directory.path().join(kind)).unwrap();
        let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.starts_with("reader") || name.starts_with("consumer"));
        names.sort();
        (names, text(&output.stdout))
    };
    let (by_tags, said) = names("abac");
    assert_eq!(by_tags, ["reader-by-tag.json"]);
    assert!(
        said.contains(
            "  aws iam tag-role --role-name own --tags Key=application,Value=shop\n  aws iam put-role-policy --role-name own --policy-name \
             reader-by-tag --policy-document file://abac/reader-by-tag.json\n"
        ) && said.contains("--new-policy-document file://abac/reader-by-tag.json "),
        "{said}"
    );
    assert!(!said.contains("reader-prod") && !said.contains("consumer-"), "{said}");
    let (by_arns, said) = names("arn");
    assert_eq!(by_arns, ["consumer-program.json", "reader-prod-shop-db-password.json", "reader.json"]);
    assert!(!said.contains("by-tag") && !said.contains("tag-role"), "{said}");
}

#[test]
fn each_secret_s_policy_names_its_own_readers() {
    let [mail, web, db] = [116, 117, 118].map(made_up::password);
    let file = |name: &str, value: &str| format!("{name} = \"{value}\"\n");
    let files = [
        ("services/mail/app.py", file("MAIL_PASSWORD", &mail)),
        ("services/web/app.py", file("WEB_PASSWORD", &web)),
        ("services/web/db.py", file("DB_PASSWORD", &db)),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let trial = Trial { sandbox: Sandbox::new(&files), fake: Fake::start() };
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    let (of_mail, of_db, all) = (format!("services/mail={}", role("mail")), format!("prod/*/db*={}", role("path/db")), role("operators"));
    let wrong = trial.migrate(&["--reader-role", "services/mall=arn:aws:iam::123456789012:role/mail"]);
    assert_exit(&wrong, 7);
    assert_eq!(
        text(&wrong.stderr),
        "unleak: error: services/mall=arn:aws:iam::123456789012:role/mail: no program and no secret of the plan is called \"services/mall\"; there are \
         services/mail, services/web, prod/shop/db-password, prod/shop/mail-password, prod/shop/web-password\n"
    );
    let wrong = trial.migrate(&["--reader-role", "services/mail=mail"]);
    assert_exit(&wrong, 7);
    assert!(text(&wrong.stderr).starts_with("unleak: error: services/mail=mail: a reader is the ARN of a role"), "{}", text(&wrong.stderr));
    // A key is asked for where a reader of another account reads, and nowhere else.
    let foreign = format!("services/mail={READER}");
    let refused = trial.migrate(&["--reader-role", &foreign]);
    assert_exit(&refused, 7);
    assert!(
        text(&refused.stderr).contains("role/app is of another account, and prod/shop/mail-password is encrypted"),
        "{}",
        text(&refused.stderr)
    );
    assert_eq!(trial.fake.secrets().len(), 0);
    let migrated = trial.migrate(&["--reader-role", &of_mail, "--reader-role", &of_db, "--reader-role", &all]);
    assert_exit(&migrated, 4);
    let policies = trial.run(&["migrate", "policies", "-o", "policies"]);
    assert_exit(&policies, 0);
    let said = text(&policies.stdout);
    let readers = |secret: &str| {
        let policy: Value =
            serde_json::from_str(&trial.sandbox.read(&format!("policies/resource-policy-prod-shop-{secret}-password.json"))).unwrap();
        policy["Statement"][0]["Principal"]["AWS"].clone()
    };
    assert_eq!((readers("mail"), readers("db"), readers("web")), (json!([role("mail"), all]), json!([role("path/db"), all]), json!([all])));
    assert!(!trial.sandbox.directory.path().join("policies/resource-policy.json").exists());
    let commands: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  aws iam put-role-policy --role-name ")).collect();
    let put = |role: &str, policy: &str| format!("{role} --policy-name {policy} --policy-document file://policies/{policy}.json");
    assert_eq!(
        commands,
        [
            put("db", "reader-prod-shop-db-password"),
            put("operators", "reader-prod-shop-db-password"),
            put("operators", "reader-prod-shop-mail-password"),
            put("operators", "reader-prod-shop-web-password"),
            put("mail", "consumer-services-mail"),
            put("ROLE", "consumer-services-web") + " (ROLE runs services/web)",
        ]
    );
    let resource = |secret: &str| {
        format!(
            "--secret-id prod/shop/{secret}-password --block-public-policy --resource-policy file://policies/resource-policy-prod-shop-{secret}-password.json"
        )
    };
    assert!(["mail", "db", "web"].iter().all(|secret| said.contains(&resource(secret))), "{said}");
    for entry in std::fs::read_dir(trial.sandbox.directory.path().join("policies")).unwrap() {
        let document = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!([&mail, &web, &db].iter().all(|value| !document.contains(value.as_str())), "a policy holds no value");
    }
}

#[test]
fn a_reference_to_another_account_says_what_it_takes() {
    let trial = Trial::new("");
    trial.fake.fail("GetSecretValue", &[Fault::Denied, Fault::Key, Fault::Denied]);
    let get = |account: &str| {
        let reference = format!("ref+awssecrets://arn:aws:secretsmanager:eu-west-1:{account}:secret:a-AbCdEf");
        text(&trial.run(&["get", &reference]).stderr)
    };
    let more = "; the secret is in account 999999999999, which has to allow it in the secret's resource policy and in the policy of a customer-managed KMS key";
    let denied = get("999999999999");
    assert!(denied.contains(&format!("needs secretsmanager:GetSecretValue{more}\n")), "{denied}");
    let key = get("999999999999");
    assert!(key.contains("the encryption key cannot be used") && key.contains(more), "{key}");
    let own = get("123456789012");
    assert!(own.ends_with("needs secretsmanager:GetSecretValue\n"), "{own}");
}

/// A Salesforce client: its value, and the settings beside it.
fn salesforce(app_id: &str) -> (String, String) {
    let value = made_up::password(97);
    let settings = format!(
        "SF_CONSUMER_KEY = \"3MVG9-made-up\"\nSF_CONSUMER_SECRET = \"{value}\"\nSF_BASE_URI = \"https://acme.my.salesforce.com\"\n\
         SF_APP_ID = \"{app_id}\"\nSF_CONSUMER_ID = \"888-made-up\"\nSF_API_VERSION = \"v65.0\"\n"
    );
    (value, settings)
}

#[test]
fn a_managed_external_secret_has_the_fields_of_its_type_and_no_metadata() {
    let (value, settings) = salesforce("0xAbc123");
    let trial = Trial::new(&settings);
    let output = trial.migrate(&["--external-type", "SalesforceClientSecret"]);
    assert_exit(&output, 4);
    let [create] = &trial.requests("CreateSecret")[..] else { panic!("one secret is created") };
    assert_eq!(create["Type"], "SalesforceClientSecret");
    let stored: Value = serde_json::from_str(create["SecretString"].as_str().unwrap()).unwrap();
    let expected = json!({
        "consumerKey": "3MVG9-made-up", "consumerSecret": value, "baseUri": "https://acme.my.salesforce.com", "appId": "0xAbc123",
        "consumerId": "888-made-up",
    });
    assert_eq!(stored, expected);
    let rotate = "rotate-secret --secret-id prod/shop/sf --external-secret-rotation-role-arn ROLE --external-secret-rotation-metadata \
                  Key=apiVersion,Value=APIVERSION Key=adminSecretArn,Value=ADMINSECRETARN\n";
    assert!(text(&output.stdout).contains(rotate), "{}", text(&output.stdout));
    assert!(trial.sandbox.read("app.py").contains("SF_CONSUMER_SECRET = os.environ[\"SF_CONSUMER_SECRET\"]"));
}

#[test]
fn a_managed_external_secret_without_its_fields_is_refused() {
    let (value, settings) = salesforce("1234");
    let refused = |source: &str, external: &str| {
        let trial = Trial::new(source);
        let output = trial.migrate(&["--external-type", external]);
        assert_exit(&output, 7);
        assert_eq!(trial.fake.secrets().len(), 0);
        text(&output.stderr).lines().next().unwrap().to_owned()
    };
    assert_eq!(
        refused(&settings, "SalesforceClientSecret"),
        "unleak: error: the field appId of type SalesforceClientSecret is 0x and letters and digits"
    );
    assert_eq!(
        refused(&format!("SF_CONSUMER_KEY = \"k\"\nSF_CONSUMER_SECRET = \"{value}\"\n"), "SalesforceClientSecret"),
        "unleak: error: prod/shop/sf: a secret of type SalesforceClientSecret needs baseUri, appId, consumerId, which stand beside its consumerSecret"
    );
    for (external, fields) in [
        ("BigIDClientSecret", "hostname, refreshToken, which stand beside its refreshToken"),
        ("SnowflakeKeyPairAuthentication", "account, user, publicKey, privateKey, which stand beside its privateKey"),
    ] {
        let said = refused(&source(&value), external);
        assert!(said.ends_with(&format!("a secret of type {external} needs {fields}")), "{said}");
    }
    // BigID with all it takes; a type whose fields nobody knows here is passed on.
    let trial = Trial::new(&format!("BIGID_HOST = \"acme.bigid.cloud\"\nBIGID_REFRESH_TOKEN = \"{value}\"\n"));
    assert_exit(&trial.migrate(&["--external-type", "BigIDClientSecret"]), 4);
    let stored: Value = serde_json::from_str(trial.requests("CreateSecret")[0]["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(stored, json!({"hostname": "acme.bigid.cloud", "refreshToken": value}));
    let trial = Trial::new(&source(&value));
    let plan = trial.run(&["migrate", "plan", "--store", "aws", "--external-type", "DatadogApiKey"]);
    assert!(text(&plan.stdout).contains("- the fields that type DatadogApiKey asks for are not checked"), "{}", text(&plan.stdout));
}

#[test]
fn metadata_of_a_rotation_in_an_edited_plan_is_refused() {
    let trial = Trial::new(&salesforce("0x1").1);
    let plan = ["-q", "migrate", "plan", "--store", "aws", "--external-type", "SalesforceClientSecret", "-o", "plan.json"];
    assert_exit(&trial.run(&plan), 0);
    let edited = trial.sandbox.read("plan.json").replacen("\"key\": \"consumerId\"", "\"key\": \"adminSecretArn\"", 1);
    put(&trial.sandbox.directory.path().join("plan.json"), &edited);
    let output = trial.run(&["migrate", "apply", "plan.json", "--yes"]);
    assert_exit(&output, 2);
    assert!(text(&output.stderr).contains("has adminSecretArn as metadata of its rotation, not in its value"), "{}", text(&output.stderr));
}

#[test]
fn secrets_are_written_as_infrastructure_code() {
    let trial = Trial::new(&source(&made_up::password(98)));
    let plan = |language: &str| {
        let output = trial.run(&["migrate", "plan", "--store", "aws", "--app", "shop", "--env", "prod", "--emit", language]);
        assert_exit(&output, 0);
        text(&output.stdout)
    };
    let template: Value = serde_json::from_str(&plan("cfn")).unwrap();
    assert_eq!(template["Resources"]["SecretProdShopDbPassword"]["Properties"]["Name"], "prod/shop/db-password");
    assert!(plan("cdk").contains("new CfnSecret(this, 'SecretProdShopDbPassword', {"));
    assert!(plan("terraform").contains("\nresource \"aws_secretsmanager_secret\" \"secret_prod_shop_db_password\" {\n"));
    assert_exit(&trial.migrate(&[]), 4);
    assert_exit(&trial.run(&["migrate", "policies", "-o", "policies", "--emit", "terraform"]), 0);
    let import = "  id = \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/shop/db-password-AbCdEf\"\n";
    assert!(trial.sandbox.read("policies/secrets.tf").contains(import));
    // What another store takes is not declared as if this one had it.
    let local = trial.run(&["migrate", "plan", "--store", "local", "--app", "shop", "--env", "prod", "--emit", "cfn"]);
    assert_exit(&local, 2);
    assert!(text(&local.stderr).contains("this plan puts them into the local store"), "{}", text(&local.stderr));
    assert_eq!(text(&local.stdout), "");
}
