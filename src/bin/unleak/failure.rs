//! How the program ends. Owns: the exit codes and the words of an error. Must not: decide that something failed.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use unleak::blob::visible;

/// The meaning of the program's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to report, and everything asked for was scanned.
    Clean = 0,
    /// Findings, or patterns with complaints.
    Findings = 1,
    /// Wrong usage, or a failure.
    Failure = 2,
    /// Nothing to report, but part of what was asked for was not scanned.
    Incomplete = 3,
    /// A migration is done, and values in the history have to be rotated.
    RotationPending = 4,
    /// A store denies something.
    Denied = 5,
    /// Files are not what a plan speaks of.
    Stale = 6,
    /// It would do harm.
    Refused = 7,
    /// A migration was begun and is not finished.
    Unfinished = 8,
    /// `unleak run`: a reference cannot be resolved, so nothing was run (EX_CONFIG of sysexits.h).
    Unresolved = 78,
    /// `unleak run`: the command cannot be run, as shells say it.
    CannotRun = 126,
    /// `unleak run`: there is no such command, as shells say it.
    NoCommand = 127,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error for the person at the terminal.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong.
    pub error: String,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure with these words.
    pub fn new(error: &dyn Display) -> Self {
        Self { exit: Exit::Failure, error: error.to_string(), hints: Vec::new() }
    }

    /// A failure with a file, given in words of what was done with it.
    pub fn with_file(action: &str, path: &Path, error: &dyn Display) -> Self {
        Self::new(&format_args!("cannot {action} {}: {error}", visible(path.as_os_str().as_encoded_bytes())))
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a hint, if there is one.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }

    /// Writes the error and its hints to standard error.
    pub fn print(&self) {
        let mut stderr = anstream::stderr().lock();
        // Where standard error is gone there is nobody left to tell.
        let _ = self.write(&mut stderr);
    }

    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let (red, cyan) = (bold(AnsiColor::Red), bold(AnsiColor::Cyan));
        writeln!(out, "unleak: {red}error{red:#}: {}", safe(&self.error))?;
        self.hints.iter().try_for_each(|hint| writeln!(out, "  {cyan}hint{cyan:#}: {}", safe(hint)))
    }
}

fn bold(color: AnsiColor) -> Style {
    Style::new().bold().fg_color(Some(color.into()))
}

/// Text whose lines a terminal shows as they are; messages can quote files.
fn safe(text: &str) -> String {
    text.trim_end().lines().map(|line| visible(line.as_bytes())).collect::<Vec<_>>().join("\n")
}

/// Writes a note to standard error.
pub fn note(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let yellow = bold(AnsiColor::Yellow);
    // As for errors.
    let _ = writeln!(stderr, "unleak: {yellow}note{yellow:#}: {}", safe(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_hints_and_no_control_characters() {
        let failure = Failure::new(&"a\x1b[31m\nb\n").hint("c").maybe_hint(None);
        let mut out = anstream::StripStream::new(Vec::new());
        failure.write(&mut out).unwrap();
        assert_eq!(String::from_utf8(out.into_inner()).unwrap(), "unleak: error: a\\u{1b}[31m\nb\n  hint: c\n");
    }
}
