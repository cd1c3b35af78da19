//! References in the forms that platforms have for AWS Secrets Manager, and the look-ups of generated helpers. Owns: what each form looks like.
//! Must not: ask a store, or know how a form is written into a file.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Backend, Reference};

/// The id of a secret: its name, or its ARN.
const ID: &str = "(?P<id>(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@-]+)";
/// The forms; `ID` stands for [`ID`], and a group `key` is the member.
const FORMS: [&str; 11] = [
    // CloudFormation, also in the name of a parameter or a stack.
    r"\{\{resolve:secretsmanager:ID(?::SecretString(?::(?P<key>[A-Za-z0-9_.-]*))?)?(?::[^{}$]*)?\}\}",
    // Task definitions of ECS and jobs of Batch: an ARN, and after it member, label and version.
    r#"[Vv]alueFrom["']?\s*[:=]\s*["']?(?P<id>arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+)(?::(?P<key>[A-Za-z0-9_.-]*)(?::[A-Za-z0-9_-]*){0,2})?(?:["'\s,]|$)"#,
    // Terraform and OpenTofu.
    r#"(?:data|ephemeral)\s+"aws_secretsmanager_secret(?:_version)?"\s+"[^"]*"\s*\{\s*(?:secret_id|name)\s*=\s*"ID""#,
    // GitLab CI.
    r#"aws_secrets_manager:\s+secret_id:\s*["']?ID["']?(?:\s+field:\s*["']?(?P<key>[A-Za-z0-9_.-]+))?"#,
    // The official action of GitHub, one secret; the others follow on lines of their own.
    r"secret-ids:\s*(?:\|-?\s+)?(?:[A-Za-z_][A-Za-z0-9_]*\s*,\s*)?ID\s*(?:\n|$)",
    // Ansible.
    r#"lookup\(\s*["'](?:amazon\.aws|community\.aws)\.(?:aws_secret|secretsmanager_secret)["']\s*,\s*["'](?P<id>[A-Za-z0-9/_+=@-]+)(?:\.(?P<key>[A-Za-z0-9_-]+))?["']"#,
    // An ExternalSecret.
    r#"remoteRef:\s+key:\s*["']?ID["']?(?:\s+property:\s*["']?(?P<key>[A-Za-z0-9_.-]+))?"#,
    // A SecretProviderClass; of an object with several members the first one.
    r#"objectName:\s*["']?ID["']?\s+(?:objectAlias:\s*\S+\s+)?objectType:\s*["']?secretsmanager["']?(?:\s+jmesPath:\s+-\s*path:\s*["']?(?P<key>[A-Za-z0-9_.-]+))?"#,
    // The CDK, in all its languages.
    r#"SecretValue[._](?i:secrets_?manager)\(\s*(?:jsii\.String\()?["']ID["']\)?(?:\s*,[^"'\n]{0,120}(?i:json_?field)[^"'\n]{0,20}["'](?P<key>[^"'\n]+)["'])?"#,
    // Spring.
    r"aws-secretsmanager:ID",
    // Helpers of our own.
    r#"(?i:unleak_?secrets)(?:::|\.|->)(?:get|getKey|GetKey|Get)\(\s*["']ID["'](?:\s*,\s*["'](?P<key>[^"'\n]+)["'])?\s*\)"#,
];

/// The references that stand in a text in such a form, with their bytes, in the order of the forms.
pub fn find_all(text: &[u8]) -> impl Iterator<Item = (Range<usize>, Reference)> + '_ {
    static ALL: LazyLock<Vec<Regex>> =
        LazyLock::new(|| FORMS.iter().map(|form| Regex::new(&form.replace("ID", ID)).expect("because a test compiles it")).collect());
    ALL.iter().flat_map(move |form| {
        form.captures_iter(text).filter_map(|found| {
            let group =
                |name: &str| found.name(name).and_then(|group| std::str::from_utf8(group.as_bytes()).ok()).filter(|text| !text.is_empty());
            let whole = found.get(0)?.range();
            let reference = Reference::to(Backend::Aws, group("id")?.to_owned());
            Some((whole, group("key").iter().fold(reference, |reference, key| reference.with_key(*key))))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf";

    #[test]
    fn each_form_is_read() {
        for (text, reference) in [
            ("x: '{{resolve:secretsmanager:prod/db:SecretString:password}}'".to_owned(), "prod/db#/password"),
            ("{{resolve:secretsmanager:prod/db}}".to_owned(), "prod/db"),
            ("{{resolve:secretsmanager:prod/db:SecretString:password:AWSPREVIOUS}}".to_owned(), "prod/db#/password"),
            (format!("{{\"name\": \"A\", \"valueFrom\": \"{ARN}:password::\"}}"), "ARN#/password"),
            (format!("  valueFrom: {ARN}\n"), "ARN"),
            ("data \"aws_secretsmanager_secret_version\" \"db\" {\n  secret_id = \"prod/db\"\n}".to_owned(), "prod/db"),
            (
                "secrets:\n  A:\n    aws_secrets_manager:\n      secret_id: \"prod/db\"\n      field: password\n".to_owned(),
                "prod/db#/password",
            ),
            ("    secret-ids: |\n      DB,prod/db\n".to_owned(), "prod/db"),
            ("{{ lookup('amazon.aws.secretsmanager_secret', 'prod/db.password', nested=true) }}".to_owned(), "prod/db#/password"),
            ("- secretKey: a\n  remoteRef:\n    key: prod/db\n    property: password\n".to_owned(), "prod/db#/password"),
            (
                "- objectName: \"prod/db\"\n  objectType: \"secretsmanager\"\n  jmesPath:\n    - path: \"password\"\n      objectAlias: \"A\"\n".to_owned(),
                "prod/db#/password",
            ),
            (format!("- objectName: {ARN}\n  objectAlias: db\n  objectType: secretsmanager\n"), "ARN"),
            ("SecretValue.secretsManager('prod/db', { jsonField: 'password' })".to_owned(), "prod/db#/password"),
            ("SecretValue.secrets_manager(\"prod/db\", json_field=\"password\")".to_owned(), "prod/db#/password"),
            (
                "awscdk.SecretValue_SecretsManager(jsii.String(\"prod/db\"), &awscdk.SecretsManagerSecretOptions{JsonField: jsii.String(\"password\")})"
                    .to_owned(),
                "prod/db#/password",
            ),
            ("spring.config.import=aws-secretsmanager:prod/db?prefix=prod.db.".to_owned(), "prod/db"),
            ("a = unleak_secrets.get(\"prod/db\", \"password\")".to_owned(), "prod/db#/password"),
            ("a = unleakSecrets.get('prod/db')".to_owned(), "prod/db"),
            ("$a = UnleakSecrets::get('prod/db', 'password');".to_owned(), "prod/db#/password"),
            ("a := unleaksecrets.GetKey(\"prod/db\", \"password\")".to_owned(), "prod/db#/password"),
            ("let a = unleak_secrets::get(\"prod/db\");".to_owned(), "prod/db"),
        ] {
            let found: Vec<String> = find_all(text.as_bytes()).map(|(_, reference)| reference.to_string()).collect();
            assert_eq!(found, [format!("ref+awssecrets://{}", reference.replace("ARN", ARN))], "{text}");
        }
        for other in [
            "{{resolve:secretsmanager:${Name}:SecretString:password}}",
            "{{resolve:ssm:/a/b:1}}",
            "\"Resource\": \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/*\"",
            "valueFrom: arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}",
            "secret_id = aws_secretsmanager_secret.a.id",
            "data:\n  - objectName: \"DB_PASSWORD\"\n    key: \"DB_PASSWORD\"",
            "- objectName: /prod/db\n  objectType: ssmparameter",
            "unleak_secrets.get(name)",
            "SecretValue.secretsManager(name, { jsonField: 'password' })",
            "spring.cloud.aws-secretsmanager: true",
        ] {
            assert_eq!(find_all(other.as_bytes()).count(), 0, "{other}");
        }
    }
}
