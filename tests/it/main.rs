//! The integration tests, in one binary so that no file can be forgotten.

mod report;
mod source;
