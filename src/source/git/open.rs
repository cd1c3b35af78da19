//! Opening a repository. Owns: which one, and what of its surroundings counts. Must not: read the environment, obey a user's or the
//! system's git configuration, or refuse a repository because another user owns it: it is only read.

use std::io::Read;
use std::path::{Path, PathBuf};

use gix::odb::store::init::Slots;
use gix::open::{Options, Permissions};

use crate::blob::visible;
use crate::settings::GitEnvironment;
use crate::source::SourceError;
use crate::source::git::causes;
use crate::source::git::database::Database;

/// An open repository.
pub(crate) struct Opened {
    /// References and configuration; objects are looked up in `database`.
    pub(crate) repository: gix::Repository,
    /// The objects.
    pub(crate) database: Database,
    /// Where they are, alternates that are named in there apart.
    pub(crate) object_directories: Vec<PathBuf>,
    /// The index that counts; it need not exist.
    pub(crate) index_file: PathBuf,
}

/// Opens the repository that holds `directory`, or the one the environment names.
pub(crate) fn open(directory: &Path, environment: &GitEnvironment) -> Result<Opened, SourceError> {
    let repository = if let Some(git_dir) = &environment.git_dir {
        open_at(git_dir, true)?
    } else {
        let canonical = directory.canonicalize().map_err(|source| SourceError::Root { path: directory.to_owned(), source })?;
        match enclosing(&canonical) {
            Enclosing::WorkTree(root) => open_at(&root, false)?,
            Enclosing::GitDirectory(git_dir) => open_at(&git_dir, true)?,
            Enclosing::Nothing => return Err(SourceError::NoRepository { path: directory.to_owned() }),
        }
    };
    let objects = environment.object_directory.clone().unwrap_or_else(|| repository.common_dir().join("objects"));
    // As for git, one that is not there holds nothing; what is missed then is named.
    let alternates = environment.alternate_object_directories.iter().filter(|directory| directory.is_dir()).cloned();
    let object_directories: Vec<PathBuf> = std::iter::once(objects).chain(alternates).collect();
    let database = Database::open(object_directories.clone(), repository.object_hash())
        .map_err(|error| failure(repository.git_dir(), &causes::of(&error)))?;
    // Not the path that gix proposes: it can be set in the repository's configuration, where git does not look for it.
    let index_file = environment.index_file.clone().unwrap_or_else(|| repository.git_dir().join("index"));
    Ok(Opened { repository, database, object_directories, index_file })
}

/// What of git is around a directory.
pub(crate) enum Enclosing {
    /// The directory is in a work tree with this root.
    WorkTree(PathBuf),
    /// The directory is in a git directory: a bare repository or a `.git`.
    GitDirectory(PathBuf),
    /// Neither.
    Nothing,
}

/// Looks upwards from `directory`, which must be canonical.
pub(crate) fn enclosing(directory: &Path) -> Enclosing {
    for ancestor in directory.ancestors() {
        if is_git(&ancestor.join(".git")) {
            return Enclosing::WorkTree(ancestor.to_owned());
        }
        if is_git(ancestor) {
            return Enclosing::GitDirectory(ancestor.to_owned());
        }
    }
    Enclosing::Nothing
}

/// Whether `candidate` is a git directory, or a `.git` file that leads to one.
pub(crate) fn is_git(candidate: &Path) -> bool {
    git_dir(candidate).is_some_and(|git_dir| is_file(&git_dir.join("HEAD"))) && gix::discover::is_git(candidate).is_ok()
}

/// The directory that `candidate` is, or that the file `candidate` leads to.
fn git_dir(candidate: &Path) -> Option<PathBuf> {
    let metadata = candidate.metadata().ok()?;
    if metadata.is_file() { gix::discover::path::from_gitdir_file(candidate).ok() } else { Some(candidate.to_owned()) }
}

/// The directory that all work trees of a repository share, by one of its git directories or the `.git` file that leads there.
pub(crate) fn common_dir(dot_git: &Path) -> Option<PathBuf> {
    let git_dir = git_dir(dot_git)?;
    let common = gix::discover::path::from_plain_file(&git_dir.join("commondir")).and_then(Result::ok);
    Some(common.map_or_else(|| git_dir.clone(), |path| git_dir.join(path)))
}

/// Opens exactly this repository: `path` is its git directory if `as_is`, else the root of its work tree.
pub(crate) fn open_at(path: &Path, as_is: bool) -> Result<gix::Repository, SourceError> {
    let dot_git = if as_is { path.to_owned() } else { path.join(".git") };
    refuse_traps(&git_dir(&dot_git).unwrap_or(dot_git))?;
    let options = Options::default()
        .permissions(Permissions::isolated())
        // Full trust only decides whether the repository's own configuration counts: its object format has to.
        .with(gix::sec::Trust::Full)
        // Revisions are looked up in what the repository gives away, not in what it shows instead; a damaged commit-graph stops nothing.
        .config_overrides(["core.useReplaceRefs=false", "core.commitGraph=false"])
        .open_path_as_is(as_is);
    let opened = gix::ThreadSafeRepository::open_opts(path, options.clone());
    // Alternates in a circle stop the library while it counts packs; what is read of objects is read without it then.
    let opened = opened.or_else(|error| {
        let is_circle = error.downcast_any_ref::<gix::odb::alternate::Cycle>().is_some();
        if is_circle { gix::ThreadSafeRepository::open_opts(path, options.object_store_slots(Slots::Given(FEW_SLOTS))) } else { Err(error) }
    });
    Ok(opened.map_err(|error| failure(path, &causes::all(&error)))?.to_thread_local())
}

/// Packs that the library has room for where it cannot count them.
const FEW_SLOTS: u16 = 64;

/// What is read when a repository is opened, besides the branch that HEAD names.
const READ_ON_OPENING: [&str; 8] =
    ["HEAD", "commondir", "config", "config.worktree", "gitdir", "objects/info/alternates", "packed-refs", "shallow"];

/// A pipe in place of a file that is read on opening would stop the program for good.
fn refuse_traps(git_dir: &Path) -> Result<(), SourceError> {
    let common = gix::discover::path::from_plain_file(&git_dir.join("commondir")).and_then(Result::ok);
    let common = common.map_or_else(|| git_dir.to_owned(), |path| git_dir.join(path));
    let is_trap = |path: &PathBuf| path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    let files = READ_ON_OPENING.iter().flat_map(|name| [git_dir.join(name), common.join(name)]);
    if let Some(path) = files.into_iter().chain(branch_file(git_dir, &common)).find(is_trap) {
        return Err(failure(&path, &"it is not a file"));
    }
    Ok(())
}

/// The file of the branch that HEAD names. None where HEAD names none.
fn branch_file(git_dir: &Path, common: &Path) -> Option<PathBuf> {
    let head = git_dir.join("HEAD");
    let mut text = String::new();
    if is_file(&head) {
        std::fs::File::open(head).ok()?.take(MAX_HEAD_BYTES).read_to_string(&mut text).ok()?;
    }
    Some(common.join(text.strip_prefix("ref: ")?.trim_end()))
}

/// More than any name of a branch takes.
const MAX_HEAD_BYTES: u64 = 4096;

/// Whether `path` is a regular file, or a link to one.
pub(crate) fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}

/// The error for a repository that cannot be read.
pub(crate) fn failure(path: &Path, error: &dyn std::fmt::Display) -> SourceError {
    SourceError::Repository { path: path.to_owned(), detail: visible(error.to_string().as_bytes()) }
}
