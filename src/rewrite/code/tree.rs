//! Syntax trees. Owns: parsing in bounded time, the way from the root to a place, joined literals, comparison of trees before and after.
//! Must not: know a language.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use tree_sitter::{Language, Node, ParseOptions, Parser};

use crate::rewrite::literal::manual;
use crate::rewrite::{Manual, Splice};

/// Most brackets that are open at once in a file that is parsed.
const DEEPEST: usize = 1_000;

/// Most nodes above a place.
const DEEPEST_PLACE: usize = 300;

/// Literals of more parts are not joined.
const MOST_PARTS: usize = 1_000;

/// Longest time for a parse.
const PATIENCE: Duration = Duration::from_secs(10);

/// Grammar and digest of a text, and its tree.
type Parsed = (Language, [u8; 32], tree_sitter::Tree);

thread_local! {
    /// The last tree: a file with many places is asked for many times in a row. It holds positions, no text.
    static LAST: RefCell<Option<Parsed>> = const { RefCell::new(None) };
}

/// Parses a file, unless it is the one that was parsed last.
///
/// # Errors
/// It took too long.
pub(in crate::rewrite) fn parse(grammar: &Language, text: &str) -> Result<tree_sitter::Tree, Manual> {
    if depth(text) > DEEPEST {
        return Err(manual("the file is nested too deeply", "replace it by hand"));
    }
    let digest: [u8; 32] = Sha256::digest(text).into();
    let known = LAST.with_borrow(|last| {
        let (_, _, tree) = last.as_ref().filter(|(language, known, _)| language == grammar && *known == digest)?;
        Some(tree.clone())
    });
    if let Some(tree) = known {
        return Ok(tree);
    }
    let tree = parse_anew(grammar, text)?;
    LAST.set(Some((grammar.clone(), digest, tree.clone())));
    Ok(tree)
}

/// Most brackets that are open at once, wherever they stand.
fn depth(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn parse_anew(grammar: &Language, text: &str) -> Result<tree_sitter::Tree, Manual> {
    let mut parser = Parser::new();
    parser.set_language(grammar).expect("because grammars and parser are of one version");
    let start = Instant::now();
    let mut wait =
        |_: &tree_sitter::ParseState| if start.elapsed() > PATIENCE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let options = ParseOptions::new().progress_callback(&mut wait);
    let mut read = |at: usize, _| &text.as_bytes()[at..];
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    tree.ok_or_else(|| manual("the file could not be parsed in 10 seconds", "replace it by hand"))
}

/// The nodes around a span, the innermost first.
pub(in crate::rewrite) struct Path<'t>(pub Vec<Node<'t>>);

impl<'t> Path<'t> {
    /// The way to the smallest node that holds `span`.
    ///
    /// # Errors
    /// There is a syntax error around it.
    pub fn to(tree: &'t tree_sitter::Tree, span: &Range<usize>) -> Result<Self, Manual> {
        let mut cursor = tree.walk();
        let mut nodes = vec![cursor.node()];
        while cursor.goto_first_child_for_byte(span.start).is_some() {
            if cursor.node().start_byte() > span.start || cursor.node().end_byte() < span.end {
                break;
            }
            nodes.push(cursor.node());
        }
        if nodes.iter().any(|node| node.is_error() || node.is_missing()) {
            return Err(manual("the code around it has a syntax error", "mend the code, then migrate again"));
        }
        if nodes.len() > DEEPEST_PLACE {
            return Err(manual("it is nested too deeply", "replace it by hand"));
        }
        nodes.reverse();
        Ok(Self(nodes))
    }

    /// The position of the innermost node of one of these kinds.
    pub fn find(&self, kinds: &[&str]) -> Option<usize> {
        self.0.iter().position(|node| kinds.contains(&node.kind()))
    }

    /// The kind of the node at `index`; empty above the root.
    pub fn kind(&self, index: usize) -> &'t str {
        self.0.get(index).map_or("", |node| node.kind())
    }

    /// Whether the node at `index` is the field `name` of the node above it.
    pub fn is_field(&self, index: usize, name: &str) -> bool {
        let (Some(node), Some(parent)) = (self.0.get(index), self.0.get(index + 1)) else { return false };
        let mut cursor = parent.walk();
        parent.children_by_field_name(name, &mut cursor).any(|child| child == *node)
    }

    /// Whether a node of one of these kinds is above `index`.
    pub fn is_within(&self, index: usize, kinds: &[&str]) -> bool {
        self.0.iter().skip(index + 1).any(|node| kinds.contains(&node.kind()))
    }

    /// Text of a field of the node at `index`.
    pub fn field<'s>(&self, index: usize, name: &str, text: &'s str) -> Option<&'s str> {
        Some(&text[self.0.get(index)?.child_by_field_name(name)?.byte_range()])
    }
}

/// The literals that `node` joins, where it joins nothing but literals: `a + b`, `(a)`.
pub(in crate::rewrite) fn joined<'t>(node: Node<'t>, literals: &[&str], joins: &[&str], text: &str) -> Option<Vec<Node<'t>>> {
    let mut found = Vec::new();
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        if found.len() + stack.len() > MOST_PARTS {
            return None;
        }
        if literals.contains(&node.kind()) {
            found.push(node);
        } else if joins.contains(&node.kind()) {
            let mut cursor = node.walk();
            let children: Vec<Node<'t>> = node.children(&mut cursor).collect();
            for child in children.into_iter().rev() {
                match (child.is_named(), &text[child.byte_range()]) {
                    _ if child.is_extra() => {}
                    (true, _) => stack.push(child),
                    (false, "+" | "(" | ")") => {}
                    (false, _) => return None,
                }
            }
        } else {
            return None;
        }
    }
    Some(found)
}

/// A named text in the tree: the chain of kinds above it and its bytes.
type Leaves = Vec<(u64, Range<usize>)>;

/// The chain of kinds with one more; a kind without a name does not count.
fn step(chain: u64, kind: &str) -> u64 {
    if kind.is_empty() {
        return chain;
    }
    let mut hasher = DefaultHasher::new();
    (chain, kind).hash(&mut hasher);
    hasher.finish()
}

/// All leaves, and how many errors the tree has.
fn leaves(tree: &tree_sitter::Tree, same: fn(&str) -> &str) -> (Leaves, usize) {
    let mut cursor = tree.walk();
    let mut found = Vec::new();
    let mut errors = 0;
    let mut chain = vec![0_u64];
    loop {
        let node = cursor.node();
        errors += usize::from(node.is_error() || node.is_missing());
        let hash = step(chain.last().copied().unwrap_or_default(), same(node.kind()));
        if node.child_count() > 0 && cursor.goto_first_child() {
            chain.push(hash);
            continue;
        }
        if !node.byte_range().is_empty() {
            found.push((hash, node.byte_range()));
        }
        while !cursor.goto_next_sibling() {
            chain.pop();
            if !cursor.goto_parent() {
                return (found, errors);
            }
        }
    }
}

/// The stretches that splices may change, before and after: each with the leaves that it cuts, as one.
pub(super) fn stretches(splices: &[Splice], leaves: &[Range<usize>]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let mut both: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (splice, new) in splices.iter().zip(moved(splices)) {
        let old = &splice.span;
        let first = leaves.partition_point(|leaf| leaf.end <= old.start);
        let cut = leaves[first..].iter().take_while(|leaf| leaf.start < old.end);
        let (start, end) = cut.fold((old.start, old.end), |(start, end), leaf| (start.min(leaf.start), end.max(leaf.end)));
        let new = new.start - (old.start - start)..new.end + (end - old.end);
        match both.last_mut() {
            Some((last_old, last_new)) if last_old.end > start => {
                last_old.end = end.max(last_old.end);
                last_new.end = new.end;
            }
            _ => both.push((start..end, new)),
        }
    }
    both.into_iter().unzip()
}

/// The leaves that no stretch touches.
fn outside(leaves: Leaves, stretches: &[Range<usize>]) -> Leaves {
    let touched = |leaf: &Range<usize>| {
        let next = stretches.partition_point(|stretch| stretch.end <= leaf.start);
        stretches.get(next).is_some_and(|stretch| stretch.start < leaf.end)
    };
    leaves.into_iter().filter(|leaf| !touched(&leaf.1)).collect()
}

/// Where the splices are after they were made.
pub(in crate::rewrite) fn moved(splices: &[Splice]) -> Vec<Range<usize>> {
    let mut grown = 0;
    let mut shrunk = 0;
    let place = |splice: &Splice| {
        let start = splice.span.start + grown - shrunk;
        grown += splice.text.len();
        shrunk += splice.span.len();
        start..start + splice.text.len()
    };
    splices.iter().map(place).collect()
}

/// Checks that the trees differ only where the splices are, and that no error came. `same` gives kinds that may
/// take each other's place one name, and none to kinds that may come and go.
///
/// # Errors
/// What differs.
pub(in crate::rewrite) fn verify(
    grammar: &Language,
    before: &str,
    after: &str,
    splices: &[Splice],
    same: fn(&str) -> &str,
) -> Result<(), Manual> {
    let old = parse(grammar, before)?;
    let new = parse(grammar, after)?;
    let (old, old_errors) = leaves(&old, same);
    let (new, new_errors) = leaves(&new, same);
    let spans: Vec<Range<usize>> = old.iter().map(|leaf| leaf.1.clone()).collect();
    let (before_spans, after_spans) = stretches(splices, &spans);
    let (old, new) = (outside(old, &before_spans), outside(new, &after_spans));
    if new_errors > old_errors {
        return Err(manual("the rewritten file has a syntax error", "replace it by hand"));
    }
    let text = |text: &'_ str, leaf: &(u64, Range<usize>)| text[leaf.1.clone()].to_owned();
    let equal = old.len() == new.len() && old.iter().zip(&new).all(|(a, b)| a.0 == b.0 && text(before, a) == text(after, b));
    if !equal {
        return Err(manual("rewriting would change the meaning of other code", "replace it by hand"));
    }
    Ok(())
}

/// Whether a node of one of `kinds` under `root` holds the identifier `name`, other than at `except`.
pub(in crate::rewrite) fn uses(root: Node<'_>, name: &str, kinds: &[&str], except: &Range<usize>, text: &str) -> bool {
    let mut cursor = root.walk();
    let mut within = vec![false];
    loop {
        let node = cursor.node();
        let inside = within.last().copied().unwrap_or_default() || kinds.contains(&node.kind());
        let range = node.byte_range();
        let apart = range.end <= except.start || except.end <= range.start;
        if inside && apart && node.child_count() == 0 && &text[range] == name {
            return true;
        }
        if cursor.goto_first_child() {
            within.push(inside);
            continue;
        }
        while !cursor.goto_next_sibling() {
            within.pop();
            if !cursor.goto_parent() {
                return false;
            }
        }
    }
}

/// The literal at a span with the literals that it is joined to: its nodes, and where the join is on the path.
///
/// # Errors
/// It is in no literal.
pub(in crate::rewrite) fn literal<'t>(
    path: &Path<'t>,
    literals: &[&str],
    joins: &[&str],
    text: &str,
) -> Result<(Vec<Node<'t>>, usize), Manual> {
    let nowhere = || manual("it is not in a string literal", "look at the place: the value may be a name or a number");
    let found = path.find(literals).ok_or_else(nowhere)?;
    let mut top = found;
    let mut nodes = vec![path.0[found]];
    let mut index = found;
    while let Some(parent) = path.0.get(index + 1).filter(|parent| joins.contains(&parent.kind())) {
        let Some(several) = joined(*parent, literals, joins, text) else { break };
        index += 1;
        if several.len() > 1 {
            top = index;
        }
        nodes = several;
    }
    Ok((nodes, top))
}
