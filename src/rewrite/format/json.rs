//! JSON, with comments too. Owns: decoding of strings, the keys that lead to one, and what is read of the objects around it.
//! Must not: know what a platform makes of a file.

use std::ops::Range;

use tree_sitter::Node;

use super::scalar::{Quote, Scalar};
use super::{File, Format, Place, Together};
use crate::rewrite::code::tree;
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, decode, manual};
use crate::rewrite::{Manual, Rewritten, Splice, Wanted};

const STRING: Syntax = Syntax { escape: Some('\\'), letters: "bfnrt", itself: "\"\\/", numeric: &[Numeric::unit('u')], ..RAW };

/// What a platform makes of a string.
pub(super) type Use = fn(&File<'_>, Found<'_>) -> Result<Place, Manual>;

/// JSON files of one platform.
pub(super) struct Json {
    pub name: &'static str,
    pub place: Use,
    pub together: Together,
}

/// A string and what is around it.
pub(super) struct Found<'t> {
    pub scalar: Scalar,
    /// The nodes around it, the innermost first.
    pub around: Vec<Node<'t>>,
    /// What was found.
    pub span: Range<usize>,
}

/// Any JSON file: the value is a token.
#[expect(clippy::unnecessary_wraps, reason = "one of the functions that a table holds")]
pub(super) fn generic(_: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    Ok(Place::of_file(found.scalar))
}

/// The members of an object: key, value, pair.
pub(in crate::rewrite) fn members<'t>(object: Node<'t>, text: &'t str) -> Vec<(&'t str, Node<'t>, Node<'t>)> {
    let mut cursor = object.walk();
    let member = |node: Node<'t>| Some((key_of(node, text)?, node.child_by_field_name("value")?, node));
    object.named_children(&mut cursor).filter(|node| node.kind() == "pair").filter_map(member).collect()
}

fn key_of<'t>(pair: Node<'t>, text: &'t str) -> Option<&'t str> {
    Some(text[pair.child_by_field_name("key")?.byte_range()].trim_matches('"'))
}

fn grammar() -> tree_sitter::Language {
    tree_sitter_json::LANGUAGE.into()
}

/// Parses a file.
///
/// # Errors
/// It took too long.
pub(in crate::rewrite) fn parse(text: &str) -> Result<tree_sitter::Tree, Manual> {
    tree::parse(&grammar(), text)
}

/// The string around a span.
///
/// # Errors
/// There is none.
pub(super) fn string_at(text: &str, span: &Range<usize>) -> Result<Range<usize>, Manual> {
    let tree = parse(text)?;
    let path = tree::Path::to(&tree, span)?;
    let string = path.find(&["string"]).map(|index| path.0[index].byte_range());
    string.ok_or_else(|| manual("it is not a string", "replace it by hand"))
}

impl Json {
    /// A platform whose places need nothing together.
    pub const fn new(name: &'static str, place: Use) -> Self {
        Self { name, place, together: |_, _| Ok(Rewritten::default()) }
    }
}

impl Format for Json {
    fn name(&self) -> &'static str {
        self.name
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let text = file.text;
        let tree = parse(text)?;
        let path = tree::Path::to(&tree, span)?;
        if path.find(&["comment"]) == Some(0) {
            return Ok(Place::prose(text, span.clone()));
        }
        let Some(index) = path.find(&["string"]) else {
            return Err(manual("it is not a string", "look at the place: a number cannot become a reference"));
        };
        if path.is_field(index, "key") {
            return Err(manual("it is the key of an object", "replace it by hand"));
        }
        let around = path.0[index + 1..].to_vec();
        let mut keys: Vec<String> =
            around.iter().filter(|node| node.kind() == "pair").filter_map(|pair| Some(key_of(*pair, text)?.to_owned())).collect();
        keys.reverse();
        let token = path.0[index].byte_range();
        let decode = decode(text, &[Part { token: token.clone(), quoting: Quoting::new(1, 1, &STRING) }])?;
        (self.place)(
            file,
            Found { scalar: Scalar { token, decode, path: keys, quote: Quote::Json, line_end: None }, around, span: span.clone() },
        )
    }

    fn together(&self, file: &File<'_>, places: &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual> {
        (self.together)(file, places)
    }

    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&grammar(), before, after, splices, |kind| kind)
    }
}
