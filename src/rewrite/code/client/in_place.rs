//! The client in Kotlin, C# and Ruby, which are only split into tokens: it is asked where the value stood, and caches. Owns: the files with it,
//! where they are. Must not: know the literals of these languages.

use super::super::csharp::CSharp;
use super::super::kotlin::Kotlin;
use super::super::place::Place;
use super::super::ruby::Ruby;
use super::super::{insert, line_end};
use super::manifest::{Dependency, project};
use super::{Client, Constant, File, Form, arguments, folder, has_word, helper, java, nearest, path_of, refused};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten};

const KOTLIN: Dependency<'static> = Dependency { of: "UnleakSecrets.kt", ..java::LIBRARY };

/// Where Kotlin's file with the client is.
fn kotlin_home(file: File<'_>) -> Result<String, String> {
    let path = path_of(file)?;
    let sources = ["src/main/kotlin/", "src/main/java/"].into_iter().find_map(|sources| path.find(sources).map(|at| at + sources.len()));
    let sources = sources.ok_or("the file is not below src/main/kotlin, so nothing says where its sources are")?;
    if has_word(&file.text.replace("unleak.secret(", ""), "unleak") {
        return Err("the file uses the name unleak for something else".to_owned());
    }
    Ok(format!("{}unleak/UnleakSecrets.kt", &path[..sources]))
}

impl Client for Kotlin {
    fn form(&self, file: File<'_>, _place: &Place) -> Result<Form, String> {
        kotlin_home(file).map(|_| Form::Here)
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        format!("unleak.secret{}", arguments(reference, '"'))
    }

    fn surroundings(&self, file: File<'_>, _first: usize, _constants: &[Constant]) -> Result<Rewritten, Manual> {
        let path = kotlin_home(file).map_err(refused)?;
        let mut companions = KOTLIN.maven_or_gradle(file.tree, &path);
        companions.insert(0, helper(path, include_str!("files/UnleakSecrets.kt")));
        Ok(Rewritten { splices: Vec::new(), companions })
    }
}

const CSHARP: Dependency<'static> = Dependency { name: "AWSSDK.SecretsManager.Caching", version: "2.0.0", of: "UnleakSecrets.cs" };

/// The project of a C# file.
fn csharp_project(file: File<'_>) -> Result<(String, String), String> {
    let path = path_of(file)?;
    let (project, text) = project(file.tree, path).ok_or("nothing says of which project it is (one .csproj above it)")?;
    let is_old = ["net4", "netstandard"].iter().any(|name| text.contains(name));
    if !text.contains("Sdk=\"Microsoft.NET.Sdk") || is_old {
        return Err(format!("{project} is of the old kind: it lists its files, or has no JSON of its own"));
    }
    Ok((project, text))
}

impl Client for CSharp {
    fn form(&self, file: File<'_>, _place: &Place) -> Result<Form, String> {
        csharp_project(file).map(|_| Form::Here)
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        format!("global::Unleak.Secrets.Get{}", arguments(reference, '"'))
    }

    fn surroundings(&self, file: File<'_>, _first: usize, _constants: &[Constant]) -> Result<Rewritten, Manual> {
        let (project, text) = csharp_project(file).map_err(refused)?;
        let path = format!("{}UnleakSecrets.cs", folder(&project));
        let mut companions = CSHARP.csproj(file.tree, project, &text);
        companions.insert(0, helper(path, include_str!("files/UnleakSecrets.cs")));
        Ok(Rewritten { splices: Vec::new(), companions })
    }
}

const RUBY: Dependency<'static> = Dependency { name: "aws-sdk-secretsmanager", version: "~> 1", of: "unleak_secrets.rb" };

impl Client for Ruby {
    fn form(&self, file: File<'_>, _place: &Place) -> Result<Form, String> {
        path_of(file).map(|_| Form::Here)
    }

    fn lookup(&self, reference: &Reference, place: &Place, text: &str) -> String {
        let single = place.parts.first().is_some_and(|part| text[part.token.clone()].starts_with('\''));
        format!("UnleakSecrets.get{}", arguments(reference, if single { '\'' } else { '"' }))
    }

    fn surroundings(&self, file: File<'_>, _first: usize, _constants: &[Constant]) -> Result<Rewritten, Manual> {
        let path = path_of(file).map_err(refused)?;
        let home = nearest(file.tree, path, "Gemfile").map_or(String::new(), |(path, _)| folder(&path).to_owned());
        let up = "../".repeat(path[home.len()..].matches('/').count());
        let (text, end) = (file.text, line_end(file.text));
        let quote = if text.matches('\'').count() > text.matches('"').count() { '\'' } else { '"' };
        let require = format!("require_relative {quote}{up}unleak_secrets{quote}");
        let splices = if text.contains(&require) { Vec::new() } else { vec![required(text, &require, end)] };
        let mut companions = RUBY.gemfile(file.tree, path);
        companions.insert(0, helper(format!("{home}unleak_secrets.rb"), include_str!("files/unleak_secrets.rb")));
        Ok(Rewritten { splices, companions })
    }
}

/// The line after the requirements at the head of a file, else after the comments that have to be first.
fn required(text: &str, require: &str, end: &str) -> crate::rewrite::Splice {
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    let (mut after, mut known) = (at, false);
    for line in text[at..].split_inclusive('\n') {
        let word = line.split_whitespace().next().unwrap_or_default();
        after += line.len();
        match word {
            "require" | "require_relative" => (at, known) = (after, true),
            "" => {}
            _ if word.starts_with('#') => {
                let magic =
                    word.starts_with("#!") || ["coding:", "frozen_string_literal:", "warn_indent:"].iter().any(|name| line.contains(name));
                at = if magic && !known { after } else { at };
            }
            _ => break,
        }
    }
    let rest = if text[at..].starts_with(['\r', '\n']) { "" } else { end };
    let gap = if known || text[..at].trim_start_matches('\u{feff}').is_empty() { "" } else { end };
    insert(at, format!("{gap}{require}{end}{rest}"))
}
