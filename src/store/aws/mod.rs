//! AWS Secrets Manager. Owns: the client and one method for each call. Must not: be built where no store is asked for; it starts a runtime.
//!
//! Credentials, profile, region and endpoint come by the SDK's usual chain. Each call blocks, and is retried with exponential backoff and jitter
//! by the SDK, six times at most. No subscriber for logs is ever installed, so what the SDK and its HTTP client could trace goes nowhere.

mod account;
mod convert;
pub(super) mod error;
mod probe;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::list_secrets::ListSecretsOutput;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, ReplicaRegionType, Tag};
use subtle::ConstantTimeEq;

use super::{
    Action, CURRENT, Description, NewSecret, REMOVE_REPLICAS, SecretStore, StoreError, Stored, Tags, Version, has_tags, limits,
    read_in_batches,
};
use crate::reference::Backend;
use crate::secret::Secret;
pub use account::AwsSettings;
pub(super) use account::{Account, public_endpoint};
use convert::{binary, description, text, value};
use error::{Call, failed};

/// Secrets of one BatchGetSecretValue.
const BATCH: usize = 20;

/// Secrets Manager in one account and region.
pub struct AwsStore {
    account: Account,
    client: Client,
}

impl AwsStore {
    /// A client. Nothing is asked yet, but for what the credential chain needs.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] without a region, or with an endpoint that would send secrets in the clear.
    pub fn open(settings: &AwsSettings) -> Result<Self, StoreError> {
        let account = Account::open(settings, "secretsmanager")?;
        let mut of_client = aws_sdk_secretsmanager::config::Builder::from(&account.config);
        if let Some(endpoint) = &account.own_endpoint {
            of_client = of_client.endpoint_url(endpoint);
        }
        Ok(Self { client: Client::from_conf(of_client.build()), account })
    }

    /// Says what else another account takes, where the secret is in one.
    fn of_another_account(&self, error: StoreError) -> StoreError {
        let (StoreError::Denied { name, .. } | StoreError::Key { name, .. }) = &error else { return error };
        let Some(account) = name.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)) else { return error };
        if self.account.caller().is_ok_and(|(home, _)| home == account) {
            return error;
        }
        let more = format!(
            "; the secret is in account {account}, which has to allow it in the secret's resource policy and in the policy of a customer-managed KMS key"
        );
        match error {
            StoreError::Denied { name, action } => StoreError::Denied { name, action: action + &more },
            StoreError::Key { name, detail } => StoreError::Key { name, detail: detail + &more },
            other => other,
        }
    }

    /// Whether a version that our token names, or one with our value that it made under another id, is there already.
    fn is_ours(&self, new: &NewSecret<'_>) -> Result<Option<Stored>, StoreError> {
        let Some(known) = self.describe(new.name)? else { return Ok(None) };
        if !known.versions.contains_key(new.token) {
            return Ok(None);
        }
        if known.deleted.is_some() {
            return Err(StoreError::PendingDeletion { name: new.name.to_owned() });
        }
        let value = self.read(new.name, &Version::Id(new.token))?;
        let is_equal: bool = value.expose().ct_eq(new.value.expose()).into();
        Ok(is_equal.then(|| Stored { id: known.id, version: new.token.to_owned() }))
    }
}

impl SecretStore for AwsStore {
    fn backend(&self) -> Backend {
        Backend::Aws
    }

    fn identity(&self) -> Result<String, StoreError> {
        self.account.identity()
    }

    fn permission(&self, action: Action) -> String {
        action.iam().to_owned()
    }

    fn create(&self, new: &NewSecret<'_>) -> Result<Stored, StoreError> {
        limits::new_secret(new)?;
        let replicas = sdk_regions(new.replica_regions);
        let request = self
            .client
            .create_secret()
            .name(new.name)
            .client_request_token(new.token)
            .description(new.description)
            .set_secret_string(text(new.value))
            .set_secret_binary(binary(new.value))
            .set_tags(Some(sdk_tags(new.tags)))
            .set_kms_key_id(new.kms_key.map(ToOwned::to_owned))
            .set_add_replica_regions(Some(replicas).filter(|replicas| !replicas.is_empty()))
            .set_type(new.external_type.map(ToOwned::to_owned));
        match self.account.runtime.block_on(request.send()) {
            Ok(created) => Ok(Stored {
                id: created.arn().unwrap_or(new.name).to_owned(),
                version: created.version_id().unwrap_or(new.token).to_owned(),
            }),
            Err(error) => match failed(Call { at: &self.account.at, name: new.name, action: Action::Create.iam() }, &error) {
                // A server that forgets tokens refuses what it did before the answer was lost.
                StoreError::Exists { name } => self.is_ours(new)?.ok_or(StoreError::Exists { name }),
                other => Err(other),
            },
        }
    }

    fn put_version(&self, name: &str, value: &Secret, token: &str, stages: &[&str]) -> Result<Stored, StoreError> {
        limits::value(name, value)?;
        limits::token(name, token)?;
        let request = self
            .client
            .put_secret_value()
            .secret_id(name)
            .client_request_token(token)
            .set_secret_string(text(value))
            .set_secret_binary(binary(value))
            .set_version_stages(Some(stages.iter().map(ToString::to_string).collect()));
        let call = Call { at: &self.account.at, name, action: Action::AddVersion.iam() };
        let put = self.account.runtime.block_on(request.send()).map_err(|error| failed(call, &error))?;
        Ok(Stored { id: put.arn().unwrap_or(name).to_owned(), version: put.version_id().unwrap_or(token).to_owned() })
    }

    fn move_stage(&self, name: &str, stage: &str, to: &str) -> Result<(), StoreError> {
        let known = self.describe(name)?.ok_or_else(|| StoreError::NotFound { name: name.to_owned() })?;
        let holder = known.version_at(stage).map(str::to_owned);
        if holder.as_deref() == Some(to) {
            return Ok(());
        }
        self.relabel(name, stage, Some(to.to_owned()), holder)
    }

    fn drop_stage(&self, name: &str, stage: &str, from: &str) -> Result<(), StoreError> {
        let known = self.describe(name)?.ok_or_else(|| StoreError::NotFound { name: name.to_owned() })?;
        if known.version_at(stage) != Some(from) {
            return Ok(());
        }
        self.relabel(name, stage, None, Some(from.to_owned()))
    }

    fn replicate(&self, name: &str, regions: &[String]) -> Result<(), StoreError> {
        let call = Call { at: &self.account.at, name, action: Action::Replicate.iam() };
        let request = self.client.replicate_secret_to_regions().secret_id(name).set_add_replica_regions(Some(sdk_regions(regions)));
        self.account.runtime.block_on(request.send()).map(drop).map_err(|error| failed(call, &error))
    }

    fn read(&self, name: &str, version: &Version<'_>) -> Result<Secret, StoreError> {
        let request = self.client.get_secret_value().secret_id(name);
        let request = match version {
            Version::Stage(stage) => request.version_stage(*stage),
            Version::Id(id) => request.version_id(*id),
        };
        let call = Call { at: &self.account.at, name, action: Action::Read.iam() };
        let got = self.account.runtime.block_on(request.send()).map_err(|error| self.of_another_account(failed(call, &error)))?;
        value(got.secret_string(), got.secret_binary()).ok_or_else(|| StoreError::NotFound { name: name.to_owned() })
    }

    fn read_current(&self, names: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        // Batches are an action of their own, which a reader may lack.
        let is_of_batches = |error: &StoreError| matches!(error, StoreError::Denied { .. } | StoreError::Invalid { .. });
        read_in_batches(self, names, BATCH, &|batch| self.read_batch(batch), &is_of_batches)
    }

    fn describe(&self, name: &str) -> Result<Option<Description>, StoreError> {
        let call = Call { at: &self.account.at, name, action: Action::Describe.iam() };
        match self.account.runtime.block_on(self.client.describe_secret().secret_id(name).send()) {
            Ok(known) => Ok(Some(description(&known))),
            Err(error) => match failed(call, &error) {
                StoreError::NotFound { .. } => Ok(None),
                other => Err(other),
            },
        }
    }

    fn list(&self, tags: &Tags) -> Result<Vec<Description>, StoreError> {
        let filter = |key, values: Vec<String>| Filter::builder().key(key).set_values(Some(values)).build();
        let filters = (!tags.is_empty()).then(|| {
            let keys = filter(FilterNameStringType::TagKey, tags.keys().cloned().collect());
            vec![keys, filter(FilterNameStringType::TagValue, tags.values().cloned().collect())]
        });
        let pages = self.client.list_secrets().set_filters(filters).include_planned_deletion(true).into_paginator().send();
        let call = Call { at: &self.account.at, name: "AWS", action: "secretsmanager:ListSecrets" };
        let pages = self.account.runtime.block_on(pages.collect::<Result<Vec<_>, _>>()).map_err(|error| failed(call, &error))?;
        let mut all: Vec<Description> = pages.iter().flat_map(ListSecretsOutput::secret_list).map(convert::entry).collect();
        // Filters of the service compare starts, and any tag with any value.
        all.retain(|known| has_tags(&known.tags, tags));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    fn tag(&self, name: &str, tags: &Tags) -> Result<(), StoreError> {
        limits::tags(name, tags)?;
        let call = Call { at: &self.account.at, name, action: Action::Tag.iam() };
        let request = self.client.tag_resource().secret_id(name).set_tags(Some(sdk_tags(tags)));
        self.account.runtime.block_on(request.send()).map(drop).map_err(|error| failed(call, &error))
    }

    fn set_policy(&self, name: &str, policy: &str) -> Result<(), StoreError> {
        let call = Call { at: &self.account.at, name, action: "secretsmanager:ValidateResourcePolicy" };
        let request = self.client.validate_resource_policy().secret_id(name).resource_policy(policy);
        let checked = self.account.runtime.block_on(request.send()).map_err(|error| failed(call, &error))?;
        if !checked.policy_validation_passed() {
            let errors: Vec<&str> = checked.validation_errors().iter().filter_map(|error| error.error_message()).collect();
            return Err(limits::invalid(name, format!("the resource policy is refused: {}", errors.join("; "))));
        }
        let call = Call { at: &self.account.at, name, action: "secretsmanager:PutResourcePolicy" };
        let request = self.client.put_resource_policy().secret_id(name).resource_policy(policy).block_public_policy(true);
        self.account.runtime.block_on(request.send()).map(drop).map_err(|error| failed(call, &error))
    }

    fn delete(&self, name: &str, recovery_days: u8) -> Result<(), StoreError> {
        limits::recovery_days(name, recovery_days)?;
        self.without_replicas(name)?;
        let call = Call { at: &self.account.at, name, action: Action::Delete.iam() };
        let request = self.client.delete_secret().secret_id(name).recovery_window_in_days(i64::from(recovery_days));
        match self.account.runtime.block_on(request.send()).map_err(|error| failed(call, &error)) {
            Ok(_) | Err(StoreError::PendingDeletion { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn restore(&self, name: &str) -> Result<(), StoreError> {
        let call = Call { at: &self.account.at, name, action: Action::Restore.iam() };
        self.account.runtime.block_on(self.client.restore_secret().secret_id(name).send()).map(drop).map_err(|error| failed(call, &error))
    }

    fn probe(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        self.probed(action, new)
    }
}

impl AwsStore {
    /// Moves a staging label from one version to another, or takes it away.
    fn relabel(&self, name: &str, stage: &str, to: Option<String>, from: Option<String>) -> Result<(), StoreError> {
        let call = Call { at: &self.account.at, name, action: Action::MoveStage.iam() };
        let request = self.client.update_secret_version_stage().secret_id(name).version_stage(stage);
        let request = request.set_move_to_version_id(to).set_remove_from_version_id(from);
        self.account.runtime.block_on(request.send()).map(drop).map_err(|error| failed(call, &error))
    }

    /// Takes the replicas of a secret away: with them it cannot be deleted.
    fn without_replicas(&self, name: &str) -> Result<(), StoreError> {
        let regions = self.describe(name)?.map(|known| known.replica_regions).unwrap_or_default();
        if regions.is_empty() {
            return Ok(());
        }
        let call = Call { at: &self.account.at, name, action: REMOVE_REPLICAS };
        let request = self.client.remove_regions_from_replication().secret_id(name).set_remove_replica_regions(Some(regions));
        self.account.runtime.block_on(request.send()).map(drop).map_err(|error| failed(call, &error))
    }

    fn read_batch(&self, names: &[&str]) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        let call = Call { at: &self.account.at, name: "AWS", action: "secretsmanager:BatchGetSecretValue" };
        let request = self.client.batch_get_secret_value().set_secret_id_list(Some(names.iter().map(ToString::to_string).collect()));
        let got = self.account.runtime.block_on(request.send()).map_err(|error| failed(call, &error))?;
        let one = |name: &&str| {
            let is_it = |known: Option<&str>| known == Some(*name);
            let entry = got.secret_values().iter().find(|entry| is_it(entry.name()) || is_it(entry.arn()));
            // A batch cannot say which version it wants; emulators give another than the current one.
            let current = entry.filter(|entry| entry.version_stages().iter().any(|stage| stage == CURRENT));
            match current.and_then(|entry| value(entry.secret_string(), entry.secret_binary())) {
                Some(value) => Ok(value),
                // The reasons of a batch are codes without an action: the secret is asked for by itself.
                None => self.read(name, &Version::Stage(CURRENT)),
            }
        };
        Ok(names.iter().map(one).collect())
    }
}

fn sdk_regions(regions: &[String]) -> Vec<ReplicaRegionType> {
    regions.iter().map(|region| ReplicaRegionType::builder().region(region).build()).collect()
}

fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_s_own_endpoint_is_for_it_alone() {
        let open = |url: &str| {
            let settings =
                AwsSettings { region: Some("eu-west-1".to_owned()), endpoint_url: Some(url.to_owned()), ..AwsSettings::default() };
            AwsStore::open(&settings).map(|store| store.account.config.endpoint_url().map(str::to_owned)).map_err(|error| error.to_string())
        };
        // Whose the credentials are is asked elsewhere, or there where an emulator answers everything.
        assert_eq!(open("https://vpce-0a.secretsmanager.eu-west-1.vpce.amazonaws.com"), Ok(None));
        assert_eq!(open("http://127.0.0.1:5000"), Ok(Some("http://127.0.0.1:5000".to_owned())));
        assert!(open("http://10.0.0.1").unwrap_err().contains("in the clear"));
    }
}
