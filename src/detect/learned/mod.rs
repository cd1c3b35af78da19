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
use super::kind::PathClass;
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

/// What is known beforehand and hardly seen in labelled text: what a command takes as a password is one.
const fn prior(operator: Operator) -> i32 {
    match operator {
        Operator::Command => 2 * model::UNIT,
        _ => 0,
    }
}

/// Judges a case.
#[must_use]
pub fn judge(model: &Model, case: &Case<'_>, features: &Features) -> Opinion {
    let score = model.score(features) + prior(case.operator);
    Opinion { probability: model.probability(score), reasons: reasons::of(model, case, features, model.score(features)) }
}
