//! What is certain of an assignment. Owns: the named rules, in order, that say a value is no credential. Must not: read text, or weigh.

use bstr::ByteSlice;

use super::Assignment;
use super::array;
use super::name::{self, Class};
use super::operator::Operator;
use super::value::{self, Form};
use super::words::wordness;
use crate::detect::credential;
use crate::file_kind::FileKind;

/// What the rules say of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be a credential.
    Open,
    /// It looked like one and is none, for this reason.
    Dropped(&'static str),
    /// It is not worth a word.
    Nothing,
}

/// Shortest value that is looked at, in bytes.
const SHORTEST: usize = 3;
/// Most digits of a code for one use.
const LONGEST_CODE: usize = 8;

/// Judges an assignment by what is certain.
#[must_use]
pub fn judge(assignment: &Assignment<'_>) -> Verdict {
    let value = &*assignment.value;
    if value.len() < SHORTEST || value.trim_ascii().is_empty() {
        return Verdict::Nothing;
    }
    let form = value::form(value);
    let Some(reason) = certainty(assignment, form) else { return Verdict::Open };
    let telling = form == Form::Random || assignment.name.class != Class::Key && assignment.name.denies.is_none();
    if telling { Verdict::Dropped(reason) } else { Verdict::Nothing }
}

/// Why the value is certainly no credential.
fn certainty(assignment: &Assignment<'_>, form: Form) -> Option<&'static str> {
    let value = &*assignment.value;
    let opening = matches!(assignment.name.class, Class::Password | Class::Secret | Class::ApiKey | Class::Token);
    assignment
        .name
        .denies
        .or_else(|| (assignment.class.kind == FileKind::Translation).then_some("it is a text of a user interface"))
        .or_else(|| value::reference(value))
        .or_else(|| (assignment.literal.mark.is_none() && value::is_expression(value)).then_some("it is an expression"))
        .or_else(|| (assignment.literal.array.is_some() && array::is_counted(value)).then_some("it is a sequence"))
        .or_else(|| value::placeholder(value))
        .or_else(|| value::harmless(value))
        .or_else(|| is_cjk_sentence(value).then_some("it is a text for people"))
        .or_else(|| (form == Form::Phrase && is_label(value, assignment.name.class)).then_some("it is a text for people"))
        .or_else(|| (is_help(assignment) && matches!(form, Form::Word | Form::Joined)).then_some("it is a word of a help text"))
        .or_else(|| {
            let word = || value::form(value.trim_end_with(|end| "!?.,;".contains(end)));
            (is_said(assignment) && matches!(word(), Form::Word | Form::Joined | Form::Constant)).then_some("it is a word of a sentence")
        })
        .or_else(|| {
            let few = form == Form::Digits && value.len() <= LONGEST_CODE;
            (few && assignment.name.class == Class::Token).then_some("it is a number or a code for one use")
        })
        .or_else(|| (form == Form::Uuid && is_repeated(value)).then_some("it is made up"))
        .or_else(|| (form == Form::Uuid && !opening).then_some("it is a UUID without a secret's name"))
        .or_else(|| (assignment.minified && form != Form::Random).then_some("the line is minified code"))
        .or_else(|| is_own_name(assignment, form).then_some("it says its own name"))
        .or_else(|| is_key_id(assignment).then_some("it is the fingerprint of a key"))
        .or_else(|| (is_grammar(assignment) && matches!(form, Form::Word | Form::Joined)).then_some("it is a word of a grammar"))
        .or_else(|| {
            let is_name = form == Form::Constant && value.contains(&b'_') || !opening && is_camel(value);
            is_name.then_some("it is the name of a constant or variable")
        })
}

/// Whether a value of several words is the end of its name, or a label is: `SASLPassword = "sasl_password"`, `for="password">Password<`.
fn is_own_name(assignment: &Assignment<'_>, form: Form) -> bool {
    let letters = |text: &[u8]| text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect::<Vec<_>>();
    let value = &*assignment.value;
    let is_label = assignment.operator == Operator::Element && form == Form::Word && value[0].is_ascii_uppercase();
    // `validator("newPassword", "newPassword2")` has names.
    let counted = assignment.operator == Operator::Comma;
    let value = if counted { value.trim_end_with(|last| last.is_ascii_digit()).as_bytes() } else { value };
    let is_name = name::read(value).is_some_and(|own| own.words > 1);
    // A member of an enumeration: `PASSWORD = 'PASSWORD'`.
    let is_member = value == assignment.text && assignment.class.kind == FileKind::Code && !value.iter().any(u8::is_ascii_lowercase);
    (is_name || is_label || is_member) && letters(assignment.text).ends_with(&letters(value))
}

/// Whether a value is three words or more in capitals, of which one may be `K8s`: `K8sResourcePools`.
fn is_camel(value: &[u8]) -> bool {
    let value = value.strip_suffix(b"_").unwrap_or(value);
    let words = credential::kubernetes(value).unwrap_or(value);
    let count = credential::camel_words(words) + usize::from(words.len() < value.len());
    words.iter().all(u8::is_ascii_alphabetic) && count >= 3 && wordness(words) > 4.5
}

/// Whether an option stands in a text of a program, or a word after it says what belongs there: `--passphrase command`.
fn is_help(assignment: &Assignment<'_>) -> bool {
    const USAGE: [&[u8]; 8] = [b"arg", b"command", b"file", b"path", b"program", b"prompt", b"text", b"word"];
    let says = assignment.class.kind == FileKind::Code || USAGE.contains(&&*assignment.value);
    assignment.operator == Operator::Flag && says && assignment.literal.mark.is_none()
}

/// Whether a value is the fingerprint of an OpenPGP key: of one of a package manager, or one that a command looks up.
fn is_key_id(assignment: &Assignment<'_>) -> bool {
    const NAMES: [&[u8]; 8] = [b"apt_key", b"apt-key", b"list-key", b"recv-key", b"gpg_key", b"gpg-key", b"gpgkey", b"pgp_key"];
    let value = &*assignment.value;
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
    // `--trust-gpg-keys` takes several.
    let digits = value.split(|byte| *byte == b',').all(|id| matches!(id.len(), 16 | 40) && id.iter().all(is_digit));
    digits && assignment.name.class == Class::Key && {
        let name = assignment.text.to_ascii_lowercase();
        NAMES.iter().any(|known| memchr::memmem::find(&name, known).is_some())
    }
}

/// Whether a constant of code names a token of a grammar: `OPEN_TOKEN = "begin"`.
fn is_grammar(assignment: &Assignment<'_>) -> bool {
    let constant = assignment.text.contains(&b'_') && !assignment.text.iter().any(u8::is_ascii_lowercase);
    assignment.class.kind == FileKind::Code && assignment.name.class == Class::Token && constant && assignment.operator == Operator::Assign
}

/// Whether a sentence says the value without quotes.
fn is_said(assignment: &Assignment<'_>) -> bool {
    assignment.operator == Operator::Prose && assignment.literal.mark.is_none()
}

/// Whether the last group of a UUID is two digits again and again: `…-1a1a1a1a1a1a`.
fn is_repeated(uuid: &[u8]) -> bool {
    const GROUP: usize = 12;
    let group = &uuid[uuid.len().saturating_sub(GROUP)..];
    group[2..].iter().zip(group).all(|(a, b)| a == b)
}

/// Whether a text has the stops of Chinese or Japanese.
fn is_cjk_sentence(value: &[u8]) -> bool {
    ["。", "、", "，"].iter().any(|stop| memchr::memmem::find(value, stop.as_bytes()).is_some())
}

/// Whether words with blanks are a label or a sentence rather than a passphrase.
fn is_label(value: &[u8], class: Class) -> bool {
    let blanks = memchr::memchr_iter(b' ', value).count();
    let ends = value.last().is_some_and(|last| b".:?!,;".contains(last)) || value.starts_with(b" ") || value.ends_with(b" ");
    let code = value.iter().any(|byte| b"=+(){}[]<>;\"".contains(byte));
    if is_grouped(value) {
        return false;
    }
    let capital = value[0].is_ascii_uppercase() && wordness(value) > 4.5;
    class != Class::Password || blanks > 5 || ends || code || capital || is_sentence(value)
}

/// Whether a value is a key in groups of four, as people are given them to type: `q3ko 5trw x0bd …`.
fn is_grouped(value: &[u8]) -> bool {
    let mut groups = value.split(|byte| *byte == b' ');
    let even = groups.all(|group| group.len() == 4 && group.iter().all(u8::is_ascii_alphanumeric));
    even && value.len() >= 19 && value.iter().any(u8::is_ascii_digit)
}

/// Whether one of the words is one that sentences have and passphrases hardly.
fn is_sentence(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 16] = [
        b"is",
        b"are",
        b"not",
        b"be",
        b"can't",
        b"must",
        b"should",
        b"the",
        b"a",
        b"an",
        b"your",
        b"incorrect",
        b"invalid",
        b"required",
        b"cannot",
        b"does",
    ];
    value.split(|byte| *byte == b' ').any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_of_documentation_are_made_up() {
        assert!(is_repeated(b"48e92789-57a3-466a-9959-1a1a1a1a1a1a"));
        assert!(!is_repeated(b"48e92789-57a3-466a-9959-1a1a1a1a1a1b"));
    }

    #[test]
    fn keys_in_groups_are_no_texts_for_people() {
        assert!(!is_label(b"q3ko 5trw x0bd m7hx", Class::Secret));
        for text in [&b"this must look like text"[..], b"some more text here", b"ab12 cd34"] {
            assert!(is_label(text, Class::Secret), "{}", String::from_utf8_lossy(text));
        }
    }
}
