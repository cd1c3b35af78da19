//! The names of files and directories in a tree, which can be secrets themselves. Owns: looking at each once. Must not: read files.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};

use super::Scanner;
use super::blob::Window;
use crate::blob::Origin;
use crate::detect::text::Form;
use crate::finding::Coverage;
use crate::gather::Gathered;
use crate::place::Cursor;

/// The directories whose names were looked at.
#[derive(Debug, Default)]
pub(super) struct Directories(Mutex<HashSet<BString>>);

impl Directories {
    /// Notes a directory; false if it was known.
    fn is_new(&self, path: &BStr) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !known.contains(path) && known.insert(path.to_owned())
    }
}

impl Scanner {
    /// Scans the name of a file, and those of the directories above it that nobody looked at. Names count as no content.
    pub(super) fn names_above(&self, origin: &Origin, directories: &Directories) -> Gathered {
        let Origin::File { path } = origin else { return Gathered::default() };
        let mut gathered = self.last_name(path.as_bstr());
        let mut above = path.as_bstr();
        while let Some(slash) = above.rfind_byte(b'/') {
            above = above[..slash].as_bstr();
            if above.is_empty() || !directories.is_new(above) {
                break;
            }
            gathered = gathered.merge(self.last_name(above));
        }
        gathered
    }

    /// Scans the last name of a path. What comes before is read with it only where the name holds something.
    fn last_name(&self, path: &BStr) -> Gathered {
        let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
        let origin = Origin::PathName { commit: String::new(), path: path.to_owned() };
        if self.whole(&origin, &path[start..]).sightings.is_empty() {
            return Gathered::default();
        }
        let mut gathered = Gathered::default();
        let (form, accept, cursor) = (Form::of(path), start..path.len() + 1, Cursor::default());
        self.window(&Window { origin: &origin, bytes: path, form, base: 0, accept, cursor, whole: true }, &mut gathered);
        Gathered { coverage: Coverage::default(), ..gathered }
    }
}
