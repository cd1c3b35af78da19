//! Pushes as hooks and events see them: git runs the hooks, and unleak is what they run.

use super::Fixture;

/// A repository with one pushed commit and a bare remote `origin`.
const PUSHED: &str = "git init -q --bare -b main origin.git; repository r; echo base >base; git add .; git commit -qm base; git remote add origin ../origin.git; git push -q origin main; git fetch -q origin\n";

/// A fixture with a pre-push hook that scans and lets everything pass.
fn pushed() -> Fixture {
    let mut fixture = Fixture::new(PUSHED);
    hook(&mut fixture, "r/.git/hooks/pre-push", "--pre-push \"$@\" --exit-zero");
    fixture
}

/// Makes a hook that scans and leaves its report behind.
fn hook(fixture: &mut Fixture, path: &str, arguments: &str) {
    let script =
        format!("#!/bin/sh\nexec {} scan {arguments} --quiet --show-secrets --report json=../hook.json\n", env!("CARGO_BIN_EXE_unleak"));
    crate::cli::put(&fixture.sandbox.path(path), &script);
    fixture.run(&format!("chmod +x '{path}'"));
}

/// What the hook found of the push that `push` makes.
fn pre_push(fixture: &mut Fixture, push: &str) -> Vec<String> {
    fixture.run(&format!("rm -f hook.json; cd r; {push}"));
    let report = serde_json::from_str(&fixture.run("cat hook.json")).unwrap();
    let (places, problems) = fixture.outcome(&report);
    assert_eq!(problems, [""; 0]);
    places
}

#[test]
fn a_push_brings_what_the_remote_lacks() {
    let mut fixture = pushed();
    let commit = |name: &str| format!("echo @{name}@ >{name}; git add .; git commit -qm {name}; ");
    // An update: the commits since.
    let scan = pre_push(&mut fixture, &format!("{}{} git push -q origin main", commit("one"), commit("two")));
    assert_eq!(scan, ["one: commit one", "two: commit two"]);
    // A new branch: what no branch of the remote has; and a second reference, a tag.
    let scan =
        pre_push(&mut fixture, &format!("git checkout -qb topic; {} git tag -am @tag@ v1; git push -q origin topic v1", commit("three")));
    assert_eq!(scan, ["tag: tag-message TAG_MESSAGE", "three: commit three"]);
    // A deletion, nothing new, a name, a dry run.
    assert_eq!(pre_push(&mut fixture, "git push -q origin :topic"), [""; 0]);
    assert_eq!(pre_push(&mut fixture, "git push -q origin topic~1:refs/heads/again"), [""; 0]);
    assert_eq!(pre_push(&mut fixture, "git push -q origin main:refs/heads/@name@"), ["name: ref-name REF_NAME"]);
    assert_eq!(
        pre_push(&mut fixture, &format!("git checkout -q main; {} git push -q --dry-run origin main", commit("dry"))),
        ["dry: commit dry"]
    );
    // A push that rewrites, and one over what somebody else pushed.
    let scan = pre_push(&mut fixture, &format!("git reset -q --hard main~2; {} git push -q --force origin main", commit("forced")));
    assert_eq!(scan, ["forced: commit forced"]);
    fixture.run("git clone -q origin.git other; cd other; echo o >o; git add .; git commit -qm o; git push -q origin main");
    assert_eq!(pre_push(&mut fixture, &format!("{} git push -q --force origin main", commit("over"))), ["over: commit over"]);
}

#[test]
fn a_push_to_a_url_brings_what_no_remote_has() {
    let mut fixture = pushed();
    fixture.run("git init -q --bare -b main second.git; cd r; echo @pushed@ >p; git add .; git commit -qm p; git push -q origin main; git remote add second ../second.git");
    fixture.run("cd r; echo @new@ >n; git add .; git commit -qm n");
    assert_eq!(pre_push(&mut fixture, "git push -q ../second.git main"), ["new: commit n"]);
    // Of a remote with a name it is known that it has nothing.
    fixture.run("git -C second.git update-ref -d refs/heads/main");
    assert_eq!(pre_push(&mut fixture, "git push -q second main"), ["new: commit n", "pushed: commit p"]);
}

#[test]
fn pre_commit_hands_on_one_reference_by_variables() {
    let mut fixture = Fixture::new(PUSHED);
    fixture.run("cd r; echo @one@ >one; git add .; git commit -qm one; git branch topic");
    let ids = fixture.run("git -C r rev-parse main~1 main");
    let (from, to) = ids.split_once('\n').unwrap();
    let scan = |variables: &[(&str, &str)]| {
        let variables: Vec<(&str, String)> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        fixture.scan_with("r", &["--pre-push"], &variables, "")
    };
    let remote = ("PRE_COMMIT_REMOTE_NAME", "origin");
    scan(&[remote, ("PRE_COMMIT_FROM_REF", from), ("PRE_COMMIT_TO_REF", to)]).assert_found(&["one: commit one"]);
    scan(&[remote, ("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/topic"), ("PRE_COMMIT_REMOTE_BRANCH", "refs/heads/topic")])
        .assert_found(&["one: commit one"]);
    scan(&[remote]).assert_found(&[]);
}

#[test]
fn what_no_hook_was_told_is_refused() {
    let fixture = Fixture::new(PUSHED);
    for option in ["--pre-push", "--pre-receive"] {
        let scan = fixture.scan_with("r", &[option], &[], "main\n");
        assert_eq!(scan.code, 2);
        assert_eq!(scan.errors, format!("unleak: error: line 1 of standard input is not what git tells a {} hook\n", &option[2..]));
    }
    let lines = format!("refs/heads/main {0} refs/heads/main {0}\n", "1".repeat(40));
    let scan = fixture.scan_with("r", &["--pre-push", "origin"], &[], &lines);
    let missing = "1".repeat(40);
    assert_eq!(scan.errors, format!("unleak: error: `{missing}` is not in this repository; `git fetch origin {missing}` may bring it\n"));
}

#[test]
fn a_server_refuses_what_it_would_receive() {
    let mut fixture = Fixture::new(PUSHED);
    hook(&mut fixture, "origin.git/hooks/pre-receive", "--pre-receive");
    let mut push = |script: &str| {
        let report = fixture.run(&format!("rm -f hook.json; cd r; {script}; cat ../hook.json"));
        let (places, problems) = fixture.outcome(&serde_json::from_str(&report).unwrap());
        assert_eq!(problems, [""; 0]);
        (places, fixture.run("git -C origin.git for-each-ref --format='%(refname)'"))
    };
    let refused = "git push -q origin main topic 2>/dev/null && exit 1";
    let (places, references) = push(&format!(
        "echo @one@ >one; git add .; git commit -qm one; git checkout -qb topic; echo two >two; git add .; git commit -qm '@message@'; {refused}"
    ));
    assert_eq!(
        (places.as_slice(), references.as_str()),
        (["message: commit-message COMMIT_MESSAGE".to_owned(), "one: commit one".to_owned()].as_slice(), "refs/heads/main")
    );
    // What is received already is not refused again; a deletion brings nothing.
    fixture_free(
        &mut push,
        "git reset -q --hard origin/main; echo clean >c; git add .; git commit -qm c; git push -q origin topic",
        "refs/heads/main\nrefs/heads/topic",
    );
    fixture_free(&mut push, "git push -q origin topic:refs/heads/copy :topic", "refs/heads/copy\nrefs/heads/main");
    let (places, references) = push("git push -q origin main~0:refs/tags/@name@ 2>/dev/null && exit 1");
    assert!(places.contains(&"name: ref-name REF_NAME".to_owned()), "{places:?}");
    assert_eq!(references, "refs/heads/copy\nrefs/heads/main");
}

#[test]
fn a_server_whose_path_needs_quotes_refuses_too() {
    let mut fixture =
        Fixture::new("git init -q --bare -b main 'a:b \"c.git'; repository r; echo @one@ >one; git add .; git commit -qm one");
    hook(&mut fixture, "a:b \"c.git/hooks/pre-receive", "--pre-receive");
    let report = fixture.run("cd r; git push -q '../a:b \"c.git' main 2>/dev/null && exit 1; cat ../hook.json");
    assert_eq!(fixture.outcome(&serde_json::from_str(&report).unwrap()), (vec!["one: commit one".to_owned()], Vec::new()));
}

/// A push that is taken, and the references afterwards.
fn fixture_free(push: &mut impl FnMut(&str) -> (Vec<String>, String), script: &str, references: &str) {
    assert_eq!(push(script), (Vec::new(), references.to_owned()));
}

#[test]
fn events_of_github() {
    let mut fixture = Fixture::new(&format!(
        "{PUSHED} echo @main@ >m; git add .; git commit -qm m; git push -q origin main; git checkout -qb topic; echo @topic@ >t; git add .; git commit -qm t; git push -q origin topic; git fetch -q origin"
    ));
    let ids = fixture.run("git -C r rev-parse main~1 main topic");
    let [base, main, topic] = ids.lines().collect::<Vec<_>>()[..] else { panic!("three ids") };
    let zeros = "0".repeat(40);
    let scan = |document: String| {
        crate::cli::put(&fixture.sandbox.path("event.json"), &document);
        fixture.scan("r", &["--github-event", "../event.json"])
    };
    let push = |before: &str, after: &str, name: &str| scan(format!(r#"{{"ref":"{name}","before":"{before}","after":"{after}"}}"#));
    push(base, main, "refs/heads/main").assert_found(&["main: commit m"]);
    push(base, topic, "refs/heads/topic").assert_found(&["main: commit m", "topic: commit t"]);
    push(&zeros, topic, "refs/heads/topic").assert_found(&["topic: commit t"]);
    push(&zeros, topic, "refs/tags/v1").assert_found(&[]);
    push(topic, &zeros, "refs/heads/topic").assert_found(&[]);
    scan(format!(r#"{{"pull_request":{{"base":{{"sha":"{main}"}},"head":{{"sha":"{topic}"}}}}}}"#)).assert_found(&["topic: commit t"]);
    scan(format!(r#"{{"merge_group":{{"base_sha":"{main}","head_sha":"{topic}"}}}}"#)).assert_found(&["topic: commit t"]);
    scan(r#"{"ref":"topic","ref_type":"branch"}"#.to_owned()).assert_found(&["topic: commit t"]);
    let gone = "1".repeat(40);
    let missing = push(&gone, main, "refs/heads/main");
    assert_eq!(
        (missing.code, missing.errors),
        (2, format!("unleak: error: `{gone}` is not in this repository; `git fetch origin {gone}` may bring it\n"))
    );
    let schedule = scan(r#"{"schedule":"* * * * *"}"#.to_owned());
    assert_eq!((schedule.code, schedule.places.len()), (2, 0));
    assert!(schedule.errors.contains("it names no commits"), "{}", schedule.errors);
}
