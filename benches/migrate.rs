//! Planning and applying a migration of 200 secrets in 1,000 places of 250 files, the store's own time apart: it answers at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use unleak::fsx::{self, Unwatched};
use unleak::migrate::apply::Run;
use unleak::migrate::make::{self, Ground, Options};
use unleak::migrate::plan::{Existing, Plan};
use unleak::patterns::{Catalogue, example};
use unleak::reference::Backend;
use unleak::rewrite::Style;
use unleak::scan::{Scanner, Silent};
use unleak::secret::Secret;
use unleak::settings::{Settings, TreeSettings};
use unleak::store::{Action, CURRENT, Description, NewSecret, SecretStore, StoreError, Stored, Tags, Version};

fn main() {
    divan::main();
}

const SECRETS: u64 = 200;
const FILES: usize = 250;
const PLACES: usize = 4;

/// Files of 200 lines, each with four of the secrets.
fn tree() -> tempfile::TempDir {
    let catalogue = Catalogue::builtin();
    let token = catalogue.index_of("github-personal-access-token").expect("because it is built in");
    let value = |seed| {
        String::from_utf8(example::fill(&catalogue, token, "{secret}", seed).expect("because it is sound")).expect("because it is ASCII")
    };
    let values: Vec<String> = (1..=SECRETS).map(value).collect();
    let directory = tempfile::tempdir().expect("because there is a place for temporary files");
    for file in 0..FILES {
        let mut text = String::new();
        for place in 0..PLACES {
            let number = (file * PLACES + place) % values.len();
            text += &"def f(x):\n    return [x + 1, {'a': x}]\n".repeat(25);
            text.extend(["TOKEN_", &number.to_string(), " = \"", &values[number], "\"\n"]);
        }
        let path = directory.path().join(format!("tree/{}/f{file}.py", file % 10));
        fsx::write_private(&path, text.as_bytes()).expect("because the directory is ours");
    }
    directory
}

fn plan(root: &Path) -> Plan {
    let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
    let settings = TreeSettings { roots: vec![root.to_owned()], ..TreeSettings::default() };
    let report = scanner.tree(&settings, &Silent).expect("because the tree is there");
    let options = Options {
        backend: Backend::Local,
        identity: "bench".to_owned(),
        region: None,
        template: "{app}/{what}".to_owned(),
        root: String::new(),
        prefix: String::new(),
        environment: None,
        application: Some("bench".to_owned()),
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
        tool: String::new(),
    };
    let root = root.canonicalize().expect("because the tree is there");
    let plan = make::make(&Ground { report: &report, root, checkout: None, paths: Vec::new(), not_ours: Vec::new() }, &options)
        .expect("because it can be planned");
    let places: usize = plan.files.iter().map(|file| file.places.len()).sum();
    assert_eq!((plan.secrets.len() as u64, places), (SECRETS, FILES * PLACES));
    plan
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn plan_200_secrets_in_1000_places(bencher: divan::Bencher<'_, '_>) {
    let directory = tree();
    bencher.bench_local(|| plan(&directory.path().join("tree")));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn apply_200_secrets_in_1000_places(bencher: divan::Bencher<'_, '_>) {
    bencher
        .with_inputs(|| {
            let directory = tree();
            let plan = plan(&directory.path().join("tree"));
            (directory, plan)
        })
        .bench_local_values(|(directory, plan)| {
            let (root, home) = (directory.path().join("tree"), directory.path().join("home"));
            let store = Memory(Mutex::new(BTreeMap::new()));
            let run = Run {
                plan: &plan,
                root: &root,
                checkout: None,
                store: &store,
                home: &home,
                allow_dirty: false,
                backup: &[],
                recovery_days: 7,
                steps: &Unwatched,
            };
            assert_eq!(run.apply().expect("because nothing stands in the way").files.len(), FILES + 1);
            directory
        });
}

/// Values by name.
struct Memory(Mutex<BTreeMap<String, (String, Secret)>>);

const NOT_ASKED: &str = "a migration into an empty store does not ask for this";

impl SecretStore for Memory {
    fn backend(&self) -> Backend {
        Backend::Local
    }

    fn identity(&self) -> Result<String, StoreError> {
        Ok("bench".to_owned())
    }

    fn permission(&self, action: Action) -> String {
        action.iam().to_owned()
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        let version = new.token.to_owned();
        self.0.lock().expect("because no thread panics").insert(new.name.to_owned(), (version.clone(), new.value.clone()));
        Ok(Stored { id: new.name.to_owned(), version })
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        let all = self.0.lock().expect("because no thread panics");
        let found = all.get(name).filter(|(id, _)| *version == Version::Stage(CURRENT) || *version == Version::Id(id));
        found.map(|(_, value)| value.clone()).ok_or_else(|| StoreError::NotFound { name: name.to_owned() })
    }

    fn put_version(&self, _: &str, _: &Secret, _: &str, _: &[&str]) -> Result<Stored, StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn move_stage(&self, _: &str, _: &str, _: &str) -> Result<(), StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn read_current(&self, _: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn describe(&self, _: &str) -> Result<Option<Description>, StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn list(&self, _: &Tags) -> Result<Vec<Description>, StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn tag(&self, _: &str, _: &Tags) -> Result<(), StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn set_policy(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn delete(&self, _: &str, _: u8) -> Result<(), StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn restore(&self, _: &str) -> Result<(), StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }

    fn probe(&self, _: Action, _: &NewSecret<'_>) -> Result<(), StoreError> {
        Err(StoreError::Unusable(NOT_ASKED.to_owned()))
    }
}
