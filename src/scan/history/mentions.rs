//! Secrets that were taken out, as far as commits tell, and whose text still stands at HEAD: where nothing says that it is one, as in prose. Owns:
//! looking for that text. Must not: judge it.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BString, ByteSlice};
use gix::ObjectId;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::Whole;
use super::cache::Cabinet;
use crate::finding::{Exposure, Location};
use crate::gather::{Fate, Sighting};
use crate::scan::known::Needles;
use crate::secret::{Fingerprint, Secret};
use crate::settings::HistorySettings;
use crate::source::git::database::{Database, DatabaseReader};
use crate::source::git::open::Opened;
use crate::source::git::trees::Comparison;

/// The cache's file: where secrets are mentioned, each by its fingerprint.
const NAME: &str = "mentions";
/// Bytes of a text that is not looked through.
const LARGE: u64 = 64 << 20;
/// Bytes of a value that is looked for whatever it is made of, and of one that has digits or letters of both cases.
const LONG: usize = 20;
const SHORT: usize = 8;

/// The places of each secret.
type Mentions = Vec<([u8; 16], Vec<Location>)>;

/// Notes in `whole` where HEAD holds the text of secrets that it does not hold as such.
pub(super) fn note(whole: &mut Whole, settings: &HistorySettings, opened: &Opened, cabinet: Option<&Cabinet>) {
    let gone = gone(whole);
    let Some(head) = whole.exposed.head.as_ref().filter(|_| !gone.is_empty()).and_then(|id| ObjectId::from_hex(id.as_bytes()).ok()) else {
        return;
    };
    let mut digest = Sha256::new_with_prefix(format!("{head} {:?}", settings.exclude));
    for secret in gone.keys() {
        digest.update(secret.to_bytes());
    }
    let key = digest.finalize().into();
    let known: Option<Mentions> = cabinet.and_then(|cabinet| cabinet.read(NAME, &key)).map(|(mentions, _)| mentions);
    let mentions = known.unwrap_or_else(|| {
        let mentions = search(&gone, head, settings, &opened.database);
        if let Some(cabinet) = cabinet {
            cabinet.write(NAME, &key, &mentions);
        }
        mentions
    });
    for (secret, places) in mentions {
        if let Some(exposure) = whole.exposed.secrets.get_mut(&Fingerprint::from_bytes(secret)) {
            exposure.mentioned = places;
        }
    }
}

/// Secrets that commits brought and HEAD does not hold, and that are not like other words.
fn gone(whole: &Whole) -> BTreeMap<Fingerprint, Secret> {
    let is_gone = |secret: &Fingerprint| whole.exposed.secrets.get(secret).is_some_and(|of| of.live.is_empty() && of.introductions > 0);
    let reported = whole.gathered.sightings.iter().filter(|sighting| sighting.fate == Fate::Report && is_distinctive(sighting));
    let named = reported.map(|sighting| (Fingerprint::of(sighting.secret.expose()), &sighting.secret));
    named.filter(|(fingerprint, _)| is_gone(fingerprint)).map(|(fingerprint, secret)| (fingerprint, secret.clone())).collect()
}

fn is_distinctive(sighting: &Sighting) -> bool {
    let value = sighting.secret.expose();
    let has = |class: fn(&u8) -> bool| value.iter().any(class);
    let mixed = has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    value.len() >= LONG || value.len() >= SHORT && mixed
}

/// Looks through what a commit holds.
fn search(gone: &BTreeMap<Fingerprint, Secret>, head: ObjectId, settings: &HistorySettings, database: &Database) -> Mentions {
    let values: Vec<Secret> = gone.values().cloned().collect();
    let needles = Needles::new(&values);
    let reader = database.reader();
    let mut buffer = Vec::new();
    let tree = reader.find(&head, &mut buffer).ok().and_then(|commit| commit.try_into_commit_iter()?.tree_id().ok());
    let blobs = tree.map_or_else(Vec::new, |tree| Comparison::new(&reader, true).changes(tree, Vec::new(), BString::default()).blobs);
    let look = |(reader, buffer): &mut (DatabaseReader, Vec<u8>), (id, path): &(ObjectId, BString)| {
        if settings.exclude.has(path.as_bstr()) || reader.size(id).is_ok_and(|size| size > LARGE) {
            return Vec::new();
        }
        let Ok(blob) = reader.find(id, buffer) else { return Vec::new() };
        let mut found = BTreeSet::new();
        needles.look(blob.data, &mut found);
        let location = |value: usize| Location { path: path.clone(), line: line_of(blob.data, values[value].expose()) };
        found.into_iter().map(|value| (value, location(value))).collect::<Vec<_>>()
    };
    let mut places: Vec<Vec<Location>> = vec![Vec::new(); values.len()];
    let found: Vec<_> = blobs.par_iter().map_init(|| (database.reader(), Vec::new()), look).flatten_iter().collect();
    for (value, place) in found {
        places[value].push(place);
    }
    for places in &mut places {
        places.sort();
        places.truncate(Exposure::LIVE);
    }
    gone.keys().map(|secret| secret.to_bytes()).zip(places).filter(|(_, places)| !places.is_empty()).collect()
}

/// The first line that holds a value as it is; none where another spelling stands there.
fn line_of(text: &[u8], value: &[u8]) -> Option<u64> {
    let at = text.find(value)?;
    Some(memchr::memchr_iter(b'\n', &text[..at]).count() as u64 + 1)
}
