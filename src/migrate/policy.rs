//! Documents for those who give permissions and watch. Owns: policies of readers and migrators, alarms, checks, as JSON. Must not: send them
//! anywhere, or allow more than is needed.

use serde_json::{Value, json};

use super::journal::Progress;
use super::plan::Plan;
use super::reader;
use crate::store::Action;

/// A document to write to a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Name of the file.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// Its content.
    pub content: Value,
}

/// Name, managed rule, parameter.
type Check = (&'static str, &'static str, Option<(&'static str, &'static str)>);

/// Checks of AWS Config that Security Hub's SecretsManager.1 to .4 and its key check stand on: name, managed rule, parameters.
const CHECKS: [Check; 5] = [
    ("RotationEnabled", "SECRETSMANAGER_ROTATION_ENABLED_CHECK", None),
    ("RotationSuccess", "SECRETSMANAGER_SCHEDULED_ROTATION_SUCCESS_CHECK", None),
    ("Unused", "SECRETSMANAGER_SECRET_UNUSED", Some(("unusedForDays", "90"))),
    ("PeriodicRotation", "SECRETSMANAGER_SECRET_PERIODIC_ROTATION", Some(("maxDaysSinceRotation", "90"))),
    ("UsingCmk", "SECRETSMANAGER_USING_CMK", None),
];

/// All documents for what was migrated. They are for AWS: other stores have no policies.
#[must_use]
pub fn documents(plan: &Plan, progress: &Progress, readers: &[String]) -> Vec<Document> {
    let (account, region) = plan.store.identity.split_once(' ').unwrap_or((plan.store.identity.as_str(), ""));
    let ids: Vec<&str> =
        plan.secrets.iter().filter_map(|secret| progress.stored.get(&secret.name)).map(|stored| stored.id.as_str()).collect();
    let keys: Vec<&str> =
        plan.secrets.iter().filter_map(|secret| secret.kms_key.as_deref()).filter(|key| key.starts_with("arn:")).collect();
    let mut documents = vec![
        Document { name: "reader.json", purpose: "Identity policy of whoever reads the secrets", content: reader(&ids, &keys, region) },
        Document {
            name: "migrator.json",
            purpose: "Identity policy of whoever migrates and undoes",
            content: migrator(plan, account, region),
        },
        Document {
            name: "reader-by-tag.json",
            purpose: "Identity policy by tags: a role reads what has its own application tag",
            content: by_tag(account, region),
        },
        Document {
            name: "alarm-deleted.json",
            purpose: "EventBridge pattern: a secret is deleted, or read although it is",
            content: alarm(&ids),
        },
        Document {
            name: "config-rules.json",
            purpose: "CloudFormation template of the checks behind SecretsManager.1 to .4",
            content: checks(),
        },
    ];
    if !readers.is_empty() {
        documents.push(Document {
            name: "resource-policy.json",
            purpose: "Resource policy of each secret: these readers alone may read it",
            content: resource(readers),
        });
    }
    let foreign: Vec<&str> = reader::foreign(plan, readers).collect();
    if !foreign.is_empty() {
        documents.push(Document {
            name: "key-statement.json",
            purpose: "Statement for the policy of the KMS key: readers of other accounts decrypt with it, through the store alone",
            content: key_statement(&foreign, region),
        });
    }
    documents
}

/// Reading the current version of these secrets, and nothing else.
fn reader(ids: &[&str], keys: &[&str], region: &str) -> Value {
    let mut statements = vec![
        json!({
            "Sid": "ReadCurrentVersion",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": ids,
            "Condition": { "ForAnyValue:StringEquals": { "secretsmanager:VersionStage": "AWSCURRENT" } },
        }),
        json!({ "Sid": "Describe", "Effect": "Allow", "Action": "secretsmanager:DescribeSecret", "Resource": ids }),
    ];
    if !keys.is_empty() {
        statements.push(json!({
            "Sid": "DecryptThroughTheStore",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": keys,
            "Condition": { "StringEquals": { "kms:ViaService": format!("secretsmanager.{region}.amazonaws.com") } },
        }));
    }
    policy(statements)
}

/// Creating, proving and taking back secrets of these names.
fn migrator(plan: &Plan, account: &str, region: &str) -> Value {
    let arns: Vec<String> =
        plan.secrets.iter().map(|secret| format!("arn:aws:secretsmanager:{region}:{account}:secret:{}-??????", secret.name)).collect();
    let mut actions: Vec<&str> = Action::ALL.into_iter().filter(|&action| action != Action::Replicate).map(Action::iam).collect();
    actions.sort_unstable();
    if plan.secrets.iter().any(|secret| !secret.replica_regions.is_empty()) {
        actions.push(Action::Replicate.iam());
    }
    policy(vec![json!({ "Sid": "Migrate", "Effect": "Allow", "Action": actions, "Resource": arns })])
}

fn by_tag(account: &str, region: &str) -> Value {
    policy(vec![json!({
        "Sid": "ReadOwnApplication",
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        "Resource": format!("arn:aws:secretsmanager:{region}:{account}:secret:*"),
        "Condition": { "StringEquals": {
            "aws:ResourceTag/application": "${aws:PrincipalTag/application}",
            "aws:ResourceTag/managed-by": "unleak",
        } },
    })])
}

/// A resource policy stands at its secret, so that `*` is that secret.
fn resource(readers: &[String]) -> Value {
    policy(vec![json!({
        "Sid": "Reader",
        "Effect": "Allow",
        "Principal": { "AWS": readers },
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    })])
}

/// What a customer-managed key says about readers of other accounts; AWS's own key cannot say anything.
fn key_statement(readers: &[&str], region: &str) -> Value {
    json!({
        "Sid": "ReadersOfOtherAccounts",
        "Effect": "Allow",
        "Principal": { "AWS": readers },
        "Action": ["kms:Decrypt", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": { "StringEquals": { "kms:ViaService": format!("secretsmanager.{region}.amazonaws.com") } },
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the statements become the document")]
fn policy(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn alarm(ids: &[&str]) -> Value {
    json!({
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "eventName": ["DeleteSecret", "GetSecretValue", "PutResourcePolicy"],
            "$or": [
                { "requestParameters": { "secretId": ids } },
                { "errorCode": ["AccessDeniedException", "InvalidRequestException"] },
            ],
        },
    })
}

fn checks() -> Value {
    let mut resources = serde_json::Map::new();
    for (name, rule, parameter) in CHECKS {
        let mut properties = json!({
            "Source": { "Owner": "AWS", "SourceIdentifier": rule },
            "Scope": { "ComplianceResourceTypes": ["AWS::SecretsManager::Secret"] },
        });
        if let Some((key, value)) = parameter {
            properties["InputParameters"] = json!({ key: value });
        }
        resources.insert(name.to_owned(), json!({ "Type": "AWS::Config::ConfigRule", "Properties": properties }));
    }
    json!({ "AWSTemplateFormatVersion": "2010-09-09", "Resources": resources })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_reads_the_current_version_of_its_secrets_and_nothing_else() {
        let ids = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/a-AbCdEf"];
        let document = reader(&ids, &["arn:aws:kms:eu-west-1:123456789012:key/1"], "eu-west-1");
        let statements = document["Statement"].as_array().unwrap();
        let actions: Vec<&str> = statements.iter().map(|statement| statement["Action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "kms:Decrypt"]);
        assert!(
            statements.iter().all(|statement| statement["Resource"]
                .as_array()
                .unwrap()
                .iter()
                .all(|arn| !arn.as_str().unwrap().contains('*')))
        );
        assert_eq!(statements[0]["Condition"]["ForAnyValue:StringEquals"]["secretsmanager:VersionStage"], "AWSCURRENT");
        assert_eq!(statements[2]["Condition"]["StringEquals"]["kms:ViaService"], "secretsmanager.eu-west-1.amazonaws.com");
    }

    #[test]
    fn the_checks_are_config_rules() {
        let template = checks();
        assert_eq!(template["Resources"].as_object().unwrap().len(), 5);
        assert_eq!(template["Resources"]["Unused"]["Properties"]["InputParameters"]["unusedForDays"], "90");
    }
}
