//! What of a history was not scanned, in words. Owns: the problems of its report. Must not: decide what counts.

use bstr::{BString, ByteSlice};
use gix::objs::Kind;
use gix::oid;

use super::Known;
use super::outcome::Found;
use crate::finding::{Problem, ProblemKind};
use crate::source::git::pack::packed::Broken;
use crate::source::git::trees::too_many_paths;

impl<'k> Known<'k> {
    /// What references lead to and is not in the repository.
    pub(super) fn absent(&self) -> Vec<Problem> {
        let mut absent = Vec::new();
        for (commit, parent) in self.cut().filter(|(_, parent)| self.inventory.number(parent).is_none()) {
            let why = format!("the history is cut off: its parent {parent} is not in the repository; `git fetch --unshallow` may bring it");
            absent.push(self.cut_at(commit, why));
        }
        for (_, tree) in self.history.missing.iter().filter(|&&(commit, _)| self.has_commit(commit)) {
            absent.push(self.missing(tree, BString::default()));
        }
        let reached = self.everything.as_ref().unwrap_or(&self.reached);
        let trees = &self.history.trees;
        absent.extend(
            reached.missing.iter().map(|absent| self.missing(&trees.missing[absent as usize], reached.missing_path(trees, absent))),
        );
        absent.dedup();
        absent
    }

    /// What is there and cannot be read, besides blobs.
    pub(super) fn unreadable(&self) -> Vec<Problem> {
        let mut problems = self.inventory.problems.clone();
        problems.extend(self.references.problems.iter().cloned());
        for (commit, parent) in self.cut().filter(|(_, parent)| self.inventory.number(parent).is_some()) {
            problems.push(self.cut_at(commit, format!("the history is cut off: its parent {parent} cannot be read")));
        }
        let reached = self.everything.as_ref().unwrap_or(&self.reached);
        for object in reached.objects.iter() {
            let why = self.history.broken.binary_search_by_key(&object, |&(broken, _)| broken).ok().map(|at| self.history.broken[at].1);
            match self.inventory.kind(object) {
                Some(kind @ (Kind::Commit | Kind::Tag)) if why.is_none() => problems.push(self.misnamed(object, kind)),
                kind => problems.extend(why.or(kind.is_none().then_some(Broken::Damaged)).map(|why| self.broken(object, why))),
            }
        }
        problems.dedup();
        problems
    }

    /// Commits that count, each with a parent that is not known.
    fn cut(&self) -> impl Iterator<Item = (u32, &'k oid)> {
        self.history.cut.iter().filter(|&&(commit, _)| self.has_commit(commit)).map(|(commit, parent)| (*commit, &**parent))
    }

    fn cut_at(&self, commit: u32, detail: String) -> Problem {
        Problem { path: BString::from(self.inventory.id(commit).to_string()), kind: ProblemKind::MissingObject, detail }
    }

    /// Blobs that were not looked at, or not as they should be.
    pub(super) fn problems_of_blobs(&self, found: &Found, most: Option<u64>) -> Vec<Problem> {
        let broken = found.broken.iter().map(|&(blob, why)| self.broken(blob, why));
        let over = found
            .over_limit
            .iter()
            .map(|&(blob, size)| crate::scan::file::over_limit(self.path_of(blob).as_bstr(), size, most.unwrap_or(size)));
        let crowded = found.crowded.iter().map(|&blob| crate::scan::blob::too_many(self.path_of(blob).as_bstr()));
        let one_sided = found.one_sided.iter().map(|&(blob, size)| self.one_sided(blob, size));
        let is_cut_short = std::iter::once(&self.reached).chain(&self.everything).any(|reached| reached.is_cut_short);
        let head = || self.ends.head.map_or_else(BString::default, |head| self.inventory.id(head).to_string().into());
        let cut_short = is_cut_short.then(|| too_many_paths(head()));
        broken.chain(over).chain(crowded).chain(one_sided).chain(cut_short).collect()
    }

    /// A large blob was looked at as at one of its paths.
    fn one_sided(&self, blob: u32, size: u64) -> Problem {
        let detail = format!("it has {size} bytes, and stands at paths of several kinds: it was looked at as this one only");
        Problem { path: self.path_of(blob), kind: ProblemKind::OverLimit, detail }
    }

    /// A tree lists as a file what cannot be one.
    fn misnamed(&self, object: u32, kind: Kind) -> Problem {
        let detail = format!("a tree lists object {} among its files, and it is a {kind}: it was not scanned", self.inventory.id(object));
        Problem { path: self.path_of(object), kind: ProblemKind::MissingObject, detail }
    }

    fn missing(&self, id: &oid, path: BString) -> Problem {
        let path = if path.is_empty() { id.to_string().into() } else { path };
        Problem { path, kind: ProblemKind::MissingObject, detail: self.database.missing(id) }
    }

    fn broken(&self, object: u32, why: Broken) -> Problem {
        let detail = format!("object {} cannot be read: {why}", self.inventory.id(object));
        // A commit has no path, and neither has the tree of one; the line in a report has to say something all the same.
        let path = Some(self.path_of(object)).filter(|path| !path.is_empty());
        Problem { path: path.unwrap_or_else(|| self.inventory.id(object).to_string().into()), kind: ProblemKind::MissingObject, detail }
    }
}
