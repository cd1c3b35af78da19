//! Migration as a transaction. Owns: trees to migrate, a store to migrate into, and what must hold after every run.

mod apply;
#[cfg(feature = "aws")]
mod calls;
mod emit;
mod files;
mod joining;
mod matrix;
mod places;
mod plan;
#[cfg(feature = "aws")]
mod programs;
#[cfg(feature = "aws")]
mod requests;
mod rotated;
mod stop;
mod store;
#[cfg(feature = "aws")]
mod unfinished;
#[cfg(feature = "aws")]
mod urls;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bstr::BString;
use unleak::finding::Problem;
use unleak::fsx::{Steps, Unwatched};
use unleak::migrate::ApplyError;
use unleak::migrate::apply::{Applied, Run};
use unleak::migrate::make::{self, Ground, Options};
use unleak::migrate::plan::{Existing, Plan};
use unleak::migrate::undo::{self, Undone};
use unleak::patterns::Catalogue;
use unleak::reference::Backend;
use unleak::rewrite::Style;
use unleak::scan::{Scanner, Silent};
use unleak::settings::{Settings, TreeSettings};
use unleak::source::git::checkout::Checkout;
use unleak::store::SecretStore;

use crate::made_up;
use store::TestStore;

/// The options of a plan without any wishes.
fn options() -> Options {
    Options {
        backend: Backend::Local,
        identity: store::IDENTITY.to_owned(),
        region: None,
        template: "{env}/{app}/{what}".to_owned(),
        root: String::new(),
        prefix: String::new(),
        environment: Some("prod".to_owned()),
        application: Some("shop".to_owned()),
        style: Style::Auto,
        split_url: false,
        joining: unleak::migrate::joining::Joining::default(),
        kms_key: None,
        replica_regions: Vec::new(),
        prices: unleak::migrate::cost::OwnPrices::default(),
        tags: BTreeMap::new(),
        external_type: None,
        readers: Vec::new(),
        standing_readers: Vec::new(),
        existing: Existing::Refuse,
        only: Vec::new(),
        include: std::collections::BTreeSet::new(),
        include_tests: false,
        tool: "0.0.0".to_owned(),
    }
}

/// A tree, a place for journals and a store.
struct Bench {
    directory: tempfile::TempDir,
    values: Vec<String>,
}

impl Bench {
    fn new(files: &[(&str, String)], values: Vec<String>) -> Self {
        let bench = Self { directory: tempfile::Builder::new().prefix("unleak-migrate").tempdir().unwrap(), values };
        for (name, text) in files {
            let path = bench.root().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            crate::cli::put(&path, text);
        }
        bench
    }

    /// Two secrets in three files: one of them twice, one file without a final newline and with other line ends, modes that are not usual.
    fn usual() -> Self {
        let [token, password] = [made_up::token(21), made_up::password(21)];
        let files = [
            ("src/app.py", format!("\"\"\"App.\"\"\"\r\n\r\nTOKEN = \"{token}\"\r\nprint(TOKEN)\r\n")),
            ("src/db.py", format!("DB_PASSWORD = '{password}'  # ünï\nother = \"{token}\"")),
            ("worker.py", format!("import os\n\nDB_PASSWORD = \"{password}\"\n")),
        ];
        let bench = Self::new(&files, vec![token, password]);
        fs::set_permissions(bench.root().join("src/db.py"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::set_permissions(bench.root().join("worker.py"), fs::Permissions::from_mode(0o755)).unwrap();
        bench
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("tree")
    }

    fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    fn store<'s>(&self, steps: &'s dyn Steps) -> TestStore<'s> {
        TestStore::at(&self.directory.path().join("store.json"), steps)
    }

    fn plan(&self, options: &Options) -> Plan {
        plan_of(&self.root(), options)
    }

    fn apply(&self, plan: &Plan, store: &dyn SecretStore) -> Result<Applied, ApplyError> {
        let checkout = Checkout::around(&self.root()).unwrap();
        run(plan, &self.root(), &self.home(), store, &Unwatched, checkout.as_ref()).apply()
    }

    fn undo(&self, plan: &Plan, store: &dyn SecretStore) -> Result<Undone, ApplyError> {
        undo::undo(&run(plan, &self.root(), &self.home(), store, &Unwatched, None))
    }

    /// Content and mode of each file of the tree.
    fn files(&self) -> BTreeMap<String, (Vec<u8>, u32)> {
        let mut all = BTreeMap::new();
        let mut directories = vec![self.root()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().is_some_and(|name| name == ".git") {
                } else if path.is_dir() {
                    directories.push(path);
                } else {
                    let name = path.strip_prefix(self.root()).unwrap().to_str().unwrap().to_owned();
                    let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o7777;
                    all.insert(name, (fs::read(&path).unwrap(), mode));
                }
            }
        }
        all
    }

    /// No value stands in any file of the tree or beside the journal.
    #[track_caller]
    fn assert_no_value(&self, below: &Path) {
        let mut directories = vec![below.to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                    continue;
                }
                let bytes = fs::read(&path).unwrap();
                for value in &self.values {
                    assert!(memchr::memmem::find(&bytes, value.as_bytes()).is_none(), "a value stands in {}", path.display());
                }
            }
        }
    }
}

fn plan_of(root: &Path, options: &Options) -> Plan {
    plan_with(root, options, Vec::new())
}

/// A plan where the scan had these problems.
fn plan_with(root: &Path, options: &Options, problems: Vec<Problem>) -> Plan {
    let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
    let tree = TreeSettings { roots: vec![root.to_owned()], ..TreeSettings::default() };
    let mut report = scanner.tree(&tree, &Silent).unwrap();
    report.coverage.problems.extend(problems);
    let checkout = Checkout::around(root).unwrap();
    let listing = unleak::source::tree::list(&tree).unwrap();
    let paths: Vec<BString> = listing.files.iter().map(|file| file.origin.path().to_owned()).collect();
    let root = root.canonicalize().unwrap();
    let plan = make::make(&Ground { report: &report, root, checkout: checkout.as_ref(), paths, not_ours: Vec::new() }, options).unwrap();
    // What is reviewed is what is applied.
    Plan::read(&plan.to_json()).unwrap()
}

fn run<'a>(
    plan: &'a Plan,
    root: &'a Path,
    home: &'a Path,
    store: &'a dyn SecretStore,
    steps: &'a dyn Steps,
    checkout: Option<&'a Checkout>,
) -> Run<'a> {
    Run { plan, root, checkout, store, home, allow_dirty: false, backup: &[], recovery_days: 7, steps }
}
