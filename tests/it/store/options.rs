//! Which store is asked: the command line, then the environment, then `.unleak.toml`; and its policy.

use std::process::Output;

use super::aws::VARIABLES;
use super::fake::Fake;
use crate::cli::{Sandbox, assert_exit, put, text};
use crate::made_up;

/// A tree with one value, a home and a server.
pub struct Shop {
    pub sandbox: Sandbox,
    pub home: tempfile::TempDir,
    pub fake: Fake,
    pub value: String,
}

impl Shop {
    /// With this configuration, in which `{url}` is the server's address.
    pub fn new(config: &str) -> Self {
        let (fake, value) = (Fake::start(), made_up::password(81));
        let source = format!("DB_PASSWORD = \"{value}\"\n");
        let sandbox = Sandbox::new(&[("app.py", source.as_str()), (".unleak.toml", &config.replace("{url}", &fake.url()))]);
        Self { sandbox, home: tempfile::tempdir().unwrap(), fake, value }
    }

    /// Runs with these variables besides dummy credentials; no variable says where.
    pub fn with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = self.sandbox.command(arguments);
        command.env("HOME", self.home.path()).envs(VARIABLES).env_remove("AWS_REGION").envs(variables.iter().copied());
        command.output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.with(&[], arguments)
    }

    /// The account and region of a plan.
    #[track_caller]
    fn planned(&self, variables: &[(&str, &str)], arguments: &[&str]) -> String {
        let output =
            self.with(variables, &[&["-q", "migrate", "plan", "--app", "shop", "--env", "prod", "-o", "plan.json"], arguments].concat());
        assert_exit(&output, 0);
        let plan: serde_json::Value = serde_json::from_str(&self.sandbox.read("plan.json")).unwrap();
        plan["store"]["identity"].as_str().unwrap().to_owned()
    }
}

#[test]
fn the_configuration_says_where_secrets_are() {
    let shop = Shop::new("[store]\nkind = 'aws'\nregion = 'eu-west-2'\nendpoint-url = '{url}'\n");
    assert_eq!(shop.planned(&[], &[]), "123456789012 eu-west-2");
    let other = shop.run(&["migrate", "apply", "plan.json", "--yes", "--region", "eu-west-1"]);
    assert_exit(&other, 7);
    assert_eq!(text(&other.stderr), "unleak: error: the plan is for 123456789012 eu-west-2, not for region eu-west-1\n");
    assert_exit(&shop.run(&["-q", "migrate", "apply", "plan.json", "--yes"]), 4);
    assert_eq!(shop.fake.secrets().into_keys().collect::<Vec<_>>(), ["prod/shop/db-password"]);
    let reference = "ref+awssecrets://prod/shop/db-password";
    let run = shop.run(&["run", "--", "/bin/sh", "-c", "printf %s \"$DB_PASSWORD\""]);
    assert_eq!(text(&run.stdout), shop.value);
    assert_eq!(text(&shop.run(&["get", reference]).stdout), shop.value);
    assert_exit(&shop.run(&["check", ".unleak.env"]), 0);
    assert!(text(&shop.run(&["store", "list", "aws"]).stdout).starts_with("prod/shop/db-password\tlive\t"));
    assert_exit(&shop.run(&["migrate", "audit"]), 4);
    assert_exit(&shop.run(&["migrate", "undo", "--yes"]), 0);
    // Without it nobody says where.
    assert_exit(&shop.run(&["get", reference, "--no-config"]), 78);
}

#[test]
fn the_command_line_comes_before_the_environment_and_that_before_the_file() {
    let shop = Shop::new("[store]\nkind = 'aws'\nregion = 'eu-west-2'\nprofile = 'of-file'\n");
    let shared = shop.home.path().join("config");
    put(&shared, "[profile of-file]\nregion = eu-south-1\n[profile asked]\nregion = eu-north-1\n");
    let (url, shared) = (shop.fake.url(), shared.display().to_string());
    let endpoint = ("AWS_ENDPOINT_URL", url.as_str());
    let option = ["--endpoint-url", url.as_str()];
    assert_eq!(shop.planned(&[], &option), "123456789012 eu-west-2");
    assert_eq!(shop.planned(&[endpoint, ("AWS_REGION", "eu-west-3")], &[]), "123456789012 eu-west-3");
    assert_eq!(shop.planned(&[endpoint, ("AWS_REGION", "eu-west-3")], &["--region", "us-east-2"]), "123456789012 us-east-2");
    let asked = ["--no-config", "--store", "aws", "--profile", "asked"];
    assert_eq!(shop.planned(&[endpoint, ("AWS_CONFIG_FILE", &shared)], &asked), "123456789012 eu-north-1");
    assert_eq!(shop.planned(&[], &["--store", "local"]).rsplit('/').next(), Some("store.age"));
}

#[test]
fn a_tree_does_not_lead_secrets_to_others() {
    let shop = Shop::new("fail-on = 'high'\n[store]\nendpoint-url = 'https://secrets.example'\n");
    for arguments in [&["get", "ref+awssecrets://a"][..], &["store", "copy", "local", "aws"], &["migrate", "plan"], &["run", "true"]] {
        let output = shop.run(arguments);
        assert_exit(&output, 2);
        let said = text(&output.stderr);
        assert!(said.contains(".unleak.toml:2:1: store: endpoint-url: \"https://secrets.example\" is neither on this machine"), "{said}");
    }
    let clear = [("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://192.0.2.1"), ("AWS_REGION", "eu-west-1")];
    let output = shop.with(&clear, &["get", "ref+awssecrets://a", "--no-config"]);
    assert_exit(&output, 78);
    assert!(text(&output.stderr).contains("would carry secrets in the clear"), "{}", text(&output.stderr));
}

#[test]
fn a_plan_that_is_not_what_the_policy_says_is_not_applied() {
    let policy = "[store]\nkind = 'aws'\nregion = 'eu-west-1'\nendpoint-url = '{url}'\n[migrate]\nprefix = 'acme'\ntags = { team = 'pay' }\nrequired-tags = ['owner']\n";
    let shop = Shop::new(policy);
    assert_exit(&shop.run(&["migrate", "plan"]), 2);
    shop.planned(&[], &["--tag", "owner=ann"]);
    let plan = shop.sandbox.read("plan.json");
    assert!(plan.contains("acme/prod/shop/db-password"), "{plan}");
    shop.planned(&[], &["--no-config", "--store", "aws", "--region", "eu-west-1", "--endpoint-url", &shop.fake.url()]);
    let output = shop.run(&["migrate", "apply", "plan.json", "--yes"]);
    assert_exit(&output, 7);
    let expected = "unleak: error: the plan is not what the policy in .unleak.toml says:
  prod/shop/db-password: its name has not the prefix
  prod/shop/db-password: the tag team is missing or another
  prod/shop/db-password: the tag owner is missing or another
  hint: --no-config goes without the policy, if you may
  hint: plan again; --env and --tag give tags that are missing
";
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(shop.fake.secrets().len(), 0);
}

#[test]
fn readers_are_those_of_the_policy_and_no_others() {
    let arn = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    let (operators, db, mail) = (arn("operators"), format!("*/db-*={}", arn("db")), format!("*/mail={}", arn("mail")));
    let store = "[store]\nkind = 'aws'\nregion = 'eu-west-1'\nendpoint-url = '{url}'\n";
    let shop = Shop::new(&format!("{store}[migrate]\nreader-roles = ['{operators}', '{db}', '{mail}']\n"));
    let readers = || serde_json::from_str::<serde_json::Value>(&shop.sandbox.read("plan.json")).unwrap()["readers"].clone();
    // Of what is not in the plan nobody is a reader.
    shop.planned(&[], &["--reader-role", &db]);
    assert_eq!(readers(), serde_json::json!([db, operators]));
    let other = shop.run(&["migrate", "plan", "--reader-role", &arn("other")]);
    assert_exit(&other, 7);
    let expected = format!("unleak: error: --reader-role {}: the policy in .unleak.toml says {operators}, {db}, {mail}\n", arn("other"));
    assert!(text(&other.stderr).starts_with(&expected), "{}", text(&other.stderr));
    // A plan of elsewhere.
    shop.planned(
        &[],
        &["--no-config", "--store", "aws", "--region", "eu-west-1", "--endpoint-url", &shop.fake.url(), "--reader-role", &db],
    );
    let refused = shop.run(&["migrate", "apply", "plan.json", "--yes"]);
    assert_exit(&refused, 7);
    assert!(text(&refused.stderr).contains(&format!("\n  its readers are not {operators}, {db}, {mail}\n")), "{}", text(&refused.stderr));
    shop.planned(&[], &[]);
    assert_exit(&shop.run(&["migrate", "apply", "plan.json", "--yes"]), 4);
    let policies = shop.run(&["migrate", "policies", "-o", "policies", "--reader-role", &arn("other")]);
    assert_exit(&policies, 7);
    put(&shop.sandbox.directory.path().join(".unleak.toml"), "[migrate]\nreader-roles = ['mail']\n");
    let wrong = shop.run(&["migrate", "plan"]);
    assert_exit(&wrong, 2);
    assert!(
        text(&wrong.stderr).contains("reader-roles: mail is neither the ARN of a role, a user or an account nor WHAT=ARN"),
        "{}",
        text(&wrong.stderr)
    );
}

#[test]
fn region_template_and_replicas_of_the_policy_hold_when_a_plan_is_applied() {
    let store = "[store]\nkind = 'aws'\nendpoint-url = '{url}'\n";
    let shop = Shop::new(store);
    let url = shop.fake.url();
    let plan = |options: &[&str]| {
        assert_exit(&shop.run(&[&["-q", "migrate", "plan", "--app", "shop", "--env", "prod", "-o", "plan.json"], options].concat()), 0);
    };
    let config = shop.sandbox.directory.path().join(".unleak.toml");
    let policy = "[migrate]\nregion = 'eu-west-1'\nname-template = 'teams/{app}/{what}'\nreplica-regions = ['eu-west-2', 'eu-west-3']\n\
                  kms-key = 'alias/shop'\n";
    let said = |exit: i32| {
        put(&config, &(store.replace("{url}", &url) + policy));
        let output = shop.run(&["migrate", "apply", "plan.json", "--yes"]);
        put(&config, &store.replace("{url}", &url));
        assert_exit(&output, exit);
        text(&output.stderr)
    };
    plan(&["--region", "us-east-1", "--replica-region", "eu-west-2"]);
    let expected = "unleak: error: the plan is not what the policy in .unleak.toml says:
  it is for 123456789012 us-east-1, not for region eu-west-1
  prod/shop/db-password: its name is not by the template teams/{app}/{what}
  prod/shop/db-password: it has another KMS key
  prod/shop/db-password: it has no replica in eu-west-3
  hint: --no-config goes without the policy, if you may
  hint: plan again; --env and --tag give tags that are missing
";
    assert_eq!(said(7), expected);
    assert_eq!(shop.fake.secrets().len(), 0);
    let as_it_says = ["--region", "eu-west-1", "--replica-region", "eu-west-2", "--replica-region", "eu-west-3"];
    plan(&[&as_it_says[..], &["--name-template", "teams/{app}/{what}", "--kms-key", "alias/shop"]].concat());
    said(4);
    assert_eq!(shop.fake.secrets().into_keys().collect::<Vec<_>>(), ["teams/shop/db-password"]);
}

#[test]
fn paths_of_parameter_store_are_read_as_their_secrets() {
    let shop = Shop::new("[store]\nregion = 'eu-west-1'\nendpoint-url = '{url}'\n");
    shop.fake.put("prod/db", Some("{\"password\":\"v-of-db\"}"));
    let path = "/aws/reference/secretsmanager/prod/db";
    put(&shop.sandbox.directory.path().join("p.env"), &format!("WHOLE={path}\nPART='ref+awsssm://{path}#/password'\n"));
    for reference in [format!("{path}#/password"), format!("ref+awsssm://{path}#/password")] {
        let output = shop.run(&["get", &reference]);
        assert_eq!((text(&output.stdout), text(&output.stderr)), ("v-of-db".to_owned(), String::new()));
    }
    // What the environment says can be meant for a program that asks Parameter Store itself.
    let script = "printf '%s|%s|%s' \"$WHOLE\" \"$PART\" \"$OTHER\"";
    let output = shop.with(&[("OTHER", path)], &["run", "--env-file", "p.env", "--", "/bin/sh", "-c", script]);
    assert_eq!(text(&output.stdout), format!("{{\"password\":\"v-of-db\"}}|v-of-db|{path}"));
    let output = shop.run(&["check", "p.env"]);
    assert_exit(&output, 0);
    assert!(text(&output.stdout).starts_with("2 references to 2 values, 0 do not resolve\n"));
    shop.fake.forget("prod/db");
    let output = shop.run(&["check", "p.env"]);
    assert_exit(&output, 1);
    assert!(text(&output.stdout).starts_with("p.env:1: ref+awssecrets://prod/db: prod/db: there is no such secret or version\n"));
}
