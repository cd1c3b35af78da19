//! Encrypted copies of files that git does not have. Owns: encrypting to the people who can read them. Must not: write a value in the clear.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::ApplyError;
use super::plan::{Plan, PlannedFile};
use crate::fsx::own;

/// Whether this is a recipient: an age public key.
///
/// # Errors
/// What is wrong with it.
pub fn check(recipient: &str) -> Result<(), String> {
    recipient.parse::<age::x25519::Recipient>().map(drop).map_err(ToOwned::to_owned)
}

/// Writes the copy, and tells where.
pub(super) fn write(root: &Path, home: &Path, plan: &Plan, file: &PlannedFile, recipients: &[String]) -> Result<PathBuf, ApplyError> {
    let io = |source| ApplyError::file(file, source);
    let bytes = zeroize::Zeroizing::new(std::fs::read(root.join(&file.path)).map_err(io)?);
    let encrypted = encrypt(&bytes, recipients).map_err(|detail| io(std::io::Error::other(detail)))?;
    let path = home.join(&plan.id).join("copies").join(format!("{}.age", file.path.replace('/', "%2F")));
    own::write(&path, &encrypted).map_err(io)?;
    Ok(path)
}

fn encrypt(bytes: &[u8], recipients: &[String]) -> Result<Vec<u8>, String> {
    let recipients: Vec<age::x25519::Recipient> =
        recipients.iter().map(|recipient| recipient.parse().map_err(|error: &str| error.to_owned())).collect::<Result<_, _>>()?;
    let encryptor = age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn age::Recipient))
        .map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let mut writer = encryptor.wrap_output(&mut out).map_err(|error| error.to_string())?;
    writer.write_all(bytes).and_then(|()| writer.finish().map(drop)).map_err(|error| error.to_string())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_readable_by_its_recipient_alone() {
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        assert_eq!(check(&recipient), Ok(()));
        assert!(check("age1nobody").is_err());
        let encrypted = encrypt(b"TOKEN=alpha-beta-gamma\n", &[recipient]).unwrap();
        assert!(memchr::memmem::find(&encrypted, b"alpha").is_none());
        assert_eq!(age::decrypt(&identity, &encrypted).unwrap(), b"TOKEN=alpha-beta-gamma\n");
    }
}
