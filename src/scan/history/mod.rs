//! A repository's whole history: every object that references lead to, each once. Owns: the order of work. Must not: unpack objects, decide
//! what is a credential, or know how far a secret got.
//!
//! Commits and trees are read into tables first, so that what can be reached and at which path is known before a blob is looked at. Blobs
//! come next, in the order in which they are stored as changes to one another. Only then are the secrets that were found followed through
//! the history, and the few places that a report shows are looked at once more, in full.

mod brought;
mod cache;
mod ends;
mod exposures;
mod lines;
mod mentions;
mod messages;
mod onward;
mod outcome;
mod places;
mod problems;
mod seen;
mod standing;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;
use gix::objs::Kind;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::stream::WINDOW;
use super::{Progress, Scanner, Stage};
use crate::blob::{Origin, visible};
use crate::finding::{Coverage, Exposure, Repository};
use crate::gather::Gathered;
use crate::secret::Fingerprint;
use crate::settings::HistorySettings;
use crate::source::SourceError;
use crate::source::git::database::Database;
use crate::source::git::history::History;
use crate::source::git::history::folders::Counts;
use crate::source::git::history::outermost::outermost_first;
use crate::source::git::history::reach::{Reached, Start, reach};
use crate::source::git::history::{load, named};
use crate::source::git::open::{self, Opened};
use crate::source::git::pack::Inventory;
use crate::source::git::pack::budget::Budget;
use crate::source::git::pack::walk::{self, Limits};
use crate::source::git::refs::{self, References};
use crate::source::git::{config, lfs};
use crate::source::objects::{Content, ObjectItem, Objects};
use cache::Cabinet;
use cache::blobs::{Edition, Remembered};
use cache::ledger::{Chain, Ledger};
use cache::whole::{Kept, Saved};
use ends::Ends;
use messages::Messages;
use outcome::{Found, Outcomes};
use places::Placed;
use seen::Seen;
use standing::{Manners, Paths, Wanted};
use versions::Blobs;

/// Memory for the texts of commits and trees, but for one that is large. They are small, and so is what their tables take while they are read.
const FOR_TABLES: usize = 64 << 20;

/// Bytes of memory that are left to texts and tables before any is taken to remember what was looked at, and the part of the rest that is.
const BEFORE_SEEN: usize = 64 << 20;
const FOR_SEEN: usize = 16;
/// Bytes that a thread takes besides the texts that are counted, and that the program takes.
const A_THREAD: usize = 8 << 20;
const A_PROGRAM: usize = 16 << 20;
/// Largest blob that is looked at in one piece, in bytes; a larger one is scanned as a stream.
const MOST: u64 = WINDOW as u64;

/// What stands for the path of a message in the log of a reference.
const LOG_MESSAGE: &str = "REFLOG_MESSAGE";

/// With more missing objects than this it is not looked for each of them whether it came in.
const MOST_ABSENT: usize = 1000;

/// What a whole history gave.
#[derive(Default)]
pub(super) struct Whole {
    /// What was found.
    pub(super) gathered: Gathered,
    /// Facts of the repository.
    pub(super) repository: Option<Repository>,
    /// How far what was found got.
    pub(super) exposed: Exposed,
}

/// How far secrets got.
#[derive(Default)]
pub(super) struct Exposed {
    /// The id of the commit that counts as live.
    pub(super) head: Option<String>,
    /// Of each secret.
    pub(super) secrets: BTreeMap<Fingerprint, Exposure>,
}

impl Exposed {
    /// Puts a directory before every path.
    pub(super) fn move_below(&mut self, directory: &BStr) {
        for exposure in self.secrets.values_mut() {
            for reference in &mut exposure.references {
                *reference = format!("{}: {reference}", visible(directory));
            }
            for location in exposure.locations_mut() {
                location.path = BString::from([directory.as_bytes(), b"/", location.path.as_bytes()].concat());
            }
        }
    }
}

/// What is known before blobs are looked at.
struct Known<'k> {
    settings: &'k HistorySettings,
    database: Database,
    lfs: PathBuf,
    inventory: &'k Inventory,
    history: &'k History,
    references: &'k References,
    /// Where references lead, and the tags that are looked at.
    ends: Ends<'k>,
    /// What references lead to.
    reached: Reached,
    /// Everything there is, where what nothing leads to is asked for.
    everything: Option<Reached>,
    manners: Manners,
    pool: &'k ThreadPool,
}

/// What was read of a repository.
#[derive(Clone, Copy)]
struct Read<'k> {
    inventory: &'k Inventory,
    history: &'k History,
    references: &'k References,
    pool: &'k ThreadPool,
}

impl Scanner {
    /// The whole history of one repository.
    pub(super) fn whole_history(&self, settings: &HistorySettings, progress: &dyn Progress) -> Result<Whole, SourceError> {
        let opened = open::open(&settings.repository, &settings.environment)?;
        let cabinet = Cabinet::new(self, &settings.cache, opened.repository.common_dir());
        let mut whole = self.whole_of(settings, &opened, cabinet.as_ref(), progress)?;
        mentions::note(&mut whole, settings, &opened, cabinet.as_ref());
        Ok(whole)
    }

    fn whole_of(
        &self,
        settings: &HistorySettings,
        opened: &Opened,
        cabinet: Option<&Cabinet>,
        progress: &dyn Progress,
    ) -> Result<Whole, SourceError> {
        let references = refs::list(&opened.repository, &opened.database.reader(), "", settings.unreachable);
        let kept = cabinet.map(|cabinet| Kept::new(cabinet, settings, opened, &references));
        let lfs = lfs::directory(opened.repository.common_dir());
        let onward = || self.onward(settings, opened, &references, (cabinet?, kept.as_ref()?), &lfs);
        if let Some(whole) = kept.as_ref().and_then(|kept| kept.again(self, opened, &lfs)).or_else(onward) {
            return Ok(whole);
        }
        progress.stage(Stage::Commits);
        let pool = walk::pool(self.threads());
        let inventory = Inventory::open(&opened.object_directories, opened.repository.object_hash(), &pool);
        let ends = Ends::new(&references, &inventory, &opened.database.reader());
        let budget = Budget::with_large(FOR_TABLES.min(self.memory()), self.memory_beside(inventory.bytes()));
        let limits = Limits { most: budget.longest(), budget: &budget, pool: &pool };
        let listen = || Messages::new(self, &inventory);
        let (history, messages, start) = load::load(&inventory, limits, listen, |commits| ends.start(commits));
        self.refuse_less(inventory.bytes() + history.bytes())?;
        let read = Read { inventory: &inventory, history: &history, references: &references, pool: &pool };
        let known = Known::new(self, settings, opened, read, ends, start);
        let absent = known.absent();
        let problems = [absent.as_slice(), &known.unreadable()].concat();
        let mut gathered = Gathered { coverage: Coverage { problems, ..Coverage::default() }, ..Gathered::default() };
        for part in messages {
            gathered = gathered.merge(part.gathered(|commit| known.has_commit(commit), |commit| known.is_reached(commit)));
        }
        let messages = (gathered.coverage.scanned, gathered.coverage.bytes);
        gathered = gathered.merge(self.names(&known)).merge(self.log_messages(&references));
        progress.stage(Stage::Content);
        let (found, edition) = self.blobs(&known, cabinet, progress);
        progress.stage(Stage::Exposure);
        gathered.coverage.problems.extend(known.problems_of_blobs(&found, self.settings.max_file_size));
        let Placed { sightings, exposures, items, pointers, problems, brought } = self.placed(&known, &found, &gathered);
        progress.stage(Stage::Rest);
        gathered.sightings.extend(sightings);
        gathered.coverage.problems.extend(problems);
        gathered.coverage.merge(found.coverage);
        gathered.unreported = found.unreported;
        let head = known.ends.head.map(|head| inventory.id(head).to_string());
        let exposed = Exposed { head, secrets: exposures };
        let mut whole = Whole { gathered, repository: Some(config::facts(&opened.repository)), exposed };
        let pointers = known.objects(pointers);
        if let Some(kept) = kept
            && let Some(saved) = Saved::of(&whole, &absent, &items, &pointers.items)
        {
            kept.keep(&saved);
            if let Some(ledger) = edition.and_then(|edition| known.ledger(saved, edition, &brought?, messages, &found.excluded)) {
                kept.keep_ledger(&ledger);
            }
        }
        whole.gathered = whole.gathered.merge(self.behind_pointers(&pointers));
        Ok(whole)
    }

    /// What remembers the texts that were looked at, and the memory that is left to texts beside tables of so many bytes.
    fn purses(&self, tables: usize) -> (Seen, Budget) {
        let for_seen = self.memory().saturating_sub(BEFORE_SEEN) / FOR_SEEN;
        (Seen::new(for_seen), Budget::new(self.memory_beside(tables + for_seen)))
    }

    /// Bytes of memory that are left beside tables of so many bytes, the threads and the program.
    fn memory_beside(&self, tables: usize) -> usize {
        self.memory().saturating_sub(tables + self.threads() * A_THREAD + A_PROGRAM)
    }

    /// Refuses a limit that tables of so many bytes alone are over.
    fn refuse_less(&self, tables: usize) -> Result<(), SourceError> {
        let least = (tables + A_PROGRAM).next_multiple_of(1 << 20);
        match self.settings.memory {
            Some(memory) if memory < least => Err(SourceError::Memory { least: least as u64 }),
            _ => Ok(()),
        }
    }

    /// What logs of references say about changes, where that was asked for.
    fn log_messages(&self, references: &References) -> Gathered {
        let messages = references.log_messages.iter();
        let origin = |id: &ObjectId| Origin::Unreachable { id: id.to_string(), path: LOG_MESSAGE.into() };
        messages.map(|(message, id)| self.whole(&origin(id), message)).fold(Gathered::default(), Gathered::merge)
    }

    /// Tags, and the names of references and of files.
    fn names(&self, known: &Known<'_>) -> Gathered {
        let tags = known.ends.tags.iter().map(|number| known.tag(number));
        let items = known.references.names.iter().map(name_item).chain(tags).chain(self.path_names(known)).collect();
        self.gather_objects(&known.objects(items), &super::Silent)
    }

    /// The names of files that hold something; each name of the history is looked at once.
    fn path_names(&self, known: &Known<'_>) -> Vec<ObjectItem> {
        let nowhere = Origin::RefName { name: BString::default() };
        let trees = &known.history.trees;
        let names = 0..u32::try_from(trees.names()).unwrap_or(u32::MAX);
        let tells = |&name: &u32| !self.whole(&nowhere, trees.name(name)).sightings.is_empty();
        let telling: Vec<u32> = known.pool.install(|| names.into_par_iter().filter(tells).collect());
        known.paths_with(&telling)
    }

    /// The secrets of all blobs: those that `cabinet` knows are not looked at.
    fn blobs(&self, known: &Known<'_>, cabinet: Option<&Cabinet>, progress: &dyn Progress) -> (Found, Option<Edition>) {
        let remembered = cabinet.map(Remembered::read).unwrap_or_default();
        let recalled = remembered.recall(known.inventory, |blob| match known.standing(blob) {
            Wanted::At(standing) => Some(standing.manner),
            Wanted::Excluded | Wanted::No => None,
        });
        let is_new = |blob: u32| known.reached_with(blob).is_some() && !recalled.objects.has(blob);
        let blobs = (0..known.inventory.len()).filter(|&number| known.inventory.kind(number) == Some(Kind::Blob));
        progress.total(blobs.filter(|&number| is_new(number)).count() as u64);
        let (seen, budget) = self.purses(known.inventory.bytes() + known.history.bytes());
        let limits = Limits { most: MOST, budget: &budget, pool: known.pool };
        let start = || Blobs::new(self, known, progress, known.settings.delta, &seen);
        let visitors = walk::walk(known.inventory, Kind::Blob, limits, is_new, start);
        let mut parts: Vec<Outcomes> = visitors.into_iter().map(|visitor| visitor.outcomes).collect();
        let has_news = parts.iter().any(|part| !part.numbered().is_empty());
        parts.push(recalled.outcomes);
        let edition = cabinet.and_then(|cabinet| {
            if has_news {
                remembered.save(cabinet, known.inventory, &parts)
            } else {
                remembered.edition(known.inventory, &recalled.objects)
            }
        });
        (Found::new(&parts), edition)
    }
}

impl<'k> Known<'k> {
    fn new(scanner: &Scanner, settings: &'k HistorySettings, opened: &Opened, read: Read<'k>, mut ends: Ends<'k>, start: Start) -> Self {
        let Read { inventory, history, references, pool } = read;
        let counts = if scanner.counts_each_path(&settings.exclude, &settings.let_pass) { Counts::Path } else { Counts::Class };
        let reached = pool.install(|| reach(history, start, counts));
        let everything = settings.unreachable.then(|| {
            let of_kind = |kind| (0..inventory.len()).filter(move |&number| inventory.kind(number) == Some(kind));
            for tag in of_kind(Kind::Tag) {
                ends.tags.add(tag);
            }
            let follow = |tips: &[u32]| pool.install(|| reach(history, Start::new(&history.commits, ends.head, tips), counts));
            let commits: Vec<u32> = of_kind(Kind::Commit).collect();
            let by_commits = follow(&commits);
            let left: Vec<u32> = of_kind(Kind::Tree).filter(|&tree| !by_commits.objects.has(tree)).collect();
            follow(&[commits, outermost_first(&history.trees, &left)].concat())
        });
        let manners = Manners::of(scanner);
        let (database, lfs) = (opened.database.clone(), lfs::directory(opened.repository.common_dir()));
        Self { settings, database, lfs, inventory, history, references, ends, reached, everything, manners, pool }
    }

    /// Whether a commit's message counts.
    fn has_commit(&self, object: u32) -> bool {
        self.everything.is_some() || self.is_reached(object)
    }

    /// Whether a reference leads to a commit.
    fn is_reached(&self, object: u32) -> bool {
        self.history.commits.place(object).is_some_and(|commit| self.reached.commits.has(commit))
    }

    /// Items to look at in full.
    fn objects(&self, items: Vec<ObjectItem>) -> Objects {
        let (lfs, database) = (self.lfs.clone(), self.database.clone());
        Objects { items, coverage: Coverage::default(), repository: None, configuration: Vec::new(), lfs, database, stored: None }
    }

    /// What was reached in which a blob is known.
    fn reached_with(&self, object: u32) -> Option<&Reached> {
        if self.reached.objects.has(object) { Some(&self.reached) } else { self.everything.as_ref() }
    }

    /// A path of an object; empty where there is none.
    fn path_of(&self, object: u32) -> BString {
        self.reached_with(object).map_or_else(BString::default, |reached| reached.path(&self.history.trees, object))
    }

    /// The paths of a blob that are not left out and that differ in what counts, each with the tree that it starts in.
    fn paths_of(&self, blob: u32) -> Vec<(BString, u32)> {
        let Some(reached) = self.reached_with(blob) else { return Vec::new() };
        let trees = &self.history.trees;
        let first = (reached.path(trees, blob), reached.root(trees, blob));
        let all = std::iter::once(first).chain(reached.others(trees, blob));
        all.filter(|(path, _)| !self.settings.exclude.has(path.as_bstr())).collect()
    }

    /// A tag's message.
    fn tag(&self, number: u32) -> ObjectItem {
        let id = self.inventory.id(number).to_owned();
        let hex = id.to_string();
        let reached = self.ends.tips.iter().any(|tip| tip.tags.contains(&number));
        let origin = if reached { Origin::TagMessage { tag: hex } } else { Origin::Unreachable { id: hex, path: "TAG_MESSAGE".into() } };
        ObjectItem { origin, content: Content::Tag(id) }
    }

    /// One path for each of the names, with a commit it can be seen in.
    fn paths_with(&self, names: &[u32]) -> Vec<ObjectItem> {
        let (trees, reached) = (&self.history.trees, self.everything.as_ref().unwrap_or(&self.reached));
        let mut left: BTreeSet<u32> = names.iter().copied().collect();
        let mut items = Vec::new();
        let mut add = |commit: Option<u32>, path: BString| {
            let commit = commit.map_or(String::new(), |commit| self.inventory.id(commit).to_string());
            items.push(ObjectItem { origin: Origin::PathName { commit, path }, content: Content::Name });
        };
        let is_left = |left: &mut BTreeSet<u32>, name: Option<u32>| name.is_some_and(|name| left.remove(&name));
        for object in reached.objects.iter().take_while(|_| !names.is_empty()) {
            if is_left(&mut left, reached.name(object)) {
                add(self.commit_of(reached, object), reached.path(trees, object));
            }
        }
        for absent in reached.missing.iter() {
            if is_left(&mut left, reached.missing_name(absent)) {
                add(None, reached.missing_path(trees, absent));
            }
        }
        // An object has one path here; names of others that lead to it are looked for.
        let holders = if left.is_empty() { BTreeMap::new() } else { named::holders(trees, &reached.objects, &left) };
        for name in left {
            let last = trees.name(name);
            if let Some(&tree) = holders.get(&name) {
                let tree = trees.object(tree);
                let above = reached.path(trees, tree);
                let path = if above.is_empty() { last.into() } else { [above.as_bytes(), b"/", last].concat().into() };
                add(self.commit_of(reached, tree), path);
            } else if reached.submodules.has(name) {
                add(None, last.into());
            }
        }
        items
    }

    /// The oldest commit, by object, with the tree that an object was first seen in.
    fn commit_of(&self, reached: &Reached, object: u32) -> Option<u32> {
        self.commit_with(reached, reached.root(&self.history.trees, object))
    }

    /// The oldest commit, by object, with a tree.
    fn commit_with(&self, reached: &Reached, root: u32) -> Option<u32> {
        let commits = &self.history.commits;
        reached.oldest_first.iter().find(|&&commit| commits.tree(commit) == Some(root)).map(|&commit| commits.object(commit))
    }

    /// The ids of what references lead to and is not in the repository.
    fn absent_ids(&self) -> Vec<Vec<u8>> {
        let cut = self.history.cut.iter().map(|(_, parent)| parent);
        let trees = self.history.missing.iter().map(|(_, tree)| tree);
        let all = cut.chain(trees).chain(&self.history.trees.missing);
        all.filter(|id| self.inventory.number(id).is_none()).map(|id| id.as_slice().to_vec()).collect()
    }

    /// What it takes to carry the outcome on; none where that is not known.
    fn ledger(
        &self,
        saved: Saved,
        edition: Edition,
        brought: &BTreeMap<Fingerprint, Vec<u32>>,
        messages: (u64, u64),
        excluded: &[u32],
    ) -> Option<Ledger> {
        let absent = self.absent_ids();
        if self.everything.is_some() || absent.len() > MOST_ABSENT {
            return None;
        }
        let id = |object: u32| self.inventory.id(object);
        let chain = Chain::new(&self.history.commits, &self.reached.oldest_first, id);
        let place = |object: &u32| chain.place(id(*object));
        let places = |commits: &Vec<u32>| commits.iter().map(place).collect::<Option<Vec<u32>>>();
        let brought = brought.iter().map(|(secret, commits)| Some((secret.to_bytes(), places(commits)?))).collect::<Option<_>>()?;
        let mut odd = BTreeMap::new();
        for reference in &self.references.all {
            match self.inventory.number(&reference.peeled).and_then(|object| self.inventory.kind(object)) {
                Some(Kind::Commit) => {}
                Some(Kind::Blob) => drop(odd.insert(reference.name.clone(), reference.peeled.as_slice().to_vec())),
                _ => return None,
            }
        }
        let mut excluded: Vec<u32> = excluded.to_vec();
        excluded.sort_unstable();
        let excluded = excluded.iter().flat_map(|&blob| id(blob).as_bytes()).copied().collect();
        Some(Ledger { saved, chain, brought, messages, edition, excluded, absent, odd })
    }
}

/// The name of a reference, as content.
fn name_item(name: &BString) -> ObjectItem {
    ObjectItem { origin: Origin::RefName { name: name.clone() }, content: Content::Name }
}

impl Paths for Known<'_> {
    fn standing(&self, object: u32) -> Wanted {
        let Some(reached) = self.reached_with(object) else { return Wanted::No };
        if self.settings.exclude.is_empty() && !reached.has_others(object) {
            let by_class = reached.class(object).and_then(|class| self.manners.standing_as(class));
            return Wanted::At(by_class.unwrap_or_else(|| self.manners.standing_at(reached.path(&self.history.trees, object))));
        }
        let paths: Vec<BString> = self.paths_of(object).into_iter().map(|(path, _)| path).collect();
        if paths.is_empty() { Wanted::Excluded } else { Wanted::At(self.manners.standing(paths)) }
    }

    fn path(&self, object: u32) -> BString {
        self.path_of(object)
    }
}
