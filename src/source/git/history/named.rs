//! Which trees have entries of given names. Owns: finding one for each name. Must not: look at content.

use std::collections::{BTreeMap, BTreeSet};

use super::bits::Bits;
use super::met::Met;
use super::trees::Trees;

/// For each of the names a tree that has it: the first, by id, of the trees that `reached` has by object. None for a name that no such tree has,
/// or where a repository is made so that it takes too long.
pub(crate) fn holders(trees: &Trees, reached: &Bits, names: &BTreeSet<u32>) -> BTreeMap<u32, u32> {
    let mut found = BTreeMap::new();
    let mut seen = Bits::new(trees.len());
    let (mut entries, mut met) = (Vec::new(), Met::default());
    let mut work = trees.most_work();
    for tree in reached.iter().filter_map(|object| trees.place(object)) {
        if found.len() == names.len() || work == 0 {
            break;
        }
        let looked_at = trees.entries(tree, |base| seen.has(base), |entry| names.contains(&entry.name()), &mut met, &mut entries);
        let has_base = trees.base(tree).is_some_and(|base| !seen.has(base));
        work = work.saturating_sub(if has_base { looked_at } else { 0 });
        seen.add(tree);
        for entry in entries.drain(..) {
            found.entry(entry.name()).or_insert(tree);
        }
    }
    found
}
