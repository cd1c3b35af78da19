//! Files of `[sections]` with `key = value`: `.pypirc`, `my.cnf`, cargo's `credentials.toml`, `.s3cfg`. Owns: their syntax. Must not: judge values.

use std::ops::Range;

use bstr::ByteSlice;

use super::{propose_password, propose_token};
use crate::detect::Sink;
use crate::detect::credential::Login;
use crate::detect::run::on;

/// Bytes of a section that are read.
const SECTION_MAX: usize = 4096;
/// Package indices that a `.pypirc` has at most.
const SECTIONS_MAX: usize = 8;
/// Lines around an `.s3cfg`'s host in which its key stands.
const S3CFG_LINES: u8 = 60;

/// Looks at the section name at `hit`.
pub fn detect(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let line = sink.view.line(hit.start, 16, 128);
    let alone = bytes[line.start..hit.start].trim_ascii().is_empty() && bytes[line.clone()].trim_ascii_end().ends_with(b"]");
    if !alone {
        return;
    }
    let text = line.end..bytes.len().min(line.end + SECTION_MAX);
    match &bytes[hit.clone()] {
        b"[pypi]" | b"[testpypi]" | b"[server-login]" => pypi(sink, section(bytes, text)),
        b"[distutils]" => {
            let mut rest = section(bytes, text.clone()).end..text.end;
            for _ in 0..SECTIONS_MAX {
                let Some(name_end) = bytes[rest.clone()].find_byte(b']').map(|at| rest.start + at) else { break };
                let own = section(bytes, name_end..rest.end);
                let name = bytes[rest.start..name_end].trim_ascii();
                if ![b"[pypi".as_slice(), b"[testpypi", b"[server-login"].contains(&name) {
                    pypi(sink, own.clone());
                }
                rest.start = own.end;
            }
        }
        b"[registry]" | b"[registries." => {
            if let Some(token) = value(bytes, section(bytes, text), b"token") {
                propose_token(sink, "crates-registry-token", token, b"");
            }
        }
        _ => {
            let own = section(bytes, text);
            let [password, user, host] = [b"password".as_slice(), b"user", b"host"].map(|name| value(bytes, own.clone(), name));
            let [user, host] = [user, host].map(|range| range.map_or(b"".as_slice(), |range| &bytes[range]));
            if let Some(password) = password {
                propose_password(sink, "mysql-option-file-password", password, Login { user, host });
            }
        }
    }
}

/// The secret key of an `.s3cfg`, which has `host_base` in it.
pub fn s3cfg(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let around = sink.view.lines(hit.start, S3CFG_LINES, SECTION_MAX);
    if let Some(key) = value(sink.view.bytes, around, b"secret_key") {
        propose_token(sink, "s3cmd-secret-key", key, b"");
    }
}

fn pypi(sink: &mut Sink<'_, '_>, section: Range<usize>) {
    let bytes = sink.view.bytes;
    let user = value(bytes, section.clone(), b"username").map_or(b"".as_slice(), |range| &bytes[range]);
    if let Some(password) = value(bytes, section, b"password") {
        propose_password(sink, "pypi-upload-password", password, Login { user, host: b"" });
    }
}

/// The part of `text` before the next line that starts with `[`; `text` starts in the line of the section's name.
fn section(bytes: &[u8], text: Range<usize>) -> Range<usize> {
    let end = bytes[text.clone()].find(b"\n[").map_or(text.end, |at| text.start + at + 1);
    text.start..end
}

/// The value of the first line `name = value` in `text`, without quotes.
fn value(bytes: &[u8], text: Range<usize>, name: &[u8]) -> Option<Range<usize>> {
    let mut start = text.start;
    bytes[text].lines_with_terminator().find_map(|line| {
        let at = start;
        start += line.len();
        let equals = line.find_byteset(b"=:").filter(|&equals| line[..equals].trim_ascii() == name)?;
        let from = equals + 1 + on(&line[equals + 1..], 0, line.len(), |byte| byte == b' ' || byte == b'\t');
        let text = line[from..].trim_ascii_end();
        let quoted = text.len() >= 2 && b"\"'".contains(&text[0]) && text.last() == text.first();
        let (from, length) = if quoted { (from + 1, text.len() - 2) } else { (from, text.len()) };
        (length > 0).then_some(at + from..at + from + length)
    })
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::{found, secret};

    const FAMILY: [&str; 4] = ["pypi-upload", "mysql-", "crates-registry", "s3cmd-"];

    fn is(text: &str, ids: &[&str]) {
        let expected: Vec<_> = ids.iter().map(|&id| (id.to_owned(), secret())).collect();
        assert_eq!(found(&FAMILY, text), expected, "{text}");
    }

    #[test]
    fn sections_hold_passwords() {
        is("[pypi]\nusername = jane\npassword = §\n", &["pypi-upload-password"]);
        is("[pypi]\nusername: jane\npassword: §", &["pypi-upload-password"]);
        is(
            "[distutils]\nindex-servers =\n  corp\n\n[corp]\nrepository = https://x\npassword = §\n\n[pypi]\npassword = §\n",
            &["pypi-upload-password"; 2],
        );
        is("[client]\nuser=root\npassword=\"§\"\n", &["mysql-option-file-password"]);
        is("[mysqldump]\r\npassword = '§'\r\n", &["mysql-option-file-password"]);
        is("[registries.corp]\ntoken = \"§\"\n", &["crates-registry-token"]);
        is("[default]\naccess_key = A\nhost_base = s3.acme.io\nsecret_key = §\n", &["s3cmd-secret-key"]);
    }

    #[test]
    fn other_sections_are_left_out() {
        is("[client]\nuser=root\n[other]\npassword=§\n", &[]);
        is("see [client] for\npassword=§\n", &[]);
        is("[client]\n", &[]);
        is("[distutils]\n", &[]);
        is("[client]\npassword_file=§\n", &[]);
    }
}
