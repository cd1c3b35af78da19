//! Maven's `settings.xml`, the one XML file that reads its environment. Owns: text of elements and its entities. Must not: reprint XML.

use std::ops::Range;

use super::scalar::{Quote, Scalar};
use super::{File, Format, Place, with_variable};
use crate::rewrite::literal::{Decode, manual};
use crate::rewrite::spelling::Decoded;
use crate::rewrite::{Form, Manual, Splice};

const ENTITIES: [(&str, &str); 5] = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'")];

/// Maven's settings.
pub(super) struct Settings;

fn decode(text: &str, span: Range<usize>) -> Result<Decode, Manual> {
    let unclear = || manual("the text of the element is not understood", "replace it by ${env.NAME} by hand");
    let mut decoded = Decoded::default();
    let mut rest = &text[span.clone()];
    while let Some(at) = rest.find('&') {
        decoded.push(&rest.as_bytes()[..at], Form::Plain);
        let (name, after) = rest[at + 1..].split_once(';').ok_or_else(unclear)?;
        let (_, character) = ENTITIES.into_iter().find(|(known, _)| *known == name).ok_or_else(unclear)?;
        decoded.push(character.as_bytes(), Form::Entity(name.to_owned()));
        rest = after;
    }
    decoded.push(rest.as_bytes(), Form::Plain);
    let (value, spelling) = decoded.finish(text[span.clone()].as_bytes()).ok_or_else(unclear)?;
    Ok(Decode { value, span, spelling })
}

/// Tags of a text and the texts between them.
pub(in crate::rewrite) fn pieces(text: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = text[at..].find('<').map_or(text.len(), |end| at + end);
        found.push((String::new(), at..end));
        let closing = if text[end..].starts_with("<!--") { "-->" } else { ">" };
        let close = text[end..].find(closing).map_or(text.len(), |close| end + close + closing.len());
        found.push((text[end..close].to_owned(), end..close));
        at = close;
    }
    found
}

impl Format for Settings {
    fn name(&self) -> &'static str {
        "maven-settings"
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let text = file.text;
        let pieces = pieces(text);
        let Some(at) = pieces.iter().position(|(_, piece)| piece.start <= span.start && span.end <= piece.end) else {
            return Err(manual("it is not the text of one element", "replace it by hand"));
        };
        if pieces[at].0.starts_with("<!--") {
            return Ok(Place::prose(text, span.clone()));
        }
        let opening = at.checked_sub(1).map(|before| pieces[before].0.as_str()).unwrap_or_default();
        let closing = pieces.get(at + 1).map(|(tag, _)| tag.as_str()).unwrap_or_default();
        let name = opening.trim_matches(['<', '>']);
        if !pieces[at].0.is_empty() || name.is_empty() || closing != format!("</{name}>") {
            return Err(manual("it is not the text of one element", "replace it by hand"));
        }
        let piece = pieces[at].1.clone();
        let trimmed = text[piece.clone()].trim();
        let start = piece.start + text[piece].find(trimmed).unwrap_or_default();
        let decode = decode(text, start..start + trimmed.len())?;
        if memchr::memmem::find(decode.value.expose(), b"${").is_some() {
            return Err(manual("the text is put together at run time", "replace it by hand"));
        }
        let scalar = Scalar { token: decode.span.clone(), decode, path: vec![name.to_owned()], quote: Quote::Raw, line_end: None };
        Ok(Place::environment(scalar, "Maven puts a variable in", |_, place, wanted| {
            Ok(with_variable(place, wanted, &format!("${{env.{}}}", wanted.variable)))
        }))
    }

    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        let list = |text: &str| {
            pieces(text).into_iter().map(|(tag, span)| (if tag.starts_with("<!--") { String::new() } else { tag }, span)).collect()
        };
        super::lines_differ_only(before, after, splices, list)
    }
}
