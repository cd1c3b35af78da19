//! What history holds besides files: messages, names, people, links, merges, encodings, submodules, large files elsewhere.

use super::{Fixture, text};

const BASE: &str = "repository r; echo base >base; git add .; git commit -qm base\n";

#[test]
fn messages_and_people_are_content() {
    let fixture = Fixture::new(&format!(
        "{BASE} git commit -q --allow-empty -m subject -m 'body @message@'
        GIT_AUTHOR_NAME=@author@ git commit -q --allow-empty -m a; GIT_AUTHOR_EMAIL=@mail@ git commit -q --allow-empty -m b
        GIT_COMMITTER_NAME=@committer@ git commit -q --allow-empty -m c; GIT_COMMITTER_EMAIL=@cmail@ git commit -q --allow-empty -m d; git commit -q --allow-empty -m e
        git tag -am 'text @tag@' v1; GIT_COMMITTER_NAME=@tagger@ git tag -am x v2; git tag -am @outer@ v3 v1 2>/dev/null
        git tag -am @ofblob@ v4 HEAD:base; git tag -am @oftree@ v5 HEAD^{{tree}}; git notes add -m @note@; git notes --ref=other add -m @another@
        (git cat-file commit HEAD | sed '/^$/q' | sed '$d'; echo 'x-header @header@'; echo; echo m) | git hash-object -t commit -w --stdin >../id; git branch h $(cat ../id)"
    ));
    let places = fixture.scan("r", &["--history"]).places;
    let of_kind = |kind: &str| -> Vec<String> {
        places
            .iter()
            .filter(|place| place.contains(&format!(": {kind} ")))
            .filter_map(|place| Some(place.split_once(':')?.0.to_owned()))
            .collect()
    };
    assert_eq!(of_kind("commit-message"), ["author", "cmail", "committer", "header", "mail", "message"]);
    assert_eq!(of_kind("tag-message"), ["ofblob", "oftree", "outer", "tag", "tagger"]);
    assert_eq!(of_kind("commit"), ["another", "note"]);
    assert_eq!(places.len(), 13);
}

#[test]
fn what_a_tag_holds_without_a_commit_is_content() {
    let fixture = Fixture::new(&format!(
        "{BASE} git tag blob $(echo @blob@ | git hash-object -w --stdin)
        b=$(echo @tree@ | git hash-object -w --stdin); t=$(printf '100644 blob %s\\tf\\n' $b | git mktree); git tag tree $(printf '040000 tree %s\\td\\n' $t | git mktree)"
    ));
    fixture.scan("r", &["--history"]).assert_found(&["blob: object OBJECT", "tree: object d/f"]);
}

#[test]
fn names_of_paths_are_content_and_masked_wherever_they_are_shown() {
    let mut fixture = Fixture::new(&format!(
        "{BASE} echo 1 >@file@.txt; mkdir -p d/@directory@/e; echo 2 >d/@directory@/e/f; git add .; git commit -qm add
        git mv base @renamed@; git commit -qm rename; ln -s x @link@; git add .; git commit -qm link; git rm -q @file@.txt; git commit -qm gone
        echo @inside@ >@outside@; git add .; git commit -qm both"
    ));
    let scan = fixture.scan("r", &["--history"]);
    let named = ["directory", "file", "link", "outside", "renamed"].map(|name| format!("{name}: path-name PATH_NAME"));
    let mut places = scan.places.clone();
    places.retain(|place| place.contains("path-name"));
    assert_eq!(places, named);
    let inside: Vec<&String> = scan.places.iter().filter(|place| place.starts_with("inside")).collect();
    assert_eq!(inside, ["inside: commit ghp_********"]);
    // Not even where a file of that name is missing.
    fixture.run("cd r; b=$(git rev-parse HEAD:@outside@); rm -f .git/objects/$(echo $b | cut -c1-2)/$(echo $b | cut -c3-)");
    let scan = fixture.scan("r", &["--history"]);
    assert_eq!(scan.problems, ["missing-object ghp_********"]);
}

#[test]
fn merges_renames_modes_and_links() {
    let fixture = Fixture::new(&format!(
        "{BASE} git checkout -qb side; echo @side@ >s; git add .; git commit -qm side; git checkout -q main; echo main >m; git add .; git commit -qm main
        git merge -q --no-commit side; echo @evil@ >evil; echo @both@ >>base; git add .; git commit -qm merge
        git checkout -qb x HEAD~1; echo x >x; git add .; git commit -qm x; git checkout -qb y main~2; echo y >y; git add .; git commit -qm y; git checkout -q main
        git merge -q --no-commit x y 2>/dev/null; echo @octopus@ >o; git add .; git commit -qm octopus
        echo @moved@ >moved; git add .; git commit -qm 1; git mv moved elsewhere; git commit -qm 2; chmod +x elsewhere; git commit -qam 3; git rm -q elsewhere; git commit -qm 4
        ln -s /path/@target@ link; git add .; git commit -qm link; git rm -q link; git commit -qm unlink"
    ));
    fixture.scan("r", &["--history"]).assert_found(&[
        "both: commit base",
        "evil: commit evil",
        "moved: commit moved",
        "octopus: commit o",
        "side: commit s",
        "target: commit link",
    ]);
}

#[test]
fn attributes_and_encodings_hide_nothing() {
    let fixture = Fixture::new(&format!(
        "{BASE} printf '* -diff -text binary\\nfiltered filter=hide\\n' >.gitattributes; echo @attribute@ >a; echo @filtered@ >filtered
        echo @utf16le@ | iconv -t UTF-16LE >w; (printf '\\376\\377'; echo @utf16be@ | iconv -t UTF-16BE) >v; printf 'a\\000b @binary@ \\000' >b
        printf '@nonewline@' >n; printf 'x\\r\\n@crlf@\\r\\n' >c; head -c 3000000 /dev/zero | tr '\\0' a >large; echo \" @large@\" >>large
        git add .; git commit -qm all; git rm -q a b c large; git commit -qm gone"
    ));
    fixture.scan("r", &["--history"]).assert_found(&[
        "attribute: commit a",
        "binary: commit b",
        "crlf: commit c",
        "filtered: commit filtered",
        "large: commit large",
        "nonewline: commit n",
        "utf16be: commit v",
        "utf16le: commit w",
    ]);
}

#[test]
fn what_is_not_unpacked_is_counted() {
    let mut fixture = Fixture::new(
        "repository r; echo text >t; gzip -kn t; tar -cjf t.tar.bz2 t; xz -k t; head -c 99 /dev/zero >zeros; git add .; git commit -qm all",
    );
    let compressed = |fixture: &Fixture, arguments: &[&str]| {
        let scan = fixture.scan("r", arguments);
        assert_eq!(scan.code, 0);
        scan.report["coverage"]["compressed"].as_u64()
    };
    for arguments in [&["--history", "--no-cache"][..], &["--history", "--no-delta", "--no-cache"], &["--history"], &["--history"], &["."]]
    {
        assert_eq!(compressed(&fixture, arguments), Some(3), "{arguments:?}");
    }
    // What came in since is added to what is kept.
    fixture.run("cd r; echo other >o; gzip o; git add .; git commit -qm more");
    assert_eq!((compressed(&fixture, &["--history"]), compressed(&fixture, &["--range", "HEAD~1..HEAD"])), (Some(4), Some(1)));
}

#[test]
fn a_blob_is_scanned_once_however_often_it_is_committed() {
    let fixture = Fixture::new(&format!(
        "{BASE} echo @one@ >a; git add .; git commit -qm 1; git rm -q a; git commit -qm 2; echo @one@ >b; git add .; git commit -qm 3; git branch again; cp b c; git add .; git commit -qm 4"
    ));
    let scan = fixture.scan("r", &["--history"]);
    // Where it came in, and where it still is.
    scan.assert_found(&["one: commit a", "one: commit b", "one: commit c"]);
}

#[test]
fn a_name_is_looked_at_whatever_else_has_the_same_content() {
    let fixture = Fixture::new(
        "repository r; echo x >a; mkdir d e; cp a @file@; cp a d/@below@; echo y >e/q; git add .; git commit -qm 1; cp -r e @directory@; ln -s a l; ln -s a @link@; git add .; git commit -qm 2
        git rm -qr .; git commit -qm 3; git repack -adqf",
    );
    for arguments in [&["--history"][..], &["--history"], &["--history", "--since", "@0"], &["--history", "--unreachable"]] {
        let names = ["below", "directory", "file", "link"].map(|name| format!("{name}: path-name PATH_NAME"));
        fixture.scan("r", arguments).assert_found(&names.each_ref().map(String::as_str));
    }
}

#[test]
fn submodules_are_repositories_of_their_own() {
    let fixture = Fixture::new(
        "git init -q -b main inner; cd inner; echo @inner@ >i; git add .; git commit -qm i; git rm -q i; git commit -qm gone; cd ..
        git init -q -b main sub; cd sub; echo @sub@ >s; git add .; git commit -qm s; git rm -q s; git commit -qm 'gone @message@'
        git -c protocol.file.allow=always submodule add -q ../inner deep/inner 2>/dev/null; git commit -qm inner; cd ..
        repository r; git -c protocol.file.allow=always submodule add -q ../sub modules/sub 2>/dev/null
        git config -f .gitmodules submodule.far.path far; git config -f .gitmodules submodule.far.url https://user:@url@/x
        git add .; git commit -qm sub; git -c protocol.file.allow=always submodule update -q --init --recursive 2>/dev/null
        git config -f .gitmodules --remove-section submodule.far; git commit -qam gone",
    );
    let scan = fixture.scan("r", &["--history"]);
    scan.assert_found(&[
        "inner: commit modules/sub/deep/inner/i",
        "message: commit-message COMMIT_MESSAGE",
        "sub: commit modules/sub/s",
        "url: commit .gitmodules",
    ]);
    let paths: Vec<&str> = scan.report["coverage"]["submodules"].as_array().unwrap().iter().map(|of| text(&of["path"])).collect();
    assert_eq!(paths, ["modules/sub", "modules/sub/deep/inner"]);
    let findings = scan.report["findings"].as_array().unwrap().iter();
    let references = |path: &str| {
        let mut of_path = findings.clone().filter(|finding| text(&finding["places"][0]["path"]) == path);
        text(&of_path.next().unwrap()["exposure"]["references"][0]).to_owned()
    };
    assert_eq!(references(".gitmodules"), "HEAD");
    assert_eq!(references("modules/sub/deep/inner/i"), "modules/sub/deep/inner: HEAD");
}

#[test]
fn a_submodule_cannot_lead_elsewhere_or_around_in_circles() {
    let fixture = Fixture::new(
        "git init -q -b main other; cd other; echo @other@ >o; git add .; git commit -qm o; cd ..
        repository r; echo r >r; git add .; git commit -qm r; id=$(git rev-parse HEAD)
        git update-index --add --cacheinfo 160000,$id,self --add --cacheinfo 160000,$id,link; mkdir self; echo \"gitdir: $PWD/.git\" >self/.git; ln -s ../other link; git commit -qm m",
    );
    let scan = fixture.scan("r", &["--history"]);
    scan.assert_found(&[]);
    assert_eq!(scan.report["coverage"].get("submodules"), None);
}

/// A pointer of git LFS to `content`, and the content where git LFS keeps it.
const POINTER: &str = "lfs() { id=$(printf '%s' \"$2\" | sha256sum | cut -c1-64); printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %d\\n' $id ${#2} >$1; mkdir -p .git/lfs/objects/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-4); [ \"${3-}\" ] || printf '%s' \"$2\" >.git/lfs/objects/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-4)/$id; }\n";

#[test]
fn large_files_elsewhere_are_scanned_if_they_are_here_and_counted_if_not() {
    let mut fixture = Fixture::new(&format!(
        "{BASE}{POINTER} lfs here 'x @here@'; lfs away 'x @away@' away; git add .; git commit -qm lfs; git worktree add -q ../linked; sed '/^oid/d' here >almost; lfs new 'x @new@'; git add new"
    ));
    let skipped = |scan: &super::Scan| scan.report["coverage"]["skipped"]["lfs-content"].as_u64();
    for (directory, arguments, place) in [
        ("r", ["--history"].as_slice(), "here: commit here"),
        ("r", &["--range", "main~1..main"], "here: commit here"),
        ("linked", &["--range", "main~1..main"], "here: commit here"),
        ("linked", &[], "here: file here"),
    ] {
        let scan = fixture.scan(directory, arguments);
        scan.assert_found(&[place]);
        assert_eq!(skipped(&scan), Some(1), "{arguments:?}");
    }
    let scan = fixture.scan("r", &["--staged"]);
    scan.assert_found(&["new: index new"]);
    assert_eq!(skipped(&scan), None);
    // A pointer is only believed as far as it goes: what is kept under its id can be anything, another pointer too.
    fixture.run("cd r; id=$(grep -o '[0-9a-f]\\{64\\}' here); f=$(find .git/lfs -name $id); rm $f; cp here $f");
    let scan = fixture.scan("r", &["--history"]);
    assert_eq!((scan.places.as_slice(), skipped(&scan)), ([].as_slice(), Some(1)));
    fixture.run("cd r; id=$(grep -o '[0-9a-f]\\{64\\}' here); f=$(find .git/lfs -name $id); rm $f; mkfifo $f");
    assert_eq!(skipped(&fixture.scan("r", &["--history"])), Some(2));
}

#[test]
fn excluded_paths_are_left_out_and_counted() {
    let fixture = Fixture::new(&format!(
        "{BASE} mkdir v; echo @vendored@ >v/a; echo @kept@ >a; git add .; git commit -qm '@message@'; git branch @name@"
    ));
    let scan = fixture.scan("r", &["--history", "--exclude", "v/"]);
    scan.assert_found(&["kept: commit a", "message: commit-message COMMIT_MESSAGE", "name: ref-name REF_NAME"]);
    assert!(scan.report["coverage"]["skipped"]["excluded"].as_u64() >= Some(1));
}

/// What a path says decides what is found; a blob at two kinds of paths is looked at as both.
#[test]
fn a_blob_is_looked_at_as_each_kind_of_file_that_it_is() {
    let value = ["hunter", "2x9"].concat();
    let fixture = Fixture::new(&format!(
        "repository r; commit() {{ git add -A; git commit -qm $1; }}
        printf 'DB_PASSWORD={value}\n' >.env; commit settings; git mv .env package-lock.json; commit lock; echo x >x; commit x
        cp package-lock.json a.py; cp package-lock.json prod.env; commit both; git rm -q a.py prod.env package-lock.json; commit gone
        mkdir tests src; printf 'password = \"{value}7\"\n' >tests/test_a.py; commit test; cp tests/test_a.py src/settings.py; commit product"
    ));
    let first = fixture.sandbox.run("git -C r rev-parse HEAD~6");
    let paths = |arguments: &[&str]| {
        let scan = fixture.scan("r", arguments);
        let mut paths: Vec<String> = scan.places.iter().map(|place| place.rsplit(' ').next().unwrap().to_owned()).collect();
        paths.sort();
        (scan.code, paths)
    };
    for more in [&[][..], &["--no-delta"], &["--no-cache"], &["--unreachable"], &["--exclude", "nothing"]] {
        let (code, found) = paths(&[&["--history"], more].concat());
        assert_eq!((code, found), (1, [".env", "src/settings.py", "tests/test_a.py"].map(str::to_owned).to_vec()), "{more:?}");
    }
    assert_eq!(paths(&["--range", &format!("{first}..HEAD~2")]), (1, vec!["prod.env".to_owned()]));
    assert_eq!(paths(&["--range", "HEAD~2..HEAD", "--fail-on", "high"]).0, 1);
    assert_eq!(paths(&["--range", &format!("{}..HEAD", "0".repeat(40)), "--fail-on", "high"]).1.len(), 3);
    // A file that is renamed brings its content where it is another kind of file then.
    fixture.sandbox.run("cd r; git rm -qr .; cp /dev/null e; printf 'DB_PASSWORD={value}1\n' >a.lock; git add .; git commit -qm a; git mv a.lock a.env; git commit -qm b".replace("{value}", &value).as_str());
    assert_eq!(paths(&["--range", "HEAD~1..HEAD"]), (1, vec!["a.env".to_owned()]));
}

/// What is left out at one path is not left out at another.
#[test]
fn a_blob_is_left_out_only_if_all_its_paths_are() {
    let fixture = Fixture::new(
        "repository r; commit() { git add -A; git commit -qm $1; }
        git commit -q --allow-empty -m base; mkdir vendor src; echo @copied@ >vendor/k; commit vendor; cp vendor/k src/k; commit copy
        cp -r vendor deep; echo @moved@ >vendor/m; commit more; git mv vendor/m src/m; commit move; echo @alone@ >vendor/a; commit alone",
    );
    let found = |arguments: &[&str]| {
        let scan = fixture.scan("r", arguments);
        let mut names: Vec<String> =
            scan.places.iter().map(|place| format!("{} {}", place.split(':').next().unwrap(), place.rsplit(' ').next().unwrap())).collect();
        names.sort();
        names
    };
    for source in [&["--history"][..], &["--history", "--no-delta"], &["--history", "--since", "@0"], &["--range", "HEAD~5..HEAD"]] {
        let outside = |glob: &str| found(&[source, &["--exclude", glob, "--no-cache"]].concat());
        let is_whole = |names: &[String], name: &str| names.iter().any(|found| found.starts_with(name));
        let names = outside("vendor/");
        assert!(is_whole(&names, "copied") && is_whole(&names, "moved") && !is_whole(&names, "alone"), "{source:?}: {names:?}");
        assert!(!names.iter().any(|name| name.contains("vendor/")), "{source:?}: {names:?}");
        let names = outside("src/");
        assert!(is_whole(&names, "copied") && is_whole(&names, "moved") && is_whole(&names, "alone"), "{source:?}: {names:?}");
        assert!(!names.iter().any(|name| name.contains("src/")), "{source:?}: {names:?}");
        assert!(is_whole(&outside("/src\n/vendor".split('\n').next().unwrap()), "copied"));
        let names = found(&[source, &["--exclude", "vendor/", "--exclude", "src/", "--exclude", "deep/", "--no-cache"]].concat());
        assert_eq!(names, [""; 0], "{source:?}");
    }
    // What is let pass at one path is reported at another, also where only the past has that.
    fixture.sandbox.run(
        "cd r; git rm -qr src deep; git commit -qm gone; printf '[[allow]]\\npath = \"vendor/\"\\nreason = \"not ours\"\\n' >../allow.toml",
    );
    let says_so = |source: &[&str], rules: &[&str]| {
        let names = found(&[source, rules].concat());
        let expected = |name: &str| names.iter().any(|found| found.starts_with(name) && !found.contains("vendor/"));
        assert!(expected("copied") && expected("moved") && !names.iter().any(|name| name.starts_with("alone")), "{source:?}: {names:?}");
    };
    let sources = [&["--history", "--no-cache"][..], &["--history", "--since", "@0"], &["--range", "HEAD~6..HEAD"]];
    for source in sources {
        says_so(source, &["--config", "../allow.toml"]);
    }
    // Other tools' files say it in their way.
    fixture.sandbox.run("cd r; printf \"[allowlist]\\npaths = ['^vendor/']\\n\" >.gitleaks.toml");
    for source in sources {
        says_so(source, &[]);
    }
}
