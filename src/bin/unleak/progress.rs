//! Progress for a person who waits. Owns: one line on standard error, and when there is one. Must not: slow the work down.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use unleak::scan::{Progress, Stage};

use crate::env::Environment;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two drawings.
const PERIOD: Duration = Duration::from_millis(100);
/// After this much of the items the time that is left is told.
const TELLING: u64 = 20;

/// A line that counts items; it is wiped on drop.
#[derive(Debug)]
pub struct Line {
    total: AtomicU64,
    done: AtomicU64,
    /// When items began to be counted, and when to draw next; none: never.
    times: Option<Mutex<(Instant, Instant)>>,
    drawn: AtomicU64,
}

impl Line {
    /// A line if standard error is a terminal that somebody watches.
    pub fn new(quiet: bool, environment: &Environment) -> Self {
        let is_watched = !quiet && !environment.is_ci && !environment.is_dumb && io::stderr().is_terminal();
        let now = Instant::now();
        Self {
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
            times: is_watched.then(|| Mutex::new((now, now + PATIENCE))),
            drawn: AtomicU64::new(0),
        }
    }

    fn draw(&self, line: &str) {
        self.drawn.fetch_add(1, Ordering::Relaxed);
        // A terminal that is gone does not stop the scan.
        let _ = write!(io::stderr(), "\r\x1b[2K{line}");
    }
}

/// What the line says after `elapsed`.
fn text(done: u64, total: u64, elapsed: Duration) -> String {
    let Some(percent) = (done * 100).checked_div(total) else { return format!("unleak: scanned {done}") };
    let counted = format!("unleak: scanned {done} of {total} ({percent} %)");
    if done == 0 || done < total.div_ceil(TELLING) {
        return counted;
    }
    let left = elapsed.mul_f64(total.saturating_sub(done) as f64 / done as f64).as_secs_f64().ceil();
    if left < 60.0 { format!("{counted}, {left} s left") } else { format!("{counted}, {} min left", (left / 60.0).ceil()) }
}

impl Progress for Line {
    fn stage(&self, stage: Stage) {
        let Some(times) = &self.times else { return };
        let words = match stage {
            Stage::Commits => "unleak: reading commits and directories",
            Stage::Content => "unleak: scanning the content of files",
            Stage::Exposure | Stage::Rest => "unleak: following secrets through the history",
        };
        let next = times.lock().unwrap_or_else(PoisonError::into_inner).1;
        if Instant::now() >= next {
            self.draw(words);
        }
    }

    fn total(&self, items: u64) {
        self.total.store(items, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        if let Some(times) = &self.times {
            times.lock().unwrap_or_else(PoisonError::into_inner).0 = Instant::now();
        }
    }

    fn advance(&self, items: u64, _bytes: u64) {
        let Some(times) = &self.times else { return };
        let done = self.done.fetch_add(items, Ordering::Relaxed) + items;
        // Whoever finds another thread drawing has better things to do.
        if let Ok(mut times) = times.try_lock() {
            let now = Instant::now();
            if now >= times.1 {
                times.1 = now + PERIOD;
                self.draw(&text(done, self.total.load(Ordering::Relaxed), now - times.0));
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.drawn.load(Ordering::Relaxed) > 0 {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts() {
        let seconds = Duration::from_secs;
        assert_eq!(text(30, 120, seconds(4)), "unleak: scanned 30 of 120 (25 %), 12 s left");
        assert_eq!(text(30, 120, seconds(60)), "unleak: scanned 30 of 120 (25 %), 3 min left");
        assert_eq!(text(120, 120, seconds(4)), "unleak: scanned 120 of 120 (100 %), 0 s left");
        assert_eq!(text(5, 120, seconds(4)), "unleak: scanned 5 of 120 (4 %)");
        assert_eq!(text(3, 0, seconds(4)), "unleak: scanned 3");
    }

    #[test]
    fn nobody_watches_a_build_service_or_a_quiet_run() {
        let environment = Environment { is_ci: true, ..Environment::default() };
        assert!(Line::new(false, &environment).times.is_none());
        assert!(Line::new(true, &Environment::default()).times.is_none());
    }
}
