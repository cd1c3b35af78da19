//! Exceptions and ignored places of other tools' files. Owns: taking their places out of a report, counted by file. Must not: read files.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use super::left;
use crate::finding::{Finding, ForeignFile, Place, Report, Suppression};
use crate::patterns::exception::{self, Exception, Seen};

/// Most places that a file names.
const MOST_PLACES: usize = 100_000;

/// What one file lets pass.
#[derive(Debug, Default)]
pub struct Passes {
    /// Exceptions, each with the id of the one pattern it is limited to.
    pub exceptions: Vec<(Option<String>, Exception)>,
    /// Places.
    pub places: IgnoredPlaces,
}

impl Passes {
    /// Whether it lets everything pass, by its own words.
    #[must_use]
    pub fn everything(&self) -> bool {
        let of_all = self.exceptions.iter().filter(|(pattern, _)| pattern.is_none());
        exception::fit_everything(of_all.map(|(_, exception)| exception))
    }

    fn holds(&self, finding: &Finding, place: &Place) -> bool {
        let id = &finding.pattern.def.id;
        let seen = seen(finding, place);
        self.exceptions.iter().any(|(pattern, exception)| pattern.as_ref().is_none_or(|only| only == id) && exception.holds(&seen))
            || self.places.has(id, place)
    }
}

/// What an exception can look at.
fn seen<'s>(finding: &'s Finding, place: &'s Place) -> Seen<'s> {
    Seen {
        path: place.origin.path(),
        commit: place.origin.commit(),
        secret: finding.secret.expose(),
        before: place.excerpt.before.as_bytes(),
        after: place.excerpt.after.as_bytes(),
        regex: finding.pattern.def.regex.as_deref(),
    }
}

/// Places by commit, path, rule and line: a `.gitleaksignore`.
#[derive(Debug, Clone, Default)]
pub struct IgnoredPlaces {
    /// By path and line, the commits and rules named there.
    places: BTreeMap<(Vec<u8>, u64), Vec<Ignored>>,
    /// Lines that say no place.
    pub unread: u64,
    count: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Ignored {
    commit: Option<String>,
    /// The pattern; none: whatever is found there. Rules of another tool that are no patterns here have other names.
    pattern: Option<String>,
}

impl IgnoredPlaces {
    /// Reads lines of `commit:file:rule:line` and `file:rule:line`; `#` starts a comment. `ids` has the patterns that rules became.
    #[must_use]
    pub fn parse(text: &str, ids: &BTreeMap<String, String>) -> Self {
        let mut read = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if read.count >= MOST_PLACES || read.line(line, ids).is_none() {
                read.unread += 1;
            }
        }
        read
    }

    fn line(&mut self, line: &str, ids: &BTreeMap<String, String>) -> Option<()> {
        let (rest, number) = line.rsplit_once(':')?;
        let (place, rule) = rest.rsplit_once(':')?;
        let number: u64 = number.parse().ok()?;
        let is_commit = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (commit, path) = match place.split_once(':') {
            Some((commit, path)) if is_commit(commit) => (Some(commit.to_ascii_lowercase()), path),
            _ => (None, place),
        };
        let path = path.replace('\\', "/");
        let path = path.trim_start_matches("./");
        if path.is_empty() || rule.is_empty() {
            return None;
        }
        let ignored = Ignored { commit, pattern: ids.get(rule).cloned() };
        self.places.entry((path.as_bytes().to_vec(), number)).or_default().push(ignored);
        self.count += 1;
        Some(())
    }

    /// Number of places.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no place is named.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The paths of all places.
    pub(super) fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.places.keys().map(|(path, _)| path.as_slice())
    }

    fn has(&self, id: &str, place: &Place) -> bool {
        if self.is_empty() {
            return false;
        }
        let key = (place.origin.path().as_bytes().to_vec(), place.start.line);
        let fits = |ignored: &Ignored| {
            ignored.commit.as_ref().is_none_or(|commit| place.origin.commit() == Some(commit))
                && ignored.pattern.as_ref().is_none_or(|pattern| pattern == id)
        };
        self.places.get(&key).is_some_and(|all| all.iter().any(fits))
    }
}

/// Takes the places that a file lets pass out of the report, and notes in each file's record how many. What several let pass counts for the
/// first.
pub fn apply(files: Vec<(ForeignFile, Passes)>, report: &mut Report) {
    for (mut file, passes) in files {
        file.suppressed = left::retain(report, |finding, place| !passes.holds(finding, place));
        file.allows_everything = passes.everything();
        if file.suppressed > 0 {
            *report.suppressed.entry(Suppression::ForeignFile).or_default() += file.suppressed;
        }
        report.foreign_files.push(file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> IgnoredPlaces {
        IgnoredPlaces::parse(text, &BTreeMap::from([("acme-key".to_owned(), "acme-key-here".to_owned())]))
    }

    fn ignored(commit: Option<&str>, pattern: Option<&str>) -> Vec<Ignored> {
        vec![Ignored { commit: commit.map(str::to_owned), pattern: pattern.map(str::to_owned) }]
    }

    #[test]
    fn lines_name_places() {
        let commit = "0123456789ABCDEF0123456789abcdef01234567";
        let text = format!("# x\n\n./a/b.txt:acme-key:3\n{commit}:C:\\x.txt:theirs:7\nabc:d:1\n");
        let read = parsed(&text);
        let lower = commit.to_ascii_lowercase();
        let expected = BTreeMap::from([
            ((b"a/b.txt".to_vec(), 3), ignored(None, Some("acme-key-here"))),
            ((b"C:/x.txt".to_vec(), 7), ignored(Some(&lower), None)),
            ((b"abc".to_vec(), 1), ignored(None, None)),
        ]);
        assert_eq!((read.places, read.unread, read.count), (expected, 0, 3));
    }

    #[test]
    fn what_names_no_place_is_counted() {
        let read = parsed("a\na:b\na:b:c\n:b:3\na::3\na:b:-1\n");
        assert_eq!((read.unread, read.is_empty()), (6, true));
    }
}
