//! What no reference leads to any more: only on request, and said to be so.

use super::Fixture;

/// A repository that lost a branch, an amended commit, a dropped stash, a tag, and has blobs that were only ever added.
const LOST: &str = "repository r; echo @kept@ >base; git add .; git commit -qm base
    git checkout -qb lost; mkdir d; echo @branch@ >d/b; git add .; git commit -qm '@message@'; echo @second@ >s; git add .; git commit -qm s; git checkout -q main; git branch -q -D lost
    echo @amended@ >a; git add .; git commit -qm a; echo clean >a; git add .; git commit -q --amend -m b
    echo @stash@ >base; git stash -q; git stash drop -q
    git tag -am '@tag@' v1; git tag -d v1 >/dev/null; echo @staged@ >n; git add n; git reset -q; rm n
    echo @written@ | git hash-object -w --stdin >/dev/null; echo @name@ >@path@; git add .; git commit -qm p; git reset -q --hard HEAD~1\n";

/// Where all of it is.
const PLACES: [&str; 12] = [
    "amended: unreachable a",
    "branch: unreachable d/b",
    "kept: commit base",
    "message: unreachable COMMIT_MESSAGE",
    "message: unreachable REFLOG_MESSAGE",
    "name: unreachable ghp_********",
    "path: path-name PATH_NAME",
    "second: unreachable s",
    "staged: unreachable OBJECT",
    "stash: unreachable base",
    "tag: unreachable TAG_MESSAGE",
    "written: unreachable OBJECT",
];

#[test]
fn what_is_lost_is_found_on_request_and_marked() {
    let mut fixture = Fixture::new(LOST);
    fixture.scan("r", &["--history"]).assert_found(&["kept: commit base"]);
    fixture.scan("r", &["--history", "--unreachable"]).assert_found(&PLACES);
    // Packed, and without logs, it is the same.
    fixture.run("cd r; git config gc.auto 0; git repack -adq --keep-unreachable; rm -r .git/logs");
    fixture.scan("r", &["--history"]).assert_found(&["kept: commit base"]);
    let without_logs: Vec<&str> = PLACES.into_iter().filter(|place| !place.ends_with("REFLOG_MESSAGE")).collect();
    fixture.scan("r", &["--history", "--unreachable"]).assert_found(&without_logs);
}

#[test]
fn what_logs_say_is_looked_at_each_time() {
    let fixture = Fixture::new(
        "repository r; git commit -q --allow-empty -m 1; git update-ref --create-reflog -m 'say @logged@' refs/heads/other HEAD",
    );
    fixture.scan("r", &["--history"]).assert_found(&[]);
    for _ in 0..2 {
        fixture.scan("r", &["--history", "--unreachable"]).assert_found(&["logged: unreachable REFLOG_MESSAGE"]);
    }
}

#[test]
fn the_objects_are_those_that_git_has() {
    let mut fixture = Fixture::new(LOST);
    let all = fixture.run("cd r; git cat-file --batch-all-objects --batch --unordered");
    assert_eq!(fixture.scan("r", &["--history", "--unreachable"]).names(), fixture.names_in(&all));
    fixture.run("cd r; git reflog expire --expire=now --all; git gc -q --prune=now");
    fixture.scan("r", &["--history", "--unreachable"]).assert_found(&["kept: commit base"]);
}

#[test]
fn names_in_trees_that_no_commit_has_are_found_whatever_the_order_of_their_ids() {
    let fixture = Fixture::new(
        "repository r; git commit -q --allow-empty -m 1
        for n in @a@ @b@ @c@ @d@ @e@ @f@ @g@ @h@; do mkdir -p x/$n; echo $n | cut -c5-7 >x/$n/q; git add x; git write-tree >/dev/null; git rm -qrf --cached x; rm -rf x; done",
    );
    let scan = fixture.scan("r", &["--history", "--unreachable"]);
    scan.assert_found(
        &["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| format!("{name}: path-name PATH_NAME")).each_ref().map(String::as_str),
    );
}

#[test]
fn a_reachable_place_is_not_marked() {
    // The same blob in a commit that is lost and in one that is not.
    let fixture = Fixture::new(
        "repository r; git commit -q --allow-empty -m 1; git checkout -qb lost; echo @both@ >x; git add .; git commit -qm 2; git checkout -q main; git branch -q -D lost; echo @both@ >y; git add .; git commit -qm 3",
    );
    fixture.scan("r", &["--history", "--unreachable"]).assert_found(&["both: commit y"]);
}
