//! One file of a tree. Owns: reading it safely. Must not: decide which files are scanned.

use std::fs::File;
use std::io::{self, Read};
use std::time::SystemTime;

use super::Scanner;
use super::stream::WINDOW;
use bstr::BStr;

use crate::blob::Origin;
use crate::finding::{Coverage, Problem, ProblemKind};
use crate::gather::Gathered;
use crate::source::tree::Place;

/// First size of the buffer that a thread reads files into. Longer content takes several reads, so it can change between two of them.
const BUFFER: usize = 64 * 1024;

/// What tells that a file was written to: its size in bytes and the time of its last change.
type Stamp = (u64, Option<SystemTime>);

/// Content that is read and may be written to meanwhile.
trait Content: Read {
    /// Size and time of last change.
    fn stamp(&self) -> io::Result<Stamp>;
}

impl Content for File {
    fn stamp(&self) -> io::Result<Stamp> {
        let metadata = self.metadata()?;
        Ok((metadata.len(), metadata.modified().ok()))
    }
}

impl Scanner {
    /// Reads and scans a file, and what git LFS keeps for it; what goes wrong is a problem of the report. `buffer` is reused from file to
    /// file.
    pub(super) fn file(&self, origin: &Origin, place: Place<'_>, buffer: &mut Vec<u8>) -> Gathered {
        let gathered = self.file_alone(origin, place, buffer);
        let length = usize::try_from(gathered.coverage.bytes).unwrap_or(usize::MAX);
        match buffer.get(..length).and_then(|bytes| self.behind_file(origin, place, bytes)) {
            Some(behind) => gathered.merge(behind),
            None => gathered,
        }
    }

    /// Reads and scans a file and nothing else.
    pub(super) fn file_alone(&self, origin: &Origin, place: Place<'_>, buffer: &mut Vec<u8>) -> Gathered {
        let scanned = place.open().and_then(|mut opened| self.content(origin, &mut opened, buffer));
        scanned.unwrap_or_else(|error| problem(origin, ProblemKind::Unreadable, error.to_string()))
    }

    fn content(&self, origin: &Origin, content: &mut impl Content, buffer: &mut Vec<u8>) -> io::Result<Gathered> {
        if let Some(most) = self.settings.max_file_size {
            let (size, _) = content.stamp()?;
            if size > most {
                return Ok(Gathered::of_problem(over_limit(origin.path(), size, most)));
            }
        }
        buffer.resize(buffer.len().max(BUFFER), 0);
        let mut length = fill(content, &mut buffer[..BUFFER])?;
        if length < BUFFER {
            return Ok(self.whole(origin, &buffer[..length]));
        }
        let before = content.stamp()?;
        loop {
            length += fill(content, &mut buffer[length..])?;
            if length < buffer.len() || length == WINDOW {
                break;
            }
            buffer.resize((length * 4).min(WINDOW), 0);
        }
        let mut gathered = if length < WINDOW {
            self.whole(origin, &buffer[..length])
        } else {
            // Streaming takes the buffer apart, and one of this size is not worth keeping.
            self.stream(origin, content, &mut std::mem::take(buffer))?
        };
        if content.stamp()? != before {
            // What was found stays, but it is no file that was scanned to its end.
            gathered.coverage = Coverage::default();
            let detail = "it was written to while it was read; scan it again".to_owned();
            gathered.coverage.problems.push(Problem { path: origin.path().to_owned(), kind: ProblemKind::Changed, detail });
        }
        Ok(gathered)
    }
}

fn problem(origin: &Origin, kind: ProblemKind, detail: String) -> Gathered {
    Gathered::of_problem(Problem { path: origin.path().to_owned(), kind, detail })
}

/// The problem of content of `size` bytes where at most `most` are scanned.
pub(super) fn over_limit(path: &BStr, size: u64, most: u64) -> Problem {
    Problem { path: path.to_owned(), kind: ProblemKind::OverLimit, detail: format!("it has {size} bytes, the limit is {most}") }
}

/// Reads until `buffer` is full or the content ends, and gives the number of bytes: two system calls for most files.
fn fill(content: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match content.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::Catalogue;
    use crate::settings::Settings;

    /// Content that has `left` more bytes and is cut to what was read when `cut` of them are.
    struct Shrinking {
        read: u64,
        left: u64,
        cut: u64,
    }

    impl Read for Shrinking {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.read >= self.cut {
                self.left = 0;
            }
            let most = self.left.min(self.cut - self.read.min(self.cut)).min(10_000);
            let count = buffer.len().min(usize::try_from(most).unwrap());
            buffer[..count].fill(b'\n');
            self.read += count as u64;
            self.left -= count as u64;
            Ok(count)
        }
    }

    impl Content for Shrinking {
        fn stamp(&self) -> io::Result<Stamp> {
            Ok((self.read + self.left, None))
        }
    }

    fn problems(size: u64, cut: u64) -> (Vec<ProblemKind>, u64) {
        let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
        let origin = Origin::File { path: "a".into() };
        let gathered = scanner.content(&origin, &mut Shrinking { read: 0, left: size, cut }, &mut Vec::new()).unwrap();
        (gathered.coverage.problems.iter().map(|problem| problem.kind).collect(), gathered.coverage.bytes)
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_read_is_a_problem() {
        let streamed = WINDOW as u64 * 2;
        for size in [0, 10, 65_535, 65_536, 65_537, 300_000, WINDOW as u64 - 1, WINDOW as u64, streamed] {
            assert_eq!(problems(size, u64::MAX), (vec![], size), "{size} bytes that stay");
        }
        assert_eq!(problems(300_000, 200_000), (vec![ProblemKind::Changed], 0));
        assert_eq!(problems(streamed, 20_000_000), (vec![ProblemKind::Changed], 0));
    }
}
