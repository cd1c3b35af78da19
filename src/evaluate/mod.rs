//! How good the judgement is, measured on labelled text. Owns: what counts as found, missed and false. Must not: judge, read files, print raw text.
//!
//! The unit is a line, or the lines of a label that spans several. A line with a credential is found when a finding overlaps it; a finding
//! that overlaps lines labelled otherwise and no line with a credential is false; a finding on lines without a label counts for nothing.

pub mod labels;
pub mod measure;
pub mod report;

use std::collections::BTreeMap;

use bstr::BStr;

use crate::file_kind;
use crate::scan::{Judged, Scanner};
use labels::{Label, Region, Truth};

/// The category of bare UUIDs, which nothing but their label tells from others: it is left out.
const LEFT_OUT: &str = "UUID";

/// One thing that a scan gets right or wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The repository of the text.
    pub repo: String,
    /// The file, and the line in it.
    pub file: String,
    /// See `file`; the first line is 1.
    pub line: u64,
    /// The label's category.
    pub category: String,
    /// The kind of file.
    pub kind: &'static str,
    /// Whether the line holds a credential. Without one it is the place of a candidate.
    pub is_credential: bool,
    /// The highest probability of a candidate there; 0 where there is none.
    pub probability: f32,
    /// What stands against it or for it most: a reason, or that there is no candidate.
    pub because: &'static str,
}

/// What a scan makes of the labelled lines of a region.
#[must_use]
pub fn outcomes(scanner: &Scanner, region: &Region) -> Vec<Outcome> {
    let path = BStr::new(region.file.as_bytes());
    let offset = region.first_line.saturating_sub(1);
    let judged: Vec<Judged> = scanner
        .judged(path, region.text.as_bytes())
        .into_iter()
        .map(|judged| Judged { lines: judged.lines.start() + offset..=judged.lines.end() + offset, ..judged })
        .collect();
    let outcome = |label: &Label, is_credential, best: Option<&Judged>| Outcome {
        repo: region.repo.clone(),
        file: region.file.clone(),
        line: best.map_or(label.line_start, |judged| *judged.lines.start()),
        category: label.category.clone(),
        kind: file_kind::file_kind(path).name(),
        is_credential,
        probability: best.map_or(0.0, probability),
        because: best.map_or("no candidate", because),
    };
    let mut outcomes = Vec::new();
    for label in credentials(region) {
        let best = judged.iter().filter(|judged| overlaps(judged, label)).max_by(|a, b| probability(a).total_cmp(&probability(b)));
        outcomes.push(Outcome { line: label.line_start, ..outcome(label, true, best) });
    }
    // A value that stands on a line twice is one finding.
    let mut others: BTreeMap<(u64, usize), &Judged> = BTreeMap::new();
    for candidate in judged.iter().filter(|candidate| probability(candidate) > 0.0) {
        let best = others.entry((*candidate.lines.start(), candidate.value)).or_insert(candidate);
        if probability(candidate) > probability(best) {
            *best = candidate;
        }
    }
    for candidate in others.into_values() {
        let labels = || region.labels.iter().filter(|label| overlaps(candidate, label));
        let counts = labels().any(|label| label.category != LEFT_OUT) && labels().all(|label| label.truth != Truth::Credential);
        if let Some(label) = labels().find(|label| label.category != LEFT_OUT).filter(|_| counts) {
            outcomes.push(outcome(label, false, Some(candidate)));
        }
    }
    outcomes
}

/// The labels of credentials that count, one for each stretch of lines.
fn credentials(region: &Region) -> impl Iterator<Item = &Label> {
    let counted = region.labels.iter().filter(|label| label.truth == Truth::Credential && label.category != LEFT_OUT);
    let by_lines: BTreeMap<(u64, u64), &Label> = counted.map(|label| ((label.line_start, label.line_end), label)).collect();
    by_lines.into_values()
}

fn overlaps(judged: &Judged, label: &Label) -> bool {
    *judged.lines.start() <= label.line_end && *judged.lines.end() >= label.line_start
}

/// The probability that counts: none for what was dropped.
fn probability(judged: &Judged) -> f32 {
    if judged.dropped.is_some() { 0.0 } else { judged.probability }
}

fn because(judged: &Judged) -> &'static str {
    judged.dropped.or_else(|| judged.evidence.first().copied()).unwrap_or("its pattern says so")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::Catalogue;
    use crate::settings::Settings;

    #[test]
    fn a_value_twice_on_a_line_is_one_finding() {
        let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
        let value = ["kraz", "tol77"].concat();
        let region = |second: &str| Region {
            repo: String::new(),
            file: "a.rb".to_owned(),
            first_line: 3,
            text: format!("user.update(password: '{value}', password_confirmation: '{second}')\n"),
            bytes: None,
            labels: vec![Label {
                line_start: 3,
                line_end: 3,
                value_start: -1,
                value_end: -1,
                truth: Truth::Nothing,
                category: "Password".to_owned(),
            }],
        };
        assert_eq!(outcomes(&scanner, &region(&value)).len(), 1);
        assert_eq!(outcomes(&scanner, &region(&["wimb", "ler31"].concat())).len(), 2);
    }
}
