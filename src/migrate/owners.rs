//! Who owns a file, by the repository's CODEOWNERS as GitHub reads it. Owns: where that stands, which line is for a path. Must not: ask who they are.

use bstr::ByteSlice as _;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::rewrite::Tree;

/// Where the file is; the first one that is there counts.
pub const FILES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// A line of the file.
struct Line {
    pattern: Gitignore,
    /// Whether it is for what stands in the folder itself: `docs/*`.
    is_direct: bool,
    /// Nobody, where it takes files out.
    owners: Vec<String>,
}

/// The owners of a tree.
pub struct Owners(Vec<Line>);

impl Owners {
    /// Those that the tree names. Lines that GitHub does not read are none here.
    #[must_use]
    pub fn of(tree: &dyn Tree) -> Self {
        let text = FILES.into_iter().find_map(|path| tree.read(path.into())).unwrap_or_default();
        Self(text.lines().filter_map(|line| Line::of(line.to_str().ok()?)).collect())
    }

    /// The owners of a file: those of the last line that is for it.
    #[must_use]
    pub fn file(&self, path: &str) -> &[String] {
        self.0.iter().rev().find(|line| line.is_for(path)).map_or(&[], |line| &line.owners)
    }
}

impl Line {
    fn of(line: &str) -> Option<Self> {
        let text = line.split_once(" #").map_or(line, |(text, _)| text).trim();
        // A blank in a pattern has a backslash before it.
        let end = text.match_indices(char::is_whitespace).map(|(at, _)| at).find(|at| !text[..*at].ends_with('\\')).unwrap_or(text.len());
        let (pattern, owners) = text.split_at(end);
        if pattern.is_empty() || pattern.starts_with(['#', '!']) || pattern.contains(['[', ']']) {
            return None;
        }
        let mut builder = GitignoreBuilder::new("");
        builder.add_line(None, pattern).ok()?;
        let owners = owners.split_whitespace().filter(|owner| owner.contains('@')).map(str::to_owned).collect();
        Some(Self { pattern: builder.build().ok()?, is_direct: pattern.ends_with("/*"), owners })
    }

    fn is_for(&self, path: &str) -> bool {
        let found = if self.is_direct { self.pattern.matched(path, false) } else { self.pattern.matched_path_or_any_parents(path, false) };
        found.is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree with one file.
    struct One(&'static str, &'static str);

    impl Tree for One {
        fn read(&self, path: &bstr::BStr) -> Option<Vec<u8>> {
            (path == self.0).then(|| self.1.as_bytes().to_vec())
        }

        fn named(&self, _names: &[&str]) -> Vec<bstr::BString> {
            Vec::new()
        }
    }

    #[test]
    fn the_last_line_that_is_for_a_file_names_its_owners() {
        let text = "# Everybody's\n*  @acme/all\n*.js @js # of the browser\n/services/mail/ @acme/mail mail@acme.example\ndocs/* @writers\n\
                    /services/mail/open\n!*.py @no\n[a-z]*.rb @no\napps/ @apps\nmy\\ folder/ @blank\n/a.c nobody\n";
        let owners = Owners::of(&One("CODEOWNERS", text));
        for (path, expected) in [
            ("a.py", "@acme/all"),
            ("b/c.js", "@js"),
            ("services/mail/a.js", "@acme/mail mail@acme.example"),
            ("x/services/mail/a.js", "@js"),
            ("services/mail/open/a.py", ""),
            ("docs/a.md", "@writers"),
            ("docs/more/a.md", "@acme/all"),
            ("x/apps/y/z.rb", "@apps"),
            ("my folder/a", "@blank"),
            ("a.c", ""),
        ] {
            assert_eq!(owners.file(path).join(" "), expected, "{path}");
        }
    }

    #[test]
    fn the_first_of_three_files_counts() {
        let all = |path| Owners::of(&One(path, "* @a\n")).file("x").join(" ");
        assert_eq!(FILES.map(all), ["@a", "@a", "@a"]);
        assert_eq!(all("other/CODEOWNERS"), "");
    }
}
