//! What is scanned and where it came from. Owns: `Blob`, `Origin`, `Span`, `Position`. Must not: read files.

use std::fmt::{self, Write as _};

use bstr::{BStr, BString, ByteSlice};

/// Bytes to scan, once, however many places hold them.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'b> {
    /// Where the bytes come from.
    pub origin: &'b Origin,
    /// The content.
    pub bytes: &'b [u8],
}

/// Where scanned bytes come from. Paths are raw bytes with `/` as separator, relative to the scanned root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Origin {
    /// A file of a working tree or a plain directory.
    File {
        /// Path below the root that reports relate to.
        path: BString,
    },
    /// Standard input, with the name the user gave it.
    Stdin {
        /// From `--stdin-path`, else `stdin`.
        name: BString,
    },
    /// Content staged in the git index.
    Index {
        /// Path in the repository.
        path: BString,
    },
    /// The repository's own `.git/config` (URLs and headers can hold credentials).
    GitConfig {
        /// Path as the user would open it.
        path: BString,
    },
    /// A blob that a commit brought, at the path it had there.
    Commit {
        /// Commit id in hex.
        commit: String,
        /// Path in that commit's tree.
        path: BString,
    },
    /// The message or the author and committer lines of a commit.
    CommitMessage {
        /// Commit id in hex.
        commit: String,
    },
    /// The message, the name and the tagger line of an annotated tag.
    TagMessage {
        /// Id of the tag object in hex.
        tag: String,
    },
    /// The name of a branch, a tag or another reference. It can hold a secret, so reports show it in the masked excerpt only.
    RefName {
        /// Full name, such as `refs/heads/main`.
        name: BString,
    },
    /// A path in a commit's tree, as content. As for references, reports show it in the masked excerpt only.
    PathName {
        /// Commit id in hex; empty where it is not known.
        commit: String,
        /// Path in that commit's tree.
        path: BString,
    },
    /// A blob that a reference leads to, but no commit holds.
    Object {
        /// Object id in hex: of the blob, or of the tree that was found to hold it.
        id: String,
        /// Path below that tree; empty for a blob alone.
        path: BString,
    },
    /// Content that no reference leads to: logs name it, or it is left over.
    Unreachable {
        /// Object id in hex: of the commit that brought it, else of the object itself.
        id: String,
        /// Path in that commit's tree; `COMMIT_MESSAGE` or `TAG_MESSAGE` for those, `REFLOG_MESSAGE` for what a log says of it, `OBJECT` for a blob alone.
        path: BString,
    },
}

impl Origin {
    /// The path that names the content: it decides the file kind and is what reports show.
    #[must_use]
    pub fn path(&self) -> &BStr {
        match self {
            Self::Object { path, .. } if path.is_empty() => BStr::new(b"OBJECT"),
            Self::File { path }
            | Self::Index { path }
            | Self::GitConfig { path }
            | Self::Commit { path, .. }
            | Self::Object { path, .. }
            | Self::Unreachable { path, .. } => path.as_bstr(),
            Self::Stdin { name } => name.as_bstr(),
            Self::CommitMessage { .. } => BStr::new(b"COMMIT_MESSAGE"),
            Self::TagMessage { .. } => BStr::new(b"TAG_MESSAGE"),
            Self::RefName { .. } => BStr::new(b"REF_NAME"),
            Self::PathName { .. } => BStr::new(b"PATH_NAME"),
        }
    }

    /// The path that globs speak of; none for content that has no path of a tree.
    #[must_use]
    pub fn path_in_tree(&self) -> Option<&BStr> {
        match self {
            Self::File { path }
            | Self::Index { path }
            | Self::GitConfig { path }
            | Self::Commit { path, .. }
            | Self::PathName { path, .. }
            | Self::Object { path, .. }
            | Self::Unreachable { path, .. } => Some(path.as_bstr()),
            Self::Stdin { .. } | Self::CommitMessage { .. } | Self::TagMessage { .. } | Self::RefName { .. } => None,
        }
    }

    /// The commit that holds the content, where there is one.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Commit { commit, .. } | Self::CommitMessage { commit } => Some(commit),
            Self::PathName { commit, .. } => Some(commit.as_str()).filter(|commit| !commit.is_empty()),
            Self::TagMessage { .. }
            | Self::RefName { .. }
            | Self::Object { .. }
            | Self::Unreachable { .. }
            | Self::File { .. }
            | Self::Stdin { .. }
            | Self::Index { .. }
            | Self::GitConfig { .. } => None,
        }
    }

    /// The same origin with another path in its tree.
    pub(crate) fn with_path(&self, new: BString) -> Self {
        let mut origin = self.clone();
        match &mut origin {
            Self::File { path }
            | Self::Index { path }
            | Self::GitConfig { path }
            | Self::Commit { path, .. }
            | Self::PathName { path, .. }
            | Self::Object { path, .. }
            | Self::Unreachable { path, .. } => *path = new,
            Self::Stdin { .. } | Self::CommitMessage { .. } | Self::TagMessage { .. } | Self::RefName { .. } => {}
        }
        origin
    }

    /// The object that holds the content, where there is one and it is no commit of the history.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        match self {
            Self::TagMessage { tag: id } | Self::Object { id, .. } | Self::Unreachable { id, .. } => Some(id),
            _ => None,
        }
    }

    /// One word for the kind of origin, as reports name it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Stdin { .. } => "stdin",
            Self::Index { .. } => "index",
            Self::GitConfig { .. } => "git-config",
            Self::Commit { .. } => "commit",
            Self::CommitMessage { .. } => "commit-message",
            Self::TagMessage { .. } => "tag-message",
            Self::RefName { .. } => "ref-name",
            Self::PathName { .. } => "path-name",
            Self::Object { .. } => "object",
            Self::Unreachable { .. } => "unreachable",
        }
    }
}

impl fmt::Display for Origin {
    /// The path as text, control characters made visible; with the commit or the object before it where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = self.commit().or(self.object()) {
            write!(f, "{}:", &id[..id.len().min(12)])?;
        }
        f.write_str(&visible(self.path()))
    }
}

/// Text for people out of hostile bytes: invalid UTF-8 and control characters (bidirectional and zero-width ones too) become visible
/// escapes, so nothing reaches a terminal that it would act on.
#[must_use]
pub fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_harmless(character) {
                out.push(character);
            } else {
                out.extend(character.escape_unicode());
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").expect("because a string takes all that memory holds");
        }
    }
    out
}

/// Whether a terminal shows the character and does nothing else with it.
pub(crate) fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A range of bytes of the blob as stored, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

/// A point in a text. Lines end at LF, CRLF or a lone CR is not a line end; all numbers start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Position {
    /// Line number.
    pub line: u64,
    /// Column in bytes of the text as UTF-8.
    pub column_byte: u64,
    /// Column in Unicode code points; an invalid byte counts as one.
    pub column_char: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_become_visible() {
        assert_eq!(visible(b"a\x1b[31mb\xff\n"), "a\\u{1b}[31mb\\xff\\u{a}");
        assert_eq!(visible("x\u{202e}y".as_bytes()), "x\\u{202e}y");
        assert_eq!(visible("naïve".as_bytes()), "naïve");
    }
}
