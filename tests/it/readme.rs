//! Documentation that is run: the `console` blocks of the README, of pages in docs/ and of tests/cmd/, each with its output.
//!
//! A page runs in a directory of its own with the made-up project of [`project`], so what a page shows is what its reader gets.

use std::fs;
use std::path::Path;

use unleak::patterns::{Catalogue, example};

use crate::cli::put;

const PAGES: [&str; 6] =
    ["README.md", "docs/audit.md", "docs/command-line.md", "docs/configuration.md", "docs/importing.md", "tests/cmd/help.md"];

/// The project that the pages scan. Its secrets are made from parts: no page and no source file holds one.
fn project(directory: &Path) {
    let password = ["Winter", "is", "coming", "4711"].join("-");
    let catalogue = Catalogue::builtin();
    let index = catalogue.index_of("github-personal-access-token").unwrap();
    let token = example::fill(&catalogue, index, "{secret}", 1).unwrap();
    let token = String::from_utf8(token).unwrap();
    let files = [
        ("app/settings.py", format!("DEBUG = False\nDATABASE_URL = \"postgres://app:{password}@db.internal:5432/app\"\n")),
        ("app/deploy.sh", format!("export GITHUB_TOKEN={token}\n./release --upload\n")),
        ("known/notes.txt", format!("token: {token} # unleak:allow[github-personal-access-token] made up\n")),
        ("known/.unleak.toml", "fail-on = \"high\"\nexclude = [\"vendor/\"]\n".to_owned()),
        ("wrong/.unleak.toml", "exlude = [\"vendor/\"]\n".to_owned()),
        ("theirs/.gitleaks.toml", GITLEAKS.to_owned()),
        ("theirs/app.env", format!("GITHUB_TOKEN={token}\n")),
        ("acme.toml", ACME.to_owned()),
    ];
    for (name, text) in files {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        put(&path, &text);
    }
}

const ACME: &str = r#"provider = "acme"
name = "Acme"
docs = "https://docs.example.com/keys"

[[pattern]]
id = "acme-key"
title = "Acme key"
severity = "high"
opens = "Everything the account can do."
revoke = "https://console.example.com/keys"
store = "secrets-manager"
shape = ["acmekey_{alnum:30}"]
positive = ["ACME_KEY={secret}", "key: {secret}"]
negative = ["ACME_KEY=acmekey_{alnum:29}", "ACME_KEY=$ACME_KEY"]
"#;

const GITLEAKS: &str = r#"[[rules]]
id = "theirs-key"
regex = 'theirs_key\s*=\s*"([a-z0-9]{30})"'
[[rules]]
id = "theirs-old"
regex = 'theirs(?!old)[a-z]{20}'
[allowlist]
paths = ['.*']
"#;

#[test]
fn pages_show_what_their_commands_print() {
    let directory = tempfile::Builder::new().prefix("unleak-pages").tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = trycmd::TestCases::new();
    cases.register_bin("unleak", Path::new(env!("CARGO_BIN_EXE_unleak"))).env("NO_COLOR", "1");
    for page in PAGES {
        // trycmd runs the blocks of NAME.md in NAME.in.
        let copy = directory.path().join(page);
        project(&copy.with_extension("in"));
        put(&copy, &fs::read_to_string(root.join(page)).unwrap());
        cases.case(&copy);
    }
    cases.run();
}

#[test]
fn every_command_has_its_help_in_the_snapshot() {
    let snapshot = include_str!("../cmd/help.md");
    for command in [
        "",
        "scan ",
        "patterns ",
        "patterns list ",
        "patterns show ",
        "patterns docs ",
        "patterns check ",
        "patterns import ",
        "patterns example ",
        "config ",
        "config schema ",
        "audit ",
        "baseline ",
        "baseline create ",
        "baseline prune ",
        "baseline show ",
        "evaluate ",
        "migrate ",
        "migrate plan ",
        "migrate apply ",
        "migrate undo ",
        "run ",
        "get ",
        "check ",
        "store ",
        "store init ",
        "store list ",
        "store copy ",
        "store restore ",
    ] {
        assert!(snapshot.contains(&format!("$ unleak {command}--help\n")), "{command}");
    }
}

#[test]
fn the_pattern_file_of_the_readme_is_the_one_that_is_tried() {
    assert!(include_str!("../../README.md").contains(ACME));
}
