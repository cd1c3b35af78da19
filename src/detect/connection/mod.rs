//! Credentials in URLs and connection strings. Owns: which reader looks at which anchor. Must not: read by itself.

mod call;
mod pairs;
mod userinfo;

use std::ops::Range;

use super::Sink;

/// Bytes that the readers of pairs and calls look at, either way; URLs stay on their line.
pub(super) const REACH: usize = 1024;

/// Looks at the anchor at `hit`.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    match sink.view.bytes[hit.clone()].to_ascii_lowercase().as_slice() {
        b"://" | b":\\/\\/" => userinfo::detect(sink, hit),
        b"@tcp(" | b"@unix(" => userinfo::detect_go(sink, hit),
        b"jdbc:oracle:" => userinfo::detect_oracle(sink, hit),
        b"password=" | b"passwd=" | b"pwd=" => pairs::detect(sink, hit),
        b"loginmodule required" => pairs::detect_jaas(sink, hit),
        name if name.ends_with(b"(") => call::detect(sink, hit),
        // Names of schemes are anchors for the sake of their encoded forms; in plain text `://` speaks for them.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::wrong_examples;
    use crate::patterns::schema::Detector;

    #[test]
    fn examples_are_judged_as_their_patterns_say() {
        assert_eq!(wrong_examples(Detector::ConnectionString), []);
    }
}
