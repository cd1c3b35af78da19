//! A range of many commits is read in the order in which objects are stored: what is listed and found is what looking each up by itself gives.

use unleak::patterns::Catalogue;
use unleak::report::{Format, Options};
use unleak::scan::{Scanner, Silent};
use unleak::settings::{GitEnvironment, Settings};
use unleak::source::git::range::{self, Range};
use unleak::source::objects::Objects;

use super::{Fixture, realistic};
use crate::source::Sandbox;

/// Everything that a history can have: files that become directories, links, submodules, moved and copied directories, the same tree in several
/// places, merges of two and three, clocks that go backwards.
const SHAPES: &str = r#"repository r; cd ..; python3 - >stream <<'END'
import random
random.seed(11)
out = []
folders = ["", "src/", "src/deep/er/", "tests/", "docs/", "a/", "a.b/", "vendor/lib/"]
names = ["x.py", "y.yml", "z", "notes.md", "a", "app.properties"]
tokens = ["@one@", "@two@", "@three@", "@four@", "@five@"]
def text():
    kind = random.randrange(9)
    if kind == 0:
        return f"token = {random.choice(tokens)}\n"
    if kind == 1:
        return f"token = {random.choice(tokens)} # unleak:allow\n"
    if kind == 2:
        return f"value\0{random.choice(tokens)}\n"
    if kind == 3:
        return "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d" * 32 + "\nsize 9\n"
    return "".join(f"line {random.randrange(30)}\n" for _ in range(random.randrange(1, 30)))
def data(text):
    return f"data {len(text.encode())}\n{text}\n"
heads = [None, None, None]
mark = 0
for number in range(700):
    mark += 1
    branch = random.randrange(3) if heads[0] else 0
    parents = [heads[branch] or heads[0]] if heads[0] else []
    message = f"commit {number}" if random.randrange(40) else f"commit {random.choice(tokens)}"
    time = 1_600_000_000 + number * 60 - random.choice([0, 0, 0, 5000])
    out.append(f"commit refs/heads/b{branch}\nmark :{mark}\ncommitter C <c@d> {time} +0000\n{data(message)}")
    if parents and random.randrange(8) == 0:
        parents += [head for head in heads if head and head not in parents][: random.choice([1, 2])]
    out += [("from" if at == 0 else "merge") + f" :{parent}\n" for at, parent in enumerate(parents)]
    for _ in range(random.randrange(1, 4)):
        path = random.choice(folders) + random.choice(names)
        other = random.choice(folders) + random.choice(names)
        kind = random.randrange(14)
        if kind == 0:
            out.append(f"D {path}\n")
        elif kind == 1:
            out.append(f"M 160000 {random.randrange(1 << 30):040x} {path}\n")
        elif kind == 2:
            out.append(f"M 120000 inline {path}\n{data('target/' + str(random.randrange(4)))}")
        elif kind == 3:
            out.append(f"M 100755 inline {path}\n{data(text())}")
        elif kind in (4, 5) and number > 30:
            # A whole directory, or a file, goes somewhere else. What is there already is another commit's.
            source = random.choice(["src", "tests", "docs", "vendor"])
            out.append(f"M 100644 inline {source}/keep\n{data('kept')}{random.choice('CR')} {source} {random.choice(['moved', 'tests/moved', 'old/moved'])}{random.randrange(6)}\n")
        elif kind == 6:
            out.append(f"M 100644 inline {path}/inside\n{data(text())}")
        elif kind == 7:
            out.append(f"M 100644 inline copied/{random.randrange(9)}/{other}\n{data('the same')}")
        else:
            out.append(f"M 100644 inline {path}\n{data(text())}")
    heads[branch] = mark
    out.append("\n")
print("".join(out), end="")
END
cd r; git fast-import --quiet <../stream; git tag -am '@tag@' v1 b1"#;

/// A range of a repository, read one way.
fn listed(sandbox: &Sandbox, range: &Range) -> Objects {
    range::list(&sandbox.path("r"), range, &GitEnvironment::default()).unwrap()
}

/// That both ways of reading list and find the same, and that they are two.
#[track_caller]
fn assert_same(fixture: &Fixture, range: &Range) {
    let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
    let one_by_one = listed(&fixture.sandbox, range);
    let as_stored = listed(&fixture.sandbox, &scanner.at_once(range.clone()));
    assert!(format!("{as_stored:?}").contains("Inventory") && !format!("{one_by_one:?}").contains("Inventory"));
    for (ours, theirs) in as_stored.items.iter().zip(&one_by_one.items) {
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{range:?}");
    }
    assert_eq!((as_stored.items.len(), &as_stored.coverage), (one_by_one.items.len(), &one_by_one.coverage), "{range:?}");
    let json = |objects: &Objects| {
        let report = scanner.objects(objects, &Silent);
        assert!(report.findings.len() > 3 && report.coverage.scanned > 500, "{}", report.findings.len());
        let mut text = Vec::new();
        unleak::report::write(Format::Json, &report, &Options::default(), &mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert_eq!(json(&as_stored), json(&one_by_one), "{range:?}");
}

#[test]
fn a_large_range_gives_what_each_object_by_itself_gives() {
    let mut fixture = Fixture::new(SHAPES);
    for storage in ["git -c pack.threads=1 repack -adfq --depth=50", "git repack -adfq --depth=1; git commit-graph write --reachable"] {
        fixture.run(&format!("cd r; {storage}"));
        for range in ["0000000000000000000000000000000000000000..b1", "b1~100..b2", "b2~150..b0"] {
            assert_same(&fixture, &Range::between(range).unwrap());
        }
        assert_same(&fixture, &Range::between("b1~100..b2").unwrap().with_each_path(true));
        assert_same(&fixture, &Range::all(None));
        assert_same(&fixture, &Range::all(Some(1_600_010_000)));
    }
}

#[test]
fn a_large_range_of_long_chains_gives_what_each_object_by_itself_gives() {
    let fixture = realistic::repository(3);
    assert_same(&fixture, &Range::between("0000000000000000000000000000000000000000..main").unwrap());
    assert_same(&fixture, &Range::all(None).with_each_path(true));
}

#[test]
fn a_few_commits_are_looked_up_one_by_one() {
    let fixture = realistic::repository(3);
    let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
    let few = listed(&fixture.sandbox, &scanner.at_once(Range::between("main~3..main").unwrap()));
    assert!(!few.items.is_empty() && !format!("{few:?}").contains("Inventory"));
}

#[test]
fn what_is_missing_of_a_large_range_is_said_either_way() {
    let mut fixture = Fixture::new(SHAPES);
    fixture.run(
        "git clone -q --depth 100 --branch b1 --single-branch file://$PWD/r shallow; cd r
        mv .git/objects/pack/*.pack ../pack; rm -f .git/objects/pack/*; git unpack-objects -q <../pack
        for kind in blob tree; do rm -f $(git ls-tree -rt b1 | awk -v kind=$kind '$2 == kind { print $3 }' | tail -1 | sed 's,^..,.git/objects/&/,'); done",
    );
    assert_same(&fixture, &Range::all(None));
    assert!(!listed(&fixture.sandbox, &Range::all(None)).coverage.problems.is_empty());
    fixture.run("mv r gaps; mv shallow r");
    assert_same(&fixture, &Range::all(None));
    assert!(!listed(&fixture.sandbox, &Range::all(None)).coverage.problems.is_empty());
}

#[test]
fn what_newer_commits_brought_is_the_same_either_way() {
    let fixture = realistic::repository(3);
    let since = ["--history", "--no-cache", "--since", "@1600100000"];
    let as_stored = fixture.scan("r", &since);
    let one_by_one = fixture.scan("r", &[&since[..], &["--no-delta"]].concat());
    assert_eq!(as_stored.report, one_by_one.report);
    assert!(as_stored.report["findings"].as_array().unwrap().len() > 20);
}
