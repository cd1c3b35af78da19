//! Literals that every match of an expression holds. Owns: deriving them, for anchors. Must not: know rules.

use regex_syntax::hir::{Hir, HirKind};

use super::super::expression;

/// Shortest literal that is any use, in bytes.
const SHORTEST: usize = 3;
/// Length from which a longer literal is no better.
const LONG_ENOUGH: usize = 6;
/// Longest literal that is kept.
const LONGEST: usize = 32;
/// Alternatives that are told apart.
const MOST: usize = 96;
/// Members of a class that are told apart.
const MOST_MEMBERS: usize = 4;

/// A text; where case counts for nothing, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Literal {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether it may stand in any case.
    pub any_case: bool,
}

/// Literals one of which stands in every match; none where there is no such list worth having.
#[must_use]
pub fn required(hir: &Hir) -> Option<Vec<Literal>> {
    let known = Known::of(hir);
    best([known.exact, known.within].into_iter().flatten().filter_map(usable))
}

/// What is known of the matches of an expression.
struct Known {
    /// All of them, written out, where they are few.
    exact: Option<Vec<Literal>>,
    /// Literals one of which stands in each.
    within: Option<Vec<Literal>>,
}

impl Known {
    const NOTHING: Self = Self { exact: None, within: None };

    fn exactly(literals: Vec<Literal>) -> Self {
        Self { exact: (literals.len() <= MOST).then_some(literals), within: None }
    }

    fn text(bytes: &[u8]) -> Self {
        Self::exactly(vec![Literal { bytes: bytes.to_vec(), any_case: false }])
    }

    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::text(b""),
            HirKind::Literal(literal) => Self::text(&literal.0),
            HirKind::Class(class) => {
                let (members, has_others) = expression::ascii_members(class);
                match members.as_slice() {
                    _ if has_others => Self::NOTHING,
                    [upper, lower] if upper.is_ascii_uppercase() && upper.to_ascii_lowercase() == *lower => {
                        Self::exactly(vec![Literal { bytes: vec![*lower], any_case: true }])
                    }
                    few if few.len() <= MOST_MEMBERS => {
                        Self::exactly(few.iter().map(|&byte| Literal { bytes: vec![byte], any_case: false }).collect())
                    }
                    _ => Self::NOTHING,
                }
            }
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                let sub = Self::of(&repetition.sub);
                match (repetition.min, repetition.max) {
                    (1, Some(1)) => sub,
                    (0, Some(1)) => sub.exact.map_or(Self::NOTHING, |mut exact| {
                        exact.push(Literal { bytes: Vec::new(), any_case: false });
                        Self::exactly(exact)
                    }),
                    (0, _) => Self::NOTHING,
                    (copies, max) if max == Some(copies) && copies <= 16 => {
                        let parts = vec![sub.exact.clone(); usize::try_from(copies).unwrap_or(0)];
                        let joined = parts.into_iter().try_fold(vec![Literal::empty()], |heads, tails| product(&heads, &tails?));
                        Self { exact: joined, within: sub.exact.or(sub.within) }
                    }
                    _ => Self { exact: None, within: best([sub.exact, sub.within].into_iter().flatten().filter_map(usable)) },
                }
            }
            HirKind::Concat(parts) => Self::of_concat(parts),
            HirKind::Alternation(parts) => {
                let all: Vec<Self> = parts.iter().map(Self::of).collect();
                let exact: Option<Vec<Vec<Literal>>> = all.iter().map(|known| known.exact.clone()).collect();
                let within: Option<Vec<Vec<Literal>>> =
                    all.into_iter().map(|known| best([known.exact, known.within].into_iter().flatten().filter_map(usable))).collect();
                Self {
                    exact: exact.map(|lists| lists.concat()).filter(|list| list.len() <= MOST),
                    within: within.map(|lists| lists.concat()).filter(|list| list.len() <= MOST),
                }
            }
        }
    }

    /// Joins neighbours that are known exactly and takes the best of what the parts hold.
    fn of_concat(parts: &[Hir]) -> Self {
        let mut run = vec![Literal::empty()];
        let mut is_exact = true;
        let mut candidates = Vec::new();
        for part in parts {
            let known = Self::of(part);
            if let Some(longer) = known.exact.as_ref().and_then(|exact| product(&run, exact)) {
                run = longer;
                continue;
            }
            is_exact = false;
            candidates.push(std::mem::replace(&mut run, known.exact.unwrap_or_else(|| vec![Literal::empty()])));
            candidates.extend(known.within);
        }
        if is_exact {
            return Self { exact: Some(run), within: None };
        }
        candidates.push(run);
        Self { exact: None, within: best(candidates.into_iter().filter_map(usable)) }
    }
}

impl Literal {
    const fn empty() -> Self {
        Self { bytes: Vec::new(), any_case: false }
    }
}

/// Every head followed by every tail; none where there are too many.
fn product(heads: &[Literal], tails: &[Literal]) -> Option<Vec<Literal>> {
    if heads.len() * tails.len() > MOST {
        return None;
    }
    let join = |head: &Literal, tail: &Literal| {
        let any_case = head.any_case || tail.any_case;
        let mut bytes = [head.bytes.as_slice(), &tail.bytes].concat();
        if any_case {
            bytes.make_ascii_lowercase();
        }
        Literal { bytes, any_case }
    };
    let joined: Vec<Literal> = heads.iter().flat_map(|head| tails.iter().map(move |tail| join(head, tail))).collect();
    joined.iter().all(|literal| literal.bytes.len() <= 4 * LONGEST).then_some(joined)
}

/// The literals as anchors can be written: long enough, without line ends and braces, which mean something there, each once.
fn usable(literals: Vec<Literal>) -> Option<Vec<Literal>> {
    let cut = |literal: Literal| {
        let pieces = literal.bytes.split(|byte| !byte.is_ascii_graphic() && *byte != b' ' || b"{}".contains(byte));
        let longest = pieces.max_by_key(|piece| piece.len())?;
        let bytes = longest[..longest.len().min(LONGEST)].to_vec();
        (bytes.len() >= SHORTEST).then_some(Literal { bytes, any_case: literal.any_case })
    };
    let mut cut: Vec<Literal> = literals.into_iter().map(cut).collect::<Option<_>>()?;
    cut.sort();
    cut.dedup();
    Some(cut)
}

/// The list whose shortest literal is longest; of equals the shorter list.
fn best(lists: impl Iterator<Item = Vec<Literal>>) -> Option<Vec<Literal>> {
    lists.max_by_key(|list| {
        let shortest = list.iter().map(|literal| literal.bytes.len()).min().unwrap_or(0).min(LONG_ENOUGH);
        (shortest, std::cmp::Reverse(list.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(regex: &str) -> Option<Vec<String>> {
        let show = |literal: Literal| format!("{}{}", if literal.any_case { "~" } else { "" }, String::from_utf8(literal.bytes).unwrap());
        Some(required(&expression::parse(regex).unwrap())?.into_iter().map(show).collect())
    }

    #[test]
    fn literals_stand_in_every_match() {
        assert_eq!(texts("acme_[a-z]{20}").unwrap(), ["acme_"]);
        assert_eq!(texts("(?i)acme[_-]?key=[a-z]{20}").unwrap(), ["~acme-key=", "~acme_key=", "~acmekey="]);
        assert_eq!(texts("(?:live|test)_[a-z]{20}").unwrap(), ["live_", "test_"]);
        assert_eq!(texts("[a-z]{0,9}(?:access|token)[a-z]{1,9}").unwrap(), ["access", "token"]);
        assert_eq!(texts("(?:abc){2,3}x[0-9]{9}").unwrap(), ["abc"]);
        assert_eq!(texts("[a-z]+ab[a-z]+"), None);
        assert_eq!(texts("(?:acme|[a-z]{9})"), None);
        assert_eq!(texts("(?:acme)?[a-z]{9}"), None);
    }

    #[test]
    fn the_longest_is_taken_and_braces_are_left_out() {
        assert_eq!(texts("key[a-z]{3}acme_secret[a-z]{9}").unwrap(), ["acme_secret"]);
        assert_eq!(texts(r#"\{"secret": "[a-z]{9}"#).unwrap(), ["\"secret\": \""]);
    }

    #[test]
    fn many_alternatives_leave_what_stands_beside_them() {
        let many = (10..90).map(|number| format!("x{number}")).collect::<Vec<_>>().join("|");
        let found = required(&expression::parse(&format!("acme(?:{many})(?:{many})[a-z]{{9}}")).unwrap()).unwrap();
        assert!(found.iter().all(|literal| literal.bytes.starts_with(b"acme")), "{found:?}");
    }
}
