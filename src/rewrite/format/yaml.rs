//! YAML. Owns: decoding of all styles of scalars, the keys that lead to one, and what is read of the document around it.
//! Must not: know what a platform makes of a file.

use std::ops::Range;

use tree_sitter::Node;

use super::scalar::{Quote, Scalar};
use super::{File, Format, Place, Together};
use crate::rewrite::code::{next_line, tree};
use crate::rewrite::literal::{self, Decode, Numeric, RAW, Syntax, manual};
use crate::rewrite::spelling::Decoded;
use crate::rewrite::{Form, Manual, Rewritten, Splice, Wanted};

/// Between double quotes.
const DOUBLE: Syntax = Syntax {
    escape: Some('\\'),
    letters: "0abtnvfre",
    itself: "\"/\\ ",
    numeric: &[Numeric::exact('x', 2), Numeric::exact('u', 4), Numeric::exact('U', 8)],
    ..RAW
};
/// Between single quotes.
const SINGLE: Syntax = Syntax { doubled: &["''"], ..RAW };

const SCALARS: [&str; 4] = ["plain_scalar", "single_quote_scalar", "double_quote_scalar", "block_scalar"];

/// What a platform makes of a scalar.
pub(super) type Use = fn(&File<'_>, Found<'_>) -> Result<Place, Manual>;

/// YAML files of one platform.
pub(super) struct Yaml {
    pub name: &'static str,
    pub place: Use,
    pub together: Together,
}

impl Yaml {
    /// A platform whose places need nothing together.
    pub const fn new(name: &'static str, place: Use) -> Self {
        Self { name, place, together: |_, _| Ok(Rewritten::default()) }
    }
}

/// A scalar and what is around it.
pub(super) struct Found<'t> {
    pub scalar: Scalar,
    /// Its tag, such as `!Sub`.
    pub tag: Option<&'t str>,
    /// The mapping around it and those around that, the innermost first.
    pub mappings: Vec<Node<'t>>,
    /// Whether it is an item of a list in the innermost pair.
    pub is_item: bool,
    /// Whether it is plain and no text: a number, a boolean.
    pub is_typed: bool,
}

impl Found<'_> {
    /// Whether the keys that lead to it are these; `*` is any.
    pub fn is_at(&self, keys: &[&str]) -> bool {
        self.scalar.path.len() == keys.len() && self.scalar.path.iter().zip(keys).all(|(key, wanted)| *wanted == "*" || key == wanted)
    }
}

/// Any YAML file: the value is a token.
pub(super) fn generic(_: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    if found.is_typed {
        return Err(manual(
            "the value is a number or a boolean, and a reference is text",
            "put it in quotes if its reader takes text, then migrate again",
        ));
    }
    Ok(Place::of_file(found.scalar))
}

/// The pairs of a mapping: key, value, pair.
pub(super) fn pairs<'t>(mapping: Node<'t>, text: &'t str) -> Vec<(&'t str, Option<Node<'t>>, Node<'t>)> {
    let mut cursor = mapping.walk();
    let is_pair = |node: &Node<'t>| matches!(node.kind(), "block_mapping_pair" | "flow_pair");
    let pair = |node: Node<'t>| Some((key_of(node, text)?, node.child_by_field_name("value"), node));
    mapping.named_children(&mut cursor).filter(is_pair).filter_map(pair).collect()
}

/// The mapping that a value or document is.
pub(super) fn mapping(mut node: Node<'_>) -> Option<Node<'_>> {
    for _ in 0..4 {
        if matches!(node.kind(), "block_mapping" | "flow_mapping") {
            return Some(node);
        }
        let mut cursor = node.walk();
        node = node
            .named_children(&mut cursor)
            .find(|child| matches!(child.kind(), "block_node" | "flow_node" | "block_mapping" | "flow_mapping"))?;
    }
    None
}

/// The value under a key of a mapping.
pub(super) fn get<'t>(mapping: Node<'t>, key: &str, text: &'t str) -> Option<Node<'t>> {
    pairs(mapping, text).into_iter().find(|(known, ..)| *known == key)?.1
}

/// The text of a value, without quotes.
pub(super) fn word<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text[node.byte_range()].trim_matches(['"', '\''])
}

fn key_of<'t>(pair: Node<'t>, text: &'t str) -> Option<&'t str> {
    Some(word(pair.child_by_field_name("key")?, text))
}

fn grammar() -> tree_sitter::Language {
    tree_sitter_yaml::LANGUAGE.into()
}

/// Parses a file.
///
/// # Errors
/// It took too long, or is nested too deep.
pub(super) fn parse(text: &str) -> Result<tree_sitter::Tree, Manual> {
    is_shallow(text)?;
    tree::parse(&grammar(), text)
}

/// Levels of blocks that the grammar's scanner can keep; it stops the program beyond 253.
const DEEPEST: usize = 240;

/// Refuses what could be nested too deep. A line opens at most a level for each `- `, `? ` and `: `, one for a block of text and one for a list;
/// levels stay open for lines that are indented further.
fn is_shallow(text: &str) -> Result<(), Manual> {
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut depth = 0;
    for line in text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        let line = line.trim_start_matches('\u{feff}');
        let indent = line.len() - line.trim_start_matches(' ').len();
        let bytes = line.as_bytes();
        let opens = |at: &usize| matches!(bytes[*at], b'-' | b'?' | b':') && bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
        // A list may stand at the column of the key that holds it.
        let levels = (indent..bytes.len()).filter(opens).count() + 2;
        if indent == bytes.len() {
            continue;
        }
        while let Some((_, levels)) = open.pop_if(|(column, _)| *column >= indent) {
            depth -= levels;
        }
        open.push((indent, levels));
        depth += levels;
        if depth > DEEPEST {
            return Err(manual("the file could be nested deeper than is looked at", "replace it by hand"));
        }
    }
    Ok(())
}

impl Format for Yaml {
    fn name(&self) -> &'static str {
        self.name
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let text = file.text;
        let tree = parse(text)?;
        // A block's last line end is of the value but not of its node.
        let filled = span.start..span.start + text[span.clone()].trim_end().len().max(1);
        let path = tree::Path::to(&tree, &filled)?;
        if path.find(&["comment"]) == Some(0) {
            return Ok(Place::prose(text, span.clone()));
        }
        let Some(index) = path.find(&SCALARS) else {
            return Err(manual("it is not within one value", "replace it by hand"));
        };
        if (index..path.0.len()).any(|index| path.is_field(index, "key")) {
            return Err(manual("it is the key of a mapping", "replace it by hand"));
        }
        (self.place)(file, found(&path, index, text)?)
    }

    fn together(&self, file: &File<'_>, places: &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual> {
        (self.together)(file, places)
    }

    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        is_shallow(after)?;
        tree::verify(&grammar(), before, after, splices, |kind| kind)
    }
}

fn found<'t>(path: &tree::Path<'t>, index: usize, text: &'t str) -> Result<Found<'t>, Manual> {
    let node = path.0[index];
    let flow = path.is_within(index, &["flow_mapping", "flow_sequence"]);
    let (token, decode, quote) = read(node, flow, text)?;
    let line_end = match &text[token.clone()] {
        token if token.ends_with("\r\n") => Some("\r\n"),
        token if token.ends_with('\n') => Some("\n"),
        _ => None,
    };
    let around = &path.0[index + 1..];
    let is_pair = |node: &&Node<'t>| matches!(node.kind(), "block_mapping_pair" | "flow_pair");
    let mut keys: Vec<String> = around.iter().filter(is_pair).filter_map(|pair| Some(key_of(*pair, text)?.to_owned())).collect();
    keys.reverse();
    let holder = around.first().filter(|node| matches!(node.kind(), "flow_node" | "block_node"));
    let mut cursor = node.walk();
    let tag = holder.and_then(|holder| holder.named_children(&mut cursor).find(|child| child.kind() == "tag"));
    let inner = around.iter().take_while(|node| !is_pair(node));
    let is_item = inner.clone().any(|node| matches!(node.kind(), "block_sequence_item" | "flow_sequence"));
    Ok(Found {
        scalar: Scalar { token, decode, path: keys, quote, line_end },
        tag: tag.map(|tag| &text[tag.byte_range()]),
        mappings: around.iter().filter(|node| matches!(node.kind(), "block_mapping" | "flow_mapping")).copied().collect(),
        is_item,
        is_typed: node.kind() == "plain_scalar" && node.named_child(0).is_some_and(|child| child.kind() != "string_scalar"),
    })
}

/// Reads a scalar: its token, value and quotes.
fn read(node: Node<'_>, flow: bool, text: &str) -> Result<(Range<usize>, Decode, Quote), Manual> {
    let token = node.byte_range();
    let inside = token.start + 1..token.end.saturating_sub(1).max(token.start + 1);
    Ok(match node.kind() {
        "single_quote_scalar" => (token, folded(text, inside, &SINGLE)?, Quote::Single),
        "double_quote_scalar" => (token, folded(text, inside, &DOUBLE)?, Quote::Json),
        "block_scalar" => {
            let decode = block(text, &token)?;
            (token.start..decode.span.end.max(token.start), decode, Quote::Block)
        }
        _ => (token.clone(), folded(text, token, &RAW)?, Quote::Plain { flow }),
    })
}

fn finished(decoded: Decoded, span: Range<usize>, text: &str) -> Result<Decode, Manual> {
    let unclear = || manual("the spelling of the value could not be restored by undo", "write it on one line, or replace it by hand");
    let (value, spelling) = decoded.finish(text[span.clone()].as_bytes()).ok_or_else(unclear)?;
    Ok(Decode { value, span, spelling })
}

/// A plain or quoted scalar: a line end with the blanks around it is a blank, several are one less.
fn folded(text: &str, span: Range<usize>, syntax: &Syntax) -> Result<Decode, Manual> {
    let mut decoded = Decoded::default();
    let mut rest = &text[span.clone()];
    while let Some(end) = rest.find('\n') {
        let line = rest[..end].trim_end_matches(['\r', ' ', '\t']);
        let escapes = line.bytes().rev().take_while(|&byte| byte == b'\\').count();
        if syntax.escape.is_some() && escapes % 2 == 1 {
            return Err(manual("the value goes on after an escaped line end", "write it on one line, or replace it by hand"));
        }
        literal::characters(line, syntax, &mut decoded)?;
        let next = rest[end..].trim_start_matches(['\r', '\n', ' ', '\t']);
        let gap = &rest[line.len()..rest.len() - next.len()];
        let breaks = gap.bytes().filter(|&byte| byte == b'\n').count();
        let stands = if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) };
        decoded.push(stands.as_bytes(), Form::Folded(gap.to_owned()));
        rest = next;
    }
    literal::characters(rest, syntax, &mut decoded)?;
    finished(decoded, span, text)
}

/// A block scalar, `|` or `>`: the span is from its first character to its last line end that counts.
fn block(text: &str, token: &Range<usize>) -> Result<Decode, Manual> {
    let unclear = || manual("the block of text is not understood", "write it in quotes, or replace it by hand");
    let first = next_line(text, token.start);
    let header = text[token.start..first].trim_end();
    let (style, flags) = header.split_at_checked(1).ok_or_else(unclear)?;
    let (strip, keep) = (flags == "-", flags == "+");
    if !matches!(style, "|" | ">") || !(flags.is_empty() || strip || keep) {
        return Err(unclear());
    }
    let lines = lines_of(text, first, token).ok_or_else(unclear)?;
    let (depth, lines) = lines;
    let filled = lines.iter().rposition(|line| !text[line.clone()].trim().is_empty()).ok_or_else(unclear)?;
    let used = if keep { &lines[..] } else { &lines[..=filled] };
    let mut decoded = Decoded::default();
    let mut start = None;
    for (number, line) in used.iter().enumerate() {
        let content = &text[line.clone()];
        let body = content.trim_end_matches(['\r', '\n']);
        let blank = body.trim().is_empty() && body.len() <= depth;
        let (indent, body_text) = body.split_at(if blank { body.len() } else { depth });
        match start {
            None => start = Some(line.start + indent.len()),
            Some(_) if !indent.is_empty() => decoded.between(indent),
            Some(_) => {}
        }
        decoded.push(body_text.as_bytes(), Form::Plain);
        let is_last = number >= filled;
        let line_end = &content[body.len()..];
        if style == ">" && (blank || body_text.starts_with([' ', '\t'])) {
            return Err(manual("a folded block with empty or indented lines is not understood", "write it with |, or replace it by hand"));
        }
        match (line_end, is_last) {
            ("", _) => {}
            (_, true) if strip => {}
            (_, false) if style == ">" => decoded.push(b" ", Form::Folded(line_end.to_owned())),
            ("\r\n", _) => decoded.push(b"\n", Form::Prefixed("\r".to_owned())),
            _ => decoded.push(b"\n", Form::Plain),
        }
    }
    let end = used.last().map_or(first, |line| line.end);
    let end = if strip { end - (text[..end].len() - text[..end].trim_end_matches(['\r', '\n']).len()) } else { end };
    finished(decoded, start.ok_or_else(unclear)?..end, text)
}

/// The lines of a block and its indentation, that of its first filled line.
fn lines_of(text: &str, first: usize, token: &Range<usize>) -> Option<(usize, Vec<Range<usize>>)> {
    let mut depth = None;
    let mut lines = Vec::new();
    let mut at = first;
    while at < text.len() {
        let line = at..next_line(text, at);
        let content = text[line.clone()].trim_end_matches(['\r', '\n']);
        let indent = content.len() - content.trim_start_matches(' ').len();
        if !content.trim().is_empty() {
            if depth.is_none() && line.start >= token.end {
                break;
            }
            let least = *depth.get_or_insert(indent);
            if indent < least {
                break;
            }
        }
        at = line.end;
        lines.push(line);
    }
    let depth = depth.filter(|depth| *depth > 0)?;
    Some((depth, lines))
}
