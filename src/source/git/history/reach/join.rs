//! Joining what was seen in a newer and in an older part of a history. Owns: which of the two counts. Must not: follow anything.
//!
//! Each part was followed as if it were alone, so that the older one has again what the newer one has. What the newer part saw counts. Where it did
//! not come, it did not come to anything above either, so that a path never leads from one part to the other.

use super::super::NONE;
use super::super::folders::FolderId;
use super::{Spreading, Via};

impl Spreading<'_> {
    /// Takes in what was seen in an older part.
    pub(super) fn take(&mut self, older: &Self) {
        let folders = self.folders.numbers_of(&older.folders);
        let folder = |folder: FolderId| folders[folder as usize];
        let moved = |via: Via| if via.tree == NONE { via } else { Via { folder: folder(via.folder), ..via } };
        // Where the older part first saw an object.
        let first = |object: u32| match older.via[object as usize] {
            (NONE, _) => Via::TOP,
            (tree, name) => Via { tree, folder: folder(older.first[tree as usize]), name },
        };
        for (&seen_as, tree) in older.first.iter().zip(0_u32..).filter(|&(&seen_as, _)| seen_as != NONE) {
            self.take_tree(tree, folder(seen_as), first(self.trees.object(tree)));
        }
        for (&(tree, seen_as), &via) in &older.more_trees {
            self.take_tree(tree, folder(seen_as), moved(via));
        }
        for object in older.objects.iter() {
            if self.objects.add(object) {
                self.via[object as usize] = older.via[object as usize];
                if let Some(class) = self.classes.get_mut(object as usize) {
                    *class = older.classes[object as usize];
                }
            } else if self.trees.place(object).is_none() {
                self.take_blob(object, first(object));
            }
        }
        for (&(blob, _), &via) in &older.more_blobs {
            self.take_blob(blob, moved(via));
        }
        for missing in older.missing.iter().filter(|&missing| self.missing.add(missing)) {
            self.missing_via[missing as usize] = older.missing_via[missing as usize];
        }
        for name in older.submodules.iter() {
            self.submodules.add(name);
        }
        self.is_cut_short |= older.is_cut_short;
    }

    fn take_tree(&mut self, tree: u32, folder: FolderId, via: Via) {
        let first = &mut self.first[tree as usize];
        if *first == NONE {
            *first = folder;
        } else if *first != folder {
            self.more_trees.entry((tree, folder)).or_insert(via);
        }
    }

    /// A blob that the newer part saw was seen in a tree of the older part, too.
    fn take_blob(&mut self, blob: u32, via: Via) {
        if via.tree == NONE {
            return;
        }
        let file = self.folders.file(via.folder, via.name);
        if self.first_file(blob) != Some(file) {
            self.more_blobs.entry((blob, file)).or_insert(via);
        }
    }
}
