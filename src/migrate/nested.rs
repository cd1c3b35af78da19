//! Repositories inside of the tree that are no part of it. Owns: leaving them out of a plan, and what is said of them. Must not: look for them.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString};

use crate::blob::visible;
use crate::finding::Report;
use crate::source::git::checkout::Checkout;

/// Their directories.
#[derive(Default)]
pub struct Nested(BTreeSet<BString>);

impl Nested {
    /// Those above these paths; none where the tree is no work tree of git.
    pub fn above<'p>(checkout: Option<&Checkout>, paths: impl Iterator<Item = &'p BStr>) -> Self {
        Self(checkout.map(|checkout| checkout.nested(paths)).unwrap_or_default())
    }

    /// The innermost of the directories that a path is below.
    #[must_use]
    pub fn around(&self, path: &BStr) -> Option<&BString> {
        let is_above = |directory: &&BString| path.strip_prefix(directory.as_slice()).is_some_and(|rest| rest.starts_with(b"/"));
        self.0.iter().filter(is_above).max_by_key(|directory| directory.len())
    }

    /// Takes the places in these directories out of a report, and says where they were.
    #[must_use]
    pub fn left_out(&self, report: &mut Report) -> Vec<String> {
        let mut places: BTreeMap<&BString, usize> = BTreeMap::new();
        for finding in &mut report.findings {
            finding.places.retain(|place| match self.around(place.origin.path()) {
                Some(directory) => {
                    *places.entry(directory).or_default() += 1;
                    false
                }
                None => true,
            });
        }
        report.findings.retain(|finding| !finding.places.is_empty());
        let said = |(directory, places): (&BString, usize)| {
            let places =
                if places == 1 { "1 place with a credential is".to_owned() } else { format!("{places} places with credentials are") };
            format!("{}: it is a repository of its own; {places} not in this plan: plan there, too", visible(directory))
        };
        places.into_iter().map(said).collect()
    }
}
