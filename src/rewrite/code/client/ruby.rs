//! The client in Ruby. Owns: the module with it, its import, which method and which class are around a place, constants of classes and files.
//! Must not: know Ruby's literals.

use super::super::lexer::{Kind, Tokens};
use super::super::place::Place;
use super::super::ruby::{LEXICON, Ruby};
use super::super::{insert, line_end, next_line};
use super::manifest::Dependency;
use super::{Client, Constant, File, Form, arguments, folder, helper, members, nearest, path_of, refused, tokens, way_up};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten, Splice};

const LIBRARY: Dependency<'static> = Dependency { name: "aws-sdk-secretsmanager", version: "~> 1", of: "unleak_secrets.rb" };

/// After these words a statement begins.
const BEFORE_STATEMENTS: [&str; 8] = ["then", "else", "do", "begin", "ensure", "and", "or", "not"];

/// What an `end` ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// A class or module: the number of its first token.
    Space(usize),
    Method,
    Other,
}

/// The tokens of a file as its keywords.
struct Keywords<'t>(Tokens<'t>);

impl Keywords<'_> {
    /// Whether the token at `index` follows the one before it without a blank.
    fn follows(&self, index: usize) -> bool {
        let token = |index: usize| self.0.all.get(index).map(|token| &token.span);
        index.checked_sub(1).and_then(token).zip(token(index)).is_some_and(|(before, own)| before.end == own.start)
    }

    /// The keyword at `index`; nothing where it is a name of a method, a symbol or a key.
    fn at(&self, index: usize) -> &str {
        let (before, after) = (self.0.before(index, 1), self.0.at(index + 1));
        let is_name = matches!(before, "." | "&." | "def" | "alias")
            || before == ":" && self.follows(index)
            || matches!(after, ":" | "?" | "!") && self.follows(index + 1);
        if is_name || !self.0.is_word(index) { "" } else { self.0.at(index) }
    }

    /// Whether a line ends before the token, in a here document too.
    fn breaks(&self, index: usize) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.0.all.get(before));
        self.0.breaks(index) || before.is_some_and(|token| token.kind == Kind::Together) && self.0.before(index, 1).starts_with('\n')
    }

    /// Whether a statement begins with the token; `if` and such stand after others too.
    fn begins(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1).filter(|_| !self.breaks(index)) else { return true };
        let text = self.0.at(before);
        match self.0.all[before].kind {
            Kind::Mark => !(matches!(text, ")" | "]" | "}") || matches!(text, "?" | "!") && self.follows(before)),
            Kind::Word => BEFORE_STATEMENTS.contains(&text),
            _ => false,
        }
    }

    /// Whether the method at `index` is `def name = …`, which no `end` ends.
    fn is_endless(&self, index: usize) -> bool {
        let name = if self.0.at(index + 2) == "." { index + 3 } else { index + 1 };
        let mut next = name + 1;
        while matches!(self.0.at(next), "?" | "!") && self.follows(next) {
            next += 1;
        }
        if self.0.at(next) == "(" {
            next = self.0.closing(next).map_or(next, |close| close + 1);
            return self.0.at(next) == "=" && !self.breaks(next);
        }
        // `def name=(value)` is a name.
        self.0.at(next) == "=" && !self.follows(next)
    }

    /// The blocks around a token, the outermost first; none where the file's do not match.
    fn around(&self, place: usize) -> Option<Vec<Block>> {
        let (mut open, mut found) = (Vec::new(), None);
        // Whether a `do` belongs to the loop before it.
        let mut in_loop = false;
        for index in 0..self.0.all.len() {
            in_loop &= !self.breaks(index);
            if index == place {
                found = Some(open.clone());
            }
            match self.at(index) {
                "class" if self.0.at(index + 1) == "<" => open.push(Block::Other),
                "class" | "module" => open.push(Block::Space(index)),
                "def" if !self.is_endless(index) => open.push(Block::Method),
                "begin" | "case" => open.push(Block::Other),
                "if" | "unless" if self.begins(index) => open.push(Block::Other),
                "while" | "until" | "for" if self.begins(index) => {
                    open.push(Block::Other);
                    in_loop = true;
                }
                "do" if !std::mem::take(&mut in_loop) => open.push(Block::Other),
                "end" => drop(open.pop()?),
                _ => {}
            }
        }
        found.filter(|_| open.is_empty())
    }

    /// Whether the place is in a method without an end.
    fn in_endless(&self, place: usize) -> bool {
        let mut levels = std::iter::once(place).chain(self.0.around(place));
        levels.any(|at| (self.0.statement(at, true)..at).any(|index| self.at(index) == "def"))
    }

    /// The end of the line that a class or module begins with, where nothing else stands on it.
    fn header(&self, first: usize, text: &str) -> Option<usize> {
        let next = (first + 1..self.0.all.len()).find(|index| self.breaks(*index))?;
        let line = &text[..next_line(text, self.0.all[next - 1].span.end)];
        (first..next).all(|index| self.0.at(index) != ";").then(|| line.trim_end_matches(['\r', '\n']).len())
    }
}

impl Client for Ruby {
    fn form(&self, file: File<'_>, place: &Place) -> Result<Form, String> {
        path_of(file)?;
        let (tokens, at) = tokens(file, &LEXICON, place)?;
        let keywords = Keywords(tokens);
        let Some(blocks) = keywords.around(at) else {
            return Ok(Form::Again("it is not understood which method and class it is in"));
        };
        if !blocks.contains(&Block::Method) && !keywords.in_endless(at) {
            return Ok(Form::Here);
        }
        let innermost = blocks.iter().rev().find_map(|block| if let Block::Space(first) = block { Some(*first) } else { None });
        Ok(Form::Constant { home: innermost.and_then(|first| keywords.header(first, file.text)).unwrap_or_default() })
    }

    fn lookup(&self, reference: &Reference, place: &Place, text: &str) -> String {
        let single = place.parts.first().is_some_and(|part| text[part.token.clone()].starts_with('\''));
        format!("UnleakSecrets.get{}", arguments(reference, if single { '\'' } else { '"' }))
    }

    /// What no class holds is seen by all files, so it has the name of this one.
    fn constant(&self, file: File<'_>, variable: &str, home: usize) -> String {
        if home > 0 {
            return variable.to_owned();
        }
        let path = String::from_utf8_lossy(file.source.path);
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        let words = stem.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let first = words.collect::<Vec<_>>().join("_").to_ascii_uppercase();
        let is_name = first.starts_with(|first: char| first.is_ascii_uppercase());
        if is_name { format!("{first}_{variable}") } else { variable.to_owned() }
    }

    fn surroundings(&self, file: File<'_>, _first: usize, constants: &[Constant]) -> Result<Rewritten, Manual> {
        let path = path_of(file).map_err(refused)?;
        let home = nearest(file.tree, path, "Gemfile").map_or(String::new(), |(path, _)| folder(&path).to_owned());
        let text = file.text;
        let quote = if text.matches('\'').count() > text.matches('"').count() { '\'' } else { '"' };
        let require = format!("require_relative {quote}{}unleak_secrets{quote}", way_up(path, &home));
        let require = Some(require).filter(|require| !text.contains(require.as_str()));
        let (of_file, of_classes): (Vec<_>, Vec<_>) = constants.iter().cloned().partition(|constant| constant.home == 0);
        let declared = |Constant { name, lookup, .. }: &Constant| format!("{name} = {lookup}");
        let mut splices = members(file.text, &of_classes, declared);
        splices.extend(head(text, require, of_file.iter().map(declared).collect()));
        let mut companions = LIBRARY.gemfile(file.tree, path);
        companions.insert(0, helper(format!("{home}unleak_secrets.rb"), include_str!("files/unleak_secrets.rb")));
        Ok(Rewritten { splices, companions })
    }
}

/// The line after the requirements at the head of a file, else after the comments that have to be first; constants after it.
fn head(text: &str, require: Option<String>, constants: Vec<String>) -> Option<Splice> {
    if require.is_none() && constants.is_empty() {
        return None;
    }
    let end = line_end(text);
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
    let gap = if require.is_none() || known || text[..at].trim_start_matches('\u{feff}').is_empty() { "" } else { end };
    let mut code = gap.to_owned();
    code.extend(require.map(|line| line + end));
    if !constants.is_empty() {
        code.push_str(end);
    }
    code.extend(constants.into_iter().map(|line| line + end));
    Some(insert(at, code + rest))
}
