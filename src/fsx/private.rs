//! Files for the owner alone that take the place of no others. Owns: making and moving them. Must not: know what they hold.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::own::private_directory;
use super::{create_beside, rename, sync_directory};

/// Makes a file, with the directories above it, that nobody else may read. It has all of its content as soon as it has its name.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where the name is taken, and what the system says.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    private_directory(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    let (mut file, temporary) = create_beside(path)?;
    #[cfg(unix)]
    let private = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
    #[cfg(not(unix))]
    let private = Ok(());
    // A second name is refused where a file has it; a rename would not be.
    let written =
        private.and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    written.and(removed).and_then(|()| sync_directory(path))
}

/// Moves a file to a name that nothing has, and makes the directories above that.
///
/// # Errors
/// As [`create`].
pub fn relocate(from: &Path, to: &Path) -> io::Result<()> {
    private_directory(to.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    rename(from, to)?;
    sync_directory(to)?;
    sync_directory(from)
}

/// Removes a file.
///
/// # Errors
/// What the system says.
pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    sync_directory(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_name_keeps_it() {
        let directory = tempfile::tempdir().unwrap();
        let (path, other) = (directory.path().join("a/b"), directory.path().join("c/d"));
        create(&path, b"first").unwrap();
        assert_eq!(create(&path, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        create(&other, b"other").unwrap();
        assert_eq!(relocate(&path, &other).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((fs::read(&path).unwrap(), fs::read(&other).unwrap()), (b"first".to_vec(), b"other".to_vec()));
        relocate(&path, &directory.path().join("e/f")).unwrap();
        assert_eq!(fs::read_dir(directory.path().join("a")).unwrap().count(), 0, "nothing is left behind");
        #[cfg(unix)]
        for (path, expected) in [(&other, 0o600), (&directory.path().join("e"), 0o700)] {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, expected);
        }
    }
}
