//! Pattern files of strangers: reading one ends with patterns or a message; what is taken compiles, matches and makes examples without a
//! panic. Must not: check what is found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use unleak::blob::Origin;
use unleak::patterns::{Catalogue, example, schema, shape};
use unleak::scan::Scanner;
use unleak::settings::Settings;

fuzz_target!(|text: &str| {
    let _ = shape::parse(text);
    let Ok(file) = schema::parse(text) else { return };
    let mut catalogue = Catalogue::builtin();
    let builtin = catalogue.len();
    if catalogue.add("fuzz.toml", text).is_err() {
        return;
    }
    assert_eq!(catalogue.len(), builtin + file.patterns.len());
    let mut texts: Vec<u8> = text.as_bytes().to_vec();
    for index in catalogue.indices().skip(builtin) {
        for made in [example::positives(&catalogue, index, 1), example::negatives(&catalogue, index, 1)].into_iter().flatten().flatten() {
            texts.extend(made);
            texts.push(b'\n');
        }
    }
    let report = Scanner::new(catalogue, Settings::default()).bytes(Origin::File { path: "a.txt".into() }, &texts);
    assert!(report.findings.iter().flat_map(|finding| &finding.places).all(|place| place.span.end <= texts.len() as u64));
});
