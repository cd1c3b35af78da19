//! What a report says of secrets after new commits came in: events, references, places. Owns: choosing the places and reading them. Must not:
//! follow secrets.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::{BString, ByteSlice};
use gix::ObjectId;

use super::Onward;
use super::commits::tree_of;
use super::exposure::{Followed, Following};
use crate::blob::{Origin, visible};
use crate::finding::{Exposure, Introduction, Location};
use crate::gather::Fate;
use crate::scan::history::cache::whole::{Saved, SavedContent, Shown};
use crate::scan::history::exposures::read_commit;
use crate::secret::Fingerprint;
use crate::source::objects::{Content, ObjectItem};

/// What stands for the path of a secret in a message.
const MESSAGE: &str = "COMMIT_MESSAGE";

/// The first line of each secret in each blob.
type Lines = HashMap<(ObjectId, Fingerprint), u64>;

/// Blobs at paths of commits.
type Spots = BTreeMap<Origin, ObjectId>;

/// Blobs that were looked at in full.
pub(super) struct Places {
    spots: Spots,
    lines: Lines,
}

impl Places {
    /// The first line of a secret at a path of a commit.
    fn line(&self, commit: &str, path: &BString, secret: Fingerprint) -> Option<u64> {
        let blob = self.spots.get(&Origin::Commit { commit: commit.to_owned(), path: path.clone() })?;
        self.lines.get(&(*blob, secret)).copied()
    }
}

impl Followed<'_> {
    /// Adds what new commits did to a secret. None where the order of these events and of earlier ones is not known.
    pub(super) fn add_events(&self, number: u32, exposure: &mut Exposure, brought: &mut Vec<u32>) -> Option<()> {
        let onward = self.following.onward;
        let event = &self.following.went[number as usize];
        let newest = onward.ledger.chain.newest;
        // All known commits come before those that are newer than each of them; among others only the whole history tells.
        let events = || event.introduced.iter().chain(&event.removed);
        let has_order = exposure.introductions + exposure.removals > 0 || events().count() > 1;
        if has_order && events().any(|&commit| onward.new[commit].time <= newest) {
            return None;
        }
        for &commit in &event.introduced {
            brought.push(u32::try_from(onward.ledger.chain.len() + commit).ok()?);
            if exposure.introduced.len() < Exposure::COMMITS {
                let path = self.following.first_path(commit, number).unwrap_or_else(|| MESSAGE.into());
                let commit = read_commit(onward.reader, &onward.new[commit].id);
                exposure.introduced.push(Introduction { commit, location: Location { path, line: None } });
            }
        }
        exposure.removed.extend(event.removed.iter().map(|&commit| read_commit(onward.reader, &onward.new[commit].id)));
        exposure.removed.drain(..exposure.removed.len().saturating_sub(Exposure::COMMITS));
        exposure.introductions += event.introduced.len() as u64;
        exposure.removals += event.removed.len() as u64;
        exposure.commits += event.commits;
        exposure.blobs += event.objects;
        if let Some(live) = &self.live {
            let spots = self.following.spots(live, number).take(Exposure::LIVE);
            exposure.live = spots.map(|(path, _)| Location { path, line: None }).collect();
        }
        Some(())
    }

    /// The references that give a secret away.
    pub(super) fn add_references(&self, number: u32, exposure: &mut Exposure) {
        let following = &self.following;
        let secret = following.secrets[number as usize];
        let in_blob = |blob: &ObjectId| following.holding.reported.get(blob).is_some_and(|secrets| secrets.contains(&secret));
        let in_tag = |tag: &ObjectId| following.tags.get(tag).is_some_and(|secrets| secrets.contains(&secret));
        (exposure.references, exposure.reference_count, exposure.reached_remote) = (Vec::new(), 0, false);
        for tip in &following.onward.tips {
            let leads = tip.place.map_or_else(|| in_blob(&tip.id), |place| following.is_in_history(place, number));
            if leads || tip.tags.iter().any(in_tag) {
                exposure.reference_count += 1;
                exposure.reached_remote |= tip.is_remote;
                if exposure.references.len() < Exposure::REFERENCES {
                    exposure.references.push(visible(tip.name));
                }
            }
        }
    }

    /// What the report shows of the secrets that blobs report, and what was looked at for it. None where one is shown nowhere.
    pub(super) fn shown(
        &self,
        saved: &Saved,
        old: &BTreeMap<[u8; 16], Exposure>,
        exposures: &BTreeMap<Fingerprint, Exposure>,
        reported: &BTreeSet<Fingerprint>,
    ) -> Option<(Vec<Shown>, Places)> {
        let following = &self.following;
        let before = Self::before(saved, old);
        let mut spots = Spots::new();
        let mut counted = Spots::new();
        for (number, secret) in (0..).zip(&following.secrets).filter(|(_, secret)| reported.contains(secret)) {
            let exposure = &exposures[secret];
            let mut introduced = exposure.introduced.iter().filter(|introduction| !following.is_message(introduction));
            let first = introduced
                .next()
                .map(|introduction| following.spot(&before.spots, introduction))
                .map_or(Some(None), |spot| spot.map(Some))?;
            for (origin, blob) in self.live_spots(number, exposure, &before.spots)? {
                let is_first = first.as_ref().is_some_and(|(first, of)| *of == blob && first.path() == origin.path());
                let shown = if is_first { &mut counted } else { &mut spots };
                shown.insert(origin, blob);
            }
            spots.extend(first);
            for introduction in introduced.filter(|introduction| introduction.location.line.is_none()) {
                counted.extend([following.spot(&before.spots, introduction)?]);
            }
        }
        let mut lines = Lines::new();
        let found = following.onward.read(&spots, &mut lines);
        let blobs: BTreeSet<&ObjectId> = spots.values().collect();
        let others = counted.iter().filter(|(_, blob)| !blobs.contains(blob));
        following.onward.read(&others.map(|(origin, blob)| (origin.clone(), *blob)).collect(), &mut lines);
        let found: Vec<Shown> = found
            .into_iter()
            .filter_map(|(origin, secrets)| {
                let secrets: Vec<[u8; 16]> = secrets.intersection(reported).map(|secret| secret.to_bytes()).collect();
                let content = SavedContent::of(Content::Blob(*spots.get(&origin)?));
                (!secrets.is_empty()).then_some((origin, content, secrets))
            })
            .collect();
        let here: BTreeSet<[u8; 16]> = found.iter().flat_map(|(.., secrets)| secrets).copied().collect();
        let others = before
            .others
            .into_iter()
            .filter(|(origin, _, secrets)| !matches!(origin, Origin::Commit { .. }) || secrets.iter().any(|secret| !here.contains(secret)));
        let shown: Vec<Shown> = found.into_iter().chain(others).collect();
        let all: BTreeSet<[u8; 16]> = shown.iter().flat_map(|(.., secrets)| secrets).copied().collect();
        spots.extend(counted);
        reported.iter().all(|secret| all.contains(&secret.to_bytes())).then_some((shown, Places { spots, lines }))
    }

    /// Where a secret stands at HEAD.
    fn live_spots(&self, number: u32, exposure: &Exposure, before: &Spots) -> Option<Spots> {
        let head = self.following.onward.head()?.id.to_string();
        let origin = |path: BString| Origin::Commit { commit: head.clone(), path };
        if let Some(live) = &self.live {
            Some(self.following.spots(live, number).take(Exposure::LIVE).map(|(path, blob)| (origin(path), blob)).collect())
        } else {
            let spot = |location: &Location| {
                let origin = origin(location.path.clone());
                let blob = before.get(&origin).copied().or_else(|| self.following.onward.blob_at(&head, location.path.as_ref()))?;
                Some((origin, blob))
            };
            exposure.live.iter().map(spot).collect()
        }
    }

    /// Gives lines to places that have none yet.
    pub(super) fn add_lines(&self, secret: Fingerprint, exposure: &mut Exposure, places: &Places) {
        let following = &self.following;
        for introduction in exposure.introduced.iter_mut().filter(|introduction| introduction.location.line.is_none()) {
            introduction.location.line = if following.is_message(introduction) {
                following.message_line(&introduction.commit.id, secret)
            } else {
                places.line(&introduction.commit.id, &introduction.location.path, secret)
            };
        }
        let Some((_, head)) = self.live.as_ref().zip(following.onward.head()) else { return };
        let head = head.id.to_string();
        for location in &mut exposure.live {
            location.line = places.line(&head, &location.path, secret);
        }
    }

    /// What was shown before: blobs at paths of commits, and what has to be shown besides places that exposures name.
    fn before(saved: &Saved, old: &BTreeMap<[u8; 16], Exposure>) -> Before {
        let head = saved.head.clone().unwrap_or_default();
        let mut named: BTreeSet<(&str, &BString)> = BTreeSet::new();
        for exposure in old.values() {
            named.extend(exposure.introduced.iter().map(|introduction| (introduction.commit.id.as_str(), &introduction.location.path)));
            named.extend(exposure.live.iter().map(|location| (head.as_str(), &location.path)));
        }
        let mut before = Before { spots: Spots::new(), others: Vec::new() };
        for (origin, content, secrets) in &saved.shown {
            let is_named = matches!(origin, Origin::Commit { commit, path } if named.contains(&(commit.as_str(), path)));
            if let Some(Content::Blob(id)) = content.content() {
                before.spots.insert(origin.clone(), id);
            }
            if !is_named {
                before.others.push((origin.clone(), content.clone(), secrets.clone()));
            }
        }
        before
    }
}

/// See [`Followed::before`].
struct Before {
    spots: Spots,
    others: Vec<Shown>,
}

impl Following<'_> {
    /// Whether a commit brought a secret by its message.
    fn is_message(&self, introduction: &Introduction) -> bool {
        if introduction.location.path != MESSAGE {
            return false;
        }
        let origin = Origin::CommitMessage { commit: introduction.commit.id.clone() };
        self.onward.ledger.saved.shown.iter().chain(&self.messages.shown).any(|(shown, ..)| *shown == origin)
    }

    fn message_line(&self, commit: &str, secret: Fingerprint) -> Option<u64> {
        let id = ObjectId::from_hex(commit.as_bytes()).ok()?;
        let number = self.onward.new.iter().position(|new| new.id == id)?;
        self.messages.secrets.get(&number)?.get(&secret).copied()
    }

    /// The place that an exposure names.
    fn spot(&self, before: &Spots, introduction: &Introduction) -> Option<(Origin, ObjectId)> {
        let (commit, path) = (&introduction.commit.id, &introduction.location.path);
        let origin = Origin::Commit { commit: commit.clone(), path: path.clone() };
        let blob = before.get(&origin).copied().or_else(|| self.onward.blob_at(commit, path.as_ref()))?;
        Some((origin, blob))
    }
}

impl Onward<'_> {
    /// The blob at a path of a commit.
    fn blob_at(&self, commit: &str, path: &[u8]) -> Option<ObjectId> {
        let mut id = tree_of(self.reader, ObjectId::from_hex(commit.as_bytes()).ok()?)?;
        let mut buffer = Vec::new();
        for name in path.split_str("/") {
            let mut entries = self.reader.find(&id, &mut buffer).ok()?.try_into_tree_iter()?;
            id = entries.find_map(|entry| entry.ok().filter(|entry| entry.filename == name).map(|entry| entry.oid.to_owned()))?;
        }
        Some(id)
    }

    /// Looks at blobs in full: the secrets that each reports, and their lines.
    fn read(&self, spots: &Spots, lines: &mut Lines) -> BTreeMap<Origin, BTreeSet<Fingerprint>> {
        let item = |(origin, blob): (&Origin, &ObjectId)| ObjectItem { origin: origin.clone(), content: Content::Blob(*blob) };
        let gathered = self.gather(spots.iter().map(item).collect());
        let mut found: BTreeMap<Origin, BTreeSet<Fingerprint>> = BTreeMap::new();
        for sighting in gathered.sightings.iter().filter(|sighting| sighting.fate == Fate::Report) {
            let secret = Fingerprint::of(sighting.secret.expose());
            let origin = Origin::clone(&sighting.place.origin);
            let line = sighting.place.start.line;
            if let Some(blob) = spots.get(&origin) {
                lines.entry((*blob, secret)).and_modify(|first| *first = line.min(*first)).or_insert(line);
            }
            found.entry(origin).or_default().insert(secret);
        }
        found
    }
}
