//! One file of a tree. Owns: opening and reading it safely. Must not: decide which files are scanned.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::Scanner;
use super::stream::WINDOW;
use crate::finding::{Problem, ProblemKind};
use crate::gather::Gathered;
use crate::source::TreeFile;
use bstr::BStr;

/// First size of the buffer that a thread reads files into.
const BUFFER: usize = 64 * 1024;

impl Scanner {
    /// Reads and scans a file, and what git LFS keeps for it; what goes wrong is a problem of the report. `buffer` is reused from file to
    /// file.
    pub(super) fn file(&self, file: &TreeFile, buffer: &mut Vec<u8>) -> Gathered {
        let gathered = self.file_alone(file, buffer);
        let length = usize::try_from(gathered.coverage.bytes).unwrap_or(usize::MAX);
        match buffer.get(..length).and_then(|bytes| self.behind_file(file, bytes)) {
            Some(behind) => gathered.merge(behind),
            None => gathered,
        }
    }

    /// Reads and scans a file and nothing else.
    pub(super) fn file_alone(&self, file: &TreeFile, buffer: &mut Vec<u8>) -> Gathered {
        let problem = |kind, detail: String| Gathered::of_problem(Problem { path: file.origin.path().to_owned(), kind, detail });
        let unreadable = |error: io::Error| problem(ProblemKind::Unreadable, error.to_string());
        let mut opened = match open(&file.path) {
            Ok(opened) => opened,
            Err(error) => return unreadable(error),
        };
        if let Some(most) = self.settings.max_file_size {
            match opened.metadata() {
                Ok(metadata) if metadata.len() > most => {
                    return Gathered::of_problem(over_limit(file.origin.path(), metadata.len(), most));
                }
                Ok(_) => {}
                Err(error) => return unreadable(error),
            }
        }
        let length = match fill(&mut opened, buffer) {
            Ok(length) => length,
            Err(error) => return unreadable(error),
        };
        if length < WINDOW {
            return self.whole(&Arc::new(file.origin.clone()), &buffer[..length]);
        }
        buffer.truncate(length);
        let streamed = self.stream(&Arc::new(file.origin.clone()), &mut opened, buffer);
        *buffer = Vec::new();
        streamed.unwrap_or_else(unreadable)
    }
}

/// The problem of content of `size` bytes where at most `most` are scanned.
pub(super) fn over_limit(path: &BStr, size: u64, most: u64) -> Problem {
    Problem { path: path.to_owned(), kind: ProblemKind::OverLimit, detail: format!("it has {size} bytes, the limit is {most}") }
}

/// Reads up to a window's length into the start of `buffer` without clearing or asking for the size first: two system calls for most files.
fn fill(file: &mut File, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut length = 0;
    loop {
        if length == buffer.len() {
            buffer.resize((length * 4).clamp(BUFFER, WINDOW), 0);
        }
        match file.read(&mut buffer[length..]) {
            Ok(0) => return Ok(length),
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length == WINDOW {
            return Ok(length);
        }
    }
}

/// Opens a regular file. Neither a symbolic link nor a pipe that took its place since the listing is followed or waited for.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC).open(path)
}

/// Opens a regular file.
#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}
