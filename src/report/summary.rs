//! The counts of a report. Owns: adding them up. Must not: know formats.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::finding::{ForeignFile, Report, Severity, Suppression};

/// What a report comes to. Serialised as docs/report-formats.md says.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Summary<'r> {
    /// Different secrets.
    pub secrets: u64,
    /// Places that hold them.
    pub places: u64,
    /// Secrets of each severity that occurs.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Places left out, by who said so.
    pub suppressed: &'r BTreeMap<Suppression, u64>,
    /// Files of other tools that were used.
    #[serde(skip_serializing_if = "<[ForeignFile]>::is_empty")]
    pub foreign_files: &'r [ForeignFile],
    /// Places below the confidence threshold.
    pub below_threshold: u64,
    /// Whether everything asked for was scanned.
    pub complete: bool,
}

impl<'r> Summary<'r> {
    /// Adds the report up.
    #[must_use]
    pub fn of(report: &'r Report) -> Self {
        let mut by_severity = BTreeMap::new();
        for finding in &report.findings {
            *by_severity.entry(finding.severity).or_default() += 1;
        }
        Self {
            secrets: count(report.findings.len()),
            places: report.findings.iter().map(|finding| count(finding.places.len())).sum(),
            by_severity,
            suppressed: &report.suppressed,
            foreign_files: &report.foreign_files,
            below_threshold: report.below_threshold,
            complete: report.coverage.problems.is_empty(),
        }
    }
}

/// A length as reports count.
#[must_use]
pub fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
