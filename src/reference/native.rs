//! References in the forms that platforms have for AWS Secrets Manager, and the look-ups of generated helpers. Owns: what each form looks like.
//! Must not: ask a store, or know how a form is written into a file.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

use super::{Backend, Reference};

/// The id of a secret: its name, or its ARN.
const ID: &str = "(?P<id>(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@-]+)";
/// The forms; `ID` stands for [`ID`], and a group `key` is the member. A group `list` holds more of them, each as [`ITEM`].
const FORMS: [&str; 11] = [
    // CloudFormation, also in the name of a parameter or a stack.
    r"\{\{resolve:secretsmanager:ID(?::SecretString(?::(?P<key>[A-Za-z0-9_.-]*))?)?(?::[^{}$]*)?\}\}",
    // Task definitions of ECS and jobs of Batch: an ARN, and after it member, label and version.
    r#"[Vv]alueFrom["']?\s*[:=]\s*["']?(?P<id>arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+)(?::(?P<key>[A-Za-z0-9_.-]*)(?::[A-Za-z0-9_-]*){0,2})?(?:["'\s,]|$)"#,
    // Terraform and OpenTofu.
    r#"(?:data|ephemeral)\s+"aws_secretsmanager_secret(?:_version)?"\s+"[^"]*"\s*\{\s*(?:secret_id|name)\s*=\s*"ID""#,
    // GitLab CI.
    r#"aws_secrets_manager:\s+secret_id:\s*["']?ID["']?(?:\s+field:\s*["']?(?P<key>[A-Za-z0-9_.-]+))?"#,
    // The official action of GitHub: one secret, or each on a line of its own.
    r"secret-ids:\s*(?:\|-?\s+)?(?:[A-Za-z_][A-Za-z0-9_]*\s*,\s*)?ID[ \t\r]*(?P<list>(?:\n[ \t]+(?:[A-Za-z_][A-Za-z0-9_]*\s*,\s*)?[A-Za-z0-9/_+=.@:-]+[ \t\r]*)*)(?:\n|$)",
    // Ansible.
    r#"lookup\(\s*["'](?:amazon\.aws|community\.aws)\.(?:aws_secret|secretsmanager_secret)["']\s*,\s*["'](?P<id>[A-Za-z0-9/_+=@-]+)(?:\.(?P<key>[A-Za-z0-9_-]+))?["']"#,
    // An ExternalSecret.
    r#"remoteRef:\s+key:\s*["']?ID["']?(?:\s+property:\s*["']?(?P<key>[A-Za-z0-9_.-]+))?"#,
    // A SecretProviderClass: an object, and its members if only these are wanted.
    r#"objectName:\s*["']?ID["']?\s+(?:objectAlias:\s*\S+\s+)?objectType:\s*["']?secretsmanager["']?(?:\s+jmesPath:\s+-\s*path:\s*["']?(?P<key>[A-Za-z0-9_.-]+)(?P<list>(?:["']?\s+(?:-\s*)?(?:path|objectAlias):\s*["']?[A-Za-z0-9_.-]+)*))?"#,
    // The CDK, in all its languages.
    r#"SecretValue[._](?i:secrets_?manager)\(\s*(?:jsii\.String\()?["']ID["']\)?(?:\s*,[^"'\n]{0,120}(?i:json_?field)[^"'\n]{0,20}["'](?P<key>[^"'\n]+)["'])?"#,
    // Spring.
    r"aws-secretsmanager:ID",
    // Helpers of our own.
    r#"(?i:unleak_?secrets)(?:::|\.|->)(?:get|getKey|GetKey|Get)\(\s*["']ID["'](?:\s*,\s*["'](?P<key>[^"'\n]+)["'])?\s*\)"#,
];

/// One more of what a form lists: the id of a secret on a line, or a member.
const ITEM: &str = r#"(?m)^[ \t]*(?:-\s*)?path:\s*["']?(?P<key>[A-Za-z0-9_.-]+)|^[ \t]+(?:[A-Za-z_][A-Za-z0-9_]*\s*,\s*)?ID[ \t\r]*$"#;

/// The references that stand in a text in such a form, with their bytes, in the order of the forms.
pub fn find_all(text: &[u8]) -> impl Iterator<Item = (Range<usize>, Reference)> + '_ {
    static ALL: LazyLock<Vec<Regex>> = LazyLock::new(|| FORMS.iter().map(|form| compiled(form)).collect());
    static ITEMS: LazyLock<Regex> = LazyLock::new(|| compiled(ITEM));
    ALL.iter().flat_map(move |form| form.captures_iter(text).flat_map(move |found| of_match(&found, &ITEMS)))
}

/// A form as an expression.
fn compiled(form: &str) -> Regex {
    Regex::new(&form.replace("ID", ID)).expect("because a test compiles it")
}

/// The references of a match, with their bytes: the first one has all of it.
fn of_match(found: &Captures<'_>, items: &Regex) -> Vec<(Range<usize>, Reference)> {
    let group = |found: &Captures<'_>, name: &str| {
        let text = std::str::from_utf8(found.name(name)?.as_bytes()).ok()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let Some(id) = group(found, "id") else { return Vec::new() };
    let reference = |id: &str, key: Option<String>| {
        let reference = Reference::to(Backend::Aws, id.to_owned());
        key.into_iter().fold(reference, Reference::with_key)
    };
    let mut all = vec![(found.get(0).expect("because group 0 is the match").range(), reference(&id, group(found, "key")))];
    for (list, item) in found.name("list").into_iter().flat_map(|list| items.captures_iter(list.as_bytes()).map(move |item| (list, item))) {
        let span = item.get(0).expect("because group 0 is the match").range();
        let own = group(&item, "id").unwrap_or_else(|| id.clone());
        all.push((list.start() + span.start..list.start() + span.end, reference(&own, group(&item, "key"))));
    }
    all
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
        for (text, references) in [
            ("    secret-ids: |\n      DB,prod/db\n      prod/mail\r\n    parse-json-secrets: true\n", ["prod/db", "prod/mail"]),
            (
                "- objectName: prod/db\n  objectType: secretsmanager\n  jmesPath:\n    - path: user\n      objectAlias: u\n    - objectAlias: p\n      \
                 path: \"password\"\n- objectName: x\n",
                ["prod/db#/user", "prod/db#/password"],
            ),
        ] {
            let found: Vec<String> = find_all(text.as_bytes()).map(|(_, reference)| reference.to_string()).collect();
            assert_eq!(found, references.map(|reference| format!("ref+awssecrets://{reference}")), "{text}");
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
