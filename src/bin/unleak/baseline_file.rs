//! The baseline's file. Owns: where it is, reading it, changing it whole or not at all. Must not: decide.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use unleak::finding::{Decision, Finding, Verdict};
use unleak::fsx;
use unleak::report::date;
use unleak::suppress::baseline::Baseline;

use crate::config::Config;
use crate::env::Environment;
use crate::failure::Failure;
use crate::foreign;
use crate::ground::FileArgs;

/// Most bytes of a baseline.
const MAX_SIZE: u64 = 64 << 20;

/// Where the baseline of a scan of `start` is or would be.
pub fn path(files: &FileArgs, config: &Config, start: &Path) -> PathBuf {
    named(files.baseline.as_deref(), config)
        .map_or_else(|| foreign::root(start).unwrap_or_else(|| start.to_owned()).join(Baseline::NAME), Path::to_owned)
}

fn named<'p>(option: Option<&'p Path>, config: &'p Config) -> Option<&'p Path> {
    option.or(config.baseline.as_deref())
}

/// The baseline that a scan of `start` goes by. One that is named has to be there.
///
/// # Errors
/// A file that cannot be read or is no baseline.
pub fn in_use(files: &FileArgs, config: &Config, start: &Path) -> Result<Option<Baseline>, Failure> {
    let is_named = named(files.baseline.as_deref(), config).is_some();
    if files.no_config && !is_named {
        return Ok(None);
    }
    let path = path(files, config, start);
    match read(&path)? {
        None if is_named => {
            Err(Failure::with_file("read", &path, &"there is no such file").hint("`unleak baseline create` or `unleak audit` makes it"))
        }
        read => Ok(read),
    }
}

/// Reads a baseline; none where there is no file.
///
/// # Errors
/// As [`in_use`].
pub fn read(path: &Path) -> Result<Option<Baseline>, Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::with_file("read", path, error).hint("--no-baseline scans without it");
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(|error| cannot(&error))?,
    };
    if !metadata.is_file() {
        return Err(cannot(&"it is not a file"));
    }
    if metadata.len() > MAX_SIZE {
        return Err(cannot(&"it is larger than 64 MiB"));
    }
    let text = fs::read_to_string(path).map_err(|error| cannot(&error))?;
    let wrong = |error| Failure::with_file("use", path, &error).hint("--no-baseline scans without it");
    Baseline::parse(&text).map(Some).map_err(wrong)
}

/// Changes the baseline as it is on disk now, and gives what `change` gives. It is on disk when this returns.
///
/// # Errors
/// A file that is no baseline, or cannot be written; what `change` says.
pub fn change<T>(path: &Path, change: impl FnOnce(&mut Baseline) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut baseline = read(path)?.unwrap_or_else(Baseline::new);
    let changed = change(&mut baseline)?;
    fsx::write_durably(path, |out| baseline.write(out)).map_err(|error| Failure::with_file("write the baseline", path, &error))?;
    Ok(changed)
}

/// A decision of today.
pub fn decision(finding: &Finding, verdict: Verdict, reason: &str, by: &str) -> Decision {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Decision {
        verdict,
        pattern: finding.pattern.def.id.clone(),
        reason: reason.trim().to_owned(),
        by: by.to_owned(),
        date: date::date(i64::try_from(now).unwrap_or(i64::MAX), 0),
    }
}

/// Who decides: by option, else as git knows them, else as the system does.
///
/// # Errors
/// Nobody knows.
pub fn who(option: Option<&str>, start: &Path, environment: &Environment) -> Result<String, Failure> {
    let of_git = || {
        let directory = foreign::root(start)?;
        let name = match gix::discover(directory) {
            Ok(repository) => repository.config_snapshot().string("user.name").map(|name| name.to_string()),
            Err(_) => gix::config::File::from_globals().ok()?.string("user.name").map(|name| name.to_string()),
        };
        name.filter(|name| !name.trim().is_empty())
    };
    let who = option.map(str::to_owned).or_else(of_git).or_else(|| environment.user.clone());
    who.ok_or_else(|| Failure::new(&"nobody knows who decides here").hint("--by NAME says so"))
}
