//! What of each pack is unpacked. Owns: choosing one of the places where an object is stored, and the entries on the way to it. Must not: unpack.

use std::collections::{BTreeMap, HashMap};

use gix::objs::Kind;

use super::packed::{Broken, Pack};
use super::{Inventory, LooseObject};
use crate::source::git::history::bits::Bits;

/// Places of one object that are tried when it is damaged; far more than a repository has without being made for it.
const MOST_PLACES: usize = 8;

/// What is unpacked in one go.
pub(super) struct Plan<'i> {
    pub(super) forests: Vec<Forest<'i>>,
    pub(super) loose: Vec<&'i LooseObject>,
}

/// The entries of a pack that are unpacked.
pub(super) struct Forest<'i> {
    pub(super) pack: &'i Pack,
    /// Entries whose objects are to be shown.
    shown: Bits,
    /// These, and what they are changes to.
    needed: Bits,
}

impl<'i> Forest<'i> {
    /// The entries for which `is_shown` says yes.
    fn new(pack: &'i Pack, kind: Kind, mut is_shown: impl FnMut(u32) -> bool) -> Self {
        let mut forest = Self { pack, shown: Bits::new(pack.len() as usize), needed: Bits::new(pack.len() as usize) };
        for entry in (0..pack.len()).filter(|&entry| pack.kind(entry) == Some(kind)) {
            if is_shown(pack.object(entry)) {
                forest.shown.add(entry);
                let mut next = Some(entry);
                while let Some(entry) = next.filter(|&entry| forest.needed.add(entry)) {
                    next = pack.base(entry);
                }
            }
        }
        forest
    }

    /// Whether the entry's object is to be shown; others are on the way to one.
    pub(super) fn shows(&self, entry: u32) -> bool {
        self.shown.has(entry)
    }

    /// The entries that are needed and stored whole.
    pub(super) fn roots(&self) -> impl Iterator<Item = u32> {
        self.needed.iter().filter(|&entry| self.pack.base(entry).is_none())
    }

    /// The entries that are needed and stored as changes to `entry`.
    pub(super) fn children(&self, entry: u32) -> impl Iterator<Item = u32> {
        self.pack.children(entry).iter().copied().filter(|&child| self.needed.has(child))
    }
}

impl<'i> Plan<'i> {
    /// The objects of `kind` that are wanted, each where it is found first.
    pub(super) fn new(inventory: &'i Inventory, kind: Kind, wanted: impl Fn(u32) -> bool) -> Self {
        let mut planned = Bits::new(inventory.len() as usize);
        let forest = |pack| Forest::new(pack, kind, |object| wanted(object) && planned.add(object));
        let forests = inventory.packs.iter().map(forest).collect();
        let of_kind = |object: &&LooseObject| inventory.kind(object.number) == Some(kind);
        let loose = inventory.loose.iter().filter(of_kind).filter(|object| wanted(object.number) && planned.add(object.number));
        Self { forests, loose: loose.collect() }
    }

    /// The objects of `kind` in `lost`, which could not be unpacked from so many places, each at the next place. Those without one stay lost.
    pub(super) fn again(inventory: &'i Inventory, kind: Kind, lost: &mut BTreeMap<u32, Broken>, tried: usize) -> Option<Self> {
        if lost.is_empty() || tried >= MOST_PLACES {
            return None;
        }
        let mut places: HashMap<u32, usize> = HashMap::new();
        let mut is_next = |object: u32| {
            let place = places.entry(object).or_default();
            *place += usize::from(lost.contains_key(&object));
            *place == tried + 1
        };
        let forests: Vec<Forest<'i>> = inventory.packs.iter().map(|pack| Forest::new(pack, kind, &mut is_next)).collect();
        let loose: Vec<&LooseObject> = inventory.loose.iter().filter(|object| is_next(object.number)).collect();
        let found: Vec<u32> = places.into_iter().filter(|&(_, places)| places > tried).map(|(object, _)| object).collect();
        if found.is_empty() {
            return None;
        }
        for object in found {
            lost.remove(&object);
        }
        Some(Self { forests, loose })
    }
}
