//! The project's own rules, checked on its own files. Owns: the table of allowed module edges. Must not: check behaviour.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use unleak::blob::Origin;
use unleak::finding::{ChecksumStatus, Level};
use unleak::patterns::{Catalogue, check};
use unleak::scan::Scanner;
use unleak::settings::Settings;
use unleak::suppress::marks::Marks;

/// Which modules of the library a module may use, tests apart. Arrows point one way: whoever is missing here must not be reached for.
const EDGES: [(&str, &[&str]); 22] = [
    ("blob", &[]),
    ("detect", &["blob", "file_kind", "finding", "patterns", "secret"]),
    ("evaluate", &["blob", "file_kind", "scan"]),
    ("file_kind", &[]),
    ("finding", &["blob", "patterns", "secret"]),
    ("fsx", &[]),
    ("gather", &["blob", "finding", "patterns", "secret"]),
    ("keyed", &[]),
    ("line_hash", &[]),
    ("migrate", &["blob", "finding", "fsx", "keyed", "patterns", "reference", "rewrite", "scan", "secret", "source", "store"]),
    // The examples of a pattern are tried with the detectors, and overlaps settled as a scan settles them.
    ("patterns", &["blob", "detect", "finding", "scan", "secret"]),
    ("place", &["blob", "finding", "secret"]),
    ("reference", &[]),
    ("report", &["blob", "finding", "patterns", "secret"]),
    ("resolve", &["reference", "secret", "store"]),
    ("rewrite", &["reference", "secret"]),
    (
        "scan",
        &[
            "blob",
            "detect",
            "file_kind",
            "finding",
            "fsx",
            "gather",
            "keyed",
            "line_hash",
            "patterns",
            "place",
            "secret",
            "settings",
            "source",
            "suppress",
        ],
    ),
    ("secret", &[]),
    ("settings", &["finding", "suppress"]),
    ("source", &["blob", "file_kind", "finding", "settings"]),
    ("store", &["fsx", "reference", "secret"]),
    ("suppress", &["finding", "keyed", "patterns"]),
];

/// Lines of a file, tests apart.
const LONGEST_FILE: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rust files below `directory`, relative to the project.
fn rust_files(directory: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(directory)).unwrap() {
        let path = entry.unwrap().path();
        let relative = path.strip_prefix(root()).unwrap().to_owned();
        if path.is_dir() {
            files.extend(rust_files(relative.to_str().unwrap()));
        } else if relative.extension().is_some_and(|ending| ending == "rs") {
            files.push(relative);
        }
    }
    files.sort();
    files
}

/// The file without its modules for tests; a file that is one has nothing left.
fn without_tests(file: &Path) -> String {
    if file.file_name().is_some_and(|name| name == "tests.rs") {
        return String::new();
    }
    let text = fs::read_to_string(root().join(file)).unwrap();
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_module = |next: &str| next.starts_with("mod ") || next.starts_with("pub mod ") || next.starts_with("pub(");
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|next| is_module(next)) {
            let opening = lines.next().unwrap_or_default();
            if opening.ends_with('{') {
                lines.by_ref().take_while(|line| *line != "}").for_each(drop);
            }
            continue;
        }
        kept += line;
        kept.push('\n');
    }
    kept
}

/// The lines that are no comments.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect::<Vec<_>>().concat()
}

/// The module of the library that a file belongs to; none for the program and the root.
fn module(file: &Path) -> Option<String> {
    let name = file.components().nth(1)?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    (name != "bin" && name != "lib").then_some(name)
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let path = Regex::new(r"\bcrate::(?:([a-z_]+)|\{([^;]*)\})").unwrap();
    let name = Regex::new(r"(?:^|,)\s*([a-z_]+)").unwrap();
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in rust_files("src") {
        let Some(module) = module(&file) else { continue };
        let edges = used.entry(module.clone()).or_default();
        for found in path.captures_iter(&code(&without_tests(&file))) {
            match (found.get(1), found.get(2)) {
                (Some(one), _) => drop(edges.insert(one.as_str().to_owned())),
                (_, Some(several)) => edges.extend(name.captures_iter(several.as_str()).map(|name| name[1].to_owned())),
                _ => {}
            }
        }
        edges.remove(&module);
    }
    let allowed: BTreeMap<String, BTreeSet<String>> =
        EDGES.iter().map(|(module, edges)| ((*module).to_owned(), edges.iter().map(ToString::to_string).collect())).collect();
    // Equal, not below: an edge that is gone goes from the table too.
    assert_eq!(used, allowed);
}

#[test]
fn detection_does_no_input_and_no_output() {
    let forbidden = Regex::new(r"\b(?:std|core)::(?:fs|io|net|process|env|os|thread)\b|\bstd::\{|\bgix\b|\bprintln!|\beprintln!").unwrap();
    for directory in ["src/detect", "src/patterns"] {
        for file in rust_files(directory) {
            let code = code(&without_tests(&file));
            assert_eq!(forbidden.find(&code).map(|found| found.as_str()), None, "{}", file.display());
        }
    }
}

#[test]
fn only_fsx_writes_and_only_env_reads_the_environment() {
    let lifted = Regex::new(r"(?:expect|allow)\([^)]*disallowed_methods").unwrap();
    let lifting: Vec<String> =
        rust_files("src").into_iter().filter(|file| lifted.is_match(&without_tests(file))).map(|file| file.display().to_string()).collect();
    assert_eq!(lifting, ["src/bin/unleak/env.rs", "src/fsx.rs"]);
    let writes = Regex::new(
        r"\b(?:OpenOptions\b|File::options\(\)[^;]*\.(?:write|append|create)|create_dir|remove_(?:file|dir)|set_permissions|hard_link|symlink\()",
    )
    .unwrap();
    for file in rust_files("src").into_iter().filter(|file| !file.starts_with("src/fsx") && !file.ends_with("fsx.rs")) {
        assert_eq!(writes.find(&code(&without_tests(&file))).map(|found| found.as_str()), None, "{}", file.display());
    }
}

#[test]
fn every_file_says_what_it_is() {
    for file in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        assert!(text.starts_with("//! "), "{}", file.display());
    }
}

#[test]
fn no_file_is_long() {
    let long: Vec<(String, usize)> = rust_files("src")
        .into_iter()
        .map(|file| (file.display().to_string(), without_tests(&file).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert_eq!(long, []);
}

#[test]
fn every_pattern_keeps_the_rules_of_patterns() {
    let mut catalogue = Catalogue::builtin();
    let all: Vec<_> = catalogue.indices().collect();
    let complaints = check::check_all(&mut catalogue, &all).unwrap();
    assert!(complaints.is_empty(), "{}", complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

/// What a push protection would stop: tokens of a provider's own shape, in any file that git knows. The scanner that finds them is our own.
#[test]
fn no_file_of_the_project_holds_a_token() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    if !listed.status.success() {
        // A package unpacked outside of git has no list of tracked files.
        return;
    }
    let names = String::from_utf8(listed.stdout).unwrap();
    let settings = Settings { min_confidence: Level::Low, marks: Marks::None, ..Settings::default() };
    let scanner = Scanner::new(Catalogue::builtin(), settings);
    let mut tokens = Vec::new();
    let mut files = 0;
    for name in names.split_terminator('\0') {
        let Ok(bytes) = fs::read(root().join(name)) else { continue };
        files += 1;
        let report = scanner.bytes(Origin::File { path: name.into() }, &bytes);
        for finding in report.findings {
            let def = &finding.pattern.def;
            let is_distinctive = !def.shape.is_empty() && def.near.is_empty();
            if is_distinctive || finding.checksum == ChecksumStatus::Valid {
                tokens.push(format!("{name}:{}: {}", finding.places[0].start.line, def.id));
            }
        }
    }
    assert!(files > 100, "the list of files is {files} long");
    assert_eq!(tokens, [""; 0]);
}

/// The first thing a newcomer runs is `scan .` on this very tree: what it says is decided here, with reasons.
#[test]
fn the_project_itself_is_clean() {
    let output = Command::new(env!("CARGO_BIN_EXE_unleak")).args(["scan", "."]).current_dir(root()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let hint = "to say of a made-up value that it is one: `unleak baseline create --by \"The unleak authors\" --reason …`";
    assert_eq!(output.status.code(), Some(0), "{said}\n{hint}");
}
