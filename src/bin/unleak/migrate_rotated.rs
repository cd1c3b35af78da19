//! `unleak migrate rotated`, and where old values still stand. Owns: the searches before a value may be called rotated. Must not: rotate
//! anything, or print a value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use rayon::prelude::*;
use unleak::blob::visible;
use unleak::finding::Report;
use unleak::fsx::Unwatched;
use unleak::migrate::journal::{Event, Journal, Progress, StoredSecret};
use unleak::migrate::nested::Nested;
use unleak::migrate::plan::{ManualPlace, Plan, PlannedSecret};
use unleak::migrate::remains;
use unleak::scan::known::{self, Left};
use unleak::settings::TreeSettings;
use unleak::store::SecretStore;

use crate::config::Config;
use crate::failure::{Exit, Failure, note};
use crate::migrate_cmd::{Caller, NOT_OURS, Site, pending, scan};
use crate::{migrate_show, output};

/// Places by the name of the secret whose old value they hold.
pub type Places = BTreeMap<String, BTreeSet<String>>;

/// Notes secrets as rotated, unless a place still uses the old value: it would stop working, or hold what is said to be gone.
///
/// # Errors
/// A name that was not migrated, places that are left and no reason to go on, a journal that cannot be written.
pub fn rotated(names: &[String], despite: Option<&str>, root: Option<&Path>, by: Caller<'_>) -> Result<Exit, Failure> {
    let site = Site::at(root, by.environment)?;
    let all = site.plans()?;
    let mut plans: BTreeMap<&str, (&Plan, &Progress, Vec<&str>)> = BTreeMap::new();
    for name in names {
        let holder = all.iter().rfind(|(_, progress)| progress.stored.contains_key(name));
        let (plan, progress) = holder.ok_or_else(|| Failure::new(&format!("{name} was not migrated here")))?;
        plans.entry(&plan.id).or_insert((plan, progress, Vec::new())).2.push(name);
    }
    let config = by.access.config(&site.root)?;
    let report = tree(&site, &config, by)?;
    let mut left = Places::new();
    for (plan, progress, names) in plans.values() {
        let store = by.open(&config, plan)?;
        left.append(&mut places(plan, progress, names, &Search { site: &site, store: store.as_ref(), report: &report, exclude: &[] })?);
    }
    if !left.is_empty() {
        match despite {
            None => return Err(refusal(&left)),
            Some(reason) if reason.trim().is_empty() => return Err(Failure::new(&"--despite needs a reason")),
            Some(_) => {}
        }
    }
    for (plan, _, names) in plans.into_values() {
        let mut journal = Journal::open(&site.home, plan, &Unwatched).map_err(|error| Failure::new(&error))?;
        for secret in names {
            let despite = despite.filter(|_| left.contains_key(secret)).map(str::to_owned);
            journal.record(Event::Rotated { secret: secret.to_owned(), despite }).map_err(|error| Failure::new(&error))?;
        }
    }
    let plans = site.plans()?;
    output::to_stdout(|out| migrate_show::status(&plans, out))?;
    Ok(pending(plans.iter().map(|(_, progress)| progress)))
}

fn refusal(left: &Places) -> Failure {
    let mut error = "places still use the old value; when it is revoked they stop working:".to_owned();
    for (name, places) in left {
        let _ = write!(error, "\n  {name}");
        for place in places {
            let _ = write!(error, "\n    {place}");
        }
    }
    Failure { exit: Exit::Refused, ..Failure::new(&error) }
        .hint("rewrite them first; `unleak migrate resume` does those that wait, the plan says what to do by hand")
        .hint("--despite REASON says so all the same; the reason is kept in the journal")
}

/// What a scan finds in the whole tree.
///
/// # Errors
/// The tree cannot be read.
pub fn tree(site: &Site, config: &Config, by: Caller<'_>) -> Result<Report, Failure> {
    let settings = TreeSettings { no_ignore: true, exclude: config.exclude.clone(), roots: vec![site.root.clone()] };
    let mut report = scan(config, &settings, by)?;
    // What is another repository's is told by a check there.
    let paths = report.findings.iter().flat_map(|finding| finding.places.iter().map(|place| place.origin.path()));
    let others = Nested::above(site.checkout.as_ref(), paths);
    let _ = others.left_out(&mut report);
    Ok(report)
}

/// Where places are looked for.
pub struct Search<'a> {
    /// The tree.
    pub site: &'a Site,
    /// What has the values.
    pub store: &'a dyn SecretStore,
    /// What a scan found.
    pub report: &'a Report,
    /// What is not looked at.
    pub exclude: &'a [String],
}

/// Where the old values of these secrets stand: files that the migration did not come to, what a scan of the tree found, and, as long as the store
/// has that version, every spelling of it.
///
/// # Errors
/// The tree cannot be read.
pub fn places(plan: &Plan, progress: &Progress, names: &[&str], by: &Search<'_>) -> Result<Places, Failure> {
    let &Search { site, store, report, exclude } = by;
    let wanted = |secret: &&PlannedSecret| names.contains(&secret.name.as_str());
    let secrets: Vec<(&PlannedSecret, &StoredSecret)> =
        plan.secrets.iter().filter(wanted).filter_map(|secret| Some((secret, progress.stored.get(&secret.name)?))).collect();
    let mut left = Places::new();
    let mut add = |name: &str, place: String| left.entry(name.to_owned()).or_default().insert(place);
    for (secret, _) in &secrets {
        for path in remains::unwritten(plan, progress, &secret.name) {
            add(&secret.name, format!("{}: it is not rewritten yet", visible(path.as_bytes())));
        }
    }
    let mut seen = BTreeSet::new();
    for (secret, _) in &secrets {
        for (path, line) in found(report, secret) {
            add(&secret.name, format!("{path}:{line}: {}", by_hand(plan, secret, &path)));
            seen.insert((secret.name.as_str(), path));
        }
    }
    let (mut owners, mut values) = (Vec::new(), Vec::new());
    let read = |(secret, stored): &(&PlannedSecret, &StoredSecret)| remains::leaked(plan, secret, stored, store);
    let read: Vec<_> = secrets.par_iter().map(read).collect();
    for ((secret, _), read) in secrets.iter().zip(read) {
        match read {
            Ok(parts) => {
                for value in parts.into_iter().filter(|value| value.len() >= known::SHORTEST) {
                    owners.push(secret.name.as_str());
                    values.push(value);
                }
            }
            Err(error) => note(&format!("only what a scan finds is looked for, because the old value cannot be read: {error}")),
        }
    }
    let search = known::search_files(&values, &site.root, exclude).map_err(|error| Failure::new(&error))?;
    let others = Nested::above(site.checkout.as_ref(), search.files());
    for (value, place) in search.left {
        let Left::File(path) = place else { continue };
        if others.around(path.as_str().into()).is_some() || seen.contains(&(owners[value], path.clone())) {
            continue;
        }
        let of_secret = |place: &&ManualPlace| {
            place.path == path && plan.secret(owners[value]).is_some_and(|secret| secret.findings.contains(&place.finding))
        };
        let mut is_planned = false;
        for place in plan.manual.iter().filter(of_secret) {
            is_planned = true;
            add(owners[value], format!("{path}:{}: {}; {}", place.line, place.reason, place.advice));
        }
        if !is_planned {
            add(owners[value], format!("{path}: the value stands there still, maybe in another spelling"));
        }
    }
    search.unread.iter().for_each(|path| note(&format!("{}: not read", visible(path.as_bytes()))));
    Ok(left)
}

/// Places where a scan finds values of the secret.
fn found(report: &Report, secret: &PlannedSecret) -> Vec<(String, u64)> {
    let findings = report.findings.iter().filter(|finding| secret.findings.contains(&finding.fingerprint.to_string()));
    let places = findings.flat_map(|finding| &finding.places);
    places.map(|place| (visible(place.origin.path()), place.start.line)).collect()
}

/// What the plan says about a place that it leaves to people.
fn by_hand(plan: &Plan, secret: &PlannedSecret, path: &str) -> String {
    let manual = plan.manual.iter().find(|place| place.path == path && secret.findings.contains(&place.finding));
    manual.map_or_else(|| "the value stands there still".to_owned(), |place| format!("{}; {}", place.reason, place.advice))
}

/// Places of the tree that hold a value which was migrated: what a scan of the rewritten files finds, and every spelling in the files that were planned for.
///
/// # Errors
/// They cannot be read.
pub fn still_there(
    plan: &Plan,
    progress: &Progress,
    site: &Site,
    store: &dyn SecretStore,
    config: &Config,
    by: Caller<'_>,
) -> Result<Vec<String>, Failure> {
    let roots = plan.files.iter().map(|file| site.root.join(&file.path)).collect();
    let report = scan(&Config::default(), &TreeSettings { no_ignore: true, exclude: Vec::new(), roots }, by)?;
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    let exclude: Vec<String> = config.exclude.iter().cloned().chain(NOT_OURS.map(str::to_owned)).collect();
    let left = places(plan, progress, &names, &Search { site, store, report: &report, exclude: &exclude })?;
    Ok(left.into_iter().flat_map(|(name, places)| places.into_iter().map(move |place| format!("{name}: {place}"))).collect())
}
