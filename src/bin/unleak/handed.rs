//! `unleak run --file`: files with their references resolved, handed to the command without anything on disk. Owns: reading them, and the
//! descriptors that the command inherits. Must not: write a value to a file that has a name.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use unleak::reference::Reference;
use unleak::rewrite::encoding::{self, FileEncoding, Text};
use unleak::rewrite::format::fill::{self, Filled, Slot};
use unleak::secret::Secret;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// A file, and where its references are.
pub struct Handed {
    path: PathBuf,
    text: Zeroizing<String>,
    encoding: FileEncoding,
    slots: Vec<Slot>,
}

impl Handed {
    /// Reads a file; what is wrong in it is told by line.
    ///
    /// # Errors
    /// It cannot be read, or is neither UTF-8 nor UTF-16.
    pub fn read(path: &Path, wrong: &mut Vec<String>) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::with_file("read", path, &error))?;
        let text = Text::unicode(&bytes).ok_or_else(|| Failure::with_file("resolve", path, &"it is neither UTF-8 nor UTF-16"))?;
        let (encoding, text) = (text.encoding(), String::from_utf8_lossy(text.utf8()).into_owned());
        let slots = fill::slots(&path.to_string_lossy(), &text).unwrap_or_else(|errors| {
            wrong.extend(errors.iter().map(|error| told(path, error)));
            Vec::new()
        });
        Ok(Self { path: path.to_owned(), text: text.into(), encoding, slots })
    }

    /// Its references, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.slots.iter().map(|slot| &slot.reference)
    }

    /// What is said where the reference of this number has no value.
    pub fn unresolved(&self, number: usize, error: &str) -> String {
        told(&self.path, &(self.slots[number].line, error.to_owned()))
    }

    /// The content with these values.
    ///
    /// # Errors
    /// Which of them cannot stand in the file, and why.
    pub fn filled(&self, values: &[Secret]) -> Result<Filled, String> {
        let filled = fill::filled(&self.path.to_string_lossy(), &self.text, &self.slots, values);
        let mut filled = filled.map_err(|error| told(&self.path, &error))?;
        if self.encoding != FileEncoding::Utf8 {
            let own =
                |utf8: &[u8], way: fn(FileEncoding, &[u8]) -> Option<Vec<u8>>| Zeroizing::new(way(self.encoding, utf8).unwrap_or_default());
            filled.spelled = filled.spelled.iter().map(|spelled| Secret::new(&own(spelled.expose(), encoding::encode))).collect();
            filled.bytes = own(&filled.bytes, encoding::file);
        }
        Ok(filled)
    }

    /// Names `with` wherever an argument is this file, or has it after an equals sign.
    ///
    /// # Errors
    /// No argument does.
    pub fn name(&self, arguments: &mut [OsString], with: &Path) -> Result<(), Failure> {
        let mut is_named = false;
        for argument in arguments {
            if is_same(argument, &self.path) {
                with.as_os_str().clone_into(argument);
                is_named = true;
            } else if let Some((option, path)) = argument.to_str().and_then(|text| text.split_once('='))
                && is_same(OsStr::new(path), &self.path)
            {
                let mut named = OsString::from(format!("{option}="));
                named.push(with);
                *argument = named;
                is_named = true;
            }
        }
        if is_named {
            return Ok(());
        }
        let error = format!("no argument of the command is {0}, or ends in ={0}", self.path.display());
        Err(Failure::new(&error)
            .hint("a program that opens the file by a name of its own sees the references; have it take the name, or read variables"))
    }
}

fn told(path: &Path, (line, error): &(usize, String)) -> String {
    if *line == 0 { format!("{}: {error}", path.display()) } else { format!("{}:{line}: {error}", path.display()) }
}

/// Whether both name the same file in the same way, but for `./`.
fn is_same(argument: &OsStr, path: &Path) -> bool {
    let plain = |path: &Path| path.strip_prefix(".").unwrap_or(path).to_owned();
    !argument.is_empty() && plain(Path::new(argument)) == plain(path)
}

/// A path under which the command reads the content, for as long as it runs.
///
/// # Errors
/// The system does not take it.
#[cfg(target_os = "linux")]
pub fn inherited(content: &[u8]) -> Result<PathBuf, Failure> {
    use std::io::Write;
    use std::os::fd::AsRawFd;

    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use rustix::io::{FdFlags, fcntl_setfd};
    let failed = |error: std::io::Error| Failure::new(&format_args!("the file cannot be handed over: {error}"));
    let descriptor = memfd_create("unleak", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).map_err(|error| failed(error.into()))?;
    let mut file = std::fs::File::from(descriptor);
    file.write_all(content).map_err(failed)?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    fcntl_add_seals(&file, seals).map_err(|error| failed(error.into()))?;
    fcntl_setfd(&file, FdFlags::empty()).map_err(|error| failed(error.into()))?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    // The command takes the place of this program, and the descriptor with it.
    std::mem::forget(file);
    Ok(path)
}

/// A path under which the command reads the content once.
///
/// # Errors
/// It is more than a pipe holds.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn inherited(content: &[u8]) -> Result<PathBuf, Failure> {
    use std::io::Write;
    use std::os::fd::AsRawFd;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let failed = |error: std::io::Error| Failure::new(&format_args!("the file cannot be handed over: {error}"));
    let (reader, writer) = rustix::pipe::pipe().map_err(|error| failed(error.into()))?;
    let flags = fcntl_getfl(&writer).map_err(|error| failed(error.into()))?;
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).map_err(|error| failed(error.into()))?;
    // A pipe that is full would wait for a command that is not there yet.
    std::fs::File::from(writer).write_all(content).map_err(failed)?;
    let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
    std::mem::forget(reader);
    Ok(path)
}

/// There is no way to hand content over here.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn inherited(_: &[u8]) -> Result<PathBuf, Failure> {
    Err(Failure::new(&"--file is for Unix"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_the_file_in_a_few_ways() {
        let handed = Handed { path: "conf/a.json".into(), text: String::new().into(), encoding: FileEncoding::Utf8, slots: Vec::new() };
        let mut arguments = ["conf/a.json", "./conf/a.json", "--config=conf/a.json", "-x", "a.json", "conf/a.json.bak"].map(OsString::from);
        handed.name(&mut arguments, Path::new("/x")).unwrap();
        assert_eq!(arguments, ["/x", "/x", "--config=/x", "-x", "a.json", "conf/a.json.bak"]);
        let mut none = ["a.json"].map(OsString::from);
        let error = handed.name(&mut none, Path::new("/x")).unwrap_err();
        assert_eq!(error.error, "no argument of the command is conf/a.json, or ends in =conf/a.json");
    }
}
