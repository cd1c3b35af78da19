//! Files that a plan changes, as they are on disk. Owns: where they are, what state they are in, why one is not touched.
//! Must not: change them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ApplyError;
use super::diff::MASK;
use super::edits;
use super::journal::Progress;
use super::key::PlanKey;
use super::plan::{Edit, Plan, PlannedFile, Segment};
use crate::blob::visible;
use crate::rewrite::Manual;

/// What a file of the plan holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What it held when the plan was made.
    Before,
    /// That, and these lines of the plan: others wait for their secrets.
    Partly(Vec<Edit>),
    /// What the plan makes of it.
    After,
    /// Something else.
    Other,
}

/// The file on disk: links resolved, so that they stay links.
///
/// # Errors
/// Why it is not touched.
pub fn resolve(root: &Path, file: &PlannedFile) -> Result<PathBuf, String> {
    writable(root, &file.path, file.before.is_none().then_some(file.new_folders))
}

/// What people are told of a file that is not touched for this reason.
#[must_use]
pub fn by_hand(reason: String) -> Manual {
    Manual { reason, advice: "change that and plan again, or replace the value by a reference by hand".to_owned() }
}

/// The file at a path below the root, links resolved: one that is there, or a new one with this many folders of its own.
///
/// # Errors
/// Why it is not touched.
pub fn writable(root: &Path, path: &str, new_folders: Option<usize>) -> Result<PathBuf, String> {
    let root = root.canonicalize().map_err(|error| error.to_string())?;
    let path = root.join(path);
    let (resolved, metadata) = match fs::symlink_metadata(&path) {
        Ok(_) => {
            let resolved = path.canonicalize().map_err(|error| error.to_string())?;
            let metadata = fs::metadata(&resolved).map_err(|error| error.to_string())?;
            (resolved, Some(metadata))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Folders that come with a new file are below one that is there.
            let folders = new_folders.unwrap_or(0);
            let there = path.ancestors().skip(1).take(folders + 1).find(|folder| fs::symlink_metadata(folder).is_ok());
            let there = there.or_else(|| path.parent()).unwrap_or(&root);
            let rest = path.strip_prefix(there).unwrap_or(&path);
            let directory = there.canonicalize().map_err(|error| format!("its directory: {error}"))?;
            (directory.join(rest), None)
        }
        Err(error) => return Err(error.to_string()),
    };
    if !resolved.starts_with(&root) {
        return Err("it is a link to a place outside of the tree".to_owned());
    }
    if let Some(metadata) = metadata {
        if !metadata.is_file() {
            return Err("it is not a file".to_owned());
        }
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&metadata) > 1 {
            return Err("it has another name (a hard link), which would keep the old content".to_owned());
        }
        if metadata.permissions().readonly() {
            return Err("it is read-only".to_owned());
        }
    }
    let directory = resolved.ancestors().skip(1).find(|directory| directory.is_dir()).unwrap_or(&root);
    if fs::metadata(directory).is_ok_and(|metadata| metadata.permissions().readonly()) || !may_write_in(directory) {
        return Err("its directory cannot be written to, and a file is replaced by a new one".to_owned());
    }
    Ok(resolved)
}

#[cfg(unix)]
fn may_write_in(directory: &Path) -> bool {
    rustix::fs::access(directory, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
const fn may_write_in(_directory: &Path) -> bool {
    true
}

/// A file of the plan as it is now.
pub struct Now {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes; none where there is no file.
    pub bytes: Option<Zeroizing<Vec<u8>>>,
    /// What they are to the plan.
    pub content: Content,
}

/// Looks at a file of the plan.
///
/// # Errors
/// [`ApplyError::Refused`] if it is not touched, and why; it cannot be read.
pub fn now(root: &Path, file: &PlannedFile, key: &PlanKey, progress: &Progress) -> Result<Now, ApplyError> {
    let path = resolve(root, file).map_err(|reason| ApplyError::refused(&file.path, &reason))?;
    let bytes = read(&path).map_err(|source| ApplyError::file(file, source))?;
    let content = content(bytes.as_deref().map(Vec::as_slice), file, key, progress);
    Ok(Now { path, bytes, content })
}

fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What these bytes are to the plan.
fn content(bytes: Option<&[u8]>, file: &PlannedFile, key: &PlanKey, progress: &Progress) -> Content {
    let hash = bytes.map(|bytes| key.of_file(bytes));
    if hash == file.before {
        return Content::Before;
    }
    if bytes.is_some_and(|bytes| is_after(bytes, file, key, progress)) {
        return Content::After;
    }
    let lines = bytes.filter(|_| file.is_in_parts()).and_then(|bytes| lines_of(bytes, file, key));
    lines.map_or(Content::Other, Content::Partly)
}

/// Whether these bytes are what the plan makes of the file; ARNs are those of the secrets that are stored.
#[must_use]
pub fn is_after(bytes: &[u8], file: &PlannedFile, key: &PlanKey, progress: &Progress) -> bool {
    if !file.has_arns() {
        return key.of_file(bytes) == file.after;
    }
    let as_planned = edits::without_arns(bytes, file.encoding, &file.edits, &progress.stored);
    as_planned.is_some_and(|bytes| key.of_file(&bytes) == file.after)
}

/// The lines of the plan that the file has, if that is all that is new in it.
fn lines_of(bytes: &[u8], file: &PlannedFile, key: &PlanKey) -> Option<Vec<Edit>> {
    let lines = edits::present(bytes, file.encoding, &file.edits)?;
    let before = edits::undone(bytes, file.encoding, &lines, &edits::Values::new())?;
    let right = file.before.map_or(before.is_empty(), |hash| key.of_file(&before) == hash);
    right.then_some(lines)
}

/// What changed in a file since the plan was made, as far as the plan tells.
#[must_use]
pub fn changes(path: &Path, file: &PlannedFile) -> Vec<String> {
    let Ok(bytes) = fs::read(path) else { return vec!["it is gone or cannot be read".to_owned()] };
    if file.before.is_none() {
        return vec!["it exists, and the plan creates it".to_owned()];
    }
    let ranges: Vec<String> = file.edits.iter().filter_map(|edit| difference(&bytes, edit)).collect();
    if ranges.is_empty() { vec!["it changed outside of the places that the plan replaces".to_owned()] } else { ranges }
}

/// What stands in place of what an edit replaces; none where the text around its values stands where it did. Of what stands there only that is shown
/// which the plan has, too: the rest can be anything.
fn difference(bytes: &[u8], edit: &Edit) -> Option<String> {
    let (bounds, line) =
        (format!("bytes {}..{}", edit.start, edit.end), 1 + bytes.iter().take(edit.start).filter(|&&byte| byte == b'\n').count());
    let Some(now) = bytes.get(edit.span()) else { return Some(format!("{bounds}, which the plan replaces, are beyond its end")) };
    let text = |segment: Option<&Segment>| match segment {
        Some(Segment::Text(text)) => text.clone().into_bytes(),
        _ => Vec::new(),
    };
    let (first, last) = (text(edit.old.first()), text(edit.old.last()));
    if now.starts_with(&first) && now.ends_with(&last) {
        return None;
    }
    let same = |mut pairs: std::iter::Zip<std::slice::Iter<'_, u8>, std::slice::Iter<'_, u8>>| pairs.position(|(a, b)| a != b);
    let start = same(first.iter().zip(now)).unwrap_or_else(|| first.len().min(now.len()));
    let rest = &now[start..];
    let end = rest.iter().rev().zip(last.iter().rev()).take_while(|(a, b)| a == b).count();
    let planned: Vec<u8> = edit.old.iter().fold(Vec::new(), |mut all, segment| {
        all.extend(match segment {
            Segment::Text(text) => text.as_bytes(),
            Segment::Value { .. } => MASK.as_bytes(),
        });
        all
    });
    let shown = |bytes: &[u8]| visible(bytes);
    let others = rest.len() - end;
    Some(format!(
        "line {line}, {bounds}, are not what the plan replaces:\n    - {}\n    + {}[{others} other bytes]{}",
        shown(&planned),
        shown(&first[..start]),
        shown(&rest[rest.len() - end..])
    ))
}

/// Marks temporary files of this plan.
#[must_use]
pub fn mark(plan: &Plan) -> &str {
    &plan.id
}
