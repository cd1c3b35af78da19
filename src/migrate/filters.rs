//! Files that git stores in another form than they have in the work tree. Owns: which `.gitattributes` gives a filter, whether that made anything else of
//! a file, and what people are told of it.
//! Must not: run a filter.

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice as _};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::rewrite::{Manual, Tree};
use crate::source::git::checkout::Checkout;

/// The name of the files with attributes.
const FILE: &str = ".gitattributes";
/// The file with those of this clone alone, which come before all others.
const OWN: &str = ".git/info/attributes";

/// The name of a filter; none where files are stored as they are.
type Filter = Option<String>;

/// A line that sets the filter of files, or unsets it.
struct Line {
    /// The directory of its file, with `/` where it is not the root.
    base: String,
    pattern: Gitignore,
    filter: Filter,
}

/// The filters of a tree.
pub struct Filters<'c> {
    /// Of two that are for a file the last one counts.
    lines: Vec<Line>,
    checkout: Option<&'c Checkout>,
}

impl<'c> Filters<'c> {
    /// Those that the tree names.
    #[must_use]
    pub fn of(tree: &dyn Tree, checkout: Option<&'c Checkout>) -> Self {
        let mut files: Vec<BString> = tree.named(&[FILE]);
        files.sort_by_key(|path| path.find_iter(b"/").count());
        files.push(OWN.into());
        let mut lines = Vec::new();
        // A name that stands for attributes: `[attr]secret filter=git-crypt`.
        let mut macros: BTreeMap<String, Filter> = BTreeMap::new();
        for path in files {
            let (Some(text), Ok(path)) = (tree.read(path.as_bstr()), path.to_str()) else { continue };
            let base = path.strip_suffix(FILE).unwrap_or_default();
            lines.extend(text.lines().filter_map(|line| Line::of(base, line.to_str().ok()?, &mut macros)));
        }
        Self { lines, checkout }
    }

    /// Why a file is left as it is. A filter that is named and not set up, or that has nothing to do here, stored the file as it stands: what it would
    /// make of it next is not tried, because that runs a command that the repository chose.
    ///
    /// # Errors
    /// What people are told of the filter.
    pub fn leave(&self, tree: &dyn Tree, path: &str) -> Result<(), Manual> {
        let Some(filter) = self.of_file(path) else { return Ok(()) };
        let is_stored = |checkout: &Checkout| tree.read(path.into()).is_some_and(|content| checkout.has(path.into(), &content));
        if self.checkout.is_some_and(is_stored) { Ok(()) } else { Err(by_hand(filter)) }
    }

    /// The filter that a file goes through when git stores it.
    fn of_file(&self, path: &str) -> Option<&str> {
        self.lines.iter().rev().find(|line| line.is_for(path))?.filter.as_deref()
    }
}

impl Line {
    fn of(base: &str, line: &str, macros: &mut BTreeMap<String, Filter>) -> Option<Self> {
        let line = line.trim();
        let (pattern, attributes) = match line.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => line.split_once(char::is_whitespace)?,
        };
        let filter = attributes.split_whitespace().filter_map(|attribute| filter(attribute, macros)).next_back()?;
        if let Some(name) = pattern.strip_prefix("[attr]") {
            macros.insert(name.to_owned(), filter);
            return None;
        }
        // A pattern of attributes takes nothing back, and one for a directory is for no file.
        if pattern.starts_with(['#', '!']) || pattern.ends_with('/') {
            return None;
        }
        let mut builder = GitignoreBuilder::new("");
        builder.add_line(None, pattern).ok()?;
        Some(Self { base: base.to_owned(), pattern: builder.build().ok()?, filter })
    }

    fn is_for(&self, path: &str) -> bool {
        path.strip_prefix(self.base.as_str()).is_some_and(|path| self.pattern.matched(path, false).is_ignore())
    }
}

/// What an attribute makes the filter: a name, or none; nothing where it is about something else.
fn filter(attribute: &str, macros: &BTreeMap<String, Filter>) -> Option<Filter> {
    match attribute {
        "-filter" | "!filter" => Some(None),
        _ => match attribute.strip_prefix("filter=") {
            Some(name) => Some(Some(name.to_owned())),
            None => macros.get(attribute).cloned(),
        },
    }
}

/// What people are told of places in a file that goes through a filter.
fn by_hand(filter: &str) -> Manual {
    let (reason, advice) = match filter {
        "lfs" => (
            "git keeps the file in LFS, and only a pointer to it (filter=lfs in .gitattributes)".to_owned(),
            "replace the value by hand and commit the file with git lfs; older versions stay in the LFS storage",
        ),
        _ if filter.contains("crypt") || filter.contains("age") || filter.contains("sops") => (
            format!("git encrypts the file when it is committed (filter={filter} in .gitattributes)"),
            "leave it there if whoever has the key may have the value; else replace it by hand, commit, and rotate it",
        ),
        _ => (
            format!("git stores the file in another form (filter={filter} in .gitattributes), which may not be what stands here"),
            "replace the value by hand, and look at what `git diff` says of the file",
        ),
    };
    Manual { reason, advice: advice.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of these files.
    struct Files(&'static [(&'static str, &'static str)]);

    impl Tree for Files {
        fn read(&self, path: &bstr::BStr) -> Option<Vec<u8>> {
            self.0.iter().find(|(name, _)| path == *name).map(|(_, text)| text.as_bytes().to_vec())
        }

        fn named(&self, _names: &[&str]) -> Vec<BString> {
            self.0.iter().map(|(name, _)| BString::from(*name)).filter(|path| path.ends_with(FILE.as_bytes())).collect()
        }
    }

    #[test]
    fn the_last_line_that_is_for_a_file_says_its_filter() {
        let filters = Filters::of(
            &Files(&[
                ("deploy/.gitattributes", "*.yml filter=git-crypt diff=git-crypt\npublic.yml -filter\n/top.env hidden\n"),
                (
                    ".gitattributes",
                    "[attr]hidden filter=git-crypt\n# *.md filter=lfs\n*.bin filter=lfs -text\nsecrets/** filter=git-crypt\n*.yml text\nfolder/ filter=lfs\n\"a b\" filter=x\n",
                ),
                (".git/info/attributes", "own.bin !filter\n"),
            ]),
            None,
        );
        for (path, filter) in [
            ("deploy/app.yml", Some("git-crypt")),
            ("deploy/a/app.yml", Some("git-crypt")),
            ("deploy/public.yml", None),
            ("deploy/top.env", Some("git-crypt")),
            ("deploy/a/top.env", None),
            ("app.yml", None),
            ("a/model.bin", Some("lfs")),
            ("a/own.bin", None),
            ("secrets/a/b.txt", Some("git-crypt")),
            ("folder/file", None),
            ("a b", Some("x")),
            ("README.md", None),
        ] {
            assert_eq!(filters.of_file(path), filter, "{path}");
        }
    }
}
