//! The places that a report shows. Owns: choosing them, and looking at their blobs in full. Must not: follow secrets itself.
//!
//! Of a secret in blobs these are: where it stands at HEAD, and where it came in. What holds it in between is counted, not shown.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;
use gix::objs::Kind;

use super::Known;
use super::exposures::exposures;
use super::outcome::Found;
use crate::blob::Origin;
use crate::finding::{Exposure, Problem};
use crate::gather::{Fate, Gathered, Sighting};
use crate::scan::{Scanner, Silent};
use crate::secret::Fingerprint;
use crate::source::git::history::provenance::{Hit, Spot, Trace, trace};
use crate::source::git::history::reach::Reached;
use crate::source::objects::{Content, ObjectItem, Objects};

/// Bytes of a blob that is looked at by itself.
const LARGE: u64 = 4 << 20;
/// At so many places it is tried to show a secret that is reported at none of those that are to be shown.
const MOST_TRIED: usize = 64;

/// A blob at a path of a commit, or by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    blob: u32,
    commit: Option<u32>,
    path: BString,
}

impl Scanner {
    /// The sightings of the secrets in blobs, and how far these and those in `gathered` got.
    pub(super) fn placed(&self, known: &Known<'_>, found: &Found, gathered: &Gathered) -> Placed {
        let secrets = Secrets::new(known, found, gathered);
        let traces = secrets.traces(known);
        let mut shown: BTreeSet<Standing> = BTreeSet::new();
        let mut counted: BTreeMap<u32, Standing> = BTreeMap::new();
        for (fingerprint, blobs) in &found.secrets {
            let trace = &traces[secrets.number(fingerprint) as usize];
            shown.extend(known.standings(trace, blobs));
            for spot in trace.introduced.iter().filter(|spot| spot.object != spot.commit) {
                counted.entry(spot.object).or_insert_with(|| spot.into());
            }
        }
        for standing in &shown {
            counted.remove(&standing.blob);
        }
        let mut lines = Lines::default();
        let mut placed = self.look_again(known, shown.iter(), &mut lines);
        self.look_again(known, counted.values(), &mut lines);
        let is_shown = |sighting: &Sighting| {
            let secret = Fingerprint::of(sighting.secret.expose());
            matches!(sighting.fate, Fate::Dropped(_)) || found.secrets.contains_key(&secret)
        };
        placed.retain(is_shown);
        shown.extend(self.complete(known, found, &mut placed, &mut lines));
        lines.add(gathered, known);
        let exposures = exposures(known, &secrets, &traces, &lines);
        let told = gathered.sightings.iter().filter(|sighting| !matches!(sighting.fate, Fate::Dropped(_)));
        let told: BTreeMap<&Origin, &Sighting> = told.map(|sighting| (&*sighting.place.origin, sighting)).collect();
        let items = shown.iter().map(|standing| known.item(standing)).chain(told.values().map(|sighting| known.told(sighting))).collect();
        let mut problems = lines.problems;
        problems.sort();
        problems.dedup();
        let pointers = found.pointers.iter().map(|&blob| known.item(&known.standing(blob))).collect();
        let brought = traces.iter().all(|trace| trace.introducing.len() as u64 == trace.introductions);
        let brought =
            brought.then(|| secrets.fingerprints.iter().copied().zip(traces.into_iter().map(|trace| trace.introducing)).collect());
        Placed { sightings: placed, exposures, items, pointers, problems, brought }
    }

    /// Looks at blobs in full; they are counted already.
    fn look_again<'s>(&self, known: &Known<'_>, standings: impl Iterator<Item = &'s Standing>, lines: &mut Lines) -> Vec<Sighting> {
        let standings: Vec<&Standing> = standings.collect();
        // Large blobs come one at a time: each is in memory whole.
        let reader = known.database.reader();
        let is_large = |standing: &&&Standing| reader.size(known.inventory.id(standing.blob)).is_ok_and(|size| size > LARGE);
        let (large, small): (Vec<&Standing>, Vec<&Standing>) = standings.iter().partition(is_large);
        let alone = large.iter().map(|standing| vec![known.item(standing)]);
        let together = small.iter().map(|standing| known.item(standing)).collect();
        let mut gathered = std::iter::once(together)
            .chain(alone)
            .map(|items| self.gather_objects(&known.objects(items), &Silent))
            .fold(Gathered::default(), Gathered::merge);
        gathered.sightings.retain(|sighting| matches!(sighting.fate, Fate::Dropped(_) | Fate::Report));
        let blobs: BTreeMap<Origin, u32> = standings.iter().map(|standing| (known.origin(standing), standing.blob)).collect();
        for sighting in &gathered.sightings {
            if let Some(&blob) = blobs.get(&*sighting.place.origin) {
                lines.note(blob, sighting);
            }
        }
        lines.problems.extend(gathered.coverage.problems);
        gathered.sightings
    }

    /// A secret that is reported at none of its places, since their paths have it judged otherwise or let it pass, is shown where it was
    /// found. Gives where that was.
    fn complete(&self, known: &Known<'_>, found: &Found, placed: &mut Vec<Sighting>, lines: &mut Lines) -> Vec<Standing> {
        let reported = |counts: &dyn Fn(&BStr) -> bool| -> BTreeSet<Fingerprint> {
            let here = placed.iter().filter(|sighting| sighting.fate == Fate::Report && counts(sighting.place.origin.path()));
            here.map(|sighting| Fingerprint::of(sighting.secret.expose())).collect()
        };
        let placed_at_all = reported(&|_| true);
        let mut shown = reported(&|path| !known.lets_pass(path));
        let mut looked_at = Vec::new();
        for round in 0..MOST_TRIED {
            let left = found.secrets.iter().filter(|(fingerprint, _)| !shown.contains(fingerprint));
            let nth = |blobs: &[u32]| known.standings_in(blobs).nth(round);
            let is_wanted = |secret, standing: &Standing| !placed_at_all.contains(secret) || !known.lets_pass(standing.path.as_bstr());
            let next: Vec<Standing> =
                left.filter_map(|(secret, blobs)| nth(blobs).filter(|standing| is_wanted(secret, standing))).collect();
            if next.is_empty() {
                break;
            }
            let more = self.look_again(known, next.iter(), lines);
            let is_left = |sighting: &Sighting| {
                let secret = Fingerprint::of(sighting.secret.expose());
                sighting.fate == Fate::Report && found.secrets.contains_key(&secret) && !shown.contains(&secret)
            };
            let more: Vec<Sighting> = more.into_iter().filter(is_left).collect();
            shown.extend(more.iter().map(|sighting| Fingerprint::of(sighting.secret.expose())));
            placed.extend(more);
            looked_at.extend(next);
        }
        looked_at
    }

    /// The large files that blobs stand for.
    pub(super) fn behind_pointers(&self, pointers: &Objects) -> Gathered {
        let mut reader = pointers.reader();
        let mut buffer = Vec::new();
        pointers.items.iter().fold(Gathered::default(), |gathered, item| {
            let behind = reader.read(item, &mut buffer).ok().and_then(|bytes| self.behind_object(&item.origin, bytes, &pointers.lfs));
            gathered.merge(behind.unwrap_or_default())
        })
    }
}

/// What a report shows of secrets, and what it says of them.
pub(super) struct Placed {
    /// The sightings of secrets in blobs.
    pub(super) sightings: Vec<Sighting>,
    /// How far secrets got.
    pub(super) exposures: BTreeMap<Fingerprint, Exposure>,
    /// All content that is shown, and messages and names in which something is counted.
    pub(super) items: Vec<ObjectItem>,
    /// Blobs that stand for large files elsewhere.
    pub(super) pointers: Vec<ObjectItem>,
    /// What is known to hold secrets and could not be read again to show them.
    pub(super) problems: Vec<Problem>,
    /// The commits, by object, that brought each secret; none where there are too many.
    pub(super) brought: Option<BTreeMap<Fingerprint, Vec<u32>>>,
}

impl From<&Spot> for Standing {
    fn from(spot: &Spot) -> Self {
        Self { blob: spot.object, commit: Some(spot.commit), path: spot.path.clone() }
    }
}

/// The lines that secrets stand on, by object.
#[derive(Default)]
pub(super) struct Lines {
    lines: BTreeMap<(u32, Fingerprint), u64>,
    /// What could not be looked at again.
    problems: Vec<Problem>,
}

impl Lines {
    fn note(&mut self, object: u32, sighting: &Sighting) {
        if sighting.fate == Fate::Report {
            let line = self.lines.entry((object, Fingerprint::of(sighting.secret.expose()))).or_insert(sighting.place.start.line);
            *line = sighting.place.start.line.min(*line);
        }
    }

    /// Notes the lines of messages.
    fn add(&mut self, gathered: &Gathered, known: &Known<'_>) {
        for sighting in &gathered.sightings {
            if let Some(object) = known.told_by(&sighting.place.origin) {
                self.note(object, sighting);
            }
        }
    }

    /// The first line of a secret in an object, where it is known.
    pub(super) fn of(&self, object: u32, secret: Fingerprint) -> Option<u64> {
        self.lines.get(&(object, secret)).copied()
    }
}

impl Known<'_> {
    /// A blob as it was found.
    fn standing(&self, blob: u32) -> Standing {
        let commit = self.reached_with(blob).and_then(|reached| self.commit_of(reached, blob));
        Standing { blob, commit, path: self.path_of(blob) }
    }

    /// All places of blobs that differ in what counts; those that are let pass last.
    fn standings_in(&self, blobs: &[u32]) -> impl Iterator<Item = Standing> {
        let of = |&blob: &u32| self.paths_of(blob).into_iter().map(move |(path, root)| (blob, path, root));
        let (aside, first): (Vec<_>, Vec<_>) =
            blobs.iter().take(MOST_TRIED).flat_map(of).partition(|(_, path, _)| self.lets_pass(path.as_bstr()));
        first.into_iter().chain(aside).map(|(blob, path, root)| {
            let commit = self.reached_with(blob).and_then(|reached| self.commit_with(reached, root));
            Standing { blob, commit, path }
        })
    }

    /// Whether places at a path are taken out of the report.
    fn lets_pass(&self, path: &BStr) -> bool {
        self.settings.let_pass.has(path)
    }

    /// Where a secret is shown.
    fn standings(&self, trace: &Trace, blobs: &[u32]) -> Vec<Standing> {
        let in_blob = |spot: &&Spot| spot.object != spot.commit && !self.settings.exclude.has(spot.path.as_bstr());
        let first = trace.introduced.iter().find(in_blob);
        let is_other = |spot: &&Spot| first.is_none_or(|first| (first.object, &first.path) != (spot.object, &spot.path));
        let live = trace.live.iter().filter(in_blob).filter(is_other);
        let all: Vec<Standing> = first.into_iter().chain(live).map(Standing::from).collect();
        if all.is_empty() { self.standings_in(blobs).take(1).collect() } else { all }
    }

    fn origin(&self, standing: &Standing) -> Origin {
        let path = standing.path.clone();
        let id = self.inventory.id(standing.commit.unwrap_or(standing.blob)).to_string();
        match standing.commit {
            Some(commit) if self.is_reached(commit) => Origin::Commit { commit: id, path },
            None if self.reached.objects.has(standing.blob) => Origin::Object { id, path },
            _ if path.is_empty() => Origin::Unreachable { id, path: "OBJECT".into() },
            _ => Origin::Unreachable { id, path },
        }
    }

    /// The content of a sighting in a message or a name.
    fn told(&self, sighting: &Sighting) -> ObjectItem {
        let origin = Origin::clone(&sighting.place.origin);
        let content = match self.told_by(&origin) {
            Some(object) if self.inventory.kind(object) == Some(Kind::Tag) => Content::Tag(self.inventory.id(object).to_owned()),
            Some(object) => Content::Commit(self.inventory.id(object).to_owned()),
            None => Content::Name,
        };
        ObjectItem { origin, content }
    }

    /// The commit or tag, by object, whose message an origin is.
    fn told_by(&self, origin: &Origin) -> Option<u32> {
        let id = match origin {
            Origin::CommitMessage { commit } => commit,
            Origin::TagMessage { tag } => tag,
            Origin::Unreachable { id, path } if path == "COMMIT_MESSAGE" || path == "TAG_MESSAGE" => id,
            _ => return None,
        };
        self.inventory.number(&ObjectId::from_hex(id.as_bytes()).ok()?)
    }

    fn item(&self, standing: &Standing) -> ObjectItem {
        ObjectItem { origin: self.origin(standing), content: Content::Blob(self.inventory.id(standing.blob).to_owned()) }
    }
}

/// All secrets by number, and where each is.
pub(super) struct Secrets {
    pub(super) fingerprints: Vec<Fingerprint>,
    hits: Vec<Hit>,
}

impl Secrets {
    fn new(known: &Known<'_>, found: &Found, gathered: &Gathered) -> Self {
        let reported = gathered.sightings.iter().filter(|sighting| sighting.fate == Fate::Report);
        let told: Vec<(Fingerprint, u32)> = reported
            .filter_map(|sighting| Some((Fingerprint::of(sighting.secret.expose()), known.told_by(&sighting.place.origin)?)))
            .collect();
        let all: BTreeSet<Fingerprint> = found.secrets.keys().chain(told.iter().map(|(fingerprint, _)| fingerprint)).copied().collect();
        let mut secrets = Self { fingerprints: all.into_iter().collect(), hits: Vec::new() };
        let in_blobs = found.secrets.iter().flat_map(|(fingerprint, blobs)| blobs.iter().map(move |&blob| (*fingerprint, blob)));
        secrets.hits = in_blobs.chain(told).map(|(fingerprint, object)| Hit { secret: secrets.number(&fingerprint), object }).collect();
        secrets
    }

    fn number(&self, fingerprint: &Fingerprint) -> u32 {
        let at = self.fingerprints.binary_search(fingerprint).expect("because all are there");
        u32::try_from(at).expect("because secrets are fewer than objects")
    }

    /// How far each got: in what references lead to, or else in everything.
    fn traces(&self, known: &Known<'_>) -> Vec<Trace> {
        let follow =
            |reached: &Reached| known.pool.install(|| trace(known.history, reached, known.ends.head, &known.ends.tips, &self.hits));
        let mut traces = follow(&known.reached);
        if let Some(everything) = &known.everything {
            for (trace, wider) in traces.iter_mut().zip(follow(everything)) {
                if trace.introduced.is_empty() {
                    *trace = wider;
                }
            }
        }
        traces
    }
}
