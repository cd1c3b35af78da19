//! Which findings a plan is about. Owns: the reasons for which others are left. Must not: look at files.

use super::advice;
use super::make::{MakeError, Options};
use super::plan::LeftFinding;
use crate::blob::visible;
use crate::finding::Finding;

/// The findings to migrate, numbered; the others are left, with a reason.
///
/// # Errors
/// A fingerprint was asked for that no finding has.
pub fn choose<'r>(findings: &'r [Finding], options: &Options, left: &mut Vec<LeftFinding>) -> Result<Vec<(usize, &'r Finding)>, MakeError> {
    for wanted in &options.only {
        if !findings.iter().any(|finding| finding.fingerprint.to_string().starts_with(wanted.as_str())) {
            return Err(MakeError::NoFinding(wanted.clone()));
        }
    }
    let mut chosen = Vec::new();
    for (number, finding) in findings.iter().enumerate() {
        let fingerprint = finding.fingerprint.to_string();
        if !options.only.is_empty() && !options.only.iter().any(|wanted| fingerprint.starts_with(wanted.as_str())) {
            continue;
        }
        let advice = advice::of(finding.pattern.def.store);
        let is_test = finding.places.iter().all(|place| place.test_or_example);
        let decision = finding.decision.as_ref().filter(|_| finding.is_hidden());
        let reason = if let Some(decision) = decision {
            Some((format!("the baseline says that it is {}", decision.verdict.name()), "migrate it with --no-baseline".to_owned()))
        } else if !advice.migrate && !options.include.contains(&finding.pattern.def.id) {
            Some((format!("it belongs in {}", advice.service), advice.instead.to_owned()))
        } else if is_test && !options.include_tests {
            let advice = "mark it `unleak:allow` if it is made up, or migrate it with --include-tests if it is not";
            Some(("it stands in tests, examples or documentation only".to_owned(), advice.to_owned()))
        } else {
            None
        };
        match reason {
            None => chosen.push((number, finding)),
            Some((reason, advice)) => {
                let place = &finding.places[0];
                let place = format!("{}:{}", visible(place.origin.path()), place.start.line);
                left.push(LeftFinding { finding: fingerprint, pattern: finding.pattern.def.id.clone(), place, reason, advice });
            }
        }
    }
    Ok(chosen)
}
