//! Files of words, fields or `key=value` without sections: `.netrc`, `.pgpass`, `.npmrc`, `.yarnrc.yml`, `gradle.properties`, kubeconfig.
//! Owns: their syntax. Must not: judge values.

use std::ops::Range;

use bstr::ByteSlice;

use super::{plain_text, propose_encoded_pair, propose_password, propose_token};
use crate::detect::credential::Login;
use crate::detect::run::{back, on};
use crate::detect::{Sink, rule};

/// Longest value.
const VALUE_MAX: usize = 2048;
/// Longest entry of a `.netrc`.
const ENTRY_MAX: usize = 1024;
/// Bytes of a kubeconfig that are read on either side of its kind.
pub(super) const KUBECONFIG_MAX: usize = 32 * 1024;

/// `machine host login user password secret`, see "The .netrc file" in the manual of GNU inetutils.
pub fn netrc(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    if sink.view.before(hit.start).is_some_and(|before| before.is_ascii_alphanumeric() && !sink.view.ends_escape(hit.start)) {
        return;
    }
    let limit = &bytes[..bytes.len().min(hit.end + ENTRY_MAX)];
    // The entry for all other machines has no name, and a line of its own.
    let named = bytes[hit.clone()].ends_with(b"machine ");
    let starts = sink.view.before(hit.start).is_none_or(|before| b"\n\"'".contains(&before)) || sink.view.ends_escape(hit.start);
    if !named && !starts {
        return;
    }
    let host = if named { word(limit, hit.end) } else { hit.start..hit.start };
    let mut at = if named { host.end } else { hit.start + b"default ".len() };
    let mut user = 0..0;
    loop {
        let name = word(limit, at);
        let value = word(limit, name.end);
        if value.is_empty() {
            return;
        }
        match &bytes[name] {
            b"login" => user = value.clone(),
            // Without a login, only a domain tells an entry from prose.
            b"password" | b"passwd" if !user.is_empty() || bytes[host.clone()].contains(&b'.') => {
                let login = Login { user: &bytes[user], host: &bytes[host] };
                return propose_password(sink, "netrc-password", value, login);
            }
            b"account" | b"port" => {}
            _ => return,
        }
        at = value.end;
    }
}

/// The next word from `at` on; spaces, line ends, real or escaped, and quotes around it are left out.
fn word(bytes: &[u8], at: usize) -> Range<usize> {
    let mut start = at;
    loop {
        start += on(bytes, start, ENTRY_MAX, |byte| byte.is_ascii_whitespace());
        match bytes.get(start..) {
            Some([b'\\', b'n' | b't', ..]) => start += 2,
            Some([b'"' | b'\'', ..]) if start > at => start += 1,
            _ => break,
        }
    }
    start..start + on(bytes, start, ENTRY_MAX, |byte| !byte.is_ascii_whitespace() && !b"\"'\\".contains(&byte))
}

/// `host:port:database:user:password`, see "The Password File" in PostgreSQL's manual.
pub fn pgpass(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let is_inner = |byte: u8| !byte.is_ascii_whitespace() && !b"\"'`".contains(&byte);
    let start = hit.start - back(bytes, hit.start, 256, is_inner);
    let end = hit.start + on(bytes, hit.start, 512, is_inner);
    let mut ends = (start..end).filter(|&at| bytes[at] == b':' && bytes[at - usize::from(at > start)] != b'\\');
    // The anchor stands behind the host.
    let (Some(host), Some(port), Some(database), Some(user)) = (ends.next(), ends.next(), ends.next(), ends.next()) else { return };
    let is_port = bytes[host + 1..port].iter().all(|byte| byte.is_ascii_digit() || *byte == b'*');
    if host != hit.start || host == start || !is_port || database == port + 1 || user == database + 1 || ends.next().is_some() {
        return;
    }
    let host = if &bytes[start..host] == b"*" { host..host } else { start..host };
    let login = Login { user: &bytes[database + 1..user], host: &bytes[host] };
    propose_password(sink, "postgresql-pgpass-password", user + 1..end, login);
}

/// `//registry/:_authToken=…`, `//registry/:_password=…`, `_auth=…`; the last two in base64.
pub fn npmrc(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let name = bytes[hit.clone()].trim_with(|character| !character.is_ascii_alphabetic());
    let is_key = sink.view.before(hit.start).is_none_or(|before| before.is_ascii_whitespace() || b":/\"'".contains(&before));
    let value = value(bytes, hit.start + on(bytes, hit.start, 16, |byte| byte.is_ascii_alphabetic() || b":_".contains(&byte)));
    let Some(value) = value.filter(|_| is_key) else { return };
    let scope = hit.start - back(bytes, hit.start, 256, |byte| byte.is_ascii_alphanumeric() || b"/.-_:@~".contains(&byte))..hit.start;
    let host = bytes[scope].strip_prefix(b"//").unwrap_or_default();
    let host = &host[..on(host, 0, 256, |byte| byte != b'/' && byte != b':')];
    match name {
        // npm's own former tokens have a pattern.
        b"authToken" if rule::is_uuid(&bytes[value.clone()]) => {}
        b"authToken" => propose_token(sink, "npm-registry-token", value, host),
        b"password" => match plain_text(&bytes[value.clone()]) {
            Some(plain) => super::propose_decoded(sink, "npm-registry-password", value, &plain, Login { user: b"", host }),
            None => propose_password(sink, "npm-registry-password", value, Login { user: b"", host }),
        },
        _ => {
            propose_encoded_pair(sink, "npm-registry-password", value, host);
        }
    }
}

/// `npmAuthToken: …`, `npmAuthIdent: user:password`, the latter in base64 or not.
pub fn yarnrc(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let Some(value) = value(bytes, hit.end - 1) else { return };
    if bytes[hit.clone()].starts_with(b"npmAuthToken") {
        propose_token(sink, "yarn-registry-token", value, b"");
    } else if let Some((user, password)) = bytes[value.clone()].split_once_str(b":") {
        propose_password(sink, "yarn-registry-password", value.end - password.len()..value.end, Login { user, host: b"" });
    } else {
        propose_encoded_pair(sink, "yarn-registry-password", value, b"");
    }
}

/// `signing.password=…` and its like.
pub fn gradle(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let Some(value) = value(sink.view.bytes, hit.end) else { return };
    let is_publishing = sink.view.bytes[hit.clone()].starts_with(b"gradle");
    if is_publishing {
        propose_token(sink, "gradle-publish-secret", value, b"");
    } else {
        propose_password(sink, "gradle-signing-password", value, Login::default());
    }
}

/// `token:` and `password:` of the users of a kubeconfig.
pub fn kubeconfig(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    if sink.view.at(hit.end).is_some_and(|byte| !byte.is_ascii_whitespace() && byte != b'"') {
        return;
    }
    let around = hit.start.saturating_sub(KUBECONFIG_MAX)..bytes.len().min(hit.end + KUBECONFIG_MAX);
    let (head, tail) = (&bytes[around.start..hit.start], &bytes[hit.end..around.end]);
    let ends: [&[u8]; 2] = [b"\n---", b"kind: Config"];
    let before = around.start + ends.iter().filter_map(|end| head.rfind(end)).max().unwrap_or(0);
    let after = hit.end + ends.iter().filter_map(|end| tail.find(end)).min().unwrap_or(tail.len());
    let mut at = before;
    let mut user = 0..0;
    for line in bytes[before..after].lines_with_terminator() {
        let indent = on(line, 0, line.len(), |byte| byte == b' ' || byte == b'-');
        let (start, text) = (at + indent, &line[indent..]);
        at += line.len();
        let Some(value) = text.find_byte(b':').and_then(|colon| value(bytes, start + colon)) else { continue };
        match text {
            [b'u', b's', b'e', b'r', b'n', b'a', b'm', b'e', b':', ..] => user = value,
            [b't', b'o', b'k', b'e', b'n', b':', ..] if indent > 2 => propose_token(sink, "kubernetes-kubeconfig-token", value, b""),
            [b'p', b'a', b's', b's', b'w', b'o', b'r', b'd', b':', ..] if indent > 2 => {
                propose_password(sink, "kubernetes-kubeconfig-password", value, Login { user: &bytes[user.clone()], host: b"" });
            }
            _ => {}
        }
    }
}

/// The value behind the key that ends at `from`, with or without quotes, on the same line.
fn value(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let quotes = on(bytes, from, 2, |byte| b"\"'\\".contains(&byte));
    let gap = on(bytes, from + quotes, 8, |byte| b" \t=:".contains(&byte));
    let mut start = from + quotes + gap;
    let open = on(bytes, start, 2, |byte| b"\"'\\".contains(&byte));
    start += open;
    let is_end = |byte: u8| if open > 0 { b"\"'\\\r\n".contains(&byte) } else { byte.is_ascii_whitespace() || b"\"'\\".contains(&byte) };
    let length = on(bytes, start, VALUE_MAX, |byte| !is_end(byte));
    (gap > 0 && length > 0).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::{each, found, refused, secret};

    const FAMILY: [&str; 6] = ["netrc-", "postgresql-", "npm-registry", "yarn-", "gradle-", "kubernetes-"];

    fn is(text: &str, id: &str) {
        assert_eq!(found(&FAMILY, text), [(id.to_owned(), secret())], "{text}");
    }

    fn is_not(text: &str) {
        assert_eq!(found(&FAMILY, text), [], "{text}");
    }

    #[test]
    fn netrc_on_one_line_or_several() {
        for text in [
            "machine git.acme.io login jane password §",
            "machine git.acme.io\n  login jane\n  password §\nmachine other",
            "echo \"machine git.acme.io login jane password §\" >> ~/.netrc",
            "printf 'machine git.acme.io\\nlogin jane\\npassword §\\n'",
            "machine git.acme.io password §",
            "default login jane password §",
            "machine a login b\ndefault login jane password §",
        ] {
            is(text, "netrc-password");
        }
        for text in [
            "machine learning password §",
            "machine a login b",
            "machine ",
            "machine a login b password",
            "virtualmachine a password §",
            "the default login is password §",
        ] {
            is_not(text);
        }
        let mut facts = Vec::new();
        each("machine git.acme.io login jane password §", |_, candidate| facts.clone_from(&candidate.facts));
        assert_eq!(facts, [("user", "jane".to_owned()), ("host", "git.acme.io".to_owned())]);
    }

    #[test]
    fn pgpass_has_five_fields() {
        for text in [
            "db.internal:5432:app:jane:§",
            "*:*:*:postgres:§",
            "db:5432:*:*:§\n",
            "echo 'db:5432:app:jane:§' > ~/.pgpass",
            "db:6432:app:jane:§",
        ] {
            is(text, "postgresql-pgpass-password");
        }
        for text in ["-p 127.0.0.1:5432:5432", "db:5432:app:jane:§:x", ":5432:a:b:§", "a:b:5432:c:§", "x:*:*:", "db:5432:app::§"] {
            is_not(text);
        }
    }

    #[test]
    fn npm_settings() {
        let encoded = data_encoding::BASE64.encode(secret().as_bytes());
        let pair = data_encoding::BASE64.encode(format!("jane:{}", secret()).as_bytes());
        is("//npm.acme.io/:_authToken=§", "npm-registry-token");
        is("npm config set //npm.acme.io/:_authToken §", "npm-registry-token");
        is(&format!("//npm.acme.io/:_password=\"{encoded}\""), "npm-registry-password");
        is(&format!("_auth={pair}"), "npm-registry-password");
        is(&format!("//npm.acme.io/:_auth = {pair}"), "npm-registry-password");
        is_not(&format!("user_auth={pair}"));
        is_not("this._authToken = token");
        let expected = [("npm-registry-token".to_owned(), "variable reference")];
        assert_eq!(refused(&FAMILY, "//npm.acme.io/:_authToken=${NPM_TOKEN}"), expected);
    }

    #[test]
    fn yarn_and_gradle_settings() {
        is("npmAuthToken: \"§\"", "yarn-registry-token");
        is("npmAuthIdent: jane:§", "yarn-registry-password");
        is("signing.password=§", "gradle-signing-password");
        is("gradle.publish.secret=§", "gradle-publish-secret");
        is_not("props[\"signing.password\"]");
        is_not("signing.password=");
    }

    #[test]
    fn users_of_a_kubeconfig() {
        let text = "apiVersion: v1\nkind: Config\nusers:\n- name: jane\n  user:\n    username: jane\n    X\n";
        is(&text.replace('X', "token: §"), "kubernetes-kubeconfig-token");
        is(&text.replace('X', "password: '§'"), "kubernetes-kubeconfig-password");
        is_not(&text.replace('X', "token: §").replace("Config", "ConfigMap"));
        is_not(&text.replace('X', "---\ntoken: §"));
    }
}
