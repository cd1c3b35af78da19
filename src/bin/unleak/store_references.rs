//! References of a tree to a store whose secrets were copied to another. Owns: which tokens get which new one, and putting them there. Must not: ask a
//! store, or show a line of a file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bstr::ByteSlice as _;
use unleak::blob::{Origin, visible};
use unleak::fsx::Unwatched;
use unleak::fsx::replace::{self, Replacement};
use unleak::reference::{self, Backend, Reference};
use unleak::rewrite::{Splice, splice};
use unleak::settings::TreeSettings;
use unleak::source::tree;
use unleak::store::CURRENT;

use crate::failure::Failure;

/// Files of more bytes are not looked at: references stand in files that people read.
const LARGEST: u64 = 16 << 20;
/// How the tokens start that are rewritten.
const START: &[u8] = b"ref+";

/// What was copied.
pub struct Copied {
    /// From where.
    pub from: Backend,
    /// To where.
    pub to: Backend,
    /// The region that new references name.
    pub region: Option<String>,
    /// New names by the old ones, ARNs among them.
    pub names: BTreeMap<String, String>,
}

/// A token in a file.
struct Token {
    line: usize,
    span: Range<usize>,
    old: Reference,
    new: Result<Reference, &'static str>,
}

/// A file with tokens.
struct Found {
    shown: String,
    path: PathBuf,
    bytes: Vec<u8>,
    tokens: Vec<Token>,
}

impl Copied {
    /// What becomes of a reference; none where it leads elsewhere.
    fn becomes(&self, token: &[u8], old: &Reference) -> Option<Result<Reference, &'static str>> {
        if old.backend != self.from {
            return None;
        }
        let Some(name) = self.names.get(&old.name) else { return Some(Err("its secret was not copied")) };
        let is_current = old.version_id.is_none() && old.version_stage.as_deref().is_none_or(|stage| stage == CURRENT);
        Some(match () {
            () if !token.starts_with(START) => Err("Parameter Store reads it, too"),
            () if !is_current => Err("it names a version, which the other store does not have"),
            () if old.role_arn.is_some() => Err("it names a role"),
            () => {
                let region = self.region.clone().filter(|_| self.to.has_regions() && self.to != Backend::Local);
                Ok(Reference { region, key: old.key.clone(), ..Reference::to(self.to, name.clone()) })
            }
        })
    }

    /// The tokens in all files below a path that lead to the store that was copied.
    fn find(&self, root: &Path) -> Result<Vec<Found>, Failure> {
        let found = Mutex::new(Vec::new());
        let settings = TreeSettings { no_ignore: true, exclude: Vec::new(), roots: vec![root.to_owned()] };
        tree::walk(&settings, &|_: Origin, place: tree::Place<'_>| {
            let mut bytes = Vec::new();
            let read = place.open().and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
            if !read.is_ok_and(|length| length as u64 != LARGEST) {
                return;
            }
            let tokens: Vec<Token> = reference::find_all(&bytes)
                .filter_map(|(span, parsed)| {
                    let old = parsed.ok()?;
                    let new = self.becomes(&bytes[span.clone()], &old)?;
                    Some(Token { line: 1 + bytes[..span.start].find_iter(b"\n").count(), span, old, new })
                })
                .collect();
            if !tokens.is_empty() {
                let path = place.path();
                let shown = visible(path.strip_prefix(".").unwrap_or(&path).as_os_str().as_encoded_bytes());
                let one = Found { shown, path, bytes, tokens };
                found.lock().unwrap_or_else(PoisonError::into_inner).push(one);
            }
        })
        .map_err(|error| Failure::new(&error))?;
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// The references below a path that lead to the store that was copied, in words; none where there are none.
    ///
    /// # Errors
    /// A tree that cannot be listed.
    pub fn left(&self, root: &Path) -> Result<Option<String>, Failure> {
        let found = self.find(root)?;
        let count: usize = found.iter().map(|found| found.tokens.len()).sum();
        if count == 0 {
            return Ok(None);
        }
        let lines = found.iter().map(Found::lines).collect::<String>();
        let text = format!("{count} references lead to {} still; --references PATH rewrites them:\n{lines}", self.from.title());
        Ok(Some(text))
    }

    /// Rewrites the references below a path, or says only what that would be.
    ///
    /// # Errors
    /// A tree that cannot be listed, a file that cannot be written or changed in the meantime.
    pub fn rewrite(&self, root: &Path, dry_run: bool) -> Result<String, Failure> {
        let found = self.find(root)?;
        for file in found.iter().filter(|_| !dry_run) {
            let of = |token: &Token| Some(Splice { span: token.span.clone(), text: token.new.as_ref().ok()?.to_string().into() });
            let splices: Vec<Splice> = file.tokens.iter().filter_map(of).collect();
            if splices.is_empty() {
                continue;
            }
            let is_same = |now: &[u8]| now == file.bytes.as_slice();
            let replacement = Replacement {
                path: &file.path,
                temporary: &replace::temporary(&file.path, "references"),
                content: &splice(&file.bytes, &splices),
                still: Some(&is_same),
            };
            replace::replace(&replacement, &Unwatched).map_err(|error| Failure::with_file("rewrite", &file.path, &error))?;
        }
        Ok(found.iter().map(Found::lines).collect())
    }
}

impl Found {
    /// A line for each token; nothing else of the file is shown.
    fn lines(&self) -> String {
        self.tokens.iter().fold(String::new(), |mut text, token| {
            let becomes = token.new.as_ref().map_or_else(|reason| format!("stays: {reason}"), |new| format!("-> {new}"));
            let _ = writeln!(text, "{}:{}: {} {becomes}", self.shown, token.line, token.old);
            text
        })
    }
}
