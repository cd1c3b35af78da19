//! How far secrets got: who brought them, who took them out, where they are live, and which references give them away.

use serde_json::{Value, json};

use super::{Fixture, text};

/// The exposure of the secret of a name, with commits by their messages and authors instead of ids.
fn exposure(fixture: &mut Fixture, report: &Value, name: &str) -> Value {
    let token = fixture.token(name);
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| text(&finding["secret"]) == token).unwrap();
    let mut exposure = finding["exposure"].clone();
    for list in ["introduced", "removed"] {
        for record in exposure[list].as_array_mut().unwrap() {
            let message = fixture.run(&format!("git log -1 --format=%s {}", text(&record["commit"])));
            record["commit"] = message.trim().into();
        }
    }
    exposure
}

const SCRIPT: &str = r#"
git init -qb main .
export GIT_AUTHOR_NAME='Ann Other' GIT_AUTHOR_DATE='2024-03-05T17:24:09+01:00'
say() { git add -A; git commit -qm "$1"; }
mkdir -p src/deep; echo start > README; say start
printf 'a\nkey = "@one@"\n' > src/deep/one.py; say 'brings one'
printf 'key = "@two@"\n' > two.py; say 'brings two'
git tag v1; git update-ref refs/remotes/origin/main HEAD
git switch -qc side; printf 'a\nb\nkey = "@one@"\n' > src/deep/one.py; say 'moves one down'
git switch -q main; git rm -q two.py; say 'removes two'
git merge -qm 'merges side' side
echo more > README; say later
git switch -qc other v1; printf 'key = "@three@"\n' > three.py; say 'brings three'
git switch -q main
git repack -adqf
"#;

#[test]
fn each_secret_has_its_record() {
    let mut fixture = Fixture::new(SCRIPT);
    let scan = fixture.scan(".", &["--history"]);
    assert_eq!(scan.problems, [""; 0]);
    let came = |message: &str, path: &str, line: u64| json!([{ "commit": message, "date": "2024-03-05T17:24:09+01:00", "author": "Ann Other", "path": path, "line": line }]);
    let one = exposure(&mut fixture, &scan.report, "one");
    let expected = json!({
        "introduced": came("brings one", "src/deep/one.py", 2), "introductions": 1,
        "removed": [], "removals": 0,
        "live": [{ "path": "src/deep/one.py", "line": 3 }], "mentioned": [],
        "commits": 7, "blobs": 2,
        "references": ["HEAD", "refs/heads/main", "refs/heads/other", "refs/heads/side", "refs/remotes/origin/main", "refs/tags/v1"],
        "reference_count": 6, "reached_remote": true,
    });
    assert_eq!(one, expected);
    let two = exposure(&mut fixture, &scan.report, "two");
    let expected = json!({
        "introduced": came("brings two", "two.py", 1), "introductions": 1,
        "removed": [{ "commit": "removes two", "date": "2024-03-05T17:24:09+01:00", "author": "Ann Other" }], "removals": 1,
        "live": [], "mentioned": [],
        "commits": 3, "blobs": 1,
        "references": ["HEAD", "refs/heads/main", "refs/heads/other", "refs/heads/side", "refs/remotes/origin/main", "refs/tags/v1"],
        "reference_count": 6, "reached_remote": true,
    });
    assert_eq!(two, expected);
    let three = exposure(&mut fixture, &scan.report, "three");
    let expected = json!({
        "introduced": came("brings three", "three.py", 1), "introductions": 1,
        "removed": [], "removals": 0, "live": [], "mentioned": [], "commits": 1, "blobs": 1,
        "references": ["refs/heads/other"], "reference_count": 1, "reached_remote": false,
    });
    assert_eq!(three, expected);
}

#[test]
fn what_is_newer_than_a_date_has_the_record_of_the_whole_history() {
    let mut fixture =
        Fixture::new(&format!("{SCRIPT} echo '@three@' >again.py; git add .; GIT_COMMITTER_DATE='1800000000 +0000' git commit -qm again"));
    let newer = fixture.scan(".", &["--history", "--since", "@1800000000"]);
    assert_eq!(newer.names(), ["three"]);
    let whole = fixture.scan(".", &["--history"]);
    let record = exposure(&mut fixture, &whole.report, "three");
    assert_eq!((&record["introductions"], &record["commits"]), (&json!(2), &json!(2)));
    assert_eq!(exposure(&mut fixture, &newer.report, "three"), record);
}

#[test]
fn a_packed_and_an_unpacked_history_give_the_same_record() {
    let mut fixture = Fixture::new(SCRIPT);
    let packed = fixture.scan(".", &["--history"]).report;
    fixture.run("mv .git/objects/pack/*.pack pack && rm -f .git/objects/pack/*; git unpack-objects -q < pack; rm pack");
    assert_eq!(fixture.scan(".", &["--history"]).report["findings"], packed["findings"]);
}

/// A secret that was moved to where nothing says that it is one is not gone.
#[test]
fn text_that_is_left_at_head_is_named() {
    let value = ["Wq7rT2", "vX9kLm"].concat();
    let mut fixture = Fixture::new(&format!(
        "repository r; printf 'DB_PASSWORD = \"{value}\"\nGONE_PASSWORD = \"{value}2\"\n' >config.py; git add .; git commit -qm in
        printf 'one\nlog in as {value} there\n' >NOTES.txt; printf '{value}' | base64 >b64; git rm -q config.py; git add .; git commit -qm out"
    ));
    let mentioned = |fixture: &Fixture, more: &[&str]| {
        let scan = fixture.scan("r", &[&["--history"], more].concat());
        let findings = scan.report["findings"].as_array().unwrap().clone();
        let of = |finding: &Value| {
            let places = finding["exposure"]["mentioned"].as_array().unwrap().clone();
            let place = |place: &Value| format!("{}:{}", text(&place["path"]), place["line"]);
            (text(&finding["secret"]).len(), finding["exposure"]["live"].as_array().unwrap().len(), places.iter().map(place).collect())
        };
        let mut all: Vec<(usize, usize, Vec<String>)> = findings.iter().map(of).collect();
        all.sort();
        all
    };
    let expected = [(12, 0, ["NOTES.txt:2", "b64:null"].map(str::to_owned).to_vec()), (13, 0, Vec::new())];
    for more in [&["--no-cache"][..], &[], &[], &["--no-delta", "--no-cache"], &["--since", "@0"]] {
        assert_eq!(mentioned(&fixture, more), expected, "{more:?}");
    }
    assert_eq!(mentioned(&fixture, &["--exclude", "NOTES.txt"])[0].2, ["b64:null"]);
    fixture.run("cd r; git rm -q NOTES.txt b64; git commit -qm gone");
    assert_eq!(mentioned(&fixture, &[]), [(12, 0, Vec::new()), (13, 0, Vec::new())]);
}
