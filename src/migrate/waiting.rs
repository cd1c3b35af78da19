//! What can be done when the store did not take every secret. Owns: which files go on, with which edits, and why a secret is not stored.
//! Must not: touch files, or store.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::apply::Applied;
use super::journal::Progress;
use super::plan::{Edit, Plan, PlannedFile};
use super::{ApplyError, Refusal};
use crate::store::StoreError;

/// Why one secret is not in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotStored {
    /// Its name.
    pub secret: String,
    /// Which kind of reason it is.
    pub kind: Kind,
    /// The reason; it begins with the name.
    pub reason: String,
    /// What a person can do.
    pub advice: String,
    /// The permission that is missing, as the store calls it.
    pub missing: Option<String>,
}

/// Kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The identity lacks a permission.
    Denied,
    /// The name is taken.
    Taken,
    /// The store does not take it like this.
    Unfit,
}

impl NotStored {
    /// The reason of an error, if it is about this secret and no other.
    ///
    /// # Errors
    /// The error again: it would be the same for every secret.
    pub fn of(secret: &str, error: ApplyError) -> Result<Self, ApplyError> {
        let (kind, advice) = match &error {
            ApplyError::Taken { .. } | ApplyError::Store(StoreError::Exists { .. }) => {
                (Kind::Taken, "undo, and plan again with --new-version, or with another name (--name-template, --env, --app)".to_owned())
            }
            ApplyError::Store(StoreError::PendingDeletion { .. }) => (
                Kind::Taken,
                "then `unleak migrate resume`; or undo, and plan again with another name (--name-template, --env, --app)".to_owned(),
            ),
            ApplyError::Store(StoreError::Denied { action, .. }) => {
                (Kind::Denied, format!("allow the identity {action} on this name, then `unleak migrate resume`"))
            }
            ApplyError::Store(StoreError::Key { .. }) => {
                (Kind::Unfit, "enable the key and allow the identity to use it, then `unleak migrate resume`".to_owned())
            }
            ApplyError::Store(StoreError::NotFound { .. }) => {
                (Kind::Unfit, "somebody else is at work on this name; then `unleak migrate resume`".to_owned())
            }
            ApplyError::Store(StoreError::Invalid { .. }) => (Kind::Unfit, "undo, and plan again within what the store takes".to_owned()),
            _ => return Err(error),
        };
        let missing = if let ApplyError::Store(StoreError::Denied { action, .. }) = &error { Some(action.clone()) } else { None };
        Ok(Self { secret: secret.to_owned(), kind, reason: error.to_string(), advice, missing })
    }
}

/// A plan of which a part is done, because the store did not take some secrets.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// What is done, now or before.
    pub applied: Applied,
    /// The secrets that are not stored, in order of their names.
    pub failed: Vec<NotStored>,
    /// The files that wait, all of them or some of their lines, and for what.
    pub waiting: Vec<Refusal>,
    /// Whether a file of the tree is not what it was.
    pub touched: bool,
}

/// Secrets of a plan that are not in the store.
pub struct Missing<'p> {
    plan: &'p Plan,
    names: BTreeSet<&'p str>,
}

impl<'p> Missing<'p> {
    /// Those that the journal does not know as stored.
    #[must_use]
    pub fn of(plan: &'p Plan, progress: &Progress) -> Self {
        let names = plan.secrets.iter().map(|secret| secret.name.as_str()).filter(|name| !progress.stored.contains_key(*name));
        Self { plan, names: names.collect() }
    }

    /// What of a file can be done without them; none where it has to wait.
    #[must_use]
    pub fn edits(&self, file: &'p PlannedFile) -> Option<Cow<'p, [Edit]>> {
        if self.names.is_empty() {
            return Some(Cow::Borrowed(&file.edits));
        }
        if self.is_read_from(file) {
            return None;
        }
        if file.is_in_parts() {
            let is_missing = |edit: &&Edit| edit.about.as_deref().is_some_and(|secret| self.names.contains(secret));
            let edits: Vec<Edit> = file.edits.iter().filter(|edit| !is_missing(edit)).cloned().collect();
            return edits.iter().any(|edit| edit.about.is_some()).then_some(Cow::Owned(edits));
        }
        let goes = if file.has_places() { self.needed_by(file).next().is_none() } else { self.is_needed_now(file) };
        goes.then_some(Cow::Borrowed(&file.edits))
    }

    /// The files that are not rewritten, and what they wait for.
    #[must_use]
    pub fn waiting(&self, progress: &Progress) -> Vec<Refusal> {
        let files = self.plan.files.iter().filter(|file| !progress.rewritten.contains(&file.path));
        let names = |file| -> BTreeSet<&str> { self.needed_by(file).chain(self.read_from(file)).collect() };
        let reason = |file| format!("waits for {}", names(file).into_iter().collect::<Vec<_>>().join(", "));
        files.map(|file| Refusal { what: file.path.clone(), reason: reason(file) }).collect()
    }

    /// The missing secrets that a file needs.
    fn needed_by<'f>(&'f self, file: &'f PlannedFile) -> impl Iterator<Item = &'f str> {
        file.secrets.iter().map(String::as_str).filter(|name| self.names.contains(name))
    }

    /// The missing secrets of which a part is still to be read from the file.
    fn read_from<'f>(&'f self, file: &'f PlannedFile) -> impl Iterator<Item = &'f str> {
        let missing = self.plan.secrets.iter().filter(|secret| self.names.contains(secret.name.as_str()));
        let here = missing.filter(|secret| secret.members.iter().any(|member| member.path == file.path));
        here.map(|secret| secret.name.as_str())
    }

    fn is_read_from(&self, file: &PlannedFile) -> bool {
        self.read_from(file).next().is_some()
    }

    /// Whether a file without values of its own, such as a helper, goes with one that is rewritten.
    fn is_needed_now(&self, file: &PlannedFile) -> bool {
        let with = |other: &PlannedFile| other.has_places() && other.secrets.iter().all(|secret| file.secrets.contains(secret));
        self.plan.files.iter().any(|other| with(other) && !self.is_read_from(other) && self.needed_by(other).next().is_none())
    }
}
