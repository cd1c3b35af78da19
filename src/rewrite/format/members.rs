//! JSON of platforms: task and job definitions, settings of .NET. Owns: taking a member or an item out of a list, and what goes in its place.
//! Must not: print JSON back.

use std::ops::Range;

use tree_sitter::Node;

use super::json::{Found, members};
use super::{File, Place, only_aws};
use crate::reference::{Backend, Reference};
use crate::rewrite::code::{line_end, line_start};
use crate::rewrite::literal::manual;
use crate::rewrite::{Companion, Manual, Rewritten, Splice, Wanted, arn_of};

/// A node with the comma that goes with it, and the line that it leaves empty.
fn with_comma(node: Node<'_>, text: &str) -> Range<usize> {
    let (start, end) = (node.start_byte(), node.end_byte());
    let after = text[end..].trim_start();
    if after.starts_with(',') {
        let comma = text.len() - after.len() + 1;
        let next = text[comma..].trim_start();
        return start..text.len() - next.len();
    }
    let before = text[..start].trim_end();
    if before.ends_with(',') { before.len() - 1..end } else { start..end }
}

/// `appsettings.json`: the member goes, and .NET takes the variable `Section__Key` in its place.
pub(super) fn appsettings(_: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    let is_word = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if found.around.iter().any(|node| node.kind() == "array") || !found.scalar.path.iter().all(is_word) {
        return Err(manual(
            "no environment variable can be named after the setting",
            "rename it, or provide it by user secrets or a configuration provider",
        ));
    }
    let variable = found.scalar.path.join("__");
    let mut place = Place::environment(found.scalar, ".NET takes the variable in place of the setting", |_, place, wanted| {
        let name = place.scalar.path.join("__");
        let splices = vec![place.scalar.put("")];
        let advice = format!("the setting {} is empty until {name} is set", place.scalar.path.join(":"));
        let variable = Companion::Variable { name, reference: wanted.reference.clone() };
        Ok(Rewritten { splices, companions: vec![variable, Companion::Advice(advice)] })
    });
    place.variable = Some(variable);
    Ok(place)
}

/// Task definitions of ECS and job definitions of Batch: `environment` to `secrets`.
pub(super) fn task(file: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    if !found.scalar.path.ends_with(&["environment".to_owned(), "value".to_owned()]) {
        return Err(manual(
            "the container takes secrets in place of variables only",
            "move the value to a variable of the container, then migrate again",
        ));
    }
    let names = found.around.get(1).map(|object| members(*object, file.text)).unwrap_or_default();
    let name =
        names.iter().find(|(key, ..)| *key == "name").map(|(_, value, _)| file.text[value.byte_range()].trim_matches('"').to_owned());
    let mut scalar = found.scalar;
    scalar.path = vec![name.ok_or_else(|| manual("the variable has no name", "replace it by hand"))?];
    Ok(Place::native(scalar, "the agent that starts the container reads the secret", |_, _, _| Ok(Rewritten::default())))
}

/// A container, its environment, and the items that go with what comes in their place.
type Container<'t> = (Node<'t>, Node<'t>, Vec<(Node<'t>, String)>);

/// The new lists of a definition's containers.
pub(super) fn tasks(file: &File<'_>, places: &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual> {
    let text = file.text;
    let tree = super::json::parse(text)?;
    let mut out = Rewritten::default();
    let mut containers: Vec<Container<'_>> = Vec::new();
    for (place, wanted) in places.iter().filter(|(place, _)| !place.scalar.path.is_empty()) {
        let path = crate::rewrite::code::tree::Path::to(&tree, &place.scalar.token)?;
        let at = path.find(&["pair"]).and_then(|pair| Some((*path.0.get(pair + 1)?, *path.0.get(pair + 3)?, *path.0.get(pair + 4)?)));
        let (item, environment, container) = at.ok_or_else(|| manual("the definition is not understood", "replace it by hand"))?;
        let (from, arn) = value_from(wanted, text)?;
        out.companions.extend(arn.filter(|arn| !out.companions.contains(arn)));
        let entry = format!("{{\"name\": \"{}\", \"valueFrom\": \"{from}\"}}", place.scalar.path[0]);
        match containers.iter_mut().find(|(known, ..)| *known == container) {
            Some((.., items)) => items.push((item, entry)),
            None => containers.push((container, environment, vec![(item, entry)])),
        }
    }
    for (container, environment, items) in containers {
        let mut gone: Vec<Range<usize>> = items.iter().map(|(item, _)| with_comma(*item, text)).collect();
        gone.dedup();
        let list =
            environment.child_by_field_name("value").map(|list| (list.named_child_count(), list.start_byte() + 1..list.end_byte() - 1));
        match list {
            Some((count, inner)) if count == items.len() => out.splices.push(Splice { span: inner, text: "".into() }),
            _ => out.splices.extend(gone.into_iter().map(|span| Splice { span, text: "".into() })),
        }
        let entries: Vec<&str> = items.iter().map(|(_, entry)| entry.as_str()).collect();
        let secrets = members(container, text).into_iter().find(|(key, ..)| *key == "secrets").map(|(_, list, _)| list);
        out.splices.push(match secrets {
            Some(list) if list.kind() == "array" => {
                let final_item =
                    (0..).zip(std::iter::repeat(())).take(list.named_child_count()).filter_map(|(at, ())| list.named_child(at)).last();
                let (at, comma) = final_item.map_or((list.start_byte() + 1, ""), |last| (last.end_byte(), ", "));
                Splice { span: at..at, text: format!("{comma}{}", entries.join(", ")).into() }
            }
            Some(_) => return Err(manual("the secrets of the container are no list", "replace it by hand")),
            None => {
                let start = environment.start_byte();
                let line = &text[line_start(text, start)..start];
                let gap = if line.trim().is_empty() { format!("{}{line}", line_end(text)) } else { " ".to_owned() };
                Splice { span: start..start, text: format!("\"secrets\": [{}],{gap}", entries.join(", ")).into() }
            }
        });
        let is_parameter = places.iter().any(|(_, wanted)| wanted.reference.backend == Backend::Ssm);
        let advice = if is_parameter {
            "run the containers in the region of the parameters; give the execution role ssm:GetParameters on those of the definition, and kms:Decrypt on a key of your own"
        } else {
            "give the execution role secretsmanager:GetSecretValue on the secrets of the definition, and kms:Decrypt on a key of your own"
        };
        out.companions.push(Companion::Advice(advice.to_owned()));
    }
    Ok(out)
}

/// `arn:key:stage:version`, or the name of a parameter; and the secret whose ARN is not known yet.
fn value_from(wanted: &Wanted<'_>, text: &str) -> Result<(String, Option<Companion>), Manual> {
    let reference = wanted.reference;
    if reference.backend == Backend::Ssm {
        return Ok((parameter(reference)?, None));
    }
    only_aws(wanted, "the agent that starts the container")?;
    let is_known = reference.name.starts_with("arn:");
    let arn = if is_known { reference.name.clone() } else { arn_of(&reference.name) };
    if !is_known && text.contains(&arn) {
        return Err(manual(format!("the file has the text {arn}"), "name the secret by its ARN by hand"));
    }
    let companion = (!is_known).then(|| Companion::Arn(reference.name.clone()));
    if reference.key.is_none() && reference.version_stage.is_none() && reference.version_id.is_none() {
        return Ok((arn, companion));
    }
    let parts = [&reference.key, &reference.version_stage, &reference.version_id].map(|part| part.clone().unwrap_or_default());
    Ok((format!("{arn}:{}", parts.join(":")), companion))
}

/// The name of a parameter: where the container runs in the parameter's region it is as good as its ARN
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html>).
fn parameter(reference: &Reference) -> Result<String, Manual> {
    if reference.key.is_some() || reference.role_arn.is_some() {
        return Err(manual("a definition takes a parameter as a whole", "give the member a parameter of its own, and refer to that"));
    }
    Ok(format!("/{}", reference.name))
}
