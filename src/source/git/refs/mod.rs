//! The references of a repository: what gives its commits their names. Owns: reading them all, in files or tables, of all work trees, and
//! their logs. Must not: trust them, follow links out of a directory, or stop at a broken one.

mod reftable;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirEntry, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;

use crate::blob::visible;
use crate::finding::{Problem, ProblemKind};
use crate::source::git::causes;
use crate::source::git::database::DatabaseReader;

/// More than any loose reference takes; git's longest names end below it.
const MAX_LOOSE_BYTES: u64 = 8 << 10;
/// A line of `packed-refs` or of a log is not looked at beyond this.
const MAX_LINE_BYTES: u64 = 64 << 10;
/// How many symbolic references in a row are followed; as in git.
const MAX_LINKS: usize = 5;

/// A reference that leads to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Full name: `refs/heads/main`, `HEAD`, `worktrees/w/HEAD`.
    pub(crate) name: BString,
    /// The object it names.
    pub(crate) id: ObjectId,
    /// What is left when tags are followed: nearly always a commit.
    pub(crate) peeled: ObjectId,
    /// What kind of name it is.
    pub(crate) kind: ReferenceKind,
}

/// What the name of a reference says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ReferenceKind {
    /// What a work tree has checked out.
    Head,
    /// `refs/heads/`.
    Branch,
    /// `refs/remotes/`: what a remote had when it was last talked to.
    RemoteTracking,
    /// `refs/tags/`.
    Tag,
    /// `refs/notes/`.
    Note,
    /// `refs/stash`, and what is in it from `stash@{1}` on.
    Stash,
    /// Pull requests, bisections, whatever else.
    Other,
}

impl ReferenceKind {
    fn of(name: &BStr) -> Self {
        let starts = |prefix: &str| name.starts_with_str(prefix);
        if name == "HEAD" || starts("worktrees/") && name.ends_with_str("/HEAD") {
            Self::Head
        } else if starts("refs/heads/") {
            Self::Branch
        } else if starts("refs/remotes/") {
            Self::RemoteTracking
        } else if starts("refs/tags/") {
            Self::Tag
        } else if starts("refs/notes/") {
            Self::Note
        } else if name == "refs/stash" {
            Self::Stash
        } else {
            Self::Other
        }
    }
}

/// All references.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// Those that lead to an object, by name.
    pub(crate) all: Vec<Reference>,
    /// Every name, of broken references too.
    pub(crate) names: BTreeSet<BString>,
    /// The objects that logs name, on request.
    pub(crate) logged: BTreeSet<ObjectId>,
    /// What logs say about changes, each text once, with an object that one of those led to; on request too.
    pub(crate) log_messages: BTreeMap<BString, ObjectId>,
    /// References that are broken or cannot be read.
    pub(crate) problems: Vec<Problem>,
}

/// What a reference says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// An object. What a file says that it peels to is not believed: whoever made the repository can hide commits with it.
    Object(ObjectId),
    /// Another reference.
    Name(BString),
}

/// Lists the references of a repository whose names begin with `prefix`, of all its work trees; with `logs` also what their
/// logs name.
pub(crate) fn list(repository: &gix::Repository, database: &DatabaseReader, prefix: &str, logs: bool) -> References {
    let mut reading = Reading::new(repository);
    let common = repository.common_dir();
    let storage = Storage::of(repository);
    match &storage {
        Storage::Files => reading.packed(&common.join("packed-refs")),
        Storage::Tables => {}
        Storage::Other(format) => reading.problem("refs".into(), &format!("references in the format {format} cannot be read")),
    }
    let of_work_trees = reading.entries(&common.join("worktrees"), &"worktrees".into()).into_iter();
    let of_work_trees = of_work_trees.map(|(name, entry)| (format!("{name}/"), entry.path()));
    for (prefix, directory) in std::iter::once((String::new(), common.to_owned())).chain(of_work_trees) {
        reading.directory(&directory, &prefix, &storage, logs);
    }
    reading.resolve(database, prefix)
}

/// How a repository keeps its references.
enum Storage {
    Files,
    Tables,
    /// In a way that is not known, by its name.
    Other(String),
}

impl Storage {
    fn of(repository: &gix::Repository) -> Self {
        let name = repository.config_snapshot().string("extensions.refStorage").map(|name| name.to_ascii_lowercase());
        match name.as_deref() {
            None | Some(b"files") => Self::Files,
            Some(b"reftable") => Self::Tables,
            Some(other) => Self::Other(visible(other)),
        }
    }
}

/// What is checked out.
pub(crate) struct Head {
    /// The full name of the branch; none if it is a commit by itself.
    pub(crate) branch: Option<BString>,
    /// Its commit; none before the first.
    pub(crate) id: Option<ObjectId>,
}

/// What a repository's own work tree, or the repository itself where it has none, has checked out.
///
/// # Errors
/// If that cannot be read, and why.
pub(crate) fn head(repository: &gix::Repository) -> Result<Head, String> {
    if let Storage::Tables = Storage::of(repository) {
        let reading = Reading::tables(repository)?;
        let name = BString::from("HEAD");
        let branch = match reading.targets.get(&name) {
            Some(Target::Name(branch)) => Some(branch.clone()),
            _ => None,
        };
        return Ok(Head { branch, id: reading.object(&name) });
    }
    let head = repository.head().map_err(|error| causes::all(&error))?;
    Ok(Head { branch: head.referent_name().map(|name| name.as_bstr().to_owned()), id: head.id().map(gix::Id::detach) })
}

/// The object that a revision names.
pub(crate) fn resolve(repository: &gix::Repository, revision: &str) -> Option<ObjectId> {
    let by_git = |revision: &str| repository.rev_parse_single(revision).ok().map(gix::Id::detach);
    if let Storage::Tables = Storage::of(repository) {
        // `@` alone, at the start, is HEAD.
        let end = revision.char_indices().skip(1).find(|(_, character)| "~^:@".contains(*character)).map_or(revision.len(), |(at, _)| at);
        let (name, rest) = revision.split_at(end);
        let reading = Reading::tables(repository).ok()?;
        if let Some(id) = full_names(name).find_map(|name| reading.object(&name)) {
            return by_git(&format!("{id}{rest}"));
        }
    }
    // HEAD is known where no object can be looked up by it.
    by_git(revision).or_else(|| if matches!(revision, "HEAD" | "@") { head(repository).ok()?.id } else { None })
}

/// The names of references that a name may stand for, in the order in which git tries them.
pub(crate) fn full_names(name: &str) -> impl Iterator<Item = BString> {
    let name = if name == "@" { "HEAD" } else { name };
    let written = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map(|start| format!("{start}{name}"));
    written.into_iter().chain([format!("refs/remotes/{name}/HEAD")]).map(BString::from)
}

/// References as they are read.
struct Reading {
    hash: gix::hash::Kind,
    targets: BTreeMap<BString, Target>,
    /// What was ever put away, newest first.
    stashed: Vec<ObjectId>,
    found: References,
}

impl Reading {
    fn new(repository: &gix::Repository) -> Self {
        Self { hash: repository.object_hash(), targets: BTreeMap::new(), stashed: Vec::new(), found: References::default() }
    }

    /// The references that a work tree sees, kept in tables.
    fn tables(repository: &gix::Repository) -> Result<Self, String> {
        let mut reading = Self::new(repository);
        let mut directories = vec![repository.common_dir(), repository.git_dir()];
        directories.dedup();
        for directory in directories {
            reading.targets.extend(reftable::read(&directory.join("reftable"), reading.hash)?.references);
        }
        Ok(reading)
    }

    /// Reads what one git directory has.
    fn directory(&mut self, directory: &Path, prefix: &str, storage: &Storage, logs: bool) {
        if !matches!(storage, Storage::Tables) {
            self.tree(directory, prefix);
            if prefix.is_empty() {
                self.stash(&directory.join("logs/refs/stash"));
            }
            if logs {
                self.logs(&directory.join("logs"), format!("{prefix}logs").into());
            }
            return;
        }
        match reftable::read(&directory.join("reftable"), self.hash) {
            Ok(stack) => {
                let named = |(name, target): (BString, Target)| ([prefix.as_bytes(), &name].concat().into(), target);
                self.targets.extend(stack.references.into_iter().map(named));
                if prefix.is_empty() {
                    self.stashed = stack.stashed;
                }
                if logs {
                    self.found.logged.extend(stack.logged);
                    stack.log_messages.into_iter().for_each(|(message, id)| self.log_message(message, id));
                }
            }
            Err(error) => self.problem(format!("{prefix}reftable").into(), &error),
        }
    }

    fn problem(&mut self, path: BString, detail: &str) {
        self.found.problems.push(Problem { path, kind: ProblemKind::Unreadable, detail: detail.to_owned() });
    }

    /// The id in whole hex digits.
    fn id(&self, hex: &[u8]) -> Option<ObjectId> {
        ObjectId::from_hex(hex).ok().filter(|id| id.kind() == self.hash && !id.is_null())
    }

    /// Reads `HEAD` and everything in `refs` of a git directory; a loose reference counts before a packed one.
    fn tree(&mut self, directory: &Path, prefix: &str) {
        self.loose(&directory.join("HEAD"), format!("{prefix}HEAD").into());
        let mut waiting = vec![(directory.join("refs"), BString::from(format!("{prefix}refs")))];
        while let Some((directory, name)) = waiting.pop() {
            for (name, entry) in self.entries(&directory, &name) {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => waiting.push((entry.path(), name)),
                    // What git is about to write.
                    _ if name.ends_with_str(".lock") => {}
                    _ => self.loose(&entry.path(), name),
                }
            }
        }
    }

    /// What is in a directory that goes by `name`, each with its own, in order; nothing where there is no such directory.
    fn entries(&mut self, directory: &Path, name: &BString) -> Vec<(BString, DirEntry)> {
        let listed = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            listed => listed.and_then(Iterator::collect::<io::Result<Vec<_>>>),
        };
        let mut entries = listed.unwrap_or_else(|error| {
            self.problem(name.clone(), &error.kind().to_string());
            Vec::new()
        });
        entries.sort_unstable_by_key(DirEntry::file_name);
        let named = |entry: DirEntry| ([name.as_bytes(), b"/", entry.file_name().as_encoded_bytes()].concat().into(), entry);
        entries.into_iter().map(named).collect()
    }

    /// Reads one file. A link to a reference that does not exist is one too, as old versions of git write them.
    fn loose(&mut self, path: &Path, name: BString) {
        let link = fs::read_link(path).ok().map(|target| BString::from(target.as_os_str().as_encoded_bytes()));
        if let Some(target) = link.filter(|target| target.starts_with(b"refs/")) {
            self.targets.insert(name, Target::Name(target));
            return;
        }
        let text = match read_small(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && name.ends_with(b"HEAD") => return,
            Err(error) => return self.broken(name, &error.to_string()),
        };
        let text = text.trim_end_with(|character| character.is_ascii_whitespace());
        let target = match text.strip_prefix(b"ref:") {
            Some(other) => Some(Target::Name(other.trim_start().into())),
            None => self.id(text.split(u8::is_ascii_whitespace).next().unwrap_or_default()).map(Target::Object),
        };
        match target {
            Some(target) => drop(self.targets.insert(name, target)),
            None => self.broken(name, "it names no object"),
        }
    }

    fn broken(&mut self, name: BString, detail: &str) {
        self.targets.remove(&name);
        self.found.names.insert(name.clone());
        self.problem(name, &format!("the reference is broken: {detail}"));
    }

    /// Reads `packed-refs`: `ID NAME` a line, `^ID` below a tag for what it peels to, which the tag itself says.
    fn packed(&mut self, path: &Path) {
        let mut wrong = 0_u64;
        let result = for_each_line(path, |line| {
            let is_peeled = line.strip_prefix(b"^").is_some_and(|hex| self.id(hex).is_some());
            if line.starts_with(b"#") || line.is_empty() || is_peeled {
                return;
            }
            let parts = line.split_once_str(" ").and_then(|(hex, name)| Some((self.id(hex)?, BString::from(name))));
            match parts {
                Some((id, name)) => drop(self.targets.insert(name, Target::Object(id))),
                None => wrong += 1,
            }
        });
        match result {
            Ok(true) => {}
            // Whoever cut it off may have cut more than a line.
            Ok(false) => self.problem("packed-refs".into(), "it is cut off in the middle of a line"),
            Err(error) => self.problem("packed-refs".into(), &error.to_string()),
        }
        if wrong > 0 {
            self.problem("packed-refs".into(), &format!("{wrong} of its lines name no reference"));
        }
    }

    /// Reads the log that the stash is: each line's second id is one that was put away, the newest last.
    fn stash(&mut self, path: &Path) {
        let mut stashed = Vec::new();
        let result = for_each_line(path, |line| stashed.extend(line.splitn(3, |&byte| byte == b' ').nth(1).and_then(|hex| self.id(hex))));
        if let Err(error) = result {
            self.problem("logs/refs/stash".into(), &error.to_string());
        }
        stashed.reverse();
        self.stashed = stashed;
    }

    /// Notes the objects that logs name, before and after each change.
    fn logs(&mut self, directory: &Path, name: BString) {
        let mut waiting = vec![(directory.to_owned(), name)];
        while let Some((directory, name)) = waiting.pop() {
            for (name, entry) in self.entries(&directory, &name) {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    waiting.push((entry.path(), name));
                    continue;
                }
                let result = for_each_line(&entry.path(), |line| {
                    let ids: Vec<ObjectId> = line.splitn(3, |&byte| byte == b' ').take(2).filter_map(|hex| self.id(hex)).collect();
                    self.found.logged.extend(&ids);
                    if let (Some(&id), Some((_, message))) = (ids.last(), line.split_once_str("\t")) {
                        self.log_message(message.into(), id);
                    }
                });
                if let Err(error) = result {
                    self.problem(name, &error.to_string());
                }
            }
        }
    }

    fn log_message(&mut self, message: BString, id: ObjectId) {
        if !message.is_empty() {
            self.found.log_messages.entry(message).or_insert(id);
        }
    }

    /// Follows symbolic references and tags.
    fn resolve(mut self, database: &DatabaseReader, prefix: &str) -> References {
        let named = self.targets.keys().filter_map(|name| Some((name.clone(), self.object(name)?, ReferenceKind::of(name.as_bstr()))));
        let all: Vec<_> = named.chain(self.older_stashes()).filter(|(name, ..)| name.starts_with_str(prefix)).collect();
        for (name, id, kind) in all {
            match database.peel(id) {
                Ok(peeled) => self.found.all.push(Reference { name, id, peeled: peeled.id, kind }),
                Err(error) => self.found.problems.push(error.at(name.as_bstr())),
            }
        }
        self.found.all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.found.names.extend(self.targets.into_keys());
        self.found.problems.sort_unstable();
        self.found
    }

    /// What was put away and is not what `refs/stash` names, as git names it; each once.
    fn older_stashes(&self) -> Vec<(BString, ObjectId, ReferenceKind)> {
        let mut seen: BTreeSet<ObjectId> = self.object(&"refs/stash".into()).into_iter().collect();
        let older = self.stashed.iter().enumerate().filter(|(_, id)| seen.insert(**id));
        older.map(|(number, &id)| (format!("stash@{{{number}}}").into(), id, ReferenceKind::Stash)).collect()
    }

    /// The object a reference leads to; none where it leads to a name without an object, such as a branch before its first commit.
    fn object(&self, name: &BString) -> Option<ObjectId> {
        let mut name = name;
        for _ in 0..=MAX_LINKS {
            match self.targets.get(name)? {
                Target::Object(id) => return Some(*id),
                Target::Name(other) => name = other,
            }
        }
        None
    }
}

/// Reads a regular file that is small, or a link to one.
fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let wrong = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text.to_owned());
    let metadata = path.metadata().map_err(|error| io::Error::from(error.kind()))?;
    if !metadata.is_file() {
        return Err(wrong("it is not a file"));
    }
    let mut text = Vec::new();
    File::open(path).map_err(|error| io::Error::from(error.kind()))?.take(MAX_LOOSE_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_LOOSE_BYTES { Err(wrong("it is too long")) } else { Ok(text) }
}

/// Hands each line of a file to `line`, without its end, cut where it is far too long. A file that is not there has none. Whether the last one
/// has an end.
fn for_each_line(path: &Path, mut line: impl FnMut(&[u8])) -> io::Result<bool> {
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error.kind().into()),
    }
    let mut reader = BufReader::new(File::open(path)?);
    let mut buffer = Vec::new();
    let mut starts = true;
    loop {
        buffer.clear();
        if reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut buffer)? == 0 {
            return Ok(starts);
        }
        let ends = buffer.ends_with(b"\n");
        if starts {
            line(buffer.strip_suffix(b"\n").unwrap_or(&buffer));
        }
        starts = ends;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_kind() {
        let kinds = [
            ("HEAD", ReferenceKind::Head),
            ("worktrees/w/HEAD", ReferenceKind::Head),
            ("refs/heads/a/HEAD", ReferenceKind::Branch),
            ("refs/remotes/origin/HEAD", ReferenceKind::RemoteTracking),
            ("refs/tags/v1", ReferenceKind::Tag),
            ("refs/notes/commits", ReferenceKind::Note),
            ("refs/stash", ReferenceKind::Stash),
            ("refs/stashes", ReferenceKind::Other),
            ("refs/pull/1/head", ReferenceKind::Other),
            ("worktrees/w/refs/bisect/bad", ReferenceKind::Other),
        ];
        for (name, kind) in kinds {
            assert_eq!(ReferenceKind::of(name.into()), kind, "{name}");
        }
    }

    #[test]
    fn long_lines_are_cut_and_counted_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let long = "x".repeat(200_000);
        crate::fsx::write_atomically(&path, |out| write!(out, "a\n{long}\nb")).unwrap();
        let mut lengths = Vec::new();
        assert!(!for_each_line(&path, |line| lengths.push(line.len())).unwrap());
        assert_eq!(lengths, [1, 64 << 10, 1]);
        assert!(for_each_line(&directory.path().join("absent"), |_| panic!("no line")).unwrap());
        assert!(for_each_line(directory.path(), |_| panic!("no line")).is_err());
    }
}
