//! The baseline and the audit from outside: what is hidden, what stays, the questions on a real pseudo-terminal, labels and back.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::cli::{Sandbox, assert_exit, put, text};
use crate::made_up;

const BASELINE: &str = ".unleak-baseline.jsonl";

/// Three files with a secret each; the third is a password.
fn project() -> Sandbox {
    let [token, other] = [1, 2].map(made_up::token);
    let files = [
        ("a.env", format!("TOKEN={token}\n")),
        ("b/c.env", format!("TOKEN={other}\n")),
        ("d.py", format!("password = \"{}\"\n", made_up::password(3))),
    ];
    let sandbox = Sandbox::new(&[]);
    for (name, content) in files {
        let path = sandbox.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        put(&path, &content);
    }
    sandbox
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {}{}", text(&output.stdout), text(&output.stderr)))
}

fn accept(sandbox: &Sandbox, path: &str) {
    assert_exit(&sandbox.run(&["baseline", "create", "--by", "Ann", "--reason", "known", path]), 0);
}

/// Verdict and pattern of each decision.
fn decisions(sandbox: &Sandbox) -> Vec<(String, String)> {
    let shown = json(&sandbox.run(&["baseline", "show", "--format", "json"]));
    let word = |decision: &Value, member: &str| decision[member].as_str().unwrap().to_owned();
    let list = shown["decisions"].as_array().unwrap();
    let mut all: Vec<_> = list.iter().map(|decision| (word(decision, "verdict"), word(decision, "pattern"))).collect();
    all.sort();
    all
}

/// Says `verdict` of everything in the baseline.
fn judge_all(sandbox: &Sandbox, verdict: &str) {
    let changed = sandbox.read(BASELINE).replace("\"accepted\"", &format!("\"{verdict}\""));
    put(&sandbox.directory.path().join(BASELINE), &changed);
}

#[test]
fn what_is_accepted_is_hidden_in_every_source_and_stays_so_when_it_moves() {
    let sandbox = project();
    let root = sandbox.directory.path();
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "."]);
    assert_exit(&sandbox.run(&["scan", "--staged"]), 1);
    accept(&sandbox, "b");
    assert_exit(&sandbox.run(&["scan", "b"]), 0);
    assert_exit(&sandbox.run(&["scan"]), 1);
    accept(&sandbox, ".");
    assert_exit(&sandbox.run(&["scan", "--staged"]), 0);
    sandbox.git(&["commit", "--quiet", "-m", "one"]);
    let range = format!("{}..HEAD", "0".repeat(40));
    for source in [[".", "--quiet"], ["--history", "--no-cache"], ["--range", &range], ["b/c.env", "--quiet"]] {
        assert_exit(&sandbox.run(&[&["scan"], source.as_slice()].concat()), 0);
    }
    assert_exit(&sandbox.run_with_input(&["scan", "--stdin"], &sandbox.read("a.env")), 0);
    fs::remove_file(root.join("d.py")).unwrap();
    put(&root.join("moved.py"), &format!("\n\npassword = '{}'\n", made_up::password(3)));
    let moved = sandbox.run(&["scan"]);
    assert_exit(&moved, 0);
    assert!(text(&moved.stdout).contains("not shown: 3 by the baseline\n"), "{}", text(&moved.stdout));
    put(&root.join("a.env"), &format!("TOKEN={}\n", made_up::token(7)));
    let report = json(&sandbox.run(&["scan", "--format", "json"]));
    assert_eq!((report["summary"]["secrets"].as_u64(), report["summary"]["suppressed"]["baseline"].as_u64()), (Some(1), Some(2)));
    for off in [["--no-baseline"].as_slice(), &["--no-config"]] {
        assert_eq!(json(&sandbox.run(&[&["scan", "--format", "json"], off].concat()))["summary"]["secrets"], 3, "{off:?}");
    }
    assert_eq!(decisions(&sandbox).len(), 3, "create twice makes no second decision");
}

#[test]
fn sarif_has_what_is_hidden_with_its_reason_unless_it_is_for_github() {
    let sandbox = project();
    accept(&sandbox, "a.env");
    let results = |arguments: &[&str]| {
        let log = json(&sandbox.run(&[&["scan", "--format", "sarif"], arguments].concat()));
        log["runs"][0]["results"].as_array().unwrap().clone()
    };
    let full = results(&[]);
    let marked: Vec<&Value> = full.iter().filter_map(|result| result.get("suppressions")).collect();
    assert_eq!((full.len(), marked.len()), (3, 1));
    assert_eq!((marked[0][0]["kind"].as_str(), marked[0][0]["status"].as_str()), (Some("external"), Some("accepted")));
    let justification = marked[0][0]["justification"].as_str().unwrap();
    assert!(justification.starts_with("judged accepted on 2") && justification.ends_with(": known"), "{justification}");
    assert!(!full.iter().any(|result| result.to_string().contains("Ann")), "no name of a person");
    let github = results(&["--sarif-profile", "github"]);
    assert_eq!((github.len(), github.iter().filter(|result| result.get("suppressions").is_some()).count()), (2, 0));
}

#[test]
fn real_hides_nothing_and_is_said() {
    let sandbox = project();
    accept(&sandbox, "a.env");
    judge_all(&sandbox, "real");
    let human = sandbox.run(&["scan", "a.env"]);
    assert_exit(&human, 1);
    assert!(text(&human.stdout).contains("  = judged: real, by Ann on 2"), "{}", text(&human.stdout));
    let report = json(&sandbox.run(&["scan", "a.env", "--format", "json"]));
    let decision = &report["findings"][0]["decision"];
    assert_eq!(
        (decision["verdict"].as_str(), decision["by"].as_str(), decision["reason"].as_str()),
        (Some("real"), Some("Ann"), Some("known"))
    );
    judge_all(&sandbox, "false");
}

#[test]
fn a_baseline_that_is_none_stops_the_scan_with_its_line() {
    let sandbox = project();
    accept(&sandbox, ".");
    let path = sandbox.directory.path().join(BASELINE);
    let good = sandbox.read(BASELINE);
    for (from, to, said) in [
        ("accepted", "maybe", "line 2: `verdict` must be `false`, `accepted` or `real`"),
        ("baseline\":1", "baseline\":9", "line 1: this is version 9 of the format, and 1 is the one known here"),
        ("\"by\"", "\"who\"", "line 2: `by` is missing"),
    ] {
        put(&path, &good.replace(from, to));
        let output = sandbox.run(&["scan"]);
        assert_exit(&output, 2);
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("hint: --no-baseline"), "{}", text(&output.stderr));
        assert_exit(&sandbox.run(&["baseline", "show"]), 2);
        assert_exit(&sandbox.run(&["baseline", "create", "--by", "Ann", "--reason", "x"]), 2);
        assert_eq!(sandbox.read(BASELINE), good.replace(from, to), "what cannot be read is not written over");
    }
    assert_exit(&sandbox.run(&["scan", "--baseline", "none.jsonl"]), 2);
}

#[test]
fn the_baseline_can_have_another_name_by_option_or_configuration() {
    let sandbox = project();
    let root = sandbox.directory.path();
    assert_exit(&sandbox.run(&["baseline", "create", "--baseline", "x.jsonl", "--by", "Ann", "--reason", "known"]), 0);
    assert!(!root.join(BASELINE).exists());
    assert_exit(&sandbox.run(&["scan"]), 1);
    assert_exit(&sandbox.run(&["scan", "--baseline", "x.jsonl"]), 0);
    assert_exit(&sandbox.run(&["scan", "--baseline", "x.jsonl", "--no-config"]), 0);
    put(&root.join(".unleak.toml"), "baseline = 'x.jsonl'\n");
    assert_exit(&sandbox.run(&["scan"]), 0);
    assert_exit(&sandbox.run(&["scan", "--no-config"]), 1);
}

#[test]
fn pruning_removes_what_is_found_nowhere() {
    let sandbox = project();
    let root = sandbox.directory.path();
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "one"]);
    accept(&sandbox, ".");
    fs::remove_file(root.join("d.py")).unwrap();
    put(&root.join("a.env"), &format!("{} # unleak:allow now marked\n", sandbox.read("a.env").trim()));
    let kept = sandbox.run(&["baseline", "prune", "b", "--history"]);
    assert_exit(&kept, 0);
    assert_eq!(text(&kept.stdout), "0 decisions removed, 3 left\n");
    let pruned = text(&sandbox.run(&["baseline", "prune", "b"]).stdout);
    assert!(pruned.starts_with("removed: accepted") && pruned.ends_with("1 decision removed, 2 left\n"), "{pruned}");
    let before = sandbox.read(BASELINE);
    accept(&sandbox, ".");
    assert_eq!(sandbox.read(BASELINE), before, "the same decisions are the same bytes");
}

#[test]
fn a_migration_leaves_what_is_accepted_where_it_is_and_says_so() {
    let sandbox = project();
    accept(&sandbox, ".");
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("plan.json").display().to_string();
    let plan = |arguments: &[&str]| -> (usize, String) {
        let all = [&["migrate", "plan", "--output", &to], arguments].concat();
        let output = sandbox.command(&all).env("HOME", home.path()).output().unwrap();
        assert_exit(&output, 0);
        let plan: Value = serde_json::from_slice(&fs::read(&to).unwrap()).unwrap();
        (plan["secrets"].as_array().unwrap().len(), text(&output.stdout))
    };
    let (secrets, said) = plan(&[]);
    assert_eq!((secrets, said.matches("the baseline says that it is accepted").count()), (0, 3), "{said}");
    assert_eq!(plan(&["--no-baseline"]).0, 3);
    // Another secret on the same line is planned, and the plan does not hold the accepted one.
    let [known, new] = [4, 5].map(made_up::password);
    put(&sandbox.directory.path().join("e.py"), &format!("password = \"{known}\"\n"));
    accept(&sandbox, "e.py");
    put(&sandbox.directory.path().join("e.py"), &format!("f(password = \"{known}\", passwd = \"{new}\")\n"));
    assert_eq!(plan(&[]).0, 1);
    let written = fs::read_to_string(&to).unwrap();
    assert!(!written.contains(&known) && !written.contains(&new));
}

#[test]
fn whoever_decides_is_named_by_option_by_git_or_by_the_system() {
    let sandbox = project();
    // The settings of whoever runs the tests do not count.
    let create = |path: &str| {
        let mut command = sandbox.command(&["baseline", "create", "--reason", "known", path]);
        command.env("HOME", sandbox.directory.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        command
    };
    let nobody = create("a.env").output().unwrap();
    assert_exit(&nobody, 2);
    assert!(text(&nobody.stderr).contains("hint: --by NAME says so"), "{}", text(&nobody.stderr));
    sandbox.git(&["init", "--quiet"]);
    assert_exit(&create("a.env").env("USER", "sys").output().unwrap(), 0);
    sandbox.git(&["config", "user.name", "Bob of git"]);
    assert_exit(&create("b").env("USER", "sys").output().unwrap(), 0);
    accept(&sandbox, "d.py");
    let shown = json(&sandbox.run(&["baseline", "show", "--format", "json"]));
    let mut names: Vec<&str> = shown["decisions"].as_array().unwrap().iter().map(|decision| decision["by"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Ann", "Bob of git", "sys"]);
    assert_exit(&sandbox.run(&["baseline", "create", "--by", "Ann", "--reason", " "]), 2);
}

/// A program on a pseudo-terminal that `script` of util-linux makes.
pub struct Dialogue {
    child: Child,
    seen: String,
}

impl Dialogue {
    pub fn new(sandbox: &Sandbox, arguments: &str) -> Self {
        let program = format!("{} {arguments}", env!("CARGO_BIN_EXE_unleak"));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &program, "/dev/null"]).current_dir(sandbox.directory.path()).env_clear();
        let editor = format!("printf '%s\\n' \"$@\" > {}; true", sandbox.directory.path().join("edited").display());
        script.env("PATH", option_env!("PATH").unwrap_or("/usr/bin:/bin")).envs([
            ("TERM", "xterm"),
            ("NO_COLOR", "1"),
            ("SHELL", "/bin/sh"),
        ]);
        put(&sandbox.directory.path().join("editor"), &editor);
        script.env("EDITOR", format!("sh {}", sandbox.directory.path().join("editor").display()));
        let child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self { child: child.expect("because `script` of util-linux is here"), seen: String::new() }
    }

    /// Reads until `text` shows, and gives what showed since the last time.
    pub fn until(&mut self, text: &str) -> String {
        let mut byte = [0];
        let mut read: Vec<u8> = Vec::new();
        while !read.ends_with(text.as_bytes()) {
            let got = self.child.stdout.as_mut().unwrap().read(&mut byte).unwrap();
            assert!(got > 0, "{text:?} never came: {}", String::from_utf8_lossy(&read));
            read.push(byte[0]);
        }
        let read = String::from_utf8_lossy(&read).into_owned();
        self.seen += &read;
        read
    }

    pub fn press(&mut self, keys: &str) {
        self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end; gives all that showed.
    pub fn end(mut self, exit: i32) -> String {
        let rest = self.child.wait_with_output().unwrap();
        self.seen += &text(&rest.stdout);
        assert_eq!(rest.status.code(), Some(exit), "{}", self.seen);
        self.seen
    }
}

#[test]
fn an_audit_asks_and_writes_each_answer_at_once() {
    let sandbox = project();
    sandbox.git(&["init", "--quiet"]);
    let mut dialogue = Dialogue::new(&sandbox, "audit --by Ann");
    let first = dialogue.until("q quit");
    assert!(first.contains("1 of 3") && first.contains("TOKEN=ghp_********"), "{first}");
    dialogue.press("xr");
    assert!(dialogue.until("q quit").contains("real"));
    assert_eq!(decisions(&sandbox), [("real".to_owned(), "github-personal-access-token".to_owned())]);
    dialogue.press("e");
    assert!(dialogue.until("q quit").contains("2 of 3"));
    let edited = sandbox.read("edited");
    let path = sandbox.directory.path().canonicalize().unwrap().join("b/c.env");
    assert_eq!(edited, format!("+1\n{}\n", path.display()));
    dialogue.press("a");
    dialogue.until("why may it stay? ");
    dialogue.press("\n");
    assert!(dialogue.until("q quit").contains("it needs a reason"));
    dialogue.press("a");
    dialogue.until("why may it stay? ");
    dialogue.press(&format!("it is {}\n", made_up::token(2)));
    assert!(dialogue.until("q quit").contains("the reason holds the secret itself"));
    dialogue.press("a");
    dialogue.until("why may it stay? ");
    dialogue.press("a test account\n");
    assert!(dialogue.until("q quit").contains("3 of 3"));
    dialogue.press("b");
    assert!(dialogue.until("q quit").contains("= judged: accepted, by Ann on 2"));
    dialogue.press("s");
    dialogue.until("q quit");
    dialogue.press("f");
    let all = dialogue.end(0);
    assert!(all.contains("1 real, 1 accepted, 1 false, 0 left to decide; written to "), "{all}");
    let said: Vec<String> = decisions(&sandbox).into_iter().map(|(verdict, _)| verdict).collect();
    assert_eq!(said, ["accepted", "false", "real"]);
    assert!(sandbox.read(BASELINE).contains("\"reason\":\"a test account\",\"by\":\"Ann\""));
    assert_exit(&sandbox.run(&["scan"]), 1);
    assert_exit(&sandbox.run(&["scan", "b", "d.py"]), 0);
    assert!(Dialogue::new(&sandbox, "audit --by Ann").end(0).contains("nothing to decide"));
}

#[test]
fn the_secret_shows_on_request_on_a_screen_of_its_own() {
    let sandbox = project();
    let mut dialogue = Dialogue::new(&sandbox, "audit --by Ann a.env");
    let token = made_up::token(1);
    assert!(!dialogue.until("q quit").contains(&token[6..]));
    dialogue.press("v");
    let shown = dialogue.until("any key goes back");
    assert!(shown.contains("\u{1b}[?1049h") && shown.contains(&token), "{shown}");
    dialogue.press("x");
    let back = dialogue.until("q quit");
    assert!(back.contains("\u{1b}[?1049l") && !back.contains(&token[6..]), "{back}");
    dialogue.press("q");
    dialogue.end(0);
    assert!(!sandbox.directory.path().join(BASELINE).exists(), "nothing was decided");
}

#[test]
fn a_killed_audit_keeps_what_was_decided_and_control_c_leaves() {
    let sandbox = project();
    let mut dialogue = Dialogue::new(&sandbox, "audit --by Ann");
    dialogue.until("q quit");
    dialogue.press("f");
    dialogue.until("2 of 3");
    dialogue.child.kill().unwrap();
    dialogue.child.wait().unwrap();
    assert_eq!(decisions(&sandbox).len(), 1);
    let mut again = Dialogue::new(&sandbox, "audit --by Ann");
    assert!(again.until("q quit").contains("1 of 2"));
    again.press("\u{3}");
    let end = again.end(0);
    assert!(end.contains("2 left to decide"), "{end}");
    assert_eq!(decisions(&sandbox).len(), 1);
}

#[test]
fn an_audit_of_a_history_shows_where_a_secret_is_that_no_file_holds() {
    let sandbox = project();
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "one"]);
    sandbox.git(&["rm", "--quiet", "-r", "a.env", "b", "d.py"]);
    sandbox.git(&["commit", "--quiet", "-m", "two"]);
    let mut dialogue = Dialogue::new(&sandbox, "audit --history --by Ann");
    assert!(dialogue.until("q quit").contains("1 of 3"));
    dialogue.press("e");
    assert!(dialogue.until("q quit").contains("no file holds it now; `git show "));
    dialogue.press("f");
    dialogue.until("q quit");
    dialogue.press("q");
    dialogue.end(0);
    assert_eq!(json(&sandbox.run(&["scan", "--history", "--format", "json"]))["summary"]["suppressed"]["baseline"], 1);
}

#[test]
fn without_a_terminal_an_audit_names_what_to_do_instead() {
    let output = project().run(&["audit"]);
    assert_exit(&output, 2);
    let said = text(&output.stderr);
    assert!(said.contains("there is none") && said.contains("unleak audit --format jsonl > labels"), "{said}");
}

#[test]
fn decisions_become_labels_that_evaluate_measures() {
    let sandbox = project();
    let root = sandbox.directory.path();
    sandbox.git(&["init", "--quiet"]);
    assert_exit(&sandbox.run(&["audit", "--format", "jsonl"]), 2);
    accept(&sandbox, "a.env");
    judge_all(&sandbox, "real");
    accept(&sandbox, "b");
    judge_all(&sandbox, "false");
    accept(&sandbox, "d.py");
    let output = sandbox.run(&["audit", "--format", "jsonl"]);
    assert_exit(&output, 0);
    let labels = text(&output.stdout);
    let lines: Vec<Value> = labels.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let truths: Vec<(&str, &str)> =
        lines.iter().map(|line| (line["file"].as_str().unwrap(), line["labels"][0]["truth"].as_str().unwrap())).collect();
    assert_eq!(truths, [("a.env", "T"), ("b/c.env", "F"), ("d.py", "X")]);
    assert!(lines.iter().all(|line| line.get("text").is_none()));
    put(&root.join("labels"), &labels);
    let measured = sandbox.run(&["evaluate", "labels"]);
    assert_exit(&measured, 0);
    let figures = text(&measured.stdout);
    for figure in
        ["found 1, missed 0, wrong 2\n", "precision          0.333  (0.", "recall             1.000  (", "F1                 0.500  (0."]
    {
        assert!(figures.contains(figure), "{figure}: {figures}");
    }
    assert!(figures.contains("1 credentials in 1 repository,") && figures.contains("draws of the files of the repository."), "{figures}");
    let elsewhere = sandbox.run(&["evaluate", "--root", "b", "labels"]);
    assert_exit(&elsewhere, 2);
    put(&root.join("a.env"), "TOKEN=none\n");
    let changed = sandbox.run(&["evaluate", "labels"]);
    assert_exit(&changed, 2);
    assert!(text(&changed.stderr).contains("it has 11 bytes and had "), "{}", text(&changed.stderr));
    put(&root.join("labels"), &labels.replace("\"a.env\"", "\"../a.env\""));
    assert_exit(&sandbox.run(&["evaluate", "labels"]), 2);
}
