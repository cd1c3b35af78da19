//! What a person sees at a terminal while a history is scanned.

use std::process::Command;

use super::Fixture;

/// Runs a program with a terminal of its own and prints what it writes there.
const AT_A_TERMINAL: &str = "import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
shown = b''
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    shown += part
os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
";

/// What is shown of a scan of `r`.
fn shown(fixture: &Fixture, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = Command::new("python3")
        .args(["-c", AT_A_TERMINAL, env!("CARGO_BIN_EXE_unleak"), "scan", "--no-config", "--history", "--no-cache", "--threads", "1"])
        .args(arguments)
        .current_dir(fixture.sandbox.path("r"))
        .env_clear()
        .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("TERM", "xterm")])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A repository of so many files that have nothing in common.
fn history(files: u32) -> Fixture {
    Fixture::new(&format!(
        "repository r; python3 - <<'END'
import random
for file in range({files}):
    with open(f'f{{file}}.py', 'w') as out:
        out.writelines(f'value_{{random.random()}} = {{random.random()}}\\n' for _ in range(900))
END
        git add .; git commit -qm m"
    ))
}

#[test]
fn the_time_that_is_left_is_told_and_the_line_is_wiped() {
    // However fast the machine is: long enough to be told.
    for files in [300, 3000, 12_000] {
        let fixture = history(files);
        let all = shown(&fixture, &[], &[]);
        let Some(at) = all.find(" s left") else { continue };
        let line = all[..at].rsplit("\r\x1b[2K").next().unwrap();
        let (count, rest) = line.strip_prefix("unleak: scanned ").and_then(|rest| rest.split_once(" of ")).unwrap();
        assert!(count.parse::<u32>().unwrap() <= files && rest.starts_with(&format!("{files} (")), "{line}");
        let report = all.rsplit("\x1b[2K").next().unwrap();
        assert!(report.contains("no secrets found") && !report.contains("unleak: scanned"), "{report}");
        for (arguments, variables) in [(&["--quiet"][..], &[][..]), (&[], &[("CI", "true")]), (&[], &[("TERM", "dumb")])] {
            assert!(!shown(&fixture, arguments, variables).contains("unleak: scanned"));
        }
        return;
    }
    panic!("the time that is left is never told");
}
