//! In which folders trees are met, as far as that makes a difference to those who look at the files in them. Owns: telling folders and files
//! apart by what counts. Must not: know which trees there are.

use std::cell::{Cell, RefCell};

use bstr::ByteSlice;

use super::Quick;
use super::trees::Trees;
use crate::file_kind::Folder;

/// What counts of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Its class: the same content at paths of one class is looked at once.
    Class,
    /// All of it.
    Path,
}

/// A folder, or all folders of one class where no more counts.
pub(super) type FolderId = u32;

/// The top of a tree.
pub(super) const ROOT: FolderId = 0;

/// The folders that were met.
pub(super) struct Folders<'t> {
    trees: &'t Trees,
    counts: Counts,
    /// The class of each, by number.
    known: RefCell<Vec<Folder>>,
    /// For each class of folders and each name the class of a folder, and of a file, of that name in it.
    of_class: RefCell<Vec<Classes>>,
    /// The folders by the one that they are in, and their names.
    of_path: RefCell<Quick<(FolderId, u32), FolderId>>,
}

/// What names mean in a folder; [`UNKNOWN`] until it is asked for.
#[derive(Clone)]
struct Classes {
    folders: Vec<Cell<u8>>,
    files: Vec<Cell<u8>>,
}

const UNKNOWN: u8 = u8::MAX;

impl<'t> Folders<'t> {
    pub(super) fn new(trees: &'t Trees, counts: Counts) -> Self {
        let folders = Self { trees, counts, known: RefCell::default(), of_class: RefCell::default(), of_path: RefCell::default() };
        folders.add(Folder::ROOT);
        folders
    }

    /// The folder of this name in a folder.
    pub(super) fn enter(&self, folder: FolderId, name: u32) -> FolderId {
        let entered = || self.known.borrow()[folder as usize].enter(self.trees.name(name).as_bstr());
        if self.counts == Counts::Path {
            let known = self.of_path.borrow().get(&(folder, name)).copied();
            return known.unwrap_or_else(|| {
                let inside = self.add(entered());
                self.of_path.borrow_mut().insert((folder, name), inside);
                inside
            });
        }
        let noted = self.of_class.borrow()[folder as usize].folders[name as usize].get();
        if noted != UNKNOWN {
            return noted.into();
        }
        let inside = self.number(entered());
        self.of_class.borrow()[folder as usize].folders[name as usize].set(u8::try_from(inside).unwrap_or(UNKNOWN));
        inside
    }

    /// What tells a file of this name in a folder from others: files that count as the same have the same.
    pub(super) fn file(&self, folder: FolderId, name: u32) -> u64 {
        if self.counts == Counts::Path {
            return u64::from(folder) << 32 | u64::from(name);
        }
        let of_class = self.of_class.borrow();
        let noted = &of_class[folder as usize].files[name as usize];
        if noted.get() == UNKNOWN {
            let class = self.known.borrow()[folder as usize].class_of(self.trees.name(name).as_bstr());
            noted.set(u8::try_from(class.number()).unwrap_or(UNKNOWN));
        }
        noted.get().into()
    }

    /// The number here of each folder that others know, by its number there.
    pub(super) fn numbers_of(&self, others: &Self) -> Vec<FolderId> {
        let known = others.known.borrow();
        if self.counts == Counts::Class {
            return known.iter().map(|&class| self.number(class)).collect();
        }
        let mut ways = vec![None; known.len()];
        others.of_path.borrow().iter().for_each(|(&way, &inside)| ways[inside as usize] = Some(way));
        // The folder that one is in comes before it.
        ways.into_iter().fold(Vec::new(), |mut numbers, way| {
            numbers.push(way.map_or(ROOT, |(above, name): (FolderId, u32)| self.enter(numbers[above as usize], name)));
            numbers
        })
    }

    /// The number of a class of folders.
    fn number(&self, class: Folder) -> FolderId {
        let same = self.known.borrow().iter().position(|known| *known == class).and_then(|at| u32::try_from(at).ok());
        same.unwrap_or_else(|| self.add(class))
    }

    fn add(&self, folder: Folder) -> FolderId {
        let mut known = self.known.borrow_mut();
        known.push(folder);
        if self.counts == Counts::Class {
            let unknown = vec![Cell::new(UNKNOWN); self.trees.names()];
            self.of_class.borrow_mut().push(Classes { folders: unknown.clone(), files: unknown });
        }
        u32::try_from(known.len() - 1).expect("because folders are followed up to a limit")
    }
}
