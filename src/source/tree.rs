//! tmp
use super::*;
/// list
pub fn list(s: &crate::settings::TreeSettings) -> Result<Listing, SourceError> {
    let mut files = vec![];
    for e in ignore::WalkBuilder::new(&s.roots[0]).standard_filters(false).build().flatten() {
        if e.file_type().is_some_and(|t| t.is_file()) {
            use std::os::unix::ffi::OsStrExt;
            let name = e.path().as_os_str().as_bytes().into();
            files.push(TreeFile { path: e.into_path(), origin: Origin::File { path: name } });
        }
    }
    Ok(Listing { files, coverage: Coverage::default(), repository: None })
}
