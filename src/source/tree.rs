//! The files of a directory tree. Owns: which files are scanned, what they are called and why others are left out.
//! Must not: read a file's content, or follow a symbolic link that was not asked for by name.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::FileType;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};

use crate::blob::Origin;
use crate::finding::{Coverage, Problem, ProblemKind, SkipReason};
use crate::settings::TreeSettings;
use crate::source::git::open::{self, Enclosing};
use crate::source::git::worktree::{Rules, WorkTree};
use crate::source::{Listing, SourceError, TreeFile};

/// Lists the files below every root. A root that is a symbolic link is followed; a root that git ignores is listed all the same, because
/// it was asked for, but what its ignore rules say of the files below it holds.
///
/// # Errors
/// If a root does not exist, is neither file nor directory, or is a git directory, and if a repository cannot be read.
pub fn list(settings: &TreeSettings) -> Result<Listing, SourceError> {
    let exclude = Rules::parse(settings.exclude.join("\n").as_bytes(), 0, None);
    let mut trees = WorkTrees { no_ignore: settings.no_ignore, opened: HashMap::new() };
    let mut listing = Listing::default();
    for (at, path) in settings.roots.iter().enumerate() {
        let root = Root::locate(path, &mut trees)?;
        if at == 0 {
            listing.repository = root.tree.as_ref().map(|tree| tree.facts.clone());
        }
        let walk = Walk { tree: root.tree.as_deref(), no_ignore: settings.no_ignore, exclude: &exclude, found: Mutex::default() };
        walk.start(&root);
        let found = walk.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        listing.files.extend(found.files);
        listing.coverage.merge(found.coverage);
    }
    for tree in trees.opened.into_values().flatten() {
        listing.files.extend(tree.config_files.iter().map(|path| config_file(&tree, path)));
        listing.coverage.problems.extend(tree.problem.clone());
    }
    listing.files.sort_unstable_by(|a, b| a.origin.cmp(&b.origin).then_with(|| a.path.cmp(&b.path)));
    if settings.roots.len() > 1 {
        let mut seen = HashSet::new();
        listing.files.retain(|file| seen.insert(file.path.canonicalize().unwrap_or_else(|_| file.path.clone())));
    }
    listing.coverage.problems.sort_unstable();
    listing.coverage.problems.dedup();
    Ok(listing)
}

/// A configuration file of a repository, named by its path below the work tree, or in full where it is elsewhere.
fn config_file(tree: &WorkTree, path: &Path) -> TreeFile {
    let name = path.strip_prefix(&tree.root).unwrap_or(path);
    TreeFile { path: path.to_owned(), origin: Origin::GitConfig { path: slashed(name) } }
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
fn slashed(path: &Path) -> BString {
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

/// One walk from one root.
struct Walk<'w> {
    tree: Option<&'w WorkTree>,
    no_ignore: bool,
    exclude: &'w Rules,
    found: Mutex<Found>,
}

/// What a walk, or one directory of it, found.
#[derive(Default)]
struct Found {
    files: Vec<TreeFile>,
    coverage: Coverage,
}

/// A directory to read.
struct Directory {
    path: PathBuf,
    relative: BString,
    /// The ignore rules that hold for it; none outside of git.
    rules: Option<Arc<Rules>>,
    /// Whether it is ignored, and entered only for the tracked files below it.
    ignored: bool,
}

/// What becomes of an entry of a directory.
enum Verdict {
    File,
    Directory { ignored: bool },
    Skip(SkipReason),
}

impl Walk<'_> {
    fn start(&self, root: &Root) {
        if root.directory {
            let rules = self.git_rules().and_then(|tree| tree.rules_above(root.relative.as_bstr()));
            let directory = Directory { path: root.path.clone(), relative: root.relative.clone(), rules, ignored: false };
            rayon::scope(|scope| self.enter(&directory, scope));
        } else {
            let mut found = Found::default();
            if self.excludes(root.relative.as_bstr(), false) {
                found.coverage.skip(SkipReason::Excluded);
            } else {
                found.files.push(TreeFile { path: root.path.clone(), origin: Origin::File { path: root.relative.clone() } });
            }
            self.add(found);
        }
    }

    /// The work tree, if git decides what is listed.
    fn git_rules(&self) -> Option<&WorkTree> {
        self.tree.filter(|_| !self.no_ignore)
    }

    fn add(&self, found: Found) {
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        all.files.extend(found.files);
        all.coverage.merge(found.coverage);
    }

    /// Reads a directory; those below it become tasks of their own, so that depth costs no stack.
    fn enter<'s>(&'s self, directory: &Directory, scope: &rayon::Scope<'s>) {
        let mut found = Found::default();
        let entries = read(directory, &mut found.coverage);
        if self.is_nested_repository(directory, &entries) {
            found.coverage.skip(SkipReason::NestedRepository);
            return self.add(found);
        }
        let base = if directory.relative.is_empty() { 0 } else { directory.relative.len() + 1 };
        let has_rules = self.git_rules().is_some() && !directory.ignored && entries.iter().any(|(name, _)| name == ".gitignore");
        let rules = if has_rules {
            Rules::read(&directory.path.join(".gitignore"), base, directory.rules.clone())
        } else {
            directory.rules.clone()
        };
        for (name, kind) in entries {
            let mut relative = directory.relative.clone();
            if base > 0 {
                relative.push(b'/');
            }
            relative.extend_from_slice(name.as_encoded_bytes());
            let path = directory.path.join(&name);
            if name == ".git" {
                self.git_entry(&path, relative, kind, &mut found);
                continue;
            }
            match self.judge(relative.as_bstr(), kind, rules.as_deref(), directory.ignored) {
                Verdict::File => found.files.push(TreeFile { path, origin: Origin::File { path: relative } }),
                Verdict::Skip(reason) => found.coverage.skip(reason),
                Verdict::Directory { ignored } => {
                    let below = Directory { path, relative, rules: rules.clone(), ignored };
                    scope.spawn(move |scope| self.enter(&below, scope));
                }
            }
        }
        self.add(found);
    }

    /// Whether the directory is a repository inside of the one that is walked, and not a part of it.
    fn is_nested_repository(&self, directory: &Directory, entries: &[(OsString, FileType)]) -> bool {
        let Some(tree) = self.git_rules() else { return false };
        !directory.relative.is_empty()
            && entries.iter().any(|(name, _)| name == ".git")
            && open::is_git(&directory.path.join(".git"))
            && !tree.tracks(directory.relative.as_bstr(), true)
    }

    /// A `.git`: never walked, but a repository's own configuration is listed. That of the walked repository is listed elsewhere.
    fn git_entry(&self, path: &Path, relative: BString, kind: FileType, found: &mut Found) {
        found.coverage.skip(if kind.is_symlink() { SkipReason::Symlink } else { SkipReason::GitDirectory });
        let own = self.tree.is_some() && relative == ".git";
        let config = path.join("config");
        if kind.is_dir() && !own && config.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            let mut name = relative;
            name.extend_from_slice(b"/config");
            found.files.push(TreeFile { path: config, origin: Origin::GitConfig { path: name } });
        }
    }

    fn judge(&self, relative: &BStr, kind: FileType, rules: Option<&Rules>, in_ignored: bool) -> Verdict {
        let directory = kind.is_dir();
        if self.excludes(relative, directory) {
            return Verdict::Skip(SkipReason::Excluded);
        }
        let mut ignored = false;
        if let Some(tree) = self.git_rules() {
            if directory && tree.is_submodule(relative) {
                return Verdict::Skip(SkipReason::NestedRepository);
            }
            ignored = in_ignored || rules.is_some_and(|rules| rules.ignore(relative, directory));
            if ignored && !tree.tracks(relative, directory) {
                return Verdict::Skip(SkipReason::Ignored);
            }
        }
        if directory {
            Verdict::Directory { ignored }
        } else if kind.is_file() {
            Verdict::File
        } else if kind.is_symlink() {
            Verdict::Skip(SkipReason::Symlink)
        } else {
            Verdict::Skip(SkipReason::Special)
        }
    }

    fn excludes(&self, relative: &BStr, directory: bool) -> bool {
        // A single file outside of git can be named by its full path.
        let relative = relative.trim_start_with(|character| character == '/').as_bstr();
        self.exclude.ignore(relative, directory)
    }
}

/// The entries of a directory. What cannot be read of it is a problem.
fn read(directory: &Directory, coverage: &mut Coverage) -> Vec<(OsString, FileType)> {
    let mut out = Vec::new();
    let read = std::fs::read_dir(&directory.path).and_then(|entries| {
        for entry in entries {
            let entry = entry?;
            out.push((entry.file_name(), entry.file_type()?));
        }
        Ok(())
    });
    if let Err(error) = read {
        let path = if directory.relative.is_empty() { slashed(&directory.path) } else { directory.relative.clone() };
        coverage.problems.push(Problem { path, kind: ProblemKind::Unreadable, detail: error.kind().to_string() });
    }
    out
}
