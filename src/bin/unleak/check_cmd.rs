//! `unleak check`. Owns: finding references in a tree and saying which do not resolve. Must not: print a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bstr::ByteSlice as _;
use clap::{Parser, ValueHint};
use unleak::blob::{Origin, visible};
use unleak::migrate::journal::{Phase, Progress};
use unleak::migrate::nested::Nested;
use unleak::migrate::plan::Plan;
use unleak::reference::{self, Backend, Reference};
use unleak::scan::known::{self, Left};
use unleak::settings::TreeSettings;
use unleak::source::git::checkout::Checkout;
use unleak::source::tree;

use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::migrate_cmd::{Site, region_of};
use crate::stores::{StoreOptions, Stores};
use crate::{output, run_cmd, stores};

/// Bytes of a file that are looked through; references stand in files that people read.
const LARGEST: u64 = 16 << 20;

/// Threads that look through a repository.
const LOOKERS: usize = 4;

/// What is said of values in objects of the repository.
const IN_HISTORY: &str = "rotate these values first, and say so with `unleak migrate rotated`; `unleak scan --history` says which commits and references hold \
them. Purging the history (git filter-repo) comes last: it does not make a leaked value secret again\n";

/// Options of `unleak check`.
#[derive(Debug, Parser)]
pub struct CheckArgs {
    /// Files and directories [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Look for the values that this plan moved, in every spelling: in the files, and in all that the repository holds (repeatable) [default: the plans
    /// that were applied here]
    #[arg(long, value_name = "PLAN", value_hint = ValueHint::FilePath)]
    pub plan: Vec<PathBuf>,
    #[command(flatten)]
    pub store: StoreOptions,
}

/// What `unleak check --help` says at its end.
pub const CHECK_AFTER: &str = "After `unleak migrate` the places of its plans are looked up too, whatever form their references have, and the values that it \
moved are looked for in the files, and in all that the repository holds, until `unleak migrate rotated` says that they are worth nothing. What was migrated \
is on record in this checkout alone: elsewhere --plan names the plan.

Exit codes: 0 all is well; 1 something does not resolve, or a moved value is left; 3 something could not be looked at.";

/// Where a reference stands, and what stands there.
type Place = ((String, usize), Result<Reference, reference::ReferenceError>);

/// The places, in their order.
type Found = BTreeMap<(String, usize), Result<Reference, reference::ReferenceError>>;

/// A plan, and what was done of it, where that is on record.
struct Migrated {
    plan: Plan,
    root: PathBuf,
    progress: Option<Progress>,
}

/// Resolves every reference of a tree, and looks for moved values that are left.
///
/// # Errors
/// A tree that cannot be listed, a plan that is none, values that the store does not give.
pub fn run(args: &CheckArgs, environment: &Environment) -> Result<Exit, Failure> {
    stores::keep_out_of_dumps();
    let start = args.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let stores = Stores::at(start, &args.store, environment)?;
    let migrated = migrated(args, environment)?;
    let references = resolve(args, &migrated, &stores)?;
    let values = left(args, &migrated, &stores, environment)?;
    Ok(match (references, values) {
        (Exit::Findings, _) | (_, Exit::Findings) => Exit::Findings,
        (Exit::Incomplete, _) | (_, Exit::Incomplete) => Exit::Incomplete,
        _ => Exit::Clean,
    })
}

/// The plans that are given, and those that are on record for the trees around the paths.
fn migrated(args: &CheckArgs, environment: &Environment) -> Result<Vec<Migrated>, Failure> {
    let (mut all, mut root) = (BTreeMap::new(), PathBuf::from("."));
    for path in &args.paths {
        let directory = if path.is_dir() { path } else { path.parent().filter(|parent| parent.is_dir()).unwrap_or(Path::new(".")) };
        // Where there is no place for a journal there is none.
        let Ok(site) = Site::at(Some(directory), environment) else { continue };
        for (plan, progress) in site.plans()? {
            if matches!(progress.phase, Phase::Applying | Phase::Applied) {
                all.insert(plan.id.clone(), Migrated { plan, root: site.root.clone(), progress: Some(progress) });
            }
        }
        root = site.root;
    }
    for file in &args.plan {
        let text = std::fs::read(file).map_err(|error| Failure::with_file("read", file, &error))?;
        let plan = Plan::read(&text).map_err(|error| Failure::with_file("use", file, &error))?;
        all.entry(plan.id.clone()).or_insert(Migrated { plan, root: root.clone(), progress: None });
    }
    Ok(all.into_values().collect())
}

impl Migrated {
    /// The secrets whose old value opens something, as far as anybody knows: what is looked for, and how it is read.
    fn leaked(&self) -> impl Iterator<Item = (Reference, Reference)> + '_ {
        let stored = |name: &str| self.progress.as_ref().map(|progress| progress.stored.get(name));
        let is_gone = |name: &str| self.progress.as_ref().is_some_and(|progress| progress.rotated.contains_key(name));
        let secrets = self.plan.secrets.iter().filter(move |secret| !is_gone(&secret.name) && stored(&secret.name) != Some(None));
        secrets.flat_map(move |secret| {
            let version = stored(&secret.name).flatten().map(|stored| stored.version.clone());
            secret.members.iter().filter(|member| member.opens_something()).map(move |member| {
                let shown = Reference::to(self.plan.store.backend, secret.name.clone());
                let shown = member.key.iter().fold(shown, |shown, key| shown.with_key(key.as_str()));
                // A file has one version.
                let version_id = version.clone().filter(|_| self.plan.store.backend != Backend::File);
                let asked = Reference { version_id, region: region_of(&self.plan).map(str::to_owned), ..shown.clone() };
                (shown, asked)
            })
        })
    }

    /// The places below the paths that the plan gave references, by path and line.
    fn places<'s>(&'s self, paths: &'s [PathBuf]) -> impl Iterator<Item = Place> + 's {
        let below = |file: &Path| paths.iter().filter_map(|path| path.canonicalize().ok()).any(|path| file.starts_with(path));
        let is_there = move |path: &str| self.root.join(path).canonicalize().is_ok_and(|file| below(&file));
        let is_done = |path: &str| self.progress.as_ref().is_none_or(|progress| progress.rewritten.contains(path));
        let files = self.plan.files.iter().filter(move |file| is_done(&file.path) && is_there(&file.path));
        files.flat_map(|file| file.places.iter().map(|place| ((visible(file.path.as_bytes()), place.line), place.reference.parse())))
    }
}

/// Looks for the values of plans, and lists where they are left.
fn left(args: &CheckArgs, migrated: &[Migrated], stores: &Stores<'_>, environment: &Environment) -> Result<Exit, Failure> {
    if migrated.is_empty() {
        let text = "no migration is on record here, so that no values were looked for; --plan PLAN says which\n";
        return output::to_stdout(|out| out.write_all(text.as_bytes())).map(|()| Exit::Clean);
    }
    let mut wanted: Vec<(Reference, Reference)> = migrated.iter().flat_map(Migrated::leaked).collect();
    wanted.sort();
    wanted.dedup();
    let asked: Vec<Reference> = wanted.iter().map(|(_, asked)| asked.clone()).collect();
    let (mut names, mut values, mut short) = (Vec::new(), Vec::new(), 0_usize);
    let mut said = Said { is_whole: true, ..Said::default() };
    for ((shown, _), value) in wanted.iter().zip(run_cmd::values(&asked, stores)) {
        match value {
            Ok(value) if value.len() < known::SHORTEST => short += 1,
            Ok(value) => {
                names.push(shown);
                values.push(value);
            }
            Err(error) => {
                let why = visible(error.to_string().as_bytes());
                said.missed(&format!("{shown}: not looked for, since the store does not give the value: {why}"));
            }
        }
    }
    for path in &args.paths {
        let found = known::search(&values, path, &environment.git, LOOKERS).map_err(|error| Failure::new(&error))?;
        let checkout = Checkout::around(path).map_err(|error| Failure::new(&error))?;
        said.left(&found, checkout.as_ref(), &names);
    }
    let Said { mut text, places, is_whole, is_in_history } = said;
    let _ = writeln!(text, "{} moved values looked for, {places} places hold one", values.len());
    if short > 0 {
        let _ = writeln!(text, "{short} are too short to be told from other text");
    }
    if is_in_history {
        text += IN_HISTORY;
    } else if places > 0 {
        text += "rewrite these places, then rotate the values\n";
    }
    output::to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(if places > 0 {
        Exit::Findings
    } else if is_whole {
        Exit::Clean
    } else {
        Exit::Incomplete
    })
}

/// What is said of values that are left.
#[derive(Default)]
struct Said {
    text: String,
    /// Places of this repository that hold one.
    places: usize,
    /// Whether everything was looked at, and nothing is left that is somebody else's.
    is_whole: bool,
    is_in_history: bool,
}

impl Said {
    /// A line about something that nothing is known of.
    fn missed(&mut self, line: &str) {
        self.is_whole = false;
        let _ = writeln!(self.text, "{line}");
    }

    /// Where the values of these `names` were found.
    fn left(&mut self, found: &known::Search, checkout: Option<&Checkout>, names: &[&Reference]) {
        let others = Nested::above(checkout, found.files());
        for (value, place) in &found.left {
            let name = names[*value];
            let place = match place {
                Left::File(path) => match others.around(path.as_str().into()) {
                    Some(other) => {
                        let other = visible(other);
                        self.missed(&format!(
                            "{path}: the value of {name} is left in a repository of its own; run `unleak check` in {other}"
                        ));
                        continue;
                    }
                    None => path.clone(),
                },
                Left::Object(kind, id) => {
                    self.is_in_history = true;
                    format!("{kind} {id} of the repository")
                }
            };
            self.places += 1;
            let _ = writeln!(self.text, "{place}: the value of {name} is left");
        }
        for path in &found.unread {
            self.missed(&format!("{}: not read", visible(path.as_bytes())));
        }
    }
}

fn resolve(args: &CheckArgs, migrated: &[Migrated], stores: &Stores<'_>) -> Result<Exit, Failure> {
    let (mut found, unread) = references(args)?;
    let of_plans: Vec<Place> = migrated.iter().flat_map(|migrated| migrated.places(&args.paths)).collect();
    // Where the file shows what it refers to, its line of now is the one to tell.
    let is_seen = |(place, parsed): &Place| found.iter().any(|((path, _), seen)| *path == place.0 && seen == parsed);
    let unseen: Vec<Place> = of_plans.into_iter().filter(|place| !is_seen(place)).collect();
    found.extend(unseen);
    let mut distinct: Vec<Reference> = found.values().filter_map(|parsed| parsed.as_ref().ok().cloned()).collect();
    distinct.sort();
    distinct.dedup();
    let values = run_cmd::values(&distinct, stores);
    let wrong: BTreeMap<&Reference, String> =
        distinct.iter().zip(values).filter_map(|(reference, value)| Some((reference, value.err()?.to_string()))).collect();
    let (mut text, mut broken) = (String::new(), 0_usize);
    for ((path, line), parsed) in &found {
        let error = match parsed {
            Err(error) => error.to_string(),
            Ok(reference) => match wrong.get(reference) {
                Some(error) => format!("{reference}: {error}"),
                None => continue,
            },
        };
        broken += 1;
        let _ = writeln!(text, "{path}:{line}: {}", visible(error.as_bytes()));
    }
    for path in &unread {
        let _ = writeln!(text, "{path}: not read");
    }
    let _ = writeln!(text, "{} references to {} values, {broken} do not resolve", found.len(), distinct.len());
    output::to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(match (broken, unread.is_empty()) {
        (0, true) => Exit::Clean,
        (0, false) => Exit::Incomplete,
        _ => Exit::Findings,
    })
}

/// The references of all files, and the files that were not read.
fn references(args: &CheckArgs) -> Result<(Found, Vec<String>), Failure> {
    let found = Mutex::new((Found::new(), Vec::new()));
    let settings = TreeSettings { no_ignore: true, exclude: Vec::new(), roots: args.paths.clone() };
    let listing = tree::walk(&settings, &|origin: Origin, place: tree::Place<'_>| {
        let path = visible(origin.path());
        let mut bytes = Vec::new();
        let read = place.open().and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(_) => {
                let native = reference::native::find_all(&bytes).map(|(span, reference)| (span, Ok(reference)));
                found.0.extend(native.chain(reference::find_all(&bytes)).map(|(span, parsed)| {
                    let line = 1 + bytes[..span.start].find_iter(b"\n").count();
                    ((path.clone(), line), parsed)
                }));
            }
            Err(_) => found.1.push(path),
        }
    })
    .map_err(|error| Failure::new(&error))?;
    let (found, mut unread) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    unread.extend(listing.coverage.problems.iter().map(|problem| visible(problem.path.as_bytes())));
    unread.sort();
    Ok((found, unread))
}
