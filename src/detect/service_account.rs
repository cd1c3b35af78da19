//! Google service accounts. Owns: knowing that a private key is one of them, and whose. Must not: read the key itself.

use std::ops::Range;

use memchr::{memchr2, memmem, memrchr2};

use super::Sink;
use super::fact::{Facts, tell};
use super::private_key::{self, KeyBlock};
use super::view::View;

/// The pattern of such keys.
const ID: &str = "google-service-account-key";
/// Bytes before and after the key in which the account's other members stand.
const WINDOW: usize = 4096;
/// Longest e-mail address looked at on either side of the `@`.
const ADDRESS: usize = 128;
const DOMAIN: &[u8] = b"gserviceaccount.com";

/// Looks at the BEGIN line at `hit`.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let Some(block) = private_key::block(sink.view, hit.start) else { return };
    let Some(facts) = account(sink.view, &block) else { return };
    sink.propose_as(ID, block.span.clone(), |candidate| {
        candidate.facts.extend(facts);
        candidate.evidence.push("a service account's address stands beside it");
        block.describe(candidate);
    });
}

/// Whether `block` is reported as a service account and so not as a plain key.
#[must_use]
pub fn takes(sink: &Sink<'_, '_>, block: &KeyBlock) -> bool {
    let is_looked_for = || sink.catalogue.index_of(ID).is_some_and(|index| sink.catalogue.is_enabled(index));
    !sink.view.binary && account(sink.view, block).is_some() && is_looked_for()
}

/// Address, project and key id of the service account that `block` belongs to.
fn account(view: &View<'_>, block: &KeyBlock) -> Option<Facts> {
    if block.id != "private-key-pkcs8" {
        return None;
    }
    let bytes = view.bytes;
    let before = &bytes[block.span.start.saturating_sub(WINDOW)..block.span.start];
    let after = &bytes[block.span.end..bytes.len().min(block.span.end + WINDOW)];
    // The members of one JSON object, or the settings between two keys.
    let starts = [memrchr2(b'{', b'}', before), memmem::rfind(before, b"-----")];
    let ends = [memchr2(b'{', b'}', after), memmem::find(after, b"-----")];
    let before = &before[starts.into_iter().flatten().max().map_or(0, |found| found + 1)..];
    let after = &after[..ends.into_iter().flatten().min().unwrap_or(after.len())];
    let address = address(before).or_else(|| address(after))?;
    let mut facts = Facts::new();
    tell(&mut facts, "account", address);
    let project = address.split_once('@').and_then(|(_, host)| host.strip_suffix(".iam.gserviceaccount.com"));
    tell(&mut facts, "project", project.unwrap_or_default());
    let key_id = [before, after].into_iter().find_map(key_id);
    tell(&mut facts, "key id", key_id.unwrap_or_default());
    Some(facts)
}

/// The first address of a service account in `text`.
fn address(text: &[u8]) -> Option<&str> {
    memmem::find_iter(text, DOMAIN).find_map(|found| {
        let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'.';
        let host = text[..found].iter().rev().take(ADDRESS).take_while(|byte| is_host(byte)).count();
        let at = found.checked_sub(host + 1).filter(|&at| text[at] == b'@')?;
        let user = text[..at].iter().rev().take(ADDRESS).take_while(|byte| is_host(byte)).count();
        std::str::from_utf8(&text[at - user..found + DOMAIN.len()]).ok().filter(|_| user > 0)
    })
}

/// The 40 hex digits after `private_key_id`.
fn key_id(text: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"private_key_id";
    let rest = &text[memmem::find(text, NAME)? + NAME.len()..];
    let start = rest.iter().take(16).position(u8::is_ascii_hexdigit)?;
    let digits = rest[start..].iter().take(41).take_while(|byte| byte.is_ascii_hexdigit()).count();
    std::str::from_utf8(&rest[start..start + digits]).ok().filter(|_| digits == 40)
}

#[cfg(test)]
mod tests {
    use super::super::sample::testing::{found, text};
    use crate::finding::ChecksumStatus;

    const ALL: [&str; 2] = ["private-key", "google-service"];

    #[test]
    fn the_key_is_reported_once_with_its_account() {
        let file = text(super::ID, 1);
        let candidates = found(&ALL, file.as_bytes(), false);
        let [(id, candidate)] = candidates.as_slice() else { panic!("{candidates:?}") };
        assert_eq!((id.as_str(), candidate.checksum), (super::ID, ChecksumStatus::Valid));
        let key_id = file.split("private_key_id\": \"").nth(1).unwrap()[..40].to_owned();
        let expected = [
            ("account", "deploy@acme-prod.iam.gserviceaccount.com".to_owned()),
            ("project", "acme-prod".to_owned()),
            ("key id", key_id),
            ("kind", "RSA".to_owned()),
            ("bits", "2048".to_owned()),
        ];
        assert_eq!(candidate.facts, expected);
        assert!(file[candidate.span.clone()].starts_with("-----BEGIN"));
        assert!(file[candidate.span.clone()].ends_with("-----"));
    }

    #[test]
    fn settings_beside_each_other_are_one_account() {
        let key = text("private-key-pkcs8", 1).replace('\n', "\\n");
        let env = format!("FIREBASE_EMAIL=fb@acme.iam.gserviceaccount.com\nFIREBASE_KEY=\"{key}\"\n");
        assert_eq!(found(&ALL, env.as_bytes(), false).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), [super::ID]);
    }

    #[test]
    fn keys_without_an_account_are_plain_keys() {
        let key = text("private-key-pkcs8", 1);
        let apart = format!("{{\"account\": \"x@acme.iam.gserviceaccount.com\"}}\n{key}");
        let url = format!("https://www.googleapis.com/robot/v1/metadata/x509/x%40acme.iam.gserviceaccount.com\n{key}");
        for text in [&apart, &url, &key] {
            assert_eq!(found(&ALL, text.as_bytes(), false).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["private-key-pkcs8"]);
        }
        // Binary content is searched for keys, not for accounts.
        let file = text(super::ID, 1) + "\0";
        assert_eq!(found(&ALL, file.as_bytes(), true).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["private-key-pkcs8"]);
    }

    #[test]
    fn an_elided_key_is_dropped() {
        let file = text(super::ID, 1);
        let start = file.find("\\nMII").unwrap();
        let elided = format!("{}\\n...{}", &file[..start], &file[file.find("\\n-----END").unwrap()..]);
        let candidates = found(&ALL, elided.as_bytes(), false);
        let [(id, candidate)] = candidates.as_slice() else { panic!("{candidates:?}") };
        assert_eq!((id.as_str(), candidate.dropped), (super::ID, Some("elided or placeholder body")));
    }
}
