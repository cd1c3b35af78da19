//! Where reports go. Owns: standard output, report files and how each is written. Must not: decide what a report says.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use unleak::finding::Report;
use unleak::report::{self, Format, Options};

use crate::env::Environment;
use crate::failure::Failure;

/// Makes `--color` hold for everything that is written.
pub fn choose_color(choice: clap::ColorChoice) {
    match choice {
        clap::ColorChoice::Auto => ColorChoice::Auto,
        clap::ColorChoice::Always => ColorChoice::Always,
        clap::ColorChoice::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Writes to standard output. A reader that went away (`| head`) is no failure.
///
/// # Errors
/// Any other error of standard output.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(&format_args!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a report to standard output, with colours and links where the terminal has them.
///
/// # Errors
/// As [`to_stdout`].
pub fn report_to_stdout(format: Format, report: &Report, options: &Options, environment: &Environment) -> Result<(), Failure> {
    let options = for_stdout(format, options, environment);
    to_stdout(|out| report::write(format, report, &options, out))
}

/// The options as standard output needs them.
pub fn for_stdout(format: Format, options: &Options, environment: &Environment) -> Options {
    let stdout = io::stdout();
    let color = format == Format::Human && !matches!(AutoStream::choice(&stdout), ColorChoice::Never);
    Options {
        color,
        hyperlinks: color && stdout.is_terminal() && environment.has_hyperlinks,
        width: terminal_size::terminal_size_of(&stdout).map_or(options.width, |(width, _)| width.0.into()),
        ..options.clone()
    }
}

/// Writes a report to a file, whole or not at all.
///
/// # Errors
/// What the system says, with the file's name.
pub fn report_to_file(format: Format, report: &Report, options: &Options, path: &Path) -> Result<(), Failure> {
    unleak::fsx::write_atomically(path, |out| report::write(format, report, options, out))
        .map_err(|error| Failure::with_file("write the report", path, &error))
}
