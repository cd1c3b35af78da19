//! Pipelines: GitHub's workflows and GitLab's jobs. Owns: the steps and entries that fetch a secret there, by OIDC and without a key.
//! Must not: rewrite scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tree_sitter::Node;

use super::native::is_put_together;
use super::yaml::{Found, get, mapping, pairs, word};
use super::{File, Place, only_aws, yaml};
use crate::rewrite::code::{line_end, line_start, next_line};
use crate::rewrite::literal::manual;
use crate::rewrite::{Companion, Manual, Rewritten, Splice, Wanted};

const LOGIN: &str = "aws-actions/configure-aws-credentials";

type Places<'p, 'w> = [(Place, &'p Wanted<'w>)];

fn insert(at: usize, text: String) -> Splice {
    Splice { span: at..at, text: text.into() }
}

/// A value in a workflow: in the environment or the inputs of a step.
pub(super) fn workflow(_: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    is_put_together(&found.scalar, &["${{"])?;
    if !found.is_at(&["jobs", "*", "steps", "env", "*"]) && !found.is_at(&["jobs", "*", "steps", "with", "*"]) {
        let advice = "move it to env of the step that uses it, then migrate again";
        return Err(manual("a workflow can fetch a secret for env and with of a step only", advice));
    }
    Ok(Place::native(found.scalar, "a step fetches the secret with the job's own identity", |_, place, wanted| {
        only_aws(wanted, "a workflow on GitHub")?;
        let text = format!("${{{{ env.{} }}}}", exported(wanted));
        Ok(Rewritten { splices: vec![place.scalar.put(&text)], companions: Vec::new() })
    }))
}

/// The variable in which the action puts a secret, or a member of it.
fn exported(wanted: &Wanted<'_>) -> String {
    let Some(key) = &wanted.reference.key else { return wanted.variable.to_owned() };
    let upper: String =
        key.chars().map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' }).collect();
    format!("{}_{upper}", wanted.variable)
}

/// The steps and permissions that a workflow's jobs need.
pub(super) fn workflow_steps(file: &File<'_>, places: &Places<'_, '_>) -> Result<Rewritten, Manual> {
    let unclear = || manual("the jobs of the workflow are not understood", "replace it by hand");
    let text = file.text;
    let tree = yaml::parse(text)?;
    let mut cursor = tree.root_node().walk();
    let root = tree.root_node().named_children(&mut cursor).find_map(mapping);
    let mut jobs: BTreeMap<&str, Vec<&(Place, &Wanted<'_>)>> = BTreeMap::new();
    for place in places {
        if let [_, job, ..] = &place.0.scalar.path[..] {
            jobs.entry(job).or_default().push(place);
        }
    }
    let mut out = Rewritten::default();
    for (job, places) in jobs {
        let root = root.ok_or_else(unclear)?;
        let job = get(root, "jobs", text).and_then(mapping).and_then(|jobs| get(jobs, job, text)).and_then(mapping).ok_or_else(unclear)?;
        let steps = pairs(job, text).into_iter().find(|(key, ..)| *key == "steps").ok_or_else(unclear)?;
        let list = steps.1.and_then(|node| node.named_child(0)).filter(|list| list.kind() == "block_sequence").ok_or_else(unclear)?;
        let mut cursor = list.walk();
        let items: Vec<Node<'_>> = list.named_children(&mut cursor).filter(|node| node.kind() == "block_sequence_item").collect();
        let login = items.iter().position(|item| text[item.byte_range()].contains(LOGIN));
        let first_use = places.iter().map(|(place, _)| place.scalar.token.start).min().unwrap_or_default();
        let next = login.map_or(0, |login| login + 1);
        let next = items.get(next).filter(|item| item.start_byte() <= first_use).ok_or_else(unclear)?;
        let at = line_start(text, next.start_byte());
        let indent = text.get(at..next.start_byte()).filter(|indent| indent.trim().is_empty()).ok_or_else(unclear)?;
        let lines = steps_for(&places, login.is_none());
        out.splices.push(insert(at, lines.iter().fold(String::new(), |all, line| all + indent + line + line_end(text))));
        permissions(root, job, steps.2, text, &mut out)?;
    }
    if !out.splices.is_empty() {
        let advice = "set the variables AWS_ROLE_ARN and AWS_REGION of the repository; the role trusts GitHub's OIDC provider for this repository only; \
                      pin the two actions to the SHA of a release that you looked at; runs for forks get no identity";
        out.companions.push(Companion::Advice(advice.to_owned()));
    }
    Ok(out)
}

fn steps_for(places: &[&(Place, &Wanted<'_>)], login: bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if login {
        lines.extend([format!("- uses: {LOGIN}@v6"), "  with:".to_owned()]);
        lines.extend(["    role-to-assume: ${{ vars.AWS_ROLE_ARN }}".to_owned(), "    aws-region: ${{ vars.AWS_REGION }}".to_owned()]);
    }
    for parsed in [true, false] {
        let mut ids: Vec<String> = places
            .iter()
            .filter(|(_, wanted)| wanted.reference.key.is_some() == parsed)
            .map(|(_, wanted)| format!("      {},{}", wanted.variable, wanted.reference.name))
            .collect();
        ids.dedup();
        if !ids.is_empty() {
            lines.extend([
                "- uses: aws-actions/aws-secretsmanager-get-secrets@v2".to_owned(),
                "  with:".to_owned(),
                "    secret-ids: |".to_owned(),
            ]);
            lines.extend(ids);
            lines.push(format!("    parse-json-secrets: {parsed}"));
        }
    }
    lines
}

/// Lets the job ask for an identity.
fn permissions(root: Node<'_>, job: Node<'_>, steps: Node<'_>, text: &str, out: &mut Rewritten) -> Result<(), Manual> {
    let line = line_end(text);
    let indent_of = |at: usize| &text[line_start(text, at)..at];
    let holder = [job, root].into_iter().find_map(|node| get(node, "permissions", text));
    let Some(value) = holder else {
        let at = steps.start_byte();
        let indent = indent_of(at);
        let step = "  ";
        out.splices
            .push(insert(at, format!("permissions:{line}{indent}{step}id-token: write{line}{indent}{step}contents: read{line}{indent}")));
        out.companions.push(Companion::Advice("the job had the default permissions; add those that its other steps need".to_owned()));
        return Ok(());
    };
    if word(value, text) == "write-all" {
        return Ok(());
    }
    let unclear = || manual("the permissions of the job are not understood", "give it id-token: write, then migrate again");
    let existing = mapping(value).filter(|node| node.kind() == "block_mapping").ok_or_else(unclear)?;
    match get(existing, "id-token", text).map(|node| word(node, text)) {
        Some("write") => {}
        Some(_) => return Err(unclear()),
        None => {
            let at = existing.start_byte();
            let splice = insert(at, format!("id-token: write{line}{}", indent_of(at)));
            if !out.splices.contains(&splice) {
                out.splices.push(splice);
            }
        }
    }
    Ok(())
}

/// A variable of a job on GitLab.
pub(super) fn gitlab(_: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    if !found.is_at(&["*", "variables", "*"]) || found.scalar.path[0] == "default" {
        let advice = "move it to the variables of the job that uses it, then migrate again";
        return Err(manual("GitLab fetches secrets for the variables of one job only", advice));
    }
    is_put_together(&found.scalar, &["$"])?;
    Ok(Place::native(found.scalar, "the runner fetches the secret with the job's own identity", |_, _, _| Ok(Rewritten::default())))
}

/// `id_tokens` and `secrets` in the place of the variables.
pub(super) fn gitlab_secrets(file: &File<'_>, places: &Places<'_, '_>) -> Result<Rewritten, Manual> {
    let unclear = || manual("the job is not understood", "replace it by hand");
    let text = file.text;
    let tree = yaml::parse(text)?;
    let mut cursor = tree.root_node().walk();
    let roots: Vec<Node<'_>> = tree.root_node().named_children(&mut cursor).filter_map(mapping).collect();
    let mut jobs: BTreeMap<&str, Vec<&(Place, &Wanted<'_>)>> = BTreeMap::new();
    for place in places.iter().filter(|(place, _)| place.scalar.path.len() == 3) {
        only_aws(place.1, "GitLab")?;
        jobs.entry(&place.0.scalar.path[0]).or_default().push(place);
    }
    let mut out = Rewritten::default();
    for (job, places) in jobs {
        let job = roots.iter().find_map(|root| get(*root, job, text)).and_then(mapping).ok_or_else(unclear)?;
        let members = pairs(job, text);
        if members.iter().any(|(key, ..)| matches!(*key, "secrets" | "id_tokens")) {
            return Err(manual("the job has secrets or id_tokens already", "add the secret to them by hand"));
        }
        let variables = members.iter().find(|(key, ..)| *key == "variables").ok_or_else(unclear)?;
        let inner = variables.1.and_then(mapping).filter(|node| node.kind() == "block_mapping").ok_or_else(unclear)?;
        let all = pairs(inner, text);
        let is_wanted = |node: &Node<'_>| places.iter().any(|(place, _)| node.byte_range().contains(&place.scalar.token.start));
        let start = variables.2.start_byte();
        let line = line_end(text);
        let indent = text.get(line_start(text, start)..start).filter(|indent| indent.trim().is_empty()).ok_or_else(unclear)?;
        let block = entries(&places).join(&format!("{line}{indent}"));
        if all.iter().all(|(.., pair)| is_wanted(pair)) {
            let last = places.iter().map(|(place, _)| place.scalar.token.end).max().unwrap_or(start);
            let end = variables.2.end_byte().max(last);
            let ended = if text[..end].ends_with('\n') { line } else { "" };
            out.splices.push(Splice { span: start..end, text: format!("{block}{ended}").into() });
        } else {
            out.splices.push(insert(start, format!("{block}{line}{indent}")));
            let gone = all.iter().filter(|(.., pair)| is_wanted(pair));
            out.splices.extend(
                gone.map(|(.., pair)| Splice {
                    span: line_start(text, pair.start_byte())..next_line(text, pair.end_byte()),
                    text: "".into(),
                }),
            );
        }
    }
    if !out.splices.is_empty() {
        let advice = "set AWS_ROLE_ARN and AWS_REGION for the job; the role trusts GitLab's OIDC provider with the audience of id_tokens; \
                      secrets: needs GitLab Premium and runner 18.3 or later";
        out.companions.push(Companion::Advice(advice.to_owned()));
    }
    Ok(out)
}

fn entries(places: &[&(Place, &Wanted<'_>)]) -> Vec<String> {
    let mut text = "id_tokens:\n  AWS_ID_TOKEN:\n    aud: sts.amazonaws.com\nsecrets:\n".to_owned();
    for (place, wanted) in places {
        let _ = write!(text, "  {}:\n    aws_secrets_manager:\n      secret_id: \"{}\"\n", place.scalar.path[2], wanted.reference.name);
        if let Some(key) = &wanted.reference.key {
            let _ = writeln!(text, "      field: \"{key}\"");
        }
        text += "    file: false\n";
    }
    text.lines().map(ToOwned::to_owned).collect()
}
