//! Revisions of repositories that the library cannot look into: where alternates lead round in a circle, or objects are in quarantine. Owns: the
//! ways up from an id or a name, `~` and `^`. Must not: know more of gitrevisions(7), for which the library is there.

use gix::ObjectId;

use super::database::DatabaseReader;
use super::graph::Commit;

/// The object that a revision names, where `named` knows the names of references.
pub(super) fn resolve(reader: &DatabaseReader, revision: &str, named: impl Fn(&str) -> Option<ObjectId>) -> Option<ObjectId> {
    let (name, mut ways) = revision.split_at(revision.find(['~', '^']).unwrap_or(revision.len()));
    let mut id = ObjectId::from_hex(name.as_bytes()).ok().or_else(|| named(name))?;
    while let Some(way) = ways.chars().next() {
        let rest = ways[1..].trim_start_matches(|digit: char| digit.is_ascii_digit());
        let digits = &ways[1..ways.len() - rest.len()];
        let number = if digits.is_empty() { 1 } else { digits.parse::<usize>().ok()? };
        id = match way {
            '~' => (0..number).try_fold(commit(reader, id)?, |id, _| parent(reader, &id, 1))?,
            '^' if number == 0 => commit(reader, id)?,
            '^' => parent(reader, &commit(reader, id)?, number)?,
            _ => return None,
        };
        ways = rest;
    }
    Some(id)
}

/// What an id leads to when tags are followed.
fn commit(reader: &DatabaseReader, id: ObjectId) -> Option<ObjectId> {
    Some(reader.peel(id).ok()?.id)
}

fn parent(reader: &DatabaseReader, commit: &ObjectId, number: usize) -> Option<ObjectId> {
    Commit::read(reader, commit).ok()?.parents.get(number.checked_sub(1)?).copied()
}
