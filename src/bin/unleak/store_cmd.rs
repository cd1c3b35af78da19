//! `unleak store`. Owns: listing a store and copying secrets from one to another. Must not: print a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueHint};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use unleak::reference::Backend;
use unleak::store::local::keyring::LASTS;
use unleak::store::{CURRENT, Description, NewSecret, SecretStore, StoreError, Tags, Version, names, object};

use crate::env::Environment;
use crate::failure::{Exit, Failure, note};
use crate::migrate_args::StoreName;
use crate::migrate_failure::store_failure;
use crate::store_references::Copied;
use crate::stores::{StoreOptions, Stores};
use crate::{output, stores};

/// Options of `unleak store`.
#[derive(Debug, Parser)]
pub struct StoreArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: StoreCommand,
    #[command(flatten)]
    pub store: StoreOptions,
}

/// What to do with a store.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Make the key of the local store, encrypted if UNLEAK_PASSPHRASE is set, and say where it is
    Init,
    /// Keep the passphrase of the local store's key in the keyring of the system, so that it is not asked for again
    Unlock,
    /// Take that passphrase out of the keyring again
    Lock,
    /// List the secrets of a store: names, when they changed, what they are; never their values
    List {
        /// The store
        #[arg(value_name = "STORE", default_value = "local")]
        store: StoreName,
        /// Only names that start with this
        #[arg(long, value_name = "TEXT", default_value = "")]
        prefix: String,
    },
    /// Copy the current value, the description and the tags of secrets to another store; nothing there is overwritten. References to the first store that
    /// stand in the tree are named
    Copy {
        /// The store to read
        #[arg(value_name = "FROM")]
        from: StoreName,
        /// The store to write
        #[arg(value_name = "TO")]
        to: StoreName,
        /// Only names that start with this
        #[arg(long, value_name = "TEXT", default_value = "")]
        prefix: String,
        /// Give references to the first store that stand in these files the other one, if their secret is there
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        references: Option<PathBuf>,
        /// Copy and rewrite nothing, say what that would be
        #[arg(long)]
        dry_run: bool,
    },
    /// Take a deletion back while its window is open
    Restore {
        /// The store
        #[arg(value_name = "STORE")]
        store: StoreName,
        /// The secret
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Runs the command.
///
/// # Errors
/// A store that cannot be used, secrets that cannot be copied.
pub fn run(args: &StoreArgs, environment: &Environment) -> Result<Exit, Failure> {
    let stores = Stores::at(Path::new("."), &args.store, environment)?;
    let open = |store: StoreName| stores.open(store.backend(), None);
    match &args.command {
        StoreCommand::Init => {
            let key = stores::new_key(environment)?;
            say(&format!(
                "the key of the local store is {}; keep a copy of it where you keep keys: without it nothing can be read\n",
                key.display()
            ))
        }
        StoreCommand::Unlock => {
            let file = stores::unlock(environment)?;
            say(&format!("the passphrase of {} is {LASTS}\n", file.display()))
        }
        StoreCommand::Lock => {
            let (file, was_there) = stores::lock(environment)?;
            let said = if was_there { "is out of the keyring" } else { "was in no keyring" };
            say(&format!("the passphrase of {} {said}\n", file.display()))
        }
        StoreCommand::List { store, prefix } => list(open(*store)?.as_ref(), prefix),
        StoreCommand::Copy { from, to, .. } if from.backend() == to.backend() => Err(Failure::new(&"a store cannot be copied to itself")),
        StoreCommand::Copy { from, to, prefix, references, dry_run } => {
            if !dry_run {
                stores::make_key_if_new(to.backend(), environment)?;
            }
            let how = Copying { prefix, references: references.as_deref(), dry_run: *dry_run, region: args.store.region() };
            copy(open(*from)?.as_ref(), open(*to)?.as_ref(), &how)
        }
        StoreCommand::Restore { store, name } => {
            open(*store)?.restore(name).map_err(store_failure)?;
            say(&format!("{name} is restored\n"))
        }
    }
}

fn say(text: &str) -> Result<Exit, Failure> {
    output::to_stdout(|out| out.write_all(text.as_bytes())).map(|()| Exit::Clean)
}

fn known(store: &dyn SecretStore, prefix: &str) -> Result<Vec<Description>, Failure> {
    let mut all = store.list(&Tags::new()).map_err(store_failure)?;
    all.retain(|known| known.name.starts_with(prefix));
    Ok(all)
}

fn list(store: &dyn SecretStore, prefix: &str) -> Result<Exit, Failure> {
    let mut text = String::new();
    for known in known(store, prefix)? {
        let state = if known.deleted.is_some() { "deleted" } else { "live" };
        // Not every list tells versions.
        let versions = if known.versions.is_empty() { "-".to_owned() } else { format!("{} versions", known.versions.len()) };
        let _ = writeln!(text, "{}\t{state}\t{versions}\t{}", known.name, known.description);
    }
    say(&text)
}

/// How secrets are copied.
struct Copying<'a> {
    prefix: &'a str,
    references: Option<&'a Path>,
    dry_run: bool,
    region: Option<&'a str>,
}

fn copy(from: &dyn SecretStore, to: &dyn SecretStore, how: &Copying<'_>) -> Result<Exit, Failure> {
    let (mut text, mut refused, mut taken) = (String::new(), Vec::new(), BTreeMap::new());
    let (region, names) = (how.region.map(str::to_owned), BTreeMap::new());
    let mut copied = Copied { from: from.backend(), to: to.backend(), region, names };
    for known in known(from, how.prefix)?.iter().filter(|known| known.deleted.is_none()) {
        let own = known.name.strip_prefix(&from.root()).unwrap_or(&known.name);
        let name = to.root() + &names::spelled(to.backend(), own);
        if let Some(first) = taken.insert(name.clone(), known.name.clone()) {
            refused.push(format!("{}: in {} it has the name of {first}", known.name, to.backend().title()));
            continue;
        }
        let outcome = if how.dry_run { Ok("to be copied") } else { copy_one(from, to, known, &name) };
        match outcome {
            Ok(outcome) => {
                copied.names.extend([(known.id.clone(), name.clone()), (known.name.clone(), name)]);
                let _ = writeln!(text, "{}\t{outcome}", known.name);
            }
            Err(error @ (StoreError::Exists { .. } | StoreError::PendingDeletion { .. } | StoreError::Invalid { .. })) => {
                refused.push(error.to_string());
            }
            Err(error) => return Err(store_failure(error)),
        }
    }
    match how.references {
        Some(root) => text += &copied.rewrite(root, how.dry_run)?,
        None => copied.left(Path::new("."))?.iter().for_each(|left| note(left)),
    }
    say(&text)?;
    if refused.is_empty() {
        return Ok(Exit::Clean);
    }
    let error = format!("not copied:\n  {}", refused.join("\n  "));
    Err(Failure { exit: Exit::Refused, ..Failure::new(&error) })
}

/// Copies a secret to this name.
fn copy_one(from: &dyn SecretStore, to: &dyn SecretStore, known: &Description, name: &str) -> Result<&'static str, StoreError> {
    let whole = if known.versions.is_empty() { from.describe(&known.name)? } else { None };
    let known = whole.as_ref().unwrap_or(known);
    let value = object::normal(to.backend(), &from.read(&known.name, &Version::Stage(CURRENT))?);
    let new = NewSecret {
        name,
        value: &value,
        description: &known.description,
        tags: &known.tags,
        kms_key: None,
        replica_regions: &[],
        external_type: None,
        token: &token(to.backend(), known),
    };
    let outcome = match to.create(&new) {
        Ok(_) => "copied",
        Err(StoreError::Exists { name }) => {
            let there = to.read(&name, &Version::Stage(CURRENT))?;
            let is_equal: bool = there.expose().ct_eq(value.expose()).into();
            if !is_equal {
                return Err(StoreError::Exists { name });
            }
            "there already"
        }
        Err(error) => return Err(error),
    };
    let back = to.read(name, &Version::Stage(CURRENT))?;
    let is_equal: bool = back.expose().ct_eq(value.expose()).into();
    if is_equal { Ok(outcome) } else { Err(StoreError::Unreachable(format!("{}: the store gave back another value", known.name))) }
}

/// The same for each try to copy the same version; it says nothing of the value.
fn token(to: Backend, known: &Description) -> String {
    let current = known.versions.iter().find(|(_, stages)| stages.iter().any(|stage| stage == CURRENT)).map(|(id, _)| id.as_str());
    let text = ["unleak copy 1", to.name(), &known.id, current.unwrap_or_default()].join("\0");
    HEXLOWER.encode(&Sha256::digest(text))
}
