//! Real programs from end to end: a credential moves out of the code, the program gets its value from the store, undo gives every byte back.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::process::{Command, Output};

use crate::cli::{Sandbox, assert_exit, put, text};
use crate::made_up;
use crate::rewrite::client::files_of;
use crate::rewrite::with_libraries::go_offline;
use crate::store::aws::VARIABLES;
use crate::store::fake::Fake;
use crate::store::moto::Moto;
use crate::store::served::Fault;
use crate::tools::{tool, variable};

/// A program that prints the password it would use, or the URL.
pub struct Program {
    pub file: &'static str,
    pub source: &'static str,
    /// Files beside it, such as a manifest.
    pub beside: &'static [(&'static str, &'static str)],
    /// What builds it, if anything does, and what runs it.
    pub build: &'static [&'static str],
    pub run: &'static [&'static str],
}

pub const PYTHON: Program = Program {
    file: "app.py",
    source: "import sys\n\nPASSWORD = \"¤\"\n\nif __name__ == \"__main__\":\n    print(\"got \" + PASSWORD)\n",
    beside: &[],
    build: &[],
    run: &["python3", "app.py"],
};

pub const NODE: Program = Program {
    file: "app.js",
    source: "const password = '¤';\n\nconsole.log('got ' + password);\n",
    beside: &[],
    build: &[],
    run: &["node", "app.js"],
};

pub const GO: Program = Program {
    file: "main.go",
    source: "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tpassword := \"¤\"\n\tfmt.Println(\"got \" + password)\n}\n",
    beside: &[],
    build: &["sh", "-c", "go build -o ../app *.go"],
    run: &["../app"],
};

pub const JAVA: Program = Program {
    file: "App.java",
    source: "public class App {\n    public static void main(String[] args) {\n        String password = \"¤\";\n        System.out.println(\"got \" + password);\n    }\n}\n",
    beside: &[],
    build: &["javac", "-d", "..", "App.java"],
    run: &["java", "-cp", "..", "App"],
};

const C: Program = Program {
    file: "app.c",
    source: "#include <stdio.h>\n\nint main(void)\n{\n    const char *password = \"¤\";\n    printf(\"got %s\\n\", password);\n    return 0;\n}\n",
    beside: &[],
    build: &["gcc", "-Wall", "-Werror", "-o", "../app", "app.c"],
    run: &["../app"],
};

/// A program that asks the store's client, with its library beside the repository.
pub const NODE_CLIENT: Program = Program {
    file: "app.mjs",
    source: "export const handler = async () => {\n  const password = '¤';\n  return 'got ' + password;\n};\n\nawait handler();\nconsole.log(await handler());\n",
    beside: &[("package.json", "{\n  \"name\": \"shop\"\n}\n")],
    build: &[],
    run: &["node", "app.mjs"],
};

pub const GO_CLIENT: Program = Program {
    file: "main.go",
    source: "package main\n\nimport \"fmt\"\n\nfunc got() string {\n\tpassword := \"¤\"\n\treturn \"got \" + password\n}\n\nfunc main() {\n\tgot()\n\tfmt.Println(got())\n}\n",
    beside: &[("go.mod", "module example.com/shop\n\ngo 1.22\n")],
    // What the compiler notes in the manifest would be a change to it.
    build: &["sh", "-c", "cp go.mod ../build.mod && go build -modfile ../build.mod -o ../app ."],
    run: &["../app"],
};

pub const JAVA_CLIENT: Program = Program {
    file: "App.java",
    source: "public class App {\n    static String got() {\n        String password = \"¤\";\n        return \"got \" + password;\n    }\n\n    public static void main(String[] args) {\n        got();\n        System.out.println(got());\n    }\n}\n",
    beside: &[("build.gradle", "plugins {\n    id 'java'\n}\n\ndependencies {\n}\n")],
    build: &["javac", "-proc:none", "-d", "..", "App.java"],
    run: &["java", "App"],
};

/// A program in a repository, with a home for the local store and the variables that lead to the store.
pub struct Trial {
    sandbox: Sandbox,
    home: tempfile::TempDir,
    pub value: String,
    program: &'static Program,
    store: &'static str,
    endpoint: Option<String>,
    /// Where compilers find libraries.
    pub libraries: Vec<(&'static str, OsString)>,
    /// What the plan is made with besides.
    options: &'static [&'static str],
    /// What a program without its variables names.
    missing: &'static str,
}

impl Trial {
    fn new(program: &'static Program, store: &'static str, endpoint: Option<String>) -> Self {
        Self::with(program, store, endpoint, made_up::password(41), &[], "PASSWORD")
    }

    /// With another value than a password, other options for the plan, and what a program without its variables names.
    pub fn with(
        program: &'static Program,
        store: &'static str,
        endpoint: Option<String>,
        value: String,
        options: &'static [&'static str],
        missing: &'static str,
    ) -> Self {
        let (sandbox, home) = (Sandbox::new(&[]), tempfile::tempdir().unwrap());
        let trial = Self { sandbox, home, value, program, store, endpoint, libraries: Vec::new(), options, missing };
        fs::create_dir(trial.root()).unwrap();
        put(&trial.root().join(program.file), &program.source.replace('¤', &trial.value));
        for (name, text) in program.beside {
            put(&trial.root().join(name), text);
        }
        trial.sandbox.git(&["init", "--quiet", "shop"]);
        trial.sandbox.git(&["-C", "shop", "add", "."]);
        trial.sandbox.git(&["-C", "shop", "commit", "--quiet", "--message", "a program"]);
        trial
    }

    pub fn root(&self) -> std::path::PathBuf {
        self.sandbox.directory.path().join("shop")
    }

    fn here(&self, mut command: Command) -> Output {
        command.current_dir(self.root()).env("HOME", self.home.path()).env("GOFLAGS", "-mod=mod").env("GO111MODULE", "off").envs(VARIABLES);
        command.envs(variable("PATH").map(|path| ("PATH", path))).envs(self.endpoint.as_ref().map(|url| ("AWS_ENDPOINT_URL", url)));
        command.envs(self.libraries.iter().map(|(name, value)| (name, value)));
        command.output().unwrap()
    }

    pub fn unleak(&self, arguments: &[&str]) -> Output {
        self.here(self.sandbox.command(arguments))
    }

    pub fn plain(&self, words: &[&str]) -> Output {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear();
        self.here(command)
    }

    fn build(&self) {
        if !self.program.build.is_empty() {
            assert_exit(&self.plain(self.program.build), 0);
        }
    }

    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        files_of(&self.root(), &self.root(), &mut found);
        found.into_iter().filter(|(name, _)| !name.starts_with(".git/")).collect()
    }

    pub fn plan(&self) {
        let plan = self.unleak(&[&["migrate", "plan", "--store", self.store, "--output", "../plan.json"], self.options].concat());
        assert_exit(&plan, 0);
    }

    pub fn apply(&self) -> Output {
        self.unleak(&["migrate", "apply", "--yes", "../plan.json"])
    }

    /// The way from the code to the store's own client and back; `files` come and change with it.
    fn client_and_back(&self, fake: &Fake, files: &[&str]) {
        self.client(fake, files, |_| ());
    }

    /// The same, with a look at the migrated tree.
    pub fn client(&self, fake: &Fake, files: &[&str], look: impl Fn(&BTreeMap<String, Vec<u8>>)) {
        let before = self.files();
        let arguments = ["migrate", "plan", "--store", self.store, "--style", "sdk", "--output", "../plan.json"];
        let plan = self.unleak(&[&arguments, self.options].concat());
        assert_exit(&plan, 0);
        for file in files {
            assert!(text(&plan.stdout).contains(&format!("\n+++ {file}\n")), "{}", text(&plan.stdout));
        }
        assert_exit(&self.apply(), 4);
        let migrated = self.files();
        assert!(migrated.values().all(|bytes| !String::from_utf8_lossy(bytes).contains(&self.value)), "the value is in no file");
        assert!(!migrated.contains_key(".unleak.env"), "no variable is needed");
        let changed: Vec<&str> =
            migrated.iter().filter(|(name, bytes)| before.get(*name) != Some(bytes)).map(|(name, _)| name.as_str()).collect();
        assert_eq!(changed, files);
        look(&migrated);

        self.build();
        let reads = || fake.calls().iter().filter(|call| *call == "GetSecretValue").count();
        let known = reads();
        let run = self.plain(self.program.run);
        assert_exit(&run, 0);
        assert_eq!(text(&run.stdout), format!("got {}\n", self.value));
        assert_eq!(reads() - known, 1, "what is asked for twice is read once");

        assert_exit(&self.unleak(&["migrate", "undo", "--yes"]), 0);
        assert_eq!(self.files(), before);
        let folders = fs::read_dir(self.root()).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
        assert_eq!(folders.map(|folder| folder.file_name()).collect::<Vec<_>>(), [".git"]);
        self.assert_deleted();
    }

    /// The way from the code to the store and back.
    pub fn there_and_back(&self) {
        self.there(|_| ());
    }

    /// The same, with a look at the migrated tree.
    pub fn there(&self, look: impl Fn(&BTreeMap<String, Vec<u8>>)) {
        let before = self.files();
        self.plan();
        assert_exit(&self.apply(), 4);
        let migrated = self.files();
        assert!(migrated.values().all(|bytes| !String::from_utf8_lossy(bytes).contains(&self.value)), "the value is in no file");
        assert_exit(&self.unleak(&["scan", "--quiet", "."]), 0);
        // Every reference resolves, and the history still has the value.
        let checked = self.unleak(&["check"]);
        assert_exit(&checked, 1);
        assert!(text(&checked.stdout).contains(", 0 do not resolve\nblob "), "{}", text(&checked.stdout));
        look(&migrated);

        self.build();
        let run = self.unleak(&[&["run", "--"], self.program.run].concat());
        assert_exit(&run, 0);
        assert_eq!(text(&run.stdout), format!("got {}\n", self.value));
        let without = self.plain(self.program.run);
        assert!(!without.status.success() && text(&without.stderr).contains(self.missing), "{}", text(&without.stderr));

        let undo = self.unleak(&["migrate", "undo", "--yes"]);
        assert_exit(&undo, 0);
        assert_eq!(self.files(), before);
        self.assert_deleted();
    }

    fn assert_deleted(&self) {
        let listed = text(&self.unleak(&["store", "list", self.store]).stdout);
        assert_eq!(listed.lines().map(|line| line.split('\t').nth(1).unwrap()).collect::<Vec<_>>(), ["deleted"], "{listed}");
    }
}

#[test]
fn python_and_the_local_store() {
    Trial::new(&PYTHON, "local", None).there_and_back();
}

#[test]
fn node_and_the_local_store() {
    Trial::new(&NODE, "local", None).there_and_back();
}

#[test]
fn go_and_the_local_store() {
    Trial::new(&GO, "local", None).there_and_back();
}

#[test]
fn java_and_the_local_store() {
    Trial::new(&JAVA, "local", None).there_and_back();
}

#[test]
fn programs_and_the_strict_fake() {
    let fake = Fake::start();
    Trial::new(&PYTHON, "aws", Some(fake.url())).there_and_back();
    let fake = Fake::start();
    Trial::new(&NODE, "aws", Some(fake.url())).there_and_back();
}

#[test]
fn node_and_the_client_of_the_store() {
    let fake = Fake::start();
    let trial = Trial::new(&NODE_CLIENT, "aws", Some(fake.url()));
    std::os::unix::fs::symlink(tool("node-client/node_modules"), trial.root().with_file_name("node_modules")).unwrap();
    trial.client_and_back(&fake, &["app.mjs", "package.json", "unleak-secrets.cjs"]);
}

#[test]
fn go_and_the_client_of_the_store() {
    let fake = Fake::start();
    let mut trial = Trial::new(&GO_CLIENT, "aws", Some(fake.url()));
    trial.libraries.extend(go_offline());
    trial.libraries.push(("GO111MODULE", "on".into()));
    trial.client_and_back(&fake, &["go.mod", "internal/unleaksecrets/unleaksecrets.go", "main.go"]);
}

#[test]
fn what_go_noted_in_the_manifest_since_stays_when_the_requirement_is_taken_out() {
    let fake = Fake::start();
    let mut trial = Trial::new(&GO_CLIENT, "aws", Some(fake.url()));
    trial.libraries.extend(go_offline());
    trial.libraries.push(("GO111MODULE", "on".into()));
    let before = trial.files();
    assert_exit(&trial.unleak(&["migrate", "plan", "--store", "aws", "--style", "sdk", "--output", "../plan.json"]), 0);
    assert_exit(&trial.apply(), 4);
    let applied = trial.files();
    assert_exit(&trial.plain(&["go", "build", "-o", "../app", "."]), 0);
    let built = trial.files();
    assert_ne!(built["go.mod"], applied["go.mod"], "the compiler notes what the library requires");

    let undo = trial.unleak(&["migrate", "undo", "--yes"]);
    assert_exit(&undo, 0);
    let said = "\nOther lines changed since, and stay:\n- go.mod: what the plan added is out";
    assert!(text(&undo.stdout).contains(said), "{}", text(&undo.stdout));
    let undone = trial.files();
    assert_eq!(undone["main.go"], before["main.go"]);
    let [with, without] = [&built, &undone].map(|files| String::from_utf8(files["go.mod"].clone()).unwrap());
    assert_eq!(without, with.replacen("\nrequire github.com/aws/aws-secretsmanager-caching-go/v2 v2.0.0\n", "", 1));
    trial.assert_deleted();
}

#[test]
fn java_and_the_client_of_the_store() {
    let fake = Fake::start();
    let mut trial = Trial::new(&JAVA_CLIENT, "aws", Some(fake.url()));
    trial.libraries.push(("CLASSPATH", format!(".:..:{}/*", tool("java-client/lib").display()).into()));
    trial.client_and_back(&fake, &["App.java", "build.gradle", "unleak/Secrets.java"]);
}

#[test]
fn a_place_that_cannot_wait_for_the_client_reads_the_environment_and_the_plan_says_why() {
    let fake = Fake::start();
    let trial = Trial::new(&NODE, "aws", Some(fake.url()));
    let plan = trial.unleak(&["migrate", "plan", "--store", "aws", "--style", "sdk", "--output", "../plan.json"]);
    assert_exit(&plan, 0);
    let warning = "app.js:1 does not ask the store's client; only an ES module can wait for the store outside of functions: code reads its environment";
    assert!(text(&plan.stdout).contains(warning), "{}", text(&plan.stdout));
    assert_exit(&trial.apply(), 4);
    let run = trial.unleak(&["run", "--", "node", "app.js"]);
    assert_eq!(text(&run.stdout), format!("got {}\n", trial.value));
}

#[test]
fn programs_and_moto() {
    for program in [&PYTHON, &NODE, &GO, &JAVA, &C] {
        let moto = Moto::start();
        Trial::new(program, "aws", Some(moto.url())).there_and_back();
    }
}

#[test]
fn what_is_denied_leaves_every_file_alone_and_is_named() {
    for action in ["CreateSecret", "GetSecretValue"] {
        let fake = Fake::start();
        let trial = Trial::new(&PYTHON, "aws", Some(fake.url()));
        let before = trial.files();
        trial.plan();
        fake.fail(action, &[Fault::Denied]);
        let denied = trial.apply();
        assert_exit(&denied, 5);
        assert!(text(&denied.stderr).contains(&format!("secretsmanager:{action}")), "{}", text(&denied.stderr));
        assert_eq!(trial.files(), before, "{action}");
        assert_exit(&trial.unleak(&["migrate", "resume", "--yes"]), 4);
        assert_eq!(fake.secrets().into_values().collect::<Vec<_>>(), [1], "{action}");
    }
}

#[test]
fn faults_of_the_store_end_in_one_secret_with_one_version() {
    for fault in [Fault::Throttle, Fault::HtmlAfter, Fault::DropAfter, Fault::HtmlBefore, Fault::DropBefore] {
        // Five are outlasted by the retries of one run, ten are not: then the next run goes on.
        for (count, exit) in [(5, 4), (10, 8)] {
            let fake = Fake::start();
            let trial = Trial::new(&NODE, "aws", Some(fake.url()));
            let before = trial.files();
            trial.plan();
            fake.fail("CreateSecret", &vec![fault; count]);
            assert_exit(&trial.apply(), exit);
            if exit == 8 {
                assert_eq!(trial.files(), before, "{fault:?}");
                assert_exit(&trial.unleak(&["migrate", "resume", "--yes"]), 4);
            }
            assert_eq!(fake.secrets().into_values().collect::<Vec<_>>(), [1], "{fault:?}");
        }
    }
}

#[test]
fn moved_values_that_are_left_anywhere_are_told() {
    let trial = Trial::new(&PYTHON, "local", None);
    let spelled = data_encoding::BASE64.encode(format!("user:{}", trial.value).as_bytes());
    put(&trial.root().join("stashed.txt"), &format!("x {} y\n", trial.value));
    trial.sandbox.git(&["-C", "shop", "add", "stashed.txt"]);
    trial.sandbox.git(&["-C", "shop", "stash", "--quiet"]);
    trial.plan();
    assert_exit(&trial.apply(), 4);
    put(&trial.root().join("notes.md"), &spelled);
    let checked = trial.unleak(&["check", "--plan", "../plan.json"]);
    assert_exit(&checked, 1);
    let said = text(&checked.stdout);
    assert_eq!(text(&trial.unleak(&["check"]).stdout), said, "the plan that was applied is on record");
    assert!(said.ends_with("it does not make a leaked value secret again\n"), "{said}");
    let places: Vec<&str> =
        said.lines().filter(|line| line.ends_with(" is left")).map(|line| line.split([' ', ':']).next().unwrap()).collect();
    assert_eq!(places, ["notes.md", "blob", "blob"], "the file, the committed program, the stash: {said}");
    assert!(said.contains("1 moved values looked for, 3 places hold one\n") && !said.contains(&trial.value), "{said}");
    // What is worth nothing is not looked for.
    fs::remove_file(trial.root().join("notes.md")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&trial.sandbox.read("plan.json")).unwrap();
    assert_exit(&trial.unleak(&["migrate", "rotated", plan["secrets"][0]["name"].as_str().unwrap()]), 0);
    let checked = trial.unleak(&["check"]);
    assert_exit(&checked, 0);
    assert!(text(&checked.stdout).ends_with("0 moved values looked for, 0 places hold one\n"), "{}", text(&checked.stdout));
}
