//! Making a plan from findings. Owns: the order of choices: what is migrated, which values are one secret, names, edits. Must not: write
//! files or ask a store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bstr::BString;

use super::consumer;
use super::files::{self, Named};
use super::filters::Filters;
use super::group::{self, Group};
use super::inventory::{self, DiskTree, Inventory};
use super::joining::{self, Joining, is_database};
use super::key::PlanKey;
use super::known::Known;
use super::owners::Owners;
use super::plan::{Existing, ManualPlace, Member, Plan, PlannedPlace, PlannedSecret, PlannedStore, VERSION};
use super::reader::{self, Reader};
use super::{advice, also, chosen, cost, external, name, own_readers, shared, unset};
use crate::blob::visible;
use crate::finding::{Finding, Problem, Report};
use crate::patterns::Pattern;
use crate::reference::{Backend, Reference};
use crate::rewrite::{ASKED_AGAIN, Strategy, Style, format};
use crate::source::git::checkout::Checkout;
use crate::store::{Action, limits, names};

/// Calls that a consumer makes to the store for each secret in a month, for the estimate.
const CALLS_A_MONTH: u64 = 1_000;
/// Secrets of an account and region, at most: AWS's quota.
const MOST_SECRETS: usize = 500_000;

/// The tag with who owns the file that a secret was in.
pub const OWNER_TAG: &str = "owner";

/// Kinds of values of one secret that are told.
const MOST_SAID: usize = 5;

/// What people choose about a plan.
#[derive(Debug, Clone)]
pub struct Options {
    /// The store.
    pub backend: Backend,
    /// Account and region, or file.
    pub identity: String,
    /// Region to write into references; none: that of the environment.
    pub region: Option<String>,
    /// Template of names.
    pub template: String,
    /// What every name of the store starts with: [`crate::store::SecretStore::root`].
    pub root: String,
    /// What comes before every other part of a name; from the organisation's policy.
    pub prefix: String,
    /// Environment; none: what the paths say.
    pub environment: Option<String>,
    /// Application; none: the repository's name.
    pub application: Option<String>,
    /// Form of references.
    pub style: Style,
    /// Whether connection strings are stored as fields too.
    pub split_url: bool,
    /// What is put together to one secret.
    pub joining: Joining,
    /// KMS key.
    pub kms_key: Option<String>,
    /// Regions with a replica.
    pub replica_regions: Vec<String>,
    /// Prices for the estimate.
    pub prices: cost::OwnPrices,
    /// Tags of all secrets.
    pub tags: BTreeMap<String, String>,
    /// Type of managed external secret of all secrets.
    pub external_type: Option<String>,
    /// Who reads the secrets, or some of them.
    pub readers: Vec<Reader>,
    /// Who reads secrets besides, wherever a plan has any of theirs; from the organisation's policy.
    pub standing_readers: Vec<Reader>,
    /// What to do with a secret of the same name and another value.
    pub existing: Existing,
    /// Starts of fingerprints; none: all findings.
    pub only: Vec<String>,
    /// Patterns that are migrated although the advice is another.
    pub include: BTreeSet<String>,
    /// Whether values that stand in tests and examples only are migrated.
    pub include_tests: bool,
    /// Version of the program.
    pub tool: String,
}

/// What a plan is made from.
pub struct Ground<'a> {
    /// The findings, with their values.
    pub report: &'a Report,
    /// The directory that their paths are below.
    pub root: PathBuf,
    /// The work tree, where it is one.
    pub checkout: Option<&'a Checkout>,
    /// All files of the tree, for rewriters.
    pub paths: Vec<BString>,
    /// Files of the tree that others made, or tools make again: they are not rewritten.
    pub not_ours: Vec<BString>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// A fingerprint that no finding has.
    #[error("no finding has the fingerprint {0}")]
    NoFinding(String),
    /// A name that does not follow the rules.
    #[error("{0}")]
    Name(String),
    /// Fields or readers that the store has no secret for.
    #[error("{0}")]
    Unfit(String),
    /// The root is no text.
    #[error("the path of the tree is no UTF-8")]
    Root,
}

/// The plan.
///
/// # Errors
/// What was asked for does not exist or cannot be named.
pub fn make(ground: &Ground<'_>, options: &Options) -> Result<Plan, MakeError> {
    name::check_template(&options.template).map_err(MakeError::Name)?;
    fits(options).map_err(MakeError::Unfit)?;
    let key = PlanKey::random();
    let mut left = Vec::new();
    let chosen = chosen::choose(&ground.report.findings, options, &mut left)?;
    let tree = DiskTree::new(ground.root.clone(), ground.paths.clone());
    let filters = Filters::of(&tree, ground.checkout);
    let also = also::places(&ground.root, &ground.paths, &chosen);
    let mut inventory = inventory::take(&ground.report.findings, &chosen, also, &ground.root, options.style, &tree, &filters);
    let mut manual = std::mem::take(&mut inventory.manual);
    manual.extend(inventory::not_ours(&ground.report.findings, also::places(&ground.root, &ground.not_ours, &chosen)));
    let external = options.external_type.as_deref().and_then(external::known);
    let groups = group::group(&inventory, options.split_url, external, options.style, &tree);
    if let Some(external) = external {
        groups.iter().try_for_each(|group| external::check_forms(external, group)).map_err(MakeError::Unfit)?;
    }
    let of_findings = joining::Ground { inventory: &inventory, findings: &ground.report.findings, tree: &tree };
    let groups = joining::join(groups, &options.joining, &of_findings)?;
    let named = names(&groups, &inventory, ground, options)?;
    let values: Vec<&[u8]> = ground.report.findings.iter().map(|finding| finding.secret.expose()).collect();
    let values = Known::new(&values);
    let mut work = files::Work {
        ground,
        inventory: &inventory,
        groups: &groups,
        named: &named,
        values: &values,
        key: &key,
        filters: &filters,
        manual,
    };
    let rewritten = work.rewrite(&tree);
    let mut manual = work.manual;
    manual.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    manual.dedup();
    let mut plan = Plan {
        consumers: consumer::all(&rewritten.files, &tree),
        warnings: warnings(&manual, options),
        files: rewritten.files,
        manual,
        left,
        todo: rewritten.todo,
        ..empty(ground, options, key)?
    };
    let used: BTreeSet<&String> = plan.files.iter().flat_map(|file| &file.secrets).collect();
    let secrets = groups.iter().zip(&named).filter(|(_, named)| used.contains(&named.reference.name));
    let owners = Owners::of(&tree);
    let tagged = |(group, named): (&Group, &Named)| {
        let mut secret = secret(group, named, &inventory, ground, options, &plan);
        let paths = group.spots.iter().map(|(spot, _)| inventory.files[inventory.spots[*spot].file].path.as_str());
        if let Some(owner) = owner(&owners, paths).filter(|owner| values.spans(owner.as_bytes()).is_empty()) {
            secret.tags.entry(OWNER_TAG.to_owned()).or_insert(owner);
        }
        secret
    };
    plan.secrets = secrets.map(tagged).collect();
    plan.secrets.sort_by(|a, b| a.name.cmp(&b.name));
    plan.secrets.iter().try_for_each(external::check).map_err(MakeError::Unfit)?;
    plan.readers.extend(standing(&plan, options));
    reader::check(&plan, &plan.readers).map_err(MakeError::Unfit)?;
    too_large(&groups, &named, &mut plan.warnings);
    let of_values = of_values(&groups, &named, &inventory, &plan);
    plan.warnings.extend(of_values);
    warn(&mut plan, ground, &tree);
    plan.todo.extend(unset::steps(&tree, &plan.secrets, &values));
    plan.cost = monthly(&plan, options);
    Ok(plan)
}

/// Warnings of the values that a plan stores: those that stand for several things, those that are others in another encoding.
fn of_values(groups: &[Group], named: &[Named], inventory: &Inventory, plan: &Plan) -> Vec<String> {
    let planned = groups.iter().zip(named).filter(|(_, named)| plan.secret(&named.reference.name).is_some());
    let mut warnings = shared::warnings(planned.clone(), inventory);
    let parts = planned.flat_map(|(group, named)| group.parts.iter().map(|part| (named.reference.name.as_str(), &part.value)));
    warnings.extend(also::encodings(parts));
    warnings
}

/// A plan that does nothing.
fn empty(ground: &Ground<'_>, options: &Options, key: PlanKey) -> Result<Plan, MakeError> {
    Ok(Plan {
        version: VERSION,
        id: data_encoding::HEXLOWER.encode(&random_id()),
        key,
        tool: options.tool.clone(),
        root: ground.root.to_str().ok_or(MakeError::Root)?.to_owned(),
        style: options.style,
        store: PlannedStore { backend: options.backend, identity: options.identity.clone() },
        readers: options.readers.clone(),
        secrets: Vec::new(),
        consumers: Vec::new(),
        warnings: Vec::new(),
        files: Vec::new(),
        manual: Vec::new(),
        left: Vec::new(),
        todo: Vec::new(),
        cost: cost::estimate(cost::LOCAL, cost::Use { secrets: 0, calls: 0, decryptions: 0 }),
    })
}

/// Adds what a plan that is whole has to be warned of.
fn warn(plan: &mut Plan, ground: &Ground<'_>, tree: &DiskTree) {
    plan.warnings.extend(over_quota(plan.secrets.len()));
    plan.warnings.extend(reader::warnings(plan));
    plan.warnings.extend(without_client(plan));
    plan.warnings.extend(whole_urls(plan));
    plan.warnings.extend(named_on_the_line(plan));
    plan.warnings.extend(own_readers::warnings(plan, tree));
    plan.warnings.extend(ground.report.coverage.problems.iter().map(unseen));
}

fn random_id() -> [u8; 8] {
    let mut id = [0; 8];
    getrandom::fill(&mut id).expect("because every supported system has a random number generator");
    id
}

/// Whether the store does what the options ask for.
fn fits(options: &Options) -> Result<(), String> {
    let asked = [
        (options.existing == Existing::NewVersion, Action::AddVersion, "--new-version"),
        (!options.replica_regions.is_empty(), Action::Replicate, "--replica-region"),
    ];
    let apart = [(options.split_url, "--split-url"), (options.external_type.is_some(), "--external-type")];
    if let Some((_, other)) = apart.into_iter().find(|(is_asked, _)| *is_asked && options.joining != Joining::default()) {
        return Err(format!("--group: {other} says which fields a secret has"));
    }
    let mut asked = asked.into_iter().filter(|(is_asked, ..)| *is_asked);
    let reason = asked.find_map(|(_, action, option)| Some(format!("{option}: {}", limits::refused(options.backend, action)?)));
    match reason {
        Some(reason) => Err(reason),
        None if options.external_type.is_some() && !limits::has_external_types(options.backend) => {
            Err(format!("--external-type: {} has no managed external secrets", options.backend.title()))
        }
        None => {
            let refused = options.kms_key.as_ref().and_then(|_| limits::key_refused(options.backend, &options.replica_regions));
            refused.map_or(Ok(()), |reason| Err(format!("--kms-key: {reason}")))
        }
    }
}

/// A name and a variable for each group.
fn names(groups: &[Group], inventory: &Inventory, ground: &Ground<'_>, options: &Options) -> Result<Vec<Named>, MakeError> {
    let directory = ground.root.file_name().and_then(|name| name.to_str()).unwrap_or("app");
    let application = options.application.as_deref().or_else(|| ground.checkout.and_then(Checkout::name)).unwrap_or(directory);
    let mut taken = BTreeSet::new();
    let mut named = Vec::new();
    for group in groups {
        let findings = group.spots.iter().flat_map(|(spot, _)| &inventory.spots[*spot].findings);
        let pattern =
            findings.clone().next().map_or("secret", |&finding| name::of_pattern(&ground.report.findings[finding].pattern.def.id));
        let paths = group.spots.iter().map(|(spot, _)| inventory.files[inventory.spots[*spot].file].path.as_str());
        let environment = options.environment.as_deref().or_else(|| paths.clone().find_map(name::environment)).unwrap_or_default();
        // The best place comes first.
        let best = paths.clone().next().filter(|_| !group.is_joined);
        let own_home = best.and_then(name::home).filter(|home| *home != name::words(application, '-'));
        // A login that its place only calls `password` is that of its file.
        let of_file = own_home.as_deref().filter(|_| group.parts.len() > 1);
        let what = group.what.as_deref().or(of_file).unwrap_or(pattern);
        let telling = name::telling(what, own_home.as_deref());
        let what = telling.as_str();
        let called = |what: &str| {
            let filled = name::fill(&options.template, name::Parts { env: environment, app: application, what });
            let parts = [options.prefix.trim_matches('/'), filled.as_str()].into_iter().filter(|part| !part.is_empty());
            let full = parts.collect::<Vec<_>>().join("/");
            name::check(&full).map_err(MakeError::Name)?;
            Ok(names::spelled(options.backend, &full))
        };
        let mut own = called(what)?;
        let tells = |home: &String| taken.contains(&own) && !name::words(what, '-').starts_with(home.as_str());
        if let Some(home) = paths.clone().find_map(name::home).filter(tells) {
            let other = called(&format!("{home} {what}"))?;
            own = if taken.contains(&other) { own } else { other };
        }
        let own = name::numbered(own, names::joint(options.backend), &mut taken);
        names::check(options.backend, &own).map_err(|error| MakeError::Name(error.to_string()))?;
        let mut reference = Reference::to(options.backend, options.root.clone() + &own);
        reference.region = options.region.clone().filter(|_| options.backend.has_regions());
        named.push(Named { reference, environment: environment.to_owned(), application: application.to_owned(), home: own_home });
    }
    Ok(named)
}

fn secret(group: &Group, named: &Named, inventory: &Inventory, ground: &Ground<'_>, options: &Options, plan: &Plan) -> PlannedSecret {
    let numbers: BTreeSet<usize> = group.spots.iter().flat_map(|(spot, _)| inventory.spots[*spot].findings.iter().copied()).collect();
    let findings: Vec<&Finding> = numbers.iter().map(|&number| &ground.report.findings[number]).collect();
    let pattern = &findings[0].pattern;
    let first = inventory.files[inventory.spots[group.spots[0].0].file].path.as_str();
    let patterns: BTreeSet<String> = findings.iter().map(|finding| finding.pattern.def.id.clone()).collect();
    let mut tags = BTreeMap::from([
        ("application".to_owned(), named.application.clone()),
        ("managed-by".to_owned(), "unleak".to_owned()),
        (super::PLAN_TAG.to_owned(), plan.id.clone()),
        ("unleak:pattern".to_owned(), pattern.def.id.clone()),
        ("unleak:source".to_owned(), tag_value(first)),
    ]);
    if !named.environment.is_empty() {
        tags.insert("environment".to_owned(), named.environment.clone());
    }
    tags.extend(options.tags.clone());
    let member = |part: &group::Part| Member {
        key: part.key.clone(),
        hash: plan.key.of_value(part.value.expose()),
        path: inventory.files[part.file].path.clone(),
        start: part.look.start,
        end: part.look.end,
        field: part.field.clone(),
    };
    let of_each = |text: &dyn Fn(&Pattern) -> String| said(&findings[..if group.is_joined { findings.len() } else { 1 }], text);
    PlannedSecret {
        name: named.reference.name.clone(),
        description: format!("{}, moved out of {}", of_each(&|pattern| pattern.def.title.clone()), tag_value(first)),
        tags,
        kms_key: options.kms_key.clone(),
        replica_regions: options.replica_regions.clone(),
        external_type: options.external_type.clone(),
        existing: options.existing,
        members: group.parts.iter().map(member).collect(),
        findings: findings.iter().map(|finding| finding.fingerprint.to_string()).collect(),
        patterns: patterns.into_iter().collect(),
        service: of_each(&|pattern| advice::service(pattern.def.store)),
        revoke: of_each(&|pattern| advice::revoke(pattern).to_owned()),
        rotation: of_each(&|pattern| advice::rotation(pattern, is_database(group, pattern))),
    }
}

/// What is said of these findings, each thing once; of many kinds the first ones.
fn said(findings: &[&Finding], text: &dyn Fn(&Pattern) -> String) -> String {
    let mut all: Vec<String> = Vec::new();
    for finding in findings {
        let text = text(&finding.pattern);
        if !all.contains(&text) {
            all.push(text);
        }
    }
    let more = all.len().saturating_sub(MOST_SAID);
    all.truncate(MOST_SAID);
    if more > 0 { format!("{}; and {more} more", all.join("; ")) } else { all.join("; ") }
}

/// The readers by policy that read any of a plan's secrets.
fn standing(plan: &Plan, options: &Options) -> Vec<Reader> {
    let reads = |reader: &&Reader| options.backend == Backend::Aws && reader.reads_any(plan) && !plan.readers.contains(reader);
    options.standing_readers.iter().filter(reads).cloned().collect()
}

/// The owners of the first of the files that has any, as a tag.
fn owner<'p>(owners: &Owners, mut paths: impl Iterator<Item = &'p str>) -> Option<String> {
    paths.find_map(|path| Some(owners.file(path)).filter(|owners| !owners.is_empty())).map(|owners| tag_value(&owners.join(" ")))
}

/// A path as a tag can hold it: 256 of the characters that AWS takes.
fn tag_value(path: &str) -> String {
    let allowed = |character: char| if character.is_ascii_alphanumeric() || " +-=._:/@".contains(character) { character } else { '_' };
    path.chars().map(allowed).take(256).collect()
}

fn warnings(manual: &[ManualPlace], options: &Options) -> Vec<String> {
    let mut warnings = Vec::new();
    if options.backend == Backend::File {
        warnings.push("the files of the store are not encrypted: whoever reads the folder, or its backups, reads the values".to_owned());
    }
    if options.backend == Backend::Local && (options.kms_key.is_some() || !options.replica_regions.is_empty()) {
        warnings.push(
            "the local store has one key of its own and no replicas; what was asked for is noted with each secret, and no more".to_owned(),
        );
    }
    if !manual.is_empty() {
        let places = if manual.len() == 1 { "1 place has".to_owned() } else { format!("{} places have", manual.len()) };
        warnings.push(format!("{places} to be rewritten by hand; until then the values stand there"));
    }
    if options.style == Style::Sdk && options.backend != Backend::Aws {
        let store = options.backend.title();
        warnings.push(format!("{store} has no client for programs; code reads environment variables that `unleak run` fills"));
    }
    if let Some(unknown) = options.external_type.as_deref().filter(|name| external::known(name).is_none()) {
        warnings.push(format!(
            "the fields that type {unknown} asks for are not checked; the store's user guide has them (managed external secrets)"
        ));
    }
    warnings
}

/// Secrets with a connection string that stays whole beside its fields: rotation renews the password and nothing else.
fn whole_urls(plan: &Plan) -> Vec<String> {
    let is_whole = |member: &Member| member.field.is_none() && member.key.as_deref() == Some(group::URL);
    let stale = plan.secrets.iter().filter(|secret| secret.members.iter().any(is_whole));
    stale
        .map(|secret| format!("{}: places read the field url, which a rotation that renews only the password makes stale", secret.name))
        .collect()
}

/// What was not looked at.
fn unseen(problem: &Problem) -> String {
    format!("{}: {}; what it holds is not in this plan", visible(&problem.path), problem.detail)
}

/// Files that get values only where their program is told their name.
fn named_on_the_line(plan: &Plan) -> Vec<String> {
    let is_token = |place: &PlannedPlace| place.strategy == Strategy::Reference;
    let files = plan.files.iter().filter(|file| file.places.iter().any(is_token) && !format::is_env_file(&file.path));
    let warning = |path: &str| {
        format!(
            "{path}: start its program with `{}`; one that opens the file by a name of its own sees the reference, not the value",
            format::start(path)
        )
    };
    files.map(|file| warning(&file.path)).collect()
}

/// Places that read the environment although the client was asked for, or that ask it in functions: one warning for each reason.
fn without_client(plan: &Plan) -> Vec<String> {
    if plan.style != Style::Sdk || plan.store.backend != Backend::Aws {
        return Vec::new();
    }
    let mut reasons: BTreeMap<(bool, &str), Vec<String>> = BTreeMap::new();
    for file in &plan.files {
        for place in &file.places {
            let asked = place.strategy == Strategy::Sdk && place.reason.starts_with(ASKED_AGAIN);
            if asked || place.strategy == Strategy::Environment {
                reasons.entry((asked, &place.reason)).or_default().push(format!("{}:{}", file.path, place.line));
            }
        }
    }
    let warning = |((asked, reason), places): ((bool, &str), Vec<String>)| match places.as_slice() {
        [place] if asked => format!("{place}: {reason}"),
        places if asked => format!("{} and {} more: {reason}", places[0], places.len() - 1),
        [place] => format!("{place} does not ask the store's client; {reason}"),
        places => format!("{} and {} more do not ask the store's client; {reason}", places[0], places.len() - 1),
    };
    reasons.into_iter().map(warning).collect()
}

/// Values that no store takes.
fn too_large(groups: &[Group], named: &[Named], warnings: &mut Vec<String>) {
    for (group, named) in groups.iter().zip(named) {
        let bytes =
            super::value::assemble(group.parts.iter().map(|part| (part.key.as_deref(), &part.value))).map_or(0, |value| value.len());
        let largest = limits::largest_value(named.reference.backend);
        if bytes > largest {
            warnings.push(format!(
                "{}: the value has {bytes} bytes and the store takes {largest}; encrypt the file with KMS and keep it in object storage",
                named.reference.name
            ));
        }
    }
}

/// More secrets than there can be.
fn over_quota(secrets: usize) -> Option<String> {
    (secrets > MOST_SECRETS).then(|| format!("{secrets} secrets are more than an account holds in a region ({MOST_SECRETS})"))
}

fn monthly(plan: &Plan, options: &Options) -> cost::Cost {
    let prices = match options.backend {
        Backend::Aws => cost::AWS,
        Backend::Ssm => cost::SSM,
        Backend::Gcp => cost::GCP,
        Backend::Azure => cost::AZURE,
        Backend::Local | Backend::Vault | Backend::File => cost::LOCAL,
    };
    let secrets = plan.secrets.iter().filter(|secret| secret.external_type.is_none()).count() as u64;
    let calls = plan.secrets.len() as u64 * CALLS_A_MONTH;
    let decryptions = if options.kms_key.is_some() { calls } else { 0 };
    // Google Cloud has no region that is the first: each that is named has one, or none is named.
    let regions = options.replica_regions.len() as u64;
    let copies = if options.backend == Backend::Gcp { regions.max(1) } else { 1 + regions };
    cost::estimate(options.prices.instead_of(prices), cost::Use { secrets: secrets * copies, calls, decryptions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_secrets_than_an_account_holds_are_warned_of() {
        assert_eq!(over_quota(MOST_SECRETS), None);
        assert_eq!(over_quota(500_001).as_deref(), Some("500001 secrets are more than an account holds in a region (500000)"));
    }
}
