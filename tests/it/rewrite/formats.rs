//! Rewriting of configuration, over the fixtures: each case is a file or a small tree, `before` is located, rewritten, verified, compared with
//! `after` and undone; what goes with it is in `companions.txt`, what is left to people in `manual.txt`.
//! Owns: the steps. Must not: know the syntax of any format; the fixtures do.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};
use unleak::reference::{Backend, Reference};
use unleak::rewrite::{self, Companion, Located, Source, Style, Wanted};

use super::{MARK, folder, manual_of, numbers, readers, undoing};
use crate::made_up;

/// The base64 of the value.
const ENCODED: &str = "SECRET_BASE64";

/// The files of a case.
struct Case(BTreeMap<String, Vec<u8>>);

impl rewrite::Tree for Case {
    fn read(&self, path: &BStr) -> Option<Vec<u8>> {
        self.0.get(&path.to_string()).cloned()
    }

    fn named(&self, names: &[&str]) -> Vec<BString> {
        let is_named = |path: &&String| names.contains(&path.rsplit('/').next().unwrap_or_default());
        self.0.keys().filter(is_named).map(|path| path.as_str().into()).collect()
    }
}

/// The files below `directory`, by path.
fn files(directory: &Path, prefix: &str, out: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            files(&entry.path(), &format!("{path}/"), out);
        } else {
            out.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

fn told(companion: &Companion) -> String {
    match companion {
        Companion::Variable { name, reference } => format!("{name}={reference}"),
        Companion::NewFile { path, .. } => format!("new file {path}"),
        Companion::Edit { path, why, .. } => format!("edit {path}: {why}"),
        Companion::Arn(secret) => format!("the ARN of {secret}"),
        Companion::Instead { reason, .. } => format!("instead: {reason}"),
        Companion::Advice(advice) => format!("advice: {advice}"),
    }
}

/// Where a platform takes nothing but ARNs the reference is one.
fn reference(number: usize, backend: Backend, arn: bool) -> (Reference, String) {
    let (mut name, variable) = super::named(number);
    if arn {
        name.name = format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-AbCdEf", name.name);
    }
    (Reference { backend, ..name }.with_key("password"), variable)
}

/// Rewrites a file of a case: its new bytes with what goes with it, or the reason why it is left to people.
fn one(case: &Case, path: &str, value: &str, backend: Backend, arn: bool, style: Style) -> Result<Done, String> {
    let before = &case.0[path];
    let source = Source { path: path.into(), bytes: before };
    let rewriter = rewrite::for_source(source).unwrap_or_else(|| panic!("{path} has no rewriter"));
    let encoded = data_encoding::BASE64.encode(value.as_bytes());
    let spans = before.find_iter(value).map(|at| at..at + value.len()).chain(before.find_iter(&encoded).map(|at| at..at + encoded.len()));
    let mut spans: Vec<_> = spans.collect();
    spans.sort_by_key(|span| span.start);
    let locate = |span: &std::ops::Range<usize>| rewriter.locate(source, span.clone(), style, case).map_err(|manual| manual.reason);
    let mut located: Vec<Located> = spans.iter().map(locate).collect::<Result<_, _>>()?;
    located.dedup_by_key(|place| place.span.clone());
    let names: Vec<_> = numbers(&located).into_iter().map(|number| reference(number, backend, arn)).collect();
    let wanted: Vec<Wanted<'_>> =
        located.iter().zip(&names).map(|(located, (reference, variable))| Wanted { located, reference, variable, fields: &[] }).collect();
    let new = rewriter.rewrite(source, &wanted, case).map_err(|manual| manual.reason)?;
    let after = rewrite::splice(before, &new.splices);
    rewriter.verify(source, &after, &new.splices).map_err(|manual| manual.reason)?;
    for place in &located {
        assert!(place.value.expose().find(value).is_some(), "{path}: the stored value holds what was found");
        assert_eq!(place.spelling.spell(place.value.expose()).unwrap().as_bstr(), before[place.span.clone()].as_bstr(), "{path}");
    }
    assert!(after.find(value).is_none() && after.find(&encoded).is_none(), "{path}: the value is still there");
    assert_eq!(rewrite::splice(&after, &undoing(before, &new.splices, &located)).as_bstr(), before.as_bstr(), "{path}: undo");
    let values = located.iter().map(|place| place.value.expose().to_str().unwrap().to_owned()).collect();
    Ok(Done { after, companions: new.companions.iter().map(told).collect(), values })
}

/// A rewritten file.
struct Done {
    after: Vec<u8>,
    /// What goes with it.
    companions: Vec<String>,
    /// The values that were moved.
    values: Vec<String>,
}

/// Another reader sees the value that was moved where it sees the new text, and no other difference.
fn read_again(fixtures: &str, case: &str, before: &[u8], done: &Done) {
    let Some(reader) = readers::reader(fixtures, case) else { return };
    for (old, new) in readers::differences(reader, before, &done.after, case) {
        let is_whole = done.values.iter().any(|value| old.trim_matches('"') == value || old.replace("$$", "$") == *value);
        let is_part =
            done.values.iter().any(|value| old.contains(value)) && !matches!(fixtures, "dotenv" | "yaml" | "json" | "toml" | "ini");
        assert!(is_whole || is_part, "{fixtures}/{case}: a value was decoded differently");
        let marks =
            ["ref+awssecrets://app/secret", "APP_SECRET", "lookup('amazon.aws.secretsmanager_secret', 'app/secret", "<secret: app/secret"];
        assert!(marks.iter().any(|mark| new.contains(mark)), "{fixtures}/{case}: {new}");
    }
}

/// All cases of a format: those in `manual.txt` are refused for its reason, the others are as in `after`.
fn all(format: &str) {
    let folder = folder(format);
    let mut cases: Vec<PathBuf> = fs::read_dir(folder.join("before")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut manual = BTreeMap::new();
    let mut companions = Vec::new();
    for (case, seed) in cases.iter().zip(1..) {
        let name = case.file_name().unwrap().to_str().unwrap();
        let value = made_up::password(seed);
        let mut tree = BTreeMap::new();
        if case.is_dir() {
            files(case, "", &mut tree);
        } else {
            tree.insert(name.to_owned(), fs::read(case).unwrap());
        }
        let marked: Vec<String> = tree
            .iter()
            .filter(|(_, bytes)| bytes.find(MARK).is_some() || bytes.find(ENCODED).is_some())
            .map(|(path, _)| path.clone())
            .collect();
        assert!(!marked.is_empty(), "{format}/{name} has no {MARK}");
        let encoded = data_encoding::BASE64.encode(value.as_bytes());
        for bytes in tree.values_mut() {
            *bytes = bytes.replace(MARK, &value).replace(ENCODED, &encoded);
        }
        let tree = Case(tree);
        for path in marked {
            let style = if format.ends_with("-client") { Style::Sdk } else { Style::Auto };
            match one(&tree, &path, &value, Backend::Aws, format == "ecs", style) {
                Ok(done) => {
                    read_again(format, name, &tree.0[&path], &done);
                    let Done { after, companions: told, .. } = done;
                    let at = if case.is_dir() { folder.join("after").join(name).join(&path) } else { folder.join("after").join(name) };
                    assert_eq!(after.as_bstr(), fs::read(&at).unwrap().as_bstr(), "{format}/{name}/{path}");
                    companions.extend(told.iter().map(|line| format!("{name}: {line}\n")));
                }
                Err(reason) => drop(manual.insert(name.to_owned(), reason)),
            }
        }
    }
    let lines = folder.join("companions.txt");
    assert_eq!(manual, manual_of(format), "{format}: what is left to people");
    assert_eq!(companions.concat(), fs::read_to_string(lines).unwrap(), "{format}: companions");
}

#[test]
fn dotenv() {
    all("dotenv");
}

#[test]
fn yaml() {
    all("yaml");
}

#[test]
fn json() {
    all("json");
}

#[test]
fn task_definitions_name_the_parameters_of_parameter_store() {
    let value = made_up::password(91);
    let text = format!(
        "{{\"containerDefinitions\": [{{\"name\": \"a\", \"environment\": [{{\"name\": \"A\", \"value\": \"1\"}}, {{\"name\": \"DB\", \"value\": \"{value}\"}}]}}]}}"
    );
    let case = Case(BTreeMap::new());
    let source = Source { path: "task.json".into(), bytes: text.as_bytes() };
    let rewriter = rewrite::for_source(source).unwrap();
    let start = text.find(&value).unwrap();
    let located = rewriter.locate(source, start..start + value.len(), Style::Auto, &case).unwrap();
    let becomes = |reference: &Reference| {
        let wanted = Wanted { located: &located, reference, variable: "DB", fields: &[] };
        rewriter.rewrite(source, &[wanted], &case).map_err(|manual| manual.reason)
    };
    let parameter = Reference::to(Backend::Ssm, "prod/shop/db".to_owned());
    let new = becomes(&parameter).unwrap();
    assert_eq!(
        rewrite::splice(text.as_bytes(), &new.splices).to_str().unwrap(),
        "{\"containerDefinitions\": [{\"name\": \"a\", \"secrets\": [{\"name\": \"DB\", \"valueFrom\": \"/prod/shop/db\"}], \"environment\": \
         [{\"name\": \"A\", \"value\": \"1\"}]}]}"
    );
    assert!(told(&new.companions[0]).starts_with("advice: run the containers in the region of the parameters"));
    assert_eq!(becomes(&parameter.clone().with_key("password")).unwrap_err(), "a definition takes a parameter as a whole");
}

#[test]
fn toml() {
    all("toml");
}

#[test]
fn ini() {
    all("ini");
}

#[test]
fn properties() {
    all("properties");
}

#[test]
fn prose() {
    all("prose");
}

#[test]
fn compose() {
    all("compose");
}

#[test]
fn spring() {
    all("spring");
}

#[test]
fn spring_with_the_client_of_the_store() {
    all("spring-client");
}

#[test]
fn connections_in_code_with_the_driver_of_the_store() {
    all("jdbc-client");
}

#[test]
fn programs_of_the_cdk() {
    all("cdk");
}

#[test]
fn bicep() {
    all("bicep");
}

#[test]
fn rails() {
    all("rails");
}

#[test]
fn ansible() {
    all("ansible");
}

#[test]
fn helm() {
    all("helm");
}

#[test]
fn cloudformation() {
    all("cloudformation");
}

#[test]
fn kubernetes() {
    all("kubernetes");
}

#[test]
fn terraform() {
    all("terraform");
}

#[test]
fn tasks() {
    all("tasks");
}

#[test]
fn github() {
    all("github");
}

#[test]
fn gitlab() {
    all("gitlab");
}

#[test]
fn other() {
    all("other");
}

#[test]
fn notebook() {
    all("notebook");
}

#[test]
fn ecs() {
    all("ecs");
}

#[test]
fn the_local_store_is_referred_to_only_where_it_can_be_read() {
    let plain = |path: &str, text: &str| {
        let value = made_up::password(1);
        let case = Case(BTreeMap::from([(path.to_owned(), text.replace(MARK, &value).into_bytes())]));
        one(&case, path, &value, Backend::Local, false, Style::Auto).map(|done| String::from_utf8(done.after).unwrap())
    };
    let refuses = |who: &str| Err(format!("{who} reads AWS Secrets Manager, not the local store or another role's secrets"));
    assert_eq!(plain(".env", "A=SECRET_VALUE\n"), Ok("A=ref+unleak://app/secret#/password\n".to_owned()));
    assert_eq!(plain("a.yaml", "a: SECRET_VALUE\n"), Ok("a: ref+unleak://app/secret#/password\n".to_owned()));
    assert_eq!(plain("compose.yaml", "a: SECRET_VALUE\n"), Ok("a: ${APP_SECRET:?}\n".to_owned()));
    assert_eq!(
        plain("group_vars/a.yml", "a: SECRET_VALUE\n"),
        Ok("a: \"{{ lookup('ansible.builtin.env', 'APP_SECRET', default=undef()) }}\"\n".to_owned())
    );
    assert_eq!(plain("a.bicepparam", "param a = 'SECRET_VALUE'\n"), Ok("param a = readEnvironmentVariable('APP_SECRET')\n".to_owned()));
    assert_eq!(plain("values.yaml", "a: SECRET_VALUE\n"), refuses("vals"));
    assert_eq!(plain("a.tf", "locals {\n  a = \"SECRET_VALUE\"\n}\n"), refuses("the AWS provider of Terraform"));
    let stack = "AWSTemplateFormatVersion: x\nResources:\n  A:\n    Properties:\n      B: SECRET_VALUE\n";
    assert_eq!(plain("a.yaml", stack), refuses("CloudFormation"));
    let manifest = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  a: SECRET_VALUE\n";
    assert_eq!(plain("a.yaml", manifest), refuses("an operator in the cluster"));
    let workflow = "jobs:\n  a:\n    steps:\n      - env:\n          A: SECRET_VALUE\n";
    assert_eq!(plain(".github/workflows/a.yml", workflow), refuses("a workflow on GitHub"));
    assert_eq!(plain(".gitlab-ci.yml", "a:\n  variables:\n    A: SECRET_VALUE\n"), refuses("GitLab"));
}
