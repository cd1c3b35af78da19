//! Migration: from a value in the code to a reference in a store, and back. Owns: plans, the journal, apply, undo, what to do afterwards.
//! Must not: know a language or a store.
//!
//! ```text
//! Report ─make─► Plan ─apply─► store, read back, compare ─► files ─► Journal ─► done │ undo
//! ```

pub mod advice;
pub mod cost;
pub mod diff;
pub mod edits;
mod files;
mod group;
mod inventory;
pub mod key;
pub mod make;
pub mod name;
pub mod plan;
mod value;
