//! Progress for a person who waits. Owns: one line on standard error, and when there is one. Must not: slow the work down.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use unleak::scan::Progress;

use crate::env::Environment;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two drawings.
const PERIOD: Duration = Duration::from_millis(100);

/// A line that counts items; it is wiped on drop.
#[derive(Debug)]
pub struct Line {
    total: AtomicU64,
    done: AtomicU64,
    /// When to draw next; none: never.
    next: Option<Mutex<Instant>>,
    drawn: AtomicU64,
}

impl Line {
    /// A line if standard error is a terminal that somebody watches.
    pub fn new(quiet: bool, environment: &Environment) -> Self {
        let is_watched = !quiet && !environment.is_ci && !environment.is_dumb && io::stderr().is_terminal();
        Self {
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
            next: is_watched.then(|| Mutex::new(Instant::now() + PATIENCE)),
            drawn: AtomicU64::new(0),
        }
    }

    fn draw(&self, done: u64) {
        self.drawn.fetch_add(1, Ordering::Relaxed);
        let line = text(done, self.total.load(Ordering::Relaxed));
        // A terminal that is gone does not stop the scan.
        let _ = write!(io::stderr(), "\r\x1b[2K{line}");
    }
}

/// What the line says.
fn text(done: u64, total: u64) -> String {
    match (done * 100).checked_div(total) {
        Some(percent) => format!("unleak: scanned {done} of {total} ({percent} %)"),
        None => format!("unleak: scanned {done}"),
    }
}

impl Progress for Line {
    fn total(&self, items: u64) {
        self.total.store(items, Ordering::Relaxed);
    }

    fn advance(&self, items: u64, _bytes: u64) {
        let Some(next) = &self.next else { return };
        let done = self.done.fetch_add(items, Ordering::Relaxed) + items;
        // Whoever finds another thread drawing has better things to do.
        if let Ok(mut next) = next.try_lock() {
            let now = Instant::now();
            if now >= *next {
                *next = now + PERIOD;
                self.draw(done);
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
        assert_eq!(text(30, 120), "unleak: scanned 30 of 120 (25 %)");
        assert_eq!(text(3, 0), "unleak: scanned 3");
    }

    #[test]
    fn nobody_watches_a_build_service_or_a_quiet_run() {
        let environment = Environment { is_ci: true, ..Environment::default() };
        assert!(Line::new(false, &environment).next.is_none());
        assert!(Line::new(true, &Environment::default()).next.is_none());
    }
}
