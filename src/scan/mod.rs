//! Sources × detection × threads → report. Owns: the public scanner. Must not: format reports or find files itself.

mod blob;
mod file;
mod history;
mod judged;
pub mod known;
mod lfs;
mod names;
mod repositories;
mod stream;

pub(crate) use blob::resolve;
pub use judged::Judged;

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;

use crate::blob::Origin;
use crate::finding::{Coverage, Problem, Report, Repository};
use crate::gather::{Fate, Gathered};
use crate::patterns::Catalogue;
use crate::settings::{MEMORY, Settings, TreeSettings};
use crate::source::git::range::Range;
use crate::source::objects::{ObjectItem, ObjectReader, Objects};
use crate::source::tree::{self, Place};
use crate::source::{Listing, SourceError, TreeFile};
use crate::suppress::globs::Globs;
use crate::suppress::passed::PassedPaths;
use names::Directories;

/// Fewer items than this are scanned on the caller's thread: starting others would cost more.
const WORTH_THREADS: usize = 8;

/// Items that a thread takes at a time.
const TAKEN_AT_ONCE: usize = 8;

/// Is told how far the work got, from any thread.
pub trait Progress: Sync {
    /// What is done from now on.
    fn stage(&self, stage: Stage) {
        let _ = stage;
    }
    /// The number of items of the stage, once it is known.
    fn total(&self, items: u64);
    /// So many more items and bytes are done.
    fn advance(&self, items: u64, bytes: u64);
}

/// What a scan of a history is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading which commits and trees there are, and looking at what people wrote into commits.
    Commits,
    /// Looking at the content of files.
    Content,
    /// Following the secrets that were found through the history.
    Exposure,
    /// Whatever comes then.
    Rest,
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _items: u64) {}
    fn advance(&self, _items: u64, _bytes: u64) {}
}

/// Finds credentials.
///
/// ```
/// use unleak::{blob::Origin, patterns::Catalogue, scan::Scanner, settings::Settings};
///
/// let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
/// let origin = Origin::Stdin { name: "config.py".into() };
/// let text = format!("url = 'postgres://app:{}@db.internal/app'\n", ["tr0ub4dor", "Zebra9"].join("&"));
/// let report = scanner.bytes(origin, text.as_bytes());
/// assert_eq!(report.findings.len(), 1);
/// let place = &report.findings[0].places[0];
/// assert_eq!((place.start.line, place.start.column_char), (1, 23));
/// assert_eq!(report.findings[0].secret.masked(), "tr0u********");
/// ```
#[derive(Debug)]
pub struct Scanner {
    catalogue: Catalogue,
    settings: Settings,
}

impl Scanner {
    /// A scanner for these patterns.
    #[must_use]
    pub const fn new(catalogue: Catalogue, settings: Settings) -> Self {
        Self { catalogue, settings }
    }

    /// The patterns it looks for.
    #[must_use]
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Whether more of paths counts than their classes: some are left out or let pass, or patterns go by them. Content is looked at with each
    /// of its paths then.
    #[must_use]
    pub fn counts_each_path(&self, exclude: &Globs, let_pass: &PassedPaths) -> bool {
        !exclude.is_empty() || !let_pass.is_empty() || self.catalogue.is_limited_to_paths()
    }

    /// Scans content that is in memory.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an origin is made for one scan")]
    pub fn bytes(&self, origin: Origin, bytes: &[u8]) -> Report {
        self.whole(&origin, bytes).into_report(self.settings.explain)
    }

    /// Scans a stream to its end, in memory that does not grow with it.
    ///
    /// # Errors
    /// What reading gives.
    #[expect(clippy::needless_pass_by_value, reason = "an origin is made for one scan")]
    pub fn reader(&self, origin: Origin, reader: &mut dyn Read) -> io::Result<Report> {
        let gathered = self.stream(&origin, reader, &mut Vec::new())?;
        Ok(gathered.into_report(self.settings.explain))
    }

    /// Scans files and directories.
    ///
    /// # Errors
    /// A root that does not exist or cannot be listed. A file that cannot be read is a problem in the report.
    pub fn tree(&self, tree: &TreeSettings, progress: &dyn Progress) -> Result<Report, SourceError> {
        let directories = Directories::default();
        let (listing, mut gathered) = match tree.roots.as_slice() {
            [root] if root.is_dir() => self.walk(tree, &directories, progress)?,
            _ => {
                let listing = tree::list(tree)?;
                let scan = |buffer: &mut Vec<u8>, file: &TreeFile| {
                    let scanned = self.file(&file.origin, Place::Path(&file.path), buffer);
                    scanned.merge(self.names_above(&file.origin, &directories))
                };
                progress.total(listing.files.len() as u64);
                let gathered = self.all(&listing.files, progress, Vec::new, scan);
                (listing, gathered)
            }
        };
        gathered.coverage.merge(listing.coverage);
        let mut report = gathered.into_report(self.settings.explain);
        report.repository = listing.repository.map(|facts| self.without_secrets(facts));
        Ok(report)
    }

    /// Scans each file of a tree when it is found. How many there are nobody knows before the end.
    fn walk(&self, tree: &TreeSettings, directories: &Directories, progress: &dyn Progress) -> Result<(Listing, Gathered), SourceError> {
        let pool = self.pool();
        let threads = pool.as_ref().map_or_else(rayon::current_num_threads, ThreadPool::current_num_threads);
        // One lock a thread, which nobody else ever waits for.
        let states: Vec<Mutex<(Vec<u8>, Gathered)>> = std::iter::repeat_with(Mutex::default).take(threads).collect();
        let visit = |origin: Origin, place: Place<'_>| {
            let mut state = states[rayon::current_thread_index().unwrap_or(0)].lock().unwrap_or_else(PoisonError::into_inner);
            let (buffer, gathered) = &mut *state;
            let scanned = self.file(&origin, place, buffer);
            progress.advance(1, scanned.coverage.bytes);
            *gathered = std::mem::take(gathered).merge(scanned).merge(self.names_above(&origin, directories));
        };
        let listing = match &pool {
            Some(pool) => pool.install(|| tree::walk(tree, &visit)),
            None => tree::walk(tree, &visit),
        }?;
        let gathered = states.into_iter().map(|state| state.into_inner().unwrap_or_else(PoisonError::into_inner).1);
        Ok((listing, gathered.fold(Gathered::default(), Gathered::merge)))
    }

    /// As many threads as the settings say; none if the system gives none.
    fn pool(&self) -> Option<ThreadPool> {
        rayon::ThreadPoolBuilder::new().num_threads(self.settings.threads.unwrap_or(0)).build().ok()
    }

    /// Scans content of a git object database.
    #[must_use]
    pub fn objects(&self, objects: &Objects, progress: &dyn Progress) -> Report {
        let gathered = self.gather_objects(objects, progress).merge(self.configuration(&objects.configuration));
        let mut report = gathered.into_report(self.settings.explain);
        report.repository = objects.repository.clone().map(|facts| self.without_secrets(facts));
        report
    }

    fn gather_objects(&self, objects: &Objects, progress: &dyn Progress) -> Gathered {
        // Reasons are given of candidates that are looked at.
        if let Some(inventory) = objects.stored.as_ref().filter(|_| !self.settings.explain) {
            return self.gather_stored(objects, inventory, progress);
        }
        progress.total(objects.items.len() as u64);
        let items: Vec<&ObjectItem> = objects.items.iter().collect();
        let mut gathered = self.gather_each(objects, &items, progress);
        gathered.coverage.merge(objects.coverage.clone());
        gathered
    }

    /// What some of the items hold, each looked up by itself.
    fn gather_each(&self, objects: &Objects, items: &[&ObjectItem], progress: &dyn Progress) -> Gathered {
        let scan = |(reader, buffer): &mut (ObjectReader, Vec<u8>), item: &&ObjectItem| {
            self.object(objects, reader, item, buffer).unwrap_or_else(Gathered::of_problem)
        };
        self.all(items, progress, || (objects.reader(), Vec::new()), scan)
    }

    /// What the configuration of a repository holds; it counts as no content of what was asked for.
    fn configuration(&self, files: &[TreeFile]) -> Gathered {
        let scan = |file: &TreeFile| {
            let mut gathered = self.file_alone(&file.origin, Place::Path(&file.path), &mut Vec::new());
            gathered.coverage = Coverage { problems: gathered.coverage.problems, ..Coverage::default() };
            gathered
        };
        files.iter().map(scan).fold(Gathered::default(), Gathered::merge)
    }

    /// The facts of a repository as they may be shown: a branch can be named by a secret.
    fn without_secrets(&self, mut facts: Repository) -> Repository {
        let Some(branch) = &mut facts.branch else { return facts };
        let origin = Origin::RefName { name: branch.as_str().into() };
        let sightings = self.whole(&origin, branch.as_bytes()).sightings;
        for sighting in sightings.iter().rev().filter(|sighting| !matches!(sighting.fate, Fate::Dropped(_))) {
            let [start, end] = [sighting.place.span.start, sighting.place.span.end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
            if branch.get(start..end).is_some() {
                branch.replace_range(start..end, &sighting.secret.masked());
            }
        }
        facts
    }

    /// Reads and scans an object, unless it is over the limit, which its size tells before it is unpacked.
    fn object(&self, objects: &Objects, reader: &mut ObjectReader, item: &ObjectItem, buffer: &mut Vec<u8>) -> Result<Gathered, Problem> {
        if let Some(most) = self.settings.max_file_size {
            let size = reader.size(item)?;
            if size > most {
                return Err(file::over_limit(item.origin.path(), size, most));
            }
        }
        Ok(self.content_of(objects, item, reader.read(item, buffer)?))
    }

    /// What an item holds whose object is at hand.
    fn item(&self, objects: &Objects, item: &ObjectItem, object: &[u8]) -> Gathered {
        match self.settings.max_file_size {
            Some(most) if object.len() as u64 > most => {
                Gathered::of_problem(file::over_limit(item.origin.path(), object.len() as u64, most))
            }
            _ => self.content_of(objects, item, &item.content_in(object)),
        }
    }

    fn content_of(&self, objects: &Objects, item: &ObjectItem, bytes: &[u8]) -> Gathered {
        let mut gathered = self.whole(&item.origin, bytes);
        if item.is_of_content() {
            gathered.coverage = Coverage::default();
        }
        match self.behind_object(&item.origin, bytes, &objects.lfs) {
            Some(behind) => gathered.merge(behind),
            None => gathered,
        }
    }

    /// The same range, to be read with what the settings allow: where that is faster, in the order in which objects are stored.
    #[must_use]
    pub fn at_once(&self, range: Range) -> Range {
        range.at_once(self.threads(), self.memory())
    }

    /// Bytes of memory that a scan of a history may take.
    fn memory(&self) -> usize {
        self.settings.memory.unwrap_or(MEMORY)
    }

    /// How many threads may be used.
    fn threads(&self) -> usize {
        self.settings.threads.filter(|&threads| threads > 0).unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// Scans every item, on several threads where that pays; `start` makes what one thread needs. Threads take the next few items each time
    /// they are free, so one large file holds nobody up.
    fn all<T: Sync, S>(
        &self,
        items: &[T],
        progress: &dyn Progress,
        start: impl Fn() -> S + Sync,
        scan: impl Fn(&mut S, &T) -> Gathered + Sync,
    ) -> Gathered {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut state = start();
            let mut gathered = Gathered::default();
            loop {
                let first = next.fetch_add(TAKEN_AT_ONCE, Ordering::Relaxed);
                let Some(taken) = items.get(first..items.len().min(first + TAKEN_AT_ONCE)).filter(|taken| !taken.is_empty()) else {
                    return gathered;
                };
                for item in taken {
                    let scanned = scan(&mut state, item);
                    progress.advance(1, scanned.coverage.bytes);
                    gathered = gathered.merge(scanned);
                }
            }
        };
        if items.len() < WORTH_THREADS || self.settings.threads == Some(1) {
            return work();
        }
        match self.pool() {
            Some(pool) => pool.broadcast(|_| work()).into_iter().fold(Gathered::default(), Gathered::merge),
            None => work(),
        }
    }
}
