//! Content of any length in flat memory. Owns: overlapping windows. Must not: know files.
//!
//! Whatever a detector decides depends on [`REACH`] bytes either way, so each window answers for the secrets that start at least that far
//! from its inner ends, and the next window begins twice that far back.

use std::io::{self, Read};

use super::Scanner;
use super::blob::Window;
use crate::blob::Origin;
use crate::detect::text::{self, Form};
use crate::detect::view::REACH;
use crate::gather::Gathered;
use crate::place::Cursor;

/// Bytes of a window. Content up to this length is scanned whole.
pub const WINDOW: usize = 16 * 1024 * 1024;

impl Scanner {
    /// Scans what `head` holds and `reader` still gives; `head` is used as the buffer.
    pub(super) fn stream(&self, origin: &Origin, reader: &mut dyn Read, head: &mut Vec<u8>) -> io::Result<Gathered> {
        self.stream_in_windows(origin, reader, head, WINDOW)
    }

    fn stream_in_windows(&self, origin: &Origin, mut reader: &mut dyn Read, buffer: &mut Vec<u8>, size: usize) -> io::Result<Gathered> {
        let mut gathered = Gathered::default();
        let mut base = 0_u64;
        let mut cursor = Cursor::default();
        let mut form = None;
        loop {
            let missing = (size + 1).saturating_sub(buffer.len());
            Read::take(&mut reader, missing as u64).read_to_end(buffer)?;
            let last = buffer.len() <= size;
            if last && base == 0 {
                return Ok(self.whole(origin, buffer));
            }
            let form = *form.get_or_insert_with(|| Form::of(buffer));
            let bytes = &buffer[..buffer.len().min(size)];
            let answered_from = if base == 0 { 0 } else { REACH };
            let answered_to = if last { bytes.len() + 1 } else { bytes.len() - REACH };
            let window = Window { origin, bytes, form, base, accept: answered_from..answered_to, cursor, whole: false };
            let texts = self.window(&window, &mut gathered);
            gathered.coverage.binary |= u64::from(texts[0].binary);
            gathered.coverage.compressed |= u64::from(base == 0 && texts[0].binary && text::is_compressed(bytes));
            if last {
                gathered.coverage.scanned = 1;
                gathered.coverage.bytes = base + bytes.len() as u64;
                return Ok(gathered);
            }
            let next = bytes.len() - 2 * REACH;
            cursor.advance(&texts[0].bytes, texts[0].offset_of_raw(next));
            cursor = cursor.rebased();
            base += next as u64;
            drop(texts);
            buffer.drain(..next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::Catalogue;
    use crate::settings::Settings;
    use proptest::prelude::*;
    use std::fmt::Write as _;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn streaming_finds_what_a_whole_scan_finds(
            seeds in prop::collection::vec((any::<u64>(), 1..90_000_usize, any::<bool>()), 3..9), utf16: bool,
        ) {
            let mut text = String::from("start\n");
            for (seed, filler, line_end) in seeds {
                text += &"lorem ipsum = dolor;\n".repeat(filler / 21);
                write!(text, "url = postgres://app:p{:x}Q@db.internal/app", seed | 1 << 62).unwrap();
                text += if line_end { "\n" } else { " ñ\u{1f600} " };
            }
            let bytes = if utf16 { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.into_bytes() };
            let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
            let origin = Origin::Stdin { name: "a".into() };
            let whole = scanner.whole(&origin, &bytes).into_report(false);
            let streamed = scanner.stream_in_windows(&origin, &mut &*bytes, &mut Vec::new(), 5 * REACH).unwrap().into_report(false);
            let places = |report: &crate::finding::Report| {
                report.findings.iter().map(|finding| (finding.fingerprint, finding.places.iter().map(|place| (place.span, place.start, place.end)).collect::<Vec<_>>())).collect::<Vec<_>>()
            };
            prop_assert_eq!(places(&streamed), places(&whole));
            prop_assert!(!whole.findings.is_empty());
            prop_assert_eq!(streamed.coverage, whole.coverage);
        }
    }
}
