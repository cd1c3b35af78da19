//! What a repository's configuration says about itself. Owns: the facts for reports and the list of configuration files to scan.
//! Must not: let a credential in a URL out.

use std::path::PathBuf;

use bstr::{BStr, ByteSlice};

use crate::finding::Repository;
use crate::source::git::refs;

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

/// The configuration files of a repository that are there: the common one and the work tree's own. Links are not followed.
pub(crate) fn files(repository: &gix::Repository) -> Vec<PathBuf> {
    let candidates = [repository.common_dir().join("config"), repository.git_dir().join("config.worktree")];
    let there = candidates.into_iter().filter(|path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()));
    there.map(|path| path.canonicalize().unwrap_or(path)).collect()
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
