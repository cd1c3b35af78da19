//! CloudFormation and SAM, in YAML and JSON: dynamic references. Owns: their syntax, and where CloudFormation resolves them.
//! Must not: put one where it stays as it is.

use super::native::is_put_together;
use super::scalar::Scalar;
use super::{File, Place, json, of_own_region, yaml};
use crate::rewrite::literal::manual;
use crate::rewrite::{Companion, Manual, Rewritten, Wanted};

/// Whether a text is a template.
pub(super) fn is(text: &str) -> bool {
    text.contains("AWSTemplateFormatVersion") || text.contains("AWS::Serverless") || text.contains("Resources") && text.contains("AWS::")
}

/// In YAML.
pub(super) fn yaml(_: &File<'_>, found: yaml::Found<'_>) -> Result<Place, Manual> {
    if found.tag.is_some_and(|tag| !matches!(tag, "!Sub" | "!Join" | "!If" | "!Select")) {
        return Err(manual("the value is the argument of a function", "replace it by hand"));
    }
    place(found.scalar)
}

/// In JSON.
pub(super) fn json(_: &File<'_>, found: json::Found<'_>) -> Result<Place, Manual> {
    place(found.scalar)
}

fn place(scalar: Scalar) -> Result<Place, Manual> {
    let keys: Vec<&str> = scalar.path.iter().map(String::as_str).collect();
    let advice = "take the value from a dynamic reference in the property that uses it";
    match keys[..] {
        ["Parameters", _, "Default"] => {
            return Err(manual(
                "the default of a parameter is shown to everyone who can see the template",
                "remove it, set NoEcho: true, and pass the parameter, or use a dynamic reference in its place",
            ));
        }
        ["Resources", _, "Metadata", ..] => return Err(manual("CloudFormation does not resolve references in metadata", advice)),
        ["Resources", _, "Properties", ..] if keys.contains(&"UserData") || keys.contains(&"Fn::Base64") => {
            return Err(manual(
                "a reference within user data is encoded before it is resolved",
                "have the instance read the secret when it starts",
            ));
        }
        ["Resources", _, "Properties", ..] | ["Globals", ..] => {}
        _ => return Err(manual("CloudFormation resolves references in properties of resources only", advice)),
    }
    is_put_together(&scalar, &["${", "{{"])?;
    Ok(Place::native(scalar, "CloudFormation resolves the reference when the stack is updated", |_, place, wanted| {
        let advice = "update the stack after each rotation of a secret that its template refers to; the role that deploys needs secretsmanager:GetSecretValue";
        Ok(Rewritten { splices: vec![place.scalar.put(&dynamic(wanted)?)], companions: vec![Companion::Advice(advice.to_owned())] })
    }))
}

/// `{{resolve:secretsmanager:id:SecretString:key:stage:version}}`.
fn dynamic(wanted: &Wanted<'_>) -> Result<String, Manual> {
    of_own_region(wanted)?;
    let reference = wanted.reference;
    let parts = [&reference.key, &reference.version_stage, &reference.version_id].map(|part| part.as_deref().unwrap_or_default());
    if parts.iter().any(|part| part.contains([':', '}', '\\'])) {
        return Err(manual("the name of the member cannot be written in a dynamic reference", "choose a name without colons"));
    }
    let tail = parts.join(":");
    let tail = tail.trim_end_matches(':');
    let separator = if tail.is_empty() { "" } else { ":" };
    Ok(format!("{{{{resolve:secretsmanager:{}:SecretString{separator}{tail}}}}}", reference.name))
}
