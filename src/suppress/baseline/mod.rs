//! The baseline: what people said of secrets, each named by a keyed hash. Owns: the decisions, their file's content, hiding findings by them.
//! Must not: read or write files, or keep a secret.
//!
//! The key stands in the file, so the hashes of two repositories have nothing in common, and no table of common passwords fits. Whoever has
//! the file can still try guesses of a short password one by one.

mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::finding::{Decision, Finding, Report, Suppression};
use crate::keyed::{Key, KeyedHash};

/// Decisions about secrets.
#[derive(Debug, Clone)]
pub struct Baseline {
    key: Key,
    decisions: BTreeMap<KeyedHash, Decision>,
}

/// A line that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BaselineError {
    /// The line; the first line is 1.
    pub line: usize,
    /// What is wrong, without the line's text.
    pub problem: String,
}

/// A reason that would bring the secret into the file.
#[derive(Debug, thiserror::Error)]
#[error("the reason holds the secret itself")]
pub struct SecretInReason;

/// Shortest secret that a reason must not hold; shorter ones are ordinary words.
const TELLING: usize = 6;

impl Baseline {
    /// Its usual name, at the root of a repository or of a directory.
    pub const NAME: &'static str = ".unleak-baseline.jsonl";

    /// One without decisions and with a key of its own.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no two are equal")]
    pub fn new() -> Self {
        Self { key: Key::random(), decisions: BTreeMap::new() }
    }

    /// Reads a file. Lines can be in any order and speak of one secret twice, as they do after merges: the latest day counts, and on one day
    /// the more cautious verdict.
    ///
    /// # Errors
    /// The first line that is not in the format.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let at = |line: usize| move |problem: String| BaselineError { line: line + 1, problem };
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (number, first) = lines.next().ok_or_else(|| at(0)("the file is empty: the header is missing".to_owned()))?;
        let mut baseline = Self { key: line::header(first).map_err(at(number))?, decisions: BTreeMap::new() };
        for (number, text) in lines {
            let (mac, decision) = line::decision(text).map_err(at(number))?;
            let rank = |of: &Decision| (of.date.clone(), of.verdict, of.reason.clone(), of.by.clone());
            match baseline.decisions.get(&mac) {
                Some(known) if rank(known) >= rank(&decision) => {}
                _ => drop(baseline.decisions.insert(mac, decision)),
            }
        }
        Ok(baseline)
    }

    /// Writes the file's content: the same decisions give the same bytes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &line::Header::new(&self.key))?;
        out.write_all(b"\n")?;
        for (&mac, decision) in &self.decisions {
            serde_json::to_writer(&mut *out, &line::Line { mac, decision })?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// The keyed hash of a secret.
    #[must_use]
    pub fn name(&self, secret: &[u8]) -> KeyedHash {
        self.key.hash([secret])
    }

    /// What was said of a secret.
    #[must_use]
    pub fn decision(&self, secret: &[u8]) -> Option<&Decision> {
        // Nothing is hashed where nothing can be found.
        if self.decisions.is_empty() { None } else { self.decisions.get(&self.name(secret)) }
    }

    /// Keeps a decision about a finding's secret in place of an earlier one.
    ///
    /// # Errors
    /// See [`SecretInReason`].
    pub fn decide(&mut self, finding: &Finding, decision: Decision) -> Result<(), SecretInReason> {
        let secret = finding.secret.expose();
        if secret.len() >= TELLING && memchr::memmem::find(decision.reason.as_bytes(), secret).is_some() {
            return Err(SecretInReason);
        }
        self.decisions.insert(self.name(secret), decision);
        Ok(())
    }

    /// Keeps the decisions about these secrets and gives the others.
    pub fn prune(&mut self, found: &BTreeSet<KeyedHash>) -> Vec<Decision> {
        let (kept, gone) = std::mem::take(&mut self.decisions).into_iter().partition(|(name, _)| found.contains(name));
        self.decisions = kept;
        let gone: BTreeMap<KeyedHash, Decision> = gone;
        gone.into_values().collect()
    }

    /// All decisions, each with the name of its secret.
    #[must_use]
    pub fn decisions(&self) -> impl ExactSizeIterator<Item = (KeyedHash, &Decision)> {
        self.decisions.iter().map(|(&name, decision)| (name, decision))
    }

    /// Notes what was said of each finding.
    pub fn note(&self, findings: &mut [Finding]) {
        for finding in findings {
            finding.decision = self.decision(finding.secret.expose()).cloned();
        }
    }

    /// Notes in the report what was said of each finding. What is false or accepted is hidden, and its places count as
    /// [`Suppression::Baseline`].
    pub fn apply(&self, report: &mut Report) {
        self.note(&mut report.findings);
        let (hidden, shown): (Vec<_>, Vec<_>) = std::mem::take(&mut report.findings).into_iter().partition(Finding::is_hidden);
        report.findings = shown;
        if !hidden.is_empty() {
            let places: u64 = hidden.iter().map(|finding| finding.places.len() as u64).sum();
            *report.suppressed.entry(Suppression::Baseline).or_default() += places;
            report.hidden.extend(hidden);
        }
    }
}

#[cfg(test)]
mod tests;
