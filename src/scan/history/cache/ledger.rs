//! What it takes to carry the outcome of a scan on: which commits it knew, which of them brought which secret. Owns: that table. Must not: hold
//! a secret, or decide whether it is enough.

use std::collections::BTreeMap;

use bstr::BString;
use gix::{ObjectId, oid};
use serde::{Deserialize, Serialize};

use super::blobs::Edition;
use super::ids;
use super::whole::Saved;
use crate::secret::Fingerprint;
use crate::source::git::history::bits::{Bits, ones};
use crate::source::git::history::commits::Commits;

/// The file's name.
pub(super) const NAME: &str = "ledger";

/// What a scan knew.
#[derive(Serialize, Deserialize)]
pub(in crate::scan::history) struct Ledger {
    /// Its outcome.
    pub(in crate::scan::history) saved: Saved,
    /// Its commits.
    pub(in crate::scan::history) chain: Chain,
    /// The commits that brought each secret, by place in the chain.
    pub(in crate::scan::history) brought: BTreeMap<[u8; 16], Vec<u32>>,
    /// How many messages were looked at, and their bytes.
    pub(in crate::scan::history) messages: (u64, u64),
    /// Its blobs.
    pub(in crate::scan::history) edition: Edition,
    /// The ids of blobs whose paths are excluded, one behind the other in order.
    pub(in crate::scan::history) excluded: Vec<u8>,
    /// The ids of what was missing.
    pub(in crate::scan::history) absent: Vec<Vec<u8>>,
    /// References that lead to something else than a commit, and the blob they lead to.
    pub(in crate::scan::history) odd: BTreeMap<BString, Vec<u8>>,
}

/// Commits, parents before children, else older before newer; each has its place.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::scan::history) struct Chain {
    /// Ids in order, one behind the other, and the place of each.
    ids: Vec<u8>,
    places: Vec<u32>,
    /// The parents of each that are there, as ranges of one list.
    first_parent: Vec<u32>,
    parents: Vec<u32>,
    /// The time of the newest, in seconds since 1970.
    pub(in crate::scan::history) newest: i64,
}

impl Chain {
    /// The commits of `order`, by place among `commits`.
    pub(in crate::scan::history) fn new<'i>(commits: &Commits, order: &[u32], id: impl Fn(u32) -> &'i oid) -> Self {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let mut turns = vec![u32::MAX; commits.len()];
        order.iter().zip(0..).for_each(|(&commit, turn)| turns[commit as usize] = turn);
        let mut chain = Self { first_parent: vec![0], newest: i64::MIN, ..Self::default() };
        for &commit in order {
            chain.parents.extend(commits.parents(commit).iter().map(|&parent| turns[parent as usize]).filter(|&turn| turn != u32::MAX));
            chain.first_parent.push(number(chain.parents.len()));
            chain.newest = chain.newest.max(commits.time(commit));
        }
        // Commits are in order of their ids.
        for (commit, &turn) in (0..).zip(&turns).filter(|&(_, &turn)| turn != u32::MAX) {
            chain.ids.extend_from_slice(id(commits.object(commit)).as_bytes());
            chain.places.push(turn);
        }
        chain
    }

    /// How many there are.
    pub(in crate::scan::history) fn len(&self) -> usize {
        self.places.len()
    }

    /// The place of a commit.
    pub(in crate::scan::history) fn place(&self, id: &oid) -> Option<u32> {
        ids::place(&self.ids, id).ok().and_then(|at| self.places.get(at).copied())
    }

    /// The commit at a place. Takes time in proportion to their number.
    pub(in crate::scan::history) fn id(&self, place: u32, id_len: usize) -> Option<ObjectId> {
        let at = self.places.iter().position(|&other| other == place)?;
        ObjectId::try_from(self.ids.get(at * id_len..)?.get(..id_len)?).ok()
    }

    fn parents(&self, place: u32) -> &[u32] {
        &self.parents[self.first_parent[place as usize] as usize..self.first_parent[place as usize + 1] as usize]
    }

    /// Whether every place is one of a commit, and parents come first.
    fn is_sound(&self, id_len: usize) -> bool {
        let len = self.len();
        let in_order = |list: &[u32]| list.is_sorted() && list.last().is_some_and(|&last| last as usize == self.parents.len());
        self.ids.len() == len * id_len
            && self.first_parent.len() == len + 1
            && in_order(&self.first_parent)
            && self.places.iter().all(|&place| (place as usize) < len)
            && (0..).zip(&self.places).all(|(place, _)| self.parents(place).iter().all(|&parent| parent < place))
    }

    /// Whether `tips` lead to every commit.
    pub(in crate::scan::history) fn is_whole_from(&self, tips: impl IntoIterator<Item = u32>) -> bool {
        let mut reached = Bits::new(self.len());
        tips.into_iter().for_each(|tip| {
            reached.add(tip);
        });
        (0..self.len()).rev().filter_map(|place| u32::try_from(place).ok()).all(|place| {
            let is_reached = reached.has(place);
            self.parents(place).iter().for_each(|&parent| {
                reached.add(parent);
            });
            is_reached
        })
    }

    /// Which of the secrets, by number, that `brought` lists by the commits that brought them are in the histories of `commits`.
    pub(in crate::scan::history) fn seen(&self, brought: &[&[u32]], commits: &[u32]) -> Vec<Bits> {
        let mut seen = vec![Bits::new(brought.len()); commits.len()];
        for (first, together) in (0..).step_by(64).zip(brought.chunks(64)) {
            let mut words = vec![0_u64; self.len()];
            for (bit, places) in together.iter().enumerate() {
                places.iter().for_each(|&place| words[place as usize] |= 1 << bit);
            }
            for place in 0..self.len() {
                let before =
                    self.parents(u32::try_from(place).unwrap_or(u32::MAX)).iter().fold(0, |seen, &parent| seen | words[parent as usize]);
                words[place] |= before;
            }
            for (seen, &commit) in seen.iter_mut().zip(commits) {
                ones(words[commit as usize]).for_each(|bit| {
                    seen.add(first + bit);
                });
            }
        }
        seen
    }

    /// Adds commits, oldest first, each with its parents, all of which are there before it.
    pub(in crate::scan::history) fn extend(&mut self, commits: &[(ObjectId, Vec<u32>, i64)]) {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let by_id: Vec<(ObjectId, u32)> = commits.iter().map(|(id, ..)| *id).zip(number(self.len())..).collect();
        for (_, parents, time) in commits {
            self.parents.extend(parents);
            self.first_parent.push(number(self.parents.len()));
            self.newest = self.newest.max(*time);
        }
        ids::insert(&mut self.ids, &mut self.places, by_id);
    }
}

impl Ledger {
    /// Whether what belongs together is there.
    pub(in crate::scan::history) fn is_sound(&self, id_len: usize) -> bool {
        let is_known = |places: &Vec<u32>| places.iter().all(|&place| (place as usize) < self.chain.len());
        self.chain.is_sound(id_len) && self.excluded.len().is_multiple_of(id_len) && self.brought.values().all(is_known)
    }

    /// Whether a blob's path is excluded.
    pub(in crate::scan::history) fn is_excluded(&self, id: &oid) -> bool {
        ids::place(&self.excluded, id).is_ok()
    }

    /// The commits that brought each secret, in the order of `secrets`.
    pub(in crate::scan::history) fn brought_by(&self, secrets: &[Fingerprint]) -> Vec<&[u32]> {
        secrets.iter().map(|secret| self.brought.get(&secret.to_bytes()).map_or(&[][..], Vec::as_slice)).collect()
    }
}
