//! What a scan goes by: patterns, configuration, files of other tools. Owns: the options that say so, and putting it all together.
//! Must not: write reports, or decide about findings.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use unleak::finding::{Level, Report};
use unleak::patterns::Catalogue;
use unleak::scan::Scanner;
use unleak::settings::{HistorySettings, Settings, TreeSettings};
use unleak::suppress;
use unleak::suppress::allow::Allow;
use unleak::suppress::globs::Globs;
use unleak::suppress::marks::Marks;
use unleak::suppress::passed::PassedPaths;

use crate::args::{level_parser, profile_parser};
use crate::config::Config;
use crate::env::Environment;
use crate::failure::{Failure, note};
use crate::foreign::Foreign;
use crate::patterns_cmd;
use crate::progress::Line;

/// What to look for.
#[derive(Debug, Clone, Args)]
pub struct LookArgs {
    /// Read more patterns from a file (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What to look for")]
    pub patterns: Vec<PathBuf>,
    /// Switch a pattern on that is off by default (repeatable)
    #[arg(long, value_name = "ID", help_heading = "What to look for")]
    pub enable: Vec<String>,
    /// Switch a pattern off (repeatable)
    #[arg(long, value_name = "ID", help_heading = "What to look for")]
    pub disable: Vec<String>,
    /// Report findings of this confidence and above [default: medium]
    #[arg(long, value_name = "LEVEL", value_parser = level_parser(), help_heading = "What to look for")]
    pub min_confidence: Option<Level>,
    /// How sure a finding must be: `strict` reports guesses too, `quiet` only what is hardly in doubt
    #[arg(long, value_name = "PROFILE", value_parser = profile_parser(), conflicts_with = "min_confidence", help_heading = "What to look for")]
    pub profile: Option<Level>,
    /// Report secrets with inline marks too, whoever's marks they are
    #[arg(long, help_heading = "What to look for")]
    pub no_inline_marks: bool,
    /// Of the inline marks, respect `unleak:allow` only, not those of other tools
    #[arg(long, help_heading = "What to look for")]
    pub no_foreign_allow: bool,
}

/// Which files of its own say what is left out.
#[derive(Debug, Default, Args)]
pub struct FileArgs {
    /// Use this configuration file, not the .unleak.toml of the scanned tree
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_config", help_heading = "Other")]
    pub config: Option<PathBuf>,
    /// Use no configuration file, nor rule files of other tools, nor a baseline that is not named; for trees you do not trust
    #[arg(long, help_heading = "Other")]
    pub no_config: bool,
    /// Use this baseline, not the .unleak-baseline.jsonl at the root of the scanned repository or directory
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Other")]
    pub baseline: Option<PathBuf>,
}

/// Which files say what is left out.
#[derive(Debug, Args)]
pub struct RuleArgs {
    #[command(flatten)]
    pub files: FileArgs,
    /// Use no rule files of other tools, such as .gitleaks.toml and .gitleaksignore at the root of the scanned tree
    #[arg(long, help_heading = "Other")]
    pub no_foreign_config: bool,
}

impl FileArgs {
    /// The configuration that holds for a scan of `start`.
    ///
    /// # Errors
    /// A file that cannot be read or says something unknown.
    pub fn configuration(&self, start: &Path) -> Result<Config, Failure> {
        match &self.config {
            Some(file) => Config::read(file),
            None if self.no_config => Ok(Config::default()),
            None => Config::find(start),
        }
    }
}

/// What a scan goes by.
pub struct Ground {
    /// The configuration.
    pub config: Config,
    /// The scanner.
    pub scanner: Scanner,
    foreign: Foreign,
}

impl Ground {
    /// Puts together what holds for a scan of `start`. `settings` are those that these options do not speak of.
    ///
    /// # Errors
    /// Files that cannot be read or used, patterns that do not exist.
    pub fn new(look: &LookArgs, rules: &RuleArgs, start: &Path, settings: &Settings) -> Result<Self, Failure> {
        let config = rules.files.configuration(start)?;
        let mut catalogue = catalogue(look, &config)?;
        let foreign =
            if rules.no_foreign_config || rules.files.no_config { Foreign::default() } else { Foreign::find(start, &mut catalogue) };
        let settings = Settings {
            min_confidence: look.min_confidence.or(look.profile).or(config.min_confidence).unwrap_or(settings.min_confidence),
            marks: match (look.no_inline_marks, look.no_foreign_allow) {
                (true, _) => Marks::None,
                (false, true) => Marks::Own,
                (false, false) => Marks::All,
            },
            ..settings.clone()
        };
        Ok(Self { config, scanner: Scanner::new(catalogue, settings), foreign })
    }

    /// The paths whose places the configuration and files of other tools take out of the report.
    ///
    /// # Errors
    /// A glob that cannot be read.
    pub fn let_pass(&self) -> Result<PassedPaths, Failure> {
        Ok(PassedPaths::new(globs(self.config.allow.iter().filter_map(Allow::path))?, self.foreign.passes()))
    }

    /// Takes out of the report what configuration and files of other tools let pass, and gives the words about it.
    pub fn leave_out(self, report: &mut Report) -> Vec<String> {
        suppress::allow::apply(&self.config.allow, report);
        self.foreign.apply(report)
    }

    /// Scans a tree or the history of its repository, and takes out what is let pass.
    ///
    /// # Errors
    /// A source that cannot be listed.
    pub fn scan(self, path: &Path, history: bool, quiet: bool, environment: &Environment) -> Result<Report, Failure> {
        let mut report = if history {
            let settings = HistorySettings {
                environment: environment.git.clone(),
                exclude: globs(self.config.exclude.iter().map(String::as_str))?,
                let_pass: self.let_pass()?,
                cache: environment.cache(),
                ..HistorySettings::new(path.to_owned())
            };
            scan_history(&self.scanner, &settings, quiet, environment)?
        } else {
            let tree = TreeSettings { no_ignore: false, exclude: self.config.exclude.clone(), roots: vec![path.to_owned()] };
            scan_tree(&self.scanner, &tree, quiet, environment)?
        };
        self.leave_out(&mut report).iter().filter(|_| !quiet).for_each(|text| note(text));
        Ok(report)
    }
}

/// The patterns to look for; what the command line says comes last and counts.
fn catalogue(look: &LookArgs, config: &Config) -> Result<Catalogue, Failure> {
    let mut catalogue = patterns_cmd::catalogue(config.patterns.iter().chain(&look.patterns))?;
    for (ids, enabled) in [(&config.enable, true), (&config.disable, false), (&look.enable, true), (&look.disable, false)] {
        for id in ids {
            catalogue.set_enabled(id, enabled).map_err(|error| patterns_cmd::unknown(&catalogue, id, &error))?;
        }
    }
    Ok(catalogue)
}

/// Scans files.
///
/// # Errors
/// A tree that cannot be listed.
pub fn scan_tree(scanner: &Scanner, tree: &TreeSettings, quiet: bool, environment: &Environment) -> Result<Report, Failure> {
    scanner.tree(tree, &Line::new(quiet, environment)).map_err(|error| Failure::new(&error))
}

/// Globs of paths.
///
/// # Errors
/// One that cannot be read.
pub fn globs<'g>(globs: impl IntoIterator<Item = &'g str>) -> Result<Globs, Failure> {
    Globs::new(globs).map_err(|error| Failure::new(&error))
}

/// Scans all that references lead to.
///
/// # Errors
/// A repository that cannot be read.
pub fn scan_history(scanner: &Scanner, settings: &HistorySettings, quiet: bool, environment: &Environment) -> Result<Report, Failure> {
    scanner.history(settings, &Line::new(quiet, environment)).map_err(|error| Failure::new(&error))
}
