//! The forms a repository can have. What is found must not depend on them, nor on anybody's configuration.

use super::{Fixture, repeated};

/// Some commits on two branches, a merge and a tag, with a token in every blob.
fn history() -> String {
    let commits = repeated(
        1..13,
        "echo @blobNR@ >fNR; echo @changeNR@ >changing; [ NR != 7 ] || git checkout -qb side; git add .; git commit -qm NR",
    );
    format!(
        "{commits} git checkout -q main; echo @main@ >m; git add .; git commit -qm m; git merge -q -m merge side; git tag -am @tag@ v1; git branch -D -q side\n"
    )
}

/// The names of all that [`history`] holds.
fn all() -> Vec<String> {
    let mut names: Vec<String> = (1..13).flat_map(|number| [format!("blob{number}"), format!("change{number}")]).collect();
    names.extend(["main".to_owned(), "tag".to_owned()]);
    names.sort();
    names
}

#[track_caller]
fn assert_all(fixture: &Fixture, directory: &str, arguments: &[&str]) {
    let scan = fixture.scan(directory, arguments);
    assert_eq!(scan.problems, [""; 0], "{directory}");
    assert_eq!(scan.names(), all(), "{directory}: {}", scan.errors);
    assert_eq!(scan.code, 1);
}

#[test]
fn packs_loose_objects_and_alternates() {
    let fixture = Fixture::new(&format!(
        "repository r\n{} cd ..; cp -r r loose; cp -r r packed; git -C packed repack -adq; git clone -q --bare r bare.git
        cp -r loose mixed; cd mixed; git repack -dq; cd ..
        cp -r loose several; cd several; git config gc.auto 0; for c in $(git rev-list --reverse --all); do git rev-list --objects $c --not $c^@ | cut -d' ' -f1 | git pack-objects -q .git/objects/pack/pack >/dev/null; done; git tag -l | xargs -n1 git rev-parse | git pack-objects -q .git/objects/pack/pack >/dev/null
        git prune-packed; git multi-pack-index write; cd ..; cp -r several nomidx; rm nomidx/.git/objects/pack/multi-pack-index
        git clone -q --shared packed borrowing; cd borrowing; git fetch -q --tags; cd ..; git clone -q --reference loose loose referring; git -C packed worktree add -q --detach ../linked",
        history()
    ));
    let count = |directory: &str| fixture.sandbox.run(&format!("ls {directory}/.git/objects/pack/*.pack 2>/dev/null | wc -l"));
    assert_eq!((count("loose"), count("packed"), count("borrowing")), ("0".into(), "1".into(), "0".into()));
    assert!(count("several").parse::<u32>().unwrap() > 10);
    for directory in ["r", "loose", "packed", "mixed", "several", "nomidx", "borrowing", "referring", "linked", "bare.git"] {
        assert_all(&fixture, directory, &["--history"]);
    }
}

#[test]
fn sha256() {
    let fixture =
        Fixture::new(&format!("repository r --object-format=sha256\n{} cd ..; cp -r r packed; git -C packed repack -adq", history()));
    for directory in ["r", "packed"] {
        assert_all(&fixture, directory, &["--history"]);
    }
}

#[test]
fn what_git_is_told_by_its_environment() {
    let mut fixture = Fixture::new(&format!("repository r\n{} mkdir ../elsewhere; mv .git/objects/?? ../elsewhere", history()));
    let path = |fixture: &Fixture, below: &str| fixture.sandbox.path(below).display().to_string();
    let variables = [("GIT_DIR", path(&fixture, "r/.git")), ("GIT_ALTERNATE_OBJECT_DIRECTORIES", path(&fixture, "elsewhere"))];
    let scan = fixture.scan_with("elsewhere", &["--history"], &variables, "");
    assert_eq!((scan.names(), scan.problems), (all(), Vec::new()));
    fixture.run("cd r; mkdir -p more; mv .git/objects more");
    let variables = [("GIT_OBJECT_DIRECTORY", path(&fixture, "elsewhere"))];
    let scan = fixture.scan_with("r", &["--history"], &variables, "");
    assert_eq!(scan.names(), [""; 0], "without a directory of objects it is no repository");
}

#[test]
fn directories_of_objects_that_are_not_there_are_passed_over_as_git_does() {
    let fixture = Fixture::new(&format!("repository r\n{}", history()));
    let absent = fixture.sandbox.path("absent").display().to_string();
    for arguments in [&["--history", "--no-cache"][..], &["--range", "HEAD~1..HEAD"]] {
        let plain = fixture.scan("r", arguments);
        let scan = fixture.scan_with("r", arguments, &[("GIT_ALTERNATE_OBJECT_DIRECTORIES", absent.clone())], "");
        assert_eq!((scan.report, scan.code), (plain.report, plain.code), "{}", scan.errors);
    }
}

/// Puts a token into a configuration, as people put it into a URL.
const REMOTE: &str = "remote() { git -C \"$1\" config remote.x.url https://user:$2@example.com/x; };";

#[test]
fn the_configuration_of_a_repository_is_looked_at_whatever_is_scanned_of_it() {
    let fixture = Fixture::new(&format!(
        "{REMOTE} git init -q -b main sub; cd sub; git commit -q --allow-empty -m s; cd ..
        repository r; git -c protocol.file.allow=always submodule add -q --name a/b ../sub s 2>/dev/null; git commit -qm 1; git commit -q --allow-empty -m 2; cd ..
        remote r @own@; remote r/s @sub@; git clone -q --bare r bare.git 2>/dev/null; remote bare.git @bare@
        git init -q -b main r/nested; remote r/nested @nested@"
    ));
    let own = ["own: git-config .git/config", "sub: git-config .git/modules/a/b/config"];
    for arguments in [&["--history"][..], &["--history"], &["--history", "--since", "@0"], &["--range", "HEAD~1..HEAD"], &["--staged"]] {
        fixture.scan("r", arguments).assert_found(&own);
    }
    fixture.scan("r", &[]).assert_found(&["nested: git-config nested/.git/config", own[0], own[1]]);
    fixture.scan("bare.git", &["--history"]).assert_found(&["bare: git-config config"]);
    fixture.scan("", &["--range", "HEAD~1..HEAD", "bare.git"]).assert_found(&["bare: git-config config"]);
    // What is pushed is not to blame for it.
    let scan =
        fixture.scan_with("r", &["--pre-receive"], &[], &fixture.sandbox.run("cd r; echo $(git rev-parse HEAD~1 HEAD) refs/heads/main"));
    scan.assert_found(&[]);
    let scan = fixture.scan("bare.git", &["--staged"]);
    let path = fixture.sandbox.path("bare.git").canonicalize().unwrap().display().to_string();
    let error = format!("unleak: error: {path} is a bare repository, where nothing is staged; --history scans what was committed\n");
    assert_eq!((scan.code, scan.errors), (2, error));
    let scan = fixture.scan("", &["bare.git"]);
    let error = "unleak: error: bare.git is a git directory and has no files of its own; give its work tree, or scan what was committed with --history\n";
    assert_eq!((scan.code, scan.errors.as_str()), (2, error));
}

#[test]
fn nobodys_configuration_decides() {
    let mut fixture = Fixture::new(&format!(
        "repository r\n{} git config core.attributesFile $PWD/../attributes; echo '* -diff -text binary filter=hide diff=hide' >../attributes; cp ../attributes .git/info/attributes
        git config diff.hide.textconv 'touch {{P}}/ran; true'; git config diff.external 'touch {{P}}/ran'; git config filter.hide.clean 'touch {{P}}/ran'; git config core.fsmonitor 'touch {{P}}/ran'
        git config core.hooksPath $PWD/..; git config core.commitGraph true; git commit-graph write --reachable 2>/dev/null; git config core.sshCommand 'touch {{P}}/ran'; git config log.excludeDecoration 'refs/*'; git config transfer.hideRefs refs/tags
        git config core.worktree /nowhere; git config core.ignoreCase true; git config index.sparse true; git config core.logAllRefUpdates false; git config maintenance.auto true",
        history()
    ));
    fixture.run(
        "cd r; sed -i \"s,{P},$PWD/..,g\" .git/config; empty=$(git hash-object -w -t tree /dev/null); c=$(git commit-tree -m empty $empty)
        for o in $(git rev-list main); do git replace -f $o $c; done; git rev-list --no-replace main >/dev/null 2>&1 || true
        git replace -f $(git --no-replace-objects rev-parse main:m) $(echo nothing | git hash-object -w --stdin)
        git --no-replace-objects rev-parse main >.git/info/grafts; git rev-parse main >/dev/null; test $(git rev-list --count main) -le 2",
    );
    // What replaces is reachable by its own references, and holds no token.
    assert_all(&fixture, "r", &["--history"]);
    assert_eq!(fixture.run("ls"), "attributes\nr");
}

#[test]
fn scanning_writes_nothing_into_objects_and_references() {
    let fixture = Fixture::new(&format!("repository r\n{}", history()));
    let state = "cd r; find . -path ./.git/unleak -prune -o -printf '%p %s %T@\\n' | sort";
    let before = fixture.sandbox.run(state);
    assert_all(&fixture, "r", &["--history", "--no-cache"]);
    assert_eq!(fixture.sandbox.run(state), before);
}

#[cfg(unix)]
#[test]
fn a_repository_of_another_user_is_read_and_its_programs_are_not_run() {
    use std::os::unix::fs::MetadataExt;
    let fixture = Fixture::new(&format!("repository r\n{}", history()));
    if fixture.sandbox.path("r").metadata().unwrap().uid() == 0 {
        fixture.sandbox.run("chown -R 12345:12345 r");
        assert_eq!(fixture.sandbox.run("git -C r status >/dev/null 2>&1 && echo trusted || echo refused"), "refused");
    }
    assert_all(&fixture, "r", &["--history"]);
}

#[test]
fn the_objects_are_those_that_git_lists() {
    let commits = repeated(
        1..41,
        "echo @aNR@ >f$((NR % 7)); mkdir -p d$((NR % 3))/e; echo @bNR@ >d$((NR % 3))/e/$((NR % 5)); git add .; git commit -qm '@cNR@'
        case $((NR % 9)) in
        3) git checkout -qb side;;
        6) git merge -qm '@dNR@' -s ours main;;
        0) git checkout -q main; git merge -q -X theirs -m '@eNR@' side || { git add -A; git commit -qm m; }; git branch -q -D side;;
        esac
        [ $((NR % 11)) != 0 ] || git tag -am '@fNR@' vNR; [ $((NR % 13)) != 0 ] || git commit -q --amend -m '@gNR@'; [ $((NR % 17)) != 0 ] || git repack -adq",
    );
    let mut fixture = Fixture::new(&format!("repository r; git config gc.auto 0; git commit -q --allow-empty -m base\n{commits}"));
    let reachable = fixture.run("cd r; git rev-list --objects --all | cut -d' ' -f1 | git cat-file --batch");
    let names = fixture.names_in(&reachable);
    assert!(names.len() > 90, "{}", names.len());
    assert_eq!(fixture.scan("r", &["--history"]).names(), names);
    // One by one, commit for commit, it is the same; tags have no committer.
    let mut untagged = names;
    untagged.retain(|name| !name.starts_with('f'));
    assert_eq!(fixture.scan("r", &["--history", "--since", "@0"]).names(), untagged);
    assert_eq!(fixture.scan("r", &["--history", "--no-delta"]).report, fixture.scan("r", &["--history"]).report);
}
