//! The built-in patterns as a whole: what pages say of them, and catalogues of some of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use unleak::blob::Origin;
use unleak::patterns::{Catalogue, reference};
use unleak::scan::Scanner;
use unleak::settings::Settings;

use crate::made_up;

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_page_of_patterns_is_up_to_date() {
    let is_same = page("docs/patterns.md") == reference::markdown(&Catalogue::builtin());
    assert!(is_same, "write it anew: unleak patterns docs > docs/patterns.md");
}

#[test]
fn the_counts_of_other_pages_are_true() {
    let catalogue = Catalogue::builtin();
    let providers: BTreeSet<&str> = catalogue.indices().map(|index| catalogue.pattern(index).provider.as_str()).collect();
    let patterns = catalogue.len();
    let counted = format!("{},{:03} patterns of {} providers", patterns / 1000, patterns % 1000, providers.len());
    for name in ["README.md", "CHANGELOG.md"] {
        assert!(page(name).contains(&counted), "{name} must say {counted}");
    }
}

#[test]
fn a_catalogue_of_some_patterns_finds_only_those() {
    let (github, npm) = (made_up::token(1), made_up::secret("npm-access-token", 1));
    let text = format!("a: {github}\nb: {npm}\n");
    let catalogue = Catalogue::of(&["npm-access-token"]).unwrap();
    let report = Scanner::new(catalogue, Settings::default()).bytes(Origin::Stdin { name: "a".into() }, text.as_bytes());
    let found: Vec<&[u8]> = report.findings.iter().map(|finding| finding.secret.expose()).collect();
    assert_eq!(found, [npm.as_bytes()]);
    assert_eq!(
        Catalogue::of(&["nobody-knows"]).unwrap_err().to_string(),
        "there is no pattern nobody-knows (`unleak patterns list` shows all)"
    );
}
