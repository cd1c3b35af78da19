//! Examples out of labelled text and clean trees. Owns: which label belongs to which candidate, and how much an example counts. Must not: learn.

use std::collections::BTreeMap;
use std::ops::Range;

use bstr::BStr;
use unleak::detect::learned::features::{COUNT, Features};
use unleak::detect::{self, View};
use unleak::evaluate::labels::{Label, Region, Truth};
use unleak::file_kind;
use unleak::patterns::Catalogue;

use crate::boost::Example;

/// An example and the repository it is from.
#[derive(Debug)]
pub struct Sample {
    /// The example.
    pub example: Example,
    /// Its repository; none for clean trees, which are never left out.
    pub repo: Option<String>,
}

/// The examples of labelled text. Equal ones of a repository count less each.
pub fn labelled(catalogue: &Catalogue, regions: &[Region]) -> Vec<Sample> {
    let mut found: BTreeMap<(String, [u8; COUNT], bool), u32> = BTreeMap::new();
    for region in regions {
        for (span, features) in cases(catalogue, region.file.as_bytes(), region.text.as_bytes()) {
            if let Some(is_credential) = truth(region, &span) {
                *found.entry((region.repo.clone(), features.0, is_credential)).or_default() += 1;
            }
        }
    }
    let sample = |((repo, features, is_credential), count): ((String, _, bool), u32)| Sample {
        example: Example { features, is_credential, weight: f64::from(count).sqrt() },
        repo: Some(repo),
    };
    found.into_iter().map(sample).collect()
}

/// The candidates of clean trees, none of which is a credential. Equal ones count less each.
#[derive(Debug, Default)]
pub struct Clean(BTreeMap<[u8; COUNT], u32>);

impl Clean {
    /// Takes a file in. Tests and examples are passed over: they do hold passwords, made-up ones or not, and labelled text counts those.
    pub fn add(&mut self, catalogue: &Catalogue, path: &[u8], text: &[u8]) {
        if !file_kind::is_test_or_example(BStr::new(path)) {
            for (_, features) in cases(catalogue, path, text) {
                *self.0.entry(features.0).or_default() += 1;
            }
        }
    }

    /// The examples, of which a single one counts `weight`.
    pub fn samples(self, weight: f64) -> impl Iterator<Item = Sample> {
        self.0.into_iter().map(move |(features, count)| Sample {
            example: Example { features, is_credential: false, weight: weight * f64::from(count).sqrt() },
            repo: None,
        })
    }
}

fn cases(catalogue: &Catalogue, path: &[u8], text: &[u8]) -> Vec<(Range<usize>, Features)> {
    let (_, asked) = detect::scan_and_tell(catalogue, &View { bytes: text, path: BStr::new(path), binary: false, depth: 0 });
    asked.into_iter().map(|asked| (asked.span, asked.features)).collect()
}

/// What the labels say of the value at `span`; none where they do not mean it.
fn truth(region: &Region, span: &Range<usize>) -> Option<bool> {
    let line = region.first_line + memchr::memchr_iter(b'\n', &region.text.as_bytes()[..span.start]).count() as u64;
    let here: Vec<&Label> = region.labels.iter().filter(|label| (label.line_start..=label.line_end).contains(&line)).collect();
    let hits = |label: &&&Label| value(region, label).is_none_or(|value| value.start < span.end && span.start < value.end);
    let credentials = || here.iter().filter(|label| label.truth == Truth::Credential);
    if credentials().any(|label| hits(&label)) {
        return credentials().filter(hits).any(|label| label.category != "UUID").then_some(true);
    }
    let others = || here.iter().filter(|label| label.truth != Truth::Credential && label.category != "UUID");
    // Beside a credential only what is labelled itself is known.
    let known =
        if credentials().count() > 0 { others().any(|label| value(region, label).is_some() && hits(&label)) } else { others().count() > 0 };
    known.then_some(false)
}

/// Bytes of the value of a label on one line, where they are known.
fn value(region: &Region, label: &Label) -> Option<Range<usize>> {
    let (start, end) = (usize::try_from(label.value_start).ok()?, usize::try_from(label.value_end).ok()?);
    let before = usize::try_from(label.line_start - region.first_line).ok()?;
    let line = region.text.split('\n').nth(before)?;
    let offset: usize = region.text.split('\n').take(before).map(|line| line.len() + 1).sum();
    let byte = |characters: usize| line.char_indices().nth(characters).map_or(line.len(), |(at, _)| at);
    (label.line_start == label.line_end && end > start).then(|| offset + byte(start)..offset + byte(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use unleak::evaluate::labels;

    #[test]
    fn a_value_has_the_label_that_means_it() {
        let line = r#"{"file":"a","first_line":7,"text":"é = x y\nz","labels":[
            {"line_start":7,"line_end":7,"truth":"T","value_start":4,"value_end":5},
            {"line_start":7,"line_end":7,"truth":"F","value_start":6,"value_end":7},
            {"line_start":8,"line_end":8,"truth":"X"}]}"#;
        let region = labels::parse(&line.replace('\n', "")).unwrap().remove(0);
        assert_eq!(truth(&region, &(5..6)), Some(true));
        assert_eq!(truth(&region, &(7..8)), Some(false));
        assert_eq!(truth(&region, &(0..2)), None);
        assert_eq!(truth(&region, &(9..10)), Some(false));
    }

    #[test]
    fn equal_candidates_of_clean_trees_count_less_each_and_tests_do_not() {
        let catalogue = Catalogue::builtin();
        let mut clean = Clean::default();
        let line = b"password = 'dignity'\n";
        for path in [&b"src/a.py"[..], b"src/b.py", b"tests/a.py"] {
            clean.add(&catalogue, path, line);
        }
        let weights: Vec<f64> = clean.samples(3.0).map(|sample| sample.example.weight).collect();
        assert_eq!(weights, [3.0 * 2_f64.sqrt()]);
    }
}
