//! JavaScript and TypeScript, with JSX. Owns: their literals, where one may be an expression, reads of the environment with a default, the
//! helper that throws. Must not: evaluate.

use std::ops::Range;

use tree_sitter::Node;

use super::cdk;
use super::client::Client;
use super::connection::Compose;
use super::place::{Place, last_word};
use super::tree::{self, Path};
use super::{Language, insert, line_end};
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, Unknown, manual};
use crate::rewrite::{Manual, Rewritten, Source, Splice, Tree};

/// JavaScript, or a dialect of it.
pub(super) struct JavaScript {
    pub(super) typed: bool,
    jsx: bool,
}

impl JavaScript {
    pub const PLAIN: Self = Self { typed: false, jsx: true };
    pub const TYPED: Self = Self { typed: true, jsx: false };
    pub const TYPED_JSX: Self = Self { typed: true, jsx: true };

    pub(super) fn grammar(&self) -> tree_sitter::Language {
        match (self.typed, self.jsx) {
            (false, _) => tree_sitter_javascript::LANGUAGE.into(),
            (true, false) => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            (true, true) => tree_sitter_typescript::LANGUAGE_TSX.into(),
        }
    }
}

const STRING: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrtbvf0",
    itself: "\\'\"`$",
    unknown: Unknown::Dropped,
    numeric: &[Numeric::exact('x', 2), Numeric::unit('u'), Numeric::braced('u')],
    octal: 3,
    continues: true,
    ..RAW
};
const TEMPLATE: Syntax = Syntax { unix_lines: true, interpolates: is_hole, ..STRING };
/// Entities are the only escapes.
const ATTRIBUTE: Syntax = Syntax { interpolates: is_entity, ..RAW };

fn is_hole(rest: &str) -> bool {
    rest.starts_with("${")
}

fn is_entity(rest: &str) -> bool {
    rest.starts_with('&')
}

const LITERALS: [&str; 2] = ["string", "template_string"];
const JOINS: [&str; 2] = ["binary_expression", "parenthesized_expression"];

const COMPOSE: Compose = Compose {
    kept: "-_.!~*'()",
    expression: |url, _| {
        let encoded = |part: &String| format!("${{encodeURIComponent({part})}}");
        let part = |sign: &str, part: &Option<String>| part.as_ref().map(|part| format!("{sign}${{{part}}}")).unwrap_or_default();
        let (username, password, host) = (encoded(&url.username), encoded(&url.password), &url.host);
        format!("`{}://{username}:{password}@${{{host}}}{}{}`", url.scheme, part(":", &url.port), part("/", &url.dbname))
    },
};

impl Language for JavaScript {
    fn name(&self) -> &'static str {
        if self.typed { "typescript" } else { "javascript" }
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let tree = tree::parse(&self.grammar(), text)?;
        let path = Path::to(&tree, &span)?;
        if path.find(&["comment", "html_comment"]).is_some() {
            return Ok(Place::prose(span));
        }
        if path.find(&["jsx_text"]).is_some() {
            return Err(manual("it is text of a page", "take it out: everybody who opens the page reads it"));
        }
        if path.find(&["template_substitution"]).is_some() {
            return Err(manual(
                "it is within a template string",
                "give the value a constant of its own before the string, then migrate that",
            ));
        }
        let (nodes, top) = tree::literal(&path, &LITERALS, &JOINS, text)?;
        allowed(&path, top, text)?;
        let in_markup = path.kind(top + 1) == "jsx_attribute";
        let part = |node: &Node<'_>| {
            let syntax = match node.kind() {
                _ if in_markup => &ATTRIBUTE,
                "template_string" => &TEMPLATE,
                _ => &STRING,
            };
            Part { token: node.byte_range(), quoting: Quoting::new(1, 1, syntax) }
        };
        let mut place = Place::code(nodes.iter().map(part).collect());
        place.whole = path.0[top].byte_range();
        if in_markup {
            place.around = ("{", "}");
        }
        context(&mut place, &path, top, text);
        place.is_operand = is_operand(&path, &place.whole);
        cdk::SCRIPT.fit(&mut place, text, cdk::of_resource(&path, top, text))?;
        Ok(place)
    }

    fn runs(&self, source: Source<'_>, text: &str, tree: &dyn Tree) -> Result<(), Manual> {
        super::browser::on_server(source, text, tree)
    }

    fn lookup(&self, variable: &str, place: &Place, text: &str) -> String {
        let single = place.parts.first().is_some_and(|part| text[part.token.clone()].starts_with('\''));
        let quote = if single { '\'' } else { '"' };
        format!("{}({quote}{variable}{quote})", self.helper(text).0)
    }

    fn surroundings(&self, _source: Source<'_>, text: &str, _places: &[Place], _tree: &dyn Tree) -> Result<Rewritten, Manual> {
        let (_, missing) = self.helper(text);
        // Declarations of functions are known before they are reached, so the helper can stand at the end.
        let splices = missing.map(|code| {
            let end = line_end(text);
            let gap = if text.ends_with('\n') { "" } else { end };
            insert(text.len(), format!("{gap}{end}{}", code.replace('\n', end)))
        });
        Ok(Rewritten { splices: splices.into_iter().collect(), companions: Vec::new() })
    }

    fn client(&self) -> Option<&dyn Client> {
        Some(self)
    }

    fn compose(&self) -> Option<&'static Compose> {
        Some(&COMPOSE)
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&self.grammar(), before, after, splices, |kind| kind)
    }
}

impl JavaScript {
    /// The name of the helper, and its code where the file does not have it.
    fn helper(&self, text: &str) -> (&'static str, Option<String>) {
        let unix = text.replace("\r\n", "\n");
        for name in ["requireEnv", "requireEnvironment", "environmentOrThrow"] {
            let (parameter, result) = if self.typed { ("name: string", ": string") } else { ("name", "") };
            let step = if text.contains("\n\t") {
                "\t"
            } else if text.contains("\n    ") && !text.contains("\n  \"") {
                indentation(text)
            } else {
                "  "
            };
            let code = format!(
                "function {name}({parameter}){result} {{\n{step}const value = process.env[name];\n{step}if (value === undefined) {{\n{step}{step}throw new \
                 Error(`${{name}} is not set`);\n{step}}}\n{step}return value;\n}}\n"
            );
            if unix.contains(&code) {
                return (name, None);
            }
            if memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_none() {
                return (name, Some(code));
            }
        }
        ("requireEnv", None)
    }
}

/// The indentation of the first indented line.
fn indentation(text: &str) -> &str {
    let line = text.lines().find(|line| line.starts_with("  ") && !line.trim().is_empty()).unwrap_or("  ");
    let width = line.len() - line.trim_start().len();
    &line[..width.min(4)]
}

/// Whether what stands at `whole` belongs to an operator that binds closer than `await`.
fn is_operand(path: &Path<'_>, whole: &Range<usize>) -> bool {
    let Some(at) = path.0.iter().rposition(|node| node.byte_range() == *whole) else { return false };
    match path.kind(at + 1) {
        "member_expression" | "subscript_expression" => path.is_field(at, "object"),
        "non_null_expression" | "as_expression" | "satisfies_expression" => true,
        "binary_expression" => path.is_field(at, "left") && path.0[at + 1].child(1).is_some_and(|operator| operator.kind() == "**"),
        _ => false,
    }
}

/// Whether an expression may stand here.
fn allowed(path: &Path<'_>, top: usize, text: &str) -> Result<(), Manual> {
    let within = |kinds: &[&str]| path.is_within(top, kinds);
    if within(&["literal_type", "type_annotation", "type_alias_declaration", "type_arguments"])
        && !within(&["arguments", "statement_block", "class_body"])
    {
        return Err(manual("a type must be made of literals", "give the value the type `string`, then migrate again"));
    }
    if within(&["literal_type"]) {
        return Err(manual("a type must be made of literals", "give the value the type `string`, then migrate again"));
    }
    if within(&["enum_body", "enum_assignment"]) {
        return Err(manual("a member of an enum must be a constant", "make it a constant outside of the enum, then migrate that"));
    }
    if within(&["decorator"]) {
        return Err(manual("an argument of a decorator is read when the code is built", "pass the value where the class is made"));
    }
    let is_const = |node: &Node<'_>| node.kind() == "as_expression" && text[node.byte_range()].ends_with("as const");
    if path.0.iter().skip(top).any(is_const) {
        return Err(manual("it is part of an `as const` literal", "take the value out of the literal, then migrate it"));
    }
    match path.kind(top + 1) {
        "module" => Err(manual("it names a module", "take the value out of the name")),
        "import_statement" | "export_statement" if path.is_field(top, "source") => {
            Err(manual("it names a module", "take the value out of the URL"))
        }
        "import_attribute" | "import_specifier" | "export_specifier" | "namespace_export" | "import_require_clause" => {
            Err(manual("it names a module", "take the value out of the name"))
        }
        "pair" | "pair_pattern" | "public_field_definition" | "field_definition" | "method_definition" | "property_signature"
            if path.is_field(top, "key") || path.is_field(top, "name") || path.is_field(top, "property") =>
        {
            Err(manual("it is the key of an object", "keep the value in a variable and look it up by that"))
        }
        "expression_statement" => Err(manual("it is a directive", "look at the place: the statement has no effect")),
        "call_expression" if path.is_field(top, "arguments") => {
            Err(manual("it is a tagged template", "give the secret part a constant of its own"))
        }
        "arguments" if matches!(path.field(top + 2, "function", text), Some("require" | "import" | "require.resolve")) => {
            Err(manual("it names a module", "take the value out of the name"))
        }
        "subscript_expression" if path.is_field(top, "index") => {
            Err(manual("it is a key", "keep the value in a variable and look it up by that"))
        }
        _ => Ok(()),
    }
}

/// Names the place, and finds the read of the environment that it is the default of.
fn context(place: &mut Place, path: &Path<'_>, mut top: usize, text: &str) {
    while path.kind(top + 1) == "parenthesized_expression" {
        top += 1;
    }
    let parent = top + 1;
    match path.kind(parent) {
        "binary_expression" if matches!(path.field(parent, "operator", text), Some("||" | "??")) && path.is_field(top, "right") => {
            if let Some(variable) = path.field(parent, "left", text).and_then(read_variable) {
                place.variable = Some(variable);
                place.whole = path.0[parent].byte_range();
            }
            place.name = target(path, parent, text).or_else(|| place.variable.clone());
        }
        "object_assignment_pattern" if path.is_field(top, "right") => {
            let name = path.field(parent, "left", text).unwrap_or_default();
            place.name = last_word(name);
            // `const { X = "…" } = process.env`
            if path.kind(parent + 1) == "object_pattern" && path.field(parent + 2, "value", text) == Some("process.env") {
                place.variable = place.name.clone();
            }
        }
        _ => place.name = target(path, top, text),
    }
}

/// The name that the value of the node at `index` gets.
fn target(path: &Path<'_>, index: usize, text: &str) -> Option<String> {
    let parent = index + 1;
    let field = |name: &str| path.field(parent, name, text).and_then(last_word);
    match path.kind(parent) {
        "variable_declarator" | "public_field_definition" => field("name"),
        "field_definition" => field("property"),
        "assignment_expression" | "augmented_assignment_expression" | "assignment_pattern" => field("left"),
        "required_parameter" | "optional_parameter" => field("pattern"),
        "pair" => field("key"),
        "jsx_attribute" => last_word(&text[path.0[parent].child(0)?.byte_range()]),
        "arguments" => path.field(parent + 1, "function", text).or_else(|| path.field(parent + 1, "constructor", text)).and_then(last_word),
        "binary_expression" => {
            let other = if path.is_field(index, "left") { "right" } else { "left" };
            field(other)
                .filter(|_| !path.field(parent, other, text).unwrap_or_default().starts_with(['"', '\'', '`']))
                .or_else(|| target(path, parent, text))
        }
        "array"
        | "ternary_expression"
        | "parenthesized_expression"
        | "await_expression"
        | "jsx_expression"
        | "as_expression"
        | "satisfies_expression"
        | "non_null_expression" => target(path, parent, text),
        _ => None,
    }
}

/// The variable that an expression reads from the environment.
fn read_variable(expression: &str) -> Option<String> {
    let rest = expression.trim().strip_prefix("process.env")?;
    let name = match rest.strip_prefix('.') {
        Some(name) => name,
        None => rest.strip_prefix('[')?.strip_suffix(']')?.trim().trim_matches(['"', '\'', '`']),
    };
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then(|| name.to_owned())
}
