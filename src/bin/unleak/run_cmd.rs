//! `unleak run` and `unleak get`. Owns: the environment of the command that is run, and where one value goes. Must not: write a value to a file,
//! or put one on a command line.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Parser, ValueHint};
use unleak::reference::{POINTER, Reference};
use unleak::resolve::{self, ResolveError};
use unleak::secret::Secret;

use crate::env::{self, Environment};
use crate::failure::{Exit, Failure};
use crate::stores::{StoreOptions, Stores};
use crate::{mask, output, stores};

/// The file of references that is read where it is there.
const FILE: &str = ".unleak.env";
/// How a reference starts, whatever its store.
const START: &str = "ref+";

/// What `unleak run --help` says at its end.
pub const RUN_AFTER: &str = "Examples:
  unleak run -- npm start                      variables of .unleak.env and of the environment
  unleak run --env-file .env -- ./server

Variables whose value is a reference, such as ref+unleak://prod/app/db#/password, get the value that the store has now. A variable of the \
environment comes before one of a file, and of several files the last one counts. The command replaces unleak: signals, terminal and exit \
code are its own.

Exit codes: those of the command; 78 if a reference cannot be resolved (then nothing is run), 126 if the command cannot be run, 127 if there \
is none of this name.";

/// Options of `unleak run`.
#[derive(Debug, Parser)]
pub struct RunArgs {
    /// Read variables from a file (repeatable) [default: .unleak.env, if it is there]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub env_file: Vec<PathBuf>,
    /// Mask the values in what the command writes; it writes to pipes then, not to a terminal
    #[arg(long)]
    pub mask: bool,
    #[command(flatten)]
    pub store: StoreOptions,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<OsString>,
}

/// Options of `unleak get`.
#[derive(Debug, Parser)]
pub struct GetArgs {
    /// The reference, such as ref+unleak://prod/app/db#/password
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Write the value although a terminal shows it
    #[arg(long)]
    pub show_secrets: bool,
    #[command(flatten)]
    pub store: StoreOptions,
}

/// Runs a command with its references resolved.
///
/// # Errors
/// A file that cannot be read, a reference that cannot be resolved, a command that cannot be run.
pub fn run(args: &RunArgs, environment: &Environment) -> Result<Exit, Failure> {
    stores::keep_out_of_dumps();
    let mut variables = files(&args.env_file)?;
    let is_reference = |value: &OsString| value.to_str().is_some_and(|value| value.starts_with(START));
    for (name, value) in env::all() {
        if is_reference(&value) || variables.contains_key(&name) {
            variables.insert(name, value);
        }
    }
    let (resolved, secrets) = resolved(variables, &Stores::at(Path::new("."), &args.store, environment)?)?;
    let (program, arguments) = args.command.split_first().expect("because clap asks for one");
    let mut command = Command::new(program);
    command.args(arguments).envs(resolved.iter().map(|(name, value)| (name, value.as_os_str()))).env_remove(env::PASSPHRASE);
    if args.mask {
        mask::put_between(&mut command, &secrets)?;
    }
    drop(secrets);
    Err(replaced_by(command, program))
}

/// Writes the value of one reference to standard output, with nothing after it.
///
/// # Errors
/// No reference, a terminal, a store that does not give it.
pub fn get(args: &GetArgs, environment: &Environment) -> Result<Exit, Failure> {
    stores::keep_out_of_dumps();
    let reference: Reference = args.reference.parse().map_err(|error| Failure::new(&error))?;
    if std::io::stdout().is_terminal() && !args.show_secrets {
        let failure = Failure::new(&"standard output is a terminal, which would show the secret");
        return Err(failure.hint("pipe it to where it is needed, or use --show-secrets"));
    }
    let stores = Stores::at(Path::new("."), &args.store, environment)?;
    let value = values(&[reference], &stores).swap_remove(0).map_err(|error| unresolved(&error))?;
    output::to_stdout(|out| out.write_all(value.expose())).map(|()| Exit::Clean)
}

/// The variables of files, the last one that names a variable counts.
fn files(given: &[PathBuf]) -> Result<BTreeMap<OsString, OsString>, Failure> {
    let default = [PathBuf::from(FILE)];
    let files: &[PathBuf] = if given.is_empty() && Path::new(FILE).exists() { &default } else { given };
    let mut variables = BTreeMap::new();
    for file in files {
        let opened = std::fs::File::open(file).map_err(|error| Failure::with_file("read", file, &error))?;
        for (number, line) in dotenvy::from_read_iter(opened).enumerate() {
            // The library's own words would show the line.
            let line =
                line.map_err(|_| Failure::with_file("read", file, &format_args!("its {}. variable is not NAME=VALUE", number + 1)))?;
            variables.insert(line.0.into(), line.1.into());
        }
    }
    Ok(variables)
}

/// The variables, references replaced by their values; and these values.
fn resolved(variables: BTreeMap<OsString, OsString>, stores: &Stores<'_>) -> Result<(BTreeMap<OsString, OsString>, Vec<Secret>), Failure> {
    let (mut done, mut names, mut references, mut wrong) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, value) in variables {
        match value.to_str().filter(|text| text.starts_with(START) || text.starts_with(POINTER)).map(str::parse::<Reference>) {
            None => drop(done.insert(name, value)),
            Some(Ok(reference)) => {
                names.push(name);
                references.push(reference);
            }
            Some(Err(error)) => wrong.push(format!("{}: {error}", name.display())),
        }
    }
    let mut secrets = Vec::new();
    for (name, value) in names.into_iter().zip(values(&references, stores)) {
        let variable = value.map_err(|error| error.to_string()).and_then(|value| as_variable(&value).map(|text| (text, value)));
        match variable {
            Ok((text, value)) => {
                done.insert(name, text);
                secrets.push(value);
            }
            Err(error) => wrong.push(format!("{}: {error}", name.display())),
        }
    }
    if wrong.is_empty() {
        return Ok((done, secrets));
    }
    let error = format!("nothing was run, since references cannot be resolved:\n  {}", wrong.join("\n  "));
    Err(Failure { exit: Exit::Unresolved, ..Failure::new(&error) })
}

/// A value as the value of a variable.
fn as_variable(value: &Secret) -> Result<OsString, String> {
    if value.expose().contains(&0) {
        return Err("the value has a NUL byte, which no variable can hold".to_owned());
    }
    match std::str::from_utf8(value.expose()) {
        Ok(text) => Ok(OsStr::new(text).to_owned()),
        Err(_) => Err("the value is no UTF-8".to_owned()),
    }
}

/// The values of references.
pub fn values(references: &[Reference], stores: &Stores<'_>) -> Vec<Result<Secret, ResolveError>> {
    resolve::resolve(references, &mut |access| stores.open_for(access))
}

fn unresolved(error: &ResolveError) -> Failure {
    Failure { exit: Exit::Unresolved, ..Failure::new(error) }
}

fn failed(program: &OsStr, error: &std::io::Error) -> Failure {
    let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NoCommand } else { Exit::CannotRun };
    Failure { exit, ..Failure::with_file("run", Path::new(program), error) }
}

#[cfg(unix)]
fn replaced_by(mut command: Command, program: &OsStr) -> Failure {
    failed(program, &std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(not(unix))]
fn replaced_by(mut command: Command, program: &OsStr) -> Failure {
    match command.status() {
        #[expect(clippy::exit, reason = "the command's exit code is that of this program")]
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => failed(program, &error),
    }
}
