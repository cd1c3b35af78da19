//! Connection URLs that code puts together from the fields of a secret (`--split-url`): the URL that the program gets is the one that stood there,
//! and undo gives every byte back. Owns: programs with a URL. Must not: know how languages encode.

use std::collections::BTreeMap;

use super::programs::{GO, JAVA, NODE, Program, Trial};
use super::{Bench, Options, Unwatched, options};
use crate::cli::{assert_exit, put, text};
use crate::made_up;
use crate::rewrite::with_libraries::go_offline;
use crate::store::fake::Fake;
use crate::tools::tool;

const SPLIT: &[&str] = &["--split-url"];

const PYTHON_URL: Program = Program {
    file: "app.py",
    source: "import sys\n\n\ndef main():\n    database_url = '¤'\n    print('got ' + database_url)\n\n\nif __name__ == \"__main__\":\n    main()\n",
    beside: &[],
    build: &[],
    run: &["python3", "app.py"],
};

const NODE_URL: Program = Program {
    source: "const databaseUrl = '¤';\n\nconsole.log('got ' + databaseUrl);\nconsole.assert(typeof '¤'.length === 'number');\n",
    ..NODE
};

const GO_URL: Program = Program {
    source: "package main\n\nimport \"fmt\"\n\nconst databaseURL = \"¤\"\n\nfunc main() {\n\turl := databaseURL\n\tfmt.Println(\"got \" + url)\n}\n",
    ..GO
};

const JAVA_URL: Program = Program {
    source: "public class App {\n    private static final String DATABASE_URL = \"¤\";\n\n    public static void main(String[] args) {\n        System.out.println(\"got \" + DATABASE_URL);\n    }\n}\n",
    ..JAVA
};

const NODE_CLIENT_URL: Program = Program {
    file: "app.mjs",
    source: "export const handler = async () => {\n  const databaseUrl = '¤';\n  return 'got ' + databaseUrl;\n};\n\nawait handler();\nconsole.log(await handler());\n",
    beside: &[("package.json", "{\n  \"name\": \"shop\"\n}\n")],
    build: &[],
    run: &["node", "app.mjs"],
};

const GO_CLIENT_URL: Program = Program {
    file: "main.go",
    source: "package main\n\nimport \"fmt\"\n\nfunc got() string {\n\turl := \"¤\"\n\treturn \"got \" + url\n}\n\nfunc main() {\n\tgot()\n\tfmt.Println(got())\n}\n",
    beside: &[("go.mod", "module example.com/shop\n\ngo 1.22\n")],
    build: &["sh", "-c", "cp go.mod ../build.mod && go build -modfile ../build.mod -o ../app ."],
    run: &["../app"],
};

const JAVA_CLIENT_URL: Program = Program {
    file: "App.java",
    source: "public class App {\n    static String got() {\n        String url = \"¤\";\n        return \"got \" + url;\n    }\n\n    public static void main(String[] args) {\n        got();\n        System.out.println(got());\n    }\n}\n",
    beside: &[("build.gradle", "plugins {\n    id 'java'\n}\n\ndependencies {\n}\n")],
    build: &["javac", "-proc:none", "-d", "..", "App.java"],
    run: &["java", "App"],
};

/// A password of letters and digits, and the same with all that a URL encodes.
fn password() -> (String, String) {
    let plain: String = made_up::password(51).chars().filter(char::is_ascii_alphanumeric).collect();
    (format!("{plain}@/: %+é?-_."), format!("{plain}%40%2F%3A%20%25%2B%C3%A9%3F-_."))
}

fn url() -> String {
    format!("postgresql://app%40shop:{}@db.shop.example:5432/orders", password().1)
}

/// A file asks the helper for the URL.
fn asks(file: &str, call: &str) -> impl Fn(&BTreeMap<String, Vec<u8>>) {
    move |migrated| {
        let found = String::from_utf8_lossy(&migrated[file]);
        assert!(found.contains(call), "{file}: {found}");
    }
}

/// Neither a password nor a URL stands anywhere, and `.unleak.env` names the fields.
fn assert_fields(migrated: &BTreeMap<String, Vec<u8>>) {
    let (decoded, encoded) = password();
    for (name, bytes) in migrated {
        let found = String::from_utf8_lossy(bytes);
        assert!(!found.contains(&decoded) && !found.contains(&encoded) && !found.contains("db.shop.example"), "{name}: {found}");
    }
    let lines = String::from_utf8_lossy(&migrated[".unleak.env"]).lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let fields: Vec<&str> = lines.iter().map(|line| line.split_once("#/").unwrap().1).collect();
    assert_eq!(fields, ["dbname", "host", "password", "port", "username"], "{lines:?}");
}

#[test]
fn code_puts_a_url_together_from_variables() {
    for program in [&PYTHON_URL, &NODE_URL, &GO_URL, &JAVA_URL] {
        let mut trial = Trial::with(program, "local", None, url(), SPLIT, "DATABASE_URL_");
        // Java reads its environment as the locale says.
        trial.libraries.push(("LC_ALL", "C.UTF-8".into()));
        trial.there(assert_fields);
    }
}

#[test]
fn node_s_helper_puts_a_url_together() {
    let fake = Fake::start();
    let trial = Trial::with(&NODE_CLIENT_URL, "aws", Some(fake.url()), url(), SPLIT, "");
    std::os::unix::fs::symlink(tool("node-client/node_modules"), trial.root().with_file_name("node_modules")).unwrap();
    trial.client(
        &fake,
        &["app.mjs", "package.json", "unleak-secrets.cjs"],
        asks("app.mjs", "await unleakSecrets.url('postgresql', 'shop/database-url')"),
    );
}

#[test]
fn go_s_helper_puts_a_url_together() {
    let fake = Fake::start();
    let mut trial = Trial::with(&GO_CLIENT_URL, "aws", Some(fake.url()), url(), SPLIT, "");
    trial.libraries.extend(go_offline());
    trial.libraries.push(("GO111MODULE", "on".into()));
    trial.client(
        &fake,
        &["go.mod", "internal/unleaksecrets/unleaksecrets.go", "main.go"],
        asks("main.go", "unleaksecrets.URL(\"postgresql\", \"shop/url\")"),
    );
}

#[test]
fn java_s_helper_puts_a_url_together() {
    let fake = Fake::start();
    let mut trial = Trial::with(&JAVA_CLIENT_URL, "aws", Some(fake.url()), url(), SPLIT, "");
    trial.libraries.push(("CLASSPATH", format!(".:..:{}/*", tool("java-client/lib").display()).into()));
    trial.client(
        &fake,
        &["App.java", "build.gradle", "unleak/Secrets.java"],
        asks("App.java", "unleak.Secrets.url(\"postgresql\", \"shop/url\")"),
    );
}

#[test]
fn python_s_helper_puts_a_url_together() {
    let fake = Fake::start();
    let mut trial = Trial::with(&PYTHON_URL, "aws", Some(fake.url()), url(), &["--split-url", "--style", "sdk"], "");
    let library = tempfile::tempdir().unwrap();
    let stand_in = "import os\n\n\nclass SecretCache:\n    def get_secret_string(self, name):\n        return os.environ[\"STORED\"]\n";
    put(&library.path().join("aws_secretsmanager_caching.py"), stand_in);
    let before = trial.files();
    trial.plan();
    assert_exit(&trial.apply(), 4);
    let app = String::from_utf8(trial.files()["app.py"].clone()).unwrap();
    assert!(app.contains("DATABASE_URL = unleak_secrets.url(\"postgresql\", \"shop/database-url\")\n"), "{app}");
    let stored = serde_json::json!({
        "engine": "postgres", "host": "db.shop.example", "port": 5432, "username": "app@shop", "password": password().0, "dbname": "orders",
    });
    trial.libraries.push(("STORED", stored.to_string().into()));
    trial.libraries.push(("PYTHONPATH", library.path().into()));
    trial.libraries.push(("PYTHONDONTWRITEBYTECODE", "1".into()));
    let run = trial.plain(&["python3", "app.py"]);
    assert_exit(&run, 0);
    assert_eq!(text(&run.stdout), format!("got {}\n", trial.value));
    assert_exit(&trial.unleak(&["migrate", "undo", "--yes"]), 0);
    assert_eq!(trial.files(), before);
}

#[test]
fn places_that_need_the_whole_url_and_places_that_put_it_together_share_a_secret() {
    let letters: String = made_up::password(53).chars().filter(char::is_ascii_alphanumeric).collect();
    let url = format!("mysql://app:{letters}@db.shop.example");
    let files = [(".env", format!("DATABASE_URL={url}\n")), ("App.java", format!("class App {{\n    String it = get(\"{url}\");\n}}\n"))];
    let bench = Bench::new(&files, vec![letters]);
    let plan = bench.plan(&Options { split_url: true, ..options() });
    let keys: Vec<_> = plan.secrets[0].members.iter().map(|member| member.key.as_deref().unwrap()).collect();
    assert_eq!(keys, ["engine", "host", "username", "password", "url"]);
    assert_eq!(
        plan.warnings[0],
        "prod/shop/database-url: places read the field url, which a rotation that renews only the password makes stale"
    );
    let (before, store) = (bench.files(), bench.store(&Unwatched));
    bench.apply(&plan, &store).unwrap();
    let lines = String::from_utf8(bench.files()[".unleak.env"].0.clone()).unwrap();
    let variables: Vec<&str> = lines.lines().skip(1).map(|line| line.split_once('=').unwrap().0).collect();
    assert_eq!(variables, ["DATABASE_URL_HOST", "DATABASE_URL_PASSWORD", "DATABASE_URL_USERNAME"]);
    bench.assert_no_value(&bench.root());
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
}

#[test]
fn a_url_stays_whole_where_it_would_be_another_text_and_the_plan_says_so() {
    let letters: String = made_up::password(52).chars().filter(char::is_ascii_alphanumeric).collect();
    let split = Options { split_url: true, ..options() };
    let of = |name: &str, text: &str| {
        let url = format!("postgres://app:{letters}!x@db.shop.example/orders");
        let plan = Bench::new(&[(name, text.replace('¤', &url))], vec![letters.clone()]).plan(&split);
        let keys: Vec<_> = plan.secrets[0].members.iter().map(|member| member.key.clone().unwrap()).collect();
        let file = plan.files.iter().find(|file| file.path == name).unwrap();
        (keys.contains(&"url".to_owned()), file.places[0].reason.rsplit("; ").next().unwrap().to_owned(), plan.warnings.len())
    };
    let reason = "the URL stays whole: the code would encode its user, password or database in another way";
    assert_eq!(of("app.py", "DATABASE_URL = \"¤\"\n"), (true, reason.to_owned(), 1));
    // JavaScript's encoding leaves this character as it is.
    assert_eq!(of("app.js", "const databaseUrl = \"¤\";\n"), (false, "the URL is put together from its fields".to_owned(), 0));
    let reason = "the URL stays whole: the place reads it from the variable DATABASE_URL";
    assert_eq!(of("app.js", "const databaseUrl = process.env.DATABASE_URL || \"¤\";\n"), (true, reason.to_owned(), 1));
    let reason = "the URL stays whole: code in this language takes it as a whole";
    assert_eq!(of("app.rb", "DATABASE_URL = \"¤\"\n"), (true, reason.to_owned(), 1));
    let reason = "the URL stays whole: the file is no code";
    assert_eq!(of(".env", "DATABASE_URL=¤\n"), (true, reason.to_owned(), 1));
}
