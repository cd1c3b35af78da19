//! The lint of patterns. Owns: what a pattern must say and prove before it is trusted. Must not: change a pattern or print.

use std::fmt;

use bstr::BStr;

use super::coverage;
use super::example;
use super::schema::{Pattern, PatternDef};
use super::{Catalogue, CatalogueError, PatternIndex};
use crate::detect::rule::Rule;
use crate::detect::{self, View};
use crate::finding::Level;
use crate::scan::resolve;

/// Longest match of a rule in bytes.
pub(super) const MAX_MATCH: usize = 4096;
/// Lines above and below a match in which its other half may be looked for.
pub(super) const MAX_COMPANION_LINES: u8 = 10;
/// Seed of the examples that are tried.
const SEED: u64 = 1;

/// Something wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The pattern's id.
    pub pattern: String,
    /// What is wrong, in one sentence. It quotes templates, never a value.
    pub text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pattern, self.text)
    }
}

/// Checks these patterns of the catalogue; those that are off are switched on for their own check only.
///
/// # Errors
/// Never for indices of this catalogue; the error is that of [`Catalogue::set_enabled`].
pub fn check_all(catalogue: &mut Catalogue, indices: &[PatternIndex]) -> Result<Vec<Complaint>, CatalogueError> {
    let mut complaints = Vec::new();
    for &index in indices {
        let enabled = catalogue.is_enabled(index);
        let id = catalogue.pattern(index).def.id.clone();
        catalogue.set_enabled(&id, true)?;
        complaints.extend(check(catalogue, index));
        catalogue.set_enabled(&id, enabled)?;
    }
    Ok(complaints)
}

/// Checks one pattern, which must be enabled, among the others that are.
#[must_use]
pub fn check(catalogue: &Catalogue, index: PatternIndex) -> Vec<Complaint> {
    let pattern = catalogue.pattern(index);
    let mut texts = Vec::new();
    names(pattern, &mut texts);
    links(pattern, &mut texts);
    prose(pattern, &mut texts);
    let compiled = Rule::compile(&pattern.def).map_err(|error| texts.push(error.to_string())).is_ok();
    companions(catalogue, &pattern.def, &mut texts);
    if compiled {
        texts.extend(coverage::complaints(&pattern.def, MAX_MATCH));
        examples(catalogue, index, &mut texts);
    }
    texts.into_iter().map(|text| Complaint { pattern: pattern.def.id.clone(), text }).collect()
}

fn names(pattern: &Pattern, texts: &mut Vec<String>) {
    for (what, name) in [("provider", &pattern.provider), ("id", &pattern.def.id)] {
        if !is_kebab(name) {
            texts.push(format!("{what} {name:?} is not kebab-case (a-z, 0-9 and single dashes)"));
        }
    }
    // Whoever used a rule under its name elsewhere finds it under the same one here.
    let is_imported = pattern.imported.is_some();
    if !is_imported && !pattern.def.id.strip_prefix(&pattern.provider).is_some_and(|rest| rest.starts_with('-')) {
        texts.push(format!("its id must start with the provider: {}-…", pattern.provider));
    }
}

fn is_kebab(name: &str) -> bool {
    name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

fn links(pattern: &Pattern, texts: &mut Vec<String>) {
    for (key, url) in [("docs", &pattern.docs), ("revoke", &pattern.def.revoke)] {
        let is_unknown = url.is_empty() && pattern.imported.is_some();
        if !is_unknown && !is_https(url) {
            texts.push(format!("{key} = {url:?} is not an https URL"));
        }
    }
}

/// Whether the text is `https://`, a host name with a dot, and printable ASCII without what a URL must escape.
fn is_https(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.contains('.')
        && host.split('.').all(is_label)
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
}

fn prose(pattern: &Pattern, texts: &mut Vec<String>) {
    let def = &pattern.def;
    let required =
        [("name", Some(&pattern.provider_name)), ("title", Some(&def.title)), ("opens", Some(&def.opens)), ("advice", def.advice.as_ref())];
    for (key, text) in required {
        let Some(text) = text else { continue };
        if text.trim().is_empty() {
            texts.push(format!("{key} is empty"));
        } else if text.trim() != text || text.chars().any(char::is_control) {
            texts.push(format!("{key} has line breaks, or spaces at its ends"));
        } else if matches!(key, "opens" | "advice") && !text.ends_with('.') {
            texts.push(format!("{key} must be a sentence with a full stop"));
        } else if matches!(key, "name" | "title") && text.ends_with(['.', ',', ';', ':', '!']) {
            texts.push(format!("{key} is a name and must not end with punctuation"));
        }
    }
}

fn companions(catalogue: &Catalogue, def: &PatternDef, texts: &mut Vec<String>) {
    for companion in &def.companions {
        let id = &companion.pattern;
        match catalogue.index_of(id) {
            None => texts.push(format!("its companion {id} does not exist")),
            Some(_) if *id == def.id => texts.push("it is its own companion".to_owned()),
            Some(other) if catalogue.pattern(other).def.detector.is_some() => {
                texts.push(format!("its companion {id} has neither a shape nor an expression to look for"));
            }
            Some(_) => {}
        }
        if !(1..=MAX_COMPANION_LINES).contains(&companion.within_lines) {
            texts.push(format!("within_lines of its companion {id} must be 1 to {MAX_COMPANION_LINES}"));
        }
    }
}

fn examples(catalogue: &Catalogue, index: PatternIndex, texts: &mut Vec<String>) {
    let pattern = catalogue.pattern(index);
    let def = &pattern.def;
    for (kind, templates) in [("positive", &def.positive), ("negative", &def.negative)] {
        // The importer makes examples where it can; the rules of others bring none.
        if templates.len() < 2 && pattern.imported.is_none() {
            texts.push(format!("it needs two {kind} examples or more"));
        }
    }
    for (seed, template) in (SEED..).zip(&def.positive) {
        texts.extend(unreported(catalogue, index, def, template, seed).map(|problem| format!("positive example {template:?} {problem}")));
    }
    for (seed, template) in (SEED..).zip(&def.negative) {
        texts.extend(reported_wrongly(catalogue, index, template, seed).map(|problem| format!("negative example {template:?} {problem}")));
    }
    shapes(catalogue, index, texts);
}

/// Tries every shape but the first, which the examples have shown already, in the first example with a secret.
fn shapes(catalogue: &Catalogue, index: PatternIndex, texts: &mut Vec<String>) {
    let def = &catalogue.pattern(index).def;
    let Some(template) = def.positive.iter().find(|template| template.contains("{secret}")) else { return };
    for shape in def.shape.iter().skip(1) {
        let alone = PatternDef { shape: vec![shape.clone()], ..def.clone() };
        texts.extend(
            unreported(catalogue, index, &alone, template, SEED).map(|problem| format!("shape {shape:?} in {template:?} {problem}")),
        );
    }
}

/// Why the template is no example of what the pattern does not report.
pub(super) fn reported_wrongly(catalogue: &Catalogue, index: PatternIndex, template: &str, seed: u64) -> Option<String> {
    match example::fill(catalogue, index, template, seed) {
        Ok(text) => {
            let reported = reported(catalogue, &catalogue.pattern(index).def, &text);
            reported.contains(&index).then(|| "is reported".to_owned())
        }
        Err(error) => Some(format!("cannot be filled: {error}")),
    }
}

/// Why the template, filled for `def`, is not reported as the pattern alone.
pub(super) fn unreported(catalogue: &Catalogue, index: PatternIndex, def: &PatternDef, template: &str, seed: u64) -> Option<String> {
    let text = match example::fill_for(def, template, seed) {
        Ok(text) => text,
        Err(error) => return Some(format!("cannot be filled: {error}")),
    };
    let reported = reported(catalogue, def, &text);
    (reported != [index]).then(|| format!("is reported as {}", list(catalogue, &reported)))
}

fn list(catalogue: &Catalogue, patterns: &[PatternIndex]) -> String {
    if patterns.is_empty() {
        return "nothing".to_owned();
    }
    let ids: Vec<&str> = patterns.iter().map(|&index| catalogue.pattern(index).def.id.as_str()).collect();
    ids.join(" and ")
}

/// The patterns a text is reported as at the default threshold, in order of place; it stands where the pattern looks.
fn reported(catalogue: &Catalogue, def: &PatternDef, text: &[u8]) -> Vec<PatternIndex> {
    let path = example::path(def);
    let view = View { bytes: text, path: BStr::new(&path), binary: false, depth: 0 };
    let candidates = resolve(catalogue, detect::scan(catalogue, &view));
    let is_reported = |candidate: &detect::Candidate<'_>| {
        let usual = catalogue.pattern(candidate.pattern).def.confidence.probability();
        candidate.dropped.is_none() && candidate.probability >= usual.min(Level::Medium.floor())
    };
    candidates.into_iter().filter(is_reported).map(|candidate| candidate.pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one pattern; `changes` replace keys of a good one.
    fn complaints(changes: &[(&str, &str)]) -> Vec<String> {
        let mut lines = vec![
            ("provider", r#""unit""#),
            ("name", r#""Unit""#),
            ("docs", r#""https://docs.example.com/keys#a""#),
            ("[[pattern]]", ""),
            ("id", r#""unit-key""#),
            ("title", r#""Unit key""#),
            ("severity", r#""low""#),
            ("opens", r#""Nothing.""#),
            ("revoke", r#""https://example.com""#),
            ("store", r#""secrets-manager""#),
            ("shape", r#"["unitkey_{alnum:30}"]"#),
            ("positive", r#"["A={secret}", "b: {secret}"]"#),
            ("negative", r#"["A=unitkey_{alnum:29}", "A=unitkey_{alnum:31}"]"#),
        ];
        for (key, value) in changes {
            match lines.iter_mut().find(|line| line.0 == *key) {
                Some(line) => line.1 = value,
                None => lines.push((key, value)),
            }
        }
        let text: String = lines
            .iter()
            .filter(|line| line.1 != "-")
            .map(|(key, value)| if value.is_empty() { format!("{key}\n") } else { format!("{key} = {value}\n") })
            .collect();
        let mut catalogue = Catalogue::builtin();
        catalogue.add("unit.toml", &text).unwrap();
        let id = text.lines().find_map(|line| line.strip_prefix("id = ")).unwrap().trim_matches('"').to_owned();
        let index = catalogue.index_of(&id).unwrap();
        check(&catalogue, index).into_iter().map(|complaint| complaint.text).collect()
    }

    #[test]
    fn a_good_pattern_has_no_complaints() {
        assert_eq!(complaints(&[]), [""; 0]);
    }

    #[test]
    fn ids_are_kebab_case_and_start_with_the_provider() {
        assert_eq!(complaints(&[("id", r#""unit-Key""#)]), [r#"id "unit-Key" is not kebab-case (a-z, 0-9 and single dashes)"#]);
        assert_eq!(complaints(&[("id", r#""other-key""#)]), ["its id must start with the provider: unit-…"]);
        assert_eq!(complaints(&[("id", r#""unit""#)]), ["its id must start with the provider: unit-…"]);
    }

    #[test]
    fn links_are_https() {
        for wrong in ["n/a", "http://example.com", "https://localhost/x", "https://a b.com", "https://example.com/<id>", "https://-a.com"] {
            assert_eq!(complaints(&[("revoke", &format!("{wrong:?}"))]), [format!("revoke = {wrong:?} is not an https URL")]);
        }
    }

    #[test]
    fn texts_are_sentences_and_names() {
        assert_eq!(complaints(&[("opens", r#""  ""#)]), ["opens is empty"]);
        assert_eq!(complaints(&[("opens", r#""Everything""#)]), ["opens must be a sentence with a full stop"]);
        assert_eq!(complaints(&[("advice", r#""Do it.\n""#)]), ["advice has line breaks, or spaces at its ends"]);
        assert_eq!(complaints(&[("title", r#""Unit key.""#)]), ["title is a name and must not end with punctuation"]);
    }

    #[test]
    fn examples_are_two_of_a_kind_and_true() {
        assert_eq!(complaints(&[("positive", r#"["{secret}"]"#)]), ["it needs two positive examples or more"]);
        assert_eq!(complaints(&[("negative", r#"["x"]"#)]), ["it needs two negative examples or more"]);
        assert_eq!(
            complaints(&[("positive", r#"["A={secret}", "unitkey_{alnum:29}"]"#)]),
            [r#"positive example "unitkey_{alnum:29}" is reported as nothing"#]
        );
        assert_eq!(complaints(&[("negative", r#"["A={secret}", "x"]"#)]), [r#"negative example "A={secret}" is reported"#]);
        assert_eq!(
            complaints(&[("positive", r#"["A={secret}", "{secret} {secret}"]"#)]),
            [r#"positive example "{secret} {secret}" is reported as unit-key and unit-key"#]
        );
        assert_eq!(
            complaints(&[("negative", r#"["A={badsum}", "x"]"#)]),
            [r#"negative example "A={badsum}" cannot be filled: {badsum} needs a pattern with a checksum"#]
        );
    }

    #[test]
    fn every_shape_is_tried() {
        let dull = r#"["unitkey_{alnum:30}", "unitkey_{[01]:30}"]"#;
        let text = r#"shape "unitkey_{[01]:30}" in "A={secret}" cannot be filled: no value of its shape is plausible: its entropy is below the floor"#;
        assert_eq!(complaints(&[("shape", dull), ("entropy", "3.0")]), [text]);
        assert_eq!(complaints(&[("shape", r#"["unitkey_{alnum:30}", "unitkey_{digit:40}"]"#)]), [""; 0]);
    }

    #[test]
    fn companions_exist_and_have_a_shape() {
        let with = |companion: &str| complaints(&[("companions", &format!("[{companion}]"))]);
        assert_eq!(with(r#"{pattern = "unit-none", within_lines = 4}"#), ["its companion unit-none does not exist"]);
        assert_eq!(with(r#"{pattern = "unit-key", within_lines = 4}"#), ["it is its own companion"]);
        assert_eq!(
            with(r#"{pattern = "database-connection-string", within_lines = 4}"#),
            ["its companion database-connection-string has neither a shape nor an expression to look for"]
        );
        assert_eq!(
            with(r#"{pattern = "aws-secret-access-key", within_lines = 11}"#),
            ["within_lines of its companion aws-secret-access-key must be 1 to 10"]
        );
    }

    #[test]
    fn opt_in_patterns_are_checked_switched_on_and_stay_off() {
        let mut catalogue = Catalogue::builtin();
        let off: Vec<_> = catalogue.indices().filter(|&index| !catalogue.is_enabled(index)).collect();
        let complaints = check_all(&mut catalogue, &off).unwrap();
        assert!(complaints.iter().all(|complaint| !complaint.text.ends_with("is reported as nothing")), "{complaints:?}");
        assert!(off.iter().all(|&index| !catalogue.is_enabled(index)));
    }
}
