//! Content of any kind under names of any kind: no panic, valid places, the same findings from a stream. Must not: check what is found.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use unleak::blob::{Origin, Span};
use unleak::finding::{Finding, Level, Place, Report};
use unleak::patterns::Catalogue;
use unleak::report::{self, Format, Options};
use unleak::scan::Scanner;
use unleak::secret::Fingerprint;
use unleak::settings::Settings;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let settings = Settings { min_confidence: Level::Low, explain: true, threads: Some(1), ..Settings::default() };
    Scanner::new(Catalogue::builtin(), settings)
});

/// Names that select other readers; the first byte of the input chooses.
const NAMES: [&str; 24] = [
    "a.txt",
    "a.py",
    "a.json",
    "a.yaml",
    "a.xml",
    "a.sql",
    "a.md",
    "a.sh",
    "a.js",
    "a.tf",
    "a.properties",
    "a.ipynb",
    ".env",
    ".npmrc",
    ".netrc",
    ".pypirc",
    ".docker/config.json",
    ".dockercfg",
    ".kube/config",
    ".git/config",
    "Dockerfile",
    "tests/a.go",
    "a.min.js",
    "a",
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else { return };
    let name = NAMES[usize::from(first) % NAMES.len()];
    let origin = || Origin::File { path: name.into() };
    let report = SCANNER.bytes(origin(), bytes);
    for place in report.findings.iter().flat_map(|finding| &finding.places).chain(report.dropped.iter().map(|dropped| &dropped.place)) {
        check(place, bytes.len() as u64);
    }
    assert!(report.findings.iter().all(|finding| !finding.places.is_empty() && !finding.secret.is_empty()));
    let streamed = SCANNER.reader(origin(), &mut &*bytes).expect("because memory can be read");
    assert_eq!(found(&streamed), found(&report));
    if !report.findings.is_empty() {
        for format in Format::ALL {
            report::write(format, &report, &Options::default(), &mut std::io::sink()).expect("because a sink takes everything");
        }
    }
});

/// What the documentation of a place promises.
fn check(place: &Place, length: u64) {
    assert!(place.span.start < place.span.end && place.span.end <= length, "{:?} of {length}", place.span);
    let [start, end] = [place.start, place.end];
    assert!(start.line >= 1 && start.column_byte >= 1 && start.column_char >= 1, "{start:?}");
    assert!((start.line, start.column_byte) <= (end.line, end.column_byte), "{start:?} {end:?}");
    assert!((0.0..=1.0).contains(&place.confidence.0), "{:?}", place.confidence);
}

/// The findings of a report: fingerprint, pattern and spans of each.
fn found(report: &Report) -> Vec<(Fingerprint, &str, Vec<Span>)> {
    let spans = |finding: &Finding| finding.places.iter().map(|place| place.span).collect();
    report.findings.iter().map(|finding| (finding.fingerprint, finding.pattern.def.id.as_str(), spans(finding))).collect()
}
