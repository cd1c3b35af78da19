//! The client in Rust. Owns: the crate with it, how packages depend on it, what type its answer has in a place. Must not: know Rust's literals.

use super::super::place::Place;
use super::super::rust::Rust;
use super::manifest::Dependency;
use super::{Client, Constant, File, Form, folder, has_word, helper, nearest, path_of, read, refused, upwards, way_up};
use crate::reference::Reference;
use crate::rewrite::{Manual, Rewritten};

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

impl Client for Rust {
    fn form(&self, file: File<'_>, _place: &Place) -> Result<Form, String> {
        Package::of(file).map(|_| Form::Here)
    }

    fn lookup(&self, reference: &Reference, _place: &Place, _text: &str) -> String {
        match &reference.key {
            Some(key) => format!("{CRATE}::get_key(\"{}\", \"{key}\")", reference.name),
            None => format!("{CRATE}::get(\"{}\")", reference.name),
        }
    }

    /// The client's answer is of the type that the literal has.
    fn fit(&self, mut place: Place) -> Place {
        match place.around.1 {
            // A constant that is a `String` when it is first used.
            ")" => place.around.1 = ".to_owned())",
            _ if place.variable.is_some() => place.around = ("", ".to_owned()"),
            _ => {
                let literal = Place::code(std::mem::take(&mut place.parts));
                (place.whole, place.parts, place.around) = (literal.whole, literal.parts, literal.around);
            }
        }
        place
    }

    fn surroundings(&self, file: File<'_>, _first: usize, _constants: &[Constant]) -> Result<Rewritten, Manual> {
        let package = Package::of(file).map_err(refused)?;
        let (value, home) = (package.dependency(), &package.home);
        let files = [("Cargo.toml", MANIFEST), ("src/lib.rs", CODE)];
        let mut companions: Vec<_> = files.map(|(name, code)| helper(format!("{home}{PACKAGE}/{name}"), code)).into();
        let dependency = Dependency { name: PACKAGE, version: "", of: path_of(file).map_err(refused)? };
        companions.extend(dependency.cargo_toml(package.manifest, &package.text, &value));
        Ok(Rewritten { splices: Vec::new(), companions })
    }
}
