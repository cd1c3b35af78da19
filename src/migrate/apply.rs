//! Doing what a plan says, from wherever an earlier run was stopped. Owns: the checks before, the order of steps. Must not: touch a file
//! before every secret of the plan is in the store and proved.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bstr::ByteSlice;

use super::inventory::DiskTree;
use super::journal::{Event, Journal, Phase};
use super::plan::{Plan, PlannedFile, PlannedSecret, Tracked};
use super::storing::{Pace, Storing};
use super::target::{self, Content};
use super::value::Reader;
use super::{ApplyError, Refusal, backup, edits};
use crate::fsx::Steps;
use crate::fsx::replace::{self, Replacement};
use crate::secret::Secret;
use crate::source::git::checkout::{Checkout, FileState};
use crate::store::SecretStore;

/// Calls to the store at a time.
const AT_ONCE: usize = 8;

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
        self.right_store()?;
        let mut journal = Journal::open(self.home, self.plan, self.steps)?;
        self.sweep()?;
        match journal.progress().phase {
            Phase::Applied => return Ok(self.outcome(&journal, Vec::new())),
            Phase::Undoing => return Err(refused("the plan", "undoing it was begun; finish that first (unleak migrate undo)")),
            Phase::Planned | Phase::Applying | Phase::Undone => {}
        }
        self.check(journal.progress().phase == Phase::Applying)?;
        let values = self.values(&journal)?;
        if journal.progress().phase != Phase::Applying {
            journal.record(Event::Begun { version: super::journal::VERSION, plan: self.plan.id.clone() })?;
        }
        let journal = Mutex::new(journal);
        self.store_all(&values, &journal)?;
        drop(values);
        let mut journal = journal.into_inner().unwrap_or_else(PoisonError::into_inner);
        let copies = self.copies(&journal)?;
        for file in &self.plan.files {
            self.rewrite(file, &mut journal)?;
        }
        journal.record(Event::Applied)?;
        Ok(self.outcome(&journal, copies))
    }

    fn outcome(&self, journal: &Journal<'_>, copies: Vec<PathBuf>) -> Applied {
        Applied {
            files: self.plan.files.iter().map(|file| file.path.clone()).collect(),
            secrets: journal.progress().stored.keys().cloned().collect(),
            copies,
        }
    }

    fn right_store(&self) -> Result<(), ApplyError> {
        let identity = self.store.identity().map_err(ApplyError::store)?;
        if self.store.backend() != self.plan.store.backend || identity != self.plan.store.identity {
            let reason = format!("the plan is for {}, and this is {identity}", self.plan.store.identity);
            return Err(refused("the store", &reason));
        }
        Ok(())
    }

    /// Removes what a killed run left of files under way.
    fn sweep(&self) -> Result<(), ApplyError> {
        for file in &self.plan.files {
            let Ok(path) = target::resolve(self.root, file) else { continue };
            replace::sweep(&replace::temporary(&path, target::mark(self.plan))).map_err(|source| ApplyError::file(file, source))?;
        }
        Ok(())
    }

    /// Whether every file is what the plan says, and may be written.
    ///
    /// # Errors
    /// All reasons against it at once.
    pub fn check(&self, resumed: bool) -> Result<(), ApplyError> {
        let (mut stale, mut refusals) = (Vec::new(), Vec::new());
        for file in &self.plan.files {
            let path = match target::resolve(self.root, file) {
                Ok(path) => path,
                Err(reason) => {
                    refusals.push(Refusal { what: file.path.clone(), reason });
                    continue;
                }
            };
            let content = target::content(&path, file, &self.plan.key).map_err(|source| ApplyError::file(file, source))?;
            let expected = content == Content::Before || resumed && content == Content::After;
            if !expected {
                let changes = target::changes(&path, file);
                stale.extend(changes.into_iter().map(|reason| Refusal { what: file.path.clone(), reason }));
            } else if content == Content::Before && !self.allow_dirty && self.is_dirty(file, &path) {
                let reason = "it has changes that are not committed; commit them, or give --allow-dirty".to_owned();
                refusals.push(Refusal { what: file.path.clone(), reason });
            }
        }
        if !stale.is_empty() {
            return Err(ApplyError::Stale(stale));
        }
        if refusals.is_empty() { Ok(()) } else { Err(ApplyError::Refused(refusals)) }
    }

    fn is_dirty(&self, file: &PlannedFile, path: &Path) -> bool {
        let (Some(checkout), Ok(bytes)) = (self.checkout, std::fs::read(path)) else { return false };
        checkout.state(file.path.as_bytes().as_bstr(), &bytes) == FileState::Changed
    }

    /// The values that are not in the store yet. No file that has one of them was rewritten.
    fn values(&self, journal: &Journal<'_>) -> Result<Vec<(&PlannedSecret, Secret)>, ApplyError> {
        let mut reader = Reader::new(self.plan, self.root, DiskTree::new(self.root.to_owned(), Vec::new()));
        let missing = self.plan.secrets.iter().filter(|secret| !journal.progress().stored.contains_key(&secret.name));
        missing.map(|secret| Ok((secret, reader.value(secret)?))).collect()
    }

    /// Stores the values, several at a time. After the first error nothing new is begun.
    fn store_all(&self, values: &[(&PlannedSecret, Secret)], journal: &Mutex<Journal<'_>>) -> Result<(), ApplyError> {
        let pace = Pace::of(self.store.backend());
        let storing = Storing { plan: self.plan, store: self.store, journal, pace: &pace };
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let work = || {
            while failed.lock().is_ok_and(|failed| failed.is_none()) {
                let Some((secret, value)) = values.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                if let Err(error) = storing.ensure(secret, value) {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(values.len()) {
                scope.spawn(work);
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Encrypted copies of the files that git could not give back.
    fn copies(&self, journal: &Journal<'_>) -> Result<Vec<PathBuf>, ApplyError> {
        if self.backup.is_empty() {
            return Ok(Vec::new());
        }
        let untracked = self.plan.files.iter().filter(|file| file.tracked == Tracked::No && file.before.is_some());
        let waiting = untracked.filter(|file| !journal.progress().rewritten.contains(&file.path));
        waiting.map(|file| backup::write(self.root, self.home, self.plan, file, self.backup)).collect()
    }

    fn rewrite(&self, file: &PlannedFile, journal: &mut Journal<'_>) -> Result<(), ApplyError> {
        if journal.progress().rewritten.contains(&file.path) {
            return Ok(());
        }
        let path = target::resolve(self.root, file).map_err(|reason| refused(&file.path, &reason))?;
        match target::content(&path, file, &self.plan.key).map_err(|source| ApplyError::file(file, source))? {
            // Stopped after the new name, before the journal's line.
            Content::After => return Ok(journal.record(Event::Rewritten { path: file.path.clone() })?),
            Content::Other => return Err(changed(&path, file)),
            Content::Before => {}
        }
        let bytes = if file.before.is_some() { std::fs::read(&path).map_err(|source| ApplyError::file(file, source))? } else { Vec::new() };
        let bytes = zeroize::Zeroizing::new(bytes);
        let after = edits::applied(&bytes, file.encoding, &file.edits).filter(|after| self.plan.key.of_file(after) == file.after);
        let after = after.ok_or_else(|| changed(&path, file))?;
        journal.record(Event::Rewriting { path: file.path.clone() })?;
        let is_before = |bytes: &[u8]| Some(self.plan.key.of_file(bytes)) == file.before;
        let replacement = Replacement {
            path: &path,
            temporary: &replace::temporary(&path, target::mark(self.plan)),
            content: &after,
            still: file.before.is_some().then_some(&is_before),
        };
        replace::replace(&replacement, self.steps).map_err(|error| match error {
            replace::ReplaceError::Changed => changed(&path, file),
            replace::ReplaceError::Io(source) => ApplyError::file(file, source),
        })?;
        Ok(journal.record(Event::Rewritten { path: file.path.clone() })?)
    }
}

fn refused(what: &str, reason: &str) -> ApplyError {
    ApplyError::Refused(vec![Refusal { what: what.to_owned(), reason: reason.to_owned() }])
}

fn changed(path: &Path, file: &PlannedFile) -> ApplyError {
    ApplyError::Stale(target::changes(path, file).into_iter().map(|reason| Refusal { what: file.path.clone(), reason }).collect())
}
