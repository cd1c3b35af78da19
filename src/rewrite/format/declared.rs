//! Secrets that infrastructure code makes: Terraform and CloudFormation. Owns: which of them get no value there. Must not: rewrite, or judge by
//! anything but the declarations of one module or template.

use std::collections::BTreeMap;

use bstr::ByteSlice as _;
use tree_sitter::Node;

use super::{cloudformation, hcl, left_alone, text, yaml};
use crate::rewrite::Source;

/// A declaration that makes a secret without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The file, below the root.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// What it is called there: `aws_secretsmanager_secret.api`, `ApiKey`.
    pub label: String,
    /// Whether Terraform makes it, else CloudFormation.
    pub terraform: bool,
    /// The name that the secret gets, where it is written out.
    pub name: Option<String>,
}

/// Names of files that can declare secrets; `*` and an ending stand for all that end so.
pub const FILES: [&str; 5] = ["*.tf", "*.yaml", "*.yml", "*.json", "*.template"];

const RESOURCE: &str = "aws_secretsmanager_secret";
const VERSION: &str = "aws_secretsmanager_secret_version";
const TYPE: &str = "AWS::SecretsManager::Secret";

/// Whether a file's bytes can declare a secret; what has none of these words is not parsed.
#[must_use]
pub fn can_declare(bytes: &[u8]) -> bool {
    bytes.find(RESOURCE).is_some() || bytes.find(TYPE).is_some()
}

/// The secrets without a value that these files declare, in order of files.
#[must_use]
pub fn without_value(files: &[Source<'_>]) -> Vec<Declared> {
    let mut modules: BTreeMap<&[u8], Vec<(&str, &str)>> = BTreeMap::new();
    let mut all = Vec::new();
    for file in files.iter().filter(|file| left_alone(**file).is_ok()) {
        let (Ok(path), Ok(text)) = (file.path.to_str(), text(file.bytes)) else { continue };
        if file.path.ends_with(b".tf") {
            // All files of a folder are one module.
            let folder = file.path.rfind_byte(b'/').map_or(&b""[..], |end| &file.path[..end]);
            modules.entry(folder).or_default().push((path, text));
        } else if cloudformation::is(text) {
            all.extend(of_template(path, text));
        }
    }
    all.extend(modules.into_values().flat_map(|files| of_module(&files)));
    all.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    all
}

fn line_of(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// The secrets of a module of which no version is declared, and that are not imported.
fn of_module(files: &[(&str, &str)]) -> Vec<Declared> {
    let (mut secrets, mut given) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let Ok(tree) = hcl::parse(text) else { continue };
        for block in hcl::blocks(tree.root_node()) {
            let words = hcl::head(block, text);
            match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["resource", RESOURCE, label] => secrets.push(Declared {
                    path: (*path).to_owned(),
                    line: line_of(block),
                    label: format!("{RESOURCE}.{label}"),
                    terraform: true,
                    name: hcl::plain(block, "name", text),
                }),
                ["resource", VERSION, _] | ["import"] => given.push(&text[block.byte_range()]),
                _ => {}
            }
        }
    }
    let is_word =
        |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric() || matches!(character, '_' | '-'));
    let names = |text: &str, label: &str| text.match_indices(label).any(|(at, _)| !is_word(text[at + label.len()..].chars().next()));
    let has_value = |secret: &Declared| given.iter().any(|text| names(text, &secret.label));
    secrets.retain(|secret| !has_value(secret));
    secrets
}

/// The secrets of a template, in YAML or JSON, that neither have a value nor generate one.
fn of_template(path: &str, text: &str) -> Vec<Declared> {
    let Ok(tree) = yaml::parse(text) else { return Vec::new() };
    let mut cursor = tree.walk();
    let top = tree.root_node().named_children(&mut cursor).find(|node| node.kind() == "document").and_then(yaml::mapping);
    let resources = top.and_then(|top| yaml::get(top, "Resources", text)).and_then(yaml::mapping);
    let mut found = Vec::new();
    for (label, value, pair) in resources.map(|resources| yaml::pairs(resources, text)).unwrap_or_default() {
        let Some(resource) = value.and_then(yaml::mapping) else { continue };
        if yaml::get(resource, "Type", text).map(|kind| yaml::word(kind, text)) != Some(TYPE) {
            continue;
        }
        let properties = yaml::get(resource, "Properties", text).and_then(yaml::mapping);
        let property = |key: &str| properties.and_then(|properties| yaml::get(properties, key, text));
        if ["SecretString", "GenerateSecretString", "Fn::Transform"].into_iter().any(|key| property(key).is_some()) {
            continue;
        }
        let name = property("Name").map(|name| yaml::word(name, text).to_owned()).filter(|name| !name.contains(['!', '{', '$', '\n']));
        found.push(Declared { path: path.to_owned(), line: line_of(pair), label: label.to_owned(), terraform: false, name });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source<'_>> = files.iter().map(|(path, text)| Source { path: (*path).into(), bytes: text.as_bytes() }).collect();
        without_value(&sources)
            .into_iter()
            .map(|Declared { path, line, label, name, .. }| format!("{path}:{line} {label} {name:?}"))
            .collect()
    }

    #[test]
    fn a_secret_of_terraform_has_a_value_where_its_module_has_a_version_of_it() {
        let secrets = "resource \"aws_secretsmanager_secret\" \"api\" {\n  name = \"prod/api\"\n}\n\nresource \"aws_secretsmanager_secret\" \"api_key\" {\n  \
                       name_prefix = var.prefix\n}\n\nresource \"aws_secretsmanager_secret\" \"each\" {\n  for_each = var.all\n  name     = \"prod/${each.key}\"\n}\n";
        let version = |of: &str| {
            format!("resource \"aws_secretsmanager_secret_version\" \"v\" {{\n  secret_id = aws_secretsmanager_secret.{of}\n}}\n")
        };
        let api = "infra/a.tf:1 aws_secretsmanager_secret.api Some(\"prod/api\")";
        let (key, each) = ("infra/a.tf:5 aws_secretsmanager_secret.api_key None", "infra/a.tf:9 aws_secretsmanager_secret.each None");
        assert_eq!(found(&[("infra/a.tf", secrets)]), [api, key, each]);
        // A version in another file of the folder counts, one of another folder is another module.
        assert_eq!(found(&[("infra/a.tf", secrets), ("infra/b.tf", &version("api_key.id"))]), [api, each]);
        assert_eq!(found(&[("infra/a.tf", secrets), ("infra/b.tf", &version("each[each.key].arn"))]), [api, key]);
        assert_eq!(found(&[("infra/a.tf", secrets), ("b.tf", &version("api.id"))]), [api, key, each]);
        let import = "import {\n  to = aws_secretsmanager_secret.api\n  id = \"arn\"\n}\n";
        assert_eq!(found(&[("infra/a.tf", secrets), ("infra/b.tf", import)]), [key, each]);
        assert_eq!(found(&[("tests/a.tf", secrets), ("a.tf", "data \"aws_secretsmanager_secret\" \"api\" {\n}\n")]), [""; 0]);
    }

    #[test]
    fn a_secret_of_a_template_has_a_value_or_generates_one() {
        let template = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Made:\n    Type: AWS::SecretsManager::Secret\n    Properties:\n      \
                        GenerateSecretString: {}\n  Given:\n    Type: 'AWS::SecretsManager::Secret'\n    Properties:\n      SecretString: !Ref Value\n  \
                        Named:\n    Type: AWS::SecretsManager::Secret\n    Properties:\n      Name: prod/api\n  Bare:\n    Type: \
                        AWS::SecretsManager::Secret\n  Sub:\n    Type: \"AWS::SecretsManager::Secret\"\n    Properties:\n      Name: !Sub '${Stage}/api'\n";
        let expected = ["a.yaml:11 Named Some(\"prod/api\")", "a.yaml:15 Bare None", "a.yaml:17 Sub None"];
        assert_eq!(found(&[("a.yaml", template)]), expected);
        let json = "{\n\"Resources\": {\n\"Api\": { \"Type\": \"AWS::SecretsManager::Secret\", \"Properties\": { \"Name\": \"prod/api\" } } }\n}\n";
        assert_eq!(found(&[("a.json", json), ("b.json", "{}")]), ["a.json:3 Api Some(\"prod/api\")"]);
        assert_eq!(found(&[("a.json", "{ \"Resources\": [")]), [""; 0]);
    }
}
