//! A plan's secrets as infrastructure code, for those who have everything declared. Owns: skeletons with names, descriptions, tags, keys and
//! replicas. Must not: declare a value: state files and templates are read by many.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::journal::Progress;
use super::name;
use super::plan::{Plan, PlannedSecret};

/// A language of infrastructure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emit {
    /// A template of CloudFormation, as JSON.
    CloudFormation,
    /// Terraform.
    Terraform,
    /// A stack of the CDK, in TypeScript.
    Cdk,
}

impl Emit {
    /// The usual name of such a file.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::CloudFormation => "secrets.template.json",
            Self::Terraform => "secrets.tf",
            Self::Cdk => "secrets-stack.ts",
        }
    }

    /// The secrets of the plan; with ARNs to import where they are stored.
    #[must_use]
    pub fn text(self, plan: &Plan, progress: &Progress) -> String {
        match self {
            Self::CloudFormation => format!("{:#}\n", template(plan)),
            Self::Terraform => terraform(plan, progress),
            Self::Cdk => stack(plan),
        }
    }
}

/// What all of them say of values.
pub(super) const NOTE: &str =
    "No values: `unleak migrate apply` stores them. What it created is adopted by an import; nothing here makes a version.";

/// Each secret with an identifier of its own, made of the words of its name.
fn named(plan: &Plan, identifier: impl Fn(&[&str]) -> String) -> Vec<(String, &PlannedSecret)> {
    let mut taken = BTreeSet::new();
    let mut one = |secret: &PlannedSecret| {
        let words: Vec<&str> =
            secret.name.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        name::numbered(identifier(&words), "", &mut taken)
    };
    plan.secrets.iter().map(|secret| (one(secret), secret)).collect()
}

/// `prod/shop/db-password` as `ProdShopDbPassword`; words that begin with digits are after a letter.
fn pascal(words: &[&str]) -> String {
    let capital = |word: &&str| word[..1].to_ascii_uppercase() + &word[1..];
    format!("Secret{}", words.iter().map(capital).collect::<String>())
}

/// `prod/shop/db-password` as `secret_prod_shop_db_password`.
fn snake(words: &[&str]) -> String {
    format!("secret_{}", words.join("_"))
}

/// The properties of a secret in CloudFormation and the CDK, as they call them: the one with capitals, the other without.
fn properties(secret: &PlannedSecret, key: impl Fn(&str) -> String) -> serde_json::Map<String, Value> {
    let tags: Vec<Value> = secret.tags.iter().map(|(name, value)| json!({ key("Key"): name, key("Value"): value })).collect();
    let regions: Vec<Value> = secret.replica_regions.iter().map(|region| json!({ key("Region"): region })).collect();
    let mut all = serde_json::Map::new();
    let mut set = |name: &str, value: Value| drop(all.insert(key(name), value));
    set("Name", secret.name.as_str().into());
    set("Description", secret.description.as_str().into());
    set("Tags", tags.into());
    if let Some(kms_key) = &secret.kms_key {
        set("KmsKeyId", kms_key.as_str().into());
    }
    if !regions.is_empty() {
        set("ReplicaRegions", regions.into());
    }
    if let Some(external) = &secret.external_type {
        set("Type", external.as_str().into());
    }
    all
}

fn template(plan: &Plan) -> Value {
    let resource = |secret: &PlannedSecret| {
        json!({
            "Type": "AWS::SecretsManager::Secret",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties(secret, str::to_owned),
        })
    };
    let resources: serde_json::Map<String, Value> = named(plan, pascal).into_iter().map(|(id, secret)| (id, resource(secret))).collect();
    json!({ "AWSTemplateFormatVersion": "2010-09-09", "Description": NOTE, "Resources": resources })
}

fn terraform(plan: &Plan, progress: &Progress) -> String {
    let mut text = format!("# {NOTE}\n");
    for (id, secret) in named(plan, snake) {
        let mut line = |line: &str| text.extend([line, "\n"]);
        line(&format!("\nresource \"aws_secretsmanager_secret\" \"{id}\" {{"));
        line(&format!("  name        = {}", hcl(&secret.name)));
        line(&format!("  description = {}", hcl(&secret.description)));
        if let Some(key) = &secret.kms_key {
            line(&format!("  kms_key_id  = {}", hcl(key)));
        }
        if let Some(external) = &secret.external_type {
            line(&format!("  type        = {}", hcl(external)));
        }
        line("\n  tags = {");
        secret.tags.iter().for_each(|(key, value)| line(&format!("    {} = {}", hcl(key), hcl(value))));
        line("  }");
        for region in &secret.replica_regions {
            line(&format!("\n  replica {{\n    region = {}\n  }}", hcl(region)));
        }
        line("\n  lifecycle {\n    prevent_destroy = true\n  }\n}");
        if let Some(stored) = progress.stored.get(&secret.name) {
            line(&format!("\nimport {{\n  to = aws_secretsmanager_secret.{id}\n  id = {}\n}}", hcl(&stored.id)));
        }
    }
    text
}

/// A text as Terraform quotes it.
fn hcl(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.replace("${", "$${").replace("%{", "%%{")
}

fn stack(plan: &Plan) -> String {
    let mut text = format!(
        "// {NOTE}\nimport {{ RemovalPolicy, Stack, StackProps }} from 'aws-cdk-lib';\nimport {{ CfnSecret }} from 'aws-cdk-lib/aws-secretsmanager';\n\
         import {{ Construct }} from 'constructs';\n\nexport class SecretsStack extends Stack {{\n  \
         constructor(scope: Construct, id: string, props?: StackProps) {{\n    super(scope, id, props);\n"
    );
    for (id, secret) in named(plan, pascal) {
        // The larger construct, `Secret`, would make a value.
        let lower = |name: &str| name[..1].to_ascii_lowercase() + &name[1..];
        let properties = format!("{:#}", Value::from(properties(secret, lower))).replace('\n', "\n    ");
        let _ = writeln!(text, "\n    new CfnSecret(this, '{id}', {properties}).applyRemovalPolicy(RemovalPolicy.RETAIN);");
    }
    text + "  }\n}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_never_evaluated() {
        assert_eq!(hcl("a \"b\" ${c} %{d}\n\\"), r#""a \"b\" $${c} %%{d}\n\\""#);
    }
}
