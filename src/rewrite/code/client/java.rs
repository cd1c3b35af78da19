//! The client in Java. Owns: the class with it, where a class takes a constant. Must not: know Java's literals.

use tree_sitter::Node;

use super::super::java::{Java, grammar};
use super::super::place::Place;
use super::super::tree::{self, Path};
use super::manifest::Dependency;
use super::{Client, Constant, File, Form, arguments, has_word, helper, members, refused};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten};

/// The class, which is named in full where it is asked.
const CLASS: &str = "unleak.Secrets";
const CODE: &str = include_str!("files/Secrets.java");
pub(super) const LIBRARY: Dependency<'static> =
    Dependency { name: "com.amazonaws.secretsmanager:aws-secretsmanager-caching-java", version: "2.1.1", of: "Secrets.java" };

const TYPES: [&str; 5] =
    ["class_declaration", "record_declaration", "enum_declaration", "interface_declaration", "annotation_type_declaration"];
/// What runs each time that it is called.
const FUNCTIONS: [&str; 4] = ["method_declaration", "constructor_declaration", "compact_constructor_declaration", "lambda_expression"];

/// Where the class with the client is: below the folder that packages are counted from.
fn home(file: File<'_>, root: Node<'_>) -> Result<String, String> {
    let path = super::path_of(file)?;
    let mut cursor = root.walk();
    let clause = root.named_children(&mut cursor).find(|node| node.kind() == "package_declaration");
    let mut cursor = root.walk();
    let name = clause.and_then(|clause| {
        let name = clause.named_children(&mut cursor).find(|node| matches!(node.kind(), "identifier" | "scoped_identifier"))?;
        Some(file.text[name.byte_range()].replace('.', "/") + "/")
    });
    let folder = super::folder(path);
    let sources = folder.strip_suffix(name.as_deref().unwrap_or_default()).filter(|rest| rest.is_empty() || rest.ends_with('/'));
    let sources = sources.ok_or("the file is not in the folder of its package, so nothing says where packages begin")?;
    if super::read(file.tree, &format!("{sources}module-info.java")).is_some() {
        return Err("the class with the client is of no module (module-info.java)".to_owned());
    }
    if has_word(&file.text.replace(CLASS, ""), "unleak") {
        return Err("the file uses the name unleak for something else".to_owned());
    }
    Ok(format!("{sources}unleak/Secrets.java"))
}

/// Whether a place is evaluated anew for calls or objects.
fn is_evaluated_anew(path: &Path<'_>, text: &str) -> bool {
    path.0.iter().zip(path.0.iter().skip(1)).any(|(node, parent)| match node.kind() {
        "field_declaration" => !node
            .named_child(0)
            .is_some_and(|first| first.kind() == "modifiers" && text[first.byte_range()].split_whitespace().any(|word| word == "static")),
        "block" => parent.kind() == "class_body",
        kind => FUNCTIONS.contains(&kind),
    })
}

/// Where the outermost type around a place takes a constant.
fn body(path: &Path<'_>) -> Option<usize> {
    let outermost = path.0.iter().rev().find(|node| TYPES.contains(&node.kind()))?;
    let body = outermost.child_by_field_name("body")?;
    match outermost.kind() {
        "class_declaration" | "record_declaration" => Some(body.start_byte() + 1),
        "enum_declaration" => {
            let mut cursor = body.walk();
            let declarations = body.named_children(&mut cursor).find(|node| node.kind() == "enum_body_declarations")?;
            Some(declarations.start_byte() + 1)
        }
        // What an interface declares is everybody's.
        _ => None,
    }
}

impl Client for Java {
    fn form(&self, file: File<'_>, place: &Place) -> Result<Form, String> {
        let tree = tree::parse(&grammar(), file.text).map_err(|manual| manual.reason)?;
        let path = Path::to(&tree, &place.whole).map_err(|manual| manual.reason)?;
        home(file, tree.root_node())?;
        Ok(match body(&path) {
            _ if !is_evaluated_anew(&path, file.text) => Form::Here,
            Some(home) => Form::Constant { home },
            None => Form::Again("no private constant can be declared in the outermost type of the file"),
        })
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        format!("{CLASS}.get{}", arguments(reference, '"'))
    }

    fn url(&self, scheme: &str, reference: &Reference, _place: &Place, _text: &str) -> Option<String> {
        Some(format!("{CLASS}.url(\"{scheme}\", \"{}\")", reference.name))
    }

    fn surroundings(&self, file: File<'_>, _first: usize, constants: &[Constant]) -> Result<Rewritten, Manual> {
        let tree = tree::parse(&grammar(), file.text)?;
        let path = home(file, tree.root_node()).map_err(refused)?;
        let mut companions = LIBRARY.maven_or_gradle(file.tree, &path);
        companions.insert(0, helper(path, CODE));
        let declared = |Constant { name, lookup, .. }: &Constant| format!("private static final String {name} = {lookup};");
        Ok(Rewritten { splices: members(file.text, constants, declared), companions })
    }
}
