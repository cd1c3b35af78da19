//! What is left of findings when places go. Owns: their severity and confidence. Must not: choose places.

use crate::finding::{Confidence, Finding, Place, Report};

/// Keeps the places for which `keep` holds and gives the number of the others. What is left of a finding has the severity and confidence
/// of the places left.
pub(super) fn retain(report: &mut Report, keep: impl Fn(&Finding, &Place) -> bool) -> u64 {
    let mut gone = 0;
    report.findings.retain_mut(|finding| {
        let mut places = std::mem::take(&mut finding.places);
        let before = places.len();
        let was_real = places.iter().any(|place| !place.test_or_example);
        places.retain(|place| keep(finding, place));
        gone += (before - places.len()) as u64;
        if was_real && places.iter().all(|place| place.test_or_example) {
            finding.severity = finding.severity.lowered();
        }
        finding.confidence = places.iter().map(|place| place.confidence).fold(Confidence(0.0), |a, b| if b > a { b } else { a });
        finding.places = places;
        !finding.places.is_empty()
    });
    gone
}
