//! `unleak run` and `unleak get`. Owns: the environment of the command that is run, and where one value goes. Must not: write a value to a file,
//! or put one on a command line.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Parser, ValueHint};
use unleak::reference::Reference;
use unleak::resolve::{self, ResolveError};
use unleak::secret::Secret;

use crate::env::{self, Environment};
use crate::failure::{Exit, Failure};
use crate::handed::{self, Handed};
use crate::stores::{StoreOptions, Stores};
use crate::variables::{Values, Variables, is_reference};
use crate::{mask, output, stores};

/// What `unleak run --help` says at its end.
pub const RUN_AFTER: &str = "Examples:
  unleak run -- npm start                      variables of .unleak.env and of the environment
  unleak run --env-file .env -- ./server
  unleak run --file config.json -- ./server --config=config.json

Variables whose value is a reference, such as ref+unleak://prod/app/db#/password, get the value that the store has now. A variable of the \
environment comes before one of a file, and of several files the last one counts. .unleak.env is looked for up to the root of the repository. \
The command replaces unleak: signals, terminal and exit code are its own.

With --file the command gets a file whose references are values, spelled as JSON, YAML, TOML, INI or properties have them. It is in memory only: \
arguments that are the file, or have it after an equals sign, become a path that the command can read. A program that opens the file by a name of its own \
sees the references.

Exit codes: those of the command; 78 if a reference cannot be resolved (then nothing is run), 126 if the command cannot be run, 127 if there \
is none of this name.";

/// Options of `unleak run`.
#[derive(Debug, Parser)]
pub struct RunArgs {
    /// Read variables from a file (repeatable) [default: .unleak.env, if it is there]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub env_file: Vec<PathBuf>,
    /// Hand a file to the command with values in place of references, in memory; an argument has to name it (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Vec<PathBuf>,
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
    let variables = Variables::read(&args.env_file)?;
    let stores = Stores::at(Path::new("."), &args.store, environment)?;
    let mut wrong = Vec::new();
    let handed = args.file.iter().map(|path| Handed::read(path, &mut wrong)).collect::<Result<Vec<_>, _>>()?;
    let (mut resolved, mut secrets) = resolved(&variables.told, &stores, &mut wrong);
    variables.join(&mut resolved);
    let mut contents = Vec::new();
    for file in &handed {
        let values = values_of(file, &stores, &mut wrong);
        if values.len() == file.references().count() {
            match file.filled(&values) {
                Ok(filled) => {
                    contents.push(filled.bytes);
                    secrets.extend(filled.spelled);
                }
                Err(error) => wrong.push(error),
            }
        }
        secrets.extend(values);
    }
    if !wrong.is_empty() {
        let error = format!("nothing was run, since references cannot be resolved:\n  {}", wrong.join("\n  "));
        return Err(Failure { exit: Exit::Unresolved, ..Failure::new(&error) });
    }
    let (program, arguments) = args.command.split_first().expect("because clap asks for one");
    let mut arguments = arguments.to_vec();
    let mut command = Command::new(program);
    command.envs(resolved.iter().map(|(name, value)| (name, value.as_os_str()))).env_remove(env::PASSPHRASE);
    if args.mask {
        mask::put_between(&mut command, &secrets)?;
    }
    drop(secrets);
    // What helpers do not inherit.
    for (file, content) in handed.iter().zip(contents) {
        file.name(&mut arguments, &handed::inherited(&content)?)?;
    }
    command.args(arguments);
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

/// The values of a file's references, in order; all of them or none.
fn values_of(file: &Handed, stores: &Stores<'_>, wrong: &mut Vec<String>) -> Vec<Secret> {
    let references: Vec<Reference> = file.references().cloned().collect();
    let mut known = Vec::new();
    for (number, value) in values(&references, stores).into_iter().enumerate() {
        match value {
            Ok(value) => known.push(value),
            Err(error) => wrong.push(file.unresolved(number, &error.to_string())),
        }
    }
    known
}

/// The variables, references replaced by their values; and these values.
fn resolved(variables: &Values, stores: &Stores<'_>, wrong: &mut Vec<String>) -> (Values, Vec<Secret>) {
    let (mut done, mut names, mut references) = (Values::new(), Vec::new(), Vec::new());
    for (name, value) in variables {
        match value.to_str().filter(|_| is_reference(value)).map(str::parse::<Reference>) {
            None => drop(done.insert(name.clone(), value.clone())),
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
                done.insert(name.clone(), text);
                secrets.push(value);
            }
            Err(error) => wrong.push(format!("{}: {error}", name.display())),
        }
    }
    (done, secrets)
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
