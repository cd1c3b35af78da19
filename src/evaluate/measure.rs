//! Figures of outcomes. Owns: precision, recall, F1, their intervals, the area under precision and recall, calibration. Must not: know text.

use std::collections::BTreeMap;

use super::Outcome;

/// Repositories are drawn this often for an interval.
const DRAWS: usize = 1000;
/// Bins of the calibration error.
const BINS: usize = 10;
/// Probability below which a candidate makes no promise that could be broken.
const PROMISE: f32 = 0.05;

/// What was found, what was found wrongly, what was missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Credentials found.
    pub found: u64,
    /// Findings that are none.
    pub wrong: u64,
    /// Credentials not found.
    pub missed: u64,
}

impl Counts {
    /// Counts outcomes at a threshold.
    #[must_use]
    pub fn of<'o>(outcomes: impl IntoIterator<Item = &'o Outcome>, threshold: f32) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            match (outcome.is_credential, outcome.probability >= threshold) {
                (true, true) => counts.found += 1,
                (true, false) => counts.missed += 1,
                (false, true) => counts.wrong += 1,
                (false, false) => {}
            }
        }
        counts
    }

    fn add(&mut self, other: Self) {
        self.found += other.found;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }

    /// Share of findings that are credentials; 1 where there are none.
    #[must_use]
    pub fn precision(self) -> f64 {
        share(self.found, self.wrong)
    }

    /// Share of credentials that are found; 1 where there are none.
    #[must_use]
    pub fn recall(self) -> f64 {
        share(self.found, self.missed)
    }

    /// The harmonic mean of both.
    #[must_use]
    pub fn f1(self) -> f64 {
        let (wrong, right) = (self.wrong + self.missed, 2 * self.found);
        share(right, wrong)
    }
}

fn share(part: u64, rest: u64) -> f64 {
    if part + rest == 0 { 1.0 } else { part as f64 / (part + rest) as f64 }
}

/// Two numbers between which a figure lies in 95 of 100 draws of repositories.
pub type Interval = (f64, f64);

/// Whether all outcomes are of one repository: its files are drawn then.
#[must_use]
pub fn is_one_repository(outcomes: &[Outcome]) -> bool {
    outcomes.windows(2).all(|pair| pair[0].repo == pair[1].repo)
}

/// Intervals of precision, recall and F1, by drawing repositories with replacement, or the files of a single one. The same outcomes give the
/// same intervals.
#[must_use]
pub fn intervals(outcomes: &[Outcome], threshold: f32) -> [Interval; 3] {
    let drawn_by =
        if is_one_repository(outcomes) { |outcome: &Outcome| outcome.file.clone() } else { |outcome: &Outcome| outcome.repo.clone() };
    let mut repos: BTreeMap<String, Counts> = BTreeMap::new();
    for outcome in outcomes {
        repos.entry(drawn_by(outcome)).or_default().add(Counts::of([outcome], threshold));
    }
    let repos: Vec<Counts> = repos.into_values().collect();
    let mut state = 1_u64;
    let mut next = |below: usize| {
        // Splitmix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).expect("because it is below a usize")
    };
    let mut drawn: [Vec<f64>; 3] = Default::default();
    for _ in 0..DRAWS {
        let mut counts = Counts::default();
        for _ in 0..repos.len() {
            counts.add(repos[next(repos.len())]);
        }
        for (list, figure) in drawn.iter_mut().zip([counts.precision(), counts.recall(), counts.f1()]) {
            list.push(figure);
        }
    }
    drawn.map(|mut list| {
        list.sort_by(f64::total_cmp);
        (list[DRAWS / 40], list[DRAWS - 1 - DRAWS / 40])
    })
}

/// Area under the curve of precision over recall (average precision); a credential without a candidate is never found.
#[must_use]
pub fn area(outcomes: &[Outcome]) -> f64 {
    let mut ranked: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.probability > 0.0).collect();
    ranked.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let all = outcomes.iter().filter(|outcome| outcome.is_credential).count();
    let mut counts = Counts::default();
    let mut area = 0.0;
    for equal in ranked.chunk_by(|a, b| a.probability.total_cmp(&b.probability).is_eq()) {
        let before = counts.found;
        counts.add(Counts::of(equal.iter().copied(), 0.0));
        area += counts.precision() * (counts.found - before) as f64;
    }
    if all == 0 { 1.0 } else { area / all as f64 }
}

/// How far probabilities are from the shares of credentials, on average over ten bins of probability, by number of candidates.
#[must_use]
pub fn calibration_error(outcomes: &[Outcome]) -> f64 {
    let mut bins = [(0.0, 0.0, 0.0); BINS];
    for outcome in outcomes.iter().filter(|outcome| outcome.probability >= PROMISE) {
        let bin = (1..BINS).rev().find(|&bin| outcome.probability * BINS as f32 >= bin as f32).unwrap_or(0);
        bins[bin].0 += 1.0;
        bins[bin].1 += f64::from(outcome.probability);
        bins[bin].2 += f64::from(u8::from(outcome.is_credential));
    }
    let all: f64 = bins.iter().map(|bin| bin.0).sum();
    if all == 0.0 { 0.0 } else { bins.iter().map(|(_, promised, kept)| (promised - kept).abs()).sum::<f64>() / all }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(repo: &str, is_credential: bool, probability: f32) -> Outcome {
        Outcome {
            repo: repo.to_owned(),
            file: String::new(),
            line: 1,
            category: String::new(),
            kind: "code",
            is_credential,
            probability,
            because: "",
        }
    }

    #[test]
    fn figures_of_a_small_set() {
        let outcomes = [outcome("a", true, 0.9), outcome("a", false, 0.8), outcome("b", true, 0.7), outcome("b", true, 0.0)];
        let counts = Counts::of(&outcomes, 0.5);
        assert_eq!(counts, Counts { found: 2, wrong: 1, missed: 1 });
        assert!((counts.precision() - 2.0 / 3.0).abs() < 1e-9 && (counts.f1() - 2.0 / 3.0).abs() < 1e-9);
        assert!((area(&outcomes) - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-9);
        assert!((calibration_error(&outcomes) - (0.1 + 0.8 + 0.3) / 3.0).abs() < 1e-6);
        let [precision, recall, _] = intervals(&outcomes, 0.5);
        assert_eq!((precision, recall), ((0.5, 1.0), (0.5, 1.0)));
    }

    #[test]
    fn of_one_repository_files_are_drawn() {
        let in_file = |file: &str, outcome: Outcome| Outcome { file: file.to_owned(), ..outcome };
        let outcomes =
            [in_file("a", outcome("r", true, 0.9)), in_file("a", outcome("r", false, 0.8)), in_file("b", outcome("r", true, 0.9))];
        assert!(is_one_repository(&outcomes) && !is_one_repository(&[outcome("a", true, 0.9), outcome("b", true, 0.9)]));
        assert_eq!(intervals(&outcomes, 0.5)[0], (0.5, 1.0));
    }

    #[test]
    fn nothing_is_right() {
        assert!((Counts::default().f1() - 1.0).abs() < 1e-9);
        assert!((area(&[]) - 1.0).abs() < 1e-9);
        assert!(calibration_error(&[]).abs() < 1e-9);
    }
}
