//! Rule files of other tools, from outside: imported, and used where a repository brings them.

use crate::cli::{Sandbox, assert_exit, text};
use crate::made_up::{password, token};

const RULES: &str = r#"
title = "ours"
[extend]
useDefault = true
[[rules]]
id = "acme-key"
description = "Acme key"
regex = '''(?i)acme[_-]?key\s*[:=]\s*["']?([a-z0-9]{32})(?:["'\s;]|$)'''
keywords = ["acme"]
entropy = 3.0
[[rules.allowlists]]
stopwords = ["fixture"]
[[rules]]
id = "look"
regex = '''acme(?!x)([a-z]{20})'''
"#;

/// A value that the rule `acme-key` finds.
fn acme(seed: u64) -> String {
    format!("{}{}", password(seed), password(seed + 100)).to_ascii_lowercase()[..32].to_owned()
}

fn stderr(output: &std::process::Output) -> String {
    text(&output.stderr)
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> serde_json::Value {
    let output = sandbox.run(&[&["scan", "--format", "json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn patterns(report: &serde_json::Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["pattern"].as_str().unwrap()).collect()
}

#[test]
fn imported_rules_pass_the_lint_and_find() {
    let line = format!("acme_key = \"{}\"\n", acme(1));
    let sandbox = Sandbox::new(&[("rules/mine.toml", RULES), ("src/app.conf", &line)]);
    let output = sandbox.run(&["patterns", "import", "gitleaks", "rules/mine.toml", "-o", "acme.toml"]);
    assert_exit(&output, 0);
    let expected = "\
unleak: note: acme-key: repetition without an end is bounded: 1024 times in the secret, 100 elsewhere
unleak: note: look: not carried over: its expression cannot be read: look-around, including look-ahead and look-behind, is not supported
unleak: note: 1 of 2 rules carried over
";
    assert_eq!((text(&output.stdout).as_str(), stderr(&output).as_str()), ("", expected));
    assert_exit(&sandbox.run(&["patterns", "check", "acme.toml"]), 0);
    let same = sandbox.run(&["patterns", "import", "betterleaks", "rules/mine.toml"]);
    assert!(text(&same.stdout).contains("imported = \"betterleaks\""), "{}", text(&same.stdout));
    assert!(sandbox.read("acme.toml").contains("# look: not carried over: "), "{}", sandbox.read("acme.toml"));
    let report = json(&sandbox, &["src", "--patterns", "acme.toml"]);
    assert_eq!(patterns(&report), ["acme-key"]);
    assert_eq!(report["findings"][0]["revoke"], "");
}

#[test]
fn yaml_rules_are_imported() {
    let kingfisher =
        "rules:\n  - name: Acme\n    id: custom.acme.1\n    pattern: |\n      (?x)\n      acmekf_  # prefix\n      ([a-z0-9]{30})\n";
    let trufflehog = "detectors:\n  - name: AcmeHog\n    keywords: [acmehog]\n    regex:\n      token: '([a-f0-9]{40})'\n";
    let sandbox = Sandbox::new(&[("kf/a/one.yml", kingfisher), ("kf/notes.txt", "no rules"), ("th.yaml", trufflehog)]);
    for (tool, from, id) in
        [("kingfisher", "kf", "acme-1"), ("kingfisher", "kf/a/one.yml", "acme-1"), ("trufflehog", "th.yaml", "acme-hog")]
    {
        let output = sandbox.run(&["patterns", "import", tool, from, "-o", "out.toml"]);
        assert_exit(&output, 0);
        let check = sandbox.run(&["patterns", "check", "out.toml"]);
        assert_eq!(text(&check.stdout), "1 pattern checked, 0 complaints\n");
        assert!(sandbox.read("out.toml").contains(&format!("id = \"{id}\"")), "{}", sandbox.read("out.toml"));
    }
}

#[test]
fn what_cannot_be_imported_is_a_failure_that_quotes_nothing() {
    let value = token(1);
    let sandbox = Sandbox::new(&[
        ("a.toml", &format!("rules = \"{value}\"\n")),
        ("a.yml", &format!("rules: {value}\n")),
        ("b.toml", "[[rules]]\nid = 'x'\n"),
    ]);
    for (tool, from) in
        [("gitleaks", "a.toml"), ("kingfisher", "a.yml"), ("trufflehog", "a.toml"), ("gitleaks", "b.toml"), ("gitleaks", "none")]
    {
        let output = sandbox.run(&["patterns", "import", tool, from]);
        assert_exit(&output, 2);
        assert!(output.stdout.is_empty() && !stderr(&output).contains(&value), "{tool} {from}: {}", stderr(&output));
    }
}

#[test]
fn rules_of_the_repository_are_used_and_said() {
    let lines = format!("acme_key = \"{}\"\nacme_key = \"{}fixture\"\n", acme(1), &acme(2)[..25]);
    let sandbox = Sandbox::new(&[(".gitleaks.toml", RULES), ("src/app.conf", &lines)]);
    let output = sandbox.run(&["scan"]);
    assert_exit(&output, 1);
    let note = ".gitleaks.toml is used: 1 rule more (1 did not carry over), 1 place not shown; --no-foreign-config leaves it out\n";
    assert_eq!(stderr(&output), format!("unleak: note: {note}"));
    let shown = text(&output.stdout);
    assert!(shown.contains("not shown: 1 by other tools' files\nused .gitleaks.toml: 1 rule, 1 place not shown\n"), "{shown}");
    let report = json(&sandbox, &[]);
    assert_eq!(patterns(&report), ["acme-key"]);
    let file = serde_json::json!({"path": ".gitleaks.toml", "rules": 1, "left_out": 1, "suppressed": 1, "allows_everything": false});
    assert_eq!(report["summary"]["foreign_files"], serde_json::json!([file]));
    assert_eq!(report["summary"]["suppressed"], serde_json::json!({"foreign-file": 1}));
    for without in ["--no-foreign-config", "--no-config"] {
        let report = json(&sandbox, &[without]);
        assert!(!patterns(&report).contains(&"acme-key"), "{report}");
        assert_eq!(report["summary"]["foreign_files"], serde_json::Value::Null);
        assert_eq!(stderr(&sandbox.run(&["scan", without])), "");
    }
}

#[test]
fn a_file_that_lets_everything_pass_is_called_out() {
    let sandbox = Sandbox::new(&[(".gitleaks.toml", "[allowlist]\npaths = ['''.*''']\n"), ("a.env", &format!("TOKEN={}\n", token(1)))]);
    let output = sandbox.run(&["scan"]);
    assert_exit(&output, 0);
    let note = "unleak: note: .gitleaks.toml is used: 0 rules more, 1 place not shown; it lets everything pass; --no-foreign-config leaves it out\n";
    assert_eq!(stderr(&output), note);
    assert!(text(&output.stdout).contains("used .gitleaks.toml: 0 rules, 1 place not shown; it lets everything pass\n"));
    assert_exit(&sandbox.run(&["scan", "--no-foreign-config"]), 1);
}

#[test]
fn ignored_places_are_those_that_are_named() {
    let (one, two) = (token(1), token(2));
    let sandbox = Sandbox::new(&[("src/a.env", &format!("x\nA={one}\nB={two}\n"))]);
    sandbox.git(&["init", "-q"]);
    let ignore = "# known\nsrc/a.env:github-pat:2\n\nsrc/b.env:github-pat:3\n0123456789012345678901234567890123456789:src/a.env:github-pat:3\nnonsense\n";
    crate::cli::put(&sandbox.directory.path().join(".gitleaksignore"), ignore);
    let output = sandbox.run(&["scan", "src"]);
    assert_exit(&output, 1);
    let notes = "unleak: note: .gitleaksignore: 1 line names no place\n\
                 unleak: note: .gitleaksignore is used: 0 rules more, 1 place not shown; --no-foreign-config leaves it out\n";
    assert_eq!(stderr(&output), notes);
    let report = json(&sandbox, &["src"]);
    assert_eq!(report["findings"][0]["places"][0]["line"], 3);
    assert_eq!(report["findings"].as_array().unwrap().len(), 1);
}

#[test]
fn commits_are_named_in_history() {
    let sandbox = Sandbox::new(&[("a.env", &format!("A={}\n", token(1)))]);
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "a.env"]);
    sandbox.git(&["commit", "-qm", "one"]);
    let before = json(&sandbox, &["--history"]);
    let commit = before["findings"][0]["places"][0]["commit"].as_str().unwrap().to_owned();
    crate::cli::put(&sandbox.directory.path().join(".gitleaksignore"), &format!("{commit}:a.env:any:1\n"));
    let after = json(&sandbox, &["--history"]);
    assert_eq!((patterns(&before).len(), patterns(&after).len()), (1, 0), "{after}");
    // The same file in the work tree is of no commit.
    assert_eq!(patterns(&json(&sandbox, &["a.env"])).len(), 1);
}

#[test]
fn broken_files_are_a_warning() {
    let leak = format!("TOKEN={}\n", token(1));
    let large = "#".repeat((1 << 20) + 1);
    for (content, words) in [
        ("[[rules]\n", ".gitleaks.toml:1:9: unclosed array table, expected `]`; it is not used"),
        (large.as_str(), ".gitleaks.toml: it is larger than 1 MiB, so it is not used"),
    ] {
        let sandbox = Sandbox::new(&[(".gitleaks.toml", content), ("a.env", &leak)]);
        let output = sandbox.run(&["scan"]);
        assert_exit(&output, 1);
        assert_eq!(stderr(&output), format!("unleak: note: {words}\n"));
    }
    let sandbox =
        Sandbox::new(&[(".gitleaks.toml", "[[rules]]\nid = 3\n[[rules]]\nid='a'\nregex='('\n[[allowlists]]\npaths=3\n"), ("a.env", &leak)]);
    let output = sandbox.run(&["scan"]);
    assert_exit(&output, 1);
    assert!(stderr(&output).contains("0 rules more (1 did not carry over), 0 places not shown"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let sandbox = Sandbox::new(&[("other.toml", RULES), ("a.env", &format!("TOKEN={}\n", token(1)))]);
    std::os::unix::fs::symlink("other.toml", sandbox.directory.path().join(".gitleaks.toml")).unwrap();
    let output = sandbox.run(&["scan"]);
    assert_eq!(stderr(&output), "unleak: note: .gitleaks.toml: it is no file, so it is not used\n");
}

#[test]
fn many_rules_do_no_harm() {
    let rule = |number: usize| format!("[[rules]]\nid = 'acme-{number}'\nregex = '''acme{number:04}_([a-z0-9]{{1,3000}}){{1,9}}|x'''\n");
    let rules: String = (0..600).map(rule).collect();
    let sandbox = Sandbox::new(&[(".gitleaks.toml", &rules), ("a.txt", "nothing\n")]);
    let output = sandbox.run(&["scan"]);
    assert_exit(&output, 0);
    assert!(stderr(&output).contains("0 rules more (600 did not carry over)"), "{}", stderr(&output));
}
