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
/// Bicep's templates.
pub(super) const BICEP: Refused = refused(
    "bicep",
    "//",
    "a template of Bicep reads no environment, and whoever sees a deployment sees what is no @secure() parameter",
    "make it a parameter with @secure() and without a default, and give it in a .bicepparam as readEnvironmentVariable('NAME'), deployed by `unleak run`, or \
     where it is kept in Key Vault of Azure as az.getSecret(…) there, or getSecret(…) of an existing vault for a module",
);
/// Pages with code of ASP.NET.
pub(super) const RAZOR: Refused = refused(
    "razor",
    "@*",
    "markup and code stand in one file here, and markup is sent to browsers",
    "where code of the server needs it, take it from the configuration (`@inject IConfiguration Configuration`, Configuration[\"NAME\"], set by the variable \
     NAME); nothing that a browser gets can hold a secret: have the server ask",
);
/// Style sheets.
pub(super) const STYLES: Refused = refused(
    "style-sheet",
    "",
    "a style sheet is sent to everybody who opens the page, and reads no environment",
    "take the value out, serve what it opens from an address that needs none, and rotate it",
);
/// XML but for Maven's settings.
pub(super) const XML: Refused = refused(
    "xml",
    "",
    "what reads the file may not know references",
    "use the form of its reader, such as ${env.NAME}, or set the value when it is deployed",
);
/// SOPS.
pub(super) const SOPS: Refused = refused("sops", "#", "the file is encrypted by SOPS", "leave it, or replace the value with sops");

/// kubeconfig and other manifests: what people are told.
pub(super) fn kubeconfig(_: &File<'_>, _: yaml::Found<'_>) -> Result<Place, Manual> {
    Err(manual("a kubeconfig has no references", "use an exec plugin, such as `aws eks get-token`, in place of the token"))
}

/// Recipes of components of Greengrass: who may see the component sees them.
pub(super) fn component(_: &File<'_>, _: yaml::Found<'_>) -> Result<Place, Manual> {
    Err(in_recipe())
}

/// The same in JSON.
pub(super) fn component_json(_: &File<'_>, _: json::Found<'_>) -> Result<Place, Manual> {
    Err(in_recipe())
}

fn in_recipe() -> Manual {
    manual(
        "a component of Greengrass reads secrets of its core device, and its recipe has no references",
        "deploy aws.greengrass.SecretManager with the secret's ARN among its cloudSecrets, allow the component aws.greengrass#GetSecretValue on it \
         (accessControl of the recipe), and have it ask for the value by GetSecretValue of the IPC",
    )
}

/// Collections and environments of Postman.
pub(super) fn postman(_: &File<'_>, _: json::Found<'_>) -> Result<Place, Manual> {
    Err(manual(
        "Postman imports the file and knows no references",
        "write {{NAME}} in its place, keep the value in Postman's vault or as the current value of a variable, and export the collection again",
    ))
}

/// Terraform's variables in JSON.
pub(super) fn tfvars_json(_: &File<'_>, _: json::Found<'_>) -> Result<Place, Manual> {
    Err(manual(TFVARS.reason, TFVARS.advice))
}

/// Parameters and templates of Azure Resource Manager.
pub(super) fn arm(_: &File<'_>, _: json::Found<'_>) -> Result<Place, Manual> {
    Err(manual(
        "Azure Resource Manager reads the file, and its references are to Key Vault of Azure",
        "take the value out; in a file of parameters write {\"reference\": {\"keyVault\": {\"id\": …}, \"secretName\": …}}, or give it in a .bicepparam as \
         readEnvironmentVariable('NAME'), deployed by `unleak run`; the parameter has the type secureString and no default",
    ))
}
