//! XML files: Maven's `settings.xml`, `nuget.config`, FileZilla's site list. Owns: their syntax. Must not: judge values.

use std::ops::Range;

use bstr::ByteSlice;

use super::{plain_text, propose_decoded, propose_password};
use crate::detect::Sink;
use crate::detect::credential::Login;
use crate::detect::run::on;

/// Bytes of an element that are read.
const ELEMENT_MAX: usize = 2048;
/// Lines around a password in which its host and user stand.
const LINES: u8 = 8;

/// `<server><id>…</id><username>…</username><password>…</password></server>`.
pub fn maven(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let rest = &bytes[hit.end..bytes.len().min(hit.end + ELEMENT_MAX)];
    let server = hit.end..hit.end + rest.find(b"</server>").unwrap_or(rest.len());
    let user = element(bytes, server.clone(), "username").map_or(b"".as_slice(), |range| &bytes[range]);
    for name in ["password", "passphrase"] {
        let Some(password) = element(bytes, server.clone(), name) else { continue };
        // Maven's own encryption puts its base64 in braces.
        if matches!(&bytes[password.clone()], [b'{', inner @ .., b'}'] if inner.len() >= 16 && inner.contains(&b'=')) {
            sink.propose_as("maven-server-password", password, |candidate| candidate.dropped = Some("encrypted value"));
        } else {
            propose_password(sink, "maven-server-password", password, Login { user, host: b"" });
        }
    }
}

/// `<add key="ClearTextPassword" value="…" />`.
pub fn nuget(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let at = hit.end + on(bytes, hit.end, 16, |byte| b"\"' \t\r\n".contains(&byte));
    let Some(rest) = bytes[at..].strip_prefix(b"value=") else { return };
    let start = bytes.len() - rest.len() + 1;
    let quote = rest.first().copied().filter(|quote| b"\"'".contains(quote));
    let Some(quote) = quote else { return };
    let value = start..start + on(bytes, start, ELEMENT_MAX, |byte| byte != quote && byte != b'\n');
    propose_password(sink, "nuget-cleartext-password", value, Login::default());
}

/// `<Pass encoding="base64">…</Pass>`, or without the encoding.
pub fn filezilla(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let value = hit.end..hit.end + on(bytes, hit.end, ELEMENT_MAX, |byte| byte != b'<');
    let around = sink.view.lines(hit.start, LINES, ELEMENT_MAX);
    let [user, host] = ["User", "Host"].map(|name| element(bytes, around.clone(), name).map_or(b"".as_slice(), |range| &bytes[range]));
    let login = Login { user, host };
    if !bytes[hit.clone()].ends_with(b"\"base64\">") {
        propose_password(sink, "filezilla-site-password", value, login);
    } else if let Some(plain) = plain_text(&bytes[value.clone()]) {
        propose_decoded(sink, "filezilla-site-password", value, &plain, login);
    }
}

/// The text of the first element `name` in `within`.
fn element(bytes: &[u8], within: Range<usize>, name: &str) -> Option<Range<usize>> {
    let open = format!("<{name}>");
    let start = within.start + bytes[within.clone()].find(&open)? + open.len();
    let length = on(&bytes[..within.end], start, ELEMENT_MAX, |byte| byte != b'<');
    let text = bytes[start..start + length].trim_ascii();
    let start = start + bytes[start..start + length].find(text).filter(|_| !text.is_empty())?;
    Some(start..start + text.len())
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::{found, refused, secret};

    const FAMILY: [&str; 3] = ["maven-", "nuget-cleartext", "filezilla-"];

    fn is(text: &str, id: &str) {
        assert_eq!(found(&FAMILY, text), [(id.to_owned(), secret())], "{text}");
    }

    #[test]
    fn elements_hold_passwords() {
        is("<server>\n <id>x</id>\n <username>jane</username>\n <password>§</password>\n</server>", "maven-server-password");
        is("<server><privateKey>k</privateKey><passphrase> § </passphrase></server>", "maven-server-password");
        is("<add key=\"ClearTextPassword\" value=\"§\" />", "nuget-cleartext-password");
        is("<Host>ftp.acme.io</Host>\n<User>jane</User>\n<Pass>§</Pass>", "filezilla-site-password");
        let encoded = data_encoding::BASE64.encode(secret().as_bytes());
        is(&format!("<Pass encoding=\"base64\">{encoded}</Pass>"), "filezilla-site-password");
    }

    #[test]
    fn references_and_encrypted_passwords_are_dropped() {
        for (value, reason) in [("${env.PASS}", "variable reference"), ("{COQLCE6DU6GtcS5P=}", "encrypted value")] {
            let text = format!("<server><password>{value}</password></server>");
            assert_eq!(refused(&FAMILY, &text), [("maven-server-password".to_owned(), reason)], "{value}");
        }
    }

    #[test]
    fn other_elements_are_left_out() {
        for text in [
            "<server></server><password>§</password>",
            "<server>",
            "ClearTextPassword",
            "ClearTextPassword value=",
            "<Pass>",
            "<Pass></Pass>",
        ] {
            assert_eq!(found(&FAMILY, text), [], "{text}");
        }
    }
}
