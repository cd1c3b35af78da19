//! The human format, to the letter.

use unleak::finding::{Coverage, Report};
use unleak::report::{Format, Options};

use super::{in_history, options, render, sample};

#[test]
fn frames_and_summary() {
    insta::assert_snapshot!(render(Format::Human, &sample(), &options()), @r#"
    critical: Acme API token
      --> src/config.py:12:10 (and 3 more places)
       |
    12 | token = "acme********"  # prod
       |          ^^^^^^^^^^^^ certain, checksum valid
       |
       = pattern: acme-token, fingerprint 6c3a52c1fa67
       = also: src/with space/#1é.py:3:1
       = also: caf\xe9/\u{1b}[31m.txt:4:2
       = also: 0123456789ab:COMMIT_MESSAGE:1:7, test or example
       = next: Revoke it at https://acme.test/tokens, then keep the new one in a secrets manager.

    medium: Acme access key [v1] {beta}
     --> stdin:1:6
      |
    1 | 𝒳: é = AKEY********, more
      |        ^^^^^^^^^^^^ medium confidence, percent-encoded, base64-encoded
      |
      = pattern: acme-access-key, fingerprint 02e01db54097
      = facts: host a.test, host b.test\u{202e}, user root
      = next: Revoke it at https://acme.test/keys and make no new one: an IAM role replaces the key.

    medium: Acme private key
     --> tests/key.pem:1:1
      |
    1 | ********
      | ^^^^^^^^ medium confidence, to line 3, test or example
      |
      = pattern: acme-private-key, fingerprint f709fed5d870
      = next: Take the public half out of every authorized_keys file.

    3 secrets in 6 places: 1 critical, 2 medium
    not shown: 2 by unleak:allow marks, 1 by other tools' marks, 1,200 below the confidence threshold
    scanned 1,234 files (56.2 MB), 1 archive or compressed file not unpacked, left out 7: 5 ignored by git, 2 symlinks
    incomplete: 2 items were not scanned whole, so secrets there are not in this report
      keys/\xff.pem: unreadable: permission denied
      dump.sql: over-limit: larger than 1 GB
    "#);
}

#[test]
fn everything_switched_on() {
    let options = Options { explain: true, receipt: true, show_secrets: true, width: 60, ..options() };
    insta::assert_snapshot!(render(Format::Human, &sample(), &options), @r#"
    critical: Acme API token
      --> src/config.py:12:10 (and 3 more places)
       |
    12 | token = "acme_q8Zr3vN1x0Lp7TsW"  # prod
       |          ^^^^^^^^^^^^^^^^^^^^^ certain, checksum valid
       |
       = pattern: acme-token, fingerprint 6c3a52c1fa67
       = also: src/with space/#1é.py:3:1
       = also: caf\xe9/\u{1b}[31m.txt:4:2
       = also: 0123456789ab:COMMIT_MESSAGE:1:7, test or example
       = because: its checksum is right
       = next: Revoke it at https://acme.test/tokens, then keep the new one in a secrets manager.

    medium: Acme access key [v1] {beta}
     --> stdin:1:6
      |
    1 | 𝒳: é = AKEY{7\u{1b}[31mQW52, more
      |        ^^^^^^^^^^^^^^^^^^^^ medium confidence, percent-encoded, base64-encoded
      |
      = pattern: acme-access-key, fingerprint 02e01db54097
      = facts: host a.test, host b.test\u{202e}, user root
      = next: Revoke it at https://acme.test/keys and make no new one: an IAM role replaces the key.

    medium: Acme private key
     --> tests/key.pem:1:1
      |
    1 | first half\u{a}second half \xff\u{a}end
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ medium confidence, to line 3, test or example
      |
      = pattern: acme-private-key, fingerprint f709fed5d870
      = next: Take the public half out of every authorized_keys file.

    no finding: docs/setup.md:9:3: acme-access-key: low entropy

    3 secrets in 6 places: 1 critical, 2 medium
    not shown: 2 by unleak:allow marks, 1 by other tools' marks, 1,200 below the confidence threshold
    scanned 1,234 files (56.2 MB), 1 archive or compressed file not unpacked, left out 7: 5 ignored by git, 2 symlinks
    incomplete: 2 items were not scanned whole, so secrets there are not in this report
      keys/\xff.pem: unreadable: permission denied
      dump.sql: over-limit: larger than 1 GB

    coverage receipt
      seen                            1,243
      scanned                         1,234  56,200,000 bytes
        binary                            3  only distinctive tokens and private keys are looked for
        compressed                        1  what archives and compressed files hold is not unpacked
      left out                            7
        ignored                           5
        symlink                           2
      not scanned                         2
        unreadable                        1
        over-limit                        1
    "#);
}

#[test]
fn colours_and_links() {
    let mut report = sample();
    report.findings.truncate(1);
    report.findings[0].places.truncate(1);
    let options = Options { color: true, hyperlinks: true, ..options() };
    let text = render(Format::Human, &report, &options).replace('\x1b', "␛");
    insta::assert_snapshot!(text, @r#"
    ␛[1;31mcritical␛[0m: ␛[1mAcme API token␛[0m
      ␛[34m-->␛[0m src/config.py:12:10
       ␛[34m|␛[0m
    ␛[34m12␛[0m ␛[34m|␛[0m token = "␛[1;31macme********␛[0m"  # prod
       ␛[34m|␛[0m          ␛[1;31m^^^^^^^^^^^^ certain, checksum valid␛[0m
       ␛[34m|␛[0m
       ␛[34m=␛[0m ␛[1mpattern␛[0m: acme-token, fingerprint 6c3a52c1fa67
       ␛[34m=␛[0m ␛[1mnext␛[0m: Revoke it at ␛]8;;https://acme.test/tokens␛\https://acme.test/tokens␛]8;;␛\, then keep the new one in a secrets manager.

    ␛[1;31m1 secret in 1 place: 1 critical␛[0m
    not shown: 2 by unleak:allow marks, 1 by other tools' marks, 1,200 below the confidence threshold
    scanned 1,234 files (56.2 MB), 1 archive or compressed file not unpacked, left out 7: 5 ignored by git, 2 symlinks
    ␛[33mincomplete: 2 items were not scanned whole, so secrets there are not in this report␛[0m
      keys/\xff.pem: unreadable: permission denied
      dump.sql: over-limit: larger than 1 GB
    "#);
}

#[test]
fn nothing_found() {
    let mut report = Report { coverage: Coverage { scanned: 1, bytes: 10, ..Coverage::default() }, ..Report::default() };
    assert_eq!(render(Format::Human, &report, &options()), "no secrets found\nscanned 1 file (10 bytes)\n");
    report.coverage.problems = sample().coverage.problems.split_off(1);
    let expected = "no secrets found in what was scanned\n\
        scanned 1 file (10 bytes)\n\
        incomplete: 1 item was not scanned whole, so secrets there are not in this report\n\
        \x20 dump.sql: over-limit: larger than 1 GB\n";
    assert_eq!(render(Format::Human, &report, &options()), expected);
}

#[test]
fn long_lists_are_cut() {
    let mut report = sample();
    report.findings.truncate(1);
    let place = report.findings[0].places[0].clone();
    report.findings[0].places = vec![place; 8];
    let problem = report.coverage.problems[1].clone();
    report.coverage.problems = vec![problem; 23];
    let text = render(Format::Human, &report, &options());
    assert_eq!(text.matches("= also: src/config.py:12:10\n").count(), 5);
    assert!(text.contains("   = also: 2 more; the JSON formats list all\n"), "{text}");
    assert_eq!(text.matches("  dump.sql: over-limit").count(), 20);
    assert!(text.ends_with("  and 3 more; the JSON formats list all\n"), "{text}");
}

#[test]
fn excerpts_fit_the_terminal() {
    let mut report = sample();
    report.findings.truncate(1);
    for width in [0, 10, 30, 45] {
        for text in ["", "short", &"long ".repeat(40), &"日本".repeat(40)] {
            let excerpt = &mut report.findings[0].places[0].excerpt;
            (excerpt.before, excerpt.after) = (text.to_owned(), text.to_owned());
            let rendered = render(Format::Human, &report, &Options { width, ..options() });
            let lines: Vec<&str> = rendered.lines().collect();
            let line = lines[3].strip_prefix("12 | ").expect("because it is the excerpt");
            assert!(line.contains("acme********"), "{line}");
            let columns: usize =
                line.chars().map(|character| if ('日'..='本').contains(&character) || character == '日' { 2 } else { 1 }).sum();
            assert!(columns <= width.saturating_sub(5).max(24), "{columns} of {width}: {line}");
        }
    }
}

#[test]
fn histories() {
    let of = |is_live| {
        let text = render(Format::Human, &in_history(is_live), &options());
        text.split("\n\n").next().unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!(of(true), @r#"
    critical: Acme API token
      --> src/config.py:12:10 (and 3 more places)
       |
    12 | token = "acme********"  # prod
       |          ^^^^^^^^^^^^ certain, checksum valid
       |
       = pattern: acme-token, fingerprint 6c3a52c1fa67
       = introduced by: aaaaaaaaaaaa 2024-03-05 Ann \u{1b}[31mOther at caf\xe9/a.py:3 and 1 more commit
       = live at HEAD: src/config.py:12 and 1 more place
       = in: 1,200 commits, 3 distinct blobs
       = refs: main, v1\u{202e}, origin/main and 137 more refs; reached a remote
       = next: Revoke it at https://acme.test/tokens, then keep the new one in a secrets manager.
    "#);
    insta::assert_snapshot!(of(false), @r#"
    critical: Acme API token
      --> src/config.py:12:10 (and 3 more places)
       |
    12 | token = "acme********"  # prod
       |          ^^^^^^^^^^^^ certain, checksum valid
       |
       = pattern: acme-token, fingerprint 6c3a52c1fa67
       = introduced by: aaaaaaaaaaaa 2024-03-05 Ann \u{1b}[31mOther at caf\xe9/a.py:3 and 1 more commit
       = removed by: cccccccccccc 2024-03-05 Cleo
       = text at HEAD: NOTES.md:4 and 1 more place, where nothing says that it is a secret
       = in: 1,200 commits, 3 distinct blobs
       = refs: main, v1\u{202e}, origin/main and 137 more refs
       = next: Revoke it at https://acme.test/tokens, then keep the new one in a secrets manager.
    "#);
}
