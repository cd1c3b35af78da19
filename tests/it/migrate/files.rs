//! Files that make trouble: uncommitted, untracked, in other encodings, on a disk that is full. Owns: what happens to each.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use unleak::fsx::Unwatched;
use unleak::migrate::ApplyError;
use unleak::migrate::plan::Tracked;
use unleak::source::git::checkout::Checkout;

use super::{Bench, options, run};
use crate::made_up;

fn git(bench: &Bench, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
    let path = option_env!("PATH").unwrap_or("/usr/bin:/bin");
    let mut git = Command::new("git");
    git.args(identity).args(arguments).current_dir(bench.root()).env_clear().env("GIT_CONFIG_NOSYSTEM", "1").env("PATH", path);
    assert!(git.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap().status.success(), "{arguments:?}");
}

#[test]
fn changes_that_are_not_committed_are_not_mixed_with_ours() {
    let bench = Bench::usual();
    git(&bench, &["init", "--quiet"]);
    git(&bench, &["add", "src"]);
    git(&bench, &["commit", "--quiet", "-m", "one"]);
    let store = bench.store(&Unwatched);
    let plan = bench.plan(&options());
    let tracked: Vec<(&str, Tracked)> = plan.files.iter().map(|file| (file.path.as_str(), file.tracked)).collect();
    let expected = [(".unleak.env", Tracked::No), ("src/app.py", Tracked::Yes), ("src/db.py", Tracked::Yes), ("worker.py", Tracked::No)];
    assert_eq!(tracked, expected);
    let path = bench.root().join("src/app.py");
    let text = fs::read_to_string(&path).unwrap();
    for stage in [false, true] {
        crate::cli::put(&path, &format!("{text}x = 1\r\n"));
        if stage {
            git(&bench, &["add", "src/app.py"]);
        }
        let plan = bench.plan(&options());
        let Err(ApplyError::Refused(refusals)) = bench.apply(&plan, &store) else { panic!("it is refused") };
        assert_eq!((refusals.len(), refusals[0].what.as_str()), (1, "src/app.py"));
        assert!(store.all().is_empty());
    }
    let plan = bench.plan(&options());
    let checkout = Checkout::around(&bench.root()).unwrap();
    let (root, home) = (bench.root(), bench.home());
    let mut allowed = run(&plan, &root, &home, &store, &Unwatched, checkout.as_ref());
    allowed.allow_dirty = true;
    allowed.apply().unwrap();
    bench.assert_no_value(&bench.root().join("src"));
}

#[test]
fn a_file_that_git_does_not_have_can_be_kept_encrypted() {
    let bench = Bench::usual();
    let plan = bench.plan(&options());
    let store = bench.store(&Unwatched);
    let identity = age::x25519::Identity::generate();
    let recipients = [identity.to_public().to_string()];
    let (root, home) = (bench.root(), bench.home());
    let original = fs::read(root.join("worker.py")).unwrap();
    let mut with_copies = run(&plan, &root, &home, &store, &Unwatched, None);
    with_copies.backup = &recipients;
    let applied = with_copies.apply().unwrap();
    assert_eq!(applied.copies.len(), 3);
    bench.assert_no_value(&home);
    let copy = applied.copies.iter().find(|path| path.ends_with("worker.py.age")).unwrap();
    assert_eq!(age::decrypt(&identity, &fs::read(copy).unwrap()).unwrap(), original);
}

#[test]
fn other_encodings_and_marks_stay() {
    let token = made_up::token(35);
    let text = format!("# é\r\nTOKEN = \"{token}\"\r\n");
    let bench = Bench::new(&[("a.py", format!("\u{feff}{text}"))], vec![token]);
    let latin: Vec<u8> = text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    let latin = [b"# -*- coding: latin-1 -*-\r\n".as_slice(), &latin].concat();
    unleak::fsx::write_atomically(&bench.root().join("b.py"), |out| out.write_all(&latin)).unwrap();
    let before = bench.files();
    let plan = bench.plan(&options());
    assert_eq!(plan.manual, []);
    let store = bench.store(&Unwatched);
    bench.apply(&plan, &store).unwrap();
    bench.assert_no_value(&bench.root());
    let after = bench.files();
    assert!(after["a.py"].0.starts_with("\u{feff}# é\r\n".as_bytes()));
    assert!(memchr::memmem::find(&after["b.py"].0, b"# \xe9\r\n").is_some());
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
}

/// The tree as a repository whose filters say that they ran: one that stores what stands there, and one that does not.
fn with_filters(bench: &Bench) -> PathBuf {
    let ran = bench.directory.path().join("ran");
    git(bench, &["init", "--quiet"]);
    for (name, command) in [("same", "cat"), ("other", "tr a-m n-z")] {
        git(bench, &["config", &format!("filter.{name}.clean"), &format!("touch '{}'; {command}", ran.display())]);
    }
    git(bench, &["add", "."]);
    git(bench, &["commit", "--quiet", "-m", "one"]);
    assert!(fs::remove_file(&ran).is_ok());
    ran
}

#[test]
fn what_git_has_as_it_stands_is_rewritten_whatever_filter_it_names() {
    let token = made_up::token(37);
    let text = format!("TOKEN = \"{token}\"\n");
    let attributes = "same.py filter=same\nother.py filter=other\nabsent.py filter=nobody-has-it\nlarge.py filter=lfs\n";
    let files = ["same.py", "other.py", "absent.py", "large.py"].map(|path| (path, text.clone()));
    let bench = Bench::new(&[files.as_slice(), &[(".gitattributes", attributes.to_owned())]].concat(), vec![token.clone()]);
    let before = bench.files();
    let ran = with_filters(&bench);
    let plan = bench.plan(&options());
    let left: Vec<&str> = plan.manual.iter().map(|place| place.path.as_str()).collect();
    assert_eq!(left, ["other.py"], "{:?}", plan.manual);
    let store = bench.store(&Unwatched);
    bench.apply(&plan, &store).unwrap();
    assert!(
        bench
            .files()
            .iter()
            .filter(|(path, _)| *path != "other.py")
            .all(|(_, (bytes, _))| !bytes.windows(token.len()).any(|at| at == token.as_bytes()))
    );
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
    assert!(!ran.exists(), "a filter of the repository was run");
}

#[test]
fn what_goes_with_a_file_is_left_where_git_stores_it_in_another_form() {
    let token = made_up::token(38);
    let files = [
        ("a.py", format!("TOKEN = \"{token}\"\n")),
        (".unleak.env", "# mine\n".to_owned()),
        (".gitattributes", "*.env filter=other\n".to_owned()),
    ];
    let bench = Bench::new(&files, vec![token]);
    with_filters(&bench);
    let plan = bench.plan(&options());
    assert!(plan.files.is_empty());
    assert!(plan.manual[0].reason.starts_with(".unleak.env, which goes with it, is not touched: git stores"), "{:?}", plan.manual);
}

#[test]
fn what_attributes_make_git_store_is_no_change_of_somebody() {
    let token = made_up::token(39);
    let files = [
        ("ident.py", format!("# $Id: 0123456789 $ and $Id: not\n# closed$\nTOKEN = \"{token}\"\n")),
        ("ends.py", format!("TOKEN = \"{token}\"\r\n")),
        (".gitattributes", "ident.py ident\nends.py text eol=crlf\n*.ps1 text working-tree-encoding=UTF-16 eol=crlf\n".to_owned()),
    ];
    let bench = Bench::new(&files, vec![token.clone()]);
    let wide = format!("\u{feff}$token = \"{token}\"\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    unleak::fsx::write_atomically(&bench.root().join("wide.ps1"), |out| out.write_all(&wide)).unwrap();
    let before = bench.files();
    git(&bench, &["init", "--quiet"]);
    git(&bench, &["add", "."]);
    git(&bench, &["commit", "--quiet", "-m", "one"]);
    let plan = bench.plan(&options());
    let written: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(written, [".unleak.env", "ends.py", "ident.py", "wide.ps1"], "{:?}", plan.manual);
    let store = bench.store(&Unwatched);
    bench.apply(&plan, &store).unwrap();
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
}

#[test]
fn a_full_disk_leaves_every_file_whole() {
    let token = made_up::token(36);
    let filling = format!("# {}\n", "x".repeat(200_000));
    let files = [("a.py", format!("TOKEN = \"{token}\"\n")), ("large.py", format!("TOKEN = \"{token}\"\n{filling}"))];
    let bench = Bench::new(&files, vec![token]);
    let before = bench.files();
    let plan = bench.plan(&options());
    assert_eq!(plan.manual, []);
    unleak::fsx::write_private(&bench.directory.path().join("plan.json"), &plan.to_json()).unwrap();
    // Files may have 64 KiB: the journal and the small file fit, the large one does not.
    let output = super::stop::limited(bench.directory.path(), 128);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("large.py") && said.contains("File too large"), "{said}");
    let now = bench.files();
    assert_eq!(now["large.py"], before["large.py"]);
    assert_eq!(now.len(), 3, "no temporary file is left: {:?}", now.keys());
    let store = bench.store(&Unwatched);
    bench.apply(&plan, &store).unwrap();
    bench.assert_no_value(&bench.root());
    bench.undo(&plan, &store).unwrap();
    assert_eq!(bench.files(), before);
}
