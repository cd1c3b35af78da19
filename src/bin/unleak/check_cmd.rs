//! `unleak check`. Owns: finding references in a tree and saying which do not resolve. Must not: print a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bstr::ByteSlice as _;
use clap::{Parser, ValueHint};
use unleak::blob::{Origin, visible};
use unleak::migrate::plan::Plan;
use unleak::reference::{self, Reference};
use unleak::scan::known::{self, Left};
use unleak::settings::TreeSettings;
use unleak::source::tree;

use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::stores::{StoreOptions, Stores};
use crate::{output, run_cmd, stores};

/// Bytes of a file that are looked through; references stand in files that people read.
const LARGEST: u64 = 16 << 20;

/// Threads that look through a repository.
const LOOKERS: usize = 4;

/// Options of `unleak check`.
#[derive(Debug, Parser)]
pub struct CheckArgs {
    /// Files and directories [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Look for the values that this plan moved, in every spelling: in the files, and in all that the repository holds (repeatable)
    #[arg(long, value_name = "PLAN", value_hint = ValueHint::FilePath)]
    pub plan: Vec<PathBuf>,
    #[command(flatten)]
    pub store: StoreOptions,
}

/// Where a reference stands, and what stands there.
type Found = BTreeMap<(String, usize), Result<Reference, reference::ReferenceError>>;

/// Resolves every reference of a tree, and looks for moved values that are left.
///
/// # Errors
/// A tree that cannot be listed, a plan that is none, values that the store does not give.
pub fn run(args: &CheckArgs, environment: &Environment) -> Result<Exit, Failure> {
    stores::keep_out_of_dumps();
    let start = args.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let stores = Stores::at(start, &args.store, environment)?;
    let references = resolve(args, &stores)?;
    let values = if args.plan.is_empty() { Exit::Clean } else { left(args, &stores, environment)? };
    Ok(match (references, values) {
        (Exit::Findings, _) | (_, Exit::Findings) => Exit::Findings,
        (Exit::Incomplete, _) | (_, Exit::Incomplete) => Exit::Incomplete,
        _ => Exit::Clean,
    })
}

/// Looks for the values of plans, and lists where they are left.
fn left(args: &CheckArgs, stores: &Stores<'_>, environment: &Environment) -> Result<Exit, Failure> {
    let mut references = Vec::new();
    for file in &args.plan {
        let text = std::fs::read(file).map_err(|error| Failure::with_file("read", file, &error))?;
        let plan = Plan::read(&text).map_err(|error| Failure::with_file("use", file, &error))?;
        references.extend(secret_members(&plan));
    }
    references.sort();
    references.dedup();
    let (mut names, mut values, mut short) = (Vec::new(), Vec::new(), 0_usize);
    for (reference, value) in references.iter().zip(run_cmd::values(&references, stores)) {
        let value =
            value.map_err(|error| Failure::new(&format_args!("{reference}: {error}")).hint("a value is looked for with its value"))?;
        if value.len() < known::SHORTEST {
            short += 1;
        } else {
            names.push(reference);
            values.push(value);
        }
    }
    let (mut text, mut places, mut is_whole) = (String::new(), 0_usize, true);
    for path in &args.paths {
        let found = known::search(&values, path, &environment.git, LOOKERS).map_err(|error| Failure::new(&error))?;
        places += found.left.len();
        is_whole &= found.unread.is_empty();
        for (value, place) in found.left {
            let place = match place {
                Left::File(path) => path,
                Left::Object(kind, id) => format!("{kind} {id} of the repository"),
            };
            let _ = writeln!(text, "{place}: the value of {} is left", names[value]);
        }
        for path in &found.unread {
            let _ = writeln!(text, "{}: not read", visible(path.as_bytes()));
        }
    }
    let _ = writeln!(text, "{} moved values looked for, {places} places hold one", values.len());
    if short > 0 {
        let _ = writeln!(text, "{short} are too short to be told from other text");
    }
    if places > 0 {
        text += "rotate these values first; `unleak scan --history` says which commits and references hold them\n";
    }
    output::to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(if places > 0 {
        Exit::Findings
    } else if is_whole {
        Exit::Clean
    } else {
        Exit::Incomplete
    })
}

/// References to what is secret in a plan.
fn secret_members(plan: &Plan) -> impl Iterator<Item = Reference> + '_ {
    plan.secrets.iter().flat_map(|secret| {
        secret.members.iter().filter(|member| member.opens_something()).map(|member| {
            let reference = Reference::to(plan.store.backend, secret.name.clone());
            match &member.key {
                Some(key) => reference.with_key(key.as_str()),
                None => reference,
            }
        })
    })
}

fn resolve(args: &CheckArgs, stores: &Stores<'_>) -> Result<Exit, Failure> {
    let (found, unread) = references(args)?;
    let mut distinct: Vec<Reference> = found.values().filter_map(|parsed| parsed.as_ref().ok().cloned()).collect();
    distinct.sort();
    distinct.dedup();
    let values = run_cmd::values(&distinct, stores);
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
