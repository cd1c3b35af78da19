//! Platforms whose files read environment variables or look a value up in place. Owns: the form of each. Must not: decode values.

use super::scalar::{Quote, Scalar};
use super::yaml::Found;
use super::{File, Place, default, only_aws, with_variable};
use crate::reference::Backend;
use crate::rewrite::literal::{Part, Quoting, RAW, Syntax, decode, manual};
use crate::rewrite::{Companion, Manual, Rewritten, Spelling, Wanted};

/// Compose: `$$` is a dollar sign.
const COMPOSE: Syntax = Syntax { doubled: &["$$"], interpolates: dollar, ..RAW };

fn dollar(rest: &str) -> bool {
    rest.starts_with('$') && !rest.starts_with("$$")
}

/// Whether the value has what the platform puts other text in place of.
pub(super) fn is_put_together(scalar: &Scalar, openings: &[&str]) -> Result<(), Manual> {
    let value = scalar.decode.value.expose();
    if openings.iter().any(|opening| memchr::memmem::find(value, opening.as_bytes()).is_some()) {
        return Err(manual(
            "the text is put together at run time",
            "move the parts that are secret into a value of their own, then migrate that",
        ));
    }
    Ok(())
}

/// The value of `KEY=value` in a list of variables.
pub(super) fn after_equals(text: &str, mut scalar: Scalar) -> Result<Scalar, Manual> {
    let span = scalar.decode.span.clone();
    let split = text[span.clone()].split_once('=').filter(|(key, _)| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    let Some((key, value)) = split.filter(|_| scalar.decode.spelling == Spelling::Plain) else {
        return Err(manual("the item of the list is not understood", "write it as KEY=value, then migrate again"));
    };
    if matches!(scalar.quote, Quote::Plain { flow: true } | Quote::Block) {
        return Err(manual(
            "the item of the list is within brackets or a block",
            "write the list with one item a line, then migrate again",
        ));
    }
    scalar.path.push(key.to_owned());
    let value = Scalar::raw(text, span.end - value.len()..span.end);
    Ok(Scalar { path: scalar.path, ..value })
}

const COMPOSED: &str = "compose puts a variable in and fails without it";

/// docker-compose: `${X:?}`, also where `${X:-value}` has the value as a default.
pub(super) fn compose(file: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    let is_variable = found.is_item && matches!(found.scalar.path.last().map(String::as_str), Some("environment" | "args"));
    let mut scalar = if is_variable { after_equals(file.text, found.scalar)? } else { found.scalar };
    let named = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if let Some((variable, default)) = default::of(file.text, &scalar, &[":-", "-"], named) {
        let edit = |file: &File<'_>, place: &Place, wanted: &Wanted<'_>| {
            let sign = if file.text[place.scalar.token.clone()].starts_with(':') { ":?" } else { "?" };
            Ok(started(with_variable(place, wanted, sign)))
        };
        return Ok(Place { variable: Some(variable), ..Place::environment(default, COMPOSED, edit) });
    }
    if scalar.decode.value.expose().contains(&b'$') {
        if scalar.decode.spelling != Spelling::Plain {
            return Err(manual("escapes and dollar signs are mixed in the value", "write it in single quotes, then migrate again"));
        }
        let span = scalar.decode.span.clone();
        scalar.decode = decode(file.text, &[Part { token: span, quoting: Quoting::new(0, 0, &COMPOSE) }])?;
    }
    Ok(Place::environment(scalar, COMPOSED, |_, place, wanted| {
        Ok(started(with_variable(place, wanted, &format!("${{{}:?}}", wanted.variable))))
    }))
}

/// The same with what people do then.
fn started(mut new: Rewritten) -> Rewritten {
    new.companions.push(Companion::Advice("start compose by `unleak run --env-file .unleak.env -- docker compose up`".to_owned()));
    new
}

/// `.npmrc` and Yarn's YAML: `${X}`.
pub(super) fn npm(_: &File<'_>, scalar: Scalar) -> Result<Place, Manual> {
    is_put_together(&scalar, &["${"])?;
    Ok(Place::environment(scalar, "npm and Yarn put a variable in", |_, place, wanted| {
        Ok(with_variable(place, wanted, &format!("${{{}}}", wanted.variable)))
    }))
}

/// Yarn's `.yarnrc.yml`.
pub(super) fn yarn(file: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    npm(file, found.scalar)
}

/// Rails: ERB that writes the value as a quoted string, so that no character of it is YAML.
pub(super) fn rails(_: &File<'_>, mut found: Found<'_>) -> Result<Place, Manual> {
    is_put_together(&found.scalar, &["<%"])?;
    if found.scalar.quote == Quote::Block {
        return Err(manual("the value is a block of text", "write it in quotes, then migrate again"));
    }
    found.scalar.quote = Quote::Around("");
    Ok(Place::environment(found.scalar, "Rails reads the file through ERB, and fails without the variable", |_, place, wanted| {
        Ok(with_variable(place, wanted, &format!("<%= ENV.fetch(\"{}\").to_json %>", wanted.variable)))
    }))
}

/// Ansible: a lookup, in quotes since it starts with a brace.
pub(super) fn ansible(_: &File<'_>, mut found: Found<'_>) -> Result<Place, Manual> {
    if found.tag.is_some_and(|tag| tag.contains("vault")) {
        return Err(manual("the value is encrypted by Ansible Vault", "leave it, or replace it by a lookup by hand"));
    }
    is_put_together(&found.scalar, &["{{", "{%"])?;
    if found.scalar.quote != Quote::Block {
        found.scalar.quote = Quote::Json;
    }
    Ok(Place::native(found.scalar, "Ansible looks the secret up", |_, place, wanted| {
        let reference = wanted.reference;
        if reference.backend != Backend::Aws {
            let text = format!("{{{{ lookup('ansible.builtin.env', '{}', default=undef()) }}}}", wanted.variable);
            return Ok(with_variable(place, wanted, &text));
        }
        only_aws(wanted, "Ansible's lookup")?;
        let name = &reference.name;
        let unclear = |text: &str| text.contains(['.', '\'', '"', '\\']);
        let (path, nested) = match &reference.key {
            Some(key) if unclear(name) || unclear(key) => {
                return Err(manual("Ansible takes the dots of a name for members of the secret", "choose a name without dots"));
            }
            Some(key) => (format!("{name}.{key}"), ", nested=true"),
            None => (name.clone(), ""),
        };
        let region = reference.region.as_ref().map(|region| format!(", region='{region}'")).unwrap_or_default();
        let text = format!("{{{{ lookup('amazon.aws.secretsmanager_secret', '{path}'{nested}{region}) }}}}");
        let advice = "install the collection amazon.aws where Ansible runs, with an identity that may read the secret".to_owned();
        Ok(Rewritten { splices: vec![place.scalar.put(&text)], companions: vec![Companion::Advice(advice)] })
    }))
}

/// Values of a Helm chart: what vals reads.
pub(super) fn helm_values(file: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    if found.is_typed {
        return super::yaml::generic(file, found);
    }
    Ok(Place::native(found.scalar, "helmfile and vals resolve the reference", |file, place, wanted| {
        only_aws(wanted, "vals")?;
        let mut companions = Vec::new();
        if file.tree.named(&["helmfile.yaml", "helmfile.yml", "helmfile.yaml.gotmpl"]).is_empty() {
            let name = file.path;
            companions.push(Companion::Advice(format!(
                "helm alone does not resolve references: `vals eval -f {name} | helm upgrade --install -f - …`"
            )));
        }
        Ok(Rewritten { splices: vec![place.scalar.put(&wanted.reference.to_string())], companions })
    }))
}
