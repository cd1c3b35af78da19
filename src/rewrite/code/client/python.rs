//! The client in Python. Owns: the module with it, its import, constants of modules. Must not: know Python's literals.

use bstr::ByteSlice as _;
use tree_sitter::Node;

use super::super::place::Place;
use super::super::python::{Python, grammar, import, imported};
use super::super::{insert, line_end, next_line, tree};
use super::manifest::Dependency;
use super::{Client, Constant, File, arguments, helper};
use crate::reference::Reference;
use crate::rewrite::literal::manual;
use crate::rewrite::{Companion, Manual, Rewritten};

/// Name of the module that holds the client.
const MODULE: &str = "unleak_secrets";
const LIBRARY: Dependency<'static> = Dependency { name: "aws-secretsmanager-caching", version: ">=1.2", of: "unleak_secrets.py" };
/// That module.
const CODE: &str = include_str!("files/unleak_secrets.py");

impl Client for Python {
    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        format!("{MODULE}.get{}", arguments(reference, '"'))
    }

    fn url(&self, scheme: &str, reference: &Reference, _place: &Place, _text: &str) -> Option<String> {
        Some(format!("{MODULE}.url(\"{scheme}\", \"{}\")", reference.name))
    }

    fn surroundings(&self, file: File<'_>, first: usize, constants: &[Constant]) -> Result<Rewritten, Manual> {
        let text = file.text;
        let end = line_end(text);
        let parsed = tree::parse(&grammar(), text)?;
        let root = parsed.root_node();
        let mut cursor = root.walk();
        let is_import = |node: &Node<'_>| matches!(node.kind(), "import_statement" | "import_from_statement") && node.end_byte() <= first;
        let imports: Vec<Node<'_>> = root.named_children(&mut cursor).filter(is_import).collect();
        let known = imports.iter().any(|node| imported(*node, text).contains(&MODULE));
        let mut code = if known { String::new() } else { format!("import {MODULE}{end}") };
        for Constant { name, lookup, .. } in constants {
            code.extend([end, name, " = ", lookup, end]);
        }
        let splice = if let Some(last) = imports.last() {
            insert(next_line(text, last.end_byte()), code)
        } else {
            // As `import os` would stand.
            let mut place = import(root, first, &["os"], text).unwrap_or_else(|| insert(0, "import os"));
            place.text = place.text.replace("import os", code.trim_end_matches(['\r', '\n'])).into();
            place
        };
        Ok(Rewritten { splices: vec![splice], companions: files(file)? })
    }
}

/// The module with the client, in the folder that Python imports from, and the dependency that it needs.
fn files(file: File<'_>) -> Result<Vec<Companion>, Manual> {
    // Modules of a package are imported from the folder above it.
    let is_package = |folder: &&str| super::read(file.tree, &format!("{folder}__init__.py")).is_some();
    let path = super::path_of(file).map_err(|reason| manual(reason, "rename the file, then migrate again"))?;
    let folder = super::upwards(path).find(|folder| folder.is_empty() || !is_package(folder)).unwrap_or_default();
    Ok(std::iter::once(helper(format!("{folder}{MODULE}.py"), CODE)).chain(LIBRARY.python(file.tree, path)).collect())
}
