//! Which results stand in which run. Owns: the limits of code scanning, and the categories. Must not: know `serde_sarif`.
//!
//! Source of the limits: "SARIF support for code scanning" in GitHub's documentation. Runs of one file need categories of their own, which are
//! what stands before the last slash of a run's id.

use std::cmp::Reverse;

use super::SarifProfile;
use crate::finding::{Finding, Place, Report};

/// Results that code scanning takes in a run.
pub const RESULTS: usize = 25_000;
/// Runs that it takes in a file.
const RUNS: usize = 20;

/// One run.
#[derive(Debug)]
pub struct Part<'r> {
    /// The id of its `automationDetails`.
    pub id: String,
    /// What becomes a result.
    pub places: Vec<(&'r Finding, &'r Place)>,
}

/// All runs of a report: those of what stands in files first, the most severe findings first, after them what the baseline hides.
#[derive(Debug)]
pub struct Runs<'r> {
    /// One run or more.
    pub parts: Vec<Part<'r>>,
    /// Places beyond the limit.
    pub cut: usize,
    /// Secrets left out because no file holds them any more.
    pub past: usize,
}

impl<'r> Runs<'r> {
    /// The runs of a report. Code scanning gets one: what is gone from the files has no line to be shown at.
    pub fn of(report: &'r Report, profile: SarifProfile) -> Self {
        let mut findings: Vec<&Finding> = report.findings.iter().collect();
        findings.sort_by_key(|finding| Reverse(finding.severity));
        if profile == SarifProfile::Full {
            findings.extend(&report.hidden);
        }
        let (past, present): (Vec<&Finding>, Vec<&Finding>) = findings.into_iter().partition(|finding| is_past(finding));
        let mut parts = split("unleak/", &present);
        if parts.is_empty() {
            parts.push(Part { id: "unleak/".to_owned(), places: Vec::new() });
        }
        let (most, past) = match profile {
            SarifProfile::Full => {
                parts.extend(split("unleak/history/", &past));
                (RUNS, 0)
            }
            SarifProfile::Github => (1, past.len()),
        };
        let cut = parts.split_off(most.min(parts.len())).iter().map(|part| part.places.len()).sum();
        Self { parts, cut, past }
    }
}

/// Whether a secret stands in the history only.
fn is_past(finding: &Finding) -> bool {
    finding.exposure.as_ref().is_some_and(|exposure| exposure.live.is_empty())
}

fn split<'r>(category: &str, findings: &[&'r Finding]) -> Vec<Part<'r>> {
    let places: Vec<_> = findings.iter().flat_map(|finding| shown(finding).iter().map(|place| (*finding, place))).collect();
    let part = |(index, places): (usize, &[(&'r Finding, &'r Place)])| {
        let id = if index == 0 { category.to_owned() } else { format!("{category}{}/", index + 1) };
        Part { id, places: places.to_vec() }
    };
    places.chunks(RESULTS).enumerate().map(part).collect()
}

/// The places that become results: of a history the one to look at, for the others are mostly versions of one file.
fn shown(finding: &Finding) -> &[Place] {
    let most = if finding.exposure.is_some() { 1 } else { finding.places.len() };
    &finding.places[..most.min(finding.places.len())]
}
