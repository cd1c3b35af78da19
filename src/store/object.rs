//! Values in stores that keep members and not text, as Vault does. Owns: which value is kept as its members, and the way back. Must not: ask a store.

use std::collections::BTreeMap;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::reference::{Backend, MEMBER_OF_WHOLE};
use crate::secret::Secret;

/// Members by name.
type Members = BTreeMap<String, Value>;

/// The members of a value that is an object of texts, whole numbers and booleans, written without spaces; in any order.
fn members(value: &[u8]) -> Option<Members> {
    let members: Members = serde_json::from_slice(value).ok()?;
    let is_plain = |value: &Value| value.is_string() || value.is_boolean() || value.is_i64() || value.is_u64();
    let is_whole = members.len() == 1 && members.get(MEMBER_OF_WHOLE).is_some_and(Value::is_string);
    (members.values().all(is_plain) && !is_whole && !members.is_empty() && text(&members).len() == value.len()).then_some(members)
}

fn text(members: &Members) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::to_vec(members).expect("because maps with text keys can be written as JSON"))
}

/// Whether such a store keeps a value as its members.
#[must_use]
pub fn has_members(value: &[u8]) -> bool {
    members(value).is_some()
}

/// The value as the store gives it back: members have no order.
#[must_use]
pub fn normal(backend: Backend, value: &Secret) -> Secret {
    let members = if backend == Backend::Vault { members(value.expose()) } else { None };
    members.map_or_else(|| value.clone(), |members| Secret::new(&text(&members)))
}

/// What the store keeps; none where the value is no text.
#[cfg(feature = "vault")]
pub(super) fn kept(value: &Secret) -> Option<Value> {
    let whole = || Some(serde_json::json!({ MEMBER_OF_WHOLE: std::str::from_utf8(value.expose()).ok()? }));
    members(value.expose()).map_or_else(whole, |members| Some(members.into_iter().collect()))
}

/// The value of what the store keeps.
#[cfg(feature = "vault")]
pub(super) fn given(kept: Value) -> Option<Secret> {
    let mut members: Members = serde_json::from_value(kept).ok()?;
    match members.get_mut(MEMBER_OF_WHOLE).map(Value::take) {
        Some(Value::String(whole)) if members.len() == 1 => return Some(Secret::new(Zeroizing::new(whole).as_bytes())),
        Some(other) => drop(members.insert(MEMBER_OF_WHOLE.to_owned(), other)),
        None => {}
    }
    Some(Secret::new(&text(&members)))
}

#[cfg(all(test, feature = "vault"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn objects_are_kept_as_members_and_all_else_as_it_is() {
        for (value, members) in [
            (r#"{"username":"app","password":"p\"w","port":5432,"tls":true}"#, true),
            (r#"{"value":"x","a":"b"}"#, true),
            (r#"{"value":"x"}"#, false),
            (r#"{"a": "b"}"#, false),
            (r#"{"a":1.5}"#, false),
            (r#"{"a":{"b":"c"}}"#, false),
            (r#"{"a":"b","a":"c"}"#, false),
            ("{}", false),
            ("text", false),
        ] {
            let value = Secret::new(value.as_bytes());
            assert_eq!(has_members(value.expose()), members);
            let back = given(kept(&value).unwrap()).unwrap();
            assert_eq!(back, normal(Backend::Vault, &value));
            assert_eq!(back == value, !members || value.expose() == text(&super::members(value.expose()).unwrap()).as_slice());
        }
        assert_eq!(kept(&Secret::new(b"\xff")), None);
        let unordered = Secret::new(br#"{"b":"1","a":"2"}"#);
        assert_eq!(normal(Backend::Vault, &unordered).expose(), br#"{"a":"2","b":"1"}"#);
        assert_eq!(normal(Backend::Aws, &unordered), unordered);
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in ".*") {
            let value = Secret::new(text.as_bytes());
            prop_assert_eq!(given(kept(&value).unwrap()).unwrap(), normal(Backend::Vault, &value));
        }
    }
}
