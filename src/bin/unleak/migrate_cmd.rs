//! `unleak migrate`. Owns: turning options, configuration and policy into a plan and a run, and outcomes into exit codes.
//! Must not: word plans, or know stores.

use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use bstr::BString;
use sha2::{Digest, Sha256};
use unleak::finding::{Level, Report};
use unleak::fsx::{self, Unwatched};
use unleak::migrate::apply::Run;
use unleak::migrate::journal::{self, Phase, Progress};
use unleak::migrate::make::{self, Ground, Options};
use unleak::migrate::nested::Nested;
use unleak::migrate::plan::{Existing, Plan, SCHEMA};
use unleak::migrate::{ApplyError, RECOVERY_DAYS, backup, name, owners, permissions, undo};
use unleak::reference::Backend;
use unleak::scan::Scanner;
use unleak::settings::{Settings, TreeSettings};
use unleak::source::git::checkout::Checkout;
use unleak::store::SecretStore;
use unleak::suppress;

use crate::config::Config;
use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::ground::FileArgs;
use crate::migrate_args::{ApplyOptions, EmitName, GrantName, MigrateArgs, MigrateCommand, PlanArgs, StoreName, joining};
use crate::migrate_failure::{apply_failure, begun_failure, denied_failure, make_failure, store_failure, undo_failure, unfinished_failure};
use crate::progress::Line;
use crate::stores::{StoreOptions, Stores};
use crate::{baseline_file, migrate_audit, migrate_rotated, migrate_show, output, patterns_cmd, stores};

/// Tags that every plan sets itself.
const OWN_TAGS: [&str; 6] = ["application", "environment", "managed-by", "unleak:pattern", "unleak:plan", "unleak:source"];

/// What others made and tools make again: it is not rewritten.
pub const NOT_OURS: [&str; 12] = [
    "node_modules/",
    "vendor/",
    "third_party/",
    "target/",
    ".venv/",
    "venv/",
    "site-packages/",
    "__pycache__/",
    "*.min.js",
    "*.map",
    "*.lock",
    "package-lock.json",
];

/// Runs the command.
///
/// # Errors
/// What [`MigrateCommand`] says of exit codes.
pub fn run(args: &MigrateArgs, quiet: bool, environment: &Environment) -> Result<Exit, Failure> {
    stores::keep_out_of_dumps();
    let by = Caller { quiet, environment, access: &args.access };
    match &args.command {
        None => whole(&args.plan, &args.apply, by),
        Some(MigrateCommand::Plan { plan, output, emit }) => write_plan(plan, output.as_deref(), *emit, by),
        Some(MigrateCommand::Apply { plan, dry_run, apply }) => {
            let text = std::fs::read(plan).map_err(|error| Failure::with_file("read", plan, &error))?;
            let plan = Plan::read(&text).map_err(|error| Failure::with_file("use", plan, &error))?;
            let site = Site::at(Some(apply.root.as_deref().unwrap_or(Path::new(&plan.root))), environment)?;
            let config = args.access.config(&site.root)?;
            config.migrate.holds_for(&plan)?;
            apply_plan(&plan, &site, &config, apply, *dry_run, by)
        }
        Some(MigrateCommand::Resume { apply }) => {
            let site = Site::at(apply.root.as_deref(), environment)?;
            let unfinished = |progress: &Progress| matches!(progress.phase, Phase::Applying | Phase::Planned);
            let (plan, _) = site.last(unfinished, "nothing was begun that is not finished")?;
            apply_plan(&plan, &site, &args.access.config(&site.root)?, apply, false, by)
        }
        Some(MigrateCommand::Undo { plan, yes, recovery_days, root }) => {
            take_back(plan.as_deref(), *yes, *recovery_days, root.as_deref(), by)
        }
        Some(MigrateCommand::Status { root }) => {
            let plans = Site::at(root.as_deref(), environment)?.plans()?;
            output::to_stdout(|out| migrate_show::status(&plans, out))?;
            let phase = |wanted: &[Phase]| plans.iter().any(|(_, progress)| wanted.contains(&progress.phase));
            Ok(if phase(&[Phase::Applying, Phase::Undoing]) {
                Exit::Unfinished
            } else {
                pending(plans.iter().map(|(_, progress)| progress))
            })
        }
        Some(MigrateCommand::Audit { days, root }) => migrate_audit::audit(*days, root.as_deref(), by),
        Some(MigrateCommand::Policies { output, reader_role, policy, emit, root }) => {
            migrate_audit::policies(output, reader_role, policy.map(GrantName::grant), *emit, root.as_deref(), by)
        }
        Some(MigrateCommand::Rotated { names, despite, root }) => migrate_rotated::rotated(names, despite.as_deref(), root.as_deref(), by),
        Some(MigrateCommand::Schema) => output::to_stdout(|out| out.write_all(SCHEMA.as_bytes())).map(|()| Exit::Clean),
    }
}

/// Who asks for a migration, and how.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    quiet: bool,
    /// The environment.
    pub environment: &'a Environment,
    /// How stores are asked.
    pub access: &'a StoreOptions,
}

impl Caller<'_> {
    /// Opens the store of a plan, by the configuration of its tree.
    ///
    /// # Errors
    /// It cannot be used, or is in another region than was asked for.
    pub fn open(&self, config: &Config, plan: &Plan) -> Result<Box<dyn SecretStore>, Failure> {
        let region = region_of(plan);
        if let Some(given) = self.access.region().filter(|given| region.is_some_and(|region| region != *given)) {
            let error = format!("the plan is for {}, not for region {given}", plan.store.identity);
            return Err(Failure { exit: Exit::Refused, ..Failure::new(&error) });
        }
        Stores::new(self.access, config, self.environment).open(plan.store.backend, region)
    }
}

/// Where something is migrated.
pub struct Site {
    /// The directory that paths are below.
    pub root: PathBuf,
    /// The work tree, where it is one.
    pub checkout: Option<Checkout>,
    /// Where journals are.
    pub home: PathBuf,
}

impl Site {
    /// The work tree around `path`, or the directory itself.
    ///
    /// # Errors
    /// There is none, or its repository cannot be read.
    pub fn at(path: Option<&Path>, environment: &Environment) -> Result<Self, Failure> {
        let path = path.unwrap_or(Path::new("."));
        let checkout = Checkout::around(path).map_err(|error| Failure::new(&error))?;
        let root = match &checkout {
            Some(checkout) => checkout.root().to_owned(),
            None => path.canonicalize().map_err(|error| Failure::with_file("find", path, &error))?,
        };
        if !root.is_dir() {
            return Err(Failure::with_file("migrate", path, &"it is not a directory"));
        }
        let home = if let Some(checkout) = &checkout {
            checkout.git_dir().join("unleak")
        } else {
            let state = environment.state_home.as_ref().ok_or_else(|| Failure::new(&"there is no HOME to keep the journal in"))?;
            let name = data_encoding::HEXLOWER.encode(&Sha256::digest(root.as_os_str().as_encoded_bytes())[..8]);
            state.join("unleak").join(name)
        };
        Ok(Self { root, checkout, home })
    }

    /// All plans that something was done about.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn plans(&self) -> Result<Vec<(Plan, Progress)>, Failure> {
        journal::all(&self.home).map_err(|error| Failure::new(&error))
    }

    /// Whether something of this plan was done that can be gone on with, or taken back.
    fn is_begun(&self, plan: &Plan) -> Result<bool, Failure> {
        let is_under_way = |progress: &Progress| matches!(progress.phase, Phase::Applying | Phase::Undoing);
        Ok(self.plans()?.iter().any(|(known, progress)| known.id == plan.id && is_under_way(progress)))
    }

    /// The last plan that something was done about and that is as wanted.
    ///
    /// # Errors
    /// There is none.
    pub fn last(&self, wanted: impl Fn(&Progress) -> bool, none: &str) -> Result<(Plan, Progress), Failure> {
        let touched =
            |plan: &Plan| std::fs::metadata(self.home.join(&plan.id).join("journal.jsonl")).and_then(|metadata| metadata.modified()).ok();
        let plans = self.plans()?.into_iter().filter(|(_, progress)| wanted(progress));
        plans.max_by_key(|(plan, _)| touched(plan)).ok_or_else(|| Failure::new(&none))
    }
}

/// The region of a plan for a store of AWS: its identity is `ACCOUNT REGION`.
pub fn region_of(plan: &Plan) -> Option<&str> {
    plan.store.identity.split_once(' ').filter(|_| matches!(plan.store.backend, Backend::Aws | Backend::Ssm)).map(|(_, region)| region)
}

/// The exit code of migrations that are done.
pub fn pending<'p>(mut all: impl Iterator<Item = &'p Progress>) -> Exit {
    if all.any(|progress| !progress.rotation_pending().is_empty()) { Exit::RotationPending } else { Exit::Clean }
}

/// Plans, shows, asks, applies.
fn whole(args: &PlanArgs, apply: &ApplyOptions, by: Caller<'_>) -> Result<Exit, Failure> {
    let (plan, site, config) = make_plan(args, by)?;
    apply_plan(&plan, &site, &config, apply, false, by)
}

fn write_plan(args: &PlanArgs, to: Option<&Path>, emit: Option<EmitName>, by: Caller<'_>) -> Result<Exit, Failure> {
    let (plan, ..) = make_plan(args, by)?;
    if emit.is_some() && plan.store.backend != Backend::Aws {
        let store = plan.store.backend.title();
        let error = format_args!("--emit declares secrets of AWS Secrets Manager, and this plan puts them into {store}").to_string();
        return Err(Failure::new(&error).hint("give --store aws"));
    }
    if let Some(to) = to {
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        if parent.is_some_and(|parent| !parent.is_dir()) {
            return Err(Failure::with_file("write the plan", to, &"its directory does not exist"));
        }
        fsx::write_private(to, &plan.to_json()).map_err(|error| Failure::with_file("write the plan", to, &error))?;
    }
    if let Some(emit) = emit {
        let text = emit.emit().text(&plan, &Progress::default());
        output::to_stdout(|out| out.write_all(text.as_bytes()))?;
    } else if to.is_none() || !by.quiet {
        output::to_stdout(|out| migrate_show::plan(&plan, out))?;
    }
    Ok(Exit::Clean)
}

/// The plan, where it is for, and the configuration that it was made by.
fn make_plan(args: &PlanArgs, by: Caller<'_>) -> Result<(Plan, Site, Config), Failure> {
    let path = args.path.as_deref().unwrap_or(Path::new("."));
    let site = Site::at(Some(path), by.environment)?;
    let config = by.access.config(path)?;
    let region = by.access.region();
    config.migrate.leaves_open(args, region)?;
    let backend = args.store.map(StoreName::backend).or(config.store.kind).unwrap_or(Backend::Local);
    let store = Stores::new(by.access, &config, by.environment).open(backend, region.or(config.migrate.region.as_deref()))?;
    // What a plan lacks of it is told when the plan is made.
    let has_owners = owners::FILES.into_iter().any(|file| site.root.join(file).is_file());
    let known: Vec<&str> = OWN_TAGS.into_iter().chain(has_owners.then_some(make::OWNER_TAG)).collect();
    let options = options(args, &config, region, store.as_ref(), &known)?;
    let exclude: Vec<String> = config.exclude.iter().cloned().chain(own_key(&site, by.environment)).collect();
    let all = TreeSettings { no_ignore: false, exclude, roots: vec![path.to_owned()] };
    let ours = all.exclude.iter().cloned().chain(NOT_OURS.map(str::to_owned)).collect();
    let tree = TreeSettings { no_ignore: true, exclude: ours, ..all.clone() };
    let mut report = scan(&config, &tree, by)?;
    if !args.no_baseline && !by.access.no_config {
        // What is hidden stays in the report: the plan must not hold its value either.
        if let Some(baseline) = baseline_file::in_use(&FileArgs::default(), &config, path)? {
            baseline.note(&mut report.findings);
        }
    }
    let (mut paths, mut not_ours) = (paths(&tree)?, paths(&all)?);
    let nested = Nested::above(site.checkout.as_ref(), not_ours.iter().map(AsRef::as_ref));
    let elsewhere = nested.left_out(&mut report);
    paths.retain(|path| nested.around(path.as_ref()).is_none());
    let known: BTreeSet<&BString> = paths.iter().collect();
    not_ours.retain(|path| !known.contains(path) && nested.around(path.as_ref()).is_none());
    let ground = Ground { report: &report, root: site.root.clone(), checkout: site.checkout.as_ref(), paths, not_ours };
    let mut plan = make::make(&ground, &options).map_err(make_failure)?;
    plan.warnings.extend(elsewhere);
    config.migrate.holds_for(&plan)?;
    Ok((plan, site, config))
}

/// The paths of all files.
fn paths(tree: &TreeSettings) -> Result<Vec<BString>, Failure> {
    let listing = unleak::source::tree::list(tree).map_err(|error| Failure::new(&error))?;
    Ok(listing.files.iter().map(|file| file.origin.path().to_owned()).collect())
}

/// The key of the local store, where it is in the tree: what opens the store cannot be kept there.
fn own_key(site: &Site, environment: &Environment) -> Option<String> {
    let file = stores::identity_file(environment)?.canonicalize().ok()?;
    let relative = file.strip_prefix(site.root.canonicalize().ok()?).ok()?.to_str()?;
    let plain = |character: char| if "*?[]\\!# ".contains(character) { format!("\\{character}") } else { character.to_string() };
    Some(format!("/{}", relative.chars().map(plain).collect::<String>()))
}

/// The findings, files that git ignores too: that is where `.env` is.
///
/// # Errors
/// The tree cannot be read.
pub fn scan(config: &Config, tree: &TreeSettings, by: Caller<'_>) -> Result<Report, Failure> {
    let mut catalogue = patterns_cmd::catalogue(config.patterns.iter())?;
    for (ids, enabled) in [(&config.enable, true), (&config.disable, false)] {
        for id in ids {
            catalogue.set_enabled(id, enabled).map_err(|error| patterns_cmd::unknown(&catalogue, id, &error))?;
        }
    }
    let settings = Settings { min_confidence: config.min_confidence.unwrap_or(Level::Medium), ..Settings::default() };
    let scanner = Scanner::new(catalogue, settings);
    let mut report = scanner.tree(tree, &Line::new(by.quiet, by.environment)).map_err(|error| Failure::new(&error))?;
    suppress::allow::apply(&config.allow, &mut report);
    Ok(report)
}

fn options(args: &PlanArgs, config: &Config, region: Option<&str>, store: &dyn SecretStore, known: &[&str]) -> Result<Options, Failure> {
    let policy = &config.migrate;
    let tags = policy.tags(args, known)?;
    let template = args.name_template.clone().or_else(|| policy.name_template.clone()).unwrap_or_else(|| name::TEMPLATE.to_owned());
    Ok(Options {
        backend: store.backend(),
        identity: store.identity().map_err(store_failure)?,
        region: region.map(str::to_owned).or_else(|| policy.region.clone()),
        template,
        root: store.root(),
        prefix: policy.prefix.clone().unwrap_or_default(),
        environment: args.env.clone(),
        application: args.app.clone(),
        style: args.style.style(),
        split_url: args.split_url,
        joining: joining(&args.group, args.mix_rotation),
        kms_key: args.kms_key.clone().or_else(|| policy.kms_key.clone()),
        replica_regions: if args.replica_region.is_empty() { policy.replica_regions.clone() } else { args.replica_region.clone() },
        prices: policy.prices,
        tags,
        external_type: args.external_type.clone(),
        readers: args.reader_role.clone(),
        standing_readers: policy.reader_roles.clone(),
        existing: if args.new_version { Existing::NewVersion } else { Existing::Refuse },
        only: args.from.as_ref().map_or_else(|| Ok(args.finding.clone()), |report| fingerprints(report))?,
        include: args.include.iter().cloned().collect::<BTreeSet<String>>(),
        include_tests: args.include_tests,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Fingerprints in a JSON report.
fn fingerprints(report: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read(report).map_err(|error| Failure::with_file("read", report, &error))?;
    let no_report = |detail: &str| Failure::with_file("use", report, &format!("it is no JSON report of unleak: {detail}"));
    let document: serde_json::Value = serde_json::from_slice(&text).map_err(|_| no_report("it is no JSON"))?;
    let findings = document["findings"].as_array().ok_or_else(|| no_report("it has no findings"))?;
    let all: Option<Vec<String>> = findings.iter().map(|finding| finding["fingerprint"].as_str().map(str::to_owned)).collect();
    all.filter(|all| !all.is_empty()).ok_or_else(|| no_report("it has no fingerprints"))
}

fn apply_plan(plan: &Plan, site: &Site, config: &Config, options: &ApplyOptions, dry_run: bool, by: Caller<'_>) -> Result<Exit, Failure> {
    if plan.secrets.is_empty() {
        output::to_stdout(|out| migrate_show::plan(plan, out))?;
        return Ok(Exit::Clean);
    }
    for recipient in &options.backup {
        backup::check(recipient).map_err(|error| Failure::new(&format_args!("--backup {recipient}: {error}")))?;
    }
    if let Some(account) = &options.expect_account
        && plan.store.identity.split(' ').next() != Some(account)
    {
        let error = format!("the plan is for {}, not for account {account}", plan.store.identity);
        return Err(Failure { exit: Exit::Refused, ..Failure::new(&error) });
    }
    let mut store = by.open(config, plan)?;
    if options.check {
        return check(plan, store.as_ref());
    }
    if dry_run {
        output::to_stdout(|out| migrate_show::plan(plan, out))?;
        run_of(plan, site, store.as_ref(), options).check(&Progress::default()).map_err(apply_failure)?;
        return Ok(Exit::Clean);
    }
    if !options.yes {
        output::to_stdout(|out| migrate_show::plan(plan, out))?;
        ask("Store these secrets and rewrite these files?")?;
    }
    if stores::make_key_if_new(plan.store.backend, by.environment)? {
        store = by.open(config, plan)?;
    }
    match run_of(plan, site, store.as_ref(), options).apply() {
        Err(ApplyError::Unfinished(unfinished)) => {
            output::to_stdout(|out| migrate_show::unfinished(plan, &unfinished, out))?;
            return Err(unfinished_failure(plan, &unfinished));
        }
        Err(error) if site.is_begun(plan)? => return Err(begun_failure(error)),
        applied => drop(applied.map_err(apply_failure)?),
    }
    let (_, progress) = site.last(|_| true, "the journal is gone")?;
    let left = migrate_rotated::still_there(plan, &progress, site, store.as_ref(), config, by)?;
    output::to_stdout(|out| migrate_show::applied(plan, &progress, &left, out))?;
    Ok(pending(std::iter::once(&progress)))
}

fn run_of<'a>(plan: &'a Plan, site: &'a Site, store: &'a dyn SecretStore, options: &'a ApplyOptions) -> Run<'a> {
    let (allow_dirty, backup) = (options.allow_dirty, options.backup.as_slice());
    Run {
        plan,
        root: &site.root,
        checkout: site.checkout.as_ref(),
        store,
        home: &site.home,
        allow_dirty,
        backup,
        recovery_days: RECOVERY_DAYS,
        steps: &Unwatched,
    }
}

/// Asks for permissions, and does nothing else.
fn check(plan: &Plan, store: &dyn SecretStore) -> Result<Exit, Failure> {
    let checked = permissions::check(plan, store).map_err(apply_failure)?;
    output::to_stdout(|out| migrate_show::permissions(plan, &checked, out))?;
    if checked.missing.is_empty() { Ok(Exit::Clean) } else { Err(denied_failure(&checked)) }
}

/// Asks a person; without one nothing is done.
fn ask(question: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(&"nobody is there to be asked").hint("--yes goes on without a question"));
    }
    let mut stderr = io::stderr().lock();
    // A terminal that is gone gives no answer either.
    let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure { exit: Exit::Refused, ..Failure::new(&"nothing was done") })
    }
}

fn take_back(id: Option<&str>, yes: bool, recovery_days: u8, root: Option<&Path>, by: Caller<'_>) -> Result<Exit, Failure> {
    let site = Site::at(root, by.environment)?;
    let wanted = |progress: &Progress| matches!(progress.phase, Phase::Applying | Phase::Applied | Phase::Undoing);
    let plan = match id {
        Some(id) => {
            site.plans()?
                .into_iter()
                .find(|(plan, _)| plan.id.starts_with(id))
                .ok_or_else(|| Failure::new(&format!("there is no plan {id} here")))?
                .0
        }
        None => site.last(wanted, "there is nothing to undo")?.0,
    };
    if !yes {
        let files = migrate_show::count(plan.files.len(), "file");
        ask(&format!("Restore {files} and take {} back?", migrate_show::count(plan.secrets.len(), "secret")))?;
    }
    let store = by.open(&by.access.config(&site.root)?, &plan)?;
    let run = Run {
        plan: &plan,
        root: &site.root,
        checkout: site.checkout.as_ref(),
        store: store.as_ref(),
        home: &site.home,
        allow_dirty: true,
        backup: &[],
        recovery_days,
        steps: &Unwatched,
    };
    let undone = undo::undo(&run).map_err(undo_failure)?;
    output::to_stdout(|out| migrate_show::undone(&undone, out))?;
    Ok(Exit::Clean)
}
