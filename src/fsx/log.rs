//! A file that only grows, for journals. Owns: appending lines that last, and the lock. Must not: know what the lines say.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::{Steps, own, sync_directory};

/// An open log. Lines are in the file when [`Log::append`] returns, whoever is killed then, and on disk when [`Log::sync`] does.
#[derive(Debug)]
pub struct Log {
    file: File,
}

impl Log {
    /// Opens or creates the log, for the owner alone, and gives its whole lines. A last line without an end is what a killed run left, and NULs are
    /// what a loss of power left of lines that were not waited for: they are cut off, since nothing was done on their strength.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<u8>)> {
        let mut file = own::open(OpenOptions::new().create(true).read(true).append(true), path)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        let whole = whole_lines(&content);
        if whole < content.len() {
            content.truncate(whole);
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::End(0))?;
        }
        file.sync_all()?;
        sync_directory(path)?;
        Ok((Self { file }, content))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What the system says.
    pub fn append(&mut self, line: &[u8], steps: &dyn Steps) -> io::Result<()> {
        steps.at("before the journal's line");
        let (first, second) = line.split_at(line.len() / 2);
        self.file.write_all(first)?;
        steps.at("journal's line half written");
        self.file.write_all(second)?;
        self.file.write_all(b"\n")?;
        steps.at("journal's line written");
        Ok(())
    }

    /// Waits until all lines will last.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&mut self, steps: &dyn Steps) -> io::Result<()> {
        self.file.sync_data()?;
        steps.at("journal synced");
        Ok(())
    }
}

/// The length of the whole lines at the start of a log.
#[must_use]
pub fn whole_lines(content: &[u8]) -> usize {
    let sound = memchr::memchr(0, content).unwrap_or(content.len());
    memchr::memrchr(b'\n', &content[..sound]).map_or(0, |end| end + 1)
}

/// A lock that is held as long as this lives, and is gone with the process.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    /// Closing the file is not enough: a child that another thread has started and that has not yet become its program holds a copy of the
    /// descriptor, and with it the lock.
    fn drop(&mut self) {
        // Where the system refuses, the lock goes with the last copy.
        let _ = self.0.unlock();
    }
}

impl Lock {
    /// Takes the lock; none if somebody else has it.
    ///
    /// # Errors
    /// What the system says.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = own::open(OpenOptions::new().create(true).write(true).truncate(false), path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx::Unwatched;
    use std::fs;

    #[test]
    fn a_torn_line_is_cut_off_and_the_next_one_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let (mut log, before) = Log::open(&path).unwrap();
        assert_eq!(before, b"");
        log.append(b"one", &Unwatched).unwrap();
        log.file.write_all(b"to").unwrap();
        let (mut log, before) = Log::open(&path).unwrap();
        assert_eq!(before, b"one\n");
        log.append(b"two", &Unwatched).unwrap();
        log.sync(&Unwatched).unwrap();
        assert_eq!(Log::open(&path).unwrap().1, b"one\ntwo\n");
        log.file.write_all(b"th\0\0\0\nfour\n").unwrap();
        assert_eq!(Log::open(&path).unwrap().1, b"one\ntwo\n");
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn a_lock_is_held_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = Lock::take(&path).unwrap();
        assert!(held.is_some());
        assert!(Lock::take(&path).unwrap().is_none());
        drop(held);
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_that_is_given_back_is_free_whoever_has_a_copy_of_the_descriptor() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = Lock::take(&path).unwrap().unwrap();
        // What a child has between its start and its program.
        let _copy = held.0.try_clone().unwrap();
        drop(held);
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        own::private_directory(&below).unwrap();
        Log::open(&below.join("journal")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory.path().join("a")), mode(&below), mode(&below.join("journal"))), (0o700, 0o700, 0o600));
    }
}
