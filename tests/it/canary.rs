//! Invariant 3: no raw secret leaves the program. Owns: secrets of many kinds in a repository, every command and format run over it, and
//! a search of all that came out, in every spelling. `patterns example` prints made-up values by its nature; they are none of the planted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use unleak::report::Format;
use unleak::secret::Secret;
use unleak::store::local::{Key, LocalStore};
use unleak::store::{SecretStore, Tags};

use crate::audit::Dialogue;
use crate::cli::{Sandbox, put, text};
use crate::made_up;

/// A planted value.
struct Planted {
    value: String,
    /// Whether the tree scan reports it, so that `--show-secrets` must show it.
    reported: bool,
}

/// The repository, and directories for all else that a run could write to.
struct Trap {
    sandbox: Sandbox,
    outside: tempfile::TempDir,
    planted: BTreeMap<&'static str, Planted>,
    needles: AhoCorasick,
}

/// Bytes of a planted value that may never be seen together; the mask shows four.
const WINDOW: usize = 10;

/// Every command that prints; a new one fails [`every_command_is_covered`] until it has its line here and its run in [`Trap::runs`].
const COMMANDS: [&str; 12] = [
    "audit",
    "baseline show",
    "config schema",
    "evaluate",
    "explain",
    "patterns check",
    "patterns docs",
    "patterns example",
    "patterns import",
    "patterns list",
    "patterns show",
    "scan",
];

/// Commands that change the baseline; [`a_baseline_lets_no_secret_out`] runs them, and the audit at a terminal.
const DECISIONS: [&str; 2] = ["baseline create", "baseline prune"];

/// Commands that change the tree they run in, or need a store; [`migrations_let_no_secret_out`] runs them.
const MIGRATIONS: [&str; 18] = [
    "check",
    "get",
    "migrate apply",
    "migrate audit",
    "migrate plan",
    "migrate policies",
    "migrate resume",
    "migrate rotated",
    "migrate schema",
    "migrate status",
    "migrate undo",
    "run",
    "store copy",
    "store init",
    "store list",
    "store lock",
    "store restore",
    "store unlock",
];

/// All windows of `value`, each in every spelling.
pub fn spellings(value: &str) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::new();
    for window in value.lines().flat_map(|line| line.as_bytes().windows(WINDOW)) {
        let each = |write: &dyn Fn(u8) -> String| window.iter().map(|&byte| write(byte)).collect::<String>().into_bytes();
        let utf16 = |little: bool| -> Vec<u8> {
            window.iter().flat_map(|&byte| if little { u16::from(byte).to_le_bytes() } else { u16::from(byte).to_be_bytes() }).collect()
        };
        let reversed = |mut bytes: Vec<u8>| {
            bytes.reverse();
            bytes
        };
        all.extend([
            window.to_vec(),
            reversed(window.to_vec()),
            HEXLOWER.encode(window).into_bytes(),
            HEXUPPER.encode(window).into_bytes(),
            each(&|byte| format!("%{byte:02x}")),
            each(&|byte| format!("%{byte:02X}")),
            each(&|byte| format!("\\u{byte:04x}")),
            each(&|byte| format!("\\u{byte:04X}")),
            each(&|byte| format!("\\x{byte:02x}")),
            utf16(true),
            utf16(false),
            reversed(utf16(true)),
            reversed(utf16(false)),
        ]);
        // Nine bytes make twelve digits that no neighbour changes; every phase is met as the window moves on.
        all.extend([BASE64_NOPAD, BASE64URL_NOPAD].map(|base64| base64.encode(&window[..9]).into_bytes()));
    }
    all
}

/// The files of the tree and the values in them; a false one is not reported by a plain scan.
fn plants() -> (Vec<(&'static str, String)>, BTreeMap<&'static str, Planted>) {
    let [token, wrapped, escape, left, right, marked, below] = [1, 2, 3, 4, 5, 6, 7].map(made_up::token);
    let [password, repeated, url, encoded, staged_name] = [1, 2, 3, 4, 5].map(made_up::password);
    let key = made_up::secret("private-key-pkcs8", 1);
    let one_line_key = made_up::secret("private-key-ec", 2);
    let jwt = made_up::secret("jwt-token", 3);
    let user = made_up::token(8);
    let weak = below.replace("ghp_", "ghx_")[..30].to_owned();
    let files = vec![
        ("app.env", format!("GITHUB_TOKEN={token}\n")),
        ("deploy/key.pem", format!("{key}\n")),
        ("deploy/key.json", format!("{{\"private_key\": \"{}\\n\"}}\n", one_line_key.trim().replace('\n', "\\n"))),
        ("settings.py", format!("password = \"{password}\"\n")),
        ("database.yml", format!("url: postgres://app:{url}@db.internal/app\n")),
        ("database.py", format!("DATABASE_URL = \"postgres://app:{url}@db.internal/app\"\n")),
        ("remote.sh", format!("git clone https://{user}@git.internal/a.git\n")),
        ("secret.yaml", format!("data:\n  token: {}\n", data_encoding::BASE64.encode(format!("token={wrapped}\n").as_bytes()))),
        ("escaped.json", format!("{{\"t\": \"{}\"}}\n", made_up::unicode(&escape))),
        ("pair.txt", format!("a={left} b={right}\n")),
        ("twice.py", format!("password = \"{repeated}\"\n# {repeated} was rotated, so was {token} and x{repeated}x\n")),
        ("basic.http", format!("Authorization: Basic {}\n", data_encoding::BASE64.encode(format!("app:{encoded}").as_bytes()))),
        ("session.log", format!("got {jwt}\n")),
        ("marked.env", format!("TOKEN={marked} # unleak:allow known\n")),
        ("weak.txt", format!("a={token} value {weak}\nkey: {weak}\n")),
    ];
    let plant = |value: String, reported| Planted { value, reported };
    let planted = BTreeMap::from([
        ("token", plant(token, true)),
        ("PEM key", plant(key.trim().to_owned(), true)),
        ("escaped PEM key", plant(one_line_key.trim().to_owned(), true)),
        ("password", plant(password, true)),
        ("URL password", plant(url, true)),
        ("URL user", plant(user, true)),
        ("base64 token", plant(wrapped, true)),
        ("escaped token", plant(escape, true)),
        ("left of two", plant(left, true)),
        ("right of two", plant(right, true)),
        ("repeated password", plant(repeated, true)),
        ("basic password", plant(encoded, true)),
        ("JWT", plant(jwt, true)),
        ("marked token", plant(marked, false)),
        ("repository URL", plant(made_up::password(6), true)),
        ("remote token", plant(made_up::token(9), true)),
        ("staged token", plant(made_up::token(10), false)),
        ("staged password", plant(staged_name, false)),
        ("committed token", plant(made_up::token(11), false)),
        ("message token", plant(made_up::token(12), false)),
        ("author token", plant(made_up::token(13), false)),
        ("tag token", plant(made_up::token(14), false)),
        ("branch name", plant(made_up::token(15), false)),
        ("file name", plant(made_up::token(16), false)),
        ("lost token", plant(made_up::token(17), false)),
        ("configuration password", plant(made_up::password(7), false)),
        ("pattern file password", plant(made_up::password(8), false)),
    ]);
    (files, planted)
}

impl Trap {
    fn new() -> Self {
        let (files, planted) = plants();
        let sandbox = Sandbox::new(&[]);
        let root = sandbox.directory.path().to_owned();
        let value = |name: &str| &planted[name].value;
        sandbox.git(&["init", "--quiet"]);
        put(&root.join("old.env"), &format!("TOKEN={}\n", value("committed token")));
        sandbox.git(&["add", "."]);
        let author = format!("--author={} <a@example.com>", value("author token"));
        sandbox.git(&["commit", "--quiet", &author, "-m", &format!("Use {}", value("message token"))]);
        fs::remove_file(root.join("old.env")).unwrap();
        sandbox.git(&["rm", "--quiet", "--cached", "old.env"]);
        sandbox.git(&["commit", "--quiet", "-m", "two"]);
        sandbox.git(&["tag", "-m", &format!("For {}", value("tag token")), "v1"]);
        let named = format!("{}.txt", value("file name"));
        put(&root.join(&named), &format!("TOKEN={}\n", value("lost token")));
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "--quiet", "-m", "lost"]);
        sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
        sandbox.git(&["checkout", "--quiet", "-b", &format!("fix/{}", value("branch name"))]);
        let staged = format!("TOKEN={}\npassword = '{}'\n", value("staged token"), value("staged password"));
        put(&root.join("staged.env"), &staged);
        sandbox.git(&["add", "staged.env"]);
        put(&root.join("staged.env"), "\n");
        sandbox.git(&["remote", "add", "origin", &format!("https://app:{}@git.internal/a.git", value("repository URL"))]);
        sandbox.git(&["remote", "add", "other", &format!("https://{}@git.internal/b.git", value("remote token"))]);
        for (name, content) in &files {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            put(&root.join(name), content);
        }
        let needles: BTreeSet<Vec<u8>> = planted.values().flat_map(|planted| spellings(&public_head_cut(&planted.value))).collect();
        let outside = tempfile::tempdir().unwrap();
        for name in ["home", "tmp", "out"] {
            fs::create_dir(outside.path().join(name)).unwrap();
        }
        let trap = Self { sandbox, outside, needles: AhoCorasick::new(needles).unwrap(), planted };
        trap.put_wrong_files();
        trap
    }

    /// Files with secrets that are no configuration and no patterns.
    fn put_wrong_files(&self) {
        let [config, patterns] = ["configuration password", "pattern file password"].map(|name| &self.planted[name].value);
        let at = |name: &str| self.outside.path().join(name);
        let decision = format!("{{\"mac\":\"{config}\",\"{config}\":\"{patterns}\"}}\n");
        put(&at("wrong-baseline.jsonl"), &format!("{{\"unleak-baseline\":1,\"key\":\"{}\"}}\n{decision}", "0a".repeat(32)));
        put(&at("key.toml"), &format!("password = \"{config}\"\n"));
        put(&at("value.toml"), &format!("min-confidence = \"{config}\"\n"));
        put(&at("type.toml"), &format!("exclude = \"{config}\"\n"));
        put(&at("syntax.toml"), &format!("password = \"{config}\n"));
        put(&at("name.toml"), &format!("\"{config}\" = 1\n"));
        put(&at("rule.toml"), &format!("[[allow]]\npath = \"{config}\"\nreason = \"{config}\"\nx = \"{config}\"\n"));
        put(&at("patterns.toml"), &format!("provider = \"unit\"\npassword = \"{patterns}\"\n"));
        put(&at("type-patterns.toml"), &format!("provider = [\"{patterns}\"]\n"));
        put(&at("syntax-patterns.toml"), &format!("provider = \"unit\"\nname = {patterns}\"\n"));
    }

    fn run(&self, arguments: &[&str], input: Option<&str>) -> Output {
        let at = |name: &str| self.outside.path().join(name);
        let mut command = self.sandbox.command(arguments);
        command.envs([("HOME", at("home")), ("TMPDIR", at("tmp")), ("XDG_CACHE_HOME", at("home/cache"))]).env("RUST_BACKTRACE", "1");
        if let Some(input) = input {
            put(&at("input"), input);
            command.stdin(fs::File::open(at("input")).unwrap());
        }
        command.output().unwrap()
    }

    /// The planted files.
    fn planted_files() -> Vec<String> {
        plants().0.into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    /// The argument lists of every run, and what is fed to it.
    fn runs(&self) -> Vec<(Vec<String>, Option<String>)> {
        let lines: Vec<String> = self.planted.values().map(|planted| format!("x = \"{}\"\n", planted.value)).collect();
        let input = lines.concat();
        let out = |name: &str| self.outside.path().join("out").join(name).display().to_string();
        let range = format!("{}..HEAD", "0".repeat(40));
        let mut runs = Vec::new();
        let history = vec!["--history", "--unreachable", "--no-cache"];
        let sources = [vec!["."], vec!["--no-ignore", "."], vec!["--stdin"], vec!["--staged"], vec!["--range", &range], history];
        for (number, source) in sources.iter().enumerate() {
            let input = source.contains(&"--stdin").then(|| input.clone());
            for format in Format::ALL {
                let reports =
                    Format::ALL.map(|report| format!("--report={}={}", report.name(), out(&format!("{number}.{}", report.name()))));
                let plain = ["scan", "--format", format.name()].map(str::to_owned);
                let source = source.iter().map(ToString::to_string);
                let all = plain.into_iter().chain(source);
                let loud = ["--explain", "--receipt", "--color=always", "--min-confidence=low", "--no-inline-marks"].map(str::to_owned);
                runs.push((all.clone().collect(), input.clone()));
                runs.push((all.chain(loud).chain(reports).collect(), input.clone()));
            }
        }
        let kept = ["scan", "--history", "--min-confidence=low", "--cache", &out("kept")].map(str::to_owned).to_vec();
        runs.extend([(kept.clone(), None), (kept, None)]);
        let ids = ["patterns show github-personal-access-token", "patterns show generic-password"];
        let fixed = [
            "patterns list",
            "patterns check",
            "patterns docs",
            "patterns example github-personal-access-token --seed 99",
            "config schema",
            "scan none",
        ];
        let many = fixed.iter().chain(&ids).map(|line| line.split(' ').map(str::to_owned).collect());
        runs.extend(many.map(|arguments| (arguments, None)));
        let labels: Vec<_> =
            (1..=lines.len()).map(|line| serde_json::json!({ "line_start": line, "line_end": line, "truth": "F" })).collect();
        let region = serde_json::json!({ "file": "a.py", "text": input, "labels": labels }).to_string();
        for labelled in [region.clone(), format!("{{{region}"), format!("{{\"file\": {input:?}}}")] {
            runs.push((["evaluate", "--places", "-"].map(str::to_owned).to_vec(), Some(labelled)));
        }
        for name in Self::planted_files() {
            runs.push((["explain", &name].map(str::to_owned).to_vec(), None));
        }
        for baseline in ["key.toml", "wrong-baseline.jsonl"] {
            let baseline = self.outside.path().join(baseline).display().to_string();
            for command in ["scan", "audit --format jsonl", "audit", "baseline show", "baseline show --format json"] {
                let words = command.split(' ').chain(["--baseline", &baseline]).map(str::to_owned);
                runs.push((words.collect(), None));
            }
        }
        runs.push((["explain", "settings.py:1"].map(str::to_owned).to_vec(), None));
        let file = |name: &str| self.outside.path().join(name).display().to_string();
        for name in ["key.toml", "value.toml", "type.toml", "syntax.toml", "name.toml", "rule.toml"] {
            runs.push((["scan", "--config", &file(name)].map(str::to_owned).to_vec(), None));
        }
        for name in ["patterns.toml", "type-patterns.toml", "syntax-patterns.toml"] {
            runs.push((["scan", "--patterns", &file(name)].map(str::to_owned).to_vec(), None));
            runs.push((["patterns", "check", &file(name)].map(str::to_owned).to_vec(), None));
        }
        for name in ["key.toml", "value.toml", "type.toml", "syntax.toml", "name.toml", "patterns.toml", "syntax-patterns.toml"] {
            for tool in ["gitleaks", "kingfisher", "trufflehog"] {
                runs.push((["patterns", "import", tool, &file(name)].map(str::to_owned).to_vec(), None));
            }
        }
        runs
    }

    /// The text around the first trace of a planted value, marked by where the value stands.
    fn trace(&self, bytes: &[u8]) -> Option<String> {
        let found = self.needles.find(bytes)?;
        let around = found.start().saturating_sub(60)..bytes.len().min(found.end() + 10);
        Some(String::from_utf8_lossy(&bytes[around]).into_owned())
    }
}

/// A value without its first bytes that the mask may show, and without the words and headers that are no secret of a key.
fn public_head_cut(value: &str) -> String {
    let hidden = |line: &&str| !line.starts_with("-----");
    let lines: Vec<&str> = value.lines().filter(hidden).collect();
    if lines.len() > 1 { lines[1..].join("\n") } else { value[4..].to_owned() }
}

/// All files below `directory` with their content.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn no_command_and_no_format_lets_a_secret_out() {
    let trap = Trap::new();
    let before = files(trap.sandbox.directory.path());
    let mut covered = BTreeSet::new();
    for (arguments, input) in trap.runs() {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = trap.run(&arguments, input.as_deref());
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            assert_eq!(trap.trace(bytes), None, "{arguments:?} on {stream}");
            assert!(!text(bytes).contains("panicked"), "{arguments:?}: {}", text(bytes));
        }
        let words: Vec<&str> =
            arguments.iter().copied().take(if matches!(arguments[0], "audit" | "scan" | "evaluate" | "explain") { 1 } else { 2 }).collect();
        covered.insert(words.join(" "));
    }
    let mut reports = 0;
    for directory in ["home", "tmp", "out"] {
        for (path, bytes) in files(&trap.outside.path().join(directory)) {
            assert_eq!(trap.trace(&bytes), None, "in {path}");
            reports += 1;
        }
    }
    assert_eq!(
        reports,
        6 * Format::ALL.len() + 3,
        "reports of six sources, what is kept of blobs and of mentions, the key of that, and nothing else"
    );
    assert!(files(trap.sandbox.directory.path()) == before, "the scanned repository changed");
    assert_eq!(covered, COMMANDS.map(str::to_owned).into());
}

#[test]
fn a_baseline_lets_no_secret_out() {
    let trap = Trap::new();
    let mut covered = BTreeSet::new();
    let mut run = |arguments: &[&str], exit: i32| -> String {
        let output = trap.run(arguments, None);
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            assert_eq!(trap.trace(bytes), None, "{arguments:?} on {stream}");
        }
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        covered.insert(arguments[..2].join(" "));
        text(&output.stdout)
    };
    let telling = format!("it is {}", trap.planted["password"].value);
    run(&["baseline", "create", "--by", "Ann", "--reason", &telling], 2);
    run(&["baseline", "create", "--by", "Ann", "--reason", "known", "--min-confidence", "low"], 0);
    run(&["baseline", "create", "--by", "Ann", "--reason", "known", "--history"], 0);
    for format in Format::ALL {
        run(&["scan", "--format", format.name(), "--receipt", "--explain"], 0);
    }
    let labels = run(&["audit", "--format", "jsonl"], 0);
    put(&trap.outside.path().join("labels.jsonl"), &labels);
    run(&["evaluate", &trap.outside.path().join("labels.jsonl").display().to_string(), "--places"], 0);
    run(&["baseline", "show"], 0);
    run(&["baseline", "show", "--format", "json"], 0);
    run(&["baseline", "prune", "--history"], 0);
    run(&["baseline", "prune"], 0);
    let root = trap.sandbox.directory.path();
    assert_eq!(trap.trace(&fs::read(root.join(".unleak-baseline.jsonl")).unwrap()), None);
    fs::remove_file(root.join(".unleak-baseline.jsonl")).unwrap();
    let mut dialogue = Dialogue::new(&trap.sandbox, "audit --by Ann");
    for key in "rfersbfr".chars() {
        dialogue.until("q quit");
        dialogue.press(&key.to_string());
    }
    dialogue.until("q quit");
    dialogue.press("q");
    assert_eq!(trap.trace(dialogue.end(0).as_bytes()), None);
    assert_eq!(trap.trace(&fs::read(root.join(".unleak-baseline.jsonl")).unwrap()), None);
    let below = |covered: &BTreeSet<String>| covered.iter().filter(|name| DECISIONS.contains(&name.as_str())).count();
    assert_eq!(below(&covered), DECISIONS.len());
}

/// The first secret of a plan.
fn first_name(plan: &str) -> String {
    let plan: serde_json::Value = serde_json::from_slice(&fs::read(plan).unwrap()).unwrap();
    plan["secrets"][0]["name"].as_str().unwrap().to_owned()
}

/// The first finding of each secret of a plan.
fn fingerprints(plan: &str) -> Vec<String> {
    let plan: serde_json::Value = serde_json::from_slice(&fs::read(plan).unwrap()).unwrap();
    plan["secrets"].as_array().unwrap().iter().map(|secret| secret["findings"][0].as_str().unwrap().to_owned()).collect()
}

/// Puts a secret of this name and another value into the local store.
fn occupy(home: &Path, name: &str) {
    let key = Key { file: home.join(".config/unleak/identity.txt"), passphrase: None };
    key.create().unwrap();
    let store = LocalStore::open(&home.join(".local/share/unleak"), &key).unwrap();
    store.create(&crate::store::new(name, &Secret::new(b"another"), &Tags::new(), &crate::store::token(1))).unwrap();
}

/// Nothing beside the tree holds a secret.
fn assert_nothing_outside(trap: &Trap) {
    for directory in ["home", "tmp", "out"].map(|name| trap.outside.path().join(name)) {
        for (path, bytes) in files(&directory) {
            assert_eq!(trap.trace(&bytes), None, "in {path}");
        }
    }
    for (path, bytes) in files(&trap.sandbox.directory.path().join(".git/unleak")) {
        assert_eq!(trap.trace(&bytes), None, "in {path}");
    }
}

/// Runs a command, which has to end with a certain exit code.
type Run<'r> = &'r mut dyn FnMut(&[&str], i32);

/// Values that are put together, and groups that are refused; what is done is undone.
fn join_values(run: Run<'_>, joined: &str) {
    run(&["migrate", "plan", "--app", "joined", "--group", "file", "--mix-rotation", "--output", joined], 0);
    let grouped = format!("all={}", fingerprints(joined).join(","));
    run(&["migrate", "plan", "--app", "joined", "--group", &grouped], 7);
    run(&["migrate", "plan", "--app", "joined", "--group", &grouped, "--mix-rotation", "--output", joined], 0);
    run(&["migrate", "apply", "--yes", joined], 4);
    run(&["migrate", "undo", "--yes"], 0);
}

/// The store's own commands, copies into `directory` among them.
fn ask_store(run: Run<'_>, directory: &str) {
    run(&["store", "list"], 0);
    run(&["store", "copy", "local", "local"], 2);
    run(&["store", "copy", "local", "file", "--store-dir", directory, "--dry-run", "--references", "."], 0);
    run(&["store", "init"], 2);
    run(&["store", "unlock"], 2);
    run(&["store", "lock"], 0);
}

#[test]
fn migrations_let_no_secret_out() {
    let trap = Trap::new();
    let tree = || -> BTreeMap<String, Vec<u8>> {
        files(trap.sandbox.directory.path()).into_iter().filter(|(path, _)| !path.contains("/.git/")).collect()
    };
    let before = tree();
    let out = |name: &str| trap.outside.path().join("out").join(name).display().to_string();
    let (plan, policies, wrong) = (out("plan.json"), out("policies"), trap.outside.path().join("wrong.json").display().to_string());
    put(Path::new(&wrong), &serde_json::json!({ trap.planted["token"].value.as_str(): trap.planted["password"].value }).to_string());
    let mut covered = BTreeSet::new();
    let mut run = |arguments: &[&str], exit: i32| {
        let output = trap.run(arguments, None);
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            assert_eq!(trap.trace(bytes), None, "{arguments:?} on {stream}");
        }
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        covered.insert(arguments[..if matches!(arguments[0], "migrate" | "store") { 2 } else { 1 }].join(" "));
    };
    run(&["migrate", "schema"], 0);
    run(&["migrate", "plan", "--split-url", "--output", &plan], 0);
    run(&["migrate", "apply", "--dry-run", &plan], 0);
    run(&["migrate", "apply", "--check", &plan], 0);
    run(&["migrate", "apply", "--yes", &wrong], 2);
    run(&["migrate", "plan", "--from", &wrong], 2);
    // One name is taken: a part is done, said and undone.
    let part = out("part.json");
    run(&["migrate", "plan", "--app", "part", "--output", &part], 0);
    occupy(&trap.outside.path().join("home"), &first_name(&part));
    run(&["migrate", "apply", "--yes", &part], 8);
    run(&["migrate", "status"], 8);
    run(&["migrate", "undo", "--yes"], 0);
    assert!(tree() == before, "undo gives every byte back");
    join_values(&mut run, &out("joined.json"));
    assert!(tree() == before, "undo gives every byte back");
    run(&["migrate", "apply", "--yes", &plan], 4);
    assert!(tree() != before, "something is migrated");
    // Its value is planted as it is stored.
    let name = "a/password";
    // `get` writes a value by its nature; what it says otherwise holds none.
    run(&["get", "ref+unleak://none"], 78);
    run(&["get", &format!("ref+unleak://{name}#/none")], 78);
    run(&["check"], 0);
    run(&["check", "--plan", &plan], 0);
    let left = trap.sandbox.directory.path().join("left.txt");
    put(&left, &trap.planted.values().map(|planted| planted.value.as_str()).collect::<Vec<_>>().join("\n"));
    run(&["check"], 1);
    run(&["check", "--plan", &plan], 1);
    run(&["run", "--", "true"], 0);
    run(&["run", "--mask", "--", "env"], 0);
    let config = out("config.json");
    put(Path::new(&config), &serde_json::json!({ "whole": format!("ref+unleak://{name}") }).to_string());
    run(&["run", "--mask", "--file", &config, "--", "cat", &config], 0);
    run(&["run", "--file", &config, "--", "cat", "no-such-file"], 2);
    ask_store(&mut run, &out("files"));
    run(&["migrate", "status"], 4);
    run(&["migrate", "audit"], 4);
    run(&["migrate", "policies", "--output", &policies], 2);
    run(&["migrate", "rotated", name], 7);
    fs::remove_file(left).unwrap();
    run(&["migrate", "rotated", name, "--despite", "a reason"], 4);
    run(&["migrate", "resume", "--yes"], 2);
    run(&["migrate", "undo", "--yes"], 0);
    assert!(tree() == before, "undo gives every byte back");
    run(&["store", "restore", "local", name], 0);
    put(&trap.sandbox.directory.path().join("settings.py"), "");
    run(&["migrate", "apply", "--yes", &plan], 6);
    assert_eq!(covered, MIGRATIONS.map(str::to_owned).into());
    assert_nothing_outside(&trap);
}

#[test]
fn what_is_searched_for_is_there_when_it_is_asked_for() {
    let trap = Trap::new();
    let human = trap.run(&["scan", "--show-secrets", "."], None).stdout;
    let json = trap.run(&["scan", "--show-secrets", "--format", "json", "."], None).stdout;
    assert!(trap.trace(&human).is_some() && trap.trace(&json).is_some());
    let report: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let shown: BTreeSet<&str> = report["findings"].as_array().unwrap().iter().filter_map(|finding| finding["secret"].as_str()).collect();
    let human = text(&human);
    for (name, planted) in &trap.planted {
        let in_json = shown.iter().any(|secret| secret.trim() == planted.value);
        assert_eq!(in_json, planted.reported, "{name} in JSON");
        let one_line = planted.value.lines().nth(1).unwrap_or(&planted.value);
        assert_eq!(human.contains(one_line), planted.reported, "{name} for people");
    }
    let range = format!("{}..HEAD", "0".repeat(40));
    for (source, names) in [
        (["--staged"].as_slice(), ["staged token", "staged password"].as_slice()),
        (&["--range", &range], &["committed token", "message token", "author token"]),
        (
            &["--history", "--unreachable", "--no-cache"],
            &["committed token", "message token", "author token", "tag token", "branch name", "file name", "lost token"],
        ),
    ] {
        let shown = text(&trap.run(&[&["scan", "--show-secrets"], source].concat(), None).stdout);
        for &name in names {
            assert!(shown.contains(&trap.planted[name].value), "{name}");
        }
    }
}

#[test]
fn the_search_knows_every_spelling() {
    let value = made_up::password(1);
    let needles = AhoCorasick::new(spellings(&value)).unwrap();
    let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let phases = (0..3).map(|lead| BASE64_NOPAD.encode(format!("{}{value}", "x".repeat(lead)).as_bytes()).into_bytes());
    let others =
        [HEXUPPER.encode(value.as_bytes()).into_bytes(), made_up::unicode(&value).into_bytes(), wide.iter().rev().copied().collect(), wide];
    for spelled in phases.chain(others) {
        assert!(needles.is_match(&spelled), "{}", String::from_utf8_lossy(&spelled));
    }
    assert!(!needles.is_match(made_up::password(2).as_bytes()));
}

/// The names under `Commands:` in the help of `command`.
fn subcommands(sandbox: &Sandbox, command: &[&str]) -> Vec<String> {
    let help = text(&sandbox.run(&[command, &["--help"]].concat()).stdout);
    let Some((_, listed)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let names = listed.lines().take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_command_is_covered() {
    let sandbox = Sandbox::new(&[]);
    let mut all = Vec::new();
    for command in subcommands(&sandbox, &[]) {
        let below = subcommands(&sandbox, &[&command]);
        if below.is_empty() {
            all.push(command);
        } else {
            all.extend(below.iter().map(|name| format!("{command} {name}")));
        }
    }
    all.sort();
    let mut known = [COMMANDS.as_slice(), &DECISIONS, &MIGRATIONS].concat();
    known.sort_unstable();
    assert_eq!(all, known);
}
