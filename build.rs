//! Turns `patterns/*.toml` into tables: one serialised record a pattern, the anchor literals and their filter. Nothing is parsed at start-up.

#![expect(clippy::disallowed_methods, reason = "a build script reads its environment and writes its output")]
#![expect(dead_code, reason = "the library uses what the build script does not")]

#[path = "src/patterns/anchors.rs"]
mod anchors;
#[path = "src/detect/prefilter.rs"]
mod prefilter;
#[path = "src/patterns/schema.rs"]
mod schema;
#[path = "src/patterns/shape.rs"]
mod shape;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    println!("cargo::rerun-if-changed=patterns");
    println!("cargo::rustc-env=UNLEAK_JUDGE={:016x}", judge()?);
    let patterns = read_patterns(Path::new("patterns"))?;
    let mut records = Vec::new();
    let mut offsets = Vec::new();
    for pattern in &patterns {
        offsets.push(records.len());
        records.extend(postcard::to_allocvec(pattern)?);
    }
    offsets.push(records.len());
    let table = anchors::table(patterns.iter().map(|pattern| &pattern.def).enumerate())?;
    let filter = prefilter::Prefilter::new(&table.literals);
    let tables = filter.tables();
    let ids: Vec<&str> = patterns.iter().map(|pattern| pattern.def.id.as_str()).collect();

    let mut source = String::new();
    writeln!(source, "pub static IDS: &[&str] = &{ids:?};")?;
    let opt_in: Vec<usize> = patterns.iter().enumerate().filter(|(_, pattern)| pattern.def.opt_in).map(|(index, _)| index).collect();
    writeln!(source, "pub static OPT_IN: &[u16] = &{opt_in:?};")?;
    writeln!(source, "pub static OFFSETS: &[u32] = &{offsets:?};")?;
    // One list and where each literal's part of it starts: a list of lists would be pointers, which every start of the program fills in.
    let mut starts = vec![0];
    starts.extend(table.targets.iter().scan(0, |end, targets| {
        *end += targets.len();
        Some(*end)
    }));
    writeln!(source, "pub static TARGET_STARTS: &[u32] = &{starts:?};")?;
    writeln!(source, "pub static TARGETS: &[u16] = &{:?};", table.targets.concat())?;
    writeln!(source, "pub static FILTER: crate::detect::prefilter::Tables<'static> = crate::detect::prefilter::Tables {{")?;
    writeln!(
        source,
        "filter: &{:?}, seeds: &{:?}, slots: &{:?}, ranges: &{:?}, windows: &{:?},",
        tables.filter, tables.seeds, tables.slots, tables.ranges, tables.windows
    )?;
    writeln!(source, "entries: &{:?}, starts: &{:?}, text: &{:?},", tables.entries, tables.starts, tables.text)?;
    writeln!(source, "needs: &{:?}, kinds: &{{ use crate::detect::prefilter::Needs; {:?} }} }};", tables.needs, tables.kinds)?;
    // Lines stay short: a diagnostic that quotes one must not fill the disk.
    let source = source.replace(", ", ",\n");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("catalogue.rs"), source)?;
    std::fs::write(out.join("patterns.bin"), records)?;
    Ok(())
}

/// What decides about texts, besides the patterns.
const JUDGES: [&str; 4] = ["src/detect", "src/patterns", "src/scan", "src/suppress"];

/// A number that changes with whatever decides about texts (FNV-1a over the files), so that outcomes of another judge are not taken for ours.
fn judge() -> Result<u64, Error> {
    let mut waiting: Vec<PathBuf> = JUDGES.iter().map(PathBuf::from).collect();
    for folder in JUDGES {
        println!("cargo::rerun-if-changed={folder}");
    }
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        } else {
            files.push(path);
        }
    }
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in files {
        for byte in std::fs::read(file)? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(hash)
}

/// All patterns, by id.
fn read_patterns(folder: &Path) -> Result<Vec<schema::Pattern>, Error> {
    let mut patterns = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path)?;
            let file = schema::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            if path.file_stem().is_none_or(|stem| *stem != *file.provider) {
                return Err(format!("{}: provider = {:?} must be the file's name", path.display(), file.provider).into());
            }
            patterns.extend(file.into_patterns());
        }
    }
    patterns.sort_by(|a, b| a.def.id.cmp(&b.def.id));
    match patterns.windows(2).find(|pair| pair[0].def.id == pair[1].def.id) {
        Some(pair) => Err(format!("two patterns have the id {}", pair[0].def.id).into()),
        None => Ok(patterns),
    }
}
