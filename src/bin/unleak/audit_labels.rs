//! Decisions as labels for `unleak evaluate`. Owns: which lines get which label. Must not: write the text of a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use unleak::blob::Origin;
use unleak::evaluate::labels::{Label, Region, Truth};
use unleak::finding::{Finding, Verdict};
use unleak::report;

use crate::failure::{Failure, note};
use crate::output;

/// Writes a line for each file that holds something decided: its name and length, and what stands on which lines.
///
/// # Errors
/// Those of standard output.
pub fn write(decided: &[&Finding], root: &Path) -> Result<(), Failure> {
    let mut files: BTreeMap<&str, Vec<Label>> = BTreeMap::new();
    let mut nameless = 0;
    for finding in decided {
        let Some(decision) = &finding.decision else { continue };
        for place in &finding.places {
            let Origin::File { path } = &*place.origin else { continue };
            let Ok(path) = std::str::from_utf8(path) else {
                nameless += 1;
                continue;
            };
            files.entry(path).or_default().push(Label {
                line_start: place.start.line,
                line_end: place.end.line,
                truth: truth(decision.verdict),
                category: finding.pattern.def.id.clone(),
                value_start: -1,
                value_end: -1,
            });
        }
    }
    if nameless > 0 {
        note(&format!("{nameless} places have no label: the names of their files are no UTF-8"));
    }
    let repo = fs::canonicalize(root).ok().and_then(|root| Some(root.file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
    output::to_stdout(|out| {
        for (file, mut labels) in files {
            // A file that is gone since has nothing to measure.
            let Ok(metadata) = fs::metadata(root.join(file)) else { continue };
            labels.sort_by(|a, b| (a.line_start, a.line_end, &a.category).cmp(&(b.line_start, b.line_end, &b.category)));
            let region = Region {
                repo: repo.clone(),
                file: file.to_owned(),
                first_line: 1,
                text: String::new(),
                bytes: Some(metadata.len()),
                labels,
            };
            report::write_json_line(&region, out)?;
        }
        Ok(())
    })
}

const fn truth(verdict: Verdict) -> Truth {
    match verdict {
        Verdict::Real => Truth::Credential,
        Verdict::False => Truth::Nothing,
        Verdict::Accepted => Truth::Unclear,
    }
}
