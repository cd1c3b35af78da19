//! Imported patterns as text. Owns: the TOML that `--patterns` reads, with what did not carry over as comments. Must not: decide anything.

use std::fmt::Write as _;

use super::carry::{Import, Remark};
use crate::blob::visible;
use crate::patterns::schema::{Exception, PatternDef};

impl Import {
    /// The file of patterns.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "# Made by `unleak patterns import {}`.", self.tool.name());
        let is_here = |rule: &str| self.ids.contains_key(rule);
        for remark in self.remarks.iter().filter(|remark| !remark.rule.as_deref().is_some_and(is_here)) {
            comment(&mut out, &remark.to_string());
        }
        for (rule, _) in &self.of_others {
            comment(&mut out, &format!("{rule}: what it lets pass is left out, because the rule itself is not in the file"));
        }
        out.push('\n');
        pairs(&mut out, &[("provider", &self.file.provider), ("name", &self.file.name), ("docs", &self.file.docs)]);
        if let Some(imported) = &self.file.imported {
            pairs(&mut out, &[("imported", imported)]);
        }
        for allow in &self.file.allow {
            exception(&mut out, "allow", allow);
        }
        for def in &self.file.patterns {
            let rule = self.ids.iter().find(|(_, id)| **id == def.id).map(|(rule, _)| rule);
            out.push('\n');
            for Remark { text, .. } in self.remarks.iter().filter(|remark| remark.rule.as_ref() == rule) {
                comment(&mut out, text);
            }
            pattern(&mut out, def);
        }
        out
    }
}

fn comment(out: &mut String, text: &str) {
    let _ = writeln!(out, "# {}", visible(text.as_bytes()));
}

fn pattern(out: &mut String, def: &PatternDef) {
    out.push_str("[[pattern]]\n");
    pairs(
        out,
        &[("id", &def.id), ("title", &def.title), ("severity", def.severity.name()), ("opens", &def.opens), ("revoke", &def.revoke)],
    );
    pairs(out, &[("store", "secrets-manager")]);
    if let Some(regex) = &def.regex {
        pairs(out, &[("regex", regex)]);
    }
    list(out, "anchors", &def.anchors);
    if def.ignore_case {
        out.push_str("ignore_case = true\n");
    }
    pairs(out, &[("confidence", likelihood(def))]);
    if let Some(entropy) = def.entropy {
        let _ = writeln!(out, "entropy = {entropy:?}");
    }
    list(out, "paths", &def.paths);
    if let Some(advice) = &def.advice {
        pairs(out, &[("advice", advice)]);
    }
    for (key, templates) in [("positive", &def.positive), ("negative", &def.negative)] {
        let quoted: Vec<String> = templates.iter().map(|template| quoted(template)).collect();
        let _ = writeln!(out, "{key} = [{}]", quoted.join(", "));
    }
    if def.opt_in {
        out.push_str("opt_in = true\n");
    }
    for companion in &def.companions {
        let _ = writeln!(out, "\n[[pattern.companions]]");
        pairs(out, &[("pattern", &companion.pattern)]);
        let _ = writeln!(out, "within_lines = {}\nrequired = {}", companion.within_lines, companion.required);
    }
    for allow in &def.allow {
        exception(out, "pattern.allow", allow);
    }
}

fn likelihood(def: &PatternDef) -> &'static str {
    use crate::patterns::schema::Likelihood;
    match def.confidence {
        Likelihood::High => "high",
        Likelihood::Medium => "medium",
        Likelihood::Low => "low",
    }
}

fn exception(out: &mut String, name: &str, exception: &Exception) {
    let _ = writeln!(out, "\n[[{name}]]");
    list(out, "paths", &exception.paths);
    list(out, "commits", &exception.commits);
    list(out, "values", &exception.values);
    list(out, "matches", &exception.matches);
    list(out, "lines", &exception.lines);
    list(out, "words", &exception.words);
    if exception.all {
        out.push_str("all = true\n");
    }
}

fn list(out: &mut String, key: &str, texts: &[String]) {
    if !texts.is_empty() {
        let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        let _ = writeln!(out, "{key} = [{}]", quoted.join(", "));
    }
}

fn pairs(out: &mut String, pairs: &[(&str, &str)]) {
    for (key, text) in pairs {
        let _ = writeln!(out, "{key} = {}", quoted(text));
    }
}

/// A string of TOML: as it is between single quotes where it can be, so that expressions stay readable.
fn quoted(text: &str) -> String {
    if text.contains('\\') && !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    toml::Value::String(text.to_owned()).to_string()
}
