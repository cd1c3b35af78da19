//! A report in each format. Owns: the choice of format and its options. Must not: decide what is reported, open files, print.
//!
//! Each format is one file with a `write`. What they share: [`advice`] (the next step), `summary` (counts), `date`, [`receipt`] (coverage
//! in words) and `escape` (JSON that a terminal can show). docs/report-formats.md describes the formats to their readers.
//! A raw secret is written by `human` and `json` only, and only with [`Options::show_secrets`].

pub mod advice;
pub mod date;
mod escape;
mod human;
mod json;
mod jsonl;
pub mod receipt;
mod sarif;
mod style;
mod summary;

pub use escape::write_line as write_json_line;

use std::io;

use crate::finding::{Finding, Report};

/// A format that a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Frames and a summary, for a person at a terminal.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// One JSON object a line: findings, then a summary.
    Jsonl,
    /// SARIF 2.1.0, as code scanning takes it.
    Sarif,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Human, Self::Json, Self::Jsonl, Self::Sarif];

    /// The format's name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
        }
    }

    /// The format with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// For whom SARIF is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SarifProfile {
    /// For whoever knows `suppressions`: what the baseline hides is there and marked. What only the history holds is a run of its own.
    #[default]
    Full,
    /// For code scanning, which shows results with suppressions as open alerts: what the baseline hides is not there, nor what only the
    /// history holds. One run, as large as it may be.
    Github,
}

impl SarifProfile {
    /// All profiles.
    pub const ALL: [Self; 2] = [Self::Full, Self::Github];

    /// The profile's name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Github => "github",
        }
    }
}

/// How a report is written.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// Whether `human` uses colours.
    pub color: bool,
    /// Whether `human` makes URLs clickable (OSC 8).
    pub hyperlinks: bool,
    /// Columns of the terminal, for `human`; excerpts are cut to it.
    pub width: usize,
    /// Whether raw secrets are written. SARIF never has them.
    pub show_secrets: bool,
    /// Whether the reasons for each finding, and against each dropped candidate, are written.
    pub explain: bool,
    /// For whom SARIF is written.
    pub sarif_profile: SarifProfile,
    /// Whether `human` ends with the coverage receipt; the JSON formats always have it.
    pub receipt: bool,
    /// Version of the program that made the report.
    pub tool_version: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: false,
            hyperlinks: false,
            width: 120,
            show_secrets: false,
            explain: false,
            sarif_profile: SarifProfile::Full,
            receipt: false,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(format: Format, report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, options, out),
        Format::Json => json::write(report, options, out),
        Format::Jsonl => jsonl::write(report, options, out),
        Format::Sarif => sarif::write(report, options, out),
    }
}

/// Writes one finding as `human` shows it.
///
/// # Errors
/// Those of `out`.
pub fn write_finding(finding: &Finding, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    human::write_finding(finding, options, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("Human"), None);
    }
}
