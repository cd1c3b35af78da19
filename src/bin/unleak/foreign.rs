//! Rule files of other tools in the scanned repository. Owns: finding and reading them, and the words about what they did. Must not: scan.
//!
//! They come with the tree, perhaps from somebody who wants to hide something. So they are read from the root only and through no link, what
//! is wrong with them never stops a scan, and whatever they take out of the report is counted and said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use unleak::blob::visible;
use unleak::finding::{ForeignFile, Report};
use unleak::patterns::Catalogue;
use unleak::patterns::exception::Exception;
use unleak::patterns::import::rule::Tool;
use unleak::patterns::import::{Import, carry, gitleaks};
use unleak::suppress::foreign::{self, IgnoredPlaces, Passes};

/// Files with rules; the first that is there is used, as the tools do it.
const RULES: [(&str, Tool); 3] =
    [(".betterleaks.toml", Tool::Betterleaks), (".gitleaks.toml", Tool::Gitleaks), ("gitleaks.toml", Tool::Gitleaks)];
/// Files with places to ignore; all are used.
const PLACES: [&str; 2] = [".betterleaksignore", ".gitleaksignore"];
/// Most bytes of a file.
const MAX_SIZE: u64 = 1 << 20;

/// The files that were found.
#[derive(Debug, Default)]
pub struct Foreign {
    files: Vec<(ForeignFile, Passes)>,
    /// What went wrong.
    warnings: Vec<String>,
}

impl Foreign {
    /// Reads the files at the root of the repository that holds `start`, or in `start` itself where there is none, and adds their rules to
    /// the catalogue.
    pub fn find(start: &Path, catalogue: &mut Catalogue) -> Self {
        let mut found = Self::default();
        let Some(root) = root(start) else { return found };
        let mut ids = BTreeMap::new();
        if let Some((name, tool)) = RULES.into_iter().find(|(name, _)| is_there(&root.join(name)))
            && let Some(text) = found.read(&root.join(name), name)
        {
            match gitleaks::parse(&text) {
                Ok(read) => ids = found.add(name, carry(tool, read, catalogue), catalogue),
                Err(error) => found.warnings.push(format!("{name}:{error}; it is not used")),
            }
        }
        for name in PLACES.into_iter().filter(|name| is_there(&root.join(name))) {
            if let Some(text) = found.read(&root.join(name), name) {
                let places = IgnoredPlaces::parse(&text, &ids);
                if places.unread > 0 {
                    let lines = if places.unread == 1 { "line names" } else { "lines name" };
                    found.warnings.push(format!("{name}: {} {lines} no place", places.unread));
                }
                found.files.push((record(name, 0, 0), Passes { exceptions: Vec::new(), places }));
            }
        }
        found
    }

    /// What the files let pass.
    pub fn passes(&self) -> impl Iterator<Item = &Passes> {
        self.files.iter().map(|(_, passes)| passes)
    }

    /// Takes what the files let pass out of the report, and gives the words about each file.
    pub fn apply(self, report: &mut Report) -> Vec<String> {
        foreign::apply(self.files, report);
        let mut notes = self.warnings;
        notes.extend(report.foreign_files.iter().map(words));
        notes
    }

    fn read(&mut self, path: &Path, name: &str) -> Option<String> {
        let metadata = fs::symlink_metadata(path).ok()?;
        let problem = if !metadata.is_file() {
            "it is no file"
        } else if metadata.len() > MAX_SIZE {
            "it is larger than 1 MiB"
        } else {
            match fs::read_to_string(path) {
                Ok(text) => return Some(text),
                Err(_) => "it cannot be read",
            }
        };
        self.warnings.push(format!("{name}: {problem}, so it is not used"));
        None
    }

    /// Adds the rules of a file; what it lets pass is kept apart, to be counted. Gives the ids that its rules have here.
    fn add(&mut self, name: &str, import: Import, catalogue: &mut Catalogue) -> BTreeMap<String, String> {
        let mut file = import.file;
        let mut exceptions: Vec<(Option<String>, Exception)> = Vec::new();
        let mut keep =
            |pattern: Option<&String>, from| exceptions.extend(Exception::compile(&from).ok().map(|made| (pattern.cloned(), made)));
        for from in std::mem::take(&mut file.allow) {
            keep(None, from);
        }
        for def in &mut file.patterns {
            for from in std::mem::take(&mut def.allow) {
                keep(Some(&def.id), from);
            }
        }
        // Rules of the tool itself have other names here; where one has the same, it is the same credential.
        for (rule, from) in import.of_others.into_iter().filter(|(rule, _)| catalogue.index_of(rule).is_some()) {
            keep(Some(&rule), from);
        }
        let mut left_out = import.remarks.iter().filter(|remark| remark.left_out).count();
        let mut rules = file.patterns.len();
        if let Err(error) = catalogue.add_parsed(file) {
            self.warnings.push(format!("{name}: {}, so its rules are not used", visible(error.to_string().as_bytes())));
            left_out += std::mem::take(&mut rules);
        }
        self.files.push((record(name, rules, left_out), Passes { exceptions, places: IgnoredPlaces::default() }));
        import.ids
    }
}

fn record(name: &str, rules: usize, left_out: usize) -> ForeignFile {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    ForeignFile { path: name.to_owned(), rules: count(rules), left_out: count(left_out), suppressed: 0, allows_everything: false }
}

/// The directory whose files are used: the root of the repository around `start`, else the directory itself.
pub fn root(start: &Path) -> Option<PathBuf> {
    let start = fs::canonicalize(start).ok()?;
    let directory = if start.is_dir() { start.as_path() } else { start.parent()? };
    let repository = directory.ancestors().find(|above| above.join(".git").exists());
    Some(repository.unwrap_or(directory).to_owned())
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// What a file did.
fn words(file: &ForeignFile) -> String {
    let ForeignFile { path, rules, left_out, suppressed, allows_everything } = file;
    let more = if *rules == 1 { "rule" } else { "rules" };
    let lost = if *left_out > 0 { format!(" ({left_out} did not carry over)") } else { String::new() };
    let places = if *suppressed == 1 { "place" } else { "places" };
    let everything = if *allows_everything { "; it lets everything pass" } else { "" };
    format!("{path} is used: {rules} {more} more{lost}, {suppressed} {places} not shown{everything}; --no-foreign-config leaves it out")
}
