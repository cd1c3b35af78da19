//! The stores that people have, and a migration into them that is killed anywhere. Owns: what must hold at the kill and after the next run,
//! whatever the store.
//!
//! I1 no value is in neither place · I2 files are whole · I3 nothing is stored twice · I4 undo gives bytes and modes back · I5 no value is left on
//! disk · I6 a file that changed since is not touched · I7 one at a time.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use unleak::fsx::{Steps, Unwatched};
use unleak::migrate::ApplyError;
use unleak::migrate::edits;
use unleak::migrate::journal::{StoredBy, StoredSecret};
use unleak::migrate::plan::{Plan, PlannedFile};
use unleak::reference::Backend;
use unleak::secret::Secret;
use unleak::store::local::{Key, LocalStore};
use unleak::store::{Action, CURRENT, Description, NewSecret, SecretStore, StoreError, Stored, Tags, Version};

use super::stop::{Kind, Other};
use super::{BTreeMap, Bench, Options, options};

/// A store whose calls are steps.
struct Watched {
    store: Box<dyn SecretStore>,
    steps: &'static dyn Steps,
}

impl Watched {
    fn call<T>(&self, call: impl FnOnce(&dyn SecretStore) -> T) -> T {
        self.steps.at("before a call to the store");
        let done = call(self.store.as_ref());
        self.steps.at("after a call to the store");
        done
    }
}

impl SecretStore for Watched {
    fn backend(&self) -> Backend {
        self.store.backend()
    }

    fn identity(&self) -> Result<String, StoreError> {
        self.store.identity()
    }

    fn permission(&self, action: Action) -> String {
        self.store.permission(action)
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        self.call(|store| store.create(new))
    }

    fn put_version(&self, name: &str, value: &Secret, token: &str, stages: &[&str]) -> Result<Stored, StoreError> {
        self.call(|store| store.put_version(name, value, token, stages))
    }

    fn move_stage(&self, name: &str, stage: &str, to: &str) -> Result<(), StoreError> {
        self.call(|store| store.move_stage(name, stage, to))
    }

    fn drop_stage(&self, name: &str, stage: &str, from: &str) -> Result<(), StoreError> {
        self.call(|store| store.drop_stage(name, stage, from))
    }

    fn replicate(&self, name: &str, regions: &[String]) -> Result<(), StoreError> {
        self.call(|store| store.replicate(name, regions))
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        self.call(|store| store.read(name, version))
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        self.call(|store| store.describe(name))
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        self.call(|store| store.list(tags))
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        self.call(|store| store.tag(name, tags))
    }

    fn set_policy(&self, name: &str, policy: &str) -> Result<(), StoreError> {
        self.call(|store| store.set_policy(name, policy))
    }

    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        self.call(|store| store.delete(name, recovery_days))
    }

    fn restore(&self, name: &str) -> Result<(), StoreError> {
        self.call(|store| store.restore(name))
    }

    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        self.call(|store| store.probe(action, new))
    }
}

fn opened(kind: &Kind, directory: &Path, steps: &'static dyn Steps) -> Box<dyn SecretStore> {
    match kind {
        Kind::Test => panic!("the store of the tests has steps of its own"),
        Kind::Local => {
            let key = Key { file: directory.join("identity.txt"), passphrase: None };
            if !key.file.exists() {
                key.create().unwrap();
            }
            Box::new(LocalStore::open(&directory.join("store"), &key).unwrap().watched(steps))
        }
        #[cfg(feature = "aws")]
        Kind::Aws(url) => {
            use unleak::store::aws::{AwsSettings, AwsStore};
            Box::new(AwsStore::open(&AwsSettings { endpoint_url: Some(url.clone()), ..AwsSettings::default() }).unwrap())
        }
        #[cfg(not(feature = "aws"))]
        Kind::Aws(_) => panic!("there is no AWS without its feature"),
    }
}

/// The store, for the process that is killed.
pub fn watched(kind: &Kind, directory: &Path, steps: &'static dyn Steps) -> Box<dyn SecretStore> {
    Box::new(Watched { store: opened(kind, directory, steps), steps })
}

/// A tree with a plan, and the store.
struct Case {
    bench: Bench,
    plan: Plan,
    before: BTreeMap<String, (Vec<u8>, u32)>,
    kind: Kind,
    store: Box<dyn SecretStore>,
}

impl Case {
    fn new(kind: Kind, make: fn() -> Bench) -> Self {
        let bench = make();
        let store = opened(&kind, bench.directory.path(), &Unwatched);
        let plan = bench.plan(&Options { backend: store.backend(), identity: store.identity().unwrap(), ..options() });
        unleak::fsx::write_private(&bench.directory.path().join("plan.json"), &plan.to_json()).unwrap();
        let before = bench.files();
        Self { bench, plan, before, kind, store }
    }

    fn other(&self, undo: bool, step: usize) -> Other {
        Other::at(self.bench.directory.path(), undo, step, &self.kind)
    }

    /// Runs until the step and kills; false if the run came to its end before. Meanwhile nobody else can do anything (I7).
    fn killed_at(&self, undo: bool, step: usize) -> bool {
        let mut other = self.other(undo, step);
        let reached = other.comes_to_its_step();
        if reached {
            self.assert_busy();
        }
        other.kill(reached);
        reached
    }

    fn assert_busy(&self) {
        let busy = self.bench.apply(&self.plan, self.store.as_ref()).unwrap_err();
        assert_eq!(busy.to_string(), "another migration is at work here");
    }

    fn secrets(&self) -> Vec<Description> {
        let mut all: Vec<Description> = self.store.list(&Tags::new()).unwrap();
        // Lists do not tell everything.
        for known in &mut all {
            *known = self.store.describe(&known.name).unwrap().unwrap();
        }
        all
    }

    /// Whether these bytes are what the plan makes of the file, with the ARNs that the store gave.
    fn is_after(&self, file: &PlannedFile, bytes: &[u8]) -> bool {
        if !file.has_arns() {
            return self.plan.key.of_file(bytes) == file.after;
        }
        let stored = |known: Description| (known.name, StoredSecret { id: known.id, version: String::new(), origin: StoredBy::Created });
        let edits = edits::filled(&file.edits, &self.secrets().into_iter().map(stored).collect()).map(std::borrow::Cow::into_owned);
        edits.is_ok_and(|edits| edits::applied(&self.before[&file.path].0, file.encoding, &edits).is_some_and(|after| after == bytes))
    }

    /// I1 and I2: each file is whole, and each value can be had.
    fn nothing_is_lost(&self, context: &str) {
        let now = self.bench.files();
        for file in self.plan.files.iter().filter(|file| file.before.is_some()) {
            let bytes = &now[&file.path].0;
            assert!(*bytes == self.before[&file.path].0 || self.is_after(file, bytes), "{context}: {} is torn", file.path);
        }
        let kept: Vec<Secret> =
            self.plan.secrets.iter().filter_map(|secret| self.store.read(&secret.name, &Version::Stage(CURRENT)).ok()).collect();
        for value in &self.bench.values {
            let holds = |content: &[u8]| memchr::memmem::find(content, value.as_bytes()).is_some();
            let in_files = self.before.keys().any(|name| now.get(name).is_some_and(|(content, _)| holds(content)));
            assert!(in_files || kept.iter().any(|secret| holds(secret.expose())), "{context}: a value is lost");
        }
    }

    /// I6: a file that somebody changed is left to them, and the run says so.
    fn what_changed_is_not_touched(&self, context: &str) {
        let (name, (before, _)) = self.before.iter().next().unwrap();
        let path = self.bench.root().join(name);
        if std::fs::read(&path).unwrap() != *before {
            return;
        }
        let changed = [before.as_slice(), b"\n"].concat();
        crate::cli::put(&path, std::str::from_utf8(&changed).unwrap());
        let all = self.bench.files();
        let stale = self.bench.apply(&self.plan, self.store.as_ref());
        assert!(matches!(stale, Err(ApplyError::Stale(_))), "{context}: {stale:?}");
        // Temporary files of the run that was killed can be gone.
        assert!(self.bench.files().keys().all(|name| all.contains_key(name)), "{context}");
        assert!(std::fs::read(&path).unwrap() == changed, "{context}: {name} was changed by somebody else");
        crate::cli::put(&path, std::str::from_utf8(before).unwrap());
    }

    /// I2, I3 and I5 after apply.
    fn is_migrated(&self, context: &str) {
        let now = self.bench.files();
        for file in &self.plan.files {
            assert!(self.is_after(file, &now[&file.path].0), "{context}: {}", file.path);
        }
        let names = self.before.keys().chain(self.plan.files.iter().map(|file| &file.path));
        assert!(now.keys().eq(names.collect::<std::collections::BTreeSet<_>>()), "{context}: {:?}", now.keys());
        let all = self.secrets();
        assert_eq!(all.len(), self.plan.secrets.len(), "{context}");
        assert!(all.iter().all(|secret| secret.deleted.is_none() && secret.versions.len() == 1), "{context}: {all:?}");
        self.no_value_is_on_disk();
        self.bench.assert_no_value(&self.bench.root());
    }

    /// I4 and I5 after undo.
    fn is_undone(&self, context: &str) {
        assert!(self.bench.files() == self.before, "{context}: {:?}", self.bench.files().keys());
        assert!(self.secrets().iter().all(|secret| secret.deleted.is_some()), "{context}");
        self.no_value_is_on_disk();
    }

    /// Beside the tree; of the local store one file is left.
    fn no_value_is_on_disk(&self) {
        self.bench.assert_no_value(&self.bench.home());
        let store = self.bench.directory.path().join("store");
        self.bench.assert_no_value(&store);
        // What was left of a store that never came to be is of no use to anybody.
        let is_there = store.join("store.age").exists();
        let temporary = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().to_string_lossy().ends_with(".tmp");
        assert!(!is_there || !std::fs::read_dir(store).unwrap().any(temporary));
    }

    fn apply(&self, context: &str) {
        self.bench.apply(&self.plan, self.store.as_ref()).unwrap_or_else(|error| panic!("{context}: {error}"));
        self.is_migrated(context);
    }

    fn undo(&self, context: &str) {
        self.bench.undo(&self.plan, self.store.as_ref()).unwrap_or_else(|error| panic!("{context}: {error}"));
        self.is_undone(context);
    }
}

/// Does something for each step, several at a time, until one says that there are no more; gives the number of steps.
fn each_step(one: impl Fn(usize) -> bool + Sync) -> usize {
    let (next, last, is_over) = (AtomicUsize::new(1), AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !is_over.load(Ordering::SeqCst) {
            let step = next.fetch_add(1, Ordering::SeqCst);
            if one(step) {
                last.fetch_max(step, Ordering::SeqCst);
            } else {
                is_over.store(true, Ordering::SeqCst);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(work);
        }
    });
    last.into_inner()
}

/// Every step of apply, gone on with and taken back, and every step of undo; the numbers of steps.
fn every_step(new: impl Fn() -> Case + Sync) -> (usize, usize) {
    let apply = each_step(|step| {
        let case = new();
        let reached = case.killed_at(false, step);
        let context = format!("apply killed at step {step}: {reached}");
        case.nothing_is_lost(&context);
        if reached {
            case.what_changed_is_not_touched(&context);
        }
        case.apply(&context);
        let case = new();
        case.killed_at(false, step);
        case.undo(&context);
        reached
    });
    let undo = each_step(|step| {
        let case = new();
        case.apply("before undo");
        let reached = case.killed_at(true, step);
        let context = format!("undo killed at step {step}: {reached}");
        case.nothing_is_lost(&context);
        case.undo(&context);
        reached
    });
    (apply, undo)
}

#[test]
fn the_local_store_bears_a_kill_anywhere() {
    let (apply, undo) = every_step(|| Case::new(Kind::Local, Bench::usual));
    // As in the store of the tests, and four steps within each of 6 calls that write; of undo within 2 that read and 2 that delete.
    assert_eq!((apply, undo), (79 + 6 * 4, 73 + 4 * 4));
}

#[cfg(feature = "aws")]
mod aws {
    use super::*;
    use crate::store::aws::isolated;
    use crate::store::fake::Fake;
    use std::time::Duration;

    /// A case with a server of its own.
    struct Served {
        case: Case,
        fake: Fake,
    }

    fn served(make: fn() -> Bench) -> Served {
        let fake = Fake::start();
        Served { case: Case::new(Kind::Aws(fake.url()), make), fake }
    }

    /// A definition that names ARNs, which the store makes up, beside code.
    fn with_definition() -> Bench {
        let [token, password] = [crate::made_up::token(24), crate::made_up::password(24)];
        let task = format!(
            "{{\r\n  \"containerDefinitions\": [\r\n    {{\r\n      \"name\": \"web\",\r\n      \"environment\": [\r\n        {{\"name\": \"DB_PASSWORD\", \
             \"value\": \"{password}\"}},\r\n        {{\"name\": \"API_TOKEN\", \"value\": \"{token}\"}}\r\n      ]\r\n    }}\r\n  ]\r\n}}\r\n"
        );
        let files = [("app.py", format!("DB_PASSWORD = \"{password}\"\n")), ("deploy/task.json", task)];
        Bench::new(&files, vec![token, password])
    }

    /// Kills a run while the server has its n-th request, done or not; false if there were fewer.
    fn killed_within(Served { case, fake }: &Served, undo: bool, call: usize, done: bool) -> bool {
        let held = fake.hold(call, done);
        let mut other = case.other(undo, usize::MAX);
        let reached = loop {
            if held.is_reached() {
                break true;
            }
            if other.is_over() {
                break false;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        if reached && call > 1 {
            case.assert_busy();
        }
        other.kill(reached);
        reached
    }

    fn within_every_call(make: fn() -> Bench) -> (usize, usize) {
        let of = |undo: bool| {
            each_step(|call| {
                let mut any = false;
                for done in [false, true] {
                    for resume in [true, false] {
                        let served = served(make);
                        if undo {
                            served.case.apply("before undo");
                        }
                        let reached = killed_within(&served, undo, call, done);
                        let context = format!("killed in call {call}, done: {done}, undo: {undo}, resume: {resume}");
                        served.case.nothing_is_lost(&context);
                        if resume && !undo {
                            served.case.apply(&context);
                        } else {
                            served.case.undo(&context);
                        }
                        any |= reached;
                    }
                }
                any
            })
        };
        (of(false), of(true))
    }

    #[test]
    fn secrets_manager_bears_a_kill_anywhere() {
        isolated("migrate::matrix::aws::secrets_manager_bears_a_kill_anywhere", || {
            let fakes = std::sync::Mutex::new(Vec::new());
            let new = || {
                let Served { case, fake } = served(Bench::usual);
                fakes.lock().unwrap().push(fake);
                case
            };
            assert_eq!(every_step(new), (79, 73));
            // Who it is, then three calls for each secret; two reads, then a look, another one and the deletion of each.
            assert_eq!(within_every_call(Bench::usual), (7, 8));
        });
    }

    #[test]
    fn definitions_that_name_arns_bear_a_kill_anywhere() {
        isolated("migrate::matrix::aws::definitions_that_name_arns_bear_a_kill_anywhere", || {
            let fakes = std::sync::Mutex::new(Vec::new());
            let new = || {
                let Served { case, fake } = served(with_definition);
                fakes.lock().unwrap().push(fake);
                case
            };
            let case = new();
            let is_of_arns = |file: &&PlannedFile| file.has_arns();
            assert_eq!(case.plan.files.iter().filter(is_of_arns).map(|file| file.path.as_str()).collect::<Vec<_>>(), ["deploy/task.json"]);
            case.apply("as it is");
            let arn = |name: &str| case.store.describe(name).unwrap().unwrap().id;
            let expected = format!(
                "{{\r\n  \"containerDefinitions\": [\r\n    {{\r\n      \"name\": \"web\",\r\n      \"secrets\": [{{\"name\": \"DB_PASSWORD\", \"valueFrom\": \
                 \"{}\"}}, {{\"name\": \"API_TOKEN\", \"valueFrom\": \"{}\"}}],\r\n      \"environment\": []\r\n    }}\r\n  ]\r\n}}\r\n",
                arn("prod/shop/db-password"),
                arn("prod/shop/api-token")
            );
            assert_eq!(String::from_utf8(case.bench.files()["deploy/task.json"].0.clone()).unwrap(), expected);
            every_step(new);
        });
    }
}
