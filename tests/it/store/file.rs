//! Plain files in a folder.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use unleak::secret::Secret;
use unleak::store::file::FileStore;
use unleak::store::{Action, CURRENT, PREVIOUS, SecretStore, StoreError, Stored, Tags, Version};

use super::{contract, new, token};
use crate::cli::put;

fn create(store: &FileStore, name: &str) -> Result<Stored, StoreError> {
    store.create(&new(name, &Secret::new(b"value"), &Tags::new(), &token(1)))
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_of_files_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("secrets");
    let store = FileStore::open(&folder).unwrap();
    contract(&store, "t", &[]);
    assert_eq!((store.identity().unwrap(), store.root()), (folder.display().to_string(), format!("{}/", folder.display())));
    // Several at a time make one.
    let name = store.root() + "t/once";
    let made: Vec<bool> = std::thread::scope(|scope| {
        let one = |number: u8| {
            let (store, name) = (FileStore::open(&folder).unwrap(), &name);
            scope.spawn(move || store.create(&new(name, &Secret::new(&[number]), &Tags::new(), &token(number))).is_ok())
        };
        (1..=8).map(one).collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
}

#[test]
fn mounted_secrets_are_read_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    // As Kubernetes mounts them: for others to read, by links to a hidden folder.
    fs::create_dir(directory.path().join("..2026")).unwrap();
    put(&directory.path().join("..2026/db"), "first\n");
    symlink("..2026", directory.path().join("..data")).unwrap();
    symlink("..data/db", directory.path().join("db")).unwrap();
    mode(directory.path(), 0o755);
    let store = FileStore::open(directory.path()).unwrap();
    let name = store.root() + "db";
    assert_eq!(store.read(&name, &Version::Stage(CURRENT)).unwrap().expose(), b"first\n");
    let known = store.list(&Tags::new()).unwrap();
    assert_eq!((known.len(), known[0].name.as_str(), known[0].version_at(CURRENT)), (1, name.as_str(), Some("unknown")));
    for version in [Version::Stage(PREVIOUS), Version::Id("1")] {
        assert!(matches!(store.read(&name, &version), Err(StoreError::NotFound { .. })));
    }
    // What is not the owner's alone is not written to.
    for error in [create(&store, &(store.root() + "other")).map(drop), store.delete(&name, 7), store.identity().map(drop)] {
        let error = error.unwrap_err().to_string();
        assert!(error.ends_with("can be seen by others, and files in it are not encrypted: chmod 700"), "{error}");
    }
    mode(directory.path(), 0o700);
    assert!(matches!(create(&store, &name), Err(StoreError::Exists { .. })));
    assert_eq!(fs::read(directory.path().join("db")).unwrap(), b"first\n");
}

#[test]
fn no_repository_and_no_other_folder_gets_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    let (tree, folder) = (directory.path().join("tree"), directory.path().join("secrets"));
    fs::create_dir(&tree).unwrap();
    put(&tree.join(".git"), "gitdir: elsewhere\n");
    let link = directory.path().join("link");
    symlink(&tree, &link).unwrap();
    for inside in [tree.join("a/b"), link.join("a")] {
        let store = FileStore::open(&inside).unwrap();
        let error = create(&store, &(store.root() + "a")).unwrap_err().to_string();
        assert!(error.contains(" is in the worktree of git at "), "{error}");
        let (value, tags, first) = (Secret::new(b"v"), Tags::new(), token(1));
        let asked = store.probe(Action::Create, &new(&(store.root() + "a"), &value, &tags, &first)).unwrap_err();
        assert!(matches!(asked, StoreError::Unusable(_)), "{asked}");
    }
    assert!(!tree.join("a").exists());
    let store = FileStore::open(&folder).unwrap();
    for name in ["db", "/etc/hostname", "../x"] {
        assert!(store.read(name, &Version::Stage(CURRENT)).unwrap_err().to_string().contains("it is not in "), "{name}");
    }
    for own in ["../tree/a", "a//b", ".hidden", "a/.unleak", ""] {
        let name = format!("{}{own}", store.root());
        assert!(matches!(create(&store, &name), Err(StoreError::Invalid { .. })), "{own}");
    }
    for folder in ["relative", "/with space", "/a/../b", ""] {
        assert!(matches!(FileStore::open(Path::new(folder)), Err(StoreError::Unusable(_))), "{folder}");
    }
    assert!(!folder.exists());
    // A stop between what is known of a secret and its value leaves no secret.
    fs::create_dir_all(folder.join(".unleak/about")).unwrap();
    put(&folder.join(".unleak/about/a"), "{\"description\":\"\",\"tags\":{},\"token\":\"t\",\"created\":1,\"deleted\":null}");
    mode(&folder, 0o700);
    let name = store.root() + "a";
    assert_eq!(store.describe(&name).unwrap(), None);
    create(&store, &name).unwrap();
    // What waited for its end has it with the next write.
    store.delete(&name, 7).unwrap();
    let about = folder.join(".unleak/about/a");
    put(&about, "{\"description\":\"\",\"tags\":{},\"token\":\"t\",\"created\":1,\"deleted\":[1,2]}");
    create(&store, &(store.root() + "other")).unwrap();
    assert!(!folder.join(".unleak/deleted/a").exists() && !about.exists());
    assert_eq!(store.describe(&name).unwrap(), None);
}
