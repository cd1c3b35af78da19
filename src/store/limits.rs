//! What every store takes, checked before it is asked: the limits of AWS Secrets Manager. Owns: the limits and their words. Must not: ask a store.
//!
//! Source: the API reference of CreateSecret and Tag, and the service's quotas, as documented in 2026.

use super::{NewSecret, StoreError, Tags};
use crate::secret::Secret;

/// Bytes of a value, at most.
pub const LARGEST_VALUE: usize = 65_536;
/// Characters of a name, at most.
pub const LONGEST_NAME: usize = 512;
/// Tags of a secret, at most.
pub const MOST_TAGS: usize = 50;
/// Characters of a tag's key and of its value, at most.
pub const LONGEST_TAG: (usize, usize) = (128, 256);
/// Characters of a token.
pub const TOKEN: std::ops::RangeInclusive<usize> = 32..=64;
/// Days of a recovery window.
pub const RECOVERY_DAYS: std::ops::RangeInclusive<u8> = 7..=30;

/// Checks all of a new secret.
///
/// # Errors
/// [`StoreError::Invalid`] with the first thing that is outside of the limits.
pub fn new_secret(new: &NewSecret<'_>) -> Result<(), StoreError> {
    name(new.name)?;
    value(new.name, new.value)?;
    token(new.name, new.token)?;
    tags(new.name, new.tags)
}

/// Checks the name of a secret to create.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn name(name: &str) -> Result<(), StoreError> {
    let takes = |character: char| character.is_ascii_alphanumeric() || matches!(character, '/' | '_' | '+' | '=' | '.' | '@' | '-');
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(invalid(name, format!("a name has 1 to {LONGEST_NAME} characters")));
    }
    match name.chars().find(|&character| !takes(character)) {
        Some(wrong) => Err(invalid(name, format!("a name has letters, digits and /_+=.@- only, not {wrong:?}"))),
        None => Ok(()),
    }
}

/// Checks a value.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn value(name: &str, value: &Secret) -> Result<(), StoreError> {
    match value.len() {
        0 => Err(invalid(name, "an empty value cannot be stored".to_owned())),
        length if length > LARGEST_VALUE => Err(invalid(name, format!("the value has {length} bytes, and {LARGEST_VALUE} are the most"))),
        _ => Ok(()),
    }
}

/// Checks a token.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn token(name: &str, token: &str) -> Result<(), StoreError> {
    if TOKEN.contains(&token.len()) { Ok(()) } else { Err(invalid(name, "a ClientRequestToken has 32 to 64 characters".to_owned())) }
}

/// Checks tags.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn tags(name: &str, tags: &Tags) -> Result<(), StoreError> {
    let (key_length, value_length) = LONGEST_TAG;
    if tags.len() > MOST_TAGS {
        return Err(invalid(name, format!("{} tags are too many, {MOST_TAGS} are the most", tags.len())));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > key_length || value.chars().count() > value_length {
            let detail = format!("the key of a tag has 1 to {key_length} characters and its value at most {value_length}: {key:?}");
            return Err(invalid(name, detail));
        }
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(invalid(name, format!("keys of tags that start with aws: are AWS's own: {key:?}")));
        }
    }
    Ok(())
}

/// Checks a recovery window.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn recovery_days(name: &str, days: u8) -> Result<(), StoreError> {
    if RECOVERY_DAYS.contains(&days) { Ok(()) } else { Err(invalid(name, format!("a recovery window has 7 to 30 days, not {days}"))) }
}

/// The error for what a store would not take.
pub(super) fn invalid(name: &str, detail: String) -> StoreError {
    StoreError::Invalid { name: name.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::tags as check_tags;
    use super::*;

    fn said(result: Result<(), StoreError>) -> String {
        result.map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn limits_are_counted_in_bytes_and_characters() {
        assert_eq!(said(value("a", &Secret::new(&vec![b'x'; 65_536]))), "fine");
        assert_eq!(said(value("a", &Secret::new(&vec![b'x'; 65_537]))), "a: the value has 65537 bytes, and 65536 are the most");
        assert_eq!(said(value("a", &Secret::new("é".repeat(32_769).as_bytes()))), "a: the value has 65538 bytes, and 65536 are the most");
        assert_eq!(said(value("a", &Secret::new(b""))), "a: an empty value cannot be stored");
        assert_eq!(said(name(&"a".repeat(512))), "fine");
        assert!(said(name(&"a".repeat(513))).ends_with("a name has 1 to 512 characters"));
        assert_eq!(said(name("a b")), "a b: a name has letters, digits and /_+=.@- only, not ' '");
        assert_eq!(said(token("a", &"t".repeat(31))), "a: a ClientRequestToken has 32 to 64 characters");
        assert_eq!(said(recovery_days("a", 6)), "a: a recovery window has 7 to 30 days, not 6");
    }

    #[test]
    fn tags_of_the_cloud_are_refused() {
        let tags = |key: &str| check_tags("a", &Tags::from([(key.to_owned(), "v".to_owned())]));
        assert_eq!(said(tags("team")), "fine");
        assert_eq!(said(tags("AWS:x")), "a: keys of tags that start with aws: are AWS's own: \"AWS:x\"");
        assert!(said(tags(&"k".repeat(129))).starts_with("a: the key of a tag has 1 to 128 characters"));
        let many: Tags = (0..51).map(|number| (number.to_string(), String::new())).collect();
        assert_eq!(said(check_tags("a", &many)), "a: 51 tags are too many, 50 are the most");
    }
}
