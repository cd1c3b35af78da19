//! `unleak patterns`. Owns: reading pattern files, listing, showing and checking. Must not: know what makes a pattern right.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use unleak::blob::visible;
use unleak::patterns::reference::{self, spelled};
use unleak::patterns::{Catalogue, CatalogueError, PatternIndex, check, example};

use crate::args::{PatternsArgs, PatternsCommand};
use crate::failure::{Exit, Failure};
use crate::import_cmd;
use crate::nearest::nearest;
use crate::output;

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, a pattern that does not exist.
pub fn run(args: &PatternsArgs) -> Result<Exit, Failure> {
    if let PatternsCommand::Check { files } = &args.command {
        return check(args, files);
    }
    let catalogue = catalogue(&args.patterns)?;
    if let PatternsCommand::Import { tool, from, output } = &args.command {
        return import_cmd::run(*tool, from, output.as_deref(), catalogue);
    }
    let text = match &args.command {
        PatternsCommand::List => list(&catalogue).into_bytes(),
        PatternsCommand::Show { id } => show(&catalogue, index(&catalogue, id)?).into_bytes(),
        PatternsCommand::Example { id, seed } => one_example(&catalogue, index(&catalogue, id)?, *seed)?,
        PatternsCommand::Docs => reference::markdown(&catalogue).into_bytes(),
        PatternsCommand::Check { .. } | PatternsCommand::Import { .. } => Vec::new(),
    };
    output::to_stdout(|out| out.write_all(&text)).map(|()| Exit::Clean)
}

/// The built-in patterns and those of the files.
///
/// # Errors
/// A file that cannot be read or is not in the schema.
pub fn catalogue<'f>(files: impl IntoIterator<Item = &'f PathBuf>) -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::builtin();
    for file in files {
        let text = fs::read_to_string(file).map_err(|error| Failure::with_file("read", file, &error))?;
        let name = visible(file.as_os_str().as_encoded_bytes());
        catalogue.add(&name, &text).map_err(|error| {
            let is_known = matches!(error, CatalogueError::Duplicate(_));
            let hint = is_known.then(|| "`unleak patterns check` without files checks the built-in patterns".to_owned());
            Failure::new(&with_file(&name, &error)).maybe_hint(hint)
        })?;
    }
    Ok(catalogue)
}

/// The error with the file's name, once.
fn with_file(name: &str, error: &CatalogueError) -> String {
    if matches!(error, CatalogueError::Schema { .. }) { error.to_string() } else { format!("{name}: {error}") }
}

/// The failure for a pattern that does not exist, with the nearest one as a hint.
pub fn unknown(catalogue: &Catalogue, id: &str, error: &CatalogueError) -> Failure {
    let ids: Vec<&str> = catalogue.indices().map(|index| catalogue.pattern(index).def.id.as_str()).collect();
    Failure::new(error).maybe_hint(nearest(id, ids).map(|known| format!("did you mean {known}?")))
}

fn index(catalogue: &Catalogue, id: &str) -> Result<PatternIndex, Failure> {
    catalogue.index_of(id).ok_or_else(|| unknown(catalogue, id, &CatalogueError::Unknown(id.to_owned())))
}

fn list(catalogue: &Catalogue) -> String {
    let width = catalogue.indices().map(|index| catalogue.pattern(index).def.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for index in catalogue.indices() {
        let def = &catalogue.pattern(index).def;
        let off = if def.opt_in { " (off unless enabled)" } else { "" };
        let _ = writeln!(text, "{:width$}  {:8}  {}{off}", def.id, def.severity.name(), visible(def.title.as_bytes()));
    }
    text
}

fn show(catalogue: &Catalogue, index: PatternIndex) -> String {
    let pattern = catalogue.pattern(index);
    let def = &pattern.def;
    let companions = def.companions.iter().map(|other| format!("{} within {} lines", other.pattern, other.within_lines));
    let optional = |list: &[String]| (!list.is_empty()).then(|| list.join("  "));
    let known = |link: &String| Some(link.clone()).filter(|link| !link.is_empty());
    let rows = [
        ("id", Some(def.id.clone())),
        ("title", Some(def.title.clone())),
        ("provider", Some(pattern.provider_name.clone())),
        ("severity", Some(def.severity.name().to_owned())),
        ("opens", Some(def.opens.clone())),
        ("revoke", known(&def.revoke)),
        ("store", Some(def.store.phrase().to_owned())),
        ("advice", def.advice.clone()),
        ("docs", known(&pattern.docs)),
        ("imported", pattern.imported.as_ref().map(|tool| format!("from {tool}"))),
        ("shape", optional(&def.shape)),
        ("near", optional(&def.near)),
        ("hint", optional(&def.hint)),
        ("regex", def.regex.clone()),
        ("anchors", optional(&def.anchors)),
        ("detector", def.detector.map(|detector| spelled(&detector))),
        ("checksum", def.checksum.map(|check| spelled(&check))),
        ("entropy", def.entropy.map(|floor| format!("{floor} bits per character or more"))),
        ("paths", optional(&def.paths)),
        ("with", optional(&companions.collect::<Vec<_>>())),
        ("enabled", Some(if def.opt_in { "only with --enable" } else { "by default" }.to_owned())),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(text, "{name:9} {}", visible(value.as_bytes()));
        }
    }
    text
}

fn one_example(catalogue: &Catalogue, index: PatternIndex, seed: u64) -> Result<Vec<u8>, Failure> {
    let def = &catalogue.pattern(index).def;
    let template = def.positive.first().ok_or_else(|| Failure::new(&format!("pattern {} has no example", def.id)))?;
    let mut text =
        example::fill(catalogue, index, template, seed).map_err(|error| Failure::new(&format!("pattern {}: {error}", def.id)))?;
    text.push(b'\n');
    Ok(text)
}

fn check(args: &PatternsArgs, files: &[PathBuf]) -> Result<Exit, Failure> {
    let others = catalogue(&args.patterns)?.len();
    let mut catalogue = catalogue(args.patterns.iter().chain(files))?;
    let checked: Vec<PatternIndex> = catalogue.indices().skip(if files.is_empty() { 0 } else { others }).collect();
    let complaints = check::check_all(&mut catalogue, &checked).map_err(|error| Failure::new(&error))?;
    let mut text = String::new();
    for complaint in &complaints {
        let _ = writeln!(text, "{}", visible(complaint.to_string().as_bytes()));
    }
    let _ = writeln!(text, "{} checked, {}", counted(checked.len(), "pattern"), counted(complaints.len(), "complaint"));
    output::to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(if complaints.is_empty() { Exit::Clean } else { Exit::Findings })
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
