//! The part of the strict fake that is Parameter Store. Owns: its parameters and rules. Source: the API reference and quotas of Systems Manager as
//! documented in 2026; emulators are more lenient.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fake::{Refusal, refuse, string, tags};

#[derive(Default)]
pub struct Parameters(BTreeMap<String, Parameter>);

struct Parameter {
    tags: BTreeMap<String, String>,
    /// The first is version 1.
    versions: Vec<Version>,
}

struct Version {
    value: String,
    description: String,
    key: String,
    labels: Vec<String>,
}

impl Parameters {
    /// Names with the number of their versions.
    pub fn names(&self) -> BTreeMap<String, usize> {
        self.0.iter().map(|(name, parameter)| (name.clone(), parameter.versions.len())).collect()
    }

    pub fn run(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        match operation {
            "PutParameter" => self.put(body),
            "GetParameter" => Ok(json!({"Parameter": self.get(string(body, "Name"), body)?})),
            "GetParameters" => self.get_several(body),
            "GetParameterHistory" => {
                let (name, parameter) = self.found(string(body, "Name"))?;
                let all: Vec<Value> = (1..=parameter.versions.len()).map(|number| parameter.shown(name, number, false)).collect();
                paged(&all, body)
            }
            "DescribeParameters" => self.describe(body),
            "LabelParameterVersion" => {
                let name = string(body, "Name").to_owned();
                let version = usize::try_from(body["ParameterVersion"].as_u64().unwrap()).unwrap();
                let labels = body["Labels"].as_array().unwrap().iter().filter_map(Value::as_str).map(ToOwned::to_owned);
                self.0.get_mut(&name).unwrap().versions[version - 1].labels.extend(labels);
                Ok(json!({}))
            }
            "DeleteParameter" => match self.0.remove(string(body, "Name")) {
                Some(_) => Ok(json!({})),
                None => refuse("ParameterNotFound", ""),
            },
            "ListTagsForResource" => {
                let Some(parameter) = self.0.get(string(body, "ResourceId")) else { return refuse("InvalidResourceId", "") };
                let tags: Vec<Value> = parameter.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                Ok(json!({"TagList": tags}))
            }
            "AddTagsToResource" => {
                let new = tags(body)?;
                let Some(parameter) = self.0.get_mut(string(body, "ResourceId")) else { return refuse("InvalidResourceId", "") };
                parameter.tags.extend(new);
                if parameter.tags.len() > 50 { refuse("TooManyTagsError", "50 tags are the most.") } else { Ok(json!({})) }
            }
            _ => refuse("UnknownOperationException", "unknown"),
        }
    }

    fn put(&mut self, body: &Value) -> Result<Value, Refusal> {
        let (name, value, overwrites) =
            (string(body, "Name").to_owned(), string(body, "Value").to_owned(), body["Overwrite"] == json!(true));
        checked_name(&name)?;
        let tags = tags(body)?;
        if string(body, "Type") != "SecureString" || string(body, "Tier") != "Standard" {
            return refuse("ValidationException", "The type and the tier have to be said.");
        }
        if !(1..=4096).contains(&value.len()) {
            return refuse("ValidationException", "Standard tier parameters support a maximum parameter value of 4096 characters.");
        }
        if string(body, "Description").len() > 1024 {
            return refuse("ValidationException", "The description is too long.");
        }
        if overwrites && !tags.is_empty() {
            return refuse("ValidationException", "tags and overwrite can't be used together.");
        }
        if string(body, "KeyId").starts_with("alias/unleak-check-") {
            return refuse("InvalidKeyId", "There is no such key.");
        }
        if self.0.contains_key(&name) && !overwrites {
            return refuse("ParameterAlreadyExists", "The parameter already exists.");
        }
        let key = body["KeyId"].as_str().unwrap_or("alias/aws/ssm").to_owned();
        let version = Version { value, description: string(body, "Description").to_owned(), key, labels: Vec::new() };
        let parameter = self.0.entry(name).or_insert_with(|| Parameter { tags, versions: Vec::new() });
        parameter.versions.push(version);
        Ok(json!({"Version": parameter.versions.len(), "Tier": "Standard"}))
    }

    fn found<'n>(&self, name: &'n str) -> Result<(&'n str, &Parameter), Refusal> {
        self.0.get(name).map_or_else(|| refuse("ParameterNotFound", ""), |parameter| Ok((name, parameter)))
    }

    fn get(&self, selected: &str, body: &Value) -> Result<Value, Refusal> {
        let (name, selector) = selected.split_once(':').map_or((selected, None), |(name, selector)| (name, Some(selector)));
        let (name, parameter) = self.found(name)?;
        let is_it = |(at, version): (usize, &Version)| match selector {
            None => at + 1 == parameter.versions.len(),
            Some(selector) => selector == (at + 1).to_string() || version.labels.iter().any(|label| label == selector),
        };
        match parameter.versions.iter().enumerate().position(is_it) {
            Some(at) => Ok(parameter.shown(name, at + 1, body["WithDecryption"] == json!(true))),
            None => refuse("ParameterVersionNotFound", ""),
        }
    }

    fn get_several(&self, body: &Value) -> Result<Value, Refusal> {
        let names: Vec<&str> = body["Names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !(1..=10).contains(&names.len()) {
            return refuse("ValidationException", "1 to 10 names.");
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            match self.get(name, body) {
                Ok(parameter) => found.push(parameter),
                Err(_) => missing.push(name),
            }
        }
        Ok(json!({"Parameters": found, "InvalidParameters": missing}))
    }

    fn describe(&self, body: &Value) -> Result<Value, Refusal> {
        let filters = body["ParameterFilters"].as_array().cloned().unwrap_or_default();
        let fits = |parameter: &Parameter| {
            filters.iter().all(|filter| {
                let wanted = filter["Values"][0].as_str().unwrap_or_default();
                match string(filter, "Key") {
                    "Type" => wanted == "SecureString",
                    key => key.strip_prefix("tag:").is_some_and(|key| parameter.tags.get(key).is_some_and(|value| value == wanted)),
                }
            })
        };
        let fitting = self.0.iter().filter(|(_, parameter)| fits(parameter));
        let shown = fitting.map(|(name, parameter)| {
            let mut shown = parameter.shown(name, parameter.versions.len(), false);
            shown.as_object_mut().unwrap().retain(|key, _| key != "Value" && key != "Labels");
            shown
        });
        paged(&shown.collect::<Vec<_>>(), body)
    }
}

impl Parameter {
    fn shown(&self, name: &str, number: usize, is_decrypted: bool) -> Value {
        let version = &self.versions[number - 1];
        json!({
            "Name": name, "ARN": format!("arn:aws:ssm:eu-west-1:123456789012:parameter{name}"), "Type": "SecureString", "Version": number,
            "Value": if is_decrypted { version.value.as_str() } else { "AQICAHencrypted" }, "Labels": version.labels,
            "Description": version.description, "KeyId": version.key, "LastModifiedDate": 1_700_000_000.0 + number as f64,
        })
    }
}

/// Two a page, so that pages are seen.
fn paged(all: &[Value], body: &Value) -> Result<Value, Refusal> {
    if body["MaxResults"].as_u64().is_some_and(|most| most > 50) {
        return refuse("ValidationException", "MaxResults is at most 50.");
    }
    let from: usize = string(body, "NextToken").parse().unwrap_or(0);
    let next = if all.len() > from + 2 { json!((from + 2).to_string()) } else { Value::Null };
    Ok(json!({"Parameters": all.iter().skip(from).take(2).collect::<Vec<_>>(), "NextToken": next}))
}

fn checked_name(name: &str) -> Result<(), Refusal> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || "/_.-".contains(character);
    let Some(path) = name.strip_prefix('/') else {
        return refuse("ValidationException", "Parameter name must be a fully qualified name.");
    };
    let start = path.get(..3).unwrap_or_default().to_ascii_lowercase();
    if path.is_empty() || name.len() > 1011 || !name.chars().all(is_name) || start == "aws" || start == "ssm" {
        return refuse("ValidationException", "Invalid name.");
    }
    if path.split('/').count() > 15 { refuse("HierarchyLevelLimitExceededException", "15 levels.") } else { Ok(()) }
}
