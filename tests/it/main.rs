//! The one test binary: a file per command and per guarantee.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod cli;
mod report;
mod source;
