//! Tests of the baseline: its format, merges, what it hides, and that the scanner does not take it for secrets.

use super::*;
use crate::blob::Origin;
use crate::finding::{Level, Verdict};
use crate::patterns::Catalogue;
use crate::scan::Scanner;
use crate::settings::Settings;

fn decision(verdict: Verdict, date: &str) -> Decision {
    Decision { verdict, pattern: "generic-password".to_owned(), reason: "made up".to_owned(), by: "Ann".to_owned(), date: date.to_owned() }
}

fn text(baseline: &Baseline) -> String {
    let mut out = Vec::new();
    baseline.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn scan(text: &str, level: Level) -> Report {
    let scanner = Scanner::new(Catalogue::builtin(), Settings { min_confidence: level, ..Settings::default() });
    scanner.bytes(Origin::Stdin { name: Baseline::NAME.into() }, text.as_bytes())
}

fn password(number: u32) -> String {
    ["Zq7mK2", "vX9rTa", &format!("3wLp{number}")].concat()
}

/// A report with a finding for each of these passwords.
fn report(numbers: &[u32]) -> Report {
    let lines: Vec<String> = numbers.iter().map(|&number| format!("password = \"{}\"\n", password(number))).collect();
    let report = scan(&lines.concat(), Level::Medium);
    assert_eq!(report.findings.len(), numbers.len());
    report
}

/// A baseline that says these things of the findings of a report.
fn baseline(report: &Report, verdicts: &[Verdict]) -> Baseline {
    let mut baseline = Baseline::new();
    for (finding, &verdict) in report.findings.iter().zip(verdicts) {
        baseline.decide(finding, decision(verdict, "2026-01-31")).unwrap();
    }
    baseline
}

fn error(text: &str) -> String {
    Baseline::parse(text).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_again_and_sorted() {
    let report = report(&[1, 2, 3]);
    let written = text(&baseline(&report, &Verdict::ALL));
    assert_eq!(text(&Baseline::parse(&written).unwrap()), written);
    let mut lines: Vec<&str> = written.lines().collect();
    assert!(lines[1..].is_sorted(), "{written}");
    lines[1..].reverse();
    assert_eq!(text(&Baseline::parse(&lines.join("\r\n")).unwrap()), written);
    assert!((1..4).all(|number| !written.contains(&password(number))));
}

#[test]
fn false_and_accepted_hide_and_real_does_not() {
    let mut report = report(&[1, 2, 3, 4]);
    let baseline = baseline(&report, &[Verdict::Real, Verdict::False, Verdict::Accepted]);
    baseline.apply(&mut report);
    let words = |findings: &[Finding]| -> Vec<Option<Verdict>> {
        findings.iter().map(|finding| finding.decision.as_ref().map(|decision| decision.verdict)).collect()
    };
    assert_eq!(words(&report.findings), [Some(Verdict::Real), None]);
    assert_eq!(words(&report.hidden), [Some(Verdict::False), Some(Verdict::Accepted)]);
    assert_eq!(report.suppressed, BTreeMap::from([(Suppression::Baseline, 2)]));
}

#[test]
fn a_reason_does_not_hold_the_secret() {
    let report = report(&[1]);
    let mut baseline = Baseline::new();
    let telling = Decision { reason: format!("it is {}", password(1)), ..decision(Verdict::Accepted, "2026-01-31") };
    assert!(baseline.decide(&report.findings[0], telling).is_err());
    assert_eq!(baseline.decisions().len(), 0);
}

#[test]
fn another_key_knows_nothing_of_a_secret() {
    let report = report(&[1]);
    let baseline = baseline(&report, &[Verdict::Real]);
    let secret = report.findings[0].secret.expose();
    assert!(baseline.decision(secret).is_some() && baseline.decision(b"other").is_none());
    assert_ne!(Baseline::new().name(secret), baseline.name(secret));
}

#[test]
fn of_two_lines_about_a_secret_the_later_or_more_cautious_counts() {
    let report = report(&[1]);
    let secret = report.findings[0].secret.expose();
    let mut baseline = Baseline::new();
    let mut lines = Vec::new();
    for (verdict, date) in [(Verdict::Real, "2026-01-30"), (Verdict::Accepted, "2026-01-31"), (Verdict::False, "2026-01-31")] {
        baseline.decide(&report.findings[0], decision(verdict, date)).unwrap();
        lines.push(text(&baseline).lines().nth(1).unwrap().to_owned());
    }
    let header = text(&baseline).lines().next().unwrap().to_owned();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let merged = format!("{header}\n{}\n", order.map(|at: usize| lines[at].clone()).join("\n"));
        let read = Baseline::parse(&merged).unwrap();
        assert_eq!(read.decision(secret), Some(&decision(Verdict::Accepted, "2026-01-31")));
    }
}

#[test]
fn pruning_keeps_what_is_found() {
    let report = report(&[1, 2]);
    let mut baseline = baseline(&report, &[Verdict::Real, Verdict::False]);
    let found = BTreeSet::from([baseline.name(report.findings[0].secret.expose())]);
    assert_eq!(baseline.prune(&found), [decision(Verdict::False, "2026-01-31")]);
    assert_eq!(baseline.decisions().map(|(_, decision)| decision.verdict).collect::<Vec<_>>(), [Verdict::Real]);
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_without_its_text() {
    let written = text(&baseline(&report(&[1]), &[Verdict::Real]));
    let (header, line) = written.trim().split_once('\n').unwrap();
    let with = |line: &str| error(&format!("{header}\n\n{line}\n"));
    assert_eq!(error("\n"), "line 1: the file is empty: the header is missing");
    assert_eq!(error(line), "line 1: the header with `unleak-baseline` and `key` is missing");
    assert_eq!(error(&header.replace(":1,", ":2,")), "line 1: this is version 2 of the format, and 1 is the one known here");
    assert_eq!(error(&header.replace(":1,", ":\"1\",")), "line 1: `unleak-baseline` must be the version of the format, a number");
    assert_eq!(error(r#"{"unleak-baseline":1,"key":"abc"}"#), "line 1: `key` must be 64 lower case hex digits");
    assert_eq!(error(&header.replace('}', ",\"x\":1}")), "line 1: it has a member that is not known here");
    assert_eq!(with("hunter2"), "line 3: it is no JSON (column 1)");
    assert_eq!(with("[]"), "line 3: it is no JSON object");
    assert_eq!(with("<<<<<<< HEAD"), "line 3: a merge is not done here: keep the lines of both sides and remove the marks");
    assert!(with(header).starts_with("line 3: a second header: "));
    assert_eq!(with(&line.replace("\"mac\"", "\"sum\"")), "line 3: `mac` is missing");
    assert_eq!(with(&line.replace("\"real\"", "\"maybe\"")), "line 3: `verdict` must be `false`, `accepted` or `real`");
    assert_eq!(with(&line.replace("\"Ann\"", "7")), "line 3: `by` must be text");
    assert_eq!(with(&line.replace("2026-01-31", "31.1.2026")), "line 3: `date` must be a day such as 2026-01-31");
    assert_eq!(with(&line.replace('}', ",\"x\":1}")), "line 3: it has a member that is not known here");
}

/// Whatever pattern a decision names, next to its hash.
#[test]
fn the_scanner_takes_no_baseline_for_secrets_and_looks_at_the_rest_of_it() {
    let catalogue = Catalogue::builtin();
    let findings = report(&[1]).findings;
    // With a key that is always the same the lines have the same order.
    let mut baseline = Baseline::parse(&format!("{{\"unleak-baseline\":1,\"key\":\"{}\"}}", "5b0c".repeat(16))).unwrap();
    for (number, index) in (0_u32..).zip(catalogue.indices()) {
        let mut finding = findings[0].clone();
        finding.secret = crate::secret::Secret::new(&number.to_le_bytes());
        let pattern = catalogue.pattern(index).def.id.clone();
        baseline.decide(&finding, Decision { pattern, ..decision(Verdict::Accepted, "2026-01-31") }).unwrap();
    }
    let own = scan(&text(&baseline), Level::Low);
    let found: Vec<String> = own.findings.iter().map(|finding| format!("{:?}", finding.places[0].excerpt)).collect();
    assert_eq!(found, [""; 0]);
    let index = catalogue.index_of("github-personal-access-token").unwrap();
    let token = crate::patterns::example::fill(&catalogue, index, "{secret}", 1).unwrap();
    let leaking = format!("it was {} before May", String::from_utf8(token.clone()).unwrap());
    baseline.decide(&findings[0], Decision { reason: leaking, ..decision(Verdict::Accepted, "2026-01-31") }).unwrap();
    let leaked = scan(&text(&baseline), Level::Low);
    assert_eq!(leaked.findings.len(), 1);
    assert_eq!(leaked.findings[0].secret.expose(), token);
}
