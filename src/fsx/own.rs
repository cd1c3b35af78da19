//! Files of the program in a place that a stranger may have filled, such as a git directory that came with an archive. Owns: that no link leads
//! out of it and that no pipe is waited for. Must not: know what the files hold.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use super::{create_beside, rename, sync_directory, write_to};

/// Makes a directory, and those above it, for the owner alone; one that is there is taken if it is no link.
///
/// # Errors
/// What the system says; [`io::ErrorKind::NotADirectory`] for a link.
pub fn directory(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory, and no link is followed there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => private_directory(path),
        Err(error) => Err(error),
    }
}

/// Makes a directory, and those above it, for the owner alone, wherever links lead.
///
/// # Errors
/// What the system says.
pub fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    sync_directory(path)
}

/// Opens a file as `options` say, if it is one. What they make is for the owner alone.
///
/// # Errors
/// What the system says, of a link too; [`io::ErrorKind::InvalidInput`] for whatever else is no file.
pub fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Where the system has no flags for it, this has to do.
    no_other(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
}

/// The content of a file of at most so many bytes in a [`directory`].
///
/// # Errors
/// As [`open`]; [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let above = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    if !fs::symlink_metadata(above)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let file = open(OpenOptions::new().read(true), path)?;
    if file.metadata()?.len() > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file into a [`directory`], which is made, so that its name holds the old content or the new. Only a file is replaced.
///
/// # Errors
/// As [`directory`] and [`open`]; nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    directory(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    no_other(path)?;
    let (file, temporary) = create_beside(path)?;
    #[cfg(unix)]
    let private = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
    #[cfg(not(unix))]
    let private = Ok(());
    let written = private.and_then(|()| write_to(file, |out| out.write_all(bytes))).and_then(|file| file.sync_all());
    let written = written.and_then(|()| rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// That a name has a file or nothing.
fn no_other(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(no_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a file, and no link is followed there")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn what_is_no_file_is_neither_read_nor_replaced() {
        let there = tempfile::tempdir().unwrap();
        let (theirs, ours) = (there.path().join("theirs"), there.path().join("ours/a"));
        write(&theirs, b"old").unwrap();
        write(&ours, b"first").unwrap();
        write(&ours, b"second").unwrap();
        assert_eq!(read(&ours, 6).unwrap(), b"second");
        assert_eq!(read(&ours, 5).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(ours.parent().unwrap()), mode(&ours)), (0o700, 0o600));
        let (link, dangling, pipe) = (ours.with_file_name("link"), ours.with_file_name("dangling"), ours.with_file_name("pipe"));
        symlink(&theirs, &link).unwrap();
        symlink(there.path().join("absent"), &dangling).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&link, &dangling, &pipe, &there.path().join("ours")] {
            assert_eq!(read(path, 100).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{}", path.display());
            assert_eq!(write(path, b"new").unwrap_err().kind(), io::ErrorKind::InvalidInput, "{}", path.display());
            assert!(open(OpenOptions::new().write(true).create(true), path).is_err(), "{}", path.display());
        }
        assert_eq!(fs::read(&theirs).unwrap(), b"old");
        assert_eq!(fs::read_dir(ours.parent().unwrap()).unwrap().count(), 4, "nothing is left behind");
        assert!(!there.path().join("absent").exists());
    }

    #[test]
    fn a_link_is_no_directory() {
        let there = tempfile::tempdir().unwrap();
        let link = there.path().join("link");
        fs::create_dir(there.path().join("elsewhere")).unwrap();
        write(&there.path().join("elsewhere/a"), b"kept").unwrap();
        symlink("elsewhere", &link).unwrap();
        assert_eq!(directory(&link).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(read(&link.join("a"), 100).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(write(&link.join("a"), b"new").unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(fs::read(there.path().join("elsewhere/a")).unwrap(), b"kept");
    }
}
