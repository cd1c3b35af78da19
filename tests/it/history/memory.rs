//! A scan of a history takes no more memory than it may, and finds the same in little as in much.

use super::hostile::most_anonymous;
use super::{Fixture, packs};

/// What the program takes besides texts and tables, in KiB.
const PROGRAM: u64 = 40 << 10;

/// Versions of large files with many branches, which are changes to one another twenty deep.
fn history() -> Fixture {
    Fixture::new(
        r#"repository r; git config core.bigFileThreshold 1g
        python3 - <<'END'
import random
random.seed(5)
for name in ("a", "b"):
    lines = [f"{random.random()} words of a line that is there\n" for _ in range(110_000)]
    for version in range(14):
        for _ in range(40):
            lines[random.randrange(len(lines))] = f"{random.random()} another line\n"
        if version in (3, 9):
            lines[50_000] = "token = @large@\n"
        open(f"../{name}{version}", "w").writelines(lines)
END
        for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13; do mv ../a$i a; mv ../b$i b; git add .; git commit -qm $i; done
        git repack -adqf --depth=20 --window=4"#,
    )
}

#[test]
fn the_limit_is_kept_and_nothing_is_missed() {
    let fixture = history();
    let whole = fixture.scan("r", &["--history", "--no-cache", "--memory", "2G"]);
    assert_eq!((whole.names(), whole.problems.len()), (vec!["large".to_owned()], 0));
    for (memory, limit) in [("60M", 60_u64), ("100M", 100)] {
        let scan = fixture.scan("r", &["--history", "--no-cache", "--memory", memory]);
        assert_eq!(scan.report, whole.report, "{memory}");
        let most = most_anonymous(&fixture, &["--memory", memory]);
        assert!(most < (limit << 10).max(PROGRAM), "{most} KiB of {memory}");
    }
}

#[test]
fn less_memory_than_the_tables_take_is_refused() {
    let fixture = Fixture::new("repository r; echo 1 >a; git add .; git commit -qm 1");
    let scan = fixture.scan("r", &["--history", "--no-cache", "--memory", "3M"]);
    let error = "unleak: error: the tables of this history take more memory than it may: --memory has to be 17M or more\n";
    assert_eq!((scan.code, scan.errors.as_str()), (2, error));
    assert_eq!(fixture.scan("r", &["--history", "--no-cache", "--memory", "17M"]).code, 0);
}

#[test]
fn branches_of_long_chains_are_unpacked_again() {
    let mut fixture = Fixture::new("mkdir r");
    let token = fixture.token("deep");
    let line = "a line of words that is the same in all of them\n";
    let base = line.repeat(60_000);
    let mut entries = vec![packs::Entry::whole(3, packs::BLOB, base.as_bytes())];
    // A comb: each version has two changes, and one of those goes on.
    let (mut below, mut len) = (3, base.len());
    for level in 0..20_u8 {
        let text = if level == 17 { format!("token = {token}\n") } else { format!("level {level}\n") };
        let copy = Ok((0, u32::try_from(len).unwrap()));
        let (leaf, next) = (10 + 3 * level, 11 + 3 * level);
        entries.push(packs::Entry::change(leaf, below, &packs::delta(len, len + 5, &[copy, Err(b"leaf\n")])));
        entries.push(packs::Entry::change(
            leaf + 2,
            leaf,
            &packs::delta(len + 5, len + 10, &[Ok((0, u32::try_from(len + 5).unwrap())), Err(b"last\n")]),
        ));
        entries.push(packs::Entry::change(next, below, &packs::delta(len, len + text.len(), &[copy, Err(text.as_bytes())])));
        (below, len) = (next, len + text.len());
    }
    let names: Vec<(String, u8)> = entries.iter().map(|entry| (format!("f{}", entry.id), entry.id)).collect();
    let files: Vec<(&str, u8)> = names.iter().map(|(name, id)| (name.as_str(), *id)).collect();
    entries.extend(packs::commit_of(200, 201, &files));
    packs::write(&fixture.sandbox.path("r"), 200, &entries).unwrap();
    let much = fixture.scan("r", &["--history", "--no-cache", "--memory", "2G"]);
    assert_eq!((much.names(), much.problems.len()), (vec!["deep".to_owned()], 0));
    let little = fixture.scan("r", &["--history", "--no-cache", "--memory", "60M"]);
    assert_eq!(little.report, much.report);
    let most = most_anonymous(&fixture, &["--memory", "60M"]);
    assert!(most < 64 << 10, "{most} KiB");
}
