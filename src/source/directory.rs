//! One directory of a file system. Owns: its entries, and opening the files in it. Must not: decide what is scanned.
//!
//! On Linux a directory is opened once and its files are opened relative to it: the kernel does not walk the whole path again for each, which
//! saves a tenth of the time of a scan, and nobody can lead a path elsewhere in the meantime.

use std::ffi::{OsStr, OsString};
use std::fs::{File, FileType};
use std::io;
use std::path::{Path, PathBuf};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, whatever it points at.
    Symlink,
    /// A pipe, a socket or a device.
    Special,
}

impl Kind {
    /// The kind of a file type, and that of a symbolic link itself.
    #[must_use]
    pub fn of(kind: FileType) -> Self {
        if kind.is_dir() {
            Self::Directory
        } else if kind.is_file() {
            Self::File
        } else if kind.is_symlink() {
            Self::Symlink
        } else {
            Self::Special
        }
    }
}

/// Name and kind of an entry.
pub type Entry = (OsString, Kind);

/// An open directory.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    handle: std::os::fd::OwnedFd,
}

impl Directory {
    /// Where it was when it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Opens a regular file. Neither a symbolic link nor a pipe that took its place since the listing is followed or waited for.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC).open(path)
}

/// Opens a regular file.
///
/// # Errors
/// What the system says.
#[cfg(not(unix))]
pub fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, openat, statat};

    use super::{Directory, Entry, File, Kind, OsStr, PathBuf, io};

    /// Bytes of entries that the system is asked for at a time; on the stack, as most directories are small.
    const ENTRIES: usize = 8 * 1024;

    impl Directory {
        /// Opens a directory, through a symbolic link only where `follow` says so.
        ///
        /// # Errors
        /// What the system says.
        pub fn open(path: PathBuf, follow: bool) -> io::Result<Self> {
            let link = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
            let handle = rustix::fs::open(&path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | link, Mode::empty())?;
            Ok(Self { path, handle })
        }

        /// Adds the entries, in no particular order. To be called once.
        ///
        /// # Errors
        /// What the system says; the entries up to there are added.
        pub fn entries(&self, entries: &mut Vec<Entry>) -> io::Result<()> {
            let mut buffer = [MaybeUninit::uninit(); ENTRIES];
            let mut raw = RawDir::new(&self.handle, &mut buffer);
            while let Some(entry) = raw.next() {
                let entry = entry?;
                let name = entry.file_name().to_bytes();
                if name == b"." || name == b".." {
                    continue;
                }
                let kind = match entry.file_type() {
                    // Some file systems do not tell.
                    FileType::Unknown => {
                        FileType::from_raw_mode(statat(&self.handle, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?.st_mode)
                    }
                    kind => kind,
                };
                entries.push((OsStr::from_bytes(name).to_owned(), kind.into()));
            }
            Ok(())
        }

        /// Opens a regular file of the directory; see [`super::open`].
        ///
        /// # Errors
        /// What the system says.
        pub fn file(&self, name: &OsStr) -> io::Result<File> {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            Ok(openat(&self.handle, name, flags, Mode::empty())?.into())
        }
    }

    impl From<FileType> for Kind {
        fn from(kind: FileType) -> Self {
            match kind {
                FileType::RegularFile => Self::File,
                FileType::Directory => Self::Directory,
                FileType::Symlink => Self::Symlink,
                _ => Self::Special,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Directory {
    /// A directory by its path; `follow` says whether it may be a symbolic link.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: PathBuf, follow: bool) -> io::Result<Self> {
        if !follow && path.symlink_metadata()?.is_symlink() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path })
    }

    /// Adds the entries, in no particular order. To be called once.
    ///
    /// # Errors
    /// What the system says; the entries up to there are added.
    pub fn entries(&self, entries: &mut Vec<Entry>) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            entries.push((entry.file_name(), Kind::of(entry.file_type()?)));
        }
        Ok(())
    }

    /// Opens a regular file of the directory; see [`open`].
    ///
    /// # Errors
    /// What the system says.
    pub fn file(&self, name: &OsStr) -> io::Result<File> {
        open(&self.path.join(name))
    }
}
