//! A rule as other tools have it. Owns: the common form of all formats. Must not: judge or compile it.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::schema::{Exception, Likelihood, Severity};
pub use super::rewrite::Group;
use crate::secret::mask;

/// The keys of a table that nothing is made of.
#[derive(Debug, Default)]
pub(super) struct Others(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Others {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Others::default())
    }
}

impl<'de> Visitor<'de> for Others {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((key, IgnoredAny)) = map.next_entry()? {
            self.0.push(key);
        }
        self.0.sort();
        Ok(self)
    }
}

/// A key as a message may show it: a file that is named by mistake can hold anything, so what is no plain word is masked.
pub(super) fn shown_key(key: &str) -> String {
    let is_word = key.len() <= 30 && key.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'));
    if is_word { key.to_owned() } else { mask(key.as_bytes()) }
}

/// The tools whose files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// gitleaks.
    Gitleaks,
    /// betterleaks, the same format with keys of its own.
    Betterleaks,
    /// kingfisher.
    Kingfisher,
    /// trufflehog.
    Trufflehog,
}

impl Tool {
    /// The tool's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gitleaks => "gitleaks",
            Self::Betterleaks => "betterleaks",
            Self::Kingfisher => "kingfisher",
            Self::Trufflehog => "trufflehog",
        }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignRule {
    /// Its id or name there.
    pub id: String,
    /// What it finds, in words.
    pub title: String,
    /// Its expression, in the tool's spelling.
    pub expression: Option<String>,
    /// The part of a match that is the secret.
    pub group: Group,
    /// Words that must stand in the content.
    pub keywords: Vec<String>,
    /// Floor of the Shannon entropy.
    pub entropy: Option<f64>,
    /// Expressions of paths, in the tool's spelling.
    pub paths: Vec<String>,
    /// What it lets pass; expressions are in the tool's spelling.
    pub allow: Vec<Exception>,
    /// Harm, where the rule says so.
    pub severity: Option<Severity>,
    /// How sure a match is.
    pub confidence: Likelihood,
    /// Whether it is not reported by itself.
    pub hidden: bool,
    /// Ids of rules that must match within so many lines; none: anywhere.
    pub required: Vec<(String, Option<u64>)>,
    /// Where it is described.
    pub docs: Option<String>,
    /// What of it does not carry over.
    pub remarks: Vec<String>,
}

impl ForeignRule {
    /// A rule with nothing but an id.
    #[must_use]
    pub const fn new(id: String) -> Self {
        Self {
            id,
            title: String::new(),
            expression: None,
            group: Group::First,
            keywords: Vec::new(),
            entropy: None,
            paths: Vec::new(),
            allow: Vec::new(),
            severity: None,
            confidence: Likelihood::Medium,
            hidden: false,
            required: Vec::new(),
            docs: None,
            remarks: Vec::new(),
        }
    }
}

/// What a file of another tool says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForeignFile {
    /// Its rules.
    pub rules: Vec<ForeignRule>,
    /// What it lets pass, whatever finds it, each with the ids of the rules it is limited to.
    pub allow: Vec<(Vec<String>, Exception)>,
    /// What of the file does not carry over.
    pub remarks: Vec<String>,
}
