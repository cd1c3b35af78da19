//! Rewritten programs are run: with the variables set they do what they did before, without they fail and name what is missing.
//! Owns: how each language is run. Must not: skip where a toolchain is missing; the test fails and says which.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use bstr::ByteSlice as _;

use super::Done;

use crate::tools::{tool, variable};

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

fn put(path: &Path, content: impl AsRef<[u8]>) {
    unleak::fsx::write_atomically(path, |out| out.write_all(content.as_ref())).unwrap();
}

/// Runs a command that has to succeed.
pub fn done(command: &mut Command) {
    let program = command.get_program().to_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}; the test needs it", program.display()));
    assert!(output.status.success(), "{command:?}: {}{}", output.stdout.as_bstr(), output.stderr.as_bstr());
}

/// Runs every program before and after.
pub fn all(programs: &[Done], runner: &dyn Runner) {
    for program in programs {
        let directory = tempfile::tempdir().unwrap();
        let made = |folder: &str, bytes: &[u8]| {
            let at = directory.path().join(folder);
            fs::create_dir(&at).unwrap();
            put(&at.join(&program.name), bytes);
            move || runner.prepare(&at, &program.name)
        };
        let before = run(made("before", &program.before)(), &BTreeMap::new());
        assert!(before.status.success(), "{} before: {}", program.name, before.stderr.as_bstr());
        assert!(before.stdout.find(&program.value).is_some() || program.variables.is_empty(), "{} does not print its value", program.name);
        let after = made("after", &program.after);
        for (name, content) in &program.files {
            put(&directory.path().join("after").join(name), content);
        }
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

/// A command with nothing of the test's environment but what toolchains need.
pub fn command(program: &str, arguments: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(program);
    let kept = ["PATH", "HOME", "GOPATH", "GOCACHE", "GOMODCACHE", "JAVA_HOME", "RUSTUP_HOME", "CARGO_HOME"];
    command.args(arguments).current_dir(directory).env_clear().env("LC_ALL", "C.UTF-8");
    command.envs(kept.into_iter().filter_map(|name| Some((name, variable(name)?))));
    command
}

/// `python3 FILE`.
pub struct Python;

impl Runner for Python {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        command("python3", &["-B", file], directory)
    }
}

/// `node FILE`.
pub struct Node;

impl Runner for Node {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        command("node", &[file], directory)
    }
}

/// Types and elements are taken out by the compiler of the test tools, then `node` runs it.
pub struct TypeScript;

impl Runner for TypeScript {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        let compiler = tool("bin/tsc");
        let options =
            ["--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--jsx", "react", "--outDir", "out"];
        let types = "declare const process: { env: Record<string, string | undefined> };\ndeclare const console: { log(...all: unknown[]): void };\n\
                     declare namespace JSX { interface IntrinsicElements { [name: string]: object } }\ndeclare class URL { constructor(url: string); }\n";
        put(&directory.join("types.d.ts"), types);
        done(command(compiler.to_str().unwrap(), &options, directory).args(["--lib", "es2022", file, "types.d.ts"]));
        let stem = file.rsplit_once('.').unwrap().0;
        let made =
            if file.rsplit_once('.').is_some_and(|(_, kind)| kind == "mts") { format!("out/{stem}.mjs") } else { format!("out/{stem}.js") };
        command("node", &[&made], directory)
    }
}

/// `javac FILE`, then `java CLASS`.
pub struct Java;

impl Runner for Java {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        // The compiler does not know byte order marks, which editors on Windows write.
        let source = fs::read(directory.join(file)).unwrap();
        put(&directory.join(file), source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&source));
        let options = ["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-encoding", "UTF-8", "-d", "out", file];
        done(&mut command("javac", &options, directory));
        let class = if source.starts_with(b"package shop;") { "shop.Entries" } else { file.strip_suffix(".java").unwrap() };
        command("java", &["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", "out", class], directory)
    }
}

/// `go build`, then the program.
pub struct Go;

impl Runner for Go {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        assert!(directory.join(file).exists());
        put(&directory.join("go.mod"), "module unit\n\ngo 1.22\n");
        let mut build = command("go", &["build", "-o", "program", "."], directory);
        done(build.env("GOFLAGS", "-mod=mod").env("GOTOOLCHAIN", "local").env("GOPROXY", "off"));
        command(directory.join("program").to_str().unwrap(), &[], directory)
    }
}

/// `bash FILE`.
pub struct Shell;

impl Runner for Shell {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        command("bash", &[file], directory)
    }
}

/// `gcc FILE`, then the program.
pub struct C;

impl Runner for C {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        done(&mut command("gcc", &["-std=gnu11", "-Wall", "-Werror", "-o", "program", file], directory));
        command(directory.join("program").to_str().unwrap(), &[], directory)
    }
}

/// `rustc FILE`, then the program.
pub struct Rust;

impl Runner for Rust {
    fn prepare(&self, directory: &Path, file: &str) -> Command {
        done(&mut command("rustc", &["--edition", "2024", "-D", "warnings", "-o", "program", file], directory));
        command(directory.join("program").to_str().unwrap(), &[], directory)
    }
}
