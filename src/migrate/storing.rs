//! Putting one secret into the store so that it is there exactly once, and proved. Owns: the order of calls, also after a lost answer or a
//! kill. Must not: overwrite a secret, or touch a file.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::journal::{Event, Journal, StoredBy, StoredSecret};
use super::plan::{Existing, Plan, PlannedSecret};
use super::value;
use super::{ApplyError, PLAN_TAG};
use crate::reference::Backend;
use crate::secret::Secret;
use crate::store::{Action, CURRENT, Description, NewSecret, PENDING, PREVIOUS, SecretStore, StoreError, Version, limits, object};

/// Writes to Secrets Manager are this far apart: 40 a second, below what an account may do.
const APART: Duration = Duration::from_millis(25);
/// Writes to Parameter Store: the standard throughput is 3 a second.
const PARAMETERS_APART: Duration = Duration::from_millis(350);
/// Writes to Google Secret Manager: a project may do 600 a minute, and a new secret takes two
/// (<https://docs.cloud.google.com/secret-manager/quotas>).
const GCP_APART: Duration = Duration::from_millis(220);
/// Writes to Azure Key Vault: 300 secrets in 10 seconds may be made in a key vault
/// (<https://learn.microsoft.com/azure/key-vault/general/service-limits>).
const AZURE_APART: Duration = Duration::from_millis(40);

/// Days in which a secret can be had back that is deleted once more, or by an undo that says nothing else.
pub const RECOVERY_DAYS: u8 = 7;

/// Calls to the store at a time.
const AT_ONCE: usize = 8;

/// Keeps writes apart.
pub struct Pace {
    next: Mutex<Instant>,
    apart: Duration,
}

impl Pace {
    /// The pace that a store bears.
    #[must_use]
    pub fn of(backend: Backend) -> Self {
        let apart = match backend {
            Backend::Aws => APART,
            Backend::Ssm => PARAMETERS_APART,
            Backend::Gcp => GCP_APART,
            Backend::Azure => AZURE_APART,
            Backend::Local | Backend::Vault | Backend::File => Duration::ZERO,
        };
        Self { next: Mutex::new(Instant::now()), apart }
    }

    /// Waits for the next write's turn.
    pub fn wait(&self) {
        if self.apart.is_zero() {
            return;
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = (*next).max(Instant::now());
        *next = mine + self.apart;
        drop(next);
        std::thread::sleep(mine.saturating_duration_since(Instant::now()));
    }
}

/// Does something for each, several at a time. After an error nothing new is begun.
///
/// # Errors
/// The first one.
pub fn at_once<T: Sync>(all: &[T], one: impl Fn(&T) -> Result<(), ApplyError> + Sync) -> Result<(), ApplyError> {
    let (next, stop) = (AtomicUsize::new(0), Mutex::new(None));
    let work = || {
        while stop.lock().is_ok_and(|stop| stop.is_none()) {
            let Some(item) = all.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            if let Err(error) = one(item) {
                stop.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(all.len()) {
            scope.spawn(work);
        }
    });
    stop.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// One secret on its way.
pub struct Storing<'a, 's> {
    /// The plan.
    pub plan: &'a Plan,
    /// The store.
    pub store: &'a dyn SecretStore,
    /// The journal.
    pub journal: &'a Mutex<Journal<'s>>,
    /// The pace of writes.
    pub pace: &'a Pace,
}

impl Storing<'_, '_> {
    /// Puts the secret into the store, reads it back by its version and as the current one, and compares. The journal says already that this is
    /// about to be done.
    ///
    /// # Errors
    /// The store, a name that is taken, a journal that cannot be written.
    pub fn ensure(&self, secret: &PlannedSecret, value: &Secret) -> Result<(), ApplyError> {
        let name = secret.name.as_str();
        let largest = limits::largest_value(self.store.backend());
        if value.len() > largest || value.is_empty() {
            let detail = format!("the value has {} bytes, and the store takes 1 to {largest}", value.len());
            return Err(ApplyError::store(StoreError::Invalid { name: name.to_owned(), detail }));
        }
        let value = &object::normal(self.store.backend(), value);
        let token = self.token(name, 1);
        let new = NewSecret {
            name,
            value,
            description: &secret.description,
            tags: &secret.tags,
            kms_key: secret.kms_key.as_deref(),
            replica_regions: &secret.replica_regions,
            external_type: secret.external_type.as_deref(),
            token: &token,
        };
        self.pace.wait();
        let mut stored = match self.store.create(&new) {
            Ok(stored) => StoredSecret { id: stored.id, version: stored.version, origin: StoredBy::Created },
            Err(StoreError::Exists { .. }) => self.existing(secret, value)?,
            Err(StoreError::PendingDeletion { .. }) => self.deleted(secret, value, &self.describe(name)?)?,
            Err(error) => return Err(ApplyError::store(error)),
        };
        let proved = match self.prove(name, &stored, value) {
            // Some servers say that a secret is made which waits for its deletion.
            Err(ApplyError::Store(StoreError::PendingDeletion { .. })) if stored.origin == StoredBy::Created => {
                stored = self.deleted(secret, value, &self.describe(name)?)?;
                self.prove(name, &stored, value)
            }
            proved => proved,
        };
        proved?;
        self.replicate(secret, &stored)?;
        let StoredSecret { id, version, origin } = stored;
        self.note(Event::Stored { secret: name.to_owned(), id, version, origin })
    }

    /// Gives a secret the replicas that are planned: one that was deleted lost them, and the creation that is asked for again, after it was
    /// restored, makes none. One of somebody else's stays as it is.
    fn replicate(&self, secret: &PlannedSecret, stored: &StoredSecret) -> Result<(), ApplyError> {
        let name = secret.name.as_str();
        let (_, found) = self.begun(name);
        if secret.replica_regions.is_empty() || (stored.origin != StoredBy::Created && found.is_none()) {
            return Ok(());
        }
        let known = self.describe(name)?.replica_regions;
        let missing: Vec<String> = secret.replica_regions.iter().filter(|region| !known.contains(region)).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.pace.wait();
        self.store.replicate(name, &missing).map_err(ApplyError::store)
    }

    fn token(&self, name: &str, version: u32) -> String {
        self.plan.key.token(&self.plan.store.identity, name, version)
    }

    fn note(&self, event: Event) -> Result<(), ApplyError> {
        Ok(self.journal.lock().unwrap_or_else(PoisonError::into_inner).note(event)?)
    }

    fn record(&self, event: Event) -> Result<(), ApplyError> {
        Ok(self.journal.lock().unwrap_or_else(PoisonError::into_inner).record(event)?)
    }

    fn compare(&self, name: &str, version: &Version<'_>, value: &Secret) -> Result<(), ApplyError> {
        let read = self.store.read(name, version).map_err(ApplyError::store)?;
        if value::equal(&read, value) { Ok(()) } else { Err(ApplyError::NotVerified { name: name.to_owned() }) }
    }

    /// Reads the version by its id and as the current one.
    fn prove(&self, name: &str, stored: &StoredSecret, value: &Secret) -> Result<(), ApplyError> {
        self.compare(name, &Version::Id(&stored.version), value)?;
        self.compare(name, &Version::Stage(CURRENT), value)
    }

    fn describe(&self, name: &str) -> Result<Description, ApplyError> {
        let found = self.store.describe(name).map_err(ApplyError::store)?;
        found.ok_or_else(|| ApplyError::store(StoreError::NotFound { name: name.to_owned() }))
    }

    /// A secret of this name is there: made by this plan before it was stopped, or by somebody else with the same value, or another one.
    fn existing(&self, secret: &PlannedSecret, value: &Secret) -> Result<StoredSecret, ApplyError> {
        let description = self.describe(&secret.name)?;
        if description.deleted.is_some() {
            return self.deleted(secret, value, &description);
        }
        self.there(secret, value, &description)
    }

    fn there(&self, secret: &PlannedSecret, value: &Secret, description: &Description) -> Result<StoredSecret, ApplyError> {
        let name = secret.name.as_str();
        let (begun, found) = self.begun(name);
        let (_, current) = with_stage(description, CURRENT).ok_or_else(|| taken(name, "it has no current version"))?;
        let added = description.versions.contains_key(&self.token(name, 2));
        if added || begun.is_some() {
            return self.new_version(secret, value, description, begun);
        }
        let read = self.store.read(name, &Version::Stage(CURRENT)).map_err(ApplyError::store)?;
        if value::equal(&read, value) {
            let origin = if is_ours(description, self.plan, &self.token(name, 1)) { StoredBy::Created } else { StoredBy::Reused };
            return Ok(StoredSecret { id: description.id.clone(), version: current, origin });
        }
        // One that was taken back, and that nobody changed since, is still nobody's but ours.
        let is_back = found == Some(current);
        let takes_versions = limits::refused(self.store.backend(), Action::AddVersion).is_none();
        if secret.existing == Existing::NewVersion || (is_back && takes_versions) {
            return self.new_version(secret, value, description, None);
        }
        if is_back {
            self.store.delete(name, RECOVERY_DAYS).map_err(ApplyError::store)?;
        }
        Err(taken(name, "a secret of this name has another value"))
    }

    /// The version before the one that is being added, and the one that was current when the secret waited for its deletion.
    fn begun(&self, name: &str) -> (Option<String>, Option<String>) {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = journal.progress();
        (progress.adding.get(name).cloned(), progress.reviving.get(name).cloned())
    }

    /// Adds a version beside the current one, proves it, and only then makes it the current one.
    fn new_version(
        &self,
        secret: &PlannedSecret,
        value: &Secret,
        description: &Description,
        begun: Option<String>,
    ) -> Result<StoredSecret, ApplyError> {
        let name = secret.name.as_str();
        let token = self.token(name, 2);
        let current = with_stage(description, CURRENT).map(|(_, version)| version);
        let before = if current.as_deref() == Some(token.as_str()) {
            with_stage(description, PREVIOUS).map(|(_, version)| version)
        } else {
            current
        };
        let Some(previous) = begun.or(before) else { return Err(taken(name, "it has no version to go back to")) };
        self.record(Event::Adding { secret: name.to_owned(), previous: previous.clone() })?;
        self.pace.wait();
        let stored = self.store.put_version(name, value, &token, &[PENDING]).map_err(ApplyError::store)?;
        self.compare(name, &Version::Id(&stored.version), value)?;
        self.store.move_stage(name, CURRENT, &stored.version).map_err(ApplyError::store)?;
        // A pending version is a rotation under way.
        self.store.drop_stage(name, PENDING, &stored.version).map_err(ApplyError::store)?;
        Ok(StoredSecret { id: stored.id, version: stored.version, origin: StoredBy::Added { previous } })
    }

    /// A secret of this name waits for its deletion. One that undo of this plan deleted is taken back, and one that an earlier plan made, too:
    /// undo schedules its deletion again.
    fn deleted(&self, secret: &PlannedSecret, value: &Secret, description: &Description) -> Result<StoredSecret, ApplyError> {
        let name = secret.name.as_str();
        if !is_ours(description, self.plan, &self.token(name, 1)) {
            let is_of_plan = description.tags.contains_key(PLAN_TAG);
            let (_, current) = with_stage(description, CURRENT)
                .filter(|_| is_of_plan)
                .ok_or_else(|| ApplyError::store(StoreError::PendingDeletion { name: name.to_owned() }))?;
            self.record(Event::Reviving { secret: name.to_owned(), current })?;
        }
        self.pace.wait();
        self.store.restore(name).map_err(ApplyError::store)?;
        self.there(secret, value, &self.describe(name)?)
    }
}

/// The label and the version that has it.
pub fn with_stage<'s>(description: &Description, stage: &'s str) -> Option<(&'s str, String)> {
    description.version_at(stage).map(|version| (stage, version.to_owned()))
}

/// Whether this plan made the secret.
pub fn is_ours(description: &Description, plan: &Plan, token: &str) -> bool {
    description.versions.contains_key(token) || description.tags.get(PLAN_TAG) == Some(&plan.id)
}

fn taken(name: &str, reason: &'static str) -> ApplyError {
    ApplyError::Taken { name: name.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_stay_below_what_an_account_may_do() {
        let begun = Instant::now();
        let pace = Pace::of(Backend::Aws);
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| pace.wait());
            }
        });
        assert!(begun.elapsed() >= 4 * APART, "{:?}", begun.elapsed());
        // 50 a second is the quota.
        assert!(APART >= Duration::from_millis(20));
    }
}
