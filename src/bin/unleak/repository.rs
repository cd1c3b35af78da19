//! Which repository `unleak scan` reads. Owns: the words of the command line that name it. Must not: open it.

use std::path::{Path, PathBuf};

use unleak::blob::visible;
use unleak::settings::GitEnvironment;

use crate::args::ScanArgs;
use crate::env::Environment;
use crate::failure::Failure;

/// The repository of a scan of git content.
pub struct Repository<'a> {
    /// The repository, or a directory in it.
    pub path: &'a Path,
    /// What of git's environment counts: it is about the repository that one is in, not about one that is named.
    pub environment: GitEnvironment,
}

impl<'a> Repository<'a> {
    /// The repository that the options name, or the one around the directory that one is in.
    ///
    /// # Errors
    /// More than one of them, or a file.
    pub fn named(args: &'a ScanArgs, environment: &Environment) -> Result<Self, Failure> {
        let option = if args.history.is_some() {
            "--history"
        } else if args.staged {
            "--staged"
        } else {
            "--range"
        };
        let mut named = args.history.iter().flatten().chain(&args.paths).map(PathBuf::as_path);
        let Some(path) = named.next() else {
            return Ok(Self { path: Path::new("."), environment: environment.git.clone() });
        };
        let shown = |path: &Path| visible(path.as_os_str().as_encoded_bytes());
        if let Some(other) = named.next() {
            return Err(Failure::new(&format_args!("{option} takes one repository, not {} and {}", shown(path), shown(other)))
                .hint("scan each with a command of its own; --exclude GLOB leaves out paths in a repository"));
        }
        if path.is_file() && path.file_name().is_some_and(|name| name != ".git") {
            return Err(Failure::new(&format_args!("{option} takes a repository, and {} is a file", shown(path)))
                .hint("the whole repository is scanned; --exclude GLOB leaves out paths in it"));
        }
        Ok(Self { path, environment: GitEnvironment::default() })
    }
}
