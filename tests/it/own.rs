//! What the program writes itself, scanned: no report, plan, journal, baseline or file of references is a finding.

use std::fs;
use std::path::Path;

use crate::cli::{Sandbox, assert_exit, put, text};
use crate::made_up;

/// Copies what `from` holds to `to`, with its directories.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

#[test]
fn no_file_of_our_own_is_a_finding() {
    let [password, other] = [6, 7].map(made_up::password);
    let files = [
        ("app.py", format!("DB_PASSWORD = \"{password}\"\nURL = \"postgres://app:{other}@db.internal/app\"\n")),
        ("conf.yml", format!("token: {}\n", made_up::token(8))),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (sandbox, home, kept) = (Sandbox::new(&files), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for arguments in [["init", "--quiet"].as_slice(), &["add", "."], &["commit", "--quiet", "-m", "one"]] {
        sandbox.git(arguments);
    }
    let run = |arguments: &[&str]| sandbox.command(arguments).env("HOME", home.path()).output().unwrap();
    let keep = |name: &str, content: &[u8]| put(&kept.path().join(name), &text(content));
    for source in [".", "--history"] {
        for format in ["human", "json", "jsonl", "sarif"] {
            let output = run(&["scan", "--min-confidence", "low", "--explain", "--receipt", "--format", format, source]);
            assert_exit(&output, 1);
            keep(&format!("report{source}.{format}"), &output.stdout);
        }
    }
    assert_exit(&run(&["baseline", "create", "--by", "Ann", "--reason", "known", "."]), 0);
    keep("labels.jsonl", &run(&["audit", "--format", "jsonl", "."]).stdout);
    let root = sandbox.directory.path();
    for name in [".unleak-baseline.jsonl", "renamed.jsonl"] {
        copy(&root.join(".unleak-baseline.jsonl"), &kept.path().join(name));
    }
    fs::remove_file(root.join(".unleak-baseline.jsonl")).unwrap();
    let plan = kept.path().join("plan.json").display().to_string();
    assert_exit(&run(&["migrate", "plan", "--output", &plan]), 0);
    assert_exit(&run(&["migrate", "apply", "--yes", &plan]), 4);
    keep("status.txt", &run(&["migrate", "status"]).stdout);
    keep("stores.txt", &run(&["store", "list"]).stdout);
    for name in [".git/unleak", ".unleak.env", "app.py", "conf.yml"] {
        copy(&root.join(name), &kept.path().join(name.trim_start_matches(".git/")));
    }
    let output = sandbox
        .command(&["scan", "--no-ignore", "--no-config", "--no-inline-marks", "--min-confidence", "low"])
        .arg(kept.path())
        .output()
        .unwrap();
    assert_exit(&output, 0);
    assert!(kept.path().join("unleak").is_dir() && kept.path().join(".unleak.env").is_file());
}
