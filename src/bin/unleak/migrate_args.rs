//! Options of `unleak migrate`. Owns: names, values and help. Must not: act on them.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use unleak::migrate::RECOVERY_DAYS;
use unleak::migrate::emit::Emit;
use unleak::migrate::joining::{By, Joining};
use unleak::migrate::policy::Grant;
use unleak::migrate::reader::Reader;
use unleak::reference::Backend;
use unleak::rewrite::Style;

use crate::stores::StoreOptions;

/// What `unleak migrate --help` says.
pub const ABOUT: &str = "Move credentials out of the code into a secrets store, and back";
/// What `unleak migrate --help` says at length.
pub const LONG: &str = "Move credentials out of the code into a secrets store, and back.

Without a subcommand: plan, show the plan, ask, apply. Each value is stored, read back and compared before any file that needs it is touched; then \
its places become references. What the store does not take does not stop the others. A journal in the git directory lets `resume` finish and `undo` take back what was done, byte for byte.";
/// What comes last.
pub const AFTER: &str = "Examples:
  unleak migrate                            the directory you are in, to the local store
  unleak migrate --check                    which permissions are missing; nothing is done
  unleak migrate plan -o plan.json          write the plan, to be reviewed
  unleak migrate apply plan.json            do what it says
  unleak migrate undo                       take it back
  unleak migrate audit                      what became of the secrets

Exit codes:
  0  done, nothing left to do
  2  wrong usage, or a failure before anything was done
  4  done, but the values are in the history and still open what they open: rotate them
  5  denied: the identity lacks a permission, which is named; no file was touched
  6  stale: files changed since the plan was made; nothing was done
  7  refused: it would do harm; nothing was done
  8  begun and not finished, or done but for what the store did not take: `resume` or `undo`";

/// Options of `unleak migrate`.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct MigrateArgs {
    /// What to do
    #[command(subcommand)]
    pub command: Option<MigrateCommand>,
    /// The options of a plan.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// How it is applied.
    #[command(flatten)]
    pub apply: ApplyOptions,
    /// How stores are asked.
    #[command(flatten)]
    pub access: StoreOptions,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum MigrateCommand {
    /// Write a plan: names, references, edits, what is left to you
    Plan {
        /// The options of a plan.
        #[command(flatten)]
        plan: Box<PlanArgs>,
        /// Write the plan to a file, for yourself alone [default: show it]
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
        /// Show the secrets as infrastructure code without values, in place of the plan
        #[arg(long, value_enum, value_name = "LANGUAGE")]
        emit: Option<EmitName>,
    },
    /// Do what a plan says
    Apply {
        /// The plan
        #[arg(value_name = "PLAN", value_hint = ValueHint::FilePath)]
        plan: PathBuf,
        /// Check everything and show the plan, and do nothing
        #[arg(long)]
        dry_run: bool,
        /// How it is applied.
        #[command(flatten)]
        apply: ApplyOptions,
    },
    /// Finish what was begun
    Resume {
        /// How it is applied.
        #[command(flatten)]
        apply: ApplyOptions,
    },
    /// Take a migration back: files first, then what it put into the store
    Undo {
        /// Id of the plan [default: the last one that is not undone]
        #[arg(value_name = "PLAN")]
        plan: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Days in which `store restore` brings back what undo deletes, 7 to 30
        #[arg(long, value_name = "DAYS", default_value_t = RECOVERY_DAYS, value_parser = clap::value_parser!(u8).range(7..=30))]
        recovery_days: u8,
        /// The directory of the tree [default: the work tree you are in, else the directory you are in]
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
    },
    /// Say what was done, and which values still have to be rotated
    Status {
        /// The directory of the tree [default: the work tree you are in, else the directory you are in]
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
    },
    /// Look at the migrated secrets in the store: rotation, use, age, tags, replicas
    Audit {
        /// Days after which a secret has to be rotated, or counts as unused
        #[arg(long, value_name = "DAYS", default_value_t = 90)]
        days: u32,
        /// The directory of the tree [default: the work tree you are in, else the directory you are in]
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
    },
    /// Say that a value was revoked at its provider, so that the one in the history is worth nothing
    Rotated {
        /// Names of the secrets
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Say so although places of the tree still hold the value, and why; it is kept in the journal
        #[arg(long, value_name = "REASON")]
        despite: Option<String>,
        /// The directory of the tree [default: the work tree you are in, else the directory you are in]
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
    },
    /// Write policies, alarms and checks for the secrets of the last migration to files; nothing is sent anywhere
    Policies {
        /// The directory to write them to
        #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath)]
        output: PathBuf,
        /// ARN of a role that reads the secrets, for a resource policy, besides those of the plan; WHAT=ARN reads those of a program or of a
        /// name alone, in which `*` stands for any text (repeatable)
        #[arg(long, value_name = "[WHAT=]ARN")]
        reader_role: Vec<Reader>,
        /// How the policies of readers name what may be read [default: write both kinds]
        #[arg(long, value_enum, value_name = "KIND")]
        policy: Option<GrantName>,
        /// Write the secrets as infrastructure code without values, too
        #[arg(long, value_enum, value_name = "LANGUAGE")]
        emit: Option<EmitName>,
        /// The directory of the tree [default: the work tree you are in, else the directory you are in]
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
    },
    /// Print the JSON schema of plans
    Schema,
}

/// How a plan is applied.
#[derive(Debug, Parser)]
pub struct ApplyOptions {
    /// Do not ask
    #[arg(long, help_heading = "Apply")]
    pub yes: bool,
    /// Ask the store for what the plan needs, name the permissions that are missing, and do nothing
    #[arg(long, help_heading = "Apply")]
    pub check: bool,
    /// Rewrite files that have changes which are not committed
    #[arg(long, help_heading = "Apply")]
    pub allow_dirty: bool,
    /// Refuse to store anything in another account than this
    #[arg(long, value_name = "ACCOUNT", help_heading = "Apply")]
    pub expect_account: Option<String>,
    /// Before a file that git does not have is rewritten, keep a copy that only this age recipient can read (repeatable)
    #[arg(long, value_name = "AGE-KEY", help_heading = "Apply")]
    pub backup: Vec<String>,
    /// The directory of the tree [default: that of the plan]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Apply")]
    pub root: Option<PathBuf>,
}

/// The options of a plan.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct PlanArgs {
    /// The directory to migrate [default: the directory you are in]
    #[arg(value_name = "PATH", value_hint = ValueHint::DirPath)]
    pub path: Option<PathBuf>,
    /// Migrate the finding with this fingerprint, or the start of one, only (repeatable)
    #[arg(long, value_name = "FINGERPRINT", help_heading = "What to migrate")]
    pub finding: Vec<String>,
    /// Migrate the findings of a JSON report of `unleak scan` only
    #[arg(long, value_name = "REPORT", value_hint = ValueHint::FilePath, conflicts_with = "finding", help_heading = "What to migrate")]
    pub from: Option<PathBuf>,
    /// Migrate the findings of this pattern, although something better than a store is advised for them (repeatable)
    #[arg(long, value_name = "PATTERN", help_heading = "What to migrate")]
    pub include: Vec<String>,
    /// Migrate what stands in tests, examples and documentation only, too
    #[arg(long, help_heading = "What to migrate")]
    pub include_tests: bool,
    /// Migrate what the baseline says is false or accepted, too
    #[arg(long, help_heading = "What to migrate")]
    pub no_baseline: bool,

    /// Where values go [default: what .unleak.toml says, else local]
    #[arg(long, value_enum, value_name = "STORE", help_heading = "Store")]
    pub store: Option<StoreName>,
    /// KMS key that encrypts the secrets [default: the store's own]
    #[arg(long, value_name = "KEY", help_heading = "Store")]
    pub kms_key: Option<String>,
    /// Region that gets a replica (repeatable)
    #[arg(long, value_name = "REGION", help_heading = "Store")]
    pub replica_region: Vec<String>,
    /// Tag of all secrets (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag, help_heading = "Store")]
    pub tag: Vec<(String, String)>,
    /// Type of managed external secret, such as SnowflakePat
    #[arg(long, value_name = "TYPE", help_heading = "Store")]
    pub external_type: Option<String>,
    /// ARN of a role that reads the secrets; WHAT=ARN reads those of a program or of a name alone, in which `*` stands for any text; one of
    /// another account takes a --kms-key of your own (repeatable)
    #[arg(long, value_name = "[WHAT=]ARN", help_heading = "Store")]
    pub reader_role: Vec<Reader>,
    /// Where a secret of the same name has another value, make this one its next version
    #[arg(long, help_heading = "Store")]
    pub new_version: bool,

    /// How secrets are named [default: {env}/{app}/{what}]
    #[arg(long, value_name = "TEMPLATE", help_heading = "Names")]
    pub name_template: Option<String>,
    /// The environment in names [default: what paths say]
    #[arg(long, value_name = "NAME", help_heading = "Names")]
    pub env: Option<String>,
    /// The application in names [default: the repository's name]
    #[arg(long, value_name = "NAME", help_heading = "Names")]
    pub app: Option<String>,

    /// Make one JSON secret of these findings, which NAME calls (repeatable); `file` or `program`: of what one file or program alone uses
    #[arg(long, value_name = "NAME=FINGERPRINT,…|file|program", value_parser = group, help_heading = "Names")]
    pub group: Vec<GroupName>,
    /// Put what rotates apart into one secret, too
    #[arg(long, requires = "group", help_heading = "Names")]
    pub mix_rotation: bool,

    /// How places refer to their secrets: `auto` takes what is usual for each, `env` a variable, `sdk` the store's cached client
    #[arg(long, value_enum, value_name = "STYLE", default_value = "auto", help_heading = "Rewriting")]
    pub style: StyleName,
    /// Store a connection string as its fields; code puts it together from them where it can
    #[arg(long, help_heading = "Rewriting")]
    pub split_url: bool,
}

/// The stores by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreName {
    /// An encrypted file of this machine
    Local,
    /// Plain files in a folder outside of the tree, which are not encrypted
    File,
    /// AWS Secrets Manager
    #[cfg(feature = "aws")]
    Aws,
    /// Parameter Store of AWS Systems Manager
    #[cfg(feature = "aws")]
    Ssm,
    /// HashiCorp Vault or OpenBao, the KV engine version 2
    #[cfg(feature = "vault")]
    Vault,
    /// Google Secret Manager
    #[cfg(feature = "gcp")]
    Gcp,
    /// Azure Key Vault
    #[cfg(feature = "azure")]
    Azure,
}

impl StoreName {
    /// The store.
    pub const fn backend(self) -> Backend {
        match self {
            Self::Local => Backend::Local,
            Self::File => Backend::File,
            #[cfg(feature = "aws")]
            Self::Aws => Backend::Aws,
            #[cfg(feature = "aws")]
            Self::Ssm => Backend::Ssm,
            #[cfg(feature = "vault")]
            Self::Vault => Backend::Vault,
            #[cfg(feature = "gcp")]
            Self::Gcp => Backend::Gcp,
            #[cfg(feature = "azure")]
            Self::Azure => Backend::Azure,
        }
    }
}

/// The languages of infrastructure by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EmitName {
    /// A CloudFormation template, as JSON
    Cfn,
    /// Terraform
    Terraform,
    /// A stack of the CDK, in TypeScript
    Cdk,
}

impl EmitName {
    /// The language.
    pub const fn emit(self) -> Emit {
        match self {
            Self::Cfn => Emit::CloudFormation,
            Self::Terraform => Emit::Terraform,
            Self::Cdk => Emit::Cdk,
        }
    }
}

/// The kinds of policies by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GrantName {
    /// By their ARNs: a policy for each secret and each program
    Arn,
    /// By their tags: one policy, and a role reads what has its own application tag
    Abac,
}

impl GrantName {
    /// The kind.
    pub const fn grant(self) -> Grant {
        match self {
            Self::Arn => Grant::Arn,
            Self::Abac => Grant::Abac,
        }
    }
}

/// The styles by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StyleName {
    /// What is usual for each place
    Auto,
    /// Environment variables in code
    Env,
    /// The store's cached client in code
    Sdk,
}

impl StyleName {
    /// The style.
    pub const fn style(self) -> Style {
        match self {
            Self::Auto => Style::Auto,
            Self::Env => Style::Env,
            Self::Sdk => Style::Sdk,
        }
    }
}

/// What becomes one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupName {
    /// What belongs together.
    By(By),
    /// What it is called, and starts of fingerprints.
    Named(String, Vec<String>),
}

/// What is asked to be together.
pub fn joining(groups: &[GroupName], mixed: bool) -> Joining {
    let mut joining = Joining { mixed, ..Joining::default() };
    for group in groups {
        match group {
            GroupName::By(by) => joining.by = joining.by.max(Some(*by)),
            GroupName::Named(name, findings) => joining.named.push((name.clone(), findings.clone())),
        }
    }
    joining
}

fn group(text: &str) -> Result<GroupName, String> {
    let Some((name, findings)) = text.split_once('=') else {
        return match text {
            "file" => Ok(GroupName::By(By::File)),
            "program" => Ok(GroupName::By(By::Program)),
            _ => Err("it must be NAME=FINGERPRINT,…, or file, or program".to_owned()),
        };
    };
    let findings: Vec<String> = findings.split(',').map(|finding| finding.trim().to_owned()).collect();
    if unleak::migrate::name::words(name, '-').is_empty() || findings.iter().any(String::is_empty) {
        return Err("a group has a name, and fingerprints with commas between them".to_owned());
    }
    Ok(GroupName::Named(name.to_owned(), findings))
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it must be KEY=VALUE")?;
    let allowed = |text: &str| text.chars().all(|character| character.is_alphanumeric() || " +-=._:/@".contains(character));
    if key.is_empty() || key.len() > 128 || value.len() > 256 || key.starts_with("aws:") || !allowed(key) || !allowed(value) {
        return Err("a key has 1 to 128, a value up to 256 letters, digits and + - = . _ : / @, and `aws:` is reserved".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_what_stores_take() {
        assert_eq!(tag("team=pay=ments"), Ok(("team".to_owned(), "pay=ments".to_owned())));
        for wrong in ["team", "=x", "aws:x=y", "a\n=b", &format!("{}=x", "k".repeat(129)), &format!("k={}", "v".repeat(257))] {
            assert!(tag(wrong).is_err(), "{wrong}");
        }
    }
}
