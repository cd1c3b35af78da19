//! Rule files of kingfisher. Owns: the keys of its documentation. Must not: parse YAML or judge rules.

use serde::Deserialize;

use super::super::schema::{Exception, Likelihood};
use super::rewrite;
use super::rule::{ForeignFile, ForeignRule, Group, Others, shown_key};

/// A file as a parser of YAML gives it.
#[derive(Debug, Deserialize)]
pub struct File {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    #[serde(default)]
    name: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    pattern: String,
    min_entropy: Option<f64>,
    confidence: Option<String>,
    #[serde(default)]
    references: Vec<String>,
    visible: Option<bool>,
    #[serde(default, rename = "depends_on_rule")]
    dependencies: Vec<Dependency>,
    pattern_requirements: Option<Requirements>,
    #[serde(flatten)]
    others: Others,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    #[serde(rename = "rule_id")]
    on: String,
    within: Option<String>,
    #[serde(default)]
    optional: bool,
}

#[derive(Debug, Deserialize)]
struct Requirements {
    #[serde(default)]
    ignore_if_contains: Vec<String>,
    #[serde(flatten)]
    others: Others,
}

impl From<File> for ForeignFile {
    fn from(file: File) -> Self {
        Self { rules: file.rules.into_iter().enumerate().map(|(at, from)| rule(from, at)).collect(), ..Self::default() }
    }
}

fn rule(from: Rule, at: usize) -> ForeignRule {
    let id = [&from.id, &from.name].into_iter().find(|text| !text.is_empty()).cloned();
    let mut rule = ForeignRule::new(id.unwrap_or_else(|| format!("rule-{}", at + 1)));
    // Its own rules are called kingfisher.provider.number; the first word says nothing more here.
    if let Some(rest) = rule.id.strip_prefix("kingfisher.").or_else(|| rule.id.strip_prefix("custom.")) {
        rule.id = rest.to_owned();
    }
    rule.title = from.name;
    // The secret is the group TOKEN, else the first one.
    let names = rewrite::group_names(&from.pattern);
    rule.group = names.into_iter().find(|name| name.eq_ignore_ascii_case("token")).map_or(Group::First, Group::Name);
    rule.expression = Some(from.pattern).filter(|pattern| !pattern.trim().is_empty());
    rule.entropy = from.min_entropy.filter(|&floor| floor > 0.0);
    rule.docs = from.references.into_iter().find(|url| url.starts_with("https://"));
    match from.confidence.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("high") => rule.confidence = Likelihood::High,
        Some("low") => {
            rule.hidden = true;
            rule.remarks.push("its confidence is low, so it is off unless named with --enable".to_owned());
        }
        _ => {}
    }
    if from.visible == Some(false) {
        rule.hidden = true;
        rule.remarks.push("it is not visible by itself, so it is off unless named with --enable".to_owned());
    }
    for dependency in from.dependencies {
        let other = dependency.on.trim_start_matches("kingfisher.").trim_start_matches("custom.").to_owned();
        match dependency.within.as_deref().and_then(lines).filter(|_| !dependency.optional) {
            Some(lines) => rule.required.push((other, Some(lines))),
            None => rule.remarks.push(format!("that it depends on {other} matters to a live check only, and nothing is ever sent")),
        }
    }
    if let Some(requirements) = from.pattern_requirements {
        if !requirements.ignore_if_contains.is_empty() {
            rule.allow.push(Exception { words: requirements.ignore_if_contains, ..Exception::default() });
        }
        rule.remarks.extend(
            requirements.others.0.iter().map(|key| format!("the requirement `{}` is left out, so more may be found", shown_key(key))),
        );
    }
    rule.remarks.extend(from.others.0.iter().filter_map(|key| unknown(key)));
    rule
}

/// Lines above and below that a window such as `3L`, `+2L` or `2L,20C` reaches; it counts the line of the match too.
fn lines(window: &str) -> Option<u64> {
    let lines = window.split(',').find_map(|part| part.trim().trim_start_matches(['+', '-']).strip_suffix('L'))?;
    Some(lines.parse::<u64>().ok()?.max(2) - 1)
}

fn unknown(key: &str) -> Option<String> {
    match key {
        "examples" | "negative_examples" | "description" | "categories" => None,
        "validation" => Some("the live check `validation` is left out: nothing is ever sent".to_owned()),
        "revocation" => Some("`revocation` is left out: nothing is revoked".to_owned()),
        _ => Some(format!("the key `{}` is not known", shown_key(key))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_whole() {
        let file: File = serde_json::from_str(
            r#"{"rules": [{"name": "Acme key", "id": "custom.acme.1", "pattern": "(?x)(?i) acme_ (?<name>a) (?P<TOKEN>[a-z]{20})",
                "min_entropy": 3.5, "confidence": "high", "examples": ["x"], "references": ["x", "https://acme.test/docs"],
                "depends_on_rule": [{"rule_id": "custom.acme.id", "variable": "ID", "within": "3L,20C"}, {"rule_id": "b", "variable": "B"}],
                "pattern_requirements": {"min_digits": 1, "ignore_if_contains": ["test"]},
                "validation": {"type": "Http"}}]}"#,
        )
        .unwrap();
        let rules = ForeignFile::from(file).rules;
        let expected = ForeignRule {
            title: "Acme key".to_owned(),
            expression: Some("(?x)(?i) acme_ (?<name>a) (?P<TOKEN>[a-z]{20})".to_owned()),
            group: Group::Name("TOKEN".to_owned()),
            entropy: Some(3.5),
            confidence: Likelihood::High,
            docs: Some("https://acme.test/docs".to_owned()),
            required: vec![("acme.id".to_owned(), Some(2))],
            allow: vec![Exception { words: vec!["test".to_owned()], ..Exception::default() }],
            remarks: vec![
                "that it depends on b matters to a live check only, and nothing is ever sent".to_owned(),
                "the requirement `min_digits` is left out, so more may be found".to_owned(),
                "the live check `validation` is left out: nothing is ever sent".to_owned(),
            ],
            ..ForeignRule::new("acme.1".to_owned())
        };
        assert_eq!(rules, [expected]);
    }

    #[test]
    fn windows_count_the_own_line() {
        assert_eq!([lines("1L"), lines("+2L"), lines("-3L,9C"), lines("8C"), lines("")], [Some(1), Some(1), Some(2), None, None]);
    }
}
