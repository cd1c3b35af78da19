//! Secrets as infrastructure code. Owns: that each language reads it, all of a plan is in it, and no value.

use serde_json::{Value, json};
use tree_sitter::{Language, Parser};
use unleak::migrate::emit::Emit;
use unleak::migrate::journal::{Progress, StoredBy, StoredSecret};
use unleak::migrate::make::Options;
use unleak::migrate::plan::Plan;
use unleak::reference::Backend;

use super::{Bench, options};
use crate::made_up;

/// A plan of three secrets, two of which have names that are one word apart from signs.
fn planned() -> (Bench, Plan) {
    let values: Vec<String> = (111..114).map(made_up::password).collect();
    let file = |value: &str, name: &str| format!("{name} = \"{value}\"\n");
    let files = [
        ("a.py", file(&values[0], "DB_PASSWORD")),
        ("b.yml", format!("db.password: {}\n", values[1])),
        ("c.py", file(&values[2], "MAIL_PASSWORD")),
    ];
    let bench = Bench::new(&files, values);
    let plan = bench.plan(&Options {
        backend: Backend::Aws,
        identity: "123456789012 eu-west-1".to_owned(),
        kms_key: Some("alias/shop".to_owned()),
        replica_regions: vec!["eu-west-2".to_owned()],
        tags: [("team".to_owned(), "pay ments".to_owned())].into(),
        ..options()
    });
    assert_eq!(plan.secrets.len(), 3);
    (bench, plan)
}

#[track_caller]
fn assert_parsed(text: &str, language: &Language) {
    let mut parser = Parser::new();
    parser.set_language(language).unwrap();
    assert!(!parser.parse(text, None).unwrap().root_node().has_error(), "{text}");
}

#[test]
fn a_template_of_cloudformation_has_all_but_values() {
    let (bench, plan) = planned();
    let text = Emit::CloudFormation.text(&plan, &Progress::default());
    let template: Value = serde_json::from_str(&text).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    assert_eq!(resources.len(), 3);
    for (secret, (id, resource)) in plan.secrets.iter().zip(resources) {
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        assert_eq!((&resource["Type"], &resource["DeletionPolicy"]), (&json!("AWS::SecretsManager::Secret"), &json!("Retain")));
        let mut keys: Vec<&String> = resource["Properties"].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["Description", "KmsKeyId", "Name", "ReplicaRegions", "Tags"]);
        assert_eq!(resource["Properties"]["Name"], secret.name);
        assert_eq!(resource["Properties"]["Tags"].as_array().unwrap().len(), secret.tags.len());
        assert_eq!(resource["Properties"]["ReplicaRegions"], json!([{"Region": "eu-west-2"}]));
    }
    assert!(bench.values.iter().all(|value| !text.contains(value.as_str())));
}

#[test]
fn terraform_has_all_but_values_and_imports_what_is_stored() {
    let (bench, plan) = planned();
    let text = Emit::Terraform.text(&plan, &Progress::default());
    assert_parsed(&text, &tree_sitter_hcl::LANGUAGE.into());
    assert_eq!(text.matches("resource \"aws_secretsmanager_secret\" \"secret_").count(), 3);
    for part in ["  kms_key_id  = \"alias/shop\"\n", "    \"team\" = \"pay ments\"\n", "    region = \"eu-west-2\"\n"] {
        assert_eq!(text.matches(part).count(), 3, "{text}");
    }
    assert!(!text.contains("secret_version") && !text.contains("import {"), "{text}");
    assert!(bench.values.iter().all(|value| !text.contains(value.as_str())));
    let mut progress = Progress::default();
    let id = format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-AbCdEf", plan.secrets[0].name);
    progress
        .stored
        .insert(plan.secrets[0].name.clone(), StoredSecret { id: id.clone(), version: String::new(), origin: StoredBy::Created });
    let text = Emit::Terraform.text(&plan, &progress);
    assert_parsed(&text, &tree_sitter_hcl::LANGUAGE.into());
    assert!(text.contains(&format!("\n  id = \"{id}\"\n")), "{text}");
    assert_eq!(text.matches("import {").count(), 1);
}

#[test]
fn a_stack_of_the_cdk_has_all_but_values() {
    let (bench, plan) = planned();
    let text = Emit::Cdk.text(&plan, &Progress::default());
    assert_parsed(&text, &tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into());
    assert_eq!(text.matches("new CfnSecret(this, 'Secret").count(), 3);
    for secret in &plan.secrets {
        assert!(text.contains(&format!("\"name\": \"{}\"", secret.name)), "{text}");
    }
    assert!(text.contains("\"replicaRegions\"") && !text.to_ascii_lowercase().contains("secretstring"), "{text}");
    assert!(bench.values.iter().all(|value| !text.contains(value.as_str())));
}

#[test]
fn identifiers_are_distinct() {
    let (_bench, mut plan) = planned();
    plan.secrets[0].name = "prod/shop/db-password".to_owned();
    plan.secrets[1].name = "prod/shop/db.password".to_owned();
    let text = Emit::Terraform.text(&plan, &Progress::default());
    assert!(text.contains("\"secret_prod_shop_db_password\"") && text.contains("\"secret_prod_shop_db_password2\""), "{text}");
}
