//! The files of a directory tree. Owns: which files are scanned, what they are called and why others are left out.
//! Must not: read a file's content, or follow a symbolic link that was not asked for by name.
//!
//! [`walk`] hands a file over as soon as it is found, while its directory is open; [`list`] collects.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};

use crate::blob::Origin;
use crate::finding::{Coverage, Problem, ProblemKind, SkipReason};
use crate::settings::TreeSettings;
use crate::source::directory::{self, Directory, Entry, Kind};
use crate::source::git::open::{self, Enclosing};
use crate::source::git::worktree::{Rules, WorkTree};
use crate::source::{Listing, SourceError, TreeFile};

/// Files of a directory that one task hands over; more are shared among several, so that a large directory keeps every thread busy.
const TASK_FILES: usize = 16;

/// Where a file that was found can be opened.
#[derive(Debug, Clone, Copy)]
pub enum Place<'p> {
    /// By its path.
    Path(&'p Path),
    /// By its name in a directory that is open.
    In(&'p Directory, &'p OsStr),
}

impl Place<'_> {
    /// Opens the file if it is a regular one.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(&self) -> io::Result<File> {
        match self {
            Self::Path(path) => directory::open(path),
            Self::In(directory, name) => directory.file(name),
        }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Path(path) => (*path).to_owned(),
            Self::In(directory, name) => directory.path().join(name),
        }
    }
}

/// Is given each file and what reports call it, from any thread of the pool that the walk runs in, in no particular order.
pub type Visit<'v> = &'v (dyn Fn(Origin, Place<'_>) + Sync);

/// Lists the files below every root, each once. A root that is a symbolic link is followed; a root that git ignores is listed all the same,
/// because it was asked for, but what its ignore rules say of the files below it holds.
///
/// # Errors
/// If a root does not exist, is neither file nor directory, or is a git directory, and if a repository cannot be read.
pub fn list(settings: &TreeSettings) -> Result<Listing, SourceError> {
    let files = Mutex::new(Vec::new());
    let collect = |origin, place: Place<'_>| {
        let file = TreeFile { path: place.path(), origin };
        files.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    };
    let mut listing = walk(settings, &collect)?;
    listing.files = files.into_inner().unwrap_or_else(PoisonError::into_inner);
    listing.files.sort_unstable_by(|a, b| a.origin.cmp(&b.origin).then_with(|| a.path.cmp(&b.path)));
    if settings.roots.len() > 1 {
        let mut seen = HashSet::new();
        listing.files.retain(|file| seen.insert(file.path.canonicalize().unwrap_or_else(|_| file.path.clone())));
    }
    Ok(listing)
}

/// Hands the files below every root to `visit`, as [`list`] would list them, but one below two roots twice. The listing has no files.
///
/// # Errors
/// As [`list`].
pub fn walk(settings: &TreeSettings, visit: Visit<'_>) -> Result<Listing, SourceError> {
    let exclude = Rules::parse(settings.exclude.join("\n").as_bytes(), 0, None);
    let mut trees = WorkTrees { no_ignore: settings.no_ignore, opened: HashMap::new() };
    let mut listing = Listing::default();
    for (at, path) in settings.roots.iter().enumerate() {
        let root = Root::locate(path, &mut trees)?;
        if at == 0 {
            listing.repository = root.tree.as_ref().map(|tree| tree.facts.clone());
        }
        let mut waiting = vec![(root, BString::default())];
        while let Some((root, above)) = waiting.pop() {
            let (coverage, submodules) = <(Mutex<Coverage>, Mutex<Vec<Submodule>>)>::default();
            let walk =
                Walk { tree: root.tree.as_deref(), no_ignore: settings.no_ignore, exclude: &exclude, above, coverage, submodules, visit };
            walk.start(&root);
            listing.coverage.merge(walk.coverage.into_inner().unwrap_or_else(PoisonError::into_inner));
            waiting.extend(walk.submodules.into_inner().unwrap_or_else(PoisonError::into_inner));
        }
    }
    for tree in trees.opened.into_values().flatten() {
        tree.config_files.iter().for_each(|file| visit(file.origin.clone(), Place::Path(&file.path)));
        listing.coverage.problems.extend(tree.problem.clone());
    }
    listing.coverage.problems.sort_unstable();
    listing.coverage.problems.dedup();
    Ok(listing)
}

/// The work trees of the roots, each opened once.
struct WorkTrees {
    no_ignore: bool,
    opened: HashMap<PathBuf, Option<Arc<WorkTree>>>,
}

impl WorkTrees {
    /// The work tree with this root. One that cannot be read is as if there were none, where git's rules do not count anyway.
    fn at(&mut self, root: PathBuf) -> Result<Option<Arc<WorkTree>>, SourceError> {
        if let Some(tree) = self.opened.get(&root) {
            return Ok(tree.clone());
        }
        let tree = match WorkTree::open(&root) {
            Err(_) if self.no_ignore => None,
            result => result?.map(Arc::new),
        };
        self.opened.insert(root, tree.clone());
        Ok(tree)
    }
}

/// A path that was asked for.
struct Root {
    /// As given; a file's without symbolic links, as reading follows none.
    path: PathBuf,
    /// Its name in origins: empty for a directory that origins are relative to.
    relative: BString,
    directory: bool,
    /// The work tree that holds it.
    tree: Option<Arc<WorkTree>>,
}

impl Root {
    fn locate(path: &Path, trees: &mut WorkTrees) -> Result<Self, SourceError> {
        let failed = |source| SourceError::Root { path: path.to_owned(), source };
        let kind = path.metadata().map_err(failed)?.file_type();
        if !kind.is_dir() && !kind.is_file() {
            return Err(SourceError::Special { path: path.to_owned() });
        }
        let canonical = path.canonicalize().map_err(failed)?;
        let directory = if kind.is_dir() { Some(canonical.as_path()) } else { canonical.parent() };
        let tree = match directory.map(open::enclosing) {
            Some(Enclosing::WorkTree(root)) => trees.at(root)?,
            Some(Enclosing::GitDirectory(git_dir)) if git_dir == canonical => {
                return Err(SourceError::GitDirectory { path: path.to_owned() });
            }
            _ => None,
        };
        let relative = match &tree {
            Some(tree) => slashed(canonical.strip_prefix(&tree.root).unwrap_or(&canonical)),
            None if kind.is_dir() => BString::default(),
            None => slashed(path),
        };
        let path = if kind.is_dir() { path.to_owned() } else { canonical };
        Ok(Self { path, relative, directory: kind.is_dir(), tree })
    }
}

/// A path's bytes with `/` between its parts.
pub(crate) fn slashed(path: &Path) -> BString {
    let mut out = BString::default();
    for component in path.components() {
        if !out.is_empty() && out != "/" {
            out.push(b'/');
        }
        match component {
            Component::RootDir => out.push(b'/'),
            other => out.extend_from_slice(other.as_os_str().as_encoded_bytes()),
        }
    }
    out
}

/// A work tree inside of another one that names it, and what its paths begin with.
type Submodule = (Root, BString);

/// One walk from one root.
struct Walk<'w> {
    tree: Option<&'w WorkTree>,
    no_ignore: bool,
    exclude: &'w Rules,
    /// What the paths of a submodule begin with, a slash at the end; empty outside of one.
    above: BString,
    /// What was left out so far.
    coverage: Mutex<Coverage>,
    /// Those that were found, to be walked by their own rules.
    submodules: Mutex<Vec<Submodule>>,
    visit: Visit<'w>,
}

/// A directory to read.
struct Below {
    path: PathBuf,
    relative: BString,
    /// The ignore rules that hold for it; none outside of git.
    rules: Option<Arc<Rules>>,
    /// Whether it is ignored, and entered only for the tracked files below it.
    ignored: bool,
    /// Whether it was asked for by this path, which may then be a symbolic link; a submodule was not.
    root: bool,
}

/// What becomes of an entry of a directory.
enum Verdict {
    File,
    Directory { ignored: bool },
    Submodule,
    Skip(SkipReason),
}

impl<'w> Walk<'w> {
    fn start(&self, root: &Root) {
        if root.directory {
            let rules = self.git_rules().and_then(|tree| tree.rules_above(root.relative.as_bstr()));
            let below =
                Below { path: root.path.clone(), relative: root.relative.clone(), rules, ignored: false, root: self.above.is_empty() };
            rayon::scope(|scope| self.enter(below, scope));
        } else if self.excludes(root.relative.as_bstr(), false) {
            let mut coverage = Coverage::default();
            coverage.skip(SkipReason::Excluded);
            self.add(coverage);
        } else {
            (self.visit)(Origin::File { path: self.shown(root.relative.as_bstr()) }, Place::Path(&root.path));
        }
    }

    /// The work tree, if git decides what is listed.
    fn git_rules(&self) -> Option<&'w WorkTree> {
        self.tree.filter(|_| !self.no_ignore)
    }

    fn add(&self, coverage: Coverage) {
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner).merge(coverage);
    }

    /// Reads a directory; those below it become tasks of their own, so that depth costs no stack. They are started first: other threads take
    /// the oldest task, this one goes on with the files while their directory is open.
    fn enter<'s>(&'s self, below: Below, scope: &rayon::Scope<'s>) {
        let mut coverage = Coverage::default();
        let Below { path, relative, rules, ignored, root } = below;
        let mut entries = Vec::new();
        let opened = Directory::open(path.clone(), root).and_then(|directory| {
            directory.entries(&mut entries)?;
            Ok(directory)
        });
        if let Err(error) = &opened {
            let path = if relative.is_empty() { slashed(&path) } else { self.shown(relative.as_bstr()) };
            coverage.problems.push(Problem { path, kind: ProblemKind::Unreadable, detail: error.kind().to_string() });
        }
        if self.is_nested_repository(&path, relative.as_bstr(), &entries) {
            coverage.skip(SkipReason::NestedRepository);
            self.config_in(&path.join(".git"), [relative.as_slice(), b"/.git"].concat().as_bstr());
            return self.add(coverage);
        }
        let prefix = if relative.is_empty() { relative } else { [relative.as_slice(), b"/"].concat().into() };
        let has_rules = self.git_rules().is_some() && !ignored && entries.iter().any(|(name, _)| name == ".gitignore");
        let rules = if has_rules { Rules::read(&path.join(".gitignore"), prefix.len(), rules) } else { rules };
        let mut files = Vec::new();
        for (name, kind) in entries {
            let relative: BString = [prefix.as_slice(), name.as_encoded_bytes()].concat().into();
            if name == ".git" {
                self.git_entry(&path.join(name), relative.as_bstr(), kind, &mut coverage);
                continue;
            }
            match self.judge(relative.as_bstr(), kind, rules.as_deref(), ignored) {
                Verdict::File => files.push((name, Origin::File { path: self.shown(relative.as_bstr()) })),
                Verdict::Skip(reason) => coverage.skip(reason),
                Verdict::Submodule if self.submodule(path.join(&name), relative.as_bstr(), &mut coverage) => {}
                verdict @ (Verdict::Submodule | Verdict::Directory { .. }) => {
                    let ignored = matches!(verdict, Verdict::Directory { ignored: true });
                    let below = Below { path: path.join(name), relative, rules: rules.clone(), ignored, root: false };
                    scope.spawn(move |scope| self.enter(below, scope));
                }
            }
        }
        if coverage != Coverage::default() {
            self.add(coverage);
        }
        match opened {
            Ok(directory) => self.hand_over(directory, files, scope),
            Err(_) => files.into_iter().for_each(|(name, origin)| (self.visit)(origin, Place::Path(&path.join(name)))),
        }
    }

    fn hand_over<'s>(&'s self, directory: Directory, mut files: Vec<(OsString, Origin)>, scope: &rayon::Scope<'s>) {
        let visit = |directory: &Directory, files: Vec<(OsString, Origin)>| {
            for (name, origin) in files {
                (self.visit)(origin, Place::In(directory, &name));
            }
        };
        if files.len() <= TASK_FILES {
            return visit(&directory, files);
        }
        let directory = Arc::new(directory);
        while !files.is_empty() {
            let some = files.split_off(files.len().saturating_sub(TASK_FILES));
            let directory = Arc::clone(&directory);
            scope.spawn(move |_| visit(&directory, some));
        }
    }

    /// Whether the directory is a repository inside of the one that is walked, and not a part of it.
    fn is_nested_repository(&self, path: &Path, relative: &BStr, entries: &[Entry]) -> bool {
        let Some(tree) = self.git_rules() else { return false };
        !relative.is_empty()
            && entries.iter().any(|(name, _)| name == ".git")
            && open::is_git(&path.join(".git"))
            && !tree.tracks(relative, true)
    }

    /// A directory that the index names as a submodule: its files are walked by its own rules where it is checked out. One that is not is
    /// counted; false for one that is no repository and has files all the same.
    fn submodule(&self, path: PathBuf, relative: &BStr, coverage: &mut Coverage) -> bool {
        let dot_git = path.join(".git");
        if dot_git.symlink_metadata().is_err() && path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return false;
        }
        self.config_in(&dot_git, [relative.as_bytes(), b"/.git"].concat().as_bstr());
        let opened = path.canonicalize().ok().filter(|root| open::is_git(&root.join(".git"))).and_then(|root| WorkTree::open(&root).ok());
        let Some(tree) = opened.flatten() else {
            coverage.skip(SkipReason::NestedRepository);
            return true;
        };
        let above: BString = [self.above.as_slice(), relative, b"/"].concat().into();
        coverage
            .problems
            .extend(tree.problem.clone().map(|problem| Problem { path: [above.as_slice(), &problem.path].concat().into(), ..problem }));
        let root = Root { path, relative: BString::default(), directory: true, tree: Some(Arc::new(tree)) };
        self.submodules.lock().unwrap_or_else(PoisonError::into_inner).push((root, above));
        true
    }

    /// The path in reports of what is at a path of the work tree.
    fn shown(&self, relative: &BStr) -> BString {
        if self.above.is_empty() { relative.to_owned() } else { [self.above.as_slice(), relative].concat().into() }
    }

    /// A `.git`: never walked, but a repository's own configuration is visited. That of the walked repository is visited elsewhere.
    fn git_entry(&self, path: &Path, relative: &BStr, kind: Kind, coverage: &mut Coverage) {
        coverage.skip(if kind == Kind::Symlink { SkipReason::Symlink } else { SkipReason::GitDirectory });
        let own = self.tree.is_some() && relative == ".git";
        if kind == Kind::Directory && !own {
            self.config_in(path, relative);
        }
    }

    /// Visits the configuration in a git directory, if that is one.
    fn config_in(&self, git_dir: &Path, relative: &BStr) {
        let config = git_dir.join("config");
        let is_there = |path: &Path, is: fn(&std::fs::Metadata) -> bool| path.symlink_metadata().is_ok_and(|metadata| is(&metadata));
        if is_there(git_dir, std::fs::Metadata::is_dir) && is_there(&config, std::fs::Metadata::is_file) {
            let path = [relative.as_bytes(), b"/config"].concat();
            (self.visit)(Origin::GitConfig { path: self.shown(path.as_bstr()) }, Place::Path(&config));
        }
    }

    fn judge(&self, relative: &BStr, kind: Kind, rules: Option<&Rules>, in_ignored: bool) -> Verdict {
        let directory = kind == Kind::Directory;
        if self.excludes(relative, directory) {
            return Verdict::Skip(SkipReason::Excluded);
        }
        let mut ignored = false;
        if let Some(tree) = self.git_rules() {
            if directory && tree.is_submodule(relative) {
                return Verdict::Submodule;
            }
            ignored = in_ignored || rules.is_some_and(|rules| rules.ignore(relative, directory));
            if ignored && !tree.tracks(relative, directory) {
                return Verdict::Skip(SkipReason::Ignored);
            }
        }
        match kind {
            Kind::Directory => Verdict::Directory { ignored },
            Kind::File => Verdict::File,
            Kind::Symlink => Verdict::Skip(SkipReason::Symlink),
            Kind::Special => Verdict::Skip(SkipReason::Special),
        }
    }

    fn excludes(&self, relative: &BStr, directory: bool) -> bool {
        // A single file outside of git can be named by its full path.
        let relative = self.shown(relative);
        let relative = relative.trim_start_with(|character| character == '/').as_bstr();
        self.exclude.ignore(relative, directory)
    }
}
