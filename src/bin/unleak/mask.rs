//! `unleak run --mask`: what the command writes, with a mask in place of values. Owns: the processes that its output goes through. Must not:
//! hand a value on by anything but a pipe.
//!
//! The command takes the place of `unleak`, as always; before, a helper is started for each of its two streams, which reads a pipe and writes
//! where the stream went. A helper reads the values first, from the same pipe.

use std::io::{self, Read, Write};

use unleak::migrate::known::Known;
use unleak::secret::Secret;

use crate::failure::{Exit, Failure};
use crate::stores;

/// What stands for a value.
const MASK: &[u8] = b"********";
/// Bytes of a value that is masked, at least: shorter ones stand everywhere.
const SHORTEST: usize = 4;
/// Bytes that are read at a time.
const CHUNK: usize = 64 << 10;

/// The pieces that are masked: values, and the lines of those that have several.
fn pieces(values: &[Secret]) -> Vec<&[u8]> {
    let lines = values.iter().flat_map(|value| value.expose().split(|&byte| byte == b'\n'));
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut all: Vec<&[u8]> = values.iter().map(Secret::expose).chain(lines).filter(|piece| piece.len() >= SHORTEST).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Puts masking helpers between the command and its standard streams.
///
/// # Errors
/// They cannot be started.
#[cfg(unix)]
pub fn put_between(command: &mut std::process::Command, values: &[Secret]) -> Result<(), Failure> {
    use std::os::fd::AsFd;
    let failed = |error: io::Error| Failure::new(&format_args!("the output cannot be masked: {error}"));
    let own = |stream: std::os::fd::BorrowedFd<'_>| stream.try_clone_to_owned().map_err(failed);
    let (out, error) = (own(io::stdout().as_fd())?, own(io::stderr().as_fd())?);
    command.stdout(helper(out, values).map_err(failed)?).stderr(helper(error, values).map_err(failed)?);
    Ok(())
}

/// There is no way to take a program's place here.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn put_between(_: &mut std::process::Command, _: &[Secret]) -> Result<(), Failure> {
    Err(Failure::new(&"--mask is for Unix"))
}

/// A helper that writes to `to`, and knows the values; the pipe to it.
#[cfg(unix)]
fn helper(to: std::os::fd::OwnedFd, values: &[Secret]) -> io::Result<std::process::ChildStdin> {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};
    let mut helper = Command::new(std::env::current_exe()?);
    // Ctrl-C is for the command; what it says then is to be masked still.
    helper.arg("mask-output").env_clear().process_group(0).stdin(Stdio::piped()).stdout(to).stderr(Stdio::null());
    let mut pipe = helper.spawn()?.stdin.take().expect("because it is piped");
    write_values(&mut pipe, &pieces(values))?;
    Ok(pipe)
}

fn write_values(out: &mut impl Write, pieces: &[&[u8]]) -> io::Result<()> {
    let length = |length: usize| u32::try_from(length).map(u32::to_le_bytes).map_err(io::Error::other);
    out.write_all(&length(pieces.len())?)?;
    pieces.iter().try_for_each(|piece| {
        out.write_all(&length(piece.len())?)?;
        out.write_all(piece)
    })
}

fn read_values(from: &mut impl Read) -> io::Result<Vec<Secret>> {
    let mut values = Vec::new();
    for _ in 0..read_length(from)? {
        let mut value = zeroize::Zeroizing::new(vec![0; read_length(from)? as usize]);
        from.read_exact(&mut value)?;
        values.push(Secret::new(&value));
    }
    Ok(values)
}

fn read_length(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes).map(|()| u32::from_le_bytes(bytes))
}

/// The helper: standard input is values and then a stream, which goes to standard output masked.
///
/// # Errors
/// Either cannot be used.
pub fn run() -> Result<Exit, Failure> {
    stores::keep_out_of_dumps();
    let mut from = io::stdin().lock();
    let copied = read_values(&mut from).and_then(|values| copy(&mut from, &mut io::stdout().lock(), &values));
    copied.map(|()| Exit::Clean).map_err(|error| Failure::new(&error))
}

/// Copies a stream. Only the start of a value is held back, until the next bytes say whether it is one.
fn copy(from: &mut impl Read, to: &mut impl Write, values: &[Secret]) -> io::Result<()> {
    let pieces: Vec<&[u8]> = values.iter().map(Secret::expose).collect();
    let known = Known::new(&pieces);
    let mut buffer = zeroize::Zeroizing::new(vec![0; CHUNK]);
    let mut held = zeroize::Zeroizing::new(Vec::new());
    loop {
        let read = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        held.extend_from_slice(&buffer[..read]);
        let end = if read == 0 { held.len() } else { before_begun(&held, &known, &pieces) };
        let ready: Vec<u8> = held.drain(..end).collect();
        to.write_all(&known.masked(ready, MASK))?;
        to.flush()?;
        if read == 0 {
            return Ok(());
        }
    }
}

/// The end of what no next byte can make a value of. A value that the start of another one overlaps is left as a whole.
fn before_begun(text: &[u8], known: &Known<'_>, pieces: &[&[u8]]) -> usize {
    let begun = |piece: &&[u8]| (1..piece.len()).rev().find(|&length| text.ends_with(&piece[..length])).unwrap_or(0);
    let end = text.len() - pieces.iter().map(begun).max().unwrap_or(0);
    known.spans(text).into_iter().find(|span| span.start < end && end < span.end).map_or(end, |span| span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut to[..1])
        }
    }

    #[test]
    fn values_are_masked_wherever_a_stream_is_cut() {
        let values = ["alpha-value", "line one\r\nline two\nabc", "abc", "-abcd", "cdefg"].map(|value| Secret::new(value.as_bytes()));
        let text = b"a alpha-value alpha-val line one|line two line\r\nline one\r\nline two\nabc abc -abcdefg -abcdx alpha-valu";
        let mut whole = Vec::new();
        write_values(&mut whole, &pieces(&values)).unwrap();
        whole.extend_from_slice(text);
        let mut stream = whole.as_slice();
        let read = read_values(&mut stream).unwrap();
        assert_eq!(stream, text);
        for slow in [false, true] {
            let mut out = Vec::new();
            if slow { copy(&mut Slow(text), &mut out, &read) } else { copy(&mut &text[..], &mut out, &read) }.unwrap();
            let said = String::from_utf8(out).unwrap();
            assert_eq!(said, "a ******** alpha-val ********|******** line\r\n******** abc ******** ********x alpha-valu", "slow: {slow}");
        }
    }
}
