//! From everything known of a candidate to one calibrated probability. Owns: the case, its features, the model over them, the named reasons.
//! Must not: find candidates, or drop them: what is certain is decided by named rules before.
//!
//! The model is made by `unleak-train` from labelled text (docs/judgement.md). It is data: `model.bin`.

pub mod around;
pub mod features;
pub mod model;
pub mod reasons;
pub mod shape;

use super::assignment::context::Context;
use super::assignment::literal::Literal;
use super::assignment::name::Name;
use super::assignment::operator::Operator;
use super::placeholder;
use crate::file_kind::PathClass;
use around::Around;
use features::Features;
use model::Model;

/// Everything known of a candidate.
#[derive(Debug, Clone)]
pub struct Case<'c> {
    /// What ties name and value.
    pub operator: Operator,
    /// What its name says.
    pub name: Name,
    /// The name as written.
    pub text: &'c [u8],
    /// The value as written.
    pub value: &'c [u8],
    /// How it is written.
    pub literal: &'c Literal,
    /// What surrounds it on its line.
    pub context: Context,
    /// What the path says.
    pub class: PathClass,
    /// Whether it stands on a very long line of code.
    pub minified: bool,
    /// The text around.
    pub around: Around<'c>,
}

/// What the model says of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Probability that the value is a credential.
    pub probability: f32,
    /// Named reasons with what each adds to the log odds, strongest first.
    pub reasons: Vec<(&'static str, f32)>,
}

/// What is known beforehand and hardly seen in labelled text: what a command takes as a password is one, what a call signs with is a key, and
/// most lists of bytes in code are constants of a standard or vectors of a test.
fn prior(case: &Case<'_>) -> Option<(i32, &'static str)> {
    match case.operator {
        // `curl -u user:password` is how documentation writes it.
        Operator::Command if placeholder::is_words(case.value) => Some((2 * model::UNIT, "commands take passwords here")),
        Operator::Command => Some((4 * model::UNIT, "commands take passwords here")),
        Operator::Call if case.literal.signs => Some((model::UNIT, "the call signs with it")),
        _ if case.literal.array.is_some() => Some((-3 * model::UNIT, "most lists of bytes in code are constants")),
        _ => None,
    }
}

/// The probability that a case is a credential; `score` is what the model gives its features.
#[must_use]
pub fn probability(model: &Model, case: &Case<'_>, score: i32) -> f32 {
    model.probability(score + prior(case).map_or(0, |(weight, _)| weight))
}

/// Judges a case and names the reasons, which takes ten times as long as the score.
#[must_use]
pub fn judge(model: &Model, case: &Case<'_>, features: &Features, score: i32) -> Opinion {
    Opinion { probability: probability(model, case, score), reasons: reasons::of(model, case, features, score, prior(case)) }
}

#[cfg(test)]
mod tests {
    use super::features::TABLE;
    use super::*;
    use crate::detect::{View, scan_and_tell};
    use crate::patterns::Catalogue;
    use bstr::BStr;

    /// The features by name, and the opinion, of the only case in a text.
    fn asked(path: &str, text: &str) -> (impl Fn(&str) -> u8, Opinion) {
        let view = View { bytes: text.as_bytes(), path: BStr::new(path), binary: false, depth: 0 };
        let (_, mut asked) = scan_and_tell(&Catalogue::builtin(), &view);
        assert_eq!(asked.len(), 1, "{text}");
        let asked = asked.remove(0);
        let names: Vec<&str> = TABLE.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let value = move |name: &str| {
            let at = names.iter().position(|known| *known == name);
            asked.features.0[at.unwrap_or_else(|| panic!("no feature {name}"))]
        };
        (value, asked.opinion)
    }

    #[test]
    fn a_case_becomes_numbers() {
        let text = "user = 'ann'\n  dbPassword = 'xv7kQ2m9rt', # wrong\n\n";
        let (value, _) = asked("tests/a.py", text);
        for (name, expected) in [
            ("password", 1),
            ("secret", 0),
            ("words", 2),
            ("mixed", 1),
            ("system", 1),
            ("assign", 1),
            ("single quotes", 1),
            ("before: line start", 1),
            ("after: comma", 1),
            ("code", 1),
            ("test file", 1),
            ("line: wrong", 1),
            ("above: user", 1),
            ("below: user", 0),
            ("below empty", 1),
            ("value length", 10),
            ("digits last", 0),
            ("form: coded", 1),
            ("example word", 0),
        ] {
            assert_eq!(value(name), expected, "{name}");
        }
        let (value, _) = asked("a.yml", "user: my_user\n  password: my_secret9 # docker \\\n");
        for (name, expected) in [
            ("kin above", 1),
            ("kin below", 0),
            ("beyond words", 2),
            ("digits beyond words", 1),
            ("indent", 2),
            ("colons", 0),
            ("goes on", 1),
        ] {
            assert_eq!(value(name), expected, "{name}");
        }
        let (value, _) = asked("a.py", "password = 'password'\n");
        assert_eq!((value("repeats name"), value("stand-in"), value("credential words only"), value("test file")), (1, 1, 1, 0));
    }

    #[test]
    fn reasons_are_named_strongest_first() {
        let (_, opinion) = asked("a.py", "db_password = 'xv7kQ2m9rt'\n");
        assert!(opinion.probability > 0.5, "{opinion:?}");
        assert!(opinion.reasons.iter().any(|(reason, weight)| *reason == "its name says password" && *weight > 0.0), "{opinion:?}");
        assert!(opinion.reasons.is_sorted_by(|a, b| a.1.abs() >= b.1.abs()), "{opinion:?}");
    }
}
