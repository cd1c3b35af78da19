//! What was done of a plan. Owns: the journal's format, its place, the lock, and what follows from its lines. Must not: hold a value.
//!
//! ```text
//! <home>/lock                      held while anything is done
//! <home>/<plan>/plan.json          the plan as it was applied
//! <home>/<plan>/journal.jsonl      a line before each step and one after it
//! ```
//! A line before a step is on disk before it; one after it before anything is done on its strength. Steps that do not depend on each other
//! share one wait for the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::fsx::log::{Lock, Log, whole_lines};
use crate::fsx::{Steps, own};

/// The format of journals that this program writes and reads.
pub const VERSION: u32 = 1;

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// The plan is being applied.
    Begun {
        /// [`VERSION`].
        version: u32,
        /// The plan's id.
        plan: String,
    },
    /// A secret is about to be created.
    Storing {
        /// Its name.
        secret: String,
    },
    /// A secret that an earlier plan made waits for its deletion, and is about to be taken back.
    Reviving {
        /// Its name.
        secret: String,
        /// The version that was current when it was deleted.
        current: String,
    },
    /// A version is about to be added to a secret that was there.
    Adding {
        /// Its name.
        secret: String,
        /// The version that readers get.
        previous: String,
    },
    /// A secret was read back and is what it should be.
    Stored {
        /// Its name.
        secret: String,
        /// What names it in full.
        id: String,
        /// The version.
        version: String,
        /// How it came there.
        origin: StoredBy,
    },
    /// The store did not take a secret.
    NotStored {
        /// Its name.
        secret: String,
        /// Why; it begins with the name.
        reason: String,
    },
    /// A file is about to get its new content.
    Rewriting {
        /// Its path.
        path: String,
    },
    /// It has it.
    Rewritten {
        /// Its path.
        path: String,
        /// Whether lines of it wait for their secrets.
        #[serde(default, skip_serializing_if = "is_false")]
        partly: bool,
    },
    /// All of the plan is done.
    Applied,
    /// The plan is being undone.
    Undoing,
    /// A file is about to get its old content.
    Restoring {
        /// Its path.
        path: String,
    },
    /// It has it.
    Restored {
        /// Its path.
        path: String,
    },
    /// A secret is about to be taken back.
    Removing {
        /// Its name.
        secret: String,
    },
    /// It was, or somebody else uses it.
    Removed {
        /// Its name.
        secret: String,
        /// Why it was kept, if it was.
        kept: Option<String>,
    },
    /// All of it is undone.
    Undone,
    /// Somebody says, or the store shows, that the value in the history is worth nothing any more.
    Rotated {
        /// Name of the secret.
        secret: String,
        /// Why somebody said so although places still hold the value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        despite: Option<String>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "it is what serde asks for")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// How a secret came into the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredBy {
    /// This plan created it: undo deletes it.
    Created,
    /// It was there with the same value: undo leaves it.
    Reused,
    /// This plan added a version to it: undo gives the previous one back.
    Added {
        /// The previous version.
        previous: String,
    },
}

/// A secret that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// What names it in full.
    pub id: String,
    /// The version.
    pub version: String,
    /// How it came there.
    pub origin: StoredBy,
}

/// How far a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing was done.
    #[default]
    Planned,
    /// It was begun.
    Applying,
    /// It is done.
    Applied,
    /// Undoing was begun.
    Undoing,
    /// It is undone.
    Undone,
}

impl Phase {
    /// The phase in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Applying => "begun, not finished",
            Self::Applied => "applied",
            Self::Undoing => "undo begun, not finished",
            Self::Undone => "undone",
        }
    }
}

/// What the journal says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// How far the plan is.
    pub phase: Phase,
    /// Secrets that may be in the store.
    pub storing: BTreeSet<String>,
    /// Secrets that waited for their deletion, with the version that was current.
    pub reviving: BTreeMap<String, String>,
    /// Secrets that a version may have been added to, with the previous version.
    pub adding: BTreeMap<String, String>,
    /// Secrets that are in the store.
    pub stored: BTreeMap<String, StoredSecret>,
    /// Secrets that the store did not take when it was asked last, and why.
    pub failed: BTreeMap<String, String>,
    /// Files that have their new content.
    pub rewritten: BTreeSet<String>,
    /// Files that undo is at, or done with.
    pub restoring: BTreeSet<String>,
    /// Secrets that undo is done with.
    pub removed: BTreeSet<String>,
    /// Secrets whose value is worth nothing any more, and why somebody said so although places still held it.
    pub rotated: BTreeMap<String, Option<String>>,
}

impl Progress {
    fn add(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Begun { version, .. } if version != VERSION => return Err(format!("its version is {version}, not {VERSION}")),
            Event::Begun { .. } => self.phase = Phase::Applying,
            Event::Storing { secret } => drop(self.storing.insert(secret)),
            Event::Reviving { secret, current } => drop(self.reviving.insert(secret, current)),
            Event::Adding { secret, previous } => drop(self.adding.insert(secret, previous)),
            Event::Stored { secret, id, version, origin } => {
                self.failed.remove(&secret);
                self.stored.insert(secret, StoredSecret { id, version, origin });
            }
            Event::NotStored { secret, reason } => drop(self.failed.insert(secret, reason)),
            Event::Rewritten { path, partly: false } => drop(self.rewritten.insert(path)),
            Event::Applied => self.phase = Phase::Applied,
            Event::Undoing => self.phase = Phase::Undoing,
            Event::Restored { path } => drop(self.rewritten.remove(&path)),
            Event::Removed { secret, .. } => drop(self.removed.insert(secret)),
            // Nothing of it is left; a plan that is applied again begins anew.
            Event::Undone => *self = Self { phase: Phase::Undone, ..Self::default() },
            Event::Rotated { secret, despite } => drop(self.rotated.insert(secret, despite)),
            Event::Restoring { path } => drop(self.restoring.insert(path)),
            Event::Rewritten { partly: true, .. } | Event::Rewriting { .. } | Event::Removing { .. } => {}
        }
        Ok(())
    }

    /// Secrets whose leaked value still opens something, as far as anybody knows.
    #[must_use]
    pub fn rotation_pending(&self) -> Vec<&str> {
        if self.phase != Phase::Applied {
            return Vec::new();
        }
        self.stored.keys().filter(|name| !self.rotated.contains_key(*name)).map(String::as_str).collect()
    }
}

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system said no.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// It says something unknown.
    #[error("{}: line {line} of the journal cannot be used: {detail}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// The plan there cannot be read.
    #[error("{}: {source}", .path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: super::plan::PlanError,
    },
    /// The plan was edited after something was done of it.
    #[error("something was done of this plan as it was before it was edited ({}); take that back, or plan again", .0.display())]
    Another(PathBuf),
    /// Somebody else is at work.
    #[error("another migration is at work here")]
    Busy,
}

/// The journal of one plan, while something is done about it.
pub struct Journal<'s> {
    log: Log,
    path: PathBuf,
    progress: Progress,
    steps: &'s dyn Steps,
    _lock: Lock,
}

impl<'s> Journal<'s> {
    /// Takes the lock and opens the journal of the plan, which is put beside it. A plan that was edited takes the place of one that nothing is done of.
    ///
    /// # Errors
    /// Somebody else has the lock, another plan of this id is at work or done, or the journal cannot be read or written.
    pub fn open(home: &Path, plan: &Plan, steps: &'s dyn Steps) -> Result<Self, JournalError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Io { path, source }
        };
        let directory = home.join(&plan.id);
        own::directory(home).map_err(io(home))?;
        own::directory(&directory).map_err(io(&directory))?;
        let lock = home.join("lock");
        let lock = Lock::take(&lock).map_err(io(&lock))?.ok_or(JournalError::Busy)?;
        let copy = directory.join("plan.json");
        let path = directory.join("journal.jsonl");
        let mut lines = read_if_there(&path).map_err(io(&path))?.unwrap_or_default();
        lines.truncate(whole_lines(&lines));
        let progress = replay(&path, &lines)?;
        let kept = read_if_there(&copy).map_err(io(&copy))?;
        let is_this = |kept: &[u8]| Plan::read(kept).is_ok_and(|kept| kept.to_json() == plan.to_json());
        if !kept.as_deref().is_some_and(is_this) {
            if kept.is_some() && !matches!(progress.phase, Phase::Planned | Phase::Undone) {
                return Err(JournalError::Another(copy));
            }
            own::write(&copy, &plan.to_json()).map_err(io(&copy))?;
        }
        // It makes the names of both files last.
        let (log, _) = Log::open(&path).map_err(io(&path))?;
        Ok(Self { log, path, progress, steps, _lock: lock })
    }

    /// What it says.
    #[must_use]
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Writes a line, which is on disk then, with all before it.
    ///
    /// # Errors
    /// What the system says.
    pub fn record(&mut self, event: Event) -> Result<(), JournalError> {
        self.note(event)?;
        self.sync()
    }

    /// Writes a line that a kill of the process leaves there, and a loss of power may not: nothing is done on its strength before
    /// [`Journal::sync`].
    ///
    /// # Errors
    /// What the system says.
    pub fn note(&mut self, event: Event) -> Result<(), JournalError> {
        let line = serde_json::to_vec(&event).expect("because an event is plain data");
        self.log.append(&line, self.steps).map_err(|source| JournalError::Io { path: self.path.clone(), source })?;
        self.progress.add(event).expect("because this version writes what it reads");
        Ok(())
    }

    /// Waits until all lines are on disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.log.sync(self.steps).map_err(|source| JournalError::Io { path: self.path.clone(), source })
    }
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match own::read(path, u64::MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

fn replay(path: &Path, lines: &[u8]) -> Result<Progress, JournalError> {
    let mut progress = Progress::default();
    for (number, line) in lines.split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        let event = serde_json::from_slice(line).map_err(|error| super::plan::where_it_is(&error));
        event.and_then(|event| progress.add(event)).map_err(|detail| JournalError::Line {
            path: path.to_owned(),
            line: number + 1,
            detail,
        })?;
    }
    Ok(progress)
}

/// Plans that something was done about, with what was done, in order of their ids. Takes no lock and changes nothing.
///
/// # Errors
/// What cannot be read.
pub fn all(home: &Path) -> Result<Vec<(Plan, Progress)>, JournalError> {
    let io = |path: &Path, source| JournalError::Io { path: path.to_owned(), source };
    if home.is_symlink() {
        return own::directory(home).map_err(|error| io(home, error)).map(|()| Vec::new());
    }
    let entries = match std::fs::read_dir(home) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| io(home, error))?,
    };
    let mut plans = Vec::new();
    for entry in entries {
        let directory = entry.map_err(|error| io(home, error))?.path();
        let (copy, path) = (directory.join("plan.json"), directory.join("journal.jsonl"));
        if !path.exists() || !copy.exists() {
            continue;
        }
        let text = own::read(&copy, u64::MAX).map_err(|error| io(&copy, error))?;
        let plan = Plan::read(&text).map_err(|source| JournalError::Plan { path: copy, source })?;
        let mut lines = own::read(&path, u64::MAX).map_err(|error| io(&path, error))?;
        lines.truncate(whole_lines(&lines));
        plans.push((plan, replay(&path, &lines)?));
    }
    plans.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    Ok(plans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_put_in_its_place_is_not_followed_and_not_waited_for() {
        let there = tempfile::tempdir().unwrap();
        let (home, link) = (there.path().join("home"), there.path().join("link"));
        own::write(&home.join("a/journal.jsonl"), b"").unwrap();
        let pipe = home.join("a/plan.json");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(matches!(all(&home), Err(JournalError::Io { path, .. }) if path == pipe));
        std::os::unix::fs::symlink(&home, &link).unwrap();
        assert!(matches!(all(&link), Err(JournalError::Io { path, .. }) if path == link));
        assert!(Lock::take(&pipe).is_err() && Lock::take(&home.join("lock")).unwrap().is_some());
    }
}
