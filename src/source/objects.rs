//! Content that is in a git object database, listed but not yet read. Owns: reading it, one reader a thread. Must not: decide what is listed.

use std::borrow::Cow;
use std::path::PathBuf;

use bstr::{BStr, ByteSlice};
use gix::ObjectId;
use gix::objs::Kind;

use crate::blob::Origin;
use crate::finding::{Coverage, Problem, Repository, SkipReason};
use crate::source::TreeFile;
use crate::source::git::database::{Database, DatabaseReader};
use crate::source::git::pack::Inventory;

/// Objects to scan, in an order that depends on the repository alone.
#[derive(Debug)]
pub struct Objects {
    /// What to read.
    pub items: Vec<ObjectItem>,
    /// What was left out and what could not be listed.
    pub coverage: Coverage,
    /// Facts of the repository.
    pub repository: Option<Repository>,
    /// The repository's own configuration, which is looked at as well.
    pub configuration: Vec<TreeFile>,
    /// Where git LFS keeps content.
    pub(crate) lfs: PathBuf,
    pub(crate) database: Database,
    /// Where each object is stored, where there are so many items that they are better read in that order.
    pub(crate) stored: Option<Inventory>,
}

/// One piece of content.
#[derive(Debug)]
pub struct ObjectItem {
    /// Where it comes from.
    pub origin: Origin,
    pub(crate) content: Content,
}

/// What an item's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A blob, as stored.
    Blob(ObjectId),
    /// What people and tools wrote into a commit: see [`written_by_people()`].
    Commit(ObjectId),
    /// The same of a tag.
    Tag(ObjectId),
    /// The name that the origin holds.
    Name,
}

impl ObjectItem {
    /// Whether it is the name of a file whose content is an item too, so that it counts as none of its own.
    #[must_use]
    pub fn is_of_content(&self) -> bool {
        matches!(&self.origin, Origin::PathName { commit, .. } if commit.is_empty())
    }

    /// What of its object, as stored, is content.
    pub(crate) fn content_in<'o>(&'o self, object: &'o [u8]) -> Cow<'o, [u8]> {
        match self.content {
            Content::Blob(_) => object.into(),
            Content::Commit(_) => written_by_people(object, Kind::Commit).into(),
            Content::Tag(_) => written_by_people(object, Kind::Tag).into(),
            Content::Name => name(&self.origin).as_bytes().into(),
        }
    }
}

impl Objects {
    /// Takes out what stands at paths that are left out, counted. Messages and names of references have no path.
    pub fn leave_out(&mut self, is_left_out: impl Fn(&BStr) -> bool) {
        let coverage = &mut self.coverage;
        self.items.retain(|item| {
            let left_out = item.origin.path_in_tree().is_some_and(&is_left_out);
            if left_out && !item.is_of_content() {
                coverage.skip(SkipReason::Excluded);
            }
            !left_out
        });
    }

    /// A reader, for one thread.
    #[must_use]
    pub fn reader(&self) -> ObjectReader {
        ObjectReader { database: self.database.reader() }
    }
}

/// Reads the content of items; for one thread.
#[derive(Debug)]
pub struct ObjectReader {
    database: DatabaseReader,
}

impl ObjectReader {
    /// The item's size in bytes, read without unpacking it, so that limits can be kept before memory is used.
    /// Of a commit it is the size of the whole object.
    ///
    /// # Errors
    /// A problem if the object is missing or broken.
    pub fn size(&mut self, item: &ObjectItem) -> Result<u64, Problem> {
        let (Content::Blob(id) | Content::Commit(id) | Content::Tag(id)) = item.content else {
            return Ok(name(&item.origin).len() as u64);
        };
        self.database.size(&id).map_err(|error| error.at(item.origin.path()))
    }

    /// The item's bytes, which are in `buffer` afterwards.
    ///
    /// # Errors
    /// A problem if the object is missing or broken.
    pub fn read<'a>(&mut self, item: &ObjectItem, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], Problem> {
        match item.content {
            Content::Blob(id) => {
                let object = self.database.find(&id, buffer).map_err(|error| error.at(item.origin.path()))?;
                Ok(object.data)
            }
            Content::Commit(id) | Content::Tag(id) => {
                let object = self.database.find(&id, buffer).map_err(|error| error.at(item.origin.path()))?;
                *buffer = written_by_people(object.data, object.kind);
                Ok(buffer)
            }
            Content::Name => {
                buffer.clear();
                buffer.extend_from_slice(name(&item.origin));
                Ok(buffer)
            }
        }
    }
}

/// The name that is content.
fn name(origin: &Origin) -> &BStr {
    match origin {
        Origin::RefName { name } => name.as_bstr(),
        other => other.path_in_tree().unwrap_or_default(),
    }
}

/// A commit or a tag without the headers that git alone writes (tree, parents, signature): author, committer, any other header, the
/// message. Their hashes and base64 are no content and would only raise false alarms.
pub(crate) fn written_by_people(object: &[u8], kind: Kind) -> Vec<u8> {
    let by_git: &[&str] = match kind {
        Kind::Tag => &["object", "type", "gpgsig", "gpgsig-sha256"],
        Kind::Commit | Kind::Tree | Kind::Blob => &["tree", "parent", "gpgsig", "gpgsig-sha256"],
    };
    let mut kept = Vec::with_capacity(object.len());
    let mut rest = object;
    let mut dropping = false;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, tail) = rest.split_at(end + 1);
        if line == b"\n" {
            break;
        }
        // A line that starts with a space continues the header above it.
        if !line.starts_with(b" ") {
            let name = line.split(|&byte| byte == b' ').next().unwrap_or_default();
            dropping = by_git.iter().any(|known| known.as_bytes() == name);
        }
        if !dropping {
            kept.extend_from_slice(line);
        }
        rest = tail;
    }
    kept.extend_from_slice(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_keeps_what_people_wrote() {
        let commit = b"tree 1\nparent 2\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\ngpgsig -----BEGIN\n abc\n def\nx-note kept\n also\n\ntree of life\n\nbody";
        assert_eq!(
            written_by_people(commit, Kind::Commit),
            b"author A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\nx-note kept\n also\n\ntree of life\n\nbody".to_vec()
        );
    }

    #[test]
    fn a_tag_keeps_its_name_its_tagger_and_its_message() {
        let tag = b"object 1\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\nmessage\ntype x\n";
        assert_eq!(written_by_people(tag, Kind::Tag), b"tag v1\ntagger A <a@b> 1 +0000\n\nmessage\ntype x\n".to_vec());
    }

    #[test]
    fn a_commit_without_a_message_or_an_end_is_kept_to_its_last_byte() {
        assert_eq!(written_by_people(b"author A\n\n", Kind::Commit), b"author A\n\n".to_vec());
        assert_eq!(written_by_people(b"author A\ncut", Kind::Commit), b"author A\ncut".to_vec());
        assert_eq!(written_by_people(b"", Kind::Commit), b"".to_vec());
    }
}
