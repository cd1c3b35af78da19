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
        std::fs::write(&path, damage).unwrap();
        assert_eq!(fixture.scan("r", &["--history"]).report, first.report);
        assert_eq!(cached(&fixture), kept);
    }
}

#[test]
fn a_directory_of_its_own_serves_several_repositories() {
    let fixture =
        Fixture::new(&format!("{HISTORY}cd ..; git init -q -b main other; cd other; echo @other@ >o; git add .; git commit -qm o"));
    for _ in 0..2 {
        assert_eq!(fixture.scan("other", &["--history", "--cache", "../kept"]).names(), ["other"]);
        assert_eq!(fixture.scan("r", &["--history", "--cache", "../kept"]).names().len(), 5);
    }
    assert_eq!(fixture.sandbox.run("ls kept | wc -l; ls r/.git/unleak 2>/dev/null | wc -l"), "2\n0");
}

#[test]
fn secrets_in_names_are_not_kept() {
    let fixture = Fixture::new("repository r; echo x >@path@; echo @inside@ >i; git add .; git commit -qm path; git branch '@name@'");
    for _ in 0..2 {
        assert_eq!(fixture.scan("r", &["--history"]).names(), ["inside", "name", "path"]);
    }
    assert!(!fixture.sandbox.path("r/.git/unleak").exists());
}

#[test]
fn what_was_not_whole_is_not_kept() {
    let fixture = Fixture::new(&format!("{HISTORY}cd ..; git clone -q --depth 1 file://$PWD/r s"));
    assert!(!fixture.scan("s", &["--history"]).problems.is_empty());
    assert!(!fixture.sandbox.path("s/.git/unleak").exists());
    // A repository that cannot be written to is scanned all the same.
    fixture.sandbox.run("mkdir -p r/.git; : >r/.git/unleak");
    assert_eq!(fixture.scan("r", &["--history"]).names().len(), 5);
}
