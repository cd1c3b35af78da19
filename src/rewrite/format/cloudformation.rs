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
pub(super) fn yaml(file: &File<'_>, found: yaml::Found<'_>) -> Result<Place, Manual> {
    if found.tag.is_some_and(|tag| !matches!(tag, "!Sub" | "!Join" | "!If" | "!Select")) {
        return Err(manual("the value is the argument of a function", "replace it by hand"));
    }
    let resource = found.mappings.iter().find(|mapping| yaml::get(**mapping, "Properties", file.text).is_some());
    let kind = resource.and_then(|resource| yaml::get(*resource, "Type", file.text));
    place(found.scalar, kind.map(|kind| yaml::word(kind, file.text)))
}

/// In JSON.
pub(super) fn json(file: &File<'_>, found: json::Found<'_>) -> Result<Place, Manual> {
    let objects = found.around.iter().filter(|node| node.kind() == "object").map(|object| json::members(*object, file.text));
    let resource = objects.into_iter().find(|members| members.iter().any(|(key, ..)| *key == "Properties")).unwrap_or_default();
    let kind = resource.iter().find(|(key, ..)| *key == "Type").map(|(_, value, _)| file.text[value.byte_range()].trim_matches('"'));
    place(found.scalar, kind)
}

/// The place of a value of a resource of this kind.
fn place(scalar: Scalar, kind: Option<&str>) -> Result<Place, Manual> {
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
        ["Resources", _, "Properties", "Value"] if kind == Some("AWS::SSM::Parameter") => {
            return Err(manual(
                "a parameter that CloudFormation makes holds its text in the clear",
                "delete the resource once the secret is stored: Parameter Store gives it to whoever asks for /aws/reference/secretsmanager/NAME",
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
