//! `unleak evaluate`. Owns: reading labelled text and measuring a scan of it. Must not: hold figures or formats.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path};

use unleak::evaluate::labels::{self, Region};
use unleak::evaluate::{self, Outcome, report};
use unleak::finding::Level;
use unleak::scan::Scanner;
use unleak::settings::Settings;

use crate::args::EvaluateArgs;
use crate::failure::{Exit, Failure};
use crate::{output, patterns_cmd};

/// Runs the command.
///
/// # Errors
/// Labels that cannot be read or are not in the format.
pub fn run(args: &EvaluateArgs) -> Result<Exit, Failure> {
    let text = read(&args.labels).map_err(|error| Failure::with_file("read", &args.labels, &error))?;
    let mut regions = labels::parse(&text).map_err(|error| {
        let packed = text.starts_with("(\u{b5}/\u{fd}").then(|| "unpack it first: `zstd -dc LABELS | unleak evaluate -`".to_owned());
        Failure::with_file("use", &args.labels, &error).maybe_hint(packed)
    })?;
    regions.iter_mut().try_for_each(|region| fill(region, &args.root))?;
    let scanner = Scanner::new(patterns_cmd::catalogue(&args.patterns)?, Settings::default());
    let outcomes: Vec<Outcome> = regions.iter().flat_map(|region| evaluate::outcomes(&scanner, region)).collect();
    let threshold = args.min_confidence.or(args.profile).unwrap_or(Level::Medium).floor();
    output::to_stdout(|out| report::write(&outcomes, threshold, args.places, out)).map(|()| Exit::Clean)
}

/// Reads the text of a region that comes without.
fn fill(region: &mut Region, root: &Path) -> Result<(), Failure> {
    let Some(expected) = region.bytes else { return Ok(()) };
    let relative = Path::new(&region.file);
    if !relative.components().all(|component| matches!(component, Component::Normal(_))) {
        return Err(Failure::with_file("use", relative, &"files of labels are below the root"));
    }
    let path = root.join(relative);
    let hint = "--root says where the labelled files are";
    let bytes = fs::read(&path).map_err(|error| Failure::with_file("read", &path, &error).hint(hint))?;
    if bytes.len() as u64 != expected {
        let error = format!("it has {} bytes and had {expected} when it was labelled", bytes.len());
        return Err(Failure::with_file("use", &path, &error).hint("`unleak audit --format jsonl` writes the labels anew"));
    }
    region.text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(())
}

fn read(path: &Path) -> io::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(path)
}
