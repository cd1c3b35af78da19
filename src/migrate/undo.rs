//! Taking a migration back: files first, byte for byte, then what the plan put into the store. Owns: the checks before, the order of steps.
//! Must not: delete a value before every file has it again, or anything that somebody else made or changed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::apply::{Run, filled};
use super::edits::{self, Added, Values};
use super::journal::{Event, Journal, Phase, StoredBy};
use super::plan::{Edit, PlannedFile, Segment};
use super::storing::is_ours;
use super::target::{self, Content, Now};
use super::{ApplyError, Refusal, value};
use crate::fsx::replace::{self, ReplaceError, Replacement};
use crate::rewrite::encoding::FileEncoding;
use crate::store::{Action, CURRENT, Description, PENDING, StoreError, Version, limits};

/// Why a secret is kept that somebody put another version into.
const OTHER_SINCE: &str = "it has another current version since";

/// What undo did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Files that have their old content again, or lost what the plan added.
    pub files: Vec<String>,
    /// Those of them whose other lines changed since; these stay as they are now.
    pub changed: Vec<String>,
    /// Secrets that are scheduled for deletion, or have their previous version again.
    pub removed: Vec<String>,
    /// Secrets that stay, and why.
    pub kept: Vec<Refusal>,
}

/// A file with edits of the plan, and what it holds now.
struct Changed<'p> {
    file: &'p PlannedFile,
    path: PathBuf,
    now: zeroize::Zeroizing<Vec<u8>>,
    edits: Cow<'p, [Edit]>,
    /// What is left without the plan's lines, where other lines changed since: a manifest, of which no value was a part.
    rest: Option<Vec<u8>>,
}

/// A file to restore, and what it gets.
struct Restoring<'p> {
    changed: Changed<'p>,
    content: zeroize::Zeroizing<Vec<u8>>,
}

/// Undoes the plan, or what was done of it.
///
/// # Errors
/// Before anything is touched if a file changed since, or a value cannot be read. All others leave a state in which undo can go on.
pub fn undo(run: &Run<'_>) -> Result<Undone, ApplyError> {
    let mut journal = Journal::open(run.home, run.plan, run.steps)?;
    run.sweep()?;
    if matches!(journal.progress().phase, Phase::Planned | Phase::Undone) {
        return Ok(Undone::default());
    }
    let files = changed_files(run, &journal)?;
    let values = values(run, &journal, &files)?;
    let restoring = contents(run, files, &values)?;
    if journal.progress().phase != Phase::Undoing {
        journal.note(Event::Undoing)?;
    }
    for restoring in &restoring {
        journal.note(Event::Restoring { path: restoring.changed.file.path.clone() })?;
    }
    journal.sync()?;
    let mut undone = Undone::default();
    for file in &restoring {
        restore(run, file, &mut journal)?;
        undone.files.push(file.changed.file.path.clone());
        undone.changed.extend(file.changed.rest.as_ref().map(|_| file.changed.file.path.clone()));
    }
    take_folders_away(run)?;
    drop((restoring, values));
    let mut failed = None;
    let left: Vec<_> = run.plan.secrets.iter().filter(|secret| is_left(&journal, &secret.name)).collect();
    for secret in &left {
        journal.note(Event::Removing { secret: secret.name.clone() })?;
    }
    // Every file has its values again, on disk, and the journal says so, before one is taken out of the store.
    journal.sync()?;
    for secret in left {
        match remove(run, &secret.name, &mut journal, &mut undone) {
            // One that the store does not let go is no reason to keep the others.
            Err(error @ ApplyError::Store(_)) => drop(failed.get_or_insert(error)),
            other => other?,
        }
    }
    if let Some(error) = failed {
        journal.sync()?;
        return Err(error);
    }
    journal.record(Event::Undone)?;
    Ok(undone)
}

/// Files that have their new content, or some lines of it.
fn changed_files<'p>(run: &Run<'p>, journal: &Journal<'_>) -> Result<Vec<Changed<'p>>, ApplyError> {
    let (mut files, mut stale, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for file in &run.plan.files {
        let Now { path, bytes, content } = match target::now(run.root, file, &run.plan.key, journal.progress()) {
            Err(ApplyError::Refused(more)) => {
                refused.extend(more);
                continue;
            }
            now => now?,
        };
        let now = bytes.unwrap_or_default();
        let (edits, rest) = match content {
            Content::Before => continue,
            Content::After => (filled(file, &file.edits, journal.progress())?, None),
            Content::Partly(lines) => (Cow::Owned(lines), None),
            Content::Other => match added(file, &now, journal) {
                Added::There(rest) => (Cow::Borrowed(file.edits.as_slice()), Some(rest)),
                Added::Gone => continue,
                Added::Unclear => {
                    let reason = "it changed since the migration; take that change back, or put the value back by hand".to_owned();
                    stale.push(Refusal { what: file.path.clone(), reason });
                    continue;
                }
            },
        };
        files.push(Changed { file, path, now, edits, rest });
    }
    if !stale.is_empty() {
        return Err(ApplyError::Stale(stale));
    }
    if refused.is_empty() { Ok(files) } else { Err(ApplyError::Refused(refused)) }
}

/// What became of lines that the plan added to a manifest, whose other lines a package manager changed. They are taken out if the journal says
/// that they were put there, and are no longer looked for if undo was at the file before.
fn added(file: &PlannedFile, now: &[u8], journal: &Journal<'_>) -> Added {
    let is_manifest = file.before.is_some() && !file.has_places() && !file.is_in_parts() && file.encoding == FileEncoding::Utf8;
    let progress = journal.progress();
    match Added::of(now, &file.edits) {
        Added::There(rest) if is_manifest && progress.rewritten.contains(&file.path) => Added::There(rest),
        Added::Gone if is_manifest && progress.restoring.contains(&file.path) => Added::Gone,
        _ => Added::Unclear,
    }
}

/// All values that the files need, read from the store and checked.
fn values(run: &Run<'_>, journal: &Journal<'_>, files: &[Changed<'_>]) -> Result<Values, ApplyError> {
    let segments = files.iter().flat_map(|changed| changed.edits.iter()).flat_map(|edit| &edit.old);
    let needed: BTreeSet<&str> = segments
        .filter_map(|segment| match segment {
            Segment::Value { secret, .. } => Some(secret.as_str()),
            Segment::Text(_) => None,
        })
        .collect();
    let mut values = Values::new();
    for name in needed {
        let secret = run.plan.secret(name).expect("because a plan is checked when it is read");
        let unknown = || ApplyError::refused(name, "the journal does not say where it is");
        let stored = journal.progress().stored.get(name).ok_or_else(unknown)?;
        let read = run.store.read(name, &Version::Id(&stored.version)).map_err(ApplyError::store)?;
        let parts = value::parts(run.plan, secret, &read)?;
        values.extend(parts.into_iter().map(|(key, value)| ((name.to_owned(), key), value)));
    }
    Ok(values)
}

/// The old content of every file, proved before one is touched.
fn contents<'p>(run: &Run<'_>, files: Vec<Changed<'p>>, values: &Values) -> Result<Vec<Restoring<'p>>, ApplyError> {
    let mut restoring = Vec::new();
    for mut changed in files {
        let file = changed.file;
        if let Some(rest) = &mut changed.rest {
            let content = zeroize::Zeroizing::new(std::mem::take(rest));
            restoring.push(Restoring { changed, content });
            continue;
        }
        let content = edits::undone(&changed.now, file.encoding, &changed.edits, values);
        let right = content.filter(|content| file.before.is_none_or(|before| run.plan.key.of_file(content) == before));
        let content =
            right.ok_or_else(|| ApplyError::refused(&file.path, "the old content cannot be put together from what the store holds"))?;
        restoring.push(Restoring { changed, content });
    }
    Ok(restoring)
}

fn restore(run: &Run<'_>, restoring: &Restoring<'_>, journal: &mut Journal<'_>) -> Result<(), ApplyError> {
    let Restoring { changed: Changed { file, path, now, .. }, content } = restoring;
    let is_same = |bytes: &[u8]| bytes == now.as_slice();
    let done = if file.before.is_some() {
        let temporary = replace::temporary(path, target::mark(run.plan));
        replace::replace(&Replacement { path, temporary: &temporary, content, still: Some(&is_same) }, run.steps)
    } else {
        replace::remove(path, &is_same, run.steps)
    };
    done.map_err(|error| match error {
        ReplaceError::Changed => {
            ApplyError::Stale(vec![Refusal { what: file.path.clone(), reason: "it changed in the meantime".to_owned() }])
        }
        ReplaceError::Io(source) => ApplyError::file(file, source),
    })?;
    Ok(journal.note(Event::Restored { path: file.path.clone() })?)
}

/// Takes away the folders that came with new files, also where a run was stopped before their files were there.
fn take_folders_away(run: &Run<'_>) -> Result<(), ApplyError> {
    for file in run.plan.files.iter().filter(|file| file.before.is_none() && file.new_folders > 0) {
        let Ok(path) = target::resolve(run.root, file) else { continue };
        replace::take_folders_away(&path, file.new_folders, run.steps).map_err(|source| ApplyError::file(file, source))?;
    }
    Ok(())
}

/// Whether the plan can have put something into the store under a name.
fn is_left(journal: &Journal<'_>, name: &str) -> bool {
    let progress = journal.progress();
    (progress.storing.contains(name) || progress.stored.contains_key(name)) && !progress.removed.contains(name)
}

/// Takes back what the plan put into the store under a name.
fn remove(run: &Run<'_>, name: &str, journal: &mut Journal<'_>, undone: &mut Undone) -> Result<(), ApplyError> {
    let progress = journal.progress();
    let stored = progress.stored.get(name).cloned();
    let (adding, found) = (progress.adding.get(name).cloned(), progress.reviving.get(name).cloned());
    let version = stored.as_ref().map(|stored| stored.version.as_str());
    let mut kept = match (stored.as_ref().map(|stored| &stored.origin), adding) {
        (Some(StoredBy::Reused), _) if found.is_none() => Some("it was there before".to_owned()),
        (Some(StoredBy::Added { previous }), _) => give_back(run, name, previous, version)?,
        (None, Some(previous)) => give_back(run, name, &previous, None)?,
        (Some(StoredBy::Created) | None, _) if found.is_none() => delete(run, name, version)?,
        _ => None,
    };
    if let Some(found) = found.filter(|_| kept.is_none()) {
        kept = delete_again(run, name, &found)?;
    }
    match &kept {
        Some(reason) => undone.kept.push(Refusal { what: name.to_owned(), reason: reason.clone() }),
        None => undone.removed.push(name.to_owned()),
    }
    Ok(journal.note(Event::Removed { secret: name.to_owned(), kept })?)
}

/// What the store says of a secret that is not deleted.
fn live(run: &Run<'_>, name: &str) -> Result<Option<Description>, ApplyError> {
    Ok(run.store.describe(name).map_err(ApplyError::store)?.filter(|description| description.deleted.is_none()))
}

/// Schedules the deletion of a secret that has nothing but what this plan put there.
fn delete(run: &Run<'_>, name: &str, version: Option<&str>) -> Result<Option<String>, ApplyError> {
    let description = match live(run, name) {
        // It refused to take the secret, too.
        Err(ApplyError::Store(StoreError::Denied { .. })) if version.is_none() => {
            return Ok(Some("it may not be looked at, and was not stored".to_owned()));
        }
        description => description?,
    };
    let Some(description) = description else { return Ok(None) };
    let token = run.plan.key.token(&run.plan.store.identity, name, 1);
    if !is_ours(&description, run.plan, &token) {
        return Ok(Some("this plan did not create it".to_owned()));
    }
    let only_ours = description.versions.len() <= 1 && version.is_none_or(|version| description.versions.contains_key(version));
    if !only_ours {
        return Ok(Some("it has other versions since".to_owned()));
    }
    if let Some(reason) = limits::refused(run.store.backend(), Action::Delete) {
        return Ok(Some(format!("{reason}, so undo does not: delete it yourself when nobody needs it")));
    }
    run.store.delete(name, run.recovery_days).map_err(ApplyError::store)?;
    Ok(None)
}

/// Schedules the deletion of a secret that waited for it before, if the version that was current then is.
fn delete_again(run: &Run<'_>, name: &str, found: &str) -> Result<Option<String>, ApplyError> {
    let Some(description) = live(run, name)? else { return Ok(None) };
    if description.version_at(CURRENT) != Some(found) {
        return Ok(Some(OTHER_SINCE.to_owned()));
    }
    run.store.delete(name, run.recovery_days).map_err(ApplyError::store)?;
    Ok(None)
}

/// Makes the previous version the current one again, if ours is; a version of ours that was pending is no more.
fn give_back(run: &Run<'_>, name: &str, previous: &str, ours: Option<&str>) -> Result<Option<String>, ApplyError> {
    let Some(description) = run.store.describe(name).map_err(ApplyError::store)? else { return Ok(Some("it is gone".to_owned())) };
    if description.deleted.is_some() {
        return Ok(None);
    }
    let token = run.plan.key.token(&run.plan.store.identity, name, 2);
    let ours = ours.unwrap_or(&token);
    let current = description.version_at(CURRENT);
    if current != Some(previous) {
        if current != Some(ours) {
            return Ok(Some(OTHER_SINCE.to_owned()));
        }
        run.store.move_stage(name, CURRENT, previous).map_err(ApplyError::store)?;
    }
    if description.version_at(PENDING) == Some(ours) {
        run.store.drop_stage(name, PENDING, ours).map_err(ApplyError::store)?;
    }
    Ok(None)
}
