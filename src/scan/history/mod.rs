//! A repository's whole history. Owns: the order of work. Must not: unpack objects, or decide what is a credential.

mod lines;
mod outcome;
mod versions;

use std::path::Path;

use gix::objs::Kind;

use super::Scanner;
use crate::settings::GitEnvironment;
use crate::source::SourceError;
use crate::source::git::open;
use crate::source::git::pack::{Inventory, walk};

struct NoPaths;
impl versions::Paths for NoPaths {
    fn path(&self, _object: u32, _path: &mut Vec<u8>) -> bool {
        true
    }
}

impl Scanner {
    #[doc(hidden)]
    pub fn history_probe(&self, directory: &Path, delta: bool) -> Result<(), SourceError> {
        let start = std::time::Instant::now();
        let opened = open::open(directory, &GitEnvironment::default())?;
        let inventory = Inventory::open(&[opened.repository.common_dir().join("objects")], opened.repository.object_hash());
        eprintln!("open {:?} {} objects {:?}", start.elapsed(), inventory.len(), inventory.problems);
        let visitors = walk::walk(&inventory, Kind::Blob, 1 << 28, 2, || versions::Blobs::new(self, &NoPaths, delta));
        let mut all = std::collections::BTreeSet::new();
        let mut reported = std::collections::BTreeSet::new();
        let (mut scanned, mut bytes, mut broken) = (0, 0, 0);
        for visitor in &visitors {
            let outcomes = &visitor.outcomes;
            scanned += outcomes.scanned;
            bytes += outcomes.bytes;
            broken += outcomes.broken.len();
            let mut sets = vec![None; outcomes.sets.len()];
            for (set, number) in &outcomes.sets {
                sets[*number as usize] = Some(set);
            }
            for &(object, set) in &outcomes.blobs {
                for secret in sets[set as usize].unwrap() {
                    all.insert((object, *secret));
                    reported.insert(secret.0);
                }
            }
        }
        let mut hash = 0_u64;
        for (object, (fingerprint, verdict)) in &all {
            use std::hash::{Hash, Hasher};
            let mut hasher = std::hash::DefaultHasher::new();
            (object, fingerprint, verdict).hash(&mut hasher);
            hash = hash.wrapping_mul(31).wrapping_add(hasher.finish());
        }
        eprintln!(
            "{:?} scanned {scanned} bytes {bytes} broken {broken}; {} pairs {} secrets hash {hash:x}",
            start.elapsed(),
            all.len(),
            reported.len()
        );
        Ok(())
    }
}
