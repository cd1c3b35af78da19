//! Why git's files cannot be read, in words. Owns: putting all causes of an error into one line. Must not: decide what becomes of it.

use std::error::Error;
use std::io;

use crate::blob::visible;

/// An error of the library that reads repositories, with all its causes; what each of them says already is not said twice.
pub(crate) fn all(error: &gix::Error) -> String {
    joined(error.iter_errors())
}

/// The same of any error.
pub(crate) fn of(error: &(dyn Error + 'static)) -> String {
    joined(std::iter::successors(Some(error), |&error| error.source()))
}

fn joined<'e>(errors: impl Iterator<Item = &'e (dyn Error + 'static)>) -> String {
    let mut words: Vec<String> = Vec::new();
    for error in errors {
        let text = match error.downcast_ref::<io::Error>() {
            Some(error) => in_words(error),
            None => visible(error.to_string().as_bytes()),
        };
        if !text.is_empty() && !words.iter().any(|said| said.contains(&text)) {
            words.push(text);
        }
    }
    words.join(": ")
}

/// What went wrong with a file, and what can be done where that is known.
fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "no permission to read it (run as a user who may)".to_owned(),
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        _ => visible(error.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Layer {
        words: &'static str,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    }

    fn layer(words: &'static str, source: impl Into<Option<Box<dyn Error + Send + Sync>>>) -> Layer {
        Layer { words, source: source.into() }
    }

    #[test]
    fn every_cause_is_said_once() {
        let denied: Box<dyn Error + Send + Sync> = io::Error::from(io::ErrorKind::PermissionDenied).into();
        let inner: Box<dyn Error + Send + Sync> = layer("the file f", denied).into();
        let same: Box<dyn Error + Send + Sync> = layer("cannot open", inner).into();
        assert_eq!(
            of(&layer("cannot open\u{1b}", same)),
            "cannot open\\u{1b}: the file f: no permission to read it (run as a user who may)"
        );
        assert_eq!(of(&layer("alone", None)), "alone");
    }
}
