//! Doing what a plan says, from wherever an earlier run was stopped. Owns: the checks before, the order of steps. Must not: touch a file
//! before every secret that it needs is in the store and proved, or any file before the store was asked for all of them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bstr::ByteSlice;

use super::inventory::DiskTree;
use super::journal::{Event, Journal, Phase, Progress};
use super::plan::{Edit, Plan, PlannedFile, PlannedSecret, Tracked};
use super::storing::{Pace, Storing, at_once};
use super::target::{self, Content, Now};
use super::value::Reader;
use super::waiting::{Missing, NotStored, Unfinished};
use super::{ApplyError, Refusal, backup, edits};
use crate::fsx::Steps;
use crate::fsx::replace::{self, Replacement};
use crate::secret::Secret;
use crate::source::git::checkout::{Checkout, FileState};
use crate::store::SecretStore;

/// What applying needs to know.
pub struct Run<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The directory that its paths are below.
    pub root: &'a Path,
    /// The work tree, where it is one.
    pub checkout: Option<&'a Checkout>,
    /// The store.
    pub store: &'a dyn SecretStore,
    /// Where journals are.
    pub home: &'a Path,
    /// Whether files with changes that are not committed are rewritten.
    pub allow_dirty: bool,
    /// Who can read the encrypted copies of files that git does not have; none: no copies.
    pub backup: &'a [String],
    /// Days in which a secret that undo takes back can be had back: 7 to 30.
    pub recovery_days: u8,
    /// Is told each step of writing.
    pub steps: &'a dyn Steps,
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Files that were rewritten, now or before.
    pub files: Vec<String>,
    /// Secrets that are in the store.
    pub secrets: Vec<String>,
    /// Encrypted copies that were made.
    pub copies: Vec<PathBuf>,
}

impl Run<'_> {
    /// Applies the plan, or what is left of it.
    ///
    /// # Errors
    /// [`ApplyError::Stale`] and [`ApplyError::Refused`] before anything is done; the others leave a state that can be resumed and undone.
    pub fn apply(&self) -> Result<Applied, ApplyError> {
        right_store(self.plan, self.store)?;
        let mut journal = Journal::open(self.home, self.plan, self.steps)?;
        self.sweep()?;
        match journal.progress().phase {
            Phase::Applied => return Ok(outcome(&journal, Vec::new())),
            Phase::Undoing => return Err(ApplyError::refused("the plan", "undoing it was begun; finish that first (unleak migrate undo)")),
            Phase::Planned | Phase::Applying | Phase::Undone => {}
        }
        self.check(journal.progress())?;
        let values = self.values(&journal)?;
        if journal.progress().phase != Phase::Applying {
            journal.note(Event::Begun { version: super::journal::VERSION, plan: self.plan.id.clone() })?;
        }
        for (secret, _) in &values {
            journal.note(Event::Storing { secret: secret.name.clone() })?;
        }
        journal.sync()?;
        let journal = Mutex::new(journal);
        let stored = self.store_all(&values, &journal);
        drop(values);
        let mut journal = journal.into_inner().unwrap_or_else(PoisonError::into_inner);
        // No file loses a value before it is on disk where the value is.
        journal.sync()?;
        let failed = stored?;
        let missing = Missing::of(self.plan, journal.progress());
        let ready: Vec<_> = self.plan.files.iter().filter_map(|file| Some((file, missing.edits(file)?))).collect();
        let copies = self.copies(ready.iter().map(|(file, _)| *file), &journal)?;
        self.rewrite_all(&ready, &mut journal)?;
        if failed.is_empty() {
            journal.record(Event::Applied)?;
            return Ok(outcome(&journal, copies));
        }
        let touched = !ready.is_empty() || !journal.progress().rewritten.is_empty();
        let waiting = missing.waiting(journal.progress());
        Err(ApplyError::Unfinished(Box::new(Unfinished { applied: outcome(&journal, copies), failed, waiting, touched })))
    }

    /// Removes what a killed run left of files under way.
    pub(super) fn sweep(&self) -> Result<(), ApplyError> {
        for file in &self.plan.files {
            let Ok(path) = target::resolve(self.root, file) else { continue };
            replace::sweep(&replace::temporary(&path, target::mark(self.plan))).map_err(|source| ApplyError::file(file, source))?;
        }
        Ok(())
    }

    /// Whether every file is what the plan says, and may be written, as far as it is.
    ///
    /// # Errors
    /// All reasons against it at once.
    pub fn check(&self, progress: &Progress) -> Result<(), ApplyError> {
        let resumed = progress.phase == Phase::Applying;
        let (mut stale, mut refusals) = (Vec::new(), Vec::new());
        for file in &self.plan.files {
            let Now { path, bytes, content } = match target::now(self.root, file, &self.plan.key, progress) {
                Err(ApplyError::Refused(more)) => {
                    refusals.extend(more);
                    continue;
                }
                now => now?,
            };
            match content {
                Content::Before if !self.allow_dirty && self.is_dirty(file, bytes.as_deref().map(Vec::as_slice)) => {
                    let reason = "it has changes that are not committed; commit them, or give --allow-dirty".to_owned();
                    refusals.push(Refusal { what: file.path.clone(), reason });
                }
                Content::Before => {}
                Content::Partly(_) | Content::After if resumed => {}
                Content::Partly(_) | Content::After | Content::Other => {
                    let changes = target::changes(&path, file);
                    stale.extend(changes.into_iter().map(|reason| Refusal { what: file.path.clone(), reason }));
                }
            }
        }
        if !stale.is_empty() {
            return Err(ApplyError::Stale(stale));
        }
        if refusals.is_empty() { Ok(()) } else { Err(ApplyError::Refused(refusals)) }
    }

    fn is_dirty(&self, file: &PlannedFile, bytes: Option<&[u8]>) -> bool {
        let (Some(checkout), Some(bytes)) = (self.checkout, bytes) else { return false };
        checkout.state(file.path.as_bytes().as_bstr(), bytes) == FileState::Changed
    }

    /// The values that are not in the store yet. No file that has one of them was rewritten.
    fn values(&self, journal: &Journal<'_>) -> Result<Vec<(&PlannedSecret, Secret)>, ApplyError> {
        let mut reader = Reader::new(self.plan, self.root, DiskTree::new(self.root.to_owned(), Vec::new()));
        let missing = self.plan.secrets.iter().filter(|secret| !journal.progress().stored.contains_key(&secret.name));
        missing.map(|secret| Ok((secret, reader.value(secret)?))).collect()
    }

    /// Stores the values, several at a time, and tells which ones the store did not take. After an error that is about all of them nothing new
    /// is begun.
    fn store_all(&self, values: &[(&PlannedSecret, Secret)], journal: &Mutex<Journal<'_>>) -> Result<Vec<NotStored>, ApplyError> {
        let pace = Pace::of(self.store.backend());
        let storing = Storing { plan: self.plan, store: self.store, journal, pace: &pace };
        let failed = Mutex::new(Vec::new());
        at_once(values, |(secret, value)| {
            let Err(error) = storing.ensure(secret, value) else { return Ok(()) };
            let reason = NotStored::of(&secret.name, error)?;
            let event = Event::NotStored { secret: secret.name.clone(), reason: reason.reason.clone() };
            journal.lock().unwrap_or_else(PoisonError::into_inner).note(event)?;
            failed.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
            Ok(())
        })?;
        let mut failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.sort_by(|a, b| a.secret.cmp(&b.secret));
        Ok(failed)
    }

    /// Encrypted copies of those of the files that git could not give back.
    fn copies<'p>(&self, files: impl Iterator<Item = &'p PlannedFile>, journal: &Journal<'_>) -> Result<Vec<PathBuf>, ApplyError> {
        if self.backup.is_empty() {
            return Ok(Vec::new());
        }
        let untracked = files.filter(|file| file.tracked == Tracked::No && file.before.is_some());
        let waiting = untracked.filter(|file| !journal.progress().rewritten.contains(&file.path));
        waiting.map(|file| backup::write(self.root, self.home, self.plan, file, self.backup)).collect()
    }

    /// Gives each file what can be done of it.
    fn rewrite_all(&self, ready: &[(&PlannedFile, Cow<'_, [Edit]>)], journal: &mut Journal<'_>) -> Result<(), ApplyError> {
        let waiting: Vec<_> = ready.iter().filter(|(file, _)| !journal.progress().rewritten.contains(&file.path)).collect();
        for (file, _) in &waiting {
            journal.note(Event::Rewriting { path: file.path.clone() })?;
        }
        journal.sync()?;
        let rewritten = waiting.iter().try_for_each(|(file, edits)| self.rewrite(file, edits, journal));
        journal.sync()?;
        rewritten
    }

    /// Gives a file what can be done of it: all of its edits, or the lines whose secrets are stored.
    fn rewrite(&self, file: &PlannedFile, edits: &[Edit], journal: &mut Journal<'_>) -> Result<(), ApplyError> {
        let Now { path, bytes: now, content } = target::now(self.root, file, &self.plan.key, journal.progress())?;
        let bytes = now.as_deref().map_or(&[][..], Vec::as_slice);
        let done = match content {
            // Stopped after the new name, before the journal's line.
            Content::After => return Ok(journal.note(Event::Rewritten { path: file.path.clone(), partly: false })?),
            Content::Other => return Err(changed(&path, file)),
            Content::Before => Vec::new(),
            Content::Partly(done) => done,
        };
        if done == edits {
            return Ok(());
        }
        let before = edits::undone(bytes, file.encoding, &done, &edits::Values::new()).ok_or_else(|| changed(&path, file))?;
        let partly = edits.len() < file.edits.len();
        let edits = &*filled(file, edits, journal.progress())?;
        let is_planned = |after: &Vec<u8>| partly || target::is_after(after, file, &self.plan.key, journal.progress());
        let after = edits::applied(&before, file.encoding, edits).filter(is_planned);
        let after = after.ok_or_else(|| changed(&path, file))?;
        let is_same = |other: &[u8]| other == bytes;
        let replacement = Replacement {
            path: &path,
            temporary: &replace::temporary(&path, target::mark(self.plan)),
            content: &after,
            still: now.is_some().then_some(&is_same),
        };
        replace::replace(&replacement, self.steps).map_err(|error| match error {
            replace::ReplaceError::Changed => changed(&path, file),
            replace::ReplaceError::Io(source) => ApplyError::file(file, source),
        })?;
        Ok(journal.note(Event::Rewritten { path: file.path.clone(), partly })?)
    }
}

/// Whether this is the store that the plan is for.
pub(super) fn right_store(plan: &Plan, store: &dyn SecretStore) -> Result<(), ApplyError> {
    let identity = store.identity().map_err(ApplyError::store)?;
    if store.backend() != plan.store.backend || identity != plan.store.identity {
        let reason = format!("the plan is for {}, and this is {identity}", plan.store.identity);
        return Err(ApplyError::refused("the store", &reason));
    }
    Ok(())
}

/// The edits with the ARNs of secrets that are stored.
pub(super) fn filled<'e>(file: &PlannedFile, edits: &'e [Edit], progress: &Progress) -> Result<Cow<'e, [Edit]>, ApplyError> {
    let unknown = |secret: String| ApplyError::refused(&file.path, &format!("the store does not say the ARN of {secret}"));
    edits::filled(edits, &progress.stored).map_err(unknown)
}

fn outcome(journal: &Journal<'_>, copies: Vec<PathBuf>) -> Applied {
    let progress = journal.progress();
    Applied { files: progress.rewritten.iter().cloned().collect(), secrets: progress.stored.keys().cloned().collect(), copies }
}

fn changed(path: &Path, file: &PlannedFile) -> ApplyError {
    ApplyError::Stale(target::changes(path, file).into_iter().map(|reason| Refusal { what: file.path.clone(), reason }).collect())
}
