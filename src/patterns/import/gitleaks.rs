//! Rule files of gitleaks and betterleaks. Owns: the keys of their documentation. Must not: judge rules.
//!
//! Keys count in any case, as they do there. A rule that is broken is left out alone.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Value;

use super::super::schema::{Exception, Severity};
use super::super::toml_error::TomlError;
use super::rule::{ForeignFile, ForeignRule, Group, Others, shown_key};

/// Keys that say nothing a pattern needs.
const SILENT: [&str; 5] = ["title", "description", "minversion", "betterleaksminversion", "version"];

#[derive(Deserialize)]
struct Keys {
    #[serde(default)]
    rules: Vec<Value>,
    extend: Option<Extend>,
    allowlist: Option<Value>,
    #[serde(default)]
    allowlists: Vec<Value>,
    #[serde(flatten)]
    others: Others,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Extend {
    path: Option<String>,
    url: Option<String>,
    disabledrules: Vec<String>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    id: String,
    #[serde(default)]
    description: String,
    regex: Option<String>,
    secretgroup: Option<u32>,
    entropy: Option<f64>,
    #[serde(default)]
    keywords: Vec<String>,
    path: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    severity: Option<String>,
    allowlist: Option<Value>,
    #[serde(default)]
    allowlists: Vec<Value>,
    #[serde(default)]
    required: Vec<Required>,
    #[serde(default)]
    skipreport: bool,
    #[serde(flatten)]
    others: Others,
}

#[derive(Deserialize)]
struct Required {
    id: String,
    withinlines: Option<u64>,
    withincolumns: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Allowlist {
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
    condition: Option<String>,
    matchcondition: Option<String>,
    commits: Vec<String>,
    paths: Vec<String>,
    regextarget: Option<String>,
    regexes: Vec<String>,
    stopwords: Vec<String>,
    targetrules: Vec<String>,
    #[serde(flatten)]
    others: Others,
}

/// Reads a file.
///
/// # Errors
/// Text that is no TOML, or whose outermost keys are of another kind.
pub fn parse(text: &str) -> Result<ForeignFile, TomlError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| TomlError::new(text, &error))?;
    let keys: Keys = lower(Value::Table(table)).try_into().map_err(|error| TomlError::new(text, &error))?;
    let mut file = ForeignFile::default();
    file.remarks.extend(unknown(keys.others.0.iter()));
    if let Some(extend) = keys.extend {
        file.remarks.extend(extend.path.map(|_| "it extends another file, which is not read; import that one too".to_owned()));
        file.remarks.extend(extend.url.map(|_| "it extends a file from a network, which is not fetched".to_owned()));
        if !extend.disabledrules.is_empty() {
            let text = "it switches rules off; built-in patterns have other names, and `--disable ID` switches one off";
            file.remarks.push(text.to_owned());
        }
    }
    for (at, value) in keys.rules.into_iter().enumerate() {
        match value.try_into::<Rule>() {
            Ok(from) => file.rules.push(rule(from, at)),
            Err(error) => file.remarks.push(format!("rule {} is left out: {}", at + 1, TomlError::new("", &error).message)),
        }
    }
    for value in keys.allowlists.into_iter().chain(keys.allowlist) {
        let mut remarks = Vec::new();
        let allow = allowlist(value, &mut remarks);
        file.remarks.extend(remarks);
        file.allow.extend(allow);
    }
    Ok(file)
}

fn rule(from: Rule, at: usize) -> ForeignRule {
    let mut rule = ForeignRule::new(if from.id.is_empty() { format!("rule-{}", at + 1) } else { from.id });
    rule.title = from.description;
    rule.expression = from.regex.filter(|regex| !regex.is_empty());
    rule.group = from.secretgroup.filter(|&group| group > 0).map_or(Group::First, Group::Number);
    rule.entropy = from.entropy.filter(|&floor| floor > 0.0);
    rule.keywords = from.keywords;
    rule.paths = from.path.into_iter().filter(|path| !path.is_empty()).collect();
    rule.hidden = from.skipreport;
    rule.severity = from.severity.iter().chain(&from.tags).find_map(|text| severity(text));
    rule.remarks.extend(unknown(from.others.0.iter()));
    for required in from.required {
        if required.withincolumns.is_some() {
            rule.remarks.push(format!("the columns within which {} must stand do not count, only the lines", required.id));
        }
        rule.required.push((required.id, required.withinlines));
    }
    for value in from.allowlists.into_iter().chain(from.allowlist) {
        rule.allow.extend(allowlist(value, &mut rule.remarks).map(|(_, exception)| exception));
    }
    rule
}

/// The rules an allowlist is limited to, and what it lets pass.
fn allowlist(value: Value, remarks: &mut Vec<String>) -> Option<(Vec<String>, Exception)> {
    let from: Allowlist =
        value.try_into().map_err(|error| remarks.push(format!("an allowlist is left out: {}", TomlError::new("", &error).message))).ok()?;
    remarks.extend(from.others.0.iter().map(|key| format!("the key `{}` of an allowlist is not known", shown_key(key))));
    let condition = from.condition.or(from.matchcondition).unwrap_or_default().to_ascii_uppercase();
    let mut exception = Exception {
        paths: from.paths,
        commits: from.commits,
        words: from.stopwords,
        all: matches!(condition.as_str(), "AND" | "&&"),
        ..Exception::default()
    };
    match from.regextarget.unwrap_or_default().to_ascii_lowercase().as_str() {
        "line" => exception.lines = from.regexes,
        "match" => exception.matches = from.regexes,
        _ => exception.values = from.regexes,
    }
    Some((from.targetrules, exception))
}

/// A severity, as a tag or word says it.
pub(super) fn severity(text: &str) -> Option<Severity> {
    let name = text.trim().to_ascii_lowercase();
    let name = name.strip_prefix("severity:").unwrap_or(&name).trim();
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].into_iter().find(|severity| severity.name() == name)
}

/// Words about keys that nothing is made of.
fn unknown<'k>(keys: impl Iterator<Item = &'k String>) -> Vec<String> {
    let word = |key: &String| match key.as_str() {
        "validate" => "the live check `validate` is left out: nothing is ever sent".to_owned(),
        "filter" | "prefilter" => format!("the expression `{key}` (CEL) is left out, so more may be found"),
        "tokenefficiency" => "`tokenEfficiency` is left out, so more may be found".to_owned(),
        _ => format!("the key `{}` is not known", shown_key(key)),
    };
    keys.filter(|key| !SILENT.contains(&key.as_str())).map(word).collect()
}

/// The value with all keys in lower case.
fn lower(value: Value) -> Value {
    match value {
        Value::Table(table) => Value::Table(table.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), lower(value))).collect()),
        Value::Array(list) => Value::Array(list.into_iter().map(lower).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_whole() {
        let text = r#"
title = "ours"
[extend]
useDefault = true
path = "other.toml"
disabledRules = ["a", "b"]
[[rules]]
id = "acme-key"
description = "Acme key"
regex = '''acme_([a-z]{20})'''
secretGroup = 1
entropy = 3.5
keywords = ["acme"]
path = '''\.env$'''
tags = ["key", "Critical"]
validate = "x"
[[rules.allowlists]]
condition = "AND"
regexTarget = "line"
regexes = ["a"]
stopwords = ["b"]
[[rules.required]]
id = "acme-id"
withinLines = 3
[[rules]]
regex = 3
[[allowlists]]
targetRules = ["acme-key"]
commits = ["0123456789"]
[allowlist]
paths = ["p"]
"#;
        let file = parse(text).unwrap();
        let [rule] = file.rules.as_slice() else { panic!("one rule, not {:?}", file.rules) };
        let expected = ForeignRule {
            title: "Acme key".to_owned(),
            expression: Some("acme_([a-z]{20})".to_owned()),
            group: Group::Number(1),
            keywords: vec!["acme".to_owned()],
            entropy: Some(3.5),
            paths: vec![r"\.env$".to_owned()],
            allow: vec![Exception { lines: vec!["a".to_owned()], words: vec!["b".to_owned()], all: true, ..Exception::default() }],
            severity: Some(Severity::Critical),
            required: vec![("acme-id".to_owned(), Some(3))],
            remarks: vec!["the live check `validate` is left out: nothing is ever sent".to_owned()],
            ..ForeignRule::new("acme-key".to_owned())
        };
        assert_eq!(*rule, expected);
        let commits = Exception { commits: vec!["0123456789".to_owned()], ..Exception::default() };
        let paths = Exception { paths: vec!["p".to_owned()], ..Exception::default() };
        assert_eq!(file.allow, [(vec!["acme-key".to_owned()], commits), (Vec::new(), paths)]);
        assert_eq!(file.remarks.len(), 3, "{:?}", file.remarks);
        assert!(file.remarks[2].starts_with("rule 2 is left out: invalid type"), "{:?}", file.remarks);
    }

    #[test]
    fn broken_files_say_where() {
        let error = parse("a = 1\n[[rules]\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 9));
        assert!(parse("rules = 3").is_err());
    }

    #[test]
    fn nothing_said_is_nothing_carried() {
        assert_eq!(parse("title = 'x'\n[extend]\nuseDefault = true\n").unwrap(), ForeignFile::default());
    }
}
