//! Which service should hold a credential, and how it is rotated. Owns: the tables. Must not: decide more than whether a value is stored.

use crate::patterns::Pattern;
use crate::patterns::schema::StoreAdvice;

/// What is advised for a kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// Whether a migration stores it unless told otherwise.
    pub migrate: bool,
    /// The service, and why.
    pub service: &'static str,
    /// What to do instead of storing it, or beside it.
    pub instead: &'static str,
}

/// The advice for a service.
#[must_use]
pub const fn of(store: StoreAdvice) -> Advice {
    let (migrate, service, instead) = match store {
        StoreAdvice::SecretsManager => (true, "Secrets Manager: it can be rotated there, and who reads it is on record", ""),
        StoreAdvice::IamRole => (
            false,
            "an IAM role: what runs in AWS, in a cluster or in CI gets short-lived keys by itself",
            "give the workload a role (instance profile, Pod Identity, GitHub OIDC), deactivate the key, delete it; --include stores it all the same",
        ),
        StoreAdvice::Kms => (
            true,
            "KMS, where the key never leaves the service",
            "create a key in KMS, encrypt with it, and keep this one only for what it has encrypted already",
        ),
        StoreAdvice::Acm => (
            true,
            "ACM, which renews certificates itself",
            "have ACM issue the certificate; keep the key in a store only where ACM's cannot be used",
        ),
        StoreAdvice::SsmSession => (
            true,
            "EC2 Instance Connect or a session of Systems Manager, which need no key at all",
            "reach machines with Instance Connect or Session Manager, and take the public key off them",
        ),
        StoreAdvice::ParameterStore => {
            (true, "Parameter Store, which is free for plain settings that nothing rotates", "a SecureString parameter up to 4 KB will do")
        }
        StoreAdvice::WorkloadIdentity => (
            true,
            "workload identity federation, which needs no stored key",
            "let the workload prove who it is (OIDC), then delete this key",
        ),
    };
    Advice { migrate, service, instead }
}

/// The service that should hold it, and what to do instead.
#[must_use]
pub fn service(store: StoreAdvice) -> String {
    let Advice { service, instead, .. } = of(store);
    if instead.is_empty() { service.to_owned() } else { format!("{service}: {instead}") }
}

/// Types of managed external secrets, which the store rotates with the provider, by pattern.
const EXTERNAL: [(&str, &str); 12] = [
    ("confluent-api-secret", "ConfluentCloudApiKey"),
    ("databricks-oauth-secret", "DatabricksSPSecret"),
    ("databricks-personal-access-token", "DatabricksPAT"),
    ("datadog-api-key", "DatadogApiKey"),
    ("datadog-application-key", "DatadogApplicationKey"),
    ("gitlab-personal-access-token", "GitLabAccessToken"),
    ("gitlab-personal-access-token-routable", "GitLabAccessToken"),
    ("jenkins-api-token", "JenkinsApiToken"),
    ("mongodb-atlas-service-account-secret", "MongoDBAtlasServiceAccount"),
    ("paddle-api-key", "PaddleApiKey"),
    ("salesforce-client-secret", "SalesforceClientSecret"),
    ("snowflake-programmatic-access-token", "SnowflakePat"),
];

/// The type of managed external secret that a pattern's credentials can be.
#[must_use]
pub fn external_type(pattern: &str) -> Option<&'static str> {
    EXTERNAL.into_iter().find(|(id, _)| *id == pattern).map(|(_, external)| external)
}

/// The provider of patterns that know no provider.
const GENERIC: &str = "generic";

/// Where a credential is issued and revoked.
#[must_use]
pub fn revoke(pattern: &Pattern) -> &str {
    if pattern.provider == GENERIC { "where it is checked" } else { &pattern.def.revoke }
}

/// What a credential rotates with: what is of one kind is renewed at one place.
#[must_use]
pub fn rotates_as(pattern: &Pattern, is_database: bool) -> String {
    if is_database {
        return "the login of a database".to_owned();
    }
    if pattern.provider != GENERIC {
        return format!("what {} issues", pattern.provider);
    }
    let kind = match pattern.def.store {
        StoreAdvice::Kms => "an encryption key",
        StoreAdvice::Acm => "the key of a certificate",
        StoreAdvice::SsmSession => "the key of a machine",
        StoreAdvice::SecretsManager | StoreAdvice::IamRole | StoreAdvice::ParameterStore | StoreAdvice::WorkloadIdentity => {
            "what is set where it is checked"
        }
    };
    kind.to_owned()
}

/// How a credential is rotated without an interruption, in a sentence or two.
#[must_use]
pub fn rotation(pattern: &Pattern, is_database: bool) -> String {
    let revoke = &pattern.def.revoke;
    if is_database {
        return "Give the application a second database user, store it as the next version, deploy, then take the first one's password away; for RDS, \
                Redshift and DocumentDB the store can do this on a schedule, and RDS and Redshift take IAM identities that need no password."
            .to_owned();
    }
    if let Some(external) = external_type(&pattern.def.id) {
        return format!(
            "Issue a new one at {revoke}, store it as the next version, deploy, revoke the old one. The store can do this itself for a secret of type \
             {external}."
        );
    }
    if pattern.provider == GENERIC {
        return "Set a new one where it is checked, store it as the next version, deploy, then take the old one out of force.".to_owned();
    }
    match pattern.def.store {
        StoreAdvice::IamRole => "Create a second key, deploy it, deactivate the first one, watch, delete it.".to_owned(),
        _ => format!("Issue a new one at {revoke}, store it as the next version, deploy, then revoke the old one."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::Catalogue;

    #[test]
    fn every_pattern_has_a_service_and_a_rotation() {
        let catalogue = Catalogue::builtin();
        for index in catalogue.indices() {
            let pattern = catalogue.pattern(index);
            assert!(of(pattern.def.store).service.len() > 20);
            assert!(rotation(pattern, false).ends_with('.'), "{}", pattern.def.id);
            assert!(rotation(pattern, true).contains("IAM identities that need no password"));
            // A page about a weakness is no place where anything is revoked.
            assert!(!revoke(pattern).contains("cwe.mitre.org"), "{}", pattern.def.id);
        }
    }

    #[test]
    fn external_types_are_of_patterns_that_exist() {
        let catalogue = Catalogue::builtin();
        for (id, _) in EXTERNAL {
            assert!(catalogue.index_of(id).is_some(), "{id}");
        }
    }

    #[test]
    fn only_what_a_role_replaces_is_left_by_default() {
        let all = [
            StoreAdvice::SecretsManager,
            StoreAdvice::IamRole,
            StoreAdvice::Kms,
            StoreAdvice::Acm,
            StoreAdvice::SsmSession,
            StoreAdvice::ParameterStore,
            StoreAdvice::WorkloadIdentity,
        ];
        let left: Vec<StoreAdvice> = all.into_iter().filter(|store| !of(*store).migrate).collect();
        assert_eq!(left, [StoreAdvice::IamRole]);
    }
}
