//! One value that may be of several accounts. Owns: what people are told about it, so that they decide. Must not: join secrets, or part them.

use std::collections::{BTreeMap, BTreeSet};

use super::edits::is_word;
use super::files::Named;
use super::group::Group;
use super::inventory::{Inventory, Spot};
use super::name;
use crate::rewrite::Strategy;
use crate::secret::Fingerprint;

/// Values of fewer bytes are chosen by people, who choose them again.
const CHOSEN: usize = 12;

/// Warnings of values that stand for more than one account, or may: several secrets have one, or one secret is called what several things are.
#[must_use]
pub fn warnings<'g>(planned: impl Iterator<Item = (&'g Group, &'g Named)> + Clone, inventory: &Inventory) -> Vec<String> {
    let mut names: BTreeMap<Fingerprint, BTreeSet<&str>> = BTreeMap::new();
    for (group, named) in planned.clone() {
        for part in group.parts.iter().filter(|part| part.is_proof()) {
            names.entry(Fingerprint::of(part.value.expose())).or_default().insert(&named.reference.name);
        }
    }
    let mut equal: Vec<BTreeSet<&str>> = names.into_values().filter(|names| names.len() > 1).collect();
    equal.sort();
    let same = equal.into_iter().map(|names| {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        format!("{names} have the same value: whoever has one of them has the others, too; give each its own when they are rotated")
    });
    same.chain(planned.filter_map(|(group, named)| several(group, named, inventory))).collect()
}

/// A secret of one guessable value whose places call it by names of different things.
fn several(group: &Group, named: &Named, inventory: &Inventory) -> Option<String> {
    let [part] = group.parts.as_slice() else { return None };
    let value = part.value.expose();
    if group.is_joined || (value.len() >= CHOSEN && !is_word(value)) {
        return None;
    }
    let mut called: Vec<(String, &Spot)> = Vec::new();
    for (spot, _) in &group.spots {
        let spot = &inventory.spots[*spot];
        let own = spot.located.name.as_deref().filter(|_| spot.located.strategy != Strategy::Placeholder).and_then(name::thing);
        let Some(own) = own else { continue };
        // `spring-datasource-db` and `db` can be one thing.
        let is_known = |(known, _): &(String, &Spot)| known.ends_with(&own) || own.ends_with(known.as_str());
        if !called.iter().any(is_known) {
            called.push((own, spot));
        }
    }
    let place = |spot: &Spot| {
        let file = &inventory.files[spot.file];
        format!("{}:{}", file.path, file.line(spot.located.span.start))
    };
    let places: Vec<String> = called.iter().map(|(own, spot)| format!("{own} ({})", place(spot))).collect();
    (places.len() > 1).then(|| {
        format!(
            "{} is one secret, since its places have one value, which is easy to guess: {}; where these are different accounts, give each a \
             password of its own, and plan again",
            named.reference.name,
            places.join(", ")
        )
    })
}
