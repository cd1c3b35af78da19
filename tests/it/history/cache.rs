//! What is kept from one scan of a history to the next: it changes nothing about the outcome, and holds no secret.

use super::Fixture;

const HISTORY: &str = "repository r; mkdir d; echo @gone@ >gone; echo @here@ >d/here; echo @fixture@ >test_data; git add .; git commit -qm '@message@'
    git rm -q gone; git commit -qm rm; git tag -am '@tag@' v1; git branch side; echo x >path; git add .; git commit -qm path; echo 'x # unleak:allow @allowed@' >a; git add .; git commit -qm a\n";

fn cached(fixture: &Fixture) -> Vec<u8> {
    std::fs::read(fixture.sandbox.path("r/.git/unleak/history")).unwrap()
}

#[test]
fn the_second_scan_says_what_the_first_said() {
    let mut fixture = Fixture::new(HISTORY);
    let fresh = fixture.scan("r", &["--history", "--no-cache"]);
    assert!(!fixture.sandbox.path("r/.git/unleak").exists());
    let first = fixture.scan("r", &["--history"]);
    let kept = cached(&fixture);
    fixture.assert_no_token_in(&String::from_utf8_lossy(&kept));
    let second = fixture.scan("r", &["--history"]);
    assert_eq!(fresh.report, first.report);
    assert_eq!(first.report, second.report);
    assert_eq!(cached(&fixture), kept);
    assert_eq!(second.names(), ["fixture", "gone", "here", "message", "tag"]);
    // Objects that are gone are only missed by a scan that looks for them: what was kept is used, until something changes.
    fixture.run("cd r; echo @new@ >new; git add .; git commit -qm new");
    assert!(fixture.scan("r", &["--history"]).names().contains(&"new".to_owned()));
    assert_ne!(cached(&fixture), kept);
}

#[test]
fn other_settings_patterns_and_references_are_other_scans() {
    let mut fixture = Fixture::new(HISTORY);
    let names = |fixture: &Fixture, arguments: &[&str]| fixture.scan("r", &[&["--history"], arguments].concat()).names();
    assert_eq!(names(&fixture, &[]).len(), 5);
    assert_eq!(names(&fixture, &["--exclude", "d/"]).len(), 4);
    assert_eq!(names(&fixture, &["--disable", "github-personal-access-token"]), [""; 0]);
    assert_eq!(names(&fixture, &[]).len(), 5);
    fixture.run("cd r; git tag -d v1 >/dev/null");
    assert_eq!(names(&fixture, &[]).len(), 4);
    fixture.run(
        "cd r; git checkout -q --orphan other; git rm -rfq .; git commit -q --allow-empty -m empty; git branch -D main side >/dev/null",
    );
    assert_eq!(names(&fixture, &[]), [""; 0]);
    assert!(names(&fixture, &["--unreachable"]).contains(&"gone".to_owned()));
}

#[test]
fn a_damaged_or_foreign_file_is_of_no_use_and_no_harm() {
    let fixture = Fixture::new(HISTORY);
    let first = fixture.scan("r", &["--history"]);
    let kept = cached(&fixture);
    let path = fixture.sandbox.path("r/.git/unleak/history");
    for damage in [&b""[..], b"garbage", &kept[..kept.len() / 2], &[255; 4096]] {
        std::io::Write::write_all(&mut std::fs::File::options().write(true).truncate(true).open(&path).unwrap(), damage).unwrap();
        assert_eq!(fixture.scan("r", &["--history"]).report, first.report);
        assert_eq!(cached(&fixture), kept);
    }
}

#[test]
fn what_somebody_else_kept_is_not_believed() {
    let fixture = Fixture::new(HISTORY);
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = [("HOME", elsewhere.path().display().to_string())];
    let theirs = fixture.scan_with("r", &["--history"], &stranger, "").report;
    let sealed_by_them = cached(&fixture);
    assert_eq!(fixture.scan("r", &["--history"]).report, theirs);
    // It was thrown away and made anew; one's own is used.
    let sealed_by_us = cached(&fixture);
    assert_ne!(sealed_by_us, sealed_by_them);
    assert_eq!(sealed_by_us[..32], sealed_by_them[..32]);
    fixture.scan("r", &["--history"]);
    assert_eq!(cached(&fixture), sealed_by_us);
    // One changed byte of the content is enough, wherever it is.
    for at in [64, sealed_by_us.len() / 2, sealed_by_us.len() - 1] {
        let mut changed = sealed_by_us.clone();
        changed[at] ^= 1;
        let path = fixture.sandbox.path("r/.git/unleak/history");
        std::io::Write::write_all(&mut std::fs::File::options().write(true).truncate(true).open(&path).unwrap(), &changed).unwrap();
        assert_eq!(fixture.scan("r", &["--history"]).report, theirs);
        assert_eq!(cached(&fixture), sealed_by_us);
    }
}

#[test]
fn without_a_home_nothing_is_kept_in_a_git_directory() {
    let fixture = Fixture::new(HISTORY);
    let nowhere = [("HOME", String::new())];
    assert_eq!(fixture.scan_with("r", &["--history"], &nowhere, "").names().len(), 5);
    assert!(!fixture.sandbox.path("r/.git/unleak").exists());
    fixture.scan_with("r", &["--history", "--cache", "../kept"], &nowhere, "");
    assert!(fixture.sandbox.path("kept/key").exists());
}

#[test]
fn a_known_file_where_it_is_judged_otherwise_is_looked_at_alone() {
    let mut fixture = Fixture::new("repository r; echo words >plain; echo @here@ >k; git add .; git commit -qm a");
    let scan = |fixture: &Fixture| {
        let kept = fixture.scan("r", &["--history"]);
        assert_eq!(kept.report, fixture.scan("r", &["--history", "--no-cache"]).report);
        kept
    };
    scan(&fixture);
    let blobs = |fixture: &Fixture| std::fs::read(fixture.sandbox.path("r/.git/unleak/blobs")).unwrap();
    let first = blobs(&fixture);
    // The same content among tests: it says the same there.
    fixture.run("cd r; mkdir -p tests docs; cp plain tests/plain.py; cp k docs/k.md; git add .; git commit -qm b");
    assert_eq!(scan(&fixture).names(), ["here"]);
    let second = blobs(&fixture);
    assert_ne!(first, second);
    fixture.run("cd r; mkdir more; cp plain more/tests.py; cp k more/k.md; git add .; git commit -qm c");
    assert_eq!(scan(&fixture).names(), ["here"]);
    // A secret only where a file is read in another way.
    fixture.run("cd r; printf 'password\\n  hunter2Zebra9\\n' >notes.txt; git add .; git commit -qm d");
    scan(&fixture);
    fixture.run("cd r; cp notes.txt tests/notes.yml; cp notes.txt netrc; git add .; git commit -qm e");
    scan(&fixture);
}

#[test]
fn a_directory_of_its_own_serves_several_repositories() {
    let fixture =
        Fixture::new(&format!("{HISTORY}cd ..; git init -q -b main other; cd other; echo @other@ >o; git add .; git commit -qm o"));
    for _ in 0..2 {
        assert_eq!(fixture.scan("other", &["--history", "--cache", "../kept"]).names(), ["other"]);
        assert_eq!(fixture.scan("r", &["--history", "--cache", "../kept"]).names().len(), 5);
    }
    assert_eq!(fixture.sandbox.run("ls kept | wc -l; ls r/.git/unleak 2>/dev/null | wc -l"), "3\n0");
}

#[test]
fn a_directory_that_cannot_be_had_is_said() {
    let fixture = Fixture::new(&format!("{HISTORY} : >../file"));
    let scan = fixture.scan("r", &["--history", "--cache", "../file/kept"]);
    assert_eq!((scan.names().len(), scan.errors.as_str()), (5, "unleak: note: nothing is kept in ../file/kept: not a directory\n"));
    assert_eq!(fixture.scan("r", &["--history", "--cache", "../kept"]).errors, "");
}

#[test]
fn secrets_in_names_are_not_kept() {
    let fixture = Fixture::new("repository r; echo x >@path@; echo @inside@ >i; git add .; git commit -qm path; git branch '@name@'");
    for _ in 0..2 {
        assert_eq!(fixture.scan("r", &["--history"]).names(), ["inside", "name", "path"]);
    }
    assert!(!fixture.sandbox.path("r/.git/unleak/history").exists());
    fixture.assert_no_token_in(&String::from_utf8_lossy(&std::fs::read(fixture.sandbox.path("r/.git/unleak/blobs")).unwrap()));
}

#[test]
fn what_is_only_counted_in_messages_is_counted_again() {
    let fixture = Fixture::new(
        "repository r; echo @here@ >here; git add .; git commit -qm \"here

        key: pk_live_$(printf aB3 && printf dE6gH9kL2m)
        old: @message@ unleak:allow\"",
    );
    let first = fixture.scan("r", &["--history"]);
    let counted = (first.report["summary"]["below_threshold"].clone(), first.report["summary"]["suppressed"].clone());
    assert_eq!(counted, (1.into(), serde_json::json!({ "inline-mark": 1 })));
    assert_eq!(fixture.scan("r", &["--history"]).report, first.report);
}

#[test]
fn what_is_missing_from_a_repository_is_kept_as_missing() {
    let mut fixture = Fixture::new(&format!("{HISTORY}cd ..; git clone -q --depth 1 file://$PWD/r s"));
    let first = fixture.scan("s", &["--history"]);
    assert_eq!(first.problems.len(), 1);
    assert!(fixture.sandbox.path("s/.git/unleak/history").exists());
    let second = fixture.scan("s", &["--history"]);
    assert_eq!((&second.report, second.code), (&first.report, first.code));
    fixture.run("cd s; git fetch -q --unshallow");
    assert_eq!(fixture.scan("s", &["--history"]).problems.len(), 0);
}

#[test]
fn what_could_not_be_read_is_not_kept() {
    let fixture = Fixture::new(HISTORY);
    fixture.sandbox.run("cd r; f=.git/objects/$(git rev-parse HEAD:a | sed 's,^..,&/,'); chmod u+w $f; cp $f ../whole; echo x >$f");
    let damaged = fixture.scan("r", &["--history"]);
    assert_eq!(damaged.problems.len(), 1);
    assert!(!fixture.sandbox.path("r/.git/unleak/history").exists());
    fixture.sandbox.run("cd r; cp ../whole .git/objects/$(git rev-parse HEAD:a | sed 's,^..,&/,')");
    assert_eq!(fixture.scan("r", &["--history"]).problems.len(), 0);
    // A repository that cannot be written to is scanned all the same.
    fixture.sandbox.run("rm -r r/.git/unleak; : >r/.git/unleak");
    assert_eq!(fixture.scan("r", &["--history"]).names().len(), 5);
}

/// A scan with what was kept and one without say the same.
#[track_caller]
fn assert_same(fixture: &Fixture, arguments: &[&str], when: &str) {
    let cached = fixture.scan("r", &[&["--history"], arguments].concat());
    let fresh = fixture.scan("r", &[&["--history", "--no-cache"], arguments].concat());
    assert_eq!(cached.report, fresh.report, "{when}");
    assert_eq!(cached.code, fresh.code, "{when}");
    assert!(cached.code != 2, "{when}: {}", cached.errors);
    for kept in std::fs::read_dir(fixture.sandbox.path("r/.git/unleak")).unwrap() {
        fixture.assert_no_token_in(&String::from_utf8_lossy(&std::fs::read(kept.unwrap().path()).unwrap()));
    }
}

#[test]
fn what_is_new_is_looked_at_and_the_rest_is_remembered() {
    let mut fixture = Fixture::new(HISTORY);
    assert_same(&fixture, &[], "at first");
    let steps = [
        "echo @new@ >new; echo x >>path; git add .; git commit -qm new",
        "git checkout -q side; echo @side@ >s; git add .; git commit -qm s; git checkout -q main; git merge -q --no-edit side",
        "git merge -q --no-commit -s ours side^ 2>/dev/null || true; echo @merge@ >m; git add .; git commit -qm merge --allow-empty",
        "git rm -q new d/here; git commit -qm gone; git tag -am '@late@' v2",
        "git repack -adqf --depth=20; git prune-packed",
        "git mv test_data product.conf; git commit -qm mv; mkdir tests; git mv path tests/path; cp a tests/a; git add .; git commit -qm tests",
        "git branch backup; git reset -q --hard HEAD~3; echo @force@ >f; git add .; git commit -qm force",
        "git branch -D backup >/dev/null; git tag -d v1 >/dev/null",
        "git reflog expire --expire=now --all; git gc -q --prune=now",
        "git checkout -q --orphan empty; git rm -rfq .; git commit -q --allow-empty -m empty; git branch -D main side >/dev/null",
        "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%064d\\nsize 12\\n' 7 >large; git add .; git commit -qm pointer",
    ];
    for step in steps {
        fixture.run(&format!("cd r; {step}"));
        assert_same(&fixture, &[], step);
        assert_same(&fixture, &["--unreachable"], step);
    }
}

/// Damages the files of objects; what they were is kept beside the repository.
fn damage(fixture: &mut Fixture, objects: &str) {
    fixture.run(&format!(
        "cd r; for id in $(git rev-parse {objects}); do
            f=.git/objects/$(echo $id | sed 's,^..,&/,'); chmod u+w $f; cp $f ../$id; echo x >$f; done"
    ));
}

#[test]
fn what_came_in_is_looked_at_and_nothing_else_is_read() {
    let mut fixture = Fixture::new(
        "repository r; echo @first@ >first; echo words >plain; git add .; git commit -qm first; git rm -q first plain; git commit -qm middle --allow-empty; \
         echo @old@ >old; echo @both@ >d.txt; git add .; git commit -qm '@told@'; git branch side; git tag -am '@tag@' v1; echo x >x; git add .; git commit -qm x",
    );
    assert_eq!(fixture.scan("r", &["--history"]).names(), ["both", "first", "old", "tag", "told"]);
    damage(&mut fixture, "HEAD~3:plain HEAD~3^{tree}");
    let steps = [
        "echo @new@ >new; git add .; git commit -qm new",
        "git rm -q old; git commit -qm '@toldagain@'",
        "git checkout -q side; echo y >y; echo @both@ >e.txt; git add .; git commit -qm side; git tag -am plain v2; git checkout -q main",
        "git merge -q --no-edit side",
        "git checkout -qb other HEAD~2; mkdir sub; git mv d.txt sub/d.txt; git commit -qm mv; git checkout -q main; git branch -d side",
        "git rm -qr d.txt e.txt; git commit -qm gone; echo @both@ >d.txt; git add .; git commit -qm again; git tag -d v2",
    ];
    for (number, step) in steps.into_iter().enumerate() {
        fixture.run(&format!("cd r; export GIT_COMMITTER_DATE='170000001{number} +0000'; {step}"));
        let carried = fixture.scan("r", &["--history"]);
        assert_eq!(carried.problems, [""; 0], "after {step} everything was read: {}", carried.errors);
        fixture.run("cp -r r whole; cd whole; for f in ../[0-9a-f]*; do cp $f .git/objects/$(basename $f | sed 's,^..,&/,'); done");
        let fresh = fixture.scan("whole", &["--history", "--no-cache"]);
        assert_eq!(carried.report, fresh.report, "{step}");
        assert_eq!(fixture.scan("r", &["--history"]).report, fresh.report, "{step}");
        fixture.run("rm -rf whole");
    }
    // Whoever loses what was kept learns of the damage.
    assert_ne!(fixture.scan("r", &["--history", "--no-cache"]).problems, [""; 0]);
}

#[test]
fn random_histories_are_scanned_the_same_with_and_without_what_was_kept() {
    for seed in 1..7_u64 {
        let mut fixture = Fixture::new("repository r; echo start >a0; git add .; git commit -qm start");
        let mut random = super::random(seed);
        for round in 0..6 {
            let is_mixed = seed % 2 == 0;
            let step = |step| {
                // Clocks go on, or stand still.
                let clock = format!("export GIT_COMMITTER_DATE='{} +0000'", 1_700_000_000 + if is_mixed { 0 } else { 10 * round + step });
                format!("{clock}\n{}", random_step(&mut random, &format!("{seed}{round}{step}")))
            };
            let steps: Vec<String> = (0..4).map(step).collect();
            fixture.run(&format!("cd r; set +e\n{}\ntrue", steps.join("\n")));
            let when = format!("seed {seed}, round {round}");
            // What was kept is carried on where the same is asked for again.
            assert_same(&fixture, if is_mixed && random(2) == 0 { &["--unreachable"] } else { &[] }, &when);
            if is_mixed && random(3) == 0 {
                assert_same(&fixture, &["--exclude", "tests/"], &when);
            }
        }
    }
}

/// A change to the repository.
fn random_step(random: &mut impl FnMut(u64) -> u64, name: &str) -> String {
    let path = ["a0", "tests/a1", "docs/b.md", "src/c.py", "d/e/f.yml"][usize::try_from(random(5)).unwrap()];
    let secret = if random(2) == 0 { format!("@t{}@", random(4)) } else { format!("words of {name}") };
    match random(9) {
        0 => format!("git tag -f t{} >/dev/null", random(3)),
        1 => format!("git checkout -qB side{} HEAD~1 2>/dev/null || git checkout -qB side0", random(3)),
        2 => format!("git merge -q -s ours --no-edit side{} >/dev/null 2>&1", random(3)),
        3 => "git rm -rq $(git ls-files | head -1) && git commit -q --allow-empty -m gone".to_owned(),
        4 => format!("git repack -{}dq 2>/dev/null", if random(2) == 0 { "a" } else { "" }),
        5 => "git reset -q --hard HEAD~1 2>/dev/null".to_owned(),
        6 => format!(
            "mkdir -p $(dirname x/{path}); git mv -f $(git ls-files | tail -1) x/{path} 2>/dev/null; git commit -q --allow-empty -m moved"
        ),
        _ => format!("mkdir -p $(dirname {path}); echo '{secret}' >>{path}; git add .; git commit -q --allow-empty -m '{name}'"),
    }
}

#[test]
fn patterns_that_go_by_paths_are_asked_again_where_the_path_is_another() {
    let mut fixture = Fixture::new("repository r; mkdir a; echo 'acmekey_Zq7mK2' >a/f; git add .; git commit -qm a");
    let pattern = "provider = \"acme\"\nname = \"Acme\"\ndocs = \"https://docs.example.com/keys\"\n[[pattern]]\nid = \"acme-key\"\ntitle = \"Acme key\"\n\
        severity = \"high\"\nopens = \"All.\"\nrevoke = \"https://console.example.com/keys\"\nstore = \"secrets-manager\"\nshape = [\"acmekey_{alnum:6}\"]\npaths = [\"b/\"]\n\
        positive = [\"key: {secret}\", \"k={secret}\"]\nnegative = [\"key: acmekey_1\", \"k=acme\"]\n";
    fixture.run(&format!("cat >acme.toml <<'END'\n{pattern}END\n"));
    let arguments = ["--patterns", "../acme.toml"];
    assert_same(&fixture, &arguments, "in a");
    fixture.run("cd r; git mv a b; git commit -qm b");
    assert_same(&fixture, &arguments, "in b");
    fixture.run("cd r; git checkout -q HEAD~1");
    assert_same(&fixture, &arguments, "in a again");
}

#[test]
fn what_was_kept_of_blobs_is_whole_or_of_no_use() {
    let mut fixture = Fixture::new(HISTORY);
    fixture.scan("r", &["--history"]);
    let path = fixture.sandbox.path("r/.git/unleak/blobs");
    let kept = std::fs::read(&path).unwrap();
    let mut flipped = kept.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damage in [&b""[..], &kept[..kept.len() / 2], &kept[..kept.len() - 1], &flipped] {
        fixture.run("cd r; date +%N >>path; git commit -qam more");
        std::io::Write::write_all(&mut std::fs::File::options().write(true).truncate(true).open(&path).unwrap(), damage).unwrap();
        assert_same(&fixture, &[], "damaged");
    }
}

#[test]
fn whoever_is_killed_leaves_nothing_that_is_half_written() {
    let mut fixture = Fixture::new(HISTORY);
    for milliseconds in [0, 20, 40, 60, 80, 100, 120, 150, 200, 300] {
        fixture.run("cd r; date +%N >>path; echo @new@ >>new; git add .; git commit -qm more");
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_unleak"))
            .args(["scan", "--history", "--quiet"])
            .current_dir(fixture.sandbox.path("r"))
            .env_clear()
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_same(&fixture, &[], "killed");
    }
    // What is left of somebody who was killed long ago goes with the next scan that writes.
    fixture
        .run("cd r; touch -d '2 days ago' .git/unleak/.blobs.1-0.tmp; touch .git/unleak/.blobs.1-1.tmp .git/unleak/.blobs.999999999-0.tmp");
    fixture.scan("r", &["--history"]);
    assert_eq!(fixture.sandbox.run("ls -A r/.git/unleak"), ".blobs.1-1.tmp\nblobs\nhistory\nledger\nmentions");
}

#[test]
fn nothing_leads_out_of_a_strangers_git_directory() {
    let mut fixture = Fixture::new(HISTORY);
    let fresh = fixture.scan("r", &["--history", "--no-cache"]);
    for name in ["history", "blobs", "ledger"] {
        fixture.run(&format!("rm -rf r/.git/unleak; mkdir r/.git/unleak; echo theirs >victim; ln -s ../../../victim r/.git/unleak/{name}"));
        for _ in 0..2 {
            assert_eq!(fixture.scan("r", &["--history"]).report, fresh.report, "{name}");
        }
        assert_eq!(fixture.run("cat victim; ls | grep -c tmp || true"), "theirs\n0", "{name}");
        fixture.run(&format!("rm r/.git/unleak/{name}; mkfifo r/.git/unleak/{name}"));
        assert_eq!(fixture.scan("r", &["--history"]).report, fresh.report, "{name}");
        assert_eq!(fixture.run(&format!("stat -c %F r/.git/unleak/{name}")), "fifo");
    }
    // What a good file of theirs says is not used through a link, and none is written.
    fixture.run("rm -r r/.git/unleak; mkdir elsewhere; ln -s ../../elsewhere r/.git/unleak");
    assert_eq!(fixture.scan("r", &["--history"]).report, fresh.report);
    assert_eq!(fixture.run("ls -A elsewhere | wc -l"), "0");
    assert_eq!(fixture.scan("r", &["--history", "--cache", "elsewhere"]).report, fresh.report);
    assert_eq!(fixture.run("rm r/.git/unleak; ls -A r/elsewhere | wc -l"), "2");
}

/// Only root can give a directory away; elsewhere there is none of another user to look at.
#[test]
fn nothing_is_kept_where_another_user_can_write() {
    let mut fixture = Fixture::new(HISTORY);
    if fixture.run("id -u") != "0" {
        return;
    }
    let fresh = fixture.scan("r", &["--history", "--no-cache"]);
    fixture.run("chown -R 12345 r");
    assert_eq!(fixture.scan("r", &["--history"]).report, fresh.report);
    assert_eq!(fixture.scan("r", &["--history", "--cache", "../kept"]).report, fresh.report);
    assert_eq!(fixture.run("ls -A r/.git | grep -c unleak || true; ls kept | wc -l"), "0\n2");
    fixture.run("chown -R 0 r; mkdir r/.git/unleak; chown 12345 r/.git/unleak");
    assert_eq!(fixture.scan("r", &["--history"]).report, fresh.report);
    assert_eq!(fixture.run("ls -A r/.git/unleak | wc -l"), "0");
}
