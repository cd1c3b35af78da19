//! Globs of paths, as in a `.gitignore`. Owns: matching paths of reports. Must not: look at a file system.

use bstr::{BStr, ByteSlice};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// A set of globs.
#[derive(Debug, Clone)]
pub struct Globs(Gitignore);

/// A glob that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the glob {glob:?} cannot be read: {detail}")]
pub struct GlobError {
    /// The glob as given.
    pub glob: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Default for Globs {
    /// No glob at all.
    fn default() -> Self {
        Self(Gitignore::empty())
    }
}

impl Globs {
    /// Reads globs; a later one overrules an earlier one, and one with `!` takes back.
    ///
    /// # Errors
    /// The first glob that cannot be read.
    pub fn new<'g>(globs: impl IntoIterator<Item = &'g str>) -> Result<Self, GlobError> {
        let mut builder = GitignoreBuilder::new("");
        for glob in globs {
            let error = |detail: String| GlobError { glob: glob.to_owned(), detail };
            builder.add_line(None, glob).map_err(|problem| error(problem.to_string()))?;
            // The builder lets this pass, and it matches nothing.
            if has_open_bracket(glob) {
                return Err(error("a `[` is not closed".to_owned()));
            }
            // The builder drops what it takes for a comment or an empty line, which would allow nothing and say nothing.
            if glob.trim().is_empty() || glob.starts_with('#') {
                return Err(error("it is empty or a comment".to_owned()));
            }
        }
        let build = builder.build().map_err(|problem| GlobError { glob: String::new(), detail: problem.to_string() })?;
        Ok(Self(build))
    }

    /// Whether there is no glob at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a glob names the path of a file, or a directory above it.
    #[must_use]
    pub fn has(&self, path: &BStr) -> bool {
        let relative = path.trim_start_with(|character| character == '/');
        relative.to_path().is_ok_and(|path| self.0.matched_path_or_any_parents(path, false).is_ignore())
    }
}

/// Whether a `[` has no `]`. One right after it, or after the `!` or `^` there, is one of the characters.
fn has_open_bracket(glob: &str) -> bool {
    let mut rest = glob.as_bytes();
    while let Some(at) = rest.find_byteset(b"[\\") {
        let after = rest.get(at + 1..).unwrap_or_default();
        if rest[at] == b'\\' {
            rest = after.get(1..).unwrap_or_default();
            continue;
        }
        let inside = after.strip_prefix(b"!").or_else(|| after.strip_prefix(b"^")).unwrap_or(after);
        let Some(end) = inside.get(1..).and_then(|inside| inside.find_byte(b']')) else { return true };
        rest = &inside[end + 2..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(globs: &[&str], path: &str) -> bool {
        Globs::new(globs.iter().copied()).unwrap().has(BStr::new(path))
    }

    #[test]
    fn globs_match_as_in_a_gitignore() {
        assert!(has(&["*.pem"], "a/b.pem"));
        assert!(has(&["tests/"], "tests/a/b.txt"));
        assert!(has(&["/tests"], "tests/a"));
        assert!(!has(&["/tests"], "src/tests/a"));
        assert!(has(&["a/**/c"], "a/b/b/c"));
        assert!(!has(&["*.txt", "!keep.txt"], "keep.txt"));
        assert!(!has(&[], "a"));
    }

    #[test]
    fn absolute_paths_and_other_bytes_do_no_harm() {
        assert!(has(&["*.txt"], "/tmp/a.txt"));
        assert!(Globs::new(["*.txt"]).unwrap().has(BStr::new(b"\xff.txt")));
        assert!(!has(&["*.txt"], ""));
        assert!(has(&["*.txt"], "../a.txt"));
    }

    #[test]
    fn wrong_globs_are_errors() {
        for wrong in ["", " ", "# a", "[z-a]", "[", "a/[b", "[]", "[!]", "x[a]y[^z"] {
            assert!(Globs::new([wrong]).is_err(), "{wrong:?}");
        }
        for right in ["[a]", "\\[", "[]]", "[!]]", "a[b-c]d[^e]", "]"] {
            assert!(Globs::new([right]).is_ok(), "{right:?}");
        }
    }
}
