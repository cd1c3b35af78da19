//! Replacing a file whose content is known. Owns: the checks right before, the temporary file, what is kept of the old file, the order of
//! syncs. Must not: decide what is written.
//!
//! Whoever is killed at any point leaves the old file or the new one, and at most a temporary file with a known name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Steps, rename, sync_directory};

/// Whether a content is the expected one.
pub type Still<'a> = &'a dyn Fn(&[u8]) -> bool;

/// A file to write, if its content is still what it was.
pub struct Replacement<'a> {
    /// The file: no symbolic link.
    pub path: &'a Path,
    /// Its name while it is written, in the same directory.
    pub temporary: &'a Path,
    /// The new content.
    pub content: &'a [u8],
    /// Whether this is the content to replace; none: there must be no file, and folders above it are made.
    pub still: Option<Still<'a>>,
}

/// Why a file of the user is not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// Somebody wrote it in the meantime.
    #[error("it changed in the meantime")]
    Changed,
    /// The system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The name of the temporary file for `path`, known to whoever cleans up: `mark` makes it one's own.
#[must_use]
pub fn temporary(path: &Path, mark: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{mark}.unleak-tmp"));
    path.with_file_name(name)
}

/// Replaces or creates the file; mode, owner and extended attributes of an existing one are kept as far as the system lets us. File and
/// directory are synced. Between the last look at the content and the new name nothing else happens.
///
/// # Errors
/// [`ReplaceError::Changed`] if the file is not what it was. The file is as it was then, and the temporary one gone.
pub fn replace(replacement: &Replacement<'_>, steps: &dyn Steps) -> Result<(), ReplaceError> {
    let written = write(replacement, steps);
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(replacement.temporary);
    }
    written
}

fn write(replacement: &Replacement<'_>, steps: &dyn Steps) -> Result<(), ReplaceError> {
    if replacement.still.is_none() {
        make_folders(replacement.path, steps)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(replacement.temporary)?;
    steps.at("temporary file opened");
    let (first, second) = replacement.content.split_at(replacement.content.len() / 2);
    file.write_all(first)?;
    steps.at("temporary file half written");
    file.write_all(second)?;
    if replacement.still.is_some() {
        keep_attributes(replacement.path, &file)?;
    } else {
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    }
    file.sync_all()?;
    steps.at("temporary file synced");
    if !is_as_expected(replacement)? {
        return Err(ReplaceError::Changed);
    }
    rename(replacement.temporary, replacement.path)?;
    steps.at("renamed");
    sync_directory(replacement.path)?;
    steps.at("directory synced");
    Ok(())
}

/// Makes the folders above a file that are missing, each there for good before the next.
fn make_folders(path: &Path, steps: &dyn Steps) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        fs::create_dir(folder)?;
        sync_directory(folder)?;
        steps.at("folder made");
    }
    Ok(())
}

/// Removes the innermost `count` folders above a file that is gone, as far as they are there and hold nothing.
///
/// # Errors
/// What the system says.
pub fn take_folders_away(path: &Path, count: usize, steps: &dyn Steps) -> io::Result<()> {
    for folder in path.ancestors().skip(1).take(count) {
        match fs::remove_dir(folder) {
            Ok(()) => steps.at("folder removed"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_as_expected(replacement: &Replacement<'_>) -> io::Result<bool> {
    match (fs::read(replacement.path), replacement.still) {
        (Ok(content), Some(still)) => Ok(still(&zeroize::Zeroizing::new(content))),
        (Ok(_), None) => Ok(false),
        (Err(error), still) if error.kind() == io::ErrorKind::NotFound => Ok(still.is_none()),
        (Err(error), _) => Err(error),
    }
}

/// Removes a file if its content is still what it was; one that is gone already is no error.
///
/// # Errors
/// As [`replace`].
pub fn remove(path: &Path, still: &dyn Fn(&[u8]) -> bool, steps: &dyn Steps) -> Result<(), ReplaceError> {
    match fs::read(path) {
        Ok(content) if !still(&content) => return Err(ReplaceError::Changed),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    fs::remove_file(path)?;
    steps.at("removed");
    sync_directory(path)?;
    Ok(())
}

/// Removes a temporary file that a killed run left.
///
/// # Errors
/// What the system says.
pub fn sweep(temporary: &Path) -> io::Result<()> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn keep_attributes(from: &Path, to: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (old, new) = (fs::metadata(from)?, to.metadata()?);
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        // Only the superuser may give files away; a member of the group may at least keep that.
        let kept = std::os::unix::fs::fchown(to, Some(old.uid()), Some(old.gid()));
        kept.or_else(|_| std::os::unix::fs::fchown(to, None, Some(old.gid()))).ok();
    }
    to.set_permissions(old.permissions())?;
    #[cfg(target_os = "linux")]
    keep_extended(from, to);
    Ok(())
}

#[cfg(not(unix))]
fn keep_attributes(from: &Path, to: &File) -> io::Result<()> {
    to.set_permissions(fs::metadata(from)?.permissions())
}

/// Copies extended attributes, access control lists among them, where the file system has them.
#[cfg(target_os = "linux")]
fn keep_extended(from: &Path, to: &File) {
    const MOST: usize = 64 * 1024;
    let Ok(from) = File::open(from) else { return };
    let mut names = vec![0; MOST];
    let Ok(length) = rustix::fs::flistxattr(&from, names.as_mut_slice()) else { return };
    for name in names[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; MOST];
        if let Ok(length) = rustix::fs::fgetxattr(&from, name, value.as_mut_slice()) {
            // Some, such as those of the kernel's security modules, are not ours to set.
            let _ = rustix::fs::fsetxattr(to, name, &value[..length], rustix::fs::XattrFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx::Unwatched;

    #[test]
    fn only_what_is_expected_is_replaced_and_nothing_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.env");
        crate::fsx::write_atomically(&path, |out| out.write_all(b"old")).unwrap();
        let temporary = temporary(&path, "p1");
        let with =
            |still: Option<Still<'_>>| replace(&Replacement { path: &path, temporary: &temporary, content: b"new", still }, &Unwatched);
        assert!(matches!(with(Some(&|content| content == b"other")), Err(ReplaceError::Changed)));
        assert!(matches!(with(None), Err(ReplaceError::Changed)));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        with(Some(&|content| content == b"old")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(matches!(remove(&path, &|content| content == b"old", &Unwatched), Err(ReplaceError::Changed)));
        remove(&path, &|content| content == b"new", &Unwatched).unwrap();
        remove(&path, &|_| false, &Unwatched).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_kept_and_a_new_file_is_readable() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let temporary = temporary(&path, "p1");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        replace(&Replacement { path: &path, temporary: &temporary, content: b"1", still: None }, &Unwatched).unwrap();
        assert_eq!(mode(), 0o644);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&Replacement { path: &path, temporary: &temporary, content: b"2", still: Some(&|_| true) }, &Unwatched).unwrap();
        assert_eq!(mode(), 0o640);
    }
}
