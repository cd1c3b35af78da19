//! Migrations that are killed. Owns: SIGKILL at every step of apply and of undo, and what must hold after the next run.
//!
//! The run to kill is this test binary once more, at [`to_be_killed`]: it says on standard output that it has come to its step, and waits.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use unleak::fsx::{Steps, Unwatched};
use unleak::migrate::ApplyError;
use unleak::migrate::plan::Plan;
use unleak::migrate::undo;
use unleak::store::SecretStore;

use super::{Bench, options, run};

const VARIABLE: &str = "UNLEAK_TEST_STOP";
const REACHED: &str = "reached its step";

/// Waits for its end at one of the steps.
struct StopAt {
    step: usize,
    seen: AtomicUsize,
    /// Where the journal and its length on disk are.
    directory: PathBuf,
}

/// The file with the length of the journal that was waited for.
const SYNCED: &str = "synced";

/// The journal of the only plan.
fn journal(directory: &Path) -> Option<PathBuf> {
    let plans = std::fs::read_dir(directory.join("home")).ok()?;
    plans.map(|entry| entry.unwrap().path().join("journal.jsonl")).find(|path| path.exists())
}

/// What a loss of power can take: all of the journal that was not waited for.
fn lose_power(directory: &Path) {
    let Some(journal) = journal(directory) else { return };
    let synced = std::fs::read_to_string(directory.join(SYNCED)).map_or(0, |length| length.parse().unwrap());
    std::fs::OpenOptions::new().write(true).open(journal).unwrap().set_len(synced).unwrap();
}

impl Steps for StopAt {
    fn at(&self, step: &'static str) {
        if step == "journal synced" {
            let length = std::fs::metadata(journal(&self.directory).unwrap()).unwrap().len();
            crate::cli::put(&self.directory.join(SYNCED), &length.to_string());
        }
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.step {
            println!("{REACHED}");
            std::io::stdout().flush().unwrap();
            loop {
                std::thread::park();
            }
        }
    }
}

/// What the other process has to do.
#[derive(serde::Serialize, serde::Deserialize)]
struct Order {
    directory: PathBuf,
    undo: bool,
    step: usize,
    /// A secret that the store does not take.
    denied: Option<String>,
    /// The store.
    #[serde(default)]
    store: Kind,
}

/// A store that outlives a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// That of the tests, below the directory.
    #[default]
    Test,
    /// The local one, below the directory.
    Local,
    /// AWS Secrets Manager, at this address.
    Aws(String),
}

#[test]
#[ignore = "the tests of this file run it in a process of its own, and kill it"]
#[expect(clippy::disallowed_methods, reason = "this is how the other process gets its order")]
fn to_be_killed() {
    let order: Order = serde_json::from_str(&std::env::var(VARIABLE).unwrap()).unwrap();
    // The local store wants somebody who lives as long as the process.
    let steps: &'static StopAt =
        Box::leak(Box::new(StopAt { step: order.step, seen: AtomicUsize::new(0), directory: order.directory.clone() }));
    let plan = Plan::read(&std::fs::read(order.directory.join("plan.json")).unwrap()).unwrap();
    let store: Box<dyn SecretStore> = if order.store == Kind::Test {
        let mut store = super::TestStore::at(&order.directory.join("store.json"), steps);
        store.denied.extend(order.denied.clone());
        store.backend = plan.store.backend;
        Box::new(store)
    } else {
        super::matrix::watched(&order.store, &order.directory, steps)
    };
    let (root, home) = (order.directory.join("tree"), order.directory.join("home"));
    let run = run(&plan, &root, &home, store.as_ref(), steps, None);
    match order.undo {
        true => drop(undo::undo(&run).unwrap()),
        false if order.denied.is_some() => assert!(matches!(run.apply(), Err(ApplyError::Unfinished(_)))),
        false => drop(run.apply().unwrap()),
    }
}

/// Runs until the step and kills; false if the run came to its end before.
fn killed_at(directory: &Path, undo: bool, step: usize) -> bool {
    killed(&Order { directory: directory.to_owned(), undo, step, denied: None, store: Kind::Test })
}

fn killed(order: &Order) -> bool {
    let mut other = Other::start(order);
    let reached = other.comes_to_its_step();
    other.kill(reached);
    reached
}

/// A process that is to be killed.
pub struct Other(std::process::Child);

impl Other {
    /// Starts it in its step of a migration in this directory.
    pub fn at(directory: &Path, undo: bool, step: usize, store: &Kind) -> Self {
        Self::start(&Order { directory: directory.to_owned(), undo, step, denied: None, store: store.clone() })
    }

    fn start(order: &Order) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "migrate::stop::to_be_killed", "--ignored", "--nocapture"])
            .env(VARIABLE, serde_json::to_string(order).unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// Waits until it waits at its step; false if it came to its end before.
    pub fn comes_to_its_step(&mut self) -> bool {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        lines.map_while(Result::ok).any(|line| line.contains(REACHED))
    }

    /// Whether it has ended.
    #[cfg(feature = "aws")]
    pub fn is_over(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Kills it where it is; one that was not to be killed has done what it had to.
    pub fn kill(mut self, reached: bool) {
        if reached {
            self.0.kill().unwrap();
        }
        let output = self.0.wait_with_output().unwrap();
        assert!(reached || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Runs where no file may grow beyond so many blocks of 512 bytes.
pub fn limited(directory: &Path, blocks: u32) -> std::process::Output {
    let order =
        serde_json::to_string(&Order { directory: directory.to_owned(), undo: false, step: usize::MAX, denied: None, store: Kind::Test })
            .unwrap();
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" --exact migrate::stop::to_be_killed --ignored --nocapture");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg(std::env::current_exe().unwrap()).env(VARIABLE, order).output().unwrap()
}

/// A bench with its plan beside it.
fn planned() -> (Bench, Plan) {
    let bench = Bench::usual();
    let plan = bench.plan(&options());
    unleak::fsx::write_private(&bench.directory.path().join("plan.json"), &plan.to_json()).unwrap();
    (bench, plan)
}

/// A tree in which the store's client needs helpers, in folders of their own, and other manifests.
fn with_manifests() -> Bench {
    let value = crate::made_up::password(23);
    let files = [
        ("app/pyproject.toml", "[project]\r\nname = \"app\"\r\ndependencies = [\r\n  'boto3', # aws\r\n]\r\n".to_owned()),
        ("app/worker.py", format!("DB_PASSWORD = \"{value}\"\n")),
        ("shop/composer.json", "{ \"require\": { \"php\": \">=8.1\" } }".to_owned()),
        ("shop/public/index.php", format!("<?php\r\n$db_password = '{value}';\r\n")),
        ("tool/Cargo.toml", "[package]\nname = \"tool\"\nversion = \"0.1.0\"\nedition = \"2024\"".to_owned()),
        ("tool/src/main.rs", format!("const DB_PASSWORD: &str = \"{value}\";\n\nfn main() {{\n    println!(\"{{}}\", DB_PASSWORD);\n}}\n")),
    ];
    Bench::new(&files, vec![value])
}

#[test]
fn helpers_and_changed_manifests_are_taken_back_wherever_a_run_is_killed() {
    // One plan is for every tree of the same files.
    let plan = with_manifests().plan(&super::Options { backend: super::Backend::Aws, style: super::Style::Sdk, ..options() });
    let made = ["app/unleak_secrets.py", "shop/UnleakSecrets.php", "tool/unleak-secrets/Cargo.toml", "tool/unleak-secrets/src/lib.rs"];
    assert_eq!(plan.files.iter().filter(|file| file.before.is_none()).map(|file| file.path.as_str()).collect::<Vec<_>>(), made);
    assert_eq!(plan.files.len(), 6 + made.len(), "each file that was there changes");
    for step in 1.. {
        let bench = with_manifests();
        unleak::fsx::write_private(&bench.directory.path().join("plan.json"), &plan.to_json()).unwrap();
        let before = bench.files();
        let mut store = bench.store(&Unwatched);
        store.backend = plan.store.backend;
        let reached = killed_at(bench.directory.path(), false, step);
        let context = format!("killed at step {step}: {reached}");
        assert_nothing_is_lost(&bench, &before, &plan, &context);
        bench.apply(&plan, &store).unwrap();
        let now = bench.files();
        assert!(plan.files.iter().all(|file| plan.key.of_file(&now[&file.path].0) == file.after), "{context}");
        bench.assert_no_value(&bench.root());
        // From there undo is killed, too, and goes on.
        killed_at(bench.directory.path(), true, step);
        bench.undo(&plan, &store).unwrap();
        assert_undone(&bench, &before, &context);
        assert!(!bench.root().join("tool/unleak-secrets").exists(), "{context}");
        if !reached {
            break;
        }
    }
}

/// A manifest that its package manager changed: another name, and line after it.
fn changed_since(bench: &Bench) {
    for (path, name) in [("app/pyproject.toml", "app"), ("shop/composer.json", ">=8.1"), ("tool/Cargo.toml", "tool")] {
        let path = bench.root().join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        crate::cli::put(&path, &text.replace(&format!("\"{name}\""), "\"changed since\""));
    }
}

#[test]
fn manifests_that_changed_since_lose_what_the_plan_added_wherever_undo_is_killed() {
    let plan = with_manifests().plan(&super::Options { backend: super::Backend::Aws, style: super::Style::Sdk, ..options() });
    let (expected, untouched) = (with_manifests(), with_manifests().files());
    changed_since(&expected);
    for step in 1.. {
        let bench = with_manifests();
        unleak::fsx::write_private(&bench.directory.path().join("plan.json"), &plan.to_json()).unwrap();
        let mut store = bench.store(&Unwatched);
        store.backend = plan.store.backend;
        bench.apply(&plan, &store).unwrap();
        changed_since(&bench);
        let reached = killed_at(bench.directory.path(), true, step);
        let undone = bench.undo(&plan, &store).unwrap();
        assert_eq!(bench.files(), expected.files(), "killed at step {step}");
        assert_ne!(bench.files(), untouched);
        if step == 1 {
            assert_eq!(undone.changed, ["app/pyproject.toml", "shop/composer.json", "tool/Cargo.toml"]);
        }
        if !reached {
            break;
        }
    }
}

#[test]
fn a_manifest_in_which_the_plan_s_own_lines_changed_is_refused_as_before() {
    let plan = with_manifests().plan(&super::Options { backend: super::Backend::Aws, style: super::Style::Sdk, ..options() });
    for (from, to) in
        [("\"^3.0\"", "\"^3.1\""), ("{ \"require\"", "{ \"other\": { \"x\": \"1\", \"aws/aws-sdk-php\": \"^3.0\" }, \"require\"")]
    {
        let bench = with_manifests();
        let mut store = bench.store(&Unwatched);
        store.backend = plan.store.backend;
        bench.apply(&plan, &store).unwrap();
        let path = bench.root().join("shop/composer.json");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        crate::cli::put(&path, &text.replace(from, to));
        let after = bench.files();
        let Err(ApplyError::Stale(changes)) = bench.undo(&plan, &store) else { panic!("it is refused: {from}") };
        assert_eq!(changes.iter().map(|change| change.what.as_str()).collect::<Vec<_>>(), ["shop/composer.json"]);
        assert_eq!(bench.files(), after);
    }
    // What the plan would have added and somebody else did is not the plan's.
    let bench = with_manifests();
    let mut store = bench.store(&Unwatched);
    store.backend = plan.store.backend;
    store.denied.insert("GetSecretValue".to_owned());
    bench.apply(&plan, &store).unwrap_err();
    let path = bench.root().join("shop/composer.json");
    crate::cli::put(&path, "{ \"require\": { \"php\": \">=8\", \"aws/aws-sdk-php\": \"^3.0\" } }");
    store.denied.clear();
    assert!(matches!(bench.undo(&plan, &store), Err(ApplyError::Stale(_))));
}

/// At the moment of the kill: each file is whole, and each value can be had from a file or from the store.
fn assert_nothing_is_lost(bench: &Bench, before: &super::BTreeMap<String, (Vec<u8>, u32)>, plan: &Plan, context: &str) {
    let now = bench.files();
    for file in plan.files.iter().filter(|file| file.before.is_some()) {
        let hash = plan.key.of_file(&now[&file.path].0);
        assert!(Some(hash) == file.before || hash == file.after, "{context}: {} is torn", file.path);
    }
    let all = bench.store(&Unwatched).all();
    for value in &bench.values {
        let holds = |content: &[u8]| memchr::memmem::find(content, value.as_bytes()).is_some();
        let in_files = before.keys().any(|name| now.get(name).is_some_and(|(content, _)| holds(content)));
        let in_store = all.values().any(|kept| !kept.deleted && kept.versions.values().any(|(content, _)| holds(content)));
        assert!(in_files || in_store, "{context}: a value is lost");
    }
}

#[track_caller]
fn assert_migrated(bench: &Bench, plan: &Plan, context: &str) {
    let now = bench.files();
    for file in &plan.files {
        assert_eq!(plan.key.of_file(&now[&file.path].0), file.after, "{context}: {}", file.path);
    }
    assert_eq!(now.len(), 4, "{context}: {:?}", now.keys());
    let all = bench.store(&Unwatched).all();
    assert_eq!(all.len(), 2, "{context}");
    assert!(all.values().all(|kept| !kept.deleted && kept.versions.len() == 1), "{context}");
    bench.assert_no_value(&bench.root());
    bench.assert_no_value(&bench.home());
}

#[track_caller]
fn assert_undone(bench: &Bench, before: &super::BTreeMap<String, (Vec<u8>, u32)>, context: &str) {
    assert!(bench.files() == *before, "{context}: {:?}", bench.files().keys());
    assert!(bench.store(&Unwatched).all().values().all(|kept| kept.deleted), "{context}");
    bench.assert_no_value(&bench.home());
}

#[test]
fn apply_killed_anywhere_is_resumed_or_undone() {
    let mut steps = 0;
    for step in 1.. {
        let (bench, plan) = planned();
        let before = bench.files();
        if !killed_at(bench.directory.path(), false, step) {
            assert_migrated(&bench, &plan, "not killed");
            break;
        }
        let context = format!("killed at step {step}");
        assert_nothing_is_lost(&bench, &before, &plan, &context);
        bench.apply(&plan, &bench.store(&Unwatched)).unwrap();
        assert_migrated(&bench, &plan, &context);

        let (bench, plan) = planned();
        let before = bench.files();
        assert!(killed_at(bench.directory.path(), false, step));
        bench.undo(&plan, &bench.store(&Unwatched)).unwrap();
        assert_undone(&bench, &before, &context);
        steps = step;
    }
    // 14 lines of the journal in three steps each, waited for five times, 6 calls in two, 4 files in five.
    assert_eq!(steps, 14 * 3 + 5 + 6 * 2 + 4 * 5);
}

#[test]
fn secrets_of_an_earlier_plan_are_as_they_were_found_wherever_a_run_is_killed() {
    for step in 1.. {
        let (bench, plan) = planned();
        let (before, store) = (bench.files(), bench.store(&Unwatched));
        store.put_deleted("prod/shop/token", bench.values[0].as_bytes());
        store.put_deleted("prod/shop/db-password", b"an older value");
        let found = store.all();
        let as_found = |context: &str| {
            assert_undone(&bench, &before, context);
            assert_eq!(store.all()["prod/shop/token"], found["prod/shop/token"], "{context}");
            let kept = store.all().remove("prod/shop/db-password").unwrap();
            assert_eq!(store.current("prod/shop/db-password"), ("first".to_owned(), b"an older value".to_vec(), true), "{context}");
            assert!(kept.versions.values().all(|(_, stages)| !stages.iter().any(|stage| stage == "AWSPENDING")), "{context}");
        };
        let reached = killed_at(bench.directory.path(), false, step);
        let context = format!("killed at step {step}: {reached}");
        bench.apply(&plan, &store).unwrap_or_else(|error| panic!("{context}: {error}"));
        bench.assert_no_value(&bench.root());
        assert_eq!(store.current("prod/shop/db-password").1, bench.values[1].as_bytes(), "{context}");
        assert!(store.all().values().all(|kept| !kept.deleted), "{context}");
        // From there undo is killed, too, and goes on.
        killed_at(bench.directory.path(), true, step);
        bench.undo(&plan, &store).unwrap();
        as_found(&context);
        // And once more, killed at the same step, and undone at once.
        killed_at(bench.directory.path(), false, step);
        bench.undo(&plan, &store).unwrap();
        as_found(&context);
        if !reached {
            break;
        }
    }
}

#[test]
fn what_is_restored_has_its_replicas_wherever_a_run_is_killed() {
    let regions = ["eu-west-2".to_owned(), "us-east-1".to_owned()];
    let mut steps = Vec::new();
    for step in 1.. {
        let bench = Bench::usual();
        let plan = bench.plan(&super::Options { replica_regions: regions.to_vec(), ..options() });
        unleak::fsx::write_private(&bench.directory.path().join("plan.json"), &plan.to_json()).unwrap();
        let (before, store) = (bench.files(), bench.store(&Unwatched));
        // One that this plan made, and one that an earlier one did.
        bench.apply(&plan, &store).unwrap();
        bench.undo(&plan, &store).unwrap();
        store.put_deleted("prod/shop/db-password", bench.values[1].as_bytes());
        let reached = killed_at(bench.directory.path(), false, step);
        let context = format!("killed at step {step}: {reached}");
        bench.apply(&plan, &store).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert!(store.all().values().all(|kept| !kept.deleted && kept.replicas == regions), "{context}: {:?}", store.all());
        bench.undo(&plan, &store).unwrap();
        assert_undone(&bench, &before, &context);
        steps.push(step);
        if !reached {
            break;
        }
    }
    assert!(steps.len() > 80, "calls for replicas are among {} steps", steps.len());
}

#[test]
fn what_was_not_waited_for_can_be_lost() {
    for step in 1.. {
        let (bench, plan) = planned();
        let before = bench.files();
        let reached = killed_at(bench.directory.path(), false, step);
        let context = format!("without power at step {step}");
        lose_power(bench.directory.path());
        assert_nothing_is_lost(&bench, &before, &plan, &context);
        bench.apply(&plan, &bench.store(&Unwatched)).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_migrated(&bench, &plan, &context);
        if !reached {
            break;
        }
        let (bench, plan) = planned();
        let before = bench.files();
        assert!(killed_at(bench.directory.path(), false, step));
        lose_power(bench.directory.path());
        bench.undo(&plan, &bench.store(&Unwatched)).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_undone(&bench, &before, &context);
    }
    for step in 1.. {
        let (bench, plan) = planned();
        let before = bench.files();
        bench.apply(&plan, &bench.store(&Unwatched)).unwrap();
        let applied = std::fs::metadata(journal(bench.directory.path()).unwrap()).unwrap().len();
        crate::cli::put(&bench.directory.path().join(SYNCED), &applied.to_string());
        let reached = killed_at(bench.directory.path(), true, step);
        let context = format!("undo without power at step {step}");
        lose_power(bench.directory.path());
        assert_nothing_is_lost(&bench, &before, &plan, &context);
        bench.undo(&plan, &bench.store(&Unwatched)).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_undone(&bench, &before, &context);
        if !reached {
            break;
        }
    }
}

#[test]
fn apply_of_a_part_killed_anywhere_is_resumed_or_undone() {
    let denied = "prod/shop/token";
    let mut steps = 0;
    for step in 1.. {
        for undo in [false, true] {
            let (bench, plan) = planned();
            let before = bench.files();
            let order = Order {
                directory: bench.directory.path().to_owned(),
                undo: false,
                step,
                denied: Some(denied.to_owned()),
                store: Kind::Test,
            };
            let reached = killed(&order);
            let context = format!("killed at step {step}: {reached}, undo: {undo}");
            assert_nothing_is_lost(&bench, &before, &plan, &context);
            if undo {
                bench.undo(&plan, &bench.store(&Unwatched)).unwrap();
                assert_undone(&bench, &before, &context);
            } else {
                // Once more without the permission, then with it.
                let mut store = bench.store(&Unwatched);
                store.denied.insert(denied.to_owned());
                assert!(matches!(bench.apply(&plan, &store), Err(ApplyError::Unfinished(_))), "{context}");
                bench.apply(&plan, &bench.store(&Unwatched)).unwrap();
                assert_migrated(&bench, &plan, &context);
            }
            if reached {
                steps = step;
            }
        }
        if steps < step {
            break;
        }
    }
    // 9 lines of the journal, waited for four times, 3 calls that are not denied, one file that is created and one that is replaced.
    assert_eq!(steps, 9 * 3 + 4 + 3 * 2 + 2 * 5);
}

#[test]
fn undo_killed_anywhere_goes_on() {
    let mut steps = 0;
    for step in 1.. {
        let (bench, plan) = planned();
        let before = bench.files();
        bench.apply(&plan, &bench.store(&Unwatched)).unwrap();
        if !killed_at(bench.directory.path(), true, step) {
            assert_undone(&bench, &before, "not killed");
            break;
        }
        let context = format!("undo killed at step {step}");
        assert_nothing_is_lost(&bench, &before, &plan, &context);
        bench.undo(&plan, &bench.store(&Unwatched)).unwrap();
        assert_undone(&bench, &before, &context);
        steps = step;
    }
    // 14 lines of the journal, waited for three times, 2 values that are read, 2 secrets that are looked at and deleted, 3 files that are replaced, one removed.
    assert_eq!(steps, 14 * 3 + 3 + 6 * 2 + 3 * 5 + 1);
}

#[test]
fn two_at_once_are_one_too_many() {
    let (bench, plan) = planned();
    // The other one has the lock from before its first line on.
    let mut other = Other::at(bench.directory.path(), false, 1, &Kind::Test);
    assert!(other.comes_to_its_step());
    let store = bench.store(&Unwatched);
    let busy = bench.apply(&plan, &store).unwrap_err();
    assert_eq!(busy.to_string(), "another migration is at work here");
    assert_eq!(bench.undo(&plan, &store).unwrap_err().to_string(), "another migration is at work here");
    other.kill(true);
    bench.apply(&plan, &store).unwrap();
}

/// The names of all steps.
#[derive(Default)]
struct Named(std::sync::Mutex<Vec<&'static str>>);

impl Steps for Named {
    fn at(&self, step: &'static str) {
        self.0.lock().unwrap().push(step);
    }
}

/// As [`planned`], with a file that comes with two folders.
fn planned_with_folders() -> (Bench, Plan) {
    let (bench, mut plan) = planned();
    let file = plan.files.iter_mut().find(|file| file.before.is_none()).unwrap();
    (file.path, file.new_folders) = ("made/here/with.env".to_owned(), 2);
    unleak::fsx::write_private(&bench.directory.path().join("plan.json"), &plan.to_json()).unwrap();
    (bench, plan)
}

#[test]
fn folders_that_come_with_a_file_go_with_it_wherever_a_run_is_killed() {
    for undo in [false, true] {
        let steps = Named::default();
        let (bench, plan) = planned_with_folders();
        let store = bench.store(&steps);
        let (root, home) = (bench.root(), bench.home());
        let whole = |undo: bool, steps: &dyn Steps| {
            let run = run(&plan, &root, &home, &store, steps, None);
            if undo { drop(undo::undo(&run).unwrap()) } else { drop(run.apply().unwrap()) }
        };
        if undo {
            whole(false, &Unwatched);
            steps.0.lock().unwrap().clear();
        }
        whole(undo, &steps);
        let names = steps.0.into_inner().unwrap();
        let about = if undo { "folder removed" } else { "folder made" };
        let killed: Vec<usize> = (1..).zip(&names).filter(|(_, name)| **name == about).map(|(step, _)| step).collect();
        assert_eq!(killed.len(), 2, "{names:?}");
        for step in killed {
            let (bench, plan) = planned_with_folders();
            let before = bench.files();
            if undo {
                bench.apply(&plan, &bench.store(&Unwatched)).unwrap();
            }
            assert!(killed_at(bench.directory.path(), undo, step));
            assert!(bench.root().join("made").exists() || undo);
            bench.undo(&plan, &bench.store(&Unwatched)).unwrap();
            assert_undone(&bench, &before, about);
            assert!(!bench.root().join("made").exists(), "{about} at {step}");
        }
    }
}
