//! Documents for those who give permissions and watch. Owns: policies of readers and migrators, alarms, checks, as JSON. Must not: send them
//! anywhere, or allow more than is needed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::consumer::Consumer;
use super::journal::Progress;
use super::plan::{Plan, PlannedSecret};
use super::reader::{self, Reader};
use super::{external, name};
use crate::reference::Backend;
use crate::store::{Action, CURRENT, REMOVE_REPLICAS};

/// The file with the policy by tags.
const BY_TAG: &str = "reader-by-tag.json";
/// The file with the resource policy, without its ending.
const RESOURCE_POLICY: &str = "resource-policy";

/// A document to write to a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Name of the file.
    pub name: String,
    /// What it is for, in a sentence.
    pub purpose: String,
    /// Its content.
    pub content: Value,
}

/// By what a policy of readers lets secrets be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Their ARNs: a policy for each secret and each program.
    Arn,
    /// Their tags: one policy, and a role reads what has its own application tag (attribute-based access control).
    Abac,
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

/// All documents for what was migrated, with policies of readers of one kind alone where `grant` names it. They are for AWS: other stores have no policies.
#[must_use]
pub fn documents(plan: &Plan, progress: &Progress, readers: &[Reader], grant: Option<Grant>) -> Vec<Document> {
    let stored: Vec<(&PlannedSecret, &str)> =
        plan.secrets.iter().filter_map(|secret| Some((secret, progress.stored.get(&secret.name)?.id.as_str()))).collect();
    let place = Site::of(plan, stored.first().map(|(_, id)| *id));
    let document = |name: &str, purpose: &str, content: Value| Document { name: name.to_owned(), purpose: purpose.to_owned(), content };
    let mut documents = vec![
        document("migrator.json", "Identity policy of whoever migrates and undoes", migrator(plan, &place)),
        document(
            "alarm-deleted.json",
            "EventBridge pattern: a secret is deleted, its policy changes, or a read of it fails",
            alarm(&stored),
        ),
        document("config-rules.json", "CloudFormation template of the checks behind SecretsManager.1 to .4", checks()),
    ];
    if grant != Some(Grant::Arn) {
        let purpose = "Identity policy by tags: a role reads what has its own application tag";
        documents.push(document(BY_TAG, purpose, by_tag(plan, &place)));
    }
    if grant != Some(Grant::Abac) {
        documents.push(document(of_all(grant), "Identity policy of whoever reads all of the secrets", reader(&stored, &place)));
        for (one, name) in stored.iter().zip(reader_names(&stored)) {
            let purpose = format!("Identity policy of a consumer that reads {} alone", one.0.name);
            documents.push(document(&name, &purpose, reader(std::slice::from_ref(one), &place)));
        }
        for (consumer, name) in plan.consumers.iter().zip(consumer_names(plan)) {
            let own: Vec<_> = stored.iter().filter(|(secret, _)| consumer.secrets.contains(&secret.name)).copied().collect();
            if !own.is_empty() {
                let purpose = format!("Identity policy of {}: it reads {} alone", consumer.title(), counted(own.len()));
                documents.push(document(&name, &purpose, reader(&own, &place)));
            }
        }
    }
    let resources = resources(plan, &stored, readers);
    for (number, (name, arns)) in resources.iter().enumerate().filter(|(_, (_, arns))| !arns.is_empty()) {
        let is_own = resources.iter().filter(|(other, _)| other == name).count() == 1;
        let of = if is_own { stored[number].0.name.as_str() } else { "each secret" };
        if resources[..number].iter().all(|(other, _)| other != name) {
            documents.push(document(name, &format!("Resource policy of {of}: these readers alone may read it"), resource(arns)));
        }
    }
    let foreign = reader::foreign(plan, readers);
    if !foreign.is_empty() {
        let purpose = "Statement for the policy of the KMS key: readers of other accounts decrypt with it, through the store alone";
        documents.push(document("key-statement.json", purpose, key_statement(&foreign, &place)));
    }
    documents
}

/// The file of the policy that lets all of the secrets be read.
#[must_use]
pub const fn of_all(grant: Option<Grant>) -> &'static str {
    match grant {
        Some(Grant::Abac) => BY_TAG,
        Some(Grant::Arn) | None => "reader.json",
    }
}

/// Commands that put the documents in `directory` where they belong, and turn rotation on: for a person to run.
#[must_use]
pub fn commands(plan: &Plan, progress: &Progress, readers: &[Reader], grant: Option<Grant>, directory: &str) -> Vec<String> {
    let stored: Vec<(&PlannedSecret, &str)> =
        plan.secrets.iter().filter_map(|secret| Some((secret, progress.stored.get(&secret.name)?.id.as_str()))).collect();
    let region = Site::of(plan, None).region;
    let by_arn = grant != Some(Grant::Abac);
    let mut commands = Vec::new();
    for (((secret, _), file), (resource, arns)) in stored.iter().zip(reader_names(&stored)).zip(resources(plan, &stored, readers)) {
        let own = readers.iter().filter(|reader| by_arn && reader.consumer(plan).is_none() && reader.reads(plan, &secret.name));
        commands.extend(own.filter_map(|reader| role(reader, plan)).map(|role| put(role, &file, directory)));
        if !arns.is_empty() {
            commands.push(format!(
                "aws secretsmanager put-resource-policy --secret-id {} --block-public-policy --resource-policy \
                 file://{directory}/{resource} --region {region}",
                secret.name
            ));
        }
    }
    commands.extend(if by_arn { of_consumers(plan, progress, readers, directory) } else { of_tags(plan, readers, directory) });
    commands.extend(rotations(plan));
    commands
}

/// The command that gives a role the policy of a file.
fn put(role: &str, file: &str, directory: &str) -> String {
    let policy = file.trim_end_matches(".json");
    format!("aws iam put-role-policy --role-name {role} --policy-name {policy} --policy-document file://{directory}/{file}")
}

/// The commands that tag each role of a reader with the application of the secrets, and give it the policy by tags.
fn of_tags(plan: &Plan, readers: &[Reader], directory: &str) -> Vec<String> {
    let application = plan.secrets.iter().find_map(|secret| secret.tags.get("application")).map_or("APPLICATION", String::as_str);
    let mut roles: BTreeSet<&str> = readers.iter().filter_map(|reader| role(reader, plan)).collect();
    if roles.is_empty() {
        roles.insert("ROLE");
    }
    let of_role = |role: &str| {
        let tag = format!("aws iam tag-role --role-name {role} --tags Key=application,Value={application}");
        [tag, put(role, BY_TAG, directory)]
    };
    roles.into_iter().flat_map(of_role).collect()
}

/// The role of a reader of the secrets' own account.
fn role<'r>(reader: &'r Reader, plan: &Plan) -> Option<&'r str> {
    reader.arn.split_once(":role/").filter(|_| !reader.is_foreign(plan))?.1.rsplit('/').next()
}

/// The file with the resource policy of each secret and the readers that it names: one file where all are alike.
fn resources<'r>(plan: &Plan, stored: &[(&PlannedSecret, &str)], readers: &'r [Reader]) -> Vec<(String, Vec<&'r str>)> {
    let of = |name: &str| reader::arns(readers.iter().filter(|reader| reader.reads(plan, name)));
    let all: Vec<Vec<&str>> = stored.iter().map(|(secret, _)| of(&secret.name)).collect();
    let alike = all.windows(2).all(|pair| pair[0] == pair[1]);
    let own = file_names(stored, RESOURCE_POLICY);
    own.into_iter().zip(all).map(|(own, arns)| (if alike { format!("{RESOURCE_POLICY}.json") } else { own }, arns)).collect()
}

/// The commands that give each consumer its policy; a role that no reader names is in capitals, since only people know it.
fn of_consumers(plan: &Plan, progress: &Progress, readers: &[Reader], directory: &str) -> Vec<String> {
    let reads = |consumer: &Consumer| consumer.secrets.iter().any(|secret| progress.stored.contains_key(secret));
    let command = |(consumer, file): (&Consumer, String)| {
        let of_it = readers.iter().filter(|reader| reader.consumer(plan) == Some(consumer));
        let mut roles: Vec<(&str, String)> = of_it.filter_map(|reader| role(reader, plan)).map(|role| (role, String::new())).collect();
        if roles.is_empty() {
            roles.push(("ROLE", format!(" (ROLE runs {})", consumer.title())));
        }
        let put = |(role, note): (&str, String)| put(role, &file, directory) + &note;
        roles.into_iter().map(put).collect::<Vec<_>>()
    };
    plan.consumers.iter().zip(consumer_names(plan)).filter(|(consumer, _)| reads(consumer)).flat_map(command).collect()
}

/// Commands that have the store rotate what it can rotate; what only people know is in capitals.
#[must_use]
pub fn rotations(plan: &Plan) -> Vec<String> {
    let has = |secret: &PlannedSecret, key: &str| secret.members.iter().any(|member| member.key.as_deref() == Some(key));
    let is_database = |secret: &PlannedSecret| ["engine", "host", "username", "password"].iter().all(|key| has(secret, key));
    let command = |secret: &PlannedSecret| match secret.external_type.as_deref() {
        Some(external) => external::known(external).map(|external| external.rotate(&secret.name)),
        None if plan.store.backend == Backend::Aws && is_database(secret) => Some(format!(
            "aws secretsmanager rotate-secret --secret-id {} --rotation-lambda-arn FUNCTION --rotation-rules AutomaticallyAfterDays=30 (FUNCTION is \
             made of AWS's template for this database, such as SecretsManagerRDSPostgreSQLRotationSingleUser)",
            secret.name
        )),
        None => None,
    };
    plan.secrets.iter().filter_map(command).collect()
}

/// The files of the policies of consumers, in their order.
fn consumer_names(plan: &Plan) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let slug = |path: &str| if path.is_empty() { "program".to_owned() } else { name::words(path, '-') };
    plan.consumers.iter().map(|consumer| name::unique(format!("consumer-{}", slug(&consumer.path)), &mut taken) + ".json").collect()
}

fn counted(secrets: usize) -> String {
    if secrets == 1 { "one secret".to_owned() } else { format!("{secrets} secrets") }
}

/// The files of the policies for one secret each, in their order.
fn reader_names(stored: &[(&PlannedSecret, &str)]) -> Vec<String> {
    file_names(stored, "reader")
}

/// A file for each secret, which begin with the same word.
fn file_names(stored: &[(&PlannedSecret, &str)], of: &str) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let names = stored.iter().map(|(secret, _)| name::unique(format!("{of}-{}", secret.name.replace('/', "-")), &mut taken));
    names.map(|name| name + ".json").collect()
}

/// Where the secrets are.
struct Site<'p> {
    partition: &'p str,
    account: &'p str,
    region: &'p str,
}

impl<'p> Site<'p> {
    /// By the plan, and the ARN of a secret.
    fn of(plan: &'p Plan, id: Option<&'p str>) -> Self {
        let (account, region) = plan.store.identity.split_once(' ').unwrap_or((plan.store.identity.as_str(), ""));
        let partition = id.and_then(|id| id.strip_prefix("arn:")?.split(':').next()).unwrap_or("aws");
        Self { partition, account, region }
    }

    fn arn(&self, service: &str, region: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{region}:{}:{rest}", self.partition, self.account)
    }

    fn via(&self) -> String {
        format!("secretsmanager.{}.amazonaws.com{}", self.region, if self.partition == "aws-cn" { ".cn" } else { "" })
    }

    /// Statements that allow these actions with the keys of the secrets, through the store alone. A policy cannot name a key by its alias, but
    /// can ask for one.
    fn keys<'s>(&self, sid: &str, actions: &[&str], secrets: impl Iterator<Item = &'s PlannedSecret>) -> Vec<Value> {
        let all: BTreeSet<&str> =
            secrets.filter(|secret| reader::has_own_key(secret)).filter_map(|secret| secret.kms_key.as_deref()).collect();
        let (mut keys, mut aliases) = (Vec::new(), Vec::new());
        for key in all {
            let name = key.strip_prefix("arn:").and_then(|arn| arn.splitn(5, ':').last()).unwrap_or(key);
            match name {
                alias if alias.starts_with("alias/") => aliases.push(alias),
                _ if key.starts_with("arn:") => keys.push(key.to_owned()),
                id => keys.push(self.arn("kms", self.region, &format!("key/{id}"))),
            }
        }
        let statement = |sid: String, resource: Value, condition: Value| {
            json!({
                "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition,
            })
        };
        let via = json!({ "kms:ViaService": self.via() });
        let mut statements = Vec::new();
        if !keys.is_empty() {
            statements.push(statement(sid.to_owned(), json!(keys), json!({ "StringEquals": via })));
        }
        if !aliases.is_empty() {
            let condition = json!({ "StringEquals": via, "ForAnyValue:StringEquals": { "kms:ResourceAliases": aliases } });
            statements.push(statement(format!("{sid}ByAlias"), json!(self.arn("kms", self.region, "key/*")), condition));
        }
        statements
    }
}

/// The ARNs of a secret: that which the store gave, and those of its replicas, which differ in the region.
fn arns(secret: &PlannedSecret, id: &str) -> Vec<String> {
    let mut arns = vec![id.to_owned()];
    let parts: Vec<&str> = id.splitn(5, ':').collect();
    if let [arn, partition, service, _, rest] = parts[..] {
        arns.extend(secret.replica_regions.iter().map(|region| [arn, partition, service, region, rest].join(":")));
    }
    arns
}

/// Reading the current version of these secrets, and nothing else.
fn reader(stored: &[(&PlannedSecret, &str)], place: &Site<'_>) -> Value {
    let arns: Vec<String> = stored.iter().flat_map(|(secret, id)| arns(secret, id)).collect();
    let mut statements = vec![
        json!({
            "Sid": "ReadCurrentVersion",
            "Effect": "Allow",
            "Action": Action::Read.iam(),
            "Resource": arns,
            "Condition": { "ForAnyValue:StringEquals": { "secretsmanager:VersionStage": CURRENT } },
        }),
        json!({ "Sid": "Describe", "Effect": "Allow", "Action": Action::Describe.iam(), "Resource": arns }),
    ];
    statements.extend(place.keys("DecryptThroughTheStore", &["kms:Decrypt"], stored.iter().map(|(secret, _)| *secret)));
    policy(statements)
}

/// Creating, proving and taking back secrets of these names.
fn migrator(plan: &Plan, place: &Site<'_>) -> Value {
    let arns: Vec<String> =
        plan.secrets.iter().map(|secret| place.arn("secretsmanager", place.region, &format!("secret:{}-??????", secret.name))).collect();
    let mut actions: Vec<&str> = Action::ALL.into_iter().filter(|&action| action != Action::Replicate).map(Action::iam).collect();
    actions.sort_unstable();
    if plan.secrets.iter().any(|secret| !secret.replica_regions.is_empty()) {
        // With replicas nothing is deleted.
        actions.extend([Action::Replicate.iam(), REMOVE_REPLICAS]);
    }
    let mut statements = vec![json!({ "Sid": "Migrate", "Effect": "Allow", "Action": actions, "Resource": arns })];
    statements.extend(place.keys("EncryptThroughTheStore", &["kms:Decrypt", "kms:GenerateDataKey"], plan.secrets.iter()));
    policy(statements)
}

fn by_tag(plan: &Plan, place: &Site<'_>) -> Value {
    let replicas = plan.secrets.iter().flat_map(|secret| &secret.replica_regions).map(String::as_str);
    let regions: BTreeSet<&str> = replicas.chain([place.region]).collect();
    let arns: Vec<String> = regions.into_iter().map(|region| place.arn("secretsmanager", region, "secret:*")).collect();
    let tags = json!({
        "aws:ResourceTag/application": "${aws:PrincipalTag/application}",
        "aws:ResourceTag/managed-by": "unleak",
    });
    let mut statements = vec![
        json!({
            "Sid": "ReadOwnApplication",
            "Effect": "Allow",
            "Action": Action::Read.iam(),
            "Resource": arns,
            "Condition": { "StringEquals": tags, "ForAnyValue:StringEquals": { "secretsmanager:VersionStage": CURRENT } },
        }),
        json!({
            "Sid": "DescribeOwnApplication",
            "Effect": "Allow",
            "Action": Action::Describe.iam(),
            "Resource": arns,
            "Condition": { "StringEquals": tags },
        }),
    ];
    statements.extend(place.keys("DecryptThroughTheStore", &["kms:Decrypt"], plan.secrets.iter()));
    policy(statements)
}

/// A resource policy stands at its secret, so that `*` is that secret.
fn resource(readers: &[&str]) -> Value {
    policy(vec![json!({
        "Sid": "Reader",
        "Effect": "Allow",
        "Principal": { "AWS": readers },
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    })])
}

/// What a customer-managed key says about readers of other accounts; AWS's own key cannot say anything.
fn key_statement(readers: &[&str], place: &Site<'_>) -> Value {
    json!({
        "Sid": "ReadersOfOtherAccounts",
        "Effect": "Allow",
        "Principal": { "AWS": readers },
        "Action": ["kms:Decrypt", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": { "StringEquals": { "kms:ViaService": place.via() } },
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the statements become the document")]
fn policy(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Requests name a secret as they like: by its name, as undo does, or by its ARN, with or without what the store puts at its end. Reads that
/// are let through are none of these events.
fn alarm(stored: &[(&PlannedSecret, &str)]) -> Value {
    let ids = stored.iter().flat_map(|(secret, id)| [Some(secret.name.as_str()), Some(*id), id.rsplit_once('-').map(|(id, _)| id)]);
    let ids: BTreeSet<&str> = ids.flatten().collect();
    json!({
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "requestParameters": { "secretId": ids },
            "$or": [
                { "eventName": ["DeleteSecret", "DeleteResourcePolicy", "PutResourcePolicy"] },
                { "eventName": ["GetSecretValue"], "errorCode": [{ "exists": true }] },
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

    const ID: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/a-AbCdEf";
    const PLACE: Site<'_> = Site { partition: "aws", account: "123456789012", region: "eu-west-1" };

    fn secret(kms_key: Option<&str>, replica_regions: &[&str]) -> PlannedSecret {
        PlannedSecret {
            name: "prod/a".to_owned(),
            description: String::new(),
            tags: std::collections::BTreeMap::new(),
            kms_key: kms_key.map(str::to_owned),
            replica_regions: replica_regions.iter().map(|region| (*region).to_owned()).collect(),
            external_type: None,
            existing: crate::migrate::plan::Existing::Refuse,
            members: Vec::new(),
            findings: Vec::new(),
            patterns: Vec::new(),
            service: String::new(),
            revoke: String::new(),
            rotation: String::new(),
        }
    }

    #[test]
    fn a_reader_reads_the_current_version_of_its_secrets_and_nothing_else() {
        let document = reader(&[(&secret(Some("arn:aws:kms:eu-west-1:123456789012:key/1"), &["us-east-1"]), ID)], &PLACE);
        let replica = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/a-AbCdEf";
        let expected = json!([
            {
                "Sid": "ReadCurrentVersion", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": [ID, replica],
                "Condition": { "ForAnyValue:StringEquals": { "secretsmanager:VersionStage": "AWSCURRENT" } },
            },
            { "Sid": "Describe", "Effect": "Allow", "Action": "secretsmanager:DescribeSecret", "Resource": [ID, replica] },
            {
                "Sid": "DecryptThroughTheStore", "Effect": "Allow", "Action": ["kms:Decrypt"],
                "Resource": ["arn:aws:kms:eu-west-1:123456789012:key/1"],
                "Condition": { "StringEquals": { "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com" } },
            },
        ]);
        assert_eq!(document["Statement"], expected);
    }

    #[test]
    fn keys_are_allowed_however_they_are_named() {
        let statements = |key: Option<&str>| {
            let secret = secret(key, &[]);
            PLACE.keys("A", &["kms:Decrypt"], std::iter::once(&secret))
        };
        assert!(statements(None).is_empty() && statements(Some("alias/aws/secretsmanager")).is_empty());
        assert_eq!(statements(Some("0000-1"))[0]["Resource"], json!(["arn:aws:kms:eu-west-1:123456789012:key/0000-1"]));
        for alias in ["alias/shop", "arn:aws:kms:eu-west-1:123456789012:alias/shop"] {
            let expected = json!([{
                "Sid": "AByAlias", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": "arn:aws:kms:eu-west-1:123456789012:key/*",
                "Condition": {
                    "StringEquals": { "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com" },
                    "ForAnyValue:StringEquals": { "kms:ResourceAliases": ["alias/shop"] },
                },
            }]);
            assert_eq!(json!(statements(Some(alias))), expected);
        }
    }

    /// Whether a pattern of EventBridge takes an event, as far as patterns are written here.
    fn takes(pattern: &Value, event: &Value) -> bool {
        let one = |(key, wanted): (&String, &Value)| match wanted {
            Value::Array(any) if key == "$or" => any.iter().any(|pattern| takes(pattern, event)),
            Value::Array(any) => any.iter().any(|wanted| match wanted.get("exists") {
                Some(exists) => event.get(key).is_some() == (exists == &json!(true)),
                None => event.get(key) == Some(wanted),
            }),
            pattern => event.get(key).is_some_and(|event| takes(pattern, event)),
        };
        pattern.as_object().unwrap().iter().all(one)
    }

    #[test]
    fn the_alarm_is_for_deletions_by_name_and_by_arn_and_for_no_usual_read() {
        let pattern = alarm(&[(&secret(None, &[]), ID)]);
        let event = |name: &str, id: &str, error: Option<&str>| {
            let mut event = json!({
                "source": "aws.secretsmanager", "detail-type": "AWS API Call via CloudTrail",
                "detail": { "eventSource": "secretsmanager.amazonaws.com", "eventName": name, "requestParameters": { "secretId": id } },
            });
            if let Some(error) = error {
                event["detail"]["errorCode"] = json!(error);
            }
            takes(&pattern, &event)
        };
        for id in ["prod/a", ID, &ID[..ID.len() - 7]] {
            assert!(event("DeleteSecret", id, None) && event("PutResourcePolicy", id, None), "{id}");
            assert!(event("GetSecretValue", id, Some("AccessDenied")) && !event("GetSecretValue", id, None), "{id}");
        }
        assert!(!event("DeleteSecret", "prod/b", None) && !event("DescribeSecret", ID, None));
    }

    #[test]
    fn the_checks_are_config_rules() {
        let template = checks();
        assert_eq!(template["Resources"].as_object().unwrap().len(), 5);
        assert_eq!(template["Resources"]["Unused"]["Properties"]["InputParameters"]["unusedForDays"], "90");
    }
}
