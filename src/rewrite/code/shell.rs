//! Shell scripts. Owns: their words and quotes, here documents, defaults of expansions. Must not: evaluate.

use std::ops::Range;

use tree_sitter::Node;

use super::Language;
use super::place::{Place, last_word};
use super::tree::{self, Path};
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, Unknown, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct Shell;

const DOUBLE: Syntax =
    Syntax { escape: Some('\\'), itself: "$`\"\\", unknown: Unknown::Kept, continues: true, interpolates: is_expansion, ..RAW };
const ANSI: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrtabvfe",
    itself: "\\'\"?",
    numeric: &[
        Numeric::byte('x', 1, 2),
        Numeric { letter: 'u', least: 1, most: 4, braces: false, bytes: false, surrogates: false },
        Numeric { letter: 'U', least: 1, most: 8, braces: false, bytes: false, surrogates: false },
    ],
    octal: 3,
    ..RAW
};
const BARE: Syntax = Syntax { escape: Some('\\'), unknown: Unknown::Dropped, continues: true, interpolates: is_special, ..RAW };

const LITERALS: [&str; 5] = ["string", "raw_string", "ansi_c_string", "word", "extglob_pattern"];
/// Commands whose arguments are scripts.
const SCRIPTED: [&str; 8] = ["eval", "ssh", "trap", "alias", "awk", "sed", "jq", "perl"];

fn is_expansion(rest: &str) -> bool {
    rest.starts_with('`')
        || rest
            .strip_prefix('$')
            .and_then(|rest| rest.chars().next())
            .is_some_and(|next| !matches!(next, ' ' | '"' | '/' | '%' | '.' | ','))
}

/// Globs, braces and all that is not itself in a word without quotes.
fn is_special(rest: &str) -> bool {
    is_expansion(rest) || rest.starts_with(['*', '?', '[', '{', '~'])
}

fn grammar() -> tree_sitter::Language {
    tree_sitter_bash::LANGUAGE.into()
}

impl Language for Shell {
    fn name(&self) -> &'static str {
        "shell"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let tree = tree::parse(&grammar(), text)?;
        let path = Path::to(&tree, &span)?;
        if path.find(&["comment"]).is_some() {
            return Ok(Place::prose(span));
        }
        if path.find(&["regex"]).is_some() {
            return Err(manual("it is a regular expression", "keep the value in a variable and compare with that"));
        }
        if let Some(document) = path.find(&["heredoc_body"]) {
            return here_document(&path, document, text, span);
        }
        if let Some(at) = path.0.iter().position(|node| node.kind() == "expansion") {
            return default(&path, at, text);
        }
        let nowhere = || manual("it is not in a word or a string", "look at the place");
        let at = path.find(&LITERALS).ok_or_else(nowhere)?;
        allowed(&path, at, text)?;
        let node = path.0[at];
        let mut place = match assigned(node, text, &span)? {
            Some(place) => place,
            None => Place::code(vec![part(node, text)]),
        };
        place.name = name(&path, at, text, place.whole.start);
        Ok(place)
    }

    fn lookup(&self, variable: &str, place: &Place, _text: &str) -> String {
        // Within quotes or a document the expansion stands as it is; elsewhere quotes keep it one word.
        if place.bare { format!("${{{variable}:?}}") } else { format!("\"${{{variable}:?}}\"") }
    }

    fn surroundings(&self, _source: Source<'_>, _text: &str, _places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        Ok(Rewritten::default())
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&grammar(), before, after, splices, |kind| match kind {
            // A word with an expansion in it is several words joined.
            "concatenation" => "",
            "extglob_pattern" => "word",
            kind => kind,
        })
    }
}

fn part(node: Node<'_>, text: &str) -> Part {
    let token = node.byte_range();
    let quoting = match node.kind() {
        "string" => Quoting::new(text[token.clone()].find('"').unwrap_or_default() + 1, 1, &DOUBLE),
        "raw_string" => Quoting::new(1, 1, &RAW),
        "ansi_c_string" => Quoting::new(2, 1, &ANSI),
        _ => Quoting::new(0, 0, &BARE),
    };
    Part { token, quoting }
}

/// The value of an argument such as `--password=…`, `-p…`, `KEY=…`: what is before it stays.
fn assigned(node: Node<'_>, text: &str, span: &Range<usize>) -> Result<Option<Place>, Manual> {
    let Part { token, quoting } = part(node, text);
    let content = token.start + quoting.open..token.end - quoting.close;
    let inside = &text[content.clone()];
    let key = |key: &str| {
        let word = key.trim_start_matches('-');
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let start = match inside.split_once('=') {
        Some((before, _)) if key(before) && span.start > content.start + before.len() => before.len() + 1,
        _ if node.kind() == "word" && inside.starts_with('-') && !inside.starts_with("--") && span.start == content.start + 2 => 2,
        _ => return Ok(None),
    };
    let stretch = content.start + start..content.end;
    let value = &text[stretch.clone()];
    let special = match node.kind() {
        "string" => value.contains(['$', '`', '\\']),
        "word" => value.contains(['$', '`', '\\', '*', '?', '[', '{', '~']),
        "raw_string" => false,
        _ => true,
    };
    if special {
        return Err(manual("the argument is not understood", "give the value a variable of its own, then migrate that"));
    }
    let mut place = Place::stretch(stretch);
    match node.kind() {
        "string" => place.bare = true,
        "raw_string" => place.around = ("'", "'"),
        _ => {}
    }
    Ok(Some(place))
}

/// Whether an expansion may stand here.
fn allowed(path: &Path<'_>, at: usize, text: &str) -> Result<(), Manual> {
    let above = path.0.iter().skip(at + 1).find(|node| node.kind() != "concatenation");
    let Some(above) = above else { return Ok(()) };
    match above.kind() {
        "command_name" => return Err(manual("it is the name of a command", "look at the place")),
        "function_definition" => return Err(manual("it is the name of a function", "look at the place")),
        "test_command" | "binary_expression" if text[above.byte_range()].contains("=~") => {
            return Err(manual("it is a regular expression", "keep the value in a variable and compare with that"));
        }
        _ => {}
    }
    if above.kind() != "command" {
        return Ok(());
    }
    let program = above.child_by_field_name("name").map(|name| &text[name.byte_range()]).unwrap_or_default();
    let start = path.0[at].start_byte();
    let mut cursor = above.walk();
    let before: Vec<&str> = above
        .children_by_field_name("argument", &mut cursor)
        .filter(|argument| argument.end_byte() <= start)
        .map(|argument| &text[argument.byte_range()])
        .collect();
    let script = before.last().is_some_and(|last| last.starts_with('-') && !last.starts_with("--") && last.ends_with('c'))
        && ["sh", "bash", "zsh", "su", "ksh", "dash", "sudo", "python", "python3"]
            .contains(&program.rsplit('/').next().unwrap_or_default());
    if script || SCRIPTED.contains(&program) {
        return Err(manual("it is within a program in quotes", "give the value a variable before it and pass that"));
    }
    Ok(())
}

/// A value in a here document: only its own bytes are replaced.
fn here_document(path: &Path<'_>, at: usize, text: &str, span: Range<usize>) -> Result<Place, Manual> {
    let redirect = path.0.get(at + 1).ok_or_else(|| manual("the here document is not understood", "replace it by hand"))?;
    let mut cursor = redirect.walk();
    let start = redirect.children(&mut cursor).find(|node| node.kind() == "heredoc_start").map(|node| &text[node.byte_range()]);
    if start.is_none_or(|start| start.contains(['\'', '"', '\\'])) {
        return Err(manual("a here document with a quoted word is taken as it is", "take the quotes off, and escape what has to stay"));
    }
    if path.0[..at].iter().any(|node| node.kind() != "heredoc_content") || text[span.clone()].contains(['$', '`', '\\']) {
        return Err(manual("the text is put together at run time", "give the value a variable of its own, then migrate that"));
    }
    let mut place = Place::stretch(span.clone());
    place.bare = true;
    let line = &text[super::line_start(text, span.start)..span.start];
    place.name = last_word(line.trim_end().trim_end_matches(['=', ':', '"', '\'', ' ']));
    Ok(place)
}

/// The default of an expansion: `${X:-…}`.
fn default(path: &Path<'_>, at: usize, text: &str) -> Result<Place, Manual> {
    let node = path.0[at];
    let inside = &text[node.byte_range()];
    let unclear = || manual("it is within an expansion", "give the value a variable of its own, then migrate that");
    let inner = inside.strip_prefix("${").and_then(|inner| inner.strip_suffix('}')).ok_or_else(unclear)?;
    let length = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let (variable, rest) = inner.split_at(length);
    let operator = [":-", ":=", "-", "="].into_iter().find(|operator| rest.starts_with(operator)).ok_or_else(unclear)?;
    let value = &rest[operator.len()..];
    let start = node.start_byte() + 2 + variable.len() + operator.len();
    let quoted = |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    let within = path.kind(at + 1) == "string";
    let (open, syntax) = match () {
        () if quoted('"') && !within => (1, &DOUBLE),
        () if quoted('\'') && !within => (1, &RAW),
        () if !value.contains(['"', '\'', '\\', '*', '?', '[', '~']) => (0, &DOUBLE),
        () => return Err(unclear()),
    };
    if variable.is_empty() || variable.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
        return Err(manual("it is the default of an argument", "fail where the argument is missing"));
    }
    let mut place = Place::code(vec![Part { token: start..start + value.len(), quoting: Quoting::new(open, open, syntax) }]);
    place.whole = node.byte_range();
    place.bare = true;
    place.variable = Some(variable.to_owned());
    place.name = Some(variable.to_owned());
    Ok(place)
}

/// The name of the header that a quoted text is.
fn header(text: &str) -> Option<String> {
    let (name, _) = text.trim_start_matches(['"', '\'']).split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| name.to_owned())
}

/// What the value at `at` is called.
fn name(path: &Path<'_>, at: usize, text: &str, start: usize) -> Option<String> {
    let before = &text[path.0[at].start_byte()..start];
    if let Some(key) = before.strip_suffix('=') {
        return last_word(key);
    }
    let above = (at + 1..path.0.len()).find(|index| path.kind(*index) != "concatenation")?;
    match path.kind(above) {
        "variable_assignment" => path.field(above, "name", text).and_then(last_word),
        "array" => path.field(above + 1, "name", text).and_then(last_word),
        "command" => {
            let mut cursor = path.0[above].walk();
            let arguments = path.0[above].children_by_field_name("argument", &mut cursor);
            let option = arguments.take_while(|argument| argument.end_byte() <= start).last().map(|argument| &text[argument.byte_range()]);
            let command = path.field(above, "name", text).and_then(last_word);
            if let Some(header) = option.filter(|option| matches!(*option, "-H" | "--header")).and_then(|_| header(&text[start..])) {
                return Some(header);
            }
            if before == "-p" || before.is_empty() && option == Some("-p") {
                return command.map(|command| format!("{command}_password"));
            }
            option.filter(|option| option.starts_with("--")).and_then(last_word).or(command)
        }
        _ => None,
    }
}
