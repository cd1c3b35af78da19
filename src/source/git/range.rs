//! What a range of commits brings. Owns: what a range is, its ends in a repository, and which commit brought what. Must not: read blobs, or
//! fetch what is missing.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;
use gix::objs::Kind;

use crate::blob::{Origin, visible};
use crate::finding::{Coverage, Problem, ProblemKind};
use crate::settings::GitEnvironment;
use crate::source::SourceError;
use crate::source::git::commit_graph::Noted;
use crate::source::git::database::{DatabaseReader, Peeled};
use crate::source::git::graph::{Graph, Paint};
use crate::source::git::history::between::Tables;
use crate::source::git::open::{self, Opened};
use crate::source::git::pack::Inventory;
use crate::source::git::pack::walk;
use crate::source::git::refs::{self, ReferenceKind, References};
use crate::source::git::trees::{Comparison, Counted};
use crate::source::git::{config, lfs, revision};
use crate::source::objects::{Content, ObjectItem, Objects};

/// Which commits are asked for: those reachable from its tips and not from what is known. The hook protocols and the events of
/// [`protocol`](super::protocol) become ranges too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    pub(crate) tips: Vec<Tip>,
    pub(crate) known: Vec<Known>,
    /// Only commits that are not older, in seconds since 1970 by the committer's clock.
    pub(crate) since: Option<i64>,
    /// Whether a blob is listed with each of its paths, not only with one of each class.
    pub(crate) each_path: bool,
    /// Whether it is about this repository, whose configuration counts then, and not about what is pushed from one to another.
    pub(crate) is_local: bool,
    /// What may be used to read many commits at once; none: each object is looked up by itself.
    pub(crate) means: Option<Means>,
}

/// What reading may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Means {
    pub(crate) threads: usize,
    /// Bytes of memory, about.
    pub(crate) memory: usize,
}

/// What has to be scanned with all that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tip {
    /// A revision. If it gets a name somewhere, that is content too; otherwise it has to be a commit.
    Revision { revision: String, name: Option<BString> },
    /// Every reference there is.
    References,
}

/// What was scanned before, or is where the tips go already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// A revision, which must be there.
    Revision(String),
    /// A revision; nothing is known if it is not there.
    IfPresent(String),
    /// What a remote had when it was last talked to, all of them if none is named, a branch of this name apart.
    Tracking { remote: Option<BString>, except: Option<BString> },
    /// Every reference there is.
    References,
}

impl Range {
    /// The range `A..B`. If `A` is all zeros it is everything reachable from `B`; an empty end is `HEAD`.
    ///
    /// # Errors
    /// Text that is not of that form.
    pub fn between(text: &str) -> Result<Self, SourceError> {
        let malformed = |detail| SourceError::Range { range: text.to_owned(), detail };
        let (from, to) = text.split_once("..").ok_or_else(|| malformed("write it as A..B"))?;
        if to.starts_with('.') {
            return Err(malformed("three dots mean something else; write it as A..B"));
        }
        if is_zeros(to) {
            return Err(malformed("its second end is a deletion, which brings nothing"));
        }
        let revision = |text: &str| if text.is_empty() { "HEAD" } else { text }.to_owned();
        let known = if is_zeros(from) { Vec::new() } else { vec![Known::Revision(revision(from))] };
        Ok(Self { tips: vec![Tip::Revision { revision: revision(to), name: None }], known, is_local: true, ..Self::default() })
    }

    /// Everything that references and the HEADs of work trees lead to; with `since` only what commits bring whose committer's clock said that
    /// time or a later one, in seconds since 1970.
    #[must_use]
    pub fn all(since: Option<i64>) -> Self {
        Self { tips: vec![Tip::References], since, ..Self::default() }
    }

    /// The same with each path of a blob: where some paths are to be left out, or say more than their classes do.
    #[must_use]
    pub fn with_each_path(self, each_path: bool) -> Self {
        Self { each_path, ..self }
    }

    /// The same, where a range of many commits is read in the order in which objects are stored, by so many threads and in so many bytes of
    /// memory, about. What is listed is the same.
    #[must_use]
    pub fn at_once(self, threads: usize, memory: usize) -> Self {
        Self { means: Some(Means { threads, memory }), ..self }
    }
}

/// With fewer commits than this each object is looked up by itself.
const MANY_COMMITS: usize = 256;
/// So many objects are read as they are stored while all that a commit brings is looked up object by object.
const OBJECTS_A_COMMIT: usize = 200;
/// What tables take of each object, about.
const BYTES_AN_OBJECT: usize = 100;

/// Whether git means "nothing" by this id, in either length.
pub(crate) fn is_zeros(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte == b'0')
}

/// Lists what the commits of a range bring, oldest first: the message of each commit, each path that is new with it, and each blob that none
/// of its parents has at the same path. A blob is listed once for each class of paths, with the first commit that brings it there; a renamed
/// file brings its name, and its content where the new name is of another class. The names that the tips get and the messages of tags come first.
///
/// Where the history is cut off inside of the range (a shallow clone) that is a problem, and the last commit there is counts as bringing
/// what it does not share with the range's first end.
///
/// # Errors
/// If there is no repository, or one of the ends is missing.
pub fn list(directory: &Path, range: &Range, environment: &GitEnvironment) -> Result<Objects, SourceError> {
    let opened = open::open(directory, environment)?;
    let reader = opened.database.reader();
    let mut listing = Listing::new(&opened, &reader, range);
    let tips = range.tips.iter().map(|tip| listing.tip(tip)).collect::<Result<Vec<_>, _>>()?.concat();
    let known = range.known.iter().map(|known| listing.known(known)).collect::<Result<Vec<_>, _>>()?.concat();
    let mut graph = Graph::new(&reader, Noted::open(&opened.object_directories, opened.repository.object_hash()));
    for id in tips {
        graph.paint(id, Paint::WANTED);
    }
    for id in known {
        graph.paint(id, Paint::UNWANTED);
    }
    let many = range.means.map(|means| (means, MANY_COMMITS.max(reader.packed() / OBJECTS_A_COMMIT)));
    let has_more = graph.walk(many.map_or(usize::MAX, |(_, most)| most));
    let tables = many.filter(|&(_, most)| has_more || graph.len() >= most).and_then(|(means, _)| tables(&opened, means));
    if let Some(tables) = &tables {
        graph.look_up_in(tables);
        listing.comparison.look_up_in(tables);
    }
    graph.walk(usize::MAX);
    listing.brought(&graph);
    let Listing { items, mut coverage, .. } = listing;
    let stored = tables.map(|tables| tables.inventory);
    coverage.problems.sort_unstable();
    coverage.problems.dedup();
    let repository = Some(config::facts(&opened.repository));
    let lfs = lfs::directory(opened.repository.common_dir());
    let configuration = if range.is_local { config::files(&opened.repository) } else { Vec::new() };
    Ok(Objects { items, coverage, repository, configuration, lfs, database: opened.database, stored })
}

/// All commits and trees; none where some cannot be read, which is said of the objects that are missed one by one.
fn tables(opened: &Opened, means: Means) -> Option<Tables> {
    let pool = walk::pool(means.threads);
    let inventory = Inventory::open(&opened.object_directories, opened.repository.object_hash(), &pool);
    // Where they do not fit, objects are looked up one by one.
    let memory = means.memory.checked_sub(inventory.bytes() + inventory.len() as usize * BYTES_AN_OBJECT)?;
    Tables::load(inventory, &pool, memory)
}

/// A listing under way.
struct Listing<'o> {
    opened: &'o Opened,
    reader: &'o DatabaseReader,
    since: Option<i64>,
    comparison: Comparison<'o>,
    items: Vec<ObjectItem>,
    coverage: Coverage,
    /// Ends that were named one by one.
    bases: Vec<ObjectId>,
    /// Tags and blobs that are items, these with what counts of their paths, and paths.
    seen: HashSet<ObjectId>,
    files: HashSet<(ObjectId, Counted)>,
    paths: HashSet<BString>,
}

impl<'o> Listing<'o> {
    fn new(opened: &'o Opened, reader: &'o DatabaseReader, range: &Range) -> Self {
        let (items, coverage, bases) = <(Vec<ObjectItem>, Coverage, Vec<ObjectId>)>::default();
        let (seen, files, paths) = Default::default();
        let comparison = Comparison::new(reader, range.each_path);
        Self { opened, reader, since: range.since, comparison, items, coverage, bases, seen, files, paths }
    }

    /// Whether a blob was not listed as such a file before.
    fn is_new(&mut self, blob: ObjectId, path: &BString) -> bool {
        self.files.insert((blob, self.comparison.file(path)))
    }

    /// The repository's references whose names begin with `prefix`.
    fn references(&self, prefix: &str) -> References {
        refs::list(&self.opened.repository, self.reader, prefix, false)
    }

    /// The commits of a tip; what it has besides of them becomes items.
    fn tip(&mut self, tip: &Tip) -> Result<Vec<ObjectId>, SourceError> {
        match tip {
            Tip::Revision { revision, name } => {
                let peeled = self.resolve(revision)?;
                let Some(name) = name else { return commit_only(revision, &peeled) };
                self.name(name.as_bstr());
                Ok(self.object(peeled).into_iter().collect())
            }
            Tip::References => {
                let References { all, names, problems, .. } = self.references("");
                for name in &names {
                    self.name(name.as_bstr());
                }
                self.coverage.problems.extend(problems);
                let ids: BTreeSet<ObjectId> = all.iter().map(|of| of.id).collect();
                Ok(ids.into_iter().filter_map(|id| self.reader.peel(id).ok()).filter_map(|peeled| self.object(peeled)).collect())
            }
        }
    }

    fn name(&mut self, name: &BStr) {
        self.items.push(ObjectItem { origin: Origin::RefName { name: name.to_owned() }, content: Content::Name });
    }

    /// Adds the tags of a tip, and what it holds where it is no commit.
    fn object(&mut self, peeled: Peeled) -> Option<ObjectId> {
        for tag in peeled.tags {
            if self.since.is_none() && self.seen.insert(tag) {
                self.items.push(ObjectItem { origin: Origin::TagMessage { tag: tag.to_string() }, content: Content::Tag(tag) });
            }
        }
        match peeled.kind {
            Kind::Commit => return Some(peeled.id),
            Kind::Blob => self.loose_blob(peeled.id, peeled.id, BString::default()),
            Kind::Tree if self.since.is_none() => {
                let mut changes = self.comparison.anew().changes(peeled.id, Vec::new(), "".into());
                changes.blobs.sort_unstable_by(|a, b| a.1.cmp(&b.1));
                changes.blobs.drain(..).for_each(|(blob, path)| self.loose_blob(blob, peeled.id, path));
                self.coverage.merge(changes.coverage);
            }
            Kind::Tree | Kind::Tag => {}
        }
        None
    }

    /// Adds a blob that is in no commit, and has therefore no time.
    fn loose_blob(&mut self, blob: ObjectId, holder: ObjectId, path: BString) {
        if self.since.is_none() && self.is_new(blob, &path) {
            self.items.push(ObjectItem { origin: Origin::Object { id: holder.to_string(), path }, content: Content::Blob(blob) });
        }
    }

    /// The commits that are known.
    fn known(&mut self, known: &Known) -> Result<Vec<ObjectId>, SourceError> {
        let peeled = |all: Vec<refs::Reference>| all.into_iter().map(|of| of.peeled).collect::<BTreeSet<_>>().into_iter().collect();
        Ok(match known {
            Known::Revision(revision) => {
                let ids = commit_only(revision, &self.resolve(revision)?)?;
                self.bases.extend(&ids);
                ids
            }
            Known::IfPresent(revision) => {
                let ids = self.resolve(revision).ok().and_then(|peeled| commit_only(revision, &peeled).ok()).unwrap_or_default();
                self.bases.extend(&ids);
                ids
            }
            Known::Tracking { remote, except } => {
                let mut all = self.references("refs/remotes/").all;
                all.retain(|of| is_tracking(of, remote.as_ref().map(|name| name.as_bstr()), except.as_ref()));
                peeled(all)
            }
            Known::References => peeled(self.references("").all),
        })
    }

    /// What a revision names, tags followed.
    fn resolve(&self, revision: &str) -> Result<Peeled, SourceError> {
        let repository = &self.opened.repository;
        let missing = || {
            let of_head = revision.strip_prefix("HEAD").or_else(|| revision.strip_prefix('@'));
            let is_of_head = of_head.is_some_and(|rest| rest.is_empty() || rest.starts_with(['~', '^', '@']));
            let head = if is_of_head { refs::head(repository).ok() } else { None };
            match head {
                Some(head) if head.id.is_some() => self.not_there(revision),
                None if !is_of_head => self.not_there(revision),
                head => {
                    let branch = head.and_then(|head| head.branch).map(|branch| visible(&branch));
                    SourceError::Unborn { revision: revision.to_owned(), branch }
                }
            }
        };
        // A whole id needs no search, and can name an object in quarantine, of which gix knows nothing.
        let whole = revision.len() == repository.object_hash().len_in_hex();
        let id = match ObjectId::from_hex(revision.as_bytes()) {
            Ok(id) if whole => Some(id),
            _ => refs::resolve(repository, revision).or_else(|| revision::resolve(self.reader, revision, |name| self.named(name))),
        };
        self.reader.peel(id.ok_or_else(missing)?).map_err(|_| missing())
    }

    /// The object of the reference that a name stands for.
    fn named(&self, name: &str) -> Option<ObjectId> {
        let all = self.references("").all;
        refs::full_names(name).find_map(|name| all.iter().find(|reference| reference.name == name)).map(|reference| reference.id)
    }

    fn not_there(&self, revision: &str) -> SourceError {
        let fetch = fetch_command(&self.opened.repository, revision);
        SourceError::MissingRevision { revision: revision.to_owned(), fetch }
    }

    /// Adds what the range's commits bring.
    fn brought(&mut self, graph: &Graph<'_>) {
        let mut lost = BTreeMap::new();
        for id in graph.oldest_first() {
            let Some(commit) = graph.get(&id) else { continue };
            let mut others = Vec::with_capacity(commit.parents.len());
            for parent in &commit.parents {
                if let Some(parent) = graph.get(parent) {
                    others.push(parent.tree);
                } else {
                    lost.insert(*parent, id);
                    others.extend(self.bases.iter().filter_map(|base| graph.get(base)).map(|base| base.tree));
                }
            }
            if self.since.is_some_and(|since| commit.time < since) {
                continue;
            }
            self.items.push(ObjectItem { origin: Origin::CommitMessage { commit: id.to_string() }, content: Content::Commit(id) });
            let mut changes = self.comparison.changes(commit.tree, others, "".into());
            for path in changes.paths() {
                if self.paths.insert(path.clone()) {
                    self.items.push(ObjectItem { origin: Origin::PathName { commit: id.to_string(), path }, content: Content::Name });
                }
            }
            self.comparison.without_renames(&mut changes);
            changes.blobs.sort_unstable_by(|a, b| a.1.cmp(&b.1));
            for (blob, path) in changes.blobs {
                if self.is_new(blob, &path) {
                    self.items.push(ObjectItem { origin: Origin::Commit { commit: id.to_string(), path }, content: Content::Blob(blob) });
                }
            }
            self.coverage.merge(changes.coverage);
        }
        self.coverage.problems.extend(lost.into_iter().filter_map(|(parent, child)| cut(&child, &parent, graph)));
    }
}

/// The problem of a commit whose parent cannot be read.
fn cut(commit: &ObjectId, parent: &ObjectId, graph: &Graph<'_>) -> Option<Problem> {
    let error = graph.why_lost(parent)?;
    let path = BString::from(commit.to_string());
    if !error.is_missing() {
        return Some(error.clone().at(path.as_bstr()));
    }
    let detail = format!("the history is cut off: its parent {parent} is not in the repository; `git fetch --unshallow` may bring it");
    Some(Problem { path, kind: ProblemKind::MissingObject, detail })
}

fn commit_only(revision: &str, peeled: &Peeled) -> Result<Vec<ObjectId>, SourceError> {
    match peeled.kind {
        Kind::Commit => Ok(vec![peeled.id]),
        Kind::Tree | Kind::Blob | Kind::Tag => Err(SourceError::NoCommit { revision: revision.to_owned() }),
    }
}

/// Whether the reference says what the remote, or any, has. A remote's `HEAD` only repeats one of its branches.
fn is_tracking(reference: &refs::Reference, remote: Option<&BStr>, except: Option<&BString>) -> bool {
    let Some(name) = reference.name.strip_prefix(b"refs/remotes/").filter(|_| reference.kind == ReferenceKind::RemoteTracking) else {
        return false;
    };
    let name = name.as_bstr();
    let branch = match remote {
        Some(remote) => name.strip_prefix(remote.as_bytes()).and_then(|rest| rest.strip_prefix(b"/")),
        None => name.split_once_str("/").map(|(_, branch)| branch),
    };
    branch.is_some_and(|branch| branch != b"HEAD" && except.is_none_or(|except| branch != except.as_slice()))
}

/// The command that would bring a revision. Only harmless names are put into it: people paste it into a shell.
fn fetch_command(repository: &gix::Repository, revision: &str) -> String {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    if revision.starts_with('-') || !revision.bytes().all(is_name) {
        let deepen = if repository.is_shallow().unwrap_or(false) { "--unshallow" } else { "--all" };
        return format!("git fetch {deepen}");
    }
    match revision.split_once('/') {
        Some((remote, branch)) if repository.config_snapshot().string(&format!("remote.{remote}.url")).is_some() => {
            format!("git fetch {remote} {branch}")
        }
        _ => format!("git fetch origin {revision}"),
    }
}
