//! Allow rules of a configuration. Owns: taking their places out of a report, counted. Must not: read a configuration.

use super::globs::{GlobError, Globs};
use super::left;
use crate::finding::{Finding, Place, Report, Suppression};

/// Places that a configuration allows; what is set must all hold.
#[derive(Debug, Clone)]
pub struct Allow {
    /// As it was given, and as it is looked for.
    path: Option<(String, Globs)>,
    pattern: Option<String>,
    fingerprint: Option<String>,
}

/// Fewest digits of a fingerprint that name a secret.
const MIN_FINGERPRINT: usize = 12;

/// Why an allow rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AllowError {
    /// The glob cannot be read.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// The fingerprint is none.
    #[error("the fingerprint {0:?} must be the 12 to 32 hex digits that a report shows")]
    Fingerprint(String),
    /// Nothing is set.
    #[error("it needs a path, a pattern or a fingerprint")]
    Empty,
}

impl Allow {
    /// A rule for the places that fit all that is given: a glob of paths, a pattern's id, the start of a secret's fingerprint.
    ///
    /// # Errors
    /// See [`AllowError`].
    pub fn new(path: Option<&str>, pattern: Option<&str>, fingerprint: Option<&str>) -> Result<Self, AllowError> {
        if path.is_none() && pattern.is_none() && fingerprint.is_none() {
            return Err(AllowError::Empty);
        }
        let is_hex = |text: &str| {
            (MIN_FINGERPRINT..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        if let Some(wrong) = fingerprint.filter(|text| !is_hex(text)) {
            return Err(AllowError::Fingerprint(wrong.to_owned()));
        }
        Ok(Self {
            path: path.map(|glob| Ok::<_, GlobError>((glob.to_owned(), Globs::new([glob])?))).transpose()?,
            pattern: pattern.map(str::to_owned),
            fingerprint: fingerprint.map(str::to_owned),
        })
    }

    /// The glob of paths.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_ref().map(|(glob, _)| glob.as_str())
    }

    fn holds(&self, finding: &Finding, place: &Place) -> bool {
        self.path.as_ref().is_none_or(|(_, globs)| globs.has(place.origin.path()))
            && self.pattern.as_ref().is_none_or(|id| *id == finding.pattern.def.id)
            && self.fingerprint.as_ref().is_none_or(|start| finding.fingerprint.to_string().starts_with(start.as_str()))
    }
}

/// Takes the places that a rule allows out of the report and counts them as [`Suppression::Config`]. What is left of a finding has the
/// severity and confidence of the places left.
pub fn apply(rules: &[Allow], report: &mut Report) {
    if rules.is_empty() {
        return;
    }
    let allowed = left::retain(report, |finding, place| !rules.iter().any(|rule| rule.holds(finding, place)));
    if allowed > 0 {
        *report.suppressed.entry(Suppression::Config).or_default() += allowed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::{Origin, Position, Span};
    use crate::finding::{ChecksumStatus, Confidence, Excerpt, Severity};
    use crate::patterns::Catalogue;
    use crate::secret::{Fingerprint, Secret};
    use std::sync::Arc;

    const ID: &str = "github-personal-access-token";

    fn report(paths: &[(&str, f32, bool)]) -> Report {
        let catalogue = Catalogue::builtin();
        let place = |&(path, confidence, test_or_example): &(&str, f32, bool)| Place {
            origin: Arc::new(Origin::File { path: path.into() }),
            span: Span { start: 0, end: 4 },
            start: Position { line: 1, column_byte: 1, column_char: 1 },
            end: Position { line: 1, column_byte: 5, column_char: 5 },
            encodings: Vec::new(),
            confidence: Confidence(confidence),
            test_or_example,
            excerpt: Excerpt { before: String::new(), masked: String::new(), after: String::new() },
            line_hash: None,
        };
        let finding = Finding {
            pattern: Arc::clone(catalogue.pattern(catalogue.index_of(ID).unwrap())),
            secret: Secret::new(b"abcd"),
            fingerprint: Fingerprint::of(b"abcd"),
            severity: Severity::Critical,
            confidence: Confidence(0.9),
            checksum: ChecksumStatus::None,
            facts: Vec::new(),
            evidence: Vec::new(),
            places: paths.iter().map(place).collect(),
            exposure: None,
            decision: None,
        };
        Report { findings: vec![finding], ..Report::default() }
    }

    fn config_count(report: &Report) -> u64 {
        report.suppressed.get(&Suppression::Config).copied().unwrap_or(0)
    }

    #[test]
    fn everything_set_must_hold() {
        let fingerprint = Fingerprint::of(b"abcd").to_string();
        let rule = |path: &str, id: &str, print: &str| Allow::new(Some(path), Some(id), Some(print)).unwrap();
        let mut kept = report(&[("a.py", 0.9, false)]);
        let other = "0123456789ab";
        apply(&[rule("b.py", ID, &fingerprint), rule("a.py", "aws-access-key-id", &fingerprint), rule("a.py", ID, other)], &mut kept);
        assert_eq!((kept.findings.len(), config_count(&kept)), (1, 0));
        apply(&[rule("a.py", ID, &fingerprint[..12])], &mut kept);
        assert_eq!((kept.findings.len(), config_count(&kept)), (0, 1));
    }

    #[test]
    fn what_is_left_has_its_own_severity_and_confidence() {
        let mut left = report(&[("src/a.py", 0.9, false), ("tests/a.py", 0.6, true)]);
        apply(&[Allow::new(Some("/src"), None, None).unwrap()], &mut left);
        let [finding] = left.findings.as_slice() else { panic!("one finding, not {:?}", left.findings) };
        assert_eq!((finding.severity, finding.confidence, finding.places.len()), (Severity::High, Confidence(0.6), 1));
        assert_eq!(config_count(&left), 1);
    }

    #[test]
    fn rules_that_say_nothing_are_errors() {
        assert!(matches!(Allow::new(None, None, None), Err(AllowError::Empty)));
        assert!(matches!(Allow::new(None, None, Some("abc")), Err(AllowError::Fingerprint(_))));
        assert!(matches!(Allow::new(Some("[z-a]"), None, None), Err(AllowError::Glob(_))));
    }
}
