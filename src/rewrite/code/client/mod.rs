//! The store's own cached client behind a generated helper (`--style sdk`); one file a language. Owns: what a language has to know for that,
//! where the client is asked in a file, what its files share. Must not: know the syntax of any language.

mod csharp;
mod go;
mod java;
mod javascript;
mod kotlin;
mod manifest;
mod php;
mod python;
pub(in crate::rewrite) mod region;
mod ruby;
mod rust;
mod settings;
mod tables;

use super::insert;
use super::lexer::{Lexicon, Tokens, Where};
use super::place::Place;
use crate::reference::{Backend, Reference};
use crate::rewrite::literal::manual;
use crate::rewrite::{Companion, Manual, Rewritten, Source, Splice, Tree, Wanted};

/// A file of a language, and the tree that it is of.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub source: Source<'a>,
    pub text: &'a str,
    pub tree: &'a dyn Tree,
}

/// Where the client is asked for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In the place itself.
    Here,
    /// In the place itself, each time that it runs: why no constant holds the value.
    Again(&'static str),
    /// In a constant that the place uses; the language knows what is declared at this byte.
    Constant { home: usize },
}

/// A constant that holds what the client said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constant {
    pub name: String,
    pub lookup: String,
    pub home: usize,
}

/// What a file asks of the client.
#[derive(Default)]
pub(super) struct Uses {
    /// The region in which the client asks; none: that of its environment.
    pub region: Option<String>,
    /// Where the first place is; none: nothing is asked.
    pub first: Option<usize>,
    /// What functions use.
    pub constants: Vec<Constant>,
}

/// The store's client in a language.
pub(super) trait Client {
    /// Where it is asked for a place.
    ///
    /// # Errors
    /// Why it cannot be asked: then the place reads the environment.
    fn form(&self, _file: File<'_>, place: &Place) -> Result<Form, String> {
        Ok(if place.in_function { Form::Constant { home: 0 } } else { Form::Here })
    }

    /// The expression that gives the value of a reference.
    fn lookup(&self, reference: &Reference, place: &Place, text: &str) -> String;

    /// The expression that puts a connection URL of this scheme together from the standard fields of a secret, where the helper does that.
    fn url(&self, _scheme: &str, _reference: &Reference, _place: &Place, _text: &str) -> Option<String> {
        None
    }

    /// The lookup as it stands in a place, which may bind closer than it does.
    fn inline(&self, lookup: String, _place: &Place) -> String {
        lookup
    }

    /// The place as it takes the client's expression, which can be of another type than what the environment gives.
    fn fit(&self, place: Place, _form: Form, _text: &str) -> Place {
        place
    }

    /// The name of a constant for a variable, where it is declared.
    fn constant(&self, _file: File<'_>, variable: &str, _home: usize) -> String {
        variable.to_owned()
    }

    /// The import, the constants, and the files that go with them.
    ///
    /// # Errors
    /// That there is no place for them.
    fn surroundings(&self, file: File<'_>, first: usize, constants: &[Constant]) -> Result<Rewritten, Manual>;
}

impl Uses {
    /// The expression for a place: the lookup, or the name of a constant that holds it; and where the client is asked.
    ///
    /// # Errors
    /// What the client cannot give.
    pub fn expression(
        &mut self,
        client: &dyn Client,
        file: File<'_>,
        wanted: &Wanted<'_>,
        place: &Place,
    ) -> Result<(String, Form), Manual> {
        let reference = wanted.reference;
        is_current(reference)?;
        self.region = region::of(reference)?.map(str::to_owned);
        if file.text[place.whole.clone()].starts_with(',') {
            return Err(manual("a library reads this setting from the environment", "use --style env, which takes only the default out"));
        }
        let form = client.form(file, place).map_err(refused)?;
        self.first = Some(self.first.map_or(place.whole.start, |first| first.min(place.whole.start)));
        let lookup = if wanted.fields.is_empty() {
            client.lookup(reference, place, file.text)
        } else {
            let scheme =
                std::str::from_utf8(wanted.located.value.expose()).ok().and_then(|url| url.split_once("://")).map(|(scheme, _)| scheme);
            let whole = scheme.and_then(|scheme| client.url(scheme, reference, place, file.text));
            whole.ok_or_else(|| manual("the helper puts no URL together in this language", "migrate without --split-url"))?
        };
        let Form::Constant { home } = form else { return Ok((client.inline(lookup, place), form)) };
        // Quotes are those of the first place.
        let is_same = |known: &&Constant| known.home == home && known.lookup.replace('\'', "\"") == lookup.replace('\'', "\"");
        if let Some(known) = self.constants.iter().find(is_same) {
            return Ok((known.name.clone(), form));
        }
        let name = self.free(client.constant(file, wanted.variable, home), home, file.text);
        self.constants.push(Constant { name: name.clone(), lookup, home });
        Ok((name, form))
    }

    /// The name, with a number where the file uses it for something else.
    fn free(&self, name: String, home: usize, text: &str) -> String {
        let is_declared = |name: &str| self.constants.iter().any(|known| known.home == home && known.name == name);
        let is_taken = |name: &str| is_named(text, name) || is_declared(name);
        let apart = if name.contains(|character: char| character.is_lowercase()) { "" } else { "_" };
        let numbered = (2..).map(|number: usize| format!("{name}{apart}{number}"));
        std::iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(name)
    }
}

/// Whether the store's own client, or what is built on it, can read a reference.
///
/// # Errors
/// It cannot.
pub(super) fn is_current(reference: &Reference) -> Result<(), Manual> {
    let plain = reference.role_arn.is_none() && reference.version_stage.is_none() && reference.version_id.is_none();
    if reference.backend == Backend::Aws && plain {
        return Ok(());
    }
    Err(manual(
        "the client reads current versions of AWS Secrets Manager, as the role of its environment",
        "use --style env, which resolves every reference",
    ))
}

/// The arguments of a lookup.
fn arguments(reference: &Reference, quote: char) -> String {
    let key = reference.key.as_ref().map(|key| format!(", {quote}{key}{quote}")).unwrap_or_default();
    format!("({quote}{}{quote}{key})", reference.name)
}

/// Why there is no place for what the client needs.
fn refused(reason: String) -> Manual {
    manual(reason, "use --style env")
}

/// Where a text holds a word that is not part of a longer one, each with the characters around it.
fn words(text: &str, word: &str) -> impl Iterator<Item = (Option<char>, Option<char>)> {
    let is_part = |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric() || character == '_');
    let around = text.match_indices(word).map(move |(at, word)| (text[..at].chars().next_back(), text[at + word.len()..].chars().next()));
    around.filter(move |(before, after)| !is_part(*before) && !is_part(*after))
}

/// Whether a text holds a word that is not part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    words(text, word).next().is_some()
}

/// Whether a text uses a word as a name; in quotes of its own it is that of a variable of the environment.
fn is_named(text: &str, word: &str) -> bool {
    words(text, word).any(|(before, after)| before != after || !matches!(before, Some('"' | '\'')))
}

/// The tokens of a file, and which of them a place begins with.
///
/// # Errors
/// The place is in no literal.
fn tokens<'t>(file: File<'t>, lexicon: &Lexicon, place: &Place) -> Result<(Tokens<'t>, usize), String> {
    let first = place.parts.first().map_or(place.whole.clone(), |part| part.token.clone());
    match Tokens::to(file.text, lexicon, &first).map_err(|manual| manual.reason)? {
        (tokens, Where::Token(at)) => Ok((tokens, at)),
        (_, Where::Comment) => Err("the place is in a comment".to_owned()),
    }
}

/// A dependency of Maven or Gradle that settings of a file need.
pub(super) fn java_library(name: &'static str, version: &'static str, path: &str, tree: &dyn Tree) -> Vec<Companion> {
    let of = path.rsplit('/').next().unwrap_or_default();
    manifest::Dependency { name, version, of }.maven_or_gradle(tree, path)
}

/// The folder of a path, with its `/`; nothing at the root.
pub(super) fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |end| &path[..=end])
}

/// The folders from that of a path up to the root.
fn upwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder(path)), |below| (!below.is_empty()).then(|| folder(below.trim_end_matches('/'))))
}

/// The way from a file to a folder above it or its own; nothing for the latter.
fn way_up(path: &str, home: &str) -> String {
    "../".repeat(path[home.len()..].matches('/').count())
}

/// The text of a file of the tree.
fn read(tree: &dyn Tree, path: &str) -> Option<String> {
    String::from_utf8(tree.read(path.into())?).ok()
}

/// The nearest file of this name in the folders of a path, with its text.
pub(super) fn nearest(tree: &dyn Tree, path: &str, name: &str) -> Option<(String, String)> {
    upwards(path).map(|folder| format!("{folder}{name}")).find_map(|path| Some((path.clone(), read(tree, &path)?)))
}

/// Whether a file is of a module of Java, which sees the libraries alone that it names.
pub(super) fn is_in_module(file: File<'_>) -> bool {
    path_of(file).is_ok_and(|path| nearest(file.tree, path, "module-info.java").is_some())
}

/// The path of a file as text: the helper's path is made of it.
///
/// # Errors
/// It is no UTF-8.
fn path_of(file: File<'_>) -> Result<&str, String> {
    std::str::from_utf8(file.source.path).map_err(|_| "the path is no UTF-8".to_owned())
}

/// A file with the helper.
fn helper(path: String, content: &str) -> Companion {
    Companion::NewFile { path: path.into(), content: content.into() }
}

/// The lines of an import and of constants as one insertion at the start of a line.
fn lines(at: usize, import: Option<String>, constants: Vec<String>, file: File<'_>) -> Option<Splice> {
    if import.is_none() && constants.is_empty() {
        return None;
    }
    let end = super::line_end(file.text);
    let before = &file.text[..at];
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { end };
    let mut code = gap.to_owned();
    let alone = import.is_none();
    code.extend(import.map(|line| line + end));
    for (number, constant) in constants.into_iter().enumerate() {
        let apart = if number == 0 && !alone { end } else { "" };
        code.extend([apart, &constant, end]);
    }
    let rest = file.text[at..].trim_start_matches('\u{feff}');
    if !rest.is_empty() && !rest.starts_with(['\r', '\n']) {
        code.push_str(end);
    }
    Some(insert(at, code))
}

/// Constants as members of the bodies of their types: where the bodies begin, or after what has to be first.
pub(super) fn members(text: &str, constants: &[Constant], declared: impl Fn(&Constant) -> String) -> Vec<Splice> {
    let end = super::line_end(text);
    let mut homes: Vec<usize> = constants.iter().map(|constant| constant.home).collect();
    homes.sort_unstable();
    homes.dedup();
    let at_home = |home: usize| {
        let (before, after) = text.split_at(home);
        let blanks = |line: &str| line[..line.len() - line.trim_start().len()].to_owned();
        let breaks = after.trim_start_matches([' ', '\t']).starts_with(['\r', '\n']);
        let next = after.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
        let indent = if breaks { blanks(next) } else { blanks(&text[super::line_start(text, home)..home]) + "    " };
        let gap = if before.ends_with(';') { end } else { "" };
        let tail = match after.lines().nth(1) {
            _ if !breaks => format!("{end}{}", indent.strip_suffix(' ').filter(|_| after.starts_with(' ')).unwrap_or(&indent)),
            Some(line) if line.trim().is_empty() => String::new(),
            _ => end.to_owned(),
        };
        let own = constants.iter().filter(|constant| constant.home == home);
        let lines: Vec<String> = own.map(|constant| format!("{end}{indent}{}", declared(constant))).collect();
        insert(home, [gap, &lines.concat(), &tail].concat())
    };
    homes.into_iter().map(at_home).collect()
}
