//! The plan of a migration: what is stored under which name, and which bytes of which file change. Owns: its format and what a plan must
//! fulfil. Must not: hold a value, or do anything of what it says.
//!
//! A plan is JSON that people read and review. docs/migrate-plan.schema.json describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::consumer::Consumer;
use super::cost::Cost;
use super::external;
use super::key::{Hash, PlanKey};
use super::name;
use super::reader::{self, Reader};
use crate::reference::Backend;
use crate::rewrite::encoding::FileEncoding;
use crate::rewrite::{Spelling, Strategy, Style, arn_of};

/// The format of plans that this program writes and reads.
pub const VERSION: u32 = 1;
/// The JSON schema of a plan.
pub const SCHEMA: &str = include_str!("../../docs/migrate-plan.schema.json");

/// A plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`VERSION`].
    pub version: u32,
    /// 16 hex digits, random.
    pub id: String,
    /// What hashes and tokens are made with.
    pub key: PlanKey,
    /// Version of the program that made it.
    pub tool: String,
    /// The directory that paths are below.
    pub root: String,
    /// How places refer to their secrets.
    pub style: Style,
    /// Where values go.
    pub store: PlannedStore,
    /// Who reads the secrets, or some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<Reader>,
    /// What is stored, in order of names.
    pub secrets: Vec<PlannedSecret>,
    /// Who reads which of them, in order of paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Consumer>,
    /// What is rewritten, in order of paths.
    pub files: Vec<PlannedFile>,
    /// Places that a person has to rewrite.
    pub manual: Vec<ManualPlace>,
    /// Findings that are not migrated.
    pub left: Vec<LeftFinding>,
    /// What else has to be done by hand.
    pub todo: Vec<String>,
    /// What to know before it is applied.
    pub warnings: Vec<String>,
    /// What the store takes a month, as an estimate.
    pub cost: Cost,
}

/// A store, as a plan names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedStore {
    /// Which one.
    pub backend: Backend,
    /// The account and region, or the file. Apply refuses another one.
    pub identity: String,
}

impl PlannedStore {
    /// A name without what all names of the store start with: the identity ends with that.
    #[must_use]
    pub fn own<'n>(&self, name: &'n str) -> &'n str {
        let root = self.identity.rsplit(' ').next().filter(|_| self.backend.has_root());
        root.and_then(|root| name.strip_prefix(root)?.strip_prefix('/')).unwrap_or(name)
    }
}

/// A secret to store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedSecret {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// KMS key; none: the store's own.
    pub kms_key: Option<String>,
    /// Regions with a replica.
    pub replica_regions: Vec<String>,
    /// Type of a managed external secret.
    pub external_type: Option<String>,
    /// What happens if there is a secret of this name with another value.
    pub existing: Existing,
    /// The value: one member without a key, or the members of a JSON object in their order.
    pub members: Vec<Member>,
    /// Fingerprints of the findings in it.
    pub findings: Vec<String>,
    /// Ids of the patterns that found them.
    pub patterns: Vec<String>,
    /// Which service should hold it, and why.
    pub service: String,
    /// Where it is issued and revoked.
    pub revoke: String,
    /// How it can be rotated.
    pub rotation: String,
}

/// What to do with a secret of the same name and another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Existing {
    /// Nothing is done at all.
    Refuse,
    /// The value becomes its next version.
    NewVersion,
}

/// A part of a value, and where it is read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Key in the JSON object; none: the whole value.
    pub key: Option<String>,
    /// Keyed hash of it.
    pub hash: Hash,
    /// The file with it.
    pub path: String,
    /// First byte that the literal is looked for at.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// Field of a connection string that it is, if it is not the whole of the literal.
    pub field: Option<String>,
}

/// A file to rewrite, or to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFile {
    /// Path below the root.
    pub path: String,
    /// Keyed hash of its content; none: it does not exist.
    pub before: Option<Hash>,
    /// Keyed hash of the content that it gets, with [`Arn`]s as the edits spell them.
    pub after: Hash,
    /// How it spells its text. Positions are in the text as UTF-8.
    pub encoding: FileEncoding,
    /// What git knows of it.
    pub tracked: Tracked,
    /// Folders above it that are made with it, and go with it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub new_folders: usize,
    /// Names of the secrets that must be stored before.
    pub secrets: Vec<String>,
    /// How its places refer to them.
    pub places: Vec<PlannedPlace>,
    /// What changes; ascending and disjoint.
    pub edits: Vec<Edit>,
    /// The same for people, every value masked.
    pub diff: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_none(folders: &usize) -> bool {
    *folders == 0
}

/// Whether git could give a file back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tracked {
    /// It is tracked.
    Yes,
    /// It is not: after the migration the store holds the only copy of its values.
    No,
}

/// How a place refers to its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedPlace {
    /// Line, from 1.
    pub line: usize,
    /// The reference.
    pub reference: String,
    /// Its form.
    pub strategy: Strategy,
    /// Why this form.
    pub reason: String,
}

/// Bytes to replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// First byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// What they are now.
    pub old: Vec<Segment>,
    /// What they become.
    pub new: String,
    /// The secret that a line which can be added by itself is about; none: the edit goes with all others of its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Where `new` names the full ARN of a secret, which the store makes up: it is put in once the secret is stored. Ascending and disjoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arns: Vec<Arn>,
}

/// A stretch of new text that stands for the full ARN of a secret: [`arn_of`] of its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arn {
    /// Its first byte.
    pub at: usize,
    /// Name of the secret.
    pub secret: String,
}

/// A stretch of what is replaced: undo puts it together again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Segment {
    /// Text without any value.
    Text(String),
    /// A value, as it is spelled here.
    Value {
        /// Name of the secret.
        secret: String,
        /// Key in its JSON object.
        key: Option<String>,
        /// How it is spelled.
        spelling: Spelling,
    },
}

/// A place that is left to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualPlace {
    /// Path below the root.
    pub path: String,
    /// Line, from 1.
    pub line: u64,
    /// Fingerprint of the finding.
    pub finding: String,
    /// Why it is not rewritten.
    pub reason: String,
    /// What the person can do.
    pub advice: String,
}

/// A finding that is not migrated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftFinding {
    /// Its fingerprint.
    pub finding: String,
    /// Id of its pattern.
    pub pattern: String,
    /// Its first place.
    pub place: String,
    /// Why.
    pub reason: String,
    /// What to do instead.
    pub advice: String,
}

/// Why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It is no JSON, or says something unknown.
    #[error("this is no plan that this version of unleak reads: {0}")]
    Format(String),
    /// It says something that no plan may say.
    #[error("the plan is not valid: {0}")]
    Invalid(String),
}

impl Plan {
    /// Reads a plan and checks it. A plan can have been edited, or come from somebody else.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &[u8]) -> Result<Self, PlanError> {
        let plan: Self = serde_json::from_slice(text).map_err(|error| PlanError::Format(where_it_is(&error)))?;
        plan.check().map_err(PlanError::Invalid)?;
        Ok(plan)
    }

    /// The plan as JSON.
    ///
    /// # Panics
    /// Never: everything in it can be written.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("because it has string keys only");
        text.push(b'\n');
        text
    }

    /// The secret of this name.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&PlannedSecret> {
        self.secrets.iter().find(|secret| secret.name == name)
    }

    /// Whether git has a file with a place of the secret, and so the history its value.
    #[must_use]
    pub fn is_in_history(&self, secret: &str) -> bool {
        let holds = |file: &&PlannedFile| file.tracked == Tracked::Yes && file.secrets.iter().any(|name| name == secret);
        self.files.iter().filter(holds).any(PlannedFile::has_places)
    }

    fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("its version is {}, not {VERSION}", self.version));
        }
        if self.id.len() != 16 || !self.id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("its id is not 16 hex digits".to_owned());
        }
        let mut names = BTreeSet::new();
        for secret in &self.secrets {
            name::check(self.store.own(&secret.name))?;
            if !names.insert(secret.name.as_str()) {
                return Err(format!("two secrets are called {}", secret.name));
            }
            secret.check()?;
        }
        reader::check(self, &self.readers)?;
        let mut paths = BTreeSet::new();
        for file in &self.files {
            file.check(&self.secrets, self.store.backend)?;
            if !paths.insert(file.path.as_str()) {
                return Err(format!("{} is there twice", file.path));
            }
        }
        if let Some(unknown) = self.consumers.iter().flat_map(|consumer| &consumer.secrets).find(|secret| !names.contains(secret.as_str()))
        {
            return Err(format!("a consumer reads {unknown}, which the plan does not store"));
        }
        Ok(())
    }
}

impl Member {
    /// Whether it is secret: hosts, users and ports of a database stand everywhere, and may.
    #[must_use]
    pub fn opens_something(&self) -> bool {
        let field = self.field.as_deref().or(self.key.as_deref());
        field.is_none_or(|field| !matches!(field, "engine" | "host" | "port" | "username" | "dbname"))
    }
}

impl PlannedSecret {
    /// The keys of its JSON object; none if it is no object.
    fn check(&self) -> Result<(), String> {
        let keys: Vec<Option<&str>> = self.members.iter().map(|member| member.key.as_deref()).collect();
        let distinct: BTreeSet<_> = keys.iter().collect();
        let is_one = keys.len() == 1 && keys[0].is_none();
        if !is_one && (keys.is_empty() || keys.contains(&None) || distinct.len() < keys.len()) {
            return Err(format!("{}: members are one value, or have a key each", self.name));
        }
        self.members.iter().try_for_each(|member| below_root(&member.path))?;
        external::check(self)
    }

    /// Whether its value is a JSON object.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.members.iter().any(|member| member.key.is_some())
    }
}

impl PlannedFile {
    fn check(&self, secrets: &[PlannedSecret], backend: Backend) -> Result<(), String> {
        below_root(&self.path)?;
        let mut at = 0;
        for edit in &self.edits {
            if edit.start < at || edit.end < edit.start {
                return Err(format!("{}: the edits are not in order", self.path));
            }
            at = edit.end;
            if let Some(secret) = &edit.about
                && (edit.start < edit.end || !self.secrets.contains(secret))
            {
                return Err(format!("{}: an edit that is done by itself is a line to add, for a secret of its file", self.path));
            }
            edit.check_arns(self, backend)?;
            for segment in &edit.old {
                let Segment::Value { secret, key, .. } = segment else { continue };
                let known = secrets.iter().find(|known| known.name == *secret);
                if !known.is_some_and(|known| known.members.iter().any(|member| member.key == *key)) || !self.secrets.contains(secret) {
                    return Err(format!("{}: an edit takes a value that the plan does not store", self.path));
                }
            }
        }
        Ok(())
    }
}

impl PlannedFile {
    /// Whether its new content has ARNs that the store makes up.
    #[must_use]
    pub fn has_arns(&self) -> bool {
        self.edits.iter().any(|edit| !edit.arns.is_empty())
    }

    /// Whether its lines can be added one by one.
    #[must_use]
    pub fn is_in_parts(&self) -> bool {
        self.edits.iter().any(|edit| edit.about.is_some())
    }

    /// Whether a value stands in it that becomes a reference; other files go with such ones.
    #[must_use]
    pub fn has_places(&self) -> bool {
        !self.places.is_empty()
    }
}

impl Edit {
    /// The bytes that it replaces.
    #[must_use]
    pub const fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    fn check_arns(&self, file: &PlannedFile, backend: Backend) -> Result<(), String> {
        let mut from = 0;
        for arn in &self.arns {
            let end = arn.at.checked_add(arn_of(&arn.secret).len());
            let stands = end.is_some_and(|end| arn.at >= from && self.new.get(arn.at..end) == Some(arn_of(&arn.secret).as_str()));
            if !stands || backend != Backend::Aws || !file.secrets.contains(&arn.secret) {
                return Err(format!("{}: an edit names the ARN of a secret where it has none", file.path));
            }
            from = end.unwrap_or(from);
        }
        Ok(())
    }
}

/// Where JSON is wrong, without the text that stands there: it can be any file that was taken for a plan.
pub(super) fn where_it_is(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "it does not fit the schema" } else { "it is no JSON" };
    format!("line {}, column {}: {what}", error.line(), error.column())
}

/// A path that stays below the root, whatever it is joined to.
fn below_root(path: &str) -> Result<(), String> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && part != ".git" && !part.contains(['\0', '\\']);
    if path.split('/').all(plain) { Ok(()) } else { Err(format!("{path:?} is no path below the root")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_names_of_a_store_start_with_is_not_theirs() {
        for (backend, identity, name, own) in [
            (Backend::Gcp, "example.com:shop", "example.com:shop/prod-db", "prod-db"),
            (Backend::Vault, "https://vault.example team kv", "kv/prod/db", "prod/db"),
            (Backend::File, "/Users/A/secrets", "/Users/A/secrets/prod/db", "prod/db"),
            (Backend::File, "/Users/A/secrets", "/Users/A/secrets-2/db", "/Users/A/secrets-2/db"),
            (Backend::Aws, "123456789012 prod", "prod/db", "prod/db"),
        ] {
            let store = PlannedStore { backend, identity: identity.to_owned() };
            assert_eq!(store.own(name), own);
            assert_eq!(name::check(store.own(name)).is_ok(), own != name || backend == Backend::Aws);
        }
    }
}
