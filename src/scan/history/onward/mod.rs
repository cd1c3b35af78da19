//! A history that went on since it was scanned: commits came in, references moved. Owns: carrying the outcome on, by looking at what came in.
//! Must not: give another outcome than a scan of everything would.
//!
//! Whatever is out of the ordinary (commits that references lead to no more, a secret in a name, a file that moved to where it is judged otherwise)
//! is left to such a scan.

mod commits;
mod exposure;
mod places;
mod trees;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;
use gix::objs::Kind;

use super::cache::Cabinet;
use super::cache::blobs::{Remembered, Table};
use super::cache::ledger::Ledger;
use super::cache::whole::{Kept, Saved, SavedContent, Shown, objects_of};
use super::outcome::{Outcomes, Verdict};
use super::seen::Seen;
use super::standing::{Manners, Paths, Place, Standing, Wanted};
use super::versions::Blobs;
use super::{MOST, Whole, name_item};
use crate::blob::Origin;
use crate::finding::SkipReason;
use crate::gather::{Fate, Gathered, Sighting, is_name};
use crate::scan::{Scanner, Silent};
use crate::secret::Fingerprint;
use crate::settings::HistorySettings;
use crate::source::git::database::DatabaseReader;
use crate::source::git::open::Opened;
use crate::source::git::pack::walk::Visitor;
use crate::source::git::refs::{Reference, ReferenceKind, References};
use crate::source::objects::{Content, ObjectItem};
use commits::New;
use trees::{Change, Trees, path_of};

/// With more new blobs than this all are looked at as they are stored, by several threads.
const MOST_BLOBS: usize = 10_000;
/// Memory for what was looked at.
const FOR_SEEN: usize = 1 << 20;

/// What came in, and what is known.
struct Onward<'o> {
    scanner: &'o Scanner,
    settings: &'o HistorySettings,
    opened: &'o Opened,
    lfs: &'o Path,
    reader: &'o DatabaseReader,
    ledger: &'o Ledger,
    table: &'o Table,
    tips: Vec<Tip<'o>>,
    new: Vec<New>,
}

/// A reference.
struct Tip<'o> {
    name: &'o BStr,
    /// What it leads to.
    id: ObjectId,
    /// That commit's place; none where it is a blob.
    place: Option<u32>,
    /// The tags that were followed.
    tags: Vec<ObjectId>,
    is_remote: bool,
}

/// The blobs that came in.
#[derive(Default)]
struct Brought {
    ids: Vec<ObjectId>,
    /// Each one's path, and how it is looked at there.
    paths: Vec<(BString, u64)>,
    numbers: HashMap<ObjectId, usize>,
    /// Blobs whose paths are excluded.
    excluded: BTreeSet<ObjectId>,
    /// Blobs, known ones too, that are at a path at which they are looked at in another manner, and what all their paths say then.
    again: BTreeMap<ObjectId, Again>,
    /// What is in them.
    outcomes: Outcomes,
}

/// Where a blob is as well.
#[derive(Default)]
struct Again {
    paths: Vec<(BString, u64)>,
    manner: u64,
}

impl Paths for Brought {
    fn standing(&self, object: u32) -> Wanted {
        let (path, manner) = self.paths[object as usize].clone();
        Wanted::At(Standing { path: Place::Path(path), others: Vec::new(), manner, first: manner })
    }

    fn path(&self, object: u32) -> BString {
        self.paths[object as usize].0.clone()
    }
}

/// What people wrote into commits that came in.
#[derive(Default)]
struct Messages {
    count: u64,
    bytes: u64,
    /// Those with something to report or to count.
    shown: Vec<Shown>,
    /// Secrets that are reported, and the line of each, by commit.
    secrets: BTreeMap<usize, BTreeMap<Fingerprint, u64>>,
}

impl Scanner {
    /// The outcome that `kept` has of an earlier scan, carried on. None where that cannot be done.
    pub(super) fn onward(
        &self,
        settings: &HistorySettings,
        opened: &Opened,
        references: &References,
        (cabinet, kept): (&Cabinet, &Kept<'_>),
        lfs: &Path,
    ) -> Option<Whole> {
        let id_len = opened.repository.object_hash().len_in_bytes();
        if settings.unreachable || !settings.let_pass.is_empty() || !references.problems.is_empty() {
            return None;
        }
        let mut ledger = kept.ledger().filter(|ledger| ledger.is_sound(id_len))?;
        let table = Remembered::read(cabinet).of_edition(ledger.edition.clone(), id_len)?;
        let reader = opened.database.reader();
        let is_there = |id: &Vec<u8>| ObjectId::try_from(id.as_slice()).is_ok_and(|id| reader.has(&id));
        if ledger.absent.iter().any(is_there) {
            return None;
        }
        let new = commits::since(&reader, &ledger.chain, commits_of(references, &reader, &ledger)?)?;
        let tips = tips(references, &reader, &ledger, &new)?;
        let places = tips.iter().filter_map(|tip| tip.place);
        let known = |place: &u32| (*place as usize) < ledger.chain.len();
        if !ledger.chain.is_whole_from(places.chain(new.iter().flat_map(|commit| commit.parents.iter().copied())).filter(known)) {
            return None;
        }
        let onward = Onward { scanner: self, settings, opened, lfs, reader: &reader, ledger: &ledger, table: &table, tips, new };
        let Went { saved, brought, messages, excluded, news } = onward.go(references)?;
        let commits: Vec<_> = onward.new.into_iter().map(|commit| (commit.id, commit.parents, commit.time)).collect();
        ledger.chain.extend(&commits);
        ledger.brought = brought;
        ledger.messages = messages;
        ledger.excluded = excluded;
        ledger.saved = saved;
        let widened = news.again.iter().map(|(id, again)| (*id, again.manner)).collect();
        ledger.edition = table.save_with(cabinet, &news.ids, &news.outcomes, &widened)?;
        kept.keep(&ledger.saved);
        kept.keep_ledger(&ledger);
        ledger.saved.whole(self, opened, lfs)
    }
}

/// What was carried on, besides what is only added to.
struct Went {
    saved: Saved,
    brought: BTreeMap<[u8; 16], Vec<u32>>,
    messages: (u64, u64),
    excluded: Vec<u8>,
    news: Brought,
}

/// The commits that references lead to; none where one leads to something else that was not there before.
fn commits_of(references: &References, reader: &DatabaseReader, ledger: &Ledger) -> Option<Vec<ObjectId>> {
    let mut odd = 0;
    let mut commits = Vec::new();
    for reference in &references.all {
        if ledger.odd.get(&reference.name).is_some_and(|id| id == reference.peeled.as_slice()) {
            odd += 1;
        } else if ledger.chain.place(&reference.peeled).is_some() || reader.kind(&reference.peeled) == Some(Kind::Commit) {
            commits.push(reference.peeled);
        } else {
            return None;
        }
    }
    (odd == ledger.odd.len()).then_some(commits)
}

fn tips<'o>(references: &'o References, reader: &DatabaseReader, ledger: &Ledger, new: &[New]) -> Option<Vec<Tip<'o>>> {
    let first = u32::try_from(ledger.chain.len()).ok()?;
    let places: HashMap<ObjectId, u32> = new.iter().map(|commit| commit.id).zip(first..).collect();
    let tip = |reference: &'o Reference| {
        let tags = if reference.id == reference.peeled { Vec::new() } else { reader.peel(reference.id).ok()?.tags };
        let id = reference.peeled;
        let place = ledger.chain.place(&id).or_else(|| places.get(&id).copied());
        if place.is_none() && !ledger.odd.contains_key(&reference.name) {
            return None;
        }
        Some(Tip { name: reference.name.as_bstr(), id, place, tags, is_remote: reference.kind == ReferenceKind::RemoteTracking })
    };
    references.all.iter().map(tip).collect()
}

impl Onward<'_> {
    fn go(&self, references: &References) -> Option<Went> {
        let (names, tags) = self.names(references)?;
        let messages = self.messages();
        let (changes, roots) = self.changes()?;
        let mut news = self.brought(&changes)?;
        self.look(&mut news)?;
        let mut saved = self.ledger.saved.clone();
        let followed = exposure::Following::new(self, &news, &messages, &tags)?.follow(&changes, roots)?;
        let brought = followed.apply(&mut saved)?;
        saved.shown.extend(messages.shown);
        let counted = (self.ledger.messages.0 + messages.count, self.ledger.messages.1 + messages.bytes);
        saved.scanned = counted.0 + names.coverage.scanned;
        saved.bytes = counted.1 + names.coverage.bytes;
        (saved.binary, saved.compressed) = (names.coverage.binary, names.coverage.compressed);
        for looked in self.table.iter().map(|(_, known)| known.looked).chain(news.outcomes.numbered().iter().map(|&(looked, _)| looked)) {
            saved.scanned += 1;
            saved.bytes += looked.len;
            saved.binary += u64::from(looked.is_binary);
            saved.compressed += u64::from(looked.is_compressed);
        }
        let excluded = self.excluded(&news);
        let count = (excluded.len() / self.id_len()) as u64;
        saved.skipped = names.coverage.skipped;
        if count > 0 {
            *saved.skipped.entry(SkipReason::Excluded).or_default() += count;
        }
        Some(Went { saved, brought, messages: counted, excluded, news })
    }

    /// HEAD; none where it leads to no commit.
    fn head(&self) -> Option<&Tip<'_>> {
        self.tips.iter().find(|tip| tip.name == "HEAD" && tip.place.is_some())
    }

    fn id_len(&self) -> usize {
        self.opened.repository.object_hash().len_in_bytes()
    }

    /// The ids of all blobs whose paths are excluded.
    fn excluded(&self, news: &Brought) -> Vec<u8> {
        let known = self.ledger.excluded.chunks_exact(self.id_len());
        let all: BTreeSet<&[u8]> = known.chain(news.excluded.iter().map(ObjectId::as_slice)).collect();
        all.into_iter().flatten().copied().collect()
    }

    fn gather(&self, items: Vec<ObjectItem>) -> Gathered {
        self.scanner.gather_objects(&objects_of(items, self.opened, self.lfs), &Silent)
    }

    /// What was looked at in names of references and in tags, and the secrets that tags report. None where these are other ones than before.
    fn names(&self, references: &References) -> Option<(Gathered, BTreeMap<ObjectId, BTreeSet<Fingerprint>>)> {
        let tags: BTreeSet<ObjectId> = self.tips.iter().flat_map(|tip| tip.tags.iter().copied()).collect();
        let origin = |tag: &ObjectId| Origin::TagMessage { tag: tag.to_string() };
        let tag = |tag: &ObjectId| ObjectItem { origin: origin(tag), content: Content::Tag(*tag) };
        let gathered = self.gather(references.names.iter().map(name_item).chain(tags.iter().map(tag)).collect());
        let counted: Vec<&Sighting> = gathered.sightings.iter().filter(|sighting| !matches!(sighting.fate, Fate::Dropped(_))).collect();
        if !gathered.coverage.problems.is_empty() || counted.iter().any(|sighting| is_name(&sighting.place.origin)) {
            return None;
        }
        let mut told: BTreeSet<(&Origin, [u8; 16])> = BTreeSet::new();
        for (origin, _, secrets) in self.ledger.saved.shown.iter().filter(|(origin, ..)| matches!(origin, Origin::TagMessage { .. })) {
            told.extend(secrets.iter().map(|&secret| (origin, secret)));
        }
        let now = counted.iter().map(|sighting| (&*sighting.place.origin, Fingerprint::of(sighting.secret.expose()).to_bytes())).collect();
        if told != now {
            return None;
        }
        let reported = |tag: &ObjectId| {
            let here = counted.iter().filter(|sighting| sighting.fate == Fate::Report && *sighting.place.origin == origin(tag));
            here.map(|sighting| Fingerprint::of(sighting.secret.expose())).collect()
        };
        let secrets = if now.is_empty() { BTreeMap::new() } else { tags.iter().map(|tag| (*tag, reported(tag))).collect() };
        Some((gathered, secrets))
    }

    /// What people wrote into the commits that came in.
    fn messages(&self) -> Messages {
        let mut messages = Messages::default();
        for (number, commit) in self.new.iter().enumerate() {
            messages.count += 1;
            messages.bytes += commit.text.len() as u64;
            let origin = Origin::CommitMessage { commit: commit.id.to_string() };
            let sightings = self.scanner.whole(&origin, &commit.text).sightings;
            let mut counted = BTreeSet::new();
            for sighting in sightings.iter().filter(|sighting| !matches!(sighting.fate, Fate::Dropped(_))) {
                let secret = Fingerprint::of(sighting.secret.expose());
                counted.insert(secret.to_bytes());
                if sighting.fate == Fate::Report {
                    let line = sighting.place.start.line;
                    messages.secrets.entry(number).or_default().entry(secret).and_modify(|first| *first = line.min(*first)).or_insert(line);
                }
            }
            if !counted.is_empty() {
                messages.shown.push((origin, SavedContent::of(Content::Commit(commit.id)), counted.into_iter().collect()));
            }
        }
        messages
    }

    /// What each commit changed of its first parent's tree, and the trees of known commits. None where a new name is a secret.
    fn changes(&self) -> Option<(Vec<Vec<Change>>, Trees<'_>)> {
        let mut trees = Trees::new(self.reader);
        let mut changes = Vec::new();
        for commit in &self.new {
            let before = commit.parents.first().map_or(Some(None), |&parent| self.tree(parent).map(Some))?;
            changes.push(trees.changes(before, commit.tree)?);
        }
        let nowhere = Origin::RefName { name: BString::default() };
        let tells = |name: &BString| !self.scanner.whole(&nowhere, name).sightings.is_empty();
        (!trees.names.iter().any(tells)).then_some((changes, trees))
    }

    /// The tree of a commit, by place.
    fn tree(&self, place: u32) -> Option<ObjectId> {
        match (place as usize).checked_sub(self.ledger.chain.len()) {
            Some(new) => self.new.get(new).map(|commit| commit.tree),
            None => commits::tree_of(self.reader, self.ledger.chain.id(place, self.id_len())?),
        }
    }

    /// The blobs that are new. None where one that is known is at a path that tells more than can be joined.
    fn brought(&self, changes: &[Vec<Change>]) -> Option<Brought> {
        let manners = Manners::of(self.scanner);
        let mut brought = Brought::default();
        for change in changes.iter().flatten() {
            let Change::Put(parts, id) = change else { continue };
            let path = path_of(parts);
            let is_excluded = self.settings.exclude.has(path.as_bstr());
            let manner = manners.of_path(path.as_bstr());
            let was_excluded = brought.excluded.contains(id) || self.ledger.is_excluded(id);
            let before = self
                .table
                .get(id)
                .map(|known| known.looked.manner)
                .or_else(|| brought.numbers.get(id).map(|&number| brought.paths[number].1));
            let before = brought.again.get(id).map(|again| again.manner).or(before);
            match before {
                Some(_) if is_excluded => return None,
                Some(before) if manners.covers(before, manner) => {}
                Some(_) if !manners.can_widen() => return None,
                Some(before) => {
                    let again = brought.again.entry(*id).or_default();
                    again.manner = manners.joined([before, manner]);
                    again.paths.push((path, manner));
                }
                None if self.table.is_other(id) || was_excluded && !is_excluded || brought.ids.len() == MOST_BLOBS => return None,
                None if is_excluded => {
                    brought.excluded.insert(*id);
                }
                None => {
                    brought.numbers.insert(*id, brought.ids.len());
                    brought.ids.push(*id);
                    brought.paths.push((path, manner));
                }
            }
        }
        Some(brought)
    }

    /// Looks at new blobs. None where one cannot be read, or stands for a file elsewhere.
    fn look(&self, brought: &mut Brought) -> Option<()> {
        let seen = Seen::new(FOR_SEEN);
        let mut visitor = Blobs::new(self.scanner, &*brought, &Silent, self.settings.delta, &seen);
        let mut buffer = Vec::new();
        for (number, id) in (0..).zip(&brought.ids) {
            let blob = self.reader.find(id, &mut buffer).ok().filter(|object| object.kind == Kind::Blob)?;
            if blob.data.len() as u64 > MOST {
                visitor.large(number, blob.data.len() as u64, &mut &*blob.data);
            } else {
                visitor.whole(number, blob.data, false);
            }
        }
        let mut outcomes = visitor.outcomes;
        for (id, again) in &brought.again {
            let is_same = again.paths.iter().all(|path| self.is_same_at(*id, path, brought, &outcomes, &mut buffer));
            if !is_same {
                return None;
            }
            if let Some(&number) = brought.numbers.get(id) {
                outcomes.widen(u32::try_from(number).ok()?, again.manner);
            }
        }
        let is_plain = outcomes.broken.is_empty() && outcomes.over_limit.is_empty() && outcomes.crowded.is_empty();
        let has_pointers = outcomes.numbered().iter().any(|(looked, _)| looked.is_pointer);
        brought.outcomes = outcomes;
        (is_plain && !has_pointers).then_some(())
    }
}

impl Onward<'_> {
    /// Whether a blob holds the same where it is at another path as well: then that path changes nothing else.
    fn is_same_at(&self, id: ObjectId, path: &(BString, u64), brought: &Brought, new: &Outcomes, buffer: &mut Vec<u8>) -> bool {
        let alone = Brought { paths: vec![path.clone()], ..Brought::default() };
        let seen = Seen::new(0);
        let mut visitor = Blobs::new(self.scanner, &alone, &Silent, self.settings.delta, &seen);
        match self.reader.find(&id, buffer) {
            Ok(blob) if blob.kind == Kind::Blob && blob.data.len() as u64 <= MOST => drop(visitor.whole(0, blob.data, false)),
            _ => return false,
        }
        let there: BTreeSet<(Fingerprint, Verdict)> = visitor.outcomes.looked().flat_map(|(_, set)| set.iter().copied()).collect();
        let known: BTreeSet<(Fingerprint, Verdict)> = match brought.numbers.get(&id) {
            Some(&number) => {
                new.looked().filter(|(looked, _)| looked.object as usize == number).flat_map(|(_, set)| set.iter().copied()).collect()
            }
            None => self.table.get(&id).into_iter().flat_map(|known| known.secrets().collect::<Vec<_>>()).collect(),
        };
        visitor.outcomes.unfinished().next().is_none() && there == known
    }
}

/// The secrets that blobs report, and all that any blob does not.
struct Holding {
    reported: HashMap<ObjectId, Vec<Fingerprint>>,
    unreported: BTreeSet<(Fingerprint, Verdict)>,
}

impl Holding {
    fn new(table: &Table, news: &Brought) -> Self {
        let mut holding = Self { reported: HashMap::new(), unreported: BTreeSet::new() };
        for (id, known) in table.iter() {
            holding.add(id.to_owned(), known.secrets());
        }
        for (looked, set) in news.outcomes.looked() {
            holding.add(news.ids[looked.object as usize], set.iter().copied());
        }
        holding
    }

    fn add(&mut self, id: ObjectId, secrets: impl Iterator<Item = (Fingerprint, Verdict)>) {
        for (secret, verdict) in secrets {
            if verdict == Verdict::Report {
                self.reported.entry(id).or_default().push(secret);
            } else {
                self.unreported.insert((secret, verdict));
            }
        }
    }
}
