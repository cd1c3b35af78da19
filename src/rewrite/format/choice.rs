//! Which format a file is in, by its path and content. Owns: the table. Must not: decide by anything else.

use super::ini::Lines;
use super::json::Json;
use super::yaml::Yaml;
use super::{
    Config, cloudformation, dotenv, fixed, hcl, ini, json, kubernetes, members, native, notebook, pipeline, prose, refused, toml, xml, yaml,
};

pub(super) const PROPERTIES: Lines =
    Lines { name: "properties", comments: &['#', '!'], separators: &['=', ':'], properties: true, place: ini::generic };
const SPRING_PROPERTIES: Lines = Lines { name: "spring-properties", place: native::spring_property, ..PROPERTIES };
pub(super) const INI: Lines = Lines { name: "ini", comments: &['#', ';'], separators: &['=', ':'], properties: false, place: ini::generic };
/// Files whose values may hold a colon before the equals sign.
pub(super) const CONF: Lines = Lines { name: "conf", separators: &['='], ..INI };
const NPMRC: Lines = Lines { name: "npmrc", place: native::npm, ..CONF };

pub(super) const YAML: Yaml = Yaml::new("yaml", yaml::generic);
const COMPOSE: Yaml = Yaml::new("compose", native::compose);
const SPRING: Yaml = Yaml::new("spring", native::spring);
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
        (_, "tfvars") => &Config(&refused::TFVARS),
        (_, "properties") if is_spring(name) => &Config(&SPRING_PROPERTIES),
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
        _ if refused::is_recipe(text) => &Config(&refused::GREENGRASS),
        _ if cloudformation::is(text) => &Config(&CLOUDFORMATION),
        _ if kubernetes::is(text) => &Config(&KUBERNETES),
        _ if ["group_vars", "host_vars"].into_iter().any(within) => &Config(&ANSIBLE),
        _ if within("roles") && ["vars", "defaults", "tasks", "handlers"].into_iter().any(within) => &Config(&ANSIBLE),
        _ if name.starts_with("playbook") || text.starts_with("- hosts:") || text.contains("\n- hosts:") => &Config(&ANSIBLE),
        _ if name.starts_with("values") => &Config(&HELM_VALUES),
        _ => &Config(&YAML),
    }
}

fn in_json(name: &str, extension: &str, text: &str) -> &'static Config {
    match extension {
        "ipynb" => &Config(&NOTEBOOK),
        "tfstate" => &Config(&refused::TFSTATE),
        _ if name.ends_with(".tfvars.json") => &Config(&TFVARS_JSON),
        _ if name.starts_with("appsettings") => &Config(&APPSETTINGS),
        _ if text.contains("\"containerDefinitions\"") || text.contains("\"containerProperties\"") => &Config(&TASK),
        _ if refused::is_recipe(text) => &Config(&refused::GREENGRASS),
        _ if cloudformation::is(text) => &Config(&CLOUDFORMATION_JSON),
        _ => &Config(&JSON),
    }
}
