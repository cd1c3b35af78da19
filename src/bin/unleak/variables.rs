//! The variables that `unleak run` gives a command. Owns: which files they come from, and what one takes from others. Must not: ask a store.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use unleak::reference::POINTER;
use unleak::rewrite::encoding::Text;
use unleak::rewrite::format::variables::{self, Piece, Variable};

use crate::env;
use crate::failure::Failure;

/// The file of references that is read where it is there.
const FILE: &str = ".unleak.env";
/// How a reference starts, whatever its store.
const START: &str = "ref+";

/// Names and values.
pub type Values = BTreeMap<OsString, OsString>;

/// Variables of files and of the environment, before references have values.
pub struct Variables {
    /// Values and references: those of files, and references of the environment.
    pub told: Values,
    /// Those of files that take in others which are references, in order.
    joined: Vec<Variable>,
    /// The environment.
    outside: Values,
}

/// Whether a variable of a file is a reference.
pub fn is_reference(value: &OsStr) -> bool {
    value.to_str().is_some_and(|text| text.starts_with(START) || text.starts_with(POINTER))
}

impl Variables {
    /// Reads the files, or else the one that is there. What the environment says comes first, and of several lines the last one.
    ///
    /// # Errors
    /// A file that cannot be read, or not in one way alone.
    pub fn read(given: &[PathBuf]) -> Result<Self, Failure> {
        let outside: Values = env::all().collect();
        let is_told = |(_, value): &(&OsString, &OsString)| value.to_str().is_some_and(|value| value.starts_with(START));
        let told = outside.iter().filter(is_told).map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut all = Self { told, joined: Vec::new(), outside };
        for variable in files(given)? {
            let name = OsString::from(&variable.name);
            if let Some(value) = all.outside.get(&name) {
                all.told.insert(name, value.clone());
                continue;
            }
            let value = all.joined_with(&all.told, &variable, |value| !is_reference(value));
            all.joined.retain(|joined| joined.name != variable.name);
            if let Some(value) = value {
                all.told.insert(name, value);
            } else {
                all.told.remove(&name);
                all.joined.push(variable);
            }
        }
        Ok(all)
    }

    /// Adds the variables that take in others, whose values are known by now.
    pub fn join(&self, values: &mut Values) {
        for variable in &self.joined {
            let value = self.joined_with(values, variable, |_| true).unwrap_or_default();
            values.insert(OsString::from(&variable.name), value);
        }
    }

    /// The value of a variable; none where one that it takes in is not `known`.
    fn joined_with(&self, values: &Values, variable: &Variable, is_known: impl Fn(&OsStr) -> bool) -> Option<OsString> {
        let mut joined = OsString::new();
        for piece in &variable.value {
            match piece {
                Piece::Text(text) => joined.push(text),
                Piece::Other { name, default } => {
                    let value = values.get(OsStr::new(name)).or_else(|| self.outside.get(OsStr::new(name)));
                    let waits = value.is_none() && self.joined.iter().any(|joined| joined.name == *name);
                    if waits || value.is_some_and(|value| !is_known(value)) {
                        return None;
                    }
                    joined.push(value.filter(|value| !value.is_empty()).map_or(OsStr::new(default), OsString::as_os_str));
                }
            }
        }
        Some(joined)
    }
}

/// The file of references in this directory, or in the nearest one above it that is in the same work tree.
fn nearest() -> Option<PathBuf> {
    if Path::new(FILE).exists() {
        return Some(PathBuf::from(FILE));
    }
    let here = Path::new(".").canonicalize().ok()?;
    let root = here.ancestors().find(|directory| directory.join(".git").exists())?;
    here.ancestors().take_while(|directory| directory.starts_with(root)).map(|directory| directory.join(FILE)).find(|file| file.exists())
}

/// The variables of files, in order.
fn files(given: &[PathBuf]) -> Result<Vec<Variable>, Failure> {
    let default: Vec<PathBuf> = if given.is_empty() { nearest().into_iter().collect() } else { Vec::new() };
    let files = if given.is_empty() { default.as_slice() } else { given };
    let mut all = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).map_err(|error| Failure::with_file("read", file, &error))?;
        let text = Text::unicode(&bytes);
        let text = text.as_ref().and_then(|text| std::str::from_utf8(text.utf8()).ok());
        let text = text.ok_or_else(|| Failure::with_file("read", file, &"it is neither UTF-8 nor UTF-16"))?;
        let told = |(line, error): (usize, &str)| Failure::with_file("read", file, &format_args!("line {line}: {error}"));
        all.extend(variables::read(&file.to_string_lossy(), text).map_err(told)?);
    }
    Ok(all)
}
