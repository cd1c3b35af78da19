//! What a repository's configuration says about itself. Owns: the facts for reports and the list of configuration files to scan.
//! Must not: let a credential in a URL out.

use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};

use crate::blob::Origin;
use crate::finding::Repository;
use crate::settings::GitEnvironment;
use crate::source::git::{open, refs};
use crate::source::tree::slashed;
use crate::source::{SourceError, TreeFile};

/// Directories in directories of submodules' git directories are not looked for deeper than this.
const MAX_DEPTH: usize = 32;

/// Facts of the repository for reports.
pub(crate) fn facts(repository: &gix::Repository) -> Repository {
    let head = refs::head(repository).ok();
    Repository {
        url: repository.config_snapshot().string("remote.origin.url").and_then(|url| public_url(url.as_bstr())),
        revision: head.as_ref().and_then(|head| head.id).map(|id| id.to_string()),
        branch: head
            .and_then(|head| head.branch)
            .map(|name| name.strip_prefix(b"refs/heads/").unwrap_or(&name).to_str_lossy().into_owned()),
    }
}

/// The configuration files of a repository that are there: the common one, the work tree's own, and those of its submodules' git directories.
/// They are named by their paths below the work tree, or below the repository where there is none, and in full where they are elsewhere. Links are
/// not followed.
pub(crate) fn files(repository: &gix::Repository) -> Vec<TreeFile> {
    let mut candidates = vec![repository.common_dir().join("config"), repository.git_dir().join("config.worktree")];
    candidates.extend(of_submodules(repository.common_dir().join("modules")));
    let root = repository.workdir().unwrap_or(repository.common_dir()).canonicalize().unwrap_or_default();
    let there = candidates.into_iter().filter(|path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()));
    let named = |path: PathBuf| {
        let path = path.canonicalize().unwrap_or(path);
        TreeFile { origin: Origin::GitConfig { path: slashed(path.strip_prefix(&root).unwrap_or(&path)) }, path }
    };
    there.map(named).collect()
}

/// The configuration files of the git directories in `modules`, which are named as their submodules are, with slashes, and have such of their own.
fn of_submodules(modules: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![(modules, 0)];
    while let Some((directory, depth)) = waiting.pop() {
        let is_directory = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        let below = std::fs::read_dir(directory).into_iter().flatten().flatten().filter(is_directory);
        for path in below.filter(|_| depth < MAX_DEPTH).map(|entry| entry.path()) {
            if path.join("HEAD").exists() {
                found.push(path.join("config"));
                waiting.push((path.join("modules"), depth + 1));
            } else {
                waiting.push((path, depth + 1));
            }
        }
    }
    found.sort_unstable();
    found
}

/// The configuration files of the repository that holds a directory, or that the environment names.
pub(crate) fn list(directory: &Path, environment: &GitEnvironment) -> Result<Vec<TreeFile>, SourceError> {
    open::open(directory, environment).map(|opened| files(&opened.repository))
}

/// A remote's URL without userinfo, query and fragment, where credentials can be. `host:path`, which git reads as SSH, becomes a URL.
/// None for a path of this machine and for anything that is not UTF-8.
fn public_url(url: &BStr) -> Option<String> {
    let url = url.to_str().ok()?;
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme, rest.to_owned()),
        None => ("ssh", from_scp_form(url)?),
    };
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    Some(format!("{scheme}://{host}{path}"))
}

/// `user@host:path` as `host/path`; none for paths, also such with a drive letter. Whatever stands before an `@` is dropped.
fn from_scp_form(url: &str) -> Option<String> {
    let (head, rest) = url.split_at(url.find('/').unwrap_or(url.len()));
    let (host, first) = head.rsplit('@').next()?.split_once(':')?;
    let slash = if first.is_empty() { "" } else { "/" };
    (host.len() > 1).then(|| format!("{host}{slash}{first}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(url: &str) -> Option<String> {
        public_url(url.into())
    }

    #[test]
    fn urls_lose_everything_that_can_be_a_credential() {
        assert_eq!(public("https://example.com/a/b.git").as_deref(), Some("https://example.com/a/b.git"));
        assert_eq!(public("https://user:pw@example.com:8443/a.git").as_deref(), Some("https://example.com:8443/a.git"));
        assert_eq!(public("https://us@er:p@w@example.com/a@b").as_deref(), Some("https://example.com/a@b"));
        assert_eq!(public("https://example.com/a?private_token=x#y").as_deref(), Some("https://example.com/a"));
        assert_eq!(public("ssh://git@example.com").as_deref(), Some("ssh://example.com"));
    }

    #[test]
    fn scp_form_becomes_a_url() {
        assert_eq!(public("git@example.com:a/b.git").as_deref(), Some("ssh://example.com/a/b.git"));
        assert_eq!(public("example.com:/srv/b.git").as_deref(), Some("ssh://example.com/srv/b.git"));
        assert_eq!(public("user:pw@example.com:a/b").as_deref(), Some("ssh://example.com/a/b"));
    }

    #[test]
    fn paths_are_no_urls() {
        assert_eq!(public("/srv/git/b.git"), None);
        assert_eq!(public("../b"), None);
        assert_eq!(public("C:\\b"), None);
        assert_eq!(public("./a:b"), None);
        assert_eq!(public_url(b"https://\xff/".as_bstr()), None);
    }
}
