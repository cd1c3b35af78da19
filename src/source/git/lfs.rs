//! Git LFS: large files whose content is not in git. Owns: recognising the pointers that stand in for them, and where the content is if it
//! is here. Must not: fetch, or read the content.

use std::path::{Path, PathBuf};

use crate::source::git::open;

/// Pointers are smaller than this; <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.
pub(crate) const MAX_POINTER_BYTES: usize = 1024;
/// How pointers begin; the second is of the time before LFS had its name.
const VERSIONS: [&[u8]; 2] = [b"version https://git-lfs.github.com/spec/v1\n", b"version https://hawser.github.com/spec/v1\n"];

/// The directory where git LFS keeps content, of a repository with this common directory. That it can be set to another place in the
/// configuration is not looked at: what is there counts as not scanned.
pub(crate) fn directory(common: &Path) -> PathBuf {
    common.join("lfs/objects")
}

/// The same directory for a file of a work tree.
pub(crate) fn directory_around(file: &Path) -> Option<PathBuf> {
    match open::enclosing(&file.parent()?.canonicalize().ok()?) {
        open::Enclosing::WorkTree(root) => Some(directory(&open::common_dir(&root.join(".git"))?)),
        open::Enclosing::GitDirectory(_) | open::Enclosing::Nothing => None,
    }
}

/// The content's SHA-256 in hex, if `bytes` are a pointer.
pub(crate) fn pointer(bytes: &[u8]) -> Option<&str> {
    if bytes.len() > MAX_POINTER_BYTES || !VERSIONS.iter().any(|version| bytes.starts_with(version)) {
        return None;
    }
    let oid = bytes.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"oid sha256:"))?;
    let is_hex = oid.len() == 64 && oid.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    std::str::from_utf8(oid).ok().filter(|_| is_hex)
}

/// The file with the content, if it is here.
pub(crate) fn local(directory: &Path, oid: &str) -> Option<PathBuf> {
    let path = directory.join(&oid[..2]).join(&oid[2..4]).join(oid);
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_recognised_by_their_form() {
        let oid = "0123456789abcdef".repeat(4);
        let text = format!("version https://git-lfs.github.com/spec/v1\next-0-x sha256:1\noid sha256:{oid}\nsize 12\n");
        assert_eq!(pointer(text.as_bytes()), Some(oid.as_str()));
        assert_eq!(pointer(text.replace("git-lfs.github", "hawser.github").as_bytes()), Some(oid.as_str()));
        for wrong in [
            text.replace("v1", "v2"),
            text.replace("sha256:0", "sha256:/"),
            text.replace("sha256:0", "sha256:A"),
            text.replace("oid sha256:0", "oid sha256:"),
            format!(" {text}"),
            format!("{text}{}", "x".repeat(1024)),
        ] {
            assert_eq!(pointer(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
