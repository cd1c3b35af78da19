//! Stores that do not take every secret. Owns: what goes on all the same, what waits, what is said, how it is finished. Against the strict fake.

use std::process::Output;

use crate::cli::{Sandbox, assert_exit, text};
use crate::made_up;
use crate::store::aws::VARIABLES;
use crate::store::fake::Fake;
use crate::store::served::Fault;

/// Five files, each with a value of its own; the last one has that of the second, too.
struct Shop {
    sandbox: Sandbox,
    fake: Fake,
    values: Vec<String>,
}

const NAMES: [&str; 5] = ["denied", "fine", "gone", "locked", "taken"];

impl Shop {
    fn new() -> Self {
        let values: Vec<String> = (0..5).map(|seed| made_up::password(61 + seed)).collect();
        let line = |at: usize| format!("{}_PASSWORD = \"{}\"\n", NAMES[at].to_uppercase(), values[at]);
        let files: Vec<(String, String)> =
            (0..5).map(|at| (format!("{}.py", NAMES[at]), line(at) + &if at == 4 { line(1) } else { String::new() })).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Self { sandbox: Sandbox::new(&files), fake: Fake::start(), values }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let home = self.sandbox.directory.path().join(".home");
        let mut command = self.sandbox.command(arguments);
        command.env("HOME", home).envs(VARIABLES).env("AWS_ENDPOINT_URL", self.fake.url()).output().unwrap()
    }

    fn migrate(&self) -> Output {
        self.run(&["-q", "migrate", "--store", "aws", "--app", "shop", "--env", "prod", "--yes"])
    }

    /// The files that still have their value.
    fn waiting(&self) -> Vec<&str> {
        let holds = |at: &usize| self.sandbox.read(&format!("{}.py", NAMES[*at])).contains(&self.values[*at]);
        (0..5).filter(holds).map(|at| NAMES[at]).collect()
    }

    #[track_caller]
    fn assert_as_before(&self) {
        assert_eq!(self.waiting(), NAMES);
        assert!(!self.sandbox.directory.path().join(".unleak.env").exists());
    }
}

fn name(what: &str) -> String {
    format!("prod/shop/{what}-password")
}

#[test]
fn what_the_store_does_not_take_does_not_stop_the_others() {
    let shop = Shop::new();
    shop.fake.deny(&name("denied"));
    shop.fake.deny(&name("locked"));
    shop.fake.put(&name("gone"), None);
    shop.fake.put(&name("taken"), Some("another value"));
    let output = shop.migrate();
    assert_exit(&output, 8);
    let said = text(&output.stdout);
    let expected = "Not finished: 1 of 5 secrets in 123456789012 eu-west-1, 1 of 6 files rewritten

Files that wait:
- .unleak.env: waits for prod/shop/denied-password, prod/shop/gone-password, prod/shop/locked-password, prod/shop/taken-password
- denied.py: waits for prod/shop/denied-password
- gone.py: waits for prod/shop/gone-password
- locked.py: waits for prod/shop/locked-password
- taken.py: waits for prod/shop/taken-password

Stored:
- prod/shop/fine-password

Rewritten:
- fine.py
";
    assert_eq!(said, expected);
    let expected = "unleak: error: the store did not take 4 of 5 secrets:
  prod/shop/denied-password: access denied: the identity needs secretsmanager:CreateSecret; allow the identity secretsmanager:CreateSecret on this name, then `unleak migrate resume`
  prod/shop/gone-password: a secret of this name is scheduled for deletion; restore it or wait for the end of its recovery window; then `unleak migrate resume`; or undo, and plan again with another name (--name-template, --env, --app)
  prod/shop/locked-password: access denied: the identity needs secretsmanager:CreateSecret; allow the identity secretsmanager:CreateSecret on this name, then `unleak migrate resume`
  prod/shop/taken-password: a secret of this name has another value; undo, and plan again with --new-version, or with another name (--name-template, --env, --app)
  hint: `unleak migrate resume` goes on, `unleak migrate undo` takes it back
  hint: `unleak migrate policies` writes a policy for whoever migrates
";
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(shop.waiting(), ["denied", "gone", "locked", "taken"]);
    assert!(shop.sandbox.read("taken.py").contains(&shop.values[1]), "a file is rewritten as a whole");
    assert!(shop.sandbox.read(".unleak.env").ends_with("values.\nFINE_PASSWORD=ref+awssecrets://prod/shop/fine-password\n"));
    // The program whose value is stored runs.
    let output = shop.run(&["run", "--env-file", ".unleak.env", "--", "/bin/sh", "-c", "printf %s \"$FINE_PASSWORD\""]);
    assert_eq!(text(&output.stdout), shop.values[1]);

    let status = shop.run(&["migrate", "status"]);
    assert_exit(&status, 8);
    assert_eq!(text(&status.stdout).matches("\n  not stored: prod/shop/").count(), 4, "{}", text(&status.stdout));

    // One obstacle less is one file more.
    shop.fake.allow(&name("denied"));
    assert_exit(&shop.run(&["-q", "migrate", "resume", "--yes"]), 8);
    assert_eq!(shop.waiting(), ["gone", "locked", "taken"]);
    assert_eq!(shop.sandbox.read(".unleak.env").lines().count(), 3);

    shop.fake.allow(&name("locked"));
    shop.fake.forget(&name("gone"));
    shop.fake.forget(&name("taken"));
    assert_exit(&shop.run(&["-q", "migrate", "resume", "--yes"]), 4);
    assert_eq!(shop.waiting(), [""; 0]);
    assert_eq!(shop.fake.secrets().into_values().collect::<Vec<_>>(), [1; 5]);
    assert_exit(&shop.run(&["migrate", "undo", "--yes"]), 0);
    shop.assert_as_before();
}

#[test]
fn a_part_is_undone_like_the_whole() {
    let shop = Shop::new();
    shop.fake.deny(&name("denied"));
    shop.fake.put(&name("taken"), Some("another value"));
    assert_exit(&shop.migrate(), 8);
    assert_eq!(shop.waiting(), ["denied", "taken"]);
    // What may not be looked at was not stored, and somebody else's is left.
    let output = shop.run(&["migrate", "undo", "--yes"]);
    assert_exit(&output, 0);
    assert!(text(&output.stdout).starts_with("Undone: 4 files restored, 3 secrets taken back\n"), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("- prod/shop/taken-password: this plan did not create it\n"));
    shop.assert_as_before();
}

#[test]
fn a_helper_goes_with_the_first_file_that_needs_it() {
    let shop = Shop::new();
    shop.fake.deny(&name("denied"));
    let output = shop.run(&["-q", "migrate", "--store", "aws", "--app", "shop", "--env", "prod", "--style", "sdk", "--yes"]);
    assert_exit(&output, 8);
    assert_eq!(shop.waiting(), ["denied"]);
    assert!(shop.sandbox.read("fine.py").contains("import unleak_secrets"), "{}", shop.sandbox.read("fine.py"));
    let said = text(&output.stdout);
    assert!(said.contains("\nFiles that wait:\n- denied.py: waits for prod/shop/denied-password\n\n"), "{said}");
    shop.fake.allow(&name("denied"));
    assert_exit(&shop.run(&["-q", "migrate", "resume", "--yes"]), 4);
    assert_eq!(shop.waiting(), [""; 0]);
    assert_exit(&shop.run(&["migrate", "undo", "--yes"]), 0);
    shop.assert_as_before();
}

#[test]
fn the_exit_code_says_whether_anything_was_done() {
    // Nothing may be stored: no file is touched.
    let shop = Shop::new();
    for what in NAMES {
        shop.fake.deny(&name(what));
    }
    assert_exit(&shop.migrate(), 5);
    shop.assert_as_before();
    // All names are taken: nothing is done at all.
    let shop = Shop::new();
    for what in NAMES {
        shop.fake.put(&name(what), Some("another value"));
    }
    assert_exit(&shop.migrate(), 7);
    shop.assert_as_before();
    // The key cannot be used: nothing is done, and another time it can.
    let shop = Shop::new();
    shop.fake.fail("CreateSecret", &[Fault::Key; 5]);
    assert_exit(&shop.migrate(), 2);
    shop.assert_as_before();
    assert_exit(&shop.run(&["-q", "migrate", "resume", "--yes"]), 4);
    assert_eq!(shop.waiting(), [""; 0]);
}

#[test]
fn a_journal_that_cannot_be_begun_is_a_failure_before_anything_was_done() {
    let shop = Shop::new();
    shop.sandbox.git(&["init", "-q"]);
    let plan = ["-q", "migrate", "plan", "--store", "aws", "--app", "shop", "--env", "prod", "-o", "plan.json"];
    assert_exit(&shop.run(&plan), 0);
    let plan: serde_json::Value = serde_json::from_str(&shop.sandbox.read("plan.json")).unwrap();
    let journal = shop.sandbox.directory.path().join(".git/unleak").join(plan["id"].as_str().unwrap());
    std::fs::create_dir_all(journal.join("plan.json")).unwrap();
    let output = shop.run(&["-q", "migrate", "apply", "plan.json", "--yes"]);
    assert_exit(&output, 2);
    assert!(!text(&output.stderr).contains("hint"), "{}", text(&output.stderr));
    shop.assert_as_before();
}
