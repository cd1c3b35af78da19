//! Reports in every format, over one report made by hand. Owns: that report. Must not: scan.

mod human;
mod json;
mod sarif;

use std::collections::BTreeMap;
use std::sync::Arc;

use unleak::blob::{Origin, Position, Span};
use unleak::finding::{
    ChecksumStatus, Commit, Confidence, Coverage, Dropped, Encoding, Excerpt, Exposure, Finding, Introduction, Location, Place, Problem,
    ProblemKind, Report, Repository, Severity, SkipReason, Suppression,
};
use unleak::patterns::{Pattern, schema};
use unleak::report::{self, Format, Options};
use unleak::secret::{Fingerprint, Secret};

/// The report in a format.
fn render(format: Format, report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    report::write(format, report, options, &mut out).expect("because a Vec takes all");
    String::from_utf8(out).expect("because reports are UTF-8")
}

fn options() -> Options {
    Options { tool_version: "1.2.3".to_owned(), ..Options::default() }
}

fn patterns() -> Vec<Arc<Pattern>> {
    let text = r#"
        provider = "acme"
        name = "Acme"
        docs = "https://acme.test/docs?a=b#tokens"

        [[pattern]]
        id = "acme-token"
        title = "Acme API token"
        severity = "critical"
        opens = "Everything of the account."
        revoke = "https://acme.test/tokens"
        store = "secrets-manager"
        checksum = "github-crc32"
        positive = []
        negative = []

        [[pattern]]
        id = "acme-access-key"
        title = "Acme access key [v1] {beta}"
        severity = "medium"
        opens = "Reading."
        revoke = "https://acme.test/keys"
        store = "iam-role"
        confidence = "medium"
        positive = []
        negative = []

        [[pattern]]
        id = "acme-private-key"
        title = "Acme private key"
        severity = "high"
        opens = "Machines."
        revoke = "https://acme.test/ssh"
        store = "ssm-session"
        advice = "Take the public half out of every authorized_keys file."
        confidence = "low"
        positive = []
        negative = []
    "#;
    schema::parse(text).expect("because the schema takes it").into_patterns().map(Arc::new).collect()
}

/// The raw secrets of [`sample`], which no format may hold unless asked.
fn secrets() -> [Vec<u8>; 3] {
    let [token, key] = [["acme_", "q8Zr3vN1", "x0Lp7TsW"].concat(), ["AKEY", "{7\u{1b}[31m", "QW52"].concat()];
    [token.into_bytes(), key.into_bytes(), b"first half\nsecond half \xff\nend".to_vec()]
}

fn finding(pattern: &Arc<Pattern>, secret: &[u8], places: Vec<Place>) -> Finding {
    Finding {
        pattern: Arc::clone(pattern),
        secret: Secret::new(secret),
        fingerprint: Fingerprint::of(secret),
        severity: pattern.def.severity,
        confidence: places[0].confidence,
        checksum: ChecksumStatus::None,
        facts: Vec::new(),
        evidence: Vec::new(),
        places,
        exposure: None,
        decision: None,
    }
}

/// A place of `length` bytes on one line of ASCII.
fn place(origin: Origin, line: u64, column: u64, length: u64, [before, masked, after]: [&str; 3]) -> Place {
    let position = |column| Position { line, column_byte: column, column_char: column };
    let start = line * 100 + column - 1;
    Place {
        origin: Arc::new(origin),
        span: Span { start, end: start + length },
        start: position(column),
        end: position(column + length),
        encodings: Vec::new(),
        confidence: Confidence(0.92),
        test_or_example: false,
        excerpt: Excerpt { before: before.to_owned(), masked: masked.to_owned(), after: after.to_owned() },
        line_hash: None,
    }
}

fn file(path: impl Into<bstr::BString>) -> Origin {
    Origin::File { path: path.into() }
}

/// A token in four places, an encoded key, and a private key of three lines in a test; everything else of a report too.
fn sample() -> Report {
    let [token, key, private] = secrets();
    let [token_pattern, key_pattern, private_pattern] = patterns().try_into().expect("because there are three");
    let commit = "0123456789abcdef0123456789abcdef01234567".to_owned();
    let quoted = ["token = \"", "acme********", "\"  # prod"];
    let mut token = finding(
        &token_pattern,
        &token,
        vec![
            place(file("src/config.py"), 12, 10, 21, quoted),
            place(file("src/with space/#1é.py"), 3, 1, 21, ["", "acme********", ""]),
            place(Origin::Index { path: (&b"caf\xe9/\x1b[31m.txt"[..]).into() }, 4, 2, 21, [" ", "acme********", ""]),
            place(Origin::CommitMessage { commit: commit.clone() }, 1, 7, 21, ["Token: ", "acme********", ""]),
        ],
    );
    token.checksum = ChecksumStatus::Valid;
    token.confidence = Confidence(0.995);
    token.evidence = vec!["its checksum is right"];
    token.places[0].confidence = Confidence(0.995);
    token.places[0].line_hash = Some("30ac82fae48ec8be:1".to_owned());
    token.places[3].test_or_example = true;

    let mut encoded = place(Origin::Stdin { name: "stdin".into() }, 1, 9, 24, ["𝒳: é = ", "AKEY********", ", more"]);
    encoded.start.column_char = 6;
    encoded.end.column_char = 30;
    encoded.encodings = vec![Encoding::Percent, Encoding::Base64];
    encoded.confidence = Confidence(0.7);
    let mut key = finding(&key_pattern, &key, vec![encoded]);
    key.facts = vec![("host", "a.test".to_owned()), ("host", "b.test\u{202e}".to_owned()), ("user", "root".to_owned())];

    let mut lines = place(file("tests/key.pem"), 1, 1, 10, ["", "********", ""]);
    lines.end = Position { line: 3, column_byte: 4, column_char: 4 };
    lines.span.end = lines.span.start + 28;
    lines.confidence = Confidence(0.55);
    lines.test_or_example = true;
    let mut private = finding(&private_pattern, &private, vec![lines]);
    private.severity = Severity::Medium;

    Report {
        findings: vec![token, key, private],
        hidden: Vec::new(),
        foreign_files: Vec::new(),
        suppressed: BTreeMap::from([(Suppression::InlineMark, 2), (Suppression::ForeignMark, 1)]),
        below_threshold: 1200,
        coverage: coverage(),
        repository: Some(Repository {
            url: Some("https://git.test/acme/site.git".to_owned()),
            revision: Some(commit),
            branch: Some("main".to_owned()),
        }),
        dropped: vec![Dropped {
            pattern: key_pattern,
            place: place(file("docs/setup.md"), 9, 3, 16, ["  ", "AKEY********", ""]),
            reason: "low entropy",
        }],
    }
}

/// The token of [`sample`] as a history has it: in three commits' versions, and live at HEAD or not.
fn in_history(is_live: bool) -> Report {
    let mut report = sample();
    report.findings.truncate(1);
    let commit =
        |digit: &str, author: &str, offset| Commit { id: digit.repeat(40), author: author.to_owned(), seconds: 1_709_655_849, offset };
    let at = |path: &[u8], line| Location { path: path.into(), line };
    let introduction = |commit, location| Introduction { commit, location };
    let names = ["refs/heads/main", "refs/tags/v1\u{202e}", "refs/remotes/origin/main", "HEAD"];
    report.findings[0].exposure = Some(Exposure {
        introduced: vec![
            introduction(commit("a", "Ann \u{1b}[31mOther", 3600), at(b"caf\xe9/a.py", Some(3))),
            introduction(commit("b", "Bob", -9000), at(b"COMMIT_MESSAGE", None)),
        ],
        introductions: 2,
        removed: vec![commit("c", "Cleo", 0)],
        removals: 1,
        live: if is_live { vec![at(b"src/config.py", Some(12)), at(b"old.py", None)] } else { Vec::new() },
        mentioned: if is_live { Vec::new() } else { vec![at(b"NOTES.md", Some(4)), at(b"a\x07.txt", None)] },
        commits: 1200,
        blobs: 3,
        references: names.map(str::to_owned).to_vec(),
        reference_count: 140,
        reached_remote: is_live,
    });
    report
}

fn coverage() -> Coverage {
    let problem = |path: &[u8], kind, detail: &str| Problem { path: path.into(), kind, detail: detail.to_owned() };
    Coverage {
        scanned: 1234,
        bytes: 56_200_000,
        binary: 3,
        compressed: 1,
        submodules: Vec::new(),
        skipped: BTreeMap::from([(SkipReason::Ignored, 5), (SkipReason::Symlink, 2)]),
        problems: vec![
            problem(b"keys/\xff.pem", ProblemKind::Unreadable, "permission denied"),
            problem(b"dump.sql", ProblemKind::OverLimit, "larger than 1 GB"),
        ],
    }
}

#[test]
fn raw_secrets_are_written_only_on_request() {
    for format in Format::ALL {
        let masked = render(format, &sample(), &Options { explain: true, receipt: true, color: true, ..options() });
        for secret in ["acme_", "q8Zr3vN1", "QW52", "first half", "second half"] {
            assert!(!masked.contains(secret), "{format:?} shows {secret}");
        }
        let shown = render(format, &sample(), &Options { show_secrets: true, ..options() });
        assert_eq!(shown.contains("q8Zr3vN1"), format != Format::Sarif, "{format:?}");
    }
}

#[test]
fn nothing_reaches_a_terminal_that_it_would_act_on() {
    for format in Format::ALL {
        for report in [sample(), in_history(true), in_history(false)] {
            let text = render(format, &report, &Options { show_secrets: true, explain: true, receipt: true, ..options() });
            let acted_on = |character: char| character != '\n' && character.is_control() || character == '\u{202e}';
            assert!(!text.contains(acted_on), "{format:?}");
        }
    }
}
