//! How far secrets got in what came in. Owns: following them through the new commits, and choosing the places that a report shows. Must not: look
//! for secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bstr::BString;
use gix::ObjectId;

use super::trees::{Change, Standing, Trees, apply, path_of};
use super::{Brought, Holding, Messages, New, Onward};
use crate::finding::Exposure;
use crate::scan::history::cache::whole::Saved;
use crate::scan::history::outcome::unreported_of;
use crate::secret::Fingerprint;
use crate::source::git::history::bits::Bits;

/// With more known commits that new ones follow than this the whole history is followed.
const MOST_PARENTS: usize = 64;

/// Secrets that are followed.
pub(super) struct Following<'f> {
    pub(super) onward: &'f Onward<'f>,
    pub(super) messages: &'f Messages,
    pub(super) tags: &'f BTreeMap<ObjectId, BTreeSet<Fingerprint>>,
    pub(super) holding: Holding,
    /// All secrets, in order.
    pub(super) secrets: Vec<Fingerprint>,
    /// What the trees of known commits hold that new ones follow, and what their histories and those of references hold.
    known: BTreeMap<u32, (Option<Held>, Bits)>,
    /// What new commits hold, and their histories.
    new: Vec<(Held, Bits)>,
    /// What happened to each secret.
    pub(super) went: Vec<Event>,
}

/// What a tree holds.
#[derive(Clone)]
pub(super) struct Held {
    standing: Rc<Standing>,
    secrets: Rc<Bits>,
}

/// What new commits did to a secret.
#[derive(Default, Clone)]
pub(super) struct Event {
    /// The commits that brought it, and those that took it out, by number.
    pub(super) introduced: Vec<usize>,
    pub(super) removed: Vec<usize>,
    /// How many commits hold it, and how many new objects.
    pub(super) commits: u64,
    pub(super) objects: u64,
}

/// The outcome.
pub(super) struct Followed<'f> {
    pub(super) following: Following<'f>,
    /// What stands at HEAD; none where HEAD did not move.
    pub(super) live: Option<Held>,
}

impl<'f> Following<'f> {
    /// None where not every commit that brought a secret is known.
    pub(super) fn new(
        onward: &'f Onward<'f>,
        news: &Brought,
        messages: &'f Messages,
        tags: &'f BTreeMap<ObjectId, BTreeSet<Fingerprint>>,
    ) -> Option<Self> {
        let holding = Holding::new(onward.table, news);
        let known = onward.ledger.saved.exposures.iter().map(|(secret, _)| Fingerprint::from_bytes(*secret));
        let told = messages.secrets.values().flat_map(BTreeMap::keys).copied();
        let in_news = news.ids.iter().filter_map(|id| holding.reported.get(id)).flatten().copied();
        let secrets: BTreeSet<Fingerprint> = known.chain(told).chain(in_news).collect();
        let secrets: Vec<Fingerprint> = secrets.into_iter().collect();
        let mut following = Self {
            onward,
            messages,
            tags,
            holding,
            went: vec![Event::default(); secrets.len()],
            secrets,
            known: BTreeMap::new(),
            new: Vec::new(),
        };
        for secret in news.ids.iter().filter_map(|id| following.holding.reported.get(id)).flatten() {
            let number = following.number(secret)?;
            following.went[number as usize].objects += 1;
        }
        Some(following)
    }

    pub(super) fn number(&self, secret: &Fingerprint) -> Option<u32> {
        self.secrets.binary_search(secret).ok().and_then(|at| u32::try_from(at).ok())
    }

    fn held(&self, standing: Rc<Standing>) -> Held {
        let mut secrets = Bits::new(self.secrets.len());
        let all = standing.values().filter_map(|blob| self.holding.reported.get(blob)).flatten();
        all.filter_map(|secret| self.number(secret)).for_each(|secret| {
            secrets.add(secret);
        });
        Held { standing, secrets: Rc::new(secrets) }
    }

    /// What the tree of a commit holds.
    fn tree(&self, trees: &mut Trees<'_>, place: u32) -> Option<Held> {
        let mut standing = Standing::new();
        apply(&mut standing, &trees.changes(None, self.onward.tree(place)?)?, |blob| self.holding.reported.contains_key(blob));
        Some(self.held(Rc::new(standing)))
    }

    /// Learns what there is in known commits that matter.
    fn recall(&mut self, trees: &mut Trees<'_>) -> Option<()> {
        let chain = &self.onward.ledger.chain;
        let is_known = |place: &u32| (*place as usize) < chain.len();
        let parents: BTreeSet<u32> = self.onward.new.iter().flat_map(|commit| commit.parents.iter().copied()).filter(is_known).collect();
        let tips = self.onward.tips.iter().filter_map(|tip| tip.place);
        let places: BTreeSet<u32> = tips.filter(is_known).chain(parents.iter().copied()).collect();
        let brought = self.onward.ledger.brought_by(&self.secrets);
        let count = |secret: &[u8; 16]| self.number(&Fingerprint::from_bytes(*secret)).map_or(0, |number| brought[number as usize].len());
        let is_whole = self.onward.ledger.saved.exposures.iter().all(|(secret, exposure)| count(secret) as u64 == exposure.introductions);
        if parents.len() > MOST_PARENTS || !is_whole {
            return None;
        }
        let places: Vec<u32> = places.into_iter().collect();
        let seen = chain.seen(&brought, &places);
        for (place, seen) in places.into_iter().zip(seen) {
            let held = if parents.contains(&place) { Some(self.tree(trees, place)?) } else { None };
            self.known.insert(place, (held, seen));
        }
        Some(())
    }

    /// What a commit's tree holds, and what its history.
    fn at(&self, place: u32) -> Option<(&Held, &Bits)> {
        match (place as usize).checked_sub(self.onward.ledger.chain.len()) {
            Some(new) => self.new.get(new).map(|(held, seen)| (held, seen)),
            None => self.known.get(&place).and_then(|(held, seen)| Some((held.as_ref()?, seen))),
        }
    }

    /// Follows all secrets through the new commits.
    pub(super) fn follow(mut self, changes: &[Vec<Change>], mut trees: Trees<'_>) -> Option<Followed<'f>> {
        self.recall(&mut trees)?;
        for (number, (commit, changes)) in self.onward.new.iter().zip(changes).enumerate() {
            let held = match commit.parents.first() {
                Some(&parent) => self.at(parent)?.0.clone(),
                None => self.held(Rc::default()),
            };
            let held = self.changed(held, changes);
            self.commit(number, commit, held)?;
        }
        // Another HEAD is another repository.
        let tip = self.onward.head()?;
        let is_old = self.onward.ledger.saved.head == Some(tip.id.to_string());
        let live = match tip.place.filter(|_| !is_old) {
            Some(place) => Some(match self.at(place) {
                Some((held, _)) => held.clone(),
                None => self.tree(&mut trees, place)?,
            }),
            None => None,
        };
        Some(Followed { following: self, live })
    }

    fn changed(&self, mut held: Held, changes: &[Change]) -> Held {
        let matters = |blob: &ObjectId| self.holding.reported.contains_key(blob);
        let touches = |change: &Change| match change {
            Change::Put(path, blob) => matters(blob) || held.standing.contains_key(path),
            Change::Gone(path) => held.standing.contains_key(path),
            Change::GoneBelow(_) => !held.standing.is_empty(),
        };
        if !changes.iter().any(touches) {
            return held;
        }
        apply(Rc::make_mut(&mut held.standing), changes, matters);
        self.held(held.standing)
    }

    /// Goes through a commit, after its parents.
    fn commit(&mut self, number: usize, commit: &New, held: Held) -> Option<()> {
        let limit = self.secrets.len();
        let (mut before, mut seen, mut lost) = (Bits::new(limit), Bits::new(limit), Bits::new(limit));
        for &parent in &commit.parents {
            let (parent_held, parent_seen) = self.at(parent)?;
            parent_held.secrets.iter().for_each(|secret| {
                before.add(secret);
            });
            for secret in parent_seen.iter() {
                seen.add(secret);
                if !parent_held.secrets.has(secret) {
                    lost.add(secret);
                }
            }
        }
        let told = self.messages.secrets.get(&number).into_iter().flat_map(BTreeMap::keys);
        let told: BTreeSet<u32> = told.filter_map(|secret| self.number(secret)).collect();
        for secret in held.secrets.iter().chain(told.iter().copied().filter(|&secret| !held.secrets.has(secret))) {
            let event = &mut self.went[secret as usize];
            event.commits += 1;
            if !before.has(secret) || told.contains(&secret) {
                event.introduced.push(number);
            }
            seen.add(secret);
        }
        for &secret in &told {
            self.went[secret as usize].objects += 1;
        }
        for secret in before.iter().filter(|&secret| !held.secrets.has(secret) && !lost.has(secret)) {
            self.went[secret as usize].removed.push(number);
        }
        self.new.push((held, seen));
        Some(())
    }

    /// Where a tree holds a secret, in order of paths.
    pub(super) fn spots(&self, held: &Held, secret: u32) -> impl Iterator<Item = (BString, ObjectId)> {
        let secret = self.secrets.get(secret as usize);
        let holds =
            move |blob: &ObjectId| secret.is_some_and(|secret| self.holding.reported.get(blob).is_some_and(|all| all.contains(secret)));
        held.standing.iter().filter(move |(_, blob)| holds(blob)).map(|(path, blob)| (path_of(path), *blob))
    }

    /// The first place of a secret in a new commit; none where it is in the message.
    pub(super) fn first_path(&self, commit: usize, secret: u32) -> Option<BString> {
        self.spots(&self.new.get(commit)?.0, secret).next().map(|(path, _)| path)
    }

    /// Whether a history holds a secret.
    pub(super) fn is_in_history(&self, place: u32, secret: u32) -> bool {
        match (place as usize).checked_sub(self.onward.ledger.chain.len()) {
            Some(new) => self.new[new].1.has(secret),
            None => self.known.get(&place).is_some_and(|(_, seen)| seen.has(secret)),
        }
    }
}

impl Followed<'_> {
    /// Puts what happened into the outcome, and gives the commits that brought each secret.
    pub(super) fn apply(&self, saved: &mut Saved) -> Option<BTreeMap<[u8; 16], Vec<u32>>> {
        let following = &self.following;
        let old: BTreeMap<[u8; 16], Exposure> = saved.exposures.drain(..).collect();
        let mut exposures: BTreeMap<Fingerprint, Exposure> = BTreeMap::new();
        let mut brought = following.onward.ledger.brought.clone();
        for (number, secret) in (0..).zip(&following.secrets) {
            let mut exposure = old.get(&secret.to_bytes()).cloned().unwrap_or_default();
            let places = brought.entry(secret.to_bytes()).or_default();
            self.add_events(number, &mut exposure, places)?;
            self.add_references(number, &mut exposure);
            exposures.insert(*secret, exposure);
        }
        let reported: BTreeSet<Fingerprint> = following.holding.reported.values().flatten().copied().collect();
        let (shown, places) = self.shown(saved, &old, &exposures, &reported)?;
        for (secret, exposure) in &mut exposures {
            self.add_lines(*secret, exposure, &places);
        }
        saved.shown = shown;
        saved.head = Some(following.onward.head()?.id.to_string());
        let counts = unreported_of(&following.holding.unreported, |secret| reported.contains(secret));
        (saved.suppressed, saved.below_threshold) = (counts.suppressed, counts.below_threshold);
        saved.exposures = exposures.into_iter().map(|(secret, exposure)| (secret.to_bytes(), exposure)).collect();
        Some(brought)
    }
}
