//! `unleak patterns import`. Owns: reading rule files of other tools and writing the patterns. Must not: know what carries over.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use unleak::blob::visible;
use unleak::fsx;
use unleak::patterns::Catalogue;
use unleak::patterns::import::rule::{ForeignFile, Tool};
use unleak::patterns::import::{carry, gitleaks, kingfisher, trufflehog};

use crate::failure::{Exit, Failure, note};
use crate::output;

/// Most bytes of a rule file.
const MAX_SIZE: u64 = 16 << 20;

/// Runs the command; `catalogue` holds the patterns that are there already.
///
/// # Errors
/// A file that cannot be read, is not in the tool's format, or holds no rule that carries over; one that cannot be written.
pub fn run(tool: Tool, from: &Path, to: Option<&Path>, catalogue: Catalogue) -> Result<Exit, Failure> {
    let foreign = read(tool, from)?;
    let rules = foreign.rules.len();
    let mut import = carry(tool, foreign, &catalogue);
    import.add_examples(catalogue);
    for remark in &import.remarks {
        note(&visible(remark.to_string().as_bytes()));
    }
    for (rule, _) in &import.of_others {
        note(&format!("{}: what it lets pass is left out, because the rule itself is not in the file", visible(rule.as_bytes())));
    }
    note(&format!("{} of {rules} rules carried over", import.file.patterns.len()));
    if import.file.patterns.is_empty() {
        return Err(Failure::new(&format_args!("no rule of {} carries over", shown(from))));
    }
    let text = import.to_toml();
    match to {
        Some(path) => {
            let written = fsx::write_atomically(path, |out| out.write_all(text.as_bytes()));
            written.map_err(|error| Failure::with_file("write", path, &error))?;
        }
        None => output::to_stdout(|out| out.write_all(text.as_bytes()))?,
    }
    Ok(Exit::Clean)
}

fn read(tool: Tool, from: &Path) -> Result<ForeignFile, Failure> {
    match tool {
        Tool::Gitleaks | Tool::Betterleaks => {
            gitleaks::parse(&text(from)?).map_err(|error| Failure::new(&format_args!("{}:{error}", shown(from))))
        }
        Tool::Trufflehog => yaml::<trufflehog::File>(from),
        Tool::Kingfisher => {
            let mut all = ForeignFile::default();
            for file in yaml_files(from)? {
                let read = yaml::<kingfisher::File>(&file)?;
                all.rules.extend(read.rules);
                all.remarks.extend(read.remarks);
            }
            Ok(all)
        }
    }
}

/// The file, or those of the directory and of directories in it, by name.
fn yaml_files(from: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !from.is_dir() {
        return Ok(vec![from.to_owned()]);
    }
    let failed = |error: &dyn std::fmt::Display| Failure::with_file("read", from, error);
    let mut files = Vec::new();
    for entry in fs::read_dir(from).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        let kind = entry.file_type().map_err(|error| failed(&error))?;
        let path = entry.path();
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if kind.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if kind.is_file() && matches!(ending, "yml" | "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn yaml<T: DeserializeOwned + Into<ForeignFile>>(file: &Path) -> Result<ForeignFile, Failure> {
    let text = text(file)?;
    let parsed: T = serde_saphyr::from_str(&text).map_err(|error| match error.location() {
        // The parser's words quote the file, and a file named by mistake can hold anything.
        Some(place) => Failure::new(&format_args!("{}:{}:{}: it is not in the tool's format", shown(file), place.line(), place.column())),
        None => Failure::new(&format_args!("{}: it is not in the tool's format", shown(file))),
    })?;
    Ok(parsed.into())
}

fn text(file: &Path) -> Result<String, Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::with_file("read", file, error);
    let metadata = fs::metadata(file).map_err(|error| cannot(&error))?;
    if metadata.len() > MAX_SIZE {
        return Err(cannot(&"it is larger than 16 MiB"));
    }
    fs::read_to_string(file).map_err(|error| cannot(&error))
}

fn shown(path: &Path) -> String {
    visible(path.as_os_str().as_encoded_bytes())
}
