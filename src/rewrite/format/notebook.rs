//! Jupyter notebooks: code, prose and outputs as strings of JSON. Owns: what becomes of each. Must not: parse Python beyond one literal.

use tree_sitter::Node;

use super::json::{Found, generic, members};
use super::scalar::{Quote, Scalar};
use super::{File, Place, with_variable};
use crate::rewrite::literal::manual;
use crate::rewrite::{Manual, Splice};

/// A place in a notebook.
pub(super) fn place(file: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    let text = file.text;
    let path: Vec<&str> = found.scalar.path.iter().map(String::as_str).collect();
    if text[found.span.clone()].contains('\\') {
        return Err(manual(
            "the value has escapes within the notebook's JSON",
            "replace it in the notebook by hand, and clear its outputs",
        ));
    }
    match path[..] {
        ["cells", "outputs", ..] => return Ok(Place::prose(text, found.span)),
        ["cells", "source"] => {}
        _ => return generic(file, found),
    }
    let cell = found.around.iter().find(|node| node.kind() == "object").map(|object| word(*object, "cell_type", text)).unwrap_or_default();
    let source = &text[found.scalar.token.start + 1..found.span.start];
    let line = &source[source.rfind("\\n").map_or(0, |end| end + 2)..];
    if cell != "code" || line.contains('#') {
        return Ok(Place::prose(text, found.span));
    }
    if !text.contains("\"python\"") {
        return Err(manual("the language of the notebook is not Python", "read the value from the environment in the cell"));
    }
    let unclear = || manual("it is not a string literal of its own in the cell", "read the value from the environment in the cell");
    let rest = &text[found.span.end..found.scalar.token.end - 1];
    let quote = ["\\\"", "'"].into_iter().find(|quote| line.ends_with(quote) && rest.starts_with(quote)).ok_or_else(unclear)?;
    let head = &line[..line.len() - quote.len()];
    let is_prefixed = head.ends_with(|last: char| last.is_alphanumeric() || "_'\"\\".contains(last));
    let is_open = head.matches('\'').count() % 2 == 1 || head.matches("\\\"").count() % 2 == 1;
    if is_prefixed || is_open {
        return Err(unclear());
    }
    let name = head.trim_end_matches([' ', '=']).rsplit(|last: char| !last.is_alphanumeric() && last != '_').next().unwrap_or_default();
    let raw = Scalar::raw(text, found.span.clone());
    let token = found.span.start - quote.len()..found.span.end + quote.len();
    let path = if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
    let scalar = Scalar { token, path, quote: Quote::Around(""), ..raw };
    Ok(Place::environment(scalar, "code of a notebook reads its environment, and fails without the variable", |file, place, wanted| {
        let expression = format!("__import__('os').environ['{}']", wanted.variable);
        let mut new = with_variable(place, wanted, &expression);
        // The whole string is replaced, so that what was around the literal is one string again.
        let string = super::json::string_at(file.text, &place.scalar.decode.span)?;
        let token = &place.scalar.token;
        let text = [&file.text[string.start..token.start], &expression, &file.text[token.end..string.end]].concat();
        new.splices = vec![Splice { span: string, text: text.into() }];
        Ok(new)
    }))
}

fn word<'t>(object: Node<'t>, key: &str, text: &'t str) -> &'t str {
    let found = members(object, text).into_iter().find(|(known, ..)| *known == key);
    found.map(|(_, value, _)| text[value.byte_range()].trim_matches('"')).unwrap_or_default()
}
