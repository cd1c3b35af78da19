//! Migration: from a value in the code to a reference in a store, and back. Owns: plans, the journal, apply, undo, what to do afterwards.
//! Must not: know a language or a store.
//!
//! ```text
//! Report ─make─► Plan ─apply─► store, read back, compare ─► files ─► Journal ─► done │ undo
//! ```

pub mod advice;
pub mod after;
mod also;
pub mod apply;
pub mod audit;
pub mod backup;
mod chosen;
pub mod consumer;
pub mod cost;
pub mod diff;
pub mod edits;
pub mod emit;
pub mod external;
mod files;
mod filters;
mod group;
mod inventory;
pub mod joining;
pub mod journal;
pub mod key;
pub mod known;
pub mod make;
pub mod name;
pub mod nested;
mod own_readers;
pub mod owners;
pub mod permissions;
pub mod plan;
pub mod policy;
pub mod reader;
pub mod remains;
mod shared;
mod storing;
mod target;
pub mod undo;
mod unset;
mod value;
mod variables;
pub mod waiting;

use std::io;

use plan::PlannedFile;
pub use storing::RECOVERY_DAYS;

use crate::store::StoreError;

/// The tag that says which plan made a secret.
const PLAN_TAG: &str = "unleak:plan";

/// Something that is not done, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A file or a secret.
    pub what: String,
    /// Why.
    pub reason: String,
}

/// Why a plan is not applied or undone, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Files are not what the plan speaks of. Nothing was done to them.
    #[error("files changed since the plan was made")]
    Stale(Vec<Refusal>),
    /// It would do harm.
    #[error("refused")]
    Refused(Vec<Refusal>),
    /// The name of a secret is taken.
    #[error("{name}: {reason}")]
    Taken {
        /// The name.
        name: String,
        /// By what.
        reason: &'static str,
    },
    /// The store did not take some secrets; what needs none of them is done.
    #[error("the store did not take {} of the secrets", .0.failed.len())]
    Unfinished(Box<waiting::Unfinished>),
    /// The store did not do it.
    #[error(transparent)]
    Store(StoreError),
    /// The store does not give back what was put into it.
    #[error("{name}: the store gave back another value than it was given; nothing that needs it is rewritten")]
    NotVerified {
        /// The secret.
        name: String,
    },
    /// A value cannot be had.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

pub use value::ValueError;

impl ApplyError {
    const fn store(error: StoreError) -> Self {
        Self::Store(error)
    }

    fn refused(what: &str, reason: &str) -> Self {
        Self::Refused(vec![Refusal { what: what.to_owned(), reason: reason.to_owned() }])
    }

    fn file(file: &PlannedFile, source: io::Error) -> Self {
        Self::File { path: file.path.clone(), source }
    }
}
