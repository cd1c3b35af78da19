//! A checked-out work tree: what git tracks in it and what it ignores. Owns: the index lookups and the ignore rules.
//! Must not: walk directories.

use std::collections::{HashMap, HashSet};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use gix::glob::pattern::{Case, Mode};
use gix::glob::{Pattern, wildmatch};

use crate::finding::{Problem, ProblemKind, Repository};
use crate::source::git::{causes, config, open};
use crate::source::{SourceError, TreeFile};

/// Ignore files larger than this many bytes are not obeyed, so that more is scanned, not less.
const MAX_RULES_BYTES: u64 = 1 << 20;

/// A work tree and what is known about its paths. Paths are relative to its root, with `/` as separator.
pub(crate) struct WorkTree {
    /// The canonical root.
    pub(crate) root: PathBuf,
    /// Facts of the repository.
    pub(crate) facts: Repository,
    /// The repository's configuration files.
    pub(crate) config_files: Vec<TreeFile>,
    /// Why what git tracks is not known, where it is not.
    pub(crate) problem: Option<Problem>,
    index: gix::index::State,
    /// Submodules, whether checked out or not.
    submodules: HashSet<BString>,
    /// `info/exclude`.
    rules: Option<Arc<Rules>>,
}

impl WorkTree {
    /// Opens the work tree at `root`, which must be canonical and have a `.git`; none if the repository's work tree is another one.
    pub(crate) fn open(root: &Path) -> Result<Option<Self>, SourceError> {
        let repository = open::open_at(root, false)?;
        if repository.workdir().and_then(|path| path.canonicalize().ok()).as_deref() != Some(root) {
            return Ok(None);
        }
        let (index, problem) = match read_index(&repository.git_dir().join("index"), repository.object_hash()) {
            Ok(index) => (index, None),
            Err(error) => {
                let detail = format!("what git tracks is not known: {error}");
                let problem = Problem { path: ".git/index".into(), kind: ProblemKind::Unreadable, detail };
                (gix::index::State::new(repository.object_hash()), Some(problem))
            }
        };
        let submodules = index.entries().iter().filter(|entry| entry.mode.is_submodule()).map(|entry| entry.path(&index).to_owned());
        Ok(Some(Self {
            root: root.to_owned(),
            facts: config::facts(&repository),
            config_files: config::files(&repository),
            problem,
            submodules: submodules.collect(),
            rules: Rules::read(&repository.common_dir().join("info/exclude"), 0, None),
            index,
        }))
    }

    /// The rules that hold in the directory at `relative`, without those of its own ignore file.
    pub(crate) fn rules_above(&self, relative: &BStr) -> Option<Arc<Rules>> {
        let mut rules = self.rules.clone();
        let mut directory = self.root.clone();
        let mut base = 0;
        for part in relative.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
            rules = Rules::read(&directory.join(".gitignore"), base, rules);
            let Ok(name) = part.to_os_str() else { break };
            directory.push(name);
            base += part.len() + 1;
        }
        rules
    }

    /// Whether the path is a submodule.
    pub(crate) fn is_submodule(&self, relative: &BStr) -> bool {
        self.submodules.contains(relative)
    }

    /// Whether git tracks the file, or any file below the directory.
    pub(crate) fn tracks(&self, relative: &BStr, directory: bool) -> bool {
        if !directory {
            return self.index.entry_index_by_path(relative).is_ok();
        }
        let mut prefix = relative.to_owned();
        prefix.push(b'/');
        let (Ok(at) | Err(at)) = self.index.entry_index_by_path(prefix.as_bstr());
        self.index.entries().get(at).is_some_and(|entry| entry.path(&self.index).starts_with(&prefix))
    }
}

/// The index at `path`; an empty one where there is none. Its checksum is not verified, as git does not verify it either: that would
/// take longer than everything else. Errors are in words.
pub(crate) fn read_index(path: &Path, hash: gix::hash::Kind) -> Result<gix::index::State, String> {
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err("it is not a file".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(gix::index::State::new(hash)),
        Err(error) => return Err(error.kind().to_string()),
    }
    let options = gix::index::decode::Options { thread_limit: Some(1), ..Default::default() };
    let file = gix::index::File::at(path, hash, true, options).map_err(|error| causes::all(&error))?;
    Ok(file.into_parts().0)
}

/// The rules of one ignore file, and those they are stronger than. They mean what they mean to git. Most are plain names, and trees are
/// large, so those are looked up and only the others are tried one by one.
pub(crate) struct Rules {
    patterns: Vec<Pattern>,
    /// Patterns that are the name of a file or directory wherever it is.
    names: HashMap<BString, Vec<usize>>,
    /// Patterns that are a path.
    paths: HashMap<BString, Vec<usize>>,
    /// The others, in order.
    globs: Vec<usize>,
    /// How many bytes of a path name the directory of the file, with its slash.
    base: usize,
    weaker: Option<Arc<Rules>>,
}

impl Rules {
    /// Reads the rules, one a line.
    pub(crate) fn parse(lines: &[u8], base: usize, weaker: Option<Arc<Self>>) -> Self {
        let mut rules = Self { patterns: Vec::new(), names: HashMap::new(), paths: HashMap::new(), globs: Vec::new(), base, weaker };
        for (at, (pattern, _, _)) in gix::ignore::parse(lines, false).enumerate() {
            if pattern.first_wildcard_pos.is_some() {
                rules.globs.push(at);
            } else {
                let anywhere = pattern.mode.contains(Mode::NO_SUB_DIR) && !pattern.mode.contains(Mode::ABSOLUTE);
                let map = if anywhere { &mut rules.names } else { &mut rules.paths };
                map.entry(pattern.text.clone()).or_default().push(at);
            }
            rules.patterns.push(pattern);
        }
        rules
    }

    /// Adds the rules of the ignore file at `path` to `weaker`. A link is not followed, as git does not.
    pub(crate) fn read(path: &Path, base: usize, weaker: Option<Arc<Self>>) -> Option<Arc<Self>> {
        match small_file(path) {
            Some(lines) => Some(Arc::new(Self::parse(&lines, base, weaker))),
            None => weaker,
        }
    }

    /// Whether the path is ignored. Nothing is said about the directories above it.
    pub(crate) fn ignore(&self, relative: &BStr, directory: bool) -> bool {
        let mut rules = Some(self);
        while let Some(of_file) = rules {
            let below = relative.get(of_file.base..).unwrap_or_default().as_bstr();
            if let Some(pattern) = of_file.last_match(below, directory) {
                return !pattern.is_negative();
            }
            rules = of_file.weaker.as_deref();
        }
        false
    }

    /// The last pattern that matches the path, which decides.
    fn last_match(&self, path: &BStr, directory: bool) -> Option<&Pattern> {
        let name_start = path.rfind_byte(b'/').map(|slash| slash + 1);
        let name = &path[name_start.unwrap_or_default()..];
        let fits = |&&at: &&usize| directory || !self.patterns[at].mode.contains(Mode::MUST_BE_DIR);
        let literal = [self.names.get(name), self.paths.get(path)].into_iter().flatten().flatten().filter(fits).max();
        let matches = |&&at: &&usize| {
            let mode = wildmatch::Mode::NO_MATCH_SLASH_LITERAL;
            self.patterns[at].matches_repo_relative_path(path, name_start, Some(directory), Case::Sensitive, mode)
        };
        let later = |at: &&usize| literal.is_none_or(|literal| literal < *at);
        let glob = self.globs.iter().rev().take_while(later).find(matches);
        glob.or(literal).map(|&at| &self.patterns[at])
    }
}

/// The content of a regular file that is not too large for an ignore file.
fn small_file(path: &Path) -> Option<Vec<u8>> {
    let metadata = path.symlink_metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MAX_RULES_BYTES {
        return None;
    }
    let mut content = Vec::new();
    std::fs::File::open(path).ok()?.take(MAX_RULES_BYTES).read_to_end(&mut content).ok()?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(rules: &str, path: &str) -> bool {
        let (path, directory) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        Rules::parse(rules.as_bytes(), 0, None).ignore(path.into(), directory)
    }

    #[test]
    fn the_last_pattern_decides_whatever_its_kind() {
        assert!(ignored("a\n!*\na", "x/a"));
        assert!(!ignored("a\n!*", "x/a"));
        assert!(!ignored("*\n!a", "x/a"));
        assert!(!ignored("*\n!/x/a", "x/a"));
        assert!(ignored("!x/a\nx/*", "x/a"));
        assert!(!ignored("", "a"));
    }

    #[test]
    fn names_hold_everywhere_and_paths_from_the_file_on() {
        assert!(ignored("a", "x/y/a"));
        assert!(ignored("/a", "a"));
        assert!(!ignored("/a", "x/a"));
        assert!(ignored("x/a", "x/a"));
        assert!(!ignored("x/a", "y/x/a"));
        assert!(ignored("**/x/a", "y/x/a"));
    }

    #[test]
    fn a_slash_at_the_end_means_directories() {
        assert!(ignored("a/", "x/a/"));
        assert!(!ignored("a/", "x/a"));
        // A weaker pattern of the same name still counts for files.
        assert!(ignored("a\n!a/", "a"));
        assert!(!ignored("a\n!a/", "a/"));
    }

    #[test]
    fn rules_of_a_directory_come_before_those_above_it() {
        let above = Arc::new(Rules::parse(b"*.o\n/d/x", 0, None));
        let rules = Rules::parse(b"!a.o\n/y", 2, Some(above));
        assert!(!rules.ignore("d/a.o".into(), false));
        assert!(rules.ignore("d/b.o".into(), false));
        assert!(rules.ignore("d/x".into(), false));
        assert!(rules.ignore("d/y".into(), false));
        assert!(!rules.ignore("d/d/y".into(), false));
    }

    #[test]
    fn patterns_cannot_take_for_ever() {
        let rules = "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b\n*a*a*a*a*a*a*a*a*a*b\n".repeat(50);
        let started = std::time::Instant::now();
        assert!(!ignored(&rules, &format!("{}{}", "a/".repeat(1800), "a".repeat(250))));
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }
}
