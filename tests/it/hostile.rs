//! Invariant 6: scanned content is hostile. Owns: content and trees made to stop, slow down or deceive the scanner. Must not: find secrets
//! in ordinary content.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use unleak::blob::Origin;
use unleak::finding::Report;
use unleak::patterns::Catalogue;
use unleak::scan::Scanner;
use unleak::settings::Settings;

use crate::cli::{Sandbox, assert_exit, put, text};
use crate::made_up;

/// Bytes per megabyte of a test. Without optimisation a fiftieth does: it is the ratio of two sizes that shows the growth.
const MB: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

/// Times by which four times the content may take longer; quadratic work takes sixteen.
const MOST_RATIO: f64 = 8.0;

/// How often a scan may seem slow: another program may be at work, but a scan that is slow by itself is slow each time.
const TRIES: usize = 4;

/// Scans a quarter and the whole, and looks at the growth. The report is that of the whole.
#[track_caller]
fn scan_in_linear_time(name: &str, unit: &[u8], length: usize) -> Report {
    let scanner = Scanner::new(Catalogue::builtin(), Settings { explain: true, ..Settings::default() });
    let timed = |length: usize| {
        let bytes: Vec<u8> = unit.iter().copied().cycle().take(length).collect();
        let start = Instant::now();
        let report = scanner.bytes(Origin::Stdin { name: "a.txt".into() }, &bytes);
        (start.elapsed(), report)
    };
    // Expressions and tables are made on first use.
    timed(length / 16);
    let mut ratios = Vec::new();
    for _ in 0..TRIES {
        let (quarter, _) = timed(length / 4);
        let (whole, report) = timed(length);
        assert_eq!((report.coverage.scanned, report.coverage.bytes), (1, length as u64), "{name}");
        let ratio = whole.as_secs_f64() / quarter.max(Duration::from_millis(10)).as_secs_f64();
        if ratio < MOST_RATIO {
            return report;
        }
        ratios.push(ratio);
    }
    panic!("{name}: four times the content takes {ratios:?} times as long");
}

#[test]
fn long_lines_take_linear_time_and_find_nothing() {
    let cases: [(&str, &[u8], usize); 14] = [
        ("assignments", b"password=", 10),
        ("assignments of quotes", b"password=\"", 10),
        ("braces", b"{", 10),
        ("quotes", b"\"", 10),
        ("backslashes", b"\\", 10),
        ("nested escapes", b"\\\\\\\\\\u005c", 10),
        ("escapes of escapes", b"%25", 10),
        ("URLs", b"://", 5),
        ("user infos", b"a://b:c@", 5),
        ("at signs", b"@", 5),
        ("base64", b"A", 5),
        ("headers of keys", b"-----BEGIN ", 3),
        ("headers of private keys", b"-----BEGIN PRIVATE KEY-----", 3),
        ("token prefixes", b"eyJhbGciOi.", 3),
    ];
    for (name, unit, megabytes) in cases {
        let report = scan_in_linear_time(name, unit, megabytes * MB);
        assert!(report.findings.is_empty(), "{name}: {:?}", report.findings[0]);
    }
}

#[test]
fn random_bytes_are_read_to_their_end() {
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(3 * MB)
    .collect();
    let report = scan_in_linear_time("noise", &noise, 3 * MB);
    assert_eq!((report.findings.len(), report.coverage.binary), (0, 1));
}

#[test]
fn more_sightings_than_are_kept_are_said_to_be_cut() {
    let token = made_up::token(1);
    let text = format!("{token}\n").repeat(20_100);
    let report = made_up::scan("a.txt", text.as_bytes());
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].places.len(), 20_000);
    assert_eq!(report.coverage.problems.len(), 1);
}

fn report(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = sandbox.run(&[["scan", "--exit-zero", "--format", "json"].as_slice(), arguments].concat());
    assert_exit(&output, 0);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Paths of all places.
fn paths(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let mut paths: Vec<String> = findings
        .flat_map(|finding| finding["places"].as_array().unwrap())
        .map(|place| place["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths
}

#[test]
fn special_files_and_links_are_counted_and_left_alone() {
    let leak = format!("TOKEN={}\n", made_up::token(1));
    let sandbox = Sandbox::new(&[("tree/a.env", &leak), ("outside/b.env", &leak), ("tree/d/c.txt", "nothing\n")]);
    let tree = sandbox.directory.path().join("tree");
    assert!(Command::new("mkfifo").arg(tree.join("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(tree.join("socket")).unwrap();
    symlink("../outside", tree.join("out")).unwrap();
    symlink("../outside/b.env", tree.join("out.env")).unwrap();
    symlink("..", tree.join("d/loop")).unwrap();
    symlink("self", tree.join("self")).unwrap();
    symlink("/dev/zero", tree.join("zero")).unwrap();
    let found = report(&sandbox, &["tree"]);
    assert_eq!(paths(&found), ["a.env"]);
    assert_eq!(found["coverage"]["scanned"], 2, "{found}");
    assert_eq!(found["coverage"]["skipped"], json!({"special": 2, "symlink": 5}), "{found}");
    assert_eq!(found["problems"], json!([]));
}

#[test]
fn devices_and_pipes_are_no_roots() {
    let sandbox = Sandbox::new(&[]);
    assert!(Command::new("mkfifo").arg(sandbox.directory.path().join("pipe")).status().unwrap().success());
    for root in ["/dev/zero", "/dev/null", "pipe"] {
        let output = sandbox.run(&["scan", root]);
        assert_exit(&output, 2);
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn names_and_content_that_would_act_on_a_terminal_are_shown_as_text() {
    let sandbox = Sandbox::new(&[]);
    let root = sandbox.directory.path();
    let line = format!("\x1b[2J\x1b]0;title\x07 TOKEN={} \u{202e}\x1b[31m\x08\n", made_up::token(1));
    let names: [&[u8]; 3] = [b"a\x1b[31m\n.env", b"b\xff\xfe.env", "c\u{202e}vne.\u{9b}2J".as_bytes()];
    for name in names {
        put(&root.join(OsStr::from_bytes(name)), &line);
    }
    for format in ["human", "json", "jsonl", "sarif"] {
        let output = sandbox.run(&["scan", "--explain", "--receipt", "--format", format, "."]);
        assert_exit(&output, 1);
        let shown = text(&output.stdout) + &text(&output.stderr);
        let acts = |character: char| character != '\n' && character.is_control() || character == '\u{202e}';
        assert!(!shown.contains(acts), "{format}: {:?}", shown.find(acts).map(|at| &shown[at.saturating_sub(20)..at]));
    }
    assert_eq!(paths(&report(&sandbox, &["."])), ["a\\u{1b}[31m\\u{a}.env", "b\\xff\\xfe.env", "c\\u{202e}vne.\\u{9b}2J"]);
    // Errors name what was typed or found in a configuration.
    let output = sandbox.run(&["scan", "no\x1b[31mne"]);
    assert_exit(&output, 2);
    assert!(!text(&output.stderr).contains('\x1b'), "{}", text(&output.stderr));
}

#[test]
fn a_tree_deeper_than_a_path_may_be_long_is_incomplete_and_not_a_failure() {
    let leak = format!("TOKEN={}\n", made_up::token(1));
    let sandbox = Sandbox::new(&[("a.env", &leak)]);
    let name = "n".repeat(200);
    // The shell goes down step by step, where one path would be longer than the system takes.
    let script = "i=0; while [ $i -lt 30 ]; do mkdir \"$0\" && cd -P \"$0\" || exit 1; i=$((i + 1)); done";
    let made = Command::new("/bin/sh").args(["-c", script, &name]).current_dir(sandbox.directory.path()).status().unwrap();
    assert!(made.success());
    let output = sandbox.run(&["scan", "--format", "json", "--exit-zero", "."]);
    assert_exit(&output, 3);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(paths(&found), ["a.env"]);
    let problems = found["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{found}");
    assert_eq!(problems[0]["kind"], "unreadable");
    // The temporary directory cannot be removed by paths either.
    let removed = Command::new("rm").arg("-rf").arg(sandbox.directory.path().join(&name)).status().unwrap();
    assert!(removed.success());
}

/// A reader that fails in the middle.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("gone"));
        }
        let count = buffer.len().min(self.0);
        buffer[..count].fill(b'x');
        self.0 -= count;
        Ok(count)
    }
}

#[test]
fn a_stream_that_breaks_is_an_error_and_not_a_clean_report() {
    let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
    for length in [0, 1000, 17 * 1024 * 1024] {
        let origin = Origin::Stdin { name: "a".into() };
        assert_eq!(scanner.reader(origin, &mut Broken(length)).unwrap_err().to_string(), "gone");
    }
}

#[test]
fn files_that_shrink_and_grow_while_they_are_read_stop_nobody() {
    let leak = format!("TOKEN={}\n", made_up::token(1));
    let sandbox = Sandbox::new(&[("a.env", &leak), ("moving.log", "")]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::File::options().write(true).open(sandbox.directory.path().join("moving.log")).unwrap();
            while !stop.load(Ordering::Relaxed) {
                for length in [3_000_000, 10, 0, 200_000] {
                    file.set_len(length).unwrap();
                    file.seek(SeekFrom::Start(length / 2)).unwrap();
                    file.write_all(b"words\n").unwrap();
                }
            }
        });
        for _ in 0..12 {
            let output = sandbox.run(&["scan", "--format", "json", "--exit-zero", "--allow-incomplete", "."]);
            assert_exit(&output, 0);
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(paths(&found), ["a.env"]);
            assert_eq!(found["coverage"]["scanned"].as_u64().unwrap() + found["problems"].as_array().unwrap().len() as u64, 2);
        }
        stop.store(true, Ordering::Relaxed);
    });
}
