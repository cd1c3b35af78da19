//! JSON files of logins by host: Docker's `config.json`, Composer's `auth.json`. Owns: their syntax, also inside a string. Must not: judge values.

use std::ops::Range;

use bstr::ByteSlice;

use super::{propose_encoded_pair, propose_password, propose_token};
use crate::detect::Sink;
use crate::detect::credential::Login;
use crate::detect::run::on;

/// Bytes of the object that are read.
const OBJECT_MAX: usize = 16 * 1024;
/// How deep the logins stand in the object.
const DEPTH: usize = 2;

/// `{"auths": {"host": {"auth": "…"}}}`.
pub fn docker(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let mut user = 0..0;
    for Member { host, name, value } in members(bytes, hit.end) {
        let host_name = &bytes[host];
        match &bytes[name] {
            b"auth" => {
                propose_encoded_pair(sink, "docker-config-auth", value, host_name);
            }
            b"username" => user = value,
            b"password" => propose_password(sink, "docker-config-auth", value, Login { user: &bytes[user.clone()], host: host_name }),
            b"identitytoken" | b"registrytoken" => propose_token(sink, "docker-config-auth", value, host_name),
            _ => {}
        }
    }
}

/// `{"http-basic": {"host": {"username": "…", "password": "…"}}}`.
pub fn composer(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let mut user = 0..0;
    for Member { host, name, value } in members(bytes, hit.end) {
        match &bytes[name] {
            b"username" => user = value,
            b"password" => {
                propose_password(sink, "composer-http-basic-password", value, Login { user: &bytes[user.clone()], host: &bytes[host] });
            }
            _ => {}
        }
    }
}

/// A string member of the object of one host; ranges of the text.
struct Member {
    host: Range<usize>,
    name: Range<usize>,
    value: Range<usize>,
}

/// The string members of the objects in the object behind the key that ends at `from`. What is nested otherwise ends it, so that no text is read
/// for many keys.
fn members(bytes: &[u8], from: usize) -> Vec<Member> {
    let bytes = &bytes[..bytes.len().min(from + OBJECT_MAX)];
    let mut found = Vec::new();
    let (mut depth, mut at) = (0, from);
    let (mut host, mut name, mut last) = (0..0, 0..0, 0..0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' => {
                depth += 1;
                if depth > DEPTH {
                    break;
                }
                if depth == DEPTH {
                    host = name.clone();
                }
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            b'"' if depth > 0 => {
                // A backslash before the closing quote belongs to the string around this JSON.
                let length = on(bytes, at, OBJECT_MAX, |byte| byte != b'"' && byte != b'\n');
                last = at..at + bytes[at..at + length].trim_end_with(|character| character == '\\').len();
                at += length + 1;
                if depth < DEPTH && !name.is_empty() {
                    break;
                }
                if !name.is_empty() {
                    found.push(Member { host: host.clone(), name: std::mem::take(&mut name), value: last.clone() });
                }
            }
            b':' => name = last.clone(),
            b',' | b'[' if depth > 0 => name = 0..0,
            _ if depth == 0 && !byte.is_ascii_whitespace() && byte != b'\\' => break,
            _ => {}
        }
        if byte == b'{' {
            name = 0..0;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::{each, found, secret};

    const FAMILY: [&str; 2] = ["docker-config", "composer-"];

    fn auth() -> String {
        data_encoding::BASE64.encode(format!("jane:{}", secret()).as_bytes())
    }

    #[test]
    fn every_registry_is_read() {
        let text = format!(
            "{{\"auths\": {{\n \"ghcr.io\": {{\"auth\": \"{}\"}},\n \"empty.io\": {{}},\n \"r.acme.io\": {{\"email\": \"x\", \"auth\": \"{}\"}}}}, \"auth\": \"x\"}}",
            auth(),
            auth()
        );
        let mut hosts = Vec::new();
        each(&text, |_, candidate| hosts.push((candidate.facts[1].1.clone(), candidate.secret.to_vec())));
        assert_eq!(hosts, ["ghcr.io", "r.acme.io"].map(|host| (host.to_owned(), secret().into_bytes())));
    }

    #[test]
    fn json_inside_a_string_is_read() {
        let text = format!("\"{{\\\"auths\\\":{{\\\"ghcr.io\\\":{{\\\"auth\\\":\\\"{}\\\"}}}}}}\"", auth());
        assert_eq!(found(&FAMILY, &text), [("docker-config-auth".to_owned(), secret())]);
    }

    #[test]
    fn composer_logins() {
        let text = "{\"http-basic\": {\"repo.acme.io\": {\"username\": \"jane\", \"password\": \"§\"}}}";
        assert_eq!(found(&FAMILY, text), [("composer-http-basic-password".to_owned(), secret())]);
    }

    #[test]
    fn other_objects_are_left_out() {
        for text in [
            "{\"auths\": {}}",
            "{\"auths\": \"§\", \"x\": {\"y\": {\"password\": \"§\"}}}",
            "\"auths\"",
            "\"auths\": {\"a\": {\"auth\": \"",
            "{\"auths\": {\"a\": {\"auth\": [\"§\"]}}}",
        ] {
            assert_eq!(found(&FAMILY, text), [], "{text}");
        }
    }
}
