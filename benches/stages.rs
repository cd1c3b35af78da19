//! What the stages of a scan of a history cost: `cargo bench --bench stages -- REPOSITORY` prints the CPU seconds of each, as Linux counts them
//! for the process. Owns: that clock. Must not: compare.

use std::path::PathBuf;
use std::sync::Mutex;

use unleak::patterns::Catalogue;
use unleak::scan::{Progress, Scanner, Stage};
use unleak::settings::{HistorySettings, Settings};

/// CPU seconds of this process; clock ticks are hundredths of a second.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this needs Linux");
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: f64 = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// Notes when stages begin.
struct Clock(Mutex<Vec<(&'static str, f64)>>);

impl Progress for Clock {
    fn stage(&self, stage: Stage) {
        let name = match stage {
            Stage::Commits => "commits",
            Stage::Content => "content",
            Stage::Exposure => "exposure",
            Stage::Rest => "rest",
        };
        self.0.lock().expect("no thread panics").push((name, cpu()));
    }

    fn total(&self, _items: u64) {}

    fn advance(&self, _items: u64, _bytes: u64) {}
}

fn main() {
    let Some(repository) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else { return };
    let clock = Clock(Mutex::new(Vec::new()));
    let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
    scanner.history(&HistorySettings::new(PathBuf::from(repository)), &clock).expect("a repository");
    let mut times = clock.0.into_inner().expect("no thread panics");
    times.push(("end", cpu()));
    for stages in times.windows(2) {
        println!("{} {:.2}", stages[0].0, stages[1].1 - stages[0].1);
    }
}
