//! Rewritten files are read by readers that others wrote: what changed for them is the moved values and nothing else.
//! Owns: how each reader is called. Must not: skip where one is missing; the test fails and says which.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use bstr::ByteSlice as _;

use crate::tools::tool;

/// Reads `[format, before, after]` and writes `[[old, new], …]`, what differs; fails where other keys are there.
const READ: &str = r#"
import base64, configparser, io, json, sys, tomllib
import dotenv, yaml

def flat(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, path + (str(key),))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from flat(inner, path + (index,))
    else:
        yield path, value

def ini(text):
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}

readers = {
    "dotenv": lambda raw: dict(dotenv.dotenv_values(stream=io.StringIO(raw.decode("utf-8-sig")), interpolate=False)),
    "yaml": lambda raw: list(yaml.safe_load_all(raw)),
    "json": lambda raw: json.loads(raw.decode("utf-8-sig")),
    "toml": lambda raw: tomllib.loads(raw.decode("utf-8-sig").replace("\r\n", "\n")),
    "ini": lambda raw: ini(raw.decode("utf-8-sig")),
}
format, before, after = json.load(sys.stdin)
old, new = (dict(flat(readers[format](base64.b64decode(text)))) for text in (before, after))
assert old.keys() == new.keys(), (old.keys(), new.keys())
print(json.dumps([[old[path], new[path]] for path in old if old[path] != new[path]]))
"#;

/// Cases that a reader takes for something else, or not at all, and why.
const OTHER: [(&str, &str); 4] = [
    ("env.list", "read by Docker, not as .env"),
    ("comments.jsonc", "Python's json has no comments"),
    ("nosection.ini", "configparser wants a section"),
    ("url.conf", "configparser wants a section"),
];

/// The reader for the cases of these fixtures, if there is one.
pub fn reader(fixtures: &str, case: &str) -> Option<&'static str> {
    let known = match fixtures {
        "dotenv" => "dotenv",
        "yaml" | "compose" | "helm" | "ansible" | "spring" if !case.ends_with(".properties") => "yaml",
        "json" | "notebook" => "json",
        "toml" => "toml",
        "ini" => "ini",
        _ => return None,
    };
    OTHER.iter().all(|(other, _)| *other != case).then_some(known)
}

/// Reads both, and gives what differs: the old value and the new one.
pub fn differences(reader: &str, before: &[u8], after: &[u8], case: &str) -> BTreeMap<String, String> {
    let python = tool("python-programs/venv/bin/python");
    let mut child = Command::new(&python)
        .args(["-I", "-c", READ])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; scripts/test-tools makes it", python.display()));
    let encode = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
    let input = serde_json::json!([reader, encode(before), encode(after)]).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{case}: {}", output.stderr.as_bstr());
    let pairs: Vec<(String, String)> = serde_json::from_slice(&output.stdout).unwrap();
    pairs.into_iter().collect()
}
