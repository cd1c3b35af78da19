//! The client in Kotlin. Owns: the file with it, where it is, what is evaluated anew for calls or objects, constants of files. Must not: know
//! Kotlin's literals.

use super::super::kotlin::{Kotlin, LEXICON};
use super::super::lexer::Tokens;
use super::super::place::Place;
use super::super::{line_end, next_line};
use super::manifest::Dependency;
use super::{Client, Constant, File, Form, arguments, has_word, helper, java, lines, path_of, refused, tokens};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten};

const LIBRARY: Dependency<'static> = Dependency { of: "UnleakSecrets.kt", ..java::LIBRARY };

/// Words before what runs for each call, or for each object.
const ANEW: [&str; 5] = ["fun", "class", "interface", "constructor", "init"];

/// Where the file with the client is.
fn home(file: File<'_>) -> Result<String, String> {
    let path = path_of(file)?;
    let sources = ["src/main/kotlin/", "src/main/java/"].into_iter().find_map(|sources| path.find(sources).map(|at| at + sources.len()));
    let sources = sources.ok_or("the file is not below src/main/kotlin, so nothing says where its sources are")?;
    if has_word(&file.text.replace("unleak.secret(", ""), "unleak") {
        return Err("the file uses the name unleak for something else".to_owned());
    }
    Ok(format!("{}unleak/UnleakSecrets.kt", &path[..sources]))
}

/// Whether a place is evaluated anew for calls or objects.
fn is_evaluated_anew(tokens: &Tokens<'_>, place: usize) -> bool {
    let mut at = place;
    loop {
        let head: Vec<&str> = (tokens.statement(at, true)..at).map(|index| tokens.at(index)).collect();
        let is_block = at != place && tokens.at(at) == "{";
        let object = head.iter().position(|word| *word == "object").filter(|_| is_block);
        if head.iter().any(|word| ANEW.contains(word)) || head.windows(3).any(|words| words == ["get", "(", ")"]) {
            return true;
        }
        // An object with a name is made once, wherever it is declared; one without where its expression is evaluated.
        if object.is_some_and(|object| head.contains(&"companion") || head.get(object + 1).is_some_and(|next| *next != ":")) {
            return false;
        }
        if is_block && object.is_none() && !head.contains(&"lazy") {
            return true;
        }
        let Some(open) = tokens.around(at).next() else { return false };
        at = open;
    }
}

/// The line after the imports, or after what stands before them.
fn after_imports(text: &str) -> Result<usize, Manual> {
    let tokens = Tokens::of(text, &LEXICON)?;
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut first = 0;
    while matches!(tokens.at(first), "package" | "import") || tokens.at(first) == "@" && tokens.at(first + 1) == "file" {
        let ends = |index: &usize| tokens.breaks(*index) && tokens.around(*index).next().is_none() && tokens.at(*index) != ")";
        let next = (first + 1..=tokens.all.len()).find(ends).unwrap_or(tokens.all.len());
        at = next_line(text, tokens.all[next - 1].span.end);
        first = next;
    }
    Ok(at)
}

impl Client for Kotlin {
    fn form(&self, file: File<'_>, place: &Place) -> Result<Form, String> {
        home(file)?;
        let (tokens, at) = tokens(file, &LEXICON, place)?;
        Ok(if is_evaluated_anew(&tokens, at) { Form::Constant { home: 0 } } else { Form::Here })
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        format!("unleak.secret{}", arguments(reference, '"'))
    }

    /// A call and a name bind closer than what reads the environment.
    fn fit(&self, mut place: Place, _form: Form, _text: &str) -> Place {
        place.around = ("", "");
        place
    }

    fn surroundings(&self, file: File<'_>, _first: usize, constants: &[Constant]) -> Result<Rewritten, Manual> {
        let path = home(file).map_err(refused)?;
        let at = after_imports(file.text)?;
        let apart = if file.text[..at].trim_start_matches('\u{feff}').is_empty() { "" } else { line_end(file.text) };
        let declared = |(number, Constant { name, lookup, .. }): (usize, &Constant)| {
            format!("{}private val {name} by lazy {{ {lookup} }}", if number == 0 { apart } else { "" })
        };
        let constants = constants.iter().enumerate().map(declared).collect();
        let splices = lines(at, None, constants, file).into_iter().collect();
        let mut companions = LIBRARY.maven_or_gradle(file.tree, &path);
        companions.insert(0, helper(path, include_str!("files/UnleakSecrets.kt")));
        Ok(Rewritten { splices, companions })
    }
}
