//! C, where an expression is allowed: inside of functions. Owns: its literals, the places that need constants, the helper. Must not: evaluate.

use std::ops::Range;

use tree_sitter::Node;

use super::place::{Place, last_word};
use super::tree::{self, Path};
use super::{Language, insert, line_end, next_line};
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct C;

const STRING: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrtabvf",
    itself: "\\'\"?",
    numeric: &[Numeric::byte('x', 1, 8), Numeric::exact('u', 4), Numeric::exact('U', 8)],
    octal: 3,
    continues: true,
    ..RAW
};

const LITERALS: [&str; 1] = ["string_literal"];
const JOINS: [&str; 2] = ["concatenated_string", "parenthesized_expression"];

fn grammar() -> tree_sitter::Language {
    tree_sitter_c::LANGUAGE.into()
}

const OUTSIDE: &str = "read it with getenv at the start of main, and stop where it is missing";

impl Language for C {
    fn name(&self) -> &'static str {
        "c"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let tree = tree::parse(&grammar(), text)?;
        let path = Path::to(&tree, &span)?;
        if path.find(&["comment"]).is_some() {
            return Ok(Place::prose(span));
        }
        if path.find(&["preproc_arg", "preproc_def", "preproc_function_def"]).is_some() {
            return Err(manual("a macro may stand where a constant is needed", OUTSIDE));
        }
        if path.find(&["preproc_include", "preproc_call"]).is_some() {
            return Err(manual("it is an instruction to the preprocessor", "look at the place"));
        }
        let (nodes, top) = tree::literal(&path, &LITERALS, &JOINS, text)?;
        if path.kind(top + 1) == "concatenated_string" {
            return Err(manual("it is joined to a macro when it is compiled", "give the secret part a variable of its own"));
        }
        if nodes.iter().any(|node| !text[node.byte_range()].starts_with('"')) {
            return Err(manual("it is a wide or Unicode literal", "read it with getenv and convert it"));
        }
        allowed(&path, top, text)?;
        let part = |node: &Node<'_>| Part { token: node.byte_range(), quoting: Quoting::new(1, 1, &STRING) };
        let mut place = Place::code(nodes.iter().map(part).collect());
        place.whole = path.0[top].byte_range();
        context(&mut place, &path, top, text);
        Ok(place)
    }

    fn lookup(&self, variable: &str, _place: &Place, _text: &str) -> String {
        format!("require_env(\"{variable}\")")
    }

    fn surroundings(&self, _source: Source<'_>, text: &str, _places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        let helper = "static char *require_env(const char *name)\n{\n    char *value = getenv(name);\n    if (value == NULL) {\n        fprintf(stderr, \"%s is not \
                      set\\n\", name);\n        exit(EXIT_FAILURE);\n    }\n    return value;\n}\n";
        if text.replace("\r\n", "\n").contains(helper) {
            return Ok(Rewritten::default());
        }
        if text.contains("require_env") {
            return Err(manual("the file has another require_env", "rename it, then migrate again"));
        }
        let parsed = tree::parse(&grammar(), text)?;
        let root = parsed.root_node();
        let mut cursor = root.walk();
        let all: Vec<Node<'_>> = root.named_children(&mut cursor).collect();
        let end = line_end(text);
        let wanted = ["#include <stdio.h>", "#include <stdlib.h>"].into_iter().filter(|line| !text.contains(line));
        let includes: String = wanted.flat_map(|line| [line, end]).collect();
        let last =
            all.iter().take_while(|node| node.kind() != "function_definition").filter(|node| node.kind() == "preproc_include").last();
        let at = match last {
            Some(last) => {
                if text[..last.end_byte()].ends_with('\n') {
                    last.end_byte()
                } else {
                    next_line(text, last.end_byte())
                }
            }
            None => all.iter().find(|node| node.kind() != "comment").map_or(0, Node::start_byte),
        };
        let gap = if text[at..].starts_with(['\r', '\n']) { "" } else { end };
        let before = if last.is_some() || !includes.is_empty() { end } else { "" };
        let code = format!("{includes}{before}{}{gap}", helper.replace('\n', end));
        Ok(Rewritten { splices: vec![insert(at, code)], companions: Vec::new() })
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&grammar(), before, after, splices, |kind| kind)
    }
}

/// Whether an expression may stand here.
fn allowed(path: &Path<'_>, top: usize, text: &str) -> Result<(), Manual> {
    if !path.is_within(top, &["compound_statement"]) {
        return Err(manual("what is outside of functions must be initialised with a constant", OUTSIDE));
    }
    let declaration = path.0.iter().skip(top).find(|node| node.kind() == "declaration");
    let is_static = declaration.is_some_and(|node| {
        let mut cursor = node.walk();
        node.children(&mut cursor).any(|child| child.kind() == "storage_class_specifier" && &text[child.byte_range()] == "static")
    });
    if is_static {
        return Err(manual("a static variable must be initialised with a constant", OUTSIDE));
    }
    let declarator =
        path.0.get(top + 1).filter(|node| node.kind() == "init_declarator").and_then(|node| node.child_by_field_name("declarator"));
    if declarator.is_some_and(|node| node.kind() == "array_declarator") {
        return Err(manual("an array must be initialised with a literal", "make it a pointer, then migrate again"));
    }
    if path.kind(top + 1) == "initializer_list" && path.kind(top + 2) == "init_declarator" {
        let array = path.field(top + 2, "declarator", text).unwrap_or_default();
        if array.contains('[') && !array.contains('*') {
            return Err(manual("an array must be initialised with a literal", "make it a pointer, then migrate again"));
        }
    }
    if path.is_within(top, &["sizeof_expression", "gnu_asm_expression", "static_assert_declaration"])
        || path.kind(top + 1) == "subscript_expression"
    {
        return Err(manual("the literal itself is needed here", OUTSIDE));
    }
    let function = path.field(top + 2, "function", text).unwrap_or_default();
    let is_format = path.kind(top + 1) == "argument_list" && function.contains("printf") && text[path.0[top].byte_range()].contains('%');
    if is_format || function.contains("scanf") {
        return Err(manual("it is a format", "pass the secret part as an argument of its own, then migrate that"));
    }
    if function.bytes().any(|byte| byte.is_ascii_uppercase()) && function.bytes().all(|byte| !byte.is_ascii_lowercase()) {
        return Err(manual("it is an argument of a macro", "give the value a variable of its own, then migrate that"));
    }
    Ok(())
}

/// Names the place, and finds the read of the environment that it is the default of.
fn context(place: &mut Place, path: &Path<'_>, mut top: usize, text: &str) {
    while path.kind(top + 1) == "parenthesized_expression" {
        top += 1;
    }
    let parent = top + 1;
    if path.kind(parent) == "conditional_expression" && path.is_field(top, "alternative") {
        let condition = path.field(parent, "condition", text).unwrap_or_default();
        let read = |expression: &str| expression.trim().strip_prefix("getenv(\"")?.strip_suffix("\")").map(str::to_owned);
        let consequence = path.field(parent, "consequence", text);
        if let Some(variable) = read(condition).filter(|_| consequence.is_none_or(|text| text == condition)) {
            place.whole = path.0[parent].byte_range();
            place.name = target(path, parent, text).or_else(|| Some(variable.clone()));
            place.variable = Some(variable);
            return;
        }
    }
    place.name = target(path, top, text);
}

/// The name that the value of the node at `index` gets.
fn target(path: &Path<'_>, index: usize, text: &str) -> Option<String> {
    let parent = index + 1;
    let field = |name: &str| path.field(parent, name, text).and_then(last_word);
    match path.kind(parent) {
        "init_declarator" => field("declarator"),
        "assignment_expression" => field("left"),
        "initializer_pair" => field("designator"),
        "argument_list" => {
            let other = path.0[parent]
                .named_child(0)
                .filter(|first| first.kind() == "identifier" && path.field(parent + 1, "function", text) == Some("strcmp"));
            other.map(|node| text[node.byte_range()].to_owned()).or_else(|| path.field(parent + 1, "function", text).and_then(last_word))
        }
        "initializer_list" | "parenthesized_expression" | "conditional_expression" | "cast_expression" => target(path, parent, text),
        _ => None,
    }
}
