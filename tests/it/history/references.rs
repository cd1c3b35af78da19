//! What leads to content: branches, tags, remotes, notes, the stash, other references, work trees. And their names.

use super::Fixture;

const BASE: &str = "repository r; echo base >base; git add .; git commit -qm base\n";

/// Makes a commit with a file of one token, without moving a branch, and prints its id.
const COMMIT: &str = "commit() { b=$(printf '%s\\n' \"$2\" | git hash-object -w --stdin); t=$(printf '100644 blob %s\\t%s\\n' $b $1 | git mktree); git commit-tree -m \"$1\" $t; }\n";

#[test]
fn every_kind_of_reference_counts() {
    let mut fixture = Fixture::new(&format!(
        "{BASE}{COMMIT}
        git update-ref refs/heads/topic/deep $(commit branch @branch@)
        git tag light $(commit light @light@); git tag -am x heavy $(commit heavy @heavy@); git tag -am y twice heavy 2>/dev/null
        git update-ref refs/remotes/origin/main $(commit remote @remote@); git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main
        git update-ref refs/pull/7/head $(commit pull @pull@); git update-ref refs/anything/else $(commit other @other@)
        git update-ref refs/packed/one $(commit packed @packed@); git pack-refs --all
        git update-ref refs/packed/one $(commit loose @loose@)
        git notes add -m @note@ HEAD
        echo @stash@ >base; echo @staged@ >staged; git add staged; echo @untracked@ >u; git stash -q -u
        git checkout -q --detach; echo @detached@ >d; git add d; git commit -qm detached
        git worktree add -q --detach ../linked main; cd ../linked; echo @linked@ >l; git add l; git commit -qm linked; git update-ref refs/worktree/own $(commit own @own@)"
    ));
    let expected = [
        "branch: commit branch",
        "detached: commit d",
        "heavy: commit heavy",
        "light: commit light",
        "linked: commit l",
        "loose: commit loose",
        "note: commit NOTE",
        "other: commit other",
        "own: commit own",
        "pull: commit pull",
        "remote: commit remote",
        "staged: commit staged",
        "stash: commit base",
        "untracked: commit u",
    ];
    let note = fixture.run("cd r; git ls-tree -r --name-only refs/notes/commits");
    let expected = expected.map(|place| place.replace("NOTE", &note));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    fixture.scan("r", &["--history"]).assert_found(&expected);
    // Wherever the program is started.
    fixture.scan("linked", &["--history"]).assert_found(&expected);
    fixture.scan("", &["--history", "r/.git"]).assert_found(&expected);
}

#[test]
fn names_of_references_are_content_and_shown_masked() {
    let fixture = Fixture::new(&format!(
        "{BASE} git branch fix/@branch@; git tag @tag@; git update-ref refs/remotes/o/@remote@ HEAD; git symbolic-ref refs/heads/@symbolic@ refs/heads/main
        echo broken >.git/refs/heads/@broken@; git pack-refs --all 2>/dev/null || true; git branch @loose@ 2>/dev/null || git update-ref refs/heads/@loose@ main"
    ));
    let scan = fixture.scan("r", &["--history"]);
    let names = ["branch", "broken", "loose", "remote", "symbolic", "tag"];
    assert_eq!(scan.places, names.map(|name| format!("{name}: ref-name REF_NAME")));
    assert_eq!(scan.code, 1);
    let excerpts: Vec<&str> =
        scan.report["findings"].as_array().unwrap().iter().map(|of| super::text(&of["places"][0]["excerpt"]["before"])).collect();
    assert!(excerpts.contains(&"refs/heads/fix/") && excerpts.contains(&"refs/tags/"), "{excerpts:?}");
}

#[test]
fn broken_references_are_problems_and_the_rest_is_scanned() {
    let mut fixture = Fixture::new(&format!(
        "{BASE}{COMMIT} git update-ref refs/heads/good $(commit good @good@)
        echo garbage >.git/refs/heads/garbage; : >.git/refs/heads/empty; printf '%040d' 7 >.git/refs/heads/missing; mkfifo .git/refs/heads/pipe
        ln -s ../../../../outside .git/refs/heads/link; echo 'ref: refs/heads/loop2' >.git/refs/heads/loop1; echo 'ref: refs/heads/loop1' >.git/refs/heads/loop2
        printf 'zz refs/heads/wrong\\n' >>.git/packed-refs; touch .git/refs/heads/main.lock"
    ));
    let scan = fixture.scan("r", &["--history"]);
    assert_eq!(scan.places, ["good: commit good"]);
    let expected = [
        "unreadable packed-refs",
        "unreadable refs/heads/empty",
        "unreadable refs/heads/garbage",
        "unreadable refs/heads/link",
        "missing-object refs/heads/missing",
        "unreadable refs/heads/pipe",
    ];
    assert_eq!(scan.problems, expected);
    assert_eq!(scan.code, 1);
    fixture.run("cd r; sed -i /^zz/d .git/packed-refs; git update-ref -d refs/heads/good");
    assert_eq!(fixture.scan("r", &["--history"]).code, 3);
}

#[test]
fn references_that_are_cut_off_are_a_problem() {
    let mut fixture = Fixture::new(&format!("{BASE}{COMMIT} git update-ref refs/heads/good $(commit good @good@); git pack-refs --all"));
    fixture.scan("r", &["--history"]).assert_found(&["good: commit good"]);
    for bytes in [60, 12] {
        fixture.run(&format!("cd r; truncate -s {bytes} .git/packed-refs"));
        let scan = fixture.scan("r", &["--history"]);
        assert!(scan.problems.contains(&"unreadable packed-refs".to_owned()) && scan.code != 0, "{bytes}: {:?}", scan.problems);
    }
}

#[test]
fn whatever_is_in_the_stash_counts() {
    let mut fixture = Fixture::new(&format!(
        "{BASE} put() {{ echo $1 >base; git stash -q; }}; put @first@; put @second@; put @dropped@; git stash drop -q; put @third@; put clean"
    ));
    let expected = ["first: commit base", "second: commit base", "third: commit base"];
    fixture.scan("r", &["--history"]).assert_found(&expected);
    let scan = fixture.scan("r", &["--history", "--since", "@0"]);
    scan.assert_found(&expected);
    let holders: Vec<String> =
        scan.report["findings"].as_array().unwrap().iter().map(|finding| finding["exposure"]["references"].to_string()).collect();
    for name in ["stash@{1}", "stash@{2}", "stash@{3}"] {
        assert!(holders.iter().any(|holders| holders.contains(name)), "{name}: {holders:?}");
    }
    // What was kept does not hide what is put away since.
    fixture.run("cd r; echo @fourth@ >base; git stash -q; echo clean >base; git stash -q");
    fixture.scan("r", &["--history"]).assert_found(&[
        "first: commit base",
        "fourth: commit base",
        "second: commit base",
        "third: commit base",
    ]);
    fixture.run("cd r; rm -f .git/objects/$(git rev-parse 'stash@{1}' | sed 's,^..,&/,')");
    let scan = fixture.scan("r", &["--history"]);
    assert_eq!((scan.problems, scan.places.len()), (vec!["missing-object stash@{1}".to_owned()], 3));
    fixture.run("cd r; git stash clear");
    fixture.scan("r", &["--history"]).assert_found(&[]);
}

#[test]
fn what_packed_references_say_of_tags_is_not_believed() {
    let mut fixture = Fixture::new(&format!(
        "{BASE}{COMMIT} git tag light $(commit light @light@); git tag -am x heavy $(commit heavy @heavy@); git tag -am y twice heavy 2>/dev/null
        git pack-refs --all; sed -i -e '/^^/d' -e \"/refs.tags/a ^$(git rev-parse main)\" .git/packed-refs"
    ));
    assert_eq!(fixture.run("cd r; grep -c ^^ .git/packed-refs"), "3");
    let expected = ["heavy: commit heavy", "light: commit light"];
    fixture.scan("r", &["--history"]).assert_found(&expected);
    fixture.scan("r", &["--history", "--since", "@0"]).assert_found(&expected);
}

#[test]
fn directories_that_cannot_be_listed_are_problems() {
    let mut fixture = Fixture::new(&format!("{BASE} : >.git/worktrees; mv .git/logs ..; : >.git/logs"));
    let problems = |fixture: &Fixture, arguments: &[&str]| fixture.scan("r", arguments).problems;
    assert_eq!(problems(&fixture, &["--history"]), ["unreadable logs/refs/stash", "unreadable worktrees"]);
    assert_eq!(problems(&fixture, &["--history", "--since", "@0"]), ["unreadable logs/refs/stash", "unreadable worktrees"]);
    assert_eq!(
        problems(&fixture, &["--history", "--unreachable"]),
        ["unreadable logs", "unreadable logs/refs/stash", "unreadable worktrees"]
    );
    fixture.run("cd r; rm .git/worktrees .git/logs; mkdir -p .git/logs/refs/stash");
    assert_eq!(problems(&fixture, &["--history"]), ["unreadable logs/refs/stash"]);
    assert_eq!(fixture.scan("r", &["--history"]).code, 3);
}

#[test]
fn a_repository_without_commits_is_empty_and_no_repository_is_an_error() {
    let fixture = Fixture::new("repository r; mkdir ../plain");
    fixture.scan("r", &["--history"]).assert_found(&[]);
    for (range, end) in [("A..HEAD", "HEAD"), ("HEAD~1..", "HEAD"), ("A..@^", "@^")] {
        let scan = fixture.scan("r", &["--range", range]);
        let error = format!("unleak: error: `{end}` leads to no commit: refs/heads/main has none yet\n");
        assert_eq!((scan.code, scan.errors), (2, error));
    }
    let scan = fixture.scan("", &["--history", "plain"]);
    assert_eq!((scan.code, scan.errors.as_str()), (2, "unleak: error: plain is not in a git repository\n"));
    let scan = fixture.scan("", &["--history", "absent"]);
    assert_eq!((scan.code, scan.errors.as_str()), (2, "unleak: error: absent: no such file or directory\n"));
}

#[test]
fn references_in_a_format_that_is_not_known_are_a_problem() {
    let fixture = Fixture::new(&format!("{BASE} git config core.repositoryFormatVersion 1; git config extensions.refStorage other"));
    let scan = fixture.scan("r", &["--history"]);
    assert_eq!((scan.code, scan.problems), (3, vec!["unreadable refs".to_owned()]));
}

/// Tables that git wrote lead where the files do that git wrote of the same references.
#[test]
fn references_in_tables_are_read() {
    for hash in ["sha1", "sha256"] {
        let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reftable");
        let fixture = Fixture::new(&format!(
            "{kept}/make --object-format={hash}; cd r; echo staged >staged; git add staged; cd ../w; echo w >base; git add base"
        ));
        let scans = || {
            let ranges = ["topic/c~1..", "v-a..topic/b", "refs/heads/main..origin", "@~1..HEAD", "topic/d..main", "HEAD..nothing"];
            let range = |range: &&str| fixture.scan("r", &["--range", range]);
            let whole = [&["--history", "--unreachable"][..], &["--history", "--since", "@0"]];
            let mut scans: Vec<_> = ranges.iter().map(range).chain(whole.iter().map(|of| fixture.scan("r", of))).collect();
            scans.extend(["r", "w"].map(|directory| fixture.scan(directory, &["--staged"])));
            scans.push(fixture.scan("w", &["--range", "HEAD~1..HEAD"]));
            scans.into_iter().map(|scan| (scan.code, scan.report, scan.errors)).collect::<Vec<_>>()
        };
        let in_files = scans();
        assert_eq!(in_files.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), [0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 0], "{in_files:?}");
        fixture.sandbox.run(&format!(
            "cd r/.git; git config core.repositoryFormatVersion 1; git config extensions.refStorage reftable
            rm -r refs logs packed-refs worktrees/w/logs unleak; mkdir refs; echo 'this is no directory' >refs/heads; cp -r {kept}/{hash}/main reftable
            echo 'ref: refs/heads/.invalid' >HEAD; cp HEAD worktrees/w/HEAD; cp -r {kept}/{hash}/w worktrees/w/reftable"
        ));
        assert_eq!(scans(), in_files, "{hash}");
        fixture.sandbox.run("cd r/.git/reftable; for table in *.ref; do truncate -s -1 $table; done");
        let scan = fixture.scan("r", &["--history"]);
        assert_eq!((scan.code, scan.problems), (3, vec!["unreadable reftable".to_owned()]));
    }
}

#[test]
fn since_is_by_the_committers_clock() {
    let mut fixture = Fixture::new(
        "repository r; at() { echo \"$2\" >$1; git add .; GIT_COMMITTER_DATE=\"$1 +0000\" git commit -qm $1; }
        at 1700000000 @old@; at 4000000000 @new@; at 1750000000 @skewed@; at 1790000000 @later@; git tag -am @tag@ t",
    );
    let found = |fixture: &Fixture, since: &str| fixture.scan("r", &["--history", "--since", since]).names();
    assert_eq!(found(&fixture, "@1700000000"), ["later", "new", "old", "skewed"]);
    assert_eq!(found(&fixture, "@1700000001"), ["later", "new", "skewed"]);
    assert_eq!(found(&fixture, "2027-01-15T08:00:00Z"), ["new"]);
    assert_eq!(found(&fixture, "@4000000001"), [""; 0]);
    fixture.run("cd r; echo @today@ >t; git add t; GIT_COMMITTER_DATE=$(date +%s) git commit -qm t");
    assert_eq!(found(&fixture, "2 weeks ago"), ["new", "today"]);
}
