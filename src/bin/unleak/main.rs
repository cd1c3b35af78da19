//! The program: parse, dispatch, exit code. Owns: the choice of command. Must not: hold options, formats or patterns.

mod args;
mod audit_cmd;
mod audit_labels;
mod audit_session;
mod baseline_cmd;
mod baseline_file;
mod check_cmd;
mod config;
mod config_cmd;
mod env;
mod evaluate_cmd;
mod explain_cmd;
mod failure;
mod foreign;
mod ground;
mod handed;
mod import_cmd;
mod mask;
mod migrate_args;
mod migrate_audit;
mod migrate_cmd;
mod migrate_config;
mod migrate_failure;
mod migrate_rotated;
mod migrate_show;
mod nearest;
mod output;
mod patterns_cmd;
mod progress;
mod range_cmd;
mod repository;
mod run_cmd;
mod scan_cmd;
mod store_cmd;
mod store_config;
mod store_references;
mod stores;
mod terminal;
mod variables;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use env::Environment;
use failure::{Exit, Failure};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help that nobody reads to its end is no failure.
            let _ = error.print();
            return if error.use_stderr() { Exit::Failure } else { Exit::Clean }.into();
        }
    };
    output::choose_color(args.color);
    match run(args) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}

fn run(args: Args) -> Result<Exit, Failure> {
    let environment = Environment::read();
    match args.command {
        Command::Scan(scan) => scan_cmd::run(&scan, args.quiet, &environment),
        Command::Patterns(patterns) => patterns_cmd::run(&patterns),
        Command::Config(config) => config_cmd::run(&config),
        Command::Explain(explain) => explain_cmd::run(&explain),
        Command::Audit(audit) => audit_cmd::run(&audit, args.quiet, &environment),
        Command::Baseline(baseline) => baseline_cmd::run(&baseline, args.quiet, &environment),
        Command::Evaluate(evaluate) => evaluate_cmd::run(&evaluate),
        Command::Run(run) => run_cmd::run(&run, &environment),
        Command::MaskOutput => mask::run(),
        Command::Get(get) => run_cmd::get(&get, &environment),
        Command::Check(check) => check_cmd::run(&check, &environment),
        Command::Store(store) => store_cmd::run(&store, &environment),
        Command::Migrate(migrate) => migrate_cmd::run(&migrate, args.quiet, &environment),
    }
}
