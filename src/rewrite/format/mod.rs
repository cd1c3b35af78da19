//! Rewriters of configuration, infrastructure and documentation; one file a format. Owns: the choice among them by path and content, and
//! what they share: places put together to splices. Must not: know the syntax of any format.

mod bicep;
mod choice;
mod cloudformation;
pub mod declared;
mod default;
mod dotenv;
pub mod fill;
mod fixed;
mod hcl;
mod ini;
pub(super) mod json;
mod kubernetes;
mod members;
mod native;
mod notebook;
mod pipeline;
mod prose;
mod refused;
mod scalar;
mod spring;
mod toml;
pub mod variables;
pub(super) mod xml;
mod yaml;

use std::ops::Range;

use bstr::ByteSlice as _;

use super::code::{connection, left_alone, ordered, text};
use super::literal::manual;
use super::{Companion, Located, Manual, Rewriter, Rewritten, Source, Splice, Strategy, Style, Tree, Wanted};
use crate::reference::Backend;
use scalar::Scalar;

/// A file, with its text.
#[derive(Clone, Copy)]
struct File<'a> {
    path: &'a str,
    text: &'a str,
    tree: &'a dyn Tree,
    /// Whether the store's client may be used where there is one.
    style: Style,
}

/// What becomes of a place.
type Edit = fn(&File<'_>, &Place, &Wanted<'_>) -> Result<Rewritten, Manual>;

/// Splices that several places need together.
type Together = fn(&File<'_>, &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual>;

/// A place of a credential.
struct Place {
    scalar: Scalar,
    strategy: Strategy,
    reason: &'static str,
    /// The variable that the place is set by, whatever the plan calls it.
    variable: Option<String>,
    /// See [`Located::beside`].
    beside: Vec<(&'static str, Range<usize>)>,
    edit: Edit,
}

impl Place {
    /// A value that becomes a `ref+…` token.
    const fn token(scalar: Scalar, reason: &'static str) -> Self {
        Self { scalar, strategy: Strategy::Reference, reason, variable: None, beside: Vec::new(), edit: to_token }
    }

    /// A value of a file that its program is given by name.
    const fn of_file(scalar: Scalar) -> Self {
        Self::token(scalar, "`unleak run --file` gives the program the file with values; it has to be named on the command line")
    }

    /// A value that becomes a lookup of a variable in the format's own syntax.
    const fn environment(scalar: Scalar, reason: &'static str, edit: Edit) -> Self {
        Self { scalar, strategy: Strategy::Environment, reason, variable: None, beside: Vec::new(), edit }
    }

    /// A value that becomes the platform's own reference.
    const fn native(scalar: Scalar, reason: &'static str, edit: Edit) -> Self {
        Self { scalar, strategy: Strategy::Native, reason, variable: None, beside: Vec::new(), edit }
    }

    /// A stretch of prose that names the secret.
    fn prose(text: &str, span: Range<usize>) -> Self {
        let reason = "a comment or documentation: the value is named, not used";
        Self {
            scalar: Scalar::raw(text, span),
            strategy: Strategy::Placeholder,
            reason,
            variable: None,
            beside: Vec::new(),
            edit: to_placeholder,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "other formats refuse here")]
fn to_token(_: &File<'_>, place: &Place, wanted: &Wanted<'_>) -> Result<Rewritten, Manual> {
    Ok(Rewritten { splices: vec![place.scalar.put(&wanted.reference.to_string())], companions: Vec::new() })
}

#[expect(clippy::unnecessary_wraps, reason = "other formats refuse here")]
fn to_placeholder(_: &File<'_>, place: &Place, wanted: &Wanted<'_>) -> Result<Rewritten, Manual> {
    Ok(Rewritten { splices: vec![place.scalar.put(&super::placeholder(wanted.reference))], companions: Vec::new() })
}

/// The text in place of the value, and the variable that it reads: the one that the place reads already, if there is one.
fn with_variable(place: &Place, wanted: &Wanted<'_>, text: &str) -> Rewritten {
    let name = place.variable.clone().unwrap_or_else(|| wanted.variable.to_owned());
    let variable = Companion::Variable { name, reference: wanted.reference.clone() };
    Rewritten { splices: vec![place.scalar.put(text)], companions: vec![variable] }
}

/// Refuses references to a store that a platform cannot read.
fn only_aws(wanted: &Wanted<'_>, platform: &str) -> Result<(), Manual> {
    if wanted.reference.backend == Backend::Aws && wanted.reference.role_arn.is_none() {
        return Ok(());
    }
    Err(manual(
        format!("{platform} reads AWS Secrets Manager, not the local store or another role's secrets"),
        "migrate it with --store aws",
    ))
}

/// Refuses references that CloudFormation cannot resolve: it reads secrets of its own region by name.
pub(super) fn of_own_region(wanted: &Wanted<'_>) -> Result<(), Manual> {
    only_aws(wanted, "CloudFormation")?;
    if wanted.reference.region.is_some() && !wanted.reference.name.starts_with("arn:") {
        return Err(manual(
            "CloudFormation reads secrets of its own region by name",
            "use the ARN of the secret, or a replica in the stack's region",
        ));
    }
    Ok(())
}

/// What a format knows.
trait Format: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The place of a finding.
    ///
    /// # Errors
    /// What is not understood, or cannot be a reference.
    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual>;

    /// Splices that several places need together.
    ///
    /// # Errors
    /// What cannot be done together.
    fn together(&self, _file: &File<'_>, _places: &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual> {
        Ok(Rewritten::default())
    }

    /// Checks that only what the splices say changed; that the bytes outside did not is known.
    ///
    /// # Errors
    /// What else did.
    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual>;
}

/// The rewriter of a format.
struct Config(&'static dyn Format);

/// How variables of an environment file get to a program, and how the program gets any other file with its references resolved: the start of
/// the command that does it.
#[must_use]
pub fn start(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_plain = |character: char| character.is_alphanumeric() || "/._-+@%,=".contains(character);
    let path = if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) };
    if dotenv::is_docker(&name) {
        return format!("unleak run --env-file {path} -- docker run -e NAME … (--env-file of docker would hand the reference on)");
    }
    if dotenv::is(&name) {
        return format!("unleak run --env-file {path} -- COMMAND");
    }
    format!("unleak run --file {path} -- PROGRAM {path}")
}

/// Whether a file is one of variables.
#[must_use]
pub fn is_env_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    dotenv::is(&name) || dotenv::is_docker(&name)
}

/// The rewriter for a file, if there is one.
#[must_use]
pub fn for_source(source: Source<'_>) -> Option<&'static dyn Rewriter> {
    let path = source.path.to_str().ok()?.to_ascii_lowercase();
    choice::of(&path, source.bytes).map(|config| config as &dyn Rewriter)
}

impl Rewriter for Config {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn locate(&self, source: Source<'_>, span: Range<usize>, style: Style, tree: &dyn Tree) -> Result<Located, Manual> {
        let file = file(source, tree, style)?;
        let place = self.find(&file, &span)?;
        let Place { scalar: Scalar { decode, path, .. }, variable, beside, .. } = place;
        Ok(Located {
            rewriter: self.name(),
            strategy: place.strategy,
            reason: place.reason.to_owned(),
            fields: connection::fields(&decode.value).unwrap_or_default(),
            composed: Err("the file is no code".to_owned()),
            value: decode.value,
            span: decode.span,
            spelling: decode.spelling,
            beside,
            name: name_of(&path),
            variable,
        })
    }

    fn rewrite(&self, source: Source<'_>, wanted: &[Wanted<'_>], tree: &dyn Tree) -> Result<Rewritten, Manual> {
        let client = wanted.iter().any(|wanted| wanted.located.strategy == Strategy::Sdk);
        let file = file(source, tree, if client { Style::Sdk } else { Style::Auto })?;
        let mut out = Rewritten::default();
        let mut places = Vec::new();
        for wanted in wanted {
            let place = self.find(&file, &wanted.located.span)?;
            if place.scalar.decode.span != wanted.located.span {
                return Err(manual("the place is not where it was", "make a new plan"));
            }
            let new = (place.edit)(&file, &place, wanted)?;
            out.splices.extend(new.splices);
            new.companions.into_iter().try_for_each(|companion| accompany(&mut out.companions, companion))?;
            places.push((place, wanted));
        }
        let around = self.0.together(&file, &places)?;
        out.splices.extend(around.splices);
        around.companions.into_iter().try_for_each(|companion| accompany(&mut out.companions, companion))?;
        out.splices = ordered(out.splices)?;
        Ok(out)
    }

    fn verify(&self, before: Source<'_>, after: &[u8], splices: &[Splice]) -> Result<(), Manual> {
        if super::splice(before.bytes, splices) != after {
            return Err(manual("the new file is not the old one with its splices", "nothing was changed; make a new plan"));
        }
        self.0.verify(text(before.bytes)?, text(after)?, splices)
    }
}

/// The file as text, unless it is left alone.
fn file<'a>(source: Source<'a>, tree: &'a dyn Tree, style: Style) -> Result<File<'a>, Manual> {
    left_alone(source)?;
    let path = source.path.to_str().map_err(|_| manual("the file's name is not UTF-8", "replace it by hand"))?;
    Ok(File { path, text: text(source.bytes)?, tree, style })
}

impl Config {
    fn find(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        if span.start >= span.end || file.text.get(span.clone()).is_none() {
            return Err(manual("the finding is not in the file any more", "scan again"));
        }
        let place = self.0.place(file, span)?;
        let decode = &place.scalar.decode;
        if decode.span.start > span.start || decode.span.end < span.end {
            return Err(manual("the finding is not within one value", "replace it by hand"));
        }
        if decode.value.is_empty() {
            return Err(manual("the value is empty", "look at the place"));
        }
        Ok(place)
    }
}

/// Keys that say where something stands in its format, and nothing of what it is.
const STRUCTURE: [&str; 14] = [
    "services",
    "jobs",
    "steps",
    "env",
    "environment",
    "variables",
    "resources",
    "properties",
    "spec",
    "containers",
    "containerdefinitions",
    "container_definitions",
    "environment_variables",
    "stringdata",
];

/// What a value is called whose place has this path.
fn name_of(path: &[String]) -> Option<String> {
    let (last, above) = path.split_last()?;
    let says = |key: &&str| !STRUCTURE.contains(&key.to_ascii_lowercase().as_str());
    let parts: Vec<&str> = above.iter().map(String::as_str).filter(says).chain([last.as_str()]).collect();
    Some(parts.join("."))
}

/// Adds a companion once.
///
/// # Errors
/// A variable would need two values.
fn accompany(known: &mut Vec<Companion>, new: Companion) -> Result<(), Manual> {
    if let Companion::Variable { name, .. } = &new {
        let same = |other: &&Companion| matches!(other, Companion::Variable { name: other, .. } if other == name);
        if known.iter().find(same).is_some_and(|other| *other != new) {
            return Err(manual(
                format!("the variable {name} would need two values"),
                "give one of the places another variable, then migrate again",
            ));
        }
    }
    if !known.contains(&new) {
        known.push(new);
    }
    Ok(())
}

/// Checks that the keys of a file of lines are the same, and values outside of splices too.
///
/// # Errors
/// What differs.
fn lines_differ_only(
    before: &str,
    after: &str,
    splices: &[Splice],
    list: impl Fn(&str) -> Vec<(String, Range<usize>)>,
) -> Result<(), Manual> {
    let (old, new) = (list(before), list(after));
    let is_edited = |span: &Range<usize>| {
        let next = splices.partition_point(|splice| splice.span.end < span.start);
        splices.get(next).is_some_and(|splice| splice.span.start <= span.end)
    };
    let mut pairs = old.iter().zip(&new);
    let is_same = pairs
        .all(|((key, span), (new_key, new_span))| key == new_key && (is_edited(span) || before[span.clone()] == after[new_span.clone()]));
    if old.len() == new.len() && is_same {
        return Ok(());
    }
    Err(manual("rewriting would change other values", "replace it by hand"))
}

#[cfg(test)]
mod tests;
