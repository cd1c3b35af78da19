//! The scan of a whole history, from outside: scripts build repositories with made-up tokens, and every place is expected by name.

mod broken;
mod cache;
mod content;
mod exposure;
mod hooks;
mod hostile;
mod memory;
mod packs;
mod ranges;
mod realistic;
mod references;
mod shapes;
mod terminal;
mod unreachable;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, Stdio};

use regex::{Captures, Regex};
use unleak::patterns::{Catalogue, example};

use crate::source::Sandbox;

/// A sandbox whose scripts write tokens: `@name@` stands for one that belongs to that name.
pub struct Fixture {
    pub sandbox: Sandbox,
    /// Where the program keeps what is the user's own.
    home: tempfile::TempDir,
    tokens: BTreeMap<String, String>,
}

/// What a scan said.
#[derive(Debug)]
pub struct Scan {
    /// The exit code.
    pub code: i32,
    /// `name: origin path`, for each place.
    pub places: Vec<String>,
    /// `kind path`, for each problem.
    pub problems: Vec<String>,
    /// The report.
    pub report: serde_json::Value,
    /// Standard error.
    pub errors: String,
}

impl Fixture {
    /// Runs `script` in a new sandbox.
    pub fn new(script: &str) -> Self {
        let mut fixture = Self { sandbox: Sandbox::new(""), home: tempfile::tempdir().unwrap(), tokens: BTreeMap::new() };
        fixture.run(script);
        fixture
    }

    /// Runs a script; its standard output.
    pub fn run(&mut self, script: &str) -> String {
        let script = self.filled(script);
        self.sandbox.run(&script)
    }

    /// The text with tokens in place of their names.
    fn filled(&mut self, script: &str) -> String {
        let name = Regex::new("@([a-z][a-z0-9]*)@").unwrap();
        name.replace_all(script, |found: &Captures<'_>| self.token(&found[1])).into_owned()
    }

    /// The token that belongs to a name.
    pub fn token(&mut self, name: &str) -> String {
        let catalogue = Catalogue::builtin();
        let index = catalogue.index_of("github-personal-access-token").unwrap();
        let seed = name.bytes().fold(17_u64, |seed, byte| seed.wrapping_mul(1_000_003).wrapping_add(byte.into()));
        let token = String::from_utf8(example::fill(&catalogue, index, "{secret}", seed).unwrap()).unwrap();
        let known = self.tokens.insert(token.clone(), name.to_owned());
        assert!(known.is_none_or(|known| known == name), "two names have one token");
        token
    }

    /// Scans in `directory` with `unleak scan ARGUMENTS`.
    pub fn scan(&self, directory: &str, arguments: &[&str]) -> Scan {
        self.scan_with(directory, arguments, &[], "")
    }

    /// The same with variables and standard input.
    pub fn scan_with(&self, directory: &str, arguments: &[&str], variables: &[(&str, String)], input: &str) -> Scan {
        let public = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
        command
            .args(["scan", "--format", "json", "--show-secrets", "--report"])
            .arg(format!("sarif={}", public.path().display()))
            .args(arguments)
            .current_dir(self.sandbox.path(directory))
            .env_clear()
            .env("HOME", self.home.path())
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        self.assert_no_token_in(&std::fs::read_to_string(public.path()).unwrap());
        let (places, problems) = self.outcome(&report);
        Scan { code: output.status.code().unwrap(), places, problems, report, errors }
    }

    /// A place that shows a raw token tells it to whoever reads the report.
    pub fn assert_no_token_in(&self, text: &str) {
        let shown: Vec<&String> = self.tokens.iter().filter(|(token, _)| text.contains(*token)).map(|(_, name)| name).collect();
        assert!(shown.is_empty(), "the tokens {shown:?} are shown");
    }

    /// The places and problems of a report.
    pub fn outcome(&self, report: &serde_json::Value) -> (Vec<String>, Vec<String>) {
        let list = |of: &str| report[of].as_array().cloned().unwrap_or_default();
        let mut places: Vec<String> = list("findings").iter().flat_map(|finding| self.places(finding)).collect();
        places.sort();
        let problems = list("problems").iter().map(|problem| format!("{} {}", text(&problem["kind"]), text(&problem["path"]))).collect();
        (places, problems)
    }

    fn places(&self, finding: &serde_json::Value) -> Vec<String> {
        let name = self.tokens.get(text(&finding["secret"])).map_or("?", String::as_str);
        let places = finding["places"].as_array().unwrap();
        places.iter().map(|place| format!("{name}: {} {}", text(&place["origin"]), text(&place["path"]))).collect()
    }

    /// The names of the tokens that a text holds.
    pub fn names_in(&self, text: &str) -> Vec<String> {
        let mut names: Vec<String> = self.tokens.iter().filter(|(token, _)| text.contains(*token)).map(|(_, name)| name.clone()).collect();
        names.sort();
        names
    }
}

impl Scan {
    /// The names of the tokens that were found.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.places.iter().filter_map(|place| Some(place.split_once(':')?.0.to_owned())).collect();
        names.sort();
        names.dedup();
        names
    }

    /// That the scan was whole and found what stands at these places.
    #[track_caller]
    pub fn assert_found(&self, places: &[&str]) {
        assert_eq!(self.places, places, "{}", self.errors);
        assert_eq!(self.problems, [""; 0]);
        assert_eq!(self.code, i32::from(!places.is_empty()), "{}", self.errors);
    }
}

/// A JSON string.
pub fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Numbers below a limit, the same for the same seed.
pub fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |limit| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    }
}

/// A script that runs `line` for each of `numbers`, with the number in place of `NR`.
fn repeated(numbers: std::ops::Range<u32>, line: &str) -> String {
    numbers.fold(String::new(), |mut out, number| {
        writeln!(out, "{}", line.replace("NR", &number.to_string())).unwrap();
        out
    })
}
