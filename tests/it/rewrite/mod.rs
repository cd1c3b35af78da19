//! Rewriting of code, over the fixtures: `before` is located, rewritten, verified and compared with `after`; programs run before and after.
//! Owns: the steps and how each language is run. Must not: know the syntax of any language; the fixtures do.

pub mod client;
mod formats;
mod hostile;
mod readers;
mod run;
mod stand_in;
#[cfg(feature = "aws")]
pub mod with_libraries;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use unleak::reference::{Backend, Reference};
use unleak::rewrite::{self, Companion, Located, Manual, Source, Splice, Strategy, Style, Wanted};

use crate::made_up;

/// What stands in a fixture where a test puts a value.
const MARK: &str = "SECRET_VALUE";
/// The variable that places without one of their own get.
const VARIABLE: &str = "APP_SECRET";

/// A tree with nothing else in it.
struct NoTree;

impl rewrite::Tree for NoTree {
    fn read(&self, _path: &bstr::BStr) -> Option<Vec<u8>> {
        None
    }

    fn named(&self, _names: &[&str]) -> Vec<BString> {
        Vec::new()
    }
}

/// A rewritten fixture.
struct Done {
    name: String,
    value: String,
    before: Vec<u8>,
    after: Vec<u8>,
    /// What the environment has to hold.
    variables: BTreeMap<String, Vec<u8>>,
    /// Files that go with it, by name.
    files: BTreeMap<String, Vec<u8>>,
}

fn folder(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rewrite").join(language)
}

/// The lines `file: reason` of a language's `manual.txt`.
fn manual_of(language: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder(language).join("manual.txt")).unwrap();
    text.lines().map(|line| line.split_once(": ").unwrap()).map(|(file, reason)| (file.to_owned(), reason.to_owned())).collect()
}

/// The reference and the variable of the value with this number.
fn named(number: usize) -> (Reference, String) {
    let (name, variable) = match number {
        0 => ("app/secret".to_owned(), VARIABLE.to_owned()),
        number => (format!("app/secret-{}", number + 1), format!("{VARIABLE}_{}", number + 1)),
    };
    (Reference::to(Backend::Aws, name), variable)
}

/// For each place the number of its value.
fn numbers(located: &[Located]) -> Vec<usize> {
    let mut values: Vec<&[u8]> = Vec::new();
    let mut out = Vec::new();
    for place in located {
        let value = place.value.expose();
        let known = values.iter().position(|known| *known == value);
        out.push(if place.strategy == Strategy::Placeholder { 0 } else { known.unwrap_or(values.len()) });
        if place.strategy != Strategy::Placeholder && known.is_none() {
            values.push(value);
        }
    }
    out
}

/// Locates every mark of a file, and rewrites.
fn rewritten(source: Source<'_>, spans: &[std::ops::Range<usize>]) -> Result<(Vec<Located>, rewrite::Rewritten), Manual> {
    let rewriter = rewrite::for_source(source).expect("because every fixture has a rewriter");
    let located = spans.iter().map(|span| rewriter.locate(source, span.clone(), Style::Auto, &NoTree)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<(Reference, String)> = numbers(&located).into_iter().map(named).collect();
    let wanted: Vec<Wanted<'_>> =
        located.iter().zip(&names).map(|(located, (reference, variable))| Wanted { located, reference, variable, fields: &[] }).collect();
    let new = rewriter.rewrite(source, &wanted, &NoTree)?;
    rewriter.verify(source, &rewrite::splice(source.bytes, &new.splices), &new.splices)?;
    Ok((located, new))
}

/// The splices that undo `splices`, with the values spelled from what the places say.
fn undoing(before: &[u8], splices: &[Splice], located: &[Located]) -> Vec<Splice> {
    let mut grown: isize = 0;
    let mut out = Vec::new();
    for splice in splices {
        let mut old = Vec::new();
        let mut at = splice.span.start;
        for place in located.iter().filter(|place| splice.span.start <= place.span.start && place.span.end <= splice.span.end) {
            old.extend_from_slice(&before[at..place.span.start]);
            old.extend(place.spelling.spell(place.value.expose()).unwrap());
            at = place.span.end;
        }
        old.extend_from_slice(&before[at..splice.span.end]);
        let start = splice.span.start.checked_add_signed(grown).unwrap();
        out.push(Splice { span: start..start + splice.text.len(), text: old.into() });
        grown += isize::try_from(splice.text.len()).unwrap() - isize::try_from(splice.span.len()).unwrap();
    }
    out
}

/// Rewrites one fixture and checks all that can be checked without running it; none where it is left to people.
fn one(language: &str, file: &Path, seed: u64, manual: Option<&String>) -> Option<Done> {
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let value = made_up::password(seed);
    let before = fs::read(file).unwrap().replace(MARK, &value);
    let path = format!("src/{name}");
    let source = Source { path: path.as_str().into(), bytes: &before };
    let spans: Vec<_> = before.find_iter(&value).map(|at| at..at + value.len()).collect();
    assert!(!spans.is_empty(), "{language}/{name} has no {MARK}");
    let outcome = rewritten(source, &spans);
    let after_file = folder(language).join("after").join(&name);
    if let Some(reason) = manual {
        assert_eq!(outcome.map(|_| ()).map_err(|manual| manual.reason), Err(reason.clone()), "{language}/{name}");
        assert!(!after_file.exists(), "{language}/{name} is manual and has an after");
        return None;
    }
    let (located, new) = outcome.unwrap_or_else(|manual| panic!("{language}/{name}: {} ({})", manual.reason, manual.advice));
    let after = rewrite::splice(&before, &new.splices);
    assert_eq!(after.as_bstr(), fs::read(&after_file).unwrap().as_bstr(), "{language}/{name}");
    assert!(after.find(&value).is_none(), "{language}/{name}: the value is still there");
    assert_eq!(rewrite::splice(&after, &undoing(&before, &new.splices, &located)).as_bstr(), before.as_bstr(), "{language}/{name}: undo");
    let mut variables = BTreeMap::new();
    for (place, number) in located.iter().zip(numbers(&located)) {
        assert!(place.value.expose().find(&value).is_some(), "{language}/{name}: the stored value holds what was found");
        assert_eq!(place.spelling.spell(place.value.expose()).unwrap().as_bstr(), before[place.span.clone()].as_bstr());
        if place.strategy != Strategy::Placeholder {
            let variable = place.variable.clone().unwrap_or_else(|| named(number).1);
            variables.insert(variable, place.value.expose().to_vec());
        }
    }
    let told: Vec<String> = new
        .companions
        .iter()
        .filter_map(|companion| match companion {
            Companion::Variable { name, .. } => Some(name.clone()),
            _ => None,
        })
        .collect();
    let mut wanted: Vec<String> = variables.keys().cloned().collect();
    wanted.sort();
    let mut told_in_order = told;
    told_in_order.sort();
    assert_eq!(told_in_order, wanted, "{language}/{name}");
    let new_file = |companion: &Companion| match companion {
        Companion::NewFile { path, content } => {
            let path = path.to_string();
            let name = path.strip_prefix("src/").expect("because helpers stand beside the file").to_owned();
            Some((name, content.to_vec()))
        }
        _ => None,
    };
    let files = new.companions.iter().filter_map(new_file).collect();
    Some(Done { name, value, before, after, variables, files })
}

/// All fixtures of a language.
fn all(language: &str) -> Vec<Done> {
    let mut manual = manual_of(language);
    let mut files: Vec<PathBuf> = fs::read_dir(folder(language).join("before")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds = 1..;
    let mut done = Vec::new();
    for (file, seed) in files.iter().zip(seeds) {
        let reason = manual.remove(file.file_name().unwrap().to_str().unwrap());
        done.extend(one(language, file, seed, reason.as_ref()));
    }
    assert_eq!(manual, BTreeMap::new(), "lines of manual.txt without a file");
    assert!(done.len() >= 8, "{language} has {} rewritten shapes", done.len());
    done
}

#[test]
fn python() {
    run::all(&all("python"), &run::Python);
}

#[test]
fn javascript() {
    run::all(&all("javascript"), &run::Node);
}

#[test]
fn typescript() {
    run::all(&all("typescript"), &run::TypeScript);
}

#[test]
fn java() {
    run::all(&all("java"), &run::Java);
}

#[test]
fn go() {
    run::all(&all("go"), &run::Go);
}

#[test]
fn shell() {
    run::all(&all("shell"), &run::Shell);
}

#[test]
fn c() {
    run::all(&all("c"), &run::C);
}

#[test]
fn rust() {
    run::all(&all("rust"), &run::Rust);
}

/// No toolchain is at hand for these: what they become is compared, and their tokens.
#[test]
fn languages_without_a_toolchain_here() {
    for language in ["csharp", "kotlin", "ruby", "php", "powershell"] {
        all(language);
    }
}
