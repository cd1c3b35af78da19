//! Where references lead. Owns: numbering that. Must not: follow it.

use bstr::{BStr, ByteSlice};

use crate::source::git::database::DatabaseReader;
use crate::source::git::history::bits::Bits;
use crate::source::git::history::commits::Commits;
use crate::source::git::history::provenance::Tip;
use crate::source::git::history::reach::Start;
use crate::source::git::pack::Inventory;
use crate::source::git::refs::{ReferenceKind, References};

/// Where references lead, and their names.
pub(super) struct Ends<'r> {
    pub(super) tips: Vec<Tip>,
    pub(super) names: Vec<&'r BStr>,
    /// Tags that are followed.
    pub(super) tags: Bits,
    /// HEAD's commit, by object.
    pub(super) head: Option<u32>,
}

impl<'r> Ends<'r> {
    pub(super) fn new(references: &'r References, inventory: &Inventory, reader: &DatabaseReader) -> Self {
        let (mut tags, mut tips, mut names) = (Bits::new(inventory.len() as usize), Vec::new(), Vec::new());
        for reference in &references.all {
            let Some(object) = inventory.number(&reference.peeled) else { continue };
            let followed =
                if reference.id == reference.peeled { Vec::new() } else { reader.peel(reference.id).map_or(Vec::new(), |of| of.tags) };
            let followed: Vec<u32> = followed.iter().filter_map(|tag| inventory.number(tag)).collect();
            for &tag in &followed {
                tags.add(tag);
            }
            names.push(reference.name.as_bstr());
            tips.push(Tip { object, tags: followed, is_remote: reference.kind == ReferenceKind::RemoteTracking });
        }
        let head = references.all.iter().find(|reference| reference.name == "HEAD").and_then(|head| inventory.number(&head.peeled));
        Self { tips, names, tags, head }
    }

    /// Where to begin to follow them.
    pub(super) fn start(&self, commits: &Commits) -> Start {
        let tips: Vec<u32> = self.tips.iter().map(|tip| tip.object).collect();
        Start::new(commits, self.head, &tips)
    }
}
