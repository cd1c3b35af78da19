//! Which places go together, and which are left to people when the plan is made.

use std::os::unix::fs::PermissionsExt;

use unleak::migrate::plan::{ManualPlace, Plan};
use unleak::rewrite::Style;

use super::*;

/// The plan is applied, nothing is left, and undo gives the tree back.
#[track_caller]
fn there_and_back(bench: &Bench, plan: &Plan) -> BTreeMap<String, String> {
    let before = bench.files();
    let mut store = bench.store(&Unwatched);
    store.backend = plan.store.backend;
    bench.apply(plan, &store).unwrap();
    let after = bench.files().into_iter().map(|(path, (bytes, _))| (path, String::from_utf8(bytes).unwrap())).collect();
    bench.undo(plan, &store).unwrap();
    let mut now = bench.files();
    now.retain(|path, _| before.contains_key(path));
    assert_eq!(now, before);
    after
}

fn manual<'p>(plan: &'p Plan, path: &str) -> Vec<&'p ManualPlace> {
    plan.manual.iter().filter(|place| place.path == path).collect()
}

/// References of a plan, by line, of one file.
fn references(plan: &Plan, path: &str) -> Vec<String> {
    plan.files.iter().filter(|file| file.path == path).flat_map(|file| file.places.iter().map(|place| place.reference.clone())).collect()
}

#[test]
fn two_users_with_one_password_have_a_secret_each_wherever_settings_say_who_logs_in() {
    let password = made_up::password(61);
    let yaml = |name: &str, user: &str| format!("{name}:\n  datasource:\n    username: {user}\n    password: \"{password}\"\n");
    let properties = |name: &str, user: &str| {
        format!("app.{name}.url=jdbc:postgresql://db/{name}\napp.{name}.username={user}\napp.{name}.password={password}\n")
    };
    let env = |name: &str, user: &str| format!("{name}_USER={user}\n{name}_PASSWORD={password}\n");
    let python = |name: &str, user: &str| format!("{name}_USER = '{user}'\n{name}_PASSWORD = '{password}'\n");
    for (path, text) in [
        ("src/main/resources/application.yml", yaml("orders", "shop") + &yaml("stock", "store")),
        ("src/main/resources/application.properties", properties("orders", "shop") + &properties("stock", "store")),
        (".env", env("DB1", "shop") + &env("DB2", "store")),
        ("settings.py", python("DB1", "shop") + "\n\n" + &python("DB2", "store")),
    ] {
        let bench = Bench::new(&[(path, text)], vec![password.clone()]);
        let plan = bench.plan(&options());
        let references = references(&plan, path);
        assert_eq!((plan.secrets.len(), references.len()), (2, 2), "{path}: {references:?} {:?}", plan.manual);
        assert_ne!(references[0], references[1], "{path}");
        let after = there_and_back(&bench, &plan);
        assert!(!after[path].contains(&password), "{path}");
    }
}

#[test]
fn a_key_that_many_dictionaries_have_is_named_after_its_own() {
    let passwords = [made_up::password(74), made_up::password(75), made_up::password(76)];
    let database = |name: &str, user: &str, password: &str| {
        format!("    '{name}': {{\n        'USER': '{user}',\n        'PASSWORD': '{password}',\n    }},\n")
    };
    let text = format!(
        "DATABASES = {{\n{}{}}}\nMAIL = {{'PASSWORD': '{}'}}\n",
        database("default", "shop", &passwords[0]),
        database("reports", "reader", &passwords[1]),
        passwords[2]
    );
    let bench = Bench::new(&[("settings.py", text)], passwords.to_vec());
    let plan = bench.plan(&options());
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(names, ["prod/shop/databases-default", "prod/shop/mail-password", "prod/shop/reports"]);
    there_and_back(&bench, &plan);
}

#[test]
fn one_user_in_several_files_has_one_secret_and_so_have_places_that_name_no_user() {
    let password = made_up::password(62);
    let files = [
        (".env", format!("DB_USER=shop\nDB_PASSWORD={password}\n")),
        (
            "compose.yml",
            format!("services:\n  db:\n    environment:\n      POSTGRES_USER: shop\n      POSTGRES_PASSWORD: \"{password}\"\n"),
        ),
        ("worker.py", format!("DB_PASSWORD = \"{password}\"\n")),
    ];
    let bench = Bench::new(&files, vec![password]);
    let plan = bench.plan(&options());
    assert_eq!(plan.secrets.len(), 1, "{:?}", plan.secrets.iter().map(|secret| &secret.name).collect::<Vec<_>>());
    assert!(plan.manual.is_empty(), "{:?}", plan.manual);
}

#[test]
fn the_reason_is_that_of_the_form_that_a_place_got() {
    let passwords = [made_up::password(63), made_up::password(73)];
    let users = ["shop", "store"].into_iter().zip(&passwords);
    let open = |(user, password): (&str, &String)| {
        format!(
            "    java.sql.Connection {user}() throws Exception {{\n        return java.sql.DriverManager.getConnection(\"jdbc:postgresql://db:5432/{user}\", \"{user}\", \"{password}\");\n    }}\n"
        )
    };
    let settings = |(user, password): (&str, &String)| {
        format!("app.{user}.url=jdbc:postgresql://db:5432/{user}\napp.{user}.username={user}\napp.{user}.password={password}\n")
    };
    let java = format!("package shop;\n\nclass Db {{\n{}}}\n", users.clone().map(open).collect::<String>());
    let spring = users.map(settings).collect::<String>();
    let pom = "<project><dependencies><dependency><artifactId>spring-boot-starter</artifactId></dependency></dependencies></project>\n";
    for (path, text) in [("src/main/java/shop/Db.java", java), ("src/main/resources/application.properties", spring)] {
        let bench = Bench::new(&[(path, text), ("pom.xml", pom.to_owned())], passwords.to_vec());
        let options = Options { backend: Backend::Aws, style: Style::Sdk, ..options() };
        let driven = |plan: &Plan| {
            let file = plan.files.iter().find(|file| file.path == path).unwrap();
            file.places.iter().filter(|place| place.reason.contains("driver")).count()
        };
        let apart = bench.plan(&options);
        assert_eq!(driven(&apart), 2);
        // The driver reads the field `password`: of a secret of both users that is one of the two.
        let fingerprints: std::collections::BTreeSet<String> = apart.secrets.iter().flat_map(|secret| secret.findings.clone()).collect();
        let named = vec![("all".to_owned(), fingerprints.into_iter().collect())];
        let joining = unleak::migrate::joining::Joining { named, by: None, mixed: true };
        let joined = bench.plan(&Options { joining, ..options });
        assert_eq!((joined.secrets.len(), driven(&joined)), (1, 1), "{path}");
        let after = there_and_back(&bench, &joined);
        assert_eq!(after[path].matches("jdbc-secretsmanager").count(), 1, "{path}");
    }
}

#[test]
fn what_asks_the_store_asks_in_the_region_of_the_plan() {
    let password = made_up::password(71);
    let url = "jdbc:postgresql://db:5432/shop";
    let java = format!(
        "package shop;\n\nclass Db {{\n    java.sql.Connection open() throws Exception {{\n        return java.sql.DriverManager.getConnection(\"{url}\", \"shop\", \"{password}\");\n    }}\n}}\n"
    );
    let driven = format!("spring.datasource.url={url}\nspring.datasource.username=shop\nspring.datasource.password={password}\n");
    let yaml = format!("server:\n  port: 80\nspring:\n  mail:\n    username: shop\n    password: \"{password}\"\n");
    let imported = format!("spring.mail.password={password}\n");
    let settings = ("src/main/resources/secretsmanager.properties", "drivers.region=eu-west-3\n");
    let (properties, in_yaml) = ("src/main/resources/application.properties", "src/main/resources/application.yml");
    for (path, text, (of, wanted)) in [
        ("app.py", format!("DB_PASSWORD = \"{password}\"\n"), ("unleak_secrets.py", "region_name=\"eu-west-3\"")),
        ("src/main/java/shop/Db.java", java, settings),
        (properties, driven, settings),
        (properties, imported, (properties, "\nspring.cloud.aws.secretsmanager.region=eu-west-3\n")),
        (in_yaml, yaml, (in_yaml, "\nspring.cloud.aws.secretsmanager.region: eu-west-3\nspring:\n")),
    ] {
        let pom = "<project><dependencies><dependency><artifactId>spring-boot-starter</artifactId></dependency></dependencies></project>\n";
        let bench = Bench::new(&[(path, text), ("pom.xml", pom.to_owned())], vec![password.clone()]);
        let region = Some("eu-west-3".to_owned());
        let plan = bench.plan(&Options { backend: Backend::Aws, style: Style::Sdk, region, ..options() });
        assert!(plan.manual.is_empty(), "{path}: {:?}", plan.manual);
        let after = there_and_back(&bench, &plan);
        assert!(after[of].contains(wanted), "{path}: {}", after[of]);
        assert!(!after[path].contains(&password), "{path}");
    }
}

#[test]
fn prose_that_spells_a_value_in_another_encoding_names_the_one_secret() {
    let password = format!("{}!ü{}", made_up::password(64), made_up::password(77));
    let percent: Vec<String> = ["%21%C3%BC", "%21%c3%bc"].iter().map(|spelled| password.replace("!ü", spelled)).collect();
    let encodings = [data_encoding::BASE64.encode(password.as_bytes()), data_encoding::HEXLOWER.encode(password.as_bytes())];
    let encodings = encodings.into_iter().chain(percent);
    for encoded in encodings {
        let files = [
            ("app.py", format!("DB_PASSWORD = \"{password}\"\n")),
            ("notes.md", format!("# Setup\n\nSet `auth_token = \"{encoded}\"` in the console.\n")),
        ];
        let bench = Bench::new(&files, vec![password.clone(), encoded.clone()]);
        let plan = bench.plan(&Options { include_tests: true, ..options() });
        assert_eq!(plan.secrets.len(), 1, "{:?} {:?}", plan.secrets.iter().map(|secret| &secret.name).collect::<Vec<_>>(), plan.manual);
        assert_eq!(references(&plan, "notes.md").len(), 1, "{:?}", plan.manual);
        let after = there_and_back(&bench, &plan);
        assert!(after["notes.md"].contains(&format!("<secret: {}>", plan.secrets[0].name)), "{}", after["notes.md"].replace(&encoded, "…"));
    }
}

#[test]
fn settings_that_take_a_value_in_base64_keep_a_secret_of_their_own_and_the_plan_says_so() {
    let password = made_up::password(65);
    let encoded = data_encoding::BASE64.encode(password.as_bytes());
    let files = [("app.py", format!("DB_PASSWORD = \"{password}\"\n")), ("deploy/.env", format!("AUTH_TOKEN={encoded}\n"))];
    let bench = Bench::new(&files, vec![password, encoded]);
    let plan = bench.plan(&options());
    assert_eq!(plan.secrets.len(), 2);
    assert_eq!(plan.warnings.iter().filter(|warning| warning.contains("in another encoding")).count(), 1, "{:?}", plan.warnings);
    there_and_back(&bench, &plan);
}

#[test]
fn a_function_that_puts_text_out_names_no_secret() {
    let token = made_up::token(66);
    let files = [
        ("main.go", format!("package main\n\nimport \"fmt\"\n\nfunc main() {{\n\tfmt.Println(\"{token}\")\n}}\n")),
        ("a.py", format!("print(\"{token}\")\n")),
        ("a.js", format!("console.log(\"{token}\");\n")),
    ];
    for (path, text) in files {
        let bench = Bench::new(&[(path, text)], vec![token.clone()]);
        let plan = bench.plan(&options());
        let name = &plan.secrets[0].name;
        let is_output = ["print", "log"].iter().any(|word| name.contains(word));
        assert!(!is_output, "{path}: {name}");
        assert!(name.ends_with(&plan.secrets[0].patterns[0]), "{path}: {name}");
    }
}

#[test]
fn a_file_that_cannot_be_replaced_is_left_to_people_and_the_others_go_on() {
    let token = made_up::token(67);
    let text = format!("TOKEN = \"{token}\"\n");
    let files = [("a.py", text.clone()), ("linked.py", text.clone()), ("fixed.py", text)];
    let bench = Bench::new(&files, vec![token.clone()]);
    fs::hard_link(bench.root().join("linked.py"), bench.directory.path().join("other-name.py")).unwrap();
    fs::set_permissions(bench.root().join("fixed.py"), fs::Permissions::from_mode(0o444)).unwrap();
    let plan = bench.plan(&options());
    let written: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(written, [".unleak.env", "a.py"]);
    for (path, word) in [("linked.py", "hard link"), ("fixed.py", "read-only")] {
        let places = manual(&plan, path);
        assert!(places.len() == 1 && places[0].reason.contains(word), "{places:?}");
    }
    let after = there_and_back(&bench, &plan);
    assert!(!after["a.py"].contains(&token) && after["fixed.py"].contains(&token));
}

#[test]
fn a_variable_that_cannot_be_noted_is_asked_for_nowhere() {
    let token = made_up::token(68);
    let files = [("a.py", format!("TOKEN = \"{token}\"\n")), (".unleak.env", "# mine\n".to_owned())];
    let bench = Bench::new(&files, vec![token]);
    fs::set_permissions(bench.root().join(".unleak.env"), fs::Permissions::from_mode(0o444)).unwrap();
    let plan = bench.plan(&options());
    assert!(plan.files.is_empty() && plan.secrets.is_empty());
    assert!(manual(&plan, "a.py")[0].reason.contains(".unleak.env"), "{:?}", plan.manual);
}

#[test]
fn what_git_stores_in_another_form_is_left_as_it_is() {
    let token = made_up::token(69);
    let text = format!("TOKEN = \"{token}\"\n");
    let attributes = "secrets/** filter=git-crypt diff=git-crypt\n*.big.py filter=lfs\n";
    let files = [("a.py", text.clone()), ("secrets/b.py", text.clone()), ("c.big.py", text), (".gitattributes", attributes.to_owned())];
    let bench = Bench::new(&files, vec![token.clone()]);
    let plan = bench.plan(&options());
    for (path, word) in [("secrets/b.py", "encrypts"), ("c.big.py", "LFS")] {
        let places = manual(&plan, path);
        assert!(places.len() == 1 && places[0].reason.contains(word), "{:?}", plan.manual);
    }
    let after = there_and_back(&bench, &plan);
    assert!(!after["a.py"].contains(&token) && after["secrets/b.py"].contains(&token));
}

#[test]
fn of_two_secrets_that_would_be_called_the_same_the_second_is_called_after_its_file_too() {
    let tokens = [made_up::token(78), made_up::token(79), made_up::token(80)];
    let text = |token: &String| format!("API_TOKEN = \"{token}\"\n");
    let files = [("a/mail.py", text(&tokens[0])), ("a/stock.py", text(&tokens[1])), ("b/stock.py", text(&tokens[2]))];
    let bench = Bench::new(&files, tokens.to_vec());
    let plan = bench.plan(&options());
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(names, ["prod/shop/api-token", "prod/shop/api-token_2", "prod/shop/stock-api-token"]);
    let after = there_and_back(&bench, &plan);
    assert!(after["a/stock.py"].contains("os.environ[\"STOCK_API_TOKEN\"]"), "{}", after["a/stock.py"]);
}

#[test]
fn a_variable_that_means_another_secret_elsewhere_keeps_that_place_alone_from_being_rewritten() {
    let [first, second, token] = [made_up::password(81), made_up::password(82), made_up::token(83)];
    let read = |value: &str| format!("import os\n\nDB_PASSWORD = os.getenv(\"DB_PASSWORD\", \"{value}\")\n");
    let files = [("a.py", read(&first)), ("b.py", read(&second) + &format!("TOKEN = \"{token}\"\n"))];
    let bench = Bench::new(&files, vec![first, second.clone(), token.clone()]);
    let plan = bench.plan(&options());
    let left: Vec<(&str, &str)> = plan.manual.iter().map(|place| (place.path.as_str(), place.reason.as_str())).collect();
    assert_eq!(left, [("b.py", "the variable DB_PASSWORD refers to another secret already")]);
    let after = there_and_back(&bench, &plan);
    assert!(after["b.py"].contains(&second) && !after["b.py"].contains(&token));
}

#[test]
fn a_file_that_holds_nothing_but_a_value_stays_and_prose_with_it_does_not() {
    let password = made_up::password(84);
    let files = [
        ("compose.yaml", format!("services:\n  db:\n    environment:\n      MYSQL_PASSWORD: {password}\n")),
        ("db/password.txt", format!("{password}\n")),
        ("notes.txt", format!("The password is {password} for now.\n")),
    ];
    let bench = Bench::new(&files, vec![password.clone()]);
    let plan = bench.plan(&options());
    let places = manual(&plan, "db/password.txt");
    assert!(places.len() == 1 && places[0].reason.contains("a program reads it"), "{:?}", plan.manual);
    let after = there_and_back(&bench, &plan);
    assert!(after["db/password.txt"].contains(&password) && after["notes.txt"].contains("<secret: prod/shop/"));
}

#[test]
fn logins_of_databases_alone_are_rotated_as_such() {
    let [password, mail] = [made_up::password(85), made_up::password(86)];
    let files =
        [(".env", format!("DB_USER=shop\nDB_PASSWORD={password}\n")), ("mail/.env", format!("SMTP_USER=shop\nSMTP_PASSWORD={mail}\n"))];
    let bench = Bench::new(&files, vec![password, mail]);
    let plan = bench.plan(&options());
    let of = |name: &str| plan.secrets.iter().find(|secret| secret.name == name).unwrap().rotation.contains("second database user");
    assert!(of("prod/shop/db") && !of("prod/shop/smtp"));
}

#[test]
fn an_argument_of_a_command_is_called_what_it_is_there() {
    let (password, token) = (made_up::password(87), made_up::token(88));
    let text = format!(
        "#!/bin/sh\nmysqldump -u shop -p{password} shop >shop.sql\ncurl -H \"Authorization: Bearer {token}\" https://example.com/\n"
    );
    let bench = Bench::new(&[("run.sh", text)], vec![password, token]);
    let plan = bench.plan(&options());
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(names, ["prod/shop/mysqldump-password", "prod/shop/run-authorization"]);
    there_and_back(&bench, &plan);
}

#[test]
fn a_password_is_not_called_who_logs_in_with_it() {
    let passwords = [made_up::password(89), made_up::password(90), made_up::password(92)];
    let [go, java, php] = &passwords;
    let files = [
        (
            "a.go",
            format!(
                "package main\n\nimport \"net/http\"\n\nfunc ask(request *http.Request) {{\n\trequest.SetBasicAuth(\"shop\", \"{go}\")\n}}\n"
            ),
        ),
        (
            "A.java",
            format!(
                "class A {{\n    Object a() {{\n        return Credentials.basic(\"shop\", \"{java}\");\n    }}\n    Object b(Client client) {{\n        return client.login(\"shop\", \"{java}\");\n    }}\n}}\n"
            ),
        ),
        ("a.php", format!("<?php\n$client->login('shop', '{php}');\n")),
    ];
    let bench = Bench::new(&files, passwords.to_vec());
    let plan = bench.plan(&options());
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert!(!names.is_empty() && !names.iter().any(|name| name.ends_with("/shop")), "{names:?} {:?}", plan.manual);
    there_and_back(&bench, &plan);
}
