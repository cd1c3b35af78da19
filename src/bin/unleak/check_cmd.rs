//! `unleak check`. Owns: finding references in a tree and saying which do not resolve. Must not: print a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bstr::ByteSlice as _;
use clap::{Parser, ValueHint};
use unleak::blob::{Origin, visible};
use unleak::reference::{self, Reference};
use unleak::settings::TreeSettings;
use unleak::source::tree;

use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::{output, run_cmd};

/// Bytes of a file that are looked through; references stand in files that people read.
const LARGEST: u64 = 16 << 20;

/// Options of `unleak check`.
#[derive(Debug, Parser)]
pub struct CheckArgs {
    /// Files and directories [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = ".")]
    pub paths: Vec<PathBuf>,
}

/// Where a reference stands, and what stands there.
type Found = BTreeMap<(String, usize), Result<Reference, reference::ReferenceError>>;

/// Resolves every reference of a tree.
///
/// # Errors
/// A tree that cannot be listed.
pub fn run(args: &CheckArgs, environment: &Environment) -> Result<Exit, Failure> {
    let (found, unread) = references(args)?;
    let mut distinct: Vec<Reference> = found.values().filter_map(|parsed| parsed.as_ref().ok().cloned()).collect();
    distinct.sort();
    distinct.dedup();
    let values = run_cmd::values(&distinct, environment);
    let wrong: BTreeMap<&Reference, String> =
        distinct.iter().zip(values).filter_map(|(reference, value)| Some((reference, value.err()?.to_string()))).collect();
    let (mut text, mut broken) = (String::new(), 0_usize);
    for ((path, line), parsed) in &found {
        let error = match parsed {
            Err(error) => error.to_string(),
            Ok(reference) => match wrong.get(reference) {
                Some(error) => format!("{reference}: {error}"),
                None => continue,
            },
        };
        broken += 1;
        let _ = writeln!(text, "{path}:{line}: {}", visible(error.as_bytes()));
    }
    for path in &unread {
        let _ = writeln!(text, "{path}: not read");
    }
    let _ = writeln!(text, "{} references to {} values, {broken} do not resolve", found.len(), distinct.len());
    output::to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(match (broken, unread.is_empty()) {
        (0, true) => Exit::Clean,
        (0, false) => Exit::Incomplete,
        _ => Exit::Findings,
    })
}

/// The references of all files, and the files that were not read.
fn references(args: &CheckArgs) -> Result<(Found, Vec<String>), Failure> {
    let found = Mutex::new((Found::new(), Vec::new()));
    let settings = TreeSettings { no_ignore: true, exclude: Vec::new(), roots: args.paths.clone() };
    let listing = tree::walk(&settings, &|origin: Origin, place: tree::Place<'_>| {
        let path = visible(origin.path());
        let mut bytes = Vec::new();
        let read = place.open().and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(_) => found.0.extend(reference::find_all(&bytes).map(|(span, parsed)| {
                let line = 1 + bytes[..span.start].find_iter(b"\n").count();
                ((path.clone(), line), parsed)
            })),
            Err(_) => found.1.push(path),
        }
    })
    .map_err(|error| Failure::new(&error))?;
    let (found, mut unread) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    unread.extend(listing.coverage.problems.iter().map(|problem| visible(problem.path.as_bytes())));
    unread.sort();
    Ok((found, unread))
}
