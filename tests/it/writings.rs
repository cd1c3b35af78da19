//! Every pattern in every writing that code, configuration, logs and markup have for a named value.

use std::collections::BTreeMap;

use rayon::prelude::*;
use unleak::blob::Origin;
use unleak::finding::{Finding, Level};
use unleak::patterns::schema::PatternDef;
use unleak::patterns::{Catalogue, PatternIndex, example};
use unleak::scan::Scanner;
use unleak::settings::Settings;
use unleak::suppress::marks::Marks;

/// `§` stands for the name, `¤` for the value.
const WRITINGS: [&str; 39] = [
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
    provider: String,
    name: String,
    value: Vec<u8>,
    /// The probability it must be found with.
    least: f32,
}

fn subjects(catalogue: &Catalogue) -> Vec<Subject> {
    let of = |index: PatternIndex| {
        let def: &PatternDef = &catalogue.pattern(index).def;
        let is_plain = |word: &&String| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        let name = match def.near.iter().find(is_plain) {
            Some(word) if word.ends_with(['_', '-']) => format!("{word}key"),
            Some(word) => word.clone(),
            None if def.near.is_empty() => "credential".to_owned(),
            None => return None,
        };
        let has_form = !def.shape.is_empty() && def.regex.is_none() && catalogue.is_enabled(index);
        let value = example::fill(catalogue, index, "{secret}", u64::from(index.0)).ok().filter(|_| has_form)?;
        let least = def.confidence.probability().min(Level::Medium.floor());
        Some(Subject { id: def.id.clone(), provider: catalogue.pattern(index).provider.clone(), name, value, least })
    };
    catalogue.indices().filter_map(of).collect()
}

/// The patterns whose value is not found as one of their provider's in a writing: below the default threshold, and not at all.
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
        // No pattern looks farther than ten lines for its other half.
        text.extend_from_slice(&[b'\n'; 12]);
    }
    let settings = Settings { min_confidence: Level::Low, marks: Marks::None, ..Settings::default() };
    let report = Scanner::new(Catalogue::builtin(), settings).bytes(Origin::Stdin { name: "a.txt".into() }, &text);
    let found: BTreeMap<&[u8], &Finding> = report.findings.iter().map(|finding| (finding.secret.expose(), finding)).collect();
    let (mut low, mut missing) = (Vec::new(), Vec::new());
    for Subject { id, provider, value, least, .. } in subjects {
        match found.get(value.as_slice()) {
            // Forms of one provider may overlap.
            Some(finding) if finding.pattern.provider != *provider => missing.push(id.as_str()),
            Some(finding) if finding.places[0].confidence.0 < *least => low.push(id.as_str()),
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
    let losses: Vec<_> = WRITINGS.par_iter().map(|writing| (*writing, lost(&subjects, writing))).collect();
    let (low, missing) = losses.iter().fold((0, 0), |sum, (_, (low, missing))| (sum.0 + low.len(), sum.1 + missing.len()));
    println!("of {}: {low} below the default threshold, {missing} missing", subjects.len() * WRITINGS.len());
    let losses: Vec<_> = losses.into_iter().filter(|(_, (low, missing))| !low.is_empty() || !missing.is_empty()).collect();
    // The word of one pattern is so common that its value must follow closely; the values of two others may hold `%`.
    let close = || vec!["hashicorp-vault-approle-secret-id"];
    let expected = [
        ("<key>§</key>\n<string>¤</string>", (close(), vec![])),
        ("- name: §\n  value: ¤", (close(), vec![])),
        ("q=%22§%22%3A%22¤%22", (vec![], vec!["aws-session-token", "slack-session-cookie"])),
        ("§&quot;:&quot;¤&quot;", (close(), vec![])),
    ];
    assert_eq!(losses, expected);
}
