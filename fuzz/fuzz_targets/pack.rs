//! Packs of any kind: no panic, no memory beyond the limit, and an object that cannot be read is never passed over. Must not: check what is found.

#![no_main]

#[expect(dead_code, reason = "tests use more of it")]
#[path = "../../tests/it/history/packs.rs"]
mod packs;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use packs::Entry;
use unleak::patterns::Catalogue;
use unleak::scan::{Scanner, Silent};
use unleak::settings::{HistorySettings, Settings};

static SCANNER: LazyLock<Scanner> =
    LazyLock::new(|| Scanner::new(Catalogue::builtin(), Settings { threads: Some(1), ..Settings::default() }));

/// A directory of this process; `/dev/shm` saves the disk where there is one.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let shared = Path::new("/dev/shm");
    let above = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
    above.join(format!("unleak-fuzz-{}", std::process::id()))
});

/// The objects that the input makes: 1 is the commit, 2 its tree, whose files are 3, 4 and so on.
fn entries(mut data: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((&[kind, base, len, wrong], rest)) = data.split_first_chunk::<4>() {
        let (content, rest) = rest.split_at(rest.len().min(usize::from(len)));
        data = rest;
        let id = 3 + entries.len() as u8 % 60;
        let mut entry = match kind % 4 {
            0 => Entry::whole(id, kind >> 2 & 7, content),
            1 => Entry::change(id, 1 + base % 64, content),
            2 => Entry::change_before(id, base.into(), content),
            // Content as it stands in the pack.
            _ => Entry { deflated: content.to_vec(), ..Entry::whole(id, kind >> 2 & 7, content) },
        };
        match wrong {
            255 => entry.crc_error = 1,
            254 => entry.offset = Some(base.into()),
            253 => entry.offset = Some(u64::from(base) << 40),
            252 => entry.size = u64::from(base) << 20,
            251 => entry.deflated.truncate(base.into()),
            _ => {}
        }
        entries.push(entry);
    }
    entries
}

fuzz_target!(|data: &[u8]| {
    let mut all = entries(data);
    all.truncate(60);
    let names: Vec<(String, u8)> = all.iter().map(|entry| (format!("f{}", entry.id), entry.id)).collect();
    let files: Vec<(&str, u8)> = names.iter().map(|(name, id)| (name.as_str(), *id)).collect();
    // What a tree calls a file and is a tree, a commit or a tag is no content; of changes only the walk knows what they are.
    let count = all.iter().filter(|entry| entry.kind == packs::BLOB).count() as u64;
    all.extend(packs::commit_of(1, 2, &files));
    packs::write(&DIRECTORY, 1, &all).expect("because the directory is ours");
    let settings = HistorySettings::new(DIRECTORY.clone());
    if let Ok(report) = SCANNER.history(&settings, &Silent) {
        let coverage = &report.coverage;
        assert!(!coverage.problems.is_empty() || coverage.scanned >= 1 + count, "{} of {count}: {coverage:?}", coverage.scanned);
    }
});
