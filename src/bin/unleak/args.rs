//! The command line as data. Owns: names, values, conflicts and help of every option. Must not: act on them.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{ArgGroup, Parser, Subcommand, ValueHint};
use unleak::finding::{Level, Severity};
use unleak::patterns::import::rule::Tool;
use unleak::report::{Format, SarifProfile};

use crate::audit_cmd::{self, AuditArgs};
use crate::baseline_cmd::BaselineArgs;
use crate::check_cmd::{CHECK_AFTER, CheckArgs};
use crate::ground::{LookArgs, RuleArgs};
use crate::migrate_args::{self, MigrateArgs};
use crate::range_cmd::since;
use crate::run_cmd::{self, GetArgs, RunArgs};
use crate::store_cmd::StoreArgs;

/// Finds credentials in source trees and git repositories.
#[derive(Debug, Parser)]
#[command(name = "unleak", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Args {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours; NO_COLOR, CLICOLOR and CLICOLOR_FORCE are respected.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: clap::ColorChoice,
    /// No progress, no notes, and no report for people where there is nothing to report.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(about = SCAN_ABOUT, long_about = SCAN_LONG, after_long_help = SCAN_AFTER)]
    Scan(Box<ScanArgs>),
    /// List, show and check the patterns that are looked for.
    Patterns(PatternsArgs),
    /// About the configuration file `.unleak.toml`.
    Config(ConfigArgs),
    /// Say what speaks for and against the candidates on a line, and what would change the verdict
    Explain(ExplainArgs),
    /// Walk through the findings at the terminal and decide what each is
    #[command(after_long_help = audit_cmd::AFTER)]
    Audit(Box<AuditArgs>),
    /// About the baseline `.unleak-baseline.jsonl`: what people said of findings
    Baseline(BaselineArgs),
    /// Measure a scan on labelled text: precision, recall, F1, calibration
    Evaluate(EvaluateArgs),
    #[command(about = migrate_args::ABOUT, long_about = migrate_args::LONG, after_long_help = migrate_args::AFTER)]
    Migrate(Box<MigrateArgs>),
    /// Run a command whose environment variables get their values from secrets stores
    #[command(after_long_help = run_cmd::RUN_AFTER)]
    Run(RunArgs),
    /// Write the value of a reference to standard output, for scripts; not to a terminal
    Get(GetArgs),
    /// The helper of `run --mask`
    #[command(hide = true)]
    MaskOutput,
    /// Check that every reference in a tree resolves, and that no moved value is left
    #[command(after_long_help = CHECK_AFTER)]
    Check(CheckArgs),
    /// About the secrets stores: list, copy, restore, make the key of the local one
    Store(StoreArgs),
}

const SCAN_ABOUT: &str = "Scan files, standard input or git content for credentials";
const SCAN_LONG: &str = "Scan files, standard input or git content for credentials.

In a git work tree the files that git ignores are left out and counted; elsewhere everything is scanned. Symbolic links are not followed. \
Content is never sent anywhere.";

const SCAN_AFTER: &str = "Examples:
  unleak scan                                  the directory you are in
  unleak scan src config.yml                   these
  unleak scan --staged                         what the next commit adds, as a hook would
  unleak scan --range origin/main..HEAD        what the commits of a branch bring
  unleak scan --history                        everything that was ever committed
  unleak scan --history --no-cache ../other    the same of another repository
  git show HEAD:app.py | unleak scan --stdin --stdin-path app.py
  unleak scan --report sarif=unleak.sarif --fail-on high

Exit codes:
  0  nothing found, and everything asked for was scanned
  1  findings (with --fail-on: of that severity or above)
  2  wrong usage, or a failure
  3  nothing found, but part of what was asked for was not scanned; --allow-incomplete makes it 0

A comment `unleak:allow` on the line, or on a line of its own above, says that a secret is known and meant; `unleak:allow[ID] reason` \
limits it to one pattern. Whatever is left out this way is counted.";

/// What can be scanned in place of files; one of these at a time.
const SOURCES: [&str; 7] = ["staged", "range", "history", "stdin", "pre_push", "pre_receive", "github_event"];
/// How many of the first of them take a repository.
const OF_REPOSITORY: usize = 3;

/// Options of `unleak scan`.
#[derive(Debug, Parser)]
#[command(group = ArgGroup::new("source").args(SOURCES))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ScanArgs {
    /// Files and directories; with --staged, --range or --history one repository [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, conflicts_with_all = &SOURCES[OF_REPOSITORY..])]
    pub paths: Vec<PathBuf>,
    /// Scan standard input
    #[arg(long, help_heading = "What to scan")]
    pub stdin: bool,
    /// Name of standard input in reports; its ending tells the kind of file
    #[arg(long, value_name = "NAME", requires = "stdin", help_heading = "What to scan")]
    pub stdin_path: Option<PathBuf>,
    /// Scan what is staged: the content that the next commit adds or changes
    #[arg(long, help_heading = "What to scan")]
    pub staged: bool,
    /// Scan what the commits reachable from B and not from A bring, their messages too
    #[arg(long, value_name = "A..B", help_heading = "What to scan")]
    pub range: Option<String>,
    /// Scan everything the history of a repository holds [default: the repository you are in]
    #[arg(long, value_name = "REPO", num_args = 0..=1, value_hint = ValueHint::DirPath, help_heading = "What to scan")]
    pub history: Option<Vec<PathBuf>>,
    /// Of the history, scan what commits bring that are not older than a date, such as 2026-01-31 or `2 weeks ago`
    #[arg(long, value_name = "DATE", value_parser = since, requires = "history", conflicts_with = "unreachable", help_heading = "What to scan")]
    pub since: Option<i64>,
    /// With the history, scan what no branch or tag leads to any more as well
    #[arg(long, requires = "history", help_heading = "What to scan")]
    pub unreachable: bool,
    /// Scan what git is about to push; for a pre-push hook, which hands on its two arguments and standard input
    #[arg(long, value_names = ["REMOTE", "URL"], num_args = 0..=2, help_heading = "What to scan")]
    pub pre_push: Option<Vec<String>>,
    /// Scan what git is about to receive; for a pre-receive hook, which hands on standard input
    #[arg(long, help_heading = "What to scan")]
    pub pre_receive: bool,
    /// Scan the commits of an event of GitHub: the file at GITHUB_EVENT_PATH
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What to scan")]
    pub github_event: Option<PathBuf>,
    /// Scan files that git ignores too
    #[arg(long, conflicts_with_all = &SOURCES, help_heading = "What to scan")]
    pub no_ignore: bool,
    /// Leave out paths that fit a glob, written as in a .gitignore (repeatable)
    #[arg(long, value_name = "GLOB", conflicts_with = "stdin", help_heading = "What to scan")]
    pub exclude: Vec<String>,
    /// Do not scan files larger than this, such as 500K, 20M or 1G (powers of 1024); the scan is then incomplete
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "What to scan")]
    pub max_file_size: Option<u64>,

    #[command(flatten)]
    pub look: LookArgs,

    /// Format on standard output
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = format_parser(), help_heading = "Report")]
    pub format: Format,
    /// Write a report to a file as well (repeatable)
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file, help_heading = "Report")]
    pub report: Vec<ReportFile>,
    /// Whether SARIF holds what the baseline hides, marked by `suppressions`, which code scanning does not heed, and what only the history
    /// holds, for which it has no line to show: `github` leaves both out
    #[arg(long, value_name = "PROFILE", default_value = "full", value_parser = sarif_parser(), help_heading = "Report")]
    pub sarif_profile: SarifProfile,
    /// Write the raw secrets into the report (never into SARIF)
    #[arg(long, help_heading = "Report")]
    pub show_secrets: bool,
    /// Say what speaks for and against each finding, and why candidates are none
    #[arg(long, help_heading = "Report")]
    pub explain: bool,
    /// End with the coverage receipt: what was seen, scanned and left out, by reason
    #[arg(long, help_heading = "Report")]
    pub receipt: bool,

    /// Exit with 1 only for findings of this severity and above [default: low]
    #[arg(long, value_name = "SEVERITY", value_parser = severity_parser(), conflicts_with = "exit_zero", help_heading = "Exit code")]
    pub fail_on: Option<Severity>,
    /// Exit with 0 although there are findings
    #[arg(long, help_heading = "Exit code")]
    pub exit_zero: bool,
    /// Exit with 0 although part of what was asked for was not scanned
    #[arg(long, help_heading = "Exit code")]
    pub allow_incomplete: bool,

    #[command(flatten)]
    pub rules: RuleArgs,
    /// Use no baseline
    #[arg(long, conflicts_with = "baseline", help_heading = "Other")]
    pub no_baseline: bool,
    /// Keep what was scanned of the history in this directory [default: the git directory]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, requires = "history", conflicts_with = "no_cache", help_heading = "Other")]
    pub cache: Option<PathBuf>,
    /// Neither use nor keep what was scanned of the history before
    #[arg(long, requires = "history", help_heading = "Other")]
    pub no_cache: bool,
    /// Scan every version of a file whole, not only what changed; it finds the same and takes longer
    #[arg(long, requires = "history", help_heading = "Other")]
    pub no_delta: bool,
    /// Number of threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Other")]
    pub threads: Option<usize>,
    /// Memory that a scan of the history may take, such as 100M or 1G; what does not fit is read again or named [default: 250M]
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "history", help_heading = "Other")]
    pub memory: Option<u64>,
}

/// A report to write to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// Its format.
    pub format: Format,
    /// Where.
    pub path: PathBuf,
}

/// Options of `unleak patterns`.
#[derive(Debug, Parser)]
pub struct PatternsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PatternsCommand,
    /// Read more patterns from a file (repeatable)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub patterns: Vec<PathBuf>,
}

/// What to do with patterns.
#[derive(Debug, Subcommand)]
pub enum PatternsCommand {
    /// List all patterns, one a line: id, severity, title
    List,
    /// Show all that is known of a pattern
    Show {
        /// The pattern
        id: String,
    },
    /// Write a page about all patterns in Markdown
    Docs,
    /// Lint patterns and try their examples: those of the files, else all; exits with 1 if there are complaints
    Check {
        /// Files with patterns
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// Turn your rules for another tool into a file of patterns, and say what does not carry over
    Import {
        /// The tool whose rules these are
        #[arg(value_name = "TOOL", value_parser = tool_parser())]
        tool: Tool,
        /// The file with the rules; for kingfisher also a directory of such files
        #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
        from: PathBuf,
        /// Write the patterns to a file [default: standard output]
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
    /// Make up a text with a credential of this pattern, for a test of your own
    Example {
        /// The pattern
        id: String,
        /// Another number makes another text
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
    },
}

/// Options of `unleak config`.
#[derive(Debug, Parser)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// Options of `unleak explain`.
#[derive(Debug, Parser)]
pub struct ExplainArgs {
    /// A file, and the line in it; without a line all lines
    #[arg(value_name = "FILE[:LINE]", value_hint = ValueHint::FilePath)]
    pub place: PathBuf,
    /// Read more patterns from a file (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub patterns: Vec<PathBuf>,
}

/// Options of `unleak evaluate`.
#[derive(Debug, Parser)]
pub struct EvaluateArgs {
    /// Labelled text as JSON Lines, `-` for standard input; docs/evaluate.md describes it
    #[arg(value_name = "LABELS", value_hint = ValueHint::FilePath)]
    pub labels: PathBuf,
    /// Where files are whose labels come without their text [default: the directory you are in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".", hide_default_value = true)]
    pub root: PathBuf,
    /// Read more patterns from a file (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub patterns: Vec<PathBuf>,
    /// Count findings of this confidence and above [default: medium]
    #[arg(long, value_name = "LEVEL", value_parser = level_parser())]
    pub min_confidence: Option<Level>,
    /// Count what a scan with this profile reports
    #[arg(long, value_name = "PROFILE", value_parser = profile_parser(), conflicts_with = "min_confidence")]
    pub profile: Option<Level>,
    /// List each line that is wrong, too
    #[arg(long)]
    pub places: bool,
}

/// What to do about configurations.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the JSON schema of `.unleak.toml`, for editors
    Schema,
}

fn sarif_parser() -> impl clap::builder::TypedValueParser<Value = SarifProfile> {
    PossibleValuesParser::new(SarifProfile::ALL.map(SarifProfile::name)).map(|name| {
        SarifProfile::ALL.into_iter().find(|profile| profile.name() == name).expect("because the parser lets known names through only")
    })
}

fn format_parser() -> impl clap::builder::TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
        .map(|name| Format::from_name(&name).expect("because the parser lets known names through only"))
}

const TOOLS: [Tool; 4] = [Tool::Gitleaks, Tool::Betterleaks, Tool::Kingfisher, Tool::Trufflehog];

fn tool_parser() -> impl clap::builder::TypedValueParser<Value = Tool> {
    PossibleValuesParser::new(TOOLS.map(Tool::name))
        .map(|name| TOOLS.into_iter().find(|tool| tool.name() == name).expect("because the parser lets known names through only"))
}

const LEVELS: [Level; 4] = [Level::Low, Level::Medium, Level::High, Level::Certain];

pub fn level_parser() -> impl clap::builder::TypedValueParser<Value = Level> {
    PossibleValuesParser::new(LEVELS.map(Level::name))
        .map(|name| LEVELS.into_iter().find(|level| level.name() == name).expect("because the parser lets known names through only"))
}

/// Profiles and the confidence that each asks for.
const PROFILES: [(&str, Level); 3] = [("strict", Level::Low), ("default", Level::Medium), ("quiet", Level::High)];

pub fn profile_parser() -> impl clap::builder::TypedValueParser<Value = Level> {
    PossibleValuesParser::new(PROFILES.map(|(name, _)| name))
        .map(|name| PROFILES.into_iter().find(|(known, _)| *known == name).expect("because the parser lets known names through only").1)
}

const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

fn severity_parser() -> impl clap::builder::TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(SEVERITIES.map(Severity::name)).map(|name| {
        SEVERITIES.into_iter().find(|severity| severity.name() == name).expect("because the parser lets known names through only")
    })
}

fn report_file(text: &str) -> Result<ReportFile, String> {
    let (name, path) = text.split_once('=').ok_or("it must be FORMAT=FILE, such as sarif=unleak.sarif")?;
    let format = Format::from_name(name)
        .ok_or_else(|| format!("there is no format {name:?}; use one of {}", Format::ALL.map(Format::name).join(", ")))?;
    match path {
        "" => Err("the file is missing after `=`".to_owned()),
        "-" => Err("for standard output use --format".to_owned()),
        path => Ok(ReportFile { format, path: path.into() }),
    }
}

/// A number of bytes with an optional unit: K, M, G or T, with or without `B` or `iB`, each a power of 1024.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || "it must be a number of bytes, with K, M, G or T for powers of 1024".to_owned();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let power = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return Err(wrong()),
    };
    number.checked_mul(1024_u64.pow(power)).ok_or_else(wrong)
}

fn threads(text: &str) -> Result<usize, String> {
    const MOST: usize = 1024;
    text.parse().ok().filter(|threads| (1..=MOST).contains(threads)).ok_or_else(|| format!("it must be a number from 1 to {MOST}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn scan(arguments: &[&str]) -> Result<ScanArgs, clap::error::ErrorKind> {
        let all = ["unleak", "scan"].iter().chain(arguments);
        match Args::try_parse_from(all) {
            Ok(Args { command: Command::Scan(scan), .. }) => Ok(*scan),
            Ok(other) => panic!("a scan, not {other:?}"),
            Err(error) => Err(error.kind()),
        }
    }

    #[test]
    fn the_declaration_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn sources_and_what_belongs_to_others_exclude_each_other() {
        use clap::error::ErrorKind::{ArgumentConflict, MissingRequiredArgument};
        for conflict in [
            ["a", "--stdin"].as_slice(),
            &["--staged", "--range", "A..B"],
            &["a", "--pre-receive"],
            &["a", "--github-event", "e.json"],
            &["--stdin", "--no-ignore"],
            &["--staged", "--no-ignore"],
            &["--stdin", "--exclude", "x"],
            &["--config", "x", "--no-config"],
            &["--baseline", "x", "--no-baseline"],
            &["--fail-on", "high", "--exit-zero"],
            &["--profile", "quiet", "--min-confidence", "low"],
            &["--history", "--range", "A..B"],
            &["--history", "--no-ignore"],
            &["--history", "--since", "2026-01-31", "--unreachable"],
            &["--history", "--cache", "c", "--no-cache"],
            &["--pre-push", "origin", "url", "--pre-receive"],
            &["--pre-receive", "--stdin"],
            &["--github-event", "e.json", "--staged"],
        ] {
            assert_eq!(scan(conflict).unwrap_err(), ArgumentConflict, "{conflict:?}");
        }
        for (option, value) in [("--stdin-path", "x"), ("--since", "2026-01-31"), ("--cache", "c")] {
            assert_eq!(scan(&[option, value]).unwrap_err(), MissingRequiredArgument, "{option}");
        }
        for option in ["--unreachable", "--no-cache", "--no-delta"] {
            assert_eq!(scan(&[option]).unwrap_err(), MissingRequiredArgument, "{option}");
        }
    }

    #[test]
    fn the_history_is_that_of_a_repository_or_of_the_one_around() {
        assert_eq!(scan(&["--history"]).unwrap().history, Some(vec![]));
        assert_eq!(scan(&["--history", "r.git", "--no-cache"]).unwrap().history, Some(vec!["r.git".into()]));
        let later = scan(&["--history", "--no-cache", "r.git"]).unwrap();
        assert_eq!((later.history, later.paths), (Some(vec![]), vec!["r.git".into()]));
        assert_eq!(scan(&["--history", "--since", "@1700000000"]).unwrap().since, Some(1_700_000_000));
        assert_eq!(scan(&["--history", "--since", "soon"]).unwrap_err(), clap::error::ErrorKind::ValueValidation);
    }

    #[test]
    fn a_push_has_a_remote_and_a_url_where_they_are_known() {
        let words = |arguments: &[&str]| scan(arguments).unwrap().pre_push.unwrap();
        assert_eq!(words(&["--pre-push"]), [""; 0]);
        assert_eq!(words(&["--pre-push", "origin", "https://example.com/r"]), ["origin", "https://example.com/r"]);
    }

    #[test]
    fn values_are_typed() {
        let args =
            scan(&["--min-confidence", "certain", "--fail-on", "high", "--format", "jsonl", "--report", "sarif=a=b", "--threads", "3"])
                .unwrap();
        assert_eq!(
            (args.look.min_confidence, args.fail_on, args.format, args.threads),
            (Some(Level::Certain), Some(Severity::High), Format::Jsonl, Some(3))
        );
        assert_eq!(args.report, [ReportFile { format: Format::Sarif, path: "a=b".into() }]);
        assert_eq!(scan(&["--profile", "strict"]).unwrap().look.profile, Some(Level::Low));
        assert_eq!(scan(&["--profile", "quiet"]).unwrap().look.profile, Some(Level::High));
        for wrong in [
            ["--profile", "loud"],
            ["--report", "sarif"],
            ["--report", "xml=a"],
            ["--report", "json=-"],
            ["--report", "json="],
            ["--threads", "0"],
            ["--format", "xml"],
        ] {
            assert!(scan(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("0", 0), ("17", 17), ("2k", 2048), ("1MiB", 1 << 20), ("3GB", 3 << 30), ("1t", 1 << 40)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "k", "1x", "-1", "1.5M", "99999999999999999999", "99999999T"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
