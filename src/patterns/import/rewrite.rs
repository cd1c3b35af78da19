//! Foreign expressions made ours. Owns: the group `secret`, bounds for repetitions, matches at the ends of lines. Must not: know rules.

use regex_syntax::ast::{self, Ast, GroupKind, RepetitionKind, RepetitionRange};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::super::check::MAX_MATCH;
use super::super::expression;
use super::dialect;

/// Deepest nesting of groups.
const NEST_LIMIT: u32 = 60;
/// Longest expression in bytes.
const LONGEST: usize = 16 * 1024;
/// Bounds that are tried for repetitions without an end, in the secret and elsewhere, and for counted ones.
const BOUNDS: [Bounds; 5] = [
    Bounds { secret: 1024, around: 100, counted: 3000 },
    Bounds { secret: 512, around: 64, counted: 2000 },
    Bounds { secret: 256, around: 32, counted: 1000 },
    Bounds { secret: 128, around: 16, counted: 500 },
    Bounds { secret: 64, around: 8, counted: 250 },
];

/// Most repeats.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    secret: u32,
    around: u32,
    counted: u32,
}

/// Which part of a match is the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// The first group, or the whole match where there is none.
    First,
    /// The group with this number; 0 is the whole match.
    Number(u32),
    /// The group with this name.
    Name(String),
}

/// An expression in our form, and what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// With the group `secret`, every repetition bounded.
    pub regex: String,
    /// What does not mean what it did.
    pub remarks: Vec<String>,
}

/// Rewrites an expression.
///
/// # Errors
/// Why it cannot be carried over, as the end of a sentence.
pub fn rewrite(text: &str, group: &Group) -> Result<Rewritten, String> {
    if text.len() > LONGEST {
        return Err(format!("its expression has more than {LONGEST} bytes"));
    }
    let (text, remarks) = dialect::translate(text);
    let mut remarks: Vec<String> = remarks.into_iter().map(str::to_owned).collect();
    let parsed = parse(&text)?;
    let number = number(&parsed, group)?;
    for bounds in BOUNDS {
        let mut ast = parsed.clone();
        let mut editor = Editor { number, bounds, inside: number == 0, bounded: false, cut: false, optional: false };
        editor.edit(&mut ast, false);
        let regex = if number == 0 { format!("(?P<secret>{ast})") } else { open_ends(ast).to_string() };
        let hir = expression::parse(&regex).map_err(|error| refused(&error.to_string()))?;
        if needs_line_end(&hir) {
            return Err("its matches span lines, and ours lie on one".to_owned());
        }
        if hir.properties().maximum_len().is_none_or(|length| length > MAX_MATCH) {
            continue;
        }
        remarks.extend(editor.remarks());
        if has_any_byte(&hir) {
            remarks.push("a match lies on one line; text over several lines is not matched".to_owned());
        }
        return Ok(Rewritten { regex, remarks });
    }
    Err(format!("its matches can have more than {MAX_MATCH} bytes, whatever bounds its repetitions get"))
}

/// An expression of paths or values in our spelling; these need no bounds.
///
/// # Errors
/// Why it cannot be carried over.
pub fn translate_only(text: &str) -> Result<String, String> {
    if text.len() > LONGEST {
        return Err(format!("it has more than {LONGEST} bytes"));
    }
    let (text, _) = dialect::translate(text);
    parse(&text)?;
    expression::parse(&text).map_err(|error| refused(&error.to_string()))?;
    Ok(text)
}

fn parse(text: &str) -> Result<Ast, String> {
    ast::parse::ParserBuilder::new().nest_limit(NEST_LIMIT).build().parse(text).map_err(|error| refused(&error.kind().to_string()))
}

/// The parser's words; those of several lines show the expression, which the reader has.
fn refused(message: &str) -> String {
    let last = message.trim_end().lines().last().unwrap_or_default();
    format!("its expression cannot be read: {}", last.trim_start_matches("error: "))
}

/// The number of the group; 0 for the whole match.
fn number(ast: &Ast, group: &Group) -> Result<u32, String> {
    let mut groups = Vec::new();
    captures(ast, &mut groups);
    match group {
        Group::First => Ok(u32::from(!groups.is_empty())),
        Group::Number(number) if *number == 0 || groups.iter().any(|(known, _)| known == number) => Ok(*number),
        Group::Number(number) => Err(format!("its expression has no group {number}")),
        Group::Name(name) => groups
            .iter()
            .find(|(_, known)| known.as_ref() == Some(name))
            .map(|(number, _)| *number)
            .ok_or_else(|| format!("its expression has no group {name}")),
    }
}

fn captures(ast: &Ast, found: &mut Vec<(u32, Option<String>)>) {
    match ast {
        Ast::Group(group) => {
            match &group.kind {
                GroupKind::CaptureIndex(number) => found.push((*number, None)),
                GroupKind::CaptureName { name, .. } => found.push((name.index, Some(name.name.clone()))),
                GroupKind::NonCapturing(_) => {}
            }
            captures(&group.ast, found);
        }
        Ast::Repetition(repetition) => captures(&repetition.ast, found),
        Ast::Alternation(alternation) => alternation.asts.iter().for_each(|ast| captures(ast, found)),
        Ast::Concat(concat) => concat.asts.iter().for_each(|ast| captures(ast, found)),
        // Leaves hold no group.
        _ => {}
    }
}

/// The names of the groups of an expression.
#[must_use]
pub fn group_names(text: &str) -> Vec<String> {
    let mut groups = Vec::new();
    if let Ok(ast) = parse(&dialect::translate(text).0) {
        captures(&ast, &mut groups);
    }
    groups.into_iter().filter_map(|(_, name)| name).collect()
}

/// Names the group, frees the others of theirs, and bounds repetitions.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Editor {
    number: u32,
    bounds: Bounds,
    /// Whether the secret is being edited.
    inside: bool,
    bounded: bool,
    cut: bool,
    /// Whether there are matches without the group.
    optional: bool,
}

impl Editor {
    /// `optional`: whether a match can do without this part.
    fn edit(&mut self, ast: &mut Ast, optional: bool) {
        match ast {
            Ast::Group(group) => {
                let number = match &group.kind {
                    GroupKind::CaptureIndex(number) => Some(*number),
                    GroupKind::CaptureName { name, .. } => Some(name.index),
                    GroupKind::NonCapturing(_) => None,
                };
                let is_secret = number == Some(self.number) && self.number > 0;
                if is_secret {
                    self.optional = optional;
                    let name = ast::CaptureName { span: group.span, name: "secret".to_owned(), index: self.number };
                    group.kind = GroupKind::CaptureName { starts_with_p: true, name };
                } else if number.is_some() {
                    group.kind = GroupKind::NonCapturing(ast::Flags { span: group.span, items: Vec::new() });
                }
                let outside = self.inside;
                self.inside |= is_secret;
                self.edit(&mut group.ast, optional);
                self.inside = outside;
            }
            Ast::Repetition(repetition) => {
                self.bound(&mut repetition.op.kind);
                let can_lack = matches!(repetition.op.kind, RepetitionKind::ZeroOrOne)
                    || matches!(repetition.op.kind, RepetitionKind::Range(RepetitionRange::Bounded(0, _)));
                self.edit(&mut repetition.ast, optional || can_lack);
            }
            Ast::Alternation(alternation) => alternation.asts.iter_mut().for_each(|ast| self.edit(ast, true)),
            Ast::Concat(concat) => concat.asts.iter_mut().for_each(|ast| self.edit(ast, optional)),
            // Leaves repeat nothing.
            _ => {}
        }
    }

    fn bound(&mut self, kind: &mut RepetitionKind) {
        let most = if self.inside { self.bounds.secret } else { self.bounds.around };
        let (min, max) = match *kind {
            RepetitionKind::ZeroOrOne | RepetitionKind::Range(RepetitionRange::Exactly(_)) => return,
            RepetitionKind::ZeroOrMore => (0, None),
            RepetitionKind::OneOrMore => (1, None),
            RepetitionKind::Range(RepetitionRange::AtLeast(min)) => (min, None),
            RepetitionKind::Range(RepetitionRange::Bounded(min, max)) => (min, Some(max)),
        };
        let bound = match max {
            None => {
                self.bounded = true;
                if min < most { most } else { min.saturating_add(most) }
            }
            Some(max) => {
                self.cut |= max > self.bounds.counted.max(min);
                max.min(self.bounds.counted.max(min))
            }
        };
        *kind = RepetitionKind::Range(RepetitionRange::Bounded(min, bound));
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.bounded {
            let Bounds { secret, around, .. } = self.bounds;
            remarks.push(format!("repetition without an end is bounded: {secret} times in the secret, {around} elsewhere"));
        }
        if self.cut {
            remarks.push(format!("repetition of more than {} times is cut to that", self.bounds.counted));
        }
        if self.optional && self.number > 0 {
            remarks.push(format!("the secret is group {}; matches where it has no part are not reported", self.number));
        }
        remarks
    }
}

/// Our expressions see a line without its end. So what may be a line end before or behind the secret may also be the end of the line.
fn open_ends(mut ast: Ast) -> Ast {
    if let Ast::Concat(concat) = &mut ast {
        let whole = concat.asts.len();
        for (at, look) in [(0, "^"), (whole - 1, "$")] {
            let Some(end) = concat.asts.get_mut(at) else { continue };
            let text = end.to_string();
            if text.contains("(?P<secret>") || !is_line_end(&text) {
                continue;
            }
            let opened = if at == 0 { format!("(?:{look}|{text})") } else { format!("(?:{text}|{look})") };
            if let Ok(opened) = parse(&opened) {
                *end = opened;
            }
        }
    }
    ast
}

/// Whether the expression matches a line end, and nothing does not.
fn is_line_end(text: &str) -> bool {
    let compiled = regex::bytes::RegexBuilder::new(&format!(r"\A(?:{text})\z")).unicode(false).size_limit(1 << 20).build();
    compiled.is_ok_and(|regex| regex.is_match(b"\n") && !regex.is_match(b""))
}

/// Whether every match holds a line end.
fn needs_line_end(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Class(class) => expression::ascii_members(class) == (vec![b'\n'], false),
        HirKind::Repetition(repetition) => repetition.min > 0 && needs_line_end(&repetition.sub),
        HirKind::Capture(capture) => needs_line_end(&capture.sub),
        HirKind::Concat(parts) => parts.iter().any(needs_line_end),
        HirKind::Alternation(parts) => parts.iter().all(needs_line_end),
    }
}

/// Whether a class of the expression has all bytes, line ends too: it was meant for text over several lines.
fn has_any_byte(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Bytes(class)) => class.ranges().iter().any(|range| range.start() == 0 && range.end() == 255),
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Repetition(repetition) => has_any_byte(&repetition.sub),
        HirKind::Capture(capture) => has_any_byte(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(has_any_byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(text: &str) -> String {
        rewrite(text, &Group::First).unwrap().regex
    }

    fn error(text: &str) -> String {
        rewrite(text, &Group::First).unwrap_err()
    }

    #[test]
    fn the_secret_is_the_group_that_is_meant() {
        assert_eq!(regex("key=([a-z]{9})"), "key=(?P<secret>[a-z]{9})");
        assert_eq!(regex("key=[a-z]{9}"), "(?P<secret>key=[a-z]{9})");
        assert_eq!(rewrite("(key)=([a-z]{9})", &Group::Number(2)).unwrap().regex, "(?:key)=(?P<secret>[a-z]{9})");
        assert_eq!(rewrite("(key)=([a-z]{9})", &Group::Number(0)).unwrap().regex, "(?P<secret>(?:key)=(?:[a-z]{9}))");
        assert_eq!(
            rewrite("(?<k>key)=(?<token>[a-z]{9})", &Group::Name("token".to_owned())).unwrap().regex,
            "(?:key)=(?P<secret>[a-z]{9})"
        );
        assert_eq!(rewrite("(a)", &Group::Number(2)).unwrap_err(), "its expression has no group 2");
    }

    #[test]
    fn repetitions_are_bounded() {
        let rewritten = rewrite(r"key\s*=\s*([a-z]+)", &Group::First).unwrap();
        assert_eq!(rewritten.regex, r"key\s{0,100}=\s{0,100}(?P<secret>[a-z]{1,1024})");
        assert_eq!(rewritten.remarks, ["repetition without an end is bounded: 1024 times in the secret, 100 elsewhere"]);
        assert_eq!(regex("key=([a-z]{20,})"), "key=(?P<secret>[a-z]{20,1024})");
        assert_eq!(regex("(?:a+b)+?c([a-z]{9})"), "(?:a{1,32}b){1,32}?c(?P<secret>[a-z]{9})");
        let cut = rewrite("key=([a-z]{1,9000})", &Group::First).unwrap();
        assert_eq!((cut.regex.as_str(), cut.remarks.len()), ("key=(?P<secret>[a-z]{1,3000})", 1));
        assert_eq!(error("(?:(?:(?:a+)+)+)+"), "its matches can have more than 4096 bytes, whatever bounds its repetitions get");
        assert_eq!(error("([a-z]{5000})"), "its matches can have more than 4096 bytes, whatever bounds its repetitions get");
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        assert_eq!(
            error("(?!x)([a-z]{9})"),
            "its expression cannot be read: look-around, including look-ahead and look-behind, is not supported"
        );
        assert_eq!(error(r"([a-z])\1"), "its expression cannot be read: backreferences are not supported");
        assert!(error("([a-z]").starts_with("its expression cannot be read: unclosed group"), "{}", error("([a-z]"));
        assert!(error(r"\p{Greek}{9}").starts_with("its expression cannot be read: Unicode"), "{}", error(r"\p{Greek}{9}"));
        assert_eq!(error(r"-----BEGIN\n([a-z]{9})"), "its matches span lines, and ours lie on one");
    }

    #[test]
    fn ends_of_lines_are_ends() {
        assert_eq!(regex(r"\skey=([a-z]{9})[\s;]"), r"(?:^|\s)key=(?P<secret>[a-z]{9})(?:[\s;]|$)");
        assert_eq!(regex(r"key=([a-z]{9})(?:[\s;]|$)"), r"key=(?P<secret>[a-z]{9})(?:[\s;]|$)");
        assert_eq!(regex(r"key=([a-z]{9})[,;]"), r"key=(?P<secret>[a-z]{9})[,;]");
        assert_eq!(regex(r"key=([a-z]{9}\n?)"), r"key=(?P<secret>[a-z]{9}\n?)");
    }

    #[test]
    fn groups_that_may_be_missing_are_told() {
        let remarks = rewrite("a=([a-z]{9})|b=([a-z]{9})", &Group::First).unwrap().remarks;
        assert_eq!(remarks, ["the secret is group 1; matches where it has no part are not reported"]);
        let remarks = rewrite(r"BEGIN([\s\S]*?)END", &Group::First).unwrap().remarks;
        assert_eq!(remarks[1], "a match lies on one line; text over several lines is not matched");
    }

    #[test]
    fn hostile_expressions_do_no_harm() {
        assert!(rewrite(&"(".repeat(9000), &Group::First).is_err());
        assert!(rewrite(&"a".repeat(20_000), &Group::First).is_err());
        assert!(rewrite("((((a{1000}){1000}){1000}){1000})", &Group::First).is_err());
        assert!(translate_only("(?=a)").is_err());
    }
}
