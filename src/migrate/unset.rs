//! Secrets that infrastructure code of the tree makes without a value. Owns: which files are looked at, and what a person is told to do.
//! Must not: read their syntax, or ask a store.

use rayon::prelude::*;

use super::emit;
use super::inventory::DiskTree;
use super::known::Known;
use super::plan::PlannedSecret;
use crate::rewrite::format::declared::{self, Declared};
use crate::rewrite::{Source, Tree as _};

/// Larger files are no code that people write.
const LARGEST: usize = 1 << 20;

/// One step for each secret of the tree's code that gets its value nowhere; those that this plan stores get it.
pub fn steps(tree: &DiskTree, stored: &[PlannedSecret], values: &Known<'_>) -> Vec<String> {
    let read = |path: bstr::BString| {
        let bytes = tree.read(path.as_ref()).filter(|bytes| bytes.len() <= LARGEST && declared::can_declare(bytes))?;
        // What `--emit` wrote declares what a plan stores.
        memchr::memmem::find(&bytes, emit::NOTE.as_bytes()).is_none().then_some((path, bytes))
    };
    let files: Vec<_> = tree.named(&declared::FILES).into_par_iter().filter_map(read).collect();
    let sources: Vec<Source<'_>> = files.iter().map(|(path, bytes)| Source { path: path.as_ref(), bytes }).collect();
    let is_stored = |declared: &Declared| stored.iter().any(|secret| declared.name.as_ref() == Some(&secret.name));
    let missing = declared::without_value(&sources).into_iter().filter(|declared| !is_stored(declared));
    missing.map(|declared| step(&declared)).filter(|step| !values.stands_in(step, |_| true)).collect()
}

/// Where it is made, and how its value gets there without standing on a command line.
fn step(Declared { path, line, label, terraform, name }: &Declared) -> String {
    let is_plain = |name: &&String| name.chars().all(|character| character.is_ascii_alphanumeric() || "/_+=.@-".contains(character));
    let (then, ask) = if *terraform {
        ("`terraform apply`", format!("`terraform state show '{label}'` has its ARN"))
    } else {
        (
            "the stack is made",
            format!("`aws cloudformation describe-stack-resource --logical-resource-id {label} --stack-name …` has its ARN"),
        )
    };
    let (id, ask) = name.as_ref().filter(is_plain).map_or(("ARN", format!("; {ask}")), |name| (name.as_str(), String::new()));
    format!(
        "{path}:{line} makes the secret {label} without a value, and readers fail until it has one: after {then}, give the value on standard input to \
         `aws secretsmanager put-secret-value --secret-id {id} --secret-string file:///dev/stdin`{ask}"
    )
}
