//! What each blob turned out to hold, kept for the next time. Owns: that table. Must not: hold a secret, a position or a path; fingerprints
//! name secrets, and what a report shows is read from the repository again.
//!
//! A blob is its id, so what is known of it holds in whatever commits, under whatever references and however it is stored; only what
//! its path has to say to those who look ([`manner`](super::super::versions::manner)) has to be the same.

use std::num::NonZeroU32;

use gix::oid;
use serde::{Deserialize, Serialize};

use super::Cabinet;
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
}

/// What is known of a blob: see [`Looked`].
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Blob {
    len: u64,
    manner: u64,
    /// Place of its secrets among the sets, from 1 on.
    set: Option<NonZeroU32>,
    is_binary: bool,
    is_pointer: bool,
}

impl Blob {
    /// What is known, of the object that this is.
    const fn looked(self, object: u32) -> Looked {
        let Self { len, manner, set: _, is_binary, is_pointer } = self;
        Looked { object, len, manner, is_binary, is_pointer }
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
        let known: Self = cabinet.read(NAME, &cabinet.judged_by).unwrap_or_default();
        let is_sound = |blob: &Blob| blob.set.is_none_or(|set| set.get() as usize <= known.sets.len());
        if known.blobs.iter().all(is_sound) { known } else { Self::default() }
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
    pub(in crate::scan::history) fn save(self, cabinet: &Cabinet, inventory: &Inventory, parts: &[Outcomes]) {
        let mut joined = Outcomes::default();
        let mut is_new = Bits::new(inventory.len() as usize);
        let mut crowded = Bits::new(inventory.len() as usize);
        for &object in parts.iter().flat_map(|part| &part.crowded) {
            crowded.add(object);
        }
        for (looked, set) in parts.iter().flat_map(Outcomes::looked).filter(|(looked, _)| !crowded.has(looked.object)) {
            is_new.add(looked.object);
            let number = joined.number(set.to_vec());
            joined.add_known(*looked, number);
        }
        for (object, blob) in self.each(inventory).filter(|(object, _)| !is_new.has(*object)) {
            let number = blob.set.and_then(|set| joined.number(secrets(&self.sets[set.get() as usize - 1])));
            joined.add_known(blob.looked(object), number);
        }
        cabinet.write(NAME, &cabinet.judged_by, &Self::of(inventory, &joined));
    }

    fn of(inventory: &Inventory, outcomes: &Outcomes) -> Self {
        let mut blobs: Vec<(Looked, Option<NonZeroU32>)> = outcomes.numbered().to_vec();
        blobs.sort_unstable_by_key(|(looked, _)| looked.object);
        let id = |number: u32| -> &oid { inventory.id(number) };
        let bytes = |set: &[(Fingerprint, Verdict)]| set.iter().map(|(secret, verdict)| (secret.to_bytes(), *verdict)).collect();
        Self {
            ids: blobs.iter().flat_map(|(looked, _)| id(looked.object).as_bytes().iter().copied()).collect(),
            blobs: blobs
                .iter()
                .map(|&(Looked { object: _, len, manner, is_binary, is_pointer }, set)| Blob { len, manner, set, is_binary, is_pointer })
                .collect(),
            sets: outcomes.sets().into_iter().map(bytes).collect(),
        }
    }
}

fn secrets(set: &[([u8; 16], Verdict)]) -> SecretSet {
    set.iter().map(|&(secret, verdict)| (Fingerprint::from_bytes(secret), verdict)).collect()
}
