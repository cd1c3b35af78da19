//! Rewritten programs are run: with the variables set they do what they did before, without they fail and name what is missing.
//! Owns: how each language is run. Must not: skip where a toolchain is missing; the test fails and says which.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use bstr::ByteSlice as _;

use super::Done;

/// How a language's programs are run.
pub trait Runner {
    /// Makes the program in `directory` from `file`, and gives the command that runs it.
    fn prepare(&self, directory: &Path, file: &str) -> Command;
}

fn run(mut command: Command, variables: &BTreeMap<String, Vec<u8>>) -> Output {
    for (name, value) in variables {
        command.env(name, std::ffi::OsStr::new(std::str::from_utf8(value).unwrap()));
    }
    let program = command.get_program().to_owned();
    command.output().unwrap_or_else(|error| panic!("{}: {error}; the test needs it", program.display()))
}

/// Runs a command that has to succeed.
pub fn done(command: &mut Command) {
    let program = command.get_program().to_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}; the test needs it", program.display()));
    assert!(output.status.success(), "{command:?}: {}", output.stderr.as_bstr());
}

/// Runs every program before and after.
pub fn all(programs: &[Done], runner: &dyn Runner) {
    for program in programs {
        let directory = tempfile::tempdir().unwrap();
        let made = |folder: &str, bytes: &[u8]| {
            let at = directory.path().join(folder);
            fs::create_dir(&at).unwrap();
            fs::write(at.join(&program.name), bytes).unwrap();
            move || runner.prepare(&at, &program.name)
        };
        let before = run(made("before", &program.before)(), &BTreeMap::new());
        assert!(before.status.success(), "{} before: {}", program.name, before.stderr.as_bstr());
        assert!(before.stdout.find(&program.value).is_some() || program.variables.is_empty(), "{} does not print its value", program.name);
        let after = made("after", &program.after);
        let set = run(after(), &program.variables);
        assert!(set.status.success(), "{} after: {}", program.name, set.stderr.as_bstr());
        assert_eq!(set.stdout.as_bstr(), before.stdout.as_bstr(), "{} prints something else", program.name);
        if let Some(variable) = program.variables.keys().next() {
            let unset = run(after(), &BTreeMap::new());
            assert!(!unset.status.success(), "{} does not fail without {variable}", program.name);
            assert!(unset.stderr.find(variable).is_some(), "{} does not say {variable}: {}", program.name, unset.stderr.as_bstr());
        }
    }
}

fn command(program: &str, arguments: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(program);
    let kept = ["PATH", "HOME", "GOPATH", "GOCACHE", "GOMODCACHE", "JAVA_HOME", "RUSTUP_HOME", "CARGO_HOME"];
    command.args(arguments).current_dir(directory).env_clear().env("LC_ALL", "C.UTF-8");
    command.envs(kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
}

/// `python3 FILE`.
pub struct Python;

impl Runner for Python {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        command("python3", &["-B", file], directory)
    }
}
