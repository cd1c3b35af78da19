//! Go. Owns: its literals, constants that become variables, reads of the environment with a default, the helper of a package. Must not:
//! evaluate.

use std::ops::Range;

use bstr::ByteSlice as _;
use tree_sitter::Node;

use super::cdk;
use super::client::{Client, File};
use super::connection::Compose;
use super::place::{Gives, HERE, Kind, Place, is_login, is_no_template, last_word};
use super::tree::{self, Path};
use super::{Language, go_types, line_end, line_start, next_line};
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, manual};
use crate::rewrite::{Companion, Manual, Rewritten, Source, Splice, Tree};

pub(super) struct Go;

const STRING: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrtabvf",
    itself: "\\\"",
    numeric: &[Numeric::byte('x', 2, 2), Numeric::exact('u', 4), Numeric::exact('U', 8)],
    octal: 3,
    ..RAW
};
/// Carriage returns are not of the value.
const BACKQUOTED: Syntax = Syntax { unix_lines: true, ..RAW };

const LITERALS: [&str; 2] = ["interpreted_string_literal", "raw_string_literal"];
const JOINS: [&str; 2] = ["binary_expression", "parenthesized_expression"];

/// The file of a package that holds the helper.
const HELPER_FILE: &str = "must_env.go";
/// What that file has after its package.
const MUST_ENV: &str = "import \"os\"\n\n// mustEnv returns the value of an environment variable and panics where it is not set.\nfunc mustEnv(name string) \
                        string {\n\tvalue, ok := os.LookupEnv(name)\n\tif !ok {\n\t\tpanic(name + \" is not set\")\n\t}\n\treturn value\n}\n";
/// The file with what puts connection URLs together.
const URL_FILE: &str = "connection_url.go";
/// What that file has after its package.
const CONNECTION_URL: &str = "import (\n\t\"net/url\"\n\t\"strings\"\n)\n\n// connectionURL returns the URL of these parts; a port or a database that is empty is left out.\nfunc connectionURL(scheme, username, password, host, port, dbname string) string {\n\tencoded := func(part string) string { return strings.ReplaceAll(url.QueryEscape(part), \"+\", \"%20\") }\n\tif port != \"\" {\n\t\thost += \":\" + port\n\t}\n\tif dbname != \"\" {\n\t\thost += \"/\" + dbname\n\t}\n\treturn scheme + \"://\" + encoded(username) + \":\" + encoded(password) + \"@\" + host\n}\n";

const COMPOSE: Compose = Compose {
    kept: "-_.~",
    expression: |url, _| {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "\"\"".to_owned());
        let (port, dbname) = (part(&url.port), part(&url.dbname));
        format!("connectionURL(\"{}\", {}, {}, {}, {port}, {dbname})", url.scheme, url.username, url.password, url.host)
    },
};

pub(super) fn grammar() -> tree_sitter::Language {
    tree_sitter_go::LANGUAGE.into()
}

impl Language for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn place(&self, _source: Source<'_>, text: &str, span: Range<usize>) -> Result<Place, Manual> {
        let tree = tree::parse(&grammar(), text)?;
        let path = Path::to(&tree, &span)?;
        if path.find(&["comment"]).is_some() {
            return Ok(Place::prose(span));
        }
        let (nodes, top) = tree::literal(&path, &LITERALS, &JOINS, text)?;
        match path.kind(top + 1) {
            "argument_list" if text[path.0[top].end_byte()..].trim_start().starts_with(',') => {
                is_no_template(path.field(top + 2, "function", text).unwrap_or_default(), &text[path.0[top].byte_range()])?;
            }
            "import_spec" => return Err(manual("it names a package", "take the value out of the path")),
            "field_declaration" => return Err(manual("it is the tag of a field", "take the value out of the tag")),
            "literal_element" if path.is_field(top + 1, "key") => {
                return Err(manual("it is the key of a map", "keep the value in a variable and look it up by that"));
            }
            "keyed_element" if path.0[top + 1].named_child(0) == Some(path.0[top]) => {
                return Err(manual("it is the key of a map", "keep the value in a variable and look it up by that"));
            }
            _ => {}
        }
        let part = |node: &Node<'_>| {
            let syntax = if node.kind() == "raw_string_literal" { &BACKQUOTED } else { &STRING };
            Part { token: node.byte_range(), quoting: Quoting::new(1, 1, syntax) }
        };
        let mut place = Place::code(nodes.iter().map(part).collect());
        place.whole = path.0[top].byte_range();
        context(&mut place, &path, top, text);
        constant(&mut place, tree.root_node(), &path, top, text)?;
        cdk::GO.fit(&mut place, text, cdk::of_struct(&path, top, text))?;
        place.converts = declared_type(&path, top, text).filter(|name| name != "string");
        Ok(place)
    }

    fn settle(&self, file: File<'_>, place: Place) -> Result<Place, Manual> {
        let is_open = place.kind == Kind::Code && place.converts.is_none() && place.resolved.is_none();
        if !is_open {
            return Ok(place);
        }
        let converts = go_types::named(file, &place.whole)?;
        Ok(Place { converts, ..place })
    }

    fn lookup(&self, variable: &str, _place: &Place, _text: &str) -> String {
        format!("mustEnv(\"{variable}\")")
    }

    fn surroundings(&self, source: Source<'_>, text: &str, places: &[Place], tree: &dyn Tree) -> Result<Rewritten, Manual> {
        let parsed = tree::parse(&grammar(), text)?;
        let root = parsed.root_node();
        let mut cursor = root.walk();
        let clause = root.named_children(&mut cursor).find(|node| node.kind() == "package_clause");
        let package = clause.and_then(|clause| clause.named_child(0)).map(|name| &text[name.byte_range()]);
        let package = package.ok_or_else(|| manual("the file says no package", "mend the code, then migrate again"))?;
        let folder = source.path.rfind_byte(b'/').map_or(&b""[..], |end| &source.path[..=end]);
        let composed = places.iter().any(|place| place.gives == Gives::Url);
        let mut companions = Vec::new();
        for (function, file, code) in [("mustEnv", HELPER_FILE, MUST_ENV), ("connectionURL", URL_FILE, CONNECTION_URL)] {
            if text.contains(&format!("func {function}(")) || file == URL_FILE && !composed {
                continue;
            }
            let path = [folder, file.as_bytes()].concat();
            let content = format!("package {package}\n\n{code}");
            match tree.read(path.as_bstr()) {
                Some(known) if known == content.as_bytes() => {}
                Some(_) => return Err(manual(format!("{file} exists with other content"), "rename it, then migrate again")),
                None => companions.push(Companion::NewFile { path: path.into(), content: content.into() }),
            }
        }
        Ok(Rewritten { splices: Vec::new(), companions })
    }

    fn compose(&self) -> Option<&'static Compose> {
        Some(&COMPOSE)
    }

    fn client(&self) -> Option<&dyn Client> {
        Some(self)
    }

    fn verify(&self, _source: Source<'_>, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&grammar(), before, after, splices, |kind| match kind {
            "const_declaration" | "const" => "var_declaration",
            "const_spec" => "var_spec",
            "var_spec_list" => "",
            kind => kind,
        })
    }
}

/// The type that the declaration of the name gives what stands here alone: a literal takes it on, the text that a function returns does not.
fn declared_type(path: &Path<'_>, top: usize, text: &str) -> Option<String> {
    let at = top + 2;
    let is_value = path.kind(top + 1) == "expression_list" && matches!(path.kind(at), "const_spec" | "var_spec");
    path.field(at, "type", text).filter(|_| is_value).map(str::to_owned)
}

/// Turns a constant into a variable.
fn constant(place: &mut Place, root: Node<'_>, path: &Path<'_>, top: usize, text: &str) -> Result<(), Manual> {
    let Some(at) = path.0.iter().position(|node| node.kind() == "const_spec").filter(|at| *at > top) else { return Ok(()) };
    let (spec, declaration) = (path.0[at], path.0[at + 1]);
    let simple = at == top + 2 && path.kind(top + 1) == "expression_list" && path.0[top + 1].named_child_count() == 1;
    let name = spec.child_by_field_name("name").filter(|_| simple);
    let name = name.ok_or_else(|| manual("it is part of an expression that must be constant", "make it a variable, then migrate again"))?;
    let name = &text[name.byte_range()];
    if tree::uses(root, name, &["const_declaration", "array_type"], &spec.byte_range(), text) {
        return Err(manual(format!("the constant {name} is used by another constant"), "make that one a variable too, then migrate again"));
    }
    let mut cursor = declaration.walk();
    let specs: Vec<Node<'_>> = declaration.named_children(&mut cursor).filter(|node| node.kind() == "const_spec").collect();
    let keyword = declaration.start_byte()..declaration.start_byte() + "const".len();
    if specs.len() == 1 {
        place.edits.push(Splice { span: keyword, text: "var".into() });
        return Ok(());
    }
    let follows = |node: &&Node<'_>| node.child_by_field_name("value").is_none();
    let counts = text[declaration.byte_range()].contains("iota");
    let lines = line_start(text, spec.start_byte())..next_line(text, spec.end_byte());
    let alone = text[lines.start..spec.start_byte()].trim().is_empty();
    let after = text[spec.end_byte()..lines.end].trim_start();
    if specs.iter().find(follows).is_some() || counts || !alone || !(after.trim().is_empty() || after.starts_with("//")) {
        return Err(manual("it is one of constants that depend on each other", "move it out of the group, then migrate again"));
    }
    let end = line_end(text);
    let kind = spec.child_by_field_name("type").map(|kind| format!(" {}", &text[kind.byte_range()])).unwrap_or_default();
    let expression = char::from(HERE);
    let note = if after.starts_with("//") { format!(" {}", after.trim_end()) } else { String::new() };
    place.edits.push(super::insert(next_line(text, declaration.end_byte()), format!("{end}var {name}{kind} = {expression}{note}{end}")));
    place.whole = lines;
    Ok(())
}

/// Names the place, and finds the read of the environment that it is the default of.
fn context(place: &mut Place, path: &Path<'_>, top: usize, text: &str) {
    let parent = top + 1;
    place.name = target(path, top, text);
    if path.kind(parent) != "argument_list" || path.kind(parent + 1) != "call_expression" {
        return;
    }
    let function = path.field(parent + 1, "function", text).unwrap_or_default();
    let Some(first) = path.0[parent].named_child(0) else { return };
    let first_text = &text[first.byte_range()];
    if first.end_byte() > place.whole.start {
        return;
    }
    let literal = |quoted: &str| {
        let name = quoted.strip_prefix('"')?.strip_suffix('"')?;
        (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then(|| name.to_owned())
    };
    if function == "cmp.Or" {
        // The call stays, else its imports would be unused.
        place.variable = first_text.strip_prefix("os.Getenv(").and_then(|rest| literal(rest.strip_suffix(')')?));
    } else if function.to_ascii_lowercase().contains("env") && path.0[parent].named_child_count() == 2 {
        place.variable = literal(first_text);
        if place.variable.is_some() && !function.contains('.') {
            place.whole = path.0[parent + 1].byte_range();
        }
    }
    if let Some(variable) = &place.variable {
        place.name = target(path, parent + 1, text).or_else(|| Some(variable.clone()));
    }
}

/// The name that the value of the node at `index` gets.
fn target(path: &Path<'_>, index: usize, text: &str) -> Option<String> {
    let parent = index + 1;
    let field = |name: &str| path.field(parent, name, text).and_then(last_word);
    match path.kind(parent) {
        "const_spec" | "var_spec" => field("name"),
        "short_var_declaration" | "assignment_statement" => field("left"),
        "keyed_element" => last_word(&text[path.0[parent].named_child(0)?.byte_range()]),
        "argument_list" => {
            let first = path.0[parent].named_child(0).filter(|first| first.end_byte() <= path.0[index].start_byte());
            let function = path.field(parent + 1, "function", text).unwrap_or_default();
            let key = first.filter(|first| LITERALS.contains(&first.kind()) && !is_login(function));
            key.and_then(|first| last_word(&text[first.byte_range()])).or_else(|| last_word(function))
        }
        "binary_expression" => {
            let other = if path.is_field(index, "left") { "right" } else { "left" };
            field(other)
                .filter(|_| !path.field(parent, other, text).unwrap_or_default().starts_with(['"', '`']))
                .or_else(|| target(path, parent, text))
        }
        "expression_list"
        | "literal_element"
        | "literal_value"
        | "composite_literal"
        | "unary_expression"
        | "parenthesized_expression"
        | "type_conversion_expression" => target(path, parent, text),
        _ => None,
    }
}
