//! Python. Owns: its literals, where one may be an expression, reads of the environment with a default, the import. Must not: evaluate.

use std::ops::Range;

use tree_sitter::Node;

use super::cdk;
use super::client::Client;
use super::connection::Compose;
use super::place::{Gives, Place, last_word};
use super::tree::{self, Path};
use super::{Language, insert, line_end, next_line};
use crate::rewrite::literal::{self, Numeric, Part, Quoting, RAW, Syntax, Unknown, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct Python;

const PLAIN: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrtabvf",
    itself: "\\'\"",
    refused: "N",
    unknown: Unknown::Kept,
    numeric: &[Numeric::exact('x', 2), Numeric::exact('u', 4), Numeric::exact('U', 8)],
    octal: 3,
    continues: true,
    unix_lines: true,
    ..RAW
};
const VERBATIM: Syntax = Syntax { unix_lines: true, ..RAW };
const FORMATTED: Syntax = Syntax { doubled: &["{{", "}}"], interpolates: is_hole, ..PLAIN };
const FORMATTED_RAW: Syntax = Syntax { doubled: &["{{", "}}"], interpolates: is_hole, ..VERBATIM };
const BYTES: Syntax = Syntax { refused: "", numeric: &[Numeric::byte('x', 2, 2)], ..PLAIN };

fn is_hole(rest: &str) -> bool {
    rest.starts_with('{') && !rest.starts_with("{{")
}

pub(super) fn grammar() -> tree_sitter::Language {
    tree_sitter_python::LANGUAGE.into()
}

fn quoting(token: &str) -> Option<Quoting> {
    let quote = token.find(['\'', '"'])?;
    let prefix = token[..quote].to_ascii_lowercase();
    let triple = token[quote..].len() >= 6 && (token[quote..].starts_with("'''") || token[quote..].starts_with("\"\"\""));
    let length = if triple { 3 } else { 1 };
    let syntax = match prefix.as_str() {
        "" | "u" => &PLAIN,
        "r" | "br" | "rb" => &VERBATIM,
        "f" => &FORMATTED,
        "fr" | "rf" => &FORMATTED_RAW,
        "b" => &BYTES,
        _ => return None,
    };
    Some(Quoting::new(quote + length, length, syntax))
}

fn part(node: Node<'_>, text: &str) -> Result<Part, Manual> {
    let token = node.byte_range();
    let quoting = quoting(&text[token.clone()]).ok_or_else(|| manual("this kind of string literal is not known", "replace it by hand"))?;
    Ok(Part { token, quoting })
}

const LITERALS: [&str; 1] = ["string"];
const JOINS: [&str; 3] = ["concatenated_string", "binary_operator", "parenthesized_expression"];

impl Language for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let tree = tree::parse(&grammar(), text)?;
        let path = Path::to(&tree, &span)?;
        if path.find(&["comment"]).is_some() {
            return Ok(Place::prose(span));
        }
        if path.find(&["interpolation"]).is_some() {
            return Err(manual(
                "it is within a formatted string",
                "give the value a variable of its own before the string, then migrate that",
            ));
        }
        let (nodes, top) = tree::literal(&path, &LITERALS, &JOINS, text)?;
        if path.kind(top + 1) == "expression_statement" {
            return Ok(Place::prose(span));
        }
        let parts = nodes.into_iter().map(|node| part(node, text)).collect::<Result<Vec<_>, _>>()?;
        let mut place = Place::code(parts);
        place.whole = path.0[top].byte_range();
        let first = &place.parts[0];
        if text[first.token.start..first.content().start].contains(['b', 'B']) {
            place.around.1 = ".encode()";
        }
        place.in_function = path.is_within(top, &["block"]) && path.is_within(top, &["function_definition"]);
        allowed(&path, top, text)?;
        context(&mut place, &path, top, text)?;
        cdk::PYTHON.fit(&mut place, text, cdk::of_resource(&path, top, text))?;
        Ok(place)
    }

    fn lookup(&self, variable: &str, place: &Place, text: &str) -> String {
        if place.whole.is_empty() || text[place.whole.clone()].starts_with(',') {
            return String::new();
        }
        let single = place.parts.first().is_some_and(|part| text[part.token.clone()].ends_with('\''));
        if single { format!("os.environ['{variable}']") } else { format!("os.environ[\"{variable}\"]") }
    }

    fn surroundings(&self, _source: Source<'_>, text: &str, places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        let needs = |place: &&Place| !text[place.whole.clone()].starts_with(',');
        let Some(first) = places.iter().filter(needs).map(|place| place.whole.start).min() else { return Ok(Rewritten::default()) };
        let parsed = tree::parse(&grammar(), text)?;
        let needed: &[&str] = if places.iter().any(|place| place.gives == Gives::Url) { &["os", QUOTE] } else { &["os"] };
        Ok(Rewritten { splices: import(parsed.root_node(), first, needed, text).into_iter().collect(), companions: Vec::new() })
    }

    fn client(&self) -> Option<&dyn Client> {
        Some(self)
    }

    fn compose(&self) -> Option<&'static Compose> {
        Some(&COMPOSE)
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&grammar(), before, after, splices, |kind| kind)
    }
}

/// Whether an expression may stand here.
fn allowed(path: &Path<'_>, top: usize, text: &str) -> Result<(), Manual> {
    if path.is_within(top, &["case_pattern", "case_clause"]) && path.0.iter().skip(top).any(|node| node.kind() == "case_pattern") {
        return Err(manual("a pattern of a case must be a literal", "compare with `if`, then migrate again"));
    }
    let is_type = |node: &Node<'_>| {
        let generic = node.child_by_field_name("value").or_else(|| node.child(0));
        node.kind() == "type"
            || matches!(node.kind(), "subscript" | "generic_type")
                && generic.is_some_and(|name| text[name.byte_range()].ends_with("Literal"))
    };
    if path.0.iter().skip(top + 1).any(is_type) {
        return Err(manual("a type must be made of literals", "give the value a type of its own, such as `str`, then migrate again"));
    }
    match path.kind(top + 1) {
        "pair" if path.is_field(top, "key") => {
            Err(manual("it is the key of a dictionary", "keep the value in a variable and look it up by that"))
        }
        "format_specifier" | "format_expression" => Err(manual("it is within a formatted string", "give the value a variable of its own")),
        "binary_operator" if operator(path, top + 1, text) == "%" && path.is_field(top, "left") => Err(literal::template()),
        "attribute" if path.field(top + 1, "attribute", text) == Some("format") => Err(literal::template()),
        "subscript" => Err(manual("it is a key", "keep the value in a variable and look it up by that")),
        _ => Ok(()),
    }
}

fn operator<'s>(path: &Path<'_>, index: usize, text: &'s str) -> &'s str {
    path.field(index, "operator", text).unwrap_or_default()
}

/// Names the place, and finds the read of the environment that it is the default of.
fn context(place: &mut Place, path: &Path<'_>, mut top: usize, text: &str) -> Result<(), Manual> {
    while matches!(path.kind(top + 1), "parenthesized_expression") {
        top += 1;
    }
    let parent = top + 1;
    match path.kind(parent) {
        "boolean_operator" if operator(path, parent, text) == "or" && path.is_field(top, "right") => {
            let variable = path.field(parent, "left", text).and_then(read_variable);
            if variable.is_some() {
                place.variable = variable;
                place.whole = path.0[parent].byte_range();
            }
            place.name = target(path, parent, text);
        }
        "argument_list" => default(place, path, parent, None, text)?,
        "keyword_argument" => {
            let keyword = path.field(parent, "name", text).unwrap_or_default();
            place.name = Some(keyword.to_owned());
            default(place, path, parent + 1, Some(keyword), text)?;
        }
        _ => place.name = target(path, top, text),
    }
    Ok(())
}

/// Keys that many dictionaries have.
const GENERAL: [&str; 8] = ["password", "passwd", "pass", "pwd", "secret", "token", "key", "default"];

/// The name that the value of the node at `index` gets.
fn target(path: &Path<'_>, index: usize, text: &str) -> Option<String> {
    let parent = index + 1;
    match path.kind(parent) {
        "assignment" | "augmented_assignment" => last_word(path.field(parent, "left", text)?),
        "named_expression" | "default_parameter" | "typed_default_parameter" => last_word(path.field(parent, "name", text)?),
        "pair" => {
            let key = last_word(path.field(parent, "key", text)?)?;
            // `PASSWORD` of a dictionary is that of what the dictionary is called.
            let is_named = GENERAL.contains(&key.to_ascii_lowercase().as_str()) && matches!(path.kind(parent + 2), "pair" | "assignment");
            let above = is_named.then(|| target(path, parent + 1, text)).flatten();
            Some(above.map_or(key.clone(), |above| format!("{above}_{key}")))
        }
        "comparison_operator" => {
            let node = path.0.get(parent)?;
            let mut cursor = node.walk();
            let other = node.named_children(&mut cursor).find(|child| child.kind() != "string")?;
            last_word(&text[other.byte_range()])
        }
        "keyword_argument" => path.field(parent, "name", text).map(str::to_owned),
        "argument_list" => last_word(path.field(parent + 1, "function", text)?),
        "boolean_operator"
        | "parenthesized_expression"
        | "conditional_expression"
        | "list"
        | "tuple"
        | "set"
        | "expression_list"
        | "await" => target(path, parent, text),
        _ => None,
    }
}

/// The variable that an expression reads from the environment.
fn read_variable(expression: &str) -> Option<String> {
    let calls = ["os.environ.get(", "environ.get(", "os.getenv(", "getenv("];
    let inside = calls.iter().find_map(|call| expression.strip_prefix(call))?.strip_suffix(')')?.trim();
    variable_name(inside.trim_end_matches(',').trim_end())
}

fn variable_name(literal: &str) -> Option<String> {
    let quote = literal.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let name = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then(|| name.to_owned())
}

/// Recognises the default of a read of the environment among the arguments at `arguments`.
fn default(place: &mut Place, path: &Path<'_>, arguments: usize, keyword: Option<&str>, text: &str) -> Result<(), Manual> {
    let call = arguments + 1;
    let Some(function) = path.field(call, "function", text) else { return Ok(()) };
    let list = path.0[arguments];
    let mut cursor = list.walk();
    let given: Vec<Node<'_>> = list.named_children(&mut cursor).filter(|child| !child.is_extra()).collect();
    let variable = given.first().and_then(|first| variable_name(&text[first.byte_range()]));
    if place.name.is_none() {
        place.name = target(path, call, text).or_else(|| last_word(function));
    }
    let is_second = given.get(1).is_some_and(|second| second.byte_range().contains(&place.whole.start));
    match function {
        "os.environ.get" | "environ.get" | "os.getenv" | "getenv" if is_second => {
            let unnamed = || manual("it is the default of a variable whose name is not a literal", "take the default out by hand");
            let variable = variable.ok_or_else(unnamed)?;
            place.name = target(path, call, text).or_else(|| Some(variable.clone()));
            place.variable = Some(variable);
            place.whole = path.0[call].byte_range();
            Ok(())
        }
        "os.environ.setdefault" | "environ.setdefault" if is_second => Err(manual(
            "it is the default of an environment variable for everything that runs after it",
            "take the line out and set the variable outside",
        )),
        _ if is_reader(function, text) && (keyword == Some("default") || keyword.is_none() && is_second) => {
            // Readers such as decouple, django-environ and environs fail without a default.
            let Some(variable) = variable else { return Ok(()) };
            let before = given.iter().rev().find(|argument| argument.end_byte() <= place.whole.start);
            let Some(before) = before else { return Ok(()) };
            place.name = Some(variable.clone());
            place.variable = Some(variable);
            place.whole = before.end_byte()..place.whole.end;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether a function reads the environment as decouple, django-environ and environs do.
fn is_reader(function: &str, text: &str) -> bool {
    match function.split('.').next() {
        Some("env" | "environ") => true,
        Some("config") => text.contains("decouple"),
        _ => false,
    }
}

/// Modules of the standard library that stand in the first group of imports.
const STANDARD: [&str; 40] = [
    "abc",
    "argparse",
    "asyncio",
    "base64",
    "collections",
    "configparser",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "hmac",
    "http",
    "importlib",
    "inspect",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "os",
    "pathlib",
    "random",
    "re",
    "secrets",
    "shutil",
    "socket",
    "ssl",
    "string",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "typing",
    "urllib",
    "uuid",
];

/// The module that encodes parts of URLs.
const QUOTE: &str = "urllib.parse";

const COMPOSE: Compose = Compose {
    kept: "-_.~",
    expression: |url, quote| {
        let encoded = |part: &String| format!("{QUOTE}.quote({part}, safe={quote}{quote})");
        let mut format = format!("{}://{{}}:{{}}@{{}}", url.scheme);
        let mut parts = vec![encoded(&url.username), encoded(&url.password), url.host.clone()];
        for (sign, part) in [(":{}", &url.port), ("/{}", &url.dbname)] {
            format += part.as_ref().map_or("", |_| sign);
            parts.extend(part.clone());
        }
        format!("{quote}{format}{quote}.format({})", parts.join(", "))
    },
};

/// The splice that imports those of the needed modules that are not imported before `first`, where the first one goes.
pub(super) fn import(root: Node<'_>, first: usize, needed: &[&str], text: &str) -> Option<Splice> {
    let mut cursor = root.walk();
    let statements: Vec<Node<'_>> = root.named_children(&mut cursor).collect();
    let imports = |node: &Node<'_>, name: &str| node.kind() == "import_statement" && imported(*node, text).contains(&name);
    let is_known = |name: &str| statements.iter().any(|node| node.end_byte() <= first && imports(node, name));
    let missing: Vec<&str> = needed.iter().copied().filter(|name| !is_known(name)).collect();
    let first_missing = *missing.first()?;
    let end = line_end(text);
    let import = missing.iter().flat_map(|name| ["import ", name, end]).collect::<String>();
    let mut after = None;
    let mut group: Vec<Node<'_>> = Vec::new();
    for node in statements.iter().filter(|node| node.end_byte() <= first || node.kind() == "comment") {
        match node.kind() {
            "import_statement" | "import_from_statement" => {
                let is_next =
                    group.last().is_none_or(|last| next_line(text, last.end_byte()) == super::line_start(text, node.start_byte()));
                if is_next { group.push(*node) } else { break }
            }
            "comment" if group.is_empty() && after.is_none_or(|after| after == super::line_start(text, node.start_byte())) => {
                after = Some(next_line(text, node.end_byte()));
            }
            "comment" if group.is_empty() => {}
            "future_import_statement" => after = Some(next_line(text, node.end_byte())),
            "expression_statement" if group.is_empty() && node.named_child(0).is_some_and(|child| child.kind() == "string") => {
                after = Some(next_line(text, node.end_byte()));
            }
            _ => break,
        }
    }
    let Some(head) = group.first() else {
        let at = after.unwrap_or_else(|| text.len() - text.trim_start_matches('\u{feff}').len());
        let gap =
            if after.is_some() && !text[..at].trim_end_matches(['\r', '\n']).is_empty() && is_text(&statements, text) { end } else { "" };
        let rest = if text[at..].starts_with(['\r', '\n']) { "" } else { end };
        return Some(insert(at, format!("{gap}{import}{rest}")));
    };
    let module = |node: &Node<'_>| imported(*node, text).first().map(|name| name.split('.').next().unwrap_or_default());
    if !group.iter().all(|node| module(node).is_some_and(|name| STANDARD.contains(&name))) {
        return Some(insert(head.start_byte(), format!("{import}{end}")));
    }
    let later = group.iter().find(|node| node.kind() == "import_from_statement" || module(node) > Some(first_missing));
    let at = later.map_or_else(|| next_line(text, group.last().map_or(0, Node::end_byte)), Node::start_byte);
    Some(insert(at, import))
}

/// Whether the last statement of the head is documentation or an import rather than a comment: then a blank line sets the import apart.
fn is_text(statements: &[Node<'_>], text: &str) -> bool {
    statements.iter().find(|node| node.kind() != "comment").is_some_and(|node| {
        node.kind() == "future_import_statement"
            || node.kind() == "expression_statement" && text[node.byte_range()].starts_with(['"', '\'', 'r', 'R'])
    })
}

/// The modules that an import names.
pub(super) fn imported<'s>(node: Node<'_>, text: &'s str) -> Vec<&'s str> {
    let mut cursor = node.walk();
    if let Some(module) = node.child_by_field_name("module_name") {
        return vec![&text[module.byte_range()]];
    }
    node.children_by_field_name("name", &mut cursor)
        .filter(|name| name.kind() == "dotted_name")
        .map(|name| &text[name.byte_range()])
        .collect()
}
