//! The ranges of `unleak scan`: hooks, events, dates. Owns: reading what git and its hook managers say. Must not: scan.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use unleak::blob::visible;
use unleak::source::git::protocol::{Remote, Update};
use unleak::source::git::range::Range;

use crate::args::ScanArgs;
use crate::env::Environment;
use crate::failure::Failure;

/// Most bytes of what a hook or an event says; GitHub's documents end at 25 MB.
const MAX_INPUT: u64 = 64 << 20;

/// The range that is asked for; none: something else is.
///
/// # Errors
/// Text of a range, a hook or an event that is none, or cannot be read.
pub fn range(args: &ScanArgs, environment: &Environment) -> Result<Option<Range>, Failure> {
    let range = if let Some(range) = &args.range {
        Range::between(range)
    } else if let Some(remote) = &args.pre_push {
        return pre_push(remote, environment).map(Some);
    } else if args.pre_receive {
        Range::pre_receive(&standard_input("--pre-receive")?)
    } else if let Some(file) = &args.github_event {
        Range::github_event(&event(file)?)
    } else {
        return Ok(None);
    };
    range.map(Some).map_err(|error| Failure::new(&error))
}

/// The range of a push: of what git says on standard input, or of what pre-commit says in its place.
fn pre_push(words: &[String], environment: &Environment) -> Result<Range, Failure> {
    let said = &environment.pre_commit;
    let name = words.first().map(String::as_str).or(said.remote_name.as_deref()).unwrap_or_default();
    let remote = Remote { name, url: words.get(1).map(String::as_str).or(said.remote_url.as_deref()) };
    let lines = standard_input("--pre-push")?;
    if !lines.is_empty() || (said.to.is_none() && said.local_branch.is_none()) {
        return Range::pre_push(remote, &lines).map_err(|error| Failure::new(&error));
    }
    // Of several references pre-commit names the first only, and of a new one no commits.
    let new = said.to.clone().or_else(|| said.local_branch.clone()).unwrap_or_default();
    let name = said.remote_branch.clone().unwrap_or_default();
    Ok(Range::push(remote, &[Update { new, old: said.from.clone(), name }]))
}

fn standard_input(option: &str) -> Result<String, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::new(&format_args!("{option} reads what git tells a hook from standard input, not from a terminal"))
            .hint("at a terminal, --range A..B says which commits to scan"));
    }
    text(&mut stdin.lock()).map_err(|error| Failure::new(&format_args!("cannot read standard input: {error}")))
}

fn event(file: &Path) -> Result<String, Failure> {
    let read = fs::File::open(file).and_then(|mut file| text(&mut file));
    read.map_err(|error| Failure::with_file("read", file, &error))
}

fn text(reader: &mut dyn Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(MAX_INPUT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 64 MiB"));
    }
    // Names of references need not be UTF-8; they are shown and scanned, not looked up.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The time that `--since` names, in seconds since 1970.
///
/// # Errors
/// Text that is no date.
pub fn since(text: &str) -> Result<i64, String> {
    let words = || format!("`{}` is no date; write 2026-01-31, 2026-01-31T12:00:00Z, yesterday or `2 weeks ago`", visible(text.as_bytes()));
    gix::date::parse(text, Some(gix::date::Zoned::now())).map(|time| time.seconds).map_err(|_| words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{SystemTime, UNIX_EPOCH};

    #[test]
    fn dates_are_those_of_git() {
        assert_eq!(since("2026-01-31"), Ok(1_769_817_600));
        assert_eq!(since("2026-01-31T12:00:00Z"), Ok(1_769_860_800));
        assert_eq!(since("2026-01-31 13:00:00 +0100"), Ok(1_769_860_800));
        assert_eq!(since("@1769860800"), Ok(1_769_860_800));
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        for (text, seconds) in [("yesterday", 86_400), ("2 weeks ago", 14 * 86_400), ("3.hours", 3 * 3_600)] {
            let difference = now - since(text).unwrap();
            assert!((seconds..seconds + 60).contains(&difference), "{text}: {difference}");
        }
        let error = since("soon\u{1b}").unwrap_err();
        assert_eq!(error, "`soon\\u{1b}` is no date; write 2026-01-31, 2026-01-31T12:00:00Z, yesterday or `2 weeks ago`");
    }
}
