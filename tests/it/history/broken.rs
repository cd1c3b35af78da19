//! What is not whole: shallow and partial clones, missing and damaged objects. Each is named, and the exit code is never that of a clean scan.

use super::Fixture;

/// Three commits of a file each, the second with a directory.
const HISTORY: &str =
    "repository r; for i in 1 2 3; do mkdir -p d$i; echo text$i >d$i/f; echo $i >g; git add .; git commit -qm $i; done; cd ..\n";

/// Removes an object that is loose.
const FORGET: &str =
    "file() { echo .git/objects/$(echo $1 | cut -c1-2)/$(echo $1 | cut -c3-); }; forget() { rm -f $(file $(git rev-parse $1)); }\n";

/// The problems of a scan that has to be incomplete.
#[track_caller]
fn problems(fixture: &Fixture, directory: &str) -> Vec<String> {
    let scan = fixture.scan(directory, &["--history"]);
    assert_eq!(scan.code, 3, "{}", scan.errors);
    assert_eq!(fixture.scan(directory, &["--history", "--allow-incomplete"]).code, 0);
    scan.problems
}

#[test]
fn a_shallow_clone_says_where_it_is_cut() {
    let mut fixture = Fixture::new(&format!(
        "{HISTORY} git clone -q --depth 1 file://$PWD/r s; git clone -q --depth 2 --no-single-branch file://$PWD/r t"
    ));
    for directory in ["s", "t"] {
        let cut = fixture.run(&format!("cat {directory}/.git/shallow"));
        assert_eq!(problems(&fixture, directory), [format!("missing-object {cut}")]);
    }
    let scan = fixture.scan("s", &["--range", "HEAD~1..HEAD"]);
    assert_eq!(
        (scan.code, scan.errors.as_str()),
        (2, "unleak: error: `HEAD~1` is not in this repository; `git fetch --unshallow` may bring it\n")
    );
}

#[test]
fn a_partial_clone_is_not_completed_and_says_what_it_lacks() {
    let mut fixture = Fixture::new(&format!(
        "{HISTORY} git -C r config uploadpack.allowFilter true; for f in blob:none tree:0; do git clone -q --no-checkout --filter=$f file://$PWD/r $f; rm -f $f/.git/index; done"
    ));
    let packs = "ls blob:none/.git/objects/pack tree:0/.git/objects/pack";
    let before = fixture.run(packs);
    let blobs = problems(&fixture, "blob:none");
    assert_eq!(
        blobs,
        ["missing-object d1/f", "missing-object d2/f", "missing-object d3/f", "missing-object g", "missing-object g", "missing-object g"]
    );
    let trees = problems(&fixture, "tree:0");
    assert_eq!(trees.len(), 3, "{trees:?}");
    assert_eq!(fixture.run(packs), before);
}

#[test]
fn what_a_partial_clone_lacks_comes_with_the_command_that_brings_it() {
    let mut fixture = Fixture::new(&format!(
        "{HISTORY} git -C r config uploadpack.allowFilter true; git clone -q --no-checkout --filter=blob:none file://$PWD/r p; rm -f p/.git/index"
    ));
    for arguments in [&["--history"] as &[&str], &["--range", "HEAD~1..HEAD"]] {
        let scan = fixture.scan("p", arguments);
        let problems = scan.report["problems"].as_array().unwrap();
        assert!(!problems.is_empty(), "{arguments:?}");
        for problem in problems {
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.ends_with("is a partial clone; `git fetch --refetch --no-filter` may bring it"), "{detail}");
        }
    }
    fixture.run("cd p; git fetch -q --refetch --no-filter");
    assert_eq!(fixture.scan("p", &["--history"]).code, 0);
}

#[test]
fn missing_objects() {
    let fixture = Fixture::new(&format!(
        "{FORGET}{HISTORY} cp -r r blob; cp -r r tree; cp -r r commit; cp -r r root; (cd blob; forget HEAD:d2/f); (cd tree; forget HEAD:d2); (cd root; forget HEAD~1^{{tree}}); cd commit; forget HEAD~1"
    ));
    assert_eq!(problems(&fixture, "blob"), ["missing-object d2/f"]);
    let detail = fixture.scan("blob", &["--history"]).report["problems"][0]["detail"].to_string();
    assert!(detail.ends_with("is not in the repository\""), "{detail}");
    assert_eq!(problems(&fixture, "tree"), ["missing-object d2"]);
    let root = fixture.sandbox.run("git -C root cat-file -p HEAD~1 | sed -n 's/^tree //p'");
    assert_eq!(problems(&fixture, "root"), [format!("missing-object {root}")]);
    let head = fixture.sandbox.run("git -C commit rev-parse HEAD");
    assert_eq!(problems(&fixture, "commit"), [format!("missing-object {head}")]);
}

/// A directory of 300,000 files and a message of 20 MB, each loose and packed.
#[test]
fn what_is_large_is_read_within_the_memory_there_is() {
    let mut fixture = Fixture::new(
        "repository r; b=$(echo words | git hash-object -w --stdin); s=$(echo @inside@ | git hash-object -w --stdin)
        t=$({ seq -f \"100644 blob $b\tfile-with-quite-a-long-name-in-a-directory-%07g.txt\" 300000; printf '100644 blob %s\tlast\n' $s; } | git mktree); echo $t >../tree; git cat-file -s $t >../size
        { yes 'some words' | head -c 20000000; echo; echo @message@; } >../m; c=$(git commit-tree -F ../m $t); git update-ref refs/heads/main $c; git update-ref refs/heads/other $(git commit-tree -m x $t)",
    );
    assert!(fixture.run("cat size").parse::<u64>().unwrap() > 20 << 20);
    let places = ["inside: commit last", "message: commit-message COMMIT_MESSAGE"];
    let (tree, commit) = (fixture.run("cat tree"), fixture.run("git -C r rev-parse main"));
    for pack in ["", "git -C r repack -adq"] {
        fixture.run(pack);
        fixture.scan("r", &["--history", "--no-cache"]).assert_found(&places);
        let scan = fixture.scan("r", &["--history", "--no-cache", "--memory", "50M"]);
        let mut expected = [format!("missing-object {tree}"), format!("missing-object {commit}")];
        expected.sort();
        assert_eq!((scan.problems.as_slice(), scan.code), (expected.as_slice(), 3), "{}", scan.report["problems"]);
        assert!(scan.report["problems"].to_string().matches("--memory").count() == 2, "{}", scan.report["problems"]);
    }
}

#[test]
fn corrupt_loose_objects() {
    let fixture = Fixture::new(&format!(
        "{FORGET}{HISTORY} damage() {{ f=$(file $(git rev-parse $1)); chmod u+w $f; }}
        cp -r r cut; cd cut; damage HEAD:d2/f; truncate -s 9 $f; cd ..
        cp -r r flipped; cd flipped; damage HEAD:d2/f; printf '\\377\\377\\377\\377' | dd of=$f bs=1 seek=8 conv=notrunc 2>/dev/null; cd ..
        cp -r r empty; cd empty; damage HEAD:d2/f; : >$f; cd ..
        cp -r r commit; cd commit; damage HEAD~1; truncate -s 20 $f; cd ..
        cp -r r garbage; cd garbage; damage HEAD:d2; echo garbage >$f"
    ));
    for directory in ["cut", "flipped", "empty"] {
        assert_eq!(problems(&fixture, directory), ["missing-object d2/f"], "{directory}");
    }
    assert_eq!(problems(&fixture, "garbage"), ["missing-object d2"]);
    assert_eq!(problems(&fixture, "commit").len(), 1);
}

#[test]
fn damaged_packs() {
    let mut fixture = Fixture::new(&format!(
        "{HISTORY} git -C r repack -adq; cp -r r cut; cp -r r flipped; cp -r r noindex; cp -r r index; chmod -R u+w .
        cd cut/.git/objects/pack; truncate -s -60 *.pack; cd ../../../..; cd flipped/.git/objects/pack; printf '\\377\\377\\377\\377\\377\\377' | dd of=$(ls *.pack) bs=1 seek=40 conv=notrunc 2>/dev/null; cd ../../../..
        rm noindex/.git/objects/pack/*.idx; cd index/.git/objects/pack; truncate -s 100 *.idx"
    ));
    for directory in ["cut", "flipped", "noindex", "index"] {
        let scan = fixture.scan(directory, &["--history"]);
        assert_eq!(scan.code, 3, "{directory}: {} {:?}", scan.errors, scan.problems);
        assert!(!scan.problems.is_empty());
    }
    // The same with a secret in a part that is whole: it is found, and the rest is still said to be missing.
    fixture.run("cd cut; echo @after@ >after; git hash-object -w after >/dev/null; git tag after $(git hash-object after)");
    let scan = fixture.scan("cut", &["--history"]);
    assert_eq!((scan.places, scan.code), (vec!["after: object OBJECT".to_owned()], 1));
    assert!(!scan.problems.is_empty());
}

#[test]
fn an_object_over_the_limit_is_said_to_be() {
    let fixture = Fixture::new(&format!(
        "{HISTORY} cd r; head -c 5000 /dev/zero >big; git add .; git commit -qm big; git rm -q big; git commit -qm gone"
    ));
    let scan = fixture.scan("r", &["--history", "--max-file-size", "4K"]);
    assert_eq!((scan.problems, scan.code), (vec!["over-limit big".to_owned()], 3));
}

#[test]
fn alternates_in_a_circle_are_read_once_and_said() {
    let mut fixture = Fixture::new(
        "repository s; echo @theirs@ >t; git add .; git commit -qm t; git repack -adq; cd ..; repository r; echo @ours@ >o; git add .; git commit -qm o
        echo $PWD/../s/.git/objects >.git/objects/info/alternates; echo $PWD/.git/objects >../s/.git/objects/info/alternates
        git update-ref refs/heads/theirs $(git -C ../s rev-parse HEAD)",
    );
    for _ in 0..2 {
        let scan = fixture.scan("r", &["--history"]);
        assert_eq!((scan.names(), scan.code), (vec!["ours".to_owned(), "theirs".to_owned()], 1), "{}", scan.errors);
        let said = scan.report["problems"].to_string();
        assert!(scan.problems.len() == 1 && said.contains("round in a circle") && said.contains("objects/info/alternates"), "{said}");
    }
    let zeros = "0".repeat(40);
    fixture.scan("r", &["--range", &format!("{zeros}..HEAD")]).assert_found(&["ours: commit o"]);
    fixture.scan("r", &["--range", &format!("{zeros}..theirs")]).assert_found(&["theirs: commit t"]);
    fixture.run("cd r; git checkout -qb side; echo @second@ >p; git add p; git commit -qm p; git checkout -q main; git merge -q --no-ff -m m side; git tag -a -m v v");
    for (range, found) in [
        ("HEAD~1..HEAD", "second: commit p"),
        ("@^1..v^2", "second: commit p"),
        ("v^0~1..side", "second: commit p"),
        ("refs/tags/v~..refs/heads/main^", ""),
    ] {
        let found: Vec<&str> = Some(found).filter(|found| !found.is_empty()).into_iter().collect();
        fixture.scan("r", &["--range", range]).assert_found(&found);
    }
    for none in ["HEAD~9", "HEAD^3", "HEAD^x", "nothing~1", "~1"] {
        let scan = fixture.scan("r", &["--range", &format!("{none}..HEAD")]);
        assert!(scan.code == 2 && scan.errors.contains("is not in this repository"), "{none}: {}", scan.errors);
    }
    fixture.run("cd r; git reset -q --hard HEAD~1; git tag -d v >/dev/null; git branch -qD side");
    fixture.scan("r", &["."]).assert_found(&["ours: file o"]);
    fixture.run("cd r; echo @staged@ >n; git add n");
    fixture.scan("r", &["--staged"]).assert_found(&["staged: index n"]);
    // Itself, and one that cannot be made out.
    for alternates in ["$PWD/.git/objects", "\"$PWD/nowhere"] {
        fixture.run(&format!(
            "cd r; echo '{alternates}' | sed \"s,.PWD,$PWD,\" >.git/objects/info/alternates; git branch -q -D theirs 2>/dev/null || true"
        ));
        assert_eq!(fixture.scan("r", &["--history"]).names(), ["ours"], "{alternates}");
    }
}

#[test]
fn all_causes_are_said() {
    let fixture = Fixture::new(&format!(
        "{HISTORY} cp -r r config; echo '[core' >>config/.git/config; cp -r r version; git -C version config core.repositoryformatversion 9"
    ));
    let error = |directory: &str| fixture.scan(directory, &["--history"]).errors;
    let config = error("config");
    assert!(config.contains("cannot be read: Repository configuration could not be loaded: ") && config.contains("on line "), "{config}");
    let version = error("version");
    assert!(version.contains("only versions 0 and 1 are supported, input=9"), "{version}");
}

#[test]
fn a_commit_or_a_tag_that_a_tree_lists_as_a_file_is_said_not_to_be_scanned() {
    // A tree of one entry, made byte by byte: git itself makes none such.
    const LISTING: &str = "listing() { python3 -c 'import sys; sys.stdout.buffer.write(sys.argv[1].encode() + bytes(1) + bytes.fromhex(sys.argv[2]))' \"$1\" $2 \\
        | git hash-object -t tree --literally -w --stdin; }\n";
    const PACK: &str = "cd r; git cat-file --batch-all-objects --batch-check='%(objectname)' | git pack-objects -q .git/objects/pack/pack; git prune-packed -q";
    for (object, entry, expected) in [
        ("HEAD", "100644 a", "missing-object a"),
        ("v", "100644 b", "missing-object b"),
        ("HEAD", "40000 c", "missing-object c"),
        // Neither is one: a tree is followed and a blob is looked at, whatever they are listed as; a submodule is another repository's commit.
        ("HEAD^{tree}", "100644 d", ""),
        ("HEAD:g", "40000 e", ""),
        ("HEAD", "160000 f", ""),
    ] {
        let mut fixture = Fixture::new(&format!(
            "{HISTORY}{LISTING}cd r; git tag -m v v; git branch odd $(git commit-tree -m odd $(listing '{entry}' $(git rev-parse {object})))"
        ));
        for pack in ["", PACK] {
            fixture.run(pack);
            let scan = fixture.scan("r", &["--history", "--no-cache"]);
            let problems: Vec<&str> = scan.problems.iter().map(String::as_str).collect();
            assert_eq!((problems.join(", ").as_str(), scan.code), (expected, if expected.is_empty() { 0 } else { 3 }), "{entry} {pack}");
        }
    }
}
