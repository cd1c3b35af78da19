//! Rust. Owns: its literals, constants that are read when they are first used, macros, reads of the environment with a default. Must not:
//! evaluate.

use std::ops::Range;

use tree_sitter::Node;

use super::client::Client;
use super::place::{HERE, Place, last_word};
use super::tree::{self, Path};
use super::{Language, insert};
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct Rust;

const STRING: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrt0",
    itself: "\\'\"",
    numeric: &[Numeric::exact('x', 2), Numeric::braced('u')],
    continues: true,
    trims: true,
    unix_lines: true,
    ..RAW
};
const VERBATIM: Syntax = Syntax { unix_lines: true, ..RAW };

const LITERALS: [&str; 2] = ["string_literal", "raw_string_literal"];
/// Macros that take expressions.
const EXPRESSIONS: [&str; 6] = ["vec", "assert_eq", "assert_ne", "assert", "dbg", "json"];
/// Macros that take a format, then expressions.
const FORMATS: [&str; 12] =
    ["println", "print", "eprintln", "eprint", "format", "write", "writeln", "panic", "info", "debug", "warn", "error"];

pub(super) fn grammar() -> tree_sitter::Language {
    tree_sitter_rust::LANGUAGE.into()
}

fn part(node: Node<'_>, text: &str) -> Result<Part, Manual> {
    let token = node.byte_range();
    let written = &text[token.clone()];
    let quote = written.find('"').unwrap_or_default();
    match &written[..quote] {
        "" => Ok(Part { token, quoting: Quoting::new(1, 1, &STRING) }),
        raw if raw.starts_with('r') => Ok(Part { token, quoting: Quoting::new(quote + 1, quote, &VERBATIM) }),
        _ => Err(manual("it is a literal of bytes or for C", "read the variable and take its bytes")),
    }
}

impl Language for Rust {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let tree = tree::parse(&grammar(), text)?;
        let path = Path::to(&tree, &span)?;
        if path.find(&["line_comment", "block_comment"]).is_some() {
            return Ok(Place::prose(span));
        }
        let (nodes, top) = tree::literal(&path, &LITERALS, &[], text)?;
        let parts = nodes.into_iter().map(|node| part(node, text)).collect::<Result<Vec<_>, _>>()?;
        let mut place = Place::code(parts);
        allowed(&path, top, text)?;
        if let Some(item) = path.0.iter().position(|node| matches!(node.kind(), "const_item" | "static_item")) {
            lazy(&mut place, tree.root_node(), &path, (top, item), text)?;
        } else {
            context(&mut place, &path, top, text);
        }
        Ok(place)
    }

    fn lookup(&self, variable: &str, place: &Place, text: &str) -> String {
        // The import that the read used stays in use.
        let path = if text[place.whole.clone()].starts_with("env::") { "env" } else { "std::env" };
        format!("{path}::var(\"{variable}\").expect(\"{variable} is not set\")")
    }

    fn surroundings(&self, _source: Source<'_>, _text: &str, _places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        Ok(Rewritten::default())
    }

    fn client(&self) -> Option<&dyn Client> {
        Some(self)
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&grammar(), before, after, splices, |kind| match kind {
            "const_item" | "static_item" | "const" | "static" => "static_item",
            // `NAME` becomes `NAME.as_str()`.
            "field_expression" | "call_expression" => "",
            kind => kind,
        })
    }
}

/// Whether an expression may stand here.
fn allowed(path: &Path<'_>, top: usize, text: &str) -> Result<(), Manual> {
    let pattern = path.0.iter().skip(top).any(|node| node.kind().ends_with("_pattern"));
    if pattern || matches!(path.kind(top + 1), "match_arm" | "let_condition") && path.is_field(top, "pattern") {
        return Err(manual("a pattern must be a literal", "compare with ==, then migrate again"));
    }
    if path.is_within(top, &["attribute_item", "inner_attribute_item", "attribute"]) {
        return Err(manual("an argument of an attribute must be a literal", "take the value out of the attribute"));
    }
    if path.is_within(top, &["extern_crate_declaration", "foreign_mod_item", "macro_definition"]) {
        return Err(manual("the literal itself is needed here", "look at the place"));
    }
    let is_const = |node: &&Node<'_>| {
        node.kind() == "function_item"
            && text[node.byte_range()].split('{').next().is_some_and(|head| head.split_whitespace().any(|word| word == "const"))
    };
    if path.0.iter().skip(top).any(|node| is_const(&node)) {
        return Err(manual("a constant function reads no environment", "pass the value to it, then migrate that"));
    }
    let Some(at) = path.0.iter().position(|node| node.kind() == "macro_invocation") else { return Ok(()) };
    let name = path.field(at, "macro", text).and_then(|name| name.rsplit("::").next()).unwrap_or_default();
    let tokens = path.0[at - 1];
    let between = text[tokens.start_byte() + 1..path.0[top].start_byte()].trim();
    // What is written to comes first in `write!`.
    let is_format = if name.starts_with("write") { between.matches(',').count() < 2 } else { !between.contains(',') };
    if EXPRESSIONS.contains(&name) || FORMATS.contains(&name) && !is_format {
        return Ok(());
    }
    Err(manual(format!("it is an argument of the macro {name}"), "give the value a variable before it, then migrate that"))
}

/// Turns a constant into a static that reads the environment when it is first used.
fn lazy(place: &mut Place, root: Node<'_>, path: &Path<'_>, (top, at): (usize, usize), text: &str) -> Result<(), Manual> {
    let item = path.0[at];
    let field = |name: &str| path.field(at, name, text);
    let name = field("name").unwrap_or_default();
    let kind = field("type").unwrap_or_default();
    place.name = Some(name.to_owned());
    if at != top + 1 || !matches!(kind, "&str" | "&'static str") {
        return Err(manual(
            "a constant must not be computed when the program runs",
            "make it a function or a LazyLock, then migrate again",
        ));
    }
    if path.is_within(at, &["impl_item", "trait_item"]) || item.child(0).is_some_and(|first| first.kind() == "visibility_modifier") {
        return Err(manual("the constant can be used from other files", "make it a function that returns the value, then migrate again"));
    }
    if tree::uses(
        root,
        name,
        &["const_item", "static_item", "match_pattern", "attribute_item", "array_type", "use_declaration"],
        &item.byte_range(),
        text,
    ) {
        return Err(manual(format!("the constant {name} is used where a constant is needed"), "make it a function, then migrate again"));
    }
    if [format!("{{{name}}}"), format!("{{{name}:")].iter().any(|used| text.contains(used)) {
        return Err(manual(format!("a format names the constant {name}"), "make it an argument of the format, then migrate again"));
    }
    let keyword = item.child(0).map(|node| node.byte_range()).unwrap_or_default();
    place.edits.push(Splice { span: keyword, text: "static".into() });
    let kind = item.child_by_field_name("type").map(|node| node.byte_range()).unwrap_or_default();
    place.edits.push(Splice { span: kind, text: "std::sync::LazyLock<String>".into() });
    place.around = ("std::sync::LazyLock::new(|| ", ")");
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        if node.byte_range() == item.byte_range() {
            continue;
        }
        if node.kind() == "identifier" && &text[node.byte_range()] == name {
            place.edits.push(insert(node.end_byte(), ".as_str()"));
        }
        let mut cursor = node.walk();
        stack.extend(node.children(&mut cursor));
    }
    debug_assert!(place.edits.iter().all(|edit| !edit.text.contains(&HERE)));
    Ok(())
}

/// Names the place, and finds the read of the environment that it is the default of, and what kind of string is wanted.
fn context(place: &mut Place, path: &Path<'_>, top: usize, text: &str) {
    let mut index = top;
    let owns = |index: usize| {
        path.kind(index) == "field_expression"
            && path.kind(index + 1) == "call_expression"
            && matches!(path.field(index, "field", text), Some("to_string" | "to_owned" | "into"))
    };
    let from = |index: usize| path.kind(index) == "arguments" && matches!(path.field(index + 1, "function", text), Some("String::from"));
    let mut owned = false;
    if owns(index + 1) || from(index + 1) {
        owned = true;
        let into = path.field(index + 1, "field", text) == Some("into");
        index += 2;
        if !into {
            place.whole = path.0[index].byte_range();
        }
    }
    place.name = target(path, index, text);
    let mut closure = index;
    if path.kind(closure + 1) == "closure_expression" {
        closure += 1;
    }
    if path.kind(closure + 1) == "arguments" && path.kind(closure + 2) == "call_expression" {
        let call = closure + 2;
        let function = path.field(call, "function", text).unwrap_or_default();
        let read = [".unwrap_or_else", ".unwrap_or"].into_iter().find_map(|method| function.strip_suffix(method)).and_then(|read| {
            let rest = read.trim().trim_start_matches("std::").strip_prefix("env::var(\"")?;
            rest.strip_suffix("\")").map(str::to_owned)
        });
        if let Some(variable) = read.filter(|_| owned) {
            place.whole = path.0[call].byte_range();
            place.name = target(path, call, text).or_else(|| Some(variable.clone()));
            place.variable = Some(variable);
            return;
        }
    }
    if owned {
        return;
    }
    match path.kind(index + 1) {
        // The receiver of a method is borrowed by itself.
        _ if text[place.whole.end..].trim_start().starts_with('.') => {}
        "arguments" => place.around.0 = "&",
        // The type stays `&'static str`.
        _ => place.around = ("&*", ".leak()"),
    }
}

/// The name that the value of the node at `index` gets.
fn target(path: &Path<'_>, index: usize, text: &str) -> Option<String> {
    let parent = index + 1;
    let field = |name: &str| path.field(parent, name, text).and_then(last_word);
    match path.kind(parent) {
        "let_declaration" => field("pattern"),
        "assignment_expression" => field("left"),
        "field_initializer" => field("field"),
        "arguments" => {
            let first = path.0[parent].named_child(0).filter(|first| first.end_byte() <= path.0[index].start_byte());
            let key = first.filter(|first| LITERALS.contains(&first.kind())).and_then(|first| last_word(&text[first.byte_range()]));
            key.or_else(|| path.field(parent + 1, "function", text).and_then(last_word))
        }
        "binary_expression" => {
            if path.is_field(index, "left") {
                field("right")
            } else {
                field("left")
            }
        }
        "function_item" => field("name"),
        "call_expression" | "field_expression" | "reference_expression" | "tuple_expression" | "array_expression" | "block" => {
            target(path, parent, text)
        }
        _ => None,
    }
}
