//! Plans and outcomes as people read them. Owns: the words. Must not: decide anything.

use std::collections::BTreeSet;
use std::io::{self, Write};

use unleak::blob::visible;
use unleak::migrate::consumer::Consumer;
use unleak::migrate::journal::{Phase, Progress};
use unleak::migrate::permissions::Checked;
use unleak::migrate::plan::{Plan, PlannedSecret, Tracked};
use unleak::migrate::reader;
use unleak::migrate::undo::Undone;
use unleak::migrate::waiting::Unfinished;
use unleak::migrate::{after, diff};
use unleak::reference::Backend;
use unleak::rewrite::arn_of;

/// A plan.
pub fn plan(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    if plan.secrets.is_empty() && plan.todo.is_empty() {
        let is_all = plan.manual.is_empty() && plan.left.is_empty() && plan.warnings.is_empty();
        writeln!(out, "{}", if is_all { "Nothing to migrate." } else { "Nothing to migrate but what is listed here." })?;
        by_people(plan, out)?;
        return section("Warnings", plan.warnings.iter().cloned(), out);
    }
    writeln!(
        out,
        "Plan {}: {} to {}, {} to change",
        plan.id,
        count(plan.secrets.len(), "secret"),
        shown(&plan.store.identity),
        count(plan.files.len(), "file")
    )?;
    for secret in &plan.secrets {
        let places = plan.files.iter().flat_map(|file| &file.places).filter(|place| names(&place.reference, &secret.name)).count();
        let keys: Vec<&str> = secret.members.iter().filter_map(|member| member.key.as_deref()).collect();
        let form = if keys.is_empty() { String::new() } else { format!(", JSON with {}", keys.join(", ")) };
        writeln!(out, "\n{}  ({}{form})\n  {}", secret.name, count(places, "place"), shown(&secret.description))?;
        writeln!(out, "  belongs in {}", shown(&secret.service))?;
        let readers: Vec<&str> =
            plan.consumers.iter().filter(|consumer| consumer.secrets.contains(&secret.name)).map(Consumer::title).collect();
        if !readers.is_empty() {
            writeln!(out, "  read by {}", shown(&readers.join(", ")))?;
        }
        let roles = reader::arns(plan.readers.iter().filter(|reader| reader.reads(plan, &secret.name)));
        if !roles.is_empty() {
            writeln!(out, "  policies are for {}", shown(&roles.join(", ")))?;
        }
        describe(secret, out)?;
    }
    for file in &plan.files {
        let note = if file.tracked == Tracked::No && file.before.is_some() { "  (git does not have this file)" } else { "" };
        writeln!(out, "\n{}{note}", shown(&file.path))?;
        for place in &file.places {
            writeln!(out, "  line {}: {}", place.line, shown(&place.reason))?;
        }
        let arns: BTreeSet<&str> = file.edits.iter().flat_map(|edit| &edit.arns).map(|arn| arn.secret.as_str()).collect();
        for secret in arns {
            writeln!(out, "  {}: the store makes it up; it is put in when the secret is stored", arn_of(secret))?;
        }
        // It can have been edited by anybody.
        write!(out, "{}", diff::lines(file.diff.as_bytes()))?;
        if !file.diff.ends_with('\n') {
            writeln!(out)?;
        }
    }
    by_people(plan, out)?;
    section("To start it with", after::starts(plan).into_iter(), out)?;
    section("To do besides", plan.todo.iter().cloned(), out)?;
    section("Warnings", plan.warnings.iter().cloned().chain(untracked(plan)), out)?;
    let cost = &plan.cost;
    let replicas = plan.secrets.first().map_or(0, |secret| secret.replica_regions.len());
    let of_replicas = match plan.store.backend {
        Backend::Aws if replicas > 0 => {
            let share = cost.secrets * replicas as f64 / (replicas + 1) as f64;
            format!(", ${share:.2} of it for replicas in {}", count(replicas, "region"))
        }
        _ => String::new(),
    };
    writeln!(out, "\nEstimate: ${:.2} a month ({} calls to the store){of_replicas}, from public examples", cost.dollars_a_month, cost.calls)
}

/// What a secret will have besides its value.
fn describe(secret: &PlannedSecret, out: &mut dyn Write) -> io::Result<()> {
    let tags: Vec<String> = secret.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    writeln!(out, "  tags {}", shown(&tags.join(", ")))?;
    if let Some(key) = &secret.kms_key {
        writeln!(out, "  encrypted with {}", shown(key))?;
    }
    if !secret.replica_regions.is_empty() {
        writeln!(out, "  replicas in {}", shown(&secret.replica_regions.join(", ")))?;
    }
    writeln!(out, "  rotation: {}", shown(&secret.rotation))
}

/// What is left to people, and what is left as it is.
fn by_people(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let manual = plan.manual.iter().map(|place| format!("{}:{}: {}; {}", place.path, place.line, place.reason, place.advice));
    section("To rewrite by hand", manual, out)?;
    let left = plan.left.iter().map(|left| format!("{} ({}): {}; {}", left.place, left.pattern, left.reason, left.advice));
    section("Not migrated", left, out)
}

/// What to know of files that git does not have.
fn untracked(plan: &Plan) -> Option<String> {
    let files = plan.files.iter().filter(|file| file.tracked == Tracked::No && file.before.is_some() && !file.places.is_empty());
    let paths: Vec<&str> = files.map(|file| file.path.as_str()).collect();
    (!paths.is_empty()).then(|| {
        format!(
            "git does not have {}: afterwards the store holds the only copy of their values; --backup AGE-KEY keeps an encrypted copy of the files",
            paths.join(", ")
        )
    })
}

fn names(reference: &str, name: &str) -> bool {
    let rest = reference.split_once("://").map_or(reference, |(_, rest)| rest);
    rest.split(['#', '?']).next() == Some(name)
}

fn section(title: &str, lines: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    for (at, line) in lines.enumerate() {
        if at == 0 {
            writeln!(out, "\n{title}:")?;
        }
        writeln!(out, "- {}", shown(&line))?;
    }
    Ok(())
}

/// What the identity may and may not.
pub fn permissions(plan: &Plan, checked: &Checked, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Asked {} for what {} of plan {} take; nothing was stored.",
        shown(&plan.store.identity),
        count(plan.secrets.len(), "secret"),
        plan.id
    )?;
    for action in &checked.allowed {
        writeln!(out, "  allowed  {action}")?;
    }
    for (action, secrets) in &checked.missing {
        let names: Vec<&str> = secrets.iter().map(String::as_str).collect();
        writeln!(out, "  missing  {}  ({})", shown(action), names.join(", "))?;
    }
    section("Not asked, since only doing it shows whether it is allowed", checked.unasked.iter().cloned(), out)
}

/// What was done, and what comes next.
pub fn applied(plan: &Plan, progress: &Progress, left: &[String], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Migrated: {} in {}, {} rewritten",
        count(plan.secrets.len(), "secret"),
        shown(&plan.store.identity),
        count(plan.files.len(), "file")
    )?;
    for secret in &plan.secrets {
        writeln!(out, "  {}  {}", secret.name, after::origin(progress, &secret.name))?;
    }
    section("Still in the tree", left.iter().cloned(), out)?;
    writeln!(out, "\nWhat to do now:")?;
    for (number, step) in after::steps(plan, progress).iter().enumerate() {
        writeln!(out, "{}. {}", number + 1, shown(&step.title))?;
        for line in &step.lines {
            writeln!(out, "   {}", shown(line))?;
        }
    }
    writeln!(out, "\n`unleak migrate undo` takes all of it back.")
}

/// What was done where the store did not take every secret.
pub fn unfinished(plan: &Plan, unfinished: &Unfinished, out: &mut dyn Write) -> io::Result<()> {
    let applied = &unfinished.applied;
    writeln!(
        out,
        "Not finished: {} of {} in {}, {} of {} rewritten",
        applied.secrets.len(),
        count(plan.secrets.len(), "secret"),
        shown(&plan.store.identity),
        applied.files.len(),
        count(plan.files.len(), "file")
    )?;
    section("Files that wait", unfinished.waiting.iter().map(|file| format!("{}: {}", file.what, file.reason)), out)?;
    section("Stored", applied.secrets.iter().cloned(), out)?;
    section("Rewritten", applied.files.iter().cloned(), out)
}

/// What undo did.
pub fn undone(undone: &Undone, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Undone: {} restored, {} taken back", count(undone.files.len(), "file"), count(undone.removed.len(), "secret"))?;
    let changed =
        undone.changed.iter().map(|path| format!("{path}: what the plan added is out; run its package manager for what that added"));
    section("Other lines changed since, and stay", changed, out)?;
    let kept = undone.kept.iter().map(|kept| format!("{}: {}", kept.what, kept.reason));
    section("Kept in the store", kept, out)
}

/// All plans.
pub fn status(plans: &[(Plan, Progress)], out: &mut dyn Write) -> io::Result<()> {
    if plans.is_empty() {
        return writeln!(out, "Nothing was migrated here.");
    }
    for (plan, progress) in plans {
        writeln!(
            out,
            "{}  {}  {} in {}",
            plan.id,
            progress.phase.name(),
            count(plan.secrets.len(), "secret"),
            shown(&plan.store.identity)
        )?;
        for reason in progress.failed.values() {
            writeln!(out, "  not stored: {}", shown(reason))?;
        }
        for name in progress.rotation_pending() {
            let revoke = plan.secret(name).map_or("", |secret| secret.revoke.as_str());
            let exposed = if plan.is_in_history(name) { "is in the history" } else { "stood in a file in the clear" };
            writeln!(out, "  {name}: to be rotated; the old value {exposed} ({})", shown(revoke))?;
        }
        for (name, reason) in progress.rotated.iter().filter_map(|(name, despite)| Some((name, despite.as_ref()?))) {
            writeln!(out, "  {name}: said to be rotated although places of the tree held the old value: {}", shown(reason))?;
        }
    }
    if plans.iter().any(|(_, progress)| progress.phase == Phase::Applied) {
        writeln!(out, "What the store says of their rotation, use, age, tags and replicas: unleak migrate audit")?;
    }
    Ok(())
}

/// `2 files`, `1 file`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn shown(text: &str) -> String {
    visible(text.as_bytes())
}
