//! Terraform. Owns: strings of HCL, defaults of variables, data sources. Must not: write a value to where it is not asked for.

use std::fmt::Write as _;
use std::ops::Range;

use tree_sitter::Node;

use super::scalar::{Quote, Scalar};
use super::{File, Format, Place, only_aws};
use crate::rewrite::code::{line_end, next_line, tree};
use crate::rewrite::literal::{Numeric, Part, Quoting, RAW, Syntax, decode, manual};
use crate::rewrite::{Companion, Manual, Rewritten, Splice, Wanted};

const STRING: Syntax = Syntax {
    escape: Some('\\'),
    letters: "nrt",
    itself: "\"\\",
    numeric: &[Numeric::exact('u', 4), Numeric::exact('U', 8)],
    interpolates: |rest| ["${", "%{", "$${", "%%{"].into_iter().any(|opening| rest.starts_with(opening)),
    ..RAW
};

/// Terraform's files.
pub(super) struct Terraform;

fn grammar() -> tree_sitter::Language {
    tree_sitter_hcl::LANGUAGE.into()
}

/// Parses a file.
///
/// # Errors
/// It took too long, or is nested too deep.
pub(super) fn parse(text: &str) -> Result<tree_sitter::Tree, Manual> {
    tree::parse(&grammar(), text)
}

/// The blocks of a file.
pub(super) fn blocks(root: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = root.walk();
    let bodies: Vec<Node<'_>> = root.named_children(&mut cursor).filter(|node| node.kind() == "body").collect();
    bodies
        .into_iter()
        .flat_map(|body| body.named_children(&mut body.walk()).collect::<Vec<_>>())
        .filter(|node| node.kind() == "block")
        .collect()
}

/// The type and labels of a block.
pub(super) fn head(block: Node<'_>, text: &str) -> Vec<String> {
    let mut cursor = block.walk();
    let labels = block.named_children(&mut cursor).take_while(|child| matches!(child.kind(), "identifier" | "string_lit"));
    labels.map(|label| text[label.byte_range()].trim_matches('"').to_owned()).collect()
}

/// The argument of a block that is a text without anything that is put into it.
pub(super) fn plain(block: Node<'_>, name: &str, text: &str) -> Option<String> {
    let mut cursor = block.walk();
    let body = block.named_children(&mut cursor).find(|node| node.kind() == "body")?;
    let mut cursor = body.walk();
    let is_named = |node: &Node<'_>| node.kind() == "attribute" && node.named_child(0).is_some_and(|key| &text[key.byte_range()] == name);
    let value = body.named_children(&mut cursor).find(is_named)?.named_child(1)?;
    let value = text[value.byte_range()].strip_prefix('"')?.strip_suffix('"')?;
    (!value.contains(['"', '\\', '$', '%'])).then(|| value.to_owned())
}

/// The type and labels of the outermost block that the node at `index` is in.
fn block(path: &tree::Path<'_>, index: usize, text: &str) -> Vec<String> {
    path.0.iter().skip(index).rfind(|node| node.kind() == "block").map(|block| head(*block, text)).unwrap_or_default()
}

/// What the value at `index` is called, as Terraform addresses it: without the kind of the block, and without labels that say that there is only one.
fn address(path: &tree::Path<'_>, index: usize, text: &str) -> Vec<String> {
    const KINDS: [&str; 7] = ["resource", "data", "ephemeral", "module", "provider", "locals", "output"];
    const ONLY: [&str; 3] = ["this", "main", "default"];
    let mut names = Vec::new();
    for node in path.0.iter().skip(index).rev() {
        match node.kind() {
            "block" if names.is_empty() => {
                let head = head(*node, text);
                let labels = head.iter().skip(usize::from(KINDS.contains(&head.first().map_or("", String::as_str))));
                names.extend(labels.filter(|label| !ONLY.contains(&label.as_str())).cloned());
            }
            "block" => names.extend(head(*node, text)),
            "attribute" => names.extend(node.named_child(0).map(|key| text[key.byte_range()].to_owned())),
            "object_elem" => names.extend(member(*node, text)),
            _ => {}
        }
    }
    names
}

/// What an element of an object is called; of one with a `name` beside its `value`, as in a list of variables, that is the name.
fn member(element: Node<'_>, text: &str) -> Option<String> {
    let word = |node: Node<'_>| text[node.byte_range()].trim_matches('"').to_owned();
    let key = element.child_by_field_name("key").map(word)?;
    let beside = || {
        let object = element.parent()?;
        let mut cursor = object.walk();
        let is_name = |node: &Node<'_>| node.child_by_field_name("key").map(word).is_some_and(|key| key == "name");
        object.named_children(&mut cursor).find(is_name)?.child_by_field_name("val").map(word)
    };
    if key == "value" { beside().or(Some(key)) } else { Some(key) }
}

impl Format for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn place(&self, file: &File<'_>, span: &Range<usize>) -> Result<Place, Manual> {
        let text = file.text;
        let tree = tree::parse(&grammar(), text)?;
        let path = tree::Path::to(&tree, span)?;
        if path.find(&["comment"]) == Some(0) {
            return Ok(Place::prose(text, span.clone()));
        }
        let Some(index) = path.find(&["string_lit", "quoted_template", "heredoc_template"]) else {
            return Err(manual("it is not a string", "replace it by hand"));
        };
        let token = path.0[index].byte_range();
        if path.kind(index) == "heredoc_template" {
            return Err(manual("the value is in a heredoc", "move it to a variable, then migrate again"));
        }
        if path.kind(index + 1) == "block" || path.is_within(index, &["object_elem"]) && path.find(&["template_interpolation"]).is_some() {
            return Err(manual("a reference cannot stand there", "replace it by hand"));
        }
        let decode = decode(text, &[Part { token: token.clone(), quoting: Quoting::new(1, 1, &STRING) }])?;
        let attribute = path.find(&["attribute"]).map(|at| path.0[at]);
        let name = attribute.and_then(|node| node.named_child(0)).map(|name| text[name.byte_range()].to_owned());
        let keys = block(&path, index, text);
        let kind = keys.first().cloned().unwrap_or_default();
        if kind == "variable" && name.as_deref() == Some("default") && !path.is_within(index, &["object", "tuple", "function_call"]) {
            let Some(attribute) = attribute else { return Err(manual("the variable is not understood", "replace it by hand")) };
            let variable = keys.get(1).cloned().unwrap_or_default();
            let scalar =
                Scalar { token: attribute.byte_range(), decode, path: vec![variable.clone()], quote: Quote::Around(""), line_end: None };
            let mut place = Place::environment(scalar, "Terraform takes the variable from TF_VAR_, and asks for it without", default_of);
            place.variable = Some(format!("TF_VAR_{variable}"));
            return Ok(place);
        }
        if matches!(kind.as_str(), "variable" | "terraform" | "moved" | "import") {
            return Err(manual(
                format!("a block {kind} takes no references"),
                "move the value to a variable without a default, then migrate again",
            ));
        }
        let scalar = Scalar { token, decode, path: address(&path, index, text), quote: Quote::Around(""), line_end: None };
        Ok(Place::native(scalar, "a data source reads the secret", source_of))
    }

    fn together(&self, file: &File<'_>, places: &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual> {
        let mut blocks: Vec<(String, &str)> = Vec::new();
        for (_, wanted) in places.iter().filter(|(place, _)| place.strategy == crate::rewrite::Strategy::Native) {
            let block = (label(file, wanted), wanted.reference.name.as_str());
            if !blocks.contains(&block) {
                blocks.push(block);
            }
        }
        let line = line_end(file.text);
        let mut new = String::new();
        for (label, name) in &blocks {
            if file.text.contains(label.as_str()) || name.contains(['"', '\\']) {
                return Err(manual(format!("{label} is a name that the file uses already"), "rename it, then migrate again"));
            }
            let _ =
                write!(new, "{line}data \"aws_secretsmanager_secret_version\" \"{label}\" {{{line}  secret_id = \"{name}\"{line}}}{line}");
        }
        if blocks.is_empty() {
            return Ok(Rewritten::default());
        }
        let start = if file.text.ends_with('\n') { "" } else { line };
        let end = file.text.len();
        Ok(Rewritten { splices: vec![Splice { span: end..end, text: format!("{start}{new}").into() }], companions: Vec::new() })
    }

    fn verify(&self, before: &str, after: &str, splices: &[Splice]) -> Result<(), Manual> {
        tree::verify(&grammar(), before, after, splices, |kind| kind)
    }
}

/// The default goes, and the variable is marked as sensitive.
fn default_of(file: &File<'_>, place: &Place, wanted: &Wanted<'_>) -> Result<Rewritten, Manual> {
    let span = &place.scalar.token;
    let rest = &file.text[span.end..];
    let body = &rest[..rest.find('}').unwrap_or(rest.len())];
    let head = &file.text[..span.start];
    let head = &head[head.rfind('{').unwrap_or(0)..];
    let splice = if head.contains("sensitive") || body.contains("sensitive") {
        let start = crate::rewrite::code::line_start(file.text, span.start);
        let whole = start..next_line(file.text, span.end);
        if file.text[start..span.start].trim().is_empty() && file.text[span.end..whole.end].trim().is_empty() {
            Splice { span: whole, text: "".into() }
        } else {
            return Err(manual("the block is on one line", "write it with one argument a line, then migrate again"));
        }
    } else {
        place.scalar.put("sensitive = true")
    };
    let name = format!("TF_VAR_{}", place.scalar.path[0]);
    let advice = "state and saved plans hold the old value: rotate it; run `unleak run --env-file .unleak.env -- terraform …`";
    let variable = Companion::Variable { name, reference: wanted.reference.clone() };
    Ok(Rewritten { splices: vec![splice], companions: vec![variable, Companion::Advice(advice.to_owned())] })
}

fn label(file: &File<'_>, wanted: &Wanted<'_>) -> String {
    let stem = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".tf");
    let word = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    format!("{stem}_{}", wanted.reference.name).chars().map(word).collect()
}

fn source_of(file: &File<'_>, place: &Place, wanted: &Wanted<'_>) -> Result<Rewritten, Manual> {
    only_aws(wanted, "the AWS provider of Terraform")?;
    let reference = wanted.reference;
    if reference.region.is_some() {
        return Err(manual("the secret is in a region of its own", "write the data source with that region's provider by hand"));
    }
    let source = format!("data.aws_secretsmanager_secret_version.{}.secret_string", label(file, wanted));
    let text = reference.key.as_ref().map_or_else(|| source.clone(), |key| format!("jsondecode({source})[\"{key}\"]"));
    let advice = "a data source writes the value to Terraform's state: encrypt the state, or use an ephemeral resource with a write-only argument \
                  such as password_wo (Terraform 1.11 or later); state and saved plans hold the old value already";
    Ok(Rewritten { splices: vec![place.scalar.put(&text)], companions: vec![Companion::Advice(advice.to_owned())] })
}
