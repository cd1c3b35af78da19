//! Trees that no commit leads to. Owns: which of them no other holds, so that a path begins there. Must not: look at content.

use super::bits::Bits;
use super::met::Met;
use super::trees::{Class, Trees};

/// The trees, by object, those that are in none of the others first.
pub(crate) fn outermost_first(trees: &Trees, left: &[u32]) -> Vec<u32> {
    let (mut seen, mut inside) = (Bits::new(trees.len()), Bits::new(trees.len()));
    let (mut entries, mut met) = (Vec::new(), Met::default());
    let mut work = trees.most_work();
    for tree in left.iter().filter_map(|&object| trees.place(object)) {
        // A repository made to be expensive: some paths of its trees are cut off.
        if work == 0 {
            break;
        }
        work =
            work.saturating_sub(trees.entries(tree, |base| seen.has(base), |entry| entry.class() == Class::Tree, &mut met, &mut entries));
        seen.add(tree);
        for entry in entries.drain(..) {
            inside.add(entry.child);
        }
    }
    let is_inside = |&object: &u32| trees.place(object).is_some_and(|tree| inside.has(tree));
    let (inner, outer): (Vec<u32>, Vec<u32>) = left.iter().copied().partition(is_inside);
    [outer, inner].concat()
}
