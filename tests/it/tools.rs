//! Programs that tests need beyond Rust. Owns: where they are, and the environment of tests. Must not: install them; `scripts/test-tools` does.

use std::ffi::OsString;
use std::path::PathBuf;

/// A variable of the test's own environment.
#[expect(clippy::disallowed_methods, reason = "tests find their tools through the environment")]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A program or file that `scripts/test-tools` puts into the folder that it tells, or into the one of this project.
pub fn tool(path: &str) -> PathBuf {
    let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".cache/test-tools");
    let tool = variable("UNLEAK_TEST_TOOLS").map_or_else(own, PathBuf::from).join(path);
    assert!(tool.exists(), "{} is missing: run scripts/test-tools, which installs it", tool.display());
    tool
}
