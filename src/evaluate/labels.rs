//! Labelled text as JSON Lines. Owns: the format of a line. Must not: read files.
//!
//! ```json
//! {"repo": "shop", "file": "src/db.py", "first_line": 40, "text": "...", "labels":
//!   [{"line_start": 42, "line_end": 42, "truth": "T", "category": "Password"}]}
//! ```
//! `text` are the lines of `file` from `first_line` on. A line with `bytes` in place of `text` speaks of the whole file as it is on disk, which had
//! that length when it was labelled; lines of labels count as in the file. `truth` is `T` for a credential, `F` for none, `X`
//! for what is unclear, a test value or a placeholder. Other members are ignored.

use serde::{Deserialize, Serialize};

/// A stretch of a file whose labels are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// What is drawn and left out as a whole: figures of one repository depend on each other.
    #[serde(default)]
    pub repo: String,
    /// Path, which tells the kind of file.
    pub file: String,
    /// Line of the file at which the text starts; the first line is 1.
    #[serde(default = "first")]
    pub first_line: u64,
    /// The text; empty where `bytes` says that it is to be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Length of the file, where its text is not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What is known of its lines.
    pub labels: Vec<Label>,
}

/// What is known of a line or of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// First line.
    pub line_start: u64,
    /// Last line.
    pub line_end: u64,
    /// Whether a credential stands there.
    pub truth: Truth,
    /// What it is called.
    #[serde(default)]
    pub category: String,
    /// Characters of the first line before the value; negative where the whole line is meant.
    #[serde(default = "unknown")]
    pub value_start: i64,
    /// Characters of the first line up to the value's end; negative where it is not known.
    #[serde(default = "unknown")]
    pub value_end: i64,
}

/// Whether a line holds a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Truth {
    /// It does.
    #[serde(rename = "T")]
    Credential,
    /// It does not.
    #[serde(rename = "F")]
    Nothing,
    /// Unclear, a test value, or a placeholder: what is found there is false.
    #[serde(rename = "X")]
    Unclear,
}

const fn unknown() -> i64 {
    -1
}

const fn first() -> u64 {
    1
}

/// A line that is not in the format.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is no labelled text: {error}")]
pub struct LabelError {
    /// The line; the first line is 1.
    pub line: usize,
    /// What is wrong, without the text.
    pub error: String,
}

/// Reads labelled text.
///
/// # Errors
/// The first line that is not in the format.
pub fn parse(text: &str) -> Result<Vec<Region>, LabelError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| region(line).map_err(|error| LabelError { line: at + 1, error })).collect()
}

fn region(line: &str) -> Result<Region, String> {
    let region: Region = serde_json::from_str(line).map_err(|error| wrong(&error))?;
    let is_one = match region.bytes {
        Some(_) => region.text.is_empty() && region.first_line == first(),
        None => !region.text.is_empty(),
    };
    if is_one { Ok(region) } else { Err("it needs `text`, or `bytes` alone for a whole file".to_owned()) }
}

/// Says where JSON is wrong: its own message may quote the text.
fn wrong(error: &serde_json::Error) -> String {
    let kind = if error.is_data() { "a member is missing or of the wrong type" } else { "it is no JSON" };
    format!("{kind} (column {})", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_regions() {
        let text = "\n{\"file\":\"a\",\"text\":\"x\",\"ext\":\".py\",\"labels\":[{\"line_start\":1,\"line_end\":1,\"truth\":\"T\"}]}\n";
        let regions = parse(text).unwrap();
        assert_eq!((regions.len(), regions[0].first_line, regions[0].labels[0].truth), (1, 1, Truth::Credential));
    }

    #[test]
    fn a_file_is_named_by_its_length_in_place_of_its_text() {
        let line = |members: &str| format!("{{\"file\":\"a\",{members}\"labels\":[]}}");
        let whole = parse(&line("\"bytes\":7,")).unwrap();
        assert_eq!((whole[0].bytes, whole[0].text.as_str()), (Some(7), ""));
        assert_eq!(serde_json::to_string(&whole[0]).unwrap(), "{\"repo\":\"\",\"file\":\"a\",\"first_line\":1,\"bytes\":7,\"labels\":[]}");
        for wrong in ["", "\"bytes\":7,\"text\":\"x\",", "\"bytes\":7,\"first_line\":2,"] {
            let error = parse(&line(wrong)).unwrap_err().to_string();
            assert_eq!(error, "line 1 is no labelled text: it needs `text`, or `bytes` alone for a whole file");
        }
    }

    #[test]
    fn errors_name_the_line_and_quote_nothing() {
        let text = "{\"file\":\"a\",\"text\":\"x\",\"labels\":[]}\n{\"file\":\"a\",\"text\":7,\"labels\":[]}";
        let error = parse(text).unwrap_err().to_string();
        assert_eq!(error, "line 2 is no labelled text: a member is missing or of the wrong type (column 20)");
    }
}
