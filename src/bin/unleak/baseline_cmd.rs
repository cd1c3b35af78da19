//! `unleak baseline`. Owns: accepting what is there, dropping what is gone, the list. Must not: know the file's format.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use serde::Serialize;
use unleak::blob::visible;
use unleak::finding::{Decision, Level, Report, Verdict};
use unleak::keyed::KeyedHash;
use unleak::report;
use unleak::scan::Scanner;
use unleak::settings::{HistorySettings, Settings, TreeSettings};
use unleak::suppress::baseline::Baseline;
use unleak::suppress::marks::Marks;

use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::ground::{self, FileArgs, Ground, LookArgs, RuleArgs};
use crate::{baseline_file, foreign, output, patterns_cmd};

/// Digits of a keyed hash that a table shows.
const SHOWN: usize = 12;

/// Options of `unleak baseline`.
#[derive(Debug, Parser)]
pub struct BaselineArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: BaselineCommand,
}

/// What to do with the baseline.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Accept every present finding without a decision, so that only new ones are reported
    Create(Box<CreateArgs>),
    /// Remove decisions about secrets that are found no more, in any file of the repository or directory
    Prune(PruneArgs),
    /// List the decisions
    Show(ShowArgs),
}

/// Options of `unleak baseline create`.
#[derive(Debug, Parser)]
pub struct CreateArgs {
    /// A file or directory [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = ".", hide_default_value = true)]
    pub path: PathBuf,
    /// Accept what the whole history of the repository holds
    #[arg(long)]
    pub history: bool,
    /// Why these findings are accepted
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who accepts them [default: git's user.name]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    #[command(flatten)]
    pub look: LookArgs,
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// Options of `unleak baseline prune`.
#[derive(Debug, Parser)]
pub struct PruneArgs {
    /// A directory of the repository, or the directory with the baseline [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::DirPath, default_value = ".", hide_default_value = true)]
    pub path: PathBuf,
    /// Keep decisions about secrets that the history holds
    #[arg(long)]
    pub history: bool,
    /// Read more patterns from a file (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub patterns: Vec<PathBuf>,
    #[command(flatten)]
    pub files: FileArgs,
}

/// Options of `unleak baseline show`.
#[derive(Debug, Parser)]
pub struct ShowArgs {
    /// A directory of the repository, or the directory with the baseline [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::DirPath, default_value = ".", hide_default_value = true)]
    pub path: PathBuf,
    /// How to list them
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub format: ShowFormat,
    #[command(flatten)]
    pub files: FileArgs,
}

/// How decisions are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// A table
    Human,
    /// One JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// A baseline that is none, a tree that cannot be scanned.
pub fn run(args: &BaselineArgs, quiet: bool, environment: &Environment) -> Result<Exit, Failure> {
    match &args.command {
        BaselineCommand::Create(create) => self::create(create, quiet, environment),
        BaselineCommand::Prune(prune) => self::prune(prune, quiet, environment),
        BaselineCommand::Show(show) => self::show(show),
    }
}

fn create(args: &CreateArgs, quiet: bool, environment: &Environment) -> Result<Exit, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::new(&"--reason is empty").hint("say why what is there may stay"));
    }
    let by = baseline_file::who(args.by.as_deref(), &args.path, environment)?;
    let ground = Ground::new(&args.look, &args.rules, &args.path, &Settings::default())?;
    let path = baseline_file::path(&args.rules.files, &ground.config, &args.path);
    let report = ground.scan(&args.path, args.history, quiet, environment)?;
    let (accepted, all) = baseline_file::change(&path, |baseline| {
        let new: Vec<_> = report.findings.iter().filter(|finding| baseline.decision(finding.secret.expose()).is_none()).collect();
        for finding in &new {
            let decision = baseline_file::decision(finding, Verdict::Accepted, &args.reason, &by);
            baseline.decide(finding, decision).map_err(|error| Failure::new(&format_args!("--reason: {error}")))?;
        }
        Ok((new.len(), baseline.decisions().len()))
    })?;
    let name = visible(path.as_os_str().as_encoded_bytes());
    output::to_stdout(|out| writeln!(out, "{} accepted, {} in {name}", secrets(accepted), decisions(all)))?;
    Ok(outcome(&report))
}

fn prune(args: &PruneArgs, quiet: bool, environment: &Environment) -> Result<Exit, Failure> {
    let config = args.files.configuration(&args.path)?;
    let path = baseline_file::path(&args.files, &config, &args.path);
    if baseline_file::read(&path)?.is_none() {
        return Err(Failure::with_file("prune", &path, &"there is no such file"));
    }
    // Whatever hides something elsewhere must not make it look gone: marks, rules, switches, git's own rules.
    let settings = Settings { min_confidence: Level::Low, marks: Marks::None, ..Settings::default() };
    let mut catalogue = patterns_cmd::catalogue(config.patterns.iter().chain(&args.patterns))?;
    for id in &config.enable {
        catalogue.set_enabled(id, true).map_err(|error| patterns_cmd::unknown(&catalogue, id, &error))?;
    }
    let scanner = Scanner::new(catalogue, settings);
    let root = foreign::root(&args.path).unwrap_or_else(|| args.path.clone());
    let tree = TreeSettings { no_ignore: true, exclude: Vec::new(), roots: vec![root.clone()] };
    let mut reports = vec![ground::scan_tree(&scanner, &tree, quiet, environment)?];
    if args.history {
        let kept = HistorySettings { cache: environment.cache(), ..HistorySettings::new(root.clone()) };
        let history = HistorySettings { environment: environment.git.clone(), ..kept };
        reports.push(ground::scan_history(&scanner, &history, quiet, environment)?);
    }
    if reports.iter().any(|report| outcome(report) != Exit::Clean) {
        let failure = Failure::new(&"part of the files was not scanned, and what they hold would be forgotten: nothing is removed");
        return Err(Failure { exit: Exit::Incomplete, ..failure }.hint("`unleak scan --no-ignore` says what it is"));
    }
    let (gone, left) = baseline_file::change(&path, |baseline| {
        let found: BTreeSet<KeyedHash> =
            reports.iter().flat_map(|report| &report.findings).map(|finding| baseline.name(finding.secret.expose())).collect();
        Ok((baseline.prune(&found), baseline.decisions().len()))
    })?;
    output::to_stdout(|out| {
        gone.iter().try_for_each(|decision| writeln!(out, "removed: {}", row(decision)))?;
        writeln!(out, "{} removed, {left} left", decisions(gone.len()))
    })?;
    Ok(Exit::Clean)
}

fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let config = args.files.configuration(&args.path)?;
    let path = baseline_file::path(&args.files, &config, &args.path);
    let baseline = baseline_file::read(&path)?.ok_or_else(|| {
        Failure::with_file("read", &path, &"there is no such file").hint("`unleak baseline create` or `unleak audit` makes it")
    })?;
    match args.format {
        ShowFormat::Json => output::to_stdout(|out| report::write_json_line(&Document::of(&baseline), out))?,
        ShowFormat::Human => output::to_stdout(|out| {
            for (name, decision) in baseline.decisions() {
                writeln!(out, "{}  {}", &name.to_string()[..SHOWN], row(decision))?;
            }
            let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
            baseline.decisions().for_each(|(_, decision)| *counts.entry(decision.verdict).or_default() += 1);
            let counts: Vec<String> = counts.iter().rev().map(|(verdict, count)| format!("{count} {}", verdict.name())).collect();
            let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
            writeln!(out, "{}{counts}", decisions(baseline.decisions().len()))
        })?,
    }
    Ok(Exit::Clean)
}

/// A decision in one line.
fn row(decision: &Decision) -> String {
    let [pattern, by, reason] = [&decision.pattern, &decision.by, &decision.reason].map(|text| visible(text.as_bytes()));
    format!("{:<8}  {}  {pattern}  {by}  {reason}", decision.verdict.name(), decision.date).trim_end().to_owned()
}

#[derive(Serialize)]
struct Document<'b> {
    schema_version: u32,
    decisions: Vec<Record<'b>>,
}

#[derive(Serialize)]
struct Record<'b> {
    mac: KeyedHash,
    #[serde(flatten)]
    decision: &'b Decision,
}

impl<'b> Document<'b> {
    fn of(baseline: &'b Baseline) -> Self {
        Self { schema_version: 1, decisions: baseline.decisions().map(|(mac, decision)| Record { mac, decision }).collect() }
    }
}

fn secrets(count: usize) -> String {
    format!("{count} {}", if count == 1 { "secret" } else { "secrets" })
}

fn decisions(count: usize) -> String {
    format!("{count} {}", if count == 1 { "decision" } else { "decisions" })
}

/// What a scan that was no more than a look comes to.
fn outcome(report: &Report) -> Exit {
    if report.coverage.problems.is_empty() { Exit::Clean } else { Exit::Incomplete }
}
