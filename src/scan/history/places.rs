//! The places that a report shows. Owns: choosing them, and looking at their blobs in full. Must not: follow secrets itself.
//!
//! Of a secret in blobs these are: where it stands at HEAD, and where it came in. What holds it in between is counted, not shown.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;
use gix::ObjectId;

use super::Known;
use super::outcome::Found;
use crate::blob::Origin;
use crate::gather::{Fate, Gathered, Sighting};
use crate::scan::{Scanner, Silent};
use crate::secret::Fingerprint;
use crate::source::git::history::provenance::{Hit, Provenance, Spot, Trace, trace};
use crate::source::git::history::reach::Reached;
use crate::source::objects::{Content, ObjectItem};

/// A blob at a path of a commit, or by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    blob: u32,
    commit: Option<u32>,
    path: BString,
}

impl Scanner {
    /// The sightings of the secrets in blobs, and what is known of those in `gathered` too.
    pub(super) fn placed(&self, known: &Known<'_>, found: &Found, gathered: &Gathered) -> Gathered {
        let secrets = Secrets::new(known, found, gathered);
        let traces = secrets.traces(known);
        let mut standings: BTreeMap<Standing, BTreeSet<Fingerprint>> = BTreeMap::new();
        for (fingerprint, blobs) in &found.secrets {
            let trace = &traces[secrets.number(fingerprint) as usize];
            for standing in standings_of(trace, known, blobs) {
                standings.entry(standing).or_default().insert(*fingerprint);
            }
        }
        let mut placed = self.look_again(known, &standings);
        self.complete(known, found, &mut placed);
        placed.merge(self.behind_pointers(known, &found.pointers))
    }

    /// Looks at blobs in full, and keeps the sightings of the secrets that are expected there.
    fn look_again(&self, known: &Known<'_>, standings: &BTreeMap<Standing, BTreeSet<Fingerprint>>) -> Gathered {
        let items = standings.keys().map(|standing| known.item(standing)).collect();
        let mut gathered = self.gather_objects(&known.objects(items), &Silent);
        let expected: BTreeMap<Origin, &BTreeSet<Fingerprint>> =
            standings.iter().map(|(standing, secrets)| (known.origin(standing), secrets)).collect();
        let is_expected = |sighting: &Sighting| {
            let secret = Fingerprint::of(sighting.secret.expose());
            expected.get(&*sighting.place.origin).is_some_and(|secrets| secrets.contains(&secret))
        };
        gathered
            .sightings
            .retain(|sighting| matches!(sighting.fate, Fate::Dropped(_)) || sighting.fate == Fate::Report && is_expected(sighting));
        // The blobs are counted already.
        Gathered { sightings: gathered.sightings, ..Gathered::default() }
    }

    /// A secret that is reported at none of its places, since their paths have it judged otherwise, is shown where it was found.
    fn complete(&self, known: &Known<'_>, found: &Found, placed: &mut Gathered) {
        let shown: BTreeSet<Fingerprint> = placed
            .sightings
            .iter()
            .filter(|sighting| sighting.fate == Fate::Report)
            .map(|sighting| Fingerprint::of(sighting.secret.expose()))
            .collect();
        let mut standings: BTreeMap<Standing, BTreeSet<Fingerprint>> = BTreeMap::new();
        for (fingerprint, blobs) in found.secrets.iter().filter(|(fingerprint, _)| !shown.contains(fingerprint)) {
            standings.entry(known.standing(blobs[0])).or_default().insert(*fingerprint);
        }
        let more = self.look_again(known, &standings);
        *placed = std::mem::take(placed).merge(more);
    }

    /// The large files that blobs stand for.
    fn behind_pointers(&self, known: &Known<'_>, pointers: &[u32]) -> Gathered {
        let items: Vec<ObjectItem> = pointers.iter().map(|&blob| known.item(&known.standing(blob))).collect();
        let objects = known.objects(items);
        let mut reader = objects.reader();
        let mut buffer = Vec::new();
        objects.items.iter().fold(Gathered::default(), |gathered, item| {
            let origin = std::sync::Arc::new(item.origin.clone());
            let behind = reader.read(item, &mut buffer).ok().and_then(|bytes| self.behind_object(&origin, bytes, &objects.lfs));
            gathered.merge(behind.unwrap_or_default())
        })
    }
}

/// Where a secret is shown.
fn standings_of(trace: &Trace, known: &Known<'_>, blobs: &[u32]) -> Vec<Standing> {
    let standing = |spot: &Spot| Standing { blob: spot.object, commit: Some(spot.commit), path: spot.path.clone() };
    let in_blob = |spot: &&Spot| spot.object != spot.commit;
    let first: Vec<&Spot> = trace.introduced.iter().filter(in_blob).take(1).collect();
    let is_shown = |spot: &&Spot| !first.iter().any(|first| first.object == spot.object && first.path == spot.path);
    let live = trace.live.iter().filter(in_blob).filter(is_shown);
    let all: Vec<Standing> = first.iter().copied().chain(live).map(standing).collect();
    if all.is_empty() { vec![known.standing(blobs[0])] } else { all }
}

impl Known<'_> {
    /// A blob as it was found.
    fn standing(&self, blob: u32) -> Standing {
        let commit = self.reached_with(blob).and_then(|reached| self.commit_of(reached, blob));
        Standing { blob, commit, path: self.path_of(blob) }
    }

    fn origin(&self, standing: &Standing) -> Origin {
        let path = standing.path.clone();
        match standing.commit {
            Some(commit) => Origin::Commit { commit: self.inventory.id(commit).to_string(), path },
            None => Origin::Object { id: self.inventory.id(standing.blob).to_string(), path },
        }
    }

    fn item(&self, standing: &Standing) -> ObjectItem {
        ObjectItem { origin: self.origin(standing), content: Content::Blob(self.inventory.id(standing.blob).to_owned()) }
    }
}

/// All secrets by number, and where each is.
struct Secrets {
    fingerprints: Vec<Fingerprint>,
    hits: Vec<Hit>,
}

impl Secrets {
    fn new(known: &Known<'_>, found: &Found, gathered: &Gathered) -> Self {
        let reported = gathered.sightings.iter().filter(|sighting| sighting.fate == Fate::Report);
        let told: Vec<(Fingerprint, u32)> = reported
            .filter_map(|sighting| {
                let id = match &*sighting.place.origin {
                    Origin::CommitMessage { commit } => commit,
                    Origin::TagMessage { tag } => tag,
                    _ => return None,
                };
                let object = known.inventory.number(&ObjectId::from_hex(id.as_bytes()).ok()?)?;
                Some((Fingerprint::of(sighting.secret.expose()), object))
            })
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
        let follow = |reached: &Reached| -> Provenance { trace(known.history, reached, known.head, &known.tips, &self.hits) };
        let mut traces = follow(&known.reached).secrets;
        if let Some(everything) = &known.everything {
            for (trace, wider) in traces.iter_mut().zip(follow(everything).secrets) {
                if trace.introduced.is_empty() {
                    *trace = wider;
                }
            }
        }
        traces
    }
}
