//! The program from outside: options, exit codes, streams, files. Environment cleared, one directory a test.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PATTERN: &str = "github-personal-access-token";

/// A directory and the program in it.
pub struct Sandbox {
    pub directory: tempfile::TempDir,
}

impl Sandbox {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::Builder::new().prefix("unleak-cli").tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            put(&path, text);
        }
        Self { directory }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
        command.args(arguments).current_dir(self.directory.path()).env_clear().stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    pub fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        let mut git = Command::new("git");
        git.args(identity).args(arguments).current_dir(self.directory.path()).env_clear().env("GIT_CONFIG_NOSYSTEM", "1");
        let path = option_env!("PATH").unwrap_or("/usr/bin:/bin");
        let output = git.env("PATH", path).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        put(&self.directory.path().join(name), text);
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.directory.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub fn put(path: &Path, text: &str) {
    unleak::fsx::write_atomically(path, |out| out.write_all(text.as_bytes())).unwrap();
}

/// A line with a made-up token, and the token.
fn leak() -> (String, String) {
    let line = text(&Sandbox::new(&[]).run(&["patterns", "example", PATTERN]).stdout);
    let token = line.trim().split_once('=').unwrap().1.to_owned();
    (line, token)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
pub fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn exit_codes_tell_clean_findings_and_failure_apart() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("app.env", &line), ("clean/a.txt", "nothing here\n")]);
    assert_exit(&sandbox.run(&["scan", "clean"]), 0);
    assert_exit(&sandbox.run(&["scan"]), 1);
    assert_exit(&sandbox.run(&["scan", "--exit-zero"]), 0);
    assert_exit(&sandbox.run(&["scan", "--fail-on", "critical"]), 1);
    assert_exit(&sandbox.run(&["scan", "missing"]), 2);
    assert_exit(&sandbox.run(&["scan", "--pre-receive", "clean"]), 2);
    assert_exit(&sandbox.run(&[]), 2);
    assert_exit(&sandbox.run(&["--help"]), 0);
}

#[test]
fn fail_on_reports_what_is_below_and_passes() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("example/a.env", &line)]);
    let output = sandbox.run(&["scan", "--fail-on", "critical"]);
    assert!(text(&output.stdout).contains(PATTERN), "{}", text(&output.stdout));
    assert_exit(&output, 0);
    assert_exit(&sandbox.run(&["scan", "--fail-on", "high"]), 1);
}

#[test]
fn incomplete_is_never_green_unless_allowed() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("a.txt", "nothing here, but more than ten bytes\n"), ("leak/b.env", &line)]);
    assert_exit(&sandbox.run(&["scan", "a.txt", "--max-file-size", "10"]), 3);
    assert_exit(&sandbox.run(&["scan", "a.txt", "--max-file-size", "10", "--exit-zero"]), 3);
    assert_exit(&sandbox.run(&["scan", "a.txt", "--max-file-size", "10", "--allow-incomplete"]), 0);
}

#[test]
fn the_raw_secret_is_shown_only_on_request() {
    let (line, token) = leak();
    let sandbox = Sandbox::new(&[("app.env", &line)]);
    let reports = ["--report", "human=r.txt", "--report", "json=r.json", "--report", "jsonl=r.jsonl", "--report", "sarif=r.sarif"];
    for format in ["human", "json", "jsonl", "sarif"] {
        let output = sandbox.run(&[&["scan", "--explain", "--receipt", "--format", format, "app.env"], reports.as_slice()].concat());
        assert_exit(&output, 1);
        for seen in [
            text(&output.stdout),
            text(&output.stderr),
            sandbox.read("r.txt"),
            sandbox.read("r.json"),
            sandbox.read("r.jsonl"),
            sandbox.read("r.sarif"),
        ] {
            assert!(!seen.contains(&token) && !seen.contains(&token[8..]), "{format} shows the secret");
        }
    }
    assert!(text(&sandbox.run(&["scan", "--show-secrets", "app.env"]).stdout).contains(&token));
    assert!(!text(&sandbox.run(&["scan", "--show-secrets", "--format", "sarif", "app.env"]).stdout).contains(&token));
}

#[test]
fn report_files_are_whole_and_errors_name_them() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("app.env", &line), ("out/keep.txt", "")]);
    let output = sandbox.run(&["scan", "app.env", "--quiet", "--report", "json=out/r.json"]);
    assert_exit(&output, 1);
    let report: serde_json::Value = serde_json::from_str(&sandbox.read("out/r.json")).unwrap();
    assert_eq!(report["findings"][0]["pattern"], PATTERN);
    let output = sandbox.run(&["scan", "app.env", "--report", "json=none/r.json"]);
    assert_exit(&output, 2);
    assert!(text(&output.stderr).starts_with("unleak: error: cannot write the report none/r.json: "), "{}", text(&output.stderr));
    let output = sandbox.run(&["scan", "app.env", "--report", "json=a", "--report", "sarif=a"]);
    assert_eq!(text(&output.stderr), "unleak: error: cannot write two reports to a: each needs a file of its own\n");
    assert_eq!(sandbox.names(), ["app.env", "out"]);
}

#[test]
fn standard_input_has_the_name_it_is_given() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[]);
    let output = sandbox.run_with_input(&["scan", "--stdin", "--stdin-path", "conf/a.env", "--format", "json"], &line);
    assert_exit(&output, 1);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["places"][0]["path"], "conf/a.env");
    assert_exit(&sandbox.run_with_input(&["scan", "--stdin"], "nothing\n"), 0);
}

#[test]
fn git_content_is_scanned_as_it_is_staged_and_committed() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("app.env", &line)]);
    assert_exit(&sandbox.run(&["scan", "--staged"]), 2);
    sandbox.git(&["init", "--quiet"]);
    assert_exit(&sandbox.run(&["scan", "--staged"]), 0);
    sandbox.git(&["add", "app.env"]);
    assert_exit(&sandbox.run(&["scan", "--staged"]), 1);
    let over = sandbox.run(&["scan", "--staged", "--max-file-size", "10"]);
    assert_exit(&over, 3);
    assert!(String::from_utf8_lossy(&over.stdout).contains("over-limit: it has "), "the limit holds for staged content too");
    let excluded = sandbox.run(&["scan", "--staged", "--exclude", "*.env", "--format", "json"]);
    assert_exit(&excluded, 0);
    let report: serde_json::Value = serde_json::from_slice(&excluded.stdout).unwrap();
    assert_eq!(report["coverage"]["skipped"]["excluded"], 1, "{report}");
    sandbox.git(&["commit", "--quiet", "-m", "one"]);
    assert_exit(&sandbox.run(&["scan", "--staged"]), 0);
    let everything = format!("{}..HEAD", "0".repeat(40));
    assert_exit(&sandbox.run(&["scan", "--range", &everything]), 1);
    assert_exit(&sandbox.run(&["scan", "--range", "HEAD..HEAD"]), 0);
    assert_exit(&sandbox.run(&["scan", "--range", "none..HEAD"]), 2);
}

#[test]
fn a_repository_is_named_once_and_anywhere_on_the_line() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("r/app.env", &line), ("r/sub/x", ""), ("other/x", "")]);
    for arguments in [["init", "--quiet", "r"].as_slice(), &["init", "--quiet", "other"], &["-C", "r", "add", "app.env"]] {
        sandbox.git(arguments);
    }
    for repository in ["r", "r/sub", "r/.git"] {
        assert_exit(&sandbox.run(&["scan", "--staged", repository]), 1);
    }
    sandbox.git(&["-C", "r", "commit", "--quiet", "-m", "one"]);
    let everything = format!("{}..HEAD", "0".repeat(40));
    for arguments in [
        ["--history", "r", "--no-cache"].as_slice(),
        &["--history", "--no-cache", "r"],
        &["--no-cache", "r", "--history"],
        &["--history", "--no-cache", "--since", "@1", "r/.git"],
        &["--range", &everything, "r"],
        &["r", "--range", &everything],
    ] {
        assert_exit(&sandbox.run(&[&["scan"], arguments].concat()), 1);
        // Git's environment is about the repository that one is in.
        let mut command = sandbox.command(&[&["scan"], arguments].concat());
        assert_exit(&command.env("GIT_DIR", sandbox.directory.path().join("other/.git")).output().unwrap(), 1);
    }
    for (arguments, error) in [
        (["--history", "--no-cache", "r", "other"].as_slice(), "--history takes one repository, not r and other"),
        (&["--history", "r", "--no-cache", "other"], "--history takes one repository, not r and other"),
        (&["--range", &everything, "r", "other"], "--range takes one repository, not r and other"),
        (&["--staged", "r", "other"], "--staged takes one repository, not r and other"),
        (&["--staged", "r/app.env"], "--staged takes a repository, and r/app.env is a file"),
    ] {
        let output = sandbox.run(&[&["scan"], arguments].concat());
        assert_exit(&output, 2);
        assert!(text(&output.stderr).starts_with(&format!("unleak: error: {error}\n")), "{}", text(&output.stderr));
    }
}

#[test]
fn a_hook_may_name_the_repository_and_the_index() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("app.env", &line), ("elsewhere/x", "")]);
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "app.env"]);
    let in_hook = |index: &str| {
        let mut command = sandbox.command(&["scan", "--staged"]);
        command.env("GIT_DIR", sandbox.directory.path().join(".git")).env("GIT_INDEX_FILE", sandbox.directory.path().join(index));
        command.current_dir(sandbox.directory.path().join("elsewhere")).output().unwrap()
    };
    assert_exit(&in_hook(".git/index"), 1);
    assert_exit(&in_hook(".git/none"), 0);
}

#[test]
fn names_of_files_and_directories_are_looked_at_once_and_shown_masked() {
    let (_, token) = leak();
    let (file, directory) = (format!("dump-{token}.txt"), format!("{token}/sub"));
    let inside = [format!("{directory}/a"), format!("{directory}/b"), format!("{token}/c")];
    let files: Vec<(&str, &str)> = [&file].into_iter().chain(&inside).map(|name| (name.as_str(), "x")).collect();
    let sandbox = Sandbox::new(&files);
    let places = |output: &Output| -> Vec<String> {
        assert_exit(output, 1);
        assert!(!text(&output.stdout).contains(&token) && !text(&output.stdout).contains(&token[8..]));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["coverage"]["scanned"], 4, "names are no content: {report}");
        let places = report["findings"][0]["places"].as_array().unwrap();
        places.iter().map(|place| format!("{} {}", place["origin"].as_str().unwrap(), place["column"])).collect()
    };
    for threads in ["1", "4"] {
        let output = sandbox.run(&["scan", "--format", "json", "--threads", threads]);
        assert_eq!(places(&output), ["path-name 6", "path-name 1"], "{threads}");
    }
    assert_eq!(places(&sandbox.run(&["scan", "--format", "json", &file, &inside[0], &inside[1], &inside[2]])).len(), 2);
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "."]);
    assert_eq!(places(&sandbox.run(&["scan", "--format", "json", "--staged"])).len(), 4);
    for format in ["human", "sarif", "jsonl"] {
        assert!(!text(&sandbox.run(&["scan", "--format", format]).stdout).contains(&token[8..]), "{format}");
    }
}

#[test]
fn the_configuration_allows_places_openly() {
    let (line, _) = leak();
    let allow = format!("[[allow]]\npath = \"*.env\"\npattern = \"{PATTERN}\"\nreason = \"made up\"\n");
    let sandbox = Sandbox::new(&[("app.env", &line), (".unleak.toml", &allow)]);
    let output = sandbox.run(&["scan", "app.env", "--format", "json"]);
    assert_exit(&output, 0);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["suppressed"]["config"], 1, "{report}");
    assert!(text(&output.stderr).ends_with(".unleak.toml: 1 allow rule holds\n"), "{}", text(&output.stderr));
    assert_exit(&sandbox.run(&["scan", "app.env", "--no-config"]), 1);
    assert_eq!(text(&sandbox.run(&["scan", "app.env", "--quiet"]).stderr), "");
}

#[test]
fn a_wrong_configuration_stops_the_scan() {
    let sandbox = Sandbox::new(&[("a.txt", ""), (".unleak.toml", "exlude = []\n")]);
    let output = sandbox.run(&["scan", "a.txt"]);
    assert_exit(&output, 2);
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains(".unleak.toml:1:1: unknown field `exlude`") && stderr.ends_with("  hint: did you mean `exclude`?\n"),
        "{stderr}"
    );
    assert_exit(&sandbox.run(&["scan", "a.txt", "--config", "none.toml"]), 2);
}

#[test]
fn the_command_line_beats_the_configuration() {
    let (line, _) = leak();
    let config = format!("disable = [\"{PATTERN}\"]\nfail-on = \"critical\"\n");
    let sandbox = Sandbox::new(&[("app.env", &line), (".unleak.toml", &config)]);
    let counts = |arguments: &[&str]| {
        let output = sandbox.run(&[&["scan", "app.env", "--format", "json"], arguments].concat());
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["pattern"] == PATTERN).count()
    };
    assert_eq!(counts(&[]), 0);
    assert_eq!(counts(&["--enable", PATTERN]), 1);
    assert_eq!(counts(&["--no-config", "--disable", PATTERN]), 0);
}

#[test]
fn inline_marks_can_be_ignored() {
    let (line, _) = leak();
    let line = line.trim();
    let sandbox = Sandbox::new(&[("own.env", &format!("{line} # unleak:allow\n")), ("other.env", &format!("{line} # gitleaks:allow\n"))]);
    assert_exit(&sandbox.run(&["scan", "own.env", "other.env"]), 0);
    assert_exit(&sandbox.run(&["scan", "own.env", "--no-inline-marks"]), 1);
    assert_exit(&sandbox.run(&["scan", "other.env", "--no-foreign-allow"]), 1);
    assert_exit(&sandbox.run(&["scan", "own.env", "--no-foreign-allow"]), 0);
}

#[test]
fn unknown_patterns_have_hints() {
    let sandbox = Sandbox::new(&[("a.txt", "")]);
    for arguments in [["scan", "--disable", "github-personal-acces-token"].as_slice(), &["patterns", "show", "github-personal-acces-token"]]
    {
        let output = sandbox.run(arguments);
        assert_exit(&output, 2);
        assert!(text(&output.stderr).ends_with("  hint: did you mean github-personal-access-token?\n"), "{}", text(&output.stderr));
    }
}

#[test]
fn patterns_are_listed_shown_and_made_up() {
    let sandbox = Sandbox::new(&[]);
    let list = text(&sandbox.run(&["patterns", "list"]).stdout);
    assert!(list.lines().any(|line| line.starts_with(PATTERN) && line.ends_with("GitHub personal access token (classic)")), "{list}");
    let shown = text(&sandbox.run(&["patterns", "show", PATTERN]).stdout);
    assert!(shown.contains("\nrevoke    https://github.com/settings/tokens\n"), "{shown}");
    let example = |seed: &str| text(&sandbox.run(&["patterns", "example", PATTERN, "--seed", seed]).stdout);
    assert_eq!(example("1"), leak().0);
    assert_ne!(example("2"), leak().0);
}

#[test]
fn the_built_in_patterns_pass_their_own_check() {
    let output = Sandbox::new(&[]).run(&["patterns", "check"]);
    assert_exit(&output, 0);
    assert!(text(&output.stdout).ends_with(" patterns checked, 0 complaints\n"), "{}", text(&output.stdout));
}

#[test]
fn pattern_files_are_checked_and_used() {
    let file = r#"
provider = "unit"
name = "Unit"
docs = "https://docs.example.com"
[[pattern]]
id = "unit-key"
title = "Unit key"
severity = "low"
opens = "Nothing"
revoke = "https://example.com"
store = "secrets-manager"
shape = ["unitkey_{alnum:30}"]
positive = ["A={secret}", "b: {secret}"]
negative = ["A=unitkey_{alnum:29}", "x"]
"#;
    let sandbox =
        Sandbox::new(&[("unit.toml", file), ("right.toml", &file.replace("\"Nothing\"", "\"Nothing.\"")), ("wrong.toml", "x = 1\n")]);
    let output = sandbox.run(&["patterns", "check", "unit.toml"]);
    assert_exit(&output, 1);
    assert_eq!(text(&output.stdout), "unit-key: opens must be a sentence with a full stop\n1 pattern checked, 1 complaint\n");
    let output = sandbox.run(&["patterns", "check", "right.toml"]);
    assert_exit(&output, 0);
    assert_eq!(text(&output.stdout), "1 pattern checked, 0 complaints\n");
    let output = sandbox.run(&["patterns", "check", "wrong.toml"]);
    assert_exit(&output, 2);
    assert!(text(&output.stderr).starts_with("unleak: error: wrong.toml:1:1: "), "{}", text(&output.stderr));
    let example = sandbox.run(&["patterns", "example", "unit-key", "--patterns", "unit.toml"]).stdout;
    let output = sandbox.run_with_input(&["scan", "--stdin", "--patterns", "unit.toml"], &text(&example));
    assert_exit(&output, 1);
}

#[cfg(unix)]
#[test]
fn a_link_that_was_asked_for_by_name_is_followed() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("elsewhere/app.env", &line), ("tree/x", "nothing\n")]);
    for (target, link) in [("../elsewhere/app.env", "tree/file"), ("../elsewhere", "tree/directory")] {
        std::os::unix::fs::symlink(target, sandbox.directory.path().join(link)).unwrap();
        assert_exit(&sandbox.run(&["scan", link]), 1);
    }
    assert_exit(&sandbox.run(&["scan", "tree"]), 0);
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let (line, _) = leak();
    let sandbox = Sandbox::new(&[("app.env", &line)]);
    assert!(!text(&sandbox.run(&["scan", "app.env"]).stdout).contains('\x1b'));
    assert!(text(&sandbox.run(&["scan", "app.env", "--color", "always"]).stdout).contains('\x1b'));
    let forced = |name: &str| sandbox.command(&["scan", "app.env"]).env("CLICOLOR_FORCE", "1").env(name, "1").output().unwrap();
    assert!(text(&forced("X").stdout).contains('\x1b'));
    assert!(!text(&forced("NO_COLOR").stdout).contains('\x1b'));
    assert!(!text(&sandbox.run(&["scan", "missing"]).stderr).contains('\x1b'));
}

#[test]
fn quiet_says_nothing_where_there_is_nothing() {
    let sandbox = Sandbox::new(&[("a.txt", "nothing\n")]);
    let output = sandbox.run(&["scan", "a.txt", "--quiet"]);
    assert_exit(&output, 0);
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), String::new()));
    assert!(!sandbox.run(&["scan", "a.txt"]).stdout.is_empty());
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let sandbox = Sandbox::new(&[]);
    let mut child = sandbox.command(&["patterns", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 0);
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn the_schema_is_the_one_in_the_documentation() {
    let printed = text(&Sandbox::new(&[]).run(&["config", "schema"]).stdout);
    assert_eq!(printed, include_str!("../../docs/unleak.schema.json"));
}

#[test]
fn a_line_is_explained_and_profiles_move_the_threshold() {
    let password = ["xv7kQ2", "m9rt"].concat();
    let sandbox = Sandbox::new(&[("a.py", &format!("db_password = \"{password}\"\npassword = \"${{X}}\"\n\n"))]);
    let first = sandbox.run(&["explain", "a.py:1"]);
    assert_eq!(first.status.code(), Some(0));
    let first = text(&first.stdout);
    assert!(first.contains("a.py:1: Password (generic-password), xv********\n  a finding: confidence 0."), "{first}");
    assert!(first.contains("its name says password"), "{first}");
    let second = text(&sandbox.run(&["explain", "a.py:2"]).stdout);
    assert!(second.contains("  no finding: it is a template\n"), "{second}");
    assert!(text(&sandbox.run(&["explain", "a.py:3"]).stdout).starts_with("no candidate: "));
    assert_eq!(text(&sandbox.run(&["explain", "a.py"]).stdout), first + &second);
    assert_eq!(sandbox.run(&["explain", "none.py:1"]).status.code(), Some(2));
    let weak = Sandbox::new(&[("a.py", "secret = 'dignity'\n")]);
    let found = |profile| weak.run(&["scan", "--quiet", "--profile", profile]).status.code();
    assert_eq!((found("strict"), found("default"), found("quiet")), (Some(1), Some(0), Some(0)));
}
