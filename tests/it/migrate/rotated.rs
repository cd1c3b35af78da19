//! What has to be gone before a value is called rotated. Owns: places that people forget.

use std::process::Output;

use crate::cli::{Sandbox, assert_exit, put, text};
use crate::made_up;

/// A value in a file that is rewritten, in a test that is not, and in hex where no scan sees it.
struct Trial {
    sandbox: Sandbox,
    home: tempfile::TempDir,
    value: String,
}

const NAME: &str = "prod/shop/db-password";

impl Trial {
    fn migrated() -> Self {
        let value = made_up::password(101);
        let hex = data_encoding::HEXLOWER.encode(value.as_bytes());
        let source = format!("DB_PASSWORD = \"{value}\"\n");
        let files = [("app.py", source.as_str()), ("tests/test_app.py", &source), ("dump.txt", &hex)];
        let trial = Self { sandbox: Sandbox::new(&files), home: tempfile::tempdir().unwrap(), value };
        assert_exit(&trial.run(&["-q", "migrate", "--app", "shop", "--env", "prod", "--yes"]), 4);
        trial
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.sandbox.command(arguments).env("HOME", self.home.path()).output().unwrap()
    }

    fn file(&self, name: &str, content: &str) {
        put(&self.sandbox.directory.path().join(name), content);
    }
}

#[test]
fn a_value_is_not_called_rotated_while_a_place_uses_it() {
    let trial = Trial::migrated();
    let output = trial.run(&["migrate", "rotated", NAME]);
    assert_exit(&output, 7);
    let expected = "unleak: error: places still use the old value; when it is revoked they stop working:
  prod/shop/db-password
    dump.txt:1: the value of app.py:1 is also here, in hex; the file holds nothing but the value: a program reads it; have the program read a variable, or the platform mount the secret, then delete the file
    tests/test_app.py:1: the file is a test or a fixture; use a made-up value in it; a test that needs the real one reads it from the environment
  hint: rewrite them first; `unleak migrate resume` does those that wait, the plan says what to do by hand
  hint: --despite REASON says so all the same; the reason is kept in the journal
";
    assert_eq!(text(&output.stderr), expected);
    assert_exit(&trial.run(&["migrate", "status"]), 4);
    trial.file("dump.txt", "");
    trial.file("tests/test_app.py", "DB_PASSWORD = 'x'\n");
    assert_exit(&trial.run(&["migrate", "rotated", NAME]), 0);
    assert_exit(&trial.run(&["migrate", "status"]), 0);
}

#[test]
fn the_end_of_apply_says_what_still_holds_a_value() {
    let value = made_up::password(103);
    let hex = data_encoding::HEXLOWER.encode(value.as_bytes());
    let sandbox = Sandbox::new(&[("app.py", &format!("DB_PASSWORD = \"{value}\"\n")), ("dump.txt", &hex)]);
    let home = tempfile::tempdir().unwrap();
    let output = sandbox.command(&["-q", "migrate", "--app", "shop", "--env", "prod", "--yes"]).env("HOME", home.path()).output().unwrap();
    assert_exit(&output, 4);
    let expected = "\nStill in the tree:\n- prod/shop/db-password: dump.txt:1: the value of app.py:1 is also here, in hex; the file holds nothing but the \
                    value: a program reads it; have the program read a variable, or the platform mount the secret, then delete the file\n";
    assert!(text(&output.stdout).contains(expected), "{}", text(&output.stdout));
}

#[test]
fn a_plan_names_the_places_in_files_that_are_not_ours() {
    let source = format!("password = \"{}\"\n", made_up::password(104));
    let files = [("app.py", source.as_str()), ("vendor/lib.py", &source), ("poetry.lock", &source), ("target/a.py", &source)];
    let sandbox = Sandbox::new(&files);
    sandbox.git(&["init", "-q"]);
    put(&sandbox.directory.path().join(".gitignore"), "target/\n");
    let home = tempfile::tempdir().unwrap();
    let output = sandbox.command(&["-q", "migrate", "plan", "-o", "plan.json"]).env("HOME", home.path()).output().unwrap();
    assert_exit(&output, 0);
    let plan: serde_json::Value = serde_json::from_str(&sandbox.read("plan.json")).unwrap();
    let manual =
        plan["manual"].as_array().unwrap().iter().map(|place| (place["path"].as_str().unwrap(), place["reason"].as_str().unwrap()));
    let reason = "the value of app.py:1 is also here; others made this file, or a tool makes it again";
    assert_eq!(manual.collect::<Vec<_>>(), [("poetry.lock", reason), ("vendor/lib.py", reason)]);
}

#[test]
fn the_key_of_the_store_does_not_move_into_the_store() {
    let value = made_up::password(102);
    let sandbox = Sandbox::new(&[("app.py", &format!("DB_PASSWORD = \"{value}\"\n"))]);
    let run = |arguments: &[&str]| sandbox.command(arguments).env("HOME", sandbox.directory.path().join(".[home]")).output().unwrap();
    assert_exit(&run(&["-q", "migrate", "--yes"]), 4);
    assert!(sandbox.read(".[home]/.config/unleak/identity.txt").contains("AGE-SECRET-KEY-"));
    assert_eq!(text(&run(&["run", "--", "/bin/sh", "-c", "printf %s \"$DB_PASSWORD\""]).stdout), value);
}

#[test]
fn a_rewritten_file_that_is_as_it_was_counts_too() {
    let trial = Trial::migrated();
    trial.file("dump.txt", "");
    trial.file("tests/test_app.py", "");
    trial.file("app.py", &format!("DB_PASSWORD = \"{}\"\n", trial.value));
    let output = trial.run(&["migrate", "rotated", NAME]);
    assert_exit(&output, 7);
    assert!(text(&output.stderr).contains("\n    app.py:1: the value stands there still\n"), "{}", text(&output.stderr));
}

#[test]
fn a_reason_goes_on_and_is_kept() {
    let trial = Trial::migrated();
    assert_exit(&trial.run(&["migrate", "rotated", NAME, "--despite", " "]), 2);
    let output = trial.run(&["migrate", "rotated", NAME, "--despite", "the dump is deleted next week"]);
    assert_exit(&output, 0);
    let said = "prod/shop/db-password: said to be rotated although places of the tree held the old value: the dump is deleted next week\n";
    let audit = "What the store says of their rotation, use, age, tags and replicas: unleak migrate audit\n";
    for output in [output, trial.run(&["migrate", "status"])] {
        assert!(text(&output.stdout).ends_with(&format!("{said}{audit}")), "{}", text(&output.stdout));
    }
    // Where nothing is left there is nothing to excuse.
    let trial = Trial::migrated();
    trial.file("dump.txt", "");
    trial.file("tests/test_app.py", "");
    let output = trial.run(&["migrate", "rotated", NAME, "--despite", "why"]);
    assert!(!text(&output.stdout).contains("why"), "{}", text(&output.stdout));
}
