//! How migrations fail. Owns: which exit code and which hint an error has. Must not: decide that something failed.

use std::fmt::Display;

use unleak::migrate::journal::JournalError;
use unleak::migrate::make::MakeError;
use unleak::migrate::permissions::Checked;
use unleak::migrate::plan::Plan;
use unleak::migrate::waiting::{Kind, Unfinished};
use unleak::migrate::{ApplyError, Refusal};
use unleak::store::StoreError;

use crate::failure::{Exit, Failure};
use crate::migrate_show;

/// What is left to do where something was begun.
const GO_ON: &str = "`unleak migrate resume` goes on, `unleak migrate undo` takes it back";

/// What helps where a permission is missing: policies are written for Secrets Manager.
fn policies(missing: &str) -> Option<String> {
    missing.starts_with("secretsmanager:").then(|| "`unleak migrate policies` writes a policy for whoever migrates".to_owned())
}

/// The failure that a store's error is.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands on")]
pub fn store_failure(error: StoreError) -> Failure {
    let (exit, hint) = match &error {
        StoreError::Denied { action, .. } => (Exit::Denied, policies(action)),
        StoreError::Exists { .. } | StoreError::PendingDeletion { .. } => (Exit::Refused, None),
        StoreError::Throttled(_)
        | StoreError::Unreachable(_)
        | StoreError::NotFound { .. }
        | StoreError::Key { .. }
        | StoreError::Invalid { .. }
        | StoreError::Unusable(_) => (Exit::Failure, None),
    };
    Failure { exit, ..Failure::new(&error) }.maybe_hint(hint)
}

/// The failure that secrets which the store did not take are; what became of the others is said already.
pub fn unfinished_failure(plan: &Plan, unfinished: &Unfinished) -> Failure {
    let (none_stored, failed) = (unfinished.applied.secrets.is_empty(), &unfinished.failed);
    let is_denied = failed.iter().any(|failed| failed.kind == Kind::Denied);
    let exit = match () {
        () if unfinished.touched => Exit::Unfinished,
        () if is_denied => Exit::Denied,
        () if !none_stored => Exit::Unfinished,
        () if failed.iter().all(|failed| failed.kind == Kind::Taken) => Exit::Refused,
        () => Exit::Failure,
    };
    let lines: Vec<String> = failed.iter().map(|failed| format!("\n  {}; {}", failed.reason, failed.advice)).collect();
    let secrets = migrate_show::count(plan.secrets.len(), "secret");
    let error = format!("the store did not take {} of {secrets}:{}", failed.len(), lines.concat());
    let hint = failed.iter().find_map(|failed| policies(failed.missing.as_deref()?));
    Failure { exit, ..Failure::new(&error) }.hint(GO_ON).maybe_hint(hint)
}

/// The failure that no plan is.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands on")]
pub fn make_failure(error: MakeError) -> Failure {
    let exit = if matches!(error, MakeError::Unfit(_)) { Exit::Refused } else { Exit::Failure };
    Failure { exit, ..Failure::new(&error) }
}

/// The failure that missing permissions are.
pub fn denied_failure(checked: &Checked) -> Failure {
    let missing: Vec<&str> = checked.missing.keys().map(String::as_str).collect();
    let hint = missing.iter().find_map(|missing| policies(missing));
    Failure { exit: Exit::Denied, ..Failure::new(&format_args!("the identity needs {}", missing.join(", "))) }.maybe_hint(hint)
}

/// The failure that an error of applying is, where the journal says that something was begun.
pub fn begun_failure(error: ApplyError) -> Failure {
    let (is_cut_short, is_stale) = kind(&error);
    let failure = apply_failure(error);
    match () {
        () if is_cut_short => Failure { exit: Exit::Unfinished, hints: vec![GO_ON.to_owned()], ..failure },
        () if is_stale => Failure { hints: vec![format!("take these changes back; then {GO_ON}")], ..failure },
        () => failure,
    }
}

/// The failure that an error of undoing is.
pub fn undo_failure(error: ApplyError) -> Failure {
    let (is_cut_short, is_stale) = kind(&error);
    let failure = apply_failure(error);
    match () {
        () if is_cut_short => Failure { exit: Exit::Unfinished, hints: vec!["`unleak migrate undo` goes on".to_owned()], ..failure },
        () if is_stale => Failure { hints: vec!["take these changes back; then `unleak migrate undo` goes on".to_owned()], ..failure },
        () => failure,
    }
}

/// Whether what was begun goes on where the cause of an error is gone, and whether files are not as they have to be.
const fn kind(error: &ApplyError) -> (bool, bool) {
    match error {
        ApplyError::Store(error) => (!matches!(error, StoreError::Denied { .. }), false),
        ApplyError::Journal(error) => (!matches!(error, JournalError::Busy | JournalError::Another(_)), false),
        ApplyError::Unfinished(_) | ApplyError::NotVerified { .. } | ApplyError::File { .. } => (true, false),
        ApplyError::Stale(_) | ApplyError::Value(_) => (false, true),
        _ => (false, false),
    }
}

/// The failure that an error of applying or undoing is, where nothing was begun.
pub fn apply_failure(error: ApplyError) -> Failure {
    let list = |what: &str, refusals: &[Refusal]| {
        let lines: Vec<String> = refusals.iter().map(|refusal| format!("\n  {}: {}", refusal.what, refusal.reason)).collect();
        format!("{what}:{}", lines.concat())
    };
    let with = |exit: Exit, error: &dyn Display| Failure { exit, ..Failure::new(error) };
    match error {
        ApplyError::Store(error) => store_failure(error),
        ApplyError::Stale(changes) => {
            with(Exit::Stale, &list("files are not what the plan speaks of", &changes)).hint("plan again; nothing more was done")
        }
        ApplyError::Value(error) => with(Exit::Stale, &error).hint("plan again; no file was touched"),
        ApplyError::Refused(refusals) => with(Exit::Refused, &list("refused", &refusals)),
        ApplyError::Taken { .. } | ApplyError::Journal(JournalError::Busy | JournalError::Another(_)) => with(Exit::Refused, &error),
        ApplyError::Journal(_) => with(Exit::Failure, &error),
        ApplyError::Unfinished(_) | ApplyError::NotVerified { .. } | ApplyError::File { .. } => with(Exit::Unfinished, &error).hint(GO_ON),
    }
}
