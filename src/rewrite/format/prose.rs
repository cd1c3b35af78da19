//! Documentation: Markdown, reStructuredText, plain text. Owns: that a value there is named by a placeholder. Must not: resolve anything.

use std::ops::Range;

use super::{File, Format, Place};
use crate::rewrite::literal::manual;
use crate::rewrite::{Manual, Splice};

/// Text for people.
pub(super) struct Prose;

impl Format for Prose {
    fn name(&self) -> &'static str {
        "prose"
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        if file.text.trim() == &file.text[span.clone()] {
            return Err(manual(
                "the file holds nothing but the value: a program reads it",
                "have the program read a variable, or the platform mount the secret, then delete the file",
            ));
        }
        Ok(Place::prose(file.text, span.clone()))
    }

    fn verify(&self, _before: &str, _after: &str, _splices: &[Splice]) -> Result<(), Manual> {
        Ok(())
    }
}
