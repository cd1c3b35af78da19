//! `unleak evaluate`. Owns: reading labelled text and measuring a scan of it. Must not: hold figures or formats.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use unleak::evaluate::{self, Outcome, labels, report};
use unleak::finding::Level;
use unleak::patterns::Catalogue;
use unleak::scan::Scanner;
use unleak::settings::Settings;

use crate::args::EvaluateArgs;
use crate::failure::{Exit, Failure};
use crate::output;

/// Runs the command.
///
/// # Errors
/// Labels that cannot be read or are not in the format.
pub fn run(args: &EvaluateArgs) -> Result<Exit, Failure> {
    let text = read(&args.labels).map_err(|error| Failure::with_file("read", &args.labels, &error))?;
    let regions = labels::parse(&text).map_err(|error| {
        let packed = text.starts_with("(\u{b5}/\u{fd}").then(|| "unpack it first: `zstd -dc LABELS | unleak evaluate -`".to_owned());
        Failure::with_file("use", &args.labels, &error).maybe_hint(packed)
    })?;
    let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
    let outcomes: Vec<Outcome> = regions.iter().flat_map(|region| evaluate::outcomes(&scanner, region)).collect();
    let threshold = args.min_confidence.or(args.profile).unwrap_or(Level::Medium).floor();
    output::to_stdout(|out| report::write(&outcomes, threshold, args.places, out)).map(|()| Exit::Clean)
}

fn read(path: &Path) -> io::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(path)
}
