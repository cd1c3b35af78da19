//! Which secrets to be are put together to one, because somebody asked for it. Owns: what is asked for, what belongs together, and what rotates
//! apart. Must not: join anything that was not asked for.
//!
//! Whoever reads a secret reads all of it, and whoever renews one member writes all of it: so what another file reads, too, is joined only where
//! it is named, and what rotates apart only where that is wanted.

use std::collections::{BTreeMap, BTreeSet};

use super::advice;
use super::consumer::Programs;
use super::group::Group;
use super::inventory::Inventory;
use super::make::MakeError;
use super::name;
use crate::finding::Finding;
use crate::patterns::Pattern;
use crate::rewrite::{Strategy, Tree};

/// What becomes one secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joining {
    /// What each is called, and starts of the fingerprints of its findings.
    pub named: Vec<(String, Vec<String>)>,
    /// What belongs together besides.
    pub by: Option<By>,
    /// Whether what rotates apart is joined, too.
    pub mixed: bool,
}

/// What values have to share to belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The file.
    File,
    /// The program.
    Program,
}

/// What joining is done with.
pub struct Ground<'a> {
    /// The places.
    pub inventory: &'a Inventory,
    /// All findings.
    pub findings: &'a [Finding],
    /// The tree.
    pub tree: &'a dyn Tree,
}

impl<'a> Ground<'a> {
    /// The findings of a group.
    fn of(&self, group: &Group) -> Vec<&'a Finding> {
        let numbers: BTreeSet<usize> =
            group.spots.iter().flat_map(|(spot, _)| self.inventory.spots[*spot].findings.iter().copied()).collect();
        numbers.into_iter().map(|number| &self.findings[number]).collect()
    }

    /// What the values of a group rotate with.
    fn rotation(&self, group: &Group) -> String {
        let findings = self.of(group);
        findings.first().map_or_else(String::new, |finding| advice::rotates_as(&finding.pattern, is_database(group, &finding.pattern)))
    }

    /// The file or program that alone uses the values of a group; none where several do. Prose uses nothing.
    fn user(&self, group: &Group, by: By, programs: &Programs) -> Option<String> {
        let used =
            group.spots.iter().map(|(spot, _)| &self.inventory.spots[*spot]).filter(|spot| spot.located.strategy != Strategy::Placeholder);
        let paths: BTreeSet<&str> = used.map(|spot| self.inventory.files[spot.file].path.as_str()).collect();
        let users: BTreeSet<&str> = match by {
            By::File => paths,
            By::Program => paths.into_iter().map(|path| programs.folder(path)).collect(),
        };
        (users.len() == 1).then(|| users.into_iter().collect())
    }
}

/// Words of names that speak of a database.
const DATABASES: [&str; 15] = [
    "db",
    "dbs",
    "database",
    "databases",
    "datasource",
    "jdbc",
    "sql",
    "mysql",
    "mariadb",
    "pg",
    "pgsql",
    "postgres",
    "postgresql",
    "mongo",
    "mongodb",
];

/// Whether a group is the login of a database, and not that of a mail server or a page.
#[must_use]
pub fn is_database(group: &Group, pattern: &Pattern) -> bool {
    let has = |keys: &[&str]| group.parts.iter().any(|part| part.key.as_deref().is_some_and(|key| keys.contains(&key)));
    let what = name::words(group.what.as_deref().unwrap_or_default(), '-');
    let mut words = what.split('-').map(|word| word.trim_end_matches(|character: char| character.is_ascii_digit()));
    let says = words.any(|word| DATABASES.contains(&word));
    has(&["username"]) && (says || has(&["engine", "dbname"]))
        || matches!(pattern.def.detector, Some(crate::patterns::schema::Detector::ConnectionString))
}

/// The groups, with those put together that were asked for.
///
/// # Errors
/// What cannot be, or should not.
pub fn join(groups: Vec<Group>, joining: &Joining, ground: &Ground<'_>) -> Result<Vec<Group>, MakeError> {
    let mut owners: Vec<Option<usize>> = vec![None; groups.len()];
    let mut names: Vec<String> = Vec::new();
    for (name, wanted) in &joining.named {
        let members = members(&groups, name, wanted, ground)?;
        if let Some(twice) = members.iter().find(|group| owners[**group].is_some()) {
            let other = owners[*twice].map_or("", |owner| names[owner].as_str());
            return Err(unfit(format!("--group {name}: {other} has a value of it already")));
        }
        let rotations: BTreeSet<String> = members.iter().map(|&group| ground.rotation(&groups[group])).collect();
        if rotations.len() > 1 && !joining.mixed {
            let rotations = rotations.into_iter().collect::<Vec<_>>().join(", ");
            return Err(unfit(format!(
                "--group {name}: these rotate apart ({rotations}): whoever renews one writes the others again; --mix-rotation joins them all the same"
            )));
        }
        if members.iter().any(|&group| !is_text(&groups[group])) {
            return Err(unfit(format!("--group {name}: a value of it is no text, and JSON holds text")));
        }
        own(&mut owners, members, names.len());
        names.push(name.clone());
    }
    if let Some(by) = joining.by {
        belonging(&groups, by, joining.mixed, ground, &mut owners, &mut names);
    }
    let mut joined: BTreeMap<usize, Vec<Group>> = BTreeMap::new();
    let mut all = Vec::new();
    for (group, owner) in groups.into_iter().zip(owners) {
        match owner {
            Some(owner) => joined.entry(owner).or_default().push(group),
            None => all.push(group),
        }
    }
    all.extend(joined.into_iter().map(|(owner, groups)| together(&names[owner], groups, ground)));
    all.sort_by_key(|group| group.spots.iter().map(|(spot, _)| *spot).min());
    Ok(all)
}

fn unfit(error: String) -> MakeError {
    MakeError::Unfit(error)
}

fn own(owners: &mut [Option<usize>], groups: impl IntoIterator<Item = usize>, owner: usize) {
    for group in groups {
        owners[group] = Some(owner);
    }
}

fn is_text(group: &Group) -> bool {
    group.parts.iter().all(|part| std::str::from_utf8(part.value.expose()).is_ok())
}

/// The groups with these findings.
fn members(groups: &[Group], name: &str, wanted: &[String], ground: &Ground<'_>) -> Result<BTreeSet<usize>, MakeError> {
    let mut members = BTreeSet::new();
    for start in wanted {
        let known: Vec<String> = ground
            .findings
            .iter()
            .map(|finding| finding.fingerprint.to_string())
            .filter(|known| known.starts_with(start.as_str()))
            .collect();
        let [fingerprint] = known.as_slice() else {
            if known.is_empty() {
                return Err(MakeError::NoFinding(start.clone()));
            }
            return Err(unfit(format!("--group {name}: {} findings have fingerprints that start with {start}", known.len())));
        };
        let has = |group: &Group| ground.of(group).iter().any(|finding| finding.fingerprint.to_string() == *fingerprint);
        let group = groups.iter().position(has);
        members
            .insert(group.ok_or_else(|| {
                unfit(format!("--group {name}: nothing of finding {start} is stored; the plan without --group says why"))
            })?);
    }
    Ok(members)
}

/// Has each file or program own what it alone uses, where that is more than one value; what rotates apart apart.
fn belonging(groups: &[Group], by: By, mixed: bool, ground: &Ground<'_>, owners: &mut [Option<usize>], names: &mut Vec<String>) {
    let programs = Programs::of(ground.tree);
    let mut users: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        let Some(user) = ground.user(group, by, &programs).filter(|_| owners[number].is_none() && is_text(group)) else { continue };
        let rotation = if mixed { String::new() } else { ground.rotation(group) };
        users.entry((user, rotation)).or_default().push(number);
    }
    for ((user, _), members) in users.into_iter().filter(|(_, members)| members.len() > 1) {
        own(owners, members, names.len());
        names.push(called(&user));
    }
}

/// What the secret of a file or a program is called: `mail-settings` of `services/mail/settings.py`.
fn called(user: &str) -> String {
    let (above, last) = user.rsplit_once('/').unwrap_or(("", user));
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let stem = if stem.is_empty() { last } else { stem };
    let above = above.rsplit('/').next().unwrap_or_default();
    let name = [above, stem].into_iter().map(|part| name::words(part, '-')).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if name.is_empty() { "secrets".to_owned() } else { name }
}

/// One group of all members: keys are what members are called, those of JSON objects stay where they are free.
fn together(name: &str, groups: Vec<Group>, ground: &Ground<'_>) -> Group {
    let mut out = Group { what: Some(name.to_owned()), parts: Vec::new(), spots: Vec::new(), composed: BTreeSet::new(), is_joined: true };
    let mut taken = BTreeSet::new();
    for group in groups {
        let pattern = ground.of(&group).first().map_or("value", |finding| name::of_pattern(&finding.pattern.def.id));
        let what = name::words(group.what.as_deref().unwrap_or(pattern), '_');
        let mut keys: BTreeMap<Option<String>, String> = BTreeMap::new();
        for mut part in group.parts {
            let key = match &part.key {
                Some(key) if taken.contains(key) => format!("{what}_{key}"),
                Some(key) => key.clone(),
                None => what.clone(),
            };
            let key = name::unique(key, &mut taken);
            keys.insert(part.key.replace(key.clone()), key);
            out.parts.push(part);
        }
        out.spots.extend(group.spots.into_iter().map(|(spot, key)| (spot, keys.get(&key).cloned())));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_programs_name_their_secrets() {
        for (user, name) in [
            ("services/mail/settings.py", "mail-settings"),
            ("services/mail", "services-mail"),
            (".env", "env"),
            ("deploy/.env.prod", "deploy-env"),
            ("", "secrets"),
        ] {
            assert_eq!(called(user), name);
        }
    }
}
