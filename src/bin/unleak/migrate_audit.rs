//! `unleak migrate audit` and `policies`. Owns: what is asked of the store, and where documents go. Must not: change a secret.

use std::path::Path;
use std::time::SystemTime;

use unleak::blob::visible;
use unleak::fsx::{self, Unwatched};
use unleak::migrate::audit as checks;
use unleak::migrate::journal::{Event, Journal, Phase};
use unleak::migrate::policy::{self, Grant};
use unleak::migrate::reader::{self, Reader};
use unleak::reference::Backend;

use crate::failure::{Exit, Failure};
use crate::migrate_args::EmitName;
use crate::migrate_cmd::{Caller, Site, pending};
use crate::migrate_failure::store_failure;
use crate::{migrate_rotated, output};

/// Looks at every secret that was migrated here. One that has another version since is noted as rotated.
///
/// # Errors
/// A store that cannot be asked, a journal that cannot be written.
pub fn audit(days: u32, root: Option<&Path>, by: Caller<'_>) -> Result<Exit, Failure> {
    let site = Site::at(root, by.environment)?;
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    let (mut lines, mut report) = (Vec::new(), None);
    let config = by.access.config(&site.root)?;
    for (plan, progress) in site.plans()?.into_iter().filter(|(_, progress)| progress.phase == Phase::Applied) {
        let store = by.open(&config, &plan)?;
        let mut changed = Vec::new();
        for secret in &plan.secrets {
            let Some(stored) = progress.stored.get(&secret.name) else { continue };
            let description = store.describe(&secret.name).map_err(store_failure)?;
            let audited = checks::check(plan.store.backend, secret, stored, description.as_ref(), now, days);
            if audited.rotated && !progress.rotated.contains_key(&secret.name) {
                let mut journal = Journal::open(&site.home, &plan, &Unwatched).map_err(|error| Failure::new(&error))?;
                journal.record(Event::Rotated { secret: secret.name.clone(), despite: None }).map_err(|error| Failure::new(&error))?;
            }
            if audited.rotated {
                changed.push(secret.name.as_str());
            }
            lines.extend(
                audited.complaints.iter().map(|complaint| format!("{}  {}: {}", complaint.secret, complaint.check, complaint.detail)),
            );
        }
        if !changed.is_empty() {
            let report = match &mut report {
                Some(report) => report,
                none => none.insert(migrate_rotated::tree(&site, &config, by)?),
            };
            let places = {
                let search = migrate_rotated::Search { site: &site, store: store.as_ref(), report, exclude: &[] };
                migrate_rotated::places(&plan, &progress, &changed, &search)?
            };
            let left = places.iter().flat_map(|(secret, places)| places.iter().map(move |place| (secret, place)));
            lines.extend(left.map(|(secret, place)| format!("{secret}  old-value: {place}")));
        }
    }
    output::to_stdout(|out| {
        if lines.is_empty() {
            return writeln!(out, "No complaints.");
        }
        lines.iter().try_for_each(|line| writeln!(out, "{}", visible(line.as_bytes())))
    })?;
    let plans = site.plans()?;
    Ok(match pending(plans.iter().map(|(_, progress)| progress)) {
        Exit::Clean if !lines.is_empty() => Exit::Findings,
        exit => exit,
    })
}

/// Writes the documents for the last migration to AWS.
///
/// # Errors
/// There is none, or a file cannot be written.
pub fn policies(
    to: &Path,
    readers: &[Reader],
    grant: Option<Grant>,
    emit: Option<EmitName>,
    root: Option<&Path>,
    by: Caller<'_>,
) -> Result<Exit, Failure> {
    let site = Site::at(root, by.environment)?;
    by.access.config(&site.root)?.migrate.leaves_readers(readers)?;
    let (plan, progress) = site.last(|progress| progress.phase == Phase::Applied, "nothing was migrated here")?;
    if plan.store.backend != Backend::Aws {
        let store = plan.store.backend.title();
        return Err(Failure::new(&format_args!("policies are written for AWS Secrets Manager, and the secrets are in {store}")));
    }
    let mut readers = readers.to_vec();
    readers.extend(plan.readers.iter().filter(|reader| !readers.contains(reader)).cloned().collect::<Vec<_>>());
    reader::check(&plan, &readers).map_err(|error| Failure { exit: Exit::Refused, ..Failure::new(&error) })?;
    let mut lines = Vec::new();
    let mut write = |name: &str, purpose: &str, text: &str| {
        let path = to.join(name);
        fsx::write_private(&path, text.as_bytes()).map_err(|error| Failure::with_file("write", &path, &error))?;
        lines.push(format!("{}  {purpose}", path.display()));
        Ok::<(), Failure>(())
    };
    for document in policy::documents(&plan, &progress, &readers, grant) {
        write(&document.name, &document.purpose, &format!("{:#}\n", document.content))?;
    }
    if let Some(emit) = emit.map(EmitName::emit) {
        write(emit.file(), "The secrets as infrastructure code, without values, to import them", &emit.text(&plan, &progress))?;
    }
    let commands = policy::commands(&plan, &progress, &readers, grant, &to.display().to_string());
    if !commands.is_empty() {
        lines.push("To put them where they belong, and have the store rotate what it can:".to_owned());
        lines.extend(commands.iter().map(|command| format!("  {command}")));
    }
    lines.push(format!(
        "To see that a policy gives nothing new: aws accessanalyzer check-no-new-access --policy-type IDENTITY_POLICY \
         --new-policy-document file://{} --existing-policy-document file://EXISTING.json",
        to.join(policy::of_all(grant)).display()
    ));
    output::to_stdout(|out| lines.iter().try_for_each(|line| writeln!(out, "{}", visible(line.as_bytes()))))?;
    Ok(Exit::Clean)
}
