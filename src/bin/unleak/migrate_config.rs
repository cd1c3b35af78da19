//! The organisation's policy of migrations: `[migrate]` in `.unleak.toml`. Owns: its keys, and holding options against it. Must not: plan.

use std::collections::BTreeMap;

use serde::Deserialize;
use unleak::migrate::name;

use crate::failure::{Exit, Failure};
use crate::migrate_args::PlanArgs;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
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
        self.prefix.as_ref().map_or(Ok(()), |prefix| name::check(prefix.trim_end_matches('/')))
    }

    /// The tags of a plan: those of the policy and of the command line.
    ///
    /// # Errors
    /// An option that the policy does not leave open, and a tag that is required and missing.
    pub fn tags(&self, args: &PlanArgs, known: &[&str]) -> Result<BTreeMap<String, String>, Failure> {
        for (option, given, fixed) in [
            ("--name-template", &args.name_template, &self.name_template),
            ("--kms-key", &args.kms_key, &self.kms_key),
            ("--region", &args.region, &self.region),
        ] {
            if let (Some(given), Some(fixed)) = (given, fixed)
                && given != fixed
            {
                let error = format!("{option} {given}: the policy in .unleak.toml says {fixed}");
                return Err(refused(&error).hint("--no-config goes without the policy, if you may"));
            }
        }
        let mut tags = self.tags.clone();
        tags.extend(args.tag.iter().cloned());
        let missing: Vec<&str> =
            self.required_tags.iter().map(String::as_str).filter(|tag| !tags.contains_key(*tag) && !known.contains(tag)).collect();
        if missing.is_empty() {
            return Ok(tags);
        }
        let error = format!("the policy in .unleak.toml requires tags that are not given: {}", missing.join(", "));
        Err(Failure::new(&error).hint(format!("add --tag {}=…", missing[0])))
    }
}

fn refused(error: &str) -> Failure {
    Failure { exit: Exit::Refused, ..Failure::new(&error) }
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
            required_tags: vec!["owner".to_owned(), "application".to_owned()],
            tags: BTreeMap::from([("team".to_owned(), "pay".to_owned())]),
            ..Policy::default()
        };
        let known = ["application"];
        assert_eq!(policy.tags(&args(&["--kms-key", "alias/b", "--tag", "owner=x"]), &known).unwrap_err().exit, Exit::Refused);
        let error = policy.tags(&args(&[]), &known).unwrap_err();
        assert_eq!(error.error, "the policy in .unleak.toml requires tags that are not given: owner");
        let tags = policy.tags(&args(&["--kms-key", "alias/a", "--tag", "owner=x"]), &known).unwrap();
        assert_eq!(tags.into_keys().collect::<Vec<_>>(), ["owner", "team"]);
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
