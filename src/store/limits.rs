//! What stores take, checked before they are asked: the limits of AWS Secrets Manager, and of Parameter Store. Owns: the limits and their words.
//! Must not: ask a store.
//!
//! Source: the API reference of CreateSecret and Tag, and the service's quotas, as documented in 2026; of Azure, "About Azure Key Vault secrets"
//! (<https://learn.microsoft.com/azure/key-vault/secrets/about-secrets>); of Google, "Quotas and limits" of Secret Manager
//! (<https://docs.cloud.google.com/secret-manager/quotas>).

use super::{Action, NewSecret, StoreError, Tags};
use crate::reference::Backend;
use crate::secret::Secret;

/// Bytes of a value, at most.
pub const LARGEST_VALUE: usize = 65_536;
/// Bytes of a parameter's value, at most, in the tier that costs nothing.
pub const LARGEST_PARAMETER: usize = 4_096;
/// Bytes of a value, at most, in Azure.
pub const LARGEST_IN_KEY_VAULT: usize = 25_600;
/// Tags of a secret of Azure, and characters of the key and the value of each, at most.
const KEY_VAULT_TAGS: (usize, usize) = (15, 256);
/// Characters of a parameter's name and of its description, and the levels of its name, at most.
const PARAMETER: (usize, usize, usize) = (1_011, 1_024, 15);
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

/// Bytes of a value, at most, in this store.
#[must_use]
pub const fn largest_value(backend: Backend) -> usize {
    match backend {
        Backend::Local | Backend::Aws | Backend::Vault | Backend::Gcp | Backend::File => LARGEST_VALUE,
        Backend::Ssm => LARGEST_PARAMETER,
        Backend::Azure => LARGEST_IN_KEY_VAULT,
    }
}

/// Whether a value has to be text in this store.
#[must_use]
pub const fn is_text_only(backend: Backend) -> bool {
    matches!(backend, Backend::Ssm | Backend::Vault | Backend::Azure)
}

/// Why this store does not do something, whoever asks.
#[must_use]
pub const fn refused(backend: Backend, action: Action) -> Option<&'static str> {
    match (backend, action) {
        (Backend::Ssm, Action::AddVersion | Action::MoveStage) => {
            Some("a new version of a parameter is in force at once, before it could be proved")
        }
        (Backend::Vault, Action::AddVersion | Action::MoveStage) => {
            Some("a new version in Vault is in force at once, before it could be proved")
        }
        (Backend::Gcp, Action::AddVersion | Action::MoveStage) => {
            Some("a new version in Google Cloud is in force at once, before it could be proved")
        }
        (Backend::Azure, Action::AddVersion | Action::MoveStage) => {
            Some("a new version in Azure is in force at once, before it could be proved")
        }
        (Backend::Azure, Action::Replicate) => Some("Azure replicates a key vault and not single secrets"),
        (Backend::Gcp, Action::Delete | Action::Restore) => Some("Google Cloud deletes at once and for good"),
        (Backend::File, Action::AddVersion | Action::MoveStage) => {
            Some("a file has one version, and another one would be in force at once, before it could be proved")
        }
        (Backend::File, Action::Replicate) => Some("files have no replicas"),
        (Backend::Vault, Action::Replicate) => Some("Vault has no replicas of single secrets"),
        (Backend::Ssm, Action::Replicate) => Some("Parameter Store has no replicas"),
        (Backend::Ssm, Action::Delete | Action::Restore) => Some("Parameter Store deletes at once and for good"),
        _ => None,
    }
}

/// Whether nobody but the action itself shows if it is allowed.
#[must_use]
pub const fn is_unasked(backend: Backend, action: Action) -> bool {
    matches!((backend, action), (Backend::Azure, Action::Create))
}

/// Whether the store has managed external secrets.
#[must_use]
pub const fn has_external_types(backend: Backend) -> bool {
    matches!(backend, Backend::Local | Backend::Aws)
}

/// Why a key of one's own is not taken, with these regions.
#[must_use]
pub const fn key_refused(backend: Backend, replica_regions: &[String]) -> Option<&'static str> {
    match backend {
        Backend::Vault => Some("Vault encrypts everything with a key of its own"),
        Backend::Gcp if !replica_regions.is_empty() => Some("one key does not encrypt in several regions of Google Cloud"),
        Backend::File => Some("files are not encrypted"),
        Backend::Azure => Some("Azure encrypts every key vault with keys of its own"),
        Backend::Local | Backend::Aws | Backend::Ssm | Backend::Gcp => None,
    }
}

/// The error for it.
pub(super) fn refusal(backend: Backend, action: Action, name: &str) -> StoreError {
    invalid(name, refused(backend, action).unwrap_or_default().to_owned())
}

/// Checks all of a new parameter, by the quotas of Systems Manager.
///
/// # Errors
/// [`StoreError::Invalid`] with the first thing that is outside of the limits.
pub fn new_parameter(new: &NewSecret<'_>) -> Result<(), StoreError> {
    let unfit = |detail: String| Err(invalid(new.name, detail));
    let (longest_name, longest_description, levels) = PARAMETER;
    let takes = |character: char| character.is_ascii_alphanumeric() || matches!(character, '/' | '_' | '.' | '-');
    let first = new.name.get(..3).unwrap_or_default();
    if let Some(wrong) = new.name.chars().find(|&character| !takes(character)) {
        return unfit(format!("the name of a parameter has letters, digits and /_.- only, not {wrong:?}"));
    }
    if new.name.split('/').any(str::is_empty) || new.name.len() >= longest_name || new.name.split('/').count() > levels {
        return unfit(format!("the name of a parameter has up to {longest_name} characters in {levels} levels, none of them empty"));
    }
    if first.eq_ignore_ascii_case("aws") || first.eq_ignore_ascii_case("ssm") {
        return unfit("names of parameters that start with aws or ssm are AWS's own".to_owned());
    }
    if new.value.len() > LARGEST_PARAMETER {
        let detail = format!("the value has {} bytes, and {LARGEST_PARAMETER} are the most of a standard parameter", new.value.len());
        return unfit(detail);
    }
    if new.description.chars().count() > longest_description {
        return unfit(format!("the description of a parameter has up to {longest_description} characters"));
    }
    if !new.replica_regions.is_empty() {
        return Err(refusal(Backend::Ssm, Action::Replicate, new.name));
    }
    // One tag is ours.
    if new.tags.len() >= MOST_TAGS {
        return unfit(format!("{} tags are too many, {} are the most", new.tags.len(), MOST_TAGS - 1));
    }
    value(new.name, new.value)?;
    token(new.name, new.token)?;
    tags(new.name, new.tags)
}

/// Checks all of a new secret of Azure, with all the tags that it gets there.
///
/// # Errors
/// [`StoreError::Invalid`] with the first thing that is outside of the limits.
pub fn in_key_vault(new: &NewSecret<'_>, tags: &Tags) -> Result<(), StoreError> {
    let unfit = |detail: String| Err(invalid(new.name, detail));
    if let Some(reason) = key_refused(Backend::Azure, new.replica_regions).filter(|_| new.kms_key.is_some()) {
        return unfit(reason.to_owned());
    }
    if !new.replica_regions.is_empty() {
        return Err(refusal(Backend::Azure, Action::Replicate, new.name));
    }
    if new.value.len() > LARGEST_IN_KEY_VAULT {
        return unfit(format!("the value has {} bytes, and {LARGEST_IN_KEY_VAULT} are the most in Azure", new.value.len()));
    }
    key_vault_tags(new.name, tags)
}

/// Checks all the tags of a secret of Azure.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn key_vault_tags(name: &str, tags: &Tags) -> Result<(), StoreError> {
    let (most, longest) = KEY_VAULT_TAGS;
    if tags.len() > most {
        // One of ours says what made the secret, one describes it.
        return Err(invalid(name, format!("{} tags are too many in Azure, {most} are the most, with two of our own", tags.len())));
    }
    match tags.iter().find(|(key, value)| key.chars().count() > longest || value.chars().count() > longest) {
        Some((key, _)) => Err(invalid(name, format!("the key and the value of a tag have at most {longest} characters in Azure: {key:?}"))),
        None => Ok(()),
    }
}

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
    fn parameters_are_smaller_and_named_more_strictly() {
        let tags = Tags::new();
        let of = |name: &str, length: usize| {
            let value = Secret::new(&vec![b'x'; length]);
            let token = "t".repeat(32);
            said(new_parameter(&NewSecret {
                name,
                value: &value,
                description: "",
                tags: &tags,
                kms_key: None,
                replica_regions: &[],
                external_type: None,
                token: &token,
            }))
        };
        assert_eq!(of("prod/a.b_c-d", 4_096), "fine");
        assert_eq!(of("a", 4_097), "a: the value has 4097 bytes, and 4096 are the most of a standard parameter");
        assert_eq!(of("a", 0), "a: an empty value cannot be stored");
        assert!(of("a@b", 1).ends_with("has letters, digits and /_.- only, not '@'"));
        assert!(of("Aws/a", 1).ends_with("start with aws or ssm are AWS's own"));
        assert_eq!(of(&vec!["a"; 15].join("/"), 1), "fine");
        for name in [vec!["a"; 16].join("/"), "a//b".to_owned(), String::new(), "a".repeat(1_011)] {
            assert!(of(&name, 1).ends_with("in 15 levels, none of them empty"), "{name}");
        }
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
