//! Files of the user. Owns: every write to one. Must not: decide what is written.

#[cfg(feature = "migrate")]
pub mod log;
pub mod own;
#[cfg(feature = "migrate")]
pub mod private;
#[cfg(feature = "migrate")]
pub mod replace;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Is told how far a write got, so that a test can stop the program at each point.
#[cfg(feature = "migrate")]
pub trait Steps: Sync {
    /// This was done.
    fn at(&self, step: &'static str);
}

/// Nobody watches.
#[cfg(feature = "migrate")]
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

#[cfg(feature = "migrate")]
impl Steps for Unwatched {
    fn at(&self, _step: &'static str) {}
}

/// Names tried for a temporary file before giving up.
const TRIES: u32 = 100;

/// Writes a file so that its name holds the old content or the new, never a part: into a new file of the same directory, which then takes
/// the name. Permissions of an existing file are kept, a symbolic link is followed, and what is no file (a pipe, a device) is written to.
///
/// # Errors
/// What the system says; nothing is left behind then.
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    write_step_by_step(path, write, &|_| {})
}

/// As [`write_atomically`]; tells how far it got.
fn write_step_by_step(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>, at: &dyn Fn(&'static str)) -> io::Result<()> {
    let existing = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => return write_to(OpenOptions::new().write(true).open(path)?, write).map(drop),
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let target = if existing.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    let (file, temporary) = create_beside(&target)?;
    at("private file opened");
    let written = write_to(file, write).and_then(|file| {
        if let Some(existing) = &existing {
            file.set_permissions(existing.permissions())?;
        }
        file.sync_all()?;
        at("private file synced");
        rename(&temporary, &target)?;
        at("private file renamed");
        Ok(())
    });
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// As [`write_atomically`], and the new content is on disk when this returns, whatever happens to the machine then.
///
/// # Errors
/// As [`write_atomically`]; the content may be there all the same.
pub fn write_durably(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    write_atomically(path, write)?;
    sync_directory(&fs::canonicalize(path)?)
}

/// Makes names in the directory of `path` last.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

/// Writes a file that is nobody else's business, and the directories above it: the owner alone may read it.
///
/// # Errors
/// As [`write_atomically`].
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_private_step_by_step(path, bytes, &|_| {})
}

/// As [`write_private`]; tells `steps` how far it got.
///
/// # Errors
/// As [`write_private`].
#[cfg(feature = "migrate")]
pub fn write_private_watched(path: &Path, bytes: &[u8], steps: &dyn Steps) -> io::Result<()> {
    write_private_step_by_step(path, bytes, &|step| steps.at(step))
}

fn write_private_step_by_step(path: &Path, bytes: &[u8], at: &dyn Fn(&'static str)) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(directory)?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let halves = |out: &mut dyn Write| {
        out.write_all(first)?;
        out.flush()?;
        at("private file half written");
        out.write_all(second)
    };
    write_step_by_step(path, halves, at)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// Removes temporary files that are older than `age`, or whose maker is gone: those of somebody who was killed. In a directory that is ours alone.
pub fn sweep(directory: &Path, age: Duration) {
    for file in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_temporary = file.path().extension().is_some_and(|ending| ending == "tmp");
        let modified = file.metadata().and_then(|metadata| metadata.modified()).ok();
        let is_old = || modified.and_then(|modified| modified.elapsed().ok()).is_some_and(|since| since > age);
        if is_temporary && (is_old() || is_of_nobody(&file.file_name())) {
            let _ = fs::remove_file(file.path());
        }
    }
}

/// Whether the process that a temporary file is named after has ended, where the system lists processes.
fn is_of_nobody(name: &std::ffi::OsStr) -> bool {
    let maker = name.to_str().and_then(|name| name.strip_suffix(".tmp")?.rsplit('.').next()?.split('-').next()?.parse::<u32>().ok());
    let all = Path::new("/proc");
    maker.is_some_and(|maker| all.join("self").exists() && !all.join(maker.to_string()).exists())
}

/// Opens a file that is there to be locked, and makes it and the directories above it where there is none.
///
/// # Errors
/// What the system says.
pub fn open_lock(path: &Path) -> io::Result<File> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(directory)?;
    own::open(OpenOptions::new().read(true).write(true).create(true).truncate(false), path)
}

/// Whether files can be made in a directory; the one that is made to see it is gone again.
///
/// # Errors
/// What the system says.
pub fn try_write_in(directory: &Path) -> io::Result<()> {
    let trial = directory.join(format!(".unleak-check-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&trial)?;
    fs::remove_file(trial)
}

fn write_to(file: File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<File> {
    let mut buffered = BufWriter::new(file);
    write(&mut buffered)?;
    buffered.into_inner().map_err(io::IntoInnerError::into_error)
}

/// A new file in the directory of `target`, with a name that nothing has.
fn create_beside(target: &Path) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    for _ in 0..TRIES {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}-{number}.tmp", std::process::id()));
        let temporary = target.with_file_name(temporary);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (file, temporary)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[expect(clippy::disallowed_methods, reason = "this is the one file that writes files of the user")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn new_and_existing_files_get_the_whole_content() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        for content in ["first, longer", "second"] {
            write_atomically(&path, |out| out.write_all(content.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(names(directory.path()), ["report.json"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_content_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        write_atomically(&path, |out| out.write_all(b"old")).unwrap();
        let failed = write_atomically(&path, |out| {
            out.write_all(b"new")?;
            Err(io::ErrorKind::BrokenPipe.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(directory.path()), ["report.json"]);
    }

    #[test]
    fn directories_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(write_atomically(directory.path(), |_| Ok(())).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        let missing = directory.path().join("none/report.json");
        assert_eq!(write_atomically(&missing, |_| Ok(())).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept_and_devices_stay_devices() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("a"), directory.path().join("b"));
        write_atomically(&path, |out| out.write_all(b"1")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, &link).unwrap();
        write_atomically(&link, |out| out.write_all(b"2")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"2");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        write_atomically(Path::new("/dev/null"), |out| out.write_all(b"3")).unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
}
