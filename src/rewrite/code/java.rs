//! Java. Owns: its literals and tokens, where a constant is needed, reads of the environment with a default. Must not: evaluate.

use std::ops::Range;

use tree_sitter::Node;

use super::Language;
use super::cdk;
use super::client::Client;
use super::connection::Compose;
use super::jdbc::{self, Dialect};
use super::lexer::{self, Lexicon, Rule};
use super::place::{Place, is_login, is_no_template, last_word};
use super::tree::{self, Path};
use crate::rewrite::literal::{Block, Numeric, Part, Quoting, RAW, Syntax, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

pub(super) struct Java;

const STRING: Syntax = Syntax { escape: Some('\\'), letters: "nrtbf", itself: "\\'\"", numeric: &[Numeric::unit('u')], octal: 3, ..RAW };
const TEXT_BLOCK: Syntax = Syntax { continues: true, unix_lines: true, ..STRING };

const LEXICON: Lexicon = Lexicon {
    line_comments: &["//"],
    block_comments: &[("/*", "*/")],
    nested: false,
    rules: &[
        Rule { open: "\"\"\"", close: "\"\"\"", syntax: &TEXT_BLOCK, hole: None, lines: true },
        Rule { open: "\"", close: "\"", syntax: &STRING, hole: None, lines: false },
    ],
    special: |text, at, _| lexer::character(text, at),
    word: "_$",
    operators: &["->", "==", "!=", "::"],
};

const LITERALS: [&str; 1] = ["string_literal"];
const JOINS: [&str; 2] = ["binary_expression", "parenthesized_expression"];
/// Where only constants may stand.
const CONSTANT: [&str; 3] = ["annotation", "marker_annotation", "switch_label"];

pub(super) fn grammar() -> tree_sitter::Language {
    tree_sitter_java::LANGUAGE.into()
}

fn part(node: Node<'_>, text: &str) -> Result<Part, Manual> {
    let token = node.byte_range();
    let written = &text[token.clone()];
    let lower = written.to_ascii_lowercase();
    // These are read before the literal is: they end it or its line.
    if ["\\u0022", "\\u005c", "\\u000a", "\\u000d"].iter().any(|escape| lower.contains(escape)) {
        return Err(manual(
            "a Unicode escape stands for a quote, a backslash or a line end",
            "write the character itself, then migrate again",
        ));
    }
    let quoting = if written.starts_with("\"\"\"") {
        Quoting { open: 3, close: 3, syntax: &TEXT_BLOCK, block: Block::Least }
    } else {
        Quoting::new(1, 1, &STRING)
    };
    Ok(Part { token, quoting })
}

const COMPOSE: Compose = Compose {
    kept: "-_.*",
    expression: |url, _| {
        // A form's encoding, which has `+` for blanks.
        let encoded =
            |part: &String| format!("java.net.URLEncoder.encode({part}, java.nio.charset.StandardCharsets.UTF_8).replace(\"+\", \"%20\")");
        let mut format = format!("{}://%s:%s@%s", url.scheme);
        let mut parts = vec![encoded(&url.username), encoded(&url.password), url.host.clone()];
        for (sign, part) in [(":%s", &url.port), ("/%s", &url.dbname)] {
            format += part.as_ref().map_or("", |_| sign);
            parts.extend(part.clone());
        }
        format!("String.format(\"{format}\", {})", parts.join(", "))
    },
};

impl Language for Java {
    fn name(&self) -> &'static str {
        "java"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let tree = tree::parse(&grammar(), text)?;
        let path = Path::to(&tree, &span)?;
        if path.find(&["line_comment", "block_comment"]).is_some() {
            return Ok(Place::prose(span));
        }
        let (nodes, top) = tree::literal(&path, &LITERALS, &JOINS, text)?;
        allowed(tree.root_node(), &path, top, text)?;
        if path.kind(top + 1) == "argument_list" && text[path.0[top].end_byte()..].trim_start().starts_with(',') {
            is_no_template(path.field(top + 2, "name", text).unwrap_or_default(), &text[path.0[top].byte_range()])?;
        }
        let parts = nodes.into_iter().map(|node| part(node, text)).collect::<Result<Vec<_>, _>>()?;
        let mut place = Place::code(parts);
        place.whole = path.0[top].byte_range();
        context(&mut place, &path, top, text)?;
        cdk::JAVA.fit(&mut place, text, cdk::of_builder(&path, top, text))?;
        Ok(place)
    }

    fn lookup(&self, variable: &str, _place: &Place, text: &str) -> String {
        let imported = text.contains("import java.util.Objects;") || text.contains("import java.util.*;");
        let objects = if imported { "Objects" } else { "java.util.Objects" };
        format!("{objects}.requireNonNull(System.getenv(\"{variable}\"), \"{variable} is not set\")")
    }

    fn surroundings(&self, _source: Source<'_>, _text: &str, _places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        Ok(Rewritten::default())
    }

    fn client(&self) -> Option<&dyn Client> {
        Some(self)
    }

    fn compose(&self) -> Option<&'static Compose> {
        Some(&COMPOSE)
    }

    fn jdbc(&self) -> Option<&'static Dialect> {
        Some(&Dialect { lexicon: &LEXICON, lines: false, loads: jdbc::loaded_by_constant })
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&grammar(), before, after, splices, |kind| kind)
    }
}

/// Whether an expression may stand here.
fn allowed(root: Node<'_>, path: &Path<'_>, top: usize, text: &str) -> Result<(), Manual> {
    if path.is_within(top, &["annotation", "element_value_pair"])
        && !path.0.iter().skip(top).take_while(|node| node.kind() != "annotation").any(|node| node.kind() == "block")
    {
        return Err(manual(
            "an argument of an annotation must be a constant",
            "read a property of the configuration there, such as ${name}",
        ));
    }
    if path.is_within(top, &["annotation_type_element_declaration"]) {
        return Err(manual("the default of an annotation must be a constant", "read a property of the configuration where it is used"));
    }
    if path.is_within(top, &["switch_label"]) {
        return Err(manual("a label of a switch must be a constant", "compare with equals, then migrate again"));
    }
    if path.is_within(top, &["template_expression"]) {
        return Err(manual("it is within a string template", "give the value a variable of its own, then migrate that"));
    }
    let declaration = path.0.iter().skip(top).find(|node| matches!(node.kind(), "field_declaration" | "constant_declaration"));
    let declarator = path.0.iter().skip(top).find(|node| node.kind() == "variable_declarator");
    if let (Some(declaration), Some(name)) = (declaration, declarator.and_then(|node| node.child_by_field_name("name"))) {
        let name = &text[name.byte_range()];
        if tree::uses(root, name, &CONSTANT, &declaration.byte_range(), text) {
            return Err(manual(
                format!("the constant {name} is used where the language needs a constant"),
                "take it out of the annotation or the label that uses it, then migrate again",
            ));
        }
    }
    Ok(())
}

/// Names the place, and finds the read of the environment that it is the default of.
fn context(place: &mut Place, path: &Path<'_>, mut top: usize, text: &str) -> Result<(), Manual> {
    while path.kind(top + 1) == "parenthesized_expression" {
        top += 1;
    }
    let parent = top + 1;
    if path.kind(parent) == "argument_list" && path.kind(parent + 1) == "method_invocation" {
        let call = parent + 1;
        let object = path.field(call, "object", text).unwrap_or_default();
        let method = path.field(call, "name", text).unwrap_or_default();
        let arguments = path.0[parent];
        let is_last = arguments
            .named_child(u32::try_from(arguments.named_child_count().saturating_sub(1)).unwrap_or_default())
            .is_some_and(|last| last.byte_range().contains(&place.whole.start));
        let variable = match (object, method) {
            ("System.getenv()", "getOrDefault") if is_last => {
                arguments.named_child(0).and_then(|first| text[first.byte_range()].strip_prefix('"')?.strip_suffix('"').map(str::to_owned))
            }
            (_, "orElse") => object
                .strip_prefix("Optional.ofNullable(")
                .or_else(|| object.strip_prefix("java.util.Optional.ofNullable("))
                .and_then(|inner| read_variable(inner.strip_suffix(')')?)),
            ("System", "getProperty") if is_last && arguments.named_child_count() == 2 => {
                return Err(manual(
                    "it is the default of a system property",
                    "take the default out, and fail where the property is missing",
                ));
            }
            _ => None,
        };
        if variable.is_some() {
            place.variable = variable;
            place.whole = path.0[call].byte_range();
            place.name = target(path, call, text).or_else(|| place.variable.clone());
            return Ok(());
        }
    }
    if path.kind(parent) == "ternary_expression" && path.is_field(top, "alternative") {
        let variable = path.field(parent, "consequence", text).and_then(read_variable);
        let condition = path.field(parent, "condition", text).unwrap_or_default();
        if let Some(variable) = variable.filter(|variable| condition == format!("System.getenv(\"{variable}\") != null")) {
            place.whole = path.0[parent].byte_range();
            place.name = target(path, parent, text).or_else(|| Some(variable.clone()));
            place.variable = Some(variable);
            return Ok(());
        }
    }
    place.name = target(path, top, text);
    Ok(())
}

/// The name that the value of the node at `index` gets.
fn target(path: &Path<'_>, index: usize, text: &str) -> Option<String> {
    let parent = index + 1;
    let field = |name: &str| path.field(parent, name, text).and_then(last_word);
    match path.kind(parent) {
        "variable_declarator" | "method_declaration" => field("name"),
        "assignment_expression" => field("left"),
        "argument_list" => {
            // `put("password", "…")` is named by its key, `setPassword("…")` by its method.
            let first = path.0[parent]
                .named_child(0)
                .filter(|first| first.end_byte() <= path.0[index].start_byte() && first.kind() == "string_literal");
            let function = path.field(parent + 1, "name", text).or_else(|| path.field(parent + 1, "type", text)).unwrap_or_default();
            let key = first.filter(|_| !is_login(function)).and_then(|first| last_word(&text[first.byte_range()]));
            key.or_else(|| last_word(function))
        }
        "method_invocation" if path.is_field(index, "object") => {
            // `"…".equals(password)`, `"…".toCharArray()`
            let arguments = path.field(parent, "arguments", text).unwrap_or_default();
            last_word(arguments).or_else(|| target(path, parent, text))
        }
        "array_initializer"
        | "parenthesized_expression"
        | "ternary_expression"
        | "cast_expression"
        | "binary_expression"
        | "return_statement" => target(path, parent, text),
        _ => None,
    }
}

fn read_variable(expression: &str) -> Option<String> {
    let name = expression.trim().strip_prefix("System.getenv(\"")?.strip_suffix("\")")?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then(|| name.to_owned())
}
