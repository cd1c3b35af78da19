//! Managed external secrets: credentials that the store rotates with the provider. Owns: the fields that each type asks for. Must not: put
//! metadata of a rotation into a value.
//!
//! Source: the partner pages of the user guide of AWS Secrets Manager, 2026. Fields of other types than these are not known here.

use super::group::{Family, Group};
use super::plan::PlannedSecret;

/// A type, its fields in the store's words, and what they are called in code.
pub struct ExternalType {
    /// The name of the type.
    pub name: &'static str,
    /// The fields of the value, in settings that stand together.
    pub family: Family,
    /// Fields that can be missing.
    optional: &'static [&'static str],
    /// What a rotation takes besides, and whether it has to; it is no part of the value.
    metadata: &'static [(&'static str, bool)],
    /// Fields with a form.
    forms: &'static [(&'static str, Form)],
}

/// A field's form, and whether a text has it.
type Form = (&'static str, fn(&str) -> bool);

const TYPES: [ExternalType; 3] = [
    ExternalType {
        name: "SalesforceClientSecret",
        family: Family {
            secret: &["consumer_secret", "client_secret"],
            field: "consumerSecret",
            others: &[
                ("consumerKey", &["consumer_key", "client_id"]),
                ("baseUri", &["base_uri", "base_url", "instance_url"]),
                ("appId", &["app_id"]),
                ("consumerId", &["consumer_id"]),
            ],
        },
        optional: &[],
        metadata: &[("apiVersion", true), ("adminSecretArn", true)],
        forms: &[("baseUri", ("starts with https://", is_https)), ("appId", ("is 0x and letters and digits", is_app_id))],
    },
    ExternalType {
        name: "SnowflakeKeyPairAuthentication",
        family: Family {
            secret: &["private_key"],
            field: "privateKey",
            others: &[
                ("account", &["account"]),
                ("user", &["user", "username"]),
                ("publicKey", &["public_key"]),
                ("passphrase", &["passphrase", "private_key_passphrase"]),
            ],
        },
        optional: &["passphrase"],
        metadata: &[("cryptographicAlgorithm", false), ("encryptPrivateKey", false)],
        forms: &[],
    },
    ExternalType {
        name: "BigIDClientSecret",
        family: Family { secret: &["refresh_token"], field: "refreshToken", others: &[("hostname", &["hostname", "host"])] },
        optional: &[],
        metadata: &[],
        forms: &[("hostname", ("is a full host name", is_host))],
    },
];

fn is_https(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|host| !host.is_empty())
}

fn is_app_id(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn is_host(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
}

/// The type of this name, if its fields are known.
#[must_use]
pub fn known(name: &str) -> Option<&'static ExternalType> {
    TYPES.iter().find(|known| known.name == name)
}

impl ExternalType {
    fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.family.others.iter().map(|(field, _)| *field).chain([self.family.field])
    }

    /// The command that has the store rotate such a secret; what only people know is in capitals.
    #[must_use]
    pub fn rotate(&self, secret: &str) -> String {
        let mut command = format!("aws secretsmanager rotate-secret --secret-id {secret} --external-secret-rotation-role-arn ROLE");
        let needed: Vec<String> =
            self.metadata.iter().filter(|known| known.1).map(|(key, _)| format!("Key={key},Value={}", key.to_uppercase())).collect();
        if !needed.is_empty() {
            command.extend([" --external-secret-rotation-metadata ", &needed.join(" ")]);
        }
        command
    }
}

/// Whether a secret has the fields of its type and no other.
///
/// # Errors
/// What is missing, or too much.
pub fn check(secret: &PlannedSecret) -> Result<(), String> {
    let Some(external) = secret.external_type.as_deref().and_then(known) else { return Ok(()) };
    let keys: Vec<&str> = secret.members.iter().filter_map(|member| member.key.as_deref()).collect();
    let says = |what: String| Err(format!("{}: a secret of type {} {what}", secret.name, external.name));
    if let Some(key) = keys.iter().find(|key| external.metadata.iter().any(|(known, _)| known == *key)) {
        return says(format!("has {key} as metadata of its rotation, not in its value"));
    }
    if let Some(key) = keys.iter().find(|key| !external.fields().any(|known| known == **key)) {
        return says(format!("has no field {key}; its fields are {}", external.fields().collect::<Vec<_>>().join(", ")));
    }
    let missing: Vec<&str> = external.fields().filter(|field| !keys.contains(field) && !external.optional.contains(field)).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        says(format!("needs {}, which stand beside its {}", missing.join(", "), external.family.field))
    }
}

/// Whether the fields of a secret to be have the form that its type asks for; no value is told.
///
/// # Errors
/// The field that has not, and its form.
pub(super) fn check_forms(external: &ExternalType, group: &Group) -> Result<(), String> {
    for part in &group.parts {
        let form = external.forms.iter().find(|(field, _)| part.key.as_deref() == Some(field));
        let Some((field, (says, has))) = form else { continue };
        if !std::str::from_utf8(part.value.expose()).is_ok_and(has) {
            return Err(format!("the field {field} of type {} {says}", external.name));
        }
    }
    Ok(())
}
