//! Paths whose places are taken out of a report when it is made. Owns: telling them, so that a secret that stands elsewhere too is shown there.
//! Must not: take anything out.

use std::collections::BTreeSet;

use bstr::{BStr, BString};

use super::foreign::Passes;
use super::globs::Globs;
use crate::patterns::exception::Exception;

/// Paths at which something is let pass, by any rule.
#[derive(Debug, Clone, Default)]
pub struct PassedPaths {
    globs: Globs,
    exceptions: Vec<Exception>,
    named: BTreeSet<BString>,
}

impl PassedPaths {
    /// Those that globs name, and those that other tools' files do.
    #[must_use]
    pub fn new<'p>(globs: Globs, foreign: impl IntoIterator<Item = &'p Passes>) -> Self {
        let mut passed = Self { globs, ..Self::default() };
        for passes in foreign {
            let by_path = passes.exceptions.iter().map(|(_, exception)| exception).filter(|exception| exception.speaks_of_paths());
            passed.exceptions.extend(by_path.cloned());
            passed.named.extend(passes.places.paths().map(BString::from));
        }
        passed
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.globs.is_empty() && self.exceptions.is_empty() && self.named.is_empty()
    }

    /// Whether something may be let pass at a path.
    #[must_use]
    pub fn has(&self, path: &BStr) -> bool {
        self.globs.has(path) || self.named.contains(path) || self.exceptions.iter().any(|exception| exception.speaks_of(path))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::suppress::foreign::IgnoredPlaces;

    #[test]
    fn rules_of_all_kinds_name_paths() {
        let exception = |text: &str| Exception::compile(&toml::from_str(text).unwrap()).unwrap();
        let exceptions = vec![(Some("x".to_owned()), exception("paths = ['^docs/']")), (None, exception("values = ['abc']"))];
        let places = IgnoredPlaces::parse("a/b.txt:rule:3", &BTreeMap::new());
        let files = [Passes { exceptions, places }];
        let passed = PassedPaths::new(Globs::new(["*.pem"]).unwrap(), &files);
        let has = |path: &str| passed.has(BStr::new(path));
        assert!(has("docs/a") && has("a/b.txt") && has("x/y.pem"));
        assert!(!has("src/docs/a") && !has("a/b") && !has("abc"));
        let values_only = [Passes { exceptions: vec![(None, exception("values = ['abc']"))], ..Passes::default() }];
        assert!(PassedPaths::new(Globs::default(), &values_only).is_empty() && !passed.is_empty());
    }
}
