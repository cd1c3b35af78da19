//! The questions of `unleak audit`. Owns: one finding after the other, what each key does. Must not: choose findings, or write the baseline's
//! format.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::{BStr, ByteSlice as _};
use unleak::blob::{Origin, visible};
use unleak::finding::{Finding, Verdict};
use unleak::report::{self, Options};

use crate::baseline_file;
use crate::env::PASSPHRASE;
use crate::failure::Failure;
use crate::terminal::{Key, Terminal};

const KEYS: &str = "r real   f false   a accepted   s skip   v view   e editor   b back   q quit";

/// Programs that want `--goto FILE:LINE`; others take `+LINE FILE`.
const GOTO: [&str; 6] = ["code", "code-insiders", "codium", "cursor", "windsurf", "positron"];

/// What decisions are about and where they go.
pub struct Target<'t> {
    /// The baseline's file.
    pub baseline: &'t Path,
    /// What paths of findings are relative to.
    pub root: PathBuf,
    /// Who decides.
    pub by: &'t str,
    /// What opens a file, for a shell.
    pub editor: Option<&'t OsStr>,
}

/// A walk through findings.
pub struct Session<'t> {
    findings: Vec<Finding>,
    terminal: Terminal,
    target: Target<'t>,
    options: Options,
    /// What was decided in this walk, by finding.
    decided: BTreeMap<usize, Verdict>,
}

/// What to do after a key.
enum Step {
    /// Show the same finding again.
    Stay,
    /// Show the next one.
    Next,
    /// Show the one before.
    Back,
    /// Leave.
    Quit,
}

impl<'t> Session<'t> {
    /// A walk that has not begun.
    pub fn new(findings: Vec<Finding>, terminal: Terminal, target: Target<'t>, options: Options) -> Self {
        Self { findings, terminal, target, options, decided: BTreeMap::new() }
    }

    /// Walks to the end, or until the person leaves.
    ///
    /// # Errors
    /// A terminal that is gone, a baseline that cannot be written.
    pub fn run(mut self) -> Result<(), Failure> {
        let mut at = 0;
        while at < self.findings.len() {
            self.show(at).map_err(gone)?;
            match self.ask(at)? {
                Step::Stay => {}
                Step::Next => at += 1,
                Step::Back => at = at.saturating_sub(1),
                Step::Quit => break,
            }
        }
        let end = self.end();
        self.terminal.write(&end).map_err(gone)
    }

    fn show(&mut self, at: usize) -> io::Result<()> {
        let frame = self.frame(at, false)?;
        self.terminal.write(&format!("{} of {}\n{frame}", at + 1, self.findings.len()))
    }

    fn frame(&self, at: usize, show_secrets: bool) -> io::Result<String> {
        let mut frame = Vec::new();
        report::write_finding(&self.findings[at], &Options { show_secrets, ..self.options.clone() }, &mut frame)?;
        Ok(String::from_utf8_lossy(&frame).into_owned())
    }

    /// Waits for a key and does what it says.
    fn ask(&mut self, at: usize) -> Result<Step, Failure> {
        let mut prompt = format!("{KEYS}\n");
        loop {
            let Key::Byte(byte) = self.terminal.key(&std::mem::take(&mut prompt)).map_err(gone)? else { return Ok(Step::Quit) };
            return match byte {
                b'r' => self.decide(at, Verdict::Real, ""),
                b'f' => self.decide(at, Verdict::False, ""),
                b'a' => self.accept(at),
                b's' => Ok(Step::Next),
                b'b' => Ok(Step::Back),
                b'q' => Ok(Step::Quit),
                b'v' => {
                    let frame = self.frame(at, true).map_err(gone)?;
                    self.terminal.show_for_a_while(&frame).map_err(gone)?;
                    Ok(Step::Stay)
                }
                b'e' => self.edit(at),
                _ => continue,
            };
        }
    }

    /// Writes a decision to the baseline.
    fn decide(&mut self, at: usize, verdict: Verdict, reason: &str) -> Result<Step, Failure> {
        let finding = &mut self.findings[at];
        let decision = baseline_file::decision(finding, verdict, reason, self.target.by);
        let kept = baseline_file::change(self.target.baseline, |baseline| Ok(baseline.decide(finding, decision.clone())))?;
        if let Err(error) = kept {
            self.terminal.write(&format!("not accepted: {error}\n\n")).map_err(gone)?;
            return Ok(Step::Stay);
        }
        finding.decision = Some(decision);
        self.decided.insert(at, verdict);
        self.terminal.write(&format!("{}\n\n", verdict.name())).map_err(gone)?;
        Ok(Step::Next)
    }

    fn accept(&mut self, at: usize) -> Result<Step, Failure> {
        match self.terminal.line("why may it stay? ").map_err(gone)? {
            None => Ok(Step::Quit),
            Some(reason) if reason.is_empty() => {
                self.terminal.write("not accepted: it needs a reason\n\n").map_err(gone)?;
                Ok(Step::Stay)
            }
            Some(reason) => self.decide(at, Verdict::Accepted, &reason),
        }
    }

    /// Opens the place of a finding in an editor and waits for its end.
    fn edit(&mut self, at: usize) -> Result<Step, Failure> {
        let said = match (spot(&self.findings[at], &self.target.root), self.target.editor) {
            (Err(where_it_is), _) => where_it_is,
            (_, None) => "neither VISUAL nor EDITOR is set\n\n".to_owned(),
            (Ok((path, line)), Some(editor)) => match open(editor, &path, line) {
                Ok(true) => String::new(),
                Ok(false) => "the editor ended with an error\n\n".to_owned(),
                Err(error) => format!("the editor cannot be run: {error}\n\n"),
            },
        };
        self.terminal.write(&said).map_err(gone)?;
        Ok(Step::Stay)
    }

    /// What came of it.
    fn end(&self) -> String {
        let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
        self.decided.values().for_each(|&verdict| *counts.entry(verdict).or_default() += 1);
        let left = self.findings.iter().filter(|finding| finding.decision.is_none()).count();
        let mut text = String::new();
        for (verdict, count) in counts.iter().rev() {
            let _ = write!(text, "{count} {}, ", verdict.name());
        }
        let _ = write!(text, "{left} left to decide");
        if !counts.is_empty() {
            let _ = write!(text, "; written to {}", visible(self.target.baseline.as_os_str().as_encoded_bytes()));
        }
        text + "\n"
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands on")]
fn gone(error: io::Error) -> Failure {
    Failure::new(&format_args!("the terminal is gone: {error}")).hint("decisions made so far are in the baseline")
}

/// A file and the line in it where a finding stands now; else the words that say where it stands.
fn spot(finding: &Finding, root: &Path) -> Result<(PathBuf, u64), String> {
    let live = finding.exposure.iter().flat_map(|exposure| &exposure.live).map(|live| (live.path.as_bstr(), live.line.unwrap_or(1)));
    let files = finding.places.iter().filter(|place| matches!(&*place.origin, Origin::File { .. } | Origin::GitConfig { .. }));
    let files = files.map(|place| (place.origin.path(), place.start.line));
    let there = |(path, line): (&BStr, u64)| Some((root.join(path.to_path().ok()?), line)).filter(|(path, _)| path.is_file());
    live.chain(files).find_map(there).ok_or_else(|| {
        let origin = finding.places.first().map(|place| &*place.origin);
        match origin.and_then(|origin| Some((origin.commit()?, origin.path_in_tree()?))) {
            Some((commit, path)) => format!("no file holds it now; `git show {commit}:{}` shows it\n\n", visible(path)),
            None => "no file holds it now\n\n".to_owned(),
        }
    })
}

/// Runs an editor; tells whether it ended well.
fn open(editor: &OsStr, path: &Path, line: u64) -> io::Result<bool> {
    let path = path.canonicalize()?;
    let mut words = editor.as_encoded_bytes().split(|&byte| byte == b' ');
    let program = Path::new(OsStr::new(std::str::from_utf8(words.next().unwrap_or_default()).unwrap_or_default()));
    let mut command = for_a_shell(editor);
    if program.file_stem().and_then(OsStr::to_str).is_some_and(|name| GOTO.contains(&name)) {
        let mut place = path.into_os_string();
        place.push(format!(":{line}"));
        command.arg("--goto").arg(place);
    } else {
        command.arg(format!("+{line}")).arg(path);
    }
    Ok(command.env_remove(PASSPHRASE).status()?.success())
}

/// The editor's words are for a shell, as git takes them; what is added to them is not.
fn for_a_shell(editor: &OsStr) -> Command {
    let mut script = editor.to_owned();
    script.push(" \"$@\"");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg("editor");
    command
}
