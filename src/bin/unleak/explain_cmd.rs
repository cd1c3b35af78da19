//! `unleak explain`. Owns: the words that say why something is a finding or none. Must not: judge, or print a secret.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bstr::BStr;
use unleak::blob::visible;
use unleak::finding::{Confidence, Level};
use unleak::scan::{Judged, Scanner};
use unleak::settings::Settings;

use crate::args::ExplainArgs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::patterns_cmd;

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, patterns that are none.
pub fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let (path, line) = split(&args.place);
    let bytes = fs::read(&path).map_err(|error| Failure::with_file("read", &path, &error))?;
    let scanner = Scanner::new(patterns_cmd::catalogue(&args.patterns)?, Settings::default());
    let name = path.as_os_str().as_encoded_bytes();
    let judged = scanner.judged(BStr::new(name), &bytes);
    let meant: Vec<&Judged> = judged.iter().filter(|judged| line.is_none_or(|line| judged.lines.contains(&line))).collect();
    let mut text = String::new();
    for judged in &meant {
        explain(&visible(name), judged, &mut text);
    }
    if meant.is_empty() {
        text += "no candidate: no pattern knows the text, and no name that speaks of a credential has a value worth a look\n";
    }
    output::to_stdout(|out| out.write_all(text.as_bytes())).map(|()| Exit::Clean)
}

/// `FILE:LINE`, or a file's name as it is.
fn split(place: &Path) -> (PathBuf, Option<u64>) {
    let parts = place.to_str().and_then(|text| text.rsplit_once(':'));
    match parts.and_then(|(file, line)| Some((file, line.parse().ok()?))) {
        Some((file, line)) if !place.exists() => (file.into(), Some(line)),
        _ => (place.to_owned(), None),
    }
}

fn explain(path: &str, judged: &Judged, text: &mut String) {
    let def = &judged.pattern.def;
    let _ = writeln!(text, "{path}:{}: {} ({}), {}", judged.lines.start(), visible(def.title.as_bytes()), def.id, judged.masked);
    if let Some(reason) = judged.dropped {
        let _ = writeln!(text, "  no finding: {reason}");
        let _ = writeln!(
            text,
            "  to change that: nothing moves a named rule; where it errs, the value would have to be written in another way"
        );
        return;
    }
    let (floor, level) = (Level::Medium.floor(), Confidence(judged.probability).level().name());
    let found = judged.probability >= floor;
    let verdict = if found { "a finding" } else { "no finding" };
    let _ = writeln!(text, "  {verdict}: confidence {:.2} ({level}), the threshold is {floor:.2}", judged.probability);
    if judged.weights.is_empty() {
        for reason in &judged.evidence {
            let _ = writeln!(text, "    because: {reason}");
        }
    }
    for (reason, weight) in &judged.weights {
        let _ = writeln!(text, "    {weight:+.2}  {reason}");
    }
    let strongest = judged.weights.iter().find(|(_, weight)| (*weight > 0.0) == found).map(|(reason, _)| *reason);
    let reason = strongest.map_or_else(String::new, |reason| format!("; most of it hangs on this: {reason}"));
    let change = if found { "read the value from a store, or mark the line with `unleak:allow`" } else { lower(judged.probability) };
    let _ = writeln!(text, "  to change that: {change}{reason}");
}

/// What reports a candidate below the threshold.
fn lower(probability: f32) -> &'static str {
    if probability >= Level::Low.floor() { "`--profile strict` reports it" } else { "no profile reports something so unlikely" }
}
