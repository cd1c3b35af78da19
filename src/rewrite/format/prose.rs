//! Documentation: Markdown, reStructuredText, plain text. Owns: that a value there is named by a placeholder. Must not: resolve anything.

use std::ops::Range;

use super::{File, Format, Place};
use crate::rewrite::{Manual, Splice};

/// Text for people.
pub(super) struct Prose;

impl Format for Prose {
    fn name(&self) -> &'static str {
        "prose"
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        Ok(Place::prose(file.text, span.clone()))
    }

    fn verify(&self, _before: &str, _after: &str, _splices: &[Splice]) -> Result<(), Manual> {
        Ok(())
    }
}
