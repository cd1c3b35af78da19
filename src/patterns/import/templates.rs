//! Examples for imported patterns. Owns: making templates of an expression and keeping those that prove right. Must not: hold values.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::super::shape::{self, Part};
use super::super::{Catalogue, PatternIndex, check, expression};

/// Examples of each kind.
const WANTED: usize = 2;
/// Ways through an expression that are tried.
const WAYS: u64 = 12;

/// Examples of a pattern.
#[derive(Debug, Default)]
pub struct Examples {
    /// Reported as the pattern.
    pub positive: Vec<String>,
    /// Not reported as the pattern.
    pub negative: Vec<String>,
    /// Why there are not enough of them.
    pub problem: Option<String>,
}

/// Examples of a pattern of the catalogue, each tried with the seed that the lint gives it.
#[must_use]
pub fn examples(catalogue: &Catalogue, index: PatternIndex) -> Examples {
    let mut made = Examples::default();
    let pattern = catalogue.pattern(index);
    let Some(hir) = pattern.def.regex.as_deref().and_then(|regex| expression::parse(regex).ok()) else { return made };
    let ways = [false, true].into_iter().flat_map(|generous| (0..WAYS).map(move |way| (way, generous)));
    let mut contexts: Vec<(String, String)> = ways.filter_map(|(way, generous)| context(&hir, way, generous)).collect();
    contexts.dedup();
    // The way that is written most simply comes first; a remark before it makes a second one where there is no other.
    let remarked: Vec<(String, String)> = contexts.iter().map(|(before, after)| (format!("# {before}"), after.clone())).collect();
    contexts.extend(remarked);
    let mut problem = "its expression cannot be followed".to_owned();
    for (before, after) in &contexts {
        let template = format!("{before}{{secret}}{after}");
        let seed = 1 + made.positive.len() as u64;
        if made.positive.len() == WANTED || made.positive.contains(&template) || !is_plain(before) || !is_plain(after) {
            continue;
        }
        match check::unreported(catalogue, index, &pattern.def, &template, seed) {
            None => made.positive.push(template),
            Some(reason) => problem = reason,
        }
    }
    for template in contexts.iter().flat_map(|(before, after)| near_misses(before, after)) {
        let seed = 1 + made.negative.len() as u64;
        let is_new = made.negative.len() < WANTED && !made.negative.contains(&template) && is_plain(&template);
        if is_new && check::reported_wrongly(catalogue, index, &template, seed).is_none() {
            made.negative.push(template);
        }
    }
    if made.positive.len() < WANTED {
        made.problem = Some(problem);
    }
    made
}

/// What stands there in place of the secret.
fn near_misses(before: &str, after: &str) -> [String; 4] {
    let with = |value: &str| format!("{before}{value}{after}");
    [with("$VALUE"), with(""), with("example"), format!("# {before}")]
}

/// Whether a template means the text as it is.
fn is_plain(text: &str) -> bool {
    text.is_empty() || matches!(shape::parse(text).as_deref(), Ok([Part::Literal(literal)]) if literal == text.as_bytes())
}

/// What stands before and after the secret in one match; `way` chooses among alternatives, and `generous` writes what can be missing too.
/// None where it has no secret.
fn context(hir: &Hir, way: u64, generous: bool) -> Option<(String, String)> {
    let mut writer = Writer { way, generous, before: None, text: Vec::new() };
    writer.run(hir);
    let before = String::from_utf8(writer.before?).ok()?;
    Some((before, String::from_utf8(writer.text).ok()?))
}

struct Writer {
    way: u64,
    generous: bool,
    before: Option<Vec<u8>>,
    text: Vec<u8>,
}

impl Writer {
    fn run(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.extend_from_slice(&literal.0),
            HirKind::Class(class) => self.text.push(nice(class)),
            HirKind::Repetition(repetition) => {
                let count = repetition.min.max(u32::from(self.generous || holds_secret(&repetition.sub)));
                for _ in 0..count.min(512) {
                    self.run(&repetition.sub);
                }
            }
            HirKind::Capture(capture) if capture.name.as_deref() == Some("secret") => {
                self.before = Some(std::mem::take(&mut self.text));
            }
            HirKind::Capture(capture) => self.run(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.run(part)),
            HirKind::Alternation(parts) => {
                let with_secret: Vec<&Hir> = parts.iter().filter(|part| holds_secret(part)).collect();
                let all: Vec<&Hir> = if with_secret.is_empty() { parts.iter().collect() } else { with_secret };
                let count = all.len() as u64;
                let chosen = usize::try_from(self.way % count).unwrap_or(0);
                self.way /= count.min(self.way + 1);
                self.run(all[chosen]);
            }
        }
    }
}

fn holds_secret(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Capture(capture) => capture.name.as_deref() == Some("secret") || holds_secret(&capture.sub),
        HirKind::Repetition(repetition) => holds_secret(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(holds_secret),
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => false,
    }
}

/// A member of the class that one would write between a name and a value.
fn nice(class: &Class) -> u8 {
    const LIKED: &[u8] = b"= \"':_-";
    let (members, _) = expression::ascii_members(class);
    let liked = LIKED.iter().find(|byte| members.contains(byte)).copied();
    let letter = members.iter().find(|byte| byte.is_ascii_lowercase()).copied();
    let visible = members.iter().find(|byte| byte.is_ascii_graphic()).copied();
    liked.or(letter).or(visible).or(members.first().copied()).unwrap_or(b' ')
}
