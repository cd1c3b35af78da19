//! The client in Rust. Owns: the crate with it, how packages depend on it, what type its answer has in a place, statics of modules. Must not:
//! know Rust's literals.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::super::place::Place;
use super::super::rust::{Rust, grammar};
use super::super::tree::{self, Path};
use super::super::{line_end, line_start, next_line};
use super::manifest::Dependency;
use super::{Client, Constant, File, Form, folder, has_word, helper, insert, nearest, path_of, read, refused, upwards, way_up};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten, Splice};

/// The crate, as code names it.
const CRATE: &str = "unleak_secrets";
/// The crate, and its folder.
const PACKAGE: &str = "unleak-secrets";
const CODE: &str = include_str!("files/unleak_secrets.rs");
const MANIFEST: &str = include_str!("files/unleak_secrets.toml");

/// The package of a file.
struct Package {
    manifest: String,
    text: String,
    /// Where the crate is: at the root of the workspace, else in the package.
    home: String,
}

impl Package {
    /// # Errors
    /// It cannot depend on the crate.
    fn of(file: File<'_>) -> Result<Self, String> {
        let path = path_of(file)?;
        let of_none = "the file is of no package (Cargo.toml)";
        let (manifest, text) = nearest(file.tree, path, "Cargo.toml").filter(|(_, text)| has_table(text, "package")).ok_or(of_none)?;
        if path.strip_prefix(folder(&manifest)) == Some("build.rs") {
            return Err("a build script has dependencies of its own".to_owned());
        }
        if !has_word(&text, "edition") || text.contains("\"2015\"") {
            return Err("the package is of the edition of 2015, which does not see crates everywhere".to_owned());
        }
        if file.text.contains("#![no_std]") || has_word(&file.text.replace("unleak_secrets::get", ""), CRATE) {
            return Err(format!("the file has no standard library, or uses the name {CRATE} for something else"));
        }
        let is_root = |folder: &&str| read(file.tree, &format!("{folder}Cargo.toml")).is_some_and(|text| has_table(&text, "workspace"));
        let home = upwards(&manifest).find(is_root).unwrap_or_else(|| folder(&manifest)).to_owned();
        Ok(Self { manifest, text, home })
    }

    /// Where the crate is, for the package.
    fn dependency(&self) -> String {
        format!("{{ path = \"{}{PACKAGE}\" }}", way_up(&self.manifest, &self.home))
    }
}

/// Whether a manifest has a table of this name, or one in it.
fn has_table(text: &str, name: &str) -> bool {
    let opens = |line: &str| line.trim_start().strip_prefix('[').and_then(|line| line.trim_start().strip_prefix(name)?.chars().next());
    text.lines().any(|line| matches!(opens(line), Some(']' | '.' | ' ')))
}

/// Whether a line ends here, or begins, but for a comment.
fn breaks(text: &str, at: usize) -> bool {
    let rest = text[at..next_line(text, at)].trim();
    text[..at].trim_start_matches('\u{feff}').is_empty() || rest.is_empty() || rest.starts_with("//")
}

/// Whether a place is evaluated each time that a function runs. `main` runs once; what it hands on does not.
fn is_evaluated_anew(path: &Path<'_>, text: &str) -> bool {
    let mut handed_on = false;
    for (node, parent) in path.0.iter().zip(path.0.iter().skip(1)) {
        match node.kind() {
            // Read when it is first used.
            "const_item" | "static_item" => return false,
            "closure_expression" | "async_block" => handed_on = true,
            "function_item" => {
                let name = node.child_by_field_name("name").map(|name| &text[name.byte_range()]);
                return handed_on || name != Some("main") || parent.kind() != "source_file";
            }
            _ => {}
        }
    }
    false
}

/// Where the module around a place, which is the file or in it, takes a static: after what it uses.
fn home(path: &Path<'_>, text: &str) -> Option<usize> {
    let module = path.0.iter().zip(path.0.iter().skip(1)).find(|(_, parent)| parent.kind() == "mod_item").map(|(body, _)| *body);
    let body = module.or_else(|| path.0.last().copied())?;
    let begin = if module.is_some() { body.start_byte() + 1 } else { text.len() - text.trim_start_matches('\u{feff}').len() };
    let mut cursor = body.walk();
    let is_head = |node: &Node<'_>| {
        let written = &text[node.byte_range()];
        matches!(node.kind(), "use_declaration" | "extern_crate_declaration" | "inner_attribute_item" | "shebang")
            || matches!(node.kind(), "line_comment" | "block_comment") && (written.starts_with("//!") || written.starts_with("/*!"))
    };
    let last = body.named_children(&mut cursor).take_while(|node| node.is_extra() || is_head(node)).filter(is_head).last();
    // A comment of documentation has its line end.
    Some(last.map_or(begin, |last| last.start_byte() + text[last.byte_range()].trim_end().len()))
}

/// The statics of a module, on lines of their own.
fn statics(text: &str, home: usize, constants: &[&Constant]) -> Splice {
    let end = line_end(text);
    let at = if text[..home].trim_start_matches('\u{feff}').is_empty() { home } else { next_line(text, home) };
    let next = text[at..].lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let indent = &next[..next.len() - next.trim_start().len()];
    let own = |Constant { name, lookup, .. }: &&Constant| {
        format!("{indent}static {name}: std::sync::LazyLock<&str> = std::sync::LazyLock::new(|| {lookup});{end}")
    };
    let opens = at == home || text[line_start(text, home)..home].trim_end().ends_with('{');
    let rest = if text[at..].starts_with(['\r', '\n']) { "" } else { end };
    insert(at, [if opens { "" } else { end }, &constants.iter().map(own).collect::<String>(), rest].concat())
}

impl Client for Rust {
    fn form(&self, file: File<'_>, place: &Place) -> Result<Form, String> {
        Package::of(file)?;
        let tree = tree::parse(&grammar(), file.text).map_err(|manual| manual.reason)?;
        let path = Path::to(&tree, &place.whole).map_err(|manual| manual.reason)?;
        Ok(match home(&path, file.text) {
            _ if !is_evaluated_anew(&path, file.text) => Form::Here,
            Some(home) if breaks(file.text, home) => Form::Constant { home },
            _ => Form::Again("the module around it stands on one line"),
        })
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        match &reference.key {
            Some(key) => format!("{CRATE}::get_key(\"{}\", \"{key}\")", reference.name),
            None => format!("{CRATE}::get(\"{}\")", reference.name),
        }
    }

    /// The client's answer is of the type that the literal has; a static is taken out of its lock.
    fn fit(&self, mut place: Place, form: Form, text: &str) -> Place {
        let locked = matches!(form, Form::Constant { .. });
        match place.around.1 {
            // A constant that is a `String` when it is first used.
            ")" => place.around.1 = ".to_owned())",
            _ if place.variable.is_some() => place.around = if locked { ("(*", ").to_owned()") } else { ("", ".to_owned()") },
            _ => {
                let literal = Place::code(std::mem::take(&mut place.parts));
                (place.whole, place.parts, place.around) = (literal.whole, literal.parts, literal.around);
                if locked {
                    let binds = text[place.whole.end..].trim_start().starts_with(['.', '[', '?']);
                    place.around = if binds { ("(*", ")") } else { ("*", "") };
                }
            }
        }
        place
    }

    fn surroundings(&self, file: File<'_>, _first: usize, constants: &[Constant]) -> Result<Rewritten, Manual> {
        let package = Package::of(file).map_err(refused)?;
        let homes: BTreeSet<usize> = constants.iter().map(|constant| constant.home).collect();
        let at = |home: usize| constants.iter().filter(|constant| constant.home == home).collect::<Vec<_>>();
        let splices = homes.into_iter().map(|home| statics(file.text, home, &at(home))).collect();
        let (value, home) = (package.dependency(), &package.home);
        let files = [("Cargo.toml", MANIFEST), ("src/lib.rs", CODE)];
        let mut companions: Vec<_> = files.map(|(name, code)| helper(format!("{home}{PACKAGE}/{name}"), code)).into();
        let dependency = Dependency { name: PACKAGE, version: "", of: path_of(file).map_err(refused)? };
        companions.extend(dependency.cargo_toml(package.manifest, &package.text, &value));
        Ok(Rewritten { splices, companions })
    }
}
