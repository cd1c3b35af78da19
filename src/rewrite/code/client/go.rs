//! The client in Go. Owns: the package with it, its import, variables of packages. Must not: know Go's literals.

use tree_sitter::Node;

use super::super::go::{Go, grammar};
use super::super::place::Place;
use super::super::tree::{self, Path};
use super::super::{insert, line_end, next_line};
use super::manifest::Dependency;
use super::{Client, Constant, File, Form, folder, helper, nearest, refused};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten, Splice};

/// The package, and the folder that it is in.
const PACKAGE: &str = "unleaksecrets";
const FOLDER: &str = "internal/unleaksecrets";
const CODE: &str = include_str!("files/unleaksecrets.go");
const LIBRARY: Dependency<'static> =
    Dependency { name: "github.com/aws/aws-secretsmanager-caching-go/v2", version: "v2.0.0", of: "unleaksecrets.go" };

const FUNCTIONS: [&str; 3] = ["function_declaration", "method_declaration", "func_literal"];

/// The folder of the module that a file is of, and the path by which its package with the client is imported.
fn home(file: File<'_>) -> Result<(String, String), String> {
    let path = super::path_of(file)?;
    let (manifest, text) = nearest(file.tree, path, "go.mod").ok_or("the file is of no module (go.mod)")?;
    let module = text.lines().find_map(|line| line.trim().strip_prefix("module ")).ok_or("go.mod names no module")?;
    let module = module.split("//").next().unwrap_or_default().trim().trim_matches('"');
    Ok((folder(&manifest).to_owned(), format!("{module}/{FOLDER}")))
}

/// The specification of an import: its path, and its node.
fn imports<'t>(root: Node<'t>, text: &'t str) -> Vec<(&'t str, Node<'t>)> {
    let mut cursor = root.walk();
    let mut found = Vec::new();
    for declaration in root.named_children(&mut cursor).filter(|node| node.kind() == "import_declaration") {
        let mut stack = vec![declaration];
        while let Some(node) = stack.pop() {
            if let Some(path) = node.child_by_field_name("path") {
                found.push((text[path.byte_range()].trim_matches(['"', '`']), node));
            }
            let mut cursor = node.walk();
            stack.extend(node.named_children(&mut cursor));
        }
    }
    found.sort_by_key(|(_, node)| node.start_byte());
    found
}

/// The import as `gofmt` would have it: in the last group if that has packages of others, else in a group of its own.
fn import(root: Node<'_>, path: &str, text: &str) -> Option<Splice> {
    let end = line_end(text);
    let known = imports(root, text);
    if known.iter().any(|(known, _)| *known == path) {
        return None;
    }
    let Some((_, last)) = known.last() else {
        let mut cursor = root.walk();
        let clause = root.named_children(&mut cursor).find(|node| node.kind() == "package_clause");
        let at = next_line(text, clause.map_or(0, |clause| clause.end_byte()));
        return Some(insert(at, format!("{end}import \"{path}\"{end}")));
    };
    if last.parent().is_none_or(|parent| parent.kind() != "import_spec_list") {
        return Some(insert(next_line(text, last.end_byte()), format!("import \"{path}\"{end}")));
    }
    let is_external = |path: &str| path.split('/').next().is_some_and(|first| first.contains('.'));
    let mut group: Vec<&(&str, Node<'_>)> = Vec::new();
    for spec in known.iter().rev() {
        let apart =
            group.last().is_some_and(|next| next_line(text, spec.1.end_byte()) != super::super::line_start(text, next.1.start_byte()));
        if apart {
            break;
        }
        group.push(spec);
    }
    if !group.iter().any(|(path, _)| is_external(path)) {
        return Some(insert(next_line(text, last.end_byte()), format!("{end}\t\"{path}\"{end}")));
    }
    let later = group.iter().rev().find(|(known, _)| *known > path);
    Some(match later {
        Some((_, next)) => insert(next.start_byte(), format!("\"{path}\"{end}\t")),
        None => insert(next_line(text, last.end_byte()), format!("\t\"{path}\"{end}")),
    })
}

impl Client for Go {
    fn form(&self, file: File<'_>, place: &Place) -> Result<Form, String> {
        home(file)?;
        let tree = tree::parse(&grammar(), file.text).map_err(|manual| manual.reason)?;
        let path = Path::to(&tree, &place.whole).map_err(|manual| manual.reason)?;
        let in_function = path.0.iter().any(|node| FUNCTIONS.contains(&node.kind()));
        Ok(if in_function { Form::Constant { home: 0 } } else { Form::Here })
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        match &reference.key {
            Some(key) => format!("{PACKAGE}.GetKey(\"{}\", \"{key}\")", reference.name),
            None => format!("{PACKAGE}.Get(\"{}\")", reference.name),
        }
    }

    /// All files of a package share their names, so it holds that of the file.
    fn constant(&self, file: File<'_>, variable: &str, _home: usize) -> String {
        let path = String::from_utf8_lossy(file.source.path);
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        let words = stem.split(|character: char| !character.is_ascii_alphanumeric()).chain(variable.split('_'));
        let mut name = String::new();
        for word in words.filter(|word| !word.is_empty()) {
            let word = word.to_ascii_lowercase();
            let (first, rest) = word.split_at(1);
            let first = if name.is_empty() { first.to_owned() } else { first.to_ascii_uppercase() };
            name.extend([first.as_str(), rest]);
        }
        name
    }

    fn url(&self, scheme: &str, reference: &Reference, _place: &Place, _text: &str) -> Option<String> {
        Some(format!("{PACKAGE}.URL(\"{scheme}\", \"{}\")", reference.name))
    }

    fn surroundings(&self, file: File<'_>, _first: usize, constants: &[Constant]) -> Result<Rewritten, Manual> {
        let text = file.text;
        let (module, path) = home(file).map_err(refused)?;
        let parsed = tree::parse(&grammar(), text)?;
        let root = parsed.root_node();
        let mut splices: Vec<Splice> = import(root, &path, text).into_iter().collect();
        if !constants.is_empty() {
            let end = line_end(text);
            let mut cursor = root.walk();
            let head =
                root.named_children(&mut cursor).filter(|node| matches!(node.kind(), "package_clause" | "import_declaration")).last();
            let at = next_line(text, head.map_or(0, |head| head.end_byte()));
            let lines: Vec<String> = constants.iter().map(|Constant { name, lookup, .. }| format!("{end}var {name} = {lookup}")).collect();
            splices.push(insert(at, lines.concat() + end));
        }
        let path = format!("{module}{FOLDER}/{PACKAGE}.go");
        let mut companions = LIBRARY.go_mod(file.tree, &path);
        companions.insert(0, helper(path, CODE));
        Ok(Rewritten { splices, companions })
    }
}
