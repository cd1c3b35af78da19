//! Encoded text around an anchor's encoded form. Owns: finding the run, undoing the encoding, scanning the result. Must not: match patterns itself.

use std::ops::Range;

use super::Sink;
use crate::patterns::anchors::Spelling;

/// What was decoded already, so that one run is not decoded for each anchor in it.
#[derive(Debug, Default)]
pub struct Memory {
    _runs: Vec<Range<usize>>,
}

/// Decodes the run around `hit` and scans it.
pub fn around(_sink: &mut Sink<'_, '_>, _memory: &mut Memory, _hit: Range<usize>, _spelling: Spelling) {}
