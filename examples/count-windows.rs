//! Counts the four-byte windows of source code, for `src/detect/windows.txt`: the windows that the first pass had better not look for.
//!
//! `cargo run --release --no-default-features --example count-windows DIRECTORY… >src/detect/windows.txt`
//!
//! Every directory counts the same, however large it is. A window is written with its letters folded as the first pass folds them.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use ignore::WalkBuilder;
use unleak::detect::prefilter::FOLD;

/// Bytes of a directory, and of a file, that are looked at.
const MOST: (usize, usize) = (64 << 20, 16_000);
/// Windows that are written.
const KEPT: usize = 4_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut shares: HashMap<[u8; 4], f64> = HashMap::new();
    let directories: Vec<String> = std::env::args().skip(1).collect();
    for directory in &directories {
        let counts = count(Path::new(directory))?;
        let all: u64 = counts.values().sum();
        for (window, count) in counts {
            *shares.entry(window).or_default() += count as f64 / all as f64 / directories.len() as f64;
        }
    }
    let is_written = |window: &[u8; 4]| window.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_control());
    let mut shares: Vec<(f64, [u8; 4])> =
        shares.into_iter().map(|(window, share)| (share, window)).filter(|(_, window)| is_written(window)).collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut out = String::new();
    for (share, window) in shares.iter().take(KEPT) {
        writeln!(out, "{} {:.0}", String::from_utf8_lossy(window), share * 1e6)?;
    }
    print!("{out}");
    Ok(())
}

/// Windows at every second byte of the text files of a directory.
fn count(directory: &Path) -> Result<HashMap<[u8; 4], u64>, Box<dyn Error>> {
    let (mut counts, mut left) = (HashMap::new(), MOST.0);
    for entry in WalkBuilder::new(directory).sort_by_file_path(Path::cmp).build() {
        let entry = entry?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) || left == 0 {
            continue;
        }
        let bytes = std::fs::read(entry.path())?;
        let bytes = &bytes[..bytes.len().min(MOST.1).min(left)];
        if bytes.contains(&0) {
            continue;
        }
        left -= bytes.len();
        for window in bytes.windows(4).step_by(2) {
            let window = u32::from_le_bytes(window.try_into()?);
            *counts.entry(shown(window | FOLD)).or_default() += 1;
        }
    }
    Ok(counts)
}

/// A folded window with an underscore for what an underscore becomes.
fn shown(window: u32) -> [u8; 4] {
    window.to_le_bytes().map(|byte| if byte == 0x7F { b'_' } else { byte })
}
