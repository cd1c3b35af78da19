//! Every pattern in every writing that code, configuration, logs and markup have for a named value.

use std::collections::BTreeMap;

use rayon::prelude::*;
use unleak::blob::Origin;
use unleak::finding::{Finding, Level};
use unleak::patterns::schema::PatternDef;
use unleak::patterns::{Catalogue, example};
use unleak::scan::Scanner;
use unleak::settings::Settings;
use unleak::suppress::marks::Marks;

/// `§` stands for the name, `¤` for the value.
const WRITINGS: [&str; 40] = [
    "§=¤",
    "§=\"¤\"",
    "§ = '¤';",
    "§: ¤",
    "§: \"¤\"",
    "  \"§\": \"¤\",",
    "'§' => '¤',",
    "§ := \"¤\"",
    "const char *§ = \"¤\";",
    "<§>¤</§>",
    "<add key=\"§\" value=\"¤\"/>",
    "<key>§</key>\n<string>¤</string>",
    "export §=¤",
    "ENV § ¤",
    "- name: §\n  value: ¤",
    "{\\\"§\\\": \\\"¤\\\"}",
    "\"§=¤\\nOTHER=1\"",
    "\"HOST=a\\n§=¤\\n\"",
    "https://api.acme.io/v1?§=¤&page=2",
    "q=%22§%22%3A%22¤%22",
    "§=3D¤",
    "§&quot;:&quot;¤&quot;",
    "curl -H \"§: ¤\" https://api.acme.io",
    "§: Bearer ¤",
    "§ Bearer:¤",
    "| § | ¤ |",
    "§,¤,eu",
    "§\t¤",
    "`§`: `¤`",
    "// the § is ¤",
    "(§, ¤)",
    "[§, ¤]",
    "acme --§ ¤ --verbose",
    "acme --§=¤ --verbose",
    "os.environ[\"§\"] = \"¤\"",
    "setenv(\"§\", \"¤\", 1);",
    "2025-01-01 12:00:00 INFO § [\u{1b}[32m¤\u{1b}[0m]",
    "§ = b'¤'",
    "@\"§\": @\"¤\",",
    "§=¤\r",
];

/// A pattern with a made-up value and a name that is right for it.
struct Subject {
    id: String,
    name: String,
    value: Vec<u8>,
}

fn subjects(catalogue: &Catalogue) -> Vec<Subject> {
    let of = |index| {
        let def: &PatternDef = &catalogue.pattern(index).def;
        let is_plain = |word: &&String| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        let name = match def.near.iter().find(is_plain) {
            Some(word) if word.ends_with(['_', '-']) => format!("{word}key"),
            Some(word) => word.clone(),
            None if def.near.is_empty() => "credential".to_owned(),
            None => return None,
        };
        let has_form = !def.shape.is_empty() && catalogue.is_enabled(index);
        let value = example::fill(catalogue, index, "{secret}", 11).ok().filter(|_| has_form)?;
        Some(Subject { id: def.id.clone(), name, value })
    };
    catalogue.indices().filter_map(of).collect()
}

/// The patterns that are not found as themselves in a writing: below the default threshold, and not at all.
fn lost<'s>(subjects: &'s [Subject], writing: &str) -> (Vec<&'s str>, Vec<&'s str>) {
    let mut text = Vec::new();
    for subject in subjects {
        for piece in writing.split_inclusive(['§', '¤']) {
            text.extend_from_slice(piece.trim_end_matches(['§', '¤']).as_bytes());
            if piece.ends_with('§') {
                text.extend_from_slice(subject.name.as_bytes());
            } else if piece.ends_with('¤') {
                text.extend_from_slice(&subject.value);
            }
        }
        // A word looks no farther than the next line.
        text.extend_from_slice(b"\n\n\n");
    }
    let settings = Settings { min_confidence: Level::Low, marks: Marks::None, ..Settings::default() };
    let report = Scanner::new(Catalogue::builtin(), settings).bytes(Origin::Stdin { name: "a.txt".into() }, &text);
    let found: BTreeMap<&[u8], &Finding> = report.findings.iter().map(|finding| (finding.secret.expose(), finding)).collect();
    let (mut low, mut missing) = (Vec::new(), Vec::new());
    for Subject { id, value, .. } in subjects {
        match found.get(value.as_slice()) {
            Some(finding) if finding.pattern.def.id != *id => missing.push(id.as_str()),
            Some(finding) if finding.places[0].confidence.0 < Level::Medium.floor() => low.push(id.as_str()),
            Some(_) => {}
            None => missing.push(id.as_str()),
        }
    }
    (low, missing)
}

#[test]
fn every_pattern_is_found_in_every_writing() {
    let subjects = subjects(&Catalogue::builtin());
    assert!(subjects.len() > 1_200, "{}", subjects.len());
    let losses: Vec<_> = WRITINGS.par_iter().map(|writing| (writing, lost(&subjects, writing))).collect();
    let mut total = [0, 0];
    for (writing, (low, missing)) in &losses {
        println!("{writing:?}: {} low {low:?}, {} missing {missing:?}", low.len(), missing.len());
        total[0] += low.len();
        total[1] += missing.len();
    }
    let all = subjects.len() * WRITINGS.len();
    println!("of {all}: {} low, {} missing", total[0], total[1]);
    assert_eq!(total, [0, 0]);
}
