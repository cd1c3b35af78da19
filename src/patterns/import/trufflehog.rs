//! Custom detectors of trufflehog. Owns: the keys of its documentation. Must not: parse YAML or judge rules.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::schema::Exception;
use super::rule::{ForeignFile, ForeignRule, Others, shown_key};

/// A file as a parser of YAML gives it.
#[derive(Debug, Deserialize)]
pub struct File {
    #[serde(default)]
    detectors: Vec<Detector>,
    #[serde(flatten)]
    others: Others,
}

#[derive(Debug, Deserialize)]
struct Detector {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    regex: BTreeMap<String, String>,
    primary_regex_name: Option<String>,
    entropy: Option<f64>,
    #[serde(default)]
    exclude_words: Vec<String>,
    #[serde(default)]
    exclude_regexes_capture: Vec<String>,
    #[serde(default)]
    exclude_regexes_match: Vec<String>,
    #[serde(flatten)]
    others: Others,
}

impl From<File> for ForeignFile {
    fn from(file: File) -> Self {
        let remarks =
            file.others.0.iter().map(|key| format!("the key `{}` says nothing about detectors and is left out", shown_key(key))).collect();
        let rules = file.detectors.into_iter().enumerate().flat_map(|(at, from)| rules(from, at)).collect();
        Self { rules, remarks, ..Self::default() }
    }
}

/// One rule for each of a detector's expressions: the first is the primary one, which needs the others near by.
fn rules(from: Detector, at: usize) -> Vec<ForeignRule> {
    let name = if from.name.is_empty() { format!("detector-{}", at + 1) } else { from.name };
    let primary = from.primary_regex_name.filter(|name| from.regex.contains_key(name)).or_else(|| from.regex.keys().next().cloned());
    let Some(primary) = primary else { return vec![ForeignRule::new(name)] };
    let part = |part: &str| if from.regex.len() == 1 { name.clone() } else { format!("{name}-{part}") };
    let mut allow = Vec::new();
    if !from.exclude_words.is_empty() || !from.exclude_regexes_capture.is_empty() {
        allow.push(Exception { words: from.exclude_words, values: from.exclude_regexes_capture, ..Exception::default() });
    }
    if !from.exclude_regexes_match.is_empty() {
        allow.push(Exception { matches: from.exclude_regexes_match, ..Exception::default() });
    }
    let remarks: Vec<String> = from.others.0.iter().map(|key| unknown(key)).collect();
    let rule = |(key, expression): (&String, &String)| {
        let mut rule = ForeignRule::new(part(key));
        rule.title = if from.description.is_empty() { rule.id.clone() } else { from.description.clone() };
        rule.expression = Some(expression.clone());
        rule.keywords.clone_from(&from.keywords);
        rule.entropy = from.entropy.filter(|&floor| floor > 0.0);
        rule.allow.clone_from(&allow);
        rule.remarks.clone_from(&remarks);
        if *key == primary {
            rule.required = from.regex.keys().filter(|other| **other != primary).map(|other| (part(other), None)).collect();
        } else {
            rule.hidden = true;
            rule.remarks.push(format!("it is a part of {}, so it is off unless named with --enable", part(&primary)));
        }
        rule
    };
    from.regex.iter().map(rule).collect()
}

fn unknown(key: &str) -> String {
    match key {
        "verify" => "the live check `verify` is left out: nothing is ever sent".to_owned(),
        "validations" => "`validations` are left out, so more may be found".to_owned(),
        _ => format!("the key `{}` is not known", shown_key(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_expression_is_a_rule_and_the_primary_one_needs_the_others() {
        let file: File = serde_json::from_str(
            r#"{"detectors": [{"name": "HogToken", "keywords": ["hog"], "regex": {"id": "h_[a-z]{9}", "token": "([a-z]{40})"},
                "primary_regex_name": "token", "entropy": 3.0, "exclude_words": ["test"], "exclude_regexes_match": ["m"],
                "verify": [{"endpoint": "x"}], "validations": {}}], "sources": []}"#,
        )
        .unwrap();
        let file = ForeignFile::from(file);
        let [id, token] = file.rules.as_slice() else { panic!("two rules, not {:?}", file.rules) };
        assert_eq!((id.id.as_str(), id.hidden, id.required.len()), ("HogToken-id", true, 0));
        assert_eq!((token.id.as_str(), token.hidden), ("HogToken-token", false));
        assert_eq!(token.required, [("HogToken-id".to_owned(), None)]);
        assert_eq!((token.expression.as_deref(), token.entropy), (Some("([a-z]{40})"), Some(3.0)));
        assert_eq!((token.allow.len(), token.allow[1].matches.as_slice()), (2, ["m".to_owned()].as_slice()));
        assert_eq!(token.remarks.len(), 2, "{:?}", token.remarks);
        assert_eq!(file.remarks, ["the key `sources` says nothing about detectors and is left out"]);
    }

    #[test]
    fn a_detector_without_expressions_is_a_rule_without_one() {
        let file: File = serde_json::from_str(r#"{"detectors": [{"name": "a"}]}"#).unwrap();
        assert_eq!(ForeignFile::from(file).rules, [ForeignRule::new("a".to_owned())]);
    }
}
