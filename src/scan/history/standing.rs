//! At which paths a blob stands, as far as that decides how it is looked at. Owns: what paths have to say. Must not: look at blobs.

use bstr::{BStr, BString, ByteSlice};
use sha2::{Digest, Sha256};

use crate::file_kind::{PathClass, path_class};
use crate::scan::Scanner;

/// Knows the blobs' paths, which decide how their texts are read.
pub(super) trait Paths: Sync {
    /// Whether the blob is to be looked at, and where it stands.
    fn standing(&self, object: u32) -> Wanted;

    /// The path of a blob of whose place no more than the class was said; it is empty for one that has none.
    fn path(&self, object: u32) -> BString;
}

/// Whether a blob is to be looked at.
pub(super) enum Wanted {
    /// It is.
    At(Standing),
    /// Its path is excluded.
    Excluded,
    /// Nobody asked for it.
    No,
}

/// Where a blob stands.
pub(super) struct Standing {
    /// A path.
    pub(super) path: Place,
    /// Other paths, at each of which it is to be looked at as well, as they are of other classes.
    pub(super) others: Vec<BString>,
    /// What all of them have to say: see [`Manners`].
    pub(super) manner: u64,
    /// What the first one has to say.
    pub(super) first: u64,
}

/// What is known of a blob's path.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// All of it; empty for a blob that has none.
    Path(BString),
    /// Its class. Few blobs hold anything that the path itself is needed for, and to put it together takes longer than to look at most of them.
    Class(PathClass),
}

/// What paths have to say to those who look at blobs: their classes, or all of them where patterns go by more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manners {
    pub(super) by_path: bool,
}

impl Manners {
    pub(super) fn of(scanner: &Scanner) -> Self {
        // Asking takes time in proportion to the catalogue.
        Self { by_path: scanner.catalogue.is_limited_to_paths() }
    }

    /// What a path has to say: a bit for its class, or a hash.
    pub(super) fn of_path(self, path: &BStr) -> u64 {
        if self.by_path {
            let digest = Sha256::digest(path.as_bytes());
            return digest.first_chunk().copied().map_or(0, u64::from_be_bytes);
        }
        1 << path_class(path).number()
    }

    /// What paths have to say that say `manners`.
    pub(super) fn joined(self, manners: impl IntoIterator<Item = u64>) -> u64 {
        manners.into_iter().fold(0, |all, one| if self.by_path { all.wrapping_mul(31).wrapping_add(one) } else { all | one })
    }

    /// Whether what is known at some paths and, apart from that, at others is what is known at all of them.
    pub(super) const fn can_widen(self) -> bool {
        !self.by_path
    }

    /// Whether what is known by `joined` holds at a path that says `one`.
    pub(super) const fn covers(self, joined: u64, one: u64) -> bool {
        if self.by_path { joined == one } else { joined & one == one }
    }

    /// Where a blob stands that is at all these paths, which are some.
    pub(super) fn standing(self, paths: Vec<BString>) -> Standing {
        let mut manners: Vec<u64> = Vec::new();
        let mut apart = Vec::new();
        for path in paths {
            let manner = self.of_path(path.as_bstr());
            if !manners.contains(&manner) {
                manners.push(manner);
                apart.push(path);
            }
        }
        let mut apart = apart.into_iter();
        let first = manners.first().copied().unwrap_or_default();
        Standing { path: Place::Path(apart.next().unwrap_or_default()), others: apart.collect(), manner: self.joined(manners), first }
    }

    /// Where a blob stands that is at one path.
    pub(super) fn standing_at(self, path: BString) -> Standing {
        let first = self.of_path(path.as_bstr());
        Standing { path: Place::Path(path), others: Vec::new(), manner: self.joined([first]), first }
    }

    /// Where a blob stands that is at one path of a class; none where more has to be known of the path.
    pub(super) fn standing_as(self, class: PathClass) -> Option<Standing> {
        let manner = 1 << class.number();
        (!self.by_path).then(|| Standing { path: Place::Class(class), others: Vec::new(), manner, first: manner })
    }
}
