//! The client in C#. Owns: the file with it, where it is, what is evaluated anew for calls or objects, where a type or a program without one
//! takes a constant. Must not: know C#'s literals.

use super::super::csharp::{CSharp, LEXICON};
use super::super::lexer::Tokens;
use super::super::next_line;
use super::super::place::Place;
use super::manifest::{Dependency, project};
use super::{Client, Constant, File, Form, arguments, folder, helper, lines, members, path_of, refused, tokens};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten};

const LIBRARY: Dependency<'static> = Dependency { name: "AWSSDK.SecretsManager.Caching", version: "2.0.0", of: "UnleakSecrets.cs" };

const TYPES: [&str; 5] = ["class", "struct", "record", "interface", "enum"];
/// Statements with blocks that are no functions.
const STATEMENTS: [&str; 16] = [
    "if",
    "else",
    "for",
    "foreach",
    "while",
    "do",
    "using",
    "lock",
    "try",
    "catch",
    "finally",
    "switch",
    "checked",
    "unchecked",
    "unsafe",
    "fixed",
];
/// What stands before braces of an expression.
const EXPRESSIONS: [&str; 7] = ["=", ",", "{", "(", "[", "switch", "with"];

/// The project of a file.
fn project_of(file: File<'_>) -> Result<(String, String), String> {
    let path = path_of(file)?;
    let (project, text) = project(file.tree, path).ok_or("nothing says of which project it is (one .csproj above it)")?;
    let is_old = ["net4", "netstandard"].iter().any(|name| text.contains(name));
    if !text.contains("Sdk=\"Microsoft.NET.Sdk") || is_old {
        return Err(format!("{project} is of the old kind: it lists its files, or has no JSON of its own"));
    }
    Ok((project, text))
}

/// The word that a statement declares a type with.
fn declares<'t>(head: &[&'t str]) -> Option<&'t str> {
    let is_name = |word: &&str| word.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '@'));
    let declaring = |index: &usize| {
        let constrains = index.checked_sub(1).is_some_and(|before| matches!(head[before], ":" | ","));
        TYPES.contains(&head[*index]) && !constrains && head.get(index + 1).is_some_and(is_name)
    };
    (0..head.len()).find(declaring).map(|index| head[index])
}

/// Where the client is asked for the place that begins with a token.
fn form(tokens: &Tokens<'_>, place: usize, text: &str) -> Form {
    let (mut anew, mut once, mut is_static) = (false, false, false);
    let mut outermost = None;
    let mut at = place;
    loop {
        let head: Vec<&str> = (tokens.statement(at, false)..at).map(|index| tokens.at(index)).collect();
        let has = |word: &str| head.contains(&word);
        let is_block = at != place && tokens.at(at) == "{";
        let before = tokens.before(at, 1);
        match declares(&head).filter(|_| is_block) {
            Some(kind) => {
                // What is no static member is of each object.
                anew |= outermost.is_none() && !once;
                outermost = Some((at, kind, has("partial")));
            }
            None if has("=>") => anew = true,
            None if is_block && !has("namespace") => {
                let is_expression = has("new") || EXPRESSIONS.contains(&before);
                anew |= !is_expression && !head.first().is_some_and(|first| STATEMENTS.contains(first));
            }
            None => {}
        }
        once = has("static") || has("const");
        is_static |= has("static");
        let Some(open) = tokens.around(at).next() else { break };
        at = open;
    }
    match outermost {
        _ if !anew => Form::Here,
        Some((.., "interface" | "enum", _)) => Form::Again("no private constant can be declared in the outermost type of the file"),
        Some((.., true)) => Form::Again("other files declare the outermost type too (partial), and may have a member of the name"),
        Some((open, ..)) => Form::Constant { home: tokens.all[open].span.end },
        None if is_static => Form::Again("a static function of a program without a class uses none of its variables"),
        None => Form::Constant { home: first_statement(tokens, text) },
    }
}

/// The line after what stands before the statements of a program without a class.
fn first_statement(tokens: &Tokens<'_>, text: &str) -> usize {
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut first = 0;
    loop {
        let word = if tokens.at(first) == "global" { first + 1 } else { first };
        let end = (first..tokens.all.len()).find(|index| matches!(tokens.at(*index), ";"));
        let assigned = (word..end.unwrap_or(word)).find(|index| tokens.at(*index) == "=");
        // `using var a = …` is a statement, `using A = B.C` is not.
        let is_using = tokens.at(word) == "using" && tokens.at(word + 1) != "(" && assigned.is_none_or(|sign| sign == word + 2);
        let last = match end {
            _ if tokens.at(first).starts_with('#') => first,
            Some(end) if is_using && tokens.at(word + 1) != "var" => end,
            _ => return at,
        };
        at = next_line(text, tokens.all[last].span.end);
        first = last + 1;
    }
}

impl Client for CSharp {
    fn form(&self, file: File<'_>, place: &Place) -> Result<Form, String> {
        project_of(file)?;
        let (tokens, at) = tokens(file, &LEXICON, place)?;
        Ok(form(&tokens, at, file.text))
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        format!("global::Unleak.Secrets.Get{}", arguments(reference, '"'))
    }

    /// A call and a name bind closer than what reads the environment.
    fn fit(&self, mut place: Place, _form: Form, _text: &str) -> Place {
        place.around = ("", "");
        place
    }

    /// Properties are called as the variable would be.
    fn constant(&self, _file: File<'_>, variable: &str, _home: usize) -> String {
        let words = variable.split('_').filter(|word| !word.is_empty());
        let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..].to_ascii_lowercase();
        std::iter::once("Stored".to_owned()).chain(words.map(capital)).collect()
    }

    fn surroundings(&self, file: File<'_>, _first: usize, constants: &[Constant]) -> Result<Rewritten, Manual> {
        let (project, text) = project_of(file).map_err(refused)?;
        let (fields, variables): (Vec<_>, Vec<_>) =
            constants.iter().cloned().partition(|Constant { home, .. }| file.text[..*home].ends_with('{'));
        let field = |Constant { name, lookup, .. }: &Constant| format!("private static readonly string {name} = {lookup};");
        let mut splices = members(file.text, &fields, field);
        if let Some(Constant { home, .. }) = variables.first() {
            let end = super::super::line_end(file.text);
            let apart = if file.text[..*home].trim_start_matches('\u{feff}').is_empty() { "" } else { end };
            let declared = variables.iter().map(|Constant { name, lookup, .. }| format!("var {name} = {lookup};")).collect::<Vec<_>>();
            splices.extend(lines(*home, None, vec![apart.to_owned() + &declared.join(end)], file));
        }
        let path = format!("{}UnleakSecrets.cs", folder(&project));
        let mut companions = LIBRARY.csproj(file.tree, project, &text);
        companions.insert(0, helper(path, include_str!("files/UnleakSecrets.cs")));
        Ok(Rewritten { splices, companions })
    }
}
