//! The words for a verdict. Owns: how much each group of features counts, and its name. Must not: change the verdict.

use super::Case;
use super::features::{Features, Group, TABLE};
use super::model::{Model, UNIT};
use crate::detect::assignment::context::Context;
use crate::detect::assignment::name::Class;
use crate::detect::assignment::operator::Operator;
use crate::detect::assignment::value::{self, Form};
use crate::file_kind::{FileKind, Setting};

/// Reasons that are given.
const MOST: usize = 6;
/// What a reason adds to the log odds, at least, in hundredths.
const LEAST: i32 = UNIT / 8;

/// What counts, strongest first: what is known beforehand, and how far the score would fall if a group were as usual.
#[must_use]
pub fn of(model: &Model, case: &Case<'_>, features: &Features, score: i32, prior: Option<(i32, &'static str)>) -> Vec<(&'static str, f32)> {
    let mut reasons = Vec::with_capacity(TABLE.len() + 1);
    reasons.extend(prior);
    let mut start = 0;
    for (group, names) in TABLE {
        let end = start + names.len();
        let mut other = *features;
        other.0[start..end].copy_from_slice(&model.usual.0[start..end]);
        let weight = score - model.score(&other);
        if weight.abs() >= LEAST {
            reasons.push((weight, words(group, case, weight > 0)));
        }
        start = end;
    }
    reasons.sort_by_key(|&(weight, _)| std::cmp::Reverse(weight.abs()));
    reasons.truncate(MOST);
    reasons.into_iter().map(|(weight, words)| (words, weight as f32 / UNIT as f32)).collect()
}

/// The name of a group's part; `speaks_for` tells the side.
fn words(group: Group, case: &Case<'_>, speaks_for: bool) -> &'static str {
    match group {
        Group::Name => name(case),
        Group::Operator => operator(case.operator),
        Group::Writing => writing(case),
        Group::Context => match case.context {
            Context::Comment => "it stands in a comment",
            Context::Text(_) => "it stands inside a text",
            Context::Unknown => "its line is very long",
            Context::Plain => "it stands in no comment and no text",
        },
        Group::File => file(case),
        Group::Around if speaks_for => "the lines around speak of an account or a server",
        Group::Around => "the lines around speak of a test, an example or something else",
        Group::Shape => form(value::form(case.value)),
        Group::Words if speaks_for => "its letters are no words",
        Group::Words => "its letters are words",
        Group::Likeness if speaks_for => "the value is unlike its name",
        Group::Likeness => "the value repeats its name or words near by",
        Group::Habit if speaks_for => "the value is no well-known one",
        Group::Habit => "the value is a well-known default, a sequence or a word of examples",
    }
}

fn name(case: &Case<'_>) -> &'static str {
    if case.name.test {
        return "its name speaks of a test";
    }
    if case.name.trails {
        return "its name goes on after the word for a credential";
    }
    match case.name.class {
        Class::Password => "its name says password",
        Class::Secret => "its name says secret",
        Class::ApiKey => "its name says API key",
        Class::Token => "its name says token",
        Class::Auth => "its name says credentials",
        Class::Key => "its name says key",
    }
}

fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Assign => "an equals sign stands between name and value",
        Operator::Colon => "a colon stands between name and value",
        Operator::Arrow => "an arrow stands between name and value",
        Operator::Compare => "the value is compared with",
        Operator::Comma => "the value follows its name in a list",
        Operator::Call => "the value is an argument",
        Operator::Space => "the value follows after a blank",
        Operator::Flag => "the value belongs to an option of a command",
        Operator::Element => "the value fills an element",
        Operator::Named => "the name is a value beside it",
        Operator::Cell => "the value stands in a table",
        Operator::Prose => "a sentence says the value",
        Operator::Query => "the value stands in a query",
        Operator::Command => "a command takes the value as a password",
        Operator::Tight => "name and value are one word",
        Operator::Default => "the value is a default in a reference",
    }
}

fn writing(case: &Case<'_>) -> &'static str {
    let literal = case.literal;
    if literal.joined {
        return "more text is joined to the value";
    }
    if literal.fallback {
        return "the value is a fallback for a setting";
    }
    if literal.listed {
        return "the value is one of a list";
    }
    if literal.nested {
        return "the value is quoted in a text";
    }
    match literal.mark {
        None => "the value has no quotes",
        Some(b'`') => "the value is set in code type",
        Some(_) => "the value is quoted",
    }
}

fn file(case: &Case<'_>) -> &'static str {
    match (case.class.setting, case.class.kind) {
        (Setting::Test, _) => "it stands in a test",
        (Setting::Example, _) => "it stands in an example or documentation",
        (_, FileKind::Code) => "it stands in code",
        (_, FileKind::Script) => "it stands in a script",
        (_, FileKind::Config) => "it stands in a configuration file",
        (_, FileKind::Data) => "it stands in a data file",
        (_, FileKind::Markup) => "it stands in markup",
        (_, FileKind::Doc) => "it stands in prose",
        (_, FileKind::Translation | FileKind::Generated | FileKind::Lock) => "it stands in a file of texts or written by a program",
    }
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Word => "the value is a word",
        Form::Joined => "the value is words joined",
        Form::Constant => "the value is in capitals",
        Form::Letters => "the value is letters without a word",
        Form::Coded => "the value is letters and digits",
        Form::Signed => "the value has signs",
        Form::Random => "the value looks random",
        Form::Digits => "the value is digits",
        Form::Phrase => "the value is a phrase",
        Form::Uuid => "the value is a UUID",
    }
}
