//! SARIF 2.1.0 as GitHub code scanning takes it. Owns: everything that knows `serde_sarif`. Must not: write a raw secret, whatever the
//! options say, or a path of the machine that scanned.
//!
//! Sources: the OASIS standard (2.1.0, errata 01) and "SARIF support for code scanning" in GitHub's documentation. A result is one
//! place, or one secret of a history; places of one secret share the fingerprint. Results are written one at a time.

mod runs;

use std::collections::BTreeMap;
use std::io;

use bstr::{BStr, ByteSlice};
use data_encoding::HEXUPPER;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use serde_sarif::sarif;

use super::style::number;
use super::summary::count;
use super::{Options, SarifProfile, advice, date, escape, json};
use crate::blob::{Origin, visible};
use crate::finding::{ChecksumStatus, Commit, Decision, Exposure, Finding, Location, Place, Problem, Report, Repository, Severity};
use crate::patterns::Pattern;
use crate::patterns::schema::Likelihood;
use runs::{Part, Runs};

/// Problems that become notifications of their own.
const NOTIFICATIONS: usize = 1_000;
/// Characters of a rule's full description.
const DESCRIPTION: usize = 1_024;
/// Stands for the root of the repository; code scanning knows where that is.
const ROOT: &str = "%SRCROOT%";
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes the report.
pub fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let Runs { parts, cut, past } = Runs::of(report, options.sarif_profile);
    let mut amiss = notifications(&report.coverage.problems, &parts, cut, past);
    let run = |part| {
        let results = Results::of(part);
        Run { head: head(report, &results, std::mem::take(&mut amiss), options), results }
    };
    escape::write_line(&Log { schema: SCHEMA, version: "2.1.0", runs: parts.into_iter().map(run).collect() }, out)
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run<'r>>,
}

/// A run whose results are made as they are written.
#[derive(Serialize)]
struct Run<'r> {
    #[serde(flatten)]
    head: sarif::Run,
    results: Results<'r>,
}

/// The results of a run, and the rules they need.
struct Results<'r> {
    part: Part<'r>,
    /// Patterns of the results by id, each with its index among the rules.
    rules: BTreeMap<&'r str, (i64, &'r Pattern)>,
}

impl<'r> Results<'r> {
    fn of(part: Part<'r>) -> Self {
        let mut rules: BTreeMap<_, _> =
            part.places.iter().map(|(finding, _)| (finding.pattern.def.id.as_str(), (0, &*finding.pattern))).collect();
        for (index, rule) in (0..).zip(rules.values_mut()) {
            rule.0 = index;
        }
        Self { part, rules }
    }
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.part.places.len()))?;
        for (finding, place) in &self.part.places {
            let rule = self.rules[finding.pattern.def.id.as_str()].0;
            list.serialize_element(&result(rule, finding, place))?;
        }
        list.end()
    }
}

/// The run without its results.
fn head(report: &Report, results: &Results<'_>, amiss: Vec<sarif::Notification>, options: &Options) -> sarif::Run {
    let driver = sarif::ToolComponent::builder()
        .name("unleak")
        .semantic_version(options.tool_version.as_str())
        .rules(results.rules.values().map(|(_, pattern)| rule(pattern)).collect::<Vec<_>>())
        .build();
    let root = sarif::ArtifactLocation::builder().description(message("The root of the scanned tree.")).build();
    let mut run = sarif::Run::builder()
        .tool(sarif::Tool::builder().driver(driver).build())
        .invocations([invocation(amiss)])
        .column_kind("unicodeCodePoints")
        .automation_details(sarif::RunAutomationDetails::builder().id(results.part.id.as_str()).build())
        .original_uri_base_ids(BTreeMap::from([(ROOT.to_owned(), root)]))
        .build();
    run.version_control_provenance = report.repository.as_ref().and_then(provenance).map(|details| vec![details]);
    run
}

/// A scan with problems was successful: what was scanned is right.
fn invocation(amiss: Vec<sarif::Notification>) -> sarif::Invocation {
    let mut invocation = sarif::Invocation::builder().execution_successful(true).build();
    invocation.tool_execution_notifications = (!amiss.is_empty()).then_some(amiss);
    invocation
}

/// What was amiss with the scan, and what is not in the file.
fn notifications(problems: &[Problem], parts: &[Part<'_>], cut: usize, past: usize) -> Vec<sarif::Notification> {
    let mut notifications: Vec<sarif::Notification> = problems.iter().take(NOTIFICATIONS).map(notification).collect();
    if problems.len() > NOTIFICATIONS {
        let more = number(count(problems.len() - NOTIFICATIONS));
        notifications.push(warning("incomplete", &format!("{more} more items were not scanned.")));
    }
    if cut > 0 {
        let kept = parts.iter().map(|part| part.places.len()).sum();
        let [cut, kept] = [cut, kept].map(|places| number(count(places)));
        let text =
            format!("{cut} places are not in this file: it holds the {kept} of the most severe findings, as many as code scanning takes.");
        notifications.push(warning("too-many-results", &text));
    }
    if past > 0 {
        let secrets = if past == 1 { "1 secret".to_owned() } else { format!("{} secrets", number(count(past))) };
        let text = format!("Left out, since no file at HEAD has a line to show: {secrets} that only the history holds.");
        notifications.push(warning("only-in-history", &text));
    }
    notifications
}

fn notification(problem: &Problem) -> sarif::Notification {
    let text = format!("{} was not scanned whole ({}): {}.", visible(&problem.path), problem.kind.name(), problem.detail);
    let mut notification = warning(problem.kind.name(), &text);
    let place = sarif::PhysicalLocation::builder().artifact_location(artifact(problem.path.as_bstr(), "file")).build();
    notification.locations = Some(vec![sarif::Location::builder().physical_location(place).build()]);
    notification
}

fn warning(id: &str, text: &str) -> sarif::Notification {
    let descriptor = sarif::ReportingDescriptorReference::builder().id(id).build();
    sarif::Notification::builder().level("warning").message(message(text)).descriptor(descriptor).build()
}

/// The repository, where its URL is one that others can open too.
fn provenance(repository: &Repository) -> Option<sarif::VersionControlDetails> {
    let url = repository.url.as_deref().filter(|url| is_url(url, &["https://", "http://", "ssh://", "git://"]))?;
    let root = sarif::ArtifactLocation::builder().uri_base_id(ROOT).build();
    let mut details = sarif::VersionControlDetails::builder().repository_uri(url).mapped_to(root).build();
    details.revision_id.clone_from(&repository.revision);
    details.branch.clone_from(&repository.branch);
    Some(details)
}

fn rule(pattern: &Pattern) -> sarif::ReportingDescriptor {
    let def = &pattern.def;
    let next = advice::next_step(pattern);
    let full: String =
        format!("{}, a credential of {}. It opens: {}", def.title, pattern.provider_name, def.opens).chars().take(DESCRIPTION).collect();
    let links = [("Revoke", &def.revoke), ("About it", &pattern.docs)];
    let links: Vec<String> = links.into_iter().filter(|(_, url)| !url.is_empty()).map(|(text, url)| format!("[{text}]({url})")).collect();
    let help = sarif::MultiformatMessageString::builder()
        .text(format!("What it opens: {}\nWhat to do: {next}\nWhat should hold it: {}.\n", def.opens, def.store.phrase()))
        .markdown(format!(
            "**What it opens:** {}\n\n**What to do:** {next}\n\n**What should hold it:** {}.\n\n{}\n",
            def.opens,
            def.store.phrase(),
            links.join(" · ")
        ))
        .build();
    let mut rule = sarif::ReportingDescriptor::builder()
        .id(def.id.as_str())
        .short_description(text(&def.title))
        .full_description(text(&full))
        .help(help)
        .default_configuration(sarif::ReportingConfiguration::builder().level(level(def.severity).0).build())
        .properties(rule_properties(pattern))
        .build();
    rule.help_uri = is_url(&pattern.docs, &["https://", "http://"]).then(|| pattern.docs.clone());
    rule
}

fn rule_properties(pattern: &Pattern) -> sarif::PropertyBag {
    let precision = match (pattern.def.confidence, pattern.def.checksum) {
        (Likelihood::High, Some(_)) => "very-high",
        (Likelihood::High, None) => "high",
        (Likelihood::Medium, _) => "medium",
        (Likelihood::Low, _) => "low",
    };
    let security_severity = match pattern.def.severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
    };
    let mut bag = properties([
        ("precision", precision.into()),
        ("problem.severity", level(pattern.def.severity).1.into()),
        ("security-severity", security_severity.into()),
    ]);
    bag.tags = Some(["security", "secret", &pattern.provider, "external/cwe/cwe-798"].map(str::to_owned).to_vec());
    bag
}

/// SARIF's level of a severity and code scanning's word for it.
const fn level(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical | Severity::High => ("error", "error"),
        Severity::Medium => ("warning", "warning"),
        Severity::Low => ("note", "recommendation"),
    }
}

fn result(rule: i64, finding: &Finding, place: &Place) -> sarif::Result {
    let def = &finding.pattern.def;
    let level = match finding.severity {
        Severity::Critical | Severity::High => sarif::ResultLevel::Error,
        Severity::Medium => sarif::ResultLevel::Warning,
        Severity::Low => sarif::ResultLevel::Note,
    };
    let physical = sarif::PhysicalLocation::builder().artifact_location(artifact_of(&place.origin)).region(region(place)).build();
    let mut fingerprints = BTreeMap::from([("unleak/secret/v1".to_owned(), finding.fingerprint.to_string())]);
    fingerprints.extend(place.line_hash.clone().map(|hash| ("primaryLocationLineHash".to_owned(), hash)));
    let mut result = sarif::Result::builder()
        .rule_id(def.id.as_str())
        .rule_index(rule)
        .level(level)
        .message(message(&format!("{} {}. {}", def.title, finding.secret.masked(), advice::next_step(&finding.pattern))))
        .locations([sarif::Location::builder().physical_location(physical).build()])
        .partial_fingerprints(fingerprints)
        .properties(result_properties(finding, place))
        .build();
    let hiding = finding.decision.as_ref().filter(|_| finding.is_hidden());
    result.suppressions = hiding.map(|decision| vec![suppression(decision)]);
    result
}

/// Why a result is not shown, without the name of who said so.
fn suppression(decision: &Decision) -> sarif::Suppression {
    let reason = if decision.reason.is_empty() { String::new() } else { format!(": {}", visible(decision.reason.as_bytes())) };
    let justification = format!("judged {} on {}{reason}", decision.verdict.name(), decision.date);
    sarif::Suppression::builder().kind("external").status("accepted").justification(justification).build()
}

fn result_properties(finding: &Finding, place: &Place) -> sarif::PropertyBag {
    let mut bag = properties([
        ("confidence", place.confidence.level().name().into()),
        ("probability", json::probability(place.confidence).into()),
        ("fingerprint", finding.fingerprint.to_string().into()),
        ("origin", place.origin.kind().into()),
    ]);
    let more = &mut bag.additional_properties;
    if finding.checksum != ChecksumStatus::None {
        more.insert("checksum".to_owned(), json!(finding.checksum));
    }
    if !place.encodings.is_empty() {
        more.insert("encodings".to_owned(), json!(place.encodings));
    }
    if place.test_or_example {
        more.insert("testOrExample".to_owned(), true.into());
    }
    if let Some(commit) = place.origin.commit() {
        more.insert("commit".to_owned(), commit.into());
    }
    if let Some(object) = place.origin.object() {
        more.insert("object".to_owned(), object.into());
    }
    if let Some(decision) = &finding.decision {
        more.insert("verdict".to_owned(), decision.verdict.name().into());
    }
    if let Some(exposure) = &finding.exposure {
        more.insert("exposure".to_owned(), exposure_record(exposure));
    }
    bag
}

/// How far the secret got, without any person's name: SARIF files are kept and passed on.
fn exposure_record(exposure: &Exposure) -> Value {
    let commit = |commit: &Commit| json!({ "commit": commit.id, "date": date::rfc3339(commit.seconds, commit.offset) });
    let location = |location: &Location| {
        let mut record = json!({ "path": visible(&location.path) });
        if let Some(line) = location.line {
            record["line"] = line.into();
        }
        record
    };
    let introduced = exposure.introduced.iter().map(|introduction| {
        let mut record = location(&introduction.location);
        record["commit"] = introduction.commit.id.as_str().into();
        record["date"] = date::rfc3339(introduction.commit.seconds, introduction.commit.offset).into();
        record
    });
    json!({
        "introduced": introduced.collect::<Vec<_>>(),
        "introductions": exposure.introductions,
        "removed": exposure.removed.iter().map(commit).collect::<Vec<_>>(),
        "removals": exposure.removals,
        "live": exposure.live.iter().map(location).collect::<Vec<_>>(),
        "mentioned": exposure.mentioned.iter().map(location).collect::<Vec<_>>(),
        "commits": exposure.commits,
        "blobs": exposure.blobs,
        "references": exposure.references.iter().map(|name| visible(name.as_bytes())).collect::<Vec<_>>(),
        "referenceCount": exposure.reference_count,
        "reachedRemote": exposure.reached_remote,
    })
}

fn properties<const N: usize>(values: [(&str, Value); N]) -> sarif::PropertyBag {
    let values = values.map(|(name, value)| (name.to_owned(), value));
    sarif::PropertyBag::builder().additional_properties(BTreeMap::from(values)).build()
}

/// Where the secret stands: its own lines and no more, else code scanning leaves it out of pull requests. The end is exclusive.
fn region(place: &Place) -> sarif::Region {
    let whole = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    sarif::Region::builder()
        .start_line(whole(place.start.line.max(1)))
        .start_column(whole(place.start.column_char.max(1)))
        .end_line(whole(place.end.line.max(1)))
        .end_column(whole(place.end.column_char.max(1)))
        .byte_offset(whole(place.span.start))
        .byte_length(whole(place.span.end.saturating_sub(place.span.start)))
        .build()
}

fn artifact_of(origin: &Origin) -> sarif::ArtifactLocation {
    match origin {
        Origin::PathName { commit, .. } if commit.is_empty() => artifact(origin.path(), origin.kind()),
        Origin::CommitMessage { commit: id } | Origin::TagMessage { tag: id } | Origin::PathName { commit: id, .. } => {
            artifact(BStr::new(&format!("{}/{id}", origin.path())), origin.kind())
        }
        Origin::Object { id, path } if path.is_empty() => artifact(BStr::new(&format!("{}/{id}", origin.path())), origin.kind()),
        Origin::File { .. }
        | Origin::Stdin { .. }
        | Origin::Index { .. }
        | Origin::GitConfig { .. }
        | Origin::Commit { .. }
        | Origin::RefName { .. }
        | Origin::Object { .. }
        | Origin::Unreachable { .. } => artifact(origin.path(), origin.kind()),
    }
}

/// The location of a path. `nameless` stands in for an empty one.
fn artifact(path: &BStr, nameless: &str) -> sarif::ArtifactLocation {
    let encoded = percent_encoded(path);
    if path.starts_with(b"/") {
        // Not below the root: a relative URI would name another file.
        return sarif::ArtifactLocation::builder().uri(format!("file:///{encoded}")).build();
    }
    let uri = if encoded.is_empty() { nameless } else { &encoded };
    sarif::ArtifactLocation::builder().uri(uri).uri_base_id(ROOT).build()
}

/// The path as a URI reference without empty and `.` segments; every byte that is not unreserved (RFC 3986, 2.3) is encoded.
fn percent_encoded(path: &BStr) -> String {
    let mut out = String::with_capacity(path.len());
    for segment in path.split_str("/").filter(|segment| !matches!(segment, [] | [b'.'])) {
        if !out.is_empty() {
            out.push('/');
        }
        for &byte in segment {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                out.push(char::from(byte));
            } else {
                out.push('%');
                HEXUPPER.encode_append(&[byte], &mut out);
            }
        }
    }
    out
}

/// Whether `text` is an absolute URL of one of these schemes, in characters that a URI may have (RFC 3986, 2).
fn is_url(text: &str, schemes: &[&str]) -> bool {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphanumeric()) && rest.bytes().all(allowed))
}

fn text(text: &str) -> sarif::MultiformatMessageString {
    sarif::MultiformatMessageString::builder().text(text).build()
}

/// A message that says `text`: in SARIF braces are placeholders and brackets are links (3.11.5, 3.11.6), so they are escaped.
fn message(text: &str) -> sarif::Message {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '{' | '}' => escaped.extend([character, character]),
            '[' | ']' | '\\' => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    sarif::Message::builder().text(escaped).build()
}
