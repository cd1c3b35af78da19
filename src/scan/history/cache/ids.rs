//! Ids of objects in order, one behind the other, and what belongs to each. Owns: finding an id there, and putting new ones in. Must not: know
//! what the objects are.

use std::cmp::Ordering;

use gix::{ObjectId, oid};

/// The place of an id, or where it would be.
pub(super) fn place(ids: &[u8], id: &oid) -> Result<usize, usize> {
    let id = id.as_bytes();
    let (mut low, mut high) = (0, ids.len() / id.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match ids[middle * id.len()..][..id.len()].cmp(id) {
            Ordering::Equal => return Ok(middle),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

/// Puts new ids, in any order, among `ids`, and what belongs to them among `values`.
pub(super) fn insert<T: Clone>(ids: &mut Vec<u8>, values: &mut Vec<T>, mut new: Vec<(ObjectId, T)>) {
    let Some(id_len) = new.first().map(|(id, _)| id.as_slice().len()) else { return };
    new.sort_unstable_by_key(|(id, _)| *id);
    let (old, old_values) = (std::mem::take(ids), std::mem::take(values));
    let mut copied = 0;
    for (id, value) in new {
        let (Ok(at) | Err(at)) = place(&old, &id);
        ids.extend_from_slice(&old[copied * id_len..at * id_len]);
        ids.extend_from_slice(id.as_slice());
        values.extend_from_slice(&old_values[copied..at]);
        values.push(value);
        copied = at;
    }
    ids.extend_from_slice(&old[copied * id_len..]);
    values.extend_from_slice(&old_values[copied..]);
}
