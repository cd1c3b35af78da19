//! The one test binary: a file per command and per guarantee, so that none can be forgotten.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod audit;
mod canary;
mod catalogue;
mod cli;
mod determinism;
mod encodings;
mod foreign;
mod history;
mod hostile;
mod made_up;
mod migrate;
mod own;
mod readme;
mod report;
mod rewrite;
mod source;
mod store;
mod tidy;
mod tools;
mod writings;
