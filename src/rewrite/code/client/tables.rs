//! Manifests that are TOML. Owns: where an entry of a table and an element of an array go. Must not: write TOML from a parsed form; a manifest
//! with its splice is read again.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::super::{insert, line_end, line_start, next_line};
use crate::rewrite::{Splice, splice};

/// An entry of a table, in the order of names; the table comes last where there is none.
pub(super) fn entry(text: &str, table: &[&str], name: &str, value: &str) -> Option<Splice> {
    let root = DeTable::parse(text).ok()?;
    let end = line_end(text);
    let header = format!("[{}]", table.join("."));
    let line = format!("{name} = {value}{end}");
    let opens = |line: &str| line.split('#').next().unwrap_or_default().trim() == header;
    let lines = text.split_inclusive('\n').scan(0, |at, line| {
        *at += line.len();
        Some((*at, line))
    });
    let Some((first, _)) = lines.into_iter().find(|(_, line)| opens(line)) else {
        return checked(text, apart(text, text.len(), &format!("{end}{header}{end}{line}")), name);
    };
    let is_of_section = |at: usize| at >= first && text[line_start(text, at)..at].trim().is_empty();
    let before = find(root.get_ref(), table)?.iter().filter(|(key, _)| key.get_ref().as_ref() < name && is_of_section(key.span().start));
    let at = before.map(|(_, value)| next_line(text, value.span().end)).max().unwrap_or(first);
    checked(text, apart(text, at, &line), name)
}

/// Where a project of Python lists what it needs.
pub(super) struct Project {
    pub text: String,
    poetry: bool,
}

impl Project {
    /// None where the file says nothing of it.
    pub fn of(text: String) -> Option<Self> {
        let root = DeTable::parse(&text).ok()?;
        let project = find(root.get_ref(), &["project"]);
        let listed = project.is_some_and(|project| project.contains_key("dependencies"));
        let elsewhere = project
            .and_then(|project| elements(project, "dynamic"))
            .is_some_and(|(_, all)| all.iter().any(|element| text[element.clone()].trim_matches(['"', '\'']) == "dependencies"));
        let poetry = !listed && find(root.get_ref(), &["tool", "poetry", "dependencies"]).is_some();
        let known = poetry || project.is_some() && !elsewhere;
        drop(root);
        known.then_some(Self { text, poetry })
    }

    /// The splice that adds a dependency.
    pub fn dependency(&self, name: &str, version: &str) -> Option<Splice> {
        let text = &self.text;
        if self.poetry {
            return entry(text, &["tool", "poetry", "dependencies"], name, &format!("\"{version}\""));
        }
        let written = format!("\"{name}{version}\"");
        let root = DeTable::parse(text).ok()?;
        match find(root.get_ref(), &["project"]).map(|project| (project.contains_key("dependencies"), elements(project, "dependencies")))? {
            (false, _) => entry(text, &["project"], "dependencies", &format!("[{written}]")),
            (true, found) => found.and_then(|(array, all)| checked(text, element(text, &array, &all, &written), name)),
        }
    }
}

/// The table of this path.
fn find<'t, 'i>(root: &'t DeTable<'i>, path: &[&str]) -> Option<&'t DeTable<'i>> {
    path.iter().try_fold(root, |table, name| match table.get(*name)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    })
}

/// An array of a table, and its elements.
fn elements(table: &DeTable<'_>, name: &str) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let array = table.get(name)?;
    let DeValue::Array(all) = array.get_ref() else { return None };
    Some((array.span(), all.iter().map(toml::Spanned::span).collect()))
}

/// One more element after the last one, as that stands.
fn element(text: &str, array: &Range<usize>, all: &[Range<usize>], written: &str) -> Splice {
    let end = line_end(text);
    let Some(last) = all.last() else { return insert(array.start + 1, written) };
    let indent = &text[line_start(text, last.start)..last.start];
    let after = next_line(text, last.end);
    let comma = text[last.end..].starts_with(',') && after < array.end;
    match indent.trim().is_empty() {
        true if comma => insert(after, format!("{indent}{written},{end}")),
        true => insert(last.end, format!(",{end}{indent}{written}")),
        false => insert(last.end, format!(", {written}")),
    }
}

/// Lines that come in at the start of a line, or after the last one.
fn apart(text: &str, at: usize, lines: &str) -> Splice {
    let gap = if at == 0 || text[..at].ends_with('\n') { "" } else { line_end(text) };
    insert(at, gap.to_owned() + lines)
}

/// The splice, where the text is TOML with it and holds what it brings.
fn checked(text: &str, added: Splice, name: &str) -> Option<Splice> {
    let after = String::from_utf8(splice(text.as_bytes(), std::slice::from_ref(&added))).ok()?;
    let count = |text: &str| Some(names(DeTable::parse(text).ok()?.get_ref(), name));
    (count(&after)? == count(text)? + 1).then_some(added)
}

/// How many keys or texts begin with a name.
fn names(table: &DeTable<'_>, name: &str) -> usize {
    let of_value = |value: &DeValue<'_>| match value {
        DeValue::Table(table) => names(table, name),
        DeValue::Array(all) => all.iter().filter(|value| value.get_ref().as_str().is_some_and(|text| text.starts_with(name))).count(),
        _ => 0,
    };
    table.iter().map(|(key, value)| usize::from(key.get_ref() == name) + of_value(value.get_ref())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, splice: Option<Splice>) -> String {
        splice.map_or_else(|| "none".to_owned(), |added| String::from_utf8(super::splice(text.as_bytes(), &[added])).unwrap())
    }

    fn python(text: &str) -> String {
        let project = Project::of(text.to_owned());
        project.map_or_else(|| "no project".to_owned(), |project| with(text, project.dependency("new", ">=1.2")))
    }

    #[test]
    fn an_entry_stands_after_the_last_smaller_name_of_its_table() {
        let cargo = |text: &str| with(text, entry(text, &["dependencies"], "new", "\"1\""));
        let shapes = [
            ("[package]\nname = \"a\"\n", "[package]\nname = \"a\"\n\n[dependencies]\nnew = \"1\"\n"),
            ("[package]\nname = \"a\"", "[package]\nname = \"a\"\n\n[dependencies]\nnew = \"1\"\n"),
            ("[dependencies] # all\r\nz = \"1\"\r\n", "[dependencies] # all\r\nnew = \"1\"\r\nz = \"1\"\r\n"),
            (
                "[dependencies]\na = { version = \"1\", features = [\n  \"x\",\n] } # a\n\n[other]\n",
                "[dependencies]\na = { version = \"1\", features = [\n  \"x\",\n] } # a\nnew = \"1\"\n\n[other]\n",
            ),
            ("[dependencies]\na = \"1\"", "[dependencies]\na = \"1\"\nnew = \"1\"\n"),
            ("[dependencies]\na.version = \"1\"\n# z\nz = \"1\"\n", "[dependencies]\na.version = \"1\"\nnew = \"1\"\n# z\nz = \"1\"\n"),
            ("[dependencies.a]\nversion = \"1\"\n", "[dependencies.a]\nversion = \"1\"\n\n[dependencies]\nnew = \"1\"\n"),
            ("[dependencies]\n[dependencies.a]\nversion = \"1\"\n", "[dependencies]\nnew = \"1\"\n[dependencies.a]\nversion = \"1\"\n"),
            // What is written in another way is left to people.
            ("dependencies = { a = \"1\" }\n", "none"),
            ("[dependencies\n", "none"),
        ];
        for (before, after) in shapes {
            assert_eq!(cargo(before), after, "{before}");
        }
    }

    #[test]
    fn a_project_of_python_lists_one_more_dependency_where_it_lists_any() {
        let shapes = [
            ("[project]\nname = \"a\"\ndependencies = [\"b\"]\n", "[project]\nname = \"a\"\ndependencies = [\"b\", \"new>=1.2\"]\n"),
            ("[project]\ndependencies = []\n", "[project]\ndependencies = [\"new>=1.2\"]\n"),
            (
                "[project]\r\ndependencies = [\r\n  'b[c]', # why\r\n]\r\n",
                "[project]\r\ndependencies = [\r\n  'b[c]', # why\r\n  \"new>=1.2\",\r\n]\r\n",
            ),
            ("[project]\ndependencies = [\n  \"b\"\n]\n", "[project]\ndependencies = [\n  \"b\",\n  \"new>=1.2\"\n]\n"),
            ("[project]\ndependencies = [\n  \"b\", ]\n", "[project]\ndependencies = [\n  \"b\",\n  \"new>=1.2\", ]\n"),
            ("[project]\ndependencies = [\"b\",]\n", "[project]\ndependencies = [\"b\", \"new>=1.2\",]\n"),
            (
                "[project]\nauthors = [\n  { name = \"a\" },\n]\nname = \"a\"\n\n[project.urls]\nx = \"y\"\n",
                "[project]\nauthors = [\n  { name = \"a\" },\n]\ndependencies = [\"new>=1.2\"]\nname = \"a\"\n\n[project.urls]\nx = \"y\"\n",
            ),
            (
                "[tool.poetry]\nname = \"a\"\n\n[tool.poetry.dependencies]\npython = \"^3.11\"\n",
                "[tool.poetry]\nname = \"a\"\n\n[tool.poetry.dependencies]\nnew = \">=1.2\"\npython = \"^3.11\"\n",
            ),
            (
                "[project]\ndependencies = [\"b\"]\n[tool.poetry.dependencies]\nb = \"1\"\n",
                "[project]\ndependencies = [\"b\", \"new>=1.2\"]\n[tool.poetry.dependencies]\nb = \"1\"\n",
            ),
            ("[project]\nname = \"a\"\ndynamic = [\"version\", \"dependencies\"]\n", "no project"),
            ("[tool.black]\nline-length = 100\n", "no project"),
            ("[project]\ndependencies = \"b\"\n", "none"),
            ("[project\n", "no project"),
        ];
        for (before, after) in shapes {
            assert_eq!(python(before), after, "{before}");
        }
    }
}
