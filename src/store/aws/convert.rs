//! Between the SDK's types and ours. Must not: ask the service.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::primitives::{Blob, DateTime};
use aws_sdk_secretsmanager::types::{SecretListEntry, Tag};

use super::super::{Description, Tags};
use crate::secret::Secret;

/// The value as SecretString, if it is text.
pub(super) fn text(value: &Secret) -> Option<String> {
    std::str::from_utf8(value.expose()).ok().map(ToOwned::to_owned)
}

/// The value as SecretBinary, if it is no text.
pub(super) fn binary(value: &Secret) -> Option<Blob> {
    std::str::from_utf8(value.expose()).is_err().then(|| Blob::new(value.expose()))
}

pub(super) fn value(text: Option<&str>, binary: Option<&Blob>) -> Option<Secret> {
    text.map(str::as_bytes).or_else(|| binary.map(Blob::as_ref)).map(Secret::new)
}

fn tags(all: &[Tag]) -> Tags {
    all.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

fn seconds(time: Option<&DateTime>) -> Option<i64> {
    time.map(DateTime::secs)
}

/// A description from one of the SDK's two types for it, which have the same members but for `versions` and `replicas`.
macro_rules! described {
    ($known:expr, $versions:expr, $replicas:expr) => {{
        let known = $known;
        let name = known.name().unwrap_or_default().to_owned();
        Description {
            id: known.arn().unwrap_or(&name).to_owned(),
            description: known.description().unwrap_or_default().to_owned(),
            tags: tags(known.tags()),
            versions: $versions.cloned().unwrap_or_default().into_iter().collect(),
            kms_key: known.kms_key_id().map(ToOwned::to_owned),
            replica_regions: $replicas,
            rotation_enabled: known.rotation_enabled().unwrap_or_default(),
            created: seconds(known.created_date()),
            changed: seconds(known.last_changed_date()),
            rotated: seconds(known.last_rotated_date()),
            next_rotation: seconds(known.next_rotation_date()),
            accessed: seconds(known.last_accessed_date()),
            deleted: seconds(known.deleted_date()),
            external_type: known.r#type().map(ToOwned::to_owned),
            name,
        }
    }};
}

pub(super) fn description(known: &DescribeSecretOutput) -> Description {
    let replicas = known.replication_status().iter().filter_map(|replica| replica.region().map(ToOwned::to_owned)).collect();
    described!(known, known.version_ids_to_stages(), replicas)
}

/// A secret of a list. Lists tell neither replicas nor, for some services, versions.
pub(super) fn entry(known: &SecretListEntry) -> Description {
    described!(known, known.secret_versions_to_stages(), Vec::new())
}
