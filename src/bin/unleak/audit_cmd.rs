//! `unleak audit`. Owns: its options, and which findings are asked about. Must not: ask, or know the baseline's format.

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum, ValueHint};
use unleak::finding::{Finding, Level};
use unleak::report::{Format, Options};
use unleak::settings::Settings;

use crate::audit_session::{Session, Target};
use crate::env::Environment;
use crate::failure::{Exit, Failure, note};
use crate::ground::{Ground, LookArgs, RuleArgs};
use crate::terminal::Terminal;
use crate::{audit_labels, baseline_file, foreign, output};

/// The end of the help.
pub const AFTER: &str = "Keys:
  r  real: a credential that must go     f  false: no credential
  a  accepted: it may stay; asks why     s  skip, to decide another time
  v  view the secret, on this terminal   e  open the place with VISUAL or EDITOR
  b  back to the one before              q  quit

Each decision is written to the baseline at once, so quitting loses nothing; the next audit asks about what is left.
docs/audit.md tells more.";

/// Options of `unleak audit`.
#[derive(Debug, Parser)]
pub struct AuditArgs {
    /// A file or directory [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = ".", hide_default_value = true)]
    pub path: PathBuf,
    /// Walk through what the whole history of the repository holds
    #[arg(long, conflicts_with = "format")]
    pub history: bool,
    /// Ask about findings again that have a decision
    #[arg(long, conflicts_with = "format")]
    pub all: bool,
    /// Who decides [default: git's user.name]
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    pub by: Option<String>,
    /// Do not ask, but write the decisions about the files as labels for `unleak evaluate`; everything from --min-confidence low on counts
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<LabelFormat>,
    #[command(flatten)]
    pub look: LookArgs,
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// How labels are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LabelFormat {
    /// A JSON object a line
    Jsonl,
}

/// Runs the command.
///
/// # Errors
/// No terminal, a baseline that is none, a source that cannot be scanned.
pub fn run(args: &AuditArgs, quiet: bool, environment: &Environment) -> Result<Exit, Failure> {
    match args.format {
        Some(LabelFormat::Jsonl) => labels(args, quiet, environment),
        None => ask(args, quiet, environment),
    }
}

fn ask(args: &AuditArgs, quiet: bool, environment: &Environment) -> Result<Exit, Failure> {
    let terminal = Terminal::open(environment.is_dumb).ok_or_else(|| {
        Failure::new(&"an audit asks at a terminal, and there is none")
            .hint("`unleak audit --format jsonl > labels` writes the decisions that were made")
            .hint("`unleak baseline create --reason TEXT` accepts all findings without a question")
    })?;
    let by = baseline_file::who(args.by.as_deref(), &args.path, environment)?;
    let ground = Ground::new(&args.look, &args.rules, &args.path, &Settings::default())?;
    let path = baseline_file::path(&args.rules.files, &ground.config, &args.path);
    let baseline = baseline_file::read(&path)?;
    let report = ground.scan(&args.path, args.history, quiet, environment)?;
    let mut findings = report.findings;
    if let Some(baseline) = &baseline {
        baseline.note(&mut findings);
    }
    let all = findings.len();
    findings.retain(|finding| args.all || finding.decision.is_none());
    if findings.is_empty() {
        output::to_stdout(|out| {
            writeln!(out, "nothing to decide: {all} {}, each with a decision", if all == 1 { "secret" } else { "secrets" })
        })?;
    } else {
        let options = output::for_stdout(Format::Human, &Options { explain: true, ..Options::default() }, environment);
        let target = Target { baseline: &path, root: root(&args.path), by: &by, editor: environment.editor.as_deref() };
        Session::new(findings, terminal, target, options).run()?;
    }
    if !report.coverage.problems.is_empty() {
        let count = report.coverage.problems.len();
        note(&format!("incomplete: {count} items were not scanned whole; `unleak scan` lists them"));
        return Ok(Exit::Incomplete);
    }
    Ok(Exit::Clean)
}

fn labels(args: &AuditArgs, quiet: bool, environment: &Environment) -> Result<Exit, Failure> {
    let config = args.rules.files.configuration(&args.path)?;
    let path = baseline_file::path(&args.rules.files, &config, &args.path);
    let baseline = baseline_file::read(&path)?
        .ok_or_else(|| Failure::with_file("read", &path, &"there is no such file").hint("`unleak audit` at a terminal makes it"))?;
    // What was found at a lower threshold once is not found at a higher one: measuring is there to tell.
    let mut look = args.look.clone();
    look.min_confidence = look.min_confidence.or(look.profile).or(Some(Level::Low));
    let ground = Ground::new(&look, &args.rules, &args.path, &Settings::default())?;
    let mut report = ground.scan(&args.path, false, quiet, environment)?;
    baseline.apply(&mut report);
    let decided: Vec<&Finding> = report.findings.iter().chain(&report.hidden).filter(|finding| finding.decision.is_some()).collect();
    let left = report.findings.iter().filter(|finding| finding.decision.is_none() && finding.confidence.0 >= Level::Medium.floor()).count();
    audit_labels::write(&decided, &root(&args.path))?;
    if left > 0 && !quiet {
        note(&format!("{left} findings have no decision and no label; `unleak audit` asks about them"));
    }
    Ok(if report.coverage.problems.is_empty() { Exit::Clean } else { Exit::Incomplete })
}

/// What paths of reports are relative to.
fn root(path: &Path) -> PathBuf {
    let above = foreign::root(path).filter(|root| path.is_dir() || root.join(".git").exists());
    above.unwrap_or_else(|| PathBuf::from("."))
}
