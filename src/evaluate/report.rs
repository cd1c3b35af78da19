//! An evaluation as text. Owns: its tables. Must not: hold raw text of what was scanned.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::Outcome;
use super::measure::{Counts, area, calibration_error, intervals, is_one_repository};
use crate::blob::visible;

/// Groups of errors that are listed.
const GROUPS: usize = 20;
/// Rows of a table by category: those with fewer lines are added up.
const FEWEST: u64 = 10;

/// Writes all figures of `outcomes` at `threshold`; `places` adds each line that is wrong.
///
/// # Errors
/// Those of `out`.
pub fn write(outcomes: &[Outcome], threshold: f32, places: bool, out: &mut dyn io::Write) -> io::Result<()> {
    let counts = Counts::of(outcomes, threshold);
    let [precision, recall, f1] = intervals(outcomes, threshold);
    let repos: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.repo.as_str()).collect();
    let noun = if repos.len() == 1 { "repository" } else { "repositories" };
    writeln!(out, "{} credentials in {} {noun}, threshold {threshold:.2}", counts.found + counts.missed, repos.len())?;
    writeln!(out, "found {}, missed {}, wrong {}\n", counts.found, counts.missed, counts.wrong)?;
    let rows = [("precision", counts.precision(), precision), ("recall", counts.recall(), recall), ("F1", counts.f1(), f1)];
    for (name, figure, (low, high)) in rows {
        writeln!(out, "{name:<18} {figure:.3}  ({low:.3} to {high:.3})")?;
    }
    writeln!(out, "{:<18} {:.3}", "area under curve", area(outcomes))?;
    writeln!(out, "{:<18} {:.3}", "calibration error", calibration_error(outcomes))?;
    let drawn = if is_one_repository(outcomes) { "the files of the repository" } else { "repositories" };
    writeln!(out, "\nIntervals: 95 % of draws of {drawn}.")?;
    table("category", outcomes, threshold, |outcome| visible(outcome.category.as_bytes()), out)?;
    table("file kind", outcomes, threshold, |outcome| outcome.kind.to_owned(), out)?;
    groups(outcomes, threshold, out)?;
    if places {
        self::places(outcomes, threshold, out)?;
    }
    Ok(())
}

/// Figures by a name of each outcome, the most frequent first.
fn table(title: &str, outcomes: &[Outcome], threshold: f32, name: impl Fn(&Outcome) -> String, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rows: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        rows.entry(name(outcome)).or_default().push(outcome);
    }
    let mut few = Vec::new();
    let mut counted: Vec<(String, Counts)> = Vec::new();
    for (name, outcomes) in rows {
        let counts = Counts::of(outcomes.iter().copied(), threshold);
        if counts.found + counts.missed + counts.wrong < FEWEST {
            few.extend(outcomes);
        } else {
            counted.push((name, counts));
        }
    }
    counted.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.found + counts.missed));
    counted.push(("(others)".to_owned(), Counts::of(few, threshold)));
    writeln!(out, "\n{title:<34} precision  recall     F1  found missed  wrong")?;
    for (name, counts) in counted {
        let (precision, recall, f1) = (counts.precision(), counts.recall(), counts.f1());
        writeln!(out, "{name:<34}     {precision:.3}   {recall:.3}  {f1:.3}  {:5}  {:5}  {:5}", counts.found, counts.missed, counts.wrong)?;
    }
    Ok(())
}

fn is_wrong(outcome: &Outcome, threshold: f32) -> bool {
    outcome.is_credential != (outcome.probability >= threshold)
}

/// What errors of a group have in common: whether they are missed, category, file kind, reason.
type Group<'o> = (bool, &'o str, &'static str, &'static str);

/// The largest groups of errors.
fn groups(outcomes: &[Outcome], threshold: f32, out: &mut dyn io::Write) -> io::Result<()> {
    let mut groups: BTreeMap<Group<'_>, (u64, BTreeSet<&str>)> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| is_wrong(outcome, threshold)) {
        let group = groups.entry((outcome.is_credential, &outcome.category, outcome.kind, outcome.because)).or_default();
        group.0 += 1;
        group.1.insert(&outcome.repo);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    writeln!(out, "\nstill wrong, the largest groups (lines, repositories, what, category, file kind, reason)")?;
    for ((is_credential, category, kind, because), (count, repos)) in groups.into_iter().take(GROUPS) {
        let what = if is_credential { "missed" } else { "wrong" };
        writeln!(out, "{count:5} {:3}  {what:<6}  {:<22} {kind:<12} {because}", repos.len(), visible(category.as_bytes()))?;
    }
    Ok(())
}

/// Each line that is wrong.
fn places(outcomes: &[Outcome], threshold: f32, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "\nstill wrong, each line")?;
    for outcome in outcomes.iter().filter(|outcome| is_wrong(outcome, threshold)) {
        let what = if outcome.is_credential { "missed" } else { "wrong" };
        writeln!(
            out,
            "{what:<6} {:.2} {}:{} [{}] {}",
            outcome.probability,
            visible(outcome.file.as_bytes()),
            outcome.line,
            visible(outcome.category.as_bytes()),
            outcome.because
        )?;
    }
    Ok(())
}
