//! Exceptions: values and places that are not reported. Owns: compiling and matching them. Must not: count what they take out.

use bstr::BStr;
use regex::bytes::{Regex, RegexSet, RegexSetBuilder};

use super::schema;

/// Most bytes of an expression once compiled, and of a set of them.
const SIZE_LIMIT: usize = 256 * 1024;
/// Fewest digits of a commit's id.
const MIN_COMMIT: usize = 7;

/// Expressions one of which must fit; without Unicode classes, as the expressions of patterns.
///
/// # Errors
/// The first expression that cannot be compiled, or all of them being too large together.
pub fn expressions(texts: &[String]) -> Result<RegexSet, Box<regex::Error>> {
    RegexSetBuilder::new(texts).unicode(false).size_limit(SIZE_LIMIT).build().map_err(Box::new)
}

/// What an exception can speak of.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s> {
    /// The path in reports.
    pub path: &'s BStr,
    /// The commit that holds the content.
    pub commit: Option<&'s str>,
    /// The value.
    pub secret: &'s [u8],
    /// What stands before it on its line.
    pub before: &'s [u8],
    /// What stands after it.
    pub after: &'s [u8],
    /// The expression of the pattern that found it.
    pub regex: Option<&'s str>,
}

/// An exception ready to match.
#[derive(Debug, Clone)]
pub struct Exception {
    paths: RegexSet,
    commits: Vec<String>,
    values: RegexSet,
    matches: RegexSet,
    lines: RegexSet,
    words: Vec<Vec<u8>>,
    all: bool,
}

/// Why an exception cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExceptionError {
    /// An expression is wrong.
    #[error("allow: {0}")]
    Regex(#[from] Box<regex::Error>),
    /// A commit's id is none.
    #[error("allow: a commit must be the start of its id, {MIN_COMMIT} hex digits or more")]
    Commit,
    /// A word that stands in every value.
    #[error("allow: a word is empty")]
    EmptyWord,
    /// Nothing is given.
    #[error("allow: it has neither paths, commits, values, matches, lines nor words")]
    Empty,
}

impl Exception {
    /// Compiles an exception.
    ///
    /// # Errors
    /// See [`ExceptionError`].
    pub fn compile(from: &schema::Exception) -> Result<Self, ExceptionError> {
        let is_commit = |id: &String| id.len() >= MIN_COMMIT && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !from.commits.iter().all(is_commit) {
            return Err(ExceptionError::Commit);
        }
        if from.words.iter().any(String::is_empty) {
            return Err(ExceptionError::EmptyWord);
        }
        let compiled = Self {
            paths: expressions(&from.paths)?,
            commits: from.commits.iter().map(|id| id.to_ascii_lowercase()).collect(),
            values: expressions(&from.values)?,
            matches: expressions(&from.matches)?,
            lines: expressions(&from.lines)?,
            words: from.words.iter().map(|word| word.to_ascii_lowercase().into_bytes()).collect(),
            all: from.all,
        };
        if compiled.verdicts(None).next().is_none() { Err(ExceptionError::Empty) } else { Ok(compiled) }
    }

    /// Whether paths are among what it goes by.
    #[must_use]
    pub fn speaks_of_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Whether a path is one of those that it goes by, whatever else has to hold there.
    #[must_use]
    pub fn speaks_of(&self, path: &BStr) -> bool {
        self.paths.is_match(path)
    }

    /// Whether the exception speaks of what was seen.
    #[must_use]
    pub fn holds(&self, seen: &Seen<'_>) -> bool {
        let mut verdicts = self.verdicts(Some(seen));
        if self.all { verdicts.all(|fits| fits) } else { verdicts.any(|fits| fits) }
    }

    /// For each list that is given, whether it fits; nothing fits where nothing was seen.
    fn verdicts<'e>(&'e self, seen: Option<&'e Seen<'e>>) -> impl Iterator<Item = bool> + 'e {
        let given = [
            (!self.paths.is_empty(), List::Paths),
            (!self.commits.is_empty(), List::Commits),
            (!self.values.is_empty(), List::Values),
            (!self.matches.is_empty(), List::Matches),
            (!self.lines.is_empty(), List::Lines),
            (!self.words.is_empty(), List::Words),
        ];
        given.into_iter().filter(|(given, _)| *given).map(move |(_, list)| seen.is_some_and(|seen| self.fits(list, seen)))
    }

    fn fits(&self, list: List, seen: &Seen<'_>) -> bool {
        match list {
            List::Paths => self.paths.is_match(seen.path),
            List::Commits => seen.commit.is_some_and(|commit| self.commits.iter().any(|id| commit.starts_with(id.as_str()))),
            List::Values => self.values.is_match(seen.secret),
            List::Matches => self.matches.is_match(&seen.whole_match()),
            List::Lines => self.lines.is_match(&seen.line()),
            List::Words => {
                let value = seen.secret.to_ascii_lowercase();
                self.words.iter().any(|word| memchr::memmem::find(&value, word).is_some())
            }
        }
    }
}

/// Whether there is no value in no file that none of the exceptions fits, as far as a few that have nothing in common tell.
#[must_use]
pub fn fit_everything<'e>(exceptions: impl Iterator<Item = &'e Exception>) -> bool {
    const PROBES: [(&str, &[u8]); 6] = [
        ("a", b"qX7-2"),
        ("Zz9/w_1.q", b"0000000000"),
        ("-/../k.Jp", b"ABCDEFGHIJKL+/="),
        ("5/5/5", b"!%&"),
        ("src/main.rs", b"\xff\xfe"),
        ("Q", b"s3cr3t word"),
    ];
    let exceptions: Vec<&Exception> = exceptions.collect();
    PROBES.into_iter().all(|(path, secret)| {
        let seen = Seen { path: BStr::new(path), commit: None, secret, before: b"", after: b"", regex: None };
        exceptions.iter().any(|exception| exception.holds(&seen))
    })
}

#[derive(Debug, Clone, Copy)]
enum List {
    Paths,
    Commits,
    Values,
    Matches,
    Lines,
    Words,
}

impl Seen<'_> {
    fn line(&self) -> Vec<u8> {
        [self.before, self.secret, self.after].concat()
    }

    /// All that the pattern's expression matches around the value; the value alone where there is no expression.
    fn whole_match(&self) -> Vec<u8> {
        let line = self.line();
        let value = self.before.len()..self.before.len() + self.secret.len();
        let regex = self.regex.and_then(|regex| Regex::new(&format!("(?-u){regex}")).ok());
        let found = regex.and_then(|regex| {
            let captures = regex.captures_iter(&line).find(|captures| captures.name("secret").is_some_and(|at| at.range() == value))?;
            captures.get(0).map(|whole| whole.range())
        });
        line[found.unwrap_or(value)].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<'s>(path: &'s str, secret: &'s str) -> Seen<'s> {
        Seen {
            path: BStr::new(path),
            commit: Some("0123456789abcdef"),
            secret: secret.as_bytes(),
            before: b"key = '",
            after: b"' # old",
            regex: None,
        }
    }

    fn exception(text: &str) -> Result<Exception, ExceptionError> {
        Exception::compile(&toml::from_str(text).unwrap())
    }

    fn holds(text: &str) -> bool {
        exception(text).unwrap().holds(&seen("src/a.txt", "Abc-Test-1"))
    }

    #[test]
    fn one_list_is_enough_unless_all_must_fit() {
        assert!(holds("paths = ['^src/']\nwords = ['nothing']"));
        assert!(!holds("paths = ['^src/']\nwords = ['nothing']\nall = true"));
        assert!(holds("paths = ['^src/']\nwords = ['TEST']\nall = true"));
    }

    #[test]
    fn each_list_looks_at_its_own() {
        assert!(holds("values = ['^Abc']") && !holds("values = ['key']"));
        assert!(holds("lines = ['key.*# old$']") && !holds("lines = ['new']"));
        assert!(holds("commits = ['0123456']") && !holds("commits = ['1234567']"));
        assert!(!holds("matches = ['key']"));
        let with_regex = Seen { regex: Some("key = '(?P<secret>[^']{1,30})'"), ..seen("a", "Abc-Test-1") };
        assert!(exception("matches = [\"^key = '\"]").unwrap().holds(&with_regex));
        assert!(!exception("matches = ['old']").unwrap().holds(&with_regex));
    }

    #[test]
    fn what_says_nothing_is_an_error() {
        for wrong in
            ["", "all = true", "words = ['']", "commits = ['abc']", "commits = ['nothexx']", "paths = ['(']", "values = ['a{9999999}']"]
        {
            assert!(exception(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn exceptions_for_everything_are_known() {
        for everything in ["paths = ['.*']", "paths = ['']", "values = ['.']", "lines = ['^']", "values = ['(?s:.)+']"] {
            assert!(fit_everything([exception(everything).unwrap()].iter()), "{everything}");
        }
        let halves = [exception("paths = ['^[A-Z]']").unwrap(), exception("paths = ['^[^A-Z]']").unwrap()];
        assert!(fit_everything(halves.iter()));
        for some in ["paths = ['^[A-Z]']", "words = ['test']", "paths = ['.*']\nwords = ['a']\nall = true"] {
            assert!(!fit_everything([exception(some).unwrap()].iter()), "{some}");
        }
        assert!(!fit_everything([].iter()));
    }
}
