//! What each blob turned out to hold, kept for the next time. Owns: that table. Must not: hold a secret, a position or a path; fingerprints
//! name secrets, and what a report shows is read from the repository again.
//!
//! A blob is its id, so what is known of it holds in whatever commits, under whatever references and however it is stored; only what
//! its paths have to say to those who look ([`Manners`](super::super::versions::Manners)) has to be the same.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use gix::{ObjectId, oid};
use serde::{Deserialize, Serialize};

use super::{Cabinet, Seal, ids};
use crate::scan::history::outcome::{Looked, Outcomes, SecretSet, Verdict};
use crate::secret::Fingerprint;
use crate::source::git::history::bits::Bits;
use crate::source::git::pack::Inventory;

/// The file's name.
const NAME: &str = "blobs";

/// What is known of blobs.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::scan::history) struct Remembered {
    /// Ids, one behind the other in order.
    ids: Vec<u8>,
    /// One for each id.
    blobs: Vec<Blob>,
    /// Secrets of blobs, each set once.
    sets: Vec<Vec<([u8; 16], Verdict)>>,
    /// The file's.
    #[serde(skip)]
    seal: Option<Seal>,
}

/// One content of the file, as a scan left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::scan::history) struct Edition {
    seal: Seal,
    /// The ids of blobs in it that the scan did not come to, one behind the other in order.
    others: Vec<u8>,
}

/// A blob that was looked at, and its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan::history) struct Known<'r> {
    /// What is known of it; the object has no number.
    pub(in crate::scan::history) looked: Looked,
    set: &'r [([u8; 16], Verdict)],
}

impl Known<'_> {
    /// Its secrets, and whether they are reported.
    pub(in crate::scan::history) fn secrets(&self) -> impl Iterator<Item = (Fingerprint, Verdict)> {
        self.set.iter().map(|&(secret, verdict)| (Fingerprint::from_bytes(secret), verdict))
    }
}

/// What is known of a blob: see [`Looked`].
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Blob {
    len: u64,
    manner: u64,
    /// Place of its secrets among the sets, from 1 on.
    set: Option<NonZeroU32>,
    is_binary: bool,
    is_compressed: bool,
    is_pointer: bool,
}

impl Blob {
    /// What is kept of what is known.
    const fn of(looked: Looked, set: Option<NonZeroU32>) -> Self {
        let Looked { object: _, len, manner, is_binary, is_compressed, is_pointer } = looked;
        Self { len, manner, set, is_binary, is_compressed, is_pointer }
    }

    /// What is known, of the object that this is.
    const fn looked(self, object: u32) -> Looked {
        let Self { len, manner, set: _, is_binary, is_compressed, is_pointer } = self;
        Looked { object, len, manner, is_binary, is_compressed, is_pointer }
    }
}

/// What need not be looked at again.
pub(in crate::scan::history) struct Recalled {
    /// These blobs.
    pub(in crate::scan::history) objects: Bits,
    /// What they hold.
    pub(in crate::scan::history) outcomes: Outcomes,
}

impl Remembered {
    /// What `cabinet` has.
    pub(in crate::scan::history) fn read(cabinet: &Cabinet) -> Self {
        let Some((known, seal)) = cabinet.read::<Self>(NAME, &cabinet.judged_by) else { return Self::default() };
        let is_sound = |blob: &Blob| blob.set.is_none_or(|set| set.get() as usize <= known.sets.len());
        if known.blobs.iter().all(is_sound) { Self { seal: Some(seal), ..known } } else { Self::default() }
    }

    /// The same as an edition, if a scan came to those blobs that `is_counted` tells by their places.
    pub(in crate::scan::history) fn edition(&self, inventory: &Inventory, counted: &Bits) -> Option<Edition> {
        let is_counted = |id: &[u8]| inventory.number_of(id).is_some_and(|number| counted.has(number));
        let others = self.ids.chunks_exact(inventory.id_len()).filter(|id| !is_counted(id)).flatten().copied().collect();
        Some(Edition { seal: self.seal?, others })
    }

    /// Those that a scan came to which left this edition, if this is it.
    pub(in crate::scan::history) fn of_edition(self, edition: Edition, id_len: usize) -> Option<Table> {
        let is_whole = self.ids.len() == self.blobs.len() * id_len && edition.others.len().is_multiple_of(id_len);
        (self.seal == Some(edition.seal) && is_whole).then_some(Table { remembered: self, others: edition.others, id_len })
    }

    /// Every blob that is known and in the inventory, by object.
    fn each<'i>(&'i self, inventory: &'i Inventory) -> impl Iterator<Item = (u32, Blob)> + 'i {
        let numbers = self.ids.chunks_exact(inventory.id_len()).map(|id| inventory.number_of(id));
        numbers.zip(&self.blobs).filter_map(|(number, blob)| Some((number?, *blob)))
    }

    /// What is known of blobs that are looked at in the manner that `manner` tells, if they are wanted at all.
    pub(in crate::scan::history) fn recall(&self, inventory: &Inventory, manner: impl Fn(u32) -> Option<u64>) -> Recalled {
        let mut recalled = Recalled { objects: Bits::new(inventory.len() as usize), outcomes: Outcomes::default() };
        let numbers: Vec<_> = self.sets.iter().map(|set| recalled.outcomes.number(secrets(set))).collect();
        for (object, blob) in self.each(inventory).filter(|(object, blob)| manner(*object) == Some(blob.manner)) {
            recalled.objects.add(object);
            let set = blob.set.and_then(|set| numbers[set.get() as usize - 1]);
            recalled.outcomes.add_known(blob.looked(object), set);
        }
        recalled
    }

    /// Keeps what is in `parts`, and what was known of other blobs that are still there.
    pub(in crate::scan::history) fn save(self, cabinet: &Cabinet, inventory: &Inventory, parts: &[Outcomes]) -> Option<Edition> {
        let mut joined = Outcomes::default();
        let mut is_new = Bits::new(inventory.len() as usize);
        let mut unfinished = Bits::new(inventory.len() as usize);
        for object in parts.iter().flat_map(Outcomes::unfinished) {
            unfinished.add(object);
        }
        for (looked, set) in parts.iter().flat_map(Outcomes::looked).filter(|(looked, _)| !unfinished.has(looked.object)) {
            is_new.add(looked.object);
            let number = joined.number(set.to_vec());
            joined.add_known(*looked, number);
        }
        for (object, blob) in self.each(inventory).filter(|(object, _)| !is_new.has(*object)) {
            let number = blob.set.and_then(|set| joined.number(secrets(&self.sets[set.get() as usize - 1])));
            joined.add_known(blob.looked(object), number);
        }
        let mut saved = Self::of(inventory, &joined);
        saved.seal = cabinet.write(NAME, &cabinet.judged_by, &saved);
        saved.edition(inventory, &is_new)
    }

    fn of(inventory: &Inventory, outcomes: &Outcomes) -> Self {
        let mut blobs: Vec<(Looked, Option<NonZeroU32>)> = outcomes.numbered().to_vec();
        blobs.sort_unstable_by_key(|(looked, _)| looked.object);
        let id = |number: u32| -> &oid { inventory.id(number) };
        let bytes = |set: &[(Fingerprint, Verdict)]| set.iter().map(|(secret, verdict)| (secret.to_bytes(), *verdict)).collect();
        Self {
            ids: blobs.iter().flat_map(|(looked, _)| id(looked.object).as_bytes().iter().copied()).collect(),
            blobs: blobs.iter().map(|&(looked, set)| Blob::of(looked, set)).collect(),
            sets: outcomes.sets().into_iter().map(bytes).collect(),
            seal: None,
        }
    }
}

/// The blobs that a scan came to, by id.
pub(in crate::scan::history) struct Table {
    remembered: Remembered,
    others: Vec<u8>,
    id_len: usize,
}

impl Table {
    /// What is known of a blob.
    pub(in crate::scan::history) fn get(&self, id: &oid) -> Option<Known<'_>> {
        let place = ids::place(&self.remembered.ids, id).ok()?;
        (!self.is_other(id)).then(|| self.at(place))
    }

    /// Whether a blob is in the file though the scan did not come to it.
    pub(in crate::scan::history) fn is_other(&self, id: &oid) -> bool {
        ids::place(&self.others, id).is_ok()
    }

    fn at(&self, place: usize) -> Known<'_> {
        let blob = self.remembered.blobs[place];
        let set = blob.set.map_or(&[][..], |set| &self.remembered.sets[set.get() as usize - 1]);
        Known { looked: blob.looked(u32::MAX), set }
    }

    /// All of them.
    pub(in crate::scan::history) fn iter(&self) -> impl Iterator<Item = (&oid, Known<'_>)> {
        let ids = self.remembered.ids.chunks_exact(self.id_len).map(oid::from_bytes_unchecked);
        ids.enumerate().filter(|(_, id)| self.others.is_empty() || !self.is_other(id)).map(|(place, id)| (id, self.at(place)))
    }

    /// Keeps them and the `new` ones, which are `ids` by number; what is known of some holds for more paths, which say what `widened` has.
    pub(in crate::scan::history) fn save_with(
        self,
        cabinet: &Cabinet,
        ids: &[ObjectId],
        new: &Outcomes,
        widened: &BTreeMap<ObjectId, u64>,
    ) -> Option<Edition> {
        let Self { mut remembered, others, id_len: _ } = self;
        for (id, manner) in widened {
            if let Ok(place) = ids::place(&remembered.ids, id) {
                remembered.blobs[place].manner = *manner;
            }
        }
        if !new.numbered().is_empty() || !widened.is_empty() {
            remembered.insert(ids, new);
            remembered.seal = cabinet.write(NAME, &cabinet.judged_by, &remembered);
        }
        Some(Edition { seal: remembered.seal?, others })
    }
}

impl Remembered {
    fn insert(&mut self, numbered: &[ObjectId], new: &Outcomes) {
        let first = self.sets.len();
        let number = |set: NonZeroU32| u32::try_from(first).ok().and_then(|first| set.checked_add(first));
        let bytes = |set: &[(Fingerprint, Verdict)]| set.iter().map(|(secret, verdict)| (secret.to_bytes(), *verdict)).collect();
        self.sets.extend(new.sets().into_iter().map(bytes));
        let blobs: Vec<(ObjectId, Blob)> = new
            .numbered()
            .iter()
            .map(|(looked, set)| (numbered[looked.object as usize], Blob::of(*looked, set.and_then(number))))
            .collect();
        ids::insert(&mut self.ids, &mut self.blobs, blobs);
    }
}

fn secrets(set: &[([u8; 16], Verdict)]) -> SecretSet {
    set.iter().map(|&(secret, verdict)| (Fingerprint::from_bytes(secret), verdict)).collect()
}
