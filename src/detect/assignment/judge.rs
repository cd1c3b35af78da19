//! From an assignment to a probability. Owns: which named reasons hold, in which order. Must not: read text, or hold numbers (see `weights`).

use super::Assignment;
use super::context::Context;
use super::name::{Class, Name};
use super::operator::Operator;
use super::value::{self, Form};
use super::weights::{self as w, Evidence};
use super::words::wordness;
use crate::detect::entropy;
use crate::detect::kind::FileKind;

/// What the judge says of an assignment.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is a credential with this probability, for these reasons, strongest first.
    Probable(f32, Vec<&'static str>),
    /// It looked like one and is none, for this reason.
    Dropped(&'static str),
    /// It is not worth a word.
    Nothing,
}

/// Shortest value that is looked at, in bytes.
const SHORTEST: usize = 3;
/// Probability below which an assignment is not worth a word.
const FLOOR: f32 = 0.05;
/// Reasons that are kept.
const REASONS: usize = 6;

/// Judges an assignment.
#[must_use]
pub fn judge(assignment: &Assignment<'_>) -> Verdict {
    let value = assignment.value;
    if value.len() < SHORTEST || value.trim_ascii().is_empty() {
        return Verdict::Nothing;
    }
    let form = value::form(value);
    if let Some(reason) = certainty(assignment, form) {
        let telling = form == Form::Random || assignment.name.class != Class::Key && assignment.name.denies.is_none();
        return if telling { Verdict::Dropped(reason) } else { Verdict::Nothing };
    }
    let mut scale = Scale { sum: w::BIAS, reasons: Vec::new() };
    scale.class_and_form(assignment.name.class, form);
    surroundings(assignment, &mut scale);
    name(&assignment.name, assignment, &mut scale);
    shape(value, form, &mut scale);
    likeness(assignment, &mut scale);
    scale.verdict()
}

/// Why the value is certainly no credential.
fn certainty(assignment: &Assignment<'_>, form: Form) -> Option<&'static str> {
    let value = assignment.value;
    let opening = matches!(assignment.name.class, Class::Password | Class::Secret | Class::ApiKey | Class::Token);
    assignment
        .name
        .denies
        .or_else(|| (assignment.kind == FileKind::Translation).then_some("it is a text of a user interface"))
        .or_else(|| value::reference(value))
        .or_else(|| (assignment.literal.mark.is_none() && value::is_expression(value)).then_some("it is an expression"))
        .or_else(|| value::placeholder(value))
        .or_else(|| value::harmless(value))
        .or_else(|| (form == Form::Phrase && is_label(value, assignment.name.class)).then_some("it is a text for people"))
        .or_else(|| (is_help(assignment) && matches!(form, Form::Word | Form::Joined)).then_some("it is a word of a help text"))
        .or_else(|| (form == Form::Uuid && !opening).then_some("it is a UUID without a secret's name"))
        .or_else(|| (assignment.minified && form != Form::Random).then_some("the line is minified code"))
        .or_else(|| (form == Form::Constant && value.contains(&b'_')).then_some("it is the name of a constant or variable"))
}

/// Whether an option stands in a text of a program.
fn is_help(assignment: &Assignment<'_>) -> bool {
    assignment.operator == Operator::Flag && assignment.kind == FileKind::Code && assignment.literal.mark.is_none()
}

/// Whether words with blanks are a label or a sentence rather than a passphrase.
fn is_label(value: &[u8], class: Class) -> bool {
    let blanks = memchr::memchr_iter(b' ', value).count();
    let ends = value.last().is_some_and(|last| b".:?!,;".contains(last)) || value.starts_with(b" ") || value.ends_with(b" ");
    let code = value.iter().any(|byte| b"=+(){}[]<>;\"".contains(byte));
    let capital = value[0].is_ascii_uppercase() && wordness(value) > 4.5;
    class != Class::Password || blanks > 5 || ends || code || capital
}

/// The sum of the evidence.
struct Scale {
    sum: f32,
    reasons: Vec<Evidence>,
}

impl Scale {
    fn add(&mut self, evidence: Evidence) {
        self.sum += evidence.1;
        self.reasons.push(evidence);
    }

    fn add_if(&mut self, holds: bool, evidence: Evidence) {
        if holds {
            self.add(evidence);
        }
    }

    fn class_and_form(&mut self, class: Class, form: Form) {
        let (row, named) = match class {
            Class::Password => (0, "its name says password"),
            Class::Secret | Class::ApiKey => (1, "its name says secret"),
            Class::Token | Class::Auth => (2, "its name says token"),
            Class::Key => (3, "its name says key"),
        };
        let shaped = match form {
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
        };
        let weight = w::FORMS[row][form as usize];
        self.add((shaped, weight));
        self.reasons.push((named, weight));
    }

    fn verdict(mut self) -> Verdict {
        let probability = 1.0 / (1.0 + (-self.sum).exp());
        if probability < FLOOR {
            return Verdict::Nothing;
        }
        self.reasons.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        self.reasons.truncate(REASONS);
        Verdict::Probable(probability, self.reasons.into_iter().map(|(reason, _)| reason).collect())
    }
}

/// Operator, quotes, context and file.
fn surroundings(assignment: &Assignment<'_>, scale: &mut Scale) {
    match assignment.operator {
        Operator::Assign => {}
        Operator::Colon => scale.add(w::OPERATOR_COLON),
        Operator::Arrow => scale.add(w::OPERATOR_ARROW),
        Operator::Compare => scale.add(w::OPERATOR_COMPARE),
        Operator::Comma => scale.add(w::OPERATOR_COMMA),
        Operator::Call => scale.add(w::OPERATOR_CALL),
        Operator::Space => scale.add(w::OPERATOR_SPACE),
        Operator::Flag => scale.add(w::OPERATOR_FLAG),
        Operator::Element => scale.add(w::OPERATOR_ELEMENT),
        Operator::Named => scale.add(w::OPERATOR_NAMED),
        Operator::Cell => scale.add(w::OPERATOR_CELL),
        Operator::Prose => scale.add(w::OPERATOR_PROSE),
        Operator::Query => scale.add(w::OPERATOR_QUERY),
        Operator::Command => scale.add(w::OPERATOR_COMMAND),
        Operator::Tight => scale.add(w::OPERATOR_TIGHT),
        Operator::Default => scale.add(w::OPERATOR_DEFAULT),
    }
    scale.add_if(assignment.literal.mark.is_none(), w::BARE);
    scale.add_if(assignment.literal.nested, w::NESTED);
    scale.add_if(assignment.literal.mark == Some(b'`'), w::BACKTICK);
    scale.add_if(assignment.literal.joined, w::JOINED);
    scale.add_if(assignment.literal.fallback, w::FALLBACK);
    scale.add_if(assignment.literal.listed, w::LISTED);
    scale.add_if(assignment.context == Context::Comment, w::IN_COMMENT);
    scale.add_if(matches!(assignment.context, Context::Text(_)), w::IN_TEXT);
    match assignment.kind {
        FileKind::Script => scale.add(w::KIND_SCRIPT),
        FileKind::Config => scale.add(w::KIND_CONFIG),
        FileKind::Data => scale.add(w::KIND_DATA),
        FileKind::Markup => scale.add(w::KIND_MARKUP),
        FileKind::Doc => scale.add(w::KIND_DOC),
        FileKind::Code | FileKind::Translation | FileKind::Generated => {}
    }
}

fn name(name: &Name, assignment: &Assignment<'_>, scale: &mut Scale) {
    let text = assignment.text;
    scale.add_if(name.bare, w::NAME_BARE);
    scale.add_if(name.trails, w::NAME_TRAILS);
    scale.add_if(name.test, w::NAME_TEST);
    scale.add_if(text.iter().any(u8::is_ascii_uppercase) && !text.iter().any(u8::is_ascii_lowercase), w::NAME_UPPER);
    scale.add_if(text.contains(&b'.'), w::NAME_DOTTED);
}

/// Length, letters and signs.
fn shape(value: &[u8], form: Form, scale: &mut Scale) {
    scale.add_if(value.len() < 5, w::VALUE_SHORT);
    scale.add_if((5..7).contains(&value.len()), w::VALUE_SIX);
    scale.add_if((20..100).contains(&value.len()), w::VALUE_LONG);
    scale.add_if(value.len() >= 100, w::VALUE_HUGE);
    scale.add_if(value[0].is_ascii_uppercase() && value[1..].iter().any(u8::is_ascii_lowercase), w::VALUE_CAPITAL);
    scale.add_if(form == Form::Random && value.iter().all(u8::is_ascii_hexdigit), w::VALUE_HEX);
    scale.add_if(value.len().is_multiple_of(4) && value.ends_with(b"=") && form == Form::Random, w::VALUE_BASE64);
    let word = value.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let digits = value[word..].iter().all(u8::is_ascii_digit) && word < value.len();
    scale.add_if(form == Form::Coded && word > 2 && digits, w::VALUE_DIGITS_LAST);
    scale.add_if(form == Form::Signed && value.iter().any(|byte| b"!@#$%^&*?+".contains(byte)), w::VALUE_STRONG_SIGN);
    scale.add_if(!value.is_ascii(), w::VALUE_FOREIGN);
    scale.add_if((4..8).contains(&entropy::longest_sequence(value)), w::VALUE_SEQUENCE);
    scale.add_if(entropy::longest_sequence(value) >= 8, w::VALUE_COUNTS);
    scale.add_if(entropy::longest_repeat(value) >= 4, w::VALUE_REPEATS);
}

const CREDENTIAL_WORDS: [&[u8]; 8] = [b"pass", b"pwd", b"secret", b"token", b"key", b"auth", b"cred", b"user"];
const EXAMPLE_WORDS: [&[u8]; 17] = [
    b"test", b"dummy", b"fake", b"sample", b"demo", b"mock", b"foo", b"bar", b"baz", b"abc", b"asdf", b"some", b"invalid", b"wrong",
    b"random", b"temp", b"xyz",
];
const MADE_UP_STARTS: [&[u8]; 6] = [b"my", b"the", b"a-", b"some", b"new", b"old"];
const DEFAULTS: [&[u8]; 22] = [
    b"admin",
    b"root",
    b"guest",
    b"changeme",
    b"changeit",
    b"postgres",
    b"vagrant",
    b"welcome1",
    b"123456",
    b"12345678",
    b"123456789",
    b"qwerty",
    b"letmein",
    b"p@ssw0rd",
    b"passw0rd",
    b"toor",
    b"mysql",
    b"oracle",
    b"elastic",
    b"minioadmin",
    b"rabbitmq",
    b"admin123",
];

/// Likeness to the name, to words of examples and to known passwords.
fn likeness(assignment: &Assignment<'_>, scale: &mut Scale) {
    let fold =
        |text: &[u8]| -> Vec<u8> { text.iter().take(64).filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect() };
    let value = fold(assignment.value);
    let named = fold(assignment.text);
    let holds = |words: &[&[u8]]| words.iter().any(|word| memchr::memmem::find(&value, word).is_some());
    let repeats = !value.is_empty() && (named.ends_with(&value) || value.ends_with(&named));
    let random = value::form(assignment.value) == Form::Random;
    scale.add_if(repeats, w::VALUE_IS_NAME);
    scale.add_if(!repeats && !random && holds(&CREDENTIAL_WORDS), w::VALUE_CREDENTIAL);
    scale.add_if(!random && holds(&EXAMPLE_WORDS), w::VALUE_EXAMPLE);
    let lower = assignment.value[..assignment.value.len().min(16)].to_ascii_lowercase();
    scale.add_if(!random && MADE_UP_STARTS.iter().any(|start| lower.starts_with(start)), w::VALUE_MY);
    scale.add_if(DEFAULTS.contains(&lower.as_slice()), w::VALUE_DEFAULT);
}
