//! `unleak scan`. Owns: turning options and configuration into one scan, and its outcome into an exit code. Must not: parse or format.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use unleak::blob::{Origin, visible};
use unleak::finding::{Report, Severity};
use unleak::fsx;
use unleak::report::{Format, Options};
use unleak::scan::Scanner;
use unleak::settings::{Cache, HistorySettings, Settings, TreeSettings};
use unleak::source::git;
use unleak::source::objects::Objects;

use crate::args::ScanArgs;
use crate::env::Environment;
use crate::failure::{Exit, Failure, note};
use crate::ground::{self, Ground};
use crate::progress::Line;
use crate::repository::Repository;
use crate::{baseline_file, output, range_cmd};

/// Runs the command.
///
/// # Errors
/// Options that do not fit, a source that cannot be listed, a report that cannot be written.
pub fn run(args: &ScanArgs, quiet: bool, environment: &Environment) -> Result<Exit, Failure> {
    refuse_shared_files(args)?;
    let start = start(args);
    let settings = Settings {
        max_file_size: args.max_file_size,
        threads: args.threads,
        explain: args.explain,
        memory: args.memory.map(|memory| usize::try_from(memory).unwrap_or(usize::MAX)),
        ..Settings::default()
    };
    let ground = Ground::new(&args.look, &args.rules, start, &settings)?;
    if let Some(restrictions) = ground.config.restrictions().filter(|_| !quiet) {
        note(&restrictions);
    }
    let baseline = if args.no_baseline { None } else { baseline_file::in_use(&args.rules.files, &ground.config, start)? };
    let fail_on = args.fail_on.or(ground.config.fail_on).unwrap_or(Severity::Low);
    let mut report = scan(args, &ground, quiet, environment)?;
    let notes = ground.leave_out(&mut report);
    if let Some(baseline) = baseline {
        baseline.apply(&mut report);
    }
    notes.iter().filter(|_| !quiet).for_each(|text| note(text));
    write(args, &report, quiet, environment)?;
    Ok(exit(args, fail_on, &report))
}

fn refuse_shared_files(args: &ScanArgs) -> Result<(), Failure> {
    let mut files = BTreeSet::new();
    match args.report.iter().find(|report| !files.insert(&report.path)) {
        Some(report) => Err(Failure::with_file("write two reports to", &report.path, &"each needs a file of its own")),
        None => Ok(()),
    }
}

/// Where configurations are looked for from.
fn start(args: &ScanArgs) -> &Path {
    args.history.iter().flatten().chain(&args.paths).next().map_or(Path::new("."), PathBuf::as_path)
}

fn scan(args: &ScanArgs, ground: &Ground, quiet: bool, environment: &Environment) -> Result<Report, Failure> {
    let Ground { config, scanner, .. } = ground;
    let exclude: Vec<String> = config.exclude.iter().chain(&args.exclude).cloned().collect();
    let globs = ground::globs(exclude.iter().map(String::as_str))?;
    let progress = Line::new(quiet, environment);
    if args.stdin {
        let name = args.stdin_path.as_deref().unwrap_or(Path::new("stdin"));
        let origin = Origin::Stdin { name: name.as_os_str().as_encoded_bytes().into() };
        return scanner
            .reader(origin, &mut io::stdin().lock())
            .map_err(|error| Failure::new(&format_args!("cannot read standard input: {error}")));
    }
    let let_pass = ground.let_pass()?;
    if args.history.is_some() {
        let history =
            HistorySettings { exclude: globs, let_pass, ..history_settings(args, Repository::named(args, environment)?, environment) };
        if let Cache::At(directory) = &history.cache
            && let Err(error) = fsx::own::private_directory(directory).and_then(|()| fsx::try_write_in(directory))
            && !quiet
        {
            note(&format!("nothing is kept in {}: {}", visible(directory.as_os_str().as_encoded_bytes()), error.kind()));
        }
        return scanner.history(&history, &progress).map_err(|error| Failure::new(&error));
    }
    if let Some(mut objects) = objects(args, scanner, scanner.counts_each_path(&globs, &let_pass), environment)? {
        objects.leave_out(|path| globs.has(path));
        return Ok(scanner.objects(&objects, &progress));
    }
    let roots = if args.paths.is_empty() { vec![Path::new(".").to_owned()] } else { args.paths.clone() };
    let tree = TreeSettings { no_ignore: args.no_ignore, exclude, roots };
    scanner.tree(&tree, &progress).map_err(|error| Failure::new(&error))
}

/// The content of git that is asked for; none: something else is. With `each_path` that content is listed with all its paths.
fn objects(args: &ScanArgs, scanner: &Scanner, each_path: bool, environment: &Environment) -> Result<Option<Objects>, Failure> {
    let objects = if args.staged {
        let repository = Repository::named(args, environment)?;
        git::staged::list(repository.path, &repository.environment)
    } else if let Some(range) = range_cmd::range(args, environment)? {
        let repository = Repository::named(args, environment)?;
        git::range::list(repository.path, &scanner.at_once(range.with_each_path(each_path)), &repository.environment)
    } else {
        return Ok(None);
    };
    objects.map(Some).map_err(|error| Failure::new(&error))
}

fn history_settings(args: &ScanArgs, repository: Repository<'_>, environment: &Environment) -> HistorySettings {
    HistorySettings {
        environment: repository.environment,
        unreachable: args.unreachable,
        since: args.since,
        delta: !args.no_delta,
        cache: match &args.cache {
            _ if args.no_cache => Cache::Off,
            Some(directory) => Cache::At(directory.clone()),
            None => environment.cache(),
        },
        ..HistorySettings::new(repository.path.to_owned())
    }
}

fn write(args: &ScanArgs, report: &Report, quiet: bool, environment: &Environment) -> Result<(), Failure> {
    let options = Options {
        show_secrets: args.show_secrets,
        explain: args.explain,
        receipt: args.receipt,
        sarif_profile: args.sarif_profile,
        ..Options::default()
    };
    for file in &args.report {
        output::report_to_file(file.format, report, &options, &file.path)?;
    }
    let has_news = !report.findings.is_empty() || !report.coverage.problems.is_empty();
    if args.format == Format::Human && quiet && !has_news && !args.receipt {
        return Ok(());
    }
    output::report_to_stdout(args.format, report, &options, environment)
}

fn exit(args: &ScanArgs, fail_on: Severity, report: &Report) -> Exit {
    if !args.exit_zero && report.findings.iter().any(|finding| finding.severity >= fail_on) {
        return Exit::Findings;
    }
    if report.coverage.problems.is_empty() || args.allow_incomplete { Exit::Clean } else { Exit::Incomplete }
}
