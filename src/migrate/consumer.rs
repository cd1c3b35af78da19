//! What reads the secrets of a tree: programs and files of platforms, each with an identity of its own. Owns: what is one of them. Must not:
//! know a language, or who runs what.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::PlannedFile;
use crate::reference::Reference;
use crate::rewrite::{Strategy, Tree};

/// What a folder has in which a program is built, or packed.
const MANIFESTS: [&str; 22] = [
    "package.json",
    "deno.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "*.csproj",
    "*.fsproj",
    "Gemfile",
    "composer.json",
    "mix.exs",
    "CMakeLists.txt",
    "Dockerfile",
    "serverless.yml",
    "Procfile",
];
/// Folders whose folders are programs, whatever stands in them.
const PROGRAMS: [&str; 7] = ["services", "apps", "functions", "lambdas", "packages", "microservices", "cmd"];

/// A program, or a file of a platform, that reads secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// The folder of the program, or the file, below the root; nothing: the tree is one program.
    pub path: String,
    /// Names of the secrets that it reads.
    pub secrets: BTreeSet<String>,
}

impl Consumer {
    /// What it is called where people read it.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.path.is_empty() { "the program of the tree" } else { &self.path }
    }
}

/// The folders of a tree that are programs.
pub struct Programs {
    folders: BTreeSet<String>,
}

impl Programs {
    /// Those of the tree.
    #[must_use]
    pub fn of(tree: &dyn Tree) -> Self {
        let manifests = tree.named(&MANIFESTS).into_iter().filter_map(|path| String::from_utf8(path.into()).ok());
        Self { folders: manifests.filter_map(|path| Some(path.rsplit_once('/')?.0.to_owned())).collect() }
    }

    /// The folder of the program that a file belongs to: the nearest one with a manifest, or of a folder of programs; else the tree.
    #[must_use]
    pub fn folder<'p>(&self, path: &'p str) -> &'p str {
        let above = || path.match_indices('/').map(|(at, _)| &path[..at]).collect::<Vec<_>>();
        let is_program = |folder: &&str| {
            let above = folder.rsplit_once('/').map(|(above, _)| above.rsplit('/').next().unwrap_or(above));
            self.folders.contains(*folder) || above.is_some_and(|above| PROGRAMS.contains(&above))
        };
        above().into_iter().rev().find(is_program).unwrap_or_default()
    }
}

/// Who reads what of a plan. A platform reads what its file refers to, as itself; everything else is read by a program.
#[must_use]
pub fn all(files: &[PlannedFile], tree: &dyn Tree) -> Vec<Consumer> {
    let programs = Programs::of(tree);
    let mut read: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        for place in file.places.iter().filter(|place| place.strategy != Strategy::Placeholder) {
            let consumer = if place.strategy == Strategy::Native { file.path.as_str() } else { programs.folder(&file.path) };
            let Ok(reference) = place.reference.parse::<Reference>() else { continue };
            if file.secrets.contains(&reference.name) {
                read.entry(consumer).or_default().insert(reference.name);
            }
        }
    }
    read.into_iter().map(|(path, secrets)| Consumer { path: path.to_owned(), secrets }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_nearest_program() {
        let programs = Programs { folders: ["web", "web/admin", "tools/x"].map(str::to_owned).into() };
        for (path, folder) in [
            ("web/src/a.ts", "web"),
            ("web/admin/a.ts", "web/admin"),
            ("webs/a.ts", ""),
            ("services/mail/src/a.py", "services/mail"),
            ("services/a.py", ""),
            ("x/services/mail/a.py", "x/services/mail"),
            ("a.py", ""),
            ("tools/y/a.py", ""),
        ] {
            assert_eq!(programs.folder(path), folder, "{path}");
        }
    }
}
