//! Who reads a rewritten file of variables without `unleak run`, and so gets references for values, and what `unleak run` does not read in it. Owns: how
//! lines that do look. Must not: change them.

use bstr::ByteSlice as _;

use super::plan::{Plan, PlannedFile};
use crate::blob::visible;
use crate::rewrite::encoding::Text;
use crate::rewrite::format::variables;
use crate::rewrite::{Strategy, Tree, format};

/// Files in which such lines are looked for.
const FILES: [&str; 17] = [
    "*.yml",
    "*.yaml",
    "*.service",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "*.sh",
    "*.bash",
    "Procfile",
    "package.json",
    "*.py",
    "*.js",
    "*.ts",
    "*.mjs",
    "*.cjs",
    "*.rb",
];

const COMPOSE: &str = "list its variables under `environment` without values (`- NAME`), and start compose by `unleak run --env-file FILE -- docker compose up`";
const DOCKER: &str = "name its variables (`docker run -e NAME …`), and start it by `unleak run --env-file FILE -- docker run …`";
const LIBRARY: &str = "have it leave variables alone that are set (without `override`), and start it by `unleak run --env-file FILE -- …`";
const SHELL: &str = "take this line out, and start it by `unleak run --env-file FILE -- …`";

/// Lines that read the rewritten files of variables by themselves, and what to do about each.
#[must_use]
pub fn warnings(plan: &Plan, tree: &dyn Tree) -> Vec<String> {
    let is_token = |file: &&PlannedFile| file.places.iter().any(|place| place.strategy == Strategy::Reference);
    let paths = plan.files.iter().filter(is_token).map(|file| file.path.as_str()).filter(|path| format::is_env_file(path));
    let paths: Vec<&str> = paths.collect();
    let mut warnings: Vec<String> = paths.iter().filter_map(|path| unclear(path, tree)).collect();
    let readers = if paths.is_empty() { Vec::new() } else { tree.named(&FILES) };
    for reader in readers {
        let text = tree.read(reader.as_bstr()).unwrap_or_default();
        let mut in_list = false;
        for (number, line) in text.lines().enumerate() {
            let line = line.to_str_lossy();
            let Some(advice) = advice(&line, &mut in_list) else { continue };
            // Libraries read `.env` where they are told no name.
            let named = paths.iter().find(|path| names(&line, path));
            let by_default = || paths.iter().find(|path| advice == LIBRARY && names(".env", path));
            let Some(file) = named.or_else(by_default) else { continue };
            let place = format!("{}:{}", visible(&reader), number + 1);
            warnings.push(format!("{place}: it reads {file} by itself, and gets references for values; {}", advice.replace("FILE", file)));
        }
    }
    warnings
}

/// What keeps `unleak run` from reading a file of variables.
fn unclear(path: &str, tree: &dyn Tree) -> Option<String> {
    let text = Text::unicode(&tree.read(path.into())?)?;
    let (line, reason) = variables::read(path, text.utf8().to_str().ok()?).err()?;
    Some(format!("{path}:{line}: {reason}; `unleak run` starts nothing before"))
}

/// What to do about a line, if it reads a file of variables; `in_list` says whether the lines of `env_file:` go on.
fn advice(line: &str, in_list: &mut bool) -> Option<&'static str> {
    let text = line.trim_start();
    let goes_on = *in_list && (text.starts_with("- ") || text.starts_with("path:"));
    *in_list = goes_on || text.starts_with("env_file:");
    let overrides = || {
        let words = [("load_dotenv(", "override=True"), ("dotenv", "override: true"), ("Dotenv.overload", "")];
        words.into_iter().any(|(call, option)| text.contains(call) && text.contains(option))
    };
    let sources = |text: &str| ["source ", ". ", "include ", "-include "].iter().any(|word| text.trim_start().starts_with(word));
    match () {
        () if *in_list => Some(COMPOSE),
        () if text.starts_with('#') || text.starts_with("//") => None,
        () if overrides() => Some(LIBRARY),
        () if text.contains("docker") && text.contains("--env-file") && !text.contains("unleak run") => Some(DOCKER),
        () if text.starts_with("EnvironmentFile=") || text.split([';', '&', '"']).any(sources) => Some(SHELL),
        () => None,
    }
}

/// Whether a line names a file by the last part of its path.
fn names(line: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + name.len()..].starts_with(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_read_such_files_are_told_apart() {
        for (line, expected) in [
            ("    env_file: .env", Some(COMPOSE)),
            ("EnvironmentFile=/srv/app/.env", Some(SHELL)),
            ("include .env", Some(SHELL)),
            ("set -a; . ./.env; set +a", Some(SHELL)),
            ("\tdocker run --env-file .env image", Some(DOCKER)),
            ("unleak run --env-file .env -- docker run -e A image", None),
            ("unleak run --env-file .env -- ./app", None),
            ("# source .env", None),
            ("load_dotenv(override=True)", Some(LIBRARY)),
            ("load_dotenv()", None),
            ("require('dotenv').config({ override: true })", Some(LIBRARY)),
            ("  - .env", None),
        ] {
            assert_eq!(advice(line, &mut false), expected, "{line}");
        }
        let mut in_list = false;
        let all: Vec<bool> =
            ["env_file:", "  - .env", "  - path: .env", "ports:", "  - .env"].map(|line| advice(line, &mut in_list).is_some()).to_vec();
        assert_eq!(all, [true, true, true, false, false]);
        for (line, is_named) in [(". ./.env", true), ("a/.env\"", true), (".env.local", false), ("prod.env", false), ("x", false)] {
            assert_eq!(names(line, "app/.env"), is_named, "{line}");
        }
    }
}
