//! Credentials in the files that tools keep them in. Owns: which reader looks at which anchor, and what the readers share. Must not: read files
//! that hold hashes only (`.htpasswd`, `shadow`), or look at a file's name: these texts stand in scripts and documentation too.

mod json;
mod lines;
mod markup;
mod sections;

use std::borrow::Cow;
use std::ops::Range;

use bstr::{BStr, ByteSlice};

use super::candidate::Candidate;
use super::credential::{self, Login};
use super::{Sink, decode};
use crate::blob::visible;
use crate::finding::Encoding;

/// Bytes that any of the readers looks at, either way: a kubeconfig is the longest.
pub(super) const REACH: usize = lines::KUBECONFIG_MAX;

/// Looks at the anchor at `hit`.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    match &sink.view.bytes[hit.clone()] {
        b"machine " | b"default login " => lines::netrc(sink, &hit),
        b":5432:" | b":5433:" | b":6432:" | b":*:*:" => lines::pgpass(sink, &hit),
        b":_authToken" | b":_password" | b"_auth=" | b"_auth =" => lines::npmrc(sink, &hit),
        b"npmAuthToken:" | b"npmAuthIdent:" => lines::yarnrc(sink, &hit),
        b"signing.password" | b"signing.gnupg.passphrase" | b"gradle.publish.secret" => lines::gradle(sink, &hit),
        b"kind: Config" => lines::kubeconfig(sink, &hit),
        b"host_base" => sections::s3cfg(sink, &hit),
        section if section.starts_with(b"[") => sections::detect(sink, &hit),
        b"<server>" => markup::maven(sink, &hit),
        b"<Pass>" | b"<Pass encoding=\"base64\">" => markup::filezilla(sink, &hit),
        b"ClearTextPassword" => markup::nuget(sink, &hit),
        b"\"auths\"" | b"\"auths\\\"" => json::docker(sink, &hit),
        _ => json::composer(sink, &hit),
    }
}

/// Proposes the password at `span`.
fn propose_password(sink: &mut Sink<'_, '_>, id: &str, span: Range<usize>, login: Login<'_>) {
    if !span.is_empty() {
        sink.propose_as(id, span, |candidate| {
            tell(candidate, login);
            credential::judge_password(candidate, login);
        });
    }
}

/// Proposes the token at `span`, if another detector does not know it better.
fn propose_token(sink: &mut Sink<'_, '_>, id: &str, span: Range<usize>, host: &[u8]) {
    if !span.is_empty() && !credential::is_jwt(&sink.view.bytes[span.clone()]) {
        sink.propose_as(id, span, |candidate| {
            tell(candidate, Login { user: b"", host });
            credential::judge_token(candidate);
        });
    }
}

/// Proposes the password in the base64 of `user:password` at `span`; `false` where it is not that.
fn propose_encoded_pair(sink: &mut Sink<'_, '_>, id: &str, span: Range<usize>, host: &[u8]) -> bool {
    let Some(plain) = plain_text(&sink.view.bytes[span.clone()]) else { return false };
    let Some((user, password)) = plain.split_once_str(b":").filter(|(_, password)| !password.is_empty()) else { return false };
    propose_decoded(sink, id, span, password, Login { user, host });
    true
}

/// Proposes the base64 at `span`, which stands for `password`.
fn propose_decoded(sink: &mut Sink<'_, '_>, id: &str, span: Range<usize>, password: &[u8], login: Login<'_>) {
    sink.propose_as(id, span, |candidate| {
        candidate.secret = Cow::Owned(password.to_vec());
        candidate.encodings.push(Encoding::Base64);
        tell(candidate, login);
        credential::judge_password(candidate, login);
    });
}

/// The text that base64 stands for; `None` where it does not stand for text.
fn plain_text(encoded: &[u8]) -> Option<Vec<u8>> {
    let encoded = encoded.trim_end_with(|character| character == '=');
    let is_base64 = encoded.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
    let plain = Some(decode::base64(encoded)).filter(|_| is_base64 && encoded.len() % 4 != 1)?;
    (!plain.is_empty() && plain.to_str().is_ok() && !plain.iter().any(u8::is_ascii_control)).then_some(plain)
}

fn tell(candidate: &mut Candidate<'_>, login: Login<'_>) {
    for (name, value) in [("user", login.user), ("host", login.host)] {
        if !value.is_empty() {
            candidate.facts.push((name, visible(BStr::new(value))));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::wrong_examples;
    use crate::patterns::schema::Detector;

    #[test]
    fn examples_are_judged_as_their_patterns_say() {
        assert_eq!(wrong_examples(Detector::CredentialFile), []);
    }
}
