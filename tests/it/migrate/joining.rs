//! Secrets of several values, and who reads which. Owns: what `--group` joins and refuses, and what each consumer gets.

use std::process::Output;

use serde_json::Value;

use crate::cli::{Sandbox, assert_exit, text};
use crate::made_up;

/// A tree with a home.
struct Trial(Sandbox);

impl Trial {
    fn run(&self, arguments: &[&str]) -> Output {
        self.0.command(arguments).env("HOME", self.0.directory.path().join(".home")).output().unwrap()
    }

    /// A plan with these options.
    #[track_caller]
    fn plan(&self, options: &[&str]) -> Value {
        let output = self.run(&[&["-q", "migrate", "plan", "--app", "shop", "--env", "prod", "-o", "plan.json"], options].concat());
        assert_exit(&output, 0);
        serde_json::from_str(&self.0.read("plan.json")).unwrap()
    }

    /// Why there is no plan.
    #[track_caller]
    fn refused(&self, options: &[&str]) -> String {
        let output = self.run(&[&["-q", "migrate", "plan", "--app", "shop", "--env", "prod", "-o", "none.json"], options].concat());
        assert_exit(&output, 7);
        assert!(!self.0.directory.path().join("none.json").exists());
        text(&output.stderr)
    }
}

/// Names with their keys.
fn secrets(plan: &Value) -> Vec<(String, Vec<String>)> {
    let keys = |secret: &Value| -> Vec<String> {
        secret["members"].as_array().unwrap().iter().filter_map(|member| member["key"].as_str().map(str::to_owned)).collect()
    };
    plan["secrets"].as_array().unwrap().iter().map(|secret| (secret["name"].as_str().unwrap().to_owned(), keys(secret))).collect()
}

/// The start of the fingerprint of the only finding of a secret.
fn fingerprint(plan: &Value, name: &str) -> String {
    let secret = plan["secrets"].as_array().unwrap().iter().find(|secret| secret["name"] == format!("prod/shop/{name}"));
    secret.unwrap()["findings"][0].as_str().unwrap()[..16].to_owned()
}

fn owned(all: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    all.iter().map(|(name, keys)| ((*name).to_owned(), keys.iter().map(ToString::to_string).collect())).collect()
}

/// Two values that are set where they are checked and a token of a provider in one file; one value that another file reads, too.
fn trial() -> (Trial, [String; 4]) {
    let values @ [mail, queue, shared, token] =
        &[made_up::password(201), made_up::password(202), made_up::password(203), made_up::token(204)];
    let files = [
        (
            "services/mail/settings.py",
            format!("MAIL_PASSWORD = \"{mail}\"\nQUEUE_PASSWORD = \"{queue}\"\nSHARED_PASSWORD = \"{shared}\"\nAPI_TOKEN = \"{token}\"\n"),
        ),
        ("services/web/app.py", format!("SHARED_PASSWORD = \"{shared}\"\n")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    (Trial(Sandbox::new(&files)), values.clone())
}

#[test]
fn what_somebody_names_becomes_one_secret_that_programs_read_and_undo_takes_apart() {
    let (trial, [mail, queue, shared, _]) = trial();
    let before = ["services/mail/settings.py", "services/web/app.py"].map(|file| trial.0.read(file));
    let first = trial.plan(&[]);
    let apart: [(&str, &[&str]); 4] = [
        ("prod/shop/api-token", &[]),
        ("prod/shop/mail-password", &[]),
        ("prod/shop/queue-password", &[]),
        ("prod/shop/shared-password", &[]),
    ];
    assert_eq!(secrets(&first), owned(&apart));
    let [one, two, three] = ["mail-password", "queue-password", "shared-password"].map(|name| fingerprint(&first, name));
    let plan = trial.plan(&["--group", &format!("Mail Login={one},{two}, {three}")]);
    let joined: [(&str, &[&str]); 2] =
        [("prod/shop/api-token", &[]), ("prod/shop/mail-login", &["mail_password", "queue_password", "shared_password"])];
    assert_eq!(secrets(&plan), owned(&joined));
    assert_eq!(plan["secrets"][1]["findings"].as_array().unwrap().len(), 3);
    assert_exit(&trial.run(&["-q", "migrate", "apply", "plan.json", "--yes"]), 4);
    let stored = trial.run(&["get", "ref+unleak://prod/shop/mail-login"]);
    let expected = format!("{{\"mail_password\":\"{mail}\",\"queue_password\":\"{queue}\",\"shared_password\":\"{shared}\"}}");
    assert_eq!(text(&stored.stdout), expected);
    let lines = trial.0.read(".unleak.env");
    assert!(lines.contains("\nMAIL_PASSWORD=ref+unleak://prod/shop/mail-login#/mail_password\n"), "{lines}");
    let shown = trial.run(&["run", "--", "/bin/sh", "-c", "printf '%s %s' \"$QUEUE_PASSWORD\" \"$SHARED_PASSWORD\""]);
    assert_eq!(text(&shown.stdout), format!("{queue} {shared}"));
    assert_exit(&trial.run(&["check"]), 0);
    assert_exit(&trial.run(&["migrate", "undo", "--yes"]), 0);
    assert_eq!(["services/mail/settings.py", "services/web/app.py"].map(|file| trial.0.read(file)), before);
}

#[test]
fn what_rotates_apart_is_joined_only_where_that_is_wanted() {
    let (trial, _) = trial();
    let first = trial.plan(&[]);
    let [one, token] = ["mail-password", "api-token"].map(|name| fingerprint(&first, name));
    let group = format!("mail={one},{token}");
    let said = trial.refused(&["--group", &group]);
    let expected = "unleak: error: --group mail: these rotate apart (what github issues, what is set where it is checked): whoever renews one writes the \
                    others again; --mix-rotation joins them all the same\n";
    assert_eq!(said, expected);
    let plan = trial.plan(&["--group", &group, "--mix-rotation"]);
    assert!(secrets(&plan).contains(&("prod/shop/mail".to_owned(), vec!["mail_password".to_owned(), "api_token".to_owned()])), "{plan}");
    let rotation = plan["secrets"][0]["rotation"].as_str().unwrap();
    assert!(rotation.starts_with("Issue a new one at ") && rotation.contains("; Set a new one where it is checked"), "{rotation}");
}

#[test]
fn what_one_file_or_program_alone_uses_is_joined_by_what_rotates_together() {
    let (trial, _) = trial();
    let by_file: [(&str, &[&str]); 3] = [
        ("prod/shop/api-token", &[]),
        ("prod/shop/mail-settings", &["mail_password", "queue_password"]),
        ("prod/shop/shared-password", &[]),
    ];
    assert_eq!(secrets(&trial.plan(&["--group", "file"])), owned(&by_file), "another file reads the shared one, too");
    let by_program: [(&str, &[&str]); 2] =
        [("prod/shop/services-mail", &["mail_password", "queue_password", "api_token"]), ("prod/shop/shared-password", &[])];
    assert_eq!(secrets(&trial.plan(&["--group", "program", "--mix-rotation"])), owned(&by_program));
}

#[test]
fn groups_that_cannot_be_are_refused_with_the_reason() {
    let (trial, _) = trial();
    let first = trial.plan(&[]);
    let one = fingerprint(&first, "mail-password");
    let name = format!("a={one}");
    for (options, reason) in [
        (&["--group", &name, "--group", "file", "--split-url"][..], "--group: --split-url says which fields a secret has"),
        (&["--group", &name, "--external-type", "SnowflakePat"], "--group: --external-type says which fields a secret has"),
        (&["--group", &name, "--group", &format!("b={one}")], "--group b: a has a value of it already"),
    ] {
        assert_eq!(trial.refused(options), format!("unleak: error: {reason}\n"));
    }
    let usage = |options: &[&str], says: &str| {
        let output = trial.run(&[&["migrate", "plan"], options].concat());
        assert_exit(&output, 2);
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    };
    usage(&["--group", "a=ffffffffffff"], "no finding has the fingerprint ffffffffffff");
    usage(&["--group", "folder"], "it must be NAME=FINGERPRINT,…, or file, or program");
    usage(&["--group", "a="], "a group has a name, and fingerprints with commas between them");
    usage(&["--mix-rotation"], "--group");
}

#[cfg(feature = "aws")]
#[test]
fn each_consumer_has_a_policy_for_what_it_reads_alone() {
    use crate::store::aws::VARIABLES;
    use crate::store::fake::Fake;
    let [mail, shared, web] = [211, 212, 213].map(made_up::password);
    let task = format!(
        "{{\"family\": \"web\", \"containerDefinitions\": [{{\"name\": \"web\", \"environment\": [{{\"name\": \"WEB_PASSWORD\", \"value\": \"{web}\"}}]}}]}}"
    );
    let files = [
        ("mailer/package.json", "{\"name\": \"mailer\"}\n".to_owned()),
        ("mailer/src/mail.js", format!("const mailPassword = \"{mail}\";\nconst sharedPassword = \"{shared}\";\n")),
        ("services/web/app.py", format!("SHARED_PASSWORD = \"{shared}\"\n")),
        ("deploy/task.json", task),
        ("README.md", format!("The password is `{web}`.\n")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (trial, fake) = (Trial(Sandbox::new(&files)), Fake::start());
    let run = |arguments: &[&str], exit| {
        let mut command = trial.0.command(arguments);
        let output = command
            .env("HOME", trial.0.directory.path().join(".home"))
            .envs(VARIABLES)
            .env("AWS_ENDPOINT_URL", fake.url())
            .output()
            .unwrap();
        assert_exit(&output, exit);
        text(&output.stdout)
    };
    let said = run(
        &["-q", "migrate", "plan", "--store", "aws", "--app", "shop", "--env", "prod", "--kms-key", "alias/shop", "-o", "plan.json"],
        0,
    );
    assert_eq!(said, "");
    let said = run(&["migrate", "apply", "plan.json", "--dry-run"], 0);
    assert!(said.contains("\n  read by mailer, services/web\n") && said.contains("\n  read by deploy/task.json\n"), "{said}");
    run(&["-q", "migrate", "apply", "plan.json", "--yes"], 4);
    let said = run(&["migrate", "policies", "-o", "policies"], 0);
    let arn = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/shop/{name}-AbCdEf");
    for (file, names) in [
        ("consumer-deploy-task-json.json", &["web-password"][..]),
        ("consumer-mailer.json", &["mail-password", "shared-password"]),
        ("consumer-services-web.json", &["shared-password"]),
    ] {
        let policy: Value = serde_json::from_str(&trial.0.read(&format!("policies/{file}"))).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        let arns: Vec<String> = names.iter().map(|name| arn(name)).collect();
        assert_eq!(statements.len(), 3, "{file}: read, describe, decrypt");
        assert_eq!(statements[0]["Resource"], serde_json::json!(arns), "{file}");
        assert_eq!(statements[0]["Action"], "secretsmanager:GetSecretValue");
        assert_eq!(statements[0]["Condition"]["ForAnyValue:StringEquals"]["secretsmanager:VersionStage"], "AWSCURRENT");
        assert_eq!(
            (&statements[1]["Action"], &statements[1]["Resource"]),
            (&"secretsmanager:DescribeSecret".into(), &serde_json::json!(arns))
        );
        assert_eq!(statements[2]["Condition"]["StringEquals"]["kms:ViaService"], "secretsmanager.eu-west-1.amazonaws.com");
        assert!(said.contains(&format!("--policy-document file://policies/{file} (ROLE runs ")), "{said}");
    }
    assert!(said.contains(
        "aws accessanalyzer check-no-new-access --policy-type IDENTITY_POLICY --new-policy-document file://policies/reader.json --existing"
    ));
    let consumers = std::fs::read_dir(trial.0.directory.path().join("policies")).unwrap();
    assert_eq!(consumers.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("consumer-")).count(), 3);
}

#[test]
fn the_port_of_a_database_is_a_number_in_the_file_and_in_the_secret() {
    let password = made_up::password(205);
    let yaml = format!("database:\n  host: db.internal\n  port: 5433\n  username: app\n  password: {password}\n");
    let json = format!("{{\n  \"host\": \"db\",\n  \"port\": 5434,\n  \"user\": \"web\",\n  \"password\": \"{password}2\"\n}}\n");
    let trial = Trial(Sandbox::new(&[("app.yml", &yaml), ("web.json", &json)]));
    let fields: &[&str] = &["host", "port", "username", "password"];
    assert_eq!(secrets(&trial.plan(&[])), owned(&[("prod/shop/database", fields), ("prod/shop/web", fields)]));
    assert_exit(&trial.run(&["-q", "migrate", "apply", "plan.json", "--yes"]), 4);
    let stored = text(&trial.run(&["get", "ref+unleak://prod/shop/database"]).stdout);
    assert_eq!(stored, format!("{{\"host\":\"db.internal\",\"port\":5433,\"username\":\"app\",\"password\":\"{password}\"}}"));
    assert_exit(&trial.run(&["migrate", "undo", "--yes"]), 0);
    assert_eq!((trial.0.read("app.yml"), trial.0.read("web.json")), (yaml, json));
}
