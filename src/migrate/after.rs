//! What to do after a migration. Owns: the steps, written for one plan. Must not: do them.

use super::files::ENV_FILE;
use super::journal::{Progress, StoredBy};
use super::plan::{Plan, PlannedFile, Tracked};
use super::policy;
use crate::reference::Backend;
use crate::rewrite::{Strategy, format};

/// A thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// In a sentence.
    pub title: String,
    /// For each secret, or the commands.
    pub lines: Vec<String>,
}

/// How a secret came into the store, in words.
#[must_use]
pub fn origin(progress: &Progress, name: &str) -> &'static str {
    match progress.stored.get(name).map(|stored| &stored.origin) {
        None => "",
        Some(_) if progress.reviving.contains_key(name) => "waited for its deletion, and is back",
        Some(StoredBy::Created) => "created",
        Some(StoredBy::Reused) => "was there with this value",
        Some(StoredBy::Added { .. }) => "has a new version",
    }
}

/// How programs are started that read what the plan rewrites: one command for each file of variables, with `.unleak.env`, and for each other file with
/// references.
#[must_use]
pub fn starts(plan: &Plan) -> Vec<String> {
    let is_token = |file: &&PlannedFile| file.places.iter().any(|place| place.strategy == Strategy::Reference);
    let with_tokens: Vec<&str> = plan.files.iter().filter(is_token).map(|file| file.path.as_str()).collect();
    let has_variables = plan.files.iter().any(|file| file.path == ENV_FILE);
    if has_variables && !with_tokens.iter().any(|path| format::is_env_file(path)) {
        let own = format::start(ENV_FILE);
        return std::iter::once(own).chain(with_tokens.into_iter().map(format::start)).collect();
    }
    let beside = format!("unleak run --env-file {ENV_FILE} ");
    let start = |path: &str| {
        let start = format::start(path);
        match start.strip_prefix("unleak run ") {
            Some(rest) if has_variables && format::is_env_file(path) => format!("{beside}{rest}"),
            _ => start,
        }
    };
    with_tokens.into_iter().map(start).collect()
}

/// The steps, in the order to take them: deploy the references before a value changes, then rotate.
#[must_use]
pub fn steps(plan: &Plan, progress: &Progress) -> Vec<Step> {
    let step = |title: &str, lines: Vec<String>| Step { title: title.to_owned(), lines };
    let mut steps = Vec::new();
    if !plan.manual.is_empty() {
        let lines = plan.manual.iter().map(|place| format!("{}:{}: {}", place.path, place.line, place.advice)).collect();
        steps.push(step("Rewrite by hand what is left; rotate only after that", lines));
    }
    let run = match plan.store.backend {
        Backend::Local => {
            "the local store is on this machine: `unleak store copy local aws --references .` moves it where servers can read it, and the references with it"
        }
        Backend::Ssm => "give each consumer ssm:GetParameter on these parameters, and kms:Decrypt on their key where it is one of yours",
        Backend::Vault => "give each consumer a token whose policy has `read` on these paths (MOUNT/data/…)",
        Backend::Gcp => "give each consumer the role roles/secretmanager.secretAccessor on these secrets",
        Backend::Azure => {
            "give each consumer the role Key Vault Secrets User on these secrets, or Get in the access policy of the key vault"
        }
        Backend::File => {
            "the files are not encrypted: mount them where the program runs, or `unleak store copy file STORE` moves them where they are"
        }
        Backend::Aws => "give each consumer the policy that `unleak migrate policies -o DIR` writes",
    };
    let mut lines = vec![run.to_owned()];
    lines.extend(starts(plan).into_iter().map(|start| format!("start it with: {start}")));
    lines.push("`unleak check` looks every reference up, and for the old values in files and history".to_owned());
    lines.extend(plan.todo.iter().cloned());
    steps.push(step("Try the program, commit, deploy", lines));
    let pending = progress.rotation_pending();
    if !pending.is_empty() {
        let line = |name: &&str| {
            let secret = plan.secret(name);
            let rotation = secret.map_or("", |secret| secret.rotation.as_str());
            format!("{name}: {rotation}")
        };
        let title = if pending.iter().any(|name| plan.is_in_history(name)) {
            "Rotate at once: the values are in the history, and whoever read it has them"
        } else {
            "Rotate at once: the values stood in files in the clear, and whoever read these has them"
        };
        steps.push(step(title, pending.iter().map(line).collect()));
        let lines = pending.iter().map(|name| format!("unleak migrate rotated {name}")).collect();
        steps.push(step("Say so, when the old value is revoked at its provider", lines));
    }
    let lines = policy::rotations(plan);
    if !lines.is_empty() {
        steps.push(step("Have the store rotate them, when the references are deployed", lines));
    }
    if plan.store.backend == Backend::Aws {
        steps.push(step("Watch", vec![
            "`unleak migrate policies -o DIR` also writes alarms (EventBridge) and checks (Config, Security Hub SecretsManager.1 to .4)".to_owned(),
            "`unleak migrate audit` reads the store again: rotation, use, age, tags, replicas".to_owned(),
        ]));
    }
    if plan.files.iter().any(|file| file.tracked == Tracked::Yes && file.before.is_some()) {
        let title = "Purge the history, if you must: it does not make a leaked value secret again";
        steps.push(step(title, vec!["`unleak scan --history` says how far each value got".to_owned()]));
    }
    steps
}
