//! Rewriters of programming languages; one file a language. Owns: the choice among them, and what they share: files left alone, places put
//! together to splices. Must not: know the syntax of any language.

mod browser;
mod c;
mod cdk;
mod client;
pub(super) mod connection;
mod csharp;
mod go;
mod go_types;
mod java;
mod javascript;
pub(super) mod jdbc;
mod kotlin;
mod lexer;
mod lexical;
mod php;
mod place;
mod powershell;
mod python;
mod ruby;
mod rust;
mod shell;
pub(super) mod tree;

use std::ops::Range;

use super::literal::{Decode, manual};
use super::{ASKED_AGAIN, Companion, Located, Manual, Rewriter, Rewritten, Source, Spelled, Splice, Strategy, Style, Tree, Wanted};
use crate::reference::Reference;
use crate::secret::Secret;
pub(super) use client::region;
use client::{Client, File, Form, Uses};
use connection::{Compose, Parts};
use jdbc::{Connection, Dialect};
use place::{Gives, Kind, Place};

/// What a language knows.
trait Language: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The place of a finding.
    ///
    /// # Errors
    /// What is not understood, or cannot be an expression.
    fn place(&self, source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual>;

    /// The place with what the rest of the tree says of it.
    ///
    /// # Errors
    /// What it does not say, and should.
    fn settle(&self, _file: File<'_>, place: Place) -> Result<Place, Manual> {
        Ok(place)
    }

    /// Refuses files that run where no secret may be.
    ///
    /// # Errors
    /// Where the file runs.
    fn runs(&self, _source: Source<'_>, _text: &str, _tree: &dyn Tree) -> Result<(), Manual> {
        Ok(())
    }

    /// The expression that gives the variable's value and fails loudly without one.
    fn lookup(&self, variable: &str, place: &Place, text: &str) -> String;

    /// Imports and helpers that the lookups at these places need.
    ///
    /// # Errors
    /// That there is no place for them.
    fn surroundings(&self, source: Source<'_>, text: &str, places: &[Place], tree: &dyn Tree) -> Result<Rewritten, Manual>;

    /// The store's client in this language, where one can be generated.
    fn client(&self) -> Option<&dyn Client> {
        None
    }

    /// How it puts a connection URL together, where that is known.
    fn compose(&self) -> Option<&'static Compose> {
        None
    }

    /// How it writes connections of JDBC, where it does.
    fn jdbc(&self) -> Option<&'static Dialect> {
        None
    }

    /// Checks that only what the splices say changed.
    ///
    /// # Errors
    /// What else did.
    fn verify(&self, source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual>;
}

/// What people have to do for references that stand in a template.
const DEPLOYED: &str = "deploy the stack again after each rotation of a secret that its template refers to; the role that deploys needs secretsmanager:GetSecretValue";

/// The rewriter of a language.
struct Code(&'static dyn Language);

/// Files larger than this are not rewritten: they are data or generated.
const LARGEST: usize = 4 << 20;

/// The rewriter for a file, if there is one.
#[must_use]
pub fn for_source(source: Source<'_>) -> Option<&'static dyn Rewriter> {
    let name = source.path.rsplit(|&byte| byte == b'/').next()?;
    let extension = name.rsplit(|&byte| byte == b'.').next()?;
    let rewriter: &'static Code = match extension {
        b"py" | b"pyi" | b"pyw" => &Code(&python::Python),
        b"js" | b"mjs" | b"cjs" | b"jsx" => &Code(&javascript::JavaScript::PLAIN),
        b"ts" | b"mts" | b"cts" => &Code(&javascript::JavaScript::TYPED),
        b"tsx" => &Code(&javascript::JavaScript::TYPED_JSX),
        b"java" => &Code(&java::Java),
        b"go" => &Code(&go::Go),
        b"rs" => &Code(&rust::Rust),
        b"c" | b"h" => &Code(&c::C),
        b"sh" | b"bash" | b"zsh" | b"ksh" => &Code(&shell::Shell),
        b"cs" => &Code(&csharp::CSharp),
        b"kt" | b"kts" => &Code(&kotlin::Kotlin),
        b"rb" | b"rake" => &Code(&ruby::Ruby),
        b"php" => &Code(&php::Php),
        b"ps1" | b"psm1" => &Code(&powershell::PowerShell),
        _ if extension == name => by_first_line(source.bytes)?,
        _ => return None,
    };
    Some(rewriter)
}

/// The rewriter for a program whose first line says what runs it.
fn by_first_line(bytes: &[u8]) -> Option<&'static Code> {
    let line = bytes.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let words = line.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').filter(|word| !word.is_empty());
    let program = words
        .filter(|word| !word.starts_with(b"-") && *word != b"env")
        .find(|word| !matches!(*word, b"usr" | b"bin" | b"local" | b"opt"))?;
    Some(match program.trim_ascii_end() {
        b"sh" | b"bash" | b"zsh" | b"ksh" | b"dash" => &Code(&shell::Shell),
        b"python" | b"python3" => &Code(&python::Python),
        b"ruby" => &Code(&ruby::Ruby),
        b"php" => &Code(&php::Php),
        b"pwsh" => &Code(&powershell::PowerShell),
        b"node" => &Code(&javascript::JavaScript::PLAIN),
        _ => return None,
    })
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, Manual> {
    std::str::from_utf8(bytes).map_err(|_| manual("the file is not UTF-8", "save it as UTF-8 first"))
}

/// Why nothing in this file is rewritten, if so.
pub(super) fn left_alone(source: Source<'_>) -> Result<(), Manual> {
    if source.bytes.len() > LARGEST {
        return Err(manual("the file is larger than 4 MiB", "take the value out of what makes it"));
    }
    let path = String::from_utf8_lossy(source.path).to_ascii_lowercase();
    let mut folders: Vec<&str> = path.split('/').collect();
    let name = folders.pop().unwrap_or_default();
    let has = |names: &[&str]| folders.iter().any(|folder| names.contains(folder));
    if has(&["vendor", "node_modules", "third_party", "site-packages", "bower_components"]) {
        return Err(manual("the file is a copy of somebody else's code", "update the copy, or revoke the credential"));
    }
    let head = &source.bytes[..source.bytes.len().min(2048)];
    let says = |text: &[u8], words: &str| memchr::memmem::find(text, words.as_bytes()).is_some();
    // A program that generates others has the words in a literal.
    let says_so = || head.split(|&byte| byte == b'\n').any(|line| is_comment(line) && says(line, "DO NOT EDIT"));
    if name.contains(".min.") || name.contains(".generated.") || says(head, "@generated") || says_so() {
        return Err(manual("the file is generated", "change what it is generated from, then generate it again"));
    }
    let stem = name.split('.').next().unwrap_or_default();
    let is_test = has(&["test", "tests", "__tests__", "spec", "fixtures", "testdata", "test-data", "__fixtures__"])
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || name.contains(".test.")
        || name.contains(".spec.")
        || stem.ends_with("_spec")
        || (stem.ends_with("test") || stem.ends_with("tests")) && matches!(name.rsplit('.').next(), Some("java" | "kt" | "cs"));
    if is_test {
        return Err(manual(
            "the file is a test or a fixture",
            "use a made-up value in it; a test that needs the real one reads it from the environment",
        ));
    }
    Ok(())
}

/// Whether a line begins as comments, or documentation, of some language do.
fn is_comment(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start();
    let marks: [&[u8]; 10] = [b"//", b"#", b"--", b";", b"/*", b"*", b"<", b"%", b"\"\"\"", b"'''"];
    marks.iter().any(|mark| line.starts_with(mark))
}

impl Rewriter for Code {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn locate(&self, source: Source<'_>, span: Range<usize>, style: Style, tree: &dyn Tree) -> Result<Located, Manual> {
        let place = self.find(source, &span, tree)?;
        let text = text(source.bytes)?;
        if place.kind == Kind::Code {
            self.0.runs(source, text, tree)?;
        }
        let file = File { source, text, tree };
        let connection = self.connection(file, &place);
        let (strategy, reason) = match &connection {
            Some(_) if style == Style::Sdk => (Strategy::Sdk, jdbc::REASON.to_owned()),
            _ => self.strategy(file, &place, style),
        };
        let decode = place.decode(text)?;
        let composed = self.composed(&place, &decode, text);
        if memchr::memmem::find(&source.bytes[decode.span.clone()], &source.bytes[span]).is_none() {
            return Err(manual("the finding is not within one literal", "replace it by hand"));
        }
        let named = place.name.filter(|name| !place::is_output(name));
        Ok(Located {
            rewriter: self.name(),
            strategy,
            reason,
            fields: connection::fields(&decode.value).unwrap_or_default(),
            composed,
            value: decode.value,
            span: decode.span,
            spelling: decode.spelling,
            beside: connection.as_ref().map(Connection::beside).unwrap_or_default(),
            name: connection.map_or(named.clone(), |connection| Some(connection.name(named, text))),
            variable: place.variable,
        })
    }

    fn rewrite(&self, source: Source<'_>, wanted: &[Wanted<'_>], tree: &dyn Tree) -> Result<Rewritten, Manual> {
        let text = text(source.bytes)?;
        let mut out = Rewritten::default();
        let mut code = Vec::new();
        let file = File { source, text, tree };
        let mut asked = Uses::default();
        let mut driven = false;
        for wanted in wanted {
            let located = wanted.located;
            let mut place = self.again(file, &located.span)?;
            if let Some(connection) = self.driven(file, wanted, &place)? {
                let known = out.splices.clone();
                out.splices.extend(connection.driven(wanted.reference).into_iter().filter(|splice| !known.contains(splice)));
                driven = true;
                continue;
            }
            let strategy = self.undriven(file, located, &place, &mut out.companions);
            let new = match place.kind {
                Kind::Prose => super::placeholder(wanted.reference),
                Kind::Code if strategy == Strategy::Native => {
                    out.companions.push(Companion::Advice(DEPLOYED.to_owned()));
                    let moved = || manual("the place is not where it was", "make a new plan");
                    place.resolved.as_ref().ok_or_else(moved)?.expression(wanted, place.quote(text))?
                }
                Kind::Code if strategy == Strategy::Sdk => {
                    let client = self.client()?;
                    let (expression, form) = asked.expression(client, file, wanted, &place)?;
                    place = client.fit(place, form, text);
                    expression
                }
                Kind::Code if wanted.fields.is_empty() => {
                    let variable = place.variable.clone().unwrap_or_else(|| wanted.variable.to_owned());
                    reads(&variable, wanted.reference, &mut out.companions)?;
                    self.0.lookup(&variable, &place, text)
                }
                Kind::Code => {
                    wanted.fields.iter().try_for_each(|field| reads(&field.variable, &field.reference, &mut out.companions))?;
                    place.gives = Gives::Url;
                    self.put_together(wanted, &place, text)?
                }
            };
            out.splices.extend(place.splices(&new));
            if strategy == Strategy::Environment {
                code.push(place);
            }
        }
        if !code.is_empty() {
            let around = self.0.surroundings(source, text, &code, tree)?;
            out.splices.extend(around.splices);
            out.companions.extend(around.companions);
        }
        if let Some(first) = asked.first {
            let mut around = self.client()?.surroundings(file, first, &asked.constants)?;
            if let Some(region) = &asked.region {
                region::put(&mut around.companions, region);
            }
            out.splices.extend(around.splices);
            out.companions.extend(around.companions);
        }
        if driven {
            let region = wanted.iter().find_map(|wanted| region::of(wanted.reference).transpose()).transpose()?;
            out.companions.extend(jdbc::companions(&String::from_utf8_lossy(source.path), region, tree)?);
        }
        out.splices = ordered(out.splices)?;
        Ok(out)
    }

    fn verify(&self, before: Source<'_>, after: &[u8], splices: &[Splice]) -> Result<(), Manual> {
        if super::splice(before.bytes, splices) != after {
            return Err(manual("the new file is not the old one with its splices", "nothing was changed; make a new plan"));
        }
        self.0.verify(before, text(before.bytes)?, text(after)?, splices)
    }
}

impl Code {
    /// How a place will refer to its secret, and why.
    fn strategy(&self, file: File<'_>, place: &Place, style: Style) -> (Strategy, String) {
        let environment = "code reads its environment, and fails loudly without";
        if place.kind == Kind::Prose {
            return (Strategy::Placeholder, "a comment or documentation: the value is named, not used".to_owned());
        }
        if place.resolved.is_some() {
            return (Strategy::Native, "the template refers to the secret, and CloudFormation resolves that".to_owned());
        }
        if style != Style::Sdk {
            return (Strategy::Environment, environment.to_owned());
        }
        match self.0.client().map(|client| client.form(file, place)) {
            Some(Ok(Form::Again(why))) => (Strategy::Sdk, format!("{ASKED_AGAIN}: {why}")),
            Some(Ok(_)) => (Strategy::Sdk, "code asks the store's cached client".to_owned()),
            Some(Err(reason)) => (Strategy::Environment, format!("{reason}: {environment}")),
            None => (Strategy::Environment, format!("no client is generated for this language: {environment}")),
        }
    }

    /// The connection of JDBC whose password a place is.
    fn connection(&self, file: File<'_>, place: &Place) -> Option<Connection> {
        let dialect = self.0.jdbc().filter(|_| place.kind == Kind::Code && place.variable.is_none() && place.resolved.is_none())?;
        let [part] = place.parts.as_slice() else { return None };
        Connection::of(dialect, file.text, &part.token).filter(|_| !client::is_in_module(file))
    }

    /// The same where the driver of Secrets Manager takes it over.
    ///
    /// # Errors
    /// The driver cannot read the reference.
    fn driven(&self, file: File<'_>, wanted: &Wanted<'_>, place: &Place) -> Result<Option<Connection>, Manual> {
        if wanted.located.strategy != Strategy::Sdk || wanted.reference.key.as_deref() != Some("password") {
            return Ok(None);
        }
        let connection = self.connection(file, place);
        if connection.is_some() {
            client::is_current(wanted.reference)?;
        }
        Ok(connection)
    }

    /// How a place refers to its secret that the driver did not take over: as one that is no connection, which is told where it was to be driven.
    fn undriven(&self, file: File<'_>, located: &Located, place: &Place, companions: &mut Vec<Companion>) -> Strategy {
        if located.strategy != Strategy::Sdk || located.reason != jdbc::REASON {
            return located.strategy;
        }
        let (strategy, reason) = self.strategy(file, place, Style::Sdk);
        companions.push(Companion::Instead { span: located.span.clone(), strategy, reason });
        strategy
    }

    /// Where the fields of a connection URL are spelled, if the place can put it together.
    fn composed(&self, place: &Place, decode: &Decode, text: &str) -> Result<Vec<Spelled>, String> {
        let compose = self
            .0
            .compose()
            .filter(|_| place.kind == Kind::Code && place.resolved.is_none())
            .ok_or("code in this language takes it as a whole")?;
        match &place.variable {
            Some(variable) => Err(format!("the place reads it from the variable {variable}")),
            None => connection::spelled(decode, text, compose.kept),
        }
    }

    /// The expression that puts a connection URL together from variables.
    fn put_together(&self, wanted: &Wanted<'_>, place: &Place, text: &str) -> Result<String, Manual> {
        let unknown = || manual("no way is known to put the URL together here", "migrate without --split-url");
        let compose = self.0.compose().ok_or_else(unknown)?;
        let value = std::str::from_utf8(wanted.located.value.expose()).ok().and_then(Parts::of).ok_or_else(unknown)?;
        let variable = |name: &str| wanted.fields.iter().find(|field| field.name == name).map(|field| field.variable.as_str());
        if wanted.fields.len() != value.named().count() {
            return Err(unknown());
        }
        let parts = value.map(|name| self.0.lookup(variable(name).unwrap_or_default(), place, text));
        Ok((compose.expression)(&parts, place.quote(text)))
    }

    fn client(&self) -> Result<&dyn Client, Manual> {
        self.0.client().ok_or_else(|| manual("no client is generated for this language", "use --style env"))
    }

    fn find(&self, source: Source<'_>, span: &Range<usize>, tree: &dyn Tree) -> Result<Place, Manual> {
        left_alone(source)?;
        let text = text(source.bytes)?;
        if span.start >= span.end || text.get(span.clone()).is_none() {
            return Err(manual("the finding is not in the file any more", "scan again"));
        }
        self.0.settle(File { source, text, tree }, self.0.place(source, text, span.clone())?)
    }

    /// The place that was located: its span holds several tokens where literals are joined.
    fn again(&self, file: File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let File { source, text, tree } = file;
        let first = text.get(span.start..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        self.find(source, span, tree).or_else(|manual| self.find(source, &(span.start..span.start + first), tree).map_err(|_| manual))
    }
}

/// Notes that code reads a variable.
///
/// # Errors
/// It would need two values.
fn reads(variable: &str, reference: &Reference, companions: &mut Vec<Companion>) -> Result<(), Manual> {
    let companion = Companion::Variable { name: variable.to_owned(), reference: reference.clone() };
    let taken = |known: &&Companion| matches!(known, Companion::Variable { name, .. } if name == variable);
    match companions.iter().find(taken) {
        Some(known) if *known == companion => {}
        Some(_) => {
            return Err(manual(
                format!("the variable {variable} would need two values"),
                "give one of the places another variable, then migrate again",
            ));
        }
        None => companions.push(companion),
    }
    Ok(())
}

/// The splices in order, equal ones once and insertions at one point joined.
///
/// # Errors
/// Two that change the same bytes.
pub(super) fn ordered(mut splices: Vec<Splice>) -> Result<Vec<Splice>, Manual> {
    splices.sort_by_key(|splice| (splice.span.start, splice.span.end));
    splices.dedup();
    let mut out: Vec<Splice> = Vec::new();
    for splice in splices {
        match out.last_mut() {
            Some(last) if last.span.is_empty() && last.span.start == splice.span.start => {
                last.span.end = splice.span.end;
                last.text.extend_from_slice(&splice.text);
            }
            Some(last) if last.span.end > splice.span.start => {
                return Err(manual("two values are in one expression", "move one of them by hand, then migrate the other"));
            }
            _ => out.push(splice),
        }
    }
    Ok(out)
}

/// What brings a library of Java to the program that a file is of.
pub(super) fn library(name: &'static str, version: &'static str, path: &str, tree: &dyn Tree) -> Vec<Companion> {
    client::java_library(name, version, path, tree)
}

/// The line end that a file uses.
pub(super) fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The start of the line that holds `at`.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The start of the line after `at`, or the end of the text.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// A splice that inserts.
pub(super) fn insert(at: usize, text: impl Into<Vec<u8>>) -> Splice {
    Splice { span: at..at, text: text.into().into() }
}
