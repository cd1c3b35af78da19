//! The organisation's policy of migrations: `[migrate]` in `.unleak.toml`. Owns: its keys, and holding options against it. Must not: plan.

use std::collections::BTreeMap;

use serde::Deserialize;
use unleak::migrate::cost::OwnPrices;
use unleak::migrate::name;
use unleak::migrate::plan::{Plan, PlannedSecret};
use unleak::migrate::reader::{self, Reader};
use unleak::reference::Backend;
use unleak::store::{Action, limits, names};

use crate::failure::{Exit, Failure};
use crate::migrate_args::PlanArgs;
use crate::migrate_cmd::region_of;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Policy {
    /// What comes before every name.
    pub prefix: Option<String>,
    /// How secrets are named.
    pub name_template: Option<String>,
    /// KMS key.
    pub kms_key: Option<String>,
    /// Region in references.
    pub region: Option<String>,
    /// Regions with a replica.
    pub replica_regions: Vec<String>,
    /// Who reads secrets, wherever they are of a plan; nobody else does.
    pub reader_roles: Vec<Reader>,
    /// Prices for the estimate of a plan.
    pub prices: OwnPrices,
    /// Tags of all secrets.
    pub tags: BTreeMap<String, String>,
    /// Tags that every secret must have.
    pub required_tags: Vec<String>,
}

impl Policy {
    /// What is wrong with the policy itself.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> Result<(), String> {
        if let Some(template) = &self.name_template {
            name::check_template(template)?;
        }
        if let Some(wrong) = self.reader_roles.iter().find(|reader| reader::account(&reader.arn).is_none()) {
            return Err(format!("reader-roles: {wrong} is neither the ARN of a role, a user or an account nor WHAT=ARN"));
        }
        if !self.prices.are_prices() {
            return Err("prices are dollars, 0 or more".to_owned());
        }
        self.prefix.as_deref().map_or(Ok(()), name::check_prefix)
    }

    /// Whether the options are what the policy leaves open.
    ///
    /// # Errors
    /// An option that it does not.
    pub fn leaves_open(&self, args: &PlanArgs, region: Option<&str>) -> Result<(), Failure> {
        for (option, given, fixed) in [
            ("--name-template", args.name_template.as_deref(), &self.name_template),
            ("--kms-key", args.kms_key.as_deref(), &self.kms_key),
            ("--region", region, &self.region),
        ] {
            if let (Some(given), Some(fixed)) = (given, fixed)
                && given != fixed
            {
                return Err(refused(&format!("{option} {given}: the policy in .unleak.toml says {fixed}")));
            }
        }
        let other = args.replica_region.iter().find(|region| !self.replica_regions.contains(region));
        if let Some(other) = other.filter(|_| !self.replica_regions.is_empty()) {
            let error = format!("--replica-region {other}: the policy in .unleak.toml says {}", self.replica_regions.join(", "));
            return Err(refused(&error));
        }
        for (key, given) in &args.tag {
            if let Some(fixed) = self.tags.get(key).filter(|fixed| *fixed != given) {
                return Err(refused(&format!("--tag {key}={given}: the policy in .unleak.toml says {fixed}")));
            }
        }
        self.leaves_readers(&args.reader_role)
    }

    /// Whether readers are those of the policy.
    ///
    /// # Errors
    /// One that is not.
    pub fn leaves_readers(&self, readers: &[Reader]) -> Result<(), Failure> {
        match readers.iter().find(|reader| !self.reader_roles.is_empty() && !self.reader_roles.contains(reader)) {
            Some(other) => Err(refused(&format!("--reader-role {other}: the policy in .unleak.toml says {}", listed(&self.reader_roles)))),
            None => Ok(()),
        }
    }

    /// The tags of a plan: those of the policy and of the command line.
    ///
    /// # Errors
    /// A tag that is required and missing, or one by which secrets of plans are known.
    pub fn tags(&self, args: &PlanArgs, known: &[&str]) -> Result<BTreeMap<String, String>, Failure> {
        let mut tags = self.tags.clone();
        tags.extend(args.tag.iter().cloned());
        let is_own = |(key, value): &(&String, &String)| key.starts_with("unleak:") || *key == "managed-by" && *value != "unleak";
        if let Some((key, _)) = tags.iter().find(is_own) {
            return Err(Failure::new(&format_args!("the tag {key} is set by unleak, which knows its secrets by it; give another one")));
        }
        let missing: Vec<&str> =
            self.required_tags.iter().map(String::as_str).filter(|tag| !tags.contains_key(*tag) && !known.contains(tag)).collect();
        if missing.is_empty() {
            return Ok(tags);
        }
        let error = format!("the policy in .unleak.toml requires tags that are not given: {}", missing.join(", "));
        Err(Failure::new(&error).hint(format!("add --tag {}=…", missing[0])))
    }

    /// Whether a plan, which can have been made or edited anywhere, is as the policy says.
    ///
    /// # Errors
    /// All that is not.
    pub fn holds_for(&self, plan: &Plan) -> Result<(), Failure> {
        let region = region_of(plan);
        let wrong = self.region.iter().filter(|fixed| region.is_some_and(|region| region != *fixed));
        let wrong = wrong.map(|fixed| format!("it is for {}, not for region {fixed}", plan.store.identity));
        let wrong = wrong.chain(self.against_readers(plan));
        let wrong: Vec<String> = wrong.chain(plan.secrets.iter().flat_map(|secret| self.against(secret, plan))).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let error = format!("the plan is not what the policy in .unleak.toml says:\n  {}", wrong.join("\n  "));
        Err(refused(&error).hint("plan again; --env and --tag give tags that are missing"))
    }

    /// What is against the policy in who reads.
    fn against_readers(&self, plan: &Plan) -> Option<String> {
        let other = plan.readers.iter().find(|reader| !self.reader_roles.contains(reader));
        let missing = self.reader_roles.iter().find(|reader| reader.reads_any(plan) && !plan.readers.contains(reader));
        let is_asked = plan.store.backend == Backend::Aws && !self.reader_roles.is_empty();
        (is_asked && (other.is_some() || missing.is_some())).then(|| format!("its readers are not {}", listed(&self.reader_roles)))
    }

    /// What is against the policy in a secret.
    fn against(&self, secret: &PlannedSecret, plan: &Plan) -> Vec<String> {
        let mut wrong = Vec::new();
        let prefix = self.prefix.as_deref().map(|prefix| names::spelled(plan.store.backend, &format!("{}/", prefix.trim_matches('/'))));
        let own = plan.store.own(&secret.name);
        if prefix.as_ref().is_some_and(|prefix| !own.starts_with(prefix)) {
            wrong.push("its name has not the prefix".to_owned());
        } else if let Some(template) = &self.name_template
            && !name::fits(template, own.strip_prefix(prefix.as_deref().unwrap_or_default()).unwrap_or(own), plan.store.backend)
        {
            wrong.push(format!("its name is not by the template {template}"));
        }
        if self.kms_key.is_some() && secret.kms_key != self.kms_key {
            wrong.push("it has another KMS key".to_owned());
        }
        if !self.replica_regions.is_empty() && secret.replica_regions.iter().any(|region| !self.replica_regions.contains(region)) {
            wrong.push("it has a replica in another region".to_owned());
        }
        let has_replicas = limits::refused(plan.store.backend, Action::Replicate).is_none();
        let missing: Vec<&str> =
            self.replica_regions.iter().filter(|region| !secret.replica_regions.contains(region)).map(String::as_str).collect();
        if has_replicas && !missing.is_empty() {
            wrong.push(format!("it has no replica in {}", missing.join(", ")));
        }
        let other = self.tags.iter().filter(|(key, value)| secret.tags.get(*key) != Some(value)).map(|(key, _)| key);
        let missing = self.required_tags.iter().filter(|key| !secret.tags.contains_key(*key));
        wrong.extend(other.chain(missing).map(|key| format!("the tag {key} is missing or another")));
        wrong.into_iter().map(|what| format!("{}: {what}", secret.name)).collect()
    }
}

fn listed(readers: &[Reader]) -> String {
    readers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn refused(error: &str) -> Failure {
    Failure { exit: Exit::Refused, ..Failure::new(&error) }.hint("--no-config goes without the policy, if you may")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn args(words: &[&str]) -> PlanArgs {
        match Args::try_parse_from(["unleak", "migrate"].iter().chain(words)).unwrap().command {
            Command::Migrate(migrate) => migrate.plan,
            other => panic!("a migration, not {other:?}"),
        }
    }

    #[test]
    fn what_the_policy_fixes_is_not_for_the_command_line() {
        let policy = Policy {
            kms_key: Some("alias/a".to_owned()),
            region: Some("eu-west-1".to_owned()),
            replica_regions: vec!["eu-west-2".to_owned()],
            required_tags: vec!["owner".to_owned(), "application".to_owned()],
            tags: BTreeMap::from([("team".to_owned(), "pay".to_owned())]),
            ..Policy::default()
        };
        let known = ["application"];
        let refused = |words: &[&str], region| policy.leaves_open(&args(words), region).map_err(|failure| (failure.exit, failure.error));
        for (words, region, said) in [
            (&["--kms-key", "alias/b"][..], None, "--kms-key alias/b: the policy in .unleak.toml says alias/a"),
            (&[], Some("us-east-1"), "--region us-east-1: the policy in .unleak.toml says eu-west-1"),
            (&["--replica-region", "us-east-1"], None, "--replica-region us-east-1: the policy in .unleak.toml says eu-west-2"),
            (&["--tag", "team=x"], None, "--tag team=x: the policy in .unleak.toml says pay"),
        ] {
            assert_eq!(refused(words, region), Err((Exit::Refused, said.to_owned())));
        }
        assert_eq!(refused(&["--kms-key", "alias/a", "--tag", "owner=x", "--replica-region", "eu-west-2"], Some("eu-west-1")), Ok(()));
        let error = policy.tags(&args(&[]), &known).unwrap_err();
        assert_eq!(error.error, "the policy in .unleak.toml requires tags that are not given: owner");
        let tags = policy.tags(&args(&["--kms-key", "alias/a", "--tag", "owner=x"]), &known).unwrap();
        assert_eq!(tags.into_keys().collect::<Vec<_>>(), ["owner", "team"]);
        for (tag, is_taken) in [("unleak:plan=x", false), ("managed-by=me", false), ("managed-by=unleak", true)] {
            assert_eq!(policy.tags(&args(&["--tag", "owner=x", "--tag", tag]), &known).is_ok(), is_taken, "{tag}");
        }
    }

    #[test]
    fn a_policy_is_checked_itself() {
        let policy = |prefix: &str, template: &str| Policy {
            prefix: Some(prefix.to_owned()),
            name_template: Some(template.to_owned()),
            ..Policy::default()
        };
        assert_eq!(policy("acme/", "{what}").check(), Ok(()));
        assert!(policy("Acme", "{what}").check().is_err());
        assert!(policy("acme", "{who}").check().is_err());
    }
}
