//! Files that have no reference of their own, or none that is safe. Owns: what people are told instead. Must not: change anything.

use std::ops::Range;

use super::{File, Format, Place, json, yaml};
use crate::rewrite::code::line_start;
use crate::rewrite::literal::manual;
use crate::rewrite::{Manual, Splice};

/// Files of one kind that are left to people, comments apart.
pub(super) struct Refused {
    pub name: &'static str,
    pub reason: &'static str,
    pub advice: &'static str,
    /// What starts a comment; empty for none.
    pub comment: &'static str,
}

impl Format for Refused {
    fn name(&self) -> &'static str {
        self.name
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let line = file.text[line_start(file.text, span.start)..span.start].trim_start_matches('\u{feff}').trim_start();
        if !self.comment.is_empty() && line.starts_with(self.comment) {
            return Ok(Place::prose(file.text, span.clone()));
        }
        Err(manual(self.reason, self.advice))
    }

    fn verify(&self, _before: &str, _after: &str, _splices: &[Splice]) -> Result<(), Manual> {
        Ok(())
    }
}

pub(super) const fn refused(name: &'static str, comment: &'static str, reason: &'static str, advice: &'static str) -> Refused {
    Refused { name, reason, advice, comment }
}

/// `Dockerfile`.
pub(super) const DOCKERFILE: Refused = refused(
    "dockerfile",
    "#",
    "ARG, ENV and RUN keep the value in the layers and the history of the image",
    "mount it while it is used: RUN --mount=type=secret,id=NAME,env=NAME …, built with `docker build --secret id=NAME,env=NAME`; set what the program needs when the container starts; images built before still hold the value",
);
/// `.docker/config.json`.
pub(super) const DOCKER_CONFIG: Refused = refused(
    "docker-config",
    "",
    "the configuration of Docker has no references",
    "delete the entry and set credsStore or credHelpers, for ECR docker-credential-ecr-login",
);
/// `nginx.conf` and its kin.
pub(super) const NGINX: Refused = refused(
    "nginx",
    "#",
    "nginx reads no variables of its environment",
    "make the file from a template with envsubst when the container starts",
);
/// SQL.
pub(super) const SQL: Refused =
    refused("sql", "--", "SQL has no references", "pass the value as a variable of the client, such as psql's :'name'");
/// `terraform.tfstate`.
pub(super) const TFSTATE: Refused =
    refused("tfstate", "", "the file is Terraform's state", "keep state in an encrypted backend and out of git, and rotate the value");
/// `*.tfvars`.
pub(super) const TFVARS: Refused = refused(
    "tfvars",
    "#",
    "values of variables have no references",
    "delete the line and set TF_VAR_name by `unleak run --env-file .unleak.env -- terraform …`",
);
/// Templates of a Helm chart.
pub(super) const HELM_TEMPLATE: Refused = refused(
    "helm-template",
    "#",
    "a template is no YAML before Helm renders it",
    "take the value from .Values, or replace the Secret by an ExternalSecret or SecretProviderClass",
);
/// XML but for Maven's settings.
pub(super) const XML: Refused = refused(
    "xml",
    "",
    "what reads the file may not know references",
    "use the form of its reader, such as ${env.NAME}, or set the value when it is deployed",
);
/// Recipes of Greengrass components, in YAML or JSON
/// (<https://docs.aws.amazon.com/greengrass/v2/developerguide/secret-manager-component.html>).
pub(super) const GREENGRASS: Refused = refused(
    "greengrass",
    "#",
    "a recipe has no references: a component asks the core device for secrets",
    "depend on aws.greengrass.SecretManager, list the secret's ARN under its cloudSecrets in the deployment, allow the component      aws.greengrass#GetSecretValue on it, and have it ask by IPC",
);
/// Whether a file is such a recipe.
pub(super) fn is_recipe(text: &str) -> bool {
    text.contains("RecipeFormatVersion") && text.contains("ComponentName")
}
/// SOPS.
pub(super) const SOPS: Refused = refused("sops", "#", "the file is encrypted by SOPS", "leave it, or replace the value with sops");

/// kubeconfig and other manifests: what people are told.
pub(super) fn kubeconfig(_: &File<'_>, _: yaml::Found<'_>) -> Result<Place, Manual> {
    Err(manual("a kubeconfig has no references", "use an exec plugin, such as `aws eks get-token`, in place of the token"))
}

/// Terraform's variables in JSON.
pub(super) fn tfvars_json(_: &File<'_>, _: json::Found<'_>) -> Result<Place, Manual> {
    Err(manual(TFVARS.reason, TFVARS.advice))
}
