//! What kind of file a path names. Owns: the table of endings and folders. Must not: look at content.

use bstr::BStr;

/// Whether the path is a test, a fixture, an example or documentation: findings there lose a step of severity, never their existence.
#[must_use]
pub fn is_test_or_example(path: &BStr) -> bool {
    const WORDS: [&[u8]; 20] = [
        b"test",
        b"tests",
        b"testing",
        b"testdata",
        b"spec",
        b"specs",
        b"fixture",
        b"fixtures",
        b"example",
        b"examples",
        b"sample",
        b"samples",
        b"mock",
        b"mocks",
        b"demo",
        b"demos",
        b"doc",
        b"docs",
        b"tutorial",
        b"e2e",
    ];
    path.split(|byte| !byte.is_ascii_alphanumeric()).any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_names_count() {
        for path in ["tests/a.py", "src/foo_test.go", "docs/index.md", "app.spec.ts", "config.example.yml"] {
            assert!(is_test_or_example(BStr::new(path)), "{path}");
        }
        for path in ["src/main.rs", "contest/a.py", "latest.yml"] {
            assert!(!is_test_or_example(BStr::new(path)), "{path}");
        }
    }
}
