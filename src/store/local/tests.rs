//! The local store beyond the contract of all stores: its file, its key, its lock. Owns: nothing. Must not: use a real key.

use std::fs;

use age::secrecy::SecretString;

use super::*;
use crate::store::{CURRENT, PENDING, PREVIOUS};

fn key(directory: &Path, passphrase: Option<&str>) -> Key {
    let passphrase = passphrase.map(|text| SecretString::from(text.to_owned()));
    Key { file: directory.join("identity.txt"), passphrase }
}

fn opened(directory: &Path) -> LocalStore {
    let key = key(directory, None);
    if !key.file.exists() {
        key.create().unwrap();
    }
    LocalStore::open(directory, &key).unwrap()
}

fn new<'a>(name: &'a str, value: &'a Secret, tags: &'a Tags, token: &'a str) -> NewSecret<'a> {
    NewSecret { name, value, description: "d", tags, kms_key: None, replica_regions: &[], external_type: None, token }
}

const TOKENS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];

#[test]
fn the_file_holds_no_value_and_belongs_to_its_owner() {
    let directory = tempfile::tempdir().unwrap();
    let value = Secret::new(b"correct horse battery staple");
    opened(directory.path()).create(&new("a/b", &value, &Tags::new(), TOKENS[0])).unwrap();
    let file = directory.path().join(FILE);
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    assert_eq!(memchr::memmem::find(&bytes, b"horse"), None);
    #[cfg(unix)]
    for name in [FILE, "identity.txt"] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(directory.path().join(name)).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(opened(directory.path()).read("a/b", &Version::Stage(CURRENT)).unwrap(), value);
}

#[test]
fn what_was_deleted_is_gone_after_its_window() {
    let (first, tags) = (Secret::new(b"1"), Tags::new());
    let mut content = Content::default();
    content.create(&new("a", &first, &tags, TOKENS[0]), 0).unwrap();
    content.delete("a", 7, 1000).unwrap();
    let window = 7 * 24 * 60 * 60;
    content.forget_deleted(1000 + window - 1);
    assert_eq!(content.describe("a").unwrap().deleted, Some(1000));
    content.forget_deleted(1000 + window);
    assert_eq!(content.describe("a"), None);
}

#[test]
fn labels_move_like_in_the_cloud_and_old_versions_are_forgotten() {
    let (first, second, tags) = (Secret::new(b"1"), Secret::new(b"2"), Tags::new());
    let mut content = Content::default();
    content.create(&new("a", &first, &tags, TOKENS[0]), 0).unwrap();
    content.put("a", &second, TOKENS[1], &[PENDING], 1).unwrap();
    content.live("a").unwrap().move_stage("a", CURRENT, TOKENS[1]).unwrap();
    let versions = content.describe("a").unwrap().versions;
    assert_eq!(versions[TOKENS[0]], [PREVIOUS]);
    assert_eq!(versions[TOKENS[1]], [CURRENT, PENDING]);
    for number in 0..150 {
        content.put("a", &Secret::new(format!("{number}").as_bytes()), &format!("{number:032}"), &[], 2).unwrap();
    }
    let versions = content.describe("a").unwrap().versions;
    assert_eq!(versions.len(), 2 + 100);
    assert!(versions.contains_key(&format!("{:032}", 149)) && !versions.contains_key(&format!("{:032}", 49)));
}

#[test]
fn a_key_is_opened_by_its_passphrase_only() {
    let directory = tempfile::tempdir().unwrap();
    let right = key(directory.path(), Some("a long passphrase"));
    right.create().unwrap();
    assert!(Key::needs_passphrase(&right.file).unwrap());
    LocalStore::open(directory.path(), &right).unwrap().create(&new("a", &Secret::new(b"v"), &Tags::new(), TOKENS[0])).unwrap();
    let said = |passphrase| LocalStore::open(directory.path(), &key(directory.path(), passphrase)).map(drop).unwrap_err().to_string();
    assert!(said(Some("wrong")).ends_with("the passphrase does not open the key, or the file is damaged"));
    assert!(said(None).contains("there is no passphrase"));
    assert!(matches!(right.create(), Err(KeyError::Exists(_))));
}

#[test]
fn damage_other_keys_and_open_files_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    opened(directory.path()).create(&new("a", &Secret::new(b"v"), &Tags::new(), TOKENS[0])).unwrap();
    let file = directory.path().join(FILE);
    let whole = fs::read(&file).unwrap();
    let key = key(directory.path(), None);
    let said = || LocalStore::open(directory.path(), &key).map(drop).unwrap_err().to_string();

    for damaged in [&whole[..whole.len() - 1], &whole[..10], b"", &[&whole[..whole.len() - 1], b"?"].concat()] {
        fsx::write_private(&file, damaged).unwrap();
        assert!(said().contains("it is damaged or no store"), "{}", said());
    }
    fsx::write_private(&file, &whole).unwrap();

    let other = tempfile::tempdir().unwrap();
    opened(other.path());
    fsx::write_private(&key.file, &fs::read(other.path().join("identity.txt")).unwrap()).unwrap();
    assert!(said().contains("it is encrypted for another key"), "{}", said());

    #[cfg(unix)]
    {
        fs::set_permissions(&key.file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        assert!(said().contains("others can read this key"), "{}", said());
    }
    fs::remove_file(&key.file).unwrap();
    assert!(said().contains("there is no key yet"), "{}", said());
}

#[test]
fn two_at_once_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    opened(directory.path());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let directory = directory.path();
            scope.spawn(move || {
                let store = opened(directory);
                for number in 0..5 {
                    let name = format!("s{thread}/{number}");
                    store.create(&new(&name, &Secret::new(name.as_bytes()), &Tags::new(), TOKENS[0])).unwrap();
                }
            });
        }
    });
    assert_eq!(opened(directory.path()).list(&Tags::new()).unwrap().len(), 20);
}

#[test]
fn of_two_who_make_the_key_at_once_one_does() {
    for _ in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let key = key(&directory.path().join("new"), None);
        let start = std::sync::Barrier::new(8);
        let once = || {
            start.wait();
            key.create().map(|()| fs::read(&key.file).unwrap())
        };
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| scope.spawn(once));
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
        assert!(refused.iter().all(|refused| matches!(refused, Err(KeyError::Exists(_)))), "{refused:?}");
        assert_eq!(made.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [fs::read(&key.file).unwrap()]);
    }
}
