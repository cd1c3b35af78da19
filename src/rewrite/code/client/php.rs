//! The client in PHP, asked where the value stood: each request starts anew, so nothing stands outside of it. Owns: the class with it, where a
//! file requires it. Must not: know PHP's literals.

use super::super::lexer::{self, Kind, Token};
use super::super::php::{LEXICON, Php};
use super::super::place::Place;
use super::super::{insert, line_end, line_start, next_line};
use super::manifest::Dependency;
use super::{Client, Constant, File, Form, arguments, folder, helper, lines, nearest, path_of, refused, way_up};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten, Splice};

const CLASS: &str = "UnleakSecrets";
const CODE: &str = include_str!("files/UnleakSecrets.php");
const LIBRARY: Dependency<'static> = Dependency { name: "aws/aws-sdk-php", version: "^3.0", of: "UnleakSecrets.php" };

/// What has to be first in a file, and what stands with it.
const HEAD: [&str; 7] = ["declare", "namespace", "use", "require", "require_once", "include", "include_once"];

/// The folder of the project that a file is of, with its libraries.
fn home(file: File<'_>) -> Result<(&str, String), String> {
    let path = path_of(file)?;
    let (manifest, _) = nearest(file.tree, path, "composer.json").ok_or("the file is of no project of Composer (composer.json)")?;
    Ok((path, folder(&manifest).to_owned()))
}

/// Where a file takes a statement: after what has to be first, or a comment about all of it.
struct Head {
    at: usize,
    /// Whether a statement that requires another file stands before it.
    required: bool,
    /// Whether any statement does.
    opened: bool,
}

impl Head {
    /// # Errors
    /// The file takes none.
    fn of(text: &str) -> Result<Self, String> {
        let tokens = lexer::lex(text, &LEXICON).map_err(|manual| manual.reason)?;
        let written = |token: &Token| &text[token.span.clone()];
        let open =
            tokens.first().filter(|open| written(open).ends_with("<?php")).ok_or("the code of the file begins with an expression")?;
        let mut head = Self { at: open.span.end, required: false, opened: false };
        let mut rest = &tokens[1..];
        while let Some((first, after)) = rest.split_first() {
            if matches!(first.kind, Kind::Line | Kind::Comment) {
                let is_blank = |line: &str| line.trim().is_empty();
                let apart = is_blank(&text[line_start(text, first.span.start)..first.span.start])
                    && text[first.span.end..].lines().take(2).all(is_blank);
                if first.kind == Kind::Comment && apart {
                    head = Self { at: first.span.end, required: false, opened: true };
                }
                rest = after;
                continue;
            }
            let word = written(first);
            let Some(length) = rest.iter().position(|token| written(token) == ";").filter(|_| HEAD.contains(&word)) else { break };
            let (statement, after) = rest.split_at(length + 1);
            if word != "use" && statement.iter().any(|token| written(token) == "{") {
                return Err(format!("the file has {word} with braces"));
            }
            let required = word.starts_with("require") || word.starts_with("include");
            head = Self { at: statement[length].span.end, required, opened: true };
            rest = after;
        }
        Ok(head)
    }

    /// The splice that puts a statement there.
    fn splice(&self, statement: String, file: File<'_>) -> Option<Splice> {
        let (text, end) = (file.text, line_end(file.text));
        let line = text[self.at..].lines().next().unwrap_or_default().trim();
        if !line.is_empty() && (!line.starts_with("//") || line.contains("?>")) {
            return Some(insert(self.at, format!(" {statement}")));
        }
        let at = next_line(text, self.at);
        match text[at..].lines().next() {
            // As it stands after the mark that opens the code.
            Some(blank) if !self.opened && blank.trim().is_empty() => lines(next_line(text, at), Some(statement), Vec::new(), file),
            _ if !self.opened || self.required => lines(at, Some(statement), Vec::new(), file),
            _ => lines(at, Some(end.to_owned() + &statement), Vec::new(), file),
        }
    }
}

impl Client for Php {
    fn form(&self, file: File<'_>, _place: &Place) -> Result<Form, String> {
        home(file)?;
        Head::of(file.text).map(|_| Form::Here)
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        format!("\\{CLASS}::get{}", arguments(reference, '\''))
    }

    fn surroundings(&self, file: File<'_>, _first: usize, _constants: &[Constant]) -> Result<Rewritten, Manual> {
        let (path, home) = home(file).map_err(refused)?;
        let require = format!("require_once __DIR__ . '/{}{CLASS}.php';", way_up(path, &home));
        let head = Head::of(file.text).map_err(refused)?;
        let splice = if file.text.contains(&require) { None } else { head.splice(require, file) };
        let mut companions = LIBRARY.composer_json(file.tree, path);
        companions.insert(0, helper(format!("{home}{CLASS}.php"), CODE));
        Ok(Rewritten { splices: splice.into_iter().collect(), companions })
    }
}
