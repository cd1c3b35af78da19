//! Applying and undoing plans where nothing is killed. Owns: what is refused, what is reused, what is left as it was.

use std::fs;

use unleak::fsx::Unwatched;
use unleak::migrate::ApplyError;
use unleak::migrate::journal::JournalError;
use unleak::migrate::plan::{Existing, Plan};
use unleak::migrate::waiting::Kind;
use unleak::store::StoreError;

use super::{Bench, options};
use crate::cli::{Sandbox, assert_exit, text};
use crate::made_up;

#[test]
fn values_move_to_the_store_and_back() {
    let bench = Bench::usual();
    let before = bench.files();
    let plan = bench.plan(&options());
    assert_eq!(plan.manual, []);
    assert_eq!(plan.left, []);
    let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(names, ["prod/shop/db-password", "prod/shop/token"]);
    let files: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, [".unleak.env", "src/app.py", "src/db.py", "worker.py"]);
    assert_eq!(bench.files(), before, "a plan changes nothing");
    let store = bench.store(&Unwatched);
    let applied = bench.apply(&plan, &store).unwrap();
    assert_eq!(applied.secrets, names);
    bench.assert_no_value(&bench.root());
    bench.assert_no_value(&bench.home());
    let text = |name: &str| String::from_utf8(bench.files()[name].0.clone()).unwrap();
    assert_eq!(text("src/app.py"), "\"\"\"App.\"\"\"\r\n\r\nimport os\r\n\r\nTOKEN = os.environ[\"TOKEN\"]\r\nprint(TOKEN)\r\n");
    assert!(text(".unleak.env").ends_with("\nDB_PASSWORD=ref+unleak://prod/shop/db-password\nTOKEN=ref+unleak://prod/shop/token\n"));
    assert_eq!(bench.files()["src/db.py"].1, 0o640);
    let stored: Vec<Vec<u8>> = store.all().values().map(|kept| kept.versions.values().next().unwrap().0.clone()).collect();
    assert_eq!(stored, [bench.values[1].clone().into_bytes(), bench.values[0].clone().into_bytes()]);
    // Again is nothing new.
    assert_eq!(bench.apply(&plan, &store).unwrap(), applied);
    let undone = bench.undo(&plan, &store).unwrap();
    assert_eq!(undone.removed, names);
    assert_eq!(bench.files(), before);
    assert!(store.all().values().all(|kept| kept.deleted));
    // And forth once more: what undo deleted is taken back.
    bench.apply(&plan, &store).unwrap();
    bench.assert_no_value(&bench.root());
    assert!(store.all().values().all(|kept| !kept.deleted && kept.versions.len() == 1));
}

#[test]
fn an_edited_plan_is_not_taken_for_what_was_done() {
    let bench = Bench::usual();
    let before = bench.files();
    let plan = bench.plan(&options());
    let mut edited = plan.clone();
    edited.secrets[0].description = "what the reviewer wrote".to_owned();
    let store = bench.store(&Unwatched);
    bench.apply(&plan, &store).unwrap();
    let error = bench.apply(&edited, &store).unwrap_err();
    assert!(matches!(error, ApplyError::Journal(JournalError::Another(_))), "{error}");
    bench.undo(&plan, &store).unwrap();
    bench.apply(&edited, &store).unwrap();
    let kept = fs::read(bench.home().join(&plan.id).join("plan.json")).unwrap();
    assert_eq!(Plan::read(&kept).unwrap().to_json(), edited.to_json(), "undo goes by what was applied");
    bench.undo(&edited, &store).unwrap();
    assert_eq!(bench.files(), before);
}

#[test]
fn files_that_changed_are_refused_and_nothing_is_done() {
    let bench = Bench::usual();
    let plan = bench.plan(&options());
    let path = bench.root().join("src/db.py");
    let text = fs::read_to_string(&path).unwrap();
    crate::cli::put(&path, &text.replace("DB_PASSWORD = '", "DB_PASSWORD =  '"));
    let before = bench.files();
    let store = bench.store(&Unwatched);
    let Err(ApplyError::Stale(changes)) = bench.apply(&plan, &store) else { panic!("it is stale") };
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert!(changes.iter().all(|change| change.what == "src/db.py" && change.reason.contains("are not what the plan replaces:\n    - ")));
    assert_eq!(changes[0].reason, "line 1, bytes 14..36, are not what the plan replaces:\n    - '********'\n    + [22 other bytes]");
    assert!(changes.iter().all(|change| bench.values.iter().all(|value| !change.reason.contains(&value[..4]))), "{changes:?}");
    crate::cli::put(&path, &format!("{text}\nx = 1\n"));
    let Err(ApplyError::Stale(changes)) = bench.apply(&plan, &store) else { panic!("it is stale") };
    assert_eq!(changes[0].reason, "it changed outside of the places that the plan replaces");
    assert_eq!(store.all().len(), 0);
    crate::cli::put(&path, &text.replace("DB_PASSWORD = '", "DB_PASSWORD =  '"));
    assert_eq!(bench.files(), before);
}

#[test]
fn a_secret_of_the_same_name_is_never_overwritten() {
    let bench = Bench::usual();
    let before = bench.files();
    let plan = bench.plan(&options());
    let store = bench.store(&Unwatched);
    store.put("prod/shop/token", b"another value");
    let Err(ApplyError::Unfinished(unfinished)) = bench.apply(&plan, &store) else { panic!("it is refused") };
    assert_eq!(unfinished.failed[0].reason, "prod/shop/token: a secret of this name has another value");
    assert_eq!(unfinished.failed[0].kind, Kind::Taken);
    let waiting: Vec<&str> = unfinished.waiting.iter().map(|file| file.what.as_str()).collect();
    assert_eq!(waiting, [".unleak.env", "src/app.py", "src/db.py"]);
    assert_eq!(unfinished.applied.files, ["worker.py"]);
    assert_eq!(bench.files()["src/db.py"], before["src/db.py"]);
    assert!(bench.files()[".unleak.env"].0.ends_with(b"values.\nDB_PASSWORD=ref+unleak://prod/shop/db-password\n"));
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
    let kept = &store.all()["prod/shop/token"];
    assert!(!kept.deleted && kept.versions["first"].0 == b"another value" && kept.versions.len() == 1);
}

#[test]
fn the_same_value_is_reused_and_undo_leaves_it() {
    let bench = Bench::usual();
    let before = bench.files();
    let plan = bench.plan(&options());
    let store = bench.store(&Unwatched);
    store.put("prod/shop/token", bench.values[0].as_bytes());
    bench.apply(&plan, &store).unwrap();
    bench.assert_no_value(&bench.root());
    assert_eq!(store.all()["prod/shop/token"].versions.len(), 1);
    let undone = bench.undo(&plan, &store).unwrap();
    assert_eq!(undone.kept[0].reason, "it was there before");
    assert_eq!(bench.files(), before);
    assert!(!store.all()["prod/shop/token"].deleted);
}

#[test]
fn a_new_version_is_proved_before_readers_get_it_and_undo_gives_the_old_one_back() {
    let bench = Bench::usual();
    let before = bench.files();
    let plan = bench.plan(&super::Options { existing: Existing::NewVersion, ..options() });
    let store = bench.store(&Unwatched);
    store.put("prod/shop/token", b"another value");
    bench.apply(&plan, &store).unwrap();
    let labels = || store.all().remove("prod/shop/token").unwrap().versions.into_values().map(|(_, labels)| labels).collect::<Vec<_>>();
    // No version is pending: that would be a rotation under way.
    assert_eq!(labels().concat().len(), 2);
    assert_eq!(store.all()["prod/shop/token"].versions["first"].1, ["AWSPREVIOUS"]);
    bench.undo(&plan, &store).unwrap();
    assert_eq!(labels().concat().len(), 2);
    assert_eq!(store.current("prod/shop/token"), ("first".to_owned(), b"another value".to_vec(), false));
    assert_eq!(bench.files(), before);
}

#[test]
fn a_secret_of_an_earlier_plan_is_taken_back_and_undo_deletes_it_again() {
    let bench = Bench::usual();
    let (before, store) = (bench.files(), bench.store(&Unwatched));
    let first = bench.plan(&options());
    bench.apply(&first, &store).unwrap();
    bench.undo(&first, &store).unwrap();
    let found = store.all();
    let plan = bench.plan(&options());
    assert_ne!(plan.id, first.id);
    for _ in 0..2 {
        bench.apply(&plan, &store).unwrap();
        bench.assert_no_value(&bench.root());
        assert!(store.all().values().all(|kept| !kept.deleted && kept.versions.len() == 1));
        let undone = bench.undo(&plan, &store).unwrap();
        assert_eq!((undone.removed.len(), undone.kept), (2, Vec::new()));
        assert!(store.all() == found && bench.files() == before);
    }
    // One that somebody put another value into since is somebody's.
    bench.apply(&plan, &store).unwrap();
    let other = unleak::secret::Secret::new(b"other");
    unleak::store::SecretStore::put_version(&store, "prod/shop/token", &other, "later", &["AWSCURRENT"]).unwrap();
    let undone = bench.undo(&plan, &store).unwrap();
    assert_eq!((undone.removed.len(), undone.kept[0].reason.as_str()), (1, "it has another current version since"));
    assert_eq!(store.current("prod/shop/token"), ("later".to_owned(), b"other".to_vec(), false));
}

#[test]
fn a_deleted_secret_of_an_earlier_plan_gets_the_new_value_and_others_are_refused() {
    let bench = Bench::usual();
    let (before, mut store) = (bench.files(), bench.store(&Unwatched));
    let plan = bench.plan(&options());
    let token = "prod/shop/token";
    store.put_deleted(token, b"an older value");
    bench.apply(&plan, &store).unwrap();
    bench.assert_no_value(&bench.root());
    assert_eq!((store.current(token).1, store.current(token).2), (bench.values[0].clone().into_bytes(), false));
    bench.undo(&plan, &store).unwrap();
    assert_eq!(store.current(token), ("first".to_owned(), b"an older value".to_vec(), true));
    assert_eq!(bench.files(), before);
    // Where a store has no versions beside the current one, it is left as it was.
    store.backend = unleak::reference::Backend::Vault;
    let plan = bench.plan(&super::Options { backend: store.backend, root: "kv/".to_owned(), ..options() });
    let token = "kv/prod/shop/token";
    store.put_deleted(token, b"an older value");
    let Err(ApplyError::Unfinished(unfinished)) = bench.apply(&plan, &store) else { panic!("it is refused") };
    assert_eq!(unfinished.failed[0].reason, format!("{token}: a secret of this name has another value"));
    assert_eq!(store.current(token), ("first".to_owned(), b"an older value".to_vec(), true));
    bench.undo(&plan, &store).unwrap();
    assert_eq!(store.current(token), ("first".to_owned(), b"an older value".to_vec(), true));
}

#[test]
fn a_deleted_secret_of_somebody_else_is_refused_and_left() {
    let bench = Bench::usual();
    let (before, store, token) = (bench.files(), bench.store(&Unwatched), "prod/shop/token");
    store.put(token, bench.values[0].as_bytes());
    unleak::store::SecretStore::delete(&store, token, 7).unwrap();
    let found = store.all();
    let plan = bench.plan(&options());
    let Err(ApplyError::Unfinished(unfinished)) = bench.apply(&plan, &store) else { panic!("it is refused") };
    assert!(unfinished.failed[0].reason.contains("is scheduled for deletion"), "{}", unfinished.failed[0].reason);
    assert!(unfinished.failed[0].advice.contains("or undo, and plan again with another name"), "{}", unfinished.failed[0].advice);
    assert_eq!(store.all()[token], found[token]);
    bench.undo(&plan, &store).unwrap();
    assert!(store.all()[token] == found[token] && bench.files() == before);
}

#[test]
fn a_secret_that_somebody_restored_for_the_migration_is_deleted_again() {
    let bench = Bench::usual();
    let (before, mut store) = (bench.files(), bench.store(&Unwatched));
    let (plan, token) = (bench.plan(&options()), "prod/shop/token");
    store.put_deleted(token, bench.values[0].as_bytes());
    let found = store.all();
    store.denied.insert("RestoreSecret".to_owned());
    let Err(ApplyError::Unfinished(unfinished)) = bench.apply(&plan, &store) else { panic!("it is denied") };
    assert_eq!(unfinished.failed[0].kind, Kind::Denied);
    store.denied.clear();
    unleak::store::SecretStore::restore(&store, token).unwrap();
    bench.apply(&plan, &store).unwrap();
    bench.assert_no_value(&bench.root());
    bench.undo(&plan, &store).unwrap();
    assert!(store.all()[token] == found[token] && bench.files() == before);
}

#[test]
fn a_denied_call_or_a_lying_store_leaves_every_file() {
    for action in ["CreateSecret", "GetSecretValue"] {
        let bench = Bench::usual();
        let before = bench.files();
        let plan = bench.plan(&options());
        let mut store = bench.store(&Unwatched);
        store.denied.insert(action.to_owned());
        let Err(ApplyError::Unfinished(unfinished)) = bench.apply(&plan, &store) else { panic!("it is denied") };
        assert_eq!((unfinished.failed.len(), unfinished.waiting.len(), unfinished.touched), (2, 4, false));
        assert!(unfinished.failed.iter().all(|failed| failed.kind == Kind::Denied));
        let said = format!("prod/shop/token: access denied: the identity needs secretsmanager:{action}");
        assert_eq!(unfinished.failed[1].reason, said);
        assert_eq!(bench.files(), before);
        store.denied.clear();
        bench.apply(&plan, &store).unwrap();
        bench.assert_no_value(&bench.root());
    }
    let bench = Bench::usual();
    let before = bench.files();
    let plan = bench.plan(&options());
    let mut store = bench.store(&Unwatched);
    store.lies = true;
    assert!(matches!(bench.apply(&plan, &store), Err(ApplyError::NotVerified { .. })));
    assert_eq!(bench.files(), before);
}

#[test]
fn undo_touches_nothing_that_it_cannot_finish() {
    let bench = Bench::usual();
    let plan = bench.plan(&options());
    let mut store = bench.store(&Unwatched);
    bench.apply(&plan, &store).unwrap();
    let after = bench.files();
    store.denied.insert("GetSecretValue".to_owned());
    assert!(matches!(bench.undo(&plan, &store), Err(ApplyError::Store(StoreError::Denied { .. }))));
    assert_eq!(bench.files(), after);
    store.denied.clear();
    let path = bench.root().join("worker.py");
    crate::cli::put(&path, "changed\n");
    let Err(ApplyError::Stale(changes)) = bench.undo(&plan, &store) else { panic!("it is refused") };
    assert_eq!(changes[0].what, "worker.py");
    assert_eq!(bench.files()["src/app.py"], after["src/app.py"]);
    assert!(store.all().values().all(|kept| !kept.deleted));
}

#[test]
fn a_secret_that_somebody_changed_since_is_kept() {
    let bench = Bench::usual();
    let plan = bench.plan(&options());
    let store = bench.store(&Unwatched);
    bench.apply(&plan, &store).unwrap();
    let rotated = unleak::secret::Secret::new(b"rotated");
    unleak::store::SecretStore::put_version(&store, "prod/shop/token", &rotated, "later", &["AWSCURRENT"]).unwrap();
    let undone = bench.undo(&plan, &store).unwrap();
    assert_eq!(undone.kept[0].reason, "it has other versions since");
    assert!(!store.all()["prod/shop/token"].deleted && store.all()["prod/shop/db-password"].deleted);
}

#[test]
fn links_and_read_only_files_are_refused_or_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let bench = Bench::usual();
    let plan = bench.plan(&options());
    let store = bench.store(&Unwatched);
    let (path, other) = (bench.root().join("worker.py"), bench.directory.path().join("other.py"));
    let reason = || match bench.apply(&plan, &store) {
        Err(ApplyError::Refused(refusals)) => refusals[0].reason.clone(),
        other => panic!("it is refused, not {other:?}"),
    };
    fs::hard_link(&path, &other).unwrap();
    assert!(reason().starts_with("it has another name"));
    fs::remove_file(&path).unwrap();
    symlink(&other, &path).unwrap();
    assert_eq!(reason(), "it is a link to a place outside of the tree");
    fs::remove_file(&path).unwrap();
    fs::copy(&other, bench.root().join("real.py")).unwrap();
    symlink("real.py", &path).unwrap();
    fs::set_permissions(bench.root().join("real.py"), fs::Permissions::from_mode(0o444)).unwrap();
    assert_eq!(reason(), "it is read-only");
    fs::set_permissions(bench.root().join("real.py"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(bench.root().join("src"), fs::Permissions::from_mode(0o555)).unwrap();
    assert_eq!(reason(), "its directory cannot be written to, and a file is replaced by a new one");
    assert!(store.all().is_empty(), "nothing was begun");
    fs::set_permissions(bench.root().join("src"), fs::Permissions::from_mode(0o755)).unwrap();
    bench.apply(&plan, &store).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    bench.assert_no_value(&bench.root());
}

#[test]
fn changes_in_a_repository_inside_are_seen_too() {
    let source = format!("DB_PASSWORD = \"{}\"\n", made_up::password(401));
    let sandbox = Sandbox::new(&[("sub/lib.py", &source)]);
    let home = tempfile::tempdir().unwrap();
    let migrate = || sandbox.command(&["-q", "migrate", "--yes"]).env("HOME", home.path()).output().unwrap();
    for arguments in [&["init", "-q"][..], &["-C", "sub", "init", "-q"], &["-C", "sub", "add", "."], &["-C", "sub", "commit", "-qm", "lib"]]
    {
        sandbox.git(arguments);
    }
    // As long as nothing says that it is a part of this one, it is somebody else's.
    let output = migrate();
    assert_exit(&output, 0);
    let left_out = "sub: it is a repository of its own; 1 place with a credential is not in this plan";
    assert!(text(&output.stdout).contains(left_out), "{}", text(&output.stdout));
    assert_eq!(sandbox.read("sub/lib.py"), source);
    sandbox.git(&["add", "sub"]);
    sandbox.write("sub/lib.py", &format!("{source}\n"));
    let output = migrate();
    assert_exit(&output, 7);
    assert!(text(&output.stderr).contains("\n  sub/lib.py: it has changes that are not committed;"), "{}", text(&output.stderr));
    sandbox.git(&["-C", "sub", "commit", "-qam", "line"]);
    let output = migrate();
    assert_exit(&output, 4);
    assert!(text(&output.stdout).contains("Rotate at once: the values are in the history"), "{}", text(&output.stdout));
    assert!(sandbox.read("sub/lib.py").contains("os.environ"));
}

#[test]
fn a_value_that_is_left_in_a_repository_inside_is_named_and_no_place_of_this_one() {
    let source = format!("DB_PASSWORD = \"{}\"\n", made_up::password(402));
    let sandbox = Sandbox::new(&[("lib.py", &source), ("other/lib.py", &source)]);
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| sandbox.command(arguments).env("HOME", home.path()).output().unwrap();
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["-C", "other", "init", "-q"]);
    assert_exit(&run(&["-q", "migrate", "--yes", "--env", "prod", "--app", "shop"]), 4);
    assert_eq!(sandbox.read("other/lib.py"), source);
    let output = run(&["check"]);
    assert_exit(&output, 3);
    let said = text(&output.stdout);
    assert!(said.contains("is left in a repository of its own; run `unleak check` in other\n"), "{said}");
    // What a scan leaves out keeps nobody from calling the value rotated.
    assert_exit(&run(&["migrate", "rotated", "prod/shop/db-password"]), 0);
}
