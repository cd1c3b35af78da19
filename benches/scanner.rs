//! Throughput of the first pass and of the whole engine over one text in memory, with all patterns and with 60: the cost must not grow with
//! their number. And what the judgement costs: all patterns with and without it, and one candidate.
//!
//! `cargo bench` uses this project's own sources; `UNLEAK_BENCH_TREE=/some/tree cargo bench` reads a tree of yours (up to 64 MB of it).

use std::path::Path;

use bstr::BStr;
use divan::counter::{BytesCount, ItemsCount};
use unleak::detect::{self, View};
use unleak::patterns::Catalogue;
use unleak::patterns::schema::Detector;

fn main() {
    divan::main();
}

/// Bytes read at most.
const MOST: usize = 64 << 20;

#[expect(clippy::disallowed_methods, reason = "a benchmark is told its input by the environment")]
fn corpus() -> Vec<u8> {
    let tree = std::env::var_os("UNLEAK_BENCH_TREE");
    let tree = tree.as_deref().map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), Into::into);
    let mut text = Vec::new();
    for entry in ignore::WalkBuilder::new(tree).sort_by_file_path(Path::cmp).build().flatten() {
        if text.len() < MOST && entry.file_type().is_some_and(|kind| kind.is_file()) {
            text.extend(std::fs::read(entry.path()).unwrap_or_default().into_iter().filter(|&byte| byte != 0));
        }
    }
    text
}

/// How many patterns are looked for.
#[derive(Debug, Clone, Copy)]
enum Patterns {
    /// Those told by code (keys, URLs, headers, assignments) and the first others, 60 in all.
    Sixty,
    All,
    /// All but those of the reader of assignments, so that nothing is judged.
    Unjudged,
}

impl Patterns {
    fn catalogue(self) -> Catalogue {
        let all = Catalogue::builtin();
        if matches!(self, Self::All) {
            return all;
        }
        if matches!(self, Self::Unjudged) {
            let defs = all.indices().map(|index| &all.pattern(index).def).filter(|def| def.detector != Some(Detector::Assignment));
            let ids: Vec<&str> = defs.map(|def| def.id.as_str()).collect();
            return Catalogue::of(&ids).expect("because these are ids of the catalogue");
        }
        let (by_code, others): (Vec<_>, Vec<_>) =
            all.indices().map(|index| &all.pattern(index).def).partition(|def| def.detector.is_some());
        let ids: Vec<&str> = by_code.into_iter().chain(others).take(60).map(|def| def.id.as_str()).collect();
        Catalogue::of(&ids).expect("because these are ids of the catalogue")
    }
}

const BOTH: [Patterns; 2] = [Patterns::Sixty, Patterns::All];

#[divan::bench(sample_count = 15, sample_size = 1, args = BOTH)]
fn prefilter(bencher: divan::Bencher<'_, '_>, patterns: Patterns) {
    let catalogue = patterns.catalogue();
    let text = corpus();
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| {
        let mut hits = 0_u64;
        catalogue.prefilter().find(&text, |_, _| hits += 1);
        hits
    });
}

#[divan::bench(sample_count = 15, sample_size = 1, args = [Patterns::Sixty, Patterns::All, Patterns::Unjudged])]
fn engine(bencher: divan::Bencher<'_, '_>, patterns: Patterns) {
    let catalogue = patterns.catalogue();
    let text = corpus();
    let view = View { bytes: &text, path: BStr::new("corpus.txt"), binary: false, depth: 0 };
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| detect::scan(&catalogue, &view).len());
}

/// What one candidate costs from its anchor to its reasons: a line of usual length, its neighbours, a password that takes the whole model.
#[divan::bench(sample_count = 15, sample_size = 1)]
fn candidate(bencher: divan::Bencher<'_, '_>) {
    const LINES: u32 = 20_000;
    let catalogue = Catalogue::builtin();
    let line = |number: u32| format!("    connect(host = db{number}, user = \"ann\", password = \"kraztol{number}\", retries = 3)\n");
    let text: String = (0..LINES).map(line).collect();
    let view = View { bytes: text.as_bytes(), path: BStr::new("src/corpus.py"), binary: false, depth: 0 };
    assert!(detect::scan(&catalogue, &view).len() >= LINES as usize, "every line has a candidate");
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| detect::scan(&catalogue, &view).len());
}

#[divan::bench(sample_count = 15, sample_size = 1)]
fn find_one_byte(bencher: divan::Bencher<'_, '_>) {
    let text = corpus();
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| memchr::memchr_iter(0, &text).count());
}
