//! Packs that somebody made to do harm. Each ends in a problem with the object's path, never in a crash, and in little memory.

use std::process::Command;
use std::time::{Duration, Instant};

use super::packs::{self, Entry, delta};
use super::{Fixture, text};

const COMMIT: u8 = 200;
const TREE: u8 = 201;
/// Anonymous memory that a scan of a small repository may take, in KiB.
const LITTLE: u64 = 120 << 10;

/// A repository with these files, each by its object, besides a token in `kept`.
struct Hostile {
    fixture: Fixture,
}

impl Hostile {
    fn new(files: &[(&str, u8)], entries: Vec<Entry>) -> Self {
        let mut fixture = Fixture::new("mkdir r");
        let token = fixture.token("kept");
        let all: Vec<(&str, u8)> = files.iter().copied().chain([("kept", 199)]).collect();
        let mut list = Vec::from(packs::commit_of(COMMIT, TREE, &all));
        list.push(Entry::whole(199, packs::BLOB, format!("{token}\n").as_bytes()));
        list.extend(entries);
        packs::write(&fixture.sandbox.path("r"), COMMIT, &list).unwrap();
        Self { fixture }
    }

    /// The problems of a scan, which finds what is not damaged and, without that, is incomplete.
    #[track_caller]
    fn problems(&self) -> Vec<String> {
        let scan = self.fixture.scan("r", &["--history"]);
        assert_eq!((scan.names(), scan.code), (vec!["kept".to_owned()], 1), "{}", scan.errors);
        let arguments = ["--history", "--disable", "github-personal-access-token"];
        assert_eq!(self.fixture.scan("r", &arguments).code, if scan.problems.is_empty() { 0 } else { 3 });
        let whole = self.fixture.scan("r", &["--history", "--no-delta", "--no-cache"]);
        assert_eq!((&whole.places, &whole.problems), (&scan.places, &scan.problems));
        scan.problems
    }

    /// What the problem of a path says.
    fn detail(&self, path: &str) -> String {
        let report = self.fixture.scan("r", &["--history", "--no-cache"]).report;
        let problems = report["problems"].as_array().unwrap();
        let problem = problems.iter().find(|problem| text(&problem["path"]) == path).unwrap();
        text(&problem["detail"]).to_owned()
    }

    /// The most memory a scan takes that no file stands behind, in KiB.
    fn memory(&self, arguments: &[&str]) -> u64 {
        most_anonymous(&self.fixture, arguments)
    }
}

/// The most anonymous memory that a scan of the history in `r` takes, in KiB, seen often.
pub fn most_anonymous(fixture: &Fixture, arguments: &[&str]) -> u64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_unleak"))
        .args(["scan", "--no-config", "--history", "--no-cache", "--quiet", "--threads", "2"])
        .args(arguments)
        .current_dir(fixture.sandbox.path("r"))
        .env_clear()
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or("0 kB");
        most = most.max(line.trim().trim_end_matches(" kB").parse().unwrap());
        assert!(start.elapsed() < Duration::from_mins(2), "it does not end");
        std::thread::sleep(Duration::from_millis(1));
    }
    most
}

fn blob(id: u8, content: &str) -> Entry {
    Entry::whole(id, packs::BLOB, content.as_bytes())
}

#[test]
fn wrong_checksums_sizes_and_kinds() {
    let files = [("crc", 3), ("short", 4), ("long", 5), ("cut", 6), ("kind", 7), ("noise", 8), ("huge", 9)];
    let hostile = Hostile::new(
        &files,
        vec![
            Entry { crc_error: 1, ..blob(3, "x") },
            Entry { size: 900, ..blob(4, "short") },
            Entry { size: 2, ..blob(5, "longer than that") },
            Entry { deflated: packs::stored(b"something that ends early")[..12].to_vec(), ..blob(6, "something that ends early") },
            Entry { kind: 5, ..blob(7, "x") },
            Entry { deflated: vec![0xFF; 40], ..blob(8, "x") },
            Entry { size: 1 << 50, ..blob(9, "x") },
        ],
    );
    let expected = ["crc", "cut", "huge", "kind", "long", "noise", "short"].map(|name| format!("missing-object {name}"));
    assert_eq!(hostile.problems(), expected);
    assert_eq!(hostile.detail("crc").split(": ").last().unwrap(), "its entry in the pack does not match the checksum of the pack's index");
    assert!(hostile.memory(&[]) < LITTLE);
}

#[test]
fn deltas_that_go_round_in_circles_or_nowhere() {
    let change = delta(4, 4, &[Ok((0, 4))]);
    let files = [("a", 3), ("b", 4), ("self", 5), ("nowhere", 6), ("before", 7), ("below", 8)];
    let hostile = Hostile::new(
        &files,
        vec![
            Entry::change(3, 4, &change),
            Entry::change(4, 3, &change),
            Entry::change(5, 5, &change),
            Entry::change(6, 99, &change),
            Entry::change_before(7, 1 << 40, &change),
            Entry::change(8, 3, &change),
        ],
    );
    assert_eq!(hostile.problems(), ["a", "b", "before", "below", "nowhere", "self"].map(|name| format!("missing-object {name}")));
}

#[test]
fn deltas_of_what_comes_later_are_read() {
    let files = [("last", 3), ("second", 4), ("first", 5), ("whole", 6)];
    let list = |base: Entry| {
        vec![Entry::change(3, 4, &delta(9, 4, &[Ok((0, 4))])), Entry::change(4, 5, &delta(11, 9, &[Ok((0, 9))])), base, blob(6, "x")]
    };
    assert_eq!(Hostile::new(&files, list(blob(5, "hello world"))).problems(), [""; 0]);
    let broken = Entry { crc_error: 1, ..blob(5, "hello world") };
    assert_eq!(Hostile::new(&files, list(broken)).problems(), ["first", "last", "second"].map(|name| format!("missing-object {name}")));
}

#[test]
fn deltas_that_do_not_fit() {
    let files = [("base", 3), ("other", 4), ("beyond", 5), ("less", 6), ("more", 7), ("reserved", 8), ("empty", 9), ("child", 10)];
    let change = |id, payload: &[u8]| Entry::change(id, 3, payload);
    let hostile = Hostile::new(
        &files,
        vec![
            blob(3, "hello world"),
            change(4, &delta(10, 4, &[Ok((0, 4))])),
            change(5, &delta(11, 9, &[Ok((6, 9))])),
            change(6, &delta(11, 9, &[Ok((0, 4))])),
            change(7, &delta(11, 2, &[Ok((0, 4))])),
            change(8, &[11, 1, 0]),
            change(9, &[]),
            Entry::change(10, 4, &delta(4, 4, &[Ok((0, 4))])),
        ],
    );
    assert_eq!(
        hostile.problems(),
        ["beyond", "child", "empty", "less", "more", "other", "reserved"].map(|name| format!("missing-object {name}"))
    );
    assert_eq!(hostile.detail("child").split(": ").last().unwrap(), "it is stored as a change to an object that cannot be read");
}

#[test]
fn indexes_that_point_elsewhere() {
    // At the start of the pack, in the middle of the commit, at the end of the pack, beyond it.
    for offset in [0, 20, 400, 1 << 20, 1 << 31, 1 << 62] {
        let fixture = Fixture::new("mkdir r");
        let mut list = Vec::from(packs::commit_of(COMMIT, TREE, &[("beyond", 3)]));
        list.push(Entry { offset: Some(offset), ..blob(3, "x") });
        packs::write(&fixture.sandbox.path("r"), COMMIT, &list).unwrap();
        let scan = fixture.scan("r", &["--history"]);
        assert_eq!(scan.code, 3, "{offset}: {}", scan.errors);
        assert!(!scan.problems.is_empty());
    }
}

#[test]
fn packs_that_are_cut_off() {
    let mut fixture = Fixture::new("mkdir r");
    packs::write(&fixture.sandbox.path("r"), COMMIT, &packs::commit_of(COMMIT, TREE, &[])).unwrap();
    for bytes in [200, 120, 60, 20, 12, 5, 0] {
        fixture.run(&format!("truncate -s {bytes} r/objects/pack/pack-0.pack"));
        let scan = fixture.scan("r", &["--history"]);
        assert_eq!(scan.code, 3, "{bytes}: {}", scan.errors);
        assert!(!scan.problems.is_empty());
    }
}

#[test]
fn bombs() {
    // Each level is sixteen times as long as the one before, from a few bytes each.
    let len = |level: u32| 16_usize << (4 * level);
    let mut entries = vec![blob(3, "sixteen letters\n")];
    for level in 1..7 {
        let copies = vec![Ok((0, u32::try_from(len(level - 1) / 2).unwrap())); 32];
        let id = 3 + u8::try_from(level).unwrap();
        entries.push(Entry::change(id, id - 1, &delta(len(level - 1), len(level), &copies)));
    }
    entries.push(Entry { size: 1 + 258 * 150_000, deflated: packs::bomb(150_000), ..blob(20, "") });
    // A change to the last one, without which that would be read as a stream.
    entries.push(Entry::change(10, 9, &delta(len(6), 4, &[Ok((0, 4))])));
    let files = [("first", 3), ("second", 5), ("third", 6), ("last", 9), ("after", 10), ("deflated", 20)];
    let hostile = Hostile::new(&files, entries);
    let most = hostile.memory(&["--memory", "100M"]);
    assert!(most < LITTLE, "{most} KiB");
    let scan = hostile.fixture.scan("r", &["--history", "--memory", "100M", "--no-cache"]);
    // What is long and deflated is streamed; a chain of changes has to be in memory.
    assert_eq!((scan.problems, scan.code), (vec!["missing-object after".to_owned(), "missing-object last".to_owned()], 1));
    assert!(hostile.detail("last").contains("--memory"), "{}", hostile.detail("last"));
}

#[test]
fn a_good_copy_in_another_pack_counts() {
    let mut fixture = Fixture::new(
        "repository r; for i in 1 2 3 4 5 6; do echo \"@copied@ $i\" >>f; git add .; git commit -qm $i; done; git repack -adq
        cd .git/objects/pack; for f in *; do cp $f second-$f; done; for f in second-*; do mv $f pack-0${f#second-pack-?}; done",
    );
    let sound = fixture.scan("r", &["--history", "--no-cache"]);
    for pack in ["pack-0*.pack", "pack-[1-9a-f]*.pack"] {
        fixture.run(&format!(
            "rm -rf s; cp -r r s; cd s/.git/objects/pack; chmod u+w *; f=$(ls {pack} | head -1); printf '\\377\\377\\377\\377\\377\\377' | dd of=$f bs=1 seek=$(($(stat -c %s $f) - 60)) conv=notrunc 2>/dev/null"
        ));
        let scan = fixture.scan("s", &["--history", "--no-cache"]);
        // What is shown is looked up in whichever pack comes first; it is found all the same, or missed with a word.
        assert_eq!(scan.report["coverage"], sound.report["coverage"], "{pack}");
        assert!(scan.places == sound.places || !scan.problems.is_empty(), "{pack}");
        assert_eq!(scan.names().is_empty(), scan.code == 3, "{pack}");
    }
}
