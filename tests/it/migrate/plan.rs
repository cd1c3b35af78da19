//! What plans say. Owns: the schema, the choice of findings, names, groups, and that no value is in one.

use serde_json::Value;
use unleak::finding::{Problem, ProblemKind};
use unleak::migrate::make::Options;
use unleak::migrate::plan::{Arn, Plan, SCHEMA};

use super::{Backend, Bench, Style, options};
use crate::cli::{Sandbox, assert_exit, text};
use crate::made_up;

#[test]
fn plans_fit_their_schema_which_knows_every_key() {
    let bench = Bench::usual();
    let plan = bench.plan(&options());
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json: Value = serde_json::from_slice(&plan.to_json()).unwrap();
    assert_eq!(validator.iter_errors(&json).map(|error| error.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
    for pointer in ["", "/store", "/secrets/0", "/secrets/0/members/0", "/files/1", "/files/1/edits/0", "/files/1/places/0", "/cost"] {
        let mut more = json.clone();
        more.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert("more".to_owned(), Value::Null);
        assert!(!validator.is_valid(&more), "{pointer}: the schema lets it pass");
        assert!(Plan::read(&serde_json::to_vec(&more).unwrap()).is_err(), "{pointer}: the program lets it pass");
    }
}

#[test]
fn edited_plans_are_refused() {
    let bench = Bench::usual();
    let json: Value = serde_json::from_slice(&bench.plan(&options()).to_json()).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut edited = json.clone();
        *edited.pointer_mut(pointer).unwrap() = value;
        Plan::read(&serde_json::to_vec(&edited).unwrap()).unwrap_err().to_string()
    };
    assert_eq!(with("/version", 2.into()), "the plan is not valid: its version is 2, not 1");
    for path in ["../x", "/etc/passwd", "a/../../b", ".git/config", "a//b", ""] {
        assert!(with("/files/1/path", path.into()).ends_with("is no path below the root"), "{path}");
        assert!(with("/secrets/0/members/0/path", path.into()).ends_with("is no path below the root"), "{path}");
    }
    assert!(with("/secrets/0/name", "prod/a-secret".into()).contains("as ARNs do"));
    assert!(with("/secrets/0/name", "prod/other".into()).ends_with("an edit takes a value that the plan does not store"));
    assert!(with("/files/1/edits/0/end", 999_999.into()).ends_with("the edits are not in order"));
    assert!(with("/id", "../../../../tmp/x".into()).ends_with("its id is not 16 hex digits"));
}

#[test]
fn a_plan_names_arns_only_of_secrets_that_a_file_needs_and_the_store_has() {
    let value = made_up::password(62);
    let task = format!("{{\"containerDefinitions\": [{{\"environment\": [{{\"name\": \"DB_PASSWORD\", \"value\": \"{value}\"}}]}}]}}\n");
    let bench = Bench::new(&[("task.json", task)], vec![value]);
    let plan = bench.plan(&Options { backend: Backend::Aws, ..options() });
    let arns: Vec<&Arn> = plan.files[0].edits.iter().flat_map(|edit| &edit.arns).collect();
    assert_eq!(arns, [&Arn { at: arns[0].at, secret: "prod/shop/db-password".to_owned() }]);
    assert!(plan.files[0].diff.contains(
        "+{\"containerDefinitions\": [{\"secrets\": [{\"name\": \"DB_PASSWORD\", \"valueFrom\": \"<ARN of prod/shop/db-password>\"}]"
    ));
    let json: Value = serde_json::from_slice(&plan.to_json()).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    assert!(schema.is_valid(&json), "{json}");
    let edit = plan.files[0].edits.iter().position(|edit| !edit.arns.is_empty()).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut edited = json.clone();
        *edited.pointer_mut(&pointer.replace('E', &format!("/files/0/edits/{edit}"))).unwrap() = value;
        Plan::read(&serde_json::to_vec(&edited).unwrap()).unwrap_err().to_string()
    };
    let wrong = "task.json: an edit names the ARN of a secret where it has none";
    for (pointer, value) in [
        ("E/arns/0/at", (arns[0].at + 1).into()),
        ("E/arns/0/at", Value::from(u64::from(u32::MAX))),
        ("E/arns/0/secret", "prod/shop/db-passwort".into()),
        ("E/new", "".into()),
        ("/store/backend", "local".into()),
    ] {
        assert!(with(pointer, value).ends_with(wrong), "{pointer}");
    }
    // The store of another kind has no ARNs: the place is left to people.
    let local = bench.plan(&options());
    assert!(local.files.is_empty() && local.manual[0].reason.contains("not the local store"), "{:?}", local.manual);
}

#[test]
fn a_client_that_functions_ask_each_time_is_warned_of_with_the_reason() {
    let value = made_up::password(31);
    let in_method = |ends: &str| format!("def connect\n  password = \"{value}\"\n  use(password)\n{ends}");
    let sdk = Options { backend: Backend::Aws, style: Style::Sdk, ..options() };
    let warnings = |ends: &str| Bench::new(&[("lib/app.rb", in_method(ends))], vec![value.clone()]).plan(&sdk).warnings;
    let again = "lib/app.rb:2: the client is asked each time that the code runs, and answers from what it keeps: it is not understood which method and \
                 class it is in";
    assert_eq!(warnings("end\n"), [""; 0]);
    assert_eq!(warnings("end\nend\n"), [again]);
}

#[test]
fn secrets_that_infrastructure_code_makes_without_a_value_are_steps_of_the_plan() {
    let value = made_up::password(61);
    let terraform = "resource \"aws_secretsmanager_secret\" \"api\" {\n  name = \"prod/api\"\n}\n\nresource \"aws_secretsmanager_secret\" \"db\" {\n  \
                     name = \"prod/shop/db-password\"\n}\n";
    let stack = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  ApiKey:\n    Type: AWS::SecretsManager::Secret\n";
    let files =
        [("app.py", format!("DB_PASSWORD = \"{value}\"\n")), ("infra/main.tf", terraform.to_owned()), ("stack.yaml", stack.to_owned())];
    let plan = Bench::new(&files, vec![value]).plan(&options());
    // The plan stores the other one of Terraform.
    assert_eq!(plan.secrets[0].name, "prod/shop/db-password");
    assert_eq!(
        plan.todo,
        [
            "infra/main.tf:1 makes the secret aws_secretsmanager_secret.api without a value, and readers fail until it has one: after `terraform apply`, \
             give the value on standard input to `aws secretsmanager put-secret-value --secret-id prod/api --secret-string file:///dev/stdin`",
            "stack.yaml:3 makes the secret ApiKey without a value, and readers fail until it has one: after the stack is made, give the value on standard \
             input to `aws secretsmanager put-secret-value --secret-id ARN --secret-string file:///dev/stdin`; `aws cloudformation \
             describe-stack-resource --logical-resource-id ApiKey --stack-name …` has its ARN",
        ]
    );
}

#[test]
fn every_place_of_a_value_is_an_edit_or_a_step_with_the_exact_place() {
    let value = made_up::password(71);
    let encoded = data_encoding::BASE64.encode(format!("app:{value}").as_bytes());
    let hex = data_encoding::HEXUPPER.encode(value.as_bytes());
    let files = [
        ("src/app.py", format!("DB_PASSWORD = \"{value}\"\n")),
        ("src/bare.py", format!("import db\n\ndb.start(\"{value}\", 3)\n")),
        ("src/joined.py", format!("a = 1\nx = \"start-\" + \"{value}\" + \"-end\"\n")),
        ("src/longer.py", format!("x = f(\"k={value}&y=1\")\n")),
        ("src/kinds.ts", format!("enum Kind {{\n  A = \"{value}\",\n}}\n")),
        ("NOTES.md", format!("# Notes\n\nThe old one was {value}, they say.\n")),
        ("header.txt", format!("x\n{encoded}\n")),
        ("dump.bin", format!("{hex}\n")),
        ("other.py", format!("x = \"{}\"\n", &value[..value.len() - 1])),
    ];
    let bench = Bench::new(&files, vec![value]);
    let before = bench.files();
    let plan = bench.plan(&options());
    assert_eq!(plan.secrets.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(), ["prod/shop/db-password"]);
    let places: Vec<(&str, usize, bool)> = plan
        .files
        .iter()
        .flat_map(|file| file.places.iter().map(|place| (file.path.as_str(), place.line, place.reason.ends_with("no pattern sees it"))))
        .collect();
    assert_eq!(places, [("NOTES.md", 3, true), ("src/app.py", 1, false), ("src/bare.py", 3, true)]);
    let manual: Vec<String> = plan.manual.iter().map(|place| format!("{}:{}: {}", place.path, place.line, place.reason)).collect();
    let also = "the value of src/app.py:1 is also here";
    assert_eq!(
        manual,
        [
            format!("dump.bin:1: {also}, in hex; nothing is known about files of this kind"),
            format!("header.txt:2: {also}, in base64; it is a part of what stands there, or encoded"),
            format!("src/joined.py:2: {also}; it is a part of what stands there, or encoded"),
            format!("src/kinds.ts:2: {also}; a member of an enum must be a constant"),
            format!("src/longer.py:1: {also}; it is a part of what stands there, or encoded"),
        ]
    );
    let store = bench.store(&unleak::fsx::Unwatched);
    bench.apply(&plan, &store).unwrap();
    let text = |name: &str| String::from_utf8(bench.files()[name].0.clone()).unwrap();
    assert_eq!(text("src/bare.py"), "import os\n\nimport db\n\ndb.start(os.environ[\"DB_PASSWORD\"], 3)\n");
    assert_eq!(text("NOTES.md"), "# Notes\n\nThe old one was <secret: prod/shop/db-password>, they say.\n");
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
}

#[test]
fn a_copy_in_percent_encoding_is_a_step_with_the_exact_place() {
    let [start, end] = [made_up::password(132), made_up::password(133)];
    let value = format!("{start}!/{end}");
    for encoded in [format!("{start}%21%2F{end}"), format!("{start}%21%2f{end}")] {
        let files = [
            ("app.py", format!("DB_PASSWORD = \"{value}\"\n")),
            ("link.py", format!("import web\n\nweb.ask(\"https://x.example/?k={encoded}&y=1\")\n")),
        ];
        let plan = Bench::new(&files, vec![value.clone()]).plan(&options());
        let manual: Vec<(&str, u64)> = plan.manual.iter().map(|place| (place.path.as_str(), place.line)).collect();
        assert_eq!((manual, plan.secrets.len()), (vec![("link.py", 3)], 1), "{:?}", plan.manual);
        assert!(plan.manual[0].reason.starts_with("the value of app.py:1 is also here, percent-encoded; "), "{}", plan.manual[0].reason);
    }
}

#[test]
fn short_values_and_words_are_not_taken_for_the_credential_elsewhere() {
    let short = ["hun", "ter2", "Zq"].concat();
    let word = ["post", "gres"].concat();
    let files = [
        ("app.py", format!("DB_PASSWORD = \"{short}\"\nADMIN_PASSWORD = \"{word}\"\n")),
        ("other.py", format!("import x\nx.run(\"{short}\", \"{word}\")\nx{short} = 1\n")),
    ];
    let plan = Bench::new(&files, vec![]).plan(&options());
    let manual: Vec<String> = plan.manual.iter().map(|place| format!("{}:{}: {}", place.path, place.line, place.reason)).collect();
    assert_eq!(manual, ["other.py:2: the value of app.py:1 is also here; it is short enough to stand here by chance"]);
}

#[test]
fn the_best_place_names_a_secret_and_names_lose_words_of_structure() {
    let [first, second] = [made_up::password(72), made_up::password(73)];
    let workflow = |name: &str, value: &str| {
        format!("on: push\njobs:\n  test:\n    runs-on: x\n    steps:\n      - run: make\n        env:\n          {name}: \"{value}\"\n")
    };
    let files = [
        (".github/workflows/a.yml", workflow("DB_PASSWORD", &first)),
        (".github/workflows/b.yml", workflow("SMTP_PASSWORD", &second)),
        ("app.py", format!("orders_password = \"{first}\"\n")),
    ];
    let plan = Bench::new(&files, vec![]).plan(&Options { backend: Backend::Aws, ..options() });
    let names: Vec<(&str, &str)> =
        plan.secrets.iter().map(|secret| (secret.name.as_str(), secret.tags["unleak:source"].as_str())).collect();
    assert_eq!(names, [("prod/shop/orders-password", "app.py"), ("prod/shop/test-smtp-password", ".github/workflows/b.yml"),]);
}

#[test]
fn what_is_called_after_a_bare_word_is_called_after_its_file_too() {
    let values: Vec<String> = (140..147).map(made_up::password).collect();
    let files = [
        ("app.py", format!("SECRET = \"{}\"\n", values[0])),
        ("config/staging/settings.py", format!("PASSWORD = \"{}\"\n", values[1])),
        ("src/Sessions.js", format!("const secret = '{}';\n", values[2])),
        ("src/payment_client.go", format!("package a\n\nfunc f(r *R) {{\n\tr.SetBasicAuth(\"shop\", \"{}\")\n}}\n", values[3])),
        ("worker/mail.py", format!("MAIL_PASSWORD = \"{}\"\n", values[4])),
    ];
    let plan = Bench::new(&files, values).plan(&options());
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "prod/shop/mail-password",
            "prod/shop/password",
            "prod/shop/payment-client-basic-auth",
            "prod/shop/secret",
            "prod/shop/sessions_secret",
        ]
    );
    let file = plan.files.iter().find(|file| file.path == ".unleak.env").unwrap();
    let names: Vec<&str> = file.edits.iter().filter_map(|edit| Some(edit.new.split_once("=ref+")?.0)).collect();
    assert_eq!(names, ["MAIL_PASSWORD", "PASSWORD", "PAYMENT_CLIENT_BASIC_AUTH", "SECRET", "SESSIONS_SECRET"]);
    assert_eq!(plan.warnings, [""; 0]);
}

#[test]
fn the_place_that_says_most_calls_the_secret() {
    let values: Vec<String> = (160..163).map(made_up::password).collect();
    let files = [
        ("Main.java", format!("class Main {{\n  Object a = get(\"{0}\");\n  String queuePassword = \"{0}\";\n}}\n", values[0])),
        (
            "README.md",
            format!("The password is `{0}`.\n\n```\nexport MAIL_PASSWORD={0}\n```\n\nAnother password: `{1}`\n", values[1], values[2]),
        ),
    ];
    let plan = Bench::new(&files, values).plan(&options());
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(names, ["prod/shop/mail-password", "prod/shop/password", "prod/shop/queue-password"]);
}

#[test]
fn one_value_that_may_be_of_several_accounts_is_warned_of() {
    let [strong, weak] = [made_up::password(150), ["Sommer", "2031"].concat()];
    let user = |name: &str| format!("{name}_USER = \"{}\"\n{name}_PASSWORD = \"{strong}\"\n", name.to_lowercase());
    let files = [
        ("a.py", format!("MAIL_PASSWORD = \"{weak}\"\n")),
        ("b.py", format!("import a\nFTP_PASSWORD = \"{weak}\"\n")),
        ("c.py", user("ORDERS") + &user("STOCK")),
    ];
    let plan = Bench::new(&files, vec![strong.clone(), weak.clone()]).plan(&options());
    let expected = [
        "prod/shop/orders, prod/shop/stock have the same value: whoever has one of them has the others, too; give each its own when they are rotated",
        "prod/shop/mail-password is one secret, since its places have one value, which is easy to guess: mail (a.py:1), ftp (b.py:2); where these are \
         different accounts, give each a password of its own, and plan again",
    ];
    assert_eq!(plan.warnings, expected);
    // A value that a machine made is of one account, whatever that is called.
    let files = [("a.py", format!("MAIL_PASSWORD = \"{strong}\"\n")), ("b.py", format!("FTP_PASSWORD = \"{strong}\"\n"))];
    assert_eq!(Bench::new(&files, vec![strong]).plan(&options()).warnings, [""; 0]);
}

#[test]
fn plans_and_their_end_say_how_programs_are_started() {
    let starts = |files: &[(&str, String)]| {
        let plan = Bench::new(files, vec![]).plan(&options());
        let lines = unleak::migrate::after::steps(&plan, &unleak::migrate::journal::Progress::default())[0].lines.clone();
        let starts = unleak::migrate::after::starts(&plan);
        assert_eq!(lines[1..=starts.len()], starts.iter().map(|start| format!("start it with: {start}")).collect::<Vec<_>>());
        let warnings: Vec<String> = plan.warnings.iter().filter(|warning| !warning.contains("git does not")).cloned().collect();
        (starts, warnings)
    };
    let [first, second] = [made_up::password(74), made_up::password(75)];
    let dotenv = (".env", format!("DB_PASSWORD={first}\n"));
    let code = ("app.py", format!("SMTP_PASSWORD = \"{second}\"\n"));
    let json = ("conf/app.json", format!("{{\"db_password\": \"{first}\"}}\n"));
    let none: Vec<String> = Vec::new();
    assert_eq!(starts(std::slice::from_ref(&dotenv)), (vec!["unleak run --env-file .env -- COMMAND".to_owned()], none.clone()));
    assert_eq!(starts(std::slice::from_ref(&code)), (vec!["unleak run --env-file .unleak.env -- COMMAND".to_owned()], none.clone()));
    assert_eq!(starts(&[dotenv, code.clone()]), (vec!["unleak run --env-file .unleak.env --env-file .env -- COMMAND".to_owned()], none));
    let file = "unleak run --file conf/app.json -- PROGRAM conf/app.json";
    let warning = format!(
        "conf/app.json: start its program with `{file}`; one that opens the file by a name of its own sees the reference, not the value"
    );
    assert_eq!(starts(&[code, json]), (vec!["unleak run --env-file .unleak.env -- COMMAND".to_owned(), file.to_owned()], vec![warning]));
    let odd = ("it's here/.env", format!("DB_PASSWORD={}\n", made_up::password(77)));
    assert_eq!(starts(&[odd]).0, [r"unleak run --env-file 'it'\''s here/.env' -- COMMAND"]);
}

#[test]
fn what_was_not_looked_at_is_said() {
    let bench = Bench::usual();
    let problem = Problem { path: "locked.py".into(), kind: ProblemKind::Unreadable, detail: "permission denied".to_owned() };
    let plan = super::plan_with(&bench.root(), &options(), vec![problem]);
    assert_eq!(plan.warnings, ["locked.py: permission denied; what it holds is not in this plan"]);
}

#[test]
fn programs_of_the_cdk_refer_to_secrets_or_are_left_and_pages_never_read_a_variable() {
    let value = made_up::password(76);
    let files = [
        (
            "lib/db.ts",
            format!(
                "import {{ CfnDBInstance }} from 'aws-cdk-lib/aws-rds';\nnew CfnDBInstance(this, 'a', {{ masterUserPassword: '{value}' }});\n"
            ),
        ),
        ("stack.py", format!("from aws_cdk import SecretValue\n\nDB_PASSWORD = \"{value}\"\n")),
        (
            "src/Pay.jsx",
            format!("import React from 'react';\nconst dbPassword = '{value}';\nexport const Pay = () => <p>{{dbPassword}}</p>;\n"),
        ),
    ];
    let plan = Bench::new(&files, vec![]).plan(&Options { backend: Backend::Aws, ..options() });
    assert_eq!((plan.secrets.len(), plan.files.len()), (1, 1));
    assert!(plan.files[0].edits.iter().any(|edit| {
        edit.new == "SecretValue.secretsManager('prod/shop/master-user-password').unsafeUnwrap()"
            || edit.new.starts_with("import { SecretValue }")
    }));
    let reasons: Vec<(&str, &str)> = plan.manual.iter().map(|place| (place.path.as_str(), place.reason.as_str())).collect();
    let of_cdk = "the CDK writes what this program reads into a template, where the value would stand in the clear";
    assert_eq!(reasons, [("src/Pay.jsx", "the file runs in browsers: whatever it reads is shipped to everybody"), ("stack.py", of_cdk)]);
    assert!(plan.manual[1].advice.contains("SecretValue.secrets_manager('NAME', json_field='KEY')"));
}

#[test]
fn no_plan_and_no_diff_holds_a_value() {
    let bench = Bench::usual();
    let json = String::from_utf8(bench.plan(&options()).to_json()).unwrap();
    for value in &bench.values {
        for part in value.as_bytes().windows(8) {
            assert!(!json.contains(std::str::from_utf8(part).unwrap()));
        }
    }
}

#[test]
fn what_a_role_replaces_and_what_is_a_test_is_left_unless_asked_for() {
    let key = made_up::fill("aws-access-key-id", "{secret}", 5);
    let token = made_up::token(30);
    let files = [("deploy.py", format!("KEY = \"{key}\"\n")), ("tests/test_a.py", format!("TOKEN = \"{token}\"\n"))];
    let bench = Bench::new(&files, vec![key, token]);
    let plan = bench.plan(&options());
    assert_eq!(plan.secrets, []);
    let reasons: Vec<(&str, bool)> = plan.left.iter().map(|left| (left.pattern.as_str(), left.reason.contains("role"))).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.contains(&("aws-access-key-id", true)) && reasons.contains(&("github-personal-access-token", false)));
    let all = Options { include: ["aws-access-key-id".to_owned()].into(), include_tests: true, ..options() };
    let plan = bench.plan(&all);
    // Code of tests is not rewritten even then, but the place is named.
    assert_eq!((plan.secrets.len(), plan.left.len()), (1, 0));
    assert_eq!((plan.manual.len(), plan.manual[0].path.as_str()), (1, "tests/test_a.py"));
    let one = Options { only: vec![plan.secrets[0].findings[0][..12].to_owned()], ..all };
    assert_eq!(bench.plan(&one).secrets.len(), 1);
}

#[test]
fn user_host_and_password_of_one_database_are_one_json_secret() {
    let password = made_up::password(31);
    let text = format!(
        "DB_HOST = \"db.internal\"\nDB_PORT = \"5432\"\nDB_USER = \"shop\"\nDB_PASSWORD = \"{password}\"\nDB_NAME = \"orders\"\nAPI_USER = \"x\"\n"
    );
    let bench = Bench::new(&[("settings.py", text)], vec![password.clone()]);
    let before = bench.files();
    let plan = bench.plan(&options());
    let keys: Vec<&str> = plan.secrets[0].members.iter().filter_map(|member| member.key.as_deref()).collect();
    assert_eq!(keys, ["host", "port", "username", "password", "dbname"]);
    assert_eq!(plan.secrets[0].name, "prod/shop/db");
    assert_eq!(plan.files[1].places[0].reference, "ref+unleak://prod/shop/db#/password");
    let store = bench.store(&unleak::fsx::Unwatched);
    bench.apply(&plan, &store).unwrap();
    let stored = store.all()["prod/shop/db"].versions.values().next().unwrap().0.clone();
    let expected =
        format!("{{\"host\":\"db.internal\",\"port\":5432,\"username\":\"shop\",\"password\":\"{password}\",\"dbname\":\"orders\"}}");
    assert_eq!(String::from_utf8(stored).unwrap(), expected);
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
}

#[test]
fn two_databases_with_the_same_user_and_port_are_two_json_secrets() {
    let [first, second] = [made_up::password(35), made_up::password(36)];
    let of = |name: &str, password: &str| {
        format!("{name}_HOST = \"{name}.internal\"\n{name}_PORT = \"5432\"\n{name}_USER = \"shop\"\n{name}_PASSWORD = \"{password}\"\n")
    };
    let bench = Bench::new(&[("settings.py", of("ORDERS", &first) + &of("STOCK", &second))], vec![first, second]);
    let plan = bench.plan(&options());
    let keys = |secret: &unleak::migrate::plan::PlannedSecret| {
        let keys: Vec<&str> = secret.members.iter().filter_map(|member| member.key.as_deref()).collect();
        format!("{}: {}", secret.name, keys.join(" "))
    };
    let secrets: Vec<String> = plan.secrets.iter().map(keys).collect();
    assert_eq!(secrets, ["prod/shop/orders: host port username password", "prod/shop/stock: host port username password"]);
}

#[test]
fn a_password_that_is_the_name_of_a_user_elsewhere_is_a_secret_of_its_own() {
    let [weak, password] = [made_up::password(37), made_up::password(38)];
    let text = format!("MARIADB_PASSWORD={weak}\nPOSTGRES_USER={weak}\nPOSTGRES_PASSWORD={password}\nPOSTGRES_DB={weak}\n");
    let plan = Bench::new(&[(".env", text)], vec![weak, password]).plan(&options());
    assert_eq!(plan.manual, []);
    let places: Vec<(usize, &str)> = plan.files[0].places.iter().map(|place| (place.line, place.reference.as_str())).collect();
    assert_eq!(
        places,
        [
            (1, "ref+unleak://prod/shop/mariadb-password"),
            (2, "ref+unleak://prod/shop/postgres#/username"),
            (3, "ref+unleak://prod/shop/postgres#/password"),
            (4, "ref+unleak://prod/shop/postgres#/dbname"),
        ]
    );
}

#[test]
fn a_password_has_no_user_of_the_block_before() {
    let [first, second] = [made_up::password(42), made_up::password(43)];
    let text =
        format!("db:\n  host: db.internal\n  username: shop\n  password: {first}\nredis:\n  host: redis.internal\n  password: {second}\n");
    let plan = Bench::new(&[("settings.yaml", text)], vec![first, second]).plan(&options());
    let keys = |at: usize| plan.secrets[at].members.iter().filter_map(|member| member.key.as_deref()).collect::<Vec<_>>();
    assert_eq!(plan.secrets.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(), ["prod/shop/db", "prod/shop/redis-password"]);
    assert_eq!((keys(0), keys(1)), (vec!["host", "username", "password"], vec![]));
}

#[test]
fn what_a_jdbc_url_says_is_part_of_the_secret_that_its_driver_reads() {
    let password = made_up::password(39);
    let text = format!(
        "spring.datasource.url=jdbc:postgresql://db.internal:5432/orders?ssl=true\nspring.datasource.username=shop\nspring.datasource.password={password}\n"
    );
    let bench = Bench::new(&[("application.properties", text)], vec![password.clone()]);
    let before = bench.files();
    let plan = bench.plan(&Options { backend: Backend::Aws, style: Style::Sdk, ..options() });
    let name = plan.secrets[0].name.clone();
    let mut store = bench.store(&unleak::fsx::Unwatched);
    store.backend = plan.store.backend;
    bench.apply(&plan, &store).unwrap();
    let stored = store.all()[&name].versions.values().next().unwrap().0.clone();
    let expected = format!(
        "{{\"engine\":\"postgres\",\"host\":\"db.internal\",\"port\":5432,\"username\":\"shop\",\"password\":\"{password}\",\"dbname\":\"orders\"}}"
    );
    assert_eq!(String::from_utf8(stored).unwrap(), expected);
    let after = format!(
        "spring.datasource.url=jdbc-secretsmanager:postgresql://db.internal:5432/orders?ssl=true\nspring.datasource.username={name}\n\
         spring.datasource.driver-class-name=com.amazonaws.secretsmanager.sql.AWSSecretsManagerPostgreSQLDriver\n"
    );
    assert_eq!(String::from_utf8(bench.files()["application.properties"].0.clone()).unwrap(), after);
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
}

#[test]
fn each_user_of_a_connection_in_settings_of_spring_has_a_secret_that_the_driver_reads() {
    let password = made_up::password(45);
    let source = |name: &str, user: &str| {
        format!("app.{name}.url=jdbc:postgresql://db:5432/{name}\napp.{name}.username={user}\napp.{name}.password={password}\n")
    };
    let text = source("orders", "shop") + &source("stock", "store");
    let pom = "<project><dependencies><dependency><artifactId>spring-boot-starter</artifactId></dependency></dependencies></project>\n";
    let bench = Bench::new(&[("src/main/resources/application.properties", text), ("pom.xml", pom.to_owned())], vec![password.clone()]);
    let plan = bench.plan(&Options { backend: Backend::Aws, style: Style::Sdk, ..options() });
    assert_eq!(plan.secrets.len(), 2, "{:?}", plan.secrets.iter().map(|secret| &secret.name).collect::<Vec<_>>());
    let mut store = bench.store(&unleak::fsx::Unwatched);
    store.backend = plan.store.backend;
    bench.apply(&plan, &store).unwrap();
    let all = store.all();
    let mut users: Vec<String> = plan
        .secrets
        .iter()
        .map(|secret| {
            let stored = String::from_utf8(all[&secret.name].versions.values().next().unwrap().0.clone()).unwrap();
            let stored: Value = serde_json::from_str(&stored).unwrap();
            format!(
                "{} {} {}",
                stored["username"].as_str().unwrap(),
                stored["dbname"].as_str().unwrap(),
                stored["password"] == password.as_str()
            )
        })
        .collect();
    users.sort();
    assert_eq!(users, ["shop orders true", "store stock true"]);
    let after = String::from_utf8(bench.files()["src/main/resources/application.properties"].0.clone()).unwrap();
    for secret in &plan.secrets {
        assert_eq!(after.matches(&format!("username={}\n", secret.name)).count(), 1, "{after}");
    }
}

#[test]
fn each_user_of_a_connection_in_code_has_a_secret_that_the_driver_reads() {
    let password = made_up::password(44);
    let opens = |url: &str, user: &str, password: &str| format!("DriverManager.getConnection(\"{url}\", \"{user}\", \"{password}\");\n");
    let code = |first: [&str; 3], second: [&str; 3], constant: &str| {
        let connections = [first, second].map(|[url, user, password]| format!("        {}", opens(url, user, password))).concat();
        let head = "import java.sql.DriverManager;\n\nclass Db {\n";
        format!("{head}{constant}    void open() throws Exception {{\n{connections}    }}\n}}\n")
    };
    let [orders, stock] = ["jdbc:postgresql://db:5432/orders", "jdbc:postgresql://db:5432/stock"];
    let text = code([orders, "shop", &password], [stock, "store", &password], "");
    let bench = Bench::new(&[("Db.java", text)], vec![password.clone()]);
    let before = bench.files();
    let plan = bench.plan(&Options { backend: Backend::Aws, style: Style::Sdk, ..options() });
    assert_eq!(plan.secrets.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(), ["prod/shop/orders", "prod/shop/stock"]);
    assert!(!serde_json::to_string(&plan).unwrap().contains(&password), "a plan holds no value");
    let mut store = bench.store(&unleak::fsx::Unwatched);
    store.backend = plan.store.backend;
    bench.apply(&plan, &store).unwrap();
    let stored = |name: &str| store.all()[name].versions.values().next().unwrap().0.clone();
    let expected = |user: &str, name: &str| {
        format!(
            "{{\"engine\":\"postgres\",\"host\":\"db\",\"port\":5432,\"username\":\"{user}\",\"password\":\"{password}\",\"dbname\":\"{name}\"}}"
        )
    };
    assert_eq!(String::from_utf8(stored("prod/shop/orders")).unwrap(), expected("shop", "orders"));
    assert_eq!(String::from_utf8(stored("prod/shop/stock")).unwrap(), expected("store", "stock"));
    let class = "com.amazonaws.secretsmanager.sql.AWSSecretsManagerPostgreSQLDriver";
    let constant = format!("    private static final java.sql.Driver POSTGRESQL_DRIVER = new {class}();\n\n");
    let [orders, stock] = [orders, stock].map(|url| url.replacen("jdbc", "jdbc-secretsmanager", 1));
    let after = code([&orders, "prod/shop/orders", ""], [&stock, "prod/shop/stock", ""], &constant);
    assert_eq!(String::from_utf8(bench.files()["Db.java"].0.clone()).unwrap(), after);
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
}

#[test]
fn of_a_literal_with_two_findings_each_is_told_by_its_line() {
    let [first, second] = [made_up::token(40), made_up::token(41)];
    let text =
        format!("AWSTemplateFormatVersion: x\nOutputs:\n  A:\n    Description: |\n      one\n      {first}\n      two\n      {second}\n");
    let plan = Bench::new(&[("stack.yaml", text)], vec![first, second]).plan(&options());
    assert_eq!(plan.manual.iter().map(|place| place.line).collect::<Vec<_>>(), [6, 8]);
}

#[test]
fn files_of_keys_have_the_advice_of_the_service_that_makes_them_needless() {
    let key = made_up::fill("private-key-openssh", "{secret}", 5);
    let plan = Bench::new(&[("deploy_key", format!("{key}\n"))], vec![key]).plan(&options());
    let places: Vec<(&str, &str, &str)> =
        plan.manual.iter().map(|place| (place.path.as_str(), place.reason.as_str(), place.advice.as_str())).collect();
    assert_eq!(
        places,
        [(
            "deploy_key",
            "such a file has no references; it belongs in EC2 Instance Connect or a session of Systems Manager, which need no key at all",
            "reach machines with Instance Connect or Session Manager, and take the public key off them",
        )]
    );
}

#[test]
fn values_of_one_name_in_two_environments_have_two_names() {
    let [first, second] = [made_up::password(33), made_up::password(34)];
    let files = [
        ("config/production/app.py", format!("DB_PASSWORD = \"{first}\"\n")),
        ("config/staging/app.py", format!("DB_PASSWORD = \"{second}\"\n")),
        ("config/app.py", format!("PASSWORD = \"{second}\"\n")),
    ];
    let bench = Bench::new(&files, vec![first, second]);
    let plan = bench.plan(&Options { environment: None, prefix: "acme/".to_owned(), ..options() });
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(names, ["acme/prod/shop/db-password", "acme/staging/shop/db-password"]);
    assert_eq!(plan.secrets[0].tags["environment"], "prod");
}

#[test]
fn a_plan_of_nothing_is_nothing_to_do() {
    let sandbox = Sandbox::new(&[("a.txt", "hello\n")]);
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| sandbox.command(arguments).env("HOME", home.path()).output().unwrap();
    assert_exit(&run(&["-q", "migrate", "plan", "-o", "plan.json"]), 0);
    let output = run(&["migrate", "apply", "plan.json", "--yes"]);
    assert_exit(&output, 0);
    assert_eq!(text(&output.stdout), "Nothing to migrate.\n");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "not even a key is made");
}

#[test]
fn the_local_store_does_not_claim_keys_and_replicas() {
    let bench = Bench::usual();
    assert_eq!(bench.plan(&options()).warnings, [""; 0]);
    let plan = bench.plan(&Options { replica_regions: vec!["eu-west-2".to_owned()], ..options() });
    let warning = "the local store has one key of its own and no replicas; what was asked for is noted with each secret, and no more";
    assert_eq!(plan.warnings, [warning]);
}

#[test]
fn a_variable_is_not_one_that_has_a_meaning_or_another_value_already() {
    let [one, two, three, token] = [made_up::password(301), made_up::password(302), made_up::password(303), made_up::token(304)];
    let files = [
        (".env", format!("DB_PASSWORD=\nMAIL_PASSWORD={three}\nAPI_TOKEN={token}\n")),
        (".env.example", "pwd=\nAPP_PASSWORD=\n".to_owned()),
        ("a.py", format!("DB_PASSWORD = \"{one}\"\npwd = \"{two}\"\nMAIL_PASSWORD = \"{three}\"\n")),
        ("b.py", format!("APP_PASSWORD = \"{}\"\n", made_up::password(305))),
    ];
    let bench = Bench::new(&files, Vec::new());
    let plan = bench.plan(&options());
    let file = plan.files.iter().find(|file| file.path == ".unleak.env").unwrap();
    let names: Vec<&str> = file.edits.iter().filter_map(|edit| Some(edit.new.split_once("=ref+")?.0)).collect();
    // .env hides what .unleak.env says, and every shell sets PWD.
    assert_eq!(names, ["APP_PASSWORD", "DB_PASSWORD_2", "MAIL_PASSWORD", "SECRET_PWD"]);
}

#[test]
fn who_reads_a_file_of_variables_by_itself_is_named() {
    let files = [
        ("app/.env", format!("DB_PASSWORD={}\nHOME_DIR=$HOME/x\n", made_up::password(306))),
        ("compose.yml", "services:\n  web:\n    image: x\n    env_file:\n      - app/.env\n".to_owned()),
        ("main.py", "from dotenv import load_dotenv\nload_dotenv(override=True)\n".to_owned()),
        ("run.sh", "#!/bin/sh\nset -a\n. app/.env\n. ./other.env\n".to_owned()),
    ];
    let bench = Bench::new(&files, Vec::new());
    let expected = [
        "app/.env:2: readers of such files disagree about this $; write ${NAME}, or the value in single quotes; `unleak run` starts nothing before",
        "compose.yml:5: it reads app/.env by itself, and gets references for values; list its variables under `environment` without values (`- NAME`), \
         and start compose by `unleak run --env-file app/.env -- docker compose up`",
        "main.py:2: it reads app/.env by itself, and gets references for values; have it leave variables alone that are set (without `override`), and \
         start it by `unleak run --env-file app/.env -- …`",
        "run.sh:3: it reads app/.env by itself, and gets references for values; take this line out, and start it by \
         `unleak run --env-file app/.env -- …`",
    ];
    assert_eq!(bench.plan(&options()).warnings, expected);
}

#[test]
fn neither_names_of_files_nor_an_edited_plan_reach_the_terminal_as_they_are() {
    let source = format!("DB_PASSWORD = \"{}\"  # \u{1b}[32m\n", made_up::password(307));
    let sandbox = Sandbox::new(&[("a\u{1b}[31m\nb.py", &source)]);
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| text(&sandbox.command(arguments).env("HOME", home.path()).output().unwrap().stdout);
    let acts = |text: &str| text.contains(|character: char| character.is_control() && character != '\n');
    let shown = run(&["migrate", "plan", "-o", "plan.json"]);
    assert!(shown.contains("\n--- a\\u{1b}[31m\\u{a}b.py\n") && !acts(&shown), "{shown:?}");
    let mut plan: Value = serde_json::from_str(&sandbox.read("plan.json")).unwrap();
    plan["files"][1]["diff"] = "\u{1b}]0;title\u{7}\n".into();
    crate::cli::put(&sandbox.directory.path().join("plan.json"), &plan.to_string());
    let shown = run(&["migrate", "apply", "plan.json", "--dry-run"]);
    assert!(shown.contains("\\u{1b}]0;title\\u{7}\n") && !acts(&shown), "{shown:?}");
}
