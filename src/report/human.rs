//! The report for a person at a terminal: a frame a finding, then the summary. Owns: layout. Must not: write text that has not gone
//! through [`visible`]: paths, facts and the patterns of a stranger's file are hostile.

use std::io;

use super::style::{Style, Tone, columns, counted, keep_end, keep_start, number};
use super::summary::{Summary, count};
use super::{Options, advice, date, receipt};
use crate::blob::visible;
use crate::finding::{
    ChecksumStatus, Commit, Coverage, Decision, Encoding, Exposure, Finding, ForeignFile, Level, Location, Place, Report, Suppression,
};

/// Places of a secret that are listed after the first.
const MORE_PLACES: usize = 5;
/// References that are listed.
const MORE_REFERENCES: usize = 3;
/// Problems that are listed.
const PROBLEMS: usize = 20;
/// Columns that an excerpt has at least, however narrow the terminal is.
const LEAST_ROOM: usize = 24;

/// Writes the report.
pub fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut human = Human { options, style: Style { color: options.color, hyperlinks: options.hyperlinks }, out };
    for finding in &report.findings {
        human.finding(finding)?;
    }
    if options.explain {
        human.dropped(report)?;
    }
    human.summary(report)?;
    human.coverage(&report.coverage)
}

/// Writes the frame of one finding.
///
/// # Errors
/// Those of `out`.
pub fn write_finding(finding: &Finding, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    Human { options, style: Style { color: options.color, hyperlinks: options.hyperlinks }, out }.finding(finding)
}

struct Human<'o> {
    options: &'o Options,
    style: Style,
    out: &'o mut dyn io::Write,
}

impl Human<'_> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let Some((place, others)) = finding.places.split_first() else { return Ok(()) };
        let tone = Tone::Severity(finding.severity);
        let title = visible(finding.pattern.def.title.as_bytes());
        writeln!(self.out, "{}: {}", self.style.paint(tone, finding.severity.name()), self.style.paint(Tone::Strong, &title))?;
        let line = place.start.line.to_string();
        let gutter = " ".repeat(line.len());
        let more = match others.len() {
            0 => String::new(),
            more => format!(" (and {} more {})", number(count(more)), if more == 1 { "place" } else { "places" }),
        };
        writeln!(self.out, "{gutter}{} {}{more}", self.style.paint(Tone::Frame, "-->"), position(place))?;
        self.excerpt(finding, place, &line)?;
        for (name, text) in notes(finding, others, self.options) {
            let text = self.style.link(&text, &finding.pattern.def.revoke);
            writeln!(self.out, "{gutter} {} {}: {text}", self.style.paint(Tone::Frame, "="), self.style.paint(Tone::Strong, name))?;
        }
        writeln!(self.out)
    }

    /// The line of the first place with carets under the mask.
    fn excerpt(&mut self, finding: &Finding, place: &Place, line: &str) -> io::Result<()> {
        let excerpt = &place.excerpt;
        let secret = if self.options.show_secrets { visible(finding.secret.expose()) } else { excerpt.masked.clone() };
        let width = self.options.width.saturating_sub(line.len() + 3).max(LEAST_ROOM);
        let room = width.saturating_sub(columns(&secret));
        let after_room = columns(&excerpt.after).min(room / 3);
        let before = keep_end(&excerpt.before, room - after_room);
        let after = keep_start(&excerpt.after, room.saturating_sub(columns(&before)));
        let tone = Tone::Severity(finding.severity);
        let bar = self.style.paint(Tone::Frame, "|");
        let gutter = " ".repeat(line.len());
        writeln!(self.out, "{gutter} {bar}")?;
        writeln!(self.out, "{} {bar} {before}{}{after}", self.style.paint(Tone::Frame, line), self.style.paint(tone, &secret))?;
        let carets = format!("{} {}", "^".repeat(columns(&secret).clamp(1, width)), verdict(finding, place));
        writeln!(self.out, "{gutter} {bar} {}{}", " ".repeat(columns(&before)), self.style.paint(tone, &carets))?;
        writeln!(self.out, "{gutter} {bar}")
    }

    fn dropped(&mut self, report: &Report) -> io::Result<()> {
        for dropped in &report.dropped {
            writeln!(
                self.out,
                "no finding: {}: {}: {}",
                position(&dropped.place),
                visible(dropped.pattern.def.id.as_bytes()),
                dropped.reason
            )?;
        }
        if !report.dropped.is_empty() {
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn summary(&mut self, report: &Report) -> io::Result<()> {
        let summary = Summary::of(report);
        let (tone, headline) = headline(&summary);
        writeln!(self.out, "{}", self.style.paint(tone, &headline))?;
        let mut hidden: Vec<String> =
            report.suppressed.iter().map(|(&by, &places)| format!("{} {}", number(places), suppressor(by))).collect();
        if summary.below_threshold > 0 {
            hidden.push(format!("{} below the confidence threshold", number(summary.below_threshold)));
        }
        if !hidden.is_empty() {
            writeln!(self.out, "not shown: {}", hidden.join(", "))?;
        }
        report.foreign_files.iter().try_for_each(|file| self.foreign_file(file))
    }

    /// What a file of another tool did; where it lets everything pass, the line is a warning.
    fn foreign_file(&mut self, file: &ForeignFile) -> io::Result<()> {
        let rules = counted(file.rules, "rule", "rules");
        let places = counted(file.suppressed, "place", "places");
        let text = format!("used {}: {rules}, {places} not shown", visible(file.path.as_bytes()));
        if file.allows_everything {
            return writeln!(self.out, "{}", self.style.paint(Tone::Warning, &format!("{text}; it lets everything pass")));
        }
        writeln!(self.out, "{text}")
    }

    fn coverage(&mut self, coverage: &Coverage) -> io::Result<()> {
        writeln!(self.out, "{}", receipt::line(coverage))?;
        if !coverage.problems.is_empty() {
            let items = counted(count(coverage.problems.len()), "item was", "items were");
            let text = format!("incomplete: {items} not scanned whole, so secrets there are not in this report");
            writeln!(self.out, "{}", self.style.paint(Tone::Warning, &text))?;
        }
        for problem in coverage.problems.iter().take(PROBLEMS) {
            writeln!(self.out, "  {}: {}: {}", visible(&problem.path), problem.kind.name(), visible(problem.detail.as_bytes()))?;
        }
        if coverage.problems.len() > PROBLEMS {
            writeln!(self.out, "  and {} more; the JSON formats list all", number(count(coverage.problems.len() - PROBLEMS)))?;
        }
        if self.options.receipt {
            writeln!(self.out)?;
            for line in receipt::lines(coverage) {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }
}

/// The named lines below an excerpt.
fn notes(finding: &Finding, others: &[Place], options: &Options) -> Vec<(&'static str, String)> {
    let def = &finding.pattern.def;
    let mut fingerprint = finding.fingerprint.to_string();
    fingerprint.truncate(12);
    let mut notes = vec![("pattern", format!("{}, fingerprint {fingerprint}", visible(def.id.as_bytes())))];
    let facts: Vec<String> = finding.facts.iter().map(|(name, value)| format!("{name} {}", visible(value.as_bytes()))).collect();
    if !facts.is_empty() {
        notes.push(("facts", facts.join(", ")));
    }
    notes.extend(finding.decision.as_ref().map(|decision| ("judged", said(decision))));
    if let Some(exposure) = &finding.exposure {
        notes.extend(exposure_notes(exposure));
        // The places of a history are mostly versions of one file.
        return ending(notes, finding, options);
    }
    notes.extend(others.iter().take(MORE_PLACES).map(|place| ("also", format!("{}{}", position(place), remarks(place)))));
    if others.len() > MORE_PLACES {
        notes.push(("also", format!("{} more; the JSON formats list all", number(count(others.len() - MORE_PLACES)))));
    }
    ending(notes, finding, options)
}

/// A decision in words.
fn said(decision: &Decision) -> String {
    let reason = if decision.reason.is_empty() { String::new() } else { format!(": {}", visible(decision.reason.as_bytes())) };
    format!("{}, by {} on {}{reason}", decision.verdict.name(), visible(decision.by.as_bytes()), decision.date)
}

/// The lines that end a frame.
fn ending(mut notes: Vec<(&'static str, String)>, finding: &Finding, options: &Options) -> Vec<(&'static str, String)> {
    if options.explain {
        notes.extend(finding.evidence.iter().map(|&reason| ("because", reason.to_owned())));
    }
    notes.push(("next", visible(advice::next_step(&finding.pattern).as_bytes())));
    notes
}

/// How far a secret got: one line each for how it came, how it went or where it is, and who can see it.
fn exposure_notes(exposure: &Exposure) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    if let Some(first) = exposure.introduced.first() {
        let more = and_more(exposure.introductions, 1, "commit", "commits");
        notes.push(("introduced by", format!("{} at {}{more}", commit(&first.commit), location(&first.location))));
    }
    if let Some((first, others)) = exposure.live.split_first() {
        notes.push(("live at HEAD", format!("{}{}", location(first), and_more(count(others.len()) + 1, 1, "place", "places"))));
    } else if let Some(last) = exposure.removed.last() {
        notes.push(("removed by", format!("{}{}", commit(last), and_more(exposure.removals, 1, "commit", "commits"))));
    }
    if let Some((first, others)) = exposure.mentioned.split_first() {
        let more = and_more(count(others.len()) + 1, 1, "place", "places");
        notes.push(("text at HEAD", format!("{}{more}, where nothing says that it is a secret", location(first))));
    }
    let blobs = counted(exposure.blobs, "distinct blob", "distinct blobs");
    let commits = match exposure.commits {
        0 => "no commit of a reference".to_owned(),
        commits => counted(commits, "commit", "commits"),
    };
    notes.push(("in", format!("{commits}, {blobs}")));
    if exposure.reference_count > 0 {
        let shown: Vec<String> = exposure.references.iter().take(MORE_REFERENCES).map(|name| visible(short(name).as_bytes())).collect();
        let more = and_more(exposure.reference_count, count(shown.len()), "ref", "refs");
        let remote = if exposure.reached_remote { "; reached a remote" } else { "" };
        notes.push(("refs", format!("{}{more}{remote}", shown.join(", "))));
    }
    notes
}

/// ` and 3 more commits`, where `all` are more than are `shown`.
fn and_more(all: u64, shown: u64, one: &str, several: &str) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        1 => format!(" and 1 more {one}"),
        more => format!(" and {} more {several}", number(more)),
    }
}

/// `0123456789ab 2024-03-05 Name`.
fn commit(commit: &Commit) -> String {
    let id = &commit.id[..commit.id.len().min(12)];
    format!("{id} {} {}", date::date(commit.seconds, commit.offset), visible(commit.author.as_bytes()))
}

fn location(location: &Location) -> String {
    let path = visible(&location.path);
    location.line.map_or(path.clone(), |line| format!("{path}:{line}"))
}

/// A reference's name as people say it.
fn short(name: &str) -> &str {
    ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// `path:line:column`, with the commit before it where there is one.
fn position(place: &Place) -> String {
    format!("{}:{}:{}", place.origin, place.start.line, place.start.column_char)
}

/// What stands beside the carets: `certain, checksum valid, base64-encoded`.
fn verdict(finding: &Finding, place: &Place) -> String {
    let checksum = match finding.checksum {
        ChecksumStatus::None => "",
        ChecksumStatus::Valid => ", checksum valid",
        ChecksumStatus::Invalid => ", checksum invalid",
    };
    let confidence = match place.confidence.level() {
        Level::Certain => "certain",
        Level::High => "high confidence",
        Level::Medium => "medium confidence",
        Level::Low => "low confidence",
    };
    format!("{confidence}{checksum}{}", remarks(place))
}

/// What is special about a place.
fn remarks(place: &Place) -> String {
    let mut out = String::new();
    for encoding in &place.encodings {
        out.push_str(match encoding {
            Encoding::Base64 => ", base64-encoded",
            Encoding::Hex => ", hex-encoded",
            Encoding::Percent => ", percent-encoded",
            Encoding::Unicode => ", \\u-encoded",
        });
    }
    if place.end.line > place.start.line {
        out.push_str(", to line ");
        out.push_str(&place.end.line.to_string());
    }
    if place.test_or_example {
        out.push_str(", test or example");
    }
    out
}

/// The summary's first line.
fn headline(summary: &Summary<'_>) -> (Tone, String) {
    let Some((&worst, _)) = summary.by_severity.last_key_value() else {
        return if summary.complete {
            (Tone::Good, "no secrets found".to_owned())
        } else {
            (Tone::Warning, "no secrets found in what was scanned".to_owned())
        };
    };
    let severities: Vec<String> =
        summary.by_severity.iter().rev().map(|(severity, &secrets)| format!("{} {}", number(secrets), severity.name())).collect();
    let secrets = counted(summary.secrets, "secret", "secrets");
    let places = counted(summary.places, "place", "places");
    (Tone::Severity(worst), format!("{secrets} in {places}: {}", severities.join(", ")))
}

/// Who left places out.
const fn suppressor(by: Suppression) -> &'static str {
    match by {
        Suppression::InlineMark => "by unleak:allow marks",
        Suppression::ForeignMark => "by other tools' marks",
        Suppression::Config => "by the configuration",
        Suppression::ForeignFile => "by other tools' files",
        Suppression::Baseline => "by the baseline",
    }
}
