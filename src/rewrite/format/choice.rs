//! Which format a file is in, by its path and content. Owns: the table. Must not: decide by anything else.

use super::ini::Lines;
use super::json::Json;
use super::yaml::Yaml;
use super::{
    Config, bicep, cloudformation, dotenv, fixed, hcl, ini, json, kubernetes, members, native, notebook, pipeline, prose, refused, spring,
    toml, xml,
};
use crate::rewrite::Rewritten;

pub(super) const PROPERTIES: Lines = Lines {
    name: "properties",
    comments: &['#', '!'],
    separators: &['=', ':'],
    properties: true,
    place: spring::property_or_token,
    together: |_, _| Ok(Rewritten::default()),
};
const SPRING_PROPERTIES: Lines = Lines { name: "spring-properties", place: spring::property, together: spring::together, ..PROPERTIES };
pub(super) const INI: Lines = Lines {
    name: "ini",
    comments: &['#', ';'],
    separators: &['=', ':'],
    properties: false,
    place: ini::generic,
    together: |_, _| Ok(Rewritten::default()),
};
/// Files whose values may hold a colon before the equals sign.
pub(super) const CONF: Lines = Lines { name: "conf", separators: &['='], ..INI };
const NPMRC: Lines = Lines { name: "npmrc", place: native::npm, ..CONF };

pub(super) const YAML: Yaml = Yaml::new("yaml", spring::yaml_or_token);
const COMPOSE: Yaml = Yaml::new("compose", native::compose);
const SPRING: Yaml = Yaml { name: "spring", place: spring::yaml, together: spring::together };
const RAILS: Yaml = Yaml::new("rails", native::rails);
const ANSIBLE: Yaml = Yaml::new("ansible", native::ansible);
const HELM_VALUES: Yaml = Yaml::new("helm-values", native::helm_values);
const CLOUDFORMATION: Yaml = Yaml::new("cloudformation", cloudformation::yaml);
const KUBERNETES: Yaml = Yaml { name: "kubernetes", place: kubernetes::place, together: kubernetes::together };
const WORKFLOW: Yaml = Yaml { name: "github-workflow", place: pipeline::workflow, together: pipeline::workflow_steps };
const GITLAB: Yaml = Yaml { name: "gitlab-ci", place: pipeline::gitlab, together: pipeline::gitlab_secrets };
const YARN: Yaml = Yaml::new("yarn", native::yarn);
const KUBECONFIG: Yaml = Yaml::new("kubeconfig", refused::kubeconfig);

pub(super) const JSON: Json = Json::new("json", json::generic);
const CLOUDFORMATION_JSON: Json = Json::new("cloudformation", cloudformation::json);
const TASK: Json = Json { name: "task-definition", place: members::task, together: members::tasks };
const APPSETTINGS: Json = Json::new("appsettings", members::appsettings);
const NOTEBOOK: Json = Json::new("notebook", notebook::place);
const COMPONENT: Yaml = Yaml::new("greengrass", refused::component);
const COMPONENT_JSON: Json = Json::new("greengrass", refused::component_json);
const ARM: Json = Json::new("arm", refused::arm);
const POSTMAN: Json = Json::new("postman", refused::postman);
const TFVARS_JSON: Json = Json::new("tfvars", refused::tfvars_json);

/// The rewriter for a file at a path of lower-case letters.
pub(super) fn of(path: &str, text: &[u8]) -> Option<&'static Config> {
    let name = path.rsplit('/').next()?;
    let extension = name.rsplit('.').next()?;
    let text = || std::str::from_utf8(text).unwrap_or_default();
    if let Some(fixed) = fixed::of(path) {
        return Some(fixed);
    }
    Some(match (name, extension) {
        _ if dotenv::is_docker(name) => &Config(&dotenv::Dotenv { docker: true }),
        _ if dotenv::is(name) => &Config(&dotenv::Dotenv { docker: false }),
        _ if name.starts_with("dockerfile") || name.starts_with("containerfile") || extension == "dockerfile" => {
            &Config(&refused::DOCKERFILE)
        }
        _ if path.ends_with(".docker/config.json") || name == ".dockercfg" => &Config(&refused::DOCKER_CONFIG),
        _ if path.ends_with(".kube/config") || name == "kubeconfig" => &Config(&KUBECONFIG),
        (".npmrc", _) => &Config(&NPMRC),
        (".yarnrc.yml", _) => &Config(&YARN),
        (_, "yml" | "yaml") => in_yaml(path, name, text()),
        (_, "json" | "jsonc" | "json5" | "template" | "ipynb" | "tfstate") => in_json(name, extension, text()),
        (_, "toml") => &Config(&toml::Toml),
        (_, "tf") => &Config(&hcl::Terraform),
        (_, "bicepparam") => &Config(&bicep::Parameters),
        (_, "bicep") => &Config(&refused::BICEP),
        (_, "cshtml" | "vbhtml" | "razor" | "aspx" | "ascx" | "master") => &Config(&refused::RAZOR),
        (_, "css" | "scss" | "sass" | "less" | "styl") => &Config(&refused::STYLES),
        (_, "tfvars") => &Config(&refused::TFVARS),
        (_, "properties") if is_spring(name) || spring::is_properties(text()) => &Config(&SPRING_PROPERTIES),
        (_, "properties") => &Config(&PROPERTIES),
        (_, "ini" | "cfg" | "cnf") => &Config(&INI),
        (_, "conf") if path.contains("nginx") || text().contains("server {") => &Config(&refused::NGINX),
        (_, "conf") => &Config(&CONF),
        ("settings.xml", _) => &Config(&xml::Settings),
        (_, "xml" | "config" | "csproj" | "pubxml" | "plist") => &Config(&refused::XML),
        (_, "sql") => &Config(&refused::SQL),
        (_, "md" | "markdown" | "rst" | "txt" | "adoc") => &Config(&prose::Prose),
        _ => return None,
    })
}

fn is_spring(name: &str) -> bool {
    name.starts_with("application.") || name.starts_with("application-") || name.starts_with("bootstrap.") || name.starts_with("bootstrap-")
}

/// Whether a text is the recipe of a component of Greengrass.
fn is_component(text: &str) -> bool {
    text.contains("RecipeFormatVersion") && text.contains("ComponentName")
}

fn in_yaml(path: &str, name: &str, text: &str) -> &'static Config {
    let within = |folder: &str| path.starts_with(&format!("{folder}/")) || path.contains(&format!("/{folder}/"));
    let is_sops = text.contains("ENC[AES256_GCM,") && text.contains("\nsops:");
    match name {
        _ if is_sops => &Config(&refused::SOPS),
        _ if within(".github/workflows") => &Config(&WORKFLOW),
        ".gitlab-ci.yml" | ".gitlab-ci.yaml" => &Config(&GITLAB),
        _ if within("templates") && text.contains("{{") => &Config(&refused::HELM_TEMPLATE),
        _ if name.starts_with("docker-compose") || name.starts_with("compose.") || name.starts_with("compose-") => &Config(&COMPOSE),
        _ if is_spring(name) => &Config(&SPRING),
        "database.yml" | "secrets.yml" | "cable.yml" | "storage.yml" | "mongoid.yml" if within("config") => &Config(&RAILS),
        _ if is_component(text) => &Config(&COMPONENT),
        _ if cloudformation::is(text) => &Config(&CLOUDFORMATION),
        _ if kubernetes::is(text) => &Config(&KUBERNETES),
        _ if ["group_vars", "host_vars"].into_iter().any(within) => &Config(&ANSIBLE),
        _ if within("roles") && ["vars", "defaults", "tasks", "handlers"].into_iter().any(within) => &Config(&ANSIBLE),
        _ if name.starts_with("playbook") || text.starts_with("- hosts:") || text.contains("\n- hosts:") => &Config(&ANSIBLE),
        _ if name.starts_with("values") => &Config(&HELM_VALUES),
        _ if spring::is_yaml(text) => &Config(&SPRING),
        _ => &Config(&YAML),
    }
}

fn in_json(name: &str, extension: &str, text: &str) -> &'static Config {
    match extension {
        "ipynb" => &Config(&NOTEBOOK),
        "tfstate" => &Config(&refused::TFSTATE),
        _ if name.ends_with(".tfvars.json") => &Config(&TFVARS_JSON),
        _ if name.ends_with(".postman_collection.json") || name.ends_with(".postman_environment.json") => &Config(&POSTMAN),
        _ if name.starts_with("appsettings") => &Config(&APPSETTINGS),
        _ if text.contains("\"containerDefinitions\"") || text.contains("\"containerProperties\"") => &Config(&TASK),
        _ if text.contains("/deploymentParameters.json#") || text.contains("/deploymentTemplate.json#") => &Config(&ARM),
        _ if is_component(text) => &Config(&COMPONENT_JSON),
        _ if cloudformation::is(text) => &Config(&CLOUDFORMATION_JSON),
        _ => &Config(&JSON),
    }
}
