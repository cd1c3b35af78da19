//! What the identity may do, asked without doing it. Owns: requests that the service decides about and then cannot carry out. Must not: leave
//! anything in the store.
//!
//! The service looks at permissions first. What works on a secret is asked about an ARN of the planned name whose ending no secret has: the
//! policies for the name hold for it, and an identity that may gets "not found". Creating is asked with a key that does not exist.

use std::fmt::Display;

use super::super::{Action, NewSecret, PENDING, SecretStore, StoreError};
use super::AwsStore;
use super::convert::{binary, text};
use super::error::{Call, failed};
use super::{sdk_regions, sdk_tags};

/// The answer to a request that cannot be carried out.
enum Said {
    /// The identity may.
    May,
    /// It was carried out all the same: emulators do not look at keys.
    Done,
}

impl AwsStore {
    /// Whether the identity may do this.
    pub(super) fn probed(&self, action: Action, new: &NewSecret<'_>) -> Result<(), StoreError> {
        let chance = random();
        if action == Action::Create {
            return match self.probe_creation(new, &chance)? {
                Said::May => Ok(()),
                Said::Done => self.uncreate(new.name),
            };
        }
        let (account, partition) = self.account.caller()?;
        let region = self.account.region();
        let nobody = format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{}-{chance}", new.name);
        match (action, self.probe_secret(action, new, &nobody)?) {
            // An emulator that does not look at the ends of ARNs.
            (Action::Delete, Said::Done) => self.restore(&nobody),
            _ => Ok(()),
        }
    }

    /// A creation that fails at the key.
    fn probe_creation(&self, new: &NewSecret<'_>, chance: &str) -> Result<Said, StoreError> {
        let request = self
            .client
            .create_secret()
            .name(new.name)
            .client_request_token(format!("unleak-check-{chance}-{}", "0".repeat(32 - 14 - chance.len())))
            .description(new.description)
            .set_secret_string(text(new.value))
            .set_secret_binary(binary(new.value))
            .set_tags(Some(sdk_tags(new.tags)))
            .kms_key_id(format!("alias/unleak-check-{chance}"));
        let call = Call { at: &self.account.at, name: new.name, action: Action::Create.iam() };
        said(self.account.runtime.block_on(request.send()).map_err(|error| failed(call, &error)))
    }

    /// Takes back a creation that was not to be.
    fn uncreate(&self, name: &str) -> Result<(), StoreError> {
        let request = self.client.delete_secret().secret_id(name).force_delete_without_recovery(true);
        let call = Call { at: &self.account.at, name, action: Action::Delete.iam() };
        let left = |error: &dyn Display| StoreError::Unreachable(format!("the check left a secret without a value of yours: {error}"));
        self.account.runtime.block_on(request.send()).map(drop).map_err(|error| left(&failed(call, &error)))
    }

    fn probe_secret(&self, action: Action, new: &NewSecret<'_>, id: &str) -> Result<Said, StoreError> {
        let call = Call { at: &self.account.at, name: new.name, action: action.iam() };
        // No version has this id.
        let version = "0".repeat(32);
        macro_rules! ask {
            ($request:expr) => {
                said(self.account.runtime.block_on($request.secret_id(id).send()).map_err(|error| failed(call, &error)))
            };
        }
        match action {
            Action::Create | Action::Describe => ask!(self.client.describe_secret()),
            Action::Read => ask!(self.client.get_secret_value().version_stage(super::CURRENT)),
            Action::Tag => ask!(self.client.tag_resource().set_tags(Some(sdk_tags(new.tags)))),
            Action::AddVersion => {
                let request = self.client.put_secret_value().client_request_token(version).version_stages(PENDING);
                ask!(request.set_secret_string(text(new.value)).set_secret_binary(binary(new.value)))
            }
            Action::MoveStage => ask!(self.client.update_secret_version_stage().version_stage(PENDING).move_to_version_id(version)),
            Action::Replicate => {
                ask!(self.client.replicate_secret_to_regions().set_add_replica_regions(Some(sdk_regions(new.replica_regions))))
            }
            Action::Delete => ask!(self.client.delete_secret().recovery_window_in_days(30)),
            Action::Restore => ask!(self.client.restore_secret()),
        }
    }
}

/// Six characters as ARNs end with.
fn random() -> String {
    let mut bytes = [0; 3];
    getrandom::fill(&mut bytes).expect("because every supported system has a random number generator");
    data_encoding::HEXLOWER.encode(&bytes)
}

/// What an answer says about the permission.
fn said<T>(answer: Result<T, StoreError>) -> Result<Said, StoreError> {
    match answer {
        Ok(_) => Ok(Said::Done),
        Err(
            StoreError::NotFound { .. }
            | StoreError::Exists { .. }
            | StoreError::PendingDeletion { .. }
            | StoreError::Invalid { .. }
            | StoreError::Key { .. },
        ) => Ok(Said::May),
        Err(error) => Err(error),
    }
}
